import type { Json, JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { ApiError, CommandError, PlainError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { quoteGo } from '../text.ts';

const NODE_FLAGS = 'dry-run:string=none?unchanged selector,l:string';

/** `cordon`, `uncordon`, `drain` and `taint`. */
export const NODE_COMMANDS: readonly Command[] = [
  {
    name: 'cordon',
    about: 'Mark node as unschedulable',
    usage: 'NODE [options]',
    flags: flagTable(NODE_FLAGS),
    run: (context) => cordon(context, true),
  },
  {
    name: 'uncordon',
    about: 'Mark node as schedulable',
    usage: 'NODE [options]',
    flags: flagTable(NODE_FLAGS),
    run: (context) => cordon(context, false),
  },
  {
    name: 'drain',
    about: 'Drain node in preparation for maintenance',
    usage: 'NODE [options]',
    flags: flagTable(
      `${NODE_FLAGS} chunk-size:int=500 delete-emptydir-data disable-eviction force grace-period:int=-1 ignore-daemonsets pod-selector:string skip-wait-for-delete-timeout:int=0 timeout:duration=0s`,
    ),
    run: drain,
  },
  {
    name: 'taint',
    about: 'Update the taints on one or more nodes',
    usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]',
    flags: flagTable(
      `all allow-missing-template-keys=true ${NODE_FLAGS} field-manager:string=kubectl-taint output,o:string overwrite show-managed-fields template:string validate:string=strict?strict`,
    ),
    run: taint,
  },
];

function nodesOf(context: Context, names: readonly string[]): readonly JsonObject[] {
  const resource = context.discovery.need('nodes');
  const selector = context.flags.text('selector');
  if (names.length > 0 && selector !== '')
    throw usageError(
      context.path,
      'error: cannot specify both a node name and a --selector option'.replace('error: ', ''),
    );
  if (names.length === 0 && selector === '')
    throw usageError(context.path, `USAGE: ${context.path.replace('kubectl ', '')} NODE [flags]`);
  if (selector !== '')
    return itemsOf(context.client.get(pathOf(resource, ''), { labelSelector: selector }), resource);
  return names.map((name) => context.client.get(pathOf(resource, '', name)));
}

async function cordonOne(
  context: Context,
  node: JsonObject,
  isCordoned: boolean,
  dryRun: 'none' | 'client' | 'server',
): Promise<void> {
  const name = textAt(node, 'metadata', 'name');
  const word = isCordoned ? 'cordoned' : 'uncordoned';
  if ((at(node, 'spec', 'unschedulable') === true) === isCordoned)
    return context.out(`node/${name} already ${word}${dryRunSuffix(dryRun)}\n`);
  if (dryRun !== 'client')
    context.client.patch(
      pathOf(context.discovery.need('nodes'), '', name),
      'strategic',
      { spec: { unschedulable: isCordoned ? true : null } },
      { dryRun: dryRun === 'server' ? 'All' : undefined },
    );
  await context.out(`node/${name} ${word}${dryRunSuffix(dryRun)}\n`);
}

async function cordon(context: Context, isCordoned: boolean): Promise<void> {
  const dryRun = await context.dryRun();
  for (const node of nodesOf(context, context.args)) await cordonOne(context, node, isCordoned, dryRun);
}

async function drain(context: Context): Promise<void> {
  const { flags } = context;
  const dryRun = await context.dryRun();
  for (const node of nodesOf(context, context.args)) {
    const name = textAt(node, 'metadata', 'name');
    await cordonOne(context, node, true, dryRun);
    const resource = context.discovery.need('pods');
    const pods = itemsOf(
      context.client.get(pathOf(resource, ''), {
        fieldSelector: `spec.nodeName=${name}`,
        labelSelector: flags.text('pod-selector') || undefined,
        limit: '500',
      }),
      resource,
    );
    const sorted = sortPods(pods, flags);
    if (sorted.errors.length > 0) await undrained(context, name, sorted.errors);
    if (sorted.warnings.length > 0) await context.err(`Warning: ${sorted.warnings.join('; ')}\n`);
    const late = await evictAll(context, sorted.victims, dryRun);
    if (late.length > 0) await undrained(context, name, late);
    await context.out(`node/${name} drained${dryRunSuffix(dryRun)}\n`);
  }
}

/** Says why a node still has pods. @throws PlainError */
async function undrained(context: Context, name: string, errors: readonly string[]): Promise<void> {
  const list = errors.join(', ');
  await context.err(
    `error: unable to drain node ${quoteGo(name)} due to error: ${errors.length > 1 ? `[${list}]` : list}, continuing command...\n`,
  );
  throw new PlainError(`There are pending nodes to be drained:\n ${name}\n${errors.join('\n')}`);
}

type DryRun = 'none' | 'client' | 'server';

type Sorted = {
  readonly victims: readonly JsonObject[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
};

/** Which pods go, which stay, and why a drain may not begin. */
function sortPods(pods: readonly JsonObject[], flags: Context['flags']): Sorted {
  const key = (pod: JsonObject): string =>
    `${textAt(pod, 'metadata', 'namespace')}/${textAt(pod, 'metadata', 'name')}`;
  const groups = { daemons: [] as string[], local: [] as string[], bare: [] as string[] };
  const victims: JsonObject[] = [];
  for (const pod of pods) {
    const owner = listAt(pod, 'metadata', 'ownerReferences').find(
      (one) => textAt(one, 'controller') === 'true',
    );
    const isDone = ['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase'));
    if (textAt(pod, 'metadata', 'annotations', 'kubernetes.io/config.mirror') !== '') continue;
    if (textAt(owner, 'kind') === 'DaemonSet' && !isDone) {
      groups.daemons.push(key(pod));
      continue;
    }
    if (!isDone && listAt(pod, 'spec', 'volumes').some((volume) => at(volume, 'emptyDir') !== undefined))
      groups.local.push(key(pod));
    if (!isDone && owner === undefined) groups.bare.push(key(pod));
    victims.push(pod);
  }
  const errors: string[] = [];
  const warnings: string[] = [];
  if (groups.daemons.length > 0 && !flags.bool('ignore-daemonsets'))
    errors.push(
      `cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${groups.daemons.join(', ')}`,
    );
  if (groups.daemons.length > 0 && flags.bool('ignore-daemonsets'))
    warnings.push(`ignoring DaemonSet-managed Pods: ${groups.daemons.join(', ')}`);
  if (groups.local.length > 0 && !flags.bool('delete-emptydir-data'))
    errors.push(
      `cannot delete Pods with local storage (use --delete-emptydir-data to override): ${groups.local.join(', ')}`,
    );
  const blocked = groups.bare.filter(
    (name) => flags.bool('delete-emptydir-data') || !groups.local.includes(name),
  );
  if (blocked.length > 0 && !flags.bool('force'))
    errors.push(
      `cannot delete cannot delete Pods that declare no controller (use --force to override): ${blocked.join(', ')}`,
    );
  if (groups.bare.length > 0 && flags.bool('force'))
    warnings.push(`deleting Pods that declare no controller: ${groups.bare.join(', ')}`);
  return { victims, errors, warnings };
}

/** Time after which an eviction is tried again that a budget forbids (drain.go, evictPods). */
const RETRY_MS = 5000;

/**
 * Evicts pods and waits until they are gone; what a disruption budget holds back is tried again until `--timeout`. Gives
 * what could not be done by then.
 */
async function evictAll(
  context: Context,
  pods: readonly JsonObject[],
  dryRun: DryRun,
): Promise<readonly string[]> {
  const startMs = context.nowMs;
  const timeoutMs = context.flags.ms('timeout');
  for (let left = pods; left.length > 0; ) {
    const atMs = context.nowMs;
    if (timeoutMs > 0 && atMs - startMs >= timeoutMs) return tooLate(context, left);
    const held: JsonObject[] = [];
    for (const pod of left) {
      try {
        await evict(context, pod, dryRun);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status.code !== 429) throw error;
        const [namespace, name] = [textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name')];
        await context.err(
          `error when evicting pods/${quoteGo(name)} -n ${quoteGo(namespace)} (will retry after 5s): ${error.status.message}\n`,
        );
        held.push(pod);
      }
    }
    if (dryRun === 'none')
      await waitForEviction(
        context,
        left.filter((pod) => !held.includes(pod)),
      );
    if (held.length > 0) await context.process.sys.sleep(Math.max(0, atMs + RETRY_MS - context.nowMs));
    left = held;
  }
  return [];
}

/** Says which pods are left when the time is over. */
async function tooLate(context: Context, pods: readonly JsonObject[]): Promise<readonly string[]> {
  const names = pods.map((pod) => textAt(pod, 'metadata', 'name'));
  const errors: string[] = [];
  for (const pod of pods) {
    const [namespace, name] = [textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name')];
    await context.out(`evicting pod ${namespace}/${name}\n`);
    errors.push(
      `error when evicting pods/${quoteGo(name)} -n ${quoteGo(namespace)}: global timeout reached: ${context.flags.text('timeout')}`,
    );
  }
  const node = textAt(pods[0], 'spec', 'nodeName');
  const list = errors.length > 1 ? `[${errors.join(', ')}]` : errors.join('');
  await context.err(
    `There are pending pods in node ${quoteGo(node)} when an error occurred: ${list}\n${names.map((name) => `pod/${name}\n`).join('')}`,
  );
  return errors;
}

async function evict(context: Context, pod: JsonObject, dryRun: DryRun): Promise<void> {
  const [namespace, name] = [textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name')];
  await context.out(`evicting pod ${namespace}/${name}${dryRunSuffix(dryRun)}\n`);
  if (dryRun === 'client') return;
  const deleteOptions = dryRun === 'server' ? { dryRun: ['All'] } : {};
  const body: Json = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions,
  };
  context.client.post(pathOf(context.discovery.need('pods'), namespace, name, 'eviction'), body);
}

async function waitForEviction(context: Context, pods: readonly JsonObject[]): Promise<void> {
  const timeout = context.flags.ms('timeout');
  const endMs = context.nowMs + (timeout > 0 ? timeout : 86_400_000);
  for (const pod of pods) {
    const [namespace, name, uid] = [
      textAt(pod, 'metadata', 'namespace'),
      textAt(pod, 'metadata', 'name'),
      textAt(pod, 'metadata', 'uid'),
    ];
    for (;;) {
      try {
        if (
          textAt(
            context.client.get(pathOf(context.discovery.need('pods'), namespace, name)),
            'metadata',
            'uid',
          ) !== uid
        )
          break;
      } catch (error) {
        if (error instanceof ApiError && error.isNotFound) break;
        throw error;
      }
      if (context.nowMs > endMs)
        throw new CommandError(`drain did not complete within ${context.flags.text('timeout')}`);
      await context.process.sys.sleep(1000);
    }
    await context.out(`pod/${name} evicted\n`);
  }
}

type Taint = { readonly key: string; readonly value: string; readonly effect: string };
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function readTaints(words: readonly string[]): {
  readonly added: readonly Taint[];
  readonly removed: readonly { readonly key: string; readonly effect: string }[];
} {
  const added: Taint[] = [];
  const removed: { key: string; effect: string }[] = [];
  for (const word of words) {
    if (word.endsWith('-')) {
      const [key = '', effect = ''] = word.slice(0, -1).split(':');
      removed.push({ key: key.split('=')[0] ?? '', effect });
      continue;
    }
    const [pair = '', effect = ''] = word.split(':');
    const [key = '', value = ''] = pair.split('=');
    if (effect !== '' && !EFFECTS.includes(effect))
      throw usageError('kubectl taint', `invalid taint effect: ${effect}, unsupported taint effect`);
    if (effect === '') throw new CommandError(`unknown taint spec: ${word}`);
    added.push({ key, value, effect });
  }
  return { added, removed };
}

async function taint(context: Context): Promise<void> {
  const { flags, args } = context;
  const dryRun = await context.dryRun();
  const isTaint = (word: string): boolean => word.includes('=') || word.includes(':') || word.endsWith('-');
  const [type, ...rest] = args;
  const names = rest.filter((word) => !isTaint(word));
  const words = rest.filter(isTaint);
  if (type === undefined)
    throw new CommandError('one or more resources must be specified as <resource> <name>');
  if (context.discovery.need(type).kind !== 'Node')
    throw new CommandError(`invalid resource type ${type}, only node types are supported`);
  if (words.length === 0) throw new CommandError('at least one taint update is required');
  const { added, removed } = readTaints(words);
  const resource = context.discovery.need('nodes');
  const nodes =
    flags.bool('all') || flags.text('selector') !== ''
      ? itemsOf(
          context.client.get(pathOf(resource, ''), { labelSelector: flags.text('selector') || undefined }),
          resource,
        )
      : names.map((name) => context.client.get(pathOf(resource, '', name)));
  for (const node of nodes) {
    const name = textAt(node, 'metadata', 'name');
    let taints = [...listAt(node, 'spec', 'taints')];
    const clash = added.filter((one) =>
      taints.some((own) => textAt(own, 'key') === one.key && textAt(own, 'effect') === one.effect),
    );
    if (clash.length > 0 && !flags.bool('overwrite'))
      throw new CommandError(
        `node ${name} already has ${clash.map((one) => one.key).join(',')} taint(s) with same effect(s) and --overwrite is false`,
      );
    for (const one of removed) {
      const left = taints.filter(
        (own) =>
          textAt(own, 'key') !== one.key || (one.effect !== '' && textAt(own, 'effect') !== one.effect),
      );
      if (left.length === taints.length)
        throw new CommandError(
          `taint ${quoteGo(one.effect === '' ? one.key : `${one.key}:${one.effect}`)} not found`,
        );
      taints = left;
    }
    for (const one of added)
      taints = [
        ...taints.filter((own) => textAt(own, 'key') !== one.key || textAt(own, 'effect') !== one.effect),
        { key: one.key, ...(one.value === '' ? {} : { value: one.value }), effect: one.effect },
      ];
    if (dryRun !== 'client')
      context.client.patch(
        pathOf(resource, '', name),
        'merge',
        { spec: { taints: taints.length === 0 ? null : taints } },
        { dryRun: dryRun === 'server' ? 'All' : undefined, fieldManager: flags.text('field-manager') },
      );
    const word =
      removed.length === 0
        ? clash.length > 0
          ? 'modified'
          : 'tainted'
        : added.length === 0
          ? 'untainted'
          : 'modified';
    await context.out(`node/${name} ${word}${dryRunSuffix(dryRun)}\n`);
  }
}
