#include "engine/params.h"
#include "tests/support/documents.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

// The schema that the Lua expression describes, or NULL and *error.
static struct param_schema *schema_of(lua_State *state, const char *expression, struct error *error) {
    lua_pushfstring(state, "return %s", expression);
    if (luaL_loadstring(state, lua_tostring(state, -1)) != LUA_OK || lua_pcall(state, 0, 1, 0) != LUA_OK) {
        fail_msg("%s: %s", expression, lua_tostring(state, -1));
    }
    int top = lua_gettop(state);
    struct param_schema *schema = NULL;
    bool good = param_schema_read(state, -1, &schema, error);
    expect_integer(expression, lua_gettop(state), top);
    expect_true(expression, good == (schema != NULL), "a schema or an error");
    lua_settop(state, 0);
    return schema;
}

static lua_State *new_state(void) {
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    // As engine/freeze.h leaves the tables of libraries behind.
    static const char frozen[] = "function frozen(t) return setmetatable({}, "
                                 "{__index = t, __len = function() return #t end, __metatable = false}) end";
    assert_int_equal(luaL_dostring(state, frozen), LUA_OK);
    return state;
}

static void test_schema_errors(void **unused) {
    (void)unused;
    static const struct {
        const char *schema;
        const char *message;
    } cases[] = {
        {"5", "params: must be a table, got number"},
        {"{'a'}", "params: parameter names are letters, digits and _; got number"},
        {"{['a-b'] = {type = 'string'}}", "params: parameter names are letters, digits and _; got a-b"},
        {"{['1a'] = {type = 'string'}}", "params: parameter names are letters, digits and _; got 1a"},
        {"{[''] = {type = 'string'}}", "params: parameter names are letters, digits and _; got "},
        {"{allowed = 'string'}", "params.allowed: must be a table, got string"},
        {"{allowed = {}}", "params.allowed: type is required"},
        {"{allowed = {typ = 'list'}}", "params.allowed.typ: unknown key; did you mean type?"},
        {"{allowed = {type = 'list', colour = 1}}", "params.allowed.colour: unknown key; known are type, "
                                                    "items, description, default, minimum, maximum, enum, "
                                                    "optional"},
        {"{allowed = {type = 'list', 5}}", "params.allowed: keys must be strings, got a number"},
        {"{allowed = {type = 'array'}}",
         "params.allowed.type: must be string, integer, number, boolean, list or map, got \"array\""},
        {"{allowed = {type = 5}}", "params.allowed.type: must be a string, got number"},
        {"{allowed = {type = 'list', items = 'list'}}",
         "params.allowed.items: must be string, integer, number or boolean, got \"list\""},
        {"{allowed = {type = 'string', items = 'string'}}",
         "params.allowed: items is for lists and maps only"},
        {"{allowed = {type = 'string', description = {}}}",
         "params.allowed.description: must be a string, got table"},
        {"{allowed = {type = 'string', description = '\\xFF'}}",
         "params.allowed.description: must be text in UTF-8"},
        {"{allowed = {type = 'string', optional = 1}}",
         "params.allowed.optional: must be a boolean, got number"},
        {"{allowed = {type = 'string', optional = true, default = 'a'}}",
         "params.allowed: has a default, so it can't be optional too"},
        {"{n = {type = 'integer', minimum = '1'}}", "params.n.minimum: must be a number, got string"},
        {"{n = {type = 'integer', minimum = 0/0}}", "params.n.minimum: must be a number, got number"},
        {"{n = {type = 'integer', minimum = 2, maximum = 1}}", "params.n: minimum is more than maximum"},
        {"{n = {type = 'boolean', maximum = 1}}", "params.n: a boolean has no minimum or maximum"},
        {"{n = {type = 'integer', enum = {'a'}}}", "params.n: enum is for strings only"},
        {"{n = {type = 'list', items = 'integer', enum = {'a'}}}", "params.n: enum is for strings only"},
        {"{n = {type = 'string', enum = 'a'}}", "params.n.enum: must be a list of strings, got string"},
        {"{n = {type = 'string', enum = {}}}", "params.n.enum: must hold 1 to 1000 strings"},
        {"{n = {type = 'string', enum = {'a', 1}}}", "params.n.enum[1]: must be a string, got number"},
        {"{n = {type = 'integer', default = 'a'}}", "params.n.default: must be an integer, got string"},
        {"{n = {type = 'integer', default = 1.5}}", "params.n.default: must be an integer, got number"},
        {"{n = {type = 'integer', default = 0, minimum = 1}}", "params.n.default: is 0, the least is 1"},
        {"{n = {type = 'number', default = 1/0}}", "params.n.default: must be a finite number"},
        {"{n = {type = 'string', default = 5}}",
         "params.n.default: must be a string, got integer; put it in quotes"},
        {"{n = {type = 'string', default = print}}", "params.n.default: must be a string, got function"},
        {"{n = {type = 'string', default = '\\xFF'}}", "params.n.default: must be text in UTF-8"},
        {"{n = {type = 'string', default = 'x', enum = {'a', 'b'}}}",
         "params.n.default: must be one of a, b, got \"x\""},
        {"{n = {type = 'list', default = 'a'}}", "params.n.default: must be a list, got string"},
        {"{n = {type = 'list', default = {'a', {}}}}", "params.n.default[1]: must be a string, got table"},
        {"{n = {type = 'list', default = {'a', 5}}}",
         "params.n.default[1]: must be a string, got integer; put it in quotes"},
        {"{n = {type = 'list', default = {'a'}, minimum = 2}}",
         "params.n.default: has 1 items, the least is 2"},
        {"{n = {type = 'map', default = {'a'}}}", "params.n.default: keys must be strings, got number"},
        {"{n = {type = 'map', items = 'integer', default = {a = 'b'}}}",
         "params.n.default.a: must be an integer, got string"},
        {"{n = {type = 'string', default = ('a'):rep(100000)}}", "params.n.default: is too long"},
        {"(function() local t = {} for i = 1, 300 do t['p' .. i] = {type = 'string'} end return t end)()",
         "params: more than 200 parameters"},
    };
    lua_State *state = new_state();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        struct param_schema *schema = schema_of(state, cases[i].schema, &error);
        expect_true(cases[i].schema, schema == NULL, "refused");
        expect_error(cases[i].schema, &error, ERROR_INVALID, cases[i].message);
    }
    lua_close(state);
}

static void test_schema(void **unused) {
    (void)unused;
    lua_State *state = new_state();
    struct error error = {0};
    struct param_schema *schema = schema_of(
        state,
        "frozen { max = frozen {type = 'integer', minimum = 1, maximum = 9, optional = true}, "
        "allowed = {type = 'list', items = 'string', description = 'Regions.', enum = frozen {'a', 'b'}, "
        "default = frozen {'a', 'b'}}, "
        "ratio = {type = 'number', default = 0.5}, "
        "labels = {type = 'map', default = frozen {y = '\"\\n', x = 'é'}} }",
        &error);
    expect_true(error.message, schema != NULL, "read");
    expect_integer("count", (int64_t)schema->count, 4);
    const struct param *allowed = &schema->params[0];
    expect_text("sorted by name", allowed->name, "allowed");
    expect_text("description", allowed->description, "Regions.");
    expect_integer("enum", (int64_t)allowed->allowed_count, 2);
    expect_text("default", allowed->default_json, "[\"a\",\"b\"]");
    expect_text("keys of a default are sorted", schema->params[1].default_json,
                "{\"x\":\"é\",\"y\":\"\\\"\\u000a\"}");
    expect_true("optional", schema->params[2].optional && schema->params[2].has_minimum, "read");
    expect_text("number", schema->params[3].default_json, "0.5");
    param_schema_free(schema);

    schema = schema_of(state, "nil", &error);
    expect_integer("nil has no parameters", (int64_t)schema->count, 0);
    param_schema_free(schema);
    param_schema_free(NULL);
    lua_close(state);
}

static const char everything[] =
    "{ allowed = {type = 'list', items = 'string', minimum = 1}, "
    "zones = {type = 'list', items = 'string', enum = {'a', 'b'}, optional = true}, "
    "max = {type = 'integer', minimum = 1, maximum = 500, default = 20}, "
    "ratio = {type = 'number', optional = true}, "
    "mode = {type = 'string', enum = {'strict', 'loose'}, default = 'strict'}, "
    "name = {type = 'string', minimum = 2, maximum = 3, optional = true}, "
    "force = {type = 'boolean', default = false}, "
    "limits = {type = 'map', items = 'integer', maximum = 2, optional = true} }";

static void test_values(void **unused) {
    (void)unused;
    static const struct {
        const char *values;
        const char *message; // NULL: good
    } cases[] = {
        {"{'allowed': ['a']}", NULL},
        {"{'allowed': ['a'], 'max': 500, 'mode': 'loose', 'force': true, 'limits': {'a': 1}, 'ratio': 1}",
         NULL},
        {"{'allowed': ['a'], 'max': 3.0}", NULL},
        {"{'allowed': ['a'], 'name': 'éé'}", NULL},
        {"{'allowed': ['a'], 'zones': []}", NULL},
        {"[]", "params: must be a map, got list"},
        {"{}", "params.allowed: is required"},
        {"{'alowed': ['a']}", "params.alowed: unknown key; did you mean allowed?"},
        {"{'allowed': ['a'], 'a.b/c': 1}",
         "params[\"a.b/c\"]: unknown key; known are allowed, force, limits, max, mode, name, ratio, zones"},
        {"{'allowed': []}", "params.allowed: has 0 items, the least is 1"},
        {"{'allowed': 'eu-west-1'}", "params.allowed: must be a list, got string"},
        {"{'allowed': null}", "params.allowed: must be a list, got null; leave the key out for its default"},
        {"{'allowed': {}}", "params.allowed: must be a list, got map"},
        {"{'allowed': ['a', 'b', 5]}", "params.allowed[2]: must be a string, got integer; put it in quotes"},
        {"{'allowed': ['a', ['b']]}", "params.allowed[1]: must be a string, got list"},
        {"{'allowed': ['a'], 'zones': ['a', 'c']}", "params.zones[1]: must be one of a, b, got \"c\""},
        {"{'allowed': ['a'], 'max': 0}", "params.max: is 0, the least is 1"},
        {"{'allowed': ['a'], 'max': 501}", "params.max: is 501, the most is 500"},
        {"{'allowed': ['a'], 'max': 1.5}", "params.max: must be an integer, got number"},
        {"{'allowed': ['a'], 'max': 1e30}", "params.max: must be an integer, got number"},
        {"{'allowed': ['a'], 'max': '5'}", "params.max: must be an integer, got string"},
        {"{'allowed': ['a'], 'max': true}", "params.max: must be an integer, got boolean"},
        {"{'allowed': ['a'], 'ratio': 'x'}", "params.ratio: must be a number, got string"},
        {"{'allowed': ['a'], 'mode': 'strikt'}",
         "params.mode: must be one of strict, loose, got \"strikt\"; did you mean strict?"},
        {"{'allowed': ['a'], 'mode': false}", "params.mode: must be a string, got boolean; put it in quotes"},
        {"{'allowed': ['a'], 'name': 'é'}", "params.name: has 1 characters, the least is 2"},
        {"{'allowed': ['a'], 'name': 'éééé'}", "params.name: has 4 characters, the most is 3"},
        {"{'allowed': ['a'], 'force': 'yes'}", "params.force: must be a boolean, got string"},
        {"{'allowed': ['a'], 'limits': {'a': 'b'}}", "params.limits.a: must be an integer, got string"},
        {"{'allowed': ['a'], 'limits': {'a': 1, 'b': 2, 'c': 3}}",
         "params.limits: has 3 entries, the most is 2"},
    };
    lua_State *state = new_state();
    struct error error = {0};
    struct param_schema *schema = schema_of(state, everything, &error);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].values);
        error = (struct error){0};
        bool good = param_schema_check(schema, document_root(document), document, "fleet.yaml",
                                       "region-limits", &error);
        expect_true(cases[i].values, good == (cases[i].message == NULL), error.message);
        if (cases[i].message) {
            char expected[600];
            snprintf(expected, sizeof(expected), "fleet.yaml: policies.region-limits.%s", cases[i].message);
            expect_error(cases[i].values, &error, ERROR_INVALID, expected);
        }
    }
    expect_true("no values", !param_schema_check(schema, NULL, NULL, NULL, "region-limits", &error),
                "refused");
    expect_text("no values", error.message,
                "configuration: policies.region-limits.params.allowed: is required");
    param_schema_free(schema);
    lua_close(state);
}

static void add_text(struct document_builder *builder, const char *text, bool unknown, uint32_t line,
                     uint32_t column) {
    struct error error = {0};
    struct node node = {
        .type = NODE_STRING, .value.string = text, .length = (uint32_t)strlen(text), .unknown = unknown};
    assert_true(document_builder_add(builder, &node, &error));
    document_builder_mark(builder, &(struct node_position){.line = line, .column = column});
}

// { allowed: [eu, ${REGION}], … } as the YAML reader makes it.
static void test_positions(void **unused) {
    (void)unused;
    struct error error = {0};
    struct document_builder *builder = document_builder_new(&document_default_limits, true);
    assert_true(document_builder_open(builder, NODE_MAP, &error));
    document_builder_mark(builder, &(struct node_position){.line = 7, .column = 5});
    document_builder_key(builder, "allowed", 7);
    assert_true(document_builder_open(builder, NODE_LIST, &error));
    document_builder_mark(builder,
                          &(struct node_position){.line = 8, .column = 7, .key_line = 7, .key_column = 5});
    add_text(builder, "eu", false, 8, 9);
    add_text(builder, "${REGION}", true, 9, 9);
    assert_true(document_builder_close(builder, NULL, &error));
    assert_true(document_builder_close(builder, NULL, &error));
    CLEANUP(document_free) struct document *document = document_builder_finish(builder);

    lua_State *state = new_state();
    struct param_schema *schema = schema_of(state, everything, &error);
    assert_false(param_schema_check(schema, document_root(document), document, "fleet.yaml", "p", &error));
    expect_text(
        "value", error.message,
        "fleet.yaml:9:9: policies.p.params.allowed[1]: must be a string, but is a placeholder that nothing "
        "has filled in");
    param_schema_free(schema);

    schema = schema_of(state, "{ alowed = {type = 'list', optional = true} }", &error);
    assert_false(param_schema_check(schema, document_root(document), document, "fleet.yaml", "p", &error));
    expect_text("unknown key", error.message,
                "fleet.yaml:7:5: policies.p.params.allowed: unknown key; did you mean alowed?");
    param_schema_free(schema);

    schema = schema_of(state, "{ a = {type = 'string'}, allowed = {type = 'list', maximum = 1} }", &error);
    assert_false(param_schema_check(schema, document_root(document), document, "fleet.yaml", "p", &error));
    expect_text("list", error.message,
                "fleet.yaml:8:7: policies.p.params.allowed: has 2 items, the most is 1");
    param_schema_free(schema);

    schema = schema_of(state, "nil", &error);
    assert_false(param_schema_check(schema, document_root(document), document, "fleet.yaml", "p", &error));
    expect_text("no parameters", error.message,
                "fleet.yaml:7:5: policies.p.params.allowed: unknown key; there are none here");
    param_schema_free(schema);
    lua_close(state);
}

static void test_push(void **unused) {
    (void)unused;
    lua_State *state = new_state();
    struct error error = {0};
    struct param_schema *schema = schema_of(state, everything, &error);
    CLEANUP(document_free)
    struct document *document = document_of(
        "{'allowed': ['a', 'b\\u0000c'], 'max': 3.0, 'ratio': 0.25, 'limits': {'a': 1}, 'force': true}");
    assert_true(param_schema_check(schema, document_root(document), document, NULL, "p", &error));
    param_schema_push(state, schema, document_root(document));
    expect_integer("one value", lua_gettop(state), 1);
    lua_setglobal(state, "p");
    static const char check[] =
        "assert(#p.allowed == 2 and p.allowed[2] == 'b\\0c') assert(p.max == 3 and "
        "math.type(p.max) == 'integer') assert(p.ratio == 0.25) assert(p.limits.a == 1) "
        "assert(p.force == true) assert(p.mode == 'strict') assert(p.zones == nil)";
    if (luaL_dostring(state, check) != LUA_OK) {
        fail_msg("%s", lua_tostring(state, -1));
    }
    param_schema_push(state, schema, NULL);
    lua_setglobal(state, "p");
    if (luaL_dostring(state, "assert(p.max == 20 and p.force == false and p.allowed == nil)") != LUA_OK) {
        fail_msg("%s", lua_tostring(state, -1));
    }
    param_schema_free(schema);
    lua_close(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_errors), cmocka_unit_test(test_schema), cmocka_unit_test(test_values),
        cmocka_unit_test(test_positions),     cmocka_unit_test(test_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
