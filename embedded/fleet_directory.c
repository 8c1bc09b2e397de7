#include "embedded/fleet_directory.h"

#include "base/memory.h"
#include "base/tree_look.h"
#include "embedded/git_checkout.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    SETTLE_MS = 300,
    PATIENCE_MS = 10 * 1000, // with somebody who never stops writing
    GIT_WORD_MS = 2 * 1000,  // git is that quick when nothing is wrong
    LOOK_MS = 30 * 1000,
    LOOK_UNTOLD_MS = 2 * 1000,
    LOOK_GONE_MS = 1000,
};

struct fleet_directory {
    struct fleet_directory_options options;
    int notices;           // inotify; -1: there is none
    bool untold;           // some folder could not be watched
    bool was_read, failed; // failed: the last reading; it is tried again at every look
    uint64_t used, seen;   // what was there when it was read, and at the last look
    int64_t restless_ms;   // since when something changes; -1: nothing does
    bool told;             // no change was told since the last look: nobody is writing
    event_timer timer;
    char *problem; // that was told last; NULL: none
};

static void look(void *cookie);

static void look_later(struct fleet_directory *directory, int64_t delay_ms) {
    event_loop_cancel(directory->options.loop, directory->timer);
    directory->timer = event_loop_after(directory->options.loop, delay_ms, look, directory);
}

static void tell(struct fleet_directory *directory, const char *problem) {
    const char *old = directory->problem;
    if (old == problem || (old && problem && strcmp(old, problem) == 0)) {
        return;
    }
    free(directory->problem);
    directory->problem = problem ? memory_strdup(problem) : NULL;
    directory->options.troubled(directory->options.cookie, directory->problem);
}

static void note_change(struct fleet_directory *directory) {
    if (directory->restless_ms < 0) {
        directory->restless_ms = event_loop_now_ms(directory->options.loop);
    }
}

static bool is_patience_over(const struct fleet_directory *directory, int64_t patience_ms) {
    return directory->restless_ms >= 0 &&
           event_loop_now_ms(directory->options.loop) - directory->restless_ms >= patience_ms;
}

// Which files changed does not matter: everything is looked at.
static void on_notice(void *cookie) {
    struct fleet_directory *directory = cookie;
    char events[16 * 1024];
    while (read(directory->notices, events, sizeof(events)) > 0) {
    }
    note_change(directory);
    directory->told = true;
    if (!is_patience_over(directory, PATIENCE_MS)) {
        look_later(directory, directory->options.settle_ms);
    }
}

static void watch_folder(void *cookie, const char *path) {
    struct fleet_directory *directory = cookie;
    static const uint32_t what = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM |
                                 IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (directory->notices < 0 || inotify_add_watch(directory->notices, path, what) < 0) {
        directory->untold = true;
    }
}

static uint64_t hash_now(struct fleet_directory *directory) {
    struct tree_look tree = {.folder = watch_folder, .cookie = directory};
    directory->untold = false;
    return tree_look_at(&tree, directory->options.path);
}

static int64_t usual_pause(const struct fleet_directory *directory) {
    if (directory->options.look_ms > 0) {
        return directory->options.look_ms;
    }
    return directory->seen == 0 ? LOOK_GONE_MS : directory->untold ? LOOK_UNTOLD_MS : LOOK_MS;
}

static void rest(struct fleet_directory *directory) {
    directory->restless_ms = -1;
    look_later(directory, usual_pause(directory));
}

// Nothing changed since the look before, or since the last notice; or it never will be so.
static bool has_settled(struct fleet_directory *directory, uint64_t now) {
    bool same = now == directory->seen || !directory->was_read;
    bool quiet = directory->told && !directory->untold;
    directory->seen = now;
    directory->told = false;
    return same || quiet || is_patience_over(directory, PATIENCE_MS);
}

static void read_all(struct fleet_directory *directory) {
    const struct fleet_directory_options *options = &directory->options;
    CLEANUP(manifest_set_free)
    struct manifest_set *manifests = manifest_set_new(NULL, options->substitution);
    struct error error = {0};
    bool good = manifest_set_add_path(manifests, options->path, &error);
    uint64_t now = hash_now(directory);
    if (now != directory->seen && !is_patience_over(directory, PATIENCE_MS)) {
        // It changed under the reading, so what was read may be half of this and half of that.
        directory->seen = now;
        look_later(directory, options->settle_ms);
        return;
    }
    directory->seen = directory->used = now;
    directory->was_read = true;
    directory->failed = !good;
    tell(directory, good ? NULL : error.message);
    rest(directory);
    if (good) {
        options->changed(options->cookie, manifest_set_free_take(&manifests));
    }
}

static void look(void *cookie) {
    struct fleet_directory *directory = cookie;
    directory->timer = 0;
    uint64_t now = hash_now(directory);
    bool settled = has_settled(directory, now);
    if (directory->was_read && now == directory->used && !directory->failed) {
        tell(directory, NULL);
        rest(directory);
        return;
    }
    note_change(directory);
    if (!settled) {
        look_later(directory, directory->options.settle_ms);
        return;
    }
    CLEANUP(buffer_clear) struct buffer why;
    buffer_init(&why, 2 * PATH_MAX);
    if (now != 0 && git_checkout_is_busy(directory->options.path, &why)) {
        if (is_patience_over(directory, GIT_WORD_MS)) {
            tell(directory, buffer_text(&why));
        }
        look_later(directory, directory->options.settle_ms);
        return;
    }
    read_all(directory);
}

struct fleet_directory *fleet_directory_new(const struct fleet_directory_options *options) {
    struct fleet_directory *directory = memory_calloc(1, sizeof(*directory));
    directory->options = *options;
    directory->options.settle_ms = options->settle_ms > 0 ? options->settle_ms : SETTLE_MS;
    directory->restless_ms = -1;
    directory->notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (directory->notices >= 0) {
        event_loop_watch(options->loop, directory->notices, on_notice, directory);
    }
    note_change(directory);
    look_later(directory, 0);
    return directory;
}

void fleet_directory_free(struct fleet_directory *directory) {
    if (!directory) {
        return;
    }
    event_loop_cancel(directory->options.loop, directory->timer);
    if (directory->notices >= 0) {
        event_loop_unwatch(directory->options.loop, directory->notices);
        close(directory->notices);
    }
    free(directory->problem);
    free(directory);
}

bool fleet_directory_is_quiet(const struct fleet_directory *directory) {
    return directory->was_read && directory->restless_ms < 0;
}
