import { utf8Length } from '../../base/bytes.ts';
import type { Process, Program } from '../../shell/program.ts';
import { failureText, statThrough } from '../../shell/path.ts';
import { descriptorsOf } from '../../shell/process.ts';
import {
  complain,
  complainUsage,
  inputs,
  isBusybox,
  LineReader,
  nameOf,
  pathOf,
  readFile,
  readLines,
  splitLines,
  tool,
} from './tool.ts';
import { isInteractive, pageThrough } from './pager.ts';
import type { Options } from './tool.ts';

async function cat(process: Process, options: Options): Promise<number> {
  let exit = 0;
  const numbers = options.has('n', 'number') || options.has('b', 'number-nonblank');
  const isPlain = !numbers && !options.has('A', 'E', 'T', 's', 'v', 'e', 't', 'show-all');
  let number = 0;
  let wasBlank = false;
  const fail = async (operand: string, reason: string): Promise<void> => {
    exit = 1;
    await process.err(
      isBusybox(process) ? `cat: can't open '${operand}': ${reason}\n` : `cat: ${operand}: ${reason}\n`,
    );
  };
  for await (const { stream } of inputs(process, options.operands, fail)) {
    if (isPlain) {
      for (
        let text = await stream.read(process.sys);
        text !== undefined;
        text = await stream.read(process.sys)
      )
        await process.out(text);
      continue;
    }
    const reader = new LineReader(process, stream);
    for (let line = await reader.next(); line !== undefined; line = await reader.next()) {
      if (options.has('s') && line === '' && wasBlank) continue;
      wasBlank = line === '';
      let shown = line;
      if (options.has('T', 'A', 't', 'show-all')) shown = shown.replaceAll('\t', '^I');
      if (options.has('v', 'A', 'e', 't', 'show-all'))
        shown = shown.replace(
          /[\x00-\x08\x0b-\x1f\x7f]/g,
          (char) => `^${String.fromCharCode(char.charCodeAt(0) ^ 64)}`,
        );
      if (options.has('E', 'A', 'e', 'show-all') && reader.isWhole) shown += '$';
      if (numbers && !(options.has('b', 'number-nonblank') && line === ''))
        shown = `${String(++number).padStart(6)}\t${shown}`;
      await process.out(reader.isWhole ? `${shown}\n` : shown);
    }
  }
  return exit;
}

/** `head` and `tail` complain alike about files. */
function cannotOpen(
  process: Process,
  onFail: () => void,
): (operand: string, reason: string) => Promise<void> {
  return async (operand, reason) => {
    onFail();
    if (isBusybox(process)) {
      const shown = nameOf(process) === 'tail' ? `can't open '${operand}'` : operand;
      await process.err(`${nameOf(process)}: ${shown}: ${reason}\n`);
      return;
    }
    const isFolder = reason === failureText('EISDIR');
    await process.err(
      isFolder
        ? `${nameOf(process)}: error reading '${operand}': ${reason}\n`
        : `${nameOf(process)}: cannot open '${operand}' for reading: ${reason}\n`,
    );
  };
}

function countOf(text: string | undefined): number | undefined {
  const match = /^([-+]?)(\d+)([bkKmM]?)$/.exec(text ?? '10');
  if (match === null) return undefined;
  const unit = { b: 512, k: 1024, K: 1024, m: 1048576, M: 1048576 }[match[3] ?? ''] ?? 1;
  return Number(match[2]) * unit;
}

async function head(process: Process, options: Options): Promise<number> {
  const given = options.get('n', 'lines') ?? options.get('c', 'bytes');
  const isBytes = options.has('c', 'bytes');
  const count = countOf(given);
  if (count === undefined)
    return complain(process, `invalid number of ${isBytes ? 'bytes' : 'lines'}: '${given ?? ''}'`);
  const isFromEnd = given?.startsWith('-') === true;
  let exit = 0;
  let index = 0;
  const titled = (options.operands.length > 1 && !options.has('q')) || options.has('v');
  for await (const { name, stream } of inputs(
    process,
    options.operands,
    cannotOpen(process, () => (exit = 1)),
  )) {
    if (titled)
      await process.out(`${index++ > 0 ? '\n' : ''}==> ${name === '-' ? 'standard input' : name} <==\n`);
    if (isBytes) {
      const text = await stream.readAll(process.sys);
      await process.out(isFromEnd ? text.slice(0, Math.max(0, text.length - count)) : text.slice(0, count));
      continue;
    }
    if (isFromEnd) {
      const lines = splitLines(await stream.readAll(process.sys));
      await process.out(
        lines
          .slice(0, Math.max(0, lines.length - count))
          .map((line) => `${line}\n`)
          .join(''),
      );
      continue;
    }
    const reader = new LineReader(process, stream);
    for (let left = count; left > 0; left--) {
      const line = await reader.next();
      if (line === undefined) break;
      await process.out(reader.isWhole ? `${line}\n` : line);
    }
  }
  return exit;
}

async function tail(process: Process, options: Options): Promise<number> {
  const given = options.get('n', 'lines') ?? options.get('c', 'bytes');
  const count = countOf(given);
  const follows = options.has('f', 'F', 'follow');
  if (count === undefined)
    return complain(
      process,
      `invalid number of ${options.has('c', 'bytes') ? 'bytes' : 'lines'}: '${given ?? ''}'`,
    );
  if (options.operands.length > 1 && options.all.some(([name]) => name === '#'))
    return complain(process, `option used in invalid context -- ${given ?? ''}`);
  const lines = countOf(options.get('#') ?? given) ?? count;
  let exit = 0;
  let opened = 0;
  const titled = (options.operands.length > 1 && !options.has('q')) || options.has('v');
  for await (const { name, stream } of inputs(
    process,
    options.operands,
    cannotOpen(process, () => (exit = 1)),
  )) {
    if (titled)
      await process.out(`${opened > 0 ? '\n' : ''}==> ${name === '-' ? 'standard input' : name} <==\n`);
    opened++;
    const text = await stream.readAll(process.sys);
    await process.out(
      options.has('c', 'bytes') ? lastPart([...text], given, lines).join('') : joinLast(text, given, lines),
    );
  }
  if (opened === 0 && isBusybox(process)) return complain(process, 'no files');
  if (!follows) return exit;
  if (opened === 0) {
    await process.err('tail: no files remaining\n');
    return 1;
  }
  await follow(
    process,
    options.operands.filter((operand) => operand !== '-'),
  );
  return exit;
}

function lastPart<T>(items: readonly T[], given: string | undefined, count: number): readonly T[] {
  if (given?.startsWith('+') === true) return items.slice(Math.max(0, count - 1));
  return count === 0 ? [] : items.slice(-count);
}

function joinLast(text: string, given: string | undefined, count: number): string {
  const kept = lastPart(splitLines(text), given, count).join('\n');
  return kept === '' && count === 0
    ? ''
    : text.endsWith('\n')
      ? lastPart(splitLines(text), given, count).length > 0
        ? `${kept}\n`
        : ''
      : kept;
}

/** Prints what is added to files until a signal comes. */
async function follow(process: Process, operands: readonly string[]): Promise<void> {
  const { files } = process.machine;
  const length = (operand: string): number => {
    const found = files.read(pathOf(process, operand));
    return 'content' in found ? found.content.length : 0;
  };
  const seen = new Map(operands.map((operand) => [operand, length(operand)]));
  for (;;) {
    const { revision } = files;
    await process.sys.until(() => files.revision !== revision);
    for (const operand of operands) {
      const found = files.read(pathOf(process, operand));
      const from = seen.get(operand) ?? 0;
      if (!('content' in found) || found.content.length === from) continue;
      await process.out(found.content.slice(found.content.length < from ? 0 : from));
      seen.set(operand, found.content.length);
    }
  }
}

async function wc(process: Process, options: Options): Promise<number> {
  const wanted = ['l', 'w', 'm', 'c', 'L'].filter((letter) =>
    options.has(
      letter,
      { l: 'lines', w: 'words', m: 'chars', c: 'bytes', L: 'max-line-length' }[letter] ?? '',
    ),
  );
  const columns = wanted.length > 0 ? wanted : ['l', 'w', 'c'];
  const rows: { counts: number[]; name: string }[] = [];
  let exit = 0;
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) exit = await complain(process, `${operand}: ${failureText(found.failure)}`);
    // A folder can be opened: its zeros are counted.
    if ('failure' in found && (found.failure !== 'EISDIR' || isBusybox(process))) continue;
    const text = 'text' in found ? found.text : '';
    const values: Record<string, number> = {
      l: text.split('\n').length - 1,
      w: (text.match(/\S+/g) ?? []).length,
      m: [...text].length,
      c: utf8Length(text),
      L: text.split('\n').reduce((most, line) => Math.max(most, [...line].length), 0),
    };
    rows.push({
      counts: columns.map((column) => values[column] ?? 0),
      name: options.operands.length === 0 ? '' : operand,
    });
  }
  if (options.operands.length > 1)
    rows.push({
      counts: columns.map((_, index) => rows.reduce((sum, row) => sum + (row.counts[index] ?? 0), 0)),
      name: 'total',
    });
  const isSingle = columns.length === 1 && options.operands.length <= 1;
  const isWide = isBusybox(process) && !isSingle;
  const widest = Math.max(...rows.map((row) => Math.max(...row.counts)), 0);
  const largest = String(widest).length;
  // Of a file behind `<` and the like the size is known, of a pipe not; a folder's size says nothing.
  const usesStdin =
    ((options.operands.length === 0 || options.operands.includes('-')) &&
      descriptorsOf(process).get(0)?.isFile !== true) ||
    options.operands.some(
      (one) => statThrough(process.machine.files, pathOf(process, one))?.kind === 'folder',
    );
  const width = isWide ? 9 : isSingle ? 1 : usesStdin ? 7 : Math.max(2, largest);
  const shown = columns.length === 1 ? width : Math.max(width, largest);
  for (const row of rows)
    await process.out(
      `${row.counts.map((count) => String(count).padStart(shown)).join(' ')}${row.name === '' ? '' : ` ${row.name}`}\n`,
    );
  return exit;
}

async function tee(process: Process, options: Options): Promise<number> {
  const { files } = process.machine;
  let exit = 0;
  const open: string[] = [];
  for (const operand of options.operands) {
    const path = pathOf(process, operand);
    const failed = files.write(path, '', process.sys.nowMs(), { append: options.has('a', 'append') });
    if (failed === undefined) open.push(path);
    else exit = await complain(process, `${operand}: ${failureText(failed)}`);
  }
  for (
    let text = await process.stdin.read(process.sys);
    text !== undefined;
    text = await process.stdin.read(process.sys)
  ) {
    for (const path of open) files.write(path, text, process.sys.nowMs(), { append: true });
    await process.out(text);
  }
  return exit;
}

async function number(process: Process, options: Options): Promise<number> {
  const { lines, failures } = await readLines(process, options.operands);
  const style = options.get('b', 'body-numbering') ?? 't';
  const width = Number(options.get('w', 'number-width') ?? 6);
  const gap = options.get('s', 'number-separator') ?? '\t';
  const kind = options.get('n', 'number-format') ?? 'rn';
  if (!/^([atn]$|p)/.test(style)) return complainUsage(process, `invalid body numbering style: '${style}'`);
  if (!/^(ln|rn|rz)$/.test(kind)) return complainUsage(process, `invalid line numbering format: '${kind}'`);
  const step = Number(options.get('i', 'line-increment') ?? 1);
  let next = Number(options.get('v', 'starting-line-number') ?? 1);
  for (const line of lines) {
    const counts =
      style === 'a' ||
      (style === 't' && line !== '') ||
      (style.startsWith('p') && line.includes(style.slice(1)));
    const text = String(next);
    const shown = kind === 'ln' ? text.padEnd(width) : text.padStart(width, kind === 'rz' ? '0' : ' ');
    await process.out(counts ? `${shown}${gap}${line}\n` : `${' '.repeat(width + gap.length)}${line}\n`);
    if (counts) next += step;
  }
  return failures > 0 ? 1 : 0;
}

async function reverseLines(process: Process, options: Options): Promise<number> {
  const { lines, failures } = await readLines(process, options.operands, (operand, reason, isFolder) =>
    isFolder ? `${operand}: read error: ${reason}` : `failed to open '${operand}' for reading: ${reason}`,
  );
  await process.out(
    lines
      .reverse()
      .map((line) => `${line}\n`)
      .join(''),
  );
  return failures > 0 ? 1 : 0;
}

async function reverseText(process: Process, options: Options): Promise<number> {
  const { lines, failures } = await readLines(
    process,
    options.operands,
    (operand, reason) => `cannot open ${operand}: ${reason}`,
  );
  await process.out(lines.map((line) => `${[...line].reverse().join('')}\n`).join(''));
  return failures > 0 ? 1 : 0;
}

/** `less` and `more`: on a terminal they show the text page by page (space, Enter, b, g, G, /text, q), else they print it. */
async function page(process: Process, given: Options): Promise<number> {
  const operands = given.operands.filter((operand) => !/^\+([FG]|\/.*|[0-9]+)$/.test(operand));
  const options = { ...given, operands };
  if (operands.length === 0 && process.tty('stdin') !== undefined) {
    await process.err(
      nameOf(process) === 'less'
        ? 'Missing filename ("less --help" for help)\n'
        : `more: bad usage\n${"Try 'more --help' for more information.\n"}`,
    );
    return 1;
  }
  const { lines, failures } = await readLines(process, operands, async (operand, reason, isFolder) => {
    const isMore = nameOf(process) === 'more';
    // Without a terminal less writes this to stdout, as recorded.
    await (isMore
      ? process.err(`more: cannot open ${operand}: ${reason}\n`)
      : process.out(isFolder ? `${operand} is a directory\n` : `${operand}: ${reason}\n`));
  });
  if (isInteractive(process) && lines.length > 0) return pageInteractively(process, options, lines);
  await process.out(lines.map((line) => `${line}\n`).join(''));
  return failures > 0 ? 1 : 0;
}

async function pageInteractively(
  process: Process,
  options: Options,
  lines: readonly string[],
): Promise<number> {
  const files = options.operands.filter((operand) => operand !== '-' && !operand.startsWith('+'));
  const reading =
    (operand: string): (() => readonly string[]) =>
    () => {
      const found = process.machine.files.read(pathOf(process, operand));
      return 'content' in found ? splitLines(found.content) : [];
    };
  const texts =
    files.length > 0 && files.length === options.operands.length
      ? files.map((name) => ({ name, lines: reading(name)(), reread: reading(name) }))
      : [{ name: '', lines }];
  const plus = process.argv.slice(1).find((word) => word.startsWith('+')) ?? '';
  return pageThrough(process, texts, {
    hasNumbers: options.has('N', 'LINE-NUMBERS'),
    isChopped: options.has('S', 'chop-long-lines'),
    keepsColours: options.has('R', 'r', 'RAW-CONTROL-CHARS'),
    ignoresCase: options.has('i', 'I'),
    leavesWhenItFits: options.has('F', 'quit-if-one-screen') || nameOf(process) === 'more',
    keepsScreen: options.has('X', 'no-init'),
    startsAtEnd: plus === '+G',
    follows: plus === '+F',
    search: plus.startsWith('+/') ? plus.slice(2) : undefined,
    isMore: nameOf(process) === 'more',
  });
}

/** Tools that show texts. */
export const SHOW_TOOLS: readonly (readonly [string, Program])[] = [
  ['cat', tool({ short: 'nbsAETvetu', long: ['number', 'number-nonblank', 'show-all'] }, cat)],
  ['head', tool({ short: 'n:c:qv', long: ['lines=', 'bytes='], number: 'n' }, head)],
  [
    'tail',
    (process) => {
      const operands = process.argv.slice(1).filter((word) => !word.startsWith('-'));
      const old = process.argv.slice(1).find((word) => /^-\d+$/.test(word));
      if (old !== undefined && operands.length > 1)
        return complain(process, `option used in invalid context -- ${old.slice(1)}`);
      return tool(
        { short: 'n:c:fFqvs:', long: ['lines=', 'bytes=', 'follow?', 'retry', 'pid='], number: 'n' },
        tail,
      )(process);
    },
  ],
  ['wc', tool({ short: 'lwmcL', long: ['lines', 'words', 'chars', 'bytes', 'max-line-length'] }, wc)],
  ['tee', tool({ short: 'aip', long: ['append'] }, tee)],
  [
    'nl',
    tool(
      {
        short: 'b:w:s:n:v:i:h:f:d:l:p',
        long: [
          'body-numbering=',
          'number-width=',
          'number-separator=',
          'number-format=',
          'line-increment=',
          'starting-line-number=',
        ],
      },
      number,
    ),
  ],
  ['tac', tool({ short: '' }, reverseLines)],
  ['rev', tool({ short: '' }, reverseText)],
  [
    'less',
    async (process) => {
      const bad = process.argv
        .slice(1)
        .find(
          (word) =>
            /^--[a-z]/.test(word) &&
            !/^--(help|version|quit-if-one-screen|RAW-CONTROL-CHARS|LINE-NUMBERS|chop-long-lines|no-init)$/.test(
              word,
            ),
        );
      if (bad !== undefined) {
        await process.err(`There is no ${bad.slice(2)} option ("less --help" for help)\n`);
        return 0;
      }
      return tool(
        {
          short: 'FRrSXNiInqeEwKMsfgJmx:p:',
          long: ['quit-if-one-screen', 'RAW-CONTROL-CHARS', 'LINE-NUMBERS', 'chop-long-lines', 'no-init'],
        },
        async (own, options) => {
          await page(own, options);
          return 0;
        },
      )(process);
    },
  ],
  ['more', tool({ short: 'dfpcsu' }, page)],
];
