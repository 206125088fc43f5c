import type { Node } from '../objects/views.ts';
import type { Store } from '../store/store.ts';
import { formatAddress } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';

const NODES = 'ciliumnodes.cilium.io';

/**
 * The block of which Cilium gives a node's pods addresses: what its CiliumNode has; for a new one the operator's next block
 * with `ipam: cluster-pool`, else the node's own pod CIDR (operator/pkg/ipam/allocator/clusterpool). '' when there is none.
 */
export function podBlock(store: Store, node: Node): string {
  const known = blockOf(store.get(NODES, undefined, node.metadata.name));
  if (known !== undefined) return known;
  const own = node.spec.podCIDR ?? '';
  const data = (store.get('configmaps', 'kube-system', 'cilium-config')?.['data'] ?? {}) as Readonly<
    Record<string, string>
  >;
  const text = (key: string, initial: string): string =>
    Object.hasOwn(data, key) ? (data[key] ?? '') : initial;
  if (text('ipam', 'kubernetes') !== 'cluster-pool') return own;
  const used = new Set(store.list(NODES).map(blockOf));
  const bits = Number(text('cluster-pool-ipv4-mask-size', '24'));
  for (const pool of text('cluster-pool-ipv4-cidr', '10.0.0.0/8').split(/[\s,]+/)) {
    const block = parseCidr(pool);
    if (block === undefined || block.address.family !== 4 || !(bits >= block.bits && bits <= 30)) continue;
    const base = (block.address.words[0] ?? 0) >>> 0;
    for (let i = 0; i < 2 ** (bits - block.bits) && i <= used.size; i++) {
      const cidr = `${formatAddress({ family: 4, words: [(base + i * 2 ** (32 - bits)) >>> 0] })}/${bits}`;
      if (!used.has(cidr)) return cidr;
    }
  }
  return own;
}

function blockOf(object: ReturnType<Store['get']>): string | undefined {
  const spec = object?.['spec'] as { readonly ipam?: { readonly podCIDRs?: readonly string[] } } | undefined;
  return spec?.ipam?.podCIDRs?.[0];
}

/** The address with an offset in a block: 1 is the router's, 2 the health endpoint's. '' without a block. */
export function addressIn(cidr: string, offset: number): string {
  const block = parseCidr(cidr);
  return block === undefined
    ? ''
    : formatAddress({ family: 4, words: [((block.address.words[0] ?? 0) + offset) >>> 0] });
}
