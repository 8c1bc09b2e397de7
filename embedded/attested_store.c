#include "embedded/attested_store.h"

#include "attest/attestation.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/merge_patch.h"
#include "fleet/cluster_view.h"

#include <string.h>

enum { MOST_PATCH_BYTES = 4 * 1024 * 1024 };

struct attested_store {
    struct object_store inner;
    struct object_database *database;
    struct key_ring *(*keys)(void *cookie);
    void *cookie;
};

static int64_t generation_of(const struct node *object) {
    int64_t generation;
    return node_integer(node_get(node_get(object, "metadata"), "generation"), &generation) ? generation : 0;
}

static struct attested_object attested_of(const struct object_key *key, const struct node *object,
                                          int64_t generation) {
    return (struct attested_object){.group = key->group,
                                    .kind = key->kind,
                                    .namespace = key->namespace,
                                    .name = key->name,
                                    .generation = generation,
                                    .object = object};
}

static void append_annotation(struct buffer *text, const char *attestation) {
    buffer_append_text(text, "{\"metadata\":{\"annotations\":{\"" ATTESTATION_ANNOTATION "\":");
    json_string_append(text, attestation, strlen(attestation));
    buffer_append_text(text, "}}}");
}

// The patch with an attestation of what it makes. False: it stays as it is.
static bool attest_patch(struct attested_store *store, const struct object_key *key, const char *body,
                         struct buffer *ret_body) {
    CLEANUP(key_ring_unref) struct key_ring *keys = store->keys(store->cookie);
    CLEANUP(document_free) struct document *stored = NULL;
    CLEANUP(document_free) struct document *patch = NULL;
    CLEANUP(document_free) struct document *patched = NULL;
    CLEANUP(document_free) struct document *annotation = NULL;
    CLEANUP(document_free) struct document *both = NULL;
    CLEANUP(buffer_clear) struct buffer text;
    struct error error;
    buffer_init(&text, MOST_PATCH_BYTES);
    if (!keys || !object_database_read(store->database, key, &stored, &error) ||
        !json_read_copy(body, strlen(body), &document_default_limits, &patch, &error) ||
        !merge_patch_apply(document_root(stored), document_root(patch), &patched, &error)) {
        return false;
    }
    const struct node *old = document_root(stored);
    const struct attested_object before = attested_of(key, old, generation_of(old));
    int64_t generation = attestation_next_generation(document_root(patched), old);
    if (generation == before.generation ||
        attestation_check(keys, &before, attestation_of(old), NULL) != ATTESTATION_GOOD) {
        return false;
    }
    char attestation[ATTESTATION_BYTES];
    const struct attested_object after = attested_of(key, document_root(patched), generation);
    attestation_make(keys, &after, attestation);
    append_annotation(&text, attestation);
    if (!json_read_copy(buffer_text(&text), text.length, &document_default_limits, &annotation, &error) ||
        !merge_patch_apply(document_root(patch), document_root(annotation), &both, &error)) {
        return false;
    }
    json_canonical_append(ret_body, document_root(both));
    return !ret_body->cut;
}

static void read_object(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    const struct attested_store *store = cookie;
    store->inner.methods->read(store->inner.cookie, key, done, done_cookie);
}

static void create(void *cookie, const struct object_key *key, const char *body, store_done *done,
                   void *done_cookie) {
    const struct attested_store *store = cookie;
    store->inner.methods->create(store->inner.cookie, key, body, done, done_cookie);
}

static void replace(void *cookie, const struct object_key *key, const char *body, store_done *done,
                    void *done_cookie) {
    const struct attested_store *store = cookie;
    store->inner.methods->replace(store->inner.cookie, key, body, done, done_cookie);
}

static void patch_object(void *cookie, const struct object_key *key, const char *subresource,
                         const char *body, store_done *done, void *done_cookie) {
    struct attested_store *store = cookie;
    CLEANUP(buffer_clear) struct buffer attested;
    buffer_init(&attested, MOST_PATCH_BYTES);
    bool adds = !subresource && cluster_view_knows(key->group, key->kind) &&
                attest_patch(store, key, body, &attested);
    store->inner.methods->patch(store->inner.cookie, key, subresource, adds ? buffer_text(&attested) : body,
                                done, done_cookie);
}

static void remove_object(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                          void *done_cookie) {
    const struct attested_store *store = cookie;
    store->inner.methods->remove(store->inner.cookie, key, uid, done, done_cookie);
}

static void forget(void *cookie, void *done_cookie) {
    const struct attested_store *store = cookie;
    store->inner.methods->forget(store->inner.cookie, done_cookie);
}

static void event(void *cookie, const struct object_key *key, const char *uid, bool warning,
                  const char *reason, const char *message) {
    const struct attested_store *store = cookie;
    store->inner.methods->event(store->inner.cookie, key, uid, warning, reason, message);
}

struct attested_store *attested_store_new(const struct object_store *inner, struct object_database *database,
                                          struct key_ring *(*keys)(void *cookie), void *cookie) {
    struct attested_store *store = memory_calloc(1, sizeof(*store));
    *store = (struct attested_store){*inner, database, keys, cookie};
    return store;
}

void attested_store_free(struct attested_store *store) {
    free(store);
}

struct object_store attested_store_get(struct attested_store *store) {
    static const struct object_store_methods methods = {read_object,   create, replace, patch_object,
                                                        remove_object, forget, event};
    return (struct object_store){&methods, store};
}
