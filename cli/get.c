// fleetgate get: clusters and decisions, from the state of 'fleetgate run' or an API server.
#include "cli/cluster_options.h"
#include "cli/commands.h"
#include "cli/object_views.h"
#include "cli/state_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OPTION_DENIED = OPTION_LONG, OPTION_LAST, MOST_LAST = 10000 };

static const char *const formats[] = {"table", "wide", "json", NULL};

#define OPTIONS_VIEW                                                                                         \
    {'n', "namespace", "NAME", "of this namespace only (all)", NULL}, {                                      \
        'o', "output", "FMT", "table, wide or json", formats                                                 \
    }

static const struct option_entry cluster_entries[] = {
    OPTIONS_STATE,
    OPTIONS_CLUSTER,
    OPTIONS_VIEW,
    {0, NULL, NULL, NULL, NULL},
};

static const struct option_entry decision_entries[] = {
    OPTIONS_STATE,
    OPTIONS_VIEW,
    {OPTION_DENIED, "denied", NULL, "only what was denied", NULL},
    {OPTION_LAST, "last", "N", "the newest N only (50; 0: all that are kept)", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static int clusters_main(int argc, char **argv);
static int decisions_main(int argc, char **argv);

static const struct command inner[] = {
    {.name = "get clusters",
     .arguments = "",
     .summary = "Prints every cluster: provider, region, phase, version, nodes, and whether it is approved",
     .details = "Reads the state of 'fleetgate run', also while it runs, or with --kubeconfig, --context or\n"
                "--in-cluster the objects of a management cluster.\n"
                "\n"
                "Exit code: 0 printed, 2 usage, or nothing can be read.\n",
     .options = cluster_entries,
     .run = clusters_main},
    {.name = "get decisions",
     .arguments = "",
     .summary = "Prints what the doors have decided, the newest first",
     .details = "'fleetgate run' keeps the newest 10,000 decisions of both doors: admission, where the\n"
                "directory's changes come in, and reconcile, before they are carried out.\n"
                "\n"
                "Exit code: 0 printed, 2 usage, or nothing can be read.\n",
     .options = decision_entries,
     .run = decisions_main},
    {.name = NULL},
};

const struct command get_command = {
    .name = "get",
    .arguments = "",
    .summary = "Prints clusters and decisions",
    .inner = inner,
    .run = get_main,
};

int get_main(int argc, char **argv) {
    return command_run_inner(&get_command, argc, argv);
}

struct get_options {
    struct state_options state;
    struct cluster_options cluster;
    const char *namespace;
    enum view_format format;
    bool denied_only;
    size_t last;
};

static bool read_last(const char *text, size_t *ret_last) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno != 0 || value > MOST_LAST) {
        return false;
    }
    *ret_last = value;
    return true;
}

// False: the command ends with *ret_code.
static bool read_options(struct option_reader *reader, struct get_options *get, int *ret_code) {
    for (int option; (option = option_reader_next(reader)) != OPTION_END;) {
        if (state_options_read(&get->state, option, reader->value) ||
            cluster_options_read(&get->cluster, option, reader->value)) {
            continue;
        }
        int index = option == 'o' ? option_choice(formats, reader->value) : 0;
        if (index < 0) {
            *ret_code =
                usage_error(reader->command, "--output: want table, wide or json, got %s", reader->value);
            return false;
        }
        if (option == 'o') {
            get->format = (enum view_format)index;
        } else if (option == 'n') {
            get->namespace = reader->value;
        } else if (option == OPTION_DENIED) {
            get->denied_only = true;
        } else if (option == OPTION_LAST) {
            if (!read_last(reader->value, &get->last)) {
                *ret_code =
                    usage_error(reader->command, "--last: want 0 to %d, got %s", MOST_LAST, reader->value);
                return false;
            }
        } else {
            *ret_code = options_exit(option);
            return false;
        }
    }
    if (optind < reader->argc) {
        *ret_code = usage_error(reader->command, "unexpected argument %s", reader->argv[optind]);
        return false;
    }
    return true;
}

static int fail(const struct option_reader *reader, const struct error *error) {
    fprintf(stderr, "fleetgate %s: %s\n", reader->command->name, error->message);
    return EXIT_USAGE;
}

static int clusters_main(int argc, char **argv) {
    struct get_options get = {0};
    struct option_reader reader;
    struct error error = {0};
    int code = EXIT_USAGE;
    option_reader_begin(&reader, &inner[0], argc, argv);
    if (!read_options(&reader, &get, &code)) {
        return code;
    }
    CLEANUP(stored_fleet_free) struct stored_fleet *fleet = NULL;
    if (!stored_fleet_read(&get.state, &get.cluster, get.namespace, &fleet, &error)) {
        return fail(&reader, &error);
    }
    clusters_print(fleet, get.namespace, get.format, time(NULL), stdout);
    return EXIT_CLEAN;
}

static int decisions_main(int argc, char **argv) {
    struct get_options get = {.last = 50};
    struct option_reader reader;
    struct error error = {0};
    int code = EXIT_USAGE;
    option_reader_begin(&reader, &inner[1], argc, argv);
    if (!read_options(&reader, &get, &code)) {
        return code;
    }
    CLEANUP(stored_fleet_free) struct stored_fleet *fleet = NULL;
    const struct decision_view view = {.namespace = get.namespace,
                                       .denied_only = get.denied_only,
                                       .most = get.last,
                                       .format = get.format,
                                       .now_s = time(NULL)};
    if (!stored_fleet_read(&get.state, &get.cluster, get.namespace, &fleet, &error) ||
        !decisions_print(fleet, &view, stdout, &error)) {
        return fail(&reader, &error);
    }
    return EXIT_CLEAN;
}
