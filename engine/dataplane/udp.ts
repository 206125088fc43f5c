import { hashText } from '../base/hash.ts';
import type { DnsMessage } from '../net/dns.ts';
import type { DatagramPayload } from '../net/socket.ts';
import type { FlowVerdict } from '../policy/model.ts';
import type { FlowDns } from '../hubble/flow.ts';
import type { Fabric } from './fabric.ts';
import { isStopped } from './flow-writer.ts';
import type { Route } from './route.ts';

/** What comes back for a datagram; `delayMs` from when it was sent. */
export type DatagramAnswer =
  | { readonly payload: DatagramPayload; readonly delayMs: number }
  | { readonly refused: true; readonly delayMs: number }
  | undefined;

const RCODES = new Map([
  ['NOERROR', 0],
  ['FORMERR', 1],
  ['SERVFAIL', 2],
  ['NXDOMAIN', 3],
  ['NOTIMP', 4],
  ['REFUSED', 5],
]);
const RCODE_TEXTS = [
  'No Error',
  'Format Error',
  'Server Failure',
  'Non-Existent Domain',
  'Not Implemented',
  'Query Refused',
];

/** Sends one datagram and gives what its receiver answers: judged, through the DNS proxy where redirected, with flows. */
export function sendDatagram(
  fabric: Fabric,
  route: Route,
  options: { readonly payload: DatagramPayload; readonly isNew: boolean; readonly isTraced: boolean },
): DatagramAnswer {
  const { payload } = options;
  const verdict = fabric.judge(route);
  const packet = { route, isReply: false, isNew: options.isNew, isTraced: options.isTraced };
  if (verdict) fabric.flows.request(packet, verdict);
  if (verdict && isStopped(verdict.egress)) return undefined;
  const delayMs = fabric.latencyMs(route) * 2;
  const isRedirected = verdict?.egress.verdict === 'redirected';
  const isProxied = isRedirected && verdict.egress.l7 === 'dns';
  if (isProxied && 'dns' in payload && isRefused(fabric, route, payload.dns)) {
    fabric.flows.reply({ ...packet, isReply: true }, 'client');
    return { payload: { dns: { ...payload.dns, code: 'REFUSED', answers: [], authority: [] } }, delayMs };
  }
  if (isRedirected) fabric.flows.upstream(packet, verdict);
  if (verdict && isStopped(verdict.ingress)) return undefined;
  const found = fabric.serverAt(route.to, {
    port: route.target.port,
    protocol: 'UDP',
    isLocal: route.isSelf,
  });
  if (!found) return fabric.exists(route.to) ? { refused: true, delayMs } : undefined;
  const context = fabric.contextOf(found, {
    party: route.to,
    local: route.target,
    remote: route.seenFrom,
    serverName: undefined,
  });
  const answer = found.server.datagram?.(context, payload);
  if (!answer) return undefined;
  if (isRedirected) fabric.flows.reply({ ...packet, isReply: true }, 'server');
  if (isProxied && 'dns' in answer) recordAnswer(fabric, route, answer.dns);
  fabric.flows.reply({ ...packet, isReply: true }, isRedirected ? 'client' : 'both');
  const { delayMs: thinkingMs = 0, ...answered } = answer;
  return { payload: answered, delayMs: delayMs + thinkingMs };
}

/** Asks the DNS rules and records the question. */
function isRefused(fabric: Fabric, route: Route, question: DnsMessage): boolean {
  const verdict: FlowVerdict | undefined = fabric.judge(route, { dns: { query: question.question.name } });
  const isDenied = verdict?.egress.l7verdict === 'denied';
  const { name, type } = question.question;
  fabric.flows.record(route, {
    side: 'egress',
    type: 'REQUEST',
    isDenied,
    dns: { query: name, observation_source: 'proxy', qtypes: [type] },
    summary: `DNS Query ${name} ${type}`,
  });
  return isDenied;
}

function recordAnswer(fabric: Fabric, route: Route, message: DnsMessage): void {
  const { name, type } = message.question;
  const answers = message.answers ?? [];
  const ips = answers
    .filter((record) => record.type === 'A' || record.type === 'AAAA')
    .map((record) => record.data);
  const cnames = answers.filter((record) => record.type === 'CNAME').map((record) => record.data);
  const ttl = answers.reduce((least, record) => Math.min(least, record.ttl), answers[0]?.ttl ?? 0);
  const rcode = RCODES.get(message.code ?? 'NOERROR') ?? 2;
  if (route.from.kind === 'pod' && rcode === 0 && ips.length > 0) {
    fabric.agents?.learnDns?.({ pod: route.from.key, name, addresses: ips, ttlSeconds: ttl });
  }
  const dns: FlowDns = {
    query: name,
    ...(ips.length > 0 ? { ips } : {}),
    ...(ttl > 0 ? { ttl } : {}),
    ...(cnames.length > 0 ? { cnames } : {}),
    observation_source: 'proxy',
    ...(rcode > 0 ? { rcode } : {}),
    qtypes: [type],
    ...(answers.length > 0 ? { rrtypes: answers.map((record) => record.type) } : {}),
  };
  const latencyNs =
    300_000 + (Number.parseInt(hashText(`${name}/${fabric.flows.count}`).slice(0, 4), 16) % 900_000);
  fabric.flows.record(route, {
    side: 'egress',
    type: 'RESPONSE',
    isDenied: false,
    dns,
    latencyNs,
    summary: answerText(dns, ttl),
  });
}

function answerText(dns: FlowDns, ttl: number): string {
  const tail = `(Proxy ${dns.query ?? ''} ${(dns.qtypes ?? []).join(',')})`;
  if ((dns.rcode ?? 0) > 0)
    return `DNS Answer RCode: ${RCODE_TEXTS[dns.rcode ?? 0] ?? 'Unknown'} TTL: ${ttl} ${tail}`;
  const ips = dns.ips ? `"${dns.ips.join(',')}"` : '';
  const names = dns.cnames ? ` CNAMEs: "${dns.cnames.join(',')}"` : '';
  return `DNS Answer ${ips}${names} TTL: ${ttl} ${tail}`;
}
