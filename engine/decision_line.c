#include "engine/decision_line.h"

#include "engine/decision_text.h"

#include <string.h>

// Kubernetes' own maximum for a name is 253; a path longer than this is of no use in one line.
enum { POLICY_BYTES = 100, NAME_BYTES = 253, KIND_BYTES = 100, PATH_BYTES = 200, MESSAGE_BYTES = 600 };

static const char ellipsis[] = "…";

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

// The largest length up to most that does not end inside a character.
static size_t whole_length(const char *text, size_t most) {
    while (most > 0 && is_continuation(text[most])) {
        most--;
    }
    return most;
}

void line_append(struct buffer *out, const char *text, size_t most_bytes) {
    size_t length = strnlen(text, most_bytes + 1);
    if (length <= most_bytes && text_is_clean(text, length, true)) {
        buffer_append(out, text, length);
        return;
    }
    struct buffer line;
    // What is cut here is longer than most_bytes also when it is sanitised, or ends in a cut character.
    buffer_init(&line, most_bytes + 1);
    buffer_append(&line, text, length);
    line.cut |= length > most_bytes;
    text_sanitise(&line, true);
    if (line.cut || line.length > most_bytes) {
        size_t room = most_bytes - (sizeof(ellipsis) - 1);
        buffer_truncate(&line, line.length > room ? whole_length(line.data, room) : line.length);
        buffer_append_text(&line, ellipsis);
    }
    buffer_append(out, line.data, line.length);
    buffer_clear(&line);
}

void line_append_policy(struct buffer *out, const char *policy) {
    buffer_append_char(out, '[');
    line_append(out, policy, POLICY_BYTES);
    buffer_append_text(out, "] ");
}

void line_append_object(struct buffer *out, const struct origin *origin) {
    if (!origin->object.kind) {
        return;
    }
    line_append(out, origin->object.kind, KIND_BYTES);
    buffer_append_char(out, ' ');
    if (*origin->object.namespace) {
        line_append(out, origin->object.namespace, NAME_BYTES);
        buffer_append_char(out, '/');
    }
    // Without a name: metadata.generateName.
    line_append(out, *origin->object.name ? origin->object.name : "(new)", NAME_BYTES);
}

void line_append_finding(struct buffer *out, const struct violation *violation) {
    const char *path = violation->origin.path ? violation->origin.path : "";
    size_t start = out->length;
    line_append_object(out, &violation->origin);
    if (*path) {
        buffer_append_text(out, out->length > start ? " " : "");
        line_append(out, path, PATH_BYTES);
    }
    buffer_append_text(out, out->length > start ? ": " : "");
    line_append(out, violation->message ? violation->message : "", MESSAGE_BYTES);
}

void line_append_fault(struct buffer *out, const struct policy_result *result) {
    static const char *const causes[] = {
        [FAULT_NONE] = "no reason is known",
        [FAULT_ERROR] = "an error in the policy",
        [FAULT_TIME] = "its time budget was exceeded",
        [FAULT_MEMORY] = "its memory limit was exceeded",
        [FAULT_STACK] = "it calls itself too deeply",
        [FAULT_BLOCKED] = "it called something that policies may not use",
        [FAULT_DEADLINE] = "the deadline of the request passed",
        [FAULT_INVENTORY] = "what counts the fleet gave no answer",
    };
    buffer_append_text(out, "policy could not be evaluated: ");
    bool told = result->fault_message && *result->fault_message;
    line_append(out, told ? result->fault_message : causes[result->fault], MESSAGE_BYTES);
}

size_t line_runes(const char *text) {
    size_t runes = 0;
    for (; *text; text++) {
        runes += !is_continuation(*text);
    }
    return runes;
}

void line_cut(struct buffer *line, size_t most_runes) {
    if (line_runes(buffer_text(line)) <= most_runes) {
        return;
    }
    size_t length = 0;
    for (size_t runes = 0; runes + 1 < most_runes; runes++) {
        do {
            length++;
        } while (is_continuation(line->data[length]));
    }
    buffer_truncate(line, length);
    buffer_append_text(line, ellipsis);
}
