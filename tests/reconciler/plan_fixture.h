// Specs and clouds from short texts, for tests of the planner.
//
// Spec: "VERSION [cpN] [paused] [unread] | POOL VERSION xN [auto MIN-MAX] | …"
// Cloud: "STATE VERSION[>TARGET] [cpREADY/N] [owner OTHER] | POOL VERSION[>TARGET] xN [STATE] | …"
#pragma once

#include "base/arena.h"
#include "reconciler/planner.h"
#include "tests/support/expect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FIXTURE_MOST_POOLS = 16, FIXTURE_DRAIN_S = 60, FIXTURE_LEFT_DRAIN_S = 90 };

struct plan_fixture {
    struct arena *arena;
    struct cluster_spec spec;
    struct pool_spec pool_specs[FIXTURE_MOST_POOLS];
    struct cloud_cluster cloud;
    struct cloud_pool cloud_pools[FIXTURE_MOST_POOLS];
};

// The next word at *cursor, NULL at '|' and at the end.
static inline const char *fixture_word(struct arena *arena, const char **cursor) {
    const char *at = *cursor + strspn(*cursor, " ");
    size_t length = strcspn(at, " |");
    *cursor = at + length;
    return length > 0 ? arena_copy_text(arena, at, length) : NULL;
}

static inline bool fixture_next_part(const char **cursor) {
    *cursor += strspn(*cursor, " ");
    bool more = **cursor == '|';
    *cursor += more;
    return more;
}

static inline void fixture_versions(struct arena *arena, const char *word, const char **version,
                                    const char **target) {
    const char *arrow = strchr(word, '>');
    *version = arrow ? arena_copy_text(arena, word, (size_t)(arrow - word)) : word;
    *target = arrow ? arrow + 1 : word;
}

static inline enum cloud_state fixture_state(const char *word) {
    for (int state = CLOUD_CREATING; state <= CLOUD_FAILED; state++) {
        if (strcmp(cloud_state_name((enum cloud_state)state), word) == 0) {
            return (enum cloud_state)state;
        }
    }
    fail_msg("%s is no state", word);
    return CLOUD_FAILED;
}

static inline void fixture_spec_pool(struct plan_fixture *fixture, const char **cursor,
                                     struct pool_spec *pool) {
    *pool = (struct pool_spec){
        .object = {"", "", "", ""}, .minimum = -1, .maximum = -1, .surge = 1, .drain_s = FIXTURE_DRAIN_S};
    pool->name = fixture_word(fixture->arena, cursor);
    pool->version = fixture_word(fixture->arena, cursor);
    for (const char *word; (word = fixture_word(fixture->arena, cursor));) {
        long long number = 0;
        long long most = 0;
        if (sscanf(word, "x%lld", &number) == 1) {
            pool->replicas = number;
        } else if (sscanf(word, "auto%lld-%lld", &number, &most) == 2) {
            pool->autoscaled = true;
            pool->minimum = number;
            pool->maximum = most;
        } else {
            fail_msg("what is %s?", word);
        }
    }
}

static inline const struct cluster_spec *fixture_spec(struct plan_fixture *fixture, const char *text) {
    const char *cursor = text;
    fixture->spec = (struct cluster_spec){.namespace = "prod",
                                          .name = "eu-1",
                                          .provider = "aws",
                                          .flavour = "eks",
                                          .region = "eu-central-1",
                                          .pools = fixture->pool_specs,
                                          .drain_s = FIXTURE_LEFT_DRAIN_S};
    fixture->spec.version = fixture_word(fixture->arena, &cursor);
    for (const char *word; (word = fixture_word(fixture->arena, &cursor));) {
        long long number = 0;
        if (sscanf(word, "cp%lld", &number) == 1) {
            fixture->spec.control_plane_replicas = number;
            fixture->spec.control_plane_surge = 1;
        } else if (strcmp(word, "paused") == 0) {
            fixture->spec.paused = true;
        } else if (strcmp(word, "unread") == 0) {
            fixture->spec.unread = "AWSMachineTemplate prod/b has not been seen";
        } else {
            fail_msg("what is %s?", word);
        }
    }
    while (fixture_next_part(&cursor)) {
        fixture_spec_pool(fixture, &cursor, &fixture->pool_specs[fixture->spec.pool_count++]);
    }
    return &fixture->spec;
}

static inline void fixture_cloud_pool(struct plan_fixture *fixture, const char **cursor,
                                      struct cloud_pool *pool) {
    *pool = (struct cloud_pool){.state = CLOUD_ACTIVE};
    pool->name = fixture_word(fixture->arena, cursor);
    fixture_versions(fixture->arena, fixture_word(fixture->arena, cursor), &pool->version, &pool->target);
    for (const char *word; (word = fixture_word(fixture->arena, cursor));) {
        long long number = 0;
        if (sscanf(word, "x%lld", &number) == 1) {
            pool->replicas = pool->nodes = pool->ready = pool->updated = number;
        } else {
            pool->state = fixture_state(word);
        }
    }
}

// "none" is NULL.
static inline const struct cloud_cluster *fixture_cloud(struct plan_fixture *fixture, const char *text) {
    const char *cursor = text;
    const char *state = fixture_word(fixture->arena, &cursor);
    if (strcmp(state, "none") == 0) {
        return NULL;
    }
    struct cloud_cluster *cloud = &fixture->cloud;
    *cloud = (struct cloud_cluster){
        .owner = "uid-1", .state = fixture_state(state), .pools = fixture->cloud_pools};
    cloud->failure = cloud->state == CLOUD_FAILED ? "quota" : NULL;
    fixture_versions(fixture->arena, fixture_word(fixture->arena, &cursor), &cloud->version, &cloud->target);
    for (const char *word; (word = fixture_word(fixture->arena, &cursor));) {
        long long ready = 0;
        long long number = 0;
        if (sscanf(word, "cp%lld/%lld", &ready, &number) == 2) {
            cloud->control_plane_ready = ready;
            cloud->control_plane_replicas = number;
        } else if (strcmp(word, "owner") == 0) {
            cloud->owner = fixture_word(fixture->arena, &cursor);
        } else {
            fail_msg("what is %s?", word);
        }
    }
    while (fixture_next_part(&cursor)) {
        fixture_cloud_pool(fixture, &cursor, &fixture->cloud_pools[cloud->pool_count++]);
    }
    return cloud;
}
