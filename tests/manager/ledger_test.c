#include "tests/manager/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// Every step is one ask of one replica, or an event that its inventory hears.
enum step_kind { ASK, DRY_RUN, STORED, GONE };

struct step {
    enum step_kind kind;
    int replica; // 0 or 1; events: 2 is both
    struct wish wish;
    enum outcome expected;
};

enum { MOST_STEPS = 12 };

static const struct object_key infra_a = {"cluster.x-k8s.io", "AWSCluster", "prod", "a"};

#define CREATE(object, limit)                                                                                \
    { .name = (object), .cluster = (object), .after = 1, .maximum = (limit), .generation = 1 }
#define POOL(object, old, new, version)                                                                      \
    {                                                                                                        \
        .kind = "MachineDeployment", .name = (object), .cluster = "a", .of = "nodes", .before = (old),       \
        .after = (new), .maximum = 10, .generation = (version)                                               \
    }
// What an event says is stored: after is the object's own count.
#define POOL_AT(object, nodes, version)                                                                      \
    {                                                                                                        \
        .kind = "MachineDeployment", .name = (object), .cluster = "a", .of = "nodes", .after = (nodes),      \
        .generation = (version)                                                                              \
    }

static const struct {
    const char *name;
    struct step steps[MOST_STEPS];
} cases[] = {
    {"the last place is given once",
     {{ASK, 0, CREATE("a", 1), FITS}, {ASK, 0, CREATE("b", 1), REFUSED}, {ASK, 1, CREATE("c", 1), REFUSED}}},
    {"a repeat does not count twice",
     {{ASK, 0, CREATE("a", 2), FITS},
      {ASK, 0, CREATE("a", 2), FITS},
      {ASK, 1, CREATE("a", 2), FITS},
      {ASK, 1, CREATE("b", 2), FITS},
      {ASK, 0, CREATE("c", 2), REFUSED}}},
    {"a dry run spends nothing",
     {{DRY_RUN, 0, CREATE("a", 1), FITS},
      {DRY_RUN, 1, CREATE("b", 1), FITS},
      {ASK, 0, CREATE("c", 1), FITS},
      {DRY_RUN, 0, CREATE("a", 1), REFUSED}}},
    {"what is stored counts once, with its promise still there",
     {{ASK, 0, CREATE("a", 2), FITS},
      {STORED, 2, CREATE("a", 0), FITS},
      {ASK, 1, CREATE("b", 2), FITS},
      {ASK, 0, CREATE("c", 2), REFUSED}}},
    {"what a delete frees is free when the inventory shows it",
     {{ASK, 0, CREATE("a", 1), FITS},
      {STORED, 2, CREATE("a", 0), FITS},
      {ASK, 0, CREATE("b", 1), REFUSED},
      {GONE, 2, CREATE("a", 0), FITS},
      {ASK, 0, CREATE("b", 1), FITS},
      {ASK, 1, CREATE("a", 1), REFUSED}}},
    {"an update that does not grow passes over the limit",
     {{STORED, 2, POOL_AT("md-0", 30, 1), FITS},
      {ASK, 0, POOL("md-0", 30, 30, 2), FITS},
      {ASK, 0, POOL("md-0", 30, 20, 2), FITS},
      {ASK, 0, POOL("md-0", 30, 31, 2), REFUSED}}},
    {"two pools of one cluster add up",
     {{ASK, 0, POOL("md-0", 0, 6, 1), FITS},
      {ASK, 1, POOL("md-1", 0, 5, 1), REFUSED},
      {ASK, 1, POOL("md-1", 0, 4, 1), FITS},
      {STORED, 0, POOL_AT("md-0", 6, 1), FITS},
      {ASK, 0, POOL("md-2", 6, 7, 1), REFUSED}}},
    {"a second change of a pool, by a replica that is behind",
     {{STORED, 2, POOL_AT("md-0", 3, 3), FITS},
      {ASK, 0, POOL("md-0", 3, 5, 4), FITS},
      {STORED, 0, POOL_AT("md-0", 5, 4), FITS},
      {ASK, 0, POOL("md-0", 5, 8, 5), FITS},
      {ASK, 1, POOL("md-1", 3, 6, 1), REFUSED},
      {ASK, 1, POOL("md-1", 3, 5, 1), FITS},
      {ASK, 0, POOL("md-2", 5, 6, 1), REFUSED}}},
    {"a second change of a pool, and no replica has heard of the first",
     {{STORED, 2, POOL_AT("md-0", 3, 3), FITS},
      {ASK, 0, POOL("md-0", 3, 5, 4), FITS},
      {ASK, 1, POOL("md-0", 5, 8, 5), FITS},
      {ASK, 1, POOL("md-0", 5, 8, 5), FITS},
      {ASK, 0, POOL("md-1", 3, 6, 1), REFUSED},
      {ASK, 0, POOL("md-1", 3, 5, 1), FITS}}},
    {"another try of a change counts at its largest",
     {{STORED, 2, POOL_AT("md-0", 3, 3), FITS},
      {ASK, 0, POOL("md-0", 3, 8, 4), FITS},
      {ASK, 0, POOL("md-0", 3, 5, 4), FITS},
      {ASK, 1, POOL("md-1", 3, 6, 1), REFUSED},
      {STORED, 2, POOL_AT("md-0", 5, 4), FITS},
      {ASK, 1, POOL("md-1", 5, 8, 1), FITS}}},
    {"a shrinking that was not heard of yet hides nothing",
     {{STORED, 2, POOL_AT("md-0", 8, 3), FITS},
      {ASK, 0, POOL("md-0", 8, 2, 4), FITS},
      {ASK, 0, POOL("md-0", 2, 4, 5), FITS},
      {STORED, 2, POOL_AT("md-0", 2, 4), FITS},
      {ASK, 0, POOL("md-1", 2, 9, 1), REFUSED},
      {ASK, 0, POOL("md-1", 2, 8, 1), FITS}}},
    {"an annotation raises no generation: the amounts tell when it is stored",
     {{STORED, 2, POOL_AT("md-0", 3, 3), FITS},
      {ASK, 0, POOL("md-0", 3, 8, 3), FITS},
      {ASK, 1, POOL("md-1", 3, 6, 1), REFUSED},
      {STORED, 2, POOL_AT("md-0", 8, 3), FITS},
      {ASK, 1, POOL("md-1", 8, 10, 1), FITS},
      {ASK, 0, POOL("md-2", 8, 9, 1), REFUSED}}},
    {"a pool is made and soon annotated: what is stored counts once",
     {{ASK, 0, POOL("md-0", 0, 3, 1), FITS},
      {STORED, 2, POOL_AT("md-0", 3, 1), FITS},
      {ASK, 0, POOL("md-0", 3, 5, 0), FITS},
      {ASK, 1, POOL("md-1", 3, 9, 1), REFUSED},
      {STORED, 2, POOL_AT("md-0", 5, 1), FITS},
      {ASK, 1, POOL("md-1", 5, 10, 1), FITS},
      {ASK, 0, POOL("md-2", 5, 6, 1), REFUSED}}},
    {"an annotation, and another pool is stored before it",
     {{STORED, 2, POOL_AT("md-0", 3, 1), FITS},
      {ASK, 0, POOL("md-0", 3, 5, 0), FITS},
      {ASK, 0, POOL("md-1", 3, 5, 1), FITS},
      {STORED, 2, POOL_AT("md-1", 2, 1), FITS},
      {ASK, 0, POOL("md-2", 5, 9, 1), REFUSED},
      {ASK, 0, POOL("md-2", 5, 8, 1), FITS},
      {STORED, 2, POOL_AT("md-0", 5, 1), FITS},
      {ASK, 0, POOL("md-3", 10, 11, 1), REFUSED}}},
    {"a cluster's infrastructure took its place before",
     {{ASK, 0, {.kind = "AWSCluster", .name = "a", .after = 1, .maximum = 1, .generation = 1}, FITS},
      {ASK,
       1,
       {.name = "a", .cluster = "a", .after = 1, .maximum = 1, .generation = 1, .part = &infra_a},
       FITS},
      {ASK, 0, CREATE("b", 1), REFUSED},
      {STORED, 2, {.kind = "AWSCluster", .name = "a", .after = 1, .generation = 1}, FITS},
      {ASK,
       1,
       {.name = "a", .cluster = "a", .after = 1, .maximum = 1, .generation = 1, .part = &infra_a},
       FITS},
      {ASK, 1, CREATE("b", 1), REFUSED}}},
    {"a cluster's infrastructure comes behind it",
     {{ASK,
       0,
       {.name = "a", .cluster = "a", .after = 1, .maximum = 1, .generation = 1, .part = &infra_a},
       FITS},
      {ASK, 1, {.kind = "AWSCluster", .name = "a", .after = 1, .maximum = 1, .generation = 1}, FITS},
      {ASK, 0, CREATE("b", 1), REFUSED}}},
    {"a cluster that is deleted and made again at once",
     {{STORED, 2, {.name = "a", .cluster = "a", .uid = "old", .after = 1, .generation = 1}, FITS},
      {ASK, 0, {.name = "a", .cluster = "a", .uid = "new", .after = 1, .maximum = 1, .generation = 1}, FITS},
      {ASK, 1, CREATE("b", 1), REFUSED}}},
    {"created twice, deleted in between, and only the first was heard of",
     {{ASK, 0, {.name = "a", .cluster = "a", .uid = "one", .after = 1, .maximum = 1, .generation = 1}, FITS},
      {ASK, 1, {.name = "a", .cluster = "a", .uid = "two", .after = 1, .maximum = 1, .generation = 1}, FITS},
      {STORED, 2, {.name = "a", .cluster = "a", .uid = "one", .after = 1, .generation = 1}, FITS},
      {ASK, 0, CREATE("b", 1), REFUSED},
      {ASK, 1, CREATE("b", 2), FITS},
      {GONE, 2, {.name = "a", .cluster = "a", .uid = "one"}, FITS},
      {ASK, 0, CREATE("c", 2), REFUSED},
      {STORED, 2, {.name = "a", .cluster = "a", .uid = "two", .after = 1, .generation = 1}, FITS},
      {ASK, 0, CREATE("c", 2), REFUSED},
      {ASK, 0, CREATE("c", 3), FITS}}},
};

static void hear(struct replica *replica, const struct step *step) {
    const struct wish *wish = &step->wish;
    struct fake_object object = {.generation = wish->generation, .replicas = wish->replicas};
    snprintf(object.name, sizeof(object.name), "%s", wish->name);
    snprintf(object.kind, sizeof(object.kind), "%s", wish->kind ? wish->kind : "Cluster");
    snprintf(object.account, sizeof(object.account), "%s", wish->cluster ? wish->cluster : "");
    snprintf(object.region, sizeof(object.region), "eu-west-1");
    snprintf(object.uid, sizeof(object.uid), "%s", wish->uid ? wish->uid : wish->name);
    *(wish->of ? &object.nodes : &object.clusters) = wish->after;
    if (step->kind == STORED) {
        fake_put(replica->inventory, &object);
    } else {
        struct object_key key = {"cluster.x-k8s.io", object.kind, "prod", object.name};
        inventory_remove(replica->inventory, &key, "");
    }
}

// With one replica every step goes to it.
static void run_case(size_t index, int replica_count) {
    struct memory_server server;
    memory_server_init(&server);
    struct replica replicas[2] = {0};
    for (int i = 0; i < replica_count; i++) {
        replica_start(&replicas[i], replica_count > 1 ? &server : NULL, (unsigned)i);
    }
    for (size_t i = 0; i < MOST_STEPS && cases[index].steps[i].wish.name; i++) {
        const struct step *step = &cases[index].steps[i];
        if (step->kind == STORED || step->kind == GONE) {
            for (int j = 0; j < replica_count; j++) {
                if (step->replica == 2 || step->replica == j) {
                    hear(&replicas[j], step);
                }
            }
            continue;
        }
        struct wish wish = step->wish;
        wish.dry_run = step->kind == DRY_RUN;
        enum outcome outcome = replica_ask(&replicas[step->replica % replica_count], &wish);
        // A dry run counts what is known here: what others promised may come a moment later.
        if (outcome != step->expected) {
            fail_msg("%s, %d replicas, step %zu (%s): want %d, got %d", cases[index].name, replica_count, i,
                     wish.name, step->expected, outcome);
        }
    }
    for (int i = 0; i < replica_count; i++) {
        replica_stop(&replicas[i]);
    }
    memory_server_clear(&server);
}

static void test_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        printf("  %s\n", cases[i].name);
        run_case(i, 1);
        run_case(i, 2);
    }
}

static void wait_for(bool (*is_so)(void *), void *cookie, const char *what) {
    for (int i = 0; i < 3000; i++) {
        if (is_so(cookie)) {
            return;
        }
        usleep(10000);
    }
    fail_msg("waited 30 s for: %s", what);
}

static bool nothing_promised(void *cookie) {
    return ledger_stats(((struct replica *)cookie)->ledger).unshown == 0;
}

static void test_given_back(void **state) {
    (void)state;
    struct replica replica = {.options.life_ms = 300};
    replica_start(&replica, NULL, 1);
    struct wish first = CREATE("a", 1), second = CREATE("b", 1);
    assert_int_equal(replica_ask(&replica, &first), FITS);
    assert_int_equal(replica_ask(&replica, &second), REFUSED);
    wait_for(nothing_promised, &replica, "the promise's end");
    assert_int_equal(replica_ask(&replica, &second), FITS);
    assert_int_equal(ledger_stats(replica.ledger).given_back, 1);
    replica_stop(&replica);
}

// The watch never told, but the object is there: it is found before the promise ends.
static bool look_and_find(void *cookie, const struct object_key *object, bool *ret_exists) {
    struct replica *replica = cookie;
    struct fake_object found = {.generation = 1, .clusters = 1};
    snprintf(found.name, sizeof(found.name), "%s", object->name);
    snprintf(found.account, sizeof(found.account), "%s", object->name);
    snprintf(found.uid, sizeof(found.uid), "%s", object->name);
    snprintf(found.kind, sizeof(found.kind), "Cluster");
    snprintf(found.region, sizeof(found.region), "eu-west-1");
    fake_put(replica->inventory, &found);
    *ret_exists = true;
    return true;
}

static void test_looked_at(void **state) {
    (void)state;
    struct replica replica = {.options = {.life_ms = 300, .look = look_and_find, .cookie = &replica}};
    replica_start(&replica, NULL, 1);
    struct wish first = CREATE("a", 1), second = CREATE("b", 1);
    assert_int_equal(replica_ask(&replica, &first), FITS);
    wait_for(nothing_promised, &replica, "the promise's end");
    assert_int_equal(replica_ask(&replica, &second), REFUSED);
    assert_int_equal(ledger_stats(replica.ledger).given_back, 0);
    // A create of what is there takes nothing, and the server will refuse it.
    first.uid = "another";
    assert_int_equal(replica_ask(&replica, &first), FITS);
    assert_int_equal(ledger_stats(replica.ledger).unshown, 0);
    replica_stop(&replica);
}

static bool look_and_miss(void *cookie, const struct object_key *object, bool *ret_exists) {
    const bool *answers = cookie;
    (void)object;
    *ret_exists = false;
    return *answers;
}

// What the inventory holds still was deleted, and is made again: the place is held until the new one shows.
static void test_made_again(void **state) {
    (void)state;
    bool answers = false;
    struct replica replica = {.options = {.look = look_and_miss, .cookie = &answers}};
    replica_start(&replica, NULL, 1);
    struct step old = {
        STORED, 2, {.name = "a", .cluster = "a", .uid = "old", .after = 1, .generation = 1}, FITS};
    struct wish again = CREATE("a", 1), other = CREATE("b", 1);
    again.uid = "new";
    hear(&replica, &old);
    assert_int_equal(replica_ask(&replica, &again), FAILED); // nobody can tell
    answers = true;
    assert_int_equal(replica_ask(&replica, &again), FITS);
    assert_int_equal(replica_ask(&replica, &other), REFUSED);
    old.kind = GONE;
    hear(&replica, &old);
    assert_int_equal(replica_ask(&replica, &other), REFUSED);
    struct step new = {
        STORED, 2, {.name = "a", .cluster = "a", .uid = "new", .after = 1, .generation = 1}, FITS};
    hear(&replica, &new);
    assert_int_equal(replica_ask(&replica, &other), REFUSED);
    assert_int_equal(ledger_stats(replica.ledger).unshown, 0);
    new.kind = GONE;
    hear(&replica, &new);
    assert_int_equal(replica_ask(&replica, &other), FITS);
    replica_stop(&replica);
}

static void test_killed_replica(void **state) {
    (void)state;
    struct memory_server server;
    memory_server_init(&server);
    struct replica first = {0}, second = {0};
    struct wish a = CREATE("a", 1), b = CREATE("b", 1);
    replica_start(&first, &server, 1);
    assert_int_equal(replica_ask(&first, &a), FITS);
    replica_stop(&first);
    replica_start(&second, &server, 2);
    assert_int_equal(replica_ask(&second, &b), REFUSED);
    assert_int_equal(replica_ask(&second, &a), FITS);
    replica_stop(&second);
    memory_server_clear(&server);
}

static void test_deadline(void **state) {
    (void)state;
    struct memory_server server;
    memory_server_init(&server);
    struct replica replica = {0};
    replica_start(&replica, &server, 1);
    struct wish a = CREATE("a", 1), b = CREATE("b", 1);
    assert_int_equal(replica_ask(&replica, &(struct wish)CREATE("z", 9)), FITS);
    replica.way.stuck = true;
    a.maximum = b.maximum = 2;
    a.patience_ms = 100;
    assert_int_equal(replica_ask(&replica, &a), FAILED);
    // What only counts, and what does not fit anyway, waits for nobody.
    b.dry_run = true;
    b.patience_ms = 20000;
    assert_int_equal(replica_ask(&replica, &b), FITS);
    b.dry_run = false;
    b.maximum = 1;
    assert_int_equal(replica_ask(&replica, &b), REFUSED);
    replica.way.stuck = false;
    b.maximum = 2;
    assert_int_equal(replica_ask(&replica, &b), FITS);
    replica_stop(&replica);
    memory_server_clear(&server);
}

// Every write arrives and no answer comes back, half of the time.
static void test_unclear_writes(void **state) {
    (void)state;
    struct memory_server server;
    memory_server_init(&server);
    struct replica replica = {.way.blind_percent = 50};
    replica_start(&replica, &server, 7);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "c-%d", i);
        struct wish wish = CREATE(name, 20);
        assert_int_equal(replica_ask(&replica, &wish), i < 20 ? FITS : REFUSED);
    }
    assert_int_equal(ledger_stats(replica.ledger).unshown, 20);
    assert_true(ledger_stats(replica.ledger).store_errors > 0);
    replica_stop(&replica);
    memory_server_clear(&server);
}

static void test_document_of_others(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        enum outcome expected;
    } documents[] = {
        {"nothing", "{\"promises\":[]}", FITS},
        {"members of a newer replica", "{\"promises\":[],\"shards\":4}", FITS},
        {"no JSON", "{", FAILED},
        {"no list", "{\"promises\":{}}", FAILED},
        {"a promise without an id", "{\"promises\":[{}]}", FAILED},
    };
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        printf("  %s\n", documents[i].name);
        struct memory_server server;
        memory_server_init(&server);
        struct memory_store writer = {0};
        memory_store_init(&writer, &server, 1);
        char version[SHARED_VERSION_BYTES];
        struct error error;
        assert_true(
            writer.store.methods->write(&writer, LEDGER_DOCUMENT, documents[i].text, "", 0, version, &error));
        struct replica replica = {0};
        replica_start(&replica, &server, 1);
        assert_int_equal(replica_ask(&replica, &(struct wish)CREATE("a", 1)), documents[i].expected);
        replica_stop(&replica);
        memory_server_clear(&server);
    }
}

// Values that nobody else may hold, and a field that is summed, asked together: all or nothing.
static void test_unique_and_fields(void **state) {
    (void)state;
    static const struct {
        const char *name, *object, *cidr;
        int64_t gigabytes;
        bool counts_only, fits;
    } asks[] = {
        {"the first", "a", "10.0.0.0/16", 60, false, true},
        {"again", "a", "10.0.0.0/16", 60, false, true},
        {"an overlapping network", "b", "10.0.128.0/17", 10, false, false},
        {"a network that is stored", "b", "10.9.0.0/16", 10, false, false},
        {"too much of the field", "b", "10.1.0.0/16", 41, false, false},
        {"what was refused is not held", "c", "10.1.0.0/16", 20, false, true},
        {"what only counts is let pass", "d", "10.1.0.0/16", 90, true, true},
        {"and counts", "e", "10.2.0.0/16", 1, false, false},
    };
    struct replica replica = {0};
    replica_start(&replica, NULL, 1);
    struct fake_object old = {.name = "old", .account = "old", .kind = "Cluster", .pod_cidr = "10.9.0.0/16"};
    fake_put(replica.inventory, &old);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", asks[i].object};
        struct budget_demand demands[] = {
            {.kind = BUDGET_UNIQUE, .name = "pod_cidrs", .per = "fleet", .group = "", .value = asks[i].cidr},
            {.kind = BUDGET_FIELD, .name = "spec.gigabytes", .per = "fleet", .group = "", .maximum = 100},
        };
        demands[0].after = 1;
        demands[1].after = asks[i].gigabytes;
        demands[0].counts_only = demands[1].counts_only = asks[i].counts_only;
        struct budget_request request = {.object = key,
                                         .account = key,
                                         .uid = asks[i].object,
                                         .generation = 1,
                                         .replicas = -1,
                                         .promise = true,
                                         .demands = demands,
                                         .demand_count = 2};
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct budget_answer answers[2];
        struct error error;
        const struct budget_keeper *keeper = ledger_keeper(replica.ledger);
        assert_true(keeper->methods->ask(keeper->cookie, &request, arena, answers, &error));
        bool fits = asks[i].counts_only || (answers[0].fits && answers[1].fits);
        if (fits != asks[i].fits) {
            fail_msg("%s: the network %s, the field %s", asks[i].name,
                     answers[0].fits ? "fits" : answers[0].holder, answers[1].fits ? "fits" : "does not");
        }
    }
    replica_stop(&replica);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_given_back),
        cmocka_unit_test(test_looked_at),
        cmocka_unit_test(test_made_again),
        cmocka_unit_test(test_killed_replica),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_unclear_writes),
        cmocka_unit_test(test_document_of_others),
        cmocka_unit_test(test_unique_and_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
