#include "reconciler/reconcile_settings.h"

#include "base/arena.h"
#include "tests/support/documents.h"

static const char *describe(struct arena *arena, const struct reconcile_settings *settings) {
    const char *text =
        arena_printf(arena, "%s, %s, drain %lld, resync %lld, upgrades %u, deletes %u",
                     settings->attestation == UNATTESTED_HOLD ? "hold" : "go on",
                     settings->drift == DRIFT_REPAIR ? "repair" : "report", (long long)settings->drain_s,
                     (long long)settings->resync_s, settings->upgrades_at_once, settings->deletes_at_once);
    for (unsigned i = 0; i < settings->wave_count; i++) {
        text = arena_printf(arena, "%s%s%s", text, i ? " " : ", ", settings->wave_order[i]);
    }
    return settings->wave_label ? arena_printf(arena, "%s by %s", text, settings->wave_label) : text;
}

static void good(void **state) {
    (void)state;
    static const char defaults[] = "hold, repair, drain 300, resync 60, upgrades 5, deletes 2";
    static const struct {
        const char *name, *json, *expected;
    } cases[] = {
        {"no section", "{}", defaults},
        {"an empty one", "{'reconcile': {}}", defaults},
        {"empty ones in it", "{'reconcile': {'upgrades': {}, 'deletes': {}}}", defaults},
        {"everything",
         "{'reconcile': {'attestation': 'go_on', 'drift': 'report', 'drain': '90s', 'resync': '1h', "
         "'upgrades':"
         " {'at_once': 1}, 'deletes': {'at_once': 1000}, 'waves': {'label': 'environment', 'order': ['dev', "
         "'staging', 'production']}}}",
         "go on, report, drain 90, resync 3600, upgrades 1, deletes 1000, dev staging production by "
         "environment"},
        {"what is the default anyway", "{'reconcile': {'attestation': 'hold', 'drift': 'repair'}}", defaults},
        {"the longest", "{'reconcile': {'drain': '24h', 'resync': '1s'}}",
         "hold, repair, drain 86400, resync 1, upgrades 5, deletes 2"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].json);
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct reconcile_settings settings;
        struct error error = {0};
        bool is_good = reconcile_settings_read(document, "fleet.yaml", &settings, &error);
        expect_text(cases[i].name, error.message, "");
        expect_true(cases[i].name, is_good, "it is read");
        expect_text(cases[i].name, describe(arena, &settings), cases[i].expected);
    }
}

static void without_a_document(void **state) {
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct reconcile_settings settings;
    struct error error = {0};
    assert_true(reconcile_settings_read(NULL, NULL, &settings, &error));
    expect_text("defaults", describe(arena, &settings),
                "hold, repair, drain 300, resync 60, upgrades 5, deletes 2");
}

static void bad(void **state) {
    (void)state;
    static const struct {
        const char *json, *message; // behind "fleet.yaml: reconcile"
    } cases[] = {
        {"null", ": must be a map, got null; leave the key out for its default"},
        {"[]", ": must be a map, got list"},
        {"{'attest': 'hold'}",
         ".attest: unknown key; known are attestation, drift, drain, resync, upgrades, deletes, waves"},
        {"{'resinc': '1m'}", ".resinc: unknown key; did you mean resync?"},
        {"{'attestation': 'go-on'}",
         ".attestation: must be one of hold, go_on, got \"go-on\"; did you mean go_on?"},
        {"{'attestation': true}", ".attestation: must be one of hold, go_on, got boolean"},
        {"{'drift': 'ignore'}", ".drift: must be one of repair, report, got \"ignore\""},
        {"{'drain': 300}", ".drain: must be a duration like 90s, 5m or 1h, got integer"},
        {"{'drain': '300'}", ".drain: must be a duration like 90s, 5m or 1h, got \"300\""},
        {"{'drain': ''}", ".drain: must be a duration like 90s, 5m or 1h, got \"\""},
        {"{'drain': null}",
         ".drain: must be a duration like 90s, 5m or 1h, got null; leave the key out for its default"},
        {"{'drain': '0s'}", ".drain: is 0s, must be from 1s to 24h"},
        {"{'resync': '25h'}", ".resync: is 25h, must be from 1s to 24h"},
        {"{'upgrades': 3}", ".upgrades: must be a map, got integer"},
        {"{'upgrades': {'at_one': 3}}", ".upgrades.at_one: unknown key; did you mean at_once?"},
        {"{'upgrades': {'at_once': 0}}", ".upgrades.at_once: is 0, the least is 1"},
        {"{'upgrades': {'at_once': '3'}}", ".upgrades.at_once: must be an integer, got string"},
        {"{'deletes': {'at_once': 1001}}", ".deletes.at_once: is 1001, the most is 1000"},
        {"{'waves': {}}", ".waves.label: is required"},
        {"{'waves': {'label': 'environment'}}", ".waves.order: is required"},
        {"{'waves': {'label': '', 'order': ['a']}}", ".waves.label: must not be empty"},
        {"{'waves': {'label': 'environment', 'order': []}}", ".waves.order: must name at least one"},
        {"{'waves': {'label': 'environment', 'order': 'dev'}}",
         ".waves.order: must be a list of strings, got string"},
        {"{'waves': {'label': 'environment', 'order': ['dev', 'prod', 'dev']}}",
         ".waves.order[2]: is there a second time"},
        {"{'waves': {'label': 'environment', 'order': "
         "['1','2','3','4','5','6','7','8','9','10','11','12','13',"
         "'14','15','16','17']}}",
         ".waves.order: names 17, the most is 16"},
        {"{'waves': {'label': 'environment', 'orders': ['dev']}}",
         ".waves.orders: unknown key; did you mean order?"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        CLEANUP(document_free)
        struct document *document = document_of(arena_printf(arena, "{'reconcile': %s}", cases[i].json));
        struct reconcile_settings settings = {.drain_s = -7};
        struct error error = {0};
        expect_true(cases[i].json, !reconcile_settings_read(document, "fleet.yaml", &settings, &error),
                    "it fails");
        expect_error(cases[i].json, &error, ERROR_INVALID,
                     arena_printf(arena, "fleet.yaml: reconcile%s", cases[i].message));
        expect_integer(cases[i].json, settings.drain_s, -7);
    }
}

static void labels_have_an_end(void **state) {
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    char label[319];
    memset(label, 'a', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    CLEANUP(document_free)
    struct document *document = document_of(
        arena_printf(arena, "{'reconcile': {'waves': {'label': '%s', 'order': ['dev']}}}", label));
    struct reconcile_settings settings;
    struct error error = {0};
    assert_false(reconcile_settings_read(document, "fleet.yaml", &settings, &error));
    expect_error("too long", &error, ERROR_INVALID,
                 "fleet.yaml: reconcile.waves.label: is longer than 317 bytes, as no label is");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(without_a_document),
        cmocka_unit_test(bad),
        cmocka_unit_test(labels_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
