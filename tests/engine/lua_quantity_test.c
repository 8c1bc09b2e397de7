#include "tests/engine/lua_expect.h"

static void test_parse(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"zero", "quantity.parse('0')", "0"},
        {"minus zero", "quantity.parse('-0')", "0"},
        {"integer", "quantity.parse('42')", "42"},
        {"plus", "quantity.parse('+42')", "42"},
        {"minus", "quantity.parse('-42')", "-42"},
        {"thousand", "quantity.parse('2k')", "2000"},
        {"million", "quantity.parse('3M')", "3000000"},
        {"exa", "quantity.parse('1E')", "1000000000000000000"},
        {"kibi", "quantity.parse('1Ki')", "1024"},
        {"gibi", "quantity.parse('10Gi')", "10737418240"},
        {"exbi", "quantity.parse('7Ei')", "8070450532247928832"},
        {"half a gibi is whole", "quantity.parse('0.5Gi')", "536870912"},
        {"a fraction of a gibi", "quantity.parse('1.1Gi')", "1181116006.4"},
        {"milli", "quantity.parse('500m')", "0.5"},
        {"a thousand milli are whole", "math.type(quantity.parse('2000m'))", "integer"},
        {"micro", "quantity.parse('1u')", "1e-06"},
        {"nano", "quantity.parse('1n')", "1e-09"},
        {"less than nano is rounded up", "quantity.parse('0.1n')", "1e-09"},
        {"much less than nano is rounded up", "quantity.parse('1e-9999')", "1e-09"},
        {"exponent", "quantity.parse('1e3')", "1000"},
        {"large exponent letter", "quantity.parse('1E3')", "1000"},
        {"negative exponent", "quantity.parse('25e-1')", "2.5"},
        {"exponent with plus", "quantity.parse('1e+3')", "1000"},
        {"point first", "quantity.parse('.5')", "0.5"},
        {"point last", "quantity.parse('5.')", "5"},
        {"the largest", "quantity.parse('9223372036854775807')", "9223372036854775807"},
        {"one before the largest", "quantity.parse('9223372036854775806')", "9223372036854775806"},
        {"over the largest is the largest", "quantity.parse('9223372036854775808')", "9223372036854775807"},
        {"far over the largest", "quantity.parse('1e9999')", "9223372036854775807"},
        {"far below", "quantity.parse('-100Ei')", "-9223372036854775807"},
        {"an exponent that overflows", "quantity.parse('1e99999999999999999999')", "9223372036854775807"},
        {"zero with any exponent", "quantity.parse('0e9999')", "0"},
        {"many digits", "quantity.parse(('9'):rep(100000))", "9223372036854775807"},
        {"many zeros first", "quantity.parse(('0'):rep(100000) .. '7')", "7"},
        {"many digits behind the point", "quantity.parse('1.' .. ('0'):rep(100000))", "1"},
        {"a last digit far behind the point", "quantity.parse('1.' .. ('0'):rep(1000) .. '1')",
         "1.000000001"},
        {"a number", "quantity.parse(5)", "5"},
        {"a whole float", "quantity.parse(5.0)", "5"},
        {"a float", "quantity.parse(0.1)", "0.1"},
        {"a negative float", "quantity.parse(-2.5)", "-2.5"},
        {"the smallest integer", "quantity.parse(math.mininteger)", "-9223372036854775808"},
        {"a huge float", "quantity.parse(1e300)", "9223372036854775807"},
        {"infinity", "quantity.parse(math.huge)", "nil, malformed"},
        {"not a number", "quantity.parse(0/0)", "nil, malformed"},
    };
    expect_lua_cases("quantity", lua_quantity_push, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_malformed(void **unused) {
    (void)unused;
    static const char *const texts[] = {
        "",      ".",   "-",     "+",   "--1",  "+-1", "1 ",  " 1",     "1 Gi",  "Gi",  "1K",
        "1ki",   "1gi", "1g",    "1kk", "1e",   "1e+", "1e-", "1e3k",   "1.2.3", "1,5", "0x10",
        "1e1.5", "1mi", "1_000", "abc", "1\\0", "1n1", "١",   "1\\xFF", "inf",   "nan", "1e3e3",
    };
    lua_State *state = lua_state_with("quantity", lua_quantity_push);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char expression[100];
        snprintf(expression, sizeof(expression), "quantity.parse('%s')", texts[i]);
        expect_lua(state, &(struct lua_case){texts[i], expression, "nil, malformed"});
    }
    lua_close(state);
}

static void test_compare(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"the same in two units", "quantity.compare('1Gi', '1024Mi')", "0"},
        {"milli and decimal", "quantity.compare('100m', '0.1')", "0"},
        {"text and number", "quantity.compare('500m', 0.5)", "0"},
        {"binary is more", "quantity.compare('1Ki', '1k')", "1"},
        {"less", "quantity.compare('1G', '1Gi')", "-1"},
        {"negative ones", "quantity.compare('-2', '-1')", "-1"},
        {"across zero", "quantity.compare('-1', '1')", "-1"},
        {"zeros", "quantity.compare('-0', '0')", "0"},
        {"integers that doubles can't tell apart", "quantity.compare('9007199254740993', 9007199254740992)",
         "1"},
        {"malformed", "quantity.compare('1', 'x')",
         "error: quantity.compare: argument 2 is not a quantity; ask quantity.parse first"},
        {"nil", "quantity.compare(nil, '1')",
         "error: quantity.compare: argument 1 must be a string or a number, got nil"},
        {"boolean", "quantity.parse(true)",
         "error: quantity.parse: argument 1 must be a string or a number, got boolean"},
        {"unknown", "quantity.compare('1', unknown)", "unknown"},
        {"parse unknown", "quantity.parse(unknown)", "unknown"},
    };
    expect_lua_cases("quantity", lua_quantity_push, cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
