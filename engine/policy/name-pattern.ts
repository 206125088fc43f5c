/**
 * A compiled DNS name pattern (Cilium's pkg/fqdn/matchpattern): `*` stands for any number of name characters within
 * one label, `**` for one or more whole labels. Matching takes time linear in pattern times name: no backtracking.
 */
export type NamePattern = { readonly all: boolean; readonly tokens: readonly string[] };

const STAR = '*';
const LABELS = '**';

/** A pattern for names as the resolver writes them, with a final dot: `matchName` and `matchPattern` of a policy. */
export function dnsPattern(text: string): NamePattern {
  const lower = text.trim().toLowerCase();
  if (/^\*+\.?$/.test(lower)) return { all: true, tokens: [] };
  const absolute = lower.endsWith('.') ? lower : `${lower}.`;
  const prefix = /^\*{2,}\./.exec(absolute);
  const rest = prefix ? absolute.slice(prefix[0].length) : absolute;
  return { all: false, tokens: [...(prefix ? [LABELS, '.'] : []), ...tokensOf(rest)] };
}

/** A pattern for TLS server names (cilium-envoy's SniPattern): no final dot; `**.` at the start, `*` elsewhere. */
export function serverNamePattern(text: string): NamePattern {
  const lower = text.toLowerCase().replace(/\.$/, '');
  const prefix = /^\*{2,}\./.exec(lower);
  const rest = tokensOf(prefix ? lower.slice(prefix[0].length) : lower);
  if (!prefix && rest.length === 1 && rest[0] === STAR) return { all: false, tokens: [LABELS] };
  return { all: false, tokens: [...(prefix ? [LABELS, '.'] : []), ...rest] };
}

/** A name as DNS rules compare it: lower case with a final dot. */
export function absoluteName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}

/** True when the whole of `name` (lower case) matches. */
export function matchesName(pattern: NamePattern, name: string): boolean {
  if (pattern.all) return true;
  let at = new Set<number>([0]);
  for (const token of pattern.tokens) {
    const next = new Set<number>();
    for (const position of at) {
      if (token === STAR) runOfNameCharacters(name, position, next);
      else if (token === LABELS) runOfLabels(name, position, next);
      else if (name[position] === token) next.add(position + 1);
    }
    if (next.size === 0) return false;
    at = next;
  }
  return at.has(name.length);
}

function tokensOf(text: string): string[] {
  return (text.match(/\*+|[^*]/g) ?? []).map((token) => (token.startsWith('*') ? STAR : token));
}

function isNameCharacter(name: string, at: number): boolean {
  return at < name.length && /[-a-z0-9_]/.test(name[at] ?? '');
}

function runOfNameCharacters(name: string, from: number, into: Set<number>): void {
  for (let at = from; ; at++) {
    if (into.has(at)) return;
    into.add(at);
    if (!isNameCharacter(name, at)) return;
  }
}

function runOfLabels(name: string, from: number, into: Set<number>): void {
  for (
    let at = from;
    isNameCharacter(name, at) || (at > from && name[at] === '.' && isNameCharacter(name, at + 1));
    at++
  ) {
    if (name[at] !== '.') into.add(at + 1);
  }
}
