#include "cli/check_findings.h"

#include "cli/locate.h"
#include "engine/decision_line.h"
#include "engine/decision_text.h"

#include <string.h>

enum { MOST_LINE = 4096, MOST_POLICY = 256 };

static void append_policy(struct buffer *line, const char *policy) {
    buffer_append_char(line, '[');
    line_append(line, policy, MOST_POLICY);
    buffer_append_text(line, "] ");
}

// Before headlines that are no plain denial or warning, in the words of the webhook's warnings.
static void append_reason(struct buffer *line, const struct violation *violation,
                          enum finding_result result) {
    append_policy(line, violation->policy);
    if (result == FINDING_EXCUSED) {
        buffer_append_text(line, "excused by ");
        line_append(line, violation->exception, MOST_POLICY);
        buffer_append_text(line, ": ");
    } else {
        buffer_append_text(line, "was so before: ");
    }
    line_append_finding(line, violation);
}

static void add_violation(struct check_findings *findings, const struct violation *violation,
                          const struct review *review, const struct fleet_object *reviewed) {
    if (violation->mode < MODE_WARN) {
        return;
    }
    enum finding_result result = violation->exception           ? FINDING_EXCUSED
                                 : violation->mode == MODE_WARN ? FINDING_WARN
                                 : violation->existed           ? FINDING_EXISTING
                                                                : FINDING_DENY;
    CLEANUP(buffer_clear) struct buffer headline;
    buffer_init(&headline, MOST_LINE);
    if (result == FINDING_DENY || result == FINDING_WARN) {
        violation_headline(violation, &headline);
    } else {
        append_reason(&headline, violation, result);
    }
    struct finding finding = {.result = result,
                              .policy = violation->policy,
                              .severity = violation->severity,
                              .object = violation->origin.object,
                              .path = violation->origin.path,
                              .headline = buffer_text(&headline),
                              .message = violation->message,
                              .detail = violation->detail,
                              .hint = violation->hint,
                              .docs = violation->docs,
                              .exception = violation->exception,
                              .operation = operation_name(review->change.operation)};
    locate_origin(findings->head, findings->base, &violation->origin, reviewed, &finding.place);
    finding_list_add(findings->list, &finding);
}

static enum policy_mode mode_of(const struct decision *decision, const char *policy) {
    for (size_t i = 0; i < decision->result_count; i++) {
        if (strcmp(decision->results[i].policy, policy) == 0) {
            return decision->results[i].mode;
        }
    }
    return MODE_DENY;
}

// The policy stands in the headline of a placeholder. A note about an object that is not here is the same for
// all policies, so that the report can join them.
static void add_unknown(struct check_findings *findings, const struct unknown_value *unknown,
                        const struct review *review, const struct fleet_object *reviewed) {
    CLEANUP(buffer_clear) struct buffer headline;
    buffer_init(&headline, MOST_LINE);
    const struct violation as_violation = {.origin = unknown->origin,
                                           .message = unknown->why ? unknown->why : "not known"};
    append_policy(&headline, unknown->policy);
    line_append_finding(&headline, &as_violation);
    struct finding finding = {.result = unknown->unseen ? FINDING_UNSEEN : FINDING_UNKNOWN,
                              .policy = unknown->policy,
                              .object = unknown->origin.object,
                              .path = unknown->origin.path,
                              .headline = buffer_text(&headline),
                              .message = as_violation.message,
                              .operation = operation_name(review->change.operation)};
    locate_origin(findings->head, findings->base, &unknown->origin, reviewed, &finding.place);
    finding_list_add(findings->list, &finding);
}

void check_findings_faults(struct check_findings *findings, const struct decision *decision,
                           const struct review *review, const struct fleet_object *reviewed) {
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        if (result->outcome != OUTCOME_FAULT || result->mode < MODE_WARN) {
            continue;
        }
        CLEANUP(buffer_clear) struct buffer message;
        CLEANUP(buffer_clear) struct buffer headline;
        buffer_init(&message, MOST_LINE);
        buffer_init(&headline, MOST_LINE);
        line_append_fault(&message, result);
        append_policy(&headline, result->policy);
        buffer_append_text(&headline, buffer_text(&message));
        const struct origin origin = {.object = review->change.key, .path = "", .root = reviewed->stored};
        struct finding finding = {.result = FINDING_FAULT,
                                  .policy = result->policy,
                                  .object = review->change.key,
                                  .path = "",
                                  .headline = buffer_text(&headline),
                                  .message = buffer_text(&message),
                                  .operation = operation_name(review->change.operation)};
        locate_origin(findings->head, findings->base, &origin, reviewed, &finding.place);
        finding_list_add(findings->list, &finding);
    }
}

void check_findings_decision(struct check_findings *findings, const struct decision *decision,
                             const struct review *review, const struct fleet_object *reviewed) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        add_violation(findings, &decision->violations[i], review, reviewed);
    }
    for (size_t i = 0; i < decision->unknown_count; i++) {
        // Policies that only observe don't trouble people with what they could not see.
        if (mode_of(decision, decision->unknowns[i].policy) >= MODE_WARN) {
            add_unknown(findings, &decision->unknowns[i], review, reviewed);
        }
    }
    check_findings_faults(findings, decision, review, reviewed);
}

static const struct fleet_side *side_of(const struct check_findings *findings,
                                        const struct manifest *manifest) {
    const struct manifest_set *head = fleet_side_manifests(findings->head);
    const char *start;
    size_t length;
    bool in_head = manifest_source_line(head, manifest->file, 1, &start, &length);
    return in_head || !fleet_side_manifests(findings->base) ? findings->head : findings->base;
}

void check_findings_problem(struct check_findings *findings, enum finding_result result,
                            const struct manifest *manifest, const char *message) {
    struct finding finding = {.result = result,
                              .path = "",
                              .headline = message,
                              .message = message,
                              .place = {.file = manifest->file,
                                        .line = manifest->line,
                                        .column = manifest->column,
                                        .end_line = manifest->line,
                                        .end_column = manifest->column + (manifest->column > 0),
                                        .manifests = fleet_side_manifests(side_of(findings, manifest))}};
    finding_list_add(findings->list, &finding);
}

void check_findings_duplicate(struct check_findings *findings, const struct fleet_object *second,
                              const struct manifest *first) {
    CLEANUP(buffer_clear) struct buffer message;
    CLEANUP(buffer_clear) struct buffer headline;
    buffer_init(&message, MOST_LINE);
    buffer_init(&headline, MOST_LINE);
    buffer_printf(&message, "is declared in %s:%u too; which one wins is chance", first->file, first->line);
    const struct origin origin = {.object = second->identity.key, .path = ""};
    line_append_object(&headline, &origin);
    buffer_append_char(&headline, ' ');
    buffer_append_text(&headline, buffer_text(&message));
    struct finding finding = {.result = FINDING_DUPLICATE,
                              .object = second->identity.key,
                              .path = "",
                              .headline = buffer_text(&headline),
                              .message = buffer_text(&message)};
    locate_field(findings->head, second->manifest, "", &finding.place);
    finding_list_add(findings->list, &finding);
}
