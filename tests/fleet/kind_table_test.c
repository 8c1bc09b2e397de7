// The table as data: sorted, its paths well formed, and every path of every kind finds what it names.
#include "base/field_path.h"
#include "fleet/fragment.h"
#include "fleet/kind_table.h"
#include "tests/support/documents.h"

#include <stdio.h>

static void is_sorted(void **state) {
    (void)state;
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    for (size_t i = 0; i < count; i++) {
        expect_true(entries[i].kind, i == 0 || strcmp(entries[i - 1].kind, entries[i].kind) < 0,
                    "is in order");
        struct kind_match match = kind_table_find(NULL, entries[i].kind);
        expect_true(entries[i].kind, match.entry == &entries[i] && !match.is_template, "finds itself");
    }
}

static void matches_group_and_kind(void **state) {
    (void)state;
    static const struct {
        const char *group, *kind;
        const char *provider; // "" none, NULL: not ours
        bool is_template, is_guess;
    } cases[] = {
        {"cluster.x-k8s.io", "Cluster", "", false, false},
        {"anywhere.eks.amazonaws.com", "Cluster", NULL, false, false},
        {"", "Cluster", NULL, false, false},
        {"infrastructure.cluster.x-k8s.io", "Cluster", NULL, false, false},
        {"exp.cluster.x-k8s.io", "MachinePool", "", false, false},
        {"exp.infrastructure.cluster.x-k8s.io", "AzureManagedControlPlane", "azure", false, false},
        {"infrastructure.cluster.x-k8s.io", "AzureManagedControlPlane", "azure", false, false},
        {"controlplane.cluster.x-k8s.io", "AWSManagedControlPlane", "aws", false, false},
        {"infrastructure.cluster.x-k8s.io", "AWSClusterTemplate", "aws", true, false},
        {"controlplane.cluster.x-k8s.io", "KubeadmControlPlaneTemplate", "", true, false},
        {"infrastructure.cluster.x-k8s.io", "AcmeCluster", "", false, true},
        {"infrastructure.cluster.x-k8s.io", "AcmeClusterTemplate", "", true, true},
        {"infrastructure.cluster.x-k8s.io", "AcmeMachinePool", "", false, true},
        {"infrastructure.cluster.x-k8s.io", "AcmeMachineTemplate", "", false, true},
        {"controlplane.cluster.x-k8s.io", "AcmeControlPlane", "", false, true},
        {"cluster.x-k8s.io", "AcmeCluster", NULL, false, false},
        {"infrastructure.cluster.x-k8s.io", "AWSClusterRoleIdentity", NULL, false, false},
        {"infrastructure.cluster.x-k8s.io", "AWSMachine", NULL, false, false},
        {"bootstrap.cluster.x-k8s.io", "KubeadmConfigTemplate", NULL, false, false},
        {"cluster.x-k8s.io", "MachineHealthCheck", NULL, false, false},
        {"cluster.x-k8s.io", "ClusterTemplate", NULL, false, false},
        {"cluster.x-k8s.io", "", NULL, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct kind_match match = kind_table_find(cases[i].group, cases[i].kind);
        expect_integer(cases[i].kind, match.entry != NULL, cases[i].provider != NULL);
        if (match.entry) {
            expect_text(cases[i].kind, match.entry->provider ? match.entry->provider : "", cases[i].provider);
        }
        expect_integer(cases[i].kind, match.is_template, cases[i].is_template);
        expect_integer(cases[i].kind, match.is_guess, cases[i].is_guess);
    }
}

static const char *sample(enum kind_says says) {
    switch (says) {
    case SAYS_REPLICAS:
    case SAYS_SURGE:
    case SAYS_MIN:
    case SAYS_MAX:
        return "7";
    case SAYS_AUTOSCALING:
        return "true";
    case SAYS_EXTERNAL_ETCD:
        return "{'endpoints':[]}";
    case SAYS_ZONE_NAMES:
    case SAYS_VERSION_SET:
        return "['seven']";
    case SAYS_VARIABLES:
        return "[{'name':'region','value':'seven'}]";
    case SAYS_CLASS_VARIABLES:
        return "[{'name':'region','schema':{'openAPIV3Schema':{'default':'seven'}}}]";
    case SAYS_PATCHES:
        return "[{'definitions':[{'jsonPatches':[{'path':'/spec/template/spec/region','value':'seven'}]}]}]";
    case SAYS_INFRASTRUCTURE:
    case SAYS_CONTROL_PLANE:
    case SAYS_BOOTSTRAP:
        return "{'apiGroup':'infrastructure.cluster.x-k8s.io','kind':'AWSCluster','name':'seven'}";
    case SAYS_VERSION:
    case SAYS_VERSION_OBSERVED:
        return "'v1.31.7'";
    default:
        return "'seven'";
    }
}

// The JSON of an object that holds nothing but value at path.
static void write_path(struct buffer *json, const char *path, const char *value) {
    const char *cursor = path;
    struct field_step step;
    char closing[64];
    size_t depth = 0;
    while (field_path_next(&cursor, &step, NULL) && step.kind != FIELD_END) {
        if (step.kind == FIELD_EACH) {
            buffer_append_char(json, '[');
            closing[depth++] = ']';
        } else {
            buffer_printf(json, "{'%.*s':", (int)step.length, step.key);
            closing[depth++] = '}';
        }
    }
    buffer_append_text(json, value);
    while (depth > 0) {
        buffer_append_char(json, closing[--depth]);
    }
}

static bool says_at_all(const struct fragment *fragment, enum kind_says says) {
    static const enum pool_field fields[] = {
        [SAYS_VERSION] = POOL_VERSION,   [SAYS_VERSION_OBSERVED] = POOL_VERSION_OBSERVED,
        [SAYS_REPLICAS] = POOL_REPLICAS, [SAYS_SURGE] = POOL_SURGE,
        [SAYS_MIN] = POOL_MIN,           [SAYS_MAX] = POOL_MAX,
        [SAYS_MODE] = POOL_SYSTEM,       [SAYS_BOOTSTRAP] = POOL_KUBEADM};
    const struct fragment_pool *pool = fragment->pool_count > 0 ? &fragment->pools[0] : NULL;
    if (pool && says < sizeof(fields) / sizeof(*fields) && fields[says] != POOL_NAME) {
        return pool->view.facts[fields[says]].state == FACT_KNOWN;
    }
    switch (says) {
    case SAYS_CLUSTER:
        return strcmp(fragment->cluster_key.name, "seven") == 0;
    case SAYS_INFRASTRUCTURE:
        return fragment_link(fragment, LINK_INFRASTRUCTURE) != NULL;
    case SAYS_CONTROL_PLANE:
        return fragment_link(fragment, LINK_CONTROL_PLANE) != NULL;
    case SAYS_LOCATION:
    case SAYS_VARIABLES:
    case SAYS_CLASS_VARIABLES:
    case SAYS_PATCHES:
        return fragment_fact(fragment, SAYS_REGION) != NULL;
    case SAYS_ZONE:
    case SAYS_ZONE_NAMES:
        return pool ? pool->view.zones.count == 1 : fragment_fact(fragment, SAYS_ZONE) != NULL;
    case SAYS_NAME:
        return pool && pool->rules.provider_name;
    case SAYS_STRATEGY:
    case SAYS_AUTOSCALING:
        return true;
    default:
        return fragment_fact(fragment, says) != NULL;
    }
}

static const char *group_of(const struct kind_entry *entry) {
    return entry->groups & GROUP_CORE            ? "cluster.x-k8s.io"
           : entry->groups & GROUP_CONTROL_PLANE ? "controlplane.cluster.x-k8s.io"
                                                 : "infrastructure.cluster.x-k8s.io";
}

static void try_path(const struct kind_entry *entry, const char *kind, const char *path,
                     enum kind_says says) {
    struct buffer json;
    buffer_init(&json, 65536);
    write_path(&json, path, sample(says));
    struct document *document = document_of(buffer_text(&json));
    struct arena *arena = arena_new();
    struct object_key key = {group_of(entry), kind, "prod", "x"};
    const struct fragment *fragment = fragment_read(arena, &key, document_root(document));
    char name[256];
    snprintf(name, sizeof(name), "%s %s", kind, path);
    expect_true(name, fragment && says_at_all(fragment, says), "is read");
    arena_free(arena);
    document_free(document);
    buffer_clear(&json);
}

static void every_path_is_read(void **state) {
    (void)state;
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    for (size_t i = 0; i < count; i++) {
        char path[256];
        for (const struct kind_path *row = entries[i].paths; row->says != SAYS_NOTHING; row++) {
            try_path(&entries[i], entries[i].kind, row->path, row->says);
            if (entries[i].has_template && entries[i].role != KIND_INFRASTRUCTURE_POOL) {
                char kind[128];
                snprintf(kind, sizeof(kind), "%sTemplate", entries[i].kind);
                snprintf(path, sizeof(path), "spec.template.%s", row->path);
                try_path(&entries[i], kind, path, row->says);
            }
        }
        for (const struct kind_pool_list *list = entries[i].pools; list && list->path; list++) {
            for (const struct kind_path *row = list->paths; row->says != SAYS_NOTHING; row++) {
                snprintf(path, sizeof(path), "%s.%s", list->path, row->path);
                try_path(&entries[i], entries[i].kind, path, row->says);
            }
        }
    }
}

static void any_value_is_survived(void **state) {
    (void)state;
    static const char *const values[] = {"null",   "''",       "7",          "1.5",          "true",
                                         "'text'", "[]",       "{}",         "[null]",       "[[]]",
                                         "[{}]",   "{'a':{}}", "{'name':7}", "[{'name':[]}]"};
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    for (size_t i = 0; i < count; i++) {
        for (const struct kind_path *row = entries[i].paths; row->says != SAYS_NOTHING; row++) {
            for (size_t j = 0; j < sizeof(values) / sizeof(*values); j++) {
                struct buffer json;
                buffer_init(&json, 65536);
                write_path(&json, row->path, values[j]);
                struct document *document = document_of(buffer_text(&json));
                struct arena *arena = arena_new();
                struct object_key key = {group_of(&entries[i]), entries[i].kind, "prod", "x"};
                expect_true(row->path, fragment_read(arena, &key, document_root(document)) != NULL,
                            "is read");
                arena_free(arena);
                document_free(document);
                buffer_clear(&json);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_sorted),
        cmocka_unit_test(matches_group_and_kind),
        cmocka_unit_test(every_path_is_read),
        cmocka_unit_test(any_value_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
