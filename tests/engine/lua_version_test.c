#include "tests/engine/lua_expect.h"

static void test_version(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"release",
         "(function(v) return v.major, v.minor, v.patch, v.has_patch, v.suffix, v.kind "
         "end)(version.parse('v1.31.2'))",
         "1, 31, 2, true, , release"},
        {"prerelease", "version.parse('v1.33.0-rc.1').kind", "prerelease"},
        {"vendor build", "version.parse('1.31.2-gke.100').kind", "vendor"},
        {"suffix", "version.parse('v1.30.2+rke2r1').suffix", "+rke2r1"},
        {"no patch", "version.parse('1.31').has_patch", "false"},
        {"latest", "version.parse('latest')", "nil, alias"},
        {"dash", "version.parse('-')", "nil, alias"},
        {"empty", "version.parse('')", "nil, alias"},
        {"malformed", "version.parse('v1.x')", "nil, malformed"},
        {"huge number", "version.parse('v1.99999999999999999999.0')", "nil, malformed"},
        {"huge text", "version.parse('v1.31.0-' .. ('a'):rep(100000))", "nil, malformed"},
        {"NUL inside", "version.parse('v1.31.2\\0')", "nil, malformed"},
        {"bad UTF-8", "version.parse('v1.31.2\\xFF')", "nil, malformed"},
        {"a number is no version", "version.parse(1.30)",
         "error: version.parse: argument 1 must be a string, got number"},
        {"nil", "version.parse(nil)", "error: version.parse: argument 1 must be a string, got nil"},
        {"unknown", "version.parse(unknown)", "unknown"},
        {"older", "version.compare('v1.30.9', 'v1.31.0')", "-1"},
        {"equal, with and without v", "version.compare('v1.31.0', '1.31.0')", "0"},
        {"numbers, not texts", "version.compare('1.31.10', '1.31.9')", "1"},
        {"prerelease before release", "version.compare('v1.31.0-rc.1', 'v1.31.0')", "-1"},
        {"compare an alias", "version.compare('latest', 'v1.31.0')",
         "error: version.compare: argument 1 is the alias \"latest\", not a version; ask version.parse "
         "first"},
        {"compare nonsense", "version.compare('v1.31.0', 'x')",
         "error: version.compare: argument 2 is not a version; ask version.parse first"},
        {"compare unknown", "version.compare('v1.31.0', unknown)", "unknown"},
        {"one step up", "version.minor_distance('v1.32.0', 'v1.31.5')", "1"},
        {"one step down", "version.minor_distance('v1.31.5', 'v1.32.0')", "-1"},
        {"another major is far away", "version.minor_distance('v4.1.0', 'v1.31.5') > 1000000", "true"},
        {"another major is far below", "version.minor_distance('v1.31.5', 'v4.1.0') < -1000000", "true"},
        {"downgrade", "version.is_downgrade('v1.31.5', 'v1.31.4')", "true"},
        {"upgrade", "version.is_downgrade('v1.31.5', 'v1.32.0')", "false"},
        {"an open patch is no downgrade", "version.is_downgrade('v1.31.5', '1.31')", "false"},
        {"an open patch of a lower minor is one", "version.is_downgrade('v1.31.5', '1.30')", "true"},
        {"same minor", "version.same_minor('v1.31.5', '1.31')", "true"},
        {"another minor", "version.same_minor('v1.31.5', 'v1.32.5')", "false"},
        {"another major with that minor", "version.same_minor('v1.31.5', 'v4.31.5')", "false"},
    };
    expect_lua_cases("version", lua_version_push, cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_version)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
