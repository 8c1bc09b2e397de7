// fleetgate keys, as people rotate them.
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

// One after the other on the same file, @.
static const struct {
    const char *words;
    int code;
    const char *out, *err; // parts of them
} steps[] = {
    {"list @", 2, "", "keys: can't be read: No such file or directory"},
    {"new", 2, "", "fleetgate keys new: want FILE"},
    {"new @ x", 2, "", "fleetgate keys new: want FILE"},
    {"new @ --id X", 2, "", "an ID is of a-z, 0-9 and -, at most 32"},
    {"new @ --id one", 0, "/keys: the key one signs\n", ""},
    {"new @ --id two", 2, "", "/keys: is there already"},
    {"list @", 0, "one signs\n", ""},
    {"add @ --id two", 0, "/keys: the key two is believed; 'fleetgate keys use' lets it sign\n", ""},
    {"add @ --id two", 2, "", "the key two is there already"},
    {"list @", 0, "one signs\ntwo is believed\n", ""},
    {"use @", 2, "", "fleetgate keys use: want FILE ID"},
    {"use @ three", 2, "", "there is no key three"},
    {"drop @ one", 2, "", "the key one signs; let another one sign first"},
    {"use @ two", 0, "/keys: the key two signs\n", ""},
    {"list @", 0, "two signs\none is believed\n", ""},
    {"drop @ one", 0, "/keys: the key one is gone\n", ""},
    {"list @", 0, "two signs\n", ""},
    {"use @ --id two", 2, "", "unknown option --id"},
    {"turn @", 2, "", "unknown command turn"},
    {"--help", 0, "drop", ""},
    {"add --help", 0, "--id", ""},
};

static void keys_are_rotated(void **state) {
    (void)state;
    char folder[] = "/tmp/fleetgate-keys-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char command[256];
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char arguments[256] = "keys ";
        size_t length = strlen(arguments);
        for (const char *at = steps[i].words; *at; at++) {
            bool is_file = *at == '@';
            length += (size_t)snprintf(arguments + length, sizeof(arguments) - length, "%.*s%s",
                                       is_file ? (int)strlen(folder) : 1, is_file ? folder : at,
                                       is_file ? "/keys" : "");
        }
        CLEANUP(program_result_clear) struct program_result result = {0};
        program_run(arguments, &result);
        expect_integer(steps[i].words, result.code, steps[i].code);
        expect_contains(steps[i].words, result.out, steps[i].out);
        expect_contains(steps[i].words, result.err, steps[i].err);
        // Never anything of a key: 32 bytes are 44 letters.
        expect_true(steps[i].words, !strstr(result.out, "= ") && !strstr(result.out, "=\n"),
                    "no key is told");
    }
    char path[64];
    struct stat status;
    snprintf(path, sizeof(path), "%s/keys", folder);
    assert_int_equal(stat(path, &status), 0);
    expect_integer("mode", status.st_mode & 0777, 0600);
    snprintf(command, sizeof(command), "chmod 644 '%s'", path);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "keys list %s", path);
    CLEANUP(program_result_clear) struct program_result result = {0};
    program_run(command, &result);
    expect_integer("readable for all", result.code, 2);
    expect_contains("readable for all", result.err, "chmod 600");
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_are_rotated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
