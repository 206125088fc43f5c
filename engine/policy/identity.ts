import type { Address } from '../net/address.ts';
import { type LabelMap, labelMap, labelTexts, reserved } from './labels.ts';

/**
 * The bucket that the data path looks up beside the identity itself (pkg/policy/aggregate.go): reserved identities have
 * none of their own (`any`), pods have `cluster`, addresses known by CIDR or name `world`, nodes with labels `remote-node`.
 */
export type Aggregate = 'any' | 'cluster' | 'world' | 'remote-node';

/** A CiliumCIDRGroup an address belongs to. */
export type GroupMembership = { readonly name: string; readonly labels: ReadonlyMap<string, string> };

/** A peer or subject of policy: everything that selectors can ask for. Pods with the same labels and named ports share one. */
export type Identity = {
  /** Dense number; never used twice for different keys, forks included. */
  readonly number: number;
  readonly key: string;
  readonly labels: LabelMap;
  readonly aggregate: Aggregate;
  readonly isPod: boolean;
  /** An outside peer. */
  readonly isWorld: boolean;
  readonly isNode: boolean;
  /** Families whose `/0` block holds this outside peer. */
  readonly worldFamilies: readonly (4 | 6)[];
  /** What CIDR selectors compare; empty for pods, and for an outside peer without a particular address. */
  readonly addresses: readonly Address[];
  /** DNS names seen for the address: lower case, with a final dot. */
  readonly names: readonly string[];
  readonly groups: readonly GroupMembership[];
};

/** What a new identity is made from; absent parts are empty. */
export type IdentityFacts = {
  readonly labels: LabelMap;
  readonly aggregate?: Aggregate;
  readonly isPod?: boolean;
  readonly isWorld?: boolean;
  readonly isNode?: boolean;
  readonly worldFamilies?: readonly (4 | 6)[];
  readonly addresses?: readonly Address[];
  readonly names?: readonly string[];
  readonly groups?: readonly GroupMembership[];
};

/** Gives each key its identity. Shared by all forks of a repository, so that numbers stay unambiguous. */
export class IdentityRegistry {
  readonly #byKey = new Map<string, Identity>();
  #next = 0;

  /** Above every number given so far. */
  get size(): number {
    return this.#next;
  }

  /** The identity of `key`; `facts` is asked only when the key is new. */
  obtain(key: string, facts: () => IdentityFacts): Identity {
    const known = this.#byKey.get(key);
    if (known) return known;
    const made = facts();
    const identity: Identity = {
      number: this.#next++,
      key,
      labels: made.labels,
      aggregate: made.aggregate ?? 'any',
      isPod: made.isPod ?? false,
      isWorld: made.isWorld ?? false,
      isNode: made.isNode ?? false,
      worldFamilies: made.worldFamilies ?? [],
      addresses: made.addresses ?? [],
      names: made.names ?? [],
      groups: made.groups ?? [],
    };
    this.#byKey.set(key, identity);
    return identity;
  }
}

/** The pseudo identities of the buckets: a selector that chooses one covers the whole bucket. */
export const AGGREGATES: readonly { readonly bucket: Aggregate; readonly identity: Identity }[] = (
  ['cluster', 'world', 'remote-node'] as const
).map((bucket) => ({ bucket, identity: aggregateIdentity(bucket) }));

function aggregateIdentity(bucket: Aggregate): Identity {
  const labels = labelMap([reserved(`aggregate-${bucket}`)]);
  return {
    number: -1,
    key: `aggregate-${bucket}`,
    labels,
    aggregate: bucket,
    isPod: false,
    isWorld: false,
    isNode: false,
    worldFamilies: [],
    addresses: [],
    names: [],
    groups: [],
  };
}

/** An identity's labels as sorted texts, as `cilium-dbg identity get` prints them. */
export function identityLabelTexts(identity: Identity): string[] {
  return labelTexts(identity.labels);
}
