#include "certs/certificate_authority.h"

#include "certs/certificate_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const dns_names[] = {"fleetgate.fleetgate-system.svc", "*.example.org"};
static const char *const addresses[] = {"127.0.0.1", "::1"};
static const struct certificate_names good_names = {
    .dns = dns_names, .dns_count = 2, .addresses = addresses, .address_count = 2};

static void write_temporary(char *path, const char *text) {
    strcpy(path, "/tmp/fleetgate-certs-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

// What is renewed when two thirds of its life are over must not be due at once.
static void begins_a_little_before_now(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t seconds, early;
    } cases[] = {{"seconds", 20, 2}, {"minutes", 300, 30}, {"hours", 7200, 300}, {"days", 864000, 300}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].name);
        const struct certificate_period period = {.now = time(NULL), .seconds = cases[i].seconds};
        struct error error;
        CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
        CLEANUP(certificate_pair_clear) struct certificate_pair signer = {0};
        CLEANUP(certificate_info_clear) struct certificate_info info = {0};
        assert_true(certificate_authority_new_for(&period, &authority, &error));
        assert_true(certificate_authority_export(authority, &signer, &error));
        assert_true(certificate_info_read_text(signer.certificate, &info, &error));
        assert_int_equal(info.not_before, period.now - cases[i].early);
        assert_int_equal(info.not_after, period.now + cases[i].seconds);
    }
}

static void issues_what_a_client_checks(void **state) {
    (void)state;
    struct error error;
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    assert_true(certificate_authority_new(AUTHORITY_DAYS, &authority, &error));
    CLEANUP(certificate_pair_clear) struct certificate_pair signer = {0};
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    assert_true(certificate_authority_export(authority, &signer, &error));
    assert_true(certificate_authority_issue(authority, &good_names, LEAF_DAYS, &leaf, &error));

    char authority_path[64], leaf_path[64], key_path[64];
    write_temporary(authority_path, signer.certificate);
    write_temporary(leaf_path, leaf.certificate);
    write_temporary(key_path, leaf.key);
    assert_true(certificate_chain_check(authority_path, leaf_path, &error));
    assert_true(certificate_pair_check(leaf_path, key_path, &error));
    assert_false(certificate_pair_check(authority_path, key_path, &error));
    assert_non_null(strstr(error.message, "does not belong to"));

    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    assert_true(certificate_info_read(leaf_path, &info, &error));
    assert_false(info.is_authority);
    assert_int_equal(info.dns_count, 2);
    assert_string_equal(info.dns[0], dns_names[0]);
    assert_string_equal(info.dns[1], dns_names[1]);
    assert_int_equal(info.address_count, 2);
    assert_string_equal(info.addresses[0], "127.0.0.1");
    assert_string_equal(info.addresses[1], "::1");
    assert_non_null(strstr(info.issuer, "fleetgate webhook CA"));
    int64_t days = certificate_info_days_left(&info, time(NULL));
    assert_in_range(days, LEAF_DAYS - 1, LEAF_DAYS);

    certificate_info_clear(&info);
    assert_true(certificate_info_read(authority_path, &info, &error));
    assert_true(info.is_authority);
    unlink(authority_path), unlink(leaf_path), unlink(key_path);
}

static void a_leaf_never_outlives_its_authority(void **state) {
    (void)state;
    struct error error;
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    assert_true(certificate_authority_new(10, &authority, &error));
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    assert_true(certificate_authority_issue(authority, &good_names, 365, &leaf, &error));
    char path[64];
    write_temporary(path, leaf.certificate);
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    assert_true(certificate_info_read(path, &info, &error));
    assert_in_range(certificate_info_days_left(&info, time(NULL)), 9, 10);
    unlink(path);
}

static const struct {
    const char *name;
    const char *dns, *address;
    const char *message;
} bad_names[] = {
    {"empty label", "a..b", NULL, "not a DNS name"},
    {"blank", "", NULL, "not a DNS name"},
    {"extension injection", "a.b,IP:10.0.0.1", NULL, "not a DNS name"},
    {"newline", "a\nb", NULL, "not a DNS name"},
    {"leading hyphen", "-a.b", NULL, "not a DNS name"},
    {"inner star", "a.*.b", NULL, "not a DNS name"},
    {"address as DNS name", "10.0.0.1", NULL, "not a DNS name"},
    {"trailing dot", "a.b.", NULL, "not a DNS name"},
    {"not an address", NULL, "10.0.0", "not an IPv4 or IPv6 address"},
    {"address with port", NULL, "10.0.0.1:443", "not an IPv4 or IPv6 address"},
    {"no name at all", NULL, NULL, "needs 1 to 100 names"},
};

static void refuses_bad_names(void **state) {
    (void)state;
    struct error error;
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    assert_true(certificate_authority_new(10, &authority, &error));
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        struct certificate_names names = {.dns = &bad_names[i].dns,
                                          .dns_count = bad_names[i].dns != NULL,
                                          .addresses = &bad_names[i].address,
                                          .address_count = bad_names[i].address != NULL};
        struct certificate_pair leaf = {0};
        if (certificate_authority_issue(authority, &names, 1, &leaf, &error) || error.kind != ERROR_INVALID ||
            !strstr(error.message, bad_names[i].message)) {
            fail_msg("%s: got %s", bad_names[i].name, error.message);
        }
    }
}

static void reads_back_only_an_authority(void **state) {
    (void)state;
    struct error error;
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_authority_free) struct certificate_authority *other = NULL;
    assert_true(certificate_authority_new(10, &authority, &error));
    CLEANUP(certificate_pair_clear) struct certificate_pair signer = {0};
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    assert_true(certificate_authority_export(authority, &signer, &error));
    assert_true(certificate_authority_issue(authority, &good_names, 5, &leaf, &error));
    assert_true(certificate_authority_read(&signer, &other, &error));

    struct certificate_authority *none = NULL;
    assert_false(certificate_authority_read(&leaf, &none, &error));
    assert_non_null(strstr(error.message, "not the certificate of an authority"));
    struct certificate_pair mixed = {.certificate = signer.certificate, .key = leaf.key};
    assert_false(certificate_authority_read(&mixed, &none, &error));
    assert_non_null(strstr(error.message, "does not belong"));
    char junk[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    struct certificate_pair broken = {.certificate = junk, .key = leaf.key};
    assert_false(certificate_authority_read(&broken, &none, &error));
    assert_null(none);
}

// A second opinion: the openssl program. Skipped where it is not installed.
static void openssl_agrees(void **state) {
    (void)state;
    if (access("/usr/bin/openssl", X_OK) != 0) {
        skip();
    }
    struct error error;
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    assert_true(certificate_authority_new(AUTHORITY_DAYS, &authority, &error));
    CLEANUP(certificate_pair_clear) struct certificate_pair signer = {0};
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    assert_true(certificate_authority_export(authority, &signer, &error));
    assert_true(certificate_authority_issue(authority, &good_names, LEAF_DAYS, &leaf, &error));
    char authority_path[64], leaf_path[64];
    write_temporary(authority_path, signer.certificate);
    write_temporary(leaf_path, leaf.certificate);
    static const struct {
        const char *flag, *name;
        int status;
    } cases[] = {
        {"-verify_hostname", "fleetgate.fleetgate-system.svc", 0},
        {"-verify_hostname", "a.example.org", 0},
        {"-verify_hostname", "example.net", 2},
        {"-verify_ip", "127.0.0.1", 0},
        {"-verify_ip", "::1", 0},
        {"-verify_ip", "10.0.0.1", 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char command[512];
        snprintf(command, sizeof(command),
                 "openssl verify -x509_strict -purpose sslserver -CAfile %s %s %s %s >/dev/null 2>&1",
                 authority_path, cases[i].flag, cases[i].name, leaf_path);
        int status = system(command);
        if ((status >> 8) != cases[i].status) {
            fail_msg("%s %s: openssl verify says %d", cases[i].flag, cases[i].name, status >> 8);
        }
    }
    unlink(authority_path), unlink(leaf_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_a_little_before_now),          cmocka_unit_test(issues_what_a_client_checks),
        cmocka_unit_test(a_leaf_never_outlives_its_authority), cmocka_unit_test(refuses_bad_names),
        cmocka_unit_test(reads_back_only_an_authority),        cmocka_unit_test(openssl_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
