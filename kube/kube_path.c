#include "kube/kube_path.h"

#include <string.h>

static void append_encoded(struct buffer *path, const char *text) {
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (letter || (byte >= '0' && byte <= '9') || strchr("-._~", byte)) {
            buffer_append_char(path, *at);
        } else {
            buffer_printf(path, "%%%02X", byte);
        }
    }
}

// The rule of the API server for names in paths (IsValidPathSegmentName).
static bool append_segment(struct buffer *path, const char *what, const char *text, struct error *error) {
    if (!*text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strpbrk(text, "/%")) {
        return error_set(error, ERROR_INVALID, "%s \"%s\" can't be part of a path", what, text);
    }
    buffer_append_char(path, '/');
    append_encoded(path, text);
    return true;
}

bool kube_path_append(struct buffer *path, const struct kube_resource *resource, const char *namespace,
                      const char *name, const char *subresource, struct error *error) {
    const struct {
        const char *prefix, *what, *text;
    } segments[] = {
        {*resource->group ? "/apis" : "/api", "group", *resource->group ? resource->group : NULL},
        {"", "version", resource->version},
        {namespace ? "/namespaces" : "", "namespace", namespace},
        {"", "resource", resource->plural},
        {"", "name", name},
        {"", "subresource", subresource},
    };
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        buffer_append_text(path, segments[i].prefix);
        if (segments[i].text && !append_segment(path, segments[i].what, segments[i].text, error)) {
            return false;
        }
    }
    return path->cut ? error_set(error, ERROR_LIMIT, "the path of a request is too long") : true;
}

void kube_path_append_query(struct buffer *path, const char *key, const char *value) {
    if (value) {
        buffer_append_char(path, strchr(buffer_text(path), '?') ? '&' : '?');
        buffer_append_text(path, key);
        buffer_append_char(path, '=');
        append_encoded(path, value);
    }
}
