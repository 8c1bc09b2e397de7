# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# What an API server asked, masked and written down, is judged the same again; and otherwise by other policies.
case_replay() {
    local log=$cluster_dir/main.decisions summary='[0-9]+ replayed: [0-9]+ same, 0 newly denied, 0 newly allowed, 0 different,'
    allowed create alice "$(fleet_member eu-1)"
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)"
    contains "$(<"$log")" "\"namespace\":\"$namespace\",\"name\":\"eu-7\""
    grep -F "\"namespace\":\"$namespace\"" "$log" >"$cluster_dir/replay.log"
    run_for_output "$fleetgate" replay --config "$main_config" "$cluster_dir/replay.log" || fail "exit code $?: $output"
    matches "$output" "$summary"
    sed 's/eu-west-1/eu-north-1/' "$main_config" >"$cluster_dir/replay.yaml"
    ! run_for_output "$fleetgate" replay --config "$cluster_dir/replay.yaml" "$cluster_dir/replay.log" ||
        fail "nothing changes: $output"
    contains "$output" "newly allowed: CREATE AWSCluster $namespace/eu-7 by alice"
    contains "$output" "newly denied: CREATE AWSCluster $namespace/eu-1 by alice"
}

# A gate that knows the fleet judged with more than the log holds: what it can't judge again is undecided, nothing differs.
case_replay_of_a_gate_that_knows_the_fleet() {
    local log=$cluster_dir/known.decisions config=$cluster_dir/known.yaml
    rm -f "$log"
    sed 's/max_per_pool: 10/max_per_pool: 10, max_nodes_per_namespace: 12/' "$main_config" >"$config"
    replicas_start known 1 "$config" --decision-log "$log"
    allowed create alice "$(fleet_member eu-1)"
    denied node-counts scale alice machinedeployment/eu-1 9
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)"
    denied prune-safety delete alice machinedeployment/eu-1 # the last pool of a protected cluster
    until_true 20 grep -q '"operation":"DELETE"' "$log" || fail "the delete is not in the log"
    contains "$(<"$log")" "\"name\":\"eu-7\""
    run_for_output "$fleetgate" replay --config "$config" "$log" || fail "exit code $?: $output"
    matches "$output" '[0-9]+ replayed: [0-9]+ same, 0 newly denied, 0 newly allowed, 0 different,'
    sed -i 's/eu-west-1/eu-north-1/' "$config"
    ! run_for_output "$fleetgate" replay --config "$config" "$log" || fail "nothing changes: $output"
    contains "$output" "newly allowed: CREATE AWSCluster $namespace/eu-7 by alice"
}
