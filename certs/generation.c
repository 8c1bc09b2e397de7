#include "certs/generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = sizeof("..0123456789abcdef") };
#define CURRENT_LINK "..data"

static void close_fd_cleanup(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

static bool fail(struct error *error, const char *what, const char *name) {
    return error_set(error, ERROR_IO, "can't %s %s: %s", what, name, strerror(errno));
}

static bool write_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        text += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_file(int directory, const struct generation_file *file, struct error *error) {
    CLEANUP(close_fd)
    int fd = openat(directory, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file->mode);
    if (fd < 0 || fchmod(fd, file->mode) != 0 || !write_all(fd, file->text, strlen(file->text)) ||
        fsync(fd) != 0) {
        return fail(error, "write", file->name);
    }
    return true;
}

static bool write_generation(int directory, const char *name, const struct generation_file *files,
                             size_t count, struct error *error) {
    if (mkdirat(directory, name, 0755) != 0) {
        return fail(error, "make", name);
    }
    CLEANUP(close_fd) int generation = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (generation < 0) {
        return fail(error, "open", name);
    }
    for (size_t i = 0; i < count; i++) {
        if (!write_file(generation, &files[i], error)) {
            return false;
        }
    }
    return fchmod(generation, 0755) == 0 && fsync(generation) == 0 ? true : fail(error, "sync", name);
}

// Puts a link at name in one step, whatever stood there.
static bool place_link(int directory, const char *target, const char *name, struct error *error) {
    char temporary[300];
    snprintf(temporary, sizeof(temporary), "..new.%s", name);
    unlinkat(directory, temporary, 0);
    if (symlinkat(target, directory, temporary) != 0 ||
        renameat(directory, temporary, directory, name) != 0) {
        return fail(error, "link", name);
    }
    return true;
}

// The links of files that are not there may be made first: they lead nowhere until the generation is shown,
// so that all files appear at once. Those that replace a file come after.
static bool place_links(int directory, const struct generation_file *files, size_t count, bool missing,
                        struct error *error) {
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        bool is_missing = fstatat(directory, files[i].name, &status, AT_SYMLINK_NOFOLLOW) != 0;
        char target[300];
        snprintf(target, sizeof(target), CURRENT_LINK "/%s", files[i].name);
        if (is_missing == missing && (is_missing || !S_ISLNK(status.st_mode)) &&
            !place_link(directory, target, files[i].name, error)) {
            return false;
        }
    }
    return true;
}

static bool is_generation_name(const char *name) {
    return strlen(name) == NAME_BYTES - 1 && strncmp(name, "..", 2) == 0 &&
           strspn(name + 2, "0123456789abcdef") == NAME_BYTES - 3;
}

static void remove_generation(int directory, const char *name) {
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        close_fd_cleanup(&fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries));) {
        unlinkat(fd, entry->d_name, 0);
    }
    closedir(entries);
    unlinkat(directory, name, AT_REMOVEDIR);
}

// Also what a crash left behind.
static void remove_others(int directory, const char *keep) {
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        close_fd_cleanup(&fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (is_generation_name(entry->d_name) && strcmp(entry->d_name, keep) != 0) {
            remove_generation(directory, entry->d_name);
        }
    }
    closedir(entries);
}

static bool make_name(char name[NAME_BYTES], struct error *error) {
    unsigned char bytes[8];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return fail(error, "get", "random bytes");
    }
    memcpy(name, "..", sizeof(".."));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(name + 2 + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

bool generation_write(const char *directory, const struct generation_file *files, size_t count,
                      struct error *error) {
    CLEANUP(close_fd) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail(error, "open", directory);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return error_set(error, ERROR_CONFLICT, "%s: somebody else is writing certificates there", directory);
    }
    char name[NAME_BYTES];
    if (!make_name(name, error)) {
        return error_wrap(error, "%s", directory);
    }
    if (!write_generation(fd, name, files, count, error) || !place_links(fd, files, count, true, error) ||
        !place_link(fd, name, CURRENT_LINK, error)) {
        remove_generation(fd, name);
        return error_wrap(error, "%s", directory);
    }
    if (!place_links(fd, files, count, false, error)) {
        return error_wrap(error, "%s", directory);
    }
    fsync(fd);
    remove_others(fd, name);
    return true;
}
