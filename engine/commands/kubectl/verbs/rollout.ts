import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { findObjects, itemsOf, nameOf } from '../builder.ts';
import { at, listAt, mapAt, numberAt, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { selectorText } from '../pods.ts';
import { printerFor } from '../print/output.ts';
import { alignColumns } from '../print/table.ts';
import { describePodTemplate } from '../describe/pod-template.ts';
import { quoteGo } from '../text.ts';

const COMMON =
  'allow-missing-template-keys=true filename,f:strings kustomize,k:string output,o:string recursive,R selector,l:string show-managed-fields template:string';

function child(
  name: string,
  about: string,
  flags: string,
  run: (context: Context) => Promise<void>,
): Command {
  return {
    name,
    about,
    usage: '(TYPE NAME | TYPE/NAME) [flags] [options]',
    flags: flagTable(`${COMMON} ${flags}`),
    run,
  };
}

/** `kubectl rollout`. */
export const rolloutCommand: Command = {
  name: 'rollout',
  about: 'Manage the rollout of a resource',
  children: [
    child('history', 'View rollout history', 'revision:int=0', history),
    child(
      'pause',
      'Mark the provided resource as paused',
      'field-manager:string=kubectl-rollout',
      (context) => setPaused(context, true),
    ),
    child('restart', 'Restart a resource', 'field-manager:string=kubectl-rollout', restart),
    child('resume', 'Resume a paused resource', 'field-manager:string=kubectl-rollout', (context) =>
      setPaused(context, false),
    ),
    child(
      'status',
      'Show the status of the rollout',
      'revision:int=0 timeout:duration=0s watch,w=true',
      status,
    ),
    child('undo', 'Undo a previous rollout', 'dry-run:string=none?unchanged to-revision:int=0', undo),
  ],
};

async function targets(
  context: Context,
): Promise<{ readonly infos: readonly Info[]; readonly errors: readonly KubectlError[] }> {
  if (context.args.length === 0 && context.flags.list('filename').length === 0)
    throw new CommandError('required resource not specified');
  return findObjects(context, context.args, {
    selector: context.flags.text('selector'),
    isEmptySelectorFine: true,
  });
}

async function eachTarget(context: Context, act: (info: Info) => Promise<void>): Promise<void> {
  const { infos, errors } = await targets(context);
  const faults: KubectlError[] = [...errors];
  if (infos.length === 0 && errors.length === 0 && context.path === 'kubectl rollout restart')
    await context.err(`No resources found in ${context.namespace} namespace.\n`);
  for (const info of infos) {
    try {
      await act(info);
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  throwAll(faults);
}

async function done(context: Context, info: Info, object: JsonObject, what: string): Promise<void> {
  const printer = printerFor(context, { isGet: false });
  await context.out(
    printer === undefined ? `${nameOf(info)} ${what}\n` : printer.print(object, info.resource),
  );
}

async function setPaused(context: Context, isPaused: boolean): Promise<void> {
  const verb = isPaused ? 'pausing' : 'resuming';
  await eachTarget(context, async (info) => {
    if (info.resource.kind !== 'Deployment')
      throw new CommandError(
        `${info.resource.plural}${info.resource.group === '' ? '' : `.${info.resource.group}`} ${quoteGo(info.name)} ${verb} is not supported`,
      );
    const was = at(info.object, 'spec', 'paused') === true;
    if (was === isPaused)
      throw new CommandError(
        `deployments.apps ${quoteGo(info.name)} is ${isPaused ? 'already paused' : 'not paused'}`,
      );
    const body = { spec: { paused: isPaused ? true : null } };
    const object = context.client.patch(pathOf(info.resource, info.namespace, info.name), 'strategic', body, {
      fieldManager: context.flags.text('field-manager'),
    });
    await done(context, info, object, isPaused ? 'paused' : 'resumed');
  });
}

async function restart(context: Context): Promise<void> {
  await eachTarget(context, async (info) => {
    if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(info.resource.kind)) {
      throw new CommandError(
        `${info.resource.plural}${info.resource.group === '' ? '' : `.${info.resource.group}`} ${quoteGo(info.name)} restarting is not supported`,
      );
    }
    if (at(info.object, 'spec', 'paused') === true)
      throw new CommandError(
        `deployments.apps ${quoteGo(info.name)} can't restart paused deployment (run rollout resume first)`,
      );
    const body = {
      spec: {
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': context.timestamp() } } },
      },
    };
    const object = context.client.patch(pathOf(info.resource, info.namespace, info.name), 'strategic', body, {
      fieldManager: context.flags.text('field-manager'),
    });
    await done(context, info, object, 'restarted');
  });
}

/** One look at a rollout: what to print, and whether it is done. @throws CommandError when it failed */
function look(
  info: Info,
  object: JsonObject,
  revision: number,
): { readonly text: string; readonly isDone: boolean } {
  if (info.resource.kind === 'Deployment') return lookDeployment(info.name, object, revision);
  return info.resource.kind === 'DaemonSet' ? lookDaemonSet(info.name, object) : lookStatefulSet(object);
}

function lookDeployment(
  name: string,
  object: JsonObject,
  revision: number,
): { readonly text: string; readonly isDone: boolean } {
  const own = Number(textAt(object, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') || '0');
  if (revision > 0 && own !== revision)
    throw new CommandError(`desired revision (${revision}) is different from the running revision (${own})`);
  if (numberAt(object, 'metadata', 'generation') > numberAt(object, 'status', 'observedGeneration'))
    return { text: 'Waiting for deployment spec update to be observed...\n', isDone: false };
  const progressing = listAt(object, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'Progressing',
  );
  if (textAt(progressing, 'reason') === 'ProgressDeadlineExceeded')
    throw new CommandError(`deployment ${quoteGo(name)} exceeded its progress deadline`);
  const wanted = numberAt(object, 'spec', 'replicas');
  const [updated, total, available] = [
    numberAt(object, 'status', 'updatedReplicas'),
    numberAt(object, 'status', 'replicas'),
    numberAt(object, 'status', 'availableReplicas'),
  ];
  if (updated < wanted)
    return {
      text: `Waiting for deployment ${quoteGo(name)} rollout to finish: ${updated} out of ${wanted} new replicas have been updated...\n`,
      isDone: false,
    };
  if (total > updated)
    return {
      text: `Waiting for deployment ${quoteGo(name)} rollout to finish: ${total - updated} old replicas are pending termination...\n`,
      isDone: false,
    };
  if (available < updated)
    return {
      text: `Waiting for deployment ${quoteGo(name)} rollout to finish: ${available} of ${updated} updated replicas are available...\n`,
      isDone: false,
    };
  return { text: `deployment ${quoteGo(name)} successfully rolled out\n`, isDone: true };
}

function lookDaemonSet(
  name: string,
  object: JsonObject,
): { readonly text: string; readonly isDone: boolean } {
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    throw new CommandError('rollout status is only available for RollingUpdate strategy type');
  if (numberAt(object, 'metadata', 'generation') > numberAt(object, 'status', 'observedGeneration'))
    return { text: 'Waiting for daemon set spec update to be observed...\n', isDone: false };
  const [wanted, updated, available] = [
    numberAt(object, 'status', 'desiredNumberScheduled'),
    numberAt(object, 'status', 'updatedNumberScheduled'),
    numberAt(object, 'status', 'numberAvailable'),
  ];
  if (updated < wanted)
    return {
      text: `Waiting for daemon set ${quoteGo(name)} rollout to finish: ${updated} out of ${wanted} new pods have been updated...\n`,
      isDone: false,
    };
  if (available < wanted)
    return {
      text: `Waiting for daemon set ${quoteGo(name)} rollout to finish: ${available} of ${wanted} updated pods are available...\n`,
      isDone: false,
    };
  return { text: `daemon set ${quoteGo(name)} successfully rolled out\n`, isDone: true };
}

function lookStatefulSet(object: JsonObject): { readonly text: string; readonly isDone: boolean } {
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    throw new CommandError('rollout status is only available for RollingUpdate strategy type');
  if (numberAt(object, 'metadata', 'generation') > numberAt(object, 'status', 'observedGeneration'))
    return { text: 'Waiting for statefulset spec update to be observed...\n', isDone: false };
  const [wanted, ready, updated] = [
    numberAt(object, 'spec', 'replicas'),
    numberAt(object, 'status', 'readyReplicas'),
    numberAt(object, 'status', 'updatedReplicas'),
  ];
  if (ready < wanted) return { text: `Waiting for ${wanted - ready} pods to be ready...\n`, isDone: false };
  const partition = at(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'RollingUpdate' && typeof partition === 'number') {
    if (updated < wanted - partition)
      return {
        text: `Waiting for partitioned roll out to finish: ${updated} out of ${wanted - partition} new pods have been updated...\n`,
        isDone: false,
      };
    return {
      text: `partitioned roll out complete: ${updated} new pods have been updated...\n`,
      isDone: true,
    };
  }
  const revision = textAt(object, 'status', 'updateRevision');
  if (revision !== textAt(object, 'status', 'currentRevision'))
    return {
      text: `waiting for statefulset rolling update to complete ${updated} pods at revision ${revision}...\n`,
      isDone: false,
    };
  return {
    text: `statefulset rolling update complete ${numberAt(object, 'status', 'currentReplicas')} pods at revision ${textAt(object, 'status', 'currentRevision')}...\n`,
    isDone: true,
  };
}

async function status(context: Context): Promise<void> {
  const { flags } = context;
  if (flags.int('revision') < 0)
    throw new CommandError(`revision must be a positive integer: ${flags.int('revision')}`);
  await eachTarget(context, async (info) => {
    if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(info.resource.kind))
      throw new CommandError(`no status viewer has been implemented for ${goKind(info)}`);
    const { sys } = context.process;
    const timeout = flags.ms('timeout');
    const endMs = sys.nowMs() + (timeout > 0 ? timeout : 30 * 86_400_000);
    let object = context.client.get(pathOf(info.resource, info.namespace, info.name));
    const first = look(info, object, flags.int('revision'));
    await context.out(first.text);
    if (first.isDone || !flags.bool('watch')) return;
    const cursor = context.client.watch(pathOf(info.resource, info.namespace), {
      allowWatchBookmarks: 'true',
      fieldSelector: `metadata.name=${info.name}`,
      resourceVersion: textAt(object, 'metadata', 'resourceVersion') || undefined,
    });
    try {
      for (;;) {
        if (!(await sys.until(() => cursor.pending() || cursor.ended(), Math.max(0, endMs - sys.nowMs()))))
          throw new CommandError('timed out waiting for the condition');
        for (const event of cursor.take()) {
          if (event.type === 'BOOKMARK') continue;
          if (event.type === 'DELETED') throw new CommandError('object has been deleted');
          object = event.object;
          const seen = look(info, object, flags.int('revision'));
          await context.out(seen.text);
          if (seen.isDone) return;
        }
        if (cursor.ended()) throw new CommandError('timed out waiting for the condition');
      }
    } finally {
      cursor.stop();
    }
  });
}

/** A revision of a workload: its number, its pod template and what caused it. */
type Revision = {
  readonly number: number;
  readonly template: JsonObject;
  readonly cause: string;
  readonly source: JsonObject;
};

function revisionsOf(context: Context, info: Info): readonly Revision[] {
  const selector = selectorText(objectAt(info.object, 'spec', 'selector'));
  const uid = textAt(info.object, 'metadata', 'uid');
  const isOwned = (object: JsonObject): boolean =>
    listAt(object, 'metadata', 'ownerReferences').some((one) => textAt(one, 'uid') === uid);
  const isDeployment = info.resource.kind === 'Deployment';
  const resource = context.discovery.need(isDeployment ? 'replicasets.apps' : 'controllerrevisions.apps');
  const list = itemsOf(
    context.client.get(pathOf(resource, info.namespace), { labelSelector: selector }),
    resource,
  ).filter(isOwned);
  return list
    .map((object) => ({
      number: isDeployment
        ? Number(textAt(object, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') || '0')
        : numberAt(object, 'revision'),
      template: isDeployment
        ? objectAt(object, 'spec', 'template')
        : objectAt(object, 'data', 'spec', 'template'),
      cause: textAt(object, 'metadata', 'annotations', 'kubernetes.io/change-cause'),
      source: object,
    }))
    .sort((a, b) => a.number - b.number);
}

/** A kind with its group, as Go's GroupKind prints itself. */
function goKind({ resource }: Info): string {
  return resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
}

async function history(context: Context): Promise<void> {
  const wanted = context.flags.int('revision');
  if (wanted < 0) throw new CommandError(`revision must be a positive integer: ${String(wanted)}`);
  await eachTarget(context, async (info) => {
    if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(info.resource.kind))
      throw new CommandError(`no history viewer has been implemented for ${quoteGo(goKind(info))}`);
    const revisions = revisionsOf(context, info);
    const label = nameOf(info);
    if (wanted > 0) {
      const found = revisions.find((one) => one.number === wanted);
      if (found === undefined) throw new CommandError('unable to find the specified revision');
      const printer = printerFor(context, { isGet: false });
      if (printer !== undefined) return context.out(printer.print(found.source, undefined));
      return context.out(
        `${label} with revision #${wanted}\n${describePodTemplate(found.template, found.cause)}\n`,
      );
    }
    const printer = printerFor(context, { isGet: false });
    if (printer !== undefined) {
      for (const one of revisions) await context.out(printer.print(one.source, undefined));
      return;
    }
    const rows = revisions.map((one) => [String(one.number), one.cause || '<none>']);
    await context.out(
      `${label} \n${revisions.length === 0 ? 'No rollout history found.\n' : alignColumns([['REVISION', 'CHANGE-CAUSE'], ...rows], 2, 0)}\n`,
    );
  });
}

async function undo(context: Context): Promise<void> {
  const { flags } = context;
  const dryRun = await context.dryRun();
  await eachTarget(context, async (info) => {
    if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(info.resource.kind))
      throw new CommandError(`no rollbacker has been implemented for ${quoteGo(info.resource.kind)}`);
    const revisions = revisionsOf(context, info);
    const wanted = flags.int('to-revision');
    const previous = revisions.at(-2);
    const target = wanted !== 0 ? revisions.find((one) => one.number === wanted) : previous;
    if (target === undefined)
      throw new CommandError(
        wanted !== 0
          ? `unable to find specified revision ${wanted} in history`
          : info.resource.kind === 'Deployment'
            ? `no rollout history found for ${info.resource.kind.toLowerCase()} ${quoteGo(info.name)}`
            : 'no last revision to roll back to',
      );
    if (at(info.object, 'spec', 'paused') === true)
      throw new CommandError(
        `you cannot rollback a paused ${info.resource.kind.toLowerCase()}; resume it first with 'kubectl rollout resume' and try again`,
      );
    if (dryRun === 'client') {
      return context.out(
        `${nameOf(info)} ${describePodTemplate(target.template, '')}${dryRunSuffix('client')}\n`,
      );
    }
    const template = templateWithoutHash(target.template);
    if (sameTemplate(template, templateWithoutHash(objectAt(info.object, 'spec', 'template')))) {
      return context.out(
        `${nameOf(info)} skipped rollback (current template already matches revision ${target.number})\n`,
      );
    }
    const patch: Json = [
      { op: 'replace', path: '/spec/template', value: template },
      ...(info.resource.kind === 'Deployment'
        ? [{ op: 'replace', path: '/metadata/annotations', value: rolledAnnotations(info.object, target) }]
        : []),
    ];
    context.client.patch(pathOf(info.resource, info.namespace, info.name), 'json', patch, {
      dryRun: dryRun === 'server' ? 'All' : undefined,
    });
    const printer = printerFor(context, { isGet: false });
    await context.out(
      printer?.print(info.object, info.resource) ?? `${nameOf(info)} rolled back${dryRunSuffix(dryRun)}\n`,
    );
  });
}

/** The annotations after a rollback: the revision's own, but what belongs to the deployment stays. */
function rolledAnnotations(object: JsonObject, target: Revision): JsonObject {
  const keep = new Set([
    'kubectl.kubernetes.io/last-applied-configuration',
    'deployment.kubernetes.io/revision',
    'deployment.kubernetes.io/revision-history',
    'deployment.kubernetes.io/desired-replicas',
    'deployment.kubernetes.io/max-replicas',
    'deprecated.deployment.rollback.to',
  ]);
  const own = Object.entries(mapAt(object, 'metadata', 'annotations')).filter(([key]) => keep.has(key));
  const theirs = Object.entries(mapAt(target.source, 'metadata', 'annotations')).filter(
    ([key]) => !keep.has(key),
  );
  return Object.fromEntries([...own, ...theirs]);
}

function templateWithoutHash(template: JsonObject): JsonObject {
  const metadata = objectAt(template, 'metadata');
  const { 'pod-template-hash': _, ...labels } = objectAt(metadata, 'labels');
  // What a ControllerRevision keeps is a patch that replaces.
  const { $patch: _patch, ...rest } = template;
  return { ...rest, metadata: { ...metadata, labels } };
}

function sameTemplate(a: JsonObject, b: JsonObject): boolean {
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : isJsonObject(value)
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([x], [y]) => (x < y ? -1 : 1))
              .map(([key, member]) => [key, sorted(member)]),
          )
        : value;
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}
