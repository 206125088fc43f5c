import type { JsonObject } from '../../../base/json.ts';
import { fetchWant, readWants } from '../builder.ts';
import { at, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { kindName, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll, withSource } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { printRaw } from './raw.ts';
import { quoteGo } from '../text.ts';

/** `kubectl delete`. */
export const deleteCommand: Command = {
  name: 'delete',
  about: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  usage: '([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]',
  flags:
    flagTable(`all all-namespaces,A cascade:string=background?background dry-run:string=none?unchanged field-selector:string filename,f:strings force
    grace-period:int=-1 ignore-not-found interactive,i kustomize,k:string now output,o:string raw:string recursive,R selector,l:string timeout:duration=0s wait=true`),
  run: remove,
};

async function remove(context: Context): Promise<void> {
  const { flags } = context;
  if (flags.text('raw') !== '') return printRaw(context, 'DELETE', flags.text('raw'));
  const dryRun = await context.dryRun();
  const isForced = flags.bool('force');
  let grace = flags.int('grace-period');
  let isWaiting = flags.bool('wait');
  if (flags.bool('now')) {
    if (grace !== -1) throw new CommandError('--now and --grace-period cannot be specified together');
    grace = 1;
  }
  if (isForced && grace > 0)
    throw new CommandError('--force and --grace-period greater than 0 cannot be specified together');
  if (isForced && grace < 0) grace = 0;
  // A grace period of 0 without --force means 1, so that the kubelet can still stop the containers in order.
  if (grace === 0 && !isForced) grace = 1;
  const output = flags.text('output');
  if (output !== '' && output !== 'name')
    throw new CommandError(`unexpected -o output mode: ${output}. We only support '-o name'`);
  const policy = propagation(flags.text('cascade'));
  const isAll = flags.bool('all');
  const { wants, errors } = await readWants(context, context.args, {
    allNamespaces: flags.bool('all-namespaces'),
    selector: flags.text('selector'),
    fieldSelector: flags.text('field-selector'),
    isAll,
  });
  if (isForced && grace === 0)
    await context.err(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
    );
  if (isForced && !flags.changed('wait')) isWaiting = false;
  const faults: KubectlError[] = [...errors];
  const deleted: Info[] = [];
  for (const want of wants) {
    try {
      const infos: readonly Info[] =
        want.name !== undefined
          ? [
              {
                resource: want.resource,
                namespace: want.namespace,
                name: want.name,
                source: want.info?.source ?? '',
                object: {},
              },
            ]
          : fetchWant(context, want, {
              selector: flags.text('selector'),
              fieldSelector: flags.text('field-selector'),
            });
      for (const info of infos) {
        try {
          deleted.push(await deleteOne(context, info, { dryRun, grace, policy, isForced }));
        } catch (error) {
          const fault = kubectlErrorOf(error);
          const isIgnored =
            fault instanceof ApiError &&
            fault.isNotFound &&
            (flags.bool('ignore-not-found') || flags.bool('all') || want.name === undefined);
          if (!isIgnored) faults.push(fault);
        }
      }
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  if (deleted.length === 0 && faults.length === 0 && wants.every((want) => want.name === undefined))
    await context.out('No resources found\n');
  throwAll(faults);
  if (isWaiting && dryRun === 'none') await waitUntilGone(context, deleted, flags.ms('timeout'));
}

function propagation(cascade: string): string {
  if (cascade === 'background' || cascade === 'true') return 'Background';
  if (cascade === 'foreground') return 'Foreground';
  if (cascade === 'orphan' || cascade === 'false') return 'Orphan';
  throw new CommandError(
    `invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`,
  );
}

type DeleteOptions = {
  readonly dryRun: 'none' | 'client' | 'server';
  readonly grace: number;
  readonly policy: string;
  readonly isForced: boolean;
};

async function deleteOne(context: Context, info: Info, options: DeleteOptions): Promise<Info> {
  const { grace, policy, dryRun } = options;
  let answer: JsonObject = {};
  if (dryRun !== 'client') {
    const body = {
      ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
      propagationPolicy: policy,
      ...(dryRun === 'server' ? { dryRun: ['All'] } : {}),
    };
    try {
      answer = context.client.delete(pathOf(info.resource, info.namespace, info.name), body, {
        dryRun: dryRun === 'server' ? 'All' : undefined,
      });
    } catch (error) {
      throw withSource('deleting', info.source, kubectlErrorOf(error));
    }
  }
  const kind = kindName(info.resource);
  if (context.flags.text('output') === 'name') await context.out(`${kind}/${info.name}\n`);
  else
    await context.out(
      `${kind} ${quoteGo(info.name)} ${options.isForced && grace === 0 ? 'force deleted' : 'deleted'}${dryRunSuffix(dryRun)}\n`,
    );
  const uid = textAt(answer, 'metadata', 'uid') || textAt(answer, 'details', 'uid');
  return { ...info, object: { uid } };
}

/** Waits until each object is gone or another one has its name. A timeout of 0 means a week. */
export async function waitUntilGone(
  context: Context,
  infos: readonly Info[],
  timeoutMs: number,
): Promise<void> {
  const { sys } = context.process;
  const endMs = sys.nowMs() + (timeoutMs > 0 ? timeoutMs : 7 * 86_400_000);
  const errors: KubectlError[] = [];
  for (const info of infos) {
    const current = liveObject(context, info);
    if (current === undefined) continue;
    const cursor = context.client.watch(pathOf(info.resource, info.namespace), {
      fieldSelector: `metadata.name=${info.name}`,
      resourceVersion: textAt(current, 'metadata', 'resourceVersion') || undefined,
    });
    let isGone = false;
    while (!isGone) {
      const isReady = await sys.until(
        () => cursor.pending() || cursor.ended(),
        Math.max(0, endMs - sys.nowMs()),
      );
      if (cursor.take().some((event) => event.type === 'DELETED')) isGone = true;
      else if (!isReady) {
        errors.push(
          new CommandError(`timed out waiting for the condition on ${info.resource.plural}/${info.name}`),
        );
        break;
      } else if (cursor.ended()) break;
    }
    cursor.stop();
  }
  throwAll(errors);
}

function liveObject(context: Context, info: Info): JsonObject | undefined {
  try {
    const object = context.client.get(pathOf(info.resource, info.namespace, info.name));
    const uid = at(info.object, 'uid');
    return typeof uid === 'string' && uid !== '' && textAt(object, 'metadata', 'uid') !== uid
      ? undefined
      : object;
  } catch (error) {
    if (error instanceof ApiError && (error.isNotFound || error.status.reason === 'Forbidden'))
      return undefined;
    throw error;
  }
}
