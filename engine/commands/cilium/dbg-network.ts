import type { Json } from '../../base/json.ts';
import { asAsked, type DbgCall, type DbgCommand, type DbgResult, isOn } from './dbg-command.ts';
import { RESERVED } from '../../hubble/tables.ts';
import { type EndpointModel, listOf } from './models.ts';
import { tabbed } from './table.ts';

const TABLE = { minWidth: 5, padding: 3 };

type IpModel = {
  readonly cidr: string;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly hostIP: string;
  readonly encryptKey: number;
  readonly metadata: { readonly source: string };
};

function ipList(call: DbgCall): DbgResult {
  const model = call.agent.get('/ip') ?? [];
  const isVerbose = isOn(call, 'verbose');
  const header = isVerbose
    ? ['IP', 'IDENTITY', 'SOURCE', 'HOST', 'ENCRYPT_KEY']
    : ['IP', 'IDENTITY', 'SOURCE'];
  const rows = listOf<IpModel>(model).flatMap((item) => {
    const reserved = RESERVED[item.identity];
    const names = isOn(call, 'numeric')
      ? [String(item.identity)]
      : reserved === undefined
        ? item.labels
        : [reserved];
    const [first = String(item.identity), ...more] = names;
    const rest = isVerbose ? [item.hostIP, String(item.encryptKey)] : [];
    return [[item.cidr, first, item.metadata.source, ...rest], ...more.map((name) => ['', name, ''])];
  });
  return asAsked(call, model) ?? { text: tabbed([header, ...rows], TABLE) };
}

function ipcacheList(call: DbgCall): DbgResult {
  const model = call.agent.get('/ip') ?? [];
  const rows = listOf<IpModel>(model).map((item) => [
    item.cidr,
    `identity=${item.identity} encryptkey=${item.encryptKey} tunnelendpoint=${item.hostIP === '' ? '0.0.0.0' : item.hostIP} flags=<none>`,
  ]);
  return (
    asAsked(call, model) ?? {
      text: tabbed([['IP PREFIX/ADDRESS', 'IDENTITY'], ...rows], { ...TABLE, isLastPadded: true }),
    }
  );
}

function ipcacheGet(call: DbgCall): DbgResult {
  const [address] = call.args;
  if (address === undefined) return { error: 'Error: No IP provided' };
  const found = listOf<IpModel>(call.agent.get('/ip')).find((item) => item.cidr === `${address}/32`);
  return found
    ? {
        text: `${address} maps to identity identity=${found.identity} encryptkey=${found.encryptKey} tunnelendpoint=${found.hostIP === '' ? '0.0.0.0' : found.hostIP} flags=<none>\n`,
      }
    : { error: `${address} does not map to any identity` };
}

type ServiceModel = {
  readonly id: number;
  readonly frontend: string;
  readonly type: string;
  readonly backends: readonly string[];
};

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
  const model = call.agent.get('/service') ?? [];
  return asAsked(call, model) ?? { text: serviceTable(listOf<ServiceModel>(model)) };
}

function serviceGet(call: DbgCall): DbgResult {
  const [id = ''] = call.args;
  if (!/^\d+$/.test(id))
    return {
      error: `Error: Unable to parse service ID: strconv.ParseInt: parsing ${JSON.stringify(id)}: invalid syntax`,
    };
  const found = listOf<ServiceModel>(call.agent.get('/service')).find((item) => String(item.id) === id);
  if (!found)
    return { error: `Error: Cannot get service '${id}': [GET /service/{id}][404] getServiceIdNotFound` };
  const line = found.backends.join(', ');
  return asAsked(call, found as unknown as Json) ?? { text: `${found.frontend} =>\n\t\t${line}\n` };
}

function lbList(call: DbgCall): DbgResult {
  const model = call.agent.get('/service') ?? [];
  const rows = listOf<ServiceModel>(model).flatMap((item) => {
    const front = (slot: number): string => `${item.frontend} (${slot})`;
    const kind = item.type === 'ClusterIP' ? 'ClusterIP, non-routable' : item.type;
    return [
      [front(0), `0.0.0.0:0 (${item.id}) (0) [${kind}]`],
      ...item.backends.map((backend, i) => [front(i + 1), `${backend} (${item.id}) (${i + 1})`]),
    ];
  });
  return (
    asAsked(call, model) ?? {
      text: tabbed([['SERVICE ADDRESS', 'BACKEND ADDRESS (REVNAT_ID) (SLOT)'], ...rows], {
        ...TABLE,
        isLastPadded: true,
      }),
    }
  );
}

function endpointMap(call: DbgCall): DbgResult {
  const rows = listOf<EndpointModel>(call.agent.get('/endpoint')).flatMap((item) => {
    const address = item.status?.networking?.addressing?.[0]?.ipv4;
    const mac = item.status?.networking?.mac ?? '';
    return address === undefined
      ? []
      : [
          [
            `${address}:0`,
            `id=${String(item.id).padEnd(4)}  sec_id=${String(item.status?.identity?.id ?? 0).padEnd(5)} flags=0x0000 ifindex=${String(10 + (item.id % 90)).padEnd(3)} mac=${mac.toUpperCase()} nodemac=${mac.toUpperCase().replace(/^0A/, '0E')} parent_ifindex=0`,
          ],
        ];
  });
  const nodes = listOf<NodeModel>(call.agent.get('/cluster')).filter((node) => node.name === call.agent.node);
  const own = nodes
    .flatMap((node) => [node.router, node.address])
    .map((address) => [`${address}:0`, '(localhost)']);
  return {
    text: tabbed([['IP ADDRESS', 'LOCAL ENDPOINT INFO'], ...own, ...rows], { ...TABLE, isLastPadded: true }),
  };
}

/** Connections that the node's events tell of: the newest state of each. */
function connections(call: DbgCall): DbgResult {
  const flows = call.observer?.flows({ whitelist: [], blacklist: [] }) ?? [];
  const found = new Map<string, string>();
  for (const flow of flows) {
    if (flow.event_type?.type !== 4 || flow.is_reply !== false || !flow.IP) continue;
    const [kind, transport] = flow.l4?.UDP ? ['UDP', flow.l4.UDP] : ['TCP', flow.l4?.TCP];
    if (!transport) continue;
    const direction = flow.traffic_direction === 'EGRESS' ? 'OUT' : 'IN';
    const key = `${kind} ${direction} ${flow.IP.source}:${transport.source_port ?? 0} -> ${flow.IP.destination}:${transport.destination_port ?? 0}`;
    const atMs = Date.parse((flow.time ?? '').replace(/(\.\d{3})\d*Z/, '$1Z'));
    const isClosing = flow.l4?.TCP?.flags?.FIN === true || flow.l4?.TCP?.flags?.RST === true;
    const lifeSeconds = kind === 'UDP' ? 60 : isClosing ? 10 : 8000;
    const expires = Math.floor(atMs / 1000) + lifeSeconds;
    if (expires * 1000 < call.nowMs) continue;
    const peer = direction === 'OUT' ? flow.source : flow.destination;
    const other = direction === 'OUT' ? flow.destination : flow.source;
    found.set(
      key,
      `${key} expires=${expires} Packets=0 Bytes=0 RxFlagsSeen=0x1b LastRxReport=${Math.floor(atMs / 1000)} TxFlagsSeen=0x1b LastTxReport=${Math.floor(atMs / 1000)} Flags=0x${isClosing ? '0013 [ RxClosing TxClosing SeenNonSyn ]' : '0010 [ SeenNonSyn ]'} RevNAT=0 SourceSecurityID=${(direction === 'OUT' ? peer : other)?.identity ?? 0} BackendID=0`,
    );
  }
  return { text: [...found.values()].map((line) => `${line} \n`).join('') };
}

type NodeModel = {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly router: string;
  readonly health: string;
};

function nodeList(call: DbgCall): DbgResult {
  const config = call.agent.get('/config') as
    | { readonly status: { readonly daemonConfigurationMap: Readonly<Record<string, string>> } }
    | undefined;
  const cluster = config?.status.daemonConfigurationMap['cluster-name'] || 'default';
  const model = call.agent.get('/cluster') ?? [];
  const rows = listOf<NodeModel>(model).map((node) => [
    `${cluster}/${node.name}`,
    node.address,
    node.podCidr,
    '',
    '',
    node.name === call.agent.node ? 'local' : 'custom-resource',
  ]);
  const header = ['Name', 'IPv4 Address', 'Endpoint CIDR', 'IPv6 Address', 'Endpoint CIDR', 'Source'];
  return asAsked(call, model) ?? { text: tabbed([header, ...rows], TABLE) };
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
  const pattern = call.flags.get('matchpattern');
  const wanted = call.flags.get('endpoint');
  const source = call.flags.get('source');
  const glob = pattern?.replace(/\.?$/, '.');
  const matches = (name: string): boolean =>
    glob === undefined ||
    glob
      .split('*')
      .every((part, i, all) =>
        i === 0 ? name.startsWith(part) : i === all.length - 1 ? name.endsWith(part) : name.includes(part),
      );
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
    asAsked(call, found as unknown as Json) ?? {
      text: tabbed([['Endpoint', 'Source', 'FQDN', 'TTL', 'ExpirationTime', 'IPs'], ...rows], {
        ...TABLE,
        isLastPadded: true,
      }),
    }
  );
}

const MAPS: readonly (readonly [string, (counts: Counts) => number])[] = [
  ['cilium_ipcache_v2', (counts) => counts.addresses],
  ['cilium_lb4_backends_v3', (counts) => counts.backends],
  ['cilium_lb4_reverse_nat', (counts) => counts.services],
  ['cilium_lb4_services_v2', (counts) => counts.services + counts.backends],
  ['cilium_lxc', (counts) => counts.endpoints + 1],
  ['cilium_runtime_config', () => 256],
];

type Counts = {
  readonly addresses: number;
  readonly backends: number;
  readonly services: number;
  readonly endpoints: number;
};

function mapList(call: DbgCall): DbgResult {
  const endpoints = listOf<EndpointModel>(call.agent.get('/endpoint'));
  const services = listOf<ServiceModel>(call.agent.get('/service'));
  const counts = {
    addresses: listOf(call.agent.get('/ip')).length,
    backends: services.reduce((sum, item) => sum + item.backends.length, 0),
    services: services.length,
    endpoints: endpoints.length,
  };
  const rows = [
    ...MAPS.map(([name, count]) => [name, String(count(counts)), '0', 'true']),
    ...endpoints.map(({ id }) => [
      `cilium_policy_v2_${String(id).padStart(5, '0')}`,
      String(listOf(call.agent.get(`/bpf/policy/${id}`)).length),
      '0',
      'true',
    ]),
  ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const model = rows.map(([name = '', entries = '0']) => ({
    path: `/sys/fs/bpf/tc/globals/${name}`,
    entries: Number(entries),
  }));
  return (
    asAsked(call, model) ?? {
      text: tabbed([['Name', 'Num entries', 'Num errors', 'Cache enabled'], ...rows], TABLE),
    }
  );
}

/** Commands about addresses, services, names and maps. */
export const NETWORK_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  'ip list': {
    about: 'List IP addresses in the userspace IPcache',
    flags: 'numeric:n verbose:v',
    hasOutput: true,
    run: ipList,
  },
  'bpf ipcache list': {
    about: 'List endpoint IPs (local and remote) and their corresponding security identities',
    hasOutput: true,
    run: ipcacheList,
  },
  'bpf ipcache get': { about: 'Retrieve identity for an ip', usage: '<ip>', run: ipcacheGet },
  'bpf endpoint list': { about: 'List local endpoint entries', hasOutput: true, run: endpointMap },
  'bpf lb list': {
    about: 'List load-balancing configuration',
    flags: 'backends frontends revnat source-ranges',
    hasOutput: true,
    run: lbList,
  },
  'bpf ct list': {
    about: 'List connection tracking entries',
    usage: '( <endpoint id> | global | cluster )',
    flags: 'time-diff:d',
    hasOutput: true,
    run: connections,
  },
  'bpf nat list': { about: 'List all NAT mapping entries', hasOutput: true, run: () => ({ text: '' }) },
  'service list': {
    about: 'List services',
    flags: 'clustermesh-affinity',
    hasOutput: true,
    run: serviceList,
  },
  'service get': {
    about: 'Display service information',
    usage: '<service id>',
    hasOutput: true,
    run: serviceGet,
  },
  'node list': { about: 'List nodes', hasOutput: true, run: nodeList },
  'fqdn cache list': {
    about: 'List fqdn cache contents',
    flags: 'matchpattern:p= endpoint:e= source:s=',
    hasOutput: true,
    run: fqdnCache,
  },
  'fqdn names': {
    about: 'Show internal state Cilium has for DNS names / regexes',
    run: (call) => ({ text: `${JSON.stringify(call.agent.get('/fqdn/names') ?? {}, null, 2)}\n` }),
  },
  'map list': { about: 'List all open BPF maps', flags: 'verbose', hasOutput: true, run: mapList },
};
