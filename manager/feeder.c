#include "manager/feeder.h"

#include "base/clock.h"
#include "base/memory.h"
#include "fleet/kind_table.h"
#include "kube/kube_discovery.h"
#include "kube/kube_watch.h"
#include "manager/recent_misses.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DISCOVERY_SECONDS = 30,
    RETRY_SECONDS = 2,                   // while the API server has not answered once
    READ_TIMEOUT_NS = 250 * 1000 * 1000, // of a review that waits for it
    MISS_NS = 1000 * 1000 * 1000,        // an object that was not there is not asked for again so soon
    POLL_NS = 50 * 1000 * 1000,          // until the first sync is through
    MOST_READS = 4,                      // of one object that comes and goes
};

struct feeder {
    struct feeder_options options;
    struct fleet_listener listener; // functions NULL: nobody listens
    struct kube_watcher *watcher;
    struct recent_misses *misses;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t wake;
    bool stopping, discovered, complete;
    struct served_kinds *served; // counted references: readers keep theirs while they ask the server
    uint64_t reads, errors;
    char problem[512];
};

static struct object_key key_of(const struct kube_resource *resource, const struct node *object) {
    const struct node *metadata = node_get(object, "metadata");
    const char *namespace = node_string(node_get(metadata, "namespace"));
    const char *name = node_string(node_get(metadata, "name"));
    return (struct object_key){.group = resource->group,
                               .kind = resource->kind,
                               .namespace = namespace ? namespace : "",
                               .name = name ? name : ""};
}

static const char *uid_of(const struct node *object) {
    const char *uid = node_string(node_get(node_get(object, "metadata"), "uid"));
    return uid ? uid : "";
}

static void on_list_begin(void *cookie, const struct kube_resource *resource) {
    struct feeder *feeder = cookie;
    inventory_list_begin(feeder->options.inventory, resource->group, resource->kind);
    if (feeder->listener.list_begin) {
        feeder->listener.list_begin(feeder->listener.cookie, resource->group, resource->kind);
    }
}

static void on_list_end(void *cookie, const struct kube_resource *resource) {
    struct feeder *feeder = cookie;
    const struct fleet_listener *listener = &feeder->listener;
    if (!listener->list_end) {
        inventory_list_end(feeder->options.inventory, resource->group, resource->kind);
        return;
    }
    inventory_list_end_telling(feeder->options.inventory, resource->group, resource->kind, listener->removed,
                               listener->cookie);
    listener->list_end(listener->cookie, resource->group, resource->kind);
}

static void tell_removed(struct feeder *feeder, const struct object_key *key) {
    if (feeder->listener.removed) {
        feeder->listener.removed(feeder->listener.cookie, key);
    }
}

static void on_put(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct feeder *feeder = cookie;
    struct object_key key = key_of(resource, object);
    if (served_kinds_is_owned(resource, object)) {
        inventory_remove(feeder->options.inventory, &key, "");
        tell_removed(feeder, &key);
        return;
    }
    inventory_put(feeder->options.inventory, &key, object);
    if (feeder->listener.put) {
        feeder->listener.put(feeder->listener.cookie, &key, object);
    }
}

static void on_removed(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct feeder *feeder = cookie;
    struct object_key key = key_of(resource, object);
    inventory_remove(feeder->options.inventory, &key, uid_of(object));
    tell_removed(feeder, &key);
}

static void note_problem(struct feeder *feeder, const char *problem) {
    pthread_mutex_lock(&feeder->lock);
    snprintf(feeder->problem, sizeof(feeder->problem), "%s", problem);
    feeder->errors += *problem != '\0';
    pthread_mutex_unlock(&feeder->lock);
}

// Follows what is served now, and forgets what no longer is.
static bool discover(struct feeder *feeder) {
    struct error error;
    struct served_kinds *served = NULL;
    if (!served_kinds_read(feeder->options.client, &served, &error)) {
        note_problem(feeder, error.message);
        return false;
    }
    const struct kube_watch_sink sink = {on_list_begin, on_put, on_removed, on_list_end, feeder};
    for (size_t i = 0; i < served_kinds_count(served); i++) {
        kube_watcher_add(feeder->watcher, served_kinds_resource(served, i), &sink);
    }
    pthread_mutex_lock(&feeder->lock);
    struct served_kinds *old = feeder->served;
    feeder->served = served;
    feeder->discovered = true;
    feeder->problem[0] = '\0';
    pthread_mutex_unlock(&feeder->lock);
    for (size_t i = 0; old && i < served_kinds_count(old); i++) {
        const struct kube_resource *resource = served_kinds_resource(old, i);
        if (!served_kinds_find(served, resource->group, resource->kind)) {
            kube_watcher_drop(feeder->watcher, resource->group, resource->plural, true);
        }
    }
    served_kinds_unref(old);
    return true;
}

// Says once that all is there: from then on what is not found does not exist.
static void settle(struct feeder *feeder) {
    struct kube_watch_status status = kube_watcher_status(feeder->watcher);
    pthread_mutex_lock(&feeder->lock);
    bool completes = feeder->discovered && !feeder->complete && status.synced == status.resources;
    feeder->complete = feeder->complete || completes;
    pthread_mutex_unlock(&feeder->lock);
    if (completes) {
        inventory_complete(feeder->options.inventory, true);
    }
}

static void wait_until(struct feeder *feeder, uint64_t until_ns) {
    const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                   .tv_nsec = (long)(until_ns % 1000000000u)};
    pthread_mutex_lock(&feeder->lock);
    if (!feeder->stopping) {
        pthread_cond_timedwait(&feeder->wake, &feeder->lock, &until);
    }
    pthread_mutex_unlock(&feeder->lock);
}

static bool is_stopping(struct feeder *feeder) {
    pthread_mutex_lock(&feeder->lock);
    bool stopping = feeder->stopping;
    pthread_mutex_unlock(&feeder->lock);
    return stopping;
}

static void *run(void *data) {
    struct feeder *feeder = data;
    uint64_t next_ns = 0;
    while (!is_stopping(feeder)) {
        if (clock_now_ns() >= next_ns) {
            bool fine = discover(feeder);
            uint64_t seconds = fine ? feeder->options.discovery_s : RETRY_SECONDS;
            next_ns = clock_now_ns() + seconds * 1000000000u;
        }
        settle(feeder);
        pthread_mutex_lock(&feeder->lock);
        bool complete = feeder->complete;
        pthread_mutex_unlock(&feeder->lock);
        wait_until(feeder, complete ? next_ns : clock_now_ns() + POLL_NS);
    }
    return NULL;
}

bool feeder_start(const struct feeder_options *options, struct feeder **ret_feeder, struct error *error) {
    CLEANUP(feeder_free) struct feeder *feeder = memory_calloc(1, sizeof(*feeder));
    feeder->options = *options;
    feeder->listener = options->listener ? *options->listener : (struct fleet_listener){0};
    feeder->options.discovery_s = options->discovery_s ? options->discovery_s : DISCOVERY_SECONDS;
    pthread_mutex_init(&feeder->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feeder->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    feeder->misses = recent_misses_new(MISS_NS);
    feeder->watcher = kube_watcher_new(&(struct kube_watcher_options){.client = options->client});
    if (!kube_watcher_start(feeder->watcher, error)) {
        return false;
    }
    if (pthread_create(&feeder->thread, NULL, run, feeder) != 0) {
        return error_set(error, ERROR_LIMIT, "can't start a thread that looks for kinds");
    }
    feeder->has_thread = true;
    *ret_feeder = feeder_free_take(&feeder);
    return true;
}

void feeder_free(struct feeder *feeder) {
    if (!feeder) {
        return;
    }
    pthread_mutex_lock(&feeder->lock);
    feeder->stopping = true;
    pthread_cond_broadcast(&feeder->wake);
    pthread_mutex_unlock(&feeder->lock);
    if (feeder->has_thread) {
        pthread_join(feeder->thread, NULL);
    }
    kube_watcher_free(feeder->watcher);
    served_kinds_unref(feeder->served);
    recent_misses_free(feeder->misses);
    pthread_cond_destroy(&feeder->wake);
    pthread_mutex_destroy(&feeder->lock);
    free(feeder);
}

struct feeder_status feeder_status(struct feeder *feeder) {
    struct kube_watch_status watch = kube_watcher_status(feeder->watcher);
    struct feeder_status status = {.kinds = watch.resources,
                                   .stale_ns = watch.stale_ns,
                                   .events = watch.events,
                                   .relists = watch.relists};
    pthread_mutex_lock(&feeder->lock);
    status.synced = feeder->complete;
    status.reads = feeder->reads;
    status.errors = feeder->errors + watch.errors;
    const char *problem = *feeder->problem ? feeder->problem : watch.problem;
    snprintf(status.problem, sizeof(status.problem), "%s", problem);
    pthread_mutex_unlock(&feeder->lock);
    return status;
}

struct served_kinds *feeder_served(struct feeder *feeder) {
    pthread_mutex_lock(&feeder->lock);
    struct served_kinds *served = served_kinds_ref(feeder->served);
    pthread_mutex_unlock(&feeder->lock);
    return served;
}

void feeder_relist(struct feeder *feeder) {
    struct served_kinds *served = feeder_served(feeder);
    for (size_t i = 0; served && i < served_kinds_count(served); i++) {
        const struct kube_resource *resource = served_kinds_resource(served, i);
        kube_watcher_relist(feeder->watcher, resource->group, resource->plural);
    }
    served_kinds_unref(served);
}

// Only the watch takes objects out: it alone knows the order of things. For the same reason nothing is put
// that it may have seen go while the answer was on its way.
static bool read_now(struct feeder *feeder, const struct kube_resource *resource,
                     const struct object_key *key, uint64_t deadline_ns, bool *ret_exists,
                     struct error *error) {
    const struct kube_name name = {
        .resource = resource, .namespace = resource->namespaced ? key->namespace : NULL, .name = key->name};
    for (int i = 0; i < MOST_READS; i++) {
        CLEANUP(document_free) struct document *document = NULL;
        struct error problem = {0};
        uint64_t ticket = inventory_ticket(feeder->options.inventory, key);
        if (!kube_read(feeder->options.client, &name, deadline_ns, &document, &problem)) {
            *ret_exists = false;
            return problem.kind == ERROR_NOT_FOUND || error_set(error, problem.kind, "%s", problem.message);
        }
        const struct node *object = document_root(document);
        if (served_kinds_is_owned(resource, object) ||
            inventory_put_read(feeder->options.inventory, key, object, ticket)) {
            break;
        }
    }
    *ret_exists = true;
    return true;
}

bool feeder_look(struct feeder *feeder, const struct object_key *key, uint64_t deadline_ns, bool *ret_exists,
                 struct error *error) {
    pthread_mutex_lock(&feeder->lock);
    struct served_kinds *served = served_kinds_ref(feeder->served);
    feeder->reads++;
    pthread_mutex_unlock(&feeder->lock);
    const struct kube_resource *resource = served ? served_kinds_find(served, key->group, key->kind) : NULL;
    bool fine = resource ? read_now(feeder, resource, key, deadline_ns, ret_exists, error)
                         : error_set(error, ERROR_INVALID, "%s is not served", key->kind);
    served_kinds_unref(served);
    return fine;
}

// What tells the region, the version or the class. Templates of machines tell little, and many are not there.
static bool is_worth_a_read(const struct object_key *key) {
    const struct kind_entry *entry = kind_table_find(key->group, key->kind).entry;
    return entry && (entry->role == KIND_CLUSTER || entry->role == KIND_CONTROL_PLANE ||
                     entry->role == KIND_INFRASTRUCTURE_CLUSTER || entry->role == KIND_CLASS);
}

// A manifest is often applied in one go: what it names was stored a few milliseconds ago, and the watch has
// not shown it yet. One read tells.
static const struct fragment *find(void *cookie, struct arena *arena, const struct object_key *key) {
    struct feeder *feeder = cookie;
    const struct view_source *inventory = inventory_source(feeder->options.inventory);
    const struct fragment *fragment = inventory->methods->find(inventory->cookie, arena, key);
    if (fragment || !*key->name || !is_worth_a_read(key) ||
        recent_misses_has(feeder->misses, key, clock_now_ns())) {
        return fragment;
    }
    bool exists = false;
    struct error error;
    if (!feeder_look(feeder, key, clock_now_ns() + READ_TIMEOUT_NS, &exists, &error) || !exists) {
        recent_misses_add(feeder->misses, key, clock_now_ns());
        return NULL;
    }
    return inventory->methods->find(inventory->cookie, arena, key);
}

static void add_of_cluster(void *cookie, struct arena *arena, const struct object_key *cluster,
                           struct fragment_list *list) {
    const struct feeder *feeder = cookie;
    const struct view_source *inventory = inventory_source(feeder->options.inventory);
    inventory->methods->add_of_cluster(inventory->cookie, arena, cluster, list);
}

static void add_referrers(void *cookie, struct arena *arena, const struct object_key *target,
                          struct fragment_list *list) {
    const struct feeder *feeder = cookie;
    const struct view_source *inventory = inventory_source(feeder->options.inventory);
    inventory->methods->add_referrers(inventory->cookie, arena, target, list);
}

static void add_labelled(void *cookie, struct arena *arena, const char *label, const char *value,
                         struct fragment_list *list) {
    const struct feeder *feeder = cookie;
    const struct view_source *inventory = inventory_source(feeder->options.inventory);
    inventory->methods->add_labelled(inventory->cookie, arena, label, value, list);
}

struct view_source feeder_source(struct feeder *feeder) {
    static const struct view_source_methods methods = {find, add_of_cluster, add_referrers, add_labelled};
    pthread_mutex_lock(&feeder->lock);
    bool complete = feeder->complete;
    pthread_mutex_unlock(&feeder->lock);
    return (struct view_source){&methods, feeder, complete};
}

struct view_source feeder_held_source(struct feeder *feeder) {
    return *inventory_source(feeder->options.inventory);
}
