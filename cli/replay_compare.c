#include "cli/replay_compare.h"

#include "attest/attestation.h"
#include "base/buffer.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"

#include <string.h>

const char *replay_result_name(enum replay_result result) {
    static const char *const names[] = {"same", "newly denied", "newly allowed", "different", "undecided"};
    return names[result];
}

struct comparison {
    const struct node *root; // the record
    const struct decision *decision;
    struct arena *arena;
    struct replay_difference *difference;
    size_t capacity;
};

static bool flag_at(const struct node *map, const char *key) {
    bool flag = false;
    return node_boolean(node_get(map, key), &flag) && flag;
}

static const char *or_empty(const char *text) {
    return text ? text : "";
}

static void note(struct comparison *comparison, const struct replay_note *note) {
    struct replay_difference *difference = comparison->difference;
    if (difference->note_count == comparison->capacity) {
        size_t capacity = comparison->capacity ? comparison->capacity * 2 : 8;
        struct replay_note *notes = arena_alloc(comparison->arena, capacity * sizeof(*notes));
        if (difference->note_count > 0) {
            memcpy(notes, difference->notes, difference->note_count * sizeof(*notes));
        }
        difference->notes = notes;
        comparison->capacity = capacity;
    }
    difference->notes[difference->note_count++] = *note;
}

// --- what is not known ---

static bool was_unknown(const struct node *root, const struct unknown_value *unknown) {
    NODE_EACH(before, node_get(root, "unknowns")) {
        if (strcmp(node_get_text(before, "policy"), unknown->policy) == 0 &&
            strcmp(node_get_text(before, "path"), or_empty(unknown->origin.path)) == 0 &&
            strcmp(node_get_text(before, "object_kind"), or_empty(unknown->origin.object.kind)) == 0 &&
            strcmp(node_get_text(before, "object_name"), or_empty(unknown->origin.object.name)) == 0) {
            return true;
        }
    }
    return false;
}

static size_t note_unknowns(struct comparison *comparison) {
    const struct decision *decision = comparison->decision;
    size_t count = 0;
    for (size_t i = 0; i < decision->unknown_count; i++) {
        const struct unknown_value *unknown = &decision->unknowns[i];
        if (was_unknown(comparison->root, unknown)) {
            continue;
        }
        bool masked = unknown->why && strncmp(unknown->why, "***", 3) == 0;
        note(comparison, &(struct replay_note){.sign = REPLAY_UNKNOWN,
                                               .policy = unknown->policy,
                                               .path = or_empty(unknown->origin.path),
                                               .text = masked ? "its value is masked in the log"
                                                              : or_empty(unknown->why)});
        count++;
    }
    return count;
}

static bool depends_on_unknown(const struct comparison *comparison, const char *policy) {
    const struct replay_difference *difference = comparison->difference;
    for (size_t i = 0; i < difference->note_count; i++) {
        if (difference->notes[i].sign == REPLAY_UNKNOWN && strcmp(difference->notes[i].policy, policy) == 0) {
            return true;
        }
    }
    return false;
}

// --- attestations ---

// Made and checked with keys that a replay has not: what the record says of them stands.
static bool is_attestation(const struct node *violation) {
    return strcmp(node_get_text(violation, "policy"), ATTESTATION_POLICY) == 0;
}

static bool was_refused(const struct node *root) {
    NODE_EACH(violation, node_get(root, "violations")) {
        if (is_attestation(violation) && flag_at(violation, "denies")) {
            return true;
        }
    }
    return false;
}

static bool writes_attestation(const struct node *operation) {
    const struct node *value = node_get(operation, "value");
    bool is_map = node_is(value, NODE_MAP) && value->length == 1 && node_get(value, ATTESTATION_ANNOTATION);
    const char *path = node_get_text(operation, "path");
    return strcmp(path, ATTESTATION_POINTER) == 0 || (strcmp(path, "/metadata/annotations") == 0 && is_map);
}

// --- violations and faults ---

// A message about a masked place is masked too.
static bool same_text(const char *before, const char *now) {
    return strcmp(before, "***") == 0 || strcmp(before, now) == 0;
}

static bool same_violation(const struct node *before, const struct violation *now) {
    return strcmp(node_get_text(before, "policy"), now->policy) == 0 &&
           strcmp(node_get_text(before, "mode"), policy_mode_name(now->mode)) == 0 &&
           strcmp(node_get_text(before, "object_kind"), or_empty(now->origin.object.kind)) == 0 &&
           strcmp(node_get_text(before, "object_name"), or_empty(now->origin.object.name)) == 0 &&
           strcmp(node_get_text(before, "path"), or_empty(now->origin.path)) == 0 &&
           same_text(node_get_text(before, "message"), now->message) &&
           flag_at(before, "denies") == violation_denies(now);
}

static bool same_fault(const struct node *before, const struct policy_result *now) {
    return strcmp(node_get_text(before, "policy"), now->policy) == 0 &&
           strcmp(node_get_text(before, "reason"), policy_fault_name(now->fault)) == 0 &&
           flag_at(before, "denies") == policy_result_denies(now);
}

static bool still_violated(const struct decision *decision, const struct node *before) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (same_violation(before, &decision->violations[i])) {
            return true;
        }
    }
    return false;
}

static bool still_faulty(const struct decision *decision, const struct node *before) {
    for (size_t i = 0; i < decision->result_count; i++) {
        if (decision->results[i].outcome == OUTCOME_FAULT && same_fault(before, &decision->results[i])) {
            return true;
        }
    }
    return false;
}

static void note_lost(struct comparison *comparison) {
    NODE_EACH(before, node_get(comparison->root, "violations")) {
        if (!is_attestation(before) && !still_violated(comparison->decision, before) &&
            !depends_on_unknown(comparison, node_get_text(before, "policy"))) {
            note(comparison, &(struct replay_note){
                                 REPLAY_LOST, flag_at(before, "denies"), node_get_text(before, "policy"),
                                 node_get_text(before, "path"), node_get_text(before, "message")});
        }
    }
    NODE_EACH(before, node_get(comparison->root, "faults")) {
        if (!still_faulty(comparison->decision, before) &&
            !depends_on_unknown(comparison, node_get_text(before, "policy"))) {
            const char *text = arena_printf(comparison->arena, "fault: %s", node_get_text(before, "reason"));
            note(comparison, &(struct replay_note){REPLAY_LOST, flag_at(before, "denies"),
                                                   node_get_text(before, "policy"), "", text});
        }
    }
}

static bool was_violated(const struct node *root, const struct violation *now) {
    NODE_EACH(before, node_get(root, "violations")) {
        if (same_violation(before, now)) {
            return true;
        }
    }
    return false;
}

static bool was_faulty(const struct node *root, const struct policy_result *now) {
    NODE_EACH(before, node_get(root, "faults")) {
        if (same_fault(before, now)) {
            return true;
        }
    }
    return false;
}

static void note_new(struct comparison *comparison) {
    const struct decision *decision = comparison->decision;
    for (size_t i = 0; i < decision->violation_count; i++) {
        const struct violation *now = &decision->violations[i];
        if (!was_violated(comparison->root, now)) {
            note(comparison, &(struct replay_note){REPLAY_NEW, violation_denies(now), now->policy,
                                                   or_empty(now->origin.path), now->message});
        }
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *now = &decision->results[i];
        if (now->outcome == OUTCOME_FAULT && !was_faulty(comparison->root, now)) {
            const char *text = arena_printf(comparison->arena, "fault: %s: %s", policy_fault_name(now->fault),
                                            or_empty(now->fault_message));
            note(comparison,
                 &(struct replay_note){REPLAY_NEW, policy_result_denies(now), now->policy, "", text});
        }
    }
}

// --- patches ---

// Masked values are taken for equal: nothing else is known of them.
static bool same_value(const struct node *before, const char *now) {
    const char *text = node_string(before);
    if (text && strcmp(text, "***") == 0) {
        return true;
    }
    CLEANUP(document_free) struct document *document = NULL;
    struct error error;
    return json_read_copy(now, strlen(now), &document_default_limits, &document, &error) &&
           node_equal(before, document_root(document));
}

static void note_patch(struct comparison *comparison) {
    const struct decision *decision = comparison->decision;
    const struct node *patch = node_get(comparison->root, "patch");
    for (size_t i = 0; i < decision->patch_count; i++) {
        const struct patch_operation *now = &decision->patch[i];
        bool found = false;
        NODE_EACH(before, patch) {
            found |= strcmp(node_get_text(before, "path"), now->path) == 0 &&
                     same_value(node_get(before, "value"), now->value);
        }
        if (!found) {
            const char *text = arena_printf(comparison->arena, "sets %s to %s", now->path, now->value);
            note(comparison, &(struct replay_note){REPLAY_NEW, false, "patch", "", text});
        }
    }
    NODE_EACH(before, patch) {
        bool found = writes_attestation(before);
        for (size_t i = 0; i < decision->patch_count; i++) {
            found |= strcmp(node_get_text(before, "path"), decision->patch[i].path) == 0;
        }
        if (!found) {
            const char *text = arena_printf(comparison->arena, "sets %s", node_get_text(before, "path"));
            note(comparison, &(struct replay_note){REPLAY_LOST, false, "patch", "", text});
        }
    }
}

void replay_compare(const struct replay_record *record, const struct decision *decision, struct arena *arena,
                    struct replay_difference *ret_difference) {
    *ret_difference = (struct replay_difference){0};
    struct comparison comparison = {.root = document_root(record->line),
                                    .decision = decision,
                                    .arena = arena,
                                    .difference = ret_difference};
    size_t unknowns = note_unknowns(&comparison);
    note_lost(&comparison);
    note_new(&comparison);
    // A default that can't be computed is no lost one.
    if (record->mutates && unknowns == 0) {
        note_patch(&comparison);
    }
    bool says_otherwise = ret_difference->note_count > unknowns;
    bool allowed = decision->allowed && !was_refused(comparison.root);
    // A denial stands, whatever the unknown values are. A yes does not.
    if (!allowed && record->allowed) {
        ret_difference->result = REPLAY_DENIED;
    } else if (allowed && unknowns > 0) {
        ret_difference->result = REPLAY_UNDECIDED;
    } else if (allowed && !record->allowed) {
        ret_difference->result = REPLAY_ALLOWED;
    } else {
        ret_difference->result = says_otherwise ? REPLAY_DIFFERENT : REPLAY_SAME;
    }
}
