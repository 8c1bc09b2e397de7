#include "base/buffer.h"
#include "engine/configuration.h"
#include "tests/support/documents.h"

#include <stdio.h>

#define HEAD "'apiVersion': 'fleetgate.dev/v1alpha1', 'kind': 'Configuration'"
#define POLICY(setting) "{" HEAD ", 'policies': {'region-limits': " setting "}}"
#define EXCEPTION(members) "{" HEAD ", 'exceptions': [{" members "}]}"
#define OBJECT "'object': {'kind': 'MachineDeployment', 'namespace': 'prod', 'name': 'eu-7-*'}"
#define PEOPLE "'owner': 'team-a', 'reason': 'TICKET-12'"

static struct configuration *read_good(const struct document *document) {
    struct error error = {0};
    struct configuration *configuration = NULL;
    if (!configuration_read(document, "fleet.yaml", &configuration, &error)) {
        fail_msg("%s", error.message);
    }
    return configuration;
}

static void test_errors(void **unused) {
    (void)unused;
    static const struct {
        const char *json;
        const char *message; // behind "fleet.yaml: "
    } cases[] = {
        {"null", "must be a map, got null"},
        {"[]", "must be a map, got list"},
        {"{}", "apiVersion: is required"},
        {"{'apiVersion': 'v1', 'kind': 'Configuration'}", "apiVersion: must be fleetgate.dev/v1alpha1"},
        {"{'apiVersion': 'fleetgate.dev/v1alpha1', 'kind': 'Config'}", "kind: must be Configuration"},
        {"{'apiVersion': 'fleetgate.dev/v1alpha1'}", "kind: is required"},
        {"{" HEAD ", 'polices': {}}", "polices: unknown key; did you mean policies?"},
        {"{" HEAD ", 'spec': {}}",
         "spec: unknown key; known are apiVersion, kind, metadata, policies, exceptions, reconcile"},
        {"{" HEAD ", 'reconcile': 'hold'}", "reconcile: must be a map, got string"},
        {"{" HEAD ", 'reconcile': null}",
         "reconcile: must be a map, got null; leave the key out for its default"},
        {"{" HEAD ", 'metadata': {'labels': {}}}", "metadata.labels: unknown key; known are name, revision"},
        {"{" HEAD ", 'policies': []}", "policies: must be a map, got list"},
        {"{" HEAD ", 'policies': {'': {}}}", "policies[\"\"]: a policy's name must not be empty"},
        {POLICY("null"), "policies.region-limits: is empty; write {} to use its defaults"},
        {POLICY("'deny'"), "policies.region-limits: must be a map or a list of maps, got string"},
        {POLICY("[]"), "policies.region-limits: must hold at least one setting"},
        {POLICY("['deny']"), "policies.region-limits[0]: must be a map, got string"},
        {POLICY("[{'mode': 'deny'}, {'mode': 'warn'}]"),
         "policies.region-limits[1]: is never reached: the one before it has no when"},
        {POLICY("[{'when': {'namespaces': []}}, {'mode': 'warn'}]"),
         "policies.region-limits[1]: is never reached: the one before it has no when"},
        {POLICY("{'modes': 'deny'}"), "policies.region-limits.modes: unknown key; did you mean mode?"},
        {POLICY("{'mode': 'block'}"),
         "policies.region-limits.mode: must be one of off, audit, warn, deny, got \"block\""},
        {POLICY("{'mode': 'dent'}"),
         "policies.region-limits.mode: must be one of off, audit, warn, deny, got "
         "\"dent\"; did you mean deny?"},
        {POLICY("{'mode': true}"),
         "policies.region-limits.mode: must be one of off, audit, warn, deny, got boolean"},
        {POLICY("{'mode': 5}"),
         "policies.region-limits.mode: must be one of off, audit, warn, deny, got integer"},
        {POLICY("{'mode': null}"),
         "policies.region-limits.mode: must be one of off, audit, warn, deny, got null; "
         "leave the key out for its default"},
        {POLICY("{'mode': {'admission': 'deny', 'check': 'warn'}}"),
         "policies.region-limits.mode: reconcile is missing: name admission, check and reconcile, or one "
         "mode for "
         "all"},
        {POLICY("{'mode': {'admision': 'deny'}}"),
         "policies.region-limits.mode.admision: unknown key; did you mean admission?"},
        {POLICY("{'mode': {'admission': 'x', 'check': 'warn', 'reconcile': 'deny'}}"),
         "policies.region-limits.mode.admission: must be one of off, audit, warn, deny, got \"x\""},
        {POLICY("{'on_error': 'ignore'}"),
         "policies.region-limits.on_error: must be one of deny, allow, got \"ignore\""},
        {POLICY("{'existing': 'warn'}"),
         "policies.region-limits.existing: must be one of allow, deny, got \"warn\""},
        {POLICY("{'when': []}"), "policies.region-limits.when: must be a map, got list"},
        {POLICY("{'when': {'namespace': ['a']}}"),
         "policies.region-limits.when.namespace: unknown key; did you mean namespaces?"},
        {POLICY("{'when': {'namespaces': 'prod'}}"),
         "policies.region-limits.when.namespaces: must be a list of strings, got string"},
        {POLICY("{'when': {'namespaces': ['a', 5]}}"),
         "policies.region-limits.when.namespaces[1]: must be a string, got integer; put it in quotes"},
        {POLICY("{'when': {'exclude_namespaces': ['']}}"),
         "policies.region-limits.when.exclude_namespaces[0]: must not be empty"},
        {POLICY("{'when': {'labels': ['a']}}"),
         "policies.region-limits.when.labels: must be a map, got list"},
        {POLICY("{'when': {'labels': {'a.b/c': true}}}"),
         "policies.region-limits.when.labels[\"a.b/c\"]: must be a string, got boolean; put it in quotes"},
        {POLICY("{'params': ['a']}"), "policies.region-limits.params: must be a map, got list"},
        {"{" HEAD ", 'exceptions': {}}", "exceptions: must be a list, got map"},
        {"{" HEAD ", 'exceptions': ['a']}", "exceptions[0]: must be a map, got string"},
        {EXCEPTION("'policy': 'p'"), "exceptions[0].name: is required"},
        {EXCEPTION("'name': 'a'"), "exceptions[0].policy: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p'"), "exceptions[0].object: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p', 'object': {'kind': 'Cluster'}"),
         "exceptions[0].object.name: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p', 'object': {'nam': 'x'}"),
         "exceptions[0].object.nam: unknown key; did you mean name?"},
        {EXCEPTION("'name': 'a', 'policy': 'p', 'object': 'x'"),
         "exceptions[0].object: must be a map, got string"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT), "exceptions[0].owner: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", 'owner': 'x'"),
         "exceptions[0].reason: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", 'owner': 'x', 'reason': ' a\\nb'"),
         "exceptions[0].reason: must be one line without control characters"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE), "exceptions[0].expires: is required"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': 20261231"),
         "exceptions[0].expires: must be a string, got integer; put it in quotes"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': 'never'"),
         "exceptions[0].expires: must be a date (2026-12-31) or a time in UTC (2026-12-31T18:00:00Z)"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE
                   ", 'expires': '2026-12-31T18:00:00+01:00'"),
         "exceptions[0].expires: must be in UTC and end with Z"},
        {EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': '2026-12-31', 'x': 1"),
         "exceptions[0].x: unknown key; known are name, policy, object, owner, reason, expires"},
        {"{" HEAD ", 'exceptions': ["
         "{'name': 'b', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': '2026-12-31'},"
         "{'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': '2026-12-31'},"
         "{'name': 'b', 'policy': 'q', " OBJECT ", " PEOPLE ", 'expires': '2026-12-31'}]}",
         "exceptions[2].name: is the name of an exception above too"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].json);
        struct configuration *configuration = NULL;
        struct error error = {0};
        expect_true(cases[i].json, !configuration_read(document, "fleet.yaml", &configuration, &error),
                    "refused");
        expect_true(cases[i].json, configuration == NULL, "the output is untouched");
        char expected[600];
        snprintf(expected, sizeof(expected), "fleet.yaml: %s", cases[i].message);
        expect_error(cases[i].json, &error, ERROR_INVALID, expected);
    }
}

static void test_policies(void **unused) {
    (void)unused;
    CLEANUP(document_free)
    struct document *document = document_of(
        "{" HEAD ", 'policies': {"
        "'a': {},"
        "'b': {'mode': 'warn', 'on_error': 'allow', 'existing': 'deny', 'params': {'allowed': ['x']}},"
        "'c': {'mode': {'admission': 'deny', 'check': 'warn', 'reconcile': 'audit'}},"
        "'d': {'mode': false},"
        "'e': [{'when': {'namespaces': ['prod-*'], 'exclude_namespaces': ['prod-x'], 'labels': {'env': "
        "'p*'}}},"
        "      {'mode': 'off'}]}}");
    CLEANUP(configuration_free) struct configuration *configuration = read_good(document);
    expect_integer("policies", (int64_t)configuration_policy_count(configuration), 5);
    expect_text("in the order written", configuration_policy(configuration, 2)->policy, "c");
    expect_true("past the end", configuration_policy(configuration, 5) == NULL, "NULL");
    expect_true("not there", configuration_find(configuration, "x") == NULL, "NULL");

    const struct policy_setting *setting = configuration_find(configuration, "a")->settings;
    expect_true("defaults", !setting->has_mode && setting->on_error_denies && !setting->existing_denies,
                "hold");
    expect_true("defaults", !setting->params && !setting->scope.labels, "empty");

    setting = configuration_find(configuration, "b")->settings;
    expect_true("b", setting->has_mode && !setting->on_error_denies && setting->existing_denies,
                "as written");
    for (size_t door = 0; door < DOOR_COUNT; door++) {
        expect_integer("one mode for all", setting->modes[door], MODE_WARN);
    }
    expect_true("params", node_is(node_get(setting->params, "allowed"), NODE_LIST), "kept");

    setting = configuration_find(configuration, "c")->settings;
    expect_integer("admission", setting->modes[DOOR_ADMISSION], MODE_DENY);
    expect_integer("check", setting->modes[DOOR_CHECK], MODE_WARN);
    expect_integer("reconcile", setting->modes[DOOR_RECONCILE], MODE_AUDIT);
    expect_integer("off, as YAML 1.1 reads it", configuration_find(configuration, "d")->settings->modes[0],
                   MODE_OFF);

    const struct policy_settings *list = configuration_find(configuration, "e");
    expect_integer("settings", (int64_t)list->count, 2);
    expect_integer("namespaces", (int64_t)list->settings[0].scope.namespace_count, 1);
    expect_text("excluded", list->settings[0].scope.excluded_namespaces[0], "prod-x");
    expect_true("labels", node_get(list->settings[0].scope.labels, "env") != NULL, "kept");
    expect_integer("second", list->settings[1].modes[DOOR_ADMISSION], MODE_OFF);
}

static void test_scope(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        const char *when;
        const char *namespace;
        const char *labels; // of the object; NULL: none
        const char *cluster_labels;
        bool matches;
    } cases[] = {
        {"empty", "{}", "prod", NULL, NULL, true},
        {"empty lists", "{'namespaces': [], 'exclude_namespaces': [], 'labels': {}}", "prod", NULL, NULL,
         true},
        {"namespace", "{'namespaces': ['dev', 'prod-*']}", "prod-1", NULL, NULL, true},
        {"another namespace", "{'namespaces': ['dev', 'prod-*']}", "test", NULL, NULL, false},
        {"excluded", "{'exclude_namespaces': ['kube-*']}", "kube-system", NULL, NULL, false},
        {"excluding wins", "{'namespaces': ['*'], 'exclude_namespaces': ['a']}", "a", NULL, NULL, false},
        {"cluster-scoped", "{'namespaces': ['prod']}", "", NULL, NULL, false},
        {"cluster-scoped and a star", "{'namespaces': ['*']}", "", NULL, NULL, true},
        {"label", "{'labels': {'env': 'prod*'}}", "a", "{'env': 'production'}", NULL, true},
        {"another value", "{'labels': {'env': 'prod*'}}", "a", "{'env': 'dev'}", NULL, false},
        {"no such label", "{'labels': {'env': '*'}}", "a", "{'x': 'dev'}", NULL, false},
        {"no labels", "{'labels': {'env': '*'}}", "a", NULL, NULL, false},
        {"label of the cluster", "{'labels': {'env': 'prod'}}", "a", NULL, "{'env': 'prod'}", true},
        {"the object's own comes first", "{'labels': {'env': 'prod'}}", "a", "{'env': 'dev'}",
         "{'env': 'prod'}", false},
        {"all labels", "{'labels': {'a': '1', 'b': '2'}}", "a", "{'a': '1'}", "{'b': '2'}", true},
        {"one label is missing", "{'labels': {'a': '1', 'b': '2'}}", "a", "{'a': '1'}", NULL, false},
        {"a value that is no text", "{'labels': {'a': '*'}}", "a", "{'a': 1}", NULL, false},
        {"a key with a slash", "{'labels': {'a.b/c': 'x'}}", "a", "{'a.b/c': 'x'}", NULL, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[500];
        snprintf(json, sizeof(json), POLICY("{'when': %s}"), cases[i].when);
        CLEANUP(document_free) struct document *document = document_of(json);
        CLEANUP(document_free)
        struct document *labels = document_of(cases[i].labels ? cases[i].labels : "null");
        CLEANUP(document_free)
        struct document *cluster = document_of(cases[i].cluster_labels ? cases[i].cluster_labels : "null");
        CLEANUP(configuration_free) struct configuration *configuration = read_good(document);
        const struct scope *scope = &configuration_policy(configuration, 0)->settings[0].scope;
        bool matches =
            scope_matches(scope, cases[i].namespace, cases[i].labels ? document_root(labels) : NULL,
                          cases[i].cluster_labels ? document_root(cluster) : NULL);
        expect_true(cases[i].name, matches == cases[i].matches,
                    cases[i].matches ? "matches" : "does not match");
    }
}

static void test_expiry(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        int64_t expires; // -1: refused
    } cases[] = {
        {"1970-01-01", 86400},
        {"1970-01-01T00:00:00Z", 0},
        {"2026-12-31", 1798761600},
        {"2026-12-31T18:00:00Z", 1798740000},
        {"2026-12-31T18:00:00.999Z", 1798740000},
        {"2024-02-29", 1709251200},
        {"2000-02-29", 951868800},
        {"9999-12-31", 253402300800},
        {"2025-02-29", -1},
        {"2100-02-29", -1},
        {"1969-12-31", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-12-00", -1},
        {"2026-12-32", -1},
        {"2026-04-31", -1},
        {"2026-1-1", -1},
        {"26-01-01", -1},
        {"2026-12-31 ", -1},
        {"2026-12-31Z", -1},
        {"2026-12-31T", -1},
        {"2026-12-31 18:00:00Z", -1},
        {"2026-12-31t18:00:00z", -1},
        {"2026-12-31T18:00Z", -1},
        {"2026-12-31T24:00:00Z", -1},
        {"2026-12-31T23:60:00Z", -1},
        {"2026-12-31T23:59:60Z", -1},
        {"2026-12-31T18:00:00", -1},
        {"2026-12-31T18:00:00.Z", -1},
        {"2026-12-31T18:00:00+00:00", -1},
        {"2026-12-31T18:00:00-07:00", -1},
        {"+026-12-31", -1},
        {"${EXPIRES}", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[500];
        snprintf(json, sizeof(json),
                 EXCEPTION("'name': 'a', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': '%s'"),
                 cases[i].text);
        CLEANUP(document_free) struct document *document = document_of(json);
        struct configuration *configuration = NULL;
        struct error error = {0};
        bool good = configuration_read(document, "fleet.yaml", &configuration, &error);
        expect_true(cases[i].text, good == (cases[i].expires >= 0), good ? "refused" : error.message);
        if (good) {
            expect_integer(cases[i].text, configuration_exception(configuration, 0)->expires,
                           cases[i].expires);
        }
        configuration_free(configuration);
    }
}

static const struct object_key reviewed = {"cluster.x-k8s.io", "MachineDeployment", "prod", "eu-7-md-0"};
static const struct object_key pointed = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "eu-7"};

static void test_exceptions(void **unused) {
    (void)unused;
    enum { EXPIRES = 1798761600 };
    static const struct {
        const char *name;
        const char *object;
        const char *policy; // of the violation
        int64_t now;
        bool covers;
    } cases[] = {
        {"the reviewed object", "{'kind': 'MachineDeployment', 'namespace': 'prod', 'name': 'eu-7-*'}", "p",
         0, true},
        {"another policy", "{'name': '*'}", "q", 0, false},
        {"policies are no globs", "{'name': '*'}", "p*", 0, false},
        {"the last second", "{'name': '*'}", "p", EXPIRES - 1, true},
        {"expired", "{'name': '*'}", "p", EXPIRES, false},
        {"another kind", "{'kind': 'Cluster', 'name': '*'}", "p", 0, false},
        {"another namespace", "{'namespace': 'dev', 'name': '*'}", "p", 0, false},
        {"another name", "{'name': 'eu-8-*'}", "p", 0, false},
        {"any kind and namespace", "{'name': 'eu-7-md-0'}", "p", 0, true},
        {"the object that it points at", "{'kind': 'AWSCluster', 'name': 'eu-7'}", "p", 0, true},
        {"half of each object", "{'kind': 'AWSCluster', 'name': 'eu-7-md-0'}", "p", 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[500];
        snprintf(json, sizeof(json),
                 EXCEPTION("'name': 'a', 'policy': 'p', 'object': %s, " PEOPLE ", 'expires': '2026-12-31'"),
                 cases[i].object);
        CLEANUP(document_free) struct document *document = document_of(json);
        CLEANUP(configuration_free) struct configuration *configuration = read_good(document);
        expect_integer(cases[i].name, (int64_t)configuration_exception_count(configuration), 1);
        struct violation violation = {.policy = cases[i].policy, .origin.object = pointed};
        bool covers =
            exception_covers(configuration_exception(configuration, 0), &violation, &reviewed, cases[i].now);
        expect_true(cases[i].name, covers == cases[i].covers, cases[i].covers ? "covers" : "does not cover");
        violation.origin = (struct origin){0}; // nothing to point at
        (void)exception_covers(configuration_exception(configuration, 0), &violation, &reviewed,
                               cases[i].now);
    }
}

static void add_text(struct document_builder *builder, const char *key, const char *text, uint32_t line) {
    struct error error = {0};
    struct node node = {.type = NODE_STRING, .value.string = text, .length = (uint32_t)strlen(text)};
    document_builder_key(builder, key, (uint32_t)strlen(key));
    assert_true(document_builder_add(builder, &node, &error));
    struct node_position position = {
        .line = line, .column = (uint32_t)strlen(key) + 3, .key_line = line, .key_column = 1};
    document_builder_mark(builder, &position);
}

static void test_positions(void **unused) {
    (void)unused;
    static const struct {
        const char *key;
        const char *text;
        const char *message;
    } cases[] = {
        {"polices", "x", "fleet.yaml:3:1: polices: unknown key; did you mean policies?"},
        {"policies", "x", "fleet.yaml:3:11: policies: must be a map, got string"},
        {"exceptions", "x", "fleet.yaml:3:13: exceptions: must be a list, got string"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        struct document_builder *builder = document_builder_new(&document_default_limits, true);
        assert_true(document_builder_open(builder, NODE_MAP, &error));
        document_builder_mark(builder, &(struct node_position){.line = 1, .column = 1});
        add_text(builder, "apiVersion", "fleetgate.dev/v1alpha1", 1);
        add_text(builder, "kind", "Configuration", 2);
        add_text(builder, cases[i].key, cases[i].text, 3);
        assert_true(document_builder_close(builder, NULL, &error));
        CLEANUP(document_free) struct document *document = document_builder_finish(builder);
        struct configuration *configuration = NULL;
        assert_false(configuration_read(document, "fleet.yaml", &configuration, &error));
        expect_text(cases[i].key, error.message, cases[i].message);
    }
}

// A long list of exceptions, all names but one different.
static void test_many(void **unused) {
    (void)unused;
    enum { COUNT = 5000 };
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, (size_t)4 << 20);
    buffer_append_text(&json, "{" HEAD ", 'exceptions': [");
    for (int i = 0; i < COUNT; i++) {
        buffer_printf(&json,
                      "%s{'name': 'e%d', 'policy': 'p', " OBJECT ", " PEOPLE ", 'expires': '2026-12-31'}",
                      i ? "," : "", i == COUNT - 1 ? 7 : i);
    }
    buffer_append_text(&json, "]}");
    CLEANUP(document_free) struct document *document = document_of(json.data);
    struct configuration *configuration = NULL;
    struct error error = {0};
    assert_false(configuration_read(document, "fleet.yaml", &configuration, &error));
    expect_text("duplicate", error.message,
                "fleet.yaml: exceptions[4999].name: is the name of an exception above too");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors), cmocka_unit_test(test_policies),   cmocka_unit_test(test_scope),
        cmocka_unit_test(test_expiry), cmocka_unit_test(test_exceptions), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
