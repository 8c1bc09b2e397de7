// A small fleet from JSON (see support/documents.h), and reviews of its objects. Every review is made twice:
// through the set and through the inventory, which must show the same.
#pragma once

#include "fleet/cluster_view.h"
#include "fleet/fragment_set.h"
#include "fleet/inventory.h"
#include "tests/fleet/view_equal.h"
#include "tests/fleet/view_lines.h"
#include "tests/support/documents.h"

#include <stdio.h>

struct fleet_fixture {
    struct document *document; // a list of objects
    struct document *other;    // the changed object, or NULL
    struct fragment_set *set;
    struct inventory *inventory;
    struct arena *arena;
    struct cluster_change change;
    struct object_change review;
};

// False: it is of no kind of ours.
static inline bool fleet_add(struct fleet_fixture *fleet, const struct node *object) {
    struct object_key key;
    if (!fragment_set_add(fleet->set, object) || !fragment_object_key(object, &key)) {
        return false;
    }
    inventory_put(fleet->inventory, &key, object);
    return true;
}

// Puts all objects in, from the last to the first when reversed.
static inline void fleet_open(struct fleet_fixture *fleet, const char *objects, bool is_reversed) {
    *fleet = (struct fleet_fixture){.document = document_of(objects)};
    fleet->set = fragment_set_new();
    fleet->inventory = inventory_new();
    fleet->arena = arena_new();
    const struct node *list = document_root(fleet->document);
    for (size_t i = 0; i < list->length; i++) {
        fleet_add(fleet, node_item(list, is_reversed ? list->length - 1 - i : i));
    }
}

static inline void fleet_close(struct fleet_fixture *fleet) {
    arena_free(fleet->arena);
    fragment_set_free(fleet->set);
    inventory_free(fleet->inventory);
    document_free(fleet->document);
    document_free(fleet->other);
}

// Fails when the object is of no kind of ours.
static inline struct object_key key_of(const struct node *object) {
    struct object_key key = {"", "", "", ""};
    if (!fragment_object_key(object, &key)) {
        fail_msg("not an object of ours");
    }
    return key;
}

static inline void fleet_review(struct fleet_fixture *fleet, enum operation operation,
                                const struct node *object, const struct node *old_object) {
    fleet->review = (struct object_change){.operation = operation,
                                           .key = key_of(object ? object : old_object),
                                           .version = "v1",
                                           .resource = "",
                                           .subresource = "",
                                           .object = object,
                                           .old_object = old_object};
    const struct view_source *source = fragment_set_source(fleet->set);
    cluster_change_build(fleet->arena, &fleet->review, source, source, &fleet->change);
    struct cluster_change change;
    inventory_complete(fleet->inventory, source->is_complete);
    source = inventory_source(fleet->inventory);
    cluster_change_build(fleet->arena, &fleet->review, source, source, &change);
    expect_same_view("before, through the inventory", change.before, fleet->change.before);
    expect_same_view("after, through the inventory", change.after, fleet->change.after);
}

static inline void expect_view(const char *name, const struct cluster_view *view, const char *expected) {
    struct buffer lines;
    buffer_init(&lines, 1 << 20);
    view_lines(view, &lines);
    expect_lines(name, buffer_text(&lines), expected);
    buffer_clear(&lines);
}

// A change among other objects, and what the views are to show. Run with them added in both orders.
struct change_case {
    const char *name;
    const char *fleet; // list of the objects around
    enum operation operation;
    const char *old_object; // NULL on CREATE
    const char *object;     // NULL on DELETE
    const char *before;     // expected lines; NULL: not looked at
    const char *after;
};

static inline void run_change(const struct change_case *one, bool is_reversed, bool is_complete) {
    struct fleet_fixture fleet;
    fleet_open(&fleet, one->fleet, is_reversed);
    fragment_set_complete(fleet.set, is_complete);
    struct document *object = one->object ? document_of(one->object) : NULL;
    fleet.other = one->old_object ? document_of(one->old_object) : NULL;
    fleet_review(&fleet, one->operation, object ? document_root(object) : NULL,
                 fleet.other ? document_root(fleet.other) : NULL);
    if (one->before) {
        expect_view(one->name, fleet.change.before, one->before);
    }
    if (one->after) {
        expect_view(one->name, fleet.change.after, one->after);
    }
    fleet_close(&fleet);
    document_free(object);
}

static inline void run_changes(const struct change_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        run_change(&cases[i], false, false);
        run_change(&cases[i], true, false);
    }
}

// "[a,b]" of a, b and NULL; gives text.
static inline const char *list_of(char *text, size_t size, const char *const *objects) {
    size_t length = (size_t)snprintf(text, size, "[");
    for (size_t i = 0; objects[i]; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? "," : "", objects[i]);
    }
    snprintf(text + length, size - length, "]");
    return text;
}
