#include "kube/kube_watch.h"

#include "tests/kube/fake_api.h"
#include "tests/kube/fake_client.h"
#include "tests/kube/held_objects.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <time.h>

struct fixture {
    struct fake_api *api;
    struct fake_store *store;
    struct kube_client *client;
    struct kube_watcher *watcher;
    struct held_objects held;
};

static void change(struct fixture *fixture, unsigned resources, unsigned times) {
    for (uint64_t i = 0; i < times; i++) {
        fake_store_change(fixture->store, resources, (i + 7) * 0x9E3779B97F4A7C15u >> 7);
    }
}

static void set_up(struct fixture *fixture, unsigned quiet_s) {
    fixture->api = fake_api_new(1);
    fixture->store = fake_api_store(fixture->api);
    fixture->client = fake_client_new(fake_api_url(fixture->api));
    held_objects_init(&fixture->held);
    struct kube_watcher_options options = {.client = fixture->client,
                                           .page_limit = 5,
                                           .quiet_s = quiet_s,
                                           .longest_wait_ms = 60,
                                           .random_seed = 1};
    fixture->watcher = kube_watcher_new(&options);
}

static void start(struct fixture *fixture) {
    struct error error = {0};
    if (!kube_watcher_start(fixture->watcher, &error)) {
        fail_msg("%s", error.message);
    }
}

static void tear_down(struct fixture *fixture) {
    kube_watcher_free(fixture->watcher);
    kube_client_free(fixture->client);
    fake_api_free(fixture->api);
    held_objects_clear(&fixture->held);
}

// Waits until the status is as the case wants it; the last one for messages.
static struct kube_watch_status wait_for(struct fixture *fixture,
                                         bool (*is_so)(const struct kube_watch_status *), const char *what) {
    struct kube_watch_status status = kube_watcher_status(fixture->watcher);
    for (unsigned i = 0; i < 3000 && !is_so(&status); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        status = kube_watcher_status(fixture->watcher);
    }
    if (!is_so(&status)) {
        fail_msg("not so after 30 s: %s (%u resources, %u synced, %u connected; \"%s\")", what,
                 status.resources, status.synced, status.connected, status.problem);
    }
    return status;
}

static bool all_connected(const struct kube_watch_status *status) {
    return status->connected == status->resources && status->synced == status->resources;
}

static bool has_problem(const struct kube_watch_status *status) {
    return *status->problem != '\0';
}

static bool is_stale(const struct kube_watch_status *status) {
    return status->stale_ns > 300000000;
}

static bool has_errors(const struct kube_watch_status *status) {
    return status->errors >= 2;
}

static bool has_relisted(const struct kube_watch_status *status) {
    return status->relists > 0 && all_connected(status);
}

static void follows_forty_resources_and_lists_a_few_at_once(void **state) {
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 0);
    change(&fixture, FAKE_RESOURCES, 1500);
    held_objects_follow(&fixture.held, fixture.watcher, FAKE_RESOURCES / 2);
    struct kube_watch_status before = kube_watcher_status(fixture.watcher);
    assert_int_equal(before.resources, FAKE_RESOURCES / 2);
    assert_int_equal(before.synced, 0);
    start(&fixture);
    held_objects_follow(&fixture.held, fixture.watcher, FAKE_RESOURCES); // half of them again
    assert_int_equal(kube_watcher_status(fixture.watcher).resources, FAKE_RESOURCES);
    struct kube_watch_status status = wait_for(&fixture, all_connected, "connected");
    assert_true(
        held_objects_equal(&fixture.held, fixture.store, FAKE_RESOURCES)); // synced means that it is there
    assert_int_equal(status.stale_ns, 0);
    assert_int_equal(status.errors, 0);
    assert_int_equal(status.events, 0);
    change(&fixture, FAKE_RESOURCES, 300);
    assert_true(held_objects_settle(&fixture.held, fixture.store, FAKE_RESOURCES));
    struct fake_api_counts counts = fake_api_counts(fixture.api);
    assert_int_equal(counts.lists, FAKE_RESOURCES);
    assert_true(counts.pages > FAKE_RESOURCES * 2);
    assert_in_range(counts.most_lists_at_once, 1, 3);
    assert_int_equal(kube_watcher_status(fixture.watcher).relists, 0);
    tear_down(&fixture);
}

static void goes_on_after_the_server_was_away(void **state) {
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 0);
    change(&fixture, 2, 100);
    held_objects_follow(&fixture.held, fixture.watcher, 2);
    start(&fixture);
    wait_for(&fixture, all_connected, "connected");
    fake_api_answer(fixture.api, 0, 503);
    fake_api_answer(fixture.api, 1, 503);
    fake_api_disconnect(fixture.api);
    struct kube_watch_status status = wait_for(&fixture, is_stale, "stale");
    assert_int_equal(status.connected, 0);
    assert_int_equal(status.synced, 2);
    expect_contains("away", status.problem, ".t.example: ");
    change(&fixture, 2, 100);
    fake_api_answer(fixture.api, 0, 0);
    fake_api_answer(fixture.api, 1, 0);
    assert_true(held_objects_settle(&fixture.held, fixture.store, 2));
    status = wait_for(&fixture, all_connected, "connected again");
    assert_int_equal(status.stale_ns, 0);
    assert_string_equal(status.problem, "");
    tear_down(&fixture);
}

static void notices_silence(void **state) {
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 1);
    change(&fixture, 1, 50);
    held_objects_follow(&fixture.held, fixture.watcher, 1);
    start(&fixture);
    wait_for(&fixture, all_connected, "connected");
    fake_api_set_silent(fixture.api, true);
    change(&fixture, 1, 50);
    wait_for(&fixture, has_errors, "two silent streams");
    fake_api_set_silent(fixture.api, false);
    assert_true(held_objects_settle(&fixture.held, fixture.store, 1));
    tear_down(&fixture);
}

static void tells_what_is_refused_and_keeps_what_it_has(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned status;
        const char *problem;
    } cases[] = {
        {"not served any more", 404, "things0.t.example: 404"},
        {"not allowed", 403, "things0.t.example: 403"},
        {"not logged in", 401, "things0.t.example: 401"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;
        set_up(&fixture, 0);
        change(&fixture, 2, 100);
        held_objects_follow(&fixture.held, fixture.watcher, 2);
        start(&fixture);
        wait_for(&fixture, all_connected, cases[i].name);
        unsigned held = held_objects_count(&fixture.held, 0);
        fake_api_answer(fixture.api, 0, cases[i].status);
        fake_api_disconnect(fixture.api);
        struct kube_watch_status status = wait_for(&fixture, has_problem, cases[i].name);
        for (unsigned j = 0; j < 2000 && !strstr(status.problem, cases[i].problem); j++) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
            status = kube_watcher_status(fixture.watcher);
        }
        expect_contains(cases[i].name, status.problem, cases[i].problem);
        expect_integer(cases[i].name, held_objects_count(&fixture.held, 0), held);
        fake_api_answer(fixture.api, 0, 0);
        change(&fixture, 2, 20);
        expect_true(cases[i].name, held_objects_settle(&fixture.held, fixture.store, 2), "equal");
        tear_down(&fixture);
    }
}

static void lists_again_on_demand(void **state) {
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 0);
    change(&fixture, 2, 100);
    held_objects_follow(&fixture.held, fixture.watcher, 2);
    start(&fixture);
    wait_for(&fixture, all_connected, "connected");
    kube_watcher_relist(fixture.watcher, "t.example", "things1");
    kube_watcher_relist(fixture.watcher, "t.example", "unknown");
    struct kube_watch_status status = wait_for(&fixture, has_relisted, "listed again");
    assert_int_equal(status.relists, 1);
    assert_int_equal(status.errors, 0);
    assert_int_equal(fixture.held.lists[0], 1);
    assert_int_equal(fixture.held.lists[1], 2);
    tear_down(&fixture);
}

static void drops_and_forgets(void **state) {
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 0);
    change(&fixture, 3, 150);
    held_objects_follow(&fixture.held, fixture.watcher, 3);
    start(&fixture);
    wait_for(&fixture, all_connected, "connected");
    unsigned kept = held_objects_count(&fixture.held, 1);
    assert_true(kept > 0 && held_objects_count(&fixture.held, 0) > 0);
    kube_watcher_drop(fixture.watcher, "t.example", "things0", true);
    kube_watcher_drop(fixture.watcher, "t.example", "things1", false);
    kube_watcher_drop(fixture.watcher, "t.example", "unknown", true);
    assert_int_equal(kube_watcher_status(fixture.watcher).resources, 1);
    for (unsigned i = 0; i < 3000 && held_objects_count(&fixture.held, 0) > 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(held_objects_count(&fixture.held, 0), 0);
    assert_int_equal(held_objects_count(&fixture.held, 1), kept);
    held_objects_follow(&fixture.held, fixture.watcher, 3); // and back again
    change(&fixture, 3, 50);
    assert_true(held_objects_settle(&fixture.held, fixture.store, 3));
    assert_int_equal(wait_for(&fixture, all_connected, "connected").resources, 3);
    tear_down(&fixture);
}

static void can_be_freed_at_any_time(void **state) {
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct fixture fixture;
        set_up(&fixture, 0);
        change(&fixture, 6, 200);
        held_objects_follow(&fixture.held, fixture.watcher, 6);
        if (i > 0) {
            start(&fixture);
            nanosleep(&(struct timespec){.tv_nsec = (long)i * 2000000}, NULL);
        }
        tear_down(&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_forty_resources_and_lists_a_few_at_once),
        cmocka_unit_test(goes_on_after_the_server_was_away),
        cmocka_unit_test(notices_silence),
        cmocka_unit_test(tells_what_is_refused_and_keeps_what_it_has),
        cmocka_unit_test(lists_again_on_demand),
        cmocka_unit_test(drops_and_forgets),
        cmocka_unit_test(can_be_freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
