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

/** What each flag is for, in our own words. Filters that differ only in their side share the words of the plain one. */
const ABOUT: Readonly<Record<string, string>> = {
  all: 'Show every flow that the server still keeps',
  allowlist: 'Show flows that match this filter, written as JSON',
  'all-namespaces': 'Flows of pods in any namespace',
  'basic-auth-password': 'Password for basic authentication',
  'basic-auth-username': 'User name for basic authentication',
  'cel-expression': 'Flows for which this CEL expression over _flow is true',
  cluster: 'Flows of endpoints in this cluster',
  color: 'When to use colours: auto, always or never (default "auto")',
  config: 'File with settings',
  debug: 'Also say what the tool itself does',
  denylist: 'Hide flows that match this filter, written as JSON',
  'drop-reason-desc': 'Dropped flows with this reason, e.g. POLICY_DENIED',
  encrypted: 'Flows that travelled encrypted',
  'field-mask': 'Ask the server for these fields only (JSON outputs)',
  first: 'Show this many of the oldest flows',
  follow: 'Go on showing new flows',
  fqdn: 'Flows with a peer of this DNS name; * stands for anything',
  help: 'Show this help',
  'http-header': 'HTTP flows with this header, name:value',
  'http-method': 'HTTP flows with this method',
  'http-path': 'HTTP flows whose path matches this expression',
  'http-status': 'HTTP flows with this status, e.g. 404 or 5+',
  'http-url': 'HTTP flows whose URL matches this expression',
  identity: 'Flows of endpoints with this security identity, by name or number',
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
  'node-name': 'Flows seen on this node, [cluster/]name; * stands for anything',
  not: 'Turn the next filter around',
  'not-reply': 'Flows that are no replies',
  numeric: 'Show addresses, not names',
  output: 'Format: compact, dict, json, jsonpb or table',
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

function aboutOf(name: string): string {
  const side = /^(from|to)-(.*)$/.exec(name);
  if (Object.hasOwn(ABOUT, name)) return ABOUT[name] ?? '';
  const plain = ABOUT[side?.[2] ?? ''] ?? '';
  return side?.[1] === 'from' ? `${plain}, as the source` : `${plain}, as the destination`;
}

/** A block of flags as cobra lays it out. */
function flagBlock(title: string, specs: readonly FlagSpec[], home: string): string {
  const sorted = [...specs].sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = sorted.map((spec) => {
    const implied = spec.implied !== undefined ? `[=${spec.implied}]` : '';
    const value = spec.kind === 'bool' ? '' : ` ${spec.type ?? 'string'}${implied}`;
    return `  ${spec.short === undefined ? '    ' : `-${spec.short}, `}--${spec.name}${value}`;
  });
  const width = Math.max(...heads.map((head) => head.length)) + 3;
  const lines = sorted.map((spec, i) => {
    const about = `${aboutOf(spec.name)}${spec.name === 'config' ? ` (default "${home}/.config/hubble/config.yaml")` : ''}`;
    return `${(heads[i] ?? '').padEnd(width)}${about}\n`;
  });
  return `${title}:\n${lines.join('')}\n`;
}

const GLOBALS = GLOBAL_FLAGS.filter((spec) => spec.name !== 'help');
const SERVERS = SERVER_FLAGS.filter((spec) => !GLOBAL_FLAGS.some((other) => other.name === spec.name));
const GET_HELP = 'Get help:\n  -h, --help\tHelp for any command or subcommand\n';

/** One command's place in the tree of commands. */
export type CommandHelp = {
  readonly path: string;
  readonly about: string;
  readonly isRunnable?: boolean;
  readonly commands?: readonly (readonly [name: string, about: string])[];
  readonly flags?: readonly (readonly [title: string, specs: readonly FlagSpec[]])[];
};

/** A help page with cobra's layout: what it is for, usage, sub-commands, flags. */
export function helpPage(page: CommandHelp, home: string): string {
  const { path, commands = [], flags = [] } = page;
  const usage = [
    ...(page.isRunnable === true ? [`  ${path} [flags]\n`] : []),
    ...(commands.length > 0 ? [`  ${path} [command]\n`] : []),
  ].join('');
  const width = Math.max(11, ...commands.map(([name]) => name.length));
  const list =
    commands.length === 0
      ? ''
      : `Available Commands:\n${commands.map(([name, about]) => `  ${name.padEnd(width)} ${about}\n`).join('')}\n`;
  const blocks = flags.map(([title, specs]) => flagBlock(title, specs, home)).join('');
  const more =
    commands.length === 0 ? '' : `\nUse "${path} [command] --help" for more information about a command.\n`;
  return `${page.about}\n\nUsage:\n${usage}\n${list}${blocks}${flagBlock('Global Flags', GLOBALS, home)}${GET_HELP}${more}`;
}

const SERVER_BLOCK: readonly [string, readonly FlagSpec[]] = ['Server Flags', SERVERS];
const OUTPUT: FlagSpec = { name: 'output', short: 'o', kind: 'value', type: 'string' };

/** The help pages by command, without the leading `hubble`. */
export const PAGES: ReadonlyMap<string, CommandHelp> = new Map<string, CommandHelp>([
  [
    '',
    {
      path: 'hubble',
      about: "Hubble shows which connections the cluster's pods make and what became of them.",
      commands: [
        ['completion', 'Print a shell completion script'],
        ['config', "Show or change this tool's settings"],
        ['help', 'Help for any command'],
        ['list', 'List nodes or namespaces'],
        ['observe', 'Show flows and events of a Hubble server'],
        ['status', 'Show the state of a Hubble server'],
        ['version', 'Show the version'],
      ],
    },
  ],
  [
    'list',
    {
      path: 'hubble list',
      about: 'List Hubble objects',
      commands: [
        ['namespaces', 'Namespaces of recent flows'],
        ['nodes', 'Nodes that Hubble knows'],
      ],
      flags: [SERVER_BLOCK],
    },
  ],
  [
    'list nodes',
    {
      path: 'hubble list nodes',
      about: 'Lists the nodes that Hubble knows',
      isRunnable: true,
      flags: [['Formatting Flags', [OUTPUT]], SERVER_BLOCK],
    },
  ],
  [
    'list namespaces',
    {
      path: 'hubble list namespaces',
      about: 'Lists the namespaces of recent flows',
      isRunnable: true,
      flags: [['Formatting Flags', [OUTPUT]], SERVER_BLOCK],
    },
  ],
  [
    'status',
    {
      path: 'hubble status',
      about: 'Shows the state of a Hubble server',
      isRunnable: true,
      flags: [['Formatting Flags', [OUTPUT]], SERVER_BLOCK],
    },
  ],
  [
    'config',
    {
      path: 'hubble config',
      about:
        'Shows or changes the settings of hubble. A setting comes from its flag, else from an environment variable\n(HUBBLE_ and the name in capitals, - as _), else from the file, else it has its default.',
      isRunnable: true,
      commands: [
        ['get', 'Show one setting'],
        ['reset', 'Reset all settings or one in the file'],
        ['set', 'Write a setting into the file'],
        ['view', 'Show all settings in force'],
      ],
    },
  ],
  ['config get', { path: 'hubble config get', about: 'Shows one setting', isRunnable: true }],
  ['config set', { path: 'hubble config set', about: 'Writes a setting into the file', isRunnable: true }],
  ['config reset', { path: 'hubble config reset', about: 'Resets settings in the file', isRunnable: true }],
  ['config view', { path: 'hubble config view', about: 'Shows all settings in force', isRunnable: true }],
  ['version', { path: 'hubble version', about: 'Shows the version of this tool', isRunnable: true }],
  [
    'observe',
    {
      path: 'hubble observe',
      about:
        'Shows the flows that Hubble kept, the newest last. Values of one filter add up, different filters must all match,\nand --not turns the next one around.',
      isRunnable: true,
      commands: [
        ['agent-events', 'Show events of the Cilium agents'],
        ['debug-events', 'Show debugging events of the datapath'],
        ['flows', 'Show flows'],
      ],
      flags: [
        ['Selectors Flags', SELECTOR_FLAGS],
        ['Filters Flags', FILTER_FLAGS],
        ['Raw-Filters Flags', RAW_FILTER_FLAGS],
        ['Formatting Flags', FLOW_FORMAT_FLAGS],
        SERVER_BLOCK,
        ['Other Flags', OTHER_FLAGS],
      ],
    },
  ],
  [
    'completion',
    {
      path: 'hubble completion',
      about: "Prints a script that teaches a shell to complete hubble's words.",
      commands: [
        ['bash', 'For bash'],
        ['fish', 'For fish'],
        ['powershell', 'For PowerShell'],
        ['zsh', 'For zsh'],
      ],
    },
  ],
]);

/** The help of `observe`. */
export function observeHelp(home: string): string {
  const page = PAGES.get('observe');
  return page ? helpPage(page, home) : '';
}
