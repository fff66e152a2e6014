{{/* Names, labels and images. A component is ingest, enricher, sink, settler, console, migrate or topics. */}}

{{- define "clickrail.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-clickrail" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "clickrail.selector" -}}
app.kubernetes.io/name: clickrail
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "clickrail.labels" -}}
{{ include "clickrail.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: clickrail
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "clickrail.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.prefix }}{{ .image }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "clickrail.serviceAccountName" -}}
{{- with .Values.serviceAccount }}{{ if .create }}{{ .name | default (include "clickrail.name" $) }}{{ else }}{{ .name | default "default" }}{{ end }}{{ end }}
{{- end }}

{{/* What each component connects to. */}}
{{- define "clickrail.uses" -}}
ingest: [kafka, database, redis, keys]
enricher: [kafka, redis, keys]
sink: [kafka, database]
settler: [database]
console: [kafka, database]
migrate: [database]
topics: [kafka]
{{- end }}

{{- define "clickrail.privatePorts" -}}
ingest: 9100
enricher: 9120
sink: 9130
settler: 9150
console: 9140
{{- end }}
