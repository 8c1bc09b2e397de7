#include "kube/kube_discovery.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "kube/kube_path.h"

#include <string.h>

enum { MOST_RESOURCES = 4096 };

struct served {
    struct kube_resource resource;
    bool followed; // can be listed and watched
};

struct kube_discovery {
    struct arena *arena; // all texts
    struct served *served;
    size_t count, capacity;
    const char *problem;
};

void kube_discovery_free(struct kube_discovery *discovery) {
    if (discovery) {
        arena_free(discovery->arena);
        free(discovery->served);
        free(discovery);
    }
}

const struct kube_resource *kube_discovery_find(const struct kube_discovery *discovery, const char *group,
                                                const char *kind) {
    for (size_t i = 0; i < discovery->count; i++) {
        const struct kube_resource *resource = &discovery->served[i].resource;
        if (strcmp(resource->group, group) == 0 && strcmp(resource->kind, kind) == 0) {
            return resource;
        }
    }
    return NULL;
}

size_t kube_discovery_count(const struct kube_discovery *discovery) {
    size_t count = 0;
    for (size_t i = 0; i < discovery->count; i++) {
        count += discovery->served[i].followed;
    }
    return count;
}

const struct kube_resource *kube_discovery_resource(const struct kube_discovery *discovery, size_t index) {
    for (size_t i = 0; i < discovery->count; i++) {
        if (discovery->served[i].followed && index-- == 0) {
            return &discovery->served[i].resource;
        }
    }
    return NULL;
}

const char *kube_discovery_problem(const struct kube_discovery *discovery) {
    return discovery->problem;
}

static bool has_verb(const struct node *verbs, const char *wanted) {
    NODE_EACH(verb, verbs) {
        const char *text = node_string(verb);
        if (text && strcmp(text, wanted) == 0) {
            return true;
        }
    }
    return false;
}

// Kinds that a version before this one has are left as they are: that one is preferred.
static void add_resource(struct kube_discovery *discovery, const char *group, const char *version,
                         const struct node *resource) {
    const char *plural = node_string(node_get(resource, "name"));
    const char *kind = node_string(node_get(resource, "kind"));
    const struct node *verbs = node_get(resource, "verbs");
    bool namespaced = false;
    (void)node_boolean(node_get(resource, "namespaced"), &namespaced);
    if (!plural || strchr(plural, '/') || !kind || discovery->count == MOST_RESOURCES ||
        kube_discovery_find(discovery, group, kind)) {
        return;
    }
    if (discovery->count == discovery->capacity) {
        discovery->capacity = discovery->capacity ? discovery->capacity * 2 : 32;
        discovery->served =
            memory_realloc(discovery->served, discovery->capacity, sizeof(*discovery->served));
    }
    discovery->served[discovery->count++] = (struct served){
        .resource = {.group = arena_strdup(discovery->arena, group),
                     .version = arena_strdup(discovery->arena, version),
                     .plural = arena_strdup(discovery->arena, plural),
                     .kind = arena_strdup(discovery->arena, kind),
                     .namespaced = namespaced},
        .followed = has_verb(verbs, "list") && has_verb(verbs, "watch"),
    };
}

static void add_version(struct kube_discovery *discovery, struct kube_client *client, const char *group,
                        const char *version) {
    CLEANUP(document_free) struct document *document = NULL;
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, KUBE_LONGEST_PATH_BYTES);
    buffer_printf(&path, *group ? "/apis/%s/%s" : "/api%s/%s", group, version);
    struct error problem;
    if (!kube_get_path(client, buffer_text(&path), &document, &problem)) {
        // NOT_FOUND: it was removed after /apis was read.
        if (problem.kind != ERROR_NOT_FOUND && !discovery->problem) {
            discovery->problem = arena_strdup(discovery->arena, problem.message);
        }
        return;
    }
    NODE_EACH(resource, node_get(document_root(document), "resources")) {
        add_resource(discovery, group, version, resource);
    }
}

static const struct node *find_group(const struct node *groups, const char *wanted) {
    NODE_EACH(group, groups) {
        const char *name = node_string(node_get(group, "name"));
        if (name && strcmp(name, wanted) == 0) {
            return group;
        }
    }
    return NULL;
}

static void add_group(struct kube_discovery *discovery, struct kube_client *client, const char *name,
                      const struct node *group) {
    const char *preferred = node_string(node_get(node_get(group, "preferredVersion"), "version"));
    if (preferred) {
        add_version(discovery, client, name, preferred);
    }
    NODE_EACH(entry, node_get(group, "versions")) {
        const char *version = node_string(node_get(entry, "version"));
        if (version && (!preferred || strcmp(version, preferred) != 0)) {
            add_version(discovery, client, name, version);
        }
    }
}

bool kube_discover(struct kube_client *client, const char *const *groups, size_t group_count,
                   struct kube_discovery **ret_discovery, struct error *error) {
    CLEANUP(document_free) struct document *served = NULL;
    if (!kube_get_path(client, "/apis", &served, error)) {
        return false;
    }
    struct kube_discovery *discovery = memory_calloc(1, sizeof(*discovery));
    discovery->arena = arena_new();
    for (size_t i = 0; i < group_count; i++) {
        if (*groups[i]) {
            add_group(discovery, client, groups[i],
                      find_group(node_get(document_root(served), "groups"), groups[i]));
        } else {
            add_version(discovery, client, "", "v1");
        }
    }
    *ret_discovery = discovery;
    return true;
}
