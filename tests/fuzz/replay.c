// Feeds files to a fuzz target, so that every compiler replays what the fuzzers found: replay FILE|FOLDER...
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool replay_file(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) {
        perror(path);
        return false;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = memory_alloc(size);
    bool whole = fread(data, 1, size, file) == size;
    fclose(file);
    if (whole) {
        LLVMFuzzerTestOneInput(data, size);
        *count += 1;
    } else {
        fprintf(stderr, "%s: could not be read whole\n", path);
    }
    free(data);
    return whole;
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

// In the order of their names, so that a crash comes at the same place each time.
static bool replay_folder(const char *path, size_t *count) {
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, is_visible, alphasort);
    bool good = found >= 0;
    for (int i = 0; i < found; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        good = replay_file(name, count) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}

int main(int argc, char **argv) {
    bool good = argc > 1;
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        good = (folder ? replay_folder(argv[i], &count) : replay_file(argv[i], &count)) && good;
    }
    fprintf(stderr, "%zu inputs replayed\n", count);
    return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
