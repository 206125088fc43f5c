import type { Process, Program } from '../../shell/program.ts';
import { hashText } from '../../base/hash.ts';
import { byText } from '../../base/order.ts';
import { failureText } from '../../shell/path.ts';
import { unescapeAnsi } from '../../shell/lexer.ts';
import { complain, complainUsage, isBusybox, pathOf, readFile, readLines, splitLines, tool } from './tool.ts';
import type { Options } from './tool.ts';

type SortKey = {
  readonly from: number;
  readonly fromChar: number;
  readonly to: number;
  readonly toChar: number;
  readonly flags: string;
};

function sortKey(spec: string): SortKey | string {
  const match = /^(\d+)(?:\.(\d+))?([bdfhinrgVR]*)(?:,(\d+)(?:\.(\d+))?([bdfhinrgVR]*))?(.*)$/.exec(spec);
  if (match === null) return `invalid number at field start: invalid count at start of '${spec}'`;
  const rest = match[7] ?? '';
  const problem =
    match[1] === '0' || match[4] === '0'
      ? 'field number is zero'
      : match[2] === '0'
        ? 'character offset is zero'
        : rest !== ''
          ? 'stray character in field spec'
          : undefined;
  if (rest === ',' || /^[.,]\D/.test(rest))
    return `invalid number after '${rest.slice(0, 1)}': invalid count at start of '${rest.slice(1)}'`;
  if (problem !== undefined) return `${problem}: invalid field specification '${spec}'`;
  return {
    from: Number(match[1]),
    fromChar: Number(match[2] ?? 1),
    to: Number(match[4] ?? 0),
    toChar: Number(match[5] ?? 0),
    flags: `${match[3] ?? ''}${match[6] ?? ''}`,
  };
}

function keyText(line: string, key: SortKey, separator: string | undefined): string {
  const fields = separator === undefined ? (line.match(/\s*\S+|\s+$/g) ?? []) : line.split(separator);
  const joint = separator ?? '';
  const last = key.to === 0 ? fields.length : key.to;
  const text = fields.slice(key.from - 1, last).join(joint);
  const cut = key.fromChar > 1 ? text.slice(key.fromChar - 1) : text;
  return key.flags.includes('b') || separator === undefined
    ? cut.replace(/^[ \t]+/, key.flags.includes('b') ? '' : '$&')
    : cut;
}

const UNITS = 'KMGTPE';

function humanValue(text: string): number {
  const match = /^\s*(-?\d+(?:\.\d+)?)([KMGTPEk]?)/.exec(text);
  return match === null
    ? 0
    : Number(match[1]) * 1024 ** (UNITS.indexOf((match[2] ?? '').toUpperCase() || '-') + 1);
}

function versionKey(text: string): string {
  return text.replace(/\d+/g, (digits) => digits.padStart(12, '0'));
}

function compareBy(flags: string, a: string, b: string): number {
  if (/[ng]/.test(flags)) return (Number.parseFloat(a) || 0) - (Number.parseFloat(b) || 0);
  if (flags.includes('h')) return humanValue(a) - humanValue(b);
  if (flags.includes('V')) return byText(versionKey(a), versionKey(b));
  if (flags.includes('d')) return compareBy(flags.replace('d', ''), plainOf(a), plainOf(b));
  if (flags.includes('f')) return byText(a.toUpperCase(), b.toUpperCase());
  return byText(a, b);
}

/** What `-d` compares: blanks, letters and digits. */
const plainOf = (text: string): string => text.replace(/[^A-Za-z0-9 \t]/g, '');

async function sort(process: Process, options: Options): Promise<number> {
  const flags = options.all
    .map(
      ([name]) =>
        ({
          'numeric-sort': 'n',
          reverse: 'r',
          'ignore-case': 'f',
          'human-numeric-sort': 'h',
          'version-sort': 'V',
        })[name] ?? (name.length === 1 ? name : ''),
    )
    .join('');
  const keys: SortKey[] = [];
  for (const [name, value] of options.all) {
    if (name !== 'k' && name !== 'key') continue;
    const key = sortKey(value);
    if (typeof key === 'string') return complain(process, key, 2);
    keys.push(key);
  }
  const given = options.get('t', 'field-separator');
  const separator = given === '\\0' ? '\0' : given;
  if (separator !== undefined && [...separator].length !== 1)
    return complain(process, separator === '' ? 'empty tab' : `multi-character tab '${separator}'`, 2);
  const { lines, failures } = await readLines(
    process,
    options.operands,
    (operand, reason, isFolder) => `${isFolder ? 'read failed' : 'cannot read'}: ${operand}: ${reason}`,
  );
  if (failures > 0) return 2;
  const isZeroed = options.has('z', 'zero-terminated');
  const end = isZeroed ? '\0' : '\n';
  const items = isZeroed
    ? lines
        .map((line) => `${line}\n`)
        .join('')
        .replace(/\0\n?$/, '')
        .split('\0')
    : lines;
  const order = flags.replace(/[^dnghVfbr]/g, '');
  const sign = (used: string): number => (used.includes('r') ? -1 : 1);
  const compareKeys = (a: string, b: string): number => {
    for (const key of keys) {
      const used = key.flags.replace('b', '') === '' ? order : key.flags;
      const difference = compareBy(used, keyText(a, key, separator), keyText(b, key, separator)) * sign(used);
      if (difference !== 0) return difference;
    }
    return keys.length > 0 ? 0 : compareBy(order, a, b) * sign(order);
  };
  const compare = (a: string, b: string): number =>
    compareKeys(a, b) || (flags.includes('s') || flags.includes('u') ? 0 : byText(a, b) * sign(order));
  if (flags.includes('c') || flags.includes('C')) return checkOrder(process, lines, compare, options);
  const isShuffled = options.has('R', 'random-sort');
  const shuffle = (line: string): string => hashText(line);
  let sorted = isShuffled
    ? [...items].sort((a, b) => byText(shuffle(a), shuffle(b)))
    : [...items].sort(compare);
  if (options.has('u', 'unique'))
    sorted = sorted.filter((line, index) => index === 0 || compareKeys(sorted[index - 1] ?? '', line) !== 0);
  const text = sorted.map((line) => line + end).join('');
  const target = options.get('o', 'output');
  if (target !== undefined) process.machine.files.write(pathOf(process, target), text, process.sys.nowMs());
  else await process.out(text);
  return 0;
}

async function checkOrder(
  process: Process,
  lines: readonly string[],
  compare: (a: string, b: string) => number,
  options: Options,
): Promise<number> {
  const at = lines.findIndex((line, index) => index > 0 && compare(lines[index - 1] ?? '', line) > 0);
  if (at < 0) return 0;
  if (!options.has('C'))
    await process.err(`sort: ${options.operands[0] ?? '-'}:${at + 1}: disorder: ${lines[at] ?? ''}\n`);
  return 1;
}

async function uniq(process: Process, options: Options): Promise<number> {
  const [input, output] = options.operands;
  const counted = { f: 'fields to skip', s: 'bytes to skip', w: 'bytes to compare' };
  for (const [letter, what] of Object.entries(counted)) {
    const value = options.get(letter) ?? '0';
    if (!/^\d+$/.test(value)) return complain(process, `${value}: invalid number of ${what}`);
  }
  const { lines, failures } = await readLines(
    process,
    input === undefined ? [] : [input],
    (operand, reason, isFolder) =>
      isFolder && !isBusybox(process) ? `error reading '${operand}'` : `${operand}: ${reason}`,
  );
  if (failures > 0) return 1;
  const keyOf = (line: string): string => {
    const fields = line
      .replace(new RegExp(`^(\\s*\\S+){0,${Math.min(100, Number(options.get('f') ?? 0))}}`), '')
      .slice(Number(options.get('s') ?? 0));
    const kept = options.get('w') === undefined ? fields : fields.slice(0, Number(options.get('w')));
    return options.has('i', 'ignore-case') ? kept.toLowerCase() : kept;
  };
  const groups: { line: string; count: number; key: string; lines: string[] }[] = [];
  for (const line of lines) {
    const key = keyOf(line);
    const last = groups.at(-1);
    if (last !== undefined && last.key === key) {
      last.count++;
      last.lines.push(line);
    } else groups.push({ line, count: 1, key, lines: [line] });
  }
  if (options.has('D', 'all-repeated')) {
    const shown = groups.filter((group) => group.count > 1).flatMap((group) => group.lines);
    await process.out(shown.map((line) => `${line}\n`).join(''));
    return 0;
  }
  const kept = groups.filter(
    (group) =>
      (!options.has('d', 'repeated') || group.count > 1) &&
      (!options.has('u', 'unique') || group.count === 1),
  );
  const text = kept
    .map(
      (group) => `${options.has('c', 'count') ? `${String(group.count).padStart(7)} ` : ''}${group.line}\n`,
    )
    .join('');
  if (output !== undefined) process.machine.files.write(pathOf(process, output), text, process.sys.nowMs());
  else await process.out(text);
  return 0;
}

/** The ranges of a list, or what is wrong with it; `what` is what it numbers. */
function ranges(list: string, isFields: boolean): [number, number][] | string {
  const found: [number, number][] = [];
  for (const part of list.split(/[, \t]/)) {
    const bad = /[^\d-].*/.exec(part)?.[0];
    if (bad !== undefined)
      return isFields ? `invalid field value '${bad}'` : `invalid byte/character position '${bad}'`;
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    if (match === null) return isFields ? 'invalid field range' : 'invalid byte or character range';
    if (part === '-') return 'invalid range with no endpoint: -';
    const from = match[1] === '' ? 1 : Number(match[1]);
    const to = match[2] === '' ? from : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (part === '' || from === 0 || to === 0)
      return isFields ? 'fields are numbered from 1' : 'byte/character positions are numbered from 1';
    if (to < from) return 'invalid decreasing range';
    found.push([from, to]);
  }
  return found;
}

async function cut(process: Process, options: Options): Promise<number> {
  const kind = options.has('f', 'fields')
    ? 'f'
    : options.has('c', 'characters')
      ? 'c'
      : options.has('b', 'bytes')
        ? 'b'
        : undefined;
  if (kind === undefined)
    return complainUsage(process, 'you must specify a list of bytes, characters, or fields');
  const given = options.get('d', 'delimiter');
  const delimiter = given === '' ? '\0' : (given ?? '\t');
  if ([...delimiter].length !== 1) return complainUsage(process, 'the delimiter must be a single character');
  if (options.all.filter(([name]) => /^([bcf]|fields|characters|bytes)$/.test(name)).length > 1)
    return complainUsage(process, 'only one list may be specified');
  if (kind !== 'f' && given !== undefined)
    return complainUsage(process, 'an input delimiter may be specified only when operating on fields');
  const list = ranges(options.get('f', 'c', 'b', 'fields', 'characters', 'bytes') ?? '', kind === 'f');
  if (typeof list === 'string') return complainUsage(process, list);
  const isWanted = (place: number): boolean =>
    list.some(([from, to]) => place >= from && place <= to) !== options.has('complement');
  const { lines, failures } = await readLines(process, options.operands);
  const joint = options.get('output-delimiter') ?? (kind === 'f' ? delimiter : '');
  const out: string[] = [];
  for (const line of lines) {
    if (kind === 'f' && !line.includes(delimiter)) {
      if (!options.has('s', 'only-delimited')) out.push(`${line}\n`);
      continue;
    }
    const pieces = kind === 'f' ? line.split(delimiter) : [...line];
    out.push(`${pieces.filter((_, index) => isWanted(index + 1)).join(joint)}\n`);
  }
  await process.out(out.join(''));
  return failures > 0 ? 1 : 0;
}

const TR_CLASSES: Readonly<Record<string, string>> = {
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  lower: 'abcdefghijklmnopqrstuvwxyz',
  digit: '0123456789',
  alpha: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  alnum: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  space: '\t\n\v\f\r ',
  blank: '\t ',
  punct: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  xdigit: '0123456789ABCDEFabcdef',
};

/** The characters of a set; `fill` is how often `[x*]` stands for x. */
function trSet(text: string, fill: number): string[] | { error: string } {
  const chars = [...unescapeAnsi(text)];
  const set: string[] = [];
  for (let at = 0; at < chars.length; at++) {
    const rest = chars.slice(at).join('');
    const named = /^\[:([a-z]+):\]/.exec(rest);
    if (named !== null) {
      const members = Object.hasOwn(TR_CLASSES, named[1] ?? '') ? TR_CLASSES[named[1] ?? ''] : undefined;
      if (members === undefined) return { error: `invalid character class '${named[1] ?? ''}'` };
      set.push(...members);
      at += named[0].length - 1;
      continue;
    }
    const repeat = /^\[([\s\S])\*(\d*)\]/u.exec(rest);
    if (repeat !== null) {
      const count = Math.min(100_000, Number(repeat[2]) || fill);
      set.push(...Array.from({ length: count }, () => repeat[1] ?? ''));
      at += repeat[0].length - 1;
      continue;
    }
    const from = chars[at] ?? '';
    const to = chars[at + 2];
    if (chars[at + 1] === '-' && to !== undefined) {
      if (to < from)
        return { error: `range-endpoints of '${from}-${to}' are in reverse collating sequence order` };
      for (let code = from.codePointAt(0) ?? 0; code <= (to.codePointAt(0) ?? 0); code++)
        set.push(String.fromCodePoint(code));
      at += 2;
    } else set.push(from);
  }
  return set;
}

async function tr(process: Process, options: Options): Promise<number> {
  const [first, second] = options.operands;
  const deletes = options.has('d', 'delete');
  const squeezes = options.has('s', 'squeeze-repeats');
  if (first === undefined) return complainUsage(process, 'missing operand');
  if (second === undefined && !deletes && !squeezes) {
    await process.err(
      `tr: missing operand after '${first}'\nTwo strings must be given when translating.\nTry 'tr --help' for more information.\n`,
    );
    return 1;
  }
  if (second !== undefined && deletes && !squeezes)
    return complainUsage(
      process,
      `extra operand '${second}'\nOnly one string may be given when deleting without squeezing repeats.`,
    );
  const from = trSet(first, 0);
  const to = trSet(second ?? '', 'error' in from ? 0 : from.length);
  if (second === '' && !deletes && first !== '' && !options.has('t', 'truncate-set1'))
    return complain(process, 'when not truncating set1, string2 must be non-empty');
  if ('error' in from) return complain(process, from.error);
  if ('error' in to) return complain(process, to.error);
  const inFirst = new Set(from);
  const isInverted = options.has('c', 'C', 'complement');
  const isIn = (char: string): boolean => inFirst.has(char) !== isInverted;
  const cut = options.has('t', 'truncate-set1') ? to.length : from.length;
  const map = new Map(
    from.slice(0, cut).map((char, index) => [char, to[Math.min(index, to.length - 1)] ?? char] as const),
  );
  const squeezed = new Set(second === undefined ? [] : to);
  for (
    let text = await process.stdin.read(process.sys);
    text !== undefined;
    text = await process.stdin.read(process.sys)
  ) {
    let out = '';
    let last = '';
    for (const char of text) {
      if (deletes && isIn(char)) continue;
      const changed =
        deletes || second === undefined || !isIn(char)
          ? char
          : isInverted
            ? (to.at(-1) ?? char)
            : (map.get(char) ?? char);
      if (squeezes && changed === last && (second === undefined ? isIn(changed) : squeezed.has(changed)))
        continue;
      out += changed;
      last = changed;
    }
    await process.out(out);
  }
  return 0;
}

async function paste(process: Process, options: Options): Promise<number> {
  const delimiters = [...unescapeAnsi(options.get('d', 'delimiters') ?? '\t')];
  const columns: string[][] = [];
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`);
    columns.push(splitLines(found.text));
  }
  const join = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? '' : (delimiters[(index - 1) % delimiters.length] ?? '')) + cell)
      .join('');
  if (options.has('s', 'serial')) await process.out(columns.map((column) => `${join(column)}\n`).join(''));
  else if (options.operands.length > 1 && options.operands.every((operand) => operand === '-')) {
    const lines = columns[0] ?? [];
    const width = options.operands.length;
    for (let at = 0; at < lines.length; at += width)
      await process.out(`${join(Array.from({ length: width }, (_, index) => lines[at + index] ?? ''))}\n`);
  } else {
    const height = Math.max(0, ...columns.map((column) => column.length));
    await process.out(
      Array.from(
        { length: height },
        (_, row) => `${join(columns.map((column) => column[row] ?? ''))}\n`,
      ).join(''),
    );
  }
  return 0;
}

/** `column -c`: as many columns as fit, filled from the top, in steps of tabs. */
async function fillColumns(process: Process, options: Options): Promise<number> {
  const { lines, failures } = await readLines(process, options.operands);
  const cells = lines.filter((line) => line !== '');
  const total = Number(options.get('c', 'output-width') ?? process.tty('stdout')?.columns ?? 80);
  const width = (Math.floor(Math.max(0, ...cells.slice(0, 20_000).map((cell) => cell.length)) / 8) + 1) * 8;
  const columns = Math.max(1, Math.floor(total / width));
  const rows = Math.ceil(cells.length / columns);
  for (let row = 0; row < rows; row++) {
    const across = options.has('x')
      ? cells.slice(row * columns, (row + 1) * columns)
      : cells.filter((_, at) => at % rows === row);
    const padded = across.map((cell, at) =>
      at === across.length - 1 ? cell : cell + '\t'.repeat(Math.ceil((width - cell.length) / 8)),
    );
    await process.out(`${padded.join('')}\n`);
  }
  return failures > 0 ? 1 : 0;
}

async function column(process: Process, options: Options): Promise<number> {
  if (!options.has('t', 'table')) return fillColumns(process, options);
  const { lines, failures } = await readLines(process, options.operands);
  if (failures > 0) return 1;
  const separator = options.get('s', 'separator');
  const rows = lines
    .filter((line) => line.trim() !== '')
    .map((line) => (separator === undefined ? line.trim().split(/\s+/) : line.split(separator)));
  const joint = options.get('o', 'output-separator') ?? '  ';
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, [...cell].length);
    });
  const show = (row: readonly string[]): string =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join(joint);
  await process.out(rows.map((row) => `${show(row)}\n`).join(''));
  return 0;
}

async function fold(process: Process, options: Options): Promise<number> {
  const given = options.get('w', 'width') ?? '80';
  if (!/^[1-9]\d*$/.test(given))
    return complain(
      process,
      `invalid number of columns: '${given}'${given === '0' ? ': Numerical result out of range' : ''}`,
    );
  const width = Number(given);
  const { lines, failures } = await readLines(process, options.operands);
  for (const line of lines) {
    let rest = line;
    await process.sys.burn(1 + (line.length >> 8));
    while (rest.length > width) {
      const blank = options.has('s', 'spaces') ? rest.slice(0, width).search(/\s\S*$/) : -1;
      const at = blank >= 0 ? blank + 1 : width;
      await process.out(`${rest.slice(0, at)}\n`);
      rest = rest.slice(at);
    }
    await process.out(`${rest}\n`);
  }
  return failures > 0 ? 1 : 0;
}

async function two(process: Process, options: Options): Promise<[string[], string[]] | number> {
  const [first, second] = options.operands;
  if (first === undefined) return complainUsage(process, 'missing operand');
  if (second === undefined) return complainUsage(process, `missing operand after '${first}'`);
  const texts: string[][] = [];
  for (const operand of [first, second]) {
    const found = await readFile(process, operand);
    if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`);
    texts.push(splitLines(found.text));
  }
  return [texts[0] ?? [], texts[1] ?? []];
}

async function comm(process: Process, options: Options): Promise<number> {
  const both = await two(process, options);
  if (typeof both === 'number') return both;
  const [left, right] = both;
  const gap = options.get('output-delimiter') ?? '\t';
  const indent = (level: number): string =>
    gap.repeat([1, 2].filter((one) => one < level && !options.has(String(one))).length);
  let a = 0;
  let b = 0;
  let isUnsorted = false;
  while (a < left.length || b < right.length) {
    await process.sys.burn(1);
    const one = left[a];
    const other = right[b];
    const order = one === undefined ? 1 : other === undefined ? -1 : byText(one, other);
    const level = order < 0 ? 1 : order > 0 ? 2 : 3;
    if (!options.has(String(level)))
      await process.out(`${indent(level)}${(order > 0 ? other : one) ?? ''}\n`);
    for (const [list, at, file] of [
      [left, a, 1],
      [right, b, 2],
    ] as const) {
      const isBad =
        (file === 1 ? order <= 0 : order >= 0) &&
        at + 1 < list.length &&
        byText(list[at] ?? '', list[at + 1] ?? '') > 0;
      if (!isBad || options.has('nocheck-order') || isUnsorted) continue;
      isUnsorted = true;
      await complain(process, `file ${file} is not in sorted order`);
    }
    if (order <= 0) a++;
    if (order >= 0) b++;
  }
  return isUnsorted ? complain(process, 'input is not in sorted order') : 0;
}

async function join(process: Process, options: Options): Promise<number> {
  const both = await two(process, options);
  if (typeof both === 'number') return both;
  const separator = options.get('t');
  if (separator !== undefined && [...separator].length > 1)
    return complain(process, `multi-character tab '${separator}'`);
  const split = (line: string): string[] =>
    separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
  const fields = [
    Number(options.get('1') ?? options.get('j') ?? 1) - 1,
    Number(options.get('2') ?? options.get('j') ?? 1) - 1,
  ];
  const keyOf = (row: readonly string[], side: number): string => row[fields[side] ?? 0] ?? '';
  const shows = (name: string, side: number): boolean =>
    options.all.some(([one, value]) => one === name && value === String(side));
  const emit = async (rows: readonly (readonly string[] | undefined)[]): Promise<void> => {
    const key = rows[0]?.[fields[0] ?? 0] ?? rows[1]?.[fields[1] ?? 0] ?? '';
    const others = rows.flatMap((row, side) => (row ?? []).filter((_, index) => index !== fields[side]));
    await process.sys.burn(1);
    await process.out(`${[key, ...others].join(separator ?? ' ')}\n`);
  };
  const [left, right] = [both[0].map(split), both[1].map(split)];
  const onlyPairs = !options.has('v');
  let a = 0;
  let b = 0;
  while (a < left.length || b < right.length) {
    const [one, other] = [left[a], right[b]];
    const order = one === undefined ? 1 : other === undefined ? -1 : byText(keyOf(one, 0), keyOf(other, 1));
    if (order < 0) {
      if (shows('a', 1) || shows('v', 1)) await emit([one, undefined]);
      a++;
    } else if (order > 0) {
      if (shows('a', 2) || shows('v', 2)) await emit([undefined, other]);
      b++;
    } else {
      const key = keyOf(one ?? [], 0);
      let endA = a;
      let endB = b;
      while (endA < left.length && keyOf(left[endA] ?? [], 0) === key) endA++;
      while (endB < right.length && keyOf(right[endB] ?? [], 1) === key) endB++;
      for (let i = a; onlyPairs && i < endA; i++)
        for (let j = b; j < endB; j++) await emit([left[i], right[j]]);
      a = endA;
      b = endB;
    }
  }
  return 0;
}

/** Tools that reshape texts. */
export const SHAPE_TOOLS: readonly (readonly [string, Program])[] = [
  [
    'sort',
    tool(
      {
        short: 'nrufhVbcCsgdizRt:k:o:mS:T:',
        long: [
          'numeric-sort',
          'reverse',
          'unique',
          'ignore-case',
          'human-numeric-sort',
          'version-sort',
          'key=',
          'field-separator=',
          'output=',
          'stable',
          'random-sort',
          'zero-terminated',
          'check?',
          'merge',
        ],
        usageExit: 2,
      },
      sort,
    ),
  ],
  [
    'uniq',
    tool(
      {
        short: 'cduiDf:s:w:z',
        most: 2,
        long: ['count', 'repeated', 'unique', 'ignore-case', 'all-repeated'],
      },
      uniq,
    ),
  ],
  [
    'cut',
    tool(
      {
        short: 'b:c:f:d:sn',
        long: [
          'bytes=',
          'characters=',
          'fields=',
          'delimiter=',
          'only-delimited',
          'complement',
          'output-delimiter=',
        ],
      },
      cut,
    ),
  ],
  [
    'tr',
    tool(
      {
        short: 'cCdst',
        most: 2,
        long: ['complement', 'delete', 'squeeze-repeats', 'truncate-set1'],
        stopsAtOperand: true,
      },
      tr,
    ),
  ],
  ['paste', tool({ short: 'd:s', long: ['delimiters=', 'serial'] }, paste)],
  [
    'column',
    tool(
      {
        short: 'ts:o:xc:',
        long: ['table', 'separator=', 'output-separator=', 'output-width='],
      },
      column,
    ),
  ],
  ['fold', tool({ short: 'w:sb', long: ['width=', 'spaces'], number: 'w' }, fold)],
  [
    'comm',
    tool({ most: 2, short: '123z', long: ['check-order', 'nocheck-order', 'output-delimiter='] }, comm),
  ],
  [
    'join',
    tool(
      {
        most: 2,
        short: 't:1:2:j:a:v:',
        long: ['check-order', 'nocheck-order'],
      },
      join,
    ),
  ],
];
