import type { Json, JsonObject } from '../base/json.ts';
import type { Store } from '../store/store.ts';
import { isJsonObject } from '../base/json.ts';

/** Resources of which nothing a learner does depends. */
const LEFT_OUT = new Set(['events', 'leases.coordination.k8s.io']);
const META = new Set([
  'uid',
  'resourceVersion',
  'managedFields',
  'generation',
  'creationTimestamp',
  'ownerReferences',
]);
const VOLATILE = /(Time|Timestamp|ID|startedAt|finishedAt|observedGeneration|renewTime)$/;

/** All objects by `resource/namespace/name` without identifiers, versions and times. */
export function projectionOf(store: Store): JsonObject {
  const projection: Record<string, Json> = {};
  for (const resource of store.resources()) {
    if (LEFT_OUT.has(resource)) continue;
    for (const object of store.list(resource)) {
      const { namespace, name } = object.metadata;
      projection[`${resource}/${namespace ?? ''}/${name}`] = stripped(object as unknown as Json, true);
    }
  }
  return projection;
}

function stripped(value: Json | undefined, isTop: boolean): Json {
  if (Array.isArray(value)) return value.map((item: Json) => stripped(item, false));
  if (!isJsonObject(value)) return value ?? null;
  const kept: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || VOLATILE.test(key)) continue;
    kept[key] = isTop && key === 'metadata' ? withoutMeta(member) : stripped(member as Json, false);
  }
  return kept;
}

function withoutMeta(metadata: unknown): Json {
  const entries = Object.entries((metadata ?? {}) as JsonObject).filter(([key]) => !META.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, stripped(value, false)]));
}
