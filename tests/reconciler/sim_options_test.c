// What commands are told of the embedded cloud, and how they refuse what it can't be.
#include "reconciler/providers/sim_options.h"

#include "tests/support/expect.h"

#include <stdio.h>

static void test_read(void **state) {
    (void)state;
    struct sim_settings settings;
    struct error error = {0};
    sim_settings_init(&settings);
    static const struct {
        enum sim_setting setting;
        const char *text;
    } texts[] = {
        {SIM_SETTING_PACE, "0.5"},         {SIM_SETTING_SEED, "18446744073709551615"},
        {SIM_SETTING_REGION, "eu-west-1"}, {SIM_SETTING_REGION, "us=20"},
        {SIM_SETTING_REGION, "ap=0,500"},  {SIM_SETTING_FAULT, "lost-answer=0.05"},
        {SIM_SETTING_FAULT, "throttle=1"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (!sim_settings_read(&settings, texts[i].setting, texts[i].text, &error)) {
            fail_msg("%s: %s", texts[i].text, error.message);
        }
    }
    assert_true(settings.options.pace == 0.5);
    assert_true(settings.options.seed == UINT64_MAX);
    assert_true(settings.options.faults.lost_answer == 0.05 && settings.options.faults.throttle == 1);
    assert_int_equal(settings.options.region_count, 3);
    expect_text("first", settings.options.regions[0].name, "eu-west-1");
    expect_integer("first", settings.options.regions[0].clusters, 0);
    expect_text("second", settings.options.regions[1].name, "us");
    expect_integer("second", settings.options.regions[1].clusters, 20);
    expect_integer("second", settings.options.regions[1].nodes, 0);
    expect_integer("third", settings.options.regions[2].clusters, 0);
    expect_integer("third", settings.options.regions[2].nodes, 500);
    sim_settings_clear(&settings);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        enum sim_setting setting;
        const char *text, *message;
    } cases[] = {
        {SIM_SETTING_PACE, "", "--sim-pace: \"\" is not a number from 0.001 to 100000"},
        {SIM_SETTING_PACE, "0", "--sim-pace: \"0\" is not a number"},
        {SIM_SETTING_PACE, "fast", "--sim-pace: \"fast\" is not a number"},
        {SIM_SETTING_PACE, "inf", "is not a number"},
        {SIM_SETTING_PACE, " 1", "is not a number"},
        {SIM_SETTING_PACE, "1.2.3", "is not a number"},
        {SIM_SETTING_SEED, "-1", "--sim-seed: \"-1\" is not a whole number from 0 to 18446744073709551615"},
        {SIM_SETTING_SEED, "18446744073709551616", "is not a whole number"},
        {SIM_SETTING_SEED, "", "is not a whole number"},
        {SIM_SETTING_REGION, "", "--sim-region: \"\" does not begin with a name"},
        {SIM_SETTING_REGION, "=3", "does not begin with a name"},
        {SIM_SETTING_REGION, "eu west=3", "does not begin with a name"},
        {SIM_SETTING_REGION, "eu=", "behind = must be a number of clusters"},
        {SIM_SETTING_REGION, "eu=3,", "behind = must be"},
        {SIM_SETTING_REGION, "eu=-3", "behind = must be"},
        {SIM_SETTING_REGION, "eu=3,4,5", "behind = must be"},
        {SIM_SETTING_REGION, "eu=99999999999", "behind = must be"},
        {SIM_SETTING_REGION, "there=3", "region there is there twice"},
        {SIM_SETTING_FAULT, "lost",
         "is none of throttle, lost-request, lost-answer, partial, fails and crash"},
        {SIM_SETTING_FAULT, "crash", "must be crash=PROBABILITY, from 0 to 1"},
        {SIM_SETTING_FAULT, "crash=", "must be crash=PROBABILITY"},
        {SIM_SETTING_FAULT, "crash=1.5", "must be crash=PROBABILITY"},
        {SIM_SETTING_FAULT, "crash=5%", "must be crash=PROBABILITY"},
    };
    struct sim_settings settings;
    struct error error = {0};
    sim_settings_init(&settings);
    assert_true(sim_settings_read(&settings, SIM_SETTING_REGION, "there", &error));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        error = (struct error){0};
        expect_true(cases[i].text, !sim_settings_read(&settings, cases[i].setting, cases[i].text, &error),
                    "refused");
        expect_integer(cases[i].text, error.kind, ERROR_INVALID);
        expect_contains(cases[i].text, error.message, cases[i].message);
    }
    expect_integer("as it was", (int64_t)settings.options.region_count, 1);
    expect_true("as it was", settings.options.pace == 1 && settings.options.faults.crash == 0, "all of it");
    sim_settings_clear(&settings);
}

static void test_most_regions(void **state) {
    (void)state;
    struct sim_settings settings;
    struct error error = {0};
    sim_settings_init(&settings);
    for (int i = 0; i <= SIM_MOST_REGIONS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "r%d", i);
        assert_int_equal(sim_settings_read(&settings, SIM_SETTING_REGION, name, &error),
                         i < SIM_MOST_REGIONS);
    }
    expect_contains("most", error.message, "--sim-region: more than 64 regions");
    sim_settings_clear(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_most_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
