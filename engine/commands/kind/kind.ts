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

const QUIET: Flag = { name: 'quiet', short: 'q', kind: 'bool', about: 'say nothing on standard error' };
const VERBOSITY: Flag = {
  name: 'verbosity',
  short: 'v',
  kind: 'int32',
  about: 'how much to say',
  initial: '0',
};
const GLOBALS = [QUIET, VERBOSITY];

const text = (name: string, about: string, initial?: string): Flag => ({
  name,
  kind: 'string',
  about,
  ...(initial === undefined ? {} : { initial }),
});
const nameFlag = (about: string): Flag => ({ ...text('name', about, 'kind'), short: 'n' });
const CONTEXT = nameFlag('name of the cluster');
const KUBECONFIG = text('kubeconfig', 'path of the kubeconfig');
const INTERNAL: Flag = { name: 'internal', kind: 'bool', about: 'with the address inside the network' };
const NODES: Flag = {
  name: 'nodes',
  kind: 'strings',
  about: 'only these nodes',
};

const CREATE: Command<Run> = {
  name: 'cluster',
  short: 'Make a cluster',
  args: noArgs,
  flags: [
    { ...text('name', 'name of the cluster (default kind)'), short: 'n' },
    text('config', 'file that describes the cluster'),
    text('image', 'image of the nodes'),
    { name: 'retain', kind: 'bool', about: 'keep nodes after a failure' },
    {
      name: 'wait',
      kind: 'duration',
      about: 'how long to wait for readiness (default 0s)',
    },
    KUBECONFIG,
  ],
  run: createCluster,
};

const DELETE: readonly Command<Run>[] = [
  {
    name: 'cluster',
    short: 'Remove a cluster',
    args: noArgs,
    flags: [CONTEXT, KUBECONFIG],
    run: deleteCluster,
  },
  {
    name: 'clusters',
    short: 'Remove clusters',
    flags: [KUBECONFIG, { name: 'all', short: 'A', kind: 'bool', about: 'all clusters' }],
    run: deleteClusters,
  },
];

const GET: readonly Command<Run>[] = [
  {
    name: 'clusters',
    short: 'Names of clusters',
    args: noArgs,
    run: getClusters,
  },
  {
    name: 'nodes',
    short: 'Names of nodes',
    args: noArgs,
    flags: [
      CONTEXT,
      {
        name: 'all-clusters',
        short: 'A',
        kind: 'bool',
        about: 'of every cluster',
      },
    ],
    run: getNodes,
  },
  {
    name: 'kubeconfig',
    short: 'Print a kubeconfig',
    args: noArgs,
    flags: [CONTEXT, INTERNAL],
    run: getKubeconfig,
  },
];

const EXPORT: readonly Command<Run>[] = [
  {
    name: 'logs',
    usage: '[output-dir]',
    short: 'Write logs into a folder',
    args: atMostOne,
    flags: [CONTEXT],
    run: exportLogs,
  },
  {
    name: 'kubeconfig',
    short: 'Write a kubeconfig',
    args: noArgs,
    flags: [CONTEXT, KUBECONFIG, INTERNAL],
    run: exportKubeconfig,
  },
];

const LOAD: readonly Command<Run>[] = [
  {
    name: 'docker-image',
    usage: '<IMAGE> [IMAGE...]',
    short: 'Bring images of the host to nodes',
    args: (_, args) => (args.length < 1 ? 'a list of image names is required' : undefined),
    flags: [CONTEXT, NODES],
    run: loadImage,
  },
  {
    name: 'image-archive',
    usage: '<IMAGE.tar>',
    short: 'Bring images of an archive to nodes',
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
  short: 'Clusters whose nodes are containers',
  children: [
    {
      name: 'build',
      short: 'Build images',
      run: wantsMore,
      children: [
        {
          name: 'node-image',
          usage: '[kubernetes-source]',
          short: 'Build an image for nodes',
          args: atMostOne,
          flags: [
            text('type', 'url, file, release or source'),
            text('image', 'name of the new image', 'kindest/node:latest'),
            text('base-image', 'image to begin with', 'docker.io/kindest/base:v20250214-acbabc1a'),
            text('arch', 'architecture'),
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
      short: 'Words for a shell to complete',
      run: wantsMore,
      children: ['bash', 'fish', 'powershell', 'zsh'].map((shell) => ({
        name: shell,
        short: `For ${shell}`,
        args: noArgs,
        run: script(shell),
      })),
    },
    {
      name: 'create',
      short: 'Make a cluster',
      run: wantsMore,
      children: [CREATE],
    },
    { name: 'delete', short: 'Remove clusters', run: wantsMore, children: DELETE },
    { name: 'export', short: 'Write a kubeconfig or logs', run: wantsMore, children: EXPORT },
    { name: 'get', short: 'Tell of clusters', run: wantsMore, children: GET },
    {
      name: 'load',
      short: 'Bring images to nodes',
      args: noArgs,
      run: wantsMore,
      children: LOAD,
    },
    {
      name: 'version',
      short: 'Version of this tool',
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
    const isQuiet = words.some((word) => word === '--quiet' || /^-[a-z]*q(?!=)/.test(word));
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
