# shellcheck shell=bash disable=SC2154  # cluster_dir and friends are set by cluster.sh
# What cases say: commands on the case's own namespace, and expectations. To be sourced.
#
# A failed expectation ends the case. Each sets "output" to what the command printed.

namespace=
output=
checks=0

fail() {
    printf '%s\n' "$*" >"$cluster_dir/case.reason"
    exit 1
}

skip_case() {
    printf '%s\n' "$*" >"$cluster_dir/case.reason"
    exit 77
}

# Words behind the result of a case that passed.
note() { printf '%s\n' "$*" >"$cluster_dir/case.note"; }

# ---- commands: USER first, then what to send; the rest goes to kubectl ----

in_namespace() {
    local user=$1
    shift
    [[ " $* " == *" -n "* ]] || set -- "$@" -n "$namespace"
    kube "$user" "$@"
}

# create USER MANIFEST [...]
create() { in_namespace "$1" create --validate=false "${@:3}" -f - <<<"$2"; }

# apply USER MANIFEST [...]: server-side, as kubectl does it.
apply() { in_namespace "$1" apply --validate=false --server-side "${@:3}" -f - <<<"$2"; }

# flux_apply MANIFEST [...]: as Flux's kustomize-controller does it.
flux_apply() { apply kustomize "$1" --field-manager=kustomize-controller --force-conflicts "${@:2}"; }

# merge USER KIND/NAME PATCH [...], json_patch USER KIND/NAME PATCH [...]
merge() { in_namespace "$1" patch "$2" --type=merge -p "$3" "${@:4}"; }
json_patch() { in_namespace "$1" patch "$2" --type=json -p "$3" "${@:4}"; }

# delete USER KIND/NAME [...]: does not wait; finalizers stay in force.
delete() { in_namespace "$1" delete --wait=false "${@:2}"; }

# scale USER KIND/NAME REPLICAS [...]
scale() { in_namespace "$1" scale --replicas="$3" "$2" "${@:4}"; }

# field KIND/NAME JSONPATH
field() { in_namespace admin get "$1" -o "jsonpath={$2}"; }

# ---- expectations ----

run_for_output() {
    ((++checks))
    output=$("$@" 2>&1)
}

# allowed COMMAND...
allowed() {
    run_for_output "$@" || fail "expected this to be allowed: $*
came: $output"
}

# denied POLICY COMMAND...: refused by this policy, in the form that kubectl and Flux show to people.
denied() {
    local policy=$1
    shift
    local form="Error from server \(Forbidden\): (.*: )?admission webhook \"[a-z.-]+\.fleetgate\.dev\" denied the request: \[$policy\] "
    ! run_for_output "$@" || fail "expected a denial by $policy: $*
came: $output"
    [[ $output =~ $form ]] || fail "expected a denial by $policy: $*
came: $output"
}

# equal WHAT EXPECTED CAME
equal() {
    ((++checks))
    [[ $2 == "$3" ]] || fail "expected $1: $2
came: $3"
}

# contains TEXT PART
contains() {
    ((++checks))
    [[ $1 == *"$2"* ]] || fail "expected a text that contains: $2
came: $1"
}

# matches TEXT PATTERN (extended regular expression)
matches() {
    ((++checks))
    [[ $1 =~ $2 ]] || fail "expected a text that matches: $2
came: $1"
}

exists() {
    ((++checks))
    in_namespace admin get "$1" >/dev/null 2>&1 || fail "expected $1 to be there; it is not"
}

missing() {
    local text
    ((++checks))
    ! text=$(in_namespace admin get "$1" 2>&1) || fail "expected $1 not to be there; it is"
    [[ $text == *NotFound* ]] || fail "expected $1 not to be found
came: $text"
}
