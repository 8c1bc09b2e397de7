#include "kube/kube_list_page.h"

#include "base/buffer.h"
#include "tests/support/documents.h"

static const struct kube_resource clusters = {"cluster.x-k8s.io", "v1beta1", "clusters", "Cluster", true};
static const struct kube_resource namespaces = {"", "v1", "namespaces", "Namespace", false};

static void record(void *cookie, const struct node *object) {
    struct buffer *seen = cookie;
    const struct node *metadata = node_get(object, "metadata");
    buffer_printf(seen, "%s %s %s %u;", node_string(node_get(object, "apiVersion")),
                  node_string(node_get(object, "kind")), node_string(node_get(metadata, "name")),
                  node_get(object, "spec") ? node_get(object, "spec")->span : 0);
}

#define LIST "'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'ClusterList'"
#define TYPED "'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster',"
#define SPEC "'spec':{'a':[1,{'b':null}],'c':'d'}"

static const struct {
    const char *name;
    const struct kube_resource *resource;
    const char *json, *seen, *resource_version, *continue_token, *message;
} cases[] = {
    {"custom resources", &clusters,
     "{" LIST ",'metadata':{'resourceVersion':'12','continue':'abc'},"
     "'items':[{" TYPED "'metadata':{'name':'a'}," SPEC "},{" TYPED "'metadata':{'name':'b'}}]}",
     "cluster.x-k8s.io/v1beta1 Cluster a 6;cluster.x-k8s.io/v1beta1 Cluster b 0;", "12", "abc", NULL},
    {"built-in types say nothing in the items", &namespaces,
     "{'kind':'NamespaceList','apiVersion':'v1','metadata':{'resourceVersion':'3','continue':''},"
     "'items':[{'metadata':{'name':'a'}," SPEC "}]}",
     "v1 Namespace a 6;", "3", NULL, NULL},
    {"only the kind is there", &namespaces,
     "{'kind':'NamespaceList','apiVersion':'v1','metadata':{'resourceVersion':'3'},"
     "'items':[{'kind':'Namespace','metadata':{'name':'a'}}]}",
     "v1 Namespace a 0;", "3", NULL, NULL},
    {"empty", &clusters, "{" LIST ",'metadata':{'resourceVersion':'1'},'items':[]}", "", "1", NULL, NULL},
    {"null is empty", &clusters, "{" LIST ",'metadata':{'resourceVersion':'1'},'items':null}", "", "1", NULL,
     NULL},
    {"a list kind of its own", &clusters,
     "{'apiVersion':'cluster.x-k8s.io/"
     "v1beta1','kind':'AllClustersList','metadata':{'resourceVersion':'1'},'items':[]}",
     "", "1", NULL, NULL},
    {"an empty map", &clusters, "{}", NULL, NULL, NULL, "asked for a list of Cluster, got (nothing)"},
    {"a Status", &clusters, "{'kind':'Status','apiVersion':'v1'}", NULL, NULL, NULL,
     "asked for a list of Cluster, got Status"},
    {"no items", &clusters, "{" LIST ",'metadata':{'resourceVersion':'1'}}", NULL, NULL, NULL,
     "asked for a list of Cluster, got ClusterList"},
    {"no resourceVersion", &clusters, "{" LIST ",'items':[]}", NULL, NULL, NULL,
     "the list has no usable metadata.resourceVersion"},
    {"another group", &clusters,
     "{'apiVersion':'v1','kind':'ClusterList','metadata':{'resourceVersion':'1'},'items':[]}", NULL, NULL,
     NULL, "asked for cluster.x-k8s.io/v1beta1 ClusterList, got v1 ClusterList"},
    {"another kind among the items", &clusters,
     "{" LIST ",'metadata':{'resourceVersion':'1'},'items':[{" TYPED "'metadata':{'name':'a'}},"
     "{'kind':'Machine','metadata':{'name':'b'}}]}",
     NULL, NULL, NULL, "items[1]: asked for cluster.x-k8s.io/v1beta1 Cluster, got (nothing) Machine"},
    {"an item without a name", &clusters, "{" LIST ",'metadata':{'resourceVersion':'1'},'items':[{}]}", NULL,
     NULL, NULL, "items[0] has no metadata.name"},
    {"cut", &clusters, "{" LIST ",'metadata':{'resourceVersion':'1'},'items':[{'meta", NULL, NULL, NULL,
     "line 1 column "},
};

static void pages(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i].name;
        CLEANUP(free) char *text = memory_strdup(cases[i].json);
        for (char *quote = text; (quote = strchr(quote, '\''));) {
            *quote = '"';
        }
        CLEANUP(kube_list_page_clear) struct kube_list_page page = {0};
        struct error error = {0};
        bool good = kube_list_page_read(text, strlen(text), cases[i].resource, &page, &error);
        expect_true(name, good == !cases[i].message, error.message);
        if (!good) {
            expect_contains(name, error.message, cases[i].message);
            continue;
        }
        CLEANUP(buffer_clear) struct buffer seen;
        buffer_init(&seen, 4096);
        kube_list_page_each(&page, cases[i].resource, record, &seen);
        expect_text(name, buffer_text(&seen), cases[i].seen);
        expect_text(name, page.resource_version, cases[i].resource_version);
        if (page.continue_token || cases[i].continue_token) {
            expect_text(name, page.continue_token, cases[i].continue_token);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
