{{/* What the pods of all components have in common. */}}

{{- define "clickrail.podStart" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .component -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- range $name := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $own $name }}
{{ $name }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "clickrail.spread" -}}
topologySpreadConstraints:
  {{- range $key, $unsatisfiable := dict "kubernetes.io/hostname" .root.Values.spreadAcrossNodes "topology.kubernetes.io/zone" "ScheduleAnyway" }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $unsatisfiable }}
    labelSelector:
      matchLabels: {{- include "clickrail.selector" $ | nindent 8 }}
    {{- if ne $.component "ingest" }}
    # The old pods of a rollout do not count.
    matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end }}

{{- define "clickrail.container" -}}
image: {{ include "clickrail.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- toYaml .root.Values.securityContext | nindent 2 }}
env: {{- include "clickrail.environment" . | trim | nindent 2 }}
{{- end }}

{{/*
/healthz: the process runs. /readyz: it can do its work. With several workers only the supervisor is asked. The console
keeps its visitors while PostgreSQL is away: it tells them so, and its live view continues.
*/}}
{{- define "clickrail.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: private}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
readinessProbe:
  httpGet: {path: {{ ternary "/healthz" "/readyz" (eq .component "console") }}, port: private}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /healthz, port: private}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 4
{{- end }}

{{/* The topics job of a Kafka without a password has no secrets. */}}
{{- define "clickrail.mounts" -}}
{{- if include "clickrail.secretSources" . | trim }}
- {name: secrets, mountPath: /etc/clickrail/secrets, readOnly: true}
{{- end }}
{{- with (index .root.Values .component).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "clickrail.volumes" -}}
{{- with include "clickrail.secretSources" . | trim }}
- name: secrets
  projected:
    # For the group, which fsGroup makes ours: a key ring that everybody may read is refused.
    defaultMode: 0440
    sources: {{- . | nindent 6 }}
{{- end }}
{{- with (index .root.Values .component).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
