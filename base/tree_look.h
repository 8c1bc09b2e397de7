// What a file or a folder with all that lies in it looks like now, as one number: did anything change?
#pragma once

#include <stdint.h>

struct tree_look {
    // Called for every folder before it is read; may be NULL.
    void (*folder)(void *cookie, const char *path);
    void *cookie;
    unsigned entries; // files and folders that were seen
};

// Names, kinds, sizes and times of change, through links; hidden names are left out, and so is what lies
// deeper than 32 folders or behind the first 200,000 entries. 0: path is not there.
uint64_t tree_look_at(struct tree_look *look, const char *path);
