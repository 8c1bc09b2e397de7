#include "fleet/fact_reader.h"

#include <stdio.h>
#include <string.h>

// Longer than any path of the table with its indexes; an origin is cut there rather than wrong.
enum { PATH_BYTES = 256, PLACEHOLDER_BYTES = 80, PERCENT_DIGITS = 4 };

static struct fact fact_at(const struct fact_reader *reader, const char *path) {
    return (struct fact){.origin = {reader->key, path, reader->root}};
}

struct fact fact_absent(const struct fact_reader *reader, const char *path) {
    return fact_at(reader, path);
}

struct fact fact_unknown(const struct fact_reader *reader, const char *path, const char *why) {
    struct fact fact = fact_at(reader, path);
    fact.state = FACT_UNKNOWN;
    fact.why = why;
    return fact;
}

struct fact fact_known_text(const struct fact_reader *reader, const char *path, const char *text) {
    struct fact fact = fact_at(reader, path);
    fact.state = FACT_KNOWN;
    fact.type = FACT_TEXT;
    fact.value.text = text;
    return fact;
}

struct fact fact_known_integer(const struct fact_reader *reader, const char *path, int64_t integer) {
    struct fact fact = fact_at(reader, path);
    fact.state = FACT_KNOWN;
    fact.type = FACT_INTEGER;
    fact.value.integer = integer;
    return fact;
}

struct fact fact_known_boolean(const struct fact_reader *reader, const char *path, bool boolean) {
    struct fact fact = fact_at(reader, path);
    fact.state = FACT_KNOWN;
    fact.type = FACT_BOOLEAN;
    fact.value.boolean = boolean;
    return fact;
}

// The first ${NAME} or {{ name }} of the text, or the text itself.
static const char *placeholder_why(const struct fact_reader *reader, const struct node *node) {
    const char *text = node->value.string;
    const char *dollar = strstr(text, "${");
    const char *brace = strstr(text, "{{");
    const char *start = dollar && (!brace || dollar < brace) ? dollar : brace ? brace : text;
    const char *end = strstr(start, start == dollar ? "}" : "}}");
    size_t length = end ? (size_t)(end - start) + (start == dollar ? 1 : 2) : strlen(start);
    if (length > PLACEHOLDER_BYTES) {
        return arena_printf(reader->arena, "%.*s... is not resolved", PLACEHOLDER_BYTES, start);
    }
    return arena_printf(reader->arena, "%.*s is not resolved", (int)length, start);
}

const char *fact_reader_why(const struct fact_reader *reader, const char *path, const struct node *node,
                            const char *wanted) {
    if (node->unknown) {
        return placeholder_why(reader, node);
    }
    static const char *const words[] = {"null",   "a boolean", "a number", "a number",
                                        "a text", "a list",    "a map"};
    const char *type = words[node->type];
    bool is_scalar = node->type == NODE_BOOL || node->type == NODE_INTEGER || node->type == NODE_NUMBER;
    if (is_scalar && strcmp(wanted, "a text") == 0) {
        return arena_printf(reader->arena, "%s is %s; write it in quotes", path, type);
    }
    if (node->type == NODE_STRING && strcmp(wanted, "a list") != 0 && strcmp(wanted, "a map") != 0) {
        return arena_printf(reader->arena, "%s is a text, not %s; write it without quotes", path, wanted);
    }
    if (node->type == NODE_NUMBER) {
        type = "a number with a fraction";
    }
    return arena_printf(reader->arena, "%s is %s, not %s", path, type, wanted);
}

static bool is_nothing(const struct node *node) {
    return !node || node_is(node, NODE_NULL) || (node_is(node, NODE_STRING) && node->length == 0);
}

struct fact fact_read_text(const struct fact_reader *reader, const char *path, const struct node *node) {
    if (is_nothing(node)) {
        return fact_absent(reader, path);
    }
    if (node->unknown || !node_is(node, NODE_STRING)) {
        return fact_unknown(reader, path, fact_reader_why(reader, path, node, "a text"));
    }
    const char *text = node_string(node);
    if (!text) {
        return fact_unknown(reader, path, arena_printf(reader->arena, "%s holds a NUL byte", path));
    }
    return fact_known_text(reader, path, text);
}

struct fact fact_read_integer(const struct fact_reader *reader, const char *path, const struct node *node) {
    if (!node || node_is(node, NODE_NULL)) {
        return fact_absent(reader, path);
    }
    int64_t integer;
    if (!node_integer(node, &integer)) {
        return fact_unknown(reader, path, fact_reader_why(reader, path, node, "a whole number"));
    }
    return fact_known_integer(reader, path, integer);
}

struct fact fact_read_boolean(const struct fact_reader *reader, const char *path, const struct node *node) {
    if (!node || node_is(node, NODE_NULL)) {
        return fact_absent(reader, path);
    }
    bool boolean;
    if (!node_boolean(node, &boolean)) {
        return fact_unknown(reader, path, fact_reader_why(reader, path, node, "true or false"));
    }
    return fact_known_boolean(reader, path, boolean);
}

struct fact fact_read_surge(const struct fact_reader *reader, const char *path, const struct node *node) {
    const char *text = node && !node->unknown ? node_string(node) : NULL;
    if (!text || *text == '\0') {
        return fact_read_integer(reader, path, is_nothing(node) ? NULL : node);
    }
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > PERCENT_DIGITS || strcmp(text + digits, "%") != 0) {
        return fact_unknown(
            reader, path,
            arena_printf(reader->arena, "%s is neither a whole number nor a percentage like 25%%", path));
    }
    return fact_known_text(reader, path, text);
}

struct fact fact_read_digits(const struct fact_reader *reader, const char *path, const struct node *node) {
    if (!node || node_is(node, NODE_NULL)) {
        return fact_absent(reader, path);
    }
    const char *text = node->unknown ? NULL : node_string(node);
    if (!text) {
        return fact_unknown(reader, path, fact_reader_why(reader, path, node, "a text"));
    }
    // Go's strconv.ParseInt as CAPI uses it: a sign is allowed, white space is not. Nine digits are enough.
    const char *at = text + (*text == '-' || *text == '+');
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > 9 || at[digits] != '\0') {
        return fact_unknown(reader, path,
                            arena_printf(reader->arena, "%s is not a whole number in base 10", path));
    }
    int64_t integer = 0;
    for (; *at; at++) {
        integer = integer * 10 + (*at - '0');
    }
    return fact_known_integer(reader, path, *text == '-' ? -integer : integer);
}

struct walk {
    const struct fact_reader *reader;
    const struct fact_visitor *visitor;
    size_t siblings;
    const char *literal; // the path when it is the whole truth: no prefix and no items
    char text[PATH_BYTES];
};

static void arrive(struct walk *walk, const struct node *node, size_t length, const char *wanted) {
    struct fact_place place = {.node = node, .wanted = wanted, .siblings = walk->siblings};
    place.path =
        !wanted && walk->literal ? walk->literal : arena_copy_text(walk->reader->arena, walk->text, length);
    walk->visitor->visit(walk->visitor->cookie, &place);
}

static size_t add(struct walk *walk, size_t length, const char *text, size_t text_length) {
    if (length + text_length >= PATH_BYTES) {
        return length;
    }
    memcpy(walk->text + length, text, text_length);
    return length + text_length;
}

static size_t add_index(struct walk *walk, size_t length, size_t index) {
    char digits[24];
    size_t at = sizeof(digits);
    digits[--at] = ']';
    do {
        digits[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    digits[--at] = '[';
    return add(walk, length, digits + at, sizeof(digits) - at);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the table's paths have [].
static void follow(struct walk *walk, const struct node *node, const char *rest, size_t length) {
    for (;;) {
        if (!node || node_is(node, NODE_NULL)) {
            return;
        }
        if (*rest == '\0') {
            arrive(walk, node, length, NULL);
            return;
        }
        if (!node_is(node, *rest == '[' ? NODE_LIST : NODE_MAP)) {
            arrive(walk, node, length, *rest == '[' ? "a list" : "a map");
            return;
        }
        if (*rest == '[') {
            size_t index = 0;
            NODE_EACH(item, node) {
                walk->siblings = node->length - 1 - index;
                follow(walk, item, rest + 2, add_index(walk, length, index++));
            }
            return;
        }
        rest += *rest == '.';
        size_t key = strcspn(rest, ".[");
        length = length > 0 ? add(walk, length, ".", 1) : length;
        length = add(walk, length, rest, key);
        node = node_get_sized(node, rest, key);
        rest += key;
    }
}

void fact_reader_walk(const struct fact_reader *reader, const struct node *base, const char *prefix,
                      const char *path, const struct fact_visitor *visitor) {
    struct walk walk;
    walk.reader = reader;
    walk.visitor = visitor;
    walk.siblings = 0;
    walk.literal = *prefix == '\0' && !strchr(path, '[') ? path : NULL;
    follow(&walk, base, path, add(&walk, 0, prefix, strlen(prefix)));
}

// "prefix.path"; printf would be a tenth of the work of reading a cluster with pools.
static const char *join(const struct fact_reader *reader, const char *prefix, const char *path,
                        size_t length) {
    size_t prefix_length = strlen(prefix);
    char *joined = arena_alloc(reader->arena, prefix_length + 1 + length + 1);
    memcpy(joined, prefix, prefix_length);
    joined[prefix_length] = '.';
    memcpy(joined + prefix_length + 1, path, length);
    return joined;
}

const char *fact_reader_join(const struct fact_reader *reader, const char *prefix, const char *path) {
    const char *items = strchr(path, '[');
    size_t length = items ? (size_t)(items - path) : strlen(path);
    if (*prefix != '\0') {
        return join(reader, prefix, path, length);
    }
    return items ? arena_copy_text(reader->arena, path, length) : path;
}

const char *fact_reader_join_key(const struct fact_reader *reader, const char *prefix, const char *key) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (*key && key[strspn(key, plain)] == '\0') {
        return join(reader, prefix, key, strlen(key));
    }
    // A path can't spell a key with quotes in it; the map that holds it has to do.
    return strchr(key, '"') ? prefix : arena_printf(reader->arena, "%s[\"%s\"]", prefix, key);
}

void fact_list_add(struct arena *arena, struct fact_list *list, const struct fact *fact) {
    // Grows at every power of two, so that the count tells the capacity.
    if ((list->count & (list->count - 1)) == 0) {
        struct fact *items = arena_alloc(arena, (list->count ? list->count * 2 : 1) * sizeof(*items));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
    }
    struct fact *items = (struct fact *)list->items;
    items[list->count++] = *fact;
    if (list->whole.state == FACT_ABSENT) {
        list->whole.state = FACT_KNOWN;
        list->whole.origin = fact->origin;
    }
}
