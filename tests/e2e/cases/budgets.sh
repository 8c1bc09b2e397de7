# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run

# What is counted against limits over the whole fleet. Every case has regions and a namespace of its own: the fleet is
# all that the API server holds.

# budget_gate NAME POLICIES [TAIL]: one replica; POLICIES and TAIL are YAML.
budget_gate() {
    cat >"$cluster_dir/$1.yaml" <<YAML
apiVersion: fleetgate.dev/v1alpha1
kind: Configuration
policies:
$2
${3:-}
YAML
    replicas_start "$1" 1 "$cluster_dir/$1.yaml"
}

# in_a_while COMMAND...: the gate hears of a stored object a moment after kubectl has.
in_a_while() {
    until_true 60 "$@" || fail "expected this to come true within 60 s: $*
came: $output"
}

passes() { output=$("$@" 2>&1); }
refused() { ! output=$("$@" 2>&1) && [[ $output == *"denied the request: "* ]]; }

# sized_pool KIND NAME REPLICAS CLUSTER [ANNOTATIONS]
sized_pool() { workers "$1" "$2" "$3" "labels: {cluster.x-k8s.io/cluster-name: $4}${5:+$'\n'  annotations: $5}" | sed "s/clusterName: $2/clusterName: $4/"; }

autoscaled() { echo "{cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size: \"$1\", cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size: \"$2\"}"; }

set_autoscaler_limit() {
    merge alice "$1" "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size\":\"$2\"}}}"
}

# 20 nodes: a control plane of 3 and one while it rolls, a MachineDeployment of 3 and one, a MachinePool of 4.
case_budget_nodes_of_a_namespace() {
    local try
    budget_gate nodes '  node-counts: {params: {max_nodes_per_namespace: 20}}'
    allowed create alice "$(aws_cluster eu-1 nodes-1)"
    allowed create alice "$(cluster eu-1)"
    allowed create alice "$(kubeadm_control_plane eu-1 v1.31.0 3)"
    allowed create alice "$(workers MachineDeployment eu-1 3)"
    allowed create alice "$(workers MachinePool eu-1 4)"
    # A repeat, and what only asks, take nothing.
    for try in 1 2 3 4 5; do
        allowed apply alice "$(workers MachineDeployment eu-1 3)" --force-conflicts
        allowed scale alice machinepool/eu-1 12 --dry-run=server
        allowed create alice "$(sized_pool MachinePool "dry-$try" 8 eu-1)" --dry-run=server
    done
    denied node-counts create alice "$(sized_pool MachinePool more 9 eu-1)" --dry-run=server
    contains "$output" "namespace $namespace has no room for 9 more nodes: 12 of 20"
    # kubectl scale: the MachineDeployment with one that replaces.
    denied node-counts scale alice machinedeployment/eu-1 12
    contains "$output" "namespace $namespace has no room for 9 more nodes: 12 of 20"
    allowed scale alice machinedeployment/eu-1 11
    denied node-counts scale alice machinepool/eu-1 5
    contains "$output" "namespace $namespace is full: 20 of 20 nodes"
    allowed scale alice machinedeployment/eu-1 8
    in_a_while passes scale alice machinepool/eu-1 7
    denied node-counts scale alice machinepool/eu-1 8
    # Surge: more machines while it rolls.
    allowed scale alice machinepool/eu-1 4
    in_a_while passes merge alice machinedeployment/eu-1 '{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":3}}}}'
    denied node-counts merge alice machinedeployment/eu-1 '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":5}}}}'
    # A delete gives its nodes back.
    denied node-counts create alice "$(sized_pool MachinePool second 4 eu-1)"
    allowed delete alice machinepool/eu-1
    in_a_while passes create alice "$(sized_pool MachinePool second 4 eu-1)"
    denied node-counts create alice "$(sized_pool MachinePool third 6 eu-1)"
}

# Pools that autoscale without asking count with their maximum. Annotations raise no generation.
case_budget_nodes_that_the_autoscaler_may_make() {
    local limits
    budget_gate autoscaler '  node-counts: {params: {max_nodes_per_namespace: 20}}'
    limits=$(autoscaled 1 10)
    allowed create alice "$(aws_cluster eu-1 autoscaler-1)"
    allowed create alice "$(cluster eu-1)"
    allowed create alice "$(sized_pool MachinePool one 2 eu-1 "$limits")"
    denied node-counts create alice "$(sized_pool MachinePool two 2 eu-1 "$(autoscaled 1 11)")"
    contains "$output" "namespace $namespace has no room for 11 more nodes: 10 of 20"
    denied node-counts set_autoscaler_limit machinepool/one 21
    allowed set_autoscaler_limit machinepool/one 15
    denied node-counts create alice "$(sized_pool MachinePool two 6 eu-1)"
    contains "$output" "namespace $namespace has no room for 6 more nodes: 15 of 20"
    allowed create alice "$(sized_pool MachinePool two 5 eu-1)"
    denied node-counts set_autoscaler_limit machinepool/one 16
    # Down, and the place is free once that is stored.
    allowed set_autoscaler_limit machinepool/one 10
    in_a_while passes create alice "$(sized_pool MachinePool three 5 eu-1)"
    denied node-counts create alice "$(sized_pool MachinePool four 1 eu-1)"
    # What the autoscaler does within its limits asks for nothing.
    allowed scale capi machinepool/one 9
}

create_pool() { create alice "$(sized_pool MachinePool "$1" 8 eu-1)" >"$cluster_dir/pool.$1" 2>&1; }

# Over its limit already: what does not grow passes, and two pools of one cluster at the same time add up.
case_budget_pools_at_the_same_time() {
    local admitted=0 name
    local -a pids=()
    budget_gate pools '  node-counts: {params: {max_nodes_per_namespace: 20}}'
    allowed create alice "$(aws_cluster eu-1 pools-1)"
    allowed create alice "$(cluster eu-1)"
    allowed create alice "$(sized_pool MachinePool first 1 eu-1)"
    for name in a b c d e f; do
        create_pool "$name" &
        pids+=($!)
    done
    for name in "${pids[@]}"; do
        ! wait "$name" || ((++admitted))
    done
    equal "how many pools of 8 nodes fit beside one in 20" 2 "$admitted"
    contains "$(cat "$cluster_dir"/pool.*)" "[node-counts] "
    # The limit is lowered below what is there: nothing that stands may be locked out.
    sed -i 's/20/10/' "$cluster_dir/pools.yaml"
    kill -HUP "${cluster_pids[pools-0]}"
    in_a_while refused create alice "$(sized_pool MachinePool late 1 eu-1)" --dry-run=server
    contains "$output" "is full: 17 of 10 nodes"
    allowed merge alice machinepool/first '{"metadata":{"labels":{"team":"a"}},"spec":{"template":{"spec":{"version":"v1.31.1"}}}}'
    allowed scale alice machinepool/first 1
    denied node-counts scale alice machinepool/first 2
}

# Refused behind us: another webhook whose server is not there. Webhooks are called at the same time, so ours says yes.
refusing_webhook() {
    cat <<YAML
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: zz-e2e-refuses}
webhooks:
- name: refuses.e2e.example.com
  clientConfig: {url: "https://127.0.0.1:9/validate"}
  rules:
  - {apiGroups: [infrastructure.cluster.x-k8s.io], apiVersions: ["*"], operations: [CREATE], resources: [awsclusters], scope: "*"}
  namespaceSelector: {matchLabels: {e2e/refuses: "$1"}}
  failurePolicy: Fail
  sideEffects: None
  timeoutSeconds: 5
  admissionReviewVersions: [v1]
YAML
}

refused_elsewhere() { ! output=$("$@" 2>&1) && [[ $output == *"failed calling webhook \"refuses.e2e.example.com\""* ]]; }

case_budget_place_given_back() {
    local start returned
    budget_gate back '  region-limits: {params: {max_clusters: 1}}'
    refusing_webhook "$namespace" | kube admin apply --validate=false -f - >/dev/null
    kube admin label namespace "$namespace" "e2e/refuses=$namespace" >/dev/null
    in_a_while refused_elsewhere create alice "$(aws_cluster try back-0)" --dry-run=server
    ! run_for_output create alice "$(aws_cluster lost back-1)" || fail "the other webhook does not refuse: $output"
    contains "$output" 'failed calling webhook "refuses.e2e.example.com"'
    start=$SECONDS
    kube admin label namespace "$namespace" e2e/refuses- >/dev/null
    kube admin delete validatingwebhookconfiguration zz-e2e-refuses >/dev/null
    # Until it is known that the object is not stored, the place is its. The API server forgets webhooks with a delay.
    while refused_elsewhere create alice "$(aws_cluster next back-1)"; do
        ((SECONDS - start < 20)) || skip_case "the API server does not forget the other webhook"
        sleep 0.2
    done
    denied region-limits create alice "$(aws_cluster next back-1)"
    contains "$output" "region back-1 is full: 1 of 1 cluster"
    # The lost one itself has the place.
    allowed create alice "$(aws_cluster lost back-1)" --dry-run=server
    until_true 60 passes create alice "$(aws_cluster next back-1)" || fail "the place was not given back within 60 s: $output"
    returned=$((SECONDS - start))
    denied region-limits create alice "$(aws_cluster lost back-1)"
    note "given back after $returned s"
}

# cluster_with_pods NAME CIDR [SCOPE]: SCOPE is what the case's configuration compares the range in.
cluster_with_pods() { cluster "$1" "${3:+labels: {scope: $3\}}" | sed "s|192.168.0.0/16|$2|"; }

case_budget_networks() {
    budget_gate networks "  unique-networks:
  - when: {labels: {scope: region}}
    params: {unique: [pods], per: region}
  - when: {labels: {scope: provider}}
    params: {unique: [pods], per: provider}
  - params: {unique: [pods]}"
    allowed create alice "$(cluster_with_pods net-1 10.11.0.0/16)"
    denied unique-networks create alice "$(cluster_with_pods net-2 10.11.128.0/20)"
    contains "$output" "pod CIDR 10.11.128.0/20 overlaps that of Cluster $namespace/net-1"
    denied unique-networks create alice "$(cluster_with_pods net-2 10.0.0.0/8)"
    allowed create alice "$(cluster_with_pods net-2 10.12.0.0/16)"
    # What is so already is not asked again; what is new is.
    allowed merge alice cluster/net-2 '{"metadata":{"labels":{"team":"a"}}}'
    denied unique-networks merge alice cluster/net-2 '{"spec":{"clusterNetwork":{"pods":{"cidrBlocks":["10.11.0.0/16"]}}}}'
    equal "the range after the denial" 10.12.0.0/16 "$(field cluster/net-2 '.spec.clusterNetwork.pods.cidrBlocks[0]')"
    allowed delete alice cluster/net-1
    in_a_while passes create alice "$(cluster_with_pods net-3 10.11.128.0/20)"
    # Two regions, or providers, that share nothing may use the same ranges.
    allowed create alice "$(aws_cluster here nets-1)"
    allowed create alice "$(aws_cluster there nets-2)"
    allowed create alice "$(aws_cluster near nets-1)"
    allowed create alice "$(azure_cluster azure nets-1)"
    allowed create alice "$(cluster_with_pods here 10.21.0.0/16 region)"
    allowed create alice "$(cluster_with_pods there 10.21.0.0/16 region)"
    denied unique-networks create alice "$(cluster_with_pods near 10.21.5.0/24 region)"
    contains "$output" "overlaps that of Cluster $namespace/here"
    contains "$output" "region nets-1"
    denied unique-networks create alice "$(cluster_with_pods near 10.21.5.0/24 provider)"
    allowed create alice "$(cluster_with_pods azure 10.21.5.0/24 provider | on_azure)"
    denied unique-networks create alice "$(cluster_with_pods last 10.21.5.0/24)"
}

# azure_cluster NAME LOCATION
azure_cluster() {
    cat <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: AzureCluster
metadata: {name: $1}
spec: {location: $2, resourceGroup: $1}
YAML
}

on_azure() { sed 's|infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSCluster|infrastructure.cluster.x-k8s.io/v1beta1, kind: AzureCluster|'; }

# One cluster is several objects: whichever comes first takes the place, the others are the same cluster.
case_budget_regions_in_any_order() {
    budget_gate regions '  region-limits: {params: {max_clusters: 2}}'
    allowed create alice "$(aws_cluster infra-first order-1)"
    allowed create alice "$(cluster infra-first)"
    allowed create alice "$(kubeadm_control_plane infra-first v1.31.0 3)"
    # Where it will be is not known yet: told, and judged when it is.
    allowed create alice "$(cluster cluster-first)"
    contains "$output" "Warning: "
    contains "$output" "not judged yet"
    allowed create alice "$(cluster third)"
    allowed create alice "$(aws_cluster cluster-first order-1)"
    denied region-limits create alice "$(aws_cluster third order-1)"
    contains "$output" "region order-1 is full: 2 of 2 clusters"
    allowed create alice "$(aws_cluster third order-2)"
    # Azure's names have two spellings.
    allowed create alice "$(azure_cluster west-1 'West Europe 9')"
    allowed create alice "$(cluster west-1 | on_azure)"
    allowed create alice "$(azure_cluster west-2 westeurope9)"
    denied region-limits create alice "$(azure_cluster west-3 'west Europe9')"
    contains "$output" "region westeurope9 is full: 2 of 2 clusters"
    # A topology names its region itself.
    denied region-limits create alice "$(topology_cluster topo v1.31.0 order-1 1)"
    allowed create alice "$(topology_cluster topo v1.31.0 order-2 1)"
    denied region-limits create alice "$(aws_cluster fourth order-2)"
}

case_budget_exceptions_and_modes() {
    budget_gate modes "  region-limits:
  - when: {labels: {tier: trial}}
    mode: warn
    params: {max_clusters: 1}
  - params: {max_clusters: 1}" "exceptions:
- {name: the-second, policy: region-limits, object: {kind: AWSCluster, name: excused}, owner: e2e, reason: a test, expires: 2099-12-31}"
    allowed create alice "$(aws_cluster first modes-1)"
    denied region-limits create alice "$(aws_cluster second modes-1)"
    allowed create alice "$(aws_cluster excused modes-1)"
    contains "$output" "the-second"
    # It counts: two are there now.
    denied region-limits create alice "$(aws_cluster second modes-1)"
    contains "$output" "region modes-1 is full: 2 of 1 cluster"
    allowed create alice "$(aws_cluster trial modes-1 'labels: {tier: trial}')"
    contains "$output" "Warning: [region-limits] "
    contains "$output" "region modes-1 is full: 2 of 1"
    denied region-limits create alice "$(aws_cluster second modes-1)"
    contains "$output" "region modes-1 is full: 3 of 1 cluster"
}
