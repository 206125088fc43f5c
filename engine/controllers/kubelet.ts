import type { ContainerSpec, ContainerStatus, Node, Pod, PodStatus } from '../objects/views.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { Json } from '../base/json.ts';
import type { StoreEvent } from '../store/store.ts';
import { hashText } from '../base/hash.ts';
import { createObject, deleteObject, updateStatus } from '../store/registry.ts';
import { isPodFinished, keyOf, nodeAddress } from '../objects/views.ts';
import { parseTimestamp, timestamp } from '../objects/time.ts';
import { PROBE_ERROR, WorkQueue, splitKey } from './context.ts';
import { recordEvent } from './events.ts';
import { missingReference } from './pod-references.ts';
import {
  CREATING,
  acceptedStatus,
  allStatuses,
  containerSpec,
  containerStatus,
  isInitContainer,
  newEphemerals,
  nextToStart,
  settledStatus,
  withContainer,
  withEphemerals,
} from './pod-status.ts';
import { PodAddresses } from './pod-addresses.ts';

const TOPIC = 'kubelet';
const MIRROR = 'kubernetes.io/config.mirror';

/** What a kubelet does next for a pod, as a timer's data. */
type Step = {
  readonly step:
    | 'sandbox'
    | 'pulled'
    | 'backoff'
    | 'start'
    | 'ended'
    | 'restart'
    | ProbeKind
    | 'stopped'
    | 'killed';
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  /** How often the step was tried before. */
  readonly attempt: number;
  /** The run of the container that it is about (its restart count). */
  readonly run: number;
  /** How often a probe succeeded (or, negative, failed) in a row. */
  readonly streak: number;
};

type ProbeKind = 'startup' | 'readiness' | 'liveness';

/**
 * The kubelets of all nodes: the life of each pod from binding to removal, one timer a step. Everything it must remember
 * is in the pods' statuses and in the timers, apart from the address pools.
 */
export class Kubelets implements Controller {
  readonly name = 'kubelet';
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();
  readonly #addresses: PodAddresses;
  #lostMirrors: Pod[] = [];

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#addresses = new PodAddresses(
      context.store,
      context.podBlock ?? ((node) => node.spec.podCIDR ?? ''),
    );
    context.sim.clock.on(TOPIC, (data) => this.#run(data as unknown as Step));
  }

  /** The address pools, for keyframes. */
  state(): Json {
    return this.#addresses.state();
  }

  /** Continues from what `state()` gave. */
  restore(state: Json): void {
    this.#addresses.restore(state);
  }

  observe(event: StoreEvent): void {
    if (event.resource !== 'pods') return;
    const pod = event.object as Pod;
    if (event.type === 'remove') {
      if (pod.metadata.annotations?.[MIRROR] !== undefined) this.#lostMirrors.push(pod);
      return;
    }
    const isNew = pod.spec.nodeName !== undefined && pod.status?.startTime === undefined;
    const isGoing =
      pod.metadata.deletionTimestamp !== undefined &&
      (event.previous as Pod | undefined)?.metadata.deletionTimestamp === undefined;
    if (isNew || isGoing || newEphemerals(pod).length > 0) this.#queue.add(keyOf(pod));
  }

  reconcile(): boolean {
    const mirrors = this.#lostMirrors;
    this.#lostMirrors = [];
    for (const pod of mirrors) this.#mirrorAgain(pod);
    return this.#queue.drain((key) => this.#sync(key)) || mirrors.length > 0;
  }

  /** The main program of a container ended by itself, at a terminal that was attached to it. */
  endContainer(pod: Pod, container: string, exitCode: number): void {
    const now = this.#pod(keyOf(pod));
    const spec = now && containerSpec(now, container);
    const status = now && containerStatus(now, container);
    if (now === undefined || spec === undefined || now.metadata.uid !== pod.metadata.uid) return;
    if (status?.state.running !== undefined) this.#afterEnd(this.#setEnded(now, status, exitCode), spec);
  }

  #sync(key: string): boolean {
    const pod = this.#pod(key);
    if (pod?.spec.nodeName === undefined) return false;
    if (pod.metadata.deletionTimestamp !== undefined) return this.#terminate(pod);
    if (pod.status?.startTime !== undefined) return this.#startEphemerals(pod);
    const node = this.#node(pod);
    if (node === undefined) return false;
    this.#write(pod, acceptedStatus(pod, nodeAddress(node), this.#now()));
    this.#after(this.#between(400, 900), pod, { step: 'sandbox' });
    return true;
  }

  /** What `kubectl debug` added to a pod starts beside its containers, once each. */
  #startEphemerals(pod: Pod): boolean {
    const added = newEphemerals(pod);
    if (added.length === 0 || this.#context.images.isStill === true || isPodFinished(pod)) return false;
    const next = this.#write(pod, withEphemerals(pod.status ?? {}, added));
    for (const one of added) this.#prepare(next, one.name, 0);
    return true;
  }

  #run(data: Step): void {
    const pod = this.#pod(data.pod);
    if (pod === undefined || pod.metadata.uid !== data.uid || isPodFinished(pod)) return;
    if (data.step === 'killed') {
      this.#remove(pod);
      return;
    }
    if (pod.metadata.deletionTimestamp !== undefined) return;
    if (data.step === 'sandbox') {
      this.#sandbox(pod, data);
      return;
    }
    const container = containerSpec(pod, data.container);
    const status = containerStatus(pod, data.container);
    if (container === undefined || status === undefined || status.restartCount !== data.run) return;
    switch (data.step) {
      case 'pulled':
        this.#pulled(pod, container, data);
        return;
      case 'backoff':
        this.#imageBackOff(pod, container, data);
        return;
      case 'start':
        this.#start(pod, container, data);
        return;
      case 'ended':
        this.#ended(pod, container, status);
        return;
      case 'restart':
        this.#restart(pod, container, status);
        return;
      case 'startup':
      case 'readiness':
      case 'liveness':
        this.#probe(pod, container, status, data);
        return;
      case 'stopped':
        this.#stopped(pod, container, status);
        return;
    }
  }

  #sandbox(pod: Pod, data: Step): void {
    const { store, hasNetwork } = this.#context;
    const node = this.#node(pod);
    if (node === undefined) return;
    const isHost = pod.spec.hostNetwork === true;
    const missing = missingReference(store, pod, 'volumes');
    if (missing !== undefined) {
      this.#note(pod, 'Warning', 'FailedMount', missing);
      this.#after(Math.min(120_000, 1000 * 2 ** data.attempt), pod, {
        step: 'sandbox',
        attempt: data.attempt + 1,
      });
      return;
    }
    if (!isHost && !hasNetwork(node.metadata.name)) {
      const error = this.#context.networkError?.(node.metadata.name);
      if (error !== undefined) {
        // The plugin waits for its agent; each try is another sandbox, so the ids differ.
        const id = containerId(pod, 'sandbox', data.attempt);
        const failed = `plugin type="cilium-cni" failed (add): ${error}`;
        const words = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${id}": ${failed}`;
        if (data.attempt > 0) this.#note(pod, 'Warning', 'FailedCreatePodSandBox', words);
        const waitMs = data.attempt < 6 ? 5_000 : 40_000;
        this.#after(waitMs, pod, { step: 'sandbox', attempt: data.attempt + 1 });
        return;
      }
      this.#after(5_000, pod, { step: 'sandbox', attempt: data.attempt + 1 });
      return;
    }
    const podIP = isHost ? nodeAddress(node) : this.#addresses.allocate(node);
    // Where containers are numbered, they are so in the order of the sandboxes.
    this.#context.images.containerId?.(pod, pod.spec.containers[0]?.name ?? '');
    const status = { ...pod.status, podIP, podIPs: [{ ip: podIP }] };
    this.#startNext(this.#write(pod, settledStatus(pod, status, this.#now())));
  }

  /** Begins the next container that waits its turn: looks for its image first. */
  #startNext(pod: Pod): void {
    const name = nextToStart(pod, pod.status ?? {});
    if (name === undefined) return;
    this.#prepare(pod, name, 0);
  }

  #prepare(pod: Pod, name: string, attempt: number): void {
    const container = containerSpec(pod, name);
    const node = this.#node(pod);
    if (container === undefined || node === undefined) return;
    const image = this.#context.images.lookup(container.image);
    const isPresent =
      image !== undefined &&
      (image.isPresent === true || (node.status?.images ?? []).some((one) => one.names.includes(image.name)));
    const run = containerStatus(pod, name)?.restartCount ?? 0;
    if (isPresent && container.imagePullPolicy !== 'Always') {
      this.#noteOf(
        pod,
        container,
        'Normal',
        'Pulled',
        `Container image "${container.image}" already present on machine`,
      );
      this.#after(this.#between(60, 250), pod, { step: 'start', container: name, attempt, run });
      return;
    }
    this.#noteOf(pod, container, 'Normal', 'Pulling', `Pulling image "${container.image}"`);
    const pullMs =
      image === undefined
        ? this.#between(900, 1600)
        : isPresent
          ? this.#between(500, 900)
          : this.#between(image.pullMs, image.pullMs * 1.5);
    this.#after(pullMs, pod, { step: 'pulled', container: name, attempt, run });
  }

  #pulled(pod: Pod, container: ContainerSpec, data: Step): void {
    const image = this.#context.images.lookup(container.image);
    if (image === undefined) {
      this.#pullFailed(pod, container, data);
      return;
    }
    const node = this.#node(pod);
    if (node !== undefined) this.#keepImage(node, image.name, image.sizeBytes);
    const took = `${((this.#between(0, 999) + image.pullMs) / 1000).toFixed(3).replace(/0+$/, '')}s`;
    const message = `Successfully pulled image "${container.image}" in ${took} (${took} including waiting). Image size: ${image.sizeBytes} bytes.`;
    this.#noteOf(pod, container, 'Normal', 'Pulled', message);
    this.#after(this.#between(60, 250), pod, { ...data, step: 'start' });
  }

  #keepImage(node: Node, name: string, sizeBytes: number): void {
    const images = node.status?.images ?? [];
    if (images.some((one) => one.names.includes(name))) return;
    updateStatus(this.#context.store, 'nodes', {
      ...node,
      status: { ...node.status, images: [...images, { names: [name], sizeBytes }] },
    });
  }

  #pullFailed(pod: Pod, container: ContainerSpec, data: Step): void {
    const error = pullError(container.image);
    this.#noteOf(pod, container, 'Warning', 'Failed', `Failed to pull image "${container.image}": ${error}`);
    this.#noteOf(pod, container, 'Warning', 'Failed', 'Error: ErrImagePull');
    this.#setState(pod, container.name, { state: { waiting: { reason: 'ErrImagePull', message: error } } });
    this.#after(this.#between(800, 1500), pod, { ...data, step: 'backoff' });
  }

  #imageBackOff(pod: Pod, container: ContainerSpec, data: Step): void {
    const words = `Back-off pulling image "${container.image}"`;
    if (containerStatus(pod, container.name)?.state.waiting?.reason === 'ErrImagePull') {
      this.#noteOf(pod, container, 'Normal', 'BackOff', words);
      this.#noteOf(pod, container, 'Warning', 'Failed', 'Error: ImagePullBackOff');
      const message = `${words}: ErrImagePull: ${pullError(container.image)}`;
      this.#setState(pod, container.name, { state: { waiting: { reason: 'ImagePullBackOff', message } } });
      if (this.#context.images.isStill === true) return;
      this.#after(backOffMs(data.attempt), pod, {
        ...data,
        step: 'backoff',
        attempt: data.attempt + 1,
      });
      return;
    }
    this.#prepare(pod, container.name, data.attempt);
  }

  #start(pod: Pod, container: ContainerSpec, data: Step): void {
    const { images, store } = this.#context;
    const missing = missingReference(store, pod, container);
    if (missing !== undefined) {
      this.#noteOf(pod, container, 'Warning', 'Failed', `Error: ${missing}`);
      this.#setState(pod, container.name, {
        state: { waiting: { reason: 'CreateContainerConfigError', message: missing } },
      });
      this.#after(this.#between(9_000, 14_000), pod, {
        ...data,
        step: 'start',
        attempt: data.attempt + 1,
      });
      return;
    }
    const image = images.lookup(container.image);
    const fate = images.fate(pod, container);
    const change: Partial<ContainerStatus> = {
      containerID: `containerd://${images.containerId?.(pod, container.name) ?? containerId(pod, container.name, data.run)}`,
      image: image?.name ?? container.image,
      imageID:
        image === undefined
          ? ''
          : (image.imageId ?? `${image.name.replace(/:[^:/]*$/, '')}@sha256:${image.digest}`),
    };
    this.#noteOf(pod, container, 'Normal', 'Created', `Created container: ${container.name}`);
    if (fate.startError !== undefined) {
      this.#startFailed(pod, container, change, fate.startError);
      return;
    }
    this.#noteOf(pod, container, 'Normal', 'Started', `Started container ${container.name}`);
    const hasProbe = container.readinessProbe !== undefined || container.startupProbe !== undefined;
    const isInit = isInitContainer(pod, container.name);
    const isMain = pod.spec.containers.includes(container);
    const started = this.#setState(pod, container.name, {
      ...change,
      state: { running: { startedAt: this.#now() } },
      started: container.startupProbe === undefined,
      ready: !hasProbe && !isInit && (isMain || container.restartPolicy === 'Always'),
    });
    this.#watchOver(started, container, data.run, fate.endsAfterMs);
    if (!isInit) this.#startNext(started);
  }

  #watchOver(pod: Pod, container: ContainerSpec, run: number, endsAfterMs: number | undefined): void {
    const about = { container: container.name, run };
    if (endsAfterMs !== undefined) this.#after(Math.max(20, endsAfterMs), pod, { ...about, step: 'ended' });
    const first: readonly ProbeKind[] =
      container.startupProbe === undefined ? ['readiness', 'liveness'] : ['startup'];
    this.#watchProbes(pod, container, run, first);
  }

  #watchProbes(pod: Pod, container: ContainerSpec, run: number, kinds: readonly ProbeKind[]): void {
    for (const kind of kinds) {
      const probe = container[`${kind}Probe`];
      if (probe === undefined) continue;
      const initialMs = (probe.initialDelaySeconds ?? 0) * 1000;
      // The first look falls anywhere into a period; a readiness probe is asked at once when its container starts.
      const delayMs = kind === 'liveness' ? (probe.periodSeconds ?? 10) * 1000 : this.#between(300, 900);
      this.#after(initialMs + delayMs, pod, { container: container.name, run, step: kind });
    }
  }

  #startFailed(pod: Pod, container: ContainerSpec, change: Partial<ContainerStatus>, error: string): void {
    this.#noteOf(pod, container, 'Warning', 'Failed', `Error: ${error}`);
    const time = '1970-01-01T00:00:00Z';
    const containerID = change.containerID ?? '';
    const terminated = {
      exitCode: 128,
      reason: 'StartError',
      message: error,
      startedAt: time,
      finishedAt: this.#now(),
      containerID,
    };
    const next = this.#setState(pod, container.name, {
      ...change,
      state: { terminated },
      ready: false,
      started: false,
    });
    this.#afterEnd(next, container);
  }

  #ended(pod: Pod, container: ContainerSpec, status: ContainerStatus): void {
    if (status.state.running === undefined) return;
    const exitCode = this.#context.images.fate(pod, container).exitCode ?? 0;
    this.#afterEnd(this.#setEnded(pod, status, exitCode), container);
  }

  #setEnded(pod: Pod, status: ContainerStatus, exitCode: number): Pod {
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      ...(status.state.running === undefined ? {} : { startedAt: status.state.running.startedAt }),
      finishedAt: this.#now(),
      containerID: status.containerID ?? '',
    };
    const isInitDone = exitCode === 0 && isInitContainer(pod, status.name);
    return this.#setState(pod, status.name, { state: { terminated }, ready: isInitDone, started: false });
  }

  /** Decides about a container that ended: the next one, a new run, or the end of the pod. */
  #afterEnd(pod: Pod, container: ContainerSpec): void {
    const status = containerStatus(pod, container.name);
    const terminated = status?.state.terminated;
    if (status === undefined || terminated === undefined) return;
    const isInit = isInitContainer(pod, container.name);
    if (isInit && terminated.exitCode === 0) {
      this.#startNext(pod);
      return;
    }
    if (pod.spec.ephemeralContainers?.some((one) => one.name === container.name)) return;
    const policy = pod.spec.restartPolicy ?? 'Always';
    const isAgain = policy === 'Always' || (policy === 'OnFailure' && terminated.exitCode !== 0);
    if (!isAgain) return;
    const about = { container: container.name, run: status.restartCount, step: 'restart' } as const;
    const { restartsAtOnce } = this.#context.images.fate(pod, container);
    const isStill = this.#context.images.isStill === true;
    if (!isStill && (status.restartCount === 0 || ranLong(terminated))) {
      this.#after(this.#between(700, 1300), pod, about);
      return;
    }
    const restartCount = restartsAtOnce ?? status.restartCount;
    const waitMs = backOffMs(Math.max(0, restartCount - 1));
    const { name, namespace, uid } = pod.metadata;
    const why = `back-off ${goSeconds(waitMs)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
    const message = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`;
    this.#noteOf(pod, container, 'Warning', 'BackOff', message);
    const next = this.#setState(pod, container.name, {
      state: { waiting: { reason: 'CrashLoopBackOff', message: why } },
      lastState: { terminated },
      restartCount,
    });
    if (!isStill) this.#after(waitMs, next, about);
  }

  #restart(pod: Pod, container: ContainerSpec, status: ContainerStatus): void {
    const terminated = status.state.terminated ?? status.lastState.terminated;
    const next = this.#setState(pod, container.name, {
      restartCount: status.restartCount + 1,
      state: { waiting: { reason: CREATING } },
      ...(terminated === undefined ? {} : { lastState: { terminated } }),
    });
    this.#prepare(next, container.name, 0);
  }

  /** Asks a probe once, notes what follows from it, and when to ask again (prober/worker.go). */
  #probe(pod: Pod, container: ContainerSpec, status: ContainerStatus, data: Step): void {
    const kind = data.step as ProbeKind;
    const probe = container[`${kind}Probe`];
    if (
      probe === undefined ||
      status.state.running === undefined ||
      status.state.running.startedAt === undefined
    )
      return;
    const { images } = this.#context;
    const failure = images.probe(pod, container, probe);
    const streak = failure === undefined ? Math.max(0, data.streak) + 1 : Math.min(0, data.streak) - 1;
    const again = { ...data, streak, attempt: data.attempt + 1 };
    if (failure === undefined) {
      const isPassed = streak >= (probe.successThreshold ?? 1);
      const next = isPassed ? this.#passed(pod, container, status, data) : pod;
      if (isPassed && (kind === 'startup' || images.isSteady?.(pod, container, probe) !== false)) return;
      this.#after(pauseMs(probe.periodSeconds, data.attempt), next, again);
      return;
    }
    const words = kind === 'startup' ? 'Startup' : kind === 'readiness' ? 'Readiness' : 'Liveness';
    const isError = failure.startsWith(PROBE_ERROR);
    const why = isError
      ? `errored and resulted in unknown state: ${failure.slice(PROBE_ERROR.length)}`
      : `failed: ${failure}`;
    this.#noteOf(pod, container, 'Warning', 'Unhealthy', `${words} probe ${why}`);
    if (images.isStill === true) return;
    const isFailed = -streak >= (probe.failureThreshold ?? 3);
    if (isFailed && kind === 'readiness' && status.ready)
      this.#after(
        pauseMs(probe.periodSeconds, data.attempt),
        this.#setState(pod, container.name, { ready: false }),
        again,
      );
    else if (isFailed && kind !== 'readiness') this.#killUnhealthy(pod, container, data, kind);
    else this.#after(pauseMs(probe.periodSeconds, data.attempt), pod, again);
  }

  /** A probe succeeded often enough. */
  #passed(pod: Pod, container: ContainerSpec, status: ContainerStatus, data: Step): Pod {
    if (data.step === 'readiness')
      return status.ready ? pod : this.#setState(pod, container.name, { ready: true });
    if (data.step !== 'startup') return pod;
    const hasReadiness = container.readinessProbe !== undefined;
    const next = this.#setState(pod, container.name, {
      started: true,
      ...(hasReadiness ? {} : { ready: true }),
    });
    this.#watchProbes(next, container, data.run, ['readiness', 'liveness']);
    return next;
  }

  /** The kubelet ends a container that does not live: what ignores the signal is killed after its grace. */
  #killUnhealthy(pod: Pod, container: ContainerSpec, data: Step, kind: ProbeKind): void {
    const message = `Container ${container.name} failed ${kind} probe, will be restarted`;
    this.#noteOf(pod, container, 'Normal', 'Killing', message);
    const { isDeaf } = this.#context.images.fate(pod, container);
    const grace =
      (pod.spec as { terminationGracePeriodSeconds?: number }).terminationGracePeriodSeconds ?? 30;
    const waitMs = isDeaf === true ? grace * 1000 : this.#between(200, 400);
    this.#after(waitMs, pod, { container: data.container, run: data.run, step: 'stopped' });
  }

  #stopped(pod: Pod, container: ContainerSpec, status: ContainerStatus): void {
    if (status.state.running === undefined) return;
    const exitCode = this.#context.images.fate(pod, container).stopCode ?? 137;
    this.#afterEnd(this.#setEnded(pod, status, exitCode), container);
  }

  #terminate(pod: Pod): boolean {
    let stopMs = 0;
    for (const status of allStatuses(pod.status)) {
      const container = containerSpec(pod, status.name);
      if (status.state.running === undefined || container === undefined) continue;
      this.#noteOf(pod, container, 'Normal', 'Killing', `Stopping container ${container.name}`);
      stopMs = Math.max(stopMs, this.#context.images.fate(pod, container).stopMs ?? this.#between(500, 1000));
    }
    const graceMs =
      1000 *
      Number((pod.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ?? 30);
    this.#after(Math.min(stopMs, graceMs) + this.#between(80, 250), pod, { step: 'killed' });
    return true;
  }

  #remove(pod: Pod): void {
    const { sim, store } = this.#context;
    deleteObject(sim, store, 'pods', pod.metadata.namespace, pod.metadata.name, { graceSeconds: 0 });
  }

  #mirrorAgain(lost: Pod): void {
    const { sim, store } = this.#context;
    if (store.get('pods', lost.metadata.namespace, lost.metadata.name) !== undefined) return;
    const { name, namespace, labels, annotations, ownerReferences } = lost.metadata;
    const metadata = {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    };
    createObject(sim, store, 'pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: lost.spec,
      status: lost.status ?? {},
    });
  }

  #setState(pod: Pod, container: string, change: Partial<ContainerStatus>): Pod {
    return this.#write(
      pod,
      settledStatus(pod, withContainer(pod.status ?? {}, container, change), this.#now()),
    );
  }

  #write(pod: Pod, status: PodStatus): Pod {
    const { resourceVersion: _, ...metadata } = pod.metadata;
    return updateStatus(this.#context.store, 'pods', { ...pod, metadata, status }) as Pod;
  }

  #after(delayMs: number, pod: Pod, step: { readonly step: Step['step'] } & Partial<Step>): void {
    const data = {
      container: '',
      attempt: 0,
      run: 0,
      streak: 0,
      ...step,
      pod: keyOf(pod),
      uid: pod.metadata.uid ?? '',
    };
    this.#context.sim.clock.after(delayMs, TOPIC, data);
  }

  #note(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void {
    const { sim, store } = this.#context;
    const host = pod.spec.nodeName ?? '';
    recordEvent(sim, store, {
      about: pod,
      type,
      reason,
      message,
      component: 'kubelet',
      host,
      ...(fieldPath === undefined ? {} : { fieldPath }),
    });
  }

  #noteOf(
    pod: Pod,
    container: ContainerSpec,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    const { initContainers, ephemeralContainers } = pod.spec;
    const list = initContainers?.includes(container)
      ? 'initContainers'
      : ephemeralContainers?.includes(container)
        ? 'ephemeralContainers'
        : 'containers';
    this.#note(pod, type, reason, message, `spec.${list}{${container.name}}`);
  }

  #pod(key: string): Pod | undefined {
    const [namespace, name] = splitKey(key);
    return this.#context.store.get('pods', namespace, name) as Pod | undefined;
  }

  #node(pod: Pod): Node | undefined {
    return this.#context.store.get('nodes', undefined, pod.spec.nodeName ?? '') as Node | undefined;
  }

  #now(): string {
    return timestamp(this.#context.sim.clock.nowMs);
  }

  #between(minMs: number, maxMs: number): number {
    return this.#context.sim.random.integer('kubelet', Math.floor(minMs), Math.floor(maxMs));
  }
}

/** 64 hex digits that follow from the pod, the container and its run. */
function containerId(pod: Pod, name: string, run: number): string {
  const key = `${pod.metadata.uid}/${name}/${run}`;
  return [0, 1, 2, 3].map((part) => hashText(`${key}/${part}`)).join('');
}

/** Back-off of restarts and pulls: 10 s, doubled up to 5 minutes. */
function backOffMs(attempt: number): number {
  return Math.min(300_000, 10_000 * 2 ** Math.min(attempt, 10));
}

/** A probe that keeps failing is asked less and less often: nothing in the virtual container changes by itself. */
function pauseMs(periodSeconds: number | undefined, attempt: number): number {
  return attempt < 30 ? (periodSeconds ?? 10) * 1000 : 300_000;
}

/** A container that ran for ten minutes begins with a fresh back-off. */
function ranLong(terminated: { readonly startedAt?: string; readonly finishedAt?: string }): boolean {
  const startedMs = parseTimestamp(terminated.startedAt) ?? 0;
  return startedMs > 0 && (parseTimestamp(terminated.finishedAt) ?? 0) - startedMs > 600_000;
}

function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** containerd's words for a reference that no registry knows. */
function pullError(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const full =
    /[.:]/.test(first) || first === 'localhost'
      ? image
      : `docker.io/${slash < 0 ? `library/${image}` : image}`;
  const name = /:[^/]*$/.test(full) || full.includes('@') ? full : `${full}:latest`;
  return `failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`;
}
