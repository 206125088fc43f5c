import { describe, expect, test } from 'vitest';
import { runCase } from './case-run.ts';
import { ccnp, cnp, netpol, verdicts } from './testdata/small-world.ts';

// Facts about Cilium 1.20.2 that were seen in its engine's output, each in a world of its own.

const A = '{matchLabels: {app: a}}';
const B = '{matchLabels: {app: b}}';
const TO_B = ['default/a -> default/b', 'ops/a -> default/b', 'ip:203.0.113.1 -> default/b'];
const port = 'ports: [{port: "80", protocol: TCP}]';
const get = (path: string, more = '') =>
  `default/a -> default/b:80/TCP {http: {method: GET, path: ${path}, host: b${more}}}`;
const http = (rules: string, peer = `fromEndpoints: [${A}], `) =>
  cnp(`ingress: [{${peer}toPorts: [{${port}, rules: {http: [${rules}]}}]}]`, 'http');

describe('default deny and modes', () => {
  test('[P5] enableDefaultDeny without a rule of that direction turns nothing on', () => {
    const policy = cnp('enableDefaultDeny: {egress: true}, ingress: [{fromEntities: [all]}]');
    expect(verdicts(policy, ['default/b -> default/a', 'default/b -> ip:203.0.113.1'])).toBe('FF');
  });
  test('[P5] what one policy leaves open, another with default deny shuts', () => {
    const off = cnp(`enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [${A}]}]`);
    expect(verdicts(off, TO_B)).toBe('FFF');
    expect(verdicts(off + cnp('ingress: [{}]', 'shut'), TO_B)).toBe('Fii');
    expect(verdicts(off, TO_B, 'enforcement: always')).toBe('eei');
  });
  test('[P7] always shuts also the local host out, until an ingress rule selects the pod', () => {
    const host = ['node:n2 -> default/b', 'entity:host -> default/b'];
    expect(verdicts(cnp('ingress: [{}]', 'p', A), host, 'enforcement: always')).toBe('ii');
    expect(verdicts(cnp('ingress: [{}]'), host, 'enforcement: always')).toBe('FF');
  });
  test('[P7] never enforces no denial either', () => {
    expect(verdicts(cnp('ingressDeny: [{fromEntities: [all]}]'), TO_B, 'enforcement: never')).toBe('FFF');
  });
  test('[P5] with default deny off, rules of layer 7 refuse nothing', () => {
    const rules = `toPorts: [{${port}, rules: {http: [{path: /a}]}}]`;
    const off = cnp(`enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [${A}], ${rules}}]`);
    expect(verdicts(off, [get('/b')])).toBe('F');
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}], ${rules}}]`), [get('/b')])).toBe('7');
    const dns53 = 'toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: a.b}]}}]';
    const query = 'default/a -> default/b:53/UDP {dns: {query: c.d}}';
    const names = (more: string) => cnp(`${more}egress: [{toEndpoints: [{}], ${dns53}}]`, 'p', A);
    expect(verdicts(names('enableDefaultDeny: {egress: false}, '), [query])).toBe('F');
    expect(verdicts(names(''), [query])).toBe('7');
  });
});

describe('empty and absent', () => {
  test('[P9] toPorts', () => {
    const peer = `fromEndpoints: [${A}], `;
    const probes = ['default/a -> default/b:80', 'default/a -> default/b:7/UDP', 'ops/a -> default/b:80'];
    expect(verdicts(cnp(`ingress: [{${peer}toPorts: []}]`), probes)).toBe('FFi');
    for (const none of ['toPorts: []', 'toPorts: [{}]', 'toPorts: [{ports: []}]'])
      expect(verdicts(cnp(`ingress: [{${none}}]`), probes), none).toBe('iii');
  });
  test('[P9] peers', () => {
    for (const none of ['fromEntities: []', `fromEndpoints: [], toPorts: [{${port}}]`])
      expect(verdicts(cnp(`ingress: [{${none}}]`), TO_B), none).toBe('iii');
    expect(verdicts(cnp('egress: [{toFQDNs: []}]', 'p', A), ['default/a -> ip:198.51.100.1'])).toBe('e');
    expect(verdicts(cnp('ingress: [{fromEndpoints: [{}]}]'), TO_B)).toBe('Fii');
  });
  test('[P9] rules of layer 7: an empty list is none, an empty rule lets all pass', () => {
    const empty = `ingress: [{fromEndpoints: [${A}], toPorts: [{${port}, rules: {http: []}}]}]`;
    expect(verdicts(cnp(empty), [get('/x')])).toBe('F');
    expect(verdicts(http('{}'), [get('/x')])).toBe('F');
  });
  test('[P22] a NetworkPolicy enforces rules of a direction that policyTypes leaves out', () => {
    const policy = 'podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress], ingress: [{}]';
    expect(verdicts(netpol(`${policy}, egress: [{ports: [{port: 443}]}]`), ['default/a -> default/b'])).toBe(
      'e',
    );
    expect(verdicts(netpol(policy), ['default/a -> default/b'])).toBe('F');
  });
  test('[P22] a port without protocol is TCP there, a protocol without port all its ports', () => {
    const probes = [
      'default/a -> default/b:80/TCP',
      'default/a -> default/b:80/UDP',
      'default/a -> default/b:9/UDP',
    ];
    const on = (ports: string) =>
      verdicts(netpol(`podSelector: {matchLabels: {app: b}}, ingress: [{ports: [${ports}]}]`), probes);
    expect(on('{port: 80}')).toBe('Fii');
    expect(on('{protocol: UDP}')).toBe('iFF');
  });
});

describe('peers', () => {
  const everyone = [
    'default/a -> default/b',
    'ops/a -> default/b',
    'ip:203.0.113.1 -> default/b',
    'node:n1 -> default/b',
    'node:n2 -> default/b',
    'entity:health -> default/b',
    'entity:init -> default/b',
    'entity:unmanaged -> default/b',
    'entity:ingress -> default/b',
    'entity:kube-apiserver -> default/b',
  ];
  const from = (entity: string) => cnp(`ingress: [{fromEntities: [${entity}]}]`);
  test('[P10] entities', () => {
    expect(verdicts(from('all'), everyone)).toBe('FFFFFFFFFF');
    expect(verdicts(from('world'), everyone)).toBe('iiFiFiiiii');
    expect(verdicts(from('cluster'), everyone)).toBe('FFiFFFFFFF');
    expect(verdicts(from('remote-node'), everyone)).toBe('iiiFFiiiiF');
    expect(verdicts(from('none'), everyone)).toBe('iiiiFiiiii');
  });
  test('[P10] entities that share a selector count once', () => {
    const twice = cnp('ingress: [{fromEntities: [cluster, host, host, remote-node]}]');
    expect(verdicts(twice, everyone)).toBe('FFiFFFFFFF');
  });
  test('[P10] an API server outside is world, cluster and kube-apiserver, and matched by CIDR', () => {
    const probe = ['ip:203.0.113.5 -> default/b', 'ip:203.0.113.6 -> default/b'];
    const at = 'kubeAPIServer: ["203.0.113.5"]';
    for (const entity of ['kube-apiserver', 'cluster']) expect(verdicts(from(entity), probe, at)).toBe('Fi');
    expect(verdicts(from('world'), probe, at)).toBe('FF');
    expect(verdicts(cnp('ingress: [{fromCIDR: [203.0.113.5/32]}]'), probe, at)).toBe('Fi');
  });
  test('[P8] reserved:world as a label is nobody in dual stack, the outside with IPv4 only', () => {
    const world = cnp('ingress: [{fromEndpoints: [{matchLabels: {"reserved:world": ""}}]}]');
    expect(verdicts(world, TO_B)).toBe('iii');
    expect(verdicts(world, TO_B, 'ipv6: false')).toBe('iiF');
  });
  test('[P8] NotIn and Exists keep to the own namespace', () => {
    const not = '{matchExpressions: [{key: app, operator: NotIn, values: [x]}]}';
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${not}]}]`), TO_B)).toBe('Fii');
    const any = '{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}';
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${any}]}]`), TO_B)).toBe('FFi');
  });
  test('[P8] another cluster is nobody here, the own one everybody of it', () => {
    const of = (cluster: string) =>
      cnp(
        `ingress: [{fromEndpoints: [{matchLabels: {app: a, "io.cilium.k8s.policy.cluster": ${cluster}}}]}]`,
      );
    expect(verdicts(of('default'), TO_B)).toBe('Fii');
    expect(verdicts(of('other'), TO_B)).toBe('iii');
    expect(verdicts(of('other'), TO_B, 'cluster: other')).toBe('Fii');
  });
  test('[P8] service accounts', () => {
    const pods = '';
    const sa = (name: string) =>
      cnp(`ingress: [{fromEndpoints: [{matchLabels: {"io.cilium.k8s.policy.serviceaccount": ${name}}}]}]`);
    expect(verdicts(sa('default'), TO_B, pods)).toBe('Fii');
    expect(verdicts(sa('robot'), TO_B, pods)).toBe('iii');
  });
  test('[P11] a group that is not there selects nothing; a bare /0 is the outside', () => {
    expect(verdicts(cnp('ingress: [{fromCIDRSet: [{cidrGroupRef: gone}]}]'), TO_B)).toBe('iii');
    expect(verdicts(cnp('ingress: [{fromCIDR: ["0.0.0.0/0"]}]'), TO_B)).toBe('iiF');
    expect(verdicts(cnp('ingress: [{fromCIDR: ["::/0"]}]'), [...TO_B, 'ip:2001:db8::1 -> default/b'])).toBe(
      'iiiF',
    );
  });
  test('[P14] a Service by name without namespace is that of every namespace', () => {
    const to = cnp('egress: [{toServices: [{k8sService: {serviceName: b}}]}]', 'p', A);
    expect(verdicts(to, ['default/a -> default/b'])).toBe('F');
  });
  test('[P12] a denied block wins over a name', () => {
    const names = 'egress: [{toFQDNs: [{matchName: www.example.com}]}]';
    const policy = cnp(`${names}, egressDeny: [{toCIDR: [198.51.100.0/24]}]`, 'p', A);
    expect(verdicts(policy, ['default/a -> ip:198.51.100.1'])).toBe('e');
  });
});

describe('ports', () => {
  const probes = (...ports: string[]) => ports.map((each) => `default/a -> default/b:${each}`);
  test('[P15] port 0 with and without endPort is every port, never ICMP', () => {
    for (const spec of ['{port: "0"}', '{port: "0", endPort: 90, protocol: ANY}'])
      expect(
        verdicts(
          cnp(`ingress: [{toPorts: [{ports: [${spec}]}]}]`),
          probes('1/TCP', '65535/UDP', '9/SCTP', '8/ICMP'),
        ),
        spec,
      ).toBe('FFFi');
  });
  test('[P16] endPort counts from a named port on', () => {
    const named = cnp('ingress: [{toPorts: [{ports: [{port: web, endPort: 9100, protocol: TCP}]}]}]');
    expect(verdicts(named, probes('9089/TCP', '9090/TCP', '9100/TCP', '9101/TCP'))).toBe('iFFi');
  });
  test('[P17] families are apart', () => {
    const icmps = cnp(
      'ingress: [{icmps: [{fields: [{type: EchoRequest, family: IPv6}, {type: 3, family: IPv4}]}]}]',
    );
    expect(verdicts(icmps, probes('128/ICMPv6', '8/ICMP', '3/ICMP', '129/ICMPv6'))).toBe('FiFi');
  });
});

describe('precedence', () => {
  test('[P18] a denial beats allowances of every kind and width, also of layer 7', () => {
    const deny = cnp('ingressDeny: [{fromEntities: [cluster]}]', 'deny');
    expect(verdicts(cnp(`ingress: [{fromEndpoints: [${A}]}]`) + deny, TO_B)).toBe('iii');
    expect(verdicts(http('{}') + deny, [get('/')])).toBe('i');
    expect(verdicts(netpol('podSelector: {matchLabels: {app: b}}, ingress: [{}]') + deny, TO_B)).toBe('iiF');
    expect(verdicts(ccnp('endpointSelector: {}, ingress: [{fromEntities: [all]}]') + deny, TO_B)).toBe('iiF');
  });
  const tier = (name: string, tierName: string, priority: number, rules: string) =>
    `---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: ${name}}, spec: {tier: ${tierName}, priority: ${priority}, subject: {namespaces: {}}, ingress: [${rules}]}}\n`;
  const rule = (action: string, from = '{}') => `{action: ${action}, from: [{namespaces: ${from}}]}`;
  test('[P19] the lower priority goes first, then the order of the rules', () => {
    const prod = '{matchLabels: {env: prod}}';
    expect(
      verdicts(tier('x', 'Admin', 5, rule('Accept', prod)) + tier('a', 'Admin', 6, rule('Deny')), TO_B),
    ).toBe('iFF');
    expect(
      verdicts(tier('x', 'Admin', 7, rule('Accept', prod)) + tier('a', 'Admin', 6, rule('Deny')), TO_B),
    ).toBe('iiF');
    expect(verdicts(tier('x', 'Admin', 5, `${rule('Deny')}, ${rule('Accept', prod)}`), TO_B)).toBe('iiF');
  });
  test('[P19] Baseline allows what default deny would drop, and denies only what nothing else decides', () => {
    const base = (action: string) => tier('base', 'Baseline', 5, rule(action));
    expect(verdicts(base('Accept') + cnp('ingress: [{}]'), TO_B)).toBe('FFi');
    expect(verdicts(base('Deny') + cnp(`ingress: [{fromEndpoints: [${A}]}]`), TO_B)).toBe('Fii');
    expect(verdicts(base('Accept') + cnp('ingressDeny: [{fromEndpoints: [{}]}]'), TO_B)).toBe('iFi');
  });
});

describe('layer 7', () => {
  test('[P23] the method counts its case, the host its port', () => {
    expect(verdicts(http('{method: get}'), [get('/')])).toBe('7');
    expect(verdicts(http('{host: b}'), [get('/'), get('/', ':8080')])).toBe('F7');
    const noHost = 'default/a -> default/b:80/TCP {http: {method: GET, path: /}}';
    expect(verdicts(http('{host: ".*"}'), [noHost])).toBe('7');
  });
  test('[P23] headers: presence, value, and what a mismatch does', () => {
    const probes = [get('/'), get('/', ', headers: {x-role: admin}'), get('/', ', headers: {X-Role: Admin}')];
    expect(verdicts(http('{headers: ["X-Role: admin"]}'), probes)).toBe('7F7');
    expect(verdicts(http('{headers: [X-Role]}'), probes)).toBe('7FF');
    const match = (action: string) =>
      verdicts(http(`{headerMatches: [{name: X-Role, value: admin${action}}]}`), probes);
    expect(match('')).toBe('7F7');
    for (const action of ['LOG', 'ADD', 'DELETE', 'REPLACE'])
      expect(match(`, mismatch: ${action}`), action).toBe('FFF');
  });
  test('[P23] plain rules that cover the peer and port lift the HTTP rules', () => {
    for (const plain of [
      `fromEndpoints: [${A}]`,
      'fromEntities: [all]',
      `toPorts: [{${port}}]`,
      'toPorts: [{ports: [{port: "70", endPort: 90, protocol: TCP}]}]',
      `fromEndpoints: [${A}], toPorts: [{ports: [{port: "80"}]}]`,
    ])
      expect(verdicts(http('{path: /a}') + cnp(`ingress: [{${plain}}]`, 'plain'), [get('/b')]), plain).toBe(
        'F',
      );
    const other = cnp(`ingress: [{fromEndpoints: [${B}], toPorts: [{${port}}]}]`, 'plain');
    expect(verdicts(http('{path: /a}') + other, [get('/b')])).toBe('7');
  });
  test('[P23] the local host passes rules for any peer', () => {
    const probe = 'node:n2 -> default/b:80/TCP {http: {method: GET, path: /b, host: b}}';
    expect(verdicts(http('{path: /a}', ''), [probe, get('/b')])).toBe('F7');
  });
  test('[P24] server names', () => {
    const names = (list: string, sni: string) =>
      verdicts(
        cnp(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [${list}]}]}]`, 'p', A),
        [`default/a -> ip:203.0.113.1:443/TCP {sni: ${sni}}`],
      );
    expect(names('example.com', 'EXAMPLE.com')).toBe('F');
    expect(names('"*.example.com"', 'a.b.example.com')).toBe('7');
    expect(names('"**.example.com"', 'a.b.example.com')).toBe('F');
    expect(names('"**.example.com"', 'example.com')).toBe('7');
  });
  test('[P24] DNS rules on other ports than 53, and stars inside of a name', () => {
    const dns = (rule: string, query: string) =>
      verdicts(
        cnp(
          `egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "5353", protocol: UDP}], rules: {dns: [${rule}]}}]}]`,
          'p',
          A,
        ),
        [`default/a -> default/b:5353/UDP {dns: {query: ${query}}}`],
      );
    expect(dns('{matchName: A.example.com}', 'a.example.com.')).toBe('F');
    expect(dns('{matchPattern: "*example.com"}', 'myexample.com')).toBe('F');
    expect(dns('{matchPattern: "*example.com"}', 'my.example.com')).toBe('7');
    expect(dns('{matchPattern: "*"}', 'any.thing.at.all')).toBe('F');
    expect(dns('{matchPattern: "a*c.example.com"}', 'abc.example.com')).toBe('F');
  });
  test('[P23] rules of two kinds on one port cannot be computed', () => {
    const on = (rules: string, name: string) =>
      cnp(
        `egress: [{toEndpoints: [${B}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {${rules}}}]}]`,
        name,
        A,
      );
    expect(
      verdicts(on('http: [{}]', 'p') + on('dns: [{matchPattern: "*"}]', 'q'), [
        'default/a -> default/b:53/TCP',
      ]),
    ).toBe('?');
  });
});

describe('nodes', () => {
  test('[P7] always shuts nodes with the host firewall, too', () => {
    const policy = cnp('ingress: [{fromEntities: [all]}]');
    expect(verdicts(policy, ['default/a -> node:n2'], 'hostFirewall: true\nenforcement: always')).toBe('e');
    expect(verdicts(policy, ['ip:203.0.113.1 -> node:n2'], 'hostFirewall: true\nenforcement: always')).toBe(
      'i',
    );
  });
  test('[P13] a node is chosen by its labels, not by those that the filter drops', () => {
    const host = (label: string) =>
      ccnp(`nodeSelector: {matchLabels: {${label}}}, ingress: [{fromEntities: [health]}]`);
    const probe = ['ip:203.0.113.1 -> node:n2', 'ip:203.0.113.1 -> node:n1'];
    expect(verdicts(host('role: worker'), probe, 'hostFirewall: true')).toBe('iF');
    expect(verdicts(host('"kubernetes.io/hostname": n2'), probe, 'hostFirewall: true')).toBe('FF');
  });
  test('[P10] nodes as peers need the option', () => {
    const from = cnp('ingress: [{fromNodes: [{matchLabels: {role: worker}}]}]', 'p', A);
    const world = ['node:n2 -> default/a', 'ip:203.0.113.1 -> default/a'];
    expect(verdicts(from, world, 'nodeSelectorLabels: true')).toBe('Fi');
  });
});

test('[P21] specs are refused together', () => {
  const text = `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, specs: [{endpointSelector: {}, ingress: [{}]}, {endpointSelector: {}, ingress: [{fromEntities: [moon]}]}]}`;
  const { answer } = runCase(JSON.stringify({ policies: text, probes: [] }));
  expect(answer.policies).toMatchObject([{ valid: false, stage: 'schema' }]);
});
