import type { WorldSpec } from './world.ts';
import { NODE_VERSION } from './boot-nodes.ts';

/** What a kind cluster's configuration says of its network, and what it is called. */
export type ClusterNetworking = {
  readonly clusterName: string;
  /** IPv4 CIDR; each node gets a /24 of it. */
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** `none`: no kube-proxy runs. */
  readonly kubeProxyMode: string;
  /** Version of the node image, `v1.32.4`. */
  readonly version: string;
};

/** A world whose cluster is not kind's default one. */
export type ClusterWorld = WorldSpec & { readonly networking?: ClusterNetworking };

const DEFAULTS: ClusterNetworking = {
  clusterName: 'kind',
  podSubnet: '10.244.0.0/16',
  serviceSubnet: '10.96.0.0/16',
  kubeProxyMode: 'iptables',
  version: NODE_VERSION,
};

/** The networking of a world's cluster. */
export function networkingOf(world: ClusterWorld): ClusterNetworking {
  return world.networking ?? DEFAULTS;
}
