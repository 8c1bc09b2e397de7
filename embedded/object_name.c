#include "embedded/object_name.h"

#include <string.h>

enum { LONGEST_LABEL = 63, LONGEST_SUBDOMAIN = 253 };

static bool is_alphanumeric(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

static bool check_label(const char *what, const char *text, const char *label, size_t length,
                        struct error *error) {
    if (length == 0 || !is_alphanumeric(label[0]) || !is_alphanumeric(label[length - 1])) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" must begin and end with a lower-case letter or a digit%s", what, text,
                         strchr(text, '.') ? ", as must each part between dots" : "");
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(label[i]) && label[i] != '-') {
            return error_set(error, ERROR_INVALID,
                             "%s: \"%s\" may hold only lower-case letters, digits, \"-\"%s (RFC 1123)", what,
                             text, strcmp(what, "metadata.name") == 0 ? " and \".\"" : "");
        }
    }
    return true;
}

static bool check_length(const char *what, const char *text, size_t longest, struct error *error) {
    if (text[0] == '\0') {
        return error_set(error, ERROR_INVALID, "%s: must be set", what);
    }
    if (strlen(text) > longest) {
        return error_set(error, ERROR_INVALID, "%s: \"%.40s...\" is longer than %zu characters", what, text,
                         longest);
    }
    return true;
}

static bool check_subdomain(const char *what, const char *name, struct error *error) {
    for (const char *label = name; label;) {
        const char *dot = strchr(label, '.');
        size_t length = dot ? (size_t)(dot - label) : strlen(label);
        if (!check_label(what, name, label, length, error)) {
            return false;
        }
        label = dot ? dot + 1 : NULL;
    }
    return true;
}

// Roles and bindings have names like system:controller:x.
static bool check_path_segment(const char *what, const char *name, struct error *error) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strpbrk(name, "/%")) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" may not be \".\" or \"..\", nor hold \"/\" or \"%%\"", what, name);
    }
    return true;
}

bool object_name_check(const struct object_key *key, struct error *error) {
    static const char namespace[] = "metadata.namespace";
    static const char name[] = "metadata.name";
    if (key->kind[0] == '\0') {
        return error_set(error, ERROR_INVALID, "kind: must be set");
    }
    if (key->namespace[0] != '\0' &&
        (!check_length(namespace, key->namespace, LONGEST_LABEL, error) ||
         !check_label(namespace, key->namespace, key->namespace, strlen(key->namespace), error))) {
        return false;
    }
    if (!check_length(name, key->name, LONGEST_SUBDOMAIN, error)) {
        return false;
    }
    return strcmp(key->group, "rbac.authorization.k8s.io") == 0 ? check_path_segment(name, key->name, error)
                                                                : check_subdomain(name, key->name, error);
}
