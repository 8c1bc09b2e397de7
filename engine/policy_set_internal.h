// What policy_set.c and the evaluation share.
#pragma once

#include "engine/configuration.h"
#include "engine/evaluator.h"
#include "engine/policy_set.h"
#include "engine/policy_wants.h"

#include <pthread.h>
#include <stdatomic.h>

enum { EVALUATOR_SLOTS = 64, POLICY_DIGEST_BYTES = 72 };

struct policy_set {
    atomic_uint references;
    struct arena *arena; // copies of the sources, matchers
    struct policy *policies;
    size_t count;
    struct policy_source *sources;
    size_t source_count;
    struct document *document; // of the configuration
    struct configuration *configuration;
    char *configuration_file;
    char digest[POLICY_DIGEST_BYTES];
    uint64_t policy_budget_ns;
    size_t heap_bytes;
    struct policy_wants wants;
    const char **wanted_labels; // what wants points to
    struct inventory_field *wanted_fields;
    struct line_coverage *coverage; // borrowed; NULL unless lines are recorded
    // A thread comes back to the state that it used last: its memory is in that processor's cache.
    _Atomic(struct evaluator *) near[EVALUATOR_SLOTS];
    pthread_mutex_t lock; // of the free list
    struct evaluator *free;
    unsigned free_count, free_maximum;
};

// Fills in digest, once sources and document are there.
void policy_set_compute_digest(struct policy_set *set);

// An evaluator for one thread; made if none is free. Give it back.
struct evaluator *policy_set_borrow(struct policy_set *set);
void policy_set_return(struct policy_set *set, struct evaluator *evaluator);

// The setting that holds for this review; NULL: the policy's own defaults. *ret_index is the index of its
// params.
struct evaluation;
const struct policy_setting *policy_set_setting(const struct policy *policy, struct evaluation *evaluation,
                                                size_t *ret_index);
enum policy_mode policy_set_mode(const struct policy *policy, const struct policy_setting *setting,
                                 enum door door);
