// A management cluster on a virtual clock for the bench: objects in SQLite, the inventory, the reconciler and
// the embedded cloud on one thread, and counters of what it asks of the store and of the cloud.
#pragma once

#include "embedded/database_store.h"
#include "engine/policy_set.h"
#include "fleet/inventory.h"
#include "reconciler/providers/sim.h"
#include "reconciler/reconciler.h"

enum {
    RECONCILE_FLEET_OBJECTS = 7
}; // of a cluster: its own, infrastructure, control plane, two pools of two

struct reconcile_fleet {
    struct event_loop *loop;
    struct object_database *database;
    struct database_store *database_store;
    struct object_store store; // of database_store
    struct provider provider;  // of sim
    struct inventory *inventory;
    struct sim *sim;
    struct policy_set *policies;
    struct key_ring *keys;
    struct reconcile_settings settings;
    struct reconciler *reconciler;
    uint64_t calls;   // of the cloud
    uint64_t records; // Secrets that were written
};

// path: of the database, NULL: in memory. Ends the process when something fails.
void reconcile_fleet_begin(struct reconcile_fleet *fleet, const char *path, double pace);
void reconcile_fleet_end(struct reconcile_fleet *fleet);
// Cluster i, named cluster-%05zu, in namespace team-(i % 100).
void reconcile_fleet_add(struct reconcile_fleet *fleet, size_t i);
void reconcile_fleet_scale(struct reconcile_fleet *fleet, size_t i, int replicas); // its first pool
// Lets virtual time pass.
void reconcile_fleet_run(struct reconcile_fleet *fleet, int64_t seconds);
