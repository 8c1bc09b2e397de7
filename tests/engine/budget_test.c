// Limits over the whole fleet: what policies ask, what the keeper is asked, and what becomes of its answers.
#include "tests/engine/engine_fixture.h"

#include "base/buffer.h"
#include "engine/policy_wants.h"
#include "fleet/fragment_set.h"

#include <stdio.h>

// A keeper that writes down what it is asked.
struct fake_keeper {
    struct buffer asked;
    unsigned calls;
    bool fails, is_full;
    int64_t used;
    const char *holder, *reference;
    bool promised;
    char account[128], object[128], parts[256];
};

static const char *const kind_names[] = {"amount", "field", "unique", "deletes"};

static void write_key(char *text, size_t size, const struct object_key *key) {
    snprintf(text, size, "%s %s/%s", key->kind, key->namespace, key->name);
}

static bool fake_ask(void *cookie, const struct budget_request *request, struct arena *arena,
                     struct budget_answer *ret_answers, struct error *error) {
    struct fake_keeper *fake = cookie;
    fake->calls++;
    fake->promised = request->promise;
    write_key(fake->account, sizeof(fake->account), &request->account);
    write_key(fake->object, sizeof(fake->object), &request->object);
    fake->parts[0] = '\0';
    for (size_t i = 0; i < request->part_count; i++) {
        char part[100];
        write_key(part, sizeof(part), &request->parts[i]);
        strncat(fake->parts, part, sizeof(fake->parts) - strlen(fake->parts) - 1);
        strncat(fake->parts, ";", sizeof(fake->parts) - strlen(fake->parts) - 1);
    }
    for (size_t i = 0; i < request->demand_count; i++) {
        const struct budget_demand *demand = &request->demands[i];
        buffer_printf(&fake->asked, "%s %s %s=%s", kind_names[demand->kind], demand->name, demand->per,
                      demand->group);
        if (demand->value) {
            buffer_printf(&fake->asked, " %s", demand->value);
        }
        buffer_printf(&fake->asked, " %lld>%lld/%lld%s;", (long long)demand->before, (long long)demand->after,
                      (long long)demand->maximum, demand->counts_only ? " counts" : "");
        ret_answers[i] = (struct budget_answer){.fits = !fake->is_full,
                                                .used = fake->used,
                                                .maximum = demand->maximum,
                                                .holder = arena_strdup(arena, fake->holder),
                                                .reference = arena_strdup(arena, fake->reference)};
    }
    return !fake->fails || error_set(error, ERROR_IO, "the other replicas do not answer");
}

static const struct budget_keeper_methods fake_methods = {fake_ask};

#define HEAD                                                                                                 \
    "return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',\n"               \
    "  match = { objects = { { kind = '*' } } },\n"                                                          \
    "  keeps = function(params) return { labels = { 'team' }, fields = { { group = 'cluster.x-k8s.io', "     \
    "kind = 'MachineDeployment', path = 'spec.disk.gigabytes' } } } end,\n"
#define POLICY(body) HEAD "  validate = function(change, params, report)\n" body "\n  end }\n"

#define CLUSTER(spec)                                                                                        \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-7','namespace':"       \
    "'prod','generation':3,'uid':'u-1','labels':{'team':'payments'}},'spec':{" spec "}}"
#define TOPOLOGY(version, replicas)                                                                          \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-7','namespace':"       \
    "'prod','labels':{'team':'payments'}},'spec':{'topology':{'classRef':{'name':'aws'},'version':'" version \
    "','controlPlane':{'replicas':3},'workers':{'machineDeployments':[{'class':'w','name':'md','replicas'"   \
    ":" #replicas ",'strategy':{'type':'OnDelete'}}]},'variables':[{'name':'region','value':'EU West'}]}}}"
#define POOL(gigabytes)                                                                                      \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'md','namespac"  \
    "e':'prod','labels':{'team':'payments'}},'spec':{'clusterName':'eu-7','disk':{'gigabytes':" gigabytes    \
    "},'template':{'spec':{'clusterName':'eu-7'}}}}"

struct run {
    struct fixture fixture;
    struct fake_keeper fake;
    struct budget_keeper keeper;
    struct fragment_set *nothing;
};

static void run_open(struct run *run, const char *policy, const char *configuration) {
    memset(run, 0, sizeof(*run));
    buffer_init(&run->fake.asked, 4096);
    run->keeper = (struct budget_keeper){&fake_methods, &run->fake};
    run->nothing = fragment_set_new();
    fragment_set_complete(run->nothing, true);
    fixture_load(&run->fixture, policy, configuration);
    run->fixture.review.keeper = &run->keeper;
}

static const struct decision *run_review(struct run *run, const char *object, const char *old) {
    struct fixture *fixture = &run->fixture;
    fixture_review(fixture, object, old);
    struct object_change *change = &fixture->review.change;
    change->key.group =
        strcmp(change->key.kind, "Kustomization") == 0 ? "kustomize.toolkit.fluxcd.io" : "cluster.x-k8s.io";
    fixture->review.before = fixture->review.after = fragment_set_source(run->nothing);
    engine_evaluate(fixture->set, &fixture->review, &fixture->decision);
    return &fixture->decision;
}

static void run_close(struct run *run) {
    fixture_clear(&run->fixture);
    fragment_set_free(run->nothing);
    buffer_clear(&run->fake.asked);
}

static const struct {
    const char *name, *body, *object, *old, *asked;
} questions[] = {
    {"a new cluster", "report.budget { of = 'clusters', max = 20 }", CLUSTER(""), NULL,
     "amount clusters fleet= 0>1/20;"},
    {"no maximum asks nothing", "report.budget { of = 'clusters', max = nil }", CLUSTER(""), NULL, ""},
    {"an update asks for no more clusters", "report.budget { of = 'clusters', max = 20 }", CLUSTER(""),
     CLUSTER(""), ""},
    {"a delete gives back", "report.budget { of = 'clusters', max = 20 }", NULL, CLUSTER(""), ""},
    {"in its namespace", "report.budget { of = 'clusters', per = 'namespace', max = 20 }", CLUSTER(""), NULL,
     "amount clusters namespace=prod 0>1/20;"},
    {"of its team", "report.budget { of = 'clusters', per = 'label:team', max = 20 }", CLUSTER(""), NULL,
     "amount clusters label:team=payments 0>1/20;"},
    {"nodes grow", "report.budget { of = 'nodes', max = 9 }", TOPOLOGY("v1.31.2", 5), TOPOLOGY("v1.31.2", 2),
     "amount nodes fleet= 5>8/9;"},
    {"nodes shrink", "report.budget { of = 'nodes', max = 1 }", TOPOLOGY("v1.31.2", 2),
     TOPOLOGY("v1.31.2", 5), ""},
    {"worker nodes", "report.budget { of = 'worker_nodes', max = 9 }", TOPOLOGY("v1.31.2", 5), NULL,
     "amount worker_nodes fleet= 0>5/9;"},
    {"control plane nodes", "report.budget { of = 'control_plane_nodes', max = 9 }", TOPOLOGY("v1.31.2", 5),
     NULL, "amount control_plane_nodes fleet= 0>3/9;"},
    {"a new minor version is a new group", "report.budget { of = 'clusters', per = 'version', max = 9 }",
     TOPOLOGY("v1.32.0", 2), TOPOLOGY("v1.31.2", 2), "amount clusters version=1.32 0>1/9;"},
    {"a patch is none", "report.budget { of = 'clusters', per = 'version', max = 9 }", TOPOLOGY("v1.31.3", 2),
     TOPOLOGY("v1.31.2", 2), ""},
    {"regions in normal form", "report.budget { of = 'clusters', per = 'region', max = 9 }",
     TOPOLOGY("v1.31.3", 2), NULL, "amount clusters region=euwest 0>1/9;"},
    {"only other groups", "report.budget { of = 'clusters', per = 'region', only = 'us-*', max = 9 }",
     TOPOLOGY("v1.31.3", 2), NULL, ""},
    {"only these groups",
     "report.budget { of = 'clusters', per = 'region', only = { 'us-*', 'eu*' }, max = 9 }",
     TOPOLOGY("v1.31.3", 2), NULL, "amount clusters region=euwest 0>1/9;"},
    {"a field", "report.budget { of = 'spec.disk.gigabytes', per = 'namespace', max = 900 }", POOL("50"),
     POOL("20"), "field spec.disk.gigabytes namespace=prod 20>50/900;"},
    {"a new value", "report.unique { of = 'name' }", CLUSTER(""), NULL, "unique name fleet= eu-7 0>1/0;"},
    {"the same value", "report.unique { of = 'name' }", CLUSTER(""), CLUSTER(""), ""},
    {"the new of two values", "report.unique { of = 'pod_cidrs' }",
     CLUSTER("'clusterNetwork':{'pods':{'cidrBlocks':['10.0.0.0/16','10.1.0.0/16']}}"),
     CLUSTER("'clusterNetwork':{'pods':{'cidrBlocks':['10.0.0.0/16']}}"),
     "unique pod_cidrs fleet= 10.1.0.0/16 0>1/0;"},
    {"an endpoint", "report.unique { of = 'endpoint', per = 'namespace' }",
     CLUSTER("'controlPlaneEndpoint':{'host':'a.example.org','port':6443}"), NULL,
     "unique endpoint namespace=prod a.example.org 0>1/0;"},
    {"values of the policy", "report.unique { of = 'name', values = { 'x', 'y' } }", CLUSTER(""), NULL,
     "unique name fleet= x 0>1/0;unique name fleet= y 0>1/0;"},
    {"deletes", "report.deletes { max = 3, by = change.user.name, window = 60 }", NULL, CLUSTER(""),
     "deletes deletes identity=alice 0>1/3;"},
    {"deletes of many", "report.deletes { max = 3, clusters = { 'a', 'b' } }", NULL, CLUSTER(""),
     "deletes deletes identity=alice 0>2/3;"},
    {"deletes of none", "report.deletes { max = 3, clusters = 0 }", NULL, CLUSTER(""), ""},
};

static void policies_ask(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        char policy[4096];
        snprintf(policy, sizeof(policy), POLICY("%s"), questions[i].body);
        struct run run;
        run_open(&run, policy, NULL);
        const struct decision *decision = run_review(&run, questions[i].object, questions[i].old);
        const char *fault = decision->results[0].fault_message;
        expect_text(questions[i].name, fault ? fault : "", "");
        expect_text(questions[i].name, buffer_text(&run.fake.asked), questions[i].asked);
        expect_true(questions[i].name, decision->allowed, "allowed");
        run_close(&run);
    }
}

static void one_question_for_all_policies(void **state) {
    (void)state;
    struct run run;
    run_open(&run,
             POLICY("report.budget { of = 'clusters', max = 2 } report.budget { of = 'nodes', max = 9 }"),
             NULL);
    const struct decision *decision = run_review(
        &run,
        CLUSTER("'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
                "'AWSCluster','name':'eu-7-infra'}"),
        NULL);
    expect_true("one call", run.fake.calls == 1 && decision->allowed, "asked once and allowed");
    expect_text("account", run.fake.account, "Cluster prod/eu-7");
    expect_text("parts", run.fake.parts, "AWSCluster prod/eu-7-infra;");
    expect_true("a pool", run_review(&run, POOL("1"), NULL)->allowed, "allowed");
    expect_text("account of a pool", run.fake.account, "Cluster prod/eu-7");
    expect_text("object of a pool", run.fake.object, "MachineDeployment prod/md");
    run_close(&run);
}

#define CONFIGURATION(settings)                                                                              \
    "{'apiVersion':'fleetgate.dev/v1alpha1','kind':'Configuration','policies':{'test':{" settings "}}}"
#define EXCEPTED                                                                                             \
    "{'apiVersion':'fleetgate.dev/v1alpha1','kind':'Configuration','exceptions':[{'name':'x','policy':"      \
    "'test','object':{'name':'eu-7'},'owner':'o','reason':'r','expires':'2099-01-01'}]}"

static const struct {
    const char *name, *configuration, *body;
    enum door door;
    bool dry_run;
    bool promised;
    bool counts; // the demand holds nothing up
    bool is_full;
    bool allowed;
    enum policy_outcome outcome;
} verdicts[] = {
    {"it fits", NULL, "", DOOR_ADMISSION, false, true, false, false, true, OUTCOME_PASS},
    {"it does not fit", NULL, "", DOOR_ADMISSION, false, true, false, true, false, OUTCOME_VIOLATED},
    {"a dry run promises nothing", NULL, "", DOOR_ADMISSION, true, false, false, false, true, OUTCOME_PASS},
    {"a dry run is judged", NULL, "", DOOR_ADMISSION, true, false, false, true, false, OUTCOME_VIOLATED},
    {"check promises nothing", NULL, "", DOOR_CHECK, false, false, false, false, true, OUTCOME_PASS},
    {"denied anyway", NULL, "report.deny { message = 'no' }", DOOR_ADMISSION, false, false, false, false,
     false, OUTCOME_VIOLATED},
    {"failed anyway", NULL, "error('broken')", DOOR_ADMISSION, false, false, false, false, false,
     OUTCOME_FAULT},
    {"mode warn", CONFIGURATION("'mode':'warn'"), "", DOOR_ADMISSION, false, true, true, true, true,
     OUTCOME_VIOLATED},
    {"mode audit", CONFIGURATION("'mode':'audit'"), "", DOOR_ADMISSION, false, true, true, true, true,
     OUTCOME_VIOLATED},
    {"an exception", EXCEPTED, "", DOOR_ADMISSION, false, true, true, true, true, OUTCOME_VIOLATED},
};

static void verdicts_follow_the_keeper(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        char policy[4096];
        const char *name = verdicts[i].name;
        snprintf(policy, sizeof(policy), POLICY("report.budget { of = 'clusters', max = 20 } %s"),
                 verdicts[i].body);
        struct run run;
        run_open(&run, policy, verdicts[i].configuration);
        run.fixture.review.door = verdicts[i].door;
        run.fixture.review.dry_run = verdicts[i].dry_run;
        run.fake.is_full = verdicts[i].is_full;
        run.fake.used = 20;
        const struct decision *decision = run_review(&run, CLUSTER(""), NULL);
        expect_true(name, run.fake.promised == verdicts[i].promised, "promised or not");
        expect_true(name, (strstr(buffer_text(&run.fake.asked), "counts") != NULL) == verdicts[i].counts,
                    "only counted or not");
        expect_true(name, decision->allowed == verdicts[i].allowed, "allowed or not");
        expect_true(name, decision->results[0].outcome == verdicts[i].outcome, "outcome");
        run_close(&run);
    }
}

// Its door refuses it whatever policies say: it is judged, and takes no place.
static void what_is_refused_takes_no_place(void **state) {
    (void)state;
    struct run run;
    char policy[4096];
    snprintf(policy, sizeof(policy), POLICY("report.budget { of = 'clusters', max = 20 } %s"), "");
    run_open(&run, policy, NULL);
    run.fixture.review.refused = true;
    run.fake.is_full = true;
    run.fake.used = 20;
    const struct decision *decision = run_review(&run, CLUSTER(""), NULL);
    expect_true("refused", !run.fake.promised, "nothing is promised");
    expect_true("refused", !decision->allowed, "it is judged");
    run_close(&run);
}

static const struct {
    const char *name, *body, *object, *old;
    int64_t used;
    const char *holder;
    const char *message, *detail;
} texts[] = {
    {"full", "report.budget { of = 'clusters', max = 20 }", CLUSTER(""), NULL, 20, NULL,
     "the fleet is full: 20 of 20 clusters", "got 21; allowed 20"},
    {"a group that is full", "report.budget { of = 'clusters', per = 'region', max = 20 }",
     TOPOLOGY("v1.31.2", 5), NULL, 20, NULL, "region euwest is full: 20 of 20 clusters",
     "got 21; allowed 20"},
    {"a team", "report.budget { of = 'clusters', per = 'label:team', max = 1 }", CLUSTER(""), NULL, 1, NULL,
     "team payments is full: 1 of 1 cluster", "got 2; allowed 1"},
    {"too little room", "report.budget { of = 'nodes', max = 500 }", TOPOLOGY("v1.31.2", 5),
     TOPOLOGY("v1.31.2", 2), 493, NULL, "the fleet has no room for 3 more nodes: 498 of 500",
     "got 501; allowed 500"},
    {"a field", "report.budget { of = 'spec.disk.gigabytes', max = 60 }", POOL("50"), NULL, 60, NULL,
     "the fleet is full: 60 of 60 of spec.disk.gigabytes", "got 110; allowed 60"},
    {"words of the policy", "report.budget { of = 'clusters', max = 20, message = 'no more', hint = 'wait' }",
     CLUSTER(""), NULL, 20, NULL, "no more", "got 21; allowed 20"},
    {"a range", "report.unique { of = 'pod_cidrs' }",
     CLUSTER("'clusterNetwork':{'pods':{'cidrBlocks':['10.0.0.0/16']}}"), NULL, 1, "Cluster prod/a",
     "pod CIDR 10.0.0.0/16 overlaps that of Cluster prod/a",
     "got 10.0.0.0/16; allowed a value that no other has in the fleet"},
    {"deletes", "report.deletes { max = 3, window = 600 }", NULL, CLUSTER(""), 3, "prod/a, prod/b and 1 more",
     "too many clusters go at once: 4 within 10 minutes",
     "got 4; allowed 3; deleted before: prod/a, prod/b and 1 more"},
    {"deletes of a list", "report.deletes { max = 1, clusters = { 'prod/a', 'prod/b' } }", NULL, CLUSTER(""),
     0, NULL, "too many clusters go at once: 2 within 10 minutes",
     "got 2; allowed 1; would go: prod/a, prod/b"},
};

static void refusals_say_why(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char policy[4096];
        snprintf(policy, sizeof(policy), POLICY("%s"), texts[i].body);
        struct run run;
        run_open(&run, policy, NULL);
        run.fake.is_full = true;
        run.fake.used = texts[i].used;
        run.fake.holder = texts[i].holder;
        const struct decision *decision = run_review(&run, texts[i].object, texts[i].old);
        expect_true(texts[i].name, decision->violation_count == 1 && !decision->allowed, "denied once");
        if (decision->violation_count == 1) {
            expect_text(texts[i].name, decision->violations[0].message, texts[i].message);
            expect_text(texts[i].name, decision->violations[0].detail, texts[i].detail);
        }
        run_close(&run);
    }
}

static void an_open_breaker_names_its_approval(void **state) {
    (void)state;
    struct run run;
    run_open(&run, POLICY("report.deletes { max = 3 }"), NULL);
    run.fake.is_full = true;
    run.fake.used = 3;
    run.fake.reference = "8f3a51c2";
    const struct decision *decision = run_review(&run, NULL, CLUSTER(""));
    expect_true("breaker", decision->violation_count == 1, "denied once");
    expect_text("breaker", decision->violations[0].hint,
                "ask for an approval of 8f3a51c2; until then alice deletes no cluster");
    run_close(&run);
}

static void a_keeper_that_fails(void **state) {
    (void)state;
    static const char *const configurations[] = {NULL, CONFIGURATION("'on_error':'allow'")};
    for (size_t i = 0; i < 2; i++) {
        struct run run;
        run_open(&run, POLICY("report.budget { of = 'clusters', max = 20 }"), configurations[i]);
        run.fake.fails = true;
        const struct decision *decision = run_review(&run, CLUSTER(""), NULL);
        expect_true("fails", decision->allowed == (i == 1), "on_error decides");
        expect_text("fails", policy_fault_name(decision->results[0].fault), "inventory");
        expect_text("fails", decision->results[0].fault_message, "the other replicas do not answer");
        run_close(&run);
    }
}

static void no_keeper_is_unknown(void **state) {
    (void)state;
    struct run run;
    run_open(&run, POLICY("report.budget { of = 'clusters', max = 0 }"), NULL);
    run.fixture.review.keeper = NULL;
    const struct decision *decision = run_review(&run, CLUSTER(""), NULL);
    expect_true("no keeper", decision->allowed && decision->unknown_count == 1, "allowed, and said");
    expect_text("no keeper", decision->unknowns[0].why, "no inventory: limits over the fleet are not judged");
    expect_true("no keeper", decision->results[0].outcome == OUTCOME_UNKNOWN, "unknown");
    run_close(&run);
}

static const struct {
    const char *name, *body, *fault;
} mistakes[] = {
    {"of", "report.budget { of = 'cluster', max = 1 }", "report.budget: of must be clusters, nodes"},
    {"no of", "report.budget { max = 1 }", "report.budget: of is missing"},
    {"a key", "report.budget { of = 'nodes', maximum = 1 }",
     "unknown key 'maximum'; it takes of, per, max, only"},
    {"per", "report.budget { of = 'nodes', per = 'zone', max = 1 }", "per must be fleet, region, provider"},
    {"max", "report.budget { of = 'nodes', max = 1.5 }", "max must be an integer from 0 to"},
    {"a label that is not kept", "report.budget { of = 'nodes', per = 'label:owner', max = 1 }",
     "label owner is not counted; let keeps of the policy name it"},
    {"a field that is not kept", "report.budget { of = 'spec.paused', max = 1 }",
     "field spec.paused of Cluster is not counted; let keeps"},
    {"a value", "report.unique { of = 'pods' }", "report.unique: of must be pod_cidrs"},
    {"a percentage", "report.deletes { max = 3, percent = 200 }", "percent must be an integer from 1 to 100"},
};

static void mistakes_are_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char policy[4096];
        snprintf(policy, sizeof(policy), POLICY("%s"), mistakes[i].body);
        struct run run;
        run_open(&run, policy, NULL);
        const struct decision *decision = run_review(&run, CLUSTER(""), NULL);
        const char *fault = decision->results[0].fault_message;
        expect_true(mistakes[i].name, fault && strstr(fault, mistakes[i].fault), fault ? fault : "no fault");
        expect_true(mistakes[i].name, !decision->allowed && run.fake.calls == 0, "denied, and nothing asked");
        run_close(&run);
    }
}

static void a_set_says_what_it_wants(void **state) {
    (void)state;
    struct fixture fixture = {0};
    fixture_load(&fixture,
                 POLICY_HEAD "params = { by = { type = 'string', default = 'team', description = 'x' } },\n"
                             "keeps = function(params) return { labels = { params.by, 'env', 'env' } } end,\n"
                             "validate = function() end }",
                 CONFIGURATION("'params':{'by':'owner'}"));
    const struct policy_wants *wants = policy_set_wants(fixture.set);
    expect_true("labels", wants->label_count == 2 && wants->field_count == 0, "each label once");
    expect_text("labels", wants->labels[0], "owner");
    expect_text("labels", wants->labels[1], "env");
    fixture_clear(&fixture);
}

static const struct {
    const char *name, *keeps, *error;
} wrong_wants[] = {
    {"no table", "function() return 1 end", "keeps: must be a table with labels or fields"},
    {"a key", "function() return { label = {} } end", "keeps.label: unknown key; did you mean labels?"},
    {"a kind",
     "function() return { fields = { { group = 'apps', kind = 'Deployment', path = 'spec.replicas' } } } end",
     "only kinds that clusters are made of are counted, not Deployment of apps"},
    {"an error", "function() error('oops') end", "keeps: "},
    {"no function", "{ labels = {} }", "keeps: must be a function, got table"},
};

static void wrong_wants_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(wrong_wants) / sizeof(wrong_wants[0]); i++) {
        char policy[2048];
        snprintf(policy, sizeof(policy), POLICY_HEAD "keeps = %s,\nvalidate = function() end }",
                 wrong_wants[i].keeps);
        struct fixture fixture = {0};
        struct error error = {0};
        expect_true(wrong_wants[i].name, !fixture_try_load(&fixture, policy, NULL, &error), "refused");
        expect_true(wrong_wants[i].name, strstr(error.message, wrong_wants[i].error) != NULL, error.message);
        fixture_clear(&fixture);
    }
}

#define KUSTOMIZATION(more)                                                                                  \
    "{'apiVersion':'kustomize.toolkit.fluxcd.io/v1','kind':'Kustomization','metadata':{'name':'clusters',"   \
    "'namespace':'flux-system'}," more "}"
#define ENTRIES                                                                                              \
    "'status':{'inventory':{'entries':[{'id':'prod_gone_cluster.x-k8s.io_Cluster'},"                         \
    "{'id':'prod_eu-7_cluster.x-k8s.io_Cluster'},{'id':'prod_eu-7_apps_Deployment'}]}}"

static const struct {
    const char *name, *object, *said;
    bool has_fleet, is_complete;
} deliveries[] = {
    {"by its status", KUSTOMIZATION("'spec':{}," ENTRIES), "prod/eu-7 prod/gone ", false, false},
    {"what is gone is left out", KUSTOMIZATION("'spec':{}," ENTRIES), "prod/eu-7:payments prod/web:none ",
     true, true},
    {"by labels of the fleet", KUSTOMIZATION("'spec':{}"), "prod/eu-7:payments prod/web:none ", true, true},
    {"nothing is known", KUSTOMIZATION("'spec':{}"), "unknown", false, false},
    {"nothing is delivered", KUSTOMIZATION("'spec':{}"), "", false, true},
    {"into another cluster", KUSTOMIZATION("'spec':{'kubeConfig':{}}," ENTRIES), "", true, true},
    {"another kind", CLUSTER(""), "nil", true, true},
};

static void flux_delivers(void **state) {
    (void)state;
    static const char labels[] = "'kustomize.toolkit.fluxcd.io/name':'clusters','kustomize.toolkit.fluxcd.io/"
                                 "namespace':'flux-system'";
    char team[512];
    char plain[512];
    char other[512];
    static const char format[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'%s',"
        "'namespace':'prod','labels':{%s%s}},'spec':{}}";
    snprintf(team, sizeof(team), format, "eu-7", labels, ",'team':'payments'");
    snprintf(plain, sizeof(plain), format, "web", labels, "");
    snprintf(other, sizeof(other), format, "other", "'kustomize.toolkit.fluxcd.io/name':'apps'", "");
    struct document *fleet[] = {document_of(team), document_of(plain), document_of(other)};
    for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
        struct run run;
        run_open(
            &run,
            POLICY(
                "local delivers, said = change.delivers, ''\n"
                "if delivers == nil then said = 'nil' elseif delivers == unknown then said = 'unknown' else\n"
                "for _, one in ipairs(delivers) do said = said .. one.namespace .. '/' .. one.name\n"
                "if #delivers > 0 and change.door == 'reconcile' then said = said .. ':' .. (one.labels.team "
                "or 'none') end\n"
                "said = said .. ' ' end end\n"
                "report.warn { message = '<' .. said .. '>' }"),
            NULL);
        for (size_t n = 0; deliveries[i].has_fleet && n < 3; n++) {
            fragment_set_add(run.nothing, document_root(fleet[n]));
        }
        fragment_set_complete(run.nothing, deliveries[i].is_complete);
        run.fixture.review.door = deliveries[i].has_fleet ? DOOR_RECONCILE : DOOR_ADMISSION;
        const struct decision *decision = run_review(&run, NULL, deliveries[i].object);
        char expected[256];
        snprintf(expected, sizeof(expected), "<%s>", deliveries[i].said);
        expect_true(deliveries[i].name, decision->violation_count == 1, "said");
        if (decision->violation_count == 1) {
            expect_text(deliveries[i].name, decision->violations[0].message, expected);
        }
        run_close(&run);
    }
    for (size_t n = 0; n < 3; n++) {
        document_free(fleet[n]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_ask),
        cmocka_unit_test(one_question_for_all_policies),
        cmocka_unit_test(verdicts_follow_the_keeper),
        cmocka_unit_test(what_is_refused_takes_no_place),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(an_open_breaker_names_its_approval),
        cmocka_unit_test(a_keeper_that_fails),
        cmocka_unit_test(no_keeper_is_unknown),
        cmocka_unit_test(mistakes_are_faults),
        cmocka_unit_test(a_set_says_what_it_wants),
        cmocka_unit_test(wrong_wants_are_refused),
        cmocka_unit_test(flux_delivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
