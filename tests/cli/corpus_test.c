// Every file of the corpus that lies beside the repository is judged: no crash, no sanitizer report.
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/attributes.h"
#include "base/buffer.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static const char folder[] = "../shared/corpus";
static unsigned files;

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

static void expect_verdict(const char *name, const struct program_result *result) {
    expect_true(name, result->code == 0 || result->code == 1 || result->code == 3, "exit code 0, 1 or 3");
    expect_true(name, !strstr(result->err, "Sanitizer") && !strstr(result->err, "runtime error"),
                "no sanitizer report");
}

static int check_file(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status;
    (void)where;
    if (type != FTW_F || !(ends_with(path, ".yaml") || ends_with(path, ".yml") || ends_with(path, ".json") ||
                           ends_with(path, ".tpl"))) {
        return 0;
    }
    CLEANUP(buffer_clear) struct buffer arguments;
    buffer_init(&arguments, 8192);
    buffer_printf(&arguments, "check '%s'", path);
    CLEANUP(program_result_clear) struct program_result result;
    program_run(buffer_text(&arguments), &result);
    expect_verdict(path, &result);
    // A pass while something is not resolved would be silent.
    expect_true(path, result.code != 0 || !strstr(result.out, ": unknown: "), "what is unknown is no pass");
    files++;
    return 0;
}

static void test_each_file(void **state) {
    (void)state;
    if (access(folder, R_OK) != 0) {
        print_message("%s is not there\n", folder);
        skip();
    }
    assert_int_equal(nftw(folder, check_file, 16, FTW_PHYS), 0);
    print_message("%u files\n", files);
    assert_true(files > 0);
}

static void test_whole(void **state) {
    (void)state;
    if (access(folder, R_OK) != 0) {
        skip();
    }
    CLEANUP(program_result_clear) struct program_result result;
    program_run("check -o json -o sarif=/dev/null -o github=/dev/null ../shared/corpus", &result);
    expect_verdict("the corpus", &result);
    CLEANUP(program_result_clear) struct program_result change;
    program_run("check --base ../shared/corpus examples/fleet", &change);
    expect_verdict("the corpus replaced", &change);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_file), cmocka_unit_test(test_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
