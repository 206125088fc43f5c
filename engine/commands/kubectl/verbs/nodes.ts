import type { Json, JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../../objects/names.ts';
import { at, listAt, nameIn, namespaceIn, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, PlainError, throwAll, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { printerFor } from '../print/output.ts';
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
    throw usageError(context.path, 'cannot specify both a node name and a --selector option');
  if (names.length === 0 && selector === '')
    throw usageError(context.path, `USAGE: ${context.path.replace('kubectl ', '')} NODE [flags]`);
  if (selector !== '')
    return itemsOf(context.client.get(pathOf(resource, ''), { labelSelector: selector }), resource);
  return names.map((name) => context.client.get(pathOf(resource, '', name.replace(/^(nodes?|no)\//, ''))));
}

async function cordonOne(
  context: Context,
  node: JsonObject,
  isCordoned: boolean,
  dryRun: 'none' | 'client' | 'server',
): Promise<void> {
  const name = nameIn(node);
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
  if (/\S\s+(?!in\b|notin\b|[=!<>])\S/.test(flags.text('pod-selector').replace(/\([^)]*\)/g, '')))
    throw new CommandError('--pod-selector=<pod_selector> must be a valid label selector');
  const dryRun = await context.dryRun();
  for (const node of nodesOf(context, context.args)) {
    const name = nameIn(node);
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
  const key = (pod: JsonObject): string => `${namespaceIn(pod)}/${nameIn(pod)}`;
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
        const [namespace, name] = [namespaceIn(pod), nameIn(pod)];
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
  const names = pods.map((pod) => nameIn(pod));
  const errors: string[] = [];
  for (const pod of pods) {
    const [namespace, name] = [namespaceIn(pod), nameIn(pod)];
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
  const [namespace, name] = [namespaceIn(pod), nameIn(pod)];
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
    const [namespace, name, uid] = [namespaceIn(pod), nameIn(pod), textAt(pod, 'metadata', 'uid')];
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

/** Reads `key=value:effect`, `key:effect` or `key` (kubectl/pkg/cmd/taint). @throws CommandError */
function readTaint(word: string): Taint {
  const fault = (why = ''): CommandError =>
    usageError('kubectl taint', `invalid taint spec: ${word}${why === '' ? '' : `, ${why}`}`);
  const [pair = '', effect, ...more] = word.split(':');
  if (more.length > 0) throw fault();
  if (effect !== undefined && !EFFECTS.includes(effect))
    throw usageError('kubectl taint', `invalid taint effect: ${effect}, unsupported taint effect`);
  const [key = '', value = '', ...rest] = effect === undefined ? [pair] : pair.split('=');
  if (rest.length > 0) throw fault();
  const faults = [...labelValueFaults(value)];
  if (faults.length === 0) faults.push(...qualifiedNameFaults(key));
  if (faults.length > 0) throw fault(faults.join('; '));
  return { key, value, effect: effect ?? '' };
}

function readTaints(words: readonly string[]): {
  readonly added: readonly Taint[];
  readonly removed: readonly Taint[];
} {
  const added: Taint[] = [];
  const removed: Taint[] = [];
  for (const word of words) {
    const one = readTaint(word.replace(/-$/, ''));
    if (word.endsWith('-')) removed.push(one);
    else if (one.effect === '') throw usageError('kubectl taint', `invalid taint spec: ${word}`);
    else if (added.some((other) => other.key === one.key && other.effect === one.effect))
      throw usageError(
        'kubectl taint',
        `duplicated taints with the same key and effect: {${one.key} ${one.value} ${one.effect} <nil>}`,
      );
    else added.push(one);
  }
  return { added, removed };
}

/** @throws CommandError for words that contradict each other or name no node */
function checkTaints(
  context: Context,
  added: readonly Taint[],
  removed: readonly Taint[],
  names: number,
): void {
  const { flags } = context;
  const both = added.flatMap((one) =>
    removed
      .filter((other) => other.key === one.key && (other.effect === '' || other.effect === one.effect))
      .map((other) => `${other.key}=${other.effect}`),
  );
  if (both.length > 0)
    throw new CommandError(
      `can not both modify and remove the following taint(s) in the same command: ${both.join(', ')}`,
    );
  if (flags.bool('all') && flags.text('selector') !== '')
    throw new CommandError("setting 'all' parameter with a non empty selector is prohibited");
  if (!flags.bool('all') && flags.text('selector') === '' && names === 0)
    throw new CommandError("at least one resource name must be specified since 'all' parameter is not set");
}

async function taint(context: Context): Promise<void> {
  const { flags, args } = context;
  const dryRun = await context.dryRun();
  const isTaint = (word: string): boolean => word.includes('=') || word.includes(':') || word.endsWith('-');
  const [type, ...rest] = args;
  const from = rest.findIndex(isTaint);
  const [names, words] = from < 0 ? [rest, []] : [rest.slice(0, from), rest.slice(from)];
  const late = words.find((word) => !isTaint(word));
  if (late !== undefined)
    throw new CommandError(`all resources must be specified before taint changes: ${late}`);
  if (type === undefined || isTaint(type))
    throw new CommandError('one or more resources must be specified as <resource> <name>');
  if (words.length === 0) throw new CommandError('at least one taint update is required');
  const { added, removed } = readTaints(words);
  if (context.discovery.find(type) === undefined)
    throw new PlainError(`the server doesn't have a resource type ${quoteGo(type)}`);
  if (context.discovery.need(type).kind !== 'Node')
    throw new CommandError(`invalid resource type ${type.toLowerCase()}, only node types are supported`);
  checkTaints(context, added, removed, names.length);
  const resource = context.discovery.need('nodes');
  const faults: KubectlError[] = [];
  const found =
    flags.bool('all') || flags.text('selector') !== ''
      ? itemsOf(
          context.client.get(pathOf(resource, ''), { labelSelector: flags.text('selector') || undefined }),
          resource,
        )
      : names.flatMap((name) => {
          try {
            return [context.client.get(pathOf(resource, '', name))];
          } catch (error) {
            faults.push(kubectlErrorOf(error));
            return [];
          }
        });
  for (const node of found) {
    try {
      await taintOne(context, node, { added, removed, dryRun });
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  throwAll(faults);
}

async function taintOne(
  context: Context,
  node: JsonObject,
  change: {
    readonly added: readonly Taint[];
    readonly removed: readonly Taint[];
    readonly dryRun: 'none' | 'client' | 'server';
  },
): Promise<void> {
  const { flags } = context;
  const { added, removed, dryRun } = change;
  const resource = context.discovery.need('nodes');
  const name = nameIn(node);
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
      (own) => textAt(own, 'key') !== one.key || (one.effect !== '' && textAt(own, 'effect') !== one.effect),
    );
    if (left.length === taints.length)
      throw new CommandError(
        `taint ${quoteGo(one.effect === '' ? one.key : `${one.key}:${one.effect}`)} not found`,
      );
    taints = left;
  }
  for (const one of added)
    taints = taints.filter((own) => textAt(own, 'key') !== one.key || textAt(own, 'effect') !== one.effect);
  // What is new comes first.
  taints.unshift(
    ...added.map((one) => ({
      key: one.key,
      ...(one.value === '' ? {} : { value: one.value }),
      effect: one.effect,
    })),
  );
  const object =
    dryRun === 'client'
      ? { ...node, spec: { ...objectAt(node, 'spec'), taints } }
      : context.client.patch(
          pathOf(resource, '', name),
          'merge',
          { spec: { taints: taints.length === 0 ? null : taints } },
          { dryRun: dryRun === 'server' ? 'All' : undefined, fieldManager: flags.text('field-manager') },
        );
  const isAdded = added.length > 0;
  const word =
    flags.bool('overwrite') || (isAdded && removed.length > 0)
      ? 'modified'
      : isAdded
        ? 'tainted'
        : 'untainted';
  const printer = printerFor(context, { isGet: false });
  // The printer of names was made before it knew of the dry run.
  await context.out(printer?.print(object, resource) ?? `node/${name} ${word}\n`);
}
