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
