import type { Process, Program } from '../../shell/program.ts';
import { errorText, isKubectlError } from '../kubectl/errors.ts';
import { flagTable, parseLine } from '../kubectl/flags.ts';
import { optionsText } from '../kubectl/help.ts';
import { prettyJson } from '../kubectl/print/json.ts';
import { didYouMean } from '../kubectl/text.ts';
import type { Ports } from '../ports.ts';
import { CLI_GLOBALS, CliContext, CliFailure } from './command.ts';
import { testConnectivity } from './connectivity.ts';
import { forwardToRelay, forwardToUi } from './forward.ts';
import {
  INSTALL_FLAGS,
  runInstall,
  runUninstall,
  runUpgrade,
  setHubble,
  UNINSTALL_FLAGS,
  UPGRADE_FLAGS,
} from './install.ts';
import {
  clustermeshStatus,
  deleteConfig,
  encryptionStatus,
  featuresStatus,
  setConfig,
  showContext,
  showVersion,
  viewConfig,
} from './settings.ts';
import { gather, isSettled, statusJson, statusReport } from './status.ts';

/** A command of the workstation's `cilium`. */
type Command = {
  readonly path: string;
  readonly about: string;
  readonly flags: string;
  /** How many arguments it insists on; absent: it does not care. */
  readonly args?: number;
  readonly run: (context: CliContext) => Promise<void>;
};

const WAIT_FLAGS = 'wait wait-duration:duration=5m0s';

async function enableHubble(context: CliContext): Promise<void> {
  const { flags } = context;
  const line = `hubble.relay.enabled=${flags.text('relay')},hubble.ui.enabled=${flags.text('ui')}`;
  await setHubble(context, line, 'Unable to enable Hubble: ');
}

/** Left out, with a reason: what the command would gather is the sandbox itself. */
async function refuseSysdump(): Promise<void> {
  throw new CliFailure(
    'Failed to create sysdump collector: a virtual cluster has no nodes to collect from; its journal holds all of it',
  );
}

async function refuseMesh(context: CliContext): Promise<void> {
  const word = context.process.argv.includes('enable') ? 'enable ClusterMesh' : 'connect cluster';
  throw new CliFailure(`Unable to ${word}: this world has one cluster`);
}

const COMMANDS: readonly Command[] = [
  {
    path: 'install',
    about: 'Install Cilium in a Kubernetes cluster using Helm',
    flags: INSTALL_FLAGS,
    run: runInstall,
  },
  {
    path: 'upgrade',
    about: 'Upgrade a Cilium installation a Kubernetes cluster using Helm',
    flags: UPGRADE_FLAGS,
    run: runUpgrade,
  },
  { path: 'uninstall', about: 'Uninstall Cilium using Helm', flags: UNINSTALL_FLAGS, run: runUninstall },
  {
    path: 'status',
    about: 'Display status',
    flags: `ignore-warnings interactive=true output,o:string=summary verbose ${WAIT_FLAGS} worker-count:int=5`,
    run: showStatus,
  },
  { path: 'version', about: 'Display detailed version information', flags: 'client', run: showVersion },
  { path: 'context', about: 'Display the configuration context', flags: '', run: showContext },
  {
    path: 'hubble enable',
    about: 'Enable Hubble observability using Helm',
    flags: 'relay=true ui',
    run: enableHubble,
  },
  {
    path: 'hubble disable',
    about: 'Disable Hubble observability using Helm',
    flags: '',
    run: (context) =>
      setHubble(context, 'hubble.relay.enabled=false,hubble.ui.enabled=false', 'Unable to disable Hubble:  '),
  },
  {
    path: 'hubble port-forward',
    about: 'Forward the relay port to the local machine',
    flags: 'port-forward:int=4245',
    run: forwardToRelay,
  },
  {
    path: 'hubble ui',
    about: 'Open the Hubble UI',
    flags: 'open-browser=true port-forward:int=12000',
    run: forwardToUi,
  },
  { path: 'config view', about: 'View current configuration', flags: '', run: viewConfig },
  {
    path: 'config set',
    about: 'Set a key/value pair in the configuration',
    flags: 'restart,r=true',
    args: 2,
    run: setConfig,
  },
  {
    path: 'config delete',
    about: 'Delete a key in the configuration',
    flags: 'restart,r=true',
    args: 1,
    run: deleteConfig,
  },
  {
    path: 'connectivity test',
    about: 'Validate connectivity in cluster',
    flags: `all-flows cleanup connect-timeout:duration=2s external-target:string
      flow-validation:string=warning force-deploy hubble=true hubble-server:string=localhost:4245
      multi-cluster:string pause-on-fail,p print-flows request-timeout:duration=10s single-node test:strings
      test-concurrency:int=1 test-namespace:string=cilium-test timeout:duration=0s timestamp,t verbose,v`,
    run: testConnectivity,
  },
  {
    path: 'encryption status',
    about: 'Display encryption status',
    flags: `node-name:string output,o:string=summary per-node-details ${WAIT_FLAGS}`,
    run: encryptionStatus,
  },
  {
    path: 'clustermesh status',
    about: 'Show status of ClusterMesh',
    flags: `output,o:string=summary ${WAIT_FLAGS}`,
    run: clustermeshStatus,
  },
  {
    path: 'clustermesh enable',
    about: 'Enable ClusterMesh ability in a cluster using Helm',
    flags: 'enable-kvstoremesh=true service-type:string',
    run: refuseMesh,
  },
  {
    path: 'clustermesh connect',
    about: 'Connect to a remote cluster',
    flags: 'allow-mismatching-ca destination-context:strings',
    run: refuseMesh,
  },
  {
    path: 'features status',
    about: 'Display which features are enabled in Cilium agents',
    flags: `node:string output,o:string=tab ${WAIT_FLAGS}`,
    run: featuresStatus,
  },
  {
    path: 'sysdump',
    about: 'Collect information required to troubleshoot issues with Cilium and Hubble',
    flags: 'debug output-filename:string quick node-list:string',
    run: refuseSysdump,
  },
  {
    path: 'completion',
    about: 'Generate the autocompletion script for the specified shell',
    flags: 'no-descriptions',
    run: async () => {},
  },
];

/** Words that only hold other commands. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['clustermesh', 'Multi Cluster Management'],
  ['config', 'Manage Configuration'],
  ['connectivity', 'Connectivity troubleshooting'],
  ['encryption', 'Cilium encryption'],
  ['features', 'Report which features are enabled in Cilium agents'],
  ['hubble', 'Hubble observability'],
]);
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['encrypt', 'encryption'],
  ['mesh', 'clustermesh'],
]);
/** Other spellings of flags (cilium-cli's normalizeFlags). */
const FLAG_NAMES: ReadonlyMap<string, string> = new Map([
  ['helm-set', 'set'],
  ['helm-set-file', 'set-file'],
  ['helm-set-string', 'set-string'],
  ['helm-values', 'values'],
]);

/** The cluster CLI `cilium` of the workstation. */
export function ciliumProgram(ports: Ports): Program {
  return async (process) => {
    try {
      return await run(process, ports, process.argv.slice(1));
    } catch (error) {
      if (error instanceof CliFailure) {
        await process.err(error.isFatal ? `\nError: ${error.message}\n` : `${error.message}\n`);
        return 1;
      }
      if (!isKubectlError(error)) throw error;
      await process.err(
        `${errorText(error)
          .replace(/^error: /, '')
          .trimEnd()}\n`,
      );
      return 1;
    }
  };
}

async function run(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const { first, second, rest } = commandWords(words);
  const name = ALIASES.get(first) ?? first;
  if (name === '' || name === 'help')
    return print(process, words.includes('--version') ? 'cilium version v0.19.7\n' : overview());
  const isGroup = GROUPS.has(name);
  const command = COMMANDS.find((one) => one.path === (isGroup ? `${name} ${second}` : name));
  if (command === undefined && isGroup) return print(process, groupHelp(name));
  if (command === undefined) {
    const names = [...GROUPS.keys(), ...COMMANDS.map(({ path }) => path)].filter((one) => !one.includes(' '));
    const hint = didYouMean(first, names.sort());
    throw new CliFailure(`unknown command ${JSON.stringify(first)} for "cilium"${hint}`, false);
  }
  const own = isGroup ? without(rest, second) : rest;
  if (own.includes('--help') || own.includes('-h')) return print(process, helpOf(command));
  const line = parseLine(own.map(renamed), flagTable(`${command.flags} ${CLI_GLOBALS}`));
  if (command.args !== undefined && line.args.length !== command.args)
    throw new CliFailure(`accepts ${command.args} arg(s), received ${line.args.length}`, false);
  await command.run(new CliContext(process, ports, line));
  return 0;
}

function renamed(word: string): string {
  const match = /^--(helm-[a-z-]+)(=.*)?$/s.exec(word);
  const name = match === null ? undefined : FLAG_NAMES.get(match[1] ?? '');
  return name === undefined ? word : `--${name}${match?.[2] ?? ''}`;
}

const TAKES_VALUE = new Set(
  flagTable(CLI_GLOBALS).flatMap((flag) =>
    flag.kind === 'bool' ? [] : [`--${flag.name}`, ...(flag.short === '' ? [] : [`-${flag.short}`])],
  ),
);

/** The first two words that are no flags, and everything behind and before the first. */
function commandWords(words: readonly string[]): {
  readonly first: string;
  readonly second: string;
  readonly rest: readonly string[];
} {
  let at = 0;
  while (at < words.length && (words[at] ?? '').startsWith('-'))
    at += TAKES_VALUE.has(words[at] ?? '') ? 2 : 1;
  const rest = [...words.slice(at + 1), ...words.slice(0, at)];
  return { first: words[at] ?? '', second: rest.find((word) => !word.startsWith('-')) ?? '', rest };
}

function without(words: readonly string[], word: string): readonly string[] {
  const at = words.indexOf(word);
  return words.filter((_, i) => i !== at);
}

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

/** How often a waiting status asks again, ms. */
const RETRY_MS = 2000;

async function showStatus(context: CliContext): Promise<void> {
  const { process, flags } = context;
  const helm = context.helm('Unable to determine status:  ');
  await process.sys.sleep(120);
  let facts = gather(helm, context.release);
  const withColor = process.tty('stdout') !== undefined && process.env.get('TERM') !== 'dumb';
  if (flags.bool('wait')) {
    const deadlineMs = process.sys.nowMs() + flags.ms('wait-duration');
    while (!isSettled(facts, flags.bool('ignore-warnings'))) {
      if (process.sys.nowMs() >= deadlineMs) {
        await process.err(statusReport(facts, { withColor }));
        throw new CliFailure(
          'Unable to determine status:  timeout while waiting for status to become successful: context deadline exceeded',
        );
      }
      await process.sys.sleep(RETRY_MS);
      facts = gather(helm, context.release);
    }
  }
  const isJson = flags.text('output') === 'json';
  await process.out(
    isJson ? `${oneSpaced(prettyJson(statusJson(facts), true))}\n` : statusReport(facts, { withColor }),
  );
  if (facts.failures.length > 0)
    throw new CliFailure(`status check failed: [${facts.failures.join(', ')}]`, false);
}

/** JSON with one space a level, as the CLI indents. */
function oneSpaced(text: string): string {
  return text.trimEnd().replace(/^ +/gm, (spaces) => ' '.repeat(indentOf(spaces.length)));
}

/** prettyJson indents by four (kubectl's own). */
function indentOf(width: number): number {
  return Math.round(width / 4);
}

function rows(list: readonly (readonly [string, string])[]): string {
  const width = list.reduce((max, [name]) => Math.max(max, name.length), 11);
  return [...list]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, about]) => `  ${name.padEnd(width)} ${about}\n`)
    .join('');
}

function overview(): string {
  const list = [
    ...GROUPS,
    ...COMMANDS.filter((one) => !one.path.includes(' ')).map((one) => [one.path, one.about] as const),
    ['help', 'Help about any command'] as const,
  ];
  return `The CLI to install, manage and troubleshoot Cilium in Kubernetes clusters.

Usage:
  cilium [flags]
  cilium [command]

Available Commands:
${rows(list)}
Flags:
${optionsText(flagTable(CLI_GLOBALS))}
Use "cilium [command] --help" for more information about a command.
`;
}

function groupHelp(group: string): string {
  const list = COMMANDS.filter((one) => one.path.startsWith(`${group} `)).map(
    (one) => [one.path.slice(group.length + 1), one.about] as const,
  );
  return `${GROUPS.get(group)}

Usage:
  cilium ${group} [command]

Available Commands:
${rows(list)}
Use "cilium ${group} [command] --help" for more information about a command.
`;
}

function helpOf(command: Command): string {
  const own = flagTable(command.flags);
  const flags = own.length === 0 ? '' : `\nFlags:\n${optionsText(own)}`;
  return `${command.about}\n\nUsage:\n  cilium ${command.path} [flags]\n${flags}`;
}
