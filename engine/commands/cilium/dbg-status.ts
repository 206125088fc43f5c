import type { Json, JsonObject } from '../../base/json.ts';
import { Expression } from '../../base/expression.ts';
import { DROP_REASONS } from '../../hubble/tables.ts';
import { asAsked, clusterName, type DbgCall, type DbgCommand, type DbgResult, isOn } from './dbg-command.ts';
import { optionsOf, optionsText } from './dbg-endpoint.ts';
import { type EndpointModel, listOf } from './models.ts';
import { tabbed } from './table.ts';

const VERSION = '1.20.2 (v1.20.2) go version go1.26.8 linux/amd64';

const BUILD = {
  Version: '1.20.2',
  Revision: '',
  GoRuntimeVersion: 'go1.26.8',
  Arch: 'linux/amd64',
  AuthorDate: '',
};

/** The parts of the agent's status (models.StatusResponse) that are shown; an absent part makes no line. */
export type StatusModel = {
  readonly kvstore?: State;
  readonly 'container-runtime'?: State;
  readonly kubernetes?: State & { readonly 'k8s-api-versions'?: readonly string[] };
  readonly 'kube-proxy-replacement'?: {
    readonly mode: string;
    readonly deviceList?: readonly { readonly name: string; readonly ip: readonly string[] }[];
  };
  readonly 'host-firewall'?: { readonly mode: string; readonly devices?: readonly string[] };
  readonly srv6?: { readonly enabled?: boolean };
  readonly 'cni-chaining'?: { readonly mode: string };
  readonly 'cni-file'?: State;
  readonly cilium?: State;
  readonly nodeMonitor?: { readonly cpus: number; readonly npages: number; readonly pagesize: number };
  readonly cluster?: { readonly ciliumHealth?: State };
  readonly ipam?: { readonly status: string; readonly allocations?: Readonly<Record<string, string>> };
  readonly 'ipv4-big-tcp'?: { readonly enabled: boolean };
  readonly 'ipv6-big-tcp'?: { readonly enabled: boolean };
  readonly 'bandwidth-manager'?: { readonly enabled: boolean };
  readonly routing?: { readonly network: string; readonly host: string };
  readonly 'attach-mode'?: string;
  readonly 'datapath-mode'?: string;
  readonly masquerading?: {
    readonly enabled: boolean;
    readonly mode: string;
    readonly protocols?: { readonly ipv4: boolean; readonly ipv6: boolean };
  };
  readonly controllers?: readonly { readonly name: string; readonly message?: string }[];
  readonly proxy?: {
    readonly ip: string;
    readonly 'total-redirects': number;
    readonly 'port-range': string;
    readonly 'envoy-deployment-mode': string;
  };
  readonly 'identity-range'?: { readonly 'min-identity': number; readonly 'max-identity': number };
  readonly hubble?: State & {
    readonly observer?: {
      readonly current: number;
      readonly max: number;
      readonly seen: number;
      readonly uptimeNs: number;
    };
    readonly metrics?: { readonly state: string };
  };
  readonly encryption?: { readonly mode: string; readonly wireguard?: Wireguard };
};

type State = { readonly state: string; readonly msg?: string };

type Wireguard = {
  readonly interfaces: readonly {
    readonly name: string;
    readonly 'listen-port': number;
    readonly 'public-key': string;
    readonly 'peer-count': number;
  }[];
  readonly 'node-encryption'?: string;
};

type Row = readonly string[];

/** What `status` shows in full. */
type Details = { readonly hasAddresses: boolean; readonly hasControllers: boolean };

/** The lines of `status` (pkg/client, FormatStatusResponse), still in cells. */
function statusRows(model: StatusModel, details: Details): readonly Row[] {
  const rows: Row[] = [];
  const add = (name: string, ...cells: readonly (string | undefined)[]): void => {
    rows.push([`${name}:`, ...cells.map((cell) => cell ?? '')]);
  };
  const state = (name: string, part: State | undefined): void => {
    if (part) add(name, part.state, part.msg ?? '');
  };
  const toggle = (name: string, part: { readonly enabled: boolean } | undefined): void => {
    if (part) add(name, part.enabled ? 'Enabled' : 'Disabled');
  };
  state('KVStore', model.kvstore);
  state('ContainerRuntime', model['container-runtime']);
  state('Kubernetes', model.kubernetes);
  if (model.kubernetes) {
    const versions = [...(model.kubernetes['k8s-api-versions'] ?? [])].sort();
    add('Kubernetes APIs', `[${versions.map((version) => JSON.stringify(version)).join(', ')}]`);
  }
  const proxyless = model['kube-proxy-replacement'];
  if (proxyless) {
    const devices = (proxyless.deviceList ?? []).map(({ name, ip }) => `${name} ${ip.join(' ')}, `).join('');
    add('KubeProxyReplacement', proxyless.mode, devices === '' ? '' : `[${devices}]`);
  }
  const firewall = model['host-firewall'];
  if (firewall)
    add(
      'Host firewall',
      firewall.mode,
      ...(firewall.mode === 'Disabled' ? [] : [`[${(firewall.devices ?? []).join(', ')}]`]),
    );
  if (model.srv6) add('SRv6', model.srv6.enabled === true ? 'Enabled' : 'Disabled');
  if (model['cni-chaining']) add('CNI Chaining', model['cni-chaining'].mode);
  if (model['cni-file']) add('CNI Config file', model['cni-file'].msg);
  if (model.cilium) add('Cilium', `${model.cilium.state}   ${model.cilium.msg ?? ''}`);
  const { nodeMonitor: monitor } = model;
  add(
    'NodeMonitor',
    monitor
      ? `Listening for events on ${monitor.cpus} CPUs with ${monitor.npages}x${monitor.pagesize} of shared memory`
      : 'Disabled',
  );
  state('Cilium health daemon', model.cluster?.ciliumHealth);
  if (model.ipam) {
    add('IPAM', model.ipam.status);
    if (details.hasAddresses) {
      const addresses = Object.entries(model.ipam.allocations ?? {}).map(
        ([ip, owner]) => `  ${ip} (${owner})`,
      );
      rows.push(['Allocated addresses:'], ...addresses.sort().map((line) => [line]));
    }
  }
  toggle('IPv4 BIG TCP', model['ipv4-big-tcp']);
  toggle('IPv6 BIG TCP', model['ipv6-big-tcp']);
  toggle('BandwidthManager', model['bandwidth-manager']);
  if (model.routing) add('Routing', `Network: ${model.routing.network}`, `Host: ${model.routing.host}`);
  if (model['attach-mode']) add('Attach Mode', model['attach-mode']);
  if (model['datapath-mode']) add('Device Mode', model['datapath-mode']);
  return [...rows, ...laterRows(model, details)];
}

function laterRows(model: StatusModel, details: Details): readonly Row[] {
  const rows: Row[] = [];
  const { masquerading, controllers, proxy, hubble } = model;
  const word = (isEnabled: boolean | undefined): string => (isEnabled === true ? 'Enabled' : 'Disabled');
  if (masquerading) {
    const { protocols } = masquerading;
    const kind = masquerading.mode === 'BPF' ? 'BPF' : 'IPTables';
    const text = protocols
      ? `${kind} [IPv4: ${word(protocols.ipv4)}, IPv6: ${word(protocols.ipv6)}]`
      : word(masquerading.enabled);
    rows.push(['Masquerading:', text]);
  }
  if (controllers) {
    rows.push(['Controller Status:', `${controllers.length}/${controllers.length} healthy`]);
    if (details.hasControllers) {
      const names = controllers.map(({ name, message }) => [
        `  ${name}`,
        message ?? '10s ago',
        'never',
        '0',
        'no error   ',
      ]);
      const table = tabbed([['  Name', 'Last success', 'Last error', 'Count', 'Message'], ...names], {
        minWidth: 2,
        padding: 3,
      });
      rows.push(
        ...table
          .trimEnd()
          .split('\n')
          .map((line) => [line]),
      );
    }
  }
  if (proxy)
    rows.push([
      'Proxy Status:',
      `OK, ip ${proxy.ip}, ${proxy['total-redirects']} redirects active on ports ${proxy['port-range']}, Envoy: ${proxy['envoy-deployment-mode']}`,
    ]);
  const range = model['identity-range'];
  if (range)
    rows.push(['Global Identity Range:', `min ${range['min-identity']}, max ${range['max-identity']}`]);
  if (hubble) {
    const { observer, metrics } = hubble;
    const cells = [hubble.msg ? `${hubble.state} ${hubble.msg}` : hubble.state];
    if (observer) {
      const share = ((observer.current / Math.max(1, observer.max)) * 100).toFixed(2);
      const rate =
        observer.uptimeNs > 0 ? `, Flows/s: ${(observer.seen / (observer.uptimeNs / 1e9)).toFixed(2)}` : '';
      cells.push(`Current/Max Flows: ${observer.current}/${observer.max} (${share}%)${rate}`);
    }
    if (metrics) cells.push(`Metrics: ${metrics.state}`);
    rows.push(['Hubble:', ...cells]);
  }
  if (model.encryption) {
    const { mode, wireguard } = model.encryption;
    const links = wireguard?.interfaces.map(
      (one) =>
        `${one.name} (Pubkey: ${one['public-key']}, Port: ${one['listen-port']}, Peers: ${one['peer-count']})`,
    );
    const more = links && `[NodeEncryption: ${wireguard?.['node-encryption']}, ${links.join(', ')}]`;
    rows.push(['Encryption:', mode, ...(more === undefined ? [] : [more])]);
  }
  return rows;
}

/** The text of `status` for a model. */
export function statusText(model: StatusModel, isVerbose = false): string {
  const details = { hasAddresses: isVerbose, hasControllers: isVerbose };
  return tabbed(statusRows(model, details), { minWidth: 2, padding: 3 });
}

/** The one line of `status --brief`: what is wrong first, or `OK`. */
export function statusBrief(model: StatusModel): string {
  const parts: readonly (readonly [string, State | undefined])[] = [
    ['kvstore', model.kvstore],
    ['container runtime', model['container-runtime']],
    ['kubernetes', model.kubernetes],
    ['cilium', model.cilium],
    ['cilium-health', model.cluster?.ciliumHealth],
  ];
  const bad = parts.find(([, part]) => part?.state === 'Warning' || part?.state === 'Failure');
  return bad ? `error in ${bad[0]}: ${bad[1]?.msg ?? ''}\n` : 'OK\n';
}

type ClusterNode = { readonly name: string; readonly address: string; readonly health: string };

function status(call: DbgCall): DbgResult {
  const found = (call.agent.get('/healthz') ?? {}) as unknown as StatusModel;
  const seen = call.observer?.status();
  const observer = seen && {
    current: seen.numFlows,
    max: seen.maxFlows,
    seen: seen.seenFlows,
    uptimeNs: seen.uptimeNs,
  };
  const model: StatusModel =
    found.hubble && observer ? { ...found, hubble: { ...found.hubble, observer } } : found;
  const asked = asAsked(call, model as unknown as Json);
  if (asked) return asked;
  if (isOn(call, 'brief')) return { text: statusBrief(model) };
  const isAny = (...names: readonly string[]): boolean =>
    ['verbose', ...names].some((name) => isOn(call, name));
  const details = { hasAddresses: isAny('all-addresses'), hasControllers: isAny('all-controllers') };
  const health = clusterHealth(call, { isVerbose: isAny(), isAllNodes: isAny('all-nodes') });
  const modules: Row = ['Modules Health:', 'Stopped(0) Degraded(0) OK(67)'];
  return {
    text: tabbed([...statusRows(model, details), ...health, modules, ['']], { minWidth: 2, padding: 3 }),
  };
}

/** `cilium-health status`: all nodes, a line each or with their paths. */
export function healthText(call: DbgCall): string {
  const rows = clusterHealth(call, { isVerbose: isOn(call, 'verbose'), isAllNodes: true });
  return tabbed(rows, { minWidth: 2, padding: 3 });
}

/** What cilium-health found, its own node first (pkg/health/client, FormatHealthStatusResponse). */
function clusterHealth(
  call: DbgCall,
  how: { readonly isVerbose: boolean; readonly isAllNodes: boolean },
): readonly Row[] {
  const all = listOf<ClusterNode>(call.agent.get('/cluster'));
  const isOwn = (node: ClusterNode): boolean => node.name === call.agent.node;
  const nodes = all.toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)) || (a.name < b.name ? -1 : 1));
  const cluster = clusterName(call);
  const time = `${new Date(Math.floor(call.nowMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
  // Nodes are probed the more seldom the more there are (pkg/backoff, ClusterSizeDependantInterval).
  const seconds = 60 * Math.log1p(nodes.length);
  const interval = `${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(9).replace(/0+$/, '')}s`;
  const probe = (path: string, rtt: string): Row => [
    `      ${path}:`,
    `OK, RTT=${rtt}µs`,
    `(Last probed: ${time})`,
  ];
  const paths = (title: string, address: string): readonly Row[] => [
    [`    ${title} connectivity to ${address}:`],
    probe('ICMP to stack', '231.134'),
    probe('HTTP to agent', '417.907'),
  ];
  const rows = nodes.flatMap((node): readonly Row[] => {
    const name = `${cluster}/${node.name}${isOwn(node) ? ' (localhost)' : ''}`;
    if (how.isVerbose)
      return [[`  ${name}:`], ...paths('Host', node.address), ...paths('Endpoint', node.health)];
    return how.isAllNodes ? [[`  ${name}`, node.address, '1/1', '1/1']] : [];
  });
  return [
    [
      'Cluster health:',
      `${nodes.length}/${nodes.length} reachable`,
      `(${time})`,
      `(Probe interval: ${interval})`,
    ],
    ['Name', 'IP', 'Node', 'Endpoints'],
    ...rows,
  ];
}

type ConfigModel = {
  readonly status: {
    readonly daemonConfigurationMap: Readonly<Record<string, string>>;
    readonly realized: {
      readonly options: Readonly<Record<string, string>>;
      readonly 'policy-enforcement': string;
    };
    readonly nodeMonitor: { readonly npages: number };
  };
};

function config(call: DbgCall): DbgResult {
  const { status: model } = call.agent.get('/config') as unknown as ConfigModel;
  const { options } = model.realized;
  if (isOn(call, 'list-options'))
    return {
      text: Object.entries(OPTIONS)
        .filter(([name]) => name !== 'PolicyTracing')
        .map(([name, about]) => `${name.padEnd(24)} ${about}\n`)
        .join(''),
    };
  if (call.args.length === 0) {
    const isAll = isOn(call, 'all');
    const isReadOnly = isOn(call, 'read-only');
    const asked = asAsked(call, (isReadOnly ? model.daemonConfigurationMap : options) as unknown as Json);
    if (asked) return asked;
    const fixed = `#### Read-only configurations ####\n${optionsText(model.daemonConfigurationMap)}`;
    const open = `##### Read-write configurations #####\n${optionsText(options)}${'MonitorNumPages'.padEnd(34)}: ${model.nodeMonitor.npages}\n${'PolicyEnforcement'.padEnd(34)}: ${model.realized['policy-enforcement']}\n`;
    return { text: isReadOnly ? fixed : isAll ? fixed + open : open };
  }
  if (call.args.some((word) => !word.includes('=')))
    return { error: 'Error: Improper configuration format provided' };
  if (call.args.some((word) => word.startsWith('PolicyEnforcement=')))
    return {
      error:
        'Error: Unable to change agent configuration: PolicyEnforcement is set by enable-policy of cilium-config here',
    };
  const wanted = optionsOf(call.args, OPTIONS);
  if ('error' in wanted) return { text: `${wanted.error}\n`, error: '' };
  const problem = call.agent.patch('/config', { options: wanted.options });
  return problem === undefined
    ? { text: '' }
    : { error: `Error: Unable to change agent configuration: ${problem}` };
}

/** What the options are for, in our words. */
const OPTIONS: Readonly<Record<string, string>> = {
  Debug: 'Tell of what the programs of the datapath do',
  DebugLB: 'Tell of load balancing',
  DebugPolicy: 'Tell of policy lookups',
  DebugTagged: 'Tell more of what is tagged for it',
  DropNotification: 'Tell of dropped packets',
  MonitorAggregationLevel: 'How much of what happened is told at once',
  PolicyAuditMode: 'Only report what policies would drop',
  PolicyTracing: 'Trace how policies are resolved',
  PolicyVerdictNotification: 'Tell of verdicts of policies',
  SourceIPVerification: 'Check the source addresses of packets',
  TraceNotification: 'Tell of packets that pass',
};

function configGet(call: DbgCall): DbgResult {
  const [name = ''] = call.args;
  if (name === '')
    return { misuse: call.args.length === 0 ? 'Missing config name argument' : 'Empty config argument' };
  const plain = (text: string): string => text.toLowerCase().replace(/[^\w]/g, '');
  const { status: model } = call.agent.get('/config') as unknown as ConfigModel;
  const { options, 'policy-enforcement': enforcement } = model.realized;
  const all = { ...model.daemonConfigurationMap, ...options, PolicyEnforcement: enforcement };
  const found = Object.entries(all).find(([key]) => plain(key) === plain(name));
  return found === undefined ? { error: 'Error: Configuration does not exist' } : { text: `${found[1]}\n` };
}

/** Metrics that follow from what the node knows: endpoints, policies and the flows that it kept. */
function metrics(call: DbgCall): DbgResult {
  const pattern = call.flags.get('match-pattern') ?? '';
  let expression: Expression;
  try {
    expression = new Expression(pattern);
  } catch (error) {
    return { error: `Error: regex: ${error instanceof Error ? error.message : ''}` };
  }
  const endpoints = listOf<EndpointModel>(call.agent.get('/endpoint'));
  const counts = new Map<string, number>();
  const count = (name: string, labels: string, value = 1): void => {
    const key = `${name}\t${labels}`;
    counts.set(key, (counts.get(key) ?? 0) + value);
  };
  const policy = call.agent.get('/policy') as
    | { readonly policy?: string; readonly revision?: number }
    | undefined;
  count('cilium_endpoint', '', endpoints.length);
  count('cilium_policy', '', (JSON.parse(policy?.policy ?? '[]') as unknown[]).length);
  count('cilium_policy_max_revision', '', policy?.revision ?? 0);
  count('cilium_nodes_all_num', '', listOf(call.agent.get('/cluster')).length);
  for (const kind of ['none', 'ingress', 'egress', 'both', 'audit-ingress', 'audit-egress', 'audit-both'])
    count(
      'cilium_policy_endpoint_enforcement_status',
      `enforcement="${kind}"`,
      endpoints.filter((one) => one.status?.policy?.realized?.['policy-enabled'] === kind).length,
    );
  count('cilium_endpoint_state', 'endpoint_state="ready"', endpoints.length);
  for (const flow of call.observer?.flows({ whitelist: [], blacklist: [] }) ?? []) {
    const direction = flow.traffic_direction ?? 'UNKNOWN';
    if (flow.event_type?.type === 1)
      count(
        'cilium_drop_count_total',
        `direction="${direction}" reason="${DROP_REASONS.get(flow.event_type.sub_type ?? 0) ?? ''}"`,
      );
    if (flow.event_type?.type === 4) count('cilium_forward_count_total', `direction="${direction}"`);
    if (flow.l7) {
      const kind = flow.l7.dns ? 'fqdn' : 'http';
      count(
        'cilium_policy_l7_total',
        `proxy_type="${kind}" rule="${flow.verdict === 'DROPPED' ? 'denied' : 'forwarded'}"`,
      );
    }
  }
  const rows = [...counts]
    .map(([key, value]) => [...key.split('\t'), value.toFixed(6)])
    .filter(([name = '', labels = '']) => expression.finds(name + labels))
    .sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
  const model = rows.map(([name = '', labels = '', value = '0']) => ({
    ...(labels === ''
      ? {}
      : {
          labels: Object.fromEntries(
            [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]),
          ),
        }),
    name,
    value: Number(value),
  }));
  return (
    asAsked(call, model) ?? {
      text: tabbed([['Metric', 'Labels', 'Value'], ...rows], { minWidth: 5, padding: 3 }),
    }
  );
}

function encryptStatus(call: DbgCall): DbgResult {
  const model = (call.agent.get('/healthz') ?? {}) as unknown as StatusModel;
  const { mode, wireguard } = model.encryption ?? { mode: 'Disabled' };
  const interfaces = wireguard?.interfaces ?? [];
  const lines = interfaces.map(
    (one) =>
      `Interface: ${one.name}\n\tPublic key: ${one['public-key']}\n\tNumber of peers: ${one['peer-count']}\n`,
  );
  const shown = { mode, ...(wireguard === undefined ? {} : { wireguard: { interfaces } }) };
  return asAsked(call, shown as Json) ?? { text: `Encryption: ${mode.padEnd(26)}\n${lines.join('')}` };
}

/** The report that is asked for with bugs: the same commands one after another. */
function debugInfo(call: DbgCall): DbgResult {
  const block = (title: string, text: string): string => `#### ${title}\n\n\`\`\`\n${text}\`\`\`\n\n`;
  const result = status({ ...call, flags: new Map() });
  const policy = call.agent.get('/policy') as
    | { readonly policy?: string; readonly revision?: number }
    | undefined;
  const parts: JsonObject = {
    'cilium-version': VERSION,
    'cilium-status': call.agent.get('/healthz') ?? {},
    'endpoint-list': call.agent.get('/endpoint') ?? [],
    policy: (policy ?? {}) as unknown as Json,
  };
  return (
    asAsked(call, parts) ?? {
      text: `# Cilium debug information\n\n${block('Cilium version', `${VERSION}\n`)}${block('Cilium status', 'text' in result ? (result.text ?? '') : '')}${block('Policy get', `${policy?.policy ?? '[]'}\nRevision: ${policy?.revision ?? 0}\n`)}`,
    }
  );
}

/** Commands about the agent itself. */
export const AGENT_COMMANDS: Readonly<Record<string, DbgCommand>> = {
  status: {
    about: 'How the agent fares',
    flags:
      'all-addresses all-clusters all-controllers all-health all-nodes all-redirects brief require-k8s-connectivity timeout=duration verbose',
    hasOutput: true,
    run: status,
  },
  config: {
    about: 'Show or change settings',
    usage: '[<option>=(enable|disable) ...]',
    flags: 'all:a list-options num-pages:n=int read-only:r',
    hasOutput: true,
    run: config,
  },
  'config get': {
    about: 'One setting',
    usage: '<config name>',
    hasOutput: true,
    run: configGet,
  },
  'metrics list': {
    about: 'Metrics of the agent',
    flags: 'match-pattern:p= shell-sock-path=',
    hasOutput: true,
    run: metrics,
  },
  'encrypt status': { about: 'State of encryption', hasOutput: true, run: encryptStatus },
  debuginfo: {
    about: 'Much about the agent at once',
    flags: 'file:f= file-per-command output-directory=',
    hasOutput: true,
    run: debugInfo,
  },
  version: {
    about: 'Versions',
    hasOutput: true,
    run: (call) =>
      asAsked(call, { Client: BUILD, Daemon: BUILD }) ?? {
        text: `Client: ${VERSION}\nDaemon: ${VERSION}\n`,
      },
  },
};
