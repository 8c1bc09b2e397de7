// fleetgate describe: one cluster as a tree.
#include "cli/cluster_options.h"
#include "cli/commands.h"
#include "cli/object_views.h"
#include "cli/state_options.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const formats[] = {"tree", "json", NULL};

static const struct option_entry entries[] = {
    OPTIONS_STATE,
    OPTIONS_CLUSTER,
    {'o', "output", "FMT", "tree or json", formats},
    {0, NULL, NULL, NULL, NULL},
};

static int cluster_main(int argc, char **argv);

static const struct command inner[] = {
    {.name = "describe cluster",
     .arguments = "[NAMESPACE/]NAME",
     .summary = "Prints a cluster as a tree: infrastructure, control plane, pools, and what became of them",
     .details = "Below the tree: what is being done, what is not approved and why, the last decisions and\n"
                "events. Reads the state of 'fleetgate run', also while it runs, or with --kubeconfig,\n"
                "--context or --in-cluster the objects of a management cluster. NAMESPACE may be left out\n"
                "where only one cluster has that name.\n"
                "\n"
                "Exit code: 0 printed, 2 usage, there is no such cluster, or nothing can be read.\n",
     .options = entries,
     .run = cluster_main},
    {.name = NULL},
};

const struct command describe_command = {
    .name = "describe",
    .arguments = "",
    .summary = "Prints one cluster with all that belongs to it",
    .inner = inner,
    .run = describe_main,
};

int describe_main(int argc, char **argv) {
    return command_run_inner(&describe_command, argc, argv);
}

// "NAMESPACE/NAME" or "NAME"; NULL: there is none, or more than one.
static const struct object_key *find_cluster(const struct stored_fleet *fleet, const char *name,
                                             struct error *error) {
    const char *slash = strchr(name, '/');
    const struct object_key *found = NULL;
    const struct object_key *key;
    for (size_t i = 0; (key = stored_fleet_cluster(fleet, i)); i++) {
        bool in_namespace = !slash || (strlen(key->namespace) == (size_t)(slash - name) &&
                                       strncmp(key->namespace, name, (size_t)(slash - name)) == 0);
        if (!in_namespace || strcmp(key->name, slash ? slash + 1 : name) != 0) {
            continue;
        }
        if (found) {
            error_set(error, ERROR_INVALID, "there are %s/%s and %s/%s: name the namespace too",
                      found->namespace, found->name, key->namespace, key->name);
            return NULL;
        }
        found = key;
    }
    if (!found) {
        error_set(error, ERROR_NOT_FOUND, "there is no cluster %s", name);
    }
    return found;
}

static int fail(const struct error *error) {
    fprintf(stderr, "fleetgate describe cluster: %s\n", error->message);
    return EXIT_USAGE;
}

static int cluster_main(int argc, char **argv) {
    struct state_options state = {0};
    struct cluster_options cluster = {0};
    struct option_reader reader;
    struct error error = {0};
    int format = 0;
    option_reader_begin(&reader, &inner[0], argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (state_options_read(&state, option, reader.value) ||
            cluster_options_read(&cluster, option, reader.value)) {
            continue;
        }
        if (option != 'o') {
            return options_exit(option);
        }
        format = option_choice(formats, reader.value);
        if (format < 0) {
            return usage_error(reader.command, "--output: want tree or json, got %s", reader.value);
        }
    }
    if (optind + 1 != argc) {
        return usage_error(reader.command, "want one [NAMESPACE/]NAME, got %d", argc - optind);
    }
    CLEANUP(stored_fleet_free) struct stored_fleet *fleet = NULL;
    if (!stored_fleet_read(&state, &cluster, NULL, &fleet, &error)) {
        return fail(&error);
    }
    const struct object_key *key = find_cluster(fleet, argv[optind], &error);
    bool done = key && (format == 0 ? cluster_tree_print(fleet, key, time(NULL), stdout, &error)
                                    : cluster_tree_print_json(fleet, key, stdout, &error));
    return done ? EXIT_CLEAN : fail(&error);
}
