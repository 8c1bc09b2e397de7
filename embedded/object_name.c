#include "embedded/object_name.h"

#include <string.h>

enum { LONGEST_LABEL = 63, LONGEST_SUBDOMAIN = 253 };

static bool is_alphanumeric(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

struct name_part {
    const char *what; // its path
    const char *text;
    const char *may_hold; // beside letters and digits
};

static bool check_label(const struct name_part *part, const char *label, size_t length, struct error *error) {
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(label[i]) && label[i] != '-') {
            return error_set(error, ERROR_INVALID,
                             "%s: \"%s\" may hold only lower-case letters, digits%s (RFC 1123)", part->what,
                             part->text, part->may_hold);
        }
    }
    if (length == 0 || label[0] == '-' || label[length - 1] == '-') {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" must begin and end with a lower-case letter or a digit%s", part->what,
                         part->text, strchr(part->text, '.') ? ", as must each part between dots" : "");
    }
    return true;
}

static bool check_length(const struct name_part *part, size_t longest, struct error *error) {
    if (part->text[0] == '\0') {
        return error_set(error, ERROR_INVALID, "%s: must be set", part->what);
    }
    if (strlen(part->text) > longest) {
        return error_set(error, ERROR_INVALID, "%s: \"%.40s...\" is longer than %zu characters", part->what,
                         part->text, longest);
    }
    return true;
}

static bool check_subdomain(const struct name_part *part, struct error *error) {
    for (const char *label = part->text; label;) {
        const char *dot = strchr(label, '.');
        size_t length = dot ? (size_t)(dot - label) : strlen(label);
        if (!check_label(part, label, length, error)) {
            return false;
        }
        label = dot ? dot + 1 : NULL;
    }
    return true;
}

// Roles and bindings have names like system:controller:x.
static bool check_path_segment(const struct name_part *part, struct error *error) {
    if (strcmp(part->text, ".") == 0 || strcmp(part->text, "..") == 0 || strpbrk(part->text, "/%")) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" may not be \".\" or \"..\", nor hold \"/\" or \"%%\"", part->what,
                         part->text);
    }
    return true;
}

bool object_name_check(const struct object_key *key, struct error *error) {
    const struct name_part namespace = {"metadata.namespace", key->namespace, " and \"-\""};
    const struct name_part name = {"metadata.name", key->name, ", \"-\" and \".\""};
    if (key->kind[0] == '\0') {
        return error_set(error, ERROR_INVALID, "kind: must be set");
    }
    if (key->namespace[0] != '\0' &&
        (!check_length(&namespace, LONGEST_LABEL, error) ||
         !check_label(&namespace, key->namespace, strlen(key->namespace), error))) {
        return false;
    }
    if (!check_length(&name, LONGEST_SUBDOMAIN, error)) {
        return false;
    }
    return strcmp(key->group, "rbac.authorization.k8s.io") == 0 ? check_path_segment(&name, error)
                                                                : check_subdomain(&name, error);
}
