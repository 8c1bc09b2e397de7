# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# A gate that knows the fleet: what one object alone does not tell, and what it does while the API server is away.

# until SECONDS COMMAND...: tries again until it succeeds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    ((++checks))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

case_fleet_judges_what_other_objects_say() {
    replicas_start whole 1 "$main_config"
    allowed create alice "$(aws_cluster eu-1 eu-west-1)"
    allowed create alice "$(cluster eu-1)"
    allowed create alice "$(kubeadm_control_plane eu-1 v1.30.0 3)"
    # The MachineDeployment says v1.31.0: newer than its control plane, which is another object.
    denied version-skew create alice "$(workers MachineDeployment eu-1 3)"
    missing machinedeployment/eu-1
    allowed json_patch alice kubeadmcontrolplane/eu-1 '[{"op": "replace", "path": "/spec/version", "value": "v1.31.0"}]'
    allowed create alice "$(workers MachineDeployment eu-1 3)"
}

case_fleet_not_ready_without_the_api_server() {
    local port
    port=$(free_port)
    sed "s|$cluster_url|https://127.0.0.1:$port|" "$cluster_dir/fleetgate.kubeconfig" >"$cluster_dir/blind.kubeconfig"
    process_start blind "$fleetgate" serve --listen "127.0.0.1:0" --ops-listen 127.0.0.1:0 \
        --tls-cert "$cluster_dir/certs/tls.crt" --tls-key "$cluster_dir/certs/tls.key" --config "$main_config" \
        --kubeconfig "$cluster_dir/blind.kubeconfig" --namespace fleetgate-blind --identity blind \
        --port-file "$cluster_dir/blind.ports"
    wait_for blind 20 test -s "$cluster_dir/blind.ports" || fail "it did not start: $(tail -n 3 "$cluster_dir/blind.log")"
    gate_ops_port[blind]=$(sed -n 's/^ops //p' "$cluster_dir/blind.ports")
    contains "$(gate_ops blind /readyz)" "fleet: not read yet"
    equal "the status of /readyz" 503 "$(gate_ops blind /readyz -o /dev/null -w '%{http_code}')"
}
