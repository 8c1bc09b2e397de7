#include "attest/key_file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_cleanup(int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
    }
}

static int take_file(int *file) {
    int taken = *file;
    *file = -1;
    return taken;
}

void key_text_clear(struct key_text *text) {
    if (text->bytes) {
        OPENSSL_cleanse(text->bytes, KEY_FILE_MOST_BYTES + 1);
        free(text->bytes);
    }
    *text = (struct key_text){0};
}

static struct key_text take_text(struct key_text *text) {
    struct key_text taken = *text;
    *text = (struct key_text){0};
    return taken;
}

bool key_text_append(struct key_text *text, const char *bytes, size_t length) {
    if (!text->bytes) {
        text->bytes = memory_alloc(KEY_FILE_MOST_BYTES + 1);
    }
    if (length > KEY_FILE_MOST_BYTES - text->length) {
        return false;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    return true;
}

// O_NONBLOCK: a pipe without a writer would hold up whoever opens it.
static bool open_keys(const char *path, int *ret_file, struct error *error) {
    CLEANUP(close) int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: can't be read: %s", path,
                         strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s: is no file", path);
    }
    // The volume of a Secret is often readable for a group, the pod's fsGroup.
    if (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) {
        return error_set(error, ERROR_INVALID,
                         "%s: keys must be in a file that nobody else may read: chmod 600 %s", path, path);
    }
    *ret_file = take_file(&file);
    return true;
}

bool key_file_read(const char *path, struct key_text *ret_text, struct error *error) {
    CLEANUP(close) int file = -1;
    if (!open_keys(path, &file, error)) {
        return false;
    }
    CLEANUP(key_text_clear) struct key_text text = {.bytes = memory_alloc(KEY_FILE_MOST_BYTES + 1)};
    while (text.length <= KEY_FILE_MOST_BYTES) {
        ssize_t got = read(file, text.bytes + text.length, KEY_FILE_MOST_BYTES + 1 - text.length);
        if (got < 0 && errno != EINTR) {
            return error_set(error, ERROR_IO, "%s: can't be read: %s", path, strerror(errno));
        }
        if (got == 0) {
            *ret_text = take_text(&text);
            return true;
        }
        text.length += got > 0 ? (size_t)got : 0;
    }
    return error_set(error, ERROR_INVALID, "%s: is larger than %d bytes", path, KEY_FILE_MOST_BYTES);
}

static bool write_all(int file, const struct key_text *text) {
    for (size_t written = 0; written < text->length;) {
        ssize_t put = write(file, text->bytes + written, text->length - written);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        written += put > 0 ? (size_t)put : 0;
    }
    return fsync(file) == 0;
}

// Makes temporary, which must not be there. like: whose mode and group it gets; NULL: 0600 and ours.
static bool write_beside(const char *temporary, const struct key_text *text, const struct stat *like,
                         struct error *error) {
    CLEANUP(close) int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return error_set(error, ERROR_IO, "%s: can't be made: %s", temporary, strerror(errno));
    }
    struct stat own;
    // Who could read the old keys must be able to read the new ones.
    bool is_alike = !like || (fstat(file, &own) == 0 &&
                              (own.st_gid == like->st_gid || fchown(file, (uid_t)-1, like->st_gid) == 0) &&
                              fchmod(file, like->st_mode & 0777) == 0);
    if (!is_alike || !write_all(file, text)) {
        error_set(error, ERROR_IO, "%s: can't be written: %s", temporary, strerror(errno));
        unlink(temporary);
        return false;
    }
    return true;
}

static bool name_beside(const char *path, char ret_name[PATH_MAX], struct error *error) {
    int wanted = snprintf(ret_name, PATH_MAX, "%s.%d", path, (int)getpid());
    return wanted < PATH_MAX || error_set(error, ERROR_INVALID, "%s: path too long", path);
}

bool key_file_create(const char *path, const struct key_text *text, struct error *error) {
    char temporary[PATH_MAX];
    if (!name_beside(path, temporary, error) || !write_beside(temporary, text, NULL, error)) {
        return false;
    }
    // A rename would replace what somebody else made in the meantime.
    bool made = link(temporary, path) == 0;
    int why = errno;
    unlink(temporary);
    return made || error_set(error, why == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                             why == EEXIST ? "is there already" : strerror(why));
}

bool key_file_replace(const char *path, const struct key_text *text, struct error *error) {
    char target[PATH_MAX], temporary[PATH_MAX];
    struct stat old;
    if (!realpath(path, target) || stat(target, &old) != 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    if (!name_beside(target, temporary, error) || !write_beside(temporary, text, &old, error)) {
        return false;
    }
    if (rename(temporary, target) != 0) {
        error_set(error, ERROR_IO, "%s: can't be replaced: %s", target, strerror(errno));
        unlink(temporary);
        return false;
    }
    return true;
}
