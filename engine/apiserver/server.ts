import type { Kubelet, KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';

/** Facts of the world that discovery and reviews show. */
export type ServerFacts = {
  /** Where the API server listens, e.g. `172.18.0.2:6443`. */
  readonly address: string;
};

/** What every part of the API server works on. */
export type Server = {
  readonly sim: Simulation;
  readonly store: Store;
  readonly kubelet: Kubelet;
  readonly facts: ServerFacts;
  /** Warnings of the request in progress, for its response. */
  readonly warnings: string[];
};

/** The namespaces that may not be deleted. */
export const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** True while an object waits for its deletion. */
export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
