#include "certs/certificate_bundle.h"

#include "base/memory.h"
#include "certs/certificate_text.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { NOW = 1800000000, DAY = 86400 };

static const char *const dns[] = {"gate.example.org", "localhost"};
static const char *const addresses[] = {"::1"};
static const struct certificate_names names = {
    .dns = dns, .dns_count = 2, .addresses = addresses, .address_count = 1};

struct scene {
    struct certificate_pair authority, other, leaf;
};

static struct certificate_authority *make(int64_t seconds, struct certificate_pair *pair) {
    const struct certificate_period period = {.now = NOW, .seconds = seconds};
    struct certificate_authority *authority = NULL;
    struct error error;
    assert_true(certificate_authority_new_for(&period, &authority, &error));
    assert_true(certificate_authority_export(authority, pair, &error));
    return authority;
}

static int set_up(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    CLEANUP(certificate_authority_free)
    struct certificate_authority *authority = make(10 * DAY, &scene->authority);
    certificate_authority_free(make(DAY, &scene->other));
    const struct certificate_period period = {.now = NOW, .seconds = 2 * DAY};
    struct error error;
    assert_true(certificate_authority_issue_for(authority, &names, &period, &scene->leaf, &error));
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    certificate_pair_clear(&scene->authority);
    certificate_pair_clear(&scene->other);
    certificate_pair_clear(&scene->leaf);
    free(scene);
    return 0;
}

static void joins_without_duplicates(void **state) {
    const struct scene *scene = *state;
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, NULL, 0);
    certificate_bundle_add(bundle, "", 0);
    assert_int_equal(certificate_bundle_count(bundle), 0);
    certificate_bundle_add(bundle, scene->authority.certificate, 0);
    certificate_bundle_add(bundle, scene->other.certificate, 0);
    certificate_bundle_add(bundle, scene->authority.certificate, 0);
    assert_int_equal(certificate_bundle_count(bundle), 2);
    CLEANUP(free) char *text = certificate_bundle_text(bundle);
    CLEANUP(certificate_bundle_free) struct certificate_bundle *again = certificate_bundle_new();
    certificate_bundle_add(again, text, 0);
    assert_true(certificate_bundle_within(bundle, again) && certificate_bundle_within(again, bundle));
    assert_true(certificate_bundle_holds(again, scene->other.certificate));
    assert_false(certificate_bundle_holds(again, scene->leaf.certificate));
    assert_false(certificate_bundle_is_damaged(again));
}

static void leaves_out_what_has_expired(void **state) {
    const struct scene *scene = *state;
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, scene->other.certificate, NOW + DAY);
    assert_int_equal(certificate_bundle_count(bundle), 0);
    certificate_bundle_add(bundle, scene->other.certificate, NOW + DAY - 1);
    assert_int_equal(certificate_bundle_count(bundle), 1);
}

static void reads_on_behind_a_broken_block(void **state) {
    const struct scene *scene = *state;
    char text[8192];
    snprintf(text, sizeof(text),
             "a note\n%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n%s# end\n",
             scene->authority.certificate, scene->other.certificate);
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, text, 0);
    assert_int_equal(certificate_bundle_count(bundle), 2);
    assert_true(certificate_bundle_is_damaged(bundle));
}

static void does_not_grow_without_end(void **state) {
    (void)state;
    CLEANUP(certificate_bundle_free) struct certificate_bundle *bundle = certificate_bundle_new();
    for (int i = 0; i < BUNDLE_MOST_CERTIFICATES + 3; i++) {
        CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
        certificate_authority_free(make(DAY, &pair));
        certificate_bundle_add(bundle, pair.certificate, 0);
    }
    assert_int_equal(certificate_bundle_count(bundle), BUNDLE_MOST_CERTIFICATES);
}

static void tells_what_belongs_together(void **state) {
    const struct scene *scene = *state;
    assert_true(certificate_text_has_key(scene->leaf.certificate, scene->leaf.key));
    assert_false(certificate_text_has_key(scene->leaf.certificate, scene->other.key));
    assert_false(certificate_text_has_key(scene->leaf.certificate, NULL));
    assert_false(certificate_text_has_key("rubbish", "rubbish"));
    // Both authorities have the same name: only the signature tells them apart.
    assert_true(certificate_text_signed_by(scene->leaf.certificate, scene->authority.certificate));
    assert_false(certificate_text_signed_by(scene->leaf.certificate, scene->other.certificate));
    assert_true(certificate_text_has_names(scene->leaf.certificate, &names));
    static const char *const upper[] = {"GATE.example.org"}, *const stranger[] = {"gate.example.com"},
                             *const long_address[] = {"0:0::0001"};
    const struct certificate_names same = {
        .dns = upper, .dns_count = 1, .addresses = long_address, .address_count = 1};
    const struct certificate_names strange = {.dns = stranger, .dns_count = 1};
    assert_true(certificate_text_has_names(scene->leaf.certificate, &same));
    assert_false(certificate_text_has_names(scene->leaf.certificate, &strange));
    assert_false(certificate_text_has_names(NULL, &same));
}

static void verifies_as_a_client_does(void **state) {
    const struct scene *scene = *state;
    char both[8192];
    snprintf(both, sizeof(both), "%s%s", scene->other.certificate, scene->authority.certificate);
    const struct {
        const char *name, *bundle, *dns_name;
        int64_t now;
        bool good;
    } cases[] = {
        {"its authority", scene->authority.certificate, dns[0], NOW, true},
        {"one of two authorities", both, dns[1], NOW, true},
        {"another authority", scene->other.certificate, dns[0], NOW, false},
        {"no authority", "", dns[0], NOW, false},
        {"another name", both, "gate.example.com", NOW, false},
        {"too late", both, dns[0], NOW + 2 * DAY + 1, false},
        {"too early", both, dns[0], NOW - DAY, false},
        {"a clock that is a little behind", both, dns[0], NOW - 200, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        bool good = certificate_text_verify(scene->leaf.certificate, cases[i].bundle, cases[i].dns_name,
                                            cases[i].now, &error);
        expect_true(cases[i].name, good == cases[i].good, cases[i].good ? "good" : "refused");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(joins_without_duplicates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_out_what_has_expired, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_on_behind_a_broken_block, set_up, tear_down),
        cmocka_unit_test(does_not_grow_without_end),
        cmocka_unit_test_setup_teardown(tells_what_belongs_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(verifies_as_a_client_does, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
