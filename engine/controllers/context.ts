import type { Simulation } from '../base/simulation.ts';
import type { KubeObject } from '../objects/api.ts';
import type { ContainerSpec, Node, Pod, ProbeSpec } from '../objects/views.ts';
import type { Store, StoreEvent } from '../store/store.ts';

/** What a kubelet knows of an image it pulled. `name` is canonical (`docker.io/library/nginx:1.27`). */
export type ImageRecord = {
  readonly name: string;
  /** Content hash, 64 hex digits. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** How long a first pull takes, virtual ms. */
  readonly pullMs: number;
  /** On every node from the start. */
  readonly isPresent?: boolean;
  /** What `imageID` shows; absent: repository and digest. */
  readonly imageId?: string;
};

/** What becomes of a container once it is started. */
export type ContainerFate = {
  /** Virtual ms from start to its own end; absent: it runs on. */
  readonly endsAfterMs?: number;
  readonly exitCode?: number;
  /** The runtime could not start it: the kubelet's message (state `RunContainerError`, exit 128). */
  readonly startError?: string;
  /** How long it takes to end after SIGTERM, virtual ms. */
  readonly stopMs?: number;
  /** It does not hear SIGTERM: what waits for its end waits for the whole grace period. */
  readonly isDeaf?: true;
  /** What it exits with then; absent: it is killed (137). */
  readonly stopCode?: number;
  /** A crash is told as so many restarts at once. */
  readonly restartsAtOnce?: number;
};

/** How a probe ended: undefined for success, or the kubelet's words after `Readiness probe failed: `. */
export type ProbeFailure = string | undefined;

/** What a probe's words begin with when it could not be tried at all; the kubelet says that otherwise. */
export const PROBE_ERROR = 'error: ';

/** The container runtime as the kubelets see it; the composition root builds it from the catalogue of images. */
export interface ImageCatalog {
  /** Nothing changes by itself: what failed once (a pull, a probe, a crash) is not tried again. */
  readonly isStill?: boolean;
  /** undefined: no registry has such an image. */
  lookup(image: string): ImageRecord | undefined;
  /** The id of a container without `containerd://`; absent: 64 digits that follow from pod, container and run. */
  containerId?(pod: Pod, container: string): string;
  fate(pod: Pod, container: ContainerSpec): ContainerFate;
  probe(pod: Pod, container: ContainerSpec, probe: ProbeSpec): ProbeFailure;
  /** False where the answer may change while the container runs, so that it has to be asked again; default true. */
  isSteady?(pod: Pod, container: ContainerSpec, probe: ProbeSpec): boolean;
}

/** What is shared by the controllers of one cluster. */
export type ControllerContext = {
  readonly sim: Simulation;
  readonly store: Store;
  readonly images: ImageCatalog;
  /** True when pods on a node get addresses, i.e. a network plugin runs there. */
  readonly hasNetwork: (node: string) => boolean;
  /** The CIDR from which a node's pods get addresses; absent: the node's own. */
  readonly podBlock?: (node: Node) => string;
  /** What the network plugin of a node says when it cannot set up a pod's network; undefined while it can, or there is none. */
  readonly networkError?: (node: string) => string | undefined;
  /** The machine of the scheduler, which its events name; default kind-control-plane. */
  readonly schedulerHost?: string;
};

/** A reconciler: it is told what changed and then does what is left to do. */
export interface Controller {
  readonly name: string;
  /** Notes a committed change; changes nothing itself. */
  observe(event: StoreEvent): void;
  /** Works off what it noted; true when it did something. */
  reconcile(): boolean;
}

/** Keys to look at, each once, in the order in which they were first noted. */
export class WorkQueue {
  #keys = new Set<string>();

  /** Notes a key. */
  add(key: string): void {
    this.#keys.add(key);
  }

  /** Runs `work` for each key noted so far; keys noted meanwhile wait. True when some call returned true. */
  drain(work: (key: string) => boolean): boolean {
    if (this.#keys.size === 0) return false;
    const keys = [...this.#keys];
    this.#keys.clear();
    let isBusy = false;
    for (const key of keys) isBusy = work(key) || isBusy;
    return isBusy;
  }
}

/** Splits a key `namespace/name`. */
export function splitKey(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

/** The uid of the owner that controls an object, or undefined. */
export function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}
