// Whatever comes and goes in whatever order: the inventory tells the same as one that was filled with what is
// left. The seed is printed; FLEETGATE_SEED repeats a run.
#include "fleet/inventory.h"
#include "tests/fleet/view_equal.h"
#include "tests/support/documents.h"

#include <stdio.h>
#include <time.h>

enum {
    NAMES = 5,
    KINDS = 8,
    SPACES = 2,
    OBJECTS = NAMES * KINDS * SPACES,
    STEPS = 1500,
    EVERY = 25,
    TEXT = 2048
};

static const struct {
    const char *group;
    const char *kind;
} kinds[KINDS] = {
    {"cluster.x-k8s.io", "Cluster"},
    {"infrastructure.cluster.x-k8s.io", "AWSCluster"},
    {"controlplane.cluster.x-k8s.io", "KubeadmControlPlane"},
    {"cluster.x-k8s.io", "MachineDeployment"},
    {"cluster.x-k8s.io", "MachinePool"},
    {"infrastructure.cluster.x-k8s.io", "AWSMachinePool"},
    {"cluster.x-k8s.io", "ClusterClass"},
    {"infrastructure.cluster.x-k8s.io", "AWSClusterTemplate"},
};
static const char *const spaces[SPACES] = {"prod", "dev"};
static const char *const regions[] = {"eu-west-1", "EU-West-1", "us-east-1", ""};
static const char *const versions[] = {"v1.31.2", "v1.30.1", "1.31"};
static const char *const networks[] = {"10.0.0.0/16", "10.0.128.0/17", "10.1.0.0/16", "nonsense",
                                       "fd00::/48"};

struct held_object {
    struct document *document; // NULL: not there
};

struct fleet {
    uint64_t random;
    uint64_t version;
    struct inventory *inventory;
    struct held_object objects[OBJECTS];
};

static size_t roll(struct fleet *fleet, size_t sides) {
    fleet->random ^= fleet->random << 13;
    fleet->random ^= fleet->random >> 7;
    fleet->random ^= fleet->random << 17;
    return (size_t)((fleet->random >> 11) % sides);
}

static struct object_key key_at(size_t index) {
    static const char *const names[NAMES] = {"a", "b", "c", "d", "e"};
    size_t kind = index / (NAMES * SPACES);
    return (struct object_key){kinds[kind].group, kinds[kind].kind, spaces[index / NAMES % SPACES],
                               names[index % NAMES]};
}

static const char *name(struct fleet *fleet) {
    static const char *const names[NAMES] = {"a", "b", "c", "d", "e"};
    return names[roll(fleet, NAMES)];
}

static const char *make_reference(struct fleet *fleet, char text[256], const char *key, size_t kind) {
    text[0] = '\0';
    if (roll(fleet, 4) > 0) {
        snprintf(text, 256, "'%s':{'apiGroup':'%s','kind':'%s','name':'%s'},", key, kinds[kind].group,
                 kinds[kind].kind, name(fleet));
    }
    return text;
}

static void make_metadata(struct fleet *fleet, const struct object_key *key, char text[TEXT]) {
    char label[128] = "";
    char owner[256] = "";
    if (roll(fleet, 3) == 0) {
        snprintf(label, sizeof(label), "'cluster.x-k8s.io/cluster-name':'%s',", name(fleet));
    }
    if (roll(fleet, 4) == 0) {
        size_t kind = roll(fleet, 5);
        snprintf(owner, sizeof(owner),
                 "'ownerReferences':[{'apiVersion':'%s/v1beta2','kind':'%s','name':'%s'}],",
                 kinds[kind].group, kinds[kind].kind, name(fleet));
    }
    snprintf(text, TEXT,
             "'metadata':{'name':'%s','namespace':'%s','uid':'u%zu','resourceVersion':'%llu',%s"
             "'labels':{%s'team':'%s'}}",
             key->name, key->namespace, roll(fleet, 3), (unsigned long long)++fleet->version, owner, label,
             roll(fleet, 2) ? "red" : "blue");
}

static void make_spec(struct fleet *fleet, size_t kind, char text[TEXT]) {
    char first[256];
    char second[256];
    char class[128] = "";
    switch (kind) {
    case 0:
        if (roll(fleet, 3) == 0) {
            snprintf(class, sizeof(class), "'topology':{'class':'%s','version':'v1.31.2'},", name(fleet));
        }
        snprintf(text, TEXT,
                 "%s%s%s'controlPlaneEndpoint':{'host':'%s.example'},'clusterNetwork':{'pods':{'cidrBlocks':"
                 "['%s','%s']}}",
                 make_reference(fleet, first, "infrastructureRef", 1),
                 make_reference(fleet, second, "controlPlaneRef", 2), class, name(fleet),
                 networks[roll(fleet, 5)], networks[roll(fleet, 5)]);
        break;
    case 1:
        snprintf(text, TEXT, "'region':'%s','quota':'%zu','network':{'vpc':{'cidrBlock':'%s'}}",
                 regions[roll(fleet, 4)], roll(fleet, 9), networks[roll(fleet, 5)]);
        break;
    case 2:
        snprintf(text, TEXT, "'version':'%s','replicas':%zu", versions[roll(fleet, 3)], roll(fleet, 4));
        break;
    case 3:
    case 4:
        snprintf(text, TEXT, "%s%s%s'replicas':%zu,'template':{'spec':{%s'version':'v1.31.2'}}",
                 roll(fleet, 5) ? "'clusterName':'" : "", "", "", roll(fleet, 9),
                 make_reference(fleet, first, "infrastructureRef", 5));
        if (text[1] == 'c') {
            snprintf(text, TEXT,
                     "'clusterName':'%s','replicas':%zu,'template':{'spec':{%s'version':'v1.31.2'}}",
                     name(fleet), roll(fleet, 9), first);
        }
        break;
    case 5:
        snprintf(text, TEXT, "'minSize':1,'maxSize':%zu,'cost':%zu", 1 + roll(fleet, 9), roll(fleet, 5));
        break;
    case 6:
        snprintf(
            text, TEXT,
            "'infrastructure':{'templateRef':{'apiVersion':'%s/v1beta2','kind':'AWSClusterTemplate','name':"
            "'%s'}}",
            kinds[7].group, name(fleet));
        break;
    default:
        snprintf(text, TEXT, "'template':{'spec':{'region':'%s'}}", regions[roll(fleet, 4)]);
    }
}

static void put(struct fleet *fleet, size_t index) {
    struct object_key key = key_at(index);
    char metadata[TEXT];
    char spec[TEXT];
    char text[3 * TEXT];
    make_metadata(fleet, &key, metadata);
    make_spec(fleet, index / (NAMES * SPACES), spec);
    snprintf(text, sizeof(text), "{'apiVersion':'%s/v1beta2','kind':'%s',%s,'spec':{%s}}", key.group,
             key.kind, metadata, spec);
    document_free(fleet->objects[index].document);
    fleet->objects[index].document = document_of(text);
    inventory_put(fleet->inventory, &key, document_root(fleet->objects[index].document));
}

static void take(struct fleet *fleet, size_t index) {
    struct object_key key = key_at(index);
    inventory_remove(fleet->inventory, &key, "");
    document_free(fleet->objects[index].document);
    fleet->objects[index].document = NULL;
}

// A list in which some objects are gone and others new.
static void list(struct fleet *fleet, size_t kind) {
    inventory_list_begin(fleet->inventory, kinds[kind].group, kinds[kind].kind);
    for (size_t i = kind * NAMES * SPACES; i < (kind + 1) * NAMES * SPACES; i++) {
        size_t what = roll(fleet, 4);
        struct object_key key = key_at(i);
        if (what == 0 && fleet->objects[i].document) {
            document_free(fleet->objects[i].document);
            fleet->objects[i].document = NULL;
        } else if (what == 1) {
            put(fleet, i);
        } else if (fleet->objects[i].document) {
            inventory_put(fleet->inventory, &key, document_root(fleet->objects[i].document));
        }
    }
    inventory_list_end(fleet->inventory, kinds[kind].group, kinds[kind].kind);
}

static const struct inventory_field fields[] = {
    {"infrastructure.cluster.x-k8s.io", "AWSCluster", "spec.quota"},
    {"infrastructure.cluster.x-k8s.io", "AWSMachinePool", "spec.cost"},
    {"cluster.x-k8s.io", "MachineDeployment", "spec.replicas"},
};

static void configure(struct inventory *inventory, size_t count) {
    bool relist;
    struct error error = {0};
    expect_true(
        error.message,
        inventory_configure(inventory, (const char *const[]){"team"}, 1, fields, count, &relist, &error),
        "is configured");
}

static struct inventory *recount(struct fleet *fleet, size_t field_count) {
    struct inventory *fresh = inventory_new();
    configure(fresh, field_count);
    size_t step = 1 + 2 * roll(fleet, 20); // odd and no multiple of 5: every object once
    step = step % 5 == 0 ? step + 2 : step;
    for (size_t i = 0, at = roll(fleet, OBJECTS); i < OBJECTS; i++, at = (at + step) % OBJECTS) {
        struct object_key key = key_at(at);
        if (fleet->objects[at].document) {
            inventory_put(fresh, &key, document_root(fleet->objects[at].document));
        }
    }
    inventory_complete(fresh, true);
    return fresh;
}

struct group_name {
    const char *per;
    const char *group;
};
static const struct group_name groups[] = {
    {"fleet", ""},         {"region", "eu-west-1"}, {"region", "us-east-1"}, {"provider", "aws"},
    {"namespace", "prod"}, {"namespace", "dev"},    {"version", "1.31"},     {"version", "1.30"},
    {"label:team", "red"}, {"label:team", "blue"},
};

static void same_number(const char *what, const struct group_name *group, int64_t got, int64_t expected) {
    if (got != expected) {
        fail_msg("%s of %s %s: %lld, counted anew %lld", what, group->per, group->group, (long long)got,
                 (long long)expected);
    }
}

static void same_sums(const struct inventory *got, const struct inventory *expected) {
    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        const struct group_name *group = &groups[i];
        for (int of = 0; of < AMOUNT_COUNT; of++) {
            same_number(amount_name((enum amount_of)of), group,
                        inventory_sum(got, (enum amount_of)of, group->per, group->group),
                        inventory_sum(expected, (enum amount_of)of, group->per, group->group));
        }
        for (size_t j = 0; j < sizeof(fields) / sizeof(*fields); j++) {
            same_number(fields[j].path, group, inventory_field_sum(got, &fields[j], group->per, group->group),
                        inventory_field_sum(expected, &fields[j], group->per, group->group));
        }
    }
}

static void same_holders(const struct inventory *got, const struct inventory *expected) {
    static const char *const asked[][2] = {
        {"pod_cidrs", "10.0.0.0/8"},
        {"pod_cidrs", "10.0.200.0/24"},
        {"pod_cidrs", "10.1.2.0/24"},
        {"pod_cidrs", "fd00::/64"},
        {"network_cidrs", "10.0.0.0/8"},
        {"network_cidrs", "10.1.0.0/16"},
        {"name", "a"},
        {"name", "b"},
        {"endpoint", "A.example"},
        {"spec.quota", "3"},
        {"spec.cost", "2"},
    };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key account = key_at(0);
    struct object_key holder;
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        for (size_t j = 0; j < sizeof(groups) / sizeof(*groups); j++) {
            same_number(asked[i][1], &groups[j],
                        inventory_holder(got, arena, &account, asked[i][0], asked[i][1], groups[j].per,
                                         groups[j].group, &holder),
                        inventory_holder(expected, arena, &account, asked[i][0], asked[i][1], groups[j].per,
                                         groups[j].group, &holder));
        }
    }
}

static void same_objects(const struct inventory *got, const struct inventory *expected) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    for (size_t i = 0; i < OBJECTS; i++) {
        struct object_key key = key_at(i);
        char text[128];
        snprintf(text, sizeof(text), "%s %s/%s", key.kind, key.namespace, key.name);
        expect_same_view(text, cluster_view_of(arena, inventory_source(got), &key),
                         cluster_view_of(arena, inventory_source(expected), &key));
        struct object_key account = inventory_account(got, arena, &key);
        struct object_key other = inventory_account(expected, arena, &key);
        expect_true(text, fragment_key_matches(&account, &other), "belongs to the same account");
        for (int of = 0; of < AMOUNT_COUNT; of++) {
            same_number(text, &groups[0], inventory_amount(got, &key, (enum amount_of)of, "fleet", ""),
                        inventory_amount(expected, &key, (enum amount_of)of, "fleet", ""));
        }
    }
    struct inventory_counts counts = inventory_counts(got);
    struct inventory_counts others = inventory_counts(expected);
    expect_integer("objects", (int64_t)counts.objects, (int64_t)others.objects);
    expect_integer("clusters", (int64_t)counts.clusters, (int64_t)others.clusters);
}

static void compare(struct fleet *fleet, size_t field_count) {
    CLEANUP(inventory_free) struct inventory *fresh = recount(fleet, field_count);
    same_sums(fleet->inventory, fresh);
    same_holders(fleet->inventory, fresh);
    same_objects(fleet->inventory, fresh);
}

static uint64_t seed_of_run(void) {
    const char *given = getenv("FLEETGATE_SEED");
    return given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761U;
}

static void run(uint64_t seed, size_t field_count) {
    struct fleet fleet = {.random = seed | 1};
    fleet.inventory = inventory_new();
    configure(fleet.inventory, field_count);
    inventory_complete(fleet.inventory, true);
    for (size_t step = 0; step < STEPS; step++) {
        size_t what = roll(&fleet, 100);
        if (what < 65) {
            put(&fleet, roll(&fleet, OBJECTS));
        } else if (what < 97) {
            take(&fleet, roll(&fleet, OBJECTS));
        } else {
            list(&fleet, roll(&fleet, KINDS));
        }
        if (step % EVERY == 0) {
            compare(&fleet, field_count);
        }
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        take(&fleet, i);
    }
    compare(&fleet, field_count);
    expect_integer("nothing is left", inventory_sum(fleet.inventory, AMOUNT_NODES, "fleet", ""), 0);
    inventory_free(fleet.inventory);
}

static void without_fields(void **state) {
    (void)state;
    uint64_t seed = seed_of_run();
    print_message("seed %llu\n", (unsigned long long)seed);
    run(seed, 0);
}

static void with_fields(void **state) {
    (void)state;
    uint64_t seed = seed_of_run();
    print_message("seed %llu\n", (unsigned long long)seed);
    run(seed, sizeof(fields) / sizeof(*fields));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_fields),
        cmocka_unit_test(with_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
