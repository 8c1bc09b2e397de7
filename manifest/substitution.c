#include "manifest/substitution.h"

#include <string.h>

// A default inside a default inside ...: real templates nest two.
enum { DEEPEST_DEFAULT = 8, LONGEST_NAME = 256 };

struct expansion {
    const struct substitution *substitution;
    const char *at;
    const char *end;
    bool in_quotes;
    struct buffer *out;
};

static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool starts_with(const struct expansion *expansion, const char *prefix) {
    size_t length = strlen(prefix);
    return (size_t)(expansion->end - expansion->at) >= length && memcmp(expansion->at, prefix, length) == 0;
}

// NULL for a variable that is not set.
static const char *look_up(const struct expansion *expansion, const char *name, size_t length) {
    const struct substitution *substitution = expansion->substitution;
    if (!substitution->lookup || length >= LONGEST_NAME) {
        return NULL;
    }
    char copy[LONGEST_NAME];
    memcpy(copy, name, length);
    copy[length] = '\0';
    return substitution->lookup(substitution->cookie, copy);
}

// Passes := :- = or -; false when something else stands there.
static bool skip_default_operator(struct expansion *expansion) {
    expansion->at += starts_with(expansion, ":=") || starts_with(expansion, ":-");
    if (!starts_with(expansion, "=") && !starts_with(expansion, "-")) {
        return false;
    }
    expansion->at++;
    return true;
}

// Flux writes the object out again without quotes before it fills in: "x" in a quoted text becomes x.
static void drop_quotes(const struct expansion *expansion, size_t start) {
    struct buffer *out = expansion->out;
    if (!expansion->in_quotes || out->cut || out->length < start + 2 || out->data[start] != '"' ||
        out->data[out->length - 1] != '"') {
        return;
    }
    memmove(out->data + start, out->data + start + 1, out->length - start - 2);
    buffer_truncate(out, out->length - 2);
}

// A default that is not used must still be closed.
static bool skip_default(struct expansion *expansion) {
    int open = 1;
    while (expansion->at < expansion->end && open > 0) {
        open += starts_with(expansion, "${") ? 1 : *expansion->at == '}' ? -1 : 0;
        expansion->at++;
    }
    return open == 0;
}

static bool expand_variable(struct expansion *expansion, int depth);

// The text of a default up to its }, which is passed too. $$ is no escape in here.
static bool expand_default(struct expansion *expansion, int depth) {
    size_t start = expansion->out->length;
    while (expansion->at < expansion->end) {
        if (*expansion->at == '}') {
            expansion->at++;
            drop_quotes(expansion, start);
            return true;
        }
        if (starts_with(expansion, "${")) {
            if (depth >= DEEPEST_DEFAULT || !expand_variable(expansion, depth + 1)) {
                return false;
            }
        } else {
            buffer_append_char(expansion->out, *expansion->at++);
        }
    }
    return false;
}

// At "${". False when the value is not known.
static bool expand_variable(struct expansion *expansion, int depth) {
    expansion->at += 2;
    const char *name = expansion->at;
    while (expansion->at < expansion->end && is_name_character(*expansion->at)) {
        expansion->at++;
    }
    size_t length = (size_t)(expansion->at - name);
    const char *value = length > 0 ? look_up(expansion, name, length) : NULL;
    if (length > 0 && starts_with(expansion, "}")) {
        expansion->at++;
        buffer_append_text(expansion->out, value ? value : "");
        return value != NULL;
    }
    if (length == 0 || !skip_default_operator(expansion)) {
        return false;
    }
    if (!value || !*value) {
        return expand_default(expansion, depth);
    }
    buffer_append_text(expansion->out, value);
    return skip_default(expansion);
}

enum substitution_result substitution_expand(const struct substitution *substitution, const char *text,
                                             size_t length, bool in_quotes, struct buffer *ret_text) {
    if (!memmem(text, length, "${", 2) && !memmem(text, length, "$$", 2)) {
        return SUBSTITUTION_UNCHANGED;
    }
    struct expansion expansion = {.substitution = substitution,
                                  .at = text,
                                  .end = text + length,
                                  .in_quotes = in_quotes,
                                  .out = ret_text};
    while (expansion.at < expansion.end) {
        const char *dollar = memchr(expansion.at, '$', (size_t)(expansion.end - expansion.at));
        const char *stop = dollar ? dollar : expansion.end;
        buffer_append(ret_text, expansion.at, (size_t)(stop - expansion.at));
        expansion.at = stop;
        if (starts_with(&expansion, "$$")) {
            expansion.at += 2;
            buffer_append_char(ret_text, '$');
        } else if (starts_with(&expansion, "${")) {
            if (!expand_variable(&expansion, 0)) {
                return SUBSTITUTION_UNKNOWN;
            }
        } else if (dollar) {
            expansion.at++;
            buffer_append_char(ret_text, '$');
        }
    }
    return ret_text->cut ? SUBSTITUTION_UNKNOWN : SUBSTITUTION_EXPANDED;
}

bool substitution_has_template(const char *text, size_t length) {
    const char *open = memmem(text, length, "{{", 2);
    return open && memmem(open + 2, length - (size_t)(open + 2 - text), "}}", 2);
}
