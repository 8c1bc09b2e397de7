#include "kube/kube_lease.h"

#include "base/clock.h"
#include "base/memory.h"
#include "kube/kube_time.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_DURATION_S = 15, DEFAULT_RENEW_WITHIN_S = 10, DEFAULT_RETRY_S = 2 };
#define SECOND_NS UINT64_C(1000000000)

static const struct kube_resource leases = {
    .group = "coordination.k8s.io", .version = "v1", .plural = "leases", .kind = "Lease", .namespaced = true};

struct kube_lease {
    struct kube_client *client;
    char *namespace, *name, *identity;
    uint64_t duration_ns, renew_within_ns, retry_ns;

    struct document *seen;     // the Lease as it was last; NULL: there is none, or not read yet
    char *seen_version;        // its resourceVersion
    uint64_t changed_ns;       // when that version was first seen here
    uint64_t seen_duration_ns; // what its holder promised
    uint64_t renewed_ns;       // when the request of our last renewal was begun; 0: not the leader
};

struct kube_lease *kube_lease_new(const struct kube_lease_options *options) {
    struct kube_lease *lease = memory_calloc(1, sizeof(*lease));
    lease->client = options->client;
    lease->namespace = memory_strdup(options->namespace);
    lease->name = memory_strdup(options->name);
    lease->identity = memory_strdup(options->identity);
    unsigned duration_s = options->duration_s ? options->duration_s : DEFAULT_DURATION_S;
    unsigned within_s = options->renew_within_s ? options->renew_within_s : DEFAULT_RENEW_WITHIN_S;
    assert(within_s < duration_s);
    lease->duration_ns = duration_s * SECOND_NS;
    lease->renew_within_ns = within_s * SECOND_NS;
    lease->retry_ns = (options->retry_s ? options->retry_s : DEFAULT_RETRY_S) * SECOND_NS;
    return lease;
}

void kube_lease_free(struct kube_lease *lease) {
    if (lease) {
        document_free(lease->seen);
        free(lease->seen_version);
        free(lease->namespace);
        free(lease->name);
        free(lease->identity);
        free(lease);
    }
}

static const struct node *spec_of(const struct kube_lease *lease) {
    return lease->seen ? node_get(document_root(lease->seen), "spec") : NULL;
}

static const char *holder_of(const struct kube_lease *lease) {
    const char *holder = node_string(node_get(spec_of(lease), "holderIdentity"));
    return holder ? holder : "";
}

// Takes ownership of document. The clock of the lease starts anew only when it has changed.
static void see(struct kube_lease *lease, struct document *document, uint64_t now_ns) {
    const char *version =
        node_string(node_get(node_get(document_root(document), "metadata"), "resourceVersion"));
    bool changed = !lease->seen_version || !version || strcmp(lease->seen_version, version) != 0;
    document_free(lease->seen);
    lease->seen = document;
    if (changed) {
        free(lease->seen_version);
        lease->seen_version = version ? memory_strdup(version) : NULL;
        lease->changed_ns = now_ns;
    }
    int64_t seconds = 0;
    bool told = node_integer(node_get(spec_of(lease), "leaseDurationSeconds"), &seconds) && seconds > 0 &&
                seconds <= 24 * 3600;
    lease->seen_duration_ns = told ? (uint64_t)seconds * SECOND_NS : lease->duration_ns;
}

static void forget(struct kube_lease *lease) {
    document_free(lease->seen);
    free(lease->seen_version);
    lease->seen = NULL;
    lease->seen_version = NULL;
}

static struct json_object *add_map(struct json_object *parent, const char *key) {
    struct json_object *map = json_object_new_object();
    json_object_object_add(parent, key, map);
    return map;
}

static void add_text(struct json_object *map, const char *key, const char *text) {
    json_object_object_add(map, key, json_object_new_string(text));
}

// The Lease with this holder ("" gives it up), to be written over the version that was seen. Caller owns.
static char *body_of(const struct kube_lease *lease, const char *holder) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char time_text[KUBE_TIME_BYTES];
    kube_time_format((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, true, time_text);
    bool ours = strcmp(holder_of(lease), lease->identity) == 0;
    int64_t transitions = 0;
    (void)node_integer(node_get(spec_of(lease), "leaseTransitions"), &transitions);
    const char *acquired = ours ? node_string(node_get(spec_of(lease), "acquireTime")) : NULL;

    struct json_object *root = json_object_new_object(), *metadata = add_map(root, "metadata");
    struct json_object *spec = add_map(root, "spec");
    add_text(root, "apiVersion", "coordination.k8s.io/v1");
    add_text(root, "kind", "Lease");
    add_text(metadata, "name", lease->name);
    add_text(metadata, "namespace", lease->namespace);
    if (lease->seen_version) {
        add_text(metadata, "resourceVersion", lease->seen_version);
    }
    add_text(spec, "holderIdentity", holder);
    int64_t duration_s = *holder ? (int64_t)(lease->duration_ns / SECOND_NS) : 1;
    json_object_object_add(spec, "leaseDurationSeconds", json_object_new_int64(duration_s));
    add_text(spec, "acquireTime", acquired ? acquired : time_text);
    add_text(spec, "renewTime", time_text);
    bool taken = lease->seen && *holder && !ours;
    json_object_object_add(spec, "leaseTransitions", json_object_new_int64(transitions + taken));
    char *body = memory_strdup(
        json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
    return body;
}

static bool write_lease(struct kube_lease *lease, const char *holder, uint64_t now_ns, uint64_t deadline_ns,
                        struct error *error) {
    const struct kube_name name = {&leases, lease->namespace, lease->name, NULL};
    CLEANUP(free) char *body = body_of(lease, holder);
    struct document *written = NULL;
    uint64_t begun_ns = clock_now_ns();
    bool done = lease->seen ? kube_replace(lease->client, &name, body, deadline_ns, &written, error)
                            : kube_create(lease->client, &name, body, deadline_ns, &written, error);
    if (done) {
        see(lease, written, now_ns + clock_now_ns() - begun_ns);
    }
    return done;
}

// The change may be as young as the answer: its holder's time counts from when that came, not from the
// request.
static bool read_lease(struct kube_lease *lease, uint64_t now_ns, uint64_t deadline_ns, struct error *error) {
    const struct kube_name name = {&leases, lease->namespace, lease->name, NULL};
    struct document *document = NULL;
    struct error problem;
    uint64_t begun_ns = clock_now_ns();
    if (kube_read(lease->client, &name, deadline_ns, &document, &problem)) {
        see(lease, document, now_ns + clock_now_ns() - begun_ns);
        return true;
    }
    if (problem.kind == ERROR_NOT_FOUND) {
        forget(lease);
        return true;
    }
    return error_set(error, problem.kind, "%s", problem.message);
}

// Ours, nobody's, or another's that was not renewed for as long as it promised.
static bool is_free(const struct kube_lease *lease, uint64_t now_ns) {
    const char *holder = holder_of(lease);
    return !*holder || strcmp(holder, lease->identity) == 0 ||
           now_ns >= lease->changed_ns + lease->seen_duration_ns;
}

static void acquire(struct kube_lease *lease, uint64_t now_ns, struct error *problem) {
    if (now_ns >= lease->renewed_ns + lease->renew_within_ns) {
        lease->renewed_ns = 0; // well before the others think so; from here on as everybody else
    }
    // A leader that saw its own last write need not read again: a CONFLICT would tell.
    bool leads = lease->renewed_ns > 0 && lease->seen;
    uint64_t deadline_ns = (leads ? lease->renewed_ns : now_ns) + lease->renew_within_ns;
    if (!leads && !read_lease(lease, now_ns, deadline_ns, problem)) {
        return;
    }
    if (!is_free(lease, now_ns)) {
        return;
    }
    if (write_lease(lease, lease->identity, now_ns, deadline_ns, problem)) {
        lease->renewed_ns = now_ns;
        return;
    }
    if (problem->kind == ERROR_CONFLICT || problem->kind == ERROR_NOT_FOUND) {
        struct error ignored; // the next step reads it again
        if (read_lease(lease, now_ns, deadline_ns, &ignored) &&
            strcmp(holder_of(lease), lease->identity) != 0) {
            lease->renewed_ns = 0;
        }
    }
}

struct kube_lease_state kube_lease_step(struct kube_lease *lease, uint64_t now_ns) {
    struct kube_lease_state state = {0};
    uint64_t begun_ns = clock_now_ns();
    acquire(lease, now_ns, &state.problem);
    uint64_t after_ns = now_ns + clock_now_ns() - begun_ns;
    if (lease->renewed_ns > 0 && after_ns >= lease->renewed_ns + lease->renew_within_ns) {
        lease->renewed_ns = 0;
    }
    state.is_leader = lease->renewed_ns > 0;
    state.is_leader_until_ns = state.is_leader ? lease->renewed_ns + lease->renew_within_ns : 0;
    state.next_step_ns = now_ns + lease->retry_ns;
    (void)snprintf(state.holder, sizeof(state.holder), "%s", holder_of(lease));
    return state;
}

bool kube_lease_release(struct kube_lease *lease, struct error *error) {
    if (lease->renewed_ns == 0) {
        return true;
    }
    lease->renewed_ns = 0;
    uint64_t now_ns = clock_now_ns();
    return write_lease(lease, "", now_ns, now_ns + lease->renew_within_ns, error);
}
