#include "cli/reconcile_term.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/decision_text.h"
#include "reconciler/kube_store.h"
#include "reconciler/providers/sim.h"
#include "reconciler/reconciler.h"

#include <string.h>

// Counting goes over all clusters: not with every look.
enum { MOST_KINDS = 256, LONGEST_TEXT = 4 * 1024, LOOKS_PER_COUNT = 10 };

// How far the list of one kind has come since the whole was asked for.
struct listed_kind {
    char *group, *kind;
    bool has_begun, has_ended;
};

struct reconcile_term {
    struct reconcile_term_options options;
    struct served_kinds *served; // a reference: what the store was given stays until it asks again
    struct policy_set *policies; // in force; settings borrow from it
    struct key_ring *keys;
    struct reconcile_settings settings;
    struct kube_store *store;
    struct sim *sim;
    struct named_provider providers[1];
    struct reconciler *reconciler;
    struct listed_kind kinds[MOST_KINDS];
    size_t kind_count;
    bool is_synced;
    unsigned looks;
};

// ---- what the reconciler asks ----

static const struct kube_resource *resource_of(void *cookie, const struct object_key *key) {
    struct reconcile_term *term = cookie;
    served_kinds_unref(term->served);
    term->served = manager_served(term->options.manager);
    return term->served ? served_kinds_find(term->served, key->group, key->kind) : NULL;
}

static struct policy_set *policies_of(void *cookie) {
    const struct reconcile_term *term = cookie;
    return term->policies ? policy_set_ref(term->policies) : NULL;
}

static struct key_ring *keys_of(void *cookie) {
    const struct reconcile_term *term = cookie;
    return term->keys ? key_ring_ref(term->keys) : NULL;
}

static const struct reconcile_settings *settings_of(void *cookie) {
    const struct reconcile_term *term = cookie;
    return &term->settings;
}

static bool leads(void *cookie) {
    const struct reconcile_term *term = cookie;
    return manager_leads(term->options.manager);
}

// A decision that denies for no reason of its own was held: nobody attested the change.
static void append_reason(const struct decision *decision, struct buffer *why) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (violation_denies(&decision->violations[i])) {
            violation_headline(&decision->violations[i], why);
            return;
        }
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        if (policy_result_denies(&decision->results[i])) {
            buffer_printf(why, "[%s] could not finish", decision->results[i].policy);
            return;
        }
    }
    buffer_append_text(why, "it is not attested");
}

static void log_decision(const struct review *review, const struct decision *decision) {
    const struct object_key *key = &review->change.key;
    CLEANUP(buffer_clear) struct buffer object;
    buffer_init(&object, LONGEST_TEXT);
    buffer_printf(&object, "%s %s/%s", key->kind, key->namespace, key->name);
    const char *operation = operation_name(review->change.operation);
    if (decision->allowed) {
        log_write(LOG_INFO, "approved to be carried out", "operation", operation, "object",
                  buffer_text(&object), NULL);
        return;
    }
    CLEANUP(buffer_clear) struct buffer why;
    buffer_init(&why, LONGEST_TEXT);
    append_reason(decision, &why);
    log_write(LOG_WARN, "not carried out", "operation", operation, "object", buffer_text(&object), "why",
              buffer_text(&why), NULL);
}

static void decided(void *cookie, const struct review *review, const struct decision *decision) {
    const struct reconcile_term *term = cookie;
    reconcile_metrics_decided(term->options.metrics, decision);
    log_decision(review, decision);
}

static void log_event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                      const char *message) {
    (void)cookie;
    CLEANUP(buffer_clear) struct buffer object;
    buffer_init(&object, LONGEST_TEXT);
    buffer_printf(&object, "%s %s/%s", key->kind, key->namespace, key->name);
    log_write(warning ? LOG_WARN : LOG_INFO, "told beside an object", "reason", reason, "object",
              buffer_text(&object), "message", message, NULL);
}

// ---- policies, keys and settings ----

static void use_policies(struct reconcile_term *term, struct policy_set *policies) {
    const char *file = NULL;
    const struct document *document = policies ? policy_set_configuration(policies, &file) : NULL;
    struct reconcile_settings settings;
    struct error error = {0};
    if (reconcile_settings_read(document, file, &settings, &error)) {
        policy_set_unref(term->policies);
        term->policies = policies;
        term->settings = settings;
        return;
    }
    log_write(LOG_ERROR, "how to carry out can't be read: what was in force stays", "why", error.message,
              NULL);
    policy_set_unref(policies);
}

// True: something is new. Nothing in force (the gate is about to go) changes nothing.
static bool look_at_policies(struct reconcile_term *term) {
    const struct serve_reconciler_options *serve = term->options.serve;
    struct policy_set *policies = serve->policies(serve->cookie);
    struct key_ring *keys = serve->keys(serve->cookie);
    bool has_new_policies = policies && policies != term->policies;
    bool has_new_keys = keys && keys != term->keys;
    if (has_new_policies) {
        use_policies(term, policies);
    } else {
        policy_set_unref(policies);
    }
    if (has_new_keys) {
        key_ring_unref(term->keys);
        term->keys = keys;
    } else {
        key_ring_unref(keys);
    }
    return has_new_policies || has_new_keys;
}

// ---- lists ----

static void clear_kinds(struct reconcile_term *term) {
    for (size_t i = 0; i < term->kind_count; i++) {
        free(term->kinds[i].group);
        free(term->kinds[i].kind);
    }
    term->kind_count = 0;
}

static struct listed_kind *find_kind(struct reconcile_term *term, const char *group, const char *kind) {
    for (size_t i = 0; i < term->kind_count; i++) {
        if (strcmp(term->kinds[i].group, group) == 0 && strcmp(term->kinds[i].kind, kind) == 0) {
            return &term->kinds[i];
        }
    }
    return NULL;
}

static void note_list(struct reconcile_term *term, const struct feed_item *item) {
    struct listed_kind *kind = find_kind(term, item->key.group, item->key.kind);
    if (!kind && term->kind_count < MOST_KINDS && !term->is_synced) {
        kind = &term->kinds[term->kind_count++];
        *kind = (struct listed_kind){.group = memory_strdup(item->key.group),
                                     .kind = memory_strdup(item->key.kind)};
    }
    if (kind) {
        // The end of a list that began before it was asked for says nothing.
        kind->has_ended = item->type == FEED_LIST_END && kind->has_begun;
        kind->has_begun = item->type == FEED_LIST_BEGIN || kind->has_begun;
    }
}

static bool is_all_listed(struct reconcile_term *term) {
    struct served_kinds *served = manager_served(term->options.manager);
    bool all = served && manager_synced(term->options.manager);
    for (size_t i = 0; all && i < served_kinds_count(served); i++) {
        const struct kube_resource *resource = served_kinds_resource(served, i);
        const struct listed_kind *kind = find_kind(term, resource->group, resource->kind);
        all = kind && kind->has_ended;
    }
    served_kinds_unref(served);
    return all;
}

void reconcile_term_relist(struct reconcile_term *term) {
    term->is_synced = false;
    clear_kinds(term);
    reconciler_relist(term->reconciler);
    manager_relist(term->options.manager);
}

void reconcile_term_take(struct reconcile_term *term, const struct feed_item *item) {
    switch (item->type) {
    case FEED_LIST_BEGIN:
    case FEED_LIST_END:
        note_list(term, item);
        break;
    case FEED_PUT:
        reconciler_put(term->reconciler, item->object);
        break;
    case FEED_REMOVED:
        reconciler_removed(term->reconciler, &item->key);
        break;
    }
}

void reconcile_term_look(struct reconcile_term *term) {
    if (look_at_policies(term)) {
        reconciler_reconsider(term->reconciler);
    }
    if (!term->is_synced && is_all_listed(term)) {
        term->is_synced = true;
        reconciler_synced(term->reconciler);
        log_write(LOG_INFO, "the fleet is known: approved specs are carried out", NULL);
    }
    if (term->looks++ % LOOKS_PER_COUNT == 0) {
        struct reconciler_stats stats = reconciler_stats(term->reconciler);
        reconcile_metrics_update(term->options.metrics, &stats);
    }
}

// ---- begin and end ----

static bool open_sim(struct reconcile_term *term, struct error *error) {
    const struct reconcile_options *options = term->options.serve->options;
    struct sim_options sim = options->sim.options;
    sim.loop = term->options.loop;
    sim.path = options->sim_state;
    return sim_open(&sim, &term->sim, error);
}

static bool open_store(struct reconcile_term *term, struct error *error) {
    const struct kube_store_options options = {.loop = term->options.loop,
                                               .client = manager_client(term->options.manager),
                                               .resource = resource_of,
                                               .event = log_event,
                                               .cookie = term,
                                               .component = "fleetgate",
                                               .instance = term->options.serve->identity};
    return kube_store_new(&options, &term->store, error);
}

bool reconcile_term_begin(const struct reconcile_term_options *options, struct reconcile_term **ret_term,
                          struct error *error) {
    CLEANUP(reconcile_term_free) struct reconcile_term *term = memory_calloc(1, sizeof(*term));
    term->options = *options;
    use_policies(term, NULL);
    (void)look_at_policies(term);
    if (!open_sim(term, error) || !open_store(term, error)) {
        return false;
    }
    term->providers[0] = (struct named_provider){"sim", sim_provider(term->sim)};
    term->reconciler = reconciler_new(&(struct reconciler_options){
        .loop = options->loop,
        .store = kube_store_get(term->store),
        .providers = term->providers,
        .provider_count = sizeof(term->providers) / sizeof(term->providers[0]),
        .fleet = manager_held_fleet(options->manager),
        .policies = policies_of,
        .keys = keys_of,
        .attests = true,
        .settings = settings_of,
        .leads = leads,
        .decided = decided,
        .cookie = term,
    });
    reconcile_term_relist(term);
    *ret_term = reconcile_term_free_take(&term);
    return true;
}

void reconcile_term_free(struct reconcile_term *term) {
    if (!term) {
        return;
    }
    reconciler_free(term->reconciler);
    kube_store_free(term->store);
    sim_free(term->sim);
    served_kinds_unref(term->served);
    policy_set_unref(term->policies);
    key_ring_unref(term->keys);
    clear_kinds(term);
    reconcile_metrics_update(term->options.metrics, NULL);
    free(term);
}
