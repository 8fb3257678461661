{{/* (list ROOT NAME) → the labels that select a process's pods */}}
{{- define "zdravo.selector" -}}
app.kubernetes.io/name: zdravo
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* (list ROOT NAME) → all labels */}}
{{- define "zdravo.labels" -}}
{{ include "zdravo.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end }}

{{- define "zdravo.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What stands in every pod: no user, no token of the cluster, nothing that the kernel need not allow */}}
{{- define "zdravo.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pull_secrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "zdravo.container" -}}
image: {{ include "zdravo.image" . }}
imagePullPolicy: {{ .Values.image.pull_policy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* (dict "root" "secret" "settings" "secrets") → the environment */}}
{{- define "zdravo.environment" -}}
{{- range $name, $value := .settings }}
- name: {{ $name }}
  value: {{ tpl (toString $value) $.root | quote }}
{{- end }}
{{- range $name := .secrets }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: { name: {{ $.secret }}, key: {{ $name }} }
{{- end }}
{{- end }}
