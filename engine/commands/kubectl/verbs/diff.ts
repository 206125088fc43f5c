import type { JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, errorText, exitCodeOf, kubectlErrorOf, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { unifiedHunks } from '../../coreutils/changes.ts';
import type { Info } from '../manifests.ts';
import { isInfo, needOnlyFiles, readManifests } from '../manifests.ts';
import { withoutManagedFields } from '../print/output.ts';
import { toYaml } from '../print/yaml.ts';
import { patchOf } from './apply.ts';

/** `kubectl diff`. */
export const diffCommand: Command = {
  name: 'diff',
  about: 'Diff the live version against a would-be applied version',
  usage: '-f FILENAME [options]',
  flags: flagTable(
    'concurrency:int=1 field-manager:string=kubectl-client-side-apply filename,f:strings force-conflicts kustomize,k:string prune prune-allowlist:stringArray recursive,R selector,l:string server-side show-managed-fields',
  ),
  run: diffOrFault,
};

async function diff(context: Context): Promise<number> {
  const { flags } = context;
  needOnlyFiles(context);
  if (flags.bool('force-conflicts') && !flags.bool('server-side'))
    throw new CommandError('--force-conflicts only works with --server-side');
  const items = await readManifests(context, { isValidated: false });
  const faults: KubectlError[] = items.filter((item): item is KubectlError => !isInfo(item));
  let text = '';
  for (const info of items.filter(isInfo)) {
    try {
      text += diffOne(context, info);
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  await context.out(text);
  throwAll(faults);
  return text === '' ? 0 : 1;
}

/** Faults of a diff end with 2, since 1 means that there are differences (cmdutil.CheckDiffErr). */
async function diffOrFault(context: Context): Promise<number> {
  try {
    return await diff(context);
  } catch (error) {
    const fault = kubectlErrorOf(error);
    await context.flush();
    await context.process.err(errorText(fault));
    return exitCodeOf(fault) + 1;
  }
}

function diffOne(context: Context, info: Info): string {
  const path = pathOf(info.resource, info.namespace, info.name);
  let live: JsonObject | undefined;
  try {
    live = context.client.get(path);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isNotFound) throw error;
  }
  const [from, to] =
    live === undefined
      ? ['', shown(createdOf(context, info))]
      : shownPair(live, mergedOf(context, info, live));
  const hunks = unifiedHunks(linesOf(from), linesOf(to), 3);
  if (hunks === '') return '';
  const { group, version, kind } = info.resource;
  const file = `${group === '' ? '' : `${group}.`}${version}.${kind}.${info.namespace}.${info.name}`;
  const time = `${new Date(context.nowMs).toISOString().slice(0, 23).replace('T', ' ')}000000 +0000`;
  const number = String(Math.floor(context.nowMs) % 4_000_000_000);
  return `diff -u -N /tmp/LIVE-${number}/${file} /tmp/MERGED-${number}/${file}\n--- /tmp/LIVE-${number}/${file}\t${time}\n+++ /tmp/MERGED-${number}/${file}\t${time}\n${hunks}`;
}

function createdOf(context: Context, info: Info): JsonObject {
  return context.client.post(pathOf(info.resource, info.namespace), info.object, {
    dryRun: 'All',
    fieldManager: context.flags.text('field-manager'),
  });
}

function mergedOf(context: Context, info: Info, live: JsonObject): JsonObject {
  // The annotation of apply stays as it is: only what the file says is merged (diff.go, InfoObject.Merged).
  const metadata = { annotations: {}, ...objectAt(info.object, 'metadata') };
  const { patch, type } = patchOf(info, { ...info.object, metadata }, live);
  if (Object.keys(patch).length === 0) return live;
  const body: JsonObject = {
    ...patch,
    metadata: {
      ...objectAt(patch, 'metadata'),
      resourceVersion: textAt(live, 'metadata', 'resourceVersion'),
    },
  };
  return context.client.patch(pathOf(info.resource, info.namespace, info.name), type, body, {
    dryRun: 'All',
    fieldManager: context.flags.text('field-manager'),
  });
}

/** Both versions; what a Secret holds is masked, and told where it changes (diff.go's Masker). */
function shownPair(live: JsonObject, merged: JsonObject): readonly [string, string] {
  const [before, after] = [objectAt(live, 'data'), objectAt(merged, 'data')];
  const mark = (which: string) => (key: string) =>
    Object.hasOwn(before, key) && Object.hasOwn(after, key) && before[key] !== after[key]
      ? `*** (${which})`
      : '***';
  return [shown(live, mark('before')), shown(merged, mark('after'))];
}

/** The object as the two files hold it: without managedFields; a Secret's values masked. */
function shown(object: JsonObject, mark = (_key: string): string => '***'): string {
  const bare = withoutManagedFields(object);
  if (textAt(object, 'kind') !== 'Secret' || !isJsonObject(object.data)) return toYaml(bare);
  const data = Object.fromEntries(Object.keys(object.data).map((key) => [key, mark(key)]));
  return toYaml({ ...bare, data });
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
