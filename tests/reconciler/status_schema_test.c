// Every status is as its schema says. The forms of conditions are checked here for every kind; the
// CustomResourceDefinitions of Cluster API and its providers, with names, types, enumerations and bounds, are
// not ours: they are read where FLEETGATE_CRDS names a folder that has them.
#include "fleet/kind_table.h"
#include "manifest/yaml_reader.h"
#include "tests/reconciler/status_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_FILE_BYTES = 4 << 20 };

static char *read_file(const char *path, size_t *ret_length) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = memory_alloc(MOST_FILE_BYTES);
    *ret_length = fread(text, 1, MOST_FILE_BYTES, file);
    assert_true(*ret_length < MOST_FILE_BYTES);
    (void)fclose(file);
    return text;
}

static bool has_type(const struct node *value, const char *type) {
    static const struct {
        const char *type;
        enum node_type node;
    } types[] = {{"string", NODE_STRING},
                 {"integer", NODE_INTEGER},
                 {"boolean", NODE_BOOL},
                 {"array", NODE_LIST},
                 {"object", NODE_MAP}};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (strcmp(types[i].type, type) == 0) {
            return node_is(value, types[i].node);
        }
    }
    return false;
}

static bool is_in(const struct node *list, const struct node *value) {
    NODE_EACH(item, list) {
        if (node_equal(item, value)) {
            return true;
        }
    }
    return false;
}

static void check_bounds(const char *name, const struct node *value, const struct node *schema) {
    int64_t bound, integer;
    if (node_integer(node_get(schema, "minLength"), &bound)) {
        expect_true(name, (int64_t)value->length >= bound, "minLength");
    }
    if (node_integer(node_get(schema, "minItems"), &bound)) {
        expect_true(name, (int64_t)value->length >= bound, "minItems");
    }
    if (node_integer(node_get(schema, "maxItems"), &bound)) {
        expect_true(name, (int64_t)value->length <= bound, "maxItems");
    }
    if (node_integer(node_get(schema, "minimum"), &bound) && node_integer(value, &integer)) {
        expect_true(name, integer >= bound, "minimum");
    }
}

// may_lack: fields that older releases have not.
static void check_value(const char *name, const struct node *value, const struct node *schema,
                        bool may_lack) {
    const char *type = node_string(node_get(schema, "type"));
    expect_true(name, type && has_type(value, type), "the type that the schema says");
    const struct node *words = node_get(schema, "enum");
    expect_true(name, !words || is_in(words, value), "a word that the schema says");
    check_bounds(name, value, schema);
    const struct node *required = node_get(schema, "required");
    NODE_EACH(field, required) {
        char inner[1024];
        (void)snprintf(inner, sizeof(inner), "%s.%s", name, node_string(field));
        expect_true(inner, node_get(value, node_string(field)), "required, and there");
    }
    NODE_EACH(child, value) {
        char inner[1024];
        (void)snprintf(inner, sizeof(inner), "%s.%s", name, child->key ? child->key : "[]");
        const struct node *below =
            child->key ? node_get(node_get(schema, "properties"), child->key) : node_get(schema, "items");
        if (below || !may_lack) {
            expect_true(inner, below, "in the schema");
            check_value(inner, child, below, may_lack);
        }
    }
}

static const struct cloud_pool rolling_pools[] = {
    {.name = "a", .version = "1.30.4", .target = "1.31.2", .state = CLOUD_UPDATING, 2, 3, 2, 1},
};
static const struct cloud_cluster rolling = {.version = "1.30.4",
                                             .target = "1.31.2",
                                             .state = CLOUD_UPDATING,
                                             .control_plane_replicas = 3,
                                             .control_plane_ready = 2,
                                             .endpoint_host = "eu-1.example",
                                             .endpoint_port = 6443,
                                             .pools = rolling_pools,
                                             .pool_count = 1};
static const struct cloud_cluster failed = {
    .version = "1.31.2", .target = "1.31.2", .state = CLOUD_FAILED, .failure = "no capacity"};

static const struct {
    const char *name;
    struct status_question question; // object, cluster, pool and now are set by the test
} states[] = {
    {"nothing known", {.unreachable = true}},
    {"not there", {.is_known = true, .approval = APPROVAL_DENIED, .approval_text = "no"}},
    {"works",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &status_cloud}},
    {"managed",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_managed_spec,
      .cloud = &status_managed_cloud}},
    {"rolls",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &rolling, .step = "x"}},
    {"failed",
     {.is_known = true, .approval = APPROVAL_HELD, .spec = &status_spec, .cloud = &failed, .problem = "x"}},
    {"goes",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &status_cloud,
      .deleting = true}},
};

struct checked_kind {
    const char *from; // for messages
    const char *api_version, *kind;
    const struct node *schema; // NULL: only the forms of conditions are checked
    bool may_lack;
};

static void check_old_form(const char *name, const struct node *item) {
    static const char *const severities[] = {"Info", "Warning", "Error"};
    const char *severity = node_string(node_get(item, "severity"));
    bool is_false = strcmp(node_string(node_get(item, "status")), "False") == 0;
    bool is_known = false;
    for (size_t i = 0; severity && i < sizeof(severities) / sizeof(*severities); i++) {
        is_known = is_known || strcmp(severity, severities[i]) == 0;
    }
    expect_true(name, is_known == is_false, "a severity where the status is False, and only there");
    expect_true(name, !node_get(item, "reason") || node_get(item, "reason")->length > 0, "no empty reason");
    expect_true(name, !node_get(item, "message") || node_get(item, "message")->length > 0,
                "no empty message");
    expect_true(name, !node_get(item, "observedGeneration"), "no observedGeneration");
}

static void check_new_form(const char *name, const struct node *item) {
    const char *reason = node_string(node_get(item, "reason"));
    expect_true(
        name,
        reason && strspn(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == strlen(reason) &&
            reason[0],
        "a reason in CamelCase");
    expect_true(name, node_is(node_get(item, "message"), NODE_STRING), "a message");
    expect_true(name, !node_get(item, "severity"), "no severity");
}

static void check_conditions(const char *name, const struct node *list, bool is_old) {
    static const char *const statuses[] = {"True", "False", "Unknown"};
    expect_true(name, !list || list->length <= 32, "no more conditions than Cluster API takes");
    NODE_EACH(item, list) {
        char inner[1024];
        const char *type = node_string(node_get(item, "type"));
        const char *status = node_string(node_get(item, "status"));
        const char *time = node_string(node_get(item, "lastTransitionTime"));
        (void)snprintf(inner, sizeof(inner), "%s, %s condition %s", name, is_old ? "old" : "new", type);
        bool is_status = false;
        for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
            is_status = is_status || (status && strcmp(status, statuses[i]) == 0);
        }
        expect_true(inner, is_status, "True, False or Unknown");
        expect_text(inner, time, "2026-01-01T00:00:00Z");
        for (const struct node *other = node_next(list, item); other; other = node_next(list, other)) {
            expect_true(inner, strcmp(node_string(node_get(other, "type")), type) != 0, "once");
        }
        (is_old ? check_old_form : check_new_form)(inner, item);
    }
}

static bool is_new_form(const struct node *status) {
    return node_get(status, "initialization") || node_get(status, "deprecated");
}

static void check_question(const char *name, const struct checked_kind *kind,
                           const struct status_question *question) {
    CLEANUP(document_free) struct document *after = status_after(name, question);
    const struct node *status = node_get(document_root(after), "status");
    check_conditions(name, node_get(status, "conditions"), !is_new_form(status));
    check_conditions(name, node_get(node_get(status, "v1beta2"), "conditions"), false);
    check_conditions(name, node_get(node_get(node_get(status, "deprecated"), "v1beta1"), "conditions"), true);
    CLEANUP(document_free) struct document *whole = metadata_after(name, question, true);
    if (!kind->schema) {
        return;
    }
    const struct node *properties = node_get(kind->schema, "properties");
    check_value(name, status, node_get(properties, "status"), kind->may_lack);
    const struct node *spec_properties = node_get(node_get(properties, "spec"), "properties");
    NODE_EACH(field, node_get(document_root(whole), "spec")) {
        if (strcmp(field->key, "topology") != 0) {
            expect_true(name, node_get(spec_properties, field->key), "in the schema of spec");
            check_value(name, field, node_get(spec_properties, field->key), kind->may_lack);
        }
    }
}

static void check_states(const struct checked_kind *kind) {
    char text[512];
    (void)snprintf(
        text, sizeof(text),
        "{'apiVersion':'%s','kind':'%s','metadata':{'name':'a','uid':'u-1','generation':3},'spec':{"
        "'topology':{}}}",
        kind->api_version, kind->kind);
    CLEANUP(document_free) struct document *object = document_of(text);
    CLEANUP(document_free)
    struct document *cluster =
        document_of("{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':"
                    "{'name':'eu-1','namespace':'prod','uid':'u-1'}}");
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        char name[512];
        (void)snprintf(name, sizeof(name), "%s: %s %s, %s", kind->from, kind->api_version, kind->kind,
                       states[i].name);
        struct status_question question = states[i].question;
        question.object = document_root(object);
        question.cluster = strcmp(kind->kind, "Cluster") == 0 ? question.object : document_root(cluster);
        question.pool = "a";
        question.now_s = STATUS_NOW_S;
        check_question(name, kind, &question);
    }
}

static bool has_status(const char *api_version, const char *kind) {
    char text[512];
    (void)snprintf(text, sizeof(text), "{'apiVersion':'%s','kind':'%s'}", api_version, kind);
    CLEANUP(document_free) struct document *object = document_of(text);
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, 1 << 20);
    struct status_question question = {.object = document_root(object), .cluster = document_root(object)};
    return cluster_status_patch(&question, &patch);
}

static void conditions_of_every_kind_have_their_form(void **state) {
    (void)state;
    static const struct {
        enum kind_group group;
        const char *name;
    } groups[] = {{GROUP_CORE, "cluster.x-k8s.io"},
                  {GROUP_CONTROL_PLANE, "controlplane.cluster.x-k8s.io"},
                  {GROUP_INFRASTRUCTURE, "infrastructure.cluster.x-k8s.io"}};
    static const char *const versions[] = {"v1alpha4", "v1beta1", "v1beta2"};
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    unsigned checked = 0;
    for (size_t i = 0; i < count * 9; i++) {
        const struct kind_entry *entry = &entries[i / 9];
        char api_version[128];
        (void)snprintf(api_version, sizeof(api_version), "%s/%s", groups[i / 3 % 3].name, versions[i % 3]);
        if ((entry->groups & groups[i / 3 % 3].group) && has_status(api_version, entry->kind)) {
            check_states(&(const struct checked_kind){
                .from = "table", .api_version = api_version, .kind = entry->kind});
            checked++;
        }
    }
    expect_true("kinds", checked > 150, "most kinds have a status");
}

static unsigned check_definition(const char *file, const struct node *definition, bool may_lack) {
    const struct node *spec = node_get(definition, "spec");
    const char *group = node_string(node_get(spec, "group"));
    const char *kind = node_string(node_get(node_get(spec, "names"), "kind"));
    unsigned checked = 0;
    NODE_EACH(version, node_get(spec, "versions")) {
        char api_version[256];
        bool served = false;
        (void)snprintf(api_version, sizeof(api_version), "%s/%s", group,
                       node_string(node_get(version, "name")));
        if (node_boolean(node_get(version, "served"), &served) && served && has_status(api_version, kind)) {
            const struct node *schema = node_get(node_get(version, "schema"), "openAPIV3Schema");
            check_states(&(const struct checked_kind){file, api_version, kind, schema, may_lack});
            checked++;
        }
    }
    return checked;
}

static unsigned check_folder(const char *root, const char *name) {
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    DIR *folder = opendir(path);
    unsigned checked = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0) {
            continue;
        }
        char file[2048];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        CLEANUP(free) char *text = read_file(file, &length);
        CLEANUP(document_free) struct document *document = NULL;
        struct error error = {0};
        if (!yaml_read_one(text, length, &yaml_default_options, &document, &error)) {
            fail_msg("%s: %s", file, error.message);
        }
        // Of each the newest that is here; what has come since an older one is written where it is kept.
        bool may_lack = strcmp(name, "capi-v1.10.10") == 0 || strcmp(name, "capa-v2.2.4") == 0;
        checked += check_definition(file, document_root(document), may_lack);
    }
    if (folder) {
        (void)closedir(folder);
    }
    return checked;
}

static void statuses_are_as_their_schemas_say(void **state) {
    (void)state;
    static const char *const folders[] = {"capi-v1.14.0", "capi-v1.10.10", "capa", "capa-v2.2.4", "capz",
                                          "capg",         "caph",          "capo", "capv",        "metal3"};
    const char *root = getenv("FLEETGATE_CRDS");
    if (!root) {
        skip();
    }
    unsigned checked = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        checked += check_folder(root, folders[i]);
    }
    expect_true(root, checked > 30, "definitions are there");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_of_every_kind_have_their_form),
        cmocka_unit_test(statuses_are_as_their_schemas_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
