import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { KubeObject } from '../../objects/api.ts';
import { kindOfObject } from '../../objects/kinds.ts';
import { structOfKind } from '../../objects/types.ts';
import type { Process } from '../../shell/program.ts';
import { at, type Client, listAt, numberAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { jsonThreeWayPatch, strategicThreeWayPatch } from '../kubectl/merge.ts';
import { HelmFailure } from './failure.ts';

/** Whose objects they are. */
export type Owner = { readonly name: string; readonly namespace: string };

/** The paths of an object's collection and of itself. */
export function pathsOf(object: KubeObject): { readonly all: string; readonly one: string } {
  const kind = kindOfObject(object);
  if (kind === undefined)
    throw new HelmFailure(
      `unable to recognize "": no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}`,
    );
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace = kind.isNamespaced ? `/namespaces/${object.metadata.namespace ?? 'default'}` : '';
  const all = `${root}${namespace}/${kind.plural}`;
  return { all, one: `${all}/${object.metadata.name}` };
}

/** An object as the cluster has it; undefined when it is not there. */
export function liveObject(client: Client, object: KubeObject): JsonObject | undefined {
  try {
    return client.get(pathsOf(object).one);
  } catch (error) {
    if (error instanceof ApiError && error.status.code === 404) return undefined;
    throw error;
  }
}

/** Which objects exist already and belong to nobody or to another release (action.existingResourceConflict). */
export function foreignObject(
  client: Client,
  objects: readonly KubeObject[],
  owner: Owner,
): string | undefined {
  for (const object of objects) {
    const live = liveObject(client, object);
    if (live === undefined) continue;
    const faults = ownershipFaults(live, owner);
    if (faults.length === 0) continue;
    const { name, namespace } = object.metadata;
    const where = kindOfObject(object)?.isNamespaced === true ? (namespace ?? '') : '';
    return `${object.kind} ${JSON.stringify(name)} in namespace ${JSON.stringify(where)} exists and cannot be imported into the current release: invalid ownership metadata; ${faults.join('; ')}`;
  }
  return undefined;
}

function ownershipFaults(live: JsonObject, owner: Owner): readonly string[] {
  const fault = (kind: string, key: string, is: string, want: string): string[] => {
    if (is === want) return [];
    return [
      is === ''
        ? `${kind} validation error: missing key ${JSON.stringify(key)}: must be set to ${JSON.stringify(want)}`
        : `${kind} validation error: key ${JSON.stringify(key)} must equal ${JSON.stringify(want)}: current value is ${JSON.stringify(is)}`,
    ];
  };
  const annotation = (key: string, want: string): string[] =>
    fault('annotation', key, textAt(live, 'metadata', 'annotations', key), want);
  const label = 'app.kubernetes.io/managed-by';
  return [
    ...fault('label', label, textAt(live, 'metadata', 'labels', label), 'Helm'),
    ...annotation('meta.helm.sh/release-name', owner.name),
    ...annotation('meta.helm.sh/release-namespace', owner.namespace),
  ];
}

/** Creates what is missing, patches what differs from what the release had, deletes what it no longer has (kube.Client.Update). */
export function deploy(client: Client, before: readonly KubeObject[], after: readonly KubeObject[]): void {
  const old = new Map(before.map((object) => [pathsOf(object).one, object] as const));
  for (const object of after) {
    const { all, one } = pathsOf(object);
    const live = liveObject(client, object);
    if (live === undefined) client.post(all, object as unknown as JsonObject, { fieldManager: 'helm' });
    else patch(client, one, { before: old.get(one) ?? object, after: object, live });
    old.delete(one);
  }
  for (const object of old.values()) removeObject(client, object);
}

function patch(
  client: Client,
  path: string,
  objects: { readonly before: KubeObject; readonly after: KubeObject; readonly live: JsonObject },
): void {
  const { live } = objects;
  const before = objects.before as unknown as JsonObject;
  const after = objects.after as unknown as JsonObject;
  const struct = structOfKind(objects.after.apiVersion, objects.after.kind);
  const body =
    struct === undefined
      ? jsonThreeWayPatch(before, after, live)
      : strategicThreeWayPatch(before, after, live, struct);
  if (Object.keys(body).length === 0) return;
  client.patch(path, struct === undefined ? 'merge' : 'strategic', body, { fieldManager: 'helm' });
}

/** Deletes an object in the background; one that is gone already is no fault. */
export function removeObject(client: Client, object: KubeObject, propagation = 'Background'): void {
  try {
    client.delete(pathsOf(object).one, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
    });
  } catch (error) {
    if (!(error instanceof ApiError && error.status.code === 404)) throw error;
  }
}

const POLL_MS = 2000;

/** Waits until everything is ready; false when the time (ms) is up. */
export async function waitUntilReady(
  process: Process,
  client: Client,
  objects: readonly KubeObject[],
  limits: { readonly timeoutMs: number; readonly isStrict: boolean },
): Promise<boolean> {
  const deadlineMs = process.sys.nowMs() + limits.timeoutMs;
  const isDone = (object: KubeObject): boolean =>
    isReady(liveObject(client, object), object.kind, limits.isStrict);
  for (;;) {
    if (objects.every(isDone)) return true;
    if (process.sys.nowMs() + POLL_MS > deadlineMs) {
      await process.sys.sleep(Math.max(0, deadlineMs - process.sys.nowMs()));
      return false;
    }
    await process.sys.sleep(POLL_MS);
  }
}

/** Waits until objects are gone; false when the time is up. */
export async function waitUntilGone(
  process: Process,
  client: Client,
  objects: readonly KubeObject[],
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = process.sys.nowMs() + timeoutMs;
  while (objects.some((object) => liveObject(client, object) !== undefined)) {
    if (process.sys.nowMs() >= deadlineMs) return false;
    await process.sys.sleep(POLL_MS);
  }
  return true;
}

/** A number that may be a share of a whole, as `25%`. */
function scaled(value: Json | undefined, whole: number, roundsUp: boolean): number {
  if (typeof value === 'number') return value;
  const share = /^(\d+)%$/.exec(typeof value === 'string' ? value : '');
  if (share === null) return 0;
  const exact = (Number(share[1]) * whole) / 100;
  return roundsUp ? Math.ceil(exact) : Math.floor(exact);
}

/** What helm 3 takes for ready (pkg/kube/ready.go); `isStrict`: every pod, as helm 4's status watcher wants it. */
function isReady(object: JsonObject | undefined, kind: string, isStrict: boolean): boolean {
  if (object === undefined) return false;
  const status = (name: string): number => numberAt(object, 'status', name);
  const seen = numberAt(object, 'metadata', 'generation') === status('observedGeneration');
  if (kind === 'Deployment') {
    const replicas = isJsonObject(object['spec']) ? numberAt(object, 'spec', 'replicas') : 1;
    const spare = scaled(at(object, 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable'), replicas, false);
    const rolled = status('updatedReplicas') >= Math.min(replicas, status('replicas'));
    return seen && rolled && status('readyReplicas') >= replicas - (isStrict ? 0 : spare);
  }
  if (kind === 'DaemonSet') {
    const desired = status('desiredNumberScheduled');
    const spare = scaled(
      at(object, 'spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable'),
      desired,
      true,
    );
    return (
      seen &&
      status('updatedNumberScheduled') === desired &&
      status('numberReady') >= desired - (isStrict ? 0 : spare)
    );
  }
  if (kind === 'Service' && textAt(object, 'spec', 'type') === 'LoadBalancer') {
    const outside = listAt(object, 'spec', 'externalIPs').length > 0;
    return outside || listAt(object, 'status', 'loadBalancer', 'ingress').length > 0;
  }
  return true;
}
