#include "engine/configuration_internal.h"

#include "engine/glob.h"

static bool read_labels(struct setting_reader *reader, const struct node *labels, struct scope *scope) {
    if (!labels) {
        return true;
    }
    size_t mark = setting_enter_key(reader, "labels");
    if (!node_is(labels, NODE_MAP)) {
        return setting_wrong_type(reader, labels, "a map");
    }
    NODE_EACH(label, labels) {
        const char *glob;
        if (!setting_read_text(reader, labels, label->key, false, &glob)) {
            return false;
        }
    }
    setting_leave(reader, mark);
    scope->labels = labels->length > 0 ? labels : NULL;
    return true;
}

bool scope_read(struct setting_reader *reader, const struct node *map, struct scope *ret_scope) {
    static const char *const keys[] = {"namespaces", "exclude_namespaces", "labels"};
    struct scope scope = {0};
    if (!setting_check_map(reader, map, keys, sizeof(keys) / sizeof(keys[0])) ||
        !setting_read_texts(reader, map, "namespaces", &scope.namespaces, &scope.namespace_count) ||
        !setting_read_texts(reader, map, "exclude_namespaces", &scope.excluded_namespaces,
                            &scope.excluded_namespace_count) ||
        !read_labels(reader, node_get(map, "labels"), &scope)) {
        return false;
    }
    *ret_scope = scope;
    return true;
}

static bool any_matches(const char *const *globs, size_t count, const char *text) {
    for (size_t i = 0; i < count; i++) {
        if (glob_match(globs[i], text)) {
            return true;
        }
    }
    return false;
}

// A label that is not there, or whose value is not known, matches nothing, not even "*".
static bool label_matches(const struct node *wanted, const struct node *object_labels,
                          const struct node *cluster_labels) {
    const struct node *label = node_get_sized(object_labels, wanted->key, wanted->key_length);
    if (!label) {
        label = node_get_sized(cluster_labels, wanted->key, wanted->key_length);
    }
    const char *value = label && !label->unknown ? node_string(label) : NULL;
    return value && glob_match(node_string(wanted), value);
}

bool scope_matches(const struct scope *scope, const char *namespace, const struct node *object_labels,
                   const struct node *cluster_labels) {
    if (any_matches(scope->excluded_namespaces, scope->excluded_namespace_count, namespace) ||
        (scope->namespace_count > 0 && !any_matches(scope->namespaces, scope->namespace_count, namespace))) {
        return false;
    }
    NODE_EACH(wanted, scope->labels) {
        if (!label_matches(wanted, object_labels, cluster_labels)) {
            return false;
        }
    }
    return true;
}
