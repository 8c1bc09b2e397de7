#include "fleet/kubernetes_version.h"
#include "tests/support/expect.h"

static void reads_versions(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum version_outcome outcome;
        uint32_t major, minor, patch;
        bool has_patch;
        enum version_suffix_kind kind;
        const char *suffix;
    } cases[] = {
        {"v1.31.2", VERSION_OK, 1, 31, 2, true, VERSION_PLAIN, ""},
        {"1.31.2", VERSION_OK, 1, 31, 2, true, VERSION_PLAIN, ""},
        {"1.31", VERSION_OK, 1, 31, 0, false, VERSION_PLAIN, ""},
        {"4.14.5", VERSION_OK, 4, 14, 5, true, VERSION_PLAIN, ""},
        {"v1.33.0-rc.1", VERSION_OK, 1, 33, 0, true, VERSION_PRERELEASE, "-rc.1"},
        {"v1.33.0-alpha.0.12+abc", VERSION_OK, 1, 33, 0, true, VERSION_PRERELEASE, "-alpha.0.12+abc"},
        {"v1.30.1-rc1+rke2r1", VERSION_OK, 1, 30, 1, true, VERSION_PRERELEASE, "-rc1+rke2r1"},
        {"v1.30.1-beta", VERSION_OK, 1, 30, 1, true, VERSION_PRERELEASE, "-beta"},
        {"v1.30.1-rcloud.1", VERSION_OK, 1, 30, 1, true, VERSION_VENDOR_BUILD, "-rcloud.1"},
        {"1.31.0-gke.1003001", VERSION_OK, 1, 31, 0, true, VERSION_VENDOR_BUILD, "-gke.1003001"},
        {"v1.19.8-eks-1-19-4", VERSION_OK, 1, 19, 8, true, VERSION_VENDOR_BUILD, "-eks-1-19-4"},
        {"v1.24.10+k3s1", VERSION_OK, 1, 24, 10, true, VERSION_VENDOR_BUILD, "+k3s1"},
        {"v1.30.2-k0s.0", VERSION_OK, 1, 30, 2, true, VERSION_VENDOR_BUILD, "-k0s.0"},
        {"v1.18.2+vmware.1-tkg.2", VERSION_OK, 1, 18, 2, true, VERSION_VENDOR_BUILD, "+vmware.1-tkg.2"},
        {"v1.29.5_rke2r1", VERSION_OK, 1, 29, 5, true, VERSION_VENDOR_BUILD, "_rke2r1"},
        {"1.31-gke.1", VERSION_OK, 1, 31, 0, false, VERSION_VENDOR_BUILD, "-gke.1"},
        {"v999999999.999999999.999999999", VERSION_OK, 999999999, 999999999, 999999999, true, VERSION_PLAIN,
         ""},
        {"latest", VERSION_ALIAS, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"-", VERSION_ALIAS, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"", VERSION_ALIAS, 0, 0, 0, false, VERSION_PLAIN, ""},
        {NULL, VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"v", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"vv1.31.0", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"V1.31.0", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2.3", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {" 1.31.2", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2 ", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2\n", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2-", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2+", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2-a+", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.2+a+b", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"-1.31.2", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.-31.2", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"stable", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.1000000000.0", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"${KUBERNETES_VERSION}", VERSION_MALFORMED, 0, 0, 0, false, VERSION_PLAIN, ""},
        {"1.31.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", VERSION_OK, 1, 31, 0, true,
         VERSION_VENDOR_BUILD, "-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"1.31.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", VERSION_MALFORMED, 0, 0,
         0, false, VERSION_PLAIN, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *name = cases[i].text ? cases[i].text : "(NULL)";
        struct kubernetes_version version = {.suffix = ""};
        expect_integer(name, kubernetes_version_parse(cases[i].text, &version), cases[i].outcome);
        expect_integer(name, version.major, cases[i].major);
        expect_integer(name, version.minor, cases[i].minor);
        expect_integer(name, version.patch, cases[i].patch);
        expect_integer(name, version.has_patch, cases[i].has_patch);
        expect_integer(name, version.suffix_kind, cases[i].kind);
        expect_text(name, version.suffix, cases[i].suffix);
    }
}

static struct kubernetes_version parsed(const char *text) {
    struct kubernetes_version version;
    expect_integer(text, kubernetes_version_parse(text, &version), VERSION_OK);
    return version;
}

static void orders_versions(void **state) {
    (void)state;
    // Each is older than the next.
    static const char *const sorted[] = {
        "1.9.0",        "1.30.9",         "1.31.0-alpha.9",  "1.31.0-alpha.10", "1.31.0-beta.1",
        "1.31.0-rc.1",  "1.31.0",         "1.31.0-gke.2",    "1.31.0-gke.100",  "1.31.0+k3s1",
        "1.31.0+k3s2",  "v1.31.0+rke2r9", "v1.31.0+rke2r10", "1.31.1",          "1.31.10",
        "v1.32.0-rc.1", "1.32.0",         "2.0.0",
    };
    size_t count = sizeof(sorted) / sizeof(*sorted);
    for (size_t i = 0; i < count; i++) {
        struct kubernetes_version a = parsed(sorted[i]);
        for (size_t j = 0; j < count; j++) {
            struct kubernetes_version b = parsed(sorted[j]);
            int order = kubernetes_version_compare(&a, &b);
            if ((order > 0) - (order < 0) != (i > j) - (i < j)) {
                fail_msg("%s against %s gives %d", sorted[i], sorted[j], order);
            }
        }
    }
    static const char *const equal[][2] = {
        {"v1.31.0", "1.31.0"},
        {"1.31", "1.31.0"},
        {"v1.24.10+k3s1", "v1.24.10-k3s1"},
        {"1.31.0-gke.007", "1.31.0-gke.7"},
        {"v1.29.5+rke2r1", "v1.29.5_rke2r1"},
    };
    for (size_t i = 0; i < sizeof(equal) / sizeof(*equal); i++) {
        struct kubernetes_version a = parsed(equal[i][0]);
        struct kubernetes_version b = parsed(equal[i][1]);
        expect_integer(equal[i][0], kubernetes_version_compare(&a, &b), 0);
    }
}

static void measures_minors(void **state) {
    (void)state;
    struct kubernetes_version a = parsed("1.31.4");
    struct kubernetes_version b = parsed("v1.28.0-gke.1");
    struct kubernetes_version openshift = parsed("4.14.0");
    int64_t distance = 99;
    expect_true("same major", kubernetes_version_minor_distance(&a, &b, &distance), "is comparable");
    expect_integer("1.31 - 1.28", distance, 3);
    expect_true("same major", kubernetes_version_minor_distance(&b, &a, &distance), "is comparable");
    expect_integer("1.28 - 1.31", distance, -3);
    expect_true("majors", !kubernetes_version_minor_distance(&a, &openshift, &distance), "not comparable");
    expect_integer("untouched", distance, -3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_versions),
        cmocka_unit_test(orders_versions),
        cmocka_unit_test(measures_minors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
