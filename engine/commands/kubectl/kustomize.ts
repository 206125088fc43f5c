import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, objectAt, textAt } from './client.ts';
import type { Context } from './context.ts';
import { byText } from '../../base/order.ts';
import { contentHash } from './content-hash.ts';
import { CommandError } from './errors.ts';
import { structOfKind } from '../../objects/types.ts';
import { patchedHere } from './merge.ts';
import { absolutePath, baseName } from './paths.ts';
import { toYaml } from './print/yaml.ts';
import { matchesSelector } from './selectors.ts';
import { base64 } from './text.ts';
import { readDocuments } from './yaml-input.ts';

/**
 * Builds a kustomization: resources, generators of ConfigMaps and Secrets, patches (merged by key and by the names of list
 * items, or JSON patches), namespace, name prefix and suffix, common labels and annotations, images, replicas; in
 * kustomize's legacy order. What is deprecated is told on stderr.
 * @throws CommandError
 */
export async function buildKustomization(context: Context, folder: string): Promise<string> {
  const root = absolutePath(context.process.cwd, folder);
  if (context.process.machine.files.stat(root)?.kind !== 'folder')
    throw new CommandError(
      `must build at directory: not a valid directory: evalsymlink failure on '${folder}' : lstat ${root}: no such file or directory`,
    );
  const warnings = new Set<string>();
  const objects = load(context, root, 0, warnings);
  for (const warning of warnings) await context.err(`# Warning: ${warning}\n`);
  return [...objects].sort(byLegacyOrder).map(toYaml).join('---\n');
}

/** Kinds that others stand on come first, webhooks last; the rest by name (kustomize api/internal/builtins/SortOrderTransformer). */
const FIRST_KINDS =
  `Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole
  RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim
  Deployment StatefulSet CronJob PodDisruptionBudget`.split(/\s+/);
const LAST_KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

function byLegacyOrder(a: JsonObject, b: JsonObject): number {
  const rank = (object: JsonObject): number => {
    const kind = textAt(object, 'kind');
    if (LAST_KINDS.includes(kind)) return 1000 + LAST_KINDS.indexOf(kind);
    const first = FIRST_KINDS.indexOf(kind);
    return first < 0 ? 500 : first;
  };
  const key = (object: JsonObject): string =>
    [textAt(object, 'apiVersion'), textAt(object, 'kind'), namespaceIn(object), nameIn(object)].join('|');
  return rank(a) - rank(b) || byText(key(a), key(b));
}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

function load(context: Context, folder: string, depth: number, warnings: Set<string>): JsonObject[] {
  const { files } = context.process.machine;
  if (depth > 20) throw new CommandError('cycle detected in kustomization bases');
  const name = NAMES.find((one) => files.stat(`${folder}/${one}`)?.kind === 'file');
  if (name === undefined) {
    throw new CommandError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${folder}'`,
    );
  }
  const [first] = read(context, `${folder}/${name}`);
  const file = first ?? {};
  if (first === undefined) throw new CommandError(`${name} is empty`);
  const odd = Object.keys(file).find((field) => !FIELDS.has(field));
  if (odd !== undefined)
    throw new CommandError(`invalid Kustomization: json: unknown field ${JSON.stringify(odd)}`);
  const objects = [...listAt(file, 'resources'), ...listAt(file, 'bases')].flatMap((item) => {
    const path = absolutePath(folder, String(item));
    const entry = files.stat(path);
    const missing = `evalsymlink failure on '${path}' : lstat ${path}: no such file or directory`;
    if (entry === undefined) {
      throw new CommandError(
        `accumulating resources: accumulation err='accumulating resources from '${String(item)}': ${missing}': must build at directory: not a valid directory: ${missing}`,
      );
    }
    if (entry.kind !== 'folder' && !path.startsWith(`${folder}/`))
      throw new CommandError(
        `accumulating resources: accumulation err='accumulating resources from '${String(item)}': security; file '${path}' is not in or below '${folder}'': must build at directory: '${path}': file is not directory`,
      );
    return entry.kind === 'folder' ? load(context, path, depth + 1, warnings) : read(context, path);
  });
  for (const [field, instead] of DEPRECATED)
    if (at(file, field) !== undefined)
      warnings.add(
        `'${field}' is deprecated. Please use '${instead}' instead. Run 'kustomize edit fix' to update your Kustomization automatically.`,
      );
  const generated = generators(context, file, folder);
  const patched = patches(context, file, folder).reduce(
    (all, patch) => applyPatch(all, patch),
    [...objects, ...generated.map((one) => one.object)],
  );
  const transformed = patched.map((object) => transform(file, object));
  return withHashes(
    transformed,
    new Set(
      generated
        .filter((one) => one.isHashed)
        .map(
          (one) =>
            `${textAt(one.object, 'kind')}/${textAt(file, 'namePrefix')}${nameIn(one.object)}${textAt(file, 'nameSuffix')}`,
        ),
    ),
    file,
    generated,
  );
}

/** The fields of a kustomization file, those that are not built here among them. */
const FIELDS = new Set(
  `apiVersion kind metadata openapi namePrefix nameSuffix namespace commonLabels labels commonAnnotations patchesStrategicMerge
  patchesJson6902 patches images imageTags replacements replicas vars sortOptions resources components crds bases configMapGenerator
  secretGenerator helmGlobals helmCharts helmChartInflationGenerator generatorOptions configurations generators transformers
  validators buildMetadata`.split(/\s+/),
);

const DEPRECATED: readonly (readonly [string, string])[] = [
  ['bases', 'resources'],
  ['commonLabels', 'labels'],
  ['patchesJson6902', 'patches'],
  ['patchesStrategicMerge', 'patches'],
];

type Generated = { readonly object: JsonObject; readonly isHashed: boolean };

/** The objects of configMapGenerator and secretGenerator. */
function generators(context: Context, file: JsonObject, folder: string): Generated[] {
  const common = objectAt(file, 'generatorOptions');
  const make = (kind: 'ConfigMap' | 'Secret', item: Json): Generated => {
    const data = generatedData(context, item, folder);
    const isSecret = kind === 'Secret';
    const options = { ...common, ...objectAt(item, 'options') };
    const labels = { ...mapAt(common, 'labels'), ...mapAt(item, 'options', 'labels') };
    const annotations = { ...mapAt(common, 'annotations'), ...mapAt(item, 'options', 'annotations') };
    const metadata = {
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      name: textAt(item, 'name'),
      ...(textAt(item, 'namespace') === '' ? {} : { namespace: textAt(item, 'namespace') }),
    };
    const values = isSecret
      ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]))
      : data;
    const object: JsonObject = {
      apiVersion: 'v1',
      kind,
      metadata,
      ...(Object.keys(values).length > 0 ? { data: values } : {}),
      ...(isSecret ? { type: textAt(item, 'type') || 'Opaque' } : {}),
    };
    return { object, isHashed: at(options, 'disableNameSuffixHash') !== true };
  };
  return [
    ...listAt(file, 'configMapGenerator').map((item) => make('ConfigMap', item)),
    ...listAt(file, 'secretGenerator').map((item) => make('Secret', item)),
  ];
}

function generatedData(context: Context, item: Json, folder: string): Record<string, string> {
  const out: Record<string, string> = {};
  const add = (key: string, value: string): void => {
    Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
  };
  const content = (name: string): string => {
    const found = context.process.machine.files.read(absolutePath(folder, name));
    if ('error' in found)
      throw new CommandError(
        `loading KV pairs: file sources: [${name}]: evalsymlink failure on '${absolutePath(folder, name)}' : lstat ${absolutePath(folder, name)}: no such file or directory`,
      );
    return found.content;
  };
  const pair = (text: string): void => {
    const equals = text.indexOf('=');
    if (equals <= 0)
      throw new CommandError(
        `loading KV pairs: literal sources [${text}]: invalid literal source ${text}, expected key=value`,
      );
    add(text.slice(0, equals), text.slice(equals + 1).replace(/^(['"])(.*)\1$/s, '$2'));
  };
  for (const literal of listAt(item, 'literals')) pair(String(literal));
  for (const source of listAt(item, 'files')) {
    const [key, name] = String(source).includes('=')
      ? String(source).split('=')
      : [undefined, String(source)];
    add(key ?? baseName(name ?? ''), content(name ?? ''));
  }
  const env = [
    ...listAt(item, 'envs').map(String),
    ...(textAt(item, 'env') === '' ? [] : [textAt(item, 'env')]),
  ];
  for (const name of env)
    for (const line of content(name).split('\n'))
      if (line.trim() !== '' && !line.startsWith('#')) pair(line.trimStart());
  return out;
}

/** Puts the hashes behind the names of generated objects, there and wherever another object names them. */
function withHashes(
  objects: readonly JsonObject[],
  hashed: ReadonlySet<string>,
  file: JsonObject,
  generated: readonly Generated[],
): JsonObject[] {
  const renamed = new Map<string, string>();
  const out = objects.map((object) => {
    const kind = textAt(object, 'kind');
    const name = nameIn(object);
    if (!hashed.has(`${kind}/${name}`)) return object;
    const full = `${name}-${contentHash(object, '')}`;
    const plain = name.slice(
      textAt(file, 'namePrefix').length,
      name.length - textAt(file, 'nameSuffix').length,
    );
    renamed.set(`${kind}/${plain}`, full);
    return { ...object, metadata: { ...objectAt(object, 'metadata'), name: full } };
  });
  for (const { object, isHashed } of generated)
    if (!isHashed)
      renamed.set(
        `${textAt(object, 'kind')}/${nameIn(object)}`,
        `${textAt(file, 'namePrefix')}${nameIn(object)}${textAt(file, 'nameSuffix')}`,
      );
  return renamed.size === 0 ? out : out.map((object) => withReferences(object, renamed) as JsonObject);
}

const REFERENCES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['configMap', ['ConfigMap', 'name']],
  ['configMapRef', ['ConfigMap', 'name']],
  ['configMapKeyRef', ['ConfigMap', 'name']],
  ['secretRef', ['Secret', 'name']],
  ['secretKeyRef', ['Secret', 'name']],
  ['secret', ['Secret', 'secretName']],
]);

function withReferences(value: Json | undefined, renamed: ReadonlyMap<string, string>): Json | undefined {
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item) => withReferences(item, renamed) ?? null);
  if (!isJsonObject(value)) return value;
  const out: Record<string, Json | undefined> = {};
  for (const [key, member] of Object.entries(value)) {
    const walked = withReferences(member, renamed);
    const [kind, field] = REFERENCES.get(key) ?? [];
    const to =
      kind === undefined || field === undefined ? undefined : renamed.get(`${kind}/${textAt(member, field)}`);
    out[key] =
      to !== undefined && field !== undefined && isJsonObject(walked) ? { ...walked, [field]: to } : walked;
  }
  return out;
}

/** A patch and which objects it is for. */
type Patch = { readonly target: JsonObject; readonly body: Json };

function patches(context: Context, file: JsonObject, folder: string): Patch[] {
  const parsed = (text: string, isPath: boolean): Json[] => {
    const found = isPath ? context.process.machine.files.read(absolutePath(folder, text)) : { content: text };
    if ('error' in found)
      throw new CommandError(`open ${absolutePath(folder, text)}: no such file or directory`);
    return readDocuments(found.content).map((document) => {
      if ('error' in document) throw new CommandError(`invalid Kustomization: ${document.error}`);
      return document.value;
    });
  };
  const identity = (body: Json): JsonObject => ({
    kind: textAt(body, 'kind'),
    name: nameIn(body),
  });
  const inline = (item: Json): Patch[] => {
    const path = textAt(item, 'path');
    return parsed(path === '' ? textAt(item, 'patch') : path, path !== '').map((body) => ({
      target: at(item, 'target') === undefined ? identity(body) : objectAt(item, 'target'),
      body,
    }));
  };
  return [
    ...listAt(file, 'patchesStrategicMerge').flatMap((item) =>
      parsed(String(item), !String(item).includes('\n')).map((body) => ({ target: identity(body), body })),
    ),
    ...[...listAt(file, 'patches'), ...listAt(file, 'patchesJson6902')].flatMap(inline),
  ];
}

function applyPatch(objects: readonly JsonObject[], { target, body }: Patch): JsonObject[] {
  const fits = (object: JsonObject): boolean =>
    [
      ['kind', textAt(object, 'kind')],
      ['name', nameIn(object)],
      ['namespace', namespaceIn(object)],
    ].every(([field = '', value = '']) => textAt(target, field) === '' || textAt(target, field) === value) &&
    (textAt(target, 'labelSelector') === '' ||
      matchesSelector(mapAt(object, 'metadata', 'labels'), textAt(target, 'labelSelector')));
  if (!objects.some(fits))
    throw new CommandError(
      `no matches for Id ${textAt(target, 'kind')}.[noVer].[noGrp]/${textAt(target, 'name')}.[noNs]; failed to find unique target for patch`,
    );
  return objects.flatMap((object) => {
    if (!fits(object)) return [object];
    if (textAt(body, '$patch') === 'delete') return [];
    const struct = structOfKind(textAt(object, 'apiVersion'), textAt(object, 'kind'));
    return [patchedHere(object, Array.isArray(body) ? 'json' : 'strategic', body, struct)];
  });
}

function read(context: Context, path: string): JsonObject[] {
  const file = context.process.machine.files.read(path);
  if ('error' in file) throw new CommandError(`open ${path}: no such file or directory`);
  return readDocuments(file.content).flatMap((document) => {
    if ('error' in document) throw new CommandError(`invalid Kustomization: ${document.error}`);
    return isJsonObject(document.value) ? [document.value] : [];
  });
}

function transform(file: JsonObject, object: JsonObject): JsonObject {
  const labels = { ...mapAt(file, 'commonLabels'), ...pairLabels(file) };
  const annotations = mapAt(file, 'commonAnnotations');
  const metadata: Record<string, Json | undefined> = { ...objectAt(object, 'metadata') };
  metadata.name = `${textAt(file, 'namePrefix')}${nameIn(object)}${textAt(file, 'nameSuffix')}`;
  const namespace = textAt(file, 'namespace');
  if (
    namespace !== '' &&
    !/^(Namespace|Node|Cluster.*|CustomResourceDefinition|PersistentVolume|StorageClass|CiliumClusterwide.*)$/.test(
      textAt(object, 'kind'),
    )
  )
    metadata.namespace = namespace;
  if (Object.keys(labels).length > 0)
    metadata.labels = { ...objectAt(object, 'metadata', 'labels'), ...labels };
  if (Object.keys(annotations).length > 0)
    metadata.annotations = { ...objectAt(object, 'metadata', 'annotations'), ...annotations };
  let out: JsonObject = { ...object, metadata };
  const common = mapAt(file, 'commonLabels');
  if (Object.keys(common).length > 0) out = withSelectorLabels(out, common);
  return withImages(file, withReplicas(file, out));
}

function pairLabels(file: JsonObject): Record<string, string> {
  return Object.assign({}, ...listAt(file, 'labels').map((item) => mapAt(item, 'pairs'))) as Record<
    string,
    string
  >;
}

function withSelectorLabels(object: JsonObject, labels: Readonly<Record<string, string>>): JsonObject {
  const spec: Record<string, Json | undefined> = { ...objectAt(object, 'spec') };
  if (textAt(object, 'kind') === 'Service' && at(object, 'spec', 'selector') !== undefined)
    spec.selector = { ...objectAt(object, 'spec', 'selector'), ...labels };
  if (at(object, 'spec', 'template') !== undefined) {
    const template = objectAt(object, 'spec', 'template');
    spec.template = {
      ...template,
      metadata: {
        ...objectAt(template, 'metadata'),
        labels: { ...objectAt(template, 'metadata', 'labels'), ...labels },
      },
    };
    if (at(object, 'spec', 'selector', 'matchLabels') !== undefined) {
      spec.selector = {
        ...objectAt(object, 'spec', 'selector'),
        matchLabels: { ...objectAt(object, 'spec', 'selector', 'matchLabels'), ...labels },
      };
    }
  }
  return at(object, 'spec') === undefined ? object : { ...object, spec };
}

function withReplicas(file: JsonObject, object: JsonObject): JsonObject {
  const wanted = listAt(file, 'replicas').find((item) => textAt(item, 'name') === nameIn(object));
  if (wanted === undefined || at(object, 'spec', 'replicas') === undefined) return object;
  return { ...object, spec: { ...objectAt(object, 'spec'), replicas: at(wanted, 'count') } };
}

function withImages(file: JsonObject, object: JsonObject): JsonObject {
  const images = listAt(file, 'images');
  if (images.length === 0) return object;
  return rewrite(object) as JsonObject;
  function rewrite(value: Json | undefined): Json | undefined {
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => rewrite(item) ?? null);
    if (!isJsonObject(value)) return value;
    const out: Record<string, Json | undefined> = {};
    for (const [key, member] of Object.entries(value))
      out[key] = key === 'image' && typeof member === 'string' ? imageOf(member) : rewrite(member);
    return out;
  }
  function imageOf(image: string): string {
    const [, name = image, tag = ''] = /^(.*?)((?::[^/]*)?)$/.exec(image) ?? [];
    const rule = images.find((item) => textAt(item, 'name') === name);
    if (rule === undefined) return image;
    return `${textAt(rule, 'newName') || name}${textAt(rule, 'newTag') === '' ? tag : `:${textAt(rule, 'newTag')}`}`;
  }
}
