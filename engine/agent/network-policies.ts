import type { KubeObject } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';
import type { Store } from '../store/store.ts';
import type { FlowSpec, FlowVerdict } from '../policy/model.ts';
import { endpointFacts } from './endpoint-facts.ts';
import { importPolicy } from '../policy/import.ts';
import { DEFAULT_POLICY_CONFIG } from '../policy/model.ts';
import { isPodFinished, keyOf, nodeAddress } from '../objects/views.ts';
import type { Node } from '../objects/views.ts';
import { policyKey } from './policy-import.ts';
import { PolicyRepository } from '../policy/repository.ts';

const POLICIES = 'networkpolicies.networking.k8s.io';
const WATCHED = ['pods', 'namespaces', 'nodes', POLICIES];

/**
 * What kindnet does with NetworkPolicies (sigs.k8s.io/kube-network-policies, which it embeds): it enforces them for the pods
 * that no Cilium agent manages, and knows no other kind of policy. It has no flows and no identities.
 */
export class KindnetPolicies {
  readonly #store: Store;
  readonly #isManaged: (pod: string) => boolean;
  #repository: PolicyRepository | undefined;
  #stamp = -1;

  constructor(store: Store, isManaged: (pod: string) => boolean) {
    this.#store = store;
    this.#isManaged = isManaged;
  }

  /** Its verdict; undefined when it does not run or no policy is there. */
  judge(flow: FlowSpec): FlowVerdict | undefined {
    return this.#present()?.judge(flow);
  }

  #present(): PolicyRepository | undefined {
    // Revisions only grow: their sum is equal only while each of them is.
    let stamp = 0;
    for (const resource of WATCHED) stamp += this.#store.revisionOf(resource);
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#repository = this.#build();
    }
    return this.#repository;
  }

  #build(): PolicyRepository | undefined {
    const store = this.#store;
    const policies = store.list(POLICIES);
    const pods = store.list('pods') as Pod[];
    if (policies.length === 0 || !pods.some(isKindnet)) return undefined;
    const config = { ...DEFAULT_POLICY_CONFIG, ipv6: false };
    const repository = new PolicyRepository(config);
    repository.setNodes(
      (store.list('nodes') as Node[]).map((node) => ({
        name: node.metadata.name,
        addresses: [nodeAddress(node)],
        labels: node.metadata.labels ?? {},
      })),
    );
    repository.setNamespaces(
      store.list('namespaces').map((one) => ({ name: one.metadata.name, labels: one.metadata.labels ?? {} })),
    );
    for (const pod of pods) {
      if (pod.spec.hostNetwork === true || pod.status?.podIP === undefined || isPodFinished(pod)) continue;
      if (!this.#isManaged(keyOf(pod))) repository.upsertEndpoint(endpointFacts(pod));
    }
    for (const object of policies) this.#import(repository, object);
    return repository;
  }

  #import(repository: PolicyRepository, object: KubeObject): void {
    const result = importPolicy(object, { config: repository.config, defaultNamespace: 'default' });
    if (result.valid) repository.upsertPolicy(policyKey(POLICIES, object), result.policy);
  }
}

function isKindnet(pod: Pod): boolean {
  return (
    pod.metadata.namespace === 'kube-system' &&
    pod.metadata.labels?.['k8s-app'] === 'kindnet' &&
    pod.status?.phase === 'Running'
  );
}
