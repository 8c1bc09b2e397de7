// While everything goes wrong that can go wrong between a watcher and an API server, objects come, change and
// go. When it stops, what the sink holds is what the server holds. FLEETGATE_TORTURE_SEED=n replays one seed,
// FLEETGATE_TORTURE_SEEDS=n tries n of them.
#include "tests/kube/fake_api.h"
#include "tests/kube/fake_client.h"
#include "tests/kube/held_objects.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <time.h>

enum { RESOURCES = 6, SEEDS = 2, ROUNDS = 1500 };

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random >> 3;
}

static void pause_ms(unsigned ms) {
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

static void change_for_a_while(struct fake_api *api, uint64_t *random, unsigned rounds) {
    struct fake_store *store = fake_api_store(api);
    for (unsigned i = 0; i < rounds; i++) {
        fake_store_change(store, RESOURCES, next_random(random));
        if (next_random(random) % 400 == 0) {
            fake_store_compact(store);
        }
        if (next_random(random) % 300 == 0) {
            fake_api_disconnect(api);
        }
        if (next_random(random) % 2) {
            pause_ms((unsigned)(next_random(random) % 8));
        }
    }
}

static void wait_until_healthy(struct kube_watcher *watcher) {
    struct kube_watch_status status = kube_watcher_status(watcher);
    for (unsigned i = 0; i < 3000 && status.stale_ns > 0; i++) {
        pause_ms(10);
        status = kube_watcher_status(watcher);
    }
    assert_int_equal(status.resources, RESOURCES);
    assert_int_equal(status.synced, RESOURCES);
    assert_int_equal(status.connected, RESOURCES);
    assert_string_equal(status.problem, "");
}

static void torture(uint64_t seed, struct kube_watch_status *sum) {
    uint64_t random = seed * 0x9E3779B97F4A7C15u + 1;
    struct fake_api *api = fake_api_new(seed);
    struct fake_store *store = fake_api_store(api);
    struct kube_client *client = fake_client_new(fake_api_url(api));
    struct held_objects held;
    held_objects_init(&held);
    for (unsigned i = 0; i < 200; i++) {
        fake_store_change(store, RESOURCES, next_random(&random));
    }
    struct kube_watcher_options options = {
        .client = client, .page_limit = 10, .quiet_s = 1, .longest_wait_ms = 60, .random_seed = seed + 1};
    struct kube_watcher *watcher = kube_watcher_new(&options);
    held_objects_follow(&held, watcher, RESOURCES);
    struct error error = {0};
    fake_api_set_faults(api, true);
    assert_true(kube_watcher_start(watcher, &error));
    change_for_a_while(api, &random, ROUNDS);
    fake_api_set_faults(api, false);
    bool settled = held_objects_settle(&held, store, RESOURCES);
    if (settled) {
        wait_until_healthy(watcher);
        for (unsigned i = 0; i < 50; i++) {
            fake_store_change(store, RESOURCES, next_random(&random));
        }
        settled = held_objects_settle(&held, store, RESOURCES);
    }
    struct kube_watch_status status = kube_watcher_status(watcher);
    struct fake_api_counts counts = fake_api_counts(api);
    kube_watcher_free(watcher);
    kube_client_free(client);
    fake_api_free(api);
    held_objects_clear(&held);
    fprintf(stderr,
            "seed %llu: %llu events, %llu errors, %llu lists anew; the server saw %u watches, %u pages\n",
            (unsigned long long)seed, (unsigned long long)status.events, (unsigned long long)status.errors,
            (unsigned long long)status.relists, counts.watches, counts.pages);
    if (!settled) {
        fail_msg("FLEETGATE_TORTURE_SEED=%llu: what is held is not what the server holds; \"%s\"",
                 (unsigned long long)seed, status.problem);
    }
    sum->errors += status.errors;
    sum->relists += status.relists;
    sum->events += status.events;
}

static void ends_with_what_the_server_holds(void **state) {
    (void)state;
    const char *one = getenv("FLEETGATE_TORTURE_SEED");
    const char *many = getenv("FLEETGATE_TORTURE_SEEDS");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : SEEDS;
    struct kube_watch_status sum = {0};
    for (uint64_t seed = first; seed < first + count; seed++) {
        torture(seed, &sum);
    }
    assert_true(sum.errors > 10 * count && sum.relists > count &&
                sum.events > 10 * count); // it was a torture
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_with_what_the_server_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
