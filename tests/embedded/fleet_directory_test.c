#include "embedded/fleet_directory.h"

#include "tests/support/expect.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char root[64], fleet[80];
    struct event_loop *loop;
    struct fleet_directory *directory;
    size_t readings, objects, broken; // of the last reading
    char problem[512];
};

static void on_change(void *cookie, struct manifest_set *manifests) {
    struct world *world = cookie;
    world->readings++;
    world->objects = world->broken = 0;
    for (size_t i = 0; i < manifest_set_count(manifests); i++) {
        world->objects += manifest_set_get(manifests, i)->state == MANIFEST_OBJECT;
        world->broken += manifest_set_get(manifests, i)->state == MANIFEST_BROKEN;
    }
    manifest_set_free(manifests);
}

static void on_trouble(void *cookie, const char *problem) {
    struct world *world = cookie;
    snprintf(world->problem, sizeof(world->problem), "%s", problem ? problem : "");
}

static void put(const struct world *world, const char *path, const char *text) {
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", world->root, path);
    FILE *file = fopen(full, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const struct world *world, const char *path) {
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", world->root, path);
    assert_int_equal(mkdir(full, 0700), 0);
}

static void take_away(const struct world *world, const char *path) {
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", world->root, path);
    assert_int_equal(remove(full), 0);
}

#define OBJECT "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"

static void world_open(struct world *world, bool is_virtual) {
    *world = (struct world){.root = "/tmp/fleetgate-directory-XXXXXX"};
    assert_non_null(mkdtemp(world->root));
    make_folder(world, "fleet");
    snprintf(world->fleet, sizeof(world->fleet), "%s/fleet", world->root);
    put(world, "fleet/a.yaml", OBJECT);
    world->loop = is_virtual ? event_loop_new_virtual(0) : event_loop_new();
    world->directory =
        fleet_directory_new(&(struct fleet_directory_options){.loop = world->loop,
                                                              .path = world->fleet,
                                                              .settle_ms = is_virtual ? 300 : 30,
                                                              .look_ms = is_virtual ? 2000 : 0,
                                                              .changed = on_change,
                                                              .troubled = on_trouble,
                                                              .cookie = world});
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void world_close(struct world *world) {
    fleet_directory_free(world->directory);
    event_loop_free(world->loop);
    nftw(world->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void wait_ms(struct world *world, int64_t wait) {
    int64_t end = event_loop_now_ms(world->loop) + wait;
    while (event_loop_now_ms(world->loop) < end) {
        event_loop_turn(world->loop, end - event_loop_now_ms(world->loop));
    }
}

static void expect_reading(const char *name, const struct world *world, size_t readings, size_t objects) {
    expect_integer(name, (int64_t)world->readings, (int64_t)readings);
    expect_integer(name, (int64_t)world->objects, (int64_t)objects);
}

// By looking only: on a virtual clock the system tells nothing.
static void test_looks(void **state) {
    (void)state;
    struct world world;
    world_open(&world, true);
    wait_ms(&world, 10);
    expect_reading("the start", &world, 1, 1);
    wait_ms(&world, 10000);
    expect_reading("nothing changed", &world, 1, 1);
    make_folder(&world, "fleet/more");
    put(&world, "fleet/more/b.yaml", OBJECT "---\n" OBJECT);
    put(&world, "fleet/.hidden.yaml", OBJECT);
    wait_ms(&world, 2000);
    expect_reading("seen, but it may not be over", &world, 1, 1);
    put(&world, "fleet/more/c.yaml", OBJECT);
    wait_ms(&world, 400);
    expect_reading("it was not over", &world, 1, 1);
    wait_ms(&world, 400);
    expect_reading("settled", &world, 2, 4);
    assert_true(fleet_directory_is_quiet(world.directory));
    put(&world, "fleet/a.yaml", "a: [");
    wait_ms(&world, 3000);
    expect_reading("broken", &world, 3, 3);
    expect_integer("broken", (int64_t)world.broken, 1);
    expect_text("broken files are no trouble", world.problem, "");
    world_close(&world);
}

static void test_gone(void **state) {
    (void)state;
    struct world world;
    char problem[256];
    world_open(&world, true);
    wait_ms(&world, 10);
    take_away(&world, "fleet/a.yaml");
    take_away(&world, "fleet");
    wait_ms(&world, 5000);
    snprintf(problem, sizeof(problem), "%s: No such file or directory", world.fleet);
    expect_text("gone", world.problem, problem);
    expect_reading("nothing is given for what is not there", &world, 1, 1);
    make_folder(&world, "fleet");
    put(&world, "fleet/a.yaml", OBJECT);
    wait_ms(&world, 5000);
    expect_text("there again", world.problem, "");
    expect_reading("there again", &world, 2, 1);
    world_close(&world);
}

static const struct {
    const char *sign, *says;
} git_cases[] = {
    {"index.lock", "index.lock: git is changing files"},
    {"MERGE_HEAD", "MERGE_HEAD: a merge is not committed yet"},
    {"rebase-merge", "rebase-merge: a rebase is under way"},
};

static void test_git(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(git_cases) / sizeof(git_cases[0]); i++) {
        struct world world;
        char sign[64];
        const char *name = git_cases[i].sign;
        world_open(&world, true);
        make_folder(&world, ".git");
        snprintf(sign, sizeof(sign), ".git/%s", name);
        wait_ms(&world, 10);
        put(&world, sign, "");
        put(&world, "fleet/b.yaml", OBJECT);
        wait_ms(&world, 3000);
        expect_reading(name, &world, 1, 1);
        expect_text(name, world.problem, "");
        wait_ms(&world, 20000);
        expect_contains(name, world.problem, git_cases[i].says);
        expect_reading(name, &world, 1, 1);
        assert_false(fleet_directory_is_quiet(world.directory));
        take_away(&world, sign);
        wait_ms(&world, 1000);
        expect_reading(name, &world, 2, 2);
        expect_text(name, world.problem, "");
        world_close(&world);
    }
}

// A linked work tree names its git folder in a file.
static void test_linked_work_tree(void **state) {
    (void)state;
    struct world world;
    world_open(&world, true);
    make_folder(&world, "main");
    make_folder(&world, "main/x");
    put(&world, "fleet/.git", "gitdir: ../main/x\n");
    put(&world, "main/x/index.lock", "");
    wait_ms(&world, 5000);
    expect_reading("busy from the start", &world, 0, 0);
    take_away(&world, "main/x/index.lock");
    wait_ms(&world, 1000);
    expect_reading("free", &world, 1, 1);
    world_close(&world);
}

// The system tells: long before the next look.
static void test_notices(void **state) {
    (void)state;
    struct world world;
    world_open(&world, false);
    wait_ms(&world, 100);
    expect_reading("the start", &world, 1, 1);
    make_folder(&world, "fleet/more");
    put(&world, "fleet/more/b.yaml", OBJECT);
    for (int i = 0; i < 100 && world.readings < 2; i++) {
        wait_ms(&world, 20);
    }
    wait_ms(&world, 200);
    expect_true("a new folder", world.objects == 2, "its file was read");
    size_t before = world.readings;
    put(&world, "fleet/more/c.yaml", OBJECT);
    for (int i = 0; i < 100 && world.readings == before; i++) {
        wait_ms(&world, 20);
    }
    expect_reading("a file in it", &world, before + 1, 3);
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looks), cmocka_unit_test(test_gone),
                                       cmocka_unit_test(test_git), cmocka_unit_test(test_linked_work_tree),
                                       cmocka_unit_test(test_notices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
