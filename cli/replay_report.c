#include "cli/replay_report.h"

#include "base/json_canonical.h"
#include "base/memory.h"
#include "engine/decision_line.h"
#include "engine/decision_text.h"

#include <string.h>

enum { MOST_TEXT = 1024 * 1024, MOST_LINE = 600, MOST_POLICIES = 4096 };

static const char *const json_names[REPLAY_RESULTS] = {"same", "newly_denied", "newly_allowed", "different",
                                                       "undecided"};
static const char *const json_signs[] = {"lost", "new", "unknown"};

size_t replay_report_replayed(const struct replay_report *report) {
    size_t count = 0;
    for (size_t i = 0; i < REPLAY_RESULTS; i++) {
        count += report->counts[i];
    }
    return count;
}

void replay_report_clear(struct replay_report *report) {
    for (size_t i = 0; i < report->policy_count; i++) {
        free(report->policies[i].name);
    }
    free(report->policies);
    *report = (struct replay_report){0};
}

// --- counting by policy ---

static struct replay_policy *policy_of(struct replay_report *report, const char *name) {
    for (size_t i = 0; i < report->policy_count; i++) {
        if (strcmp(report->policies[i].name, name) == 0) {
            return &report->policies[i];
        }
    }
    if (report->policy_count == MOST_POLICIES) {
        return NULL;
    }
    report->policies = memory_realloc(report->policies, report->policy_count + 1, sizeof(*report->policies));
    struct replay_policy *policy = &report->policies[report->policy_count++];
    *policy = (struct replay_policy){.name = memory_strdup(name)};
    return policy;
}

// Is this what made the result?
static bool is_cause(const struct replay_difference *difference, const struct replay_note *note) {
    switch (difference->result) {
    case REPLAY_DENIED:
        return note->sign == REPLAY_NEW && note->denies;
    case REPLAY_ALLOWED:
        return note->sign == REPLAY_LOST && note->denies;
    case REPLAY_UNDECIDED:
        return note->sign == REPLAY_UNKNOWN;
    default:
        return note->sign != REPLAY_UNKNOWN;
    }
}

static void count_policies(struct replay_report *report, const struct replay_difference *difference) {
    for (size_t i = 0; i < difference->note_count; i++) {
        const struct replay_note *note = &difference->notes[i];
        bool counted = !is_cause(difference, note);
        for (size_t n = 0; n < i && !counted; n++) {
            counted = is_cause(difference, &difference->notes[n]) &&
                      strcmp(difference->notes[n].policy, note->policy) == 0;
        }
        struct replay_policy *policy = counted ? NULL : policy_of(report, note->policy);
        if (policy) {
            policy->counts[difference->result]++;
        }
    }
}

// --- text ---

static void append_clean(struct buffer *text, const char *value) {
    line_append(text, value, MOST_LINE);
}

static void print_text(const struct replay_report *report, const struct replay_entry *entry) {
    static const char signs[] = {'-', '+', '?'};
    const struct replay_record *record = entry->record;
    const struct object_key *key = &record->review.change.key;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_TEXT);
    buffer_printf(&text, "%s:%lu: %s: %s ", entry->file, entry->line,
                  replay_result_name(entry->difference->result),
                  operation_name(record->review.change.operation));
    append_clean(&text, key->kind);
    buffer_append_char(&text, ' ');
    append_clean(&text, key->namespace);
    buffer_append_text(&text, *key->namespace ? "/" : "");
    append_clean(&text, *key->name ? key->name : "*");
    buffer_append_text(&text, record->mutates ? " (mutate)" : "");
    buffer_append_text(&text, *record->review.user ? " by " : "");
    append_clean(&text, record->review.user);
    buffer_append_text(&text, " at ");
    append_clean(&text, record->timestamp);
    buffer_append_text(&text, ", decision ");
    append_clean(&text, record->decision_id);
    buffer_append_char(&text, '\n');
    for (size_t i = 0; i < entry->difference->note_count; i++) {
        const struct replay_note *note = &entry->difference->notes[i];
        buffer_printf(&text, "  %c ", signs[note->sign]);
        line_append_policy(&text, note->policy);
        append_clean(&text, note->path);
        buffer_append_text(&text, *note->path ? ": " : "");
        append_clean(&text, note->text);
        bool is_finding = note->sign != REPLAY_UNKNOWN && strcmp(note->policy, "patch") != 0;
        buffer_append_text(&text, is_finding && !note->denies ? " (does not deny)\n" : "\n");
    }
    fwrite(buffer_text(&text), 1, text.length, report->out);
}

static void print_text_summary(const struct replay_report *report) {
    fprintf(report->out, "%zu replayed: ", replay_report_replayed(report));
    for (size_t i = 0; i < REPLAY_RESULTS; i++) {
        fprintf(report->out, "%s%zu %s", i > 0 ? ", " : "", report->counts[i],
                replay_result_name((enum replay_result)i));
    }
    fprintf(report->out, "; %zu without input, %zu bad line%s\n", report->dropped, report->bad,
            report->bad == 1 ? "" : "s");
    if (report->policy_count > 0) {
        fprintf(report->out, "%-24s %12s %13s %9s %9s\n", "policy", "newly denied", "newly allowed",
                "different", "undecided");
    }
    for (size_t i = 0; i < report->policy_count; i++) {
        const size_t *counts = report->policies[i].counts;
        CLEANUP(buffer_clear) struct buffer name;
        buffer_init(&name, MOST_LINE);
        append_clean(&name, report->policies[i].name);
        fprintf(report->out, "%-24s %12zu %13zu %9zu %9zu\n", buffer_text(&name), counts[REPLAY_DENIED],
                counts[REPLAY_ALLOWED], counts[REPLAY_DIFFERENT], counts[REPLAY_UNDECIDED]);
    }
}

// --- JSON ---

static void add_text(struct buffer *text, const char *key, const char *value) {
    buffer_printf(text, ",\"%s\":", key);
    json_string_append(text, value, strlen(value));
}

static void add_flag(struct buffer *text, const char *key, bool value) {
    buffer_printf(text, ",\"%s\":%s", key, value ? "true" : "false");
}

static void add_notes(struct buffer *text, const struct replay_difference *difference) {
    buffer_append_text(text, ",\"notes\":[");
    for (size_t i = 0; i < difference->note_count; i++) {
        const struct replay_note *note = &difference->notes[i];
        buffer_printf(text, "%s{\"sign\":\"%s\"", i > 0 ? "," : "", json_signs[note->sign]);
        add_text(text, "policy", note->policy);
        add_text(text, "path", note->path);
        add_text(text, "text", note->text);
        add_flag(text, "denies", note->denies);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
}

static void print_json(const struct replay_report *report, const struct replay_entry *entry) {
    const struct replay_record *record = entry->record;
    const struct object_change *change = &record->review.change;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 16 * MOST_TEXT);
    buffer_printf(&text, "%s\n{\"line\":%lu", report->printed > 0 ? "," : "", entry->line);
    add_text(&text, "file", entry->file);
    add_text(&text, "timestamp", record->timestamp);
    add_text(&text, "decision_id", record->decision_id);
    add_text(&text, "uid", record->review.uid);
    add_text(&text, "webhook", record->mutates ? "mutate" : "validate");
    add_text(&text, "operation", operation_name(change->operation));
    add_text(&text, "group", change->key.group);
    add_text(&text, "kind", change->key.kind);
    add_text(&text, "namespace", change->key.namespace);
    add_text(&text, "name", change->key.name);
    add_text(&text, "user", record->review.user);
    add_text(&text, "result", json_names[entry->difference->result]);
    add_flag(&text, "allowed_before", record->allowed);
    add_flag(&text, "allowed_now", entry->decision->allowed);
    add_notes(&text, entry->difference);
    buffer_append_char(&text, '}');
    fwrite(buffer_text(&text), 1, text.length, report->out);
}

static void add_counts(struct buffer *text, const size_t *counts, size_t first) {
    for (size_t i = first; i < REPLAY_RESULTS; i++) {
        buffer_printf(text, "%s\"%s\":%zu", i > first ? "," : "", json_names[i], counts[i]);
    }
}

static void print_json_summary(const struct replay_report *report) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 16 * MOST_TEXT);
    buffer_printf(&text, "%s],\"summary\":{\"replayed\":%zu,", report->printed > 0 ? "\n" : "",
                  replay_report_replayed(report));
    add_counts(&text, report->counts, 0);
    buffer_printf(&text, ",\"without_input\":%zu,\"bad_lines\":%zu,\"policies\":{", report->dropped,
                  report->bad);
    for (size_t i = 0; i < report->policy_count; i++) {
        buffer_append_text(&text, i > 0 ? "," : "");
        json_string_append(&text, report->policies[i].name, strlen(report->policies[i].name));
        buffer_append_text(&text, ":{");
        add_counts(&text, report->policies[i].counts, REPLAY_DENIED);
        buffer_append_char(&text, '}');
    }
    buffer_append_text(&text, "}}}\n");
    fwrite(buffer_text(&text), 1, text.length, report->out);
}

// --- both ---

void replay_report_begin(struct replay_report *report, const char *digest) {
    if (report->json) {
        fprintf(report->out, "{\"schema\":\"fleetgate.dev/replay/v1\",\"policy_digest\":\"%s\",\"changes\":[",
                digest);
    }
}

void replay_report_add(struct replay_report *report, const struct replay_entry *entry) {
    report->counts[entry->difference->result]++;
    if (entry->difference->result == REPLAY_SAME) {
        return;
    }
    count_policies(report, entry->difference);
    report->json ? print_json(report, entry) : print_text(report, entry);
    report->printed++;
}

void replay_report_end(struct replay_report *report) {
    report->json ? print_json_summary(report) : print_text_summary(report);
}
