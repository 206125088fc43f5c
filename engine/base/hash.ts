/**
 * 64-bit hash of a text as 16 hex digits (two FNV-1a style lanes of 32 bits, over UTF-16 code units).
 * For telemetry, cache keys and seeding; not for security.
 */
export function hashText(text: string): string {
  const [a, b] = lanesOf(text);
  return hex(mix(a ^ (b >>> 7))) + hex(mix(b ^ (a >>> 5)));
}

/** The first 32 bits of `hashText` as a number, without the way through digits. */
export function hashNumber(text: string): number {
  const [a, b] = lanesOf(text);
  return mix(a ^ (b >>> 7));
}

function lanesOf(text: string): readonly [a: number, b: number] {
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  return [a, b];
}

/** FNV-1a of 32 bits over the UTF-8 bytes of a text, as Go's hash/fnv New32a gives it. */
export function fnv32a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
