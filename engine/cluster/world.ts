import type { KubeObject } from '../objects/api.ts';

/** A node of the virtual cluster. `address` is its InternalIP. */
export type NodeSpec = {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly podCidr: string;
  readonly labels?: Readonly<Record<string, string>>;
};

/** A host outside of the cluster. `image` names the behaviour of its servers in engine/images (absent: nothing listens). */
export type OutsideHost = {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Public DNS names that resolve to it. */
  readonly names: readonly string[];
  readonly servers: readonly {
    readonly port: number;
    readonly protocol: 'TCP' | 'UDP';
    readonly image: string;
  }[];
  /** True for the hosts that `ssh NAME` enters from the workstation. */
  readonly hasSsh: boolean;
};

/** Everything a virtual cluster starts from: a world of `labs/_worlds` decoded, plain JSON. */
export type WorldSpec = {
  readonly name: string;
  /** False: the workstation only, no cluster yet. */
  readonly hasCluster: boolean;
  readonly hasCilium: boolean;
  readonly nodes: readonly NodeSpec[];
  /** The workstation's outside address. */
  readonly workstation: { readonly address: string; readonly user: string; readonly hostname: string };
  readonly outside: readonly OutsideHost[];
  /** The virtual internet's files: `https://host/path` → content. Their hosts are among `outside`. */
  readonly internet: Readonly<Record<string, string>>;
  /** Objects that were applied before the learner came, in order; the cluster is settled before time begins. */
  readonly objects: readonly KubeObject[];
  /** How long the cluster has been up when the learner comes, seconds: shows in AGE columns. */
  readonly uptimeSeconds: number;
};
