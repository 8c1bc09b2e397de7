#include "embedded/object_name.h"

#include "tests/support/expect.h"

#define HUNDRED                                                                                              \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *name;
    struct object_key key;
    const char *message; // NULL: it is right
} cases[] = {
    {"usual", {"g", "Cluster", "prod", "eu-1"}, NULL},
    {"no namespace", {"g", "Cluster", "", "a"}, NULL},
    {"dots", {"g", "Cluster", "prod", "a.b-c.9"}, NULL},
    {"the longest",
     {"g", "Cluster", "prod", HUNDRED HUNDRED "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefff"},
     NULL},
    {"too long",
     {"g", "Cluster", "prod", HUNDRED HUNDRED "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffff"},
     "metadata.name: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is longer than 253 characters"},
    {"no kind", {"g", "", "prod", "a"}, "kind: must be set"},
    {"no name", {"g", "Cluster", "prod", ""}, "metadata.name: must be set"},
    {"upper case",
     {"g", "Cluster", "prod", "aBc"},
     "metadata.name: \"aBc\" may hold only lower-case letters, digits, \"-\" and \".\" (RFC 1123)"},
    {"underscore",
     {"g", "Cluster", "prod", "a_c"},
     "metadata.name: \"a_c\" may hold only lower-case letters, digits, \"-\" and \".\" (RFC 1123)"},
    {"slash",
     {"g", "Cluster", "prod", "a/../b"},
     "metadata.name: \"a/../b\" may hold only lower-case letters, digits, \"-\" and \".\" (RFC 1123)"},
    {"ends with a dash",
     {"g", "Cluster", "prod", "a-"},
     "metadata.name: \"a-\" must begin and end with a lower-case letter or a digit"},
    {"two dots",
     {"g", "Cluster", "prod", "a..b"},
     "metadata.name: \"a..b\" must begin and end with a lower-case letter or a digit, as must each part "
     "between dots"},
    {"a namespace with a dot",
     {"g", "Cluster", "a.b", "a"},
     "metadata.namespace: \"a.b\" may hold only lower-case letters, digits and \"-\" (RFC 1123)"},
    {"a long namespace",
     {"g", "Cluster", HUNDRED, "a"},
     "metadata.namespace: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is longer than 63 characters"},
    {"a role", {"rbac.authorization.k8s.io", "ClusterRole", "", "system:Node"}, NULL},
    {"a role with a slash",
     {"rbac.authorization.k8s.io", "ClusterRole", "", "a/b"},
     "metadata.name: \"a/b\" may not be \".\" or \"..\", nor hold \"/\" or \"%\""},
};

static void test_names(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        bool right = object_name_check(&cases[i].key, &error);
        expect_true(cases[i].name, right == !cases[i].message, error.message);
        if (cases[i].message) {
            expect_error(cases[i].name, &error, ERROR_INVALID, cases[i].message);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
