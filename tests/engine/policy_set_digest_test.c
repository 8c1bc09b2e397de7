#include "engine/policy_set.h"

#include "base/buffer.h"
#include "base/sha256.h"
#include "tests/support/documents.h"
#include "tests/support/expect.h"

#include <stdio.h>

static const char policy_text[] =
    "return policy { name = 'a', title = 't', severity = 'low', category = 'c',\n"
    "  match = { clusters = true }, validate = function() end }\n";
static const char library_text[] = "return {}\n";

static struct policy_set *load(const char *policy, const char *library, const char *text,
                               const char *configuration) {
    const struct policy_source sources[] = {
        {.name = library, .text = text, .length = strlen(text), .is_library = true},
        {.name = policy, .text = policy_text, .length = sizeof(policy_text) - 1},
    };
    const struct policy_set_options options = {.sources = sources,
                                               .source_count = 2,
                                               .evaluators = 1,
                                               .configuration =
                                                   configuration ? document_of(configuration) : NULL};
    struct policy_set *set = NULL;
    struct error error = {0};
    if (!policy_set_load(&options, &set, &error)) {
        fail_msg("%s", error.message);
    }
    return set;
}

// The header's promise: what sha256sum would say of the same list.
static void test_list(void **state) {
    (void)state;
    static const char configuration[] =
        "{'kind': 'Configuration', 'apiVersion': 'fleetgate.dev/v1alpha1', 'policies': {'a': {}}}";
    static const char canonical[] =
        "{\"apiVersion\":\"fleetgate.dev/v1alpha1\",\"kind\":\"Configuration\",\"policies\":{\"a\":{}}}";
    char hex[3][SHA256_HEX_BYTES];
    sha256_hex(policy_text, sizeof(policy_text) - 1, hex[0]);
    sha256_hex(library_text, sizeof(library_text) - 1, hex[1]);
    sha256_hex(canonical, sizeof(canonical) - 1, hex[2]);
    char list[400];
    int length =
        snprintf(list, sizeof(list), "%s  a.lua\n%s  lib/z.lua\n%s  configuration\n", hex[0], hex[1], hex[2]);
    char digest[SHA256_HEX_BYTES];
    char expected[100];
    sha256_hex(list, (size_t)length, digest);
    snprintf(expected, sizeof(expected), "sha256:%s", digest);
    CLEANUP(policy_set_unref)
    struct policy_set *set = load("policies/a.lua", "policies/lib/z.lua", library_text, configuration);
    expect_text("the list", policy_set_digest(set), expected);
    expect_text("no revision", policy_set_revision(set), "");
}

#define HEAD "{'apiVersion': 'fleetgate.dev/v1alpha1', 'kind': 'Configuration'"

static const struct {
    const char *name, *policy, *library, *text, *configuration;
    bool same; // as the first
} cases[] = {
    {"first", "policies/a.lua", "policies/lib/z.lua", library_text, HEAD "}", true},
    {"another folder", "/etc/gate/a.lua", "/etc/gate/lib/z.lua", library_text, HEAD "}", true},
    {"another order of keys", "policies/a.lua", "policies/lib/z.lua", library_text,
     "{'kind': 'Configuration', 'apiVersion': 'fleetgate.dev/v1alpha1'}", true},
    {"another library", "policies/a.lua", "policies/lib/z.lua", "return { 1 }\n", HEAD "}", false},
    {"another name of a library", "policies/a.lua", "policies/lib/y.lua", library_text, HEAD "}", false},
    {"another configuration", "policies/a.lua", "policies/lib/z.lua", library_text,
     HEAD ", 'policies': {'a': {'mode': 'warn'}}}", false},
    {"no configuration", "policies/a.lua", "policies/lib/z.lua", library_text, NULL, false},
};

static void test_changes(void **state) {
    (void)state;
    char first[100] = "";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(policy_set_unref)
        struct policy_set *set =
            load(cases[i].policy, cases[i].library, cases[i].text, cases[i].configuration);
        if (i == 0) {
            snprintf(first, sizeof(first), "%s", policy_set_digest(set));
        }
        expect_true(cases[i].name, (strcmp(policy_set_digest(set), first) == 0) == cases[i].same,
                    cases[i].same ? "the same digest" : "another digest");
    }
}

static void test_revision(void **state) {
    (void)state;
    CLEANUP(policy_set_unref)
    struct policy_set *both = load("a.lua", "lib/z.lua", library_text,
                                   HEAD ", 'metadata': {'name': 'production', 'revision': '4f1c2aa'}}");
    expect_text("revision", policy_set_revision(both), "4f1c2aa");
    CLEANUP(policy_set_unref)
    struct policy_set *name =
        load("a.lua", "lib/z.lua", library_text, HEAD ", 'metadata': {'name': 'production'}}");
    expect_text("name", policy_set_revision(name), "production");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
