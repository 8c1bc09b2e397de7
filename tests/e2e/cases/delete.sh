# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

approve() { merge alice "cluster/$1" "{\"metadata\":{\"annotations\":{\"fleetgate.dev/allow-delete\":\"$2\"}}}"; }

delete_collection() { kube alice delete --raw "/apis/cluster.x-k8s.io/v1beta1/namespaces/$namespace/clusters$1"; }

case_delete_protected_denied() {
    allowed create alice "$(cluster prod "$PROTECTED")"
    denied prune-safety delete alice cluster/prod
    contains "$output" "fleetgate.dev/allow-delete"
    denied prune-safety delete kustomize cluster/prod
    denied prune-safety delete helm cluster/prod
    denied prune-safety delete admin cluster/prod
    denied prune-safety delete alice clusters.v1beta2.cluster.x-k8s.io/prod
    denied prune-safety delete alice cluster/prod --cascade=orphan
    exists cluster/prod
}

case_delete_protected_by_annotation_denied() {
    allowed create alice "$(cluster kept 'annotations: {fleetgate.dev/protected: "true"}')"
    denied prune-safety delete alice cluster/kept
    exists cluster/kept
}

# What hangs on a protected cluster, when it says so itself.
case_delete_protected_parts_denied() {
    allowed create alice "$(aws_cluster prod eu-west-1 "$PROTECTED")"
    allowed create alice "$(kubeadm_control_plane prod v1.31.0 3 | sed 's/labels: {/&environment: production, /')"
    denied prune-safety delete alice awscluster/prod
    denied prune-safety delete alice kubeadmcontrolplane/prod
    exists awscluster/prod
    exists kubeadmcontrolplane/prod
}

# It deletes everything that it finds in a namespace, unasked.
case_delete_by_namespace_controller() {
    allowed create alice "$(cluster prod "$PROTECTED")"
    allowed create alice "$(cluster dev)"
    denied prune-safety delete namespaces cluster/prod
    allowed delete namespaces cluster/dev
    exists cluster/prod
}

case_delete_approved_allowed() {
    allowed create alice "$(cluster prod "$PROTECTED")"
    allowed approve prod another
    denied prune-safety delete alice cluster/prod
    allowed approve prod prod
    # Else Flux would skip the object and forget it: nothing would ever delete it.
    ((++checks))
    [[ $(field cluster/prod "$PRUNE") != disabled ]] || fail "expected the approval to lift prune: disabled; it stays"
    allowed delete kustomize cluster/prod
    missing cluster/prod
}

case_delete_unprotected_allowed() {
    allowed create alice "$(cluster dev 'labels: {environment: dev}')"
    allowed delete kustomize cluster/dev
    missing cluster/dev
}

case_deletecollection() {
    allowed create alice "$(cluster prod "$PROTECTED")"
    allowed create alice "$(cluster dev-1 'labels: {environment: dev}')"
    allowed create alice "$(cluster dev-2 'labels: {environment: dev}')"
    denied prune-safety delete_collection '?labelSelector=environment%3Dproduction'
    contains "$output" "$namespace/prod"
    exists cluster/prod
    exists cluster/dev-1
    allowed delete_collection '?labelSelector=environment%3Ddev'
    missing cluster/dev-1
    missing cluster/dev-2
    denied prune-safety delete_collection ''
    exists cluster/prod
}

case_delete_again_while_deleting_allowed() {
    allowed create alice "$(cluster prod "$PROTECTED"$'\n  finalizers: [cluster.cluster.x-k8s.io]')"
    allowed approve prod prod
    allowed delete alice cluster/prod
    exists cluster/prod
    # What removes the approval now must not make the deletion hang.
    allowed merge alice cluster/prod '{"metadata":{"annotations":{"fleetgate.dev/allow-delete":null}}}'
    allowed delete alice cluster/prod
    allowed merge capi cluster/prod '{"metadata":{"finalizers":null}}'
    missing cluster/prod
}

# The object itself would be denied today; it has been deleting since before the gate.
case_finalizer_removal_allowed() {
    namespace="e2e-legacy"
    matches "$(field awscluster/doomed .metadata.deletionTimestamp)" '^20'
    allowed json_patch capi awscluster/doomed '[{"op":"remove","path":"/metadata/finalizers"}]'
    missing awscluster/doomed
}

case_garbage_collector_allowed() {
    local uid owner
    allowed create alice "$(cluster prod "$PROTECTED"$'\n  finalizers: [cluster.cluster.x-k8s.io]')"
    uid=$(field cluster/prod .metadata.uid)
    owner="ownerReferences: [{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, name: prod, uid: $uid}]"
    allowed create capi "$(workers MachineDeployment prod 3 "$owner")"
    allowed approve prod prod
    allowed delete alice cluster/prod
    allowed delete gc machinedeployment/prod
    missing machinedeployment/prod
}

# There is no namespace controller here: the namespace stays, and is marked as deleting.
case_delete_namespace_without_clusters_allowed() {
    make_namespace "$namespace-empty"
    allowed kube alice delete namespace "$namespace-empty" --wait=false
    equal "phase" Terminating "$(kube admin get namespace "$namespace-empty" -o 'jsonpath={.status.phase}')"
}

# clusterctl move, on the side that gives the cluster away (domain.md, finding 9).
case_clusterctl_move() {
    local object annotations='[{"op":"add","path":"/metadata/annotations","value":{"clusterctl.cluster.x-k8s.io/delete-for-move":""}}]'
    allowed create alice "$(cluster prod "$PROTECTED"$'\n  finalizers: [cluster.cluster.x-k8s.io]\n  annotations: {fleetgate.dev/protected: "true"}')"
    allowed create alice "$(aws_cluster prod eu-west-1 'finalizers: [awscluster.infrastructure.cluster.x-k8s.io]')"
    allowed create alice "$(workers MachineDeployment prod 3)"
    denied prune-safety delete admin cluster/prod
    allowed merge admin cluster/prod '{"spec":{"paused":true}}'
    for object in machinedeployment/prod awscluster/prod cluster/prod; do
        allowed json_patch admin "$object" "$annotations"
        allowed delete admin "$object"
    done
    for object in awscluster/prod cluster/prod; do
        allowed merge admin "$object" '{"metadata":{"finalizers":null}}'
    done
    missing machinedeployment/prod
    missing awscluster/prod
    missing cluster/prod
}

# The annotation alone is no way around: clusterctl pauses the cluster first.
case_move_annotation_needs_pause() {
    allowed create alice "$(cluster prod "$PROTECTED"$'\n  annotations: {clusterctl.cluster.x-k8s.io/delete-for-move: ""}')"
    denied prune-safety delete alice cluster/prod
    exists cluster/prod
}
