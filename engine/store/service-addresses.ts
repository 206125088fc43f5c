import type { Members } from '../objects/members.ts';
import type { Simulation } from '../base/simulation.ts';
import type { StatusCause } from '../objects/status.ts';
import type { Store } from './store.ts';
import { fill, madeObject, memberList, memberNumber, memberText } from '../objects/members.ts';
import { invalid, invalidValue } from '../objects/status.ts';

const SERVICE = { group: '', kind: 'Service' };
const NODE_PORTS = { first: 30000, last: 32767 };
// Both allocators leave a lower band for values that a manifest names (KEP 3070 and 3668).
const STATIC_ADDRESSES = 256;
const STATIC_NODE_PORTS = 86;

/** The range of cluster IPs of stores that have another one than kind's default. */
const ranges = new WeakMap<Store, ServiceRange>();

type ServiceRange = { readonly base: number; readonly bits: number; readonly text: string };

const DEFAULT_RANGE = rangeOf('10.96.0.0/16');

/** Sets the API server's --service-cluster-ip-range, an IPv4 CIDR; without it 10.96.0.0/16. */
export function setServiceRange(store: Store, cidr: string): void {
  ranges.set(store, rangeOf(cidr));
}

/** The address with an offset in a range, e.g. 10 for the cluster's DNS. */
export function serviceAddress(cidr: string, offset: number): string {
  return textOf(rangeOf(cidr).base + offset);
}

function rangeOf(cidr: string): ServiceRange {
  const [address = '', bits = '16'] = cidr.split('/');
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const base = value - (value % size);
  return { base, bits: Number(bits), text: `${textOf(base)}/${bits}` };
}

/** The text of an IPv4 address, given as a number. */
export function textOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/**
 * Gives a service its cluster IP (10.96.0.0/16 unless set otherwise) and node ports, keeps those of `previous`, and refuses what is taken or
 * out of range. Changes `service`, which has its defaults.
 * @throws StatusError Invalid
 */
export function allocateService(
  sim: Simulation,
  store: Store,
  service: Members,
  previous: Members | undefined,
): void {
  const spec = madeObject(service, 'spec');
  if (spec['type'] === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'])
      delete spec[field];
    return;
  }
  keepAllocated(spec, previous);
  allocateAddress(sim, store, service, spec, previous);
  const type = memberText(spec, 'type');
  const hasPorts =
    type === 'NodePort' || (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
  if (type === 'NodePort' || type === 'LoadBalancer') allocateNodePorts(sim, store, service, spec, hasPorts);
  else for (const port of memberList(spec, 'ports')) delete port['nodePort'];
}

// An update that leaves them out keeps the address and the node ports (pkg/registry/core/service, patchAllocatedValues).
function keepAllocated(spec: Members, previous: Members | undefined): void {
  const before = previous === undefined ? undefined : madeObject(previous, 'spec');
  if (before === undefined || before['type'] === 'ExternalName') return;
  if (memberText(spec, 'clusterIP') === '' && spec['clusterIPs'] === undefined) {
    for (const field of ['clusterIP', 'clusterIPs'])
      if (before[field] !== undefined) spec[field] = before[field];
  }
  for (const field of ['ipFamilies', 'ipFamilyPolicy'])
    if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
  if (spec['type'] === 'ClusterIP' || before['type'] === 'ClusterIP') return;
  for (const port of memberList(spec, 'ports')) {
    if ((memberNumber(port, 'nodePort') ?? 0) !== 0) continue;
    const same = memberList(before, 'ports').find(
      (old) => old['port'] === port['port'] && old['protocol'] === port['protocol'],
    );
    if (same?.['nodePort'] !== undefined) port['nodePort'] = same['nodePort'];
  }
}

const NOT_AN_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

function allocateAddress(
  sim: Simulation,
  store: Store,
  service: Members,
  spec: Members,
  previous: Members | undefined,
): void {
  const listed = Array.isArray(spec['clusterIPs']) ? spec['clusterIPs'] : [];
  const asked = memberText(spec, 'clusterIP') || (typeof listed[0] === 'string' ? listed[0] : '');
  const kept = previous === undefined ? '' : memberText(madeObject(previous, 'spec'), 'clusterIP');
  if (asked === '') spec['clusterIP'] = freeAddress(sim, store, service);
  else if (asked !== 'None' && asked !== kept) {
    if (!/^(\d{1,3}(\.\d{1,3}){3}|[\da-f]*:[\da-f:.]+)$/i.test(asked))
      refuse(service, [invalidValue('spec.clusterIPs[0]', JSON.stringify(asked), NOT_AN_ADDRESS)]);
    const why = addressFault(store, asked);
    if (why !== undefined)
      refuse(service, [
        invalidValue('spec.clusterIPs', `[]string{"${asked}"}`, `failed to allocate IP ${asked}: ${why}`),
      ]);
    spec['clusterIP'] = asked;
  } else spec['clusterIP'] = asked;
  spec['clusterIPs'] = [spec['clusterIP']];
  const isBare = asked === 'None' && Object.keys(madeObject(spec, 'selector')).length === 0;
  fill(spec, 'ipFamilies', isBare ? ['IPv4', 'IPv6'] : ['IPv4']);
  fill(spec, 'ipFamilyPolicy', isBare ? 'RequireDualStack' : 'SingleStack');
}

function addressFault(store: Store, address: string): string | undefined {
  const range = ranges.get(store) ?? DEFAULT_RANGE;
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  const offset = (parts ?? []).reduce((sum, part) => sum * 256 + part, 0) - range.base;
  if (
    parts === undefined ||
    parts.some((part) => part > 255) ||
    offset < 0 ||
    offset >= 2 ** (32 - range.bits)
  ) {
    return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.text}`;
  }
  return usedAddresses(store).has(address) ? 'provided IP is already allocated' : undefined;
}

function usedAddresses(store: Store): Set<string> {
  return new Set(store.list('services').map((service) => memberText(service['spec'], 'clusterIP')));
}

function freeAddress(sim: Simulation, store: Store, service: Members): string {
  const used = usedAddresses(store);
  const range = ranges.get(store) ?? DEFAULT_RANGE;
  const last = 2 ** (32 - range.bits) - 2;
  // min(max(16, size/16), 256), as KEP 3070 has it.
  const first = Math.min(Math.max(16, Math.floor((last + 2) / 16)), STATIC_ADDRESSES, last);
  for (let tries = 0; tries < 4 * last; tries++) {
    const address = textOf(range.base + sim.random.integer('service-ip', first, last));
    if (!used.has(address)) return address;
  }
  return refuse(service, [
    invalidValue('spec.clusterIPs', '[]string(nil)', 'failed to allocate a serviceIP: range is full'),
  ]);
}

function allocateNodePorts(
  sim: Simulation,
  store: Store,
  service: Members,
  spec: Members,
  hasPorts: boolean,
): void {
  const metadata = madeObject(service, 'metadata');
  const used = new Set<string>();
  for (const other of store.list('services')) {
    if (other.metadata.name === metadata['name'] && other.metadata.namespace === metadata['namespace'])
      continue;
    for (const port of memberList(other['spec'], 'ports')) {
      if (memberNumber(port, 'nodePort') !== undefined)
        used.add(`${memberText(port, 'protocol')}/${memberNumber(port, 'nodePort')}`);
    }
  }
  memberList(spec, 'ports').forEach((port, i) => {
    const protocol = memberText(port, 'protocol');
    const asked = memberNumber(port, 'nodePort') ?? 0;
    if (asked !== 0) {
      const why = nodePortFault(asked, used.has(`${protocol}/${asked}`));
      if (why !== undefined) refuse(service, [invalidValue(`spec.ports[${i}].nodePort`, String(asked), why)]);
    } else if (hasPorts) port['nodePort'] = freeNodePort(sim, used, protocol);
    if (port['nodePort'] !== undefined) used.add(`${protocol}/${String(port['nodePort'])}`);
  });
}

function nodePortFault(port: number, isTaken: boolean): string | undefined {
  if (port < NODE_PORTS.first || port > NODE_PORTS.last) {
    return `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
  }
  return isTaken ? 'provided port is already allocated' : undefined;
}

function freeNodePort(sim: Simulation, used: ReadonlySet<string>, protocol: string): number {
  for (;;) {
    const port = sim.random.integer('node-port', NODE_PORTS.first + STATIC_NODE_PORTS, NODE_PORTS.last);
    if (!used.has(`${protocol}/${port}`)) return port;
  }
}

function refuse(service: Members, causes: readonly StatusCause[]): never {
  throw invalid(SERVICE, memberText(madeObject(service, 'metadata'), 'name'), causes);
}
