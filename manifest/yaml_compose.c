#include "manifest/yaml_compose.h"

#include "base/memory.h"
#include "manifest/yaml_composer.h"
#include "manifest/yaml_scalar.h"

#include <string.h>

// A key and its value while its map is put together.
struct yaml_member {
    const char *key;
    uint32_t key_length;
    uint32_t key_node, value_node;
    uint32_t source; // which reading of a map it came from
    bool dropped;    // another one with this key goes before it
};

void yaml_lines_find(const struct yaml_lines *lines, uint32_t character, uint32_t *ret_line,
                     uint32_t *ret_column) {
    uint32_t low = 0;
    uint32_t high = lines->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (lines->starts[middle] <= character) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *ret_line = low + 1;
    *ret_column = character - lines->starts[low] + 1;
}

struct yaml_place yaml_composer_place(const struct yaml_composer *composer, uint32_t index) {
    const struct yaml_node *at = &composer->tree->nodes[index];
    const struct yaml_node *node = at->kind == YAML_ALIAS ? &composer->tree->nodes[at->target] : at;
    return (struct yaml_place){.node = node, .at = at};
}

uint32_t yaml_composer_where(const struct yaml_composer *composer, const struct yaml_node *node) {
    return composer->stand_in ? composer->stand_in->start : node->start;
}

void yaml_composer_mark(struct yaml_composer *composer, const struct yaml_place *place) {
    struct node_position position = {0};
    const struct yaml_node *at = composer->stand_in ? composer->stand_in : place->at;
    yaml_lines_find(composer->lines, at->start, &position.line, &position.column);
    yaml_lines_find(composer->lines, at->end, &position.end_line, &position.end_column);
    if (place->has_key) {
        yaml_lines_find(composer->lines, place->key_at, &position.key_line, &position.key_column);
    }
    document_builder_mark(composer->builder, &position);
}

// The builder's errors know no place.
static bool take_error(struct yaml_composer *composer, const struct yaml_node *node,
                       const struct error *error) {
    return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), error->kind, "%s",
                            error->message);
}

static bool fail(struct yaml_composer *composer, const struct yaml_node *node, const char *what) {
    return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID, "%s",
                            what);
}

static uint32_t index_of(const struct yaml_composer *composer, const struct yaml_node *node) {
    return (uint32_t)(node - composer->tree->nodes);
}

// Before what is inside node is looked at. Every enter has its leave.
static bool enter(struct yaml_composer *composer, const struct yaml_place *place) {
    const struct yaml_tree *tree = composer->tree;
    if (place->node->open) {
        return fail(composer, place->at, "this alias stands inside of what it names");
    }
    if (composer->depth >= tree->limits.depth) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, place->at), ERROR_LIMIT,
                                "lists, maps and merge keys nested deeper than %u", tree->limits.depth);
    }
    // The merge of an empty map adds no value, so the builder's cap does not count it.
    if (composer->steps++ / 4 >= tree->limits.nodes) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, place->at), ERROR_LIMIT,
                                "aliases and merge keys expand to more than %u values", tree->limits.nodes);
    }
    composer->depth++;
    tree->nodes[index_of(composer, place->node)].open = true;
    return true;
}

static void leave(struct yaml_composer *composer, const struct yaml_place *place) {
    composer->depth--;
    composer->tree->nodes[index_of(composer, place->node)].open = false;
}

// Members

static void push_member(struct yaml_composer *composer, const struct yaml_member *member) {
    if (composer->member_count == composer->member_capacity) {
        composer->member_capacity = composer->member_capacity ? composer->member_capacity * 2 : 64;
        composer->members =
            memory_realloc(composer->members, composer->member_capacity, sizeof(*composer->members));
    }
    composer->members[composer->member_count++] = *member;
}

// https://yaml.org/type/merge.html: plain <<, or tagged.
static bool is_merge(const struct yaml_node *key) {
    return key->kind == YAML_SCALAR && key->length == 2 && memcmp(key->text, "<<", 2) == 0 &&
           (!key->tag || strcmp(key->tag, YAML_TAG_PREFIX "merge") == 0);
}

static bool gather_members(struct yaml_composer *composer, const struct yaml_place *map);

static bool gather_merged(struct yaml_composer *composer, uint32_t index) {
    struct yaml_place merged = yaml_composer_place(composer, index);
    if (merged.node->kind == YAML_MAP && !merged.node->is_template) {
        return gather_members(composer, &merged);
    }
    if (merged.node->kind != YAML_LIST) {
        return fail(composer, merged.at, "<< takes a map or a list of maps");
    }
    if (!enter(composer, &merged)) {
        return false;
    }
    uint32_t start = index_of(composer, merged.node);
    for (uint32_t i = start + 1; i < start + merged.node->span; i += composer->tree->nodes[i].span) {
        struct yaml_place item = yaml_composer_place(composer, i);
        if (item.node->kind != YAML_MAP || item.node->is_template) {
            return fail(composer, item.at, "<< takes a map or a list of maps");
        }
        if (!gather_members(composer, &item)) {
            return false;
        }
    }
    leave(composer, &merged);
    return true;
}

// Pushes a map's own members, then what it merges in: of two with the same key the first one counts.
static bool gather_members(struct yaml_composer *composer, const struct yaml_place *map) {
    if (!enter(composer, map)) {
        return false;
    }
    const struct yaml_node *nodes = composer->tree->nodes;
    uint32_t source = composer->sources++;
    uint32_t start = index_of(composer, map->node);
    uint32_t merge = 0;
    uint32_t value = 0;
    for (uint32_t i = start + 1; i < start + map->node->span; i = value + nodes[value].span) {
        value = i + nodes[i].span;
        if (is_merge(&nodes[i])) {
            if (merge) {
                return fail(composer, &nodes[i], "a second << in one map; give one << a list");
            }
            merge = value;
            continue;
        }
        struct yaml_member member = {.key_node = i, .value_node = value, .source = source};
        if (!yaml_compose_key(composer, i, &member.key, &member.key_length)) {
            return false;
        }
        composer->steps++;
        push_member(composer, &member);
    }
    bool good = !merge || gather_merged(composer, merge);
    leave(composer, map);
    return good;
}

static int compare_members(const void *left, const void *right, void *cookie) {
    const struct yaml_member *members = cookie;
    uint32_t first = *(const uint32_t *)left;
    uint32_t second = *(const uint32_t *)right;
    const struct yaml_member *a = &members[first];
    const struct yaml_member *b = &members[second];
    uint32_t shorter = a->key_length < b->key_length ? a->key_length : b->key_length;
    int order = memcmp(a->key, b->key, shorter);
    if (order == 0) {
        order = (a->key_length > b->key_length) - (a->key_length < b->key_length);
    }
    return order ? order : (first > second) - (first < second);
}

static bool fail_duplicate(struct yaml_composer *composer, const struct yaml_member *first,
                           const struct yaml_member *second) {
    const struct yaml_node *nodes = composer->tree->nodes;
    uint32_t line = 0;
    uint32_t column = 0;
    yaml_lines_find(composer->lines, yaml_composer_where(composer, &nodes[first->key_node]), &line, &column);
    return yaml_problem_set(
        composer->problem, yaml_composer_where(composer, &nodes[second->key_node]), ERROR_INVALID,
        "the key \"%.100s\" is here a second time; the first is on line %u", second->key, line);
}

// Drops merged members that do not count, and fails on two with the same key in one map.
static bool drop_overridden(struct yaml_composer *composer, uint32_t from) {
    uint32_t count = composer->member_count - from;
    if (count < 2) {
        return true;
    }
    struct yaml_member *members = composer->members + from;
    CLEANUP(free) char *memory = memory_alloc(count * sizeof(uint32_t));
    uint32_t *order = (uint32_t *)(void *)memory;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    qsort_r(order, count, sizeof(*order), compare_members, members);
    for (uint32_t i = 1; i < count; i++) {
        struct yaml_member *first = &members[order[i - 1]];
        struct yaml_member *second = &members[order[i]];
        if (first->key_length != second->key_length ||
            memcmp(first->key, second->key, first->key_length) != 0) {
            continue;
        }
        if (first->source == second->source) {
            return fail_duplicate(composer, first, second);
        }
        second->dropped = true;
    }
    return true;
}

// Objects

static const struct yaml_node *find_value(const struct yaml_composer *composer, const struct yaml_node *map,
                                          const char *key) {
    if (!map || map->kind != YAML_MAP) {
        return NULL;
    }
    const struct yaml_node *nodes = composer->tree->nodes;
    uint32_t start = index_of(composer, map);
    uint32_t value = 0;
    for (uint32_t i = start + 1; i < start + map->span; i = value + nodes[value].span) {
        value = i + nodes[i].span;
        if (nodes[i].kind == YAML_SCALAR && nodes[i].length == strlen(key) &&
            memcmp(nodes[i].text, key, nodes[i].length) == 0) {
            return yaml_composer_place(composer, value).node;
        }
    }
    return NULL;
}

static bool says(const struct yaml_node *scalar, const char *word) {
    return scalar && scalar->kind == YAML_SCALAR && scalar->length == strlen(word) &&
           memcmp(scalar->text, word, scalar->length) == 0;
}

// Flux leaves an object alone that says so in an annotation or label.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
static bool substitution_is_disabled(const struct yaml_composer *composer, const struct yaml_node *object) {
    static const char key[] = "kustomize.toolkit.fluxcd.io/substitute";
    const struct yaml_node *metadata = find_value(composer, object, "metadata");
    return says(find_value(composer, find_value(composer, metadata, "annotations"), key), "disabled") ||
           says(find_value(composer, find_value(composer, metadata, "labels"), key), "disabled");
}

// Is it a whole object: the document, or an item of a List?
static bool is_object(const struct yaml_composer *composer, const struct yaml_node *node) {
    return composer->depth == 0 || (composer->depth == 2 && node->kind == YAML_MAP && composer->list_items &&
                                    composer->list_items->open);
}

// Collections

static bool open_collection(struct yaml_composer *composer, const struct yaml_place *place) {
    struct error error = {0};
    enum node_type type = place->node->kind == YAML_MAP ? NODE_MAP : NODE_LIST;
    if (!document_builder_open(composer->builder, type, &error)) {
        return take_error(composer, place->at, &error);
    }
    yaml_composer_mark(composer, place);
    return true;
}

static bool close_collection(struct yaml_composer *composer, const struct yaml_place *place) {
    struct error error = {0};
    return document_builder_close(composer->builder, NULL, &error) || take_error(composer, place->at, &error);
}

static bool compose_map(struct yaml_composer *composer, const struct yaml_place *place) {
    uint32_t from = composer->member_count;
    if (!gather_members(composer, place) || !drop_overridden(composer, from) || !enter(composer, place)) {
        return false;
    }
    uint32_t to = composer->member_count;
    for (uint32_t i = from; i < to; i++) {
        struct yaml_member member = composer->members[i];
        if (member.dropped) {
            continue;
        }
        document_builder_key(composer->builder, member.key, member.key_length);
        struct yaml_place value = yaml_composer_place(composer, member.value_node);
        value.has_key = true;
        value.key_at = yaml_composer_where(composer, &composer->tree->nodes[member.key_node]);
        if (!yaml_compose_value(composer, &value)) {
            return false;
        }
    }
    composer->member_count = from;
    leave(composer, place);
    return true;
}

static bool compose_list(struct yaml_composer *composer, const struct yaml_place *place) {
    if (!enter(composer, place)) {
        return false;
    }
    uint32_t start = index_of(composer, place->node);
    uint32_t end = start + place->node->span;
    for (uint32_t i = start + 1; i < end; i += composer->tree->nodes[i].span) {
        struct yaml_place item = yaml_composer_place(composer, i);
        if (!yaml_compose_value(composer, &item)) {
            return false;
        }
    }
    leave(composer, place);
    return true;
}

bool yaml_compose_value(struct yaml_composer *composer, const struct yaml_place *place) {
    if (place->node->kind == YAML_SCALAR || place->node->is_template) {
        return yaml_compose_scalar(composer, place);
    }
    const struct substitution *substitution = composer->substitution;
    if (substitution && is_object(composer, place->node) && substitution_is_disabled(composer, place->node)) {
        composer->substitution = NULL;
    }
    bool good =
        open_collection(composer, place) &&
        (place->node->kind == YAML_MAP ? compose_map(composer, place) : compose_list(composer, place)) &&
        close_collection(composer, place);
    composer->substitution = substitution;
    return good;
}

bool yaml_compose(const struct yaml_tree *tree, const struct yaml_lines *lines,
                  const struct substitution *substitution, struct yaml_problem *ret_problem) {
    struct yaml_composer composer = {.tree = tree,
                                     .builder = tree->builder,
                                     .lines = lines,
                                     .substitution = substitution,
                                     .templates = substitution != NULL,
                                     .problem = ret_problem};
    struct yaml_place root = yaml_composer_place(&composer, 0);
    if (says(find_value(&composer, root.node, "kind"), "List")) {
        composer.list_items = find_value(&composer, root.node, "items");
    }
    bool good = yaml_compose_value(&composer, &root);
    free(composer.members);
    return good;
}
