#include "tests/manager/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void replica_start(struct replica *replica, struct memory_server *server, unsigned seed) {
    replica->inventory = inventory_new();
    memory_store_init(&replica->way, server, seed);
    replica->options.inventory = replica->inventory;
    replica->options.store = server ? &replica->way.store : NULL;
    replica->options.replica = replica->options.replica ? replica->options.replica : "fleetgate-0";
    struct error error;
    if (!ledger_new(&replica->options, &replica->ledger, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
}

void replica_stop(struct replica *replica) {
    ledger_free(replica->ledger);
    inventory_free(replica->inventory);
    replica->ledger = NULL;
}

static uint64_t deadline(uint64_t patience_ms) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return patience_ms ? (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + patience_ms * 1000000
                       : 0;
}

static struct object_key key(const char *kind, const char *name) {
    return (struct object_key){"cluster.x-k8s.io", kind, "prod", name};
}

static enum outcome ask(struct replica *replica, const struct budget_request *request, struct arena *arena,
                        struct budget_answer *answer) {
    struct error error = {0};
    const struct budget_keeper *keeper = ledger_keeper(replica->ledger);
    if (!keeper->methods->ask(keeper->cookie, request, arena, answer, &error)) {
        return FAILED;
    }
    return answer->fits ? FITS : REFUSED;
}

enum outcome replica_ask(struct replica *replica, const struct wish *wish) {
    struct budget_demand demand = {.kind = BUDGET_AMOUNT,
                                   .name = wish->of ? wish->of : "clusters",
                                   .per = "region",
                                   .group = "eu-west-1",
                                   .before = wish->before,
                                   .after = wish->after,
                                   .maximum = wish->maximum};
    const char *kind = wish->kind ? wish->kind : "Cluster";
    struct budget_request request = {.object = key(kind, wish->name),
                                     .uid = wish->uid ? wish->uid : wish->name,
                                     .generation = wish->generation,
                                     .replicas = wish->replicas ? wish->replicas : -1,
                                     .promise = !wish->dry_run,
                                     .parts = wish->part,
                                     .part_count = wish->part ? 1 : 0,
                                     .deadline_ns = deadline(wish->patience_ms),
                                     .demands = &demand,
                                     .demand_count = 1};
    request.account = wish->cluster ? key("Cluster", wish->cluster) : request.object;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct budget_answer answer;
    return ask(replica, &request, arena, &answer);
}

enum outcome replica_delete(struct replica *replica, const struct delete_wish *wish, char *ret_reference) {
    struct budget_demand demand = {.kind = BUDGET_DELETES,
                                   .name = "deletes",
                                   .per = "identity",
                                   .group = wish->identity,
                                   .after = 1,
                                   .maximum = wish->maximum,
                                   .percent = wish->percent,
                                   .counts_only = wish->counts_only,
                                   .window_s = 600};
    struct budget_request request = {.object = key("Cluster", wish->name),
                                     .account = key("Cluster", wish->name),
                                     .uid = wish->uid,
                                     .replicas = -1,
                                     .removes = true,
                                     .promise = !wish->dry_run,
                                     .demands = &demand,
                                     .demand_count = 1};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct budget_answer answer = {0};
    enum outcome outcome = ask(replica, &request, arena, &answer);
    if (ret_reference) {
        snprintf(ret_reference, 16, "%s", answer.reference ? answer.reference : "");
    }
    return outcome;
}
