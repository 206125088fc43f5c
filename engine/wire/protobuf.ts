import type { Json, JsonObject } from '../base/json.ts';

/** A message: field number → JSON name and what it holds. */
type Fields = Readonly<Record<number, readonly [name: string, type: Type]>>;
/** `text`, `bool`, `int`, a message, a list (`[]`) of either, or a map of texts. */
type Type = 'text' | 'bool' | 'int' | 'texts' | 'textMap' | Fields | readonly [Fields];

const META: Fields = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'textMap'],
  12: ['annotations', 'textMap'],
};

const RESOURCE: Fields = {
  1: ['namespace', 'text'],
  2: ['verb', 'text'],
  3: ['group', 'text'],
  4: ['version', 'text'],
  5: ['resource', 'text'],
  6: ['subresource', 'text'],
  7: ['name', 'text'],
};

const SUBJECT: Fields = {
  1: ['kind', 'text'],
  2: ['apiGroup', 'text'],
  3: ['name', 'text'],
  4: ['namespace', 'text'],
};
const ROLE_REF: Fields = { 1: ['apiGroup', 'text'], 2: ['kind', 'text'], 3: ['name', 'text'] };
const BINDING: Fields = { 1: ['metadata', META], 2: ['subjects', [SUBJECT]], 3: ['roleRef', ROLE_REF] };
const RULE: Fields = {
  1: ['verbs', 'texts'],
  2: ['apiGroups', 'texts'],
  3: ['resources', 'texts'],
  4: ['resourceNames', 'texts'],
  5: ['nonResourceURLs', 'texts'],
};
const ROLE: Fields = { 1: ['metadata', META], 2: ['rules', [RULE]] };

const CONTEXT: Fields = {
  1: ['capabilities', { 1: ['add', 'texts'], 2: ['drop', 'texts'] }],
  2: ['privileged', 'bool'],
  4: ['runAsUser', 'int'],
  5: ['runAsNonRoot', 'bool'],
  6: ['readOnlyRootFilesystem', 'bool'],
  7: ['allowPrivilegeEscalation', 'bool'],
  11: ['seccompProfile', { 1: ['type', 'text'] }],
};
const CONTAINER: Fields = {
  1: ['name', 'text'],
  2: ['image', 'text'],
  3: ['command', 'texts'],
  4: ['args', 'texts'],
  7: ['env', [{ 1: ['name', 'text'], 2: ['value', 'text'] }]],
  9: ['volumeMounts', [{ 1: ['name', 'text'], 2: ['readOnly', 'bool'], 3: ['mountPath', 'text'] }]],
  13: ['terminationMessagePath', 'text'],
  14: ['imagePullPolicy', 'text'],
  15: ['securityContext', CONTEXT],
  16: ['stdin', 'bool'],
  17: ['stdinOnce', 'bool'],
  18: ['tty', 'bool'],
  20: ['terminationMessagePolicy', 'text'],
};
const VOLUME: Fields = {
  1: ['name', 'text'],
  2: ['', { 1: ['hostPath', { 1: ['path', 'text'] }], 2: ['emptyDir', {}] }],
};
/** Of a pod what `kubectl debug` changes; configMaps and tokens among the volumes are left out. */
const POD: Fields = {
  1: ['metadata', META],
  2: [
    'spec',
    {
      1: ['volumes', [VOLUME]],
      2: ['containers', [CONTAINER]],
      3: ['restartPolicy', 'text'],
      10: ['nodeName', 'text'],
      11: ['hostNetwork', 'bool'],
      12: ['hostPID', 'bool'],
      13: ['hostIPC', 'bool'],
      20: ['initContainers', [CONTAINER]],
      22: ['tolerations', [{ 1: ['key', 'text'], 2: ['operator', 'text'], 4: ['effect', 'text'] }]],
      27: ['shareProcessNamespace', 'bool'],
    },
  ],
};

/** Kinds that kubectl's typed clients send, with the numbers of their generated.proto. */
const KINDS: Readonly<Record<string, Fields>> = {
  SelfSubjectAccessReview: {
    1: ['metadata', META],
    2: [
      'spec',
      {
        1: ['resourceAttributes', RESOURCE],
        2: ['nonResourceAttributes', { 1: ['path', 'text'], 2: ['verb', 'text'] }],
      },
    ],
  },
  SelfSubjectRulesReview: { 1: ['metadata', META], 2: ['spec', { 1: ['namespace', 'text'] }] },
  SelfSubjectReview: { 1: ['metadata', META] },
  Eviction: {
    1: ['metadata', META],
    2: ['deleteOptions', { 1: ['gracePeriodSeconds', 'int'], 5: ['dryRun', 'texts'] }],
  },
  Namespace: { 1: ['metadata', META] },
  ServiceAccount: { 1: ['metadata', META] },
  ConfigMap: { 1: ['metadata', META], 2: ['data', 'textMap'] },
  Pod: POD,
  Role: ROLE,
  ClusterRole: ROLE,
  RoleBinding: BINDING,
  ClusterRoleBinding: BINDING,
};

/**
 * An object in the API's protobuf form: four bytes of magic, then a runtime.Unknown that holds kind and content.
 * Undefined for kinds that are not in the table.
 */
export function decodeObject(bytes: Buffer): JsonObject | undefined {
  if (bytes.subarray(0, 4).toString('latin1') !== 'k8s\0') return undefined;
  const unknown = [...parts(bytes.subarray(4))];
  const head = unknown.find(({ number }) => number === 1)?.bytes ?? Buffer.alloc(0);
  const type = message(head, { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] });
  const kind = String(type['kind']);
  const fields = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  const raw = unknown.find(({ number }) => number === 2)?.bytes ?? Buffer.alloc(0);
  return fields === undefined ? undefined : { ...type, ...message(raw, fields) };
}

type Part = { readonly number: number; readonly value: number; readonly bytes: Buffer };

function* parts(bytes: Buffer): Generator<Part> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    const isBytes = (tag & 7) === 2;
    yield { number: tag >> 3, value, bytes: isBytes ? bytes.subarray(at, at + value) : Buffer.alloc(0) };
    if (isBytes) at += value;
  }
}

function message(bytes: Buffer, fields: Fields): JsonObject {
  const out: Record<string, Json> = {};
  for (const part of parts(bytes)) {
    const [name, type] = fields[part.number] ?? [];
    if (name === undefined || type === undefined) continue;
    const before = out[name];
    if (type === 'text') out[name] = part.bytes.toString('utf8');
    else if (type === 'bool') out[name] = part.value !== 0;
    else if (type === 'int') out[name] = part.value;
    else if (type === 'textMap') {
      const entry = message(part.bytes, { 1: ['key', 'text'], 2: ['value', 'text'] });
      out[name] = { ...(before as JsonObject | undefined), [String(entry['key'])]: entry['value'] ?? '' };
    } else if (type === 'texts')
      out[name] = [...((before as Json[] | undefined) ?? []), part.bytes.toString('utf8')];
    else if (isList(type))
      out[name] = [...((before as Json[] | undefined) ?? []), message(part.bytes, type[0])];
    // Go's embedded structs are messages of their own here, and nothing in JSON.
    else if (name === '') Object.assign(out, message(part.bytes, type));
    else out[name] = message(part.bytes, type);
  }
  return out;
}

function isList(type: Type): type is readonly [Fields] {
  return Array.isArray(type);
}
