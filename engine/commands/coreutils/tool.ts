import type { Stream } from '../../base/stream.ts';
import { failureText, resolvePath } from '../../shell/path.ts';
import { textStream } from '../../shell/process.ts';
import type { FileFailure, Process, Program } from '../../shell/program.ts';

/** The options a tool was given: letters and long names to their values (`''` for plain flags), in order in `all`. */
export type Options = {
  readonly has: (...names: string[]) => boolean;
  /** The last value of an option. */
  readonly get: (...names: string[]) => string | undefined;
  /** Every use in order: [name, value]. */
  readonly all: readonly (readonly [string, string])[];
  readonly operands: readonly string[];
};

/** Which options a tool takes. */
export type OptionTable = {
  /** Letters as for getopt: `n:` takes a value. */
  readonly short: string;
  /** Long names; `lines=` takes a value, `color?` may take one. */
  readonly long?: readonly string[];
  /** `-5` counts as this option with the value 5. */
  readonly number?: string;
  /** The first operand ends the options (`env`, `xargs`, `timeout`). */
  readonly stopsAtOperand?: boolean;
  /** How many operands it takes at most. */
  readonly most?: number;
  /** The exit code of a usage error (1 unless given). */
  readonly usageExit?: number;
  /** Printed after the complaint instead of `Try 'x --help' …`. */
  readonly usage?: string;
};

type Problem = { readonly message: string };

/** Reads a tool's words by its table, as GNU getopt does (operands may stand between options). */
export function readOptions(words: readonly string[], table: OptionTable): Options | Problem {
  const all: [string, string][] = [];
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      if (table.stopsAtOperand === true) {
        operands.push(...words.slice(at));
        break;
      }
      operands.push(word);
      continue;
    }
    const next = (): string | undefined => words[++at];
    const problem = word.startsWith('--')
      ? readLong(word.slice(2), table, all, next)
      : readShort(word.slice(1), table, all, next);
    if (problem !== undefined) return problem;
  }
  const has = (...names: string[]): boolean => all.some(([name]) => names.includes(name));
  const get = (...names: string[]): string | undefined => all.findLast(([name]) => names.includes(name))?.[1];
  return { has, get, all, operands };
}

function readLong(
  text: string,
  table: OptionTable,
  all: [string, string][],
  next: () => string | undefined,
): Problem | undefined {
  const [given = '', ...rest] = text.split('=');
  const value = rest.length > 0 ? rest.join('=') : undefined;
  const known = [...(table.long ?? []), 'help', 'version'];
  const bare = (one: string): string => one.replace(/[=?]$/, '');
  const fitting = known.filter((one) => one.startsWith(given));
  const found = known.find((one) => bare(one) === given) ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (found === undefined && fitting.length > 1)
    return {
      message: `option '--${given}' is ambiguous; possibilities: ${fitting.map((one) => `'--${bare(one)}'`).join(' ')}`,
    };
  if (found === undefined) return { message: `unrecognized option '--${text}'` };
  if (found.endsWith('=')) {
    const used = value ?? next();
    if (used === undefined) return { message: `option '--${bare(found)}' requires an argument` };
    all.push([bare(found), used]);
  } else if (value !== undefined && !found.endsWith('?'))
    return { message: `option '--${found}' doesn't allow an argument` };
  else all.push([bare(found), value ?? '']);
  return undefined;
}

function readShort(
  letters: string,
  table: OptionTable,
  all: [string, string][],
  next: () => string | undefined,
): Problem | undefined {
  if (table.number !== undefined && /^[0-9]+$/.test(letters)) {
    all.push([table.number, letters]);
    return undefined;
  }
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? '';
    const place = letter === ':' ? -1 : table.short.indexOf(letter);
    if (place < 0) return { message: `invalid option -- '${letter}'` };
    if (table.short[place + 1] !== ':') {
      all.push([letter, '']);
      continue;
    }
    // `i::` takes a value only when it stands right behind the letter.
    const isOptional = table.short[place + 2] === ':';
    const attached = letters.slice(at + 1);
    const value = attached !== '' || isOptional ? attached : next();
    if (value === undefined) return { message: `option requires an argument -- '${letter}'` };
    all.push([letter, value]);
    return undefined;
  }
  return undefined;
}

/** Makes a program of a tool: reads its options, complains in the tool's words, runs it. */
export function tool(
  table: OptionTable,
  run: (process: Process, options: Options) => Promise<number>,
): Program {
  return async (process) => {
    const name = shownName(process);
    const options = readOptions(process.argv.slice(1), table);
    if ('message' in options) {
      await process.err(`${name}: ${options.message}\n${table.usage ?? tryHelp(name)}`);
      return table.usageExit ?? 1;
    }
    if (options.has('version')) {
      const other = { xargs: 'findutils) 4.9.0', diff: 'diffutils) 3.8', cmp: 'diffutils) 3.8' }[name];
      await process.out(`${name} (GNU ${other ?? 'coreutils) 9.1'}\n`);
      return 0;
    }
    if (options.has('help')) {
      await process.out(
        `Usage: ${name} [OPTION]... \nOptions: ${[...table.short.replace(/:/g, '')].map((letter) => `-${letter}`).join(' ')}\n`,
      );
      return 0;
    }
    const extra = options.operands[table.most ?? Number.POSITIVE_INFINITY];
    if (extra !== undefined && !isBusybox(process)) {
      await process.err(`${name}: extra operand '${extra}'\n${table.usage ?? tryHelp(name)}`);
      return table.usageExit ?? 1;
    }
    return run(process, options);
  };
}

/** The name a program was called by, without its folder. */
export function nameOf(process: Process): string {
  const word = process.argv[0] ?? '';
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The name a tool complains by: GNU's as it was called, busybox's without a folder. */
function shownName(process: Process): string {
  return isBusybox(process) ? nameOf(process) : (process.argv[0] ?? '');
}

/** The second line of GNU tools' usage errors. */
export function tryHelp(name: string): string {
  return `Try '${name} --help' for more information.\n`;
}

/** What GNU says and busybox's words for it. */
const BUSYBOX_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^cannot statx? /, "can't stat "],
  [/^cannot (remove|create directory) /, "can't $1 "],
  [/^cannot (?:access|open|touch) '?([^']*?)'?: /, '$1: '],
  [/^failed to (?:access|open) '(.*?)'(?: for reading)?: /, '$1: '],
  [/^failed to remove |^cannot read: /, ''],
  [/^invalid (?:number|time|field|line).*?['"]([^'"]*)['"][\s\S]*/, "invalid number '$1'"],
  [/^failed to run command /, "can't execute "],
  [/^(?:field number is zero|character offset|stray).*/, 'bad field specification'],
  [/^you must specify a list/, 'expected a list'],
  [/^invalid user: '(.*)'/, 'unknown user $1'],
  [/^invalid mode: /, 'invalid mode '],
  [/^missing argument to `(.*)'/, '$1 requires an argument'],
  [/^Unknown argument to -type: (.*)/, "invalid argument '$1' to '-type'"],
  [/^unknown predicate `(.*)'/, 'unrecognized: $1'],
  [/^syntax error.*/, 'syntax error'],
  [/^no matching criteria specified/, 'you need to specify whom to kill'],
];

/** A complaint in the words of the machine's tools; `isKnown` when busybox has words of its own for it. */
function worded(process: Process, message: string): { text: string; isKnown: boolean } {
  if (!isBusybox(process)) return { text: message, isKnown: false };
  const name = nameOf(process);
  const found = BUSYBOX_WORDS.find(([pattern]) => pattern.test(message));
  const text = found === undefined ? message : message.replace(found[0], found[1]);
  if (name === 'mv') return { text: text.replace("can't stat", "can't rename"), isKnown: true };
  if (name === 'find') return { text: text.replace(/^'(.*)': /, '$1: '), isKnown: true };
  if (/sum$|^(uniq|less|more)$/.test(name))
    return { text: text.replace(/^([^\s']+): (?=No such|Is a)/, "can't open '$1': "), isKnown: true };
  return { text, isKnown: found !== undefined };
}

/** Complains as `name: message` and returns `exit`. */
export async function complain(process: Process, message: string, exit = 1): Promise<number> {
  const { text, isKnown } = worded(process, message);
  await process.err(`${shownName(process)}: ${text}\n`);
  return isKnown && text.startsWith('invalid number') ? 1 : exit;
}

/** Complains with the line that points to `--help`. */
export async function complainUsage(process: Process, message: string, exit = 1): Promise<number> {
  if (worded(process, message).isKnown) return complain(process, message, exit);
  await process.err(`${shownName(process)}: ${message}\n${tryHelp(shownName(process))}`);
  return exit;
}

/** Complains of an option's value that is none of `valid` (lines of it, each in quotes unless it has some). */
export function wrongArgument(
  process: Process,
  given: string,
  option: string,
  valid: readonly string[],
  exit = 1,
): Promise<number> {
  const lines = valid.map((one) => `  - ${/['[+]/.test(one) ? one : `'${one}'`}`).join('\n');
  return complainUsage(
    process,
    `invalid argument '${given}' for '${option}'\nValid arguments are:\n${lines}`,
    exit,
  );
}

/** True on machines whose tools are busybox's. */
export function isBusybox(process: Process): boolean {
  return Object.hasOwn(process.machine.versions, 'busybox');
}

/** An operand as an absolute path. */
export function pathOf(process: Process, operand: string): string {
  return resolvePath(process.cwd, operand);
}

function isStdin(operand: string): boolean {
  return operand === '/dev/stdin' || operand === '/dev/fd/0' || operand === '/proc/self/fd/0';
}

/** A file's text, or why it cannot be read. `/dev/stdin` is stdin. */
export async function readFile(
  process: Process,
  operand: string,
): Promise<{ readonly text: string } | { readonly failure: FileFailure }> {
  if (operand === '-' || isStdin(operand)) return { text: await process.stdin.readAll(process.sys) };
  if (operand === '') return { failure: 'ENOENT' };
  const found = process.machine.files.read(pathOf(process, operand));
  return 'content' in found ? { text: found.content } : { failure: found.error };
}

/** The streams of a tool's operands (stdin when there are none); complaints for files that cannot be read are printed as `name: file: reason`. */
export async function* inputs(
  process: Process,
  operands: readonly string[],
  onFailure?: (operand: string, reason: string) => Promise<void>,
): AsyncGenerator<{ readonly name: string; readonly stream: Stream }> {
  for (const operand of operands.length > 0 ? operands : ['-']) {
    if (operand === '-' || isStdin(operand)) {
      yield { name: operand, stream: process.stdin };
      continue;
    }
    const found =
      operand === '' ? { error: 'ENOENT' as const } : process.machine.files.read(pathOf(process, operand));
    if ('content' in found) yield { name: operand, stream: textStream(found.content) };
    else if (onFailure !== undefined) await onFailure(operand, failureText(found.error));
    else await process.err(`${nameOf(process)}: ${operand}: ${failureText(found.error)}\n`);
  }
}

/** Reads a stream line by line. After the last line `isWhole` says whether it ended with a newline. */
export class LineReader {
  readonly #stream: Stream;
  readonly #process: Process;
  #lines: string[] = [];
  #at = 0;
  #tail = '';
  #isEnded = false;
  isWhole = true;

  constructor(process: Process, stream: Stream) {
    this.#process = process;
    this.#stream = stream;
  }

  /** The next line without its newline; undefined at the end. */
  async next(): Promise<string | undefined> {
    while (this.#at >= this.#lines.length) {
      if (this.#isEnded) return undefined;
      const text = await this.#stream.read(this.#process.sys);
      if (text === undefined) {
        this.#isEnded = true;
        if (this.#tail === '') return undefined;
        this.isWhole = false;
        return this.#tail;
      }
      const lines = (this.#tail + text).split('\n');
      this.#tail = lines.pop() ?? '';
      this.#lines = lines;
      this.#at = 0;
      await this.#process.sys.burn(lines.length);
    }
    return this.#lines[this.#at++];
  }
}

/** All lines of a tool's operands, one after another; `failures` counts files that could not be read, which `words` complains of, or tells itself. */
export async function readLines(
  process: Process,
  operands: readonly string[],
  words?: (operand: string, reason: string, isFolder: boolean) => string | Promise<void>,
): Promise<{ lines: string[]; failures: number }> {
  const lines: string[] = [];
  let failures = 0;
  const fail = async (operand: string, reason: string): Promise<void> => {
    failures++;
    const text = await words?.(operand, reason, reason === failureText('EISDIR'));
    if (words === undefined) await process.err(`${nameOf(process)}: ${operand}: ${reason}\n`);
    else if (text !== undefined) await complain(process, text);
  };
  for await (const { stream } of inputs(process, operands, fail)) {
    const text = await stream.readAll(process.sys);
    for (const line of splitLines(text)) lines.push(line);
    await process.sys.burn(1 + (text.length >> 6));
  }
  return { lines, failures };
}

/** A text's lines without newlines; nothing after the last newline is no line. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The text of UTF-8 bytes; what is no UTF-8 becomes the replacement character. */
export function textOf(bytes: readonly number[] | Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    const isWhole = size > 0 && at + size <= bytes.length;
    if (!isWhole) {
      text += '\ufffd';
      at++;
      continue;
    }
    let code = size === 1 ? first : first & (0xff >> (size + 1));
    for (let more = 1; more < size; more++) code = (code << 6) | ((bytes[at + more] ?? 0) & 63);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    at += size;
  }
  return text;
}
