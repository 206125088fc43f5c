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
  all: 'Every flow that is kept',
  allowlist: 'Show what matches this JSON',
  'all-namespaces': 'Pods in any namespace',
  'basic-auth-password': 'Password',
  'basic-auth-username': 'User',
  'cel-expression': 'Expression over _flow',
  cluster: 'Name of the cluster',
  color: 'auto, always or never (default "auto")',
  config: 'File of settings',
  debug: 'Also say what the tool does',
  denylist: 'Hide what matches this JSON',
  'drop-reason-desc': 'Reason of a drop, e.g. POLICY_DENIED',
  encrypted: 'Encrypted on the way',
  'field-mask': 'Ask for these fields only',
  first: 'Number of oldest flows',
  follow: 'Go on with new flows',
  fqdn: 'DNS name, * for anything',
  'http-header': 'HTTP header, name:value',
  'http-method': 'HTTP method',
  'http-path': 'HTTP path, an expression',
  'http-status': 'HTTP status, e.g. 404 or 5+',
  'http-url': 'URL, an expression',
  identity: 'Security identity, name or number',
  'input-file': 'File of flows as JSON, - for standard input',
  interface: 'Network interface',
  ip: 'Address or block',
  'ip-trace-id': 'IP trace number',
  'ip-translation': 'Names in place of addresses (default true)',
  'ip-version': 'none, v4 or v6',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  'kube-context': 'Context for --port-forward',
  'kube-namespace': 'Namespace for --port-forward (default "kube-system")',
  kubeconfig: 'Kubeconfig for --port-forward',
  label: 'Labels of the endpoint',
  last: 'Number of newest flows (default 20)',
  namespace: 'Namespace of the pod',
  'node-label': 'Labels of the node',
  'node-name': 'Node, [cluster/]name',
  not: 'Turn the next filter around',
  'not-reply': 'No replies',
  numeric: 'Addresses in place of names',
  output: 'Format, e.g. compact, dict, json or table',
  pod: 'Pod, [namespace/]beginning of its name',
  port: 'Port',
  'port-forward': 'Reach the relay through a forwarded port',
  'port-forward-port': 'Local port for that, 0 for any (default 4245)',
  'print-node-name': 'Show nodes',
  'print-policy-names': 'Show policies that decided',
  'print-raw-filters': 'Show filters as JSON and end',
  protocol: 'Protocol, e.g. tcp, udp, dns or http',
  reply: 'Replies',
  'request-timeout': 'Longest wait for an answer (default 12s)',
  server: 'Address of the server (default "localhost:4245")',
  service: 'Service, [namespace/]beginning of its name',
  'silent-errors': 'Flows only, no news of nodes',
  since: 'From a date or a span ago, e.g. 5m',
  'snat-ip': 'Translated source, address or block',
  'tcp-flags': 'TCP flags, e.g. syn,ack',
  'time-format': 'E.g. StampMilli or RFC3339 (default "StampMilli")',
  timeout: 'Longest wait for a connection (default 5s)',
  tls: 'Speak TLS',
  'tls-allow-insecure': 'Trust any server',
  'tls-ca-cert-files': 'Authorities to trust',
  'tls-client-cert-file': 'Own certificate',
  'tls-client-key-file': 'Own key',
  'tls-server-name': "Name in the server's certificate",
  'trace-id': 'HTTP trace',
  'traffic-direction': 'ingress or egress',
  type: 'TYPE[:SUBTYPE]: capture, drop, l7, policy-verdict, trace[:to-endpoint …], trace-sock',
  unencrypted: 'In clear on the way',
  until: 'Up to a date or a span ago',
  'use-default-field-masks': 'Ask for what is shown only (default true)',
  uuid: 'Id of the flow',
  verdict: 'FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR, TRACED or TRANSLATED',
  workload: 'What made the pod, [Kind/]name',
};

function aboutOf(name: string, home: string): string {
  if (name === 'config') return `${ABOUT[name]} (default "${home}/.config/hubble/config.yaml")`;
  const own = ABOUT[name];
  if (own !== undefined) return own;
  const plain = ABOUT[name.replace(/^(from|to)-/, '')] ?? '';
  return `${name.startsWith('from-') ? 'Source' : 'Destination'}: ${plain}`;
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
