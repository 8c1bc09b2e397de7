#include "manifest/manifest_files.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Deeper than any repository, and few enough that open directories stay within the usual 1024 descriptors.
enum { DEEPEST_DIRECTORY = 128 };

struct search {
    struct manifest_paths *paths;
    size_t most;
    char root[PATH_MAX]; // resolved: links must not lead out of it
    struct stat above[DEEPEST_DIRECTORY];
    unsigned depth;
    struct error *error;
};

void manifest_paths_clear(struct manifest_paths *paths) {
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->items[i].path);
    }
    free(paths->items);
    *paths = (struct manifest_paths){0};
}

static bool add_path(struct search *search, const char *path, const char *problem) {
    struct manifest_paths *paths = search->paths;
    if (paths->count >= search->most) {
        return error_set(search->error, ERROR_LIMIT, "more than %zu manifest files", search->most);
    }
    if (paths->count == paths->capacity) {
        paths->capacity = paths->capacity ? paths->capacity * 2 : 64;
        paths->items = memory_realloc(paths->items, paths->capacity, sizeof(*paths->items));
    }
    paths->items[paths->count++] = (struct manifest_path){memory_strdup(path), problem};
    return true;
}

static bool is_manifest_name(const char *name) {
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(name + length - ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_inside(const struct search *search, const char *path) {
    char resolved[PATH_MAX];
    size_t length = strlen(search->root);
    return realpath(path, resolved) && strncmp(resolved, search->root, length) == 0 &&
           (resolved[length] == '\0' || resolved[length] == '/' || length == 1);
}

static bool is_above(const struct search *search, const struct stat *directory) {
    for (unsigned i = 0; i < search->depth; i++) {
        if (search->above[i].st_dev == directory->st_dev && search->above[i].st_ino == directory->st_ino) {
            return true;
        }
    }
    return false;
}

static bool search_directory(struct search *search, const char *directory);

static bool visit(struct search *search, const char *path, const char *name) {
    struct stat link;
    struct stat target;
    bool wanted = is_manifest_name(name);
    if (lstat(path, &link) != 0) {
        return true; // it was removed a moment ago
    }
    if (stat(path, &target) != 0) {
        return !wanted || add_path(search, path, "a link to nothing");
    }
    bool directory = S_ISDIR(target.st_mode);
    if (!directory && (!wanted || !S_ISREG(target.st_mode))) {
        return true;
    }
    if (directory && is_above(search, &target)) {
        return true;
    }
    if (S_ISLNK(link.st_mode) && !is_inside(search, path)) {
        return add_path(search, path, "a link that leads out of the directory; name its target as well");
    }
    if (!directory) {
        return add_path(search, path, NULL);
    }
    if (search->depth >= DEEPEST_DIRECTORY) {
        return error_set(search->error, ERROR_LIMIT, "%s: directories nested deeper than %d", path,
                         DEEPEST_DIRECTORY);
    }
    search->above[search->depth++] = target;
    bool good = search_directory(search, path);
    search->depth--;
    return good;
}

static bool search_directory(struct search *search, const char *directory) {
    DIR *stream = opendir(directory);
    if (!stream) {
        return search->depth == 1 ? error_set(search->error, ERROR_IO, "%s: %s", directory, strerror(errno))
                                  : add_path(search, directory, "a directory that can't be read");
    }
    bool good = true;
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    for (struct dirent *entry; good && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        CLEANUP(buffer_clear) struct buffer path;
        buffer_init(&path, PATH_MAX);
        buffer_printf(&path, "%s%s%s", directory, slash, entry->d_name);
        good = visit(search, buffer_text(&path), entry->d_name);
    }
    closedir(stream);
    return good;
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(((const struct manifest_path *)left)->path, ((const struct manifest_path *)right)->path);
}

bool manifest_paths_find(const char *directory, size_t most, struct manifest_paths *paths,
                         struct error *error) {
    struct search *search = memory_calloc(1, sizeof(*search));
    *search = (struct search){.paths = paths, .most = most, .depth = 1, .error = error};
    bool good = realpath(directory, search->root) && stat(directory, &search->above[0]) == 0;
    good = good ? search_directory(search, directory)
                : error_set(error, ERROR_IO, "%s: %s", directory, strerror(errno));
    free(search);
    if (paths->count > 0) {
        qsort(paths->items, paths->count, sizeof(*paths->items), compare_paths);
    }
    return good;
}

bool manifest_file_read(int descriptor, size_t most, char **ret_text, size_t *ret_length,
                        struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, most);
    char chunk[64 * 1024];
    for (;;) {
        ssize_t count = read(descriptor, chunk, sizeof(chunk));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_set(error, ERROR_IO, "%s", strerror(errno));
        }
        if (count == 0) {
            break;
        }
        buffer_append(&text, chunk, (size_t)count);
        if (text.cut) {
            return error_set(error, ERROR_LIMIT, "larger than %zu bytes", most);
        }
    }
    *ret_length = text.length;
    *ret_text = buffer_take(&text);
    return true;
}
