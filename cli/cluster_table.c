#include "cli/json_view.h"
#include "cli/object_views.h"
#include "cli/text_table.h"

#include <inttypes.h>
#include <string.h>

static const char *counts_text(struct arena *arena, const struct replica_counts *counts) {
    if (counts->desired < 0) {
        return "";
    }
    return arena_printf(arena, "%" PRId64 "/%" PRId64, counts->ready > 0 ? counts->ready : 0,
                        counts->desired);
}

static const char *phase_text(struct arena *arena, const struct cluster_facts *facts) {
    return facts->paused ? arena_printf(arena, "%s (paused)", facts->phase) : facts->phase;
}

static const char *dash(const char *text) {
    return *text ? text : "-";
}

static void add_row(struct text_table *table, struct arena *arena, const struct cluster_facts *facts,
                    bool wide, int64_t now_s) {
    const char *provider =
        *facts->flavour ? arena_printf(arena, "%s/%s", facts->provider, facts->flavour) : facts->provider;
    const char *cells[] = {facts->key->namespace,
                           facts->key->name,
                           dash(provider),
                           dash(facts->region),
                           dash(phase_text(arena, facts)),
                           dash(facts->version),
                           facts->managed ? "managed" : dash(counts_text(arena, &facts->control_plane)),
                           dash(counts_text(arena, &facts->workers)),
                           dash(facts->approved),
                           dash(age_text(arena, facts->created_s, now_s)),
                           wide ? dash(facts->running_version) : "",
                           wide ? dash(*facts->approval_message && strcmp(facts->approved, "True") != 0
                                           ? facts->approval_message
                                           : facts->message)
                                : ""};
    text_table_add(table, cells);
}

static void add_counts(struct json_object *item, const char *name, const struct replica_counts *counts) {
    if (counts->desired >= 0) {
        struct json_object *both = json_object_new_object();
        json_view_integer(both, "ready", counts->ready > 0 ? counts->ready : 0);
        json_view_integer(both, "desired", counts->desired);
        json_object_object_add(item, name, both);
    }
}

static struct json_object *item_of(const struct cluster_facts *facts) {
    struct json_object *item = json_object_new_object();
    json_view_text(item, "namespace", facts->key->namespace);
    json_view_text(item, "name", facts->key->name);
    json_view_text(item, "provider", facts->provider);
    json_view_text(item, "flavour", facts->flavour);
    json_view_text(item, "region", facts->region);
    json_view_text(item, "phase", facts->phase);
    json_view_text(item, "version", facts->version);
    json_view_text(item, "runningVersion", facts->running_version);
    if (!facts->managed) {
        add_counts(item, "controlPlane", &facts->control_plane);
    }
    json_object_object_add(item, "managedControlPlane", json_object_new_boolean(facts->managed));
    add_counts(item, "workers", &facts->workers);
    json_view_text(item, "approved", facts->approved);
    json_view_text(item, "approvalMessage", facts->approval_message);
    json_view_text(item, "message", facts->message);
    json_object_object_add(item, "paused", json_object_new_boolean(facts->paused));
    json_object_object_add(item, "deleting", json_object_new_boolean(facts->deleting));
    json_view_time(item, "creationTimestamp", facts->created_s);
    return item;
}

void clusters_print(const struct stored_fleet *fleet, const char *namespace, enum view_format format,
                    int64_t now_s, FILE *out) {
    static const char *const headers[] = {"NAMESPACE", "NAME",    "PROVIDER",      "REGION",
                                          "PHASE",     "VERSION", "CONTROL-PLANE", "WORKERS",
                                          "APPROVED",  "AGE",     "RUNNING",       "MESSAGE"};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(text_table_clear) struct text_table table;
    bool wide = format == VIEW_WIDE;
    text_table_init(&table, headers, wide ? 12 : 10);
    struct json_object *items = json_object_new_array();
    const struct object_key *key;
    size_t shown = 0;
    for (size_t i = 0; (key = stored_fleet_cluster(fleet, i)); i++) {
        struct cluster_facts facts;
        if (namespace && strcmp(key->namespace, namespace) != 0) {
            continue;
        }
        cluster_facts_read(fleet, arena, key, &facts);
        add_row(&table, arena, &facts, wide, now_s);
        json_object_array_add(items, item_of(&facts));
        shown++;
    }
    if (format != VIEW_JSON) {
        if (shown > 0) {
            text_table_print(&table, out);
        } else {
            fputs("no clusters\n", stderr);
        }
        json_object_put(items);
        return;
    }
    struct json_object *root = json_view_new("ClusterList");
    json_object_object_add(root, "items", items);
    json_view_print(root, out);
}
