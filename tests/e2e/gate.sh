# shellcheck shell=bash disable=SC2154  # cluster_dir and friends are set by cluster.sh
# fleetgate under test: its processes and its registration with the API server. To be sourced after cluster.sh.
#
#   gate_start NAME PORT CONFIG [OPTION...]   starts `fleetgate serve` (PORT 0: any) and waits until it is ready
#   gate_register NAME                        sends it the reviews of the namespaces labelled e2e/gate=NAME; the
#                                             gate called "main" gets those of all namespaces without that label
#   gate_post NAME PATH FILE                  sends one review as the API server would; further arguments go to curl
#
# gate_authority[NAME]: the file whose authorities the API server is told to trust, unless it is certs/ca.crt.
# Sets: gate_port[NAME], gate_ops_port[NAME]. The caller sets fleetgate to the program's path.

fleetgate=
declare -A gate_port=() gate_ops_port=() gate_authority=()

gate_certificates() {
    "$fleetgate" certs init --dir "$cluster_dir/certs" --dns fleetgate.fleetgate-system.svc --ip 127.0.0.1 \
        >"$cluster_dir/certs.log" 2>&1
}

gate_start() {
    local name=$1 port=$2 config=$3 ports=$cluster_dir/$1.ports certs=$cluster_dir/$1.certs
    rm -f "$ports"
    [[ -d $certs ]] || cp -r "$cluster_dir/certs" "$certs"
    process_start "$name" "$fleetgate" serve --listen "127.0.0.1:$port" --ops-listen 127.0.0.1:0 \
        --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" \
        --client-ca "$client_ca/ca.crt" --client-name kube-apiserver \
        --config "$config" --port-file "$ports" --decision-log "$cluster_dir/$name.decisions" "${@:4}"
    wait_for "$name" 20 test -s "$ports" || return 1
    gate_port[$name]=$(sed -n 's/^webhook //p' "$ports")
    gate_ops_port[$name]=$(sed -n 's/^ops //p' "$ports")
}

gate_ops() { curl -sS --max-time 10 "http://127.0.0.1:${gate_ops_port[$1]}$2" "${@:3}"; }

gate_post() {
    local name=$1 path=$2 file=$3
    shift 3
    curl -sS --max-time 60 --cacert "$cluster_dir/certs/ca.crt" \
        --cert "$client_ca/kube-apiserver.crt" --key "$client_ca/kube-apiserver.key" \
        -H "Content-Type: application/json" --data-binary "@$file" "$@" "https://127.0.0.1:${gate_port[$name]}$path"
}

gate_webhooks() {
    local name=$1 operator=In values="[$1]" authority=${gate_authority[$1]:-$cluster_dir/certs/ca.crt}
    [[ $name != main ]] || { operator=DoesNotExist values="[]"; }
    sed -e "s|@NAME@|$name|g" -e "s|@URL@|https://127.0.0.1:${gate_port[$name]:-0}|g" \
        -e "s|@OPERATOR@|$operator|g" -e "s|@VALUES@|$values|g" \
        -e "s|@CA_BUNDLE@|$(base64 -w0 "$authority")|g" "$e2e/webhooks.yaml.in"
}

# Register while the gate is down: that its absence is felt shows that the API server knows the webhooks.
gate_register() {
    local name=$1 probe=e2e-probe-$1 body until=$((SECONDS + 30))
    gate_webhooks "$name" | kube admin apply --validate=false -f - >/dev/null
    make_namespace "$probe" "$name"
    body=$(aws_cluster probe eu-west-1)
    until [[ $(create admin "$body" --dry-run=server -n "$probe" 2>&1) == *"failed calling webhook"*"$name"* ]]; do
        ((SECONDS < until)) || { cluster_say "the API server does not call the webhooks of $name"; return 1; }
        sleep 0.2
    done
}

gate_unregister() { gate_webhooks "$1" | kube admin delete --ignore-not-found -f - >/dev/null; }

# make_namespace NAME [GATE]: a namespace, whose reviews go to the gate of that name.
make_namespace() {
    local labels="e2e/namespace: \"true\""
    [[ ${2:-main} == main ]] || labels="e2e/gate: $2"
    kube admin create --validate=false -f - >/dev/null <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: $1, labels: {$labels}}
YAML
}
