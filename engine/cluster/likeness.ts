import type { ProgramStates } from '../dataplane/view.ts';
import type { KubeObject } from '../objects/api.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import { type Pod, keyOf } from '../objects/views.ts';

/** Members of a state that change no answer: where a bot or script is, and what was counted. */
const IDLE = new Set(['turn', 'pending', 'metrics']);

/** What a pod object alone says; objects are frozen, and forks of the store share them. */
const shapes = new WeakMap<KubeObject, string>();

/**
 * A text that is equal for pods that behave alike in every connection: policy cannot tell them apart, they stand on the
 * same node, and the same programs run in them in the same state. One of them then answers for all.
 */
export function likenessOf(pod: KubeObject, repository: PolicyRepository, states: ProgramStates): string {
  let shape = shapes.get(pod);
  if (shape === undefined) {
    shape = shapeOf(pod as Pod);
    shapes.set(pod, shape);
  }
  const key = keyOf(pod);
  const isManaged = repository.endpoint(key) !== undefined;
  return `${isManaged ? repository.identityKey({ endpoint: key }) : '-'}|${shape}|${stateOf(pod as Pod, states)}`;
}

function shapeOf(pod: Pod): string {
  const { nodeName, containers } = pod.spec;
  // Not its mounts: their names differ from pod to pod.
  const programs = containers.map(({ name, image, command, args, env, ports }) => [
    name,
    image,
    command,
    args,
    env,
    ports,
  ]);
  const statuses = pod.status?.containerStatuses ?? [];
  const running = statuses.map(({ name, ready, state }) => [name, ready, Object.keys(state ?? {})]);
  return JSON.stringify([pod.metadata.namespace, pod.metadata.labels, nodeName, programs, running]);
}

/** State of the pod's programs; a bot's place in its round answers nobody. */
function stateOf(pod: Pod, states: ProgramStates): string {
  let text = '';
  for (const { name, restartCount } of pod.status?.containerStatuses ?? []) {
    const state = states.get(`${pod.metadata.uid ?? ''}/${name}/${restartCount}`);
    if (state !== undefined)
      text += JSON.stringify(state, (member, value: unknown) => (IDLE.has(member) ? undefined : value));
  }
  return text;
}
