// What limits over the fleet cost one review, with 10, 1,000 and 10,000 clusters in memory: limits_bench
// [ROUNDS]. Prints, never fails: machines differ. Target: a review over 10,000 clusters costs at most 1.2
// times one over 10.
#include "base/json_reader.h"
#include "base/memory.h"
#include "cli/embedded_policies.h"
#include "engine/engine.h"
#include "engine/policy_wants.h"
#include "manager/ledger.h"
#include "tests/bench/made_fleet.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FLEETS = 3, ROUNDS = 40, REVIEWS = 50, SCALED = 10 };

static const size_t sizes[FLEETS] = {10, 1000, 10000};

struct fleet {
    size_t clusters;
    struct inventory *inventory;
    struct ledger *ledger;
};

struct sample {
    const char *name;
    const char *group, *kind, *resource, *subresource;
    const char *object,
        *old_object;  // JSON with ' for "; %zu: the number of a cluster, %03zu: its namespace's
    bool is_of_fleet; // of clusters that are there, in turn; else one new object
};

static const struct sample samples[] = {
    {"create AWSCluster", "infrastructure.cluster.x-k8s.io", "AWSCluster", "awsclusters", "",
     "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{'name':'new',"
     "'namespace':'new','uid':'8f3a','generation':1},'spec':{'region':'eu-west-1','network':{'vpc':{"
     "'cidrBlock':'172.31.0.0/16'},'subnets':[{'availabilityZone':'eu-west-1a'},{'availabilityZone':"
     "'eu-west-1b'}]}}}",
     NULL, false},
    {"create Cluster", "cluster.x-k8s.io", "Cluster", "clusters", "",
     "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'new','namespace':"
     "'new','uid':'8f3a','generation':1,'labels':{'team':'team-3'}},'spec':{'clusterNetwork':{'pods':{"
     "'cidrBlocks':['172.16.0.0/16']},'services':{'cidrBlocks':['10.96.0.0/12']}},'controlPlaneEndpoint':{"
     "'host':'new.example.com','port':6443},'topology':{'class':'aws','version':'v1.31.2','controlPlane':{"
     "'replicas':3},'variables':[{'name':'region','value':'eu-west-1'}],'workers':{'machineDeployments':[{"
     "'class':'default','name':'md-0','replicas':3},{'class':'default','name':'md-1','replicas':4},{'class':"
     "'default','name':'md-2','replicas':5}]}}}}",
     NULL, false},
    {"scale a pool", "cluster.x-k8s.io", "MachineDeployment", "machinedeployments", "scale",
     "{'apiVersion':'autoscaling/v1','kind':'Scale','metadata':{'name':'fleet-cluster-%05zu-md-3',"
     "'namespace':'team-%zu'},'spec':{'replicas':8}}",
     "{'apiVersion':'autoscaling/v1','kind':'Scale','metadata':{'name':'fleet-cluster-%05zu-md-3',"
     "'namespace':'team-%zu'},'spec':{'replicas':5}}",
     true},
};
enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static const char configuration[] =
    "{'apiVersion':'fleetgate.dev/v1alpha1','kind':'Configuration','policies':{"
    "'region-limits':{'params':{'max_clusters':100000,'max_nodes':10000000}},"
    "'node-counts':{'params':{'max_per_pool':100,'max_per_cluster':500,'max_nodes_per_namespace':1000000,"
    "'max_nodes_fleet':100000000}},"
    "'unique-networks':{'params':{'unique':[%s'pods','networks','endpoints','names'],'per':'%s'}}}}";

struct question {
    char name[64], namespace[32];
    struct document *object, *old_object;
    struct review review;
};

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void require(bool good, const char *what, const char *why) {
    if (!good) {
        fprintf(stderr, "limits: %s: %s\n", what, why);
        exit(1);
    }
}

static struct document *document_of(const char *text) {
    char *json = memory_strdup(text);
    for (char *quote = json; (quote = strchr(quote, '\''));) {
        *quote = '"';
    }
    struct document *document = NULL;
    struct error error = {0};
    require(json_read(json, strlen(json), &document_default_limits, &document, &error), text, error.message);
    return document;
}

static struct policy_set *load(const char *per) {
    char text[1024];
    // Everybody's services are alike, as in life: only within a small group can they be told apart.
    bool is_fleet = strcmp(per, "fleet") == 0;
    snprintf(text, sizeof(text), configuration, is_fleet ? "" : "'services',", per);
    struct policy_set_options options = {.sources = embedded_policies,
                                         .source_count = embedded_policy_count,
                                         .evaluators = 1,
                                         .configuration_file = "limits",
                                         .configuration = document_of(text)};
    struct policy_set *set = NULL;
    struct error error = {0};
    require(policy_set_load(&options, &set, &error), "policies", error.message);
    return set;
}

// A namespace of its own, whose one cluster shares no address with anybody.
static void add_neighbour(struct inventory *inventory) {
    CLEANUP(document_free)
    struct document *document = document_of(
        "{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'Cluster','metadata':{'name':'neighbour','namespace':"
        "'new','uid':'1','resourceVersion':'1'},'spec':{'clusterNetwork':{'services':{'cidrBlocks':["
        "'192.168.0.0/24']}}}}");
    const struct object_key key = {"cluster.x-k8s.io", "Cluster", "new", "neighbour"};
    inventory_put(inventory, &key, document_root(document));
}

static void fleet_make(struct fleet *fleet, size_t clusters, const struct policy_set *set) {
    const struct policy_wants *wants = policy_set_wants(set);
    struct error error = {0};
    bool relist;
    fleet->clusters = clusters;
    fleet->inventory = inventory_new();
    require(inventory_configure(fleet->inventory, wants->labels, wants->label_count, wants->fields,
                                wants->field_count, &relist, &error),
            "inventory", error.message);
    made_fleet_fill(fleet->inventory, clusters, 5);
    add_neighbour(fleet->inventory);
    inventory_complete(fleet->inventory, true);
    const struct ledger_options options = {.inventory = fleet->inventory, .replica = "fleetgate-0"};
    require(ledger_new(&options, &fleet->ledger, &error), "ledger", error.message);
}

static struct document *side_of(const char *json, size_t cluster) {
    char text[4096];
    char number[16];
    if (!json) {
        return NULL;
    }
    // Two places at most: the cluster's number and its namespace's.
    const char *place = strstr(json, "%05zu");
    if (!place) {
        return document_of(json);
    }
    const char *space = strstr(json, "%zu");
    snprintf(number, sizeof(number), "%05zu", cluster);
    snprintf(text, sizeof(text), "%.*s%s%.*s%zu%s", (int)(place - json), json, number,
             (int)(space - place - 5), place + 5, cluster % MADE_FLEET_NAMESPACES, space + 3);
    return document_of(text);
}

// The n-th of ten clusters that are spread over the fleet.
static void question_make(struct question *question, const struct sample *sample, const struct fleet *fleet,
                          size_t n) {
    size_t cluster = n * (fleet->clusters / SCALED);
    snprintf(question->name, sizeof(question->name), "new");
    snprintf(question->namespace, sizeof(question->namespace), "new");
    if (sample->is_of_fleet) {
        snprintf(question->name, sizeof(question->name), "fleet-cluster-%05zu-md-3", cluster);
        snprintf(question->namespace, sizeof(question->namespace), "team-%zu",
                 cluster % MADE_FLEET_NAMESPACES);
    }
    question->object = side_of(sample->object, cluster);
    question->old_object = side_of(sample->old_object, cluster);
    question->review = (struct review){
        .change = {.operation = sample->old_object ? OPERATION_UPDATE : OPERATION_CREATE,
                   .key = {sample->group, sample->kind, question->namespace, question->name},
                   .version = "v1beta1",
                   .resource = sample->resource,
                   .subresource = sample->subresource,
                   .object = document_root(question->object),
                   .old_object = question->old_object ? document_root(question->old_object) : NULL},
        .uid = "705ab4f5-6393-11e8-b7cc-42010a800002",
        .user = "system:serviceaccount:flux-system:kustomize-controller",
        .door = DOOR_ADMISSION,
        .now = 1800000000,
        .keeper = ledger_keeper(fleet->ledger)};
}

static void question_clear(struct question *question) {
    document_free(question->object);
    document_free(question->old_object);
}

// Whether the limits were asked at all: a figure of nothing would be a good one.
static void check_asked(const struct fleet *fleet, uint64_t asks, const struct sample *sample) {
    require(ledger_stats(fleet->ledger).asks >= asks, sample->name, "no limit was asked");
}

static void judge(struct policy_set *set, struct question *question, const struct fleet *fleet) {
    CLEANUP(decision_clear) struct decision decision = {0};
    question->review.before = question->review.after = inventory_source(fleet->inventory);
    engine_evaluate(set, &question->review, &decision);
    if (!decision.allowed) {
        const char *why = decision.violation_count > 0 ? decision.violations[0].message
                          : decision.result_count > 0  ? decision.results[0].fault_message
                                                       : NULL;
        require(false, question->review.change.key.kind, why ? why : "denied");
    }
}

// CPU time of one review, the least of all rounds.
static void measure(const struct fleet *fleets, struct policy_set *set, const struct sample *sample,
                    unsigned rounds, double ret_ns[FLEETS]) {
    struct question questions[FLEETS][SCALED];
    uint64_t before[FLEETS];
    for (size_t f = 0; f < FLEETS; f++) {
        ret_ns[f] = 1e18;
        before[f] = ledger_stats(fleets[f].ledger).asks;
        for (size_t n = 0; n < SCALED; n++) {
            question_make(&questions[f][n], sample, &fleets[f], n);
        }
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t f = 0; f < FLEETS; f++) {
            double start = now_ns();
            for (size_t i = 0; i < REVIEWS; i++) {
                judge(set, &questions[f][i % SCALED], &fleets[f]);
            }
            double spent = (now_ns() - start) / REVIEWS;
            ret_ns[f] = spent < ret_ns[f] ? spent : ret_ns[f];
        }
    }
    for (size_t f = 0; f < FLEETS; f++) {
        check_asked(&fleets[f], before[f] + (uint64_t)rounds * REVIEWS, sample);
        for (size_t n = 0; n < SCALED; n++) {
            question_clear(&questions[f][n]);
        }
    }
}

static void measure_all(const char *per, unsigned rounds) {
    CLEANUP(policy_set_unref) struct policy_set *set = load(per);
    struct fleet fleets[FLEETS];
    for (size_t f = 0; f < FLEETS; f++) {
        fleet_make(&fleets[f], sizes[f], set);
    }
    printf("networks unique in each %s\n%-20s", per, "CPU us of a review");
    for (size_t f = 0; f < FLEETS; f++) {
        printf(" %7zu", sizes[f]);
    }
    printf("  clusters\n");
    for (size_t i = 0; i < SAMPLES; i++) {
        double ns[FLEETS];
        measure(fleets, set, &samples[i], rounds, ns);
        printf("%-20s %7.1f %7.1f %7.1f  ratio %.2f\n", samples[i].name, ns[0] / 1e3, ns[1] / 1e3,
               ns[2] / 1e3, ns[2] / ns[0]);
    }
    for (size_t f = 0; f < FLEETS; f++) {
        ledger_free(fleets[f].ledger);
        inventory_free(fleets[f].inventory);
    }
}

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    rounds = rounds > 0 ? rounds : ROUNDS;
    measure_all("fleet", (unsigned)rounds);
    measure_all("namespace", (unsigned)rounds);
    return 0;
}
