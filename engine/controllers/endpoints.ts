import type { Controller, ControllerContext } from './context.ts';
import type { Json } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Pod, Service, ServicePort } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { byText } from '../base/order.ts';
import { createObject, deleteObject, updateObject } from '../store/registry.ts';
import { isPodFinished, isPodReady, keyOf } from '../objects/views.ts';
import { sameValue } from '../objects/equal.ts';
import { timestamp } from '../objects/time.ts';
import { WorkQueue, splitKey } from './context.ts';
import { controllerReference } from './workloads.ts';
import { matchesLabels } from './selector.ts';

const SLICES = 'endpointslices.discovery.k8s.io';
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time';
const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

const SERVER_TOPIC = 'apiserver/service';

type ServerObject = { readonly resource: string; readonly object: KubeObject };

/** A pod that stands behind a Service, with the numbers of the Service's ports in it. */
type Backend = {
  readonly pod: Pod;
  readonly isReady: boolean;
  readonly ports: readonly (number | undefined)[];
};

/**
 * The controllers of Endpoints and EndpointSlices: the pods behind each Service with a selector, ready or not, and a
 * mirror of Endpoints that people wrote for a Service without one.
 */
export class ServiceEndpoints implements Controller {
  readonly name = 'endpoint-controller';
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.sim.clock.on(SERVER_TOPIC, (data) => this.#serverAgain(data as unknown as ServerObject));
  }

  observe(event: StoreEvent): void {
    if (event.type === 'remove') this.#noteServer(event);
    if (event.resource === 'services' || event.resource === 'endpoints' || event.resource === SLICES)
      this.#noteService(event);
    if (event.resource !== 'pods' || isUnchanged(event.object as Pod, event.previous as Pod | undefined))
      return;
    const labels = [event.object.metadata.labels, event.previous?.metadata.labels];
    for (const service of this.#context.store.list(
      'services',
      event.object.metadata.namespace,
    ) as Service[]) {
      const { selector } = service.spec;
      if (selector !== undefined && labels.some((one) => matchesLabels(selector, one)))
        this.#queue.add(keyOf(service));
    }
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  /** The API server's own Service comes back: it looks about every ten seconds. */
  #noteServer(event: StoreEvent): void {
    const { metadata } = event.object;
    const name = metadata.labels?.[SERVICE_NAME] ?? metadata.name;
    if (metadata.namespace !== 'default' || name !== 'kubernetes') return;
    if (!['services', 'endpoints', SLICES].includes(event.resource)) return;
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...kept } = metadata;
    const object = { ...event.object, metadata: kept } as unknown as Json;
    this.#context.sim.clock.after(12_500, SERVER_TOPIC, { resource: event.resource, object });
  }

  #serverAgain(data: ServerObject): void {
    const { sim, store } = this.#context;
    if (store.list('nodes').length === 0) return;
    if (store.get(data.resource, 'default', data.object.metadata.name) !== undefined) return;
    createObject(sim, store, data.resource, data.object);
  }

  #noteService(event: StoreEvent): void {
    const { namespace, name, labels } = event.object.metadata;
    const service = event.resource === SLICES ? labels?.[SERVICE_NAME] : name;
    if (event.resource === SLICES && event.type === 'put') return;
    if (service !== undefined) this.#queue.add(`${namespace}/${service}`);
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const before = store.revision;
    const service = store.get('services', namespace, name) as Service | undefined;
    if (service === undefined) this.#forget(namespace, name);
    else if (service.spec.selector !== undefined && service.spec.type !== 'ExternalName')
      this.#publish(service);
    else if (service.metadata.name !== 'kubernetes' || namespace !== 'default') this.#mirror(service);
    return store.revision !== before;
  }

  /** The Endpoints of a Service that is gone; its slices go with their owner. */
  #forget(namespace: string, name: string): void {
    const { sim, store } = this.#context;
    const endpoints = store.get('endpoints', namespace, name);
    if (endpoints?.metadata.annotations?.[TRIGGER] !== undefined)
      deleteObject(sim, store, 'endpoints', namespace, name);
  }

  #publish(service: Service): void {
    const backends = this.#backends(service);
    const annotations = { [TRIGGER]: timestamp(this.#context.sim.clock.nowMs) };
    this.#putEndpoints(service, subsetsOf(service, backends), annotations);
    this.#putSlices(service, backends, annotations);
  }

  #backends(service: Service): Backend[] {
    const selector = service.spec.selector ?? {};
    const pods = this.#context.store.list('pods', service.metadata.namespace) as Pod[];
    return pods
      .filter(
        (pod) =>
          matchesLabels(selector, pod.metadata.labels) &&
          pod.status?.podIP !== undefined &&
          !isPodFinished(pod),
      )
      .map((pod) => ({
        pod,
        isReady:
          (service.spec.publishNotReadyAddresses === true || isPodReady(pod)) &&
          pod.metadata.deletionTimestamp === undefined,
        ports: (service.spec.ports ?? []).map((port) => targetPort(pod, port)),
      }))
      .sort((a, b) => byAddress(a.pod.status?.podIP ?? '', b.pod.status?.podIP ?? ''));
  }

  #putEndpoints(
    service: Service,
    subsets: readonly object[],
    trigger: Readonly<Record<string, string>>,
  ): void {
    const { sim, store } = this.#context;
    const { namespace, name } = service.metadata;
    const known = store.get('endpoints', namespace, name);
    const headless = service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
    const labels = { ...service.metadata.labels, ...headless };
    const hasLabels = Object.keys(labels).length > 0;
    if (
      known !== undefined &&
      sameValue(known['subsets'] ?? [], subsets) &&
      sameValue(known.metadata.labels ?? {}, labels)
    )
      return;
    const {
      labels: _,
      resourceVersion: __,
      ...rest
    } = known?.metadata ?? { name, namespace: namespace ?? '' };
    const metadata = {
      ...rest,
      annotations: { ...known?.metadata.annotations, ...trigger },
      ...(hasLabels ? { labels } : {}),
    };
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      ...(subsets.length > 0 ? { subsets } : {}),
    };
    if (known === undefined) createObject(sim, store, 'endpoints', object);
    else updateObject(store, 'endpoints', object);
  }

  #slicesOf(namespace: string | undefined, service: string): KubeObject[] {
    return this.#context.store
      .list(SLICES, namespace)
      .filter((slice) => slice.metadata.labels?.[SERVICE_NAME] === service);
  }

  #putSlices(
    service: Service,
    backends: readonly Backend[],
    trigger: Readonly<Record<string, string>>,
  ): void {
    const groups = new Map<string, { ports: readonly object[]; endpoints: object[] }>();
    for (const backend of backends) {
      const ports = slicePorts(service, backend.ports);
      const key = JSON.stringify(ports);
      const group = groups.get(key) ?? { ports, endpoints: [] };
      group.endpoints.push(sliceEndpoint(backend));
      groups.set(key, group);
    }
    const wanted =
      groups.size > 0 ? [...groups.values()] : [{ ports: [] as object[], endpoints: [] as object[] }];
    this.#writeSlices(service, wanted, trigger, 'endpointslice-controller.k8s.io');
  }

  #writeSlices(
    service: Service,
    wanted: readonly { readonly ports: readonly object[]; readonly endpoints: readonly object[] }[],
    trigger: Readonly<Record<string, string>>,
    manager: string,
  ): void {
    const { sim, store } = this.#context;
    const { namespace, name } = service.metadata;
    const known = this.#slicesOf(namespace, name).filter(
      (slice) => slice.metadata.labels?.[MANAGED_BY] === manager,
    );
    const headless = service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
    const labels = { ...service.metadata.labels, [MANAGED_BY]: manager, [SERVICE_NAME]: name, ...headless };
    wanted.forEach((group, i) => {
      const slice = known[i];
      const content = { addressType: 'IPv4', endpoints: group.endpoints, ports: group.ports };
      if (slice === undefined) {
        const ownerReferences = [controllerReference(service)];
        const metadata = {
          name: '',
          generateName: `${name}-`,
          namespace: namespace ?? '',
          labels,
          annotations: trigger,
          ownerReferences,
        };
        createObject(sim, store, SLICES, {
          ...content,
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata,
        });
        return;
      }
      if (
        sameValue(slice['endpoints'], group.endpoints) &&
        sameValue(slice['ports'], group.ports) &&
        sameValue(slice.metadata.labels, labels)
      )
        return;
      const { resourceVersion: _, ...rest } = slice.metadata;
      updateObject(store, SLICES, {
        ...slice,
        ...content,
        metadata: { ...rest, labels, annotations: { ...rest.annotations, ...trigger } },
      });
    });
    for (const slice of known.slice(wanted.length))
      deleteObject(sim, store, SLICES, namespace, slice.metadata.name);
  }

  /** EndpointSlices of Endpoints that a person wrote (endpointslicemirroring). */
  #mirror(service: Service): void {
    const { store } = this.#context;
    const { namespace, name } = service.metadata;
    const endpoints = store.get('endpoints', namespace, name);
    const subsets = (endpoints?.['subsets'] ?? []) as readonly {
      addresses?: readonly { ip: string }[];
      notReadyAddresses?: readonly { ip: string }[];
      ports?: readonly object[];
    }[];
    if (subsets.length === 0) return;
    const wanted = subsets.map((subset) => ({
      ports: (subset.ports ?? []).map((port) => ({ name: '', ...port })),
      endpoints: [
        ...(subset.addresses ?? []).map((one) => ({ addresses: [one.ip], conditions: { ready: true } })),
        ...(subset.notReadyAddresses ?? []).map((one) => ({
          addresses: [one.ip],
          conditions: { ready: false },
        })),
      ],
    }));
    this.#writeSlices(service, wanted, {}, 'endpointslicemirroring-controller.k8s.io');
  }
}

function isUnchanged(pod: Pod, previous: Pod | undefined): boolean {
  return (
    previous !== undefined &&
    previous.metadata.labels === pod.metadata.labels &&
    previous.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
    previous.status?.podIP === pod.status?.podIP &&
    previous.status?.phase === pod.status?.phase &&
    isPodReady(previous) === isPodReady(pod)
  );
}

/** The port of a pod that a Service's port leads to; undefined when a name has no such container port. */
function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  for (const container of pod.spec.containers) {
    const named = (container.ports ?? []).find(
      (one) => one.name === target && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (named !== undefined) return named.containerPort;
  }
  return undefined;
}

function subsetsOf(service: Service, backends: readonly Backend[]): object[] {
  const groups = new Map<string, { ports: object[]; addresses: object[]; notReadyAddresses: object[] }>();
  for (const backend of backends) {
    const ports = endpointPorts(service, backend.ports);
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, addresses: [], notReadyAddresses: [] };
    const isLeaving = backend.pod.metadata.deletionTimestamp !== undefined;
    if (backend.isReady) group.addresses.push(endpointAddress(service, backend.pod));
    else if (!isLeaving) group.notReadyAddresses.push(endpointAddress(service, backend.pod));
    groups.set(key, group);
  }
  return [...groups.values()]
    .filter((group) => group.addresses.length + group.notReadyAddresses.length > 0)
    .map(({ ports, addresses, notReadyAddresses }) => ({
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }));
}

function endpointPorts(service: Service, numbers: readonly (number | undefined)[]): object[] {
  return (service.spec.ports ?? []).flatMap((port, i) => {
    const number = numbers[i];
    if (number === undefined) return [];
    return [{ ...(port.name ? { name: port.name } : {}), port: number, protocol: port.protocol ?? 'TCP' }];
  });
}

function slicePorts(service: Service, numbers: readonly (number | undefined)[]): object[] {
  return (service.spec.ports ?? []).flatMap((port, i) => {
    const number = numbers[i];
    if (number === undefined) return [];
    const { appProtocol } = port;
    return [
      {
        name: port.name ?? '',
        port: number,
        protocol: port.protocol ?? 'TCP',
        ...(appProtocol ? { appProtocol } : {}),
      },
    ];
  });
}

function endpointAddress(service: Service, pod: Pod): object {
  const isNamed = pod.spec.hostname && pod.spec.subdomain === service.metadata.name;
  return {
    ...(isNamed ? { hostname: pod.spec.hostname } : {}),
    ip: pod.status?.podIP,
    nodeName: pod.spec.nodeName,
    targetRef: targetRef(pod),
  };
}

function sliceEndpoint(backend: Backend): object {
  const { pod } = backend;
  const isLeaving = pod.metadata.deletionTimestamp !== undefined;
  return {
    addresses: [pod.status?.podIP],
    conditions: { ready: backend.isReady, serving: isPodReady(pod), terminating: isLeaving },
    ...(pod.spec.hostname && pod.spec.subdomain ? { hostname: pod.spec.hostname } : {}),
    nodeName: pod.spec.nodeName,
    targetRef: targetRef(pod),
  };
}

function targetRef(pod: Pod): object {
  return { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid };
}

function byAddress(a: string, b: string): number {
  const padded = (text: string): string =>
    text
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.');
  return byText(padded(a), padded(b));
}
