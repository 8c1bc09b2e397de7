#include "base/json_reader.h"
#include "base/memory.h"
#include "base/merge_patch.h"
#include "base/sha256.h"
#include "embedded/object_collect.h"
#include "embedded/object_name.h"
#include "embedded/object_secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

// --- uids ---

static bool random_bytes(const struct object_database *database, const struct object_key *key,
                         int64_t version, unsigned char ret_bytes[SHA256_BYTES], struct error *error) {
    if (!database->options.uid_seed) {
        return getrandom(ret_bytes, 16, 0) == 16 || error_set(error, ERROR_IO, "no random numbers");
    }
    // The resourceVersion makes it another one for each object that ever had this name.
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, &database->options.uid_seed, sizeof(database->options.uid_seed));
    sha256_add(&hash, &version, sizeof(version));
    sha256_add(&hash, key->kind, strlen(key->kind));
    sha256_add(&hash, key->name, strlen(key->name));
    sha256_end(&hash, ret_bytes);
    return true;
}

// RFC 9562, version 4.
static bool make_uid(const struct object_database *database, const struct object_key *key, int64_t version,
                     char ret_uid[OBJECT_UID_BYTES], struct error *error) {
    unsigned char bytes[SHA256_BYTES];
    if (!random_bytes(database, key, version, bytes, error)) {
        return false;
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    char *at = ret_uid;
    for (size_t i = 0; i < 16; i++) {
        at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    }
    return true;
}

// --- putting ---

static bool put(struct object_database *database, struct object_row *row, const struct object_write *write,
                struct object_stamp *stamp, struct error *error) {
    return object_database_next_version(database, &stamp->version, error) &&
           object_rows_put(database, row, write, stamp, error);
}

// After row was put: it may be the end of it.
static bool settle(struct object_database *database, struct object_row *row, struct object_result *ret_result,
                   struct error *error) {
    struct object_stamp stamp;
    object_stamp_read(document_root(row->document), &stamp);
    if (stamp.deleted[0] != '\0' && !object_has_finalizers(document_root(row->document))) {
        return object_erase(database, row, ret_result, error);
    }
    ret_result->news = object_database_tell(database, &row->key, document_free_take(&row->document), false);
    return true;
}

static bool owners_changed(const struct object_write *write) {
    static const char name[] = "ownerReferences";
    return !write->status_only && !node_equal(node_get(node_get(write->object, "metadata"), name),
                                              node_get(node_get(write->stored, "metadata"), name));
}

// An API server's garbage collector takes what names only owners that are gone, a moment later.
static bool settle_orphan(struct object_database *database, const struct object_key *key,
                          struct error *error) {
    CLEANUP(object_row_clear) struct object_row row = {0};
    bool erased = false;
    struct error missing = {0};
    if (!object_rows_find(database, key, &row, &missing)) {
        return missing.kind == ERROR_NOT_FOUND || error_set(error, missing.kind, "%s", missing.message);
    }
    return object_erase_orphan(database, &row, &erased, error);
}

static bool change(struct object_database *database, struct object_row *row, const struct node *object,
                   bool status_only, struct object_result *ret_result, struct error *error) {
    CLEANUP(document_free) struct document *secret = NULL;
    if (!object_secret_settle(&row->key, object, &secret, error)) {
        return false;
    }
    const struct object_write write = {.key = &row->key,
                                       .object = secret ? document_root(secret) : object,
                                       .stored = document_root(row->document),
                                       .status_only = status_only};
    if (!object_write_check(&write, error)) {
        return false;
    }
    enum object_difference difference = object_write_difference(&write);
    if (difference == OBJECT_SAME) {
        ret_result->document = document_free_take(&row->document);
        return true;
    }
    struct object_stamp stamp;
    object_stamp_read(write.stored, &stamp);
    stamp.generation += difference == OBJECT_CHANGED;
    bool look_for_owners = owners_changed(&write);
    return put(database, row, &write, &stamp, error) && settle(database, row, ret_result, error) &&
           (!look_for_owners || settle_orphan(database, &row->key, error));
}

// --- create ---

static bool create(struct object_database *database, const struct object_key *key, const struct node *object,
                   struct object_result *ret_result, struct error *error) {
    CLEANUP(document_free) struct document *secret = NULL;
    CLEANUP(object_row_clear) struct object_row row = {.key = *key};
    CLEANUP(object_row_clear) struct object_row other = {0};
    if (!object_name_check(key, error) || !object_secret_settle(key, object, &secret, error)) {
        return false;
    }
    const struct object_write write = {.key = key, .object = secret ? document_root(secret) : object};
    if (!object_write_check(&write, error)) {
        return false;
    }
    struct error missing = {0};
    if (object_rows_find(database, key, &other, &missing)) {
        return error_set(error, ERROR_CONFLICT, "%s %s%s%s exists already", key->kind, key->namespace,
                         key->namespace[0] ? "/" : "", key->name);
    }
    if (missing.kind != ERROR_NOT_FOUND) {
        return error_set(error, missing.kind, "%s", missing.message);
    }
    struct object_stamp stamp = {.generation = 1};
    kube_time_format(object_database_now_ms(database) * 1000, false, stamp.created);
    return object_database_next_version(database, &stamp.version, error) &&
           make_uid(database, key, stamp.version, stamp.uid, error) &&
           object_rows_put(database, &row, &write, &stamp, error) &&
           settle(database, &row, ret_result, error) &&
           (!owners_changed(&write) || settle_orphan(database, key, error));
}

bool object_database_create(struct object_database *database, const struct object_key *key,
                            const struct node *object, struct document **ret_document, struct error *error) {
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = create(database, key, object, &result, error);
    return object_database_leave(database, done, &result, ret_document, error);
}

// --- replace and patch ---

bool object_database_replace(struct object_database *database, const struct object_key *key,
                             const struct node *object, struct document **ret_document, struct error *error) {
    CLEANUP(object_row_clear) struct object_row row = {0};
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done =
        object_rows_find(database, key, &row, error) && change(database, &row, object, false, &result, error);
    return object_database_leave(database, done, &result, ret_document, error);
}

static bool patch_row(struct object_database *database, struct object_row *row, bool status_only,
                      const struct node *patch, struct object_result *ret_result, struct error *error) {
    CLEANUP(document_free) struct document *object = NULL;
    return merge_patch_apply(document_root(row->document), patch, &object, error) &&
           change(database, row, document_root(object), status_only, ret_result, error);
}

bool object_database_patch(struct object_database *database, const struct object_key *key,
                           const char *subresource, const struct node *patch, struct document **ret_document,
                           struct error *error) {
    CLEANUP(object_row_clear) struct object_row row = {0};
    struct object_result result = {0};
    bool status_only = subresource && strcmp(subresource, "status") == 0;
    if (subresource && !status_only) {
        return error_set(error, ERROR_INVALID, "no subresource \"%s\"", subresource);
    }
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = object_rows_find(database, key, &row, error) &&
                patch_row(database, &row, status_only, patch, &result, error);
    return object_database_leave(database, done, &result, ret_document, error);
}

// --- remove ---

static bool check_uid(const struct object_row *row, const char *uid, struct error *error) {
    struct object_stamp stamp;
    object_stamp_read(document_root(row->document), &stamp);
    return !uid || strcmp(uid, stamp.uid) == 0 ||
           error_set(error, ERROR_CONFLICT,
                     "metadata.uid: the stored object has %s, not %s: it is another one", stamp.uid, uid);
}

bool object_database_remove(struct object_database *database, const struct object_key *key, const char *uid,
                            struct document **ret_document, struct error *error) {
    CLEANUP(object_row_clear) struct object_row row = {0};
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = object_rows_find(database, key, &row, error) && check_uid(&row, uid, error) &&
                object_erase(database, &row, &result, error);
    return object_database_leave(database, done, &result, ret_document, error);
}
