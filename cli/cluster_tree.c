#include "cli/cluster_parts.h"
#include "cli/json_view.h"
#include "cli/object_views.h"
#include "cli/text_table.h"
#include "embedded/decision_table.h"
#include "embedded/event_table.h"

#include <inttypes.h>
#include <string.h>

enum { LAST_DECISIONS = 5, LAST_EVENTS = 8 };

// One cluster on its way to paper.
struct tree {
    const struct stored_fleet *fleet;
    struct arena *arena;
    const struct object_key *key;
    const struct cluster_part *parts;
    size_t count;
    int64_t now_s;
    FILE *out;
    struct text_table table;   // of the section that is made
    struct json_object *items; // the same as JSON
    size_t shown;
};

static const char *part_name(const struct tree *tree, const struct cluster_part *part) {
    return part->pool ? arena_printf(tree->arena, "%s (topology)", part->pool)
                      : arena_printf(tree->arena, "%s/%s", part->key.kind, part->key.name);
}

static const char *replicas_text(const struct tree *tree, const struct replica_counts *counts) {
    if (counts->desired < 0) {
        return "";
    }
    return counts->ready < 0
               ? arena_printf(tree->arena, "%" PRId64, counts->desired)
               : arena_printf(tree->arena, "%" PRId64 "/%" PRId64, counts->ready, counts->desired);
}

static void add_part(struct tree *tree, const char *branch, const char *what,
                     const struct cluster_part *part) {
    const char *cells[] = {arena_printf(tree->arena, "%s%s%s", branch, what, part_name(tree, part)),
                           part->ready,
                           replicas_text(tree, &part->replicas),
                           part->version,
                           part->reason,
                           age_text(tree->arena, part->created_s, tree->now_s),
                           arena_copy_text(tree->arena, part->message, strcspn(part->message, "\n"))};
    text_table_add(&tree->table, cells);
}

static size_t count_role(const struct tree *tree, enum part_role role) {
    size_t count = 0;
    for (size_t i = 0; i < tree->count; i++) {
        count += tree->parts[i].role == role;
    }
    return count;
}

static void print_tree(struct tree *tree) {
    static const char *const headers[] = {"NAME", "READY", "REPLICAS", "VERSION", "REASON", "AGE", "MESSAGE"};
    static const char *const empty[] = {"└─Workers", "", "", "", "", "", ""};
    text_table_init(&tree->table, headers, 7);
    size_t pools = count_role(tree, PART_POOL);
    size_t left = pools;
    for (size_t i = 0; i < tree->count; i++) {
        const struct cluster_part *part = &tree->parts[i];
        if (part->role == PART_POOL && left == pools) {
            text_table_add(&tree->table, empty);
        }
        if (part->role == PART_CLUSTER) {
            add_part(tree, "", "", part);
        } else if (part->role == PART_POOL) {
            add_part(tree, --left > 0 ? "  ├─" : "  └─", "", part);
        } else if (part->role != PART_OTHER) {
            bool is_last = pools == 0 && (i + 1 == tree->count || tree->parts[i + 1].role == PART_OTHER);
            add_part(tree, is_last ? "└─" : "├─",
                     part->role == PART_INFRASTRUCTURE ? "ClusterInfrastructure - " : "ControlPlane - ",
                     part);
        }
    }
    text_table_print(&tree->table, tree->out);
    text_table_clear(&tree->table);
}

// Denials have several lines; what follows the first is indented.
static void print_lines(FILE *out, const char *indent, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", indent, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_approval(const struct tree *tree) {
    size_t refused = 0;
    size_t approved = 0;
    for (size_t i = 0; i < tree->count; i++) {
        approved += strcmp(tree->parts[i].approved, "True") == 0;
        refused += *tree->parts[i].approved && strcmp(tree->parts[i].approved, "True") != 0;
    }
    if (refused + approved == 0) {
        return;
    }
    fprintf(tree->out, "\nApproval: %zu of %zu objects as they are now%s\n", approved, approved + refused,
            refused > 0 ? "; the others stay as they were approved last" : "");
    for (size_t i = 0; i < tree->count; i++) {
        const struct cluster_part *part = &tree->parts[i];
        if (*part->approved && strcmp(part->approved, "True") != 0) {
            fprintf(tree->out, "  %s %s\n", part_name(tree, part),
                    strcmp(part->approved, "False") == 0 ? "is not approved" : "waits");
            print_lines(tree->out, "    ", part->approval_message);
        }
    }
}

static bool is_ours(const struct tree *tree, const struct object_key *key) {
    for (size_t i = 0; i < tree->count; i++) {
        if (fragment_key_matches(&tree->parts[i].key, key)) {
            return true;
        }
    }
    return false;
}

static bool add_decision(void *cookie, const struct decision_row *row) {
    struct tree *tree = cookie;
    if (!is_ours(tree, &row->key) || (row->allowed && strcmp(row->door, "reconcile") == 0)) {
        return true;
    }
    const char *cells[] = {
        arena_printf(tree->arena, "  %s", age_text(tree->arena, row->time_ms / 1000, tree->now_s)),
        arena_strdup(tree->arena, row->door),
        arena_printf(tree->arena, "%s %s/%s", row->operation, row->key.kind, row->key.name),
        row->allowed ? "allowed" : "denied",
        arena_copy_text(tree->arena, row->text, strcspn(row->text, "\n"))};
    text_table_add(&tree->table, cells);
    struct json_object *item = json_object_new_object();
    json_view_time(item, "time", row->time_ms / 1000);
    json_view_text(item, "door", row->door);
    json_view_text(item, "operation", row->operation);
    json_view_text(item, "kind", row->key.kind);
    json_view_text(item, "name", row->key.name);
    json_object_object_add(item, "allowed", json_object_new_boolean(row->allowed));
    json_view_text(item, "decision", row->decision);
    json_view_text(item, "text", row->text);
    json_object_array_add(tree->items, item);
    return ++tree->shown < LAST_DECISIONS;
}

static bool add_event(void *cookie, const struct event_row *row) {
    struct tree *tree = cookie;
    if (!is_ours(tree, &row->key)) {
        return true;
    }
    const char *cells[] = {
        arena_printf(tree->arena, "  %s", age_text(tree->arena, row->last_ms / 1000, tree->now_s)),
        row->warning ? "Warning" : "Normal", arena_strdup(tree->arena, row->reason),
        arena_printf(tree->arena, "%s/%s", row->key.kind, row->key.name),
        arena_printf(tree->arena, row->count > 1 ? "%s (%" PRId64 " times)" : "%s",
                     arena_copy_text(tree->arena, row->message, strcspn(row->message, "\n")), row->count)};
    text_table_add(&tree->table, cells);
    struct json_object *item = json_object_new_object();
    json_view_time(item, "time", row->last_ms / 1000);
    json_view_text(item, "type", row->warning ? "Warning" : "Normal");
    json_view_text(item, "reason", row->reason);
    json_view_text(item, "kind", row->key.kind);
    json_view_text(item, "name", row->key.name);
    json_view_text(item, "message", row->message);
    json_view_integer(item, "count", row->count);
    json_object_array_add(tree->items, item);
    return ++tree->shown < LAST_EVENTS;
}

static bool list_decisions(struct tree *tree, struct error *error) {
    static const char *const headers[] = {"  AGE", "DOOR", "CHANGE", "VERDICT", "TEXT"};
    const struct decision_filter filter = {.namespace = tree->key->namespace};
    text_table_init(&tree->table, headers, 5);
    tree->items = json_object_new_array();
    tree->shown = 0;
    return decision_table_list(stored_fleet_database(tree->fleet), &filter, add_decision, tree, error);
}

static bool list_events(struct tree *tree, struct error *error) {
    static const char *const headers[] = {"  AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"};
    const struct event_filter filter = {.namespace = tree->key->namespace};
    text_table_init(&tree->table, headers, 5);
    tree->items = json_object_new_array();
    tree->shown = 0;
    return event_table_list(stored_fleet_database(tree->fleet), &filter, add_event, tree, error);
}

static void print_section(struct tree *tree, const char *title) {
    if (tree->shown > 0) {
        fprintf(tree->out, "\n%s\n", title);
        text_table_print(&tree->table, tree->out);
    }
    text_table_clear(&tree->table);
    json_object_put(tree->items);
}

static struct tree make_tree(const struct stored_fleet *fleet, struct arena *arena,
                             const struct object_key *key, int64_t now_s, FILE *out) {
    struct tree tree = {.fleet = fleet, .arena = arena, .key = key, .now_s = now_s, .out = out};
    tree.count = cluster_parts_read(fleet, arena, key, &tree.parts);
    return tree;
}

bool cluster_tree_print(const struct stored_fleet *fleet, const struct object_key *key, int64_t now_s,
                        FILE *out, struct error *error) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct tree tree = make_tree(fleet, arena, key, now_s, out);
    struct cluster_facts facts;
    cluster_facts_read(fleet, arena, key, &facts);
    print_tree(&tree);
    if (*facts.message) {
        fprintf(out, "\nNow: %.*s\n", (int)strcspn(facts.message, "\n"), facts.message);
    }
    print_approval(&tree);
    if (!stored_fleet_database(fleet)) {
        return true;
    }
    bool done = list_decisions(&tree, error);
    print_section(&tree, "Decisions");
    if (done) {
        done = list_events(&tree, error);
        print_section(&tree, "Events");
    }
    return done;
}

static struct json_object *part_item(const struct cluster_part *part) {
    struct json_object *item = json_object_new_object();
    json_view_text(item, "role", part_role_name(part->role));
    json_view_text(item, "group", part->key.group);
    json_view_text(item, "kind", part->key.kind);
    json_view_text(item, "namespace", part->key.namespace);
    json_view_text(item, "name", part->key.name);
    json_view_text(item, "pool", part->pool);
    json_view_text(item, "ready", part->ready);
    json_view_text(item, "reason", part->reason);
    json_view_text(item, "message", part->message);
    json_view_integer(item, "readyReplicas", part->replicas.ready);
    json_view_integer(item, "replicas", part->replicas.desired);
    json_view_text(item, "version", part->version);
    json_view_text(item, "approved", part->approved);
    json_view_text(item, "approvalMessage", part->approval_message);
    json_view_time(item, "creationTimestamp", part->created_s);
    return item;
}

bool cluster_tree_print_json(const struct stored_fleet *fleet, const struct object_key *key, FILE *out,
                             struct error *error) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct tree tree = make_tree(fleet, arena, key, 0, out);
    struct cluster_facts facts;
    cluster_facts_read(fleet, arena, key, &facts);
    struct json_object *root = json_view_new("ClusterDescription");
    json_view_text(root, "namespace", key->namespace);
    json_view_text(root, "name", key->name);
    json_view_text(root, "phase", facts.phase);
    json_view_text(root, "version", facts.version);
    json_view_text(root, "message", facts.message);
    struct json_object *parts = json_object_new_array();
    for (size_t i = 0; i < tree.count; i++) {
        json_object_array_add(parts, part_item(&tree.parts[i]));
    }
    json_object_object_add(root, "items", parts);
    bool done = true;
    if (stored_fleet_database(fleet)) {
        done = list_decisions(&tree, error);
        text_table_clear(&tree.table);
        json_object_object_add(root, "decisions", tree.items);
        bool listed = done && list_events(&tree, error);
        if (done) {
            text_table_clear(&tree.table);
            json_object_object_add(root, "events", tree.items);
        }
        done = listed;
    }
    if (!done) {
        json_object_put(root);
        return false;
    }
    json_view_print(root, out);
    return true;
}
