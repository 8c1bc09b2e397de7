#include "base/attributes.h"
#include "base/memory.h"
#include "tests/support/expect.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_sizes_of_nothing(void **state) {
    (void)state;
    free(memory_alloc(0));
    free(memory_calloc(0, 8));
    free(memory_calloc(8, 0));
    free(memory_realloc(NULL, 0, 4));
}

static void test_copies(void **state) {
    (void)state;
    CLEANUP(free) char *part = memory_copy_text("abcdef", 3);
    assert_string_equal(part, "abc");
    CLEANUP(free) char *all = memory_strdup("abcdef");
    assert_string_equal(all, "abcdef");
    CLEANUP(free) char *none = memory_copy_text("", 0);
    assert_string_equal(none, "");
}

static void test_realloc_keeps_the_content(void **state) {
    (void)state;
    CLEANUP(free) char *text = memory_strdup("abc");
    text = memory_realloc(text, 1000, 1);
    assert_string_equal(text, "abc");
}

static void test_take_leaves_nothing_behind(void **state) {
    (void)state;
    CLEANUP(free) char *text = memory_strdup("abc");
    char *taken = free_take(&text);
    assert_null(text);
    assert_string_equal(taken, "abc");
    free(taken);
}

static void test_texts_one_behind_the_other(void **state) {
    (void)state;
    char block[] = "........";
    char *at = block;
    assert_string_equal(memory_put_text("abcd", 2, &at), "ab");
    assert_string_equal(memory_put_text("", 0, &at), "");
    assert_string_equal(memory_put_text("xyz", 3, &at), "xyz");
    assert_ptr_equal(at, block + 8);
    assert_memory_equal(block, "ab\0\0xyz", 8);
}

// count * size overflows; a wrapped product would succeed with too little.
static void test_overflow_aborts(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        volatile size_t half = SIZE_MAX / 2 + 2;
        free(memory_realloc(NULL, half, 2));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_of_nothing),           cmocka_unit_test(test_copies),
        cmocka_unit_test(test_realloc_keeps_the_content),  cmocka_unit_test(test_take_leaves_nothing_behind),
        cmocka_unit_test(test_texts_one_behind_the_other), cmocka_unit_test(test_overflow_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
