#include "webhook/decision_file.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t patience_ns = 20000000000;

struct scene {
    char folder[64], path[96];
    struct gate_metrics *metrics;
    struct decision_file_options options;
};

static int make_scene(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    strcpy(scene->folder, "/tmp/fleetgate-decisions-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->path, sizeof(scene->path), "%s/log", scene->folder);
    scene->metrics = gate_metrics_new("test");
    scene->options = (struct decision_file_options){
        .path = scene->path, .most_bytes = 1 << 20, .keep = 3, .metrics = scene->metrics};
    *state = scene;
    return 0;
}

static int clear_scene(void **state) {
    struct scene *scene = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", scene->folder);
    assert_int_equal(system(command), 0);
    gate_metrics_free(scene->metrics);
    free(scene);
    return 0;
}

static struct decision_file *open_file(const struct scene *scene) {
    struct decision_file *file = NULL;
    struct error error = {0};
    if (!decision_file_open(&scene->options, &file, &error)) {
        fail_msg("%s", error.message);
    }
    return file;
}

static void put(struct decision_file *file, const char *text) {
    decision_file_put(file, memory_strdup(text), strlen(text));
}

static void expect_file(const char *path, const char *expected) {
    char text[4096] = "";
    FILE *file = fopen(path, "re");
    if (!file) {
        fail_msg("%s is not there", path);
        return;
    }
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    expect_text(path, text, expected);
}

static void expect_count(const struct scene *scene, const char *result, unsigned count) {
    struct buffer text;
    char line[128];
    buffer_init(&text, 1 << 20);
    gate_metrics_write(scene->metrics, &text);
    snprintf(line, sizeof(line), "fleetgate_decision_log_records_total{result=\"%s\"} %u\n", result, count);
    expect_contains("metrics", buffer_text(&text), line);
    buffer_clear(&text);
}

static void test_writes_and_appends(void **state) {
    struct scene *scene = *state;
    struct decision_file *file = open_file(scene);
    put(file, "one\n");
    put(file, "two\n");
    decision_file_close(file, patience_ns);
    file = open_file(scene);
    put(file, "three\n");
    decision_file_close(file, patience_ns);
    expect_file(scene->path, "one\ntwo\nthree\n");
    expect_count(scene, "written", 3);
    struct stat status;
    assert_int_equal(stat(scene->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

// Each line fills the file: the newest three old ones stay.
static void test_rotates(void **state) {
    struct scene *scene = *state;
    scene->options.most_bytes = 6;
    struct decision_file *file = open_file(scene);
    static const char *const lines[] = {"line1\n", "line2\n", "line3\n", "line4\n", "line5\n"};
    for (size_t i = 0; i < 5; i++) {
        put(file, lines[i]);
    }
    put(file, "a line that is longer than a file may be\n");
    decision_file_close(file, patience_ns);
    expect_file(scene->path, "a line that is longer than a file may be\n");
    for (unsigned i = 1; i <= 3; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s.%u", scene->path, i);
        expect_file(path, lines[5 - i]);
    }
    char path[128];
    snprintf(path, sizeof(path), "%s.4", scene->path);
    assert_int_not_equal(access(path, F_OK), 0);
    expect_count(scene, "written", 6);
}

static void wait_for(const char *path) {
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++) {
        usleep(10000);
    }
}

// As logrotate does it: move the file away, then ask for a new one.
static void test_reopens(void **state) {
    struct scene *scene = *state;
    char moved[128];
    snprintf(moved, sizeof(moved), "%s.moved", scene->path);
    struct decision_file *file = open_file(scene);
    put(file, "one\n");
    decision_file_close(file, patience_ns);
    file = open_file(scene);
    assert_int_equal(rename(scene->path, moved), 0);
    decision_file_reopen(file);
    wait_for(scene->path);
    put(file, "two\n");
    decision_file_close(file, patience_ns);
    expect_file(moved, "one\n");
    expect_file(scene->path, "two\n");
}

static void test_full_device(void **state) {
    struct scene *scene = *state;
    scene->options.path = "/dev/full";
    struct decision_file *file = open_file(scene);
    put(file, "one\n");
    put(file, "two\n");
    decision_file_close(file, patience_ns);
    expect_count(scene, "failed", 2);
}

// What fitted of a line is taken back, so that the next one stands alone.
static void test_full_disk(void **state) {
    struct scene *scene = *state;
    struct rlimit before;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 10, .rlim_max = before.rlim_max};
    struct decision_file *file = open_file(scene);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    put(file, "first\n");
    put(file, "does not fit\n");
    put(file, "abc\n");
    decision_file_close(file, patience_ns);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    expect_file(scene->path, "first\nabc\n");
    expect_count(scene, "written", 2);
    expect_count(scene, "failed", 1);
}

// Nobody reads the pipe: handing over never waits, what is too much is dropped, and the end comes.
static void test_stuck_reader(void **state) {
    enum { LINES = 6000 };
    struct scene *scene = *state;
    assert_int_equal(mkfifo(scene->path, 0600), 0);
    int reader = open(scene->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    struct decision_file *file = open_file(scene);
    char *line = memory_calloc(1, 1001);
    memset(line, 'x', 1000);
    line[999] = '\n';
    for (size_t i = 0; i < LINES; i++) {
        put(file, line);
    }
    free(line);
    decision_file_close(file, 1000000);
    close(reader);
    struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(scene->metrics, &text);
    const char *dropped = strstr(buffer_text(&text), "records_total{result=\"dropped\"} ");
    assert_non_null(dropped);
    expect_true("dropped", strtoul(strchr(dropped, '}') + 1, NULL, 10) >= LINES - 4096, "what did not fit");
    buffer_clear(&text);
}

static void test_can_not_open(void **state) {
    struct scene *scene = *state;
    scene->options.path = "/nowhere/at/all";
    struct decision_file *file = NULL;
    struct error error = {0};
    assert_false(decision_file_open(&scene->options, &file, &error));
    expect_error("open", &error, ERROR_IO, "decision log /nowhere/at/all: No such file or directory");
}

struct writer {
    struct decision_file *file;
    pthread_t thread;
};

static void *write_many(void *data) {
    const struct writer *writer = data;
    for (int i = 0; i < 200; i++) {
        put(writer->file, "0123456789\n");
        if (i % 50 == 0) {
            decision_file_reopen(writer->file);
        }
    }
    return NULL;
}

static void test_many_threads(void **state) {
    enum { THREADS = 4 };
    struct scene *scene = *state;
    struct writer writers[THREADS];
    struct decision_file *file = open_file(scene);
    for (size_t i = 0; i < THREADS; i++) {
        writers[i].file = file;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
    }
    decision_file_close(file, patience_ns);
    expect_count(scene, "written", THREADS * 200);
    struct stat status;
    assert_int_equal(stat(scene->path, &status), 0);
    assert_int_equal(status.st_size, THREADS * 200 * 11);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writes_and_appends, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_rotates, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_reopens, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_full_device, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_full_disk, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_stuck_reader, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_can_not_open, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_many_threads, make_scene, clear_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
