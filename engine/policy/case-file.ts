import { isJsonObject } from '../base/json.ts';
import { parseAddress } from '../net/address.ts';
import { protocolNumber } from '../net/protocol.ts';
import { readDocument } from './documents.ts';
import {
  type CidrGroupFacts,
  DEFAULT_POLICY_CONFIG,
  type EndpointFacts,
  type FlowSpec,
  type NamespaceFacts,
  type NodeFacts,
  type Peer,
  type PolicyConfig,
  type ServiceFacts,
} from './model.ts';

/** One question of a case file. */
export type Probe = { readonly id?: string; readonly flow: FlowSpec; readonly expect?: string };

/** A decoded case file: a small world, its policies as text and the probes. */
export type PolicyCase = {
  readonly config: PolicyConfig;
  readonly defaultNamespace: string;
  readonly namespaces: readonly NamespaceFacts[];
  readonly nodes: readonly NodeFacts[];
  readonly apiServers: readonly string[];
  readonly endpoints: readonly EndpointFacts[];
  readonly services: readonly ServiceFacts[];
  readonly cidrGroups: string | undefined;
  readonly dns: ReadonlyMap<string, readonly string[]>;
  readonly policies: string;
  readonly probes: readonly Probe[];
};

/** A mistake in a case file; the message names the place. */
export class CaseError extends Error {
  override readonly name = 'CaseError';
  /** Where the text cannot be read; undefined where the message says it. */
  readonly place: { readonly line: number; readonly column: number } | undefined;

  constructor(message: string, place?: { readonly line: number; readonly column: number }) {
    super(message);
    this.place = place;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Decodes a case file, strictly: an unknown key or a probe about a pod that does not exist is a mistake.
 * @throws CaseError
 */
export function decodeCase(text: string): PolicyCase {
  const read = readDocument(text, 'refuse', { isWorld: true });
  if ('error' in read) throw new CaseError(read.error, read);
  return decodeCaseValue(read.value);
}

/**
 * Decodes a case that was read already.
 * @throws CaseError
 */
export function decodeCaseValue(value: unknown): PolicyCase {
  const top = fieldsOf(value, 'case', [
    'about',
    'enforcement',
    'hostFirewall',
    'ipv6',
    'nodeSelectorLabels',
    'cidrMatchMode',
    'cluster',
    'defaultNamespace',
    'namespaces',
    'nodes',
    'kubeAPIServer',
    'pods',
    'services',
    'cidrGroups',
    'dns',
    'policies',
    'probes',
  ]);
  const nodes = top['nodes'] === undefined ? [DEFAULT_NODE] : listOf(top['nodes'], 'nodes').map(decodeNode);
  const firstNode = nodes[0]?.name ?? DEFAULT_NODE.name;
  const endpoints = listOf(top['pods'], 'pods').map((item, i) => decodePod(item, `pods[${i}]`, firstNode));
  const known = {
    pods: new Set(endpoints.map((pod) => pod.key)),
    nodes: new Set(nodes.map((node) => node.name)),
  };
  for (const pod of endpoints)
    if (!known.nodes.has(pod.node)) throw new CaseError(`pod ${pod.key}: no node ${pod.node}`);
  return {
    config: decodeConfig(top),
    defaultNamespace: textOf(top['defaultNamespace'], 'defaultNamespace', 'default'),
    namespaces: listOf(top['namespaces'], 'namespaces').map((item, i) => {
      const fields = fieldsOf(item, `namespaces[${i}]`, ['name', 'labels']);
      return {
        name: textOf(fields['name'], `namespaces[${i}].name`),
        labels: labelsOf(fields['labels'], `namespaces[${i}].labels`),
      };
    }),
    nodes,
    apiServers: textsOf(top['kubeAPIServer'], 'kubeAPIServer'),
    endpoints,
    services: listOf(top['services'], 'services').map((item, i) => decodeService(item, `services[${i}]`)),
    cidrGroups: top['cidrGroups'] === undefined ? undefined : textOf(top['cidrGroups'], 'cidrGroups'),
    dns: new Map(
      Object.entries(isJsonObject(top['dns']) ? top['dns'] : {}).map(([name, value]) => [
        name,
        textsOf(value, `dns.${name}`),
      ]),
    ),
    policies: textOf(top['policies'], 'policies', ''),
    probes: listOf(top['probes'], 'probes').map((item, i) => decodeProbe(item, `probes[${i}]`, known)),
  };
}

const DEFAULT_NODE: NodeFacts = { name: 'node-1', addresses: ['172.18.0.100'], labels: {} };

function decodeConfig(top: Fields): PolicyConfig {
  const enforcement = textOf(top['enforcement'], 'enforcement', 'default');
  if (enforcement !== 'default' && enforcement !== 'always' && enforcement !== 'never') {
    throw new CaseError(`enforcement: ${enforcement} is none of default, always, never`);
  }
  return {
    enforcement,
    ipv6: flagOf(top['ipv6'], 'ipv6', DEFAULT_POLICY_CONFIG.ipv6),
    hostFirewall: flagOf(top['hostFirewall'], 'hostFirewall', false),
    nodeSelectorLabels: flagOf(top['nodeSelectorLabels'], 'nodeSelectorLabels', false),
    cidrMatchMode: textsOf(top['cidrMatchMode'], 'cidrMatchMode'),
    cluster: textOf(top['cluster'], 'cluster', 'default'),
  };
}

function decodeNode(item: unknown, i: number): NodeFacts {
  const at = `nodes[${i}]`;
  const fields = fieldsOf(item, at, ['name', 'ip', 'ips', 'labels', 'controlPlane']);
  const labels: Record<string, string> = { ...labelsOf(fields['labels'], `${at}.labels`) };
  const name = textOf(fields['name'], `${at}.name`);
  if (flagOf(fields['controlPlane'], `${at}.controlPlane`, false))
    labels['node-role.kubernetes.io/control-plane'] ??= '';
  return { name, addresses: addressesOf(fields, at), labels };
}

function decodePod(item: unknown, at: string, firstNode: string): EndpointFacts {
  const fields = fieldsOf(item, at, [
    'name',
    'namespace',
    'labels',
    'node',
    'ip',
    'ips',
    'serviceAccount',
    'ports',
    'init',
  ]);
  const namespace = textOf(fields['namespace'], `${at}.namespace`, 'default');
  const name = textOf(fields['name'], `${at}.name`);
  const addresses = addressesOf(fields, at);
  if (addresses.length === 0) throw new CaseError(`${at}: a pod needs an ip`);
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    labels: labelsOf(fields['labels'], `${at}.labels`),
    serviceAccount: textOf(fields['serviceAccount'], `${at}.serviceAccount`, 'default'),
    node: textOf(fields['node'], `${at}.node`, firstNode),
    addresses,
    namedPorts: listOf(fields['ports'], `${at}.ports`).map((port, j) => {
      const each = fieldsOf(port, `${at}.ports[${j}]`, ['name', 'port', 'protocol']);
      return {
        name: textOf(each['name'], `${at}.ports[${j}].name`, ''),
        port: numberOf(each['port'], `${at}.ports[${j}].port`),
        protocol: textOf(each['protocol'], `${at}.ports[${j}].protocol`, 'TCP'),
      };
    }),
    isInit: flagOf(fields['init'], `${at}.init`, false),
  };
}

function decodeService(item: unknown, at: string): ServiceFacts {
  const fields = fieldsOf(item, at, [
    'name',
    'namespace',
    'labels',
    'selector',
    'endpoints',
    'clusterIP',
    'clusterIPs',
    'externalIPs',
    'headless',
    'ports',
    'type',
  ]);
  return {
    name: textOf(fields['name'], `${at}.name`),
    namespace: textOf(fields['namespace'], `${at}.namespace`, 'default'),
    labels: labelsOf(fields['labels'], `${at}.labels`),
    selector: labelsOf(fields['selector'], `${at}.selector`),
    endpoints: textsOf(fields['endpoints'], `${at}.endpoints`),
  };
}

type Known = { readonly pods: ReadonlySet<string>; readonly nodes: ReadonlySet<string> };

function decodeProbe(item: unknown, at: string, known: Known): Probe {
  const fields = fieldsOf(item, at, [
    'id',
    'from',
    'to',
    'port',
    'protocol',
    'icmpType',
    'http',
    'dns',
    'sni',
    'about',
    'expect',
  ]);
  const protocol = textOf(fields['protocol'], `${at}.protocol`, 'TCP');
  if (protocolNumber(protocol) === undefined) throw new CaseError(`${at}.protocol: ${protocol} is not known`);
  const flow: FlowSpec = {
    from: peerOf(fields['from'], `${at}.from`, known),
    to: peerOf(fields['to'], `${at}.to`, known),
    protocol,
    ...(fields['port'] !== undefined && { port: numberOf(fields['port'], `${at}.port`) }),
    ...(fields['icmpType'] !== undefined && { icmpType: numberOf(fields['icmpType'], `${at}.icmpType`) }),
    ...(fields['http'] !== undefined && { http: httpOf(fields['http'], `${at}.http`) }),
    ...(fields['dns'] !== undefined && {
      dns: { query: textOf(fieldsOf(fields['dns'], `${at}.dns`, ['query'])['query'], `${at}.dns.query`) },
    }),
    ...(fields['sni'] !== undefined && { sni: textOf(fields['sni'], `${at}.sni`) }),
  };
  return {
    flow,
    ...(fields['id'] !== undefined && { id: String(fields['id']) }),
    ...(fields['expect'] !== undefined && { expect: verdictOf(fields['expect'], `${at}.expect`) }),
  };
}

const VERDICTS: readonly string[] = ['FORWARDED', 'DROPPED', 'L7-DENIED', 'AUTH-REQUIRED'];

function verdictOf(value: unknown, at: string): string {
  const verdict = textOf(value, at);
  if (!VERDICTS.includes(verdict)) throw new CaseError(`${at}: ${verdict} is none of ${VERDICTS.join(', ')}`);
  return verdict;
}

function httpOf(value: unknown, at: string): NonNullable<FlowSpec['http']> {
  const fields = fieldsOf(value, at, ['method', 'path', 'host', 'headers']);
  return {
    method: textOf(fields['method'], `${at}.method`, 'GET'),
    path: textOf(fields['path'], `${at}.path`, '/'),
    ...(fields['host'] !== undefined && { host: textOf(fields['host'], `${at}.host`) }),
    headers: labelsOf(fields['headers'], `${at}.headers`),
  };
}

function peerOf(value: unknown, at: string, known: Known): Peer {
  const text = textOf(value, at);
  const rest = text.slice(text.indexOf(':') + 1);
  if (text.startsWith('ip:')) {
    if (!parseAddress(rest)) throw new CaseError(`${at}: ${rest} is no address`);
    return { address: rest };
  }
  if (text.startsWith('node:')) {
    if (!known.nodes.has(rest)) throw new CaseError(`${at}: no node ${rest}`);
    return { node: rest };
  }
  if (text.startsWith('entity:')) return { entity: rest };
  if (!known.pods.has(text)) throw new CaseError(`${at}: no pod ${text}`);
  return { endpoint: text };
}

function addressesOf(fields: Fields, at: string): string[] {
  const texts =
    fields['ip'] === undefined ? textsOf(fields['ips'], `${at}.ips`) : [textOf(fields['ip'], `${at}.ip`)];
  for (const text of texts) if (!parseAddress(text)) throw new CaseError(`${at}: ${text} is no address`);
  return texts;
}

function fieldsOf(value: unknown, at: string, allowed: readonly string[]): Fields {
  if (!isJsonObject(value)) throw new CaseError(`${at} is no mapping`);
  for (const key of Object.keys(value))
    if (!allowed.includes(key)) throw new CaseError(`${at}: unknown key ${key}`);
  return value;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new CaseError(`${at} is no list`);
  return value;
}

function textOf(value: unknown, at: string, absent?: string): string {
  if ((value === undefined || value === null) && absent !== undefined) return absent;
  if (typeof value !== 'string') throw new CaseError(`${at} is no text`);
  return value;
}

function textsOf(value: unknown, at: string): string[] {
  return listOf(value, at).map((item, i) => textOf(item, `${at}[${i}]`));
}

function numberOf(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new CaseError(`${at} is no whole number`);
  return value;
}

function flagOf(value: unknown, at: string, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'boolean') throw new CaseError(`${at} is neither true nor false`);
  return value;
}

function labelsOf(value: unknown, at: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw new CaseError(`${at} is no mapping`);
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text, `${at}.${key}`)]));
}

/** The facts of a CiliumCIDRGroup object that passed the schema. */
export function cidrGroupFacts(object: {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly externalCIDRs: readonly string[] };
}): CidrGroupFacts {
  return {
    name: object.metadata.name,
    labels: object.metadata.labels ?? {},
    cidrs: object.spec.externalCIDRs,
  };
}
