// Clusters that come and go faster than replicas hear of it: a region of three places never holds four.
#include "base/json_reader.h"
#include "manager/ledger.h"
#include "tests/manager/memory_store.h"
#include "tests/support/expect.h"
#include "tests/support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 6, PLACES = 3, MOST_EVENTS = 512, MOST_REPLICAS = 2, MOST_ON_THE_WAY = 8, STEPS = 60 };

struct event {
    int name;
    int64_t uid, version;
    bool removes;
};

// A create that was admitted, and that the API server has not stored yet.
struct create {
    int name;
    int64_t uid;
};

struct replica {
    struct fleet *fleet;
    struct inventory *inventory;
    struct memory_store way;
    struct ledger *ledger;
    size_t heard;
};

// What the API server stores, and what it has told so far.
struct fleet {
    struct random random;
    int64_t stored[NAMES], versions[NAMES]; // uids; 0: not there
    int64_t next_uid, next_version;
    struct event events[MOST_EVENTS];
    size_t event_count;
    struct create on_the_way[MOST_ON_THE_WAY];
    size_t on_the_way_count;
    struct memory_server server;
    struct replica replicas[MOST_REPLICAS];
    size_t replica_count;
    uint64_t admitted, refused;
};

static struct object_key key_of(int name) {
    static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f"};
    return (struct object_key){"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", names[name]};
}

static struct document *document_of(int name, int64_t uid, int64_t version) {
    char text[512];
    int length =
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"infrastructure.cluster.x-k8s.io/v1beta2\",\"kind\":\"AWSCluster\","
                 "\"metadata\":{\"namespace\":\"prod\",\"name\":\"%s\",\"uid\":\"u%lld\",\"generation\":1,"
                 "\"resourceVersion\":\"%lld\"},\"spec\":{\"region\":\"eu-west-1\"}}",
                 key_of(name).name, (long long)uid, (long long)version);
    struct document *document = NULL;
    struct error error;
    assert_true(json_read_copy(text, (size_t)length, &document_default_limits, &document, &error));
    return document;
}

// ---- what a replica hears ----

static void hear(struct replica *replica, const struct event *event) {
    struct object_key key = key_of(event->name);
    char uid[24];
    snprintf(uid, sizeof(uid), "u%lld", (long long)event->uid);
    if (event->removes) {
        inventory_remove(replica->inventory, &key, uid);
        return;
    }
    CLEANUP(document_free) struct document *document = document_of(event->name, event->uid, event->version);
    inventory_put(replica->inventory, &key, document_root(document));
}

static void hear_some(struct replica *replica, size_t most) {
    const struct fleet *fleet = replica->fleet;
    for (size_t i = 0; i < most && replica->heard < fleet->event_count; i++) {
        hear(replica, &fleet->events[replica->heard++]);
    }
}

static void list(struct replica *replica) {
    const struct fleet *fleet = replica->fleet;
    struct object_key kind = key_of(0);
    inventory_list_begin(replica->inventory, kind.group, kind.kind);
    for (int name = 0; name < NAMES; name++) {
        struct event now = {.name = name, .uid = fleet->stored[name], .version = fleet->versions[name]};
        if (now.uid) {
            hear(replica, &now);
        }
    }
    inventory_list_end(replica->inventory, kind.group, kind.kind);
    replica->heard = fleet->event_count;
}

static bool look(void *cookie, const struct object_key *object, bool *ret_exists) {
    struct replica *replica = cookie;
    const struct fleet *fleet = replica->fleet;
    for (int name = 0; name < NAMES; name++) {
        struct object_key key = key_of(name);
        if (strcmp(key.name, object->name) == 0 && fleet->stored[name]) {
            uint64_t ticket = inventory_ticket(replica->inventory, &key);
            CLEANUP(document_free)
            struct document *document = document_of(name, fleet->stored[name], fleet->versions[name]);
            (void)inventory_put_read(replica->inventory, &key, document_root(document), ticket);
            *ret_exists = true;
            return true;
        }
    }
    *ret_exists = false;
    return true;
}

// ---- what users do ----

static void tell(struct fleet *fleet, int name, int64_t uid, bool removes) {
    assert_true(fleet->event_count < MOST_EVENTS);
    fleet->versions[name] = ++fleet->next_version;
    fleet->events[fleet->event_count++] = (struct event){name, uid, fleet->next_version, removes};
}

static void store(struct fleet *fleet, const struct create *create) {
    if (fleet->stored[create->name] == 0) {
        fleet->stored[create->name] = create->uid;
        tell(fleet, create->name, create->uid, false);
    }
}

static void create(struct fleet *fleet) {
    struct replica *replica = &fleet->replicas[random_below(&fleet->random, (int64_t)fleet->replica_count)];
    struct create wanted = {(int)random_below(&fleet->random, NAMES), ++fleet->next_uid};
    char uid[24];
    snprintf(uid, sizeof(uid), "u%lld", (long long)wanted.uid);
    struct budget_demand demand = {.kind = BUDGET_AMOUNT,
                                   .name = "clusters",
                                   .per = "region",
                                   .group = "eu-west-1",
                                   .after = 1,
                                   .maximum = PLACES};
    const struct budget_request request = {.object = key_of(wanted.name),
                                           .account = key_of(wanted.name),
                                           .uid = uid,
                                           .generation = 1,
                                           .replicas = -1,
                                           .promise = true,
                                           .demands = &demand,
                                           .demand_count = 1};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct budget_answer answer = {0};
    struct error error = {0};
    const struct budget_keeper *keeper = ledger_keeper(replica->ledger);
    assert_true(keeper->methods->ask(keeper->cookie, &request, arena, &answer, &error));
    fleet->admitted += answer.fits;
    fleet->refused += !answer.fits;
    if (answer.fits && fleet->on_the_way_count < MOST_ON_THE_WAY) {
        fleet->on_the_way[fleet->on_the_way_count++] = wanted;
    }
}

// The oldest arrives, or the API server ended before it did.
static void arrive(struct fleet *fleet) {
    if (fleet->on_the_way_count == 0) {
        return;
    }
    struct create first = fleet->on_the_way[0];
    fleet->on_the_way_count--;
    memmove(&fleet->on_the_way[0], &fleet->on_the_way[1], fleet->on_the_way_count * sizeof(first));
    if (!random_chance(&fleet->random, 0.2)) {
        store(fleet, &first);
    }
}

static void remove_one(struct fleet *fleet) {
    int name = (int)random_below(&fleet->random, NAMES);
    if (fleet->stored[name]) {
        int64_t uid = fleet->stored[name];
        fleet->stored[name] = 0;
        tell(fleet, name, uid, true);
    }
}

static void step(struct fleet *fleet) {
    struct replica *replica = &fleet->replicas[random_below(&fleet->random, (int64_t)fleet->replica_count)];
    int64_t pick = random_below(&fleet->random, 100);
    if (pick < 35) {
        create(fleet);
    } else if (pick < 60) {
        arrive(fleet);
    } else if (pick < 75) {
        remove_one(fleet);
    } else if (pick < 97) {
        hear_some(replica, (size_t)random_below(&fleet->random, 3));
    } else {
        list(replica);
    }
}

static void begin(struct fleet *fleet, uint64_t seed, size_t replica_count) {
    *fleet =
        (struct fleet){.random.state = seed * UINT64_C(0x9e3779b97f4a7c15), .replica_count = replica_count};
    memory_server_init(&fleet->server);
    for (size_t i = 0; i < replica_count; i++) {
        struct replica *replica = &fleet->replicas[i];
        replica->fleet = fleet;
        replica->inventory = inventory_new();
        inventory_complete(replica->inventory, true);
        memory_store_init(&replica->way, &fleet->server, (unsigned)(seed + i));
        const struct ledger_options options = {.inventory = replica->inventory,
                                               .store = replica_count > 1 ? &replica->way.store : NULL,
                                               .replica = "one",
                                               .look = look,
                                               .cookie = replica,
                                               .life_ms = 600000};
        struct error error;
        assert_true(ledger_new(&options, &replica->ledger, &error));
    }
}

static void end(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->replica_count; i++) {
        ledger_free(fleet->replicas[i].ledger);
        inventory_free(fleet->replicas[i].inventory);
    }
    memory_server_clear(&fleet->server);
}

static void churn(size_t replica_count, uint64_t seeds) {
    uint64_t admitted = 0, refused = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct fleet fleet;
        begin(&fleet, seed, replica_count);
        for (int i = 0; i < STEPS; i++) {
            step(&fleet);
            int stored = 0;
            for (int name = 0; name < NAMES; name++) {
                stored += fleet.stored[name] != 0;
            }
            if (stored > PLACES) {
                fail_msg("seed %llu, %zu replicas, step %d: %d stored", (unsigned long long)seed,
                         replica_count, i, stored);
            }
        }
        admitted += fleet.admitted;
        refused += fleet.refused;
        end(&fleet);
    }
    expect_true("it is a limit", admitted > seeds * 3 && refused > seeds, "both happen often");
}

static uint64_t seeds_or(uint64_t usual) {
    const char *text = getenv("LEDGER_CHURN_SEEDS");
    return text ? strtoull(text, NULL, 10) : usual;
}

static void test_one_replica(void **state) {
    (void)state;
    churn(1, seeds_or(2000));
}

static void test_two_replicas(void **state) {
    (void)state;
    churn(2, seeds_or(200));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_replica),
        cmocka_unit_test(test_two_replicas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
