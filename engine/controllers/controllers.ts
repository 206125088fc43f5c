import type { Controller, ControllerContext } from './context.ts';
import type { Json } from '../base/json.ts';
import type { Pod } from '../objects/views.ts';
import { invariant } from '../base/assert.ts';
import { DaemonSets } from './daemon-sets.ts';
import { Deployments } from './deployments.ts';
import { Disruptions } from './disruption.ts';
import { Quotas } from './quotas.ts';
import { Volumes } from './volumes.ts';
import { Garbage } from './garbage.ts';
import { Jobs } from './jobs.ts';
import { Kubelets } from './kubelet.ts';
import { Ingresses } from './ingresses.ts';
import { LoadBalancers } from './load-balancers.ts';
import { Namespaces } from './namespaces.ts';
import { Nodes } from './nodes.ts';
import { ReplicaSets } from './replica-sets.ts';
import { Scheduler } from './scheduler.ts';
import { ServiceEndpoints } from './endpoints.ts';
import { StatefulSets } from './stateful-sets.ts';

/** Rounds until nothing moves any more; a rollout of hundreds of pods needs a few. More means two controllers fight. */
const ROUNDS_MAX = 200;

/** All controllers of one cluster, fed from the store's log and run until none of them has anything left to do. */
export class Controllers {
  readonly #context: ControllerContext;
  readonly #kubelets: Kubelets;
  readonly #all: readonly Controller[];
  #seen: number;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#kubelets = new Kubelets(context);
    this.#all = [
      new Namespaces(context),
      new Nodes(context),
      new Deployments(context),
      new DaemonSets(context),
      new StatefulSets(context),
      new Jobs(context),
      new ReplicaSets(context),
      new Scheduler(context),
      this.#kubelets,
      new ServiceEndpoints(context),
      new LoadBalancers(context),
      new Ingresses(context),
      new Disruptions(context),
      new Volumes(context),
      new Quotas(context),
      new Garbage(context),
    ];
    this.#seen = context.store.revision;
    this.#observeAll();
  }

  /** Runs to quiescence; true when anything was done. Costs nothing when the store and the queues are unchanged. */
  run(): boolean {
    let isBusy = false;
    for (let round = 0; ; round++) {
      invariant(round < ROUNDS_MAX, 'the controllers come to rest');
      if (!this.#round()) return isBusy;
      isBusy = true;
    }
  }

  /** The main program of a container ended by itself, at a terminal that was attached to it. */
  endContainer(pod: Pod, container: string, exitCode: number): void {
    this.#kubelets.endContainer(pod, container, exitCode);
  }

  /** What the controllers remember outside of the store, for keyframes. */
  state(): Json {
    return { addresses: this.#kubelets.state() };
  }

  /** Continues from a state, after the store was restored. */
  restore(state: Json): void {
    const addresses = (state as { readonly addresses?: Json } | null)?.addresses;
    this.#kubelets.restore(addresses ?? null);
    this.#seen = this.#context.store.revision;
    this.#observeAll();
  }

  #round(): boolean {
    this.#feed();
    let isBusy = false;
    for (const controller of this.#all) {
      isBusy = controller.reconcile() || isBusy;
      this.#feed();
    }
    return isBusy;
  }

  #feed(): void {
    const { store } = this.#context;
    if (store.revision === this.#seen) return;
    const events = store.eventsSince(this.#seen);
    this.#seen = store.revision;
    for (const event of events) {
      if (event.resource === 'events') continue;
      for (const controller of this.#all) controller.observe(event);
    }
  }

  /** What is there already counts as new. */
  #observeAll(): void {
    const { store } = this.#context;
    for (const resource of store.resources()) {
      for (const object of store.list(resource)) {
        const event = {
          revision: this.#seen,
          atMs: this.#context.sim.clock.nowMs,
          type: 'put',
          resource,
          object,
        } as const;
        for (const controller of this.#all) controller.observe(event);
      }
    }
  }
}
