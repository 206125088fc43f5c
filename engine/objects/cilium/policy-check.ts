import { subdomainFaults } from './label-check.ts';
import { goTypeMismatch, networkPolicyErrors, withoutNulls } from './network-policy-check.ts';
import { checkSchema, type FieldError, typeName, unknownFields } from './schema-check.ts';
import {
  CILIUM_CIDR_GROUP,
  CILIUM_CLUSTERWIDE_NETWORK_POLICY,
  CILIUM_NETWORK_POLICY,
} from './schema-cilium.ts';
import { CLUSTER_NETWORK_POLICY, NETWORK_POLICY } from './schema-kubernetes.ts';
import { type Schema, toJsonSchema } from './schema.ts';
import type { RawNetworkPolicy } from './types.ts';

/** A kind that carries policy. */
export type PolicyKind = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
  readonly schema: Schema;
};

/** All kinds that carry policy. */
export const POLICY_KINDS: readonly PolicyKind[] = [
  {
    kind: 'CiliumNetworkPolicy',
    apiVersion: 'cilium.io/v2',
    isNamespaced: true,
    schema: CILIUM_NETWORK_POLICY,
  },
  {
    kind: 'CiliumClusterwideNetworkPolicy',
    apiVersion: 'cilium.io/v2',
    isNamespaced: false,
    schema: CILIUM_CLUSTERWIDE_NETWORK_POLICY,
  },
  { kind: 'CiliumCIDRGroup', apiVersion: 'cilium.io/v2', isNamespaced: false, schema: CILIUM_CIDR_GROUP },
  { kind: 'NetworkPolicy', apiVersion: 'networking.k8s.io/v1', isNamespaced: true, schema: NETWORK_POLICY },
  {
    kind: 'ClusterNetworkPolicy',
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    isNamespaced: false,
    schema: CLUSTER_NETWORK_POLICY,
  },
];

/** The kind of an object; undefined when kind and apiVersion name no policy. */
export function policyKindOf(kind: unknown, apiVersion: unknown): PolicyKind | undefined {
  return POLICY_KINDS.find((item) => item.kind === kind && item.apiVersion === apiVersion);
}

/** The schema of a kind as JSON Schema, for editors; undefined for a kind without policy. */
export function policyJsonSchema(kind: string): Readonly<Record<string, unknown>> | undefined {
  const found = POLICY_KINDS.find((item) => item.kind === kind);
  return found && toJsonSchema(found.schema);
}

/**
 * What the API server says about an object.
 * `unknown`: paths that strict decoding refuses (`strictText` makes kubectl's text of them) and a lenient one drops.
 * `decodeError`: a value of a wrong type in a built-in kind. `errors`: validation, in order (`aggregateText`).
 */
export type SchemaReport = {
  readonly unknown: readonly string[];
  readonly decodeError?: string;
  readonly errors: readonly FieldError[];
};

/**
 * Checks an object of one of POLICY_KINDS as the API server does, metadata's name apart (`metadataErrors`). Unknown
 * fields are listed and otherwise passed over, so that a lenient and a strict server can both use it.
 * @param isStrict As `networkPolicyErrors` has it.
 */
export function checkPolicySchema(object: Readonly<Record<string, unknown>>, isStrict = true): SchemaReport {
  const found = policyKindOf(object['kind'], object['apiVersion']);
  if (!found) return { unknown: [], errors: [] };
  const unknown = unknownFields(object, found.schema);
  if (found.kind === 'NetworkPolicy') {
    const decodeError = goTypeMismatch(object, found.schema, '');
    if (decodeError !== undefined) return { unknown, decodeError, errors: [] };
    return { unknown, errors: networkPolicyErrors(readNetworkPolicy(object), isStrict) };
  }
  const errors = checkSchema(object, found.schema, '');
  if (
    errors.length === 0 &&
    found.schema.properties?.['specs'] &&
    !('spec' in object) &&
    !('specs' in object)
  ) {
    return {
      unknown,
      errors: [
        { field: '<nil>', kind: 'Invalid value', value: 'object', detail: 'spec or specs must be provided' },
      ],
    };
  }
  return { unknown, errors };
}

const BLOCKING: readonly string[] = ['Required value', 'Unsupported value', 'Too long', 'Too many'];
const UNCHECKED: FieldError = {
  field: '<nil>',
  kind: 'Invalid value',
  value: 'null',
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/**
 * Validation errors of a policy object as a running API server lists them: nulls of custom resources count as absent,
 * sets must not repeat an item, and a note says where rules were left unchecked. The name is not looked at.
 */
export function serverPolicyErrors(object: Readonly<Record<string, unknown>>): FieldError[] {
  const found = policyKindOf(object['kind'], object['apiVersion']);
  if (!found || found.kind === 'NetworkPolicy') return [...checkPolicySchema(object, false).errors];
  const pruned = withoutNulls(object, found.schema) as Readonly<Record<string, unknown>>;
  const { errors } = checkPolicySchema(pruned);
  const isBlocking = (error: FieldError) =>
    BLOCKING.includes(error.kind) || error.detail.includes(' in body must be of type ');
  // Custom resources without rules of their own have nothing left to check.
  const note = found.schema.properties?.['specs'] && errors.some(isBlocking) ? [UNCHECKED] : [];
  return [...errors, ...(errors.length === 0 ? repeatedItems(pruned, found.schema, '') : []), ...note];
}

function repeatedItems(value: unknown, schema: Schema, path: string): FieldError[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, i): FieldError[] => {
      const at = `${path}[${i}]`;
      if (schema.isSet && value.indexOf(item) < i)
        return [{ field: at, kind: 'Duplicate value', value: item, detail: '' }];
      return repeatedItems(item, schema.items ?? {}, at);
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const own =
      schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    return own ? repeatedItems(member, own, path === '' ? name : `${path}.${name}`) : [];
  });
}

/** A NetworkPolicy as Go reads it: nulls are absent. Its types must have been checked. */
export function readNetworkPolicy(object: Readonly<Record<string, unknown>>): RawNetworkPolicy {
  return withoutNulls(object, NETWORK_POLICY) as RawNetworkPolicy;
}

const GO_KIND: Readonly<Record<string, string>> = { integer: 'number', boolean: 'bool' };

/** A name or namespace of a wrong type, in the words of Go's JSON decoder. */
export function metadataTypeError(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== 'object' || Array.isArray(metadata)) {
    return `json: cannot unmarshal ${GO_KIND[typeName(metadata)] ?? typeName(metadata)} into Go struct field .metadata of type v1.ObjectMeta`;
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (name !== 'name' && name !== 'namespace') continue;
    if (typeof value === 'string' || value === null) continue;
    return `json: cannot unmarshal ${GO_KIND[typeName(value)] ?? typeName(value)} into Go struct field .metadata.${name} of type string`;
  }
  return undefined;
}

/** What is wrong with an object's name. */
export function nameErrors(name: string): FieldError[] {
  if (name === '')
    return [{ field: 'metadata.name', kind: 'Required value', detail: 'name or generateName is required' }];
  return subdomainFaults(name).map((detail) => ({
    field: 'metadata.name',
    kind: 'Invalid value',
    value: name,
    detail,
  }));
}
