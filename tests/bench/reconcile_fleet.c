#include "tests/bench/reconcile_fleet.h"

#include "base/json_reader.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OBJECT_BYTES = 4096, MOST_NAME = 64 };

static void die(const struct error *error) {
    fprintf(stderr, "reconcile_bench: %s\n", error->message);
    exit(2);
}

// ---- what is counted ----

static void counted_observe(void *cookie, const struct provider_target *target, provider_done *done,
                            void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->calls++;
    fleet->provider.methods->observe(fleet->provider.cookie, target, done, done_cookie);
}

static void counted_start(void *cookie, const struct provider_request *request, provider_done *done,
                          void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->calls++;
    fleet->provider.methods->start(fleet->provider.cookie, request, done, done_cookie);
}

static void counted_poll(void *cookie, const struct provider_target *target, const char *operation,
                         provider_done *done, void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->calls++;
    fleet->provider.methods->poll(fleet->provider.cookie, target, operation, done, done_cookie);
}

static void counted_kubeconfig(void *cookie, const struct provider_target *target, provider_done *done,
                               void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->calls++;
    fleet->provider.methods->kubeconfig(fleet->provider.cookie, target, done, done_cookie);
}

static void forget_call(void *cookie, void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->provider.methods->forget(fleet->provider.cookie, done_cookie);
}

static const struct provider_methods counted_cloud = {"sim",        counted_observe,    counted_start,
                                                      counted_poll, counted_kubeconfig, forget_call};

static void read_object(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->store.methods->read(fleet->store.cookie, key, done, done_cookie);
}

static void create_object(void *cookie, const struct object_key *key, const char *body, store_done *done,
                          void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->records += strcmp(key->kind, "Secret") == 0;
    fleet->store.methods->create(fleet->store.cookie, key, body, done, done_cookie);
}

static void replace_object(void *cookie, const struct object_key *key, const char *body, store_done *done,
                           void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->records += strcmp(key->kind, "Secret") == 0;
    fleet->store.methods->replace(fleet->store.cookie, key, body, done, done_cookie);
}

static void patch_object(void *cookie, const struct object_key *key, const char *subresource,
                         const char *body, store_done *done, void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->store.methods->patch(fleet->store.cookie, key, subresource, body, done, done_cookie);
}

static void remove_object(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                          void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->store.methods->remove(fleet->store.cookie, key, uid, done, done_cookie);
}

static void forget_answer(void *cookie, void *done_cookie) {
    struct reconcile_fleet *fleet = cookie;
    fleet->store.methods->forget(fleet->store.cookie, done_cookie);
}

static void ignore_event(void *cookie, const struct object_key *key, const char *uid, bool warning,
                         const char *reason, const char *message) {
    (void)cookie, (void)key, (void)uid, (void)reason;
    if (warning) {
        fprintf(stderr, "reconcile_bench: %s/%s: %s\n", key->namespace, key->name, message);
    }
}

static const struct object_store_methods counted_store = {
    read_object, create_object, replace_object, patch_object, remove_object, forget_answer, ignore_event};

// ---- what the reconciler is given ----

static void put(void *cookie, const struct object_key *key, const struct node *object) {
    struct reconcile_fleet *fleet = cookie;
    inventory_put(fleet->inventory, key, object);
    reconciler_put(fleet->reconciler, object);
}

static void removed(void *cookie, const struct object_key *key, const struct node *object) {
    (void)object;
    struct reconcile_fleet *fleet = cookie;
    inventory_remove(fleet->inventory, key, "");
    reconciler_removed(fleet->reconciler, key);
}

static void open_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    struct reconcile_fleet *fleet = cookie;
    *ret_knowledge = (struct fleet_knowledge){.source = *inventory_source(fleet->inventory)};
}

static struct policy_set *get_policies(void *cookie) {
    struct reconcile_fleet *fleet = cookie;
    return policy_set_ref(fleet->policies);
}

static struct key_ring *get_keys(void *cookie) {
    struct reconcile_fleet *fleet = cookie;
    return key_ring_ref(fleet->keys);
}

static const struct reconcile_settings *get_settings(void *cookie) {
    struct reconcile_fleet *fleet = cookie;
    return &fleet->settings;
}

static int64_t wall_ms(void *cookie) {
    struct reconcile_fleet *fleet = cookie;
    return event_loop_wall_ms(fleet->loop);
}

static void load_policies(struct reconcile_fleet *fleet) {
    static const char text[] =
        "return policy {\n"
        "  name = 'regions', title = 'Regions', severity = 'high', category = 'placement',\n"
        "  match = { clusters = true },\n"
        "  validate = function(change, params, report)\n"
        "    local cluster = change.after\n"
        "    if cluster and cluster.region == 'eu-north-1' then\n"
        "      report.deny { at = cluster:origin('region'), message = 'region eu-north-1 is not allowed' }\n"
        "    end\n"
        "  end,\n"
        "}\n";
    const struct policy_source source = {
        .name = "policies/regions.lua", .text = text, .length = sizeof(text) - 1};
    const struct policy_set_options options = {.sources = &source, .source_count = 1, .evaluators = 1};
    struct error error;
    if (!policy_set_load(&options, &fleet->policies, &error)) {
        die(&error);
    }
}

static void start(struct reconcile_fleet *fleet) {
    static struct named_provider providers[1];
    providers[0] = (struct named_provider){"sim", {&counted_cloud, fleet}};
    const struct reconciler_options options = {
        .loop = fleet->loop,
        .store = {&counted_store, fleet},
        .providers = providers,
        .provider_count = 1,
        .default_provider = "sim",
        .fleet = {open_fleet, fleet},
        .policies = get_policies,
        .keys = get_keys,
        .settings = get_settings,
        .cookie = fleet,
        .random_seed = 7,
    };
    fleet->reconciler = reconciler_new(&options);
    reconciler_synced(fleet->reconciler);
}

void reconcile_fleet_begin(struct reconcile_fleet *fleet, const char *path, double pace) {
    *fleet = (struct reconcile_fleet){.loop = event_loop_new_virtual(1790000000000)};
    struct error error;
    fleet->inventory = inventory_new();
    load_policies(fleet);
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 200);
    const struct object_database_options database = {
        .path = path, .wall_ms = wall_ms, .cookie = fleet, .uid_seed = 5};
    const struct sim_options sim = {.loop = fleet->loop, .seed = 3, .pace = pace};
    if (!key_ring_new_line("k1", &line, &error) ||
        !key_ring_parse(line.data, line.length, "keys", &fleet->keys, &error) ||
        !reconcile_settings_read(NULL, NULL, &fleet->settings, &error) ||
        !object_database_open(&database, &fleet->database, &error) || !sim_open(&sim, &fleet->sim, &error)) {
        die(&error);
    }
    object_database_listen(fleet->database, &(struct object_listener){put, removed, fleet});
    fleet->database_store = database_store_new(fleet->loop, fleet->database, NULL, NULL);
    fleet->store = database_store_get(fleet->database_store);
    fleet->provider = sim_provider(fleet->sim);
    start(fleet);
}

void reconcile_fleet_end(struct reconcile_fleet *fleet) {
    reconciler_free(fleet->reconciler);
    sim_free(fleet->sim);
    database_store_free(fleet->database_store);
    object_database_close(fleet->database);
    policy_set_unref(fleet->policies);
    key_ring_unref(fleet->keys);
    inventory_free(fleet->inventory);
    event_loop_free(fleet->loop);
}

// ---- objects ----

struct kind {
    const char *group, *version, *kind;
};

static const struct kind cluster_kind = {"cluster.x-k8s.io", "v1beta1", "Cluster"};
static const struct kind pool_kind = {"cluster.x-k8s.io", "v1beta1", "MachinePool"};
static const struct kind control_plane_kind = {"controlplane.cluster.x-k8s.io", "v1beta2",
                                               "AWSManagedControlPlane"};
static const struct kind infrastructure_kind = {"infrastructure.cluster.x-k8s.io", "v1beta2",
                                                "AWSManagedCluster"};
static const struct kind pool_infrastructure_kind = {"infrastructure.cluster.x-k8s.io", "v1beta2",
                                                     "AWSManagedMachinePool"};

static struct document *parse(const char *text) {
    char *copy = memory_strdup(text);
    for (char *quote = copy; (quote = strchr(quote, '\''));) {
        *quote = '"';
    }
    struct document *document = NULL;
    struct error error;
    if (!json_read(copy, strlen(copy), &document_default_limits, &document, &error)) {
        die(&error);
    }
    return document;
}

// With labels and annotations as a delivery tool leaves them.
static void create(struct reconcile_fleet *fleet, size_t i, const struct kind *kind, const char *name,
                   const char *spec) {
    char text[2 * MOST_OBJECT_BYTES], namespace[MOST_NAME];
    snprintf(namespace, sizeof(namespace), "team-%zu", i % 100);
    snprintf(text, sizeof(text),
             "{'apiVersion':'%s/%s','kind':'%s','metadata':{'name':'%s','namespace':'%s','labels':{"
             "'cluster.x-k8s.io/cluster-name':'cluster-%05zu','environment':'production','team':'%s',"
             "'kustomize.toolkit.fluxcd.io/name':'fleet','kustomize.toolkit.fluxcd.io/namespace':"
             "'flux-system'},'annotations':{'owner':'platform@example.com','cost-center':'cc-%zu'}},"
             "'spec':{%s}}",
             kind->group, kind->version, kind->kind, name, namespace, i, namespace, i % 40, spec);
    CLEANUP(document_free) struct document *document = parse(text);
    const struct object_key key = {kind->group, kind->kind, namespace, name};
    struct error error;
    if (!object_database_create(fleet->database, &key, document_root(document), NULL, &error)) {
        die(&error);
    }
}

static void add_pool(struct reconcile_fleet *fleet, size_t i, const char *cluster, char letter) {
    char name[MOST_NAME], spec[MOST_OBJECT_BYTES];
    snprintf(name, sizeof(name), "%s-%c", cluster, letter);
    snprintf(spec, sizeof(spec),
             "'amiType':'AL2023_x86_64_STANDARD','instanceType':'m6i.2xlarge','diskSize':100,'scaling':{"
             "'minSize':1,'maxSize':10},'labels':{'pool':'%c'},'availabilityZones':['eu-west-1a',"
             "'eu-west-1b']",
             letter);
    create(fleet, i, &pool_infrastructure_kind, name, spec);
    snprintf(spec, sizeof(spec),
             "'clusterName':'%s','replicas':3,'template':{'spec':{'clusterName':'%s','version':'v1.31.2',"
             "'bootstrap':{'dataSecretName':''},'infrastructureRef':{'apiVersion':"
             "'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedMachinePool','name':'%s'}}}",
             cluster, cluster, name);
    create(fleet, i, &pool_kind, name, spec);
}

void reconcile_fleet_add(struct reconcile_fleet *fleet, size_t i) {
    char name[MOST_NAME], spec[MOST_OBJECT_BYTES];
    snprintf(name, sizeof(name), "cluster-%05zu", i);
    snprintf(spec, sizeof(spec),
             "'clusterNetwork':{'pods':{'cidrBlocks':['10.%zu.0.0/16']},'services':{'cidrBlocks':["
             "'172.20.0.0/16']}},'controlPlaneRef':{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2',"
             "'kind':'AWSManagedControlPlane','name':'%s'},'infrastructureRef':{'apiVersion':"
             "'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedCluster','name':'%s'}",
             i % 250, name, name);
    create(fleet, i, &cluster_kind, name, spec);
    create(fleet, i, &infrastructure_kind, name, "");
    snprintf(spec, sizeof(spec),
             "'eksClusterName':'%s','region':'eu-west-1','version':'v1.31.2','sshKeyName':'default',"
             "'network':{'vpc':{'cidrBlock':'10.0.0.0/16'},'subnets':[{'availabilityZone':'eu-west-1a'},{"
             "'availabilityZone':'eu-west-1b'},{'availabilityZone':'eu-west-1c'}]},'endpointAccess':{"
             "'public':false,'private':true},'addons':[{'name':'vpc-cni','version':'v1.18.1'},{'name':"
             "'coredns','version':'v1.11.1'}]",
             name);
    create(fleet, i, &control_plane_kind, name, spec);
    add_pool(fleet, i, name, 'a');
    add_pool(fleet, i, name, 'b');
}

void reconcile_fleet_scale(struct reconcile_fleet *fleet, size_t i, int replicas) {
    char namespace[MOST_NAME], name[MOST_NAME], text[MOST_NAME];
    snprintf(namespace, sizeof(namespace), "team-%zu", i % 100);
    snprintf(name, sizeof(name), "cluster-%05zu-a", i);
    snprintf(text, sizeof(text), "{'spec':{'replicas':%d}}", replicas);
    CLEANUP(document_free) struct document *patch = parse(text);
    const struct object_key key = {pool_kind.group, pool_kind.kind, namespace, name};
    struct error error;
    if (!object_database_patch(fleet->database, &key, NULL, document_root(patch), NULL, &error)) {
        die(&error);
    }
}

void reconcile_fleet_run(struct reconcile_fleet *fleet, int64_t seconds) {
    int64_t end_ms = event_loop_now_ms(fleet->loop) + seconds * 1000;
    while (event_loop_now_ms(fleet->loop) < end_ms &&
           event_loop_turn(fleet->loop, end_ms - event_loop_now_ms(fleet->loop))) {
    }
}
