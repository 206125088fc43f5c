import { invariant } from '../../base/assert.ts';

// What `hubble 1.20.2 --help` prints, recorded: pages and the blocks of flags that they share.

const BLOCKS = {
  global: `Global Flags:
      --config string   Optional config file (default "~/.config/hubble/config.yaml")
  -D, --debug           Enable debug messages
`,
  server: `Server Flags:
      --basic-auth-password string    Specify a password for basic auth
      --basic-auth-username string    Specify a username for basic auth
      --kube-context string           Kubernetes configuration context. This option is only considered when --port-forward is set.
      --kube-namespace string         Namespace Cilium is running in. This option is only considered when --port-forward is set. (default "kube-system")
      --kubeconfig string             Path to the kubeconfig file. This option is only considered when --port-forward is set.
  -P, --port-forward                  Automatically forward the relay port to the local machine. Analoguous to running: 'cilium hubble port-forward'.
      --port-forward-port uint16      Local port to forward to. 0 will select a random port. This option is only considered when --port-forward is set. (default 4245)
      --request-timeout duration      Unary Request timeout. Only applies to non-streaming RPCs (ServerStatus, ListNodes, ListNamespaces). (default 12s)
      --server string                 Address of a Hubble server. Ignored when --input-file or --port-forward is provided. (default "localhost:4245")
      --timeout duration              Hubble server dialing timeout (default 5s)
      --tls                           Specify that TLS must be used when establishing a connection to a Hubble server.\r
                                      By default, TLS is only enabled if the server address starts with 'tls://'.
      --tls-allow-insecure            Allows the client to skip verifying the server's certificate chain and host name.\r
                                      This option is NOT recommended as, in this mode, TLS is susceptible to machine-in-the-middle attacks.\r
                                      See also the 'tls-server-name' option which allows setting the server name.
      --tls-ca-cert-files strings     Paths to custom Certificate Authority (CA) certificate files.The files must contain PEM encoded data.
      --tls-client-cert-file string   Path to the public key file for the client certificate to connect to a Hubble server (implies TLS).\r
                                      The file must contain PEM encoded data.
      --tls-client-key-file string    Path to the private key file for the client certificate to connect a Hubble server (implies TLS).\r
                                      The file must contain PEM encoded data.
      --tls-server-name string        Specify a server name to verify the hostname on the returned certificate (eg: 'instance.hubble-relay.cilium.io').
`,
  table: `Formatting Flags:
  -o, --output string   Specify the output format, one of:
                         json:     JSON encoding
                         table:    Tab-aligned columns
                         wide:     Tab-aligned columns with additional information (default "table")
`,
  selectors: `Selectors Flags:
      --all            Get all flows stored in Hubble's buffer. Note: this option may cause Hubble to return a lot of data. It is recommended to only use it along filters to limit the amount of data returned.
      --first uint     Get first N flows stored in Hubble's buffer. When querying against Hubble Relay, this gets N flows per instance of Hubble connected to that Relay.
  -f, --follow         Follow flows output
      --last uint      Get last N flows stored in Hubble's buffer (default 20). When querying against Hubble Relay, this gets N flows per instance of Hubble connected to that Relay.
      --since string   Filter flows since a specific date. The format is relative (e.g. 3s, 4m, 1h43,, ...) or one of:
                         StampMilli:             Jan _2 15:04:05.000
                         YearMonthDay:           2006-01-02
                         YearMonthDayHour:       2006-01-02T15-07:00
                         YearMonthDayHourMinute: 2006-01-02T15:04-07:00
                         RFC3339:                2006-01-02T15:04:05-07:00
                         RFC3339Milli:           2006-01-02T15:04:05.999-07:00
                         RFC3339Micro:           2006-01-02T15:04:05.999999-07:00
                         RFC3339Nano:            2006-01-02T15:04:05.999999999-07:00
                         RFC1123Z:               Mon, 02 Jan 2006 15:04:05 -0700
                        
      --until string   Filter flows until a specific date. The format is relative (e.g. 3s, 4m, 1h43,, ...) or one of:
                         StampMilli:             Jan _2 15:04:05.000
                         YearMonthDay:           2006-01-02
                         YearMonthDayHour:       2006-01-02T15-07:00
                         YearMonthDayHourMinute: 2006-01-02T15:04-07:00
                         RFC3339:                2006-01-02T15:04:05-07:00
                         RFC3339Milli:           2006-01-02T15:04:05.999-07:00
                         RFC3339Micro:           2006-01-02T15:04:05.999999-07:00
                         RFC3339Nano:            2006-01-02T15:04:05.999999999-07:00
                         RFC1123Z:               Mon, 02 Jan 2006 15:04:05 -0700
                        
`,
  filters: `Filters Flags:
  -A, --all-namespaces filter[=true]        Show all flows in any Kubernetes namespace.
      --cel-expression filter               Filter flows using the given CEL expression
      --cluster filter                      Show all flows which match the cluster names (e.g. "test-cluster", "prod-*")
      --drop-reason-desc filter             Show only flows which match this drop reason describe (e.g. "POLICY_DENIED", "UNSUPPORTED_L3_PROTOCOL")
      --encrypted filter[=true]             Show only encrypted flows (WireGuard/IPsec)
      --fqdn filter                         Show all flows related to the given fully qualified domain name (e.g. "*.cilium.io").
      --from-all-namespaces filter[=true]   Show flows originating in any Kubernetes namespace.
      --from-cluster filter                 Show all flows originating from endpoints known to be in the given cluster name
      --from-fqdn filter                    Show all flows originating at the given fully qualified domain name (e.g. "*.cilium.io").
      --from-identity filter                Show all flows originating at an endpoint with the given security identity
      --from-ip filter                      Show all flows originating at the given IP address. Each of the source IPs can be specified as an exact match (e.g. '1.1.1.1') or as a CIDR range (e.g.'1.1.1.0/24').
      --from-label filter                   Show only flows originating in an endpoint with the given labels (e.g. "key1=value1", "reserved:world")
      --from-namespace filter               Show all flows originating in the given Kubernetes namespace.
      --from-pod filter                     Show all flows originating in the given pod name prefix([namespace/]<pod-name>). If namespace is not provided, 'default' is used
      --from-port filter                    Show only flows with the given source port (e.g. 8080)
      --from-service filter                 Shows flows where the source IP address matches the ClusterIP address of the given service name prefix([namespace/]<svc-name>). If namespace is not provided, 'default' is used
      --from-workload filter                Show all flows originating at an endpoint with the given workload
      --http-header filter                  Show only flows which match this HTTP header key:value pairs (e.g. "foo:bar")
      --http-method filter                  Show only flows which match this HTTP method (e.g. "get", "post")
      --http-path filter                    Show only flows which match this HTTP path regular expressions (e.g. "/page/\\\\d+")
      --http-status filter                  Show only flows which match this HTTP status code prefix (e.g. "404", "5+")
      --http-url filter                     Show only flows which match this HTTP URL regular expressions (e.g. "http://.*cilium\\.io/page/\\\\d+")
      --identity filter                     Show all flows related to an endpoint with the given security identity
      --interface filter                    Show all flows observed at the given interface name (e.g. eth0)
      --ip filter                           Show all flows originating or terminating at the given IP address. Each of the IPs can be specified as an exact match (e.g. '1.1.1.1') or as a CIDR range (e.g.'1.1.1.0/24').
      --ip-trace-id filter                  Show only flows which match this IP trace ID
      --ip-version filter                   Show only IPv4, IPv6 flows or non IP flows (e.g. ARP packets) (ie: "none", "v4", "v6")
  -4, --ipv4 filter[=v4]                    Show only IPv4 flows
  -6, --ipv6 filter[=v6]                    Show only IPv6 flows
  -l, --label filter                        Show only flows related to an endpoint with the given labels (e.g. "key1=value1", "reserved:world")
  -n, --namespace filter                    Show all flows related to the given Kubernetes namespace.
      --node-label filter                   Show only flows observed on nodes matching the given label filter (e.g. "key1=value1", "io.cilium/egress-gateway")
      --node-name filter                    Show all flows which match the given node names (e.g. "k8s*", "test-cluster/*.company.com")
      --not filter[=true]                   Reverses the next filter to be blacklist i.e. --not --from-ip 2.2.2.2
      --not-reply filter[=true]             Show only non-reply flows
      --pod filter                          Show all flows related to the given pod name prefix ([namespace/]<pod-name>). If namespace is not provided, 'default' is used.
      --port filter                         Show only flows with given port in either source or destination (e.g. 8080)
      --protocol filter                     Show only flows which match the given L4/L7 flow protocol (e.g. "udp", "http")
      --reply filter[=true]                 Show only reply flows
      --service filter                      Shows flows where either the source or destination IP address matches the ClusterIP address of the given service name prefix ([namespace/]<svc-name>). If namespace is not provided, 'default' is used. 
      --snat-ip filter                      Show all flows SNATed with the given IP address. Each of the SNAT IPs can be specified as an exact match (e.g. '1.1.1.1') or as a CIDR range (e.g.'1.1.1.0/24').
      --tcp-flags filter                    Show only flows which match the given TCP flags (e.g. "syn", "ack", "fin")
      --to-all-namespaces filter[=true]     Show flows terminating in any Kubernetes namespace.
      --to-cluster filter                   Show all flows destined to endpoints known to be in the given cluster name
      --to-fqdn filter                      Show all flows terminating at the given fully qualified domain name (e.g. "*.cilium.io").
      --to-identity filter                  Show all flows terminating at an endpoint with the given security identity
      --to-ip filter                        Show all flows terminating at the given IP address. Each of the destination IPs can be specified as an exact match (e.g. '1.1.1.1') or as a CIDR range (e.g.'1.1.1.0/24').
      --to-label filter                     Show only flows terminating in an endpoint with given labels (e.g. "key1=value1", "reserved:world")
      --to-namespace filter                 Show all flows terminating in the given Kubernetes namespace.
      --to-pod filter                       Show all flows terminating in the given pod name prefix([namespace/]<pod-name>). If namespace is not provided, 'default' is used
      --to-port filter                      Show only flows with the given destination port (e.g. 8080)
      --to-service filter                   Shows flows where the destination IP address matches the ClusterIP address of the given service name prefix ([namespace/]<svc-name>). If namespace is not provided, 'default' is used
      --to-workload filter                  Show all flows terminating at an endpoint with the given workload
      --trace-id filter                     Show only flows which match this trace ID
      --traffic-direction filter            Show all flows in the given traffic direction (either ingress or egress)
  -t, --type filter                         Filter by event types TYPE[:SUBTYPE]. Available types and subtypes:
                                            TYPE             SUBTYPE
                                            capture          n/a
                                            drop             n/a
                                            l7               n/a
                                            policy-verdict   n/a
                                            trace            from-endpoint
                                                             from-host
                                                             from-network
                                                             from-overlay
                                                             from-proxy
                                                             from-stack
                                                             from-crypto
                                                             to-endpoint
                                                             to-host
                                                             to-network
                                                             to-overlay
                                                             to-proxy
                                                             to-stack
                                                             to-crypto
                                            trace-sock       n/a
      --unencrypted filter[=true]           Show only unencrypted flows
      --uuid filter                         Show the only flow matching this unique flow identifier, if any
      --verdict filter                      Show only flows with this verdict [FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR, TRACED, TRANSLATED]
      --workload filter                     Show all flows related to an endpoint with the given workload
`,
  raw: `Raw-Filters Flags:
      --allowlist stringArray   Specify allowlist as JSON encoded FlowFilters
      --denylist stringArray    Specify denylist as JSON encoded FlowFilters
`,
  format: `Formatting Flags:
  -o, --output string        Specify the output format, one of:
                               compact:  Compact output
                               dict:     Each flow is shown as KEY:VALUE pair
                               jsonpb:   JSON encoded GetFlowResponse according to proto3's JSON mapping
                               json:     Alias for jsonpb
                               table:    Tab-aligned columns
                              (default "compact")
      --print-node-name      Print node name in output
      --print-policy-names   Print policy names in output
      --time-format string   Specify the time format for printing. This option does not apply to the json and jsonpb output type. One of:
                               StampMilli:             Jan _2 15:04:05.000
                               YearMonthDay:           2006-01-02
                               YearMonthDayHour:       2006-01-02T15Z07:00
                               YearMonthDayHourMinute: 2006-01-02T15:04Z07:00
                               RFC3339:                2006-01-02T15:04:05Z07:00
                               RFC3339Milli:           2006-01-02T15:04:05.999Z07:00
                               RFC3339Micro:           2006-01-02T15:04:05.999999Z07:00
                               RFC3339Nano:            2006-01-02T15:04:05.999999999Z07:00
                               RFC1123Z:               Mon, 02 Jan 2006 15:04:05 -0700
                               (default "StampMilli")
`,
  flow: `Flow Format Flags:
      --color string     Colorize the output when the output format is one of 'compact' or 'dict'. The value is one of 'auto' (default), 'always' or 'never' (default "auto")
      --ip-translation   Translate IP addresses to logical names such as pod name, FQDN, ... (default true)
      --numeric          Display all information in numeric form
`,
  other: `Other Flags:
      --field-mask strings        Comma-separated list of fields for mask. Fields not in the mask will be removed from server response.
      --input-file string         Query flows from this file instead of the server. Use '-' to read from stdin.
      --print-raw-filters         Print allowlist/denylist filters and exit without sending the request to Hubble server
  -s, --silent-errors             Silently ignores errors and warnings
      --use-default-field-masks   Request only visible fields when the output format is compact, tab, or dict. (default true)
`,
} as const satisfies Readonly<Record<string, string>>;

type Block = keyof typeof BLOCKS;

/** A page: what stands before the flags, and the blocks of flags after it; of every page `global` is the last. */
type Page = readonly [head: string, blocks: readonly Block[]];

const FLOWS: readonly Block[] = ['selectors', 'filters', 'raw', 'format', 'flow', 'server', 'other'];

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  [
    '',
    [
      `Hubble is a utility to observe and inspect recent Cilium routed traffic in a cluster.

Usage:
  hubble [command]

Available Commands:
  completion  Generate the autocompletion script for the specified shell
  config      Modify or view hubble config
  help        Help about any command
  list        List Hubble objects
  observe     Observe flows and events of a Hubble server
  status      Display status of Hubble server
  version     Display detailed version information`,
      [],
    ],
  ],
  [
    'completion',
    [
      `Generate the autocompletion script for hubble for the specified shell.
See each sub-command's help for details on how to use the generated script.

Usage:
  hubble completion [command]

Available Commands:
  bash        Generate the autocompletion script for bash
  fish        Generate the autocompletion script for fish
  powershell  Generate the autocompletion script for powershell
  zsh         Generate the autocompletion script for zsh`,
      [],
    ],
  ],
  [
    'completion bash',
    [
      `Generate the autocompletion script for the bash shell.

This script depends on the 'bash-completion' package.
If it is not installed already, you can install it via your OS's package manager.

To load completions in your current shell session:

	source <(hubble completion bash)

To load completions for every new session, execute once:

#### Linux:

	hubble completion bash > /etc/bash_completion.d/hubble

#### macOS:

	hubble completion bash > $(brew --prefix)/etc/bash_completion.d/hubble

You will need to start a new shell for this setup to take effect.

Usage:
  hubble completion bash`,
      [],
    ],
  ],
  [
    'completion fish',
    [
      `Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

	hubble completion fish | source

To load completions for every new session, execute once:

	hubble completion fish > ~/.config/fish/completions/hubble.fish

You will need to start a new shell for this setup to take effect.

Usage:
  hubble completion fish [flags]`,
      [],
    ],
  ],
  [
    'completion powershell',
    [
      `Generate the autocompletion script for powershell.

To load completions in your current shell session:

	hubble completion powershell | Out-String | Invoke-Expression

To load completions for every new session, add the output of the above command
to your powershell profile.

Usage:
  hubble completion powershell [flags]`,
      [],
    ],
  ],
  [
    'completion zsh',
    [
      `Generate the autocompletion script for the zsh shell.

If shell completion is not already enabled in your environment you will need
to enable it.  You can execute the following once:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

To load completions in your current shell session:

	source <(hubble completion zsh)

To load completions for every new session, execute once:

#### Linux:

	hubble completion zsh > "\${fpath[1]}/_hubble"

#### macOS:

	hubble completion zsh > $(brew --prefix)/share/zsh/site-functions/_hubble

You will need to start a new shell for this setup to take effect.

Usage:
  hubble completion zsh [flags]`,
      [],
    ],
  ],
  [
    'config',
    [
      `Config allows to modify or view the hubble configuration. Global hubble options
can be set via flags, environment variables or a configuration file. The
following precedence order is used:

1. Flag
2. Environment variable
3. Configuration file
4. Default value

The "config view" subcommand provides a merged view of the configuration. The
"config set" and "config reset" subcommand modify values in the configuration
file.

Environment variable names start with HUBBLE_ followed by the flag name
capitalized where eventual dashes ('-') are replaced by underscores ('_').
For example, the environment variable that corresponds to the "--server" flag
is HUBBLE_SERVER. The environment variable for "--tls-allow-insecure" is
HUBBLE_TLS_ALLOW_INSECURE and so on.

Usage:
  hubble config [flags]
  hubble config [command]

Available Commands:
  get         Get an individual value in the hubble config file
  reset       Reset all or an individual value in the hubble config file
  set         Set an individual value in the hubble config file
  view        Display merged configuration settings`,
      [],
    ],
  ],
  [
    'config get',
    [
      `Get an individual value in the hubble config file.
If KEY is not provided, this command is equivalent to 'view'.

Usage:
  hubble config get [KEY] [flags]`,
      [],
    ],
  ],
  [
    'config reset',
    [
      `Reset all or an individual value in the hubble config file.
When KEY is provided, this command is equivalent to 'set KEY'.
If KEY is not provided, all values are reset to their default value.

Usage:
  hubble config reset [KEY] [flags]`,
      [],
    ],
  ],
  [
    'config set',
    [
      `Set an individual value in the hubble config file.
If VALUE is not provided, the value is reset to its default value.

Usage:
  hubble config set KEY [VALUE] [flags]`,
      [],
    ],
  ],
  [
    'config view',
    [
      `Display merged configuration settings

Usage:
  hubble config view [flags]`,
      [],
    ],
  ],
  [
    'help',
    [
      `Help provides help for any command in the application.
Simply type hubble help [path to command] for full details.

Usage:
  hubble help [command] [flags]`,
      [],
    ],
  ],
  [
    'list',
    [
      `List Hubble objects

Usage:
  hubble list [command]

Available Commands:
  namespaces  List namespaces with recent flows
  nodes       List Hubble nodes`,
      ['server'],
    ],
  ],
  [
    'list namespaces',
    [
      `List namespaces with recent flows

Usage:
  hubble list namespaces [flags]`,
      ['table', 'server'],
    ],
  ],
  [
    'list nodes',
    [
      `List Hubble nodes

Usage:
  hubble list nodes [flags]

Aliases:
  nodes, node`,
      ['table', 'server'],
    ],
  ],
  [
    'observe',
    [
      `Observe flows and events of a Hubble server

Usage:
  hubble observe [flags]
  hubble observe [command]

Available Commands:
  agent-events Observe Cilium agent events
  debug-events Observe Cilium debug events
  flows        Observe flows of a Hubble server`,
      FLOWS,
    ],
  ],
  [
    'observe agent-events',
    [
      `Observe Cilium agent events

Usage:
  hubble observe agent-events [flags]`,
      ['selectors', 'format', 'server', 'other'],
    ],
  ],
  [
    'observe debug-events',
    [
      `Observe Cilium debug events

Usage:
  hubble observe debug-events [flags]`,
      ['selectors', 'format', 'server', 'other'],
    ],
  ],
  [
    'observe flows',
    [
      `Observe provides visibility into flow information on the network and
application level. Rich filtering enable observing specific flows related to
individual pods, services, TCP connections, DNS queries, HTTP requests and
more.

Observe can filter flows using multiple different flags, such as filtering for
the source namespace or the protocol used. To match a filter flag, a flow must
match at least one of the provided values for that flag. A flow must match all
the provided filter flags to be returned.

Observe can also show all flows that do not match a provided filter, by adding
the '--not' flag in front of a filter flag. To match a negated filter
flag, a flow must not match any of the provided values for that flag. A returned
flow does not match any of the negated filter flags.

Usage:
  hubble observe flows [flags]

Examples:
* Piping flows to hubble observe

  Save output from 'hubble observe -o jsonpb' command to a file, and pipe it to
  the observe command later for offline processing. For example:

    hubble observe -o jsonpb --last 1000 > flows.json

  Then,

    cat flows.json | hubble observe --input-file -

  Note that the observe command ignores --follow, --last, and server flags when it
  reads flows from stdin. The observe command processes and output flows in the same
  order they are read from stdin without sorting them by timestamp.

* Filtering flows

  Observe provides a long list of filter options. These options let you, for example,
  filter for the used HTTP method using the '--http-method' flag. The following
  command shows all flows that use the HTTP PUT method.

    hubble observe --http-method put

  You can also provide multiple values for a flag, in which case a flow matches the
  filter if it matches any of the provided values. If you add a second '--http-method'
  flag matching GET requests to the previous example, the command will show any flow
  using either a PUT or GET method.

    hubble observe --http-method put --http-method get

  If you add a different flag, a flow is only returned if it matches for both of the
  different flags. For example, you can add a '--to-namespace' flag to the previous
  command so only flows using GET or PUT requests to endpoints in namespace 'foo' are
  returned.

    hubble observe --http-method put --http-method get --to-namespace foo

  And by adding another '--to-namespace' flag, it will return flows using GET or PUT
  requests to endpoints in namespace 'foo' or 'bar'

    hubble observe --http-method put --http-method get --to-namespace foo --to-namespace bar

* Using negations on filters

  Observe can also return all flows that don't match a certain filter by using the
  '--not' flag. The following command returns all flows that don't use the HTTP PUT
  method.

    hubble observe --not --http-method put

  To filter out multiple values, you can combine negative flags by prefixing each of
  them with '--not'. The following command will return all flows that neither use a
  GET nor PUT method.

    hubble observe --not --http-method put --not --http-method get

  You can also filter using multiple different negative flags. The following example
  filters out all flows that match both of the flags. For example, by adding a
  '--not --to-namespace foo' flag, the example command will show all flows that
  don't use a GET or PUT method to endpoints in the 'foo' namespace.

    hubble observe --not --http-method put --not --http-method get --not --to-namespace foo

  This means the command will still return flows to the 'foo' namespace that don't
  use HTTP PUT or GET methods, and it will return flows using HTTP PUT and GET
  methods that end in other namespaces.
  `,
      FLOWS,
    ],
  ],
  [
    'reflect',
    [
      `Use gRPC reflection to explore Hubble's API

Usage:
  hubble reflect [flags]`,
      ['server'],
    ],
  ],
  [
    'status',
    [
      `Display shows the status of the Hubble server. This is intended as a basic
connectivity health check.

Usage:
  hubble status [flags]`,
      ['server'],
    ],
  ],
  [
    'version',
    [
      `Displays information about the version of this software.

Usage:
  hubble version [flags]`,
      [],
    ],
  ],
  [
    'watch',
    [
      `Watch Hubble objects

Usage:
  hubble watch [command]

Aliases:
  watch, w

Available Commands:
  peers       Watch for Hubble peers updates`,
      ['server'],
    ],
  ],
  [
    'watch peers',
    [
      `Watch for Hubble peers updates

Usage:
  hubble watch peers [flags]

Aliases:
  peers, peer`,
      ['server'],
    ],
  ],
]);

/** True when there is a page for this command, named without the leading `hubble`. */
export function hasPage(path: string): boolean {
  return PAGES.has(path);
}

/** The help page of a command, byte for byte; `home` is the learner's folder. */
export function helpPage(path: string, home: string): string {
  const page = PAGES.get(path);
  invariant(page, `no help for hubble ${path}`);
  return `${page[0]}\n\n${flagBlocks(path, home)}`;
}

/** A page without the words about what the command does, as errors show it. */
export function usagePage(path: string, home: string): string {
  const page = PAGES.get(path);
  invariant(page, `no help for hubble ${path}`);
  return `${page[0].slice(page[0].indexOf('\nUsage:\n') + 1)}\n\n${flagBlocks(path, home)}`;
}

function flagBlocks(path: string, home: string): string {
  const [head, names] = PAGES.get(path) ?? ['', []];
  const blocks = [...names, 'global' as const].map((name) => `${BLOCKS[name]}\n`).join('');
  const full = path === '' ? 'hubble' : `hubble ${path}`;
  const more = /\[command\]$/m.test(head)
    ? `\nUse "${full} [command] --help" for more information about a command.\n`
    : '';
  return `${blocks.replace('"~/', `"${home}/`)}Get help:\n  -h, --help\tHelp for any command or subcommand\n${more}`;
}
