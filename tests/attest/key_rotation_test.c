#include "attest/key_rotation.h"

#include "attest/key_file.h"
#include "tests/support/expect.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

struct folder {
    char path[64], keys[128];
};

static int make_folder(void **state) {
    struct folder *folder = calloc(1, sizeof(*folder));
    snprintf(folder->path, sizeof(folder->path), "/tmp/key_rotation_test.XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->keys, sizeof(folder->keys), "%s/keys", folder->path);
    *state = folder;
    return 0;
}

static int remove_folder(void **state) {
    struct folder *folder = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r '%s'", folder->path);
    assert_int_equal(system(command), 0);
    free(folder);
    return 0;
}

static void write_keys(const struct folder *folder, const char *text, mode_t mode) {
    FILE *file = fopen(folder->keys, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(folder->keys, mode), 0);
}

static void expect_keys(const char *name, const struct folder *folder, const char *text) {
    CLEANUP(key_text_clear) struct key_text read = {0};
    struct error error = {0};
    expect_true(name, key_file_read(folder->keys, &read, &error), error.message);
    read.bytes[read.length] = '\0';
    expect_text(name, read.bytes, text);
}

// Nothing is left beside the file.
static void expect_alone(const char *name, const struct folder *folder, int64_t files) {
    DIR *entries = opendir(folder->path);
    assert_non_null(entries);
    int64_t count = 0;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    expect_integer(name, count, files);
}

static const struct {
    const char *name, *before;
    enum key_step step;
    const char *id;
    const char *after; // NULL: it fails, and the file stays
    const char *error; // a part of the message
    enum error_kind kind;
} steps[] = {
    {"the second signs", "a " KEY_A "\nb " KEY_B "\n", KEY_STEP_USE, "b", "b " KEY_B "\na " KEY_A "\n", NULL,
     0},
    {"it signs already", "a " KEY_A "\nb " KEY_B "\n", KEY_STEP_USE, "a", "a " KEY_A "\nb " KEY_B "\n", NULL,
     0},
    {"behind comments, and without a newline at the end", "# mine\n\na " KEY_A "\n# new\nb\t" KEY_B,
     KEY_STEP_USE, "b", "# mine\n\nb\t" KEY_B "\na " KEY_A "\n# new\n", NULL, 0},
    {"a name that another begins with", "ab " KEY_A "\na " KEY_B "\n", KEY_STEP_USE, "a",
     "a " KEY_B "\nab " KEY_A "\n", NULL, 0},
    {"the second is dropped", "a " KEY_A "\n# b\nb " KEY_B "\n", KEY_STEP_DROP, "b", "a " KEY_A "\n# b\n",
     NULL, 0},
    {"the first is not", "a " KEY_A "\nb " KEY_B "\n", KEY_STEP_DROP, "a", NULL, "the key a signs",
     ERROR_CONFLICT},
    {"the only one is not", "a " KEY_A "\n", KEY_STEP_DROP, "a", NULL, "the key a signs", ERROR_CONFLICT},
    {"one that is not there is not dropped", "a " KEY_A "\n", KEY_STEP_DROP, "b", NULL, "there is no key b",
     ERROR_NOT_FOUND},
    {"one that is not there does not sign", "a " KEY_A "\n", KEY_STEP_USE, "b", NULL, "there is no key b",
     ERROR_NOT_FOUND},
    {"one that is only in a comment does not sign", "a " KEY_A "\n#b " KEY_B "\n", KEY_STEP_USE, "b", NULL,
     "there is no key b", ERROR_NOT_FOUND},
    {"one that is there is not added", "a " KEY_A "\n", KEY_STEP_ADD, "a", NULL, "the key a is there already",
     ERROR_CONFLICT},
    {"no name", "a " KEY_A "\n", KEY_STEP_ADD, "A b", NULL, "an ID is of a-z", ERROR_INVALID},
    {"a long name", "a " KEY_A "\n", KEY_STEP_ADD, "abcdefghijklmnopqrstuvwxyz0123456", NULL,
     "an ID is of a-z", ERROR_INVALID},
    {"a file that does not load", "a " KEY_A "\nb\n", KEY_STEP_USE, "a", NULL, "keys:2: ", ERROR_INVALID},
};

static void steps_change_the_file(void **state) {
    const struct folder *folder = *state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        write_keys(folder, steps[i].before, 0600);
        struct error error = {0};
        bool done = key_rotation_step(folder->keys, steps[i].step, steps[i].id, NULL, &error);
        expect_true(steps[i].name, done == (steps[i].after != NULL), error.message);
        if (!done) {
            expect_text(steps[i].name, error_kind_name(error.kind), error_kind_name(steps[i].kind));
            expect_contains(steps[i].name, error.message, steps[i].error);
        }
        expect_keys(steps[i].name, folder, done ? steps[i].after : steps[i].before);
        expect_alone(steps[i].name, folder, 1);
    }
}

// A whole rotation: what the old key signed is believed until it is dropped.
static void a_rotation_loses_nothing(void **state) {
    const struct folder *folder = *state;
    struct error error = {0};
    char first[KEY_ID_BYTES], second[KEY_ID_BYTES], day[KEY_ID_BYTES];
    assert_true(key_rotation_begin(folder->keys, NULL, first, &error));
    time_t now = time(NULL);
    strftime(day, sizeof(day), "%Y-%m-%d", gmtime(&now));
    expect_text("named after the day", first, day);
    struct stat status;
    assert_int_equal(stat(folder->keys, &status), 0);
    expect_integer("mode", status.st_mode & 0777, 0600);
    unsigned char old[KEY_RING_MAC_BYTES];
    CLEANUP(key_ring_unref) struct key_ring *before = NULL;
    assert_true(key_ring_load(folder->keys, &before, &error));
    assert_true(key_ring_sign(before, NULL, "x", 1, old));

    assert_true(key_rotation_step(folder->keys, KEY_STEP_ADD, NULL, second, &error));
    expect_integer("another name on the same day", strncmp(second, day, strlen(day)), 0);
    expect_text("another name on the same day", second + strlen(day), "-2");
    CLEANUP(key_ring_unref) struct key_ring *added = NULL;
    assert_true(key_ring_load(folder->keys, &added, &error));
    expect_text("the old one signs", key_ring_id(added, 0), first);
    assert_true(key_ring_verify(added, first, "x", 1, old));

    assert_true(key_rotation_step(folder->keys, KEY_STEP_USE, second, NULL, &error));
    CLEANUP(key_ring_unref) struct key_ring *used = NULL;
    assert_true(key_ring_load(folder->keys, &used, &error));
    expect_text("the new one signs", key_ring_id(used, 0), second);
    assert_true(key_ring_verify(used, first, "x", 1, old));

    assert_true(key_rotation_step(folder->keys, KEY_STEP_DROP, first, NULL, &error));
    CLEANUP(key_ring_unref) struct key_ring *dropped = NULL;
    assert_true(key_ring_load(folder->keys, &dropped, &error));
    expect_integer("one key", (int64_t)key_ring_count(dropped), 1);
    assert_false(key_ring_verify(dropped, first, "x", 1, old));
    expect_alone("the rotation", folder, 1);
}

static void a_file_is_not_overwritten(void **state) {
    const struct folder *folder = *state;
    write_keys(folder, "a " KEY_A "\n", 0600);
    struct error error = {0};
    assert_false(key_rotation_begin(folder->keys, "b", NULL, &error));
    expect_text("kind", error_kind_name(error.kind), "conflict");
    expect_contains("message", error.message, "is there already");
    expect_keys("kept", folder, "a " KEY_A "\n");
    expect_alone("kept", folder, 1);
    assert_false(key_rotation_step("/tmp/key_rotation_test.nowhere", KEY_STEP_ADD, "b", NULL, &error));
    expect_text("kind", error_kind_name(error.kind), "not_found");
}

static void the_most_keys(void **state) {
    const struct folder *folder = *state;
    struct error error = {0};
    assert_true(key_rotation_begin(folder->keys, NULL, NULL, &error));
    for (int i = 1; i < KEY_RING_MOST_KEYS; i++) {
        assert_true(key_rotation_step(folder->keys, KEY_STEP_ADD, NULL, NULL, &error));
    }
    assert_false(key_rotation_step(folder->keys, KEY_STEP_ADD, NULL, NULL, &error));
    expect_contains("one more", error.message, "more than 16 keys");
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    assert_true(key_ring_load(folder->keys, &ring, &error));
    expect_integer("keys", (int64_t)key_ring_count(ring), KEY_RING_MOST_KEYS);
}

// Whoever could read the file still can, and a link stays one.
static void mode_and_links_stay(void **state) {
    const struct folder *folder = *state;
    write_keys(folder, "a " KEY_A "\n", 0440);
    char linked[200];
    snprintf(linked, sizeof(linked), "%s/link", folder->path);
    assert_int_equal(symlink("keys", linked), 0);
    struct error error = {0};
    expect_true("through a link", key_rotation_step(linked, KEY_STEP_ADD, "b", NULL, &error), error.message);
    struct stat status;
    assert_int_equal(lstat(folder->keys, &status), 0);
    expect_integer("mode", status.st_mode & 0777, 0440);
    assert_int_equal(lstat(linked, &status), 0);
    expect_true("link", S_ISLNK(status.st_mode), "is one");
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    assert_true(key_ring_load(folder->keys, &ring, &error));
    expect_integer("keys", (int64_t)key_ring_count(ring), 2);
    expect_alone("link", folder, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_change_the_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_rotation_loses_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_is_not_overwritten, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_most_keys, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(mode_and_links_stay, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
