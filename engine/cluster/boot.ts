import type { BootObject } from './boot-objects.ts';
import type { Cluster } from './cluster.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { ClusterWorld } from './networking.ts';
import type { NodeSpec, WorldSpec } from './world.ts';
import { canonicalJson } from '../base/json.ts';
import { createObject } from '../store/registry.ts';
import { invariant } from '../base/assert.ts';
import { kindOfObject } from '../objects/kinds.ts';
import { timestamp } from '../objects/time.ts';
import { networkingOf } from './networking.ts';
import { recordEvent } from '../controllers/events.ts';
import { apiServerObjects, BOOT_NAMESPACES, bootObject, clusterObjects, staticPods } from './boot-objects.ts';
import { ciliumObjects, DEFAULT_CILIUM } from './boot-cilium.ts';
import { RECORDED_WORLD, recordedObjects } from './boot-recorded.ts';
import { serverObjects } from './boot-server.ts';
import { nodeLease, nodeObject } from './boot-nodes.ts';
import { createCustomResources } from './boot-crds.ts';

/** How long after the boot a world's own objects are applied, ms: Cilium is up by then. */
const APPLY_AFTER_MS = 60_000;

/** Boots a new cluster and brings it to the present of the clock. */
export function bootCluster(sim: Simulation, cluster: Cluster, world: WorldSpec): void {
  const presentMs = sim.clock.nowMs;
  const isFree = sim.clock.nextDueMs() === undefined;
  const uptimeMs = isFree ? Math.max(0, world.uptimeSeconds * 1000) : 0;
  if (uptimeMs > 0) sim.clock.beginAt(presentMs - uptimeMs);
  cluster.muteEventsUntil(presentMs);
  installBase(sim, cluster, world);
  if (world.hasCilium) install(sim, cluster, ciliumObjects(DEFAULT_CILIUM, timestamp(sim.clock.nowMs)));
  cluster.settle(true);
  if (uptimeMs === 0) {
    applyAll(cluster, world.objects);
    return;
  }
  passTime(sim, cluster, Math.min(presentMs, presentMs - uptimeMs + APPLY_AFTER_MS));
  applyAll(cluster, world.objects);
  passTime(sim, cluster, presentMs);
  cluster.settle();
}

/** Lets time pass up to an instant, settling after each timer. */
function passTime(sim: Simulation, cluster: Cluster, untilMs: number): void {
  while (sim.clock.fireNext(untilMs)) cluster.settle(true);
  sim.clock.advanceTo(untilMs);
  cluster.settle(true);
}

function installBase(sim: Simulation, cluster: Cluster, world: WorldSpec): void {
  const { store } = cluster;
  const { serviceSubnet, version } = networkingOf(world);
  const isRecorded = world.name === RECORDED_WORLD;
  const namespaces = BOOT_NAMESPACES.filter((name) => !isRecorded || name !== 'local-path-storage');
  for (const name of namespaces)
    createObject(sim, store, 'namespaces', bootObject('v1', 'Namespace', { name }));
  const hasCustom = world.hasCilium || isRecorded;
  const controlPlane = world.nodes.filter((node) => node.isControlPlane);
  for (const spec of world.nodes) {
    const node = registerNode(sim, cluster, world, spec);
    if (!spec.isControlPlane || isRecorded) continue;
    for (const pod of staticPods(spec, node.metadata.uid ?? '', version))
      createObject(sim, store, 'pods', pod);
  }
  const addresses = controlPlane.map((node) => node.address);
  install(sim, cluster, serverObjects(false));
  createCustomResources(sim, store, hasCustom);
  install(sim, cluster, apiServerObjects(addresses, serviceSubnet));
  install(sim, cluster, isRecorded ? recordedObjects() : clusterObjects(networkingOf(world)));
}

/** A kubelet registers its node: the Node, its lease, the controller's event. */
export function registerNode(
  sim: Simulation,
  cluster: Cluster,
  world: ClusterWorld,
  spec: NodeSpec,
): KubeObject {
  const { store } = cluster;
  const node = createObject(sim, store, 'nodes', nodeObject(world, spec, sim.clock.nowMs));
  createObject(
    sim,
    store,
    'leases.coordination.k8s.io',
    nodeLease(spec, node.metadata.uid ?? '', sim.clock.nowMs),
  );
  recordEvent(sim, store, {
    about: node,
    type: 'Normal',
    reason: 'RegisteredNode',
    message: `Node ${spec.name} event: Registered Node ${spec.name} in Controller`,
    component: 'node-controller',
  });
  return node;
}

/** Creates objects, each of its resource. */
export function install(sim: Simulation, cluster: Cluster, objects: readonly BootObject[]): void {
  for (const [resource, object] of objects) createObject(sim, cluster.store, resource, object);
}

function applyAll(cluster: Cluster, objects: readonly KubeObject[]): void {
  for (const object of objects) {
    apply(cluster, object);
    cluster.settle(true);
  }
}

/** Creates an object through the API server, with the annotation that `kubectl apply` would leave. */
function apply(cluster: Cluster, object: KubeObject): void {
  const kind = kindOfObject(object);
  invariant(kind !== undefined, `a world's object has a known kind, not ${object.apiVersion}/${object.kind}`);
  const namespace = kind.isNamespaced ? (object.metadata.namespace ?? 'default') : undefined;
  const placed = {
    ...object,
    metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) },
  };
  const bare = {
    ...placed,
    metadata: { ...placed.metadata, annotations: placed.metadata.annotations ?? {} },
  };
  const annotations = {
    ...placed.metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': `${canonicalJson(bare)}\n`,
  };
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const path = `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.plural}`;
  const body = { ...placed, metadata: { ...placed.metadata, annotations } } as unknown as JsonObject;
  const response = cluster.handle({
    method: 'POST',
    path,
    query: { fieldManager: 'kubectl-client-side-apply' },
    body,
  });
  if (response.kind === 'json' && response.status < 400) return;
  const why = response.kind === 'json' ? String(response.body['message']) : response.kind;
  const isThere = response.kind === 'json' && response.status === 409;
  invariant(isThere, `a world's object is accepted: ${object.kind} ${object.metadata.name}: ${why}`);
}
