import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { byText } from '../../base/order.ts';
import type { Context } from './context.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, textAt } from './client.ts';
import type { Resource } from './discovery.ts';
import type { KubectlError } from './errors.ts';
import { CommandError, ManyErrors, notStruct, usageError } from './errors.ts';
import { fetchUrl } from './fetch.ts';
import { absolutePath } from './paths.ts';
import { goJson } from './print/json.ts';
import { compilePattern, matchesPattern } from '../../shell/pattern.ts';
import { quoteGo } from './text.ts';
import { matchesSelector } from './selectors.ts';
import { readDocuments } from './yaml-input.ts';
import { buildKustomization } from './kustomize.ts';

/** An object that a command works on, with where it came from. */
export type Info = {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** The file it was read from; '' for arguments. */
  readonly source: string;
  readonly object: JsonObject;
};

/** What was read, in order: objects and the faults between them. */
export type Manifests = readonly (Info | KubectlError)[];

/** How manifests are read. */
export type ReadOptions = {
  /** Check apiVersion and kind before decoding, as verbs with `--validate` do. */
  readonly isValidated: boolean;
};

/** True for an object among what was read. */
export function isInfo(item: Info | KubectlError): item is Info {
  return !(item instanceof Error);
}

/** The objects of `-f`, `-R` and `-k`. @throws CommandError when a path does not exist. */
export async function readManifests(context: Context, options: ReadOptions): Promise<Manifests> {
  const texts: { readonly source: string; readonly text: string }[] = [];
  for (const name of context.flags.list('filename')) texts.push(...(await readSource(context, name)));
  const folder = context.flags.text('kustomize');
  if (folder !== '') texts.push({ source: folder, text: await buildKustomization(context, folder) });
  const found = texts
    .flatMap(({ source, text }) => infosOf(context, source, text, options))
    .filter((item) => !isInfo(item) || isWanted(context, item));
  if (texts.length < 2) return found;
  // Faults of several files are told together (resource.EagerVisitorList).
  const faults = found.filter((item): item is KubectlError => !isInfo(item));
  return faults.length < 2 ? found : [...found.filter(isInfo), new ManyErrors(faults)];
}

/** `-l` beside files keeps the objects whose labels match. */
function isWanted(context: Context, info: Info): boolean {
  const selector = context.flags.text('selector');
  if (selector === '' || !FILTERED.has(context.path)) return true;
  return matchesSelector(mapAt(info.object, 'metadata', 'labels'), selector);
}

const FILTERED: ReadonlySet<string> = new Set([
  'kubectl apply',
  'kubectl create',
  'kubectl diff',
  'kubectl delete',
]);

async function readSource(context: Context, name: string): Promise<{ source: string; text: string }[]> {
  const { process } = context;
  if (name === '-') return [{ source: 'STDIN', text: await process.stdin.readAll(process.sys) }];
  if (name === '/dev/stdin' || name === '/dev/fd/0')
    return [{ source: name, text: await process.stdin.readAll(process.sys) }];
  if (/^https?:\/\//.test(name)) return [{ source: name, text: await fetchUrl(context, name) }];
  if (name === '') throw new CommandError('must specify one of -f and -k');
  const path = absolutePath(process.cwd, name);
  const entry = process.machine.files.stat(path);
  // A pattern that the shell left alone is filled in here (resource.expandIfFilePattern).
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  if (entry === undefined && /[*?[]/.test(name.slice(folder.length))) {
    const pattern = compilePattern(name.slice(folder.length));
    const names = process.machine.files.list(absolutePath(process.cwd, folder || '.'));
    const found = 'error' in names ? [] : names.filter((one) => matchesPattern(pattern, one));
    const texts = await Promise.all(found.map((one) => readSource(context, folder + one)));
    if (texts.length > 0) return texts.flat();
  }
  if (entry === undefined) throw new CommandError(`the path ${quoteGo(name)} does not exist`);
  if (entry.kind !== 'folder') return [{ source: name, text: readText(context, path) }];
  const files = filesOf(context, path, name.replace(/\/+$/, ''), context.flags.bool('recursive'));
  if (files.length === 0)
    throw new CommandError(`error reading [${name}]: recognized file extensions are [.json .yaml .yml]`);
  return files.map((file) => ({ source: file.name, text: readText(context, file.path) }));
}

function filesOf(
  context: Context,
  path: string,
  name: string,
  isRecursive: boolean,
): { path: string; name: string }[] {
  const names = context.process.machine.files.list(path);
  if (!Array.isArray(names)) return [];
  return [...(names as readonly string[])].sort(byText).flatMap((child) => {
    const kind = context.process.machine.files.stat(`${path}/${child}`)?.kind;
    if (kind === 'folder')
      return isRecursive ? filesOf(context, `${path}/${child}`, `${name}/${child}`, true) : [];
    return /\.(json|yaml|yml)$/.test(child) ? [{ path: `${path}/${child}`, name: `${name}/${child}` }] : [];
  });
}

function readText(context: Context, path: string): string {
  const file = context.process.machine.files.read(path);
  if ('error' in file)
    throw new CommandError(
      `open ${path}: ${file.error === 'EACCES' ? 'permission denied' : 'no such file or directory'}`,
    );
  return file.content;
}

/** The objects of one text. */
export function infosOf(context: Context, source: string, text: string, options: ReadOptions): Manifests {
  const out: (Info | KubectlError)[] = [];
  for (const document of readDocuments(text)) {
    if ('error' in document) out.push(new CommandError(`error parsing ${source}: ${document.error}`));
    else out.push(...documentInfos(context, source, document.value, options));
  }
  return out;
}

function documentInfos(context: Context, source: string, value: Json, options: ReadOptions): Manifests {
  const fault = options.isValidated ? schemaFault(value) : undefined;
  if (fault !== undefined) {
    return [
      new CommandError(
        `error validating ${quoteGo(source)}: error validating data: ${fault}; if you choose to ignore these errors, turn validation off with --validate=false`,
      ),
    ];
  }
  const decodeFault = decodeFaultOf(value);
  if (decodeFault !== undefined || !isJsonObject(value))
    return [new CommandError(`unable to decode ${quoteGo(source)}: ${decodeFault ?? 'no object'}`)];
  if (/List$/.test(textAt(value, 'kind')) && Array.isArray(at(value, 'items'))) {
    return listAt(value, 'items').flatMap((item) => documentInfos(context, source, item, options));
  }
  return [infoOf(context, source, sorted(value) as JsonObject)];
}

/** Members in order of their names, as Go's maps are sent; the server tells faults in the order of what it gets. */
function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => sorted(item) ?? null);
  if (!isJsonObject(value)) return value;
  const out: Record<string, Json | undefined> = {};
  for (const key of Object.keys(value).sort(byText))
    Object.defineProperty(out, key, {
      value: sorted(value[key]),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return out as JsonObject;
}

function schemaFault(value: Json): string | undefined {
  if (!isJsonObject(value)) return 'invalid object to validate';
  const faults = [
    ...(textAt(value, 'apiVersion') === '' ? ['apiVersion not set'] : []),
    ...(textAt(value, 'kind') === '' ? ['kind not set'] : []),
  ];
  return faults.length === 0 ? undefined : faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** What Go says when the parts that kubectl itself decodes have a wrong type; undefined when they are right. */
function decodeFaultOf(value: Json): string | undefined {
  if (!isJsonObject(value)) return notStruct(jsonKind(value));
  if (textAt(value, 'kind') === '') return `Object 'Kind' is missing in '${goJson(value)}'`;
  if (textAt(value, 'apiVersion') === '') return `Object 'apiVersion' is missing in '${goJson(value)}'`;
  const { metadata } = value;
  if (metadata === undefined || metadata === null) return undefined;
  if (!isJsonObject(metadata))
    return `json: cannot unmarshal ${jsonKind(metadata)} into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta`;
  for (const field of ['annotations', 'labels']) {
    const map = metadata[field];
    if (map === undefined || map === null) continue;
    if (!isJsonObject(map))
      return `json: cannot unmarshal ${jsonKind(map)} into Go struct field ObjectMeta.metadata.${field} of type map[string]string`;
    const wrong = Object.values(map).find((member) => typeof member !== 'string' && member !== null);
    if (wrong !== undefined)
      return `json: cannot unmarshal ${jsonKind(wrong)} into Go struct field ObjectMeta.metadata.${field} of type string`;
  }
  for (const field of ['name', 'namespace', 'generateName', 'resourceVersion', 'uid', 'selfLink']) {
    const text = metadata[field];
    if (text !== undefined && text !== null && typeof text !== 'string') {
      return `json: cannot unmarshal ${jsonKind(text)} into Go struct field ObjectMeta.metadata.${field} of type ${field === 'uid' ? 'types.UID' : 'string'}`;
    }
  }
  return undefined;
}

/** Finds the kind of an object and gives it the command's namespace when it has none. */
export function infoOf(context: Context, source: string, object: JsonObject): Info | KubectlError {
  const apiVersion = textAt(object, 'apiVersion');
  const kind = textAt(object, 'kind');
  const name = nameIn(object);
  const own = namespaceIn(object);
  const resource =
    context.discovery.byKind(apiVersion, kind) ??
    context.discovery.resources.find(
      (one) =>
        one.kind.toLowerCase() === kind &&
        apiVersion === (one.group === '' ? one.version : `${one.group}/${one.version}`),
    );
  if (resource === undefined) {
    return new CommandError(
      `resource mapping not found for name: ${quoteGo(name)} namespace: ${quoteGo(own)} from ${quoteGo(source)}: no matches for kind ${quoteGo(kind)} in version ${quoteGo(apiVersion)}\nensure CRDs are installed first`,
    );
  }
  if (!resource.isNamespaced) return { resource, namespace: '', name, source, object };
  const { namespace, isNamespaceExplicit } = context.target;
  if (own !== '' && isNamespaceExplicit && own !== namespace) {
    return new CommandError(
      `the namespace from the provided object ${quoteGo(own)} does not match the namespace ${quoteGo(namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  if (own !== '' || context.flags.bool('local'))
    return { resource, namespace: own || namespace, name, source, object };
  const metadata = { ...(isJsonObject(object.metadata) ? object.metadata : {}), namespace };
  return { resource, namespace, name, source, object: { ...object, metadata } };
}

/** @throws CommandError without `-f` and `-k` */
export function needFiles({ flags }: Context): void {
  if (flags.list('filename').length === 0 && flags.text('kustomize') === '')
    throw new CommandError('must specify one of -f and -k');
}

/** @throws CommandError for arguments, and without `-f` and `-k` */
export function needOnlyFiles(context: Context): void {
  if (context.args.length > 0) throw usageError(context.path, `Unexpected args: [${context.args.join(' ')}]`);
  needFiles(context);
}
