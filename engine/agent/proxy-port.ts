import { fnv32a } from '../base/hash.ts';

/** The port at which a node's proxy of a kind and direction takes redirected packets: 10000–19999, as proxy-port-range has it. */
export function proxyPort(node: string, kind: string, direction: 'ingress' | 'egress'): number {
  const bytes = Uint8Array.from(`${node}/${kind}/${direction}`, (character) => character.charCodeAt(0) & 255);
  return 10_000 + (fnv32a(bytes) % 10_000);
}
