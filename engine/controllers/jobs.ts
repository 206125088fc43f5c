import type { Condition, Job, Pod } from '../objects/views.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { StoreEvent } from '../store/store.ts';
import { deleteObject, updateStatus } from '../store/registry.ts';
import { conditionOf, isPodReady, keyOf } from '../objects/views.ts';
import { parseTimestamp, timestamp } from '../objects/time.ts';
import { WorkQueue, splitKey } from './context.ts';
import { createPod, deletePod, isActive, podsOf } from './workloads.ts';
import { recordEvent } from './events.ts';

const RESOURCE = 'jobs.batch';
const COMPONENT = 'job-controller';
const EXPIRY = 'job/ttl';
const BACK_OFF = 'job/back-off';

/** The Job controller: pods until enough of them succeeded, or too many failed. */
export class Jobs implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.sim.clock.on(BACK_OFF, (data) => this.#queue.add(String(data)));
    context.sim.clock.on(EXPIRY, (data) => this.#expire(String(data)));
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource !== 'pods') return;
    const owner = event.object.metadata.ownerReferences?.find(
      (one) => one.controller === true && one.kind === 'Job',
    );
    if (owner !== undefined) this.#queue.add(`${event.object.metadata.namespace}/${owner.name}`);
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const job = store.get(RESOURCE, namespace, name) as Job | undefined;
    if (job === undefined || job.metadata.deletionTimestamp !== undefined || isOver(job)) return false;
    const before = store.revision;
    const pods = podsOf(this.#context, job);
    const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').length;
    const failed = pods.filter((pod) => pod.status?.phase === 'Failed').length;
    const restarts = pods.filter(isActive).reduce((sum, pod) => sum + restartsOf(pod), 0);
    const limit = job.spec.backoffLimit ?? 6;
    const isFailed =
      failed > limit ||
      (job.spec.template.spec.restartPolicy === 'OnFailure' && restarts > limit && limit >= 0);
    const wanted = job.spec.completions ?? 1;
    if (isFailed) this.#finish(job, pods, 'Failed');
    else if (succeeded >= wanted) this.#finish(job, pods, 'Complete');
    else this.#progress(job, pods, succeeded, failed, wanted);
    return store.revision !== before;
  }

  #progress(job: Job, pods: readonly Pod[], succeeded: number, failed: number, wanted: number): void {
    const active = pods.filter(isActive);
    const room = Math.min(job.spec.parallelism ?? 1, wanted - succeeded) - active.length;
    const isWaiting = this.#isBackingOff(job, pods, failed);
    const count = job.spec.suspend === true || isWaiting ? 0 : Math.max(0, room);
    for (let i = 0; i < count; i++) {
      createPod(this.#context, job, {
        template: job.spec.template,
        component: COMPONENT,
        message: (pod) => `Created pod: ${pod}`,
      });
    }
    const now = timestamp(this.#context.sim.clock.nowMs);
    const running = podsOf(this.#context, job).filter(isActive);
    this.#report(job, {
      ...(running.length > 0 ? { active: running.length } : {}),
      ...(failed > 0 ? { failed } : {}),
      ready: running.filter(isPodReady).length,
      ...(job.spec.suspend === true ? {} : { startTime: job.status?.startTime ?? now }),
      ...(succeeded > 0 ? { succeeded } : {}),
      terminating: 0,
      uncountedTerminatedPods: {},
    });
  }

  /** After each failure the next pod waits longer: 10 s, doubled up to ten minutes (job_controller.go). */
  #isBackingOff(job: Job, pods: readonly Pod[], failed: number): boolean {
    const { sim, images } = this.#context;
    if (failed === 0 || images.isStill === true) return false;
    const ends = pods
      .filter((pod) => pod.status?.phase === 'Failed')
      .flatMap((pod) => pod.status?.containerStatuses ?? [])
      .map((one) => parseTimestamp(one.state.terminated?.finishedAt) ?? 0);
    const dueMs = Math.max(0, ...ends) + Math.min(600_000, 10_000 * 2 ** (failed - 1));
    if (dueMs <= sim.clock.nowMs) return false;
    sim.clock.after(dueMs - sim.clock.nowMs, BACK_OFF, keyOf(job));
    return true;
  }

  #finish(job: Job, pods: readonly Pod[], type: 'Complete' | 'Failed'): void {
    const { sim, store } = this.#context;
    const now = timestamp(sim.clock.nowMs);
    for (const pod of pods.filter(isActive))
      deletePod(this.#context, job, pod, COMPONENT, `Deleted pod: ${pod.metadata.name}`);
    const why =
      type === 'Complete'
        ? { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
        : { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    const conditions: Condition[] = [type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', type].map(
      (name) => ({
        lastProbeTime: now,
        lastTransitionTime: now,
        ...why,
        status: 'True',
        type: name,
      }),
    );
    const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').length;
    const failed = pods.filter((pod) => pod.status?.phase === 'Failed').length;
    this.#report(job, {
      ...(type === 'Complete' ? { completionTime: now } : {}),
      conditions,
      ...(failed > 0 ? { failed } : {}),
      ready: 0,
      startTime: job.status?.startTime ?? now,
      ...(succeeded > 0 ? { succeeded } : {}),
      terminating: 0,
      uncountedTerminatedPods: {},
    });
    const note =
      type === 'Complete'
        ? ({ type: 'Normal', reason: 'Completed', message: 'Job completed' } as const)
        : ({ type: 'Warning', ...why } as const);
    recordEvent(sim, store, { about: job, component: COMPONENT, ...note });
    const { ttlSecondsAfterFinished } = job.spec;
    if (ttlSecondsAfterFinished !== undefined)
      sim.clock.after(ttlSecondsAfterFinished * 1000, EXPIRY, keyOf(job));
  }

  #expire(key: string): void {
    const { sim, store } = this.#context;
    const [namespace, name] = splitKey(key);
    const job = store.get(RESOURCE, namespace, name) as Job | undefined;
    if (job !== undefined && isOver(job))
      deleteObject(sim, store, RESOURCE, namespace, name, { propagation: 'Foreground' });
  }

  #report(job: Job, status: object): void {
    const { resourceVersion: _, ...metadata } = job.metadata;
    updateStatus(this.#context.store, RESOURCE, { ...job, metadata, status });
  }
}

function isOver(job: Job): boolean {
  const { conditions } = job.status ?? {};
  return (
    conditionOf(conditions, 'Complete')?.status === 'True' ||
    conditionOf(conditions, 'Failed')?.status === 'True'
  );
}

function restartsOf(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0);
}
