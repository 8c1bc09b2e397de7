// A management cluster in memory with the real parts: objects in SQLite, the inventory, policies, the
// embedded cloud and the reconciler, on a virtual clock.
#pragma once

#include "base/buffer.h"
#include "embedded/database_store.h"
#include "engine/policy_set.h"
#include "fleet/inventory.h"
#include "reconciler/cluster_status.h"
#include "reconciler/providers/sim.h"
#include "reconciler/reconciler.h"

struct fleet_fixture {
    struct event_loop *loop;
    struct object_database *database;
    struct database_store *store;
    struct inventory *inventory;
    struct sim *sim, *far; // the providers "sim" and "far"
    struct policy_set *policies;
    struct key_ring *keys;
    char key_line[200]; // of its key file
    struct reconcile_settings settings;
    struct reconciler *reconciler;
    struct reconciler *twin; // a second one, NULL: none
    bool attests;            // asked when a reconciler starts, as is default_provider
    const char *default_provider;
    size_t events, decisions;
    char last_event[512];
    struct buffer event_log;                          // one line an event: "[!]REASON KIND NAME: MESSAGE"
    const char *throttled;                            // Secret that can't be read now; NULL: none
    struct buffer removals;                           // what a reconciler removed, one line each: "KIND NAME"
    void (*each_turn)(struct fleet_fixture *fixture); // called after each turn of fleet_fixture_run
};

// policies: Lua sources, ended by NULL.
void fleet_fixture_begin(struct fleet_fixture *fixture, const char *const *policies);
void fleet_fixture_end(struct fleet_fixture *fixture);
// The reconciler ends here and now, and another begins with what is stored.
void fleet_fixture_restart(struct fleet_fixture *fixture);
// Another reconciler on the same store and the same cloud, which does not know of the first.
void fleet_fixture_begin_twin(struct fleet_fixture *fixture);
void fleet_fixture_end_twin(struct fleet_fixture *fixture);
// JSON objects; writes them as an API server would after admission.
void fleet_fixture_apply(struct fleet_fixture *fixture, const char *object);
void fleet_fixture_patch(struct fleet_fixture *fixture, const char *kind, const char *name,
                         const char *patch);
// The same of its status.
void fleet_fixture_report(struct fleet_fixture *fixture, const char *kind, const char *name,
                          const char *patch);
void fleet_fixture_delete(struct fleet_fixture *fixture, const char *kind, const char *name);
// The same through admission: what is written carries the annotation that /mutate gives it.
void fleet_fixture_admit(struct fleet_fixture *fixture, const char *object);
void fleet_fixture_admit_patch(struct fleet_fixture *fixture, const char *kind, const char *name,
                               const char *patch);
// What the reconciler has told people since the last fleet_fixture_forget_events.
bool fleet_fixture_told(const struct fleet_fixture *fixture, const char *words);
void fleet_fixture_forget_events(struct fleet_fixture *fixture);
// Lets virtual time pass.
void fleet_fixture_run(struct fleet_fixture *fixture, int64_t seconds);
// The text at path of an object in namespace prod; "" when it is not there. Valid until the next call.
const char *fleet_fixture_read(struct fleet_fixture *fixture, const char *kind, const char *name,
                               const char *path);
// Status of a metav1 condition of the object, "" when it has none.
const char *fleet_fixture_condition(struct fleet_fixture *fixture, const char *kind, const char *name,
                                    const char *type, const char **ret_message);
bool fleet_fixture_exists(struct fleet_fixture *fixture, const char *kind, const char *name);
// The cluster of the provider sim as "version state pool=version:ready/replicas …", "" when there is none.
const char *fleet_fixture_cloud(struct fleet_fixture *fixture, const char *id);
