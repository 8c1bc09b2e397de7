#include "tests/reconciler/plan_fixture.h"

// "step; step; waits: why" or "converged".
static const char *describe(struct arena *arena, const struct plan *plan) {
    const char *text = "";
    for (size_t i = 0; i < plan->count; i++) {
        text = arena_printf(arena, "%s%s%s", text, i ? "; " : "", plan_step_text(arena, &plan->steps[i]));
    }
    const char *separator = plan->count > 0 && (plan->waits || plan->converged) ? "; " : "";
    return arena_printf(arena, "%s%s%s%s%s", text, separator, plan->waits ? "waits: " : "",
                        plan->waits ? plan->waits : "", plan->converged ? "converged" : "");
}

struct plan_case {
    const char *name;
    const char *spec; // NULL: none
    const char *cloud;
    const char *expected;
};

static void run_cases(const struct plan_case *cases, size_t count, bool deleting) {
    for (size_t i = 0; i < count; i++) {
        struct plan_fixture fixture = {.arena = arena_new()};
        const struct plan_question question = {.spec = cases[i].spec ? fixture_spec(&fixture, cases[i].spec)
                                                                     : NULL,
                                               .cloud = fixture_cloud(&fixture, cases[i].cloud),
                                               .owner = "uid-1",
                                               .deleting = deleting};
        struct plan plan;
        plan_make(fixture.arena, &question, &plan);
        expect_text(cases[i].name, describe(fixture.arena, &plan), cases[i].expected);
        arena_free(fixture.arena);
    }
}

static void creates_and_scales(void **state) {
    (void)state;
    static const struct plan_case cases[] = {
        {"from nothing", "1.31.2 cp3 | a 1.31.2 x3 | b 1.30.1 x1", "none",
         "create cluster at 1.31.2; create pool a of 3 at 1.31.2; create pool b of 1 at 1.30.1"},
        {"as it should be", "1.31.2 | a 1.31.2 x3", "active 1.31.2 | a 1.31.2 x3", "converged"},
        {"any patch is good", "1.31 | a 1.31 x3", "active 1.31.7 | a 1.31.6 x3", "converged"},
        {"a cloud that knows minors only", "1.31.2 | a 1.31.2 x3", "active 1.31 | a 1.31 x3", "converged"},
        {"any build is good", "1.31.2", "active 1.31.2-gke.100", "converged"},
        {"another build", "1.31.2-gke.100", "active 1.31.2-gke.99",
         "upgrade control plane to 1.31.2-gke.100"},
        {"a prerelease is not the release", "1.31.2", "active 1.31.2-rc.1",
         "upgrade control plane to 1.31.2"},
        {"more of both", "1.31.2 cp5 | a 1.31.2 x4", "active 1.31.2 cp3/3 | a 1.31.2 x3",
         "scale control plane to 5; scale pool a to 4"},
        {"fewer machines of a healthy control plane", "1.31.2 cp1", "active 1.31.2 cp3/3",
         "scale control plane to 1"},
        {"no fewer of one that is not", "1.31.2 cp1", "active 1.31.2 cp2/3",
         "waits: the control plane has 2 of 3 machines ready"},
        {"added before taken away", "1.31.2 | a 1.31.2 x1 | c 1.31.2 x2 | d 1.31.2 x9",
         "active 1.31.2 | a 1.31.2 x3 | b 1.31.2 x3 | d 1.31.2 x5",
         "create pool c of 2 at 1.31.2; scale pool d to 9; scale pool a to 1; delete pool b"},
        {"an autoscaler's number stands", "1.31.2 | a 1.31.2 x3 auto2-8", "active 1.31.2 | a 1.31.2 x7",
         "converged"},
        {"above its limits", "1.31.2 | a 1.31.2 x3 auto2-8", "active 1.31.2 | a 1.31.2 x9",
         "scale pool a to 8"},
        {"below its limits", "1.31.2 | a 1.31.2 x3 auto2-8", "active 1.31.2 | a 1.31.2 x1",
         "scale pool a to 2"},
        {"a pool in another order", "1.31.2 | a 1.31.2 x1 | b 1.31.2 x1",
         "active 1.31.2 | b 1.31.2 x1 | a 1.31.2 x1", "converged"},
    };
    run_cases(cases, sizeof(cases) / sizeof(*cases), false);
}

// What is added and scaled is; what can't be taken back waits.
static void waits_for_a_pool_that_cannot_be_read(void **state) {
    (void)state;
#define UNSEEN "waits: AWSMachineTemplate prod/b has not been seen"
    static const struct plan_case cases[] = {
        {"it may be the one that is not wanted", "1.31.2 unread | a 1.31.2 x3",
         "active 1.31.2 | a 1.31.2 x3 | b 1.31.2 x3", UNSEEN},
        {"more", "1.31.2 unread | a 1.31.2 x5", "active 1.31.2 | a 1.31.2 x3", "scale pool a to 5"},
        {"fewer", "1.31.2 unread | a 1.31.2 x1", "active 1.31.2 | a 1.31.2 x3", UNSEEN},
        {"pools follow, the control plane goes no further", "1.32.0 unread | a 1.32.0 x3",
         "active 1.31.2 | a 1.30.2 x3", "upgrade pool a to 1.31.2"},
        {"nor by a patch", "1.31.9 unread | a 1.31.2 x3", "active 1.31.2 | a 1.31.2 x3", UNSEEN},
        {"not in the way of the next minor", "1.34.0 unread", "active 1.33.0 | b 1.30.4 x3", UNSEEN},
        {"a new cluster", "1.31.2 unread | a 1.31.2 x3", "none",
         "create cluster at 1.31.2; create pool a of 3 at 1.31.2"},
    };
#undef UNSEEN
    run_cases(cases, sizeof(cases) / sizeof(*cases), false);
}

static void upgrades(void **state) {
    (void)state;
    static const struct plan_case cases[] = {
        {"one minor", "1.31.2 | a 1.31.2 x3", "active 1.30.4 | a 1.30.4 x3",
         "upgrade control plane to 1.31.2; upgrade pool a to 1.31.2"},
        {"a patch", "1.31.2 | a 1.31.2 x3", "active 1.31.1 | a 1.31.0 x3",
         "upgrade control plane to 1.31.2; upgrade pool a to 1.31.2"},
        {"two minors, with the pools in between", "1.32.1 | a 1.32.1 x3", "active 1.30.4 | a 1.30.1 x3",
         "upgrade control plane to 1.31.0; upgrade pool a to 1.31.0; upgrade control plane to 1.32.1; "
         "upgrade pool a to 1.32.1"},
        {"pools that are behind first", "1.31.2 | a 1.31.2 x3 | b 1.31.2 x3",
         "active 1.30.4 | a 1.28.1 x3 | b 1.30.0 x3",
         "upgrade pool a to 1.29.0; upgrade pool a to 1.30.4; upgrade control plane to 1.31.2; upgrade pool "
         "a "
         "to 1.31.2; upgrade pool b to 1.31.2"},
        {"a new pool is made at what is there", "1.31.2 | a 1.31.2 x3", "active 1.30.4",
         "create pool a of 3 at 1.30.4; upgrade control plane to 1.31.2; upgrade pool a to 1.31.2"},
        {"a pool that stays older", "1.32.1 | a 1.30.4 x3", "active 1.30.4 | a 1.30.4 x3",
         "upgrade control plane to 1.31.0; upgrade control plane to 1.32.1"},
        {"too old for the next minor", "1.34.0 | a 1.30.4 x3", "active 1.33.0 | a 1.30.4 x3",
         "waits: pool a at 1.30.4 is too old for control plane 1.34"},
        {"too old, and not wanted", "1.34.0", "active 1.33.0 | a 1.30.4 x3",
         "delete pool a; upgrade control plane to 1.34.0"},
        {"not wanted, and not in the way", "1.34.0", "active 1.33.0 | a 1.33.0 x3",
         "upgrade control plane to 1.34.0; delete pool a"},
        {"builds keep their suffix", "1.32.1+rke2r2", "active 1.30.4+rke2r1",
         "upgrade control plane to 1.31.0+rke2r2; upgrade control plane to 1.32.1+rke2r2"},
        {"minors only", "1.32", "active 1.30",
         "upgrade control plane to 1.31; upgrade control plane to 1.32"},
        {"what was begun goes on", "1.32.1 | a 1.32.1 x3", "active 1.30.4>1.31.5 | a 1.30.4 x3",
         "upgrade control plane to 1.31.5; upgrade pool a to 1.31.5; upgrade control plane to 1.32.1; "
         "upgrade "
         "pool a to 1.32.1"},
        {"what was begun, of any patch", "1.31 | a 1.31 x1", "active 1.31.1>1.31.2 | a 1.31.1 x1",
         "upgrade control plane to 1.31.2"},
        {"back", "1.30.4 | a 1.30.4 x9", "active 1.31.2 | a 1.30.4 x3",
         "waits: the control plane is at 1.31.2: 1.30.4 would be a step back"},
        {"back from what was begun", "1.30.4", "active 1.30.4>1.31.2",
         "waits: the control plane is at 1.31.2: 1.30.4 would be a step back"},
        {"a pool back: the rest is done", "1.31.2 | a 1.30.4 x3 | b 1.31.2 x1",
         "active 1.31.2 | a 1.31.2 x3 | b 1.31.1 x1", "upgrade pool b to 1.31.2"},
        {"a pool back", "1.31.2 | a 1.30.4 x3", "active 1.31.2 | a 1.31.2 x3",
         "waits: pool a is at 1.31.2: 1.30.4 would be a step back"},
        {"never ahead of the control plane", "1.31.2 | a 1.32.0 x3", "active 1.30.4 | a 1.30.4 x3",
         "upgrade control plane to 1.31.2; upgrade pool a to 1.31.2"},
        {"it would be ahead", "1.31.2 | a 1.32.0 x3", "active 1.31.2 | a 1.31.2 x3",
         "waits: pool a is to be at 1.32.0, newer than control plane 1.31.2"},
        {"nothing is taken away for what can't be made", "1.34.0 | a 1.30.0 x3 | c 1.34.0 x1",
         "active 1.34.0 | b 1.34.0 x3 | c 1.34.0 x3",
         "waits: pool a can't be made at 1.30.0: too old for control plane 1.34.0"},
        {"another major", "2.0.0", "active 1.31.2", "waits: the control plane can't go from 1.31.2 to 2.0.0"},
    };
    run_cases(cases, sizeof(cases) / sizeof(*cases), false);
}

static void leaves_alone(void **state) {
    (void)state;
    static const struct plan_case cases[] = {
        {"another owner", "1.31.2", "active 1.30.4 owner uid-2",
         "waits: the name is taken by a cluster of another owner"},
        {"paused", "1.31.2 paused", "active 1.30.4", "waits: paused"},
        {"paused before there is any", "1.31.2 paused", "none", "waits: paused"},
        {"nothing approved", NULL, "none", "waits: no spec has been approved yet"},
        {"failed", "1.31.2", "failed 1.30.4", "waits: the cluster has failed: quota"},
        {"something runs", "1.31.2 | a 1.31.2 x3", "updating 1.30.4>1.31.2 | a 1.30.4 x3",
         "upgrade control plane to 1.31.2; upgrade pool a to 1.31.2; waits: the cluster is updating"},
        {"a pool that is wanted goes", "1.31.2 | a 1.31.2 x3", "active 1.31.2 | a 1.31.2 x3 deleting",
         "create pool a of 3 at 1.31.2; waits: pool a is deleting"},
        {"it comes", "1.31.2 | a 1.31.2 x3", "active 1.31.2 | a 1.31.2 x3 creating",
         "waits: pool a is creating"},
        {"a pool that failed is asked again", "1.31.2 | a 1.31.2 x3", "active 1.31.2 | a 1.31.2 x3 failed",
         "scale pool a to 3"},
        {"in its upgrade", "1.31.2 | a 1.31.2 x3", "active 1.31.2 | a 1.30.4>1.31.2 x3 failed",
         "upgrade pool a to 1.31.2"},
        {"it is not wanted", "1.31.2", "active 1.31.2 | a 1.31.2 x3 failed", "delete pool a"},
        {"a version that is none", "1.31.2", "active one",
         "waits: version \"one\" of the control plane can't be read"},
    };
    run_cases(cases, sizeof(cases) / sizeof(*cases), false);
}

static void deletes(void **state) {
    (void)state;
    static const struct plan_case cases[] = {
        {"it is gone", "1.31.2", "none", "converged"},
        {"pools first", NULL, "active 1.31.2 | a 1.31.2 x3 | b 1.31.2 x1",
         "delete pool a; delete pool b; delete cluster"},
        {"a failed one too", "1.31.2", "failed 1.31.2 | a ? x3 failed", "delete pool a; delete cluster"},
        {"on its way", NULL, "deleting 1.31.2 | a 1.31.2 x3",
         "delete cluster; waits: the cluster is deleting"},
        {"a pool on its way", NULL, "active 1.31.2 | a 1.31.2 x3 deleting",
         "delete cluster; waits: pool a is deleting"},
        {"of another owner: none of ours is there", "1.31.2", "active 1.31.2 owner uid-2", "converged"},
        {"paused", "1.31.2 paused", "active 1.31.2", "waits: paused"},
    };
    run_cases(cases, sizeof(cases) / sizeof(*cases), true);
}

static const char *patch_of(void *cookie, uint32_t major, uint32_t minor) {
    return major == 1 && minor == 31 ? cookie : NULL;
}

static void steps_in_between_use_known_patches(void **state) {
    (void)state;
    static const struct {
        const char *name, *patch, *expected;
    } cases[] = {
        {"known", "v1.31.9", "1.31.9"},
        {"not known", NULL, "1.31.0"},
        {"of another minor", "1.30.9", "1.31.0"},
        {"no version", "latest", "1.31.0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct plan_fixture fixture = {.arena = arena_new()};
        const struct plan_question question = {.spec = fixture_spec(&fixture, "1.32.1"),
                                               .cloud = fixture_cloud(&fixture, "active 1.30.4"),
                                               .owner = "uid-1",
                                               .patch_of = patch_of,
                                               .cookie = (void *)(uintptr_t)cases[i].patch};
        struct plan plan;
        plan_make(fixture.arena, &question, &plan);
        expect_text(cases[i].name, plan.steps[0].version, cases[i].expected);
        arena_free(fixture.arena);
    }
}

static void steps_say_what_providers_need(void **state) {
    (void)state;
    struct plan_fixture fixture = {.arena = arena_new()};
    const struct plan_question question = {
        .spec = fixture_spec(&fixture, "1.31.2 cp3 | a 1.31.2 x3"),
        .cloud = fixture_cloud(&fixture, "active 1.30.4 cp3/3 | a 1.30.4 x5 | b 1.30.4 x1"),
        .owner = "uid-1"};
    static const struct plan_step expected[] = {
        {ACTION_UPGRADE_CONTROL_PLANE, NULL, "1.31.2", 0, 1, 0},
        {ACTION_UPGRADE_POOL, "a", "1.31.2", 0, 1, FIXTURE_DRAIN_S},
        {ACTION_SCALE_POOL, "a", NULL, 3, 0, FIXTURE_DRAIN_S},
        {ACTION_DELETE_POOL, "b", NULL, 0, 0, FIXTURE_LEFT_DRAIN_S},
    };
    struct plan plan;
    plan_make(fixture.arena, &question, &plan);
    assert_int_equal(plan.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *name = plan_step_text(fixture.arena, &expected[i]);
        expect_text(name, plan_step_text(fixture.arena, &plan.steps[i]), name);
        expect_true(name,
                    plan.steps[i].replicas == expected[i].replicas &&
                        plan.steps[i].surge == expected[i].surge &&
                        plan.steps[i].drain_s == expected[i].drain_s,
                    "has its numbers");
    }
    arena_free(fixture.arena);
}

static void long_plans_are_cut(void **state) {
    (void)state;
    struct plan_fixture fixture = {.arena = arena_new()};
    const struct plan_question question = {.spec = fixture_spec(&fixture, "1.999999999.0"),
                                           .cloud = fixture_cloud(&fixture, "active 1.30.4"),
                                           .owner = "uid-1"};
    struct plan plan;
    plan_make(fixture.arena, &question, &plan);
    assert_int_equal(plan.count, PLAN_MOST_STEPS);
    assert_false(plan.converged);
    arena_free(fixture.arena);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_and_scales),
        cmocka_unit_test(waits_for_a_pool_that_cannot_be_read),
        cmocka_unit_test(upgrades),
        cmocka_unit_test(leaves_alone),
        cmocka_unit_test(deletes),
        cmocka_unit_test(steps_in_between_use_known_patches),
        cmocka_unit_test(steps_say_what_providers_need),
        cmocka_unit_test(long_plans_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
