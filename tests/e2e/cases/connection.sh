# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# review UID REGION [PADDING]: an AdmissionReview for the creation of an AWSCluster.
review() {
    cat <<JSON
{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"$1",
 "kind":{"group":"infrastructure.cluster.x-k8s.io","version":"v1beta2","kind":"AWSCluster"},
 "resource":{"group":"infrastructure.cluster.x-k8s.io","version":"v1beta2","resource":"awsclusters"},
 "name":"direct","namespace":"$namespace","operation":"CREATE","userInfo":{"username":"alice","groups":["system:authenticated"]},
 "object":{"apiVersion":"infrastructure.cluster.x-k8s.io/v1beta2","kind":"AWSCluster",
  "metadata":{"name":"direct","namespace":"$namespace","annotations":{"padding":"${3:-}"}},"spec":{"region":"$2"}},
 "oldObject":null,"dryRun":false,"options":{"apiVersion":"meta.k8s.io/v1","kind":"CreateOptions"}}}
JSON
}

# The HTTP status of a review sent with other curl arguments for the client certificate; 000: no answer at all.
status_with() {
    local file=$cluster_dir/review.json
    review 1 eu-west-1 >"$file"
    curl -sS -o /dev/null -w '%{http_code}' --max-time 20 --cacert "$cluster_dir/certs/ca.crt" "$@" \
        -H 'Content-Type: application/json' --data-binary "@$file" \
        "https://127.0.0.1:${gate_port[main]}/validate" 2>/dev/null || true
}

# Every case passes through a gate that insists on the certificate; here it is said once aloud.
case_api_server_certificate_accepted() {
    local file=$cluster_dir/review.json
    allowed create alice "$(aws_cluster eu-1 eu-west-1)"
    denied region-limits create alice "$(aws_cluster us-1 us-east-1)"
    review 705ab4f5-6393-11e8-b7cc-42010a800002 eu-west-1 >"$file"
    allowed gate_post main /validate?timeout=5s "$file" -f
    matches "$output" '"uid": ?"705ab4f5-6393-11e8-b7cc-42010a800002"'
    matches "$output" '"allowed": ?true'
}

case_connection_without_certificate_refused() { equal "HTTP status" 403 "$(status_with)"; }

case_certificate_of_another_name_refused() {
    certificate "$client_ca" somebody somebody-else
    equal "HTTP status" 403 "$(status_with --cert "$client_ca/somebody.crt" --key "$client_ca/somebody.key")"
}

case_certificate_of_another_authority_refused() {
    local other=$cluster_dir/other-ca
    certificate_authority "$other"
    certificate "$other" kube-apiserver kube-apiserver
    matches "$(status_with --cert "$other/kube-apiserver.crt" --key "$other/kube-apiserver.key")" '^(403|000)$'
}

case_operations_port() {
    local path
    for path in /healthz /readyz /metrics; do
        allowed gate_ops main "$path" -f
    done
    matches "$output" $'\n[a-z_]+(\\{[^}]*\\})? [0-9]'
}
