import { CommandError } from '../kubectl/errors.ts';
import { durationFault, readWords } from '../kubectl/flags.ts';
import { goDurationMs, quoteGo } from '../kubectl/text.ts';

/** One flag of a command. `filter` values are handed on in order; a flag with `implied` may stand without a value. */
export type FlagSpec = {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'bool' | 'value' | 'filter';
  readonly implied?: string;
  /** How pflag names the type of its value in help; absent for switches. */
  readonly type?: string;
};

/** A flag as it stood on the line. `shown` is how errors name it. */
export type FlagUse = { readonly name: string; readonly value: string; readonly shown: string };

/** What was read, or the error in cobra's words. */
export type ParsedFlags =
  | { readonly uses: readonly FlagUse[]; readonly rest: readonly string[] }
  | { readonly error: string };

/**
 * Reads words as pflag does: `--a b`, `--a=b`, `-a b`, `-ab`, `--` ends flags. The first flag that is unknown or whose
 * value is refused ends it; `accept` sees each use in turn and returns what is wrong with it.
 */
export function parseFlags(
  words: readonly string[],
  specs: readonly FlagSpec[],
  accept: (use: FlagUse) => string | undefined = () => undefined,
): ParsedFlags {
  const uses: FlagUse[] = [];
  try {
    const { args } = readWords<FlagSpec>(words, {
      find: (key, isShort) => specs.find((spec) => key === (isShort ? spec.short : spec.name)),
      bareOf: (spec) => (spec.kind === 'bool' ? 'true' : spec.implied),
      set: (spec, value) => {
        const use = { name: spec.name, value, shown: shownAs(spec) };
        const problem = problemOf(use, spec) ?? accept(use);
        if (problem !== undefined) throw new CommandError(problem);
        uses.push(use);
      },
    });
    return { uses, rest: args };
  } catch (error) {
    if (error instanceof CommandError) return { error: error.message };
    throw error;
  }
}

/** What pflag says of a value that its type cannot read. */
function problemOf(use: FlagUse, spec: FlagSpec): string | undefined {
  const { value } = use;
  const bad = (reason: string): string => invalidArgument(use, reason);
  const shown = quoteGo(value);
  if (spec.kind === 'bool')
    return /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value)
      ? undefined
      : bad(`strconv.ParseBool: parsing ${shown}: invalid syntax`);
  if (spec.type === 'uint' || spec.type === 'uint16') {
    const number = parseUint(value, spec.type === 'uint' ? 64 : 16);
    return typeof number === 'string' ? bad(`strconv.ParseUint: parsing ${shown}: ${number}`) : undefined;
  }
  if (spec.type === 'strings') {
    const list = parseList(value);
    return 'error' in list ? bad(list.error) : undefined;
  }
  if (spec.type === 'int32' && !/^[+-]?\d+$/.test(value))
    return bad(`strconv.ParseInt: parsing ${shown}: invalid syntax`);
  if (spec.type === 'int32' && Math.abs(Number(value)) >= 2 ** 31)
    return bad(`strconv.ParseInt: parsing ${shown}: value out of range`);
  if (spec.type !== 'duration' || goDurationMs(value) !== undefined) return undefined;
  return bad(durationFault(value));
}

/** Go's strconv.ParseUint with base 0 (`0x`, `0b`, `0o`, a leading 0 for octal, `_` between digits), or what is wrong. */
export function parseUint(text: string, bits: number): bigint | 'invalid syntax' | 'value out of range' {
  const match =
    /^(?:0[xX]_?(?<x>[\da-fA-F]+(?:_[\da-fA-F]+)*)|0[bB]_?(?<b>[01]+(?:_[01]+)*)|0[oO]?_?(?<o>[0-7]+(?:_[0-7]+)*)|(?<d>0|[1-9]\d*(?:_\d+)*))$/.exec(
      text,
    );
  const [base, digits] = Object.entries(match?.groups ?? {}).find(([, found]) => found !== undefined) ?? [];
  if (base === undefined || digits === undefined) return 'invalid syntax';
  const number = BigInt(`${base === 'd' ? '' : `0${base}`}${digits.replaceAll('_', '')}`);
  return number < 2n ** BigInt(bits) ? number : 'value out of range';
}

/** Splits a list as encoding/csv does: commas part items, quotes hold commas. */
export function parseList(text: string): { readonly items: readonly string[] } | { readonly error: string } {
  const items: string[] = [];
  const bad = (column: number, what: string): { readonly error: string } => ({
    error: `parse error on line 1, column ${column}: ${what}`,
  });
  for (let at = 0; text !== ''; ) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const item = text.slice(at, comma < 0 ? text.length : comma);
      if (item.includes('"')) return bad(at + item.indexOf('"') + 1, 'bare " in non-quoted field');
      items.push(item);
      if (comma < 0) break;
      at = comma + 1;
      continue;
    }
    const item = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    if (!item) return bad(text.length + 1, 'extraneous or missing " in quoted-field');
    items.push((item[1] ?? '').replaceAll('""', '"'));
    at += item[0].length;
    if (at === text.length) break;
    if (text[at] !== ',') return bad(at, 'extraneous or missing " in quoted-field');
    at++;
  }
  return { items };
}

/** True for the texts that pflag reads as true. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|t|true)$/i.test(value);
}

function shownAs(spec: FlagSpec): string {
  return spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
}

/** The error of a value that a flag does not take. */
export function invalidArgument(use: FlagUse, reason: string): string {
  return `invalid argument ${quoteGo(use.value)} for "${use.shown}" flag: ${reason}`;
}

const FILTER_VALUES =
  'cel-expression cluster drop-reason-desc fqdn from-cluster from-fqdn from-identity from-ip from-label from-namespace from-pod from-port from-service from-workload http-header http-method http-path http-status http-url identity interface ip ip-trace-id ip-version label:l namespace:n node-label node-name pod port protocol service snat-ip tcp-flags to-cluster to-fqdn to-identity to-ip to-label to-namespace to-pod to-port to-service to-workload trace-id traffic-direction type:t uuid verdict workload';
const FILTER_SWITCHES =
  'all-namespaces:A encrypted from-all-namespaces not not-reply reply to-all-namespaces unencrypted';

function named(text: string, kind: FlagSpec['kind'], implied?: string): FlagSpec[] {
  return text.split(' ').map((item) => {
    const [name = '', short] = item.split(':');
    return {
      name,
      kind,
      ...(short === undefined ? {} : { short }),
      ...(implied === undefined ? {} : { implied }),
    };
  });
}

function typed(text: string, type: string): FlagSpec[] {
  return named(text, 'value').map((spec) => ({ ...spec, type }));
}

/** Flags of every command. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  ...typed('config', 'string'),
  ...named('debug:D help:h', 'bool'),
];

/** Flags of every command that talks to a server. */
export const SERVER_FLAGS: readonly FlagSpec[] = [
  ...typed('basic-auth-password basic-auth-username kube-context kube-namespace kubeconfig', 'string'),
  ...named('port-forward:P', 'bool'),
  ...typed('port-forward-port', 'uint16'),
  ...typed('request-timeout', 'duration'),
  ...typed('server', 'string'),
  ...typed('timeout', 'duration'),
  ...named('tls tls-allow-insecure', 'bool'),
  ...typed('tls-ca-cert-files', 'strings'),
  ...typed('tls-client-cert-file tls-client-key-file tls-server-name', 'string'),
  ...GLOBAL_FLAGS,
];

/** Flags that select events, of every kind of event. */
export const SELECTOR_FLAGS: readonly FlagSpec[] = [
  ...named('all', 'bool'),
  ...typed('first', 'uint'),
  ...named('follow:f', 'bool'),
  ...typed('last', 'uint'),
  ...typed('since until', 'string'),
];

const FORMATTING_FLAGS: readonly FlagSpec[] = [
  ...typed('output:o', 'string'),
  ...named('print-node-name', 'bool'),
  ...typed('time-format', 'string'),
];

/** Flags of `hubble observe agent-events` and `debug-events`. */
export const EVENT_FLAGS: readonly FlagSpec[] = [...SELECTOR_FLAGS, ...FORMATTING_FLAGS, ...SERVER_FLAGS];

/** Filters of `hubble observe`. */
export const FILTER_FLAGS: readonly FlagSpec[] = [
  ...named(FILTER_VALUES, 'filter'),
  ...named(FILTER_SWITCHES, 'filter', 'true'),
  { name: 'ipv4', short: '4', kind: 'filter', implied: 'v4' },
  { name: 'ipv6', short: '6', kind: 'filter', implied: 'v6' },
].map((spec) => ({ ...spec, type: 'filter' })) as readonly FlagSpec[];

/** Filters as JSON. */
export const RAW_FILTER_FLAGS: readonly FlagSpec[] = typed('allowlist denylist', 'stringArray');

/** Flags of the printer, those of flows only included. */
export const FLOW_FORMAT_FLAGS: readonly FlagSpec[] = [
  ...FORMATTING_FLAGS,
  ...named('print-policy-names ip-translation numeric', 'bool'),
  ...typed('color', 'string'),
];

/** What is left. */
export const OTHER_FLAGS: readonly FlagSpec[] = [
  ...typed('field-mask', 'strings'),
  ...typed('input-file', 'string'),
  ...named('print-raw-filters silent-errors:s use-default-field-masks', 'bool'),
];

/** Flags of `hubble observe`. */
export const OBSERVE_FLAGS: readonly FlagSpec[] = [
  ...SELECTOR_FLAGS,
  ...FILTER_FLAGS,
  ...RAW_FILTER_FLAGS,
  ...FLOW_FORMAT_FLAGS,
  ...OTHER_FLAGS,
  ...SERVER_FLAGS,
];
