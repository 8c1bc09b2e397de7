#include "reconciler/provider.h"

#include <string.h>

const char *cloud_state_name(enum cloud_state state) {
    static const char *const names[] = {"creating", "active", "updating", "deleting", "failed"};
    return names[state];
}

static const char *const action_names[ACTION_COUNT] = {
    [ACTION_NONE] = "none",
    [ACTION_CREATE_CLUSTER] = "create-cluster",
    [ACTION_UPGRADE_CONTROL_PLANE] = "upgrade-control-plane",
    [ACTION_SCALE_CONTROL_PLANE] = "scale-control-plane",
    [ACTION_CREATE_POOL] = "create-pool",
    [ACTION_UPGRADE_POOL] = "upgrade-pool",
    [ACTION_SCALE_POOL] = "scale-pool",
    [ACTION_DELETE_POOL] = "delete-pool",
    [ACTION_DELETE_CLUSTER] = "delete-cluster",
};

const char *provider_action_name(enum provider_action action) {
    return action_names[action];
}

bool provider_action_upgrades(enum provider_action action) {
    return action == ACTION_UPGRADE_CONTROL_PLANE || action == ACTION_UPGRADE_POOL;
}

enum provider_action provider_action_parse(const char *name) {
    for (int action = ACTION_NONE + 1; name && action < ACTION_COUNT; action++) {
        if (strcmp(action_names[action], name) == 0) {
            return (enum provider_action)action;
        }
    }
    return ACTION_NONE;
}
