#include "tests/fleet/view_equal.h"

#include "tests/support/expect.h"

#include <stdio.h>
#include <string.h>

struct place {
    const char *name;  // of the case
    const char *where; // "pool", "fact"
    size_t index;
};

static void same_text(const struct place *place, const char *what, const char *got, const char *expected) {
    if (got == expected || (got && expected && strcmp(got, expected) == 0)) {
        return;
    }
    fail_msg("%s: %s %zu: %s is %s, expected %s", place->name, place->where, place->index, what,
             got ? got : "(none)", expected ? expected : "(none)");
}

static void same_number(const struct place *place, const char *what, long long got, long long expected) {
    if (got != expected) {
        fail_msg("%s: %s %zu: %s is %lld, expected %lld", place->name, place->where, place->index, what, got,
                 expected);
    }
}

static void same_key(const struct place *place, const struct object_key *got,
                     const struct object_key *expected) {
    same_text(place, "group", got->group, expected->group);
    same_text(place, "kind", got->kind, expected->kind);
    same_text(place, "namespace", got->namespace, expected->namespace);
    same_text(place, "name", got->name, expected->name);
}

static void same_fact(const struct place *place, const struct fact *got, const struct fact *expected) {
    same_number(place, "state", got->state, expected->state);
    same_key(place, &got->origin.object, &expected->origin.object);
    same_text(place, "path", got->origin.path, expected->origin.path);
    same_number(place, "unseen", got->unseen, expected->unseen);
    same_text(place, "why", got->why, expected->why);
    if (expected->state != FACT_KNOWN) {
        return;
    }
    same_number(place, "type", got->type, expected->type);
    if (expected->type == FACT_TEXT) {
        same_text(place, "text", got->value.text, expected->value.text);
    } else if (expected->type == FACT_INTEGER) {
        same_number(place, "integer", got->value.integer, expected->value.integer);
    } else {
        same_number(place, "boolean", got->value.boolean, expected->value.boolean);
    }
}

static void same_list(const struct place *place, const struct fact_list *got,
                      const struct fact_list *expected) {
    same_fact(place, &got->whole, &expected->whole);
    same_number(place, "count", (long long)got->count, (long long)expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        same_fact(place, &got->items[i], &expected->items[i]);
    }
}

static bool may_be_left_out(const struct node *member) {
    return strcmp(member->key, "kubectl.kubernetes.io/last-applied-configuration") == 0 ||
           (member->type == NODE_STRING && (!node_string(member) || member->length > 1024)) ||
           member->span > 1 || member->type == NODE_NUMBER;
}

static void same_map(const struct place *place, const struct node *got, const struct node *expected) {
    if (!node_is(expected, NODE_MAP)) {
        same_number(place, "members", got ? (long long)got->length : 0, 0);
        return;
    }
    size_t kept = 0;
    NODE_EACH(member, expected) {
        const struct node *found = node_get(got, member->key);
        if (!found && may_be_left_out(member)) {
            continue;
        }
        kept++;
        same_text(place, "member", found ? member->key : NULL, member->key);
        same_number(place, member->key, node_equal(found, member) && found->unknown == member->unknown, 1);
    }
    same_number(place, "members", got->length, (long long)kept);
}

static void same_pool(const char *name, size_t index, const struct pool_view *got,
                      const struct pool_view *expected) {
    char where[64];
    snprintf(where, sizeof(where), "pool %zu fact", index);
    struct place place = {name, where, 0};
    for (; place.index < POOL_FIELD_COUNT; place.index++) {
        same_fact(&place, &got->facts[place.index], &expected->facts[place.index]);
    }
    same_list(&place, &got->zones, &expected->zones);
    same_key(&place, &got->object, &expected->object);
}

void expect_same_view(const char *name, const struct cluster_view *got, const struct cluster_view *expected) {
    struct place place = {name, "view", 0};
    same_number(&place, "there", got != NULL, expected != NULL);
    if (!expected || !got) {
        return;
    }
    same_key(&place, &got->object, &expected->object);
    same_fact(&place, &got->pools_known, &expected->pools_known);
    place.where = "labels";
    same_map(&place, got->labels, expected->labels);
    place.where = "annotations";
    same_map(&place, got->annotations, expected->annotations);
    place.where = "fact";
    for (; place.index < CLUSTER_FIELD_COUNT; place.index++) {
        same_fact(&place, &got->facts[place.index], &expected->facts[place.index]);
    }
    place.where = "list";
    for (place.index = 0; place.index < CLUSTER_LIST_COUNT; place.index++) {
        same_list(&place, &got->lists[place.index], &expected->lists[place.index]);
    }
    place.where = "pools";
    same_number(&place, "count", (long long)got->pool_count, (long long)expected->pool_count);
    for (size_t i = 0; i < expected->pool_count; i++) {
        same_pool(name, i, &got->pools[i], &expected->pools[i]);
    }
}
