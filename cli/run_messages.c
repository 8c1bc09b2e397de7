#include "cli/run_messages.h"

#include <string.h>

enum { MOST_TEXT = 16 * 1024 };

static void append_object(struct buffer *text, const struct object_key *key) {
    buffer_printf(text, *key->namespace ? "%s %s/%s" : "%s %s%s", key->kind, key->namespace, key->name);
}

// "clusters/eu-1.yaml:3:1: "
static void append_place(struct buffer *text, const struct door_report *report) {
    if (!report->file) {
        return;
    }
    buffer_append_text(text, report->file);
    if (report->line > 0) {
        buffer_printf(text, ":%u", report->line);
    }
    if (report->column > 0) {
        buffer_printf(text, ":%u", report->column);
    }
    buffer_append_text(text, ": ");
}

// Behind the first line, indented below it.
static void append_below(struct buffer *text, const char *lines) {
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        buffer_printf(text, "\n  %.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

static void say_warnings(struct live_view *view, const struct door_report *report) {
    for (size_t i = 0; i < report->warning_count; i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, MOST_TEXT);
        append_place(&text, report);
        buffer_append_text(&text, "warning: ");
        append_object(&text, report->key);
        buffer_printf(&text, ": %s", report->warnings[i]);
        live_view_say(view, TONE_WARNING, buffer_text(&text));
    }
}

// A fleet that comes up is many objects; a line for each cluster tells as much.
static bool is_worth_a_line(const struct door_report *report) {
    return report->operation != OPERATION_CREATE || strcmp(report->key->kind, "Cluster") == 0;
}

static void say_stored(struct live_view *view, const struct door_report *report) {
    static const char *const done[] = {
        [OPERATION_CREATE] = "created", [OPERATION_UPDATE] = "updated", [OPERATION_DELETE] = "deleted"};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_TEXT);
    if (is_worth_a_line(report)) {
        append_object(&text, report->key);
        buffer_printf(&text, " %s", done[report->operation]);
        live_view_say(view, TONE_GOOD, buffer_text(&text));
    }
    say_warnings(view, report);
}

void run_say_report(struct live_view *view, const struct door_report *report) {
    static const char *const changes[] = {
        [OPERATION_CREATE] = "create", [OPERATION_UPDATE] = "change", [OPERATION_DELETE] = "delete"};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_TEXT);
    if (report->kind == REPORT_STORED) {
        say_stored(view, report);
        return;
    }
    append_place(&text, report);
    if (report->kind == REPORT_DENIED || report->kind == REPORT_FAILED) {
        buffer_printf(&text, "%s to %s ", report->kind == REPORT_DENIED ? "denied" : "failed",
                      changes[report->operation]);
        append_object(&text, report->key);
        append_below(&text, report->text);
    } else {
        buffer_append_text(&text, report->text);
    }
    live_view_say(view, TONE_BAD, buffer_text(&text));
}

void run_say_denied(struct live_view *view, const struct object_key *key, const char *text) {
    CLEANUP(buffer_clear) struct buffer message;
    buffer_init(&message, MOST_TEXT);
    buffer_append_text(&message, "not carried out: ");
    append_object(&message, key);
    append_below(&message, text);
    live_view_say(view, TONE_BAD, buffer_text(&message));
}
