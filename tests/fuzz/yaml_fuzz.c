// Any bytes as manifests: no crash, no leak, and what comes out holds together.
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "manifest/change_plan.h"
#include "manifest/yaml_reader.h"

#include <string.h>

static const char *look_up(void *cookie, const char *name) {
    (void)cookie;
    return *name == 'N' ? "3" : *name == 'L' ? "[a, {b: 1}]" : *name == 'Q' ? "\"x: y\" # \xC3\xA4" : NULL;
}

static const struct substitution substitution = {.lookup = look_up};

static void check_node(const struct document *document, const struct node *node) {
    const struct node_position *at = document_position(document, node);
    require(at->line > 0 && at->column > 0, "a position");
    require(at->end_line > at->line || (at->end_line == at->line && at->end_column >= at->column),
            "the end is behind the start");
    require(node->span > 0, "a span");
    if (node->type == NODE_STRING) {
        require(node->value.string[node->length] == '\0', "a NUL behind a text");
        require(utf8_is_valid(node->value.string, node->length), "a text is UTF-8");
    }
    require(!node->unknown || node->type == NODE_STRING, "only texts are unknown");
    uint32_t children = 0;
    NODE_EACH(child, node) {
        children++;
        require(node->type == NODE_LIST || strlen(child->key) == child->key_length, "a key without NUL");
        check_node(document, child);
    }
    require(node->type < NODE_LIST || children == node->length, "children are counted");
}

static void check_stream(const char *text, size_t length, const struct yaml_options *options) {
    CLEANUP(yaml_reader_free) struct yaml_reader *reader = yaml_reader_new(text, length, options);
    struct yaml_result result = {0};
    for (unsigned number = 1; yaml_reader_next(reader, &result); number++) {
        require(result.number == number || result.number == 0, "documents are counted");
        require(result.line > 0 && result.column > 0, "a result has a place");
        require((result.outcome == YAML_DOCUMENT) == (result.problem.message[0] == '\0'),
                "a problem has words, a document none");
        if (result.outcome == YAML_DOCUMENT) {
            check_node(result.document, document_root(result.document));
            document_free(result.document);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // A copy of the exact size, so that a read past the end is seen.
    CLEANUP(free) char *text = memory_alloc(size);
    if (size > 0) {
        memcpy(text, data, size);
    }
    struct yaml_options options = yaml_default_options;
    options.limits.nodes = 10 * 1000;
    check_stream(text, size, &options);
    options.substitution = &substitution;
    check_stream(text, size, &options);

    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, &substitution);
    bool good = manifest_set_add_text(set, "fuzz.yaml", text, size, NULL);
    CLEANUP(change_plan_free) struct change_plan *plan = change_plan_new(set, set);
    require(!good || plan->change_count == 0, "nothing changed");
    const char *start = NULL;
    size_t length = 0;
    for (size_t i = 0; i < manifest_set_count(set); i++) {
        (void)manifest_source_line(set, "fuzz.yaml", manifest_set_get(set, i)->line, &start, &length);
    }
    return 0;
}
