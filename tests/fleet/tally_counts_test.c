// Counts by a hash, beside a plain table.
#include "fleet/tally_counts.h"
#include "tests/support/expect.h"

enum { HASHES = 300, STEPS = 200000 };

// Many hashes share a place: what is removed must not hide what lies behind it.
static uint32_t hash_of(unsigned thing) {
    return thing % 3 ? thing / 7 : thing * 0x9E3779B1u;
}

static void test_counts_like_a_table(void **state) {
    (void)state;
    struct tally_counts counts = {0};
    unsigned table[HASHES] = {0};
    uint64_t random = 1;
    assert_int_equal(tally_counts_of(&counts, 7), 0);
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned thing = (unsigned)(random >> 33) % HASHES;
        bool adds = (random >> 60) % 2 == 0 || step < HASHES;
        if (adds) {
            tally_counts_add(&counts, hash_of(thing));
            table[thing]++;
        } else if (table[thing] > 0) {
            tally_counts_remove(&counts, hash_of(thing));
            table[thing]--;
        }
        if (step % 97 == 0) {
            unsigned look = (unsigned)(random >> 20) % HASHES;
            unsigned expected = 0;
            for (unsigned i = 0; i < HASHES; i++) {
                expected += hash_of(i) == hash_of(look) ? table[i] : 0;
            }
            assert_int_equal(tally_counts_of(&counts, hash_of(look)), expected);
        }
    }
    for (unsigned i = 0; i < HASHES; i++) {
        for (; table[i] > 0; table[i]--) {
            tally_counts_remove(&counts, hash_of(i));
        }
    }
    assert_int_equal(counts.used, 0);
    tally_counts_clear(&counts);
    assert_int_equal(tally_counts_bytes(&counts), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts_like_a_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
