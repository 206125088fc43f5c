import type { KubeObject } from '../objects/api.ts';
import type { ClusterWorld } from './networking.ts';
import type { NodeSpec } from './world.ts';
import { hashText } from '../base/hash.ts';
import { microTimestamp, timestamp } from '../objects/time.ts';

/** The version of the nodes' kubelets, as in the recorded cluster. */
export const NODE_VERSION = 'v1.32.4';

/** Images that the node's image brings along (kindest/node), canonical names. */
export const PRELOADED: readonly (readonly [name: string, sizeBytes: number])[] = [
  ['registry.k8s.io/etcd:3.5.16-0', 57_680_541],
  ['registry.k8s.io/kube-apiserver:v1.32.4', 98_151_553],
  ['registry.k8s.io/kube-controller-manager:v1.32.4', 90_794_921],
  ['registry.k8s.io/kube-scheduler:v1.32.4', 70_643_054],
  ['registry.k8s.io/kube-proxy:v1.32.4', 95_270_310],
  ['registry.k8s.io/coredns/coredns:v1.11.3', 18_562_039],
  ['registry.k8s.io/pause:3.10', 320_368],
  ['docker.io/kindest/local-path-provisioner:v20250214-acbabc1a', 20_550_059],
  ['docker.io/kindest/kindnetd:v20250214-acbabc1a', 39_008_320],
];

const CAPACITY = {
  cpu: '4',
  'ephemeral-storage': '263174212Ki',
  'hugepages-2Mi': '0',
  memory: '8131816Ki',
  pods: '110',
};

/** A Node as its kubelet registers it; not ready yet. */
export function nodeObject(world: ClusterWorld, node: NodeSpec, nowMs: number): KubeObject {
  const now = timestamp(nowMs);
  const { name } = node;
  const version = world.networking?.version ?? NODE_VERSION;
  const controlPlane = {
    'node-role.kubernetes.io/control-plane': '',
    'node.kubernetes.io/exclude-from-external-load-balancers': '',
  };
  const condition = (type: string, reason: string, message: string): object => ({
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    message,
    reason,
    status: 'False',
    type,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...(node.isControlPlane ? controlPlane : {}),
        ...node.labels,
      },
      annotations: {
        'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd/containerd.sock',
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: {
      podCIDR: node.podCidr,
      podCIDRs: [node.podCidr],
      providerID: `kind://docker/${world.networking?.clusterName ?? 'kind'}/${name}`,
      // As kubeadm has it: a cluster of one node lets its control plane run everything.
      ...(node.isControlPlane && world.nodes.length > 1
        ? { taints: [{ effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane' }] }
        : {}),
    },
    status: {
      addresses: [
        { address: node.address, type: 'InternalIP' },
        { address: name, type: 'Hostname' },
      ],
      allocatable: CAPACITY,
      capacity: CAPACITY,
      conditions: [
        condition('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      images: PRELOADED.map(([image, sizeBytes]) => ({ names: [imageOf(image, version)], sizeBytes })),
      nodeInfo: {
        ...nodeInfo(name, version),
        ...(world.name === 'recorded' ? { machineID: '0123456789abcdef0123456789abcdef' } : {}),
      },
    },
  };
}

/** An image of the control plane in the version of a node's image. */
export function imageOf(image: string, version: string): string {
  return image.replace(`:${NODE_VERSION}`, `:${version}`);
}

/** The lease by which a kubelet says that it lives. */
export function nodeLease(node: NodeSpec, uid: string, nowMs: number): KubeObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: node.name,
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid }],
    },
    spec: { holderIdentity: node.name, leaseDurationSeconds: 40, renewTime: microTimestamp(nowMs) },
  };
}

function nodeInfo(name: string, version: string): object {
  const digits = hashText(`machine/${name}`) + hashText(`machine/${name}/2`);
  const uuid = (what: string): string => {
    const hex = hashText(`${what}/${name}`) + hashText(`${what}/${name}/2`);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  return {
    architecture: 'amd64',
    bootID: uuid('boot'),
    containerRuntimeVersion: 'containerd://2.0.3',
    kernelVersion: '6.8.0-45-generic',
    kubeProxyVersion: version,
    kubeletVersion: version,
    machineID: digits,
    operatingSystem: 'linux',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    systemUUID: uuid('system'),
  };
}
