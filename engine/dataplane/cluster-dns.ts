import { byText } from '../base/order.ts';
import { parseAddress } from '../net/address.ts';
import type { DnsMessage, DnsRecord, DnsType } from '../net/dns.ts';
import type { ServicePlace, Topology } from './topology.ts';
import type { WorldView } from './view.ts';

const ZONE = 'cluster.local.';
/** TTL of the kubernetes plugin's records and bound of its cache, seconds. */
const CLUSTER_TTL = 30;
/** TTL of the outside world's records, seconds. */
const WORLD_TTL = 300;

/** What DNS answers look at. */
export type DnsView = {
  readonly topology: Topology;
  readonly world: WorldView;
  readonly hasNamespace: (name: string) => boolean;
  readonly nowMs: number;
  /** Asks the world's DNS; undefined when it cannot be reached. */
  readonly forward: (question: DnsMessage) => DnsMessage | undefined;
};

/**
 * CoreDNS with the kubernetes plugin (github.com/kubernetes/dns docs/specification.md): names of Services, their
 * endpoints and ports, pods by address, PTR; everything else is forwarded.
 */
export function answerClusterDns(view: DnsView, message: DnsMessage): DnsMessage {
  const name = message.question.name.toLowerCase();
  const { type } = message.question;
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$/.exec(name);
  if (reverse) {
    const names = reverseNames(view.topology, `${reverse[4]}.${reverse[3]}.${reverse[2]}.${reverse[1]}`);
    if (names.length > 0)
      return found(
        message,
        type === 'PTR' ? names.map((data) => ({ name, ttl: CLUSTER_TTL, type: 'PTR', data })) : [],
        view.nowMs,
      );
    return forwarded(view, message);
  }
  if (name !== ZONE && !name.endsWith(`.${ZONE}`)) return forwarded(view, message);
  const records = clusterRecords(view, name.slice(0, -ZONE.length).replace(/\.$/, ''), { name, type });
  if (records === undefined)
    return {
      ...message,
      code: 'NXDOMAIN',
      answers: [],
      authority: [soa(view.nowMs)],
      isAuthoritative: true,
      isRecursionAvailable: false,
    };
  return found(message, records, view.nowMs);
}

function found(message: DnsMessage, answers: readonly DnsRecord[], nowMs: number): DnsMessage {
  const authority = answers.length === 0 ? [soa(nowMs)] : [];
  return {
    ...message,
    code: 'NOERROR',
    answers,
    authority,
    isAuthoritative: true,
    isRecursionAvailable: false,
  };
}

function soa(nowMs: number): DnsRecord {
  const serial = Math.floor(nowMs / 1000);
  return {
    name: ZONE,
    ttl: CLUSTER_TTL,
    type: 'SOA',
    data: `ns.dns.cluster.local. hostmaster.cluster.local. ${serial} 7200 1800 86400 ${CLUSTER_TTL}`,
  };
}

/** The records of a name below the zone; an empty list is a name without such data, undefined no name at all. */
function clusterRecords(
  view: DnsView,
  below: string,
  asked: { readonly name: string; readonly type: DnsType },
): readonly DnsRecord[] | undefined {
  const labels = below === '' ? [] : below.split('.');
  const kind = labels.at(-1);
  if (labels.length === 0 || (labels.length === 1 && (kind === 'svc' || kind === 'pod'))) return [];
  const namespace = labels.at(-2) ?? '';
  if (kind !== 'svc' && kind !== 'pod') return undefined;
  if (!view.hasNamespace(namespace)) return undefined;
  if (labels.length === 2) return [];
  if (kind === 'pod') return labels.length === 3 ? podRecords(labels[0] ?? '', asked) : undefined;
  const service = view.topology.services.get(`${namespace}/${labels.at(-3) ?? ''}`);
  return service && serviceRecords(view, service, labels.slice(0, -3), asked);
}

function podRecords(
  label: string,
  asked: { readonly name: string; readonly type: DnsType },
): readonly DnsRecord[] | undefined {
  const address = label.replaceAll('-', '.');
  if (!parseAddress(address)) return undefined;
  return asked.type === 'A' ? [{ name: asked.name, ttl: CLUSTER_TTL, type: 'A', data: address }] : [];
}

function serviceRecords(
  view: DnsView,
  service: ServicePlace,
  before: readonly string[],
  asked: { readonly name: string; readonly type: DnsType },
): readonly DnsRecord[] | undefined {
  const own = `${service.name}.${service.namespace}.svc.${ZONE}`;
  if (service.externalName !== undefined && before.length === 0) {
    const target = `${service.externalName.replace(/\.$/, '')}.`;
    const alias: DnsRecord = { name: asked.name, ttl: CLUSTER_TTL, type: 'CNAME', data: target };
    if (asked.type !== 'A') return [alias];
    const inner = answerClusterDns(view, { id: 0, question: { name: target, type: 'A' } });
    return [alias, ...(inner.answers ?? [])];
  }
  const isHeadless = service.clusterIp === '';
  if (isHeadless && service.endpoints.length === 0) return undefined;
  if (before.length === 0) {
    if (asked.type === 'SRV') return service.frontends.map((frontend) => srv(asked.name, frontend.port, own));
    if (asked.type !== 'A') return [];
    const addresses = isHeadless ? service.endpoints.map((item) => item.address) : [service.clusterIp];
    return [...addresses]
      .sort(byText)
      .map((data) => ({ name: asked.name, ttl: CLUSTER_TTL, type: 'A', data }));
  }
  if (before.length === 2 && before.every((label) => label.startsWith('_'))) {
    const [port = '', protocol = ''] = before.map((label) => label.slice(1));
    const frontend = service.frontends.find(
      (item) => item.portName === port && item.protocol.toLowerCase() === protocol,
    );
    if (!frontend) return undefined;
    return asked.type === 'SRV' ? [srv(asked.name, frontend.port, own)] : [];
  }
  if (before.length !== 1) return undefined;
  const endpoint = service.endpoints.find((item) => endpointLabel(item) === before[0]);
  if (!endpoint) return undefined;
  return asked.type === 'A'
    ? [{ name: asked.name, ttl: CLUSTER_TTL, type: 'A', data: endpoint.address }]
    : [];
}

function srv(name: string, port: number, target: string): DnsRecord {
  return { name, ttl: CLUSTER_TTL, type: 'SRV', data: `0 100 ${port} ${target}` };
}

function endpointLabel(item: { readonly address: string; readonly hostname: string | undefined }): string {
  return item.hostname ?? item.address.replaceAll('.', '-');
}

function reverseNames(topology: Topology, address: string): readonly string[] {
  const service = topology.serviceAddresses.get(address);
  if (service && service.clusterIp === address) return [`${service.name}.${service.namespace}.svc.${ZONE}`];
  return [...topology.services.values()].flatMap((item) =>
    item.endpoints
      .filter((endpoint) => endpoint.address === address)
      .map((endpoint) => `${endpointLabel(endpoint)}.${item.name}.${item.namespace}.svc.${ZONE}`),
  );
}

function forwarded(view: DnsView, message: DnsMessage): DnsMessage {
  const answer = view.forward(message);
  if (!answer)
    return {
      ...message,
      code: 'SERVFAIL',
      answers: [],
      authority: [],
      isAuthoritative: false,
      isRecursionAvailable: true,
    };
  const capped = (answer.answers ?? []).map((record) => ({
    ...record,
    ttl: Math.min(record.ttl, CLUSTER_TTL),
  }));
  return { ...answer, id: message.id, answers: capped, isAuthoritative: false, isRecursionAvailable: true };
}

/** The public DNS of the virtual world: its hosts' names (A, PTR); everything else does not exist. */
export function answerWorldDns(world: WorldView, message: DnsMessage): DnsMessage {
  const base = { ...message, isAuthoritative: false, isRecursionAvailable: true };
  const name = message.question.name.toLowerCase();
  const { type } = message.question;
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$/.exec(name);
  const address = reverse ? `${reverse[4]}.${reverse[3]}.${reverse[2]}.${reverse[1]}` : undefined;
  const host = world.outside.find((item) =>
    address === undefined
      ? item.names.some((known) => `${known.toLowerCase()}.` === name)
      : item.addresses.includes(address),
  );
  if (!host) return { ...base, code: 'NXDOMAIN', answers: [], authority: [rootSoa()] };
  if (address !== undefined)
    return {
      ...base,
      code: 'NOERROR',
      answers:
        type === 'PTR' ? [{ name, ttl: WORLD_TTL, type: 'PTR', data: `${host.names[0] ?? host.name}.` }] : [],
      authority: [],
    };
  const answers: DnsRecord[] =
    type === 'A'
      ? host.addresses.map((data) => ({ name: message.question.name, ttl: WORLD_TTL, type: 'A', data }))
      : [];
  return { ...base, code: 'NOERROR', answers, authority: answers.length === 0 ? [rootSoa()] : [] };
}

function rootSoa(): DnsRecord {
  return {
    name: '.',
    ttl: 86_400,
    type: 'SOA',
    data: 'a.root-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 86400',
  };
}
