# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

case_create_allowed() {
    allowed create alice "$(fleet_member eu-1)"
    exists awscluster/eu-1
    exists cluster/eu-1
    exists kubeadmcontrolplane/eu-1
    exists machinedeployment/eu-1
}

# The whole text, as a person sees it: DESIGN.md, "Message".
case_create_denied_text() {
    local line='[^[:cntrl:]]+' nl=$'\n'
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)"
    matches "$output" "(^|$nl)Error from server \\(Forbidden\\): error when creating \"STDIN\": admission webhook \
\"clusters\\.validate\\.main\\.fleetgate\\.dev\" denied the request: \
\\[region-limits\\] (AWS)?Cluster $namespace/eu-7 spec\\.region: region eu-north-1 is not allowed\
(${nl}  $line)*$nl  got eu-north-1; allowed eu-west-1, eu-central-1, westeurope\
(${nl}  $line)*$nl  fix: $line$nl  (docs: $line +)?decision: [0-9a-f]{8}$"
    missing awscluster/eu-7
}

case_create_names_every_violation() {
    denied '[a-z-]+' create alice "$(topology_cluster both v1.31.0 eu-north-1 11)"
    contains "$output" "[region-limits] "
    contains "$output" "[node-counts] "
    contains "$output" "spec.topology.workers.machineDeployments[0].replicas"
    missing cluster/both
}

case_create_aks() {
    allowed create alice "$(aks_control_plane west westeurope v1.31.0)"
    denied region-limits create alice "$(aks_control_plane north northeurope v1.31.0)"
    contains "$output" "spec.location"
}

case_create_v1beta2_cluster() {
    allowed create alice "$(topology_cluster eu-2 v1.31.0 eu-west-1 3)"
    equal "the region variable that is stored" eu-west-1 "$(field cluster/eu-2 '.spec.topology.variables[0].value')"
    denied region-limits create alice "$(topology_cluster us-2 v1.31.0 us-east-1 3)"
}

case_create_pool_over_the_limit() {
    local kind
    for kind in MachineDeployment MachineSet MachinePool; do
        allowed create alice "$(workers "$kind" ten 10)"
        denied node-counts create alice "$(workers "$kind" eleven 11)"
        contains "$output" "spec.replicas"
    done
}

case_create_with_generated_name() {
    allowed create alice "$(aws_cluster x eu-west-1 | sed 's/^  name: .*/  generateName: eu-/')"
    denied region-limits create alice "$(aws_cluster x us-east-1 | sed 's/^  name: .*/  generateName: us-/')"
}

# The gate's text must never make Flux delete and recreate a cluster, whatever a field holds.
case_denial_never_looks_immutable() {
    local region
    for region in 'zone is immutable' 'immutable field' 'field is immutable: Invalid value' 'Conflict'; do
        denied region-limits create kustomize "$(aws_cluster eu-7 "'$region'")"
        ((++checks))
        [[ ! $output =~ is[[:space:]]immutable|immutable[[:space:]]field ]] ||
            fail "expected a text that Flux does not take for an immutable field
came: $output"
    done
}
