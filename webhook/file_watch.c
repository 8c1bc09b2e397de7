#include "webhook/file_watch.h"

#include "base/tree_look.h"

// Policies have one level of folders; a mistake like --policies / must not read the whole disk each second.
enum { DEEPEST = 3, MOST_ENTRIES = 10000, MOST_UNSETTLED = 4 };

static uint64_t look(const struct file_watch *watch) {
    uint64_t hash = 0;
    for (size_t i = 0; i < FILE_WATCH_MOST_PATHS; i++) {
        struct tree_look tree = {.deepest = DEEPEST, .most_entries = MOST_ENTRIES};
        hash += watch->paths[i] ? tree_look_at(&tree, watch->paths[i]) * (i + 1) : 0;
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
