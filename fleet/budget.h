// Limits over the whole fleet. A policy asks (report.budget), the engine collects what is asked, and a keeper
// counts: over the live inventory and what was promised to others (serve), or over the files at hand (check).
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "fleet/cluster_amounts.h"

enum budget_kind {
    BUDGET_AMOUNT,  // of: clusters, nodes, worker_nodes, control_plane_nodes
    BUDGET_FIELD,   // sum of one field over all objects of the reviewed kind
    BUDGET_UNIQUE,  // nobody else may hold this value (a CIDR that overlaps counts as held)
    BUDGET_DELETES, // clusters deleted by one identity in a window: the mass-delete breaker
};

struct budget_demand {
    enum budget_kind kind;
    const char *name; // "nodes"; the field path of BUDGET_FIELD; "pod_cidrs" or any name of BUDGET_UNIQUE;
                      // "deletes"
    const char
        *per; // "fleet", "region", "provider", "namespace", "version" (minor), "label:NAME", "identity"
    const char *group; // the value of per as cluster_groups_read gives it: "eu-west-1"; "" for the fleet
    const char *value; // BUDGET_UNIQUE: what must be unique, else NULL
    int64_t before;    // what the account held of this group before the change, as the review shows it
    int64_t after;     // and after it. BUDGET_DELETES: how many clusters this delete takes
    int64_t maximum;
    // BUDGET_DELETES: or this many percent of all clusters, the smaller, at least one cluster; 0: not set.
    uint32_t percent;
    uint32_t window_s; // BUDGET_DELETES
    // Over the maximum it is only told (mode warn or audit, or an exception): it holds no promise up, and is
    // promised with the others, so that it counts.
    bool counts_only;
};

// Whose change it is. All borrowed during the call.
struct budget_request {
    struct object_key account; // the Cluster; the object itself where nothing says whose it is
    struct object_key object;  // the reviewed object
    // Other objects that are known to be the account's (those that a Cluster names). Where they count as
    // accounts of their own, because nobody had claimed them, they are this account from now on.
    const struct object_key *parts;
    size_t part_count;
    const char *uid;      // metadata.uid of the object, "" when not known
    int64_t generation;   // metadata.generation that the object will have; 0: not known (/scale)
    int64_t replicas;     // of a /scale, else -1
    bool removes;         // a DELETE
    bool promise;         // false: only say whether it would fit (dry-run, denied anyway, check)
    bool stored;          // it is there already: does all that is there fit? Nothing is promised
    uint64_t deadline_ns; // CLOCK_MONOTONIC; 0: none
    const struct budget_demand *demands;
    size_t demand_count;
};

struct budget_answer {
    bool fits;
    int64_t used;          // by others, without this account; what is promised to them, and to other objects
                           // of this account, included
    int64_t maximum;       // in force (a percentage made into a number)
    const char *holder;    // BUDGET_UNIQUE: "Cluster prod/eu-7" that holds the value; BUDGET_DELETES: the
                           // deletes in the window, "prod/a, prod/b and 3 more"; in the arena, or NULL
    const char *reference; // BUDGET_DELETES: what an approval has to name; in the arena, or NULL
};

struct budget_keeper_methods {
    // Answers all demands at once; when all but those that only count fit and promise is set, all are
    // promised (atomically, also against other replicas), else none. Asking again for the same object
    // replaces its earlier promise. Fails with LIMIT (deadline), IO or CONFLICT: then nothing was promised
    // and the caller must not go on as if it fitted.
    bool (*ask)(void *cookie, const struct budget_request *request, struct arena *arena,
                struct budget_answer *ret_answers, struct error *error);
};

struct budget_keeper {
    const struct budget_keeper_methods *methods;
    void *cookie;
};

// A demand that asks for nothing more than the account had: it is never refused.
static inline bool budget_demand_grows(const struct budget_demand *demand) {
    return demand->after > demand->before;
}
