import { type Address, formatAddress, parseAddress } from './address.ts';

/** An address block. `address` is as written: bits below `bits` may be set (see `maskedCidr`). */
export type Cidr = { readonly address: Address; readonly bits: number };

/** Reads `ADDRESS/BITS`; undefined for anything else, a bare address included. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!address || !/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined;
  const bits = Number(length);
  return bits <= widthOf(address) ? { address, bits } : undefined;
}

/** Reads a block or a bare address (a block of one). */
export function parseCidrOrAddress(text: string): Cidr | undefined {
  if (text.includes('/')) return parseCidr(text);
  const address = parseAddress(text);
  return address && { address, bits: widthOf(address) };
}

/** True when `address` is of the block's family and within it. */
export function cidrContains(block: Cidr, address: Address): boolean {
  if (block.address.family !== address.family) return false;
  for (let i = 0, left = block.bits; left > 0; i++, left -= 32) {
    const mask = left >= 32 ? 0xffffffff : ~(0xffffffff >>> left);
    if ((((block.address.words[i] ?? 0) ^ (address.words[i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** True when every address of `inner` is in `outer`. */
export function cidrCovers(outer: Cidr, inner: Cidr): boolean {
  return outer.bits <= inner.bits && cidrContains(outer, inner.address);
}

/** The block with the bits below its length cleared. */
export function maskedCidr(block: Cidr): Cidr {
  const words = block.address.words.map((word, i) => {
    const left = block.bits - 32 * i;
    if (left >= 32) return word;
    return left <= 0 ? 0 : (word & ~(0xffffffff >>> left)) >>> 0;
  });
  return { address: { family: block.address.family, words }, bits: block.bits };
}

/** The text of a block, as it stands in `block`. */
export function formatCidr(block: Cidr): string {
  return `${formatAddress(block.address)}/${block.bits}`;
}

/** 32 or 128. */
export function widthOf(address: Address): number {
  return address.family === 4 ? 32 : 128;
}
