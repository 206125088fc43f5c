import type {
  Condition,
  ContainerSpec,
  ContainerState,
  ContainerStatus,
  Pod,
  PodStatus,
} from '../objects/views.ts';
import { withCondition } from './conditions.ts';

/** Why a container that was not created yet waits. */
export const CREATING = 'ContainerCreating';
const INITIALIZING = 'PodInitializing';

/** The status of a pod that its kubelet just took over. `now` is a timestamp. */
export function acceptedStatus(pod: Pod, hostIP: string, now: string): PodStatus {
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  const status: PodStatus = {
    ...pod.status,
    phase: 'Pending',
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: now,
    ...(hasInit
      ? {
          initContainerStatuses: (pod.spec.initContainers ?? []).map((one) =>
            waitingStatus(one, INITIALIZING),
          ),
        }
      : {}),
    containerStatuses: pod.spec.containers.map((one) =>
      waitingStatus(one, hasInit ? INITIALIZING : CREATING),
    ),
  };
  return settledStatus(pod, { ...status, conditions: acceptedConditions(pod, now) }, now);
}

/** A status after `change` was made to the status of one container. */
export function withContainer(status: PodStatus, name: string, change: Partial<ContainerStatus>): PodStatus {
  const replace = (list: readonly ContainerStatus[] | undefined): readonly ContainerStatus[] | undefined =>
    list?.map((one) => (one.name === name ? { ...one, ...change } : one));
  const init = replace(status.initContainerStatuses);
  const main = replace(status.containerStatuses);
  const ephemeral = replace(status.ephemeralContainerStatuses);
  return {
    ...status,
    ...(init === undefined ? {} : { initContainerStatuses: init }),
    ...(main === undefined ? {} : { containerStatuses: main }),
    ...(ephemeral === undefined ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
}

/** Ephemeral containers that the kubelet has not seen yet: the ones of `kubectl debug`. */
export function newEphemerals(pod: Pod): readonly ContainerSpec[] {
  const seen = pod.status?.ephemeralContainerStatuses ?? [];
  return (pod.spec.ephemeralContainers ?? []).filter(
    (one) => !seen.some((status) => status.name === one.name),
  );
}

/** A status that knows these ephemeral containers too; they wait for their images. */
export function withEphemerals(status: PodStatus, added: readonly ContainerSpec[]): PodStatus {
  const fresh = added.map((one) => waitingStatus(one, CREATING));
  return { ...status, ephemeralContainerStatuses: [...(status.ephemeralContainerStatuses ?? []), ...fresh] };
}

/** The status of a container, init and ephemeral containers included. */
export function containerStatus(pod: Pod, name: string): ContainerStatus | undefined {
  return allStatuses(pod.status).find((one) => one.name === name);
}

/** The spec of a container, init and ephemeral containers included. */
export function containerSpec(pod: Pod, name: string): ContainerSpec | undefined {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  return [...initContainers, ...containers, ...ephemeralContainers].find((one) => one.name === name);
}

/** True for an init container that ends before the others begin (a sidecar is none). */
export function isInitContainer(pod: Pod, name: string): boolean {
  return (pod.spec.initContainers ?? []).some((one) => one.name === name && one.restartPolicy !== 'Always');
}

/** Every container status, init containers first, ephemeral ones last. */
export function allStatuses(status: PodStatus | undefined): readonly ContainerStatus[] {
  const {
    initContainerStatuses = [],
    containerStatuses = [],
    ephemeralContainerStatuses = [],
  } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

/**
 * The container to start next: init containers one after the other, then the others in order. undefined: all have been
 * started, or one that must end first still runs.
 */
export function nextToStart(pod: Pod, status: PodStatus): string | undefined {
  for (const one of status.initContainerStatuses ?? []) {
    if (one.state.terminated?.exitCode === 0) continue;
    if (!isInitContainer(pod, one.name) && one.state.running !== undefined) continue;
    return isUntouched(one) ? one.name : undefined;
  }
  return (status.containerStatuses ?? []).find(isUntouched)?.name;
}

function isUntouched(one: ContainerStatus): boolean {
  const reason = one.state.waiting?.reason;
  return (
    one.restartCount === 0 &&
    one.containerID === undefined &&
    (reason === CREATING || reason === INITIALIZING)
  );
}

/** A status with phase and conditions that follow from its containers (kubelet_pods.go getPhase, status/generate.go). */
export function settledStatus(pod: Pod, status: PodStatus, now: string): PodStatus {
  const phase = phaseOf(pod, status);
  const isInitialized = (status.initContainerStatuses ?? []).every(
    (one) =>
      one.state.terminated?.exitCode === 0 ||
      (!isInitContainer(pod, one.name) && one.state.running !== undefined),
  );
  const unready = (status.containerStatuses ?? []).filter((one) => !one.ready).map((one) => one.name);
  let conditions = status.conditions ?? [];
  const set = (type: string, isTrue: boolean, why?: { reason: string; message?: string }): void => {
    const condition: Condition = {
      type,
      status: isTrue ? 'True' : 'False',
      lastProbeTime: null,
      ...(isTrue ? {} : why),
    };
    conditions = withCondition(conditions, condition, now);
  };
  const isDone = phase === 'Succeeded' || phase === 'Failed';
  const waiting = {
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
  const why =
    phase === 'Succeeded'
      ? { reason: 'PodCompleted' }
      : phase === 'Failed'
        ? { reason: 'PodFailed' }
        : waiting;
  set('PodReadyToStartContainers', status.podIP !== undefined && !isDone);
  set('Initialized', isInitialized, {
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${(status.initContainerStatuses ?? [])
      .filter((one) => one.state.terminated?.exitCode !== 0)
      .map((one) => one.name)
      .join(' ')}]`,
  });
  set('Ready', unready.length === 0 && !isDone, why);
  set('ContainersReady', unready.length === 0 && !isDone, why);
  if (phase === 'Succeeded' && isInitialized) {
    conditions = conditions.map((one) =>
      one.type === 'Initialized' ? { ...one, reason: 'PodCompleted' } : one,
    );
  }
  return { ...status, phase, conditions };
}

function phaseOf(pod: Pod, status: PodStatus): string {
  const main = status.containerStatuses ?? [];
  const policy = pod.spec.restartPolicy ?? 'Always';
  const failedInit = (status.initContainerStatuses ?? []).some(
    (one) => (one.state.terminated?.exitCode ?? 0) !== 0,
  );
  if (failedInit && policy === 'Never') return 'Failed';
  const isOver = main.length > 0 && main.every((one) => one.state.terminated !== undefined);
  if (isOver && policy !== 'Always') {
    const isGood = main.every((one) => one.state.terminated?.exitCode === 0);
    if (isGood) return 'Succeeded';
    if (policy === 'Never') return 'Failed';
  }
  const hasBegun = main.some((one) => one.state.running !== undefined || hasRun(one));
  const isUnstarted = main.some((one) => one.state.waiting !== undefined && !hasRun(one));
  return hasBegun && !isUnstarted ? 'Running' : 'Pending';
}

function hasRun(one: ContainerStatus): boolean {
  return one.state.terminated !== undefined || one.lastState.terminated !== undefined;
}

function acceptedConditions(pod: Pod, now: string): readonly Condition[] {
  const names = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
  const scheduled = (pod.status?.conditions ?? []).filter((one) => one.type === 'PodScheduled');
  const blank = names.map((type) => ({
    type,
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
  }));
  const bound = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  return [...blank, ...(scheduled.length > 0 ? scheduled : [bound])];
}

function waitingStatus(container: ContainerSpec, reason: string): ContainerStatus {
  const mounts = (container.volumeMounts ?? []).map((mount) =>
    mount.readOnly === true
      ? { mountPath: mount.mountPath, name: mount.name, readOnly: true, recursiveReadOnly: 'Disabled' }
      : { mountPath: mount.mountPath, name: mount.name },
  );
  const state: ContainerState = { waiting: { reason } };
  return {
    name: container.name,
    state,
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image,
    imageID: '',
    started: false,
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}
