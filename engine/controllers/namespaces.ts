import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StoreEvent } from '../store/store.ts';
import { KINDS } from '../objects/kinds.ts';
import { createObject, deleteObject, updateStatus } from '../store/registry.ts';
import { WorkQueue } from './context.ts';

const TOPIC = 'namespace/finalize';
const ROOT_CA = 'kube-root-ca.crt';

/** A certificate that looks like one: nothing in the virtual world reads it. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${'MIIDBTCCAe2gAwIBAgIIVmlydHVhbENBMA0GCSqGSIb3DQEBCwUAMBUxEzARBgNV\n'.repeat(3)}-----END CERTIFICATE-----\n`;

/**
 * What every namespace has (ConfigMap kube-root-ca.crt, ServiceAccount default) and how one goes: its content is
 * deleted, then it stays Terminating for some seconds, as in a real cluster.
 */
export class Namespaces implements Controller {
  readonly name = 'namespace-controller';
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.sim.clock.on(TOPIC, (data) => this.#finalize(String(data)));
  }

  observe(event: StoreEvent): void {
    const { namespace, name } = event.object.metadata;
    if (event.resource === 'namespaces') {
      if (event.type === 'put') this.#queue.add(name);
      return;
    }
    const isDefault =
      (event.resource === 'configmaps' && name === ROOT_CA) ||
      (event.resource === 'serviceaccounts' && name === 'default');
    if (isDefault && event.type === 'remove' && namespace !== undefined) this.#queue.add(namespace);
  }

  reconcile(): boolean {
    return this.#queue.drain((name) => this.#sync(name));
  }

  #sync(name: string): boolean {
    const namespace = this.#context.store.get('namespaces', undefined, name);
    if (namespace === undefined) return false;
    if (namespace.metadata.deletionTimestamp !== undefined) return this.#empty(namespace);
    return this.#furnish(name);
  }

  #furnish(namespace: string): boolean {
    const { sim, store } = this.#context;
    let isBusy = false;
    if (store.get('serviceaccounts', namespace, 'default') === undefined) {
      createObject(sim, store, 'serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace },
      });
      isBusy = true;
    }
    if (store.get('configmaps', namespace, ROOT_CA) === undefined) {
      const annotations = {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      };
      const metadata = { name: ROOT_CA, namespace, annotations };
      createObject(sim, store, 'configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata,
        data: { 'ca.crt': CERTIFICATE },
      });
      isBusy = true;
    }
    return isBusy;
  }

  #empty(namespace: KubeObject): boolean {
    const { sim } = this.#context;
    const { name } = namespace.metadata;
    const known = (namespace['status'] as { conditions?: readonly unknown[] } | undefined)?.conditions;
    if (known !== undefined) return false;
    this.#deleteContent(name);
    const time = namespace.metadata.deletionTimestamp;
    const conditions = GONE_CONDITIONS.map(([type, reason, message]) => ({
      type,
      status: 'False',
      reason,
      message,
      lastTransitionTime: time,
    }));
    const { resourceVersion: _, ...metadata } = namespace.metadata;
    updateStatus(this.#context.store, 'namespaces', {
      ...namespace,
      metadata,
      status: { phase: 'Terminating', conditions },
    });
    sim.clock.after(sim.random.integer('namespace', 5_000, 6_500), TOPIC, name);
    return true;
  }

  /** Deletes everything in a namespace; true when nothing was left to delete. */
  #deleteContent(namespace: string): boolean {
    const { sim, store } = this.#context;
    let isEmpty = true;
    for (const resource of NAMESPACED) {
      for (const object of store.list(resource, namespace)) {
        isEmpty = false;
        if (object.metadata.deletionTimestamp !== undefined) continue;
        deleteObject(sim, store, resource, namespace, object.metadata.name, { propagation: 'Background' });
      }
    }
    return isEmpty;
  }

  #finalize(name: string): void {
    const { sim, store } = this.#context;
    const namespace = store.get('namespaces', undefined, name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    if (this.#deleteContent(name)) store.remove('namespaces', undefined, name);
    else sim.clock.after(1_000, TOPIC, name);
  }
}

// Workloads go before their pods, so that nothing is made again; events go last.
const NAMESPACED: readonly string[] = [
  ...new Set(
    KINDS.filter((kind) => kind.isNamespaced && kind.resource !== 'events').map((kind) => kind.resource),
  ),
]
  .sort((a, b) => Number(a === 'pods') - Number(b === 'pods'))
  .concat('events');

const GONE_CONDITIONS: readonly (readonly [type: string, reason: string, message: string])[] = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  [
    'NamespaceDeletionGroupVersionParsingFailure',
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  ],
  [
    'NamespaceDeletionContentFailure',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  ['NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'],
  ['NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
];
