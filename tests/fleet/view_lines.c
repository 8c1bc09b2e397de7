#include "tests/fleet/view_lines.h"

#include "tests/support/expect.h"

#include <stdio.h>

static const char *const cluster_names[CLUSTER_FIELD_COUNT] = {
    [CLUSTER_NAME] = "name",
    [CLUSTER_NAMESPACE] = "namespace",
    [CLUSTER_PROVIDER] = "provider",
    [CLUSTER_FLAVOUR] = "flavour",
    [CLUSTER_REGION] = "region",
    [CLUSTER_VERSION] = "version",
    [CLUSTER_VERSION_OBSERVED] = "observed",
    [CLUSTER_CONTROL_PLANE_REPLICAS] = "replicas",
    [CLUSTER_CONTROL_PLANE_SURGE] = "surge",
    [CLUSTER_EXTERNAL_ETCD] = "external_etcd",
    [CLUSTER_VERSION_SET] = "version_set",
    [CLUSTER_CLASS] = "class",
    [CLUSTER_PAUSED] = "paused",
    [CLUSTER_DELETING] = "deleting",
};
static const char *const list_names[CLUSTER_LIST_COUNT] = {
    [CLUSTER_REGIONS] = "regions",
    [CLUSTER_ZONES] = "zones",
    [CLUSTER_POD_CIDRS] = "pod_cidrs",
    [CLUSTER_SERVICE_CIDRS] = "service_cidrs",
    [CLUSTER_NETWORK_CIDRS] = "network_cidrs",
};
static const char *const pool_names[POOL_FIELD_COUNT] = {
    [POOL_NAME] = "name",
    [POOL_KIND] = "kind",
    [POOL_VERSION] = "version",
    [POOL_VERSION_OBSERVED] = "observed",
    [POOL_REPLICAS] = "replicas",
    [POOL_MIN] = "min",
    [POOL_MAX] = "max",
    [POOL_AUTOSCALED] = "autoscaled",
    [POOL_MANAGED_REPLICAS] = "managed",
    [POOL_SURGE] = "surge",
    [POOL_KUBEADM] = "kubeadm",
    [POOL_SYSTEM] = "system",
    [POOL_ZONE_COUNT] = "zone_count",
    [POOL_DELETING] = "deleting",
};

static void add_value(const struct fact *fact, struct buffer *lines) {
    switch (fact->type) {
    case FACT_TEXT:
        buffer_append_text(lines, fact->value.text);
        break;
    case FACT_INTEGER:
        buffer_printf(lines, "%lld", (long long)fact->value.integer);
        break;
    case FACT_BOOLEAN:
        buffer_append_text(lines, fact->value.boolean ? "true" : "false");
        break;
    }
}

static void add_line(const char *pool, const char *name, const struct fact *fact, struct buffer *lines) {
    if (fact->state == FACT_ABSENT) {
        return;
    }
    buffer_printf(lines, "%s%s ", pool, name);
    if (fact->state == FACT_UNKNOWN) {
        buffer_printf(lines, "? %s%s\n", fact->why ? fact->why : "(no why)", fact->unseen ? " (unseen)" : "");
        return;
    }
    add_value(fact, lines);
    if (fact->origin.object.kind) {
        buffer_printf(lines, " @ %s %s %s", fact->origin.object.kind, fact->origin.object.name,
                      fact->origin.path ? fact->origin.path : "-");
    }
    buffer_append_char(lines, '\n');
}

static void add_list(const char *pool, const char *name, const struct fact_list *list, struct buffer *lines) {
    if (list->count == 0) {
        add_line(pool, name, &list->whole, lines);
        return;
    }
    buffer_printf(lines, "%s%s", pool, name);
    for (size_t i = 0; i < list->count; i++) {
        buffer_append_char(lines, ' ');
        if (list->items[i].state == FACT_KNOWN) {
            add_value(&list->items[i], lines);
        } else {
            buffer_printf(lines, "?(%s)", list->items[i].why);
        }
    }
    buffer_append_char(lines, '\n');
}

static void add_pool(const struct pool_view *pool, size_t index, struct buffer *lines) {
    char prefix[256];
    const struct fact *name = &pool->facts[POOL_NAME];
    if (name->state == FACT_KNOWN) {
        snprintf(prefix, sizeof(prefix), "pool %s: ", name->value.text);
    } else {
        snprintf(prefix, sizeof(prefix), "pool %zu: ", index);
    }
    for (size_t i = 0; i < POOL_FIELD_COUNT; i++) {
        add_line(prefix, pool_names[i], &pool->facts[i], lines);
    }
    add_list(prefix, "zones", &pool->zones, lines);
}

void view_lines(const struct cluster_view *view, struct buffer *ret_lines) {
    if (!view) {
        buffer_append_text(ret_lines, "none\n");
        return;
    }
    buffer_printf(ret_lines, "cluster %s/%s\n", view->object.namespace, view->object.name);
    for (size_t i = 0; i < CLUSTER_FIELD_COUNT; i++) {
        add_line("", cluster_names[i], &view->facts[i], ret_lines);
    }
    for (size_t i = 0; i < CLUSTER_LIST_COUNT; i++) {
        add_list("", list_names[i], &view->lists[i], ret_lines);
    }
    buffer_printf(ret_lines, "pools %zu\n", view->pool_count);
    add_line("", "pools_known", &view->pools_known, ret_lines);
    for (size_t i = 0; i < view->pool_count; i++) {
        add_pool(&view->pools[i], i, ret_lines);
    }
}

static bool has_line(const char *lines, const char *line, size_t length, bool as_start) {
    for (const char *at = lines; *at; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, line, length) == 0 && (as_start || at[length] == '\n')) {
            return true;
        }
    }
    return false;
}

void expect_lines(const char *name, const char *lines, const char *expected) {
    for (const char *at = expected; *at;) {
        size_t length = strcspn(at, "\n");
        bool is_not = *at == '!';
        if (length > 0 && has_line(lines, at + is_not, length - is_not, is_not) == is_not) {
            fail_msg("%s: %s%.*s\n--- in\n%s", name, is_not ? "there is a line " : "there is no line ",
                     (int)(length - is_not), at + is_not, lines);
        }
        at += length + (at[length] == '\n');
    }
}
