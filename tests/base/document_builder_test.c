#include "base/document_builder.h"
#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

static struct document_builder *new_map(bool with_positions) {
    struct document_builder *builder = document_builder_new(&document_default_limits, with_positions);
    assert_true(document_builder_open(builder, NODE_MAP, NULL));
    return builder;
}

static void add_member(struct document_builder *builder, const char *key) {
    document_builder_key(builder, document_builder_copy(builder, key, strlen(key)), (uint32_t)strlen(key));
    assert_true(document_builder_add(builder, &(struct node){.type = NODE_NULL}, NULL));
}

// As document_builder.c hashes, so that keys can be made to meet in its table.
static uint32_t hash_of(const char *key) {
    uint32_t hash = 2166136261U;
    for (; *key; key++) {
        hash = (hash ^ (unsigned char)*key) * 16777619U;
    }
    return hash ^ hash >> 15;
}

static void write_key(char key[24], int *counter, bool colliding) {
    do {
        snprintf(key, 24, "key-%d", (*counter)++);
    } while (colliding && hash_of(key) % 1024 != 0);
}

static void test_duplicates(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int members;
        int first, second; // which two have the same key; -1: none
        bool colliding;
    } cases[] = {
        {"one member", 1, -1, -1, false},
        {"two members", 2, -1, -1, false},
        {"two of two", 2, 0, 1, false},
        {"small", 12, -1, -1, false},
        {"small, first and last", 12, 0, 11, false},
        {"small, neighbours", 12, 5, 6, false},
        {"just large", 13, -1, -1, false},
        {"just large, first and last", 13, 0, 12, false},
        {"large", 5000, -1, -1, false},
        {"large, first and last", 5000, 0, 4999, false},
        {"large, neighbours", 5000, 4998, 4999, false},
        {"colliding", 400, -1, -1, true},
        {"colliding, first and second", 400, 0, 1, true},
        {"colliding, first and last", 400, 0, 399, true},
        {"colliding, last two", 400, 398, 399, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_builder_free) struct document_builder *builder = new_map(false);
        char duplicate[24] = "";
        int counter = 0;
        for (int member = 0; member < cases[i].members; member++) {
            char key[24];
            write_key(key, &counter, cases[i].colliding);
            if (member == cases[i].first) {
                memcpy(duplicate, key, sizeof(key));
            }
            add_member(builder, member == cases[i].second ? duplicate : key);
        }
        struct error error = {0};
        uint32_t index = 0;
        bool closed = document_builder_close(builder, &index, &error);
        expect_true(cases[i].name, closed == (cases[i].second < 0), "closed if no key comes twice");
        expect_integer(cases[i].name, index, cases[i].second < 0 ? 0 : cases[i].second + 1);
        if (closed) {
            document_free(document_builder_finish(document_builder_free_take(&builder)));
        } else {
            expect_text(cases[i].name, error_kind_name(error.kind), "invalid");
            expect_contains(cases[i].name, error.message, duplicate);
        }
    }
}

static void test_members_of_children_are_no_duplicates(void **state) {
    (void)state;
    CLEANUP(document_builder_free) struct document_builder *builder = new_map(false);
    for (int i = 0; i < 20; i++) {
        char key[24];
        snprintf(key, sizeof(key), "map-%d", i);
        document_builder_key(builder, document_builder_copy(builder, key, strlen(key)),
                             (uint32_t)strlen(key));
        assert_true(document_builder_open(builder, NODE_MAP, NULL));
        add_member(builder, "same");
        assert_true(document_builder_close(builder, NULL, NULL));
    }
    assert_true(document_builder_close(builder, NULL, NULL));
    CLEANUP(document_free)
    struct document *document = document_builder_finish(document_builder_free_take(&builder));
    assert_int_equal(document_node_count(document), 41);
    assert_int_equal(document_root(document)->length, 20);
}

static void test_keys_that_differ_late(void **state) {
    (void)state;
    CLEANUP(document_builder_free) struct document_builder *builder = new_map(false);
    static const char *const keys[] = {"", "a", "aa", "aaa", "aab", "aaA", "\xC3\xA9", "e\xCC\x81"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        add_member(builder, keys[i]);
    }
    assert_true(document_builder_close(builder, NULL, NULL));
}

static void test_depth_limit(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t depth;
    } cases[] = {{"one", 1}, {"the default", 128}, {"the deepest there is", 1024}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct document_limits limits = {.depth = cases[i].depth, .nodes = 10000};
        CLEANUP(document_builder_free)
        struct document_builder *builder = document_builder_new(&limits, false);
        for (uint32_t depth = 0; depth < cases[i].depth; depth++) {
            expect_true(cases[i].name, document_builder_open(builder, NODE_LIST, NULL), "opens");
        }
        struct error error = {0};
        expect_true(cases[i].name, !document_builder_open(builder, NODE_LIST, &error), "refused");
        expect_text(cases[i].name, error_kind_name(error.kind), "limit");
        expect_contains(cases[i].name, error.message, "nested deeper than");
        for (uint32_t depth = 0; depth < cases[i].depth; depth++) {
            expect_true(cases[i].name, document_builder_close(builder, NULL, NULL), "closes");
        }
        CLEANUP(document_free)
        struct document *document = document_builder_finish(document_builder_free_take(&builder));
        expect_integer(cases[i].name, document_root(document)->span, cases[i].depth);
    }
}

static void test_count_limit(void **state) {
    (void)state;
    struct document_limits limits = {.depth = 2, .nodes = 3};
    CLEANUP(document_builder_free) struct document_builder *builder = document_builder_new(&limits, false);
    struct error error = {0};
    const struct node null_node = {.type = NODE_NULL};
    assert_true(document_builder_open(builder, NODE_LIST, &error));
    assert_true(document_builder_add(builder, &null_node, &error));
    assert_true(document_builder_add(builder, &null_node, &error));
    assert_false(document_builder_add(builder, &null_node, &error));
    expect_error("a fourth", &error, ERROR_LIMIT, "more than 3 values in one document");
    assert_false(document_builder_open(builder, NODE_MAP, &error));
    assert_true(document_builder_close(builder, NULL, NULL));
}

static void test_positions(void **state) {
    (void)state;
    CLEANUP(document_builder_free) struct document_builder *builder = new_map(true);
    document_builder_mark(builder, &(struct node_position){.line = 1, .column = 1});
    for (uint32_t i = 0; i < 500; i++) {
        char key[24];
        snprintf(key, sizeof(key), "key-%u", i);
        add_member(builder, key);
        document_builder_mark(builder,
                              &(struct node_position){.line = i + 2, .column = 9, .key_line = i + 2});
    }
    assert_true(document_builder_close(builder, NULL, NULL));
    document_builder_mark_end(builder, 502, 2);
    assert_int_equal(document_builder_position(builder, 500)->line, 501);
    CLEANUP(document_free)
    struct document *document = document_builder_finish(document_builder_free_take(&builder));
    const struct node *root = document_root(document);
    assert_int_equal(document_position(document, root)->line, 1);
    assert_int_equal(document_position(document, root)->end_line, 502);
    assert_int_equal(document_position(document, node_get(root, "key-7"))->key_line, 9);
    assert_null(document_position(document, NULL));
}

static void test_adopted_text_is_kept(void **state) {
    (void)state;
    CLEANUP(document_builder_free)
    struct document_builder *builder = document_builder_new(&document_default_limits, false);
    char *text = memory_strdup("adopted");
    document_builder_adopt_text(builder, text);
    struct node node = {.type = NODE_STRING, .value.string = text, .length = 7, .unknown = true};
    assert_true(document_builder_add(builder, &node, NULL));
    CLEANUP(document_free)
    struct document *document = document_builder_finish(document_builder_free_take(&builder));
    assert_string_equal(node_string(document_root(document)), "adopted");
    assert_true(document_root(document)->unknown);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_members_of_children_are_no_duplicates),
        cmocka_unit_test(test_keys_that_differ_late),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_count_limit),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_adopted_text_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
