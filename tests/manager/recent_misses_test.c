#include "manager/recent_misses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void forgets_after_its_life(void **state) {
    (void)state;
    const struct object_key key = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "eu-7"};
    const struct object_key other = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "eu-8"};
    CLEANUP(recent_misses_free) struct recent_misses *misses = recent_misses_new(1000);
    assert_false(recent_misses_has(misses, &key, 50));
    recent_misses_add(misses, &key, 100);
    assert_true(recent_misses_has(misses, &key, 100));
    assert_true(recent_misses_has(misses, &key, 1099));
    assert_false(recent_misses_has(misses, &key, 1100));
    assert_false(recent_misses_has(misses, &other, 200));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(forgets_after_its_life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
