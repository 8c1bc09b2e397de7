#include "engine/configuration_internal.h"

#include "base/memory.h"

#include <string.h>

struct configuration {
    struct arena *arena;
    const struct policy_settings *policies;
    size_t policy_count;
    const struct exception *exceptions;
    size_t exception_count;
    const char *revision; // NULL: none
};

static bool expect_value(struct setting_reader *reader, const struct node *root, const char *key,
                         const char *expected) {
    const char *text;
    if (!setting_read_text(reader, root, key, false, &text)) {
        return false;
    }
    if (strcmp(text, expected) != 0) {
        setting_enter_key(reader, key);
        return setting_fail(reader, node_get(root, key), "must be %s", expected);
    }
    return true;
}

static bool read_policies(struct setting_reader *reader, const struct node *map,
                          struct configuration *configuration) {
    if (!map) {
        return true;
    }
    setting_enter_key(reader, "policies");
    if (!node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a map");
    }
    struct policy_settings *policies = arena_alloc(reader->arena, (map->length + 1) * sizeof(*policies));
    size_t count = 0;
    NODE_EACH(child, map) {
        size_t mark = setting_enter_key(reader, child->key);
        if (*child->key == '\0') {
            return setting_fail(reader, child, "a policy's name must not be empty");
        }
        if (!policy_settings_read(reader, child, &policies[count++])) {
            return false;
        }
        setting_leave(reader, mark);
    }
    configuration->policies = policies;
    configuration->policy_count = count;
    return true;
}

// Who keeps the document in Git stamps it with its commit.
static bool read_metadata(struct setting_reader *reader, const struct node *map,
                          struct configuration *configuration) {
    static const char *const keys[] = {"name", "revision"};
    const char *name = NULL;
    if (!map) {
        return true;
    }
    setting_enter_key(reader, "metadata");
    if (!setting_check_map(reader, map, keys, sizeof(keys) / sizeof(keys[0])) ||
        !setting_read_text(reader, map, "name", true, &name) ||
        !setting_read_text(reader, map, "revision", true, &configuration->revision)) {
        return false;
    }
    configuration->revision = configuration->revision ? configuration->revision : name;
    setting_leave(reader, 0);
    return true;
}

// What it says is read by those who carry out (reconciler/reconcile_settings.c).
static bool check_reconcile(struct setting_reader *reader, const struct node *map) {
    size_t mark = setting_enter_key(reader, "reconcile");
    if (map && !node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a map");
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_root(struct setting_reader *reader, const struct node *root,
                      struct configuration *configuration) {
    static const char *const keys[] = {"apiVersion", "kind",       "metadata",
                                       "policies",   "exceptions", "reconcile"};
    if (!setting_check_map(reader, root, keys, sizeof(keys) / sizeof(keys[0])) ||
        !expect_value(reader, root, "apiVersion", "fleetgate.dev/v1alpha1") ||
        !expect_value(reader, root, "kind", "Configuration") ||
        !read_metadata(reader, node_get(root, "metadata"), configuration) ||
        !check_reconcile(reader, node_get(root, "reconcile")) ||
        !read_policies(reader, node_get(root, "policies"), configuration)) {
        return false;
    }
    setting_leave(reader, 0);
    setting_enter_key(reader, "exceptions");
    return exceptions_read(reader, node_get(root, "exceptions"), &configuration->exceptions,
                           &configuration->exception_count);
}

bool configuration_read(const struct document *document, const char *file,
                        struct configuration **ret_configuration, struct error *error) {
    struct configuration *configuration = memory_calloc(1, sizeof(*configuration));
    configuration->arena = arena_new();
    struct setting_reader reader = {
        .document = document, .file = file, .arena = configuration->arena, .error = error};
    buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
    bool good = read_root(&reader, document_root(document), configuration);
    buffer_clear(&reader.path);
    if (good) {
        *ret_configuration = configuration;
    } else {
        configuration_free(configuration);
    }
    return good;
}

void configuration_free(struct configuration *configuration) {
    if (configuration) {
        arena_free(configuration->arena);
        free(configuration);
    }
}

size_t configuration_policy_count(const struct configuration *configuration) {
    return configuration->policy_count;
}

const struct policy_settings *configuration_policy(const struct configuration *configuration, size_t index) {
    return index < configuration->policy_count ? &configuration->policies[index] : NULL;
}

const struct policy_settings *configuration_find(const struct configuration *configuration,
                                                 const char *policy) {
    for (size_t i = 0; i < configuration->policy_count; i++) {
        if (strcmp(configuration->policies[i].policy, policy) == 0) {
            return &configuration->policies[i];
        }
    }
    return NULL;
}

size_t configuration_exception_count(const struct configuration *configuration) {
    return configuration->exception_count;
}

const struct exception *configuration_exception(const struct configuration *configuration, size_t index) {
    return index < configuration->exception_count ? &configuration->exceptions[index] : NULL;
}

const char *configuration_revision(const struct configuration *configuration) {
    return configuration->revision ? configuration->revision : "";
}
