import { InvariantError } from '../base/assert.ts';
import type { ProcessHandle, Sys } from '../base/process.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Stream } from '../base/stream.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterHost } from '../cluster/host.ts';
import type { ContainerFacts } from '../cluster/containers.ts';
import type { WorldSpec } from '../cluster/world.ts';
import { editorPrograms } from '../commands/editors/editors.ts';
import type { AgentSocket, HubbleObserver, Ports, StartOn } from '../commands/ports.ts';
import { shellProgram } from '../shell/main.ts';
import type { CommandCompleter } from '../shell/completion.ts';
import { authorityCertificate, pemOf, VIRTUAL_CA } from '../net/certificate.ts';
import { createProcess, findProgram } from '../shell/process.ts';
import type { Machine, MachineFacts, Program, Terminal } from '../shell/program.ts';
import { WORKSTATION_PS1 } from './first-screen.ts';
import { createMachine, remoteTerminal, runOn } from './machines.ts';
import type { Network } from '../net/socket.ts';
import type { KubeHandler } from '../objects/api.ts';
import { currentServer } from './kubeconfig.ts';
import { SharedNetwork } from './shared-network.ts';
import { agentTool, loadedCompleter, socketOpener, toolPrograms } from './programs.ts';

/** What the workplace is built from. */
export type WorkplaceParts = {
  readonly sim: Simulation;
  readonly world: WorldSpec;
  readonly host: ClusterHost;
  /** Terminals without colours. */
  readonly isDumb: boolean;
  /** Opens a file in the page's editor (`vi FILE`). `waiting`: the process that goes on when it is saved. */
  readonly openFile: (path: string, waiting: number | undefined) => void;
  /** Tells that a program at the far end of a terminal reads this stream while it lives. */
  readonly farEnd: (stdin: Stream, terminal: Terminal, isAlive: () => boolean) => void;
};

/** Versions of the workstation's tools whose words differ (worlds.md). */
const WORKSTATION_VERSIONS = { curl: '8.14.1', bash: '5.2', jq: '1.7.1', kubectl: '1.32.13' } as const;

/** Where an agent's own Observer listens, inside its container. */
const HUBBLE_SOCKET = 'unix:///var/run/cilium/hubble.sock';

/** Programs of the workstation that no container has. */
const CLUSTER_TOOLS = ['kubectl', 'cilium', 'hubble', 'helm', 'kind', 'ssh'] as const;

/** The machines of a sandbox: the workstation, the outside hosts and one for each container that something ran in. */
export class Workplace {
  readonly workstation: Machine;
  readonly ports: Ports;
  readonly #parts: WorkplaceParts;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #hosts = new Map<string, Machine>();
  readonly #containers = new Map<string, Machine>();
  /** The cluster of a container's machine. */
  readonly #clusters = new WeakMap<Machine, Cluster>();
  #isMade = false;
  #kubeconfig = { text: '', server: '' };

  constructor(parts: WorkplaceParts) {
    this.#parts = parts;
    this.ports = this.#createPorts();
    this.#programs = this.#createPrograms();
    this.workstation = this.#createWorkstation();
    this.#isMade = true;
  }

  /** The machine of a container; made when first something runs in it, and kept while the container lives. */
  containerMachine(container: ContainerFacts, cluster: Cluster): Machine {
    const key = container.run;
    const known = this.#containers.get(key);
    if (known !== undefined) return known;
    const { image } = container;
    const programs = new Map<string, Program>();
    for (const name of image.programs) {
      const program =
        name === 'cilium' || name === 'cilium-dbg' || name === 'cilium-health'
          ? agentTool(this.ports)
          : this.#programs.get(name === 'sh' ? image.machine.shell : name);
      if (program !== undefined) programs.set(name, program);
    }
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOSTNAME: container.hostname,
      HOME: image.machine.home,
      ...image.env,
      ...container.env,
    };
    const files: Record<string, string> = {
      '/etc/hostname': `${container.hostname}\n`,
      '/etc/hosts': podHosts(podAddress(container, cluster), container.hostname),
      '/etc/resolv.conf': resolvConf(cluster.dataplane.networkOfPod(container.podKey)),
      ...container.files,
    };
    for (const [path, text] of cluster.dataplane.filesWritten(container.podKey, container.container)) {
      if (text === null) delete files[path];
      else files[path] = text;
    }
    const machine = createMachine(
      {
        id: container.id,
        facts: { hostname: container.hostname, ...image.machine },
        files,
        env,
        programs,
        main: container.main,
        openSocket: socketOpener(this.ports),
      },
      this.#nowMs,
    );
    this.#containers.set(key, machine);
    cluster.dataplane.attachFiles(
      key,
      machineFiles(machine, () => this.#nowMs),
    );
    this.#clusters.set(machine, cluster);
    return machine;
  }

  /** Tab completion of the workstation's own programs, as far as it is loaded. They only ask: nothing changes. */
  completers(): ReadonlyMap<string, CommandCompleter> {
    const now = this.#nowMs;
    const kubectl = loadedCompleter();
    if (kubectl === undefined) return new Map();
    return new Map([
      [
        'kubectl',
        (words, index, context) => {
          const process = createProcess({
            argv: ['kubectl'],
            env: context.variables,
            cwd: context.cwd,
            machine: context.machine,
            sys: idleSys(now),
            descriptors: new Map(),
          });
          return kubectl(process, this.ports)(words.slice(1, index + 1)).words.map((word) => word.text);
        },
      ],
    ]);
  }

  /** Why the container runtime cannot start a command, in its words; undefined when it can. */
  startFailure(
    machine: Machine,
    command: readonly string[],
  ): { readonly exit: number; readonly text: string } | undefined {
    const name = command[0] ?? '';
    const found = findProgram(machine, '/', machine.env['PATH'], name);
    if (found.kind === 'program') return undefined;
    const why =
      found.kind === 'missing'
        ? name.includes('/')
          ? `stat ${name}: no such file or directory`
          : 'executable file not found in $PATH'
        : 'permission denied';
    const text = `OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(name)}: ${why}: unknown`;
    return { exit: found.kind === 'missing' ? 127 : 126, text };
  }

  get #nowMs(): number {
    return this.#parts.sim.clock.nowMs;
  }

  /** The cluster behind the current context of the workstation's own kubeconfig; undefined: nothing answers there. */
  currentCluster(): Cluster | undefined {
    return this.#parts.host.clusterAt(this.#currentServer());
  }

  #currentServer(): string {
    const file = this.workstation.files.read(`${this.workstation.home}/.kube/config`);
    const text = 'content' in file ? file.content : '';
    if (text !== this.#kubeconfig.text) this.#kubeconfig = { text, server: currentServer(text) };
    return this.#kubeconfig.server;
  }

  #network(machine: Machine): Network {
    const pod = /^pod\/([^/]+\/[^/]+)\//.exec(machine.id)?.[1];
    if (pod !== undefined) return this.#clusterOf(machine).dataplane.networkOfPod(pod);
    return this.#hostNetwork(machine.id.replace(/^host\//, ''));
  }

  /** The network of a machine outside of clusters: it leads to the nodes of all of them. */
  #hostNetwork(name: string): Network {
    const { host } = this.#parts;
    const base = (): Network => (this.#shown() ?? host.home).dataplane.networkOfHost(name);
    const isWorkstation = name === 'workstation';
    if (!isWorkstation && host.clusters().length === 1) return host.home.dataplane.networkOfHost(name);
    return new SharedNetwork({
      base,
      towards: (address) => host.ownerOf(address)?.dataplane.networkOfHost(name),
      published: (port) =>
        isWorkstation && !host.home.dataplane.isListening(name, port) ? host.publishedAt(port) : undefined,
    });
  }

  #shown(): Cluster | undefined {
    // While the workstation is being made its files are not there to ask.
    return this.#isMade ? this.currentCluster() : undefined;
  }

  #clusterOf(machine: Machine): Cluster {
    return this.#clusters.get(machine) ?? this.#parts.host.home;
  }

  #createPorts(): Ports {
    const { host } = this.#parts;
    const kube = (): KubeHandler | undefined => host.kubeAt(this.#currentServer());
    return {
      get kube() {
        return kube();
      },
      kubeAt: (server) => host.kubeAt(server),
      containers: host,
      network: (machine) => this.#network(machine),
      agent: (machine) => this.#agentOf(machine),
      observer: (machine, server) =>
        server === HUBBLE_SOCKET
          ? this.#agentObserver(machine)
          : this.#isListening(machine, server)
            ? this.#relayed()?.observer
            : undefined,
      host: (name) => this.#host(name),
    };
  }

  /** The cluster whose relay a forwarded port leads to: the current one's, or that of another that has one. */
  #relayed(): Cluster | undefined {
    const current = this.currentCluster();
    if (current?.hasRelay() === true) return current;
    return this.#parts.host.clusters().find((cluster) => cluster.hasRelay()) ?? current;
  }

  /** The socket of the agent whose own container the machine is. */
  #agentOf(machine: Machine): AgentSocket | undefined {
    const node = this.#agentNode(machine);
    return node === undefined ? undefined : this.#clusterOf(machine).agentSocket(node);
  }

  /** The Observer of one agent: it knows the flows of its own node. */
  #agentObserver(machine: Machine): HubbleObserver | undefined {
    const node = this.#agentNode(machine);
    return node === undefined ? undefined : this.#clusterOf(machine).observer.ofNode(node);
  }

  #agentNode(machine: Machine): string | undefined {
    const [, namespace, name] = machine.id.split('/');
    const pod = machine.id.startsWith('pod/')
      ? this.#clusterOf(machine).store.get('pods', namespace, name ?? '')
      : undefined;
    const node = (pod?.['spec'] as { readonly nodeName?: string } | undefined)?.nodeName;
    return pod?.metadata.labels?.['k8s-app'] === 'cilium' ? node : undefined;
  }

  /** Hubble answers at an address of the machine where something listens: the port-forward to its relay. */
  #isListening(machine: Machine, server: string): boolean {
    const port = Number(/:(\d+)$/.exec(server)?.[1] ?? Number.NaN);
    return /^(tcp:\/\/)?(localhost|127\.|\[?::1)/.test(server) && this.isListening(port, machine);
  }

  /** True when a program of the machine listens on the port. */
  isListening(port: number, machine: Machine = this.workstation): boolean {
    return this.#parts.host.home.dataplane.isListening(machine.id.replace(/^host\//, ''), port);
  }

  #createPrograms(): ReadonlyMap<string, Program> {
    const { ports } = this;
    const programs = new Map<string, Program>();
    const add = (entries: Iterable<readonly [string, Program]>): void => {
      for (const [name, program] of entries) programs.set(name, program);
    };
    add(toolPrograms(ports, this.#startOn));
    add(
      editorPrograms(({ sys }, path, isAwaited) =>
        this.#parts.openFile(path, isAwaited ? sys.pid : undefined),
      ),
    );
    add([
      ['bash', shellProgram('bash')],
      ['sh', shellProgram('dash')],
      ['dash', shellProgram('dash')],
      ['ash', shellProgram('ash')],
    ]);
    return programs;
  }

  /** The same programs with the `sh` of a machine's own kind. */
  #programsOf(facts: MachineFacts, isWorkstation: boolean): ReadonlyMap<string, Program> {
    const programs = new Map(this.#programs);
    // Learners are no administrators of their machine.
    for (const name of ['apk', 'apt', 'apt-get']) programs.delete(name);
    if (!isWorkstation) for (const name of CLUSTER_TOOLS) programs.delete(name);
    if (facts.shell !== 'bash') programs.delete('bash');
    return programs;
  }

  #createWorkstation(): Machine {
    const { user, hostname } = this.#parts.world.workstation;
    const home = `/home/${user}`;
    const facts: MachineFacts = {
      hostname,
      libc: 'glibc',
      shell: 'bash',
      user,
      home,
      versions: { ...WORKSTATION_VERSIONS, ...this.#parts.world.workstation.versions },
    };
    const files: Record<string, string> = {
      '/etc/hostname': `${hostname}\n`,
      '/etc/ssl/certs/ca-certificates.crt': CA_BUNDLE,
      '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`,
      '/etc/resolv.conf': resolvConf(this.#hostNetwork('workstation')),
    };
    for (const [path, content] of Object.entries(this.#parts.world.workstation.files ?? {}))
      files[path.startsWith('/') ? path : `${home}/${path}`] = content;
    if (this.#parts.world.hasCluster) files[`${home}/.kube/config`] = KUBECONFIG;
    const env = {
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: '/bin/bash',
      ...(this.#parts.isDumb ? { TERM: 'dumb', NO_COLOR: '1' } : { TERM: 'xterm-256color' }),
      LANG: 'C.UTF-8',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      PS1: WORKSTATION_PS1,
      ...this.#parts.world.workstation.env,
    };
    return createMachine(
      {
        id: 'workstation',
        facts,
        files,
        env,
        programs: this.#programsOf(facts, true),
        openSocket: socketOpener(this.ports),
      },
      this.#nowMs,
    );
  }

  #host(name: string): Machine | undefined {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = this.#parts.world.outside.find(
      (candidate) => candidate.hasSsh && (candidate.name === name || candidate.addresses.includes(name)),
    );
    if (host === undefined) return undefined;
    const { user } = this.#parts.world.workstation;
    const home = `/home/${user}`;
    const facts: MachineFacts = {
      hostname: host.name,
      libc: 'glibc',
      shell: 'bash',
      user,
      home,
      versions: WORKSTATION_VERSIONS,
    };
    const env = {
      HOME: home,
      USER: user,
      SHELL: '/bin/bash',
      TERM: 'xterm-256color',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      PS1: '\\u@\\h:\\w\\$ ',
    };
    const files = {
      '/etc/hostname': `${host.name}\n`,
      '/etc/ssl/certs/ca-certificates.crt': CA_BUNDLE,
      '/etc/hosts': `127.0.0.1\tlocalhost\n127.0.1.1\t${host.name}\n`,
      '/etc/resolv.conf': resolvConf(this.#hostNetwork(host.name)),
    };
    const machine = createMachine(
      {
        id: `host/${host.name}`,
        facts,
        files,
        env,
        programs: this.#programsOf(facts, false),
        openSocket: socketOpener(this.ports),
      },
      this.#nowMs,
    );
    this.#hosts.set(host.name, machine);
    return machine;
  }

  readonly #startOn: StartOn = async (sys: Sys, machine, argv, streams) => {
    const terminal = streams.tty ? remoteTerminal(80, 24) : undefined;
    const handle: ProcessHandle = sys.spawn({ command: argv, machine: machine.id, group: 'new' }, (own) =>
      runOn(own, machine, argv, { ...streams, terminal }),
    );
    if (terminal !== undefined)
      this.#parts.farEnd(streams.stdin, terminal, () => handle.exitCode() === undefined);
    try {
      await sys.until(() => handle.exitCode() !== undefined);
    } finally {
      if (handle.exitCode() === undefined) handle.kill('HUP');
    }
    return handle.exitCode() ?? 0;
  };
}

function podAddress(container: ContainerFacts, cluster: Cluster): string {
  const [namespace, name = ''] = container.podKey.split('/');
  const pod = cluster.store.get('pods', namespace, name);
  return (pod?.['status'] as { readonly podIP?: string } | undefined)?.podIP ?? '127.0.0.1';
}

/** A machine's files as servers and scripts of its container see them. */
function machineFiles(
  machine: Machine,
  nowMs: () => number,
): Parameters<Cluster['dataplane']['attachFiles']>[1] {
  const { files } = machine;
  return {
    read: (path) => {
      const found = files.read(path);
      return 'content' in found ? found.content : undefined;
    },
    write: (path, text) => {
      files.makeFolder(path.slice(0, path.lastIndexOf('/')) || '/', nowMs(), { parents: true });
      files.write(path, text, nowMs());
    },
    remove: (path) => void files.remove(path),
  };
}

/** The authorities that a machine trusts: the one of the virtual internet. */
const CA_BUNDLE = pemOf(authorityCertificate(VIRTUAL_CA, Date.UTC(2020, 0, 1)));

/** What completion runs on: it may look at the time and at nothing that takes any. */
function idleSys(nowMs: number): Sys {
  const refuse = (): never => {
    throw new InvariantError('completion only asks');
  };
  return {
    pid: 0,
    nowMs: () => nowMs,
    sleep: refuse,
    until: refuse,
    burn: refuse,
    spawn: refuse,
    processes: () => [],
  };
}

/** The hosts file that the kubelet writes into a container (pkg/kubelet/kubelet_pods.go). */
function podHosts(address: string, hostname: string): string {
  const rows = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  return `# Kubernetes-managed hosts file.\n${rows.join('\n')}\n${address}\t${hostname}\n`;
}

function resolvConf(network: {
  readonly resolver: {
    readonly nameservers: readonly string[];
    readonly search: readonly string[];
    readonly ndots: number;
    readonly timeoutS?: number;
    readonly attempts?: number;
  };
}): string {
  const { nameservers, search, ndots, timeoutS, attempts } = network.resolver;
  const options = [
    ...(ndots === 1 ? [] : [`ndots:${ndots}`]),
    ...(timeoutS === undefined ? [] : [`timeout:${timeoutS}`]),
    ...(attempts === undefined ? [] : [`attempts:${attempts}`]),
  ];
  const lines = [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What `kind create cluster` leaves behind; the keys are placeholders, since nothing is encrypted here. */
const KUBECONFIG = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: UklOR0ZFTkNF
    server: https://127.0.0.1:6443
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {}
users:
- name: kind-kind
  user:
    client-certificate-data: UklOR0ZFTkNF
    client-key-data: UklOR0ZFTkNF
`;
