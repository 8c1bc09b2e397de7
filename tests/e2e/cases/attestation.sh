# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

ATTESTATION='.metadata.annotations.fleetgate\.dev/attestation'
readonly ATTESTATION

# attesting_gate NAME: a gate with keys gets the reviews of this namespace.
attesting_gate() {
    "$fleetgate" keys new "$cluster_dir/$1.keys" --id first >/dev/null
    route_to_gate "$1"
    gate_start "$1" "${gate_port[$1]}" "$main_config" --attestation-keys "$cluster_dir/$1.keys" ||
        fail "the gate did not start: $(tail -n 5 "$cluster_dir/$1.log")"
}

# attested KIND/NAME KEY GENERATION
attested() { matches "$(field "$1" "$ATTESTATION")" "^v1\.$2\.$3\.[A-Za-z0-9_-]{43}$"; }

attested_aws_cluster() { aws_cluster "$1" "$2" "annotations: {fleetgate.dev/attestation: '$3'}"; }

eventually_is() {
    local expected=$1 until=$((SECONDS + 20))
    shift
    # shellcheck disable=SC2053  # a pattern
    until [[ $("$@" 2>&1) == $expected ]]; do
        ((SECONDS < until)) || fail "expected within 20 s: $expected
came: $("$@" 2>&1)"
        sleep 0.2
    done
    ((++checks))
}

# What a field would be after a create.
tried_field() { create alice "$(aws_cluster probe eu-west-1)" --dry-run=server -o "jsonpath={$1}" 2>/dev/null; }

case_attestation_is_written() {
    local object before
    attesting_gate attest-write
    allowed create alice "$(fleet_member eu-1)"
    for object in cluster awscluster kubeadmcontrolplane machinedeployment; do
        attested "$object/eu-1" first 1
    done
    equal "Flux's prune annotation, by a policy" disabled "$(field cluster/eu-1 "$PRUNE")"
    allowed create alice "$(attested_aws_cluster eu-2 eu-west-1 v1.first.1.forged)"
    attested awscluster/eu-2 first 1
    allowed create alice "$(aws_cluster x eu-west-1 | sed 's/^  name: .*/  generateName: eu-/')"
    denied region-limits create alice "$(aws_cluster eu-7 eu-north-1)"

    before=$(field awscluster/eu-1 "$ATTESTATION")
    allowed merge alice awscluster/eu-1 '{"metadata":{"labels":{"a":"b"}}}'
    equal "attestation after a label" "$before" "$(field awscluster/eu-1 "$ATTESTATION")"
    allowed merge alice awscluster/eu-1 '{"metadata":{"annotations":{"fleetgate.dev/attestation":null}}}'
    equal "attestation after it was stripped" "$before" "$(field awscluster/eu-1 "$ATTESTATION")"
    allowed merge alice awscluster/eu-1 '{"spec":{"sshKeyName":"other"}}'
    equal "generation" 2 "$(field awscluster/eu-1 .metadata.generation)"
    attested awscluster/eu-1 first 2
    allowed json_patch alice awscluster/eu-1 '[{"op":"replace","path":"/spec/sshKeyName","value":"default"}]'
    attested awscluster/eu-1 first 3
    allowed delete alice awscluster/eu-1
}

case_attestation_without_drift() {
    local first
    attesting_gate attest-drift
    allowed flux_apply "$(fleet_member eu-1)" --dry-run=server
    missing cluster/eu-1
    allowed flux_apply "$(fleet_member eu-1)"
    first=$(resource_versions eu-1)
    no_drift cluster/eu-1 "$(cluster eu-1 "$PROTECTED")"
    no_drift awscluster/eu-1 "$(aws_cluster eu-1 eu-west-1)"
    no_drift machinedeployment/eu-1 "$(workers MachineDeployment eu-1 3)"
    allowed flux_apply "$(fleet_member eu-1)"
    allowed flux_apply "$(fleet_member eu-1)"
    equal "resource versions after two more applies" "$first" "$(resource_versions eu-1)"
    equal "attestation of a change that is only tried" "$(field awscluster/eu-1 "$ATTESTATION")" \
        "$(flux_apply "$(aws_cluster eu-1 eu-west-1)" --dry-run=server -o "jsonpath={$ATTESTATION}")"
}

# What /scale changes is not part of it: the annotation stays, and so does all that users do with the pool.
case_attestation_and_scale() {
    local before
    attesting_gate attest-scale
    allowed apply alice "$(workers MachineDeployment pool 3)"
    before=$(field machinedeployment/pool "$ATTESTATION")
    allowed scale alice machinedeployment/pool 5
    equal "attestation after a scale" "$before" "$(field machinedeployment/pool "$ATTESTATION")"
    allowed merge alice machinedeployment/pool '{"metadata":{"labels":{"a":"b"}}}'
    allowed scale alice machinedeployment/pool 6
    denied node-counts scale alice machinedeployment/pool 11
    allowed merge alice machinedeployment/pool '{"spec":{"template":{"spec":{"version":"v1.31.1"}}}}'
    attested machinedeployment/pool first "$(field machinedeployment/pool .metadata.generation)"
}

case_attestation_refused() {
    local good
    attesting_gate attest-refuse
    allowed create alice "$(aws_cluster eu-1 eu-west-1)"
    good=$(field awscluster/eu-1 "$ATTESTATION")
    kube admin delete mutatingwebhookconfiguration fleetgate-attest-refuse >/dev/null
    eventually_is "" tried_field "$ATTESTATION"
    denied attestation create alice "$(attested_aws_cluster eu-2 eu-west-1 v1.first.1.forged)"
    contains "$output" "[attestation] AWSCluster $namespace/eu-2 metadata.annotations[\"fleetgate.dev/attestation\"]: is no attestation"
    contains "$output" "reinvocationPolicy: IfNeeded"
    denied attestation create alice "$(attested_aws_cluster eu-2 eu-west-1 "$good")" # copied
    missing awscluster/eu-2
    allowed create alice "$(aws_cluster eu-3 eu-west-1)"
    contains "$output" "Warning: [attestation] AWSCluster $namespace/eu-3: not attested by /mutate: it may be held until applied again"
    allowed merge alice awscluster/eu-1 '{"metadata":{"labels":{"a":"b"}}}'
    equal "warnings of a label" "awscluster.infrastructure.cluster.x-k8s.io/eu-1 patched" "$output"
    allowed merge alice awscluster/eu-1 '{"spec":{"sshKeyName":"other"}}' # the old annotation stays
    contains "$output" "Warning: [attestation] AWSCluster $namespace/eu-1: not attested by /mutate"
    allowed merge alice awscluster/eu-1 '{"metadata":{"annotations":{"fleetgate.dev/attestation":null}}}'
    denied attestation merge alice awscluster/eu-1 \
        "{\"spec\":{\"sshKeyName\":\"default\"},\"metadata\":{\"annotations\":{\"fleetgate.dev/attestation\":\"$good\"}}}"
    contains "$output" "it names generation 1; the object has generation 3" # replayed
    allowed delete alice awscluster/eu-1
}

# What was stored before there were keys: a label does not attest it; applying it again does, and so does asking.
case_attestation_of_what_was_there() {
    allowed apply alice "$(fleet_member eu-1)"
    allowed create alice "$(aws_cluster eu-2 eu-west-1)"
    attesting_gate attest-late
    allowed merge alice awscluster/eu-1 '{"metadata":{"labels":{"a":"b"}}}'
    allowed scale alice machinedeployment/eu-1 4
    equal "attestation after a label" "" "$(field awscluster/eu-1 "$ATTESTATION")"
    allowed apply alice "$(aws_cluster eu-1 eu-west-1)"
    attested awscluster/eu-1 first 1
    allowed in_namespace alice annotate awscluster/eu-2 --overwrite fleetgate.dev/attestation=
    attested awscluster/eu-2 first 1
    allowed delete alice awscluster/eu-2
}

case_attestation_keys_rotate() {
    local keys=$cluster_dir/attest-keys.keys
    attesting_gate attest-keys
    allowed apply alice "$(aws_cluster eu-1 eu-west-1)"
    attested awscluster/eu-1 first 1
    "$fleetgate" keys add "$keys" --id second >/dev/null
    eventually_is "*attestation keys: first (signs), second*" gate_ops attest-keys /readyz
    "$fleetgate" keys use "$keys" second >/dev/null
    eventually_is "*attestation keys: second (signs), first*" gate_ops attest-keys /readyz
    allowed apply alice "$(aws_cluster eu-1 eu-west-1)" # what is applied again is signed anew
    attested awscluster/eu-1 second 1
    "$fleetgate" keys drop "$keys" first >/dev/null
    eventually_is "*attestation keys: second (signs)" gate_ops attest-keys /readyz
    allowed apply alice "$(aws_cluster eu-1 eu-west-1)"
    attested awscluster/eu-1 second 1
    chmod 644 "$keys"
    eventually_is "*attestation keys: the last load failed*" gate_ops attest-keys /readyz
    allowed create alice "$(aws_cluster eu-2 eu-west-1)"
    attested awscluster/eu-2 second 1
}

# Another webhook changes the object after the gate's: the gate is asked once more.
case_attestation_after_another_webhook() {
    local folder=$cluster_dir/attest-other.policies
    mkdir "$folder"
    cat >"$folder/keys.lua" <<'LUA'
return policy {
  name = "keys", title = "Keys have a name", severity = "low", category = "test",
  match = { objects = { { kind = "AWSCluster" } } },
  mutate = function(change, params, patch) patch.set("spec.sshKeyName", "changed") end,
}
LUA
    printf 'apiVersion: fleetgate.dev/v1alpha1\nkind: Configuration\n' >"$cluster_dir/attest-other.yaml"
    attesting_gate attest-first
    gate_port[z-other]=$(free_port)
    gate_start z-other "${gate_port[z-other]}" "$cluster_dir/attest-other.yaml" --policies "$folder" ||
        fail "the other webhook did not start: $(tail -n 5 "$cluster_dir/z-other.log")"
    gate_webhooks z-other | sed -e '/^---$/,$d' -e 's/values: \[z-other\]/values: [attest-first]/' \
        -e 's/reinvocationPolicy: IfNeeded/reinvocationPolicy: Never/' | kube admin apply --validate=false -f - >/dev/null
    eventually_is changed tried_field .spec.sshKeyName
    allowed create alice "$(aws_cluster eu-1 eu-west-1)"
    equal "what the other webhook set" changed "$(field awscluster/eu-1 .spec.sshKeyName)"
    attested awscluster/eu-1 first 1
    # Asked only once, the gate attests what is not stored, and its other half refuses that.
    gate_webhooks attest-first | sed -e '/^---$/,$d' -e 's/reinvocationPolicy: IfNeeded/reinvocationPolicy: Never/' |
        kube admin apply --validate=false -f - >/dev/null
    eventually_is "*[[]attestation]*was made for another*" create alice "$(aws_cluster eu-2 eu-west-1)" --dry-run=server
    denied attestation create alice "$(aws_cluster eu-2 eu-west-1)"
    gate_webhooks z-other | kube admin delete --ignore-not-found -f - >/dev/null
}

# A spec that got in while no webhook was asked is carried out by nobody, until it comes through the gate.
case_attestation_holds_what_came_past_the_gate() {
    reconcilers_start attest-hold 1 "$main_config"
    allowed apply alice "$(driven_member eu-1 v1.30.4 2)"
    becomes 120 "eu-1 comes up" is_up eu-1
    gate_unregister attest-hold
    eventually_is "" tried_field "$ATTESTATION"
    allowed apply alice "$(driven_pool eu-1 a v1.30.4 2 | sed 's/^  clusterName: .*/&\n  minReadySeconds: 30/')"
    allowed scale alice machinedeployment/eu-1-b 3
    becomes 60 "the pool is held" has_condition machinedeployment/eu-1-a PolicyApproved "False Held"
    contains "$(condition machinedeployment/eu-1-a PolicyApproved)" "[attestation] MachineDeployment $namespace/eu-1-a"
    becomes 90 "a pool is scaled all the same" has_field machinedeployment/eu-1-b .status.readyReplicas 3
    gate_webhooks attest-hold | kube admin apply --validate=false -f - >/dev/null
    eventually_is "v1.*" tried_field "$ATTESTATION"
    allowed apply alice "$(driven_pool eu-1 a v1.30.4 2 | sed 's/^  clusterName: .*/&\n  minReadySeconds: 30/')"
    becomes 60 "what came through the gate is approved" has_condition machinedeployment/eu-1-a PolicyApproved "True Approved"
}
