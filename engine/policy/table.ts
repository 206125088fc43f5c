import { invariant, present } from '../base/assert.ts';
import { TCP } from '../net/protocol.ts';
import type { Filter, Filters, PeerPolicy } from './filters.ts';
import { AGGREGATES, type Aggregate, type Identity } from './identity.ts';
import type { Authentication, MatchType, RuleRef } from './model.ts';
import { type Selector, type SelectorContext, selects } from './selector.ts';

/** Ports of a destination by `name/protocol number`: what a named port of an egress rule means there. */
export type PortsByName = ReadonlyMap<string, readonly number[]>;

/** One filter's word on one selector, spread over port blocks. */
export type Row = {
  readonly selector: Selector;
  readonly policy: PeerPolicy;
  readonly filter: Filter;
  readonly precedence: number;
  /** Blocks of the ports; empty when the row's named port must be looked up at each peer. */
  readonly blocks: readonly Block[];
};

/** Ports `low`–`high` of the filter's protocol; `prefix` is the length of the block's key in the data path's trie. */
export type Block = { readonly low: number; readonly high: number; readonly prefix: number };

/** A row's block that covers a packet. */
type Hit = { readonly row: Row; readonly prefix: number };

/** The decision for a peer, protocol and port. */
export type Entry = {
  readonly verdict: 'allowed' | 'denied' | 'redirected';
  readonly isExplicit: boolean;
  readonly policy: PeerPolicy | null;
  /** The filter that gave the decision. */
  readonly filter: Filter | null;
  readonly refs: readonly RuleRef[];
  readonly authentication: Authentication | null;
  readonly matchType: MatchType;
};

/** Nothing matches: default deny. */
export const DEFAULT_DENY: Entry = {
  verdict: 'denied',
  isExplicit: false,
  policy: null,
  filter: null,
  refs: [],
  authentication: null,
  matchType: 'none',
};

/** Policy is not enforced in this direction. */
export const NOT_ENFORCED: Entry = { ...DEFAULT_DENY, verdict: 'allowed', matchType: 'all' };

/** Decisions for all ports of one protocol: `entries[i]` holds from `starts[i]` up to the next start. */
type Ports = { readonly starts: readonly number[]; readonly entries: readonly Entry[] };

/** Decisions for one class of peers. */
class PeerTable {
  // TCP's decisions are held without a detour: nearly all questions are about them.
  readonly #tcpStarts: readonly number[];
  readonly #tcpEntries: readonly Entry[];
  readonly others: ReadonlyMap<number, Ports>;
  readonly fallback: Entry;
  /** Rows that the proxy weighs: also those that the map leaves out as covered. */
  readonly weighed: readonly Row[];

  constructor(specific: readonly Row[], covered: readonly Row[], broad: readonly Row[], features: Features) {
    this.weighed = [...specific, ...covered, ...broad];
    const protocols = new Set<number>();
    for (const row of specific) protocols.add(row.filter.spec.protocol);
    for (const row of broad) protocols.add(row.filter.spec.protocol);
    this.fallback = decide(hitsAt(specific, -1, 0), hitsAt(broad, -1, 0), features);
    const others = new Map<number, Ports>();
    for (const protocol of protocols) {
      if (protocol !== 0) others.set(protocol, portsOf(specific, broad, protocol, features));
    }
    this.others = others;
    const tcp = others.get(TCP);
    this.#tcpStarts = tcp?.starts ?? [0];
    this.#tcpEntries = tcp?.entries ?? [this.fallback];
  }

  lookup(protocol: number, port: number): Entry {
    if (protocol === TCP) return entryAt(this.#tcpStarts, this.#tcpEntries, port) ?? this.fallback;
    const ports = this.others.get(protocol);
    return ports === undefined
      ? this.fallback
      : (entryAt(ports.starts, ports.entries, port) ?? this.fallback);
  }
}

function entryAt(starts: readonly number[], entries: readonly Entry[], port: number): Entry | undefined {
  let i = starts.length - 1;
  while (i > 0 && (starts[i] ?? 0) > port) i--;
  return entries[i];
}

type Features = { readonly hasPass: boolean; readonly hasAuth: boolean };

const NO_PORTS: PortsByName = new Map();

/**
 * The compiled policy of one subject in one direction: Cilium's map state, as decisions by class of peers.
 * A class is the set of rows that apply to a peer; tables of classes are made when first asked for and shared.
 */
export class DirectionTable {
  readonly isEnforced: boolean;
  readonly conflict: string | null;
  /** Rows whose selector picks identities one by one. */
  readonly rows: readonly Row[];
  /** True when a row's named port is looked up at each peer. */
  readonly usesPeerPorts: boolean;
  readonly #broadRows: ReadonlyMap<Aggregate, readonly Row[]>;
  readonly #features: Features;
  /** Class 0 means: not known yet. */
  readonly #tables: (PeerTable | undefined)[] = [undefined];
  readonly #bySignature = new Map<string, number>();
  /** Class by identity number. */
  #classes = new Uint16Array(0);
  readonly #context: SelectorContext;

  constructor(isEnforced: boolean, filters: Filters, ownPorts: PortsByName | null, context: SelectorContext) {
    this.isEnforced = isEnforced;
    this.conflict = filters.conflict;
    this.#context = context;
    const rows: Row[] = [];
    const all: Row[] = [];
    for (const filter of filters.filters) addRows(filter, ownPorts, rows, all);
    this.rows = rows;
    this.usesPeerPorts = [...rows, ...all].some((row) => row.blocks.length === 0);
    this.#features = {
      hasPass: [...rows, ...all].some((row) => row.policy.verdict === 'pass'),
      hasAuth: [...rows, ...all].some((row) => row.policy.authentication !== undefined),
    };
    // A wildcard row with a port that each peer names itself is enumerated like any other selector.
    for (const row of all) if (row.blocks.length === 0) rows.push(row);
    const everyone = all.filter((row) => row.blocks.length > 0);
    const broad = new Map<Aggregate, readonly Row[]>([['any', everyone]]);
    for (const { bucket, identity } of AGGREGATES) {
      const covering = rows.filter(
        (row) =>
          row.selector.kind === 'labels' && selects(row.selector, identity, context) && !isCoveredByAll(row),
      );
      broad.set(bucket, covering.length > 0 ? [...everyone, ...covering] : everyone);
    }
    this.#broadRows = broad;
  }

  /** Rows that hold for every peer. */
  get everyone(): readonly Row[] {
    return this.#broadRows.get('any') ?? [];
  }

  /** The decision for a packet. `port` is the ICMP type for ICMP. */
  lookup(peer: Identity, protocol: number, port: number, peerPorts: PortsByName = NO_PORTS): Entry {
    if (!this.isEnforced) return NOT_ENFORCED;
    return this.#tableOf(peer, peerPorts).lookup(protocol, port);
  }

  /** Rows that apply to a peer at a TCP port, the ones that the proxy weighs: highest precedence first, denials before the rest. */
  rowsAt(peer: Identity, protocol: number, port: number, peerPorts: PortsByName = NO_PORTS): readonly Row[] {
    const table = this.#tableOf(peer, peerPorts);
    const hits = hitsAt(table.weighed, protocol, port);
    const rows = [...new Set(hits.map((hit) => hit.row))];
    return rows.sort((a, b) => b.precedence - a.precedence);
  }

  /**
   * Makes the decisions for the pods that rows pick now, instead of when they are first asked for.
   * @param chosen All pods that a selector picks.
   * @param size Above every identity number in use.
   */
  warm(
    chosen: (selector: Selector) => readonly Identity[],
    portsOf: (peer: Identity) => PortsByName,
    size: number,
  ): void {
    if (!this.isEnforced || this.rows.length === 0) return;
    // Each pod walks from one set of rows to the next as rows are added; pods with equal sets share a class.
    const sets: (readonly number[])[] = [[]];
    const at = new Uint16Array(size);
    for (const [i, row] of this.rows.entries()) {
      const next = new Map<number, number>();
      for (const peer of chosen(row.selector)) {
        if (!peer.isPod || this.usesPeerPorts) {
          this.#tableOf(peer, portsOf(peer));
          continue;
        }
        const from = at[peer.number] ?? 0;
        let to = next.get(from);
        if (to === undefined) {
          to = sets.push([...(sets[from] ?? []), i]) - 1;
          next.set(from, to);
        }
        at[peer.number] = to;
      }
    }
    if (sets.length > 1) this.#adopt(at, sets);
  }

  #adopt(at: Uint16Array, sets: readonly (readonly number[])[]): void {
    this.#reserve(at.length);
    const classes = new Uint16Array(sets.length);
    for (let number = 0; number < at.length; number++) {
      const set = at[number] ?? 0;
      if (set === 0) continue;
      if (classes[set] === 0) {
        const members = (sets[set] ?? []).flatMap((i) => this.rows[i] ?? []);
        classes[set] = this.#classOf('cluster', (sets[set] ?? []).join(' '), members);
      }
      this.#classes[number] = classes[set] ?? 0;
    }
  }

  #tableOf(peer: Identity, peerPorts: PortsByName): PeerTable {
    const known = this.#classes[peer.number];
    if (known !== undefined && known !== 0) {
      const table = this.#tables[known];
      if (table !== undefined) return table;
    }
    const made = this.#findClass(peer, peerPorts);
    this.#reserve(peer.number + 1);
    this.#classes[peer.number] = made;
    return present(this.#tables[made], 'the table of a class');
  }

  /** Makes room for identity numbers below `size`. */
  #reserve(size: number): void {
    if (size <= this.#classes.length) return;
    const grown = new Uint16Array(Math.max(size, Math.min(2 * this.#classes.length, 65536)));
    grown.set(this.#classes);
    this.#classes = grown;
  }

  #findClass(peer: Identity, peerPorts: PortsByName): number {
    const signature: string[] = [];
    const members: Row[] = [];
    for (const [i, row] of this.rows.entries()) {
      if (!selects(row.selector, peer, this.#context)) continue;
      if (row.blocks.length > 0) {
        signature.push(String(i));
        members.push(row);
        continue;
      }
      const named = peerPorts.get(`${row.filter.spec.portName}/${row.filter.spec.protocol}`) ?? [];
      if (named.length === 0) continue;
      signature.push(`${i}:${named.join(',')}`);
      members.push({ ...row, blocks: named.map((port) => ({ low: port, high: port, prefix: 25 })) });
    }
    return this.#classOf(peer.aggregate, signature.join(' '), members);
  }

  #classOf(bucket: Aggregate, signature: string, members: readonly Row[]): number {
    const key = `${bucket} ${signature}`;
    const known = this.#bySignature.get(key);
    if (known !== undefined) return known;
    const covered = members.filter(isCoveredByAll);
    const specific = covered.length === 0 ? members : members.filter((row) => !isCoveredByAll(row));
    const table = new PeerTable(specific, covered, this.#broadRows.get(bucket) ?? [], this.#features);
    const made = this.#tables.push(table) - 1;
    invariant(made < 65536, 'a subject knows fewer than 65,536 classes of peers');
    this.#bySignature.set(key, made);
    return made;
  }
}

/** A row that says the same as the filter's row for every peer is not entered (L4Filter.selectorCoveredByWildcard). */
function isCoveredByAll(row: Row): boolean {
  if (row.selector.kind === 'all' || (row.filter.spec.port === 0 && row.filter.spec.portName === undefined))
    return false;
  const all = row.filter.peers.get('*');
  if (!all) return false;
  const a = row.policy;
  const b = all.policy;
  return (
    precedenceOf(a) === precedenceOf(b) &&
    a.parser === b.parser &&
    a.listener === b.listener &&
    a.authentication === b.authentication
  );
}

function addRows(filter: Filter, ownPorts: PortsByName | null, rows: Row[], all: Row[]): void {
  const blocks = blocksOf(filter, ownPorts);
  if (blocks === undefined) return;
  for (const { selector, policy } of filter.peers.values()) {
    const row: Row = { selector, policy, filter, precedence: precedenceOf(policy), blocks };
    (selector.kind === 'all' ? all : rows).push(row);
  }
}

/** Blocks of a filter's ports; undefined for a named port that the subject itself (ingress) does not have. */
function blocksOf(filter: Filter, ownPorts: PortsByName | null): Block[] | undefined {
  const spec = filter.spec;
  if (spec.protocol === 0) return [{ low: 0, high: 65535, prefix: 1 }];
  if (spec.portName !== undefined) {
    if (ownPorts === null) return [];
    const port = ownPorts.get(`${spec.portName}/${spec.protocol}`)?.[0];
    return port === undefined ? undefined : rangeBlocks(port, spec.endPort);
  }
  if (spec.port === 0) return [{ low: 0, high: 65535, prefix: 9 }];
  return rangeBlocks(spec.port, spec.endPort);
}

/** Splits a range into blocks aligned to powers of two, as the data path's trie holds them. */
export function rangeBlocks(start: number, end: number): Block[] {
  if (end <= start) return [{ low: start, high: start, prefix: 25 }];
  const blocks: Block[] = [];
  for (let low = start; low <= end; ) {
    let bits = 0;
    while (bits < 16 && (low & (1 << bits)) === 0 && low + (2 << bits) - 1 <= end) bits++;
    blocks.push({ low, high: low + (1 << bits) - 1, prefix: 25 - bits });
    low += 1 << bits;
  }
  return blocks;
}

const LEVELS = 1 << 22;

/** One number that orders entries: tier and priority first, then denial, redirect (by listener priority), allowance, pass. */
function precedenceOf(policy: PeerPolicy): number {
  const base = (LEVELS - policy.level) * 256;
  if (policy.verdict === 'deny') return base + 255;
  if (policy.verdict === 'pass') return base;
  return policy.parser === null ? base + 1 : base + 255 - Math.min(policy.listenerPriority, 126);
}

/** Hits at a port; protocol -1 asks for the rows about every protocol only. */
function hitsAt(rows: readonly Row[], protocol: number, port: number): Hit[] {
  const hits: Hit[] = [];
  for (const row of rows) {
    const own = row.filter.spec.protocol;
    if (own !== 0 && own !== protocol) continue;
    for (const block of row.blocks) {
      if (block.low <= port && port <= block.high) {
        hits.push({ row, prefix: block.prefix });
        break;
      }
    }
  }
  return hits;
}

function portsOf(
  specific: readonly Row[],
  broad: readonly Row[],
  protocol: number,
  features: Features,
): Ports {
  const cuts = new Set<number>([0]);
  for (const rows of [specific, broad]) {
    for (const row of rows) {
      if (row.filter.spec.protocol !== protocol) continue;
      for (const block of row.blocks) {
        cuts.add(block.low);
        if (block.high < 65535) cuts.add(block.high + 1);
      }
    }
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const entries = starts.map((port) =>
    decide(hitsAt(specific, protocol, port), hitsAt(broad, protocol, port), features),
  );
  return { starts, entries };
}

function decide(specific: readonly Hit[], broad: readonly Hit[], features: Features): Entry {
  if (!features.hasPass) return decideWithin(specific, broad, features);
  const tiers = [...new Set([...specific, ...broad].map((hit) => hit.row.policy.tier))].sort((a, b) => a - b);
  for (const tier of tiers) {
    const inTier = (hit: Hit) => hit.row.policy.tier === tier;
    const s = specific.filter(inTier);
    const b = broad.filter(inTier);
    const top = topOf([...s, ...b]);
    if (top % 256 === 0) continue;
    return decideWithin(s, b, features);
  }
  return DEFAULT_DENY;
}

function topOf(hits: readonly Hit[]): number {
  let top = -1;
  for (const hit of hits) if (hit.row.precedence > top) top = hit.row.precedence;
  return top;
}

function decideWithin(specific: readonly Hit[], broad: readonly Hit[], features: Features): Entry {
  const top = Math.max(topOf(specific), topOf(broad));
  if (top < 0) return DEFAULT_DENY;
  if (features.hasAuth && !isDenial(top)) return decideWithAuth(specific, broad);
  const atTop = (hit: Hit) => hit.row.precedence === top;
  const s = groupsOf(specific.filter(atTop));
  const b = groupsOf(broad.filter(atTop));
  if (isDenial(top)) {
    // Of equal denials the broadest stands; the peer's own only where it is broader than that of the bucket.
    const ownBroadest = s[0];
    const broadest = b[0];
    const own = ownBroadest && (!broadest || ownBroadest.prefix < broadest.prefix);
    return entryOf(present(own ? ownBroadest : broadest, 'a denial'), own === true, null);
  }
  const kept = s.filter(
    (group) => !b.some((other) => other.prefix === group.prefix && logsOf(other) === logsOf(group)),
  );
  const own = kept.at(-1);
  const shared = b.at(-1);
  // Where both allow, the data path prefers the bucket's entry if the peer's own has the longer prefix (mapState.lookup).
  const isOwn = own !== undefined && (shared === undefined || own.prefix <= shared.prefix);
  return entryOf(present(isOwn ? own : shared, 'an allowance'), isOwn, null);
}

/** Hits with the same key. */
type Group = { readonly prefix: number; readonly hits: readonly Hit[]; readonly lead?: Row };

/** Hits by key, the broadest first. */
function groupsOf(hits: readonly Hit[]): Group[] {
  const byPrefix = new Map<number, Hit[]>();
  for (const hit of hits) {
    const group = byPrefix.get(hit.prefix);
    if (group) group.push(hit);
    else byPrefix.set(hit.prefix, [hit]);
  }
  return [...byPrefix].sort(([a], [b]) => a - b).map(([prefix, members]) => ({ prefix, hits: members }));
}

function logsOf(group: Group): string {
  return [...new Set(group.hits.map((hit) => hit.row.policy.log))].sort().join('\n');
}

function entryOf(group: Group, isOwn: boolean, auth: Authentication | null): Entry {
  const first = group.lead ?? present(group.hits[0], 'a hit').row;
  const verdict = first.policy.verdict === 'deny' ? 'denied' : first.policy.parser ? 'redirected' : 'allowed';
  return {
    verdict,
    isExplicit: verdict === 'denied',
    policy: first.policy,
    filter: first.filter,
    refs: group.hits.flatMap((hit) => hit.row.policy.refs),
    authentication: auth,
    matchType: matchTypeOf(group.prefix, isOwn),
  };
}

function matchTypeOf(prefix: number, isOwn: boolean): MatchType {
  if (prefix === 1) return isOwn ? 'L3-Only' : 'all';
  if (prefix === 9) return isOwn ? 'L3-Proto' : 'Proto-Only';
  return isOwn ? 'L3-L4' : 'L4-Only';
}

/** An entry on its way into the map when some rule demands authentication (mapState.authPreferredInsert). */
type AuthStep = {
  readonly prefix: number;
  readonly hits: readonly Hit[];
  readonly precedence: number;
  /** Whose redirect holds, if not that of the first hit: one that covers this entry and goes before it. */
  readonly lead?: Row;
  readonly auth: Authentication | undefined;
  readonly isExplicit: boolean;
};

const AUTH_RANK = { disabled: 0, required: 1, 'test-always-fail': 2 } as const;

function rankOf(auth: Authentication | undefined): number {
  return AUTH_RANK[auth ?? 'disabled'];
}

function decideWithAuth(specific: readonly Hit[], broad: readonly Hit[]): Entry {
  const shared = authChain(broad).at(-1);
  const own = authChain(specific)
    .filter(
      (step) =>
        !isSameStep(
          step,
          authChain(broad).find((other) => other.prefix === step.prefix),
        ),
    )
    .at(-1);
  if (!own || !shared) {
    const step = present(own ?? shared, 'an entry');
    return entryOf(step, own !== undefined, stepAuth(step));
  }
  if (own.precedence !== shared.precedence) {
    const isOwn = own.precedence > shared.precedence;
    return entryOf(isOwn ? own : shared, isOwn, stepAuth(isOwn ? own : shared));
  }
  const isOwn = isDenial(own.precedence) || own.prefix <= shared.prefix;
  const [chosen, other] = isOwn ? [own, shared] : [shared, own];
  const takesOther = !chosen.isExplicit && rankOf(other.auth) > rankOf(chosen.auth);
  return entryOf(chosen, isOwn, takesOther ? (other.auth ?? null) : stepAuth(chosen));
}

function stepAuth(step: AuthStep): Authentication | null {
  return isDenial(step.precedence) ? null : (step.auth ?? null);
}

function isDenial(precedence: number): boolean {
  return precedence % 256 === 255;
}

function isSameStep(a: AuthStep, b: AuthStep | undefined): boolean {
  return (
    b !== undefined && a.precedence === b.precedence && a.auth === b.auth && a.isExplicit === b.isExplicit
  );
}

/** The entries of one identity that survive each other, the broadest first, each with the authentication it demands. */
function authChain(hits: readonly Hit[]): AuthStep[] {
  const steps: AuthStep[] = [];
  for (const group of groupsOf(hits)) {
    const top = topOf(group.hits);
    const lead = group.hits.filter((hit) => hit.row.precedence === top);
    const demands = group.hits.filter((hit) => hit.row.policy.authentication !== undefined && !isDenial(top));
    const members = [...new Set([...lead, ...demands])].sort((a, b) => b.row.precedence - a.row.precedence);
    let auth = demands.map((hit) => hit.row.policy.authentication).sort((a, b) => rankOf(b) - rankOf(a))[0];
    const isExplicit = auth !== undefined;
    const above = steps.findLast((step) => step.precedence > top);
    if (above && (isDenial(above.precedence) || !isExplicit)) continue;
    if (!isExplicit) {
      const source = steps.findLast(
        (step) => step.isExplicit && Math.floor(step.precedence / 256) >= Math.floor(top / 256),
      );
      auth = source?.auth;
    }
    steps.push({
      prefix: group.prefix,
      hits: members,
      precedence: above?.precedence ?? top,
      ...(above && { lead: above.lead ?? present(above.hits[0], 'a hit').row }),
      auth,
      isExplicit,
    });
  }
  return steps;
}
