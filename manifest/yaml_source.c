#include "manifest/yaml_source.h"

#include "base/memory.h"
#include "manifest/yaml_problem.h"

#include <search.h>
#include <string.h>
#include <yaml.h>

struct anchor {
    uint32_t node;
    char name[];
};

struct yaml_source {
    yaml_parser_t libyaml;
    const char *text;
    size_t length;
    uint32_t base;
    bool templates;
    size_t cursor_byte; // of the character cursor_character, both counted in this parser's text
    uint32_t cursor_character;
    void *anchors; // of this document: tsearch(3) over struct anchor
    struct yaml_tree *tree;
    struct yaml_problem *problem;
    uint32_t depth;
    uint32_t last_end; // where the last scalar, alias or flow collection ended
    uint32_t *open;    // indexes of the open lists and maps
};

struct yaml_source *yaml_source_new(const char *text, size_t length, uint32_t base, bool templates) {
    struct yaml_source *source = memory_calloc(1, sizeof(*source));
    if (!yaml_parser_initialize(&source->libyaml)) {
        abort(); // out of memory
    }
    yaml_parser_set_encoding(&source->libyaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&source->libyaml, (const unsigned char *)text, length);
    source->text = text;
    source->length = length;
    source->base = base;
    source->templates = templates;
    return source;
}

static int compare_anchors(const void *left, const void *right) {
    return strcmp(((const struct anchor *)left)->name, ((const struct anchor *)right)->name);
}

void yaml_source_free(struct yaml_source *source) {
    if (!source) {
        return;
    }
    yaml_parser_delete(&source->libyaml);
    tdestroy(source->anchors, free);
    free(source->open);
    free(source);
}

static uint32_t character_of(const struct yaml_source *source, const yaml_mark_t *mark) {
    return source->base + (uint32_t)mark->index;
}

// The byte of a character, which is at or after the one asked for last.
static size_t byte_of(struct yaml_source *source, uint32_t character) {
    while (source->cursor_byte < source->length && source->cursor_character < character) {
        source->cursor_byte++;
        if (source->cursor_byte == source->length ||
            ((unsigned char)source->text[source->cursor_byte] & 0xC0) != 0x80) {
            source->cursor_character++;
        }
    }
    return source->cursor_byte;
}

// libyaml ends a block scalar where the next line of another kind begins; people see its last words as its
// end.
static uint32_t trailing_space(struct yaml_source *source, uint32_t character) {
    const char *end = source->text + byte_of(source, character);
    uint32_t count = 0;
    while (end - count > source->text && strchr(" \t\r\n", end[-1 - (ptrdiff_t)count])) {
        count++;
    }
    return count;
}

static bool define_anchor(struct yaml_source *source, const yaml_char_t *name, uint32_t node) {
    if (!name) {
        return true;
    }
    size_t size = strlen((const char *)name) + 1;
    struct anchor *anchor = memory_alloc(sizeof(*anchor) + size);
    memcpy(anchor->name, name, size);
    struct anchor **found = tsearch(anchor, &source->anchors, compare_anchors);
    if (!found) {
        abort(); // out of memory
    }
    if (*found != anchor) {
        free(anchor);
    }
    (*found)->node = node;
    return true;
}

static bool find_anchor(struct yaml_source *source, const yaml_event_t *event, uint32_t *ret_node) {
    const char *name = (const char *)event->data.alias.anchor;
    size_t size = strlen(name) + 1;
    struct anchor *anchor = memory_alloc(sizeof(*anchor) + size);
    memcpy(anchor->name, name, size);
    struct anchor **found = tfind(anchor, &source->anchors, compare_anchors);
    free(anchor);
    if (!found) {
        return yaml_problem_set(source->problem, character_of(source, &event->start_mark), ERROR_INVALID,
                                "*%.100s names an anchor that is not in this document (&%.100s)", name, name);
    }
    *ret_node = (*found)->node;
    return true;
}

static bool add_scalar(struct yaml_source *source, const yaml_event_t *event) {
    struct yaml_tree *tree = source->tree;
    const char *tag = (const char *)event->data.scalar.tag;
    yaml_scalar_style_t style = event->data.scalar.style;
    struct yaml_node node = {
        .kind = YAML_SCALAR,
        .style = style == YAML_PLAIN_SCALAR_STYLE ? YAML_STYLE_PLAIN
                 : style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE
                     ? YAML_STYLE_QUOTED
                     : YAML_STYLE_BLOCK,
        .text = yaml_tree_copy(tree, (const char *)event->data.scalar.value, event->data.scalar.length),
        .length = (uint32_t)event->data.scalar.length,
        .start = character_of(source, &event->start_mark),
        .end = character_of(source, &event->end_mark),
    };
    if (tag) {
        node.tag = yaml_tree_copy(tree, tag, strlen(tag));
    } else if (!event->data.scalar.plain_implicit) {
        node.tag = "!"; // quoted: a string whatever it looks like
    }
    if (node.style == YAML_STYLE_BLOCK) {
        node.end -= trailing_space(source, (uint32_t)event->end_mark.index);
    }
    source->last_end = node.end;
    uint32_t index = 0;
    return yaml_tree_add(tree, &node, &index, source->problem) &&
           define_anchor(source, event->data.scalar.anchor, index);
}

static bool add_alias(struct yaml_source *source, const yaml_event_t *event) {
    struct yaml_node node = {.kind = YAML_ALIAS,
                             .start = character_of(source, &event->start_mark),
                             .end = character_of(source, &event->end_mark)};
    source->last_end = node.end;
    uint32_t index = 0;
    return find_anchor(source, event, &node.target) &&
           yaml_tree_add(source->tree, &node, &index, source->problem);
}

static bool open_collection(struct yaml_source *source, const yaml_event_t *event) {
    bool map = event->type == YAML_MAPPING_START_EVENT;
    bool flow = map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                    : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    struct yaml_node node = {.kind = map ? YAML_MAP : YAML_LIST,
                             .style = flow ? YAML_STYLE_FLOW : YAML_STYLE_BLOCK,
                             .start = character_of(source, &event->start_mark)};
    struct yaml_tree *tree = source->tree;
    if (source->depth >= tree->limits.depth) {
        return yaml_problem_set(source->problem, node.start, ERROR_LIMIT,
                                "lists and maps nested deeper than %u", tree->limits.depth);
    }
    if (map && flow && source->templates) {
        size_t byte = byte_of(source, (uint32_t)event->start_mark.index);
        if (source->length - byte >= 2 && memcmp(source->text + byte, "{{", 2) == 0) {
            node.is_template = true;
            node.text = source->text + byte;
        }
    }
    uint32_t index = 0;
    if (!yaml_tree_add(tree, &node, &index, source->problem)) {
        return false;
    }
    source->last_end = node.start;
    source->open[source->depth++] = index;
    return define_anchor(source, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                         index);
}

static void close_collection(struct yaml_source *source, const yaml_event_t *event) {
    struct yaml_tree *tree = source->tree;
    uint32_t index = source->open[--source->depth];
    struct yaml_node *node = &tree->nodes[index];
    if (node->style == YAML_STYLE_FLOW) {
        source->last_end = character_of(source, &event->end_mark);
    }
    if (node->is_template) {
        const char *end = source->text + byte_of(source, (uint32_t)event->end_mark.index);
        node->length = (uint32_t)(end - node->text);
        node->text = yaml_tree_copy(tree, node->text, node->length);
    }
    node->end = source->last_end;
    node->span = tree->count - index;
}

static bool fail_libyaml(struct yaml_source *source) {
    const yaml_parser_t *libyaml = &source->libyaml;
    if (libyaml->error == YAML_MEMORY_ERROR) {
        abort();
    }
    const char *problem = libyaml->problem ? libyaml->problem : "not YAML";
    bool unclosed = strcmp(problem, "found unexpected end of stream") == 0 ||
                    strcmp(problem, "found unexpected document indicator") == 0;
    const yaml_mark_t *mark = libyaml->error == YAML_READER_ERROR ? &libyaml->mark
                              : unclosed                          ? &libyaml->context_mark
                                                                  : &libyaml->problem_mark;
    uint32_t character = (uint32_t)mark->index;
    size_t byte = 0;
    for (uint32_t i = 0; byte < source->length; byte++) {
        if (((unsigned char)source->text[byte] & 0xC0) != 0x80 && i++ == character) {
            break;
        }
    }
    char at = byte < source->length ? source->text[byte] : '\0';
    return yaml_problem_set(source->problem, source->base + character, ERROR_INVALID, "%s",
                            yaml_problem_words(problem, at));
}

static bool take_event(struct yaml_source *source, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(source, event);
    case YAML_ALIAS_EVENT:
        return add_alias(source, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return open_collection(source, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_collection(source, event);
        return true;
    default:
        return true;
    }
}

enum yaml_source_status yaml_source_next(struct yaml_source *source, struct yaml_tree *tree,
                                         struct yaml_problem *ret_problem) {
    source->tree = tree;
    source->problem = ret_problem;
    tdestroy(source->anchors, free);
    source->anchors = NULL;
    if (!source->open) {
        source->open = memory_calloc(tree->limits.depth, sizeof(*source->open));
    }
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&source->libyaml, &event)) {
            fail_libyaml(source);
            return YAML_SOURCE_FAILED;
        }
        yaml_event_type_t type = event.type;
        bool good = take_event(source, &event);
        yaml_event_delete(&event);
        if (!good) {
            return YAML_SOURCE_FAILED;
        }
        if (type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT) {
            return YAML_SOURCE_END;
        }
        if (type == YAML_DOCUMENT_END_EVENT) {
            return YAML_SOURCE_DOCUMENT;
        }
    }
}
