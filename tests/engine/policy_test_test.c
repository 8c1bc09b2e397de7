// The runner of policies' own tests: what it counts as a failure, and how it says so.
#include "engine/policy_test.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <string.h>

#define HEAD                                                                                                 \
    "return policy { name = 'sizes', title = 'A test', severity = 'high', category = 'test',\n"              \
    "  match = { objects = { { kind = 'Thing' } } },\n"
#define VALIDATE                                                                                             \
    HEAD "  validate = function(change, params, report)\n"                                                   \
         "    local size = object.at(change.object, 'spec.size')\n"                                          \
         "    if size ~= nil and size > 3 then\n"                                                            \
         "      report.deny { at = 'spec.size', message = 'too big' }\n"                                     \
         "    end\n"                                                                                         \
         "  end }\n"
#define VALIDATE_TWO                                                                                         \
    HEAD "  validate = function(change, params, report)\n"                                                   \
         "    local size = object.at(change.object, 'spec.size')\n"                                          \
         "    if size ~= nil and size > 3 then\n"                                                            \
         "      report.deny { at = 'spec.size', message = 'too big' }\n"                                     \
         "    elseif size == 0 then\n"                                                                       \
         "      report.deny { at = 'spec.size', message = 'nothing' }\n"                                     \
         "    end\n"                                                                                         \
         "  end }\n"
#define MUTATE(value)                                                                                        \
    HEAD "  mutate = function(change, params, patch)\n"                                                      \
         "    patch.set('spec.size', " value ")\n"                                                           \
         "  end }\n"
#define THING(size) "{ kind = 'Thing', metadata = { name = 'a' }, spec = { size = " size " } }"
#define OTHER "{ kind = 'Other', metadata = { name = 'a' } }"
#define ALLOWED "  { name = 'small', object = " THING("3") ", expect = 'allow' },\n"
#define DENIED "  { name = 'big', object = " THING("4") ", expect = 'deny', at = 'spec.size' },\n"

static const struct {
    const char *name, *policy, *test; // test NULL: there is no file
    size_t cases, failed;
    const char *failures; // all of it, or a part where it ends with "…"
} runs[] = {
    {"all passes", VALIDATE, "return {\n" ALLOWED DENIED "}\n", 2, 0, ""},
    {"the wrong verdict", VALIDATE,
     "return {\n" DENIED "  { name = 'also big', object = " THING("5") ", expect = 'allow' },\n}\n", 2, 1,
     "also big: expected allow, got deny\n    spec.size: too big\n"},
    {"the wrong place", VALIDATE,
     "return {\n  { name = 'big', object = " THING("4") ", expect = 'deny', at = 'spec.sizes' },\n}\n", 1, 1,
     "big: expected at spec.sizes, got\n    spec.size: too big\n"},
    {"the wrong message", VALIDATE,
     "return {\n  { name = 'big', object = " THING("4") ", expect = 'deny', message = 'small' },\n}\n", 1, 1,
     "big: expected  message small, got\n    spec.size: too big\n"},
    {"the wrong count", VALIDATE,
     "return {\n  { name = 'big', object = " THING("4") ", expect = 'deny', count = 2 },\n}\n", 1, 1,
     "big: expected 2 violations, got 1\n    spec.size: too big\n"},
    {"no test file", VALIDATE, NULL, 0, 1, "sizes: there is no test file beside policies/sizes.lua\n"},
    {"no case matches", VALIDATE, "return {\n  { name = 'other', object = " OTHER ", matches = false },\n}\n",
     1, 3,
     "sizes: no case reaches the denial in line 6 of policies/sizes.lua\n"
     "sizes: no case matches the policy\n"
     "sizes: no case is denied\n"},
    {"a case that should match", VALIDATE,
     "return {\n" DENIED "  { name = 'other', object = " OTHER ", expect = 'allow' },\n}\n", 2, 1,
     "other: the policy does not match it\n"},
    {"a case that should not match", VALIDATE,
     "return {\n" DENIED "  { name = 'small', object = " THING("1") ", matches = false },\n}\n", 2, 1,
     "small: the policy matches it\n"},
    {"a denial that no case reaches", VALIDATE_TWO, "return {\n" ALLOWED DENIED "}\n", 2, 1,
     "sizes: no case reaches the denial in line 8 of policies/sizes.lua\n"},
    {"a mutation that passes", MUTATE("3"),
     "return {\n  { name = 'filled', object = " THING("1") ", patch = { ['spec.size'] = 3 } },\n}\n", 1, 0,
     ""},
    {"a mutation that sets something else", MUTATE("3"),
     "return {\n  { name = 'filled', object = " THING("1") ", patch = { ['spec.size'] = 4 } },\n}\n", 1, 1,
     "filled: a patched field has another value\n    replace /spec/size 3\n"},
    {"a mutation that is not idempotent", MUTATE("change.object.spec.size + 1"),
     "return {\n  { name = 'grows', object = " THING("1") ", patch = { ['spec.size'] = 2 } },\n}\n", 1, 1,
     "grows: mutate is not idempotent: it patches its own result again\n    replace /spec/size 2\n"},
    {"a policy that fails", HEAD "  validate = function(change) return change.object.spec.size.x.y end }\n",
     "return {\n  { name = 'faulty', object = " THING("1") ", expect = 'deny' },\n}\n", 1, 2,
     "faulty: expected deny, got error…"},
};

static struct policy_source source_of(const char *name, const char *text) {
    return (struct policy_source){.name = name, .text = text, .length = strlen(text)};
}

static bool run(const char *policy_text, const char *test_text, struct policy_test_report *ret_report,
                struct error *error) {
    struct policy_source policy = source_of("policies/sizes.lua", policy_text);
    struct policy_source test = source_of("policies/sizes_test.lua", test_text ? test_text : "");
    struct policy_source library = source_of("policies/lib/limits.lua", "return { most = 3 }\n");
    library.is_library = true;
    const struct policy_test_options options = {
        .policy = &policy, .test = test_text ? &test : NULL, .libraries = &library, .library_count = 1};
    return policy_test_run(&options, ret_report, error);
}

static void runs_are_reported(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct policy_test_report report;
        struct error error = {0};
        if (!run(runs[i].policy, runs[i].test, &report, &error)) {
            fail_msg("%s: %s", runs[i].name, error.message);
        }
        expect_text(runs[i].name, report.policy, "sizes");
        const char *more = strstr(runs[i].failures, "…");
        if (more) {
            char part[256];
            snprintf(part, sizeof(part), "%.*s", (int)(more - runs[i].failures), runs[i].failures);
            expect_contains(runs[i].name, buffer_text(&report.failures), part);
        } else {
            expect_text(runs[i].name, buffer_text(&report.failures), runs[i].failures);
        }
        expect_integer(runs[i].name, (int64_t)report.cases, (int64_t)runs[i].cases);
        expect_integer(runs[i].name, (int64_t)report.failed, (int64_t)runs[i].failed);
        policy_test_report_clear(&report);
    }
}

// Both libraries and parameters are as they are in a fleet.
static void counts_and_lines(void **state) {
    (void)state;
    static const char policy[] =
        "local limits = require 'lib/limits'\n" HEAD
        "  params = { most = { type = 'integer', default = 3, description = 'most' } },\n"
        "  validate = function(change, params, report)\n"
        "    if change.object.spec.size > params.most then\n"
        "      report.deny { at = 'spec.size', message = 'over ' .. limits.most }\n"
        "    end\n"
        "  end }\n";
    static const char test[] =
        "local limits = require 'lib/limits'\n"
        "return {\n"
        "  { name = 'default', object = " THING(
            "limits.most") ", expect = 'allow' },\n"
                           "  { name = 'lower', params = { most = 2 }, object = " THING(
                               "3") ", expect = 'deny',\n"
                                    "    message = 'over 3' },\n"
                                    "  { name = 'refused', params = { most = 'x' }, object = " THING(
                                        "3") ", expect = 'error' },\n"
                                             "}\n";
    struct policy_test_report report;
    struct error error = {0};
    if (!run(policy, test, &report, &error)) {
        fail_msg("%s", error.message);
    }
    expect_text("failures", buffer_text(&report.failures), "");
    expect_integer("cases", (int64_t)report.cases, 3);
    expect_integer("matched", (int64_t)report.matched, 3);
    expect_integer("denied", (int64_t)report.denied, 1);
    expect_true("lines", report.lines > 0 && report.lines == report.lines_run, "all lines ran");
    policy_test_report_clear(&report);
}

static const struct {
    const char *name, *policy, *test, *message; // a part of the error
} broken[] = {
    {"a test file that does not parse", VALIDATE, "return {\n  { name = 'x',, },\n}\n",
     "policies/sizes_test.lua:2: unexpected symbol near ','"},
    {"a test file that fails", VALIDATE, "local n = nil\nreturn { n.x }\n",
     "policies/sizes_test.lua:2: attempt to index a nil value (local 'n')"},
    {"a test file that is no list", VALIDATE, "return 7\n",
     "policies/sizes_test.lua: must be a list of cases"},
    {"a test file without cases", VALIDATE, "return {}\n",
     "policies/sizes_test.lua: must be a list of cases"},
    {"an unknown key", VALIDATE,
     "return {\n" ALLOWED "  { name = 'x', object = " THING("1") ", expects = 'deny' },\n}\n",
     "policies/sizes_test.lua: [1].expects: unknown key; did you mean expect?"},
    {"an unknown verdict", VALIDATE,
     "return {\n  { name = 'x', object = " THING("1") ", expect = 'denied' },\n}\n",
     "policies/sizes_test.lua: [0].expect"},
    {"no verdict", VALIDATE, "return {\n  { name = 'x', object = " THING("1") " },\n}\n",
     "[0]: expect: missing; one of allow, deny, warn, unknown, error"},
    {"no object", VALIDATE, "return {\n  { name = 'x', expect = 'deny' },\n}\n",
     "[0]: object or old_object must be there"},
    {"wrong parameters", VALIDATE,
     "return {\n  { name = 'x', params = { most = 1 }, object = " THING("1") ", expect = 'deny' },\n}\n",
     "x: policies/sizes_test.lua"},
    {"a function in a case", VALIDATE, "return {\n  { name = 'x', object = function() end },\n}\n",
     "policies/sizes_test.lua: "},
    {"a policy that does not parse", "return policy {\n  name = \n}\n", "return {}\n",
     "policies/sizes.lua:3: unexpected symbol near '}'"},
    {"a policy without a name", "return policy { title = 'x' }\n", "return {}\n",
     "policies/sizes.lua: name: is required"},
};

static void broken_files_say_where(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct policy_test_report report;
        struct error error = {0};
        expect_true(broken[i].name, !run(broken[i].policy, broken[i].test, &report, &error), "it fails");
        expect_integer(broken[i].name, error.kind, ERROR_INVALID);
        expect_contains(broken[i].name, error.message, broken[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_reported),
        cmocka_unit_test(counts_and_lines),
        cmocka_unit_test(broken_files_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
