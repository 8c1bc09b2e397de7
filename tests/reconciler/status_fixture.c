#include "tests/reconciler/status_fixture.h"

#include "base/merge_patch.h"

#include <inttypes.h>
#include <stdio.h>

static const struct pool_spec pool_specs[] = {
    {.name = "a", .version = "1.31.2", .replicas = 2, .minimum = -1, .maximum = -1, .surge = 1},
    {.name = "b", .version = "1.31.2", .replicas = 3, .minimum = -1, .maximum = -1, .surge = 1},
};
static const struct cloud_pool cloud_pools[] = {
    {.name = "a", .version = "1.31.2", .target = "1.31.2", .state = CLOUD_ACTIVE, 2, 2, 2, 2},
    {.name = "b", .version = "1.31.2", .target = "1.31.2", .state = CLOUD_ACTIVE, 3, 3, 3, 3},
};

const struct cluster_spec status_spec = {
    .namespace = "prod",
    .name = "eu-1",
    .provider = "docker",
    .flavour = "kubeadm",
    .region = "eu",
    .version = "1.31.2",
    .control_plane_replicas = 3,
    .control_plane_surge = 1,
    .pools = pool_specs,
    .pool_count = 2,
};
const struct cluster_spec status_managed_spec = {
    .namespace = "prod",
    .name = "eu-1",
    .provider = "aws",
    .flavour = "eks",
    .region = "eu-west-1",
    .version = "1.31.2",
    .pools = pool_specs,
    .pool_count = 2,
};
const struct cloud_cluster status_cloud = {
    .owner = "u-1",
    .version = "1.31.2",
    .target = "1.31.2",
    .state = CLOUD_ACTIVE,
    .control_plane_replicas = 3,
    .control_plane_ready = 3,
    .endpoint_host = "eu-1.example",
    .endpoint_port = 6443,
    .pools = cloud_pools,
    .pool_count = 2,
};
const struct cloud_cluster status_managed_cloud = {
    .owner = "u-1",
    .version = "1.31.2",
    .target = "1.31.2",
    .state = CLOUD_ACTIVE,
    .endpoint_host = "eu-1.example",
    .endpoint_port = 443,
    .pools = cloud_pools,
    .pool_count = 2,
};

static struct document *patched(const char *name, const struct node *object, const struct buffer *patch) {
    struct error error = {0};
    CLEANUP(document_free) struct document *changes = NULL;
    struct document *after = NULL;
    if (patch->cut ||
        !json_read_copy(buffer_text(patch), patch->length, &document_default_limits, &changes, &error) ||
        !merge_patch_apply(object, document_root(changes), &after, &error)) {
        fail_msg("%s: %s: %s", name, buffer_text(patch), error.message);
    }
    return after;
}

static struct document *copy_of(const char *name, const struct node *object) {
    CLEANUP(buffer_clear) struct buffer nothing;
    buffer_init(&nothing, 16);
    buffer_append_text(&nothing, "{}");
    return patched(name, object, &nothing);
}

struct document *status_after(const char *name, const struct status_question *question) {
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, 1 << 20);
    if (!cluster_status_patch(question, &patch)) {
        expect_integer(name, (int64_t)patch.length, 0);
        return copy_of(name, question->object);
    }
    struct document *after = patched(name, question->object, &patch);
    struct status_question again = *question;
    again.object = document_root(after);
    again.cluster = question->cluster == question->object ? again.object : question->cluster;
    again.now_s++;
    buffer_truncate(&patch, 0);
    if (cluster_status_patch(&again, &patch)) {
        fail_msg("%s: asked again, it changes %s", name, buffer_text(&patch));
    }
    return after;
}

struct document *metadata_after(const char *name, const struct status_question *question,
                                bool has_finalizer) {
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, 1 << 20);
    if (!cluster_metadata_patch(question, has_finalizer, &patch)) {
        expect_integer(name, (int64_t)patch.length, 0);
        return copy_of(name, question->object);
    }
    struct document *after = patched(name, question->object, &patch);
    struct status_question again = *question;
    again.object = document_root(after);
    again.cluster = question->cluster == question->object ? again.object : question->cluster;
    buffer_truncate(&patch, 0);
    if (cluster_metadata_patch(&again, has_finalizer, &patch)) {
        fail_msg("%s: asked again, it changes %s", name, buffer_text(&patch));
    }
    return after;
}

static const char *text_of(const struct node *map, const char *key) {
    const char *text = node_string(node_get(map, key));
    return text ? text : "";
}

static void condition_lines(const char *path, const struct node *list, struct buffer *lines) {
    NODE_EACH(item, list) {
        static const char *const parts[] = {"status", "reason", "severity"};
        buffer_printf(lines, "%s %s =", path, text_of(item, "type"));
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
            const char *text = text_of(item, parts[i]);
            buffer_printf(lines, "%s%s", text[0] ? " " : "", text);
        }
        const char *message = text_of(item, "message");
        buffer_printf(lines, "%s%s\n", message[0] ? ": " : "", message);
        buffer_printf(lines, "%s %s since %s\n", path, text_of(item, "type"),
                      text_of(item, "lastTransitionTime"));
    }
}

static void lines_below(const char *path, const struct node *node, struct buffer *lines) {
    if (node_is(node, NODE_LIST) && strlen(path) >= 10 &&
        strcmp(path + strlen(path) - 10, "conditions") == 0) {
        condition_lines(path, node, lines);
        return;
    }
    if (node_is(node, NODE_LIST) || node_is(node, NODE_MAP)) {
        unsigned index = 0;
        NODE_EACH(child, node) {
            char inner[512];
            if (child->key) {
                (void)snprintf(inner, sizeof(inner), "%s%s%s", path, path[0] ? "." : "", child->key);
            } else {
                (void)snprintf(inner, sizeof(inner), "%s[%u]", path, index++);
            }
            lines_below(inner, child, lines);
        }
        return;
    }
    int64_t integer;
    bool boolean;
    if (node_integer(node, &integer)) {
        buffer_printf(lines, "%s = %" PRId64 "\n", path, integer);
    } else if (node_boolean(node, &boolean)) {
        buffer_printf(lines, "%s = %s\n", path, boolean ? "true" : "false");
    } else {
        const char *text = node_string(node);
        buffer_printf(lines, "%s = %s\n", path, text ? text : "null");
    }
}

void status_lines(const struct node *node, struct buffer *lines) {
    lines_below("", node, lines);
}

static bool has_line(const char *lines, const char *line, size_t length, bool whole) {
    for (const char *at = lines; *at;) {
        size_t there = strcspn(at, "\n");
        if ((whole ? there == length : there >= length) && memcmp(at, line, length) == 0) {
            return true;
        }
        at += there + (at[there] == '\n');
    }
    return false;
}

void expect_lines(const char *name, const struct node *node, const char *expected) {
    CLEANUP(buffer_clear) struct buffer lines;
    buffer_init(&lines, 1 << 20);
    status_lines(node, &lines);
    for (const char *at = expected; *at;) {
        size_t length = strcspn(at, "\n");
        bool unwanted = at[0] == '!';
        bool there = has_line(buffer_text(&lines), at + unwanted, length - unwanted, !unwanted);
        if (there == unwanted) {
            fail_msg("%s: \"%.*s\" is not so in\n%s", name, (int)length, at, buffer_text(&lines));
        }
        at += length + (at[length] == '\n');
    }
}
