# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/e2e/run

# Audits of what is stored. The main gate lets it in; the audits' own configurations would not.

audit_config() {
    cat >"$cluster_dir/$1.yaml" <<YAML
apiVersion: fleetgate.dev/v1alpha1
kind: Configuration
policies:
  region-limits: {params: {allowed: [eu-central-1], max_clusters: ${2:-1000}}}
  unique-networks: {mode: warn, params: {unique: [pods], per: namespace}}
exceptions:
- {name: stays, policy: region-limits, object: {kind: AWSCluster, name: excused}, owner: e2e, reason: a test, expires: 2099-12-31}
YAML
}

# audit CONFIG [...]: of the whole fleet, unless -n says otherwise.
audit() {
    "$fleetgate" audit --config "$cluster_dir/$1.yaml" --kubeconfig "$cluster_dir/admin.kubeconfig" "${@:2}"
}

audit_reading() { audit "$@" 2>"$cluster_dir/audit.err"; }

make_audited_objects() {
    allowed create alice "$(aws_cluster eu-1 eu-west-1)"
    allowed create alice "$(cluster eu-1)"
    allowed create alice "$(aws_cluster eu-2 eu-central-1)"
    allowed create alice "$(cluster eu-2)"
    allowed create alice "$(aws_cluster excused eu-west-1)"
}

case_audit_text_and_json() {
    local port
    audit_config text
    make_audited_objects
    exit_code 1 audit text -n "$namespace"
    contains "$output" "[region-limits] AWSCluster $namespace/eu-1 spec.region: region eu-west-1 is not allowed"
    contains "$output" "got eu-west-1; allowed eu-central-1"
    contains "$output" "excused: [region-limits] AWSCluster $namespace/excused"
    contains "$output" "warning: [unique-networks] Cluster $namespace/eu-1"
    contains "$output" "overlaps that of Cluster $namespace/eu-2"
    contains "$output" "5 objects of "
    contains "$output" "2 would be denied today"
    # What stood there before the gate did, and what no gate was asked about.
    exit_code 1 audit text
    contains "$output" "[region-limits] AWSCluster e2e-legacy/old spec.region: region us-east-1 is not allowed"
    [[ $output != *e2e-legacy/doomed* ]] || fail "what is going already is judged: $output"
    exit_code 1 audit_reading text -n "$namespace" -o json
    contains "$output" '"kind": "AuditReport"'
    contains "$output" '"denied": 2,'
    contains "$output" '"headline": "[region-limits] AWSCluster '"$namespace"'/eu-1 spec.region: region eu-west-1 is not allowed"'
    contains "$output" '"exception": "stays"'
    contains "$output" '"result": "warn"'
    python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$output" || fail "no JSON: $output"
    # Limits over the fleet: each of those that are too many.
    audit_config limits 0
    exit_code 1 audit limits -n "$namespace"
    contains "$output" "AWSCluster $namespace/eu-2 spec.region: region eu-central-1 "

    sed -i '/region-limits: /d; /exceptions/,$d' "$cluster_dir/text.yaml"
    exit_code 0 audit text -n "$namespace"
    contains "$output" "0 would be denied today"
    exit_code 2 audit text --reports everything
    exit_code 2 audit text now
    exit_code 2 audit nowhere
    exit_code 2 audit text --kubeconfig "$cluster_dir/nowhere"
    port=$(free_port)
    sed "s|$cluster_url|https://127.0.0.1:$port|" "$cluster_dir/admin.kubeconfig" >"$cluster_dir/deaf.kubeconfig"
    exit_code 3 audit text --kubeconfig "$cluster_dir/deaf.kubeconfig"
    contains "$output" "127.0.0.1:$port"
}

make_report_kinds() {
    "$e2e/crds/reports" | kube admin apply --validate=false -f - >/dev/null
    kube admin wait --for=condition=Established --timeout=60s >/dev/null crd/reports.openreports.io \
        crd/clusterreports.openreports.io crd/policyreports.wgpolicyk8s.io crd/clusterpolicyreports.wgpolicyk8s.io
}

remove_report_kinds() { "$e2e/crds/reports" | kube admin delete --ignore-not-found -f - >/dev/null; }

# reports_are KIND ...: of this namespace, by name.
report_names() { kube admin get "$1" -n "$namespace" -o 'jsonpath={.items[*].metadata.name}' 2>&1; }

# Text of a report: "RESULT POLICY KIND/NAME" a line.
report_lines() {
    kube admin get "$1" fleetgate-audit -n "$namespace" \
        -o 'jsonpath={range .results[*]}{.result} {.policy} {.resources[0].kind}/{.resources[0].name}{"\n"}{end}'
}

check_reports() {
    local kind=$1 reports=$2 other
    audit_config reports
    exit_code 1 audit reports --reports "$kind"
    contains "$(report_lines "$reports")" "fail region-limits AWSCluster/eu-1"
    contains "$(report_lines "$reports")" "skip region-limits AWSCluster/excused"
    contains "$(report_lines "$reports")" "warn unique-networks Cluster/eu-1"
    equal "fail of the summary" 2 "$(kube admin get "$reports" fleetgate-audit -n "$namespace" -o 'jsonpath={.summary.fail}')"
    contains "$(kube admin get "cluster$reports" -o name)" "fleetgate-audit"
    # An audit of another namespace leaves this one's report alone; what is not ours stays.
    sed 's/fleetgate-audit/fleetgate-audit-7/' <(kube admin get "$reports" fleetgate-audit -n "$namespace" -o yaml) |
        kube admin create --validate=false -f - >/dev/null
    sed -e 's/fleetgate-audit/others/' -e '/managed-by/d' <(kube admin get "$reports" fleetgate-audit -n "$namespace" -o yaml) |
        kube admin create --validate=false -f - >/dev/null
    exit_code 1 audit reports -n e2e-legacy --reports "$kind"
    equal "the reports" "fleetgate-audit fleetgate-audit-7 others" "$(report_names "$reports")"
    exit_code 1 audit reports --reports "$kind"
    equal "the reports" "fleetgate-audit others" "$(report_names "$reports")"
}

case_audit_reports() {
    trap 'status=$?; remove_report_kinds; case_cleanup; exit $status' EXIT
    remove_report_kinds
    audit_config reports
    make_audited_objects
    kube admin create --validate=false -f - >/dev/null <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSClusterRoleIdentity
metadata: {name: $namespace}
YAML
    exit_code 3 audit reports -n "$namespace" --reports openreports
    contains "$output" "Report and ClusterReport of openreports.io/v1alpha1 are not served: install their"
    make_report_kinds
    check_reports openreports reports
    check_reports policyreport policyreports
    # Nothing is left to tell of: no report stays.
    kube admin delete awsclusters,clusters --all -n "$namespace" --wait=false >/dev/null
    exit_code 1 audit reports --reports openreports
    equal "the reports" others "$(report_names reports)"
}

audited_at() { replica_metric "$1" "$2" fleetgate_audit_last_success_timestamp_seconds; }
has_audited() { [[ $(audited_at "$1" "$2") =~ ^[1-9] ]]; }
one_has_audited() { has_audited "$1" 0 || has_audited "$1" 1; }

# One of the replicas does it, and the other when that one is gone.
case_audit_periodic() {
    local leader=0 other=1
    trap 'status=$?; remove_report_kinds; case_cleanup; exit $status' EXIT
    audit_config periodic
    make_audited_objects
    make_report_kinds
    replicas_start periodic 2 "$cluster_dir/periodic.yaml" --audit-interval 1h --reports openreports
    in_a_while one_has_audited periodic
    has_audited periodic 0 || { leader=1 other=0; }
    equal "fleetgate_leader of the one that audited" 1 "$(replica_metric periodic "$leader" fleetgate_leader)"
    equal "when the other audited" 0 "$(audited_at periodic "$other")"
    matches "$(replica_metric periodic "$leader" 'fleetgate_audit_violations{policy="region-limits",mode="deny"}')" '^[1-9]'
    matches "$(replica_metric periodic "$leader" fleetgate_audit_objects)" '^[1-9]'
    in_a_while passes report_lines reports
    contains "$(report_lines reports)" "fail region-limits AWSCluster/eu-1"
    contains "$(kube admin get events -n "$namespace" -o 'jsonpath={range .items[*]}{.type} {.reason} {.involvedObject.kind}/{.involvedObject.name}: {.message}{"\n"}{end}')" \
        "Warning PolicyViolation AWSCluster/eu-1: [region-limits] AWSCluster $namespace/eu-1 spec.region: region eu-west-1 is not allowed"
    process_stop "periodic-$leader" || fail "it did not end well"
    in_a_while has_audited periodic "$other"
}
