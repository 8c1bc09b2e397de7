#include "embedded/object_secret.h"

#include "base/base64.h"
#include "base/document_builder.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/merge_patch.h"
#include "embedded/object_manners.h"

#include <string.h>

bool object_is_secret(const struct object_key *key) {
    return strcmp(key->kind, "Secret") == 0 && key->group[0] == '\0';
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
        base64_append(text, member->value.string, member->length);
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
