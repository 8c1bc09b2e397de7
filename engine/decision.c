#include "engine/decision.h"

#include <stdlib.h>
#include <string.h>

void decision_clear(struct decision *decision) {
    arena_free(decision->arena);
    *decision = (struct decision){0};
}

static const char *name_of(const char *const *names, size_t count, size_t index) {
    return index < count ? names[index] : "unknown";
}

const char *severity_name(enum severity severity) {
    static const char *const names[] = {"low", "medium", "high", "critical"};
    return name_of(names, sizeof(names) / sizeof(names[0]), severity);
}

const char *policy_mode_name(enum policy_mode mode) {
    static const char *const names[] = {"off", "audit", "warn", "deny"};
    return name_of(names, sizeof(names) / sizeof(names[0]), mode);
}

const char *policy_fault_name(enum policy_fault fault) {
    static const char *const names[] = {"none",  "error",   "time",     "memory",
                                        "stack", "blocked", "deadline", "inventory"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == FAULT_COUNT, "a name for each fault");
    return name_of(names, FAULT_COUNT, fault);
}

const char *policy_outcome_name(enum policy_outcome outcome) {
    static const char *const names[] = {"pass", "violated", "unknown", "fault"};
    return name_of(names, sizeof(names) / sizeof(names[0]), outcome);
}

bool violation_denies(const struct violation *violation) {
    return violation->mode == MODE_DENY && !violation->exception && !violation->existed;
}

bool policy_result_denies(const struct policy_result *result) {
    return result->outcome == OUTCOME_FAULT && result->fault_denies && result->mode == MODE_DENY;
}

// NULL before everything.
static int compare_texts(const char *a, const char *b) {
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_origins(const struct origin *a, const struct origin *b) {
    int order = compare_texts(a->object.kind, b->object.kind);
    if (order == 0 && a->object.kind) {
        order = compare_texts(a->object.group, b->object.group);
        order = order ? order : compare_texts(a->object.namespace, b->object.namespace);
        order = order ? order : compare_texts(a->object.name, b->object.name);
    }
    return order ? order : compare_texts(a->path, b->path);
}

static int compare_worst(const struct violation *a, const struct violation *b) {
    int order = (int)violation_denies(b) - (int)violation_denies(a);
    order = order ? order : (int)b->mode - (int)a->mode;
    return order ? order : (int)b->severity - (int)a->severity;
}

// What makes two violations the same for the one who reads them.
static int compare_identity(const struct violation *a, const struct violation *b) {
    int order = compare_texts(a->policy, b->policy);
    order = order ? order : compare_origins(&a->origin, &b->origin);
    order = order ? order : compare_texts(a->message, b->message);
    return order ? order : compare_texts(a->detail, b->detail);
}

// Equal ones stay in a fixed order, so that the text is the same at every door.
static int compare_rest(const struct violation *a, const struct violation *b) {
    int order = compare_texts(a->hint, b->hint);
    order = order ? order : compare_texts(a->docs, b->docs);
    return order ? order : compare_texts(a->exception, b->exception);
}

static int by_identity(const void *a, const void *b) {
    int order = compare_identity(a, b);
    order = order ? order : compare_worst(a, b);
    return order ? order : compare_rest(a, b);
}

static int by_worst(const void *a, const void *b) {
    int order = compare_worst(a, b);
    order = order ? order : compare_identity(a, b);
    return order ? order : compare_rest(a, b);
}

static int by_policy(const void *a, const void *b) {
    const struct unknown_value *left = a;
    const struct unknown_value *right = b;
    int order = compare_texts(left->policy, right->policy);
    order = order ? order : compare_origins(&left->origin, &right->origin);
    return order ? order : compare_texts(left->why, right->why);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

static size_t drop_equal_violations(struct violation *violations, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_identity(&violations[kept - 1], &violations[i]) != 0) {
            violations[kept++] = violations[i];
        }
    }
    return kept;
}

static size_t drop_equal_unknowns(struct unknown_value *unknowns, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_policy(&unknowns[kept - 1], &unknowns[i]) != 0) {
            unknowns[kept++] = unknowns[i];
        }
    }
    return kept;
}

void decision_finish(struct decision *decision) {
    struct violation *violations = decision->violations;
    sort(violations, decision->violation_count, sizeof(*violations), by_identity);
    decision->violation_count = drop_equal_violations(violations, decision->violation_count);
    sort(violations, decision->violation_count, sizeof(*violations), by_worst);
    sort(decision->unknowns, decision->unknown_count, sizeof(*decision->unknowns), by_policy);
    decision->unknown_count = drop_equal_unknowns(decision->unknowns, decision->unknown_count);
    decision->allowed = true;
    for (size_t i = 0; i < decision->violation_count; i++) {
        decision->allowed &= !violation_denies(&violations[i]);
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        decision->allowed &= !policy_result_denies(&decision->results[i]);
    }
}

void decision_add_violation(struct decision *decision, const struct violation *violation) {
    size_t count = decision->violation_count;
    struct violation *violations = arena_alloc(decision->arena, (count + 1) * sizeof(*violations));
    if (count > 0) {
        memcpy(violations, decision->violations, count * sizeof(*violations));
    }
    violations[count] = *violation;
    decision->violations = violations;
    decision->violation_count = count + 1;
    decision_finish(decision);
}

void decision_add_patch(struct decision *decision, const struct patch_operation *operation) {
    size_t count = decision->patch_count;
    struct patch_operation *patch = arena_alloc(decision->arena, (count + 1) * sizeof(*patch));
    if (count > 0) {
        memcpy(patch, decision->patch, count * sizeof(*patch));
    }
    patch[count] = *operation;
    decision->patch = patch;
    decision->patch_count = count + 1;
}
