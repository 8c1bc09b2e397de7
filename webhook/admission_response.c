#include "webhook/admission_response.h"

#include "base/memory.h"
#include "engine/decision_text.h"

#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

// The API server keeps an audit annotation of at most 10 KiB; one that is read by people is far below.
enum { LONGEST_ANNOTATION = 1024, LARGEST_PATCH = 4 * 1024 * 1024, STALE_WARNING_MS = 15000 };

// Keys are constants and no map gets one twice: json-c need neither copy nor look for them.
static void add(struct json_object *map, const char *key, struct json_object *value) {
    json_object_object_add_ex(map, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

static void add_text(struct json_object *map, const char *key, const char *text) {
    add(map, key, json_object_new_string(text));
}

static char *finish(const struct admission_review *admission, struct json_object *response) {
    struct json_object *root = json_object_new_object();
    add_text(root, "apiVersion", admission->api_version);
    add_text(root, "kind", "AdmissionReview");
    add(root, "response", response);
    char *text = memory_strdup(
        json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
    return text;
}

static struct json_object *start(const struct admission_review *admission, bool allowed) {
    struct json_object *response = json_object_new_object();
    add_text(response, "uid", admission->review.uid);
    add(response, "allowed", json_object_new_boolean(allowed));
    return response;
}

char *admission_response_skipped(const struct admission_review *admission) {
    struct json_object *response = start(admission, true);
    struct json_object *annotations = json_object_new_object();
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LONGEST_ANNOTATION);
    buffer_printf(&text, "allowed without evaluation: %s", admission->skip);
    add_text(annotations, "decision", buffer_text(&text));
    add(response, "auditAnnotations", annotations);
    return finish(admission, response);
}

static void add_sanitised(struct json_object *map, const char *key, const char *value,
                          struct buffer *scratch) {
    buffer_truncate(scratch, 0);
    buffer_append_text(scratch, value);
    text_sanitise(scratch, true);
    add_text(map, key, buffer_text(scratch));
}

static struct json_object *make_causes(const struct decision *decision) {
    struct json_object *causes = json_object_new_array();
    CLEANUP(buffer_clear) struct buffer scratch;
    buffer_init(&scratch, DENIAL_MAXIMUM_BYTES);
    size_t count = 0;
    for (size_t i = 0; i < decision->violation_count && count < DENIAL_MAXIMUM_VIOLATIONS; i++) {
        const struct violation *violation = &decision->violations[i];
        if (!violation_denies(violation)) {
            continue;
        }
        struct json_object *cause = json_object_new_object();
        add_text(cause, "reason", violation->policy);
        add_sanitised(cause, "message", violation->message, &scratch);
        if (violation->origin.path && *violation->origin.path) {
            add_sanitised(cause, "field", violation->origin.path, &scratch);
        }
        json_object_array_add(causes, cause);
        count++;
    }
    return causes;
}

static struct json_object *make_status(const struct admission_review *admission,
                                       const struct decision *decision) {
    const struct object_key *key = &admission->review.change.key;
    struct json_object *details = json_object_new_object();
    add_text(details, "name", key->name);
    add_text(details, "group", key->group);
    add_text(details, "kind", key->kind);
    add(details, "causes", make_causes(decision));
    CLEANUP(buffer_clear) struct buffer message;
    buffer_init(&message, DENIAL_MAXIMUM_BYTES);
    decision_denial(decision, &admission->review, &message);
    struct json_object *status = json_object_new_object();
    add_text(status, "status", "Failure");
    add(status, "code", json_object_new_int(403));
    add_text(status, "reason", "Forbidden");
    add_text(status, "message", buffer_text(&message));
    add(status, "details", details);
    return status;
}

static void add_warnings(struct json_object *response, const struct admission_review *admission,
                         const struct decision *decision) {
    const char *const *list;
    size_t count = decision_warnings(decision, &admission->review, admission->arena, &list);
    bool is_stale = admission->stale_ms >= STALE_WARNING_MS;
    if (count == 0 && !is_stale) {
        return;
    }
    struct json_object *warnings = json_object_new_array();
    if (is_stale) {
        char line[120];
        snprintf(line, sizeof(line),
                 "fleetgate has not heard from the API server for %" PRId64
                 " s: other objects may have changed",
                 admission->stale_ms / 1000);
        json_object_array_add(warnings, json_object_new_string(line));
    }
    for (size_t i = 0; i < count; i++) {
        json_object_array_add(warnings, json_object_new_string(list[i]));
    }
    add(response, "warnings", warnings);
}

// path may be NULL or empty.
static void append_item(struct buffer *list, const char *name, const char *path) {
    if (list->length > 0) {
        buffer_append_text(list, ", ");
    }
    buffer_append_text(list, name);
    if (path && *path) {
        buffer_append_char(list, ' ');
        buffer_append_text(list, path);
    }
}

// Nothing is added for an empty list. Lists of fields hold keys of the sender; those of policies and
// exceptions are ours.
static void add_list(struct json_object *annotations, const char *key, struct buffer *list, bool sanitise) {
    if (list->length > 0) {
        if (sanitise) {
            text_sanitise(list, true);
        }
        add_text(annotations, key, buffer_text(list));
    }
    buffer_truncate(list, 0);
}

static struct json_object *make_annotations(const struct admission_review *admission,
                                            const struct decision *decision, const char *policy_digest,
                                            uint64_t duration_ns) {
    struct json_object *annotations = json_object_new_object();
    add_text(annotations, "decision", decision->allowed ? "allowed" : "denied");
    char duration[32];
    snprintf(duration, sizeof(duration), "%" PRIu64 ".%03ums", duration_ns / 1000000,
             (unsigned)(duration_ns / 1000 % 1000));
    add_text(annotations, "duration", duration);
    add_text(annotations, "policy-digest", policy_digest);
    if (admission->stale_ms > 0) {
        snprintf(duration, sizeof(duration), "%" PRId64 "ms", admission->stale_ms);
        add_text(annotations, "inventory-stale", duration);
    }

    CLEANUP(buffer_clear) struct buffer list;
    buffer_init(&list, LONGEST_ANNOTATION);
    for (size_t i = 0; i < decision->result_count; i++) {
        append_item(&list, decision->results[i].policy, NULL);
    }
    add_list(annotations, "policies", &list, false);
    for (size_t i = 0; i < decision->violation_count; i++) {
        append_item(&list, decision->violations[i].policy, decision->violations[i].origin.path);
    }
    add_list(annotations, "violations", &list, true);
    for (size_t i = 0; i < decision->violation_count; i++) {
        if (decision->violations[i].exception) {
            append_item(&list, decision->violations[i].exception, NULL);
        }
    }
    add_list(annotations, "exceptions", &list, false);
    for (size_t i = 0; i < decision->unknown_count; i++) {
        append_item(&list, decision->unknowns[i].policy, decision->unknowns[i].origin.path);
    }
    add_list(annotations, "unknown", &list, true);
    return annotations;
}

// The operations as a JSON text (RFC 6902).
static void write_patch(const struct decision *decision, struct buffer *ret_text) {
    for (size_t i = 0; i < decision->patch_count; i++) {
        const struct patch_operation *operation = &decision->patch[i];
        struct json_object *path = json_object_new_string(operation->path);
        buffer_printf(ret_text, "%s{\"op\":\"%s\",\"path\":", i ? "," : "[",
                      operation->replace ? "replace" : "add");
        buffer_append_text(ret_text, json_object_to_json_string_ext(path, JSON_C_TO_STRING_NOSLASHESCAPE));
        buffer_append_text(ret_text, ",\"value\":");
        buffer_append_text(ret_text, operation->value);
        buffer_append_char(ret_text, '}');
        json_object_put(path);
    }
    buffer_append_char(ret_text, ']');
}

static void add_patch(struct json_object *response, const struct decision *decision) {
    if (decision->patch_count == 0 || !decision->allowed) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LARGEST_PATCH);
    write_patch(decision, &text);
    const gnutls_datum_t plain = {.data = (unsigned char *)text.data, .size = (unsigned)text.length};
    gnutls_datum_t encoded;
    // Half a patch is worse than none: the object then lacks its defaults, and validation judges it as it is.
    if (text.cut || gnutls_base64_encode2(&plain, &encoded) != GNUTLS_E_SUCCESS) {
        return;
    }
    add(response, "patch", json_object_new_string_len((const char *)encoded.data, (int)encoded.size));
    add_text(response, "patchType", "JSONPatch");
    gnutls_free(encoded.data);
}

char *admission_response_make(const struct admission_review *admission, const struct decision *decision,
                              const char *policy_digest, uint64_t duration_ns) {
    struct json_object *response = start(admission, decision->allowed);
    if (!decision->allowed) {
        add(response, "status", make_status(admission, decision));
    }
    add_patch(response, decision);
    add_warnings(response, admission, decision);
    add(response, "auditAnnotations", make_annotations(admission, decision, policy_digest, duration_ns));
    return finish(admission, response);
}
