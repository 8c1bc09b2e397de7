# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/e2e/run

helm_release() {
    cat <<YAML
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: $1
spec:
  interval: 10m
  chart: {spec: {chart: podinfo, sourceRef: {kind: HelmRepository, name: podinfo}}}
YAML
}

case_flux_kustomization_force_denied() {
    denied prune-safety create alice "$(flux_kustomization clusters false true)"
    contains "$output" "spec.force"
    missing kustomization/clusters
}

case_flux_kustomization_prune_denied() {
    denied prune-safety create alice "$(flux_kustomization clusters true false)"
    contains "$output" "spec.prune"
    missing kustomization/clusters
}

case_flux_kustomization_without_prune_allowed() {
    allowed create alice "$(flux_kustomization clusters false false)"
    allowed merge kustomize kustomization/clusters '{"metadata":{"finalizers":["finalizers.fluxcd.io"]}}'
    denied prune-safety merge alice kustomization/clusters '{"spec":{"force":true}}'
    equal "force after the denial" false "$(field kustomization/clusters .spec.force)"
}

# Its finalizer would delete every cluster that it has applied.
case_flux_kustomization_delete_denied() {
    namespace="e2e-legacy"
    denied prune-safety delete alice kustomization/clusters
    exists kustomization/clusters
}

case_flux_helmrelease_allowed() { allowed create alice "$(helm_release podinfo)"; }

# The annotation makes Flux delete and recreate what it can't change (domain.md, finding 1).
case_force_annotation_denied_or_warned() {
    run_for_output create alice "$(cluster eu-1 'annotations: {kustomize.toolkit.fluxcd.io/force: enabled}')" || true
    matches "$output" '\[prune-safety\]|Warning: .*force'
}
