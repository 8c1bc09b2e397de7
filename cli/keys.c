// fleetgate keys: makes, rotates and lists the keys that attest.
#include "attest/key_rotation.h"
#include "cli/commands.h"

#include <getopt.h>
#include <stdio.h>

enum { OPTION_ID = OPTION_LONG };

static const struct option_entry id_options[] = {
    {OPTION_ID, "id", "ID", "what the key is called: a-z, 0-9 and - (today's date)", NULL},
    {0, NULL, NULL, NULL, NULL},
};

static const struct option_entry no_options[] = {{0, NULL, NULL, NULL, NULL}};

static int new_main(int argc, char **argv);
static int add_main(int argc, char **argv);
static int use_main(int argc, char **argv);
static int drop_main(int argc, char **argv);
static int list_main(int argc, char **argv);

enum { NEW, ADD, USE, DROP, LIST };

static const struct command inner[] = {
    [NEW] = {.name = "keys new",
             .arguments = "FILE",
             .summary = "Makes a key file with one key",
             .details = "Mode 0600; never overwrites. For 'serve --attestation-keys', or as a Secret:\n"
                        "kubectl create secret generic fleetgate-attestation -n NAMESPACE "
                        "--from-file=keys=FILE\n"
                        "\n"
                        "Exit code: 0 made, 2 usage, or refused.\n",
             .options = id_options,
             .run = new_main},
    [ADD] = {.name = "keys add",
             .arguments = "FILE",
             .summary = "Adds a key, which is believed and does not sign yet",
             .details =
                 "The first step of a rotation. The next one, 'keys use', comes once every gate has the\n"
                 "file: /readyz names the keys in force.\n"
                 "\n"
                 "Exit code: 0 added, 2 usage, or refused.\n",
             .options = id_options,
             .run = add_main},
    [USE] = {.name = "keys use",
             .arguments = "FILE ID",
             .summary = "From now on this key signs",
             .details = "The others are believed as before. What they have signed is signed anew when it is\n"
                        "applied the next time.\n"
                        "\n"
                        "Exit code: 0 done, 2 usage, or refused.\n",
             .options = no_options,
             .run = use_main},
    [DROP] = {.name = "keys drop",
              .arguments = "FILE ID",
              .summary = "Takes a key away: what it has signed is believed no more",
              .details = "The key that signs is not dropped; let another one sign first.\n"
                         "\n"
                         "Exit code: 0 done, 2 usage, or refused.\n",
              .options = no_options,
              .run = drop_main},
    [LIST] = {.name = "keys list",
              .arguments = "FILE",
              .summary = "Prints what the keys are called, and which one signs",
              .details = "Nothing of the keys themselves.\n"
                         "\n"
                         "Exit code: 0 printed, 2 usage, or a file that is wrong.\n",
              .options = no_options,
              .run = list_main},
    {.name = NULL},
};

const struct command keys_command = {
    .name = "keys",
    .arguments = "",
    .summary = "Makes and rotates the keys that attest what was allowed",
    .inner = inner,
    .run = keys_main,
};

int keys_main(int argc, char **argv) {
    return command_run_inner(&keys_command, argc, argv);
}

static int fail(const struct command *command, const struct error *error) {
    fprintf(stderr, "fleetgate %s: %s\n", command->name, error->message);
    return EXIT_USAGE;
}

// What a command was given. id NULL: it was not.
struct request {
    const char *file, *id;
};

// EXIT_CLEAN to go on, unless *ret_done.
static int read_request(const struct command *command, int argc, char **argv, int operands,
                        struct request *ret_request, bool *ret_done) {
    struct option_reader reader;
    option_reader_begin(&reader, command, argc, argv);
    for (int option; (option = option_reader_next(&reader)) != OPTION_END;) {
        if (option != OPTION_ID) {
            *ret_done = true;
            return options_exit(option);
        }
        ret_request->id = reader.value;
    }
    if (argc - optind != operands) {
        return usage_error(command, "want %s", command->arguments);
    }
    ret_request->file = argv[optind];
    if (operands > 1) {
        ret_request->id = argv[optind + 1];
    }
    return EXIT_CLEAN;
}

static int new_main(int argc, char **argv) {
    struct request request = {0};
    bool done = false;
    int code = read_request(&inner[NEW], argc, argv, 1, &request, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    char id[KEY_ID_BYTES];
    struct error error = {0};
    if (!key_rotation_begin(request.file, request.id, id, &error)) {
        return fail(&inner[NEW], &error);
    }
    printf("%s: the key %s signs\n", request.file, id);
    return EXIT_CLEAN;
}

// told: what is so now, of the key.
static int step(int index, enum key_step step, int operands, const char *told, int argc, char **argv) {
    struct request request = {0};
    bool done = false;
    int code = read_request(&inner[index], argc, argv, operands, &request, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    char id[KEY_ID_BYTES];
    struct error error = {0};
    if (!key_rotation_step(request.file, step, request.id, id, &error)) {
        return fail(&inner[index], &error);
    }
    printf("%s: the key %s %s\n", request.file, id, told);
    return EXIT_CLEAN;
}

static int add_main(int argc, char **argv) {
    return step(ADD, KEY_STEP_ADD, 1, "is believed; 'fleetgate keys use' lets it sign", argc, argv);
}

static int use_main(int argc, char **argv) {
    return step(USE, KEY_STEP_USE, 2, "signs", argc, argv);
}

static int drop_main(int argc, char **argv) {
    return step(DROP, KEY_STEP_DROP, 2, "is gone", argc, argv);
}

static int list_main(int argc, char **argv) {
    struct request request = {0};
    bool done = false;
    int code = read_request(&inner[LIST], argc, argv, 1, &request, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_load(request.file, &ring, &error)) {
        return fail(&inner[LIST], &error);
    }
    for (size_t i = 0; i < key_ring_count(ring); i++) {
        printf("%s %s\n", key_ring_id(ring, i), i == 0 ? "signs" : "is believed");
    }
    return EXIT_CLEAN;
}
