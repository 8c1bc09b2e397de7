// What the inventory tells of a fleet that comes and goes.
#include "fleet/inventory.h"
#include "tests/support/documents.h"

#include <stdio.h>

#define CLUSTER(name, more)                                                                                  \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'" name                    \
    "','namespace':'prod'," more "}}"
#define AWS(name, meta, region)                                                                              \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{'name':'" name  \
    "','namespace':'prod'" meta "},'spec':{'region':'" region "','quota':'100'}}"
#define POOL(name, cluster, replicas)                                                                        \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'" name          \
    "','namespace':'prod'},'spec':{'clusterName':'" cluster "','replicas':" replicas                         \
    ",'strategy':{'type':'OnDelete'}}}"

static const char plain[] = CLUSTER("a", "'labels':{'team':'red'}},'spec':{'infrastructureRef':{'apiGroup':"
                                         "'infrastructure.cluster.x-k8s.io','kind':'AWSCluster','name':'a'},"
                                         "'controlPlaneEndpoint':{'host':'A.example'},"
                                         "'clusterNetwork':{'pods':{'cidrBlocks':['10.0.0.0/16','x']}}");
static const char aws[] = AWS("a", "", "eu-west-1");
static const char pool[] = POOL("a-md", "a", "3");
static const char control_plane[] =
    "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':'KubeadmControlPlane','metadata':{'name':"
    "'a-cp','namespace':'prod','labels':{'cluster.x-k8s.io/cluster-name':'a'}},'spec':{'version':'v1.31.2',"
    "'replicas':3}}";

static void put(struct inventory *inventory, const char *text) {
    struct document *document = document_of(text);
    const struct node *object = document_root(document);
    struct object_key key = {"", "", "", ""};
    expect_true(text, fragment_object_key(object, &key), "has a key");
    inventory_put(inventory, &key, object);
    document_free(document);
}

static struct object_key key_of(const char *kind, const char *name) {
    bool is_aws = strncmp(kind, "AWS", 3) == 0;
    return (struct object_key){is_aws                                     ? "infrastructure.cluster.x-k8s.io"
                               : strcmp(kind, "KubeadmControlPlane") == 0 ? "controlplane.cluster.x-k8s.io"
                                                                          : "cluster.x-k8s.io",
                               kind, "prod", name};
}

static void take(struct inventory *inventory, const char *kind, const char *name) {
    struct object_key key = key_of(kind, name);
    inventory_remove(inventory, &key, "");
}

static const struct inventory_field quota = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "spec.quota"};

static struct inventory *open_fleet(void) {
    struct inventory *inventory = inventory_new();
    struct error error = {0};
    bool relist = true;
    expect_true("configure",
                inventory_configure(inventory, (const char *const[]){"team"}, 1, &quota, 1, &relist, &error),
                "works");
    expect_true("an empty inventory", !relist, "needs no list");
    return inventory;
}

struct sum_case {
    const char *name;
    const char *objects[6];
    enum amount_of of;
    const char *per;
    const char *group;
    int64_t expected;
};

static void sums(void **state) {
    (void)state;
    static const struct sum_case cases[] = {
        {"a cluster in its region", {plain, aws}, AMOUNT_CLUSTERS, "region", "eu-west-1", 1},
        {"regions have no case",
         {plain, AWS("a", "", "EU-West-1")},
         AMOUNT_CLUSTERS,
         "region",
         "Eu-west-1",
         1},
        {"infrastructure that nobody claimed", {aws}, AMOUNT_CLUSTERS, "region", "eu-west-1", 1},
        {"claimed by reference: counted once", {aws, plain}, AMOUNT_CLUSTERS, "fleet", "", 1},
        {"claimed by label, before its Cluster",
         {AWS("z", ",'labels':{'cluster.x-k8s.io/cluster-name':'a'}", "eu-west-1")},
         AMOUNT_CLUSTERS,
         "region",
         "eu-west-1",
         1},
        {"its parts before the Cluster are one",
         {AWS("z", ",'labels':{'cluster.x-k8s.io/cluster-name':'a'}", "eu-west-1"), control_plane},
         AMOUNT_CLUSTERS,
         "fleet",
         "",
         1},
        {"a pool before its Cluster is no cluster", {pool}, AMOUNT_CLUSTERS, "fleet", "", 0},
        {"but has nodes", {pool}, AMOUNT_WORKER_NODES, "fleet", "", 3},
        {"control plane and its surge",
         {plain, aws, control_plane},
         AMOUNT_CONTROL_PLANE_NODES,
         "fleet",
         "",
         4},
        {"all nodes", {pool, control_plane, aws, plain}, AMOUNT_NODES, "label:team", "red", 7},
        {"another team", {pool, control_plane, aws, plain}, AMOUNT_NODES, "label:team", "blue", 0},
        {"a label that is not configured", {plain}, AMOUNT_CLUSTERS, "label:owner", "red", 0},
        {"provider", {pool, aws, plain}, AMOUNT_NODES, "provider", "aws", 3},
        {"namespace", {pool, aws, plain}, AMOUNT_NODES, "namespace", "prod", 3},
        {"minor", {control_plane, aws, plain}, AMOUNT_CLUSTERS, "version", "1.31", 1},
        {"another minor", {control_plane, aws, plain}, AMOUNT_CLUSTERS, "version", "1.30", 0},
        {"deleting clusters still count",
         {CLUSTER("b", "'deletionTimestamp':'2026-01-01T00:00:00Z'")},
         AMOUNT_CLUSTERS,
         "fleet",
         "",
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
            CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
            size_t count = 0;
            while (cases[i].objects[count]) {
                count++;
            }
            for (size_t j = 0; j < count; j++) {
                put(inventory, cases[i].objects[is_reversed ? count - 1 - j : j]);
            }
            expect_integer(cases[i].name, inventory_sum(inventory, cases[i].of, cases[i].per, cases[i].group),
                           cases[i].expected);
        }
    }
}

static void comes_and_goes(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key cluster = key_of("Cluster", "a");
    struct object_key infrastructure = key_of("AWSCluster", "a");
    inventory_complete(inventory, true);
    put(inventory, aws);
    expect_text("nobody claims it", inventory_account(inventory, arena, &infrastructure).kind, "AWSCluster");
    expect_integer("it takes a place",
                   inventory_amount(inventory, &infrastructure, AMOUNT_CLUSTERS, "region", "eu-west-1"), 1);
    put(inventory, plain);
    put(inventory, pool);
    expect_text("claimed", inventory_account(inventory, arena, &infrastructure).kind, "Cluster");
    expect_integer("the cluster's", inventory_amount(inventory, &cluster, AMOUNT_NODES, "fleet", ""), 3);
    expect_integer("in its region",
                   inventory_amount(inventory, &cluster, AMOUNT_NODES, "region", "eu-west-1"), 3);
    expect_integer("in no other", inventory_amount(inventory, &cluster, AMOUNT_NODES, "region", "us-east-1"),
                   0);
    put(inventory, AWS("a", "", "us-east-1"));
    expect_integer("it moved", inventory_sum(inventory, AMOUNT_NODES, "region", "us-east-1"), 3);
    expect_integer("away", inventory_sum(inventory, AMOUNT_NODES, "region", "eu-west-1"), 0);
    take(inventory, "Cluster", "a");
    expect_integer("its pool stays", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 3);
    expect_integer("its infrastructure too", inventory_sum(inventory, AMOUNT_CLUSTERS, "region", "us-east-1"),
                   1);
    take(inventory, "MachineDeployment", "a-md");
    take(inventory, "AWSCluster", "a");
    expect_integer("nothing", inventory_sum(inventory, AMOUNT_CLUSTERS, "fleet", ""), 0);
    expect_integer("no object", (int64_t)inventory_counts(inventory).objects, 0);
}

static void classes_change(void **state) {
    (void)state;
    static const char of_class[] =
        CLUSTER("t", "'labels':{}},'spec':{'topology':{'class':'c','version':'v1.31.0'}");
    static const char class[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'ClusterClass','metadata':{'name':'c','namespace':"
        "'prod'},'spec':{'infrastructure':{'templateRef':{'apiVersion':"
        "'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSClusterTemplate','name':'t'}}}}";
    static const char pattern[] =
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSClusterTemplate','metadata':"
        "{'name':'t','namespace':'prod'},'spec':{'template':{'spec':{'region':'eu-west-1'}}}}";
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    put(inventory, of_class);
    expect_integer("no class yet", inventory_sum(inventory, AMOUNT_CLUSTERS, "provider", "aws"), 0);
    put(inventory, class);
    expect_integer("the class tells", inventory_sum(inventory, AMOUNT_CLUSTERS, "provider", "aws"), 1);
    put(inventory, pattern);
    expect_integer("its template too", inventory_sum(inventory, AMOUNT_CLUSTERS, "region", "eu-west-1"), 1);
    take(inventory, "ClusterClass", "c");
    expect_integer("no class again", inventory_sum(inventory, AMOUNT_CLUSTERS, "region", "eu-west-1"), 0);
}

static void holders(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *what, *value, *per, *group;
        const char *account; // who asks
        bool is_held;
    } cases[] = {
        {"the network", "pod_cidrs", "10.0.1.0/24", "fleet", "", "b", true},
        {"its own network", "pod_cidrs", "10.0.1.0/24", "fleet", "", "a", false},
        {"another network", "pod_cidrs", "10.1.0.0/16", "fleet", "", "b", false},
        {"another kind of network", "service_cidrs", "10.0.0.0/8", "fleet", "", "b", false},
        {"what is no network", "pod_cidrs", "x", "fleet", "", "b", false},
        {"in its region", "pod_cidrs", "10.0.0.0/8", "region", "eu-west-1", "b", true},
        {"in another region", "pod_cidrs", "10.0.0.0/8", "region", "us-east-1", "b", false},
        {"the host", "endpoint", "a.EXAMPLE", "fleet", "", "b", true},
        {"the name", "name", "a", "namespace", "prod", "b", true},
        {"another name", "name", "b", "fleet", "", "b", false},
        {"a field", "spec.quota", "100", "fleet", "", "b", true},
        {"another value", "spec.quota", "10", "fleet", "", "b", false},
        {"nothing of that name", "colour", "red", "fleet", "", "b", false},
    };
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    put(inventory, plain);
    put(inventory, aws);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct object_key account = key_of("Cluster", cases[i].account);
        struct object_key holder = {0};
        expect_integer(cases[i].name,
                       inventory_holder(inventory, arena, &account, cases[i].what, cases[i].value,
                                        cases[i].per, cases[i].group, &holder),
                       cases[i].is_held);
        if (cases[i].is_held) {
            expect_text(cases[i].name, holder.name, "a");
            expect_text(cases[i].name, holder.kind, "Cluster");
        }
    }
}

// One network that very many hold, as everybody's services: who holds it in a group is not looked for one by
// one.
static void crowds(void **state) {
    (void)state;
    enum { MEMBERS = 60 };
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    char text[512];
    char name[16];
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(text, sizeof(text),
                 CLUSTER("c-%d",
                         "'labels':{'team':'%s'}},'spec':{'clusterNetwork':{'services':{'cidrBlocks':["
                         "'10.96.0.0/12']}}"),
                 i,
                 i == 7  ? "lonely"
                 : i % 2 ? "odd"
                         : "even");
        put(inventory, text);
    }
    struct object_key stranger = key_of("Cluster", "stranger");
    struct object_key lonely = key_of("Cluster", "c-7");
    struct object_key holder = {0};
#define HELD(account, group)                                                                                 \
    inventory_holder(inventory, arena, &(account), "service_cidrs", "10.100.0.0/16", "label:team", group,    \
                     &holder)
    expect_true("one of many", HELD(stranger, "odd"), "is found");
    expect_true("one alone", HELD(stranger, "lonely"), "is found");
    expect_text("one alone", holder.name, "c-7");
    expect_true("the same itself", !HELD(lonely, "lonely"), "is nobody else");
    expect_true("a group that nobody is in", !HELD(stranger, "none"), "holds nothing");
    for (int i = 1; i < MEMBERS; i += 2) {
        snprintf(name, sizeof(name), "c-%d", i);
        take(inventory, "Cluster", name);
    }
    expect_true("all gone", !HELD(stranger, "odd") && !HELD(stranger, "lonely"), "is not found");
    expect_true("the others", HELD(stranger, "even"), "are still there");
#undef HELD
}

static void fields(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    struct object_key infrastructure = key_of("AWSCluster", "a");
    put(inventory, plain);
    put(inventory, aws);
    put(inventory, AWS("b", "", "us-east-1"));
    expect_integer("all", inventory_field_sum(inventory, &quota, "fleet", ""), 200);
    expect_integer("a region", inventory_field_sum(inventory, &quota, "region", "eu-west-1"), 100);
    expect_integer("a team", inventory_field_sum(inventory, &quota, "label:team", "red"), 100);
    expect_integer("one", inventory_field_amount(inventory, &infrastructure, &quota, "label:team", "red"),
                   100);
    expect_integer("one elsewhere",
                   inventory_field_amount(inventory, &infrastructure, &quota, "region", "us-east-1"), 0);
    const struct inventory_field other = {"cluster.x-k8s.io", "MachineDeployment", "spec.replicas"};
    const struct inventory_field both[] = {other, quota};
    struct error error = {0};
    bool relist = false;
    expect_integer("not configured", inventory_field_sum(inventory, &other, "fleet", ""), 0);
    expect_true("configure", inventory_configure(inventory, NULL, 0, both, 2, &relist, &error), "works");
    expect_true("a new field", relist, "needs a list");
    put(inventory, pool);
    expect_integer("the new", inventory_field_sum(inventory, &other, "fleet", ""), 3);
    expect_integer("the old stays", inventory_field_sum(inventory, &quota, "region", "us-east-1"), 100);
    expect_integer("the label is gone", inventory_sum(inventory, AMOUNT_CLUSTERS, "label:team", "red"), 0);
    const char *labels[65];
    for (size_t i = 0; i < 65; i++) {
        labels[i] = "x";
    }
    expect_true("too many", !inventory_configure(inventory, labels, 65, NULL, 0, &relist, &error), "fails");
    expect_error("too many", &error, ERROR_LIMIT,
                 "budgets ask for 65 labels and 0 fields; at most 64 of each can be held");
}

static void put_version(struct inventory *inventory, const char *uid, const char *version, int generation,
                        int replicas) {
    char text[1024];
    snprintf(
        text, sizeof(text),
        "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'md',"
        "'namespace':'prod','uid':'%s','resourceVersion':'%s','generation':%d},'spec':{'clusterName':'a',"
        "'replicas':%d,'strategy':{'type':'OnDelete'}}}",
        uid, version, generation, replicas);
    put(inventory, text);
}

static void versions(void **state) {
    (void)state;
    static const char uid[] = "0f0e0d0c-1234-4a4a-9b9b-0123456789ab";
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    struct object_key key = key_of("MachineDeployment", "md");
    expect_true("before", !inventory_shows(inventory, &key, "", 0, -1, false), "it is not shown");
    put_version(inventory, uid, "99", 4, 3);
    expect_true("its generation", inventory_shows(inventory, &key, uid, 4, -1, false), "is shown");
    expect_true("an earlier one", inventory_shows(inventory, &key, uid, 3, 3, false), "is shown");
    expect_true("a later one", !inventory_shows(inventory, &key, uid, 5, -1, false), "is not yet");
    expect_true("other replicas", !inventory_shows(inventory, &key, uid, 0, 5, false), "are not yet");
    expect_true("another uid", !inventory_shows(inventory, &key, "other", 0, -1, false), "is not this");
    expect_true("a delete", !inventory_shows(inventory, &key, uid, 0, -1, true), "is not yet");
    put_version(inventory, uid, "100", 5, 5);
    put_version(inventory, uid, "99", 4, 3);
    expect_integer("99 is older than 100", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 5);
    inventory_remove(inventory, &key, "other");
    expect_integer("not the one", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 5);
    put_version(inventory, "made-again", "101", 1, 7);
    expect_true("re-created", inventory_shows(inventory, &key, uid, 0, -1, true), "the first is gone");
    expect_integer("the second", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 7);
    inventory_remove(inventory, &key, "made-again");
    expect_true("removed", inventory_shows(inventory, &key, "made-again", 0, -1, true), "is gone");
    expect_true("gone again", inventory_shows(inventory, &key, "made-again", 9, 9, false), "was there");
    expect_true("never there", !inventory_shows(inventory, &key, "not-yet", 0, -1, false), "is not shown");
    expect_integer("none", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 0);
    put_version(inventory, uid, "abc", 1, 1);
    put_version(inventory, uid, "5", 1, 2);
    expect_integer("versions that are no numbers", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 2);
}

static void lists(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    put(inventory, POOL("a", "x", "1"));
    put(inventory, POOL("b", "x", "2"));
    put(inventory, aws);
    inventory_complete(inventory, true);
    inventory_list_begin(inventory, "cluster.x-k8s.io", "MachineDeployment");
    put(inventory, POOL("b", "x", "2"));
    put(inventory, POOL("c", "x", "4"));
    expect_integer("not yet", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 7);
    inventory_list_end(inventory, "cluster.x-k8s.io", "MachineDeployment");
    expect_integer("what was not listed is gone", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 6);
    expect_integer("other kinds stay", inventory_sum(inventory, AMOUNT_CLUSTERS, "fleet", ""), 1);
    inventory_list_begin(inventory, "cluster.x-k8s.io", "MachineDeployment");
    inventory_list_end(inventory, "cluster.x-k8s.io", "MachineDeployment");
    expect_integer("an empty list", (int64_t)inventory_counts(inventory).objects, 1);
    inventory_list_end(inventory, "cluster.x-k8s.io", "MachineDeployment");
    expect_integer("an end without a beginning", (int64_t)inventory_counts(inventory).objects, 1);
}

static void note_gone(void *cookie, const struct object_key *key) {
    char *gone = cookie;
    strcat(gone, key->namespace);
    strcat(gone, "/");
    strcat(gone, key->name);
    strcat(gone, " ");
}

static void the_end_of_a_list_tells_who_is_gone(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    char gone[128] = "";
    put(inventory, POOL("a", "x", "1"));
    put(inventory, POOL("b", "x", "2"));
    put(inventory, aws);
    inventory_list_begin(inventory, "cluster.x-k8s.io", "MachineDeployment");
    put(inventory, POOL("b", "x", "2"));
    inventory_list_end_telling(inventory, "cluster.x-k8s.io", "MachineDeployment", note_gone, gone);
    expect_text("one is gone", gone, "prod/a ");
    inventory_list_end_telling(inventory, "cluster.x-k8s.io", "MachineDeployment", note_gone, gone);
    inventory_list_end_telling(inventory, "cluster.x-k8s.io", "Unheard", note_gone, gone);
    expect_text("nobody else", gone, "prod/a ");
    expect_integer("two are left", (int64_t)inventory_counts(inventory).objects, 2);
}

static uint64_t ticket_for(const struct inventory *inventory, const char *name) {
    const struct object_key key = key_of("MachineDeployment", name);
    return inventory_ticket(inventory, &key);
}

static bool put_read(struct inventory *inventory, const char *text, uint64_t ticket) {
    CLEANUP(document_free) struct document *document = document_of(text);
    struct object_key key = {"", "", "", ""};
    expect_true(text, fragment_object_key(document_root(document), &key), "has a key");
    return inventory_put_read(inventory, &key, document_root(document), ticket);
}

#define VERSIONED(name, version, replicas)                                                                   \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'" name          \
    "','namespace':'prod','resourceVersion':'" version "'},'spec':{'clusterName':'x','replicas':" replicas   \
    ",'strategy':{'type':'OnDelete'}}}"

// What was read before the watch told of a later deletion would never leave again.
static void reads_beside_the_watch(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    inventory_complete(inventory, true);

    uint64_t ticket = ticket_for(inventory, "a");
    expect_true("nothing happened meanwhile", put_read(inventory, VERSIONED("a", "5", "1"), ticket),
                "is put");
    expect_integer("it counts", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 1);

    ticket = ticket_for(inventory, "a");
    put(inventory, VERSIONED("a", "6", "2"));
    expect_true("older than what is held", put_read(inventory, VERSIONED("a", "5", "1"), ticket),
                "is settled");
    expect_integer("the newer one stays", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 2);

    ticket = ticket_for(inventory, "a");
    take(inventory, "MachineDeployment", "a");
    expect_true("deleted meanwhile", !put_read(inventory, VERSIONED("a", "6", "2"), ticket), "is not put");
    ticket = ticket_for(inventory, "a");
    take(inventory, "MachineDeployment", "a");
    expect_true("made and deleted meanwhile", !put_read(inventory, VERSIONED("a", "7", "2"), ticket),
                "is not put");

    ticket = ticket_for(inventory, "a");
    inventory_list_begin(inventory, "cluster.x-k8s.io", "MachineDeployment");
    inventory_list_end(inventory, "cluster.x-k8s.io", "MachineDeployment");
    expect_true("not in a list meanwhile", !put_read(inventory, VERSIONED("a", "6", "2"), ticket),
                "is not put");
    expect_integer("nothing is left", (int64_t)inventory_counts(inventory).objects, 0);

    put(inventory, VERSIONED("c", "3", "8"));
    inventory_list_begin(inventory, "cluster.x-k8s.io", "MachineDeployment");
    put(inventory, VERSIONED("b", "9", "4"));
    ticket = ticket_for(inventory, "a");
    expect_true("during a list", put_read(inventory, VERSIONED("a", "6", "2"), ticket), "is put");
    expect_true("held before", put_read(inventory, VERSIONED("c", "3", "8"), ticket_for(inventory, "c")),
                "is put");
    expect_true("older than listed",
                put_read(inventory, VERSIONED("b", "8", "3"), ticket_for(inventory, "b")), "is settled");
    expect_integer("all are there", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 14);
    inventory_list_end(inventory, "cluster.x-k8s.io", "MachineDeployment");
    expect_integer("the list is the truth", inventory_sum(inventory, AMOUNT_NODES, "fleet", ""), 4);
}

static void labels(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = open_fleet();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    put(inventory, CLUSTER("b", "'labels':{'x':'a value that is longer than what is shared'}"));
    put(inventory, CLUSTER("c", "'labels':{'y':'1','x':'v'},'annotations':{'note':'kept',"
                                "'kubectl.kubernetes.io/last-applied-configuration':'{}'}"));
    put(inventory, CLUSTER("a", "'labels':{'x':'v'}"));
    put(inventory, POOL("p", "a", "1"));
    struct fragment_list list = {0};
    inventory_labelled(inventory, arena, "x", "v", &list);
    expect_integer("of that value", (int64_t)list.count, 2);
    expect_text("sorted", list.items[0]->key.name, "a");
    expect_text("its labels", node_string(node_get(list.items[1]->labels, "y")), "1");
    expect_text("its annotations", node_string(node_get(list.items[1]->annotations, "note")), "kept");
    expect_integer("but for kubectl's copy", list.items[1]->annotations->length, 1);
    list = (struct fragment_list){0};
    inventory_labelled(inventory, arena, "x", NULL, &list);
    expect_integer("of any value", (int64_t)list.count, 3);
    list = (struct fragment_list){0};
    inventory_labelled(inventory, arena, "x", "a value that is longer than what is shared", &list);
    expect_integer("of a long value", (int64_t)list.count, 1);
    list = (struct fragment_list){0};
    inventory_labelled(inventory, arena, "z", NULL, &list);
    expect_integer("no such label", (int64_t)list.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),           cmocka_unit_test(comes_and_goes),
        cmocka_unit_test(classes_change), cmocka_unit_test(holders),
        cmocka_unit_test(fields),         cmocka_unit_test(versions),
        cmocka_unit_test(lists),          cmocka_unit_test(the_end_of_a_list_tells_who_is_gone),
        cmocka_unit_test(labels),         cmocka_unit_test(reads_beside_the_watch),
        cmocka_unit_test(crowds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
