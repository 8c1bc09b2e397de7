#include "engine/decision_text.h"

#include "engine/decision_line.h"

#include <string.h>

// A block is one violation's lines. The reserve is for "and N more" and the decision's name.
enum {
    POLICY_BYTES = 100,
    LINE_BYTES = 600,
    DOCS_BYTES = 300,
    BLOCK_BYTES = 3500,
    RESERVE_BYTES = 100,
    UID_RUNES = 8
};

void violation_headline(const struct violation *violation, struct buffer *ret_line) {
    struct buffer line;
    buffer_init(&line, BLOCK_BYTES);
    line_append_policy(&line, violation->policy);
    line_append_finding(&line, violation);
    buffer_append(ret_line, line.data, line.length);
    buffer_clear(&line);
}

static void append_line(struct buffer *out, const char *name, const char *text, size_t most_bytes) {
    if (text && *text) {
        buffer_printf(out, "\n  %s", name);
        line_append(out, text, most_bytes);
    }
}

// A cut address leads nowhere: one that is too long is left out.
static bool has_docs(const struct violation *violation) {
    return violation->docs && *violation->docs && strlen(violation->docs) <= DOCS_BYTES;
}

static bool append_violation(struct buffer *out, const struct violation *violation) {
    violation_headline(violation, out);
    append_line(out, "", violation->detail, LINE_BYTES);
    append_line(out, "fix: ", violation->hint, LINE_BYTES);
    append_line(out, "docs: ", has_docs(violation) ? violation->docs : NULL, DOCS_BYTES);
    return has_docs(violation);
}

static void append_fault(struct buffer *out, const struct policy_result *result) {
    line_append_policy(out, result->policy);
    line_append_fault(out, result);
    bool passing =
        result->fault == FAULT_TIME || result->fault == FAULT_DEADLINE || result->fault == FAULT_INVENTORY;
    buffer_append_text(
        out, passing ? "\n  fix: try again; if it stays, ask the platform team to look at policy "
                     : "\n  fix: this is not about the change; ask the platform team to look at policy ");
    line_append(out, result->policy, LINE_BYTES);
    buffer_printf(out, " (fault: %s)", policy_fault_name(result->fault));
}

// The text while it grows.
struct denial {
    struct buffer text;
    size_t shown;
    size_t hidden;
    bool ends_with_docs;
};

static void add_block(struct denial *denial, const struct buffer *block, bool ends_with_docs) {
    bool fits = denial->text.length + block->length + RESERVE_BYTES <= DENIAL_MAXIMUM_BYTES;
    if (denial->hidden > 0 || denial->shown == DENIAL_MAXIMUM_VIOLATIONS || !fits) {
        denial->hidden++;
        return;
    }
    buffer_append_text(&denial->text, denial->shown > 0 ? "\n" : "");
    buffer_append(&denial->text, block->data, block->length);
    denial->ends_with_docs = ends_with_docs;
    denial->shown++;
}

static void add_violations(struct denial *denial, const struct decision *decision) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (violation_denies(&decision->violations[i])) {
            CLEANUP(buffer_clear) struct buffer block;
            buffer_init(&block, BLOCK_BYTES);
            bool docs = append_violation(&block, &decision->violations[i]);
            add_block(denial, &block, docs);
        }
    }
}

static void add_faults(struct denial *denial, const struct decision *decision) {
    for (size_t i = 0; i < decision->result_count; i++) {
        if (policy_result_denies(&decision->results[i])) {
            CLEANUP(buffer_clear) struct buffer block;
            buffer_init(&block, BLOCK_BYTES);
            append_fault(&block, &decision->results[i]);
            add_block(denial, &block, false);
        }
    }
}

void decision_name(const char *uid, struct buffer *ret_name) {
    struct buffer name;
    buffer_init(&name, UID_RUNES * 4);
    buffer_append_text(&name, uid ? uid : "");
    text_sanitise(&name, true);
    size_t length = 0;
    for (size_t runes = 0; runes < UID_RUNES && length < name.length; runes++) {
        do {
            length++;
        } while (((unsigned char)name.data[length] & 0xC0) == 0x80);
    }
    buffer_append(ret_name, name.data, length);
    buffer_clear(&name);
}

// "decision: 8f3a51c2" on the last line where that is a docs line or "and N more", else on a line of its own.
static void append_name(struct denial *denial, const char *uid) {
    size_t before = denial->text.length;
    bool same_line = denial->ends_with_docs || denial->hidden > 0;
    buffer_append_text(&denial->text, same_line ? "   decision: " : "\n  decision: ");
    size_t head = denial->text.length;
    decision_name(uid, &denial->text);
    if (denial->text.length == head) {
        buffer_truncate(&denial->text, before);
    }
}

void decision_denial(const struct decision *decision, const struct review *review, struct buffer *ret_text) {
    if (decision->allowed) {
        return;
    }
    struct denial denial = {0};
    buffer_init(&denial.text, DENIAL_MAXIMUM_BYTES);
    add_violations(&denial, decision);
    add_faults(&denial, decision);
    if (denial.shown == 0) {
        buffer_append_text(&denial.text, "[fleetgate] denied, and no policy says why; ask the platform team");
    }
    if (denial.hidden > 0) {
        buffer_printf(&denial.text, "\nand %zu more", denial.hidden);
    }
    append_name(&denial, review->uid);
    // All parts are clean; the whole is cleaned again, so that no seam can make what a part could not say.
    text_sanitise(&denial.text, false);
    buffer_append(ret_text, denial.text.data, denial.text.length);
    buffer_clear(&denial.text);
}
