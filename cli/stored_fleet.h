// All cluster objects that are stored, read once: from the state of 'fleetgate run', or from an API server.
#pragma once

#include "cli/cluster_options.h"
#include "cli/state_options.h"
#include "embedded/object_database.h"
#include "fleet/view_source.h"

struct stored_fleet;

// namespace NULL: all. Fails as requests to the API server do.
MUST_CHECK bool stored_fleet_read_kube(const struct cluster_options *options, const char *namespace,
                                       struct stored_fleet **ret_fleet, struct error *error);
// From the API server where one was named, else from the state, which may be in use: fails with NOT_FOUND,
// INVALID or IO. Caller owns.
MUST_CHECK bool stored_fleet_read(const struct state_options *state, const struct cluster_options *cluster,
                                  const char *namespace, struct stored_fleet **ret_fleet,
                                  struct error *error);
void stored_fleet_free(struct stored_fleet *fleet);
DEFINE_CLEANUP(stored_fleet_free, struct stored_fleet *)

// All below is borrowed until stored_fleet_free.
const struct view_source *stored_fleet_source(const struct stored_fleet *fleet);
// NULL: there is none.
const struct node *stored_fleet_find(const struct stored_fleet *fleet, const struct object_key *key);
// The Clusters, by namespace and name; NULL after the last.
const struct object_key *stored_fleet_cluster(const struct stored_fleet *fleet, size_t index);
// Of decisions and events; NULL: an API server has none.
struct object_database *stored_fleet_database(const struct stored_fleet *fleet);
