// Did files change? By looking at them, because that also works for ConfigMap volumes, network file systems
// and editors that replace files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILE_WATCH_MOST_PATHS = 4 };

// A zeroed watch sees nothing.
struct file_watch {
    const char *paths[FILE_WATCH_MOST_PATHS]; // files and folders; NULL: none
    uint64_t seen;                            // what was there at the last look
    uint64_t used;                            // what was there when its content was last read
    unsigned unsettled;                       // looks in a row that each saw something else
};

// What is there now counts as read. Call it before reading.
void file_watch_mark(struct file_watch *watch);
// True once, when what is there is not what was read and has not changed between two looks: somebody who
// writes several files gets the time from one look to the next to finish. Who never finishes is not waited
// for.
bool file_watch_look(struct file_watch *watch);
