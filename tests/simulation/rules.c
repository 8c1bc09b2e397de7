#include "tests/simulation/rules.h"

#include "base/attributes.h"
#include "fleet/kubernetes_version.h"

#include <assert.h>
#include <string.h>

const struct rules rules_profiles[RULES_PROFILES] = {
    {.most_replicas = 8, .forbidden_region = "mars-1"},
    {.most_replicas = 16, .forbidden_region = NULL},
};

bool content_equal(const struct content *a, const struct content *b, bool with_replicas) {
    bool equal = strcmp(a->region, b->region) == 0 && strcmp(a->version, b->version) == 0 &&
                 a->paused == b->paused && a->pool_count == b->pool_count && strcmp(a->note, b->note) == 0 &&
                 (!with_replicas || a->is_topology || a->replicas == b->replicas);
    if (a->is_topology) {
        equal = equal && a->replicas == b->replicas;
    }
    for (size_t i = 0; equal && i < a->pool_count; i++) {
        equal =
            strcmp(a->pools[i].name, b->pools[i].name) == 0 && a->pools[i].replicas == b->pools[i].replicas;
    }
    return equal;
}

static struct kubernetes_version parse(const char *version) {
    struct kubernetes_version parsed = {0};
    enum version_outcome outcome = kubernetes_version_parse(version, &parsed);
    assert(outcome == VERSION_OK);
    (void)outcome;
    return parsed;
}

int64_t version_minor(const char *version) {
    return parse(version).minor;
}

int version_order(const char *a, const char *b) {
    struct kubernetes_version first = parse(a), second = parse(b);
    return kubernetes_version_compare(&first, &second);
}

static bool allows_version(const struct content *old, const struct content *now) {
    if (!old || !old->version[0] || !now->version[0] || strcmp(old->version, now->version) == 0) {
        return true;
    }
    return version_order(now->version, old->version) > 0 &&
           (now->allow_skip || version_minor(now->version) <= version_minor(old->version) + 1);
}

bool rules_allow(const struct rules *rules, enum object_role role, const struct content *old,
                 const struct content *now) {
    if (now->region[0] && rules->forbidden_region && strcmp(now->region, rules->forbidden_region) == 0) {
        return false;
    }
    if (old && strcmp(old->region, now->region) != 0) {
        return false;
    }
    if (role == ROLE_POOL && now->replicas > rules->most_replicas) {
        return false;
    }
    for (size_t i = 0; i < now->pool_count; i++) {
        if (now->pools[i].replicas > rules->most_replicas) {
            return false;
        }
    }
    return allows_version(old, now);
}
