// For people and for tests/e2e: one replica of a gate that rotates its own certificates on a real API server.
#include "base/log.h"
#include "manager/rotation.h"
#include "tests/webhook/gate_fixture.h"
#include "webhook/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct replica {
    struct gate *gate;
    struct rotation *rotation;
    _Atomic(bool) stop;
};

static bool load(void *data, struct policy_set **ret_set, struct error *error) {
    (void)data, (void)error;
    *ret_set = gate_policies(2);
    return true;
}

static void deliver(void *cookie, const char *certificate, const char *key, int64_t not_before,
                    int64_t not_after) {
    const struct replica *replica = cookie;
    struct error error;
    (void)not_before, (void)not_after;
    if (!gate_swap_certificate(replica->gate, certificate, key, &error)) {
        fprintf(stderr, "%s\n", error.message);
    }
}

static void *rotate(void *data) {
    struct replica *replica = data;
    int64_t next = 0;
    while (!atomic_load(&replica->stop)) {
        if (rotation_clock_now().steady >= next) {
            next = rotation_step(replica->rotation);
            gate_set_authority_expiry(replica->gate, rotation_status(replica->rotation).authority_not_after);
        }
        usleep(100000);
    }
    return NULL;
}

static bool start(struct replica *replica, char **argv, struct error *error) {
    static const char *const addresses[] = {"127.0.0.1"};
    static const char *const names[] = {"fleetgate"};
    static struct kube_client *client; // ends with the process
    struct kube_client_options connection = {.user_agent = "fleetgate/test"};
    if (!kube_config_load(argv[1], NULL, &connection.config, error) ||
        !kube_client_new(&connection, &client, error)) {
        return false;
    }
    const struct rotation_options options = {
        .store = rotation_kube_store(client),
        .namespace = "fleetgate-system",
        .secret = "fleetgate-certs",
        .validating = names,
        .validating_count = 1,
        .mutating = names,
        .mutating_count = 1,
        .settings = {.names = {.addresses = addresses, .address_count = 1},
                     .authority_seconds = strtol(argv[4], NULL, 10),
                     .certificate_seconds = strtol(argv[5], NULL, 10),
                     .grace_seconds = strtol(argv[6], NULL, 10),
                     .retire_seconds = strtol(argv[7], NULL, 10)},
        .poll_seconds = 2,
        .random_seed = (uint64_t)getpid(),
        .deliver = deliver,
        .cookie = replica,
    };
    const struct gate_options gate = {.version = "test",
                                      .load_policies = load,
                                      .listen = argv[2],
                                      .ops_listen = argv[3],
                                      .threads = 2,
                                      .timeout_ns = 1000000000,
                                      .drain_timeout_ns = 5000000000};
    return gate_start(&gate, &replica->gate, error) && rotation_new(&options, &replica->rotation, error);
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr,
                "usage: %s KUBECONFIG LISTEN OPS_LISTEN AUTHORITY_SECONDS CERTIFICATE_SECONDS "
                "GRACE_SECONDS RETIRE_SECONDS\n",
                argv[0]);
        return 2;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct replica replica = {0};
    struct error error;
    pthread_t thread;
    if (!start(&replica, argv, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    if (pthread_create(&thread, NULL, rotate, &replica) != 0) {
        return 2;
    }
    gate_run(replica.gate, &signals);
    atomic_store(&replica.stop, true);
    pthread_join(thread, NULL);
    gate_drain(replica.gate, &signals);
    rotation_free(replica.rotation);
    gate_free(replica.gate);
    return 0;
}
