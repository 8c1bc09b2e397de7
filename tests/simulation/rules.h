// What may be approved, by simple rules of the simulation's own; the policies in policies/ say the same in
// Lua.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RULES_PROFILES = 2, CONTENT_POOLS = 3 };

enum object_role {
    ROLE_CLUSTER,
    ROLE_INFRASTRUCTURE,
    ROLE_CONTROL_PLANE,
    ROLE_POOL,
    ROLE_POOL_INFRASTRUCTURE,
    ROLE_CLASS,
};

struct topology_pool {
    char name[32];
    int64_t replicas;
};

// What one object says of its cluster; what its kind does not say is empty.
struct content {
    char region[24];
    char version[16]; // "v1.30.4"
    int64_t replicas; // -1: not said
    bool paused;
    bool is_topology;
    struct topology_pool pools[CONTENT_POOLS]; // of a topology
    size_t pool_count;
    bool allow_skip; // annotation: it may skip minors
    char note[24];   // a field that says nothing to anybody, so that specs differ
};

struct rules {
    int64_t most_replicas;        // of a pool
    const char *forbidden_region; // NULL: none
};
extern const struct rules rules_profiles[RULES_PROFILES]; // strict, lenient

bool content_equal(const struct content *a, const struct content *b, bool with_replicas);
// old NULL: it is created.
bool rules_allow(const struct rules *rules, enum object_role role, const struct content *old,
                 const struct content *now);
// "v1.30.4" → 30
int64_t version_minor(const char *version);
// < 0, 0, > 0; a leading "v" does not count.
int version_order(const char *a, const char *b);
