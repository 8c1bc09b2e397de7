// fleetgate check on the files of tests/fixtures/check. FIXTURES_UPDATE=1 writes what it says as what is
// expected.
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/buffer.h"
#include "base/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

#define HERE "tests/fixtures/check/"
#define POLICIES " -p " HERE "policies "

static const struct {
    const char *name; // of the expected standard output: HERE "expected/NAME.txt"
    const char *arguments;
    int code;
    const char *err; // part of standard error; NULL: nothing may be there
} cases[] = {
    {"region", POLICIES HERE "region.yaml", 1, "1 file, 1 object: 1 denied\n"},
    {"region-json", POLICIES "-o json " HERE "region.yaml", 1, "1 file, 1 object: 1 denied\n"},
    {"region-github", POLICIES "-o github -q " HERE "region.yaml", 1, NULL},
    {"region-sarif", POLICIES "-o sarif -q " HERE "region.yaml", 1, NULL},
    {"clean-sarif", POLICIES "-o sarif -q --allow-empty " HERE "values.yaml", 0, NULL},
    {"wide", POLICIES HERE "wide.yaml", 1, "1 denied"},
    {"owner", POLICIES HERE "owner.yaml", 1, "1 file, 3 objects: 1 denied, 1 warning\n"},
    {"placeholder", POLICIES HERE "placeholder.yaml", 3, "1 file, 1 object: 1 unknown\n"},
    {"empty", POLICIES HERE "placeholder.yaml --var-file " HERE "good.env", 0, "1 file, 1 object: clean\n"},
    {"template", POLICIES HERE "template.yaml", 3, "1 unknown"},
    {"broken", POLICIES HERE "broken.yaml", 1, "1 denied, 1 error"},
    {"empty", POLICIES HERE "values.yaml", 3,
     "nothing judged\nfleetgate check: there is nothing that a policy"},
    {"empty", POLICIES "--allow-empty " HERE "values.yaml", 0, "1 skipped: nothing judged"},
    {"empty", POLICIES HERE "configmap.yaml", 3, "nothing judged"},
    {"pools", "-c examples/fleetgate.yaml " HERE "pools.yaml", 0, "1 file, 3 objects: 1 not seen\n"},
    {"twice", POLICIES HERE "twice.yaml", 0, "1 declared twice"},
    {"change", POLICIES "--base " HERE "base " HERE "head", 1,
     "1 file, 4 objects (1 created, 2 updated, 1 deleted): 2 denied, 1 as before\n"},
    {"change-json", POLICIES "-q -o json --base " HERE "base " HERE "head", 1, NULL},
    {"empty", POLICIES "--base " HERE "base " HERE "base", 0, "4 objects (none changed)"},
    {"full", "-c " HERE "full/fleetgate.yaml --base " HERE "full/base " HERE "full/head", 1,
     "8 objects (2 created): 2 denied\n"},
    {"full-all", "-c " HERE "full/fleetgate.yaml " HERE "full/head", 1, "4 files, 8 objects: 2 denied\n"},
    {"full-nodes",
     "-c " HERE "full/nodes.yaml --base " HERE "full/base " HERE "full/head " HERE "full/pools.yaml", 1,
     "1 denied\n"},
    {"excused", POLICIES "-c " HERE "excused.yaml --now 2026-06-30T23:59:59Z " HERE "region.yaml", 0,
     "1 excused"},
    {"region", POLICIES "-q -c " HERE "excused.yaml --now 2026-07-01 " HERE "region.yaml", 1, NULL},
    {"faulty", "-p " HERE "faulty " HERE "owner.yaml", 3, "3 policy faults"},
    {"stdin", POLICIES "--stdin-filename a.yaml - <" HERE "region.yaml", 1, "1 denied"},
    {"namespace", POLICIES "-n fleet -q " HERE "owner.yaml", 1, NULL},
    {"empty", POLICIES "-c " HERE "wrong-configuration.yaml " HERE "region.yaml", 2,
     HERE "wrong-configuration.yaml:4: policies: there is no policy region; did you mean regions?"},
    {"empty", POLICIES HERE "missing.yaml", 2, HERE "missing.yaml: No such file or directory"},
    {"empty", "-p " HERE "base " HERE "region.yaml", 2, HERE "base: no policies (NAME.lua) in it"},
    {"empty", POLICIES, 2,
     "fleetgate check: name files or directories, or - for standard input\ntry 'fleetgate check"},
    {"empty", "--foo", 2, "fleetgate check: unknown option --foo\ntry 'fleetgate check --help'\n"},
    {"empty", "--bsae x", 2, "fleetgate check: unknown option --bsae; did you mean --base?\n"},
    {"empty", "-o xml x", 2, "fleetgate check: unknown format xml; there are text, json, github and sarif\n"},
    {"empty", "-o json -o sarif x", 2, "only one format can go to standard output; write sarif=FILE"},
    {"empty", "--fail-on never x", 2, "--fail-on takes deny or warn, not never"},
    {"empty", "--now yesterday x", 2, "--now: yesterday is no time"},
};

static char *read_file(const char *path) {
    struct buffer text;
    buffer_init(&text, 16 * 1024 * 1024);
    FILE *file = fopen(path, "re");
    if (file) {
        char chunk[4096];
        for (size_t size; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
            buffer_append(&text, chunk, size);
        }
        fclose(file);
    }
    return buffer_take(&text);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_check(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[256];
        char arguments[1024];
        snprintf(path, sizeof(path), HERE "expected/%s.txt", cases[i].name);
        snprintf(arguments, sizeof(arguments), "check %s", cases[i].arguments);
        CLEANUP(program_result_clear) struct program_result result;
        program_run(arguments, &result);
        if (getenv("FIXTURES_UPDATE") && strcmp(cases[i].name, "empty") != 0) {
            write_file(path, result.out);
        }
        CLEANUP(free) char *expected = strcmp(cases[i].name, "empty") == 0 ? calloc(1, 1) : read_file(path);
        if (cases[i].err) {
            expect_contains(arguments, result.err, cases[i].err);
        } else {
            expect_text(arguments, result.err, "");
        }
        expect_text(arguments, result.out, expected);
        expect_integer(arguments, result.code, cases[i].code);
    }
}

// Several outputs at once, the text still on the terminal.
static void test_outputs(void **state) {
    (void)state;
    char path[] = "/tmp/fleetgate-check-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    char arguments[1024];
    snprintf(arguments, sizeof(arguments), "check -q" POLICIES "-o json=%s " HERE "region.yaml", path);
    CLEANUP(program_result_clear) struct program_result result;
    program_run(arguments, &result);
    CLEANUP(free) char *written = read_file(path);
    CLEANUP(free) char *expected = read_file(HERE "expected/region-json.txt");
    CLEANUP(free) char *text = read_file(HERE "expected/region.txt");
    remove(path);
    expect_integer("outputs", result.code, 1);
    expect_text("the file", written, expected);
    expect_text("the terminal", result.out, text);
    CLEANUP(program_result_clear) struct program_result failed;
    program_run("check -q --allow-empty -o json=/nowhere/at/all " HERE "values.yaml", &failed);
    expect_integer("a file that can't be written", failed.code, 3);
    expect_contains("a file that can't be written", failed.err, "/nowhere/at/all: No such file");
}

// Whatever comes out, standard output is one JSON text that tells the exit code; or nothing, where nothing
// was run.
static void test_json_alone(void **state) {
    (void)state;
    static const struct {
        const char *arguments;
        int code;
    } runs[] = {
        {POLICIES HERE "region.yaml", 1},
        {POLICIES HERE "broken.yaml", 1},
        {POLICIES HERE "placeholder.yaml", 3},
        {POLICIES HERE "values.yaml", 3},
        {POLICIES "--allow-empty " HERE "values.yaml", 0},
        {POLICIES HERE "twice.yaml", 0},
        {"-p " HERE "faulty " HERE "owner.yaml", 3},
        {POLICIES "--base " HERE "base " HERE "head", 1},
        {POLICIES "--stdin-filename a.yaml - <" HERE "region.yaml", 1},
        {POLICIES "-o github=/dev/null -o sarif=/dev/null -o text=/dev/null " HERE "region.yaml", 1},
        {"-c " HERE "wrong-configuration.yaml " HERE "region.yaml", 2},
        {POLICIES HERE "missing.yaml", 2},
        {"--foo", 2},
    };
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        char arguments[512];
        snprintf(arguments, sizeof(arguments), "check -o json %s", runs[i].arguments);
        CLEANUP(program_result_clear) struct program_result result;
        program_run(arguments, &result);
        expect_integer(arguments, result.code, runs[i].code);
        if (runs[i].code == 2) {
            expect_text(arguments, result.out, "");
            continue;
        }
        struct error error = {0};
        CLEANUP(document_free) struct document *document = NULL;
        if (!json_read_copy(result.out, strlen(result.out), &document_default_limits, &document, &error)) {
            fail_msg("%s: %s", arguments, error.message);
        }
        int64_t code = -1;
        const struct node *summary = node_get(document_root(document), "summary");
        expect_true(arguments, node_integer(node_get(summary, "exitCode"), &code), "exitCode is there");
        expect_integer(arguments, code, runs[i].code);
    }
}

// The sample fleet shows what it is meant to show, with the policies that ship.
static void test_examples(void **state) {
    (void)state;
    static const char *const denied[] = {
        "eu-2.yaml:53:16: error: [version-skew]", "eu-7.yaml:32:11: error: [region-limits]",
        "gke-1.yaml:34:24: error: [version-skew]", "old-1.yaml:5:9: error: [prune-safety]",
        "clusters.yaml:11:10: error: [prune-safety]"};
    CLEANUP(program_result_clear) struct program_result result;
    program_run("check -q -c examples/fleetgate.yaml --base examples/before examples/fleet", &result);
    expect_integer("examples", result.code, 1);
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
        expect_contains("examples", result.out, denied[i]);
    }
    expect_true("examples", !strstr(result.out, "eu-1.yaml:") && !strstr(result.out, "we-1.yaml:"),
                "good clusters are not named");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_json_alone),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
