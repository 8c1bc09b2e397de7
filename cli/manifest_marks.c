#include "cli/manifest_marks.h"

#include <string.h>

enum { NOTHING_SKIPPED = -1 };

struct line {
    const char *start; // behind the indentation
    size_t length;
    size_t indentation;
};

bool manifest_marks_have(const struct manifest_marks *marks, const char *feature, size_t length) {
    for (const char *const *on = marks->features; *on; on++) {
        if (strlen(*on) == length && memcmp(*on, feature, length) == 0) {
            return true;
        }
    }
    return false;
}

static void append_own(const struct manifest_marks *marks, const char *text, size_t length,
                       struct buffer *out) {
    const size_t name_length = strlen(MANIFEST_NAMESPACE);
    const char *end = text + length;
    while (text < end) {
        const char *name = memmem(text, (size_t)(end - text), MANIFEST_NAMESPACE, name_length);
        buffer_append(out, text, (size_t)((name ? name : end) - text));
        if (!name) {
            return;
        }
        buffer_append_text(out, marks->namespace);
        text = name + name_length;
    }
}

static void append_indentation(size_t indentation, struct buffer *out) {
    for (size_t i = 0; i < indentation; i++) {
        buffer_append_char(out, ' ');
    }
}

static const char *value_text(const struct manifest_marks *marks, const char *name, size_t length) {
    for (const struct manifest_value *value = marks->values; value->name; value++) {
        if (strlen(value->name) == length && memcmp(value->name, name, length) == 0) {
            return value->text;
        }
    }
    return NULL;
}

static bool take_prefix(struct line *line, const char *prefix) {
    size_t length = strlen(prefix);
    if (line->length < length || memcmp(line->start, prefix, length) != 0) {
        return false;
    }
    line->start += length;
    line->length -= length;
    return true;
}

// "# @when FEATURE: TEXT" becomes TEXT; false: the line falls away.
static bool take_feature(const struct manifest_marks *marks, struct line *line) {
    if (!take_prefix(line, "# @when ")) {
        return true;
    }
    const char *colon = memmem(line->start, line->length, ": ", 2);
    if (!colon || !manifest_marks_have(marks, line->start, (size_t)(colon - line->start))) {
        return false;
    }
    line->length -= (size_t)(colon + 2 - line->start);
    line->start = colon + 2;
    return true;
}

// The mark at the end of the line, without "# @"; the line loses it. Its length is 0 when there is none.
static struct line take_mark(struct line *line) {
    const char *mark = memmem(line->start, line->length, " # @", 4);
    if (!mark) {
        return (struct line){0};
    }
    const char *end = line->start + line->length;
    line->length = (size_t)(mark - line->start);
    return (struct line){.start = mark + 4, .length = (size_t)(end - mark - 4)};
}

// Returns NOTHING_SKIPPED, or the indentation below which lines belong to what was left out.
static int apply_line(const struct manifest_marks *marks, struct line line, struct buffer *out) {
    if (!take_feature(marks, &line)) {
        return NOTHING_SKIPPED;
    }
    struct line mark = take_mark(&line);
    const char *value = NULL;
    if (take_prefix(&mark, "when ")) {
        if (!manifest_marks_have(marks, mark.start, mark.length)) {
            return (int)line.indentation;
        }
    } else if (mark.length > 0) {
        value = value_text(marks, mark.start, mark.length);
    }
    append_indentation(line.indentation, out);
    const char *old = value ? memmem(line.start, line.length, ": ", 2) : NULL;
    if (!old) {
        append_own(marks, line.start, line.length, out);
        buffer_append_char(out, '\n');
        return NOTHING_SKIPPED;
    }
    append_own(marks, line.start, (size_t)(old + 2 - line.start), out);
    buffer_append_text(out, value);
    buffer_append_char(out, '\n');
    return line.start[line.length - 1] == '|' ? (int)line.indentation : NOTHING_SKIPPED;
}

void manifest_marks_apply(const char *text, const struct manifest_marks *marks, struct buffer *out) {
    int skipped = NOTHING_SKIPPED;
    while (*text) {
        const char *end = strchrnul(text, '\n');
        struct line line = {.start = text, .length = (size_t)(end - text)};
        line.indentation = strspn(text, " ");
        line.start += line.indentation;
        line.length -= line.indentation;
        text = end + (*end == '\n');
        if (skipped != NOTHING_SKIPPED && (line.length == 0 || (int)line.indentation > skipped)) {
            continue;
        }
        if (line.length == 0) {
            buffer_append_char(out, '\n');
            skipped = NOTHING_SKIPPED;
        } else {
            skipped = apply_line(marks, line, out);
        }
    }
}

void manifest_block_append(struct buffer *out, const char *text, size_t indentation) {
    size_t length = strlen(text);
    if (strspn(text, "\n") == length) {
        buffer_append_text(out, length > 0 ? "\"\\n\"" : "\"\"");
        return;
    }
    bool ends = text[length - 1] == '\n';
    buffer_append_text(out, !ends ? "|2-" : text[length - 2] == '\n' ? "|2+" : "|2");
    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        buffer_append_char(out, '\n');
        if (end > line) {
            append_indentation(indentation + 2, out);
            buffer_append(out, line, (size_t)(end - line));
        }
        line = end + (*end == '\n');
    }
}
