# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

resource_versions() {
    local object
    for object in awscluster cluster kubeadmcontrolplane machinedeployment; do
        echo "$object=$(field "$object/$1" .metadata.resourceVersion)"
    done
}

# What Flux compares to find drift: the stored object and the answer to a dry run of its manifest.
no_drift() {
    local object=$1 manifest=$2 parts='{.metadata.labels}{.metadata.annotations}{.spec}'
    equal "$object after a dry run" "$(field "$object" "${parts:1:-1}")" \
        "$(flux_apply "$manifest" --dry-run=server -o "jsonpath=$parts")"
}

case_server_side_apply() {
    allowed apply alice "$(fleet_member eu-1)"
    exists cluster/eu-1
    denied region-limits apply alice "$(aws_cluster eu-7 us-east-1)"
    missing awscluster/eu-7
    denied region-limits apply alice "$(aws_cluster eu-1 us-east-1)"
    denied version-skew apply alice "$(kubeadm_control_plane eu-1 v1.33.0 3)"
    allowed apply alice "$(kubeadm_control_plane eu-1 v1.32.0 3)"
}

# Flux first dry-runs all objects of a stage, then applies them.
case_flux_apply() {
    allowed flux_apply "$(fleet_member eu-1)" --dry-run=server
    missing cluster/eu-1
    allowed flux_apply "$(fleet_member eu-1)"
    equal "field manager" kustomize-controller "$(field cluster/eu-1 '.metadata.managedFields[0].manager')"
    denied region-limits flux_apply "$(aws_cluster eu-7 us-east-1)" --dry-run=server
    denied region-limits flux_apply "$(aws_cluster eu-7 us-east-1)"
    missing awscluster/eu-7
}

case_defaults_are_set() {
    allowed apply alice "$(cluster eu-1 "$PROTECTED")"
    equal "Flux's prune annotation" disabled "$(field cluster/eu-1 "$PRUNE")"
    allowed create alice "$(kubeadm_control_plane eu-1 1.31.0 3)"
    equal "version" v1.31.0 "$(field kubeadmcontrolplane/eu-1 .spec.version)"
    allowed create alice "$(topology_cluster eu-2 1.31.0 eu-west-1 3)"
    equal "topology version" v1.31.0 "$(field cluster/eu-2 .spec.topology.version)"
}

case_default_survives_apply_without_drift() {
    local first
    allowed flux_apply "$(fleet_member eu-1)"
    equal "Flux's prune annotation" disabled "$(field cluster/eu-1 "$PRUNE")"
    first=$(resource_versions eu-1)
    no_drift cluster/eu-1 "$(cluster eu-1 "$PROTECTED")"
    allowed flux_apply "$(fleet_member eu-1)"
    equal "resource versions after the second apply" "$first" "$(resource_versions eu-1)"
    allowed flux_apply "$(fleet_member eu-1)"
    equal "resource versions after the third apply" "$first" "$(resource_versions eu-1)"
    equal "Flux's prune annotation" disabled "$(field cluster/eu-1 "$PRUNE")"
}

# The manifest in Git says 1.31.0, what is stored says v1.31.0, and neither wins for ever. (The resource version
# says nothing here: a 1.20 server writes a new time into managedFields at each such apply.)
case_version_prefix_survives_apply_without_drift() {
    local manifest
    manifest=$(kubeadm_control_plane eu-1 1.31.0 3)
    allowed flux_apply "$manifest"
    no_drift kubeadmcontrolplane/eu-1 "$manifest"
    allowed flux_apply "$manifest"
    no_drift kubeadmcontrolplane/eu-1 "$manifest"
    equal "version" v1.31.0 "$(field kubeadmcontrolplane/eu-1 .spec.version)"
}
