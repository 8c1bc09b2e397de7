// The ledger over a real API server. Skipped unless LEDGER_KUBECONFIG names one where ConfigMaps may be made
// in LEDGER_NAMESPACE (default).
#include "manager/shared_store_kube.h"
#include "tests/manager/replica.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { REPLICAS = 3, CREATORS = 60, THREADS = 6, PLACES = 7 };

struct site {
    struct kube_client *client;
    struct shared_store_kube *store;
    struct replica replicas[REPLICAS];
    _Atomic int admitted, failed;
};

struct creator {
    struct site *site;
    int first;
};

static void *create(void *cookie) {
    struct creator *creator = cookie;
    for (int i = creator->first; i < CREATORS; i += THREADS) {
        char name[32];
        snprintf(name, sizeof(name), "new-%d", i);
        struct wish wish = {.name = name,
                            .cluster = name,
                            .after = 1,
                            .maximum = PLACES,
                            .generation = 1,
                            .patience_ms = 20000};
        enum outcome outcome = replica_ask(&creator->site->replicas[i % REPLICAS], &wish);
        creator->site->admitted += outcome == FITS;
        creator->site->failed += outcome == FAILED;
    }
    return NULL;
}

static void start_all(struct site *site, const char *kubeconfig) {
    const char *namespace = getenv("LEDGER_NAMESPACE");
    struct kube_client_options options = {.user_agent = "ledger_kube_test"};
    struct error error = {0};
    assert_true(kube_config_load(kubeconfig, NULL, &options.config, &error));
    assert_true(kube_client_new(&options, &site->client, &error));
    site->store = shared_store_kube_new(site->client, namespace ? namespace : "default");
    for (int i = 0; i < REPLICAS; i++) {
        struct replica *replica = &site->replicas[i];
        replica->inventory = inventory_new();
        replica->options.inventory = replica->inventory;
        replica->options.store = shared_store_kube(site->store);
        replica->options.replica = "fleetgate-0";
        assert_true(ledger_new(&replica->options, &replica->ledger, &error));
    }
}

static void test_real_server(void **state) {
    (void)state;
    const char *kubeconfig = getenv("LEDGER_KUBECONFIG");
    if (!kubeconfig) {
        fail_msg("LEDGER_KUBECONFIG names no kubeconfig of an API server");
    }
    static struct site site;
    start_all(&site, kubeconfig);
    pthread_t threads[THREADS];
    struct creator creators[THREADS];
    for (int i = 0; i < THREADS; i++) {
        creators[i] = (struct creator){&site, i};
        pthread_create(&threads[i], NULL, create, &creators[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(site.failed, 0);
    assert_int_equal(site.admitted, PLACES);
    // Two deletes, and the third trips it, whoever is asked.
    char reference[16];
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof(name), "new-%d", i);
        struct delete_wish wish = {.name = name, .uid = name, .identity = "x", .maximum = 2};
        assert_int_equal(replica_delete(&site.replicas[i], &wish, reference), i < 2 ? FITS : REFUSED);
    }
    printf("reference %s\n", reference);
    for (int i = 0; i < REPLICAS; i++) {
        struct ledger_stats stats = ledger_stats(site.replicas[i].ledger);
        printf("replica %d: %llu writes, %llu conflicts, %llu errors\n", i, (unsigned long long)stats.writes,
               (unsigned long long)stats.conflicts, (unsigned long long)stats.store_errors);
        replica_stop(&site.replicas[i]);
    }
    shared_store_kube_free(site.store);
    kube_client_free(site.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
