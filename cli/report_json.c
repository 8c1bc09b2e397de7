#include "cli/report.h"

#include <json-c/json.h>
#include <string.h>

static void set_text(struct json_object *map, const char *key, const char *text) {
    if (text && *text) {
        json_object_object_add(map, key, json_object_new_string(text));
    }
}

static void set_count(struct json_object *map, const char *key, size_t count) {
    json_object_object_add(map, key, json_object_new_int64((int64_t)count));
}

static struct json_object *make_object(const struct object_key *key) {
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "group", json_object_new_string(key->group));
    json_object_object_add(object, "kind", json_object_new_string(key->kind));
    json_object_object_add(object, "namespace", json_object_new_string(key->namespace));
    json_object_object_add(object, "name", json_object_new_string(key->name));
    return object;
}

static struct json_object *make_finding(const struct finding *finding) {
    struct json_object *map = json_object_new_object();
    set_text(map, "result", finding_result_name(finding->result));
    set_text(map, "policy", finding->policy);
    if (finding->result == FINDING_DENY || finding->result == FINDING_WARN ||
        finding->result == FINDING_EXISTING || finding->result == FINDING_EXCUSED) {
        set_text(map, "severity", severity_name(finding->severity));
    }
    if (finding->object.kind) {
        json_object_object_add(map, "object", make_object(&finding->object));
    }
    set_text(map, "path", finding->path);
    set_text(map, "headline", finding->headline);
    set_text(map, "message", finding->message);
    set_text(map, "detail", finding->detail);
    set_text(map, "hint", finding->hint);
    set_text(map, "docs", finding->docs);
    set_text(map, "exception", finding->exception);
    set_text(map, "operation", finding->operation);
    set_text(map, "file", finding->place.file);
    if (finding->place.line > 0) {
        set_count(map, "line", finding->place.line);
        set_count(map, "column", finding->place.column);
        set_count(map, "endLine", finding->place.end_line);
        set_count(map, "endColumn", finding->place.end_column);
    }
    return map;
}

static struct json_object *make_summary(const struct report *report) {
    const struct check_counts *counts = report->counts;
    const size_t *results = report->findings->counts;
    struct json_object *map = json_object_new_object();
    set_count(map, "files", counts->files);
    set_count(map, "objects", counts->objects);
    set_count(map, "skipped", counts->skipped);
    set_count(map, "created", counts->created);
    set_count(map, "updated", counts->updated);
    set_count(map, "deleted", counts->deleted);
    set_count(map, "judged", counts->judged);
    for (int result = 0; result < FINDING_RESULT_COUNT; result++) {
        set_count(map, finding_result_name((enum finding_result)result), results[result]);
    }
    set_count(map, "exitCode", (size_t)report->exit_code);
    return map;
}

void report_json(const struct report *report, FILE *out) {
    struct json_object *root = json_object_new_object();
    set_text(root, "apiVersion", "fleetgate.dev/v1alpha1");
    set_text(root, "kind", "CheckReport");
    json_object_object_add(root, "summary", make_summary(report));
    struct json_object *findings = json_object_new_array();
    for (size_t i = 0; i < report->findings->count; i++) {
        json_object_array_add(findings, make_finding(&report->findings->items[i]));
    }
    json_object_object_add(root, "findings", findings);
    const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
    fprintf(out, "%s\n", json_object_to_json_string_ext(root, flags));
    json_object_put(root);
}
