import type { KubeObject } from '../objects/api.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import { importAsAgent } from '../policy/import.ts';
import { timestamp } from '../objects/time.ts';
import { updateStatus } from '../store/registry.ts';

const CNP = 'ciliumnetworkpolicies.cilium.io';
const CCNP = 'ciliumclusterwidenetworkpolicies.cilium.io';
const NETPOL = 'networkpolicies.networking.k8s.io';

/** Resources that hold policies, with the words before a name in the repository's keys. */
export const POLICY_RESOURCES: ReadonlyMap<string, string> = new Map([
  [CNP, 'cnp'],
  [CCNP, 'ccnp'],
  [NETPOL, 'netpol'],
]);

/** The repository's key of a policy object. */
export function policyKey(resource: string, object: KubeObject): string {
  return `${POLICY_RESOURCES.get(resource) ?? resource}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/**
 * Puts a policy object into a repository. Returns the agent's refusal in its own words, or undefined. A refused update
 * leaves what was imported before in force, as the agent does (pkg/policy/k8s).
 */
export function importInto(
  repository: PolicyRepository,
  resource: string,
  object: KubeObject,
): string | undefined {
  const options = { config: repository.config, defaultNamespace: 'default' };
  const result = importAsAgent(object as Readonly<Record<string, unknown>>, options);
  if (!result.valid) return result.error;
  repository.upsertPolicy(policyKey(resource, object), result.policy);
  return undefined;
}

/** Applies a change of a policy object to a repository. */
export function followPolicy(repository: PolicyRepository, event: StoreEvent): void {
  if (event.type === 'remove') repository.removePolicy(policyKey(event.resource, event.object));
  else importInto(repository, event.resource, event.object);
}

/**
 * Writes the condition Valid of a Cilium policy, as the operator does (operator/pkg/networkpolicy): its message is the
 * error itself, without the words that the agent puts before it.
 */
export function reportValidity(
  store: Store,
  resource: string,
  object: KubeObject,
  error: string | undefined,
  nowMs: number,
): void {
  if (resource === NETPOL) return;
  const message =
    error === undefined ? 'Policy validation succeeded' : error.replace(/^Invalid Cilium\w+ spec: /, '');
  const status = error === undefined ? 'True' : 'False';
  const before = object['status'] as { readonly conditions?: readonly Record<string, string>[] } | undefined;
  const known = (before?.conditions ?? []).find((one) => one['type'] === 'Valid');
  if (known?.['status'] === status && known['message'] === message) return;
  const condition = { type: 'Valid', status, lastTransitionTime: timestamp(nowMs), message };
  const others = (before?.conditions ?? []).filter((one) => one['type'] !== 'Valid');
  const { resourceVersion: _, ...metadata } = object.metadata;
  updateStatus(store, resource, {
    ...object,
    metadata,
    status: { ...before, conditions: [...others, condition] },
  });
}
