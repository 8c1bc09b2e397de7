// The cloud behind the wire, with somebody who looks at everything that is asked of it.
#include "tests/simulation/checker.h"
#include "tests/simulation/process.h"
#include "tests/simulation/wire.h"
#include "tests/simulation/world.h"

static struct wire_call *new_call(void *cookie, const char *verb, const struct provider_target *target,
                                  provider_done *done, void *done_cookie) {
    struct wire_call *call = wire_call_new(cookie, verb);
    if (call) {
        call->request.target = (struct provider_target){.region = arena_strdup(call->arena, target->region),
                                                        .id = arena_strdup(call->arena, target->id),
                                                        .owner = arena_strdup(call->arena, target->owner)};
        call->key = (struct object_key){"", call->request.target.region, "", call->request.target.id};
        call->provider_done = done;
        call->done_cookie = done_cookie;
    }
    return call;
}

static const struct provider *cloud_of(struct wire_call *call) {
    return &call->process->world->cloud;
}

static void answered(void *cookie, const struct provider_answer *answer) {
    wire_answer_provider(cookie, answer);
}

static void carry_observe(struct wire_call *call) {
    const struct provider *cloud = cloud_of(call);
    cloud->methods->observe(cloud->cookie, &call->request.target, answered, call);
}

static void carry_poll(struct wire_call *call) {
    const struct provider *cloud = cloud_of(call);
    cloud->methods->poll(cloud->cookie, &call->request.target, call->operation, answered, call);
}

static void carry_kubeconfig(struct wire_call *call) {
    const struct provider *cloud = cloud_of(call);
    cloud->methods->kubeconfig(cloud->cookie, &call->request.target, answered, call);
}

static void started(void *cookie, const struct provider_answer *answer) {
    struct wire_call *call = cookie;
    checker_started(call->process->world, &call->request, answer);
    wire_answer_provider(call, answer);
}

static void carry_start(struct wire_call *call) {
    const struct provider *cloud = cloud_of(call);
    struct world *world = call->process->world;
    broken_request(world, call->arena, &call->request);
    checker_start_arrives(world, &call->request);
    cloud->methods->start(cloud->cookie, &call->request, started, call);
}

static void send(struct wire_call *call, void (*carry)(struct wire_call *call)) {
    if (call) {
        call->carry = carry;
        wire_send(call);
    }
}

static void cloud_observe(void *cookie, const struct provider_target *target, provider_done *done,
                          void *done_cookie) {
    send(new_call(cookie, "observe", target, done, done_cookie), carry_observe);
}

static void cloud_start(void *cookie, const struct provider_request *request, provider_done *done,
                        void *done_cookie) {
    struct wire_call *call =
        new_call(cookie, provider_action_name(request->action), &request->target, done, done_cookie);
    if (!call) {
        return;
    }
    struct provider_target target = call->request.target;
    call->request = *request;
    call->request.target = target;
    call->request.token = arena_strdup(call->arena, request->token);
    call->request.flavour = arena_strdup(call->arena, request->flavour);
    call->request.version = arena_strdup(call->arena, request->version);
    call->request.pool = arena_strdup(call->arena, request->pool);
    checker_start_is_sent(call->process->world, call->process, &call->request);
    send(call, carry_start);
}

static void cloud_poll(void *cookie, const struct provider_target *target, const char *operation,
                       provider_done *done, void *done_cookie) {
    struct wire_call *call = new_call(cookie, "poll", target, done, done_cookie);
    if (call) {
        call->operation = arena_strdup(call->arena, operation);
    }
    send(call, carry_poll);
}

static void cloud_kubeconfig(void *cookie, const struct provider_target *target, provider_done *done,
                             void *done_cookie) {
    send(new_call(cookie, "kubeconfig", target, done, done_cookie), carry_kubeconfig);
}

static void cloud_forget(void *cookie, void *done_cookie) {
    wire_forget(cookie, done_cookie);
}

struct provider wire_cloud(struct process *process) {
    static const struct provider_methods methods = {
        .name = "sim",
        .observe = cloud_observe,
        .start = cloud_start,
        .poll = cloud_poll,
        .kubeconfig = cloud_kubeconfig,
        .forget = cloud_forget,
    };
    return (struct provider){&methods, process};
}
