import type { ClusterConfig } from './config.ts';
import type { ContainerHost, NodePlan } from '../ports.ts';
import type { Process } from '../../shell/program.ts';
import type { Run } from './kind.ts';
import { hashNumber } from '../../base/hash.ts';
import { LIMITS } from '../../base/limits.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { invalidity, nodePlans, readConfig } from './config.ts';
import { kindKubeconfig, mergeKubeconfig, removeFromKubeconfig } from './kubeconfig.ts';
import { KindError, type Progress } from './progress.ts';
import { goDurationMs, quoteGo } from '../kubectl/text.ts';

/** The node image that kind uses where nothing else is said. */
export const NODE_IMAGE = 'kindest/node:v1.32.4';

/** Longer cluster names are warned about (they become hostnames). */
const NAME_MAX = 50;

// How long the steps take on an ordinary machine, ms.
const PULL_MS = 16_800;
const PULL_FAILS_MS = 14_200;
const CONTAINERS_MS = 1_900;
const CONTAINER_MS = 650;
const CONFIG_MS = 900;
const INIT_MS = 5_200;
const CONTROL_PLANE_MS = 5_600;
const CNI_MS = 700;
const STORAGE_MS = 600;
const JOIN_MS = 6_300;
const JOINED_MS = 2_400;
/** How long kind waits for systemd inside of a node that does not come up. */
const CROWDED_MS = 30_000;

/** No machine has more nodes than this to show. */
const ICONS_MAX = 100;

type Options = {
  readonly config: ClusterConfig;
  readonly retain: boolean;
  readonly waitMs: number;
  readonly kubeconfig: string;
};

/** `kind create cluster`. @throws KindError */
export const createCluster: Run = async ({ process, host, progress, line }) => {
  try {
    await process.sys.sleep(180);
    const options = await optionsOf(process, line);
    await create(process, host, progress, options);
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    throw new KindError(`failed to create cluster: ${error.message}`, error.output);
  }
  return 0;
};

async function optionsOf(process: Process, line: Parameters<Run>[0]['line']): Promise<Options> {
  const value = (name: string): string => line.values.get(name) ?? '';
  const path = value('config');
  const source = path === '-' ? await process.stdin.readAll(process.sys) : fileText(process, path);
  const read = readConfig(source, NODE_IMAGE);
  const name = value('name') || process.env.get('KIND_CLUSTER_NAME') || read.name;
  const image = value('image');
  const nodes = image === '' ? read.nodes : read.nodes.map((node) => ({ ...node, image }));
  return {
    config: { ...read, name, nodes },
    retain: value('retain') === 'true',
    waitMs: goDurationMs(value('wait') || '0s') ?? 0,
    kubeconfig: value('kubeconfig'),
  };
}

function fileText(process: Process, path: string): string | undefined {
  if (path === '') return undefined;
  const file = process.machine.files.read(absolutePath(process.cwd, path));
  if (!('error' in file)) return file.content;
  throw new KindError(
    file.error === 'EISDIR'
      ? `error reading file: read ${path}: is a directory`
      : `error reading file: open ${path}: ${file.error === 'EACCES' ? 'permission denied' : 'no such file or directory'}`,
  );
}

async function create(
  process: Process,
  host: ContainerHost,
  progress: Progress,
  options: Options,
): Promise<void> {
  const { config } = options;
  const { name } = config;
  if (host.nodes(name).length > 0)
    throw new KindError(`node(s) already exist for a cluster with the name ${quoteGo(name)}`);
  if (name.length > NAME_MAX)
    await progress.log(
      `cluster name ${quoteGo(name)} is probably too long, this might not work properly on some systems`,
    );
  const fault = invalidity(config);
  if (fault !== undefined) throw new KindError(fault);
  await progress.log(`Creating cluster ${quoteGo(name)} ...\n`);
  try {
    await bringUp(process, host, progress, options);
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    await progress.end(false);
    if (!options.retain) await removeCluster(process, host, progress, name, options.kubeconfig);
    throw error;
  }
  mergeKubeconfig(process, kindKubeconfig(name, `https://${host.endpoint(name)}`), options.kubeconfig);
  await salute(process, progress, name, options.kubeconfig);
}

/** Removes the containers of a cluster and its entries in the kubeconfig. @throws KindError */
export async function removeCluster(
  process: Process,
  host: ContainerHost,
  progress: Progress,
  name: string,
  kubeconfig: string,
): Promise<void> {
  const nodes = host.nodes(name).map((node) => quoteGo(node.name));
  removeFromKubeconfig(process, name, kubeconfig);
  if (nodes.length === 0) return;
  await process.sys.sleep(900 + 250 * nodes.length);
  host.remove(name);
  await progress.log(`Deleted nodes: [${nodes.join(' ')}]`);
}

async function bringUp(
  process: Process,
  host: ContainerHost,
  progress: Progress,
  options: Options,
): Promise<void> {
  const { config } = options;
  const { name } = config;
  await ensureImages(host, progress, config);
  const plans = nodePlans(config);
  await provision(host, progress, config, plans);
  if (plans.some((plan) => plan.role === 'external-load-balancer'))
    await progress.phase('Configuring the external load balancer ⚖️', 1_300);
  await progress.phase('Writing configuration 📜', CONFIG_MS);
  if (config.ipFamily !== 'ipv4') {
    const [first] = plans;
    throw new KindError(
      `failed to generate kubeadm config content: failed to get IPv6 address for node ${first?.name}; is docker configured to use IPv6 correctly?`,
    );
  }
  await progress.phase('Starting control-plane 🕹️', INIT_MS);
  host.initControlPlane(name);
  await progress.pass(CONTROL_PLANE_MS);
  if (config.hasDefaultCni) {
    await progress.phase('Installing CNI 🔌', CNI_MS);
    host.installCni(name);
  }
  await progress.phase('Installing StorageClass 💾', STORAGE_MS);
  host.installStorage(name);
  const controlPlanes = plans.filter((plan) => plan.role === 'control-plane').length;
  if (controlPlanes > 1) {
    await progress.phase('Joining more control-plane nodes 🎮', JOIN_MS * (controlPlanes - 1));
    host.join(name, 'control-plane');
    await progress.pass(JOINED_MS);
  }
  if (plans.some((plan) => plan.role === 'worker')) {
    await progress.phase('Joining worker nodes 🚜', JOIN_MS);
    host.join(name, 'worker');
    await progress.pass(JOINED_MS);
  }
  await waitReady(process, host, progress, name, options.waitMs);
  await progress.end(true);
}

async function ensureImages(host: ContainerHost, progress: Progress, config: ClusterConfig): Promise<void> {
  const images = [...new Set(config.nodes.map((node) => node.image))].sort();
  for (const image of images) {
    const shown = image.split('@sha256:')[0] ?? image;
    const isThere = host.hasImage(image);
    if (isThere) {
      await progress.phase(`Ensuring node image (${shown}) 🖼`, 60);
      continue;
    }
    await progress.phase(`Ensuring node image (${shown}) 🖼`, 300);
    await progress.log(`Pulling image: ${image} ...`, 1);
    if (host.pull(image)) {
      await progress.pass(PULL_MS);
      continue;
    }
    await progress.pass(PULL_FAILS_MS);
    throw new KindError(
      `failed to pull image ${quoteGo(image)}: command "docker pull ${image}" failed with error: exit status 1`,
      pullOutput(image),
    );
  }
}

/** Docker's words for an image that no registry has. */
function pullOutput(image: string): string {
  const full = /[^/]:[^/]*$/.test(image) || image.includes('@') ? image : `${image}:latest`;
  const repository = full.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  if (/^(docker\.io\/)?kindest\/node$/.test(repository))
    return `Error response from daemon: manifest for ${full} not found: manifest unknown: manifest unknown`;
  if (!/^[a-z0-9]+([._/:-]+[a-z0-9]+)*$/.test(repository)) return 'invalid reference format';
  return `Error response from daemon: pull access denied for ${repository}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`;
}

async function provision(
  host: ContainerHost,
  progress: Progress,
  config: ClusterConfig,
  plans: readonly NodePlan[],
): Promise<void> {
  const icons = '📦 '.repeat(Math.min(config.nodes.length, ICONS_MAX));
  await progress.phase(`Preparing nodes ${icons}`, CONTAINERS_MS);
  const running = host.names().flatMap((one) => host.nodes(one)).length;
  if (running + plans.length > LIMITS.nodeContainersMax) {
    await progress.pass(CROWDED_MS);
    throw new KindError(
      'could not find a log line that matches "Reached target .*Multi-User System.*|detected cgroup v1"',
    );
  }
  const { name, podSubnet, serviceSubnet, kubeProxyMode } = config;
  const taken = host.provision({ name, nodes: plans, podSubnet, serviceSubnet, kubeProxyMode });
  if (taken === undefined) {
    await progress.pass(CONTAINER_MS * plans.length);
    return;
  }
  const node = host.nodes(name).find((one) => one.name === taken.node);
  const { address, hostPort } = taken.port;
  throw new KindError(
    `command "${dockerRun(config, node ?? plans[0])}" failed with error: exit status 125`,
    `${node?.id ?? ''}\ndocker: Error response from daemon: driver failed programming external connectivity on endpoint ${taken.node} (${[...(node?.id ?? '')].reverse().join('')}): Bind for ${address}:${hostPort} failed: port is already allocated.`,
  );
}

function dockerRun(config: ClusterConfig, node: NodePlan | undefined): string {
  if (node === undefined) return 'docker run';
  const publish = node.ports.map(
    (port) => `--publish=${port.address}:${port.hostPort}:${port.containerPort}/${port.protocol}`,
  );
  const words = [
    'docker run --name',
    node.name,
    `--hostname ${node.name} --label io.x-k8s.kind.role=${node.role} --privileged --security-opt seccomp=unconfined`,
    '--security-opt apparmor=unconfined --tmpfs /tmp --tmpfs /run --volume /var --volume /lib/modules:/lib/modules:ro',
    `-e KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER --detach --tty --label io.x-k8s.kind.cluster=${config.name}`,
    '--net kind --restart=on-failure:1 --init=false --cgroupns=private',
    ...publish,
    ...(node.role === 'control-plane' ? ['-e KUBECONFIG=/etc/kubernetes/admin.conf'] : []),
    node.image,
  ];
  return words.join(' ');
}

async function waitReady(
  process: Process,
  host: ContainerHost,
  progress: Progress,
  name: string,
  waitMs: number,
): Promise<void> {
  if (waitMs === 0) return;
  const startMs = process.sys.nowMs();
  await progress.phase(`Waiting ≤ ${seconds(waitMs)} for control-plane = Ready ⏳`, 0);
  while (!host.isReady(name) && process.sys.nowMs() - startMs < waitMs) {
    const leftMs = waitMs - (process.sys.nowMs() - startMs);
    await progress.pass(Math.min(500, leftMs));
  }
  const isReady = host.isReady(name);
  await progress.end(isReady);
  await progress.log(
    isReady
      ? ` • Ready after ${seconds(process.sys.nowMs() - startMs)} 💚`
      : ' • WARNING: Timed out waiting for Ready ⚠️',
  );
}

/** A duration rounded to seconds, as Go writes it. */
function seconds(ms: number): string {
  const all = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  if (hours > 0) return `${hours}h${minutes}m${all % 60}s`;
  return minutes > 0 ? `${minutes}m${all % 60}s` : `${all}s`;
}

const SALUTATIONS = [
  'Have a nice day! 👋',
  'Thanks for using kind! 😊',
  'Not sure what to do next? 😅  Check out https://kind.sigs.k8s.io/docs/user/quick-start/',
  'Have a question, bug, or feature request? Let us know! https://kind.sigs.k8s.io/#community 🙂',
];

async function salute(process: Process, progress: Progress, name: string, kubeconfig: string): Promise<void> {
  const quoted = /^[\w@%+=:,./-]+$/.test(kubeconfig)
    ? kubeconfig
    : `'${kubeconfig.replaceAll("'", `'"'"'`)}'`;
  await progress.log(`Set kubectl context to "kind-${name}"`);
  await progress.log(
    `You can now use your cluster with:\n\nkubectl cluster-info --context kind-${name}${kubeconfig === '' ? '' : ` --kubeconfig ${quoted}`}`,
  );
  await progress.log('\n');
  const pick = hashNumber(`${name}/${Math.floor(process.sys.nowMs())}`) % SALUTATIONS.length;
  await progress.log(SALUTATIONS[pick] ?? '');
}
