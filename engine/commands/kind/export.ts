import type { KubeHandler, KubeObject } from '../../objects/api.ts';
import type { Process } from '../../shell/program.ts';
import type { Run } from './kind.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { DISPLAY_VERSION } from './version.ts';
import { KindError } from './progress.ts';
import { kubeconfigOf, nameOf } from './get.ts';
import { mergeKubeconfig } from './kubeconfig.ts';
import { quoteGo } from '../kubectl/text.ts';

/** `kind export kubeconfig`. */
export const exportKubeconfig: Run = async ({ process, host, progress, line }) => {
  await process.sys.sleep(200);
  const name = nameOf(process, line);
  const config = kubeconfigOf(host, name, line.values.get('internal') === 'true');
  mergeKubeconfig(process, config, line.values.get('kubeconfig') ?? '');
  await progress.log(`Set kubectl context to "kind-${name}"`);
  return 0;
};

/** `kind export logs`: the versions of the nodes and what their pods printed; there is no journal to take along. */
export const exportLogs: Run = async ({ process, ports, host, progress, line }) => {
  const name = nameOf(process, line);
  const nodes = host.nodes(name).filter((node) => node.role !== 'external-load-balancer');
  if (host.nodes(name).length === 0) throw new KindError(`unknown cluster ${quoteGo(name)}`);
  const nowMs = process.sys.nowMs();
  const shown = line.args[0] ?? `/tmp/${Math.floor(nowMs) % 1_000_000_000}`;
  const folder = absolutePath(process.cwd, shown);
  await progress.log(`Exporting logs for cluster ${quoteGo(name)} to:`);
  await process.out(`${shown}\n`);
  if (process.machine.files.stat(folder)?.kind === 'file')
    throw new KindError(`failed to create logs directory: mkdir ${shown}: not a directory`);
  await process.sys.sleep(1_500 + 700 * nodes.length);
  keep(process, `${folder}/kind-version.txt`, DISPLAY_VERSION);
  keep(
    process,
    `${folder}/docker-info.txt`,
    'Client:\n Context:    default\n\nServer:\n Cgroup Version: 2\n',
  );
  const kube = ports.kubeAt?.(`https://${host.endpoint(name)}`);
  for (const node of nodes) {
    const version = /:(v[\d.]+)/.exec(node.image)?.[1] ?? '';
    keep(process, `${folder}/${node.name}/kubernetes-version.txt`, `${version}\n`);
    if (kube !== undefined) await podLogs(process, kube, node.name, `${folder}/${node.name}/pods`);
  }
  return 0;
};

/** What the containers of a node's pods printed, in the kubelet's layout. */
async function podLogs(process: Process, kube: KubeHandler, node: string, folder: string): Promise<void> {
  const response = kube({
    method: 'GET',
    path: '/api/v1/pods',
    query: { fieldSelector: `spec.nodeName=${node}` },
  });
  const pods =
    response.kind === 'json' && response.status === 200
      ? ((response.body as unknown as { readonly items?: readonly KubeObject[] }).items ?? [])
      : [];
  for (const pod of pods) {
    const { namespace = '', name: podName, uid } = pod.metadata;
    const spec = pod['spec'] as { readonly containers: readonly { readonly name: string }[] };
    for (const { name } of spec.containers) {
      const path = `/api/v1/namespaces/${namespace}/pods/${podName}/log`;
      const log = kube({ method: 'GET', path, query: { container: name, timestamps: 'true' } });
      if (log.kind !== 'logs') continue;
      const text = await log.logs.readAll(process.sys);
      keep(process, `${folder}/${namespace}_${podName}_${uid}/${name}/0.log`, text);
    }
  }
}

function keep(process: Process, path: string, text: string): void {
  const { files } = process.machine;
  const nowMs = process.sys.nowMs();
  files.makeFolder(path.slice(0, path.lastIndexOf('/')), nowMs, { parents: true });
  files.write(path, text, nowMs);
}
