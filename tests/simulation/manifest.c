#include "tests/simulation/manifest.h"

#include "attest/attestation.h"
#include "reconciler/reconciler.h"

#define CORE "cluster.x-k8s.io"
#define CONTROL_PLANE "controlplane.cluster.x-k8s.io"
#define INFRASTRUCTURE "infrastructure.cluster.x-k8s.io"

static void write_reference(struct buffer *text, const struct declared_cluster *cluster, const char *field,
                            const struct declared_object *object) {
    if (cluster->is_old_api) {
        buffer_printf(text, "\"%s\":{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"name\":\"%s\"}", field,
                      object->api_version, object->key.kind, object->name);
    } else {
        buffer_printf(text, "\"%s\":{\"apiGroup\":\"%s\",\"kind\":\"%s\",\"name\":\"%s\"}", field,
                      object->key.group, object->key.kind, object->name);
    }
}

static void write_topology(struct buffer *text, const struct declared_cluster *cluster,
                           const struct content *content) {
    buffer_printf(text, ",\"topology\":{%s,\"version\":\"%s\",\"controlPlane\":{\"replicas\":%lld},",
                  cluster->is_old_api ? "\"class\":\"standard\"" : "\"classRef\":{\"name\":\"standard\"}",
                  content->version, (long long)content->replicas);
    buffer_printf(text, "\"variables\":[{\"name\":\"region\",\"value\":\"%s\"}],", content->region);
    buffer_append_text(text, "\"workers\":{\"machineDeployments\":[");
    for (size_t i = 0; i < content->pool_count; i++) {
        buffer_printf(text, "%s{\"class\":\"worker\",\"name\":\"%s\",\"replicas\":%lld}", i ? "," : "",
                      content->pools[i].name, (long long)content->pools[i].replicas);
    }
    buffer_append_text(text, "]}}");
}

static void write_cluster(struct buffer *text, const struct declared_cluster *cluster,
                          const struct content *content, bool is_patch) {
    buffer_printf(text, "\"clusterNetwork\":{\"serviceDomain\":\"%s.test\"}", content->note);
    if (content->paused) {
        buffer_append_text(text, ",\"paused\":true");
    } else if (is_patch) {
        buffer_append_text(text, ",\"paused\":null");
    }
    if (cluster->flavour == FLAVOUR_TOPOLOGY) {
        write_topology(text, cluster, content);
        return;
    }
    buffer_append_char(text, ',');
    write_reference(text, cluster, "infrastructureRef", &cluster->objects[1]);
    buffer_append_char(text, ',');
    write_reference(text, cluster, "controlPlaneRef", &cluster->objects[2]);
}

static void write_control_plane(struct buffer *text, const struct declared_cluster *cluster,
                                const struct content *content) {
    buffer_printf(text, "\"version\":\"%s\"", content->version);
    if (cluster->flavour == FLAVOUR_EKS) {
        buffer_printf(text, ",\"region\":\"%s\",\"sshKeyName\":\"%s\"", content->region, content->note);
    } else if (cluster->flavour == FLAVOUR_AKS) {
        buffer_printf(text, ",\"location\":\"%s\",\"sshPublicKey\":\"%s\",\"resourceGroupName\":\"fleet\"",
                      content->region, content->note);
    } else {
        buffer_printf(text,
                      ",\"replicas\":%lld,\"kubeadmConfigSpec\":{},\"machineTemplate\":{\"metadata\":{"
                      "\"labels\":{\"note\":\"%s\"}},\"infrastructureRef\":{\"apiVersion\":\"" INFRASTRUCTURE
                      "/v1beta2\",\"kind\":\"AWSMachineTemplate\",\"name\":\"machines\"}}",
                      (long long)content->replicas, content->note);
    }
}

static void write_pool(struct buffer *text, const struct declared_cluster *cluster,
                       const struct declared_object *object, const struct content *content) {
    bool is_deployment = cluster->flavour == FLAVOUR_KUBEADM;
    buffer_printf(text, "\"clusterName\":\"%s\",\"replicas\":%lld,%s", cluster->name,
                  (long long)content->replicas, is_deployment ? "\"selector\":{\"matchLabels\":{}}," : "");
    buffer_printf(
        text,
        "\"template\":{\"metadata\":{\"labels\":{\"note\":\"%s\"}},\"spec\":{\"clusterName\":\"%s\","
        "\"version\":\"%s\",\"bootstrap\":{\"dataSecretName\":\"%s\"},\"infrastructureRef\":{",
        content->note, cluster->name, content->version, is_deployment ? "bootstrap" : "");
    const char *kind = is_deployment                     ? "AWSMachineTemplate"
                       : cluster->flavour == FLAVOUR_EKS ? "AWSManagedMachinePool"
                                                         : "AzureManagedMachinePool";
    if (cluster->is_old_api) {
        buffer_append_text(text, "\"apiVersion\":\"" INFRASTRUCTURE "/v1beta1\"");
    } else {
        buffer_append_text(text, "\"apiGroup\":\"" INFRASTRUCTURE "\"");
    }
    buffer_printf(text, ",\"kind\":\"%s\",\"name\":\"%s\"}}}", kind,
                  is_deployment ? "machines" : object->name);
}

static void write_spec(struct buffer *text, const struct declared_cluster *cluster,
                       const struct declared_object *object, const struct content *content, bool is_patch) {
    switch (object->role) {
    case ROLE_CLUSTER:
        write_cluster(text, cluster, content, is_patch);
        break;
    case ROLE_INFRASTRUCTURE:
        if (cluster->flavour == FLAVOUR_KUBEADM) {
            buffer_printf(text, "\"region\":\"%s\",\"sshKeyName\":\"%s\"", content->region, content->note);
        }
        break;
    case ROLE_CONTROL_PLANE:
        write_control_plane(text, cluster, content);
        break;
    case ROLE_POOL:
        write_pool(text, cluster, object, content);
        break;
    default:
        break;
    }
}

static void write_annotations(struct buffer *text, const struct content *content,
                              const struct manifest_form *form) {
    buffer_append_text(text, ",\"annotations\":{");
    const char *between = "";
    if (content->allow_skip || form->is_patch) {
        buffer_printf(text, "\"" ALLOW_SKIP_ANNOTATION "\":%s", content->allow_skip ? "\"true\"" : "null");
        between = ",";
    }
    if (form->attestation && form->attestation[0]) {
        buffer_printf(text, "%s\"" ATTESTATION_ANNOTATION "\":\"%s\"", between, form->attestation);
    } else if (form->attestation && form->is_patch) {
        buffer_printf(text, "%s\"" ATTESTATION_ANNOTATION "\":null", between);
    }
    buffer_append_char(text, '}');
}

void manifest_write(struct buffer *text, const struct declared_cluster *cluster,
                    const struct declared_object *object, const struct content *content,
                    const struct manifest_form *form) {
    buffer_printf(text,
                  "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"",
                  object->api_version, object->key.kind, object->name, cluster->namespace);
    if (object->role == ROLE_CLUSTER) {
        buffer_printf(text, ",\"labels\":{\"" WAVE_LABEL "\":\"%s\"%s}", cluster->is_canary ? CANARY : "rest",
                      cluster->driven ? ",\"" RECONCILER_LABEL "\":\"sim\"" : "");
    }
    write_annotations(text, content, form);
    buffer_append_text(text, "},\"spec\":{");
    write_spec(text, cluster, object, content, form->is_patch);
    buffer_append_text(text, "}}");
}

const struct manifest_part manifest_class[MANIFEST_CLASS_PARTS] = {
    {{CORE, "ClusterClass", "fleet", "standard"},
     "{\"apiVersion\":\"" CORE "/v1beta1\",\"kind\":\"ClusterClass\",\"metadata\":{\"name\":\"standard\","
     "\"namespace\":\"fleet\"},\"spec\":{\"infrastructure\":{\"ref\":{\"apiVersion\":\"" INFRASTRUCTURE
     "/v1beta2\",\"kind\":\"AWSClusterTemplate\",\"name\":\"standard\"}},\"controlPlane\":{\"ref\":{"
     "\"apiVersion\":\"" CONTROL_PLANE "/v1beta1\",\"kind\":\"KubeadmControlPlaneTemplate\","
     "\"name\":\"standard\"}},\"workers\":{\"machineDeployments\":[{\"class\":\"worker\",\"template\":{"
     "\"bootstrap\":{\"ref\":{\"apiVersion\":\"bootstrap.cluster.x-k8s.io/v1beta1\",\"kind\":"
     "\"KubeadmConfigTemplate\",\"name\":\"standard\"}},\"infrastructure\":{\"ref\":{\"apiVersion\":"
     "\"" INFRASTRUCTURE "/v1beta2\",\"kind\":\"AWSMachineTemplate\",\"name\":\"standard\"}}}}]},"
     "\"variables\":[{\"name\":\"region\",\"required\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":"
     "\"string\"}}}],\"patches\":[{\"name\":\"region\",\"definitions\":[{\"selector\":{\"apiVersion\":"
     "\"" INFRASTRUCTURE "/v1beta2\",\"kind\":\"AWSClusterTemplate\",\"matchResources\":{"
     "\"infrastructureCluster\":true}},\"jsonPatches\":[{\"op\":\"add\",\"path\":"
     "\"/spec/template/spec/region\",\"valueFrom\":{\"variable\":\"region\"}}]}]}]}}"},
    {{INFRASTRUCTURE, "AWSClusterTemplate", "fleet", "standard"},
     "{\"apiVersion\":\"" INFRASTRUCTURE "/v1beta2\",\"kind\":\"AWSClusterTemplate\",\"metadata\":{\"name\":"
     "\"standard\",\"namespace\":\"fleet\"},\"spec\":{\"template\":{\"spec\":{}}}}"},
    {{CONTROL_PLANE, "KubeadmControlPlaneTemplate", "fleet", "standard"},
     "{\"apiVersion\":\"" CONTROL_PLANE "/v1beta1\",\"kind\":\"KubeadmControlPlaneTemplate\",\"metadata\":{"
     "\"name\":\"standard\",\"namespace\":\"fleet\"},\"spec\":{\"template\":{\"spec\":{\"kubeadmConfigSpec\":"
     "{}}}}}"},
};
