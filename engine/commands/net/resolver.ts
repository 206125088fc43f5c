import { hashText } from '../../base/hash.ts';
import type { Sys } from '../../base/process.ts';
import { askOverTcp } from './dns-tcp.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import type { DnsMessage, DnsType } from '../../net/dns.ts';
import type { DatagramSocket, Network } from '../../net/socket.ts';
import type { MachineFacts } from '../../shell/program.ts';

/** How a name was resolved. `again`: no server gave a usable answer; `nodata`: the name exists without an address of the family. */
export type Resolution =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly canonical: string }
  | { readonly kind: 'failed'; readonly why: 'unknown' | 'again' | 'nodata' }
  | { readonly kind: 'timeout' };

/** Whose resolver library asks, and from where. */
export type ResolverContext = {
  readonly sys: Sys;
  readonly network: Network;
  readonly libc: MachineFacts['libc'];
};

/** What a caller of getaddrinfo may say. `deadlineMs` is a virtual time after which the caller waits no more. */
export type ResolveOptions = {
  readonly family?: 4 | 6 | undefined;
  readonly deadlineMs?: number | undefined;
  /** gethostbyname2 asks for one family over the whole search list. */
  readonly types?: readonly DnsType[];
};

/** What gai_strerror says. Source: tools/FACTS.md §3, Words. */
export function resolverWords(libc: MachineFacts['libc'], why: 'unknown' | 'again' | 'nodata'): string {
  if (why === 'again') return libc === 'musl' ? 'Try again' : 'Temporary failure in name resolution';
  if (libc === 'musl') return 'Name does not resolve';
  return why === 'nodata' ? 'No address associated with hostname' : 'Name or service not known';
}

/** Reads the forms of an IPv4 address that inet_aton takes (`1.2.3` is 1.2.0.3), or any plain address; undefined for names. */
export function literalAddress(text: string): string | undefined {
  const plain = parseAddress(text);
  if (plain) return formatAddress(plain);
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(part))) return undefined;
  const numbers = parts.map((part) => (/^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.pop() ?? 0;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  let word = last;
  for (const [i, number] of numbers.entries()) word += number * 256 ** (3 - i);
  return [24, 16, 8, 0].map((shift) => Math.floor(word / 2 ** shift) % 256).join('.');
}

/**
 * getaddrinfo of the machine's C library: literals, /etc/hosts, then DNS with the search list of resolv.conf.
 * Order, retries and give-up times are those that tools/FACTS.md §3 measured for glibc 2.36 and musl 1.2.3.
 */
export async function resolveHost(
  context: ResolverContext,
  name: string,
  options: ResolveOptions = {},
): Promise<Resolution> {
  const literal = literalAddress(name);
  if (literal !== undefined) {
    const family = literal.includes(':') ? 6 : 4;
    if (options.family !== undefined && options.family !== family) return { kind: 'failed', why: 'unknown' };
    return { kind: 'found', addresses: [literal], canonical: name };
  }
  const fromFile = hostsEntry(context.network, name, options.family);
  if (fromFile.length > 0) return { kind: 'found', addresses: fromFile, canonical: name };
  if (!isQueryable(name)) return { kind: 'failed', why: 'unknown' };
  const types =
    options.types ?? (options.family === 4 ? ['A'] : options.family === 6 ? ['AAAA'] : ['A', 'AAAA']);
  const search: Search = {
    context,
    types,
    deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY,
    single: false,
  };
  const found = context.libc === 'musl' ? await searchMusl(search, name) : await searchGlibc(search, name);
  return found.kind === 'found'
    ? { ...found, addresses: sortAddresses(context.network, found.addresses) }
    : found;
}

/** The addresses that /etc/hosts gives a name; `localhost` has both loopbacks, IPv6 first as getaddrinfo sorts them. */
export function hostsEntry(network: Network, name: string, family?: 4 | 6): string[] {
  const wanted = name.toLowerCase();
  const addresses: string[] = [];
  if (wanted === 'localhost' || wanted === 'ip6-localhost') addresses.push('::1');
  if (wanted === 'localhost') addresses.push('127.0.0.1');
  else
    for (const [host, address] of network.hosts) if (host.toLowerCase() === wanted) addresses.push(address);
  return addresses.filter((address) => family === undefined || address.includes(':') === (family === 6));
}

function isQueryable(name: string): boolean {
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  return (
    name.length <= 254 &&
    labels.every((label) => label !== '' && label.length <= 63 && !/[\s/:@]/.test(label))
  );
}

/** Without an IPv6 address of one's own, getaddrinfo puts IPv4 first (RFC 6724, rule 1). */
function sortAddresses(network: Network, addresses: readonly string[]): string[] {
  const hasV6 = network.addresses.some((address) => address.includes(':') && !address.startsWith('fe80'));
  const v4 = addresses.filter((address) => !address.includes(':'));
  const v6 = addresses.filter((address) => address.includes(':'));
  return hasV6 ? [...v6, ...v4] : [...v4, ...v6];
}

/** One lookup over a search list. `single`: glibc found that the pair of queries does not work and asks one by one. */
type Search = {
  readonly context: ResolverContext;
  readonly types: readonly DnsType[];
  readonly deadlineMs: number;
  single: boolean;
};

type Step =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly canonical: string }
  | { readonly kind: 'missing' | 'nodata' | 'again' | 'servfail' | 'unreachable' | 'timeout' };

const ATTEMPT_MS = 5_000;

async function searchGlibc(search: Search, name: string): Promise<Resolution> {
  const config = search.context.network.resolver;
  const isFull = name.endsWith('.');
  const dots = name.split('.').length - 1;
  const plan = config.search.map((domain) => `${name}.${domain}${domain.endsWith('.') ? '' : '.'}`);
  const asIs = isFull ? name : `${name}.`;
  const seen: Step['kind'][] = [];
  if (isFull || dots >= config.ndots) {
    const step = await queryGlibc(search, asIs);
    if (step.kind === 'found') return step;
    seen.push(step.kind);
    if (isFull || step.kind === 'timeout' || step.kind === 'unreachable') return failure(seen);
  }
  const triedAsIs = seen.length > 0;
  for (const candidate of plan) {
    const step = await queryGlibc(search, candidate);
    if (step.kind === 'found') return step;
    if (step.kind === 'timeout' || step.kind === 'unreachable') return failure([step.kind]);
    seen.push(step.kind);
    // Neither "no such name" nor a server's failure: the rest of the list is not asked (resolv/res_query.c of glibc).
    if (step.kind === 'again') break;
  }
  if (!triedAsIs) {
    const step = await queryGlibc(search, asIs);
    if (step.kind === 'found') return step;
    if (step.kind === 'timeout') return { kind: 'timeout' };
    seen.unshift(step.kind);
  }
  return failure(seen);
}

/** The first try as-is decides; a name that exists without data or a failing server outweighs "no such name". */
function failure(seen: readonly Step['kind'][]): Resolution {
  if (seen.includes('timeout')) return { kind: 'timeout' };
  if (seen[0] === 'again' || seen[0] === 'unreachable' || seen[0] === 'servfail')
    return { kind: 'failed', why: 'again' };
  if (seen.includes('nodata')) return { kind: 'failed', why: 'nodata' };
  if (seen.includes('servfail') || seen.includes('again')) return { kind: 'failed', why: 'again' };
  return { kind: 'failed', why: 'unknown' };
}

async function queryGlibc(search: Search, name: string): Promise<Step> {
  const servers = search.context.network.resolver.nameservers;
  if (servers.length === 0) return { kind: 'unreachable' };
  let answers = new Map<DnsType, DnsMessage>();
  let refusals = 0;
  let failed: 'servfail' | 'again' = 'again';
  const { timeoutS, attempts } = search.context.network.resolver;
  const rounds = search.single ? 1 : (attempts ?? 2);
  const attemptMs = timeoutS === undefined ? ATTEMPT_MS : timeoutS * 1000;
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      const result = await askOnce(search, { name, server, answers, waitMs: attemptMs });
      if (result === 'timeout') return { kind: 'timeout' };
      if (result === 'refused') refusals++;
      answers = usable(answers);
      if (answers.size === search.types.length) return judgeAnswers(search.types, answers);
      if (result === 'servfail') failed = 'servfail';
    }
  }
  if (refusals >= rounds * servers.length) return { kind: 'unreachable' };
  if (answers.size > 0 && !search.single) {
    // Half of the pair came: once more, one query after the other, and so from now on.
    search.single = true;
    const server = servers[0] ?? '';
    if ((await askOnce(search, { name, server, answers, waitMs: ATTEMPT_MS })) === 'timeout')
      return { kind: 'timeout' };
    answers = usable(answers);
  }
  return answers.size > 0 ? judgeAnswers(search.types, answers) : { kind: failed };
}

function usable(answers: Map<DnsType, DnsMessage>): Map<DnsType, DnsMessage> {
  return new Map(
    [...answers].filter(([, message]) => message.code === 'NOERROR' || message.code === 'NXDOMAIN'),
  );
}

type Asking = {
  readonly name: string;
  readonly server: string;
  readonly answers: Map<DnsType, DnsMessage>;
  readonly waitMs: number;
};

/** Sends what is unanswered to one server and collects for `waitMs`; any refusing answer ends the round. */
async function askOnce(
  search: Search,
  asking: Asking,
): Promise<'done' | 'silent' | 'refused' | 'servfail' | 'timeout'> {
  const { sys, network } = search.context;
  const socket = network.udp();
  // glibc sends the pair again even when half of it was answered.
  const open = search.types;
  const ids = sendQuestions(sys, socket, asking, open);
  const untilMs = Math.min(sys.nowMs() + asking.waitMs, search.deadlineMs);
  let bad: 'refused' | 'servfail' | undefined;
  let left = open.length;
  while (left > 0) {
    const result = await socket.receive(sys, Math.max(0, untilMs - sys.nowMs()));
    if (result.kind === 'timeout') {
      socket.close();
      return untilMs >= search.deadlineMs ? 'timeout' : 'silent';
    }
    if (result.kind === 'refused') {
      bad = 'refused';
      break;
    }
    if (!('dns' in result.payload)) continue;
    const message = result.payload.dns;
    const type = ids.get(message.id);
    if (type === undefined) continue;
    ids.delete(message.id);
    left--;
    asking.answers.set(type, message);
    if (message.code === 'SERVFAIL') bad = 'servfail';
  }
  socket.close();
  if ([...asking.answers.values()].some((message) => message.isTruncated))
    return (await repeatOverTcp(search, asking, untilMs)) ?? bad ?? 'done';
  return bad ?? 'done';
}

/** A truncated answer is asked for again over TCP, the pair on one connection. */
async function repeatOverTcp(
  search: Search,
  asking: Asking,
  untilMs: number,
): Promise<'silent' | 'timeout' | undefined> {
  const { sys, network } = search.context;
  const types = search.types;
  const questions = types.map((type, i) => ({ id: i + 1, question: { name: asking.name, type } }));
  const timeoutMs = Math.max(0, untilMs - sys.nowMs());
  const answers = await askOverTcp(sys, network, { server: asking.server, questions, timeoutMs });
  asking.answers.clear();
  if (typeof answers === 'string')
    return answers === 'timed out' && untilMs >= search.deadlineMs ? 'timeout' : 'silent';
  for (const [i, type] of types.entries()) {
    const message = answers[i];
    if (message !== undefined) asking.answers.set(type, message);
  }
  return undefined;
}

function sendQuestions(
  sys: Sys,
  socket: DatagramSocket,
  asking: Asking,
  types: readonly DnsType[],
): Map<number, DnsType> {
  const ids = new Map<number, DnsType>();
  for (const type of types) {
    const id = queryId(sys, `${asking.name}/${type}/${socket.local.port}`);
    ids.set(id, type);
    socket.send({ address: asking.server, port: 53 }, { dns: { id, question: { name: asking.name, type } } });
  }
  return ids;
}

/** A DNS message's id, 16 bits: looks arbitrary, is the same in every replay. */
export function queryId(sys: Sys, salt: string): number {
  return Number.parseInt(hashText(`${sys.pid}/${sys.nowMs()}/${salt}`).slice(0, 4), 16);
}

function judgeAnswers(types: readonly DnsType[], answers: ReadonlyMap<DnsType, DnsMessage>): Step {
  const addresses: string[] = [];
  let canonical = '';
  let isMissing = true;
  for (const type of types) {
    const message = answers.get(type);
    if (message === undefined) continue;
    if (message.code !== 'NXDOMAIN') isMissing = false;
    for (const record of message.answers ?? []) {
      if (record.type === type) addresses.push(record.data);
      if (record.type === type) canonical = record.name;
    }
  }
  if (addresses.length > 0) return { kind: 'found', addresses, canonical: canonical.replace(/\.$/, '') };
  return { kind: isMissing ? 'missing' : 'nodata' };
}

async function searchMusl(search: Search, name: string): Promise<Resolution> {
  const config = search.context.network.resolver;
  const isFull = name.endsWith('.');
  const dots = name.split('.').length - 1;
  const domains = isFull || dots >= config.ndots ? [] : config.search;
  const candidates = [
    ...domains.map((domain) => `${name}.${domain}${domain.endsWith('.') ? '' : '.'}`),
    isFull ? name : `${name}.`,
  ];
  for (const candidate of candidates) {
    const step = await queryMusl(search, candidate);
    if (step.kind === 'found') return step;
    if (step.kind === 'timeout') return { kind: 'timeout' };
    if (step.kind === 'nodata') return { kind: 'failed', why: 'nodata' };
    if (step.kind !== 'missing') return { kind: 'failed', why: 'again' };
  }
  return { kind: 'failed', why: 'unknown' };
}

/**
 * musl's __res_msend: all servers at once, unanswered queries again after half of 5 s, give up after 5 s. Only NOERROR and
 * NXDOMAIN count; a refusal is overheard, a server failure is asked again a few times.
 */
async function queryMusl(search: Search, name: string): Promise<Step> {
  const { sys, network } = search.context;
  const socket = network.udp();
  const answers = new Map<DnsType, DnsMessage>();
  const ids = new Map<number, DnsType>(
    search.types.map((type) => [queryId(sys, `${name}/${type}/${socket.local.port}`), type]),
  );
  const startMs = sys.nowMs();
  const wholeMs = (network.resolver.timeoutS ?? 5) * 1000;
  const everyMs = wholeMs / (network.resolver.attempts ?? 2);
  const endMs = Math.min(startMs + wholeMs, search.deadlineMs);
  let resendMs = startMs + everyMs;
  let retriesLeft = 2 * search.types.length;
  const ask = (id: number, type: DnsType): void => {
    for (const address of network.resolver.nameservers)
      socket.send({ address, port: 53 }, { dns: { id, question: { name, type } } });
  };
  for (const [id, type] of ids) ask(id, type);
  while (answers.size < search.types.length && sys.nowMs() < endMs) {
    const result = await socket.receive(sys, Math.max(0, Math.min(resendMs, endMs) - sys.nowMs()));
    if (result.kind === 'timeout' && sys.nowMs() >= resendMs && sys.nowMs() < endMs) {
      resendMs = resendMs + everyMs < startMs + wholeMs ? resendMs + everyMs : Number.POSITIVE_INFINITY;
      for (const [id, type] of ids) if (!answers.has(type)) ask(id, type);
    }
    if (result.kind !== 'datagram' || !('dns' in result.payload)) continue;
    const message = result.payload.dns;
    const type = ids.get(message.id);
    if (type === undefined || answers.has(type)) continue;
    if (message.code === 'NOERROR' || message.code === 'NXDOMAIN') answers.set(type, message);
    else if (message.code === 'SERVFAIL' && retriesLeft-- > 0) ask(message.id, type);
  }
  socket.close();
  if (answers.size < search.types.length && sys.nowMs() >= search.deadlineMs) return { kind: 'timeout' };
  for (const type of search.types) {
    const message = answers.get(type);
    if (message === undefined) return { kind: 'again' };
    if (message.code === 'NXDOMAIN') return { kind: 'missing' };
  }
  return judgeAnswers(search.types, answers);
}
