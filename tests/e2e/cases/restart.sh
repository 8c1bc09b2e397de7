# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# Gates of their own, so that stopping them harms no other case. Names are used once: the API server learns
# of a changed registration with a delay.

# Sends the reviews of this case's namespace to a gate of this name, which is not running yet.
route_to_gate() {
    kube admin label namespace "$namespace" "e2e/gate=$1" >/dev/null
    gate_port[$1]=$(free_port)
    gate_register "$1"
}

now() { echo "${EPOCHREALTIME//[^0-9]/}"; }

# ---- load: creates, half of them to be denied, until the file load.stop is there ----

load_outcome() {
    case $1 in
        *'"kind":"AWSCluster"'*) echo allowed ;;
        *'denied the request: [region-limits]'*) echo denied ;;
        *'failed calling webhook'*) echo unreachable ;;
        *) echo "odd: $1" | tr -d '\n' ;;
    esac
}

load_worker() {
    local id=$1 count=0 region expected start answer
    # The run itself may be killed outright: then nobody makes that file.
    while [[ ! -e $cluster_dir/load.stop ]] && kill -0 $$ 2>/dev/null; do
        region=eu-west-1 expected=allowed
        ((count++ % 2)) || region=us-east-1 expected=denied
        start=$(now)
        answer=$(aws_cluster "load-$id-$count" "$region" |
            api alice POST "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/$namespace/awsclusters" \
                -H 'Content-Type: application/yaml' --data-binary @- 2>&1) || true
        echo "$start $(now) $expected $(load_outcome "$answer")" >>"$cluster_dir/load.$id"
    done
}

load_start() {
    local id
    rm -f "$cluster_dir"/load.*
    : >"$cluster_dir/load.down"
    load_pids=()
    for id in 1 2; do
        load_worker "$id" &
        load_pids+=("$!")
    done
}

load_stop() {
    touch "$cluster_dir/load.stop"
    wait "${load_pids[@]}"
}

# Prints each request that was answered otherwise than expected while the gate was up.
# load.down holds the times when it was not: "from to" on each line.
load_mistakes() {
    awk '
        FILENAME ~ /load\.down$/ { from[++windows] = $1; to[windows] = $2; next }
        $3 == $4 { next }
        {
            for (i = 1; i <= windows; i++)
                if ($4 == "unreachable" && $2 >= from[i] && $1 <= to[i]) next
            print
        }' "$cluster_dir/load.down" "$cluster_dir"/load.[0-9]*
}

load_count() { cat "$cluster_dir"/load.[0-9]* | grep -c " $1\$" || true; }

# ---- cases ----

case_gate_down() {
    route_to_gate down
    ! run_for_output create alice "$(cluster eu-1)" || fail "expected a Cluster to be refused while the gate is down"
    matches "$output" 'failed calling webhook "clusters\.(mutate|validate)\.down\.fleetgate\.dev"'
    missing cluster/eu-1
    allowed create alice "$(flux_kustomization apps false false)"
}

case_restart_under_load() {
    local from round status
    route_to_gate restart
    gate_start restart "${gate_port[restart]}" "$main_config"
    load_start
    for round in 1 2 3; do
        sleep 1.5
        from=$(now) status=0
        process_stop restart || status=$?
        equal "exit status after SIGTERM (round $round)" 0 "$status"
        sleep 0.5
        gate_start restart "${gate_port[restart]}" "$main_config" || fail "expected the gate to start on the same port
came: $(tail -n 5 "$cluster_dir/restart.log")"
        echo "$from $(now)" >>"$cluster_dir/load.down"
    done
    sleep 1.5
    load_stop
    equal "requests decided wrongly, or not decided while the gate was up" "" "$(load_mistakes)"
    (($(load_count allowed) > 20 && $(load_count denied) > 20)) ||
        fail "expected more than 20 of each; came: $(load_count allowed) allowed, $(load_count denied) denied"
    (($(load_count unreachable))) || fail "expected requests to be refused while the gate was down; none was"
    note "$(load_count allowed) allowed, $(load_count denied) denied, $(load_count unreachable) while it was down"
}

# A request that is being sent when SIGTERM comes still gets its decision.
case_drain() {
    local padding file=$cluster_dir/slow.json status=0 sender
    gate_start drain 0 "$main_config"
    padding=$(head -c 60000 /dev/zero | tr '\0' x)
    review slow-1 eu-west-1 "$padding" >"$file"
    gate_post drain /validate "$file" --limit-rate 20k -w '\n%{http_code}' >"$cluster_dir/slow.answer" 2>&1 &
    sender=$!
    sleep 1
    ((++checks))
    kill -0 "$sender" 2>/dev/null || fail "expected the slow request to be under way after 1 s; it ended:
$(<"$cluster_dir/slow.answer")"
    process_stop drain || status=$?
    wait "$sender" || true
    matches "$(<"$cluster_dir/slow.answer")" '"allowed": ?true'
    equal "HTTP status" 200 "$(tail -n 1 "$cluster_dir/slow.answer")"
    equal "exit status after SIGTERM" 0 "$status"
}

reload_gate() { kill -HUP "${cluster_pids[$1]}"; }

# Waits until a command ends as wished: "eventually allowed scale …" would end the case at the first try.
eventually() {
    local until=$((SECONDS + 10))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < until)) || return 1
        sleep 0.2
    done
}

# try_pool REPLICAS: a dry run, so that it can be tried again and again.
try_pool() { create alice "$(workers MachineDeployment pool "$1")" --dry-run=server; }

case_reload_under_load() {
    local config=$cluster_dir/reload.yaml
    cp "$main_config" "$config"
    route_to_gate reload
    gate_start reload "${gate_port[reload]}" "$config"
    denied node-counts try_pool 15
    load_start
    sed 's/max_per_pool: 10/max_per_pool: 20/' "$main_config" >"$config.new" && mv "$config.new" "$config"
    reload_gate reload
    eventually try_pool 15 || fail "expected the new limit to hold within 10 s after SIGHUP"
    sed 's/max_per_pool: 10/no_such_parameter: 1/' "$main_config" >"$config.new" && mv "$config.new" "$config"
    reload_gate reload
    sleep 2
    load_stop
    equal "requests that went wrong while reloading" "" "$(load_mistakes)"
    allowed try_pool 16
    denied node-counts try_pool 21
    ((++checks))
    process_runs reload || fail "expected the gate to go on with its old policies; it ended"
}

served_serial() {
    openssl s_client -connect "127.0.0.1:${gate_port[$1]}" </dev/null 2>/dev/null | openssl x509 -noout -serial
}

serial_differs() { [[ $(served_serial "$1") != "$2" ]]; }

case_certificate_reload() {
    local certs=$cluster_dir/renew.certs before
    gate_start renew 0 "$main_config"
    before=$(served_serial renew)
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$certs/new.key" \
        -subj /CN=fleetgate -out "$certs/new.csr" 2>/dev/null
    openssl x509 -req -in "$certs/new.csr" -CA "$certs/ca.crt" -CAkey "$certs/ca.key" -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n') -out "$certs/new.crt" 2>/dev/null
    mv "$certs/new.key" "$certs/tls.key"
    mv "$certs/new.crt" "$certs/tls.crt"
    reload_gate renew
    ((++checks))
    eventually serial_differs renew "$before" || fail "expected another certificate within 10 s after SIGHUP; came $before again"
    review renewed-1 eu-west-1 >"$cluster_dir/renewed.json"
    allowed gate_post renew /validate "$cluster_dir/renewed.json" -f
}
