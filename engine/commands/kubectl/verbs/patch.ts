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
import { isInfo, needFiles, readManifests } from '../manifests.ts';
import { patchedHere } from '../merge.ts';
import { absolutePath } from '../paths.ts';
import { objectName, printerFor, withoutManagedFields } from '../print/output.ts';
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
    flagTable(`allow-missing-template-keys=true dry-run:string=none?unchanged field-manager:string=kubectl-patch filename,f:strings kustomize,k:string local record
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
  const isLocal = flags.bool('local');
  if (isLocal && context.args.length > 0)
    throw new CommandError('cannot specify --local and server resources');
  const { infos, errors } = await findObjects(context, context.args, {});
  if (infos.length === 0 && errors.length === 0) throw new CommandError('no objects passed to patch');
  const faults: KubectlError[] = [...errors];
  for (const info of infos) {
    try {
      const path = pathOf(info.resource, info.namespace, info.name, flags.text('subresource'));
      const before = flags.text('subresource') === 'scale' ? context.client.get(path) : info.object;
      const object =
        dryRun === 'client' || isLocal
          ? patchedBy(info, type, body)
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
        !isLocal &&
        JSON.stringify(withoutManagedFields(before)) ===
          JSON.stringify(withoutManagedFields({ ...before, ...object })) &&
        textAt(before, 'metadata', 'resourceVersion') === textAt(object, 'metadata', 'resourceVersion');
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

/** @throws CommandError for a strategic patch of a kind that has none */
function patchedBy(info: Info, type: string, body: Json): JsonObject {
  const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
  if (type === 'strategic' && struct === undefined)
    throw new CommandError(
      `strategic merge patch is not supported for ${groupVersion(info.resource)}, Kind=${info.resource.kind} locally, try --type merge`,
    );
  return patchedHere(info.object, type, body, struct);
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
  needFiles(context);
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
      if (context.flags.text('output') === 'name') await context.out(`${nameOf(info)}\n`);
      if (context.flags.text('output') === '')
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
