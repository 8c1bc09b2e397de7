#include "engine/evaluation.h"

#include "base/memory.h"

#include <string.h>

void evaluation_begin(struct evaluation *evaluation, struct evaluator *evaluator, const struct review *review,
                      struct arena *arena) {
    memset(evaluation, 0, sizeof(*evaluation));
    evaluation->evaluator = evaluator;
    evaluation->review = review;
    evaluation->arena = arena;
    evaluator->epoch++;
    evaluator->current = evaluation;
    evaluator->heap.maximum = evaluator->heap_at_rest + evaluator->heap_extra;
}

void evaluation_end(struct evaluation *evaluation) {
    evaluation->evaluator->current = NULL;
    evaluation->evaluator->epoch++;
    for (size_t i = 0; i < SCRATCH_COUNT; i++) {
        buffer_clear(&evaluation->scratch[i]);
    }
}

void evaluation_resume(struct evaluation *evaluation) {
    evaluation->evaluator->current = evaluation;
    evaluation->has_change = false;
}

struct buffer *evaluation_scratch(struct evaluation *evaluation, enum scratch which, size_t maximum) {
    struct buffer *buffer = &evaluation->scratch[which];
    buffer_truncate(buffer, 0);
    buffer->maximum = maximum;
    return buffer;
}

const struct cluster_change *evaluation_cluster(struct evaluation *evaluation) {
    if (!evaluation->cluster_built) {
        const struct review *review = evaluation->review;
        cluster_change_build(evaluation->arena, &review->change, review->before, review->after,
                             &evaluation->cluster);
        evaluation->cluster_built = true;
    }
    return &evaluation->cluster;
}

const struct node *evaluation_object(const struct evaluation *evaluation) {
    const struct object_change *change = &evaluation->review->change;
    return evaluation->before_only ? change->old_object : change->object;
}

const struct node *evaluation_old_object(const struct evaluation *evaluation) {
    return evaluation->review->change.old_object;
}

// Room for one more item; lists are short, so what growing leaves behind in the arena is small.
static void *grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? *capacity * 2 : 4;
    void *larger = arena_alloc(arena, *capacity * size);
    if (count > 0) {
        memcpy(larger, items, count * size);
    }
    return larger;
}

#define ADD(list, item)                                                                                      \
    do {                                                                                                     \
        (list).items =                                                                                       \
            grow(evaluation->arena, (list).items, (list).count, &(list).capacity, sizeof(*(list).items));    \
        (list).items[(list).count++] = (item);                                                               \
    } while (0)

void evaluation_add_violation(struct evaluation *evaluation, const struct violation *violation) {
    ADD(evaluation->violations, *violation);
}

static bool same_origin(const struct origin *a, const struct origin *b) {
    return object_key_equal(&a->object, &b->object) && strcmp(a->path, b->path) == 0;
}

void evaluation_add_unknown(struct evaluation *evaluation, const struct origin *origin, const char *why,
                            bool unseen) {
    enum { MOST_UNKNOWNS = 1000 };
    struct unknown_value unknown = {.policy = evaluation->policy ? evaluation->policy->name : "",
                                    .origin = *origin,
                                    .why = why,
                                    .unseen = unseen};
    if (!unknown.origin.path) {
        unknown.origin.path = "";
    }
    if (!unknown.origin.object.kind) {
        unknown.origin.object = evaluation->review->change.key;
    }
    for (size_t i = evaluation->unknowns.count; i > 0; i--) {
        const struct unknown_value *other = &evaluation->unknowns.items[i - 1];
        if (other->policy == unknown.policy && same_origin(&other->origin, &unknown.origin)) {
            return;
        }
    }
    if (evaluation->unknowns.count < MOST_UNKNOWNS) {
        ADD(evaluation->unknowns, unknown);
    }
}

void evaluation_add_patch(struct evaluation *evaluation, const struct patch_operation *operation) {
    ADD(evaluation->patch, *operation);
}

bool evaluation_add_ask(struct evaluation *evaluation, const struct budget_ask *ask) {
    enum { MOST_ASKS = 1000 };
    if (evaluation->asks.count == MOST_ASKS) {
        return false;
    }
    ADD(evaluation->asks, *ask);
    return true;
}
