#include "manager/audit_report.h"

#include "base/memory.h"
#include "engine/decision_text.h"
#include "kube/kube_discovery.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_RESULTS = 50000, RESULTS_A_REPORT = 200 };

// The reports of one namespace; "" holds what has none.
struct shelf {
    char *namespace;
    struct json_object **results; // one object each
    size_t count, capacity;
    uint64_t pass, fail, warn, error, skip;
};

struct audit_report {
    enum report_kind kind;
    int64_t now;
    const char *only; // this namespace; NULL: all
    struct shelf *shelves;
    size_t count, capacity;
    size_t results;
};

struct report_form {
    const char *group, *version, *kind, *plural, *cluster_kind, *cluster_plural;
};

static const struct report_form forms[] = {
    [REPORT_OPENREPORTS] = {"openreports.io", "v1alpha1", "Report", "reports", "ClusterReport",
                            "clusterreports"},
    [REPORT_POLICYREPORT] = {"wgpolicyk8s.io", "v1alpha2", "PolicyReport", "policyreports",
                             "ClusterPolicyReport", "clusterpolicyreports"},
};

static const char *const manager_name = "fleetgate";
static const char *const managed_by = "app.kubernetes.io/managed-by";

const char *report_kind_name(enum report_kind kind) {
    static const char *const names[] = {"none", "openreports", "policyreport"};
    return names[kind];
}

struct audit_report *audit_report_new(enum report_kind kind, int64_t now) {
    struct audit_report *report = memory_calloc(1, sizeof(*report));
    report->kind = kind;
    report->now = now;
    return report;
}

void audit_report_only(struct audit_report *report, const char *namespace) {
    report->only = namespace;
}

void audit_report_free(struct audit_report *report) {
    if (!report) {
        return;
    }
    for (size_t i = 0; i < report->count; i++) {
        for (size_t n = 0; n < report->shelves[i].count; n++) {
            json_object_put(report->shelves[i].results[n]);
        }
        free(report->shelves[i].results);
        free(report->shelves[i].namespace);
    }
    free(report->shelves);
    free(report);
}

static struct shelf *shelf_for(struct audit_report *report, const char *namespace) {
    for (size_t i = report->count; i > 0; i--) { // objects of a namespace come together
        if (strcmp(report->shelves[i - 1].namespace, namespace) == 0) {
            return &report->shelves[i - 1];
        }
    }
    if (report->count == report->capacity) {
        report->capacity = report->capacity ? report->capacity * 2 : 16;
        report->shelves = memory_realloc(report->shelves, report->capacity, sizeof(*report->shelves));
    }
    struct shelf *shelf = &report->shelves[report->count++];
    *shelf = (struct shelf){.namespace = memory_strdup(namespace)};
    return shelf;
}

static void add_text(struct json_object *object, const char *key, const char *text) {
    json_object_object_add(object, key, json_object_new_string(text));
}

static void add_count(struct json_object *object, const char *key, uint64_t count) {
    json_object_object_add(object, key, json_object_new_int64((int64_t)count));
}

static struct json_object *make_subject(const struct audit_finding *finding) {
    const struct object_key *key = &finding->review->change.key;
    struct json_object *subject = json_object_new_object();
    add_text(subject, "apiVersion", finding->api_version);
    add_text(subject, "kind", key->kind);
    if (*key->namespace) {
        add_text(subject, "namespace", key->namespace);
    }
    add_text(subject, "name", key->name);
    if (*finding->uid) {
        add_text(subject, "uid", finding->uid);
    }
    return subject;
}

static struct json_object *make_result(const struct audit_report *report, const struct audit_finding *finding,
                                       const char *policy, const char *severity, const char *result) {
    struct json_object *object = json_object_new_object();
    add_text(object, "source", manager_name);
    add_text(object, "policy", policy);
    if (severity) {
        add_text(object, "severity", severity);
    }
    add_text(object, "result", result);
    json_object_object_add(object, "scored", json_object_new_boolean(true));
    struct json_object *stamp = json_object_new_object();
    json_object_object_add(stamp, "seconds", json_object_new_int64(report->now));
    json_object_object_add(stamp, "nanos", json_object_new_int(0));
    json_object_object_add(object, "timestamp", stamp);
    struct json_object *subjects = json_object_new_array();
    json_object_array_add(subjects, make_subject(finding));
    json_object_object_add(object, "resources", subjects);
    return object;
}

static void put_result(struct audit_report *report, struct shelf *shelf, struct json_object *result) {
    if (report->results >= MOST_RESULTS) {
        json_object_put(result);
        return;
    }
    if (shelf->count == shelf->capacity) {
        shelf->capacity = shelf->capacity ? shelf->capacity * 2 : 16;
        shelf->results = memory_realloc(shelf->results, shelf->capacity, sizeof(struct json_object *));
    }
    shelf->results[shelf->count++] = result;
    report->results++;
}

static void add_violation(struct audit_report *report, struct shelf *shelf,
                          const struct audit_finding *finding, const struct violation *violation) {
    bool denies = violation_denies(violation);
    const char *result = violation->exception ? "skip" : denies ? "fail" : "warn";
    struct json_object *object =
        make_result(report, finding, violation->policy, severity_name(violation->severity), result);
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 4096);
    violation_headline(violation, &line);
    add_text(object, "message", buffer_text(&line));
    struct json_object *properties = json_object_new_object();
    add_text(properties, "fieldPath", violation->origin.path ? violation->origin.path : "");
    if (violation->exception) {
        add_text(properties, "exception", violation->exception);
    }
    if (violation->hint) {
        add_text(properties, "hint", violation->hint);
    }
    json_object_object_add(object, "properties", properties);
    put_result(report, shelf, object);
    shelf->skip += violation->exception != NULL;
    shelf->fail += !violation->exception && denies;
    shelf->warn += !violation->exception && !denies;
}

void audit_report_add(struct audit_report *report, const struct audit_finding *finding) {
    struct shelf *shelf = shelf_for(report, finding->review->change.key.namespace);
    const struct decision *decision = finding->decision;
    for (size_t i = 0; i < decision->violation_count; i++) {
        add_violation(report, shelf, finding, &decision->violations[i]);
    }
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        shelf->pass += result->outcome == OUTCOME_PASS;
        shelf->skip += result->outcome == OUTCOME_UNKNOWN;
        if (result->outcome == OUTCOME_FAULT) {
            struct json_object *object = make_result(report, finding, result->policy, NULL, "error");
            add_text(object, "message",
                     result->fault_message ? result->fault_message : policy_fault_name(result->fault));
            put_result(report, shelf, object);
            shelf->error++;
        }
    }
}

static size_t parts_of(const struct shelf *shelf) {
    return shelf->count == 0 ? 1 : (shelf->count + RESULTS_A_REPORT - 1) / RESULTS_A_REPORT;
}

// Which shelf, and which part of it, the report of this index is.
static const struct shelf *locate(const struct audit_report *report, size_t index, size_t *ret_part) {
    for (size_t i = 0; i < report->count; i++) {
        size_t parts = parts_of(&report->shelves[i]);
        if (index < parts) {
            *ret_part = index;
            return &report->shelves[i];
        }
        index -= parts;
    }
    return NULL;
}

static void name_report(char name[64], size_t part) {
    if (part == 0) {
        snprintf(name, 64, "fleetgate-audit");
    } else {
        snprintf(name, 64, "fleetgate-audit-%zu", part + 1);
    }
}

static struct json_object *make_summary(const struct shelf *shelf, size_t part) {
    struct json_object *summary = json_object_new_object();
    // The first report of a namespace says it for all of them.
    add_count(summary, "pass", part == 0 ? shelf->pass : 0);
    add_count(summary, "fail", part == 0 ? shelf->fail : 0);
    add_count(summary, "warn", part == 0 ? shelf->warn : 0);
    add_count(summary, "error", part == 0 ? shelf->error : 0);
    add_count(summary, "skip", part == 0 ? shelf->skip : 0);
    return summary;
}

static struct json_object *make_report(const struct audit_report *report, const struct shelf *shelf,
                                       size_t part) {
    const struct report_form *form = &forms[report->kind];
    bool is_namespaced = *shelf->namespace != '\0';
    struct json_object *object = json_object_new_object();
    char text[128];
    snprintf(text, sizeof(text), "%s/%s", form->group, form->version);
    add_text(object, "apiVersion", text);
    add_text(object, "kind", is_namespaced ? form->kind : form->cluster_kind);
    struct json_object *metadata = json_object_new_object();
    name_report(text, part);
    add_text(metadata, "name", text);
    if (is_namespaced) {
        add_text(metadata, "namespace", shelf->namespace);
    }
    struct json_object *labels = json_object_new_object();
    add_text(labels, managed_by, manager_name);
    json_object_object_add(metadata, "labels", labels);
    json_object_object_add(object, "metadata", metadata);
    if (report->kind == REPORT_OPENREPORTS) {
        add_text(object, "source", manager_name);
    }
    json_object_object_add(object, "summary", make_summary(shelf, part));
    struct json_object *results = json_object_new_array();
    for (size_t i = part * RESULTS_A_REPORT; i < shelf->count && i < (part + 1) * RESULTS_A_REPORT; i++) {
        json_object_array_add(results, json_object_get(shelf->results[i]));
    }
    json_object_object_add(object, "results", results);
    return object;
}

char *audit_report_text(struct audit_report *report, size_t index) {
    size_t part;
    const struct shelf *shelf = locate(report, index, &part);
    if (!shelf) {
        return NULL;
    }
    struct json_object *object = make_report(report, shelf, part);
    char *text = memory_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    return text;
}

static struct kube_resource resource_of(const struct audit_report *report, bool namespaced) {
    const struct report_form *form = &forms[report->kind];
    return (struct kube_resource){.group = form->group,
                                  .version = form->version,
                                  .plural = namespaced ? form->plural : form->cluster_plural,
                                  .kind = namespaced ? form->kind : form->cluster_kind,
                                  .namespaced = namespaced};
}

static bool apply_one(struct audit_report *report, const struct shelf *shelf, size_t part, const char *text,
                      struct kube_client *client, struct error *error) {
    struct kube_resource resource = resource_of(report, *shelf->namespace != '\0');
    char name[64];
    name_report(name, part);
    const struct kube_name place = {
        .resource = &resource, .namespace = resource.namespaced ? shelf->namespace : NULL, .name = name};
    const struct kube_patch patch = {
        .type = KUBE_PATCH_APPLY, .body = text, .field_manager = manager_name, .force = true};
    return kube_patch(client, &place, &patch, 0, NULL, error);
}

// What an earlier audit left.
struct leftovers {
    struct audit_report *report;
    bool namespaced;
    struct buffer names; // "namespace/name\n"
};

static bool is_written(const struct audit_report *report, const char *namespace, const char *name) {
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->shelves[i].namespace, namespace) == 0) {
            char part_name[64];
            for (size_t part = 0; part < parts_of(&report->shelves[i]); part++) {
                name_report(part_name, part);
                if (strcmp(part_name, name) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool note_leftovers(void *cookie, const struct node *list, struct error *error) {
    (void)error;
    struct leftovers *leftovers = cookie;
    NODE_EACH(item, node_get(list, "items")) {
        const struct node *metadata = node_get(item, "metadata");
        const char *namespace = node_string(node_get(metadata, "namespace"));
        const char *name = node_string(node_get(metadata, "name"));
        namespace = namespace ? namespace : "";
        if (name && strncmp(name, "fleetgate-audit", 15) == 0 &&
            !is_written(leftovers->report, namespace, name)) {
            buffer_printf(&leftovers->names, "%s/%s\n", namespace, name);
        }
    }
    return true;
}

static bool delete_leftovers(struct audit_report *report, bool namespaced, struct kube_client *client,
                             struct error *error) {
    struct kube_resource resource = resource_of(report, namespaced);
    struct leftovers leftovers = {report, namespaced, {0}};
    buffer_init(&leftovers.names, 1024 * 1024);
    CLEANUP(buffer_clear) struct buffer names = {0};
    const struct kube_list list = {.resource = &resource,
                                   .namespace = namespaced ? report->only : NULL,
                                   .label_selector = "app.kubernetes.io/managed-by=fleetgate",
                                   .limit = 500,
                                   .page = note_leftovers,
                                   .cookie = &leftovers,
                                   .metadata_only = true};
    bool fine = kube_list(client, &list, error);
    names = leftovers.names;
    char *saved;
    char *line = fine && names.data ? strtok_r(names.data, "\n", &saved) : NULL;
    for (; line && fine; line = strtok_r(NULL, "\n", &saved)) {
        char *slash = strchr(line, '/');
        if (!slash) {
            break; // cut by the cap: the next audit goes on
        }
        *slash = '\0';
        const struct kube_name place = {
            .resource = &resource, .namespace = namespaced ? line : NULL, .name = slash + 1};
        struct error problem = {0};
        fine = kube_delete(client, &place, NULL, 0, &problem) || problem.kind == ERROR_NOT_FOUND ||
               error_set(error, problem.kind, "%s", problem.message);
    }
    return fine;
}

bool audit_report_check(enum report_kind kind, struct kube_client *client, struct error *error) {
    const struct report_form *form = &forms[kind];
    CLEANUP(kube_discovery_free) struct kube_discovery *discovery = NULL;
    if (!kube_discover(client, &form->group, 1, &discovery, error)) {
        return false;
    }
    if (kube_discovery_find(discovery, form->group, form->kind) &&
        kube_discovery_find(discovery, form->group, form->cluster_kind)) {
        return true;
    }
    const char *problem = kube_discovery_problem(discovery);
    return error_set(
        error, problem ? ERROR_IO : ERROR_NOT_FOUND,
        "%s and %s of %s/%s are not served%s%s: install their CustomResourceDefinitions, or write "
        "no reports",
        form->kind, form->cluster_kind, form->group, form->version, problem ? ": " : "",
        problem ? problem : "");
}

// The namespace went while the audit ran, or is about to go.
static bool is_going(const struct error *error) {
    return error->kind == ERROR_NOT_FOUND ||
           (error->kind == ERROR_DENIED && strstr(error->message, "is being terminated"));
}

bool audit_report_write(struct audit_report *report, struct kube_client *client, struct error *error) {
    if (!audit_report_check(report->kind, client, error)) {
        return false;
    }
    size_t part;
    const struct shelf *shelf;
    for (size_t i = 0; (shelf = locate(report, i, &part)) != NULL; i++) {
        CLEANUP(free) char *text = audit_report_text(report, i);
        struct error problem = {0};
        if (!apply_one(report, shelf, part, text, client, &problem) && !is_going(&problem)) {
            return error_set(error, problem.kind, "report of namespace %s: %s",
                             *shelf->namespace ? shelf->namespace : "(none)", problem.message);
        }
    }
    return delete_leftovers(report, true, client, error) &&
           (report->only || delete_leftovers(report, false, client, error));
}
