# shellcheck shell=bash disable=SC2034  # used by the cases
# Sample objects, each printed as YAML. To be sourced.
#
# Where METADATA is an argument it is one or two lines of flow YAML: 'labels: {environment: production}'.

PROTECTED='labels: {environment: production}'
PRUNE='.metadata.annotations.kustomize\.toolkit\.fluxcd\.io/prune'
readonly PROTECTED PRUNE

# cluster NAME [METADATA]: a Cluster on AWS with kubeadm, in the v1beta1 shape.
cluster() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: $1
  ${2:-}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
    services: {cidrBlocks: [10.96.0.0/12]}
  infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSCluster, name: $1}
  controlPlaneRef: {apiVersion: controlplane.cluster.x-k8s.io/v1beta1, kind: KubeadmControlPlane, name: $1}
YAML
}

# topology_cluster NAME VERSION REGION WORKERS [METADATA]: from a ClusterClass, in the v1beta2 shape.
topology_cluster() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: $1
  ${5:-}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
  topology:
    classRef: {name: aws-standard}
    version: $2
    variables:
    - {name: region, value: $3}
    controlPlane: {replicas: 3}
    workers:
      machineDeployments:
      - {class: default-worker, name: md-0, replicas: $4}
YAML
}

# aws_cluster NAME REGION [METADATA]
aws_cluster() {
    cat <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSCluster
metadata:
  name: $1
  ${3:-}
spec:
  region: $2
  sshKeyName: default
YAML
}

# aks_control_plane NAME LOCATION VERSION
aks_control_plane() {
    cat <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: AzureManagedControlPlane
metadata:
  name: $1
spec:
  location: $2
  resourceGroupName: $1
  subscriptionID: 00000000-0000-0000-0000-000000000000
  version: $3
YAML
}

# kubeadm_control_plane NAME VERSION REPLICAS
kubeadm_control_plane() {
    cat <<YAML
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata:
  name: $1
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  replicas: $3
  version: $2
  kubeadmConfigSpec:
    clusterConfiguration: {}
  machineTemplate:
    infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSMachineTemplate, name: $1}
YAML
}

# workers KIND NAME REPLICAS [METADATA]: KIND is MachineDeployment, MachineSet or MachinePool, of cluster NAME.
workers() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta1
kind: $1
metadata:
  name: $2
  ${4:-labels: {cluster.x-k8s.io/cluster-name: $2\}}
spec:
  clusterName: $2
  replicas: $3
  selector:
    matchLabels: {}
  template:
    spec:
      clusterName: $2
      version: v1.31.0
      bootstrap: {dataSecretName: $2-bootstrap}
      infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSMachineTemplate, name: $2}
YAML
}

# flux_kustomization NAME PRUNE FORCE: delivers clusters and waits for one of them.
flux_kustomization() {
    cat <<YAML
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: $1
spec:
  interval: 10m
  path: ./capi/clusters
  prune: $2
  force: $3
  sourceRef: {kind: GitRepository, name: fleet}
  healthChecks:
  - {apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, name: eu-1, namespace: prod}
YAML
}

# fleet_member NAME: all objects of a small production cluster, as they stand in Git.
fleet_member() {
    aws_cluster "$1" eu-west-1
    echo ---
    cluster "$1" "$PROTECTED"
    echo ---
    kubeadm_control_plane "$1" v1.31.0 3
    echo ---
    workers MachineDeployment "$1" 3
}
