// A temporary folder with files, for tests that read some.
#pragma once

#include "tests/support/expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[32];
    char files[8][64]; // of those that were written
    unsigned count;
};

static inline void folder_make(struct folder *folder) {
    *folder = (struct folder){.path = "/tmp/fleetgate-kube.XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
}

// Writes or replaces a file; *ret_path (NULL: not wanted) is its whole name.
static inline void folder_write(struct folder *folder, const char *name, const char *text,
                                char ret_path[128]) {
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
    assert_true(folder->count < 8);
    (void)snprintf(folder->files[folder->count++], sizeof(folder->files[0]), "%s", name);
    if (ret_path) {
        (void)snprintf(ret_path, 128, "%s", path);
    }
}

static inline void folder_remove(struct folder *folder) {
    for (unsigned i = 0; i < folder->count; i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder->path, folder->files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder->path), 0);
}
