#include "base/merge_patch.h"

#include "base/document_builder.h"
#include "base/document_internal.h"

// Below this, looking at every member is faster than sorting them; above it, a sender who picks both texts
// can't make the search quadratic.
enum { SMALL_MAP = 16 };

// --- finding members ---

struct member_index {
    const struct node *map;      // NULL: no members
    const struct node **members; // by key; NULL for small maps
    size_t count;
};

static void index_members(struct member_index *ret_index, const struct node *map) {
    *ret_index = (struct member_index){.map = node_is(map, NODE_MAP) ? map : NULL};
    if (ret_index->map && map->length > SMALL_MAP) {
        ret_index->members = node_sort_members(map, node_first(map), &ret_index->count);
    }
}

static void member_index_clear_cleanup(struct member_index *index) {
    free(index->members);
}

static const struct node *find_member(const struct member_index *index, const struct node *same_key) {
    if (!index->members) {
        return node_get_sized(index->map, same_key->key, same_key->key_length);
    }
    const struct node **found =
        bsearch(&same_key, index->members, index->count, sizeof(struct node *), node_compare_keys);
    return found ? *found : NULL;
}

// --- building ---

struct merge {
    struct document_builder *builder;
    struct error *error;
};

static void copy_key(struct merge *merge, const struct node *member) {
    const char *key = document_builder_copy(merge->builder, member->key, member->key_length);
    document_builder_key(merge->builder, key, member->key_length);
}

// The depth is bounded by the builder's limits.
static bool copy(struct merge *merge, const struct node *node) {
    if (node->type == NODE_STRING) {
        struct node value = *node;
        value.value.string = document_builder_copy(merge->builder, node->value.string, node->length);
        return document_builder_add(merge->builder, &value, merge->error);
    }
    if (node->type < NODE_LIST) {
        return document_builder_add(merge->builder, node, merge->error);
    }
    if (!document_builder_open(merge->builder, (enum node_type)node->type, merge->error)) {
        return false;
    }
    NODE_EACH(child, node) {
        if (child->key) {
            copy_key(merge, child);
        }
        if (!copy(merge, child)) {
            return false;
        }
    }
    return document_builder_close(merge->builder, NULL, merge->error);
}

static bool apply(struct merge *merge, const struct node *target, const struct node *patch);

// A member that stays as it is, is changed, or goes.
static bool apply_to_member(struct merge *merge, const struct node *member, const struct node *change) {
    if (node_is(change, NODE_NULL)) {
        return true;
    }
    copy_key(merge, member);
    return change ? apply(merge, member, change) : copy(merge, member);
}

static bool add_member(struct merge *merge, const struct member_index *targets, const struct node *change) {
    if (change->type == NODE_NULL || find_member(targets, change)) {
        return true;
    }
    copy_key(merge, change);
    return apply(merge, NULL, change);
}

static bool apply(struct merge *merge, const struct node *target, const struct node *patch) {
    if (patch->type != NODE_MAP) {
        return copy(merge, patch);
    }
    CLEANUP(member_index_clear) struct member_index changes;
    CLEANUP(member_index_clear) struct member_index targets;
    index_members(&changes, patch);
    index_members(&targets, target);
    if (!document_builder_open(merge->builder, NODE_MAP, merge->error)) {
        return false;
    }
    NODE_EACH(member, targets.map) {
        if (!apply_to_member(merge, member, find_member(&changes, member))) {
            return false;
        }
    }
    NODE_EACH(change, patch) {
        if (!add_member(merge, &targets, change)) {
            return false;
        }
    }
    return document_builder_close(merge->builder, NULL, merge->error);
}

bool merge_patch_apply(const struct node *target, const struct node *patch, struct document **ret_document,
                       struct error *error) {
    CLEANUP(document_builder_free)
    struct document_builder *builder = document_builder_new(&document_default_limits, false);
    struct merge merge = {.builder = builder, .error = error};
    document_builder_expect(builder, (target ? (size_t)target->span : 0) + patch->span);
    if (!apply(&merge, target, patch)) {
        return false;
    }
    *ret_document = document_builder_finish(document_builder_free_take(&builder));
    return true;
}
