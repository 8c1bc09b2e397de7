#include "manager/breaker.h"

#include "base/memory.h"

#include <string.h>

enum { NAMED_DELETES = 10 };
static const int64_t day_ms = (int64_t)24 * 3600 * 1000;

struct breaker *breaker_new(void) {
    struct breaker *breaker = memory_calloc(1, sizeof(*breaker));
    breaker->arena = arena_new();
    return breaker;
}

void breaker_free(struct breaker *breaker) {
    if (breaker) {
        arena_free(breaker->arena);
        free(breaker);
    }
}

// Room for one more; the old list stays in the arena until the breaker is freed.
static void *grown(struct breaker *breaker, void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? 2 * *capacity : 8;
    void *more = arena_alloc(breaker->arena, *capacity * size);
    if (count > 0) {
        memcpy(more, items, count * size);
    }
    return more;
}

static struct breaker_identity *find_identity(const struct breaker *breaker, const char *name) {
    for (size_t i = 0; i < breaker->identity_count; i++) {
        if (strcmp(breaker->identities[i].name, name) == 0) {
            return &breaker->identities[i];
        }
    }
    return NULL;
}

static struct breaker_identity *make_identity(struct breaker *breaker, const char *name,
                                              struct error *error) {
    struct breaker_identity *identity = find_identity(breaker, name);
    if (identity) {
        return identity;
    }
    if (breaker->identity_count == BREAKER_MOST_IDENTITIES) {
        error_set(error, ERROR_LIMIT, "the record of deletes is full (%d identities in their windows)",
                  BREAKER_MOST_IDENTITIES);
        return NULL;
    }
    breaker->identities = grown(breaker, breaker->identities, breaker->identity_count,
                                &breaker->identity_capacity, sizeof(*breaker->identities));
    identity = &breaker->identities[breaker->identity_count++];
    *identity = (struct breaker_identity){.name = arena_strdup(breaker->arena, name)};
    return identity;
}

// The object and its uid; without a uid the name has to do.
static bool is_same(const struct breaker_delete *delete, const struct breaker_change *change) {
    return strcmp(delete->object, change->object) == 0 && strcmp(delete->uid, change->uid) == 0;
}

struct breaker_verdict breaker_judge(const struct breaker *breaker, const struct breaker_change *change) {
    struct breaker_verdict verdict = {.identity = find_identity(breaker, change->identity)};
    const struct breaker_identity *identity = verdict.identity;
    for (size_t i = 0; identity && i < identity->delete_count; i++) {
        const struct breaker_delete *delete = &identity->deletes[i];
        if (delete->at_ms + change->window_s * 1000 <= change->now_ms && !identity->reference) {
            continue;
        }
        if (is_same(delete, change)) {
            verdict.repeats = true;
        } else {
            verdict.used += delete->count;
        }
    }
    bool tripped = identity && identity->reference;
    verdict.fits =
        (verdict.repeats && *change->uid) || (!tripped && verdict.used <= change->limit - change->count);
    return verdict;
}

bool breaker_record(struct breaker *breaker, const struct breaker_change *change, struct error *error) {
    struct breaker_identity *identity = make_identity(breaker, change->identity, error);
    if (!identity) {
        return false;
    }
    identity->window_s = change->window_s > identity->window_s ? change->window_s : identity->window_s;
    for (size_t i = 0; i < identity->delete_count; i++) {
        if (is_same(&identity->deletes[i], change)) {
            return true;
        }
    }
    if (identity->delete_count == BREAKER_MOST_DELETES) {
        return error_set(error, ERROR_LIMIT, "the record of deletes by %s is full (%d in its window)",
                         change->identity, BREAKER_MOST_DELETES);
    }
    identity->deletes = grown(breaker, identity->deletes, identity->delete_count, &identity->delete_capacity,
                              sizeof(*identity->deletes));
    identity->deletes[identity->delete_count++] =
        (struct breaker_delete){arena_strdup(breaker->arena, change->object),
                                arena_strdup(breaker->arena, change->uid), change->now_ms, change->count};
    return true;
}

bool breaker_trip(struct breaker *breaker, const struct breaker_change *change, const char *reference,
                  struct error *error) {
    struct breaker_identity *identity = make_identity(breaker, change->identity, error);
    if (!identity) {
        return false;
    }
    identity->reference = arena_strdup(breaker->arena, reference);
    identity->refused = arena_strdup(breaker->arena, change->object);
    identity->tripped_ms = change->now_ms;
    return true;
}

static bool check_text(const char *what, const char *text, struct error *error) {
    size_t length = text ? strlen(text) : 0;
    if (length == 0 || length > BREAKER_MOST_TEXT) {
        return error_set(error, ERROR_INVALID, "%s: want 1 to %d bytes, got %zu", what, BREAKER_MOST_TEXT,
                         length);
    }
    return true;
}

static void add_approval(struct breaker *breaker, const struct breaker_identity *identity,
                         const struct breaker_approval *approval) {
    if (breaker->approval_count == BREAKER_MOST_APPROVALS) {
        breaker->approval_count--;
        memmove(breaker->approvals, breaker->approvals + 1,
                breaker->approval_count * sizeof(*breaker->approvals));
    }
    breaker->approvals = grown(breaker, breaker->approvals, breaker->approval_count,
                               &breaker->approval_capacity, sizeof(*breaker->approvals));
    breaker->approvals[breaker->approval_count++] = (struct breaker_approval){
        identity->reference, identity->name, arena_strdup(breaker->arena, approval->owner),
        arena_strdup(breaker->arena, approval->reason), approval->at_ms};
}

bool breaker_approve(struct breaker *breaker, const struct breaker_approval *approval, struct error *error) {
    if (!check_text("owner", approval->owner, error) || !check_text("reason", approval->reason, error)) {
        return false;
    }
    for (size_t i = 0; i < breaker->identity_count; i++) {
        struct breaker_identity *identity = &breaker->identities[i];
        if (identity->reference && strcmp(identity->reference, approval->reference) == 0) {
            add_approval(breaker, identity, approval);
            identity->reference = NULL;
            identity->refused = NULL;
            identity->tripped_ms = 0;
            identity->delete_count = 0;
            return true;
        }
    }
    for (size_t i = 0; i < breaker->approval_count; i++) {
        if (strcmp(breaker->approvals[i].reference, approval->reference) == 0) {
            return error_set(error, ERROR_NOT_FOUND, "%s was approved by %s already", approval->reference,
                             breaker->approvals[i].owner);
        }
    }
    return error_set(error, ERROR_NOT_FOUND, "nothing waits for an approval of %s", approval->reference);
}

void breaker_prune(struct breaker *breaker, int64_t now_ms) {
    size_t kept = 0;
    for (size_t i = 0; i < breaker->identity_count; i++) {
        struct breaker_identity identity = breaker->identities[i];
        size_t left = 0;
        for (size_t j = 0; j < identity.delete_count; j++) {
            if (identity.reference || identity.deletes[j].at_ms + identity.window_s * 1000 > now_ms) {
                identity.deletes[left++] = identity.deletes[j];
            }
        }
        identity.delete_count = left;
        if (left > 0 || identity.reference) {
            breaker->identities[kept++] = identity;
        }
    }
    breaker->identity_count = kept;
    size_t old = 0;
    while (old < breaker->approval_count &&
           breaker->approvals[old].at_ms + BREAKER_APPROVAL_DAYS * day_ms <= now_ms) {
        old++;
    }
    breaker->approval_count -= old;
    if (old > 0) {
        memmove(breaker->approvals, breaker->approvals + old,
                breaker->approval_count * sizeof(*breaker->approvals));
    }
}

const char *breaker_list_deletes(const struct breaker_identity *identity, struct arena *arena) {
    if (!identity || identity->delete_count == 0) {
        return NULL;
    }
    const char *list = identity->deletes[0].object;
    size_t named = identity->delete_count < NAMED_DELETES ? identity->delete_count : NAMED_DELETES;
    size_t more = identity->delete_count - named;
    for (size_t i = 1; i < named; i++) {
        const char *between = i + 1 == named && more == 0 ? " and " : ", ";
        list = arena_printf(arena, "%s%s%s", list, between, identity->deletes[i].object);
    }
    return more ? arena_printf(arena, "%s and %zu more", list, more) : arena_strdup(arena, list);
}
