#include "cli/caret.h"
#include "cli/report.h"

#include <string.h>

enum { MOST_BLOCK = 64 * 1024 };

// Bold red for what fails, yellow for what warns, magenta for what is not known, cyan for notes.
static const char *color_of(enum finding_result result) {
    switch (result) {
    case FINDING_ERROR:
    case FINDING_DENY:
    case FINDING_FAULT:
        return "\033[1;31m";
    case FINDING_WARN:
        return "\033[1;33m";
    case FINDING_UNKNOWN:
        return "\033[1;35m";
    default:
        return "\033[1;36m";
    }
}

static bool is_note(const struct finding *finding) {
    return finding->result >= FINDING_EXISTING;
}

// What several policies say about the same thing that is not here is one block.
static bool joins(const struct finding *first, const struct finding *next) {
    return first->result == next->result &&
           (first->result == FINDING_UNSEEN || first->result == FINDING_UNKNOWN) && first->policy &&
           next->policy && strcmp(first->message, next->message) == 0 &&
           strcmp(first->path, next->path) == 0 && first->place.line == next->place.line &&
           first->place.column == next->place.column && first->place.file && next->place.file &&
           strcmp(first->place.file, next->place.file) == 0;
}

static void append_place(struct buffer *out, const struct place *place) {
    for (const char *byte = place->file; *byte; byte++) {
        buffer_append_char(out, (unsigned char)*byte < ' ' || *byte == 0x7F ? '?' : *byte);
    }
    if (place->line > 0) {
        buffer_printf(out, ":%u:%u", place->line, place->column);
    }
    buffer_append_text(out, ": ");
}

static void append_headline(struct buffer *out, const struct finding *findings, size_t joined) {
    const char *headline = findings->headline;
    if (joined > 1) {
        for (size_t i = 0; i < joined; i++) {
            buffer_printf(out, "%s%s", i == 0 ? "[" : ", ", findings[i].policy);
        }
        buffer_append_text(out, "] ");
        headline = strstr(headline, "] ") + 2;
    }
    buffer_append_text(out, headline);
    buffer_append_char(out, '\n');
}

static void append_line(struct buffer *out, const char *name, const char *text) {
    if (text && *text) {
        buffer_printf(out, "   %s%s\n", name, text);
    }
}

static void append_caret(struct buffer *out, const struct finding *finding, const struct text_style *style) {
    const struct place *place = &finding->place;
    struct caret caret = {.line = place->line,
                          .column = place->column,
                          .end_column = place->end_column,
                          .color = style->color ? color_of(finding->result) : "",
                          .reset = style->color ? "\033[0m" : ""};
    // What is not here has no line to show; its reference is only where it was missed.
    if (place->line > 0 && place->manifests && finding->result != FINDING_UNSEEN &&
        manifest_source_line(place->manifests, place->file, place->line, &caret.text, &caret.length)) {
        caret_append(out, &caret);
    }
}

void report_text(const struct report *report, const struct text_style *style, FILE *out) {
    const struct finding_list *list = report->findings;
    for (size_t i = 0, joined; i < list->count; i += joined) {
        const struct finding *finding = &list->items[i];
        for (joined = 1; i + joined < list->count && joins(finding, &list->items[i + joined]);) {
            joined++;
        }
        if (style->quiet && is_note(finding)) {
            continue;
        }
        CLEANUP(buffer_clear) struct buffer block;
        buffer_init(&block, MOST_BLOCK);
        if (finding->place.file) {
            append_place(&block, &finding->place);
        }
        buffer_printf(&block, "%s%s:%s ", style->color ? color_of(finding->result) : "",
                      finding_word(finding->result), style->color ? "\033[0m" : "");
        append_headline(&block, finding, joined);
        append_caret(&block, finding, style);
        append_line(&block, "", finding->detail);
        if (!is_note(finding)) {
            append_line(&block, "fix: ", finding->hint);
            append_line(&block, "docs: ", finding->docs);
        }
        fwrite(buffer_text(&block), 1, block.length, out);
    }
}

// "2 denied", "1 warning"; several get their plural.
static void say_count(FILE *out, const char **separator, size_t count, const char *one, const char *many) {
    if (count > 0) {
        fprintf(out, "%s%zu %s", *separator, count, count == 1 ? one : many);
        *separator = ", ";
    }
}

void report_summary(const struct report *report, FILE *out) {
    const struct check_counts *counts = report->counts;
    const size_t *results = report->findings->counts;
    const char *separator = "";
    say_count(out, &separator, counts->files, "file", "files");
    if (counts->files == 0) {
        fputs("no files", out);
    }
    separator = ", ";
    fprintf(out, ", %zu object%s", counts->objects, counts->objects == 1 ? "" : "s");
    if (report->compares) {
        const char *inner = " (";
        say_count(out, &inner, counts->created, "created", "created");
        say_count(out, &inner, counts->updated, "updated", "updated");
        say_count(out, &inner, counts->deleted, "deleted", "deleted");
        fputs(*inner == ',' ? ")" : " (none changed)", out);
    }
    say_count(out, &separator, counts->skipped, "skipped", "skipped");
    separator = ": ";
    say_count(out, &separator, results[FINDING_DENY], "denied", "denied");
    say_count(out, &separator, results[FINDING_ERROR], "error", "errors");
    say_count(out, &separator, results[FINDING_FAULT], "policy fault", "policy faults");
    say_count(out, &separator, results[FINDING_WARN], "warning", "warnings");
    say_count(out, &separator, results[FINDING_UNKNOWN], "unknown", "unknown");
    say_count(out, &separator, results[FINDING_EXISTING], "as before", "as before");
    say_count(out, &separator, results[FINDING_EXCUSED], "excused", "excused");
    say_count(out, &separator, results[FINDING_UNSEEN], "not seen", "not seen");
    say_count(out, &separator, results[FINDING_DUPLICATE], "declared twice", "declared twice");
    bool nothing = *separator == ':';
    fputs(!nothing ? "\n" : counts->judged > 0 ? ": clean\n" : ": nothing judged\n", out);
}
