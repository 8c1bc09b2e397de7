#!/usr/bin/env bash
# Two replicas rotate their certificates on a real API server, with lives of minutes, while it asks them and
# clients connect with bundles that are a little old: no request may be refused.
#
#   rotation.sh ASSETS ROTATION_GATE [SECONDS]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/cluster.sh
source "$here/cluster.sh"
assets=$1 gate=$2 seconds=${3:-150}
trap cluster_stop EXIT
cluster_start "$assets"

# Who may do what: exactly this is in docs/operating.md.
kube admin apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Namespace
metadata: {name: fleetgate-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: fleetgate-certificates, namespace: fleetgate-system}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [create]}
- {apiGroups: [""], resources: [secrets], resourceNames: [fleetgate-certs], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: fleetgate-certificates, namespace: fleetgate-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: fleetgate-certificates}
subjects: [{kind: ServiceAccount, name: fleetgate, namespace: fleetgate-system}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fleetgate-certificates}
rules:
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
  resourceNames: [fleetgate]
  verbs: [get, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: fleetgate-certificates}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fleetgate-certificates}
subjects: [{kind: ServiceAccount, name: fleetgate, namespace: fleetgate-system}]
YAML

first=$(free_port) second=$(free_port)
webhook() { # KIND NAME PORT PATH
    cat <<YAML
apiVersion: admissionregistration.k8s.io/v1
kind: $1
metadata: {name: fleetgate}
webhooks:
- name: $2.fleetgate.dev
  clientConfig: {url: "https://127.0.0.1:$3/$4"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
  namespaceSelector: {matchLabels: {gated: "yes"}}
YAML
}
webhook ValidatingWebhookConfiguration validate "$first" validate | kube admin apply -f - >/dev/null
webhook MutatingWebhookConfiguration mutate "$second" mutate | kube admin apply -f - >/dev/null
kube admin create namespace gated >/dev/null
kube admin label namespace gated gated=yes >/dev/null

start_gate() { # NAME PORT
    process_start "$1" "$gate" "$cluster_dir/fleetgate.kubeconfig" "127.0.0.1:$2" 127.0.0.1:0 300 200 5 20
}
start_gate gate-first "$first"
start_gate gate-second "$second"

ask() {
    kube admin create configmap -n gated probe --dry-run=server >"$cluster_dir/answer" 2>&1
}
wait_for gate-first 60 ask

bundle() { # KIND FILE
    kube admin get "$1" fleetgate -o 'jsonpath={.webhooks[0].clientConfig.caBundle}' | base64 -d >"$2.new"
    mv "$2.new" "$2"
}
connect() { # PORT BUNDLE: any answer over verified TLS will do
    curl -s --max-time 20 --cacert "$2" -o /dev/null "https://127.0.0.1:$1/validate" 2>>"$cluster_dir/answer"
}

requests=0 failures=0 break_at=$((SECONDS + seconds / 2)) until=$((SECONDS + seconds)) refresh=0
declare -A authorities=()
while ((SECONDS < until)); do
    if ((SECONDS >= refresh)); then
        bundle validatingwebhookconfiguration "$cluster_dir/first.pem"
        bundle mutatingwebhookconfiguration "$cluster_dir/second.pem"
        refresh=$((SECONDS + 4))
        authority=$(kube admin get secret -n fleetgate-system fleetgate-certs -o 'jsonpath={.data.ca\.crt}' || true)
        [[ -z $authority ]] || authorities[$(sha256sum <<<"$authority")]=1
    fi
    for probe in ask "connect $first $cluster_dir/first.pem" "connect $second $cluster_dir/second.pem"; do
        requests=$((requests + 1))
        if ! $probe; then
            failures=$((failures + 1))
            cluster_say "refused: $probe: $(tail -n 2 "$cluster_dir/answer")"
        fi
    done
    if ((break_at > 0 && SECONDS >= break_at)); then
        cluster_say "the Secret is deleted"
        kube admin delete secret -n fleetgate-system fleetgate-certs >/dev/null
        break_at=0
    fi
done
if grep -q "PRIVATE KEY\|LS0tLS1CRUdJTiBQUklWQVRF" "$cluster_dir"/gate-*.log; then
    cluster_say "a key is in the log"
    failures=$((failures + 1))
fi
grep -h "step of the rotation\|failed" "$cluster_dir"/gate-*.log | sort | sed 's/^/    /' || true
echo "$requests requests, $failures refused, ${#authorities[@]} authorities"
((failures == 0 && ${#authorities[@]} > 1))
