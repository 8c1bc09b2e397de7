#include "tests/bench/made_fleet.h"

#include "base/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 4096 };

const char *const made_fleet_regions[MADE_FLEET_REGIONS] = {"eu-west-1", "eu-central-1", "us-east-1",
                                                            "us-west-2", "ap-south-1"};

// What Cluster API writes on its objects: owners, labels, annotations, and kubectl's copy of it all.
static int metadata(char *text, size_t i, const char *kind, size_t member, const char *name, int generation) {
    return snprintf(
        text, TEXT,
        "\"metadata\":{\"name\":\"%s\",\"namespace\":\"team-%zu\",\"uid\":"
        "\"%08zx-%04zx-4a4a-9b9b-%012zx\",\"resourceVersion\":\"%zu\",\"generation\":%d,"
        "\"labels\":{\"cluster.x-k8s.io/cluster-name\":\"fleet-cluster-%05zu\",\"team\":\"team-%zu\","
        "\"environment\":\"production\"},\"annotations\":{\"owner\":\"platform@example.com\","
        "\"cost-center\":\"cc-%zu\",\"kubectl.kubernetes.io/last-applied-configuration\":"
        "\"{about a kilobyte}\"}%s%s}",
        name, i % 100, i, member, i * 7 + member, 1000000 + i * 5 + member, generation, i, i % 100, i % 40,
        *kind ? "," : "",
        *kind ? "\"ownerReferences\":[{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":"
                "\"Cluster\",\"name\":\"x\",\"uid\":\"y\"}]"
              : "");
}

static void spec(char *text, size_t i, size_t member, int64_t replicas) {
    switch (member) {
    case 0:
        snprintf(
            text, TEXT,
            "\"controlPlaneEndpoint\":{\"host\":\"fleet-cluster-%05zu.example.com\",\"port\":6443},"
            "\"clusterNetwork\":{\"pods\":{\"cidrBlocks\":[\"10.%zu.%zu.0/24\"]},\"services\":"
            "{\"cidrBlocks\":[\"10.96.0.0/12\"]}},\"infrastructureRef\":{\"apiGroup\":"
            "\"infrastructure.cluster.x-k8s.io\",\"kind\":\"AWSCluster\",\"name\":\"fleet-cluster-%05zu\"},"
            "\"controlPlaneRef\":{\"apiGroup\":\"controlplane.cluster.x-k8s.io\",\"kind\":"
            "\"KubeadmControlPlane\",\"name\":\"fleet-cluster-%05zu-control-plane\"}",
            i, i / 256 % 256, i % 256, i, i);
        break;
    case 1:
        snprintf(
            text, TEXT,
            "\"region\":\"%s\",\"network\":{\"vpc\":{\"cidrBlock\":\"10.0.0.0/16\"},\"subnets\":["
            "{\"availabilityZone\":\"%sa\"},{\"availabilityZone\":\"%sb\"},{\"availabilityZone\":\"%sc\"}]}",
            made_fleet_regions[i % MADE_FLEET_REGIONS], made_fleet_regions[i % MADE_FLEET_REGIONS],
            made_fleet_regions[i % MADE_FLEET_REGIONS], made_fleet_regions[i % MADE_FLEET_REGIONS]);
        break;
    case 2:
        snprintf(
            text, TEXT,
            "\"version\":\"v1.%zu.4\",\"replicas\":3,\"machineTemplate\":{\"spec\":{\"infrastructureRef\":"
            "{\"apiGroup\":\"infrastructure.cluster.x-k8s.io\",\"kind\":\"AWSMachineTemplate\",\"name\":"
            "\"fleet-cluster-%05zu-control-plane\"}}}",
            30 + i % 4, i);
        break;
    default:
        snprintf(
            text, TEXT,
            "\"clusterName\":\"fleet-cluster-%05zu\",\"replicas\":%lld,\"template\":{\"spec\":{\"version\":"
            "\"v1.%zu.4\",\"clusterName\":\"fleet-cluster-%05zu\",\"bootstrap\":{\"configRef\":{\"apiGroup\":"
            "\"bootstrap.cluster.x-k8s.io\",\"kind\":\"KubeadmConfigTemplate\",\"name\":"
            "\"fleet-cluster-%05zu-md-%zu\"}},\"infrastructureRef\":{\"apiGroup\":"
            "\"infrastructure.cluster.x-k8s.io\",\"kind\":\"AWSMachineTemplate\",\"name\":"
            "\"fleet-cluster-%05zu-md-%zu\"}}}",
            i, (long long)replicas, 30 + i % 4, i, i, member, i, member);
    }
}

void made_fleet_put(struct inventory *inventory, size_t i, size_t member, int64_t replicas) {
    static const char *const kinds[MADE_FLEET_OBJECTS] = {"Cluster", "AWSCluster", "KubeadmControlPlane",
                                                          "MachineDeployment", "MachineDeployment"};
    static const char *const groups[MADE_FLEET_OBJECTS] = {
        "cluster.x-k8s.io", "infrastructure.cluster.x-k8s.io", "controlplane.cluster.x-k8s.io",
        "cluster.x-k8s.io", "cluster.x-k8s.io"};
    static const char *const suffixes[MADE_FLEET_OBJECTS] = {"", "", "-control-plane", "-md-3", "-md-4"};
    char name[64];
    char space[32];
    char head[TEXT];
    char body[TEXT];
    char text[3 * TEXT];
    snprintf(name, sizeof(name), "fleet-cluster-%05zu%s", i, suffixes[member]);
    snprintf(space, sizeof(space), "team-%zu", i % 100);
    metadata(head, i, member ? kinds[member] : "", member, name, (int)replicas);
    spec(body, i, member, replicas);
    int length =
        snprintf(text, sizeof(text), "{\"apiVersion\":\"%s/v1beta2\",\"kind\":\"%s\",%s,\"spec\":{%s}}",
                 groups[member], kinds[member], head, body);
    struct document *document = NULL;
    struct error error = {0};
    if (!json_read_copy(text, (size_t)length, &document_default_limits, &document, &error)) {
        fprintf(stderr, "%s\n%s\n", error.message, text);
        exit(1);
    }
    struct object_key key = {groups[member], kinds[member], space, name};
    inventory_put(inventory, &key, document_root(document));
    document_free(document);
}

void made_fleet_fill(struct inventory *inventory, size_t clusters, int64_t replicas) {
    for (size_t member = 0; member < MADE_FLEET_OBJECTS; member++) {
        for (size_t i = 0; i < clusters; i++) {
            made_fleet_put(inventory, i, member, replicas);
        }
    }
}
