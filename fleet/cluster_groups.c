#include "fleet/cluster_groups.h"

#include "fleet/kubernetes_version.h"
#include "fleet/region.h"

#include <string.h>

static const char label_prefix[] = "label:";

bool cluster_groups_has(const char *per) {
    static const char *const names[] = {"fleet", "region", "provider", "namespace", "version"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(names[i], per) == 0) {
            return true;
        }
    }
    return strncmp(per, label_prefix, sizeof(label_prefix) - 1) == 0 && per[sizeof(label_prefix) - 1];
}

const char *cluster_group_region(struct arena *arena, const char *region) {
    char *name = arena_strdup(arena, region);
    region_normalise(region, name);
    return *name ? name : NULL;
}

const char *cluster_group_version(struct arena *arena, const char *version) {
    struct kubernetes_version parsed;
    return kubernetes_version_parse(version, &parsed) == VERSION_OK
               ? arena_printf(arena, "%u.%u", parsed.major, parsed.minor)
               : NULL;
}

bool cluster_groups_hold(const struct cluster_groups *groups, const char *name) {
    for (size_t i = 0; i < groups->count; i++) {
        if (strcmp(groups->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct arena *arena, struct cluster_groups *groups, const char *name) {
    if (cluster_groups_hold(groups, name)) {
        return;
    }
    // Doubles at powers of two; almost always there is one.
    if ((groups->count & (groups->count - 1)) == 0) {
        size_t capacity = groups->count ? groups->count * 2 : 1;
        const char **names = arena_alloc(arena, capacity * sizeof(const char *));
        if (groups->count > 0) {
            memcpy(names, groups->names, groups->count * sizeof(const char *));
        }
        groups->names = names;
    }
    groups->names[groups->count++] = name;
}

static void add_fact(struct arena *arena, struct cluster_groups *groups, const struct fact *fact,
                     const char *(*name_of)(struct arena *arena, const char *text)) {
    if (fact->state == FACT_UNKNOWN) {
        groups->unknown = *fact;
    } else if (fact->state == FACT_KNOWN) {
        const char *name = name_of ? name_of(arena, fact->value.text) : fact->value.text;
        if (name) {
            add(arena, groups, name);
        }
    }
}

static void add_regions(struct arena *arena, struct cluster_groups *groups, const struct fact_list *regions) {
    for (size_t i = 0; i < regions->count; i++) {
        add_fact(arena, groups, &regions->items[i], cluster_group_region);
    }
    if (regions->whole.state == FACT_UNKNOWN) {
        groups->unknown = regions->whole;
    }
}

static struct fact unseen_label(struct arena *arena, const struct cluster_view *view, const char *why) {
    return (struct fact){.state = FACT_UNKNOWN,
                         .origin = {.object = view->object, .path = "metadata.labels"},
                         .why = why ? why
                                    : arena_printf(arena, "Cluster %s/%s has not been seen",
                                                   view->object.namespace,
                                                   *view->object.name ? view->object.name : "?"),
                         .unseen = !why};
}

// labels are those of the Cluster; where it is not at hand they may still be held apart from it.
static void add_label(struct arena *arena, struct cluster_groups *groups, const struct cluster_view *view,
                      const char *label) {
    const struct node *value = node_get(view->labels, label);
    if (value && value->unknown) {
        groups->unknown =
            unseen_label(arena, view, arena_printf(arena, "%.60s is not resolved", value->value.string));
    } else if (node_string(value)) {
        add(arena, groups, node_string(value));
    } else if (!view->labels && !view->cluster) {
        groups->unknown = unseen_label(arena, view, NULL);
    }
}

bool cluster_groups_read(struct arena *arena, const struct cluster_view *view, const char *per,
                         struct cluster_groups *ret_groups) {
    *ret_groups = (struct cluster_groups){0};
    if (!cluster_groups_has(per)) {
        return false;
    }
    if (!view) {
        return true;
    }
    if (strcmp(per, "fleet") == 0) {
        add(arena, ret_groups, "");
    } else if (strcmp(per, "region") == 0) {
        add_regions(arena, ret_groups, &view->lists[CLUSTER_REGIONS]);
    } else if (strcmp(per, "provider") == 0) {
        add_fact(arena, ret_groups, &view->facts[CLUSTER_PROVIDER], NULL);
    } else if (strcmp(per, "namespace") == 0) {
        add_fact(arena, ret_groups, &view->facts[CLUSTER_NAMESPACE], NULL);
    } else if (strcmp(per, "version") == 0) {
        add_fact(arena, ret_groups, &view->facts[CLUSTER_VERSION], cluster_group_version);
    } else {
        add_label(arena, ret_groups, view, per + sizeof(label_prefix) - 1);
    }
    return true;
}
