import type { Json, JsonObject } from '../../base/json.ts';
import { DROP_REASONS } from '../../hubble/tables.ts';
import { asAsked, type DbgCall, type DbgCommand, type DbgResult, isOn } from './dbg-command.ts';
import {
  addressOf,
  type EndpointModel,
  type IpModel,
  listOf,
  type NodeModel,
  type ServiceModel,
} from './models.ts';
import { tabbed } from './table.ts';

const TABLE = { minWidth: 5, padding: 3 };

/** A map as it is dumped: values by key. */
type Dump = readonly (readonly [key: string, value: string])[];

/** What TablePrinter prints of a dump, or a JSON object of lists of texts (cilium-dbg/cmd/helpers.go). */
function printed(call: DbgCall, titles: readonly [string, string], dump: Dump): DbgResult {
  const object: Record<string, string[]> = {};
  for (const [key, value] of [...dump].sort(([a], [b]) => (a < b ? -1 : 1))) {
    object[key] ??= [];
    object[key].push(value);
  }
  return (
    asAsked(call, object as Json) ?? { text: tabbed([titles, ...dump.map((row) => [...row, ''])], TABLE) }
  );
}

/** An entry of the IP cache as its map has it. */
function ipcacheDump(call: DbgCall): Dump {
  return listOf<IpModel>(call.agent.get('/ip')).map((item) => [
    item.cidr,
    `identity=${item.identity} encryptkey=${item.encryptKey} tunnelendpoint=${item.hostIP === '' ? '0.0.0.0' : item.hostIP} flags=<none>`,
  ]);
}

const IP_USAGE = 'IP address must be in dotted decimal (192.168.1.1) or IPv6 (feab::f02b) form';

/** The entry whose prefix of an IPv4 address is the longest. */
function ipcacheGet(call: DbgCall): DbgResult {
  const [address = ''] = call.args;
  if (address === '') return { misuse: `No ip provided. ${IP_USAGE}` };
  const number = addressNumber(address);
  if (number === undefined) return { misuse: `Invalid ip address. ${IP_USAGE}` };
  const found = ipcacheDump(call)
    .map(([cidr, value]) => ({ bits: Number(cidr.split('/')[1]), cidr, value }))
    .filter(({ cidr, bits }) => {
      const size = 2 ** (32 - bits);
      return Math.floor((addressNumber(cidr.split('/')[0] ?? '') ?? 0) / size) === Math.floor(number / size);
    })
    .sort((a, b) => b.bits - a.bits)[0];
  return found === undefined
    ? { text: `${address} does not map to any identity\n`, error: '' }
    : { text: `${address} maps to identity ${found.value}\n` };
}

function addressNumber(address: string): number | undefined {
  const parts = address.split('.');
  const isRight = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return isRight ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : undefined;
}

/** `bpf lb list`: services with their slots, or one of the three maps behind them. */
function lbList(call: DbgCall): DbgResult {
  const services = listOf<ServiceModel>(call.agent.get('/service'));
  const second = 'BACKEND ADDRESS (REVNAT_ID) (SLOT)';
  if (isOn(call, 'revnat'))
    return printed(
      call,
      ['ID', second],
      services.map((item) => [String(item.id), item.frontend.replace(/\/\w+$/, '')]),
    );
  const backends = [...new Set(services.flatMap((item) => item.backends))];
  const protocolFirst = (backend: string): string => {
    const { ip, protocol } = addressOf(backend);
    return `${protocol}://${ip}`;
  };
  if (isOn(call, 'backends'))
    return printed(
      call,
      ['ID', second],
      backends.map((backend, i) => [String(i + 1), protocolFirst(backend)]),
    );
  if (isOn(call, 'source-ranges')) return printed(call, ['SOURCE RANGE (REVNAT_ID)', ''], []);
  const slots = (item: ServiceModel): Dump => {
    const kind = item.type === 'ClusterIP' ? 'ClusterIP, non-routable' : item.type;
    const frontend = (slot: number): string => `${item.frontend} (${slot})`;
    return isOn(call, 'frontends')
      ? [
          [frontend(0), `0 ${item.backends.length}[0] (${item.id}) [0x0 0x0]`],
          ...item.backends.map(
            (backend, i) =>
              [frontend(i + 1), `${backends.indexOf(backend) + 1} 0[0] (${item.id}) [0x0 0x0]`] as const,
          ),
        ]
      : [
          [frontend(0), `0.0.0.0:0 (${item.id}) (0) [${kind}] `],
          ...item.backends.map(
            (backend, i) => [frontend(i + 1), `${backend} (${item.id}) (${i + 1})`] as const,
          ),
        ];
  };
  const title = isOn(call, 'frontends') ? 'BACKEND ID' : second;
  return printed(call, ['SERVICE ADDRESS', title], services.flatMap(slots));
}

/** The map of local endpoints, the node's own addresses first. */
function endpointDump(call: DbgCall): Dump {
  const endpoints = listOf<EndpointModel>(call.agent.get('/endpoint')).flatMap((item): Dump => {
    const address = item.status?.networking?.addressing?.[0]?.ipv4;
    const mac = (item.status?.networking?.mac ?? '').toUpperCase();
    if (address === undefined) return [];
    const ids = `id=${String(item.id).padEnd(5)} sec_id=${String(item.status?.identity?.id ?? 0).padEnd(5)}`;
    const link = `ifindex=${String(10 + (item.id % 90)).padEnd(3)} mac=${mac} nodemac=${mac.replace(/^0A/, '0E')}`;
    return [[`${address}:0`, `${ids} flags=0x0000 ${link} parent_ifindex=0   rt_info:0`]];
  });
  const own = listOf<NodeModel>(call.agent.get('/cluster')).find((node) => node.name === call.agent.node);
  const hosts = own === undefined ? [] : [own.router, own.address];
  return [...hosts.map((address) => [`${address}:0`, '(localhost)'] as const), ...endpoints];
}

/** Connections that the node's events tell of, the newest state of each: TCP's map first, then the other. */
function connections(call: DbgCall): DbgResult {
  const [type = 'global'] = call.args;
  if (type !== 'global' && type !== 'cluster')
    return { text: '', note: `Invalid argument: unknown type ${type}` };
  const flows = call.observer?.flows({ whitelist: [], blacklist: [] }) ?? [];
  const found = { TCP: new Map<string, JsonObject>(), UDP: new Map<string, JsonObject>() };
  for (const flow of flows) {
    if (flow.event_type?.type !== 4 || flow.is_reply !== false || !flow.IP) continue;
    const [kind, transport] = flow.l4?.UDP
      ? (['UDP', flow.l4.UDP] as const)
      : (['TCP', flow.l4?.TCP] as const);
    if (!transport) continue;
    const direction = flow.traffic_direction === 'EGRESS' ? 'OUT' : 'IN';
    const key = `${kind} ${direction} ${flow.IP.source}:${transport.source_port ?? 0} -> ${flow.IP.destination}:${transport.destination_port ?? 0}`;
    const seconds = Math.floor(Date.parse((flow.time ?? '').replace(/(\.\d{3})\d*Z/, '$1Z')) / 1000);
    const isTcp = kind === 'TCP';
    const isClosing = flow.l4?.TCP?.flags?.FIN === true || flow.l4?.TCP?.flags?.RST === true;
    const expires = seconds + (isTcp ? (isClosing ? 10 : 8000) : 60);
    if (expires * 1000 < call.nowMs) continue;
    const entry = { key, expires, seconds, isClosing, identity: flow.source?.identity ?? 0 };
    found[kind].set(key, entry);
  }
  const left = (expires: number): string =>
    isOn(call, 'time-diff') ? ` (remaining: ${Math.round(expires - call.nowMs / 1000)} sec(s))` : '';
  const line = (entry: JsonObject): string => {
    const seen = String(entry['key']).startsWith('TCP') ? '0x1b' : '0x00';
    const flags =
      entry['isClosing'] === true ? '0x0013 [ RxClosing TxClosing SeenNonSyn ]' : '0x0010 [ SeenNonSyn ]';
    const times = `RxFlagsSeen=${seen} LastRxReport=${entry['seconds']} TxFlagsSeen=${seen} LastTxReport=${entry['seconds']}`;
    return `${entry['key']} expires=${entry['expires']}${left(Number(entry['expires']))} Packets=0 Bytes=0 ${times} Flags=${flags} RevNAT=0 SourceSecurityID=${entry['identity']} BackendID=0 NatPort=0 \n`;
  };
  const maps = [found.TCP, found.UDP].map((map) => [...map.values()]);
  return asAsked(call, maps.flat()) ?? { text: maps.map((map) => `${map.map(line).join('')}\n`).join('') };
}

/** Packets by what became of them, from the events that the node kept. */
function packetCounts(call: DbgCall): DbgResult {
  const rows = new Map<
    string,
    { count: number; reason: string; direction: string; line: number; file: string }
  >();
  for (const flow of call.observer?.flows({ whitelist: [], blacklist: [] }) ?? []) {
    const type = flow.event_type?.type;
    if (type !== 1 && type !== 4) continue;
    const reason = type === 4 ? 'Success' : (DROP_REASONS.get(flow.event_type?.sub_type ?? 0) ?? 'unknown');
    const { name: file = 'bpf_lxc.c', line = type === 4 ? 1320 : 0 } = flow.file ?? {};
    const direction = flow.traffic_direction ?? 'UNKNOWN';
    const key = [reason, direction, line, file].join('\t');
    const row = rows.get(key) ?? { count: 0, reason, direction, line, file };
    rows.set(key, { ...row, count: row.count + 1 });
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  if (sorted.length === 0) return { text: '', note: 'No entries found.\n' };
  const model = sorted.map(({ reason, direction, count, line, file }) => ({
    reason,
    direction: direction.toLowerCase(),
    packets: count,
    bytes: count * 74,
    line,
    file,
  }));
  const header = ['REASON', 'DIRECTION', 'PACKETS', 'BYTES', 'LINE', 'FILE'];
  const cells = sorted.map(({ reason, direction, count, line, file }) =>
    [reason, direction, count, count * 74, line, file].map(String),
  );
  return asAsked(call, model) ?? { text: tabbed([header, ...cells], TABLE) };
}

/** Maps by name, with their entries; `undefined`: the agent does not remember what it wrote. */
function allMaps(
  call: DbgCall,
): readonly (readonly [name: string, count: number, cache: Dump | undefined])[] {
  const endpoints = listOf<EndpointModel>(call.agent.get('/endpoint'));
  const services = listOf<ServiceModel>(call.agent.get('/service'));
  const backends = new Set(services.flatMap((item) => item.backends)).size;
  const slots = services.reduce((sum, item) => sum + 1 + item.backends.length, 0);
  const addresses = ipcacheDump(call);
  const local = endpointDump(call);
  const maps: [string, number, Dump | undefined][] = [
    ['cilium_ipcache_v2', addresses.length, addresses],
    ['cilium_lb4_backends_v3', backends, undefined],
    ['cilium_lb4_reverse_nat', services.length, undefined],
    ['cilium_lb4_services_v2', slots, undefined],
    ['cilium_lxc', local.length, local],
    ...endpoints.map(({ id }): [string, number, undefined] => [
      `cilium_policy_v2_${String(id).padStart(5, '0')}`,
      listOf(call.agent.get(`/bpf/policy/${id}`)).length,
      undefined,
    ]),
    ['cilium_runtime_config', 256, undefined],
  ];
  return maps.sort(([a], [b]) => (a < b ? -1 : 1));
}

function cacheModel(name: string, cache: Dump | undefined): JsonObject {
  const entries = cache?.map(([key, value]) => ({ 'desired-action': 'sync', key, value })) ?? null;
  return { cache: entries, path: `/sys/fs/bpf/tc/globals/${name}` };
}

function cacheText(cache: Dump | undefined): string {
  if (cache === undefined) return 'Cache is disabled\n\n';
  if (cache.length === 0) return 'Cache is empty\n\n';
  const rows = cache.map(([key, value]) => [key, value, 'sync', '']);
  return tabbed([['Key', 'Value', 'State', 'Error'], ...rows], TABLE);
}

function mapList(call: DbgCall): DbgResult {
  const maps = allMaps(call);
  const asked = asAsked(call, { maps: maps.map(([name, , cache]) => cacheModel(name, cache)) });
  if (asked) return asked;
  if (isOn(call, 'verbose'))
    return { text: maps.map(([name, , cache]) => `## Map: ${name}\n${cacheText(cache)}\n`).join('') };
  const rows = maps.map(([name, , cache]) => [
    name,
    String(cache?.length ?? 0),
    '0',
    String(cache !== undefined),
  ]);
  return { text: tabbed([['Name', 'Num entries', 'Num errors', 'Cache enabled'], ...rows], TABLE) };
}

function mapGet(call: DbgCall): DbgResult {
  const [name = ''] = call.args;
  if (name === '') return { error: 'Error: map name must be specified' };
  const found = allMaps(call).find(([one]) => one === name);
  if (found === undefined) return { error: 'Error: [GET /map/{name}][404] getMapNameNotFound' };
  return asAsked(call, cacheModel(name, found[2])) ?? { text: cacheText(found[2]) };
}

/** Commands about BPF maps, as `bpf` dumps them and as the agent remembers them. */
export const MAP_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  'bpf ct list': {
    about: 'Tracked connections',
    usage: '[cluster <identifier>]',
    flags: 'time-diff:d time-diff-clocksource-hz=int time-diff-clocksource-mode=',
    hasOutput: true,
    run: connections,
  },
  'bpf endpoint list': {
    about: 'Endpoints of this node',
    hasOutput: true,
    run: (call) => printed(call, ['IP ADDRESS', 'LOCAL ENDPOINT INFO'], endpointDump(call)),
  },
  'bpf ipcache get': { about: 'Identity of an address', run: ipcacheGet },
  'bpf ipcache list': {
    about: 'Identities by address',
    hasOutput: true,
    run: (call) => printed(call, ['IP PREFIX/ADDRESS', 'IDENTITY'], ipcacheDump(call)),
  },
  'bpf lb list': {
    about: 'Services and their backends',
    flags: 'backends frontends revnat source-ranges',
    hasOutput: true,
    run: lbList,
  },
  'bpf metrics list': { about: 'Counts of packets', hasOutput: true, run: packetCounts },
  'map get': {
    about: 'One remembered map',
    usage: '<name>',
    hasOutput: true,
    run: mapGet,
  },
  'map list': { about: 'Open maps', flags: 'verbose', hasOutput: true, run: mapList },
};
