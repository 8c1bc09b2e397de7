# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

to_version() { merge alice "$1" "{\"spec\":{\"version\":\"$2\"}}"; }
to_topology_version() { merge alice "$1" "{\"spec\":{\"topology\":{\"version\":\"$2\"}}}"; }

case_update_control_plane_version() {
    allowed create alice "$(kubeadm_control_plane cp v1.30.2 3)"
    denied version-skew to_version kubeadmcontrolplane/cp v1.32.0
    contains "$output" "spec.version"
    denied version-skew to_version kubeadmcontrolplane/cp v1.29.9
    denied version-skew to_version kubeadmcontrolplane/cp v1.30.1
    equal "version after three denials" v1.30.2 "$(field kubeadmcontrolplane/cp .spec.version)"
    allowed to_version kubeadmcontrolplane/cp v1.30.9
    allowed to_version kubeadmcontrolplane/cp v1.31.0
    equal "version after two steps" v1.31.0 "$(field kubeadmcontrolplane/cp .spec.version)"
}

case_update_topology_version() {
    allowed create alice "$(topology_cluster top v1.30.2 eu-west-1 3)"
    denied version-skew to_topology_version cluster/top v1.32.0
    contains "$output" "spec.topology.version"
    denied version-skew to_topology_version cluster/top v1.29.9
    allowed to_topology_version cluster/top v1.31.0
}

case_update_aks_version() {
    allowed create alice "$(aks_control_plane aks westeurope v1.30.2)"
    denied version-skew to_version azuremanagedcontrolplane/aks v1.32.0
    denied version-skew to_version azuremanagedcontrolplane/aks v1.29.2
    allowed to_version azuremanagedcontrolplane/aks v1.31.0
}

case_update_region() {
    allowed create alice "$(aws_cluster mover eu-west-1)"
    denied region-limits merge alice awscluster/mover '{"spec":{"region":"us-east-1"}}'
    equal "region after the denial" eu-west-1 "$(field awscluster/mover .spec.region)"
}

# kubectl's client-side apply prints another form around the same denial.
case_update_by_client_side_apply() {
    allowed in_namespace alice apply --validate=false -f <(aws_cluster csa eu-west-1)
    denied region-limits in_namespace alice apply --validate=false -f <(aws_cluster csa us-east-1)
}

# Objects that were there before the gate, or got in while it was down, stay workable.
case_update_does_not_have_to_repair() {
    namespace="e2e-legacy"
    allowed merge alice awscluster/old '{"metadata":{"labels":{"team":"a"}}}'
    allowed merge alice machinedeployment/big '{"metadata":{"labels":{"team":"a"}}}'
    allowed merge alice machinedeployment/big '{"spec":{"replicas":30}}'
    denied node-counts merge alice machinedeployment/big '{"spec":{"replicas":31}}'
}

# What Cluster API's own controllers write to a production cluster.
case_update_by_controllers() {
    local path=/apis/cluster.x-k8s.io/v1beta1/namespaces/$namespace/clusters/prod/status
    allowed create alice "$(cluster prod "$PROTECTED")"
    allowed merge capi cluster/prod '{"metadata":{"finalizers":["cluster.cluster.x-k8s.io"]}}'
    allowed merge capi cluster/prod '{"spec":{"controlPlaneEndpoint":{"host":"10.0.0.1","port":6443}}}'
    allowed create capi "$(workers MachineSet prod 3)"
    allowed api capi PATCH "$path" -f -H 'Content-Type: application/merge-patch+json' \
        --data '{"status":{"phase":"Provisioned"}}'
    equal "phase" Provisioned "$(field cluster/prod .status.phase)"
}
