#include "base/arena.h"
#include "tests/support/expect.h"

#include <stdalign.h>

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t size;
        int times;
    } cases[] = {
        {"nothing", 0, 3},           {"one byte", 1, 1000},          {"odd", 37, 1000},
        {"a whole chunk", 4096, 10}, {"more than a chunk", 5000, 5}, {"more than the largest", 1 << 20, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        for (int n = 0; n < cases[i].times; n++) {
            unsigned char *memory = arena_alloc(arena, cases[i].size);
            expect_true(cases[i].name, (uintptr_t)memory % alignof(max_align_t) == 0, "aligned");
            for (size_t at = 0; at < cases[i].size; at++) {
                expect_true(cases[i].name, memory[at] == 0, "zeroed");
            }
            memset(memory, 0xAA, cases[i].size);
        }
        expect_true(cases[i].name, arena_used(arena) >= cases[i].size * (size_t)cases[i].times, "counted");
    }
}

static void test_reset_gives_zeroed_memory_again(void **state) {
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    for (int round = 0; round < 3; round++) {
        for (int n = 0; n < 100; n++) {
            unsigned char *memory = arena_alloc(arena, 1000);
            assert_int_equal(memory[0] | memory[999], 0);
            memset(memory, 0xAA, 1000);
        }
        arena_reset(arena);
        assert_int_equal(arena_used(arena), 0);
    }
}

static void test_texts(void **state) {
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    assert_string_equal(arena_copy_text(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy_text(arena, "", 0), "");
    assert_memory_equal(arena_copy_text(arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_strdup(arena, "abc"), "abc");
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_printf(arena, "%s-%d", "pool", 7), "pool-7");
    assert_string_equal(arena_printf(arena, "%s", ""), "");
    char *large = arena_printf(arena, "%0*d", 300 * 1024, 1);
    assert_int_equal(strlen(large), 300 * 1024);
}

static void test_free_takes_nothing(void **state) {
    (void)state;
    arena_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_reset_gives_zeroed_memory_again),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_free_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
