import type { RawCiliumPolicy, RawClusterPolicy, RawNetworkPolicy } from '../objects/cilium/types.ts';
import { convertCiliumPolicy } from './convert-cilium.ts';
import { convertClusterPolicy } from './convert-cluster.ts';
import { convertNetworkPolicy } from './convert-network.ts';
import type { ParsedPolicy, PolicyConfig } from './model.ts';

/** How an object is imported. `defaultNamespace` is given to a namespaced policy without one, as kubectl would. */
export type ImportOptions = { readonly config: PolicyConfig; readonly defaultNamespace: string };

/** Where an object was refused: by the API server, by the agent's decoder, or by the agent's own checks. */
export type ImportStage = 'schema' | 'decode' | 'sanitize';

/** An imported policy or the text of its refusal; `variants` are other texts that Cilium may give for the same object. */
export type ImportResult =
  | { readonly valid: true; readonly policy: ParsedPolicy }
  | {
      readonly valid: false;
      readonly stage: ImportStage;
      readonly error: string;
      readonly variants?: readonly string[];
    };

/** Validates a policy object and turns it into rules. */
export function importPolicy(object: unknown, options: ImportOptions): ImportResult {
  const o = object as { kind: string; metadata: { name: string; namespace?: string } };
  const cluster = options.config.cluster;
  const namespace = o.metadata.namespace ?? options.defaultNamespace;
  switch (o.kind) {
    case 'CiliumNetworkPolicy':
      return {
        valid: true,
        policy: {
          kind: o.kind,
          namespace,
          name: o.metadata.name,
          rules: convertCiliumPolicy(object as RawCiliumPolicy, namespace, cluster),
        },
      };
    case 'CiliumClusterwideNetworkPolicy':
      return {
        valid: true,
        policy: {
          kind: o.kind,
          namespace: '',
          name: o.metadata.name,
          rules: convertCiliumPolicy(object as RawCiliumPolicy, '', cluster),
        },
      };
    case 'NetworkPolicy':
      return {
        valid: true,
        policy: {
          kind: o.kind,
          namespace,
          name: o.metadata.name,
          rules: convertNetworkPolicy(object as RawNetworkPolicy, namespace, cluster),
        },
      };
    default: {
      const rules = convertClusterPolicy(object as RawClusterPolicy, {
        cluster,
        nodeSelectorLabels: options.config.nodeSelectorLabels,
      });
      if ('error' in rules) return { valid: false, stage: 'sanitize', error: rules.error };
      return { valid: true, policy: { kind: o.kind, namespace: '', name: o.metadata.name, rules } };
    }
  }
}

/** A CiliumCIDRGroup that passed the schema. */
export type CidrGroupObject = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly externalCIDRs: readonly string[] };
};

/** Validates a CiliumCIDRGroup. */
export function importCidrGroup(
  object: unknown,
):
  | { readonly valid: true; readonly group: CidrGroupObject }
  | { readonly valid: false; readonly error: string } {
  return { valid: true, group: object as CidrGroupObject };
}
