import type { Sys } from '../../base/process.ts';
import { parseAddress } from '../../net/address.ts';
import type { DnsMessage, DnsRecord, DnsType } from '../../net/dns.ts';
import type { Network } from '../../net/socket.ts';
import { askOverTcp, type DnsTcpFailure } from './dns-tcp.ts';
import { queryId } from './resolver.ts';

/** The record types the tools know by name. */
export const DNS_TYPES: readonly DnsType[] = [
  'A',
  'AAAA',
  'CNAME',
  'PTR',
  'SRV',
  'TXT',
  'MX',
  'NS',
  'SOA',
  'ANY',
];

/** Reads a type's name in any case; undefined for one that is not known here. */
export function dnsType(text: string): DnsType | undefined {
  return DNS_TYPES.find((type) => type === text.toUpperCase());
}

/** One question to a list of servers. */
export type Question = {
  readonly name: string;
  readonly type: DnsType;
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  readonly tries: number;
  /** Asks over TCP from the start. */
  readonly isTcp?: boolean;
  /** Takes a truncated answer as it is. */
  readonly isIgnoring?: boolean;
  /** Hears that a truncated answer is asked for again. */
  readonly onTruncated?: () => Promise<void>;
  /** Hears of every attempt that failed. */
  readonly onFailure?: (server: string, why: DnsTcpFailure) => Promise<void>;
};

/** An answer with who gave it and how long it took. */
export type Answer = {
  readonly message: DnsMessage;
  readonly server: string;
  readonly elapsedMs: number;
  readonly isTcp?: boolean;
};

/** Asks as bind's tools do: each server in turn, `tries` times over; undefined when none answered. */
export async function askServers(
  sys: Sys,
  network: Network,
  question: Question,
): Promise<Answer | undefined> {
  for (let round = 0; round < question.tries; round++) {
    for (const server of question.servers) {
      if (question.isTcp) {
        const answer = await overTcp(sys, network, question, server);
        if (answer) return answer;
        continue;
      }
      const socket = network.udp();
      const id = queryId(sys, `${question.name}/${question.type}/${socket.local.port}`);
      const beganMs = sys.nowMs();
      socket.send(
        { address: server, port: 53 },
        { dns: { id, question: { name: question.name, type: question.type } } },
      );
      for (;;) {
        const left = Math.max(0, beganMs + question.timeoutMs - sys.nowMs());
        const got = await socket.receive(sys, left);
        if (got.kind === 'datagram') {
          if (!('dns' in got.payload) || got.payload.dns.id !== id) continue;
          socket.close();
          if (got.payload.dns.isTruncated && !question.isIgnoring) {
            await question.onTruncated?.();
            const answer = await overTcp(sys, network, question, server);
            if (answer) return answer;
            break;
          }
          return { message: got.payload.dns, server, elapsedMs: sys.nowMs() - beganMs };
        }
        socket.close();
        await question.onFailure?.(server, got.kind === 'refused' ? 'connection refused' : 'timed out');
        break;
      }
    }
  }
  return undefined;
}

async function overTcp(
  sys: Sys,
  network: Network,
  question: Question,
  server: string,
): Promise<Answer | undefined> {
  const beganMs = sys.nowMs();
  const id = queryId(sys, `${question.name}/${question.type}/tcp`);
  const asked = { id, question: { name: question.name, type: question.type } };
  const got = await askOverTcp(sys, network, { server, questions: [asked], timeoutMs: question.timeoutMs });
  if (typeof got === 'string') {
    await question.onFailure?.(server, got);
    return undefined;
  }
  const [message] = got;
  return message && { message, server, elapsedMs: sys.nowMs() - beganMs, isTcp: true };
}

/** The names to ask, in order, for a name with the search list of resolv.conf; each with its final dot. */
export function searchNames(network: Network, name: string): readonly string[] {
  if (name.endsWith('.')) return [name];
  const { search, ndots } = network.resolver;
  const listed = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  return name.split('.').length - 1 >= ndots ? [`${name}.`, ...listed] : [...listed, `${name}.`];
}

/** `10.0.2.20` → `20.2.0.10.in-addr.arpa.`; IPv6 likewise by nibbles; undefined for what is no address. */
export function reverseName(text: string): string | undefined {
  const address = parseAddress(text);
  if (!address) return undefined;
  if (address.family === 4) return `${text.split('.').reverse().join('.')}.in-addr.arpa.`;
  const digits = address.words.map((word) => word.toString(16).padStart(8, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa.`;
}

/** Text in tab-separated columns as bind prints records: up to the wanted column by tabs, or one space when it is past. */
export function columns(cells: readonly (readonly [number, string])[]): string {
  let text = '';
  let at = 0;
  for (const [column, cell] of cells) {
    if (column > 0 && at >= column) {
      text += ' ';
      at += 1;
    }
    while (at < column) {
      text += '\t';
      at = (Math.floor(at / 8) + 1) * 8;
    }
    text += cell;
    at += cell.length;
  }
  return text;
}

/** A record as dig prints it; a column that is left out lets those behind it move up. */
export function recordLine(
  record: DnsRecord,
  hidden: { readonly ttl?: boolean; readonly class?: boolean } = {},
): string {
  const shown = [
    ...(hidden.ttl ? [] : [String(record.ttl)]),
    ...(hidden.class ? [] : ['IN']),
    record.type,
    record.data,
  ];
  return `${columns([[0, record.name], ...shown.map((cell, i): [number, string] => [24 + 8 * i, cell])])}\n`;
}

/** The question as dig and host print it: its semicolon is in no column. */
export function questionLine(name: string, type: string): string {
  const gap: [number, string][] = name.length < 24 ? [[24, '']] : [];
  return `;${columns([[0, name], ...gap, [32, 'IN'], [40, type]])}`;
}

/** The size of a message on the wire, with names compressed where a suffix of them was written before (RFC 1035, 4.1.4). */
export function messageSize(message: DnsMessage): number {
  const seen = new Set<string>();
  const nameSize = (name: string): number => {
    const labels = name
      .toLowerCase()
      .split('.')
      .filter((label) => label !== '');
    let size = 0;
    for (const [i, label] of labels.entries()) {
      const suffix = labels.slice(i).join('.');
      if (seen.has(suffix)) return size + 2;
      seen.add(suffix);
      size += label.length + 1;
    }
    return size + 1;
  };
  const dataSize = (record: DnsRecord): number => {
    if (record.type === 'A') return 4;
    if (record.type === 'AAAA') return 16;
    const words = record.data.split(' ');
    if (record.type === 'SOA') return nameSize(words[0] ?? '') + nameSize(words[1] ?? '') + 20;
    if (record.type === 'TXT') return record.data.length - 1;
    if (record.type === 'SRV') return 6 + (words.at(-1) ?? '').length + 1;
    return record.type === 'MX' ? 2 + nameSize(words.at(-1) ?? '') : nameSize(record.data);
  };
  let size = 12 + nameSize(message.question.name) + 4;
  for (const record of [...(message.answers ?? []), ...(message.authority ?? [])])
    size += nameSize(record.name) + 10 + dataSize(record);
  return size + (message.hasEdns === false ? 0 : 23);
}
