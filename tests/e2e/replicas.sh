# shellcheck shell=bash disable=SC2154  # cluster_dir and friends are set by cluster.sh
# Gates that know the fleet: one or several replicas with the API server behind them. To be sourced after gate.sh.
#
#   replicas_start NAME COUNT CONFIG [OPTION...]   starts COUNT replicas behind one address and sends them the reviews
#                                                  of this case's namespace; their own namespace is fleetgate-NAME
#   replica_kill NAME INDEX                        kill -9
#   replica_start NAME INDEX                       starts it again, on its old ports
#   replica_metric NAME INDEX METRIC               its value, "" when it is not there
#
# With more than one replica haproxy stands before them, as a Service does: whoever is not ready gets no new
# connections and keeps those that it has. balancer_retries: how often it tries another replica when one can't be
# reached (a Service: never).

declare -A replica_port=() replica_ops=() replica_config=() replica_options=()
balancer_retries=3

# gate_rights NAMESPACE: what `fleetgate install` lets the program do, for the one user that plays every gate here.
# A gate's webhook configurations have its namespace's name here.
gate_rights() {
    "$fleetgate" install --namespace "$1" --with audit,reconcile |
        awk 'BEGIN { RS = "---\n" } /\nkind: (Namespace|(Cluster)?Role(Binding)?)\n/ { printf "---\n%s", $0 }' |
        sed -e "s/{kind: ServiceAccount, name: fleetgate, namespace: $1}/{kind: ServiceAccount, name: fleetgate, namespace: fleetgate-system}/" \
            -e "/webhookconfigurations/,/verbs/s/resourceNames: \[fleetgate\]/resourceNames: [$1]/" |
        kube admin apply --validate=false -f - >/dev/null
}

replica_start() {
    local name=$1 index=$2 replica=$1-$2 ports=$cluster_dir/$1-$2.ports
    local tls=(--tls-cert "$cluster_dir/certs/tls.crt" --tls-key "$cluster_dir/certs/tls.key")
    [[ ${replica_options[$name]} != *"--cert-mode self"* ]] || tls=()
    rm -f "$ports"
    # shellcheck disable=SC2086  # options are words
    process_start "$replica" "$fleetgate" serve --listen "127.0.0.1:${replica_port[$replica]}" \
        --ops-listen "127.0.0.1:${replica_ops[$replica]}" "${tls[@]}" \
        --client-ca "$client_ca/ca.crt" --client-name kube-apiserver --config "${replica_config[$name]}" \
        --kubeconfig "$cluster_dir/fleetgate.kubeconfig" --namespace "fleetgate-$name" --identity "$replica" \
        --port-file "$ports" ${replica_options[$name]}
    wait_for "$replica" 30 test -s "$ports" || return 1
    wait_for "$replica" 180 curl -sf --max-time 5 "http://127.0.0.1:${replica_ops[$replica]}/readyz"
}

replica_kill() {
    local replica=$1-$2 pid
    pid=${cluster_pids[$replica]}
    unset "cluster_pids[$replica]"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

replica_metric() {
    curl -s --max-time 10 "http://127.0.0.1:${replica_ops[$1-$2]}/metrics" | sed -n "s/^$3 //p"
}

write_balancer() {
    local name=$1 count=$2 index
    cat <<CONFIG
global
    maxconn 4096
defaults
    mode tcp
    timeout connect 2s
    timeout client 90s
    timeout server 90s
    timeout check 5s
    retries $balancer_retries
    option redispatch 1
listen gate
    bind 127.0.0.1:${gate_port[$name]}
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 100ms fall 1 rise 1
CONFIG
    for ((index = 0; index < count; index++)); do
        echo "    server r$index 127.0.0.1:${replica_port[$name-$index]} port ${replica_ops[$name-$index]}"
    done
}

replicas_start() {
    local name=$1 count=$2 config=$3 index
    shift 3
    replica_config[$name]=$config replica_options[$name]=$*
    gate_rights "fleetgate-$name"
    route_to_gate "$name"
    for ((index = 0; index < count; index++)); do
        replica_port[$name-$index]=$(free_port)
        replica_ops[$name-$index]=$(free_port)
    done
    if ((count == 1)); then
        replica_port[$name-0]=${gate_port[$name]}
    fi
    for ((index = 0; index < count; index++)); do
        replica_start "$name" "$index" || fail "replica $index did not get ready: $(tail -n 5 "$cluster_dir/$name-$index.log")"
    done
    if ((count > 1)); then
        command -v haproxy >/dev/null || skip_case "haproxy is not installed"
        write_balancer "$name" "$count" >"$cluster_dir/$name.haproxy"
        process_start "$name-balancer" haproxy -db -f "$cluster_dir/$name.haproxy"
        wait_for "$name-balancer" 60 gate_post "$name" /validate /dev/null -k || fail "no replica answers behind haproxy"
    fi
}
