import type { Command, Flag, Line } from './cobra.ts';
import type { ContainerHost, Ports } from '../ports.ts';
import type { Process, Program } from '../../shell/program.ts';
import { atMostOne, noArgs, parseLine } from './cobra.ts';
import { createCluster } from './create.ts';
import { deleteCluster, deleteClusters } from './delete.ts';
import { exportKubeconfig, exportLogs } from './export.ts';
import { getClusters, getKubeconfig, getNodes } from './get.ts';
import { loadArchive, loadImage } from './load.ts';
import { KindError, Progress } from './progress.ts';
import { DISPLAY_VERSION, VERSION } from './version.ts';

/** Everything a subcommand works with. */
export type Surroundings = {
  readonly process: Process;
  readonly ports: Ports;
  readonly host: ContainerHost;
  readonly progress: Progress;
  readonly line: Line;
};

/** A subcommand; resolves to the exit code. @throws KindError */
export type Run = (around: Surroundings) => Promise<number>;

const QUIET: Flag = { name: 'quiet', short: 'q', kind: 'bool', about: 'silence all stderr output' };
const VERBOSITY: Flag = {
  name: 'verbosity',
  short: 'v',
  kind: 'int32',
  about: 'info log verbosity, higher value produces more output',
  initial: '0',
};
const GLOBALS = [QUIET, VERBOSITY];

const text = (name: string, about: string, initial?: string): Flag => ({
  name,
  kind: 'string',
  about,
  ...(initial === undefined ? {} : { initial }),
});
/** What `kind completion --help` begins with. */
const COMPLETION = `
Outputs kind shell completion for the given shell (bash, fish, powershell, or zsh)
This depends on the bash-completion binary.  Example installation instructions:
# for bash users
\t$ kind completion bash > ~/.kind-completion
\t$ source ~/.kind-completion

# for zsh users
\t% kind completion zsh > /usr/local/share/zsh/site-functions/_kind
\t% autoload -U compinit && compinit
# or if zsh-completion is installed via homebrew
    % kind completion zsh > "\${fpath[1]}/_kind"
# or if you use oh-my-zsh (needs zsh-completions plugin)
\t% mkdir $ZSH/completions/
\t% kind completion zsh > $ZSH/completions/_kind

# for fish users
\t% kind completion fish > ~/.config/fish/completions/kind.fish

# for powershell users
\tPS> kind completion powershell | Out-String | Invoke-Expression

Additionally, you may want to output the completion to a file and source in your .bashrc
Note for zsh users: [1] zsh completions are only supported in versions of zsh >= 5.2
`;
const nameFlag = (about: string): Flag => ({ ...text('name', about, 'kind'), short: 'n' });
const CONTEXT = nameFlag('the cluster context name');
const KUBECONFIG = text('kubeconfig', 'sets kubeconfig path instead of $KUBECONFIG or $HOME/.kube/config');
const INTERNAL: Flag = { name: 'internal', kind: 'bool', about: 'use internal address instead of external' };
const NODES: Flag = {
  name: 'nodes',
  kind: 'strings',
  about: 'comma separated list of nodes to load images into',
};

const IDEMPOTENT = `This is an idempotent operation, meaning it may be called multiple times without
failing (like "rm -f"). If the cluster resources exist they will be deleted, and
if the cluster is already gone it will just return success.

Errors will only occur if the cluster resources exist and are not able to be deleted.
`;

const CREATE: Command<Run> = {
  name: 'cluster',
  short: 'Creates a local Kubernetes cluster',
  long: "Creates a local Kubernetes cluster using Docker container 'nodes'",
  args: noArgs,
  flags: [
    { ...text('name', 'cluster name, overrides KIND_CLUSTER_NAME, config (default kind)'), short: 'n' },
    text('config', 'path to a kind config file'),
    text('image', 'node docker image to use for booting the cluster'),
    { name: 'retain', kind: 'bool', about: 'retain nodes for debugging when cluster creation fails' },
    {
      name: 'wait',
      kind: 'duration',
      about: 'wait for control plane node to be ready (default 0s)',
    },
    KUBECONFIG,
  ],
  run: createCluster,
};

const DELETE: readonly Command<Run>[] = [
  {
    name: 'cluster',
    short: 'Deletes a cluster',
    long: `Deletes a Kind cluster from the system.\n\n${IDEMPOTENT}`,
    args: noArgs,
    flags: [nameFlag('the cluster name'), KUBECONFIG],
    run: deleteCluster,
  },
  {
    name: 'clusters',
    short: 'Deletes one or more clusters',
    long: `Deletes one or more Kind clusters from the system.\n\n${IDEMPOTENT}`,
    flags: [KUBECONFIG, { name: 'all', short: 'A', kind: 'bool', about: 'delete all clusters' }],
    run: deleteClusters,
  },
];

const GET: readonly Command<Run>[] = [
  {
    name: 'clusters',
    short: 'Lists existing kind clusters by their name',
    args: noArgs,
    run: getClusters,
  },
  {
    name: 'nodes',
    short: 'Lists existing kind nodes by their name',
    args: noArgs,
    flags: [
      CONTEXT,
      {
        name: 'all-clusters',
        short: 'A',
        kind: 'bool',
        about:
          'If present, list all the available nodes across all cluster contexts. Current context is ignored even if specified with --name.',
      },
    ],
    run: getNodes,
  },
  {
    name: 'kubeconfig',
    short: 'Prints cluster kubeconfig',
    args: noArgs,
    flags: [CONTEXT, INTERNAL],
    run: getKubeconfig,
  },
];

const EXPORT: readonly Command<Run>[] = [
  {
    name: 'logs',
    usage: '[output-dir]',
    short: 'Exports logs to a tempdir or [output-dir] if specified',
    args: atMostOne,
    flags: [CONTEXT],
    run: exportLogs,
  },
  {
    name: 'kubeconfig',
    short: 'Exports cluster kubeconfig',
    args: noArgs,
    flags: [CONTEXT, KUBECONFIG, INTERNAL],
    run: exportKubeconfig,
  },
];

const LOAD: readonly Command<Run>[] = [
  {
    name: 'docker-image',
    usage: '<IMAGE> [IMAGE...]',
    short: 'Loads docker images from host into nodes',
    long: 'Loads docker images from host into all or specified nodes by name',
    args: (_, args) => (args.length < 1 ? 'a list of image names is required' : undefined),
    flags: [CONTEXT, NODES],
    run: loadImage,
  },
  {
    name: 'image-archive',
    usage: '<IMAGE.tar>',
    short: 'Loads docker image from archive into nodes',
    long: 'Loads docker image from archive into all or specified nodes by name',
    args: (_, args) => (args.length < 1 ? 'name of image archive is required' : undefined),
    flags: [CONTEXT, NODES],
    run: loadArchive,
  },
];

/** A command that wants a subcommand: it prints its help and fails. */
const wantsMore: Run = async () => {
  throw new KindError('Subcommand is required');
};

const script =
  (shell: string): Run =>
  async ({ process }) => {
    await process.out(
      `# ${shell} completion for kind\n# The virtual shell completes by itself; there is nothing to load.\n`,
    );
    return 0;
  };

const ROOT: Command<Run> = {
  name: 'kind',
  short: 'kind is a tool for managing local Kubernetes clusters',
  long: "kind creates and manages local Kubernetes clusters using Docker container 'nodes'",
  children: [
    {
      name: 'build',
      short: 'Build one of [node-image]',
      run: wantsMore,
      children: [
        {
          name: 'node-image',
          usage: '[kubernetes-source]',
          short: 'Build the node image',
          long: 'Build the node image which contains Kubernetes build artifacts and other kind requirements',
          args: atMostOne,
          flags: [
            text(
              'type',
              "optionally specify one of 'url', 'file', 'release' or 'source' as the type of build",
            ),
            text('image', 'name:tag of the resulting image to be built', 'kindest/node:latest'),
            text(
              'base-image',
              'name:tag of the base image to use for the build',
              'docker.io/kindest/base:v20250214-acbabc1a',
            ),
            text('arch', 'architecture to build for, defaults to the host architecture'),
          ],
          run: async ({ process }) => {
            const path = `${process.env.get('HOME') ?? process.machine.home}/go`;
            throw new KindError(
              `error building node image: error finding kuberoot: could not find Kubernetes source under current working directory or GOPATH=${path}`,
            );
          },
        },
      ],
    },
    {
      name: 'completion',
      short: 'Output shell completion code for the specified shell (bash, zsh or fish)',
      long: COMPLETION,
      run: wantsMore,
      children: ['bash', 'fish', 'powershell', 'zsh'].map((shell) => ({
        name: shell,
        short: `Output shell completions for ${shell}`,
        args: noArgs,
        run: script(shell),
      })),
    },
    {
      name: 'create',
      short: 'Creates one of [cluster]',
      long: 'Creates one of local Kubernetes cluster (cluster)',
      run: wantsMore,
      children: [CREATE],
    },
    { name: 'delete', short: 'Deletes one of [cluster]', run: wantsMore, children: DELETE },
    { name: 'export', short: 'Exports one of [kubeconfig, logs]', run: wantsMore, children: EXPORT },
    { name: 'get', short: 'Gets one of [clusters, nodes, kubeconfig]', run: wantsMore, children: GET },
    {
      name: 'load',
      short: 'Loads images into nodes',
      long: 'Loads images into node from an archive or image on host',
      args: noArgs,
      run: wantsMore,
      children: LOAD,
    },
    {
      name: 'version',
      short: 'Prints the kind CLI version',
      run: async ({ process, line }) => {
        await process.out(`${line.values.get('quiet') === 'true' ? VERSION : DISPLAY_VERSION}\n`);
        return 0;
      },
    },
  ],
};

/** The program `kind`, as upstream's v0.27: node containers come from `ports.containers`. */
export function kindProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    const isQuiet = words.some((word) => word === '--quiet' || /^-[a-z]*q/.test(word));
    const parsed = parseLine(ROOT, GLOBALS, words);
    const verbosity = parsed.kind === 'run' ? Number(parsed.line.values.get('verbosity') ?? 0) : 0;
    const progress = new Progress(process, isQuiet, verbosity);
    try {
      switch (parsed.kind) {
        case 'help':
          await process.out(parsed.text);
          return 0;
        case 'version':
          await process.out(`kind version ${VERSION}\n`);
          return 0;
        case 'error':
          throw new KindError(parsed.text);
        case 'run': {
          if (parsed.command.run === wantsMore) await process.out(helpText(parsed.path));
          const host = ports.containers;
          if (host === undefined)
            throw new KindError(
              'failed to list clusters: command "docker ps -a --filter label=io.x-k8s.kind.cluster --format \'{{.Label "io.x-k8s.kind.cluster"}}\'" failed with error: exec: "docker": executable file not found in $PATH',
            );
          return (await parsed.command.run?.({ process, ports, host, progress, line: parsed.line })) ?? 0;
        }
      }
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      const red = progress.isSmart ? (word: string) => `\x1b[31m${word}\x1b[0m` : (word: string) => word;
      await progress.log(`${red('ERROR')}: ${error.message}`);
      if (error.output !== undefined)
        await progress.log(`${progress.isSmart ? '' : '\n'}${red('Command Output')}: ${error.output}`);
      return 1;
    }
  };
}

/** The help of a command by its path, `kind create`. */
function helpText(path: string): string {
  const parsed = parseLine(ROOT, GLOBALS, [...path.split(' ').slice(1), '--help']);
  return parsed.kind === 'help' ? parsed.text : '';
}
