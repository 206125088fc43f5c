import type { KindInfo } from './kinds.ts';
import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import type { StatusCause } from './status.ts';
import { base64Length } from '../base/bytes.ts';
import { configKeyFaults, dnsSubdomainFaults } from './names.ts';
import { forbiddenValue, invalidValue, required, tooLong, unsupportedValue } from './status.ts';
import { goSelector } from './go-syntax.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';
import { quoted, validateMeta } from './validate-meta.ts';
import { sameValue } from './equal.ts';
import { validateCronJob, validateJob, validateWorkload } from './validate-workload.ts';
import { validatePodSpec } from './validate-pod.ts';
import { validateByRules, validateFields } from './validate-rules.ts';
import { validateService, validateServiceUpdate } from './validate-service.ts';

type Validate = (object: KubeObject) => readonly StatusCause[];

const SPECS: ReadonlyMap<string, Validate> = new Map<string, Validate>([
  ['pods', (object) => validatePodSpec(memberObject(object, 'spec'), 'spec')],
  ['services', validateService],
  ['configmaps', validateKeys],
  ['secrets', validateKeys],
  ['deployments.apps', (object) => validateWorkload(object, 'deployment')],
  ['replicasets.apps', (object) => validateWorkload(object, 'deployment')],
  ['daemonsets.apps', (object) => validateWorkload(object, 'daemonset')],
  ['statefulsets.apps', (object) => validateWorkload(object, 'statefulset')],
  ['jobs.batch', (object) => validateJob(object)],
  ['cronjobs.batch', validateCronJob],
  ['ingresses.networking.k8s.io', validateIngress],
]);

/** The faults of a new object with its defaults, in the API server's order. Schemas of policies are checked apart. */
export function validateNew(kind: KindInfo, object: KubeObject): readonly StatusCause[] {
  return [...validateMeta(kind, object), ...validateNewPart(kind, object)];
}

/** The faults of the next state of an object, immutable fields included. */
export function validateUpdate(
  kind: KindInfo,
  object: KubeObject,
  previous: KubeObject,
): readonly StatusCause[] {
  const causes = validateMeta(kind, object);
  switch (kind.resource) {
    case 'services':
      return [...causes, ...validateServiceUpdate(object, previous)];
    case 'pods':
      return [...causes, ...validateNewPart(kind, object), ...podChanges(object, previous)];
    case 'configmaps':
    case 'secrets':
      return [...causes, ...frozenData(object, previous), ...validateNewPart(kind, object)];
    default:
      return [...causes, ...validateNewPart(kind, object), ...frozenFields(kind, object, previous)];
  }
}

function validateNewPart(kind: KindInfo, object: KubeObject): readonly StatusCause[] {
  return [...(SPECS.get(kind.resource)?.(object) ?? []), ...validateFields(kind.resource, object)];
}

const SELECTOR_KINDS = new Set(['deployments.apps', 'replicasets.apps', 'daemonsets.apps']);

function frozenFields(kind: KindInfo, object: KubeObject, previous: KubeObject): readonly StatusCause[] {
  const [spec, before] = [memberObject(object, 'spec'), memberObject(previous, 'spec')];
  if (
    SELECTOR_KINDS.has(kind.resource) &&
    !sameValue(memberOf(spec, 'selector'), memberOf(before, 'selector'))
  ) {
    const selector = memberObject(spec, 'selector');
    const shown = selector === undefined ? '"null"' : goSelector(selector);
    return [invalidValue('spec.selector', shown, 'field is immutable')];
  }
  if (kind.resource === 'statefulsets.apps' && !sameValue(fixedPart(spec), fixedPart(before)))
    return [forbiddenValue('spec', STATEFUL_WORDS)];
  if (kind.resource === 'jobs.batch') {
    return ['selector', 'template', 'completionMode'].flatMap((field) =>
      sameValue(memberOf(spec, field), memberOf(before, field))
        ? []
        : [invalidValue(`spec.${field}`, shownValue(memberOf(spec, field)), 'field is immutable')],
    );
  }
  if (
    kind.plural.endsWith('rolebindings') &&
    !sameValue(memberOf(object, 'roleRef'), memberOf(previous, 'roleRef'))
  ) {
    const role = memberObject(object, 'roleRef');
    const shown = `rbac.RoleRef{APIGroup:${quoted(memberText(role, 'apiGroup'))}, Kind:${quoted(memberText(role, 'kind'))}, Name:${quoted(memberText(role, 'name'))}}`;
    return [invalidValue('roleRef', shown, 'cannot change roleRef')];
  }
  return [];
}

const STATEFUL_WORDS =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const STATEFUL_OPEN = new Set([
  ...[
    'replicas',
    'ordinals',
    'template',
    'updateStrategy',
    'revisionHistoryLimit',
    'persistentVolumeClaimRetentionPolicy',
    'minReadySeconds',
  ],
]);

function fixedPart(spec: Members | undefined): Members {
  return Object.fromEntries(Object.entries(spec ?? {}).filter(([key]) => !STATEFUL_OPEN.has(key)));
}

const POD_WORDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function podChanges(object: KubeObject, previous: KubeObject): readonly StatusCause[] {
  const fixed = (pod: KubeObject): unknown => {
    const spec = memberObject(pod, 'spec') ?? {};
    const plain = (list: string) => memberList(spec, list).map((one) => ({ ...one, image: '' }));
    const { activeDeadlineSeconds: _, tolerations: __, ephemeralContainers: ___, ...rest } = spec;
    return { ...rest, containers: plain('containers'), initContainers: plain('initContainers') };
  };
  // The scheduler's binding is a change of its own.
  const isBound = memberText(memberObject(previous, 'spec'), 'nodeName') === '';
  const [now, was] = [fixed(object), fixed(previous)];
  if (
    sameValue(now, was) ||
    (isBound && sameValue({ ...(now as object), nodeName: '' }, { ...(was as object), nodeName: '' }))
  )
    return [];
  return [forbiddenValue('spec', `${POD_WORDS}\n`)];
}

const DATA_MAX = 1_048_576;

function validateKeys(object: KubeObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  let size = 0;
  for (const part of ['data', 'binaryData']) {
    for (const [key, value] of Object.entries(memberObject(object, part) ?? {})) {
      for (const fault of configKeyFaults(key))
        causes.push(invalidValue(`${part}[${key}]`, quoted(key), fault));
      const isBytes = object.kind === 'Secret' || part === 'binaryData';
      size += isBytes ? base64Length(String(value)) : String(value).length;
    }
  }
  if (size > DATA_MAX)
    causes.push(object.kind === 'Secret' ? tooLong('data', DATA_MAX) : tooLong('', DATA_MAX));
  return causes;
}

function frozenData(object: KubeObject, previous: KubeObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (object.kind === 'Secret' && memberText(object, 'type') !== memberText(previous, 'type')) {
    causes.push(invalidValue('type', quoted(memberText(object, 'type')), 'field is immutable'));
  }
  if (memberOf(previous, 'immutable') !== true) return causes;
  if (memberOf(object, 'immutable') !== true)
    causes.push(forbiddenValue('immutable', 'field is immutable when `immutable` is set'));
  for (const part of ['data', 'binaryData']) {
    if (!sameValue(memberOf(object, part) ?? {}, memberOf(previous, part) ?? {})) {
      causes.push(forbiddenValue(part, 'field is immutable when `immutable` is set'));
    }
  }
  return causes;
}

function validateIngress(object: KubeObject): readonly StatusCause[] {
  const spec = memberObject(object, 'spec');
  const rules = memberList(spec, 'rules');
  const causes: StatusCause[] = [];
  const backend = memberObject(spec, 'defaultBackend');
  if (rules.length === 0 && backend === undefined)
    causes.push(
      invalidValue(
        'spec',
        '[]networking.IngressRule(nil)',
        'either `defaultBackend` or `rules` must be specified',
      ),
    );
  if (backend !== undefined) causes.push(...validateBackend(backend, 'spec.defaultBackend'));
  rules.forEach((rule, i) => {
    const host = memberText(rule, 'host');
    if (host !== '') {
      const faults = host.includes('*') ? wildcardFaults(host) : [...dnsSubdomainFaults(host)];
      if (/^[\d.]+$/.test(host)) faults.unshift('must be a DNS name, not an IP address');
      for (const fault of faults) causes.push(invalidValue(`spec.rules[${i}].host`, quoted(host), fault));
    }
    const http = memberObject(rule, 'http');
    if (http !== undefined && memberList(http, 'paths').length === 0)
      causes.push(required(`spec.rules[${i}].http.paths`));
    memberList(http, 'paths').forEach((path, j) => {
      causes.push(...validateIngressPath(path, `spec.rules[${i}].http.paths[${j}]`));
    });
  });
  return causes;
}

function validateIngressPath(path: Members, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const type = memberText(path, 'pathType');
  if (type === '') causes.push(required(`${field}.pathType`, 'pathType must be specified'));
  else if (!PATH_TYPES.includes(type))
    causes.push(unsupportedValue(`${field}.pathType`, quoted(type), PATH_TYPES));
  else if (type !== 'ImplementationSpecific' && memberText(path, 'path').includes('//')) {
    causes.push(invalidValue(`${field}.path`, quoted(memberText(path, 'path')), "must not contain '//'"));
  } else if (type !== 'ImplementationSpecific' && !memberText(path, 'path').startsWith('/')) {
    causes.push(invalidValue(`${field}.path`, quoted(memberText(path, 'path')), 'must be an absolute path'));
  }
  return [...causes, ...validateBackend(memberObject(path, 'backend'), `${field}.backend`)];
}

/** validateIngressBackend. */
function validateBackend(backend: Members | undefined, field: string): readonly StatusCause[] {
  const service = memberObject(backend, 'service');
  const hasResource = memberObject(backend, 'resource') !== undefined;
  if (service === undefined)
    return hasResource ? [] : [invalidValue(field, '""', 'resource or service backend is required')];
  const causes: StatusCause[] = [];
  const port = memberObject(service, 'port');
  const [name, number] = [memberText(port, 'name'), memberNumber(port, 'number') ?? 0];
  if (memberText(service, 'name') === '') causes.push(required(`${field}.service.name`));
  const at = `service.name name service${name === '' ? '' : '\nservice.port.name name port'}`;
  causes.push(...validateByRules(backend, field, at));
  if (name !== '' && number !== 0)
    causes.push(invalidValue(field, '""', 'cannot set both port name & port number'));
  else if (name === '' && number === 0) causes.push(required(field, 'port name or number is required'));
  else if (name === '')
    causes.push(...validateByRules(backend, field, 'service.port.number between 1 65535'));
  return causes;
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

const WILDCARD_WORDS =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function wildcardFaults(host: string): string[] {
  const isFine = host.startsWith('*.') && dnsSubdomainFaults(host.slice(2)).length === 0;
  return isFine ? [] : [WILDCARD_WORDS];
}

function shownValue(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value ?? null);
}
