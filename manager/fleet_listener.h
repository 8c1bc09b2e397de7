// Who hears of every object of the fleet as it changes. Called from one thread, that of the watch, after the
// inventory has it; must not block for long. All are borrowed during the call.
#pragma once

#include "fleet/object_change.h"

struct fleet_listener {
    // A list of this kind comes: every object of it is put, then those that are gone are removed, then it
    // ends. One that is broken off begins again.
    void (*list_begin)(void *cookie, const char *group, const char *kind);
    void (*put)(void *cookie, const struct object_key *key, const struct node *object);
    void (*removed)(void *cookie, const struct object_key *key); // also what was never put
    void (*list_end)(void *cookie, const char *group, const char *kind);
    void *cookie;
};
