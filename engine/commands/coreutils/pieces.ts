import { utf8Length } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import { hashText } from '../../base/hash.ts';
import type { Process, Program } from '../../shell/program.ts';
import { failureText, statThrough } from '../../shell/path.ts';
import {
  complain,
  complainUsage,
  nameOf,
  pathOf,
  readFile,
  readLines,
  splitLines,
  tool,
  tryHelp,
} from './tool.ts';
import type { Options } from './tool.ts';

/** A size as the tools take it: `10`, `2K`, `1M`, `3kB`. Undefined when it is none. */
function sizeValue(text: string): number | undefined {
  const match = /^([0-9]+)([KMGTkmgt]?)(B|iB)?$/.exec(text);
  if (match === null) return undefined;
  const power = ' KMGT'.indexOf((match[2] ?? '').toUpperCase() || ' ');
  return Number(match[1]) * (match[3] === 'B' ? 1000 : 1024) ** Math.max(0, power);
}

/** The suffix of the n-th piece: aa, ab, …; or digits. */
function suffixOf(index: number, length: number, isNumeric: boolean): string | undefined {
  const base = isNumeric ? 10 : 26;
  if (index >= base ** length) return undefined;
  let text = '';
  let rest = index;
  for (let place = 0; place < length; place++) {
    text = (isNumeric ? String(rest % 10) : String.fromCharCode(97 + (rest % 26))) + text;
    rest = Math.floor(rest / base);
  }
  return text;
}

function cutPieces(text: string, options: Options): string[] | string {
  const lines = options.get('l', 'lines');
  const bytes = options.get('b', 'bytes');
  const chunks = options.get('n', 'number');
  if (chunks !== undefined) {
    const count = Number(chunks.replace(/^l\//, ''));
    if (!Number.isInteger(count) || count < 1) return `invalid number of chunks: '${chunks}'`;
    const size = Math.floor(text.length / count);
    return Array.from({ length: count }, (_, at) =>
      text.slice(at * size, at === count - 1 ? undefined : (at + 1) * size),
    );
  }
  if (bytes !== undefined) {
    const size = sizeValue(bytes);
    if (size === undefined || size < 1) return `invalid number of bytes: '${bytes}'`;
    return Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      text.slice(at * size, (at + 1) * size),
    );
  }
  const size = Number(lines ?? 1000);
  if (!Number.isInteger(size) || size < 1) return `invalid number of lines: '${lines ?? ''}'`;
  const all = text.split(/(?<=\n)/).filter((line) => line !== '');
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size).join(''),
  );
}

async function split(process: Process, options: Options): Promise<number> {
  const [operand = '-', prefix = 'x'] = options.operands;
  const found = await readFile(process, operand);
  if ('failure' in found)
    return complain(process, `cannot open '${operand}' for reading: ${failureText(found.failure)}`);
  const pieces = cutPieces(found.text, options);
  if (typeof pieces === 'string') return complain(process, pieces);
  const length = Number(options.get('a', 'suffix-length') ?? 2);
  const isNumeric = options.has('d', 'numeric-suffixes');
  for (const [index, piece] of pieces.entries()) {
    const suffix = suffixOf(index, length, isNumeric);
    if (suffix === undefined) return complain(process, 'output file suffixes exhausted');
    const name = `${prefix}${suffix}${options.get('additional-suffix') ?? ''}`;
    const failure = process.machine.files.write(pathOf(process, name), piece, process.sys.nowMs());
    if (failure !== undefined) return complain(process, `${name}: ${failureText(failure)}`);
    if (options.has('verbose')) await process.out(`creating file '${name}'\n`);
  }
  return 0;
}

async function shuffle(process: Process, options: Options): Promise<number> {
  const range = options.get('i', 'input-range');
  let lines: string[];
  if (range !== undefined) {
    const match = /^([0-9]+)-([0-9]+)$/.exec(range);
    const [low, high] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || high < low) return complain(process, `invalid input range: '${range}'`);
    const few = Number(options.get('n', 'head-count') ?? Number.POSITIVE_INFINITY);
    if (high - low >= 100_000) return sample(process, low, high, Math.min(few, 100_000));
    lines = Array.from({ length: high - low + 1 }, (_, at) => String(low + at));
  } else if (options.has('e', 'echo')) lines = [...options.operands];
  else {
    const read = await readLines(process, options.operands);
    if (read.failures > 0) return 1;
    lines = read.lines;
  }
  const seed = `${process.machine.id}/${process.sys.pid}/${process.sys.nowMs()}`;
  const ranked = lines.map((line, at) => ({ line, rank: hashText(`${seed}/${at}`) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const count = options.get('n', 'head-count');
  const kept = count === undefined ? ranked : ranked.slice(0, Number(count));
  await process.sys.burn(1 + (lines.length >> 3));
  await process.out(kept.map(({ line }) => `${line}\n`).join(''));
  return 0;
}

async function sample(process: Process, low: number, high: number, count: number): Promise<number> {
  const found = new Set<number>();
  for (let at = 0; found.size < count && at < count * 4; at++)
    found.add(
      low +
        (Number.parseInt(hashText(`${process.sys.pid}/${process.sys.nowMs()}/${at}`).slice(0, 12), 16) %
          (high - low + 1)),
    );
  await process.out([...found].map((one) => `${one}\n`).join(''));
  return 0;
}

async function truncate(process: Process, options: Options): Promise<number> {
  const given = options.get('s', 'size');
  if (given === undefined) return complainUsage(process, "you must specify either '--size' or '--reference'");
  if (options.operands.length === 0) return complainUsage(process, 'missing file operand');
  const sign = /^[+\-<>]/.exec(given)?.[0] ?? '';
  const size = sizeValue(given.slice(sign.length));
  if (size === undefined) return complain(process, `Invalid number: '${given}'`);
  let exit = 0;
  for (const operand of options.operands) {
    const path = pathOf(process, operand);
    const entry = statThrough(process.machine.files, path);
    if (entry === undefined && options.has('c', 'no-create')) continue;
    const text = entry?.kind === 'file' ? entry.content : '';
    const length = sign === '+' ? text.length + size : sign === '-' ? Math.max(0, text.length - size) : size;
    if (length > LIMITS.fileCharactersMax)
      exit = await complain(process, `failed to truncate '${operand}' at ${length} bytes: File too large`);
    else process.machine.files.write(path, text.slice(0, length).padEnd(length, '\0'), process.sys.nowMs());
  }
  return exit;
}

const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/** A number in a unit: with one decimal below ten, rounded away from zero, as numfmt does. */
function scaled(value: number, base: number, isBinary: boolean): string {
  let power = 0;
  let rest = Math.abs(value);
  while (rest >= base && power < UNITS.length - 1) {
    rest /= base;
    power++;
  }
  if (power === 0) return String(value);
  let text = rest < 10 ? Math.ceil(rest * 10 - 1e-9) / 10 : Math.ceil(rest - 1e-9);
  if (text >= base && power < UNITS.length - 1) {
    text = 1;
    power++;
  }
  const shown = text < 10 ? text.toFixed(1) : String(text);
  return `${value < 0 ? '-' : ''}${shown}${UNITS[power] ?? ''}${isBinary ? 'i' : ''}`;
}

function parseScaled(text: string, from: string): number | string {
  const match = /^(-?[0-9]+(?:\.[0-9]+)?)([KMGTPEZY]?)(i?)$/.exec(text);
  if (match === null) {
    const number = /^-?[0-9]+(\.[0-9]+)?/.exec(text)?.[0];
    return number === undefined ? `invalid number: '${text}'` : `invalid suffix in input: '${text}'`;
  }
  if (from === 'none' && match[2] !== '')
    return `rejecting suffix in input: '${text}' (consider using --from)`;
  const base = from === 'si' || (from === 'auto' && match[3] === '') ? 1000 : 1024;
  return Number(match[1]) * base ** UNITS.indexOf(match[2] ?? '');
}

async function numfmt(process: Process, options: Options): Promise<number> {
  const to = options.get('to') ?? 'none';
  const from = options.get('from') ?? 'none';
  const field = Number(options.get('field') ?? 1);
  const suffix = options.get('suffix') ?? '';
  const one = (text: string): { text: string } | { problem: string } => {
    const value = parseScaled(
      suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
      from,
    );
    if (typeof value === 'string') return { problem: value };
    const shown = to === 'none' ? String(value) : scaled(value, to === 'si' ? 1000 : 1024, to === 'iec-i');
    const width = Number(options.get('padding') ?? 0);
    const whole = `${shown}${suffix}`;
    return { text: width < 0 ? whole.padEnd(-width) : whole.padStart(width) };
  };
  const lines =
    options.operands.length > 0
      ? [...options.operands]
      : splitLines(await process.stdin.readAll(process.sys));
  for (const [index, line] of lines.entries()) {
    if (options.operands.length === 0 && index < Number(options.get('header') ?? 0)) {
      await process.out(`${line}\n`);
      continue;
    }
    const words = options.operands.length > 0 ? [line] : line.split(/(?<=\S)(?=\s)/);
    const word = words[field - 1] ?? '';
    const made = one(word.trim());
    if ('problem' in made) {
      await complain(process, made.problem);
      return 2;
    }
    words[field - 1] = /^\s*/.exec(word)?.[0] + made.text;
    await process.out(`${words.join('')}\n`);
  }
  return 0;
}

async function envsubst(process: Process, options: Options): Promise<number> {
  const [format] = options.operands;
  const names =
    format === undefined
      ? undefined
      : new Set([...format.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g)].map((match) => match[1] ?? ''));
  if (options.has('v', 'variables')) {
    if (format === undefined) return complain(process, 'missing arguments');
    await process.out([...(names ?? [])].map((name) => `${name}\n`).join(''));
    return 0;
  }
  const text = await process.stdin.readAll(process.sys);
  let size = 0;
  const put = text.replace(
    /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
    (whole, braced?: string, plain?: string) => {
      const name = braced ?? plain ?? '';
      const value = names !== undefined && !names.has(name) ? whole : (process.env.get(name) ?? '');
      size += value.length;
      return size > LIMITS.outputCharactersMax ? '' : value;
    },
  );
  await process.out(put);
  return 0;
}

async function compareBytes(process: Process, options: Options): Promise<number> {
  const [left, right = '-'] = options.operands;
  if (left === undefined) {
    await process.err(`cmp: missing operand after 'cmp'\ncmp: Try 'cmp --help' for more information.\n`);
    return 2;
  }
  const [a, b] = [await readFile(process, left), await readFile(process, right)];
  for (const [operand, found] of [
    [left, a],
    [right, b],
  ] as const)
    if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`, 2);
  if ('failure' in a || 'failure' in b) return 2;
  const length = Math.min(a.text.length, b.text.length);
  let exit = 0;
  for (let at = 0; at < length; at++) {
    if ((at & 4095) === 4095) await process.sys.burn(16);
    if (a.text[at] === b.text[at]) continue;
    exit = 1;
    if (options.has('s', 'silent', 'quiet')) return 1;
    const octal = (text: string): string => (text.charCodeAt(at) & 255).toString(8).padStart(3);
    if (options.has('l', 'verbose'))
      await process.out(
        `${String(at + 1).padStart(19)} ${octal(a.text)} ${octal(b.text)}\n`.replace(/^ {1}(?= {0}\S)/, ''),
      );
    else {
      const line = a.text.slice(0, at).split('\n').length;
      const bytes = options.has('b', 'print-bytes')
        ? ` is ${octal(a.text)} ${a.text[at] ?? ''} ${octal(b.text)} ${b.text[at] ?? ''}`
        : '';
      await process.out(
        `${left} ${right} differ: ${bytes === '' ? 'char' : 'byte'} ${at + 1}, line ${line}${bytes}\n`,
      );
      return 1;
    }
  }
  if (a.text.length === b.text.length) return exit;
  const short = a.text.length < b.text.length ? { name: left, text: a.text } : { name: right, text: b.text };
  const lines = short.text.split('\n').length - 1;
  if (!options.has('s', 'silent', 'quiet'))
    await process.err(
      short.text === ''
        ? `cmp: EOF on ${short.name} which is empty\n`
        : `cmp: EOF on ${short.name} after byte ${utf8Length(short.text)}, ${short.text.endsWith('\n') ? `line ${lines}` : `in line ${lines + 1}`}\n`,
    );
  return 1;
}

async function unexpand(process: Process, options: Options): Promise<number> {
  const { lines, failures } = await readLines(process, options.operands);
  const width = Number(options.get('t', 'tabs') ?? 8);
  const isAll = options.has('a', 'all', 't', 'tabs');
  const convert = (line: string): string => {
    let out = '';
    for (let at = 0; at < line.length; at += width) {
      const cell = line.slice(at, at + width);
      const mayChange = isAll || line.slice(0, at + width).trim() === '';
      const kept = cell.trimEnd();
      out += mayChange && cell.length === width && cell.length - kept.length > 1 ? `${kept}\t` : cell;
    }
    return out;
  };
  await process.out(lines.map((line) => `${convert(line)}\n`).join(''));
  return failures > 0 ? 1 : 0;
}

async function fillLines(process: Process, options: Options): Promise<number> {
  const width = Number(options.get('w', 'width') ?? 75);
  const goal = Math.floor((width * 93) / 100);
  const { lines, failures } = await readLines(process, options.operands);
  const out: string[] = [];
  let words: string[] = [];
  let indent = '';
  const flush = (): void => {
    let row = '';
    for (const word of words) {
      const longer = row === '' ? word : `${row} ${word}`;
      if (row !== '' && indent.length + longer.length > goal) {
        out.push(indent + row);
        row = word;
      } else row = longer;
    }
    if (row !== '') out.push(indent + row);
    words = [];
  };
  for (const line of lines) {
    const lead = /^\s*/.exec(line)?.[0] ?? '';
    if (line.trim() === '' || lead !== indent) flush();
    if (line.trim() === '') out.push('');
    else {
      indent = lead;
      words.push(...line.trim().split(/\s+/));
    }
  }
  flush();
  await process.out(out.map((line) => `${line}\n`).join(''));
  return failures > 0 ? 1 : 0;
}

async function strings(process: Process, options: Options): Promise<number> {
  const least = Number(options.get('n', 'bytes') ?? 4);
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) return complain(process, `'${operand}': No such file`);
    const runs = found.text.split(/[^\t\x20-\x7e]+/).filter((run) => run.length >= least);
    await process.out(runs.map((run) => `${run}\n`).join(''));
  }
  return 0;
}

async function unlink(process: Process): Promise<number> {
  const [operand, ...rest] = process.argv.slice(1);
  if (operand === undefined) return complainUsage(process, 'missing operand');
  if (rest.length > 0) return complainUsage(process, `extra operand '${rest[0] ?? ''}'`);
  const failure =
    process.machine.files.stat(pathOf(process, operand))?.kind === 'folder'
      ? 'EISDIR'
      : process.machine.files.remove(pathOf(process, operand));
  return failure === undefined ? 0 : complain(process, `cannot unlink '${operand}': ${failureText(failure)}`);
}

async function install(process: Process, options: Options): Promise<number> {
  const operands = [...options.operands];
  const mode = Number.parseInt(options.get('m', 'mode') ?? '755', 8);
  const { files } = process.machine;
  if (options.has('d', 'directory')) {
    for (const operand of operands)
      files.makeFolder(pathOf(process, operand), process.sys.nowMs(), { parents: true });
    return 0;
  }
  const target = operands.pop();
  if (target === undefined) return complainUsage(process, 'missing file operand');
  const [source] = operands;
  if (source === undefined)
    return complainUsage(process, `missing destination file operand after '${target}'`);
  const found = await readFile(process, source);
  if ('failure' in found) return complain(process, `cannot stat '${source}': ${failureText(found.failure)}`);
  const isFolder = statThrough(files, pathOf(process, target))?.kind === 'folder';
  const path = pathOf(process, isFolder ? `${target}/${source.split('/').at(-1) ?? ''}` : target);
  const failure = files.write(path, found.text, process.sys.nowMs(), { mode });
  if (failure === undefined) files.setMode(path, mode);
  return failure === undefined
    ? 0
    : complain(process, `cannot create regular file '${target}': ${failureText(failure)}`);
}

async function factor(process: Process): Promise<number> {
  const words = process.argv.slice(1);
  const given =
    words.length > 0
      ? words
      : (await process.stdin.readAll(process.sys)).split(/\s+/).filter((word) => word !== '');
  let exit = 0;
  for (const word of given) {
    if (!/^[0-9]+$/.test(word) || Number(word) > Number.MAX_SAFE_INTEGER) {
      exit = await complain(process, `'${word}' is not a valid positive integer`);
      continue;
    }
    const parts: number[] = [];
    let rest = Number(word);
    for (let prime = 2; prime * prime <= rest && prime < 5_000_000; prime++) {
      if ((prime & 8191) === 8191) await process.sys.burn(64);
      for (; rest % prime === 0; rest /= prime) parts.push(prime);
    }
    if (rest > 1) parts.push(rest);
    await process.out(`${word}:${parts.map((part) => ` ${part}`).join('')}\n`);
  }
  return exit;
}

/** Tools that cut, join, count and compare pieces. */
export const PIECE_TOOLS: readonly (readonly [string, Program])[] = [
  [
    'split',
    tool(
      {
        short: 'l:b:n:a:d',
        long: [
          'lines=',
          'bytes=',
          'number=',
          'suffix-length=',
          'numeric-suffixes?',
          'additional-suffix=',
          'verbose',
        ],
      },
      split,
    ),
  ],
  [
    'shuf',
    tool(
      { short: 'en:i:r', long: ['echo', 'head-count=', 'input-range=', 'repeat', 'random-source='] },
      shuffle,
    ),
  ],
  ['truncate', tool({ short: 's:cr:o', long: ['size=', 'no-create', 'reference='] }, truncate)],
  [
    'numfmt',
    tool(
      {
        short: 'd:z',
        long: [
          'to=',
          'from=',
          'suffix=',
          'field=',
          'padding=',
          'header?',
          'grouping',
          'format=',
          'round=',
          'invalid=',
        ],
      },
      numfmt,
    ),
  ],
  ['envsubst', tool({ short: 'vhV', long: ['variables'] }, envsubst)],
  [
    'cmp',
    tool(
      { short: 'bislnn:', long: ['silent', 'quiet', 'verbose', 'print-bytes'], usageExit: 2 },
      compareBytes,
    ),
  ],
  ['unexpand', tool({ short: 'at:', long: ['all', 'tabs='] }, unexpand)],
  ['fmt', tool({ short: 'w:sut', long: ['width='] }, fillLines)],
  ['strings', tool({ short: 'an:', long: ['bytes='] }, strings)],
  ['unlink', unlink],
  ['install', tool({ short: 'm:dDvo:g:', long: ['mode=', 'directory'] }, install)],
  ['factor', factor],
  [
    'groups',
    async (process) => {
      await process.out(`${process.machine.user}\n`);
      return 0;
    },
  ],
  ['users', async () => 0],
  [
    'stdbuf',
    async (process) => {
      const words = process.argv.slice(1).filter((word) => !/^-[ioe]/.test(word));
      if (words.length === 0) {
        await process.err(`${nameOf(process)}: missing operand\n${tryHelp(nameOf(process))}`);
        return 125;
      }
      return process.run(words);
    },
  ],
];
