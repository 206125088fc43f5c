import type { Json, JsonObject } from '../../base/json.ts';
import type { Client } from './client.ts';
import { AGGREGATED, at, listAt, nameIn, textAt } from './client.ts';
import { PlainError } from './errors.ts';
import { quoteGo } from './text.ts';

/** A kind that the server serves, in one version. */
export type Resource = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
};

/** `apps/v1`, or `v1` for the core group. */
export function groupVersion(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The name under which kubectl speaks of a kind: `deployment.apps`, `pod`. */
export function kindName(resource: Resource): string {
  const kind = resource.kind.toLowerCase();
  return resource.group === '' ? kind : `${kind}.${resource.group}`;
}

/** The plural with its group: `deployments.apps`, `pods`. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** The URL path of a kind's collection or object. An absent name gives the collection. */
export function pathOf(resource: Resource, namespace: string, name?: string, subresource?: string): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.isNamespaced && namespace !== '' ? `${root}/namespaces/${namespace}` : root;
  const object = name === undefined ? `${scope}/${resource.plural}` : `${scope}/${resource.plural}/${name}`;
  return subresource === undefined || subresource === '' ? object : `${object}/${subresource}`;
}

/** What the server serves, in its order: the core group first. */
export class Discovery {
  readonly resources: readonly Resource[];

  constructor(resources: readonly Resource[]) {
    this.resources = resources;
  }

  /** Asks the server. @throws ApiError, PlainError */
  static read(client: Client): Discovery {
    const core = readGroups(client.get('/api', { timeout: '32s' }, AGGREGATED));
    const others = readGroups(client.get('/apis', { timeout: '32s' }, AGGREGATED));
    return new Discovery([...core, ...others]);
  }

  /** The kind that a learner's word means: plural, singular, short name or kind, with or without `.group` or `.version.group`. */
  find(word: string): Resource | undefined {
    const lower = word.toLowerCase();
    const [name = '', ...rest] = lower.split('.');
    if (rest.length >= 2) {
      const [version = '', ...group] = rest;
      const exact = this.resources.find(
        (one) => named(one, name) && one.version === version && one.group === group.join('.'),
      );
      if (exact !== undefined) return exact;
    }
    if (rest.length >= 1) {
      const group = rest.join('.');
      const candidates = this.resources.filter((one) => named(one, name));
      return (
        candidates.find((one) => one.group === group) ??
        candidates.find((one) => one.group !== '' && one.group.startsWith(group))
      );
    }
    const byName = this.resources.find(
      (one) => one.plural === lower || one.singular === lower || one.kind.toLowerCase() === lower,
    );
    const byShort = this.resources.find((one) => one.shortNames.includes(lower));
    return byName ?? byShort;
  }

  /** As `find`. @throws PlainError when the server has no such kind. */
  need(word: string): Resource {
    const found = this.find(word);
    if (found !== undefined) return found;
    throw new PlainError(
      `error: the server doesn't have a resource type ${quoteGo(word.split('.').length > 1 ? (word.split('.')[0] ?? word) : word)}`,
    );
  }

  /** The kind of an object by its apiVersion and kind. */
  byKind(apiVersion: string, kind: string): Resource | undefined {
    return this.resources.find((one) => groupVersion(one) === apiVersion && one.kind === kind);
  }

  /** Kinds of a category such as `all`, in kubectl's order. */
  category(name: string): readonly Resource[] {
    const own = this.resources.filter((one) => one.categories.includes(name));
    // A kind in several versions is meant once, in the first that the server lists.
    return own.filter((one) => own.find((other) => resourceName(other) === resourceName(one)) === one);
  }
}

function named(resource: Resource, name: string): boolean {
  return (
    resource.plural === name ||
    resource.singular === name ||
    resource.kind.toLowerCase() === name ||
    resource.shortNames.includes(name)
  );
}

const read = new WeakMap<JsonObject, readonly Resource[]>();

/** The kinds of a discovery document; read once when the server gives the same value again. */
function readGroups(list: JsonObject): readonly Resource[] {
  const known = read.get(list) ?? groupsOf(list);
  read.set(list, known);
  return known;
}

function groupsOf(list: JsonObject): readonly Resource[] {
  return listAt(list, 'items').flatMap((group) => {
    const name = nameIn(group);
    return listAt(group, 'versions').flatMap((version) =>
      listAt(version, 'resources').map((resource) =>
        readResource(name, textAt(version, 'version'), resource),
      ),
    );
  });
}

function readResource(group: string, version: string, resource: Json): Resource {
  const texts = (key: string): readonly string[] => listAt(resource, key).map(String);
  return {
    group,
    version,
    kind: textAt(resource, 'responseKind', 'kind'),
    plural: textAt(resource, 'resource'),
    singular: textAt(resource, 'singularResource') || textAt(resource, 'responseKind', 'kind').toLowerCase(),
    isNamespaced: at(resource, 'scope') === 'Namespaced',
    shortNames: texts('shortNames'),
    categories: texts('categories'),
    verbs: texts('verbs'),
    subresources: listAt(resource, 'subresources').map((one) => textAt(one, 'subresource')),
  };
}
