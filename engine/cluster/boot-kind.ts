import type { BootObject } from './boot-objects.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterWorld } from './networking.ts';
import type { NodeSpec } from './world.ts';
import type { Simulation } from '../base/simulation.ts';
import { apiServerObjects, BOOT_NAMESPACES, bootObject, serviceAccount, staticPods } from './boot-objects.ts';
import { createObject } from '../store/registry.ts';
import { kubeadmObjects, storageObjects } from './boot-objects.ts';
import { networkingOf } from './networking.ts';
import { install, registerNode } from './boot.ts';
import { serverObjects } from './boot-server.ts';

const STORAGE = 'local-path-storage';

/** What `kubeadm init` leaves: the API server with its own objects, the first node, kube-proxy, CoreDNS. */
export function initControlPlane(sim: Simulation, cluster: Cluster, world: ClusterWorld): void {
  const networking = networkingOf(world);
  for (const name of BOOT_NAMESPACES.filter((one) => one !== STORAGE))
    createObject(sim, cluster.store, 'namespaces', bootObject('v1', 'Namespace', { name }));
  const addresses = world.nodes.filter((node) => node.isControlPlane).map((node) => node.address);
  install(sim, cluster, serverObjects(false));
  install(sim, cluster, apiServerObjects(addresses.slice(0, 1), networking.serviceSubnet));
  install(sim, cluster, kubeadmObjects(networking));
  const [first] = world.nodes.filter((node) => node.isControlPlane);
  if (first !== undefined) joinNode(sim, cluster, world, first);
}

/** What `kubeadm join` does: the node registers, on a control plane with its static pods. */
export function joinNode(sim: Simulation, cluster: Cluster, world: ClusterWorld, spec: NodeSpec): void {
  const node = registerNode(sim, cluster, world, spec);
  if (spec.isControlPlane) {
    for (const pod of staticPods(spec, node.metadata.uid ?? '', networkingOf(world).version))
      createObject(sim, cluster.store, 'pods', pod);
  }
  cluster.settle();
}

/** kind's default network plugin. */
export function installDefaultCni(sim: Simulation, cluster: Cluster, world: ClusterWorld): void {
  install(sim, cluster, kindnetObjects(networkingOf(world).podSubnet));
  cluster.settle();
}

/** kind's StorageClass and its provisioner. */
export function installStorage(sim: Simulation, cluster: Cluster): void {
  createObject(sim, cluster.store, 'namespaces', bootObject('v1', 'Namespace', { name: STORAGE }));
  install(sim, cluster, storageObjects());
  cluster.settle();
}

/** kindnetd as kind's node image brings it along (images/kindnetd). */
function kindnetObjects(podSubnet: string): BootObject[] {
  const namespace = 'kube-system';
  const name = 'kindnet';
  const labels = { app: name, 'k8s-app': name, tier: 'node' };
  const rbac = 'rbac.authorization.k8s.io';
  const field = (path: string) => ({ fieldRef: { apiVersion: 'v1', fieldPath: path } });
  const rules = [
    { apiGroups: [''], resources: ['nodes', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
  ];
  const container = {
    name: 'kindnet-cni',
    image: 'docker.io/kindest/kindnetd:v20250214-acbabc1a',
    env: [
      { name: 'HOST_IP', valueFrom: field('status.hostIP') },
      { name: 'POD_IP', valueFrom: field('status.podIP') },
      { name: 'POD_SUBNET', value: podSubnet },
    ],
    resources: { limits: { cpu: '100m', memory: '50Mi' }, requests: { cpu: '100m', memory: '50Mi' } },
    securityContext: { capabilities: { add: ['NET_RAW', 'NET_ADMIN'] }, privileged: false },
  };
  const spec = {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels },
      spec: {
        hostNetwork: true,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        serviceAccountName: name,
        tolerations: [{ operator: 'Exists' }],
        containers: [container],
      },
    },
  };
  return [
    [`clusterroles.${rbac}`, bootObject(`${rbac}/v1`, 'ClusterRole', { name }, { rules })],
    [
      `clusterrolebindings.${rbac}`,
      bootObject(
        `${rbac}/v1`,
        'ClusterRoleBinding',
        { name },
        {
          roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
          subjects: [{ kind: 'ServiceAccount', name, namespace }],
        },
      ),
    ],
    serviceAccount(namespace, name),
    ['daemonsets.apps', bootObject('apps/v1', 'DaemonSet', { name, namespace, labels }, { spec })],
  ];
}
