import type { KindInfo } from '../objects/kinds.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../store/registry.ts';
import { customServices } from './boot-server.ts';
import { KINDS } from '../objects/kinds.ts';
import { timestamp } from '../objects/time.ts';

const RESOURCE = 'customresourcedefinitions.apiextensions.k8s.io';

const AGE = { jsonPath: '.metadata.creationTimestamp', name: 'Age', type: 'date' };
const VALID = { jsonPath: ".status.conditions[?(@.type=='Valid')].status", name: 'Valid', type: 'string' };

/** The columns that the definitions of policies name. */
const COLUMNS: ReadonlyMap<string, readonly object[]> = new Map([
  ['ciliumnetworkpolicies.cilium.io', [AGE, VALID]],
  ['ciliumclusterwidenetworkpolicies.cilium.io', [VALID]],
]);

/** Creates the CustomResourceDefinitions of Cilium, as its operator does when it starts. Schemas live in objects/cilium. */
export function createCustomResources(sim: Simulation, store: Store, hasCilium: boolean): void {
  if (!hasCilium) return;
  for (const object of customResources(timestamp(sim.clock.nowMs)))
    if (store.get(RESOURCE, undefined, object.metadata.name) === undefined)
      createObject(sim, store, RESOURCE, object);
  for (const [resource, object] of customServices())
    if (store.get(resource, undefined, object.metadata.name) === undefined)
      createObject(sim, store, resource, object);
}

/** The definitions of all custom kinds that are served, one a plural. */
export function customResources(now: string): KubeObject[] {
  const byPlural = new Map<string, KindInfo[]>();
  for (const kind of KINDS) {
    if (kind.isCustom) byPlural.set(kind.resource, [...(byPlural.get(kind.resource) ?? []), kind]);
  }
  return [...byPlural]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, kinds]) => definition(name, kinds, now));
}

function definition(name: string, kinds: readonly KindInfo[], now: string): KubeObject {
  const [first] = kinds;
  const names = {
    categories: first?.categories ?? [],
    kind: first?.kind,
    listKind: first?.listKind,
    plural: first?.plural,
    shortNames: first?.shortNames ?? [],
    singular: first?.singular,
  };
  const condition = (type: string, reason: string, message: string): object => ({
    lastTransitionTime: now,
    message,
    reason,
    status: 'True',
    type,
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, labels: { 'io.cilium.k8s.crd.schema.version': '1.33.1' } },
    spec: {
      conversion: { strategy: 'None' },
      group: first?.group,
      names,
      scope: first?.isNamespaced === true ? 'Namespaced' : 'Cluster',
      versions: kinds.map((kind, i) => ({
        ...(COLUMNS.has(name) ? { additionalPrinterColumns: COLUMNS.get(name) } : {}),
        name: kind.version,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        served: true,
        storage: i === 0,
        subresources: kind.hasStatus ? { status: {} } : {},
      })),
    },
    status: {
      acceptedNames: names,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      storedVersions: [first?.version],
    },
  };
}
