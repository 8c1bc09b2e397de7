// What a cloud can be asked to do with clusters: observe, create, upgrade, scale, add and remove pools,
// delete. All calls return at once; answers come as callbacks on the event loop's thread, never inside the
// call.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "fleet/kubernetes_version.h"

#include <stdint.h>

// Which cluster is meant. id is what the cloud calls it; owner is the uid of the Cluster object, a tag on
// every resource: what carries another tag is never touched. All are borrowed during the call.
struct provider_target {
    const char *region;
    const char *id;    // "prod-eu-1": unique in its region
    const char *owner; // uid
};

enum cloud_state { CLOUD_CREATING, CLOUD_ACTIVE, CLOUD_UPDATING, CLOUD_DELETING, CLOUD_FAILED };
const char *cloud_state_name(enum cloud_state state); // "creating", …

struct cloud_pool {
    const char *name;
    const char *version; // of its oldest node (when it has none: of the pool)
    // What it is being upgraded to, or was when that ended half way; else equals version.
    const char *target;
    enum cloud_state state;
    int64_t replicas; // wanted
    int64_t nodes;    // that exist now, surge included
    int64_t ready;
    int64_t updated; // of the pool's target version
};

// What is there. Lists are in the answer's arena; pools are sorted by name.
struct cloud_cluster {
    const char *owner;   // its tag
    const char *version; // of the control plane, oldest machine
    const char *target;
    enum cloud_state state;
    const char *failure; // of CLOUD_FAILED, else NULL
    int64_t control_plane_replicas,
        control_plane_ready;   // machines of a self-managed one; 0 where the cloud runs it
    const char *endpoint_host; // NULL until it has one
    int64_t endpoint_port;
    const struct cloud_pool *pools;
    size_t pool_count;
};

enum provider_action {
    ACTION_NONE,
    ACTION_CREATE_CLUSTER,
    ACTION_UPGRADE_CONTROL_PLANE,
    ACTION_SCALE_CONTROL_PLANE,
    ACTION_CREATE_POOL,
    ACTION_UPGRADE_POOL,
    ACTION_SCALE_POOL,
    ACTION_DELETE_POOL,
    ACTION_DELETE_CLUSTER,
    ACTION_COUNT,
};
const char *provider_action_name(enum provider_action action); // "create-cluster", "upgrade-pool", …
bool provider_action_upgrades(enum provider_action action);    // does it change a version?
enum provider_action provider_action_parse(const char *name);  // ACTION_NONE for anything else

// One step. Borrowed during the call; fields that an action does not use are 0.
struct provider_request {
    enum provider_action action;
    struct provider_target target;
    const char *token;   // idempotency: the same token never starts a second operation
    const char *flavour; // CREATE_CLUSTER: "eks", "kubeadm" …
    const char *version; // CREATE_*, UPGRADE_*
    int64_t replicas;    // CREATE_CLUSTER (0: the cloud's control plane), SCALE_*, CREATE_POOL
    const char *pool;    // *_POOL
    int64_t surge;       // UPGRADE_POOL, UPGRADE_CONTROL_PLANE: machines on top, at least 1
    int64_t drain_s;     // UPGRADE_POOL, SCALE_POOL, DELETE_POOL: longest wait for pods to leave a node
};

enum operation_state { OPERATION_RUNNING, OPERATION_SUCCEEDED, OPERATION_FAILED };

struct provider_answer {
    // NONE: it went well. NOT_FOUND (observe: there is no such cluster, which is certain; poll: no such
    // operation, any more), CONFLICT (another operation runs, or the name is taken), DENIED, INVALID, LIMIT
    // (throttled, quota: retry_after_ms), IO (no answer: it may or may not have been carried out; unreachable
    // is not absent).
    struct error error;
    int64_t retry_after_ms;              // 0: not said
    const struct cloud_cluster *cluster; // of observe
    const char *operation;               // of start: its id; NULL: it is done already
    enum operation_state state;          // of poll
    const char *failure;                 // of OPERATION_FAILED
    const char *kubeconfig;              // of kubeconfig: the text
};
// What the answer points to is valid during the call.
typedef void provider_done(void *cookie, const struct provider_answer *answer);

struct provider_methods {
    const char *name;
    void (*observe)(void *cookie, const struct provider_target *target, provider_done *done,
                    void *done_cookie);
    void (*start)(void *cookie, const struct provider_request *request, provider_done *done,
                  void *done_cookie);
    void (*poll)(void *cookie, const struct provider_target *target, const char *operation,
                 provider_done *done, void *done_cookie);
    void (*kubeconfig)(void *cookie, const struct provider_target *target, provider_done *done,
                       void *done_cookie);
    // Answers to this cookie are dropped: who asked is going. Calls may be carried out all the same.
    void (*forget)(void *cookie, void *done_cookie);
};

struct provider {
    const struct provider_methods *methods;
    void *cookie;
};
