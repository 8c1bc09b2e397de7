// fleetgate replay on tests/fixtures/replay/decisions.log, which a gate with then.yaml wrote.
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/buffer.h"
#include "base/json_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HERE "tests/fixtures/replay/"
#define WITH(configuration) " -p " HERE "policies -c " HERE configuration " "
#define LOG HERE "decisions.log"
#define HEAD "policy                   newly denied newly allowed different undecided\n"

static const struct {
    const char *arguments;
    int code;
    const char *out; // all of standard output
    const char *err; // part of standard error; NULL: nothing may be there
} cases[] = {
    {WITH("then.yaml") LOG, 0,
     "6 replayed: 6 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 0 without input, "
     "0 bad lines\n",
     NULL},
    {WITH("regions.yaml") LOG, 1,
     LOG ":4: newly denied: CREATE Widget prod/eu-2 by anna at 2026-11-21T13:00:15.605Z, decision 3085402b\n"
         "  + [regions] spec.region: region eu-2 is not allowed\n" LOG
         ":6: newly allowed: CREATE Widget prod/us-1 by anna at 2026-11-21T13:00:15.742Z, decision 7ea1241a\n"
         "  - [regions] spec.region: region us-1 is not allowed\n"
         "6 replayed: 4 same, 1 newly denied, 1 newly allowed, 0 different, 0 undecided; 0 without input, "
         "0 bad lines\n" HEAD "regions                             1             1         0         0\n",
     NULL},
    {WITH("tokens.yaml") LOG, 0,
     LOG ":4: undecided: CREATE Widget prod/eu-2 by anna at 2026-11-21T13:00:15.605Z, decision 3085402b\n"
         "  ? [tokens] spec.token: its value is masked in the log\n"
         "6 replayed: 5 same, 0 newly denied, 0 newly allowed, 0 different, 1 undecided; 0 without input, "
         "0 bad lines\n" HEAD "tokens                              0             0         0         1\n",
     NULL},
    {WITH("owner.yaml") LOG, 1,
     LOG ":1: different: CREATE Widget prod/eu-1 (mutate) by anna at 2026-11-21T13:00:15.469Z, decision "
         "307b402b\n"
         "  + [patch] sets /spec/owner to \"platform\"\n"
         "6 replayed: 5 same, 0 newly denied, 0 newly allowed, 1 different, 0 undecided; 0 without input, "
         "0 bad lines\n" HEAD "patch                               0             0         1         0\n",
     NULL},
    {WITH("warn.yaml") LOG, 1,
     LOG ":6: newly allowed: CREATE Widget prod/us-1 by anna at 2026-11-21T13:00:15.742Z, decision 7ea1241a\n"
         "  - [regions] spec.region: region us-1 is not allowed\n"
         "  + [regions] spec.region: region us-1 is not allowed (does not deny)\n"
         "6 replayed: 5 same, 0 newly denied, 1 newly allowed, 0 different, 0 undecided; 0 without input, "
         "0 bad lines\n" HEAD "regions                             0             1         0         0\n",
     NULL},
    {WITH("then.yaml") HERE "attested.log", 0,
     "4 replayed: 4 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 0 without input, "
     "0 bad lines\n",
     NULL},
    {WITH("then.yaml") HERE "poor.log", 3,
     "0 replayed: 0 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 1 without input, "
     "2 bad lines\n",
     HERE "poor.log:1: not replayed, the record has no input: larger than 256 KiB\n"
          "fleetgate replay: " HERE
          "poor.log:3: no decision record: schema is not fleetgate.dev/decision/v1\n"
          "fleetgate replay: " HERE "poor.log:4: not JSON: "},
    {WITH("then.yaml") HERE "poor.log - <" LOG, 0,
     "6 replayed: 6 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 1 without input, "
     "2 bad lines\n",
     "poor.log:1"},
    {WITH("then.yaml") "/nowhere.log", 2,
     "0 replayed: 0 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 0 without input, "
     "0 bad lines\n",
     "fleetgate replay: /nowhere.log: No such file or directory\n"},
    {WITH("then.yaml") HERE, 2,
     "0 replayed: 0 same, 0 newly denied, 0 newly allowed, 0 different, 0 undecided; 0 without input, "
     "0 bad lines\n",
     HERE ": Is a directory\n"},
    {WITH("nothing.yaml") LOG, 2, "", HERE "nothing.yaml: No such file"},
    {"", 2, "", "name decision logs, or - for standard input"},
    {"-o xml " LOG, 2, "", "unknown format xml; there are text and json"},
};

static void test_text(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char arguments[1024];
        snprintf(arguments, sizeof(arguments), "replay %s", cases[i].arguments);
        CLEANUP(program_result_clear) struct program_result result;
        program_run(arguments, &result);
        if (cases[i].err) {
            expect_contains(arguments, result.err, cases[i].err);
        } else {
            expect_text(arguments, result.err, "");
        }
        expect_text(arguments, result.out, cases[i].out);
        expect_integer(arguments, result.code, cases[i].code);
    }
}

static void test_json(void **state) {
    (void)state;
    CLEANUP(program_result_clear) struct program_result result;
    program_run("replay -o json" WITH("regions.yaml") LOG, &result);
    expect_integer("code", result.code, 1);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    if (!json_read_copy(result.out, strlen(result.out), &document_default_limits, &document, &error)) {
        fail_msg("%s in %s", error.message, result.out);
    }
    const struct node *root = document_root(document);
    const struct node *change = node_item(node_get(root, "changes"), 0);
    expect_text("result", node_string(node_get(change, "result")), "newly_denied");
    expect_text("name", node_string(node_get(change, "name")), "eu-2");
    expect_text("policy", node_string(node_get(node_item(node_get(change, "notes"), 0), "policy")),
                "regions");
    int64_t count = 0;
    const struct node *summary = node_get(root, "summary");
    assert_true(node_integer(node_get(summary, "newly_allowed"), &count) && count == 1);
    const struct node *policy = node_get(node_get(summary, "policies"), "regions");
    assert_true(node_integer(node_get(policy, "newly_denied"), &count) && count == 1);
}

// A line without end costs no more memory than the cap, and what is behind it is read.
static void test_long_line(void **state) {
    (void)state;
    char path[] = "/tmp/fleetgate-replay-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    char command[512];
    snprintf(command, sizeof(command), "{ head -c 5000000 /dev/zero | tr '\\0' x; echo; cat " LOG "; } >%s",
             path);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "replay" WITH("then.yaml") "%s", path);
    CLEANUP(program_result_clear) struct program_result result;
    program_run(command, &result);
    remove(path);
    expect_integer("code", result.code, 0);
    expect_contains("out", result.out, "6 replayed: 6 same");
    expect_contains("err", result.err, ":1: the line is longer than 4 MiB");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
