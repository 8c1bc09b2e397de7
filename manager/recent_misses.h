// Objects that were asked for and were not there a moment ago, so that nobody asks again at once. Any thread.
#pragma once

#include "base/attributes.h"
#include "fleet/object_change.h"

#include <stdint.h>

struct recent_misses;

struct recent_misses *recent_misses_new(uint64_t life_ns); // caller owns
void recent_misses_free(struct recent_misses *misses);
DEFINE_CLEANUP(recent_misses_free, struct recent_misses *)

// A few hundred are remembered; a newer one may push out an older one.
void recent_misses_add(struct recent_misses *misses, const struct object_key *key, uint64_t now_ns);
bool recent_misses_has(struct recent_misses *misses, const struct object_key *key, uint64_t now_ns);
