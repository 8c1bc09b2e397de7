#include "cli/variables.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <unistd.h>

// Writes text to a file and reads it; the path is in the errors.
static bool read_text(struct variables *variables, const char *text, struct error *error) {
    char path[] = "/tmp/fleetgate-variables-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    bool good = variables_read_file(variables, path, error);
    unlink(path);
    return good;
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *line, *expected;
    } cases[] = {
        {"X=a", "a"},
        {"X=", ""},
        {"X = a b  # no", "a b"},
        {"X=a#b", "a#b"},
        {"export X='a $b # c'", "a $b # c"},
        {"X=\"a\\n\\\"b\\\" \\\\ \\$c\" # d", "a\n\"b\" \\ $c"},
        {"X=a\r", "a"},
        {"X=1\nX=2", "2"},
        {"X=a=b", "a=b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(variables_clear) struct variables variables;
        variables_init(&variables);
        struct error error = {0};
        expect_true(cases[i].line, read_text(&variables, cases[i].line, &error), error.message);
        expect_text(cases[i].line, variables_get(&variables, "X"), cases[i].expected);
    }
}

static void test_mistakes(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"A=1\nB", ":2: want NAME=VALUE"},
        {"1A=1", ":1: a name has letters, digits and _"},
        {"A-B=1", ":1: a name has letters, digits and _"},
        {"A=\"b", ":1: the quote does not end, or text follows it"},
        {"A='b' c", ":1: the quote does not end, or text follows it"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(variables_clear) struct variables variables;
        variables_init(&variables);
        struct error error = {0};
        expect_true(cases[i].text, !read_text(&variables, cases[i].text, &error), "it fails");
        expect_contains(cases[i].text, error.message, cases[i].message);
    }
}

static void test_lookup(void **state) {
    (void)state;
    CLEANUP(variables_clear) struct variables variables;
    variables_init(&variables);
    struct error error = {0};
    assert_true(read_text(&variables, "# comment\n\nREGION=eu-west-1\n", &error));
    struct substitution substitution = variables_substitution(&variables);
    expect_text("set", substitution.lookup(substitution.cookie, "REGION"), "eu-west-1");
    assert_null(substitution.lookup(substitution.cookie, "region"));
    assert_false(variables_read_file(&variables, "/nowhere/at/all", &error));
    expect_integer("no such file", error.kind, ERROR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_mistakes),
                                       cmocka_unit_test(test_lookup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
