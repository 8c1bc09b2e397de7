#include "cli/json_view.h"
#include "cli/object_views.h"
#include "cli/text_table.h"
#include "embedded/decision_table.h"

#include <string.h>

struct listing {
    const struct decision_view *view;
    struct arena *arena;
    struct text_table table;
    struct json_object *items;
    size_t shown;
};

// The first line stands alone.
static const char *headline(struct arena *arena, const char *text) {
    return arena_copy_text(arena, text, strcspn(text, "\n"));
}

static const char *object_name(struct arena *arena, const struct object_key *key) {
    return *key->namespace ? arena_printf(arena, "%s %s/%s", key->kind, key->namespace, key->name)
                           : arena_printf(arena, "%s %s", key->kind, key->name);
}

static bool add(void *cookie, const struct decision_row *row) {
    struct listing *listing = cookie;
    struct arena *arena = listing->arena;
    const char *cells[] = {age_text(arena, row->time_ms / 1000, listing->view->now_s),
                           arena_strdup(arena, row->door),
                           arena_strdup(arena, row->operation),
                           object_name(arena, &row->key),
                           row->allowed ? "allowed" : "denied",
                           arena_strdup(arena, *row->decision ? row->decision : "-"),
                           listing->view->format == VIEW_WIDE ? arena_strdup(arena, row->user)
                                                              : headline(arena, row->text),
                           headline(arena, row->text)};
    text_table_add(&listing->table, cells);
    struct json_object *item = json_object_new_object();
    json_view_time(item, "time", row->time_ms / 1000);
    json_view_text(item, "door", row->door);
    json_view_text(item, "operation", row->operation);
    json_view_text(item, "group", row->key.group);
    json_view_text(item, "kind", row->key.kind);
    json_view_text(item, "namespace", row->key.namespace);
    json_view_text(item, "name", row->key.name);
    json_view_text(item, "user", row->user);
    json_object_object_add(item, "allowed", json_object_new_boolean(row->allowed));
    json_view_text(item, "decision", row->decision);
    json_view_text(item, "policyDigest", row->policies);
    json_view_text(item, "text", row->text);
    json_object_array_add(listing->items, item);
    listing->shown++;
    return true;
}

static void print_list(struct listing *listing, FILE *out) {
    if (listing->view->format != VIEW_JSON) {
        if (listing->shown > 0) {
            text_table_print(&listing->table, out);
        } else {
            fputs("no decisions\n", stderr);
        }
        json_object_put(listing->items);
        return;
    }
    struct json_object *root = json_view_new("DecisionList");
    json_object_object_add(root, "items", listing->items);
    json_view_print(root, out);
}

bool decisions_print(const struct stored_fleet *fleet, const struct decision_view *view, FILE *out,
                     struct error *error) {
    static const char *const headers[] = {"AGE",     "DOOR",     "OPERATION", "OBJECT",
                                          "VERDICT", "DECISION", "TEXT"};
    static const char *const wide[] = {"AGE",     "DOOR",     "OPERATION", "OBJECT",
                                       "VERDICT", "DECISION", "USER",      "TEXT"};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct listing listing = {.view = view, .arena = arena, .items = json_object_new_array()};
    bool is_wide = view->format == VIEW_WIDE;
    text_table_init(&listing.table, is_wide ? wide : headers, is_wide ? 8 : 7);
    const struct decision_filter filter = {
        .namespace = view->namespace, .denied_only = view->denied_only, .most = view->most};
    bool done = decision_table_list(stored_fleet_database(fleet), &filter, add, &listing, error);
    if (done) {
        print_list(&listing, out);
    } else {
        json_object_put(listing.items);
    }
    text_table_clear(&listing.table);
    return done;
}
