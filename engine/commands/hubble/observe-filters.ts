import type { FlowFilter, TcpFlags } from '../../hubble/flow.ts';
import { DROP_REASON_NAMES, RESERVED, TRACE_POINTS } from '../../hubble/tables.ts';
import { type FlagUse, invalidArgument } from './flags.ts';

/** The filters of a command line. */
export type FilterLists = {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
};

const VERDICTS = ['FORWARDED', 'DROPPED', 'AUDIT', 'REDIRECTED', 'ERROR', 'TRACED', 'TRANSLATED'];

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
  ...['label', 'service', 'port', 'identity', 'workload', 'cluster'].flatMap((name) => [
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

type Names = { readonly namespaces: string[]; readonly pods: string[]; readonly services: string[] };

/** One list under way: what every filter has, and what only the source's or the destination's has. */
class Side {
  readonly seen: string[] = [];
  readonly common = new Map<string, unknown[]>();
  readonly either = new Map<string, unknown[]>();
  readonly names: Readonly<Record<'any' | 'from' | 'to', Names>> = {
    any: noNames(),
    from: noNames(),
    to: noNames(),
  };

  filters(): readonly FlowFilter[] {
    const source = new Map(this.common);
    const destination = new Map(this.common);
    for (const [key, list] of this.either) {
      push(source, `source_${key}`, list);
      push(destination, `destination_${key}`, list);
    }
    for (const [scope, names] of Object.entries(this.names) as ['any' | 'from' | 'to', Names][]) {
      for (const kind of ['pod', 'service'] as const) {
        const list = qualified(names, kind);
        if (list.length === 0) continue;
        if (scope !== 'to') push(source, `source_${kind}`, list);
        if (scope === 'any') push(destination, `destination_${kind}`, list);
        if (scope === 'from') push(destination, `source_${kind}`, list);
        if (scope === 'to')
          for (const filter of [source, destination]) push(filter, `destination_${kind}`, list);
      }
    }
    const isTwo = this.either.size > 0 || Object.values(this.names.any).some((list) => list.length > 0);
    if (source.size === 0) return [];
    return (isTwo ? [source, destination] : [source]).map(ordered);
  }
}

function noNames(): Names {
  return { namespaces: [], pods: [], services: [] };
}

/** Names with their namespaces: a namespace alone stands for its pods. */
function qualified(names: Names, kind: 'pod' | 'service'): readonly string[] {
  const own = kind === 'pod' ? names.pods : names.services;
  if (names.namespaces.length === 0) return own;
  if (own.length === 0)
    return kind === 'pod' && names.services.length === 0
      ? names.namespaces.map((namespace) => `${namespace}/`)
      : [];
  return own.flatMap((name) =>
    name.includes('/') ? [name] : names.namespaces.map((namespace) => `${namespace}/${name}`),
  );
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

/** Turns filter flags into lists, in the order of the line; the error is the CLI's. */
export function filtersOf(uses: readonly FlagUse[]): FilterLists | { readonly error: string } {
  const sides = { white: new Side(), black: new Side() };
  let isNegated = false;
  for (const use of uses) {
    if (use.name === 'not') {
      if (isNegated) return { error: invalidArgument(use, 'consecutive --not statements') };
      isNegated = true;
      continue;
    }
    const side = isNegated ? sides.black : sides.white;
    isNegated = false;
    const problem = conflictOf(side, use.name) ?? apply(side, use);
    if (problem !== undefined) return { error: invalidArgument(use, problem) };
    if (!side.seen.includes(use.name)) side.seen.push(use.name);
  }
  if (isNegated) return { error: 'trailing --not found in the arguments' };
  return { whitelist: sides.white.filters(), blacklist: sides.black.filters() };
}

function conflictOf(side: Side, name: string): string | undefined {
  for (const group of CONFLICTS) {
    if (!group.includes(name)) continue;
    const other = side.seen.find((seen) => seen !== name && group.includes(seen) && !isPair(seen, name));
    if (other !== undefined) return `filters --${other} and --${name} cannot be combined`;
  }
  return undefined;
}

/** A name and its namespace belong together, whatever group they share with others. */
function isPair(a: string, b: string): boolean {
  const scopeOf = (name: string): string => /^(from|to)-/.exec(name)?.[1] ?? '';
  const kindOf = (name: string): string => name.replace(/^(from|to)-/, '');
  return (
    scopeOf(a) === scopeOf(b) &&
    ['pod', 'service'].includes(kindOf(a)) !== ['pod', 'service'].includes(kindOf(b)) &&
    [a, b].some((name) => kindOf(name) === 'namespace')
  );
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
    push(side.common, key, [item]);
    return undefined;
  };
  switch (use.name) {
    case 'verdict':
      return VERDICTS.includes(value) ? common('verdict', value) : `invalid --verdict value: ${value}`;
    case 'drop-reason-desc':
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
        : `${value}: invalid traffic direction, expected ingress or egress`;
    case 'ip-version':
    case 'ipv4':
    case 'ipv6':
      return /^v?[46]$/i.test(value)
        ? common('ip_version', `IPv${value.slice(-1)}`)
        : `${value}: invalid IP version, expected 4, 6, v4 or v6`;
    case 'http-header': {
      const colon = value.indexOf(':');
      return colon < 0
        ? `invalid http-header value ${JSON.stringify(value)}, expected name:value`
        : common('http_header', { key: value.slice(0, colon), value: value.slice(colon + 1) });
    }
    case 'ip-trace-id':
      return /^[1-9]\d*$/.test(value)
        ? common('ip_trace_id', value)
        : 'invalid --ip-trace-id value; must be greater than 0';
    case 'interface':
      return common('interface', { name: value });
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
  const names = side.names[scope];
  if (kind === 'namespace' || kind === 'all-namespaces') {
    const namespace = kind === 'namespace' ? value : '';
    names.namespaces.push(namespace);
    return undefined;
  }
  if (kind === 'pod' || kind === 'service') {
    const conflict =
      names.namespaces.length > 0 &&
      value.includes('/') &&
      !names.namespaces.some((namespace) => value.startsWith(`${namespace}/`));
    if (conflict)
      return `namespace conflict: ${names.namespaces.map((namespace) => JSON.stringify(namespace)).join(', ')} does not contain ${JSON.stringify(value)}`;
    (kind === 'pod' ? names.pods : names.services).push(value);
    return undefined;
  }
  const item = itemOf(kind, value);
  if (item === undefined)
    return `invalid security identity, expected one of [${RESERVED.slice(1).join(' ')}] or a numeric value`;
  const key = kind === 'cluster' ? 'cluster_name' : kind;
  if (scope === 'any') push(side.either, key, [item]);
  else push(side.common, `${scope === 'from' ? 'source' : 'destination'}_${key}`, [item]);
  return undefined;
}

function itemOf(kind: string, value: string): unknown {
  if (kind === 'identity') {
    const reserved = RESERVED.indexOf(value);
    if (reserved > 0) return reserved;
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : Number.NaN;
    return number <= 0xffffffff ? number : undefined;
  }
  if (kind !== 'workload') return value;
  const slash = value.indexOf('/');
  if (slash < 0) return { name: value };
  return {
    ...(slash + 1 < value.length ? { name: value.slice(slash + 1) } : {}),
    kind: value.slice(0, slash),
  };
}

function applyType(side: Side, value: string): string | undefined {
  const [name = '', sub] = value.split(':');
  const type = EVENT_TYPES.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (type === undefined)
    return `unable to parse type '${name}', not a known type name and unable to parse as numeric value: strconv.ParseUint: parsing ${JSON.stringify(name)}: invalid syntax`;
  if (sub === undefined) {
    push(side.common, 'event_type', [{ type }]);
    return undefined;
  }
  const point = type === 4 ? TRACE_POINTS.indexOf(sub) : -1;
  const number = point >= 0 ? point : /^\d+$/.test(sub) ? Number(sub) : undefined;
  if (number === undefined)
    return `unable to parse event sub-type '${sub}', not a known sub-type name and unable to parse as numeric value: strconv.ParseUint: parsing ${JSON.stringify(sub)}: invalid syntax`;
  push(side.common, 'event_type', [
    { type, match_sub_type: true, ...(number === 0 ? {} : { sub_type: number }) },
  ]);
  return undefined;
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
  const words = value.split(',').map((word) => word.toUpperCase());
  const unknown = words.find((word) => !FLAG_NAMES.includes(word as keyof TcpFlags));
  if (unknown !== undefined) return `unknown tcp flag: ${unknown}`;
  push(side.common, 'tcp_flags', [
    Object.fromEntries(FLAG_NAMES.filter((name) => words.includes(name)).map((name) => [name, true])),
  ]);
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
