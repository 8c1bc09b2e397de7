#include "manifest/substitution.h"
#include "tests/support/expect.h"

// Most cases are those of fluxcd/pkg envsubst/eval_test.go and drone/envsubst.
static const char *look_up(void *cookie, const char *name) {
    (void)cookie;
    static const char *const variables[][2] = {
        {"var01", "abcdEFGH28ij"}, {"default_var", "foo1"}, {"empty", ""}, {"var", "abc"}, {"N", "3"}};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (strcmp(variables[i][0], name) == 0) {
            return variables[i][1];
        }
    }
    return NULL;
}

static const char unchanged[] = "(unchanged)";
static const char unknown[] = "(unknown)";

static const struct {
    const char *name, *text, *expected;
    bool in_quotes;
} cases[] = {
    {"text only", "abcdEFGH28ij", unchanged, false},
    {"nothing", "", unchanged, false},
    {"set", "a ${var} b", "a abc b", false},
    {"set to nothing", "${empty}", "", false},
    {"not set", "${nope}", unknown, false},
    {"one of two not set", "${var}-${nope}", unknown, false},
    {"default with = not used", "${var=xyz}", "abc", false},
    {"default with = used", "${nope=xyz}", "xyz", false},
    {"default with := used", "${nope:=xyz}", "xyz", false},
    {"default with :- used", "${nope:-xyz}", "xyz", false},
    {"default with - used", "${nope-xyz}", "xyz", false},
    {"empty default", "${nope:=}", "", false},
    {"default for an empty value", "${empty:=xyz}", "xyz", false},
    {"default with a colon", "${nope:-https://a.b:6443}", "https://a.b:6443", false},
    {"variable in a default", "something ${nope=${default_var}}", "something foo1", false},
    {"variable and text in a default", "foo: ${nope=prefix${default_var}-suffix}", "foo: prefixfoo1-suffix",
     false},
    {"unset variable in a default", "${nope:=${nada}-vnet}", unknown, false},
    {"unset variable in a default that is not used", "${var:=${nada}-vnet}", "abc", false},
    {"default in a default", "${nope:=${nada:=x}}", "x", false},
    {"default in braces", "${nope:=[\"10.128.0.0/12\"]}", "[\"10.128.0.0/12\"]", false},
    {"escaped", "$${var01}", "${var01}", false},
    {"escaped and not", "some text ${var01}$${var$${var01}$var01${var01}",
     "some text abcdEFGH28ij${var${var01}$var01abcdEFGH28ij", false},
    {"a variable in an escaped one", "something $${var=${default_var}}", "something ${var=foo1}", false},
    {"two dollars", "echo $$", "echo $", false},
    {"three dollars", "$$${var}", "$abc", false},
    {"shell without braces", "$1 $(cmd) $HOME $", unchanged, false},
    {"shell beside a variable", "$1 $(cmd) ${var}", "$1 $(cmd) abc", false},
    {"trailing dollar", "${var}$", "abc$", false},
    {"not closed", "${var", unknown, false},
    {"default not closed", "${nope:=x", unknown, false},
    {"unused default not closed", "${var:=x", unknown, false},
    {"no name", "${}", unknown, false},
    {"only a default", "${:=x}", unknown, false},
    {"space in a name", "${ var }", unknown, false},
    {"operators that are not filled in here", "${var%.*}", unknown, false},
    {"length", "${#var}", unknown, false},
    {"substring", "${var:0:1}", unknown, false},
    {"alternative", "${var:+x}", unknown, false},
    {"upper case", "${var^^}", unknown, false},
    {"quoted default in a plain text", "${nope:=\"x\"}", "\"x\"", false},
    {"quoted default in a quoted text", "${nope:=\"192.168.0.0/16\"}", "192.168.0.0/16", true},
    {"empty quoted default in a quoted text", "${nope:=\"\"}", "", true},
    {"half-quoted default in a quoted text", "${nope:=\"}", "\"", true},
    {"a quoted text around it keeps its quotes", "say \"${nope:=hi}\"", "say \"hi\"", true},
    {"not ASCII", "\xC3\xA4${nope:=\xC3\xB6}", "\xC3\xA4\xC3\xB6", false},
    {"too deep", "${a:=${a:=${a:=${a:=${a:=${a:=${a:=${a:=${a:=${a:=x}}}}}}}}}}", unknown, false},
};

static void test_expand(void **state) {
    (void)state;
    const struct substitution substitution = {.lookup = look_up};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 1000);
        enum substitution_result result = substitution_expand(
            &substitution, cases[i].text, strlen(cases[i].text), cases[i].in_quotes, &out);
        expect_text(cases[i].name,
                    result == SUBSTITUTION_UNCHANGED ? unchanged
                    : result == SUBSTITUTION_UNKNOWN ? unknown
                                                     : buffer_text(&out),
                    cases[i].expected);
    }
}

static void test_without_variables_only_defaults_resolve(void **state) {
    (void)state;
    const struct substitution none = {0};
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 100);
    assert_int_equal(substitution_expand(&none, "${N}", 4, false, &out), SUBSTITUTION_UNKNOWN);
    assert_int_equal(substitution_expand(&none, "${N:=4}", 7, false, &out), SUBSTITUTION_EXPANDED);
    assert_string_equal(buffer_text(&out), "4");
}

static void test_output_has_a_cap(void **state) {
    (void)state;
    const struct substitution substitution = {.lookup = look_up};
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 20);
    assert_int_equal(substitution_expand(&substitution, "${var01}${var01}", 16, false, &out),
                     SUBSTITUTION_UNKNOWN);
}

static void test_templates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool template;
    } texts[] = {{"{{ .Values.x }}", true},
                 {"a {{- if x -}} b", true},
                 {"{{", false},
                 {"}} {{", false},
                 {"{ {a} }", false},
                 {"", false},
                 {"{{}}", true}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_true(texts[i].text,
                    substitution_has_template(texts[i].text, strlen(texts[i].text)) == texts[i].template,
                    "has a template");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_without_variables_only_defaults_resolve),
        cmocka_unit_test(test_output_has_a_cap),
        cmocka_unit_test(test_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
