// One YAML document as it was written, before aliases, merge keys and substitution: what the two parsers
// make.
#pragma once

#include "base/document_builder.h"

enum yaml_kind { YAML_SCALAR, YAML_ALIAS, YAML_LIST, YAML_MAP };
enum yaml_style { YAML_STYLE_PLAIN, YAML_STYLE_QUOTED, YAML_STYLE_BLOCK, YAML_STYLE_FLOW };

// Nodes lie in reading order as in base/document.h; in a map keys and values alternate.
struct yaml_node {
    const char *tag;     // NULL: by its look, or a list or map
    const char *text;    // of a scalar; of a flow map that is a {{ template }} its source. Not NUL-terminated
    uint32_t length;     // of text
    uint32_t span;       // nodes of this subtree, itself included
    uint32_t start, end; // characters of the whole text
    uint32_t target;     // of an alias: the index of the anchored node
    uint8_t kind, style;
    bool is_template;
    bool open; // being composed: an alias to it would contain itself
};

struct yaml_tree {
    struct yaml_node *nodes;
    uint32_t count, capacity;
    struct document_limits limits;
    struct document_builder *builder; // keeps the texts; borrowed
};

// What is wrong and at which character of the whole text.
struct yaml_problem {
    uint32_t at;
    struct error error;
};

// Always false, for "return yaml_problem_set(...)".
bool yaml_problem_set(struct yaml_problem *problem, uint32_t at, enum error_kind kind, const char *format,
                      ...) PRINTF_LIKE(4, 5);

void yaml_tree_clear(struct yaml_tree *tree); // frees the nodes
// Fails with LIMIT: twice as many nodes (keys are nodes here) as the document may have.
MUST_CHECK bool yaml_tree_add(struct yaml_tree *tree, const struct yaml_node *node, uint32_t *ret_index,
                              struct yaml_problem *problem);
// A copy of text in the builder; borrowed like the builder's texts.
const char *yaml_tree_copy(struct yaml_tree *tree, const char *text, size_t length);
