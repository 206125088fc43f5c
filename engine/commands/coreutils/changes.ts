/** Lines that differ: `a[aFrom, aTo)` became `b[bFrom, bTo)`. */
export type Change = {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
};

const CELLS_MAX = 4_000_000;

/** The changed ranges between two lists of lines (longest common subsequence), in order. */
export function changes(a: readonly string[], b: readonly string[]): Change[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const height = endA - start;
  const width = endB - start;
  if (height === 0 && width === 0) return [];
  if (height * width > CELLS_MAX) return [{ aFrom: start, aTo: endA, bFrom: start, bTo: endB }];
  const table = new Uint32Array((height + 1) * (width + 1));
  const at = (i: number, j: number): number => table[i * (width + 1) + j] ?? 0;
  for (let i = height - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--)
      table[i * (width + 1) + j] =
        a[start + i] === b[start + j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const found: Change[] = [];
  let i = 0;
  let j = 0;
  while (i < height || j < width) {
    if (i < height && j < width && a[start + i] === b[start + j]) {
      i++;
      j++;
      continue;
    }
    const [fromI, fromJ] = [i, j];
    while ((i < height || j < width) && !(i < height && j < width && a[start + i] === b[start + j])) {
      if (j >= width || (i < height && at(i + 1, j) >= at(i, j + 1))) i++;
      else j++;
    }
    found.push({ aFrom: start + fromI, aTo: start + i, bFrom: start + fromJ, bTo: start + j });
  }
  return found;
}

/** The hunks of a unified diff (or of a context diff), without its two head lines; '' when nothing differs. */
export function unifiedHunks(
  a: readonly string[],
  b: readonly string[],
  context: number,
  isContext = false,
): string {
  const all = changes(a, b);
  let out = '';
  for (let index = 0; index < all.length; ) {
    let last = index;
    while (last + 1 < all.length && (all[last + 1]?.aFrom ?? 0) - (all[last]?.aTo ?? 0) <= context * 2)
      last++;
    out += hunk(a, b, all.slice(index, last + 1), context, isContext);
    index = last + 1;
  }
  return out;
}

function hunk(
  a: readonly string[],
  b: readonly string[],
  group: readonly Change[],
  context: number,
  isContext: boolean,
): string {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return '';
  const aFrom = Math.max(0, first.aFrom - context);
  const aTo = Math.min(a.length, last.aTo + context);
  const bFrom = Math.max(0, first.bFrom - context);
  const bTo = Math.min(b.length, last.bTo + context);
  if (isContext) {
    const side = (lines: readonly string[], from: number, to: number, isOld: boolean): string => {
      const spans = group.map((one) => (isOld ? [one.aFrom, one.aTo] : [one.bFrom, one.bTo]));
      const place = `${to - from > 1 ? `${from + 1},` : ''}${to}`;
      const head = isOld ? `*** ${place} ****\n` : `--- ${place} ----\n`;
      if (spans.every(([start, end]) => start === end)) return head;
      const mark = (at: number): string => {
        const index = spans.findIndex(([start = 0, end = 0]) => at >= start && at < end);
        const one = group[index];
        const isChange = one !== undefined && one.aFrom < one.aTo && one.bFrom < one.bTo;
        return one === undefined ? ' ' : isChange ? '!' : isOld ? '-' : '+';
      };
      return (
        head +
        lines
          .slice(from, to)
          .map((line, at) => `${mark(from + at)} ${line}\n`)
          .join('')
      );
    };
    return `***************\n${side(a, aFrom, aTo, true)}${side(b, bFrom, bTo, false)}`;
  }
  const range = (from: number, to: number): string =>
    to - from === 1 ? `${from + 1}` : `${to === from ? from : from + 1},${to - from}`;
  let out = `@@ -${range(aFrom, aTo)} +${range(bFrom, bTo)} @@\n`;
  let at = aFrom;
  for (const change of group) {
    for (; at < change.aFrom; at++) out += ` ${a[at] ?? ''}\n`;
    for (; at < change.aTo; at++) out += `-${a[at] ?? ''}\n`;
    for (let other = change.bFrom; other < change.bTo; other++) out += `+${b[other] ?? ''}\n`;
  }
  for (; at < aTo; at++) out += ` ${a[at] ?? ''}\n`;
  return out;
}
