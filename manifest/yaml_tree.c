#include "manifest/yaml_tree.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

bool yaml_problem_set(struct yaml_problem *problem, uint32_t at, enum error_kind kind, const char *format,
                      ...) {
    char text[sizeof(problem->error.message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    problem->at = at;
    return error_set(&problem->error, kind, "%s", text);
}

void yaml_tree_clear(struct yaml_tree *tree) {
    free(tree->nodes);
    tree->nodes = NULL;
    tree->count = 0;
    tree->capacity = 0;
}

bool yaml_tree_add(struct yaml_tree *tree, const struct yaml_node *node, uint32_t *ret_index,
                   struct yaml_problem *problem) {
    if (tree->count / 2 >= tree->limits.nodes) {
        return yaml_problem_set(problem, node->start, ERROR_LIMIT, "more than %u values in one document",
                                tree->limits.nodes);
    }
    if (tree->count == tree->capacity) {
        tree->capacity = tree->capacity ? tree->capacity * 2 : 64;
        tree->nodes = memory_realloc(tree->nodes, tree->capacity, sizeof(*tree->nodes));
    }
    *ret_index = tree->count;
    tree->nodes[tree->count] = *node;
    tree->nodes[tree->count++].span = 1;
    return true;
}

const char *yaml_tree_copy(struct yaml_tree *tree, const char *text, size_t length) {
    return length > 0 ? document_builder_copy(tree->builder, text, length) : "";
}
