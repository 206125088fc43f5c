import { utf8 } from '../../base/bytes.ts';
import { failureText } from '../../shell/path.ts';
import type { Process } from '../../shell/program.ts';
import { complain, readFile, textOf } from './tool.ts';
import type { Options } from './tool.ts';

const two = (byte: number): string => byte.toString(16).padStart(2, '0');
const printable = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');

/** xxd: hex with offsets; `-p` plain, `-r` back to bytes, `-b` bits, `-i` as C, `-s` from, `-l` how many, `-c` a row, `-g` a group. */
export async function xxd(process: Process, options: Options): Promise<number> {
  const operand = options.operands[0] ?? '-';
  const found = await readFile(process, operand);
  if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`, 2);
  if (options.has('r')) return restore(process, found.text, options.has('p'));
  const start = Number(options.get('s') ?? 0);
  const limit = options.get('l');
  const bytes = [...utf8(found.text)].slice(start, limit === undefined ? undefined : start + Number(limit));
  const isBits = options.has('b');
  const show = (byte: number): string => {
    const text = isBits ? byte.toString(2).padStart(8, '0') : two(byte);
    return options.has('u') ? text.toUpperCase() : text;
  };
  if (options.has('i')) {
    const rows: string[] = [];
    for (let at = 0; at < bytes.length; at += 12)
      rows.push(
        `  ${bytes
          .slice(at, at + 12)
          .map((byte) => `0x${show(byte)}`)
          .join(', ')}`,
      );
    await process.out(`${rows.join(',\n')}\n`);
    return 0;
  }
  const size = Math.min(
    256,
    Math.max(1, Number(options.get('c') ?? (options.has('p') ? 30 : isBits ? 6 : 16))),
  );
  const group = Math.max(1, Number(options.get('g') ?? (isBits ? 1 : 2)));
  for (let at = 0; at < bytes.length; at += size) {
    await process.sys.burn(1);
    const row = bytes.slice(at, at + size);
    if (options.has('p')) {
      await process.out(`${row.map(show).join('')}\n`);
      continue;
    }
    const cells: string[] = [];
    for (let place = 0; place < size; place += group)
      cells.push(
        row
          .slice(place, place + group)
          .map(show)
          .join(''),
      );
    const width = size * (isBits ? 8 : 2) + Math.ceil(size / group) - 1;
    await process.out(
      `${(start + at).toString(16).padStart(8, '0')}: ${cells.join(' ').padEnd(width)}  ${printable(row)}\n`,
    );
  }
  return 0;
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

/** How one of od's types prints: bytes taken, and the cell. */
type OdType = {
  readonly size: number;
  readonly width: number;
  readonly cell: (value: number, bytes: readonly number[]) => string;
  readonly hasText: boolean;
};

const NAMED: Readonly<Record<number, string>> = {
  0: '\\0',
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

function odType(spec: string): OdType | undefined {
  const match = /^([acdoux])([1248CSIL]?)(z?)$/.exec(spec);
  if (match === null) return undefined;
  const [, kind = 'o', given = '', text = ''] = match;
  const size =
    kind === 'c' || kind === 'a'
      ? 1
      : ({ C: 1, S: 2, I: 4, L: 8 }[given] ?? Number(given === '' ? 4 : given));
  const digits =
    {
      o: Math.ceil((size * 8) / 3),
      x: size * 2,
      u: String(256 ** size - 1).length,
      d: String(256 ** size - 1).length + 1,
    }[kind] ?? 3;
  const cell = (value: number, bytes: readonly number[]): string => {
    if (kind === 'c' || kind === 'a') {
      const byte = bytes[0] ?? 0;
      return (
        NAMED[byte] ??
        (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))
      );
    }
    if (kind === 'x') return value.toString(16).padStart(digits, '0');
    if (kind === 'o') return value.toString(8).padStart(digits, '0');
    const signed = kind === 'd' && value >= 256 ** size / 2 ? value - 256 ** size : value;
    return String(signed);
  };
  return { size, width: kind === 'c' || kind === 'a' ? 3 : digits, cell, hasText: text === 'z' };
}

/** od: octal words unless told otherwise; `-c`, `-x`, `-t TYPE`, `-A` radix of offsets, `-N` how many, `-j` from. */
export async function od(process: Process, options: Options): Promise<number> {
  const parts: string[] = [];
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) return complain(process, `${operand}: ${failureText(found.failure)}`);
    parts.push(found.text);
  }
  const skip = Number(options.get('j', 'skip-bytes') ?? 0);
  const limit = options.get('N', 'read-bytes');
  const bytes = [...utf8(parts.join(''))].slice(skip, limit === undefined ? undefined : skip + Number(limit));
  const short = options.has('c')
    ? 'c'
    : options.has('x')
      ? 'x2'
      : options.has('d')
        ? 'u2'
        : options.has('b')
          ? 'o1'
          : 'o2';
  const spec = options.get('t', 'format') ?? short;
  const type = odType(spec);
  if (type === undefined)
    return complain(process, `invalid character '${spec.slice(0, 1)}' in type string '${spec}'`);
  const radix = options.get('A', 'address-radix') ?? 'o';
  const offset = (at: number): string =>
    radix === 'n'
      ? ''
      : at.toString(radix === 'd' ? 10 : radix === 'x' ? 16 : 8).padStart(radix === 'x' ? 6 : 7, '0');
  let before = '';
  let isRepeating = false;
  for (let at = 0; at < bytes.length; at += 16) {
    await process.sys.burn(1);
    const row = bytes.slice(at, at + 16);
    const key = row.join();
    if (key === before && row.length === 16 && !options.has('v')) {
      if (!isRepeating) await process.out('*\n');
      isRepeating = true;
      continue;
    }
    before = key;
    isRepeating = false;
    let cells = '';
    for (let place = 0; place < row.length; place += type.size) {
      const some = row.slice(place, place + type.size);
      const value = some.reduceRight((sum, byte) => sum * 256 + byte, 0);
      cells += ` ${type.cell(value, some).padStart(type.width)}`;
    }
    const full = Math.ceil(16 / type.size) * (type.width + 1);
    await process.out(
      `${offset(skip + at)}${type.hasText ? `${cells.padEnd(full)}  >${printable(row)}<` : cells}\n`,
    );
  }
  if (radix !== 'n') await process.out(`${offset(skip + bytes.length)}\n`);
  return 0;
}
