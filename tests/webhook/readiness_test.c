#include "webhook/readiness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_page(struct readiness *readiness, int64_t now, bool ready, const char *text) {
    CLEANUP(buffer_clear) struct buffer page;
    buffer_init(&page, 8192);
    assert_int_equal(readiness_check(readiness, now, &page), ready);
    if (!strstr(buffer_text(&page), text)) {
        fail_msg("\"%s\" is not in:\n%s", text, buffer_text(&page));
    }
}

static void says_why_not(void **state) {
    (void)state;
    CLEANUP(readiness_free) struct readiness *readiness = readiness_new();
    assert_page(readiness, 100, false, "not ready\npolicies: none loaded\ncertificate: none loaded\n");
    readiness_policies_failed(readiness, "a.lua:3: title: missing");
    assert_page(readiness, 100, false, ": a.lua:3: title: missing\n");
    readiness_policies_loaded(readiness, 5);
    readiness_certificate_loaded(readiness, 50, 200);
    assert_page(readiness, 100, true,
                "ready\npolicies: 5 in force\ncertificate: valid until 1970-01-01T00:03:20Z\n");
    assert_page(readiness, 10, false, "certificate: not valid before 1970-01-01T00:00:50Z");
    assert_page(readiness, 200, false, "certificate: expired at 1970-01-01T00:03:20Z");
}

// An older set that is in force keeps the process ready, but the page tells.
static void tells_of_a_failed_reload(void **state) {
    (void)state;
    CLEANUP(readiness_free) struct readiness *readiness = readiness_new();
    readiness_policies_loaded(readiness, 5);
    readiness_certificate_loaded(readiness, 50, 200);
    readiness_policies_failed(readiness, "b.lua:1: syntax");
    readiness_certificate_failed(readiness, "the key does not belong");
    assert_page(readiness, 100, true, "what was loaded before stays in force: b.lua:1: syntax\n");
    assert_page(readiness, 100, true, "certificate: the last load failed at ");
    readiness_policies_loaded(readiness, 6);
    readiness_certificate_loaded(readiness, 50, 300);
    assert_page(readiness, 100, true, "ready\npolicies: 6 in force\ncertificate: valid until");
}

// Keys never make a gate unready: what it can't attest is held by who carries it out.
static void names_keys(void **state) {
    (void)state;
    CLEANUP(readiness_free) struct readiness *readiness = readiness_new();
    readiness_policies_loaded(readiness, 5);
    readiness_certificate_loaded(readiness, 50, 200);
    static const char text[] = "new AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                               "old ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n";
    CLEANUP(key_ring_unref) struct key_ring *keys = NULL;
    struct error error;
    assert_true(key_ring_parse(text, sizeof(text) - 1, "keys", &keys, &error));
    readiness_keys_loaded(readiness, keys);
    assert_page(readiness, 100, true, "\nattestation keys: new (signs), old\n");
    readiness_keys_failed(readiness, "keys:2: no");
    assert_page(readiness, 100, true,
                "\nattestation keys: new (signs), old\nattestation keys: the last load ");
    assert_page(readiness, 100, true, "stays in force: keys:2: no\n");
}

static void is_not_ready_while_draining(void **state) {
    (void)state;
    CLEANUP(readiness_free) struct readiness *readiness = readiness_new();
    readiness_policies_loaded(readiness, 5);
    readiness_certificate_loaded(readiness, 50, 200);
    readiness_drain(readiness);
    assert_page(readiness, 100, false, "draining");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_not),
        cmocka_unit_test(tells_of_a_failed_reload),
        cmocka_unit_test(names_keys),
        cmocka_unit_test(is_not_ready_while_draining),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
