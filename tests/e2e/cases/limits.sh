# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# Limits that hold however many ask at once. E2E_ROUNDS says how often (CI: 25, for its time).

readonly limit_rounds=${E2E_ROUNDS:-100} limit_crowd=200

# One request for each of COUNT objects of KIND, all at once; prints how many of each HTTP status came.
# crowd PLURAL-PATH REGION NAME-PREFIX
crowd() {
    local path=$1 region=$2 prefix=$3 index
    for ((index = 0; index < limit_crowd; index++)); do
        cat <<CURL
url = "$cluster_url$path"
request = POST
header = "Authorization: Bearer token-of-alice"
header = "Content-Type: application/json"
data = "{\"apiVersion\":\"infrastructure.cluster.x-k8s.io/v1beta2\",\"kind\":\"AWSCluster\",\"metadata\":{\"name\":\"$prefix-$index\"},\"spec\":{\"region\":\"$region\"}}"
cacert = "$(server_certificate)"
output = /dev/null
write-out = "%{http_code}\n"
silent
max-time = 60
next
CURL
    done | sed '$d' >"$cluster_dir/crowd.curl"
    curl --parallel --parallel-immediate --parallel-max "$limit_crowd" --config "$cluster_dir/crowd.curl" |
        sort | uniq -c
}

stored_in_region() {
    api admin GET "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/$namespace/awsclusters?limit=100000" |
        { grep -o "\"region\": *\"$1\"" || true; } | wc -l
}

# The region has three places; two are taken, 200 ask for the last one.
limit_round() {
    local region=$1 path=/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/$namespace/awsclusters outcome admitted
    create alice "$(aws_cluster "$region-a" "$region")" >/dev/null || return 1
    create alice "$(aws_cluster "$region-b" "$region")" >/dev/null || return 1
    outcome=$(crowd "$path" "$region" "$region-c")
    admitted=$(awk '$2 == 201 { print $1 }' <<<"$outcome")
    echo "${admitted:-0} $(stored_in_region "$region") $(tr -s ' \n' ' ' <<<"$outcome")"
}

clear_region() {
    api admin DELETE "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/$namespace/awsclusters" >/dev/null
}

case_limit_exact_with_one_replica() {
    local round line admitted stored
    replicas_start exact1 1 "$e2e/exact.yaml"
    for ((round = 1; round <= limit_rounds; round++)); do
        line=$(limit_round "one-$round") || fail "round $round: the first two clusters were not admitted"
        ((++checks))
        read -r admitted stored _ <<<"$line"
        [[ "$admitted $stored" == "1 3" ]] || fail "round $round: want 1 admitted and 3 stored; came: $line"
        ((round % 10)) || clear_region
    done
    note "$limit_rounds rounds of $limit_crowd creates"
}

# Ends a replica every now and then, and starts it again, until the file chaos.stop is there.
replica_chaos() {
    local name=$1 count=$2 index
    while [[ ! -e $cluster_dir/chaos.stop ]] && kill -0 $$ 2>/dev/null; do
        sleep "0.$((RANDOM % 9 + 1))"
        index=$((RANDOM % count))
        replica_kill "$name" "$index"
        sleep "0.$((RANDOM % 9))"
        replica_start "$name" "$index" || echo "replica $index did not come back" >>"$cluster_dir/chaos.trouble"
    done
}

# A replica that is killed may take a request with it that was admitted and never stored: then nobody gets the place
# until it is given back. So at most one is admitted, and after half a minute the place is free for exactly one.
case_limit_exact_with_three_replicas_killed_at_random() {
    local round line admitted stored try lost=0
    replicas_start exact3 3 "$e2e/exact.yaml"
    rm -f "$cluster_dir"/chaos.*
    replica_chaos exact3 3 &
    local chaos=$!
    for ((round = 1; round <= limit_rounds; round++)); do
        try=0
        until line=$(limit_round "three-$round-$((++try))" 2>/dev/null); do # one of the first two met a replica that went down
            ((try < 50)) || fail "round $round: the first two clusters are not admitted"
        done
        ((++checks))
        read -r admitted stored _ <<<"$line"
        ((admitted <= 1 && stored == 2 + admitted)) || fail "round $round: want at most 1 admitted, and that one stored; came: $line"
        lost=$((lost + 1 - admitted))
        ((round % 10)) || clear_region
    done
    touch "$cluster_dir/chaos.stop"
    wait "$chaos"
    [[ ! -e $cluster_dir/chaos.trouble ]] || fail "$(<"$cluster_dir/chaos.trouble")"
    ((lost < limit_rounds)) || fail "nobody was ever admitted"
    note "$limit_rounds rounds of $limit_crowd creates, $((limit_rounds - lost)) with one admitted, $lost lost with a replica"
}

# Three ledgers over one ConfigMap, without gates: what the cases above rest on.
case_limit_ledgers_share_a_config_map() {
    local program
    program=$(dirname "$fleetgate")/tests/manager/ledger_kube
    [[ -x $program ]] || skip_case "build the target ledger_kube beside the program"
    allowed env LEDGER_KUBECONFIG="$cluster_dir/admin.kubeconfig" LEDGER_NAMESPACE="$namespace" "$program"
    contains "$output" "[  PASSED  ] 1 test(s)"
}
