import { goDurationMs, quoteGo } from './text.ts';
import { CommandError } from './errors.ts';

/** What values a flag takes. `strings` splits at commas, `stringArray` does not; `pairs` are `key=value`. */
export type FlagKind = 'bool' | 'string' | 'int' | 'strings' | 'stringArray' | 'pairs' | 'duration';

/** A flag of a command. */
export type FlagSpec = {
  readonly name: string;
  readonly short: string;
  readonly kind: FlagKind;
  readonly initial: string;
  /** The value of the flag when it is written without one; undefined when one must follow. */
  readonly bare: string | undefined;
};

/**
 * Reads a table of flags, one a word: `name[,short][:kind][=default][?bareValue]`; the kind is bool when left out.
 * `output,o:string`, `wait=true`, `dry-run:string=none?unchanged`.
 */
export function flagTable(words: string): readonly FlagSpec[] {
  return words
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const match = /^([a-z0-9_-]+)(?:,(\w))?(?::(\w+))?(?:=([^?]*))?(?:\?(.*))?$/i.exec(word);
      if (match === null) throw new CommandError(`bad flag table entry ${word}`);
      const kind = (match[3] ?? 'bool') as FlagKind;
      return {
        name: match[1] ?? '',
        short: match[2] ?? '',
        kind,
        initial: match[4] ?? (kind === 'bool' ? 'false' : kind === 'int' ? '0' : ''),
        bare: match[5] ?? (kind === 'bool' ? 'true' : undefined),
      };
    });
}

/** True for flags that may be repeated. */
export function isListKind(kind: FlagKind): boolean {
  return kind === 'strings' || kind === 'stringArray' || kind === 'pairs';
}

/** The flags that every command has. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = flagTable(`
  as:string as-group:stringArray as-uid:string cache-dir:string certificate-authority:string client-certificate:string
  client-key:string cluster:string context:string disable-compression insecure-skip-tls-verify kubeconfig:string
  match-server-version namespace,n:string password:string profile:string=none profile-output:string=profile.pprof
  request-timeout:string=0 server,s:string tls-server-name:string token:string user:string username:string
  warnings-as-errors v,v:int=0 vmodule:string log-flush-frequency:duration=5s help,h`);

/** The values of a command's flags. */
export class Flags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values = new Map<string, string>();
  readonly #lists = new Map<string, string[]>();
  /** What was written, in order, as ` --name=value`. */
  written = '';

  constructor(specs: ReadonlyMap<string, FlagSpec>) {
    this.#specs = specs;
  }

  /** True when the flag was written on the command line. */
  changed(name: string): boolean {
    return this.#values.has(name) || this.#lists.has(name);
  }

  /** Text of a flag; its default when it was not written, '' when the command has no such flag. */
  text(name: string): string {
    return this.#values.get(name) ?? this.#specs.get(name)?.initial ?? '';
  }

  /** True for a flag that is on. */
  bool(name: string): boolean {
    return this.text(name) === 'true';
  }

  /** Whole number of a flag. */
  int(name: string): number {
    return Number(this.text(name));
  }

  /** A duration in ms. */
  ms(name: string): number {
    return goDurationMs(this.text(name)) ?? 0;
  }

  /** All values of a repeatable flag. */
  list(name: string): readonly string[] {
    const initial = this.#specs.get(name)?.initial ?? '';
    return this.#lists.get(name) ?? (initial === '' ? [] : initial.split(','));
  }

  /** Takes a value. @throws CommandError when it is none of the flag's kind. */
  set(spec: FlagSpec, value: string): void {
    this.written += ` --${spec.name}=${value}`;
    const shown = spec.short === '' ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
    const bad = (why: string): CommandError =>
      new CommandError(`invalid argument ${quoteGo(value)} for ${quoteGo(shown)} flag: ${why}`);
    if (isListKind(spec.kind)) {
      const values = spec.kind === 'stringArray' ? [value] : value.split(',');
      const odd = spec.kind === 'pairs' ? values.find((one) => !one.includes('=')) : undefined;
      if (odd !== undefined) throw bad(`${odd} must be formatted as key=value`);
      this.#lists.set(spec.name, [...(this.#lists.get(spec.name) ?? []), ...values]);
      return;
    }
    if (spec.kind === 'bool') {
      const read = /^(1|t|true)$/i.test(value) ? 'true' : /^(0|f|false)$/i.test(value) ? 'false' : undefined;
      if (read === undefined) throw bad(`strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`);
      this.#values.set(spec.name, read);
      return;
    }
    if (spec.kind === 'int' && !/^[-+]?\d+$/.test(value))
      throw bad(`strconv.ParseInt: parsing ${quoteGo(value)}: invalid syntax`);
    if (spec.kind === 'duration' && goDurationMs(value) === undefined) throw bad(durationFault(value));
    this.#values.set(spec.name, value);
  }
}

/** What Go's time.ParseDuration says of a text that is no duration. */
export function durationFault(value: string): string {
  if (/^[-+]?\d+(\.\d*)?$/.test(value)) return `time: missing unit in duration ${quoteGo(value)}`;
  const unit = /^[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))*(?:\d+(?:\.\d*)?|\.\d+)([^\d.]+)/.exec(
    value,
  )?.[1];
  return unit === undefined
    ? `time: invalid duration ${quoteGo(value)}`
    : `time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(value)}`;
}

/** What a command line held: flags, arguments, and how many arguments stood before `--` (-1 without one). */
export type ParsedLine = { readonly flags: Flags; readonly args: readonly string[]; readonly dashAt: number };

/**
 * Reads a command line the way pflag does: flags and arguments in any order, `--` ends the flags.
 * @throws CommandError with pflag's words.
 */
export function parseLine(words: readonly string[], specs: readonly FlagSpec[]): ParsedLine {
  const byName = new Map(specs.map((spec) => [spec.name, spec] as const));
  const byShort = new Map(
    specs.filter((spec) => spec.short !== '').map((spec) => [spec.short, spec] as const),
  );
  const flags = new Flags(byName);
  const line = readWords(words, {
    find: (key, isShort) => (isShort ? byShort.get(key) : byName.get(key.replace(/_/g, '-'))),
    bareOf: (spec) => spec.bare,
    set: (spec, value) => flags.set(spec, value),
  });
  return { flags, ...line };
}

/** How flags are found, what stands for a value that is left out (undefined: one must follow), and who takes values. */
export type FlagReader<Spec> = {
  readonly find: (key: string, isShort: boolean) => Spec | undefined;
  readonly bareOf: (spec: Spec) => string | undefined;
  readonly set: (spec: Spec, value: string) => void;
};

/** Reads words in pflag's order, flag by flag; what are none are `args`. @throws CommandError with pflag's words */
export function readWords<Spec>(
  words: readonly string[],
  reader: FlagReader<Spec>,
): { readonly args: readonly string[]; readonly dashAt: number } {
  const args: string[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') return { args: [...args, ...queue], dashAt: args.length };
    if (word.startsWith('--')) longFlag(word, reader, queue);
    else if (word.startsWith('-') && word.length > 1) shortFlags(word.slice(1), reader, queue);
    else args.push(word);
  }
  return { args, dashAt: -1 };
}

function longFlag<Spec>(word: string, { find, bareOf, set }: FlagReader<Spec>, queue: string[]): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (name === '' || name.startsWith('-')) throw new CommandError(`bad flag syntax: ${word}`);
  const spec = find(name, false);
  if (spec === undefined) throw new CommandError(`unknown flag: --${name}`);
  const value = equals < 0 ? (bareOf(spec) ?? queue.shift()) : word.slice(equals + 1);
  if (value === undefined) throw new CommandError(`flag needs an argument: ${word}`);
  set(spec, value);
}

function shortFlags<Spec>(letters: string, { find, bareOf, set }: FlagReader<Spec>, queue: string[]): void {
  for (let cluster = letters; cluster !== ''; cluster = cluster.slice(1)) {
    const letter = cluster.slice(0, 1);
    const rest = cluster.slice(1);
    const spec = find(letter, true);
    if (spec === undefined) throw new CommandError(`unknown shorthand flag: '${letter}' in -${cluster}`);
    const bare = rest.startsWith('=') ? undefined : bareOf(spec);
    if (bare !== undefined) {
      set(spec, bare);
      continue;
    }
    const value = rest === '' ? queue.shift() : rest.replace(/^=/, '');
    if (value === undefined) throw new CommandError(`flag needs an argument: '${letter}' in -${cluster}`);
    set(spec, value);
    return;
  }
}
