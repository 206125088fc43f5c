import type { FlowFilter, TcpFlags } from '../../hubble/flow.ts';
import { DROP_REASON_NAMES, RESERVED, TRACE_POINTS } from '../../hubble/tables.ts';
import { type FlagUse, invalidArgument, parseUint } from './flags.ts';

/** The filters of a command line. */
export type FilterLists = {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
};

/** Verdicts by name, as the API knows them. */
export const VERDICTS: readonly string[] = [
  'VERDICT_UNKNOWN',
  'FORWARDED',
  'DROPPED',
  'AUDIT',
  'REDIRECTED',
  'ERROR',
  'TRACED',
  'TRANSLATED',
];

/** Kinds of events by name (hubble/cmd/observe: agent and debug belong to other commands but parse). */
const EVENT_TYPES = new Map([
  ['drop', 1],
  ['debug', 2],
  ['capture', 3],
  ['trace', 4],
  ['policy-verdict', 5],
  ['trace-sock', 7],
  ['l7', 129],
  ['agent', 130],
]);

/** Pairs that cannot stand together, by group (hubble/cmd/observe/flows_filter.go). */
const CONFLICTS: readonly (readonly string[])[] = [
  'from-fqdn from-ip ip fqdn from-namespace namespace from-all-namespaces all-namespaces',
  'from-fqdn from-ip ip fqdn from-pod pod',
  'to-fqdn to-ip ip fqdn to-namespace namespace to-all-namespaces all-namespaces',
  'to-fqdn to-ip ip fqdn to-pod pod',
  'to-pod namespace all-namespaces',
  'from-pod namespace all-namespaces',
  'to-service namespace all-namespaces',
  'from-service namespace all-namespaces',
  ...['label', 'service', 'port', 'identity', 'workload'].flatMap((name) => [
    `${name} from-${name}`,
    `${name} to-${name}`,
  ]),
  'encrypted unencrypted',
  'reply not-reply',
].map((group) => group.split(' '));

/** Members of the JSON form in the order of flow.proto, which is how raw filters are printed. */
const MEMBERS: readonly (keyof FlowFilter)[] =
  'uuid source_ip source_ip_xlated source_pod source_fqdn source_label source_service source_workload source_cluster_name destination_ip destination_pod destination_fqdn destination_label destination_service destination_workload destination_cluster_name traffic_direction verdict drop_reason_desc interface event_type http_status_code protocol source_port destination_port reply dns_query source_identity destination_identity http_method http_path http_url http_header tcp_flags node_name node_labels ip_version trace_id ip_trace_id encrypted experimental'.split(
    ' ',
  ) as (keyof FlowFilter)[];

/** Names of a filter's members. */
export const FILTER_MEMBERS: ReadonlySet<string> = new Set(MEMBERS);

/** One list under way, as the CLI gathers it: the request is `left OR right`; namespaces come in at the end. */
class Side {
  readonly seen: string[] = [];
  readonly left = new Map<string, unknown[]>();
  readonly right = new Map<string, unknown[]>();
  readonly namespaces: Readonly<Record<'any' | 'from' | 'to', string[]>> = { any: [], from: [], to: [] };

  filters(): readonly FlowFilter[] {
    const { left, right, namespaces } = this;
    for (const filter of [left, right]) inNamespaces(filter, 'destination', namespaces.to);
    for (const filter of [left, right]) inNamespaces(filter, 'source', namespaces.from);
    inNamespaces(left, 'source', namespaces.any);
    inNamespaces(right, 'destination', namespaces.any);
    if (left.size === 0 && right.size === 0) return [];
    const [one, other] = [ordered(left), ordered(right)];
    return JSON.stringify(one) === JSON.stringify(other) ? [one] : [one, other];
  }
}

/** Puts the names of one end into namespaces; without names, all pods there are meant. */
function inNamespaces(
  filter: Map<string, unknown[]>,
  end: 'source' | 'destination',
  namespaces: readonly string[],
): void {
  if (namespaces.length === 0) return;
  if (!filter.has(`${end}_pod`) && !filter.has(`${end}_service`)) filter.set(`${end}_pod`, ['']);
  for (const key of [`${end}_pod`, `${end}_service`]) {
    const names = filter.get(key) as readonly string[] | undefined;
    if (!names) continue;
    filter.set(
      key,
      names.flatMap((name) =>
        name.includes('/') ? [name] : namespaces.map((namespace) => `${namespace}/${name}`),
      ),
    );
  }
}

function push(map: Map<string, unknown[]>, key: string, values: readonly unknown[]): void {
  map.set(key, [...(map.get(key) ?? []), ...values]);
}

function ordered(map: ReadonlyMap<string, unknown[]>): FlowFilter {
  const entries = MEMBERS.flatMap((name) => {
    const value = map.get(name);
    return value === undefined
      ? []
      : [[name, name === 'experimental' ? { cel_expression: value } : value] as const];
  });
  return Object.fromEntries(entries) as FlowFilter;
}

/** Gathers filter flags in the order of the line. */
export class FilterReader {
  readonly #sides = { white: new Side(), black: new Side() };
  readonly #isLenient: boolean;
  #isNegated = false;
  #note: string | undefined;

  /** `isLenient` accepts a namespace beside a name (engine/README.md, decisions). */
  constructor(options: { readonly isLenient: boolean }) {
    this.#isLenient = options.isLenient;
  }

  /** What a lenient reader has to say about filters that the real CLI refuses to combine. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Takes one flag; returns the CLI's error about it. */
  accept(use: FlagUse): string | undefined {
    if (use.name === 'not') {
      if (this.#isNegated) return invalidArgument(use, 'consecutive --not statements');
      this.#isNegated = true;
      return undefined;
    }
    const side = this.#isNegated ? this.#sides.black : this.#sides.white;
    this.#isNegated = false;
    if (!side.seen.includes(use.name)) side.seen.push(use.name);
    const problem = this.#conflict(side) ?? apply(side, use) ?? namespaceProblem(side);
    return problem === undefined ? undefined : invalidArgument(use, problem);
  }

  /** The lists, or what is wrong with the line as a whole. */
  lists(): FilterLists | { readonly error: string } {
    if (this.#isNegated) return { error: 'trailing --not found in the arguments' };
    return { whitelist: this.#sides.white.filters(), blacklist: this.#sides.black.filters() };
  }

  #conflict(side: Side): string | undefined {
    const pair = conflictOf(side, this.#isLenient);
    if (pair) return `filters --${pair[0]} and --${pair[1]} cannot be combined`;
    const name = ['from-fqdn', 'to-fqdn'].find((flag) => side.seen.includes(flag));
    if (name === undefined || !side.seen.includes('namespace')) return undefined;
    const instead = name === 'to-fqdn' ? '--from-namespace' : '--to-namespace';
    this.#note = `note: real hubble 1.20 refuses --${name} together with --namespace; type ${instead} there. Here both must match.`;
    return undefined;
  }
}

/** The first two flags of a group that stand together, in the group's order (flows_filter.go, checkConflict). */
function conflictOf(side: Side, isLenient: boolean): readonly [string, string] | undefined {
  for (const group of CONFLICTS) {
    const found = group.filter((name) => side.seen.includes(name));
    const [first, second] = found;
    if (first === undefined || second === undefined) continue;
    const isExcused =
      isLenient && found.length === 2 && /^(from|to)-fqdn$/.test(first) && second === 'namespace';
    if (!isExcused) return [first, second];
  }
  return undefined;
}

/** Names that contradict the namespaces of the line (checkNamespaceConflicts): the left filter's first. */
function namespaceProblem(side: Side): string | undefined {
  for (const filter of [side.left, side.right]) {
    const names = (key: string): readonly string[] => (filter.get(key) ?? []) as readonly string[];
    const ends = [
      [side.namespaces.any, 'source'],
      [side.namespaces.any, 'destination'],
      [side.namespaces.from, 'source'],
      [side.namespaces.to, 'destination'],
    ] as const;
    const problems = ends.flatMap(([namespaces, end]) =>
      [`${end}_pod`, `${end}_service`].flatMap((key) => outsideOf(namespaces, names(key))),
    );
    for (const end of ['source', 'destination'])
      problems.push(...mixed(names(`${end}_pod`), names(`${end}_service`)));
    if (problems.length > 0) return problems.join('\n');
  }
  return undefined;
}

function namespaceOf(name: string): string {
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
}

function outsideOf(namespaces: readonly string[], names: readonly string[]): readonly string[] {
  for (const namespace of namespaces)
    for (const name of names)
      if (namespaceOf(name) !== '' && namespaceOf(name) !== namespace)
        return [`namespace conflict: ${JSON.stringify(namespace)} does not contain ${JSON.stringify(name)}`];
  return [];
}

function mixed(pods: readonly string[], services: readonly string[]): readonly string[] {
  for (const pod of pods)
    for (const service of services)
      if (namespaceOf(pod) !== '' && namespaceOf(pod) !== namespaceOf(service))
        return [
          `namespace of service ${JSON.stringify(service)} conflict with pod ${JSON.stringify(namespaceOf(pod))}`,
        ];
  return [];
}

/** Adds one flag; returns what is wrong with its value. */
function apply(side: Side, use: FlagUse): string | undefined {
  const { value } = use;
  const scoped =
    /^(?:(from|to)-)?(pod|service|namespace|all-namespaces|label|ip|fqdn|port|identity|workload|cluster)$/.exec(
      use.name,
    );
  if (scoped)
    return applyScoped(side, {
      scope: (scoped[1] ?? 'any') as 'any' | 'from' | 'to',
      kind: scoped[2] ?? '',
      value,
    });
  const common = (key: keyof FlowFilter, item: unknown): undefined => {
    push(side.left, key, [item]);
    push(side.right, key, [item]);
    return undefined;
  };
  switch (use.name) {
    case 'verdict':
      return VERDICTS.includes(value) ? common('verdict', value) : `invalid --verdict value: ${value}`;
    case 'drop-reason-desc':
      if (value === '') return 'empty --drop-reason-desc value';
      return DROP_REASON_NAMES.has(value)
        ? common('drop_reason_desc', value)
        : `invalid --drop-reason-desc value: ${value}`;
    case 'type':
      return applyType(side, value);
    case 'tcp-flags':
      return applyTcpFlags(side, value);
    case 'traffic-direction':
      return /^(ingress|egress)$/i.test(value)
        ? common('traffic_direction', value.toUpperCase())
        : `${value.toLowerCase()}: invalid traffic direction, expected ingress or egress`;
    case 'ipv4':
      return common('ip_version', 'IPv4');
    case 'ipv6':
      return common('ip_version', 'IPv6');
    case 'ip-version': {
      const version = /^(?:v|ipv|ip)?([46])$/i.exec(value)?.[1];
      return common('ip_version', version === undefined ? 'IP_NOT_USED' : `IPv${version}`);
    }
    case 'http-header': {
      const colon = value.indexOf(':');
      return colon < 0
        ? `invalid http-header value ${JSON.stringify(value)}, expected name:value`
        : common('http_header', filled({ key: value.slice(0, colon), value: value.slice(colon + 1) }));
    }
    case 'ip-trace-id':
      if (value === '0') return 'invalid --ip-trace-id value; must be greater than 0';
      if (/^\d+$/.test(value) && BigInt(value) < 2n ** 64n)
        return common('ip_trace_id', String(BigInt(value)));
      return `invalid --ip-trace-id value: strconv.ParseUint: parsing ${JSON.stringify(value)}: ${/^\d+$/.test(value) ? 'value out of range' : 'invalid syntax'}`;
    case 'interface':
      return common('interface', filled({ name: value }));
    case 'reply':
    case 'not-reply':
      return common('reply', use.name === 'reply');
    case 'encrypted':
    case 'unencrypted':
      return common('encrypted', use.name === 'encrypted');
    case 'cel-expression':
      return common('experimental', value);
    default:
      return common(PLAIN.get(use.name) ?? 'uuid', value);
  }
}

const PLAIN = new Map<string, keyof FlowFilter>([
  ['protocol', 'protocol'],
  ['snat-ip', 'source_ip_xlated'],
  ['http-status', 'http_status_code'],
  ['http-method', 'http_method'],
  ['http-path', 'http_path'],
  ['http-url', 'http_url'],
  ['node-name', 'node_name'],
  ['node-label', 'node_labels'],
  ['trace-id', 'trace_id'],
  ['uuid', 'uuid'],
]);

function applyScoped(
  side: Side,
  what: { readonly scope: 'any' | 'from' | 'to'; readonly kind: string; readonly value: string },
): string | undefined {
  const { scope, kind, value } = what;
  if (kind === 'namespace' || kind === 'all-namespaces') {
    side.namespaces[scope].push(kind === 'namespace' ? value : '');
    return undefined;
  }
  const item = itemOf(kind, value);
  if (item === undefined)
    return `invalid security identity, expected one of [${RESERVED.slice(1).join(' ')}] or a numeric value`;
  const key = kind === 'cluster' ? 'cluster_name' : kind;
  if (scope !== 'to') push(side.left, `source_${key}`, [item]);
  if (scope === 'from') push(side.right, `source_${key}`, [item]);
  if (scope === 'to') push(side.left, `destination_${key}`, [item]);
  if (scope !== 'from') push(side.right, `destination_${key}`, [item]);
  return undefined;
}

/** An object without its empty texts, as JSON of a .proto leaves them out. */
function filled<T extends Readonly<Record<string, string>>>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, text]) => text !== '')) as Partial<T>;
}

function itemOf(kind: string, value: string): unknown {
  if (kind === 'identity') {
    const reserved = RESERVED.indexOf(value);
    if (reserved > 0) return reserved;
    const number = parseUint(value, 32);
    return typeof number === 'string' ? undefined : Number(number);
  }
  if (kind !== 'workload') return value;
  const slash = value.indexOf('/');
  return filled({ name: value.slice(slash + 1), kind: value.slice(0, Math.max(slash, 0)) });
}

/** Sub-types of agent events as the CLI takes them. */
const AGENT_EVENTS = [
  'unspecified',
  'message',
  'agent-started',
  'endpoint-regenerate-success',
  'endpoint-regenerate-failure',
  'policy-updated',
  'policy-deleted',
  'endpoint-created',
  'endpoint-deleted',
  'ipcache-upserted',
  'ipcache-deleted',
];

function applyType(side: Side, value: string): string | undefined {
  const colon = value.indexOf(':');
  const name = colon < 0 ? value : value.slice(0, colon);
  const sub = colon < 0 ? undefined : value.slice(colon + 1);
  const unparsable = (text: string): string =>
    `unable to parse as numeric value: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${/^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`;
  const number32 = EVENT_TYPES.get(name) ?? numberOf(name);
  // An int32 of the .proto.
  const type = number32 === undefined ? undefined : number32 | 0;
  if (type === undefined)
    return `unable to parse type '${name}', not a known type name and ${unparsable(name)}`;
  const filters = [side.left, side.right];
  if (sub === undefined) {
    for (const filter of filters) push(filter, 'event_type', [type === 0 ? {} : { type }]);
    return undefined;
  }
  // Only names of types, not their numbers, know the names of their points.
  const points = name === 'trace' ? TRACE_POINTS : name === 'agent' ? AGENT_EVENTS : [];
  const point = points.indexOf(sub);
  const number = point >= 0 ? point : numberOf(sub);
  if (number === undefined)
    return `unable to parse event sub-type '${sub}', not a known sub-type name and ${unparsable(sub)}`;
  const item = {
    ...(type === 0 ? {} : { type }),
    match_sub_type: true,
    ...(number === 0 ? {} : { sub_type: number | 0 }),
  };
  for (const filter of filters) push(filter, 'event_type', [item]);
  return undefined;
}

function numberOf(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : undefined;
}

const FLAG_NAMES: readonly (keyof TcpFlags)[] = [
  'FIN',
  'SYN',
  'RST',
  'PSH',
  'ACK',
  'URG',
  'ECE',
  'CWR',
  'NS',
];

function applyTcpFlags(side: Side, value: string): string | undefined {
  const words = value.split(',');
  const isFlag = (word: string): boolean => FLAG_NAMES.includes(word.toUpperCase() as keyof TcpFlags);
  const unknown = words.find((word) => !isFlag(word));
  if (unknown !== undefined) return `unknown tcp flag: ${unknown}`;
  const wanted = new Set(words.map((word) => word.toUpperCase()));
  const item = Object.fromEntries(FLAG_NAMES.filter((name) => wanted.has(name)).map((name) => [name, true]));
  push(side.left, 'tcp_flags', [item]);
  push(side.right, 'tcp_flags', [item]);
  return undefined;
}

/** The YAML of `--print-raw-filters`. */
export function rawFilters(lists: FilterLists): string {
  const block = (name: string, filters: readonly FlowFilter[]): string => {
    if (filters.length === 0) return '';
    const lines = filters.map(
      (filter) =>
        `    - '${JSON.stringify(filter).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll("'", "''")}'\n`,
    );
    return `${name}:\n${lines.join('')}`;
  };
  const text = block('allowlist', lists.whitelist) + block('denylist', lists.blacklist);
  return text === '' ? '{}\n' : text;
}
