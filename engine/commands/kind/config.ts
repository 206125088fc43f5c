import type { Decoded } from './decode.ts';
import type { NodePlan, PublishedPort } from '../ports.ts';
import { decodeConfig } from './decode.ts';
import { KindError } from './progress.ts';
import { quoteGo } from '../kubectl/text.ts';
import { parseCidr } from '../../net/cidr.ts';

/** A node of a configuration, with its defaults. */
export type NodeConfig = {
  readonly role: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
};

/** A cluster's configuration, with its defaults (internal/apis/config). */
export type ClusterConfig = {
  readonly name: string;
  readonly nodes: readonly NodeConfig[];
  readonly ipFamily: string;
  readonly apiServerAddress: string;
  readonly apiServerPort: number;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly hasDefaultCni: boolean;
  readonly kubeProxyMode: string;
};

type Fields = ReadonlyMap<string, Decoded>;
const EMPTY: Fields = new Map();

/** Reads a configuration; without a source the default one. `image` is that of nodes that name none. @throws KindError */
export function readConfig(source: string | undefined, image: string): ClusterConfig {
  const fields = source === undefined ? EMPTY : decodeConfig(source);
  const networking = structOf(fields.get('networking'));
  const listed = listOf(fields.get('nodes')).map((one) => nodeOf(structOf(one), image));
  const ipFamily = textOf(networking, 'ipFamily') || 'ipv4';
  const subnets = SUBNETS.get(ipFamily) ?? ['10.244.0.0/16', '10.96.0.0/16'];
  return {
    name: textOf(fields, 'name') || 'kind',
    nodes: listed.length > 0 ? listed : [nodeOf(EMPTY, image)],
    ipFamily,
    apiServerAddress: textOf(networking, 'apiServerAddress') || (ipFamily === 'ipv6' ? '::1' : '127.0.0.1'),
    apiServerPort: numberOf(networking, 'apiServerPort'),
    podSubnet: textOf(networking, 'podSubnet') || (subnets[0] ?? ''),
    serviceSubnet: textOf(networking, 'serviceSubnet') || (subnets[1] ?? ''),
    hasDefaultCni: networking.get('disableDefaultCNI') !== true,
    kubeProxyMode: textOf(networking, 'kubeProxyMode') || 'iptables',
  };
}

const SUBNETS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ipv6', ['fd00:10:244::/56', 'fd00:10:96::/112']],
  ['dual', ['10.244.0.0/16,fd00:10:244::/56', '10.96.0.0/16,fd00:10:96::/112']],
]);

function nodeOf(fields: Fields, image: string): NodeConfig {
  const labels = Object.create(null) as Record<string, string>;
  for (const [key, value] of structOf(fields.get('labels'))) labels[key] = String(value);
  for (const one of listOf(fields.get('extraMounts'))) {
    const propagation = textOf(structOf(one), 'propagation');
    if (!['', 'None', 'HostToContainer', 'Bidirectional'].includes(propagation))
      throw new KindError(`unable to decode config: Unknown MountPropagation: ${quoteGo(propagation)}`);
  }
  return {
    role: textOf(fields, 'role') || 'control-plane',
    image: textOf(fields, 'image') || image,
    labels,
    ports: listOf(fields.get('extraPortMappings')).map((one) => portOf(structOf(one))),
  };
}

function portOf(fields: Fields): PublishedPort {
  const protocol = textOf(fields, 'protocol').toUpperCase() || 'TCP';
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
    throw new KindError(`unable to decode config: Unknown PortMappingProtocol: ${quoteGo(protocol)}`);
  return {
    address: textOf(fields, 'listenAddress') || '0.0.0.0',
    hostPort: numberOf(fields, 'hostPort'),
    containerPort: numberOf(fields, 'containerPort'),
    protocol,
  };
}

function structOf(value: Decoded | undefined): Fields {
  return value instanceof Map ? value : EMPTY;
}

function listOf(value: Decoded | undefined): readonly Decoded[] {
  return Array.isArray(value) ? (value as readonly Decoded[]) : [];
}

function textOf(fields: Fields, key: string): string {
  const value = fields.get(key);
  return typeof value === 'string' ? value : '';
}

function numberOf(fields: Fields, key: string): number {
  const value = fields.get(key);
  return typeof value === 'number' ? value : 0;
}

/** What kind says of a configuration that it will not have; undefined: nothing (internal/apis/config/validate.go). */
export function invalidity(config: ClusterConfig): string | undefined {
  const errors: string[] = [];
  if (!/^[a-z0-9.-]+$/.test(config.name))
    errors.push(`'${config.name}' is not a valid cluster name, cluster names must match \`^[a-z0-9.-]+$\``);
  if (isBadPort(config.apiServerPort))
    errors.push(`invalid apiServerPort: invalid port number: ${config.apiServerPort}`);
  const { ipFamily } = config;
  if (!['ipv4', 'ipv6', 'dual'].includes(ipFamily)) errors.push(`invalid ipFamily: ${ipFamily}`);
  const pod = subnetFault(config.podSubnet, ipFamily);
  if (pod !== undefined) errors.push(`invalid pod subnet ${pod}`);
  const service = subnetFault(config.serviceSubnet, ipFamily);
  if (service !== undefined) errors.push(`invalid service subnet ${service}`);
  if (!['iptables', 'ipvs', 'nftables', 'none'].includes(config.kubeProxyMode))
    errors.push(`invalid kubeProxyMode: ${config.kubeProxyMode}`);
  for (const [i, node] of config.nodes.entries()) {
    const fault = aggregate(nodeFaults(node));
    if (fault !== undefined) errors.push(`invalid configuration for node ${i}: ${fault}`);
  }
  if (!config.nodes.some((node) => node.role === 'control-plane'))
    errors.push('must have at least one control-plane node');
  return aggregate(errors);
}

function nodeFaults(node: NodeConfig): string[] {
  const errors: string[] = [];
  if (node.role !== 'control-plane' && node.role !== 'worker')
    errors.push(`${quoteGo(node.role)} is not a valid node role`);
  for (const port of node.ports) {
    if (isBadPort(port.hostPort)) errors.push(`invalid hostPort: invalid port number: ${port.hostPort}`);
    if (isBadPort(port.containerPort))
      errors.push(`invalid containerPort: invalid port number: ${port.containerPort}`);
  }
  const twice = repeatedPort(node.ports);
  if (twice !== undefined) errors.push(`invalid portMapping: ${twice}`);
  return errors;
}

function repeatedPort(ports: readonly PublishedPort[]): string | undefined {
  const seen = new Map<string, Set<string>>();
  for (const { hostPort, protocol, address } of ports) {
    if (hostPort === -1 || hostPort === 0) continue;
    const key = `${hostPort}/${protocol}`;
    const wild = address === '::' || address === '0.0.0.0' ? '0.0.0.0' : address;
    const known = seen.get(key);
    if (known !== undefined && (wild === '0.0.0.0' || known.has(wild) || known.has('0.0.0.0')))
      return `port mapping with same listen address, port and protocol already configured: ${address}:${key}`;
    seen.set(key, new Set([...(known ?? []), wild]));
  }
  return undefined;
}

function isBadPort(port: number): boolean {
  return port < -1 || port > 65_535;
}

function subnetFault(subnet: string, ipFamily: string): string | undefined {
  const parts = subnet.split(',');
  const families: number[] = [];
  for (const part of parts) {
    const block = part.includes('/') ? parseCidr(part) : undefined;
    if (block === undefined)
      return `failed to parse cidr value:${quoteGo(part)} with error: invalid CIDR address: ${part}`;
    families.push(block.address.family);
  }
  const isDual = ipFamily === 'dual';
  if (isDual && (parts.length > 2 || (parts.length === 2 && new Set(families).size < 2)))
    return 'expected one (IPv4 or IPv6) CIDR or two CIDRs from each family for dual-stack networking';
  if (!isDual && parts.length > 1) return 'only one CIDR allowed for single-stack networking';
  if (ipFamily === 'ipv4' && families[0] !== 4) return 'expected IPv4 CIDR for IPv4 family';
  if (ipFamily === 'ipv6' && families[0] !== 6) return 'expected IPv6 CIDR for IPv6 family';
  return undefined;
}

function aggregate(errors: readonly string[]): string | undefined {
  return errors.length > 1 ? `[${errors.join(', ')}]` : errors[0];
}

/** The containers of a cluster: nodes with their names, and a load balancer before several control planes. */
export function nodePlans(config: ClusterConfig): readonly NodePlan[] {
  const counts = new Map<string, number>();
  const nameOf = (role: string): string => {
    const count = (counts.get(role) ?? 0) + 1;
    counts.set(role, count);
    return `${config.name}-${role}${count > 1 ? count : ''}`;
  };
  const isMany = config.nodes.filter((node) => node.role === 'control-plane').length > 1;
  const api: PublishedPort = {
    address: isMany ? '127.0.0.1' : config.apiServerAddress,
    hostPort: isMany ? 0 : config.apiServerPort,
    containerPort: 6443,
    protocol: 'TCP',
  };
  const plans = config.nodes.map((node): NodePlan => {
    const role = node.role === 'worker' ? 'worker' : 'control-plane';
    const ports = [...node.ports, ...(role === 'control-plane' ? [api] : [])];
    return { name: nameOf(role), role, image: node.image, labels: { ...node.labels }, ports };
  });
  if (!isMany) return plans;
  const front = { ...api, address: config.apiServerAddress, hostPort: config.apiServerPort };
  const balancer: NodePlan = {
    name: nameOf('external-load-balancer'),
    role: 'external-load-balancer',
    image: 'docker.io/kindest/haproxy:v20230606-42a2262b',
    labels: {},
    ports: [front],
  };
  return [...plans, balancer];
}
