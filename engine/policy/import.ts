import { isJsonObject } from '../base/json.ts';
import {
  checkPolicySchema,
  metadataTypeError,
  nameErrors,
  type PolicyKind,
  policyKindOf,
  readNetworkPolicy,
} from '../objects/cilium/policy-check.ts';
import { decodeRefusal, sanitizePolicy } from '../objects/cilium/sanitize.ts';
import { aggregateText, strictText } from '../objects/cilium/schema-check.ts';
import type { RawCiliumPolicy, RawClusterPolicy } from '../objects/cilium/types.ts';
import { convertCiliumPolicy } from './convert-cilium.ts';
import { convertClusterPolicy } from './convert-cluster.ts';
import { convertNetworkPolicy } from './convert-network.ts';
import type { ParsedPolicy, PolicyConfig, PolicyRule } from './model.ts';

/** How an object is imported. `defaultNamespace` is given to a namespaced policy without one, as kubectl would. */
export type ImportOptions = { readonly config: PolicyConfig; readonly defaultNamespace: string };

/** Where an object was refused: by the API server, by the agent's decoder, or by the agent's own checks. */
export type ImportStage = 'schema' | 'decode' | 'sanitize';

/** A refusal; `variants` are all texts that Cilium may give for the same object. */
export type ImportRefusal = {
  readonly valid: false;
  readonly stage: ImportStage;
  readonly error: string;
  readonly variants?: readonly string[];
};

/** An imported policy or the text of its refusal. */
export type ImportResult = { readonly valid: true; readonly policy: ParsedPolicy } | ImportRefusal;

/** A CiliumCIDRGroup that passed the schema. */
export type CidrGroupObject = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly externalCIDRs: readonly string[] };
};

/**
 * Validates a policy object as a strict API server and then the agent would, and turns it into rules.
 * Kinds: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy, ClusterNetworkPolicy.
 */
export function importPolicy(object: unknown, options: ImportOptions): ImportResult {
  const server = checkAsServer(object);
  if ('valid' in server) return server;
  if (server.found.kind === 'CiliumCIDRGroup')
    return refusal('schema', `a ${server.found.kind} is no policy`);
  return importAsAgent(server.object, options);
}

/**
 * The agent's part alone, for an object that an API server has accepted: its checks and the conversion into rules.
 */
export function importAsAgent(
  object: Readonly<Record<string, unknown>>,
  options: ImportOptions,
): ImportResult {
  const { kind, name, namespace } = headOf(object, options.defaultNamespace);
  const made = (rules: readonly PolicyRule[], scope: string): ImportResult => ({
    valid: true,
    policy: { kind, namespace: scope, name, rules },
  });
  const cluster = options.config.cluster;
  if (kind === 'NetworkPolicy') {
    return made(convertNetworkPolicy(readNetworkPolicy(object), namespace, cluster), namespace);
  }
  if (kind === 'ClusterNetworkPolicy') {
    const rules = convertClusterPolicy(object as unknown as RawClusterPolicy, options.config);
    return 'error' in rules ? refusal('sanitize', rules.error) : made(rules, '');
  }
  const policy = object as unknown as RawCiliumPolicy;
  const decode = decodeRefusal(policy);
  if (decode !== undefined) return refusal('decode', decode);
  const refused = sanitizePolicy(policy, options.config);
  if (refused) return refusal('sanitize', refused.error, refused.variants);
  const scope = kind === 'CiliumNetworkPolicy' ? namespace : '';
  return made(convertCiliumPolicy(policy, scope, cluster), scope);
}

/** Validates a CiliumCIDRGroup as a strict API server would. */
export function importCidrGroup(
  object: unknown,
): { readonly valid: true; readonly group: CidrGroupObject } | ImportRefusal {
  const server = checkAsServer(object);
  if ('valid' in server) return server;
  return { valid: true, group: server.object as unknown as CidrGroupObject };
}

type Accepted = { readonly found: PolicyKind; readonly object: Readonly<Record<string, unknown>> };

function checkAsServer(value: unknown): Accepted | ImportRefusal {
  if (Array.isArray(value)) return refusal('schema', 'document is a list, not an object');
  if (!isJsonObject(value)) {
    const type = typeof value === 'boolean' ? 'bool' : typeof value;
    return refusal('schema', `json: cannot unmarshal ${type} into Go value of type main.objHeader`);
  }
  const object: Readonly<Record<string, unknown>> = value;
  const wrongType = metadataTypeError(object['metadata']);
  if (wrongType !== undefined) return refusal('schema', wrongType);
  const found = policyKindOf(object['kind'], object['apiVersion']);
  if (!found) {
    const kind = JSON.stringify(object['kind'] ?? '');
    return refusal(
      'schema',
      `no kind ${kind} is registered for version ${JSON.stringify(object['apiVersion'] ?? '')}`,
    );
  }
  const report = checkPolicySchema(object);
  if (report.decodeError !== undefined) return refusal('schema', report.decodeError);
  if (report.unknown.length > 0) return refusal('schema', strictText(report.unknown));
  const errors = [...nameErrors(headOf(object, '').name), ...report.errors];
  return errors.length > 0 ? refusal('schema', aggregateText(errors)) : { found, object };
}

function refusal(stage: ImportStage, error: string, variants?: readonly string[]): ImportRefusal {
  return { valid: false, stage, error, ...(variants && { variants }) };
}

function headOf(object: Readonly<Record<string, unknown>>, defaultNamespace: string) {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    kind: text(object['kind']),
    name: text(metadata['name']),
    namespace: text(metadata['namespace']) || defaultNamespace,
  };
}
