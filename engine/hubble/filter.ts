import { parseAddress } from '../net/address.ts';
import { type Cidr, cidrContains, parseCidr } from '../net/cidr.ts';
import type { Flow, FlowFilter, TcpFlags } from './flow.ts';
import { Expression } from '../base/expression.ts';
import { compileCelFilter } from './cel-port.ts';
import { FilterError } from './filter-error.ts';
import { labelSelector } from './label-filter.ts';

/** Hears of expressions that go wrong over a flow. */
type Report = (fault: string) => void;

/** Decides about one flow. */
export type FlowTest = (flow: Flow) => boolean;

/**
 * Builds the test of a request: a flow passes when some whitelist filter matches (or there is none) and no blacklist
 * filter does (pkg/hubble/filters of Cilium 1.20.2). `report` hears of CEL expressions that go wrong over a flow.
 * @throws FilterError
 */
export function buildFilters(
  lists: { readonly whitelist: readonly FlowFilter[]; readonly blacklist: readonly FlowFilter[] },
  report?: Report,
): FlowTest {
  const allow = lists.whitelist.map((filter) => buildFilter(filter, report));
  const deny = lists.blacklist.map((filter) => buildFilter(filter, report));
  return (flow) =>
    (allow.length === 0 || allow.some((test) => test(flow))) && !deny.some((test) => test(flow));
}

/** Builds one filter: all members must match. @throws FilterError */
function buildFilter(filter: FlowFilter, report?: Report): FlowTest {
  const tests: FlowTest[] = [];
  const add = <T>(values: readonly T[] | undefined, make: (values: readonly T[]) => FlowTest): void => {
    if (values && values.length > 0) tests.push(make(values));
  };
  addKinds(filter, add);
  addIdentities(filter, add);
  add(filter.protocol, protocolTest);
  addAddresses(filter, add);
  addEndpoints(filter, add);
  add(filter.source_port, (list) => portTest('source', list));
  add(filter.destination_port, (list) => portTest('destination', list));
  addHttp(filter, add);
  add(filter.dns_query, (list) => {
    const patterns = list.map((text) => expression(text, 'dns query'));
    return (flow) =>
      patterns.some((pattern) => flow.l7?.dns !== undefined && pattern.finds(flow.l7.dns.query ?? ''));
  });
  add(filter.tcp_flags, (list) => (flow) => list.some((wanted) => hasFlags(flow.l4?.TCP?.flags, wanted)));
  addPlaces(filter, add, report);
  return (flow) => tests.every((test) => test(flow));
}

/** What an event is: its uuid, kind, verdict, reason and direction in conntrack. */
function addKinds(filter: FlowFilter, add: Add): void {
  add(filter.uuid, (list) => (flow) => list.includes(flow.uuid ?? ''));
  add(
    filter.event_type,
    (list) => (flow) =>
      list.some(
        (item) =>
          flow.event_type !== undefined &&
          ((item.type ?? 0) === 0 || item.type === (flow.event_type.type ?? 0)) &&
          (item.match_sub_type !== true || (item.sub_type ?? 0) === (flow.event_type.sub_type ?? 0)),
      ),
  );
  add(filter.verdict, (list) => (flow) => list.includes(flow.verdict ?? 'VERDICT_UNKNOWN'));
  add(
    filter.drop_reason_desc,
    (list) => (flow) =>
      flow.verdict === 'DROPPED' && list.includes(flow.drop_reason_desc ?? 'DROP_REASON_UNKNOWN'),
  );
  add(
    filter.reply,
    (list) => (flow) =>
      list.some((wanted) =>
        flow.is_reply === undefined ? !wanted && flow.verdict === 'DROPPED' : flow.is_reply === wanted,
      ),
  );
  add(filter.encrypted, (list) => (flow) => list.includes(flow.IP?.encrypted === true));
}

function addIdentities(filter: FlowFilter, add: Add): void {
  for (const side of ['source', 'destination'] as const)
    add(
      filter[`${side}_identity`],
      (list) => (flow) => flow[side] !== undefined && list.includes(flow[side]?.identity ?? 0),
    );
}

function addAddresses(filter: FlowFilter, add: Add): void {
  add(filter.source_ip, (list) => addressTest(list, (flow) => flow.IP?.source));
  add(filter.destination_ip, (list) => addressTest(list, (flow) => flow.IP?.destination));
  add(filter.source_ip_xlated, (list) => addressTest(list, (flow) => flow.IP?.source_xlated));
}

/** Where an event was seen, and what else may be asked of it. */
function addPlaces(filter: FlowFilter, add: Add, report?: Report): void {
  add(filter.node_name, nodeTest);
  for (const side of ['source', 'destination'] as const)
    add(filter[`${side}_cluster_name`], (list) => {
      if (list.includes('')) throw new FilterError('invalid filter, name must not be empty');
      return (flow) => list.includes(flow[side]?.cluster_name ?? '');
    });
  add(filter.node_labels, (list) => {
    const selectors = list.map((text) => selectorOf(text, 'node label'));
    return (flow) => selectors.some((selector) => selector(flow.node_labels ?? []));
  });
  add(filter.ip_version, (list) => (flow) => list.includes(flow.IP?.ipVersion ?? 'IP_NOT_USED'));
  add(filter.trace_id, (list) => (flow) => list.includes(flow.trace_context?.parent?.trace_id ?? ''));
  add(
    filter.traffic_direction,
    (list) => (flow) => list.includes(flow.traffic_direction ?? 'TRAFFIC_DIRECTION_UNKNOWN'),
  );
  add(filter.experimental?.cel_expression, (list) => {
    const programs = list.map((text) => compileCelFilter(text, report));
    return (flow) => programs.some((program) => program(flow));
  });
  add(
    filter.interface,
    (list) => (flow) =>
      list.some((item) => flow.interface !== undefined && (item.name ?? '') === (flow.interface.name ?? '')),
  );
  add(filter.ip_trace_id, (list) => (flow) => list.includes(flow.ip_trace_id?.trace_id ?? '0'));
}

function selectorOf(text: string, what: string): (labels: readonly string[]) => boolean {
  try {
    return labelSelector(text);
  } catch (error) {
    if (error instanceof FilterError) throw new FilterError(`invalid ${what} filter: ${error.message}`);
    throw error;
  }
}

type Add = <T>(values: readonly T[] | undefined, make: (values: readonly T[]) => FlowTest) => void;

const SIDES = ['source', 'destination'] as const;

function addEndpoints(filter: FlowFilter, add: Add): void {
  for (const side of SIDES)
    add(filter[`${side}_pod`], (list) => {
      const names = list.map((text) => nameFilter(text));
      return (flow) => names.some((test) => test(flow[side]?.namespace ?? '', flow[side]?.pod_name ?? ''));
    });
  for (const side of SIDES)
    add(
      filter[`${side}_workload`],
      (list) => (flow) =>
        (flow[side]?.workloads ?? []).some((load) =>
          list.some(
            (item) => (!item.name || item.name === load.name) && (!item.kind || item.kind === load.kind),
          ),
        ),
    );
  for (const side of SIDES)
    add(filter[`${side}_service`], (list) => {
      const names = list.map((text) => nameFilter(text, `invalid ${side} service filter: `));
      return (flow) =>
        names.some((test) =>
          test(flow[`${side}_service`]?.namespace ?? '', flow[`${side}_service`]?.name ?? ''),
        );
    });
  for (const side of SIDES)
    add(filter[`${side}_fqdn`], (list) => {
      const patterns = list.map(fqdnPattern);
      return (flow) =>
        (flow[`${side}_names`] ?? []).some((name) => patterns.some((pattern) => pattern(name)));
    });
  for (const side of SIDES)
    add(filter[`${side}_label`], (list) => {
      const selectors = list.map((text) => selectorOf(text, `${side} label`));
      return (flow) => selectors.some((selector) => selector(flow[side]?.labels ?? []));
    });
}

function addHttp(filter: FlowFilter, add: Add): void {
  const needsL7 = (what: string): void => {
    if (filter.event_type?.length && !filter.event_type.some((item) => item.type === 129)) {
      throw new FilterError(`filtering by ${what} requires the event type filter to only match 'l7' events`);
    }
  };
  add(filter.http_status_code, (list) => {
    needsL7('http status code');
    for (const code of list) {
      if (!/^[1-5][0-9]{2}$/.test(code) && !/^[1-5][0-9]?\+$/.test(code))
        throw new FilterError(
          `invalid http status code filter: invalid status code prefix: ${JSON.stringify(code)}`,
        );
    }
    return (flow) =>
      (flow.l7?.http?.code ?? 0) !== 0 &&
      list.some((code) => statusMatches(String(flow.l7?.http?.code ?? 0).padStart(3, '0'), code));
  });
  add(filter.http_method, (list) => {
    needsL7('http method');
    return (flow) =>
      flow.l7?.http !== undefined &&
      list.some((method) => method.toUpperCase() === flow.l7?.http?.method?.toUpperCase());
  });
  add(filter.http_path, (list) => {
    needsL7('http path');
    const patterns = list.map((text) => expression(text, 'http path'));
    return (flow) =>
      flow.l7?.http !== undefined &&
      patterns.some((pattern) => pattern.finds(pathOf(flow.l7?.http?.url ?? '')));
  });
  add(filter.http_url, (list) => {
    needsL7('http url');
    const patterns = list.map((text) => expression(text, 'http url'));
    return (flow) =>
      flow.l7?.http !== undefined && patterns.some((pattern) => pattern.finds(flow.l7?.http?.url ?? ''));
  });
  add(filter.http_header, (list) => {
    needsL7('http header');
    return (flow) =>
      (flow.l7?.http?.headers ?? []).some((header) =>
        list.some(
          (item) => (item.key ?? '') === (header.key ?? '') && (item.value ?? '') === (header.value ?? ''),
        ),
      );
  });
}

function statusMatches(code: string, wanted: string): boolean {
  return wanted.endsWith('+') ? code.startsWith(wanted.slice(0, -1)) : code === wanted;
}

function pathOf(url: string): string {
  const rest = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return rest.replace(/[?#].*$/, '');
}

function expression(text: string, what: string): Expression {
  try {
    return new Expression(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FilterError(`invalid ${what} filter: ${text}: ${reason}`);
  }
}

function addressTest(list: readonly string[], addressOf: (flow: Flow) => string | undefined): FlowTest {
  const exact = new Set<string>();
  const blocks: Cidr[] = [];
  for (const text of list) {
    if (text.includes('/')) {
      const block = parseCidr(text);
      if (!block)
        throw new FilterError(
          `invalid IP prefix ${JSON.stringify(text)} in filter: netip.ParsePrefix(${JSON.stringify(text)}): ${prefixProblem(text)}`,
        );
      blocks.push(block);
    } else {
      // netip takes a zone behind an IPv6 address.
      if (!parseAddress(/^([^%]*:[^%]*)%.+$/.exec(text)?.[1] ?? text))
        throw new FilterError(
          `invalid IP address ${JSON.stringify(text)} in filter: ParseAddr(${JSON.stringify(text)}): ${addressProblem(text)}`,
        );
      exact.add(text);
    }
  }
  return (flow) => {
    const address = addressOf(flow);
    if (address === undefined) return false;
    if (exact.has(address)) return true;
    const parsed = blocks.length > 0 ? parseAddress(address) : undefined;
    return parsed !== undefined && blocks.some((block) => cidrContains(block, parsed));
  };
}

/** What Go's netip says of a prefix that it cannot read. */
function prefixProblem(text: string): string {
  const slash = text.lastIndexOf('/');
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  if (!parseAddress(address)) return `ParseAddr(${JSON.stringify(address)}): ${addressProblem(address)}`;
  return /^(0|[1-9]\d*)$/.test(bits)
    ? 'prefix length out of range'
    : `bad bits after slash: ${JSON.stringify(bits)}`;
}

/** What Go's netip says of an address that it cannot read; `(at …)` shows where. */
function addressProblem(text: string): string {
  const first = /[.:%]/.exec(text)?.[0];
  const at = (message: string, place: string): string =>
    place === '' ? message : `${message} (at ${JSON.stringify(place)})`;
  if (first === undefined) return 'unable to parse IP';
  if (first === '%') return 'missing IPv6 address';
  if (first === ':') return sixProblem(text, at);
  let [value, digits, fields] = [0, 0, 0];
  for (const [i, character] of [...text].entries()) {
    const rest = text.slice(i);
    if (/\d/.test(character)) {
      if (digits === 1 && value === 0) return 'IPv4 field has octet with leading zero';
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) return 'IPv4 field has value >255';
    } else if (character === '.') {
      if (i === 0 || i === text.length - 1 || text[i - 1] === '.')
        return at('IPv4 field must have at least one digit', rest);
      if (fields === 3) return 'IPv4 address too long';
      fields++;
      [value, digits] = [0, 0];
    } else return at('unexpected character', rest);
  }
  return fields < 3 ? 'IPv4 address too short' : 'unable to parse IP';
}

function sixProblem(text: string, at: (message: string, place: string) => string): string {
  let rest = text.startsWith('::') ? text.slice(2) : text;
  let groups = 0;
  let hasGap = text.startsWith('::');
  while (rest !== '' && groups < 8) {
    const group = /^[0-9a-fA-F]+/.exec(rest)?.[0] ?? '';
    if (group.length > 4) return at('each group must have 4 or less digits', rest);
    if (group === '') return at('each colon-separated field must have at least one digit', rest);
    rest = rest.slice(group.length);
    groups++;
    if (rest === '') break;
    if (!rest.startsWith(':')) return at('unexpected character, want colon', rest);
    if (rest === ':') return at('colon must be followed by more characters', rest);
    rest = rest.slice(1);
    if (!rest.startsWith(':')) continue;
    if (hasGap) return at('multiple :: in address', rest);
    hasGap = true;
    rest = rest.slice(1);
  }
  return rest === '' ? 'address string too short' : at('trailing garbage after address', rest);
}

/** `[namespace/]prefix`: without a slash in namespace default; `ns/` any name there; `/x` any namespace. @throws FilterError */
function nameFilter(text: string, before = ''): (namespace: string, name: string) => boolean {
  const slash = text.indexOf('/');
  const namespace = slash < 0 ? 'default' : text.slice(0, slash);
  const prefix = slash < 0 ? text : (text.split('/')[1] ?? '');
  if (slash < 0 && prefix === '') throw new FilterError(`${before}invalid filter, name must not be empty`);
  return (ownNamespace, name) =>
    (ownNamespace !== '' || name !== '') &&
    (namespace === '' || namespace === ownNamespace) &&
    name.startsWith(prefix);
}

/** A glob over DNS names: `*` is any run of name characters. @throws FilterError */
function fqdnPattern(text: string): (name: string) => boolean {
  const compiled = new Expression(`^(?:${globSource(text)})$`);
  return (name) => compiled.finds(name.toLowerCase().replace(/\.$/, ''));
}

/** The expression of a glob over names (pkg/hubble/filters/patterns.go). @throws FilterError */
function globSource(text: string): string {
  const pattern = text.trim().replace(/\.$/, '').toLowerCase();
  if (pattern === '') throw new FilterError('empty pattern');
  if (pattern.endsWith('.')) throw new FilterError('multiple trailing dots in pattern');
  let source = '';
  for (const character of pattern) {
    if (character === '.') source += '\\.';
    else if (character === '*') source += '[-.0-9a-z]*';
    else if (/^[-0-9_a-z]$/.test(character)) source += character;
    else throw new FilterError(`${quoteRune(character)}: invalid rune in pattern`);
  }
  return source;
}

/** A character as Go's %q shows a rune. */
function quoteRune(character: string): string {
  return character === "'" || character === '\\' ? `'\\${character}'` : `'${character}'`;
}

function protocolTest(list: readonly string[]): FlowTest {
  const wanted = list.map((name) => name.toLowerCase());
  for (const name of wanted) {
    if (!['dns', 'http', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'tcp', 'udp', 'vrrp', 'igmp'].includes(name))
      throw new FilterError(`invalid protocol filter: unknown protocol: ${JSON.stringify(name)}`);
  }
  return (flow) =>
    wanted.some((name) => {
      switch (name) {
        case 'icmp':
          return flow.l4?.ICMPv4 !== undefined || flow.l4?.ICMPv6 !== undefined;
        case 'icmpv4':
          return flow.l4?.ICMPv4 !== undefined;
        case 'icmpv6':
          return flow.l4?.ICMPv6 !== undefined;
        case 'tcp':
          return flow.l4?.TCP !== undefined;
        case 'udp':
          return flow.l4?.UDP !== undefined;
        case 'sctp':
          return flow.l4?.SCTP !== undefined;
        case 'dns':
          return flow.l7?.dns !== undefined;
        case 'http':
          return flow.l7?.http !== undefined;
        default:
          return false;
      }
    });
}

function portTest(side: 'source' | 'destination', list: readonly string[]): FlowTest {
  const ports = list.map((text) => {
    const why = /^\d+$/.test(text)
      ? Number(text) > 65_535
        ? 'value out of range'
        : undefined
      : 'invalid syntax';
    if (why)
      throw new FilterError(
        `invalid ${side} port filter: invalid port ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
      );
    return Number(text);
  });
  return (flow) => {
    const transport = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
    return (
      transport !== undefined &&
      ports.includes((side === 'source' ? transport.source_port : transport.destination_port) ?? 0)
    );
  };
}

function hasFlags(flags: TcpFlags | undefined, wanted: TcpFlags): boolean {
  if (!flags) return false;
  return (Object.keys(wanted) as (keyof TcpFlags)[]).every(
    (name) => wanted[name] !== true || flags[name] === true,
  );
}

/** A node or cluster whatever its name. */
const ANY_NAME = '[-0-9_a-z]+(?:\\.[-0-9_a-z]+)*';

/** `[cluster/]glob` over node names; a flow's node name without a slash belongs to the cluster `default`. @throws FilterError */
function nodeTest(list: readonly string[]): FlowTest {
  const sources = list.map((text) => {
    if (text === '') throw new FilterError('empty pattern');
    const parts = text.split('/');
    if (parts.length > 2) throw new FilterError('too many slashes in pattern');
    const [cluster = '', node = ''] = parts.length === 1 ? ['', text] : parts;
    return [cluster, node].map((part) => (part === '' ? ANY_NAME : globSource(part))).join('/');
  });
  const compiled = new Expression(`^(?:${sources.join('|')})$`);
  return (flow) => {
    const name = flow.node_name ?? '';
    return name !== '' && compiled.finds(name.includes('/') ? name : `default/${name}`);
  };
}
