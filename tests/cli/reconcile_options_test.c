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
     "--sim-state and what is said of it need --reconcile"},
    {"a pace of nothing",
     {.has_sim_settings = true},
     true,
     true,
     "--sim-state and what is said of it need --reconcile"},
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
    const char *name;
    int option;
    const char *value;
    const char *message; // NULL: it is fine
} values[] = {
    {"pace", OPTION_SERVE_SIM_PACE, "300", NULL},
    {"no pace", OPTION_SERVE_SIM_PACE, "0", "--sim-pace: "},
    {"seed", OPTION_SERVE_SIM_SEED, "7", NULL},
    {"region", OPTION_SERVE_SIM_REGION, "eu-west-1=3", NULL},
    {"fault", OPTION_SERVE_SIM_FAULT, "lost-answer=0.1", NULL},
    {"no such fault", OPTION_SERVE_SIM_FAULT, "fire=0.1", "--sim-fault: "},
    {"no file", OPTION_SERVE_SIM_STATE, "", "--sim-state: want a file"},
};

static void what_is_said_of_the_cloud_is_checked(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        CLEANUP(reconcile_options_clear) struct reconcile_options options;
        struct error error = {0};
        bool fine = true;
        reconcile_options_init(&options);
        assert_true(reconcile_options_read(&options, values[i].option, values[i].value, &fine, &error));
        expect_integer(values[i].name, fine, values[i].message == NULL);
        if (!fine) {
            expect_contains(values[i].name, error.message, values[i].message);
        }
    }
}

static void other_options_are_left_alone(void **state) {
    (void)state;
    CLEANUP(reconcile_options_clear) struct reconcile_options options;
    struct error error = {0};
    bool fine = false;
    reconcile_options_init(&options);
    assert_false(reconcile_options_read(&options, 'c', "x", &fine, &error));
    assert_true(reconcile_options_read(&options, OPTION_RECONCILE, NULL, &fine, &error));
    assert_true(options.reconciles && fine);
    assert_false(options.has_sim_settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_must_go_together),
        cmocka_unit_test(what_is_said_of_the_cloud_is_checked),
        cmocka_unit_test(other_options_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
