#include "base/buffer.h"
#include "cli/commands.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { OPTION_BASE = OPTION_LONG };

static const struct option_entry entries[] = {
    OPTION_CONFIG,
    {OPTION_BASE, "base", "PATH", "before", NULL},
    {'q', "quiet", NULL, "less", NULL},
    {0, NULL, NULL, NULL, NULL},
};
static const struct command command = {
    .name = "try", .arguments = "PATH…", .summary = "Tries", .options = entries};

// What was read, as "c=x q b=y | a b".
static const struct {
    const char *name;
    const char *arguments[8];
    const char *expected;
} cases[] = {
    {"nothing", {"try"}, "|"},
    {"letters", {"try", "-c", "x", "-q"}, "c=x q |"},
    {"letters together", {"try", "-qcx", "a"}, "q c=x | a"},
    {"long names", {"try", "--config=x", "--base", "y", "--quiet"}, "c=x b=y q |"},
    {"operands in between", {"try", "a", "-q", "b", "-"}, "q | a b -"},
    {"after two dashes", {"try", "--", "-q"}, "| -q"},
    {"an unknown option", {"try", "--what"}, "? |"},
    {"an unknown letter", {"try", "-x"}, "? |"},
    {"a missing value", {"try", "--config"}, "? |"},
    {"a value that is none", {"try", "--quiet=1"}, "? |"},
};

static void read_all(char **argv, int argc, struct buffer *out) {
    struct option_reader reader;
    option_reader_begin(&reader, &command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        buffer_append_char(out, option == OPTION_BASE ? 'b' : (char)option);
        if (option != OPTION_WRONG && reader.value) {
            buffer_printf(out, "=%s", reader.value);
        }
        buffer_append_char(out, ' ');
        if (option == OPTION_WRONG) {
            optind = argc;
            break;
        }
    }
    buffer_append_char(out, '|');
    for (int i = optind; i < argc; i++) {
        buffer_printf(out, " %s", argv[i]);
    }
}

static void test_reading(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char texts[8][32];
        char *argv[9] = {0};
        int argc = 0;
        for (; argc < 8 && cases[i].arguments[argc]; argc++) {
            snprintf(texts[argc], sizeof(texts[argc]), "%s", cases[i].arguments[argc]);
            argv[argc] = texts[argc];
        }
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 1024);
        read_all(argv, argc, &out);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

static void test_table(void **state) {
    (void)state;
    const char *before = "";
    for (const struct command *const *each = command_table(); *each; each++) {
        expect_true((*each)->name, strcmp(before, (*each)->name) < 0, "the table is in order");
        expect_true((*each)->name, (*each)->run && (*each)->summary && (*each)->arguments, "it is whole");
        expect_true((*each)->name, command_find((*each)->name) == *each, "it is found");
        before = (*each)->name;
    }
    assert_null(command_find("nothing"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reading), cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
