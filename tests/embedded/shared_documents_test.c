#include "embedded/shared_documents.h"

#include "base/clock.h"
#include "tests/support/databases.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { THREADS = 4, ROUNDS = 40 };

static uint64_t soon(void) {
    return clock_now_ns() + UINT64_C(10000000000);
}

struct scene {
    struct database_place place;
    struct shared_documents *documents;
};

static const struct shared_store *scene_begin(struct scene *scene) {
    database_place_make(&scene->place);
    scene->documents = shared_documents_new(scene->place.path);
    return shared_documents_store(scene->documents);
}

static void scene_end_cleanup(struct scene *scene) {
    shared_documents_free(scene->documents);
    database_place_remove_cleanup(&scene->place);
}

static void expect_document(const char *name, const struct shared_store *store, const char *document,
                            const char *text, char ret_version[SHARED_VERSION_BYTES]) {
    CLEANUP(free) char *read = NULL;
    struct error error = {0};
    expect_true(name, store->methods->read(store->cookie, document, soon(), &read, ret_version, &error),
                error.message);
    expect_text(name, read ? read : "(none)", text);
}

static bool write_document(const struct shared_store *store, const char *document, const char *text,
                           const char *version, struct error *error) {
    char written[SHARED_VERSION_BYTES];
    *error = (struct error){0};
    return store->methods->write(store->cookie, document, text, version, soon(), written, error);
}

static void test_compare_and_swap(void **state) {
    (void)state;
    CLEANUP(scene_end) struct scene scene;
    const struct shared_store *store = scene_begin(&scene);
    struct error error;
    char none[SHARED_VERSION_BYTES], first[SHARED_VERSION_BYTES], second[SHARED_VERSION_BYTES];
    expect_document("nothing is there", store, "a", "(none)", none);
    expect_text("no version", none, "");
    expect_true("a file", access(scene.place.path, F_OK) != 0, "is not made by reading");
    expect_true("the first", write_document(store, "a", "one", none, &error), error.message);
    expect_document("the first", store, "a", "one", first);
    expect_document("another name", store, "b", "(none)", none);
    expect_true("the next", write_document(store, "a", "two", first, &error), error.message);
    expect_document("the next", store, "a", "two", second);
    static const struct {
        const char *name, *version;
    } stale[] = {{"written since", "1"}, {"made since", ""}, {"never was", "77"}, {"no number", "x"}};
    for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
        expect_true(stale[i].name, !write_document(store, "a", "three", stale[i].version, &error), "refused");
        expect_integer(stale[i].name, error.kind, ERROR_CONFLICT);
        expect_contains(stale[i].name, error.message, scene.place.path);
    }
    expect_document("it stays", store, "a", "two", second);
    struct stat status;
    expect_integer("its mode", stat(scene.place.path, &status), 0);
    expect_integer("its mode", status.st_mode & 0777, 0600);
}

static void test_broken(void **state) {
    (void)state;
    CLEANUP(scene_end) struct scene scene;
    const struct shared_store *store = scene_begin(&scene);
    FILE *file = fopen(scene.place.path, "we");
    expect_true("a file", file && fputs("this is no database, whatever its name may be", file) > 0,
                "is made");
    fclose(file);
    CLEANUP(free) char *text = NULL;
    char version[SHARED_VERSION_BYTES];
    struct error error = {0};
    expect_true("read", !store->methods->read(store->cookie, "a", soon(), &text, version, &error), "refused");
    expect_integer("read", error.kind, ERROR_INVALID);
    expect_contains("read", error.message, scene.place.path);
    expect_true("written", !write_document(store, "a", "one", "", &error), "refused");
    expect_integer("written", error.kind, ERROR_INVALID);
}

// What somebody made half way: a file, and no table in it.
static void test_empty_file(void **state) {
    (void)state;
    CLEANUP(scene_end) struct scene scene;
    const struct shared_store *store = scene_begin(&scene);
    fclose(fopen(scene.place.path, "we"));
    char version[SHARED_VERSION_BYTES];
    struct error error;
    expect_document("empty", store, "a", "(none)", version);
    expect_true("written", write_document(store, "a", "one", version, &error), error.message);
    expect_document("written", store, "a", "one", version);
}

// Somebody holds the file for as long as it takes.
static void test_deadline(void **state) {
    (void)state;
    CLEANUP(scene_end) struct scene scene;
    const struct shared_store *store = scene_begin(&scene);
    struct error error;
    expect_true("the first", write_document(store, "a", "one", "", &error), error.message);
    sqlite3 *holder = NULL;
    expect_integer("opened", sqlite3_open(scene.place.path, &holder), SQLITE_OK);
    expect_integer("held", sqlite3_exec(holder, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    char version[SHARED_VERSION_BYTES];
    uint64_t deadline_ns = clock_now_ns() + 20000000;
    error = (struct error){0};
    expect_true("held", !store->methods->write(store->cookie, "a", "two", "1", deadline_ns, version, &error),
                "refused");
    expect_integer("held", error.kind, ERROR_IO);
    sqlite3_close(holder);
    expect_document("it stays", store, "a", "one", version);
}

// Each adds a letter as often as it can be the first.
static void *add_letters(void *cookie) {
    const struct shared_store *store = cookie;
    for (int done = 0; done < ROUNDS;) {
        CLEANUP(free) char *text = NULL;
        char version[SHARED_VERSION_BYTES], longer[THREADS * ROUNDS + 2];
        struct error error = {0};
        if (!store->methods->read(store->cookie, "a", soon(), &text, version, &error)) {
            return memory_strdup(error.message);
        }
        (void)snprintf(longer, sizeof(longer), "%sx", text ? text : "");
        if (write_document(store, "a", longer, version, &error)) {
            done++;
        } else if (error.kind != ERROR_CONFLICT) {
            return memory_strdup(error.message);
        }
    }
    return NULL;
}

static void test_many_at_once(void **state) {
    (void)state;
    CLEANUP(scene_end) struct scene scene;
    const struct shared_store *store = scene_begin(&scene);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        expect_integer("a thread", pthread_create(&threads[i], NULL, add_letters, (void *)store), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *problem = NULL;
        pthread_join(threads[i], &problem);
        expect_text("a thread", problem ? problem : "", "");
        free(problem);
    }
    CLEANUP(free) char *text = NULL;
    char version[SHARED_VERSION_BYTES];
    struct error error = {0};
    expect_true("all", store->methods->read(store->cookie, "a", soon(), &text, version, &error),
                error.message);
    expect_integer("none is lost", (int64_t)strlen(text), THREADS * ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare_and_swap), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_empty_file),       cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
