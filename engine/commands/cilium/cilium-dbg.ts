import type { Json, JsonObject } from '../../base/json.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { AgentSocket, Ports } from '../ports.ts';
import { type EndpointModel, type IdentityModel, listOf } from './models.ts';
import { monitor, monitorRequest } from './monitor.ts';
import { tabbed } from './table.ts';

const VERSION =
  'Client: 1.20.2 (v1.20.2) go version go1.26.8 linux/amd64\nDaemon: 1.20.2 (v1.20.2) go version go1.26.8 linux/amd64\n';

const HELP = `CLI for interacting with the agent of this node

Usage:
  cilium-dbg [command]

Available Commands:
  bpf         Look into the datapath's maps
  endpoint    Endpoints of this node
  fqdn        The DNS proxy's cache
  identity    Security identities
  monitor     Follow the datapath's events
  node        Nodes of the cluster
  policy      Policies that the agent imported
  service     Services and their backends
  status      State of the agent
  version     Versions of client and agent
`;

/**
 * `cilium-dbg`, which in the agent's container is also called `cilium`: prints what the agent's REST API says, in the
 * layout of cilium-dbg 1.20 (cilium-dbg/cmd).
 */
export function ciliumDbgProgram(ports: Ports): Program {
  return async (process) => {
    const agent = ports.agent(process.machine);
    const words = process.argv.slice(1);
    const name = words
      .filter((word) => !word.startsWith('-'))
      .slice(0, 2)
      .join(' ');
    if (!agent)
      return fail(
        process,
        'Error: Cannot get endpoint list: Get "http:///var/run/cilium/cilium.sock/v1/endpoint": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory\nIs the agent running?',
      );
    if (words.includes('--help') || words.includes('-h') || words.length === 0) return print(process, HELP);
    if (words[0] === 'monitor') {
      const request = monitorRequest(words.slice(1));
      return 'error' in request ? fail(process, request.error) : monitor(process, ports, request);
    }
    const run = COMMANDS.get(name) ?? COMMANDS.get(name.split(' ')[0] ?? '');
    if (!run)
      return fail(
        process,
        `Error: unknown command ${JSON.stringify(words[0] ?? '')} for "cilium-dbg"\nRun 'cilium-dbg --help' for usage.`,
      );
    const own = FLAGS.get(name);
    const unknown = words.find(
      (word) => word.startsWith('--') && own?.includes(word.split('=')[0] ?? '') === false,
    );
    if (unknown !== undefined)
      return fail(
        process,
        `Error: unknown flag: ${unknown.split('=')[0]}\nUsage:\n  cilium-dbg ${name} [flags]\n`,
      );
    const result = run(agent, words);
    return 'error' in result ? fail(process, result.error) : print(process, result.text);
  };
}

/** The long flags of the lists, the global ones included; other commands take what they are given. */
const GLOBAL_FLAGS = ['--output', '--config', '--debug', '--host', '--help', '--log-driver', '--log-opt'];
const FLAGS = new Map<string, readonly string[]>([
  ['endpoint list', ['--no-headers', ...GLOBAL_FLAGS]],
  ['identity list', ['--endpoints', ...GLOBAL_FLAGS]],
]);

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

async function fail(process: Process, text: string): Promise<number> {
  await process.err(`${text}\n`);
  return 1;
}

type Result = { readonly text: string } | { readonly error: string };
type Command = (agent: AgentSocket, words: readonly string[]) => Result;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'endpoint list',
    (agent, words) => ({ text: endpointList(listOf<EndpointModel>(agent.get('/endpoint')), words) }),
  ],
  ['endpoint get', (agent, words) => endpointGet(agent, words)],
  ['identity list', (agent, words) => ({ text: identityList(agent, words) })],
  ['identity get', (agent, words) => identityGet(agent, words)],
  ['policy get', (agent) => ({ text: policyGet(agent) })],
  ['policy selectors', (agent) => ({ text: selectors(agent) })],
  ['bpf policy', (agent, words) => bpfPolicy(agent, words)],
  ['status', (agent, words) => ({ text: statusText(agent, words.includes('--brief')) })],
  ['version', () => ({ text: VERSION })],
  ['fqdn cache', (agent) => ({ text: fqdnCache(agent) })],
  ['service list', (agent) => ({ text: serviceList(agent) })],
  ['node list', (agent) => ({ text: nodeList(agent) })],
]);

/** The table of `endpoint list`. */
export function endpointList(endpoints: readonly EndpointModel[], words: readonly string[] = []): string {
  if (words.includes('-o') || words.some((word) => word.startsWith('-o') || word.startsWith('--output')))
    return `${JSON.stringify(endpoints, null, 2)}\n`;
  const rows: string[][] = [];
  if (!words.includes('--no-headers')) {
    rows.push([
      'ENDPOINT',
      'POLICY (ingress)',
      'POLICY (egress)',
      'IDENTITY',
      'LABELS (source:key[=value])',
      'IPv6',
      'IPv4',
      'STATUS',
    ]);
    rows.push(['', 'ENFORCEMENT', 'ENFORCEMENT', '', '', '', '', '']);
  }
  for (const endpoint of [...endpoints].sort((a, b) => a.id - b.id)) {
    const { status } = endpoint;
    const enabled = status?.policy?.realized?.['policy-enabled'] ?? '';
    const addressing = status?.networking?.addressing?.[0];
    const labels = [...(status?.identity?.labels ?? [])].sort();
    const identity = status?.identity?.id === undefined ? '<no label id>' : String(status.identity.id);
    const [first = 'no labels', ...more] = labels;
    rows.push([
      String(endpoint.id),
      enforcement(enabled, 'ingress'),
      enforcement(enabled, 'egress'),
      identity,
      first,
      addressing?.ipv6 ?? '',
      addressing?.ipv4 ?? '',
      status?.state ?? '',
    ]);
    for (const label of more) rows.push(['', '', '', '', label, '', '', '']);
  }
  return tabbed(rows, { minWidth: 5, padding: 3, isLastPadded: true });
}

function enforcement(enabled: string, direction: 'ingress' | 'egress'): string {
  const isAudit = enabled.startsWith('audit');
  const isOn =
    enabled === 'both' ||
    enabled === direction ||
    enabled === 'audit-both' ||
    enabled === `audit-${direction}`;
  if (enabled === '') return 'Unknown';
  return isOn && !isAudit ? 'Enabled' : isOn ? 'Disabled (Audit)' : 'Disabled';
}

function endpointGet(agent: AgentSocket, words: readonly string[]): Result {
  const id = words.filter((word) => !word.startsWith('-'))[2];
  if (id === undefined)
    return { error: "Error: Invalid endpoint ID: expected either endpoint ID, or '-l <labels>'" };
  const found = agent.get(`/endpoint/${id}`);
  if (found === undefined)
    return { error: `Error: Cannot get endpoint ${id}: [GET /endpoint/{id}][404] getEndpointIdNotFound` };
  return { text: `${JSON.stringify([found], null, 2)}\n` };
}

function identityList(agent: AgentSocket, words: readonly string[]): string {
  if (words.includes('--endpoints')) {
    const found = listOf<{ readonly identity: IdentityModel; readonly refCount: number }>(
      agent.get('/identity/endpoints'),
    );
    const rows = found.flatMap(({ identity, refCount }) =>
      identity.labels.map((label, i) => [
        i === 0 ? String(identity.id) : '',
        label,
        i === 0 ? String(refCount) : '',
      ]),
    );
    return tabbed([['ID', 'LABELS', 'REFCOUNT'], ...rows], { minWidth: 5, padding: 3 });
  }
  return identityTable(listOf<IdentityModel>(agent.get('/identity')));
}

/** The table of identities, by number. */
export function identityTable(identities: readonly IdentityModel[]): string {
  const rows = [...identities]
    .sort((a, b) => a.id - b.id)
    .flatMap((identity) => identity.labels.map((label, i) => [i === 0 ? String(identity.id) : '', label]));
  return tabbed([['ID', 'LABELS'], ...rows], { minWidth: 2, padding: 3 });
}

function identityGet(agent: AgentSocket, words: readonly string[]): Result {
  const id = words.filter((word) => !word.startsWith('-'))[2] ?? '';
  const found = /^\d+$/.test(id) ? (agent.get(`/identity/${id}`) as IdentityModel | undefined) : undefined;
  if (!found)
    return {
      error: `Error: Cannot get identity for given ID ${id}: [GET /identity/{id}][404] getIdentityIdNotFound`,
    };
  return { text: identityTable([found]) };
}

function policyGet(agent: AgentSocket): string {
  const found = agent.get('/policy') as { readonly policy?: string; readonly revision?: number } | undefined;
  return `${found?.policy ?? '[]'}\nRevision: ${found?.revision ?? 0}\n`;
}

function selectors(agent: AgentSocket): string {
  const found = listOf<{
    readonly selector: string;
    readonly labels?: string;
    readonly users?: number;
    readonly identities?: readonly number[];
  }>(agent.get('/policy/selectors'));
  const rows = found.flatMap((item) => {
    const [first = '', ...more] = (item.identities ?? []).map(String);
    return [
      [item.selector, item.labels ?? '', String(item.users ?? 1), first],
      ...more.map((id) => ['', '', '', id]),
    ];
  });
  return tabbed([['SELECTOR', 'LABELS', 'USERS', 'IDENTITIES'], ...rows], { minWidth: 5, padding: 3 });
}

/** One entry of an endpoint's policy map, as the agent would dump it. */
type MapEntry = {
  readonly policy: string;
  readonly direction: string;
  readonly identity: number;
  readonly labels?: readonly string[];
  readonly port: string;
  readonly proxyPort?: number;
};

function bpfPolicy(agent: AgentSocket, words: readonly string[]): Result {
  const plain = words.filter((word) => !word.startsWith('-'));
  if (plain[2] !== 'get') return { error: 'Error: unknown command for "cilium-dbg bpf policy"' };
  const isNumeric = words.includes('-n') || words.includes('--numeric');
  const ids = words.includes('--all')
    ? listOf<EndpointModel>(agent.get('/endpoint')).map((endpoint) => String(endpoint.id))
    : [plain[3] ?? ''];
  const blocks = ids.map((id) => {
    const entries = listOf<MapEntry>(agent.get(`/bpf/policy/${id}`));
    const head = words.includes('--all')
      ? `Endpoint ID: ${id}\nPath: /sys/fs/bpf/tc/globals/cilium_policy_v2_${id.padStart(5, '0')}\n\n`
      : '';
    return head + policyMap(entries, isNumeric);
  });
  return { text: blocks.join('\n\n') };
}

function policyMap(entries: readonly MapEntry[], isNumeric: boolean): string {
  if (entries.length === 0) return 'Policy stats empty. Perhaps the policy enforcement is disabled?\n';
  const header = [
    'POLICY',
    'DIRECTION',
    isNumeric ? 'IDENTITY' : 'LABELS (source:key[=value])',
    'PORT/PROTO',
    'PROXY PORT',
    'AUTH TYPE',
    'BYTES',
    'PACKETS',
    'PREFIX',
    'COOKIE',
  ];
  const rows = entries.flatMap((entry, i) => {
    const names = isNumeric
      ? [String(entry.identity)]
      : entry.identity === 0
        ? ['ANY']
        : (entry.labels ?? [`reserved:${entry.identity}`]);
    const [first = '', ...more] = names;
    const prefix = entry.port === 'ANY' ? '0' : '24';
    const row = [
      entry.policy,
      entry.direction,
      first,
      entry.port,
      entry.proxyPort ? String(entry.proxyPort) : 'NONE',
      'disabled',
      '-',
      '-',
      prefix,
      String(i),
    ];
    return [row, ...more.map((label) => ['', '', label, '', '', '', '', '', '', ''])];
  });
  return tabbed([header, ...rows], { minWidth: 5, padding: 3 });
}

/** `status`: one line an item; `--brief` is one word. */
export function statusText(agent: AgentSocket, isBrief: boolean): string {
  if (isBrief) return 'OK\n';
  const model = (agent.get('/healthz') ?? {}) as JsonObject;
  const part = (name: string): JsonObject => (model[name] ?? {}) as JsonObject;
  const text = (value: Json | undefined): string =>
    value === undefined || value === null ? '' : String(value);
  const state = (name: string): string => `${text(part(name)['state'])}   ${text(part(name)['msg'])}`;
  const versions = listOf<string>(part('kubernetes')['k8s-api-versions']);
  const monitorPart = part('nodeMonitor');
  const proxy = part('proxy');
  const range = part('identity-range');
  const rows: readonly (readonly [string, string])[] = [
    ['KVStore:', state('kvstore')],
    ['Kubernetes:', `${text(part('kubernetes')['state'])}         ${text(part('kubernetes')['msg'])}`],
    ['Kubernetes APIs:', `[${versions.map((version) => JSON.stringify(version)).join(', ')}]`],
    ['KubeProxyReplacement:', `${text(part('kube-proxy-replacement')['mode'])}   `],
    ['Host firewall:', text(part('host-firewall')['mode'])],
    ['SRv6:', 'Disabled'],
    ['CNI Chaining:', text(part('cni-chaining')['mode'])],
    ['CNI Config file:', text(part('cni-file')['msg'])],
    ['Cilium:', state('cilium')],
    [
      'NodeMonitor:',
      `Listening for events on ${text(monitorPart['cpus'])} CPUs with ${text(monitorPart['npages'])}x${text(monitorPart['pagesize'])} of shared memory`,
    ],
    ['Cilium health daemon:', 'Ok   '],
    ['IPAM:', `IPv4: ${text(part('ipam')['status'])}`],
    [
      'Proxy Status:',
      `OK, ip ${text(proxy['ip'])}, ${text(proxy['total-redirects'])} redirects active on ports ${text(proxy['port-range'])}, Envoy: ${text(proxy['envoy-deployment-mode'])}`,
    ],
    ['Global Identity Range:', `min ${text(range['min-identity'])}, max ${text(range['max-identity'])}`],
    ['Hubble:', state('hubble')],
  ];
  return tabbed(rows, { minWidth: 2, padding: 3 });
}

function fqdnCache(agent: AgentSocket): string {
  const found = listOf<{
    readonly fqdn: string;
    readonly source?: string;
    readonly ttl?: number;
    readonly 'expiration-time'?: string;
    readonly ips?: readonly string[];
    readonly 'endpoint-id'?: number;
  }>(agent.get('/fqdn/cache'));
  const rows = found.map((item) => [
    String(item['endpoint-id'] ?? 0),
    item.source ?? 'lookup',
    item.fqdn,
    String(item.ttl ?? 0),
    item['expiration-time'] ?? '',
    (item.ips ?? []).join(','),
  ]);
  return tabbed([['Endpoint', 'Source', 'FQDN', 'TTL', 'ExpirationTime', 'IPs'], ...rows], {
    minWidth: 5,
    padding: 3,
  });
}

function serviceList(agent: AgentSocket): string {
  const found = listOf<{
    readonly id: number;
    readonly frontend: string;
    readonly type: string;
    readonly backends: readonly string[];
  }>(agent.get('/service'));
  const rows = found.flatMap((item) => {
    const [first = '', ...more] = item.backends.map((backend, i) => `${i + 1} => ${backend} (active)`);
    return [[String(item.id), item.frontend, item.type, first], ...more.map((line) => ['', '', '', line])];
  });
  return tabbed([['ID', 'Frontend', 'Service Type', 'Backend'], ...rows], { minWidth: 5, padding: 3 });
}

function nodeList(agent: AgentSocket): string {
  const found = listOf<{ readonly name: string; readonly address: string; readonly podCidr: string }>(
    agent.get('/cluster/nodes'),
  );
  const rows = found.map((node) => [node.name, node.address, node.podCidr, 'custom-resource']);
  return tabbed([['Name', 'IPv4 Address', 'Endpoint CIDR', 'Source'], ...rows], { minWidth: 5, padding: 3 });
}
