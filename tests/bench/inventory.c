// What a fleet costs in memory and time: inventory [CLUSTERS...]. Prints, never fails: machines differ.
#include "fleet/inventory.h"

#include "base/json_reader.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OBJECTS_PER_CLUSTER = 5, TEXT = 4096, SUMS = 1000000, ASKS = 50000, CHANGES = 2000 };

static const char *const regions[] = {"eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1"};

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double resident_mb(void) {
    long pages = 0;
    long ignored = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

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
            regions[i % 5], regions[i % 5], regions[i % 5], regions[i % 5]);
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

static void put(struct inventory *inventory, size_t i, size_t member, int64_t replicas) {
    static const char *const kinds[OBJECTS_PER_CLUSTER] = {"Cluster", "AWSCluster", "KubeadmControlPlane",
                                                           "MachineDeployment", "MachineDeployment"};
    static const char *const groups[OBJECTS_PER_CLUSTER] = {
        "cluster.x-k8s.io", "infrastructure.cluster.x-k8s.io", "controlplane.cluster.x-k8s.io",
        "cluster.x-k8s.io", "cluster.x-k8s.io"};
    static const char *const suffixes[OBJECTS_PER_CLUSTER] = {"", "", "-control-plane", "-md-3", "-md-4"};
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
        fprintf(stderr, "inventory: %s\n%s\n", error.message, text);
        exit(1);
    }
    struct object_key key = {groups[member], kinds[member], space, name};
    inventory_put(inventory, &key, document_root(document));
    document_free(document);
}

// What one review of a MachineDeployment asks: its cluster's view, two sums, its own part, a network.
static void ask(const struct inventory *inventory, struct arena *arena, size_t i) {
    char name[64];
    char space[32];
    snprintf(name, sizeof(name), "fleet-cluster-%05zu", i);
    snprintf(space, sizeof(space), "team-%zu", i % 100);
    struct object_key key = {"cluster.x-k8s.io", "Cluster", space, name};
    struct object_key holder;
    arena_reset(arena);
    cluster_view_of(arena, inventory_source(inventory), &key);
    inventory_sum(inventory, AMOUNT_CLUSTERS, "region", regions[i % 5]);
    inventory_sum(inventory, AMOUNT_NODES, "namespace", space);
    inventory_amount(inventory, &key, AMOUNT_NODES, "namespace", space);
    inventory_holder(inventory, arena, &key, "pod_cidrs", "172.16.0.0/16", "fleet", "", &holder);
}

static void measure(size_t clusters) {
    double before_mb = resident_mb();
    CLEANUP(inventory_free) struct inventory *inventory = inventory_new();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    double start = now_ns();
    for (size_t member = 0; member < OBJECTS_PER_CLUSTER; member++) {
        for (size_t i = 0; i < clusters; i++) {
            put(inventory, i, member, 5);
        }
    }
    double put_ns = now_ns() - start;
    start = now_ns();
    inventory_complete(inventory, true);
    double settle_ns = now_ns() - start;
    struct inventory_counts counts = inventory_counts(inventory);
    double objects = (double)counts.objects;
    printf("%zu clusters, %zu objects, %lld nodes\n", counts.clusters, counts.objects,
           (long long)inventory_sum(inventory, AMOUNT_NODES, "fleet", ""));
    printf("  resident %.1f MB, %.1f MB of it since the start; the inventory counts %.1f MB, %.0f bytes an "
           "object\n",
           resident_mb(), resident_mb() - before_mb, (double)counts.bytes / 1e6,
           (double)counts.bytes / objects);
    printf("  put %.0f objects/s (JSON read included), sums of all %.0f ms\n", objects / put_ns * 1e9,
           settle_ns / 1e6);
    start = now_ns();
    int64_t sum = 0;
    for (size_t i = 0; i < SUMS; i++) {
        sum += inventory_sum(inventory, AMOUNT_CLUSTERS, "region", regions[i % 5]);
    }
    printf("  inventory_sum %.0f ns (%lld)\n", (now_ns() - start) / SUMS, (long long)sum);
    start = now_ns();
    for (size_t i = 0; i < ASKS; i++) {
        ask(inventory, arena, i % clusters);
    }
    printf("  what a review asks %.0f ns\n", (now_ns() - start) / ASKS);
    start = now_ns();
    for (size_t i = 0; i < CHANGES; i++) {
        put(inventory, i % clusters, 3, (int64_t)(6 + i));
    }
    printf("  a change with its sums %.0f ns\n", (now_ns() - start) / CHANGES);
}

int main(int argc, char **argv) {
    if (argc == 1) {
        measure(10);
        measure(10000);
    }
    for (int i = 1; i < argc; i++) {
        size_t clusters = strtoul(argv[i], NULL, 10);
        measure(clusters > 0 ? clusters : 1);
    }
    return 0;
}
