// Several replicas, crashes between any two requests, API servers that see bundles late, and people who break
// things: at each instant what a replica serves must be good under whatever bundle an API server may be
// using.
#include "tests/manager/rotation_fixture.h"

#include "base/log.h"
#include "base/memory.h"
#include "certs/certificate_bundle.h"
#include "certs/certificate_text.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum {
    REPLICAS = 3,
    SNAPSHOTS = 8,
    WALL_START = 1800000000,
    API_LATENESS_SECONDS = 60,
    BUSY_SECONDS = 4500, // with ROTATION_SEEDS: more than two authorities
    QUIET_SECONDS = 1500,
    SHORT_BUSY_SECONDS = 2100, // a new authority is on its way
    SHORT_QUIET_SECONDS = 700,
    REPAIR_SECONDS = 200, // two polls, a back-off and the grace time
};

enum fault {
    FAULT_NONE = 0,
    FAULT_SECRET = 1,
    FAULT_BUNDLES = 2,
    FAULT_CLOCK = 4,
    FAULT_NO_PAUSE = 8, // the next one comes before the last one is repaired
};

struct simulation;

struct replica {
    struct simulation *simulation;
    struct rotation *rotation;
    int64_t next;
    int64_t wall_offset, wall_wrong_until;
    bool stepping, crashed;
    char *certificate; // NULL: not ready, so nobody asks it
    int64_t not_before, not_after;
    unsigned char verified[FAKE_HISTORY];
};

struct simulation {
    const char *name;
    struct fake_server *server;
    struct replica replicas[REPLICAS];
    struct replica *current;
    struct certificate_pair foreign;
    char *snapshots[SNAPSHOTS][ROTATION_TEXTS];
    size_t snapshot_count;
    uint64_t random;
    int64_t grace_seconds, busy_seconds, quiet_seconds;
    unsigned faults, seed;
    bool quiet;
    int64_t next_fault;
    unsigned depth, delivered, nested, crashes, violations;
};

static const char *const dns[] = {"fleetgate.fleetgate-system.svc"};
static const char *const validating[] = {"fleetgate-validating"};
static const char *const mutating[] = {"fleetgate-mutating"};

static unsigned random_below(struct simulation *simulation, unsigned bound) {
    simulation->random = simulation->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(simulation->random >> 33) % bound;
}

static bool one_in(struct simulation *simulation, unsigned many) {
    return random_below(simulation, many) == 0;
}

static struct rotation_clock replica_clock(void *cookie) {
    const struct replica *replica = cookie;
    int64_t steady = replica->simulation->server->steady;
    return (struct rotation_clock){.wall = WALL_START + steady + replica->wall_offset, .steady = steady};
}

static void violated(struct simulation *simulation, const struct fake_version *version, const char *why) {
    if (simulation->violations++ == 0 && simulation->grace_seconds >= API_LATENESS_SECONDS) {
        fail_msg("%s, seed %u, second %lld: bundle %zu/%zu of second %lld to %lld: %s", simulation->name,
                 simulation->seed, (long long)simulation->server->steady, version->configuration,
                 version->webhook, (long long)version->from, (long long)version->until, why);
    }
}

static void check_replica(struct simulation *simulation, struct replica *replica) {
    const struct fake_server *server = simulation->server;
    int64_t now = WALL_START + server->steady;
    if (replica->not_before > now || replica->not_after <= now) {
        fail_msg("%s, seed %u, second %lld: a certificate out of its time is served", simulation->name,
                 simulation->seed, (long long)server->steady);
    }
    for (size_t i = 0; i < server->history_count; i++) {
        const struct fake_version *version = &server->history[i];
        bool in_use = version->until == INT64_MAX || version->until + API_LATENESS_SECONDS > server->steady;
        if (!in_use || version->foreign || !*version->text || replica->verified[i]) {
            continue;
        }
        struct error error = {0};
        if (!certificate_text_verify(replica->certificate, version->text, dns[0], now, &error)) {
            violated(simulation, version, error.message);
        }
        replica->verified[i] = 1;
    }
}

static void check(struct simulation *simulation) {
    for (size_t i = 0; i < REPLICAS; i++) {
        if (simulation->replicas[i].certificate) {
            check_replica(simulation, &simulation->replicas[i]);
        }
    }
}

static void take_delivery(void *cookie, const char *certificate, const char *key, int64_t not_before,
                          int64_t not_after) {
    struct replica *replica = cookie;
    assert_true(certificate_text_has_key(certificate, key));
    free(replica->certificate);
    replica->certificate = memory_strdup(certificate);
    replica->not_before = not_before;
    replica->not_after = not_after;
    memset(replica->verified, 0, sizeof(replica->verified));
    replica->simulation->delivered++;
    check(replica->simulation);
}

static void start_replica(struct simulation *simulation, struct replica *replica) {
    const struct rotation_options options = {
        .store = fake_server_store(simulation->server),
        .namespace = "fleetgate-system",
        .secret = "fleetgate-certs",
        .validating = validating,
        .validating_count = 1,
        .mutating = mutating,
        .mutating_count = 1,
        .settings = {.names = {.dns = dns, .dns_count = 1},
                     .authority_seconds = 3000,
                     .certificate_seconds = 1200,
                     .grace_seconds = simulation->grace_seconds,
                     .retire_seconds = 400},
        .poll_seconds = 10 + random_below(simulation, 30),
        .random_seed = random_below(simulation, 1000),
        .clock = replica_clock,
        .deliver = take_delivery,
        .cookie = replica,
    };
    struct error error;
    assert_true(rotation_new(&options, &replica->rotation, &error));
    replica->crashed = false;
    replica->wall_offset = 0;
}

static void step(struct simulation *simulation, struct replica *replica) {
    struct replica *outer = simulation->current;
    simulation->current = replica;
    simulation->depth++;
    replica->stepping = true;
    replica->next = rotation_step(replica->rotation);
    replica->stepping = false;
    simulation->depth--;
    simulation->current = outer;
    if (replica->crashed) {
        rotation_free(replica->rotation);
        free(replica->certificate);
        replica->certificate = NULL;
        replica->next = simulation->server->steady + random_below(simulation, 100);
        start_replica(simulation, replica);
    }
    check(simulation);
}

static void let_another_step(struct simulation *simulation) {
    struct replica *other = &simulation->replicas[random_below(simulation, REPLICAS)];
    if (!other->stepping && simulation->depth < REPLICAS) {
        simulation->nested++;
        step(simulation, other);
    }
}

static bool may_crash(struct simulation *simulation, struct error *error) {
    // A process that has just begun can't know that the Secret was restored a second time within the grace.
    bool spared = simulation->faults & FAULT_NO_PAUSE;
    if (simulation->quiet || spared || !one_in(simulation, 100)) {
        return true;
    }
    simulation->crashes++;
    simulation->current->crashed = one_in(simulation, 2);
    return error_set(error, ERROR_IO, "no answer");
}

static bool before_request(void *cookie, const char *verb, const struct kube_name *name,
                           struct error *error) {
    struct simulation *simulation = cookie;
    (void)verb, (void)name;
    if (simulation->current->crashed) {
        return error_set(error, ERROR_IO, "this process is no more");
    }
    if (one_in(simulation, 8)) {
        simulation->server->steady += random_below(simulation, 4);
        check(simulation);
    }
    if (one_in(simulation, 12)) {
        let_another_step(simulation);
    }
    return may_crash(simulation, error);
}

static bool after_write(void *cookie, struct error *error) {
    struct simulation *simulation = cookie;
    check(simulation);
    return may_crash(simulation, error);
}

static void take_snapshot(struct simulation *simulation) {
    char **snapshot = simulation->snapshots[simulation->snapshot_count++ % SNAPSHOTS];
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        free(snapshot[i]);
        snapshot[i] = memory_strdup(simulation->server->data[i]);
    }
}

static void restore_snapshot(struct simulation *simulation) {
    size_t count = simulation->snapshot_count < SNAPSHOTS ? simulation->snapshot_count : SNAPSHOTS;
    if (count == 0) {
        return;
    }
    char *const *snapshot = simulation->snapshots[random_below(simulation, (unsigned)count)];
    struct fake_server *server = simulation->server;
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        free(server->data[i]);
        server->data[i] = memory_strdup(snapshot[i]);
    }
    server->secret_version = ++server->versions;
    server->has_secret = true;
}

static void replace_by_foreign(struct simulation *simulation) {
    struct fake_server *server = simulation->server;
    int64_t now = WALL_START + server->steady;
    const struct certificate_names names = {.dns = dns, .dns_count = 1};
    const struct certificate_period period = {.now = now, .seconds = 1000};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_pair_clear) struct certificate_pair leaf = {0};
    struct error error;
    assert_true(certificate_authority_read_at(&simulation->foreign, now, &authority, &error));
    assert_true(certificate_authority_issue_for(authority, &names, &period, &leaf, &error));
    const char *const texts[ROTATION_TEXTS] = {simulation->foreign.certificate,
                                               simulation->foreign.key,
                                               NULL,
                                               NULL,
                                               NULL,
                                               leaf.certificate,
                                               leaf.key};
    for (size_t i = 0; i < ROTATION_TEXTS; i++) {
        fake_server_set_secret(server, i, texts[i]);
    }
}

static void break_secret(struct simulation *simulation) {
    struct fake_server *server = simulation->server;
    take_snapshot(simulation);
    if (!server->has_secret) {
        return;
    }
    unsigned index = random_below(simulation, ROTATION_TEXTS);
    switch (random_below(simulation, 5)) {
    case 0:
        fake_server_delete_secret(server);
        break;
    case 1:
        fake_server_set_secret(server, index, NULL);
        break;
    case 2:
        fake_server_set_secret(server, index,
                               one_in(simulation, 2) ? simulation->foreign.certificate : "rubbish");
        break;
    case 3:
        restore_snapshot(simulation);
        break;
    default:
        replace_by_foreign(simulation);
    }
}

static void break_bundle(struct simulation *simulation) {
    const char *const texts[] = {NULL, simulation->foreign.certificate, "rubbish",
                                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    fake_server_set_bundle(simulation->server, random_below(simulation, FAKE_CONFIGURATIONS),
                           random_below(simulation, FAKE_WEBHOOKS), texts[random_below(simulation, 4)], true);
}

static void break_clock(struct simulation *simulation) {
    struct replica *replica = &simulation->replicas[random_below(simulation, REPLICAS)];
    int64_t offset = 3600 + random_below(simulation, 10000000);
    replica->wall_offset = one_in(simulation, 2) ? offset : -offset;
    replica->wall_wrong_until = simulation->server->steady + 30 + random_below(simulation, 200);
}

static void break_something(struct simulation *simulation) {
    for (size_t i = 0; i < REPLICAS; i++) {
        struct replica *replica = &simulation->replicas[i];
        if (replica->wall_wrong_until <= simulation->server->steady) {
            replica->wall_offset = 0;
        }
    }
    bool pause = simulation->server->steady < simulation->next_fault;
    if (simulation->quiet || (pause && !(simulation->faults & FAULT_NO_PAUSE)) ||
        !one_in(simulation, simulation->faults & FAULT_NO_PAUSE ? 60 : 10)) {
        return;
    }
    simulation->next_fault = simulation->server->steady + REPAIR_SECONDS;
    if (simulation->faults & FAULT_SECRET) {
        break_secret(simulation);
    }
    if (simulation->faults & FAULT_BUNDLES) {
        break_bundle(simulation);
    }
    if (simulation->faults & FAULT_CLOCK) {
        break_clock(simulation);
    }
}

static void run_until(struct simulation *simulation, int64_t steady) {
    bool is_checker = simulation->grace_seconds < API_LATENESS_SECONDS;
    while (simulation->server->steady < steady && !(is_checker && simulation->violations > 0)) {
        struct replica *first = &simulation->replicas[0];
        for (size_t i = 1; i < REPLICAS; i++) {
            first = simulation->replicas[i].next < first->next ? &simulation->replicas[i] : first;
        }
        if (simulation->server->steady < first->next) {
            simulation->server->steady = first->next;
        }
        break_something(simulation);
        step(simulation, first);
    }
}

static void expect_recovered(struct simulation *simulation) {
    CLEANUP(rotation_content_clear) struct rotation_content content = fake_server_content(simulation->server);
    int64_t now = WALL_START + simulation->server->steady;
    for (size_t i = 0; i < REPLICAS; i++) {
        const struct replica *replica = &simulation->replicas[i];
        expect_true(simulation->name, replica->certificate != NULL, "every replica serves");
        expect_text(simulation->name, replica->certificate, content.certificate);
        expect_true(simulation->name, replica->not_after - now > 300, "it was renewed in time");
    }
    for (size_t i = 0; i < FAKE_CONFIGURATIONS * FAKE_WEBHOOKS; i++) {
        CLEANUP(free)
        char *text = fake_server_bundle(simulation->server, i / FAKE_WEBHOOKS, i % FAKE_WEBHOOKS);
        CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
        certificate_bundle_add(bundle, text, 0);
        expect_true(simulation->name, certificate_bundle_holds(bundle, content.authority),
                    "every bundle holds the authority");
        expect_true(simulation->name,
                    !certificate_bundle_holds(bundle, simulation->foreign.certificate) ||
                        certificate_text_same(content.authority, simulation->foreign.certificate),
                    "what somebody put into a bundle is gone");
    }
}

static void simulate(struct simulation *simulation) {
    simulation->random = simulation->seed * 7919u + 17;
    simulation->server = fake_server_new();
    simulation->server->before = before_request;
    simulation->server->after = after_write;
    simulation->server->cookie = simulation;
    simulation->foreign = fake_authority(WALL_START, 1000000);
    for (size_t i = 0; i < REPLICAS; i++) {
        simulation->replicas[i].simulation = simulation;
        simulation->replicas[i].next = simulation->server->steady + random_below(simulation, 20);
        start_replica(simulation, &simulation->replicas[i]);
    }
    run_until(simulation, simulation->server->steady + simulation->busy_seconds);
    simulation->quiet = true;
    run_until(simulation, simulation->server->steady + simulation->quiet_seconds);
}

static void end_simulation(struct simulation *simulation) {
    for (size_t i = 0; i < REPLICAS; i++) {
        rotation_free(simulation->replicas[i].rotation);
        free(simulation->replicas[i].certificate);
    }
    for (size_t i = 0; i < SNAPSHOTS * ROTATION_TEXTS; i++) {
        free(simulation->snapshots[i / ROTATION_TEXTS][i % ROTATION_TEXTS]);
    }
    certificate_pair_clear(&simulation->foreign);
    fake_server_free(simulation->server);
    free(simulation);
}

static unsigned seeds(void) {
    const char *text = getenv("ROTATION_SEEDS");
    return text ? (unsigned)strtoul(text, NULL, 10) : 1;
}

static void never_serves_what_an_api_server_refuses(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned faults;
    } cases[] = {
        {"crashes, lost answers and races", FAULT_NONE},
        {"the Secret is deleted, damaged, replaced and restored", FAULT_SECRET},
        {"the same all the time", FAULT_SECRET | FAULT_NO_PAUSE},
        {"bundles are emptied, replaced and damaged", FAULT_BUNDLES},
        {"clocks jump", FAULT_CLOCK},
    };
    bool is_long = getenv("ROTATION_SEEDS");
    unsigned conflicts = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned seed = 1; seed <= seeds(); seed++) {
            struct simulation *simulation = memory_calloc(1, sizeof(*simulation));
            simulation->name = cases[i].name;
            simulation->faults = cases[i].faults;
            simulation->seed = seed;
            simulation->grace_seconds = API_LATENESS_SECONDS;
            simulation->busy_seconds = is_long ? BUSY_SECONDS : SHORT_BUSY_SECONDS;
            simulation->quiet_seconds = is_long ? QUIET_SECONDS : SHORT_QUIET_SECONDS;
            simulate(simulation);
            expect_recovered(simulation);
            expect_true(cases[i].name,
                        (simulation->crashes > 0 || simulation->faults & FAULT_NO_PAUSE) &&
                            simulation->nested > 0,
                        "something went wrong on the way");
            conflicts += simulation->server->conflicts;
            end_simulation(simulation);
        }
    }
    assert_true(conflicts > 0); // replicas got into each other's way
}

// The checker itself: replicas that wait less than API servers are late must be caught.
static void too_short_a_grace_is_seen(void **state) {
    (void)state;
    struct simulation *simulation = memory_calloc(1, sizeof(*simulation));
    simulation->name = "grace of 1 s";
    simulation->seed = 1;
    simulation->grace_seconds = 1;
    simulation->busy_seconds = BUSY_SECONDS;
    simulate(simulation);
    assert_true(simulation->violations > 0);
    end_simulation(simulation);
}

int main(void) {
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_serves_what_an_api_server_refuses),
        cmocka_unit_test(too_short_a_grace_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
