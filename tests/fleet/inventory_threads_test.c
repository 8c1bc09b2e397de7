// The watch writes while reviews read: what a reader sees is whole, and at the end all is counted. Run under
// ThreadSanitizer (preset tsan).
#include "fleet/inventory.h"
#include "tests/support/documents.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { WRITERS = 2, READERS = 3, CLUSTERS = 20, ROUNDS = 60 };

struct shared {
    struct inventory *inventory;
    atomic_bool is_over;
    atomic_int wrong;
};
struct writer {
    struct shared *shared;
    int number;
};

static void put(struct inventory *inventory, const char *text, const struct object_key *key) {
    struct document *document = document_of(text);
    inventory_put(inventory, key, document_root(document));
    document_free(document);
}

// One cluster of one region with a pool; each writer has its own.
static void put_cluster(const struct writer *writer, int cluster, int replicas) {
    char name[32];
    char text[1024];
    snprintf(name, sizeof(name), "w%d-c%d", writer->number, cluster);
    snprintf(text, sizeof(text),
             "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{'name':"
             "'%s','namespace':'prod'},'spec':{'region':'eu-west-1'}}",
             name);
    put(writer->shared->inventory, text,
        &(struct object_key){"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", name});
    snprintf(text, sizeof(text),
             "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'%s','namespace':"
             "'prod','labels':{'team':'red'}},'spec':{'infrastructureRef':{'apiGroup':"
             "'infrastructure.cluster.x-k8s.io','kind':'AWSCluster','name':'%s'},'clusterNetwork':{'pods':"
             "{'cidrBlocks':['10.%d.%d.0/24']}}}}",
             name, name, writer->number, cluster);
    put(writer->shared->inventory, text, &(struct object_key){"cluster.x-k8s.io", "Cluster", "prod", name});
    snprintf(text, sizeof(text),
             "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'%s-md',"
             "'namespace':'prod'},'spec':{'clusterName':'%s','replicas':%d,'strategy':{'type':'OnDelete'}}}",
             name, name, replicas);
    char pool[64];
    snprintf(pool, sizeof(pool), "%s-md", name);
    put(writer->shared->inventory, text,
        &(struct object_key){"cluster.x-k8s.io", "MachineDeployment", "prod", pool});
}

static void *write_all(void *cookie) {
    const struct writer *writer = cookie;
    for (int round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < CLUSTERS; i += 1 + round % 3) {
            put_cluster(writer, i, round);
        }
        char name[32];
        snprintf(name, sizeof(name), "w%d-c%d", writer->number, round % CLUSTERS);
        inventory_remove(writer->shared->inventory,
                         &(struct object_key){"cluster.x-k8s.io", "Cluster", "prod", name}, "");
    }
    for (int i = 0; i < CLUSTERS; i++) {
        put_cluster(writer, i, 4);
    }
    return NULL;
}

static void read_once(struct shared *shared, struct arena *arena) {
    struct inventory *inventory = shared->inventory;
    struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", "w0-c3"};
    struct object_key holder;
    struct fragment_list list = {0};
    arena_reset(arena);
    const struct cluster_view *view = cluster_view_of(arena, inventory_source(inventory), &key);
    // What was copied stays whole while others write.
    bool is_whole =
        !view || view->pool_count == 0 || strcmp(view->pools[0].facts[POOL_NAME].value.text, "w0-c3-md") == 0;
    int64_t clusters = inventory_sum(inventory, AMOUNT_CLUSTERS, "region", "eu-west-1");
    is_whole &= clusters >= 0 && clusters <= WRITERS * CLUSTERS;
    is_whole &= inventory_amount(inventory, &key, AMOUNT_CLUSTERS, "fleet", "") <= 1;
    inventory_holder(inventory, arena, &key, "pod_cidrs", "10.0.0.0/8", "label:team", "red", &holder);
    inventory_labelled(inventory, arena, "team", "red", &list);
    inventory_shows(inventory, &key, "", 0, -1, false);
    inventory_account(inventory, arena,
                      &(struct object_key){"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "w1-c1"});
    inventory_counts(inventory);
    if (!is_whole) {
        atomic_fetch_add(&shared->wrong, 1);
    }
}

static void *read_all(void *cookie) {
    struct shared *shared = cookie;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    while (!atomic_load(&shared->is_over)) {
        read_once(shared, arena);
    }
    return NULL;
}

static void readers_and_writers(void **state) {
    (void)state;
    struct shared shared = {.inventory = inventory_new()};
    struct writer writers[WRITERS];
    pthread_t writing[WRITERS];
    pthread_t reading[READERS];
    bool relist;
    struct error error = {0};
    expect_true(
        "configure",
        inventory_configure(shared.inventory, (const char *const[]){"team"}, 1, NULL, 0, &relist, &error),
        "works");
    inventory_complete(shared.inventory, true);
    for (int i = 0; i < READERS; i++) {
        expect_integer("a reader", pthread_create(&reading[i], NULL, read_all, &shared), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){&shared, i};
        expect_integer("a writer", pthread_create(&writing[i], NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writing[i], NULL);
    }
    atomic_store(&shared.is_over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(reading[i], NULL);
    }
    expect_integer("readers saw halves", atomic_load(&shared.wrong), 0);
    expect_integer("clusters", inventory_sum(shared.inventory, AMOUNT_CLUSTERS, "label:team", "red"),
                   WRITERS * CLUSTERS);
    expect_integer("nodes", inventory_sum(shared.inventory, AMOUNT_NODES, "region", "eu-west-1"),
                   WRITERS * CLUSTERS * 4);
    inventory_free(shared.inventory);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(readers_and_writers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
