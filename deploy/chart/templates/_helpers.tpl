{{- /* A manifest of deploy/ as it is, in the release's namespace. */ -}}
{{- define "fleetgate.file" -}}
{{- $root := index . 0 -}}
{{ $root.Files.Get (printf "files/%s" (index . 1)) | replace "fleetgate-system" $root.Release.Namespace }}
{{- end -}}

{{- /* A webhook configuration of deploy/base with what the values change. */ -}}
{{- define "fleetgate.webhooks" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
{{- $configuration := include "fleetgate.file" . | fromYaml -}}
{{- if eq $values.certificates.mode "cert-manager" -}}
{{- $_ := set $configuration.metadata "annotations" (dict "cert-manager.io/inject-ca-from" (printf "%s/fleetgate" $root.Release.Namespace)) -}}
{{- end -}}
{{- range $webhook := $configuration.webhooks -}}
{{- $_ := set $webhook "timeoutSeconds" $values.webhooks.timeoutSeconds -}}
{{- if eq $webhook.failurePolicy "Fail" -}}
{{- $_ := set $webhook "failurePolicy" $values.webhooks.failurePolicy -}}
{{- end -}}
{{- if eq $values.certificates.mode "files" -}}
{{- $_ := set $webhook.clientConfig "caBundle" $values.certificates.caBundle -}}
{{- end -}}
{{- if $values.webhooks.matchConditions -}}
{{- if eq $webhook.name "clusters.fleetgate.dev" -}}
{{- $_ := set $webhook "matchConditions" (list (dict "name" "changes-what-is-judged" "expression" (include "fleetgate.changes" $root))) -}}
{{- else if eq $webhook.name "others.fleetgate.dev" -}}
{{- $_ := set $webhook "matchConditions" (list (dict "name" "not-the-delivery-of-the-gate" "expression" "!(request.namespace == 'flux-system' && request.name == 'fleetgate')")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $configuration }}
{{- end -}}

{{- define "fleetgate.changes" -}}
request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec || has(object.metadata.labels) != has(oldObject.metadata.labels) || (has(object.metadata.labels) && object.metadata.labels != oldObject.metadata.labels) || has(object.metadata.annotations) != has(oldObject.metadata.annotations) || (has(object.metadata.annotations) && object.metadata.annotations != oldObject.metadata.annotations)
{{- end -}}
