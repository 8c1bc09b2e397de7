#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "tests/support/documents.h"

#include <stdio.h>
#include <unistd.h>

// stderr while a line is written.
struct capture {
    int saved;
    FILE *file;
    char text[64 * 1024];
};

static void capture_begin(struct capture *capture) {
    fflush(stderr);
    capture->file = tmpfile();
    assert_non_null(capture->file);
    capture->saved = dup(STDERR_FILENO);
    dup2(fileno(capture->file), STDERR_FILENO);
}

static void capture_end(struct capture *capture) {
    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
    rewind(capture->file);
    size_t length = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
    capture->text[length] = '\0';
    fclose(capture->file);
}

static const char *written(struct capture *capture, enum log_format format, const char *message,
                           const char *value) {
    log_configure(LOG_DEBUG, format);
    capture_begin(capture);
    log_write(LOG_WARN, message, "key", value, NULL);
    capture_end(capture);
    return capture->text;
}

static const struct {
    const char *name;
    const char *message, *value;
    const char *text; // after the time
    const char *json_message, *json_value;
} escapes[] = {
    {"plain", "loaded", "five", "warn  loaded key=five\n", "loaded", "five"},
    {"no value", "loaded", NULL, "warn  loaded\n", "loaded", NULL},
    {"empty value", "loaded", "", "warn  loaded key=\"\"\n", "loaded", ""},
    {"space", "two words", "a b", "warn  two words key=\"a b\"\n", "two words", "a b"},
    {"quote", "say \"hi\"", "a\"b", "warn  say \"hi\" key=\"a\\\"b\"\n", "say \"hi\"", "a\"b"},
    {"backslash", "a\\b", "c\\d", "warn  a\\b key=\"c\\\\d\"\n", "a\\b", "c\\d"},
    {"equals sign", "x", "a=b", "warn  x key=\"a=b\"\n", "x", "a=b"},
    {"newline in the message", "a\nb", "v", "warn  a\\u000ab key=v\n", "a\nb", "v"},
    {"newline in the value", "x", "a\nb", "warn  x key=\"a\\u000ab\"\n", "x", "a\nb"},
    {"terminal escape", "x\x1B[2J", "y\x1B[0m", "warn  x\\u001b[2J key=\"y\\u001b[0m\"\n", "x\x1B[2J",
     "y\x1B[0m"},
    {"delete", "x", "a\x7F", "warn  x key=\"a\\u007f\"\n", "x", "a\x7F"},
    {"control sequence introducer, one character", "x", "a\xC2\x9B", "warn  x key=\"a\\u009b\"\n", "x",
     "a\xC2\x9B"},
    {"UTF-8", "caf\xC3\xA9", "\xE2\x82\xAC", "warn  caf\xC3\xA9 key=\"\xE2\x82\xAC\"\n", "caf\xC3\xA9",
     "\xE2\x82\xAC"},
    {"not UTF-8", "x", "a\xFFz", "warn  x key=\"a\xEF\xBF\xBDz\"\n", "x", "a\xEF\xBF\xBDz"},
};

static void test_text_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        struct capture capture;
        const char *line = written(&capture, LOG_TEXT, escapes[i].message, escapes[i].value);
        const char *after_time = strchr(line, ' ');
        expect_true(escapes[i].name, after_time != NULL, "a time and a space");
        expect_text(escapes[i].name, after_time + 1, escapes[i].text);
    }
}

static struct document *read_line(const char *name, const char *line) {
    const char *end = strchr(line, '\n');
    expect_true(name, end && end[1] == '\0', "one line");
    struct error error = {0};
    struct document *document = NULL;
    if (!json_read_copy(line, strlen(line), &document_default_limits, &document, &error)) {
        fail_msg("%s: %s: ...%s", name, error.message, line + (strlen(line) > 100 ? strlen(line) - 100 : 0));
    }
    return document;
}

static void test_json_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        struct capture capture;
        const char *line = written(&capture, LOG_JSON, escapes[i].message, escapes[i].value);
        CLEANUP(document_free) struct document *document = read_line(escapes[i].name, line);
        const struct node *root = document_root(document);
        expect_text(escapes[i].name, node_string(node_get(root, "level")), "warn");
        expect_text(escapes[i].name, node_string(node_get(root, "message")), escapes[i].json_message);
        expect_true(escapes[i].name, strlen(node_string(node_get(root, "time"))) == 24, "a time in UTC");
        if (escapes[i].json_value) {
            expect_text(escapes[i].name, node_string(node_get(root, "key")), escapes[i].json_value);
        } else {
            expect_true(escapes[i].name, node_get(root, "key") == NULL, "no key without a value");
        }
    }
}

static const struct {
    const char *name;
    const char *unit;
} fillings[] = {
    {"letters", "x"},     {"quotes", "\""},          {"backslashes", "\\"},
    {"controls", "\x01"}, {"UTF-8", "\xE2\x82\xAC"}, {"not UTF-8", "\xFF"},
};

// Whatever stands where the line is cut, it stays one line, valid JSON and valid UTF-8.
static void test_long_lines_are_cut(void **state) {
    (void)state;
    enum { MOST_BYTES = 16 * 1024 };
    for (size_t i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++) {
        for (size_t shift = 0; shift < 12; shift++) {
            char *value = memory_calloc(1, 40000);
            memset(value, 'a', shift);
            size_t unit = strlen(fillings[i].unit);
            for (size_t at = shift; at < 39000; at += unit) {
                memcpy(value + at, fillings[i].unit, unit);
            }
            struct capture capture;
            const char *line = written(&capture, LOG_JSON, "long", value);
            expect_true(fillings[i].name, strlen(line) <= MOST_BYTES, "not longer than allowed");
            expect_true(fillings[i].name, strlen(line) > MOST_BYTES - 64, "as much as fits");
            CLEANUP(document_free) struct document *document = read_line(fillings[i].name, line);
            const char *kept = node_string(node_get(document_root(document), "key"));
            expect_text(fillings[i].name, kept + strlen(kept) - 3, "...");

            line = written(&capture, LOG_TEXT, "long", value);
            expect_true(fillings[i].name, strlen(line) <= MOST_BYTES, "not longer than allowed");
            expect_true(fillings[i].name, utf8_is_valid(line, strlen(line)), "UTF-8");
            expect_text(fillings[i].name, strrchr(line, '\n'), "\n");
            free(value);
        }
    }
}

// The first value leaves from nothing to 40 bytes for the second pair.
static void test_cut_between_pairs(void **state) {
    (void)state;
    log_configure(LOG_DEBUG, LOG_JSON);
    for (size_t length = 16 * 1024 - 160; length < 16 * 1024; length++) {
        char *value = memory_calloc(1, length + 1);
        memset(value, 'a', length);
        struct capture capture;
        capture_begin(&capture);
        log_write(LOG_INFO, "m", "first", value, "second", "2", "third", "3", NULL);
        capture_end(&capture);
        document_free(read_line("cut between pairs", capture.text));
        assert_true(strlen(capture.text) <= 16 * 1024);
        free(value);
    }
}

static void test_long_message_is_cut(void **state) {
    (void)state;
    char *message = memory_calloc(1, 20001);
    memset(message, '"', 20000);
    struct capture capture;
    CLEANUP(document_free)
    struct document *document = read_line("long message", written(&capture, LOG_JSON, message, "v"));
    assert_non_null(node_get(document_root(document), "message"));
    free(message);
}

static void test_levels(void **state) {
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            log_configure((enum log_level)least, LOG_TEXT);
            struct capture capture;
            capture_begin(&capture);
            log_write((enum log_level)level, "message", NULL);
            capture_end(&capture);
            expect_true(names[level], (strstr(capture.text, names[level]) != NULL) == (level >= least),
                        "written from its level on");
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_lines),          cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_long_lines_are_cut),  cmocka_unit_test(test_cut_between_pairs),
        cmocka_unit_test(test_long_message_is_cut), cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
