// A replica with a fake inventory, and short ways to ask it.
#pragma once

#include "manager/ledger.h"
#include "tests/manager/fake_inventory.h"
#include "tests/manager/memory_store.h"

struct replica {
    struct inventory *inventory;
    struct memory_store way;
    struct ledger *ledger;
    struct ledger_options options;
};

// server NULL: the only replica. The options' other members may be set before.
void replica_start(struct replica *replica, struct memory_server *server, unsigned seed);
void replica_stop(struct replica *replica);

// A demand of one group: clusters or nodes in a region.
struct wish {
    const char *kind, *name; // of the object
    const char *cluster;     // its Cluster's name; NULL: the object is its own account
    const char *uid;         // NULL: like the name
    const char *of;          // "clusters", "nodes"
    int64_t before, after, maximum, generation, replicas;
    bool dry_run;
    uint64_t patience_ms; // 0: none
    const struct object_key *part;
};
enum outcome { FITS, REFUSED, FAILED };
enum outcome replica_ask(struct replica *replica, const struct wish *wish);

struct delete_wish {
    const char *name, *uid, *identity;
    int64_t maximum;
    uint32_t percent;
    bool dry_run, counts_only;
};
// ret_reference: 16 bytes, "" without one; may be NULL.
enum outcome replica_delete(struct replica *replica, const struct delete_wish *wish, char *ret_reference);
