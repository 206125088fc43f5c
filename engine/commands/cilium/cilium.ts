import type { Process, Program } from '../../shell/program.ts';
import { errorText, isKubectlError } from '../kubectl/errors.ts';
import { parseLine } from '../kubectl/flags.ts';
import { descend, type FoundCommand, wordAt } from '../hubble/commands.ts';
import { prettyJson } from '../kubectl/print/json.ts';
import { didYouMean } from '../kubectl/text.ts';
import type { Ports } from '../ports.ts';
import { CliContext, CliFailure } from './command.ts';
import { testConnectivity } from './connectivity.ts';
import { forwardToRelay, forwardToUi } from './forward.ts';
import { runInstall, runUninstall, runUpgrade, setHubble } from './install.ts';
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
import { flagsOf, helpPage, isCommand, offeredNames } from './help.ts';
import { gather, isSettled, type StatusFacts, statusJson, statusReport, unreachable } from './status.ts';

/** A command of the workstation's `cilium` that runs; its words and flags are in help.ts. */
type Command = {
  /** How many arguments it insists on; absent: it does not care. */
  readonly args?: number;
  readonly run: (context: CliContext) => Promise<void>;
};

async function enableHubble(context: CliContext): Promise<void> {
  const { flags } = context;
  const line = `hubble.relay.enabled=${flags.text('relay')},hubble.ui.enabled=${flags.text('ui')}`;
  await setHubble(context, line, 'Unable to enable Hubble: ');
}

async function disableHubble(context: CliContext): Promise<void> {
  const line = 'hubble.relay.enabled=false,hubble.ui.enabled=false';
  await setHubble(context, line, 'Unable to disable Hubble:  ');
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

const RUNS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['install', { run: runInstall }],
  ['upgrade', { run: runUpgrade }],
  ['uninstall', { run: runUninstall }],
  ['status', { run: showStatus }],
  ['version', { run: showVersion }],
  ['context', { run: showContext }],
  ['hubble enable', { run: enableHubble }],
  ['hubble disable', { run: disableHubble }],
  ['hubble port-forward', { run: forwardToRelay }],
  ['hubble ui', { run: forwardToUi }],
  ['config view', { run: viewConfig }],
  ['config set', { args: 2, run: setConfig }],
  ['config delete', { args: 1, run: deleteConfig }],
  ['connectivity test', { run: testConnectivity }],
  ['encryption status', { run: encryptionStatus }],
  ['encryption create-key', { run: ipsecKey }],
  ['encryption rotate-key', { run: ipsecKey }],
  ['encryption key-status', { run: ipsecKey }],
  ['clustermesh status', { run: clustermeshStatus }],
  ['clustermesh enable', { run: refuseMesh }],
  ['clustermesh connect', { run: refuseMesh }],
  ['features status', { run: featuresStatus }],
  ['sysdump', { run: refuseSysdump }],
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
  const { path, rest } = findCommand(words);
  const wrong = path === '' ? nameAt(rest, '') : undefined;
  if (wrong !== undefined) throw new CliFailure(unknownCommand(rest[wrong] ?? ''), false);
  const command = RUNS.get(path);
  const line = parseLine(rest.map(renamed), flagsOf(path));
  if (line.flags.bool('help')) return print(process, helpPage(path));
  if (path === 'help') return helpTopic(process, line.args);
  if (path.startsWith('completion ')) {
    const [extra] = line.args;
    if (extra === undefined) return 0;
    throw new CliFailure(`unknown command ${JSON.stringify(extra)} for "cilium ${path}"`, false);
  }
  if (command === undefined) return print(process, helpPage(path));
  if (command.args !== undefined && line.args.length !== command.args)
    throw new CliFailure(`accepts ${command.args} arg(s), received ${line.args.length}`, false);
  await command.run(new CliContext(process, ports, line));
  return 0;
}

function nameAt(words: readonly string[], path: string): number | undefined {
  return wordAt(words, flagsOf(path), (spec) => spec.bare !== undefined);
}

/** The command that words name, and what is left of them. */
function findCommand(words: readonly string[]): FoundCommand {
  return descend(words, nameAt, (name) => {
    const child = name.replace(/^encrypt(?= |$)/, 'encryption');
    return isCommand(child) ? child : undefined;
  });
}

function unknownCommand(word: string): string {
  // A real command that is not played here does not offer itself.
  const near = didYouMean(
    word,
    offeredNames().filter((name) => name !== word),
  );
  return `unknown command ${JSON.stringify(word)} for "cilium"${near}`;
}

async function helpTopic(process: Process, words: readonly string[]): Promise<number> {
  const { path, rest } = findCommand(words);
  if (path !== '' || rest.length === 0) return print(process, helpPage(path));
  await process.out(
    `Unknown help topic [${words.map((word) => `\`${word}\``).join(' ')}]\n${helpPage('', true)}`,
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
