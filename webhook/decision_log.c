#include "webhook/decision_log.h"

#include "base/buffer.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_LIST = 512 };

static void append_name(struct buffer *list, const char *name) {
    if (list->length > 0) {
        buffer_append_char(list, ',');
    }
    buffer_append_text(list, name);
}

// "AWSCluster prod/eu-7"; a name that is not chosen yet shows as "*".
static void append_object(struct buffer *text, const struct object_key *key) {
    const char *name = *key->name ? key->name : "*";
    buffer_printf(text, "%s %s%s%s", key->kind, key->namespace, *key->namespace ? "/" : "", name);
}

// Violations are sorted by severity first, so a policy's need not stand together.
static bool named_before(const struct decision *decision, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (violation_denies(&decision->violations[i]) &&
            strcmp(decision->violations[i].policy, decision->violations[index].policy) == 0) {
            return true;
        }
    }
    return false;
}

static void list_denying(const struct decision *decision, struct buffer *list) {
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (violation_denies(&decision->violations[i]) && !named_before(decision, i)) {
            append_name(list, decision->violations[i].policy);
        }
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        if (result->outcome == OUTCOME_FAULT && result->fault_denies) {
            append_name(list, result->policy);
        }
    }
}

// NULL where there is no trace: nothing is said then.
static const char *trace_id(const struct trace_context *trace) {
    return *trace->trace_id ? trace->trace_id : NULL;
}

static const char *span_id(const struct trace_context *trace) {
    return *trace->trace_id ? trace->span_id : NULL;
}

static void log_faults(const struct admission_review *admission, const struct decision *decision,
                       const struct trace_context *trace) {
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        if (result->outcome == OUTCOME_FAULT) {
            log_write(LOG_WARN, "policy could not finish", "uid", admission->review.uid, "policy",
                      result->policy, "reason", policy_fault_name(result->fault), "detail",
                      result->fault_message, "on_error", result->fault_denies ? "deny" : "allow", "trace_id",
                      trace_id(trace), "span_id", span_id(trace), NULL);
        }
    }
}

static void log_denial(const char *webhook, const struct admission_review *admission,
                       const struct decision *decision, const struct trace_context *trace,
                       uint64_t duration_ns) {
    const struct review *review = &admission->review;
    CLEANUP(buffer_clear) struct buffer object;
    CLEANUP(buffer_clear) struct buffer policies;
    buffer_init(&object, LONGEST_LIST);
    buffer_init(&policies, LONGEST_LIST);
    append_object(&object, &review->change.key);
    list_denying(decision, &policies);
    char duration[32];
    snprintf(duration, sizeof(duration), "%.3f", (double)duration_ns / 1e6);
    log_write(LOG_INFO, "denied", "uid", review->uid, "webhook", webhook, "operation", admission->operation,
              "object", buffer_text(&object), "subresource",
              *review->change.subresource ? review->change.subresource : NULL, "user", review->user,
              "dry_run", review->dry_run ? "true" : "false", "policies", buffer_text(&policies),
              "duration_ms", duration, "trace_id", trace_id(trace), "span_id", span_id(trace), NULL);
}

void decision_log(const char *webhook, const struct admission_review *admission,
                  const struct decision *decision, const struct trace_context *trace, uint64_t duration_ns) {
    log_faults(admission, decision, trace);
    if (!decision->allowed) {
        log_denial(webhook, admission, decision, trace, duration_ns);
        return;
    }
    // Nothing is put together here: most reviews are allowed, and nobody reads this level.
    const struct object_key *key = &admission->review.change.key;
    log_write(LOG_DEBUG, "allowed", "uid", admission->review.uid, "webhook", webhook, "operation",
              admission->operation, "kind", key->kind, "namespace", key->namespace, "name", key->name, "user",
              admission->review.user, "trace_id", trace_id(trace), "span_id", span_id(trace), NULL);
}

void decision_log_skipped(const struct admission_review *admission, const struct trace_context *trace) {
    log_write(LOG_DEBUG, "allowed without evaluation", "uid", admission->review.uid, "why", admission->skip,
              "user", admission->review.user, "trace_id", trace_id(trace), "span_id", span_id(trace), NULL);
}
