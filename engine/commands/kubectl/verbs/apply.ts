import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { structOfKind } from '../../../objects/types.ts';
import { findObjects, itemsOf, nameOf, readWants } from '../builder.ts';
import { nameIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll, usageError, withSource } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { infosOf, isInfo, needOnlyFiles, readManifests } from '../manifests.ts';
import { goMap } from '../../../objects/go-syntax.ts';
import { jsonThreeWayPatch, LAST_APPLIED, PatchFault, strategicThreeWayPatch } from '../merge.ts';
import { goJson } from '../print/json.ts';
import { printerFor } from '../print/output.ts';
import { toYaml } from '../print/yaml.ts';
import { quoteGo } from '../text.ts';
import { validationOf } from './validation.ts';

const FILE_FLAGS = 'filename,f:strings kustomize,k:string recursive,R';

/** `kubectl apply`. */
export const applyCommand: Command = {
  name: 'apply',
  about: 'Apply a configuration to a resource by file name or stdin',
  usage: '(-f FILENAME | -k DIRECTORY) [options]',
  flags:
    flagTable(`${FILE_FLAGS} all allow-missing-template-keys=true cascade:string=background?background dry-run:string=none?unchanged
    field-manager:string=kubectl-client-side-apply force force-conflicts grace-period:int=-1 openapi-patch=true output,o:string overwrite=true
    prune prune-allowlist:stringArray record selector,l:string server-side show-managed-fields template:string timeout:duration=0s validate:string=strict?strict wait`),
  children: [
    {
      name: 'view-last-applied',
      about: 'View what was last applied to a resource',
      usage: '(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) [options]',
      flags: flagTable(`${FILE_FLAGS} all output,o:string=yaml selector,l:string`),
      run: viewLastApplied,
    },
    {
      name: 'set-last-applied',
      about: 'Set the last-applied annotation of a live object to the contents of a file',
      usage: '-f FILENAME [options]',
      flags: flagTable(
        `${FILE_FLAGS} create-annotation dry-run:string=none?unchanged output,o:string template:string show-managed-fields`,
      ),
      run: setLastApplied,
    },
    {
      name: 'edit-last-applied',
      about: 'Edit the last-applied annotation of a resource',
      usage: '(RESOURCE/NAME | -f FILENAME) [options]',
      flags: flagTable(
        `${FILE_FLAGS} output,o:string field-manager:string validate:string=strict?strict windows-line-endings`,
      ),
      run: editLastApplied,
    },
  ],
  run: apply,
};

async function apply(context: Context): Promise<void> {
  const { flags } = context;
  const isServerSide = flags.bool('server-side');
  const dryRun = await context.dryRun();
  if (isServerSide && dryRun === 'client')
    throw new CommandError(
      "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
    );
  if (flags.bool('force-conflicts') && !isServerSide)
    throw new CommandError('--force-conflicts only works with --server-side');
  if (flags.bool('force') && isServerSide)
    throw new CommandError('--force cannot be used with --server-side');
  needOnlyFiles(context);
  if (flags.bool('prune') && !flags.bool('all') && flags.text('selector') === '') {
    throw new CommandError(
      'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
    );
  }
  if (flags.bool('prune') && flags.bool('all') && flags.text('selector') !== '')
    throw new CommandError('cannot set --all and --selector at the same time');
  if (flags.bool('prune') && isServerSide)
    throw new CommandError(
      "--prune is in alpha and doesn't currently work on objects created by server-side apply",
    );
  const validation = validationOf(context);
  const items = await readManifests(context, { isValidated: validation !== 'Ignore' });
  const infos = items.filter(isInfo);
  const errors: KubectlError[] = items.filter((item): item is KubectlError => !isInfo(item));
  if (infos.length === 0 && errors.length === 0) throw new CommandError('no objects passed to apply');
  const applied: { readonly info: Info; readonly object: JsonObject }[] = [];
  for (const info of infos) {
    try {
      applied.push({ info, object: await applyOne(context, info, { dryRun, validation }) });
    } catch (error) {
      errors.push(kubectlErrorOf(error));
    }
  }
  await printApplied(context, applied, errors);
  throwAll(errors);
  if (flags.bool('prune')) await prune(context, applied, dryRun);
}

/** Kinds that `--prune` looks at when no allowlist is given (kubectl/pkg/util/prune). */
const PRUNED =
  `configmaps endpoints namespaces persistentvolumeclaims persistentvolumes pods replicationcontrollers secrets services
  jobs.batch cronjobs.batch ingresses.networking.k8s.io daemonsets.apps deployments.apps replicasets.apps statefulsets.apps`.split(
    /\s+/,
  );

/** Deletes what an earlier apply made, matches the selector and was not applied now. */
async function prune(
  context: Context,
  applied: readonly { readonly info: Info; readonly object: JsonObject }[],
  dryRun: 'none' | 'client' | 'server',
): Promise<void> {
  await context.err(
    `${klogPrefix(context)} prune.go:71] Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.\n`,
  );
  const kept = new Set(applied.map(({ object }) => textAt(object, 'metadata', 'uid')));
  const spaces = new Set(applied.map(({ info }) => info.namespace).filter((one) => one !== ''));
  const resources = PRUNED.map((word) => context.discovery.find(word)).filter((one) => one !== undefined);
  // What has a namespace goes first.
  for (const resource of [...resources].sort((a, b) => Number(b.isNamespaced) - Number(a.isNamespaced))) {
    for (const namespace of resource.isNamespaced ? [...spaces].sort() : ['']) {
      const query = { labelSelector: context.flags.text('selector') || undefined };
      for (const object of itemsOf(context.client.get(pathOf(resource, namespace), query), resource)) {
        if (Object.keys(lastApplied(object)).length === 0 || kept.has(textAt(object, 'metadata', 'uid')))
          continue;
        const name = nameIn(object);
        if (dryRun === 'none')
          context.client.delete(pathOf(resource, namespace, name), { propagationPolicy: 'Background' });
        await context.out(`${nameOf({ resource, name })} pruned${dryRunSuffix(dryRun)}\n`);
      }
    }
  }
}

/** The head of klog's lines: severity, date, time and thread. */
function klogPrefix(context: Context): string {
  const [day = '', time = ''] = new Date(context.nowMs).toISOString().split('T');
  const thread = String(context.process.sys.pid).padStart(7);
  return `I${day.slice(5).replace('-', '')} ${time.slice(0, 12)}000 ${thread}`;
}

type ApplyOptions = { readonly dryRun: 'none' | 'client' | 'server'; readonly validation: string };

/** With `-o` everything is printed together at the end: one object, or a list. */
async function printApplied(
  context: Context,
  applied: readonly { readonly info: Info; readonly object: JsonObject }[],
  errors: readonly KubectlError[],
): Promise<void> {
  const output = context.flags.text('output');
  if (output === '' || output === 'name' || errors.length > 0) return;
  const printer = printerFor(context, { isGet: false });
  if (printer === undefined) return;
  const [first] = applied;
  if (applied.length === 1 && first !== undefined)
    return context.out(printer.print(first.object, first.info.resource));
  if (applied.length > 1)
    await context.out(
      printer.print(
        { apiVersion: 'v1', items: applied.map((one) => one.object), kind: 'List', metadata: {} },
        undefined,
      ),
    );
}

async function applyOne(context: Context, info: Info, options: ApplyOptions): Promise<JsonObject> {
  if (textAt(info.object, 'metadata', 'generateName') !== '' && info.name === '')
    throw new CommandError(
      `from ${textAt(info.object, 'metadata', 'generateName')}: cannot use generate name with apply`,
    );
  if (context.flags.bool('server-side')) return serverSide(context, info, options);
  const modified = withLastApplied(context.recorded(info.object));
  const current = currentOf(context, info);
  if (current === undefined) return create(context, info, modified, options);
  return patch(context, info, modified, current, options);
}

/** An object with the annotation that holds itself. */
export function withLastApplied(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {};
  const { [LAST_APPLIED]: _, ...others } = isJsonObject(metadata.annotations) ? metadata.annotations : {};
  const bare = { ...object, metadata: { ...metadata, annotations: others } };
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...others, [LAST_APPLIED]: `${goJson(bare)}\n` } },
  };
}

/** `Resource: …, GroupVersionKind: …` and the object's name, as apply's errors tell it. */
function tell(info: Info): string {
  const version = info.resource.group === '' ? `/${info.resource.version}` : groupVersion(info.resource);
  return `Resource: ${quoteGo(`${version}, Resource=${info.resource.plural}`)}, GroupVersionKind: ${quoteGo(`${version}, Kind=${textAt(info.object, 'kind') || info.resource.kind}`)}\nName: ${quoteGo(info.name)}, Namespace: ${quoteGo(info.namespace)}`;
}

function currentOf(context: Context, info: Info): JsonObject | undefined {
  const prefix = `error when retrieving current configuration of:\n${tell(info)}\nfrom server for: ${quoteGo(info.source)}: `;
  if (info.name === '') throw new CommandError(`${prefix}resource name may not be empty`);
  try {
    return context.client.get(pathOf(info.resource, info.namespace, info.name));
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    if (error instanceof ApiError)
      throw new ApiError({ ...error.status, message: prefix + error.status.message });
    throw error;
  }
}

async function create(
  context: Context,
  info: Info,
  modified: JsonObject,
  options: ApplyOptions,
): Promise<JsonObject> {
  let object = modified;
  if (options.dryRun !== 'client') {
    try {
      object = context.client.post(
        pathOf(info.resource, info.namespace),
        modified,
        queryOf(context, options, 'kubectl-client-side-apply'),
      );
    } catch (error) {
      throw withSource('creating', info.source, kubectlErrorOf(error));
    }
  }
  await say(context, info, 'created', options);
  return object;
}

function queryOf(
  context: Context,
  options: ApplyOptions,
  manager: string,
): Readonly<Record<string, string | undefined>> {
  return {
    dryRun: options.dryRun === 'server' ? 'All' : undefined,
    fieldManager: context.flags.changed('field-manager') ? context.flags.text('field-manager') : manager,
    fieldValidation: options.validation,
  };
}

async function patch(
  context: Context,
  info: Info,
  modified: JsonObject,
  current: JsonObject,
  options: ApplyOptions,
): Promise<JsonObject> {
  if (options.dryRun === 'client') {
    await say(context, info, 'configured', options);
    return current;
  }
  const annotations =
    isJsonObject(current.metadata) && isJsonObject(current.metadata.annotations)
      ? current.metadata.annotations
      : {};
  if (!Object.hasOwn(annotations, LAST_APPLIED)) {
    const name = `${info.resource.plural}/${info.name}`;
    await context.err(
      `Warning: resource ${name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  }
  const { patch: body, type } = await patchOrFault(context, info, modified, current);
  if (Object.keys(body).length === 0) {
    await say(context, info, 'unchanged', options);
    return current;
  }
  let object: JsonObject;
  try {
    object = context.client.patch(
      pathOf(info.resource, info.namespace, info.name),
      type,
      body,
      queryOf(context, options, 'kubectl-client-side-apply'),
    );
  } catch (error) {
    const fault = kubectlErrorOf(error);
    if (fault instanceof ApiError && fault.status.reason === 'Conflict')
      await context.process.sys.sleep(4500);
    const prefix = `error when applying patch:\n${goJson(body)}\nto:\n${tell(info)}\nfor: ${quoteGo(info.source)}: `;
    const inner = `error when patching ${quoteGo(info.source)}: `;
    if (fault instanceof ApiError)
      throw new ApiError({ ...fault.status, message: `${prefix}${inner}${fault.status.message}` });
    throw new CommandError(`${prefix}${inner}${fault.message}`);
  }
  await say(context, info, 'configured', options);
  return object;
}

/** The patch, or the long text about what it could not be made of. */
async function patchOrFault(
  context: Context,
  info: Info,
  modified: JsonObject,
  current: JsonObject,
): Promise<ReturnType<typeof patchOf>> {
  const original = lastApplied(current);
  const fault = (why: string): CommandError =>
    new CommandError(
      `error when applying patch:\n\nto:\n${tell(info)}\nfor: ${quoteGo(info.source)}: error when patching ${quoteGo(info.source)}: creating patch with:\noriginal:\n${goJson(original)}\n\nmodified:\n${goJson(modified)}\n\ncurrent:\n${goJson(current)}\n\nfor:: ${why}`,
    );
  // A kind that Go's scheme does not know by this name gets a JSON merge patch, which may not change the kind.
  if (textAt(info.object, 'kind') !== info.resource.kind) {
    const change = jsonThreeWayPatch(original, modified, current);
    throw fault(`precondition failed for: ${goMap({ ...change, kind: textAt(info.object, 'kind') })}`);
  }
  try {
    return patchOf(info, modified, current);
  } catch (error) {
    if (!(error instanceof PatchFault)) throw error;
    await context.err(
      `warning: error calculating patch from openapi v3 spec: ${error.message}\nwarning: error calculating patch from openapi spec: ${error.message}\n`,
    );
    throw fault(error.message);
  }
}

/** The three-way patch of an apply: strategic for kinds of Kubernetes, a JSON merge patch for custom resources. */
export function patchOf(
  info: Info,
  modified: JsonObject,
  current: JsonObject,
): { readonly patch: JsonObject; readonly type: 'strategic' | 'merge' } {
  const original = lastApplied(current);
  const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
  if (struct === undefined) return { patch: jsonThreeWayPatch(original, modified, current), type: 'merge' };
  return { patch: strategicThreeWayPatch(original, modified, current, struct), type: 'strategic' };
}

function lastApplied(object: JsonObject): JsonObject {
  const text =
    isJsonObject(object.metadata) && isJsonObject(object.metadata.annotations)
      ? object.metadata.annotations[LAST_APPLIED]
      : undefined;
  if (typeof text !== 'string') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function serverSide(context: Context, info: Info, options: ApplyOptions): Promise<JsonObject> {
  const query = {
    ...queryOf(context, options, 'kubectl'),
    force: String(context.flags.bool('force-conflicts')),
  };
  try {
    const object = context.client.patch(
      pathOf(info.resource, info.namespace, info.name),
      'apply',
      info.object as Json,
      query,
    );
    await say(context, info, 'serverside-applied', options);
    return object;
  } catch (error) {
    if (error instanceof ApiError && error.status.reason === 'Conflict') throw conflictAdvice(error);
    throw error;
  }
}

function conflictAdvice(error: ApiError): CommandError {
  return new CommandError(`${error.message}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`);
}

async function say(context: Context, info: Info, what: string, options: ApplyOptions): Promise<void> {
  const output = context.flags.text('output');
  if (output === 'name') return context.out(`${nameOf(info)}\n`);
  if (output === '') return context.out(`${nameOf(info)} ${what}${dryRunSuffix(options.dryRun)}\n`);
  printerFor(context, { isGet: false });
}

async function viewLastApplied(context: Context): Promise<void> {
  const { flags } = context;
  const { infos, errors } = await findObjects(context, context.args, {
    isAll: flags.bool('all'),
    selector: flags.text('selector'),
  });
  throwAll(errors);
  if (!['yaml', 'json'].includes(flags.text('output')))
    throw usageError(
      context.path,
      `Unexpected -o output mode: ${flags.text('output')}, the flag 'output' must be one of yaml|json`,
    );
  for (const info of infos) {
    const original = lastApplied(info.object);
    if (Object.keys(original).length === 0) continue;
    await context.out(
      flags.text('output') === 'json' ? `${JSON.stringify(original, null, 2)}\n` : toYaml(original),
    );
  }
}

/** Without a change of the text nothing is sent; with one, the annotation is set anew. */
async function editLastApplied(context: Context): Promise<void> {
  const { process } = context;
  const { infos, errors } = await findObjects(context, context.args, { isEmptySelectorFine: true });
  throwAll(errors);
  const editor = (process.env.get('KUBE_EDITOR') || process.env.get('EDITOR') || 'vi').trim();
  let isChanged = false;
  for (const info of infos) {
    const original = toYaml(lastApplied(info.object));
    const path = `/tmp/kubectl-edit-${String(process.sys.pid)}${String(Math.floor(context.nowMs) % 1_000_000)}.yaml`;
    process.machine.files.write(path, original, context.nowMs);
    const code = await process.run(/[ '"]/.test(editor) ? ['sh', '-c', `${editor} ${path}`] : [editor, path]);
    if (code !== 0) throw new CommandError(`there was a problem with the editor ${quoteGo(editor)}`);
    const file = process.machine.files.read(path);
    const text = 'content' in file ? file.content : '';
    process.machine.files.remove(path);
    if (text === original) continue;
    const [edited] = infosOf(context, path, text, { isValidated: false });
    if (edited === undefined || !isInfo(edited))
      throw edited ?? new CommandError('the edited file had a syntax error');
    const annotation = textAt(withLastApplied(edited.object), 'metadata', 'annotations', LAST_APPLIED);
    context.client.patch(pathOf(info.resource, info.namespace, info.name), 'merge', {
      metadata: { annotations: { [LAST_APPLIED]: annotation } },
    });
    await context.out(`${nameOf(info)} edited\n`);
    isChanged = true;
  }
  if (!isChanged) await context.err('Edit cancelled, no changes made.\n');
}

async function setLastApplied(context: Context): Promise<void> {
  const dryRun = await context.dryRun();
  if (context.flags.list('filename').length === 0) await readWants(context, context.args, {});
  const items = await readManifests(context, { isValidated: false });
  throwAll(items.filter((item): item is KubectlError => !isInfo(item)));
  for (const info of items.filter(isInfo)) {
    const current = context.client.get(pathOf(info.resource, info.namespace, info.name));
    const has = Object.keys(lastApplied(current)).length > 0;
    if (!has && !context.flags.bool('create-annotation')) {
      throw new CommandError(
        `no last-applied-configuration annotation found on resource: ${info.name}, to create the annotation, run the command with --create-annotation`,
      );
    }
    // The file as it is: without the empty annotations that apply writes down.
    const annotation = `${goJson(info.object)}\n`;
    if (textAt(current, 'metadata', 'annotations', LAST_APPLIED) === annotation) {
      await context.out(`set-last-applied ${info.name}: no changes required.\n`);
      continue;
    }
    if (dryRun !== 'client') {
      context.client.patch(
        pathOf(info.resource, info.namespace, info.name),
        'merge',
        { metadata: { annotations: { [LAST_APPLIED]: annotation } } },
        { dryRun: dryRun === 'server' ? 'All' : undefined },
      );
    }
    await context.out(`${nameOf(info)} configured${dryRunSuffix(dryRun)}\n`);
  }
}
