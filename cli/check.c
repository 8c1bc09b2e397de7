// fleetgate check: judges the manifests of a pull request as the webhook would.
#include "base/memory.h"
#include "cli/check_run.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/report.h"
#include "cli/timestamp.h"
#include "cli/variables.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    OPTION_BASE = OPTION_LONG,
    OPTION_AS,
    OPTION_AS_GROUP,
    OPTION_NOW,
    OPTION_STDIN_FILENAME,
    OPTION_VAR_FILE,
    OPTION_FAIL_ON,
    OPTION_NO_COLOR,
    OPTION_ALLOW_EMPTY,
    MOST_OUTPUTS = 8,
    MOST_GROUPS = 64,
    MOST_VAR_FILES = 64,
};

static const char *const formats[] = {"text", "json", "github", "sarif", NULL};
static const char *const levels[] = {"deny", "warn", NULL};
enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_GITHUB, FORMAT_SARIF, FORMAT_COUNT };

static const struct option_entry options[] = {
    {OPTION_BASE, "base", "PATH", "the fleet before the change: judges creates, updates and deletes", NULL},
    OPTION_CONFIG,
    OPTION_POLICIES,
    {'o', "output", "FMT[=FILE]", "text, json, github or sarif; may be given several times", formats},
    {'n', "namespace", "NAME", "namespace of objects that name none (default)", NULL},
    {OPTION_AS, "as", "USER", "user who makes the change", NULL},
    {OPTION_AS_GROUP, "as-group", "GROUP", "group of that user; may be given several times", NULL},
    {OPTION_NOW, "now", "TIME", "when it is, for exceptions that expire: 2026-01-31 or RFC 3339", NULL},
    {OPTION_STDIN_FILENAME, "stdin-filename", "NAME", "what standard input is called in reports", NULL},
    {OPTION_VAR_FILE, "var-file", "FILE", "values for ${VAR}: NAME=VALUE lines; may be given several times",
     NULL},
    {OPTION_FAIL_ON, "fail-on", "LEVEL", "deny, or warn: warnings fail too", levels},
    {OPTION_ALLOW_EMPTY, "allow-empty", NULL, "it is no error when there is nothing to judge", NULL},
    {OPTION_NO_COLOR, "no-color", NULL, "no colours; so does NO_COLOR in the environment", NULL},
    {'q', "quiet", NULL, "no notes and no summary", NULL},
    {0, NULL, NULL, NULL, NULL},
};

const struct command check_command = {
    .name = "check",
    .arguments = "PATH…|-",
    .summary = "Judges manifests as the webhook would: files, directories or standard input",
    .details =
        "The files at hand are the whole fleet: a cluster has the pools that are among them. A reference to "
        "an object\nthat is not among them is named in a note.\n"
        "\n"
        "Exit code: 0 clean, 1 denied, 2 usage or configuration, 3 something could not be judged: a file "
        "that can't\nbe read, a placeholder that is not resolved, a policy that failed, nothing to judge.\n",
    .options = options,
    .run = check_main,
};

struct output {
    enum format format;
    const char *file; // NULL: standard output
};

struct check_options {
    struct policy_set_request policies;
    const char *base, *namespace, *user, *stdin_name;
    const char *groups[MOST_GROUPS];
    size_t group_count;
    const char *var_files[MOST_VAR_FILES];
    size_t var_file_count;
    int64_t now;
    struct output outputs[MOST_OUTPUTS];
    size_t output_count;
    bool fail_on_warn, allow_empty, no_color, quiet;
    char **paths;
    int path_count;
};

// Sets *ret_index to the name that text begins with, up to end.
static bool find_name(const char *const *names, const char *text, size_t length, size_t *ret_index) {
    for (size_t i = 0; names[i]; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool add_output(struct check_options *check, const char *value) {
    const char *equals = strchr(value, '=');
    size_t length = equals ? (size_t)(equals - value) : strlen(value);
    size_t format = 0;
    if (!find_name(formats, value, length, &format)) {
        usage_error(&check_command, "unknown format %.*s; there are text, json, github and sarif",
                    (int)length, value);
        return false;
    }
    const char *file = equals && strcmp(equals, "=-") != 0 ? equals + 1 : NULL;
    for (size_t i = 0; !file && i < check->output_count; i++) {
        if (!check->outputs[i].file) {
            usage_error(&check_command, "only one format can go to standard output; write %s=FILE", value);
            return false;
        }
    }
    if (check->output_count == MOST_OUTPUTS || (file && *file == '\0')) {
        usage_error(&check_command, file && *file == '\0' ? "%s names no file" : "too many outputs: %s",
                    value);
        return false;
    }
    check->outputs[check->output_count++] = (struct output){(enum format)format, file};
    return true;
}

static bool add_text(const char **items, size_t *count, size_t most, const char *value, const char *option) {
    if (*count == most) {
        usage_error(&check_command, "too many --%s", option);
        return false;
    }
    items[(*count)++] = value;
    return true;
}

static bool read_values(struct check_options *check, int option, const char *value) {
    struct error error = {0};
    size_t level = 0;
    switch (option) {
    case 'o':
        return add_output(check, value);
    case OPTION_AS_GROUP:
        return add_text(check->groups, &check->group_count, MOST_GROUPS, value, "as-group");
    case OPTION_VAR_FILE:
        return add_text(check->var_files, &check->var_file_count, MOST_VAR_FILES, value, "var-file");
    case OPTION_NOW:
        if (!timestamp_parse(value, &check->now, &error)) {
            usage_error(&check_command, "--now: %s", error.message);
            return false;
        }
        return true;
    case OPTION_FAIL_ON:
        if (!find_name(levels, value, strlen(value), &level)) {
            usage_error(&check_command, "--fail-on takes deny or warn, not %s", value);
            return false;
        }
        check->fail_on_warn = level == 1;
        return true;
    default:
        return false;
    }
}

// False: the command ends with *ret_code.
static bool read_option(struct check_options *check, int option, const char *value, int *ret_code) {
    switch (option) {
    case OPTION_BASE:
        check->base = value;
        return true;
    case 'c':
        check->policies.configuration = value;
        return true;
    case 'p':
        check->policies.policies = value;
        return true;
    case 'n':
        check->namespace = value;
        return true;
    case OPTION_AS:
        check->user = value;
        return true;
    case OPTION_STDIN_FILENAME:
        check->stdin_name = value;
        return true;
    case OPTION_ALLOW_EMPTY:
        check->allow_empty = true;
        return true;
    case OPTION_NO_COLOR:
        check->no_color = true;
        return true;
    case 'q':
        check->quiet = true;
        return true;
    case OPTION_HELP:
    case OPTION_WRONG:
        *ret_code = options_exit(option);
        return false;
    default:
        *ret_code = EXIT_USAGE;
        return read_values(check, option, value);
    }
}

static bool read_options(int argc, char **argv, struct check_options *check, int *ret_code) {
    struct option_reader reader;
    option_reader_begin(&reader, &check_command, argc, argv);
    *check = (struct check_options){.namespace = "default",
                                    .user = "",
                                    .stdin_name = "<stdin>",
                                    .now = time(NULL),
                                    .policies = {.evaluators = 1}};
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (!read_option(check, option, reader.value, ret_code)) {
            return false;
        }
    }
    check->paths = argv + optind;
    check->path_count = argc - optind;
    if (check->path_count == 0) {
        *ret_code = usage_error(&check_command, "name files or directories, or - for standard input");
        return false;
    }
    bool to_stdout = false;
    for (size_t i = 0; i < check->output_count; i++) {
        to_stdout |= !check->outputs[i].file;
    }
    if (!to_stdout && check->output_count < MOST_OUTPUTS) {
        check->outputs[check->output_count++] = (struct output){FORMAT_TEXT, NULL};
    }
    return true;
}

static int fail(const struct error *error) {
    fprintf(stderr, "fleetgate check: %s\n", error->message);
    return error->kind == ERROR_IO || error->kind == ERROR_LIMIT ? EXIT_NOT_EVALUATED : EXIT_USAGE;
}

static bool read_variables(const struct check_options *check, struct variables *variables,
                           struct error *error) {
    for (size_t i = 0; i < check->var_file_count; i++) {
        if (!variables_read_file(variables, check->var_files[i], error)) {
            return false;
        }
    }
    return true;
}

static bool read_head(const struct check_options *check, struct manifest_set *head, struct error *error) {
    for (int i = 0; i < check->path_count; i++) {
        bool is_stdin = strcmp(check->paths[i], "-") == 0;
        if (is_stdin ? !manifest_set_add_stream(head, STDIN_FILENO, check->stdin_name, error)
                     : !manifest_set_add_path(head, check->paths[i], error)) {
            return false;
        }
    }
    return true;
}

// A pull request that changes no cluster is fine; a path without any is a mistake.
static bool is_empty(const struct check_options *check, const struct check_counts *counts) {
    return check->base ? counts->objects + counts->deleted == 0 : counts->judged == 0;
}

// The one place that makes an exit code of findings.
static int exit_code_of(const struct check_options *check, const struct finding_list *findings,
                        const struct check_counts *counts) {
    const size_t *results = findings->counts;
    if (results[FINDING_DENY] > 0 || (check->fail_on_warn && results[FINDING_WARN] > 0)) {
        return EXIT_DENIED;
    }
    bool failed = results[FINDING_ERROR] + results[FINDING_FAULT] + results[FINDING_UNKNOWN] > 0;
    return failed || (is_empty(check, counts) && !check->allow_empty) ? EXIT_NOT_EVALUATED : EXIT_CLEAN;
}

static bool write_output(const struct report *report, const struct check_options *check,
                         const struct output *output) {
    FILE *out = output->file ? fopen(output->file, "we") : stdout;
    if (!out) {
        fprintf(stderr, "fleetgate check: %s: %s\n", output->file, strerror(errno));
        return false;
    }
    const char *no_color = getenv("NO_COLOR");
    struct text_style style = {.quiet = check->quiet,
                               .color = !output->file && !check->no_color && !(no_color && *no_color) &&
                                        isatty(STDOUT_FILENO)};
    static void (*const writers[FORMAT_COUNT])(const struct report *, FILE *) = {
        [FORMAT_JSON] = report_json, [FORMAT_GITHUB] = report_github, [FORMAT_SARIF] = report_sarif};
    if (output->format == FORMAT_TEXT) {
        report_text(report, &style, out);
    } else {
        writers[output->format](report, out);
    }
    bool good = fflush(out) == 0 && !ferror(out);
    if (output->file) {
        good = fclose(out) == 0 && good;
    }
    if (!good) {
        fprintf(stderr, "fleetgate check: can't write %s\n",
                output->file ? output->file : "to standard output");
    }
    return good;
}

static int write_report(const struct check_options *check, const struct report *report) {
    int code = report->exit_code;
    for (size_t i = 0; i < check->output_count; i++) {
        if (!write_output(report, check, &check->outputs[i]) && code == EXIT_CLEAN) {
            code = EXIT_NOT_EVALUATED;
        }
    }
    if (!check->quiet) {
        report_summary(report, stderr);
    }
    if (report->exit_code == EXIT_NOT_EVALUATED && is_empty(check, report->counts)) {
        fputs("fleetgate check: there is nothing that a policy looks at; --allow-empty accepts that\n",
              stderr);
    }
    return code;
}

int check_main(int argc, char **argv) {
    struct check_options check;
    struct error error = {0};
    int code = EXIT_USAGE;
    if (!read_options(argc, argv, &check, &code)) {
        return code;
    }
    CLEANUP(variables_clear) struct variables variables;
    variables_init(&variables);
    CLEANUP(policy_set_unref) struct policy_set *policies = NULL;
    if (!policy_files_load(&check.policies, &policies, &error) ||
        !read_variables(&check, &variables, &error)) {
        return fail(&error);
    }
    struct substitution substitution = variables_substitution(&variables);
    CLEANUP(manifest_set_free) struct manifest_set *head = manifest_set_new(NULL, &substitution);
    CLEANUP(manifest_set_free)
    struct manifest_set *base = check.base ? manifest_set_new(NULL, &substitution) : NULL;
    if (!read_head(&check, head, &error) || (base && !manifest_set_add_path(base, check.base, &error))) {
        return fail(&error);
    }
    struct check_request request = {.policies = policies,
                                    .head = head,
                                    .base = base,
                                    .namespace = check.namespace,
                                    .user = check.user,
                                    .groups = check.groups,
                                    .group_count = check.group_count,
                                    .now = check.now};
    CLEANUP(finding_list_clear) struct finding_list findings;
    finding_list_init(&findings);
    struct check_counts counts;
    check_run(&request, &findings, &counts);
    struct report report = {.findings = &findings,
                            .counts = &counts,
                            .policies = policies,
                            .compares = base != NULL,
                            .exit_code = exit_code_of(&check, &findings, &counts)};
    return write_report(&check, &report);
}
