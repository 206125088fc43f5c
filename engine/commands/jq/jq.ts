import type { Process, Program } from '../../shell/program.ts';
import { failureText, resolvePath } from '../../shell/path.ts';
import { bind, checkNames, define, evaluate, JqFailure, JqHalt } from './evaluate.ts';
import type { Run, Scope } from './evaluate.ts';
import { JsonFailure, JsonReader, parseJson, printJson } from './json.ts';
import type { PrintStyle } from './json.ts';
import { FilterFailure, parseFilter } from './parser.ts';
import type { Node } from './parser.ts';
import { PRELUDE } from './prelude.ts';
import type { Value } from './value.ts';

/** Steps of one run over all inputs: enough for any cluster's JSON, not for a loop without end. */
export const FUEL = 2_000_000;

type Settings = {
  filter: string | undefined;
  files: string[];
  isRaw: boolean;
  isJoined: boolean;
  isNullInput: boolean;
  isSlurped: boolean;
  readsRaw: boolean;
  setsExit: boolean;
  sortsKeys: boolean;
  isColored: boolean | undefined;
  isAscii: boolean;
  indent: string;
  fromFile: string | undefined;
  named: Map<string, Value>;
  positional: Value[];
};

const HELP =
  'Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n';

/** jq 1.7.1. Exit: 0, 1 and 4 with `-e`, 2 usage or files, 3 filter, 5 run time. */
export const jq: Program = async (process) => {
  const settings = await readSettings(process);
  if (typeof settings === 'number') return settings;
  const text = settings.fromFile ?? settings.filter ?? '.';
  let program: { node: Node; scope: Scope };
  try {
    program = compile(text, settings);
  } catch (error) {
    if (!(error instanceof FilterFailure)) throw error;
    await process.err(compileMessage(text, error));
    return 3;
  }
  return runFilter(process, settings, program.node, program.scope);
};

/** Parses and checks a filter with jq's own functions in scope. @throws FilterFailure */
export function compile(
  text: string,
  settings: {
    readonly named: ReadonlyMap<string, Value>;
    readonly positional: readonly Value[];
  },
): { node: Node; scope: Scope } {
  let scope = define(undefined, parseFilter(PRELUDE));
  for (const [name, value] of settings.named) scope = bind(scope, name, value);
  const args = new Map<string, Value>([
    ['positional', settings.positional],
    ['named', settings.named],
  ]);
  scope = bind(scope, 'ARGS', args);
  const node = parseFilter(text);
  checkNames(node, scope);
  return { node, scope };
}

function compileMessage(text: string, error: FilterFailure): string {
  const before = text.slice(0, error.at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const shown = text.slice(start).split('\n')[0] ?? '';
  const one = `jq: error: ${error.message} at <top-level>, line ${line}:\n${shown}${' '.repeat(error.at - start)}\n`;
  if (error.extra === undefined) return `${one}jq: 1 compile error\n`;
  return `${one}jq: error: ${error.extra} at <top-level>, line ${line}:\n${shown}\njq: 2 compile errors\n`;
}

async function usage(process: Process, message: string): Promise<number> {
  await process.err(`jq: ${message}\n${HELP}`);
  return 2;
}

async function readSettings(process: Process): Promise<Settings | number> {
  const settings: Settings = {
    filter: undefined,
    files: [],
    isRaw: false,
    isJoined: false,
    isNullInput: false,
    isSlurped: false,
    readsRaw: false,
    setsExit: false,
    sortsKeys: false,
    isColored: undefined,
    isAscii: false,
    indent: '  ',
    fromFile: undefined,
    named: new Map(),
    positional: [],
  };
  const words = process.argv.slice(1);
  let rest: 'files' | 'args' | 'jsonargs' = 'files';
  let isLiteral = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (isLiteral || !/^-./.test(word)) {
      const bad = takeOperand(settings, word, rest);
      if (bad !== undefined) return usage(process, bad);
      continue;
    }
    if (word === '--') {
      isLiteral = true;
      continue;
    }
    if (word === '--args' || word === '--jsonargs') {
      rest = word === '--args' ? 'args' : 'jsonargs';
      continue;
    }
    const taken = await takeOption(process, settings, word, words, at);
    if (typeof taken === 'number') at += taken;
    else return taken.exit;
  }
  if (
    settings.filter === undefined &&
    settings.fromFile === undefined &&
    process.tty('stdin') !== undefined &&
    settings.files.length === 0 &&
    !settings.isNullInput
  ) {
    await process.err(
      `Usage:\tjq [OPTIONS] FILTER [FILES...]\n\tjq [OPTIONS] --args FILTER [ARGUMENTS...]\n\tjq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]\n\njq is a tool for processing JSON inputs, applying the given filter to\nits JSON text inputs and producing the filter's results as JSON on\nstandard output.\n`,
    );
    return 2;
  }
  return settings;
}

function takeOperand(
  settings: Settings,
  word: string,
  rest: 'files' | 'args' | 'jsonargs',
): string | undefined {
  if (settings.filter === undefined && settings.fromFile === undefined) settings.filter = word;
  else if (rest === 'files') settings.files.push(word);
  else if (rest === 'args') settings.positional.push(word);
  else {
    try {
      settings.positional.push(parseJson(word));
    } catch (error) {
      if (!(error instanceof JsonFailure)) throw error;
      return `Invalid JSON text passed to --jsonargs`;
    }
  }
  return undefined;
}

/** What an option without a value sets. */
const SWITCHES: Readonly<Record<string, Partial<Settings>>> = {
  'raw-output': { isRaw: true },
  'join-output': { isRaw: true, isJoined: true },
  'compact-output': { indent: '' },
  'null-input': { isNullInput: true },
  slurp: { isSlurped: true },
  'raw-input': { readsRaw: true },
  'exit-status': { setsExit: true },
  'sort-keys': { sortsKeys: true },
  'color-output': { isColored: true },
  'monochrome-output': { isColored: false },
  'ascii-output': { isAscii: true },
  tab: { indent: '\t' },
  unbuffered: {},
};

const LETTERS: Readonly<Record<string, string>> = {
  r: 'raw-output',
  j: 'join-output',
  c: 'compact-output',
  n: 'null-input',
  s: 'slurp',
  R: 'raw-input',
  e: 'exit-status',
  S: 'sort-keys',
  C: 'color-output',
  M: 'monochrome-output',
  a: 'ascii-output',
};

/** Takes one option; returns how many further words it used, or an exit code. */
async function takeOption(
  process: Process,
  settings: Settings,
  word: string,
  words: readonly string[],
  at: number,
): Promise<number | { exit: number }> {
  if (word === '-h' || word === '--help') {
    await process.out('Usage:\tjq [OPTIONS] FILTER [FILES...]\n');
    return { exit: 0 };
  }
  if (word === '-V' || word === '--version') {
    await process.out(`jq-${process.machine.versions['jq'] ?? '1.7'}\n`);
    return { exit: 0 };
  }
  if (/^--(arg|argjson|slurpfile|rawfile)$/.test(word))
    return takeNamed(process, settings, word.slice(2), words[at + 1], words[at + 2]);
  if (word === '-f' || word === '--from-file') return takeFilterFile(process, settings, words[at + 1]);
  if (word.startsWith('--')) {
    if (word === '--indent') {
      if (Number(words[at + 1]) > 7)
        return { exit: await usage(process, '--indent takes a number between -1 and 7') };
      settings.indent = ' '.repeat(Math.min(7, Math.max(0, Number(words[at + 1] ?? 2) || 0)));
      return 1;
    }
    if (!Object.hasOwn(SWITCHES, word.slice(2)))
      return { exit: await usage(process, `Unknown option ${word}`) };
    Object.assign(settings, SWITCHES[word.slice(2)]);
    return 0;
  }
  for (const letter of word.slice(1)) {
    if (!Object.hasOwn(LETTERS, letter)) return { exit: await usage(process, `Unknown option ${word}`) };
    Object.assign(settings, SWITCHES[LETTERS[letter] ?? '']);
  }
  return 0;
}

async function takeFilterFile(
  process: Process,
  settings: Settings,
  name: string | undefined,
): Promise<number | { exit: number }> {
  const found = name === undefined ? undefined : process.machine.files.read(resolvePath(process.cwd, name));
  if (found === undefined || 'error' in found) {
    await process.err(`jq: Could not open ${name ?? ''}: ${failureText(found?.error ?? 'ENOENT')}\n`);
    return { exit: 2 };
  }
  if (settings.filter !== undefined) settings.files.unshift(settings.filter);
  settings.fromFile = found.content;
  return 1;
}

async function takeNamed(
  process: Process,
  settings: Settings,
  option: string,
  name: string | undefined,
  text: string | undefined,
): Promise<number | { exit: number }> {
  if (name === undefined || text === undefined)
    return {
      exit: await usage(
        process,
        `--${option} takes two parameters (e.g. --${option} varname ${{ arg: 'value', argjson: 'text' }[option] ?? 'filename'})`,
      ),
    };
  if (option === 'arg') settings.named.set(name, text);
  else if (option === 'argjson') {
    try {
      settings.named.set(name, parseJson(text));
    } catch (error) {
      if (!(error instanceof JsonFailure)) throw error;
      return { exit: await usage(process, `invalid JSON text passed to --argjson`) };
    }
  } else {
    const found = process.machine.files.read(resolvePath(process.cwd, text));
    if ('error' in found) {
      await process.err(
        `jq: Bad JSON in --${option} ${name} ${text}: Could not open ${text}: ${failureText(found.error)}\n`,
      );
      return { exit: 2 };
    }
    settings.named.set(name, option === 'rawfile' ? found.content : [...valuesOf(found.content)]);
  }
  return 2;
}

function* valuesOf(text: string): Generator<Value> {
  const reader = new JsonReader(text);
  for (let value = reader.next(); value !== undefined; value = reader.next()) yield value;
}

type Source = { readonly name: string; readonly text: string };

/** Inputs one after another, with the place of the last one for messages. */
class Inputs {
  readonly #sources: readonly Source[];
  readonly #readsRaw: boolean;
  #source = 0;
  #reader: JsonReader | undefined;
  #lines: string[] | undefined;
  place = '<unknown>';

  constructor(sources: readonly Source[], readsRaw: boolean) {
    this.#sources = sources;
    this.#readsRaw = readsRaw;
  }

  /** The next value; undefined at the end. @throws JsonFailure */
  next(): Value | undefined {
    for (;;) {
      const source = this.#sources[this.#source];
      if (source === undefined) return undefined;
      if (this.#readsRaw) {
        this.#lines ??= source.text.endsWith('\n')
          ? source.text.slice(0, -1).split('\n')
          : source.text === ''
            ? []
            : source.text.split('\n');
        const line = this.#lines.shift();
        if (line !== undefined) return line;
      } else {
        this.#reader ??= new JsonReader(source.text);
        const value = this.#reader.next();
        this.place = `${source.name}:${this.#reader.line}`;
        if (value !== undefined) return value;
      }
      this.#reader = undefined;
      this.#lines = undefined;
      this.#source++;
    }
  }
}

async function readSources(
  process: Process,
  settings: Settings,
): Promise<{ sources: Source[]; exit: number }> {
  if (settings.files.length === 0)
    return {
      sources:
        settings.isNullInput && process.tty('stdin') !== undefined
          ? []
          : [{ name: '<stdin>', text: await process.stdin.readAll(process.sys) }],
      exit: 0,
    };
  const sources: Source[] = [];
  let exit = 0;
  for (const file of settings.files) {
    const found = process.machine.files.read(resolvePath(process.cwd, file));
    if ('content' in found) sources.push({ name: file, text: found.content });
    else {
      exit = 2;
      await process.err(`jq: error: Could not open file ${file}: ${failureText(found.error)}\n`);
    }
  }
  return { sources, exit };
}

async function runFilter(process: Process, settings: Settings, node: Node, scope: Scope): Promise<number> {
  const { sources, exit: opened } = await readSources(process, settings);
  const inputs = new Inputs(sources, settings.readsRaw);
  const run: Run = {
    env: process.env,
    nowMs: process.sys.nowMs(),
    nextInput: () => inputs.next(),
    fuel: FUEL,
    messages: [],
  };
  const isColored =
    settings.isColored ?? (process.tty('stdout') !== undefined && (process.env.get('NO_COLOR') ?? '') === '');
  const style: PrintStyle = {
    indent: settings.indent,
    sortsKeys: settings.sortsKeys,
    isColored,
    isAscii: settings.isAscii,
  };
  let exit = opened;
  let last: Value | undefined;
  const flush = async (): Promise<void> => {
    for (const text of run.messages.splice(0)) await process.err(text);
  };
  const each = async (value: Value): Promise<void> => {
    const before = run.fuel;
    try {
      for (const { value: result } of evaluate(node, scope, { value, path: undefined }, run)) {
        last = result;
        const text = settings.isRaw && typeof result === 'string' ? result : printJson(result, style);
        await flush();
        await process.out(settings.isJoined ? text : `${text}\n`);
      }
      exit = opened;
    } catch (error) {
      await flush();
      if (error instanceof JqHalt) throw error;
      const failure = error instanceof RangeError ? new JqFailure('the filter nests too deeply') : error;
      if (!(failure instanceof JqFailure)) throw error;
      exit = 5;
      await process.err(failureMessage(failure, settings.isNullInput ? '<unknown>' : inputs.place));
    }
    await flush();
    await process.sys.burn(1 + ((before - run.fuel) >> 6));
  };
  try {
    if (settings.isSlurped)
      await each(settings.readsRaw ? sources.map((source) => source.text).join('') : [...all(inputs)]);
    else if (settings.isNullInput) await each(null);
    else for (let value = inputs.next(); value !== undefined; value = inputs.next()) await each(value);
  } catch (error) {
    if (error instanceof JqHalt) return error.exit;
    if (!(error instanceof JsonFailure)) throw error;
    await process.err(`jq: parse error: ${error.message}\n`);
    return opened !== 0 ? opened : 5;
  }
  if (exit !== 0 || !settings.setsExit) return exit;
  return last === undefined ? 4 : last === null || last === false ? 1 : 0;
}

function* all(inputs: Inputs): Generator<Value> {
  for (let value = inputs.next(); value !== undefined; value = inputs.next()) yield value;
}

function failureMessage(error: JqFailure, place: string): string {
  if (typeof error.value === 'string') return `jq: error (at ${place}): ${error.value}\n`;
  return `jq: error (at ${place}) (not a string): ${printJson(error.value)}\n`;
}
