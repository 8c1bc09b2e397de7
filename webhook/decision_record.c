#include "webhook/decision_record.h"

#include "base/field_path.h"
#include "base/json_canonical.h"
#include "engine/decision_text.h"

#include <math.h>
#include <string.h>
#include <time.h>

// --- writing JSON ---

static void comma(struct buffer *text) {
    char last = text->length > 0 ? text->data[text->length - 1] : '{';
    if (last != '{' && last != '[') {
        buffer_append_char(text, ',');
    }
}

// Keys are constants that need no escape.
static void add_key(struct buffer *text, const char *key) {
    comma(text);
    buffer_append_char(text, '"');
    buffer_append_text(text, key);
    buffer_append_text(text, "\":");
}

static void add_text(struct buffer *text, const char *key, const char *value) {
    add_key(text, key);
    json_string_append(text, value, strlen(value));
}

static void add_text_if(struct buffer *text, const char *key, const char *value) {
    if (value && *value) {
        add_text(text, key, value);
    }
}

static void add_integer(struct buffer *text, const char *key, int64_t value) {
    add_key(text, key);
    json_integer_append(text, value);
}

static void add_flag(struct buffer *text, const char *key, bool value) {
    add_key(text, key);
    buffer_append_text(text, value ? "true" : "false");
}

static void open_in(struct buffer *text, const char *key, char bracket) {
    add_key(text, key);
    buffer_append_char(text, bracket);
}

static void open_item(struct buffer *text) {
    comma(text);
    buffer_append_char(text, '{');
}

static void shut(struct buffer *text, char bracket) {
    buffer_append_char(text, bracket);
}

// --- its parts ---

static void add_time(struct buffer *text, int64_t time_ms) {
    char stamp[40];
    struct tm date;
    time_t seconds = (time_t)(time_ms / 1000);
    gmtime_r(&seconds, &date);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &date);
    add_key(text, "timestamp");
    buffer_printf(text, "\"%s.%03dZ\"", stamp, (int)(time_ms % 1000));
}

static void add_trace(struct buffer *text, const struct trace_context *trace) {
    if (trace && *trace->trace_id) {
        add_text(text, "trace_id", trace->trace_id);
        add_text(text, "span_id", trace->span_id);
        add_text(text, "parent_span_id", trace->parent_id);
    }
}

static void add_head(struct buffer *text, const struct decision_facts *facts) {
    const struct review *review = &facts->admission->review;
    CLEANUP(buffer_clear) struct buffer name;
    buffer_init(&name, 64);
    decision_name(review->uid, &name);
    add_text(text, "schema", DECISION_RECORD_SCHEMA);
    add_time(text, facts->time_ms);
    add_text(text, "decision_id", buffer_text(&name));
    add_text(text, "uid", review->uid);
    add_trace(text, facts->trace);
    add_text(text, "webhook", facts->webhook);
    add_text(text, "operation", facts->admission->operation);
}

static void add_question(struct buffer *text, const struct review *review) {
    const struct object_change *change = &review->change;
    add_text(text, "group", change->key.group);
    add_text(text, "version", change->version);
    add_text(text, "kind", change->key.kind);
    add_text(text, "resource", change->resource);
    add_text(text, "subresource", change->subresource);
    add_text(text, "namespace", change->key.namespace);
    add_text(text, "name", change->key.name);
    add_text(text, "user", review->user);
    open_in(text, "groups", '[');
    for (size_t i = 0; i < review->group_count; i++) {
        comma(text);
        json_string_append(text, review->groups[i], strlen(review->groups[i]));
    }
    shut(text, ']');
    add_flag(text, "dry_run", review->dry_run);
}

static void add_origin(struct buffer *text, const struct origin *origin) {
    add_text_if(text, "object_kind", origin->object.kind);
    add_text_if(text, "object_namespace", origin->object.namespace);
    add_text_if(text, "object_name", origin->object.name);
    add_text(text, "path", origin->path ? origin->path : "");
}

static bool is_secret(const struct review *review) {
    return *review->change.key.group == '\0' && strcmp(review->change.key.kind, "Secret") == 0;
}

// A finding at a masked place echoes its value.
static bool is_masked(const struct decision_facts *facts, const struct decision_mask *mask,
                      const struct violation *violation) {
    CLEANUP(buffer_clear) struct buffer pointer;
    buffer_init(&pointer, LARGEST_DECISION_INPUT);
    struct error error;
    return violation->origin.path && *violation->origin.path &&
           (!field_path_to_pointer(violation->origin.path, &pointer, &error) ||
            decision_mask_covers(mask, buffer_text(&pointer), is_secret(&facts->admission->review)));
}

static void add_violation(struct buffer *text, const struct violation *violation, bool masked) {
    open_item(text);
    add_text(text, "policy", violation->policy);
    add_text(text, "severity", severity_name(violation->severity));
    add_text(text, "mode", policy_mode_name(violation->mode));
    add_origin(text, &violation->origin);
    add_text(text, "message", masked ? "***" : violation->message);
    add_text_if(text, "detail", masked && violation->detail ? "***" : violation->detail);
    if (violation->has_excess && isfinite(violation->excess)) {
        add_key(text, "excess");
        json_number_append(text, violation->excess);
    }
    add_flag(text, "existed", violation->existed);
    add_text_if(text, "exception", violation->exception);
    add_flag(text, "denies", violation_denies(violation));
    shut(text, '}');
}

static void add_findings(struct buffer *text, const struct decision_facts *facts,
                         const struct decision_mask *mask) {
    const struct decision *decision = facts->decision;
    open_in(text, "violations", '[');
    for (size_t i = 0; i < decision->violation_count; i++) {
        const struct violation *violation = &decision->violations[i];
        add_violation(text, violation, is_masked(facts, mask, violation));
    }
    shut(text, ']');
    open_in(text, "unknowns", '[');
    for (size_t i = 0; i < decision->unknown_count; i++) {
        const struct unknown_value *unknown = &decision->unknowns[i];
        open_item(text);
        add_text(text, "policy", unknown->policy);
        add_origin(text, &unknown->origin);
        add_text_if(text, "why", unknown->why);
        add_flag(text, "unseen", unknown->unseen);
        shut(text, '}');
    }
    shut(text, ']');
}

static void add_faults(struct buffer *text, const struct decision *decision) {
    open_in(text, "faults", '[');
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        if (result->outcome == OUTCOME_FAULT) {
            open_item(text);
            add_text(text, "policy", result->policy);
            add_text(text, "reason", policy_fault_name(result->fault));
            add_text_if(text, "detail", result->fault_message);
            add_flag(text, "denies", policy_result_denies(result));
            shut(text, '}');
        }
    }
    shut(text, ']');
}

static void add_warnings(struct buffer *text, const struct decision_facts *facts,
                         const struct decision_mask *mask) {
    bool masked = false;
    for (size_t i = 0; i < facts->decision->violation_count; i++) {
        masked |= is_masked(facts, mask, &facts->decision->violations[i]);
    }
    const char *const *warnings = NULL;
    size_t count =
        decision_warnings(facts->decision, &facts->admission->review, facts->admission->arena, &warnings);
    open_in(text, "warnings", '[');
    for (size_t i = 0; i < count; i++) {
        comma(text);
        const char *warning = masked ? "***" : warnings[i];
        json_string_append(text, warning, strlen(warning));
    }
    shut(text, ']');
}

static bool used_before(const struct decision *decision, size_t index) {
    for (size_t i = 0; i < index; i++) {
        const char *exception = decision->violations[i].exception;
        if (exception && strcmp(exception, decision->violations[index].exception) == 0) {
            return true;
        }
    }
    return false;
}

static void add_exceptions(struct buffer *text, const struct decision *decision) {
    open_in(text, "exceptions", '[');
    for (size_t i = 0; i < decision->violation_count; i++) {
        const char *exception = decision->violations[i].exception;
        if (exception && !used_before(decision, i)) {
            comma(text);
            json_string_append(text, exception, strlen(exception));
        }
    }
    shut(text, ']');
}

static void add_patch(struct buffer *text, const struct decision_facts *facts,
                      const struct decision_mask *mask) {
    const struct decision *decision = facts->decision;
    open_in(text, "patch", '[');
    for (size_t i = 0; i < decision->patch_count; i++) {
        const struct patch_operation *operation = &decision->patch[i];
        bool masked = decision_mask_covers(mask, operation->path, is_secret(&facts->admission->review));
        open_item(text);
        add_text(text, "op", operation->replace ? "replace" : "add");
        add_text(text, "path", operation->path);
        add_key(text, "value");
        buffer_append_text(text, masked ? "\"***\"" : operation->value);
        shut(text, '}');
    }
    shut(text, ']');
}

static void add_results(struct buffer *text, const struct decision *decision) {
    open_in(text, "policies", '[');
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        open_item(text);
        add_text(text, "name", result->policy);
        add_text(text, "outcome", policy_outcome_name(result->outcome));
        add_text(text, "mode", policy_mode_name(result->mode));
        add_integer(text, "duration_ns", (int64_t)result->duration_ns);
        shut(text, '}');
    }
    shut(text, ']');
}

static void add_input(struct buffer *text, const struct review *review, const struct decision_mask *mask) {
    const struct node *const objects[] = {review->change.object, review->change.old_object, review->options};
    static const char *const names[] = {"object", "oldObject", "options"};
    CLEANUP(buffer_clear) struct buffer input;
    CLEANUP(buffer_clear) struct buffer places;
    buffer_init(&input, LARGEST_DECISION_INPUT);
    buffer_init(&places, LARGEST_DECISION_INPUT);
    buffer_append_char(&input, '{');
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        if (objects[i]) {
            add_key(&input, names[i]);
            decision_mask_append(mask, objects[i], is_secret(review), names[i], &input, &places);
        }
    }
    buffer_append_char(&input, '}');
    if (input.cut || places.cut) {
        add_text(text, "input_dropped", "larger than 256 KiB");
        return;
    }
    add_key(text, "input");
    buffer_append(text, buffer_text(&input), input.length);
    open_in(text, "masked", '[');
    buffer_append(text, buffer_text(&places), places.length);
    shut(text, ']');
}

bool decision_record_append(const struct decision_facts *facts, const struct decision_mask *mask,
                            struct buffer *ret_line) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LARGEST_DECISION_RECORD - 1);
    buffer_append_char(&text, '{');
    add_head(&text, facts);
    add_question(&text, &facts->admission->review);
    add_flag(&text, "allowed", facts->decision->allowed);
    add_findings(&text, facts, mask);
    add_warnings(&text, facts, mask);
    add_faults(&text, facts->decision);
    add_exceptions(&text, facts->decision);
    add_patch(&text, facts, mask);
    add_results(&text, facts->decision);
    add_integer(&text, "duration_ns", (int64_t)facts->duration_ns);
    add_text(&text, "policy_digest", facts->policy_digest);
    add_text_if(&text, "policy_revision", facts->policy_revision);
    add_integer(&text, "inventory_stale_ms", facts->inventory_stale_ms);
    add_input(&text, &facts->admission->review, mask);
    buffer_append_text(&text, "}\n");
    if (text.cut) {
        return false;
    }
    buffer_append(ret_line, text.data, text.length);
    return true;
}
