#include "base/json_canonical.h"
#include "tests/reconciler/status_fixture.h"

#define OLD_CLUSTER                                                                                          \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-1','namespace':"       \
    "'prod','uid':'u-1','resourceVersion':'7','generation':4},'spec':{}"
#define NEW_CLUSTER                                                                                          \
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1','namespace':"       \
    "'prod','uid':'u-1','resourceVersion':'7','generation':4},'spec':{}"

static const struct cloud_cluster creating = {.owner = "u-1",
                                              .version = "1.31.2",
                                              .target = "1.31.2",
                                              .state = CLOUD_CREATING,
                                              .control_plane_replicas = 3};
static const struct cloud_cluster failed = {.owner = "u-1",
                                            .version = "1.31.2",
                                            .target = "1.31.2",
                                            .state = CLOUD_FAILED,
                                            .failure = "no capacity in eu",
                                            .control_plane_replicas = 3};
static const struct cloud_pool pools_behind[] = {
    {.name = "a", .version = "1.30.4", .target = "1.31.2", .state = CLOUD_UPDATING, 2, 3, 2, 1},
    {.name = "b", .version = "1.30.4", .target = "1.30.4", .state = CLOUD_ACTIVE, 3, 3, 3, 3},
};
static const struct cloud_cluster upgrading = {.owner = "u-1",
                                               .version = "1.31.2",
                                               .target = "1.31.2",
                                               .state = CLOUD_UPDATING,
                                               .control_plane_replicas = 3,
                                               .control_plane_ready = 3,
                                               .endpoint_host = "eu-1.example",
                                               .endpoint_port = 6443,
                                               .pools = pools_behind,
                                               .pool_count = 2};
static const struct cloud_cluster managed_behind = {.owner = "u-1",
                                                    .version = "1.30.4",
                                                    .target = "1.30.4",
                                                    .state = CLOUD_ACTIVE,
                                                    .endpoint_host = "eu-1.example",
                                                    .endpoint_port = 443};
static const struct cloud_cluster no_quorum = {.owner = "u-1",
                                               .version = "1.31.2",
                                               .target = "1.31.2",
                                               .state = CLOUD_ACTIVE,
                                               .control_plane_replicas = 3,
                                               .control_plane_ready = 1,
                                               .endpoint_host = "eu-1.example",
                                               .endpoint_port = 6443};

static const struct {
    const char *name;
    const char *object;
    struct status_question question; // object, cluster and now are set by the test
    const char *expected;            // lines of its status
} cases[] = {
    {"a new Cluster that nobody has judged",
     NEW_CLUSTER "}",
     {.is_known = true},
     "phase = Pending\n"
     "initialization.infrastructureProvisioned = false\n"
     "initialization.controlPlaneInitialized = false\n"
     "conditions PolicyApproved = Unknown NotJudged: this spec has not been judged yet\n"
     "conditions Available = False NotAvailable: RemoteConnectionProbe: there was no connection yet\n"
     "conditions Reconciled = False NotApproved: nothing has been approved yet\n"
     "conditions Available since 2026-01-01T00:00:00Z\n"
     "!observedGeneration"},
    {"a denied Cluster that never was",
     OLD_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_DENIED,
      .approval_text = "[region-limits] Cluster prod/eu-1: spec.region: mars is not allowed"},
     "phase = Pending\n"
     "observedGeneration = 4\n"
     "conditions PolicyApproved = False Denied Error: [region-limits] Cluster prod/eu-1: spec.region: mars "
     "is "
     "not allowed\n"
     "v1beta2.conditions PolicyApproved = False Denied: [region-limits] Cluster prod/eu-1: spec.region: mars "
     "is "
     "not allowed\n"
     "conditions Ready = False WaitingForInfrastructure Info: InfrastructureReady: infrastructure is not "
     "there "
     "yet\n"
     "conditions Reconciled = False NotApproved Warning: nothing has been approved yet"},
    {"being created",
     OLD_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &creating,
      .step = "create cluster 1.31.2"},
     "phase = Provisioning\n"
     "infrastructureReady = false\n"
     "controlPlaneReady = false\n"
     "conditions InfrastructureReady = False WaitingForInfrastructure Info: infrastructure is being created\n"
     "conditions ControlPlaneReady = False WaitingForControlPlane Info: control plane is being created\n"
     "conditions ControlPlaneInitialized = False WaitingForControlPlaneProviderInitialized Info: the API "
     "server of "
     "this cluster has not answered yet\n"
     "conditions Reconciled = False Creating Info: create cluster 1.31.2\n"
     "conditions PolicyApproved = True\n"
     "v1beta2.controlPlane.desiredReplicas = 3\n"
     "v1beta2.workers.desiredReplicas = 5\n"
     "v1beta2.workers.replicas = 0\n"
     "v1beta2.conditions WorkersAvailable = False NotAvailable: 0 of 5 replicas are ready"},
    {"all is well, v1beta1",
     OLD_CLUSTER "}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &status_cloud},
     "phase = Provisioned\n"
     "observedGeneration = 4\n"
     "infrastructureReady = true\n"
     "controlPlaneReady = true\n"
     "conditions Ready = True\n"
     "conditions Available = True\n"
     "conditions InfrastructureReady = True\n"
     "conditions ControlPlaneReady = True\n"
     "conditions ControlPlaneInitialized = True\n"
     "conditions Reconciled = True\n"
     "v1beta2.conditions Available = True Available\n"
     "v1beta2.controlPlane.upToDateReplicas = 3\n"
     "v1beta2.controlPlane.versions[0].version = v1.31.2\n"
     "!initialization\n"
     "!deprecated\n"
     "!conditions RollingOut\n"
     "!conditions TopologyReconciled"},
    {"all is well, v1beta2",
     NEW_CLUSTER "}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &status_cloud},
     "phase = Provisioned\n"
     "observedGeneration = 4\n"
     "initialization.infrastructureProvisioned = true\n"
     "initialization.controlPlaneInitialized = true\n"
     "controlPlane.desiredReplicas = 3\n"
     "controlPlane.replicas = 3\n"
     "controlPlane.readyReplicas = 3\n"
     "controlPlane.availableReplicas = 3\n"
     "controlPlane.upToDateReplicas = 3\n"
     "controlPlane.versions[0].version = v1.31.2\n"
     "controlPlane.versions[0].replicas = 3\n"
     "workers.desiredReplicas = 5\n"
     "workers.upToDateReplicas = 5\n"
     "conditions Available = True Available\n"
     "conditions Ready = True Ready\n"
     "conditions InfrastructureReady = True Ready\n"
     "conditions ControlPlaneInitialized = True Initialized\n"
     "conditions ControlPlaneAvailable = True Available\n"
     "conditions WorkersAvailable = True Available\n"
     "conditions RemoteConnectionProbe = True ProbeSucceeded\n"
     "conditions RollingOut = False NotRollingOut\n"
     "conditions ScalingUp = False NotScalingUp\n"
     "conditions ScalingDown = False NotScalingDown\n"
     "conditions Paused = False NotPaused\n"
     "conditions Deleting = False NotDeleting\n"
     "conditions PolicyApproved = True Approved\n"
     "conditions Reconciled = True Reconciled\n"
     "deprecated.v1beta1.conditions Ready = True\n"
     "!v1beta2\n"
     "!infrastructureReady"},
    {"a control plane that the cloud runs has no machines",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_managed_spec,
      .cloud = &status_managed_cloud},
     "controlPlane.replicas = 0\n"
     "controlPlane.versions[0].version = v1.31.2\n"
     "conditions ControlPlaneAvailable = True Available\n"
     "!controlPlane.versions[0].replicas"},
    {"a control plane that the cloud runs is upgraded",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_managed_spec,
      .cloud = &managed_behind,
      .step = "upgrade control plane to 1.31.2"},
     "controlPlane.versions[0].version = v1.30.4\n"
     "conditions RollingOut = True RollingOut: Rolling out another version\n"
     "conditions Reconciled = False Upgrading: upgrade control plane to 1.31.2"},
    {"pools are upgraded, one machine more meanwhile",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &upgrading,
      .step = "upgrade pool a to 1.31.2"},
     "phase = Provisioned\n"
     "conditions Available = True Available\n"
     "workers.desiredReplicas = 5\n"
     "workers.replicas = 6\n"
     "workers.upToDateReplicas = 1\n"
     "conditions RollingOut = True RollingOut: Rolling out 5 not up-to-date replicas\n"
     "conditions ScalingDown = False NotScalingDown\n"
     "conditions Reconciled = False Upgrading: upgrade pool a to 1.31.2\n"
     "deprecated.v1beta1.conditions Reconciled = False Upgrading Info: upgrade pool a to 1.31.2"},
    {"what waits says for what",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &upgrading,
      .waits = "waits for canary cluster dev/eu-1"},
     "conditions Reconciled = False Waiting: waits for canary cluster dev/eu-1"},
    {"creation has failed",
     OLD_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &failed,
      .problem = "no capacity in eu"},
     "phase = Failed\n"
     "conditions Ready = False WaitingForInfrastructure Error: InfrastructureReady: infrastructure has "
     "failed: no "
     "capacity in eu\n"
     "conditions Reconciled = False Problem Error: no capacity in eu"},
    {"a control plane without quorum",
     NEW_CLUSTER
     ",'status':{'initialization':{'infrastructureProvisioned':true,'controlPlaneInitialized':true}}}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &no_quorum},
     "phase = Provisioned\n"
     "conditions ControlPlaneAvailable = False NotAvailable: 1 of 3 control plane machines are ready\n"
     "conditions Available = False NotAvailable: ControlPlaneAvailable: 1 of 3 control plane machines are "
     "ready\n"
     "conditions ControlPlaneInitialized = True Initialized"},
    {"reported drift",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &status_cloud,
      .drift = "pool a has 9 replicas, 2 were approved"},
     "conditions Available = True Available\n"
     "conditions Reconciled = False Drifted: pool a has 9 replicas, 2 were approved"},
    {"a denied change leaves what was approved in force",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_DENIED,
      .approval_text = "[version-skew] Cluster prod/eu-1: spec.topology.version",
      .spec = &status_spec,
      .cloud = &status_cloud},
     "observedGeneration = 4\n"
     "conditions Available = True Available\n"
     "conditions PolicyApproved = False Denied: [version-skew] Cluster prod/eu-1: spec.topology.version\n"
     "conditions Reconciled = False NotApproved: the spec that was approved last is in force"},
    {"held",
     NEW_CLUSTER "}",
     {.is_known = true, .approval = APPROVAL_HELD, .approval_text = "its attestation is missing"},
     "conditions PolicyApproved = False Held: its attestation is missing"},
    {"unreachable is not absent: what it was, it stays",
     NEW_CLUSTER ",'status':{'phase':'Provisioned','initialization':{'infrastructureProvisioned':true,"
                 "'controlPlaneInitialized':true},'workers':{'replicas':5},'conditions':[{'type':"
                 "'InfrastructureReady','status':'True','reason':'Ready','message':'',"
                 "'lastTransitionTime':'2025-06-01T00:00:00Z'}]}}",
     {.unreachable = true, .approval = APPROVAL_APPROVED, .spec = &status_spec},
     "phase = Provisioned\n"
     "initialization.infrastructureProvisioned = true\n"
     "initialization.controlPlaneInitialized = true\n"
     "workers.replicas = 5\n"
     "conditions InfrastructureReady = True Ready\n"
     "conditions InfrastructureReady since 2025-06-01T00:00:00Z\n"
     "conditions RemoteConnectionProbe = False ProbeFailed: no answer: what is said of this cluster is from "
     "before\n"
     "conditions Available = False NotAvailable: RemoteConnectionProbe: no answer: what is said of this "
     "cluster is "
     "from before\n"
     "conditions Reconciled = False ProviderUnreachable: the provider does not answer; nothing is changed "
     "until it "
     "does"},
    {"after a start, before the provider has answered, nothing is taken back",
     OLD_CLUSTER ",'status':{'phase':'Provisioned','infrastructureReady':true,'controlPlaneReady':true,"
                 "'conditions':[{'type':'Ready','status':'True','lastTransitionTime':'2025-06-01T00:00:00Z'},"
                 "{'type':'ControlPlaneInitialized','status':'True','lastTransitionTime':"
                 "'2025-06-01T00:00:00Z'}]}}",
     {.approval = APPROVAL_APPROVED, .spec = &status_spec},
     "phase = Provisioned\n"
     "infrastructureReady = true\n"
     "conditions Ready = True\n"
     "conditions Ready since 2025-06-01T00:00:00Z\n"
     "conditions Reconciled = Unknown ProviderUnknown: the provider has not answered yet"},
    {"somebody has deleted it in the cloud",
     NEW_CLUSTER
     ",'status':{'initialization':{'infrastructureProvisioned':true,'controlPlaneInitialized':true}}}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .step = "create cluster 1.31.2"},
     "phase = Provisioning\n"
     "initialization.infrastructureProvisioned = true\n"
     "conditions InfrastructureReady = False Deleted: infrastructure is gone\n"
     "conditions Reconciled = False Creating: create cluster 1.31.2"},
    {"being deleted",
     NEW_CLUSTER "}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &status_cloud,
      .deleting = true,
      .step = "delete pool a"},
     "phase = Deleting\n"
     "conditions Deleting = True WaitingForWorkersDeletion: delete pool a\n"
     "conditions Available = False NotAvailable: delete pool a\n"
     "deprecated.v1beta1.conditions Ready = False Deleting Info: delete pool a\n"
     "conditions Reconciled = False Deleting: delete pool a"},
    {"deleted by somebody, and not approved",
     "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod',"
     "'deletionTimestamp':'2026-01-01T00:00:00Z'}}",
     {.is_known = true,
      .approval = APPROVAL_HELD,
      .approval_text = "the delete is not approved",
      .spec = &status_spec,
      .cloud = &status_cloud},
     "phase = Deleting\n"
     "conditions Deleting = True WaitingForApproval\n"
     "conditions PolicyApproved = False Held: the delete is not approved\n"
     "!observedGeneration"},
    {"paused, by the annotation's presence",
     "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod',"
     "'annotations':{'cluster.x-k8s.io/paused':'false'}}}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &status_cloud},
     "conditions Paused = True Paused\n"
     "conditions Reconciled = False Paused: nothing is done while it is paused"},
    {"a topology, whose control plane is behind",
     "{'apiVersion':'cluster.x-k8s.io/"
     "v1beta2','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod'},"
     "'spec':{'topology':{'version':'v1.31.2'}}}",
     {.is_known = true,
      .approval = APPROVAL_APPROVED,
      .spec = &status_spec,
      .cloud = &(const struct cloud_cluster){.owner = "u-1",
                                             .version = "1.30.4",
                                             .target = "1.31.2",
                                             .state = CLOUD_UPDATING,
                                             .control_plane_replicas = 3,
                                             .control_plane_ready = 3,
                                             .endpoint_host = "eu-1.example",
                                             .endpoint_port = 6443},
      .step = "upgrade control plane to 1.31.2"},
     "controlPlane.versions[0].version = v1.30.4\n"
     "controlPlane.upToDateReplicas = 0\n"
     "conditions TopologyReconciled = False ControlPlaneUpgradePending: upgrade control plane to 1.31.2\n"
     "deprecated.v1beta1.conditions TopologyReconciled = False ControlPlaneUpgradePending Info: upgrade "
     "control "
     "plane to 1.31.2"},
    {"conditions of others stay, and an unchanged status keeps its time",
     NEW_CLUSTER
     ",'status':{'conditions':[{'type':'RemediationAllowed','status':'True','reason':'Mine','message':"
     "'x','lastTransitionTime':'2024-01-01T00:00:00Z','extra':1},{'type':'Available','status':'True',"
     "'reason':'Old','message':'','lastTransitionTime':'2024-01-01T00:00:00Z'},{'type':'Ready',"
     "'status':'False','reason':'Old','message':'','lastTransitionTime':'2024-01-01T00:00:00Z'}]}}",
     {.is_known = true, .approval = APPROVAL_APPROVED, .spec = &status_spec, .cloud = &status_cloud},
     "conditions RemediationAllowed = True Mine: x\n"
     "conditions RemediationAllowed since 2024-01-01T00:00:00Z\n"
     "conditions Available = True Available\n"
     "conditions Available since 2024-01-01T00:00:00Z\n"
     "conditions Ready = True Ready\n"
     "conditions Ready since 2026-01-01T00:00:00Z"},
    {"a new generation that was not judged keeps the old number",
     NEW_CLUSTER ",'status':{'observedGeneration':3}}",
     {.is_known = true, .spec = &status_spec, .cloud = &status_cloud},
     "observedGeneration = 3\n"
     "conditions PolicyApproved = Unknown NotJudged: this spec has not been judged yet"},
};

static void clusters_say_what_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(document_free) struct document *object = document_of(cases[i].object);
        struct status_question question = cases[i].question;
        question.object = question.cluster = document_root(object);
        question.now_s = STATUS_NOW_S;
        CLEANUP(document_free) struct document *after = status_after(cases[i].name, &question);
        expect_lines(cases[i].name, node_get(document_root(after), "status"), cases[i].expected);
    }
}

// An older API server drops fields that it does not know: they must not be written for ever.
static void fields_that_are_dropped_are_no_reason_to_write(void **state) {
    (void)state;
    CLEANUP(document_free)
    struct document *object = document_of(OLD_CLUSTER "}");
    struct status_question question = {.is_known = true,
                                       .approval = APPROVAL_APPROVED,
                                       .spec = &status_spec,
                                       .cloud = &status_cloud,
                                       .now_s = STATUS_NOW_S};
    question.object = question.cluster = document_root(object);
    CLEANUP(buffer_clear) struct buffer text, patch;
    buffer_init(&text, 1 << 20);
    buffer_init(&patch, 1 << 20);
    CLEANUP(document_free) struct document *after = status_after("first", &question);
    json_canonical_append(&text, document_root(after));
    char *dropped = strstr(text.data, "\"v1beta2\":{");
    assert_non_null(dropped);
    dropped[1] = 'X';
    struct error error = {0};
    CLEANUP(document_free) struct document *stored = NULL;
    assert_true(json_read_copy(text.data, text.length, &document_default_limits, &stored, &error));
    question.object = question.cluster = document_root(stored);
    assert_false(cluster_status_patch(&question, &patch));
}

// The API server refuses bytes that are no text, and messages that are too long.
static void what_a_cloud_says_fits(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *object = document_of(OLD_CLUSTER "}");
    char problem[20000];
    memset(problem, 'x', sizeof(problem) - 1);
    problem[sizeof(problem) - 1] = '\0';
    memcpy(problem, "no \xff room ", 10);
    struct status_question question = {.is_known = true,
                                       .approval = APPROVAL_APPROVED,
                                       .spec = &status_spec,
                                       .problem = problem,
                                       .now_s = STATUS_NOW_S};
    question.object = question.cluster = document_root(object);
    CLEANUP(document_free) struct document *after = status_after("problem", &question);
    const struct node *conditions = node_get(node_get(document_root(after), "status"), "conditions");
    const char *message = NULL;
    NODE_EACH(condition, conditions) {
        if (strcmp(node_string(node_get(condition, "type")), "Reconciled") == 0) {
            message = node_string(node_get(condition, "message"));
        }
    }
    assert_non_null(message);
    expect_contains("scrubbed", message, "no ? room xxx");
    expect_integer("cut", (int64_t)strlen(message), 4096);
}

static void a_patch_names_the_object_that_was_read(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *object = document_of(NEW_CLUSTER "}");
    struct status_question question = {.is_known = true, .now_s = STATUS_NOW_S};
    question.object = question.cluster = document_root(object);
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, 1 << 20);
    assert_true(cluster_status_patch(&question, &patch));
    expect_contains("uid", buffer_text(&patch), "\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"7\"}");
}

static void what_is_no_part_of_a_cluster_says_nothing(void **state) {
    (void)state;
    static const char *const objects[] = {
        "{'apiVersion':'v1','kind':'Secret'}",
        "{'apiVersion':'anywhere.eks.amazonaws.com/v1','kind':'Cluster'}",
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'ClusterClass'}",
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSMachineTemplate'}",
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSClusterTemplate'}",
        "{'kind':'Cluster'}",
        "{}",
    };
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
        CLEANUP(document_free) struct document *object = document_of(objects[i]);
        struct status_question question = {.object = document_root(object), .cluster = document_root(object)};
        CLEANUP(buffer_clear) struct buffer patch;
        buffer_init(&patch, 1 << 20);
        expect_true(objects[i], !cluster_status_patch(&question, &patch), "no status");
        expect_true(objects[i], !cluster_metadata_patch(&question, true, &patch), "no metadata");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_say_what_they_are),
        cmocka_unit_test(fields_that_are_dropped_are_no_reason_to_write),
        cmocka_unit_test(what_a_cloud_says_fits),
        cmocka_unit_test(a_patch_names_the_object_that_was_read),
        cmocka_unit_test(what_is_no_part_of_a_cluster_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
