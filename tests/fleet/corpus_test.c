// Views of real manifests (shared/corpus beside the repository; skipped where it is not there).
#include "manifest/manifest.h"
#include "tests/fleet/fleet_fixture.h"

#include <stdio.h>
#include <unistd.h>

static const char corpus[] = "../shared/corpus";

// The objects of one file, as a source.
struct corpus_file {
    struct fragment_set *set;
    struct inventory *inventory;
    struct arena *arena;
    size_t first, end; // manifests
};

static void open_file(struct corpus_file *file, const struct manifest_set *manifests, bool is_reversed) {
    file->set = fragment_set_new();
    file->inventory = inventory_new();
    file->arena = arena_new();
    for (size_t i = file->first; i < file->end; i++) {
        size_t index = is_reversed ? file->first + file->end - 1 - i : i;
        const struct manifest *manifest = manifest_set_get(manifests, index);
        struct object_key key;
        if (manifest->state == MANIFEST_OBJECT && fragment_set_add(file->set, manifest->object) &&
            fragment_object_key(manifest->object, &key)) {
            inventory_put(file->inventory, &key, manifest->object);
        }
    }
}

static void close_file(struct corpus_file *file) {
    arena_free(file->arena);
    fragment_set_free(file->set);
    inventory_free(file->inventory);
}

static void describe(const struct corpus_file *file, const struct object_change *change,
                     struct buffer *lines) {
    const struct view_source *source = fragment_set_source(file->set);
    struct cluster_change views;
    cluster_change_build(file->arena, change, source, source, &views);
    struct cluster_change held;
    source = inventory_source(file->inventory);
    cluster_change_build(file->arena, change, source, source, &held);
    expect_same_view(change->key.name, held.before, views.before);
    expect_same_view(change->key.name, held.after, views.after);
    view_lines(views.before, lines);
    view_lines(views.after, lines);
}

// Every operation on the object gives the same views in whatever order the file was read.
static size_t try_object(const struct corpus_file *a, const struct corpus_file *b,
                         const struct node *object) {
    struct object_change change = {.version = "v1", .resource = "", .subresource = ""};
    if (!fragment_object_key(object, &change.key)) {
        return 0;
    }
    for (int operation = OPERATION_CREATE; operation <= OPERATION_DELETE; operation++) {
        struct buffer lines;
        struct buffer reversed;
        buffer_init(&lines, 1 << 22);
        buffer_init(&reversed, 1 << 22);
        change.operation = (enum operation)operation;
        change.object = operation == OPERATION_DELETE ? NULL : object;
        change.old_object = operation == OPERATION_CREATE ? NULL : object;
        describe(a, &change, &lines);
        describe(b, &change, &reversed);
        expect_text(change.key.kind, buffer_text(&reversed), buffer_text(&lines));
        buffer_clear(&lines);
        buffer_clear(&reversed);
    }
    return cluster_view_knows(change.key.group, change.key.kind);
}

static size_t end_of_file(const struct manifest_set *manifests, size_t first) {
    size_t end = first;
    const char *name = manifest_set_get(manifests, first)->file;
    while (end < manifest_set_count(manifests) && manifest_set_get(manifests, end)->file == name) {
        end++;
    }
    return end;
}

static void every_file_is_survived(void **state) {
    (void)state;
    if (access(corpus, R_OK) != 0) {
        skip();
    }
    CLEANUP(manifest_set_free) struct manifest_set *manifests = manifest_set_new(NULL, NULL);
    struct error error = {0};
    expect_true(error.message, manifest_set_add_path(manifests, corpus, &error), "the corpus is read");
    size_t known = 0;
    for (size_t first = 0; first < manifest_set_count(manifests);) {
        struct corpus_file a = {.first = first, .end = end_of_file(manifests, first)};
        struct corpus_file b = a;
        open_file(&a, manifests, false);
        open_file(&b, manifests, true);
        for (size_t i = a.first; i < a.end; i++) {
            const struct manifest *manifest = manifest_set_get(manifests, i);
            known += manifest->state == MANIFEST_OBJECT ? try_object(&a, &b, manifest->object) : 0;
        }
        close_file(&a);
        close_file(&b);
        first = a.end;
    }
    expect_true("the corpus", known > 200, "holds some hundred objects of clusters");
}

static void try_once(const struct corpus_file *file, const struct node *object) {
    struct object_change change = {.operation = OPERATION_UPDATE,
                                   .version = "v1",
                                   .resource = "",
                                   .subresource = "",
                                   .object = object,
                                   .old_object = object};
    const struct view_source *source = fragment_set_source(file->set);
    struct cluster_change views;
    if (fragment_object_key(object, &change.key)) {
        cluster_change_build(file->arena, &change, source, source, &views);
    }
    arena_reset(file->arena);
}

// Whatever single value is a placeholder, a number or null: an answer all the same.
static void every_value_is_survived(void **state) {
    (void)state;
    if (access(corpus, R_OK) != 0) {
        skip();
    }
    CLEANUP(manifest_set_free) struct manifest_set *manifests = manifest_set_new(NULL, NULL);
    struct error error = {0};
    expect_true(error.message, manifest_set_add_path(manifests, corpus, &error), "the corpus is read");
    for (size_t first = 0; first < manifest_set_count(manifests);) {
        struct corpus_file file = {.first = first, .end = end_of_file(manifests, first)};
        open_file(&file, manifests, false);
        for (size_t i = file.first; i < file.end; i++) {
            const struct manifest *manifest = manifest_set_get(manifests, i);
            struct object_key key;
            if (manifest->state != MANIFEST_OBJECT || !fragment_object_key(manifest->object, &key)) {
                continue;
            }
            struct node *nodes = (struct node *)manifest->object;
            for (size_t j = 1; j < manifest->object->span; j++) {
                struct node kept = nodes[j];
                nodes[j].unknown = kept.type == NODE_STRING;
                try_once(&file, manifest->object);
                nodes[j] = kept;
                if (kept.span == 1) {
                    nodes[j] = (struct node){.key = kept.key,
                                             .key_length = kept.key_length,
                                             .span = 1,
                                             .type = j % 2 ? NODE_NUMBER : NODE_NULL};
                    try_once(&file, manifest->object);
                    nodes[j] = kept;
                }
            }
        }
        close_file(&file);
        first = file.end;
    }
}

static const struct {
    const char *file;
    const char *expected;
} files[] = {
    {"source-documents/003_cluster-production.yaml",
     "cluster clusters/production-us-east\nprovider aws @ AWSCluster production-us-east kind\n"
     "region us-east-1 @ AWSCluster production-us-east spec.region\nzones us-east-1a us-east-1b\n"
     "version v1.31.0 @ KubeadmControlPlane production-us-east-cp spec.version\n"
     "replicas 3 @ KubeadmControlPlane production-us-east-cp spec.replicas\npod_cidrs 192.168.0.0/16\n"
     "service_cidrs 10.96.0.0/12\nnetwork_cidrs 10.0.0.0/16\npools 1\n"
     "pool production-us-east-workers: replicas 5 @ MachineDeployment production-us-east-workers "
     "spec.replicas\n"},
    {"Mirantis-Labs-techtalk-k0smotron-pt2-clusterapi/aws_mirantis-labs-aws-cluster.yaml",
     "flavour k0smotron @ K0smotronControlPlane mirantis-labs-aws-cluster kind\nregions eu-central-1\n"
     "version v1.27.2-k0s.0 @ K0smotronControlPlane mirantis-labs-aws-cluster spec.k0sVersion\n!replicas\n"},
    {"ashawka-capi-demo/fleet_aws_eks_capi-eks-std.yaml",
     "flavour eks @ AWSManagedControlPlane capi-eks-std-control-plane kind\nregions us-east-1\n"
     "version v1.30.3 @ AWSManagedControlPlane capi-eks-std-control-plane spec.version\npools 1\n"
     "pool capi-eks-std-md-0: kubeadm false @ MachineDeployment capi-eks-std-md-0 "
     "spec.template.spec.bootstrap.configRef\n"},
    {"ashawka-capi-demo/providers_azure_cluster-template-aks-aso.yaml", "!cluster /\npools 2\n"},
    {"aws-samples-eks-ec2-clusterapi-gitops/capi-cluster_aws-eks_capi-eks.yaml",
     "provider aws @ AWSManagedControlPlane capi-eks-control-plane kind\nregions ap-southeast-2\n"
     "version v1.22.6 @ AWSManagedControlPlane capi-eks-control-plane spec.version\n"
     "pool capi-eks-pool-0: replicas 2 @ MachinePool capi-eks-pool-0 spec.replicas\npools 1\n"},
    {"aws-samples-eks-ec2-clusterapi-gitops/capi-cluster_aws-ec2_aws-ec2.yaml",
     "regions us-east-1\nversion v1.25.0 @ KubeadmControlPlane capi-ec2-control-plane spec.version\n"},
    {"eggboy-clusterapi-capz/k8s1273.yaml",
     "provider azure @ AzureCluster k8s1273 kind\nregion eastus @ AzureCluster k8s1273 spec.location\n"
     "version v1.27.3 @ KubeadmControlPlane k8s1273-control-plane spec.version\n"},
    {"localleon-hetzner-clusterapi-demos/hetzner-capi-rke2-demo.yaml",
     "provider hetzner @ HetznerCluster hetzner-capi-rke2-demo kind\nregions nbg1\n"
     "version v1.29.5+rke2r1 @ RKE2ControlPlane hetzner-capi-rke2-demo-control-plane spec.version\n"
     "pool hetzner-capi-rke2-demo-agent: zones nbg1\n"},
    {"sleepingforest8799-clusterapi-capmox-talos/prod-cluster.yaml",
     "provider proxmox @ ProxmoxCluster pve-prod1-cluster kind\nflavour talos @ TalosControlPlane "
     "capi-prod1-cp kind\n!region\nversion v1.33.0 @ TalosControlPlane capi-prod1-cp spec.version\n"},
    {"charlie-haley-flux-capi-multi-tenant-demo/clusters_cluster1.yaml",
     "provider docker @ DockerCluster cluster1 kind\n!region\nservice_cidrs 10.128.0.0/12\n"
     "version v1.22.4 @ KubeadmControlPlane cluster1-control-plane spec.version\n"},
    {"kubernetes-sigs-cluster-api-provider-azure/templates_cluster-template-aks-aso.yaml",
     "cluster default/${CLUSTER_NAME}\nname ? ${CLUSTER_NAME} is not resolved\n"
     "region ? ${AZURE_LOCATION} is not resolved\nversion ? ${KUBERNETES_VERSION} is not resolved\npools 2\n"
     "pool 0: replicas 2 @ MachinePool ${CLUSTER_NAME}-pool0 spec.replicas\n"
     "pool 0: system true @ AzureASOManagedMachinePool ${CLUSTER_NAME}-pool0 spec.resources[0].spec.mode\n"
     "pool 1: system false @ AzureASOManagedMachinePool ${CLUSTER_NAME}-pool1 spec.resources[0].spec.mode\n"},
    {"kubernetes-sigs-cluster-api-provider-aws/templates_cluster-template-simple-clusterclass.yaml",
     "provider aws @ ClusterClass quick-start spec.infrastructure.ref\n"
     "flavour kubeadm @ ClusterClass quick-start spec.controlPlane.ref\n"
     "regions ?(${AWS_REGION} is not resolved)\nclass quick-start @ Cluster ${CLUSTER_NAME} "
     "spec.topology.class\npools 1\n"},
    {"kubernetes-sigs-cluster-api-provider-gcp/templates_cluster-template-gke-topology.yaml",
     "class ? ${CLUSTER_CLASS_NAME} is not resolved\nversion ? ${KUBERNETES_VERSION} is not resolved\n"
     "pools 2\npool mp-1: replicas 1 @ Cluster ${CLUSTER_NAME} "
     "spec.topology.workers.machinePools[1].replicas\n"},
    {"kubernetes-sigs-cluster-api-provider-openstack/templates_cluster-template.yaml",
     "provider openstack @ OpenStackCluster ${CLUSTER_NAME} kind\nnetwork_cidrs 10.6.0.0/24\n"
     "region ? spec.identityRef.region is not set: the Secret with clouds.yaml decides (unseen)\n"},
    {"kubernetes-sigs-cluster-api-provider-vsphere/templates_cluster-template.yaml",
     "namespace ? ${NAMESPACE} is not resolved\nregion ? ${VSPHERE_SERVER} is not resolved\n"},
    {"loft-sh-cluster-api-provider-vcluster/templates_cluster-template.yaml",
     "provider vcluster @ VCluster ${CLUSTER_NAME} kind\nflavour vcluster @ VCluster ${CLUSTER_NAME} kind\n"},
    {"kubernetes-sigs-cluster-api/"
     "test_infrastructure_docker_templates_cluster-template-in-memory.yaml",
     "class in-memory @ Cluster ${CLUSTER_NAME} spec.topology.classRef.name\nservice_cidrs 10.128.0.0/12\n"},
};

static void known_files(void **state) {
    (void)state;
    if (access(corpus, R_OK) != 0) {
        skip();
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", corpus, files[i].file);
        CLEANUP(manifest_set_free) struct manifest_set *manifests = manifest_set_new(NULL, NULL);
        struct error error = {0};
        if (!manifest_set_add_path(manifests, path, &error)) {
            fail_msg("%s", error.message);
        }
        struct corpus_file file = {.first = 0, .end = manifest_set_count(manifests)};
        open_file(&file, manifests, false);
        struct buffer lines;
        buffer_init(&lines, 1 << 22);
        for (size_t j = 0; j < file.end; j++) {
            const struct manifest *manifest = manifest_set_get(manifests, j);
            struct object_change change = {.operation = OPERATION_CREATE,
                                           .version = "",
                                           .resource = "",
                                           .subresource = "",
                                           .object = manifest->object};
            if (manifest->state == MANIFEST_OBJECT && fragment_object_key(manifest->object, &change.key) &&
                strcmp(change.key.kind, "Cluster") == 0) {
                describe(&file, &change, &lines);
            }
        }
        expect_lines(files[i].file, buffer_text(&lines), files[i].expected);
        buffer_clear(&lines);
        close_file(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_survived),
        cmocka_unit_test(every_value_is_survived),
        cmocka_unit_test(known_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
