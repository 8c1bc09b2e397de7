#include "base/memory.h"
#include "manifest/yaml_reader.h"
#include "tests/manifest/yaml_texts.h"

static const struct yaml_case streams[] = {
    {"nothing", "", ""},
    {"white space", " \n\n", ""},
    {"comments", "# a\n# b\n", ""},
    {"one document", "a: 1\n", "{\"a\":1}"},
    {"no line end", "a: 1", "{\"a\":1}"},
    {"marked", "---\na: 1\n", "{\"a\":1}"},
    {"two", "a: 1\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}"},
    {"empty ones", "---\n---\na: 1\n---\n# c\n---\n", "null\n{\"a\":1}\nnull\nnull"},
    {"a comment first", "# licence\n---\na: 1\n", "{\"a\":1}"},
    {"content behind the mark", "--- {a: 1}\n--- # c\nb: 2\n", "{\"a\":1}\n{\"b\":2}"},
    {"an end mark", "a: 1\n...\n---\nb: 2\n...\n", "{\"a\":1}\n{\"b\":2}"},
    {"an end mark alone", "a: 1\n...\nb: 2\n",
     "{\"a\":1}\nbroken 3:1 unexpected text after the document's end; check the indentation"},
    {"directives", "%YAML 1.1\n# c\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}"},
    {"a tag directive", "%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 1\n", "{\"a\":\"1\"}"},
    {"no mark: dashes in a text", "a: |\n  ---\n  x\nb: ----\n", "{\"a\":\"---\\x0ax\\x0a\",\"b\":\"----\"}"},
    {"CRLF", "a: 1\r\nb: |\r\n  x\r\n---\r\nc: 2\r\n", "{\"a\":1,\"b\":\"x\\x0a\"}\n{\"c\":2}"},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a: 1\n",
     "{\"a\":1}"},
    {"byte order mark before JSON", "\xEF\xBB\xBF{\"a\": 1}", "{\"a\":1}"},
    {"scalars alone", "x\n---\n12\n---\n- 1\n", "\"x\"\n12\n[1]"},
    {"flow", "{a: [1, {b: c}], d: }", "{\"a\":[1,{\"b\":\"c\"}],\"d\":null}"},
    {"empty collections", "a: {}\nb: []\n", "{\"a\":{},\"b\":[]}"},
    {"block texts", "a: |-\n  x\n   y\nb: >\n  x\n  y\n\n  z\n",
     "{\"a\":\"x\\x0a y\",\"b\":\"x y\\x0az\\x0a\"}"},
    {"escapes", "a: \"\\x41\\u00e4\\n\\/\"", "{\"a\":\"A\xC3\xA4\\x0a/\"}"},
};

static const struct yaml_case broken[] = {
    {"does not lose its neighbours", "a: 1\n---\nb: [1\n---\nc: 3\n",
     "{\"a\":1}\nbroken 4:1 expected ',' or ']'\n{\"c\":3}"},
    {"twice", "a: b: c\n---\na: 'x\n---\nd: 1\n",
     "broken 1:5 a ':' where no key can be; check the indentation, or put the text in quotes\n"
     "broken 3:4 a quoted text is not closed\n{\"d\":1}"},
    {"truncated", "a:\n  - {b: 1", "broken 2:10 expected ',' or '}'"},
    {"truncated text", "a: \"x", "broken 1:4 a quoted text is not closed"},
    {"tab", "a:\n\tb: 1\n", "broken 2:1 a tab; YAML is indented with spaces"},
    {"tab further in", "a:\n  b: 1\n\tc: 2\n", "broken 3:1 a tab; YAML is indented with spaces"},
    {"indentation", "a:\n    b: 1\n  c: 2\n",
     "broken 3:3 expected a key; check the indentation, or put the text in quotes"},
    {"list item", "a:\n- b\nc\n", "broken 4:1 expected ':' after this key"},
    {"bad UTF-8", "a: 1\nb: \xC3(\n", "broken 2:4 bytes that are not UTF-8"},
    {"overlong UTF-8", "a: \xC0\xAF", "broken 1:4 bytes that are not UTF-8"},
    {"bad UTF-8 in one of two", "a: \xFF\n---\nb: 1", "broken 1:4 bytes that are not UTF-8\n{\"b\":1}"},
    {"control character", "\xC3\xA4: \x07", "broken 1:4 the control character U+0007"},
    {"DEL", "a: \x7F", "broken 1:4 the control character U+007F"},
    {"put together",
     "a: 1\n\xEF\xBB\xBF"
     "b: 1\n",
     "broken 2:1 a byte order mark inside the text; were files put together here?"},
    {"UTF-16",
     "\xFF\xFE"
     "a",
     "broken 1:1 UTF-16 text; save it as UTF-8"},
    {"escape", "a: \"\\d\"",
     "broken 1:5 an unknown escape after '\\' in double quotes; write '\\\\', or use single quotes"},
    {"no anchor", "a: *b", "broken 1:4 *b names an anchor that is not in this document (&b)"},
    {"an anchor of the document before", "a: &b 1\n---\na: *b",
     "{\"a\":1}\nbroken 3:4 *b names an anchor that is not in this document (&b)"},
    {"contains itself", "a: &x [1, *x]", "broken 1:11 this alias stands inside of what it names"},
    {"map that contains itself", "a: &x\n  b: *x", "broken 2:6 this alias stands inside of what it names"},
    {"merges itself", "a: &x\n  <<: *x", "broken 2:7 this alias stands inside of what it names"},
    {"duplicate", "a: 1\nb: 2\na: 3\n",
     "broken 3:1 the key \"a\" is here a second time; the first is on line 1"},
    {"duplicate further in", "x:\n- a: 1\n  'a': 2\n",
     "broken 3:3 the key \"a\" is here a second time; the first is on line 2"},
    {"duplicate merge", "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a",
     "broken 4:3 a second << in one map; give one << a list"},
    {"duplicate in a merged map", "<<: {a: 1, a: 2}",
     "broken 1:12 the key \"a\" is here a second time; the first is on line 1"},
    {"merge of a text", "<<: x", "broken 1:5 << takes a map or a list of maps"},
    {"merge of texts", "<<: [x]", "broken 1:6 << takes a map or a list of maps"},
};

static const struct yaml_case aliases[] = {
    {"scalar", "a: &x 1\nb: *x", "{\"a\":1,\"b\":1}"},
    {"map", "a: &x {k: [1]}\nb: *x\nc: [*x]", "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":[{\"k\":[1]}]}"},
    {"redefined", "a: &x 1\nb: *x\nc: &x 2\nd: *x", "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}"},
    {"merge", "a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}", "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}"},
    {"own keys count wherever they stand", "a: &x {k: 1}\nb: {k: 3, <<: *x}",
     "{\"a\":{\"k\":1},\"b\":{\"k\":3}}"},
    {"the first of a list counts", "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}",
     "{\"a\":{\"k\":1},\"b\":{\"k\":2,\"l\":2},\"c\":{\"k\":1,\"l\":2}}"},
    {"merge in a merge", "a: &x {k: 1, m: 1}\nb: &y {<<: *x, l: 2, m: 2}\nc: {<<: *y}",
     "{\"a\":{\"k\":1,\"m\":1},\"b\":{\"l\":2,\"m\":2,\"k\":1},\"c\":{\"l\":2,\"m\":2,\"k\":1}}"},
    {"the same twice", "a: &x {k: 1}\nb: {<<: [*x, *x]}", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}"},
    {"merge in place", "<<: {a: 1}\nb: 2", "{\"b\":2,\"a\":1}"},
    {"quoted", "'<<': {a: 1}", "{\"<<\":{\"a\":1}}"},
    {"tagged", "!!merge <<: {a: 1}", "{\"a\":1}"},
    {"merge of nothing", "<<: {}\na: 1", "{\"a\":1}"},
};

static const struct yaml_case json[] = {
    {"tabs", "{\n\t\"a\": [\n\t\t1,\n\t\t2.5\n\t]\n}\n", "{\"a\":[1,2.5f]}"},
    {"surrogates", "{\"a\": \"\\ud83d\\ude00\"}", "{\"a\":\"\xF0\x9F\x98\x80\"}"},
    {"types", "[true, false, null, 1, -1, 1e3, \"yes\", \"1\", \"\"]",
     "[true,false,null,1,-1,1000f,\"yes\",\"1\",\"\"]"},
    {"a colon on its own line", "{\"a\"\n:\n1}", "{\"a\":1}"},
    {"DEL in a text", "{\"a\": \"\x7F\"}", "{\"a\":\"\x7F\"}"},
    {"slash", "{\"a\": \"\\/\"}", "{\"a\":\"/\"}"},
    {"behind a mark", "---\n{\"a\": \"\\ud83d\\ude00\"}\n---\n{\"b\":\n\t1}",
     "{\"a\":\"\xF0\x9F\x98\x80\"}\n{\"b\":1}"},
    {"duplicate", "{\"a\": 1,\n \"a\": 2}",
     "broken 2:2 the key \"a\" is here a second time; the first is on line 1"},
    {"truncated", "{\"a\": 1,\n \"b\": [1", "broken 2:9 expected ',' or ']'"},
    {"truncated behind a mark", "---\n{\"a\": 1,\n \"b\": [1", "broken 3:9 expected ',' or ']'"},
    {"a comma too many is YAML", "{\"a\": 1,}", "{\"a\":1}"},
    {"large", "{\"a\": 18446744073709551615}", "{\"a\":1.8446744073709552e+19f}"},
    {"a lone surrogate", "{\"a\": \"\\ud83d\"}", "broken 1:8 a lone high surrogate"},
};

static void test_streams(void **state) {
    (void)state;
    EXPECT_STREAMS(streams, &yaml_default_options);
}

static void test_broken(void **state) {
    (void)state;
    EXPECT_STREAMS(broken, &yaml_default_options);
}

static void test_aliases(void **state) {
    (void)state;
    EXPECT_STREAMS(aliases, &yaml_default_options);
}

static void test_json(void **state) {
    (void)state;
    EXPECT_STREAMS(json, &yaml_default_options);
}

static void test_nul(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 1000);
    render_stream(&out, "a: 1\nb: \0\n", 10, &yaml_default_options);
    assert_string_equal(buffer_text(&out), "broken 2:4 a NUL character; is this text UTF-16?");
}

// What text repeated many times comes to, with its caps.
static const struct {
    const char *name, *before, *repeated, *after;
    unsigned times;
    const char *expected;
} large[] = {
    {"deep list", "", "[", "", 100000, "broken 1:129 lists and maps nested deeper than 128"},
    {"deep map", "", "{a: ", "", 5000, "broken 1:513 lists and maps nested deeper than 128"},
    {"deep enough", "", "[", "", 100, "broken 1:101 expected a value"},
    {"many values", "[", "1,", "1]", 1000 * 1000,
     "broken 1:2000000 more than 1000000 values in one document"},
    {"many directives", "", "%TAG !a! b\n", "---\na: 1", 100, "broken 1:1 too many % directives"},
    {"many documents", "", "---\n", "a: 1", 10001, NULL},
    {"laughs",
     "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n",
     "e: &d [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "", 1, NULL},
    {"many merges of nothing", "a: &a {}\nb:\n  <<: [", "*a,", "]", 1000, "{\"a\":{},\"b\":{}}"},
    {"a text many times", "a: &a \"", "0123456789012345678901234567890123456789", "\"\nb: [*a,*a,*a,*a,*a]\n",
     1000 * 16, NULL},
};

static char *repeat(size_t i, size_t *ret_length) {
    size_t before = strlen(large[i].before);
    size_t repeated = strlen(large[i].repeated);
    size_t after = strlen(large[i].after);
    *ret_length = before + repeated * large[i].times + after;
    char *text = memory_alloc(*ret_length + 1);
    memcpy(text, large[i].before, before);
    for (unsigned n = 0; n < large[i].times; n++) {
        memcpy(text + before + repeated * n, large[i].repeated, repeated);
    }
    memcpy(text + before + repeated * large[i].times, large[i].after, after + 1);
    return text;
}

static void test_large(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 64 << 20);
        size_t length = 0;
        CLEANUP(free) char *text = repeat(i, &length);
        render_stream(&out, text, length, &yaml_default_options);
        if (large[i].expected) {
            expect_text(large[i].name, buffer_text(&out), large[i].expected);
        }
    }
}

// Aliases that grow by 200 with each line, so that a few lines would be more than any machine has.
static void test_billion_laughs(void **state) {
    (void)state;
    static const struct {
        const char *name, *first, *open, *close, *expected;
    } cases[] = {
        {"values", "a0: &a0 [1]\n", "[", "]", "more than 1000000 values in one document"},
        {"merges", "a0: &a0 {}\n", "{<<: [", "]}",
         "aliases and merge keys expand to more than 1000000 values"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&text, 1 << 20);
        buffer_init(&out, 1 << 20);
        buffer_append_text(&text, cases[i].first);
        for (int line = 1; line < 20; line++) {
            buffer_printf(&text, "a%d: &a%d %s", line, line, cases[i].open);
            for (int n = 0; n < 200; n++) {
                buffer_printf(&text, "*a%d,", line - 1);
            }
            buffer_printf(&text, "%s\n", cases[i].close);
        }
        render_stream(&out, buffer_text(&text), text.length, &yaml_default_options);
        expect_contains(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

static void test_repeated_text_is_capped(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&text, 4 << 20);
    buffer_init(&out, 1000);
    buffer_append_text(&text, "a: &a ");
    for (int i = 0; i < 100000; i++) {
        buffer_append_text(&text, "0123456789");
    }
    buffer_append_text(&text, "\nb: [");
    for (int i = 0; i < 100000; i++) {
        buffer_append_text(&text, "*a,");
    }
    buffer_append_text(&text, "]\n");
    render_stream(&out, buffer_text(&text), text.length, &yaml_default_options);
    expect_contains("text", buffer_text(&out), "aliases and variables expand to more than 64 MiB");
}

static void test_long_merge_chain(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&text, 4 << 20);
    buffer_init(&out, 1000);
    buffer_append_text(&text, "a0: &a0 {}\n");
    for (int i = 1; i < 50000; i++) {
        buffer_printf(&text, "a%d: &a%d {<<: *a%d}\n", i, i, i - 1);
    }
    render_stream(&out, buffer_text(&text), text.length, &yaml_default_options);
    expect_contains("chain", buffer_text(&out), "lists, maps and merge keys nested deeper than 128");
}

static void test_caps_are_parameters(void **state) {
    (void)state;
    struct yaml_options options = yaml_default_options;
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, 1000);
    options.most_bytes = 4;
    render_stream(&out, "a: 12", 5, &options);
    assert_string_equal(buffer_text(&out), "broken 1:1 larger than 4 bytes");
    buffer_truncate(&out, 0);
    options = yaml_default_options;
    options.most_documents = 2;
    static const char four[] = "a: 1\n---\nb: 2\n---\nc: 3\n---\nd: 4";
    render_stream(&out, four, sizeof(four) - 1, &options);
    assert_string_equal(buffer_text(&out),
                        "{\"a\":1}\n{\"b\":2}\nbroken 4:1 more than 2 documents in one file");
}

static void test_read_one(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *expected;
    } cases[] = {
        {"good", "a: 1\n", NULL},
        {"empty", "", "line 1 column 1: an empty text"},
        {"broken", "a: 1\nb: 'x", "line 2 column 4: a quoted text is not closed"},
        {"two", "a: 1\n---\nb: 1", "line 3 column 1: a second document; one was expected"},
        {"second broken", "a: 1\n---\nb: [", "line 3 column 5: a second document; one was expected"},
        {"braces and variables are ordinary text", "a: '{{ x }} ${y} $$'", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        CLEANUP(document_free) struct document *document = NULL;
        bool good =
            yaml_read_one(cases[i].text, strlen(cases[i].text), &yaml_default_options, &document, &error);
        expect_true(cases[i].name, good == !cases[i].expected && good == (document != NULL), "outcome");
        if (cases[i].expected) {
            expect_error(cases[i].name, &error, ERROR_INVALID, cases[i].expected);
        }
    }
}

static void test_documents_have_numbers(void **state) {
    (void)state;
    static const char text[] = "a: 1\n---\n---\nb: [\n---\nc: 1\n";
    CLEANUP(yaml_reader_free)
    struct yaml_reader *reader = yaml_reader_new(text, sizeof(text) - 1, &yaml_default_options);
    struct yaml_result result = {0};
    for (unsigned number = 1; number <= 4; number++) {
        assert_true(yaml_reader_next(reader, &result));
        assert_int_equal(result.number, number);
        document_free(result.document);
    }
    assert_int_equal(result.line, 6);
    assert_false(yaml_reader_next(reader, &result));
    assert_false(yaml_reader_next(reader, &result));
    assert_int_equal(result.number, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_billion_laughs),
        cmocka_unit_test(test_repeated_text_is_capped),
        cmocka_unit_test(test_long_merge_chain),
        cmocka_unit_test(test_caps_are_parameters),
        cmocka_unit_test(test_read_one),
        cmocka_unit_test(test_documents_have_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
