// Those who change things: users through admission, users past it while the gate is down, strangers, and
// machines that die.
#pragma once

#include "tests/simulation/declared.h"

enum { DRIVER_NEWEST_MINOR = 34, DRIVER_MOST_PATCH = 6, DRIVER_REGIONS = 4 };

// The fleet as it is declared at the start.
void driver_begin(struct world *world);
// One random change, now.
void driver_change(struct world *world);
// The last changes: everything is to be able to come to rest. What is refused may stay refused.
void driver_end(struct world *world);
// What was in the way of it then, and is not any more.
void driver_end_again(struct world *world);

// How it is written: driver_create.c.
extern const char *const driver_regions[DRIVER_REGIONS]; // the last one is forbidden by strict rules
// Within what there is.
void driver_set_version(struct content *content, int64_t minor, int64_t patch);
// As kubectl does it: admission judges and attests, or refuses. With the gate down nobody judges.
void driver_write(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                  const struct content *content);
void driver_write_past(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                       const struct content *content, enum attested attested);
void driver_write_pool(struct world *world, struct declared_cluster *cluster, const char *name);
// All objects of a cluster, in any order.
void driver_create(struct world *world, struct declared_cluster *cluster);

// Changes by strangers: driver_stranger.c.
void driver_meddle(struct world *world);
void driver_write_status(struct world *world);
void driver_touch_finalizers(struct world *world);
void driver_take_name(struct world *world);
void driver_delete_record(struct world *world);
void driver_free_names(struct world *world);
