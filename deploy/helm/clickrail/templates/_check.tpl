{{/* Says everything that is missing or does not go together, at once and in words. Types and names: values.schema.json. */}}

{{- define "clickrail.check" -}}
{{- $values := .Values -}}
{{- $wrong := list -}}
{{- if not $values.kafka.bootstrapServers -}}
  {{- $wrong = append $wrong "kafka.bootstrapServers is empty: name Kafka's brokers, as [kafka-0.kafka:9092]" -}}
{{- end -}}
{{- if and (eq $values.kafka.securityProtocol "SASL_SSL") (not (and $values.kafka.sasl.username $values.kafka.sasl.existingSecret)) -}}
  {{- $wrong = append $wrong "kafka.sasl: SASL_SSL needs username and existingSecret" -}}
{{- end -}}
{{- if and (eq $values.kafka.securityProtocol "PLAINTEXT") (or $values.kafka.sasl.existingSecret $values.kafka.tls.existingSecret) -}}
  {{- $wrong = append $wrong "kafka.securityProtocol is PLAINTEXT, but a password or certificates are given: set SASL_SSL or SSL" -}}
{{- end -}}
{{- if ne (empty $values.kafka.tls.certificateKey) (empty $values.kafka.tls.keyKey) -}}
  {{- $wrong = append $wrong "kafka.tls: certificateKey and keyKey belong together" -}}
{{- end -}}
{{- if not $values.publicUrl -}}
  {{- if or $values.ingest.enabled $values.console.enabled -}}
  {{- $wrong = append $wrong "publicUrl is empty: say where visitors reach ingest, as https://go.shop.example" -}}
  {{- end -}}
{{- end -}}
{{- range $component := list "ingest" "sink" "settler" "console" "migrate" -}}
  {{- if (index $values $component).enabled -}}
  {{- $database := include "clickrail.database" (dict "root" $ "component" $component) | fromYaml -}}
  {{- if not $database.secret -}}
    {{- $wrong = append $wrong (printf "database.existingSecret is empty, and %s needs it: name a Secret with PostgreSQL's URL" $component) -}}
  {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and (not $values.keys.existingSecret) (or $values.ingest.enabled $values.enricher.enabled $values.console.verifyTokens) -}}
  {{- $wrong = append $wrong "keys.existingSecret is empty: make a key ring with `clickrail keys init`, and a Secret of it" -}}
{{- end -}}
{{- if and $values.console.enabled (not $values.console.existingSecret) -}}
  {{- $wrong = append $wrong "console.existingSecret is empty: name a Secret with the keys password and session-secret" -}}
{{- end -}}
{{- range $component := list "enricher" "sink" -}}
  {{- $own := index $values $component -}}
  {{- $most := ternary $own.autoscaling.maxReplicas $own.replicas $own.autoscaling.enabled | int -}}
  {{- if gt $most (int $values.kafka.partitions) -}}
    {{- $wrong = append $wrong (printf "%s: %d replicas are more than the topics have partitions (kafka.partitions: %d): the rest would only wait" $component $most (int $values.kafka.partitions)) -}}
  {{- end -}}
  {{- if gt (int $own.autoscaling.minReplicas) (int $own.autoscaling.maxReplicas) -}}
    {{- $wrong = append $wrong (printf "%s.autoscaling: minReplicas is above maxReplicas" $component) -}}
  {{- end -}}
{{- end -}}
{{- range $component, $host := dict "ingest" $values.publicUrl "console" $values.console.url -}}
  {{- $own := index $values $component -}}
  {{- if and $own.enabled $own.ingress.enabled (not $host) (not $own.ingress.host) -}}
    {{- $wrong = append $wrong (printf "%s.ingress.host is empty, and no URL says it either" $component) -}}
  {{- end -}}
{{- end -}}
{{- with $wrong -}}
  {{- fail (printf "\n\nThese values have to be mended:\n- %s\n" (join "\n- " .)) -}}
{{- end -}}
{{- end }}
