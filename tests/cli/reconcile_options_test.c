#include "cli/reconcile_options.h"

#include "tests/support/expect.h"

static const struct {
    const char *name;
    struct reconcile_options options;
    bool has_fleet, has_keys;
    const char *message; // NULL: it is fine
} checks[] = {
    {"nothing is asked for", {0}, false, false, NULL},
    {"all that it needs", {.reconciles = true, .sim_state = "f"}, true, true, NULL},
    {"no management cluster",
     {.reconciles = true, .sim_state = "f"},
     false,
     true,
     "--reconcile needs --in-cluster or --kubeconfig"},
    {"no keys",
     {.reconciles = true, .sim_state = "f"},
     true,
     false,
     "--reconcile needs --attestation-keys: approvals are signed with them"},
    {"no cloud",
     {.reconciles = true},
     true,
     true,
     "--reconcile needs a provider: --sim-state FILE is where the embedded cloud is kept"},
    {"a cloud that nobody uses",
     {.sim_state = "f"},
     true,
     true,
     "--sim-state and --sim-pace need --reconcile"},
    {"a pace of nothing", {.sim_pace = 2}, true, true, "--sim-state and --sim-pace need --reconcile"},
};

static void options_must_go_together(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct error error = {0};
        bool fine =
            reconcile_options_check(&checks[i].options, checks[i].has_fleet, checks[i].has_keys, &error);
        expect_integer(checks[i].name, fine, checks[i].message == NULL);
        if (!fine) {
            expect_error(checks[i].name, &error, ERROR_INVALID, checks[i].message);
        }
    }
}

static const struct {
    const char *text;
    double pace; // 0: refused
} paces[] = {{"1", 1}, {"0.5", 0.5}, {"300", 300}, {"0", 0},       {"-1", 0},   {"", 0},
             {"x", 0}, {"1x", 0},    {"inf", 0},   {"1000001", 0}, {"1e400", 0}};

static void a_pace_is_a_number_over_0(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
        struct reconcile_options options = {0};
        struct error error = {0};
        bool fine = true;
        assert_true(reconcile_options_read(&options, OPTION_SIM_PACE, paces[i].text, &fine, &error));
        expect_integer(paces[i].text, fine, paces[i].pace > 0);
        expect_true(paces[i].text, options.sim_pace == paces[i].pace, "as written");
    }
}

static void other_options_are_left_alone(void **state) {
    (void)state;
    struct reconcile_options options = {0};
    struct error error = {0};
    bool fine = false;
    assert_false(reconcile_options_read(&options, 'c', "x", &fine, &error));
    assert_true(reconcile_options_read(&options, OPTION_RECONCILE, NULL, &fine, &error));
    assert_true(options.reconciles && fine);
    assert_true(reconcile_options_read(&options, OPTION_SIM_STATE, "", &fine, &error));
    assert_false(fine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_must_go_together),
        cmocka_unit_test(a_pace_is_a_number_over_0),
        cmocka_unit_test(other_options_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
