import type { Process, Program } from '../../shell/program.ts';
import { failureText } from '../../shell/path.ts';
import { bytesOf, complain, nameOf, readFile, textOf, tool } from './tool.ts';
import type { Options } from './tool.ts';
import { md5, sha1, sha256, sha512 } from './digests.ts';

async function digest(process: Process, options: Options): Promise<number> {
  const make = { md5sum: md5, sha1sum: sha1, sha512sum: sha512 }[nameOf(process)] ?? sha256;
  if (options.has('c', 'check')) return checkDigests(process, options, make);
  let exit = 0;
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) exit = await complain(process, `${operand}: ${failureText(found.failure)}`);
    else if (options.has('tag'))
      await process.out(
        `${nameOf(process).replace('sum', '').toUpperCase()} (${operand}) = ${make(bytesOf(found.text))}\n`,
      );
    else await process.out(`${make(bytesOf(found.text))}  ${operand}\n`);
  }
  return exit;
}

/** `-c`: checks the sums of a list. */
async function checkDigests(
  process: Process,
  options: Options,
  make: (bytes: Uint8Array) => string,
): Promise<number> {
  let failed = 0;
  let missing = 0;
  for (const list of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, list);
    if ('failure' in found) return complain(process, `${list}: ${failureText(found.failure)}`);
    for (const line of found.text.split('\n')) {
      const match = /^([0-9a-f]{32,128}) [ *](.+)$/.exec(line);
      if (match === null) continue;
      const [, sum, name = ''] = match;
      const file = await readFile(process, name);
      const isRight = 'text' in file && make(bytesOf(file.text)) === sum;
      if ('failure' in file) {
        missing++;
        await process.err(`${nameOf(process)}: ${name}: ${failureText(file.failure)}\n`);
      } else if (!isRight) failed++;
      const word = 'failure' in file ? 'FAILED open or read' : isRight ? 'OK' : 'FAILED';
      if (!options.has('status') && !(isRight && options.has('quiet')))
        await process.out(`${name}: ${word}\n`);
    }
  }
  const warn = async (count: number, one: string, many: string): Promise<void> => {
    if (count > 0 && !options.has('status'))
      await complain(process, `WARNING: ${count} ${count === 1 ? one : many}`);
  };
  await warn(missing, 'listed file could not be read', 'listed files could not be read');
  await warn(failed, 'computed checksum did NOT match', 'computed checksums did NOT match');
  return failed + missing > 0 ? 1 : 0;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes in base64. */
export function encodeBase64(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const size = Math.min(3, bytes.length - at);
    for (let place = 0; place < 4; place++)
      out += place <= size ? (ALPHABET[(group >> (18 - 6 * place)) & 63] ?? '') : '=';
  }
  return out;
}

/** The bytes of a base64 text, and whether all of it was valid. */
export function decodeBase64(text: string): { readonly bytes: Uint8Array; readonly isValid: boolean } {
  const clean = text.replace(/\s/g, '');
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  let isValid = clean.length % 4 === 0;
  for (const char of clean.replace(/={0,2}$/, '')) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) {
      isValid = false;
      break;
    }
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
  }
  return { bytes: Uint8Array.from(bytes), isValid };
}

async function base64(process: Process, options: Options): Promise<number> {
  const found = await readFile(process, options.operands[0] ?? '-');
  if ('failure' in found)
    return complain(process, `${options.operands[0] ?? ''}: ${failureText(found.failure)}`);
  if (options.has('d', 'D', 'decode')) {
    const { bytes, isValid } = decodeBase64(found.text);
    await process.out(textOf(bytes));
    return isValid ? 0 : complain(process, 'invalid input');
  }
  const text = encodeBase64(bytesOf(found.text));
  const width = Number(options.get('w', 'wrap') ?? 76);
  if (width === 0) await process.out(text);
  else for (let at = 0; at < text.length; at += width) await process.out(`${text.slice(at, at + width)}\n`);
  return 0;
}

const hex = (value: number, width = 2): string => value.toString(16).padStart(width, '0');
const printable = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');

async function dump(process: Process, options: Options): Promise<number> {
  const name = nameOf(process);
  const found = await readFile(process, options.operands[0] ?? '-');
  if ('failure' in found)
    return complain(process, `${options.operands[0] ?? ''}: ${failureText(found.failure)}`);
  const limit = options.get('l', 'n', 'N');
  const bytes = [...bytesOf(found.text)].slice(0, limit === undefined ? undefined : Number(limit));
  if (name === 'xxd' && options.has('p')) {
    await process.out(
      `${bytes
        .map((byte) => hex(byte))
        .join('')
        .replace(/(.{60})(?=.)/g, '$1\n')}${bytes.length > 0 ? '\n' : ''}`,
    );
    return 0;
  }
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.slice(at, at + 16);
    if (name === 'xxd') {
      const pairs = Array.from({ length: Math.ceil(row.length / 2) }, (_, index) =>
        row
          .slice(index * 2, index * 2 + 2)
          .map((byte) => hex(byte))
          .join(''),
      );
      await process.out(`${hex(at, 8)}: ${pairs.join(' ').padEnd(39)}  ${printable(row)}\n`);
    } else if (name === 'od' && options.has('c')) {
      const named: Readonly<Record<number, string>> = {
        0: '\\0',
        7: '\\a',
        8: '\\b',
        9: '\\t',
        10: '\\n',
        11: '\\v',
        12: '\\f',
        13: '\\r',
      };
      await process.out(
        `${at.toString(8).padStart(7, '0')}${row.map((byte) => (named[byte] ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))).padStart(4)).join('')}\n`,
      );
    } else if (name === 'od') {
      const isBytes = options.get('t')?.startsWith('x1') === true;
      const cells = isBytes
        ? row.map((byte) => ` ${hex(byte)}`)
        : Array.from(
            { length: Math.ceil(row.length / 2) },
            (_, index) =>
              ` ${((row[index * 2] ?? 0) | ((row[index * 2 + 1] ?? 0) << 8)).toString(8).padStart(6, '0')}`,
          );
      await process.out(
        `${options.get('A') === 'n' ? '' : at.toString(8).padStart(7, '0')}${cells.join('')}\n`,
      );
    } else {
      const cells = row.map((byte) => hex(byte));
      await process.out(
        `${hex(at, 8)}  ${cells.slice(0, 8).join(' ').padEnd(23)}  ${cells.slice(8).join(' ').padEnd(23)}  |${printable(row)}|\n`,
      );
    }
  }
  if (name === 'od' && options.get('A') !== 'n')
    await process.out(`${bytes.length.toString(8).padStart(7, '0')}\n`);
  if (name === 'hexdump' && bytes.length > 0) await process.out(`${hex(bytes.length, 8)}\n`);
  return 0;
}

/** Tools of bytes. */
export const BYTE_TOOLS: readonly (readonly [string, Program])[] = [
  ...['md5sum', 'sha1sum', 'sha256sum', 'sha512sum'].map((name): readonly [string, Program] => [
    name,
    tool({ short: 'bctw', long: ['check', 'tag', 'status', 'quiet', 'text', 'binary'] }, digest),
  ]),
  ['base64', tool({ short: 'dDiw:', long: ['decode', 'wrap=', 'ignore-garbage'] }, base64)],
  ['xxd', tool({ short: 'pl:c:g:' }, dump)],
  ['od', tool({ short: 'cxbt:A:N:v' }, dump)],
  ['hexdump', tool({ short: 'Cn:v' }, dump)],
];
