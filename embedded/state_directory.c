#include "embedded/state_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_one(const char *path, struct error *error) {
    struct stat status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "%s: can't be made: %s", path, strerror(errno));
    }
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s: is no folder", path);
    }
    return true;
}

bool state_directory_make(const char *path, struct error *error) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof(part)) {
        return error_set(error, ERROR_INVALID, "the path of the state is too long");
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (!make_one(part, error)) {
            return false;
        }
    }
    return true;
}

static bool write_all(int descriptor, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, text, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

// Whole or not at all: half a key would be refused at the next start.
static bool write_file(const char *folder, const char *path, const struct buffer *text, struct error *error) {
    char temporary[PATH_MAX];
    int wanted = snprintf(temporary, sizeof(temporary), "%s.new", path);
    (void)unlink(temporary);
    int descriptor = wanted < (int)sizeof(temporary)
                         ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)
                         : -1;
    bool done = descriptor >= 0 && write_all(descriptor, buffer_text(text), text->length) &&
                fsync(descriptor) == 0 && rename(temporary, path) == 0;
    int cause = errno;
    if (descriptor >= 0) {
        close(descriptor);
    }
    int above = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above >= 0) {
        fsync(above);
        close(above);
    }
    return done || error_set(error, ERROR_IO, "%s: can't be written: %s", path, strerror(cause));
}

static bool use_new_key(const char *folder, const char *file, struct key_ring **ret_ring,
                        struct error *error) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 4096);
    bool done = key_ring_new_line("run-1", &line, error) &&
                (!file || write_file(folder, file, &line, error)) &&
                key_ring_parse(buffer_text(&line), line.length, file ? file : "keys", ret_ring, error);
    if (line.data) {
        explicit_bzero(line.data, line.length);
    }
    return done;
}

bool state_directory_keys(const char *path, struct key_ring **ret_ring, struct error *error) {
    char file[PATH_MAX];
    struct stat status;
    if (!path) {
        return use_new_key(NULL, NULL, ret_ring, error);
    }
    if (snprintf(file, sizeof(file), "%s/keys", path) >= (int)sizeof(file)) {
        return error_set(error, ERROR_INVALID, "the path of the state is too long");
    }
    if (stat(file, &status) != 0 && errno == ENOENT) {
        return use_new_key(path, file, ret_ring, error);
    }
    return key_ring_load(file, ret_ring, error);
}
