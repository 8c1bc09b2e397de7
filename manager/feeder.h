// Keeps the inventory as the API server has it: finds out which kinds of cluster objects are served, follows
// them, and reads at once what a review names and the watch has not shown yet.
#pragma once

#include "fleet/inventory.h"
#include "kube/kube_client.h"
#include "manager/fleet_listener.h"
#include "manager/served_kinds.h"

struct feeder_options {
    struct kube_client *client;            // borrowed until feeder_free
    struct inventory *inventory;           // borrowed until feeder_free
    unsigned discovery_s;                  // how often new kinds are looked for; 0: 30
    const struct fleet_listener *listener; // copied; NULL: nobody
};

struct feeder;

// Starts following in its own threads; an API server that does not answer yet is no failure.
MUST_CHECK bool feeder_start(const struct feeder_options *options, struct feeder **ret_feeder,
                             struct error *error);
void feeder_free(struct feeder *feeder);
DEFINE_CLEANUP(feeder_free, struct feeder *)

struct feeder_status {
    bool synced;       // every kind that is served was listed once
    unsigned kinds;    // followed
    uint64_t stale_ns; // how long a kind has been without contact to the API server; 0: none is
    uint64_t events, relists, errors, reads;
    char problem[512]; // "" when all is well
};
struct feeder_status feeder_status(struct feeder *feeder); // any thread

// The inventory, and behind it the API server for single objects that a view names. Any thread; methods as in
// view_source.h.
struct view_source feeder_source(struct feeder *feeder);
// The inventory alone: never waits for the API server. Any thread.
struct view_source feeder_held_source(struct feeder *feeder);
// The kinds that are followed; a reference, NULL before the first answer. Any thread.
struct served_kinds *feeder_served(struct feeder *feeder);

// Reads one object from the API server now and puts it into the inventory (or takes it out). Fails with IO or
// LIMIT, and with INVALID for a kind that is not served.
MUST_CHECK bool feeder_look(struct feeder *feeder, const struct object_key *key, uint64_t deadline_ns,
                            bool *ret_exists, struct error *error);
// Lists everything again: what the inventory keeps of each object has changed.
void feeder_relist(struct feeder *feeder);
