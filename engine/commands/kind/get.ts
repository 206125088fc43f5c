import type { ContainerHost } from '../ports.ts';
import type { Line } from './cobra.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import type { Run } from './kind.ts';
import { kindKubeconfig } from './kubeconfig.ts';
import { KindError } from './progress.ts';
import { quoteGo } from '../kubectl/text.ts';
import { toYaml } from '../kubectl/print/yaml.ts';

/** The cluster's name: the flag, then the environment, then `kind`. */
export function nameOf(process: Process, line: Line): string {
  const written = line.has('name') ? line.values.get('name') : undefined;
  return (written ?? process.env.get('KIND_CLUSTER_NAME') ?? '') || 'kind';
}

/** `kind get clusters`. */
export const getClusters: Run = async ({ process, host, progress }) => {
  await process.sys.sleep(60);
  const names = host.names();
  if (names.length === 0) await progress.log('No kind clusters found.');
  else await process.out(names.map((name) => `${name}\n`).join(''));
  return 0;
};

/** `kind get nodes`. */
export const getNodes: Run = async ({ process, host, progress, line }) => {
  await process.sys.sleep(60);
  const isAll = line.values.get('all-clusters') === 'true';
  const name = nameOf(process, line);
  const nodes = (isAll ? host.names() : [name]).flatMap((one) => host.nodes(one));
  if (nodes.length === 0)
    await progress.log(
      isAll ? 'No kind nodes for any cluster.' : `No kind nodes found for cluster ${quoteGo(name)}.`,
    );
  else await process.out(nodes.map((node) => `${node.name}\n`).join(''));
  return 0;
};

/** The kubeconfig of a cluster, for the workstation or for containers beside the nodes. @throws KindError */
export function kubeconfigOf(host: ContainerHost, name: string, isInternal: boolean): JsonObject {
  const nodes = host.nodes(name);
  const first = nodes.find((node) => node.role === 'control-plane');
  if (first === undefined)
    throw new KindError(
      `could not locate any control plane nodes for cluster named '${name}'. Use the --name option to select a different cluster`,
    );
  if (!host.isInitialized(name))
    throw new KindError(
      `failed to get cluster internal kubeconfig: command "docker exec --privileged ${first.name} cat /etc/kubernetes/admin.conf" failed with error: exit status 1`,
      'cat: /etc/kubernetes/admin.conf: No such file or directory',
    );
  const front = nodes.find((node) => node.role === 'external-load-balancer') ?? first;
  return kindKubeconfig(name, isInternal ? `https://${front.name}:6443` : `https://${host.endpoint(name)}`);
}

/** `kind get kubeconfig`. */
export const getKubeconfig: Run = async ({ process, host, line }) => {
  await process.sys.sleep(180);
  const config = kubeconfigOf(host, nameOf(process, line), line.values.get('internal') === 'true');
  await process.out(`${toYaml(config)}\n`);
  return 0;
};
