import { tabulate } from '../../hubble/printer.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { parseFlags, SERVER_FLAGS, type FlagSpec } from './flags.ts';
import { observe } from './observe.ts';
import { reachObserver, serverOf } from './server.ts';

const VERSION = '1.20.2';

const OUTPUT_FLAG: FlagSpec = { name: 'output', short: 'o', kind: 'value' };

const HELP = `Hubble shows which connections the cluster's pods make and what became of them.

Usage:
  hubble [command]

Available Commands:
  completion  Print a shell completion script
  config      Show or change this tool's settings
  help        Help for any command
  list        List nodes or namespaces
  observe     Show flows
  status      Show the state of the Hubble server
  version     Show the version

Use "hubble [command] --help" for more information about a command.
`;

const LIST_HELP = `List Hubble objects

Usage:
  hubble list [command]

Available Commands:
  namespaces  List namespaces with recent flows
  nodes       List Hubble nodes

Use "hubble list [command] --help" for more information about a command.
`;

/** The `hubble` CLI 1.20.2. It sees the cluster only through the Observer. Errors: one line, exit 1. */
export function hubbleProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    const at = words.findIndex((word) => !word.startsWith('-'));
    const command = words[at] ?? '';
    const rest = words.filter((_word, i) => i !== at);
    if (words.includes('--version') && command === '') return print(process, `hubble v${VERSION}\n`);
    switch (command) {
      case 'observe':
        return observeOrEvents(process, ports, rest);
      case 'status':
        return status(process, ports, rest);
      case 'list':
        return list(process, ports, rest);
      case 'version':
        return print(process, `hubble v${VERSION} compiled with go1.26.8 on linux/amd64\n`);
      case 'config':
        return config(process, rest);
      case '':
      case 'help':
        return print(process, HELP);
      case 'completion':
        return 0;
      default:
        return fail(process, `unknown command ${JSON.stringify(command)} for "hubble"`);
    }
  };
}

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

async function fail(process: Process, text: string): Promise<number> {
  await process.err(`${text}\n`);
  return 1;
}

async function observeOrEvents(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const [first] = words;
  if (first === 'agent-events' || first === 'debug-events') {
    const reached = await reachObserver(process, ports, new Map());
    return fail(
      process,
      'error' in reached
        ? reached.error
        : 'rpc error: code = Unimplemented desc = method not implemented by relay',
    );
  }
  return observe(process, ports, first === 'flows' ? words.slice(1) : words);
}

async function status(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const parsed = parseFlags(words, [...SERVER_FLAGS, OUTPUT_FLAG]);
  if ('error' in parsed) return fail(process, parsed.error);
  const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
  if (uses.get('help') === 'true')
    return print(
      process,
      'Shows the state of the Hubble server.\n\nUsage:\n  hubble status [flags]\n\nFlags:\n  -o, --output string   compact, dict, json or table\n',
    );
  const output = uses.get('output') ?? 'compact';
  if (!['compact', 'dict', 'json', 'table', 'tab'].includes(output))
    return fail(process, `invalid output format: ${output}`);
  const reached = await reachObserver(process, ports, uses);
  if ('error' in reached) return fail(process, `failed getting status: ${reached.error}`);
  await process.sys.sleep(3);
  const found = reached.observer.status();
  const target = uses.get('port-forward') === 'true' ? reached.target : serverOf(process, uses);
  reached.close();
  return print(process, statusText(found, output, target));
}

type Status = ReturnType<HubbleObserver['status']>;

function statusText(found: Status, output: string, target: string): string {
  const rate =
    found.flowsRate > 0 ? found.flowsRate : found.uptimeNs > 0 ? found.seenFlows / (found.uptimeNs / 1e9) : 0;
  const down = found.unavailableNodes.length;
  const rateText = found.uptimeNs > 0 ? rate.toFixed(2) : 'N/A';
  if (output === 'json') {
    return `${JSON.stringify({ num_flows: String(found.numFlows), max_flows: String(found.maxFlows), seen_flows: String(found.seenFlows), uptime_ns: String(Math.round(found.uptimeNs)), num_connected_nodes: found.connectedNodes, num_unavailable_nodes: down, ...(down > 0 ? { unavailable_nodes: found.unavailableNodes } : {}), version: found.version, flows_rate: rate })}\n`;
  }
  const rows: readonly (readonly [string, string, string])[] = [
    ['NUM FLOWS', 'NUM FLOWS', commas(found.numFlows)],
    ['MAX FLOWS', 'MAX FLOWS', commas(found.maxFlows)],
    ['SEEN FLOWS', 'SEEN FLOWS', commas(found.seenFlows)],
    ['FLOWS PER SECOND', 'FLOWS PER SECOND', rateText],
    ['UPTIME', 'UPTIME', goDuration(found.uptimeNs)],
    ['NUM CONNECTED NODES', 'NUM CONNECTED NODES', String(found.connectedNodes)],
    ['NUM UNAVAIL. NODES', 'NUM UNAVAILABLE NODES', String(down)],
    ['VERSION', 'VERSION', found.version],
  ];
  if (output === 'dict') return rows.map(([key, , value]) => `${key.padStart(19)}: ${value}\n`).join('');
  if (output !== 'compact')
    return tabulate([rows.map(([, key]) => key), rows.map(([, , value]) => value)], 3);
  const percent = ((found.numFlows / Math.max(1, found.maxFlows)) * 100).toFixed(2);
  const head = `Healthcheck (via ${target}): Ok\nCurrent/Max Flows: ${commas(found.numFlows)}/${commas(found.maxFlows)} (${percent}%)\nFlows/s: ${rateText}\n`;
  // An agent answers for itself and counts no nodes; only the relay does.
  const nodes =
    found.connectedNodes + down === 0
      ? ''
      : `Connected Nodes: ${found.connectedNodes}/${found.connectedNodes + down}\n`;
  return (
    head +
    nodes +
    (down > 0
      ? `Unavailable Nodes: ${down}\n${found.unavailableNodes.map((name) => `  - ${name}\n`).join('')}`
      : '')
  );
}

function commas(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A duration in whole seconds as Go prints it: `3h25m45s`. */
function goDuration(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest;
}

async function list(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const [what = ''] = words;
  if (what === '' || what.startsWith('-')) return print(process, LIST_HELP);
  const isNodes = what === 'nodes' || what === 'node';
  const isNamespaces = what === 'namespaces' || what === 'namespace';
  if (!isNodes && !isNamespaces) return print(process, LIST_HELP);
  const parsed = parseFlags(words.slice(1), [...SERVER_FLAGS, OUTPUT_FLAG]);
  if ('error' in parsed) return fail(process, parsed.error);
  const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
  const output = uses.get('output') ?? 'table';
  if (!['table', 'wide', 'json'].includes(output)) return fail(process, `invalid output format: ${output}`);
  const reached = await reachObserver(process, ports, uses);
  if ('error' in reached) return fail(process, reached.error);
  await process.sys.sleep(3);
  const text = isNodes
    ? nodesText(reached.observer.nodes(), output)
    : namespacesText(reached.observer.namespaces(), output);
  reached.close();
  return print(process, text);
}

type Nodes = ReturnType<HubbleObserver['nodes']>;

function nodesText(nodes: Nodes, output: string): string {
  const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (output === 'json') {
    const items = sorted.map((node) => ({
      name: node.name,
      version: node.version,
      address: node.address,
      state: node.state,
      tls: {
        enabled: true,
        server_name: `${node.name.split('/').reverse().join('.')}.hubble-grpc.cilium.io`,
      },
      uptime_ns: String(Math.round(node.uptimeNs)),
      num_flows: String(node.numFlows),
      max_flows: String(node.maxFlows),
      seen_flows: String(node.seenFlows),
    }));
    return `${JSON.stringify(items, null, 2)}\n`;
  }
  const header = [
    'NAME',
    'STATUS',
    'AGE',
    'FLOWS/S',
    'CURRENT/MAX-FLOWS',
    ...(output === 'wide' ? ['VERSION', 'ADDRESS', 'TLS'] : []),
  ];
  const rows = sorted.map((node) => {
    const isUp = node.state === 'NODE_CONNECTED';
    const rate = node.uptimeNs > 0 ? (node.seenFlows / (node.uptimeNs / 1e9)).toFixed(2) : 'N/A';
    const share = ((node.numFlows / Math.max(1, node.maxFlows)) * 100).toFixed(2).padStart(6);
    const state = node.state.replace('NODE_', '').toLowerCase();
    const wide =
      output === 'wide' ? [isUp ? node.version : 'N/A', node.address, isUp ? 'Enabled' : 'N/A'] : [];
    return [
      node.name,
      state.slice(0, 1).toUpperCase() + state.slice(1),
      isUp ? goDuration(node.uptimeNs) : 'N/A',
      isUp ? rate : 'N/A',
      isUp ? `${node.numFlows}/${node.maxFlows} (${share}%)` : 'N/A',
      ...wide,
    ];
  });
  return tabulate([header, ...rows], 3);
}

function namespacesText(found: ReturnType<HubbleObserver['namespaces']>, output: string): string {
  const sorted = [...found].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
  if (output === 'json')
    return `${JSON.stringify(
      sorted.map((item) => ({ cluster: item.cluster, namespace: item.namespace })),
      null,
      2,
    )}\n`;
  const isWide = output === 'wide';
  return tabulate(
    [
      isWide ? ['NAMESPACE', 'CLUSTER'] : ['NAMESPACE'],
      ...sorted.map((item) => (isWide ? [item.namespace, item.cluster] : [item.namespace])),
    ],
    3,
  );
}

const CONFIG_PATH = '/.config/hubble/config.yaml';

function configOf(process: Process): ReadonlyMap<string, string> {
  const defaults: readonly (readonly [string, string])[] = [
    ['basic-auth-password', '""'],
    ['basic-auth-username', '""'],
    ['config', `${process.machine.home}${CONFIG_PATH}`],
    ['debug', 'false'],
    ['kube-context', '""'],
    ['kube-namespace', 'kube-system'],
    ['kubeconfig', '""'],
    ['port-forward', 'false'],
    ['port-forward-port', '"4245"'],
    ['request-timeout', '12s'],
    ['server', 'localhost:4245'],
    ['timeout', '5s'],
    ['tls', 'false'],
    ['tls-allow-insecure', 'false'],
    ['tls-ca-cert-files', '[]'],
    ['tls-client-cert-file', '""'],
    ['tls-client-key-file', '""'],
    ['tls-server-name', '""'],
  ];
  return new Map(
    defaults.map(([key, value]) => [
      key,
      process.env.get(`HUBBLE_${key.toUpperCase().replaceAll('-', '_')}`) ?? value,
    ]),
  );
}

async function config(process: Process, words: readonly string[]): Promise<number> {
  const settings = configOf(process);
  const [action = '', key] = words;
  if (action === '')
    return print(
      process,
      'Show or change the settings of hubble.\n\nUsage:\n  hubble config [command]\n\nAvailable Commands:\n  get         Show one setting\n  view        Show all settings\n',
    );
  if (action === 'view' || (action === 'get' && key === undefined))
    return print(process, [...settings].map(([name, value]) => `${name}: ${value}\n`).join(''));
  if (action !== 'get')
    return action === 'set' || action === 'reset'
      ? 0
      : fail(process, `unknown command ${JSON.stringify(action)} for "hubble config"`);
  const value = settings.get(key ?? '');
  return value === undefined
    ? fail(process, `unknown key: ${key}`)
    : print(process, `${value.replaceAll('"', '')}\n`);
}
