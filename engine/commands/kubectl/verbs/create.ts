import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { nameOf } from '../builder.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll, withSource } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { isInfo, needOnlyFiles, readManifests } from '../manifests.ts';
import { printerFor } from '../print/output.ts';
import { withLastApplied } from './apply.ts';
import { GENERATORS } from './generators.ts';
import { compactJson } from './raw.ts';
import { validationOf } from './validation.ts';
import { nameIn } from '../client.ts';
import { absolutePath } from '../paths.ts';

/** `kubectl create`, from files and by generators. */
export const createCommand: Command = {
  name: 'create',
  about: 'Create a resource from a file or from stdin',
  usage: '-f FILENAME [options]',
  flags:
    flagTable(`allow-missing-template-keys=true dry-run:string=none?unchanged edit field-manager:string=kubectl-create filename,f:strings kustomize,k:string
    output,o:string raw:string recursive,R save-config selector,l:string show-managed-fields template:string validate:string=strict?strict windows-line-endings`),
  children: GENERATORS,
  run: create,
};

async function create(context: Context): Promise<void> {
  const { flags } = context;
  needOnlyFiles(context);
  if (flags.text('raw') !== '') return createRaw(context);
  const dryRun = await context.dryRun();
  const validation = validationOf(context);
  const printer = printerFor(context, { isGet: false });
  const items = await readManifests(context, { isValidated: validation !== 'Ignore' });
  const errors: KubectlError[] = [];
  let count = 0;
  for (const item of items) {
    if (!isInfo(item)) continue;
    count++;
    let object = flags.bool('save-config') ? withLastApplied(item.object) : item.object;
    try {
      if (dryRun !== 'client') {
        object = context.client.post(pathOf(item.resource, item.namespace), object, {
          dryRun: dryRun === 'server' ? 'All' : undefined,
          fieldManager: flags.text('field-manager'),
          fieldValidation: validation,
        });
      }
      const name = item.name || nameIn(object);
      if (printer === undefined)
        await context.out(`${nameOf({ resource: item.resource, name })} created${dryRunSuffix(dryRun)}\n`);
      else await context.out(printer.print(object, item.resource));
    } catch (error) {
      errors.push(withSource('creating', item.source, kubectlErrorOf(error)));
    }
  }
  // What the files themselves got wrong comes last (resource.ContinueOnErrorVisitor).
  errors.push(...items.filter((item): item is KubectlError => !isInfo(item)));
  throwAll(errors);
  if (count === 0) throw new CommandError('no objects passed to create');
}

async function createRaw(context: Context): Promise<void> {
  const [name = ''] = context.flags.list('filename');
  const file = context.process.machine.files.read(absolutePath(context.process.cwd, name));
  if ('error' in file) throw new CommandError(`open ${name}: no such file or directory`);
  let body: unknown;
  try {
    body = JSON.parse(file.content);
  } catch {
    throw new CommandError('the body of --raw is not JSON');
  }
  await context.out(
    `${compactJson(context.client.post(context.flags.text('raw'), isJsonObject(body) ? body : {}))}\n`,
  );
}

/** The tail of all generators: prints the object or sends it, and says so. */
export async function createObject(
  context: Context,
  type: string,
  object: JsonObject,
  options: { readonly isNamed?: string; readonly verb?: string; readonly manager?: string } = {},
): Promise<void> {
  const dryRun = await context.dryRun();
  const printer = printerFor(context, { isGet: false, keepOrder: true });
  const resource = context.discovery.need(type);
  const isExplicit = context.target.isNamespaceExplicit;
  const metadata = isJsonObject(object.metadata) ? object.metadata : {};
  const placed: JsonObject =
    resource.isNamespaced && (isExplicit || dryRun !== 'client')
      ? { ...object, metadata: { ...metadata, namespace: context.namespace } as JsonObject }
      : object;
  let made: JsonObject = context.flags.bool('save-config') ? withLastApplied(placed) : placed;
  if (dryRun !== 'client') {
    try {
      made = context.client.post(
        pathOf(resource, resource.isNamespaced ? context.namespace : ''),
        made as Json,
        {
          dryRun: dryRun === 'server' ? 'All' : undefined,
          fieldManager: context.flags.text('field-manager') || options.manager || 'kubectl-create',
          fieldValidation: validationOf(context),
        },
      );
    } catch (error) {
      if (options.isNamed !== undefined && error instanceof ApiError)
        throw new CommandError(`failed to create ${options.isNamed}: ${error.message}`);
      throw error;
    }
  }
  if (printer !== undefined) return context.out(printer.print(made, resource));
  await context.out(
    `${nameOf({ resource, name: nameIn(made) })} ${options.verb ?? 'created'}${dryRunSuffix(dryRun)}\n`,
  );
}
