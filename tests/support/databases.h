// Object databases for tests, with objects written as JSON in which ' stands for ".
#pragma once

#include "base/json_canonical.h"
#include "embedded/object_database.h"
#include "tests/support/documents.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <unistd.h>

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

// A new directory under /tmp that a test's database lies in. Fails the test.
struct database_place {
    char directory[64];
    char path[96];
};
static inline void database_place_make(struct database_place *place) {
    (void)snprintf(place->directory, sizeof(place->directory), "/tmp/fleetgate-test-XXXXXX");
    if (!mkdtemp(place->directory)) {
        fail_msg("mkdtemp");
    }
    (void)snprintf(place->path, sizeof(place->path), "%s/objects", place->directory);
}

static inline void database_place_remove_cleanup(struct database_place *place) {
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    char path[128];
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", place->path, endings[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->directory);
}
