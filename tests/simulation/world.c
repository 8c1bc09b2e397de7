#include "tests/simulation/world.h"

#include "base/json_canonical.h"
#include "base/memory.h"
#include "tests/simulation/driver.h"
#include "tests/simulation/manifest.h"

#include <stdio.h>
#include <string.h>

enum {
    START_WALL_S = 1800000000,
    BUSY_MOST_MS = 3600 * 1000,
    SETTLE_MS = 24 * 3600 * 1000,
    QUIET_MS = 15 * 60 * 1000, // longer than any back-off, and than the time between two looks
    LOOK_MS = 60 * 1000,
    CRASH_PAUSE_MS = 30000,
};

#define NOTE(world, ...) trace_note(&(world)->trace, world_now_ms(world), __VA_ARGS__)

int64_t world_now_ms(const struct world *world) {
    return event_loop_now_ms(world->loop);
}

static int64_t wall_ms(void *cookie) {
    const struct world *world = cookie;
    return event_loop_wall_ms(world->loop);
}

void world_fail(struct world *world, const struct error *error) {
    trace_print_last(&world->trace, 60);
    printf("seed %llu: the simulation itself failed: %s\n", (unsigned long long)world->seed, error->message);
    fflush(stdout);
    abort();
}

void world_ignore_answer(void *cookie, const struct provider_answer *answer) {
    (void)cookie, (void)answer;
}

void world_set_rules(struct world *world, int64_t profile) {
    world->rules = rules_profiles[profile];
    world->policies =
        world->broken == BROKEN_POLICIES ? world->shared->allow_all : world->shared->policies[profile];
}

// ---- crashes ----

static void start_again(void *cookie) {
    struct world *world = cookie;
    for (struct process *process = world->processes; process; process = process->next) {
        if (!process->dead && process->ends_ms == 0) {
            return;
        }
    }
    (void)process_start(world);
}

static void crash(struct process *process, const char *where) {
    struct world *world = process->world;
    world->checker.counts.crashes++;
    process_die(process, where);
    event_loop_after(world->loop, random_below(&world->network, CRASH_PAUSE_MS), start_again, world);
}

bool world_await(struct process *process, const char *what, const char *verb, const struct object_key *key) {
    struct world *world = process->world;
    world->await_count++;
    bool dies = world->crash_at > 0
                    ? world->await_count == world->crash_at
                    : world->crash_at == 0 && random_chance(&world->network, world->crash_chance);
    if (dies) {
        char where[128];
        snprintf(where, sizeof(where), "%s of %s %s/%s", what, verb, key->kind, key->name);
        crash(process, where);
    }
    return dies;
}

// A second one leads while the first still thinks that it does.
static void take_over(struct world *world) {
    struct process *old = NULL;
    for (struct process *process = world->processes; process; process = process->next) {
        old = !process->dead ? process : old;
    }
    if (!old) {
        return;
    }
    NOTE(world, "%u loses its lease and does not know", old->number);
    world->took_over_ms = world_now_ms(world);
    (void)process_start(world);
    for (struct process *process = world->processes->next; process; process = process->next) {
        if (process->ends_ms == 0) {
            process->leads = random_chance(&world->network, 0.7);
            process->ends_ms = world_now_ms(world) + random_between(&world->network, 1000, 60000);
        }
    }
}

static void end_old_leaders(struct world *world) {
    for (struct process *process = world->processes; process; process = process->next) {
        if (process->ends_ms > 0 && !process->dead && process->ends_ms <= world_now_ms(world)) {
            process_die(process, "the end of its time");
        }
    }
}

// ---- what is stored ----

static void was_put(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    const struct node *metadata = node_get(object, "metadata");
    const char *version = node_string(node_get(metadata, "resourceVersion"));
    NOTE(world, "stored: %s/%s %s", key->kind, key->name, version ? version : "");
    world->last_write_ms = world_now_ms(world);
    checker_stored(world, key, object);
    process_tell_all(world, key, object);
}

static void was_removed(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    (void)object;
    NOTE(world, "removed: %s/%s", key->kind, key->name);
    world->last_write_ms = world_now_ms(world);
    checker_stored(world, key, NULL);
    process_tell_all(world, key, NULL);
}

static struct key_ring *attesting_keys(void *cookie) {
    const struct world *world = cookie;
    return world->attests ? key_ring_ref(world->keys) : NULL;
}

static void open_parts(struct world *world) {
    struct error error = {0};
    const struct object_database_options stored = {
        .wall_ms = wall_ms, .cookie = world, .uid_seed = world->seed + 1};
    const struct sim_options cloud = {
        .loop = world->loop,
        .seed = world->seed + 2,
        .pace = (double)random_between(&world->driver, 10, 60),
        .latency_ms = random_between(&world->driver, 5, 200),
    };
    if (!object_database_open(&stored, &world->database, &error) || !sim_open(&cloud, &world->sim, &error)) {
        world_fail(world, &error);
    }
    object_database_listen(world->database, &(struct object_listener){was_put, was_removed, world});
    world->database_store = database_store_new(world->loop, world->database, NULL, NULL);
    const struct object_store plain = database_store_get(world->database_store);
    world->attested_store = attested_store_new(&plain, world->database, attesting_keys, world);
    world->store = attested_store_get(world->attested_store);
    world->cloud = sim_provider(world->sim);
}

// ---- what this seed is like ----

static void choose_settings(struct world *world) {
    struct random *random = &world->driver;
    world->attests = random_chance(random, 0.8);
    world->settings.attestation = random_chance(random, 0.85) ? UNATTESTED_HOLD : UNATTESTED_GO_ON;
    world->settings.drain_s = random_below(random, 300);
    world->settings.resync_s = random_between(random, 60, 400);
    world->settings.upgrades_at_once = (unsigned)random_between(random, 1, 3);
    world->settings.deletes_at_once = (unsigned)random_between(random, 1, 2);
    if (random_chance(random, 0.5) || world->broken == BROKEN_WAVES) {
        world->settings.wave_label = WAVE_LABEL;
        world->settings.wave_order[0] = CANARY;
        world->settings.wave_count = 1;
    }
    world->default_provider = random_chance(random, 0.2) ? "sim" : NULL;
    world_set_rules(world, random_below(random, RULES_PROFILES));
}

static void choose_faults(struct world *world) {
    struct random *random = &world->driver;
    world->faults.latency_ms = random_between(random, 2, 100);
    double trouble = random_chance(random, 0.2) ? 0 : (double)random_below(random, 100) / 100;
    for (int fault = WIRE_GOOD + 1; fault < WIRE_FAULTS; fault++) {
        world->faults.chance[fault] = trouble * 0.1 * (double)random_below(random, 100) / 100;
    }
    world->crash_chance = random_chance(random, 0.3) ? 0 : 0.01 * (double)random_below(random, 100) / 100;
    const struct sim_faults cloud = {
        .throttle = trouble * 0.1,
        .lost_request = trouble * 0.03,
        .lost_answer = trouble * 0.05,
        .partial = trouble * 0.1,
        .fails = trouble * 0.1,
        .crash = trouble * 0.1,
    };
    sim_set_faults(world->sim, &cloud);
}

static void end_faults(struct world *world) {
    world->faults = (struct wire_faults){.latency_ms = 20};
    world->crash_chance = 0;
    sim_set_faults(world->sim, &(struct sim_faults){0});
    NOTE(world, "faults end");
}

// ---- the run ----

static void nothing(void *cookie) {
    (void)cookie;
}

// False: an invariant does not hold.
static bool run_until(struct world *world, int64_t until_ms) {
    event_loop_after(world->loop, until_ms - world_now_ms(world), nothing, world); // time goes on by itself
    while (!world->trace.invariant && world_now_ms(world) < until_ms) {
        (void)event_loop_turn(world->loop, until_ms - world_now_ms(world));
        end_old_leaders(world);
    }
    return !world->trace.invariant;
}

static bool be_busy(struct world *world) {
    int64_t busy_ms = random_between(&world->driver, BUSY_MOST_MS / 8, BUSY_MOST_MS);
    int64_t changes = random_between(&world->driver, 3, 22);
    for (int64_t i = 0; i < changes; i++) {
        int64_t pause_ms = random_chance(&world->driver, 0.2)
                               ? random_below(&world->driver, 3000)
                               : random_below(&world->driver, 2 * busy_ms / changes);
        if (!run_until(world, world_now_ms(world) + pause_ms)) {
            return false;
        }
        driver_change(world);
        if (world->crash_at == 0 && random_chance(&world->network, 0.03)) {
            take_over(world);
        }
        checker_look_at_cloud(world);
    }
    return true;
}

static bool print_object(void *cookie, const struct object_key *key, const struct node *object) {
    (void)cookie, (void)key;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    json_canonical_append(&text, object);
    puts(buffer_text(&text));
    return true;
}

// With --trace: what is stored when it does not come to rest.
static void print_objects(struct world *world) {
    struct error error = {0};
    if (world->trace.prints && !object_database_each(world->database, print_object, NULL, &error)) {
        world_fail(world, &error);
    }
}

static bool is_quiet(const struct world *world) {
    int64_t last_ms =
        world->last_write_ms > world->last_start_ms ? world->last_write_ms : world->last_start_ms;
    return world_now_ms(world) - last_ms > QUIET_MS;
}

// Everything comes to rest within a day: it is as it should be, nothing is written, nothing started.
static void settle(struct world *world) {
    char why[CHECKER_WHY_BYTES] = "";
    int64_t end_ms = world_now_ms(world) + SETTLE_MS;
    bool settled = false;
    while (world_now_ms(world) < end_ms && run_until(world, world_now_ms(world) + LOOK_MS)) {
        settled = checker_is_settled(world, why);
        if (settled && is_quiet(world)) {
            return;
        }
        driver_end_again(world);
    }
    print_objects(world);
    if (settled) {
        trace_violation(&world->trace, world_now_ms(world), "steady state is quiet",
                        "written at %lld s, started at %lld s", (long long)world->last_write_ms / 1000,
                        (long long)world->last_start_ms / 1000);
    }
    trace_violation(&world->trace, world_now_ms(world), "every cluster converges", "%s", why);
}

static void close_parts(struct world *world) {
    process_free_all(world);
    attested_store_free(world->attested_store);
    database_store_free(world->database_store);
    sim_free(world->sim);
    wire_free_all(world);
    object_database_close(world->database);
    event_loop_free(world->loop);
    checker_clear(&world->checker);
    key_ring_unref(world->keys);
}

void world_run(const struct world_shared *shared, const struct world_options *options, unsigned last_lines,
               struct world_result *ret_result) {
    struct world *world = memory_calloc(1, sizeof(*world));
    world->shared = shared;
    world->seed = options->seed;
    world->broken = options->broken;
    world->crash_at = options->crash_at;
    world->driver.state = options->seed * UINT64_C(0x2545f4914f6cdd1d);
    world->network.state = options->seed * UINT64_C(0x9e6c63d0876a9a47) + 1;
    world->nobody.dead = true;
    world->took_over_ms = -1;
    world->keys = key_ring_ref(shared->keys);
    trace_begin(&world->trace, options->prints);
    world->loop = event_loop_new_virtual((int64_t)START_WALL_S * 1000);
    open_parts(world);
    choose_settings(world);
    choose_faults(world);
    declared_write_class(world);
    driver_begin(world);
    (void)process_start(world);
    if (be_busy(world)) {
        end_faults(world);
        driver_end(world);
        start_again(world);
        settle(world);
    }
    if (world->trace.invariant && last_lines > 0 && !options->prints) {
        trace_print_last(&world->trace, last_lines);
    }
    *ret_result = (struct world_result){.invariant = world->trace.invariant,
                                        .digest = world->trace.digest,
                                        .events = world->trace.count,
                                        .awaits = world->await_count,
                                        .virtual_ms = world_now_ms(world),
                                        .counts = world->checker.counts};
    memcpy(ret_result->violation, world->trace.violation, sizeof(ret_result->violation));
    close_parts(world);
    free(world);
}
