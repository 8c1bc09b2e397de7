// The record as a Secret: written, signed, and believed only when the signature is ours.
#include "base/base64.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "reconciler/cluster_record.h"
#include "reconciler/cluster_status.h"
#include "reconciler/object_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SECRET_BYTES = 2 * RECORD_MOST_BYTES, MOST_SIGNATURE_BYTES = KEY_ID_BYTES + 64 };
// An object as deep as any may be lies three levels deeper in the record.
enum { MOST_RECORD_DEPTH = 160, MOST_RECORD_NODES = 2 * 1000 * 1000 };

static void append_text(struct buffer *text, const char *name, const char *value) {
    if (value) {
        buffer_printf(text, ",\"%s\":", name);
        json_string_append(text, value, strlen(value));
    }
}

static void append_intent(struct buffer *text, const struct intent *intent) {
    if (intent->action == ACTION_NONE) {
        return;
    }
    buffer_printf(text, ",\"intent\":{\"action\":\"%s\",\"replicas\":%" PRId64 ",\"surge\":%" PRId64,
                  provider_action_name(intent->action), intent->replicas, intent->surge);
    buffer_printf(text, ",\"drainSeconds\":%" PRId64 ",\"sinceMs\":%" PRId64, intent->drain_s,
                  intent->since_ms);
    append_text(text, "token", intent->token);
    append_text(text, "pool", intent->pool);
    append_text(text, "version", intent->version);
    append_text(text, "operation", intent->operation);
    buffer_append_char(text, '}');
}

static void append_approved(struct buffer *text, const struct cluster_record *record) {
    buffer_append_text(text, ",\"approved\":[");
    for (size_t i = 0; i < record->approved_count; i++) {
        const struct approved_object *object = record->approved[i];
        buffer_printf(text, "%s{\"generation\":%" PRId64 ",\"attested\":%" PRId64, i ? "," : "",
                      object->generation, object->attested);
        append_text(text, "group", object->key.group);
        append_text(text, "kind", object->key.kind);
        append_text(text, "namespace", object->key.namespace);
        append_text(text, "name", object->key.name);
        buffer_append_text(text, ",\"object\":");
        char *judged = approved_text(object);
        buffer_append(text, judged, object->length);
        free(judged);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
}

static void append_record(struct buffer *text, const struct cluster_record *record,
                          const struct object_key *cluster, const char *uid) {
    buffer_printf(text,
                  "{\"schema\":\"fleetgate.dev/record/v1\",\"revision\":%" PRId64 ",\"converged\":%" PRId64
                  ",\"deleting\":%s,\"upgrading\":%s,\"removing\":%s",
                  record->revision, record->converged, record->deleting ? "true" : "false",
                  record->upgrading ? "true" : "false", record->removing ? "true" : "false");
    append_text(text, "namespace", cluster->namespace);
    append_text(text, "cluster", cluster->name);
    append_text(text, "uid", uid);
    append_text(text, "provider", record->provider);
    append_text(text, "region", record->region);
    append_text(text, "id", record->id);
    append_intent(text, &record->intent);
    append_approved(text, record);
    buffer_append_char(text, '}');
}

struct object_key cluster_record_key(struct arena *arena, const struct object_key *cluster) {
    return (struct object_key){.group = "",
                               .kind = "Secret",
                               .namespace = cluster->namespace,
                               .name = arena_printf(arena, "%s-fleetgate", cluster->name)};
}

static void append_metadata(struct buffer *secret, const struct object_key *cluster, const char *api_version,
                            const char *uid, const char *resource_version, bool is_needed) {
    buffer_append_text(secret, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"fleetgate.dev/"
                               "reconciler-record\",\"metadata\":{\"name\":");
    char name[512];
    int length = snprintf(name, sizeof(name), "%.400s-fleetgate", cluster->name);
    json_string_append(secret, name, (size_t)length);
    append_text(secret, "namespace", cluster->namespace);
    append_text(secret, "resourceVersion", resource_version);
    buffer_append_text(secret, is_needed ? ",\"finalizers\":[\"" RECONCILER_FINALIZER "\"]" : "");
    buffer_append_text(secret, ",\"labels\":{\"cluster.x-k8s.io/cluster-name\":");
    json_string_append(secret, cluster->name, strlen(cluster->name));
    buffer_append_text(secret, "},\"ownerReferences\":[{\"kind\":\"Cluster\"");
    append_text(secret, "apiVersion", api_version);
    append_text(secret, "name", cluster->name);
    append_text(secret, "uid", uid);
    buffer_append_text(secret, "}]}");
}

bool cluster_record_write(const struct cluster_record *record, const struct object_key *cluster,
                          const char *api_version, const char *uid, const char *resource_version,
                          const struct key_ring *keys, struct buffer *ret_secret, struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, RECORD_MOST_BYTES);
    append_record(&text, record, cluster, uid);
    if (text.cut) {
        return error_set(error, ERROR_LIMIT, "what was approved of it is more than %d kB",
                         RECORD_MOST_BYTES / 1024);
    }
    unsigned char mac[KEY_RING_MAC_BYTES];
    if (!key_ring_sign(keys, NULL, text.data, text.length, mac)) {
        return error_set(error, ERROR_IO, "approvals can't be signed");
    }
    CLEANUP(buffer_clear) struct buffer signature;
    buffer_init(&signature, MOST_SIGNATURE_BYTES);
    buffer_printf(&signature, "%s ", key_ring_id(keys, 0));
    base64_append(&signature, mac, sizeof(mac));
    append_metadata(ret_secret, cluster, api_version, uid, resource_version, record->id && !record->released);
    buffer_append_text(ret_secret, ",\"data\":{\"record\":\"");
    base64_append(ret_secret, text.data, text.length);
    buffer_append_text(ret_secret, "\",\"signature\":\"");
    base64_append(ret_secret, signature.data, signature.length);
    buffer_append_text(ret_secret, "\"}}");
    return !ret_secret->cut || error_set(error, ERROR_LIMIT, "what was approved of it is too much");
}

// ---- reading ----

static bool decode_member(const struct node *data, const char *name, struct buffer *ret_bytes) {
    const char *text = node_string(node_get(data, name));
    return text && base64_decode(text, ret_bytes);
}

static bool is_signed(const struct node *data, const struct buffer *text, const struct key_ring *keys,
                      bool *ret_old_key) {
    CLEANUP(buffer_clear) struct buffer signature;
    CLEANUP(buffer_clear) struct buffer mac;
    buffer_init(&signature, MOST_SIGNATURE_BYTES);
    buffer_init(&mac, KEY_RING_MAC_BYTES);
    if (!decode_member(data, "signature", &signature)) {
        return false;
    }
    const char *words = buffer_text(&signature);
    size_t id_length = strcspn(words, " ");
    char id[KEY_ID_BYTES];
    if (id_length >= sizeof(id) || words[id_length] == '\0') {
        return false;
    }
    memcpy(id, words, id_length);
    id[id_length] = '\0';
    *ret_old_key = strcmp(id, key_ring_id(keys, 0)) != 0;
    return base64_decode(words + id_length + 1, &mac) && mac.length == KEY_RING_MAC_BYTES &&
           key_ring_verify(keys, id, text->data, text->length, (const unsigned char *)mac.data);
}

static char *copy_of(const struct node *map, const char *name) {
    const char *text = node_string(node_get(map, name));
    return text ? memory_strdup(text) : NULL;
}

static bool read_intent(const struct node *map, struct intent *intent, struct error *error) {
    if (!map) {
        return true;
    }
    intent->action = provider_action_parse(node_get_text(map, "action"));
    if (intent->action == ACTION_NONE || !*node_get_text(map, "token")) {
        intent->action = ACTION_NONE;
        return error_set(error, ERROR_INVALID, "the record's intent can't be read");
    }
    (void)node_integer(node_get(map, "replicas"), &intent->replicas);
    (void)node_integer(node_get(map, "surge"), &intent->surge);
    (void)node_integer(node_get(map, "drainSeconds"), &intent->drain_s);
    (void)node_integer(node_get(map, "sinceMs"), &intent->since_ms);
    snprintf(intent->token, sizeof(intent->token), "%s", node_get_text(map, "token"));
    intent->pool = copy_of(map, "pool");
    intent->version = copy_of(map, "version");
    intent->operation = copy_of(map, "operation");
    return true;
}

static bool read_one_approved(const struct node *item, struct buffer *text, struct cluster_record *record) {
    struct approved_object object = {.key = {node_get_text(item, "group"), node_get_text(item, "kind"),
                                             node_get_text(item, "namespace"), node_get_text(item, "name")}};
    const struct node *judged = node_get(item, "object");
    if (!node_is(judged, NODE_MAP) || !node_first(judged) || !*object.key.kind || !*object.key.name ||
        record->approved_count == RECORD_MOST_OBJECTS) {
        return false;
    }
    (void)node_integer(node_get(item, "generation"), &object.generation);
    (void)node_integer(node_get(item, "attested"), &object.attested);
    buffer_truncate(text, 0);
    approved_text_append(text, judged);
    object.text = buffer_text(text);
    object.length = text->length;
    cluster_record_approve(record, &object);
    return !text->cut;
}

static bool read_approved(const struct node *list, struct cluster_record *record, struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, RECORD_MOST_BYTES);
    bool fine = !list || node_is(list, NODE_LIST);
    NODE_EACH(item, list) {
        fine = fine && read_one_approved(item, &text, record);
    }
    return fine || error_set(error, ERROR_INVALID, "the record's approvals can't be read");
}

static bool read_document(const struct node *root, const struct object_key *cluster, const char *uid,
                          struct cluster_record *ret_record, struct error *error) {
    if (strcmp(node_get_text(root, "schema"), "fleetgate.dev/record/v1") != 0) {
        return error_set(error, ERROR_INVALID, "the record is of another version of fleetgate");
    }
    if (strcmp(node_get_text(root, "cluster"), cluster->name) != 0 ||
        strcmp(node_get_text(root, "namespace"), cluster->namespace) != 0) {
        return error_set(error, ERROR_DENIED, "the record is of another Cluster");
    }
    if (strcmp(node_get_text(root, "uid"), uid) != 0) {
        return error_set(error, ERROR_NOT_FOUND, "the record is of an earlier Cluster of this name");
    }
    CLEANUP(cluster_record_clear) struct cluster_record record = {0};
    if (!read_approved(node_get(root, "approved"), &record, error) ||
        !read_intent(node_get(root, "intent"), &record.intent, error)) {
        return false;
    }
    record.provider = copy_of(root, "provider");
    record.region = copy_of(root, "region");
    record.id = copy_of(root, "id");
    record.revision = 0;
    (void)node_integer(node_get(root, "revision"), &record.revision);
    (void)node_integer(node_get(root, "converged"), &record.converged);
    (void)node_boolean(node_get(root, "deleting"), &record.deleting);
    (void)node_boolean(node_get(root, "upgrading"), &record.upgrading);
    (void)node_boolean(node_get(root, "removing"), &record.removing);
    *ret_record = record;
    record = (struct cluster_record){0};
    return true;
}

bool cluster_record_read(const struct node *secret, const struct object_key *cluster, const char *uid,
                         const struct key_ring *keys, struct cluster_record *ret_record,
                         struct error *error) {
    const struct node *data = node_get(secret, "data");
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, RECORD_MOST_BYTES);
    if (!decode_member(data, "record", &text)) {
        return error_set(error, ERROR_INVALID, "the record can't be read");
    }
    bool old_key;
    if (!is_signed(data, &text, keys, &old_key)) {
        return error_set(error, ERROR_DENIED, "the record was not signed by a key that is believed");
    }
    const struct document_limits limits = {.depth = MOST_RECORD_DEPTH, .nodes = MOST_RECORD_NODES};
    CLEANUP(document_free) struct document *document = NULL;
    if (!json_read_copy(text.data, text.length, &limits, &document, error)) {
        return error_wrap(error, "the record");
    }
    if (!read_document(document_root(document), cluster, uid, ret_record, error)) {
        return false;
    }
    ret_record->old_key = old_key;
    return true;
}
