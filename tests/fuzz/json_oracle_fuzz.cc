// Our JSON reader against simdjson: what we take, it takes, with the same values; what it takes and we
// refuse, we refuse for a reason that can be seen in its own tree.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <simdjson.h>
#include <string_view>

extern "C" {
#include "base/json_reader.h"
#include "tests/fuzz/fuzz.h"
}

using simdjson::dom::element;
using simdjson::dom::element_type;

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

static bool same(const struct node *ours, element theirs);

static bool same_list(const struct node *ours, simdjson::dom::array theirs) {
    const struct node *item = node_first(ours);
    for (element other : theirs) {
        if (!item || !same(item, other)) {
            return false;
        }
        item = node_next(ours, item);
    }
    return !item;
}

static bool same_map(const struct node *ours, simdjson::dom::object theirs) {
    const struct node *member = node_first(ours);
    for (auto other : theirs) {
        if (!member || std::string_view(member->key, member->key_length) != other.key ||
            !same(member, other.value)) {
            return false;
        }
        member = node_next(ours, member);
    }
    return !member;
}

static bool same_number(double ours, double theirs) {
    return memcmp(&ours, &theirs, sizeof(ours)) == 0;
}

static bool same(const struct node *ours, element theirs) {
    switch (theirs.type()) {
    case element_type::NULL_VALUE:
        return ours->type == NODE_NULL;
    case element_type::BOOL:
        return ours->type == NODE_BOOL && ours->value.boolean == bool(theirs);
    case element_type::INT64:
        return ours->type == NODE_INTEGER && ours->value.integer == int64_t(theirs);
    case element_type::UINT64:
        return false; // larger than any integer of ours
    case element_type::DOUBLE:
        return ours->type == NODE_NUMBER && same_number(ours->value.number, double(theirs));
    case element_type::STRING:
        return ours->type == NODE_STRING &&
               std::string_view(ours->value.string, ours->length) == std::string_view(theirs);
    case element_type::ARRAY:
        return ours->type == NODE_LIST && same_list(ours, theirs);
    case element_type::OBJECT:
        return ours->type == NODE_MAP && same_map(ours, theirs);
    }
    return false;
}

// What of our extra reasons is really there.
struct reasons {
    bool duplicate_key, nul_in_key, unsigned_integer;
    int depth;
};

static void find_reasons(element value, int depth, struct reasons *found) {
    if (value.is<uint64_t>() && !value.is<int64_t>()) {
        found->unsigned_integer = true;
    }
    if (value.is_array() || value.is_object()) {
        depth++;
        found->depth = depth > found->depth ? depth : found->depth;
    }
    if (value.is_array()) {
        for (element item : simdjson::dom::array(value)) {
            find_reasons(item, depth, found);
        }
    }
    if (value.is_object()) {
        std::set<std::string_view> keys;
        for (auto member : simdjson::dom::object(value)) {
            found->duplicate_key |= !keys.insert(member.key).second;
            found->nul_in_key |= member.key.find('\0') != std::string_view::npos;
            find_reasons(member.value, depth, found);
        }
    }
}

static bool is_justified(const char *message, element theirs) {
    struct reasons found = {};
    find_reasons(theirs, 0, &found);
    return (strstr(message, "duplicate key") && found.duplicate_key) ||
           (strstr(message, "a key with a NUL character") && found.nul_in_key) ||
           (strstr(message, "an integer that does not fit in 64 bits") && found.unsigned_integer) ||
           (strstr(message, "nested deeper than 128") && found.depth > 128);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static simdjson::dom::parser parser;
    const char *text = reinterpret_cast<const char *>(data);
    struct error error = {};
    struct document *document = nullptr;
    bool read = json_read_copy(text, size, &document_default_limits, &document, &error);
    simdjson::padded_string padded(text, size);
    element theirs;
    simdjson::error_code code = parser.parse(padded).get(theirs);
    if (read && code) {
        fail("we take what simdjson refuses", simdjson::error_message(code));
    }
    if (read && !same(document_root(document), theirs)) {
        fail("we read something else than simdjson", "");
    }
    if (!read && !code && !is_justified(error.message, theirs)) {
        fail("we refuse what simdjson takes", error.message);
    }
    document_free(document);
    return 0;
}
