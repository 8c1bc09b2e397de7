#include "fleet/fragment.h"

#include "fleet/fragment_internal.h"

#include <string.h>

// An object has one or two owners.
enum { OWNER_LIMIT = 32 };

static const char cluster_label[] = "cluster.x-k8s.io/cluster-name";
static const char cluster_label_path[] = "metadata.labels[\"cluster.x-k8s.io/cluster-name\"]";
static const char paused_annotation[] = "cluster.x-k8s.io/paused";
static const char paused_annotation_path[] = "metadata.annotations[\"cluster.x-k8s.io/paused\"]";

const struct noted_fact *fragment_fact(const struct fragment *fragment, enum kind_says says) {
    for (size_t i = 0; i < fragment->fact_count; i++) {
        if (fragment->facts[i].says == says) {
            return &fragment->facts[i];
        }
    }
    return NULL;
}

const struct fragment_link *fragment_link(const struct fragment *fragment, enum link_kind kind) {
    for (size_t i = 0; i < fragment->link_count; i++) {
        if (fragment->links[i].kind == kind) {
            return &fragment->links[i];
        }
    }
    return NULL;
}

static const char *plain_namespace(const char *namespace) {
    return *namespace == '\0' ? "default" : namespace;
}

static const char *plain_group(const char *group) {
    return strncmp(group, "exp.", 4) == 0 ? group + 4 : group;
}

bool fragment_key_matches(const struct object_key *a, const struct object_key *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->kind, b->kind) == 0 &&
           strcmp(plain_namespace(a->namespace), plain_namespace(b->namespace)) == 0 &&
           strcmp(plain_group(a->group), plain_group(b->group)) == 0;
}

// Names keep the source's text when they hold placeholders, so that equal texts still link.
static const char *text_or_empty(const struct node *node) {
    const char *text = node_string(node);
    return text ? text : "";
}

bool fragment_object_key(const struct node *object, struct object_key *ret_key) {
    const char *version = node_string(node_get(object, "apiVersion"));
    const char *kind = node_string(node_get(object, "kind"));
    const char *slash = version ? strchr(version, '/') : NULL;
    const char *group = slash ? kind_table_group(version, (size_t)(slash - version)) : NULL;
    if (!group || !kind) {
        return false;
    }
    const struct node *metadata = node_get(object, "metadata");
    *ret_key = (struct object_key){group, kind, text_or_empty(node_get(metadata, "namespace")),
                                   text_or_empty(node_get(metadata, "name"))};
    return true;
}

// {apiVersion, kind, name, namespace} or {apiGroup, kind, name}.
static const char *reference_group(struct arena *arena, const struct node *reference, const char *kind) {
    const struct node *node = node_get(reference, "apiGroup");
    node = node ? node : node_get(reference, "apiVersion");
    const char *text = node && !node->unknown ? node_string(node) : NULL;
    if (!text) {
        // Kinds are unique enough to tell the group.
        const struct kind_entry *entry = kind_table_find(NULL, kind).entry;
        return !entry                                ? ""
               : entry->groups & GROUP_CORE          ? "cluster.x-k8s.io"
               : entry->groups & GROUP_CONTROL_PLANE ? "controlplane.cluster.x-k8s.io"
                                                     : "infrastructure.cluster.x-k8s.io";
    }
    size_t length = strcspn(text, "/");
    const char *ours = kind_table_group(text, length);
    return ours ? ours : arena_copy_text(arena, text, length);
}

static struct fragment_link *push_link(struct fragment_builder *builder) {
    struct fragment *fragment = builder->fragment;
    if (fragment->link_count == builder->link_capacity) {
        size_t capacity = builder->link_capacity ? builder->link_capacity * 2 : 4;
        struct fragment_link *links = arena_alloc(builder->reader.arena, capacity * sizeof(*links));
        if (fragment->link_count > 0) {
            memcpy(links, builder->links, fragment->link_count * sizeof(*links));
        }
        builder->links = links;
        builder->link_capacity = capacity;
        fragment->links = links;
    }
    return &builder->links[fragment->link_count++];
}

void fragment_add_link(struct fragment_builder *builder, enum link_kind kind, const struct node *reference,
                       const char *path) {
    struct fragment *fragment = builder->fragment;
    const char *target_kind = text_or_empty(node_get(reference, "kind"));
    const char *namespace = text_or_empty(node_get(reference, "namespace"));
    if (*target_kind == '\0' || (kind != LINK_OWNER && fragment_link(fragment, kind))) {
        return;
    }
    *push_link(builder) =
        (struct fragment_link){.kind = kind,
                               .target = {reference_group(builder->reader.arena, reference, target_kind),
                                          target_kind, *namespace ? namespace : fragment->key.namespace,
                                          text_or_empty(node_get(reference, "name"))},
                               .origin = {fragment->key, path, fragment->root}};
}

static bool is_core_kind(const struct object_key *key, const char *kind) {
    return strcmp(key->kind, kind) == 0 && strcmp(plain_group(key->group), "cluster.x-k8s.io") == 0;
}

static void read_owners(struct fragment_builder *builder, const struct node *metadata) {
    struct fragment *fragment = builder->fragment;
    const char *kind = fragment->key.kind;
    bool may_be_owned = strcmp(kind, "MachineSet") == 0 || strcmp(kind, "Machine") == 0;
    size_t index = 0;
    NODE_EACH(owner, node_get(metadata, "ownerReferences")) {
        if (index == OWNER_LIMIT) {
            break;
        }
        size_t before = fragment->link_count;
        const char *path = arena_printf(builder->reader.arena, "metadata.ownerReferences[%zu]", index++);
        fragment_add_link(builder, LINK_OWNER, owner, path);
        if (fragment->link_count == before) {
            continue;
        }
        const struct fragment_link *link = &fragment->links[before];
        bool is_cluster = is_core_kind(&link->target, "Cluster");
        fragment->is_owned |=
            may_be_owned && !is_cluster && kind_table_group(link->target.group, strlen(link->target.group));
        if (is_cluster && fragment->cluster.state == FACT_ABSENT && *fragment->cluster_key.name == '\0') {
            fragment->cluster_key.name = link->target.name;
            fragment->cluster =
                fact_read_text(&builder->reader, arena_printf(builder->reader.arena, "%s.name", path),
                               node_get(owner, "name"));
        }
    }
}

static void read_labels(struct fragment_builder *builder) {
    struct fragment *fragment = builder->fragment;
    const struct node *labels = fragment->labels;
    const struct node *cluster = node_get(labels, cluster_label);
    if (cluster && *fragment->cluster_key.name == '\0') {
        fragment->cluster = fact_read_text(&builder->reader, cluster_label_path, cluster);
        fragment->cluster_key.name = text_or_empty(cluster);
    }
    if (node_get(labels, "topology.cluster.x-k8s.io/owned")) {
        const struct node *pool = node_get(labels, "topology.cluster.x-k8s.io/deployment-name");
        pool = pool ? pool : node_get(labels, "topology.cluster.x-k8s.io/pool-name");
        fragment->topology_name = text_or_empty(pool);
    }
    if (strcmp(fragment->key.kind, "MachineSet") == 0) {
        fragment->is_owned |= node_get(labels, "cluster.x-k8s.io/deployment-name") != NULL;
    }
    if (strcmp(fragment->key.kind, "Machine") == 0) {
        fragment->is_owned |= node_get(labels, "cluster.x-k8s.io/set-name") != NULL ||
                              node_get(labels, "cluster.x-k8s.io/control-plane-name") != NULL;
        fragment->is_control_plane_node = node_get(labels, "cluster.x-k8s.io/control-plane") != NULL;
    }
}

static void read_state(struct fragment_builder *builder, const struct node *object,
                       const struct node *metadata) {
    struct fragment *fragment = builder->fragment;
    const struct fact_reader *reader = &builder->reader;
    const struct node *deletion = node_get(metadata, "deletionTimestamp");
    fragment->deleting =
        fact_known_boolean(reader, "metadata.deletionTimestamp", deletion && !node_is(deletion, NODE_NULL));
    if (node_get(fragment->annotations, paused_annotation)) {
        fragment->paused = fact_known_boolean(reader, paused_annotation_path, true);
        return;
    }
    fragment->paused = fact_read_boolean(reader, "spec.paused", node_get(node_get(object, "spec"), "paused"));
    if (fragment->paused.state == FACT_ABSENT) {
        fragment->paused = fact_known_boolean(reader, "spec.paused", false);
    }
}

static void read_class(struct fragment_builder *builder, const struct node *object) {
    const struct noted_fact *noted = fragment_fact(builder->fragment, SAYS_CLASS);
    const struct node *topology = node_get(node_get(object, "spec"), "topology");
    const struct node *reference = node_get(topology, "classRef");
    const struct node *name = reference ? node_get(reference, "name") : node_get(topology, "class");
    const char *namespace =
        text_or_empty(reference ? node_get(reference, "namespace") : node_get(topology, "classNamespace"));
    if (!noted || *text_or_empty(name) == '\0') {
        return;
    }
    *push_link(builder) = (struct fragment_link){
        .kind = LINK_CLASS,
        .target = {"cluster.x-k8s.io", "ClusterClass",
                   *namespace ? namespace : builder->fragment->key.namespace, text_or_empty(name)},
        .origin = noted->fact.origin};
}

static void read_body(struct fragment_builder *builder, const struct node *object) {
    struct fragment *fragment = builder->fragment;
    const struct kind_entry *entry = fragment->kind.entry;
    const struct node *base = object;
    const char *prefix = "";
    if (fragment->kind.is_template) {
        base = node_get(node_get(object, "spec"), "template");
        prefix = "spec.template";
    }
    if (entry->role == KIND_POOL ||
        (entry->role == KIND_INFRASTRUCTURE_POOL && !fragment->kind.is_template)) {
        fragment_read_pool_object(builder, base, prefix);
    } else {
        fragment_read_paths(builder, base, prefix, entry->paths, NULL);
    }
    for (const struct kind_pool_list *list = entry->pools; list && list->path; list++) {
        fragment_read_pool_list(builder, base, prefix, list);
    }
}

const struct fragment *fragment_read(struct arena *arena, const struct object_key *key,
                                     const struct node *object) {
    struct kind_match kind = kind_table_find(key->group, key->kind);
    if (!kind.entry || !node_is(object, NODE_MAP)) {
        return NULL;
    }
    struct fragment *fragment = arena_alloc(arena, sizeof(*fragment));
    const struct node *metadata = node_get(object, "metadata");
    fragment->key = *key;
    fragment->kind = kind;
    fragment->root = object;
    fragment->labels = node_get(metadata, "labels");
    fragment->annotations = node_get(metadata, "annotations");
    fragment->cluster_key = (struct object_key){"cluster.x-k8s.io", "Cluster", key->namespace, ""};
    struct fragment_builder builder = {.reader = {arena, *key, object}, .fragment = fragment};
    fragment->name = fact_read_text(&builder.reader, "metadata.name", node_get(metadata, "name"));
    fragment->namespace =
        fact_read_text(&builder.reader, "metadata.namespace", node_get(metadata, "namespace"));
    if (fragment->namespace.state == FACT_ABSENT && *key->namespace) {
        fragment->namespace = fact_known_text(&builder.reader, "metadata.namespace", key->namespace);
    }
    read_state(&builder, object, metadata);
    read_body(&builder, object);
    if (kind.entry->role == KIND_CLUSTER) {
        fragment->cluster = fragment->name;
        fragment->cluster_key.name = key->name;
        read_class(&builder, object);
    } else {
        read_labels(&builder);
        read_owners(&builder, metadata);
    }
    return fragment;
}
