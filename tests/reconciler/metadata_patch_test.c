#include "tests/reconciler/status_fixture.h"

#define CLUSTER                                                                                              \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1','namespace':"       \
    "'prod','uid':'u-1','resourceVersion':'7'"
#define POOL                                                                                                 \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'eu-1-a',"       \
    "'namespace':'prod','uid':'u-2','resourceVersion':'9'"

static const struct cloud_cluster no_endpoint = {.version = "1.31.2", .target = "1.31.2"};

static const struct {
    const char *name;
    const char *cluster;
    const char *object; // NULL: the Cluster
    const struct cloud_cluster *cloud;
    bool has_finalizer;
    const char *expected;
} cases[] = {
    {"a new Cluster gets the finalizer and no owner", CLUSTER "}}", NULL, NULL, true,
     "metadata.finalizers[0] = fleetgate.dev/reconciler\n"
     "!metadata.ownerReferences\n"
     "!metadata.labels\n"
     "!spec"},
    {"finalizers of others stay", CLUSTER ",'finalizers':['cluster.cluster.x-k8s.io','other/x']}}", NULL,
     NULL, true,
     "metadata.finalizers[0] = cluster.cluster.x-k8s.io\n"
     "metadata.finalizers[1] = other/x\n"
     "metadata.finalizers[2] = fleetgate.dev/reconciler"},
    {"ours is taken away alone", CLUSTER ",'finalizers':['a/x','fleetgate.dev/reconciler','b/x']}}", NULL,
     NULL, false,
     "metadata.finalizers[0] = a/x\n"
     "metadata.finalizers[1] = b/x\n"
     "!metadata.finalizers[2]"},
    {"none is put on what is going", CLUSTER ",'deletionTimestamp':'2026-01-01T00:00:00Z'}}", NULL, NULL,
     true, "!metadata.finalizers"},
    {"what is going is let go, nothing else", CLUSTER "}}",
     POOL ",'deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['fleetgate.dev/reconciler']}}",
     &status_cloud, false,
     "!metadata.finalizers[0]\n"
     "!metadata.labels\n"
     "!metadata.ownerReferences"},
    {"the endpoint is told once there is one", CLUSTER "}}", NULL, &status_cloud, true,
     "spec.controlPlaneEndpoint.host = eu-1.example\n"
     "spec.controlPlaneEndpoint.port = 6443"},
    {"no endpoint yet", CLUSTER "}}", NULL, &no_endpoint, true, "!spec"},
    {"an empty endpoint, as v1beta1 has it, is none",
     "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-1'},'spec':"
     "{'controlPlaneEndpoint':{'host':'','port':0}}}",
     NULL, &status_cloud, true, "spec.controlPlaneEndpoint.host = eu-1.example"},
    {"an endpoint that somebody chose stays",
     CLUSTER "},'spec':{'controlPlaneEndpoint':{'host':'mine.example','port':6443}}}", NULL, &status_cloud,
     true, "spec.controlPlaneEndpoint.host = mine.example"},
    {"a pool belongs to its Cluster, as clusterctl looks for it", CLUSTER "}}", POOL "}}", &status_cloud,
     true,
     "metadata.finalizers[0] = fleetgate.dev/reconciler\n"
     "metadata.labels.cluster.x-k8s.io/cluster-name = eu-1\n"
     "metadata.ownerReferences[0].apiVersion = cluster.x-k8s.io/v1beta2\n"
     "metadata.ownerReferences[0].kind = Cluster\n"
     "metadata.ownerReferences[0].name = eu-1\n"
     "metadata.ownerReferences[0].uid = u-1\n"
     "!metadata.ownerReferences[0].controller\n"
     "!spec"},
    {"labels of others stay", CLUSTER "}}",
     POOL ",'labels':{'team':'x','cluster.x-k8s.io/cluster-name':'old'}}}", NULL, true,
     "metadata.labels.team = x\n"
     "metadata.labels.cluster.x-k8s.io/cluster-name = eu-1"},
    {"what a topology made is controlled by its Cluster", CLUSTER "},'spec':{'topology':{}}}", POOL "}}",
     NULL, true, "metadata.ownerReferences[0].controller = true"},
    {"but has one controller only", CLUSTER "},'spec':{'topology':{}}}",
     POOL ",'ownerReferences':[{'apiVersion':'x/v1','kind':'Y','name':'y','uid':'u-9','controller':true}]}}",
     NULL, true,
     "metadata.ownerReferences[0].uid = u-9\n"
     "metadata.ownerReferences[1].uid = u-1\n"
     "!metadata.ownerReferences[1].controller"},
    {"an owner of the other API version is the same one", CLUSTER "}}",
     POOL ",'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/"
          "v1beta1','kind':'Cluster','name':'eu-1','uid':'u-1'}]"
          "}}",
     NULL, true,
     "metadata.ownerReferences[0].apiVersion = cluster.x-k8s.io/v1beta1\n"
     "!metadata.ownerReferences[1]"},
    {"an owner that is no more is put right", CLUSTER "}}",
     POOL ",'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/"
          "v1beta1','kind':'Cluster','name':'eu-1','uid':'u-0'}]"
          "}}",
     NULL, true,
     "metadata.ownerReferences[0].uid = u-1\n"
     "!metadata.ownerReferences[1]"},
    {"a Cluster of another group is another owner", CLUSTER "}}",
     POOL
     ",'ownerReferences':[{'apiVersion':'anywhere.eks.amazonaws.com/v1','kind':'Cluster','name':'eu-1','uid':"
     "'u-0'}]}}",
     NULL, true,
     "metadata.ownerReferences[0].uid = u-0\n"
     "metadata.ownerReferences[1].uid = u-1"},
    {"infrastructure has the endpoint and no finalizer of ours", CLUSTER "}}",
     "{'apiVersion':'infrastructure.cluster.x-k8s.io/"
     "v1beta2','kind':'AWSManagedCluster','metadata':{'name':'i'}}",
     &status_managed_cloud, true,
     "spec.controlPlaneEndpoint.host = eu-1.example\n"
     "spec.controlPlaneEndpoint.port = 443\n"
     "metadata.ownerReferences[0].uid = u-1\n"
     "!metadata.finalizers"},
    {"Google's control plane has it under another name", CLUSTER "}}",
     "{'apiVersion':'infrastructure.cluster.x-k8s.io/"
     "v1beta1','kind':'GCPManagedControlPlane','metadata':{'name':"
     "'i'}}",
     &status_managed_cloud, true, "spec.endpoint.host = eu-1.example\n!spec.controlPlaneEndpoint"},
    {"a control plane of machines has none", CLUSTER "}}",
     "{'apiVersion':'controlplane.cluster.x-k8s.io/"
     "v1beta2','kind':'KubeadmControlPlane','metadata':{'name':'i'}}",
     &status_cloud, true, "metadata.ownerReferences[0].uid = u-1\n!spec"},
    {"a Cluster without a uid owns nothing yet",
     "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1'}}", POOL "}}", NULL,
     true, "metadata.labels.cluster.x-k8s.io/cluster-name = eu-1\n!metadata.ownerReferences"},
};

static void metadata_is_as_clusterctl_needs_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(document_free) struct document *cluster = document_of(cases[i].cluster);
        CLEANUP(document_free)
        struct document *object = document_of(cases[i].object ? cases[i].object : cases[i].cluster);
        struct status_question question = {
            .object = document_root(cases[i].object ? object : cluster),
            .cluster = document_root(cluster),
            .cloud = cases[i].cloud,
            .is_known = true,
        };
        CLEANUP(document_free)
        struct document *after = metadata_after(cases[i].name, &question, cases[i].has_finalizer);
        expect_lines(cases[i].name, document_root(after), cases[i].expected);
    }
}

static void only_lists_need_the_version_that_was_read(void **state) {
    (void)state;
    static const struct {
        const char *name, *object;
        const struct cloud_cluster *cloud;
        const char *expected;
    } patches[] = {
        {"finalizers", CLUSTER "}}", NULL,
         "{\"metadata\":{\"finalizers\":[\"fleetgate.dev/"
         "reconciler\"],\"uid\":\"u-1\",\"resourceVersion\":\"7\"}}"},
        {"endpoint", CLUSTER ",'finalizers':['fleetgate.dev/reconciler']}}", &status_cloud,
         "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"eu-1.example\","
         "\"port\":"
         "6443}}}"},
    };
    for (size_t i = 0; i < sizeof(patches) / sizeof(*patches); i++) {
        CLEANUP(document_free) struct document *object = document_of(patches[i].object);
        struct status_question question = {.cloud = patches[i].cloud};
        question.object = question.cluster = document_root(object);
        CLEANUP(buffer_clear) struct buffer patch;
        buffer_init(&patch, 4096);
        expect_true(patches[i].name, cluster_metadata_patch(&question, true, &patch), "changes");
        expect_text(patches[i].name, buffer_text(&patch), patches[i].expected);
    }
}

static void a_kubeconfig_is_kept_where_flux_looks(void **state) {
    (void)state;
    static const struct {
        const char *kubeconfig, *value;
    } texts[] = {
        {"", ""},
        {"a", "YQ=="},
        {"ab", "YWI="},
        {"abc", "YWJj"},
        {"clusters: []\n", "Y2x1c3RlcnM6IFtdCg=="},
        {"\xff\xfe\xfd", "//79"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        CLEANUP(document_free) struct document *cluster = document_of(CLUSTER "}}");
        CLEANUP(buffer_clear) struct buffer text, expected;
        buffer_init(&text, 4096);
        buffer_init(&expected, 4096);
        cluster_kubeconfig_secret(document_root(cluster), texts[i].kubeconfig, &text);
        struct error error = {0};
        CLEANUP(document_free) struct document *secret = NULL;
        assert_true(json_read_copy(text.data, text.length, &document_default_limits, &secret, &error));
        buffer_printf(&expected,
                      "apiVersion = v1\n"
                      "kind = Secret\n"
                      "type = cluster.x-k8s.io/secret\n"
                      "metadata.name = eu-1-kubeconfig\n"
                      "metadata.namespace = prod\n"
                      "metadata.labels.cluster.x-k8s.io/cluster-name = eu-1\n"
                      "metadata.ownerReferences[0].kind = Cluster\n"
                      "metadata.ownerReferences[0].uid = u-1\n"
                      "data.value = %s",
                      texts[i].value);
        expect_lines(texts[i].value, document_root(secret), buffer_text(&expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_as_clusterctl_needs_it),
        cmocka_unit_test(only_lists_need_the_version_that_was_read),
        cmocka_unit_test(a_kubeconfig_is_kept_where_flux_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
