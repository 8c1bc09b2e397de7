#include "manifest/yaml_json.h"

#include "base/json_reader.h"

#include <stdio.h>
#include <string.h>

struct walk {
    const char *at;
    uint32_t character;
    struct yaml_tree *tree;
    struct yaml_problem *problem;
};

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool yaml_json_may_be(const char *text, size_t length, bool *ret_likely) {
    size_t i = 0;
    while (i < length && is_space(text[i])) {
        i++;
    }
    if (i == length || (text[i] != '{' && text[i] != '[')) {
        return false;
    }
    for (i++; i < length && is_space(text[i]);) {
        i++;
    }
    *ret_likely = i < length && (text[i] == '"' || text[i] == '{');
    return true;
}

static void step(struct walk *walk) {
    walk->character += ((unsigned char)*walk->at & 0xC0) != 0x80;
    walk->at++;
}

// Passes white space and what stands between two values.
static void skip_between(struct walk *walk) {
    while (is_space(*walk->at) || *walk->at == ',' || *walk->at == ':') {
        step(walk);
    }
}

static void skip_scalar(struct walk *walk) {
    if (*walk->at != '"') {
        while (*walk->at && !is_space(*walk->at) && !strchr(",]}", *walk->at)) {
            step(walk);
        }
        return;
    }
    do {
        if (*walk->at == '\\') {
            step(walk);
        }
        step(walk);
    } while (*walk->at != '"');
    step(walk);
}

// text NULL: the source's own words.
static bool add_scalar(struct walk *walk, const char *text, uint32_t length) {
    skip_between(walk);
    const char *start = walk->at;
    uint32_t character = walk->character;
    skip_scalar(walk);
    if (!text) {
        text = start;
        length = (uint32_t)(walk->at - start);
    }
    struct yaml_node node = {.kind = YAML_SCALAR,
                             .style = *start == '"' ? YAML_STYLE_QUOTED : YAML_STYLE_PLAIN,
                             .tag = *start == '"' ? "!" : NULL,
                             .text = yaml_tree_copy(walk->tree, text, length),
                             .length = length,
                             .start = character,
                             .end = walk->character};
    uint32_t index = 0;
    return yaml_tree_add(walk->tree, &node, &index, walk->problem);
}

// The value was validated, so its shape in the text is known; depth is at most the document limit's.
static bool add_value(struct walk *walk, const struct node *value) {
    if (value->type == NODE_STRING) {
        return add_scalar(walk, value->value.string, value->length);
    }
    if (value->type < NODE_LIST) {
        return add_scalar(walk, NULL, 0);
    }
    skip_between(walk);
    struct yaml_node node = {.kind = value->type == NODE_MAP ? YAML_MAP : YAML_LIST,
                             .style = YAML_STYLE_FLOW,
                             .start = walk->character};
    uint32_t index = 0;
    if (!yaml_tree_add(walk->tree, &node, &index, walk->problem)) {
        return false;
    }
    step(walk);
    NODE_EACH(child, value) {
        if ((child->key && !add_scalar(walk, child->key, child->key_length)) || !add_value(walk, child)) {
            return false;
        }
    }
    skip_between(walk);
    step(walk);
    walk->tree->nodes[index].end = walk->character;
    walk->tree->nodes[index].span = walk->tree->count - index;
    return true;
}

// json_read's message begins with a position in its own text.
static bool take_error(const struct error *error, const char *text, size_t length, uint32_t base,
                       struct yaml_problem *problem) {
    size_t line = 0;
    size_t column = 0;
    int words = 0;
    if (sscanf(error->message, "line %zu column %zu: %n", &line, &column, &words) < 2) {
        return yaml_problem_set(problem, base, error->kind, "%s", error->message);
    }
    uint32_t at = base;
    size_t left = line - 1;
    for (size_t i = 0; i < length && left > 0; i++) {
        at += ((unsigned char)text[i] & 0xC0) != 0x80;
        left -= text[i] == '\n';
    }
    return yaml_problem_set(problem, at + (uint32_t)column - 1, error->kind, "%s", error->message + words);
}

bool yaml_json_parse(const char *text, size_t length, uint32_t base, struct yaml_tree *tree,
                     struct yaml_problem *ret_problem) {
    struct error error = {0};
    CLEANUP(document_free) struct document *document = NULL;
    if (!json_read_copy(text, length, &tree->limits, &document, &error)) {
        return take_error(&error, text, length, base, ret_problem);
    }
    struct walk walk = {.at = text, .character = base, .tree = tree, .problem = ret_problem};
    return add_value(&walk, document_root(document));
}
