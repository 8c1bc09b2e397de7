// fleetgate run, get and describe on a fleet of their own, as people use them.
#include "tests/cli/program.h"
#include "tests/support/expect.h"

#include "base/buffer.h"
#include "base/json_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLICIES " -p tests/fixtures/check/policies --sim-seed 1 "
#define FAST " --sim-pace 20000 --until-idle=700ms --interval 1s "

// A fleet and its state, in a folder that goes at the end.
struct world {
    char root[64];
};

static void world_open(struct world *world) {
    *world = (struct world){"/tmp/fleetgate-run-XXXXXX"};
    assert_non_null(mkdtemp(world->root));
    char path[128];
    snprintf(path, sizeof(path), "%s/fleet", world->root);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void world_close(struct world *world) {
    nftw(world->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const struct world *world, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof(path), "%s/fleet/%s", world->root, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void take_away(const struct world *world, const char *name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/fleet/%s", world->root, name);
    assert_int_equal(unlink(path), 0);
}

// "%1$s" is the world's folder.
static void command(const struct world *world, const char *format, struct program_result *ret_result) {
    char arguments[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(arguments, sizeof(arguments), format, world->root);
#pragma GCC diagnostic pop
    program_run(arguments, ret_result);
}

#define RUN "run --fleet %1$s/fleet --state %1$s/state"

#define CLUSTER(name, region)                                                                                \
    "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {name: " name ", namespace: prod, "      \
    "labels: {owner: me}}\n"                                                                                 \
    "spec:\n"                                                                                                \
    "  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedCluster, name: " name  \
    "}\n"                                                                                                    \
    "  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: AWSManagedControlPlane, name: " name \
    "}\n---\n"                                                                                               \
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: AWSManagedCluster\n"                         \
    "metadata: {name: " name ", namespace: prod, labels: {owner: me}}\n---\n"                                \
    "apiVersion: controlplane.cluster.x-k8s.io/v1beta2\nkind: AWSManagedControlPlane\n"                      \
    "metadata: {name: " name ", namespace: prod, labels: {owner: me}}\n"                                     \
    "spec: {region: " region ", version: v1.31.2}\n---\n"                                                    \
    "apiVersion: cluster.x-k8s.io/v1beta2\nkind: MachinePool\n"                                              \
    "metadata: {name: " name "-pool, namespace: prod, labels: {owner: me}}\n"                                \
    "spec:\n  clusterName: " name "\n  replicas: 2\n  template: {spec: {clusterName: " name                  \
    ", version: v1.31.2, "                                                                                   \
    "infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedMachinePool, "           \
    "name: " name "-pool}, bootstrap: {dataSecretName: ''}}}\n---\n"                                         \
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: AWSManagedMachinePool\n"                     \
    "metadata: {name: " name "-pool, namespace: prod, labels: {owner: me}}\n"

#define NOTE "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: prod}\n"

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) {
        found++;
    }
    return found;
}

// A cluster comes up, is scaled by an edit, and goes; and what the other commands say of it meanwhile.
static void test_life(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    put(&world, "a.yaml", CLUSTER("a", "eu-west-1"));
    put(&world, "note.yaml", NOTE);
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN POLICIES FAST, &result);
        expect_text("it comes up", result.err, "");
        expect_integer("it comes up", result.code, 0);
        expect_contains("it comes up", result.out, "Cluster prod/a created\n");
        expect_contains("it comes up", result.out, "prod/a  create cluster at 1.31.2\n");
        expect_contains("it comes up", result.out, "prod/a  Provisioned, 1.31.2, 2 of 2 nodes ready\n");
        expect_contains("it comes up", result.out, "/fleet: 1 cluster, 1 as they should be\n");
        expect_integer("nothing is repeated", (int64_t)count(result.out, "create cluster at"), 1);
        expect_true("no terminal", !strchr(result.out, '\033'), "no escape sequences");
    }
    static const struct {
        const char *arguments, *out;
    } views[] = {
        {"get clusters --state %1$s/state",
         "prod        a      aws/eks    eu-west-1   Provisioned   v1.31.2   managed         2/2       True"},
        {"get clusters --state %1$s/state -n prod -o wide", "RUNNING"},
        {"get clusters --state %1$s/state -o json", "\"kind\": \"ClusterList\""},
        {"get clusters --state %1$s/state -o json -n other", "\"items\": [\n  ]"},
        {"get decisions --state %1$s/state", "CREATE      AWSManagedControlPlane prod/a"},
        {"get decisions --state %1$s/state --denied -o json", "\"items\": [\n  ]"},
        {"describe cluster --state %1$s/state a", "├─ControlPlane - AWSManagedControlPlane/a       True"},
        {"describe cluster --state %1$s/state prod/a", "  └─MachinePool/a-pool"},
        {"describe cluster --state %1$s/state a -o json", "\"kind\": \"ClusterDescription\""},
    };
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, views[i].arguments, &result);
        expect_text(views[i].arguments, result.err, "");
        expect_contains(views[i].arguments, result.out, views[i].out);
        expect_integer(views[i].arguments, result.code, 0);
    }
    take_away(&world, "a.yaml");
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN POLICIES FAST, &result);
        expect_contains("it goes", result.out, "Cluster prod/a deleted\n");
        expect_contains("it goes", result.out, "prod/a  gone\n");
        expect_integer("it goes", result.code, 0);
    }
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, "get clusters --state %1$s/state", &result);
        expect_text("gone", result.err, "no clusters\n");
        expect_text("gone", result.out, "");
    }
    world_close(&world);
}

static const struct {
    const char *name, *file;
    int code;
    const char *out;
} refusals[] = {
    {"denied", CLUSTER("b", "mars"), 1,
     "b.yaml:12:1: denied to create AWSManagedControlPlane prod/b\n"
     "  [regions] AWSManagedControlPlane prod/b spec.region: region mars is not allowed\n"
     "    got mars; allowed eu-west-1\n"
     "    fix: use a region that is allowed\n"},
    {"broken", "a: [", 3, "b.yaml:1:5: expected a value\n"},
    {"no value", CLUSTER("b", "'${REGION}'"), 3, "b.yaml:15:16: ${REGION} has no value\n"},
};

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct world world;
        world_open(&world);
        put(&world, "b.yaml", refusals[i].file);
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN " -q" POLICIES FAST, &result);
        expect_contains(refusals[i].name, result.out, refusals[i].out);
        expect_integer(refusals[i].name, (int64_t)count(result.out, refusals[i].out), 1);
        expect_text(refusals[i].name, result.err, "");
        expect_integer(refusals[i].name, result.code, refusals[i].code);
        world_close(&world);
    }
}

// ---- the mass-delete breaker ----

// The word after part; "" when it is not there.
static void word_after(const char *text, const char *part, char ret_word[32]) {
    const char *found = strstr(text, part);
    snprintf(ret_word, 32, "%.*s", found ? (int)strcspn(found + strlen(part), "; \n") : 0,
             found ? found + strlen(part) : "");
}

static void expect_says(const char *name, const struct world *world, const char *arguments, int code,
                        const char *words) {
    CLEANUP(program_result_clear) struct program_result result;
    command(world, arguments, &result);
    expect_contains(name, code == 2 ? result.err : result.out, words);
    expect_integer(name, result.code, code);
}

#define RUN_CAREFULLY RUN " -q -p policies --config %1$s/rules.yaml --sim-seed 1" FAST
#define BREAKER_RULES                                                                                        \
    "apiVersion: fleetgate.dev/v1alpha1\nkind: Configuration\npolicies:\n"                                   \
    "  prune-safety: {params: {breaker_max: 1}}\n"

static void test_breaker(void **state) {
    (void)state;
    static const char *const files[] = {"a.yaml", "b.yaml", "c.yaml"};
    struct world world;
    world_open(&world);
    put(&world, "../rules.yaml", BREAKER_RULES);
    put(&world, "note.yaml", NOTE);
    put(&world, "a.yaml", CLUSTER("a", "eu-west-1"));
    put(&world, "b.yaml", CLUSTER("b", "eu-west-1"));
    put(&world, "c.yaml", CLUSTER("c", "eu-west-1"));
    expect_says("no state", &world, "breaker list --state %1$s/state", 2, "no state of 'fleetgate run'");
    expect_says("they come up", &world, RUN_CAREFULLY, 0, "");
    expect_says("nothing yet", &world, "breaker list --state %1$s/state", 0, "no cluster was deleted lately");
    for (size_t i = 0; i < 3; i++) {
        take_away(&world, files[i]);
    }
    char reference[32], again[32], approve[200];
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN_CAREFULLY, &result);
        word_after(result.out, "ask for an approval of ", reference);
        expect_integer("a reference", (int64_t)strlen(reference), 8);
        expect_integer("one goes", result.code, 1);
    }
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN_CAREFULLY, &result);
        word_after(result.out, "ask for an approval of ", again);
        expect_text("a new process asks for the same", again, reference);
    }
    expect_says("it waits", &world, "breaker list --state %1$s/state", 1, "/state --owner WHO --reason WHY");
    expect_says("two places", &world, "breaker list --state %1$s/state --context prod", 2,
                "want one of them");
    expect_says("another", &world, "breaker approve 00000000 --state %1$s/state --owner me --reason test", 2,
                "00000000");
    snprintf(approve, sizeof(approve), "breaker approve %s --state %%1$s/state --owner me --reason test",
             reference);
    expect_says("approved", &world, approve, 0, "is approved by me: test");
    expect_says("one more goes", &world, RUN_CAREFULLY, 1, "ask for an approval of ");
    expect_says("one is left", &world, "breaker list --state %1$s/state", 1, "because   test");
    world_close(&world);
}

// The program in the background, its output thrown away.
static pid_t start(const struct world *world, const char *options) {
    char line[1024];
    snprintf(line, sizeof(line), "exec %s run --fleet %s/fleet --state %s/state %s >/dev/null 2>&1",
             FLEETGATE_PROGRAM, world->root, world->root, options);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void wait_for_state(const struct world *world) {
    char path[256];
    snprintf(path, sizeof(path), "%s/state/cloud.db", world->root);
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++) {
        usleep(20000);
    }
}

static void test_one_at_a_time(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    put(&world, "a.yaml", CLUSTER("a", "eu-west-1"));
    pid_t first = start(&world, POLICIES);
    wait_for_state(&world);
    {
        CLEANUP(program_result_clear) struct program_result result;
        command(&world, RUN POLICIES, &result);
        expect_contains("a second one", result.err, "another 'fleetgate run' works with this state\n");
        expect_integer("a second one", result.code, 2);
    }
    int status = 0;
    kill(first, SIGTERM);
    assert_int_equal(waitpid(first, &status, 0), first);
    expect_true("SIGTERM", WIFEXITED(status) && WEXITSTATUS(status) == 0, "ends it with 0");
    world_close(&world);
}

// However often it is killed, the fleet comes up once.
static void test_killed(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    put(&world, "a.yaml", CLUSTER("a", "eu-west-1"));
    put(&world, "b.yaml", CLUSTER("b", "eu-west-1"));
    for (int i = 0; i < 8; i++) {
        pid_t child = start(&world, POLICIES "--sim-pace 500");
        usleep(150000 + (unsigned)i * 90000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    CLEANUP(program_result_clear) struct program_result result, clusters;
    command(&world, RUN POLICIES FAST, &result);
    expect_text("after being killed", result.err, "");
    expect_integer("after being killed", result.code, 0);
    command(&world, "get clusters --state %1$s/state", &clusters);
    expect_integer("both are there",
                   (int64_t)count(clusters.out, "Provisioned   v1.31.2   managed         2/2"), 2);
    world_close(&world);
}

// All that it writes to a terminal of this size until it ends.
static char *run_on_terminal(const struct world *world, const char *environment, int *ret_code) {
    struct winsize size = {.ws_row = 12, .ws_col = 60};
    char line[1024];
    int terminal;
    snprintf(line, sizeof(line),
             "TERM=xterm LANG=C.UTF-8 %s exec %s run --fleet %s/fleet --state %s/state" POLICIES FAST,
             environment, FLEETGATE_PROGRAM, world->root, world->root);
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    struct buffer text;
    buffer_init(&text, 4 * 1024 * 1024);
    char chunk[4096];
    for (ssize_t length; (length = read(terminal, chunk, sizeof(chunk))) > 0;) {
        buffer_append(&text, chunk, (size_t)length);
    }
    int status = 0;
    waitpid(child, &status, 0);
    close(terminal);
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return buffer_take(&text);
}

static void test_terminal(void **state) {
    (void)state;
    struct world world;
    int code;
    world_open(&world);
    put(&world, "a.yaml", CLUSTER("a", "eu-west-1"));
    CLEANUP(free) char *color = run_on_terminal(&world, "", &code);
    expect_integer("a terminal", code, 0);
    expect_contains("redrawn in place", color, "\033[2A");
    expect_contains("a row", color, "prod/a    Provisioned");
    expect_contains("a full bar", color, "████████");
    expect_integer("the cursor is shown as often as it is hidden", (int64_t)count(color, "\033[?25l"),
                   (int64_t)count(color, "\033[?25h"));
    expect_contains("colour", color, "\033[32m✓\033[0m");
    CLEANUP(free) char *plain = run_on_terminal(&world, "NO_COLOR=1", &code);
    expect_true("NO_COLOR", !strstr(plain, "\033[32m") && !strstr(plain, "\033[1m"), "no colours");
    expect_contains("NO_COLOR", plain, "✓ prod/a");
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life),    cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_breaker), cmocka_unit_test(test_one_at_a_time),
                                       cmocka_unit_test(test_killed),  cmocka_unit_test(test_terminal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
