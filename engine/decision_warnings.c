#include "engine/decision_text.h"

#include "engine/decision_line.h"

#include <string.h>

// Of the 16, one place is kept for what could not be judged and one for "and N more".
enum {
    MOST_LINES = 16,
    MOST_FINDINGS = MOST_LINES - 2,
    LINE_BYTES = 4 * WARNING_MAXIMUM_RUNES,
    MORE_RUNES = 16
};

struct warning_list {
    struct arena *arena;
    const char **lines;
    size_t count;
    size_t dropped;
};

static bool has_line(const struct warning_list *list, const char *line) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->lines[i], line) == 0) {
            return true;
        }
    }
    return false;
}

static void add_line(struct warning_list *list, struct buffer *line, size_t most_lines) {
    text_sanitise(line, true);
    line_cut(line, WARNING_MAXIMUM_RUNES);
    if (line->length == 0 || has_line(list, line->data)) {
        return;
    }
    if (list->count >= most_lines) {
        list->dropped++;
        return;
    }
    list->lines[list->count++] = arena_copy_text(list->arena, line->data, line->length);
}

static void add_violation(struct warning_list *list, const struct violation *violation) {
    if (violation->mode < MODE_WARN || violation_denies(violation) ||
        (violation->mode == MODE_WARN && violation->exception)) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, (size_t)8 * LINE_BYTES);
    line_append_policy(&line, violation->policy);
    if (violation->exception) {
        buffer_append_text(&line, "excused by ");
        line_append(&line, violation->exception, LINE_BYTES);
        buffer_append_text(&line, ": ");
    } else if (violation->mode == MODE_DENY) {
        buffer_append_text(&line, "was so before: ");
    }
    line_append_finding(&line, violation);
    add_line(list, &line, MOST_FINDINGS);
}

static void add_fault(struct warning_list *list, const struct policy_result *result) {
    if (result->outcome != OUTCOME_FAULT || result->mode < MODE_WARN || policy_result_denies(result)) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, (size_t)8 * LINE_BYTES);
    line_append_policy(&line, result->policy);
    line_append_fault(&line, result);
    add_line(list, &line, MOST_FINDINGS);
}

// Policies that only observe don't trouble people with what they could not see.
static bool is_heard(const struct decision *decision, const struct unknown_value *unknown) {
    for (size_t i = 0; i < decision->result_count; i++) {
        if (strcmp(decision->results[i].policy, unknown->policy) == 0) {
            return decision->results[i].mode >= MODE_WARN;
        }
    }
    return true;
}

// "region-limits (AWSCluster prod/eu-7 has not been seen)", "version-skew (spec.version of …: it is a
// number)".
static void append_unknown(struct buffer *item, const struct unknown_value *unknown) {
    line_append(item, unknown->policy, LINE_BYTES);
    buffer_append_text(item, " (");
    if (unknown->unseen && unknown->why) {
        line_append(item, unknown->why, LINE_BYTES);
        buffer_append_char(item, ')');
        return;
    }
    size_t start = item->length;
    if (unknown->origin.path && *unknown->origin.path) {
        line_append(item, unknown->origin.path, LINE_BYTES);
    }
    if (unknown->origin.object.kind) {
        buffer_append_text(item, item->length > start ? " of " : "");
        line_append_object(item, &unknown->origin);
    }
    buffer_append_text(item, item->length > start ? ": " : "");
    line_append(item, unknown->why ? unknown->why : "not known", LINE_BYTES);
    buffer_append_char(item, ')');
}

// Adds item where it and "and N more" still fit; the first one is shortened until it does.
static bool add_item(struct buffer *line, struct buffer *item, bool first) {
    size_t room = WARNING_MAXIMUM_RUNES - MORE_RUNES - line_runes(buffer_text(line));
    if (first) {
        line_cut(item, room);
    } else if (line_runes(buffer_text(item)) + 2 > room) {
        return false;
    }
    buffer_printf(line, "%s%s", first ? "" : ", ", buffer_text(item));
    return true;
}

static void add_unknowns(struct warning_list *list, const struct decision *decision, bool with_unseen) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, (size_t)8 * LINE_BYTES);
    buffer_append_text(&line, "not judged yet: ");
    size_t shown = 0;
    size_t hidden = 0;
    for (size_t i = 0; i < decision->unknown_count; i++) {
        if (!is_heard(decision, &decision->unknowns[i]) || (decision->unknowns[i].unseen && !with_unseen)) {
            continue;
        }
        CLEANUP(buffer_clear) struct buffer item;
        buffer_init(&item, (size_t)8 * LINE_BYTES);
        append_unknown(&item, &decision->unknowns[i]);
        bool added = hidden == 0 && add_item(&line, &item, shown == 0);
        shown += added;
        hidden += !added;
    }
    if (hidden > 0) {
        buffer_printf(&line, " and %zu more", hidden);
    }
    if (shown > 0) {
        add_line(list, &line, MOST_LINES - 1);
    }
}

size_t decision_warnings(const struct decision *decision, const struct review *review, struct arena *arena,
                         const char *const **ret_list) {
    struct warning_list list = {.arena = arena,
                                .lines = arena_alloc(arena, MOST_LINES * sizeof(*list.lines))};
    for (size_t i = 0; i < decision->violation_count; i++) {
        add_violation(&list, &decision->violations[i]);
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        add_fault(&list, &decision->results[i]);
    }
    // What was not seen when the object came is no news at each of its updates: controllers write all day.
    if (review->change.operation != OPERATION_DELETE) {
        add_unknowns(&list, decision, review->change.operation == OPERATION_CREATE);
    }
    if (list.dropped > 0) {
        CLEANUP(buffer_clear) struct buffer line;
        buffer_init(&line, LINE_BYTES);
        buffer_printf(&line, "and %zu more warnings", list.dropped);
        add_line(&list, &line, MOST_LINES);
    }
    *ret_list = list.lines;
    return list.count;
}
