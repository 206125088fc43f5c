import type { Json, JsonObject } from '../../../base/json.ts';
import { at, listAt, mapAt, numberAt, objectAt, textAt } from '../client.ts';
import { rfc1123z } from '../text.ts';
import { Writer, writeAnnotations, writeLabels, yes } from './writer.ts';

/** A pod template as raw tabbed text, as `rollout history --revision` prints it. */
export function describePodTemplate(template: JsonObject, cause: string): string {
  const w = new RawWriter();
  w.write(0, 'Pod Template:\n');
  writeTemplate(w, template, cause);
  return w.raw;
}

/** Keeps the tabs for a caller that lays out itself. */
class RawWriter extends Writer {
  raw = '';

  override write(level: number, text: string): void {
    this.raw += '  '.repeat(level) + text;
  }
}

/** The pod template inside a workload's description. */
export function writeTemplate(w: Writer, template: JsonObject, cause = ''): void {
  const spec = objectAt(template, 'spec');
  writeLabels(w, '  Labels', mapAt(template, 'metadata', 'labels'), '', '\t');
  const annotations = mapAt(template, 'metadata', 'annotations');
  if (Object.keys(annotations).length > 0 || cause !== '')
    writeAnnotations(
      w,
      '  Annotations',
      cause === '' ? annotations : { ...annotations, 'kubernetes.io/change-cause': cause },
    );
  w.lineIfSet('  Service Account', textAt(spec, 'serviceAccountName'));
  if (listAt(spec, 'initContainers').length > 0)
    writeContainers(w, 'Init Containers', listAt(spec, 'initContainers'), [], '  ', {});
  writeContainers(w, 'Containers', listAt(spec, 'containers'), [], '  ', {});
  writeVolumes(w, listAt(spec, 'volumes'), '  ');
  w.lineIfSet('  Priority Class Name', textAt(spec, 'priorityClassName'));
  writeLabels(w, '  Node-Selectors', mapAt(spec, 'nodeSelector'));
  writeTolerations(w, '  Tolerations', listAt(spec, 'tolerations'));
}

/** The containers of a pod or a template; `pod` resolves values from fields. */
export function writeContainers(
  w: Writer,
  title: string,
  containers: readonly Json[],
  statuses: readonly Json[],
  space: string,
  pod: JsonObject,
): void {
  w.write(0, `${space}${title}:${containers.length === 0 ? ' <none>' : ''}\n`);
  const indent = space === '' ? '' : ' ';
  for (const container of containers) {
    const status = statuses.find((one) => textAt(one, 'name') === textAt(container, 'name'));
    w.write(1, `${indent}${textAt(container, 'name')}:\n`);
    writeBasics(w, container, status);
    writeWords(w, 'Command', listAt(container, 'command'));
    writeWords(w, 'Args', listAt(container, 'args'));
    if (status !== undefined) writeState(w, status);
    writeResources(w, container);
    for (const [name, label] of [
      ['livenessProbe', 'Liveness'],
      ['readinessProbe', 'Readiness'],
      ['startupProbe', 'Startup'],
    ] as const) {
      const probe = at(container, name);
      if (probe !== undefined) w.write(2, `${label}:\t${probeText(probe)}\n`);
    }
    writeEnvironment(w, container, pod);
    writeMounts(w, container);
  }
}

function writeBasics(w: Writer, container: Json, status: Json | undefined): void {
  if (status !== undefined) w.write(2, `Container ID:\t${textAt(status, 'containerID')}\n`);
  w.write(2, `Image:\t${textAt(container, 'image')}\n`);
  if (status !== undefined) w.write(2, `Image ID:\t${textAt(status, 'imageID')}\n`);
  const ports = listAt(container, 'ports');
  const protocol = (port: Json): string => textAt(port, 'protocol') || 'TCP';
  const own = ports.map((port) => `${numberAt(port, 'containerPort')}/${protocol(port)}`).join(', ');
  const host = ports.map((port) => `${numberAt(port, 'hostPort')}/${protocol(port)}`).join(', ');
  w.write(2, own.includes(',') ? `Ports:\t${own}\n` : `Port:\t${own || '<none>'}\n`);
  w.write(2, host.includes(',') ? `Host Ports:\t${host}\n` : `Host Port:\t${host || '<none>'}\n`);
  const seccomp = textAt(container, 'securityContext', 'seccompProfile', 'type');
  if (seccomp !== '') w.write(2, `SeccompProfile:\t${seccomp}\n`);
}

function writeWords(w: Writer, title: string, words: readonly Json[]): void {
  if (words.length === 0) return;
  w.write(2, `${title}:\n`);
  for (const word of words) for (const line of String(word).split('\n')) w.write(3, `${line}\n`);
}

function writeState(w: Writer, status: Json): void {
  writeOneState(w, 'State', objectAt(status, 'state'));
  if (at(status, 'lastState', 'terminated') !== undefined)
    writeOneState(w, 'Last State', objectAt(status, 'lastState'));
  w.write(2, `Ready:\t${yes(at(status, 'ready') === true)}\n`);
  w.write(2, `Restart Count:\t${numberAt(status, 'restartCount')}\n`);
}

function writeOneState(w: Writer, title: string, state: JsonObject): void {
  if (at(state, 'running') !== undefined) {
    w.write(2, `${title}:\tRunning\n`);
    w.write(3, `Started:\t${rfc1123z(textAt(state, 'running', 'startedAt'))}\n`);
    return;
  }
  if (at(state, 'terminated') === undefined) {
    w.write(2, `${title}:\tWaiting\n`);
    if (textAt(state, 'waiting', 'reason') !== '')
      w.write(3, `Reason:\t${textAt(state, 'waiting', 'reason')}\n`);
    return;
  }
  const ended = objectAt(state, 'terminated');
  w.write(2, `${title}:\tTerminated\n`);
  if (textAt(ended, 'reason') !== '') w.write(3, `Reason:\t${textAt(ended, 'reason')}\n`);
  if (textAt(ended, 'message') !== '') w.write(3, `Message:\t${textAt(ended, 'message')}\n`);
  w.write(3, `Exit Code:\t${numberAt(ended, 'exitCode')}\n`);
  if (numberAt(ended, 'signal') > 0) w.write(3, `Signal:\t${numberAt(ended, 'signal')}\n`);
  w.write(3, `Started:\t${rfc1123z(textAt(ended, 'startedAt'))}\n`);
  w.write(3, `Finished:\t${rfc1123z(textAt(ended, 'finishedAt'))}\n`);
}

function writeResources(w: Writer, container: Json): void {
  for (const [field, title] of [
    ['limits', 'Limits'],
    ['requests', 'Requests'],
  ] as const) {
    const entries = Object.entries(mapAt(container, 'resources', field));
    if (entries.length === 0) continue;
    w.write(2, `${title}:\n`);
    for (const [name, amount] of entries) w.write(3, `${name}:\t${amount}\n`);
  }
}

function probeText(probe: Json): string {
  const attrs = `delay=${numberAt(probe, 'initialDelaySeconds')}s timeout=${numberAt(probe, 'timeoutSeconds')}s period=${numberAt(probe, 'periodSeconds')}s #success=${numberAt(probe, 'successThreshold')} #failure=${numberAt(probe, 'failureThreshold')}`;
  if (at(probe, 'exec') !== undefined) return `exec [${listAt(probe, 'exec', 'command').join(' ')}] ${attrs}`;
  const http = objectAt(probe, 'httpGet');
  if (at(probe, 'httpGet') !== undefined) {
    const path = textAt(http, 'path');
    return `http-get ${(textAt(http, 'scheme') || 'HTTP').toLowerCase()}://${textAt(http, 'host')}:${textAt(http, 'port')}${path.startsWith('/') || path === '' ? path : `/${path}`} ${attrs}`;
  }
  if (at(probe, 'tcpSocket') !== undefined)
    return `tcp-socket ${textAt(probe, 'tcpSocket', 'host')}:${textAt(probe, 'tcpSocket', 'port')} ${attrs}`;
  if (at(probe, 'grpc') !== undefined)
    return `grpc <pod>:${textAt(probe, 'grpc', 'port')} ${textAt(probe, 'grpc', 'service')} ${attrs}`;
  return `unknown ${attrs}`;
}

function writeEnvironment(w: Writer, container: Json, pod: JsonObject): void {
  const from = listAt(container, 'envFrom');
  if (from.length > 0) w.write(2, 'Environment Variables from:\n');
  for (const source of from) {
    const isConfig = at(source, 'configMapRef') !== undefined;
    const ref = objectAt(source, isConfig ? 'configMapRef' : 'secretRef');
    const prefix = textAt(source, 'prefix');
    w.write(
      3,
      `${textAt(ref, 'name')}\t${isConfig ? 'ConfigMap' : 'Secret'}${prefix === '' ? '' : ` with prefix '${prefix}'`}\tOptional: ${at(ref, 'optional') === true}\n`,
    );
  }
  const variables = listAt(container, 'env');
  w.write(2, `Environment:${variables.length === 0 ? '\t<none>' : ''}\n`);
  for (const variable of variables) writeVariable(w, variable, pod);
}

function writeVariable(w: Writer, variable: Json, pod: JsonObject): void {
  const name = textAt(variable, 'name');
  const from = objectAt(variable, 'valueFrom');
  if (at(variable, 'valueFrom') === undefined) {
    textAt(variable, 'value')
      .split('\n')
      .forEach((line, index) => {
        w.write(3, index === 0 ? `${name}:\t${line}\n` : `\t${line}\n`);
      });
    return;
  }
  if (at(from, 'fieldRef') !== undefined) {
    const path = textAt(from, 'fieldRef', 'fieldPath');
    const value = path.startsWith('metadata.') ? textAt(pod, ...path.split('.')) : '';
    w.write(3, `${name}:\t${value} (${textAt(from, 'fieldRef', 'apiVersion')}:${path})\n`);
  } else if (at(from, 'resourceFieldRef') !== undefined)
    w.write(3, `${name}:\t0 (${textAt(from, 'resourceFieldRef', 'resource')})\n`);
  else if (at(from, 'secretKeyRef') !== undefined)
    w.write(
      3,
      `${name}:\t<set to the key '${textAt(from, 'secretKeyRef', 'key')}' in secret '${textAt(from, 'secretKeyRef', 'name')}'>\tOptional: ${at(from, 'secretKeyRef', 'optional') === true}\n`,
    );
  else
    w.write(
      3,
      `${name}:\t<set to the key '${textAt(from, 'configMapKeyRef', 'key')}' of config map '${textAt(from, 'configMapKeyRef', 'name')}'>\tOptional: ${at(from, 'configMapKeyRef', 'optional') === true}\n`,
    );
}

function writeMounts(w: Writer, container: Json): void {
  const mounts = [...listAt(container, 'volumeMounts')].sort((a, b) =>
    textAt(a, 'mountPath') < textAt(b, 'mountPath') ? -1 : 1,
  );
  w.write(2, `Mounts:${mounts.length === 0 ? '\t<none>' : ''}\n`);
  for (const mount of mounts) {
    const flags = [
      at(mount, 'readOnly') === true ? 'ro' : 'rw',
      ...(textAt(mount, 'subPath') === '' ? [] : [`path="${textAt(mount, 'subPath')}"`]),
    ];
    w.write(3, `${textAt(mount, 'mountPath')} from ${textAt(mount, 'name')} (${flags.join(',')})\n`);
  }
}

/** The volumes of a pod or template. */
export function writeVolumes(w: Writer, volumes: readonly Json[], space: string): void {
  if (volumes.length === 0) {
    w.write(0, `${space}Volumes:\t<none>\n`);
    return;
  }
  w.write(0, `${space}Volumes:\n`);
  const indent = space === '' ? '' : ' ';
  for (const volume of volumes) {
    w.write(1, `${indent}${textAt(volume, 'name')}:\n`);
    for (const [key, value] of volumeLines(volume)) w.write(2, `${key}:\t${value}\n`);
  }
}

function optional(value: Json | undefined): string {
  return value === undefined || value === null ? '<nil>' : String(value);
}

function volumeLines(volume: Json): readonly (readonly [string, string])[] {
  if (at(volume, 'emptyDir') !== undefined) {
    return [
      ['Type', "EmptyDir (a temporary directory that shares a pod's lifetime)"],
      ['Medium', textAt(volume, 'emptyDir', 'medium')],
      ['SizeLimit', textAt(volume, 'emptyDir', 'sizeLimit') || '<unset>'],
    ];
  }
  if (at(volume, 'configMap') !== undefined)
    return [
      ['Type', 'ConfigMap (a volume populated by a ConfigMap)'],
      ['Name', textAt(volume, 'configMap', 'name')],
      ['Optional', String(at(volume, 'configMap', 'optional') === true)],
    ];
  if (at(volume, 'secret') !== undefined)
    return [
      ['Type', 'Secret (a volume populated by a Secret)'],
      ['SecretName', textAt(volume, 'secret', 'secretName')],
      ['Optional', String(at(volume, 'secret', 'optional') === true)],
    ];
  if (at(volume, 'hostPath') !== undefined)
    return [
      ['Type', 'HostPath (bare host directory volume)'],
      ['Path', textAt(volume, 'hostPath', 'path')],
      ['HostPathType', textAt(volume, 'hostPath', 'type')],
    ];
  if (at(volume, 'persistentVolumeClaim') !== undefined) {
    return [
      ['Type', 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)'],
      ['ClaimName', textAt(volume, 'persistentVolumeClaim', 'claimName')],
      ['ReadOnly', String(at(volume, 'persistentVolumeClaim', 'readOnly') === true)],
    ];
  }
  if (at(volume, 'downwardAPI') !== undefined)
    return [['Type', 'DownwardAPI (a volume populated by information about the pod)']];
  const out: [string, string][] = [
    [
      'Type',
      at(volume, 'projected') === undefined
        ? '<unknown>'
        : 'Projected (a volume that contains injected data from multiple sources)',
    ],
  ];
  for (const source of listAt(volume, 'projected', 'sources')) {
    if (at(source, 'secret') !== undefined)
      out.push(
        ['SecretName', textAt(source, 'secret', 'name')],
        ['SecretOptionalName', optional(at(source, 'secret', 'optional'))],
      );
    if (at(source, 'downwardAPI') !== undefined) out.push(['DownwardAPI', 'true']);
    if (at(source, 'configMap') !== undefined)
      out.push(
        ['ConfigMapName', textAt(source, 'configMap', 'name')],
        ['ConfigMapOptional', optional(at(source, 'configMap', 'optional'))],
      );
    if (at(source, 'serviceAccountToken') !== undefined)
      out.push([
        'TokenExpirationSeconds',
        String(numberAt(source, 'serviceAccountToken', 'expirationSeconds')),
      ]);
  }
  return out;
}

/** Tolerations, one a line, by key. */
export function writeTolerations(w: Writer, title: string, tolerations: readonly Json[]): void {
  w.write(0, `${title}:\t`);
  if (tolerations.length === 0) {
    w.write(0, '<none>\n');
    return;
  }
  [...tolerations]
    .sort((a, b) => (textAt(a, 'key') < textAt(b, 'key') ? -1 : textAt(a, 'key') > textAt(b, 'key') ? 1 : 0))
    .forEach((one, index) => {
      const [key, value, effect] = [textAt(one, 'key'), textAt(one, 'value'), textAt(one, 'effect')];
      const base = `${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`;
      const exists =
        textAt(one, 'operator') === 'Exists' && value === ''
          ? base === ''
            ? 'op=Exists'
            : ' op=Exists'
          : '';
      const seconds = at(one, 'tolerationSeconds');
      w.write(
        0,
        `${index === 0 ? '' : '\t'}${base}${exists}${typeof seconds === 'number' ? ` for ${seconds}s` : ''}\n`,
      );
    });
}
