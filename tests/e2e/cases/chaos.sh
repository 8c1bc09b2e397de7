# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/e2e/run
# Everything that changes under a running gate, while requests come all the time. E2E_CHAOS_SECONDS says how long.

readonly chaos_seconds=${E2E_CHAOS_SECONDS:-15}

# load_passed_without_mistakes: every request had the answer that it must have.
load_passed_without_mistakes() {
    equal "requests that were answered wrongly or not at all" "" "$(load_mistakes)"
    (($(load_count allowed) > 20 && $(load_count denied) > 20)) ||
        fail "expected more than 20 of each; came: $(load_count allowed) allowed, $(load_count denied) denied"
}

# Lines of level warn or error in the logs of a gate's replicas, without those that PATTERN explains.
chaos_complaints() {
    local name=$1 explained=$2
    grep -hE '^[^ ]+ (warn|error) ' "$cluster_dir/$name"-[0-9].log | grep -vE "$explained" | head -n 5 || true
}

# ---- certificates ----

rotation_steps() { cat "$cluster_dir/$1"-[0-9].log | grep -c "a step of the rotation action=$2" || true; }

certificates_loaded() { grep -c 'certificate loaded' "$cluster_dir/$1-$2.log" || true; }

# rotation_is_seen NAME CHANGES: so many changes of the authority, and on each replica several certificates.
rotation_is_seen() {
    (($(rotation_steps "$1" promote) >= $2 && $(certificates_loaded "$1" 0) > 3 && $(certificates_loaded "$1" 1) > 3))
}

# New connections that trust what the API server is told to trust at this moment.
connect_with_bundle() {
    local name=$1 bundle=$cluster_dir/$1.bundle error
    kube admin get validatingwebhookconfiguration "fleetgate-$name" -o 'jsonpath={.webhooks[0].clientConfig.caBundle}' |
        base64 -d >"$bundle"
    error=$(curl -sS --max-time 20 --cacert "$bundle" -o /dev/null "https://127.0.0.1:${gate_port[$name]}/validate" 2>&1) ||
        case $error in
            *alert*) ;; # it asks for a client certificate: the server's own was accepted before
            *) fail "a connection was refused: $error; the bundle holds $(grep -c BEGIN "$bundle") authorities" ;;
        esac
}

# connect_until_rotation NAME SECONDS CHANGES: for so long at least, and until all that is seen.
connect_until_rotation() {
    local name=$1 start=$SECONDS
    until ((SECONDS >= start + $2)) && rotation_is_seen "$name" "$3"; do
        ((SECONDS < start + $2 + 180)) || fail "no rotation in 180 s: $(tail -n 5 "$cluster_dir/$name-0.log")"
        connect_with_bundle "$name"
        ((++connections))
    done
}

case_chaos_certificates() {
    local connections=0 changes
    gate_authority[rotating]=/dev/null
    replicas_start rotating 2 "$main_config" --cert-mode self --webhook-configuration fleetgate-rotating \
        --cert-lifetime 24s --ca-lifetime 48s --cert-grace 5s
    until_true 60 create alice "$(aws_cluster first eu-west-1)" >/dev/null 2>&1 ||
        fail "the API server can't reach the gate: $(create alice "$(aws_cluster first eu-west-1)" 2>&1)"
    load_start
    connect_until_rotation rotating "$chaos_seconds" 1
    changes=$(rotation_steps rotating promote)
    kube admin delete secret -n fleetgate-rotating fleetgate-certs >/dev/null
    connect_until_rotation rotating 0 $((changes + 1))
    load_stop
    load_passed_without_mistakes
    equal "complaints of the replicas" "" "$(chaos_complaints rotating '^$')"
    equal "lines with a key in the logs" "" \
        "$(cat "$cluster_dir"/rotating-[0-9].log | grep -cE 'PRIVATE KEY|LS0tLS1CRUdJTiBQUklWQVRF' | grep -v '^0$')"
    note "$(load_count allowed) allowed, $(load_count denied) denied, $connections connections, \
$(rotation_steps rotating issue) renewals, $(rotation_steps rotating promote) changes of the authority"
}

# ---- policies and replicas ----

# Until the file chaos.stop is there: another limit for pools, the same again, one that does not load.
replace_configuration() {
    local file=$1 index change
    local -a changes=('s/max_per_pool: 10/max_per_pool: 20/' 's/max_per_pool: 10/no_such_parameter: 1/' '')
    for ((index = 0; ; index++)); do
        [[ ! -e $cluster_dir/chaos.stop ]] && kill -0 $$ 2>/dev/null || return 0
        change=${changes[index % 3]}
        sed "$change" "$main_config" >"$file.new" && mv "$file.new" "$file"
        sleep 1
    done
}

replica_loads() {
    local value
    value=$(replica_metric "$1" "$2" "fleetgate_reloads_total{what=\"policies\",result=\"$3\"}")
    echo "${value:-0}"
}

# Ends a replica as the kubelet does, and starts it again once it has gone.
roll_replica() {
    local name=$1 index=$2 status=0
    process_stop "$name-$index" 60 || status=$?
    equal "exit status of replica $index after SIGTERM" 0 "$status"
    # With the configuration that does not load it can't: then the kubelet tries again.
    until_true 60 replica_start "$name" "$index" || fail "replica $index did not come back: $(tail -n 5 "$cluster_dir/$name-$index.log")"
}

case_chaos_reload_and_roll() {
    local config=$cluster_dir/rolling.yaml end=$((SECONDS + chaos_seconds)) index=0 changing rolled=0 balancer_retries=0
    rm -f "$cluster_dir"/chaos.*
    cp "$main_config" "$config"
    replicas_start rolling 3 "$config" --drain-delay 3s --drain-timeout 10s
    load_start
    replace_configuration "$config" &
    changing=$!
    until ((SECONDS >= end && rolled >= 3)); do
        until_true 60 reloaded_both_ways rolling "$index" || fail "replica $index does not load what changes"
        roll_replica rolling "$index"
        index=$(((index + 1) % 3))
        ((++rolled))
    done
    load_stop
    touch "$cluster_dir/chaos.stop"
    wait "$changing"
    load_passed_without_mistakes
    equal "complaints of the replicas" "" "$(chaos_complaints rolling 'policies not loaded, those in force stay')"
    note "$(load_count allowed) allowed, $(load_count denied) denied, $rolled replicas rolled"
}

reloaded_both_ways() { (($(replica_loads "$1" "$2" success) > 1 && $(replica_loads "$1" "$2" failure) > 0)); }

# ---- the API server ----

# The kinds that these cases make, as watch_dump wants them.
followed_kinds() {
    printf '%s\n' cluster.x-k8s.io/v1beta1/{clusters/Cluster,machinedeployments/MachineDeployment} \
        controlplane.cluster.x-k8s.io/v1beta1/kubeadmcontrolplanes/KubeadmControlPlane \
        infrastructure.cluster.x-k8s.io/v1beta2/awsclusters/AWSCluster
}

# What kubectl lists, as watch_dump prints it.
listed_objects() {
    local group version plural kind
    while IFS=/ read -r group version plural kind; do
        kube admin get "$plural.$version.$group" -A -o go-template="{{range .items}}$kind {{.metadata.namespace}}/\
{{.metadata.name}} {{.metadata.uid}} {{.metadata.resourceVersion}}{{\"\n\"}}{{end}}"
    done < <(followed_kinds)
}

# Denials because the API server does not answer the gate: it is going, or does not know yet what the gate may do.
readonly blind_gate='no answer in time|no time left to count|fleet.* not been read|has not been heard|API server https|store that all replicas share'

# Whatever does not come from the gate is the API server's own failure.
crud_oddity() {
    if [[ $1 != *webhook* ]]; then
        echo server
    elif [[ $1 =~ $blind_gate ]]; then
        echo blind
    else
        echo "odd $(tr '\n' ' ' <<<"$1")"
    fi
}

# Creates and deletes in a region of its own, which has three places; writes down every answer that is not one of
# "carried-out", "full", "void" and the API server's own failures. Creates and deletes that
# fall together into a gap of the watch are counted as under way for half a minute.
crud_worker() {
    local id=$1 region=chaos-$1 path=/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/$namespace/awsclusters
    local answer count=0
    while [[ ! -e $cluster_dir/chaos.stop ]] && kill -0 $$ 2>/dev/null; do
        if ((RANDOM % 5 < 3)); then
            answer=$(aws_cluster "$region-$((RANDOM % 6))" "$region" |
                api alice POST "$path" -H 'Content-Type: application/yaml' --data-binary @- 2>&1) || true
        else
            answer=$(api alice DELETE "$path/$region-$((RANDOM % 6))" 2>&1) || true
        fi
        case ${answer//[[:space:]]/} in
            '{"apiVersion":"infrastructure'* | *'"status":"Success"'*) echo carried-out ;;
            *'[region-limits]'*isfull:*of3clusters*) echo full ;;
            *'"reason":"NotFound"'* | *'"reason":"AlreadyExists"'*) echo void ;;
            *) crud_oddity "$answer" ;;
        esac >>"$cluster_dir/crud.$id"
    done
}

crud_count() { cat "$cluster_dir"/crud.* | grep -c "^$1" || true; }

has_many_answers() { (($(crud_count carried-out) > 20 && $(crud_count full) > 0)); }

apiserver_kill() {
    local pid=${cluster_pids[$1]}
    unset "cluster_pids[$1]"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
}

# API server and etcd's history go away again and again, for this many SECONDS and twice at least.
disturb_api_server() {
    local round end=$((SECONDS + $1))
    for ((round = 1; SECONDS < end || round <= 2; round++)); do
        sleep 1
        etcd_compact || true
        sleep "0.$((RANDOM % 10))"
        if ((round % 2)); then
            apiserver_kill apiserver-chaos
        else
            process_stop apiserver-chaos 3 || true # it would wait for its watches for a minute
        fi
        etcd_compact || true
        sleep "$((RANDOM % 2))"
        start_apiserver apiserver-chaos || fail "the API server did not come back"
    done
}

dumped_objects() {
    local log=$cluster_dir/chaos-dump.log lines
    lines=$(grep -c '^\.$' "$log" || true)
    kill -USR1 "${cluster_pids[chaos-dump]}"
    until_true 20 dump_has_ended "$log" "$lines" || fail "watch_dump prints nothing"
    tac "$log" | sed -n '1d; /^\.$/q; /^[A-Z]/p' | sort
}

dump_has_ended() { (($(grep -c '^\.$' "$1" || true) > $2)); }

same_objects() {
    listed_objects | sort >"$cluster_dir/chaos.listed"
    dumped_objects >"$cluster_dir/chaos.dumped"
    cmp -s "$cluster_dir/chaos.listed" "$cluster_dir/chaos.dumped"
}

inventory_counts() {
    local metric
    for metric in objects clusters kinds; do
        echo "$metric $(replica_metric "$1" "$2" "fleetgate_inventory_$metric")"
    done
}

same_inventories() { [[ $(inventory_counts "$1" "$2") == "$(inventory_counts "$1" "$3")" ]]; }

case_chaos_api_server() {
    local dump index round line admitted stored
    local -a workers_pids=()
    dump=$(dirname "$fleetgate")/tests/kube/watch_dump
    [[ -x $dump ]] || skip_case "$dump is not built"
    rm -f "$cluster_dir"/chaos.* "$cluster_dir"/crud.*
    # One more API server on the same etcd: the one that all cases share belongs to the run, and stays.
    cluster_url=https://127.0.0.1:$(free_port)
    start_apiserver apiserver-chaos || fail "it did not start: $(tail -n 3 "$cluster_dir/apiserver-chaos.log")"
    sed "s|server: \"[^\"]*\"|server: \"$cluster_url\"|" "$cluster_dir/fleetgate.kubeconfig" >"$cluster_dir/chaos.kubeconfig"
    replicas_start shaken 3 "$e2e/exact.yaml" --kubeconfig "$cluster_dir/chaos.kubeconfig"
    # The last one comes back when all is over: its inventory is a fresh list.
    process_stop shaken-2
    # shellcheck disable=SC2046  # one word for each kind
    process_start chaos-dump "$dump" "$cluster_dir/chaos.kubeconfig" $(followed_kinds)
    for index in 1 2 3 4; do
        crud_worker "$index" &
        workers_pids+=("$!")
    done
    disturb_api_server "$chaos_seconds"
    # On a busy machine the replicas may be blind until it stays.
    until_true 120 has_many_answers || true
    touch "$cluster_dir/chaos.stop"
    wait "${workers_pids[@]}"
    has_many_answers ||
        fail "expected many answers; came: $(cat "$cluster_dir"/crud.* | cut -d ' ' -f 1 | sort | uniq -c | tr '\n' ' ')"
    equal "answers that are not the API server's own failure" "" \
        "$(cat "$cluster_dir"/crud.* | grep -vE '^(carried-out|full|void|server|blind)$' | head -n 5)"
    for index in 1 2 3 4; do
        stored=$(stored_in_region "chaos-$index")
        ((stored <= 3)) || fail "region chaos-$index has three places, and $stored clusters"
    done
    until_true 60 same_objects || fail "the watch holds something else than kubectl lists:
$(diff "$cluster_dir/chaos.listed" "$cluster_dir/chaos.dumped" | head -n 5)"
    replica_start shaken 2 || fail "the replica did not come back: $(tail -n 5 "$cluster_dir/shaken-2.log")"
    for index in 0 1; do
        until_true 60 same_inventories shaken "$index" 2 || fail "replica $index holds something else than a fresh list:
$(inventory_counts shaken "$index" | tr '\n' ' '), fresh: $(inventory_counts shaken 2 | tr '\n' ' ')"
    done
    for round in 1 2 3; do
        line=$(limit_round "shaken-$round") || fail "round $round: the first two clusters were not admitted"
        read -r admitted stored _ <<<"$line"
        [[ "$admitted $stored" == "1 3" ]] || fail "round $round: want 1 admitted and 3 stored; came: $line"
    done
    equal "complaints of the replicas" "" \
        "$(chaos_complaints shaken "the lease can't be looked after|policy could not finish .* reason=inventory")"
    note "$(crud_count carried-out) carried out, $(crud_count full) over the limit, $(crud_count server) failures \
of the API server, $(crud_count blind) denied because it did not answer the gate"
}

# Sends the reviews of this case's namespace to the gate of that name; "nobody" has none.
send_reviews_to() { kube admin label --overwrite namespace "$namespace" "e2e/gate=$1" >/dev/null; }

gate_is_asked() { [[ $(create alice "$(aws_cluster probe eu-west-1)" --dry-run=server 2>&1) == *"failed calling webhook"* ]]; }

case_chaos_changes_while_the_gate_is_down() {
    local index
    replicas_start away 1 "$e2e/exact.yaml"
    for index in 1 2 3; do
        allowed create alice "$(aws_cluster "old-$index" away-1)"
    done
    denied region-limits create alice "$(aws_cluster old-4 away-1)"
    process_stop away-0 || fail "it did not end well: $(tail -n 5 "$cluster_dir/away-0.log")"
    send_reviews_to nobody
    until_true 30 create alice "$(aws_cluster new-1 away-2)" >/dev/null 2>&1 || fail "the API server still asks the gate"
    allowed create alice "$(aws_cluster new-2 away-2)"
    allowed create alice "$(aws_cluster new-3 away-2)"
    allowed delete alice awscluster/old-1
    send_reviews_to away
    until_true 30 gate_is_asked || fail "the API server does not ask the gate"
    replica_start away 0 || fail "it did not start again: $(tail -n 5 "$cluster_dir/away-0.log")"
    denied region-limits create alice "$(aws_cluster new-4 away-2)"
    # The place that old-1 was promised may be held for half a minute, as by one that was never seen.
    until_true 60 create alice "$(aws_cluster old-5 away-1)" >/dev/null 2>&1 || fail "region away-1 has no place: $(
        create alice "$(aws_cluster old-5 away-1)" 2>&1)"
    denied region-limits create alice "$(aws_cluster old-6 away-1)"
}
