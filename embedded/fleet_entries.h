// What a fleet directory has asked for: one entry for each object that it holds, or that was applied from it.
#pragma once

#include "base/attributes.h"
#include "base/sha256.h"
#include "fleet/object_change.h"

#include <stdint.h>

enum entry_state {
    ENTRY_SETTLED, // as the directory says, or it wants nothing
    ENTRY_DUE,     // to be asked in this round
    ENTRY_HELD,    // waits for something else to go first
    ENTRY_REFUSED, // by a policy
    ENTRY_FAILED,  // it can't be stored as it is
};

struct fleet_entry {
    struct object_key key; // in texts
    char *texts;
    char *file;            // of the manifest, may be NULL
    uint32_t line, column; // 0: not known
    bool wanted;           // it is in the directory now
    bool unreadable;       // so, but in a way that can't be applied
    bool applied;          // it was stored as the directory said
    bool going;            // it is being deleted
    bool gone;             // it went, and that has not been looked at yet
    char applied_digest[SHA256_HEX_BYTES];
    char *manifest; // canonical text that is to be applied; NULL: nothing is
    char manifest_digest[SHA256_HEX_BYTES];
    enum entry_state state;
    uint64_t round; // in which it was seen last
    // Of REFUSED, FAILED and HELD.
    char *verdict;
    char *policies; // that deny: "region-limits, node-counts"
    char *decision; // what the denial calls itself
    enum operation operation;
    uint64_t told; // hash of the verdict that was told; 0: none
};

// Sorted by key once fleet_entries_sort was called.
struct fleet_entries {
    struct fleet_entry **items;
    size_t count, capacity;
    size_t sorted; // so many are
};
void fleet_entries_clear(struct fleet_entries *entries);

// Among the sorted ones; NULL: there is none. Borrowed until the entry is dropped.
struct fleet_entry *fleet_entries_find(const struct fleet_entries *entries, const struct object_key *key);
// Where the sorted ones of this kind and namespace begin.
size_t fleet_entries_begin(const struct fleet_entries *entries, const char *kind, const char *namespace);
// Sorted only after fleet_entries_sort. Borrowed as above.
struct fleet_entry *fleet_entries_add(struct fleet_entries *entries, const struct object_key *key);
// twice is called for each key that was added more than once, with the entry that stays and the one that
// goes.
void fleet_entries_sort(struct fleet_entries *entries,
                        void (*twice)(void *cookie, const struct fleet_entry *stays,
                                      const struct fleet_entry *goes),
                        void *cookie);
// Frees those for which keep says no.
void fleet_entries_filter(struct fleet_entries *entries, bool (*keep)(const struct fleet_entry *entry));

// Copies texts; NULL takes the old one away.
void fleet_entry_set(char **field, const char *text);
// What comes first when entries are to be stored: namespaces, classes and templates, Clusters,
// infrastructure, control planes, pools. Removals come after them, in the order that Cluster API asks for:
// the Cluster before its parts, a namespace last.
int fleet_entry_rank(const struct fleet_entry *entry);
// It is to be removed.
static inline bool fleet_entry_removes(const struct fleet_entry *entry) {
    return !entry->wanted && entry->applied;
}
