// What policies see, what they say, and what becomes of it.
#include "tests/engine/engine_fixture.h"

#include "base/field_path.h"

#include <stdio.h>

static const char rich[] =
    "{'kind':'Thing','metadata':{'name':'a','namespace':'prod','annotations':{'a.b/c':'x','empty':''}},"
    "'spec':{'size':3,'ratio':1.5,'on':true,'nothing':null,'emptyList':[],'emptyMap':{},"
    "'workers':[{'replicas':1},{'replicas':22}],'at':'field'}}";

// Each body must report nothing; a failed assert is a fault.
static const struct {
    const char *name;
    const char *body;
} readings[] = {
    {"scalars", "local s = change.object.spec assert(s.size == 3 and s.ratio == 1.5 and s.on == true)"},
    {"integers stay integers", "assert(math.type(change.object.spec.size) == 'integer')"},
    {"missing", "assert(change.object.spec.missing == nil)"},
    {"null is a value", "assert(change.object.spec.nothing == null and change.object.spec.nothing ~= nil)"},
    {"null, empty list and empty map differ",
     "local s = change.object.spec assert(object.kind_of(s.nothing) == 'null' and "
     "object.kind_of(s.emptyList) == 'list' "
     "and object.kind_of(s.emptyMap) == 'map' and object.kind_of(s.missing) == 'nothing')"},
    {"empty list is not nil",
     "assert(change.object.spec.emptyList ~= nil and #change.object.spec.emptyList == 0)"},
    {"at", "assert(change.object:at('spec.workers[1].replicas') == 22)"},
    {"at of a missing field", "assert(change.object:at('spec.workers[7].replicas') == nil)"},
    {"at through a scalar", "assert(change.object:at('spec.size.x.y') == nil)"},
    {"at with a quoted key", "assert(change.object:at('metadata.annotations[\"a.b/c\"]') == 'x')"},
    {"object.at where a field is named at", "assert(object.at(change.object, 'spec.at') == 'field')"},
    {"lists from 1",
     "assert(#change.object.spec.workers == 2 and change.object.spec.workers[1].replicas == 1)"},
    {"ipairs", "local n = 0 for i, w in ipairs(change.object.spec.workers) do n = n + w.replicas * i end "
               "assert(n == 45)"},
    {"pairs in order",
     "local t = {} for k in pairs(change.object.spec) do t[#t + 1] = k end "
     "assert(table.concat(t, ' ') == 'size ratio on nothing emptyList emptyMap workers at')"},
    {"pairs of a plain table is sorted", "local t, out = { z = 1, a = 2, m = 3 }, '' for k, v in pairs(t) do "
                                         "out = out .. k .. v end assert(out == 'a2m3z1')"},
    {"keys", "assert(#object.keys(change.object.metadata) == 3)"},
    {"equal values", "assert(change.object.spec.workers[1] ~= change.object.spec.workers[2] and "
                     "change.object == change.object)"},
    {"identity",
     "assert(change.kind == 'Thing' and change.group == 'example.org' and change.namespace == 'prod' and "
     "change.name == 'a' and change.operation == 'CREATE' and change.subresource == '' and change.version == "
     "'v1')"},
    {"user", "assert(change.user.name == 'alice' and #change.user.groups == 0)"},
    {"no cluster", "assert(change.before == nil and change.after == nil)"},
    {"no old object", "assert(change.old_object == nil and change.options == nil and not change.dry_run)"},
    {"door", "assert(change.door == 'admission')"},
    {"tostring shows no address", "assert(tostring({}) == 'table' and string.format('%s', {}) == 'table')"},
    {"a default", "assert(params.limit == 7)"},
    {"sort and concat", "local t = { 'b', 'a' } table.sort(t) assert(table.concat(t) == 'ab')"},
    {"libraries", "assert(text.glob('eu-*', 'eu-west-1') and cidr.contains('10.0.0.0/8', '10.1.0.0/16'))"},
};

static void policies_read_objects(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        char policy[2048];
        snprintf(policy, sizeof(policy),
                 POLICY_HEAD "params = { limit = { type = 'integer', default = 7, description = 'x' } },\n"
                             "validate = function(change, params, report) %s end }",
                 readings[i].body);
        struct fixture fixture = {0};
        fixture_load(&fixture, policy, NULL);
        const struct decision *decision = fixture_evaluate(&fixture, rich, NULL);
        const char *fault = decision->results[0].fault_message;
        expect_text(readings[i].name, fault ? fault : "", "");
        expect_true(readings[i].name, decision->allowed, "allowed");
        fixture_clear(&fixture);
    }
}

static const char size_limit[] = VALIDATE(
    "local size = (change.object or change.old_object).spec.size\n"
    "if change.operation ~= 'DELETE' and size > 5 then\n"
    "  report.deny { at = 'spec.size', message = 'size ' .. size .. ' is over 5', excess = size - 5 } end");

static const struct {
    const char *name;
    const char *configuration; // of the policy, in YAML's JSON form; NULL: none
    const char *object, *old;
    bool allowed;
    size_t violations;
    const char *path;
} verdicts[] = {
    {"fine", NULL, "{'kind':'Thing','spec':{'size':3}}", NULL, true, 0, NULL},
    {"over", NULL, "{'kind':'Thing','spec':{'size':9}}", NULL, false, 1, "spec.size"},
    {"another kind", NULL, "{'kind':'Other','spec':{'size':9}}", NULL, true, 0, NULL},
    {"newly broken", NULL, "{'kind':'Thing','spec':{'size':9}}", "{'kind':'Thing','spec':{'size':3}}", false,
     1, "spec.size"},
    {"made worse", NULL, "{'kind':'Thing','spec':{'size':9}}", "{'kind':'Thing','spec':{'size':8}}", false, 1,
     "spec.size"},
    {"not made worse", NULL, "{'kind':'Thing','spec':{'size':9},'metadata':{'labels':{'a':'b'}}}",
     "{'kind':'Thing','spec':{'size':9}}", true, 1, "spec.size"},
    {"made better", NULL, "{'kind':'Thing','spec':{'size':7}}", "{'kind':'Thing','spec':{'size':9}}", true, 1,
     "spec.size"},
    {"existing: deny", "{'existing':'deny'}", "{'kind':'Thing','spec':{'size':7}}",
     "{'kind':'Thing','spec':{'size':9}}", false, 1, "spec.size"},
    {"delete", NULL, NULL, "{'kind':'Thing','spec':{'size':9}}", true, 0, NULL},
    {"finalizer of a deleting object", NULL, "{'kind':'Thing','spec':{'size':9}}",
     "{'kind':'Thing','metadata':{'deletionTimestamp':'2026-01-01T00:00:00Z'},'spec':{'size':3}}", true, 0,
     NULL},
    {"off", "{'mode':'off'}", "{'kind':'Thing','spec':{'size':9}}", NULL, true, 0, NULL},
    {"warn", "{'mode':'warn'}", "{'kind':'Thing','spec':{'size':9}}", NULL, true, 1, "spec.size"},
    {"audit", "{'mode':'audit'}", "{'kind':'Thing','spec':{'size':9}}", NULL, true, 1, "spec.size"},
    {"per door", "{'mode':{'admission':'warn','check':'deny','reconcile':'deny'}}",
     "{'kind':'Thing','spec':{'size':9}}", NULL, true, 1, "spec.size"},
    {"scope holds", "[{'when':{'namespaces':['prod-*']}}]",
     "{'kind':'Thing','metadata':{'namespace':'prod-1'},'spec':{'size':9}}", NULL, false, 1, "spec.size"},
    {"scope does not hold", "[{'when':{'namespaces':['prod-*']}}]",
     "{'kind':'Thing','metadata':{'namespace':'dev'},'spec':{'size':9}}", NULL, true, 0, NULL},
    {"first scope that holds", "[{'when':{'labels':{'tier':'test*'}},'mode':'off'},{}]",
     "{'kind':'Thing','metadata':{'labels':{'tier':'testing'}},'spec':{'size':9}}", NULL, true, 0, NULL},
};

static void modes_scopes_and_the_past_decide(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        char configuration[512];
        snprintf(configuration, sizeof(configuration),
                 "{'apiVersion':'fleetgate.dev/v1alpha1','kind':'Configuration','policies':{'test':%s}}",
                 verdicts[i].configuration ? verdicts[i].configuration : "{}");
        struct fixture fixture = {0};
        fixture_load(&fixture, size_limit, configuration);
        const struct decision *decision = fixture_evaluate(&fixture, verdicts[i].object, verdicts[i].old);
        expect_integer(verdicts[i].name, decision->allowed, verdicts[i].allowed);
        expect_integer(verdicts[i].name, (int64_t)decision->violation_count, (int64_t)verdicts[i].violations);
        if (verdicts[i].path) {
            expect_text(verdicts[i].name, decision->violations[0].origin.path, verdicts[i].path);
        }
        fixture_clear(&fixture);
    }
}

static void exceptions_excuse_until_they_expire(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(
        &fixture, size_limit,
        "{'apiVersion':'fleetgate.dev/"
        "v1alpha1','kind':'Configuration','exceptions':[{'name':'big-a','policy':'test',"
        "'object':{'kind':'Thing','namespace':'prod','name':'a*'},'owner':'team-a','reason':'moving',"
        "'expires':'2026-12-31'}]}");
    static const struct {
        const char *name;
        const char *object;
        int64_t now;
        bool allowed;
    } cases[] = {
        {"before", "{'kind':'Thing','metadata':{'name':'a1','namespace':'prod'},'spec':{'size':9}}",
         1700000000, true},
        {"after", "{'kind':'Thing','metadata':{'name':'a1','namespace':'prod'},'spec':{'size':9}}",
         1900000000, false},
        {"another", "{'kind':'Thing','metadata':{'name':'b1','namespace':'prod'},'spec':{'size':9}}",
         1700000000, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture.review.now = cases[i].now;
        expect_integer(cases[i].name, fixture_evaluate(&fixture, cases[i].object, NULL)->allowed,
                       cases[i].allowed);
    }
    fixture_clear(&fixture);
}

static void unknown_values_are_never_a_pass(void **state) {
    (void)state;
    static const struct {
        const char *name, *body;
        size_t violations;
    } cases[] = {
        {"compared",
         "if change.object.spec.region ~= 'eu' then report.deny { at = 'spec.region', message = 'no' } end",
         0},
        {"compared and passed",
         "if change.object.spec.region == 'us' then report.deny { message = 'no' } end", 0},
        {"used", "local x = 'in ' .. change.object.spec.region report.deny { message = x }", 0},
        {"given to a library",
         "if not text.glob('eu-*', change.object.spec.region) then report.deny { message = 'no' } end", 0},
        {"kept what was said before",
         "report.deny { message = 'first' } local x = change.object.spec.region < 'a'", 1},
        {"formatted", "report.deny { message = ('%s'):format(change.object.spec.region) }", 0},
        {"indexed", "local x = change.object.spec.region.zone", 0},
        {"guarded", "if known(change.object.spec.region) then report.deny { message = 'no' } end", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char policy[1024];
        snprintf(policy, sizeof(policy), VALIDATE("%s"), cases[i].body);
        struct fixture fixture = {0};
        fixture_load(&fixture, policy, NULL);
        fixture_review(&fixture, "{'kind':'Thing','spec':{'region':'${REGION}'}}", NULL);
        // What the YAML loader does with an unresolved variable.
        struct node *region =
            (struct node *)(uintptr_t)node_get(node_get(fixture.review.change.object, "spec"), "region");
        region->unknown = true;
        engine_evaluate(fixture.set, &fixture.review, &fixture.decision);
        const struct decision *decision = &fixture.decision;
        expect_text(cases[i].name, policy_fault_name(decision->results[0].fault), "none");
        expect_integer(cases[i].name, (int64_t)decision->violation_count, (int64_t)cases[i].violations);
        expect_integer(cases[i].name, (int64_t)decision->unknown_count, 1);
        expect_text(cases[i].name, decision->unknowns[0].origin.path, "spec.region");
        expect_text(cases[i].name, decision->unknowns[0].why, "${REGION} is not resolved");
        expect_text(cases[i].name, policy_outcome_name(decision->results[0].outcome),
                    cases[i].violations ? "violated" : "unknown");
        fixture_clear(&fixture);
    }
}

static void matchers_choose_reviews(void **state) {
    (void)state;
    static const struct {
        const char *name, *matcher;
        bool matches;
    } cases[] = {
        {"kind", "kind = 'Thing'", true},
        {"kind glob", "kind = 'Th*'", true},
        {"group", "group = 'example.org', kind = 'Thing'", true},
        {"other group", "group = 'other.org', kind = 'Thing'", false},
        {"operation", "kind = 'Thing', operations = { 'CREATE' }", true},
        {"other operation", "kind = 'Thing', operations = { 'DELETE', 'UPDATE' }", false},
        {"namespace", "kind = 'Thing', namespaces = { 'pr*' }", true},
        {"other namespace", "kind = 'Thing', namespaces = { 'dev' }", false},
        {"label", "kind = 'Thing', labels = { tier = 'go*' }", true},
        {"other label", "kind = 'Thing', labels = { tier = 'silver' }", false},
        {"missing label", "kind = 'Thing', labels = { owner = '*' }", false},
        {"user", "kind = 'Thing', users = { 'ali*' }", true},
        {"other user", "kind = 'Thing', users = { 'bob' }", false},
        {"group of the user", "kind = 'Thing', groups = { 'team-*' }", true},
        {"other group of the user", "kind = 'Thing', groups = { 'admins' }", false},
        {"subresource", "kind = 'Thing', subresource = 'scale'", false},
        {"any subresource", "kind = 'Thing', subresource = '*'", true},
    };
    static const char *const groups[] = {"team-a"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char policy[1024];
        snprintf(policy, sizeof(policy),
                 "return policy { name = 'test', title = 'x', severity = 'low', category = 'x', match = { "
                 "objects = { { %s } } },"
                 " validate = function() end }",
                 cases[i].matcher);
        struct fixture fixture = {.review = {.groups = groups, .group_count = 1}};
        fixture_load(&fixture, policy, NULL);
        const struct decision *decision = fixture_evaluate(
            &fixture, "{'kind':'Thing','metadata':{'namespace':'prod','labels':{'tier':'gold'}}}", NULL);
        expect_integer(cases[i].name, (int64_t)decision->result_count, cases[i].matches);
        fixture_clear(&fixture);
    }
}

static const struct {
    const char *name;
    const char *body; // of mutate
    const char *object, *old;
    const char *patch;        // "op path value" lines
    const char *path, *value; // after the patch: text at path
} mutations[] = {
    {"add", "patch.default('spec.region', 'eu')", "{'kind':'Thing','spec':{}}", NULL,
     "add /spec/region \"eu\"\n", "spec.region", "eu"},
    {"present", "patch.default('spec.region', 'eu')", "{'kind':'Thing','spec':{'region':'us'}}", NULL, "",
     "spec.region", "us"},
    {"parents", "patch.default('metadata.labels[\"a.b/c\"]', 'x')", "{'kind':'Thing','spec':{}}", NULL,
     "add /metadata {}\nadd /metadata/labels {}\nadd /metadata/labels/a.b~1c \"x\"\n",
     "metadata.labels[\"a.b/c\"]", "x"},
    {"two in one parent", "patch.default('metadata.labels.a', 'x') patch.default('metadata.labels.b', 'y')",
     "{'kind':'Thing','metadata':{}}", NULL,
     "add /metadata/labels {}\nadd /metadata/labels/a \"x\"\nadd /metadata/labels/b \"y\"\n",
     "metadata.labels.b", "y"},
    {"null counts as missing", "patch.default('spec.region', 'eu')",
     "{'kind':'Thing','spec':{'region':null}}", NULL, "replace /spec/region \"eu\"\n", "spec.region", "eu"},
    {"the old value wins", "patch.default('spec.region', 'eu')", "{'kind':'Thing','spec':{}}",
     "{'kind':'Thing','spec':{'region':'us'}}", "add /spec/region \"us\"\n", "spec.region", "us"},
    {"set", "patch.set('spec.version', 'v' .. change.object.spec.version)",
     "{'kind':'Thing','spec':{'version':'1.2'}}", NULL, "replace /spec/version \"v1.2\"\n", "spec.version",
     "v1.2"},
    {"set to the same", "patch.set('spec.version', '1.2')", "{'kind':'Thing','spec':{'version':'1.2'}}", NULL,
     "", "spec.version", "1.2"},
    {"a parent of another type", "patch.default('spec.region.name', 'eu')",
     "{'kind':'Thing','spec':{'region':'us'}}", NULL, "", "spec.region", "us"},
    {"in a list", "patch.default('spec.pools[1].size', 'x')", "{'kind':'Thing','spec':{'pools':[{},{}]}}",
     NULL, "add /spec/pools/1/size \"x\"\n", "spec.pools[1].size", "x"},
    {"whole values", "patch.default('spec.tags', { b = { 1, 2.5, true, null }, a = empty_list })",
     "{'kind':'Thing','spec':{}}", NULL, "add /spec/tags {\"a\":[],\"b\":[1,2.5,true,null]}\n", NULL, NULL},
    {"a fault takes all back", "patch.default('spec.a', 'x') error('stop')", "{'kind':'Thing','spec':{}}",
     NULL, "", NULL, NULL},
    {"the first wins", "patch.default('spec.a', 'x') patch.default('spec.a', 'y')",
     "{'kind':'Thing','spec':{}}", NULL, "add /spec/a \"x\"\n", "spec.a", "x"},
};

static void mutate_makes_minimal_patches(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
        const char *name = mutations[i].name;
        char policy[1024];
        snprintf(policy, sizeof(policy), POLICY_HEAD "mutate = function(change, params, patch) %s end }",
                 mutations[i].body);
        struct fixture fixture = {0};
        fixture_load(&fixture, policy, NULL);
        const struct decision *decision = fixture_mutate(&fixture, mutations[i].object, mutations[i].old);
        struct buffer lines;
        buffer_init(&lines, 4096);
        for (size_t n = 0; n < decision->patch_count; n++) {
            buffer_printf(&lines, "%s %s %s\n", decision->patch[n].replace ? "replace" : "add",
                          decision->patch[n].path, decision->patch[n].value);
        }
        expect_text(name, buffer_text(&lines), mutations[i].patch);
        buffer_clear(&lines);
        struct error error = {0};
        CLEANUP(document_free) struct document *patched = NULL;
        expect_true(
            name,
            engine_apply_patch(fixture.object, fixture.review.change.object, decision, &patched, &error),
            "the patch applies");
        if (mutations[i].path) {
            const struct node *node = NULL;
            expect_true(name, field_path_find(document_root(patched), mutations[i].path, &node, &error),
                        "a path");
            expect_text(name, node_string(node), mutations[i].value);
        }
        fixture_clear(&fixture);
    }
}

static void mutate_does_nothing_in_audit(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture,
                 POLICY_HEAD "mutate = function(change, params, patch) patch.default('spec.a', 1) end }",
                 "{'apiVersion':'fleetgate.dev/"
                 "v1alpha1','kind':'Configuration','policies':{'test':{'mode':'audit'}}}");
    const struct decision *decision = fixture_mutate(&fixture, "{'kind':'Thing','spec':{}}", NULL);
    expect_integer("patch", (int64_t)decision->patch_count, 0);
    fixture_clear(&fixture);
}

static void mutate_does_nothing_on_delete(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture,
                 POLICY_HEAD "mutate = function(change, params, patch) patch.default('spec.a', 1) end }",
                 NULL);
    const struct decision *decision = fixture_mutate(&fixture, NULL, "{'kind':'Thing','spec':{}}");
    expect_integer("patch", (int64_t)decision->patch_count, 0);
    expect_true("delete", decision->allowed, "allowed");
    fixture_clear(&fixture);
}

static const struct {
    const char *name;
    const char *match; // NULL: every Thing
    const char *body;  // of validate
    enum door door;
    size_t results; // policies that are listed
    bool read_user;
} knowing[] = {
    {"nothing of the user", NULL, "assert(change.kind == 'Thing')", DOOR_RECONCILE, 1, false},
    {"the user as a whole says nothing", NULL, "local user = change.user", DOOR_RECONCILE, 1, false},
    {"the name", NULL, "local name = change.user.name", DOOR_RECONCILE, 1, true},
    {"the groups", NULL, "for _, group in ipairs(change.user.groups) do end", DOOR_RECONCILE, 1, true},
    {"at admission too", NULL, "local name = change.user.name", DOOR_ADMISSION, 1, true},
    {"in a branch that is not taken", NULL, "if change.name == 'b' then local name = change.user.name end",
     DOOR_RECONCILE, 1, false},
    {"before a fault", NULL, "if change.user.name then error('x') end", DOOR_RECONCILE, 1, true},
    {"only of the state before", NULL,
     "if change.object.spec.a == 1 then local name = change.user.name end report.deny { message = 'm' }",
     DOOR_RECONCILE, 1, true},
    {"matched by name", "kind = 'Thing', users = { 'alice' }", "", DOOR_ADMISSION, 1, true},
    {"another name", "kind = 'Thing', users = { 'bob' }", "", DOOR_ADMISSION, 0, false},
    {"another name, where nobody is known", "kind = 'Thing', users = { 'bob' }",
     "report.deny { message = 'm' }", DOOR_RECONCILE, 1, true},
    {"another group, where nobody is known", "kind = 'Thing', groups = { 'ops' }",
     "report.deny { message = 'm' }", DOOR_RECONCILE, 1, true},
    {"another kind, where nobody is known", "kind = 'Other', users = { 'bob' }", "", DOOR_RECONCILE, 0,
     false},
    {"users, or any", "kind = 'Thing', users = { 'bob' } }, { kind = 'Thing'", "", DOOR_RECONCILE, 1, false},
};

// What the reconciler can't judge by itself: it is told which policies asked who makes the change.
static void results_tell_who_read_the_user(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(knowing) / sizeof(knowing[0]); i++) {
        char policy[1024];
        snprintf(policy, sizeof(policy),
                 "return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',\n"
                 "  match = { objects = { { %s } } },\n"
                 "  validate = function(change, params, report) %s end }\n",
                 knowing[i].match ? knowing[i].match : "kind = 'Thing'", knowing[i].body);
        struct fixture fixture = {0};
        fixture_load(&fixture, policy, NULL);
        fixture.review.door = knowing[i].door;
        fixture_review(&fixture, "{'kind':'Thing','metadata':{'name':'a'},'spec':{'a':2}}",
                       "{'kind':'Thing','metadata':{'name':'a'},'spec':{'a':1}}");
        fixture.review.user = knowing[i].door == DOOR_RECONCILE ? "" : "alice";
        engine_evaluate(fixture.set, &fixture.review, &fixture.decision);
        expect_integer(knowing[i].name, (int64_t)fixture.decision.result_count, (int64_t)knowing[i].results);
        for (size_t n = 0; n < fixture.decision.result_count; n++) {
            expect_true(knowing[i].name, fixture.decision.results[n].read_user == knowing[i].read_user,
                        knowing[i].read_user ? "read the user" : "did not read the user");
        }
        fixture_clear(&fixture);
    }
}

// A policy that names users is no verdict where nobody is known: nothing of it runs.
static void policies_for_users_are_not_run_without_one(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture,
                 "return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',\n"
                 "  match = { objects = { { kind = 'Thing', users = { 'bob' } } } },\n"
                 "  validate = function(change, params, report) report.deny { message = 'm' } end }\n",
                 NULL);
    fixture.review.door = DOOR_RECONCILE;
    const struct decision *decision = fixture_evaluate(&fixture, "{'kind':'Thing'}", NULL);
    expect_true("not run", decision->allowed && decision->violation_count == 0, "nothing is said");
    expect_text("not run", decision->results[0].policy, "test");
    fixture_clear(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_read_objects),
        cmocka_unit_test(modes_scopes_and_the_past_decide),
        cmocka_unit_test(exceptions_excuse_until_they_expire),
        cmocka_unit_test(unknown_values_are_never_a_pass),
        cmocka_unit_test(matchers_choose_reviews),
        cmocka_unit_test(results_tell_who_read_the_user),
        cmocka_unit_test(policies_for_users_are_not_run_without_one),
        cmocka_unit_test(mutate_makes_minimal_patches),
        cmocka_unit_test(mutate_does_nothing_on_delete),
        cmocka_unit_test(mutate_does_nothing_in_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
