#include "base/tree_look.h"

#include "base/hash.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 32, MOST_ENTRIES = 200000 }; // where the caller does not say

static uint64_t hash_entry(const char *path, const struct stat *status) {
    uint64_t hash = hash_text(HASH_START, path);
    hash = hash_number(hash_number(hash_number(hash, status->st_dev), status->st_ino), status->st_mode);
    if (S_ISDIR(status->st_mode)) {
        return hash;
    }
    hash = hash_number(hash, (uint64_t)status->st_size);
    return hash_number(hash_number(hash, (uint64_t)status->st_mtim.tv_sec),
                       (uint64_t)status->st_mtim.tv_nsec);
}

static uint64_t look_at(struct tree_look *look, const char *path, unsigned depth) {
    struct stat status = {0};
    if (++look->entries > look->most_entries || stat(path, &status) != 0) {
        return depth == 0 ? 0 : hash_text(1, path);
    }
    uint64_t hash = hash_entry(path, &status);
    if (!S_ISDIR(status.st_mode) || depth == look->deepest) {
        return hash;
    }
    // Before the names are read: what is added later is told, what was added before is seen.
    if (look->folder) {
        look->folder(look->cookie, path);
    }
    DIR *folder = opendir(path);
    if (!folder) {
        return hash_number(hash, 2);
    }
    // A sum, because a folder shows its entries in any order.
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char inner[PATH_MAX];
        int wanted = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && wanted < (int)sizeof(inner)) {
            hash += look_at(look, inner, depth + 1);
        }
    }
    closedir(folder);
    return hash;
}

uint64_t tree_look_at(struct tree_look *look, const char *path) {
    look->entries = 0;
    look->deepest = look->deepest ? look->deepest : DEEPEST;
    look->most_entries = look->most_entries ? look->most_entries : MOST_ENTRIES;
    return look_at(look, path, 0);
}
