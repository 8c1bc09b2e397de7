// What tests ask of the embedded cloud.
#pragma once

#include "tests/reconciler/cloud_fixture.h"

#define A cloud_target()

static inline struct provider_request create(int64_t replicas, const char *version) {
    return (struct provider_request){.action = ACTION_CREATE_CLUSTER,
                                     .target = A,
                                     .token = "create",
                                     .flavour = "eks",
                                     .version = version,
                                     .replicas = replicas};
}

static inline struct provider_request pool(enum provider_action action, const char *token,
                                           const char *version, int64_t replicas) {
    return (struct provider_request){.action = action,
                                     .target = A,
                                     .token = token,
                                     .pool = "p",
                                     .version = version,
                                     .replicas = replicas,
                                     .surge = 1,
                                     .drain_s = 60};
}

static inline struct provider_request plain(enum provider_action action, const char *token) {
    return (struct provider_request){.action = action, .target = A, .token = token};
}

static inline struct provider_request upgrade(const char *token, const char *version) {
    return (struct provider_request){
        .action = ACTION_UPGRADE_CONTROL_PLANE, .target = A, .token = token, .version = version, .surge = 1};
}

static inline void open_with_cluster(struct cloud *cloud, int64_t replicas) {
    cloud_open(cloud, &(struct sim_options){.seed = 7});
    struct provider_request request = create(replicas, "1.30.1");
    cloud_do(cloud, "create", &request);
}

// A cluster with a pool of three.
static inline void open_with_pool(struct cloud *cloud) {
    open_with_cluster(cloud, 0);
    struct provider_request request = pool(ACTION_CREATE_POOL, "pool", "1.30.1", 3);
    cloud_do(cloud, "create pool", &request);
}

static inline void expect_print(const char *name, struct cloud *cloud, const char *expected) {
    CLEANUP(free) char *text = cloud_print(cloud);
    expect_text(name, text, expected);
}

static inline void expect_refused(const char *name, struct cloud *cloud,
                                  const struct provider_request *request, enum error_kind kind,
                                  const char *message) {
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_start(cloud, request, &heard);
    expect_integer(name, heard.error.kind, kind);
    expect_contains(name, heard.error.message, message);
    expect_text(name, heard.operation, "");
}
