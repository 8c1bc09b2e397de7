// fleetgate test: runs the tests that stand beside policies.
#include "base/buffer.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "engine/policy_test.h"

#include <stdio.h>
#include <string.h>

static const struct option_entry entries[] = {
    {'q', "quiet", NULL, "print failures and the summary only", NULL},
    {0, NULL, NULL, NULL, NULL},
};

const struct command test_command = {
    .name = "test",
    .arguments = "DIR…",
    .summary = "Runs the tests that stand beside policies",
    .details =
        "Runs NAME_test.lua beside every policy NAME.lua of each DIR. A policy fails when a case fails, "
        "when\n"
        "it has no tests, when no case matches it, none is denied (or patched), or a report.deny in it is\n"
        "reached by no case.\n"
        "\n"
        "Exit code: 0 all passed, 1 something failed, 2 usage, 3 a policy or a test file can't be loaded.\n",
    .options = entries,
    .run = test_main,
};

struct totals {
    size_t policies, cases, failed, broken;
};

// The test file beside a policy; text is NULL when there is none. Caller frees name and text.
static struct policy_source read_test(const char *policy_name) {
    struct policy_source test = {0};
    size_t stem = strlen(policy_name) - strlen(".lua");
    char *name = NULL;
    if (asprintf(&name, "%.*s_test.lua", (int)stem, policy_name) < 0) {
        abort();
    }
    FILE *file = fopen(name, "re");
    if (!file) {
        free(name);
        return test;
    }
    struct buffer text;
    buffer_init(&text, 4 * 1024 * 1024);
    char chunk[8192];
    for (size_t size; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        buffer_append(&text, chunk, size);
    }
    fclose(file);
    test.length = text.length;
    test.text = buffer_take(&text);
    test.name = name;
    return test;
}

static void print_report(const struct policy_test_report *report, bool quiet) {
    if (report->failed > 0) {
        printf("FAIL %s: %zu of %zu cases and checks\n", report->policy, report->failed, report->cases);
        const char *line = buffer_text(&report->failures);
        for (const char *end; *line; line = end + (*end == '\n')) {
            end = strchrnul(line, '\n');
            printf("  %.*s\n", (int)(end - line), line);
        }
    } else if (!quiet) {
        size_t percent = report->lines ? report->lines_run * 100 / report->lines : 100;
        printf("ok   %s: %zu cases, %zu %% of lines\n", report->policy, report->cases, percent);
    }
}

static void test_policy(const struct policy_source *policy, const struct policy_source *libraries,
                        size_t count, bool quiet, struct totals *totals) {
    struct policy_source test = read_test(policy->name);
    struct policy_test_options options = {
        .policy = policy, .test = test.text ? &test : NULL, .libraries = libraries, .library_count = count};
    struct policy_test_report report;
    struct error error = {0};
    totals->policies++;
    if (policy_test_run(&options, &report, &error)) {
        print_report(&report, quiet);
        totals->cases += report.cases;
        totals->failed += report.failed;
        policy_test_report_clear(&report);
    } else {
        printf("ERROR %s\n", error.message);
        totals->broken++;
    }
    free((void *)(uintptr_t)test.text);
    free((void *)(uintptr_t)test.name);
}

static bool test_directory(const char *directory, bool quiet, struct totals *totals, struct error *error) {
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    if (!policy_files_read(directory, &files, error)) {
        return false;
    }
    // Only libraries may be required; a policy is no library of another.
    struct policy_source *libraries = memory_calloc(files.count + 1, sizeof(*libraries));
    size_t count = 0;
    for (size_t i = 0; i < files.count; i++) {
        if (files.sources[i].is_library) {
            libraries[count++] = files.sources[i];
        }
    }
    for (size_t i = 0; i < files.count; i++) {
        if (!files.sources[i].is_library) {
            test_policy(&files.sources[i], libraries, count, quiet, totals);
        }
    }
    free(libraries);
    return true;
}

int test_main(int argc, char **argv) {
    bool quiet = false;
    struct option_reader reader;
    option_reader_begin(&reader, &test_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option != 'q') {
            return options_exit(option);
        }
        quiet = true;
    }
    if (optind == argc) {
        return usage_error(&test_command, "no directory given");
    }
    struct totals totals = {0};
    for (int i = optind; i < argc; i++) {
        struct error error = {0};
        if (!test_directory(argv[i], quiet, &totals, &error)) {
            fprintf(stderr, "fleetgate test: %s\n", error.message);
            return error.kind == ERROR_NOT_FOUND ? EXIT_USAGE : EXIT_NOT_EVALUATED;
        }
    }
    if (totals.policies == 0) {
        fputs("fleetgate test: no policies found\n", stderr);
        return EXIT_NOT_EVALUATED;
    }
    printf("%zu policies, %zu cases, %zu failed, %zu not loaded\n", totals.policies, totals.cases,
           totals.failed, totals.broken);
    return totals.broken ? EXIT_NOT_EVALUATED : totals.failed ? EXIT_DENIED : EXIT_CLEAN;
}
