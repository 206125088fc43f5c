import { Signalled } from '../../base/process.ts';
import type { Connection } from '../../net/socket.ts';
import type { Sys } from '../../base/process.ts';
import type { Process, Program } from '../../shell/program.ts';
import { forwardRelay } from '../hubble/server.ts';
import type { Ports } from '../ports.ts';
import { enableHubble } from './enable.ts';
import { gather, isSettled, statusReport } from './status.ts';

const HELP = `CLI to install, manage, and look into Cilium clusters

Usage:
  cilium [flags]
  cilium [command]

Available Commands:
  completion   Print a shell completion script
  config       Show the configuration
  hubble       Hubble observability
  install      Install Cilium in a Kubernetes cluster
  status       Display status
  version      Display detailed version information

Flags:
      --context string     Kubernetes configuration context
  -h, --help               help for cilium
  -n, --namespace string   Namespace Cilium is running in (default "kube-system")

Use "cilium [command] --help" for more information about a command.
`;

/** Subcommands that other parts of the world bring (installing changes a cluster through Helm's charts). */
export type CiliumExtensions = ReadonlyMap<
  string,
  (process: Process, words: readonly string[]) => Promise<number>
>;

/** The cluster CLI `cilium` of the workstation. `extensions` may add or replace commands such as `install` and `hubble enable`. */
export function ciliumProgram(ports: Ports, extensions: CiliumExtensions = new Map()): Program {
  return async (process) => {
    const words = withoutGlobals(process.argv.slice(1));
    const [first = '', second = ''] = words.filter((word) => !word.startsWith('-'));
    const extension = extensions.get(`${first} ${second}`.trim()) ?? extensions.get(first);
    if (extension) return extension(process, words);
    const unknown = unknownFlag(first, words);
    if (unknown !== undefined) return fail(process, `Error: unknown ${unknown}`);
    if (first === '' && words.includes('--version')) return version(process, ports);
    switch (first) {
      case '':
      case 'help':
        return print(process, HELP);
      case 'status':
        return status(process, ports, words);
      case 'version':
        return version(process, ports);
      case 'hubble':
        return hubble(process, ports, { second, words });
      case 'config':
        return configView(process, ports);
      case 'completion':
        return 0;
      default:
        await process.err(
          `Error: unknown command ${JSON.stringify(first)} for "cilium"\nRun 'cilium --help' for usage.\n`,
        );
        return 1;
    }
  };
}

/** Flags of the commands whose flags are known here, besides the global ones (cilium-cli's own help). */
const FLAGS = new Map<string, readonly string[]>([
  [
    'status',
    [
      '--ignore-warnings',
      '--interactive',
      '--output',
      '-o',
      '--verbose',
      '--wait',
      '--wait-duration',
      '--worker-count',
    ],
  ],
  ['version', ['--client', '--verbose']],
  ['hubble', ['--port-forward', '--relay', '--ui', '--peer-service']],
  ['config', ['--restart']],
]);
const GLOBAL_FLAGS = ['--help', '-h', '--as-group', '--helm-release-name', '--impersonate-as', '--version'];

/** The first flag that a command does not have, in pflag's words. */
function unknownFlag(command: string, words: readonly string[]): string | undefined {
  const own = FLAGS.get(command);
  const flag = words.find(
    (word) =>
      /^-./.test(word) &&
      ![...(own ?? []), ...GLOBAL_FLAGS].includes(word.split('=')[0] ?? '') &&
      !/^-o./.test(word),
  );
  if (own === undefined || flag === undefined) return undefined;
  return flag.startsWith('--') ? `flag: ${flag.split('=')[0]}` : `shorthand flag: '${flag[1]}' in ${flag}`;
}

/** Drops the global flags that take a value, so that a subcommand is found behind them. */
function withoutGlobals(words: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (['-n', '--namespace', '--context', '--kubeconfig', '--as'].includes(word)) i++;
    else kept.push(word);
  }
  return kept;
}

async function print(process: Process, text: string): Promise<number> {
  await process.out(text);
  return 0;
}

async function fail(process: Process, text: string): Promise<number> {
  await process.err(`${text}\n`);
  return 1;
}

/** How long `status --wait` waits by default, ms. */
const WAIT_MS = 300_000;

async function status(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const { kube } = ports;
  if (!kube)
    return fail(
      process,
      'Error: Unable to create Kubernetes client: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    );
  if (words.includes('--wait')) {
    const deadlineMs = process.sys.nowMs() + WAIT_MS;
    while (!isSettled(gather(kube)) && process.sys.nowMs() < deadlineMs) await process.sys.sleep(2000);
  }
  await process.sys.sleep(120);
  const facts = gather(kube);
  // Plain, as behind a pipe: checks and learners read the words.
  await process.out(statusReport(facts, { withColor: false }));
  return isSettled(facts) ? 0 : 1;
}

async function version(process: Process, ports: Ports): Promise<number> {
  const running = ports.kube ? gather(ports.kube).version : undefined;
  const tail =
    running === undefined
      ? 'cilium image (running): unknown. Unable to obtain cilium version. Reason: release: not found\n'
      : `cilium image (running): ${running}\n`;
  return print(
    process,
    `cilium-cli: v0.18.7 compiled with go1.25.0 on linux/amd64\ncilium image (default): v1.20.2\ncilium image (stable): v1.20.2\n${tail}`,
  );
}

async function configView(process: Process, ports: Ports): Promise<number> {
  const response = ports.kube?.({
    method: 'GET',
    path: '/api/v1/namespaces/kube-system/configmaps/cilium-config',
  });
  if (response?.kind !== 'json' || response.status !== 200)
    return fail(process, 'Error: Unable to retrieve configmap: configmaps "cilium-config" not found');
  const data = (response.body as { readonly data?: Readonly<Record<string, string>> }).data ?? {};
  const names = Object.keys(data).sort();
  const width = names.reduce((max, name) => Math.max(max, name.length), 0);
  return print(process, names.map((name) => `${name.padEnd(width)}   ${data[name] ?? ''}\n`).join(''));
}

async function hubble(
  process: Process,
  ports: Ports,
  what: { readonly second: string; readonly words: readonly string[] },
): Promise<number> {
  if (what.second === 'port-forward') return portForward(process, ports, what.words);
  if (what.second === 'enable') return enable(process, ports, what.words);
  if (what.second === 'disable' || what.second === 'ui')
    return fail(process, `Error: "cilium hubble ${what.second}" is not available here`);
  if (what.second !== '')
    return fail(
      process,
      `Error: unknown command ${JSON.stringify(what.second)} for "cilium hubble"\nRun 'cilium hubble --help' for usage.`,
    );
  return print(
    process,
    'Hubble observability\n\nUsage:\n  cilium hubble [command]\n\nAvailable Commands:\n  enable       Enable Hubble observability\n  port-forward Forward the relay port to the local machine\n',
  );
}

/** Silent when it works, as the CLI is that goes through Helm. */
async function enable(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  if (!ports.kube) return fail(process, 'Error: Unable to enable Hubble: Kubernetes cluster unreachable');
  const version = `v${gather(ports.kube).version ?? '1.20.2'}`;
  const problem = enableHubble(ports.kube, { version, withUi: words.includes('--ui') });
  await process.sys.sleep(800);
  return problem === undefined ? 0 : fail(process, problem);
}

/** Stays in the foreground until it is interrupted or the relay's pod goes. */
async function portForward(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const flag = /--port-forward[= ](\d+)/.exec(words.join(' '));
  const forward = forwardRelay(process, ports, {
    namespace: 'kube-system',
    port: flag ? Number(flag[1]) : 4245,
  });
  if ('error' in forward) return fail(process, `Error: Unable to port forward: ${forward.error}`);
  try {
    await process.sys.sleep(60);
    await process.out(`ℹ️  Hubble Relay is available at 127.0.0.1:${forward.listener.port}\n`);
    for (;;) {
      const connection = await forward.listener.accept(process.sys, 1000);
      if (forward.ended())
        return await fail(process, 'Error: Unable to port forward: lost connection to pod');
      if (connection)
        process.sys.spawn({ command: ['cilium', 'hubble', 'port-forward'] }, (sys) =>
          swallow(sys, connection),
        );
    }
  } catch (error) {
    if (error instanceof Signalled && error.signal === 'INT') return 0;
    throw error;
  } finally {
    forward.listener.close();
  }
}

/** A plain client of the relay's port speaks no gRPC: it hears nothing and is closed. */
async function swallow(sys: Sys, connection: Connection): Promise<number> {
  await connection.receive(sys, 30_000);
  connection.close();
  return 0;
}
