// Any bytes as the Secret that holds a record, and as the record in a Secret that is signed: refused with
// words, or read so that what is written of it reads the same again.
#include "tests/fuzz/fuzz.h"

#include "base/base64.h"
#include "base/json_reader.h"
#include "reconciler/cluster_record.h"

enum { MOST_BYTES = 4 * RECORD_MOST_BYTES };
static const char uid[] = "0c5cb1c2-ae1f-4d5e-8d5a-1e4a6d2c5f10";
static const struct object_key cluster = {
    .group = "cluster.x-k8s.io", .kind = "Cluster", .namespace = "prod", .name = "eu-1"};
// The second one stands for a key that is no longer the first.
static const char key_file[] = "new MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
                               "old ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=\n";

static struct key_ring *read_keys(void) {
    struct key_ring *ring = NULL;
    struct error error = {0};
    require(key_ring_parse(key_file, strlen(key_file), "keys", &ring, &error), "the keys are read");
    return ring;
}

static struct document *read_json(const char *text, size_t length) {
    struct document *document = NULL;
    struct error error = {0};
    return json_read_copy(text, length, &document_default_limits, &document, &error) ? document : NULL;
}

static bool read_secret(const struct node *secret, const struct key_ring *keys,
                        struct cluster_record *ret_record) {
    struct error error = {0};
    bool is_read = cluster_record_read(secret, &cluster, uid, keys, ret_record, &error);
    require(is_read == (error.kind == ERROR_NONE), "it is read, or there is an error");
    require(is_read || (*error.message && !ret_record->approved && !ret_record->provider),
            "outputs are untouched on failure");
    require(error.kind != ERROR_IO && error.kind != ERROR_CONFLICT, "asking again would not help");
    return is_read;
}

// False: it is more than a Secret holds.
static bool write_secret(const struct cluster_record *record, const struct key_ring *keys,
                         struct buffer *ret_text) {
    struct error error = {0};
    buffer_init(ret_text, MOST_BYTES);
    bool is_written =
        cluster_record_write(record, &cluster, "cluster.x-k8s.io/v1beta2", uid, "7", keys, ret_text, &error);
    require(is_written || error.kind == ERROR_LIMIT, "a record is written, or too large");
    return is_written;
}

static void check_record(const struct cluster_record *record, const struct key_ring *keys) {
    for (size_t i = 0; i < record->approved_count; i++) {
        const struct approved_object *object = record->approved[i];
        require(cluster_record_find(record, &object->key) == object, "each object once");
        CLEANUP(free) char *text = approved_text(object);
        CLEANUP(document_free) struct document *document = read_json(text, object->length);
        require(document != NULL, "an approved object is JSON");
    }
    CLEANUP(buffer_clear) struct buffer once;
    CLEANUP(buffer_clear) struct buffer twice;
    buffer_init(&twice, MOST_BYTES);
    if (!write_secret(record, keys, &once)) {
        return;
    }
    CLEANUP(document_free) struct document *secret = read_json(once.data, once.length);
    CLEANUP(cluster_record_clear) struct cluster_record again = {0};
    require(secret && read_secret(document_root(secret), keys, &again), "what was written is read");
    require(!again.old_key, "it was signed by the first key");
    require(write_secret(&again, keys, &twice), "and written again");
    require(strcmp(buffer_text(&once), buffer_text(&twice)) == 0, "it is the same record");
}

static void check_secret(const struct node *secret, const struct key_ring *keys) {
    CLEANUP(cluster_record_clear) struct cluster_record record = {0};
    if (read_secret(secret, keys, &record)) {
        check_record(&record, keys);
    }
}

// {"data":{"record":TEXT,"signature":...}}
static void check_signed(const char *text, size_t size, const struct key_ring *keys, const char *id) {
    unsigned char mac[KEY_RING_MAC_BYTES];
    require(key_ring_sign(keys, id, text, size, mac), "it is signed");
    CLEANUP(buffer_clear) struct buffer signature;
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&signature, 200);
    buffer_init(&secret, MOST_BYTES);
    buffer_printf(&signature, "%s ", id);
    base64_append(&signature, mac, sizeof(mac));
    buffer_append_text(&secret, "{\"data\":{\"record\":\"");
    base64_append(&secret, text, size);
    buffer_append_text(&secret, "\",\"signature\":\"");
    base64_append(&secret, signature.data, signature.length);
    buffer_append_text(&secret, "\"}}");
    CLEANUP(document_free) struct document *document = read_json(secret.data, secret.length);
    require(document != NULL, "it is JSON");
    check_secret(document_root(document), keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    CLEANUP(key_ring_unref) struct key_ring *keys = read_keys();
    CLEANUP(document_free) struct document *document = read_json(text, size);
    if (document) {
        check_secret(document_root(document), keys);
    }
    check_signed(text, size, keys, "new");
    check_signed(text, size, keys, "old");
    return 0;
}
