import { fromBase64, toBase64, utf8 } from '../../base/bytes.ts';
import type { Process, Program } from '../../shell/program.ts';
import { failureText } from '../../shell/path.ts';
import { complain, nameOf, readFile, textOf, tool } from './tool.ts';
import type { Options } from './tool.ts';
import { od, xxd } from './dumps.ts';
import { md5, sha256 } from './digests.ts';

async function digest(process: Process, options: Options): Promise<number> {
  const make = nameOf(process) === 'md5sum' ? md5 : sha256;
  if (options.has('c', 'check')) return checkDigests(process, options, make);
  let exit = 0;
  for (const operand of options.operands.length > 0 ? options.operands : ['-']) {
    const found = await readFile(process, operand);
    if ('failure' in found) exit = await complain(process, `${operand}: ${failureText(found.failure)}`);
    else if (options.has('tag'))
      await process.out(
        `${nameOf(process).replace('sum', '').toUpperCase()} (${operand}) = ${make(utf8(found.text))}\n`,
      );
    else await process.out(`${make(utf8(found.text))}  ${operand}\n`);
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
      const isRight = 'text' in file && make(utf8(file.text)) === sum;
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

/** The bytes of a base64 text, and whether all of it was valid. */
export function decodeBase64(text: string): { readonly bytes: Uint8Array; readonly isValid: boolean } {
  const clean = text.replace(/\s/g, '');
  const all = clean.replace(/={0,2}$/, '');
  const [digits = ''] = /^[A-Za-z0-9+/]*/.exec(all) ?? [];
  return { bytes: fromBase64(digits), isValid: clean.length % 4 === 0 && digits === all };
}

async function base64(process: Process, options: Options): Promise<number> {
  const found = await readFile(process, options.operands[0] ?? '-');
  if ('failure' in found)
    return complain(process, `${options.operands[0] ?? ''}: ${failureText(found.failure)}`);
  if (options.has('d', 'D', 'decode')) {
    const ignores = options.has('i', 'ignore-garbage');
    const { bytes, isValid } = decodeBase64(
      ignores ? found.text.replace(/[^A-Za-z0-9+/=]/g, '') : found.text,
    );
    await process.out(textOf(bytes));
    return isValid ? 0 : complain(process, 'invalid input');
  }
  const text = toBase64(utf8(found.text));
  const width = Number(options.get('w', 'wrap') ?? 76);
  if (width === 0) await process.out(text);
  else for (let at = 0; at < text.length; at += width) await process.out(`${text.slice(at, at + width)}\n`);
  return 0;
}

const hex = (value: number, width = 2): string => value.toString(16).padStart(width, '0');
const printable = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');

/** hexdump: words of 16 bits, or `-C` bytes with their characters. */
async function dump(process: Process, options: Options): Promise<number> {
  const found = await readFile(process, options.operands[0] ?? '-');
  if ('failure' in found)
    return complain(process, `${options.operands[0] ?? ''}: ${failureText(found.failure)}`);
  const limit = options.get('n');
  const bytes = [...utf8(found.text)].slice(0, limit === undefined ? undefined : Number(limit));
  const isCanonical = options.has('C');
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.slice(at, at + 16);
    const cells = row.map((byte) => hex(byte));
    const words = Array.from(
      { length: Math.ceil(row.length / 2) },
      (_, index) => ` ${hex(row[index * 2 + 1] ?? 0)}${hex(row[index * 2] ?? 0)}`,
    );
    await process.out(
      isCanonical
        ? `${hex(at, 8)}  ${cells.slice(0, 8).join(' ').padEnd(23)}  ${cells.slice(8).join(' ').padEnd(23)}  |${printable(row)}|\n`
        : `${hex(at, 7)}${words.join('').padEnd(40)}\n`,
    );
  }
  if (bytes.length > 0) await process.out(`${hex(bytes.length, isCanonical ? 8 : 7)}\n`);
  return 0;
}

/** Tools of bytes. */
export const BYTE_TOOLS: readonly (readonly [string, Program])[] = [
  ...['md5sum', 'sha256sum'].map((name): readonly [string, Program] => [
    name,
    tool({ short: 'bctw', long: ['check', 'tag', 'status', 'quiet', 'text', 'binary'] }, digest),
  ]),
  ['base64', tool({ most: 1, short: 'diw:', long: ['decode', 'wrap=', 'ignore-garbage'] }, base64)],
  ['xxd', tool({ short: 'pl:rs:' }, xxd)],
  [
    'od',
    tool({ short: 'cxbdot:A:N:j:v', long: ['format=', 'address-radix=', 'read-bytes=', 'skip-bytes='] }, od),
  ],
  ['hexdump', tool({ short: 'Cn:v' }, dump)],
];
