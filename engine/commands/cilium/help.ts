import { childrenOf, layOutFlags, layOutUsage, type ShownChild } from '../hubble/usage.ts';
import { type FlagSpec, flagTable } from '../kubectl/flags.ts';

const INSTALL = `chart-directory:string datapath-mode:string dry-run dry-run-helm-values history-max:int=10 list-versions
nodes-without-cilium repository:string=https://helm.cilium.io set:stringArray set-file:stringArray set-string:stringArray
values,f:strings version:string=v1.20.2 wait wait-duration:duration=5m0s`;

/** What the connectivity test takes for the sysdump after it, without the prefix. */
const SYSDUMP = `cilium-bugtool-flags:stringArray cilium-daemon-set-label-selector:string cilium-envoy-label-selector:string
cilium-helm-release-name:string cilium-label-selector:string cilium-namespace:string cilium-node-init-selector:string
cilium-operator-label-selector:string cilium-operator-namespace:string cilium-spire-agent-selector:string
cilium-spire-namespace:string cilium-spire-server-selector:string clustermesh-apiserver-label-selector:string
clustermesh-generate-certs-label-selector:string cni-config-directory:string cni-configmap-name:string
collect-logs-from-not-ready-agents copy-retry-limit:int debug detect-gops-pid extra-label-selectors:stringArray
hubble-flows-count:int hubble-flows-timeout:duration hubble-generate-certs-labels:string hubble-label-selector:string
hubble-relay-labels:string hubble-ui-labels:string logs-limit-bytes:int logs-since-time:duration node-list:string
output-filename:string profiling quick tetragon-helm-release-name:string tetragon-label-selector:string
tetragon-namespace:string tetragon-operator-label-selector:string tracing worker-count:int`;

const CONNECTIVITY = `agent-daemonset-name:string agent-pod-selector:string all-flows assume-cilium-version:string chart-directory:string
cilium-pod-selector:string cleanup collect-sysdump-on-failure conn-disrupt-dispatch-interval:duration
conn-disrupt-test-restarts-path:string conn-disrupt-test-setup conn-disrupt-test-xfrm-errors-path:string
connect-timeout:duration=2s curl-image:string curl-insecure curl-parallel:int debug,d dns-test-server-image:string
echo-image:string exit-zero-on-failure external-cidr:string external-cidrv6:string external-ip:string external-ipv6:string
external-other-ip:string external-other-ipv6:string external-other-target:string external-target:string
external-target-ca-name:string external-target-ca-namespace:string external-target-fake-dns external-target-ipv6-capable
flow-validation:string=warning force-deploy frr-image:string helm-values-secret-name:string hubble=true
hubble-server:string=localhost:4245 include-conn-disrupt-test include-conn-disrupt-test-egw
include-conn-disrupt-test-l7-traffic include-conn-disrupt-test-ns-traffic ip-families:strings json-mock-image:string
junit-file:string junit-property:string k8s-version:string log-check-only-test-time multi-cluster:string
namespace-labels:string node-cidr:strings node-selector:string pause-on-fail,p post-test-sleep:duration print-flows
print-image-artifacts request-timeout:duration=10s retry:int=3 retry-delay:duration=3s secondary-network-iface:string
service-type:string single-node socat-image:string
${SYSDUMP.replace(/^|\s/g, '$&sysdump-')} test:strings test-concurrency:int=1 test-conn-disrupt-image:string test-namespace:string=cilium-test timeout:duration=0s
timestamp,t tolerations:strings verbose,v`;

const KEY = 'wait-duration:duration=1m0s';

/** Every command with what it is for, in our own words, and its flags as `flagTable` reads them. */
const COMMANDS: ReadonlyMap<string, readonly [about: string, flags?: string]> = new Map(
  Object.entries<readonly [string, string?]>({
    '': ['Installs, changes and examines Cilium in a cluster.'],
    clustermesh: ['Connections between clusters'],
    'clustermesh connect': [
      'Connect a second cluster',
      'allow-mismatching-ca connection-mode:string=bidirectional destination-context:strings destination-endpoint:strings parallel:int=1 source-endpoint:strings',
    ],
    'clustermesh enable': ['Switch it on', 'enable-kvstoremesh=true service-type:string'],
    'clustermesh status': ['How it fares', 'output,o:string=summary wait wait-duration:duration=15m0s'],
    completion: ['Words for a shell to complete'],
    ...Object.fromEntries(
      ['bash', 'fish', 'powershell', 'zsh'].map((shell) => [
        `completion ${shell}`,
        [`For ${shell}`, 'no-descriptions'] as const,
      ]),
    ),
    config: ["Cilium's ConfigMap"],
    'config delete': ['Remove a key', 'restart,r=true'],
    'config set': ['Write a key', 'restart,r=true'],
    'config view': ['Print all keys'],
    connectivity: ['Tests of the network'],
    'connectivity test': ['Run tests between pods made for it', CONNECTIVITY],
    context: ['The kubeconfig context in use'],
    encryption: ['Traffic between nodes that is encrypted'],
    'encryption create-key': ['Make an IPsec key', `auth-algo:string=rfc4106-gcm-aes ${KEY}`],
    'encryption key-status': ['Show the IPsec key', `output,o:string=summary ${KEY}`],
    'encryption rotate-key': ['Replace the IPsec key', `auth-algo:string ${KEY}`],
    'encryption status': [
      'What each node encrypts',
      `agent-pod-selector:string=k8s-app=cilium node:string node-name:string output,o:string=summary per-node-details ${KEY}`,
    ],
    features: ["What the agents' settings switch on"],
    'features status': [
      'Features by node',
      `agent-pod-selector:string=k8s-app=cilium node:string operator-container-command:string operator-node:string operator-pod-selector:string=io.cilium/app=operator output,o:string=tab output-file:string=- ${KEY}`,
    ],
    help: ['Help for any command'],
    hubble: ['Hubble, which tells of flows'],
    'hubble disable': ['Switch Hubble relay and UI off'],
    'hubble enable': ['Switch Hubble relay on', 'relay=true ui'],
    'hubble port-forward': ['Bring the relay to a local port', 'port-forward:int=4245'],
    'hubble ui': ['Bring the UI to a local port', 'open-browser=true port-forward:int=12000'],
    install: ['Install Cilium by its chart', INSTALL],
    status: [
      'How Cilium fares',
      'ignore-warnings interactive=true output,o:string=summary verbose wait wait-duration:duration=5m0s worker-count:int=5',
    ],
    sysdump: ['Archive for the search of faults', 'debug node-list:string output-filename:string quick'],
    uninstall: ['Remove Cilium', 'test-namespace:string=cilium-test timeout:duration=5m0s wait'],
    upgrade: [
      'Change version or values of Cilium',
      `${INSTALL} reset-then-reuse-values=true reset-values restart,r reuse-values`,
    ],
    version: ['Versions of this tool and of Cilium', 'client'],
  }),
);

/** The flags of every command. */
const GLOBALS =
  'as:string as-group:stringArray context:string helm-release-name:string=cilium kubeconfig:string namespace,n:string help,h';

/** What the flags are for that this world heeds, in our own words. */
const FLAGS: Readonly<Record<string, string>> = {
  as: 'Act as this user',
  'as-group': 'Act as one of this group',
  cleanup: 'Only remove what tests left',
  client: 'Only the version of this tool',
  context: 'Context of the kubeconfig',
  'dry-run': 'Print what would be created',
  'dry-run-helm-values': 'Print the values in use',
  'flow-validation': 'disabled, warning or strict',
  'helm-release-name': "Name of Cilium's release",
  'hubble-server': 'Where Hubble answers',
  'ignore-warnings': 'Warnings do not keep it waiting',
  kubeconfig: 'Path of the kubeconfig',
  'list-versions': 'Print known versions',
  namespace: 'Where Cilium runs (default "kube-system")',
  output: 'json or a text',
  'port-forward': 'Local port, 0 for any',
  relay: 'With Hubble relay',
  'reset-values': 'Begin with the values of the chart',
  restart: 'Restart agents after it',
  'reuse-values': 'Begin with the values in use',
  'service-type': 'Kind of Service to make',
  set: 'Value for the chart, key=value',
  test: 'Only tests that match',
  ui: 'With the UI of Hubble',
  values: 'File of values for the chart',
  version: 'Version of Cilium',
  wait: 'Wait until it is ready',
  'wait-duration': 'Longest wait',
};

/** True when this is a command, named without the leading `cilium`. */
export function isCommand(path: string): boolean {
  return COMMANDS.has(path);
}

function below(path: string): readonly ShownChild[] {
  return childrenOf(
    [...COMMANDS].map(([name, [about]]) => [name, about]),
    path,
  );
}

/** Names that a mistyped command may have meant; real ones that are not played here stand among them. */
export function offeredNames(): readonly string[] {
  const names = below('').map(([name]) => name);
  return [...names, 'bgp', 'multicast'].filter((name) => name !== 'help').sort();
}

/** The flags of a command, those of every command among them. */
export function flagsOf(path: string): readonly FlagSpec[] {
  return flagTable(`${COMMANDS.get(path)?.[1] ?? ''} ${GLOBALS}`);
}

/** The help page of a command in cobra's layout, without its first words when `isUsage`. */
export function helpPage(path: string, isUsage = false): string {
  const name = path === '' ? 'cilium' : `cilium ${path}`;
  const [about = '', own = ''] = COMMANDS.get(path) ?? [];
  const children = below(path);
  const [globals, help] = [flagTable(GLOBALS.replace(' help,h', '')), `help for ${name.split(' ').at(-1)}`];
  const flags =
    path === ''
      ? block(flagTable(GLOBALS), help)
      : `${block(flagTable(`${own} help,h`), help)}\nGlobal Flags:\n${block(globals, '')}`;
  const usage = path === '' || children.length === 0 ? '[flags]' : undefined;
  return `${isUsage ? '' : `${about}\n\n`}${layOutUsage({ name, usage, children }, `Flags:\n${flags}`)}`;
}

function block(specs: readonly FlagSpec[], help: string): string {
  return layOutFlags(
    specs.map((spec) => {
      const { name, kind, initial } = spec;
      const shown = kind === 'string' ? JSON.stringify(initial) : initial;
      const preset = ['', 'false', '0', '0s'].includes(initial) ? '' : ` (default ${shown})`;
      return {
        name,
        short: spec.short,
        type: kind === 'bool' ? '' : kind,
        about: name === 'help' ? help : `${FLAGS[name] ?? ''}${preset}`.trim(),
      };
    }),
  );
}
