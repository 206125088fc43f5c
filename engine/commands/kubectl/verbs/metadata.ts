import type { Json, JsonObject } from '../../../base/json.ts';
import { labelValueFaults } from '../../../objects/names.ts';
import { findObjects, nameOf } from '../builder.ts';
import { mapAt, objectAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import type { KubectlError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { printerFor } from '../print/output.ts';
import { quoteGo } from '../text.ts';

const FLAGS = `all all-namespaces,A allow-missing-template-keys=true dry-run:string=none?unchanged field-selector:string filename,f:strings kustomize,k:string list local record
  output,o:string overwrite recursive,R resource-version:string selector,l:string show-managed-fields template:string`;

/** `kubectl label`. */
export const labelCommand: Command = {
  name: 'label',
  about: 'Update the labels on a resource',
  usage:
    '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
  flags: flagTable(`${FLAGS} field-manager:string=kubectl-label`),
  run: (context) => change(context, 'label'),
};

/** `kubectl annotate`. */
export const annotateCommand: Command = {
  name: 'annotate',
  about: 'Update the annotations on a resource',
  usage:
    '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
  flags: flagTable(`${FLAGS} field-manager:string=kubectl-annotate`),
  run: (context) => change(context, 'annotation'),
};

type What = 'label' | 'annotation';
type Changes = {
  readonly set: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
  readonly rest: readonly string[];
};

/** Splits arguments into resources and changes: the first `key=value` or `key-` begins the changes. @throws CommandError */
function readChanges(context: Context, what: What): Changes {
  const first = context.args.findIndex(
    (arg) => (arg.includes('=') && !arg.startsWith('=')) || (arg.endsWith('-') && arg.length > 1),
  );
  const rest = first < 0 ? context.args : context.args.slice(0, first);
  const words = first < 0 ? [] : context.args.slice(first);
  const set = new Map<string, string>();
  const removed: string[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0) {
      const [key, value] = [word.slice(0, equals), word.slice(equals + 1)];
      if (what === 'label' && value.includes('=')) throw new CommandError(`invalid label spec: ${word}`);
      const faults = what === 'label' ? labelValueFaults(value) : [];
      if (faults.length > 0)
        throw new CommandError(`invalid label value: ${quoteGo(word)}: ${faults.join('; ')}`);
      set.set(key, value);
    } else if (word.endsWith('-')) removed.push(word.slice(0, -1));
    else
      throw new CommandError(
        `all resources must be specified before ${what} changes${what === 'label' ? `: ${word}` : ''}`,
      );
  }
  if (removed.some((key) => set.has(key)))
    throw new CommandError(
      `can not both modify and remove ${what === 'label' ? 'a label' : 'an annotation'} in the same command`,
    );
  return { set, removed, rest: rest.filter((arg) => !arg.startsWith('=')) };
}

async function change(context: Context, what: What): Promise<void> {
  const { flags } = context;
  const dryRun = await context.dryRun();
  const changes = readChanges(context, what);
  const isList = flags.bool('list');
  for (const other of ['selector', 'field-selector'])
    if (flags.bool('all') && flags.text(other) !== '')
      throw new CommandError(`cannot set --all and --${other} at the same time`);
  if (flags.bool('local')) checkLocal(context, changes.rest, dryRun);
  if (changes.rest.length === 0 && flags.list('filename').length === 0 && flags.text('kustomize') === '')
    throw new CommandError(
      'one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  if (!isList && changes.set.size === 0 && changes.removed.length === 0)
    throw new CommandError(`at least one ${what} update is required`);
  const { infos, errors, isSingle } = await findObjects(context, changes.rest, {
    allNamespaces: flags.bool('all-namespaces'),
    selector: flags.text('selector'),
    fieldSelector: flags.text('field-selector'),
    isEmptySelectorFine: flags.bool('all'),
  });
  if (flags.text('resource-version') !== '' && !isSingle)
    throw new CommandError('--resource-version may only be used with a single resource');
  const faults: KubectlError[] = [...errors];
  for (const info of infos) {
    try {
      if (isList) await list(context, info, what, !isSingle, changes);
      else await changeOne(context, info, changes, what, dryRun);
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  throwAll(faults);
}

/** @throws CommandError for what `--local` cannot do */
function checkLocal(context: Context, resources: readonly string[], dryRun: string): void {
  if (dryRun === 'server')
    throw new CommandError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
  if (resources.length > 0)
    throw new CommandError(
      'can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set',
    );
  if (context.flags.list('filename').length === 0 && context.flags.text('kustomize') === '')
    throw new CommandError('one or more files must be specified as -f pod.yaml or --filename=pod.json');
}

/** Lists what is there, and what the changes would make of it. */
async function list(
  context: Context,
  info: Info,
  what: What,
  isMany: boolean,
  changes: Changes,
): Promise<void> {
  const field = what === 'label' ? 'labels' : 'annotations';
  const removed = Object.fromEntries(changes.removed.map((key) => [key, null]));
  const now = merged(mapAt(info.object, 'metadata', field), {
    ...Object.fromEntries(changes.set),
    ...removed,
  });
  const lines = Object.entries(now).map(([key, value]) => `${isMany ? ' ' : ''}${key}=${value}\n`);
  await context.out(
    `${isMany ? `Listing ${field} for ${info.resource.kind}.${info.resource.group}/${info.name}:\n` : ''}${lines.join('')}`,
  );
}

async function changeOne(
  context: Context,
  info: Info,
  changes: Changes,
  what: What,
  dryRun: 'none' | 'client' | 'server',
): Promise<void> {
  const { flags } = context;
  const field = what === 'label' ? 'labels' : 'annotations';
  const now = mapAt(info.object, 'metadata', field);
  if (!flags.bool('overwrite')) {
    const clashes = [...changes.set].filter(([key, value]) => Object.hasOwn(now, key) && now[key] !== value);
    if (clashes.length > 0 && what === 'label')
      throw new CommandError(
        clashes
          .map(([key]) => `'${key}' already has a value (${now[key]}), and --overwrite is false`)
          .join('; '),
      );
    if (clashes.length > 0)
      throw new CommandError(
        `--overwrite is false but found the following declared annotation(s): ${clashes.map(([key]) => `'${key}' already has a value (${now[key]})`).join('; ')}`,
      );
  }
  const patch: Record<string, Json> = {};
  for (const [key, value] of changes.set) if (now[key] !== value) patch[key] = value;
  for (const key of changes.removed) {
    if (Object.hasOwn(now, key)) patch[key] = null;
    else if (what === 'label') await context.out(`label ${quoteGo(key)} not found.\n`);
  }
  const isChanged = Object.keys(patch).length > 0 || flags.text('resource-version') !== '';
  const cause = mapAt(context.recorded({}), 'metadata', 'annotations');
  const isRecorded = Object.keys(cause).length > 0;
  let object: JsonObject = {
    ...info.object,
    metadata: { ...objectAt(info.object, 'metadata'), [field]: merged(now, patch) },
  };
  if ((isChanged || isRecorded) && dryRun !== 'client' && !flags.bool('local')) {
    const metadata: JsonObject = {
      ...(isRecorded ? { annotations: cause } : {}),
      ...(Object.keys(patch).length > 0
        ? { [field]: what === 'annotation' ? { ...cause, ...patch } : patch }
        : {}),
      ...(flags.text('resource-version') === '' ? {} : { resourceVersion: flags.text('resource-version') }),
    };
    object = context.client.patch(
      pathOf(info.resource, info.namespace, info.name),
      'merge',
      { metadata },
      { dryRun: dryRun === 'server' ? 'All' : undefined, fieldManager: flags.text('field-manager') },
    );
  }
  const printer = printerFor(context, { isGet: false });
  if (printer !== undefined) return context.out(printer.print(object, info.resource));
  await context.out(`${nameOf(info)} ${outcome(changes, what, isChanged)}${dryRunSuffix(dryRun)}\n`);
}

function merged(now: Readonly<Record<string, string>>, patch: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries({ ...now, ...patch }).filter(([, value]) => value !== null));
}

function outcome(changes: Changes, what: What, isChanged: boolean): string {
  if (what === 'annotation') return 'annotated';
  if (!isChanged) return 'not labeled';
  return changes.set.size > 0 ? 'labeled' : 'unlabeled';
}
