// What yaml_compose.c (lists and maps) and yaml_compose_scalar.c share.
#pragma once

#include "manifest/yaml_compose.h"

struct yaml_member;

struct yaml_composer {
    const struct yaml_tree *tree;
    struct document_builder *builder;
    const struct yaml_lines *lines;
    const struct substitution *substitution; // NULL where ${} is ordinary text
    bool templates;                          // {{ }} makes a value unknown
    const struct yaml_node *stand_in;        // all positions are this node's: what is read was a variable
    size_t text_bytes;                       // composed, aliases and variables expanded
    uint32_t steps;                          // members and merge sources visited
    const struct yaml_node *list_items;      // of a kind: List; else NULL
    uint32_t depth;                          // of lists, maps and merges
    uint32_t sources;                        // maps read so far
    struct yaml_member *members;             // of the maps that are open: a stack
    uint32_t member_count, member_capacity;
    struct yaml_problem *problem;
};

// A value and where it was asked for: at is the alias, or node itself. In a map key_at is the character where
// its key stands.
struct yaml_place {
    const struct yaml_node *node, *at;
    uint32_t key_at;
    bool has_key;
};

struct yaml_place yaml_composer_place(const struct yaml_composer *composer, uint32_t index);
// The character to name in a problem with node.
uint32_t yaml_composer_where(const struct yaml_composer *composer, const struct yaml_node *node);
void yaml_composer_mark(struct yaml_composer *composer, const struct yaml_place *place);

MUST_CHECK bool yaml_compose_value(struct yaml_composer *composer, const struct yaml_place *place);
MUST_CHECK bool yaml_compose_scalar(struct yaml_composer *composer, const struct yaml_place *place);
// The text of a key. Fails for null, lists and maps.
MUST_CHECK bool yaml_compose_key(struct yaml_composer *composer, uint32_t index, const char **ret_key,
                                 uint32_t *ret_length);
