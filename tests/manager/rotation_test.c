#include "tests/manager/rotation_fixture.h"

#include "base/log.h"
#include "base/memory.h"
#include "certs/certificate_bundle.h"
#include "certs/certificate_info.h"
#include "certs/certificate_text.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { WALL_START = 1800000000, DAY = 86400 };

static const char *const dns[] = {"fleetgate.fleetgate-system.svc"};
static const char *const validating[] = {"fleetgate-validating"};
static const char *const mutating[] = {"fleetgate-mutating"};

// One replica with the default lifetimes.
struct scene {
    struct fake_server *server;
    struct rotation *rotation;
    struct rotation_options options;
    int64_t next;
    unsigned deliveries;
    char *certificate;
    const char *denied; // kind of object that must not be changed
};

static struct rotation_clock scene_clock(void *cookie) {
    const struct scene *scene = cookie;
    return (struct rotation_clock){.wall = WALL_START + scene->server->steady,
                                   .steady = scene->server->steady};
}

static void take(void *cookie, const char *certificate, const char *key, int64_t not_before,
                 int64_t not_after) {
    struct scene *scene = cookie;
    assert_true(certificate_text_has_key(certificate, key));
    assert_true(not_before < not_after);
    free(scene->certificate);
    scene->certificate = memory_strdup(certificate);
    scene->deliveries++;
}

static bool deny(void *cookie, const char *verb, const struct kube_name *name, struct error *error) {
    const struct scene *scene = cookie;
    bool is_denied =
        scene->denied && strcmp(verb, "read") != 0 && strcmp(name->resource->kind, scene->denied) == 0;
    return !is_denied || error_set(error, ERROR_DENIED, "forbidden");
}

static void restart(struct scene *scene) {
    struct error error;
    rotation_free(scene->rotation);
    scene->rotation = NULL;
    assert_true(rotation_new(&scene->options, &scene->rotation, &error));
    scene->next = scene->server->steady;
}

static int set_up(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    scene->server = fake_server_new();
    scene->server->before = deny;
    scene->server->cookie = scene;
    scene->options = (struct rotation_options){.store = fake_server_store(scene->server),
                                               .namespace = "fleetgate-system",
                                               .secret = "fleetgate-certs",
                                               .validating = validating,
                                               .validating_count = 1,
                                               .mutating = mutating,
                                               .mutating_count = 1,
                                               .settings = {.names = {.dns = dns, .dns_count = 1}},
                                               .clock = scene_clock,
                                               .deliver = take,
                                               .cookie = scene};
    restart(scene);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    rotation_free(scene->rotation);
    fake_server_free(scene->server);
    free(scene->certificate);
    free(scene);
    return 0;
}

static void step(struct scene *scene) {
    scene->next = rotation_step(scene->rotation);
    assert_true(scene->next > scene->server->steady);
    assert_true(scene->next <= scene->server->steady + 100);
}

static void run_for(struct scene *scene, int64_t seconds) {
    int64_t end = scene->server->steady + seconds;
    while (scene->next < end) {
        scene->server->steady = scene->next;
        step(scene);
    }
    scene->server->steady = end;
    step(scene);
}

static size_t bundle_count(const struct scene *scene, size_t configuration, size_t webhook) {
    CLEANUP(free) char *text = fake_server_bundle(scene->server, configuration, webhook);
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, text, 0);
    return certificate_bundle_count(bundle);
}

static void expect_verifies(const struct scene *scene, const char *name) {
    for (size_t i = 0; i < FAKE_CONFIGURATIONS * FAKE_WEBHOOKS; i++) {
        CLEANUP(free) char *text = fake_server_bundle(scene->server, i / FAKE_WEBHOOKS, i % FAKE_WEBHOOKS);
        struct error error;
        if (!certificate_text_verify(scene->certificate, text, dns[0], WALL_START + scene->server->steady,
                                     &error)) {
            fail_msg("%s: bundle %zu: %s", name, i, error.message);
        }
    }
}

static void lives_of_seconds(void **state) {
    struct scene *scene = *state;
    scene->options.settings.authority_seconds = 240;
    scene->options.settings.certificate_seconds = 24;
    scene->options.settings.grace_seconds = 5;
    restart(scene);
    for (int second = 0; second < 150; second++) {
        run_for(scene, 1);
        expect_verifies(scene, "every second");
    }
    // One certificate every 16 seconds or so, not one at every look.
    assert_in_range(scene->deliveries, 7, 12);
}

static int64_t days_of(const char *certificate) {
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    struct error error;
    assert_true(certificate_info_read_text(certificate, &info, &error));
    return (info.not_after - info.not_before) / DAY;
}

static void the_first_installation_serves_at_once(void **state) {
    struct scene *scene = *state;
    step(scene);
    assert_int_equal(scene->deliveries, 1);
    expect_verifies(scene, "first step");
    CLEANUP(rotation_content_clear) struct rotation_content content = fake_server_content(scene->server);
    assert_int_equal(days_of(content.authority), 730);
    assert_int_equal(days_of(content.certificate), 90);
    struct rotation_status status = rotation_status(scene->rotation);
    assert_int_equal(status.certificate_not_after, WALL_START + scene->server->steady + 90 * DAY);
    assert_int_equal(status.authority_not_after, WALL_START + scene->server->steady + 730 * DAY);
    // A second process serves the same, and changes nothing.
    unsigned writes = scene->server->secret_writes + scene->server->bundle_writes;
    restart(scene);
    step(scene);
    assert_int_equal(scene->deliveries, 2);
    assert_int_equal(scene->server->secret_writes + scene->server->bundle_writes, writes);
}

static void the_certificate_is_renewed_at_two_thirds(void **state) {
    struct scene *scene = *state;
    step(scene);
    scene->server->steady += 59 * DAY;
    step(scene);
    assert_int_equal(scene->deliveries, 1);
    scene->server->steady += 2 * DAY;
    step(scene);
    assert_int_equal(scene->deliveries, 2);
    expect_verifies(scene, "renewed");
    assert_int_equal(bundle_count(scene, 0, 0), 1);
}

static void the_authority_is_renewed_in_four_steps(void **state) {
    struct scene *scene = *state;
    step(scene);
    CLEANUP(rotation_content_clear) struct rotation_content first = fake_server_content(scene->server);
    scene->server->steady += 487 * DAY;
    step(scene);
    // Both are in the bundles, and the old one still signs.
    assert_int_equal(bundle_count(scene, 1, 1), 2);
    assert_true(certificate_text_signed_by(scene->certificate, first.authority));
    run_for(scene, ROTATION_GRACE_SECONDS - 1);
    assert_true(certificate_text_signed_by(scene->certificate, first.authority));
    run_for(scene, 15);
    assert_false(certificate_text_signed_by(scene->certificate, first.authority));
    expect_verifies(scene, "after the grace time");
    assert_int_equal(bundle_count(scene, 1, 1), 2);
    run_for(scene, ROTATION_RETIRE_SECONDS + 60);
    assert_int_equal(bundle_count(scene, 1, 1), 1);
    expect_verifies(scene, "the old one is gone");
    CLEANUP(rotation_content_clear) struct rotation_content last = fake_server_content(scene->server);
    assert_null(last.old);
    assert_null(last.next);
}

static void a_bundle_is_repaired_at_the_next_poll(void **state) {
    struct scene *scene = *state;
    step(scene);
    CLEANUP(certificate_pair_clear) struct certificate_pair foreign = fake_authority(WALL_START, DAY);
    const struct {
        const char *name, *text;
    } cases[] = {
        {"emptied", NULL},
        {"replaced", foreign.certificate},
        {"not PEM", "rubbish"},
        {"a broken block", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_server_set_bundle(scene->server, 0, 1, cases[i].text, true);
        run_for(scene, ROTATION_POLL_SECONDS);
        expect_verifies(scene, cases[i].name);
        run_for(scene, 200);
        expect_verifies(scene, cases[i].name);
    }
}

static void a_damaged_secret_is_replaced(void **state) {
    static const struct {
        const char *name;
        size_t index;
        const char *text;
    } cases[] = {
        {"no ca.crt", 0, NULL},          {"no ca.key", 1, NULL},         {"ca.key is rubbish", 1, "rubbish"},
        {"no tls.crt", 5, NULL},         {"tls.crt is rubbish", 5, "x"}, {"no tls.key", 6, NULL},
        {"next-ca.crt rubbish", 2, "x"},
    };
    struct scene *scene = *state;
    step(scene);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_server_set_secret(scene->server, cases[i].index, cases[i].text);
        run_for(scene, 30);
        expect_verifies(scene, cases[i].name);
        run_for(scene, 200);
        expect_verifies(scene, cases[i].name);
        CLEANUP(rotation_content_clear) struct rotation_content content = fake_server_content(scene->server);
        expect_true(cases[i].name, content.authority && !content.next, "an authority is in force");
        expect_text(cases[i].name, content.certificate, scene->certificate);
        expect_true(cases[i].name, certificate_text_has_key(content.certificate, content.key), "pair");
        expect_true(cases[i].name, certificate_text_has_key(content.authority, content.authority_key),
                    "pair");
    }
}

static void a_deleted_secret_means_a_new_authority(void **state) {
    struct scene *scene = *state;
    step(scene);
    CLEANUP(rotation_content_clear) struct rotation_content first = fake_server_content(scene->server);
    fake_server_delete_secret(scene->server);
    run_for(scene, 30);
    // What was served is served on until API servers know the new authority.
    assert_int_equal(scene->deliveries, 1);
    expect_verifies(scene, "old one");
    run_for(scene, 200);
    assert_false(certificate_text_signed_by(scene->certificate, first.authority));
    expect_verifies(scene, "new one");
}

static void other_names_mean_a_certificate_with_both(void **state) {
    static const char *const more[] = {"gate.example.org"};
    struct scene *scene = *state;
    step(scene);
    scene->options.settings.names = (struct certificate_names){.dns = more, .dns_count = 1};
    restart(scene);
    step(scene);
    const struct certificate_names both = {.dns = (const char *const[]){dns[0], more[0]}, .dns_count = 2};
    assert_true(certificate_text_has_names(scene->certificate, &both));
}

static void what_fails_is_told_and_tried_again(void **state) {
    struct scene *scene = *state;
    step(scene);
    scene->denied = "ValidatingWebhookConfiguration";
    fake_server_set_bundle(scene->server, 0, 0, NULL, true);
    fake_server_set_bundle(scene->server, 1, 0, NULL, true);
    run_for(scene, 300);
    struct rotation_status status = rotation_status(scene->rotation);
    assert_true(status.failures > 3 && status.failures < 30);
    expect_text("problem", status.problem, "ValidatingWebhookConfiguration fleetgate-validating: forbidden");
    // The other configuration does not wait for it, and neither does a certificate that is due.
    assert_int_equal(bundle_count(scene, 1, 0), 1);
    scene->server->steady += 61 * DAY;
    step(scene);
    assert_int_equal(scene->deliveries, 2);
    scene->denied = NULL;
    run_for(scene, 100);
    assert_int_equal(rotation_status(scene->rotation).failures, 0);
    expect_verifies(scene, "allowed again");
}

// From certificates in files to the gate's own: replicas of the old way are still asked.
static void an_authority_that_is_trusted_stays_so(void **state) {
    struct scene *scene = *state;
    CLEANUP(certificate_pair_clear) struct certificate_pair foreign = fake_authority(WALL_START, 1000 * DAY);
    for (size_t i = 0; i < FAKE_CONFIGURATIONS * FAKE_WEBHOOKS; i++) {
        fake_server_set_bundle(scene->server, i / FAKE_WEBHOOKS, i % FAKE_WEBHOOKS, foreign.certificate,
                               true);
    }
    step(scene);
    run_for(scene, ROTATION_GRACE_SECONDS - 5);
    assert_int_equal(scene->deliveries, 0);
    assert_int_equal(bundle_count(scene, 0, 0), 2);
    run_for(scene, 30);
    assert_int_equal(scene->deliveries, 1);
    expect_verifies(scene, "after the grace time");
    assert_int_equal(bundle_count(scene, 0, 0), 2);
    run_for(scene, ROTATION_RETIRE_SECONDS + 60);
    assert_int_equal(bundle_count(scene, 0, 0), 1);
    expect_verifies(scene, "the old one is gone");
}

static void a_configuration_may_come_later(void **state) {
    struct scene *scene = *state;
    scene->server->configurations[1].missing = true;
    step(scene);
    assert_int_equal(scene->deliveries, 1);
    scene->server->configurations[1].missing = false;
    run_for(scene, ROTATION_POLL_SECONDS);
    expect_verifies(scene, "came later");
}

int main(void) {
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_installation_serves_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_certificate_is_renewed_at_two_thirds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lives_of_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_authority_is_renewed_in_four_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bundle_is_repaired_at_the_next_poll, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_secret_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_secret_means_a_new_authority, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_names_mean_a_certificate_with_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_is_told_and_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_authority_that_is_trusted_stays_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_configuration_may_come_later, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
