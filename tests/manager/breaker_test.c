#include "tests/manager/replica.h"

#include "manager/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// The clock that the ledger under test sees.
static int64_t clock_of(void *cookie) {
    return *(int64_t *)cookie;
}

enum step_kind { DELETE, DRY, COUNTED, WAIT, RESTART, APPROVE };

struct step {
    enum step_kind kind;
    const char *name, *uid, *identity;
    enum outcome expected;
    int64_t wait_s;
};

#define D(object, who, expected)                                                                             \
    { DELETE, (object), "uid-" object, (who), (expected), 0 }

// At most two deletes in ten minutes.
static const struct {
    const char *name;
    struct step steps[10];
} cases[] = {
    {"the third one trips it", {D("a", "x", FITS), D("b", "x", FITS), D("c", "x", REFUSED)}},
    {"everybody has a window of their own",
     {D("a", "x", FITS), D("b", "x", FITS), D("c", "y", FITS), D("d", "y", FITS), D("e", "x", REFUSED)}},
    {"a repeat does not count again",
     {D("a", "x", FITS), D("a", "x", FITS), D("a", "x", FITS), D("b", "x", FITS), D("a", "x", FITS)}},
    {"what was admitted may come again when it is tripped",
     {D("a", "x", FITS), D("b", "x", FITS), D("c", "x", REFUSED), D("a", "x", FITS)}},
    {"a dry run neither counts nor trips",
     {D("a", "x", FITS),
      D("b", "x", FITS),
      {DRY, "c", "uid-c", "x", REFUSED, 0},
      {WAIT, .name = "", .wait_s = 601},
      D("c", "x", FITS)}},
    {"what only counts trips nothing",
     {D("a", "x", FITS),
      D("b", "x", FITS),
      {COUNTED, "c", "uid-c", "x", REFUSED, 0},
      {WAIT, .name = "", .wait_s = 601},
      D("d", "x", FITS)}},
    {"slow deletes pass",
     {D("a", "x", FITS),
      D("b", "x", FITS),
      {WAIT, .name = "", .wait_s = 601},
      D("c", "x", FITS),
      D("d", "x", FITS)}},
    {"tripped it stays, past the window and a restart, until it is approved",
     {D("a", "x", FITS),
      D("b", "x", FITS),
      D("c", "x", REFUSED),
      {WAIT, .name = "", .wait_s = 100000},
      D("c", "x", REFUSED),
      {RESTART, .name = ""},
      D("c", "x", REFUSED),
      {APPROVE, .name = ""},
      D("c", "x", FITS),
      D("d", "x", FITS)}},
    {"an approval opens a fresh window, not the gate",
     {D("a", "x", FITS),
      D("b", "x", FITS),
      D("c", "x", REFUSED),
      {APPROVE, .name = ""},
      D("c", "x", FITS),
      D("d", "x", FITS),
      D("e", "x", REFUSED)}},
};

// What `fleetgate breaker approve` does.
static void approve(struct memory_server *server, const char *reference, int64_t now_ms) {
    struct memory_store way = {0};
    memory_store_init(&way, server, 1);
    char *text = NULL;
    char version[SHARED_VERSION_BYTES];
    struct error error;
    CLEANUP(breaker_free) struct breaker *breaker = NULL;
    CLEANUP(buffer_clear) struct buffer changed;
    buffer_init(&changed, 65536);
    assert_true(way.store.methods->read(&way, BREAKER_DOCUMENT, 0, &text, version, &error));
    assert_true(breaker_read(text, &breaker, &error));
    free(text);
    struct breaker_approval approval = {reference, NULL, "olga", "the old site closes", now_ms};
    assert_true(breaker_approve(breaker, &approval, &error));
    breaker_write(breaker, &changed);
    assert_true(
        way.store.methods->write(&way, BREAKER_DOCUMENT, buffer_text(&changed), version, 0, version, &error));
}

static bool take_step(struct replica *replica, const struct step *step, char reference[16]) {
    struct delete_wish wish = {.name = step->name,
                               .uid = step->uid,
                               .identity = step->identity,
                               .maximum = 2,
                               .dry_run = step->kind == DRY,
                               .counts_only = step->kind == COUNTED};
    char told[16];
    enum outcome outcome = replica_delete(replica, &wish, told);
    if (step->kind == DELETE && outcome == REFUSED) {
        memcpy(reference, told, sizeof(told));
    }
    // A refusal says what an approval has to name.
    return outcome == step->expected && (step->kind != DELETE || outcome != REFUSED || strlen(told) == 8);
}

static void run_case(size_t index) {
    struct memory_server server;
    memory_server_init(&server);
    int64_t now_ms = 1700000000000;
    char reference[16] = "";
    struct replica replica = {.options = {.clock_ms = clock_of, .cookie = &now_ms}};
    replica_start(&replica, &server, 1);
    for (size_t i = 0; i < 10 && cases[index].steps[i].name; i++) {
        const struct step *step = &cases[index].steps[i];
        if (step->kind == WAIT) {
            // Only between asks, so that no thread of the ledger reads the clock now.
            replica_stop(&replica);
            now_ms += step->wait_s * 1000;
            replica_start(&replica, &server, 1);
        } else if (step->kind == RESTART) {
            replica_stop(&replica);
            replica_start(&replica, &server, 2);
        } else if (step->kind == APPROVE) {
            approve(&server, reference, now_ms);
        } else if (!take_step(&replica, step, reference)) {
            fail_msg("%s: step %zu (%s by %s)", cases[index].name, i, step->name, step->identity);
        }
    }
    replica_stop(&replica);
    memory_server_clear(&server);
}

static void test_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        printf("  %s\n", cases[i].name);
        run_case(i);
    }
}

static void test_percent(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int clusters;
        int64_t maximum;
        uint32_t percent;
        int admitted;
    } shares[] = {
        {"five percent of 60 is 3", 60, 10, 5, 3},
        {"the number is smaller", 60, 2, 50, 2},
        {"at least one", 10, 5, 1, 1},
        {"no percentage", 10, 4, 0, 4},
    };
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        printf("  %s\n", shares[i].name);
        struct replica replica = {0};
        replica_start(&replica, NULL, 1);
        for (int j = 0; j < shares[i].clusters; j++) {
            struct fake_object object = {.kind = "Cluster", .clusters = 1};
            snprintf(object.name, sizeof(object.name), "old-%d", j);
            fake_put(replica.inventory, &object);
        }
        for (int j = 0; j < 6; j++) {
            char name[16];
            snprintf(name, sizeof(name), "c-%d", j);
            struct delete_wish wish = {.name = name,
                                       .uid = name,
                                       .identity = "x",
                                       .maximum = shares[i].maximum,
                                       .percent = shares[i].percent};
            assert_int_equal(replica_delete(&replica, &wish, NULL), j < shares[i].admitted ? FITS : REFUSED);
        }
        replica_stop(&replica);
    }
}

// What one replica admitted counts for the other, and so does what trips it.
static void test_two_replicas(void **state) {
    (void)state;
    struct memory_server server;
    memory_server_init(&server);
    struct replica replicas[2] = {0};
    replica_start(&replicas[0], &server, 1);
    replica_start(&replicas[1], &server, 2);
    enum outcome expected[] = {FITS, FITS, REFUSED, REFUSED};
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof(name), "c-%d", i);
        struct delete_wish wish = {.name = name, .uid = name, .identity = "x", .maximum = 2};
        assert_int_equal(replica_delete(&replicas[i % 2], &wish, NULL), expected[i]);
    }
    assert_int_equal(ledger_stats(replicas[0].ledger).trips, 1);
    assert_int_equal(ledger_stats(replicas[1].ledger).tripped, 1);
    replica_stop(&replicas[0]);
    replica_stop(&replicas[1]);
    memory_server_clear(&server);
}

static void test_approvals(void **state) {
    (void)state;
    CLEANUP(breaker_free) struct breaker *breaker = breaker_new();
    struct breaker_change change = {"x", "Cluster prod/a", "u", 1, 1, 600, 1000};
    struct error error;
    assert_true(breaker_trip(breaker, &change, "0badcafe", &error));
    struct breaker_approval approval = {"0badcafe", NULL, "", "why", 2000};
    assert_false(breaker_approve(breaker, &approval, &error));
    assert_int_equal(error.kind, ERROR_INVALID);
    approval.owner = "olga";
    approval.reference = "deadbeef";
    assert_false(breaker_approve(breaker, &approval, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    approval.reference = "0badcafe";
    assert_true(breaker_approve(breaker, &approval, &error));
    assert_false(breaker_approve(breaker, &approval, &error));
    assert_string_equal(error.message, "0badcafe was approved by olga already");
    breaker_prune(breaker, 2000 + (int64_t)29 * 86400000);
    assert_int_equal(breaker->approval_count, 1);
    breaker_prune(breaker, 2000 + (int64_t)30 * 86400000);
    assert_int_equal(breaker->approval_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_two_replicas),
        cmocka_unit_test(test_approvals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
