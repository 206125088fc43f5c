// What `cilium v0.19.7 --help` prints, recorded; without the block of flags that every command has.

/** The flags of every command. */
const GLOBALS = `      --as string                  Username to impersonate for the operation. User could be a regular user or a service account in a namespace.
      --as-group stringArray       Group to impersonate for the operation, this flag can be repeated to specify multiple groups.
      --context string             Kubernetes configuration context
      --helm-release-name string   Helm release name (default "cilium")
      --kubeconfig string          Path to the kubeconfig file
  -n, --namespace string           Namespace Cilium is running in. Can also be set via CILIUM_NAMESPACE env var (default "kube-system")
`;

const PAGES: ReadonlyMap<string, string> = new Map([
  [
    '',
    `CLI to install, manage, & troubleshooting Cilium clusters running Kubernetes.

Cilium is a CNI for Kubernetes to provide secure network connectivity and
load-balancing with excellent visibility using eBPF

Examples:

Install Cilium in current Kubernetes context

  $ cilium install

Check status of Cilium

  $ cilium status

Enable the Hubble observability layer

  $ cilium hubble enable

Perform a connectivity test

  $ cilium connectivity test

Usage:
  cilium [flags]
  cilium [command]

Available Commands:
  bgp          Access to BGP control plane
  clustermesh  Multi Cluster Management
  completion   Generate the autocompletion script for the specified shell
  config       Manage Configuration
  connectivity Connectivity troubleshooting
  context      Display the configuration context
  encryption   Cilium encryption
  features     Report which features are enabled in Cilium agents
  help         Help about any command
  hubble       Hubble observability
  install      Install Cilium in a Kubernetes cluster using Helm
  multicast    Manage multicast groups
  status       Display status
  sysdump      Collects information required to troubleshoot issues with Cilium and Hubble
  uninstall    Uninstall Cilium using Helm
  upgrade      Upgrade a Cilium installation a Kubernetes cluster using Helm
  version      Display detailed version information
`,
  ],
  [
    'clustermesh',
    `Multi Cluster Management

Usage:
  cilium clustermesh [command]

Available Commands:
  connect                              Connect to a remote cluster
  disable                              Disable ClusterMesh ability in a cluster using Helm
  disconnect                           Disconnect from a remote cluster
  enable                               Enable ClusterMesh ability in a cluster using Helm
  inspect-policy-default-local-cluster List policies that would be affected by changing policy-default-local-cluster on a cluster
  status                               Show status of ClusterMesh

Flags:
  -h, --help   help for clustermesh
`,
  ],
  [
    'clustermesh connect',
    `Connect to a remote cluster

Usage:
  cilium clustermesh connect [flags]

Flags:
      --allow-mismatching-ca           Allow connecting clusters with mismatching CA certificates by adding remote CAs to the CA bundle
      --connection-mode string         Connection mode: unicast, bidirectional or mesh (default "bidirectional")
      --destination-context strings    Comma separated list of Kubernetes configuration contexts of destination cluster
      --destination-endpoint strings   IP of ClusterMesh service of destination cluster
  -h, --help                           help for connect
      --parallel int                   Number of parallel connection of destination cluster (default 1)
      --source-endpoint strings        IP of ClusterMesh service of source cluster
`,
  ],
  [
    'clustermesh disable',
    `Disable ClusterMesh ability in a cluster using Helm

Usage:
  cilium clustermesh disable [flags]

Flags:
  -h, --help   help for disable
`,
  ],
  [
    'clustermesh disconnect',
    `Disconnect from a remote cluster

Usage:
  cilium clustermesh disconnect [flags]

Flags:
      --connection-mode string        Connection mode: unicast, bidirectional or mesh (default "bidirectional")
      --destination-context strings   Comma separated list of Kubernetes configuration contexts of destination cluster
  -h, --help                          help for disconnect
`,
  ],
  [
    'clustermesh enable',
    `Enable ClusterMesh ability in a cluster using Helm

Usage:
  cilium clustermesh enable [flags]

Flags:
      --enable-kvstoremesh    Enable kvstoremesh, an extension which caches remote cluster information in the local kvstore
  -h, --help                  help for enable
      --service-type string   Type of Kubernetes service to expose control plane { LoadBalancer | NodePort }
`,
  ],
  [
    'clustermesh status',
    `Show status of ClusterMesh

Usage:
  cilium clustermesh status [flags]

Flags:
  -h, --help                     help for status
  -o, --output string            Output format. One of: json, summary (default "summary")
      --wait                     Wait until status is successful
      --wait-duration duration   Maximum time to wait (default 15m0s)
`,
  ],
  [
    'completion',
    `Generate the autocompletion script for cilium for the specified shell.
See each sub-command's help for details on how to use the generated script.

Usage:
  cilium completion [command]

Available Commands:
  bash        Generate the autocompletion script for bash
  fish        Generate the autocompletion script for fish
  powershell  Generate the autocompletion script for powershell
  zsh         Generate the autocompletion script for zsh

Flags:
  -h, --help   help for completion
`,
  ],
  [
    'completion bash',
    `Generate the autocompletion script for the bash shell.

This script depends on the 'bash-completion' package.
If it is not installed already, you can install it via your OS's package manager.

To load completions in your current shell session:

	source <(cilium completion bash)

To load completions for every new session, execute once:

#### Linux:

	cilium completion bash > /etc/bash_completion.d/cilium

#### macOS:

	cilium completion bash > $(brew --prefix)/etc/bash_completion.d/cilium

You will need to start a new shell for this setup to take effect.

Usage:
  cilium completion bash

Flags:
  -h, --help              help for bash
      --no-descriptions   disable completion descriptions
`,
  ],
  [
    'completion fish',
    `Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

	cilium completion fish | source

To load completions for every new session, execute once:

	cilium completion fish > ~/.config/fish/completions/cilium.fish

You will need to start a new shell for this setup to take effect.

Usage:
  cilium completion fish [flags]

Flags:
  -h, --help              help for fish
      --no-descriptions   disable completion descriptions
`,
  ],
  [
    'completion powershell',
    `Generate the autocompletion script for powershell.

To load completions in your current shell session:

	cilium completion powershell | Out-String | Invoke-Expression

To load completions for every new session, add the output of the above command
to your powershell profile.

Usage:
  cilium completion powershell [flags]

Flags:
  -h, --help              help for powershell
      --no-descriptions   disable completion descriptions
`,
  ],
  [
    'completion zsh',
    `Generate the autocompletion script for the zsh shell.

If shell completion is not already enabled in your environment you will need
to enable it.  You can execute the following once:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

To load completions in your current shell session:

	source <(cilium completion zsh)

To load completions for every new session, execute once:

#### Linux:

	cilium completion zsh > "\${fpath[1]}/_cilium"

#### macOS:

	cilium completion zsh > $(brew --prefix)/share/zsh/site-functions/_cilium

You will need to start a new shell for this setup to take effect.

Usage:
  cilium completion zsh [flags]

Flags:
  -h, --help              help for zsh
      --no-descriptions   disable completion descriptions
`,
  ],
  [
    'config',
    `Manage Configuration

Usage:
  cilium config [command]

Available Commands:
  delete      Delete a key in the configuration
  set         Set a key/value pair in the configuration
  view        View current configuration

Flags:
  -h, --help   help for config
`,
  ],
  [
    'config delete',
    `Delete a key in the configuration

Usage:
  cilium config delete [flags]

Flags:
  -h, --help      help for delete
  -r, --restart   Restart Cilium pods (default true)
`,
  ],
  [
    'config set',
    `Set a key/value pair in the configuration

Usage:
  cilium config set [flags]

Flags:
  -h, --help      help for set
  -r, --restart   Restart Cilium pods (default true)
`,
  ],
  [
    'config view',
    `View current configuration

Usage:
  cilium config view [flags]

Flags:
  -h, --help   help for view
`,
  ],
  [
    'connectivity',
    `Connectivity troubleshooting

Usage:
  cilium connectivity [command]

Available Commands:
  perf        Test network performance
  test        Validate connectivity in cluster

Flags:
  -h, --help   help for connectivity
`,
  ],
  [
    'connectivity test',
    `Validate connectivity in cluster

Usage:
  cilium connectivity test [flags]

Flags:
      --agent-daemonset-name string                                Name of cilium agent daemonset (default "cilium")
      --agent-pod-selector string                                  Label on cilium-agent pods to select with (default "k8s-app=cilium")
      --all-flows                                                  Print all flows during flow validation
      --assume-cilium-version string                               Assume Cilium version for connectivity tests
      --chart-directory string                                     Helm chart directory
      --cilium-pod-selector string                                 Label selector matching all cilium-related pods (default "app.kubernetes.io/part-of=cilium")
      --cleanup                                                    Cleanup all connectivity test artifacts (namespaces, deployments, services) without running tests
      --collect-sysdump-on-failure                                 Collect sysdump after a test fails
      --conn-disrupt-dispatch-interval duration                    TCP packet dispatch interval
      --conn-disrupt-test-restarts-path string                     Conn disrupt test temporary result file (used internally) (default "/tmp/cilium-conn-disrupt-restarts")
      --conn-disrupt-test-setup                                    Set up conn disrupt test dependencies
      --conn-disrupt-test-xfrm-errors-path string                  Conn disrupt test temporary result file (used internally) (default "/tmp/cilium-conn-disrupt-xfrm-errors")
      --connect-timeout duration                                   Maximum time to allow initiation of the connection to take (default 2s)
      --curl-image string                                          Image path to use for curl (default "quay.io/cilium/alpine-curl:v1.10.0@sha256:913e8c9f3d960dde03882defa0edd3a919d529c2eb167caa7f54194528bde364")
      --curl-insecure                                              Pass --insecure to curl
      --curl-parallel uint                                         Number of parallel requests in curl commands (0 to disable)
  -d, --debug                                                      Show debug messages
      --dns-test-server-image string                               Image path to use for CoreDNS (default "registry.k8s.io/coredns/coredns:v1.14.6@sha256:900f9c109f7a33545d3c811516e8376df9019147b750f5ce3e254468769176ea")
      --echo-image string                                          Image path to use for echo server (default "gcr.io/k8s-staging-gateway-api/echo-advanced:v20251204-v1.4.1")
      --exit-zero-on-failure                                       Exit with zero return code even when test failures are detected
      --external-cidr string                                       IPv4 CIDR to use as external target in connectivity tests (default "1.0.0.0/8")
      --external-cidrv6 string                                     IPv6 CIDR to use as external target in connectivity tests (default "2606:4700:4700::/96")
      --external-ip string                                         IPv4 to use as external target in connectivity tests (default "1.1.1.1")
      --external-ipv6 string                                       IPv6 to use as external target in connectivity tests (default "2606:4700:4700::1111")
      --external-other-ip string                                   Other IPv4 to use as external target in connectivity tests (default "1.0.0.1")
      --external-other-ipv6 string                                 Other IPv6 to use as external target in connectivity tests (default "2606:4700:4700::1001")
      --external-other-target string                               Domain name to use as a second external target in connectivity tests (default "k8s.io.")
      --external-target string                                     Domain name to use as external target in connectivity tests (default "one.one.one.one.")
      --external-target-ca-name string                             Name of the CA secret for the external target. (default "cabundle")
      --external-target-ca-namespace string                        Namespace of the CA secret for the external target.
      --external-target-fake-dns                                   Use DNS override for external targets in wildcard tests
      --external-target-ipv6-capable                               External target is IPv6 capable
      --flow-validation string                                     Enable Hubble flow validation { disabled | warning | strict } (default "warning")
      --force-deploy                                               Force re-deploying test artifacts
      --frr-image string                                           Image path to use for FRR (default "quay.io/frrouting/frr:10.7.0@sha256:65e5967b922572c0565d968388fb06af69d7e9b3b3eea40ad7e3810687667f68")
      --helm-values-secret-name string                             Secret name to store the auto-generated helm values file. The namespace is the same as where Cilium will be installed (default "cilium-cli-helm-values")
  -h, --help                                                       help for test
      --hubble                                                     Automatically use Hubble for flow validation & troubleshooting (default true)
      --hubble-server string                                       Address of the Hubble endpoint for flow validation (default "localhost:4245")
      --include-conn-disrupt-test                                  Include conn disrupt test
      --include-conn-disrupt-test-egw                              Include conn disrupt test for Egress Gateway
      --include-conn-disrupt-test-l7-traffic                       Include conn disrupt test for L7 traffic
      --include-conn-disrupt-test-ns-traffic                       Include conn disrupt test for NS traffic
      --ip-families strings                                        Restrict test actions to specific IP families (default [ipv4,ipv6])
      --json-mock-image string                                     Image path to use for json mock (default "quay.io/cilium/json-mock:v1.4.1@sha256:6a66df90808a39c02e7a9d58af7bf0e54d8f8b7d4bc528f48c891969a7049195")
      --junit-file string                                          Generate junit report and write to file
      --junit-property map                                         Add key=value properties to the generated junit file
      --k8s-version string                                         Kubernetes server version in case auto-detection fails
      --log-check-only-test-time                                   Whether logs should only get checked for the duration of the tests
      --multi-cluster string                                       Test across clusters to given context
      --namespace-labels map                                       Add labels to the connectivity test namespace
      --node-cidr strings                                          one or more CIDRs that cover all nodes in the cluster
      --node-selector map                                          Restrict connectivity pods to nodes matching this label
  -p, --pause-on-fail                                              Pause execution on test failure
      --post-test-sleep duration                                   Wait time after each test before next test starts
      --print-flows                                                Print flow logs for each test
      --print-image-artifacts                                      Prints the used image artifacts
      --request-timeout duration                                   Maximum time to allow a request to take (default 10s)
      --retry uint                                                 Number of retries on connection failure to external targets (default 3)
      --retry-delay duration                                       Delay between retries for external targets (default 3s)
      --secondary-network-iface string                             Secondary network iface name (e.g., to test NodePort BPF on multiple networks)
      --service-type string                                        Type of Kubernetes Services created for connectivity tests (default "NodePort")
      --single-node                                                Limit to tests able to run on a single node
      --socat-image string                                         Image path to use for multicast tests (default "docker.io/alpine/socat:1.8.1.3@sha256:f134cb7ebb983f971f5deb44e92bc62c1385b0a3b525393f32dd0722acc30315")
      --sysdump-cilium-bugtool-flags stringArray                   Optional set of flags to pass to cilium-bugtool command.
      --sysdump-cilium-daemon-set-label-selector string            The labels used to target Cilium daemon set (default "k8s-app=cilium")
      --sysdump-cilium-envoy-label-selector string                 The labels used to target Cilium Envoy pods (default "k8s-app=cilium-envoy")
      --sysdump-cilium-helm-release-name string                    The Cilium Helm release name for which to get values. If not provided then the --helm-release-name global flag is used (if provided)
      --sysdump-cilium-label-selector string                       The labels used to target Cilium pods (default "k8s-app=cilium")
      --sysdump-cilium-namespace string                            The namespace Cilium is running in. If not provided then the --namespace global flag is used (if provided)
      --sysdump-cilium-node-init-selector string                   The labels used to target Cilium node init pods (default "app=cilium-node-init")
      --sysdump-cilium-operator-label-selector string              The labels used to target Cilium operator pods (default "io.cilium/app=operator")
      --sysdump-cilium-operator-namespace string                   The namespace Cilium operator is running in. If not provided then the --namespace global flag is used (if provided)
      --sysdump-cilium-spire-agent-selector string                 The labels used to target Cilium spire-agent pods (default "app=spire-agent")
      --sysdump-cilium-spire-namespace string                      The namespace Cilium SPIRE installation is running in
      --sysdump-cilium-spire-server-selector string                The labels used to target Cilium spire-server pods (default "app=spire-server")
      --sysdump-clustermesh-apiserver-label-selector string        The labels used to target 'clustermesh-apiserver' pods (default "k8s-app=clustermesh-apiserver")
      --sysdump-clustermesh-generate-certs-label-selector string   The labels used to target the Cluster Mesh generate certs pods (default "k8s-app=clustermesh-apiserver-generate-certs")
      --sysdump-cni-config-directory string                        Directory where CNI configs are located (default "/etc/cni/net.d/")
      --sysdump-cni-configmap-name string                          The name of the CNI config map (default "cni-configuration")
      --sysdump-collect-logs-from-not-ready-agents                 Whether to collect logs from not ready Cilium agent pods (default true)
      --sysdump-copy-retry-limit int                               Retry limit for file copying operations. If set to -1, copying will be retried indefinitely. Useful for collecting sysdump while on unreliable connection. (default 100)
      --sysdump-debug                                              Whether to enable debug logging
      --sysdump-detect-gops-pid                                    Whether to automatically detect the gops agent PID.
      --sysdump-extra-label-selectors stringArray                  Optional set of labels selectors used to target additional pods for log collection.
      --sysdump-hubble-flows-count int                             Number of Hubble flows to collect. Setting to zero disables collecting Hubble flows. (default 10000)
      --sysdump-hubble-flows-timeout duration                      Timeout for collecting Hubble flows (default 5s)
      --sysdump-hubble-generate-certs-labels string                The labels used to target Hubble UI pods (default "k8s-app=hubble-generate-certs")
      --sysdump-hubble-label-selector string                       The labels used to target Hubble pods (default "k8s-app=hubble")
      --sysdump-hubble-relay-labels string                         The labels used to target Hubble Relay pods (default "k8s-app=hubble-relay")
      --sysdump-hubble-ui-labels string                            The labels used to target Hubble UI pods (default "k8s-app=hubble-ui")
      --sysdump-logs-limit-bytes int                               The limit on the number of bytes to retrieve when collecting logs (default 1073741824)
      --sysdump-logs-since-time duration                           How far back in time to go when collecting logs (default 8760h0m0s)
      --sysdump-node-list string                                   Comma-separated list of node IPs or names to filter pods for which to collect gops and logs
      --sysdump-output-filename string                             The name of the resulting file (without extension)
                                                                   '<ts>' can be used as the placeholder for the timestamp (default "cilium-sysdump-<ts>")
      --sysdump-profiling                                          Whether to enable scraping profiling data (default true)
      --sysdump-quick                                              Whether to enable quick mode (i.e. skip collection of 'cilium-bugtool' output and logs)
      --sysdump-tetragon-helm-release-name string                  The Tetragon Helm release name for which to get values.
      --sysdump-tetragon-label-selector string                     The labels used to target Tetragon pods (default "app.kubernetes.io/name=tetragon")
      --sysdump-tetragon-namespace string                          The namespace Tetragon is running in (default "kube-system")
      --sysdump-tetragon-operator-label-selector string            The labels used to target Tetragon operator pods (default "app.kubernetes.io/name=tetragon-operator")
      --sysdump-tracing                                            Whether to enable scraping tracing data
      --sysdump-worker-count int                                   The number of workers to use
                                                                   NOTE: There is a lower bound requirement on the number of workers for the sysdump operation to be effective. Therefore, for low values, the actual number of workers may be adjusted upwards. Defaults to the number of available CPUs. (default 20)
      --test strings                                               Run tests that match one of the given regular expressions, skip tests by starting the expression with '!', target Scenarios with e.g. '/pod-to-cidr'
      --test-concurrency int                                       Count of namespaces to perform the connectivity tests in parallel (value <= 0 will be treated as 1) (default 1)
      --test-conn-disrupt-image string                             Image path to use for connection disruption tests (default "quay.io/cilium/test-connection-disruption:v0.0.17@sha256:62374cfd0e87e6541244331ccf477a21c527c3eefa9d841b97af79996939be0c")
      --test-namespace string                                      Namespace to perform the connectivity in (always suffixed with a sequence number to be compliant with test-concurrency param, e.g.: cilium-test-1) (default "cilium-test")
      --timeout duration                                           Maximum time to allow the connectivity test suite to take
  -t, --timestamp                                                  Show timestamp in messages
      --tolerations strings                                        Extra NoSchedule tolerations added to test pods
  -v, --verbose                                                    Show informational messages and don't buffer any lines
`,
  ],
  [
    'context',
    `Display the configuration context

Usage:
  cilium context [flags]

Flags:
  -h, --help   help for context
`,
  ],
  [
    'encryption',
    `Cilium encryption

Usage:
  cilium encryption [command]

Aliases:
  encryption, encrypt

Available Commands:
  create-key  Create IPsec key
  key-status  Display IPsec key
  rotate-key  Rotate IPsec key
  status      Display encryption status

Flags:
  -h, --help   help for encryption
`,
  ],
  [
    'encryption create-key',
    `This command creates IPsec encryption key for the cluster

Usage:
  cilium encryption create-key [flags]

Flags:
      --auth-algo string         IPsec key authentication algorithm. One of: rfc4106-gcm-aes, cbc-aes-sha256, cbc-aes-sha512 (default "rfc4106-gcm-aes")
  -h, --help                     help for create-key
      --wait-duration duration   Maximum time to wait for result, default 1 minute (default 1m0s)
`,
  ],
  [
    'encryption key-status',
    `This command displays IPsec encryption key

Usage:
  cilium encryption key-status [flags]

Aliases:
  key-status, ks

Flags:
  -h, --help                     help for key-status
  -o, --output string            Output format. One of: json, summary (default "summary")
      --wait-duration duration   Maximum time to wait for result, default 1 minute (default 1m0s)
`,
  ],
  [
    'encryption rotate-key',
    `This command rotates IPsec encryption key in the cluster

Usage:
  cilium encryption rotate-key [flags]

Flags:
      --auth-algo string         IPsec key authentication algorithm. One of: rfc4106-gcm-aes, cbc-aes-sha256, cbc-aes-sha512
  -h, --help                     help for rotate-key
      --wait-duration duration   Maximum time to wait for result, default 1 minute (default 1m0s)
`,
  ],
  [
    'encryption status',
    `This command returns encryption status from all nodes in the cluster

Usage:
  cilium encryption status [flags]

Flags:
      --agent-pod-selector string   Label on cilium-agent pods to select with (default "k8s-app=cilium")
  -h, --help                        help for status
      --node string                 Node from which encryption status will be fetched, omit to select all nodes
  -o, --output string               Output format. One of: json, summary (default "summary")
      --per-node-details            Encryption status will be displayed for each cluster node separately
      --wait-duration duration      Maximum time to wait for result, default 1 minute (default 1m0s)
`,
  ],
  [
    'features',
    `Report which features are enabled in Cilium agents

Usage:
  cilium features [command]

Aliases:
  features, fs

Available Commands:
  status      Display features status
  summary     Stores and generates the summary for the features tested on a CI run

Flags:
  -h, --help   help for features
`,
  ],
  [
    'features status',
    `This command returns features enabled from all nodes in the cluster

Usage:
  cilium features status [flags]

Flags:
      --agent-pod-selector string           Label on cilium-agent pods to select with (default "k8s-app=cilium")
  -h, --help                                help for status
      --node string                         Node from which features status will be fetched, omit to select all nodes
      --operator-container-command string   Binary used to run Cilium Operator
      --operator-node string                Node from which features status will be fetched, omit to select all nodes
      --operator-pod-selector string        Label on cilium-operator pods to select with (default "io.cilium/app=operator")
  -o, --output string                       Output format. One of: tab, markdown, json (default "tab")
      --output-file string                  Outputs into a file. Defaults to stdout (default "-")
      --wait-duration duration              Maximum time to wait for result, default 1 minute (default 1m0s)
`,
  ],
  [
    'features summary',
    `This command will connect to GitHub to retrieve the metrics generated
on a CI run and will generate a summary with the report.
Requires a GitHub Token in GITHUB_TOKEN environment variable with permissions to access contents. Direct Link:
https://github.com/settings/tokens/new?description=CI%20Summary%20Generator&scopes=public_repo

Usage:
  cilium features summary [flags]

Flags:
  -a, --anchor                     Add workaround HTML anchor to generated markdown (For GitHub step summary).
  -c, --commit string              Commit SHA to retrieve the metrics.
  -h, --help                       help for summary
      --metrics-directory string   Directory where the metrics are saved from GitHub. (default "ci-features-metrics")
  -o, --output string              Output format. One of: markdown (default "markdown")
      --output-file string         Outputs into a file. Defaults to stdout (default "-")
  -r, --repo string                Repository to retrieve the metrics from CI. (default "cilium/cilium")
`,
  ],
  [
    'hubble',
    `Hubble observability

Usage:
  cilium hubble [command]

Available Commands:
  disable      Disable Hubble observability using Helm
  enable       Enable Hubble observability using Helm
  port-forward Forward the relay port to the local machine
  ui           Open the Hubble UI

Flags:
  -h, --help   help for hubble
`,
  ],
  [
    'hubble disable',
    `Disable Hubble observability using Helm

Usage:
  cilium hubble disable [flags]

Flags:
  -h, --help   help for disable
`,
  ],
  [
    'hubble enable',
    `Enable Hubble observability using Helm

Usage:
  cilium hubble enable [flags]

Flags:
  -h, --help    help for enable
      --relay   Deploy Hubble Relay (default true)
      --ui      Enable Hubble UI
`,
  ],
  [
    'hubble port-forward',
    `Forward the relay port to the local machine

Usage:
  cilium hubble port-forward [flags]

Flags:
  -h, --help               help for port-forward
      --port-forward int   Local port to forward to. 0 will select a random port. (default 4245)
`,
  ],
  [
    'hubble ui',
    `Open the Hubble UI

Usage:
  cilium hubble ui [flags]

Flags:
  -h, --help               help for ui
      --open-browser       When --open-browser=false is supplied, cilium Hubble UI will not open the browser (default true)
      --port-forward int   Local port to forward to. 0 will select a random port. (default 12000)
`,
  ],
  [
    'install',
    `Install Cilium in a Kubernetes cluster using Helm

Examples:

Install Cilium in current Kubernetes context with default parameters

  $ cilium install

Install Cilium into Kubernetes context "kind-cluster1" and also set cluster
name and ID to prepare for multi-cluster capabilities.

  $ cilium install --context kind-cluster1 --set cluster.id=1 --set cluster.name=cluster1

Usage:
  cilium install [flags]

Flags:
      --chart-directory string   Helm chart directory
      --datapath-mode string     Datapath mode to use { tunnel | native | aws-eni | gke | azure | aks-byocni } (default: autodetected).
      --dry-run                  Write resources to be installed to stdout without actually installing them
      --dry-run-helm-values      Write non-default Helm values to stdout without performing the actual installation
  -h, --help                     help for install
      --history-max int          limit the maximum number of revisions saved per release. Use 0 for no limit (default 10)
      --list-versions            List all the available versions without actually installing
      --nodes-without-cilium     Configure the affinities to avoid scheduling Cilium components on nodes labeled with cilium.io/no-schedule. It is assumed that the infrastructure has set up routing on these nodes to provide connectivity within the Cilium cluster.
      --repository string        Helm chart repository to download Cilium charts from (default "https://helm.cilium.io")
      --set stringArray          Set helm values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
      --set-file stringArray     Set helm values from respective files specified via the command line (can specify multiple or separate values with commas: key1=path1,key2=path2)
      --set-string stringArray   Set helm STRING values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
  -f, --values strings           Specify helm values in a YAML file or a URL (can specify multiple)
      --version string           Cilium version to install (default "v1.20.2")
      --wait                     Wait for helm install to finish
      --wait-duration duration   Maximum time to wait for status (default 5m0s)
`,
  ],
  [
    'status',
    `Display status

Usage:
  cilium status [flags]

Flags:
  -h, --help                     help for status
      --ignore-warnings          Ignore warnings when waiting for status to report success
      --interactive              Refresh the status summary output after each retry when --wait flag is specified (default true)
  -o, --output string            Output format. One of: json, summary (default "summary")
      --verbose                  Print more verbose error / log messages
      --wait                     Wait for status to report success (no errors and warnings)
      --wait-duration duration   Maximum time to wait for status (default 5m0s)
      --worker-count int         The number of workers to use (default 5)
`,
  ],
  [
    'uninstall',
    `Uninstall Cilium using Helm

Usage:
  cilium uninstall [flags]

Flags:
  -h, --help                    help for uninstall
      --test-namespace string   Namespace to uninstall Cilium tests from (default "cilium-test")
      --timeout duration        Maximum time to wait for resources to be deleted (default 5m0s)
      --wait                    Wait for uninstallation to have completed
`,
  ],
  [
    'upgrade',
    `Upgrade a Cilium installation in a Kubernetes cluster using Helm

Examples:

Upgrade Cilium to the latest version, using existing parameters

  $ cilium upgrade

Upgrade Cilium to the latest version and also set cluster name and ID
to prepare for multi-cluster capabilities.

  $ cilium upgrade --set cluster.id=1 --set cluster.name=cluster1

Usage:
  cilium upgrade [flags]

Flags:
      --chart-directory string    Helm chart directory
      --datapath-mode string      Datapath mode to use { tunnel | native | aws-eni | gke | azure | aks-byocni } (default: autodetected).
      --dry-run                   Write resources to be installed to stdout without actually installing them
      --dry-run-helm-values       Write non-default Helm values to stdout; without performing the actual upgrade
  -h, --help                      help for upgrade
      --history-max int           limit the maximum number of revisions saved per release. Use 0 for no limit (default 10)
      --list-versions             List all the available versions without actually installing
      --nodes-without-cilium      Configure the affinities to avoid scheduling Cilium components on nodes labeled with cilium.io/no-schedule. It is assumed that the infrastructure has set up routing on these nodes to provide connectivity within the Cilium cluster.
      --repository string         Helm chart repository to download Cilium charts from (default "https://helm.cilium.io")
      --reset-then-reuse-values   When upgrading, reset the values to the ones built into the chart, apply the last release's values and merge in any overrides from the command line via --set and -f. If '--reset-values' or '--reuse-values' is specified, this is ignored (default true)
      --reset-values              When upgrading, reset the helm values to the ones built into the chart
  -r, --restart                   Force restart Cilium pods
      --reuse-values              When upgrading, reuse the helm values from the latest release unless any overrides from are set from other flags. This option takes precedence over HelmResetValues
      --set stringArray           Set helm values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
      --set-file stringArray      Set helm values from respective files specified via the command line (can specify multiple or separate values with commas: key1=path1,key2=path2)
      --set-string stringArray    Set helm STRING values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
  -f, --values strings            Specify helm values in a YAML file or a URL (can specify multiple)
      --version string            Cilium version to install (default "v1.20.2")
      --wait                      Wait for helm install to finish
      --wait-duration duration    Maximum time to wait for status (default 5m0s)
`,
  ],
  [
    'version',
    `Displays information about the version of this software.

Usage:
  cilium version [flags]

Flags:
      --client   If true, shows client version only (no server required)
  -h, --help     help for version
`,
  ],
  [
    'help',
    `Help provides help for any command in the application.
Simply type cilium help [path to command] for full details.

Usage:
  cilium help [command] [flags]

Flags:
  -h, --help   help for help
`,
  ],
]);

/** True when there is a page for this command, named without the leading `cilium`. */
export function hasPage(path: string): boolean {
  return PAGES.has(path);
}

/** The first line of a command's page. */
export function aboutOf(path: string): string {
  return (PAGES.get(path) ?? '').split('\n', 1)[0] ?? '';
}

/** The help page of a command, byte for byte. */
export function helpPage(path: string): string {
  const page = PAGES.get(path) ?? '';
  const name = path === '' ? 'cilium' : `cilium ${path}`;
  const own = '  -h, --help                       help for cilium\n';
  const flags =
    path === ''
      ? `\nFlags:\n${GLOBALS.replace('      --kubeconfig', `${own}      --kubeconfig`)}`
      : `\nGlobal Flags:\n${GLOBALS}`;
  const more = page.includes(`\n  ${name} [command]\n`)
    ? `\nUse "${name} [command] --help" for more information about a command.\n`
    : '';
  return `${page}${flags}${more}`;
}

/** The flags that a page lists, as `flagTable` reads them; without the default of the namespace, which a variable may give. */
export function flagWords(path: string): string {
  const lines = `${PAGES.get(path) ?? ''}${GLOBALS}  -h, --help   \n`.matchAll(
    /^ {2}(?:-(\w), | {4})--([\w-]+)(?: (\w+))?(?:\[=(\w+)\])? {3}.*?(?:\(default "?(\S*?)"?\))?$/gm,
  );
  const words = [...lines].map(([, short, name, type, bare, initial = '']) => {
    const kind = KINDS.get(type ?? 'bool') ?? 'string';
    const value = name === 'namespace' ? '' : initial.replace(/^\[|\]$/g, '');
    return `${name}${short === undefined ? '' : `,${short}`}:${kind}${value === '' || value.includes('?') ? '' : `=${value}`}${bare === undefined ? '' : `?${bare}`}`;
  });
  return [...new Set(words)].join(' ');
}

/** pflag's names of types by what our reader of flags calls them. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['bool', 'bool'],
  ['duration', 'duration'],
  ['int', 'int'],
  ['uint', 'int'],
  ['strings', 'strings'],
  ['stringArray', 'stringArray'],
]);
