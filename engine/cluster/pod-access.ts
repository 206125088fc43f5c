import type { ContainerFacts } from './containers.ts';
import type { DataPlane } from '../dataplane/dataplane.ts';
import type { LogLine } from '../dataplane/fabric.ts';
import type { ExecSession, KubeObject, Kubelet, PortForwardSession } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';
import { commandOf, lookup } from '../images/catalog.ts';
import { containerSpec, containerStatus } from '../controllers/pod-status.ts';
import { keyOf } from '../objects/views.ts';
import { parseTimestamp } from '../objects/time.ts';
import { Stream } from '../base/stream.ts';
import { badRequest } from '../objects/status.ts';
import { recordedLines } from './boot-recorded.ts';
import { environmentOf } from '../dataplane/environment.ts';
import { containerFacts } from './containers.ts';

/** Starts a program in a container; the session gives the machine and the scheduler. */
export type StartContainer = (
  container: ContainerFacts,
  request: { readonly command: readonly string[]; readonly tty: boolean; readonly stdin: boolean },
) => ExecSession;

type LogOptions = Parameters<Kubelet['logs']>[2];
type Attachment = { readonly session: ExecSession; readonly pod: Pod; readonly container: string };
type Follower = {
  readonly stream: Stream;
  readonly pod: Pod;
  readonly container: string;
  readonly timestamps: boolean;
  sent: number;
};
type Line = LogLine;

/** What the API server asks of the kubelets about running containers: exec, attach, logs, port-forward. */
export class PodAccess implements Kubelet {
  readonly #sim: Simulation;
  readonly #store: Store;
  readonly #dataplane: () => DataPlane;
  readonly #start: StartContainer;
  readonly #isRecorded: boolean;
  #attached: Attachment[] = [];
  #followers: Follower[] = [];

  constructor(parts: {
    readonly sim: Simulation;
    readonly store: Store;
    readonly dataplane: () => DataPlane;
    readonly start: StartContainer;
    readonly isRecorded?: boolean;
  }) {
    this.#sim = parts.sim;
    this.#store = parts.store;
    this.#dataplane = parts.dataplane;
    this.#start = parts.start;
    this.#isRecorded = parts.isRecorded === true;
  }

  exec(
    pod: KubeObject,
    container: string,
    options: { readonly command: readonly string[]; readonly tty: boolean; readonly stdin: boolean },
  ): ExecSession {
    return this.#start(this.#facts(pod, container), options);
  }

  attach(
    pod: KubeObject,
    container: string,
    options: { readonly tty: boolean; readonly stdin: boolean },
  ): ExecSession {
    const facts = this.#facts(pod, container);
    const session = this.#start(facts, { ...options, command: facts.main });
    if (session.failure() !== undefined) return this.#onlooker(pod, container);
    this.#attached.push({ session, pod: pod as Pod, container: facts.container });
    return session;
  }

  // A server's main process is no program of a shell: who attaches sees what it logs from now on.
  #onlooker(pod: KubeObject, container: string): ExecSession {
    const [stdin, stderr] = [new Stream(), new Stream()];
    const stdout = this.logs(pod, container, {
      follow: true,
      previous: false,
      tailLines: 0,
      timestamps: false,
    });
    const isOver = () => stdout.ended && stdout.length === 0;
    return {
      stdin,
      stdout,
      stderr,
      exitCode: () => (isOver() ? 0 : undefined),
      failure: () => undefined,
      signal: () => stdout.close(),
      resize: () => {},
    };
  }

  logs(pod: KubeObject, container: string, options: LogOptions): Stream {
    if (options.previous && !hasEndedBefore(pod as Pod, container)) {
      const where = `previous terminated container "${container}" in pod "${pod.metadata.name}"`;
      throw badRequest(`${where} not found`);
    }
    const waits = this.#isRecorded ? undefined : whatItWaitsFor(pod as Pod, container);
    if (waits !== undefined && !options.previous)
      throw badRequest(
        `container "${container}" in pod "${pod.metadata.name}" is waiting to start: ${waits}`,
      );
    const all = this.#lines(pod as Pod, container, options.previous);
    const sinceMs =
      options.sinceSeconds === undefined ? 0 : this.#sim.clock.nowMs - options.sinceSeconds * 1000;
    const recent = all.filter((line) => line.atMs >= sinceMs);
    const wanted =
      options.tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - options.tailLines));
    const stream = new Stream();
    stream.push(wanted.map((line) => written(line, options.timestamps)).join(''));
    if (!options.follow || !this.#isRunning(pod as Pod, container)) stream.end();
    else
      this.#followers.push({
        stream,
        pod: pod as Pod,
        container,
        timestamps: options.timestamps,
        sent: all.length,
      });
    return stream;
  }

  portForward(pod: KubeObject): PortForwardSession {
    const key = keyOf(pod);
    const isGone = (): boolean =>
      this.#store.get('pods', pod.metadata.namespace, pod.metadata.name)?.metadata.uid !== pod.metadata.uid;
    return {
      connect: (sys, port) => this.#dataplane().dialFromPodNamespace(sys, key, port),
      ended: isGone,
    };
  }

  /** Ends what its container's end ends, and hands new log lines on. `end` is told which attached program ended how. */
  pump(end: (pod: Pod, container: string, exitCode: number) => void): void {
    if (this.#attached.length > 0) {
      const over = this.#attached.filter((one) => one.session.exitCode() !== undefined);
      this.#attached = this.#attached.filter((one) => !over.includes(one));
      for (const { session, pod, container } of over) end(pod, container, session.exitCode() ?? 0);
    }
    if (this.#followers.length === 0) return;
    this.#followers = this.#followers.filter((one) => this.#feed(one));
  }

  #feed(follower: Follower): boolean {
    if (follower.stream.closed) return false;
    const lines = this.#lines(follower.pod, follower.container, false);
    const fresh = lines.slice(follower.sent);
    follower.sent = lines.length;
    if (fresh.length > 0)
      follower.stream.push(fresh.map((line) => written(line, follower.timestamps)).join(''));
    if (this.#isRunning(follower.pod, follower.container)) return true;
    follower.stream.end();
    return false;
  }

  #facts(pod: KubeObject, container: string): ContainerFacts {
    const facts = containerFacts(this.#store, keyOf(pod), container);
    if (facts !== undefined) return facts;
    throw badRequest(`container ${container} is not running in pod ${keyOf(pod)}`);
  }

  #isRunning(pod: Pod, container: string): boolean {
    const now = this.#store.get('pods', pod.metadata.namespace, pod.metadata.name) as Pod | undefined;
    if (now === undefined || now.metadata.uid !== pod.metadata.uid) return false;
    return containerStatus(now, container)?.state.running !== undefined;
  }

  /** The lines of a container: what its program said when it started, what it printed, what its servers logged. */
  #lines(pod: Pod, name: string, previous: boolean): Line[] {
    const now = (this.#store.get('pods', pod.metadata.namespace, pod.metadata.name) ?? pod) as Pod;
    const spec = containerSpec(now, name);
    const image = spec === undefined ? undefined : lookup(spec.image);
    const status = containerStatus(now, name);
    if (spec === undefined || image === undefined || status === undefined) return [];
    const state = previous
      ? status.lastState
      : status.state.waiting === undefined
        ? status.state
        : status.lastState;
    const startedMs = parseTimestamp(state.running?.startedAt ?? state.terminated?.startedAt);
    if (startedMs === undefined) return [];
    if (this.#isRecorded) return recordedLines(name).map((text) => ({ atMs: startedMs, text }));
    const env = environmentOf(this.#store, now, spec, image);
    const command = commandOf(image, spec);
    const life = image.lifetime(command, env);
    const printed = life.kind === 'exits' ? life.output.split('\n').slice(0, -1) : [];
    const iso = new Date(startedMs).toISOString();
    const klog = `I${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000       1`;
    const first = [...image.logs(env, command), ...printed].map((text) => ({
      atMs: startedMs,
      text: text.replace('{time}', iso).replace('{klog}', klog),
    }));
    const endedMs = previous ? (parseTimestamp(state.terminated?.finishedAt) ?? startedMs) + 999 : undefined;
    const served = this.#dataplane()
      .logLines(keyOf(now), name)
      .filter((line) => line.atMs >= startedMs && (endedMs === undefined || line.atMs <= endedMs));
    return [...first, ...served];
  }
}

function written(line: Line, hasTimestamps: boolean): string {
  const time = hasTimestamps ? `${new Date(line.atMs).toISOString().slice(0, 23)}000000Z ` : '';
  return `${time}${line.text}${line.isPartial === true ? '' : '\n'}`;
}

/** Why a container has no log yet (kubelet_pods.go validateContainerLogStatus); undefined when it has one or no node. */
function whatItWaitsFor(pod: Pod, container: string): string | undefined {
  const status = containerStatus(pod, container);
  const reason = status?.state.waiting?.reason;
  if (reason === undefined || status?.lastState.terminated !== undefined) return undefined;
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}

function hasEndedBefore(pod: Pod, container: string): boolean {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.some((one) => one.name === container && one.lastState.terminated !== undefined);
}
