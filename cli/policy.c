// fleetgate policy list, show, docs and new
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/policy_page.h"
#include "cli/policy_skeleton.h"
#include "cli/policy_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTION_NAMES = OPTION_LONG, OPTION_OUT, OPTION_DIR, MOST_PAGE = 1024 * 1024, MOST_PATH = 4096 };

static int list_main(int argc, char **argv);
static int show_main(int argc, char **argv);
static int docs_main(int argc, char **argv);
static int new_main(int argc, char **argv);

static const struct option_entry list_options[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {OPTION_NAMES, "names", NULL, "print names only", NULL},
    {0, NULL, NULL, NULL, NULL},
};
static const struct option_entry show_options[] = {OPTION_POLICIES, {0, NULL, NULL, NULL, NULL}};
static const struct option_entry docs_options[] = {
    OPTION_CONFIG,
    OPTION_POLICIES,
    {OPTION_OUT, "out", "DIR", "where the pages are written (docs/policies)", NULL},
    {0, NULL, NULL, NULL, NULL},
};
static const struct option_entry new_options[] = {
    {OPTION_DIR, "dir", "DIR", "where the two files are written (the current directory)", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static const struct command inner[] = {
    {.name = "policy list",
     .arguments = "",
     .summary = "Lists the policies",
     .options = list_options,
     .run = list_main},
    {.name = "policy show",
     .arguments = "POLICY",
     .summary = "Prints the text of a policy",
     .options = show_options,
     .run = show_main},
    {.name = "policy docs",
     .arguments = "",
     .summary = "Writes a Markdown page for each policy",
     .options = docs_options,
     .run = docs_main},
    {.name = "policy new",
     .arguments = "NAME",
     .summary = "Writes a policy to start from, and its tests",
     .details = "Files that are there are left alone.\n",
     .options = new_options,
     .run = new_main},
    {.name = NULL},
};

enum { LIST, SHOW, DOCS, NEW };

const struct command policy_command = {
    .name = "policy",
    .arguments = "",
    .summary = "Lists, shows and documents policies, and makes new ones",
    .inner = inner,
    .run = policy_main,
};

int policy_main(int argc, char **argv) {
    return command_run_inner(&policy_command, argc, argv);
}

struct policy_options {
    struct policy_set_request request;
    bool names;
    const char *directory; // --out or --dir
};

// False: the command ends with *ret_code.
static bool read_options(const struct command *command, int argc, char **argv, struct policy_options *options,
                         int *ret_code) {
    struct option_reader reader;
    option_reader_begin(&reader, command, argc, argv);
    options->request.evaluators = 1;
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option == 'c') {
            options->request.configuration = reader.value;
        } else if (option == 'p') {
            options->request.policies = reader.value;
        } else if (option == OPTION_NAMES) {
            options->names = true;
        } else if (option == OPTION_OUT || option == OPTION_DIR) {
            options->directory = reader.value;
        } else {
            *ret_code = options_exit(option);
            return false;
        }
    }
    int wanted = *command->arguments != '\0';
    if (argc - optind != wanted) {
        *ret_code = wanted
                        ? usage_error(command, "name one %s", *command->arguments == 'P' ? "policy" : "name")
                        : usage_error(command, "unexpected argument %s", argv[optind]);
        return false;
    }
    return true;
}

static int fail(const struct command *command, const struct error *error) {
    fprintf(stderr, "fleetgate %s: %s\n", command->name, error->message);
    return EXIT_USAGE;
}

static int list_main(int argc, char **argv) {
    struct policy_options options = {0};
    struct error error = {0};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    int code = EXIT_CLEAN;
    if (!read_options(&inner[LIST], argc, argv, &options, &code)) {
        return code;
    }
    if (!policy_files_load(&options.request, &set, &error)) {
        return fail(&inner[LIST], &error);
    }
    int width = 0;
    for (size_t i = 0; i < policy_set_count(set); i++) {
        int length = (int)strlen(policy_set_policy(set, i)->name);
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_policy(set, i);
        if (options.names) {
            puts(policy->name);
        } else {
            printf("%-*s  %-8s  %-5s  %s\n", width, policy->name, severity_name(policy->severity),
                   policy_mode_text(policy), policy->title);
        }
    }
    return EXIT_CLEAN;
}

static int show_main(int argc, char **argv) {
    struct policy_options options = {0};
    struct error error = {0};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    CLEANUP(policy_files_clear) struct policy_files files = {0};
    int code = EXIT_CLEAN;
    if (!read_options(&inner[SHOW], argc, argv, &options, &code)) {
        return code;
    }
    if (!policy_files_read(options.request.policies, &files, &error) ||
        !policy_files_load(&options.request, &set, &error)) {
        return fail(&inner[SHOW], &error);
    }
    const struct policy *policy = policy_lookup(&inner[SHOW], set, argv[optind]);
    for (size_t i = 0; policy && i < files.count; i++) {
        if (strcmp(files.sources[i].name, policy->file) == 0) {
            fwrite(files.sources[i].text, 1, files.sources[i].length, stdout);
            return EXIT_CLEAN;
        }
    }
    return EXIT_USAGE;
}

// O_EXCL among the flags: a file that is there is left alone.
static bool write_file(const char *directory, const char *name, const struct buffer *text, int flags,
                       struct error *error) {
    char path[MOST_PATH];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file) {
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         errno == EEXIST ? "is there already" : strerror(errno));
    }
    bool good = fwrite(buffer_text(text), 1, text->length, file) == text->length;
    int cause = errno;
    if (fclose(file) != 0 || !good) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(good ? errno : cause));
    }
    printf("%s\n", path);
    return true;
}

static bool make_directories(const char *path, struct error *error) {
    char made[MOST_PATH];
    snprintf(made, sizeof(made), "%s", path);
    for (char *slash = made; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash) {
            *slash = '\0';
        }
        if (mkdir(made, 0777) != 0 && errno != EEXIST) {
            return error_set(error, ERROR_IO, "%s: %s", made, strerror(errno));
        }
        if (slash) {
            *slash = '/';
        }
    }
    return true;
}

static bool write_pages(const struct policy_set *set, const char *directory, struct error *error) {
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_policy(set, i);
        CLEANUP(buffer_clear) struct buffer page;
        buffer_init(&page, MOST_PAGE);
        policy_page_write(policy, &page);
        char name[512];
        snprintf(name, sizeof(name), "%s.md", policy->name);
        if (!write_file(directory, name, &page, O_TRUNC, error)) {
            return false;
        }
    }
    CLEANUP(buffer_clear) struct buffer index;
    buffer_init(&index, MOST_PAGE);
    policy_index_write(set, &index);
    return write_file(directory, "README.md", &index, O_TRUNC, error);
}

static int docs_main(int argc, char **argv) {
    struct policy_options options = {.directory = "docs/policies"};
    struct error error = {0};
    CLEANUP(policy_set_unref) struct policy_set *set = NULL;
    int code = EXIT_CLEAN;
    if (!read_options(&inner[DOCS], argc, argv, &options, &code)) {
        return code;
    }
    if (!policy_files_load(&options.request, &set, &error) || !make_directories(options.directory, &error) ||
        !write_pages(set, options.directory, &error)) {
        return fail(&inner[DOCS], &error);
    }
    return EXIT_CLEAN;
}

static int new_main(int argc, char **argv) {
    struct policy_options options = {.directory = "."};
    struct error error = {0};
    int code = EXIT_CLEAN;
    if (!read_options(&inner[NEW], argc, argv, &options, &code)) {
        return code;
    }
    const char *name = argv[optind];
    if (!policy_name_is_good(name)) {
        return usage_error(&inner[NEW], "%s: a name has lower case letters, digits and -, like region-limits",
                           name);
    }
    CLEANUP(buffer_clear) struct buffer policy;
    CLEANUP(buffer_clear) struct buffer test;
    buffer_init(&policy, MOST_PAGE);
    buffer_init(&test, MOST_PAGE);
    policy_skeleton_write(name, &policy);
    policy_skeleton_test_write(name, &test);
    char file[128];
    char test_file[128];
    snprintf(file, sizeof(file), "%s.lua", name);
    snprintf(test_file, sizeof(test_file), "%s_test.lua", name);
    if (!make_directories(options.directory, &error) ||
        !write_file(options.directory, file, &policy, O_EXCL, &error) ||
        !write_file(options.directory, test_file, &test, O_EXCL, &error)) {
        return fail(&inner[NEW], &error);
    }
    return EXIT_CLEAN;
}
