# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/e2e/run

# Many clusters that go in a short time. The cases below act as service accounts of their own: the breaker counts by
# identity, and keeps what it counts beside each gate.

breaker_config() {
    cat >"$cluster_dir/$1.yaml" <<YAML
apiVersion: fleetgate.dev/v1alpha1
kind: Configuration
policies:
  prune-safety: {params: {breaker_max: ${2:-2}}}
YAML
}

# approved_cluster NAME [FINALIZER]: protected, and its deletion was approved before.
approved_cluster() {
    cluster "$1" "$PROTECTED"$'\n'"  annotations: {fleetgate.dev/allow-delete: $1}${2:+$'\n'  finalizers: [$2]}"
}

# breaker NAME list|approve [...]: the command, on the documents of that gate.
breaker() {
    local name=$1 action=$2
    shift 2
    "$fleetgate" breaker "$action" "$@" --kubeconfig "$cluster_dir/admin.kubeconfig" --namespace "fleetgate-$name"
}

# exit_code EXPECTED COMMAND...
exit_code() {
    local expected=$1 status=0
    shift
    run_for_output "$@" || status=$?
    [[ $status == "$expected" ]] || fail "expected exit code $expected of: $*
came: $status, $output"
}

breaker_reference() { sed -n 's/.*ask for an approval of \([0-9a-f]*\);.*/\1/p' <<<"$output"; }

case_breaker_trips_and_is_approved() {
    local name reference=
    breaker_config trips
    replicas_start trips 2 "$cluster_dir/trips.yaml"
    exit_code 0 breaker trips list
    contains "$output" "no cluster was deleted lately"
    for name in a b c d; do
        allowed create alice "$(approved_cluster "$name" e2e.fleetgate.dev/hold)"
    done
    for name in e f; do
        allowed create alice "$(approved_cluster "$name")"
    done
    # What only asks, and what is refused for another reason, does not count.
    allowed delete alice cluster/a --dry-run=server
    allowed delete alice cluster/b --dry-run=server
    allowed delete alice cluster/c --dry-run=server
    allowed create alice "$(cluster unapproved "$PROTECTED")"
    denied prune-safety delete alice cluster/unapproved
    allowed delete alice cluster/a
    allowed delete alice cluster/b
    denied prune-safety delete alice cluster/c
    contains "$output" "too many clusters go at once: 3 within 10 minutes"
    contains "$output" "Cluster $namespace/a and Cluster $namespace/b"
    reference=$(breaker_reference)
    matches "$reference" '^[0-9a-f]{8}$'
    exists cluster/c
    # Admitted is admitted; another one may still.
    allowed delete alice cluster/a
    allowed delete kustomize cluster/e
    # By every replica, also by one that starts anew.
    for name in 1 2 3 4; do
        denied prune-safety delete alice cluster/d
        equal "the reference" "$reference" "$(breaker_reference)"
    done
    replica_kill trips 0
    replica_kill trips 1
    replica_start trips 0 || fail "the replica did not come back"
    replica_start trips 1 || fail "the replica did not come back"
    wait_for trips-balancer 20 gate_post trips /validate /dev/null || fail "no replica is reached"
    in_a_while refused delete alice cluster/c
    equal "the reference" "$reference" "$(breaker_reference)"

    exit_code 1 breaker trips list
    contains "$output" "$reference  alice"
    contains "$output" "deleted   Cluster $namespace/a and Cluster $namespace/b"
    contains "$output" "system:serviceaccount:flux-system:kustomize-controller"
    exit_code 2 breaker trips approve 00000000 --owner e2e --reason "a test"
    contains "$output" "nothing waits for an approval of 00000000"
    exit_code 2 breaker trips approve "$reference" --owner e2e
    contains "$output" "--reason is missing"
    exit_code 0 breaker trips approve "$reference" --owner e2e --reason "a test"
    exit_code 2 breaker trips approve "$reference" --owner another --reason "a test"
    contains "$output" "approved by e2e already"
    exit_code 0 breaker trips list
    contains "$output" "because   a test"
    allowed delete alice cluster/c
    allowed delete alice cluster/d
    denied prune-safety delete alice cluster/f
}

# Its own deletion was approved before.
approved_kustomization() {
    cat <<YAML
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: $1
  annotations: {fleetgate.dev/allow-delete: $1}
spec:
  interval: 10m
  path: ./tenants
  prune: true
  deletionPolicy: MirrorPrune
  sourceRef: {kind: GitRepository, name: fleet}
YAML
}

inventory_status() {
    local index entries=
    for ((index = 0; index < $1; index++)); do
        entries+="${entries:+,}{\"id\":\"${namespace}_eu-${index}_cluster.x-k8s.io_Cluster\",\"v\":\"v1beta1\"}"
    done
    echo "{\"status\":{\"inventory\":{\"entries\":[$entries]}}}"
}

# The subresource, as the controller writes it: kubectl of those days can't.
write_status() {
    api admin PATCH "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/$namespace/kustomizations/$1/status" \
        -H 'Content-Type: application/merge-patch+json' --data "$2" -f >/dev/null || fail "the status of $1 can't be written"
}

delivered_by() { echo "labels: {$1.toolkit.fluxcd.io/name: $2, $1.toolkit.fluxcd.io/namespace: $namespace}"; }

release_of() { helm_release "$1" | sed "s|^  name: $1|&\n  annotations: {fleetgate.dev/allow-delete: $1}|"; }

# One delete of a Kustomization or HelmRelease is as many deletes as it has clusters.
case_breaker_counts_what_flux_takes_along() {
    local index
    breaker_config along
    replicas_start along 1 "$cluster_dir/along.yaml"
    allowed create alice "$(approved_kustomization few)"
    allowed create alice "$(approved_kustomization many)"
    allowed create alice "$(release_of tenants)"
    allowed create alice "$(release_of podinfo)"
    for index in 0 1 2; do
        allowed create kustomize "$(cluster "eu-$index")"
    done
    write_status few "$(inventory_status 2)"
    write_status many "$(inventory_status 3)"
    for index in 1 2 3; do
        allowed create helm "$(cluster "tenant-$index" "$(delivered_by helm tenants)")"
    done
    denied prune-safety delete alice kustomization/many
    contains "$output" "too many clusters go at once: 3 within 10 minutes"
    contains "$output" "would go: $namespace/eu-0, $namespace/eu-1, $namespace/eu-2"
    exists kustomization/many
    allowed delete kustomize kustomization/few
    denied prune-safety delete helm helmrelease/tenants
    contains "$output" "too many clusters go at once: 3 within 10 minutes"
    contains "$output" "would go: $namespace/tenant-1, $namespace/tenant-2, $namespace/tenant-3"
    exists helmrelease/tenants
    allowed delete kustomize helmrelease/podinfo
}
