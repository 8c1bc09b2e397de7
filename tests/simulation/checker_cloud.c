// What is asked of the cloud, and what is there.
#include "base/hash.h"
#include "tests/simulation/process.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

enum { PAUSE_GRACE_MS = 60000, MOST_LAG_MS = 5000 };

#define VIOLATED(world, invariant, ...)                                                                      \
    trace_violation(&(world)->trace, world_now_ms(world), invariant, __VA_ARGS__)

// ---- does what was approved ask for it? ----

struct question {
    const struct provider_request *request;
    const struct declared_cluster *cluster;
};

// The whole way, or a step in between.
static bool leads_to(const char *step, const char *wanted) {
    return version_order(step, wanted) == 0 || version_minor(step) < version_minor(wanted);
}

static const struct topology_pool *topology_pool(const struct content *content, const char *name) {
    for (size_t i = 0; i < content->pool_count; i++) {
        if (strcmp(content->pools[i].name, name) == 0) {
            return &content->pools[i];
        }
    }
    return NULL;
}

static bool asks_region(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    return strcmp(revision->content.region, question->request->target.region) == 0;
}

static bool asks_version(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    return leads_to(question->request->version, revision->content.version);
}

static bool asks_new_cluster(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    bool is_managed = question->cluster->flavour == FLAVOUR_EKS || question->cluster->flavour == FLAVOUR_AKS;
    return version_order(question->request->version, revision->content.version) == 0 &&
           question->request->replicas == (is_managed ? 0 : revision->content.replicas);
}

static bool asks_replicas(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    return question->request->replicas == revision->content.replicas;
}

static bool asks_pool(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    const struct provider_request *request = question->request;
    int64_t replicas = revision->content.replicas;
    if (revision->content.is_topology) {
        const struct topology_pool *pool = topology_pool(&revision->content, request->pool);
        if (!pool) {
            return false;
        }
        replicas = pool->replicas;
    }
    bool replicas_fit = request->action == ACTION_UPGRADE_POOL || request->replicas == replicas;
    bool version_fits = request->action == ACTION_SCALE_POOL ||
                        version_order(request->version, revision->content.version) <= 0;
    return replicas_fit && version_fits;
}

static bool asks_no_pool(void *cookie, const struct revision *revision) {
    const struct question *question = cookie;
    return !topology_pool(&revision->content, question->request->pool);
}

static struct declared_object *pool_object(struct declared_cluster *cluster, const char *name) {
    if (cluster->flavour == FLAVOUR_TOPOLOGY) {
        return &cluster->objects[0];
    }
    for (size_t i = 0; i < cluster->object_count; i++) {
        if (cluster->objects[i].role == ROLE_POOL && strcmp(cluster->objects[i].name, name) == 0) {
            return &cluster->objects[i];
        }
    }
    return NULL;
}

bool checker_any_since(const struct record_version *record, struct declared_object *object,
                       bool (*visit)(void *cookie, const struct revision *revision), void *cookie) {
    size_t index = (size_t)(object - record->cluster->objects);
    size_t lower = record->lower[index] < object->lower ? record->lower[index] : object->lower;
    for (size_t i = lower; i < object->revision_count; i++) {
        if (object->revisions[i].possible && visit(cookie, &object->revisions[i])) {
            return true;
        }
    }
    return false;
}

static bool is_asked(const struct record_version *record, const struct provider_request *request,
                     const struct life *life) {
    struct declared_cluster *cluster = life->cluster;
    struct question question = {request, cluster};
    struct declared_object *version = declared_version_object(cluster);
    struct declared_object *pool = request->pool ? pool_object(cluster, request->pool) : NULL;
    switch (request->action) {
    case ACTION_CREATE_CLUSTER:
        return life->stored &&
               checker_any_since(record, declared_region_object(cluster), asks_region, &question) &&
               checker_any_since(record, version, asks_new_cluster, &question);
    case ACTION_UPGRADE_CONTROL_PLANE:
        return checker_any_since(record, version, asks_version, &question);
    case ACTION_SCALE_CONTROL_PLANE:
        return checker_any_since(record, version, asks_replicas, &question);
    case ACTION_CREATE_POOL:
    case ACTION_UPGRADE_POOL:
    case ACTION_SCALE_POOL:
        return pool && checker_any_since(record, pool, asks_pool, &question);
    case ACTION_DELETE_POOL:
        return cluster->flavour == FLAVOUR_TOPOLOGY
                   ? checker_any_since(record, pool, asks_no_pool, &question) || life->delete_approved
                   : !pool || !pool->stored || pool->deleting || pool->maybe_none || life->delete_approved;
    case ACTION_DELETE_CLUSTER:
        return life->deleting && life->delete_approved;
    default:
        return false;
    }
}

// ---- tokens ----

static uint64_t hash_of(const struct provider_request *request) {
    char text[512];
    snprintf(text, sizeof(text), "%d %s %s %s %s %s %lld %lld %s", (int)request->action,
             request->target.region, request->target.id, request->target.owner,
             request->flavour ? request->flavour : "", request->version ? request->version : "",
             (long long)request->replicas, (long long)request->surge, request->pool ? request->pool : "");
    return hash_text(HASH_START, text);
}

static struct token *find_token(struct checker *checker, const char *text) {
    for (size_t i = checker->token_count; i-- > 0;) {
        if (strcmp(checker->tokens[i].text, text) == 0) {
            return &checker->tokens[i];
        }
    }
    return NULL;
}

static struct token *add_token(struct checker *checker, const struct provider_request *request) {
    struct token *token = &checker->tokens[checker->token_count % CHECKER_TOKENS];
    checker->token_count += checker->token_count < CHECKER_TOKENS - 1 ? 1 : 0;
    memset(token, 0, sizeof(*token));
    snprintf(token->text, sizeof(token->text), "%s", request->token);
    token->request = hash_of(request);
    return token;
}

static void describe(const struct provider_request *request, char ret_text[static 160]) {
    snprintf(ret_text, 160, "%s %s%s%s version %s replicas %lld", provider_action_name(request->action),
             request->target.id, request->pool ? " pool " : "", request->pool ? request->pool : "",
             request->version ? request->version : "-", (long long)request->replicas);
}

void checker_start_is_sent(struct world *world, struct process *process,
                           const struct provider_request *request) {
    char text[160];
    describe(request, text);
    trace_note(&world->trace, world_now_ms(world), "%u asks: %s token %.12s", process->number, text,
               request->token);
    struct life *life = checker_life(&world->checker, request->target.owner);
    if (!life) {
        VIOLATED(world, "nothing is done for nobody", "%s: no Cluster has the uid %s", text,
                 request->target.owner);
        return;
    }
    if (!life->cluster->driven && !world->default_provider) {
        VIOLATED(world, "what is not asked for is left alone", "%s", text);
    }
    struct token *token = find_token(&world->checker, request->token);
    if (token) {
        if (token->request != hash_of(request)) {
            VIOLATED(world, "a token is for one step", "%s: the token was used for another one", text);
        }
        return; // it was judged when it came first
    }
    add_token(&world->checker, request);
    const struct record_version *record = checker_record_with(&world->checker, request->token);
    if (!record) {
        VIOLATED(world, "the intent is stored before the call", "%s: token %s is in no record", text,
                 request->token);
        return;
    }
    if (!is_asked(record, request, life)) {
        VIOLATED(world, "no unapproved spec is carried out", "%s: nothing that may be in force asks for it",
                 text);
    }
    const struct declared_object *object = &life->cluster->objects[0];
    if (request->action == ACTION_CREATE_CLUSTER && !object->was_held && !object->is_bare) {
        VIOLATED(world, "the finalizer is there before the cluster", "%s", text);
    }
    int64_t paused_ms = life->cluster->paused_since_ms;
    if (paused_ms >= 0 && world_now_ms(world) - paused_ms > PAUSE_GRACE_MS) {
        VIOLATED(world, "no step while paused", "%s: paused for %lld s", text,
                 (long long)(world_now_ms(world) - paused_ms) / 1000);
    }
}

// ---- the cloud as it is ----

struct found {
    const struct provider_request *request;
    const struct record_version *record; // that it was decided with: it may come late
    struct world *world;
};

static bool wants_no_newer(void *cookie, const struct revision *revision) {
    const struct cloud_pool *pool = cookie;
    return version_minor(revision->content.version) <= version_minor(pool->version);
}

// A pool whose own object keeps it where it is need not follow, nor one that goes.
static bool is_pinned(struct found *found, const struct cloud_pool *pool) {
    struct life *life = checker_life(&found->world->checker, found->request->target.owner);
    struct declared_object *object = life ? pool_object(life->cluster, pool->name) : NULL;
    struct cloud_pool question = *pool;
    if (object && object->role == ROLE_CLUSTER) {
        const struct provider_request request = {.pool = pool->name};
        return declared_any(object, asks_no_pool, &(struct question){&request, life->cluster});
    }
    return !object || !object->stored || object->deleting || declared_lacks_part(life->cluster) ||
           checker_any_since(found->record, object, wants_no_newer, &question);
}

static void check_control_plane(struct found *found, const struct cloud_cluster *cluster, const char *text) {
    const struct provider_request *request = found->request;
    int64_t to = version_minor(request->version), from = version_minor(cluster->version);
    if (to > from + 1) { // a step back comes late, and the cloud refuses it
        VIOLATED(found->world, "never two minors at once", "%s: it is at %s", text, cluster->version);
    }
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        if (to > from && version_minor(pool->version) + 1 < to && !is_pinned(found, pool)) {
            VIOLATED(found->world, "never two minors at once", "%s: pool %s is still at %s", text, pool->name,
                     pool->version);
        }
    }
}

static void check_pool(struct found *found, const struct cloud_cluster *cluster, const char *text) {
    const struct provider_request *request = found->request;
    if (version_order(request->version, cluster->version) > 0) {
        VIOLATED(found->world, "never pools ahead of the control plane", "%s: it is at %s", text,
                 cluster->version);
    }
    for (size_t i = 0; request->action == ACTION_UPGRADE_POOL && i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        if (strcmp(pool->name, request->pool) == 0 &&
            version_minor(request->version) > version_minor(pool->version) + 1) {
            VIOLATED(found->world, "never two minors at once", "%s: it is at %s", text, pool->version);
        }
    }
}

static void check_target(void *cookie, const char *region, const char *id,
                         const struct cloud_cluster *cluster) {
    struct found *found = cookie;
    const struct provider_request *request = found->request;
    if (strcmp(region, request->target.region) != 0 || strcmp(id, request->target.id) != 0 ||
        strcmp(cluster->owner, request->target.owner) != 0 || cluster->state == CLOUD_DELETING) {
        return;
    }
    char text[160];
    describe(request, text);
    if (request->action == ACTION_UPGRADE_CONTROL_PLANE) {
        check_control_plane(found, cluster, text);
    } else if (request->action == ACTION_CREATE_POOL || request->action == ACTION_UPGRADE_POOL) {
        check_pool(found, cluster, text);
    }
}

void checker_start_arrives(struct world *world, const struct provider_request *request) {
    const struct token *token = find_token(&world->checker, request->token);
    if (token && token->operation[0]) {
        return; // it began when it came first
    }
    struct life *life = checker_life(&world->checker, request->target.owner);
    const struct record_version *record = checker_record_with(&world->checker, request->token);
    if (!token || !record || !life) {
        VIOLATED(world, "the intent is stored before the call", "token %s came to the cloud", request->token);
        return;
    }
    char text[160];
    describe(request, text);
    if (token->request != hash_of(request) && !is_asked(record, request, life)) {
        VIOLATED(world, "no unapproved spec is carried out", "%s came to the cloud", text);
    }
    checker_rollout_arrives(world, request, record);
    struct found found = {request, record, world};
    sim_each(world->sim, check_target, &found);
}

void checker_started(struct world *world, const struct provider_request *request,
                     const struct provider_answer *answer) {
    char text[160];
    describe(request, text);
    trace_note(&world->trace, world_now_ms(world), "cloud: %s: %s %s", text,
               answer->error.kind == ERROR_NONE ? answer->operation ? answer->operation : "done"
                                                : answer->error.message,
               answer->error.kind == ERROR_NONE ? "" : error_kind_name(answer->error.kind));
    if (answer->error.kind != ERROR_NONE) {
        return;
    }
    struct token *token = find_token(&world->checker, request->token);
    token = token ? token : add_token(&world->checker, request);
    const char *operation = answer->operation ? answer->operation : "(done)";
    if (token->operation[0] && strcmp(token->operation, operation) != 0 && answer->operation) {
        VIOLATED(world, "a token starts one operation", "%s: %s and %s", text, token->operation, operation);
    }
    if (!token->operation[0]) {
        world->checker.counts.starts[request->action]++;
        world->last_start_ms = world_now_ms(world);
    }
    snprintf(token->operation, sizeof(token->operation), "%s", operation);
    checker_look_at_cloud(world);
}

// ---- invariants of all that is there ----

struct owners {
    struct world *world;
    const char *seen[CHECKER_LIVES];
    size_t count;
};

static void look_at(void *cookie, const char *region, const char *id, const struct cloud_cluster *cluster) {
    struct owners *owners = cookie;
    struct world *world = owners->world;
    if (strncmp(cluster->owner, "foreign", 7) == 0) {
        return;
    }
    struct life *life = checker_life(&world->checker, cluster->owner);
    if (!life || !life->stored) {
        VIOLATED(world, "no orphan", "%s in %s is there for %s, which is not stored", id, region,
                 cluster->owner);
        return;
    }
    for (size_t i = 0; i < owners->count; i++) {
        if (owners->seen[i] == life->uid) {
            VIOLATED(world, "no duplicate", "a second cluster of %s is %s in %s", life->cluster->name, id,
                     region);
        }
    }
    if (owners->count < CHECKER_LIVES) {
        owners->seen[owners->count++] = life->uid;
    }
    if (version_order(cluster->target, cluster->version) < 0) {
        VIOLATED(world, "never a version down", "%s goes from %s to %s", id, cluster->version,
                 cluster->target);
    }
    if (version_minor(cluster->target) > version_minor(cluster->version) + 1) {
        VIOLATED(world, "never two minors at once", "%s goes from %s to %s", id, cluster->version,
                 cluster->target);
    }
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        if (version_minor(pool->target) > version_minor(cluster->version)) {
            VIOLATED(world, "never pools ahead of the control plane", "pool %s of %s goes to %s at %s",
                     pool->name, id, pool->target, cluster->version);
        }
    }
}

void checker_look_at_cloud(struct world *world) {
    struct owners owners = {.world = world};
    sim_each(world->sim, look_at, &owners);
    checker_rollout_look(world);
}
