import type { Json } from '../base/json.ts';
import type { Node, Pod } from '../objects/views.ts';
import type { Store } from '../store/store.ts';
import { formatAddress } from '../net/address.ts';
import { invariant } from '../base/assert.ts';
import { isJsonObject } from '../base/json.ts';
import { parseCidr } from '../net/cidr.ts';

/** The first offset in a node's block that a pod gets; the ones before are the router's and the health endpoint's. */
const FIRST_OFFSET = 6;

/** Hands out pod addresses from each node's pod CIDR, in order of asking; an address is used again only after a full turn. */
export class PodAddresses {
  readonly #store: Store;
  readonly #blockOf: (node: Node) => string;
  #last = new Map<string, number>();

  /** `blockOf` gives the CIDR of a node's pods. */
  constructor(store: Store, blockOf: (node: Node) => string) {
    this.#store = store;
    this.#blockOf = blockOf;
  }

  /** The next free address on a node. */
  allocate(node: Node): string {
    const block = parseCidr(this.#blockOf(node));
    invariant(block !== undefined, 'a node has a pod CIDR');
    const size = 2 ** (32 - block.bits);
    const taken = new Set((this.#store.list('pods') as Pod[]).map((pod) => pod.status?.podIP));
    const base = (block.address.words[0] ?? 0) >>> 0;
    let offset = this.#last.get(node.metadata.name) ?? FIRST_OFFSET - 1;
    for (let tries = 0; tries < size; tries++) {
      offset = offset + 1 >= size - 1 ? FIRST_OFFSET : offset + 1;
      const address = formatAddress({ family: 4, words: [(base + offset) >>> 0] });
      if (taken.has(address)) continue;
      this.#last.set(node.metadata.name, offset);
      return address;
    }
    invariant(false, 'a node has an address for every pod');
  }

  /** Where each node's pool stands. */
  state(): Json {
    return Object.fromEntries([...this.#last].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Continues from what `state()` gave. */
  restore(state: Json): void {
    this.#last = new Map();
    if (!isJsonObject(state)) return;
    for (const [node, offset] of Object.entries(state))
      if (typeof offset === 'number') this.#last.set(node, offset);
  }
}
