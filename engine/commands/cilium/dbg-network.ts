import type { Json } from '../../base/json.ts';
import { asAsked, clusterName, type DbgCall, type DbgCommand, type DbgResult, isOn } from './dbg-command.ts';
import {
  addressOf,
  type IdentityModel,
  type IpModel,
  listOf,
  type NodeModel,
  type ServiceModel,
} from './models.ts';
import { namePattern } from '../../net/name-pattern.ts';
import { tabbed } from './table.ts';

const TABLE = { minWidth: 5, padding: 3 };

/** Entries as api/v1 has them: what is empty is left out. */
function ipModels(entries: readonly IpModel[]): Json {
  return entries.map(({ cidr, encryptKey, hostIP, identity, metadata }) => ({
    cidr,
    ...(encryptKey === 0 ? {} : { encryptKey }),
    ...(hostIP === '' ? {} : { hostIP }),
    identity,
    metadata: metadata.source === '' ? {} : metadata,
  }));
}

function ipTable(call: DbgCall, entries: readonly IpModel[]): DbgResult {
  const isVerbose = isOn(call, 'verbose');
  const header = isVerbose
    ? ['IP', 'IDENTITY', 'SOURCE', 'HOST', 'ENCRYPT_KEY']
    : ['IP', 'IDENTITY', 'SOURCE'];
  const rows = entries.flatMap((item) => {
    const known = call.agent.get(`/identity/${item.identity}`) as IdentityModel | undefined;
    const names = isOn(call, 'numeric')
      ? [String(item.identity)]
      : item.labels.length > 0
        ? item.labels
        : (known?.labels ?? []);
    const [first = String(item.identity), ...more] = names;
    const rest = isVerbose ? [item.hostIP, String(item.encryptKey)] : [];
    return [[item.cidr, first, item.metadata.source, ...rest], ...more.map((name) => ['', name, ''])];
  });
  return asAsked(call, ipModels(entries)) ?? { text: tabbed([header, ...rows], TABLE) };
}

function ipGet(call: DbgCall): DbgResult {
  const [cidr = ''] = call.args;
  const labels = (call.flags.get('labels') ?? '').split(',').filter((label) => label !== '');
  if (labels.length > 0 && cidr !== '')
    return { misuse: 'Cannot provide both cidr and labels arguments concurrently' };
  const all = listOf<IpModel>(call.agent.get('/ip'));
  const none = { error: 'Error: Cannot get ipcache entries. err: [GET /ip][404] getIpNotFound' };
  if (labels.length > 0) {
    const line = '===========================\n';
    const text = `${line}Labels:\n${labels.map((label) => `    ${label}\n`).join('')}${line}`;
    const found = all.filter((item) => labels.every((label) => item.labels.includes(label)));
    if (found.length === 0) return { text, ...none };
    const rows = found.map((item) => [item.cidr, item.hostIP, String(item.identity), '', '']);
    const header = ['IP', 'HOST', 'IDENTITY', 'POD', 'NAMESPACE'];
    return asAsked(call, ipModels(found)) ?? { text: text + tabbed([header, ...rows], TABLE) };
  }
  if (cidr === '') return { misuse: 'Missing cidr argument' };
  if (!/^[\da-f.:]+\/\d{1,3}$/i.test(cidr))
    return { error: `Error: Unable to parse CIDR ${JSON.stringify(cidr)}: invalid CIDR address: ${cidr}` };
  const found = all.filter((item) => item.cidr === cidr);
  return found.length === 0 ? none : ipTable(call, found);
}

function serviceRows(services: readonly ServiceModel[]): readonly (readonly string[])[] {
  return services.flatMap((item) => {
    const backends = item.backends.map((backend, i) => `${i + 1} => ${backend} (active)`);
    const [first = '', ...more] = backends;
    return [[String(item.id), item.frontend, item.type, first], ...more.map((line) => ['', '', '', line])];
  });
}

function serviceTable(services: readonly ServiceModel[]): string {
  return tabbed([['ID', 'Frontend', 'Service Type', 'Backend'], ...serviceRows(services)], {
    ...TABLE,
    isLastPadded: true,
  });
}

function serviceList(call: DbgCall): DbgResult {
  const services = listOf<ServiceModel>(call.agent.get('/service'));
  const models = services.map(({ id, frontend, type, name, namespace, backends }) => {
    const spec = {
      'backend-addresses': backends.map((backend) => ({ ...addressOf(backend), state: 'active' })),
      flags: { extTrafficPolicy: 'Cluster', intTrafficPolicy: 'Cluster', name, namespace, type },
      'frontend-address': { ...addressOf(frontend), scope: 'external' },
      id,
    };
    return { spec, status: { realized: spec } };
  });
  return asAsked(call, models) ?? { text: serviceTable(services) };
}

function nodeList(call: DbgCall): DbgResult {
  const cluster = clusterName(call);
  const nodes = listOf<NodeModel>(call.agent.get('/cluster'));
  const source = (node: NodeModel): string => (node.name === call.agent.node ? 'local' : 'custom-resource');
  const models = nodes.map((node) => ({
    'health-endpoint-address': { ipv4: { enabled: true, ip: node.health } },
    name: `${cluster}/${node.name}`,
    'primary-address': {
      ipv4: { 'address-type': 'InternalIP', 'alloc-range': node.podCidr, enabled: true, ip: node.address },
    },
    'secondary-addresses': [{ 'address-type': 'CiliumInternalIP', ip: node.router }],
    source: source(node),
  }));
  const rows = nodes.map((node) => [
    `${cluster}/${node.name}`,
    node.address,
    node.podCidr,
    '',
    '',
    source(node),
  ]);
  const header = ['Name', 'IPv4 Address', 'Endpoint CIDR', 'IPv6 Address', 'Endpoint CIDR', 'Source'];
  return asAsked(call, models) ?? { text: tabbed([header, ...rows], TABLE) };
}

type CacheEntry = {
  readonly fqdn: string;
  readonly source: string;
  readonly ttl: number;
  readonly 'expiration-time': string;
  readonly ips: readonly string[];
  readonly 'endpoint-id': number;
};

function fqdnCache(call: DbgCall): DbgResult {
  const matches = namePattern(call.flags.get('matchpattern') || '*');
  const wanted = call.flags.get('endpoint');
  const source = call.flags.get('source');
  const found = listOf<CacheEntry>(call.agent.get('/fqdn/cache')).filter(
    (item) =>
      matches(item.fqdn) &&
      (wanted === undefined || String(item['endpoint-id']) === wanted) &&
      (source === undefined || item.source === source),
  );
  const rows = found.map((item) => [
    String(item['endpoint-id']),
    item.source,
    item.fqdn,
    String(item.ttl),
    item['expiration-time'],
    item.ips.join(','),
  ]);
  return (
    asAsked(
      call,
      found.map((item) => ({
        'endpoint-id': item['endpoint-id'],
        'expiration-time': item['expiration-time'],
        fqdn: item.fqdn,
        ips: item.ips,
        'lookup-time': new Date(Date.parse(item['expiration-time']) - item.ttl * 1000).toISOString(),
        source: item.source,
        ttl: item.ttl,
      })),
    ) ?? {
      text: tabbed([['Endpoint', 'Source', 'FQDN', 'TTL', 'ExpirationTime', 'IPs'], ...rows], {
        ...TABLE,
        isLastPadded: true,
      }),
    }
  );
}

/** Without `-f` it shows what would go and asks; nobody is there to answer, so that nothing goes. */
function fqdnClean(call: DbgCall): DbgResult {
  if (!isOn(call, 'force')) {
    const shown = fqdnCache({ ...call, flags: new Map() });
    const list = 'text' in shown ? shown.text : '';
    return {
      text: `Following cache entries are going to be deleted:\n${list}The command is non-revertible, do you want to continue [y/N]?\n`,
    };
  }
  call.agent.patch('/fqdn/cache', call.flags.get('matchpattern') || '*');
  return { text: 'FQDN proxy cache cleared\n' };
}

/** Commands about addresses, services and names. */
export const NETWORK_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  'ip get': {
    about: 'Addresses with these labels',
    usage: '( <cidr> |-l <identity labels> )',
    flags: 'labels:l=strings verbose:v',
    hasOutput: true,
    run: ipGet,
  },
  'ip list': {
    about: 'Known addresses',
    flags: 'numeric:n verbose:v',
    hasOutput: true,
    run: (call) => ipTable(call, listOf<IpModel>(call.agent.get('/ip'))),
  },
  'service list': {
    about: 'Balanced services',
    flags: 'clustermesh-affinity',
    hasOutput: true,
    run: serviceList,
  },
  'node list': { about: 'Nodes of the cluster', hasOutput: true, run: nodeList },
  'fqdn cache clean': { about: 'Forget DNS answers', flags: 'force:f matchpattern:p=', run: fqdnClean },
  'fqdn cache list': {
    about: 'Remembered DNS answers',
    flags: 'matchpattern:p= endpoint:e= source:s=',
    hasOutput: true,
    run: fqdnCache,
  },
  'fqdn names': {
    about: 'Names and patterns in wait',
    run: (call) => ({ text: `${JSON.stringify(call.agent.get('/fqdn/names') ?? {}, null, 2)}\n` }),
  },
};
