#include "base/field_path.h"
#include "tests/support/documents.h"

static const char sample[] = "{'spec': {'workers': [{'replicas': 3}, {'replicas': 5}], 'empty': []},"
                             " 'metadata': {'annotations': {'a.b/c': 'x', '': 'none', 'a\\\"b': 'quote',"
                             " 'a\\\\b': 'backslash', '~/': 'tilde'}}, 'list': [[1, 2], [3]]}";

static void describe(struct buffer *buffer, const struct field_step *step) {
    switch (step->kind) {
    case FIELD_KEY:
        buffer_printf(buffer, "<%.*s>", (int)step->length, step->key);
        break;
    case FIELD_INDEX:
        buffer_printf(buffer, "#%zu", step->index);
        break;
    case FIELD_EACH:
        buffer_append_text(buffer, "*");
        break;
    case FIELD_END:
        break;
    }
}

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the path
        const char *steps;
    } cases[] = {
        {"", ""},
        {"spec", "<spec>"},
        {"spec.replicas", "<spec><replicas>"},
        {"spec.workers[0].replicas", "<spec><workers>#0<replicas>"},
        {"[0]", "#0"},
        {"[0][12]", "#0#12"},
        {"[999999999]", "#999999999"},
        {"workers[].name", "<workers>*<name>"},
        {"[]", "*"},
        {"metadata.annotations[\"a.b/c\"]", "<metadata><annotations><a.b/c>"},
        {"[\"a.b\"].c", "<a.b><c>"},
        {"[\"\"]", "<>"},
        {"[\"a]b\"]", "<a]b>"},
        {"with-dash_and_9", "<with-dash_and_9>"},
        {"[\"a\\\"b\"]", "<a\\\"b>"},
        {"[\"a\\\\\"].b", "<a\\\\><b>"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer steps;
        buffer_init(&steps, 1000);
        const char *cursor = cases[i].name;
        struct field_step step = {.kind = FIELD_KEY};
        struct error error = {0};
        while (step.kind != FIELD_END) {
            if (!field_path_next(&cursor, &step, &error)) {
                fail_msg("%s: %s", cases[i].name, error.message);
            }
            describe(&steps, &step);
        }
        expect_text(cases[i].name, buffer_text(&steps), cases[i].steps);
    }
}

static void test_bad_paths(void **state) {
    (void)state;
    static const char *const cases[] = {
        ".spec",     "spec.",   "spec..a",   "spec.[0]",    "spec a",     "spec/a",
        "a[",        "a[0",     "a[x]",      "a[-1]",       "a[0]b",      "a[0].",
        "a[0]..b",   "a[0] ",   "a[01]",     "a[00]",       "a[ 1]",      "a[1000000000]",
        "a[\"b]",    "a[\"b\"", "a[\"b\"x]", "a[\"b\"]c",   "a[\"b\\\"]", "a[\"b\\n\"]",
        "a[\"\\",    "a['b']",  "]",         "a]",          "a[]b",       "caf\xC3\xA9",
        "a[\"b\"].", "a.",      ".",         "a[\"x\"y\"]",
    };
    CLEANUP(document_free) struct document *document = document_of(sample);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        const struct node *node = document_root(document);
        CLEANUP(buffer_clear) struct buffer pointer;
        buffer_init(&pointer, 100);
        buffer_append_text(&pointer, "before");
        expect_true(cases[i], !field_path_find(document_root(document), cases[i], &node, &error), "refused");
        expect_text(cases[i], error_kind_name(error.kind), "invalid");
        expect_contains(cases[i], error.message, "field path: ");
        expect_true(cases[i], node == document_root(document), "the output is untouched");
        expect_true(cases[i], !field_path_to_pointer(cases[i], &pointer, NULL), "no pointer");
        expect_text(cases[i], buffer_text(&pointer), "before");
    }
}

static void test_find(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the path
        const char *found;
    } cases[] = {
        {"", "map"},
        {"spec.workers", "list"},
        {"spec.workers[1].replicas", "integer"},
        {"spec.workers[2].replicas", "nothing"},
        {"spec.workers.replicas", "nothing"},
        {"spec[0]", "nothing"},
        {"spec.missing.deeper[3][\"x\"]", "nothing"},
        {"spec.empty[0]", "nothing"},
        {"list[0][1]", "integer"},
        {"metadata.annotations[\"a.b/c\"]", "string"},
        {"metadata.annotations[\"\"]", "string"},
        {"metadata.annotations[\"a\\\"b\"]", "string"},
        {"metadata.annotations[\"a\\\\b\"]", "string"},
        {"metadata.annotations[\"a\\\\\"]", "nothing"},
        {"metadata.annotations[\"a\\\\bc\"]", "nothing"},
        {"spec.workers[\"a\\\"b\"]", "nothing"},
    };
    CLEANUP(document_free) struct document *document = document_of(sample);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        const struct node *node = NULL;
        if (!field_path_find(document_root(document), cases[i].name, &node, &error)) {
            fail_msg("%s: %s", cases[i].name, error.message);
        }
        expect_text(cases[i].name, node_type_name(node), cases[i].found);
    }
    const struct node *node = document_root(document);
    struct error error = {0};
    assert_true(field_path_find(NULL, "a.b", &node, &error));
    assert_null(node);
    assert_false(field_path_find(document_root(document), "spec.workers[].replicas", &node, &error));
    expect_contains("[]", error.message, "names no single field");
}

static void test_deepest(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the path
        const char *same; // the path of the node that is found
    } cases[] = {
        {"spec.workers[1].replicas", "spec.workers[1].replicas"},
        {"spec.workers[1].missing.deeper", "spec.workers[1]"},
        {"spec.workers[7].replicas", "spec.workers"},
        {"missing", ""},
        {"spec.workers[].replicas", "spec.workers"},
        {"spec.workers[x", "spec.workers"},
        {"", ""},
    };
    CLEANUP(document_free) struct document *document = document_of(sample);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct node *expected = NULL;
        assert_true(field_path_find(document_root(document), cases[i].same, &expected, NULL));
        expect_true(cases[i].name, field_path_deepest(document_root(document), cases[i].name) == expected,
                    cases[i].same);
    }
    assert_null(field_path_deepest(NULL, "a"));
}

static void test_pointer(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the path
        const char *pointer;
    } cases[] = {
        {"", ""},
        {"spec.workers[0].replicas", "/spec/workers/0/replicas"},
        {"metadata.annotations[\"a.b/c\"]", "/metadata/annotations/a.b~1c"},
        {"[\"~/\"]", "/~0~1"},
        {"[\"~1\"]", "/~01"},
        {"[\"\"]", "/"},
        {"[\"a\\\"b\\\\c\"].d", "/a\"b\\c/d"},
        {"[\"caf\xC3\xA9\"]", "/caf\xC3\xA9"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer pointer;
        buffer_init(&pointer, 100);
        struct error error = {0};
        expect_true(cases[i].name, field_path_to_pointer(cases[i].name, &pointer, &error), "parsed");
        expect_text(cases[i].name, buffer_text(&pointer), cases[i].pointer);
    }
    CLEANUP(buffer_clear) struct buffer pointer;
    buffer_init(&pointer, 100);
    struct error error = {0};
    assert_false(field_path_to_pointer("workers[].name", &pointer, &error));
    assert_string_equal(buffer_text(&pointer), "");
    expect_contains("[]", error.message, "names no single field");
}

static void test_append(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the key
        const char *alone, *behind;
    } cases[] = {
        {"spec", "spec", "a[0].spec"},
        {"with-dash_9", "with-dash_9", "a[0].with-dash_9"},
        {"a.b/c", "[\"a.b/c\"]", "a[0][\"a.b/c\"]"},
        {"", "[\"\"]", "a[0][\"\"]"},
        {"a\"].spec[\"x", "[\"a\\\"].spec[\\\"x\"]", "a[0][\"a\\\"].spec[\\\"x\"]"},
        {"back\\slash", "[\"back\\\\slash\"]", "a[0][\"back\\\\slash\"]"},
        {"caf\xC3\xA9", "[\"caf\xC3\xA9\"]", "a[0][\"caf\xC3\xA9\"]"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer path;
        buffer_init(&path, 100);
        field_path_append_key(&path, cases[i].name, strlen(cases[i].name));
        expect_text(cases[i].name, buffer_text(&path), cases[i].alone);
        buffer_clear(&path);
        field_path_append_key(&path, "a", 1);
        field_path_append_index(&path, 0);
        field_path_append_key(&path, cases[i].name, strlen(cases[i].name));
        expect_text(cases[i].name, buffer_text(&path), cases[i].behind);
    }
}

static void visit(const struct node *root, const struct node *node, struct buffer *path) {
    const struct node *found = NULL;
    struct error error = {0};
    if (!field_path_find(root, buffer_text(path), &found, &error)) {
        fail_msg("%s: %s", buffer_text(path), error.message);
    }
    expect_true(buffer_text(path), found == node, "finds what it was made from");
    size_t length = path->length;
    size_t index = 0;
    NODE_EACH(child, node) {
        if (child->key) {
            field_path_append_key(path, child->key, child->key_length);
        } else {
            field_path_append_index(path, index++);
        }
        visit(root, child, path);
        buffer_truncate(path, length);
    }
}

static void test_what_is_appended_is_found_again(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *document = document_of(sample);
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, 1000);
    visit(document_root(document), document_root(document), &path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_bad_paths),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_deepest),
        cmocka_unit_test(test_pointer),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_what_is_appended_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
