import type { ControllerContext } from './context.ts';
import type { DaemonSet, StatefulSet } from '../objects/views.ts';
import { createObject } from '../store/registry.ts';

import { controllerUid } from './context.ts';
import { hashOfTemplate } from './template-cache.ts';
import { controllerReference } from './workloads.ts';

const RESOURCE = 'controllerrevisions.apps';

/** Keeps the template of a DaemonSet or StatefulSet as a ControllerRevision; returns its hash. */
export function keepRevision(context: ControllerContext, set: DaemonSet | StatefulSet): string {
  const { sim, store } = context;
  const hash = hashOfTemplate(set.spec.template);
  const name = `${set.metadata.name}-${hash}`;
  const namespace = set.metadata.namespace ?? '';
  if (store.get(RESOURCE, namespace, name) !== undefined) return hash;
  const revisions = store.list(RESOURCE, namespace).filter((one) => controllerUid(one) === set.metadata.uid);
  const newest = Math.max(0, ...revisions.map((one) => Number(one['revision'] ?? 0)));
  createObject(sim, store, RESOURCE, {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace,
      labels: { ...set.spec.template.metadata?.labels, 'controller-revision-hash': hash },
      ...(set.metadata.annotations === undefined ? {} : { annotations: set.metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    data: { spec: { template: { ...set.spec.template, $patch: 'replace' } } },
    revision: newest + 1,
  });
  return hash;
}
