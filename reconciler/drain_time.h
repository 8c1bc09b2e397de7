// How long a pool's nodes may take to drain, as its object says it in either API version.
#pragma once

#include "base/error.h"
#include "fleet/object_change.h"

#include <stdint.h>

// What "0s" means, which is without limit for Cluster API, and the most that is taken from an object.
enum { DRAIN_LONGEST_S = 30 * 24 * 60 * 60 };

// Of a MachineDeployment, MachinePool, MachineSet or Machine, or of the pool of this name in a Cluster's
// topology. *ret_seconds stays as it is where object says nothing. Fails with INVALID.
MUST_CHECK bool drain_time_read(const struct node *object, const char *pool, int64_t *ret_seconds,
                                struct error *error);
// A duration as Go writes it ("1m30s", "1.5h"), in seconds, rounded up. False when it is none.
MUST_CHECK bool duration_read(const char *text, int64_t *ret_seconds);
