import { parseCidrOrAddress } from '../net/cidr.ts';
import { CLUSTER_KEY, NAMESPACE_KEY } from './labels.ts';
import type { ServiceFacts, ServiceReference } from './model.ts';
import { cidrSelector, labelSelector, type Requirement, type Selector } from './selector.ts';

/**
 * The selectors that `toServices` stands for: the pods of a Service with a selector, the addresses of one without
 * (Cilium: pkg/policy/k8s/service.go). An empty namespace of a reference means any.
 */
export function serviceSelectors(
  references: readonly ServiceReference[],
  services: readonly ServiceFacts[],
  cluster: string,
): Selector[] {
  return services.flatMap((service) =>
    references.flatMap((reference) => (refersTo(reference, service) ? selectorsOf(service, cluster) : [])),
  );
}

function refersTo(reference: ServiceReference, service: ServiceFacts): boolean {
  if (reference.namespace !== '' && reference.namespace !== service.namespace) return false;
  if ('name' in reference) return reference.name === service.name;
  if (reference.selector.kind === 'all') return true;
  if (reference.selector.kind !== 'labels') return false;
  return reference.selector.requirements.every((item) => meetsPlainly(item, service.labels));
}

/** Labels of Services have no source, so the source asked for does not matter. */
function meetsPlainly(item: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, item.key) ? labels[item.key] : undefined;
  switch (item.operator) {
    case 'In':
      return value !== undefined && item.values.includes(value);
    case 'NotIn':
      return value === undefined || !item.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

function selectorsOf(service: ServiceFacts, cluster: string): Selector[] {
  const labels = Object.entries(service.selector);
  if (labels.length === 0) {
    return service.endpoints.flatMap((text) => {
      const block = parseCidrOrAddress(text);
      return block ? [cidrSelector(block)] : [];
    });
  }
  const is = (key: string, value: string): Requirement => ({
    source: 'k8s',
    key,
    operator: 'In',
    values: [value],
  });
  return [
    labelSelector([
      ...labels
        .filter(([key]) => key !== NAMESPACE_KEY && key !== CLUSTER_KEY)
        .map(([key, value]) => is(key, value)),
      is(NAMESPACE_KEY, service.namespace),
      is(CLUSTER_KEY, service.selector[CLUSTER_KEY] ?? cluster),
    ]),
  ];
}
