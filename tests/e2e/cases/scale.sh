# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/e2e/run

scale_within_the_limit() {
    local kind=$1 resource=${1,,}
    allowed create alice "$(workers "$kind" pool 3)"
    denied node-counts scale alice "$resource/pool" 11
    equal "replicas of $kind after the denial" 3 "$(field "$resource/pool" .spec.replicas)"
    allowed scale alice "$resource/pool" 8
    allowed scale alice "$resource/pool" 10
    equal "replicas of $kind" 10 "$(field "$resource/pool" .spec.replicas)"
}

case_scale_machinedeployment() {
    scale_within_the_limit MachineDeployment
    denied node-counts scale alice machinedeployment/pool 12
    contains "$output" "MachineDeployment $namespace/pool"
}

case_scale_machinepool() { scale_within_the_limit MachinePool; }

case_scale_machineset() { scale_within_the_limit MachineSet; }

# It was there before the gate, with more than the limit.
case_scale_down_pool_over_the_limit() {
    namespace="e2e-legacy"
    allowed scale alice machinedeployment/tall 25
    denied node-counts scale alice machinedeployment/tall 26
    equal "replicas after the denial" 25 "$(field machinedeployment/tall .spec.replicas)"
}
