// fleetgate breaker: shows who tripped the mass-delete breaker, and lets them go on.
#include "manager/breaker.h"
#include "base/clock.h"
#include "cli/cluster_options.h"
#include "cli/commands.h"
#include "cli/state_options.h"
#include "embedded/shared_documents.h"
#include "embedded/state_directory.h"
#include "manager/shared_store_kube.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    OPTION_NAMESPACE = OPTION_LONG,
    OPTION_OWNER,
    OPTION_REASON,
    MOST_TRIES = 8,
    MOST_DOCUMENT_BYTES = 1024 * 1024,
    PATIENCE_S = 20,
};
#define DEFAULT_NAMESPACE "fleetgate-system"

#define PLACE_OPTIONS                                                                                        \
    OPTIONS_STATE, OPTIONS_CLUSTER, {                                                                        \
        OPTION_NAMESPACE, "namespace", "NAME", "namespace of the gate (" DEFAULT_NAMESPACE ")", NULL         \
    }

static const struct option_entry list_options[] = {
    PLACE_OPTIONS,
    {0, NULL, NULL, NULL, NULL},
};

static const struct option_entry approve_options[] = {
    {OPTION_OWNER, "owner", "WHO", "who approves (needed)", NULL},
    {OPTION_REASON, "reason", "WHY", "why these deletes are meant (needed)", NULL},
    PLACE_OPTIONS,
    {0, NULL, NULL, NULL, NULL},
};

static int list_main(int argc, char **argv);
static int approve_main(int argc, char **argv);

static const struct command inner[] = {
    {.name = "breaker list",
     .arguments = "",
     .summary = "Prints who has to wait for an approval, what they deleted, and what was approved",
     .details = "Reads the management cluster, or with --fleet or --state what 'fleetgate run' keeps.\n"
                "\n"
                "Exit code: 0 nobody waits, 1 somebody does, 2 usage, or nothing can be read.\n",
     .options = list_options,
     .run = list_main},
    {.name = "breaker approve",
     .arguments = "REFERENCE",
     .summary = "Lets the identity that tripped the breaker delete again, with a fresh window",
     .details = "REFERENCE stands in the denial and in 'fleetgate breaker list'. The approval is recorded\n"
                "with its owner and reason for 30 days, in the management cluster, or with --fleet or\n"
                "--state in what 'fleetgate run' keeps.\n"
                "\n"
                "Exit code: 0 approved, 2 usage, nothing waits for it, or it can't be recorded.\n",
     .options = approve_options,
     .run = approve_main},
    {.name = NULL},
};

const struct command breaker_command = {
    .name = "breaker",
    .arguments = "",
    .summary = "Shows and resets the mass-delete breaker",
    .inner = inner,
    .run = breaker_main,
};

int breaker_main(int argc, char **argv) {
    return command_run_inner(&breaker_command, argc, argv);
}

struct place {
    struct state_options state;
    struct cluster_options cluster;
    const char *namespace, *owner, *reason;
};

// Where the breaker's document is.
struct keeper {
    struct kube_client *client;
    struct shared_store_kube *kube;
    struct shared_documents *documents;
    const struct shared_store *store;
    const char *kind; // of thing that keeps it
};

static void keeper_clear_cleanup(struct keeper *keeper) {
    shared_store_kube_free(keeper->kube);
    kube_client_free(keeper->client);
    shared_documents_free(keeper->documents);
}

// EXIT_CLEAN to go on, unless *ret_done.
static int read_place(struct option_reader *reader, struct place *place, bool *ret_done) {
    for (int option; (option = option_reader_next(reader)) != OPTION_END;) {
        if (state_options_read(&place->state, option, reader->value) ||
            cluster_options_read(&place->cluster, option, reader->value)) {
            continue;
        }
        if (option == OPTION_NAMESPACE) {
            place->namespace = reader->value;
        } else if (option == OPTION_OWNER) {
            place->owner = reader->value;
        } else if (option == OPTION_REASON) {
            place->reason = reader->value;
        } else {
            *ret_done = true;
            return options_exit(option);
        }
    }
    if (state_options_given(&place->state) && (place->namespace || cluster_options_given(&place->cluster))) {
        return usage_error(reader->command, "--fleet and --state name a 'fleetgate run', the other options a "
                                            "management cluster: want one of them");
    }
    return EXIT_CLEAN;
}

static bool open_local(const struct place *place, struct keeper *ret_keeper, struct error *error) {
    char folder[PATH_MAX], path[PATH_MAX + sizeof("/" STATE_SHARED_FILE)];
    if (!state_options_find(&place->state, folder, error)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/" STATE_SHARED_FILE, folder);
    ret_keeper->documents = shared_documents_new(path);
    ret_keeper->store = shared_documents_store(ret_keeper->documents);
    ret_keeper->kind = "document";
    return true;
}

static bool open_keeper(const struct place *place, struct keeper *ret_keeper, struct error *error) {
    if (state_options_given(&place->state)) {
        return open_local(place, ret_keeper, error);
    }
    struct kube_client_options options = {.user_agent = "fleetgate/" FLEETGATE_VERSION};
    if (!cluster_options_load(&place->cluster, &options.config, error) ||
        !kube_client_new(&options, &ret_keeper->client, error)) {
        return false;
    }
    ret_keeper->kube =
        shared_store_kube_new(ret_keeper->client, place->namespace ? place->namespace : DEFAULT_NAMESPACE);
    ret_keeper->store = shared_store_kube(ret_keeper->kube);
    ret_keeper->kind = "ConfigMap";
    return true;
}

static uint64_t deadline(void) {
    return clock_now_ns() + PATIENCE_S * UINT64_C(1000000000);
}

static bool read_breaker(const struct keeper *keeper, char version[SHARED_VERSION_BYTES],
                         struct breaker **ret_breaker, struct error *error) {
    CLEANUP(free) char *text = NULL;
    const struct shared_store *store = keeper->store;
    assert(store); // open_keeper went well
    return store->methods->read(store->cookie, BREAKER_DOCUMENT, deadline(), &text, version, error) &&
           (breaker_read(text, ret_breaker, error) ||
            error_wrap(error, "%s %s", keeper->kind, BREAKER_DOCUMENT));
}

static int fail(const char *command, const struct error *error) {
    fprintf(stderr, "fleetgate %s: %s\n", command, error->message);
    return EXIT_USAGE;
}

static void print_time(const char *label, int64_t at_ms) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    printf("  %-9s %s\n", label, text);
}

static void print_go_on(const struct state_options *state, const char *reference) {
    printf("  %-9s fleetgate breaker approve %s", "go on", reference);
    if (state_options_given(state)) {
        printf(" %s %s", state->state ? "--state" : "--fleet", state->state ? state->state : state->fleet);
    }
    puts(" --owner WHO --reason WHY");
}

static void print_identity(const struct breaker_identity *identity, const struct state_options *state,
                           struct arena *arena) {
    const char *deletes = breaker_list_deletes(identity, arena);
    if (!identity->reference) {
        printf("%s\n  in %" PRId64 " s  %s\n", identity->name, identity->window_s,
               deletes ? deletes : "nothing");
        return;
    }
    printf("%s  %s\n", identity->reference, identity->name);
    print_time("tripped", identity->tripped_ms);
    printf("  %-9s %s\n  %-9s %s\n", "refused", identity->refused, "deleted",
           deletes ? deletes : "nothing before");
    print_go_on(state, identity->reference);
}

static int print_breaker(const struct breaker *breaker, const struct state_options *state,
                         struct arena *arena) {
    bool waits = false;
    for (size_t i = 0; i < breaker->identity_count; i++) {
        print_identity(&breaker->identities[i], state, arena);
        waits |= breaker->identities[i].reference != NULL;
    }
    for (size_t i = breaker->approval_count; i-- > 0;) {
        const struct breaker_approval *approval = &breaker->approvals[i];
        printf("%s  %s\n", approval->reference, approval->identity);
        print_time("approved", approval->at_ms);
        printf("  %-9s %s\n  %-9s %s\n", "by", approval->owner, "because", approval->reason);
    }
    if (breaker->identity_count + breaker->approval_count == 0) {
        puts("no cluster was deleted lately");
    }
    return waits ? EXIT_DENIED : EXIT_CLEAN;
}

static int list_main(int argc, char **argv) {
    struct option_reader reader;
    struct place place = {0};
    bool done = false;
    option_reader_begin(&reader, &inner[0], argc, argv);
    int code = read_place(&reader, &place, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    if (optind < argc) {
        return usage_error(reader.command, "unexpected %s", argv[optind]);
    }
    CLEANUP(keeper_clear) struct keeper keeper = {0};
    CLEANUP(breaker_free) struct breaker *breaker = NULL;
    struct error error = {0};
    char version[SHARED_VERSION_BYTES];
    if (!open_keeper(&place, &keeper, &error) || !read_breaker(&keeper, version, &breaker, &error)) {
        return fail("breaker list", &error);
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    breaker_prune(breaker, (int64_t)time(NULL) * 1000);
    return print_breaker(breaker, &place.state, arena);
}

// An earlier try without an answer may have done it.
static bool is_recorded(const struct breaker *breaker, const struct breaker_approval *approval) {
    for (size_t i = 0; i < breaker->approval_count; i++) {
        const struct breaker_approval *known = &breaker->approvals[i];
        if (strcmp(known->reference, approval->reference) == 0 && known->at_ms == approval->at_ms &&
            strcmp(known->owner, approval->owner) == 0) {
            return true;
        }
    }
    return false;
}

static bool approve_once(const struct keeper *keeper, const struct breaker_approval *approval,
                         bool *ret_again, struct error *error) {
    CLEANUP(breaker_free) struct breaker *breaker = NULL;
    CLEANUP(buffer_clear) struct buffer text;
    char version[SHARED_VERSION_BYTES];
    buffer_init(&text, MOST_DOCUMENT_BYTES);
    *ret_again = false;
    if (!read_breaker(keeper, version, &breaker, error)) {
        return false;
    }
    if (is_recorded(breaker, approval)) {
        return true;
    }
    if (!breaker_approve(breaker, approval, error)) {
        return false;
    }
    breaker_prune(breaker, approval->at_ms);
    breaker_write(breaker, &text);
    *ret_again = true;
    const struct shared_store *store = keeper->store;
    return store->methods->write(store->cookie, BREAKER_DOCUMENT, buffer_text(&text), version, deadline(),
                                 version, error);
}

static int approve(const struct place *place, const char *reference) {
    CLEANUP(keeper_clear) struct keeper keeper = {0};
    struct error error = {0};
    if (!open_keeper(place, &keeper, &error)) {
        return fail("breaker approve", &error);
    }
    struct breaker_approval approval = {reference, NULL, place->owner, place->reason,
                                        (int64_t)time(NULL) * 1000};
    bool again = true;
    bool approved = false;
    for (int i = 0; i < MOST_TRIES && again && !approved; i++) {
        approved = approve_once(&keeper, &approval, &again, &error);
    }
    if (!approved) {
        return fail("breaker approve", &error);
    }
    printf("%s is approved by %s: %s\n", reference, place->owner, place->reason);
    return EXIT_CLEAN;
}

static int approve_main(int argc, char **argv) {
    struct option_reader reader;
    struct place place = {0};
    bool done = false;
    option_reader_begin(&reader, &inner[1], argc, argv);
    int code = read_place(&reader, &place, &done);
    if (done || code != EXIT_CLEAN) {
        return code;
    }
    if (argc - optind != 1) {
        return usage_error(reader.command, "want one REFERENCE, got %d; the denial names it", argc - optind);
    }
    if (!place.owner || !place.reason) {
        return usage_error(reader.command, "%s is missing: an approval is recorded with who and why",
                           place.owner ? "--reason" : "--owner");
    }
    return approve(&place, argv[optind]);
}
