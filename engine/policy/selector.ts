import { byText } from '../base/order.ts';
import { type Cidr, cidrContains, formatCidr, maskedCidr } from '../net/cidr.ts';
import type { Identity } from './identity.ts';
import { splitSource } from './labels.ts';
import { dnsPattern, matchesName, type NamePattern } from './name-pattern.ts';

/** Operators of a label requirement. `matchLabels` entries are `In` with one value. */
export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

/** One requirement on labels. Source `any` matches a label from any source. */
export type Requirement = {
  readonly source: string;
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
};

/**
 * Chooses identities. Two selectors with the same `id` are one to the engine, as in Cilium's selector cache.
 * `all`: every peer; `labels`: identities whose labels meet all requirements; `cidr`: outside addresses (and nodes with
 * policy-cidr-match-mode) in a block but in none of `except`; `group`: members of CiliumCIDRGroups, by name or by the
 * groups' labels; `name`: addresses that the DNS proxy saw for a matching name.
 */
export type Selector =
  | { readonly kind: 'all'; readonly id: string }
  | { readonly kind: 'labels'; readonly id: string; readonly requirements: readonly Requirement[] }
  | { readonly kind: 'cidr'; readonly id: string; readonly block: Cidr; readonly except: readonly Cidr[] }
  | {
      readonly kind: 'group';
      readonly id: string;
      readonly name?: string;
      readonly requirements?: readonly Requirement[];
      readonly except: readonly Cidr[];
    }
  | { readonly kind: 'name'; readonly id: string; readonly pattern: NamePattern };

/** What matching depends on beside the identity. */
export type SelectorContext = { readonly cidrMatchesNodes: boolean };

/** Every peer: the entity `all`, and a rule with ports but no peer. */
export const ALL_PEERS: Selector = { kind: 'all', id: '*' };

/** Reads a requirement whose key may carry a source (`k8s:app`). */
export function requirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  const split = splitSource(key);
  return { source: split.source === '' ? 'any' : split.source, key: split.key, operator, values };
}

/** A selector of labels; without requirements it selects every peer. */
export function labelSelector(requirements: readonly Requirement[]): Selector {
  if (requirements.length === 0) return ALL_PEERS;
  const id = requirements
    .map((item) => `${item.source}:${item.key} ${item.operator} ${[...item.values].sort(byText).join(',')}`)
    .sort(byText)
    .join(';');
  return { kind: 'labels', id, requirements };
}

/** The identity with this reserved label, such as `host`. */
export function reservedSelector(name: string): Selector {
  return labelSelector([{ source: 'reserved', key: name, operator: 'In', values: [''] }]);
}

/** Addresses in a block but in none of `except`. */
export function cidrSelector(block: Cidr, except: readonly Cidr[] = []): Selector {
  const holes = except.map(formatCidr).join(',');
  return {
    kind: 'cidr',
    id: `cidr:${formatCidr(block)}${holes && `-[${holes}]`}`,
    block: maskedCidr(block),
    except,
  };
}

/** Addresses of the CiliumCIDRGroup `name`. */
export function groupSelector(name: string, except: readonly Cidr[]): Selector {
  return { kind: 'group', id: `cidrgroup:${name}-[${except.map(formatCidr).join(',')}]`, name, except };
}

/** Addresses of the CiliumCIDRGroups whose labels meet the requirements. */
export function groupLabelSelector(requirements: readonly Requirement[], except: readonly Cidr[]): Selector {
  const inner = labelSelector(requirements).id;
  return {
    kind: 'group',
    id: `cidrgroup?${inner}-[${except.map(formatCidr).join(',')}]`,
    requirements,
    except,
  };
}

/** Addresses that resolved from a name; `name` may hold wildcards. */
export function nameSelector(name: string): Selector {
  return { kind: 'name', id: `fqdn:${name}`, pattern: dnsPattern(name) };
}

/** True when the selector chooses the identity. */
export function selects(selector: Selector, identity: Identity, context: SelectorContext): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'labels':
      return selector.requirements.every((item) => meets(item, identity));
    case 'cidr':
      return (
        mayBeOutside(identity, context) &&
        inBlock(selector.block, identity) &&
        !selector.except.some((hole) => inBlock(hole, identity))
      );
    case 'group':
      return (
        mayBeOutside(identity, context) &&
        inGroup(selector, identity) &&
        !selector.except.some((hole) => inBlock(hole, identity))
      );
    case 'name':
      return identity.names.some((name) => matchesName(selector.pattern, name));
  }
}

/** True when the identity's labels meet one requirement. */
export function meets(item: Requirement, identity: Identity): boolean {
  const label = identity.labels.get(item.key);
  const exists = label !== undefined && (item.source === 'any' || item.source === label.source);
  switch (item.operator) {
    case 'In':
      return exists && item.values.includes(label.value);
    case 'NotIn':
      return !exists || !item.values.includes(label.value);
    case 'Exists':
      return exists;
    case 'DoesNotExist':
      return !exists;
  }
}

function mayBeOutside(identity: Identity, context: SelectorContext): boolean {
  return identity.isWorld || (identity.isNode && context.cidrMatchesNodes);
}

/** A block of no bits is the world label of its family in Cilium, so a node never matches it. */
function inBlock(block: Cidr, identity: Identity): boolean {
  if (block.bits === 0) return identity.isWorld && identity.worldFamilies.includes(block.address.family);
  return identity.addresses.some((address) => cidrContains(block, address));
}

function inGroup(selector: Extract<Selector, { kind: 'group' }>, identity: Identity): boolean {
  if (selector.name !== undefined) return identity.groups.some((group) => group.name === selector.name);
  return (selector.requirements ?? []).every((item) => groupsMeet(item, identity));
}

/** An address in several groups carries the labels of all of them; each operator asks for any of the values. */
function groupsMeet(item: Requirement, identity: Identity): boolean {
  const values = identity.groups.flatMap((group) => {
    const value = group.labels.get(item.key);
    return value === undefined ? [] : [value];
  });
  switch (item.operator) {
    case 'In':
      return values.some((value) => item.values.includes(value));
    case 'NotIn':
      return !values.some((value) => item.values.includes(value));
    case 'Exists':
      return values.length > 0;
    case 'DoesNotExist':
      return values.length === 0;
  }
}
