// One process that reconciles: its own inventory, fed by a watch that lags, and its own network. It may die
// at any await point; what it has sent is still under way then.
#pragma once

#include "fleet/inventory.h"
#include "reconciler/reconcile_settings.h"
#include "reconciler/reconciler.h"

struct world;

enum { PROCESS_LANES = 6 };

struct process {
    struct world *world;
    unsigned number;
    bool dead;                          // nothing that it does has an effect any more
    bool leads;                         // thinks so
    int64_t ends_ms;                    // an old leader that will be gone then; 0: no end
    struct reconcile_settings settings; // as this process knows them
    struct inventory *inventory;
    struct named_provider provider;
    struct reconciler *reconciler;      // NULL once it is buried
    int64_t lane_due_ms[PROCESS_LANES]; // events of one kind come in order, those of two kinds need not
    struct process *next;
};

// Reads all that is stored and begins to work. The world owns it.
struct process *process_start(struct world *world);
// From inside of any callback: it is freed in the next turn.
void process_die(struct process *process, const char *where);
void process_free_all(struct world *world);

// What the watch tells all that live, each at its own time. object NULL: it was removed.
void process_tell_all(struct world *world, const struct object_key *key, const struct node *object);
// The watch was cut: everything is listed again.
void process_relist(struct process *process);
