import type { Kubelet, KubeObject } from '../objects/api.ts';
import type { Served } from './discovery.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';

/** Facts of the world that discovery and reviews show. */
export type ServerFacts = {
  /** Where the API server listens, e.g. `172.18.0.2:6443`. */
  readonly address: string;
  /** Which kinds are served now; absent: all. */
  readonly isServed?: Served;
  /** What `/version` says instead of v1.32's own number, e.g. `v1.31.6`. */
  readonly version?: string;
};

/** What every part of the API server works on. */
export type Server = {
  readonly sim: Simulation;
  readonly store: Store;
  readonly kubelet: Kubelet;
  readonly facts: ServerFacts;
  readonly isServed: Served;
  /** Warnings of the request in progress, for its response. */
  readonly warnings: string[];
};

/** The namespaces that may not be deleted. */
export const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** True while an object waits for its deletion. */
export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
