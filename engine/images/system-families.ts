import type { ImageMachine, ListenerSpec } from './catalog.ts';
import { alpine, bare, debian, type Family, osRelease, PASSWD, tcp, TLS_ANY } from './recipe.ts';
import { BUSYBOX, DEBIAN } from './programs.ts';

const ubuntuMachine: ImageMachine = {
  libc: 'glibc',
  shell: 'bash',
  user: 'root',
  home: '/root',
  versions: {},
};

const DNS_PORTS: readonly ListenerSpec[] = [
  { port: 53, protocol: 'UDP', server: 'dns', options: { cluster: true } },
  tcp(53, 'dns', { cluster: true }),
  tcp(8080, 'page', { title: 'OK', paths: ['/health'] }),
  tcp(8181, 'page', { title: 'OK', paths: ['/ready'] }),
  tcp(9153, 'metrics', { family: 'coredns' }),
];

const CILIUM_PROGRAMS = [
  ...DEBIAN,
  'bash',
  'ip',
  'cilium',
  'cilium-dbg',
  'cilium-health',
  'cilium-agent',
  'hubble',
  'bpftool',
  'ss',
];

const FAMILIES: readonly Family[] = [
  { repositories: ['registry.k8s.io/pause', 'k8s.gcr.io/pause'], make: () => bare('/pause') },
  {
    repositories: ['registry.k8s.io/coredns/coredns', 'docker.io/coredns/coredns'],
    make: () => bare('/coredns', DNS_PORTS),
  },
  {
    repositories: ['registry.k8s.io/kube-apiserver'],
    make: (tag) =>
      bare('kube-apiserver', [
        {
          ...tcp(6443, 'kube-apiserver', { version: tag }),
          tls: {
            names: [
              'kubernetes',
              'kubernetes.default',
              'kubernetes.default.svc',
              'kubernetes.default.svc.cluster.local',
            ],
            trusted: false,
          },
        },
      ]),
  },
  {
    repositories: ['registry.k8s.io/kube-controller-manager'],
    make: () => bare('kube-controller-manager', [{ ...tcp(10_257, 'opaque'), tls: TLS_ANY, isLocal: true }]),
  },
  {
    repositories: ['registry.k8s.io/kube-scheduler'],
    make: () => bare('kube-scheduler', [{ ...tcp(10_259, 'opaque'), tls: TLS_ANY, isLocal: true }]),
  },
  {
    repositories: ['registry.k8s.io/kube-proxy'],
    make: () => ({
      ...debian({}),
      cmd: ['/usr/local/bin/kube-proxy'],
      mains: ['kube-proxy'],
      listeners: () => [tcp(10_256, 'page', { title: 'ok', paths: ['/healthz'] })],
    }),
  },
  {
    repositories: ['registry.k8s.io/etcd'],
    make: () => ({ ...bare('etcd'), listeners: () => [{ ...tcp(2379, 'opaque'), tls: TLS_ANY }] }),
  },
  {
    repositories: ['docker.io/kindest/local-path-provisioner', 'docker.io/rancher/local-path-provisioner'],
    make: () => bare('local-path-provisioner'),
  },
  { repositories: ['docker.io/kindest/kindnetd'], make: () => bare('/bin/kindnetd') },
  {
    repositories: ['quay.io/cilium/cilium', 'quay.io/cilium/cilium-ci'],
    make: (tag) => ({
      machine: { ...ubuntuMachine, versions: { cilium: tag.replace(/^v/, '') } },
      programs: CILIUM_PROGRAMS,
      env: { HUBBLE_SERVER: 'unix:///var/run/cilium/hubble.sock' },
      files: { ...osRelease('Ubuntu', 'ubuntu', '24.04'), ...PASSWD },
      entrypoint: ['cilium-agent'],
      pullMs: 12_000,
      mains: ['cilium-agent'],
      startDelayMs: 3000,
      listeners: () => [
        tcp(4244, 'opaque'),
        tcp(9962, 'metrics', { family: 'agent', needs: 'prometheus-serve-addr' }),
        tcp(9965, 'metrics', { family: 'hubble', needs: 'hubble-metrics-server' }),
        { ...tcp(9879, 'page', { title: 'ok', paths: ['/healthz'] }), isLocal: true },
      ],
    }),
  },
  {
    repositories: ['quay.io/cilium/operator-generic', 'quay.io/cilium/operator'],
    make: () =>
      bare('cilium-operator-generic', [
        tcp(9963, 'metrics', { family: 'operator', needs: 'operator-prometheus-serve-addr' }),
        { ...tcp(9234, 'page', { title: 'ok', paths: ['/healthz'] }), isLocal: true },
      ]),
  },
  {
    repositories: ['quay.io/cilium/cilium-envoy'],
    make: () => ({
      machine: ubuntuMachine,
      programs: [...DEBIAN, 'bash', 'cilium-envoy'],
      entrypoint: ['/usr/bin/cilium-envoy-starter'],
      pullMs: 6_000,
      mains: ['cilium-envoy-starter'],
      startDelayMs: 1500,
      listeners: () => [
        { ...tcp(9878, 'page', { title: 'ok', paths: ['/healthz'] }), isLocal: true },
        tcp(9964, 'metrics', { family: 'envoy' }),
      ],
    }),
  },
  {
    repositories: ['quay.io/cilium/hubble-relay'],
    make: () => ({
      ...bare('hubble-relay', [tcp(4245, 'opaque'), tcp(4222, 'opaque')]),
      mains: ['hubble-relay', 'serve'],
      pullMs: 2_500,
      startDelayMs: 2000,
    }),
  },
  {
    repositories: ['quay.io/cilium/hubble-ui'],
    make: () => ({
      ...alpine('3.21.3', { curl: '8.12.1' }),
      programs: [...BUSYBOX, 'nginx'],
      entrypoint: ['/docker-entrypoint.sh'],
      cmd: ['nginx', '-g', 'daemon off;'],
      mains: ['nginx'],
      listeners: () => [tcp(8081, 'page', { title: 'Hubble UI', paths: ['/', '/index.html'], others: 200 })],
    }),
  },
  {
    repositories: ['quay.io/cilium/hubble-ui-backend'],
    make: () => bare('/usr/bin/backend', [tcp(8090, 'opaque')]),
  },
];

const info = (msg: string): string => `time={time} level=info msg=${JSON.stringify(msg)}`;

/** What the first program of an image says when it starts: `{time}` and `{klog}` stand for when that was. */
const FIRST_WORDS: Readonly<Record<string, readonly string[]>> = {
  coredns: ['.:53', 'CoreDNS-1.11.3', 'linux/amd64, go1.21.11, a6338e9'],
  'kube-apiserver': [
    '{klog} server.go:145] Version: v1.32.13',
    '{klog} secure_serving.go:213] Serving securely on [::]:6443',
  ],
  'kube-controller-manager': [
    '{klog} controllermanager.go:185] "Starting" version="v1.32.13"',
    '{klog} leaderelection.go:271] successfully acquired lease kube-system/kube-controller-manager',
  ],
  'kube-scheduler': [
    '{klog} server.go:166] "Starting Kubernetes Scheduler" version="v1.32.13"',
    '{klog} leaderelection.go:271] successfully acquired lease kube-system/kube-scheduler',
  ],
  'kube-proxy': [
    '{klog} server_linux.go:66] "Using iptables proxy"',
    '{klog} server.go:483] "Version info" version="v1.32.13"',
  ],
  etcd: [
    '{"level":"info","ts":"{time}","caller":"embed/serve.go:103","msg":"ready to serve client requests"}',
  ],
  'local-path-provisioner': ['time="{time}" level=info msg="Provisioner started"'],
  cilium: [
    info('Started agent'),
    info('Cilium 1.20.2 go version go1.26.8 linux/amd64'),
    info('Establishing connection to apiserver'),
    info('Connected to apiserver'),
    info('Envoy: Connected to Envoy external process'),
    info('Starting Hubble server'),
    info('Daemon initialization completed'),
  ],
  'operator-generic': [
    info('Cilium Operator 1.20.2'),
    info('Leading the operator HA deployment'),
    info('Initialization complete'),
  ],
  'cilium-envoy': [
    '[{time}][7][info][main] initializing epoch 0',
    '[{time}][7][info][main] starting main dispatch loop',
  ],
  'hubble-relay': [info('Starting gRPC server...'), info('Connected')],
  'hubble-ui-backend': [info('running hubble status checker'), info('listening at: 0.0.0.0:8090')],
};

/** The images that a cluster and Cilium themselves run. */
export const SYSTEM_FAMILIES: readonly Family[] = FAMILIES.map((family) => {
  const words = FIRST_WORDS[family.repositories[0]?.split('/').at(-1) ?? ''];
  return words === undefined
    ? family
    : { ...family, make: (tag) => ({ ...family.make(tag), logs: () => words }) };
});
