import type { FlagSpec } from '../hubble/flags.ts';

/** What the help of cilium-dbg 1.20 says of flags: `[type]|words`, by name, or by command and name where they differ. */
const FLAGS: Readonly<Record<string, string>> = {
  add: 'strings|Add/enable labels',
  all: '|Dump all policy maps',
  'all-addresses': '|Show all allocated addresses, not just count',
  'all-clusters': '|Show all clusters',
  'all-controllers': '|Show all controllers, not just failing',
  'all-health': '|Show all health status, not just failing',
  'all-nodes': '|Show all nodes, not just localhost',
  'all-redirects': '|Show all redirects',
  backends: '|List all service backend entries',
  brief: '|Only print a one-line status message',
  capabilities: '|Show BGP peer capabilities in detail',
  'clustermesh-affinity': '|Print clustermesh affinity if available',
  config: 'string|Config file (default is $HOME/.cilium.yaml)',
  'config all': '|Display all cilium configurations',
  debug: '|Enable debug messages',
  'debuginfo output': "strings|markdown| html| json| jsonpath='{}'",
  delete: 'strings|Delete/disable labels',
  endpoint: 'string|List cache entries for a specific endpoint id',
  endpoints: '|list identities of locally managed endpoints',
  'fail-wait-time':
    'int|Wait time after which command fails if endpoint regeration fails (seconds) (default 60)',
  file: '|Redirect output to file(s)',
  'file-per-command': '|Generate a single file per command',
  force: '|Skip confirmation',
  'fqdn cache list matchpattern': 'string|List cache entries with FQDN that match matchpattern',
  frontends: '|List all service frontend entries',
  host: 'string|URI to server-side API',
  'ip list numeric': '|Print numeric identities',
  label: 'strings|Label to lookup',
  labels: 'strings|list of labels',
  'list-options': '|List available options',
  'log-driver': 'strings|Logging endpoints to use (example: syslog)',
  'log-opt': 'map|Log driver options (example: format=json)',
  'map list verbose': '|Print cache contents of all maps',
  'match-pattern': 'string|Show only metrics whose names match matchpattern',
  matchpattern: 'string|Delete cache entries with FQDNs that match matchpattern',
  'max-wait-time': 'int|Wait time after which command fails (seconds) (default 360)',
  'monitor from': '[]uint16|Filter by source endpoint id',
  'monitor hex': '|Do not dissect, print payload in HEX',
  'monitor json': '|Enable json output. Shadows -v flag',
  'monitor monitor-socket': 'string|Configure monitor socket path',
  'monitor numeric': '|Display all security identities as numeric values',
  'monitor related-to': '[]uint16|Filter by either source or destination endpoint id',
  'monitor to': '[]uint16|Filter by destination endpoint id',
  'monitor type':
    '[]string|Filter by event types [agent capture debug drop l7 policy-verdict trace trace-sock]',
  'monitor verbose': 'bools[=false]|Enable verbose output (-v, -vv) (default [])',
  'no-headers': '|Do not print headers',
  'num-pages': 'int|Number of pages for perf ring buffer. New values have to be > 0',
  numeric: '|Do not resolve IDs',
  output: "string|json| yaml| jsonpath='{}'",
  'output-directory':
    'string|directory for files (if specified will use directory in which this command was ran)',
  'policy selectors verbose': '|Show the full labels',
  'read-only': '|Display read only configurations',
  'require-k8s-connectivity':
    '|If true, when the cilium-agent cannot access the Kubernetes control plane, this status command returns a non-zero exit status. (default true)',
  revnat: '|List reverse NAT entries',
  'shell-sock-path': 'string|Path to the shell UNIX socket (default "/var/run/cilium/shell.sock")',
  'sleep-time': 'int|Sleep interval between checks (seconds) (default 1)',
  source: 'string|List cache entries from a specific source (lookup, connection)',
  'source-ranges': '|List all source range entries',
  'status verbose':
    '|Equivalent to --all-addresses --all-controllers --all-nodes --all-redirects --all-clusters --all-health',
  'time-diff': '|print time difference for entries',
  'time-diff-clocksource-hz': 'int|manually set clock source Hz (default 250)',
  'time-diff-clocksource-mode': 'string|manually set clock source mode (instead of contacting the server)',
  timeout: 'duration|Sets the timeout to use when querying for health (default 30s)',
  verbose: '|Print all fields of ipcache',
};

/** Longer words about a command, where it has some. */
const LONG: Readonly<Record<string, string>> = {
  '': 'CLI for interacting with the local Cilium Agent',
  'bgp peers': 'List state of all peers defined in Cilium BGP configuration (deprecated)',
  'bpf auth list': 'List all authenticated connections between identities',
  'bpf egress list': 'List egress policy entries.',
  'bpf ipcache list': 'List endpoint IPs (local and remote) and their corresponding security identities.',
  monitor: `The monitor displays notifications and events emitted by the BPF
programs attached to endpoints and devices. This includes:
  * Dropped packet notifications
  * Captured packet traces
  * Policy verdict notifications
  * Debugging information`,
};

const EXAMPLES: Readonly<Record<string, string>> = {
  'endpoint config':
    'endpoint config 5421 DropNotification=false TraceNotification=false PolicyVerdictNotification=true',
  'endpoint get':
    '  cilium-dbg endpoint get 4598\n  cilium-dbg endpoint get pod-name:default:foobar\n  cilium-dbg endpoint get -l id.baz',
  'endpoint health': 'cilium endpoint health 5421',
  'endpoint log': 'cilium endpoint log 5421',
  'map get': 'cilium map get cilium_ipcache',
  'map list': 'cilium map list',
};

/** Commands that are also called otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  'bgp peers': 'neighbors',
  'endpoint get': 'inspect, show',
  ...Object.fromEntries(
    'bpf auth|bpf ct|bpf egress|bpf endpoint|bpf ipcache|bpf lb|bpf nat|bpf policy|endpoint|identity|ip|lrp|node|service'
      .split('|')
      .map((group) => [`${group} list`, 'ls']),
  ),
};

/** What a command's help begins with; its short words where it has no others. */
export function longOf(path: string, short: string): string {
  return LONG[path] ?? short;
}

/** The other names and the examples of a command, between its usage and its flags. */
export function extrasOf(path: string): string {
  const name = path.split(' ').at(-1) ?? '';
  const alias = ALIASES[path];
  const example = EXAMPLES[path];
  return `${alias === undefined ? '' : `\nAliases:\n  ${name}, ${alias}\n`}${example === undefined ? '' : `\nExamples:\n${example}\n`}`;
}

/** A block of flags as pflag lays it out. */
export function flagLines(path: string, specs: readonly FlagSpec[]): string {
  const name = path === '' ? 'cilium-dbg' : (path.split(' ').at(-1) ?? '');
  const rows = [...specs]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((spec) => {
      const known = FLAGS[`${path} ${spec.name}`] ?? FLAGS[spec.name] ?? `${spec.type ?? ''}|`;
      const [, type = '', about = ''] = /^([^|]*)\|(.*)$/.exec(known) ?? [];
      const head = `  ${spec.short === undefined ? '    ' : `-${spec.short}, `}--${spec.name}${type === '' ? '' : ` ${type}`}`;
      return [head, spec.name === 'help' ? `help for ${name}` : about] as const;
    });
  const width = Math.max(...rows.map(([head]) => head.length)) + 3;
  return rows.map(([head, about]) => `${head.padEnd(width)}${about}\n`).join('');
}
