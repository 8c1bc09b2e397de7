#include "attest/key_ring.h"

#include "attest/key_file.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct {
    const char *name, *text;
    const char *ids;   // of the keys, in order
    const char *error; // NULL: it loads
} files[] = {
    {"one key", "a " KEY "\n", "a", NULL},
    {"no newline at the end", "a " KEY, "a", NULL},
    {"two keys, the first signs", "new " KEY "\nold-1 " KEY "\n", "new old-1", NULL},
    {"comments, empty lines, tabs and carriage returns", "# keys\r\n\r\na\t " KEY " \r\n\n# end", "a", NULL},
    {"33 bytes", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n", "a", NULL},
    {"34 bytes", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==\n", "a", NULL},
    {"the longest ID", "abcdefghijklmnopqrstuvwxyz012345 " KEY, "abcdefghijklmnopqrstuvwxyz012345", NULL},
    {"empty", "", NULL, "keys: there is no key in it"},
    {"only a comment", "# a " KEY "\n", NULL, "keys: there is no key in it"},
    {"an ID too long", "abcdefghijklmnopqrstuvwxyz0123456 " KEY, NULL,
     "keys:1: want ID BASE64, with an ID of a-z, 0-9 and -, at most 32"},
    {"an ID with a dot", "\na.b " KEY, NULL,
     "keys:2: want ID BASE64, with an ID of a-z, 0-9 and -, at most 32"},
    {"a key alone", KEY, NULL, "keys:1: want ID BASE64, with an ID of a-z, 0-9 and -, at most 32"},
    {"an ID alone", "a\n", NULL, "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"31 bytes", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"hexadecimal digits", "a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f-\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"no padding", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"padding inside", "a AAEC=wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"too much padding", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ=====\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"bits past the end", "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n", NULL,
     "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"two words", "a " KEY " " KEY "\n", NULL, "keys:1: the key a is not 32 to 256 bytes in Base64"},
    {"the same ID twice", "a " KEY "\na " KEY "\n", NULL, "keys:2: the key a is there twice"},
};

static void test_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
        struct error error = {0};
        bool parsed = key_ring_parse(files[i].text, strlen(files[i].text), "keys", &ring, &error);
        expect_true(files[i].name, parsed == (files[i].error == NULL), files[i].error ? "fails" : "loads");
        if (!parsed) {
            expect_error(files[i].name, &error, ERROR_INVALID, files[i].error);
            continue;
        }
        CLEANUP(buffer_clear) struct buffer ids;
        buffer_init(&ids, 1000);
        for (size_t n = 0; n < key_ring_count(ring); n++) {
            buffer_printf(&ids, "%s%s", n ? " " : "", key_ring_id(ring, n));
        }
        expect_text(files[i].name, buffer_text(&ids), files[i].ids);
    }
}

// Whatever is wrong in a line, its key is not repeated.
static void test_never_tells_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
        struct error error = {0};
        if (!key_ring_parse(files[i].text, strlen(files[i].text), "keys", &ring, &error)) {
            expect_true(files[i].name, !strstr(error.message, "AAEC") && !strstr(error.message, "0001"),
                        "the message holds no key");
        }
    }
}

static void test_nul_bytes(void **state) {
    (void)state;
    static const char text[] = "a\0 " KEY "\n\0\n";
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    struct error error = {0};
    assert_false(key_ring_parse(text, sizeof(text) - 1, "keys", &ring, &error));
    static const char end[] = "a " KEY "\0\n";
    assert_false(key_ring_parse(end, sizeof(end) - 1, "keys", &ring, &error));
    assert_null(ring);
}

static void test_limits(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 100000);
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    struct error error = {0};
    for (int i = 0; i < KEY_RING_MOST_KEYS; i++) {
        buffer_printf(&text, "key-%d %s\n", i, KEY);
    }
    assert_true(key_ring_parse(buffer_text(&text), text.length, "keys", &ring, &error));
    expect_integer("sixteen keys", (int64_t)key_ring_count(ring), KEY_RING_MOST_KEYS);
    buffer_append_text(&text, "one-more " KEY "\n");
    struct key_ring *none = NULL;
    assert_false(key_ring_parse(buffer_text(&text), text.length, "keys", &none, &error));
    expect_error("one more", &error, ERROR_INVALID, "keys:17: more than 16 keys");

    buffer_truncate(&text, 0);
    buffer_append_text(&text, "a ");
    for (int i = 0; i < 600; i++) {
        buffer_append_char(&text, 'A');
    }
    assert_false(key_ring_parse(buffer_text(&text), text.length, "keys", &none, &error));
    expect_error("a long line", &error, ERROR_INVALID, "keys:1: the line is longer than 511 bytes");
    buffer_truncate(&text, 2 + 344);
    assert_false(key_ring_parse(buffer_text(&text), text.length, "keys", &none, &error));
    expect_error("258 bytes", &error, ERROR_INVALID, "keys:1: the key a is not 32 to 256 bytes in Base64");
    assert_null(none);
}

static void test_new_line(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1000);
    struct error error = {0};
    assert_true(key_ring_new_line("a", &text, &error));
    assert_true(key_ring_new_line("b", &text, &error));
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    assert_true(key_ring_parse(buffer_text(&text), text.length, "keys", &ring, &error));
    expect_integer("both load", (int64_t)key_ring_count(ring), 2);
    unsigned char first[KEY_RING_MAC_BYTES], second[KEY_RING_MAC_BYTES];
    assert_true(key_ring_sign(ring, "a", "x", 1, first));
    assert_true(key_ring_sign(ring, "b", "x", 1, second));
    assert_memory_not_equal(first, second, sizeof(first));
    static const char *const wrong[] = {
        "", "A", "a b", "a.b", "a/b", "\n", "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        expect_true(wrong[i], !key_ring_new_line(wrong[i], &text, &error), "is no ID");
        expect_text(wrong[i], error_kind_name(error.kind), "invalid");
    }
}

// RFC 4231, test case 6: a key of 131 bytes.
static void test_vector(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1000);
    buffer_append_text(&text, "other " KEY "\na ");
    for (int i = 0; i < 43; i++) {
        buffer_append_text(&text, "qqqq");
    }
    buffer_append_text(&text, "qqo=\n");
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    struct error error = {0};
    assert_true(key_ring_parse(buffer_text(&text), text.length, "keys", &ring, &error));
    static const char message[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    static const unsigned char wanted[KEY_RING_MAC_BYTES] = {
        0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f,
        0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54};
    unsigned char mac[KEY_RING_MAC_BYTES];
    assert_true(key_ring_sign(ring, "a", message, strlen(message), mac));
    assert_memory_equal(mac, wanted, sizeof(wanted));
    assert_true(key_ring_verify(ring, "a", message, strlen(message), mac));
    assert_false(key_ring_verify(ring, "other", message, strlen(message), mac));
    assert_false(key_ring_verify(ring, "nobody", message, strlen(message), mac));
    assert_false(key_ring_verify(ring, NULL, message, strlen(message), mac));
    assert_false(key_ring_verify(ring, "a", message, strlen(message) - 1, mac));
    mac[31] ^= 1;
    assert_false(key_ring_verify(ring, "a", message, strlen(message), mac));
    assert_false(key_ring_sign(ring, "nobody", message, strlen(message), mac));
    assert_true(key_ring_sign(ring, NULL, message, strlen(message), mac));
    assert_true(key_ring_verify(ring, "other", message, strlen(message), mac));
}

// ---- on disk ----

struct folder {
    char path[64], keys[128];
};

static void folder_make(struct folder *folder) {
    snprintf(folder->path, sizeof(folder->path), "/tmp/key_ring_test.XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->keys, sizeof(folder->keys), "%s/keys", folder->path);
}

static void folder_write(const struct folder *folder, const char *text, size_t length, mode_t mode) {
    FILE *file = fopen(folder->keys, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    assert_int_equal(chmod(folder->keys, mode), 0);
}

static void folder_remove(const struct folder *folder) {
    unlink(folder->keys);
    rmdir(folder->path);
}

static void test_modes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
        bool good;
    } modes[] = {
        {"only mine", 0600, true},
        {"only mine, and never written", 0400, true},
        {"a volume with fsGroup", 0440, true},
        {"a group may read", 0640, true},
        {"a group may write", 0660, false},
        {"all may read", 0444, false},
        {"all may write", 0602, false},
    };
    struct folder folder;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        folder_write(&folder, "a " KEY "\n", strlen("a " KEY "\n"), modes[i].mode);
        CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
        struct error error = {0};
        expect_true(modes[i].name, key_ring_load(folder.keys, &ring, &error) == modes[i].good,
                    modes[i].good ? "loads" : "fails");
        if (!modes[i].good) {
            expect_text(modes[i].name, error_kind_name(error.kind), "invalid");
            expect_contains(modes[i].name, error.message, "chmod 600");
        }
        unlink(folder.keys);
    }
    folder_remove(&folder);
}

// As the kubelet lays out a volume: keys -> ..data/keys, ..data -> ..2026.
static void test_volume(void **state) {
    (void)state;
    struct folder folder;
    folder_make(&folder);
    char inner[200], data[200], link[200];
    snprintf(inner, sizeof(inner), "%s/..2026", folder.path);
    snprintf(data, sizeof(data), "%s/..data", folder.path);
    snprintf(link, sizeof(link), "%s/..2026/keys", folder.path);
    assert_int_equal(mkdir(inner, 0755), 0);
    folder_write(&folder, "a " KEY "\n", strlen("a " KEY "\n"), 0440);
    assert_int_equal(rename(folder.keys, link), 0);
    assert_int_equal(symlink("..2026", data), 0);
    assert_int_equal(symlink("..data/keys", folder.keys), 0);
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    struct error error = {0};
    expect_true("through links", key_ring_load(folder.keys, &ring, &error), error.message);
    unlink(link);
    rmdir(inner);
    unlink(data);
    folder_remove(&folder);
}

static void test_no_files(void **state) {
    (void)state;
    struct folder folder;
    folder_make(&folder);
    struct key_ring *ring = NULL;
    struct error error = {0};
    assert_false(key_ring_load(folder.keys, &ring, &error));
    expect_text("absent", error_kind_name(error.kind), "not_found");
    assert_false(key_ring_load(folder.path, &ring, &error));
    expect_text("a folder", error_kind_name(error.kind), "invalid");
    assert_int_equal(mkfifo(folder.keys, 0600), 0);
    assert_false(key_ring_load(folder.keys, &ring, &error));
    expect_text("a pipe", error_kind_name(error.kind), "invalid");
    unlink(folder.keys);
    char *large = memory_calloc(1, KEY_FILE_MOST_BYTES + 1);
    memset(large, '\n', KEY_FILE_MOST_BYTES + 1);
    folder_write(&folder, large, KEY_FILE_MOST_BYTES + 1, 0600);
    assert_false(key_ring_load(folder.keys, &ring, &error));
    expect_contains("too large", error.message, "larger than 65536 bytes");
    free(large);
    assert_null(ring);
    folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),     cmocka_unit_test(test_never_tells_keys),
        cmocka_unit_test(test_nul_bytes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_new_line),  cmocka_unit_test(test_vector),
        cmocka_unit_test(test_modes),     cmocka_unit_test(test_volume),
        cmocka_unit_test(test_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
