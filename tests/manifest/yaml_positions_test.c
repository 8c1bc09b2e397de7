// Where things stand: what a caret block will point at.
#include "base/field_path.h"
#include "tests/manifest/yaml_texts.h"

// Positions are key line:column, value line:column-line:column.
static const struct {
    const char *name, *text, *path, *expected;
} cases[] = {
    {"root", "a: 1\n", "", "0:0 1:1-1:5"},
    {"scalar", "a: 1\nbc:   xyz # c\n", "bc", "2:1 2:7-2:10"},
    {"list item", "a:\n  - 1\n  - xy\n", "a[1]", "0:0 3:5-3:7"},
    {"block map ends with its last scalar", "a:\n  b: 1\n  c: 23\n\n# c\nd: 1\n", "a", "1:1 2:3-3:8"},
    {"block list ends with its last scalar", "a:\n- 1\n- [2, 3]\n\n\nd: 1\n", "a", "1:1 2:1-3:9"},
    {"root ends before comments", "a: 1\nb: 2\n\n# end\n", "", "0:0 1:1-2:5"},
    {"flow map", "a: {b: 1, c: {d: 2}}\n", "a", "1:1 1:4-1:21"},
    {"in a flow map", "a: {b: 1, c: {d: 2}}\n", "a.c.d", "1:15 1:18-1:19"},
    {"quoted", "a: 'x y'\n", "a", "1:1 1:4-1:9"},
    {"quoted key", "'a b': 1\n", "[\"a b\"]", "1:1 1:8-1:9"},
    {"quoted over lines", "a: \"x\n  y\"\nb: 1", "a", "1:1 1:4-2:5"},
    {"block text ends with its words", "a: |\n  x\n  y\n\n\nb: 1\n", "a", "1:1 1:4-3:4"},
    {"behind a block text", "a: |\n  x\n  y\n\n\nb: 1\n", "b", "6:1 6:4-6:5"},
    {"no value", "a:\nb: 1\n", "a", "1:1 1:3-1:3"},
    {"no value at the end", "b: 1\na:", "a", "2:1 2:3-2:3"},
    {"characters, not bytes", "\xC3\xA4\xC3\xB6: {\xE2\x82\xAC: \xF0\x9F\x98\x80, b: 1}",
     "[\"\xC3\xA4\xC3\xB6\"].b", "1:12 1:15-1:16"},
    {"CRLF", "a: 1\r\nb: 2\r\n", "b", "2:1 2:4-2:5"},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a: 1\n",
     "a", "1:1 1:4-1:5"},
    {"lines as editors count them", "a: \"x\xE2\x80\xA8y\"\nb: \"\xC2\x85\"\nc: 1\n", "c", "3:1 3:4-3:5"},
    {"second document", "a: 1\n---\n# c\nb:\n  c: 2\n", "b.c", "5:3 5:6-5:7"},
    {"behind a broken one", "a: [\n---\nb:\n  c: 2\n", "b.c", "4:3 4:6-4:7"},
    {"JSON", "{\n\t\"a\": [1, \"\\u00e4x\"],\n\t\"b\": {\"c\": null}\n}", "b.c", "3:8 3:13-3:17"},
    {"JSON text", "{\n\t\"a\": [1, \"\\u00e4x\"],\n\t\"b\": {\"c\": null}\n}", "a[1]", "0:0 2:11-2:20"},
    {"JSON that is no YAML", "{\"\xF0\x9F\x98\x80\": \"\\ud83d\\ude00\",\n \"b\"\n: {}}", "b", "2:2 3:3-3:5"},
    {"JSON root", " {\"a\": 1} ", "", "0:0 1:2-1:10"},
    {"alias", "a: &x {k: 1}\nb: *x\n", "b", "2:1 2:4-2:6"},
    {"inside of an alias", "a: &x {k: 1}\nb: *x\n", "b.k", "1:8 1:11-1:12"},
    {"merged", "a: &x {k: 1}\nb:\n  <<: *x\n", "b.k", "1:8 1:11-1:12"},
    {"anchored", "a: &x 12\n", "a", "1:1 1:4-1:9"},
    {"tagged", "a: !!str 12\n", "a", "1:1 1:4-1:12"},
    {"variable", "a: 1\nb: ${X:=345}\n", "b", "2:1 2:4-2:13"},
    {"list from a variable", "b: ${X:=[1,[v]]}\n", "b", "1:1 1:4-1:17"},
    {"inside of it", "b: ${X:=[1,[v]]}\n", "b[1][0]", "0:0 1:4-1:17"},
    {"template", "a: {{ .X }}\nb: {{ .Y }}\n", "b", "2:1 2:4-2:12"},
    {"behind templates", "a: {{ .X }}\n\xC3\xA4: {{ .Y }}\nc: 1", "c", "3:1 3:4-3:5"},
};

static void test_positions(void **state) {
    (void)state;
    struct yaml_options options = yaml_default_options;
    options.substitution = &no_variables;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(yaml_reader_free)
        struct yaml_reader *reader = yaml_reader_new(cases[i].text, strlen(cases[i].text), &options);
        CLEANUP(document_free) struct document *document = NULL;
        struct yaml_result result = {0};
        while (yaml_reader_next(reader, &result)) {
            document_free(document);
            document = result.document;
        }
        expect_true(cases[i].name, document != NULL, "a document");
        const struct node *node = document_root(document);
        if (*cases[i].path) {
            expect_true(cases[i].name,
                        field_path_find(document_root(document), cases[i].path, &node, NULL) && node,
                        "the path is there");
        }
        const struct node_position *position = document_position(document, node);
        char text[100];
        snprintf(text, sizeof(text), "%u:%u %u:%u-%u:%u", position->key_line, position->key_column,
                 position->line, position->column, position->end_line, position->end_column);
        expect_text(cases[i].name, text, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_positions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
