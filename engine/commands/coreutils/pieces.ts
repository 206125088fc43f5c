import { utf8Length } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import { hashText } from '../../base/hash.ts';
import type { Process, Program } from '../../shell/program.ts';
import { failureText } from '../../shell/path.ts';
import { complain, complainUsage, readFile, readLines, tool } from './tool.ts';
import type { Options } from './tool.ts';

async function shuffle(process: Process, options: Options): Promise<number> {
  const range = options.get('i', 'input-range');
  let lines: string[];
  if (range !== undefined) {
    const match = /^([0-9]+)-([0-9]+)$/.exec(range);
    const [low, high] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || high < low || high - low > 100_000)
      return complain(process, `invalid input range: '${range}'`);
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

/** Tools that mix, compare and fill in. */
export const PIECE_TOOLS: readonly (readonly [string, Program])[] = [
  ['shuf', tool({ short: 'en:i:r', long: ['echo', 'head-count=', 'input-range='] }, shuffle)],
  ['envsubst', tool({ short: 'vhV', long: ['variables'] }, envsubst)],
  [
    'cmp',
    tool(
      { short: 'bislnn:', long: ['silent', 'quiet', 'verbose', 'print-bytes'], usageExit: 2 },
      compareBytes,
    ),
  ],
  [
    'groups',
    async (process) => {
      await process.out(`${process.machine.user}\n`);
      return 0;
    },
  ],
  [
    'stdbuf',
    async (process) => {
      const words = process.argv.slice(1).filter((word) => !/^-[ioe]/.test(word));
      if (words.length > 0) return process.run(words);
      return complainUsage(process, 'missing operand', 125);
    },
  ],
];
