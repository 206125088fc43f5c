/** One line of a comparison: kept, removed or added. */
type Line = { readonly sign: ' ' | '-' | '+'; readonly text: string };

/** The hunks of `diff -u` between two texts, three lines of context; '' when they are equal. */
export function unifiedDiff(from: string, to: string): string {
  const lines = compare(linesOf(from), linesOf(to));
  const changed = lines.flatMap((line, at) => (line.sign === ' ' ? [] : [at]));
  if (changed.length === 0) return '';
  const groups: { start: number; end: number }[] = [];
  for (const at of changed) {
    const last = groups.at(-1);
    if (last !== undefined && at - last.end <= 6) last.end = at;
    else groups.push({ start: at, end: at });
  }
  return groups
    .map((group) => hunk(lines, Math.max(0, group.start - 3), Math.min(lines.length - 1, group.end + 3)))
    .join('');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function hunk(lines: readonly Line[], start: number, end: number): string {
  const count = (signs: string, upTo: number, from = 0): number =>
    lines.slice(from, upTo).filter((line) => signs.includes(line.sign)).length;
  const [oldStart, newStart] = [count(' -', start), count(' +', start)];
  const [oldCount, newCount] = [count(' -', end + 1, start), count(' +', end + 1, start)];
  const range = (before: number, length: number): string =>
    length === 1 ? `${before + 1}` : `${length === 0 ? before : before + 1},${length}`;
  const body = lines.slice(start, end + 1).map((line) => `${line.sign}${line.text}\n`);
  return `@@ -${range(oldStart, oldCount)} +${range(newStart, newCount)} @@\n${body.join('')}`;
}

/** Longest common subsequence, after equal beginnings and ends are set aside. */
function compare(a: readonly string[], b: readonly string[]): readonly Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

function middle(a: readonly string[], b: readonly string[]): readonly Line[] {
  const table: number[][] = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row !== undefined)
        row[j] =
          a[i] === b[j]
            ? (table[i + 1]?.[j + 1] ?? 0) + 1
            : Math.max(table[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const out: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ sign: ' ', text: a[i] ?? '' });
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)))
      out.push({ sign: '-', text: a[i++] ?? '' });
    else out.push({ sign: '+', text: b[j++] ?? '' });
  }
  return out;
}
