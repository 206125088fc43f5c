import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { byText } from '../../base/order.ts';
import { at, listAt, mapAt, nameIn, numberAt, objectAt, textAt } from './client.ts';
import type { Context } from './context.ts';
import type { Resource } from './discovery.ts';
import { pathOf } from './discovery.ts';
import { CommandError, PlainError } from './errors.ts';
import { quoteGo } from './text.ts';

/** The kind and name that `pod`, `deploy/web` or `svc/web` mean; a bare word is a pod. @throws CommandError */
export function podOrWorkload(
  context: Context,
  word: string,
): { readonly resource: Resource; readonly name: string } {
  const slash = word.indexOf('/');
  if (slash < 0) return { resource: context.discovery.need('pods'), name: word };
  const parts = word.split('/');
  if (parts.length !== 2)
    throw new CommandError('arguments in resource/name form may not have more than one slash');
  const [type = '', name = ''] = parts;
  if (type === '' || name === '')
    throw new CommandError('arguments in resource/name form must have a single resource and name');
  return { resource: context.discovery.need(type), name };
}

/** The label selector of the pods of a workload or service. @throws CommandError when the kind has no pods */
export function podSelector(object: JsonObject, resource: Resource, verb = 'cannot attach to'): string {
  if (resource.kind === 'Service') {
    const selector = mapAt(object, 'spec', 'selector');
    if (Object.keys(selector).length === 0)
      throw new CommandError(`invalid service '${nameIn(object)}': Service is defined without a selector`);
    return joinLabels(selector);
  }
  if (resource.kind === 'ReplicationController') return joinLabels(mapAt(object, 'spec', 'selector'));
  const selector = objectAt(object, 'spec', 'selector');
  if (at(object, 'spec', 'selector') === undefined)
    throw new CommandError(
      `${verb} *${resource.version}.${resource.kind}: selector for *${resource.version}.${resource.kind} not implemented`,
    );
  return selectorText(selector);
}

/** A LabelSelector as the text of a query. */
export function selectorText(selector: JsonObject): string {
  const labels = Object.entries(mapAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${value}`);
  const expressions = listAt(selector, 'matchExpressions').map((one) => {
    const key = textAt(one, 'key');
    const values = listAt(one, 'values').map(String).sort(byText).join(',');
    switch (textAt(one, 'operator')) {
      case 'In':
        return `${key} in (${values})`;
      case 'NotIn':
        return `${key} notin (${values})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...labels, ...expressions].sort(byText).join(',');
}

/** Labels as the text of a query. */
export function joinLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort(byText)
    .join(',');
}

/** Pods of a selector: active before finished, running before not, older ready ones first for logs (podutils order). */
export function podsOf(context: Context, namespace: string, selector: string): readonly JsonObject[] {
  const pods = context.discovery.need('pods');
  return listAt(
    context.client.get(pathOf(pods, namespace), { labelSelector: selector || undefined }),
    'items',
  ).filter(isJsonObject);
}

/** Higher is better for exec and port-forward: scheduled, running, ready. */
function rank(pod: JsonObject): number {
  const phase = textAt(pod, 'status', 'phase');
  const isReady = listAt(pod, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  );
  return (
    (textAt(pod, 'spec', 'nodeName') !== '' ? 4 : 0) +
    (phase === 'Running' ? 2 : phase === 'Unknown' ? 1 : 0) * 10 +
    (isReady ? 1 : 0)
  );
}

/** Since when a pod is ready; '' when it is not. */
function readySince(pod: JsonObject): string {
  const ready = listAt(pod, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  return textAt(ready, 'status') === 'True' ? textAt(ready, 'lastTransitionTime') : '';
}

function restarts(pod: JsonObject): number {
  return Math.max(
    0,
    ...listAt(pod, 'status', 'containerStatuses').map((one) => numberAt(one, 'restartCount')),
  );
}

/**
 * The pods in the order in which kubectl would take the first: placed, running, ready, ready for longer; then by restarts
 * (the most first for logs, the fewest otherwise) and the older one (podutils.ByLogging, podutils.ActivePods reversed).
 */
export function bestFirst(pods: readonly JsonObject[], isLogging = false): readonly JsonObject[] {
  const created = (pod: JsonObject): string => textAt(pod, 'metadata', 'creationTimestamp');
  return pods
    .map((pod, index) => ({ pod, index }))
    .sort(
      (a, b) =>
        rank(b.pod) - rank(a.pod) ||
        byText(readySince(a.pod), readySince(b.pod)) ||
        (isLogging ? restarts(b.pod) - restarts(a.pod) : restarts(a.pod) - restarts(b.pod)) ||
        byText(created(a.pod), created(b.pod)) ||
        a.index - b.index,
    )
    .map(({ pod }) => pod);
}

/** The pod that `exec`, `attach` and `port-forward` mean; waits up to `timeoutMs` for the first pod of a workload. @throws ApiError, CommandError */
export async function attachablePod(
  context: Context,
  word: string,
  timeoutMs: number,
): Promise<{ readonly pod: JsonObject; readonly owner: JsonObject; readonly resource: Resource }> {
  const { resource, name } = podOrWorkload(context, word);
  const namespace = resource.isNamespaced ? context.namespace : '';
  const isPod = resource.kind === 'Pod';
  // What a Service or Deployment of a missing namespace lacks is said of itself, as kubectls before 1.32 did.
  const owner = context.client.get(pathOf(resource, namespace, name), {}, undefined, isPod);
  if (isPod) return { pod: owner, owner, resource };
  const selector = podSelector(owner, resource);
  return { pod: await firstPod(context, namespace, selector, timeoutMs), owner, resource };
}

/** The best pod of a selector, waiting for one to come. @throws CommandError at the timeout */
export async function firstPod(
  context: Context,
  namespace: string,
  selector: string,
  timeoutMs: number,
): Promise<JsonObject> {
  const { sys } = context.process;
  const [now] = bestFirst(podsOf(context, namespace, selector));
  if (now !== undefined) return now;
  const cursor = context.client.watch(pathOf(context.discovery.need('pods'), namespace), {
    labelSelector: selector,
  });
  try {
    const endMs = sys.nowMs() + timeoutMs;
    for (;;) {
      if (!(await sys.until(() => cursor.pending() || cursor.ended(), Math.max(0, endMs - sys.nowMs()))))
        break;
      const event = cursor.take().find((one) => one.type === 'ADDED' || one.type === 'MODIFIED');
      if (event !== undefined) return event.object;
      if (cursor.ended()) break;
    }
  } finally {
    cursor.stop();
  }
  throw new CommandError('timed out waiting for the condition');
}

/** All containers of a pod: main ones, init ones and ephemeral ones. */
export function containersOf(pod: JsonObject): readonly Json[] {
  return ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => listAt(pod, 'spec', list));
}

/** Names of the containers of a pod: main ones, init ones and ephemeral ones. */
export function containerNames(pod: JsonObject): {
  readonly main: readonly string[];
  readonly init: readonly string[];
  readonly ephemeral: readonly string[];
} {
  const names = (list: readonly Json[]): readonly string[] => list.map((one) => textAt(one, 'name'));
  return {
    main: names(listAt(pod, 'spec', 'containers')),
    init: names(listAt(pod, 'spec', 'initContainers')),
    ephemeral: names(listAt(pod, 'spec', 'ephemeralContainers')),
  };
}

/**
 * The container of a pod that a command uses without `-c`: the annotated one or the first. Says which when there were
 * several to choose from.
 */
export async function defaultContainer(
  context: Context,
  pod: JsonObject,
  isQuiet: boolean,
  say = (text: string): Promise<void> => context.err(text),
): Promise<string> {
  const { main, init, ephemeral } = containerNames(pod);
  const annotated = textAt(pod, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container');
  if (annotated !== '' && main.includes(annotated)) return annotated;
  const [first] = main;
  if (first === undefined) throw new PlainError('error: pod has no containers');
  const all = [
    ...main,
    ...init.map((name) => `${name} (init)`),
    ...ephemeral.map((name) => `${name} (ephem)`),
  ];
  if (all.length > 1 && !isQuiet)
    await say(`Defaulted container ${quoteGo(first)} out of: ${all.join(', ')}\n`);
  return first;
}
