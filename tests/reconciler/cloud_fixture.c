#include "tests/reconciler/cloud_fixture.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdio.h>

void heard_clear(struct heard *heard) {
    arena_free(heard->arena);
    *heard = (struct heard){0};
}

void cloud_open(struct cloud *cloud, const struct sim_options *options) {
    struct error error = {0};
    *cloud = (struct cloud){.options = *options, .loop = options->loop};
    if (!cloud->loop) {
        cloud->loop = event_loop_new_virtual(CLOUD_START_MS);
    }
    cloud->options.loop = cloud->loop;
    if (!sim_open(&cloud->options, &cloud->sim, &error)) {
        fail_msg("sim_open: %s", error.message);
    }
    cloud->provider = sim_provider(cloud->sim);
}

void cloud_close(struct cloud *cloud) {
    sim_free(cloud->sim);
    event_loop_free(cloud->loop);
}

void cloud_restart(struct cloud *cloud) {
    struct error error = {0};
    sim_free(cloud->sim);
    if (!sim_open(&cloud->options, &cloud->sim, &error)) {
        fail_msg("sim_open: %s", error.message);
    }
    cloud->provider = sim_provider(cloud->sim);
}

static void nothing(void *cookie) {
    *(bool *)cookie = true;
}

void cloud_pass(struct cloud *cloud, int64_t ms) {
    bool is_over = false;
    (void)event_loop_after(cloud->loop, ms, nothing, &is_over);
    while (!is_over) {
        assert_true(event_loop_turn(cloud->loop, -1));
    }
}

static void copy_cluster(struct heard *heard, const struct cloud_cluster *cluster) {
    heard->cluster = *cluster;
    heard->cluster.owner = arena_strdup(heard->arena, cluster->owner);
    heard->cluster.version = arena_strdup(heard->arena, cluster->version);
    heard->cluster.target = arena_strdup(heard->arena, cluster->target);
    heard->cluster.failure = arena_strdup(heard->arena, cluster->failure);
    heard->cluster.endpoint_host = arena_strdup(heard->arena, cluster->endpoint_host);
    struct cloud_pool *pools = arena_alloc(heard->arena, (cluster->pool_count + 1) * sizeof(*pools));
    for (size_t i = 0; i < cluster->pool_count; i++) {
        pools[i] = cluster->pools[i];
        pools[i].name = arena_strdup(heard->arena, pools[i].name);
        pools[i].version = arena_strdup(heard->arena, pools[i].version);
        pools[i].target = arena_strdup(heard->arena, pools[i].target);
    }
    heard->cluster.pools = pools;
}

static void hear(void *cookie, const struct provider_answer *answer) {
    struct heard *heard = cookie;
    assert_false(heard->is_answered);
    heard->is_answered = true;
    heard->error = answer->error;
    heard->retry_after_ms = answer->retry_after_ms;
    heard->state = answer->state;
    snprintf(heard->operation, sizeof(heard->operation), "%s", answer->operation ? answer->operation : "");
    snprintf(heard->failure, sizeof(heard->failure), "%s", answer->failure ? answer->failure : "");
    snprintf(heard->kubeconfig, sizeof(heard->kubeconfig), "%s",
             answer->kubeconfig ? answer->kubeconfig : "");
    if (answer->cluster) {
        copy_cluster(heard, answer->cluster);
    }
}

static void begin(struct heard *heard) {
    heard_clear(heard);
    heard->arena = arena_new();
}

static void wait_for(struct cloud *cloud, const struct heard *heard) {
    assert_false(heard->is_answered); // never inside the call
    while (!heard->is_answered) {
        assert_true(event_loop_turn(cloud->loop, -1));
    }
}

struct provider_target cloud_target(void) {
    return (struct provider_target){"eu", "a", "o"};
}

void cloud_observe(struct cloud *cloud, const struct provider_target *target, struct heard *ret_heard) {
    begin(ret_heard);
    cloud->provider.methods->observe(cloud->provider.cookie, target, hear, ret_heard);
    wait_for(cloud, ret_heard);
}

void cloud_start(struct cloud *cloud, const struct provider_request *request, struct heard *ret_heard) {
    begin(ret_heard);
    cloud->provider.methods->start(cloud->provider.cookie, request, hear, ret_heard);
    wait_for(cloud, ret_heard);
}

void cloud_poll(struct cloud *cloud, const struct provider_target *target, const char *operation,
                struct heard *ret_heard) {
    begin(ret_heard);
    cloud->provider.methods->poll(cloud->provider.cookie, target, operation, hear, ret_heard);
    wait_for(cloud, ret_heard);
}

void cloud_kubeconfig(struct cloud *cloud, const struct provider_target *target, struct heard *ret_heard) {
    begin(ret_heard);
    cloud->provider.methods->kubeconfig(cloud->provider.cookie, target, hear, ret_heard);
    wait_for(cloud, ret_heard);
}

void cloud_do(struct cloud *cloud, const char *name, const struct provider_request *request) {
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_start(cloud, request, &heard);
    char operation[sizeof(heard.operation)];
    memcpy(operation, heard.operation, sizeof(operation));
    if (heard.error.kind != ERROR_NONE) {
        fail_msg("%s: %s: %s", name, provider_action_name(request->action), heard.error.message);
    }
    for (int minutes = 0; operation[0] && minutes < 24 * 60; minutes++) {
        cloud_poll(cloud, &request->target, operation, &heard);
        if (heard.error.kind != ERROR_NONE || heard.state == OPERATION_FAILED) {
            fail_msg("%s: %s: %s%s", name, provider_action_name(request->action), heard.error.message,
                     heard.failure);
        }
        if (heard.state == OPERATION_SUCCEEDED) {
            return;
        }
        cloud_pass(cloud, MINUTE_MS);
    }
    expect_text(name, operation, "");
}

struct lines {
    char **lines;
    size_t count;
};

static void print_cluster(void *cookie, const char *region, const char *id,
                          const struct cloud_cluster *cluster) {
    struct lines *lines = cookie;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_printf(&text, "%s %s owner %s %s %s>%s cp %lld/%lld %s:%lld %s\n", region, id, cluster->owner,
                  cloud_state_name(cluster->state), cluster->version, cluster->target,
                  (long long)cluster->control_plane_ready, (long long)cluster->control_plane_replicas,
                  cluster->endpoint_host ? cluster->endpoint_host : "-", (long long)cluster->endpoint_port,
                  cluster->failure ? cluster->failure : "");
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        buffer_printf(&text, "  %s %s %s>%s %lld of %lld nodes %lld ready %lld updated\n", pool->name,
                      cloud_state_name(pool->state), pool->version, pool->target, (long long)pool->nodes,
                      (long long)pool->replicas, (long long)pool->ready, (long long)pool->updated);
    }
    lines->lines = memory_realloc(lines->lines, lines->count + 1, sizeof(*lines->lines));
    lines->lines[lines->count++] = buffer_take(&text);
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *cloud_print(struct cloud *cloud) {
    struct lines lines = {0};
    sim_each(cloud->sim, print_cluster, &lines);
    if (lines.count > 0) {
        qsort(lines.lines, lines.count, sizeof(*lines.lines), compare_lines);
    }
    struct buffer text;
    buffer_init(&text, 1 << 24);
    for (size_t i = 0; i < lines.count; i++) {
        buffer_append_text(&text, lines.lines[i]);
        free(lines.lines[i]);
    }
    free(lines.lines);
    return buffer_take(&text);
}
