// Many who create at once, through replicas whose inventories lag, whose store fails and which are killed.
#include "tests/manager/replica.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_REPLICAS = 3, CREATORS = 200, THREADS = 10, MOST_EVENTS = 1024, LIFE_MS = 1500 };

// What the API server stores, and how far each replica has heard of it.
struct fleet {
    pthread_mutex_t lock;
    struct fake_object events[MOST_EVENTS];
    size_t event_count;
    size_t heard[MOST_REPLICAS];
    struct memory_server server;
    struct replica replicas[MOST_REPLICAS];
    pthread_rwlock_t in_use[MOST_REPLICAS]; // a replica is started again when nobody asks it
    size_t replica_count;
    _Atomic bool done;
    unsigned seed;
};

struct scene {
    const char *name;
    size_t replicas, stored;
    int64_t maximum;
    unsigned delay_us, fail_percent, blind_percent;
    bool kills, loses; // loses: some of what is admitted is refused by somebody else
};

struct creator {
    struct fleet *fleet;
    const struct scene *scene;
    unsigned index, random;
};

// As the API server does: what exists can't be created again.
static void add_event(struct fleet *fleet, const char *name) {
    struct fake_object object = {.generation = 1, .clusters = 1, .kind = "Cluster", .region = "eu-west-1"};
    snprintf(object.name, sizeof(object.name), "%s", name);
    snprintf(object.account, sizeof(object.account), "%s", name);
    snprintf(object.uid, sizeof(object.uid), "%s", name);
    pthread_mutex_lock(&fleet->lock);
    bool exists = false;
    for (size_t i = 0; i < fleet->event_count; i++) {
        exists |= strcmp(fleet->events[i].name, name) == 0;
    }
    if (!exists) {
        fleet->events[fleet->event_count++] = object;
    }
    pthread_mutex_unlock(&fleet->lock);
}

// Tells one replica the next few events, later or sooner.
static bool tell(struct fleet *fleet, size_t replica, size_t most) {
    bool told = false;
    for (size_t i = 0; i < most; i++) {
        pthread_mutex_lock(&fleet->lock);
        bool more = fleet->heard[replica] < fleet->event_count;
        struct fake_object event = fleet->events[more ? fleet->heard[replica]++ : 0];
        pthread_mutex_unlock(&fleet->lock);
        if (!more) {
            break;
        }
        fake_put(fleet->replicas[replica].inventory, &event);
        told = true;
    }
    return told;
}

static void *watch(void *cookie) {
    struct fleet *fleet = cookie;
    unsigned random = fleet->seed;
    while (!fleet->done) {
        size_t replica = (size_t)rand_r(&random) % fleet->replica_count;
        pthread_rwlock_rdlock(&fleet->in_use[replica]);
        tell(fleet, replica, (size_t)rand_r(&random) % 3);
        pthread_rwlock_unlock(&fleet->in_use[replica]);
        usleep((unsigned)rand_r(&random) % 3000);
    }
    return NULL;
}

static void start(struct fleet *fleet, const struct scene *scene, size_t replica, unsigned seed) {
    struct replica *started = &fleet->replicas[replica];
    memset(started, 0, sizeof(*started));
    started->options.life_ms = LIFE_MS;
    started->way.most_delay_us = scene->delay_us;
    started->way.fail_percent = scene->fail_percent;
    started->way.blind_percent = scene->blind_percent;
    replica_start(started, &fleet->server, seed);
}

// Kills a replica in the middle of what it does, and starts it again with a full list.
static void *kill_now_and_then(void *cookie) {
    struct creator *killer = cookie;
    struct fleet *fleet = killer->fleet;
    while (!fleet->done) {
        usleep(20000 + (unsigned)rand_r(&killer->random) % 60000);
        size_t replica = (size_t)rand_r(&killer->random) % fleet->replica_count;
        fleet->replicas[replica].way.dead = true;
        pthread_rwlock_wrlock(&fleet->in_use[replica]);
        replica_stop(&fleet->replicas[replica]);
        start(fleet, killer->scene, replica, (unsigned)rand_r(&killer->random));
        fleet->heard[replica] = 0;
        tell(fleet, replica, MOST_EVENTS);
        pthread_rwlock_unlock(&fleet->in_use[replica]);
    }
    return NULL;
}

static void create_one(struct creator *creator, const char *name) {
    struct fleet *fleet = creator->fleet;
    size_t replica = (size_t)rand_r(&creator->random) % fleet->replica_count;
    struct wish wish = {.name = name,
                        .cluster = name,
                        .after = 1,
                        .maximum = creator->scene->maximum,
                        .generation = 1,
                        .dry_run = rand_r(&creator->random) % 8 == 0,
                        .patience_ms = 5000};
    pthread_rwlock_rdlock(&fleet->in_use[replica]);
    enum outcome outcome = replica_ask(&fleet->replicas[replica], &wish);
    pthread_rwlock_unlock(&fleet->in_use[replica]);
    if (outcome != FITS || wish.dry_run) {
        return;
    }
    if (creator->scene->loses && rand_r(&creator->random) % 4 == 0) {
        return;
    }
    usleep((unsigned)rand_r(&creator->random) % 2000);
    add_event(fleet, name);
}

static void *create(void *cookie) {
    struct creator *creator = cookie;
    for (unsigned i = creator->index; i < CREATORS; i += THREADS) {
        char name[16];
        snprintf(name, sizeof(name), "new-%u", i);
        create_one(creator, name);
    }
    return NULL;
}

static void create_all(struct fleet *fleet, const struct scene *scene) {
    pthread_t threads[THREADS];
    struct creator creators[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        creators[i] = (struct creator){fleet, scene, i, fleet->seed * 100 + i};
        pthread_create(&threads[i], NULL, create, &creators[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

// The places that were promised to lost changes come back, so that in the end all are taken.
static void fill(struct fleet *fleet, const struct scene *scene) {
    struct creator last = {fleet, scene, 0, fleet->seed};
    for (int i = 0; i < 3000 && (int64_t)fleet->event_count < scene->maximum; i++) {
        char name[16];
        snprintf(name, sizeof(name), "late-%d", i);
        struct scene calm = *scene;
        calm.loses = false;
        last.scene = &calm;
        create_one(&last, name);
        usleep(10000);
    }
}

static void check_end(struct fleet *fleet, const struct scene *scene) {
    for (size_t i = 0; i < fleet->replica_count; i++) {
        tell(fleet, i, MOST_EVENTS);
        int64_t sum = inventory_sum(fleet->replicas[i].inventory, AMOUNT_CLUSTERS, "region", "eu-west-1");
        if (sum != scene->maximum || fleet->event_count != (size_t)scene->maximum) {
            fail_msg("%s, seed %u: %zu are stored, replica %zu counts %lld, the limit is %lld", scene->name,
                     fleet->seed, fleet->event_count, i, (long long)sum, (long long)scene->maximum);
        }
    }
}

static void play(const struct scene *scene, unsigned seed) {
    static struct fleet fleet;
    memset(&fleet, 0, sizeof(fleet));
    fleet.seed = seed;
    fleet.replica_count = scene->replicas;
    pthread_mutex_init(&fleet.lock, NULL);
    memory_server_init(&fleet.server);
    for (size_t i = 0; i < scene->stored; i++) {
        char name[32];
        snprintf(name, sizeof(name), "old-%zu", i);
        add_event(&fleet, name);
    }
    for (size_t i = 0; i < scene->replicas; i++) {
        pthread_rwlock_init(&fleet.in_use[i], NULL);
        start(&fleet, scene, i, seed * 10 + (unsigned)i);
        tell(&fleet, i, MOST_EVENTS);
    }
    pthread_t watcher = 0, killer = 0;
    struct creator death = {&fleet, scene, 0, seed + 5};
    pthread_create(&watcher, NULL, watch, &fleet);
    if (scene->kills) {
        pthread_create(&killer, NULL, kill_now_and_then, &death);
    }
    create_all(&fleet, scene);
    // Without losses and failures nobody has to come back.
    bool sure = !scene->kills && !scene->loses && scene->fail_percent == 0;
    if (sure && fleet.event_count != (size_t)scene->maximum) {
        fail_msg("%s, seed %u: %zu of %lld places are taken", scene->name, seed, fleet.event_count,
                 (long long)scene->maximum);
    }
    fill(&fleet, scene);
    create_all(&fleet, scene);
    fleet.done = true;
    pthread_join(watcher, NULL);
    if (scene->kills) {
        pthread_join(killer, NULL);
    }
    check_end(&fleet, scene);
    for (size_t i = 0; i < scene->replicas; i++) {
        replica_stop(&fleet.replicas[i]);
        pthread_rwlock_destroy(&fleet.in_use[i]);
    }
    memory_server_clear(&fleet.server);
    pthread_mutex_destroy(&fleet.lock);
}

static const struct scene scenes[] = {
    {"one place, one replica", 1, 19, 20, 500, 0, 0, false, false},
    {"one place, three replicas", 3, 19, 20, 500, 0, 0, false, false},
    {"one place, three replicas, unclear writes", 3, 19, 20, 500, 0, 20, false, false},
    {"thirty places, three replicas", 3, 0, 30, 500, 0, 0, false, false},
    {"thirty places, a bad store", 3, 0, 30, 2000, 10, 10, false, false},
    {"one place, lost changes", 3, 19, 20, 500, 0, 0, false, true},
    {"one place, one replica, killed", 1, 19, 20, 2000, 5, 5, true, false},
    {"one place, three replicas, killed", 3, 19, 20, 2000, 5, 5, true, false},
    {"thirty places, three replicas, killed", 3, 5, 30, 2000, 5, 10, true, true},
};

static void test_scenes(void **state) {
    (void)state;
    const char *wanted = getenv("LEDGER_SEEDS");
    unsigned seeds = wanted ? (unsigned)atoi(wanted) : 1;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        printf("  %s\n", scenes[i].name);
        for (unsigned seed = 1; seed <= seeds; seed++) {
            play(&scenes[i], seed);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scenes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
