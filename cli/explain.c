// fleetgate explain: what a policy is for, what it looks at and what it can be told.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/policy_text.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 64 * 1024 };

static const struct option_entry options[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {0, NULL, NULL, NULL, NULL},
};

const struct command explain_command = {
    .name = "explain",
    .arguments = "POLICY",
    .summary = "Says what a policy is for, what it looks at and what it can be told",
    .details = "'fleetgate policy list' names the policies.\n",
    .options = options,
    .run = explain_main,
};

// Every line with that much space in front; empty lines stay empty.
static void print_indented(const char *text, const char *space) {
    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        printf("%s%.*s\n", end > line ? space : "", (int)(end - line), line);
        line = end + (*end == '\n');
    }
}

static void print_params(const struct policy *policy) {
    puts("\nParameters");
    if (policy->params->count == 0) {
        puts("  none");
    }
    for (size_t i = 0; i < policy->params->count; i++) {
        const struct param *param = &policy->params->params[i];
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, MOST_TEXT);
        param_type_text(param, &line);
        buffer_append_text(&line, "; ");
        param_default_text(param, &line);
        printf("  %s (%s)\n", param->name, buffer_text(&line));
        print_indented(param->description ? param->description : "", "      ");
    }
}

static void explain(const struct policy *policy) {
    printf("%s: %s\n", policy->name, policy->title);
    printf("severity %s, category %s, mode %s, from %s\n", severity_name(policy->severity), policy->category,
           policy_mode_text(policy), policy->file);
    if (policy->description) {
        putchar('\n');
        print_indented(policy->description, "");
    }
    printf("\n%s\n", policy->validates && policy->mutates ? "Judges and fills in"
                     : policy->validates                  ? "Judges"
                                                          : "Fills in");
    for (size_t i = 0; i < policy_matcher_count(policy); i++) {
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, MOST_TEXT);
        policy_matcher_text(policy, i, &line);
        printf("  %s\n", buffer_text(&line));
    }
    print_params(policy);
    puts("\nExample");
    CLEANUP(buffer_clear) struct buffer example;
    buffer_init(&example, MOST_TEXT);
    policy_example(policy, &example);
    print_indented(buffer_text(&example), "  ");
    if (policy->docs) {
        printf("\nSee %s\n", policy->docs);
    }
}

int explain_main(int argc, char **argv) {
    struct policy_set_request request = {.evaluators = 1};
    struct option_reader reader;
    option_reader_begin(&reader, &explain_command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option == 'c') {
            request.configuration = reader.value;
        } else if (option == 'p') {
            request.policies = reader.value;
        } else {
            return options_exit(option);
        }
    }
    if (optind + 1 != argc) {
        return usage_error(&explain_command, "name one policy");
    }
    struct error error = {0};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    if (!policy_files_load(&request, &set, &error)) {
        fprintf(stderr, "fleetgate explain: %s\n", error.message);
        return EXIT_USAGE;
    }
    const struct policy *policy = policy_lookup(&explain_command, set, argv[optind]);
    if (!policy) {
        return EXIT_USAGE;
    }
    explain(policy);
    return EXIT_CLEAN;
}
