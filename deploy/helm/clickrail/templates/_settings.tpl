{{/* The environment of a component, and the files that it names. All secrets are files of one read-only volume. */}}

{{- define "clickrail.database" -}}
{{- $own := (index .root.Values .component).database | default dict -}}
{{- $shared := .root.Values.database -}}
secret: {{ $own.existingSecret | default $shared.existingSecret | quote }}
key: {{ $own.key | default $shared.key | quote }}
caKey: {{ $own.caKey | default $shared.caKey | quote }}
{{- end }}

{{- define "clickrail.environment" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .component -}}
{{- $uses := index (include "clickrail.uses" . | fromYaml) .component -}}
{{- $files := "/etc/clickrail/secrets" -}}
{{- $env := dict -}}
{{- if has "kafka" $uses -}}
  {{- $_ := merge $env (include "clickrail.kafkaEnvironment" (dict "kafka" $values.kafka "files" $files) | fromYaml) -}}
{{- end -}}
{{- if has "database" $uses -}}
  {{- $_ := set $env "CLICKRAIL_DATABASE_URL_FILE" (printf "%s/database-url" $files) -}}
{{- end -}}
{{- if and (has "redis" $uses) $values.redis.existingSecret -}}
  {{- $_ := set $env "CLICKRAIL_REDIS_URL_FILE" (printf "%s/redis-url" $files) -}}
  {{- with $values.redis.prefix }}{{ $_ := set $env "CLICKRAIL_REDIS_PREFIX" . }}{{ end -}}
{{- end -}}
{{- if include "clickrail.hasKeys" . -}}
  {{- $_ := set $env "CLICKRAIL_KEYS_FILE" (printf "%s/keys.json" $files) -}}
{{- end -}}
{{- $port := index (include "clickrail.privatePorts" . | fromYaml) .component -}}
{{- if $port -}}
  {{- $_ := set $env "CLICKRAIL_LOG_LEVEL" $values.logLevel -}}
  {{- $_ := set $env (printf "CLICKRAIL_%s_PRIVATE_HOST" (upper .component)) "0.0.0.0" -}}
{{- end -}}
{{- if eq .component "ingest" -}}
  {{- $_ := set $env "CLICKRAIL_PUBLIC_URL" $values.publicUrl -}}
  {{- $_ := set $env "CLICKRAIL_REGION" $values.region -}}
  {{- $_ := set $env "CLICKRAIL_INGEST_DATA_DIR" "/var/lib/clickrail/ingest" -}}
  {{- $_ := set $env "CLICKRAIL_INGEST_WORKERS" $own.workers -}}
  {{- $_ := set $env "CLICKRAIL_INGEST_DRAIN_S" $own.drainSeconds -}}
  {{- $_ := set $env "CLICKRAIL_INGEST_FLUSH_S" $own.flushSeconds -}}
{{- end -}}
{{- if eq .component "sink" -}}
  {{- $_ := set $env "CLICKRAIL_TIMEZONE" $values.timezone -}}
{{- end -}}
{{- if eq .component "console" -}}
  {{- $_ := set $env "CLICKRAIL_PUBLIC_URL" $values.publicUrl -}}
  {{- $_ := set $env "CLICKRAIL_CONSOLE_PASSWORD_FILE" (printf "%s/console-password" $files) -}}
  {{- $_ := set $env "CLICKRAIL_CONSOLE_SESSION_SECRET_FILE" (printf "%s/console-session-secret" $files) -}}
  {{- if $own.oidcClientSecretKey }}{{ $_ := set $env "CLICKRAIL_CONSOLE_OIDC_CLIENT_SECRET_FILE" (printf "%s/console-oidc-client-secret" $files) }}{{ end -}}
  {{- with $own.url }}{{ $_ := set $env "CLICKRAIL_CONSOLE_URL" . }}{{ end -}}
{{- end -}}
{{- $env = merge $env ($own.settings | default dict) -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  {{- /* YAML's numbers arrive as floats: 1000000 would become "1e+06". */}}
  value: {{ if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ int64 $value | quote }}{{ else }}{{ $value | quote }}{{ end }}
{{- end }}
{{- if has .component (list "enricher" "sink") }}
{{- /* A container that is started again in its pod has its partitions back at once. */}}
- name: CLICKRAIL_{{ upper .component }}_GROUP_INSTANCE_ID
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
{{- end }}
{{- end }}

{{- define "clickrail.kafkaEnvironment" -}}
{{- $kafka := .kafka -}}
CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS: {{ join "," $kafka.bootstrapServers | quote }}
CLICKRAIL_KAFKA_SECURITY_PROTOCOL: {{ $kafka.securityProtocol }}
{{- with $kafka.topicPrefix }}
CLICKRAIL_KAFKA_TOPIC_PREFIX: {{ . | quote }}
{{- end }}
{{- if eq $kafka.securityProtocol "SASL_SSL" }}
CLICKRAIL_KAFKA_SASL_MECHANISM: {{ $kafka.sasl.mechanism }}
CLICKRAIL_KAFKA_SASL_USERNAME: {{ $kafka.sasl.username | quote }}
CLICKRAIL_KAFKA_SASL_PASSWORD_FILE: {{ .files }}/kafka-password
{{- end }}
{{- if $kafka.tls.existingSecret }}
{{- if $kafka.tls.caKey }}
CLICKRAIL_KAFKA_SSL_CA_FILE: {{ .files }}/kafka-ca.crt
{{- end }}
{{- if $kafka.tls.certificateKey }}
CLICKRAIL_KAFKA_SSL_CERTIFICATE_FILE: {{ .files }}/kafka-tls.crt
CLICKRAIL_KAFKA_SSL_KEY_FILE: {{ .files }}/kafka-tls.key
{{- end }}
{{- end }}
{{- end }}

{{- define "clickrail.hasKeys" -}}
{{- if or (eq .component "ingest") (eq .component "enricher") (and (eq .component "console") .root.Values.console.verifyTokens) }}yes{{ end }}
{{- end }}

{{/* The sources of the volume: the file's name, its Secret and key. */}}
{{- define "clickrail.secretSources" -}}
{{- $values := .root.Values -}}
{{- $uses := index (include "clickrail.uses" . | fromYaml) .component -}}
{{- $database := include "clickrail.database" . | fromYaml -}}
{{- if has "kafka" $uses }}
{{- if eq $values.kafka.securityProtocol "SASL_SSL" }}
{{ include "clickrail.secretSource" (list $values.kafka.sasl.existingSecret (dict $values.kafka.sasl.passwordKey "kafka-password")) }}
{{- end }}
{{- with $values.kafka.tls }}
{{- if .existingSecret }}
{{ include "clickrail.secretSource" (list .existingSecret (dict .caKey "kafka-ca.crt" .certificateKey "kafka-tls.crt" .keyKey "kafka-tls.key")) }}
{{- end }}
{{- end }}
{{- end }}
{{- if has "database" $uses }}
{{ include "clickrail.secretSource" (list $database.secret (dict $database.key "database-url" $database.caKey "database-ca.crt")) }}
{{- end }}
{{- if and (has "redis" $uses) $values.redis.existingSecret }}
{{ include "clickrail.secretSource" (list $values.redis.existingSecret (dict $values.redis.key "redis-url" $values.redis.caKey "redis-ca.crt")) }}
{{- end }}
{{- if include "clickrail.hasKeys" . }}
{{ include "clickrail.secretSource" (list $values.keys.existingSecret (dict $values.keys.key "keys.json")) }}
{{- end }}
{{- if eq .component "console" }}
{{ include "clickrail.secretSource" (list $values.console.existingSecret (dict $values.console.passwordKey "console-password" $values.console.sessionSecretKey "console-session-secret" $values.console.oidcClientSecretKey "console-oidc-client-secret")) }}
{{- end }}
{{- end }}

{{- define "clickrail.secretSource" -}}
- secret:
    name: {{ index . 0 }}
    items:
      {{- range $key, $path := index . 1 }}
      {{- if $key }}
      - {key: {{ $key }}, path: {{ $path }}}
      {{- end }}
      {{- end }}
{{- end }}
