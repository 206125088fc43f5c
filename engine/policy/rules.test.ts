import { describe, expect, test } from 'vitest';
import { decodeCase } from './case-file.ts';
import { buildCase, runCase } from './case-run.ts';
import { explain } from './explain.ts';
import { importPolicy } from './import.ts';
import { DEFAULT_POLICY_CONFIG } from './model.ts';
import { PolicyRepository } from './repository.ts';
import { ccnp, cnp, netpol, verdicts } from './testdata/small-world.ts';

const A = '{matchLabels: {app: a}}';
const TO_B = ['default/a -> default/b', 'ops/a -> default/b', 'ip:203.0.113.1 -> default/b'];

describe('the whole', () => {
  test('[P2] egress first, then ingress', () => {
    const both = cnp('egress: [{}]', 'out', A) + cnp('ingress: [{}]');
    expect(verdicts(both, ['default/a -> default/b', 'ops/a -> default/b'])).toBe('ei');
  });
  test('[P3] a node without the host firewall lets everything pass', () => {
    const host = ccnp('nodeSelector: {}, ingress: [{}]');
    expect(verdicts(host, ['default/a -> node:n2'])).toBe('F');
    expect(verdicts(host, ['default/a -> node:n2'], 'hostFirewall: true')).toBe('i');
  });
});

describe('default deny and modes', () => {
  test('[P4] a direction is open until a rule selects the pod', () => {
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}]}]`), [...TO_B, 'default/b -> default/a'])).toBe(
      'FiiF',
    );
    expect(verdicts(cnp('ingress: [{}]', 'p', '{matchLabels: {app: none}}'), TO_B)).toBe('FFF');
  });
  test('[P5] an empty or denying rule turns default deny on; enableDefaultDeny takes it back', () => {
    expect(verdicts(cnp('ingress: [{}]'), TO_B)).toBe('iii');
    expect(verdicts(cnp('ingressDeny: [{fromEntities: [world]}]'), TO_B)).toBe('iii');
    expect(
      verdicts(cnp('enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [world]}]'), TO_B),
    ).toBe('FFi');
  });
  test('[P6] only the local host reaches its pod', () => {
    const probes = ['node:n2 -> default/b', 'node:n1 -> default/b', 'entity:host -> default/b'];
    expect(verdicts(cnp('ingress: [{}]'), probes)).toBe('FiF');
    expect(verdicts(cnp('ingress: [{}], ingressDeny: [{fromEntities: [host]}]'), probes)).toBe('iii');
  });
  test('[P7] always and never', () => {
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}]}]`), TO_B, 'enforcement: always')).toBe('eei');
    expect(verdicts(cnp('ingress: [{}]'), TO_B, 'enforcement: never')).toBe('FFF');
  });
});

describe('peers', () => {
  test('[P8] selectors are kept to the namespace unless they name one', () => {
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}]}]`), TO_B)).toBe('Fii');
    const named = '{matchLabels: {"k8s:io.kubernetes.pod.namespace": ops}}';
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${named}]}]`), TO_B)).toBe('iFi');
    expect(
      verdicts(
        cnp('ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.env": prod}}]}]'),
        TO_B,
      ),
    ).toBe('iFi');
    expect(
      verdicts(ccnp(`endpointSelector: {matchLabels: {app: b}}, ingress: [{fromEndpoints: [{}]}]`), TO_B),
    ).toBe('FFi');
  });
  test('[P9] nobody, everybody, nothing', () => {
    expect(verdicts(cnp('ingress: [{fromEndpoints: []}]'), TO_B)).toBe('iii');
    expect(verdicts(cnp('ingress: [{toPorts: [{ports: [{port: "80"}]}]}]'), TO_B)).toBe('FFF');
    expect(verdicts(cnp('ingress: [{}]'), TO_B)).toBe('iii');
  });
  test('[P10] items of a list are alternatives', () => {
    const ops = '{namespaceSelector: {matchLabels: {env: prod}}}';
    expect(
      verdicts(
        netpol(`podSelector: {matchLabels: {app: b}}, ingress: [{from: [${ops}, {podSelector: ${A}}]}]`),
        TO_B,
      ),
    ).toBe('FFi');
    const both = '{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: x}}}';
    expect(verdicts(netpol(`podSelector: {matchLabels: {app: b}}, ingress: [{from: [${both}]}]`), TO_B)).toBe(
      'iii',
    );
  });
  test('[P11] CIDR rules are about the outside; except is a hole', () => {
    const probes = [
      'default/a -> default/b',
      'default/a -> node:n2',
      'default/a -> ip:203.0.113.1',
      'default/a -> ip:203.0.113.9',
    ];
    expect(verdicts(cnp('egress: [{toCIDR: [0.0.0.0/0]}]', 'p', A), probes)).toBe('eeFF');
    const hole = cnp('egress: [{toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.8/29]}]}]', 'p', A);
    expect(verdicts(hole, probes)).toBe('eeFe');
    expect(verdicts(hole + cnp('egress: [{toCIDR: [203.0.113.9/32]}]', 'q', A), probes)).toBe('eeFF');
    expect(
      verdicts(cnp('egress: [{toCIDR: [172.18.0.0/16]}]', 'p', A), probes, 'cidrMatchMode: [nodes]'),
    ).toBe('eFee');
  });
  test('[P12] names select the addresses that DNS gave', () => {
    const probes = ['default/a -> ip:198.51.100.1', 'default/a -> ip:198.51.100.2', 'default/a -> default/b'];
    expect(verdicts(cnp('egress: [{toFQDNs: [{matchPattern: "*.example.com"}]}]', 'p', A), probes)).toBe(
      'Fee',
    );
    expect(verdicts(cnp('egress: [{toFQDNs: [{matchPattern: "**.example.com"}]}]', 'p', A), probes)).toBe(
      'FFe',
    );
    expect(verdicts(cnp('egress: [{toFQDNs: [{matchName: WWW.example.com.}]}]', 'p', A), probes)).toBe('Fee');
  });
  test('[P13] filtered labels select nobody', () => {
    expect(verdicts(cnp('ingress: [{fromEndpoints: [{matchLabels: {pod-template-hash: x}}]}]'), TO_B)).toBe(
      'iii',
    );
  });
  test('[P14] toServices', () => {
    const probes = ['default/a -> default/b', 'default/a -> ip:198.51.100.9', 'default/a -> ip:203.0.113.1'];
    const to = (name: string) => `[{toServices: [{k8sService: {serviceName: ${name}, namespace: default}}]}]`;
    expect(verdicts(cnp(`egress: ${to('b')}`, 'p', A), probes)).toBe('Fee');
    expect(verdicts(cnp(`egress: ${to('legacy')}`, 'p', A), probes)).toBe('eFe');
    expect(verdicts(cnp(`egress: [{toEntities: [all]}], egressDeny: ${to('b')}`, 'p', A), probes)).toBe(
      'FFF',
    );
  });
});

describe('ports', () => {
  const open = (ports: string) => cnp(`ingress: [{toPorts: [{ports: [${ports}]}]}]`);
  const probes = (...ports: string[]) => ports.map((port) => `default/a -> default/b:${port}`);
  test('[P15] protocols, every port, ranges', () => {
    expect(verdicts(open('{port: "80"}'), probes('80/TCP', '80/UDP', '80/SCTP', '8/ICMP'))).toBe('FFFi');
    expect(verdicts(open('{port: "0", protocol: TCP}'), probes('80/TCP', '9/TCP', '80/UDP'))).toBe('FFi');
    expect(
      verdicts(
        open('{port: "80", endPort: 83, protocol: TCP}'),
        probes('79/TCP', '80/TCP', '83/TCP', '84/TCP'),
      ),
    ).toBe('iFFi');
    expect(verdicts(open('{port: "80", endPort: 70, protocol: TCP}'), probes('75/TCP', '80/TCP'))).toBe('iF');
  });
  test('[P16] named ports', () => {
    expect(verdicts(open('{port: web, protocol: TCP}'), probes('9090/TCP', '8080/TCP'))).toBe('Fi');
    const out = cnp('egress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]', 'p', A);
    expect(verdicts(out, probes('9090/TCP', '8080/TCP'))).toBe('Fe');
    expect(verdicts(out, ['default/a -> ip:203.0.113.1:9090'])).toBe('e');
  });
  test('[P17] ICMP', () => {
    const icmp = (type: string) => cnp(`ingress: [{icmps: [{fields: [{type: ${type}}]}]}]`);
    expect(verdicts(icmp('8'), probes('8/ICMP', '3/ICMP', '8/ICMPv6', '80/TCP'))).toBe('Fiii');
    expect(verdicts(icmp('0'), probes('8/ICMP', '3/ICMP', '80/TCP'))).toBe('FFi');
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}]}]`), probes('8/ICMP'))).toBe('F');
  });
});

describe('precedence', () => {
  test('[P18] a denial beats the allowances that it overlaps', () => {
    const policy = cnp(
      `ingress: [{fromEndpoints: [${A}], toPorts: [{ports: [{port: "80", endPort: 90, protocol: TCP}]}]}], ingressDeny: [{toPorts: [{ports: [{port: "85", protocol: TCP}]}]}]`,
    );
    expect(
      verdicts(policy, [
        'default/a -> default/b:84',
        'default/a -> default/b:85',
        'default/a -> default/b:86',
      ]),
    ).toBe('FiF');
  });
  test('[P19] tiers and Pass', () => {
    const cluster = (tier: string, priority: number, action: string, from: string) =>
      `---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: ${tier.toLowerCase()}-${priority}}, spec: {tier: ${tier}, priority: ${priority}, subject: {namespaces: {}}, ingress: [{action: ${action}, from: [{namespaces: ${from}}]}]}}\n`;
    const deny = cluster('Admin', 20, 'Deny', '{}');
    const allow = cnp('ingress: [{fromEntities: [cluster]}]');
    expect(verdicts(deny + allow, TO_B)).toBe('iii');
    expect(verdicts(cluster('Admin', 10, 'Pass', '{matchLabels: {env: prod}}') + deny + allow, TO_B)).toBe(
      'iFi',
    );
    expect(
      verdicts(cluster('Admin', 10, 'Accept', '{}') + cnp('ingressDeny: [{fromEntities: [all]}]'), TO_B),
    ).toBe('FFi');
    expect(verdicts(cluster('Baseline', 10, 'Deny', '{}'), TO_B)).toBe('iiF');
  });
});

describe('import', () => {
  const answer = (policies: string) =>
    runCase(`policies: |\n${policies.replace(/^/gm, '  ')}\nprobes: []`).answer.policies[0];
  test('[P21] the schema speaks first, then the agent', () => {
    expect(answer(cnp('ingress: [{fromEndpoint: []}]'))).toMatchObject({ valid: false, stage: 'schema' });
    expect(answer(cnp('ingress: [{fromCIDR: [1.2.3.0/24], fromEntities: [world]}]'))).toMatchObject({
      valid: false,
      stage: 'sanitize',
      errorVariants: [
        'Invalid CiliumNetworkPolicy spec: combining FromCIDR and FromEntities is not supported yet',
        'Invalid CiliumNetworkPolicy spec: combining FromEntities and FromCIDR is not supported yet',
      ],
    });
    expect(answer(cnp('ingress: [{icmps: [{fields: [{type: PacketTooBig}]}]}]'))).toMatchObject({
      valid: false,
      stage: 'decode',
    });
  });
  test('[P22] a NetworkPolicy reads emptiness the other way round', () => {
    expect(verdicts(netpol('podSelector: {matchLabels: {app: b}}, ingress: [{}]'), TO_B)).toBe('FFF');
    expect(verdicts(netpol('podSelector: {matchLabels: {app: b}}, ingress: [{from: []}]'), TO_B)).toBe('FFF');
    expect(verdicts(netpol('podSelector: {matchLabels: {app: b}}'), TO_B)).toBe('iii');
  });
});

describe('layer 7', () => {
  const get = (path: string, from = 'default/a') =>
    `${from} -> default/b:80/TCP {http: {method: GET, path: ${path}, host: b}}`;
  const port = 'ports: [{port: "80", protocol: TCP}]';
  test('[P23] HTTP rules', () => {
    const http = cnp(
      `ingress: [{fromEndpoints: [${A}], toPorts: [{${port}, rules: {http: [{method: GET, path: "/v[0-9]"}]}}]}]`,
    );
    expect(verdicts(http, [get('/v1'), get('/v12'), get('/v1?x'), get('/v1', 'ops/a')])).toBe('F77i');
    expect(verdicts(http + cnp(`ingress: [{toPorts: [{${port}}]}]`, 'plain'), [get('/v1'), get('/x')])).toBe(
      'FF',
    );
    expect(
      verdicts(
        http +
          cnp(
            `ingress: [{fromEndpoints: [${A}], toPorts: [{${port}, rules: {http: [{path: /x}]}}]}]`,
            'more',
          ),
        [get('/x'), get('/y')],
      ),
    ).toBe('F7');
  });
  test('[P24] server names and DNS rules', () => {
    const sni = (name: string) => `default/a -> ip:203.0.113.1:443/TCP {sni: ${name}}`;
    const tls = 'toPorts: [{ports: [{port: "443", protocol: TCP}]';
    const names = cnp(`egress: [{${tls}, serverNames: ["*.example.com"]}]}]`, 'p', A);
    expect(verdicts(names, [sni('www.example.com'), sni('example.com')])).toBe('F7');
    expect(verdicts(names + cnp(`egress: [{${tls}}]}]`, 'plain', A), [sni('example.com')])).toBe('7');
    const query = (name: string) => `default/a -> default/b:53/UDP {dns: {query: ${name}}}`;
    const dns53 = `toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}]`;
    const dns = cnp(`egress: [{${dns53}, rules: {dns: [{matchPattern: "*.example.com"}]}}]}]`, 'p', A);
    expect(verdicts(dns, [query('www.example.com'), query('example.com')])).toBe('F7');
    expect(verdicts(dns + cnp(`egress: [{${dns53}}]}]`, 'plain', A), [query('example.com')])).toBe('F');
  });
  test('[P25] authentication', () => {
    const required = cnp(`ingress: [{fromEndpoints: [${A}], authentication: {mode: required}}]`);
    const narrow = (mode: string) =>
      cnp(`ingress: [{fromEndpoints: [${A}], toPorts: [{${port}}]${mode}}]`, 'narrow');
    expect(verdicts(required + narrow(''), [get('/'), 'default/a -> default/b:81'])).toBe('AA');
    expect(
      verdicts(required + narrow(', authentication: {mode: disabled}'), [
        get('/'),
        'default/a -> default/b:81',
      ]),
    ).toBe('FA');
  });
});

describe('changes', () => {
  const pod = (name: string, labels: Record<string, string>, namespace = 'default') => ({
    key: `${namespace}/${name}`,
    namespace,
    name,
    labels,
    serviceAccount: 'default',
    node: 'n1',
    addresses: [],
    namedPorts: [],
  });
  test('[P31] labels and named ports make the identity', () => {
    const repository = new PolicyRepository(DEFAULT_POLICY_CONFIG);
    repository.setNamespaces([{ name: 'ops', labels: { env: 'prod' } }]);
    repository.upsertEndpoint(pod('a-1', { app: 'a', 'pod-template-hash': '1' }));
    repository.upsertEndpoint(pod('a-2', { app: 'a', 'pod-template-hash': '2' }));
    repository.upsertEndpoint(pod('a', { app: 'a' }, 'ops'));
    const key = (endpoint: string) => repository.identityKey({ endpoint });
    expect(key('default/a-1')).toBe(key('default/a-2'));
    expect(key('default/a-1')).not.toBe(key('ops/a'));
    const web = [{ name: 'web', port: 80, protocol: 'TCP' }];
    repository.upsertEndpoint({ ...pod('a-3', { app: 'a' }), namedPorts: web });
    expect(key('default/a-3')).not.toBe(key('default/a-1'));
    expect(repository.identityLabels({ endpoint: 'ops/a' })).toEqual([
      'k8s:app=a',
      'k8s:io.cilium.k8s.namespace.labels.env=prod',
      'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=ops',
      'k8s:io.cilium.k8s.policy.cluster=default',
      'k8s:io.cilium.k8s.policy.serviceaccount=default',
      'k8s:io.kubernetes.pod.namespace=ops',
    ]);
    expect(repository.identityLabels({ address: '192.0.2.1' })).toEqual(['reserved:world-ipv4']);
    expect(repository.enforcement('ops/a')).toEqual({ ingress: false, egress: false });
  });

  test('[P30] named ports of peers may change, also while nobody has the identity', () => {
    const repository = new PolicyRepository(DEFAULT_POLICY_CONFIG);
    const object = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        endpointSelector: { matchLabels: { app: 'a' } },
        egress: [
          {
            toEndpoints: [{ matchLabels: { app: 'b' } }],
            toPorts: [{ ports: [{ port: 'web', protocol: 'TCP' }] }],
          },
        ],
      },
    };
    const result = importPolicy(object, { config: DEFAULT_POLICY_CONFIG, defaultNamespace: 'default' });
    if (!result.valid) throw new Error(result.error);
    repository.upsertPolicy('p', result.policy);
    repository.upsertEndpoint(pod('a', { app: 'a' }));
    const server = (name: string, port: number) => ({
      ...pod(name, { app: 'b' }),
      namedPorts: [{ name: 'web', port, protocol: 'TCP' }],
    });
    const open = (to: string) =>
      [80, 81, 82].filter((port) => {
        const flow = { from: { endpoint: 'default/a' }, to: { endpoint: to }, port, protocol: 'TCP' };
        return repository.judge(flow).verdict === 'FORWARDED';
      });
    repository.upsertEndpoint(server('b-1', 80));
    expect(open('default/b-1')).toEqual([80]);
    repository.upsertEndpoint(server('b-2', 81));
    // Each has its own number, also where the labels are the same.
    expect(open('default/b-1')).toEqual([80]);
    expect(open('default/b-2')).toEqual([81]);
    repository.removeEndpoint('default/b-1');
    expect(open('default/b-2')).toEqual([81]);
    repository.removeEndpoint('default/b-2');
    repository.upsertEndpoint(server('b-3', 82));
    expect(open('default/b-3')).toEqual([82]);
    repository.removeEndpoint('default/b-3');
    repository.upsertEndpoint(pod('b-4', { app: 'b' }));
    expect(open('default/b-4')).toEqual([]);
  });
});

describe('audit mode', () => {
  const policies = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - toPorts:
        - ports: [{port: "80", protocol: TCP}]
          rules: {http: [{path: /ok}]}
  ingressDeny:
    - fromEndpoints: [{matchLabels: {app: bad}}]
`;
  const pods = ['web', 'bad', 'db'].map((app, i) => ({ name: app, labels: { app }, ip: `10.0.0.${i + 1}` }));
  const world = decodeCase(JSON.stringify({ pods, policies, probes: [] }));
  const { repository } = buildCase({ ...world, config: { ...world.config, isAudit: true } }, policies);
  const flow = (app: string, port: number, path = '/ok') => ({
    from: { endpoint: `default/${app}` },
    to: { endpoint: 'default/db' },
    port,
    protocol: 'TCP',
    http: { method: 'GET', path, headers: {} },
  });

  test('[P26] what is denied passes, and is marked with what denies it', () => {
    expect(repository.judge(flow('web', 81))).toMatchObject({
      verdict: 'FORWARDED',
      ingress: { verdict: 'allowed', isAudited: true, enforced: true, deniedBy: 'default' },
    });
    expect(repository.judge(flow('bad', 80))).toMatchObject({
      verdict: 'FORWARDED',
      ingress: { isAudited: true, deniedBy: 'explicit' },
    });
    expect(explain(repository, flow('web', 81)).ingress.summary).toBe(
      'Ingress is denied by default: default/p selects this pod, and no rule allows this. Audit mode lets it pass.',
    );
  });

  test('[P26] what is allowed is not marked, and layer 7 still refuses', () => {
    expect(repository.judge(flow('web', 80)).ingress.isAudited).toBeUndefined();
    expect(repository.judge(flow('web', 80, '/no')).verdict).toBe('L7-DENIED');
  });

  test('[P26] a node has an audit mode of its own', () => {
    const host = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: h}
spec: {nodeSelector: {}, ingress: [{}]}
`;
    const nodes = ['n1', 'n2'].map((name, i) => ({ name, ip: `172.18.0.${i + 2}` }));
    const both = decodeCase(JSON.stringify({ nodes, hostFirewall: true, policies: host, probes: [] }));
    const built = buildCase(both, host).repository;
    built.setAudit((key) => key === 'node:n1');
    const to = (node: string) =>
      built.judge({ from: { address: '192.0.2.1' }, to: { node }, port: 22, protocol: 'TCP' });
    expect(to('n1')).toMatchObject({
      verdict: 'FORWARDED',
      ingress: { isAudited: true, deniedBy: 'default' },
    });
    expect(to('n2')).toMatchObject({ verdict: 'DROPPED', droppedAt: 'ingress' });
    expect(built.enforcement('node:n1')).toEqual({ ingress: true, egress: false });
    expect(built.enforcement('node:n3')).toEqual({ ingress: false, egress: false });
  });
});
