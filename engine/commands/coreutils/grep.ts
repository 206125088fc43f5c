import { utf8Length } from '../../base/bytes.ts';
import type { Process, Program } from '../../shell/program.ts';
import { compilePerl, compileRegex, quoteRegex, RegexFailure } from '../../shell/posix-regex.ts';
import type { PosixRegex } from '../../shell/posix-regex.ts';
import { failureText, joinPath, statThrough } from '../../shell/path.ts';
import { compilePattern, matchesPattern } from '../../shell/pattern.ts';
import {
  complain,
  isBusybox,
  LineReader,
  nameOf,
  pathOf,
  readFile,
  readOptions,
  splitLines,
} from './tool.ts';
import type { Options } from './tool.ts';
import { textStream } from '../../shell/process.ts';

const USAGE = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n";
const TABLE = {
  short: 'EFGPivcnolLrRqwxshHaIe:f:A:B:C:m:bzTZUyd:D:V',
  long: [
    'extended-regexp',
    'fixed-strings',
    'basic-regexp',
    'perl-regexp',
    'label=',
    'byte-offset',
    'initial-tab',
    'ignore-case',
    'invert-match',
    'count',
    'line-number',
    'only-matching',
    'files-with-matches',
    'files-without-match',
    'recursive',
    'quiet',
    'silent',
    'word-regexp',
    'line-regexp',
    'no-messages',
    'no-filename',
    'with-filename',
    'regexp=',
    'file=',
    'after-context=',
    'before-context=',
    'context=',
    'max-count=',
    'color?',
    'colour?',
    'include=',
    'exclude=',
    'exclude-dir=',
    'line-buffered',
    'text',
    'no-group-separator',
    'group-separator=',
    'directories=',
    'devices=',
    'binary-files=',
    'null',
    'null-data',
    'binary',
    'dereference-recursive',
    'no-ignore-case',
  ],
  number: 'C',
};

type Search = {
  readonly find: (line: string, from: number) => { start: number; end: number } | undefined;
  readonly before: number;
  readonly after: number;
  readonly options: Options;
  readonly isColored: boolean;
  readonly showsName: boolean;
  /** What looking at one line costs, in steps: many patterns cost much. */
  readonly cost: number;
};

/** grep, egrep and fgrep. Exit 0: found, 1: not found, 2: trouble. */
export const grep: Program = async (process) => {
  const options = readOptions(process.argv.slice(1), TABLE);
  const name = nameOf(process) === 'busybox' ? 'grep' : 'grep';
  if ('message' in options) {
    await process.err(`${name}: ${options.message}\n${USAGE}`);
    return 2;
  }
  const wrong = await mistaken(process, options);
  if (wrong !== undefined) return wrong;
  const patterns: string[] = options.all
    .filter(([option]) => option === 'e' || option === 'regexp')
    .flatMap(([, value]) => value.split('\n'));
  const operands = [...options.operands];
  for (const [option, value] of options.all) {
    if (option !== 'f' && option !== 'file') continue;
    const found = await readFile(process, value);
    if ('failure' in found) return complain(process, `${value}: ${failureText(found.failure)}`, 2);
    patterns.push(...splitLines(found.text));
  }
  if (!options.has('e', 'regexp', 'f', 'file')) {
    const first = operands.shift();
    if (first === undefined) {
      await process.err(USAGE);
      return 2;
    }
    patterns.push(...first.split('\n'));
  }
  const search = await prepare(process, options, patterns, operands);
  return typeof search === 'number' ? search : searchAll(process, search, operands);
};

/** Complains of options that do not go together or have values that are none; also says the version. */
async function mistaken(process: Process, options: Options): Promise<number | undefined> {
  if (options.has('V', 'version')) {
    await process.out('grep (GNU grep) 3.8\n');
    return 0;
  }
  const kinds = [
    ['E', 'extended-regexp'],
    ['F', 'fixed-strings'],
    ['G', 'basic-regexp'],
    ['P', 'perl-regexp'],
  ];
  if (kinds.filter((names) => options.has(...names)).length > 1)
    return complain(process, 'conflicting matchers specified', 2);
  if (!/^-?\d+$/.test(options.get('m', 'max-count') ?? '0')) return complain(process, 'invalid max count', 2);
  return undefined;
}

/** What GNU grep says of repetition signs with nothing before them. */
async function warnOfStart(process: Process, pattern: string): Promise<void> {
  const plain = pattern.replace(/\\.|\[\^?\]?[^\]]*\]/g, 'x');
  for (const match of plain.matchAll(/(?:^\^?|[(|])([*?+]|\{\d+,?\d*\})/g))
    await process.err(
      `grep: warning: ${match[1]?.startsWith('{') ? '{...}' : match[1]} at start of expression\n`,
    );
}

async function prepare(
  process: Process,
  options: Options,
  patterns: readonly string[],
  operands: readonly string[],
): Promise<Search | number> {
  const called = nameOf(process);
  const kind =
    options.has('F', 'fixed-strings') || called === 'fgrep'
      ? 'fixed'
      : options.has('E', 'P', 'extended-regexp', 'perl-regexp') || called === 'egrep'
        ? 'extended'
        : 'basic';
  const contexts = {
    before: options.get('B', 'before-context') ?? options.get('C', 'context') ?? '0',
    after: options.get('A', 'after-context') ?? options.get('C', 'context') ?? '0',
  };
  const bad = [contexts.before, contexts.after].find((text) => !/^\d+$/.test(text));
  if (bad !== undefined) return complain(process, `${bad}: invalid context length argument`, 2);
  const regexes: PosixRegex[] = [];
  try {
    for (const [at, pattern] of patterns.entries()) {
      if (at % 64 === 63) await process.sys.burn(64);
      const isPerl = options.has('P', 'perl-regexp');
      if (isPerl && patterns.length > 1)
        return complain(process, 'the -P option only supports a single pattern', 2);
      if (kind === 'extended' && !isPerl) await warnOfStart(process, pattern);
      if (options.has('P', 'perl-regexp')) {
        const whole = options.has('x', 'line-regexp') ? `^(?:${pattern})$` : pattern;
        regexes.push(compilePerl(whole, { ignoreCase: options.has('i', 'y', 'ignore-case') }));
        continue;
      }
      let source = kind === 'fixed' ? quoteRegex(pattern) : pattern;
      if (options.has('x', 'line-regexp')) source = kind === 'basic' ? `^\\(${source}\\)$` : `^(${source})$`;
      regexes.push(
        compileRegex(source, kind === 'basic' ? 'basic' : 'extended', {
          ignoreCase: options.has('i', 'y', 'ignore-case'),
        }),
      );
    }
  } catch (error) {
    if (error instanceof RegexFailure)
      return complain(process, isBusybox(process) ? `bad regex '${patterns[0] ?? ''}'` : error.message, 2);
    throw error;
  }
  const recursive = options.has('r', 'R', 'recursive');
  const color = options.get('color', 'colour');
  return {
    cost: regexes.length >> 1,
    find: finder(regexes, options.has('w', 'word-regexp')),
    before: Number(contexts.before),
    after: Number(contexts.after),
    options,
    isColored:
      color === 'always' || ((color === 'auto' || color === '') && process.tty('stdout') !== undefined),
    showsName:
      options.has('H', 'with-filename') ||
      (!options.has('h', 'no-filename') &&
        (operands.length > 1 ||
          (recursive && operands.length !== 1) ||
          (recursive &&
            statThrough(process.machine.files, pathOf(process, operands[0] ?? '.'))?.kind === 'folder'))),
  };
}

function finder(regexes: readonly PosixRegex[], wholeWords: boolean): Search['find'] {
  const isWord = (char: string | undefined): boolean => char !== undefined && /[A-Za-z0-9_]/.test(char);
  return (line, from) => {
    let best: { start: number; end: number } | undefined;
    for (const regex of regexes) {
      let match = regex.find(line, from);
      while (
        wholeWords &&
        match !== undefined &&
        (isWord(line[match.start - 1]) || isWord(line[match.end]))
      ) {
        match = match.start + 1 > line.length ? undefined : regex.find(line, match.start + 1);
      }
      if (match === undefined) continue;
      if (
        best === undefined ||
        match.start < best.start ||
        (match.start === best.start && match.end > best.end)
      )
        best = match;
    }
    return best;
  };
}

async function searchAll(process: Process, search: Search, operands: readonly string[]): Promise<number> {
  const { options } = search;
  const recursive = options.has('r', 'R', 'recursive');
  const quietErrors = options.has('s', 'no-messages');
  let found = false;
  let failed = false;
  for (const operand of operands.length > 0 ? operands : [recursive ? '.' : '-']) {
    for (const file of recursive && operand !== '-'
      ? walk(process, operand, options, operands.length === 0)
      : [operand]) {
      const content = file === '-' ? undefined : process.machine.files.read(pathOf(process, file));
      if (content !== undefined && 'error' in content) {
        const skips = /^(skip|recurse)$/.test(options.get('d', 'directories') ?? '');
        if ((skips || isBusybox(process)) && content.error === 'EISDIR') continue;
        if (!quietErrors) await process.err(`grep: ${file}: ${failureText(content.error)}\n`);
        failed = true;
        continue;
      }
      const stream = content === undefined ? process.stdin : textStream(content.content);
      const hit = await searchFile(
        process,
        search,
        new LineReader(process, stream),
        file === '-' ? '(standard input)' : file,
      );
      found ||= hit;
      if (hit && options.has('q', 'quiet', 'silent')) return 0;
    }
  }
  return failed ? 2 : found ? 0 : 1;
}

function* walk(process: Process, operand: string, options: Options, isBare: boolean): Generator<string> {
  const entry = statThrough(process.machine.files, pathOf(process, operand));
  if (entry?.kind !== 'folder') {
    yield operand;
    return;
  }
  const names = process.machine.files.list(pathOf(process, operand));
  if ('error' in names) return;
  const matches = (option: string, name: string): boolean | undefined => {
    const globs = options.all.filter(([one]) => one === option).map(([, value]) => value);
    return globs.length === 0 ? undefined : globs.some((glob) => matchesPattern(compilePattern(glob), name));
  };
  for (const name of names) {
    const path = isBare && operand === '.' ? name : joinPath(operand, name);
    if (statThrough(process.machine.files, pathOf(process, path))?.kind === 'folder') {
      if (matches('exclude-dir', name) !== true) yield* walk(process, path, options, false);
    } else if (matches('include', name) !== false && matches('exclude', name) !== true) yield path;
  }
}

async function searchFile(
  process: Process,
  search: Search,
  reader: LineReader,
  name: string,
): Promise<boolean> {
  const { options } = search;
  const inverted = options.has('v', 'invert-match');
  const limit = Number(options.get('m', 'max-count') ?? Number.POSITIVE_INFINITY);
  const isQuiet = options.has(
    'q',
    'c',
    'l',
    'L',
    'quiet',
    'silent',
    'count',
    'files-with-matches',
    'files-without-match',
  );
  let count = 0;
  let number = 0;
  let afterLeft = 0;
  let lastShown = 0;
  const before: [number, string][] = [];
  const hasOffsets = options.has('b', 'byte-offset');
  const starts = new Map<number, number>();
  let offset = 0;
  const show = async (line: string, at: number, mark: ':' | '-'): Promise<void> => {
    const gap = options.get('group-separator') ?? '--';
    if (
      (search.before > 0 || search.after > 0) &&
      lastShown > 0 &&
      at > lastShown + 1 &&
      !options.has('no-group-separator')
    )
      await process.out(search.isColored ? `\x1b[36m\x1b[K${gap}\x1b[m\x1b[K\n` : `${gap}\n`);
    lastShown = at;
    await process.out(
      `${label(search, name, at, mark, starts.get(at))}${mark === ':' && !inverted ? paint(search, line) : line}\n`,
    );
  };
  const asText = options.has('a', 'text', 'z', 'null-data') || options.get('binary-files') === 'text';
  for (let line = await reader.next(); line !== undefined; line = await reader.next()) {
    // After the last hit only its context is read.
    if (count >= limit && (afterLeft === 0 || isQuiet)) break;
    number++;
    if (search.cost > 4) await process.sys.burn(search.cost);
    if (hasOffsets) {
      starts.set(number, offset);
      offset += utf8Length(line) + 1;
    }
    const isHit = count < limit && (search.find(line, 0) !== undefined) !== inverted;
    if (isHit) {
      count++;
      if (!asText && !isQuiet && line.includes('\0')) {
        await process.err(`grep: ${name}: binary file matches\n`);
        break;
      }
      if (options.has('q', 'l', 'quiet', 'silent', 'files-with-matches')) break;
      if (isQuiet) continue;
      if (options.has('o', 'only-matching')) {
        if (!inverted) await showParts(process, search, name, number, line, starts.get(number));
        continue;
      }
      for (const [at, text] of before.splice(0)) await show(text, at, '-');
      await show(line, number, ':');
      afterLeft = search.after;
    } else if (afterLeft > 0 && !isQuiet) {
      afterLeft--;
      await show(line, number, '-');
    } else if (search.before > 0) {
      before.push([number, line]);
      if (before.length > search.before) before.shift();
    }
  }
  if (options.has('q', 'quiet', 'silent')) return count > 0;
  if (options.has('l', 'files-with-matches') && count > 0) await process.out(`${name}\n`);
  else if (options.has('L', 'files-without-match') && count === 0) await process.out(`${name}\n`);
  else if (options.has('c', 'count') && !options.has('q', 'l', 'L'))
    await process.out(
      `${search.showsName ? label({ ...search, options: { ...options, has: () => false } }, name, 0, ':') : ''}${count}\n`,
    );
  return count > 0;
}

function label(search: Search, given: string, number: number, mark: string, offset?: number): string {
  const name = given === '(standard input)' ? (search.options.get('label') ?? given) : given;
  const separator = search.isColored ? `\x1b[36m\x1b[K${mark}\x1b[m\x1b[K` : mark;
  const file = search.showsName
    ? (search.isColored ? `\x1b[35m\x1b[K${name}\x1b[m\x1b[K` : name) + separator
    : '';
  const line = search.options.has('n', 'line-number')
    ? (search.isColored ? `\x1b[32m\x1b[K${number}\x1b[m\x1b[K` : String(number)) + separator
    : '';
  return `${file}${line}${offset === undefined ? '' : `${offset}${separator}`}`;
}

function paint(search: Search, line: string): string {
  if (!search.isColored) return line;
  let out = '';
  let at = 0;
  for (
    let match = search.find(line, 0);
    match !== undefined && match.end > match.start;
    match = search.find(line, at)
  ) {
    out += `${line.slice(at, match.start)}\x1b[01;31m\x1b[K${line.slice(match.start, match.end)}\x1b[m\x1b[K`;
    at = match.end;
  }
  return out + line.slice(at);
}

async function showParts(
  process: Process,
  search: Search,
  name: string,
  number: number,
  line: string,
  offset: number | undefined,
): Promise<void> {
  for (let at = 0; at <= line.length; ) {
    const match = search.find(line, at);
    if (match === undefined) return;
    if (match.end > match.start) {
      const text = line.slice(match.start, match.end);
      await process.out(
        `${label(search, name, number, ':', offset === undefined ? undefined : offset + utf8Length(line.slice(0, match.start)))}${search.isColored ? `\x1b[01;31m\x1b[K${text}\x1b[m\x1b[K` : text}\n`,
      );
    }
    at = match.end > match.start ? match.end : match.end + 1;
  }
}
