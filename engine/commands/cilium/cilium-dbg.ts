import type { Process, Program } from '../../shell/program.ts';
import type { AgentSocket, Ports } from '../ports.ts';
import { type FlagSpec, type ParsedFlags, parseFlags } from '../hubble/flags.ts';
import { type DbgCommand, specsOf } from './dbg-command.ts';
import { ENDPOINT_COMMANDS } from './dbg-endpoint.ts';
import { NETWORK_COMMANDS } from './dbg-network.ts';
import { extrasOf, flagLines } from './dbg-help.ts';
import { POLICY_COMMANDS } from './dbg-policy.ts';
import { AGENT_COMMANDS, healthText } from './dbg-status.ts';
import { didYouMean } from '../kubectl/text.ts';
import { MAP_COMMANDS } from './dbg-maps.ts';
import { childrenOf, layOutUsage, type ShownChild } from '../hubble/usage.ts';
import { MONITOR_FLAGS, monitor, monitorRequest } from './monitor.ts';

const SOCKET = '/var/run/cilium/cilium.sock';

const COMMANDS: ReadonlyMap<string, DbgCommand> = new Map(
  Object.entries({
    ...ENDPOINT_COMMANDS,
    ...POLICY_COMMANDS,
    ...NETWORK_COMMANDS,
    ...MAP_COMMANDS,
    ...AGENT_COMMANDS,
  }),
);

/** What the groups of commands are for. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['bpf', 'What the BPF maps of this node hold'],
  ['bpf ct', 'Tracked connections'],
  ['bpf endpoint', 'Endpoints of this node'],
  ['bpf ipcache', 'Which address has which identity'],
  ['bpf lb', 'Services and their backends'],
  ['bpf metrics', 'Counts of packets'],
  ['bpf policy', 'What policies became'],
  ['encrypt', 'Encryption between nodes'],
  ['endpoint', 'Pods and others that have policies'],
  ['fqdn', 'What DNS answers taught'],
  ['fqdn cache', 'Remembered DNS answers'],
  ['identity', 'Identities of security'],
  ['ip', 'Known addresses'],
  ['map', 'BPF maps as the agent remembers them'],
  ['metrics', 'Metrics of the agent'],
  ['monitor', 'Watch events of the datapath'],
  ['node', 'Nodes of the cluster'],
  ['policy', 'Policies in force'],
  ['service', 'Services that are balanced'],
]);

/** `monitor` reads its own words; this is for its help. */
const MONITOR: DbgCommand = {
  about: 'Watch events of the datapath',
  flags: MONITOR_FLAGS,
  run: () => ({ text: '' }),
};

/** Other names of the last word of a command. */
const ALIASES = new Map([
  ['ls', 'list'],
  ['ep', 'endpoint'],
  ['id', 'identity'],
  ['svc', 'service'],
]);

const GLOBAL_FLAGS = specsOf('config= debug:D host:H= log-driver=strings log-opt=map help:h');

/**
 * `cilium-dbg`, which in the agent's container is also called `cilium`: prints what the agent's REST API says, in the
 * layout of cilium-dbg 1.20 (cilium-dbg/cmd).
 */
export function ciliumDbgProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    if (process.argv[0]?.endsWith('cilium-health')) return runHealth(process, ports, words);
    const { path, rest } = pathOf(words);
    const command = COMMANDS.get(path);
    const isHelp = rest.some((word) => word === '--help' || word === '-h');
    if (path === '' && words[0] === 'help') return help(process, pathOf(words.slice(1)).path);
    if (path === 'monitor') return isHelp ? help(process, path) : runMonitor(process, ports, rest);
    if (isHelp) return help(process, path);
    if (!command) return unknown(process, path, rest);
    const specs = flagsOf(command);
    const parsed = parseFlags(rest, specs);
    if ('error' in parsed) return refuse(process, parsed.error, usageOf(path, command));
    const agent = ports.agent(process.machine);
    if (!agent) return fail(process, noAgent(path));
    return run(process, ports, { path, agent, command, parsed });
  };
}

async function run(
  process: Process,
  ports: Ports,
  what: {
    readonly path: string;
    readonly agent: AgentSocket;
    readonly command: DbgCommand;
    readonly parsed: Exclude<ParsedFlags, { error: string }>;
  },
): Promise<number> {
  const result = what.command.run({
    agent: what.agent,
    observer: ports.observer(process.machine, 'unix:///var/run/cilium/hubble.sock'),
    nowMs: process.sys.nowMs(),
    args: what.parsed.rest,
    flags: new Map(what.parsed.uses.map((use) => [use.name, use.value])),
  });
  if ('misuse' in result) {
    await process.err(`Error: ${result.misuse}\n\n`);
    await help(process, what.path);
    return 1;
  }
  if (result.text !== undefined && result.text !== '') await process.out(result.text);
  if ('note' in result) await process.err(result.note ?? '');
  return 'error' in result ? fail(process, result.error) : 0;
}

/** The longest run of leading words that names a command or a group; flags may stand between them. */
function pathOf(words: readonly string[]): { readonly path: string; readonly rest: readonly string[] } {
  let path = '';
  const rest = [...words];
  for (;;) {
    const at = rest.findIndex((word) => !word.startsWith('-'));
    const word = rest[at];
    if (word === undefined) return { path, rest };
    const next = [path, ALIASES.get(word) ?? word].filter((part) => part !== '').join(' ');
    if (!COMMANDS.has(next) && !GROUPS.has(next)) return { path, rest };
    path = next;
    rest.splice(at, 1);
  }
}

function flagsOf(command: DbgCommand): readonly FlagSpec[] {
  const specs = specsOf(command.flags ?? '');
  const output: readonly FlagSpec[] =
    command.hasOutput === true ? [{ name: 'output', short: 'o', kind: 'value', type: 'string' }] : [];
  return [...specs, ...output, ...GLOBAL_FLAGS];
}

/** Commands and groups right under a path, by name; the words of a group stand first. */
function below(path: string): readonly ShownChild[] {
  const all = new Map([...[...COMMANDS].map(([name, { about }]) => [name, about] as const), ...GROUPS]);
  return [...childrenOf(all, path)].sort(([a], [b]) => (a < b ? -1 : 1));
}

function usageOf(path: string, command: DbgCommand | undefined): string {
  const name = ['cilium-dbg', path].filter((part) => part !== '').join(' ');
  const own = command ? flagsOf(command).filter((spec) => !GLOBAL_FLAGS.includes(spec)) : [];
  const help: FlagSpec = { name: 'help', short: 'h', kind: 'bool' };
  const globals = GLOBAL_FLAGS.filter((spec) => spec.name !== 'help');
  const flags =
    path === ''
      ? flagLines(path, [...globals, help])
      : `${flagLines(path, [...own, help])}\nGlobal Flags:\n${flagLines('', globals)}`;
  const usage = command ? `${command.usage ?? ''} [flags]`.trimStart() : undefined;
  return layOutUsage({ name, usage, children: below(path) }, `Flags:\n${flags}`, extrasOf(path));
}

async function help(process: Process, path: string): Promise<number> {
  const command = path === 'monitor' ? MONITOR : COMMANDS.get(path);
  const about =
    path === '' ? 'Asks the Cilium agent of this node.' : (command?.about ?? GROUPS.get(path) ?? '');
  await process.out(`${about}\n\n${usageOf(path, command)}`);
  return 0;
}

/** A group without its command prints its help; a word that is no command is refused at the top and shows help below. */
async function unknown(process: Process, path: string, rest: readonly string[]): Promise<number> {
  const word = rest.find((item) => !item.startsWith('-'));
  const flag = rest.find((item) => item.startsWith('--'));
  if (path === '' && word !== undefined) {
    const near = didYouMean(
      word,
      below('').map(([name]) => name),
    );
    const error = `unknown command ${JSON.stringify(word)} for "cilium-dbg"${near}`;
    await process.err(`Error: ${error}\nRun 'cilium-dbg --help' for usage.\n`);
    await process.out(`${error}\n`);
    return 1;
  }
  if (flag !== undefined)
    return refuse(process, `unknown flag: ${flag.split('=')[0]}`, usageOf(path, undefined));
  return help(process, path);
}

/** A fault that cobra finds: it says so, shows the usage, and main prints the error once more (cilium-dbg/cmd/root.go). */
async function refuse(process: Process, error: string, usage: string): Promise<number> {
  await process.err(`Error: ${error}\n`);
  await process.out(`${usage}\n${error}\n`);
  return 1;
}

/** `cilium-health`: only what it found can be asked for. */
async function runHealth(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const agent = ports.agent(process.machine);
  if (words[0] !== 'status' || agent === undefined) {
    await process.out(
      'Tells how nodes reach each other\n\nUsage:\n  cilium-health [command]\n\nAvailable Commands:\n  status      Reachability of the other nodes\n',
    );
    return words.length === 0 ? 0 : 1;
  }
  const flags = new Map([['verbose', String(words.includes('--verbose'))]]);
  const call = { agent, observer: undefined, nowMs: process.sys.nowMs(), args: [], flags };
  await process.out(healthText(call));
  return 0;
}

async function runMonitor(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const request = monitorRequest(words, flagsOf(MONITOR));
  if (!('error' in request)) return monitor(process, ports, request);
  return refuse(process, request.error, usageOf('monitor', MONITOR));
}

function noAgent(path: string): string {
  const what = path.startsWith('endpoint') ? 'Cannot get endpoint list' : `Cannot get ${path}`;
  return `Error: ${what}: Get "http://localhost/v1/${path.split(' ')[0]}": dial unix ${SOCKET}: connect: no such file or directory\nIs the agent running?`;
}

async function fail(process: Process, text: string): Promise<number> {
  if (text !== '') await process.err(text.endsWith('\n') ? text : `${text}\n`);
  return 1;
}
