import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { at, listAt, mapAt, objectAt, textAt } from './client.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { absolutePath } from './paths.ts';
import { toYaml } from './print/yaml.ts';
import { readDocuments } from './yaml-input.ts';

/**
 * Builds a kustomization: resources, namespace, namePrefix and namePrefix, common labels and annotations, images,
 * replicas. Generators and patches beyond that are refused.
 * @throws CommandError
 */
export function buildKustomization(context: Context, folder: string): string {
  const objects = load(context, absolutePath(context.process.cwd, folder), 0);
  return objects.map(toYaml).join('---\n');
}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

function load(context: Context, folder: string, depth: number): JsonObject[] {
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
  const objects = [...listAt(file, 'resources'), ...listAt(file, 'bases')].flatMap((item) => {
    const path = absolutePath(folder, String(item));
    const entry = files.stat(path);
    if (entry === undefined) {
      throw new CommandError(
        `accumulating resources: accumulation err='accumulating resources from '${String(item)}': evalsymlink failure on '${path}' : lstat ${path}: no such file or directory'`,
      );
    }
    return entry.kind === 'folder' ? load(context, path, depth + 1) : read(context, path);
  });
  return objects.map((object) => transform(file, object));
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
  metadata.name = `${textAt(file, 'namePrefix')}${textAt(object, 'metadata', 'name')}${textAt(file, 'nameSuffix')}`;
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
  const wanted = listAt(file, 'replicas').find(
    (item) => textAt(item, 'name') === textAt(object, 'metadata', 'name'),
  );
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
