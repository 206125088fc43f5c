import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Service } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { controllerReference } from './workloads.ts';
import { createObject, deleteObject, updateStatus } from '../store/registry.ts';
import { sameValue } from '../objects/equal.ts';

const INGRESSES = 'ingresses.networking.k8s.io';
const CLASSES = 'ingressclasses.networking.k8s.io';
const CONTROLLER = 'cilium.io/ingress-controller';
const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
/** What stands behind an ingress' Service: no machine, but the sign for the Envoy of the node (operator/pkg/ingress). */
const ENVOY = { ip: '192.192.192.192', port: 9999 };

type Ingress = KubeObject & {
  readonly spec?: { readonly ingressClassName?: string };
  readonly status?: { readonly loadBalancer?: object };
};

/**
 * Cilium's ingress controller: for each Ingress of its class a Service of type LoadBalancer (a dedicated one, or the shared
 * one of the installation), and in the Ingress' status where it is reached. Works while cilium-config turns it on.
 */
export class Ingresses implements Controller {
  readonly name = 'cilium-ingress';
  readonly #context: ControllerContext;
  #isDue = false;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    const isOurs =
      event.resource === 'services' && event.object.metadata.labels?.['cilium.io/ingress'] === 'true';
    const isConfig = event.resource === 'configmaps' && event.object.metadata.name === 'cilium-config';
    if (isOurs || isConfig || event.resource === INGRESSES || event.resource === CLASSES) this.#isDue = true;
  }

  reconcile(): boolean {
    if (!this.#isDue) return false;
    this.#isDue = false;
    const { store } = this.#context;
    const config = store.get('configmaps', 'kube-system', 'cilium-config')?.['data'] as
      | Readonly<Record<string, string>>
      | undefined;
    if (config?.['enable-ingress-controller'] !== 'true') return false;
    const before = store.revision;
    for (const ingress of store.list(INGRESSES) as Ingress[]) {
      if (ingress.metadata.deletionTimestamp !== undefined) continue;
      if (this.#isMine(ingress)) this.#sync(ingress, config);
    }
    return store.revision !== before;
  }

  #isMine(ingress: Ingress): boolean {
    const { store } = this.#context;
    const wanted =
      ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
    const mine = store
      .list(CLASSES)
      .filter(
        (one) => (one['spec'] as { readonly controller?: string } | undefined)?.controller === CONTROLLER,
      );
    if (wanted !== undefined) return wanted === 'cilium' || mine.some((one) => one.metadata.name === wanted);
    return mine.some((one) => one.metadata.annotations?.[IS_DEFAULT] === 'true');
  }

  #sync(ingress: Ingress, config: Readonly<Record<string, string>>): void {
    const { store } = this.#context;
    const mode =
      ingress.metadata.annotations?.['ingress.cilium.io/loadbalancer-mode'] ??
      config['ingress-default-lb-mode'];
    const isShared = mode === 'shared';
    const own = `cilium-ingress-${ingress.metadata.name}`;
    const name = isShared ? (config['ingress-shared-lb-service-name'] ?? 'cilium-ingress') : own;
    const namespace = isShared ? 'kube-system' : (ingress.metadata.namespace ?? 'default');
    if (isShared && store.get('services', ingress.metadata.namespace, own) !== undefined)
      deleteObject(this.#context.sim, store, 'services', ingress.metadata.namespace, own);
    if (!isShared && store.get('services', namespace, name) === undefined) this.#createService(ingress, name);
    if (store.get('endpoints', namespace, name) === undefined) this.#createEndpoints(namespace, name);
    const service = store.get('services', namespace, name) as
      | (Service & { readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly object[] } } })
      | undefined;
    const addresses = service?.status?.loadBalancer?.ingress;
    const ports = (service?.spec.ports ?? []).map(({ port }) => ({ port, protocol: 'TCP' }));
    const loadBalancer =
      addresses === undefined
        ? {}
        : { ingress: addresses.map((one) => ({ ip: (one as { ip?: string }).ip, ports })) };
    if (sameValue(ingress.status?.loadBalancer ?? {}, loadBalancer)) return;
    const { resourceVersion: _, ...metadata } = ingress.metadata;
    updateStatus(store, INGRESSES, {
      ...ingress,
      metadata,
      status: { loadBalancer },
    } as unknown as KubeObject);
  }

  #createService(ingress: Ingress, name: string): void {
    const { sim, store } = this.#context;
    const type = ingress.metadata.annotations?.['ingress.cilium.io/service-type'] ?? 'LoadBalancer';
    const port = (of: string, number: number): object => ({ name: of, port: number, protocol: 'TCP' });
    createObject(sim, store, 'services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name,
        namespace: ingress.metadata.namespace ?? 'default',
        labels: { 'cilium.io/ingress': 'true' },
        ownerReferences: [controllerReference(ingress)],
      },
      spec: { type, externalTrafficPolicy: 'Cluster', ports: [port('http', 80), port('https', 443)] },
    } as unknown as KubeObject);
  }

  #createEndpoints(namespace: string, name: string): void {
    const port = (of: string): object => ({ name: of, port: ENVOY.port, protocol: 'TCP' });
    createObject(this.#context.sim, this.#context.store, 'endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace, labels: { 'cilium.io/ingress': 'true' } },
      subsets: [{ addresses: [{ ip: ENVOY.ip }], ports: [port('http'), port('https')] }],
    } as unknown as KubeObject);
  }
}
