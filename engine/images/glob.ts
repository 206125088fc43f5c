/** Redis' glob: `*`, `?`, `[a-c]`, `[^x]` and `\` before a character; linear in practice by backing up to the last star only. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    const step = oneMatches(pattern, p, text[t] ?? '');
    if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (step > 0) {
      p += step;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p >= pattern.length;
}

/** How many characters of the pattern match that one character; 0 for no match. */
function oneMatches(pattern: string, at: number, letter: string): number {
  const head = pattern[at];
  if (head === undefined || head === '*') return 0;
  if (head === '?') return 1;
  if (head === '\\' && at + 1 < pattern.length) return pattern[at + 1] === letter ? 2 : 0;
  if (head !== '[') return head === letter ? 1 : 0;
  const end = pattern.indexOf(']', at + 1);
  if (end < 0) return head === letter ? 1 : 0;
  const isNegated = pattern[at + 1] === '^';
  const body = pattern.slice(at + (isNegated ? 2 : 1), end);
  let isIn = false;
  for (let i = 0; i < body.length; i++) {
    const from = body[i] ?? '';
    const to = body[i + 1] === '-' && i + 2 < body.length ? (body[i + 2] ?? '') : from;
    if (to !== from) i += 2;
    if (letter >= from && letter <= to) isIn = true;
  }
  return isIn !== isNegated ? end - at + 1 : 0;
}
