#include "embedded/fleet_entries.h"

#include "base/memory.h"
#include "fleet/kind_table.h"

#include <string.h>

enum { RANK_CLUSTER = 5, RANK_REMOVAL = 100 };

static void free_entry(struct fleet_entry *entry) {
    free(entry->texts);
    free(entry->file);
    free(entry->manifest);
    free(entry->verdict);
    free(entry->policies);
    free(entry->decision);
    free(entry);
}

void fleet_entries_clear(struct fleet_entries *entries) {
    for (size_t i = 0; i < entries->count; i++) {
        free_entry(entries->items[i]);
    }
    free(entries->items);
    *entries = (struct fleet_entries){0};
}

static int compare_keys(const struct object_key *a, const struct object_key *b) {
    int order = strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->namespace, b->namespace);
    order = order ? order : strcmp(a->name, b->name);
    return order ? order : strcmp(a->group, b->group);
}

// The first sorted one that is not before the key.
static size_t lower_bound(const struct fleet_entries *entries, const struct object_key *key) {
    size_t low = 0;
    size_t high = entries->sorted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&entries->items[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct fleet_entry *fleet_entries_find(const struct fleet_entries *entries, const struct object_key *key) {
    size_t at = lower_bound(entries, key);
    bool found = at < entries->sorted && compare_keys(&entries->items[at]->key, key) == 0;
    return found ? entries->items[at] : NULL;
}

size_t fleet_entries_begin(const struct fleet_entries *entries, const char *kind, const char *namespace) {
    const struct object_key first = {.group = "", .kind = kind, .namespace = namespace, .name = ""};
    return lower_bound(entries, &first);
}

struct fleet_entry *fleet_entries_add(struct fleet_entries *entries, const struct object_key *key) {
    struct fleet_entry *entry = memory_calloc(1, sizeof(*entry));
    entry->texts = object_key_copy(key, &entry->key);
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity ? 2 * entries->capacity : 64;
        entries->items = memory_realloc(entries->items, entries->capacity, sizeof(struct fleet_entry *));
    }
    entries->items[entries->count++] = entry;
    return entry;
}

// Of one key, the one that stands first in the directory comes first.
static int compare_entries(const void *left, const void *right) {
    const struct fleet_entry *a = *(const struct fleet_entry *const *)left;
    const struct fleet_entry *b = *(const struct fleet_entry *const *)right;
    int order = compare_keys(&a->key, &b->key);
    order = order ? order : strcmp(a->file ? a->file : "", b->file ? b->file : "");
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

void fleet_entries_sort(struct fleet_entries *entries,
                        void (*twice)(void *cookie, const struct fleet_entry *stays,
                                      const struct fleet_entry *goes),
                        void *cookie) {
    if (entries->count == 0 || entries->sorted == entries->count) {
        return;
    }
    qsort(entries->items, entries->count, sizeof(struct fleet_entry *), compare_entries);
    size_t kept = 1;
    for (size_t i = 1; i < entries->count; i++) {
        struct fleet_entry *entry = entries->items[i];
        if (compare_keys(&entries->items[kept - 1]->key, &entry->key) == 0) {
            twice(cookie, entries->items[kept - 1], entry);
            free_entry(entry);
        } else {
            entries->items[kept++] = entry;
        }
    }
    entries->count = entries->sorted = kept;
}

void fleet_entries_filter(struct fleet_entries *entries, bool (*keep)(const struct fleet_entry *entry)) {
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++) {
        if (keep(entries->items[i])) {
            entries->items[kept++] = entries->items[i];
        } else {
            free_entry(entries->items[i]);
        }
    }
    entries->count = entries->sorted = kept;
}

void fleet_entry_set(char **field, const char *text) {
    char *copy = text ? memory_strdup(text) : NULL;
    free(*field);
    *field = copy;
}

static int rank_of(const struct object_key *key) {
    static const int ranks[] = {
        [KIND_MACHINE_TEMPLATE] = 3,
        [KIND_CLASS] = 4,
        [KIND_CLUSTER] = RANK_CLUSTER,
        [KIND_INFRASTRUCTURE_CLUSTER] = 6,
        [KIND_CONTROL_PLANE] = 7,
        [KIND_INFRASTRUCTURE_POOL] = 8,
        [KIND_POOL] = 9,
        [KIND_PART] = 10,
    };
    if (!*key->group && strcmp(key->kind, "Namespace") == 0) {
        return 0;
    }
    struct kind_match match = kind_table_find(key->group, key->kind);
    if (!match.entry) {
        return strcmp(key->kind, "CustomResourceDefinition") == 0 ? 1 : 2;
    }
    return match.is_template ? ranks[KIND_MACHINE_TEMPLATE] : ranks[match.entry->role];
}

int fleet_entry_rank(const struct fleet_entry *entry) {
    int rank = rank_of(&entry->key);
    if (!fleet_entry_removes(entry)) {
        return rank;
    }
    return rank == RANK_CLUSTER ? RANK_REMOVAL : 2 * RANK_REMOVAL - rank;
}
