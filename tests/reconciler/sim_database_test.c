// What the embedded cloud keeps: it outlives its process, goes on where time is now, and touches no file of
// somebody else.
#include "tests/reconciler/cloud_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

static void make_path(char path[PATH_BYTES]) {
    snprintf(path, PATH_BYTES, "/tmp/fleetgate-sim-%d.db", (int)getpid());
}

static void remove_files(const char *path) {
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        char name[PATH_BYTES + 16];
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
}

static struct provider_request create_request(void) {
    return (struct provider_request){.action = ACTION_CREATE_CLUSTER,
                                     .target = cloud_target(),
                                     .token = "c",
                                     .version = "1.30.1",
                                     .replicas = 3};
}

static void test_goes_on(void **state) {
    (void)state;
    char path[PATH_BYTES];
    make_path(path);
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_open(&cloud, &(struct sim_options){.path = path, .seed = 5});
    struct provider_request request = create_request();
    cloud_start(&cloud, &request, &heard);
    char operation[64];
    memcpy(operation, heard.operation, sizeof(operation));
    cloud_pass(&cloud, MINUTE_MS);
    cloud_restart(&cloud);
    cloud_poll(&cloud, &request.target, operation, &heard);
    expect_integer("still runs", heard.error.kind, ERROR_NONE);
    expect_integer("still runs", heard.state, OPERATION_RUNNING);
    cloud_start(&cloud, &request, &heard);
    expect_text("the same operation", heard.operation, operation);

    sim_free(cloud.sim);
    cloud.sim = NULL;
    cloud_pass(&cloud, 60 * MINUTE_MS); // while nobody looks
    cloud_restart(&cloud);
    CLEANUP(free) char *text = cloud_print(&cloud);
    expect_text("time went on", text, "eu a owner o active 1.30.1>1.30.1 cp 3/3 a.eu.sim.invalid:6443 \n");
    cloud_close(&cloud);
    remove_files(path);
}

// Every answer that was given before the process was killed is true after it.
static void test_kill(void **state) {
    (void)state;
    char path[PATH_BYTES];
    make_path(path);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct cloud cloud;
        cloud_open(&cloud, &(struct sim_options){.path = path, .seed = 5});
        struct provider_request request = create_request();
        struct heard heard = {0};
        cloud_start(&cloud, &request, &heard);
        (void)!write(pipes[1], heard.operation, sizeof(heard.operation));
        kill(getpid(), SIGKILL);
    }
    char operation[64] = "";
    assert_int_equal(read(pipes[0], operation, sizeof(operation)), sizeof(operation));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(pipes[0]);
    close(pipes[1]);

    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_open(&cloud, &(struct sim_options){.path = path, .seed = 5});
    struct provider_target target = cloud_target();
    cloud_poll(&cloud, &target, operation, &heard);
    expect_integer("known", heard.error.kind, ERROR_NONE);
    CLEANUP(free) char *text = cloud_print(&cloud);
    expect_contains("there", text, "eu a owner o creating");
    cloud_close(&cloud);
    remove_files(path);
}

static void test_one_process(void **state) {
    (void)state;
    char path[PATH_BYTES];
    make_path(path);
    struct cloud cloud;
    cloud_open(&cloud, &(struct sim_options){.path = path});
    struct sim *second = NULL;
    struct error error = {0};
    assert_false(sim_open(&cloud.options, &second, &error));
    assert_null(second);
    expect_integer("second", error.kind, ERROR_LIMIT);
    expect_contains("second", error.message, "another process has it open");
    cloud_close(&cloud);
    remove_files(path);
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void run_sql(const char *path, const char *text) {
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void test_refused_files(void **state) {
    (void)state;
    static const struct {
        const char *name, *content, *sql;
        enum error_kind kind;
        const char *message;
    } cases[] = {
        {"a text",
         "This is a text, and it is longer than any header of a database would be, so it is read.\n", NULL,
         ERROR_INVALID, "this is not a database"},
        {"somebody else's", NULL, "CREATE TABLE users (name TEXT)", ERROR_INVALID,
         "this is a database of something else"},
        {"tagged by somebody else", NULL, "PRAGMA application_id = 7", ERROR_INVALID,
         "this is a database of something else"},
        {"from the future", NULL, "PRAGMA application_id = 1179079501; PRAGMA user_version = 2",
         ERROR_INVALID, "this is version 2; this fleetgate reads version 1"},
    };
    char path[PATH_BYTES];
    make_path(path);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        remove_files(path);
        if (cases[i].content) {
            write_text(path, cases[i].content);
        } else {
            run_sql(path, cases[i].sql);
        }
        CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(CLOUD_START_MS);
        struct sim *sim = NULL;
        struct error error = {0};
        expect_true(cases[i].name, !sim_open(&(struct sim_options){.loop = loop, .path = path}, &sim, &error),
                    "refused");
        expect_integer(cases[i].name, error.kind, cases[i].kind);
        expect_contains(cases[i].name, error.message, cases[i].message);
        expect_contains(cases[i].name, error.message, path);
    }
    remove_files(path);
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(CLOUD_START_MS);
    struct sim *sim = NULL;
    struct error error = {0};
    assert_false(sim_open(&(struct sim_options){.loop = loop, .path = "/nowhere/at/all.db"}, &sim, &error));
    expect_integer("no folder", error.kind, ERROR_IO);
}

// What can't be stored is not told: it may or may not have been carried out.
static void test_unwritable(void **state) {
    (void)state;
    char path[PATH_BYTES];
    make_path(path);
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_open(&cloud, &(struct sim_options){.path = path});
    cloud_close(&cloud);
    // A trigger stands for a disk that is full.
    run_sql(path, "CREATE TRIGGER full BEFORE INSERT ON machine WHEN new.number = 1"
                  " BEGIN SELECT RAISE(FAIL, 'no space'); END");
    cloud_open(&cloud, &(struct sim_options){.path = path});
    struct provider_request request = create_request();
    cloud_start(&cloud, &request, &heard);
    expect_integer("no machine yet", heard.error.kind, ERROR_NONE);
    cloud_pass(&cloud, 2 * MINUTE_MS);
    cloud_observe(&cloud, &request.target, &heard);
    expect_integer("observe", heard.error.kind, ERROR_IO);
    expect_contains("observe", heard.error.message, "no space");
    cloud_restart(&cloud);
    cloud_observe(&cloud, &request.target, &heard);
    expect_integer("again", heard.error.kind, ERROR_IO);
    cloud_close(&cloud);
    remove_files(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),     cmocka_unit_test(test_kill),
        cmocka_unit_test(test_one_process), cmocka_unit_test(test_refused_files),
        cmocka_unit_test(test_unwritable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
