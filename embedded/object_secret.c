#include "embedded/object_secret.h"

#include "base/buffer.h"
#include "base/document_builder.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/merge_patch.h"
#include "embedded/object_manners.h"

#include <string.h>

bool object_is_secret(const struct object_key *key) {
    return strcmp(key->kind, "Secret") == 0 && key->group[0] == '\0';
}

static void append_base64(struct buffer *text, const unsigned char *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        unsigned second = left > 1 ? bytes[at + 1] : 0;
        unsigned third = left > 2 ? bytes[at + 2] : 0;
        unsigned bits = (unsigned)bytes[at] << 16 | second << 8 | third;
        char quartet[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                           left > 1 ? digits[bits >> 6 & 63] : '=', left > 2 ? digits[bits & 63] : '='};
        buffer_append(text, quartet, sizeof(quartet));
    }
}

// {"data":{...},"stringData":null}
static bool append_patch(struct buffer *text, const struct node *texts, struct error *error) {
    const char *separator = "";
    buffer_append_text(text, "{\"stringData\":null,\"data\":{");
    NODE_EACH(member, texts) {
        if (member->type != NODE_STRING) {
            return error_set(error, ERROR_INVALID, "stringData[\"%s\"]: must be a string, not %s",
                             member->key, node_type_name(member));
        }
        buffer_append_text(text, separator);
        json_string_append(text, member->key, member->key_length);
        buffer_append_text(text, ":\"");
        append_base64(text, (const unsigned char *)member->value.string, member->length);
        buffer_append_char(text, '"');
        separator = ",";
    }
    buffer_append_text(text, "}}");
    return !text->cut || error_set(error, ERROR_LIMIT, "stringData: larger than a Secret may be");
}

bool object_secret_settle(const struct object_key *key, const struct node *object,
                          struct document **ret_document, struct error *error) {
    const struct node *texts = node_get(object, "stringData");
    if (!object_is_secret(key) || !texts) {
        return true;
    }
    if (texts->type != NODE_MAP && texts->type != NODE_NULL) {
        return error_set(error, ERROR_INVALID, "stringData: must be a map, not %s", node_type_name(texts));
    }
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, OBJECT_LARGEST_BYTES);
    CLEANUP(document_free) struct document *patch = NULL;
    return append_patch(&text, texts, error) &&
           json_read_copy(buffer_text(&text), text.length, &document_default_limits, &patch, error) &&
           merge_patch_apply(object, document_root(patch), ret_document, error);
}
