#include "reconciler/cluster_record.h"

#include "base/memory.h"
#include "base/text_pack.h"
#include "fleet/fragment.h"
#include "reconciler/object_words.h"

#include <assert.h>
#include <string.h>

enum { MOST_OVERHEAD_BYTES = 64 };

static char *copy_text(const char *text) {
    return text ? memory_strdup(text) : NULL;
}

void intent_clear(struct intent *intent) {
    free(intent->pool);
    free(intent->version);
    free(intent->operation);
    *intent = (struct intent){.action = ACTION_NONE};
}

void intent_set(struct intent *intent, const struct plan_step *step, const char *token, int64_t now_ms) {
    intent_clear(intent);
    *intent = (struct intent){.action = step->action,
                              .pool = copy_text(step->pool),
                              .version = copy_text(step->version),
                              .replicas = step->replicas,
                              .surge = step->surge,
                              .drain_s = step->drain_s,
                              .since_ms = now_ms};
    strncpy(intent->token, token, sizeof(intent->token) - 1);
}

static bool is_same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool intent_matches(const struct intent *intent, const struct plan_step *step) {
    return intent->action == step->action && is_same_text(intent->pool, step->pool) &&
           is_same_text(intent->version, step->version) && intent->replicas == step->replicas;
}

struct plan_step intent_step(const struct intent *intent) {
    return (struct plan_step){.action = intent->action,
                              .pool = intent->pool,
                              .version = intent->version,
                              .replicas = intent->replicas,
                              .surge = intent->surge,
                              .drain_s = intent->drain_s};
}

void cluster_record_clear(struct cluster_record *record) {
    free(record->provider);
    free(record->region);
    free(record->id);
    for (size_t i = 0; i < record->approved_count; i++) {
        free(record->approved[i]);
    }
    free(record->approved);
    intent_clear(&record->intent);
    *record = (struct cluster_record){0};
}

static size_t find_index(const struct cluster_record *record, const struct object_key *key) {
    size_t i = 0;
    while (i < record->approved_count && !fragment_key_matches(&record->approved[i]->key, key)) {
        i++;
    }
    return i;
}

const struct approved_object *cluster_record_find(const struct cluster_record *record,
                                                  const struct object_key *key) {
    size_t i = find_index(record, key);
    return i < record->approved_count ? record->approved[i] : NULL;
}

static struct approved_object *copy_approved(const struct approved_object *object) {
    const struct object_key *key = &object->key;
    CLEANUP(buffer_clear) struct buffer packed;
    buffer_init(&packed, 2 * object->length + MOST_OVERHEAD_BYTES);
    text_pack(object_words, object->text, object->length, &packed);
    struct approved_object *copy = memory_alloc(sizeof(*object) + object_key_bytes(key) + packed.length);
    char *at = (char *)(copy + 1);
    *copy = *object;
    copy->key = object_key_copy_to(key, &at);
    copy->text = NULL;
    copy->packed = memcpy(at, packed.data, packed.length);
    copy->packed_length = packed.length;
    return copy;
}

char *approved_text(const struct approved_object *object) {
    if (object->text) {
        return memory_copy_text(object->text, object->length);
    }
    char *text = memory_alloc(object->length + 1);
    bool fine = text_unpack(object_words, object->packed, object->packed_length, text, object->length);
    assert(fine); // it was packed here
    (void)fine;
    return text;
}

size_t cluster_record_approve(struct cluster_record *record, const struct approved_object *object) {
    size_t i = find_index(record, &object->key);
    struct approved_object *copy = copy_approved(object);
    if (i < record->approved_count) {
        free(record->approved[i]);
    } else {
        record->approved =
            memory_realloc(record->approved, record->approved_count + 1, sizeof(struct approved_object *));
        record->approved_count++;
    }
    record->approved[i] = copy;
    record->revision++;
    return i;
}

void cluster_record_withdraw(struct cluster_record *record, const struct object_key *key) {
    size_t i = find_index(record, key);
    if (i < record->approved_count) {
        free(record->approved[i]);
        record->approved[i] = record->approved[--record->approved_count];
        record->revision++;
    }
}
