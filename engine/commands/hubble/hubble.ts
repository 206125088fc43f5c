import { tabulate } from '../../hubble/printer.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { EVENT_FLAGS, type FlagSpec, GLOBAL_FLAGS, isTrue, parseFlags, SERVER_FLAGS } from './flags.ts';
import { helpPage, PAGES } from './help.ts';
import { observe } from './observe.ts';
import { reachObserver, type ReachedObserver } from './server.ts';
import { resetSettings, settingsOf, settingsText, writeSetting } from './settings.ts';

const VERSION = '1.20.2';

const OUTPUT_FLAG: FlagSpec = { name: 'output', short: 'o', kind: 'value', type: 'string' };

/** The `hubble` CLI 1.20.2. It sees the cluster only through the Observer. Errors: one line, exit 1. */
export function hubbleProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    const at = words.findIndex((word) => !word.startsWith('-'));
    const command = words[at] ?? '';
    const rest = words.filter((_word, i) => i !== at);
    if (command === '') return root(process, words);
    switch (command) {
      case 'observe':
        return observeOrEvents(process, ports, rest);
      case 'status':
        return status(process, ports, rest);
      case 'list':
        return list(process, ports, rest);
      case 'version':
        return withFlags(process, 'version', rest, async () =>
          print(process, `hubble v${VERSION} compiled with go1.26.8 on linux/amd64\n`),
        );
      case 'config':
        return config(process, rest);
      case 'help':
        return help(process, rest.filter((word) => !word.startsWith('-')).join(' '));
      case 'completion':
        return completion(process, rest);
      case 'watch':
        return watch(process, ports, rest);
      case 'reflect':
        return unimplemented(
          process,
          ports,
          'unknown service /grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
        );
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

async function help(process: Process, path: string): Promise<number> {
  const page = PAGES.get(path) ?? PAGES.get(path.split(' ')[0] ?? '');
  if (page) return print(process, helpPage(page, process.machine.home));
  const root = PAGES.get('');
  await process.out(
    `Unknown help topic [${path
      .split(' ')
      .map((word) => `\`${word}\``)
      .join(' ')}]\n`,
  );
  return root ? print(process, helpPage(root, process.machine.home)) : 0;
}

async function root(process: Process, words: readonly string[]): Promise<number> {
  const version: FlagSpec = { name: 'version', short: 'v', kind: 'bool' };
  const parsed = parseFlags(words, [...GLOBAL_FLAGS, version]);
  if ('error' in parsed) return fail(process, parsed.error);
  const isVersion = parsed.uses.some((use) => use.name === 'version' && isTrue(use.value));
  return isVersion ? print(process, `hubble v${VERSION}\r\n`) : help(process, '');
}

/** Runs a command without flags of its own; its help when that was asked for. */
async function withFlags(
  process: Process,
  path: string,
  words: readonly string[],
  run: (uses: ReadonlyMap<string, string>, rest: readonly string[]) => Promise<number>,
  specs: readonly FlagSpec[] = GLOBAL_FLAGS,
): Promise<number> {
  const parsed = parseFlags(words, specs);
  if ('error' in parsed) return fail(process, parsed.error);
  const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
  return isTrue(uses.get('help')) ? help(process, path) : run(uses, parsed.rest);
}

async function completion(process: Process, words: readonly string[]): Promise<number> {
  const shell = words.find((word) => !word.startsWith('-'));
  if (shell === undefined || !['bash', 'zsh', 'fish', 'powershell'].includes(shell))
    return help(process, 'completion');
  const names = (PAGES.get('')?.commands ?? []).map(([name]) => name).join(' ');
  return print(
    process,
    shell === 'bash'
      ? `# bash completion for hubble\ncomplete -W ${JSON.stringify(names)} hubble\n`
      : `# ${shell} completion for hubble\n# ${names}\n`,
  );
}

/** Asks for a service that no server here has. */
async function unimplemented(process: Process, ports: Ports, what: string): Promise<number> {
  const reached = await reachObserver(process, ports, settingsOf(process, new Map()));
  if ('error' in reached) return fail(process, reached.error);
  reached.close();
  return fail(process, `rpc error: code = Unimplemented desc = ${what}`);
}

/** The hidden `watch peers`: an agent tells its peers, the relay does not. */
async function watch(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  if (words[0] !== 'peers')
    return print(
      process,
      'Watch Hubble objects\n\nUsage:\n  hubble watch [command]\n\nAvailable Commands:\n  peers       Watch for the peers of a server\n',
    );
  const run = async (uses: ReadonlyMap<string, string>): Promise<number> => {
    const reached = await reachObserver(process, ports, settingsOf(process, uses));
    if ('error' in reached) return fail(process, reached.error);
    const isRelay = reached.observer.status().version.startsWith('hubble-relay');
    const peers = reached.observer.nodes().filter((node) => node.state === 'NODE_CONNECTED');
    reached.close();
    if (isRelay && reached.observer.hasPeers !== true)
      return fail(process, 'rpc error: code = Unimplemented desc = unknown service peer.Peer');
    const lines = [...peers]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((node) => {
        const name = node.tls?.enabled === true ? ` (TLS.ServerName: ${node.tls.serverName})` : '';
        return `${'PEER_ADDED'.padEnd(12)} ${node.address} ${node.name}${name}\n`;
      });
    return print(process, lines.join(''));
  };
  return withFlags(process, 'watch', words.slice(1), run, SERVER_FLAGS);
}

async function observeOrEvents(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const first = words.find((word) => !word.startsWith('-'));
  const rest = words.filter((_word, i) => i !== words.indexOf(first ?? ''));
  if (first === 'flows') return observe(process, ports, rest);
  if (first !== 'agent-events' && first !== 'debug-events') return observe(process, ports, words);
  const method = first === 'agent-events' ? 'GetAgentEvents' : 'GetDebugEvents';
  const run = async (uses: ReadonlyMap<string, string>): Promise<number> => {
    const reached = await reachObserver(process, ports, settingsOf(process, uses));
    if ('error' in reached) return fail(process, reached.error);
    reached.close();
    return fail(process, `rpc error: code = Unimplemented desc = method ${method} not implemented`);
  };
  return withFlags(process, 'observe', rest, run, EVENT_FLAGS);
}

async function status(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const run = async (uses: ReadonlyMap<string, string>): Promise<number> => {
    const output = uses.get('output') ?? 'compact';
    if (!['compact', 'dict', 'json', 'JSON', 'jsonpb', 'table', 'tab'].includes(output))
      return fail(process, `invalid output format: ${output}`);
    const reached = await reachObserver(process, ports, settingsOf(process, uses));
    if ('error' in reached) return fail(process, `failed getting status: ${reached.error}`);
    await process.sys.sleep(3);
    const text = healthyStatus(reached, output.toLowerCase());
    reached.close();
    if (text.problem !== undefined) {
      await process.out(text.out);
      return fail(process, text.problem);
    }
    return print(process, text.out);
  };
  return withFlags(process, 'status', words, run, [...SERVER_FLAGS, OUTPUT_FLAG]);
}

/** The health check comes first: a server that does not serve is not asked for more. */
function healthyStatus(reached: ReachedObserver, output: string): { out: string; problem?: string } {
  const health = reached.observer.health?.() ?? 'SERVING';
  if (health !== 'SERVING') {
    const head = `Healthcheck (via ${reached.target}): Unavailable: ${health}\n`;
    return { out: output === 'compact' ? head : '', problem: 'not healthy' };
  }
  return { out: statusText(reached.observer.status(), output, reached.target) };
}

type Status = ReturnType<HubbleObserver['status']>;

function statusText(found: Status, output: string, target: string): string {
  const down = found.unavailableNodes.length;
  // An agent answers for itself and counts no nodes; only the relay does.
  const isRelay = found.connectedNodes + down > 0;
  const computed = found.uptimeNs > 0 ? found.seenFlows / (found.uptimeNs / 1e9) : 0;
  const reported = found.flowsRate > 0 ? found.flowsRate.toFixed(2) : 'N/A';
  if (output.startsWith('json')) return `${statusJson(found, isRelay)}\n`;
  const rows: readonly (readonly [string, string, string])[] = [
    ['NUM FLOWS', 'NUM FLOWS', commas(found.numFlows)],
    ['MAX FLOWS', 'MAX FLOWS', commas(found.maxFlows)],
    ['SEEN FLOWS', 'SEEN FLOWS', commas(found.seenFlows)],
    ['FLOWS PER SECOND', 'FLOWS PER SECOND', reported],
    ['UPTIME', 'UPTIME', goDuration(found.uptimeNs)],
    ['NUM CONNECTED NODES', 'NUM CONNECTED NODES', isRelay ? String(found.connectedNodes) : 'N/A'],
    ['NUM UNAVAIL. NODES', 'NUM UNAVAILABLE NODES', isRelay ? String(down) : 'N/A'],
    ['VERSION', 'VERSION', found.version],
  ];
  if (output === 'dict') return rows.map(([key, , value]) => `${key.padStart(19)}: ${value}\n`).join('');
  if (output !== 'compact')
    return tabulate([rows.map(([, key]) => key), rows.map(([, , value]) => value)], 3);
  const percent = ((found.numFlows / Math.max(1, found.maxFlows)) * 100).toFixed(2);
  const rate = found.flowsRate > 0 ? reported : found.uptimeNs > 0 ? computed.toFixed(2) : 'N/A';
  const head = `Healthcheck (via ${target}): Ok\nCurrent/Max Flows: ${commas(found.numFlows)}/${commas(found.maxFlows)} (${percent}%)\nFlows/s: ${rate}\n`;
  if (!isRelay) return head;
  const names = found.unavailableNodes.map((name) => `  - ${name}\n`).join('');
  return `${head}Connected Nodes: ${found.connectedNodes}/${found.connectedNodes + down}\n${down > 0 ? `Unavailable Nodes: ${down}\n${names}` : ''}`;
}

function statusJson(found: Status, isRelay: boolean): string {
  return JSON.stringify({
    ...number64('num_flows', found.numFlows),
    ...number64('max_flows', found.maxFlows),
    ...number64('seen_flows', found.seenFlows),
    ...number64('uptime_ns', found.uptimeNs),
    ...(isRelay
      ? {
          num_connected_nodes: found.connectedNodes,
          num_unavailable_nodes: found.unavailableNodes.length,
        }
      : {}),
    ...(found.unavailableNodes.length > 0 ? { unavailable_nodes: found.unavailableNodes } : {}),
    version: found.version,
    ...(found.flowsRate > 0 ? { flows_rate: found.flowsRate } : {}),
  });
}

/** A 64-bit number in proto JSON: text, and absent when zero. */
function number64(name: string, value: number): Record<string, string> {
  return value === 0 ? {} : { [name]: String(Math.round(value)) };
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
  const what = words.find((word) => !word.startsWith('-')) ?? '';
  const rest = words.filter((_word, i) => i !== words.indexOf(what));
  const isNodes = what === 'nodes' || what === 'node';
  const isNamespaces = what === 'namespaces' || what === 'namespace';
  if (!isNodes && !isNamespaces)
    return withFlags(process, 'list', rest, async () => help(process, 'list'), SERVER_FLAGS);
  const run = async (uses: ReadonlyMap<string, string>): Promise<number> => {
    const output = uses.get('output') ?? 'table';
    const reached = await reachObserver(process, ports, settingsOf(process, uses));
    if ('error' in reached) return fail(process, reached.error);
    await process.sys.sleep(3);
    reached.close();
    if (!['table', 'wide', 'json'].includes(output)) return fail(process, `unknown output format: ${output}`);
    return print(
      process,
      isNodes
        ? nodesText(reached.observer.nodes(), output)
        : namespacesText(reached.observer.namespaces(), output),
    );
  };
  return withFlags(process, isNodes ? 'list nodes' : 'list namespaces', rest, run, [
    ...SERVER_FLAGS,
    OUTPUT_FLAG,
  ]);
}

type Nodes = ReturnType<HubbleObserver['nodes']>;

function nodesText(nodes: Nodes, output: string): string {
  const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (output === 'json') {
    const items = sorted.map((node) => ({
      name: node.name,
      ...(node.version === '' ? {} : { version: node.version }),
      address: node.address,
      state: node.state,
      ...(node.tls
        ? { tls: node.tls.enabled ? { enabled: true, server_name: node.tls.serverName } : {} }
        : {}),
      ...number64('uptime_ns', node.uptimeNs),
      ...number64('num_flows', node.numFlows),
      ...number64('max_flows', node.maxFlows),
      ...number64('seen_flows', node.seenFlows),
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
    const seconds = Math.round(node.uptimeNs / 1e9);
    const share = ((node.numFlows / Math.max(1, node.maxFlows)) * 100).toFixed(2).padStart(6);
    const state = node.state.replace('NODE_', '').toLowerCase();
    const tls = node.tls ? (node.tls.enabled ? 'Enabled' : 'Disabled') : 'N/A';
    return [
      node.name,
      state.slice(0, 1).toUpperCase() + state.slice(1),
      seconds > 0 ? goDuration(node.uptimeNs) : 'N/A',
      seconds > 0 ? (node.seenFlows / seconds).toFixed(2) : 'N/A',
      node.maxFlows > 0 ? `${node.numFlows}/${node.maxFlows} (${share}%)` : 'N/A',
      ...(output === 'wide' ? [node.version === '' ? 'N/A' : node.version, node.address, tls] : []),
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

async function config(process: Process, words: readonly string[]): Promise<number> {
  const action = words.find((word) => !word.startsWith('-')) ?? '';
  const rest = words.filter((_word, i) => i !== words.indexOf(action));
  const known = ['', 'view', 'get', 'set', 'reset'].includes(action);
  if (!known) return fail(process, `unknown command ${JSON.stringify(action)} for "hubble config"`);
  const path = action === '' ? 'config' : `config ${action}`;
  const run = async (uses: ReadonlyMap<string, string>, args: readonly string[]): Promise<number> => {
    const [key, value = ''] = args;
    if (action === '') return help(process, 'config');
    if (action === 'view' || action === 'get') return showSettings(process, uses, action, args);
    if (action === 'set' && (args.length < 1 || args.length > 2))
      return fail(
        process,
        `invalid arguments: set requires exactly 1 or 2 argument(s): got '${args.join(' ')}'`,
      );
    if (action === 'reset' && args.length > 1)
      return fail(
        process,
        `invalid arguments: resset requires exactly 0 or 1 argument: got '${args.join(' ')}'`,
      );
    const problem =
      key === undefined
        ? resetSettings(process, uses)
        : writeSetting(process, uses, { name: key, value: action === 'set' ? value : '' });
    return problem === undefined ? 0 : fail(process, problem);
  };
  return withFlags(process, path, rest, run);
}

async function showSettings(
  process: Process,
  uses: ReadonlyMap<string, string>,
  action: string,
  args: readonly string[],
): Promise<number> {
  const settings = settingsOf(process, uses);
  const [key] = args;
  if (action === 'view' || key === undefined) return print(process, settingsText(settings));
  if (args.length > 1)
    return fail(process, `invalid arguments: get requires exactly 0 or 1 argument: got '${args.join(' ')}'`);
  const value = settings.get(key);
  return value === undefined ? fail(process, `unknown key: ${key}`) : print(process, `${value}\n`);
}
