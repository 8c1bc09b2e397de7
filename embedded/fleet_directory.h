// Follows a directory of manifests, which may be a git work tree: reads it again when it has changed and
// nobody is writing any more.
#pragma once

#include "loop/event_loop.h"
#include "manifest/manifest.h"

struct fleet_directory;

// Callbacks run on the loop's thread. Everything is borrowed until fleet_directory_free.
struct fleet_directory_options {
    struct event_loop *loop;
    const char *path;
    const struct substitution *substitution; // may be NULL
    int64_t settle_ms;                       // so long nothing may have changed; 0: 300 ms
    int64_t look_ms; // a look even where no change was told; 0: 30 s, or 2 s where the system tells nothing
    // All that is there, also what is broken. Takes ownership.
    void (*changed)(void *cookie, struct manifest_set *manifests);
    // Why it is not read: it is gone, too large, or git is in the middle of something. NULL: that is over.
    void (*troubled)(void *cookie, const char *problem);
    void *cookie;
};

// The first look is in the next turn. Caller owns.
struct fleet_directory *fleet_directory_new(const struct fleet_directory_options *options);
void fleet_directory_free(struct fleet_directory *directory);
DEFINE_CLEANUP(fleet_directory_free, struct fleet_directory *)

// Everything that has happened there was read, as far as is known.
bool fleet_directory_is_quiet(const struct fleet_directory *directory);
