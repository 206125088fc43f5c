import type { Json, JsonObject } from '../base/json.ts';
import type { Stream } from '../base/stream.ts';
import type { Signal, Sys } from '../base/process.ts';
import type { Connection } from '../net/socket.ts';

/** Metadata of a Kubernetes object, the fields the engine itself reads. */
export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly generateName?: string;
};

/** An owner of an object, for garbage collection. */
export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

/** Any Kubernetes object: plain frozen JSON. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
};

/** A request to the API server, over plain values. `path` has no query; a repeated parameter is a list. */
export type KubeRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Lower-case names; `accept` chooses Tables and aggregated discovery, `content-type` the kind of patch. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
};

/** One event of a watch, as the wire has it. */
export type WatchEvent = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
};

/** A watch in progress: wait with `sys.until(() => cursor.pending() || cursor.ended())`, then `take()`. */
export interface WatchCursor {
  pending(): boolean;
  /** Events since the last call, in order of resourceVersion. */
  take(): readonly WatchEvent[];
  /** True when its `timeoutSeconds` passed or it was stopped. */
  ended(): boolean;
  stop(): void;
}

/** A running `exec` or `attach`: the process in the container seen from the client. */
export interface ExecSession {
  readonly stdin: Stream;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** undefined while it runs. */
  exitCode(): number | undefined;
  /** Set when the runtime could not start it (exit code 126 or 127 with the runtime's message). */
  failure(): string | undefined;
  /** Bytes typed at the client's terminal that mean a signal (Ctrl-C) when a TTY was asked for. */
  signal(signal: Signal): void;
  resize(columns: number, rows: number): void;
}

/** A port-forward into one pod: every call of `connect` enters the pod's own network namespace at localhost:`port`. */
export interface PortForwardSession {
  /** undefined when nothing listens there; the text is the kubelet's error. */
  connect(sys: Sys, port: number): Promise<{ readonly connection: Connection } | { readonly error: string }>;
  /** True when the pod is gone. */
  ended(): boolean;
}

/** What the API server answers. `body` is an object or a `Status`; the other forms are streams. */
export type KubeResponse =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: JsonObject;
      readonly warnings?: readonly string[];
    }
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  | { readonly kind: 'watch'; readonly status: 200; readonly watch: WatchCursor }
  | { readonly kind: 'logs'; readonly status: 200; readonly logs: Stream }
  | { readonly kind: 'exec'; readonly status: 101; readonly exec: ExecSession }
  | { readonly kind: 'port-forward'; readonly status: 101; readonly portForward: PortForwardSession };

/** The one door into the cluster. Synchronous: it never waits. */
export type KubeHandler = (request: KubeRequest) => KubeResponse;

/** What the API server asks of a kubelet; injected by the composition root. Each throws a StatusError where the real one answers an error. */
export interface Kubelet {
  exec(
    pod: KubeObject,
    container: string,
    options: { readonly command: readonly string[]; readonly tty: boolean; readonly stdin: boolean },
  ): ExecSession;
  /** `attach` to the container's main process. */
  attach(
    pod: KubeObject,
    container: string,
    options: { readonly tty: boolean; readonly stdin: boolean },
  ): ExecSession;
  logs(
    pod: KubeObject,
    container: string,
    options: {
      readonly follow: boolean;
      readonly previous: boolean;
      readonly tailLines?: number;
      readonly sinceSeconds?: number;
      readonly timestamps: boolean;
    },
  ): Stream;
  portForward(pod: KubeObject): PortForwardSession;
}
