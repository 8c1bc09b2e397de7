// Keeps limits exact: counts what the inventory holds and what was promised to changes on their way, in this
// process and in all replicas. Trips the mass-delete breaker.
#pragma once

#include "fleet/inventory.h"
#include "manager/shared_store.h"

#define LEDGER_DOCUMENT "fleetgate-promises"
enum { LEDGER_MOST_PROMISES = 2000 };

struct ledger_options {
    struct inventory *inventory;      // borrowed until ledger_free
    const struct shared_store *store; // borrowed until ledger_free; NULL: this is the only replica
    // Where the breaker is kept when store is NULL: it outlives the process, and can be approved from
    // outside. NULL: as store.
    const struct shared_store *breaker_store;
    const char *replica; // this one's name: the pod's
    // Reads the object from the API server now, and puts what it finds into the inventory (or removes what is
    // gone). False: it can't be told. Called from any thread, without a lock. May be NULL.
    bool (*look)(void *cookie, const struct object_key *object, bool *ret_exists);
    void *cookie;
    // For tests; NULL: the system's. UTC.
    int64_t (*clock_ms)(void *cookie);
    unsigned life_ms; // of a promise; 0: 30 s
};

struct ledger;

MUST_CHECK bool ledger_new(const struct ledger_options *options, struct ledger **ret_ledger,
                           struct error *error);
// No thread may be in an ask.
void ledger_free(struct ledger *ledger);
DEFINE_CLEANUP(ledger_free, struct ledger *)

// Borrowed until ledger_free. Any thread.
const struct budget_keeper *ledger_keeper(struct ledger *ledger);

struct ledger_stats {
    size_t promises, unshown; // live; and of them, those that the inventory does not show yet
    size_t tripped;           // identities
    uint64_t asks, refused, trips;
    uint64_t writes, conflicts, store_errors;
    uint64_t given_back; // promises whose change was never stored
};
struct ledger_stats ledger_stats(struct ledger *ledger); // any thread
