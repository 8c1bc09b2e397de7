#include "base/utf8.h"
#include "manifest/yaml_composer.h"
#include "manifest/yaml_scalar.h"
#include "manifest/yaml_source.h"

#include <string.h>

// Aliases can repeat a long text many times: what they expand to is capped, and so is one expanded variable.
enum { MOST_TEXT_BYTES = 64 * 1024 * 1024, MOST_EXPANDED_BYTES = 1024 * 1024 };

static bool count_text(struct yaml_composer *composer, const struct yaml_node *node, size_t length) {
    composer->text_bytes += length;
    if (composer->text_bytes > MOST_TEXT_BYTES) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_LIMIT,
                                "aliases and variables expand to more than %d MiB",
                                MOST_TEXT_BYTES / 1024 / 1024);
    }
    return true;
}

static bool add(struct yaml_composer *composer, const struct yaml_place *place, const struct node *value) {
    struct error error = {0};
    if (!document_builder_add(composer->builder, value, &error)) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, place->at), error.kind, "%s",
                                error.message);
    }
    yaml_composer_mark(composer, place);
    return true;
}

static bool add_unknown(struct yaml_composer *composer, const struct yaml_place *place) {
    struct node value = {.type = NODE_STRING,
                         .value.string = place->node->text,
                         .length = place->node->length,
                         .unknown = true};
    return add(composer, place, &value);
}

static bool resolve_binary(struct yaml_composer *composer, const struct yaml_node *node, const char *text,
                           uint32_t length, struct node *ret_value) {
    CLEANUP(buffer_clear) struct buffer bytes;
    buffer_init(&bytes, length);
    if (!yaml_scalar_decode_binary(text, length, &bytes)) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID,
                                "a !!binary that is not base64 of UTF-8 text");
    }
    const char *copy = document_builder_copy(composer->builder, buffer_text(&bytes), bytes.length);
    *ret_value = (struct node){.type = NODE_STRING, .value.string = copy, .length = (uint32_t)bytes.length};
    return true;
}

// The typed value of text, which is node's or what it expanded to.
static bool resolve(struct yaml_composer *composer, const struct yaml_node *node, const char *text,
                    uint32_t length, struct node *ret_value) {
    if (node->tag && strcmp(node->tag, YAML_TAG_PREFIX "binary") == 0) {
        return resolve_binary(composer, node, text, length, ret_value);
    }
    const char *why = NULL;
    if (!yaml_scalar_resolve(node->tag, text, length, ret_value, &why)) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID,
                                "%.*s: %s", (int)(length < 40 ? length : 40), text, why);
    }
    return true;
}

static bool is_simple_word(const char *text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                      (text[i] >= '0' && text[i] <= '9');
        if (!letter && (i == 0 || !memchr("._/-", text[i], 4))) {
            return false;
        }
    }
    return length > 0;
}

// Reads text as the value of a key, where the variable stood. False when it is no single line of YAML there.
static bool parse_expanded(const char *text, struct yaml_tree *tree) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, MOST_EXPANDED_BYTES + 16);
    buffer_append_text(&line, "k: ");
    buffer_append_text(&line, text);
    struct yaml_problem problem = {0};
    CLEANUP(yaml_source_free)
    struct yaml_source *source = yaml_source_new(buffer_text(&line), line.length, 0, false);
    if (line.cut || strpbrk(text, "\r\n") ||
        yaml_source_next(source, tree, &problem) != YAML_SOURCE_DOCUMENT || tree->count < 3 ||
        tree->nodes[0].kind != YAML_MAP) {
        return false;
    }
    const struct yaml_node *value = &tree->nodes[2];
    return value->style != YAML_STYLE_BLOCK && value->span + 2 == tree->nodes[0].span;
}

// A variable in a plain scalar may hold whatever can stand there: a number, a text in quotes, a flow list.
static bool add_expanded(struct yaml_composer *composer, const struct yaml_place *place, const char *text) {
    struct yaml_tree tree = {.limits = composer->tree->limits, .builder = composer->builder};
    bool good = false;
    if (parse_expanded(text, &tree)) {
        struct yaml_composer inner = *composer;
        inner.tree = &tree;
        inner.substitution = NULL;
        inner.stand_in = composer->stand_in ? composer->stand_in : place->at;
        struct yaml_place value = yaml_composer_place(&inner, 2);
        value.has_key = place->has_key;
        value.key_at = place->key_at;
        good = yaml_compose_value(&inner, &value);
        composer->text_bytes = inner.text_bytes;
        composer->steps = inner.steps;
        composer->members = inner.members;
        composer->member_capacity = inner.member_capacity;
    } else {
        good = add_unknown(composer, place);
    }
    yaml_tree_clear(&tree);
    return good;
}

// Adds what the variables of a scalar expand to.
static bool add_substituted(struct yaml_composer *composer, const struct yaml_place *place,
                            const struct buffer *expanded) {
    const struct yaml_node *node = place->node;
    uint32_t length = (uint32_t)expanded->length;
    if (!count_text(composer, place->at, length)) {
        return false;
    }
    if (!utf8_is_valid(buffer_text(expanded), length)) {
        return add_unknown(composer, place);
    }
    const char *text = document_builder_copy(composer->builder, buffer_text(expanded), length);
    if (node->style == YAML_STYLE_PLAIN && !node->tag && !is_simple_word(text, length)) {
        return add_expanded(composer, place, text);
    }
    struct node value = {0};
    return resolve(composer, node, text, length, &value) && add(composer, place, &value);
}

bool yaml_compose_scalar(struct yaml_composer *composer, const struct yaml_place *place) {
    const struct yaml_node *node = place->node;
    if (!count_text(composer, place->at, node->length)) {
        return false;
    }
    if (node->is_template || (composer->templates && substitution_has_template(node->text, node->length))) {
        return add_unknown(composer, place);
    }
    if (composer->substitution) {
        CLEANUP(buffer_clear) struct buffer expanded;
        buffer_init(&expanded, MOST_EXPANDED_BYTES);
        switch (substitution_expand(composer->substitution, node->text, node->length,
                                    node->style == YAML_STYLE_QUOTED, &expanded)) {
        case SUBSTITUTION_UNKNOWN:
            return add_unknown(composer, place);
        case SUBSTITUTION_EXPANDED:
            return add_substituted(composer, place, &expanded);
        case SUBSTITUTION_UNCHANGED:
            break;
        }
    }
    struct node value = {0};
    return resolve(composer, node, node->text, node->length, &value) && add(composer, place, &value);
}

// A key with its variables filled in stays a string; one that does not resolve keeps its words.
static bool key_value(struct yaml_composer *composer, const struct yaml_node *node, struct node *ret_value) {
    *ret_value = (struct node){.type = NODE_STRING, .value.string = node->text, .length = node->length};
    if (node->is_template) {
        return true;
    }
    if (node->kind != YAML_SCALAR) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID,
                                "a list or map can't be a key");
    }
    CLEANUP(buffer_clear) struct buffer expanded;
    buffer_init(&expanded, MOST_EXPANDED_BYTES);
    if (composer->substitution &&
        substitution_expand(composer->substitution, node->text, node->length,
                            node->style == YAML_STYLE_QUOTED, &expanded) == SUBSTITUTION_EXPANDED) {
        ret_value->length = (uint32_t)expanded.length;
        ret_value->value.string =
            document_builder_copy(composer->builder, buffer_text(&expanded), expanded.length);
        return count_text(composer, node, expanded.length);
    }
    return resolve(composer, node, node->text, node->length, ret_value);
}

bool yaml_compose_key(struct yaml_composer *composer, uint32_t index, const char **ret_key,
                      uint32_t *ret_length) {
    const struct yaml_node *node = yaml_composer_place(composer, index).node;
    struct node value = {0};
    if (!count_text(composer, node, node->length) || !key_value(composer, node, &value)) {
        return false;
    }
    if (value.type != NODE_STRING) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 64);
        if (!yaml_scalar_key(&value, &text)) {
            return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID,
                                    "null can't be a key; put it in quotes");
        }
        value.value.string = document_builder_copy(composer->builder, buffer_text(&text), text.length);
        value.length = (uint32_t)text.length;
    }
    if (memchr(value.value.string, '\0', value.length)) {
        return yaml_problem_set(composer->problem, yaml_composer_where(composer, node), ERROR_INVALID,
                                "a key with a NUL character");
    }
    *ret_key = value.value.string;
    *ret_length = value.length;
    return true;
}
