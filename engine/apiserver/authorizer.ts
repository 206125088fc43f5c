import type { KubeObject } from '../objects/api.ts';
import type { Members } from '../objects/members.ts';
import type { Store } from '../store/store.ts';
import type { UserFacts } from './request.ts';
import { memberList, memberObject, memberOf, memberText } from '../objects/members.ts';

/** What somebody wants to do. Empty names stand for collections, an empty namespace for the whole cluster. */
export type Attributes = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
};

/** The decision of RBAC with the words of its reason; '' when nothing allows it. */
export type Decision = { readonly isAllowed: boolean; readonly reason: string };

/** The learner, as kubeadm's kubeconfig names the administrator. */
export const ADMIN: UserFacts = {
  name: 'kubernetes-admin',
  groups: ['kubeadm:cluster-admins', 'system:authenticated'],
};

const ADMIN_REASON =
  'RBAC: allowed by ClusterRoleBinding "kubeadm:cluster-admins" of ClusterRole "cluster-admin" to Group "kubeadm:cluster-admins"';

// Every signed-in user may review himself (the roles system:basic-user and system:discovery).
const SELF_REVIEWS = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews']);

/** Asks RBAC: the administrator may do everything, others what roles in the store allow. */
export function authorize(store: Store, user: UserFacts, wanted: Attributes): Decision {
  if (user.groups.includes('kubeadm:cluster-admins')) return { isAllowed: true, reason: ADMIN_REASON };
  if (user.groups.includes('system:masters')) return { isAllowed: true, reason: '' };
  if (SELF_REVIEWS.has(wanted.resource) && wanted.verb === 'create') return { isAllowed: true, reason: '' };
  for (const binding of store.list('clusterrolebindings.rbac.authorization.k8s.io')) {
    if (isGranted(store, user, wanted, binding, ''))
      return { isAllowed: true, reason: reasonOf(binding, user) };
  }
  if (wanted.namespace === '') return { isAllowed: false, reason: '' };
  for (const binding of store.list('rolebindings.rbac.authorization.k8s.io', wanted.namespace)) {
    if (isGranted(store, user, wanted, binding, wanted.namespace))
      return { isAllowed: true, reason: reasonOf(binding, user) };
  }
  return { isAllowed: false, reason: '' };
}

function isGranted(
  store: Store,
  user: UserFacts,
  wanted: Attributes,
  binding: KubeObject,
  namespace: string,
): boolean {
  if (!memberList(binding, 'subjects').some((subject) => isSubject(subject, user, namespace))) return false;
  return rulesOf(store, binding, namespace).some((rule) => permits(rule, wanted));
}

/** The rules of the role that a binding refers to; none when it does not exist. */
export function rulesOf(store: Store, binding: KubeObject, namespace: string): readonly Members[] {
  const reference = memberObject(binding, 'roleRef');
  const name = memberText(reference, 'name');
  const isCluster = memberText(reference, 'kind') === 'ClusterRole';
  const role = isCluster
    ? store.get('clusterroles.rbac.authorization.k8s.io', undefined, name)
    : store.get('roles.rbac.authorization.k8s.io', namespace, name);
  return memberList(role, 'rules');
}

/** True when a binding's subject means the user. */
export function isSubject(subject: Members, user: UserFacts, namespace: string): boolean {
  const name = memberText(subject, 'name');
  switch (memberText(subject, 'kind')) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${memberText(subject, 'namespace') || namespace}:${name}`;
    default:
      return false;
  }
}

function permits(rule: Members, wanted: Attributes): boolean {
  const has = (field: string, value: string) => {
    const list = memberOf(rule, field);
    return Array.isArray(list) && (list.includes('*') || list.includes(value));
  };
  const whole = wanted.subresource === '' ? wanted.resource : `${wanted.resource}/${wanted.subresource}`;
  const isNamed = !Array.isArray(memberOf(rule, 'resourceNames')) || has('resourceNames', wanted.name);
  const isResource =
    has('resources', whole) || (wanted.subresource !== '' && has('resources', `*/${wanted.subresource}`));
  return has('verbs', wanted.verb) && has('apiGroups', wanted.group) && isResource && isNamed;
}

function reasonOf(binding: KubeObject, user: UserFacts): string {
  const reference = memberObject(binding, 'roleRef');
  const place = binding.metadata.namespace === undefined ? '' : `${binding.metadata.namespace}`;
  const bound = place === '' ? `"${binding.metadata.name}"` : `"${binding.metadata.name}/${place}"`;
  const subject = memberList(binding, 'subjects').find((one) => isSubject(one, user, place));
  const kind = memberText(subject, 'kind');
  const name = memberText(subject, 'name');
  const shown =
    kind === 'ServiceAccount' ? `"${name}/${memberText(subject, 'namespace') || place}"` : `"${name}"`;
  return `RBAC: allowed by ${binding.kind} ${bound} of ${memberText(reference, 'kind')} "${memberText(reference, 'name')}" to ${kind} ${shown}`;
}

/** The words of a refusal: who may not do what, and where. */
export function refusalOf(user: UserFacts, wanted: Attributes): string {
  const resource = wanted.subresource === '' ? wanted.resource : `${wanted.resource}/${wanted.subresource}`;
  const where = wanted.namespace === '' ? 'at the cluster scope' : `in the namespace "${wanted.namespace}"`;
  return `User "${user.name}" cannot ${wanted.verb} resource "${resource}" in API group "${wanted.group}" ${where}`;
}
