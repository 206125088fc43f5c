import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import { ageOf, humanDuration, parseTimestamp } from './time.ts';
import { memberList, memberNumber, memberObject, memberText } from './members.ts';

/** READY, STATUS and RESTARTS of a pod (pkg/printers/internalversion/printers.go, printPod). */
export type PodSummary = { readonly ready: string; readonly status: string; readonly restarts: string };

/** Summarises a pod as `kubectl get pods` shows it at `nowMs`. */
export function summarizePod(pod: KubeObject, nowMs: number): PodSummary {
  const spec = memberObject(pod, 'spec');
  const status = memberObject(pod, 'status');
  const total = memberList(spec, 'containers').length + sidecars(spec).size;
  const init = initSummary(spec, status);
  const main = init.isInitializing ? undefined : mainSummary(status);
  let reason = memberText(status, 'reason') || memberText(status, 'phase');
  if (isGated(status)) reason = 'SchedulingGated';
  if (init.isInitializing) reason = init.reason;
  else reason = main?.reason || reason;
  if (main?.hasRunning === true && reason === 'Completed') reason = hasReady(status) ? 'Running' : 'NotReady';
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (memberText(status, 'reason') === 'NodeLost') reason = 'Unknown';
    else if (!['Failed', 'Succeeded'].includes(memberText(status, 'phase'))) reason = 'Terminating';
  }
  const restarts = init.isInitializing ? init : (main ?? init);
  const count = restarts.restarts + (main === undefined ? 0 : init.sidecarRestarts);
  const since = restarts.lastMs;
  const text =
    count !== 0 && since !== undefined ? `${count} (${humanDuration(nowMs - since)} ago)` : String(count);
  return { ready: `${(main?.ready ?? 0) + init.sidecarsReady}/${total}`, status: reason, restarts: text };
}

/** The cells of a pod's row after its name. */
export function podCells(pod: KubeObject, nowMs: number): readonly unknown[] {
  const spec = memberObject(pod, 'spec');
  const status = memberObject(pod, 'status');
  const { ready, status: reason, restarts } = summarizePod(pod, nowMs);
  const gates = memberList(spec, 'readinessGates');
  const passed = gates.filter(
    (gate) => conditionOf(status, memberText(gate, 'conditionType')) === 'True',
  ).length;
  return [
    ready,
    reason,
    restarts,
    ageOf(pod.metadata.creationTimestamp, nowMs),
    memberText(memberList(status, 'podIPs')[0], 'ip') || memberText(status, 'podIP') || '<none>',
    memberText(spec, 'nodeName') || '<none>',
    memberText(status, 'nominatedNodeName') || '<none>',
    gates.length === 0 ? '<none>' : `${passed}/${gates.length}`,
  ];
}

type InitSummary = {
  readonly isInitializing: boolean;
  readonly reason: string;
  readonly restarts: number;
  readonly lastMs: number | undefined;
  readonly sidecarsReady: number;
  readonly sidecarRestarts: number;
};

function initSummary(spec: Members | undefined, status: Members | undefined): InitSummary {
  const always = sidecars(spec);
  const total = memberList(spec, 'initContainers').length;
  let restarts = 0;
  let sidecarRestarts = 0;
  let sidecarsReady = 0;
  let lastMs: number | undefined;
  const statuses = memberList(status, 'initContainerStatuses');
  for (const [i, container] of statuses.entries()) {
    const count = memberNumber(container, 'restartCount') ?? 0;
    const state = memberObject(container, 'state');
    const ended = memberObject(state, 'terminated');
    const isSidecar = always.has(memberText(container, 'name'));
    restarts += count;
    lastMs = later(lastMs, finishedMs(container));
    if (isSidecar) {
      sidecarRestarts += count;
      if (container['ready'] === true) sidecarsReady++;
    }
    if (ended !== undefined && memberNumber(ended, 'exitCode') === 0) continue;
    if (isSidecar && container['started'] === true) continue;
    const waiting = memberText(memberObject(state, 'waiting'), 'reason');
    let reason = `Init:${i}/${total}`;
    if (ended !== undefined) reason = `Init:${endedReason(ended)}`;
    else if (waiting !== '' && waiting !== 'PodInitializing') reason = `Init:${waiting}`;
    return { isInitializing: true, reason, restarts, lastMs, sidecarsReady, sidecarRestarts };
  }
  return { isInitializing: false, reason: '', restarts, lastMs, sidecarsReady, sidecarRestarts };
}

type MainSummary = {
  readonly reason: string;
  readonly ready: number;
  readonly restarts: number;
  readonly lastMs: number | undefined;
  readonly hasRunning: boolean;
};

function mainSummary(status: Members | undefined): MainSummary {
  let [reason, ready, restarts, hasRunning] = ['', 0, 0, false];
  let lastMs: number | undefined;
  const statuses = memberList(status, 'containerStatuses');
  for (const container of [...statuses].reverse()) {
    restarts += memberNumber(container, 'restartCount') ?? 0;
    lastMs = later(lastMs, finishedMs(container));
    const state = memberObject(container, 'state');
    const waiting = memberText(memberObject(state, 'waiting'), 'reason');
    const ended = memberObject(state, 'terminated');
    if (waiting !== '') reason = waiting;
    else if (ended !== undefined) reason = endedReason(ended);
    else if (container['ready'] === true && memberObject(state, 'running') !== undefined) {
      hasRunning = true;
      ready++;
    }
  }
  return { reason, ready, restarts, lastMs, hasRunning };
}

function endedReason(ended: Members): string {
  const reason = memberText(ended, 'reason');
  if (reason !== '') return reason;
  const signal = memberNumber(ended, 'signal') ?? 0;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${memberNumber(ended, 'exitCode') ?? 0}`;
}

function finishedMs(container: Members): number | undefined {
  return parseTimestamp(memberObject(memberObject(container, 'lastState'), 'terminated')?.['finishedAt']);
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function sidecars(spec: Members | undefined): ReadonlySet<string> {
  const containers = memberList(spec, 'initContainers').filter(
    (container) => container['restartPolicy'] === 'Always',
  );
  return new Set(containers.map((container) => memberText(container, 'name')));
}

function hasReady(status: Members | undefined): boolean {
  return conditionOf(status, 'Ready') === 'True';
}

function isGated(status: Members | undefined): boolean {
  return memberList(status, 'conditions').some(
    (one) => one['type'] === 'PodScheduled' && one['reason'] === 'SchedulingGated',
  );
}

/** The status (`True`, `False`, `Unknown`) of a condition, '' when there is none. */
export function conditionOf(status: Members | undefined, type: string): string {
  return memberText(
    memberList(status, 'conditions').find((one) => one['type'] === type),
    'status',
  );
}
