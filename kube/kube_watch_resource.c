#include "kube/kube_watch_resource.h"

#include "base/memory.h"
#include "base/random.h"

#include <stdio.h>
#include <string.h>

static const uint64_t second_ns = 1000000000;
static const uint64_t millisecond_ns = 1000000;

enum {
    FIRST_WAIT_MS = 250,
    HURRY_MS = 1000,
    STEADY_S = 10, // a stream that lived so long was no failure: the next one begins to count anew
    PAGE_QUIET_S = 60,
    LONGEST_PAGE_S = 300,
    SHORTEST_WATCH_S = 240, // between the two, so that streams don't all end together
    LONGEST_WATCH_S = 480,
    LONGEST_RETRY_AFTER_S = 120,
    // So many answers that don't help, in a row: perhaps the server can't serve this resourceVersion at all
    // (it was restored from a backup, or says so in words that we don't know).
    MOST_REFUSALS = 5,
};

enum plan { PLAN_NONE, PLAN_RELIST_NOW, PLAN_RELIST_LATER, PLAN_RESUME_LATER };

struct kube_watch_resource {
    struct kube_watch_rules rules;
    uint64_t random;
    enum kube_watch_request next, under_way;
    uint64_t at_ns; // of the next request
    bool running, connected, synced;
    enum plan plan; // what an event or the owner has decided; carried out when the request is over

    unsigned page_limit;
    char *continue_token; // NULL: from the first page
    char *list_version;   // of the first page
    char *version;        // seen last: the watch goes on from here

    uint64_t started_ns, heard_ns, contact_ns;
    uint64_t relist_at_ns;
    bool advanced;   // this stream brought something new
    bool bookmarked; // this stream brought a bookmark, so more of them are due
    // In a row, each with waits of its own: a server that was away for long says nothing about how its
    // streams will be.
    unsigned unreachable;    // until any answer comes
    unsigned denials;        // until a good answer comes
    unsigned refusals;       // answers that don't help, until an event comes
    unsigned failures;       // until a stream lived for a while
    unsigned vain_lists;     // the same; lists that were not worth their price
    uint64_t unreachable_ns; // when the last request ended without any answer; 0: it did not

    uint64_t relists, events, errors;
    char problem[256];
};

static uint64_t random_below(struct kube_watch_resource *resource, uint64_t bound) {
    uint64_t value = random_next(&resource->random);
    return bound ? value % bound : 0;
}

static void set_text(char **text, const char *value) {
    char *copy = value ? memory_strdup(value) : NULL;
    free(*text);
    *text = copy;
}

struct kube_watch_resource *kube_watch_resource_new(const struct kube_watch_rules *rules, uint64_t now_ns) {
    struct kube_watch_resource *resource = memory_calloc(1, sizeof(*resource));
    resource->rules = *rules;
    resource->random = rules->random_seed;
    resource->next = KUBE_WATCH_LIST;
    resource->page_limit = rules->page_limit;
    resource->at_ns = resource->contact_ns = now_ns;
    return resource;
}

void kube_watch_resource_free(struct kube_watch_resource *resource) {
    if (resource) {
        free(resource->continue_token);
        free(resource->list_version);
        free(resource->version);
        free(resource);
    }
}

enum kube_watch_request kube_watch_resource_next(const struct kube_watch_resource *resource,
                                                 uint64_t *ret_at_ns) {
    *ret_at_ns = resource->running ? UINT64_MAX : resource->at_ns;
    return resource->next;
}

bool kube_watch_resource_is_in_a_list(const struct kube_watch_resource *resource) {
    return resource->continue_token != NULL;
}

struct kube_watch_query kube_watch_resource_start(struct kube_watch_resource *resource, uint64_t now_ns) {
    resource->running = true;
    resource->under_way = resource->next;
    resource->unreachable_ns = 0;
    resource->advanced = resource->bookmarked = false;
    resource->plan = PLAN_NONE;
    resource->started_ns = resource->heard_ns = now_ns;
    struct kube_watch_query query = {.request = resource->next};
    if (resource->next == KUBE_WATCH_LIST) {
        query.limit = resource->page_limit;
        query.continue_token = resource->continue_token;
    } else {
        query.resource_version = resource->version;
        query.timeout_s =
            SHORTEST_WATCH_S + (unsigned)random_below(resource, LONGEST_WATCH_S - SHORTEST_WATCH_S + 1);
    }
    return query;
}

uint64_t kube_watch_resource_deadline(const struct kube_watch_resource *resource) {
    if (resource->under_way == KUBE_WATCH_STREAM) {
        return resource->heard_ns + resource->rules.quiet_s * second_ns;
    }
    uint64_t quiet_ns = resource->heard_ns + PAGE_QUIET_S * second_ns;
    uint64_t longest_ns = resource->started_ns + LONGEST_PAGE_S * second_ns;
    return quiet_ns < longest_ns ? quiet_ns : longest_ns;
}

void kube_watch_resource_heard(struct kube_watch_resource *resource, uint64_t now_ns) {
    resource->heard_ns = resource->contact_ns = now_ns;
    resource->denials = resource->unreachable = 0;
    if (resource->under_way == KUBE_WATCH_STREAM && !resource->connected) {
        resource->connected = true;
        resource->problem[0] = '\0';
    }
}

// ---- what comes next ----

static uint64_t longest_wait_ns(const struct kube_watch_resource *resource) {
    return resource->rules.longest_wait_ms * millisecond_ns;
}

// Exponential, with full jitter: many that failed together don't come back together.
static uint64_t wait_ns(struct kube_watch_resource *resource, unsigned *count) {
    uint64_t most_ns = longest_wait_ns(resource);
    uint64_t wait = FIRST_WAIT_MS * millisecond_ns;
    for (unsigned i = 0; i < *count && wait < most_ns; i++) {
        wait *= 2;
    }
    *count += 1;
    return random_below(resource, (wait < most_ns ? wait : most_ns) + 1);
}

// What is not allowed or not served will hardly be so a moment later: from 1 s on, as an API server that has
// just started answers 404 until it knows its CRDs, to 60 s.
static uint64_t slow_wait_ns(struct kube_watch_resource *resource) {
    uint64_t most_ns = 2 * longest_wait_ns(resource);
    uint64_t wait = most_ns / 60;
    for (unsigned i = 0; i < resource->denials && wait < most_ns; i++) {
        wait *= 2;
    }
    resource->denials++;
    wait = wait < most_ns ? wait : most_ns;
    return wait / 2 + random_below(resource, wait / 2 + 1);
}

void kube_watch_resource_hurry(struct kube_watch_resource *resource, uint64_t heard_ns, uint64_t now_ns) {
    if (!resource->running && resource->unreachable_ns && heard_ns > resource->unreachable_ns) {
        uint64_t soon_ns = now_ns + random_below(resource, HURRY_MS * millisecond_ns);
        resource->at_ns = resource->at_ns < soon_ns ? resource->at_ns : soon_ns;
        resource->unreachable_ns = 0;
    }
}

static void plan_list(struct kube_watch_resource *resource, uint64_t at_ns) {
    if (resource->synced && (resource->next == KUBE_WATCH_STREAM || resource->continue_token)) {
        resource->relists++;
    }
    resource->next = KUBE_WATCH_LIST;
    resource->at_ns = at_ns;
    resource->refusals = 0;
    set_text(&resource->continue_token, NULL);
}

static void note_problem(struct kube_watch_resource *resource, const char *problem) {
    resource->errors++;
    snprintf(resource->problem, sizeof(resource->problem), "%s", problem);
}

bool kube_watch_resource_relist(struct kube_watch_resource *resource, uint64_t now_ns) {
    if (resource->running) {
        resource->plan = PLAN_RELIST_NOW;
        return true;
    }
    plan_list(resource, resource->at_ns > now_ns ? resource->at_ns : now_ns);
    return false;
}

// ---- what the server says ----

bool kube_watch_resource_page(struct kube_watch_resource *resource, uint64_t now_ns,
                              const char *resource_version, const char *continue_token) {
    if (!resource->continue_token) {
        set_text(&resource->list_version, resource_version);
    } else if (continue_token && strcmp(continue_token, resource->continue_token) == 0) {
        note_problem(resource, "a list goes on for ever: a page names itself as the next one");
        resource->plan = PLAN_RELIST_LATER;
        return false;
    }
    set_text(&resource->continue_token, continue_token && *continue_token ? continue_token : NULL);
    resource->problem[0] = '\0';
    resource->at_ns = now_ns;
    if (resource->continue_token) {
        return false;
    }
    // The first page's version is that of all pages; were it not, the watch would tell what lies between.
    set_text(&resource->version, resource->list_version);
    resource->synced = true;
    resource->page_limit = resource->rules.page_limit;
    uint64_t relist_ns = resource->rules.relist_s * second_ns;
    resource->relist_at_ns =
        now_ns + relist_ns - relist_ns / 5 + random_below(resource, relist_ns / 5 * 2 + 1);
    resource->next = KUBE_WATCH_STREAM;
    return true;
}

// Versions are numbers wherever etcd is below; what is no number can't be compared.
static bool version_number(const char *version, uint64_t *ret_number) {
    size_t digits = version ? strspn(version, "0123456789") : 0;
    if (digits == 0 || digits > 19 || version[digits]) {
        return false;
    }
    *ret_number = strtoull(version, NULL, 10);
    return true;
}

static bool goes_backwards(const struct kube_watch_resource *resource, const char *version) {
    uint64_t seen = 0;
    uint64_t next = 0;
    return version_number(resource->version, &seen) && version_number(version, &next) && next < seen;
}

static enum kube_watch_verdict take_error(struct kube_watch_resource *resource, const struct node *status) {
    int64_t code = 0;
    const char *message = node_string(node_get(status, "message"));
    const char *reason = node_string(node_get(status, "reason"));
    char problem[sizeof(resource->problem)];
    node_integer(node_get(status, "code"), &code);
    bool gone = code == 410 || (reason && (strcmp(reason, "Expired") == 0 || strcmp(reason, "Gone") == 0));
    snprintf(problem, sizeof(problem), "the watch ended with %lld %s: %s", (long long)code,
             reason ? reason : "", message ? message : "");
    note_problem(resource, problem);
    resource->refusals++;
    resource->plan = gone ? PLAN_RELIST_LATER : PLAN_RESUME_LATER;
    return KUBE_WATCH_CUT;
}

enum kube_watch_verdict kube_watch_resource_event(struct kube_watch_resource *resource, uint64_t now_ns,
                                                  const struct kube_watch_event *event) {
    kube_watch_resource_heard(resource, now_ns);
    if (event->type == KUBE_WATCH_ERROR) {
        return take_error(resource, event->object);
    }
    if (goes_backwards(resource, event->resource_version)) {
        char problem[sizeof(resource->problem)];
        snprintf(problem, sizeof(problem), "the watch went back from resourceVersion %s to %s: listing again",
                 resource->version, event->resource_version);
        note_problem(resource, problem);
        resource->plan = PLAN_RELIST_LATER;
        return KUBE_WATCH_CUT;
    }
    if (strcmp(resource->version, event->resource_version) != 0) {
        set_text(&resource->version, event->resource_version);
        resource->advanced = true;
    }
    resource->refusals = 0;
    if (event->type == KUBE_WATCH_BOOKMARK) {
        resource->bookmarked = true;
        return KUBE_WATCH_SKIP;
    }
    resource->events++;
    return KUBE_WATCH_APPLY;
}

// ---- how a request ends ----

static void stream_is_whole(struct kube_watch_resource *resource, uint64_t now_ns) {
    if (now_ns >= resource->relist_at_ns) {
        plan_list(resource, now_ns);
    } else if (resource->advanced || now_ns - resource->started_ns >= second_ns) {
        resource->at_ns = now_ns;
    } else {
        note_problem(resource, "the watch ended as soon as it began");
        resource->at_ns = now_ns + wait_ns(resource, &resource->failures);
    }
}

// Older API servers send bookmarks only for resources that have changed since they started. Silence is then
// no fault; but after some of it a list tells whether something was missed.
static void stream_had_nothing_to_say(struct kube_watch_resource *resource, uint64_t now_ns) {
    resource->at_ns = now_ns;
    if (++resource->refusals >= MOST_REFUSALS) {
        plan_list(resource, now_ns);
    }
}

static uint64_t retry_after_ns(const struct kube_watch_outcome *outcome) {
    uint64_t seconds = outcome->retry_after_s;
    return (seconds < LONGEST_RETRY_AFTER_S ? seconds : LONGEST_RETRY_AFTER_S) * second_ns;
}

static void request_is_refused(struct kube_watch_resource *resource, uint64_t now_ns,
                               const struct kube_watch_outcome *outcome) {
    bool first_page = resource->next == KUBE_WATCH_LIST && !resource->continue_token;
    long status = outcome->http_status;
    if (status == 401) {
        resource->at_ns = now_ns + wait_ns(resource, &resource->failures);
    } else if (status == 410 || (status >= 400 && status < 500 && !first_page && status != 403 &&
                                 status != 404 && status != 429)) {
        plan_list(
            resource,
            now_ns + wait_ns(resource, &resource->vain_lists)); // this version or token is of no use any more
    } else if (status >= 400 && status < 500 && status != 429) {
        resource->at_ns = now_ns + slow_wait_ns(resource);
    } else {
        resource->refusals += status != 429;
        resource->at_ns = now_ns + retry_after_ns(outcome) + wait_ns(resource, &resource->failures);
    }
}

static void request_failed(struct kube_watch_resource *resource, uint64_t now_ns,
                           const struct kube_watch_outcome *outcome) {
    if (outcome->end == KUBE_WATCH_TOO_LARGE && resource->next == KUBE_WATCH_LIST &&
        resource->page_limit > 1) {
        resource->page_limit /= 2;
        resource->at_ns = now_ns;
        return;
    }
    note_problem(resource, outcome->problem);
    if (outcome->end == KUBE_WATCH_BROKEN && !outcome->http_status) {
        resource->unreachable_ns = now_ns;
        resource->at_ns = now_ns + wait_ns(resource, &resource->unreachable);
        return;
    }
    resource->unreachable = 0;
    if (outcome->end == KUBE_WATCH_REFUSED) {
        request_is_refused(resource, now_ns, outcome);
    } else {
        resource->refusals += outcome->end != KUBE_WATCH_BROKEN;
        resource->at_ns = now_ns + wait_ns(resource, &resource->failures);
    }
    if (resource->next == KUBE_WATCH_STREAM && resource->refusals >= MOST_REFUSALS) {
        plan_list(resource, resource->at_ns);
    }
}

static void carry_out_plan(struct kube_watch_resource *resource, uint64_t now_ns) {
    if (resource->plan == PLAN_RELIST_NOW) {
        plan_list(resource, now_ns);
    } else if (resource->plan == PLAN_RELIST_LATER || resource->refusals >= MOST_REFUSALS) {
        plan_list(resource, now_ns + wait_ns(resource, &resource->vain_lists));
    } else {
        resource->at_ns = now_ns + wait_ns(resource, &resource->failures);
    }
    resource->plan = PLAN_NONE;
}

void kube_watch_resource_ended(struct kube_watch_resource *resource, uint64_t now_ns,
                               const struct kube_watch_outcome *outcome) {
    uint64_t steady_ns = STEADY_S * second_ns;
    if (steady_ns > longest_wait_ns(resource)) {
        steady_ns = longest_wait_ns(resource);
    }
    if (resource->connected && now_ns - resource->started_ns >= steady_ns) {
        resource->failures = resource->vain_lists = 0;
    }
    bool silent = resource->connected && outcome->end == KUBE_WATCH_QUIET;
    if (resource->connected && !(silent && resource->bookmarked)) {
        resource->contact_ns = now_ns; // it was open until now
    }
    resource->running = resource->connected = false;
    if (resource->plan != PLAN_NONE) {
        carry_out_plan(resource, now_ns);
    } else if (silent && !resource->bookmarked) {
        stream_had_nothing_to_say(resource, now_ns);
    } else if (outcome->end != KUBE_WATCH_WHOLE) {
        request_failed(resource, now_ns, outcome);
    } else if (resource->under_way == KUBE_WATCH_STREAM) {
        stream_is_whole(resource, now_ns);
    }
}

struct kube_watch_resource_status kube_watch_resource_status(const struct kube_watch_resource *resource) {
    return (struct kube_watch_resource_status){
        .synced = resource->synced,
        .connected = resource->connected,
        .contact_ns = resource->contact_ns,
        .relists = resource->relists,
        .events = resource->events,
        .errors = resource->errors,
        .problem = resource->problem,
    };
}
