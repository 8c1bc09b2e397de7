#include "embedded/door_change.h"

#include "attest/attestation.h"
#include "base/clock.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/merge_patch.h"
#include "embedded/applied_object.h"
#include "embedded/applied_table.h"
#include "engine/decision_text.h"
#include "fleet/object_identity.h"

#include <stdio.h>
#include <string.h>

static const uint64_t review_timeout_ns = 1000000000;

enum { MOST_PATCH_BYTES = 4096, MOST_POLICIES_BYTES = 1024 };

// One change on its way.
struct passage {
    const struct doorway *door;
    const struct fleet_entry *entry;
    struct arena *arena;
    struct door_result *result;
    struct document *stored; // the object as it is; NULL: there is none
    struct document *file;   // what the manifest says
    char uid[40];
};

static void passage_clear(struct passage *passage) {
    document_free(passage->stored);
    document_free(passage->file);
}

static void passage_clear_cleanup(struct passage *passage) {
    passage_clear(passage);
}

// Always false, for the end of a function.
static bool stop(struct passage *passage, enum door_outcome outcome, const char *text) {
    passage->result->outcome = outcome;
    passage->result->text = arena_strdup(passage->arena, text);
    return false;
}

static bool fail(struct passage *passage, const struct error *error) {
    passage->result->fatal = error->kind == ERROR_IO;
    return stop(passage, DOOR_FAILED, error->message);
}

// The same question has the same name, so its denial is the same text however often it is asked.
static void name_review(struct passage *passage, enum operation operation) {
    const struct object_key *key = &passage->entry->key;
    const char *text = arena_printf(passage->arena, "%s\n%s\n%s\n%s\n%s\n%s", operation_name(operation),
                                    key->group, key->kind, key->namespace, key->name,
                                    operation == OPERATION_DELETE ? "" : passage->entry->manifest_digest);
    char hex[SHA256_HEX_BYTES];
    sha256_hex(text, strlen(text), hex);
    snprintf(passage->uid, sizeof(passage->uid), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
             hex + 16, hex + 20);
    CLEANUP(buffer_clear) struct buffer name;
    buffer_init(&name, sizeof(passage->uid));
    decision_name(passage->uid, &name);
    passage->result->operation = operation;
    passage->result->decision = arena_strdup(passage->arena, buffer_text(&name));
}

static bool read_stored(struct passage *passage) {
    struct error error;
    if (object_database_read(passage->door->database, &passage->entry->key, &passage->stored, &error) ||
        error.kind == ERROR_NOT_FOUND) {
        return true;
    }
    return fail(passage, &error);
}

static const struct node *stored_root(const struct passage *passage) {
    return passage->stored ? document_root(passage->stored) : NULL;
}

static bool is_going(const struct passage *passage) {
    return node_get(node_get(stored_root(passage), "metadata"), "deletionTimestamp") != NULL;
}

static struct review review_of(const struct passage *passage, const struct node *object) {
    const struct doorway *door = passage->door;
    struct object_identity identity;
    object_identity_read(passage->arena, object ? object : stored_root(passage), "", &identity);
    return (struct review){.change = {.operation = passage->result->operation,
                                      .key = passage->entry->key,
                                      .version = identity.version,
                                      .resource = object_resource(passage->arena, passage->entry->key.kind),
                                      .subresource = "",
                                      .object = object,
                                      .old_object = stored_root(passage)},
                           .uid = passage->uid,
                           .user = door->user,
                           .door = DOOR_ADMISSION,
                           .now = door->now_s,
                           .deadline_ns = clock_now_ns() + review_timeout_ns,
                           .before = door->source,
                           .after = door->source,
                           .keeper = door->keeper};
}

static void list_policies(struct passage *passage, const struct decision *decision) {
    CLEANUP(buffer_clear) struct buffer list;
    buffer_init(&list, MOST_POLICIES_BYTES);
    const char *last = "";
    for (size_t i = 0; i < decision->violation_count; i++) {
        const struct violation *violation = &decision->violations[i];
        bool counts = decision->allowed ? violation->mode >= MODE_WARN : violation_denies(violation);
        if (counts && strcmp(violation->policy, last) != 0) {
            buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", violation->policy);
            last = violation->policy;
        }
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        if (policy_result_denies(&decision->results[i])) {
            buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", decision->results[i].policy);
        }
    }
    passage->result->policies = arena_strdup(passage->arena, buffer_text(&list));
}

// False: it was denied.
static bool take_decision(struct passage *passage, const struct decision *decision,
                          const struct review *review) {
    list_policies(passage, decision);
    if (!decision->allowed) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, DENIAL_MAXIMUM_BYTES);
        decision_denial(decision, review, &text);
        return stop(passage, DOOR_DENIED, buffer_text(&text));
    }
    passage->result->judged |= decision->result_count > 0;
    return true;
}

// Objects of one directory come one after the other: what another one holds is judged with that one.
static struct decision without_unseen(struct passage *passage, const struct decision *decision) {
    struct decision told = *decision;
    told.unknowns = arena_alloc(passage->arena, (decision->unknown_count + 1) * sizeof(struct unknown_value));
    told.unknown_count = 0;
    for (size_t i = 0; i < decision->unknown_count; i++) {
        if (!decision->unknowns[i].unseen) {
            told.unknowns[told.unknown_count++] = decision->unknowns[i];
        }
    }
    return told;
}

static bool judge(struct passage *passage, const struct node *object) {
    CLEANUP(decision_clear) struct decision decision = {0};
    struct review review = review_of(passage, object);
    engine_evaluate(passage->door->policies, &review, &decision);
    if (!take_decision(passage, &decision, &review)) {
        return false;
    }
    const char *const *list = NULL;
    struct decision told = without_unseen(passage, &decision);
    size_t count = decision_warnings(&told, &review, passage->arena, &list);
    const char **warnings = arena_alloc(passage->arena, (count + 1) * sizeof(const char *));
    for (size_t i = 0; i < count; i++) {
        warnings[i] = arena_strdup(passage->arena, list[i]);
    }
    passage->result->warnings = warnings;
    passage->result->warning_count = count;
    return true;
}

static bool read_manifest(const char *text, struct document **ret_document, struct error *error) {
    return json_read_copy(text, strlen(text), &document_default_limits, ret_document, error);
}

// What the file asks for, laid over what is stored.
static bool merge(struct passage *passage, struct document **ret_object) {
    struct error error;
    CLEANUP(free) char *text = NULL;
    CLEANUP(document_free) struct document *applied = NULL;
    if (!applied_table_read(passage->door->database, &passage->entry->key, &text, &error) ||
        (text && !read_manifest(text, &applied, &error)) ||
        !read_manifest(passage->entry->manifest, &passage->file, &error)) {
        return fail(passage, &error);
    }
    const struct applied_object question = {.file = document_root(passage->file),
                                            .applied = applied ? document_root(applied) : NULL,
                                            .stored = stored_root(passage)};
    return applied_object_merge(&question, ret_object, &error) || fail(passage, &error);
}

static bool fill_in(struct passage *passage, struct document **object) {
    CLEANUP(decision_clear) struct decision decision = {0};
    struct review review = review_of(passage, document_root(*object));
    engine_mutate(passage->door->policies, &review, &decision);
    if (!take_decision(passage, &decision, &review)) {
        return false;
    }
    struct error error;
    struct document *filled = NULL;
    if (!engine_apply_patch(*object, document_root(*object), &decision, &filled, &error)) {
        return fail(passage, &error);
    }
    document_free(*object);
    *object = filled;
    return true;
}

// Takes the patch's text; object is replaced.
static bool lay_over(struct passage *passage, const struct buffer *text, struct document **object) {
    struct error error;
    struct document *completed = NULL;
    CLEANUP(document_free) struct document *patch = NULL;
    if (!read_manifest(buffer_text(text), &patch, &error) ||
        !merge_patch_apply(document_root(*object), document_root(patch), &completed, &error)) {
        return fail(passage, &error);
    }
    document_free(*object);
    *object = completed;
    return true;
}

// API servers fill the namespace in before they ask.
static bool name_namespace(struct passage *passage, struct document **object) {
    const char *namespace = passage->entry->key.namespace;
    const struct node *metadata = node_get(document_root(*object), "metadata");
    if (!*namespace || node_get(metadata, "namespace")) {
        return true;
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_PATCH_BYTES);
    buffer_append_text(&text, "{\"metadata\":{\"namespace\":");
    json_string_append(&text, namespace, strlen(namespace));
    buffer_append_text(&text, "}}");
    return lay_over(passage, &text, object);
}

// The generation that it will have, which promises go by, and what /mutate adds last.
static bool attest(struct passage *passage, struct document **object) {
    const struct object_key *key = &passage->entry->key;
    const struct node *root = document_root(*object);
    int64_t generation = attestation_next_generation(root, stored_root(passage));
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_PATCH_BYTES);
    buffer_append_text(&text, "{\"metadata\":{\"generation\":");
    json_integer_append(&text, generation);
    if (passage->door->keys && cluster_view_knows(key->group, key->kind)) {
        const struct attested_object attested = {.group = key->group,
                                                 .kind = key->kind,
                                                 .namespace = key->namespace,
                                                 .name = key->name,
                                                 .generation = generation,
                                                 .object = root};
        char attestation[ATTESTATION_BYTES];
        attestation_make(passage->door->keys, &attested, attestation);
        if (*attestation) {
            buffer_append_text(&text, ",\"annotations\":{\"" ATTESTATION_ANNOTATION "\":");
            json_string_append(&text, attestation, strlen(attestation));
            buffer_append_char(&text, '}');
        }
    }
    buffer_append_text(&text, "}}");
    return lay_over(passage, &text, object);
}

// Together: what is stored is known to have come from the directory, or neither is.
static bool store(struct passage *passage, const struct node *object, bool changes) {
    struct object_database *database = passage->door->database;
    const struct fleet_entry *entry = passage->entry;
    struct error error;
    object_database_begin(database);
    bool done =
        !changes || (passage->stored ? object_database_replace(database, &entry->key, object, NULL, &error)
                                     : object_database_create(database, &entry->key, object, NULL, &error));
    const struct applied_row row = {.key = entry->key,
                                    .path = entry->file,
                                    .digest = entry->manifest_digest,
                                    .manifest = entry->manifest};
    if (!done || !applied_table_put(database, &row, &error)) {
        object_database_rollback(database);
        return fail(passage, &error);
    }
    return object_database_commit(database, &error) || fail(passage, &error);
}

void door_apply(const struct doorway *door, const struct fleet_entry *entry, struct arena *arena,
                struct door_result *ret_result) {
    *ret_result = (struct door_result){.text = "", .policies = "", .decision = ""};
    CLEANUP(passage_clear)
    struct passage passage = {.door = door, .entry = entry, .arena = arena, .result = ret_result};
    CLEANUP(document_free) struct document *object = NULL;
    if (!read_stored(&passage)) {
        return;
    }
    name_review(&passage, passage.stored ? OPERATION_UPDATE : OPERATION_CREATE);
    if (is_going(&passage)) {
        (void)stop(&passage, DOOR_WAITS, "it is being deleted, and is made anew once it is gone");
        return;
    }
    if (!merge(&passage, &object) || !name_namespace(&passage, &object) || !fill_in(&passage, &object) ||
        !attest(&passage, &object)) {
        return;
    }
    bool changes = !node_equal(document_root(object), stored_root(&passage));
    if ((changes && !judge(&passage, document_root(object))) ||
        !store(&passage, document_root(object), changes)) {
        return;
    }
    ret_result->outcome = changes ? DOOR_STORED : DOOR_NOTHING;
}

void door_remove(const struct doorway *door, const struct fleet_entry *entry, struct arena *arena,
                 struct door_result *ret_result) {
    *ret_result = (struct door_result){.text = "", .policies = "", .decision = ""};
    CLEANUP(passage_clear)
    struct passage passage = {.door = door, .entry = entry, .arena = arena, .result = ret_result};
    struct error error;
    name_review(&passage, OPERATION_DELETE);
    if (!read_stored(&passage)) {
        return;
    }
    if (!passage.stored) {
        ret_result->outcome = DOOR_NOTHING;
        (void)(applied_table_remove(door->database, &entry->key, &error) || fail(&passage, &error));
        return;
    }
    ret_result->going = true;
    if (is_going(&passage)) {
        ret_result->outcome = DOOR_NOTHING;
        return;
    }
    const char *uid = node_string(node_get(node_get(stored_root(&passage), "metadata"), "uid"));
    if (!judge(&passage, NULL)) {
        return;
    }
    if (!object_database_remove(door->database, &entry->key, uid, NULL, &error)) {
        (void)fail(&passage, &error);
        return;
    }
    ret_result->outcome = DOOR_STORED;
}
