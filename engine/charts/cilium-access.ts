import { hashText } from '../base/hash.ts';
import type { KubeObject } from '../objects/api.ts';
import { toBase64, utf8 } from '../base/bytes.ts';
import type { ChartObject, ReleaseFacts } from './chart.ts';
import { hasEnvoyDaemonSet } from './cilium-config.ts';
import type { ValueReader } from './values.ts';

const RBAC = 'rbac.authorization.k8s.io';
const SECRETS = 'cilium-secrets';
const READ = ['get', 'list', 'watch'];
const WRITE = [...READ, 'create', 'update', 'delete', 'patch'];
const PEERS = ['pods', 'nodes', 'services', 'namespaces', 'endpoints'];
const POLICIES = [
  'ciliumnetworkpolicies',
  'ciliumclusterwidenetworkpolicies',
  'ciliumcidrgroups',
  'ciliumendpoints',
  'ciliumendpointslices',
  'ciliumidentities',
  'ciliumnodes',
];

type Rule = { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] };

const rule = (group: string, resources: string[], verbs: string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
});

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  cilium: [
    rule('networking.k8s.io', ['networkpolicies'], READ),
    rule('discovery.k8s.io', ['endpointslices'], READ),
    rule('', PEERS, READ),
    rule('apiextensions.k8s.io', ['customresourcedefinitions'], ['list', 'watch', 'get']),
    rule('cilium.io', POLICIES, ['list', 'watch']),
    rule(
      'cilium.io',
      ['ciliumidentities', 'ciliumendpoints', 'ciliumnodes'],
      ['create', 'get', 'update', 'delete'],
    ),
    rule(
      'cilium.io',
      ['ciliumnetworkpolicies/status', 'ciliumendpoints/status', 'ciliumendpoints'],
      ['patch'],
    ),
  ],
  'cilium-operator': [
    rule('', ['pods'], ['get', 'list', 'watch', 'delete']),
    rule('', ['nodes', 'nodes/status'], ['patch']),
    rule('', PEERS, READ),
    rule('discovery.k8s.io', ['endpointslices'], READ),
    rule('cilium.io', POLICIES, WRITE),
    rule('apiextensions.k8s.io', ['customresourcedefinitions'], ['create', 'get', 'list', 'watch', 'update']),
    rule('coordination.k8s.io', ['leases'], ['create', 'get', 'update']),
  ],
  'hubble-ui': [
    rule('', ['componentstatuses', 'namespaces', 'nodes', 'pods', 'services'], READ),
    rule('apiextensions.k8s.io', ['customresourcedefinitions'], READ),
    rule('cilium.io', ['*'], READ),
  ],
};

/** A name of the chart's objects, with its folder of templates. */
type Part = { readonly name: string; readonly folder: string };

/** Namespace of secrets, service accounts, certificates and roles of the parts that run. */
export function accessObjects(
  v: ValueReader,
  facts: ReleaseFacts,
  labels: Readonly<Record<string, string>>,
): ChartObject[] {
  const parts: readonly (Part & { readonly isOn: boolean; readonly hasRole: boolean })[] = [
    { name: v.text('serviceAccounts.cilium.name'), folder: 'cilium-agent', isOn: true, hasRole: true },
    {
      name: v.text('serviceAccounts.envoy.name'),
      folder: 'cilium-envoy',
      isOn: hasEnvoyDaemonSet(v),
      hasRole: false,
    },
    { name: v.text('serviceAccounts.operator.name'), folder: 'cilium-operator', isOn: true, hasRole: true },
    { name: 'hubble-relay', folder: 'hubble-relay', isOn: v.isOn('hubble.relay.enabled'), hasRole: false },
    { name: 'hubble-ui', folder: 'hubble-ui', isOn: v.isOn('hubble.ui.enabled'), hasRole: true },
  ];
  const running = parts.filter((part) => part.isOn);
  const roles = running.filter((part) => part.hasRole);
  const { namespace } = facts;
  const account = (part: Part): ChartObject =>
    made(`${part.folder}/serviceaccount.yaml`, 'v1', 'ServiceAccount', {
      name: part.name,
      namespace,
      labels,
    });
  return [
    made('cilium-secrets-namespace.yaml', 'v1', 'Namespace', { name: SECRETS, labels }),
    ...running.map(account),
    ...certificates(v, facts),
    ...roles.map((part) => clusterRole(part, labels)),
    ...roles.map((part) => clusterBinding(part, namespace, labels)),
    ...namespaced(v, namespace, labels),
  ];
}

function made(
  source: string,
  apiVersion: string,
  kind: string,
  metadata: KubeObject['metadata'],
  rest: object = {},
): ChartObject {
  return { source, object: { apiVersion, kind, metadata, ...rest } };
}

function clusterRole(part: Part, labels: Readonly<Record<string, string>>): ChartObject {
  const name = part.folder === 'cilium-agent' ? 'cilium' : part.folder;
  return made(
    `${part.folder}/clusterrole.yaml`,
    `${RBAC}/v1`,
    'ClusterRole',
    { name, labels },
    {
      rules: RULES[name] ?? [],
    },
  );
}

function clusterBinding(
  part: Part,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): ChartObject {
  const name = part.folder === 'cilium-agent' ? 'cilium' : part.folder;
  return made(
    `${part.folder}/clusterrolebinding.yaml`,
    `${RBAC}/v1`,
    'ClusterRoleBinding',
    { name, labels },
    {
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: part.name, namespace }],
    },
  );
}

/** The roles inside namespaces: the agent reads its configuration, agent and operator handle TLS secrets. */
function namespaced(
  v: ValueReader,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): ChartObject[] {
  const agent = v.text('serviceAccounts.cilium.name');
  const operator = v.text('serviceAccounts.operator.name');
  const rows: readonly (readonly [name: string, folder: string, where: string, who: string, rules: Rule])[] =
    [
      ['cilium-config-agent', 'cilium-agent', namespace, agent, rule('', ['configmaps'], READ)],
      ['cilium-tlsinterception-secrets', 'cilium-agent', SECRETS, agent, rule('', ['secrets'], READ)],
      [
        'cilium-operator-tlsinterception-secrets',
        'cilium-operator',
        SECRETS,
        operator,
        rule('', ['secrets'], WRITE),
      ],
    ];
  return [
    ...rows.map(([name, folder, where, , rules]) =>
      made(
        `${folder}/role.yaml`,
        `${RBAC}/v1`,
        'Role',
        { name, namespace: where, labels },
        { rules: [rules] },
      ),
    ),
    ...rows.map(([name, folder, where, who]) =>
      made(
        `${folder}/rolebinding.yaml`,
        `${RBAC}/v1`,
        'RoleBinding',
        { name, namespace: where, labels },
        {
          roleRef: { apiGroup: RBAC, kind: 'Role', name },
          subjects: [{ kind: 'ServiceAccount', name: who, namespace }],
        },
      ),
    ),
  ];
}

/** Certificates as the chart generates them. Nothing is encrypted here, so they stand for themselves. */
function certificates(v: ValueReader, facts: ReleaseFacts): ChartObject[] {
  if (!v.isOn('hubble.enabled') || !v.isOn('hubble.tls.enabled')) return [];
  const { namespace } = facts;
  const pem = (what: string, name: string): string =>
    toBase64(
      utf8(`-----BEGIN ${what}-----\n${hashText(`${name}/${what}`).repeat(4)}\n-----END ${what}-----\n`),
    );
  const ca = { 'ca.crt': pem('CERTIFICATE', 'cilium-ca') };
  const pair = (name: string): object => ({
    type: 'kubernetes.io/tls',
    data: { ...ca, 'tls.crt': pem('CERTIFICATE', name), 'tls.key': pem('RSA PRIVATE KEY', name) },
  });
  const secret = (source: string, name: string, rest: object): ChartObject =>
    made(source, 'v1', 'Secret', { name, namespace }, rest);
  const key = { 'ca.key': pem('RSA PRIVATE KEY', 'cilium-ca') };
  return [
    secret('cilium-ca-secret.yaml', 'cilium-ca', { data: { ...ca, ...key } }),
    ...(v.isOn('hubble.relay.enabled')
      ? [
          secret(
            'hubble/tls-helm/relay-client-secret.yaml',
            'hubble-relay-client-certs',
            pair('hubble-relay-client-certs'),
          ),
        ]
      : []),
    secret('hubble/tls-helm/server-secret.yaml', 'hubble-server-certs', pair('hubble-server-certs')),
  ];
}
