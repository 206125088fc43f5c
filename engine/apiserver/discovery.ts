import { deepFreeze, type JsonObject } from '../base/json.ts';
import type { KindInfo, SubresourceInfo } from '../objects/kinds.ts';
import { KINDS } from '../objects/kinds.ts';

/** A group with its versions, the preferred one first, in discovery's order. */
type Group = { readonly name: string; readonly versions: Map<string, KindInfo[]> };

const GROUPS: readonly Group[] = groupsOf(KINDS);

/** Which kinds a server serves: a custom one only while its definition is there. */
export type Served = (kind: KindInfo) => boolean;

const CUSTOM = KINDS.filter((kind) => kind.isCustom);
/** Served custom kinds → the groups as they are then. Definitions rarely come and go; a learner may make a few sets of them. */
const known = new Map<string, readonly Group[]>();
const KNOWN_MAX = 8;

/** The groups that are served now. */
function groupsNow(isServed: Served): readonly Group[] {
  const missing = CUSTOM.filter((kind) => !isServed(kind));
  if (missing.length === 0) return GROUPS;
  const key = missing.map((kind) => kind.resource).join(' ');
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  const groups = groupsOf(KINDS.filter((kind) => !missing.includes(kind)));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, groups);
  return groups;
}

/** True when a version of a group is served. */
export function hasVersion(name: string, version: string, isServed: Served): boolean {
  return groupsNow(isServed).some((group) => group.name === name && group.versions.has(version));
}

const documents = new WeakMap<readonly Group[], Map<boolean, JsonObject>>();

/** The aggregated discovery document of `/api` (core) or `/apis` (the rest); frozen, the same value while the same is served. */
export function aggregatedDiscovery(isCore: boolean, isServed: Served): JsonObject {
  const groups = groupsNow(isServed);
  const made = documents.get(groups) ?? new Map<boolean, JsonObject>();
  documents.set(groups, made);
  const kept = made.get(isCore) ?? deepFreeze(aggregated(groups, isCore));
  made.set(isCore, kept);
  return kept;
}

function aggregated(groups: readonly Group[], isCore: boolean): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups
      .filter((group) => (group.name === '') === isCore)
      .map((group) => ({
        metadata: { ...(group.name === '' ? {} : { name: group.name }), creationTimestamp: null },
        versions: [...group.versions].map(([version, kinds]) => ({
          version,
          resources: kinds.map(aggregatedResource),
          freshness: 'Current',
        })),
      })),
  };
}

/** `/api` for clients that do not know aggregated discovery. */
export function coreVersions(serverAddress: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis` for clients that do not know aggregated discovery. */
export function groupList(isServed: Served): JsonObject {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupsNow(isServed)
      .filter((group) => group.name !== '')
      .map(groupEntry),
  };
}

/** `/apis/GROUP`, or undefined. */
export function groupDocument(name: string, isServed: Served): JsonObject | undefined {
  const group = groupsNow(isServed).find((one) => one.name === name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

/** `/api/v1` or `/apis/GROUP/VERSION`, or undefined. */
export function resourceList(name: string, version: string, isServed: Served): JsonObject | undefined {
  const kinds = groupsNow(isServed)
    .find((one) => one.name === name)
    ?.versions.get(version);
  if (kinds === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    ...(name === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: name === '' ? version : `${name}/${version}`,
    resources: kinds.flatMap((kind) => [
      resourceEntry(kind),
      ...kind.subresources.map((sub) => subresourceEntry(kind, sub)),
    ]),
  };
}

function groupEntry(group: Group): JsonObject {
  const versions = [...group.versions.keys()].map((version) => ({
    groupVersion: `${group.name}/${version}`,
    version,
  }));
  return {
    name: group.name,
    versions,
    ...(versions[0] === undefined ? {} : { preferredVersion: versions[0] }),
  };
}

function resourceEntry(kind: KindInfo): JsonObject {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.isNamespaced,
    kind: kind.kind,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
  };
}

function subresourceEntry(kind: KindInfo, sub: SubresourceInfo): JsonObject {
  return {
    name: `${kind.plural}/${sub.name}`,
    singularName: '',
    namespaced: kind.isNamespaced,
    ...(sub.group === undefined ? {} : { group: sub.group, version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

function aggregatedResource(kind: KindInfo): JsonObject {
  return {
    resource: kind.plural,
    responseKind: responseKind(kind, kind.kind, undefined),
    scope: kind.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.subresources.length > 0
      ? {
          subresources: kind.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: responseKind(kind, sub.kind, sub),
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}

// The real server leaves group and version empty where they are those of the document.
function responseKind(kind: KindInfo, name: string, sub: SubresourceInfo | undefined): JsonObject {
  if (sub?.group !== undefined) return { group: sub.group, version: sub.version, kind: name };
  return kind.isCustom
    ? { group: kind.group, version: kind.version, kind: name }
    : { group: '', version: '', kind: name };
}

function groupsOf(kinds: readonly KindInfo[]): readonly Group[] {
  const groups: Group[] = [];
  for (const kind of kinds) {
    let group = groups.find((one) => one.name === kind.group);
    if (group === undefined) {
      group = { name: kind.group, versions: new Map() };
      groups.push(group);
    }
    group.versions.set(kind.version, [...(group.versions.get(kind.version) ?? []), kind]);
  }
  return groups;
}
