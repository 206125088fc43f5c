import { invariant } from '../base/assert.ts';
import { KIND_ROWS } from './kinds-data.ts';

/** A subresource as discovery lists it. `group` and `version` are set where its kind belongs to another group. */
export type SubresourceInfo = {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
};

/** What the API server knows of a kind, apart from its schema. */
export type KindInfo = {
  /** Key of the store: the plural, with `.group` unless it is the core group, e.g. `deployments.apps`. */
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  /** As an object spells it: `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceInfo[];
  /** Defined by a CustomResourceDefinition. */
  readonly isCustom: boolean;
  /** `metadata.generation` counts the versions of its spec. */
  readonly hasGeneration: boolean;
  /** Status is written through the `status` subresource only. */
  readonly hasStatus: boolean;
};

const VERBS_STANDARD = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const VERBS_CUSTOM = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

// Kinds whose strategies keep metadata.generation (pkg/registry/*/strategy.go); custom resources all do.
const WITH_GENERATION = new Set([
  'daemonsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'replicationcontrollers',
  'cronjobs.batch',
  'jobs.batch',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'endpointslices.discovery.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'priorityclasses.scheduling.k8s.io',
]);

/** The store's key of a plural in a group. */
export function resourceKey(plural: string, group: string): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Every kind of the cluster, in discovery's order. A kind served in two versions has two entries with one resource key. */
export const KINDS: readonly KindInfo[] = readKinds();

const BY_RESOURCE = indexFirst((kind) => kind.resource);
const BY_PATH = indexFirst((kind) => `${kind.group}/${kind.version}/${kind.plural}`);
const BY_KIND = indexFirst((kind) => `${kind.apiVersion}/${kind.kind}`);

/** The kind with a store key such as `pods` or `deployments.apps` (its first version), or undefined. */
export function kindOfResource(resource: string): KindInfo | undefined {
  return BY_RESOURCE.get(resource);
}

/** As `kindOfResource`, for keys that the engine itself writes. */
export function knownKind(resource: string): KindInfo {
  const kind = BY_RESOURCE.get(resource);
  invariant(kind !== undefined, `${resource} is a kind of the cluster`);
  return kind;
}

/** The kind that a request's path names, or undefined. */
export function kindOfPath(group: string, version: string, plural: string): KindInfo | undefined {
  return BY_PATH.get(`${group}/${version}/${plural}`);
}

/** The kind that an object claims to be, or undefined. Kinds of reviews and other requests are included. */
export function kindOfObject(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): KindInfo | undefined {
  return BY_KIND.get(`${object.apiVersion}/${object.kind}`);
}

function indexFirst(key: (kind: KindInfo) => string): ReadonlyMap<string, KindInfo> {
  const index = new Map<string, KindInfo>();
  for (const kind of KINDS) if (!index.has(key(kind))) index.set(key(kind), kind);
  return index;
}

function readKinds(): readonly KindInfo[] {
  let [group, version] = ['', ''];
  return KIND_ROWS.flatMap((row) => {
    if (!row.startsWith('/')) return kindOfRow(row, group, version);
    const at = row.lastIndexOf('/');
    [group, version] = [row.slice(1, Math.max(1, at)), row.slice(at + 1)];
    return [];
  });
}

function usualPlural(singular: string): string {
  if (singular.endsWith('y')) return `${singular.slice(0, -1)}ies`;
  return singular.endsWith('s') ? `${singular}es` : `${singular}s`;
}

function kindOfRow(row: string, group: string, version: string): KindInfo {
  const parts = row.split('|');
  const [name = '', , , verbs, shortNames = '', categories = '', subresources = ''] = parts;
  const isNamespaced = !name.startsWith('-');
  const kind = isNamespaced ? name : name.slice(1);
  const singular = parts[2] || kind.toLowerCase();
  const plural = parts[1] || usualPlural(kind.toLowerCase());
  const resource = resourceKey(plural, group);
  const isCustom = group === 'cilium.io';
  const subs = words(subresources).map((text) => subresourceOf(text, kind));
  return {
    resource,
    group,
    version,
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    listKind: `${kind}List`,
    plural,
    singular,
    shortNames: words(shortNames),
    isNamespaced,
    categories: words(categories),
    verbs: verbs ? verbs.split(',') : isCustom ? VERBS_CUSTOM : VERBS_STANDARD,
    subresources: subs,
    isCustom,
    hasGeneration: isCustom || WITH_GENERATION.has(resource),
    hasStatus: subs.some((sub) => sub.name === 'status'),
  };
}

function subresourceOf(text: string, kind: string): SubresourceInfo {
  if (text === 'status') return { name: 'status', kind, verbs: ['get', 'patch', 'update'] };
  if (text === 'scale') {
    return {
      name: 'scale',
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    };
  }
  const [name = '', path = '', verbs = ''] = text.split(':');
  const parts = path.split('/');
  const [group, version, foreign] = parts;
  if (foreign === undefined || group === undefined || version === undefined)
    return { name, kind: path, verbs: verbs.split(',') };
  return { name, group, version, kind: foreign, verbs: verbs.split(',') };
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}
