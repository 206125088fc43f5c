import type { AgentsView } from '../dataplane/view.ts';
import type { CiliumAgents } from '../agent/agents.ts';
import type { KubeObject } from '../objects/api.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import type { Store } from '../store/store.ts';
import { shareTopology } from '../dataplane/topology.ts';
import { importPolicy } from '../policy/import.ts';
import { keyOf } from '../objects/views.ts';
import { kindOfObject } from '../objects/kinds.ts';
import { POLICY_RESOURCES, policyKey } from '../agent/policy-import.ts';

/** A draft that API server or agent would refuse. */
export type RefusedDraft = {
  readonly object: KubeObject;
  readonly stage: 'schema' | 'decode' | 'sanitize';
  readonly error: string;
};

/** A cluster as it would be with some drafts: for the matrix, checks and probes. Reading it changes nothing. */
export type ReachabilityView = {
  readonly store: Store;
  readonly repository: PolicyRepository;
  /** Identities and endpoints of the real agents over the forked repository. */
  readonly agents: AgentsView;
  readonly refused: readonly RefusedDraft[];
};

/** What to try: objects to apply, and objects to leave out. */
export type Drafts = { readonly apply?: readonly KubeObject[]; readonly remove?: readonly KubeObject[] };

/** Forks store and policies and applies drafts to the copies; a policy that would be refused leaves what is in force. */
export function reachabilityView(store: Store, agents: CiliumAgents, drafts: Drafts): ReachabilityView {
  const copy = store.fork();
  shareTopology(store, copy);
  const repository = agents.repository.fork();
  const refused: RefusedDraft[] = [];
  for (const object of drafts.remove ?? []) {
    const resource = resourceOf(object);
    const placed = withNamespace(object, resource);
    copy.remove(resource, placed.metadata.namespace, placed.metadata.name);
    if (POLICY_RESOURCES.has(resource)) repository.removePolicy(policyKey(resource, placed));
  }
  for (const draft of drafts.apply ?? []) {
    const resource = resourceOf(draft);
    const object = withNamespace(draft, resource);
    if (POLICY_RESOURCES.has(resource)) {
      const result = importPolicy(object, { config: repository.config, defaultNamespace: 'default' });
      if (!result.valid) {
        refused.push({ object, stage: result.stage, error: result.error });
        continue;
      }
      repository.upsertPolicy(policyKey(resource, object), result.policy);
    }
    if (resource !== '') copy.put(resource, merged(copy, resource, object));
    follow(repository, copy, resource);
  }
  const view: AgentsView = {
    repository,
    identityOf: (peer) => agents.identityOf(peer),
    endpointOf: (pod) => agents.endpointOf(pod),
    namesOf: (pod, address) => agents.namesOf(pod, address),
  };
  return { store: copy, repository, agents: view, refused };
}

/** Takes over what else a draft may change for policies: address groups, namespaces' and pods' labels. */
function follow(repository: PolicyRepository, store: Store, resource: string): void {
  if (resource === 'ciliumcidrgroups.cilium.io') {
    repository.setCidrGroups(
      store.list(resource).map((group) => ({
        name: group.metadata.name,
        labels: group.metadata.labels ?? {},
        cidrs: (group['spec'] as { externalCIDRs?: readonly string[] } | undefined)?.externalCIDRs ?? [],
      })),
    );
  } else if (resource === 'namespaces') {
    repository.setNamespaces(
      store.list(resource).map((one) => ({ name: one.metadata.name, labels: one.metadata.labels ?? {} })),
    );
  } else if (resource === 'pods') {
    for (const pod of store.list('pods')) {
      const facts = repository.endpoint(keyOf(pod));
      if (facts !== undefined && facts.labels !== pod.metadata.labels)
        repository.upsertEndpoint({ ...facts, labels: pod.metadata.labels ?? {} });
    }
  }
}

function merged(store: Store, resource: string, object: KubeObject): KubeObject {
  const known = store.get(resource, object.metadata.namespace, object.metadata.name);
  return known === undefined
    ? object
    : { ...known, ...object, metadata: { ...known.metadata, ...object.metadata } };
}

function resourceOf(object: KubeObject): string {
  return kindOfObject(object)?.resource ?? '';
}

function withNamespace(object: KubeObject, resource: string): KubeObject {
  const isNamespaced = kindOfObject(object)?.isNamespaced === true;
  if (!isNamespaced || resource === '' || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
}
