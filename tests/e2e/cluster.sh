# shellcheck shell=bash
# A management cluster for tests: etcd and kube-apiserver on loopback, in a temporary folder. To be sourced.
#
#   cluster_start "$assets"     starts both and waits until the API server is ready
#   kube USER arguments...      kubectl as one of the users below
#   api USER METHOD PATH [...]  curl as one of the users below; further arguments go to curl
#   cluster_stop                stops every process and removes the folder
#
# Sets: cluster_dir (also for the caller's files), cluster_url, client_ca (signs the certificate that the
# API server shows to webhooks). The caller traps EXIT and calls cluster_stop.

cluster_dir=
cluster_url=
client_ca=
cluster_assets=
etcd_url=
declare -A cluster_pids=()

# name, user, groups
cluster_users() {
    cat <<'USERS'
admin        admin                                                  system:masters
alice        alice                                                  platform-team
kustomize    system:serviceaccount:flux-system:kustomize-controller system:serviceaccounts,system:serviceaccounts:flux-system,system:authenticated
helm         system:serviceaccount:flux-system:helm-controller      system:serviceaccounts,system:serviceaccounts:flux-system,system:authenticated
capi         system:serviceaccount:capi-system:capi-manager         system:serviceaccounts,system:serviceaccounts:capi-system,system:authenticated
fleetgate    system:serviceaccount:fleetgate-system:fleetgate               system:serviceaccounts,system:serviceaccounts:fleetgate-system,system:authenticated
gc           system:serviceaccount:kube-system:generic-garbage-collector system:serviceaccounts,system:serviceaccounts:kube-system,system:authenticated
namespaces   system:serviceaccount:kube-system:namespace-controller system:serviceaccounts,system:serviceaccounts:kube-system,system:authenticated
USERS
}

cluster_say() { echo "cluster: $*" >&2; }

# A port that nobody listens on now. Someone may take it before we do: start_server tries again.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# ---- processes, known by name, ended by pid ----

# Starts a program in the background, its output in NAME.log. It dies with this shell, however that ends.
process_start() {
    local name=$1
    shift
    setpriv --pdeathsig TERM -- "$@" >>"$cluster_dir/$name.log" 2>&1 &
    cluster_pids[$name]=$!
}

process_runs() { [[ -n ${cluster_pids[$1]:-} ]] && kill -0 "${cluster_pids[$1]}" 2>/dev/null; }

# Returns the exit status of the process; 137 if it had to be killed.
process_stop() {
    local name=$1 pid=${cluster_pids[$1]:-} until=$((SECONDS + ${2:-20})) status=0
    [[ -n $pid ]] || return 0
    unset "cluster_pids[$name]"
    kill -TERM "$pid" 2>/dev/null || true
    while ((SECONDS < until)) && kill -0 "$pid" 2>/dev/null; do
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || status=$?
    return "$status"
}

# Waits until a command succeeds, or the named process has ended, or the time is over.
wait_for() {
    local name=$1 seconds=$2 until=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        process_runs "$name" || return 1
        ((SECONDS < until)) || { cluster_say "$name is not ready after $seconds s"; return 1; }
        sleep 0.1
    done
}

# Runs a start function up to three times: each try takes new ports.
start_server() {
    local name=$1 try
    for try in 1 2 3; do
        "start_$name" && return
        process_stop "$name" || true
        cluster_url=
        cluster_say "$name did not start (try $try): $(tail -n 3 "$cluster_dir/$name.log")"
    done
    return 1
}

# ---- certificates and files ----

# certificate DIR NAME COMMON-NAME: a client certificate signed by DIR/ca.crt, as DIR/NAME.{crt,key}.
certificate() {
    local dir=$1 name=$2 common_name=$3
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$name.key" \
        -subj "/CN=$common_name" -out "$dir/$name.csr" 2>/dev/null
    openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo "extendedKeyUsage=clientAuth") -out "$dir/$name.crt" 2>/dev/null
}

certificate_authority() {
    local dir=$1
    mkdir -p "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/ca.key" -days 2 \
        -subj "/CN=fleetgate e2e client CA" -out "$dir/ca.crt" 2>/dev/null
}

write_tokens() {
    local name user groups
    while read -r name user groups; do
        echo "token-of-$name,$user,uid-of-$name,\"$groups\""
    done < <(cluster_users) >"$cluster_dir/tokens.csv"
}

# What curl and kubectl must trust: the server made it itself and put its authority behind it.
server_certificate() { echo "$cluster_dir/apiserver/apiserver.crt"; }

write_kubeconfig() {
    cat >"$cluster_dir/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: e2e
clusters: [{name: e2e, cluster: {server: "$cluster_url", certificate-authority: "$(server_certificate)"}}]
users: [{name: "$1", user: {token: "token-of-$1"}}]
contexts: [{name: e2e, context: {cluster: e2e, user: "$1"}}]
YAML
}

# Makes the API server show a client certificate to every webhook.
write_admission_configuration() {
    local plugin
    cat >"$cluster_dir/webhook-client.kubeconfig" <<YAML
apiVersion: v1
kind: Config
users: [{name: "*", user: {client-certificate: "$client_ca/kube-apiserver.crt", client-key: "$client_ca/kube-apiserver.key"}}]
YAML
    {
        echo "apiVersion: apiserver.config.k8s.io/v1"
        echo "kind: AdmissionConfiguration"
        echo "plugins:"
        for plugin in ValidatingAdmissionWebhook MutatingAdmissionWebhook; do
            cat <<YAML
- name: $plugin
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: "$cluster_dir/webhook-client.kubeconfig"
YAML
        done
    } >"$cluster_dir/admission.yaml"
}

# ---- servers ----

start_etcd() {
    local client peer
    client=$(free_port) peer=$(free_port)
    etcd_url=http://127.0.0.1:$client
    rm -rf "$cluster_dir/etcd"
    process_start etcd "$cluster_assets/etcd" --name=e2e --data-dir="$cluster_dir/etcd" \
        --listen-client-urls="$etcd_url" --advertise-client-urls="$etcd_url" \
        --listen-peer-urls="http://127.0.0.1:$peer" --initial-advertise-peer-urls="http://127.0.0.1:$peer" \
        --initial-cluster="e2e=http://127.0.0.1:$peer"
    wait_for etcd 60 curl -sf "$etcd_url/health"
}

# Only flags that kube-apiserver has had from 1.20 to 1.36. Its port stays for as long as the cluster runs.
# start_apiserver [NAME]: with another name and another cluster_url one more, on the same etcd.
start_apiserver() {
    local port=${cluster_url##*:} name=${1:-apiserver}
    [[ -n $port ]] || port=$(free_port)
    cluster_url=https://127.0.0.1:$port
    process_start "$name" "$cluster_assets/kube-apiserver" \
        --etcd-servers="$etcd_url" --bind-address=127.0.0.1 --secure-port="$port" \
        --cert-dir="$cluster_dir/apiserver" --endpoint-reconciler-type=none \
        --service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$cluster_dir/sa.pub" --service-account-signing-key-file="$cluster_dir/sa.key" \
        --token-auth-file="$cluster_dir/tokens.csv" --authorization-mode=RBAC \
        --disable-admission-plugins=ServiceAccount --admission-control-config-file="$cluster_dir/admission.yaml"
    wait_for "$name" 120 api admin GET /readyz -f
}

cluster_start() {
    local name
    cluster_assets=$1
    cluster_dir=$(mktemp -d "${TMPDIR:-/tmp}/fleetgate-e2e.XXXXXX")
    client_ca=$cluster_dir/client-ca
    certificate_authority "$client_ca"
    certificate "$client_ca" kube-apiserver kube-apiserver
    openssl genrsa -out "$cluster_dir/sa.key" 2048 2>/dev/null
    openssl rsa -in "$cluster_dir/sa.key" -pubout -out "$cluster_dir/sa.pub" 2>/dev/null
    write_tokens
    write_admission_configuration
    start_server etcd
    start_server apiserver
    while read -r name _; do
        write_kubeconfig "$name"
    done < <(cluster_users)
}

# What etcd forgets can't be resumed from: watches have to list again.
etcd_compact() {
    local revision
    revision=$(curl -sf -X POST "$etcd_url/v3/kv/range" -d '{"key":"AA=="}' |
        sed -n 's/.*"revision":"\([0-9]*\)".*/\1/p')
    curl -sf -X POST "$etcd_url/v3/kv/compaction" -d "{\"revision\":\"$revision\",\"physical\":true}" >/dev/null
}

cluster_stop() {
    local name
    for name in "${!cluster_pids[@]}"; do
        [[ $name == etcd || $name == apiserver ]] || process_stop "$name" || true
    done
    process_stop apiserver || true
    process_stop etcd || true
    [[ -z $cluster_dir ]] || rm -rf "$cluster_dir"
    cluster_dir=
}

# ---- clients ----

kube() {
    local user=$1
    shift
    "$cluster_assets/kubectl" --kubeconfig="$cluster_dir/$user.kubeconfig" --cache-dir="$cluster_dir/kube-cache" "$@"
}

api() {
    local user=$1 method=$2 path=$3
    shift 3
    curl -sS --max-time 60 --cacert "$(server_certificate)" -H "Authorization: Bearer token-of-$user" \
        -X "$method" "$@" "$cluster_url$path"
}
