import type { JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import type { Query } from './client.ts';
import { listAt, nameIn, namespaceIn } from './client.ts';
import type { Context } from './context.ts';
import type { Resource } from './discovery.ts';
import { groupVersion, pathOf } from './discovery.ts';
import type { KubectlError } from './errors.ts';
import { ApiError, CommandError, kubectlErrorOf } from './errors.ts';
import type { Info } from './manifests.ts';
import { isInfo, readManifests } from './manifests.ts';
import { quoteGo } from './text.ts';

/** One request that a command line asks for: an object by name, or a list. */
export type Want = {
  readonly resource: Resource;
  /** '' for all namespaces and for cluster-wide kinds. */
  readonly namespace: string;
  readonly name?: string;
  /** The object of a file, where that is known already. */
  readonly info?: Info;
};

/** How a command reads its arguments. */
export type WantOptions = {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  /** `--all`. */
  readonly isAll?: boolean;
  /** A type without a name means all of them (`get pods`). */
  readonly isEmptySelectorFine?: boolean;
  /** Read `-f` without validation. */
  readonly hasFiles?: boolean;
  /** True when several kinds are refused (`get -w`). */
  readonly isSingleType?: boolean;
};

/** The requests of a command line, and the faults of its files. */
export type Wants = {
  readonly wants: readonly Want[];
  readonly errors: readonly KubectlError[];
  readonly isSingle: boolean;
};

const NOTHING_GIVEN = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

/** Reads `TYPE[,TYPE] [NAME…]`, `TYPE/NAME…`, `-l` and `-f` as kubectl's resource builder does. @throws CommandError */
export async function readWants(
  context: Context,
  args: readonly string[],
  options: WantOptions,
): Promise<Wants> {
  const hasFiles = context.flags.list('filename').length > 0 || context.flags.text('kustomize') !== '';
  if (hasFiles) {
    if (args.length > 0)
      throw new CommandError(
        'when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well',
      );
    const items = await readManifests(context, { isValidated: false });
    const infos = items.filter(isInfo);
    return {
      wants: infos.map((info) => ({
        resource: info.resource,
        namespace: info.namespace,
        name: info.name,
        info,
      })),
      errors: items.filter((item): item is KubectlError => !isInfo(item)),
      isSingle: infos.length === 1 && items.length === 1,
    };
  }
  const hasSelector = (options.selector ?? '') !== '' || (options.fieldSelector ?? '') !== '';
  if (options.isAll === true && hasSelector)
    throw new CommandError("setting 'all' parameter but found a non empty selector. ");
  const words = crossed(args);
  const slashes = words.filter((arg) => arg.includes('/')).length;
  if (slashes > 0) return { ...pairs(context, words, slashes, options, hasSelector), errors: [] };
  return { ...typesAndNames(context, args, options, hasSelector), errors: [] };
}

/** `a,b c d` means `a/c a/d b/c b/d`. */
function crossed(args: readonly string[]): readonly string[] {
  const [types = '', ...names] = args;
  const several = [...new Set(types.split(','))];
  return several.length < 2 || names.length === 0
    ? args
    : several.flatMap((type) => names.map((name) => `${type}/${name}`));
}

function pairs(
  context: Context,
  args: readonly string[],
  slashes: number,
  options: WantOptions,
  hasSelector: boolean,
): { wants: Want[]; isSingle: boolean } {
  if (slashes !== args.length) {
    throw new CommandError(
      "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
    );
  }
  const tuples = args.map((arg) => {
    const parts = arg.split('/');
    if (parts.length !== 2)
      throw new CommandError('arguments in resource/name form may not have more than one slash');
    const [type = '', name = ''] = parts;
    if (type === '' || name === '' || type.includes(','))
      throw new CommandError('arguments in resource/name form must have a single resource and name');
    return { type, name };
  });
  if (hasSelector || options.isAll === true)
    throw new CommandError('selectors and the all flag cannot be used when passing resource/name arguments');
  const wants = tuples.map(({ type, name }) => named(context, context.discovery.need(type), name, options));
  return { wants, isSingle: wants.length === 1 };
}

function typesAndNames(
  context: Context,
  args: readonly string[],
  options: WantOptions,
  hasSelector: boolean,
): { wants: Want[]; isSingle: boolean } {
  const [types, ...names] = args;
  if (types === undefined) {
    if (hasSelector || options.isAll === true)
      throw new CommandError('at least one resource must be specified to use a selector');
    throw new CommandError(NOTHING_GIVEN);
  }
  if (names.length > 0 && (hasSelector || options.isAll === true))
    throw new CommandError('name cannot be provided when a selector is specified');
  const resources = typesOf(context, types);
  if (options.isSingleType === true && resources.length > 1)
    throw new CommandError('you may only specify a single resource type');
  if (names.length === 0) {
    if (!hasSelector && options.isAll !== true && options.isEmptySelectorFine !== true)
      throw new CommandError('resource(s) were provided, but no name was specified');
    return {
      wants: resources.map((resource) => ({ resource, namespace: scopeOf(context, resource, options) })),
      isSingle: false,
    };
  }
  if (resources.length > 1) throw new CommandError('you must specify only one resource');
  const wants = resources.flatMap((resource) => names.map((name) => named(context, resource, name, options)));
  return { wants, isSingle: wants.length === 1 };
}

/** The kinds of `pods,svc` or of a category such as `all`. @throws PlainError */
export function typesOf(context: Context, types: string): readonly Resource[] {
  const found = new Map<string, Resource>();
  for (const word of types.split(',')) {
    const category = context.discovery.find(word) === undefined ? context.discovery.category(word) : [];
    const resources = category.length > 0 ? category : [context.discovery.need(word)];
    for (const resource of resources) found.set(`${groupVersion(resource)}/${resource.plural}`, resource);
  }
  return [...found.values()];
}

function scopeOf(context: Context, resource: Resource, options: WantOptions): string {
  return !resource.isNamespaced || options.allNamespaces === true ? '' : context.namespace;
}

function named(context: Context, resource: Resource, name: string, options: WantOptions): Want {
  if (name === '') throw new CommandError('resource name may not be empty');
  if (resource.isNamespaced && options.allNamespaces === true)
    throw new CommandError('a resource cannot be retrieved by name across all namespaces');
  return { resource, namespace: resource.isNamespaced ? context.namespace : '', name };
}

/** Objects found, in order, and what went wrong on the way. */
export type Found = {
  readonly infos: readonly Info[];
  readonly errors: readonly KubectlError[];
  readonly isSingle: boolean;
};

/** Carries the requests out and gives the objects; a failure does not stop the others. */
export async function findObjects(
  context: Context,
  args: readonly string[],
  options: WantOptions,
): Promise<Found> {
  const { wants, errors, isSingle } = await readWants(context, args, options);
  // What `expose` reads it takes as it is.
  const isLocal = context.flags.bool('local') || context.path === 'kubectl expose';
  const infos: Info[] = [];
  const faults = [...errors];
  for (const want of wants) {
    try {
      infos.push(...(isLocal && want.info !== undefined ? [want.info] : fetchWant(context, want, options)));
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  return { infos, errors: faults, isSingle };
}

/** The objects behind one request. @throws ApiError */
export function fetchWant(context: Context, want: Want, options: WantOptions): readonly Info[] {
  if (want.name !== undefined) {
    const object = context.client.get(pathOf(want.resource, want.namespace, want.name));
    return [
      {
        resource: want.resource,
        namespace: want.namespace,
        name: want.name,
        source: want.info?.source ?? '',
        object,
      },
    ];
  }
  const list = listObjects(context, want, {
    fieldSelector: options.fieldSelector || undefined,
    labelSelector: options.selector || undefined,
    limit: '500',
  });
  return itemsOf(list, want.resource).map((object) => ({
    resource: want.resource,
    namespace: namespaceIn(object),
    name: nameIn(object),
    source: '',
    object,
  }));
}

/** Lists a kind; a refusal names the selectors (resource.EnhanceListError). @throws ApiError */
export function listObjects(
  context: Context,
  want: Want,
  query: Query,
  accept = 'application/json',
): JsonObject {
  try {
    return context.client.get(pathOf(want.resource, want.namespace), query, accept);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status.reason !== 'BadRequest' && !error.isNotFound))
      throw error;
    const { group, version, plural } = want.resource;
    const subject = quoteGo(`${group}/${version}, Resource=${plural}`);
    const [labels, fields] = [String(query.labelSelector ?? ''), String(query.fieldSelector ?? '')];
    const what =
      labels === '' && fields === ''
        ? `Unable to list ${subject}`
        : `Unable to find ${subject} that match label selector ${quoteGo(labels)}, field selector ${quoteGo(fields)}`;
    throw new ApiError({ ...error.status, message: `${what}: ${error.status.message}` });
  }
}

/** The objects of a list, each with its kind (which the server leaves out of items). */
export function itemsOf(list: JsonObject, resource: Resource): readonly JsonObject[] {
  return listAt(list, 'items')
    .filter(isJsonObject)
    .map((item) => ({ ...item, apiVersion: groupVersion(resource), kind: resource.kind }));
}

/** `pod/web`: how kubectl names an object after it did something with it. */
export function nameOf(info: { readonly resource: Resource; readonly name: string }): string {
  const kind = info.resource.kind.toLowerCase();
  return `${info.resource.group === '' ? kind : `${kind}.${info.resource.group}`}/${info.name}`;
}
