import { utf8 } from '../../base/bytes.ts';
import { failureText } from '../../shell/path.ts';
import type { Process } from '../../shell/program.ts';
import { complain, readFile, textOf } from './tool.ts';
import type { Options } from './tool.ts';

const two = (byte: number): string => byte.toString(16).padStart(2, '0');
const printable = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');

/** xxd: hex with offsets; `-p` plain, `-r` back to bytes, `-s` from, `-l` how many. */
export async function xxd(process: Process, options: Options): Promise<number> {
  const operand = options.operands[0] ?? '-';
  const found = await readFile(process, operand);
  if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`, 2);
  if (options.has('r')) return restore(process, found.text, options.has('p'));
  const bytes = part(found.text, options.get('s'), options.get('l'));
  const size = options.has('p') ? 30 : 16;
  for (let at = 0; at < bytes.length; at += size) {
    await process.sys.burn(1);
    const row = bytes.slice(at, at + size);
    const digits = row.map(two).join('');
    const offset = (Number(options.get('s') ?? 0) + at).toString(16).padStart(8, '0');
    const cells = digits.replace(/.{4}(?=.)/g, '$& ').padEnd(39);
    await process.out(options.has('p') ? `${digits}\n` : `${offset}: ${cells}  ${printable(row)}\n`);
  }
  return 0;
}

/** The bytes of a text from `skip` on, `limit` of them at most. */
function part(text: string, skip = '0', limit = 'Infinity'): number[] {
  return [...utf8(text)].slice(Number(skip), Number(skip) + Number(limit));
}

async function restore(process: Process, text: string, isPlain: boolean): Promise<number> {
  const lines = text.split('\n');
  const digits = lines
    .map((line) => (isPlain ? line : (/^[0-9a-fA-F]+:((?: ?[0-9a-fA-F]{2,})*)/.exec(line)?.[1] ?? '')))
    .join('')
    .replace(/[^0-9a-fA-F]/g, '');
  const bytes = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  await process.out(textOf(bytes));
  return 0;
}

const NAMED = ['\\0', '\\a', '\\b', '\\t', '\\n', '\\v', '\\f', '\\r'];

/** A byte as `od -c` shows it. */
function named(byte: number): string {
  const name = byte === 0 ? NAMED[0] : NAMED[byte - 6];
  return name ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'));
}

const RADIX: Readonly<Record<string, number>> = { o: 8, u: 10, d: 10, x: 16 };

/** od: octal words unless told otherwise; `-c`, `-x`, `-t TYPE`, `-A` radix of offsets, `-N` how many, `-j` from. */
export async function od(process: Process, options: Options): Promise<number> {
  const parts: string[] = [];
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`);
    parts.push(found.text);
  }
  const skip = options.get('j', 'skip-bytes');
  const bytes = part(parts.join(''), skip, options.get('N', 'read-bytes'));
  const short = [...'cxdb'].find((letter) => options.has(letter)) ?? '';
  const spec = options.get('t', 'format') ?? { c: 'c', x: 'x2', d: 'u2', b: 'o1' }[short] ?? 'o2';
  const [, kind = '', given = ''] = /^([cdoux])([1248]?)$/.exec(spec) ?? [];
  if (kind === '')
    return complain(process, `invalid character '${spec.slice(0, 1)}' in type string '${spec}'`);
  const size = kind === 'c' ? 1 : Number(given || 4);
  const base = RADIX[kind] ?? 8;
  const width = kind === 'c' ? 3 : (256 ** size - 1).toString(base).length + Number(kind === 'd');
  const cell = (some: readonly number[]): string => {
    if (kind === 'c') return named(some[0] ?? 0).padStart(3);
    const value = some.reduceRight((sum, byte) => sum * 256 + byte, 0);
    const isNegative = kind === 'd' && value >= 256 ** size / 2;
    const text = (isNegative ? value - 256 ** size : value).toString(base);
    return text.padStart(width, base === 10 ? ' ' : '0');
  };
  const radix = options.get('A', 'address-radix') ?? 'o';
  const offset = (at: number): string =>
    radix === 'n'
      ? ''
      : (Number(skip ?? 0) + at).toString(RADIX[radix] ?? 8).padStart(radix === 'x' ? 6 : 7, '0');
  let before = '';
  let isRepeating = false;
  for (let at = 0; at < bytes.length; at += 16) {
    await process.sys.burn(1);
    const row = bytes.slice(at, at + 16);
    const wasRepeating = isRepeating;
    isRepeating = row.join() === before && row.length === 16 && !options.has('v');
    before = row.join();
    if (isRepeating && !wasRepeating) await process.out('*\n');
    if (isRepeating) continue;
    let cells = '';
    for (let place = 0; place < row.length; place += size)
      cells += ` ${cell(row.slice(place, place + size))}`;
    await process.out(`${offset(at)}${cells}\n`);
  }
  if (radix !== 'n') await process.out(`${offset(bytes.length)}\n`);
  return 0;
}
