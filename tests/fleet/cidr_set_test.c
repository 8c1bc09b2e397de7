// Networks that overlap are found, whatever was added and removed before.
#include "fleet/cidr_set.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { HELD = 300, ROUNDS = 4000 };

static bool is_other(const void *cookie, uint32_t holder) {
    return holder != *(const uint32_t *)cookie;
}

static bool find(const struct cidr_set *set, const char *text, uint32_t but, uint32_t *ret_holder) {
    struct cidr_filter filter = {.accepts = is_other, .cookie = &but};
    return cidr_set_find(set, text, &filter, ret_holder);
}

static void texts(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *held;
        const char *asked;
        bool is_network; // what is held
        bool is_found;
    } cases[] = {
        {"the same", "10.0.0.0/16", "10.0.0.0/16", true, true},
        {"inside", "10.0.0.0/16", "10.0.255.0/24", true, true},
        {"around", "10.0.0.0/16", "10.0.0.0/8", true, true},
        {"everything", "10.0.0.0/16", "0.0.0.0/0", true, true},
        {"beside", "10.0.0.0/16", "10.1.0.0/16", true, false},
        {"host bits", "10.0.3.4/16", "10.0.9.9/32", true, true},
        {"IPv6", "fd00:1::/48", "fd00:1:0:5::/64", true, true},
        {"IPv6 beside", "fd00:1::/48", "fd00:2::/48", true, false},
        {"families don't meet", "0.0.0.0/0", "::/0", true, false},
        {"all of IPv6", "::/0", "fd00::1/128", true, true},
        {"no length", "10.0.0.0", "10.0.0.0/8", false, false},
        {"too long", "10.0.0.0/33", "10.0.0.0/8", false, false},
        {"no address", "10.0.0/8", "10.0.0.0/8", false, false},
        {"empty", "", "10.0.0.0/8", false, false},
        {"nonsense is asked", "10.0.0.0/8", "${PODS}", true, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(cidr_set_free) struct cidr_set *set = cidr_set_new();
        uint32_t place;
        uint32_t holder = 0;
        expect_integer(cases[i].name, cidr_set_add(set, cases[i].held, 7, &place), cases[i].is_network);
        expect_integer(cases[i].name, find(set, cases[i].asked, 0, &holder), cases[i].is_found);
        expect_integer(cases[i].name, holder, cases[i].is_found ? 7 : 0);
        expect_true(cases[i].name, !find(set, cases[i].asked, 7, &holder), "its own is not found");
    }
}

struct network {
    uint32_t address;
    unsigned length;
    uint32_t place;
    bool is_there;
};

static bool overlap(const struct network *a, const struct network *b) {
    unsigned length = a->length < b->length ? a->length : b->length;
    uint32_t mask = length ? UINT32_MAX << (32 - length) : 0;
    return (a->address & mask) == (b->address & mask);
}

static void roll(uint64_t *random, struct network *network, char text[64], bool is_ipv6) {
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    uint32_t value = (uint32_t)(*random >> 32);
    // Few bits vary, so that many networks meet.
    network->length = 8 + value % 25;
    network->address = (value >> 5 & 0x07070303) << 1;
    if (is_ipv6) {
        snprintf(text, 64, "fd00:0:%x:%x::/%u", network->address >> 16, network->address & 0xFFFF,
                 32 + network->length);
        return;
    }
    snprintf(text, 64, "%u.%u.%u.%u/%u", network->address >> 24, network->address >> 16 & 255,
             network->address >> 8 & 255, network->address & 255, network->length);
}

// Against a plain search through all networks.
static void run_random(bool is_ipv6) {
    struct network held[HELD] = {0};
    CLEANUP(cidr_set_free) struct cidr_set *set = cidr_set_new();
    uint64_t random = 20260101;
    for (int round = 0; round < ROUNDS; round++) {
        char text[64];
        struct network asked = {0};
        struct network *one = &held[(random >> 40) % HELD];
        uint32_t at = (uint32_t)(one - held);
        if (one->is_there) {
            cidr_set_remove(set, one->place, at);
            one->is_there = false;
        } else {
            roll(&random, one, text, is_ipv6);
            expect_true(text, cidr_set_add(set, text, at, &one->place), "is a network");
            one->is_there = true;
        }
        roll(&random, &asked, text, is_ipv6);
        bool expected = false;
        for (size_t i = 0; i < HELD; i++) {
            expected |= held[i].is_there && i != at && overlap(&held[i], &asked);
        }
        uint32_t holder = HELD;
        expect_integer(text, find(set, text, at, &holder), expected);
        expect_true(text, !expected || (held[holder].is_there && overlap(&held[holder], &asked)),
                    "its holder overlaps");
    }
    for (uint32_t i = 0; i < HELD; i++) {
        if (held[i].is_there) {
            cidr_set_remove(set, held[i].place, i);
        }
    }
    uint32_t holder;
    expect_true("all removed", !find(set, is_ipv6 ? "::/0" : "0.0.0.0/0", HELD, &holder), "nothing is held");
}

static void random_ipv4(void **state) {
    (void)state;
    run_random(false);
}

static void random_ipv6(void **state) {
    (void)state;
    run_random(true);
}

static void many_holders(void **state) {
    (void)state;
    CLEANUP(cidr_set_free) struct cidr_set *set = cidr_set_new();
    uint32_t place;
    uint32_t holder;
    for (uint32_t i = 1; i <= 100; i++) {
        expect_true("many", cidr_set_add(set, "10.96.0.0/12", i, &place), "hold one network");
    }
    for (uint32_t i = 1; i < 100; i++) {
        cidr_set_remove(set, place, i);
    }
    expect_true("the last", find(set, "10.100.0.0/16", 0, &holder), "is found");
    expect_integer("the last", holder, 100);
    expect_true("the last", !find(set, "10.100.0.0/16", 100, &holder), "is alone");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(random_ipv4),
        cmocka_unit_test(random_ipv6),
        cmocka_unit_test(many_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
