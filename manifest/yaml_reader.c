#include "manifest/yaml_reader.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "manifest/yaml_compose.h"
#include "manifest/yaml_json.h"
#include "manifest/yaml_source.h"

#include <stdio.h>
#include <string.h>

// libyaml compares each directive with all before it; real documents have none or one.
enum { MOST_DIRECTIVES = 64 };

static const char helm[] = "a Helm or Go template; render it first (helm template, kustomize build)";

const struct yaml_options yaml_default_options = {
    .most_bytes = 8 * 1024 * 1024,
    .most_documents = 10 * 1000,
    .limits = {.depth = 128, .nodes = 1000 * 1000},
};

struct yaml_reader {
    struct yaml_options options;
    const char *text;
    size_t length;
    size_t next;      // where the part after the present one begins; length at the end
    const char *part; // a stretch of lines up to the next "---": one document, seldom more
    size_t part_length;
    uint32_t part_base;         // its first character
    struct yaml_source *source; // of the present part, or NULL
    struct yaml_lines lines;
    struct yaml_problem json_problem; // why the present part is no JSON; error.kind NONE: it does not look so
    uint32_t line;                    // lines before next
    unsigned number;
    bool ended;
};

static bool is_character_start(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

// Lines end at \n alone, as editors count them; libyaml also counts \r, U+0085 and U+2028.
static struct yaml_lines find_lines(const char *text, size_t length) {
    uint32_t capacity = 64;
    struct yaml_lines lines = {.starts = memory_calloc(capacity, sizeof(uint32_t)), .count = 1};
    uint32_t character = 0;
    for (size_t i = 0; i < length; i++) {
        character += is_character_start(text[i]);
        if (text[i] != '\n') {
            continue;
        }
        if (lines.count == capacity) {
            capacity *= 2;
            lines.starts = memory_realloc(lines.starts, capacity, sizeof(uint32_t));
        }
        lines.starts[lines.count++] = character;
    }
    return lines;
}

struct yaml_reader *yaml_reader_new(const char *text, size_t length, const struct yaml_options *options) {
    static const char mark[] = "\xEF\xBB\xBF";
    struct yaml_reader *reader = memory_calloc(1, sizeof(*reader));
    bool marked = length >= 3 && memcmp(text, mark, 3) == 0;
    reader->options = *options;
    reader->text = marked ? text + 3 : text;
    reader->length = marked ? length - 3 : length;
    if (length <= options->most_bytes && length < UINT32_MAX) {
        reader->lines = find_lines(reader->text, reader->length);
    }
    return reader;
}

void yaml_reader_free(struct yaml_reader *reader) {
    if (!reader) {
        return;
    }
    yaml_source_free(reader->source);
    free(reader->lines.starts);
    free(reader);
}

// Parts

static size_t line_end(const struct yaml_reader *reader, size_t at) {
    const char *end = memchr(reader->text + at, '\n', reader->length - at);
    return end ? (size_t)(end - reader->text) + 1 : reader->length;
}

static bool is_separator(const char *line, size_t length) {
    return length >= 3 && memcmp(line, "---", 3) == 0 && (length == 3 || strchr(" \t\r\n", line[3]));
}

// Directives belong to the document behind the next "---".
static bool is_directive(const char *line) {
    return *line == '%';
}

static bool is_comment_or_blank(const char *line, size_t length) {
    size_t i = 0;
    while (i < length && strchr(" \t\r\n", line[i]) && line[i]) {
        i++;
    }
    return i == length || line[i] == '#';
}

// Moves on to the next part. *ret_directives counts lines that begin with %.
static bool next_part(struct yaml_reader *reader, unsigned *ret_directives) {
    if (reader->next >= reader->length) {
        return false;
    }
    size_t start = reader->next;
    reader->part_base = reader->lines.starts[reader->line];
    bool directives_open = false;
    unsigned directives = 0;
    size_t at = start;
    while (at < reader->length) {
        size_t end = line_end(reader, at);
        const char *line = reader->text + at;
        bool separator = is_separator(line, end - at);
        if (separator && at > start && !directives_open) {
            break;
        }
        directives += is_directive(line);
        directives_open = is_directive(line) || (directives_open && is_comment_or_blank(line, end - at));
        reader->line++;
        at = end;
    }
    reader->part = reader->text + start;
    reader->part_length = at - start;
    reader->next = at;
    *ret_directives = directives;
    return true;
}

// What libyaml would refuse with fewer words.
static bool check_characters(const struct yaml_reader *reader, struct yaml_problem *problem) {
    uint32_t character = reader->part_base;
    for (size_t i = 0; i < reader->part_length; character++) {
        uint32_t code = 0;
        size_t size = utf8_decode(reader->part + i, reader->part_length - i, &code);
        if (size == 0) {
            return yaml_problem_set(problem, character, ERROR_INVALID, "bytes that are not UTF-8");
        }
        if (code == 0) {
            return yaml_problem_set(problem, character, ERROR_INVALID,
                                    "a NUL character; is this text UTF-16?");
        }
        if (code == 0xFEFF) {
            return yaml_problem_set(problem, character, ERROR_INVALID,
                                    "a byte order mark inside the text; were files put together here?");
        }
        if ((code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
            (code >= 0x7F && code < 0xA0 && code != 0x85) || code == 0xFFFE || code == 0xFFFF) {
            return yaml_problem_set(problem, character, ERROR_INVALID, "the control character U+%04X", code);
        }
        i += size;
    }
    return true;
}

// Results

static void locate(const struct yaml_reader *reader, uint32_t character, struct yaml_result *result) {
    yaml_lines_find(&reader->lines, character, &result->line, &result->column);
}

// The text of the line of the part that a character stands in.
static const char *line_of(const struct yaml_reader *reader, uint32_t character, size_t *ret_length) {
    uint32_t line = 0;
    uint32_t column = 0;
    yaml_lines_find(&reader->lines, character, &line, &column);
    uint32_t left = reader->lines.starts[line - 1] - reader->part_base;
    size_t start = 0;
    while (start < reader->part_length && (left > 0 || !is_character_start(reader->part[start]))) {
        left -= is_character_start(reader->part[start]);
        start++;
    }
    const char *end = memchr(reader->part + start, '\n', reader->part_length - start);
    *ret_length = end ? (size_t)(end - reader->part) - start : reader->part_length - start;
    return reader->part + start;
}

static struct yaml_result broken(const struct yaml_reader *reader, const struct yaml_problem *problem) {
    struct yaml_result result = {.outcome = YAML_BROKEN, .number = reader->number, .problem = problem->error};
    locate(reader, problem->at, &result);
    return result;
}

static struct yaml_result template(const struct yaml_reader *reader, uint32_t character, const char *what) {
    struct yaml_result result = {.outcome = YAML_TEMPLATE, .number = reader->number};
    locate(reader, character, &result);
    error_set(&result.problem, ERROR_INVALID, "%s", what);
    return result;
}

// The text is no YAML as it stands: is it one of a templating tool's?
static struct yaml_result not_yaml(const struct yaml_reader *reader, const struct yaml_problem *problem) {
    static const char variable[] =
        "a ${variable} stands where YAML can't be read before it is filled in; render it first "
        "(clusterctl generate, flux build)";
    if (!reader->options.substitution || problem->error.kind != ERROR_INVALID) {
        return broken(reader, problem);
    }
    if (substitution_has_template(reader->part, reader->part_length)) {
        const char *braces = memmem(reader->part, reader->part_length, "{{", 2);
        uint32_t character = reader->part_base;
        for (const char *at = reader->part; at < braces; at++) {
            character += is_character_start(*at);
        }
        return template(reader, character, helm);
    }
    size_t length = 0;
    const char *line = line_of(reader, problem->at, &length);
    if (memmem(line, length, "${", 2)) {
        return template(reader, problem->at, variable);
    }
    return broken(reader, problem);
}

static struct yaml_result compose(const struct yaml_reader *reader, struct yaml_tree *tree,
                                  struct document_builder **builder) {
    struct yaml_problem problem = {0};
    if (tree->nodes[0].is_template) {
        return template(reader, tree->nodes[0].start, helm);
    }
    if (!yaml_compose(tree, &reader->lines, reader->options.substitution, &problem)) {
        return broken(reader, &problem);
    }
    struct yaml_result result = {.outcome = YAML_DOCUMENT, .number = reader->number};
    locate(reader, tree->nodes[0].start, &result);
    result.document = document_builder_finish(document_builder_free_take(builder));
    return result;
}

// The next document of the present part, or false at its end.
static bool read_yaml(struct yaml_reader *reader, struct yaml_result *ret_result) {
    CLEANUP(document_builder_free)
    struct document_builder *builder = document_builder_new(&reader->options.limits, true);
    struct yaml_tree tree = {.limits = reader->options.limits, .builder = builder};
    struct yaml_problem problem = {0};
    enum yaml_source_status status = yaml_source_next(reader->source, &tree, &problem);
    if (status == YAML_SOURCE_DOCUMENT) {
        reader->number++;
        *ret_result = compose(reader, &tree, &builder);
    } else if (status == YAML_SOURCE_FAILED) {
        reader->number++;
        *ret_result = not_yaml(reader, reader->json_problem.error.kind ? &reader->json_problem : &problem);
    }
    // What follows a template in its part belongs to it: "{{ if x }}" alone reads as a document.
    if (status != YAML_SOURCE_DOCUMENT || ret_result->outcome == YAML_TEMPLATE) {
        yaml_source_free(reader->source);
        reader->source = NULL;
    }
    yaml_tree_clear(&tree);
    return status != YAML_SOURCE_END;
}

// JSON is nearly YAML: not with \ud83d\ude00, a key over 1024 characters or a ':' on the next line.
static bool read_json(struct yaml_reader *reader, struct yaml_result *ret_result) {
    const char *text = reader->part;
    size_t length = reader->part_length;
    uint32_t base = reader->part_base;
    reader->json_problem.error.kind = ERROR_NONE;
    if (is_separator(text, length)) {
        size_t first = line_end(reader, (size_t)(text - reader->text)) - (size_t)(text - reader->text);
        if (!is_comment_or_blank(text + 3, first - 3)) {
            return false;
        }
        for (size_t i = 0; i < first; i++) {
            base += is_character_start(text[i]);
        }
        text += first;
        length -= first;
    }
    bool likely = false;
    if (!yaml_json_may_be(text, length, &likely)) {
        return false;
    }
    CLEANUP(document_builder_free)
    struct document_builder *builder = document_builder_new(&reader->options.limits, true);
    struct yaml_tree tree = {.limits = reader->options.limits, .builder = builder};
    struct yaml_problem problem = {0};
    bool good = yaml_json_parse(text, length, base, &tree, &problem);
    if (!good && likely) {
        reader->json_problem = problem;
    }
    if (good) {
        reader->number++;
        *ret_result = compose(reader, &tree, &builder);
    }
    yaml_tree_clear(&tree);
    return good;
}

static bool fail_whole(struct yaml_reader *reader, struct yaml_result *ret_result, enum error_kind kind,
                       const char *what) {
    *ret_result = (struct yaml_result){.outcome = YAML_BROKEN, .line = 1, .column = 1};
    error_set(&ret_result->problem, kind, "%s", what);
    reader->ended = true;
    return true;
}

static bool check_whole(struct yaml_reader *reader, struct yaml_result *ret_result) {
    if (!reader->lines.starts) {
        char what[80];
        snprintf(what, sizeof(what), "larger than %zu bytes", reader->options.most_bytes);
        return !fail_whole(reader, ret_result, ERROR_LIMIT, what);
    }
    if (reader->length >= 2 &&
        (memcmp(reader->text, "\xFF\xFE", 2) == 0 || memcmp(reader->text, "\xFE\xFF", 2) == 0)) {
        return !fail_whole(reader, ret_result, ERROR_INVALID, "UTF-16 text; save it as UTF-8");
    }
    return true;
}

// Begins the next part. True when that alone gave a result.
static bool begin_part(struct yaml_reader *reader, struct yaml_result *ret_result, bool *ret_end) {
    unsigned directives = 0;
    if (!next_part(reader, &directives)) {
        *ret_end = true;
        return false;
    }
    if (reader->number >= reader->options.most_documents) {
        char what[80];
        snprintf(what, sizeof(what), "more than %u documents in one file", reader->options.most_documents);
        fail_whole(reader, ret_result, ERROR_LIMIT, what);
        yaml_lines_find(&reader->lines, reader->part_base, &ret_result->line, &ret_result->column);
        return true;
    }
    if (read_json(reader, ret_result)) {
        return true;
    }
    struct yaml_problem problem = {0};
    bool good = directives <= MOST_DIRECTIVES ||
                yaml_problem_set(&problem, reader->part_base, ERROR_LIMIT, "too many %% directives");
    if (!good || !check_characters(reader, &problem)) {
        reader->number++;
        *ret_result = broken(reader, &problem);
        return true;
    }
    reader->source = yaml_source_new(reader->part, reader->part_length, reader->part_base,
                                     reader->options.substitution != NULL);
    return false;
}

bool yaml_reader_next(struct yaml_reader *reader, struct yaml_result *ret_result) {
    if (reader->ended) {
        return false;
    }
    if (reader->next == 0 && !check_whole(reader, ret_result)) {
        return true;
    }
    for (;;) {
        bool end = false;
        if (reader->source ? read_yaml(reader, ret_result) : begin_part(reader, ret_result, &end)) {
            return true;
        }
        if (end) {
            reader->ended = true;
            return false;
        }
    }
}

bool yaml_read_one(const char *text, size_t length, const struct yaml_options *options,
                   struct document **ret_document, struct error *error) {
    CLEANUP(yaml_reader_free) struct yaml_reader *reader = yaml_reader_new(text, length, options);
    struct yaml_result result = {0};
    if (!yaml_reader_next(reader, &result)) {
        return error_set(error, ERROR_INVALID, "line 1 column 1: an empty text");
    }
    if (result.outcome != YAML_DOCUMENT) {
        return error_set(error, result.problem.kind, "line %u column %u: %s", result.line, result.column,
                         result.problem.message);
    }
    CLEANUP(document_free) struct document *document = result.document;
    if (yaml_reader_next(reader, &result)) {
        document_free(result.outcome == YAML_DOCUMENT ? result.document : NULL);
        return error_set(error, ERROR_INVALID, "line %u column %u: a second document; one was expected",
                         result.line, result.column);
    }
    *ret_document = document_free_take(&document);
    return true;
}
