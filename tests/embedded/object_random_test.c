// Random changes of a few objects: what listeners were told, what is stored and who owns whom always agree.
#include "embedded/object_collect.h"

#include "base/memory.h"
#include "tests/support/databases.h"

#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS = 6, SEEDS = 15, STEPS = 40 };
static const char *const names[OBJECTS] = {"a", "b", "c", "d", "e", "f"};

struct world {
    unsigned seed;
    char label[32];
    struct object_database *database;
    int64_t now, version;
    char *texts[OBJECTS]; // what listeners were told last; NULL: it is not there
    char uids[OBJECTS][OBJECT_UID_BYTES];
};

static int pick(struct world *world, int count) {
    return (int)((unsigned)rand_r(&world->seed) % (unsigned)count);
}

// --- the mirror ---

static int place_of(const char *name) {
    return name[0] - 'a';
}

static void told_put(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    struct object_stamp stamp;
    int place = place_of(key->name);
    object_stamp_read(object, &stamp);
    expect_true(world->label, stamp.version > world->version, "each change has a higher resourceVersion");
    world->version = stamp.version;
    free(world->texts[place]);
    world->texts[place] = quoted_text(object);
    memcpy(world->uids[place], stamp.uid, OBJECT_UID_BYTES);
}

static void told_removed(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    (void)object;
    char **text = &world->texts[place_of(key->name)];
    expect_true(world->label, *text != NULL, "what is removed was there");
    free(*text);
    *text = NULL;
}

// --- changes ---

// [{...}, ...] with up to two owners, some of them unknown; caller owns.
static char *some_owners(struct world *world) {
    struct buffer text;
    buffer_init(&text, 2000);
    buffer_append_char(&text, '[');
    int count = pick(world, 3);
    for (int i = 0; i < count; i++) {
        int owner = pick(world, OBJECTS + 1);
        const char *uid = owner < OBJECTS && world->uids[owner][0] ? world->uids[owner] : "unknown";
        buffer_printf(&text, "%s{'apiVersion':'v1','kind':'X','name':'x','uid':'%s'}", i ? "," : "", uid);
    }
    buffer_append_char(&text, ']');
    return buffer_take(&text);
}

static char *some_change(struct world *world, bool is_new) {
    CLEANUP(free) char *owners = some_owners(world);
    struct buffer text;
    buffer_init(&text, 4000);
    buffer_printf(&text,
                  "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','spec':{'x':%d},'metadata':{",
                  pick(world, 3));
    buffer_printf(&text, "'labels':{'l':'%d'}", pick(world, 2));
    if (is_new || pick(world, 4) == 0) {
        buffer_printf(&text, ",'ownerReferences':%s", owners);
    }
    if (is_new || pick(world, 2) == 0) {
        buffer_printf(&text, ",'finalizers':%s", pick(world, 3) == 0 ? "['f/a']" : "null");
    }
    buffer_append_text(&text, "},'status':{'y':1}}");
    return buffer_take(&text);
}

static bool change(struct world *world, struct error *error) {
    const struct object_key key = cluster_key(names[pick(world, OBJECTS)]);
    int kind = pick(world, 6);
    if (kind == 0) {
        return object_database_remove(world->database, &key, NULL, NULL, error);
    }
    CLEANUP(free) char *text = some_change(world, kind < 3);
    CLEANUP(document_free) struct document *object = document_of(text);
    CLEANUP(document_free) struct document *answer = NULL;
    const struct node *root = document_root(object);
    switch (kind) {
    case 1:
    case 2:
        return object_database_create(world->database, &key, root, &answer, error);
    case 3:
        return object_database_replace(world->database, &key, root, &answer, error);
    case 4:
        return object_database_patch(world->database, &key, NULL, root, &answer, error);
    default:
        return object_database_patch(world->database, &key, "status", root, &answer, error);
    }
}

static void check_failure(struct world *world, bool done, const struct error *error) {
    bool expected = error->kind == ERROR_NOT_FOUND || error->kind == ERROR_CONFLICT ||
                    strstr(error->message, "can't be added to what is being deleted");
    expect_true(world->label, done || expected, error->message);
}

static void change_some(struct world *world) {
    struct error error = {0};
    if (pick(world, 4) > 0) {
        check_failure(world, change(world, &error), &error);
        return;
    }
    object_database_begin(world->database);
    bool done = true;
    for (int i = 0; i < 3 && done; i++) {
        done = change(world, &error);
        check_failure(world, done, &error);
    }
    if (pick(world, 3) == 0) {
        object_database_rollback(world->database);
        return;
    }
    bool stored = object_database_commit(world->database, &error);
    expect_true(world->label, stored == done, "a group is stored when all of it went well");
}

// --- what must be so ---

static bool compare_one(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    CLEANUP(free) char *text = quoted_text(object);
    expect_text(world->label, text, world->texts[place_of(key->name)]);
    world->now++; // counts
    return true;
}

static bool count_one(void *cookie, const struct object_key *key, const struct node *object) {
    (void)key;
    (void)object;
    ++*(int *)cookie;
    return true;
}

static int mentions(const struct world *world, const char *uid) {
    char reference[64];
    int count = 0;
    (void)snprintf(reference, sizeof(reference), "'name':'x','uid':'%s'", uid);
    for (int i = 0; i < OBJECTS; i++) {
        count += world->texts[i] && strstr(world->texts[i], reference);
    }
    return count;
}

static bool has_living_owner(const struct world *world, const char *text) {
    char reference[64];
    for (int i = 0; i < OBJECTS; i++) {
        (void)snprintf(reference, sizeof(reference), "'name':'x','uid':'%s'", world->uids[i]);
        if (world->texts[i] && strstr(text, reference)) {
            return true;
        }
    }
    return false;
}

static void check(struct world *world) {
    struct error error = {0};
    int64_t before = world->now;
    expect_true(world->label, object_database_each(world->database, compare_one, world, &error),
                error.message);
    int64_t there = 0;
    for (int i = 0; i < OBJECTS; i++) {
        there += world->texts[i] != NULL;
        if (world->texts[i] && strstr(world->texts[i], "ownerReferences")) {
            expect_true(world->label,
                        has_living_owner(world, world->texts[i]) ||
                            strstr(world->texts[i], "deletionTimestamp"),
                        "what has owners has one that is there, or is being deleted");
        }
        int owned = 0;
        expect_true(world->label,
                    object_database_owned(world->database, world->uids[i], count_one, &owned, &error),
                    error.message);
        expect_integer(world->label, owned, mentions(world, world->uids[i]));
    }
    expect_integer(world->label, world->now - before, there);
}

static void test_seeds(void **state) {
    (void)state;
    int64_t changes = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct world world = {.seed = seed, .now = 1772359200000};
        (void)snprintf(world.label, sizeof(world.label), "seed %u", seed);
        world.database = database_in_memory(&world.now);
        const struct object_listener listener = {.put = told_put, .removed = told_removed, .cookie = &world};
        object_database_listen(world.database, &listener);
        for (int step = 0; step < STEPS; step++) {
            change_some(&world);
            check(&world);
        }
        changes += world.version;
        object_database_close(world.database);
        for (int i = 0; i < OBJECTS; i++) {
            free(world.texts[i]);
        }
    }
    expect_true("all seeds", changes > SEEDS * STEPS / 3, "changed much");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
