// How declared objects get into the database: through admission, or past it.
#include "attest/attestation.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/merge_patch.h"
#include "tests/simulation/manifest.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

enum { MOST_OBJECT_BYTES = 1 << 16 };

static struct document *read_text(struct world *world, const struct buffer *text) {
    struct document *document = NULL;
    struct error error = {0};
    if (!json_read_copy(text->data, text->length, &document_default_limits, &document, &error)) {
        world_fail(world, &error);
    }
    return document;
}

static struct document *stored(struct world *world, const struct object_key *key) {
    struct document *document = NULL;
    struct error error = {0};
    if (!object_database_read(world->database, key, &document, &error) && error.kind != ERROR_NOT_FOUND) {
        world_fail(world, &error);
    }
    return document;
}

static struct document *merged(struct world *world, const struct node *target, const struct node *patch) {
    struct document *document = NULL;
    struct error error = {0};
    if (!merge_patch_apply(target, patch, &document, &error)) {
        world_fail(world, &error);
    }
    return document;
}

// The annotation as this way of writing leaves it; "" for none.
static void make_attestation(struct world *world, const struct declared_object *object,
                             const struct node *final, const struct node *old, enum attested attested,
                             char ret_text[ATTESTATION_BYTES]) {
    const struct attested_object question = {
        .group = object->key.group,
        .kind = object->key.kind,
        .namespace = object->key.namespace,
        .name = object->key.name,
        .generation = attestation_next_generation(final, old),
        .object = final,
    };
    ret_text[0] = '\0';
    if (attested == ATTESTED_GOOD || attested == ATTESTED_FORGED) {
        attestation_make(world->keys, &question, ret_text);
    }
    size_t length = strlen(ret_text);
    if (attested == ATTESTED_FORGED && length > 8) {
        char *forged = &ret_text[length - 8];
        *forged = *forged == 'A' ? 'B' : 'A';
    }
}

static void copy_attestation(struct world *world, struct declared_object *object,
                             const struct content *content, enum attested attested,
                             char ret_text[ATTESTATION_BYTES]) {
    for (size_t i = object->revision_count; attested == ATTESTED_REPLAYED && i-- > 0;) {
        if (content_equal(&object->revisions[i].content, content, false)) {
            snprintf(ret_text, ATTESTATION_BYTES, "%s", object->revisions[i].attestation);
            return;
        }
    }
    for (size_t i = 0; attested == ATTESTED_COPIED && i < world->cluster_count; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        for (size_t j = 0; j < cluster->object_count; j++) {
            const struct revision *latest = declared_latest(&cluster->objects[j]);
            if (&cluster->objects[j] != object && latest && latest->attestation[0]) {
                snprintf(ret_text, ATTESTATION_BYTES, "%s", latest->attestation);
                return;
            }
        }
    }
}

// An object that comes back with the spec and the annotation that it had at this generation before: an
// attestation can't tell its lives apart.
static bool is_good_again(const struct declared_object *object, const struct revision *now) {
    for (const struct revision *old = object->revisions; old < now; old++) {
        if (old->attested && old->generation == now->generation && now->attestation[0] &&
            strcmp(old->attestation, now->attestation) == 0 &&
            content_equal(&old->content, &now->content, false)) {
            return true;
        }
    }
    return false;
}

// Only the number of nodes is another one: the annotation that stands there is as good as it was.
static bool is_scaled(const struct declared_object *object, const struct revision *now) {
    const struct revision *before = now - 1;
    return now > object->revisions && before->attested &&
           content_equal(&before->content, &now->content, false);
}

static void note_revision(struct world *world, struct declared_object *object, const struct content *content,
                          const struct node *object_now, enum attested attested, bool was_stored) {
    int64_t generation = 0;
    (void)node_integer(node_get(node_get(object_now, "metadata"), "generation"), &generation);
    struct revision *latest = declared_latest(object);
    const char *annotation = attestation_of(object_now);
    bool same = latest && was_stored && content_equal(&latest->content, content, true) &&
                latest->content.allow_skip == content->allow_skip;
    if (!same) {
        latest = &object->revisions[object->revision_count++];
        memset(latest, 0, sizeof(*latest));
        latest->content = *content;
        latest->generation = generation;
    }
    latest->attested = attested == ATTESTED_GOOD || (same && attested == ATTESTED_KEPT && latest->attested);
    snprintf(latest->attestation, sizeof(latest->attestation), "%s", annotation ? annotation : "");
    latest->attested = latest->attested || is_good_again(object, latest) ||
                       (attested == ATTESTED_KEPT && was_stored && !same && is_scaled(object, latest));
    declared_judge(world, object);
}

static bool store(struct world *world, struct declared_object *object, const struct node *old,
                  const struct node *body, struct document **ret_document) {
    struct error error = {0};
    bool done = old ? object_database_patch(world->database, &object->key, NULL, body, ret_document, &error)
                    : object_database_create(world->database, &object->key, body, ret_document, &error);
    if (!done) {
        world_fail(world, &error);
    }
    return done;
}

// The object as it would be stored, but for the annotation: what admission sees.
static struct document *seen_by_admission(struct world *world, const struct declared_cluster *cluster,
                                          const struct declared_object *object, const struct content *content,
                                          const struct node *old) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_OBJECT_BYTES);
    manifest_write(&text, cluster, object, content, &(struct manifest_form){.is_patch = old != NULL});
    struct document *body = read_text(world, &text);
    if (!old) {
        return body;
    }
    struct document *final = merged(world, old, document_root(body));
    document_free(body);
    return final;
}

bool declared_write(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                    const struct content *content, enum attested attested) {
    if (object->deleting || object->revision_count == DECLARED_REVISIONS) {
        return false;
    }
    CLEANUP(document_free) struct document *old = stored(world, &object->key);
    const struct node *old_root = old ? document_root(old) : NULL;
    char attestation[ATTESTATION_BYTES];
    CLEANUP(document_free)
    struct document *seen = seen_by_admission(world, cluster, object, content, old_root);
    make_attestation(world, object, document_root(seen), old_root, attested, attestation);
    copy_attestation(world, object, content, attested, attestation);

    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_OBJECT_BYTES);
    manifest_write(&text, cluster, object, content,
                   &(struct manifest_form){.is_patch = old != NULL,
                                           .attestation = attested == ATTESTED_KEPT ? NULL : attestation});
    CLEANUP(document_free) struct document *body = read_text(world, &text);
    CLEANUP(document_free) struct document *now = NULL;
    if (!store(world, object, old_root, document_root(body), &now)) {
        return false;
    }
    object->wanted = true;
    note_revision(world, object, content, document_root(now), attested, old_root != NULL);
    return true;
}

static void patch_stored(struct world *world, const struct declared_object *object,
                         const struct buffer *text) {
    CLEANUP(document_free) struct document *patch = read_text(world, text);
    struct error error = {0};
    if (!object_database_patch(world->database, &object->key, NULL, document_root(patch), NULL, &error) &&
        error.kind != ERROR_NOT_FOUND) {
        world_fail(world, &error);
    }
}

void declared_resume(struct world *world, struct declared_object *object) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_OBJECT_BYTES);
    buffer_append_text(&text, "{\"spec\":{\"paused\":null}}");
    patch_stored(world, object, &text);
}

void declared_annotate(struct world *world, struct declared_object *object, const char *name,
                       const char *value) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_OBJECT_BYTES);
    buffer_printf(&text, "{\"metadata\":{\"annotations\":{\"%s\":", name);
    if (value) {
        json_string_append(&text, value, strlen(value));
    } else {
        buffer_append_text(&text, "null");
    }
    buffer_append_text(&text, "}}}");
    patch_stored(world, object, &text);
}

void declared_delete(struct world *world, struct declared_object *object) {
    object->wanted = false;
    struct error error = {0};
    if (!object_database_remove(world->database, &object->key, NULL, NULL, &error) &&
        error.kind != ERROR_NOT_FOUND) {
        world_fail(world, &error);
    }
}

void declared_write_class(struct world *world) {
    for (size_t i = 0; i < MANIFEST_CLASS_PARTS; i++) {
        const struct manifest_part *part = &manifest_class[i];
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, MOST_OBJECT_BYTES);
        buffer_append_text(&text, part->text);
        CLEANUP(document_free) struct document *plain = read_text(world, &text);
        char attestation[ATTESTATION_BYTES];
        attestation_make(world->keys,
                         &(struct attested_object){.group = part->key.group,
                                                   .kind = part->key.kind,
                                                   .namespace = part->key.namespace,
                                                   .name = part->key.name,
                                                   .generation = 1,
                                                   .object = document_root(plain)},
                         attestation);
        buffer_truncate(&text, 0);
        buffer_printf(&text, "{\"metadata\":{\"annotations\":{\"" ATTESTATION_ANNOTATION "\":\"%s\"}}}",
                      attestation);
        CLEANUP(document_free) struct document *annotation = read_text(world, &text);
        CLEANUP(document_free)
        struct document *whole = merged(world, document_root(plain), document_root(annotation));
        struct error error = {0};
        if (!object_database_create(world->database, &part->key, document_root(whole), NULL, &error)) {
            world_fail(world, &error);
        }
    }
}
