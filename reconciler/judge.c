#include "reconciler/judge.h"

#include "base/hash.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "reconciler/judge_internal.h"

#include <assert.h>
#include <string.h>

enum { MOST_JUDGED_BYTES = 4 << 20 };

// ---- verdicts ----

void verdict_list_clear(struct verdict_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]->text);
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct verdict_list){0};
}

static void forget_others(struct verdict_list *list, const struct object_key *const *keys, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct verdict *verdict = list->items[i];
        bool is_there = false;
        for (size_t n = 0; n < count && !is_there; n++) {
            is_there = fragment_key_matches(keys[n], &verdict->key);
        }
        if (is_there) {
            list->items[kept++] = verdict;
        } else {
            free(verdict->text);
            free(verdict);
        }
    }
    list->count = kept;
}

struct verdict *verdict_find(const struct verdict_list *list, const struct object_key *key) {
    for (size_t i = 0; i < list->count; i++) {
        if (fragment_key_matches(&list->items[i]->key, key)) {
            return list->items[i];
        }
    }
    return NULL;
}

static struct verdict *verdict_of(struct verdict_list *list, const struct object_key *key) {
    struct verdict *verdict = verdict_find(list, key);
    if (verdict) {
        return verdict;
    }
    verdict = memory_calloc(1, sizeof(*verdict) + object_key_bytes(key));
    char *at = (char *)(verdict + 1);
    verdict->key = object_key_copy_to(key, &at);
    list->items = memory_realloc(list->items, list->count + 1, sizeof(struct verdict *));
    list->items[list->count++] = verdict;
    return verdict;
}

// True when this is news.
static bool verdict_say(struct verdict *verdict, enum approval_state state, const char *text) {
    uint64_t told = hash_text(HASH_START ^ (uint64_t)state, text ? text : "");
    bool is_news = verdict->told != told;
    verdict->is_news |= is_news;
    verdict->state = state;
    verdict->told = told;
    if (verdict->text != text) {
        free(verdict->text);
        verdict->text = text ? memory_strdup(text) : NULL;
    }
    return is_news;
}

// ---- what is approved, as documents ----

// The approved object with the status that the stored one has now: views read observed versions there.
static struct document *read_approved(const struct approved_object *approved,
                                      const struct stored_object *stored) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 2 * MOST_JUDGED_BYTES);
    char *judged = approved_text(approved);
    buffer_append(&text, judged, approved->length - 1);
    free(judged);
    CLEANUP(document_free) struct document *now = stored ? stored_object_read(stored) : NULL;
    const struct node *status = now ? node_get(document_root(now), "status") : NULL;
    if (status) {
        buffer_append_text(&text, ",\"status\":");
        json_canonical_append(&text, status);
    }
    buffer_append_char(&text, '}');
    struct document *document = NULL;
    struct error error;
    bool fine = json_read_copy(text.data, text.length, &document_default_limits, &document, &error);
    assert(fine); // both parts were documents
    (void)fine;
    return document;
}

// The key is the document's own: it outlives the approval, which may be replaced.
static void add_to_set(struct fragment_set *set, const struct document *document) {
    (void)fragment_set_add(set, document_root(document));
}

struct fragment_set *judge_approved_set(const struct cluster_record *record,
                                        const struct object_table *objects,
                                        struct document ***ret_documents) {
    struct fragment_set *set = fragment_set_new();
    struct document **documents = memory_calloc(record->approved_count + 1, sizeof(struct document *));
    for (size_t i = 0; i < record->approved_count; i++) {
        const struct approved_object *approved = record->approved[i];
        documents[i] = read_approved(approved, object_table_find(objects, &approved->key));
        add_to_set(set, documents[i]);
    }
    fragment_set_complete(set, true);
    *ret_documents = documents;
    return set;
}

void judge_free_documents(struct document **documents) {
    for (size_t i = 0; documents && documents[i]; i++) {
        document_free(documents[i]);
    }
    free(documents);
}

static void drop_set(struct judging *judging) {
    fragment_set_free(judging->set);
    judge_free_documents(judging->documents);
    judge_free_documents(judging->replaced);
    judging->set = NULL;
    judging->documents = judging->replaced = NULL;
    judging->replaced_count = 0;
}

static void rebuild(struct judging *judging) {
    drop_set(judging);
    judging->set = judge_approved_set(judging->record, judging->options->objects, &judging->documents);
}

static void append_document(struct document ***list, size_t count, struct document *document) {
    *list = memory_realloc(*list, count + 2, sizeof(struct document *));
    (*list)[count] = document;
    (*list)[count + 1] = NULL;
}

// What was approved just now takes the place of what was. The set goes on borrowing from the old document.
static void put_approved(struct judging *judging, size_t index) {
    const struct approved_object *approved = judging->record->approved[index];
    const struct stored_object *stored = object_table_find(judging->options->objects, &approved->key);
    struct document *document = read_approved(approved, stored);
    if (judging->documents[index]) {
        append_document(&judging->replaced, judging->replaced_count++, judging->documents[index]);
        judging->documents[index] = document;
    } else {
        append_document(&judging->documents, index, document);
    }
    add_to_set(judging->set, document);
}

static const struct node *approved_node(const struct judging *judging,
                                        const struct approved_object *approved) {
    for (size_t i = 0; i < judging->record->approved_count; i++) {
        if (judging->record->approved[i] == approved) {
            return document_root(judging->documents[i]);
        }
    }
    return NULL;
}

// ---- one object ----

static void note(struct judging *judging, const struct candidate *candidate, enum approval_state state,
                 const char *text) {
    struct verdict *verdict = verdict_of(judging->verdicts, &candidate->key);
    verdict->generation = candidate->stored ? candidate->stored->generation : 0;
    if (verdict_say(verdict, state, text)) {
        struct judgement *judgement = judging->judgement;
        judgement->approved += state == APPROVAL_APPROVED;
        judgement->denied += state == APPROVAL_DENIED;
        judgement->held += state == APPROVAL_HELD;
    }
    judging->judgement->retry |= state == APPROVAL_DENIED || state == APPROVAL_HELD;
}

static bool approve(struct judging *judging, const struct candidate *candidate, const struct buffer *text,
                    int64_t attested) {
    const struct approved_object approval = {.key = candidate->key,
                                             .text = buffer_text(text),
                                             .length = text->length,
                                             .generation = candidate->stored->generation,
                                             .attested = attested};
    put_approved(judging, cluster_record_approve(judging->record, &approval));
    judging->judgement->changed = true;
    note(judging, candidate, APPROVAL_APPROVED, NULL);
    return true;
}

// Nothing of the spec changed that admission attests, so the approval that there was still stands for it.
static bool needs_attestation(const struct judging *judging, const struct candidate *candidate,
                              const struct node *now) {
    return judging->options->reconciler->attests &&
           (!candidate->approved || !judge_same_attested(approved_node(judging, candidate->approved), now));
}

static bool is_same_text(const struct approved_object *approved, const struct buffer *text) {
    char *judged = approved->length == text->length ? approved_text(approved) : NULL;
    bool is_same = judged && memcmp(judged, text->data, text->length) == 0;
    free(judged);
    return is_same;
}

// Was it this object that was approved, and not an earlier one of its name? Generations are counted for each.
static bool is_same_object(const struct judging *judging, const struct candidate *candidate) {
    const struct node *object = candidate->approved ? approved_node(judging, candidate->approved) : NULL;
    const char *uid = node_get_text(node_get(object, "metadata"), "uid");
    return object && strcmp(uid, candidate->stored->uid) == 0;
}

// What was heard of it is older than what was approved, by another process that had heard more.
static bool is_behind(const struct judging *judging, const struct candidate *candidate) {
    return is_same_object(judging, candidate) &&
           candidate->stored->generation < candidate->approved->generation;
}

static bool judge_spec(struct judging *judging, const struct candidate *candidate) {
    if (is_behind(judging, candidate)) {
        return false; // it is judged when the rest was heard of
    }
    CLEANUP(document_free) struct document *document = stored_object_read(candidate->stored);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_JUDGED_BYTES);
    const struct node *now = document_root(document);
    judged_text(now, &text);
    const struct approved_object *approved = candidate->approved;
    if (approved && is_same_text(approved, &text)) {
        note(judging, candidate, APPROVAL_APPROVED, NULL);
        return false;
    }
    struct question question = {
        .operation = approved ? OPERATION_UPDATE : OPERATION_CREATE,
        .object = now,
        .old_object = approved ? approved_node(judging, approved) : NULL,
        .attested = is_same_object(judging, candidate) ? approved->attested : 0,
    };
    question.needs_attestation = needs_attestation(judging, candidate, now);
    CLEANUP(buffer_clear) struct buffer why;
    buffer_init(&why, 1024);
    enum approval_state state = judge_ask(judging, candidate, &question, &why);
    if (state == APPROVAL_APPROVED) {
        return approve(judging, candidate, &text, question.attested);
    }
    note(judging, candidate, state, buffer_text(&why));
    return false;
}

// What is judged is the deletion of the object as it is now, or, where it is gone already, as it was
// approved.
static bool judge_deletion(struct judging *judging, const struct candidate *candidate) {
    CLEANUP(document_free) struct document *document = NULL;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_JUDGED_BYTES);
    const struct node *old = approved_node(judging, candidate->approved);
    if (candidate->stored) {
        CLEANUP(document_free) struct document *now = stored_object_read(candidate->stored);
        judged_text(document_root(now), &text);
        const struct approved_object as_stored = {.text = buffer_text(&text), .length = text.length};
        document = read_approved(&as_stored, candidate->stored);
        old = document_root(document);
    }
    struct question question = {.operation = OPERATION_DELETE, .old_object = old};
    CLEANUP(buffer_clear) struct buffer why;
    buffer_init(&why, 1024);
    enum approval_state state = judge_ask(judging, candidate, &question, &why);
    if (state != APPROVAL_APPROVED) {
        note(judging, candidate, state, buffer_text(&why));
        return false;
    }
    note(judging, candidate, APPROVAL_APPROVED, NULL);
    judging->judgement->changed = true;
    if (fragment_key_matches(&candidate->key, judging->options->cluster)) {
        judging->record->deleting = true;
        judging->record->revision++;
    } else {
        cluster_record_withdraw(judging->record, &candidate->key);
        rebuild(judging);
    }
    return true;
}

static bool judge_one(struct judging *judging, const struct object_key *key) {
    const struct candidate candidate = {.key = *key,
                                        .stored = object_table_find(judging->options->objects, key),
                                        .approved = cluster_record_find(judging->record, key)};
    if (candidate.stored && !candidate.stored->deleting) {
        return judge_spec(judging, &candidate);
    }
    return candidate.approved && judge_deletion(judging, &candidate);
}

// ---- all of them ----

static bool is_member(const struct member_list *members, const struct object_key *key) {
    for (size_t i = 0; i < members->count; i++) {
        if (fragment_key_matches(members->keys[i], key)) {
            return true;
        }
    }
    return false;
}

// The members, and behind them what was approved and is gone, or belongs to the cluster no more. The Cluster
// comes first.
static size_t list_candidates(const struct judging *judging, struct arena *arena,
                              const struct object_key ***ret_keys) {
    const struct member_list *members = judging->options->members;
    const struct cluster_record *record = judging->record;
    const struct object_key **keys =
        arena_alloc(arena, (members->count + record->approved_count + 1) * sizeof(*keys));
    size_t count = 0;
    for (size_t i = 0; i < members->count; i++) {
        keys[count++] = members->keys[i];
    }
    for (size_t i = 0; i < record->approved_count; i++) {
        const struct object_key *key = &record->approved[i]->key;
        if (!is_member(members, key)) {
            struct object_key *copy = arena_alloc(arena, sizeof(*copy));
            *copy = object_key_in_arena(arena, key);
            keys[count++] = copy;
        }
    }
    *ret_keys = keys;
    return count;
}

// What nobody names any more (a template that was replaced) and is still stored needs no judgement to be
// forgotten: it takes nothing away.
static bool drop_unnamed(struct judging *judging, const struct object_key *key) {
    const struct stored_object *stored = object_table_find(judging->options->objects, key);
    if (!stored || stored->deleting || is_member(judging->options->members, key)) {
        return false;
    }
    cluster_record_withdraw(judging->record, key);
    judging->judgement->changed = true;
    rebuild(judging);
    return true;
}

void judge_cluster(const struct judge_options *options, struct cluster_record *record,
                   struct verdict_list *verdicts, struct judgement *ret_judgement) {
    struct judgement judgement = {0};
    if (record->deleting) {
        *ret_judgement = judgement;
        return;
    }
    struct judging judging = {
        .options = options, .record = record, .verdicts = verdicts, .judgement = &judgement};
    rebuild(&judging);
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct object_key **keys;
    size_t count = list_candidates(&judging, arena, &keys);
    forget_others(verdicts, keys, count);
    // What one approval makes possible for another (a pool behind its control plane) is found in the next
    // round.
    bool moved = true;
    for (size_t round = 0; moved && round <= count && !record->deleting; round++) {
        moved = false;
        judgement.retry = false;
        for (size_t i = 0; i < count && !record->deleting; i++) {
            moved |= drop_unnamed(&judging, keys[i]) ? false : judge_one(&judging, keys[i]);
        }
    }
    drop_set(&judging);
    *ret_judgement = judgement;
}
