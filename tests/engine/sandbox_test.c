// Every attack ends as a named fault within its budget, and the next review is clean.
#include "tests/engine/engine_fixture.h"

#include <stdio.h>

static const char thing[] = "{'kind':'Thing','metadata':{'name':'a','namespace':'prod'},'spec':{'size':3}}";

// ThreadSanitizer holds signals back until the thread calls into libc, which a loop in Lua never does.
#ifdef __SANITIZE_THREAD__
#define LOOPS_CAN_BE_ENDED false
#else
#define LOOPS_CAN_BE_ENDED true
#endif

// #t is 2^62, and t takes 2 kB.
#define SPARSE                                                                                               \
    "local t = {[1] = 1, [1 << 1] = 1, [1 << 2] = 1, [1 << 3] = 1"                                           \
    ", [1 << 4] = 1, [1 << 5] = 1, [1 << 6] = 1, [1 << 7] = 1, [1 << 8] = 1"                                 \
    ", [1 << 9] = 1, [1 << 10] = 1, [1 << 11] = 1, [1 << 12] = 1, [1 << 13] = 1"                             \
    ", [1 << 14] = 1, [1 << 15] = 1, [1 << 16] = 1, [1 << 17] = 1, [1 << 18] = 1"                            \
    ", [1 << 19] = 1, [1 << 20] = 1, [1 << 21] = 1, [1 << 22] = 1, [1 << 23] = 1"                            \
    ", [1 << 24] = 1, [1 << 25] = 1, [1 << 26] = 1, [1 << 27] = 1, [1 << 28] = 1"                            \
    ", [1 << 29] = 1, [1 << 30] = 1, [1 << 31] = 1, [1 << 32] = 1, [1 << 33] = 1"                            \
    ", [1 << 34] = 1, [1 << 35] = 1, [1 << 36] = 1, [1 << 37] = 1, [1 << 38] = 1"                            \
    ", [1 << 39] = 1, [1 << 40] = 1, [1 << 41] = 1, [1 << 42] = 1, [1 << 43] = 1"                            \
    ", [1 << 44] = 1, [1 << 45] = 1, [1 << 46] = 1, [1 << 47] = 1, [1 << 48] = 1"                            \
    ", [1 << 49] = 1, [1 << 50] = 1, [1 << 51] = 1, [1 << 52] = 1, [1 << 53] = 1"                            \
    ", [1 << 54] = 1, [1 << 55] = 1, [1 << 56] = 1, [1 << 57] = 1, [1 << 58] = 1"                            \
    ", [1 << 59] = 1, [1 << 60] = 1, [1 << 61] = 1, [1 << 62] = 1"                                           \
    "}\n"

static const struct {
    const char *name;
    const char *body;
    enum policy_fault fault;
    const char *message; // a part of it; NULL: none is given
    bool loops;
} attacks[] = {
    {"endless loop", "while true do end", FAULT_TIME, NULL, true},
    {"endless loop with calls", "local function f() end while true do f() end", FAULT_TIME, NULL, true},
    {"endless repeat with reads", "repeat local x = change.object.spec.size until false", FAULT_TIME, NULL,
     true},
    {"goto", "::a:: goto a", FAULT_TIME, NULL, true},
    {"endless loop in a comparison", "table.sort({3,1,2}, function() while true do end end)", FAULT_TIME,
     NULL, true},
    {"endless iterator", "for x in function() return 1 end do end", FAULT_TIME, NULL, true},
    {"tail calls", "local function f() return f() end f()", FAULT_TIME, NULL, true},
    {"endless loop in a finalizer", "setmetatable({}, {__gc = function() while true do end end})",
     FAULT_BLOCKED, "setmetatable is not available", false},
    {"string bomb", "local s = 'x' while true do s = s .. s end", FAULT_MEMORY, NULL, false},
    {"string.rep", "local s = string.rep('x', 1 << 30)", FAULT_MEMORY, NULL, false},
    {"string.rep of nothing", "if string.rep('', 1 << 62) == '' then error('came back') end", FAULT_ERROR,
     "came back", false},
    {"table.insert into holes", SPARSE "table.insert(t, 1, 0)", FAULT_ERROR, "more than 4194304 items",
     false},
    {"table.remove from holes", SPARSE "table.remove(t, 1)", FAULT_ERROR, "more than 4194304 items", false},
    {"string.rep by method", "local s = ('x'):rep(1 << 40)", FAULT_ERROR, "too large", false},
    {"memory bomb", "local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 100000) .. i end", FAULT_MEMORY,
     NULL, false},
    {"table.concat bomb",
     "local t = {} for i = 1, 20000 do t[i] = ('x'):rep(1000) end local s = table.concat(t)", FAULT_MEMORY,
     NULL, false},
    {"unpack", "local t = {table.unpack({}, 1, 5e6)}", FAULT_ERROR, "too many results", false},
    {"deep recursion", "local function f(n) return 1 + f(n + 1) end f(1)", FAULT_STACK, NULL, false},
    {"deep recursion through sort", "local function f() table.sort({1,2,3}, f) return true end f()",
     FAULT_STACK, "stack overflow", false},
    {"pcall", "pcall(function() while true do end end)", FAULT_BLOCKED, "pcall is not available in policies",
     false},
    {"xpcall", "xpcall(error, error)", FAULT_BLOCKED, "xpcall is not available", false},
    {"coroutine", "coroutine.wrap(function() while true do end end)()", FAULT_BLOCKED,
     "coroutine is not available", false},
    {"load", "load('return 1')()", FAULT_BLOCKED, "load is not available", false},
    {"bytecode", "string.dump(function() end)", FAULT_BLOCKED, "string.dump is not available", false},
    {"getmetatable", "getmetatable('').__index.upper = nil", FAULT_BLOCKED, "getmetatable is not available",
     false},
    {"patterns", "('x'):find('a-b')", FAULT_BLOCKED,
     "string.find is not available in policies: use text.find", false},
    {"gsub", "string.gsub('x', 'x', 'y')", FAULT_BLOCKED, "string.gsub is not available", false},
    {"os", "os.execute('true')", FAULT_BLOCKED, "os is not available", false},
    {"io", "io.open('/etc/passwd')", FAULT_BLOCKED, "io is not available", false},
    {"debug", "debug.sethook()", FAULT_BLOCKED, "debug is not available", false},
    {"rawset", "rawset(string, 'x', 1)", FAULT_BLOCKED, "rawset is not available", false},
    {"next", "next({})", FAULT_BLOCKED, "next is not available in policies: use pairs", false},
    {"_G", "_G.x = 1", FAULT_BLOCKED, "_G is not available", false},
    {"random", "math.random()", FAULT_BLOCKED, "math.random is not available", false},
    {"table.move", "table.move({}, 1, 3e8, 2, {})", FAULT_BLOCKED, "table.move is not available", false},
    {"collectgarbage", "collectgarbage('stop')", FAULT_BLOCKED, "collectgarbage is not available", false},
    {"library", "string.upper = nil", FAULT_ERROR, "read-only", false},
    {"own library", "text.glob = nil", FAULT_ERROR, "read-only", false},
    {"object", "change.object.spec.size = 4", FAULT_ERROR, "read-only", false},
    {"the change", "change.operation = 'DELETE'", FAULT_ERROR, "read-only", false},
    {"parameters", "params.x = 1", FAULT_ERROR, "read-only", false},
    {"report", "report.deny = nil", FAULT_ERROR, "read-only", false},
    {"policy at run time", "policy {}", FAULT_ERROR, "only while the file loads", false},
    {"require at run time", "require 'lib/x'", FAULT_ERROR, "only while the file loads", false},
    {"an address", "string.format('%p', {})", FAULT_ERROR, "%p is not available", false},
    {"an error value", "error({})", FAULT_ERROR, "an error value that is a table", false},
    {"nil", "local x = change.object.spec.missing.field", FAULT_ERROR,
     "policies/test.lua:5: attempt to index a nil value", false},
    {"unknown field of the change", "local x = change.objekt", FAULT_ERROR, "a change has no field 'objekt'",
     false},
    {"unknown key of deny", "report.deny { msg = 'x' }", FAULT_ERROR, "unknown key 'msg'", false},
    {"deny without message", "report.deny { at = 'spec' }", FAULT_ERROR, "message is missing", false},
    {"bad path", "report.deny { at = 'spec..x', message = 'x' }", FAULT_ERROR, "field path", false},
    {"a method called with a dot", "local x = change.object.at('spec')", FAULT_ERROR,
     "call methods with a colon", false},
};

static void attacks_end_as_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        const char *name = attacks[i].name;
        if (attacks[i].loops && !LOOPS_CAN_BE_ENDED) {
            continue;
        }
        char policy[2048];
        // Reviews of the good object attack; those of the one named "calm" must be clean, before and after.
        snprintf(policy, sizeof(policy),
                 VALIDATE("if change.name == 'calm' then report.deny { at = 'spec.size', message = "
                          "text.upper('calm') .. string.rep('!', 2) } return end\n%s"),
                 attacks[i].body);
        // Sanitizers make memory bombs slow: with the default budget their time would end first.
        struct fixture fixture = {.budget_ns = attacks[i].loops ? 0 : 5000000000U};
        fixture_load(&fixture, policy, NULL);
        for (int round = 0; round < 3; round++) {
            const struct decision *decision = fixture_evaluate(&fixture, thing, NULL);
            expect_integer(name, (int64_t)decision->result_count, 1);
            expect_text(name, policy_fault_name(decision->results[0].fault),
                        policy_fault_name(attacks[i].fault));
            expect_true(name, !decision->allowed, "denied, as on_error says");
            expect_integer(name, (int64_t)decision->violation_count, 0);
            if (attacks[i].message) {
                expect_contains(name, decision->results[0].fault_message, attacks[i].message);
            }
            decision = fixture_evaluate(
                &fixture, "{'kind':'Thing','metadata':{'name':'calm'},'spec':{'size':3}}", NULL);
            expect_text(name, policy_fault_name(decision->results[0].fault), "none");
            expect_integer(name, (int64_t)decision->violation_count, 1);
            expect_text(name, decision->violations[0].message, "CALM!!");
        }
        fixture_clear(&fixture);
    }
}

static void a_deadline_ends_a_policy(void **state) {
    (void)state;
    if (!LOOPS_CAN_BE_ENDED) {
        skip();
    }
    struct fixture fixture = {0};
    fixture_load(&fixture, VALIDATE("while true do end"), NULL);
    fixture_review(&fixture, thing, NULL);
    fixture.review.deadline_ns = 1; // long past
    engine_evaluate(fixture.set, &fixture.review, &fixture.decision);
    expect_text("deadline", policy_fault_name(fixture.decision.results[0].fault), "deadline");
    fixture_clear(&fixture);
}

static void what_was_said_before_a_fault_is_kept(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture, VALIDATE("report.deny { message = 'first' } error('stop')"), NULL);
    const struct decision *decision = fixture_evaluate(&fixture, thing, NULL);
    expect_integer("violations", (int64_t)decision->violation_count, 1);
    expect_text("outcome", policy_outcome_name(decision->results[0].outcome), "fault");
    fixture_clear(&fixture);
}

static void on_error_allow_lets_the_request_pass(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture, VALIDATE("error('stop')"),
                 "{'apiVersion':'fleetgate.dev/"
                 "v1alpha1','kind':'Configuration','policies':{'test':{'on_error':'allow'}}}");
    expect_true("allowed", fixture_evaluate(&fixture, thing, NULL)->allowed, "allowed");
    fixture_clear(&fixture);
}

static const struct {
    const char *name;
    const char *file;
    const char *message;
} broken_files[] = {
    {"syntax", "return policy {\n  name = \n}", "policies/test.lua:3: unexpected symbol near '}'"},
    {"bytecode", "\x1bLuaS", "attempt to load a binary chunk"},
    {"nothing returned", "local x = 1", "the file must end with return policy"},
    {"unknown key", POLICY_HEAD "validte = function() end, validate = function() end }",
     "did you mean validate"},
    {"misspelt", POLICY_HEAD "validat = function() end }", "validat: unknown key; did you mean validate?"},
    {"no function", POLICY_HEAD "}", "validate or mutate must be there"},
    {"no severity",
     "return policy { name = 'x', title = 'x', category = 'x', match = { clusters = true }, validate = "
     "function() end }",
     "severity: missing"},
    {"bad severity",
     "return policy { name = 'x', title = 'x', severity = 'hihg', category = 'x', match = { clusters = true "
     "}, validate = function() end }",
     "severity: "},
    {"match nothing",
     "return policy { name = 'x', title = 'x', severity = 'high', category = 'x', match = {}, validate = "
     "function() end }",
     "clusters = true or objects must be there"},
    {"matcher key",
     "return policy { name = 'x', title = 'x', severity = 'high', category = 'x', match = { objects = { { "
     "knd = 'A' } } }, validate = function() end }",
     "match.objects[0]"},
    {"bad operation",
     "return policy { name = 'x', title = 'x', severity = 'high', category = 'x', match = { objects = { { "
     "kind = 'A', operations = { 'PATCH' } } } }, validate = function() end }",
     "match.objects[0].operations"},
    {"bad name",
     "return policy { name = 'Bad Name', title = 'x', severity = 'high', category = 'x', match = { clusters "
     "= true }, validate = function() end }",
     "name: must be lower-case"},
    {"parameter type",
     POLICY_HEAD "params = { a = { type = 'strng', description = 'x' } }, validate = function() end }",
     "params.a.type"},
    {"counter", "local n = 0\n" VALIDATE("n = n + 1"), "assigns to 'n'"},
    {"nested counter", "local n = 0\n" VALIDATE("local function f() n = n + 1 end f()"), "assigns to 'n'"},
    {"counter in a helper", "local n = 0\nlocal function f() n = n + 1 end\n" VALIDATE("f()"),
     "assigns to 'n'"},
    {"global function", "function helper() end\n" VALIDATE(""), "global 'helper' can't be set"},
    {"endless load", "while true do end", "ran out of its time budget"},
    {"memory at load", "local a, b = string.rep('x', 4e7), string.rep('y', 4e7)", "memory"},
    {"global in a function", VALIDATE("leak = 1"), "policies/test.lua:4: global 'leak' can't be set"},
    {"global in a nested function", VALIDATE("local function f() return function() leak = 1 end end"),
     "global 'leak' can't be set"},
    {"_ENV", VALIDATE("local e = _ENV e.text = nil"), "_ENV is not available in policies"},
    {"_ENV in a nested function", VALIDATE("local f = function() return _ENV end"), "_ENV is not available"},
    {"_ENV set", VALIDATE("_ENV = {}"), "_ENV is not available"},
    {"_ENV by index", VALIDATE("_ENV['text'] = nil"), "global 'text' can't be set"},
    {"_ENV by a computed index", VALIDATE("local k = 'te' .. 'xt' _ENV[k] = nil"), "_ENV is not available"},
    {"_ENV as an argument", VALIDATE("table.insert(_ENV, 1)"), "_ENV is not available"},
    {"clock", "local now = os.time()\n" VALIDATE(""), "os is not available in policies"},
    {"missing library", "local x = require 'lib/none'\n" VALIDATE(""), "there is no policies/lib/none.lua"},
    {"path in require", "local x = require 'lib/../../etc/passwd'\n" VALIDATE(""),
     "there is no policies/lib/"},
};

static void broken_files_fail_at_load(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(broken_files) / sizeof(broken_files[0]); i++) {
        struct fixture fixture = {0};
        struct error error = {0};
        // ... and makes filling memory so slow that the time is up first.
        if (!LOOPS_CAN_BE_ENDED && (strcmp(broken_files[i].name, "endless load") == 0 ||
                                    strcmp(broken_files[i].name, "memory at load") == 0)) {
            continue;
        }
        bool loaded = fixture_try_load(&fixture, broken_files[i].file, NULL, &error);
        expect_true(broken_files[i].name, !loaded, "refused");
        expect_contains(broken_files[i].name, error.message, broken_files[i].message);
        fixture_clear(&fixture);
    }
}

static void tables_of_the_file_stay_as_they_are(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture,
                 "local seen = { n = 0, list = { 1, 2 } }\n" VALIDATE(
                     "if change.name == 'a' then seen.n = 1 end\n"
                     "if change.name == 'b' then seen.list[3] = 1 end\n"
                     "if change.name == 'c' then seen.fresh = change.object end\n"
                     "report.deny { message = seen.n .. ' ' .. #seen.list }"),
                 NULL);
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        char object[80];
        snprintf(object, sizeof(object), "{'kind':'Thing','metadata':{'name':'%s'}}", names[i]);
        const struct decision *decision = fixture_evaluate(&fixture, object, NULL);
        expect_text(names[i], policy_fault_name(decision->results[0].fault), "error");
        expect_contains(names[i], decision->results[0].fault_message, "read-only");
    }
    const struct decision *decision =
        fixture_evaluate(&fixture, "{'kind':'Thing','metadata':{'name':'d'}}", NULL);
    expect_text("after", decision->violations[0].message, "0 2");
    fixture_clear(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_end_as_faults),
        cmocka_unit_test(a_deadline_ends_a_policy),
        cmocka_unit_test(what_was_said_before_a_fault_is_kept),
        cmocka_unit_test(on_error_allow_lets_the_request_pass),
        cmocka_unit_test(broken_files_fail_at_load),
        cmocka_unit_test(tables_of_the_file_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
