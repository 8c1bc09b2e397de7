#include "cli/caret.h"
#include "tests/support/expect.h"

static const struct {
    const char *name, *text;
    uint32_t column, end_column;
    const char *expected;
} cases[] = {
    {"a value", "  region: eu-north-1", 11, 21,
     "   12 |   region: eu-north-1\n      |           ^^^^^^^^^^\n"},
    {"the first column", "metadata:", 1, 9, "   12 | metadata:\n      | ^^^^^^^^\n"},
    {"an empty range still has a mark", "a:", 2, 2, "   12 | a:\n      |  ^\n"},
    {"behind the end of the line", "a:", 9, 12, "   12 | a:\n      |   ^\n"},
    {"wide characters take two columns", "北: 京都 # x", 4, 6, "   12 | 北: 京都 # x\n      |     ^^^^\n"},
    {"combining characters take none", "e\xCC\x81: x", 5, 6, "   12 | e\xCC\x81: x\n      |    ^\n"},
    {"tabs are one blank", "\ta: x", 5, 6, "   12 |  a: x\n      |     ^\n"},
    {"escapes can't reach the terminal", "\x1B[31m: x", 8, 9,
     "   12 | \xEF\xBF\xBD[31m: x\n      |        ^\n"},
    {"bidi overrides can't either", "a\xE2\x80\xAE: x", 5, 6, "   12 | a\xEF\xBF\xBD: x\n      |     ^\n"},
    {"bytes that are no text", "\xFF: x", 4, 5, "   12 | \xEF\xBF\xBD: x\n      |    ^\n"},
};

static void test_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct caret caret = {.text = cases[i].text,
                              .length = strlen(cases[i].text),
                              .line = 12,
                              .column = cases[i].column,
                              .end_column = cases[i].end_column,
                              .color = "",
                              .reset = ""};
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 4096);
        caret_append(&out, &caret);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

// Of one long line of JSON only the neighbourhood is shown.
static void test_long_line(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer line;
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&line, 1024 * 1024);
    buffer_init(&out, 64 * 1024);
    for (int i = 0; i < 5000; i++) {
        buffer_append_text(&line, "0123456789");
    }
    struct caret caret = {.text = line.data,
                          .length = line.length,
                          .line = 1,
                          .column = 25001,
                          .end_column = 25011,
                          .color = "<",
                          .reset = ">"};
    caret_append(&out, &caret);
    assert_true(out.length < 400);
    expect_contains("cut on both sides", out.data, "    1 | …0123456789");
    expect_contains("cut on both sides", out.data, "…\n      | ");
    const char *mark = strchr(out.data, '<');
    assert_non_null(mark);
    expect_text("the mark", mark, "<^^^^^^^^^^>\n");
    buffer_clear(&out);
    caret.end_column = 50000;
    caret_append(&out, &caret);
    assert_true(out.length < 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_long_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
