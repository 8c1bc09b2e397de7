#include "kube/kube_watch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "kube/kube_follower.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
    PAGE_LIMIT = 250,
    QUIET_S = 90,
    LONGEST_WAIT_MS = 30 * 1000,
    RELIST_S = 6 * 3600,
    LISTS_AT_ONCE = 3, // each holds a page in memory and makes the API server read its store
    LONGEST_SLEEP_MS = 1000,
};

// A followed resource. The follower is the watcher's thread's; the rest is guarded by the watcher's mutex.
struct entry {
    struct kube_follower *follower;
    bool drop, forget, relist;
    struct kube_watch_resource_status status; // without its problem
    char problem[256];
};

struct kube_watcher {
    struct kube_transport *transport;
    struct kube_watch_rules rules;
    pthread_t thread;
    pthread_mutex_t mutex;
    CURLM *multi; // set once, by the start
    bool stopping;
    struct entry **entries;
    size_t count;
    uint64_t added;
    struct kube_watch_status gone; // counters of what was dropped
};

struct kube_watcher *kube_watcher_new(const struct kube_watcher_options *options) {
    struct kube_watcher *watcher = memory_calloc(1, sizeof(*watcher));
    uint64_t seed = options->random_seed;
    if (seed == 0 && getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        seed = clock_now_ns();
    }
    watcher->transport = kube_client_transport(options->client);
    watcher->rules = (struct kube_watch_rules){
        .random_seed = seed,
        .page_limit = options->page_limit ? options->page_limit : PAGE_LIMIT,
        .quiet_s = options->quiet_s ? options->quiet_s : QUIET_S,
        .longest_wait_ms = options->longest_wait_ms ? options->longest_wait_ms : LONGEST_WAIT_MS,
        .relist_s = options->relist_s ? options->relist_s : RELIST_S,
    };
    pthread_mutex_init(&watcher->mutex, NULL);
    return watcher;
}

// ---- any thread ----

static void wake(struct kube_watcher *watcher) {
    if (watcher->multi) {
        curl_multi_wakeup(watcher->multi);
    }
}

static struct entry *find(const struct kube_watcher *watcher, const char *group, const char *plural) {
    for (size_t i = 0; i < watcher->count; i++) {
        struct entry *entry = watcher->entries[i];
        const struct kube_resource *resource = kube_follower_resource(entry->follower);
        if (!entry->drop && strcmp(resource->group, group) == 0 && strcmp(resource->plural, plural) == 0) {
            return entry;
        }
    }
    return NULL;
}

void kube_watcher_add(struct kube_watcher *watcher, const struct kube_resource *resource,
                      const struct kube_watch_sink *sink) {
    pthread_mutex_lock(&watcher->mutex);
    if (!find(watcher, resource->group, resource->plural)) {
        struct kube_watch_rules rules = watcher->rules;
        rules.random_seed += ++watcher->added * 0x9E3779B9u;
        struct entry *entry = memory_calloc(1, sizeof(*entry));
        entry->follower = kube_follower_new(resource, sink, &rules);
        entry->status = kube_follower_status(entry->follower);
        entry->status.problem = NULL;
        watcher->entries = memory_realloc(watcher->entries, watcher->count + 1, sizeof(watcher->entries[0]));
        watcher->entries[watcher->count++] = entry;
        wake(watcher);
    }
    pthread_mutex_unlock(&watcher->mutex);
}

void kube_watcher_drop(struct kube_watcher *watcher, const char *group, const char *plural, bool forget) {
    pthread_mutex_lock(&watcher->mutex);
    struct entry *entry = find(watcher, group, plural);
    if (entry) {
        entry->drop = true;
        entry->forget = forget;
        wake(watcher);
    }
    pthread_mutex_unlock(&watcher->mutex);
}

void kube_watcher_relist(struct kube_watcher *watcher, const char *group, const char *plural) {
    pthread_mutex_lock(&watcher->mutex);
    struct entry *entry = find(watcher, group, plural);
    if (entry) {
        entry->relist = true;
        wake(watcher);
    }
    pthread_mutex_unlock(&watcher->mutex);
}

static void count_entry(const struct entry *entry, uint64_t now_ns, struct kube_watch_status *status) {
    const struct kube_watch_resource_status *one = &entry->status;
    status->relists += one->relists;
    status->events += one->events;
    status->errors += one->errors;
    if (entry->drop) {
        return;
    }
    status->resources++;
    status->synced += one->synced;
    status->connected += one->connected;
    if (!one->connected) {
        uint64_t stale_ns = now_ns > one->contact_ns ? now_ns - one->contact_ns : 1;
        bool worst = stale_ns > status->stale_ns;
        status->stale_ns = worst ? stale_ns : status->stale_ns;
        if (*entry->problem && (worst || !*status->problem)) {
            const struct kube_resource *resource = kube_follower_resource(entry->follower);
            snprintf(status->problem, sizeof(status->problem), "%s%s%s: %s", resource->plural,
                     *resource->group ? "." : "", resource->group, entry->problem);
        }
    }
}

struct kube_watch_status kube_watcher_status(struct kube_watcher *watcher) {
    uint64_t now_ns = clock_now_ns();
    pthread_mutex_lock(&watcher->mutex);
    struct kube_watch_status status = watcher->gone;
    for (size_t i = 0; i < watcher->count; i++) {
        count_entry(watcher->entries[i], now_ns, &status);
    }
    pthread_mutex_unlock(&watcher->mutex);
    return status;
}

// ---- the watcher's thread ----

// Only this thread takes entries out, so those that it was given stay valid without the mutex.
struct round {
    struct entry **entries; // copied: an add may move the watcher's
    size_t count;
};

static void remove_entry(struct kube_watcher *watcher, struct entry *entry) {
    pthread_mutex_lock(&watcher->mutex);
    struct kube_watch_resource_status status = kube_follower_status(entry->follower);
    watcher->gone.relists += status.relists;
    watcher->gone.events += status.events;
    watcher->gone.errors += status.errors;
    for (size_t i = 0; i < watcher->count; i++) {
        if (watcher->entries[i] == entry) {
            memmove(&watcher->entries[i], &watcher->entries[i + 1],
                    (watcher->count - i - 1) * sizeof(watcher->entries[0]));
            watcher->count--;
            break;
        }
    }
    pthread_mutex_unlock(&watcher->mutex);
    kube_follower_free(entry->follower);
    free(entry);
}

static struct round copy_entries(struct kube_watcher *watcher) {
    struct round round = {.count = watcher->count};
    round.entries = memory_alloc((round.count + 1) * sizeof(round.entries[0]));
    if (round.count) {
        memcpy(round.entries, watcher->entries, round.count * sizeof(round.entries[0]));
    }
    return round;
}

// What other threads asked for since the last round. False: it is time to end.
static bool take_wishes(struct kube_watcher *watcher, struct round *ret_round) {
    pthread_mutex_lock(&watcher->mutex);
    bool goes_on = !watcher->stopping;
    struct round round = copy_entries(watcher);
    for (size_t i = 0; i < round.count; i++) {
        struct entry *entry = round.entries[i];
        if (entry->relist) {
            entry->relist = false;
            kube_follower_relist(entry->follower, watcher->multi);
        }
    }
    pthread_mutex_unlock(&watcher->mutex);
    *ret_round = round;
    return goes_on;
}

static void publish(struct kube_watcher *watcher, const struct round *round) {
    pthread_mutex_lock(&watcher->mutex);
    for (size_t i = 0; i < round->count; i++) {
        struct entry *entry = round->entries[i];
        entry->status = kube_follower_status(entry->follower);
        snprintf(entry->problem, sizeof(entry->problem), "%s", entry->status.problem);
        entry->status.problem = NULL;
    }
    pthread_mutex_unlock(&watcher->mutex);
}

// Sinks are told without the mutex: they may call back.
static void remove_dropped(struct kube_watcher *watcher, struct round *round) {
    size_t kept = 0;
    for (size_t i = 0; i < round->count; i++) {
        struct entry *entry = round->entries[i];
        pthread_mutex_lock(&watcher->mutex);
        bool drop = entry->drop;
        bool forget = entry->forget;
        pthread_mutex_unlock(&watcher->mutex);
        if (drop) {
            kube_follower_leave(entry->follower, watcher->multi, forget);
            remove_entry(watcher, entry);
        } else {
            round->entries[kept++] = entry;
        }
    }
    round->count = kept;
}

static size_t lists_under_way(const struct round *round) {
    size_t lists = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct kube_follower *follower = round->entries[i]->follower;
        lists += kube_follower_runs(follower) && kube_follower_lists(follower);
    }
    return lists;
}

// Starts what is due: streams, then lists that have begun, then those that have not, while there is room.
static void start_due(struct kube_watcher *watcher, const struct round *round) {
    size_t lists = lists_under_way(round);
    uint64_t now_ns = clock_now_ns();
    for (unsigned turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < round->count; i++) {
            struct kube_follower *follower = round->entries[i]->follower;
            bool is_list = kube_follower_lists(follower);
            unsigned its_turn = !is_list ? 0 : kube_follower_is_in_a_list(follower) ? 1 : 2;
            if (kube_follower_runs(follower) || its_turn != turn || kube_follower_due_ns(follower) > now_ns ||
                (is_list && lists >= LISTS_AT_ONCE)) {
                continue;
            }
            kube_follower_start(follower, watcher->transport, watcher->multi);
            lists += is_list && kube_follower_runs(follower);
        }
    }
}

static void give_up_silent(struct kube_watcher *watcher, const struct round *round) {
    uint64_t now_ns = clock_now_ns();
    for (size_t i = 0; i < round->count; i++) {
        struct kube_follower *follower = round->entries[i]->follower;
        if (kube_follower_runs(follower) && kube_follower_due_ns(follower) <= now_ns) {
            kube_follower_give_up(follower, watcher->multi);
        }
    }
}

static void hurry(const struct round *round) {
    uint64_t heard_ns = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct kube_watch_resource_status status = kube_follower_status(round->entries[i]->follower);
        heard_ns = status.contact_ns > heard_ns ? status.contact_ns : heard_ns;
    }
    for (size_t i = 0; i < round->count; i++) {
        kube_follower_hurry(round->entries[i]->follower, heard_ns);
    }
}

// What is due and did not start waits for the end of a list, which wakes us anyway.
static int sleep_ms(const struct round *round) {
    uint64_t now_ns = clock_now_ns();
    uint64_t longest_ns = (uint64_t)LONGEST_SLEEP_MS * 1000000;
    for (size_t i = 0; i < round->count; i++) {
        uint64_t due_ns = kube_follower_due_ns(round->entries[i]->follower);
        if (due_ns > now_ns && due_ns - now_ns < longest_ns) {
            longest_ns = due_ns - now_ns;
        }
    }
    return (int)((longest_ns + 999999) / 1000000);
}

// True: something ended, so there may be more to start at once.
static bool finish_transfers(struct kube_watcher *watcher) {
    int left = 0;
    bool any = false;
    for (CURLMsg *message; (message = curl_multi_info_read(watcher->multi, &left));) {
        if (message->msg == CURLMSG_DONE) {
            kube_follower_finish(message->easy_handle, message->data.result, watcher->transport,
                                 watcher->multi);
            any = true;
        }
    }
    return any;
}

static void *follow(void *data) {
    struct kube_watcher *watcher = data;
    struct round round = {0};
    while (take_wishes(watcher, &round)) {
        int running = 0;
        remove_dropped(watcher, &round);
        give_up_silent(watcher, &round);
        hurry(&round);
        start_due(watcher, &round);
        curl_multi_perform(watcher->multi, &running);
        bool again = finish_transfers(watcher);
        publish(watcher, &round);
        if (!again) {
            curl_multi_poll(watcher->multi, NULL, 0, sleep_ms(&round), NULL);
        }
        free(round.entries);
    }
    free(round.entries);
    return NULL;
}

bool kube_watcher_start(struct kube_watcher *watcher, struct error *error) {
    CURLM *multi = curl_multi_init();
    if (!multi) {
        return error_set(error, ERROR_IO, "libcurl gives no multi handle");
    }
    sigset_t all, before;
    pthread_mutex_lock(&watcher->mutex);
    watcher->multi = multi;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for the main thread
    int code = pthread_create(&watcher->thread, NULL, follow, watcher);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        watcher->multi = NULL;
        curl_multi_cleanup(multi);
        error_set(error, ERROR_IO, "can't start the thread of the watcher: %s", strerror(code));
    }
    pthread_mutex_unlock(&watcher->mutex);
    return code == 0;
}

void kube_watcher_free(struct kube_watcher *watcher) {
    if (!watcher) {
        return;
    }
    pthread_mutex_lock(&watcher->mutex);
    bool started = watcher->multi != NULL;
    watcher->stopping = true;
    wake(watcher);
    pthread_mutex_unlock(&watcher->mutex);
    if (started) {
        pthread_join(watcher->thread, NULL);
    }
    for (size_t i = 0; i < watcher->count; i++) {
        kube_follower_leave(watcher->entries[i]->follower, watcher->multi, false);
        kube_follower_free(watcher->entries[i]->follower);
        free(watcher->entries[i]);
    }
    if (started) {
        curl_multi_cleanup(watcher->multi);
    }
    free(watcher->entries);
    pthread_mutex_destroy(&watcher->mutex);
    free(watcher);
}
