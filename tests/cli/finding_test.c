#include "cli/finding.h"
#include "tests/support/expect.h"

#include <stdio.h>

static const struct finding sample = {.result = FINDING_WARN,
                                      .policy = "regions",
                                      .object = {"g", "AWSCluster", "prod", "eu-7"},
                                      .path = "spec.region",
                                      .headline = "[regions] AWSCluster prod/eu-7 spec.region: no",
                                      .message = "no",
                                      .place = {.file = "b.yaml", .line = 7, .column = 3}};

static void test_kept_once(void **state) {
    (void)state;
    CLEANUP(finding_list_clear) struct finding_list list;
    finding_list_init(&list);
    struct finding finding = sample;
    finding_list_add(&list, &finding);
    finding_list_add(&list, &finding);
    expect_integer("the same twice", (int64_t)list.count, 1);
    finding.result = FINDING_EXISTING;
    finding_list_add(&list, &finding);
    expect_integer("the worst stays", list.items[0].result, FINDING_WARN);
    finding.result = FINDING_DENY;
    finding_list_add(&list, &finding);
    expect_integer("a worse one replaces it", list.items[0].result, FINDING_DENY);
    expect_integer("and is counted in its place", (int64_t)list.counts[FINDING_DENY], 1);
    expect_integer("and is counted in its place", (int64_t)list.counts[FINDING_WARN], 0);
    finding.path = "spec.zone";
    finding_list_add(&list, &finding);
    finding.object.name = "eu-8";
    finding_list_add(&list, &finding);
    finding.policy = "zones";
    finding_list_add(&list, &finding);
    expect_integer("other fields, objects and policies are others", (int64_t)list.count, 4);
}

static void test_many(void **state) {
    (void)state;
    CLEANUP(finding_list_clear) struct finding_list list;
    finding_list_init(&list);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            char message[32];
            struct finding finding = sample;
            snprintf(message, sizeof(message), "number %d", i);
            finding.message = message;
            finding_list_add(&list, &finding);
        }
    }
    expect_integer("each once", (int64_t)list.count, 5000);
}

static void test_order(void **state) {
    (void)state;
    static const struct {
        const char *file;
        uint32_t line, column;
    } places[] = {{"b.yaml", 1, 1}, {"a.yaml", 10, 2}, {"a.yaml", 9, 1}, {"a.yaml", 10, 1}};
    static const char *const expected[] = {"a.yaml:9:1", "a.yaml:10:1", "a.yaml:10:2", "b.yaml:1:1"};
    CLEANUP(finding_list_clear) struct finding_list list;
    finding_list_init(&list);
    for (size_t i = 0; i < 4; i++) {
        struct finding finding = sample;
        char path[32];
        snprintf(path, sizeof(path), "spec[%zu]", i);
        finding.path = path;
        finding.place =
            (struct place){.file = places[i].file, .line = places[i].line, .column = places[i].column};
        finding_list_add(&list, &finding);
    }
    finding_list_sort(&list);
    for (size_t i = 0; i < 4; i++) {
        char got[64];
        snprintf(got, sizeof(got), "%s:%u:%u", list.items[i].place.file, list.items[i].place.line,
                 list.items[i].place.column);
        expect_text("order", got, expected[i]);
    }
}

static void test_clean(void **state) {
    (void)state;
    CLEANUP(finding_list_clear) struct finding_list list;
    finding_list_init(&list);
    struct finding finding = sample;
    finding.message = "one\ntwo \x1B[31m";
    finding.object.name = "a\x07";
    finding_list_add(&list, &finding);
    expect_true("one line without control characters",
                !strpbrk(list.items[0].message, "\n\x1B") && !strchr(list.items[0].object.name, '\x07'),
                "clean");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept_once), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_order), cmocka_unit_test(test_clean)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
