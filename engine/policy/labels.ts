import { byText } from '../base/order.ts';

/** A label as Cilium keeps it: where it comes from (`k8s`, `reserved`, `node`, …), its key and its value. */
export type Label = { readonly source: string; readonly key: string; readonly value: string };

/** An identity's labels by key; Cilium keeps one label a key, whatever its source. */
export type LabelMap = ReadonlyMap<string, Label>;

/** Key of the label that holds a pod's namespace. */
export const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
/** Prefix of the keys that hold the labels of a pod's namespace. */
export const NAMESPACE_LABELS_KEY = 'io.cilium.k8s.namespace.labels';
/** Key of the label that holds the cluster's name. */
export const CLUSTER_KEY = 'io.cilium.k8s.policy.cluster';
/** Key of the label that holds a pod's service account. */
export const SERVICE_ACCOUNT_KEY = 'io.cilium.k8s.policy.serviceaccount';

// Keys that the default filter keeps whatever else it says, and those it drops (pkg/labelsfilter/filter.go); both match
// from the key's start, and the longer match wins.
const KEPT = [NAMESPACE_KEY, NAMESPACE_LABELS_KEY, 'app.kubernetes.io', CLUSTER_KEY, SERVICE_ACCOUNT_KEY];
const DROPPED = [
  'io.kubernetes',
  'kubernetes.io',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
  'batch.kubernetes.io/controller-uid',
  'k8s.io',
  'pod-template-generation',
  'pod-template-hash',
  'controller-revision-hash',
  'controller-uid',
  'annotation',
  'etcd_node',
  'topology.kubernetes.io',
];
const BETA = 'beta.kubernetes.io';

/** True when Cilium's default label filter lets a Kubernetes label with this key into an identity. */
export function isIdentityLabel(key: string): boolean {
  let dropped = 0;
  for (const prefix of DROPPED) {
    const length = prefix === 'annotation' ? key.length : prefix.length;
    if (key.startsWith(prefix) && (dropped === 0 || length < dropped)) dropped = length;
  }
  const beta = key.lastIndexOf(BETA);
  if (beta >= 0 && (dropped === 0 || beta + BETA.length < dropped)) dropped = beta + BETA.length;
  if (dropped === 0) return true;
  return KEPT.some((prefix) => key.startsWith(prefix) && prefix.length > dropped);
}

/** Labels by key; a later label with the same key takes the place of an earlier one. */
export function labelMap(labels: Iterable<Label>): LabelMap {
  const map = new Map<string, Label>();
  for (const label of labels) map.set(label.key, label);
  return map;
}

/** A label without a value from the reserved source. */
export function reserved(name: string): Label {
  return { source: 'reserved', key: name, value: '' };
}

/** `source:key=value`, or `source:key` where there is no value: how cilium-dbg prints a label. */
export function labelText(label: Label): string {
  return label.value === '' ? `${label.source}:${label.key}` : `${label.source}:${label.key}=${label.value}`;
}

/** All labels of a map as sorted texts. */
export function labelTexts(labels: LabelMap): string[] {
  return [...labels.values()].map(labelText).sort(byText);
}

/** Splits `source:key`; without a source it is `''`. A leading `$` means reserved. */
export function splitSource(text: string): { readonly source: string; readonly key: string } {
  if (text.startsWith('$')) return { source: 'reserved', key: text.slice(1) };
  const colon = text.indexOf(':');
  return colon < 0 ? { source: '', key: text } : { source: text.slice(0, colon), key: text.slice(colon + 1) };
}

/** `source:key` with `source` filled in where the text has none. */
export function withSource(source: string, text: string): string {
  const split = splitSource(text);
  return `${split.source === '' ? source : split.source}:${split.key}`;
}
