import type { Simulation } from '../base/simulation.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Store } from '../store/store.ts';
import { hashNumber } from '../base/hash.ts';
import { microTimestamp, parseTimestamp, timestamp } from '../objects/time.ts';

/** An event to record about an object. */
export type EventNote = {
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
  /** The node of a kubelet. */
  readonly host?: string;
  /** `spec.containers{name}` for events about a container. */
  readonly fieldPath?: string;
};

/** How long the API server keeps an event (--event-ttl), ms. */
export const EVENT_TTL_MS = 3_600_000;

/** After so many repetitions of one event its count only rises every five minutes, as client-go's spam filter has it. */
const REPEATS_MAX = 25;
const REPEAT_PAUSE_MS = 300_000;

const mutedUntil = new WeakMap<Store, number>();

/** Leaves out events that would be expired by `ms`: a world's past that nobody can see any more. */
export function muteEvents(store: Store, ms: number): void {
  mutedUntil.set(store, ms - EVENT_TTL_MS);
}

function isMuted(sim: Simulation, store: Store): boolean {
  return sim.clock.nowMs < (mutedUntil.get(store) ?? Number.NEGATIVE_INFINITY);
}

/**
 * Records an event, or counts one up that says the same again (client-go tools/record: one series per object, reason and
 * message).
 */
export function recordEvent(sim: Simulation, store: Store, note: EventNote): void {
  if (isMuted(sim, store)) return;
  const { about } = note;
  const namespace = about.metadata.namespace ?? 'default';
  const nowMs = sim.clock.nowMs;
  const known = store.list('events', namespace, `${about.metadata.name}.`);
  const former = known.find((event) => saysTheSame(event, note));
  if (former !== undefined) {
    repeatEvent(store, former, nowMs);
    return;
  }
  const name = eventName(about, nowMs, known);
  const uid = sim.random.uuid('event-uid');
  const now = timestamp(nowMs);
  const reporter = { reportingComponent: note.component, reportingInstance: note.host ?? '' };
  store.put('events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace, uid, creationTimestamp: now },
    involvedObject: referenceTo(about, note.fieldPath),
    reason: note.reason,
    message: note.message,
    source: { component: note.component, ...(note.host === undefined ? {} : { host: note.host }) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: note.type,
    eventTime: null,
    ...reporter,
  });
}

/** Records an event in the form of events.k8s.io, as the scheduler does: no counts, an action, microseconds. */
export function recordAction(
  sim: Simulation,
  store: Store,
  note: EventNote & { readonly action: string },
): void {
  if (isMuted(sim, store)) return;
  const { about } = note;
  const namespace = about.metadata.namespace ?? 'default';
  const known = store.list('events', namespace, `${about.metadata.name}.`);
  if (known.some((event) => saysTheSame(event, note))) return;
  const name = eventName(about, sim.clock.nowMs, known);
  store.put('events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name,
      namespace,
      uid: sim.random.uuid('event-uid'),
      creationTimestamp: timestamp(sim.clock.nowMs),
    },
    involvedObject: referenceTo(about, undefined),
    reason: note.reason,
    message: note.message,
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    type: note.type,
    eventTime: microTimestamp(sim.clock.nowMs),
    action: note.action,
    reportingComponent: note.component,
    reportingInstance: note.host ?? note.component,
  });
}

/** Removes events older than the API server keeps them. True when there were any. */
export function expireEvents(sim: Simulation, store: Store): boolean {
  const limitMs = sim.clock.nowMs - EVENT_TTL_MS;
  let isBusy = false;
  for (const event of store.list('events')) {
    const lastMs = parseTimestamp(event['lastTimestamp'] ?? event['eventTime']) ?? 0;
    if (lastMs > limitMs) continue;
    store.remove('events', event.metadata.namespace, event.metadata.name);
    isBusy = true;
  }
  return isBusy;
}

function saysTheSame(
  event: KubeObject,
  { about, component, reason, fieldPath, message }: EventNote,
): boolean {
  const of = event['involvedObject'] as { readonly uid?: string; readonly fieldPath?: string };
  return (
    event['message'] === message &&
    event['reason'] === reason &&
    event['reportingComponent'] === component &&
    of.uid === about.metadata.uid &&
    of.fieldPath === fieldPath
  );
}

/** The object's name and the time in ns, hexadecimal: lists by name are in the order in which things happened. */
function eventName(about: KubeObject, nowMs: number, known: readonly KubeObject[]): string {
  const digits = (ns: bigint): string => `${about.metadata.name}.${ns.toString(16)}`;
  const startNs = BigInt(Math.floor(nowMs)) * 1_000_000n;
  const inThisMs = known.filter(({ metadata }) => metadata.name >= digits(startNs)).length;
  const restNs = hashNumber(`${about.metadata.uid}/${nowMs}/${inThisMs}`) % 1000;
  return digits(startNs + BigInt(Math.min(inThisMs, 999) * 1000 + restNs));
}

function repeatEvent(store: Store, former: KubeObject, nowMs: number): void {
  const count = Number(former['count'] ?? 1);
  const lastMs = parseTimestamp(former['lastTimestamp']) ?? 0;
  if (count >= REPEATS_MAX && nowMs - lastMs < REPEAT_PAUSE_MS) return;
  store.put('events', { ...former, count: count + 1, lastTimestamp: timestamp(nowMs) });
}

function referenceTo(about: KubeObject, fieldPath: string | undefined): object {
  return {
    kind: about.kind,
    ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
    name: about.metadata.name,
    uid: about.metadata.uid,
    apiVersion: about.apiVersion,
    ...(about.metadata.resourceVersion === undefined
      ? {}
      : { resourceVersion: about.metadata.resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}
