// Makes a document of a tree: types, aliases, merge keys, substitution, duplicate keys.
#pragma once

#include "manifest/substitution.h"
#include "manifest/yaml_tree.h"

// Where the lines of a text begin, counted in characters; starts[0] is 0.
struct yaml_lines {
    uint32_t *starts;
    uint32_t count;
};
void yaml_lines_find(const struct yaml_lines *lines, uint32_t character, uint32_t *ret_line,
                     uint32_t *ret_column);

// Feeds the tree, which must hold a value, to its builder. substitution NULL: none.
MUST_CHECK bool yaml_compose(const struct yaml_tree *tree, const struct yaml_lines *lines,
                             const struct substitution *substitution, struct yaml_problem *ret_problem);
