#include "tests/engine/lua_expect.h"

static void run(const struct lua_case *cases, size_t count) {
    expect_lua_cases("text", lua_text_push, cases, count);
}
#define RUN(cases) run(cases, sizeof(cases) / sizeof(cases[0]))

static void test_globs(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"glob", "text.glob('eu-*', 'eu-west-1')", "true"},
        {"glob differs", "text.glob('eu-*', 'us-east-1')", "false"},
        {"NUL is a character", "text.glob('a', 'a\\0b')", "false"},
        {"any of a list", "text.glob_any({'us-*', 'eu-*'}, 'eu-west-1')", "true"},
        {"none of a list", "text.glob_any({'us-*'}, 'eu-west-1')", "false"},
        {"no list", "text.glob_any(nil, 'eu-west-1')", "false"},
        {"empty list", "text.glob_any({}, 'eu-west-1')", "false"},
        {"read-only list", "text.glob_any(proxy {'us-*', 'eu-*'}, 'eu-west-1')", "true"},
        {"too much to compare", "text.glob('*' .. ('a'):rep(1000) .. 'b', ('a'):rep(100000))",
         "error: text.glob: the patterns and the text are too long to compare"},
        {"too much over a list",
         "text.glob_any(setmetatable({}, {__len = function() return 90000 end, "
         "__index = function() return ('a'):rep(300) .. 'b' end}), ('a'):rep(300) .. 'c')",
         "error: text.glob_any: the patterns and the text are too long to compare"},
        {"too many items", "text.glob_any(setmetatable({}, {__len = function() return 1 << 40 end}), 'a')",
         "error: text.glob_any: argument 1 has 1099511627776 items, the most is 100000"},
    };
    RUN(cases);
}

static void test_searching(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"starts", "text.starts_with('abc', 'ab')", "true"},
        {"starts with nothing", "text.starts_with('abc', '')", "true"},
        {"starts with more", "text.starts_with('ab', 'abc')", "false"},
        {"ends", "text.ends_with('abc', 'bc')", "true"},
        {"ends with more", "text.ends_with('ab', 'abc')", "false"},
        {"contains", "text.contains('abc', 'b')", "true"},
        {"contains is plain", "text.contains('abc', '.')", "false"},
        {"contains nothing", "text.contains('', '')", "true"},
        {"contains after NUL", "text.contains('a\\0b', 'b')", "true"},
        {"find", "text.find('abcabc', 'b')", "2"},
        {"find from", "text.find('abcabc', 'b', 3)", "5"},
        {"find from the end", "text.find('abcabc', 'b', -2)", "5"},
        {"find from before the start", "text.find('abcabc', 'b', -100)", "2"},
        {"find past the end", "text.find('abc', 'b', 100)", "nil"},
        {"find from a far past", "text.find('abc', 'b', math.mininteger)", "2"},
        {"find from a far future", "text.find('abc', 'b', math.maxinteger)", "nil"},
        {"find nothing at the end", "text.find('abc', '', 4)", "4"},
        {"find is plain", "text.find('a+b', '+')", "2"},
        {"find nothing there", "text.find('abc', 'x')", "nil"},
        {"a needle that repeats", "text.find(('a'):rep(100000) .. 'b', ('a'):rep(1000) .. 'b')", "99001"},
    };
    RUN(cases);
}

static void test_pieces(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"split", "table.unpack(text.split('a,b,c', ','))", "a, b, c"},
        {"split keeps empty pieces", "#text.split(',,', ',')", "3"},
        {"split of nothing", "#text.split('', ',')", "1"},
        {"split into at most two", "table.unpack(text.split('a,b,c', ',', 2))", "a, b,c"},
        {"split into one", "table.unpack(text.split('a,b,c', ',', 1))", "a,b,c"},
        {"split by a longer text", "table.unpack(text.split('a::b::c', '::'))", "a, b, c"},
        {"split by nothing", "text.split('abc', '')", "error: text.split: argument 2 must not be empty"},
        {"split into none", "text.split('abc', 'b', 0)", "error: text.split: argument 3 must be at least 1"},
        {"split into too many", "text.split(('a'):rep(200000), 'a')",
         "error: text.split: more than 100000 pieces"},
        {"split into too many, limited", "#text.split(('a'):rep(200000), 'a', 5)", "5"},
        {"lines", "table.unpack(text.lines('a\\nb\\r\\nc\\n'))", "a, b, c"},
        {"lines keep empty ones", "#text.lines('\\n\\n')", "2"},
        {"no lines", "#text.lines('')", "0"},
        {"a carriage return alone stays", "#text.lines('a\\rb')", "1"},
        {"a carriage return at the end stays", "text.lines('a\\r')[1] == 'a\\r'", "true"},
        {"trim", "'<' .. text.trim(' \\t\\r\\n a b \\v\\f') .. '>'", "<a b>"},
        {"trim of blanks", "'<' .. text.trim('   ') .. '>'", "<>"},
        {"join", "text.join({'a', 'b', 'c'}, ', ')", "a, b, c"},
        {"join without separator", "text.join({'a', 'b'})", "ab"},
        {"join of nothing", "text.join({}, ', ') == ''", "true"},
        {"join of a read-only list", "text.join(proxy {'a', 'b'}, '-')", "a-b"},
        {"join of a number", "text.join({'a', 1}, '-')",
         "error: text.join: argument 1: item 2 must be a string, got number"},
        {"join of what is no list", "text.join('a', '-')",
         "error: text.join: argument 1 must be a list, got string"},
        {"join of many", "#text.join(text.split(('a,'):rep(90000), ','), ';')", "180000"},
    };
    RUN(cases);
}

static void test_changing(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"lower", "text.lower('EU-West-1 [@`{')", "eu-west-1 [@`{"},
        {"upper", "text.upper('eu-west-1 [@`{')", "EU-WEST-1 [@`{"},
        {"lower leaves other letters", "text.lower('\\u{C9}') == '\\u{C9}'", "true"},
        {"lower of a long text", "#text.lower(('A'):rep(1000000))", "1000000"},
        {"replace", "text.replace('a-b-c', '-', '+')", "a+b+c"},
        {"replace is plain", "text.replace('a.b', '.', '%0')", "a%0b"},
        {"replace at most", "text.replace('a-b-c', '-', '+', 1)", "a+b-c"},
        {"replace none", "text.replace('a-b-c', '-', '+', 0)", "a-b-c"},
        {"replace a negative number", "text.replace('a-b-c', '-', '+', -1)", "a-b-c"},
        {"replace does not look at what it put in", "text.replace('aa', 'a', 'aa')", "aaaa"},
        {"replace nothing", "text.replace('a', '', 'b')",
         "error: text.replace: argument 2 must not be empty"},
        {"replace too often", "text.replace(('a'):rep(200000), 'a', 'b')",
         "error: text.replace: more than 100000 replacements"},
        {"quote", "text.quote('a \"b\" \\\\ \\n\\t\\0')", "\"a \\\"b\\\" \\\\ \\n\\u0009\\u0000\""},
        {"quote keeps UTF-8", "text.quote('\\u{20AC}') == '\"\\u{20AC}\"'", "true"},
        {"quote replaces bad bytes", "text.quote('a\\xFFb') == '\"a\\u{FFFD}b\"'", "true"},
    };
    RUN(cases);
}

static void test_names(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"label", "text.is_dns_label('eu-7')", "true"},
        {"label of 63", "text.is_dns_label(('a'):rep(63))", "true"},
        {"label of 64", "text.is_dns_label(('a'):rep(64))", "false"},
        {"empty label", "text.is_dns_label('')", "false"},
        {"label with capitals", "text.is_dns_label('Eu')", "false"},
        {"label with a dot", "text.is_dns_label('a.b')", "false"},
        {"label that begins with a dash", "text.is_dns_label('-a')", "false"},
        {"label that ends with a dash", "text.is_dns_label('a-')", "false"},
        {"label with NUL", "text.is_dns_label('a\\0b')", "false"},
        {"label with a line end", "text.is_dns_label('a\\n')", "false"},
        {"subdomain", "text.is_dns_subdomain('a.b-c.d')", "true"},
        {"subdomain with an empty label", "text.is_dns_subdomain('a..b')", "false"},
        {"subdomain that ends with a dot", "text.is_dns_subdomain('a.')", "false"},
        {"subdomain of 253", "text.is_dns_subdomain(('a'):rep(253))", "true"},
        {"subdomain of 254", "text.is_dns_subdomain(('a'):rep(254))", "false"},
        {"empty subdomain", "text.is_dns_subdomain('')", "false"},
        {"label value", "text.is_label_value('Team_A.1-x')", "true"},
        {"empty label value", "text.is_label_value('')", "true"},
        {"label value that begins with a dot", "text.is_label_value('.a')", "false"},
        {"label value that ends with a dash", "text.is_label_value('a-')", "false"},
        {"label value of one dash", "text.is_label_value('-')", "false"},
        {"label value with NUL", "text.is_label_value('a\\0b')", "false"},
        {"label value of 64", "text.is_label_value(('a'):rep(64))", "false"},
        {"nearest", "text.nearest('eu-west1', {'us-east-1', 'eu-west-1', 'eu-west-2'})", "eu-west-1"},
        {"nearest swaps neighbours", "text.nearest('repilcas', {'replicas'})", "replicas"},
        {"nearest ignores letter case", "text.nearest('OpenstackCluster', {'OpenStackCluster'})",
         "OpenStackCluster"},
        {"nothing is near", "text.nearest('mars', {'eu-west-1'})", "nil"},
        {"short names are near to nothing", "text.nearest('a', {'b'})", "nil"},
        {"nearest in no list", "text.nearest('a', nil)", "nil"},
        {"nearest in a read-only list", "text.nearest('regoin', proxy {'region'})", "region"},
        {"nearest passes over what is not known", "text.nearest('regoin', {unknown, 'region'})", "region"},
        {"too long to be near", "text.nearest(('a'):rep(65), {('a'):rep(65)})", "nil"},
    };
    RUN(cases);
}

static void test_wrong_arguments(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"nil", "text.glob(nil, 'a')", "error: text.glob: argument 1 must be a string, got nil"},
        {"nothing", "text.glob('a')", "error: text.glob: argument 2 must be a string, got nothing"},
        {"a number is no string", "text.lower(5)",
         "error: text.lower: argument 1 must be a string, got number"},
        {"a table", "text.trim({})", "error: text.trim: argument 1 must be a string, got table"},
        {"a userdata", "text.trim(proxy {})", "error: text.trim: argument 1 must be a string, got userdata"},
        {"a named userdata", "text.trim(io.stdout)",
         "error: text.trim: argument 1 must be a string, got FILE*"},
        {"a float that is no integer", "text.split('a', 'b', 1.5)",
         "error: text.split: argument 3 must be an integer, got number"},
        {"a number in a string", "text.split('a', 'b', '1')",
         "error: text.split: argument 3 must be an integer, got string"},
        {"a whole float", "#text.split('a', 'b', 1.0)", "1"},
        {"a string for a list", "text.glob_any('a', 'a')",
         "error: text.glob_any: argument 1 must be a list, got string"},
        {"a file for a list", "text.glob_any(io.stdout, 'a')",
         "error: text.glob_any: argument 1 must be a list, got FILE*"},
        {"an item of another type", "text.glob_any({'x', 5}, 'a')",
         "error: text.glob_any: argument 1: item 2 must be a string, got number"},
    };
    RUN(cases);
}

static void test_unknown(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"as text", "text.glob('a', unknown)", "unknown"},
        {"as pattern", "text.glob(unknown, 'a')", "unknown"},
        {"as list", "text.glob_any(unknown, 'a')", "unknown"},
        {"as item", "text.glob_any({'b', unknown}, 'a')", "unknown"},
        {"a known item decides", "text.glob_any({unknown, 'a'}, 'a')", "true"},
        {"as text against a list", "text.glob_any({'a'}, unknown)", "unknown"},
        {"as integer", "text.split('a', 'b', unknown)", "unknown"},
        {"as item to join", "text.join({'a', unknown}, ',')", "unknown"},
        {"to quote", "text.quote(unknown)", "unknown"},
        {"as a name", "text.is_dns_label(unknown)", "unknown"},
        {"as list of names", "text.nearest('a', unknown)", "unknown"},
    };
    RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_globs),   cmocka_unit_test(test_searching),
        cmocka_unit_test(test_pieces),  cmocka_unit_test(test_changing),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
