import { type Cidr, cidrCovers, formatCidr, maskedCidr, parseCidr } from '../../net/cidr.ts';
import { byKey } from '../../base/order.ts';
import { portNameFaults } from '../names.ts';
import { selectorErrors } from './label-check.ts';
import { type FieldError, invalid, typeName, unsupported } from './schema-check.ts';
import type { Schema } from './schema.ts';
import type { RawNetworkPeer, RawNetworkPolicy, RawNetworkPort } from './types.ts';

/**
 * The first value of a wrong type in a built-in kind, in the words of Go's JSON decoder; undefined when all fit.
 * Absent and null values fit every type.
 */
export function goTypeMismatch(
  value: unknown,
  schema: Schema,
  path: string,
  struct = '',
): string | undefined {
  if (value === null || value === undefined) return undefined;
  const actual = typeName(value);
  const wanted = schema.isIntOrString ? ['integer', 'string'] : schema.type ? [schema.type] : undefined;
  if (wanted && !wanted.includes(actual)) return mismatch(value, schema, path, struct);
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = goTypeMismatch(item, schema.items ?? {}, path, struct);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (typeof value !== 'object') return undefined;
  // In the order in which a client writes JSON: by name.
  for (const [name, member] of Object.entries(value).sort(byKey(([key]) => key))) {
    const own =
      schema.properties && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema.additional;
    if (!own || (path === '' && name === 'metadata')) continue;
    const fault = goTypeMismatch(
      member,
      own,
      schema.properties ? joined(path, name) : path,
      schema.go ?? struct,
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The value with Go's reading of null: an absent member, or the empty value of a list's item or a map's entry. */
export function withoutNulls(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value))
    return value.map((item) =>
      item === null ? emptyOf(schema.items) : withoutNulls(item, schema.items ?? {}),
    );
  if (typeof value !== 'object' || value === null) return value;
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const own =
      schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (member !== null) members.push([name, withoutNulls(member, own ?? schema.additional ?? {})]);
    else if (own === undefined && schema.additional) members.push([name, emptyOf(schema.additional)]);
  }
  return Object.fromEntries(members);
}

function emptyOf(schema: Schema | undefined): unknown {
  if (schema?.type === 'object') return {};
  if (schema?.type === 'array') return [];
  return schema?.type === 'integer' ? 0 : '';
}

const GO_KINDS: Readonly<Record<string, string>> = { integer: 'number', boolean: 'bool' };
const GO_TYPES: Readonly<Record<string, string>> = { integer: 'int32', boolean: 'bool' };

function goType(schema: Schema): string {
  if (schema.type === 'array' && schema.go === undefined) return `[]${goType(schema.items ?? {})}`;
  if (schema.type === 'object' && schema.properties) return `v1.${schema.go ?? ''}`;
  if (schema.type === 'object') return 'map[string]string';
  return schema.go ?? GO_TYPES[schema.type ?? 'integer'] ?? schema.type ?? '';
}

function mismatch(value: unknown, schema: Schema, path: string, struct: string): string {
  const actual = typeName(value);
  const isFraction = actual === 'number' && goType(schema) === 'int32';
  const given = isFraction ? `number ${value}` : (GO_KINDS[actual] ?? actual);
  return `json: cannot unmarshal ${given} into Go struct field ${struct}.${path} of type ${goType(schema)}`;
}

/**
 * Validates a Kubernetes NetworkPolicy as the API server of version 1.36 does (pkg/apis/networking/validation).
 * @param isStrict False: blocks of addresses may be written carelessly, as for servers before 1.36.
 */
export function networkPolicyErrors(policy: RawNetworkPolicy, isStrict = true): FieldError[] {
  const spec = policy.spec ?? {};
  const errors = selectorErrors(spec.podSelector ?? {}, 'spec.podSelector');
  for (const [i, rule] of (spec.ingress ?? []).entries()) {
    errors.push(...ruleErrors(rule.ports, rule.from, `spec.ingress[${i}]`, 'from'));
  }
  for (const [i, rule] of (spec.egress ?? []).entries()) {
    errors.push(...ruleErrors(rule.ports, rule.to, `spec.egress[${i}]`, 'to'));
  }
  const types = spec.policyTypes ?? [];
  if (types.length > 2) {
    const goValue = `[]networking.PolicyType{${types.map((type) => JSON.stringify(type)).join(', ')}}`;
    errors.push({
      ...invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'),
      goValue,
    });
    return errors;
  }
  for (const [i, type] of types.entries()) {
    if (type !== 'Ingress' && type !== 'Egress') {
      errors.push(unsupported(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress']));
    }
  }
  return isStrict ? errors : errors.filter((error) => !CARELESS.some((each) => each === error.detail));
}

function ruleErrors(
  ports: readonly RawNetworkPort[] | undefined,
  peers: readonly RawNetworkPeer[] | undefined,
  path: string,
  list: 'from' | 'to',
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, i) => portErrors(port, `${path}.ports[${i}]`)),
    ...(peers ?? []).flatMap((peer, i) => peerErrors(peer, `${path}.${list}[${i}]`)),
  ];
}

const RANGE = 'must be between 1 and 65535, inclusive';

function portErrors(port: RawNetworkPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.protocol !== undefined && !['TCP', 'UDP', 'SCTP'].includes(port.protocol)) {
    errors.push(unsupported(`${path}.protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']));
  }
  const end = port.endPort;
  const isPort = (value: number) => value >= 1 && value <= 65535;
  if (typeof port.port === 'number') {
    if (!isPort(port.port)) errors.push(invalid(`${path}.port`, port.port, RANGE));
    if (end !== undefined) {
      // The real server quotes the port here, not the end.
      if (end < port.port)
        errors.push(invalid(`${path}.endPort`, port.port, 'must be greater than or equal to `port`'));
      if (!isPort(end)) errors.push(invalid(`${path}.endPort`, end, RANGE));
    }
  } else if (typeof port.port === 'string') {
    if (end !== undefined)
      errors.push(invalid(`${path}.endPort`, end, 'may not be specified when `port` is non-numeric'));
    for (const fault of portNameFaults(port.port)) errors.push(invalid(`${path}.port`, port.port, fault));
  } else if (end !== undefined) {
    errors.push(invalid(`${path}.endPort`, end, 'may not be specified when `port` is not specified'));
  }
  return errors;
}

function peerErrors(peer: RawNetworkPeer, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const parts = [peer.podSelector, peer.namespaceSelector, peer.ipBlock].filter(
    (part) => part !== undefined && part !== null,
  );
  if (peer.podSelector) errors.push(...selectorErrors(peer.podSelector, `${path}.podSelector`));
  if (peer.namespaceSelector)
    errors.push(...selectorErrors(peer.namespaceSelector, `${path}.namespaceSelector`));
  if (peer.ipBlock) errors.push(...blockErrors(peer.ipBlock, `${path}.ipBlock`));
  if (parts.length === 0) errors.push({ field: path, kind: 'Required value', detail: 'must specify a peer' });
  else if (parts.length > 1 && peer.ipBlock) {
    errors.push({ field: path, kind: 'Forbidden', detail: 'may not specify both ipBlock and another peer' });
  }
  return errors;
}

const CIDR_FAULT = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const CARELESS = [
  'must not have leading 0s in IP or prefix length',
  'must not have an IPv4-mapped IPv6 address',
  'must not have bits set beyond the prefix length',
] as const;

/** A block as Go's forgiving parser reads it, and what strict validation (of 1.36) finds in it. */
function readBlock(text: string): { readonly block: Cidr | undefined; readonly fault: string | undefined } {
  const exact = parseCidr(text);
  const block = exact ?? parseCidr(text.replace(/(^|[./])0+(?=\d)/g, '$1'));
  if (!block) return { block, fault: CIDR_FAULT };
  if (!exact) return { block, fault: CARELESS[0] };
  if (/^::ffff:/i.test(formatCidr(block))) return { block, fault: CARELESS[1] };
  return { block, fault: formatCidr(maskedCidr(block)) === formatCidr(block) ? undefined : CARELESS[2] };
}

function blockErrors(
  block: { readonly cidr?: string; readonly except?: readonly string[] },
  path: string,
): FieldError[] {
  if (!block.cidr) return [{ field: `${path}.cidr`, kind: 'Required value', detail: '' }];
  const outer = readBlock(block.cidr);
  const errors = outer.fault === undefined ? [] : [invalid(`${path}.cidr`, block.cidr, outer.fault)];
  if (!outer.block) return errors;
  for (const [i, text] of (block.except ?? []).entries()) {
    const inner = readBlock(text);
    const at = `${path}.except[${i}]`;
    if (inner.fault !== undefined) errors.push(invalid(at, text, inner.fault));
    if (inner.block && !(cidrCovers(outer.block, inner.block) && inner.block.bits > outer.block.bits))
      errors.push(invalid(at, text, 'must be a strict subset of `cidr`'));
  }
  return errors;
}
