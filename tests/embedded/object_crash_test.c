#include "embedded/object_database.h"

#include "tests/support/databases.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum { ROUNDS = 8, LONGEST_MS = 60 };

// --- the child: writes and says what was stored, until it is killed ---

// exit, not fail_msg: this is not the test's process.
static void must(bool done) {
    if (!done) {
        _exit(1);
    }
}

// One object, its status, and a group of two that belong together.
static void write_one(struct object_database *database, int round, int number) {
    char name[32];
    struct error error = {0};
    CLEANUP(document_free)
    struct document *object = document_of("{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster'}");
    CLEANUP(document_free) struct document *secret = document_of("{'apiVersion':'v1','kind':'Secret'}");
    CLEANUP(document_free) struct document *status = document_of("{'status':{'phase':'Ready'}}");
    (void)snprintf(name, sizeof(name), "r%d-n%d", round, number);
    struct object_key key = cluster_key(name);
    must(object_database_create(database, &key, document_root(object), NULL, &error));
    must(object_database_patch(database, &key, "status", document_root(status), NULL, &error));
    object_database_begin(database);
    key.namespace = "pair";
    must(object_database_create(database, &key, document_root(object), NULL, &error));
    key.group = "";
    key.kind = "Secret";
    must(object_database_create(database, &key, document_root(secret), NULL, &error));
    must(object_database_commit(database, &error));
}

static void write_until_killed(const struct database_place *place, int round, int answers) {
    const struct object_database_options options = {.path = place->path};
    struct object_database *database = NULL;
    struct error error = {0};
    must(object_database_open(&options, &database, &error));
    for (int number = 0;; number++) {
        write_one(database, round, number);
        must(write(answers, "", 1) == 1);
    }
}

// Returns how many it said were stored.
static int write_and_kill(const struct database_place *place, int round, long after_ms) {
    int answers[2];
    expect_integer("pipe", pipe(answers), 0);
    pid_t child = fork();
    if (child == 0) {
        close(answers[0]);
        write_until_killed(place, round, answers[1]);
    }
    close(answers[1]);
    char answer;
    int count = (int)read(answers[0], &answer, 1);
    expect_integer("a first answer", count, 1);
    const struct timespec wait = {.tv_nsec = after_ms * 1000000};
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    while (read(answers[0], &answer, 1) == 1) {
        count++;
    }
    close(answers[0]);
    int status = 0;
    waitpid(child, &status, 0);
    expect_true("the child", WIFSIGNALED(status), "was killed, and ended by nothing else");
    return count;
}

// --- the parent: what must be there afterwards ---

struct found {
    int clusters, ready, pairs, secrets;
};

static bool count(void *cookie, const struct object_key *key, const struct node *object) {
    struct found *found = cookie;
    if (strcmp(key->kind, "Secret") == 0) {
        found->secrets++;
    } else if (strcmp(key->namespace, "pair") == 0) {
        found->pairs++;
    } else {
        found->clusters++;
        found->ready += node_string(node_get(node_get(object, "status"), "phase")) != NULL;
    }
    return true;
}

static struct found look(const struct database_place *place, bool read_only) {
    const struct object_database_options options = {.path = place->path, .read_only = read_only};
    CLEANUP(object_database_close) struct object_database *database = NULL;
    struct error error = {0};
    struct found found = {0};
    expect_true("opening", object_database_open(&options, &database, &error), error.message);
    expect_true("reading", object_database_each(database, count, &found, &error), error.message);
    return found;
}

static void check_file(const struct database_place *place) {
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *statement = NULL;
    expect_integer("sqlite", sqlite3_open_v2(place->path, &sqlite, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    expect_integer("sqlite", sqlite3_prepare_v2(sqlite, "PRAGMA integrity_check", -1, &statement, NULL),
                   SQLITE_OK);
    expect_integer("sqlite", sqlite3_step(statement), SQLITE_ROW);
    expect_text("the file", (const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
}

// What the child was in the middle of may be there or not; what it had said must be.
static void check_objects(const struct found *before, const struct found *after, int said) {
    int clusters = after->clusters - before->clusters;
    int ready = after->ready - before->ready;
    int pairs = after->pairs - before->pairs;
    expect_true("clusters", clusters == said || clusters == said + 1, "what was said, at most one more");
    expect_true("status", ready >= said && ready <= clusters, "what was said, at most one more");
    expect_true("pairs", pairs >= said && pairs <= ready, "what was said, at most one more");
    expect_integer("both of a pair or none", after->secrets, after->pairs);
}

static void test_killed(void **state) {
    (void)state;
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    unsigned seed = 4;
    struct found before = {0};
    for (int round = 0; round < ROUNDS; round++) {
        int said = write_and_kill(&place, round, rand_r(&seed) % LONGEST_MS);
        // First beside the log that the kill left behind, as "fleetgate get" does; then as the next run does.
        struct found seen = look(&place, true);
        struct found found = look(&place, false);
        expect_true("a reader", memcmp(&seen, &found, sizeof(seen)) == 0, "sees what a writer sees");
        check_file(&place);
        check_objects(&before, &found, said);
        before = found;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
