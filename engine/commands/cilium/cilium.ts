import type { Process, Program } from '../../shell/program.ts';
import { errorText, isKubectlError } from '../kubectl/errors.ts';
import { type FlagSpec, flagTable, parseLine } from '../kubectl/flags.ts';
import { wordAt } from '../hubble/commands.ts';
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
  ipsecKey,
  setConfig,
  showContext,
  showVersion,
  viewConfig,
} from './settings.ts';
import { flagWords, hasPage, helpPage } from './help.ts';
import { gather, isSettled, type StatusFacts, statusJson, statusReport, unreachable } from './status.ts';

/** A command of the workstation's `cilium`. */
type Command = {
  readonly path: string;
  /** Where no page is recorded. */
  readonly about?: string;
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
  const isEnable = context.process.argv.includes('enable');
  if (isEnable && context.flags.text('service-type') === '')
    throw new CliFailure(
      "Unable to enable ClusterMesh: cannot auto-detect service type, please specify using '--service-type' option",
    );
  const word = isEnable ? 'enable ClusterMesh' : 'connect cluster';
  throw new CliFailure(`Unable to ${word}: this world has one cluster`);
}

const COMMANDS: readonly Command[] = [
  {
    path: 'install',
    flags: INSTALL_FLAGS,
    run: runInstall,
  },
  {
    path: 'upgrade',
    flags: UPGRADE_FLAGS,
    run: runUpgrade,
  },
  { path: 'uninstall', flags: UNINSTALL_FLAGS, run: runUninstall },
  {
    path: 'status',
    flags: `ignore-warnings interactive=true output,o:string=summary verbose ${WAIT_FLAGS} worker-count:int=5`,
    run: showStatus,
  },
  { path: 'version', flags: 'client', run: showVersion },
  { path: 'context', flags: '', run: showContext },
  {
    path: 'hubble enable',
    flags: 'relay=true ui',
    run: enableHubble,
  },
  {
    path: 'hubble disable',
    flags: '',
    run: (context) =>
      setHubble(context, 'hubble.relay.enabled=false,hubble.ui.enabled=false', 'Unable to disable Hubble:  '),
  },
  {
    path: 'hubble port-forward',
    flags: 'port-forward:int=4245',
    run: forwardToRelay,
  },
  {
    path: 'hubble ui',
    flags: 'open-browser=true port-forward:int=12000',
    run: forwardToUi,
  },
  { path: 'config view', flags: '', run: viewConfig },
  {
    path: 'config set',
    flags: 'restart,r=true',
    args: 2,
    run: setConfig,
  },
  {
    path: 'config delete',
    flags: 'restart,r=true',
    args: 1,
    run: deleteConfig,
  },
  {
    path: 'connectivity test',
    flags: `all-flows cleanup connect-timeout:duration=2s external-target:string
      flow-validation:string=warning force-deploy hubble=true hubble-server:string=localhost:4245
      multi-cluster:string pause-on-fail,p print-flows request-timeout:duration=10s single-node test:strings
      test-concurrency:int=1 test-namespace:string=cilium-test timeout:duration=0s timestamp,t verbose,v`,
    run: testConnectivity,
  },
  {
    path: 'encryption status',
    flags: `node-name:string output,o:string=summary per-node-details ${WAIT_FLAGS}`,
    run: encryptionStatus,
  },
  ...['create-key', 'rotate-key', 'key-status'].map((name) => ({
    path: `encryption ${name}`,
    flags: '',
    run: ipsecKey,
  })),
  {
    path: 'clustermesh status',
    flags: `output,o:string=summary ${WAIT_FLAGS}`,
    run: clustermeshStatus,
  },
  {
    path: 'clustermesh enable',
    flags: 'enable-kvstoremesh=true service-type:string',
    run: refuseMesh,
  },
  {
    path: 'clustermesh connect',
    flags: 'allow-mismatching-ca destination-context:strings',
    run: refuseMesh,
  },
  {
    path: 'features status',
    flags: `node:string output,o:string=tab ${WAIT_FLAGS}`,
    run: featuresStatus,
  },
  {
    path: 'sysdump',
    about: 'Collect information required to troubleshoot issues with Cilium and Hubble',
    flags: 'debug output-filename:string quick node-list:string',
    run: refuseSysdump,
  },
];

const ALIASES: ReadonlyMap<string, string> = new Map([['encrypt', 'encryption']]);
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
  const { path, rest } = findCommand(words);
  const wrong = path === '' ? wordAt(rest, takesNext('')) : undefined;
  if (wrong !== undefined) throw new CliFailure(unknownCommand(rest[wrong] ?? ''), false);
  const command = COMMANDS.find((one) => one.path === path);
  const line = parseLine(rest.map(renamed), specsOf(path));
  if (line.flags.bool('help')) return print(process, pageOf(path));
  if (path === 'help') return helpTopic(process, line.args);
  if (path.startsWith('completion ')) {
    const [extra] = line.args;
    if (extra === undefined) return 0;
    throw new CliFailure(`unknown command ${JSON.stringify(extra)} for "cilium ${path}"`, false);
  }
  if (command === undefined) return print(process, pageOf(path));
  if (command.args !== undefined && line.args.length !== command.args)
    throw new CliFailure(`accepts ${command.args} arg(s), received ${line.args.length}`, false);
  await command.run(new CliContext(process, ports, line));
  return 0;
}

/** The flags of a command: those that its page lists, and what more our own table knows of them. */
function specsOf(path: string): readonly FlagSpec[] {
  const own = COMMANDS.find((one) => one.path === path)?.flags ?? '';
  return flagTable(`${flagWords(path)} ${own} ${CLI_GLOBALS}`);
}

function takesNext(path: string): (word: string) => boolean {
  // The help flag is not yet known while cobra looks for the command.
  const specs = specsOf(path).filter((spec) => spec.name !== 'help');
  return (word) => {
    if (word.includes('=') || !/^(--.*|-.)$/.test(word)) return false;
    const bare = word.replace(/^--?/, '');
    return specs.find((one) => (word.startsWith('--') ? one.name : one.short) === bare)?.bare === undefined;
  };
}

/** The command that words name, and what is left of them. */
function findCommand(words: readonly string[]): { readonly path: string; readonly rest: readonly string[] } {
  let found = { path: '', rest: words };
  for (;;) {
    const { path, rest } = found;
    const at = wordAt(rest, takesNext(path));
    const word = rest[at ?? -1] ?? '';
    const child = `${path} ${path === '' ? (ALIASES.get(word) ?? word) : word}`.trim();
    if (at === undefined || !(hasPage(child) || COMMANDS.some((one) => one.path === child))) return found;
    found = { path: child, rest: rest.filter((_, i) => i !== at) };
  }
}

function unknownCommand(word: string): string {
  const names = [...helpPage('').matchAll(/^ {2}([a-z]+) +[A-Z]/gm)].map((match) => match[1] ?? '');
  const offered = names.filter((name) => name !== 'help');
  return `unknown command ${JSON.stringify(word)} for "cilium"${didYouMean(word, offered)}`;
}

async function helpTopic(process: Process, words: readonly string[]): Promise<number> {
  const { path, rest } = findCommand(words);
  if (path !== '' || rest.length === 0) return print(process, pageOf(path));
  const page = helpPage('');
  await process.out(
    `Unknown help topic [${words.map((word) => `\`${word}\``).join(' ')}]\n${page.slice(page.indexOf('Usage:'))}`,
  );
  return 0;
}

function renamed(word: string): string {
  const match = /^--(helm-[a-z-]+)(=.*)?$/s.exec(word);
  const name = match === null ? undefined : FLAG_NAMES.get(match[1] ?? '');
  return name === undefined ? word : `--${name}${match?.[2] ?? ''}`;
}

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

/** How often a waiting status asks again, ms. */
const RETRY_MS = 2000;

async function showStatus(context: CliContext): Promise<void> {
  const { process, flags } = context;
  const { connection, namespace } = context;
  const helm = { process, client: connection.client, namespace };
  await process.sys.sleep(120);
  const look = (): StatusFacts =>
    connection.problem === undefined
      ? gather(helm, context.release)
      : unreachable(namespace, (path) => context.refusal(path) ?? '');
  let facts = look();
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
      facts = look();
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

/** A command's help; of those without a recorded page as much as their own table tells. */
function pageOf(path: string): string {
  if (hasPage(path)) return helpPage(path);
  const command = COMMANDS.find((one) => one.path === path);
  const own = flagTable(command?.flags ?? '');
  const flags = own.length === 0 ? '' : `\nFlags:\n${optionsText(own)}`;
  return `${command?.about ?? ''}\n\nUsage:\n  cilium ${path} [flags]\n${flags}`;
}
