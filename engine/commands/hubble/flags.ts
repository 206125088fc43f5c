/** One flag of a command. `filter` values are handed on in order; a flag with `implied` may stand without a value. */
export type FlagSpec = {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'bool' | 'value' | 'filter';
  readonly implied?: string;
};

/** A flag as it stood on the line. `shown` is how errors name it. */
export type FlagUse = { readonly name: string; readonly value: string; readonly shown: string };

/** What was read, or the error in cobra's words. */
export type ParsedFlags =
  | { readonly uses: readonly FlagUse[]; readonly rest: readonly string[] }
  | { readonly error: string };

/** Reads words as pflag does: `--a b`, `--a=b`, `-a b`, `-ab`, `--` ends flags. */
export function parseFlags(words: readonly string[], specs: readonly FlagSpec[]): ParsedFlags {
  const uses: FlagUse[] = [];
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') return { uses, rest: [...rest, ...words.slice(i + 1)] };
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const result = word.startsWith('--')
      ? long(word, words[i + 1], specs)
      : shorts(word, words[i + 1], specs);
    if ('error' in result) return result;
    uses.push(...result.uses);
    if (result.tookNext) i++;
  }
  return { uses, rest };
}

type Taken = { readonly uses: readonly FlagUse[]; readonly tookNext: boolean } | { readonly error: string };

function long(word: string, next: string | undefined, specs: readonly FlagSpec[]): Taken {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const spec = specs.find((item) => item.name === name);
  if (!spec) return { error: `unknown flag: --${name}` };
  if (equals >= 0) return taken(spec, word.slice(equals + 1), false);
  const implied = spec.kind === 'bool' ? 'true' : spec.implied;
  if (implied !== undefined) return taken(spec, implied, false);
  return next === undefined ? { error: `flag needs an argument: --${name}` } : taken(spec, next, true);
}

function shorts(word: string, next: string | undefined, specs: readonly FlagSpec[]): Taken {
  const uses: FlagUse[] = [];
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] ?? '';
    const spec = specs.find((item) => item.short === letter);
    if (!spec) return { error: `unknown shorthand flag: '${letter}' in ${word}` };
    const after = word.slice(i + 1);
    const implied = spec.kind === 'bool' ? 'true' : spec.implied;
    if (after.startsWith('=')) return withUses(uses, taken(spec, after.slice(1), false));
    if (implied !== undefined) {
      uses.push({ name: spec.name, value: implied, shown: shownAs(spec) });
      continue;
    }
    if (after !== '') return withUses(uses, taken(spec, after, false));
    return next === undefined
      ? { error: `flag needs an argument: '${letter}' in ${word}` }
      : withUses(uses, taken(spec, next, true));
  }
  return { uses, tookNext: false };
}

function withUses(before: readonly FlagUse[], result: Taken): Taken {
  return 'error' in result ? result : { uses: [...before, ...result.uses], tookNext: result.tookNext };
}

function taken(spec: FlagSpec, value: string, tookNext: boolean): Taken {
  return { uses: [{ name: spec.name, value, shown: shownAs(spec) }], tookNext };
}

function shownAs(spec: FlagSpec): string {
  return spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
}

/** The error of a value that a flag does not take. */
export function invalidArgument(use: FlagUse, reason: string): string {
  return `invalid argument ${JSON.stringify(use.value)} for "${use.shown}" flag: ${reason}`;
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

/** Flags of every command that talks to a server. */
export const SERVER_FLAGS: readonly FlagSpec[] = [
  ...named(
    'basic-auth-password basic-auth-username kube-context kube-namespace kubeconfig port-forward-port request-timeout server timeout tls-ca-cert-files tls-client-cert-file tls-client-key-file tls-server-name config',
    'value',
  ),
  ...named('port-forward:P tls tls-allow-insecure debug:D help:h', 'bool'),
];

/** Flags of `hubble observe`. */
export const OBSERVE_FLAGS: readonly FlagSpec[] = [
  ...named(FILTER_VALUES, 'filter'),
  ...named(FILTER_SWITCHES, 'filter', 'true'),
  { name: 'ipv4', short: '4', kind: 'filter', implied: 'v4' },
  { name: 'ipv6', short: '6', kind: 'filter', implied: 'v6' },
  ...named(
    'first last since until allowlist denylist output:o time-format color field-mask input-file',
    'value',
  ),
  ...named(
    'all follow:f print-node-name print-policy-names ip-translation numeric print-raw-filters silent-errors:s use-default-field-masks',
    'bool',
  ),
  ...SERVER_FLAGS,
];
