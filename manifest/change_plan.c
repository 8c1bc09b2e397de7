#include "manifest/change_plan.h"

#include "base/memory.h"

#include <string.h>

// What an object is: two manifests with the same identity are the same object in a cluster.
struct identity {
    const struct manifest *manifest;
    const char *group; // length bytes of apiVersion
    size_t group_length;
    const char *kind, *namespace, *name; // the name, or generateName of an object without one
    const char *file_name;               // without directories, which differ between two checkouts
    bool certain;                        // has a name, and no variable in name or namespace
    size_t order;                        // in its set
    const struct manifest *partner;      // its manifest in the other set
};

struct plan {
    struct change_plan public;
    struct planned_change *changes;
    struct plan_duplicate *duplicates;
};

struct identities {
    struct identity *items;
    size_t count;
};

static const char *text_of(const struct node *map, const char *key, const char *missing, bool *certain) {
    const struct node *node = node_get(map, key);
    const char *text = node_string(node);
    *certain = *certain && !(node && node->unknown);
    return text && *text ? text : missing;
}

static struct identity identify(const struct manifest *manifest, size_t order) {
    const struct node *metadata = node_get(manifest->object, "metadata");
    const char *version = node_string(node_get(manifest->object, "apiVersion"));
    const char *slash = strchr(version, '/');
    struct identity identity = {.manifest = manifest, .group = version, .certain = true, .order = order};
    identity.group_length = slash ? (size_t)(slash - version) : 0;
    slash = strrchr(manifest->file, '/');
    identity.file_name = slash ? slash + 1 : manifest->file;
    identity.kind = node_string(node_get(manifest->object, "kind"));
    identity.namespace = text_of(metadata, "namespace", "default", &identity.certain);
    identity.name = text_of(metadata, "name", NULL, &identity.certain);
    if (!identity.name) {
        identity.name = text_of(metadata, "generateName", "", &identity.certain);
        identity.certain = false;
    }
    return identity;
}

static int compare_objects(const struct identity *a, const struct identity *b) {
    size_t shorter = a->group_length < b->group_length ? a->group_length : b->group_length;
    int order = memcmp(a->group, b->group, shorter);
    if (order == 0) {
        order = (a->group_length > b->group_length) - (a->group_length < b->group_length);
    }
    order = order ? order : strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->namespace, b->namespace);
    order = order ? order : strcmp(a->name, b->name);
    return order ? order : (a->certain > b->certain) - (a->certain < b->certain);
}

static int compare_identities(const void *left, const void *right) {
    const struct identity *a = left;
    const struct identity *b = right;
    int order = compare_objects(a, b);
    order = order ? order : strcmp(a->file_name, b->file_name);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int compare_order(const void *left, const void *right) {
    const struct identity *a = left;
    const struct identity *b = right;
    return (a->order > b->order) - (a->order < b->order);
}

static struct identities identify_all(const struct manifest_set *set, bool *ret_incomplete) {
    struct identities all = {0};
    size_t count = set ? manifest_set_count(set) : 0;
    all.items = memory_calloc(count, sizeof(*all.items));
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = manifest_set_get(set, i);
        if (manifest->state == MANIFEST_OBJECT) {
            all.items[all.count++] = identify(manifest, i);
        }
        *ret_incomplete |= manifest->state == MANIFEST_UNKNOWN || manifest->state == MANIFEST_BROKEN;
    }
    qsort(all.items, all.count, sizeof(*all.items), compare_identities);
    return all;
}

static void find_duplicates(struct plan *plan, const struct identities *all) {
    for (size_t i = 1; i < all->count; i++) {
        const struct identity *first = &all->items[i - 1];
        const struct identity *second = &all->items[i];
        if (second->certain && compare_objects(first, second) == 0) {
            size_t count = plan->public.duplicate_count++;
            bool swap = first->order > second->order;
            plan->duplicates[count] = (struct plan_duplicate){swap ? second->manifest : first->manifest,
                                                              swap ? first->manifest : second->manifest};
        }
    }
}

static size_t run_length(const struct identities *all, size_t from) {
    size_t to = from;
    while (to < all->count && compare_objects(&all->items[from], &all->items[to]) == 0) {
        to++;
    }
    return to - from;
}

static void pair(struct identity *a, struct identity *b) {
    a->partner = b->manifest;
    b->partner = a->manifest;
}

// Objects with the same identity, nearly always one on each side. Several (their name is a variable) are
// paired within files of the same name first; both runs are sorted by it.
static void pair_run(struct identity *base, size_t base_count, struct identity *head, size_t head_count) {
    size_t b = 0;
    size_t h = 0;
    while (b < base_count && h < head_count) {
        int order = strcmp(base[b].file_name, head[h].file_name);
        if (order == 0) {
            pair(&base[b], &head[h]);
        }
        b += order <= 0;
        h += order >= 0;
    }
    for (b = 0, h = 0; b < base_count && h < head_count;) {
        if (base[b].partner) {
            b++;
        } else if (head[h].partner) {
            h++;
        } else {
            pair(&base[b++], &head[h++]);
        }
    }
}

static void pair_all(struct identities *base, struct identities *head) {
    size_t b = 0;
    size_t h = 0;
    while (b < base->count && h < head->count) {
        int order = compare_objects(&base->items[b], &head->items[h]);
        size_t base_run = order <= 0 ? run_length(base, b) : 0;
        size_t head_run = order >= 0 ? run_length(head, h) : 0;
        if (order == 0) {
            pair_run(&base->items[b], base_run, &head->items[h], head_run);
        }
        b += base_run;
        h += head_run;
    }
}

static void add_change(struct plan *plan, enum change_kind kind, const struct manifest *before,
                       const struct manifest *after) {
    plan->changes[plan->public.change_count++] = (struct planned_change){kind, before, after};
}

static void list_changes(struct plan *plan, const struct identities *base, const struct identities *head) {
    for (size_t i = 0; i < head->count; i++) {
        const struct manifest *before = head->items[i].partner;
        const struct manifest *after = head->items[i].manifest;
        if (!before) {
            add_change(plan, CHANGE_CREATE, NULL, after);
        } else if (!node_equal(before->object, after->object)) {
            add_change(plan, CHANGE_UPDATE, before, after);
        }
    }
    for (size_t i = 0; i < base->count; i++) {
        if (!base->items[i].partner) {
            add_change(plan, CHANGE_DELETE, base->items[i].manifest, NULL);
        }
    }
}

struct change_plan *change_plan_new(const struct manifest_set *base, const struct manifest_set *head) {
    struct plan *plan = memory_calloc(1, sizeof(*plan));
    struct identities before = identify_all(base, &plan->public.base_incomplete);
    struct identities after = identify_all(head, &plan->public.head_incomplete);
    plan->changes = memory_calloc(before.count + after.count, sizeof(*plan->changes));
    plan->duplicates = memory_calloc(before.count + after.count, sizeof(*plan->duplicates));
    find_duplicates(plan, &before);
    find_duplicates(plan, &after);
    pair_all(&before, &after);
    qsort(before.items, before.count, sizeof(*before.items), compare_order);
    qsort(after.items, after.count, sizeof(*after.items), compare_order);
    list_changes(plan, &before, &after);
    free(before.items);
    free(after.items);
    plan->public.changes = plan->changes;
    plan->public.duplicates = plan->duplicates;
    return &plan->public;
}

void change_plan_free(struct change_plan *plan) {
    if (plan) {
        free((void *)(uintptr_t)plan->changes);
        free((void *)(uintptr_t)plan->duplicates);
        free(plan);
    }
}
