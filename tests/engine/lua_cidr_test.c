#include "tests/engine/lua_expect.h"

static void test_parse(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        const char *expected; // family, prefix, network, broadcast, has_host_bits
    } cases[] = {
        {"10.0.0.0/16", "4, 16, 10.0.0.0, 10.0.255.255, false"},
        {"10.0.0.1/8", "4, 8, 10.0.0.0, 10.255.255.255, true"},
        {"0.0.0.0/0", "4, 0, 0.0.0.0, 255.255.255.255, false"},
        {"255.255.255.255/32", "4, 32, 255.255.255.255, 255.255.255.255, false"},
        {"192.168.1.130/25", "4, 25, 192.168.1.128, 192.168.1.255, true"},
        {"fd00:10::/48", "6, 48, fd00:10::, fd00:10:0:ffff:ffff:ffff:ffff:ffff, false"},
        {"::/0", "6, 0, ::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, false"},
        {"::1/128", "6, 128, ::1, ::1, false"},
        {"1::/128", "6, 128, 1::, 1::, false"},
        {"2001:DB8:0:0:1:0:0:1/128", "6, 128, 2001:db8::1:0:0:1, 2001:db8::1:0:0:1, false"},
        {"1:2:3:4:5:6:7:8/128", "6, 128, 1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8, false"},
        {"1:0:3:4:5:6:7:8/128", "6, 128, 1:0:3:4:5:6:7:8, 1:0:3:4:5:6:7:8, false"},
        {"1:2:3:4:5:6:7::/128", "6, 128, 1:2:3:4:5:6:7:0, 1:2:3:4:5:6:7:0, false"},
        {"::ffff:10.0.0.1/128", "6, 128, ::ffff:a00:1, ::ffff:a00:1, false"},
        {"1:2:3:4:5:6:1.2.3.4/128", "6, 128, 1:2:3:4:5:6:102:304, 1:2:3:4:5:6:102:304, false"},
    };
    lua_State *state = lua_state_with("cidr", lua_cidr_push);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expression[200];
        snprintf(expression, sizeof(expression),
                 "(function(c) return c.family, c.prefix, c.network, c.broadcast, c.has_host_bits end)"
                 "(cidr.parse('%s'))",
                 cases[i].text);
        expect_lua(state, &(struct lua_case){cases[i].text, expression, cases[i].expected});
    }
    lua_close(state);
}

static void test_malformed(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "malformed address"},
        {"/", "malformed address"},
        {"10.0.0.0", "no prefix length"},
        {"::1", "no prefix length"},
        {"10.0.0.0/", "malformed prefix length"},
        {"10.0.0.0/33", "malformed prefix length"},
        {"10.0.0.0/-1", "malformed prefix length"},
        {"10.0.0.0/+8", "malformed prefix length"},
        {"10.0.0.0/08", "malformed prefix length"},
        {"10.0.0.0/8 ", "malformed prefix length"},
        {"10.0.0.0/8/8", "malformed prefix length"},
        {"10.0.0.0/255.0.0.0", "malformed prefix length"},
        {"10.0.0.0/4294967304", "malformed prefix length"},
        {"::/129", "malformed prefix length"},
        {"10/8", "malformed address"},
        {"10.0/8", "malformed address"},
        {"10.0.0/8", "malformed address"},
        {"10.0.0.0.0/8", "malformed address"},
        {"010.0.0.0/8", "malformed address"},
        {"0x0a.0.0.0/8", "malformed address"},
        {"256.0.0.0/8", "malformed address"},
        {"10.0.0.-1/8", "malformed address"},
        {"10..0.0/8", "malformed address"},
        {".10.0.0.0/8", "malformed address"},
        {"10.0.0.0./8", "malformed address"},
        {" 10.0.0.0/8", "malformed address"},
        {"10.0.0.0\\n/8", "malformed address"},
        {"10.0.0.0\\0/8", "malformed address"},
        {"1:2:3:4:5:6:7/64", "malformed address"},
        {"1:2:3:4:5:6:7:8:9/64", "malformed address"},
        {"1:2:3:4:5:6:7:8::/64", "malformed address"},
        {"1:2:3:4::5:6:7:8/64", "malformed address"},
        {"1::2::3/64", "malformed address"},
        {":::/64", "malformed address"},
        {":1::/64", "malformed address"},
        {"1:/64", "malformed address"},
        {"1::2:/64", "malformed address"},
        {"12345::/64", "malformed address"},
        {"g::/64", "malformed address"},
        {"fe80::1%eth0/64", "malformed address"},
        {"[::1]/64", "malformed address"},
        {"::1.2.3/64", "malformed address"},
        {"::1.2.3.4.5/64", "malformed address"},
        {"::1.2.3.4:5/64", "malformed address"},
        {"1:2:3:4:5:6:7:1.2.3.4/64", "malformed address"},
        {"1.2.3.4::/64", "malformed address"},
        {"::ffff:010.0.0.1/64", "malformed address"},
        {"${POD_CIDR}", "malformed address"},
    };
    lua_State *state = lua_state_with("cidr", lua_cidr_push);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expression[100];
        char expected[60];
        snprintf(expression, sizeof(expression), "cidr.parse('%s')", cases[i].text);
        snprintf(expected, sizeof(expected), "nil, %s", cases[i].reason);
        expect_lua(state, &(struct lua_case){cases[i].text, expression, expected});
    }
    lua_close(state);
}

static void test_relations(void **unused) {
    (void)unused;
    static const struct lua_case cases[] = {
        {"contains", "cidr.contains('10.0.0.0/8', '10.1.0.0/16')", "true"},
        {"contains itself", "cidr.contains('10.0.0.0/8', '10.0.0.0/8')", "true"},
        {"does not contain a larger one", "cidr.contains('10.1.0.0/16', '10.0.0.0/8')", "false"},
        {"does not contain its neighbour", "cidr.contains('10.0.0.0/16', '10.1.0.0/16')", "false"},
        {"contains an address", "cidr.contains('10.0.0.0/8', '10.255.255.255')", "true"},
        {"an address contains nothing", "cidr.contains('10.0.0.1', '10.0.0.1')",
         "error: cidr.contains: argument 1 is not a CIDR: no prefix length; ask cidr.parse first"},
        {"contains IPv6", "cidr.contains('fd00::/8', 'fd12:3456::/32')", "true"},
        {"families don't mix", "cidr.contains('::/0', '10.0.0.0/8')", "false"},
        {"mapped addresses are IPv6", "cidr.contains('10.0.0.0/8', '::ffff:10.0.0.1')", "false"},
        {"overlaps", "cidr.overlaps('10.0.0.0/8', '10.1.0.0/16')", "true"},
        {"overlaps the other way round", "cidr.overlaps('10.1.0.0/16', '10.0.0.0/8')", "true"},
        {"does not overlap", "cidr.overlaps('10.0.0.0/16', '10.1.0.0/16')", "false"},
        {"host bits don't matter", "cidr.overlaps('10.0.255.1/16', '10.0.1.2/24')", "true"},
        {"everything overlaps", "cidr.overlaps('0.0.0.0/0', '192.168.0.0/16')", "true"},
        {"families don't overlap", "cidr.overlaps('0.0.0.0/0', '::/0')", "false"},
        {"size", "cidr.size('10.0.0.0/16')", "16"},
        {"size of one", "cidr.size('10.0.0.0/32')", "0"},
        {"size of everything", "cidr.size('::/0')", "128"},
        {"malformed", "cidr.overlaps('10.0.0.0/8', 'x')",
         "error: cidr.overlaps: argument 2 is not a CIDR: malformed address; ask cidr.parse first"},
        {"nil", "cidr.parse(nil)", "error: cidr.parse: argument 1 must be a string, got nil"},
        {"unknown", "cidr.parse(unknown)", "unknown"},
        {"unknown inner", "cidr.contains('10.0.0.0/8', unknown)", "unknown"},
        {"huge text", "cidr.parse(('1'):rep(1000000))", "nil, malformed address"},
        {"many colons", "cidr.parse((':'):rep(1000000))", "nil, malformed address"},
    };
    expect_lua_cases("cidr", lua_cidr_push, cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_relations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
