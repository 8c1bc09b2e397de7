# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run
# Approved specs become clusters of the embedded cloud, by one of several replicas, whatever happens to it.

readonly reconcile_kill_seconds=${E2E_KILL_SECONDS:-30}

# driven_cluster NAME [METADATA]: a Cluster with kubeadm that the reconciler drives, in the v1beta2 shape.
driven_cluster() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: $1
  labels: {fleetgate.dev/provider: sim${2:+, $2}}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
    services: {cidrBlocks: [10.96.0.0/12]}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSCluster, name: $1}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: KubeadmControlPlane, name: $1}
YAML
}

# driven_control_plane NAME VERSION
driven_control_plane() {
    cat <<YAML
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KubeadmControlPlane
metadata:
  name: $1
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  replicas: 3
  version: $2
  kubeadmConfigSpec: {clusterConfiguration: {}}
  machineTemplate:
    spec:
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: $1}
YAML
}

# driven_pool CLUSTER POOL VERSION REPLICAS
driven_pool() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta2
kind: MachineDeployment
metadata:
  name: $1-$2
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  clusterName: $1
  replicas: $4
  selector: {matchLabels: {}}
  template:
    spec:
      clusterName: $1
      version: $3
      bootstrap: {dataSecretName: $1-bootstrap}
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: $1}
YAML
}

# driven_member NAME VERSION REPLICAS: all of it, with two pools.
driven_member() {
    aws_cluster "$1" eu-west-1
    echo ---
    driven_cluster "$1"
    echo ---
    driven_control_plane "$1" "$2"
    echo ---
    driven_pool "$1" a "$2" "$3"
    echo ---
    driven_pool "$1" b "$2" "$3"
}

# managed_member NAME VERSION REPLICAS: the same on EKS.
managed_member() {
    cat <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSManagedCluster
metadata: {name: $1}
spec: {}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: $1
  labels: {fleetgate.dev/provider: sim}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedCluster, name: $1}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: AWSManagedControlPlane, name: $1}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: AWSManagedControlPlane
metadata: {name: $1}
spec: {region: eu-west-1, version: $2, eksClusterName: $1}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSManagedMachinePool
metadata: {name: $1-a}
spec: {scaling: {minSize: 1, maxSize: 10}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: MachinePool
metadata:
  name: $1-a
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  clusterName: $1
  replicas: $3
  template:
    spec:
      clusterName: $1
      version: $2
      bootstrap: {dataSecretName: ""}
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedMachinePool, name: $1-a}
YAML
}

# reconcilers_start NAME COUNT CONFIG [OPTION...]: replicas that share one embedded cloud, $cluster_dir/NAME.sim.
reconcilers_start() {
    local name=$1 count=$2 config=$3
    shift 3
    [[ -s $cluster_dir/$name.keys ]] || "$fleetgate" keys new "$cluster_dir/$name.keys" >/dev/null
    replicas_start "$name" "$count" "$config" --attestation-keys "$cluster_dir/$name.keys" --reconcile \
        --sim-state "$cluster_dir/$name.sim" --sim-pace "${sim_pace:-300}" "$@"
}

# condition KIND/NAME TYPE: "True Reason message".
condition() {
    in_namespace admin get "$1" \
        -o "jsonpath={.status.conditions[?(@.type==\"$2\")].status} {.status.conditions[?(@.type==\"$2\")].reason} {.status.conditions[?(@.type==\"$2\")].message}" 2>/dev/null
}
has_condition() { [[ $(condition "$1" "$2") == "$3 "* ]]; }
has_field() { [[ $(field "$1" "$2" 2>/dev/null) == "$3" ]]; }

# becomes SECONDS WHAT COMMAND...
becomes() {
    local seconds=$1 what=$2
    shift 2
    until_true "$seconds" "$@" || fail "expected within $seconds s: $what; came:
$(reconcile_state)"
}

reconcile_state() {
    in_namespace admin get clusters,kubeadmcontrolplanes,machinedeployments,machinepools \
        -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.status.phase} {range .status.conditions[*]}{.type}={.status}({.reason}: {.message}) {end}{"\n"}{end}' 2>&1 | cut -c1-600
    grep -hE ' (warn|error) ' "$cluster_dir"/*-[0-9].log 2>/dev/null | tail -n 5
}

is_up() {
    has_condition "cluster/$1" Available True && has_field "cluster/$1" .status.phase Provisioned
}

case_reconcile_a_life() {
    reconcilers_start life 1 "$main_config"
    allowed apply alice "$(driven_member eu-1 v1.30.4 2)"
    becomes 90 "eu-1 comes up" is_up eu-1
}
