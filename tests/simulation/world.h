// Everything of one run: a virtual clock, the stored objects, the cloud, the processes that reconcile, and
// what is known of what they may do. All of it follows from the seed.
#pragma once

#include "attest/key_ring.h"
#include "embedded/attested_store.h"
#include "embedded/database_store.h"
#include "embedded/object_database.h"
#include "reconciler/providers/sim.h"
#include "reconciler/reconcile_settings.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/declared.h"
#include "tests/simulation/process.h"
#include "tests/simulation/rules.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/wire.h"
#include "tests/support/random.h"

// What is made wrong on purpose, to see that somebody notices.
enum broken {
    BROKEN_NOTHING,
    BROKEN_TOKENS,      // each call to the cloud gets a token of its own
    BROKEN_ORDER,       // pools are upgraded before their control plane
    BROKEN_STEPS,       // upgrades take two minors at a time
    BROKEN_POLICIES,    // the policies that judge allow everything
    BROKEN_ATTESTATION, // nobody asks for attestations
    BROKEN_DELETE,      // steps become deletes
    BROKEN_SCALE,       // pools become larger than asked
    BROKEN_RECORD,      // what is recorded is not stored
    BROKEN_PLACES,      // as many may change at one time as like
    BROKEN_WAVES,       // nobody waits for canaries
    BROKEN_COUNT,
};
extern const char *const broken_names[BROKEN_COUNT];

struct world_options {
    uint64_t seed;
    enum broken broken;
    int64_t crash_at; // await point at which the process dies; 0: as chance has it; -1: never
    bool prints;      // the trace
};

struct world {
    const struct world_shared *shared;
    uint64_t seed;
    enum broken broken;
    int64_t crash_at, await_count;
    double crash_chance; // of each await point, while faults are on
    struct random driver, network;
    struct trace trace;
    struct event_loop *loop;
    struct object_database *database;
    struct attested_store *attested_store; // what is patched comes through /mutate
    struct database_store *database_store;
    struct object_store store; // what a call that arrives reaches
    struct sim *sim;
    struct provider cloud;
    struct wire_faults faults;
    struct wire_call *calls;
    struct told *told;
    struct process *processes;
    struct process nobody; // whose events are dropped
    unsigned process_count;
    struct rules rules;
    struct policy_set *policies; // borrowed from the shared ones
    struct key_ring *keys;
    bool attests;
    const char *default_provider;
    struct reconcile_settings settings;
    struct declared_cluster clusters[DECLARED_CLUSTERS];
    size_t cluster_count;
    struct checker checker;
    int64_t last_write_ms, last_start_ms; // of a process; -1: none yet
    int64_t took_over_ms;                 // when a second leader began; -1: never
};

// What is the same in every run: policies and keys.
struct world_shared {
    struct policy_set *policies[RULES_PROFILES];
    struct policy_set *allow_all;
    struct key_ring *keys, *next_keys; // next: another one signs, all are believed
};
MUST_CHECK bool world_shared_load(struct world_shared *ret_shared, struct error *error);
void world_shared_free(struct world_shared *shared);

struct world_result {
    const char *invariant; // NULL: all held
    char violation[TRACE_VIOLATION_BYTES];
    uint64_t digest, events;
    int64_t awaits, virtual_ms;
    struct checker_counts counts;
};
// last_lines: of the trace, printed when an invariant did not hold.
void world_run(const struct world_shared *shared, const struct world_options *options, unsigned last_lines,
               struct world_result *ret_result);

int64_t world_now_ms(const struct world *world);
void world_set_rules(struct world *world, int64_t profile);
// For calls of strangers.
void world_ignore_answer(void *cookie, const struct provider_answer *answer);
// An await point of this process. True: it has died here.
bool world_await(struct process *process, const char *what, const char *verb, const struct object_key *key);
// The harness itself is wrong.
_Noreturn void world_fail(struct world *world, const struct error *error);
// What a request that reaches the cloud becomes where something is broken on purpose.
void broken_request(struct world *world, struct arena *arena, struct provider_request *request);
