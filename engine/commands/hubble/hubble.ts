import { tabulate } from '../../hubble/printer.ts';
import type { Process, Program } from '../../shell/program.ts';
import { didYouMean } from '../kubectl/text.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { findCommand, flagsOf, nameAt, OFFERED } from './commands.ts';
import { isTrue, parseFlags } from './flags.ts';
import { helpPage, usagePage } from './help.ts';
import { observe, selectionOf } from './observe.ts';
import { reachObserver, type ReachedObserver, settingsProblem } from './server.ts';
import { durationText } from './since.ts';
import { debugNote, resetSettings, settingsOf, settingsText, settingText, writeSetting } from './settings.ts';

const VERSION = '1.20.2';

type Uses = ReadonlyMap<string, string>;

/** A command that runs; `uses` are its flags, `args` the words beside them. */
type Run = (process: Process, ports: Ports, uses: Uses, args: readonly string[]) => Promise<number>;

/** The `hubble` CLI 1.20.2. It sees the cluster only through the Observer. Errors: one line, exit 1. */
export function hubbleProgram(ports: Ports): Program {
  return async (process) => {
    const { path, rest } = findCommand(process.argv.slice(1));
    const wrong = path === '' ? nameAt(rest, '') : undefined;
    if (wrong !== undefined) return fail(process, unknownCommand(rest[wrong] ?? '', 'hubble'));
    if (path === 'observe' || path === 'observe flows') return observe(process, ports, { path, words: rest });
    const parsed = parseFlags(rest, flagsOf(path));
    if ('error' in parsed) return fail(process, parsed.error);
    const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
    const run = RUNS.get(path);
    if (isTrue(uses.get('help'))) return help(process, path);
    if (isTrue(uses.get('version'))) return print(process, `hubble v${VERSION}\r\n`);
    if (!run) return help(process, path);
    const unwanted = path.startsWith('completion ') ? parsed.rest[0] : undefined;
    if (unwanted !== undefined) return fail(process, unknownCommand(unwanted, `hubble ${path}`));
    await process.err(debugNote(process, uses));
    // `config` works with whatever the settings say, to mend them.
    const problem = path.startsWith('config')
      ? undefined
      : settingsProblem(process, settingsOf(process, uses));
    return problem === undefined ? run(process, ports, uses, parsed.rest) : fail(process, problem);
  };
}

function unknownCommand(word: string, at: string): string {
  return `unknown command ${JSON.stringify(word)} for "${at}"${at === 'hubble' ? didYouMean(word, OFFERED) : ''}`;
}

const RUNS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['config', (process) => help(process, 'config')],
  ['config get', (process, _ports, uses, args) => getSetting(process, uses, args)],
  ['config reset', (process, _ports, uses, args) => changeSetting(process, uses, { action: 'reset', args })],
  ['config set', (process, _ports, uses, args) => changeSetting(process, uses, { action: 'set', args })],
  ['config view', (process, _ports, uses) => print(process, settingsText(process, uses))],
  ['help', (process, _ports, _uses, args) => helpTopic(process, args)],
  ['list namespaces', (process, ports, uses) => list(process, ports, { uses, isNodes: false })],
  ['list nodes', (process, ports, uses) => list(process, ports, { uses, isNodes: true })],
  [
    'observe agent-events',
    (process, ports, uses) => events(process, ports, { uses, method: 'GetAgentEvents' }),
  ],
  [
    'observe debug-events',
    (process, ports, uses) => events(process, ports, { uses, method: 'GetDebugEvents' }),
  ],
  ['reflect', (process, ports, uses) => reflect(process, ports, uses)],
  ['status', (process, ports, uses) => status(process, ports, uses)],
  ['version', (process) => print(process, `hubble v${VERSION} compiled with go1.26.8 on linux/amd64\n`)],
  ['watch peers', (process, ports, uses) => peers(process, ports, uses)],
  ...['bash', 'fish', 'powershell', 'zsh'].map((shell): [string, Run] => [
    `completion ${shell}`,
    (process) => completion(process, shell),
  ]),
]);

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

async function fail(process: Process, text: string): Promise<number> {
  await process.err(`${text}\n`);
  return 1;
}

async function help(process: Process, path: string): Promise<number> {
  return print(process, helpPage(path, process.machine.home));
}

async function helpTopic(process: Process, words: readonly string[]): Promise<number> {
  const { path, rest } = findCommand(words);
  if (path !== '' || rest.length === 0) return help(process, path);
  const topic = words.map((word) => (word.includes('`') ? JSON.stringify(word) : `\`${word}\``)).join(' ');
  await process.err(`Unknown help topic [${topic}]\n${usagePage('', process.machine.home)}`);
  return 0;
}

async function completion(process: Process, shell: string): Promise<number> {
  const names = OFFERED.join(' ');
  return print(
    process,
    shell === 'bash'
      ? `# bash completion for hubble\ncomplete -W ${JSON.stringify(names)} hubble\n`
      : `# ${shell} completion for hubble\n# ${names}\n`,
  );
}

/** The hidden `reflect` asks for a service that no server here has. */
async function reflect(process: Process, ports: Ports, uses: Uses): Promise<number> {
  const reached = await reachObserver(process, ports, settingsOf(process, uses));
  if ('error' in reached) return fail(process, reached.error);
  reached.close();
  return fail(
    process,
    'rpc error: code = Unimplemented desc = unknown service /grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  );
}

/** The hidden `watch peers`: an agent tells its peers, the relay does not. */
async function peers(process: Process, ports: Ports, uses: Uses): Promise<number> {
  const reached = await reachObserver(process, ports, settingsOf(process, uses));
  if ('error' in reached) return fail(process, reached.error);
  const isRelay = reached.observer.status().version.startsWith('hubble-relay');
  const found = reached.observer.nodes().filter((node) => node.state === 'NODE_CONNECTED');
  reached.close();
  if (isRelay && reached.observer.hasPeers !== true)
    return fail(process, 'rpc error: code = Unimplemented desc = unknown service peer.Peer');
  const lines = [...found]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => {
      const name = node.tls?.enabled === true ? ` (TLS.ServerName: ${node.tls.serverName})` : '';
      return `${'PEER_ADDED'.padEnd(12)} ${node.address} ${node.name}${name}\n`;
    });
  return print(process, lines.join(''));
}

const OUTPUTS = ['compact', 'dict', 'json', 'JSON', 'jsonpb', 'table', 'tab'];

async function events(
  process: Process,
  ports: Ports,
  asked: { readonly uses: Uses; readonly method: string },
): Promise<number> {
  const { uses, method } = asked;
  const output = uses.get('output') ?? 'compact';
  if (!OUTPUTS.includes(output)) return fail(process, `invalid output format: ${output}`);
  if (output.startsWith('tab') && isTrue(uses.get('follow')))
    return fail(process, 'table output format is not compatible with follow mode');
  const times = new Map([...uses].filter(([name]) => name === 'since' || name === 'until'));
  const selection = selectionOf(times, process.sys.nowMs());
  if ('error' in selection) return fail(process, selection.error);
  const reached = await reachObserver(process, ports, settingsOf(process, uses));
  if ('error' in reached) return fail(process, reached.error);
  reached.close();
  return fail(process, `rpc error: code = Unimplemented desc = method ${method} not implemented`);
}

async function status(process: Process, ports: Ports, uses: Uses): Promise<number> {
  const output = uses.get('output') ?? 'compact';
  const reached = await reachObserver(process, ports, settingsOf(process, uses));
  if ('error' in reached)
    return fail(
      process,
      `${reached.error.startsWith('rpc error') ? 'failed getting status: ' : ''}${reached.error}`,
    );
  await process.sys.sleep(3);
  const text = healthyStatus(reached, output.toLowerCase());
  reached.close();
  await process.out(OUTPUTS.includes(output) || text.problem !== undefined ? text.out : '');
  const problem = text.problem ?? (OUTPUTS.includes(output) ? undefined : `invalid output format: ${output}`);
  return problem === undefined ? 0 : fail(process, problem);
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
  return durationText(Math.floor(ns / 1e9) * 1000);
}

async function list(
  process: Process,
  ports: Ports,
  asked: { readonly uses: Uses; readonly isNodes: boolean },
): Promise<number> {
  const output = asked.uses.get('output') ?? 'table';
  const reached = await reachObserver(process, ports, settingsOf(process, asked.uses));
  if ('error' in reached) return fail(process, reached.error);
  await process.sys.sleep(3);
  reached.close();
  if (!['table', 'wide', 'json'].includes(output)) return fail(process, `unknown output format: ${output}`);
  return print(
    process,
    asked.isNodes
      ? nodesText(reached.observer.nodes(), output)
      : namespacesText(reached.observer.namespaces(), output),
  );
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

async function changeSetting(
  process: Process,
  uses: Uses,
  asked: { readonly action: 'set' | 'reset'; readonly args: readonly string[] },
): Promise<number> {
  const { action, args } = asked;
  const [key, value = ''] = args;
  const got = `got '${args.join(' ')}'`;
  if (action === 'set' && (args.length < 1 || args.length > 2))
    return fail(process, `invalid arguments: set requires exactly 1 or 2 argument(s): ${got}`);
  if (action === 'reset' && args.length > 1)
    return fail(process, `invalid arguments: resset requires exactly 0 or 1 argument: ${got}`);
  const problem =
    key === undefined ? resetSettings(process, uses) : writeSetting(process, uses, { name: key, value });
  return problem === undefined ? 0 : fail(process, problem);
}

async function getSetting(process: Process, uses: Uses, args: readonly string[]): Promise<number> {
  const [key] = args;
  if (key === undefined) return print(process, settingsText(process, uses));
  if (args.length > 1)
    return fail(process, `invalid arguments: get requires exactly 0 or 1 argument: got '${args.join(' ')}'`);
  const text = settingText(process, uses, key);
  return text === undefined ? fail(process, `unknown key: ${key}`) : print(process, text);
}
