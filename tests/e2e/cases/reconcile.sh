# shellcheck shell=bash disable=SC2154  # sourced by tests/e2e/run
# Approved specs become clusters of the embedded cloud, by one of several replicas, whatever happens to it.

reconcile_kill_seconds=${E2E_KILL_SECONDS:-30}

# driven_cluster NAME [METADATA]: a Cluster with kubeadm that the reconciler drives, in the v1beta2 shape.
driven_cluster() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: $1
  labels: {fleetgate.dev/provider: sim${2:+, $2}}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
    services: {cidrBlocks: [10.96.0.0/12]}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSCluster, name: $1}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: KubeadmControlPlane, name: $1}
YAML
}

# driven_control_plane NAME VERSION
driven_control_plane() {
    cat <<YAML
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KubeadmControlPlane
metadata:
  name: $1
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  replicas: 3
  version: $2
  kubeadmConfigSpec: {clusterConfiguration: {}}
  machineTemplate:
    spec:
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: $1}
YAML
}

# driven_pool CLUSTER POOL VERSION REPLICAS
driven_pool() {
    cat <<YAML
apiVersion: cluster.x-k8s.io/v1beta2
kind: MachineDeployment
metadata:
  name: $1-$2
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  clusterName: $1
  replicas: $4
  selector: {matchLabels: {}}
  template:
    spec:
      clusterName: $1
      version: $3
      bootstrap: {dataSecretName: $1-bootstrap}
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: $1}
YAML
}

# driven_member NAME VERSION REPLICAS: all of it, with two pools.
driven_member() {
    aws_cluster "$1" eu-west-1
    echo ---
    driven_cluster "$1"
    echo ---
    driven_control_plane "$1" "$2"
    echo ---
    driven_pool "$1" a "$2" "$3"
    echo ---
    driven_pool "$1" b "$2" "$3"
}

# managed_member NAME VERSION REPLICAS: the same on EKS.
managed_member() {
    cat <<YAML
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSManagedCluster
metadata: {name: $1}
spec: {}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: $1
  labels: {fleetgate.dev/provider: sim}
spec:
  clusterNetwork:
    pods: {cidrBlocks: [192.168.0.0/16]}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedCluster, name: $1}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: AWSManagedControlPlane, name: $1}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: AWSManagedControlPlane
metadata: {name: $1}
spec: {region: eu-west-1, version: $2, eksClusterName: $1}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: AWSManagedMachinePool
metadata: {name: $1-a}
spec: {instanceType: m5.large}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: MachinePool
metadata:
  name: $1-a
  labels: {cluster.x-k8s.io/cluster-name: $1}
spec:
  clusterName: $1
  replicas: $3
  template:
    spec:
      clusterName: $1
      version: $2
      bootstrap: {dataSecretName: ""}
      infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSManagedMachinePool, name: $1-a}
YAML
}

# reconcilers_start NAME COUNT CONFIG [OPTION...]: replicas that share one embedded cloud, $cluster_dir/NAME.sim.
reconcilers_start() {
    local name=$1 count=$2 config=$3
    shift 3
    [[ -s $cluster_dir/$name.keys ]] || "$fleetgate" keys new "$cluster_dir/$name.keys" >/dev/null
    replicas_start "$name" "$count" "$config" --attestation-keys "$cluster_dir/$name.keys" --reconcile \
        --sim-state "$cluster_dir/$name.sim" --sim-pace "${sim_pace:-300}" "$@"
}

# condition KIND/NAME TYPE: "True Reason message".
condition() {
    in_namespace admin get "$1" \
        -o "jsonpath={.status.conditions[?(@.type==\"$2\")].status} {.status.conditions[?(@.type==\"$2\")].reason} {.status.conditions[?(@.type==\"$2\")].message}" 2>/dev/null
}
has_condition() { [[ $(condition "$1" "$2") == "$3 "* ]]; }
has_field() { [[ $(field "$1" "$2" 2>/dev/null) == "$3" ]]; }

# becomes SECONDS WHAT COMMAND...
becomes() {
    local seconds=$1 what=$2
    shift 2
    until_true "$seconds" "$@" || fail "expected within $seconds s: $what; came:
$(reconcile_state)"
}

reconcile_state() {
    in_namespace admin get clusters,kubeadmcontrolplanes,machinedeployments,machinepools \
        -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.status.phase} {range .status.conditions[*]}{.type}={.status}({.reason}: {.message}) {end}{"\n"}{end}' 2>&1 | cut -c1-600
    grep -hE ' (warn|error) ' "$cluster_dir"/*-[0-9].log 2>/dev/null | tail -n 5
}

is_up() {
    has_condition "cluster/$1" Available True && has_condition "cluster/$1" Ready True &&
        has_condition "cluster/$1" Reconciled True && has_field "cluster/$1" .status.phase Provisioned
}

# pool_is KIND/NAME REPLICAS VERSION: as many nodes as it says, all of that version.
pool_is() {
    has_condition "$1" Available True && has_field "$1" .status.readyReplicas "$2" &&
        has_field "$1" .status.upToDateReplicas "$2" && has_field "$1" '.status.versions[*].version' "$3"
}

steps_of() { sed -nE "s/.*reason=StepStarted object=\"Cluster $namespace\/$2\" message=\"(.*)\"/\1/p" "$cluster_dir/$1"-[0-9].log; }

# in_cloud NAME SQL: asks the embedded cloud; nobody may have it open.
in_cloud() { sqlite3 "$cluster_dir/$1.sim" "$2"; }

# What must hold of the cloud whatever happened: no two of one kind, nothing that nobody asked for, nothing half done.
cloud_is_clean() {
    local name=$1 wanted
    wanted=$(in_namespace admin get clusters -l fleetgate.dev/provider=sim \
        -o "jsonpath={range .items[*]}$namespace-{.metadata.name} {.metadata.uid}{\"\n\"}{end}" | sort)
    equal "clusters in the cloud, each with the uid of its Cluster" "$wanted" \
        "$(in_cloud "$name" "SELECT id || ' ' || owner FROM cluster WHERE NOT is_gone ORDER BY id")"
    equal "steps that were started twice" "" \
        "$(in_cloud "$name" "SELECT region, id, token FROM operation GROUP BY region, id, token HAVING count(*) > 1")"
    wanted=$(in_namespace admin get machinedeployments,machinepools \
        -o "jsonpath={range .items[*]}$namespace-{.spec.clusterName} {.metadata.name} {.spec.replicas}{\"\n\"}{end}" | sort)
    equal "pools in the cloud, with as many nodes as each" "$wanted" \
        "$(in_cloud "$name" "SELECT pool.id || ' ' || pool.name || ' ' || count(machine.number) FROM pool
            LEFT JOIN machine ON machine.region = pool.region AND machine.id = pool.id AND machine.pool = pool.name
            WHERE pool.name <> '' GROUP BY pool.region, pool.id, pool.name ORDER BY 1" | sort)"
}

needs_sqlite() { command -v sqlite3 >/dev/null || skip_case "sqlite3 is not installed"; }

case_reconcile_a_life() {
    needs_sqlite
    reconcilers_start life 1 "$main_config"
    allowed apply alice "$(driven_member eu-1 v1.30.4 2)"
    becomes 120 "eu-1 comes up" is_up eu-1
    becomes 30 "its pools are there" pool_is machinedeployment/eu-1-a 2 v1.30.4
    equal "type of the kubeconfig's Secret" cluster.x-k8s.io/secret "$(field secret/eu-1-kubeconfig .type)"
    contains "$(field secret/eu-1-kubeconfig .data.value | base64 -d)" "$(field cluster/eu-1 .spec.controlPlaneEndpoint.host)"
    equal "owner of its control plane" "Cluster eu-1" \
        "$(field kubeadmcontrolplane/eu-1 '.metadata.ownerReferences[0].kind} {.metadata.ownerReferences[0].name')"
    equal "owner of its infrastructure" "Cluster eu-1" \
        "$(field awscluster/eu-1 '.metadata.ownerReferences[0].kind} {.metadata.ownerReferences[0].name')"
    equal "finalizer" fleetgate.dev/reconciler "$(field cluster/eu-1 '.metadata.finalizers[*]')"
    equal "first, the control plane" "create cluster at 1.30.4" "$(steps_of life eu-1 | head -n 1)"

    # The same commands as for 'fleetgate run' show it.
    local admin=$cluster_dir/admin.kubeconfig
    matches "$("$fleetgate" get clusters --kubeconfig "$admin" -n "$namespace")" \
        "$namespace +eu-1 +aws/kubeadm +eu-west-1 +Provisioned +v1.30.4 +3/3 +4/4 +True"
    contains "$("$fleetgate" describe cluster "$namespace/eu-1" --kubeconfig "$admin")" \
        "├─ControlPlane - KubeadmControlPlane/eu-1"

    # The control plane goes first, and a repeated apply changes nothing.
    contains "$(apply alice "$(driven_pool eu-1 a v1.30.4 2)")" serverside-applied
    equal "generation after a repeated apply" 1 "$(field machinedeployment/eu-1-a .metadata.generation)"
    allowed apply alice "$(driven_control_plane eu-1 v1.31.2)"
    becomes 60 "the control plane is new" has_field kubeadmcontrolplane/eu-1 .status.version v1.31.2
    allowed apply alice "$(driven_pool eu-1 a v1.31.2 2)"
    becomes 60 "its pool follows" pool_is machinedeployment/eu-1-a 2 v1.31.2
    becomes 30 "the other stays" pool_is machinedeployment/eu-1-b 2 v1.30.4
    allowed scale alice machinedeployment/eu-1-a 4
    becomes 60 "the pool grows" pool_is machinedeployment/eu-1-a 4 v1.31.2
    allowed delete alice machinedeployment/eu-1-b
    becomes 60 "a pool goes" gone machinedeployment/eu-1-b
    becomes 30 "all is as it should be" is_up eu-1
    matches "$(steps_of life eu-1 | tr '\n' ';')" \
        'upgrade control plane to 1.31.2;.*upgrade pool eu-1-a to 1.31.2;.*scale pool eu-1-a to 4;.*delete pool eu-1-b'
    process_stop life-0 || fail "it did not end well: $(tail -n 5 "$cluster_dir/life-0.log")"
    cloud_is_clean life
    replica_start life 0 || fail "it did not start again: $(tail -n 5 "$cluster_dir/life-0.log")"

    allowed delete alice cluster/eu-1
    becomes 120 "eu-1 goes" gone cluster/eu-1
    becomes 30 "and all that it had" gone kubeadmcontrolplane/eu-1
    missing machinedeployment/eu-1-a
    becomes 30 "its record too" gone secret/eu-1-fleetgate
    process_stop life-0 || fail "it did not end well: $(tail -n 5 "$cluster_dir/life-0.log")"
    equal "what is left in the cloud" "" "$(in_cloud life "SELECT id FROM cluster WHERE NOT is_gone")"
}

gone() { ! in_namespace admin get "$1" >/dev/null 2>&1; }

case_reconcile_managed_control_plane() {
    reconcilers_start managed 1 "$main_config"
    allowed apply alice "$(managed_member eu-2 v1.30 2)"
    becomes 120 "eu-2 comes up" is_up eu-2
    becomes 30 "its pool is there" has_field machinepool/eu-2-a .status.readyReplicas 2
    allowed scale alice machinepool/eu-2-a 3
    becomes 60 "its pool grows" has_field machinepool/eu-2-a .status.readyReplicas 3
    allowed delete alice cluster/eu-2
    becomes 120 "eu-2 goes" gone cluster/eu-2
}

# Nobody drives a Cluster that does not ask for it.
case_reconcile_only_what_asks() {
    reconcilers_start asked 1 "$main_config"
    allowed apply alice "$(driven_member eu-1 v1.30.4 1)"
    allowed apply alice "$(driven_member eu-9 v1.30.4 1 | sed '/fleetgate.dev\/provider/d')"
    becomes 120 "eu-1 comes up" is_up eu-1
    equal "status of the other" "" "$(field cluster/eu-9 .status)"
    equal "finalizers of the other" "" "$(field cluster/eu-9 '.metadata.finalizers')"
    missing secret/eu-9-fleetgate
}

is_not_reconciled() { [[ $(condition "$1" Reconciled) == "False Waiting ["* ]]; }
refused_by() { [[ $(condition "$1" PolicyApproved) =~ ^False\ .*$2 ]]; }

# What got in by another way is judged before anything happens to the real cluster.
case_reconcile_changes_while_the_gate_is_down() {
    needs_sqlite
    reconcilers_start blind 1 "$main_config"
    allowed apply alice "$(driven_member eu-1 v1.30.4 2)"
    becomes 120 "eu-1 comes up" is_up eu-1
    allowed apply alice "$(driven_control_plane eu-1 v1.30.9)"
    becomes 60 "its control plane is newer" has_field kubeadmcontrolplane/eu-1 .status.version v1.30.9
    becomes 30 "and all is well" is_up eu-1
    process_stop blind-0 || fail "it did not end well: $(tail -n 5 "$cluster_dir/blind-0.log")"
    send_reviews_to nobody
    until_true 30 scale alice machinedeployment/eu-1-a 40 >/dev/null 2>&1 || fail "the API server still asks the gate"
    allowed merge alice machinedeployment/eu-1-b '{"spec": {"template": {"spec": {"version": "v1.30.6"}}}}'
    send_reviews_to blind
    until_true 30 gate_is_asked || fail "the API server does not ask the gate"
    replica_start blind 0 || fail "it did not start again: $(tail -n 5 "$cluster_dir/blind-0.log")"

    becomes 90 "the pool says which policy and field" \
        refused_by machinedeployment/eu-1-a '\[node-counts\] MachineDeployment [a-z0-9-]+/eu-1-a spec.replicas'
    becomes 30 "what nobody attested waits" refused_by machinedeployment/eu-1-b 'attest'
    becomes 30 "its Cluster is not as it should be" is_not_reconciled cluster/eu-1
    equal "nodes of what is in force" 2 "$(field machinedeployment/eu-1-a .status.readyReplicas)"
    equal "steps that were started for it" "" "$(steps_of blind eu-1 | grep -E 'scale|upgrade pool' || true)"
    # The gate is back: who asks for something that may be gets it.
    allowed scale alice machinedeployment/eu-1-a 3
    becomes 60 "what is allowed is carried out" pool_is machinedeployment/eu-1-a 3 v1.30.4
    becomes 30 "and approved" has_condition machinedeployment/eu-1-a PolicyApproved True
    becomes 30 "the other still waits" refused_by machinedeployment/eu-1-b 'attest'
    # A change of something else attests nothing; a spec that admission sees is.
    allowed merge alice machinedeployment/eu-1-b '{"metadata": {"labels": {"seen": "yes"}}}'
    allowed merge alice machinedeployment/eu-1-b '{"spec": {"template": {"spec": {"version": "v1.30.7"}}}}'
    becomes 60 "what admission has seen goes on" pool_is machinedeployment/eu-1-b 2 v1.30.7
}

active_replica() {
    local index
    for index in 0 1; do
        if [[ $(replica_metric "$1" "$index" fleetgate_reconcile_active) == 1 ]]; then
            echo "$index"
        fi
    done
}
one_is_active() { [[ $(active_replica "$1") =~ ^[01]$ ]]; }
is_active() { [[ $(active_replica "$1") == "$2" ]]; }

case_reconcile_one_of_two() {
    local leader other
    needs_sqlite
    reconcilers_start pair 2 "$main_config"
    until_true 60 one_is_active pair || fail "nobody carries anything out, or two do: $(active_replica pair)"
    leader=$(active_replica pair)
    other=$((1 - leader))
    allowed apply alice "$(driven_member eu-1 v1.30.4 2)"
    becomes 120 "eu-1 comes up" is_up eu-1
    equal "steps of the one that does not lead" 0 "$(grep -c StepStarted "$cluster_dir/pair-$other.log" || true)"
    # In the middle of a step.
    allowed scale alice machinedeployment/eu-1-a 5
    until_true 30 started_scaling pair || fail "no step was started: $(reconcile_state)"
    replica_kill pair "$leader"
    becomes 90 "the other takes over" is_active pair "$other"
    becomes 60 "and ends what was begun" pool_is machinedeployment/eu-1-a 5 v1.30.4
    replica_start pair "$leader" || fail "it did not start again: $(tail -n 5 "$cluster_dir/pair-$leader.log")"
    allowed scale alice machinedeployment/eu-1-b 3
    becomes 60 "one of them goes on" pool_is machinedeployment/eu-1-b 3 v1.30.4
    equal "the one that leads" "$other" "$(active_replica pair)"
    process_stop "pair-$leader" || true
    process_stop "pair-$other" || fail "it did not end well: $(tail -n 5 "$cluster_dir/pair-$other.log")"
    cloud_is_clean pair
}

started_scaling() { grep -q 'StepStarted.*scale pool eu-1-a to 5' "$cluster_dir/$1"-[0-9].log; }

# ---- kill -9, again and again, while clusters come, change and go ----

# The lease of a replica that was killed ends after 15 s; here somebody ends it at once, so that every kill meets work.
replica_comes_back() {
    kube admin delete lease -n "fleetgate-$1" fleetgate --ignore-not-found >/dev/null
    replica_start "$1" 0 || fail "it did not come back: $(tail -n 5 "$cluster_dir/$1-0.log")"
}

# One change, which policies allow; the API server may have no gate to ask at that moment.
random_change() {
    local name=k-$((RANDOM % 4)) pool=ab replicas=$((RANDOM % 4 + 1))
    pool=${pool:RANDOM % 2:1}
    case $((RANDOM % 8)) in
        0) delete alice "cluster/$name" ;;
        1 | 2 | 3) apply alice "$(driven_member "$name" v1.30.4 "$replicas")" --force-conflicts ;;
        *) scale alice "machinedeployment/$name-$pool" "$replicas" ;;
    esac >/dev/null 2>&1 || true
}

change_until_stopped() {
    while [[ ! -e $cluster_dir/kill.stop ]] && kill -0 $$ 2>/dev/null; do
        random_change
        sleep "0.$((RANDOM % 10))"
    done
}

all_are_up() {
    local name
    for name in k-0 k-1 k-2 k-3; do
        is_up "$name" || return 1
    done
}

case_reconcile_kill() {
    local kills=0 end changing name
    needs_sqlite
    rm -f "$cluster_dir/kill.stop"
    sim_pace=600 reconcilers_start killed 1 "$main_config"
    change_until_stopped &
    changing=$!
    end=$((SECONDS + reconcile_kill_seconds))
    until ((SECONDS >= end && kills >= 3)); do
        sleep "$((RANDOM % 2)).$((RANDOM % 10))"
        replica_kill killed 0
        replica_comes_back killed
        ((++kills))
    done
    touch "$cluster_dir/kill.stop"
    wait "$changing"
    # Deletes finish, and then all four are wanted.
    becomes 180 "nothing is being deleted any more" nothing_is_going
    for name in k-0 k-1 k-2 k-3; do
        allowed apply alice "$(driven_member "$name" v1.30.4 2)" --force-conflicts
    done
    becomes 180 "all are up" all_are_up
    for name in k-0 k-1 k-2 k-3; do
        becomes 60 "the pools of $name" pool_is "machinedeployment/$name-a" 2 v1.30.4
        becomes 60 "the pools of $name" pool_is "machinedeployment/$name-b" 2 v1.30.4
    done
    process_stop killed-0 || fail "it did not end well: $(tail -n 5 "$cluster_dir/killed-0.log")"
    cloud_is_clean killed
    note "$kills kills, $(grep -c "reason=StepStarted" "$cluster_dir/killed-0.log" || true) steps, $(
        grep -c 'message="delete cluster' "$cluster_dir/killed-0.log" || true) of them deletes"
}

nothing_is_going() {
    [[ -z $(in_namespace admin get clusters -o 'jsonpath={range .items[*]}{.metadata.deletionTimestamp}{end}') ]]
}
