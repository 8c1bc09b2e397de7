#include "webhook/file_watch.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// Policies have one level of folders; a mistake like --policies / must not read the whole disk each second.
enum { DEEPEST = 3, MOST_ENTRIES = 10000, MOST_UNSETTLED = 4 };

static uint64_t mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x100000001b3u;
}

static uint64_t mix_text(uint64_t hash, const char *text) {
    for (; *text; text++) {
        hash = mix(hash, (unsigned char)*text);
    }
    return mix(hash, 0x100);
}

static uint64_t hash_entry(const char *path, const struct stat *status) {
    // Through links: the swap of a ConfigMap's "..data" shows as another inode.
    uint64_t hash = mix_text(0xcbf29ce484222325u, path);
    hash = mix(mix(mix(hash, status->st_dev), status->st_ino), status->st_mode);
    if (S_ISDIR(status->st_mode)) {
        return hash;
    }
    hash = mix(hash, (uint64_t)status->st_size);
    return mix(mix(hash, (uint64_t)status->st_mtim.tv_sec), (uint64_t)status->st_mtim.tv_nsec);
}

// A sum, because a folder shows its entries in any order.
static uint64_t look_at(const char *path, unsigned depth, unsigned *entries) {
    struct stat status = {0};
    if (++*entries > MOST_ENTRIES) {
        return 0;
    }
    if (stat(path, &status) != 0) {
        return mix_text(1, path);
    }
    uint64_t hash = hash_entry(path, &status);
    DIR *folder = S_ISDIR(status.st_mode) && depth < DEEPEST ? opendir(path) : NULL;
    if (!folder) {
        return hash;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char inner[PATH_MAX];
        int wanted = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && wanted < (int)sizeof(inner)) {
            hash += look_at(inner, depth + 1, entries);
        }
    }
    closedir(folder);
    return hash;
}

static uint64_t look(const struct file_watch *watch) {
    uint64_t hash = 0;
    for (size_t i = 0; i < FILE_WATCH_MOST_PATHS; i++) {
        unsigned entries = 0;
        hash += watch->paths[i] ? look_at(watch->paths[i], 0, &entries) * (i + 1) : 0;
    }
    return hash;
}

void file_watch_mark(struct file_watch *watch) {
    watch->seen = watch->used = look(watch);
}

bool file_watch_look(struct file_watch *watch) {
    uint64_t now = look(watch);
    watch->unsettled = now == watch->seen ? 0 : watch->unsettled + 1;
    watch->seen = now;
    bool settled = watch->unsettled == 0 || watch->unsettled >= MOST_UNSETTLED;
    if (!settled || now == watch->used) {
        return false;
    }
    watch->unsettled = 0;
    watch->used = now;
    return true;
}
