#include "engine/policy_set.h"

#include "base/memory.h"
#include "engine/evaluation.h"
#include "engine/freeze.h"
#include "engine/nearest.h"
#include "engine/policy_set_internal.h"

#include <lauxlib.h>
#include <string.h>

enum { WORN_BYTES = 1024 * 1024 };
enum { DEFAULT_BUDGET_NS = 50 * 1000 * 1000, DEFAULT_HEAP_BYTES = 16 * 1024 * 1024, MOST_POLICIES = 2000 };

// --- one evaluator ---

// Leaves the policy table of the file on the stack.
static bool load_policy_file(struct evaluator *evaluator, const struct policy_source *source,
                             struct error *error) {
    lua_settop(evaluator->state, 0);
    return evaluator_load_file(evaluator, source, error);
}

static bool keep_function(lua_State *state, const char *key, int *ret_reference, struct error *error) {
    *ret_reference = LUA_NOREF;
    if (lua_getfield(state, 1, key) != LUA_TFUNCTION) {
        lua_pop(state, 1);
        return true;
    }
    if (!freeze_function(state, lua_gettop(state), error)) {
        return false;
    }
    *ret_reference = luaL_ref(state, LUA_REGISTRYINDEX);
    return true;
}

static void keep_params(struct evaluator *evaluator, const struct policy *policy,
                        struct loaded_policy *loaded) {
    lua_State *state = evaluator->state;
    size_t settings = policy->settings ? policy->settings->count : 0;
    loaded->params = memory_calloc(settings + 1, sizeof(int));
    loaded->params_count = settings + 1;
    for (size_t i = 0; i <= settings; i++) {
        param_schema_push(state, policy->params, i < settings ? policy->settings->settings[i].params : NULL);
        freeze_table(state);
        loaded->params[i] = luaL_ref(state, LUA_REGISTRYINDEX);
    }
}

// The policy table is on the stack, alone.
static bool keep_policy(struct evaluator *evaluator, struct loaded_policy *loaded, struct error *error) {
    return keep_function(evaluator->state, "validate", &loaded->validate, error) &&
           keep_function(evaluator->state, "mutate", &loaded->mutate, error) &&
           keep_function(evaluator->state, "keeps", &loaded->keeps, error);
}

static void finish_loading(struct policy_set *set, struct evaluator *evaluator) {
    lua_settop(evaluator->state, 0);
    lua_gc(evaluator->state, LUA_GCCOLLECT);
    // Nothing that a review makes outlives it: a young collection after little allocation finds nearly all of
    // it dead, and the same memory is used again while it is in the cache (5 % less CPU under load than the
    // incremental mode).
    lua_gc(evaluator->state, LUA_GCGEN, 0, 0);
    evaluator->sources = NULL;
    evaluator->source_count = 0;
    evaluator->heap_at_rest = evaluator->heap.used;
    evaluator->coverage = set->coverage;
}

static struct evaluator *new_evaluator(struct policy_set *set) {
    struct evaluator *evaluator = evaluator_new(set->heap_bytes);
    evaluator->sources = set->sources;
    evaluator->source_count = set->source_count;
    evaluator->policies = memory_calloc(set->count ? set->count : 1, sizeof(*evaluator->policies));
    return evaluator;
}

static const struct policy_source *source_of(const struct policy_set *set, const char *file) {
    for (size_t i = 0; i < set->source_count; i++) {
        if (strcmp(set->sources[i].name, file) == 0) {
            return &set->sources[i];
        }
    }
    return NULL;
}

// A further evaluator for policies that are already read.
static bool make_evaluator(struct policy_set *set, struct evaluator **ret_evaluator, struct error *error) {
    CLEANUP(evaluator_free) struct evaluator *evaluator = new_evaluator(set);
    for (size_t i = 0; i < set->count; i++) {
        if (!load_policy_file(evaluator, source_of(set, set->policies[i].file), error) ||
            !keep_policy(evaluator, &evaluator->policies[i], error)) {
            return false;
        }
        evaluator->policy_count = i + 1;
        keep_params(evaluator, &set->policies[i], &evaluator->policies[i]);
    }
    finish_loading(set, evaluator);
    *ret_evaluator = evaluator_free_take(&evaluator);
    return true;
}

static _Atomic(struct evaluator *) *near_slot(struct policy_set *set) {
    uintptr_t thread = (uintptr_t)pthread_self(); // an address, a multiple of the stacks' size apart
    return &set->near[(thread >> 12 ^ thread >> 20 ^ thread >> 23) % EVALUATOR_SLOTS];
}

struct evaluator *policy_set_borrow(struct policy_set *set) {
    struct evaluator *last = atomic_exchange_explicit(near_slot(set), NULL, memory_order_acquire);
    if (last) {
        return last;
    }
    pthread_mutex_lock(&set->lock);
    struct evaluator *evaluator = set->free;
    if (evaluator) {
        set->free = evaluator->next;
        set->free_count--;
    }
    pthread_mutex_unlock(&set->lock);
    if (evaluator) {
        return evaluator;
    }
    struct error error = {0};
    if (!make_evaluator(set, &evaluator, &error)) {
        abort(); // the same files loaded before: only a machine out of memory gets here
    }
    return evaluator;
}

void policy_set_return(struct policy_set *set, struct evaluator *evaluator) {
    lua_settop(evaluator->state, 0);
    // One that a policy blew up keeps its chunks: it goes, and another is made when it is needed.
    bool worn = evaluator->heap.chunk_bytes > 2 * evaluator->heap_at_rest + WORN_BYTES;
    struct evaluator *nobody = NULL;
    if (!worn && atomic_compare_exchange_strong_explicit(near_slot(set), &nobody, evaluator,
                                                         memory_order_release, memory_order_relaxed)) {
        return;
    }
    pthread_mutex_lock(&set->lock);
    bool keep = !worn && set->free_count < set->free_maximum;
    if (keep) {
        evaluator->next = set->free;
        set->free = evaluator;
        set->free_count++;
    }
    pthread_mutex_unlock(&set->lock);
    if (!keep) {
        evaluator_free(evaluator);
    }
}

// --- reading the set ---

static void copy_sources(struct policy_set *set, const struct policy_set_options *options) {
    set->sources = arena_alloc(set->arena, options->source_count * sizeof(*set->sources) + 1);
    set->source_count = options->source_count;
    for (size_t i = 0; i < options->source_count; i++) {
        const struct policy_source *from = &options->sources[i];
        set->sources[i] =
            (struct policy_source){.name = arena_strdup(set->arena, from->name),
                                   .text = arena_copy_text(set->arena, from->text, from->length),
                                   .length = from->length,
                                   .is_library = from->is_library};
    }
}

static int compare_policies(const void *left, const void *right) {
    const struct policy *a = left;
    const struct policy *b = right;
    return strcmp(a->name, b->name);
}

// Reads what every file says, in an evaluator that is then thrown away.
static bool read_policies(struct policy_set *set, struct error *error) {
    CLEANUP(evaluator_free) struct evaluator *evaluator = new_evaluator(set);
    set->policies = memory_calloc(set->source_count ? set->source_count : 1, sizeof(*set->policies));
    for (size_t i = 0; i < set->source_count; i++) {
        if (set->sources[i].is_library) {
            continue;
        }
        if (set->count >= MOST_POLICIES) {
            return error_set(error, ERROR_LIMIT, "more than %d policies", MOST_POLICIES);
        }
        if (!load_policy_file(evaluator, &set->sources[i], error) ||
            !policy_read(evaluator->state, 1, set->sources[i].name, set->arena, &set->policies[set->count],
                         error)) {
            return false;
        }
        set->count++;
    }
    qsort(set->policies, set->count, sizeof(*set->policies), compare_policies);
    for (size_t i = 1; i < set->count; i++) {
        if (strcmp(set->policies[i - 1].name, set->policies[i].name) == 0) {
            return error_set(error, ERROR_INVALID, "%s: name: %s is also the policy of %s",
                             set->policies[i].file, set->policies[i].name, set->policies[i - 1].file);
        }
    }
    return true;
}

const struct policy *policy_set_find(const struct policy_set *set, const char *name) {
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->policies[i].name, name) == 0) {
            return &set->policies[i];
        }
    }
    return NULL;
}

static bool unknown_policy(const struct policy_set *set, const char *what, const char *name, unsigned line,
                           struct error *error) {
    const char **names = memory_calloc(set->count + 1, sizeof(char *));
    for (size_t i = 0; i < set->count; i++) {
        names[i] = set->policies[i].name;
    }
    const char *nearest = nearest_name(name, names, set->count);
    error_set(error, ERROR_INVALID,
              nearest ? "%s:%u: %s: there is no policy %s; did you mean %s?"
                      : "%s:%u: %s: there is no policy %s",
              set->configuration_file, line, what, name, nearest);
    free(names);
    return false;
}

static bool apply_configuration(struct policy_set *set, struct error *error) {
    if (!set->document) {
        return true;
    }
    if (!configuration_read(set->document, set->configuration_file, &set->configuration, error)) {
        return false;
    }
    for (size_t i = 0; i < configuration_policy_count(set->configuration); i++) {
        const struct policy_settings *settings = configuration_policy(set->configuration, i);
        struct policy *policy = (struct policy *)(uintptr_t)policy_set_find(set, settings->policy);
        if (!policy) {
            return unknown_policy(set, "policies", settings->policy, settings->line, error);
        }
        policy->settings = settings;
    }
    for (size_t i = 0; i < configuration_exception_count(set->configuration); i++) {
        const struct exception *exception = configuration_exception(set->configuration, i);
        if (!policy_set_find(set, exception->policy)) {
            return unknown_policy(set, "exceptions", exception->policy, exception->line, error);
        }
    }
    return true;
}

// A required parameter without a value is an error only where the policy is on.
static bool check_params(const struct policy_set *set, struct error *error) {
    for (size_t i = 0; i < set->count; i++) {
        const struct policy *policy = &set->policies[i];
        if (!policy->settings &&
            !param_schema_check(policy->params, NULL, NULL, set->configuration_file, policy->name, error)) {
            return false;
        }
        for (size_t n = 0; policy->settings && n < policy->settings->count; n++) {
            if (!param_schema_check(policy->params, policy->settings->settings[n].params, set->document,
                                    set->configuration_file, policy->name, error)) {
                return false;
            }
        }
    }
    return true;
}

static bool make_evaluators(struct policy_set *set, unsigned wanted, struct error *error) {
    set->free_maximum = wanted ? wanted : 1;
    while (set->free_count < set->free_maximum) {
        struct evaluator *evaluator = NULL;
        if (!make_evaluator(set, &evaluator, error)) {
            return false;
        }
        evaluator->next = set->free;
        set->free = evaluator;
        set->free_count++;
    }
    return true;
}

bool policy_set_load(const struct policy_set_options *options, struct policy_set **ret_set,
                     struct error *error) {
    CLEANUP(policy_set_unref) struct policy_set *set = memory_calloc(1, sizeof(*set));
    atomic_init(&set->references, 1);
    pthread_mutex_init(&set->lock, NULL);
    set->arena = arena_new();
    set->document = options->configuration;
    set->configuration_file =
        memory_strdup(options->configuration_file ? options->configuration_file : "configuration");
    set->policy_budget_ns = options->policy_budget_ns ? options->policy_budget_ns : DEFAULT_BUDGET_NS;
    set->heap_bytes = options->heap_bytes ? options->heap_bytes : DEFAULT_HEAP_BYTES;
    set->coverage = options->coverage;
    copy_sources(set, options);
    if (!read_policies(set, error) || !apply_configuration(set, error) || !check_params(set, error) ||
        !make_evaluators(set, options->evaluators, error) || !policy_wants_read(set, error)) {
        return false;
    }
    policy_set_compute_digest(set);
    *ret_set = policy_set_unref_take(&set);
    return true;
}

struct policy_set *policy_set_ref(struct policy_set *set) {
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void policy_set_unref(struct policy_set *set) {
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < EVALUATOR_SLOTS; i++) {
        evaluator_free(atomic_load_explicit(&set->near[i], memory_order_relaxed));
    }
    while (set->free) {
        struct evaluator *next = set->free->next;
        evaluator_free(set->free);
        set->free = next;
    }
    for (size_t i = 0; i < set->count; i++) {
        policy_clear(&set->policies[i]);
    }
    free(set->policies);
    configuration_free(set->configuration);
    document_free(set->document);
    free(set->configuration_file);
    arena_free(set->arena);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

size_t policy_set_count(const struct policy_set *set) {
    return set->count;
}

const struct policy *policy_set_policy(const struct policy_set *set, size_t index) {
    return &set->policies[index];
}
