import { type Cidr, cidrCovers, parseCidr } from '../../net/cidr.ts';
import { selectorErrors } from './label-check.ts';
import { type FieldError, typeName, unsupported } from './schema-check.ts';
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
  if (wanted && !wanted.includes(actual)) return mismatch(actual, schema, path, struct);
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = goTypeMismatch(item, schema.items ?? {}, path, struct);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (typeof value !== 'object') return undefined;
  for (const [name, member] of Object.entries(value)) {
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

function mismatch(actual: string, schema: Schema, path: string, struct: string): string {
  const type =
    schema.go ??
    (schema.type === 'object' ? 'map[string]string' : (GO_TYPES[schema.type ?? ''] ?? schema.type ?? ''));
  const shown = schema.type === 'object' && schema.properties ? `v1.${type}` : type;
  return `json: cannot unmarshal ${GO_KINDS[actual] ?? actual} into Go struct field ${struct}.${path} of type ${shown}`;
}

/** Validates a Kubernetes NetworkPolicy as the API server of version 1.36 does (pkg/apis/networking/validation). */
export function networkPolicyErrors(policy: RawNetworkPolicy): FieldError[] {
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
  return errors;
}

function invalid(field: string, value: unknown, detail: string): FieldError {
  return { field, kind: 'Invalid value', value, detail };
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

/** Why a text is no name of a port (apimachinery's IsValidPortName). */
export function portNameFaults(name: string): string[] {
  const faults: string[] = [];
  if (name.length > 15) faults.push('must be no more than 15 bytes');
  if (!/^[-a-z0-9]+$/.test(name))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
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

function blockErrors(
  block: { readonly cidr?: string; readonly except?: readonly string[] },
  path: string,
): FieldError[] {
  if (!block.cidr) return [{ field: `${path}.cidr`, kind: 'Required value', detail: '' }];
  const outer: Cidr | undefined = parseCidr(block.cidr);
  if (!outer) return [invalid(`${path}.cidr`, block.cidr, CIDR_FAULT)];
  return (block.except ?? []).flatMap((text, i): FieldError[] => {
    const inner = parseCidr(text);
    if (!inner) return [invalid(`${path}.except[${i}]`, text, CIDR_FAULT)];
    if (cidrCovers(outer, inner) && inner.bits > outer.bits) return [];
    return [invalid(`${path}.except[${i}]`, text, 'must be a strict subset of `cidr`')];
  });
}
