#include "base/buffer.h"
#include "base/document.h"
#include "tests/support/documents.h"

#include <math.h>
#include <time.h>

static void test_walking(void **state) {
    (void)state;
    CLEANUP(document_free)
    struct document *document = document_of("{'a': [1, [2, 3], {}, []], 'b': {'c': null}, 'd': 'x'}");
    const struct node *root = document_root(document);
    assert_int_equal(document_node_count(document), 11);
    assert_int_equal(root->span, 11);
    assert_int_equal(root->length, 3);
    assert_null(root->key);

    char keys[8] = "";
    NODE_EACH(child, root) {
        strcat(keys, child->key);
    }
    assert_string_equal(keys, "abd");

    const struct node *list = node_get(root, "a");
    int64_t value = 0;
    assert_true(node_integer(node_item(node_item(list, 1), 1), &value));
    assert_int_equal(value, 3);
    assert_null(node_item(list, 4));
    assert_null(node_first(node_item(list, 2)));
    assert_null(node_first(node_item(list, 3)));
    assert_null(node_first(node_get(root, "d")));
    assert_null(document_position(document, root));
}

static void test_get(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *document = document_of("{'': 1, 'a': 2, 'ab': 3, 'b': {'a': 4}}");
    const struct node *root = document_root(document);
    static const struct {
        const char *name;
        const char *key;
        int64_t value; // 0: missing
    } cases[] = {
        {"the empty key", "", 1}, {"a key", "a", 2},           {"a longer key", "ab", 3},
        {"too long", "abc", 0},   {"of a child only", "c", 0}, {"another case", "A", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 0;
        bool found = node_integer(node_get(root, cases[i].key), &value);
        expect_true(cases[i].name, found == (cases[i].value != 0), "found if it is there");
        expect_integer(cases[i].name, value, cases[i].value);
    }
    assert_null(node_get_sized(root, "ab", 3));
    assert_ptr_equal(node_get_sized(root, "abc", 2), node_get(root, "ab"));
}

static void test_nothing_is_taken_for_an_answer(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *document = document_of("['text']");
    const struct node *text = node_item(document_root(document), 0);
    const struct node *const cases[] = {NULL, text};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t integer = 7;
        bool boolean = true;
        assert_null(node_first(cases[i]));
        assert_null(node_get(cases[i], "a"));
        assert_null(node_item(cases[i], 0));
        assert_false(node_integer(cases[i], &integer));
        assert_false(node_boolean(cases[i], &boolean));
        assert_int_equal(integer, 7);
        assert_true(boolean);
    }
    assert_null(node_string(NULL));
    assert_string_equal(node_get_text(NULL, "a"), "");
    assert_string_equal(node_type_name(NULL), "nothing");
    document_free(NULL);

    CLEANUP(document_free) struct document *answer = document_of("true");
    bool boolean = false;
    assert_true(node_boolean(document_root(answer), &boolean));
    assert_true(boolean);
}

static void test_reading(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the JSON
        const char *type;
        const char *text; // NULL: no string
        int64_t integer;  // INT64_MIN + 1: no integer
    } cases[] = {
        {"null", "null", NULL, INT64_MIN + 1},
        {"true", "boolean", NULL, INT64_MIN + 1},
        {"'x'", "string", "x", INT64_MIN + 1},
        {"''", "string", "", INT64_MIN + 1},
        {"'a\\u0000b'", "string", NULL, INT64_MIN + 1},
        {"[]", "list", NULL, INT64_MIN + 1},
        {"{}", "map", NULL, INT64_MIN + 1},
        {"0", "integer", NULL, 0},
        {"-0", "integer", NULL, 0},
        {"9223372036854775807", "integer", NULL, INT64_MAX},
        {"-9223372036854775808", "integer", NULL, INT64_MIN},
        {"3.0", "number", NULL, 3},
        {"-3e2", "number", NULL, -300},
        {"3.5", "number", NULL, INT64_MIN + 1},
        {"9223372036854775807.0", "number", NULL, INT64_MIN + 1},
        {"-9223372036854775808.0", "number", NULL, INT64_MIN},
        {"1e300", "number", NULL, INT64_MIN + 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].name);
        const struct node *root = document_root(document);
        expect_text(cases[i].name, node_type_name(root), cases[i].type);
        if (cases[i].text) {
            expect_text(cases[i].name, node_string(root), cases[i].text);
        } else {
            expect_true(cases[i].name, node_string(root) == NULL, "no string");
        }
        int64_t integer = INT64_MIN + 1;
        bool found = node_integer(root, &integer);
        expect_true(cases[i].name, found == (cases[i].integer != INT64_MIN + 1), "an integer or not");
        expect_integer(cases[i].name, integer, cases[i].integer);
    }
}

static void test_equal(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"null", "null", "null", true},
        {"booleans", "true", "true", true},
        {"other booleans", "true", "false", false},
        {"null is not false", "null", "false", false},
        {"integers", "12", "12", true},
        {"other integers", "12", "13", false},
        {"numbers", "1.5", "15e-1", true},
        {"other numbers", "1.5", "1.25", false},
        {"an integer is no number", "1", "1.0", false},
        {"minus zero", "0.0", "-0.0", true},
        {"texts", "'a\\u0000b'", "'a\\u0000b'", true},
        {"other texts behind a NUL", "'a\\u0000b'", "'a\\u0000c'", false},
        {"shorter text", "'ab'", "'a'", false},
        {"empty list and empty map", "[]", "{}", false},
        {"empty map and null", "{}", "null", false},
        {"lists", "[1, [2]]", "[1, [2]]", true},
        {"order of a list", "[1, 2]", "[2, 1]", false},
        {"longer list", "[1]", "[1, 2]", false},
        {"maps", "{'a': 1, 'b': {'c': []}}", "{'a': 1, 'b': {'c': []}}", true},
        {"order of a map", "{'a': 1, 'b': 2, 'c': 3}", "{'c': 3, 'b': 2, 'a': 1}", true},
        {"order after equal members", "{'a': 1, 'b': 2, 'c': 3}", "{'a': 1, 'c': 3, 'b': 2}", true},
        {"order and another value", "{'a': 1, 'b': 2, 'c': 3}", "{'a': 1, 'c': 2, 'b': 2}", false},
        {"other key", "{'a': 1}", "{'b': 1}", false},
        {"other key after equal members", "{'a': 1, 'b': 2, 'c': 3}", "{'a': 1, 'b': 2, 'd': 3}", false},
        {"other value", "{'a': 1}", "{'a': 2}", false},
        {"longer map", "{'a': 1}", "{'a': 1, 'b': 2}", false},
        {"order deep inside", "[{'x': {'a': 1, 'b': 2}}]", "[{'x': {'b': 2, 'a': 1}}]", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *a = document_of(cases[i].a);
        CLEANUP(document_free) struct document *b = document_of(cases[i].b);
        expect_true(cases[i].name, node_equal(document_root(a), document_root(b)) == cases[i].equal, "a = b");
        expect_true(cases[i].name, node_equal(document_root(b), document_root(a)) == cases[i].equal, "b = a");
        expect_true(cases[i].name, node_equal(document_root(a), document_root(a)), "a = a");
    }
    assert_true(node_equal(NULL, NULL));
}

// YAML has .nan; JSON has not.
static void test_not_a_number_is_equal_to_itself_only(void **state) {
    (void)state;
    struct node nan_node = {.type = NODE_NUMBER, .span = 1, .value.number = NAN};
    struct node other_nan = nan_node;
    struct node one = {.type = NODE_NUMBER, .span = 1, .value.number = 1};
    assert_true(node_equal(&nan_node, &other_nan));
    assert_false(node_equal(&nan_node, &one));
    assert_false(node_equal(&one, &nan_node));
}

static struct document *large_map(int members, bool reversed, int changed) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    for (int i = 0; i < members; i++) {
        int number = reversed ? members - 1 - i : i;
        buffer_printf(&text, "%c'key-%d': %d", i ? ',' : '{', number, number == changed ? -1 : number);
    }
    buffer_append_text(&text, "}");
    return document_of(buffer_text(&text));
}

// A sender chooses the order: object and old object with 200,000 annotations must not take n * n steps (a
// minute; sorted, a tenth of a second).
static void test_equal_in_another_order_is_not_quadratic(void **state) {
    (void)state;
    enum { MEMBERS = 200000 };
    CLEANUP(document_free) struct document *a = large_map(MEMBERS, false, -1);
    CLEANUP(document_free) struct document *b = large_map(MEMBERS, true, -1);
    CLEANUP(document_free) struct document *c = large_map(MEMBERS, true, MEMBERS / 2);
    clock_t start = clock();
    assert_true(node_equal(document_root(a), document_root(b)));
    assert_false(node_equal(document_root(a), document_root(c)));
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walking),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_nothing_is_taken_for_an_answer),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_not_a_number_is_equal_to_itself_only),
        cmocka_unit_test(test_equal_in_another_order_is_not_quadratic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
