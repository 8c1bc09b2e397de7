#include "reconciler/cluster_record.h"

#include "base/base64.h"
#include "base/memory.h"
#include "reconciler/object_table.h"
#include "tests/support/documents.h"

#include <stdio.h>

static const struct object_key cluster = {"cluster.x-k8s.io", "Cluster", "prod", "eu-1"};
static const char uid[] = "8d5b0c3e";

static const char *const objects[] = {
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod',"
    "'uid':'8d5b0c3e','labels':{'team':'a','environment':'dev'},'annotations':{'b':'2','a':'1'}},'spec':{"
    "'paused':false,'clusterNetwork':{'pods':{'cidrBlocks':['10.0.0.0/8']}}}}",
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'eu-1-a','namespace':"
    "'prod'},'spec':{'replicas':3,'note':'\\u00e9 \\\" \\\\ \\n','share':0.25,'none':null}}",
};
static const struct object_key keys_of_objects[] = {
    {"cluster.x-k8s.io", "Cluster", "prod", "eu-1"},
    {"cluster.x-k8s.io", "MachinePool", "prod", "eu-1-a"},
};
enum { OBJECTS = sizeof(objects) / sizeof(objects[0]), MOST_SECRET_BYTES = 2 * RECORD_MOST_BYTES };

// Two keys of 32 bytes.
static const char key_lines[][60] = {"k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
                                     "k2 HxsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQABAgM=\n"};

static struct key_ring *ring_of(const char *first, const char *second) {
    char text[200];
    snprintf(text, sizeof(text), "%s%s", first, second);
    struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_parse(text, strlen(text), "keys", &ring, &error)) {
        fail_msg("%s", error.message);
    }
    return ring;
}

static void approve(struct cluster_record *record, size_t index, int64_t generation, int64_t attested) {
    CLEANUP(document_free) struct document *document = document_of(objects[index]);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, RECORD_MOST_BYTES);
    judged_text(document_root(document), &text);
    const struct approved_object object = {.key = keys_of_objects[index],
                                           .text = buffer_text(&text),
                                           .length = text.length,
                                           .generation = generation,
                                           .attested = attested};
    cluster_record_approve(record, &object);
}

static struct cluster_record full_record(void) {
    struct cluster_record record = {.provider = memory_strdup("sim"),
                                    .region = memory_strdup("eu-west-1"),
                                    .id = memory_strdup("prod-eu-1"),
                                    .converged = 1,
                                    .deleting = true,
                                    .upgrading = true,
                                    .removing = true};
    approve(&record, 0, 7, 6);
    approve(&record, 1, 3, 0);
    const struct plan_step step = {.action = ACTION_UPGRADE_POOL,
                                   .pool = "eu-1-a",
                                   .version = "1.31.2",
                                   .replicas = 4,
                                   .surge = 2,
                                   .drain_s = 90};
    intent_set(&record.intent, &step, "fg-0123456789abcdef0123456789abcdef", 1790000000123);
    record.intent.operation = memory_strdup("op-17 \"quoted\"");
    return record;
}

static char *written(const struct cluster_record *record, const struct key_ring *keys) {
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&secret, MOST_SECRET_BYTES);
    struct error error = {0};
    if (!cluster_record_write(record, &cluster, "cluster.x-k8s.io/v1beta1", uid, NULL, keys, &secret,
                              &error)) {
        fail_msg("%s", error.message);
    }
    return buffer_take(&secret);
}

static struct document *full_secret(const struct key_ring *keys) {
    CLEANUP(cluster_record_clear) struct cluster_record record = full_record();
    char *text = written(&record, keys);
    struct document *document = document_of(text);
    free(text);
    return document;
}

// ---- what is written is read ----

static void expect_same_object(const struct approved_object *actual, const struct approved_object *expected) {
    expect_true(expected->key.name, actual != NULL, "it is approved");
    char *actual_text = approved_text(actual), *expected_text = approved_text(expected);
    expect_text("text", actual_text, expected_text);
    free(actual_text);
    free(expected_text);
    expect_integer("length", (int64_t)actual->length, (int64_t)expected->length);
    expect_integer("generation", actual->generation, expected->generation);
    expect_integer("attested", actual->attested, expected->attested);
}

static void expect_same_intent(const struct intent *actual, const struct intent *expected) {
    expect_integer("action", (int64_t)actual->action, (int64_t)expected->action);
    expect_text("pool", actual->pool, expected->pool);
    expect_text("version", actual->version, expected->version);
    expect_text("token", actual->token, expected->token);
    expect_text("operation", actual->operation, expected->operation);
    expect_integer("replicas", actual->replicas, expected->replicas);
    expect_integer("surge", actual->surge, expected->surge);
    expect_integer("drain", actual->drain_s, expected->drain_s);
    expect_integer("since", actual->since_ms, expected->since_ms);
}

static void test_round_trip(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(cluster_record_clear) struct cluster_record record = full_record();
    CLEANUP(document_free) struct document *secret = full_secret(keys);
    CLEANUP(cluster_record_clear) struct cluster_record read = {0};
    struct error error = {0};
    if (!cluster_record_read(document_root(secret), &cluster, uid, keys, &read, &error)) {
        fail_msg("%s", error.message);
    }
    expect_text("provider", read.provider, record.provider);
    expect_text("region", read.region, record.region);
    expect_text("id", read.id, record.id);
    expect_integer("revision", read.revision, record.revision);
    expect_integer("converged", read.converged, record.converged);
    expect_true("deleting", read.deleting, "as it was written");
    expect_true("upgrading", read.upgrading, "as it was written");
    expect_true("removing", read.removing, "as it was written");
    expect_true("old key", !read.old_key, "the first key signed");
    expect_same_intent(&read.intent, &record.intent);
    expect_integer("objects", (int64_t)read.approved_count, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++) {
        expect_same_object(cluster_record_find(&read, &keys_of_objects[i]), record.approved[i]);
    }
    char *first = written(&record, keys), *second = written(&read, keys);
    expect_text("written again", second, first);
    free(first);
    free(second);
}

static void test_empty_round_trip(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    struct cluster_record record = {0};
    char *text = written(&record, keys);
    CLEANUP(document_free) struct document *secret = document_of(text);
    free(text);
    CLEANUP(cluster_record_clear) struct cluster_record read = {.deleting = true};
    struct error error = {0};
    assert_true(cluster_record_read(document_root(secret), &cluster, uid, keys, &read, &error));
    expect_true("nothing was started", !read.provider && !read.region && !read.id, "no home");
    expect_true("nothing is under way", read.intent.action == ACTION_NONE && !read.intent.operation,
                "no intent");
    expect_true("flags", !read.deleting && !read.upgrading && !read.removing, "not set");
    expect_integer("objects", (int64_t)read.approved_count, 0);
}

static void test_secret_is_owned(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(document_free) struct document *secret = full_secret(keys);
    const struct node *root = document_root(secret), *metadata = node_get(root, "metadata");
    const struct node *owner = node_item(node_get(metadata, "ownerReferences"), 0);
    expect_text("type", node_string(node_get(root, "type")), "fleetgate.dev/reconciler-record");
    expect_text("name", node_string(node_get(metadata, "name")), "eu-1-fleetgate");
    expect_text("namespace", node_string(node_get(metadata, "namespace")), "prod");
    expect_text("owner", node_string(node_get(owner, "uid")), uid);
    expect_text("owner's kind", node_string(node_get(owner, "kind")), "Cluster");
}

// ---- what is not believed ----

static void append_base64(struct buffer *secret, const char *name, const void *bytes, size_t length) {
    buffer_printf(secret, "'%s':'", name);
    base64_append(secret, bytes, length);
    buffer_append_text(secret, "'");
}

// A Secret with this record under a signature by this key; id: what the signature says signed.
static struct document *sealed(const struct key_ring *keys, const char *id, const char *text) {
    unsigned char mac[KEY_RING_MAC_BYTES];
    assert_true(key_ring_sign(keys, NULL, text, strlen(text), mac));
    CLEANUP(buffer_clear) struct buffer signature, secret;
    buffer_init(&signature, 200);
    buffer_init(&secret, 4 * MOST_SECRET_BYTES);
    buffer_printf(&signature, "%s ", id);
    base64_append(&signature, mac, sizeof(mac));
    buffer_append_text(&secret, "{'data':{");
    append_base64(&secret, "record", text, strlen(text));
    buffer_append_char(&secret, ',');
    append_base64(&secret, "signature", signature.data, signature.length);
    buffer_append_text(&secret, "}}");
    return document_of(buffer_text(&secret));
}

static void expect_refused(const char *name, const struct document *secret, const struct object_key *key,
                           const struct key_ring *keys, enum error_kind kind) {
    struct cluster_record untouched = {.revision = 42};
    struct error error = {0};
    bool fine = cluster_record_read(document_root(secret), key, uid, keys, &untouched, &error);
    expect_true(name, !fine, "it is refused");
    expect_text(name, error_kind_name(error.kind), error_kind_name(kind));
    expect_true(name, error.message[0] != '\0', "it says why");
    expect_true(name, untouched.revision == 42 && !untouched.approved, "the output is left alone");
}

static void decoded(const struct document *secret, const char *name, struct buffer *ret_bytes) {
    buffer_init(ret_bytes, MOST_SECRET_BYTES);
    const struct node *data = node_get(document_root(secret), "data");
    assert_true(base64_decode(node_string(node_get(data, name)), ret_bytes));
}

static struct document *put_together(const struct buffer *record, const struct buffer *signature) {
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&secret, MOST_SECRET_BYTES);
    buffer_append_text(&secret, "{'data':{");
    append_base64(&secret, "record", record->data, record->length);
    buffer_append_char(&secret, ',');
    append_base64(&secret, "signature", signature->data, signature->length);
    buffer_append_text(&secret, "}}");
    return document_of(buffer_text(&secret));
}

// Every byte of the record and of its signature counts.
static void test_flipped_bytes(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(document_free) struct document *secret = full_secret(keys);
    CLEANUP(buffer_clear) struct buffer record, signature;
    decoded(secret, "record", &record);
    decoded(secret, "signature", &signature);
    for (size_t i = 0; i < record.length + signature.length; i++) {
        char *byte = i < record.length ? &record.data[i] : &signature.data[i - record.length];
        *byte ^= 16;
        CLEANUP(document_free) struct document *flipped = put_together(&record, &signature);
        char name[40];
        snprintf(name, sizeof(name), "byte %zu of %zu", i, record.length + signature.length);
        expect_refused(name, flipped, &cluster, keys, ERROR_DENIED);
        *byte ^= 16;
    }
}

static void test_of_another_cluster(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct object_key key;
    } cases[] = {{"another Cluster", {"cluster.x-k8s.io", "Cluster", "prod", "eu-2"}},
                 {"another namespace", {"cluster.x-k8s.io", "Cluster", "dev", "eu-1"}}};
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(document_free) struct document *secret = full_secret(keys);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_refused(cases[i].name, secret, &cases[i].key, keys, ERROR_DENIED);
    }
    struct cluster_record untouched = {.revision = 42};
    struct error error = {0};
    assert_false(cluster_record_read(document_root(secret), &cluster, "another", keys, &untouched, &error));
    expect_text("an earlier Cluster of this name", error_kind_name(error.kind),
                error_kind_name(ERROR_NOT_FOUND));
    expect_integer("output", untouched.revision, 42);
}

static void test_keys(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *first = ring_of(key_lines[0], "");
    CLEANUP(key_ring_unref) struct key_ring *second = ring_of(key_lines[1], "");
    CLEANUP(key_ring_unref) struct key_ring *both = ring_of(key_lines[1], key_lines[0]);
    CLEANUP(document_free) struct document *secret = full_secret(first);
    expect_refused("a key that is not known (any more)", secret, &cluster, second, ERROR_DENIED);
    CLEANUP(cluster_record_clear) struct cluster_record read = {0};
    struct error error = {0};
    assert_true(cluster_record_read(document_root(secret), &cluster, uid, both, &read, &error));
    expect_true("an old key", read.old_key, "it is to be signed again");
    CLEANUP(document_free)
    struct document *forged = sealed(second, "k1", "{'schema':'fleetgate.dev/record/v1'}");
    expect_refused("another key under this name", forged, &cluster, first, ERROR_DENIED);
}

static void test_missing_parts(void **state) {
    (void)state;
    static const struct {
        const char *name, *secret;
        enum error_kind kind;
    } cases[] = {
        {"nothing", "{}", ERROR_INVALID},
        {"no data", "{'data':null}", ERROR_INVALID},
        {"no record", "{'data':{'signature':'azEgQUFBQQ=='}}", ERROR_INVALID},
        {"a record that is no text", "{'data':{'record':5,'signature':'azEgQUFBQQ=='}}", ERROR_INVALID},
        {"a record that is no Base64", "{'data':{'record':'***','signature':'azEgQUFBQQ=='}}", ERROR_INVALID},
        {"no signature", "{'data':{'record':'e30='}}", ERROR_DENIED},
        {"an empty signature", "{'data':{'record':'e30=','signature':''}}", ERROR_DENIED},
        {"a signature without a key", "{'data':{'record':'e30=','signature':'QUFBQQ=='}}", ERROR_DENIED},
        {"a short signature", "{'data':{'record':'e30=','signature':'azEgQUFBQQ=='}}", ERROR_DENIED},
        {"a list", "['data']", ERROR_INVALID},
    };
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *secret = document_of(cases[i].secret);
        expect_refused(cases[i].name, secret, &cluster, keys, cases[i].kind);
    }
}

#define HEAD                                                                                                 \
    "{\"schema\":\"fleetgate.dev/record/"                                                                    \
    "v1\",\"cluster\":\"eu-1\",\"namespace\":\"prod\",\"uid\":\"8d5b0c3e\""

// Signed by ourselves, and yet not what we write.
static void test_nonsense(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"no JSON", "{\"schema\""},
        {"a list", "[]"},
        {"an empty map", "{}"},
        {"another schema", "{\"schema\":\"fleetgate.dev/record/v2\"}"},
        {"no list of approvals", HEAD ",\"approved\":{\"kind\":\"Cluster\"}}"},
        {"an approval that is a number", HEAD ",\"approved\":[5]}"},
        {"an approval of nothing", HEAD
         ",\"approved\":[{\"group\":\"\",\"kind\":\"Cluster\",\"namespace\":\"prod\",\"name\":\"eu-1\"}]}"},
        {"an approval of a text", HEAD ",\"approved\":[{\"group\":\"\",\"kind\":\"Cluster\",\"namespace\":"
                                       "\"prod\",\"name\":\"eu-1\",\"object\":\"{}\"}]}"},
        {"an approval of an empty object",
         HEAD ",\"approved\":[{\"group\":\"\",\"kind\":\"Cluster\",\"namespace\":\"prod\",\"name\":\"eu-1\","
              "\"object\":{}}]}"},
        {"an approval without a name",
         HEAD ",\"approved\":[{\"group\":\"\",\"kind\":\"Cluster\",\"object\":{\"kind\":\"Cluster\"}}]}"},
        {"an intent without a token", HEAD ",\"intent\":{\"action\":\"create-cluster\"}}"},
        {"an intent to do something else", HEAD ",\"intent\":{\"action\":\"destroy\",\"token\":\"fg-1\"}}"},
    };
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *secret = sealed(keys, "k1", cases[i].text);
        expect_refused(cases[i].name, secret, &cluster, keys, ERROR_INVALID);
    }
}

// ---- limits ----

static void approve_much(struct cluster_record *record, size_t bytes) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 2 * RECORD_MOST_BYTES);
    buffer_append_text(&text, "{\"kind\":\"MachinePool\",\"spec\":\"");
    while (text.length < bytes) {
        buffer_append_char(&text, 'x');
    }
    buffer_append_text(&text, "\"}");
    const struct approved_object object = {
        .key = keys_of_objects[1], .text = buffer_text(&text), .length = text.length};
    cluster_record_approve(record, &object);
}

static void test_too_large(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(cluster_record_clear) struct cluster_record record = {0};
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&secret, MOST_SECRET_BYTES);
    struct error error = {0};
    approve_much(&record, RECORD_MOST_BYTES - 1000);
    assert_true(cluster_record_write(&record, &cluster, "v1", uid, NULL, keys, &secret, &error));
    CLEANUP(document_free) struct document *document = document_of(buffer_text(&secret));
    CLEANUP(cluster_record_clear) struct cluster_record read = {0};
    if (!cluster_record_read(document_root(document), &cluster, uid, keys, &read, &error)) {
        fail_msg("just small enough: %s", error.message);
    }
    buffer_clear(&secret);
    approve_much(&record, RECORD_MOST_BYTES);
    assert_false(cluster_record_write(&record, &cluster, "v1", uid, NULL, keys, &secret, &error));
    expect_error("too large", &error, ERROR_LIMIT, "what was approved of it is more than 900 kB");
}

// As deep as an object may be: it must fit into the record as well.
static void test_deep_object(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *keys = ring_of(key_lines[0], "");
    CLEANUP(buffer_clear) struct buffer text, judged;
    buffer_init(&text, RECORD_MOST_BYTES);
    buffer_init(&judged, RECORD_MOST_BYTES);
    size_t depth = document_default_limits.depth - 1;
    buffer_append_text(&text, "{'apiVersion':'v1','kind':'MachinePool','metadata':{'name':'eu-1-a'},'spec':");
    for (size_t i = 0; i < depth; i++) {
        buffer_append_char(&text, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        buffer_append_char(&text, ']');
    }
    buffer_append_char(&text, '}');
    CLEANUP(document_free) struct document *document = document_of(buffer_text(&text));
    judged_text(document_root(document), &judged);
    CLEANUP(cluster_record_clear) struct cluster_record record = {0}, read = {0};
    cluster_record_approve(&record, &(struct approved_object){.key = keys_of_objects[1],
                                                              .text = buffer_text(&judged),
                                                              .length = judged.length});
    char *written_text = written(&record, keys);
    CLEANUP(document_free) struct document *secret = document_of(written_text);
    free(written_text);
    struct error error = {0};
    if (!cluster_record_read(document_root(secret), &cluster, uid, keys, &read, &error)) {
        fail_msg("%s", error.message);
    }
    char *read_text = approved_text(read.approved[0]);
    expect_text("text", read_text, buffer_text(&judged));
    free(read_text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),         cmocka_unit_test(test_empty_round_trip),
        cmocka_unit_test(test_secret_is_owned),    cmocka_unit_test(test_flipped_bytes),
        cmocka_unit_test(test_of_another_cluster), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_missing_parts),      cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_too_large),          cmocka_unit_test(test_deep_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
