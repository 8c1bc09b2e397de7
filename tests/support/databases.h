// Object databases for tests, with objects written as JSON in which ' stands for ".
#pragma once

#include "base/json_canonical.h"
#include "embedded/object_database.h"
#include "tests/support/documents.h"
#include "tests/support/expect.h"

static inline int64_t database_test_time(void *cookie) {
    return *(int64_t *)cookie;
}

// In memory, at the time that *wall_ms says. Fails the test; caller owns.
static inline struct object_database *database_in_memory(int64_t *wall_ms) {
    const struct object_database_options options = {
        .wall_ms = database_test_time, .cookie = wall_ms, .uid_seed = 1};
    struct object_database *database = NULL;
    struct error error = {0};
    if (!object_database_open(&options, &database, &error)) {
        fail_msg("opening: %s", error.message);
    }
    return database;
}

static inline struct object_key cluster_key(const char *name) {
    return (struct object_key){
        .group = "cluster.x-k8s.io", .kind = "Cluster", .namespace = "prod", .name = name};
}

// The object as canonical JSON with ' for "; caller owns.
static inline char *quoted_text(const struct node *node) {
    struct buffer text;
    buffer_init(&text, 4 * 1024 * 1024);
    json_canonical_append(&text, node);
    char *taken = buffer_take(&text);
    for (char *quote = taken; (quote = strchr(quote, '"'));) {
        *quote = '\'';
    }
    return taken;
}
