import type { JsonObject } from '../base/json.ts';
import type { KubeResponse } from '../objects/api.ts';
import type { ObjectRequest, UserFacts } from './request.ts';
import type { Server } from './server.ts';
import { authorize, isSubject, rulesOf } from './authorizer.ts';
import { isJsonObject } from '../base/json.ts';
import { memberObject, memberOf, memberText } from '../objects/members.ts';
import { plainBody } from './decode-body.ts';
import { timestamp } from '../objects/time.ts';
import { unknownResource } from '../objects/status.ts';

/** POST of a kind that is a question, not an object: access reviews and who-am-I. */
export function review(server: Server, request: ObjectRequest): KubeResponse {
  const body = plainBody(request);
  const object = isJsonObject(body) ? body : {};
  switch (request.kind.plural) {
    case 'selfsubjectaccessreviews':
      return reviewed(request, object, accessStatus(server, request.user, object));
    case 'subjectaccessreviews':
    case 'localsubjectaccessreviews':
      return reviewed(request, object, accessStatus(server, subjectOf(object), object));
    case 'selfsubjectrulesreviews':
      return reviewed(
        request,
        { spec: {} },
        rulesStatus(server, request.user, memberText(memberObject(object, 'spec'), 'namespace')),
      );
    case 'selfsubjectreviews':
      return created({
        kind: 'SelfSubjectReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: { creationTimestamp: timestamp(server.sim.clock.nowMs) },
        status: { userInfo: { username: request.user.name, groups: request.user.groups } },
      });
    default:
      throw unknownResource();
  }
}

function reviewed(request: ObjectRequest, object: JsonObject, status: JsonObject): KubeResponse {
  const { kind, apiVersion } = request.kind;
  return created({
    kind,
    apiVersion,
    metadata: { creationTimestamp: null },
    spec: object['spec'] ?? {},
    status,
  });
}

function created(body: JsonObject): KubeResponse {
  return { kind: 'json', status: 201, body };
}

function accessStatus(server: Server, user: UserFacts, object: JsonObject): JsonObject {
  const wanted = memberObject(memberObject(object, 'spec'), 'resourceAttributes');
  if (wanted === undefined) return { allowed: user.groups.includes('kubeadm:cluster-admins') };
  const decision = authorize(server.store, user, {
    verb: memberText(wanted, 'verb'),
    group: memberText(wanted, 'group'),
    resource: memberText(wanted, 'resource'),
    subresource: memberText(wanted, 'subresource'),
    name: memberText(wanted, 'name'),
    namespace: memberText(wanted, 'namespace'),
  });
  return { allowed: decision.isAllowed, ...(decision.reason === '' ? {} : { reason: decision.reason }) };
}

function subjectOf(object: JsonObject): UserFacts {
  const spec = memberObject(object, 'spec');
  const groups = memberOf(spec, 'groups');
  return { name: memberText(spec, 'user'), groups: Array.isArray(groups) ? groups.map(String) : [] };
}

const BASIC_RULES = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
];
const PUBLIC_URLS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const DISCOVERY_URLS = [
  ...[
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
    '/version/',
  ],
];

/** What the role system:service-account-issuer-discovery gives every service account. */
const ISSUER_URLS = [
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/',
  '/openid/v1/jwks',
  '/openid/v1/jwks/',
];

function rulesStatus(server: Server, user: UserFacts, namespace: string): JsonObject {
  const isAdmin = user.groups.includes('kubeadm:cluster-admins');
  const { store } = server;
  const bindings = [
    ...store.list('clusterrolebindings.rbac.authorization.k8s.io'),
    ...(namespace === '' ? [] : store.list('rolebindings.rbac.authorization.k8s.io', namespace)),
  ];
  const granted = bindings
    .filter((binding) => {
      const subjects = memberOf(binding, 'subjects');
      return (
        Array.isArray(subjects) &&
        subjects.some((one) => isJsonObject(one) && isSubject({ ...one }, user, namespace))
      );
    })
    .flatMap((binding) => rulesOf(store, binding, namespace))
    .filter((rule) => rule['nonResourceURLs'] === undefined) as unknown as JsonObject[];
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  return {
    resourceRules: isAdmin ? [everything, ...BASIC_RULES] : [...granted, ...BASIC_RULES],
    nonResourceRules: [
      { verbs: ['get'], nonResourceURLs: PUBLIC_URLS },
      ...(isAdmin ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : []),
      { verbs: ['get'], nonResourceURLs: DISCOVERY_URLS },
      ...(user.groups.includes('system:serviceaccounts')
        ? [{ verbs: ['get'], nonResourceURLs: ISSUER_URLS }]
        : []),
    ],
    incomplete: false,
  };
}
