import {
  CILIUM_CIDR_GROUP,
  CILIUM_CLUSTERWIDE_NETWORK_POLICY,
  CILIUM_NETWORK_POLICY,
} from '../objects/cilium/schema-cilium.ts';
import { NETWORK_POLICY } from '../objects/cilium/schema-kubernetes.ts';
import { type Schema, toJsonSchema } from '../objects/cilium/schema.ts';

const KINDS: readonly (readonly [string, string, Schema])[] = [
  ['CiliumNetworkPolicy', 'cilium.io/v2', CILIUM_NETWORK_POLICY],
  ['CiliumClusterwideNetworkPolicy', 'cilium.io/v2', CILIUM_CLUSTERWIDE_NETWORK_POLICY],
  ['CiliumCIDRGroup', 'cilium.io/v2', CILIUM_CIDR_GROUP],
  ['NetworkPolicy', 'networking.k8s.io/v1', NETWORK_POLICY],
];

const METADATA = {
  type: 'object',
  description: 'The name of the object, its namespace and its labels.',
  required: ['name'],
  properties: {
    name: { type: 'string', description: 'Lower-case letters, digits, dots and dashes.' },
    namespace: {
      type: 'string',
      description: 'Where the policy and the pods that it selects live. The current one when absent.',
    },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

/** The schema of one kind: the members of the object that the API server checks, and those that every object has. */
function kindSchema(kind: string, apiVersion: string, schema: Schema): Readonly<Record<string, unknown>> {
  const json = toJsonSchema(schema);
  const own = (json['properties'] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...json,
    properties: { ...own, apiVersion: { const: apiVersion }, kind: { const: kind }, metadata: METADATA },
    additionalProperties: false,
  };
}

/**
 * JSON Schema (draft 7) for the YAML editor: completion and errors for the policy kinds; any other kind passes
 * unchecked. It is made of the schemas by which the API server decides, so that both say the same.
 */
export function editorSchema(): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties: {
      apiVersion: {
        type: 'string',
        description: 'The group and version of the kind.',
        examples: KINDS.map(([, version]) => version),
      },
      kind: { type: 'string', description: 'What the object is.', examples: KINDS.map(([kind]) => kind) },
      metadata: METADATA,
    },
    allOf: KINDS.map(([kind, apiVersion, schema]) => ({
      if: { properties: { kind: { const: kind } }, required: ['kind'] },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
      then: kindSchema(kind, apiVersion, schema),
    })),
  };
}
