# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# Each decision has an id of its own; everything else must be the same.
without_decision() { sed -E 's/decision: [0-9a-f]+//' <<<"$1"; }

case_dry_run_create() {
    local text
    allowed create alice "$(fleet_member eu-1)" --dry-run=server
    missing cluster/eu-1
    missing awscluster/eu-1
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)" --dry-run=server
    text=$(without_decision "$output")
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)"
    equal "text of the real request" "$text" "$(without_decision "$output")"
    missing awscluster/eu-7
}

case_dry_run_update_delete() {
    allowed create alice "$(cluster prod "$PROTECTED")"
    allowed create alice "$(cluster dev)"
    allowed create alice "$(workers MachineDeployment pool 3)"
    allowed merge alice machinedeployment/pool '{"spec":{"replicas":5}}' --dry-run=server
    denied node-counts merge alice machinedeployment/pool '{"spec":{"replicas":50}}' --dry-run=server
    equal "replicas after dry runs" 3 "$(field machinedeployment/pool .spec.replicas)"
    allowed delete alice cluster/dev --dry-run=server
    exists cluster/dev
    denied prune-safety delete alice cluster/prod --dry-run=server
}

case_dry_run_scale() {
    allowed create alice "$(workers MachineDeployment pool 3)"
    allowed scale alice machinedeployment/pool 5 --dry-run=server
    denied node-counts scale alice machinedeployment/pool 50 --dry-run=server
    equal "replicas after dry runs" 3 "$(field machinedeployment/pool .spec.replicas)"
}
