import { invariant } from '../../base/assert.ts';
import {
  FILTER_FLAGS,
  FLOW_FORMAT_FLAGS,
  type FlagSpec,
  GLOBAL_FLAGS,
  OTHER_FLAGS,
  RAW_FILTER_FLAGS,
  SELECTOR_FLAGS,
  SERVER_FLAGS,
} from './flags.ts';
import { childrenOf, layOutFlags, layOutUsage } from './usage.ts';

/** What each flag is for, in our own words. Filters that differ only in their side share the words of the plain one. */
const ABOUT: Readonly<Record<string, string>> = {
  all: 'Show every flow that the server still keeps',
  allowlist: 'Show flows that match this filter, written as JSON',
  'all-namespaces': 'Flows of pods in any namespace',
  'basic-auth-password': 'Password for basic authentication',
  'basic-auth-username': 'User name for basic authentication',
  'cel-expression': 'Flows for which this CEL expression over _flow is true',
  cluster: 'Flows of endpoints in this cluster',
  color: 'auto, always or never (default "auto")',
  config: 'File with settings',
  debug: 'Also say what the tool itself does',
  denylist: 'Hide flows that match this filter, written as JSON',
  'drop-reason-desc': 'Dropped flows with this reason, e.g. POLICY_DENIED',
  encrypted: 'Flows that travelled encrypted',
  'field-mask': 'Ask the server for these fields only (JSON outputs)',
  first: 'Show this many of the oldest flows',
  follow: 'Go on showing new flows',
  fqdn: 'Flows of this DNS name, * for anything',
  'http-header': 'HTTP flows with this header, name:value',
  'http-method': 'HTTP flows with this method',
  'http-path': 'HTTP flows whose path matches this expression',
  'http-status': 'HTTP flows with this status, e.g. 404 or 5+',
  'http-url': 'HTTP flows whose URL matches this expression',
  identity: 'Flows of this security identity',
  'input-file': 'Read flows from a file of JSON lines, - for standard input',
  interface: 'Flows seen at this network interface',
  ip: 'Flows of this address or block',
  'ip-trace-id': 'Flows with this IP trace number',
  'ip-translation': 'Show names instead of addresses (default true)',
  'ip-version': 'Flows of this version of IP: none, v4 or v6',
  ipv4: 'IPv4 flows',
  ipv6: 'IPv6 flows',
  'kube-context': 'Context of the kubeconfig, for --port-forward',
  'kube-namespace': 'Namespace of Cilium, for --port-forward (default "kube-system")',
  kubeconfig: 'Path of the kubeconfig, for --port-forward',
  label: 'Flows of endpoints with these labels',
  last: 'Show this many of the newest flows (default 20)',
  namespace: 'Flows of pods in this namespace',
  'node-label': 'Flows seen on nodes with these labels',
  'node-name': 'Flows seen on this node, [cluster/]name',
  not: 'Turn the next filter around',
  'not-reply': 'Flows that are no replies',
  numeric: 'Show addresses, not names',
  output: 'Format, e.g. compact, dict, json or table',
  pod: 'Flows of pods whose name begins so, [namespace/]name',
  port: 'Flows of this port',
  'port-forward': 'Reach the relay by a port-forward of our own',
  'port-forward-port': 'Local port for that, 0 for any (default 4245)',
  'print-node-name': 'Show on which node a flow was seen',
  'print-policy-names': 'Show which policies decided',
  'print-raw-filters': 'Show the filters as JSON and end',
  protocol: 'Flows of this protocol, e.g. tcp, udp, dns or http',
  reply: 'Flows that are replies',
  'request-timeout': 'Longest wait for an answer that is no stream (default 12s)',
  server: 'Address of the server (default "localhost:4245")',
  service: 'Flows of Services whose name begins so, [namespace/]name',
  'silent-errors': 'Print flows only, no news of nodes',
  since: 'Flows since a date or for a span of time, e.g. 5m',
  'snat-ip': 'Flows whose source was translated to this address or block',
  'tcp-flags': 'TCP flows with these flags, e.g. syn,ack',
  'time-format': 'How times are shown, e.g. StampMilli or RFC3339 (default "StampMilli")',
  timeout: 'Longest wait for a connection (default 5s)',
  tls: 'Speak TLS with the server',
  'tls-allow-insecure': "Do not check the server's certificate",
  'tls-ca-cert-files': 'Certificates of authorities to trust',
  'tls-client-cert-file': 'Our certificate, for mutual TLS',
  'tls-client-key-file': 'Our key, for mutual TLS',
  'tls-server-name': "Name that the server's certificate must carry",
  'trace-id': 'HTTP flows of this trace',
  'traffic-direction': 'Flows of this direction: ingress or egress',
  type: 'Events of this kind, TYPE[:SUBTYPE]: capture, drop, l7, policy-verdict, trace[:to-endpoint …], trace-sock',
  unencrypted: 'Flows that travelled in clear',
  until: 'Flows up to a date or a span of time ago',
  'use-default-field-masks': 'Ask the server only for what is printed (default true)',
  uuid: 'The flow of this id',
  verdict: 'Flows with this verdict: FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR, TRACED or TRANSLATED',
  workload: 'Flows of pods that this workload made, [Kind/]name',
};

function aboutOf(name: string, home: string): string {
  if (name === 'config') return `${ABOUT[name]} (default "${home}/.config/hubble/config.yaml")`;
  const own = ABOUT[name];
  if (own !== undefined) return own;
  const plain = ABOUT[name.replace(/^(from|to)-/, '')] ?? '';
  return `${plain}, as the ${name.startsWith('from-') ? 'source' : 'destination'}`;
}

/** A block of flags under its title. */
function flagBlock(title: string, specs: readonly FlagSpec[], home: string): string {
  const lines = specs.map((spec) => ({
    name: spec.name,
    short: spec.short,
    type:
      spec.kind === 'bool'
        ? ''
        : `${spec.type ?? 'string'}${spec.implied === undefined ? '' : `[=${spec.implied}]`}`,
    about: aboutOf(spec.name, home),
  }));
  return `${title} Flags:\n${layOutFlags(lines)}\n`;
}

type Block = readonly [title: string, specs: readonly FlagSpec[]];

const FLOW_ONLY = ['color', 'ip-translation', 'numeric'];
const SERVER: readonly Block[] = [
  ['Server', SERVER_FLAGS.filter((spec) => !GLOBAL_FLAGS.some((other) => other.name === spec.name))],
];
const OUTPUT: readonly Block[] = [
  ['Formatting', FLOW_FORMAT_FLAGS.filter((spec) => spec.name === 'output')],
  ...SERVER,
];
const FORMAT: Block = ['Formatting', FLOW_FORMAT_FLAGS.filter((spec) => !FLOW_ONLY.includes(spec.name))];
const EVENTS: readonly Block[] = [['Selectors', SELECTOR_FLAGS], FORMAT, ...SERVER, ['Other', OTHER_FLAGS]];
const FLOWS: readonly Block[] = [
  ['Selectors', SELECTOR_FLAGS],
  ['Filters', FILTER_FLAGS],
  ['Raw-Filters', RAW_FILTER_FLAGS],
  FORMAT,
  ['Flow Format', FLOW_FORMAT_FLAGS.filter((spec) => FLOW_ONLY.includes(spec.name))],
  ...SERVER,
  ['Other', OTHER_FLAGS],
];
const GLOBALS = GLOBAL_FLAGS.filter((spec) => spec.name !== 'help');

/** What a command is for, in our own words; its blocks of flags; what follows its name when it is no mere group. */
type Page = readonly [about: string, blocks?: readonly Block[], usage?: string];

const FLAGS_ONLY = '[flags]';

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['', ['Shows which connections are made in a cluster and what became of them.']],
  ['completion', ['Words for a shell to complete']],
  ['completion bash', ['For bash', [], '']],
  ...['fish', 'powershell', 'zsh'].map((shell): [string, Page] => [
    `completion ${shell}`,
    [`For ${shell}`, [], FLAGS_ONLY],
  ]),
  ['config', ['Settings: a flag goes before HUBBLE_… variables, these before the file', [], FLAGS_ONLY]],
  ['config get', ['Show one setting or all', [], '[KEY] [flags]']],
  ['config reset', ['Take settings out of the file', [], '[KEY] [flags]']],
  ['config set', ['Write a setting into the file', [], 'KEY [VALUE] [flags]']],
  ['config view', ['Show all settings in force', [], FLAGS_ONLY]],
  ['help', ['Help for any command', [], '[command] [flags]']],
  ['list', ['Nodes and namespaces of Hubble', SERVER]],
  ['list namespaces', ['Namespaces of recent flows', OUTPUT, FLAGS_ONLY]],
  ['list nodes', ['Nodes that Hubble knows', OUTPUT, FLAGS_ONLY]],
  ['observe', ['Flows and events, the newest last; --not turns the next filter around', FLOWS, FLAGS_ONLY]],
  ['observe agent-events', ['What the agents report', EVENTS, FLAGS_ONLY]],
  ['observe debug-events', ['What the datapath reports', EVENTS, FLAGS_ONLY]],
  ['observe flows', ['Flows alone', FLOWS, FLAGS_ONLY]],
  ['reflect', ['Services of the server', SERVER, FLAGS_ONLY]],
  ['status', ['Whether the server is well', SERVER, FLAGS_ONLY]],
  ['version', ['Version of this tool', [], FLAGS_ONLY]],
  ['watch', ['News from a server', SERVER]],
  ['watch peers', ['News of its peers', SERVER, FLAGS_ONLY]],
]);

/** Commands that run but are not told of. */
const HIDDEN = ['reflect', 'watch'];

/** True when there is a page for this command, named without the leading `hubble`. */
export function hasPage(path: string): boolean {
  return PAGES.has(path);
}

/** The help page of a command in cobra's layout; `home` is the learner's folder. */
export function helpPage(path: string, home: string): string {
  return `${PAGES.get(path)?.[0]}\n\n${usagePage(path, home)}`;
}

/** A page without the words about what the command does, as errors show it. */
export function usagePage(path: string, home: string): string {
  const page = PAGES.get(path);
  invariant(page, `no help for hubble ${path}`);
  const [, blocks = [], usage] = page;
  const below = childrenOf(
    [...PAGES].map(([name, [about]]) => [name, about]),
    path,
  );
  return layOutUsage(
    {
      name: path === '' ? 'hubble' : `hubble ${path}`,
      usage,
      children: below.filter(([name]) => !HIDDEN.includes(name)),
    },
    [
      ...blocks.map(([title, specs]) => flagBlock(title, specs, home)),
      flagBlock('Global', GLOBALS, home),
      'Get help:\n  -h, --help\tHelp for any command or subcommand\n',
    ].join(''),
  );
}
