#include "base/merge_patch.h"

#include "base/buffer.h"
#include "base/json_canonical.h"
#include "tests/support/documents.h"
#include "tests/support/expect.h"

#include <stdio.h>

static const struct {
    const char *name, *target, *patch, *result;
} cases[] = {
    // RFC 7386, appendix A, in its order.
    {"a member replaced", "{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
    {"a member added", "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
    {"the only member removed", "{'a':'b'}", "{'a':null}", "{}"},
    {"one of two removed", "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
    {"a list replaced by a string", "{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
    {"a string replaced by a list", "{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
    {"nested maps are merged", "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
    {"a list of maps is replaced", "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
    {"lists are not merged", "['a','b']", "['c','d']", "['c','d']"},
    {"a map replaced by a list", "{'a':'b'}", "['c']", "['c']"},
    {"null alone", "{'a':'foo'}", "null", "null"},
    {"a string alone", "{'a':'foo'}", "'bar'", "'bar'"},
    {"a null that was there stays", "{'e':null}", "{'a':1}", "{'a':1,'e':null}"},
    {"a list replaced by a map without its nulls", "[1,2]", "{'a':'b','c':null}", "{'a':'b'}"},
    {"nulls of a new nested map go", "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
    // More.
    {"no target", NULL, "{'a':{'b':null,'c':1}}", "{'a':{'c':1}}"},
    {"nulls in a list stay", "{}", "{'a':[null,{'b':null}]}", "{'a':[null,{'b':null}]}"},
    {"an empty patch", "{'a':[1,2.5,true,false,null,'x']}", "{}", "{'a':[1,2.5,true,false,null,'x']}"},
    {"text with NUL", "{'a':'x\\u0000y'}", "{'b':'\\u0000'}", "{'a':'x\\u0000y','b':'\\u0000'}"},
    {"keys that begin alike", "{'a':1,'ab':2,'':3}", "{'a':null,'':4}", "{'':4,'ab':2}"},
};

static void expect_document(const char *name, const struct node *actual, const char *expected) {
    CLEANUP(document_free) struct document *document = document_of(expected);
    CLEANUP(buffer_clear) struct buffer left;
    CLEANUP(buffer_clear) struct buffer right;
    buffer_init(&left, 1000000);
    buffer_init(&right, 1000000);
    json_canonical_append(&left, actual);
    json_canonical_append(&right, document_root(document));
    expect_text(name, buffer_text(&left), buffer_text(&right));
}

static void test_examples(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct document *target = cases[i].target ? document_of(cases[i].target) : NULL;
        struct document *patch = document_of(cases[i].patch);
        CLEANUP(document_free) struct document *result = NULL;
        struct error error = {0};
        bool applied =
            merge_patch_apply(target ? document_root(target) : NULL, document_root(patch), &result, &error);
        // The result stands alone.
        document_free(target);
        document_free(patch);
        expect_true(cases[i].name, applied, error.message);
        expect_document(cases[i].name, document_root(result), cases[i].result);
    }
}

// {"k<first>":<value>, ...} up to k<last>.
static struct document *large_map(int first, int last, const char *value) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 8 * 1024 * 1024);
    for (int i = first; i <= last; i++) {
        buffer_printf(&text, "%s'k%d':%s", i == first ? "{" : ",", i, value);
    }
    buffer_append_text(&text, "}");
    return document_of(buffer_text(&text));
}

// A search that looks at every member would take minutes.
static void test_large_maps(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    CLEANUP(document_free) struct document *target = large_map(0, COUNT - 1, "1");
    CLEANUP(document_free) struct document *patch = large_map(1, COUNT, "2");
    CLEANUP(document_free) struct document *result = NULL;
    struct error error = {0};
    expect_true("large maps", merge_patch_apply(document_root(target), document_root(patch), &result, &error),
                error.message);
    expect_integer("members", document_root(result)->length, COUNT + 1);
    int64_t first = 0;
    int64_t last = 0;
    expect_true("k0", node_integer(node_get(document_root(result), "k0"), &first), "is there");
    expect_true("k100000", node_integer(node_get(document_root(result), "k100000"), &last), "is there");
    expect_integer("k0 stays", first, 1);
    expect_integer("k100000 is new", last, 2);
}

static struct document *nested(int depth) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1000000);
    for (int i = 0; i < depth; i++) {
        buffer_append_text(&text, "{'a':");
    }
    buffer_append_text(&text, "1");
    for (int i = 0; i < depth; i++) {
        buffer_append_text(&text, "}");
    }
    return document_of(buffer_text(&text));
}

static void test_depth(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *deepest = nested((int)document_default_limits.depth);
    CLEANUP(document_free) struct document *result = NULL;
    struct error error = {0};
    expect_true("as deep as a text may be",
                merge_patch_apply(document_root(deepest), document_root(deepest), &result, &error),
                error.message);
    expect_true("nothing changed", node_equal(document_root(result), document_root(deepest)), "equal");
}

static void test_too_many_values(void **state) {
    (void)state;
    enum { COUNT = 600000 };
    CLEANUP(document_free) struct document *target = large_map(0, COUNT, "1");
    CLEANUP(document_free) struct document *patch = large_map(COUNT + 1, 2 * COUNT, "2");
    struct document *result = NULL;
    struct error error = {0};
    expect_true("two texts that are too much together",
                !merge_patch_apply(document_root(target), document_root(patch), &result, &error), "refused");
    expect_error("two texts that are too much together", &error, ERROR_LIMIT,
                 "more than 1000000 values in one document");
    expect_true("the output", result == NULL, "is left alone");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_large_maps),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
