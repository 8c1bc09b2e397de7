// An API server with one Secret and a few webhook configurations in memory, which remembers what every bundle
// was and until when.
#pragma once

#include "manager/rotation.h"

enum { FAKE_CONFIGURATIONS = 2, FAKE_WEBHOOKS = 2, FAKE_HISTORY = 4096 };

struct fake_configuration {
    bool missing;
    char *bundles[FAKE_WEBHOOKS]; // base64, NULL: none
    unsigned version, generation;
};

// A bundle that was in force from one steady time to another.
struct fake_version {
    char *text; // PEM
    int64_t from, until;
    size_t configuration, webhook;
    bool foreign; // somebody else's doing
};

struct fake_server {
    bool has_secret;
    char *data[ROTATION_TEXTS]; // base64, "" when empty
    unsigned secret_version, versions;
    struct fake_configuration configurations[FAKE_CONFIGURATIONS];
    struct fake_version history[FAKE_HISTORY];
    size_t history_count;
    int64_t steady;
    unsigned secret_writes, bundle_writes, conflicts;
    // Called before every request, with what it is; false: it fails with that error. May be NULL.
    bool (*before)(void *cookie, const char *verb, const struct kube_name *name, struct error *error);
    // Called after a write was carried out; false: the answer is lost. May be NULL.
    bool (*after)(void *cookie, struct error *error);
    void *cookie;
};

struct fake_server *fake_server_new(void); // caller owns
void fake_server_free(struct fake_server *server);
DEFINE_CLEANUP(fake_server_free, struct fake_server *)
struct rotation_store fake_server_store(struct fake_server *server);

// What somebody else does. PEM texts; NULL: empty.
void fake_server_set_bundle(struct fake_server *server, size_t configuration, size_t webhook,
                            const char *text, bool foreign);
void fake_server_set_secret(struct fake_server *server, size_t index, const char *text);
void fake_server_delete_secret(struct fake_server *server);
// Caller clears or frees.
struct rotation_content fake_server_content(const struct fake_server *server);
char *fake_server_bundle(const struct fake_server *server, size_t configuration, size_t webhook);
// An authority with its key, for foreign content; caller clears.
struct certificate_pair fake_authority(int64_t now, int64_t seconds);
