import type { Json, JsonObject } from '../../../base/json.ts';
import { structOfKind } from '../../../objects/types.ts';
import { findObjects, nameOf } from '../builder.ts';
import { objectAt, PATCH_TYPES, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll, withSource } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { infosOf, isInfo, readManifests } from '../manifests.ts';
import { jsonMergePatch, strategicPatch } from '../merge.ts';
import { absolutePath } from '../paths.ts';
import { objectName, printerFor, withoutManagedFields } from '../print/output.ts';
import { toYaml } from '../print/yaml.ts';
import { quoteGo } from '../text.ts';
import { readDocuments } from '../yaml-input.ts';
import { withLastApplied } from './apply.ts';
import { waitUntilGone } from './delete.ts';
import { validationOf } from './validation.ts';

/** `kubectl patch`. */
export const patchCommand: Command = {
  name: 'patch',
  about: 'Update fields of a resource',
  usage: '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]',
  flags:
    flagTable(`allow-missing-template-keys=true dry-run:string=none?unchanged field-manager:string=kubectl-patch filename,f:strings kustomize,k:string local
    output,o:string patch,p:string patch-file:string recursive,R show-managed-fields subresource:string template:string type:string=strategic`),
  run: patch,
};

async function patch(context: Context): Promise<void> {
  const { flags } = context;
  const type = flags.text('type').toLowerCase();
  if (flags.text('patch') === '' && flags.text('patch-file') === '')
    throw new CommandError('must specify --patch or --patch-file containing the contents of the patch');
  if (flags.text('patch') !== '' && flags.text('patch-file') !== '')
    throw new CommandError('cannot specify --patch and --patch-file together');
  if (type !== 'strategic' && type !== 'merge' && type !== 'json')
    throw new CommandError(
      `--type must be one of [json merge strategic], not ${quoteGo(flags.text('type'))}`,
    );
  const dryRun = await context.dryRun();
  const body = patchBody(context);
  const { infos, errors } = await findObjects(context, context.args, {});
  throwAll(errors);
  if (infos.length === 0) throw new CommandError('no objects passed to patch');
  const faults: KubectlError[] = [];
  for (const info of infos) {
    try {
      const path = pathOf(info.resource, info.namespace, info.name, flags.text('subresource'));
      const object =
        dryRun === 'client'
          ? info.object
          : context.client.patch(path, type, body, {
              dryRun: dryRun === 'server' ? 'All' : undefined,
              fieldManager: flags.text('field-manager'),
            });
      const printer = printerFor(context, { isGet: false });
      if (printer !== undefined) {
        await context.out(printer.print(object, info.resource));
        continue;
      }
      const isSame =
        dryRun !== 'client' &&
        JSON.stringify(withoutManagedFields(info.object)) ===
          JSON.stringify(withoutManagedFields({ ...info.object, ...object })) &&
        textAt(info.object, 'metadata', 'resourceVersion') === textAt(object, 'metadata', 'resourceVersion');
      // The name is the answer's own (a Scale, for its subresource); only a dry run of the client is told.
      const suffix = dryRun === 'client' ? dryRunSuffix(dryRun) : '';
      await context.out(`${objectName(object, undefined)} patched${suffix}${isSame ? ' (no change)' : ''}\n`);
    } catch (error) {
      const fault = kubectlErrorOf(error);
      const isUnsupported = fault instanceof ApiError && fault.status.code === 415;
      const kind = `${info.resource.group === '' ? '/v1' : groupVersion(info.resource)}, Kind=${info.resource.kind}`;
      faults.push(
        isUnsupported
          ? new CommandError(`${PATCH_TYPES[type]} is not supported by ${kind}: ${fault.message}`)
          : fault,
      );
    }
  }
  throwAll(faults);
}

function patchBody(context: Context): Json {
  const name = context.flags.text('patch-file');
  let text = context.flags.text('patch');
  if (name !== '') {
    const file = context.process.machine.files.read(absolutePath(context.process.cwd, name));
    if ('error' in file)
      throw new CommandError(`unable to read patch file: open ${name}: no such file or directory`);
    text = file.content;
  }
  const trimmed = text.trim();
  // What looks like JSON goes to the server as it is, right or wrong (apimachinery's yaml.ToJSON).
  if (trimmed.startsWith('{')) {
    try {
      return JSON.parse(trimmed) as Json;
    } catch {
      return text;
    }
  }
  if (trimmed.startsWith('[')) {
    try {
      return JSON.parse(trimmed) as Json;
    } catch {
      throw new CommandError(
        `unable to parse ${quoteGo(text)}: yaml: line 1: did not find expected ',' or ']'`,
      );
    }
  }
  const [document] = readDocuments(text);
  if (document === undefined) return {};
  if ('error' in document)
    throw new CommandError(
      `unable to parse ${quoteGo(text)}: ${document.error.replace(/^error converting YAML to JSON: /, '').replace(/^unexpected EOF$/, "yaml: line 1: did not find expected ',' or '}'")}`,
    );
  return document.value;
}

/** `kubectl replace`. */
export const replaceCommand: Command = {
  name: 'replace',
  about: 'Replace a resource by file name or stdin',
  usage: '-f FILENAME [options]',
  flags:
    flagTable(`allow-missing-template-keys=true cascade:string=background?background dry-run:string=none?unchanged field-manager:string=kubectl-replace filename,f:strings
    force grace-period:int=-1 kustomize,k:string output,o:string raw:string recursive,R save-config show-managed-fields subresource:string template:string timeout:duration=0s validate:string=strict?strict wait`),
  run: replace,
};

async function replace(context: Context): Promise<void> {
  const { flags } = context;
  if (flags.list('filename').length === 0 && flags.text('kustomize') === '')
    throw new CommandError('must specify one of -f and -k');
  if (!flags.bool('force') && flags.int('grace-period') >= 0)
    throw new CommandError('--grace-period must have --force specified');
  if (!flags.bool('force') && flags.ms('timeout') !== 0)
    throw new CommandError('--timeout must have --force specified');
  const dryRun = await context.dryRun();
  const validation = validationOf(context);
  const items = await readManifests(context, { isValidated: validation !== 'Ignore' });
  const faults: KubectlError[] = items.filter((item): item is KubectlError => !isInfo(item));
  const infos = items.filter(isInfo);
  if (flags.bool('force')) await deleteAll(context, infos);
  for (const info of infos) {
    try {
      const body = flags.bool('save-config') ? withLastApplied(info.object) : keepsConfig(info);
      const query = {
        dryRun: dryRun === 'server' ? 'All' : undefined,
        fieldManager: flags.text('field-manager'),
        fieldValidation: validation,
      };
      const path = pathOf(
        info.resource,
        info.namespace,
        flags.bool('force') ? undefined : info.name,
        flags.text('subresource'),
      );
      const object =
        dryRun === 'client'
          ? body
          : flags.bool('force')
            ? context.client.post(path, body, query)
            : context.client.put(path, versioned(context, info, body), query);
      const printer = printerFor(context, { isGet: false });
      await context.out(
        printer === undefined
          ? `${nameOf(info)} replaced${dryRunSuffix(dryRun)}\n`
          : printer.print(object, info.resource),
      );
    } catch (error) {
      faults.push(withSource('replacing', info.source, kubectlErrorOf(error)));
    }
  }
  throwAll(faults);
  if (infos.length === 0) throw new CommandError('no objects passed to replace');
}

/** An object that names no resourceVersion replaces whatever is there (resource.Helper.Replace). */
function versioned(context: Context, info: Info, body: JsonObject): JsonObject {
  if (textAt(body, 'metadata', 'resourceVersion') !== '') return body;
  try {
    const current = context.client.get(pathOf(info.resource, info.namespace, info.name));
    const resourceVersion = textAt(current, 'metadata', 'resourceVersion');
    return { ...body, metadata: { ...objectAt(body, 'metadata'), resourceVersion } };
  } catch (error) {
    if (error instanceof ApiError) return body;
    throw error;
  }
}

/** An object that carries the annotation of apply keeps it up to date (CreateOrUpdateAnnotation). */
function keepsConfig(info: Info): JsonObject {
  return textAt(
    info.object,
    'metadata',
    'annotations',
    'kubectl.kubernetes.io/last-applied-configuration',
  ) === ''
    ? info.object
    : withLastApplied(info.object);
}

async function deleteAll(context: Context, infos: readonly Info[]): Promise<void> {
  for (const info of infos) {
    try {
      const answer = context.client.delete(pathOf(info.resource, info.namespace, info.name), {
        propagationPolicy: 'Background',
      });
      await context.out(
        `${info.resource.kind.toLowerCase()}${info.resource.group === '' ? '' : `.${info.resource.group}`} ${quoteGo(info.name)} deleted\n`,
      );
      await waitUntilGone(
        context,
        [{ ...info, object: { uid: textAt(answer, 'metadata', 'uid') || textAt(answer, 'details', 'uid') } }],
        0,
      );
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isNotFound) throw error;
    }
  }
}

/** `kubectl edit`: hands a file to $KUBE_EDITOR or $EDITOR and sends what changed. */
export const editCommand: Command = {
  name: 'edit',
  about: 'Edit a resource on the server',
  usage: '(RESOURCE/NAME | -f FILENAME) [options]',
  flags:
    flagTable(`allow-missing-template-keys=true field-manager:string=kubectl-edit filename,f:strings kustomize,k:string output,o:string output-patch recursive,R
    save-config show-managed-fields subresource:string template:string validate:string=strict?strict windows-line-endings`),
  run: edit,
};

const EDIT_HEAD = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

async function edit(context: Context): Promise<void> {
  const { infos, errors } = await findObjects(context, context.args, { isEmptySelectorFine: true });
  throwAll(errors);
  if (infos.length === 0) throw new CommandError('edit cancelled, no objects found');
  let isChanged = false;
  for (const info of infos) if (await editOne(context, info)) isChanged = true;
  if (!isChanged) await context.err('Edit cancelled, no changes made.\n');
}

/** True when something was sent. */
async function editOne(context: Context, info: Info): Promise<boolean> {
  const { process } = context;
  const editor = (process.env.get('KUBE_EDITOR') || process.env.get('EDITOR') || 'vi').trim();
  const original = toYaml(withoutManagedFields(info.object));
  let text = EDIT_HEAD + original;
  let failure = '';
  for (let round = 0; ; round++) {
    const path = `/tmp/kubectl-edit-${String(process.sys.pid)}${String(Math.floor(context.nowMs) % 1_000_000)}${round}.yaml`;
    process.machine.files.write(path, text, context.nowMs);
    const code = await process.run(/[ '"]/.test(editor) ? ['sh', '-c', `${editor} ${path}`] : [editor, path]);
    if (code !== 0) throw new CommandError(`there was a problem with the editor ${quoteGo(editor)}`);
    const file = process.machine.files.read(path);
    const edited = 'content' in file ? stripComments(file.content) : '';
    if (edited === stripComments(text)) {
      process.machine.files.remove(path);
      if (failure === '') return false;
      throw new CommandError('Edit cancelled, no valid changes were saved.');
    }
    if (edited.trim() === '') {
      await context.err('Edit cancelled, saved file was empty.\n');
      return true;
    }
    const [item] = infosOf(context, path, edited, { isValidated: false });
    try {
      if (item === undefined || !isInfo(item))
        throw item ?? new CommandError('the edited file had a syntax error');
      await sendEdit(context, info, item.object);
      process.machine.files.remove(path);
      return true;
    } catch (error) {
      const fault = kubectlErrorOf(error);
      failure = fault instanceof ApiError ? fault.status.message : fault.message;
      await context.err(
        `error: ${fault instanceof ApiError && fault.status.reason === 'Invalid' ? `${info.resource.plural}${info.resource.group === '' ? '' : `.${info.resource.group}`} ${quoteGo(info.name)} is invalid` : `${info.resource.plural}${info.resource.group === '' ? '' : `.${info.resource.group}`} ${quoteGo(info.name)} could not be patched: ${failure}`}\n`,
      );
      await context.err(`A copy of your changes has been stored to ${quoteGo(path)}\n`);
      text = `${EDIT_HEAD}# ${failure.split('\n').join('\n# ')}\n#\n${edited}`;
      if (round >= 1) throw new CommandError('Edit cancelled, no valid changes were saved.');
    }
  }
}

function stripComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

async function sendEdit(context: Context, info: Info, edited: JsonObject): Promise<void> {
  const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
  const from = withoutManagedFields(info.object);
  const body = struct === undefined ? jsonMergePatch(from, edited) : strategicPatch(from, edited, struct);
  if (Object.keys(body).length > 0) {
    context.client.patch(
      pathOf(info.resource, info.namespace, info.name),
      struct === undefined ? 'merge' : 'strategic',
      body,
      { fieldManager: context.flags.text('field-manager'), fieldValidation: validationOf(context) },
    );
  }
  await context.out(`${nameOf(info)} edited\n`);
}
