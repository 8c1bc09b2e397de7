// What a file or a folder with all that lies in it looks like now, as one number: did anything change?
#pragma once

#include <stdint.h>

struct tree_look {
    // Called for every folder before it is read; may be NULL.
    void (*folder)(void *cookie, const char *path);
    void *cookie;
    unsigned deepest, most_entries; // what lies deeper or behind is left out; 0: 32 folders, 200,000 entries
    unsigned entries;               // files and folders that were seen
};

// Names, kinds, sizes and times of change, through links (the swap of a ConfigMap's "..data" shows as another
// inode); hidden names are left out. 0: path is not there.
uint64_t tree_look_at(struct tree_look *look, const char *path);
