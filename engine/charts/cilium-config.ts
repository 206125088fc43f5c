import { isJsonObject } from '../base/json.ts';
import type { ValueReader } from './values.ts';

type Data = Record<string, string>;

/** Keys that no value here moves, with what the chart writes (1.20). `''` is an empty text. */
const CONSTANT = `identity-heartbeat-timeout 30m0s|identity-gc-interval 15m0s|cilium-endpoint-gc-interval 5m0s
nodes-gc-interval 5m0s|metrics-sampling-interval 5m|enable-metrics true|enable-policy-secrets-sync true
policy-secrets-only-from-secrets-namespace true|policy-secrets-namespace cilium-secrets|enable-bpf-clock-probe false
bpf-map-dynamic-size-ratio 0.0025|bpf-policy-stats-map-max 65536|bpf-lb-map-max 65536|bpf-lb-source-range-all-types false
bpf-lb-algorithm-annotation false|bpf-lb-mode-annotation false|bpf-distributed-lru false|bpf-events-drop-enabled true
bpf-events-policy-verdict-enabled true|bpf-events-trace-enabled true|enable-tcx true
enable-masquerade-to-route-source false|enable-xt-socket-fallback true|devices|enable-no-service-endpoints-routable true
nodeport-addresses|enable-health-check-nodeport true|enable-dynamic-source-lookup-nodeport false
enable-health-check-loadbalancer-ip false|node-port-bind-protection true|enable-auto-protect-node-port-range true
enable-service-topology false|enable-l2-neigh-discovery false|k8s-require-ipv4-pod-cidr false|k8s-require-ipv6-pod-cidr false
enable-k8s-networkpolicy true|enable-endpoint-lockdown-on-policy-overflow false
write-cni-conf-when-ready /host/etc/cni/net.d/05-cilium.conflist|cni-log-file /var/run/cilium/cilium-cni.log
health-check-icmp-failure-threshold 3|synchronize-k8s-nodes true|operator-api-serve-addr 127.0.0.1:9234
ipam-cilium-node-update-rate 15s|default-lb-service-ipam lbipam|egress-gateway-reconciliation-trigger-interval 1s
enable-vtep false|vtep-endpoint|vtep-cidr|vtep-mask|vtep-mac|packetization-layer-pmtud-mode blackhole|procfs /host/proc
bpf-root /sys/fs/bpf|cgroup-root /run/cilium/cgroupv2|identity-management-mode agent|remove-cilium-node-taints true
set-cilium-node-taints true|set-cilium-is-up-condition true|unmanaged-pod-watcher-interval 15s
dnsproxy-enable-transparent-mode true|dnsproxy-socket-linger-timeout 10|tofqdns-preallocate-identities true
agent-not-ready-taint-key node.cilium.io/agent-not-ready|mesh-auth-queue-size 1024
mesh-auth-rotated-identities-queue-size 1024|mesh-auth-gc-interval 5m0s|proxy-xff-num-trusted-hops-ingress 0
proxy-xff-num-trusted-hops-egress 0|proxy-connect-timeout 2|proxy-initial-fetch-timeout 30
proxy-max-active-downstream-connections 50000|proxy-max-requests-per-connection 0|proxy-max-connection-duration-seconds 0
proxy-idle-timeout-seconds 60|proxy-max-concurrent-retries 128|proxy-use-original-source-address true
proxy-cluster-max-connections 1024|proxy-cluster-max-pending-requests 1024|proxy-cluster-max-requests 1024|http-retry-count 3
http-stream-idle-timeout 300|envoy-node-locality-enabled false|envoy-access-log-enabled true|envoy-access-log-buffer-size 4096
envoy-keep-cap-netbindservice false|envoy-xds-mode ads|clustermesh-cache-ttl 0s|clustermesh-enable-endpoint-sync false
clustermesh-enable-mcs-api false|clustermesh-mcs-api-install-crds true|clustermesh-default-global-namespace true
policy-default-local-cluster true|nat-map-stats-entries 32|nat-map-stats-interval 30s|enable-lb-ipam true
enable-non-default-deny-policies true|enable-source-ip-verification true|enable-dynamic-config true|enable-drift-checker true
enable-datapath-plugins false|datapath-plugins-state-dir /var/run/cilium/plugins`;

/** Keys that say what a value says: `key=path`. */
const DIRECT = `identity-allocation-mode=identityAllocationMode debug=debug.enabled debug-verbose=debug.verbose
enable-policy=policyEnforcementMode policy-cidr-match-mode=policyCIDRMatchMode policy-deny-response=policyDenyResponse
enable-ipv4=ipv4.enabled enable-ipv6=ipv6.enabled custom-cni-conf=cni.customConf monitor-aggregation=bpf.monitorAggregation
monitor-aggregation-interval=bpf.monitorInterval monitor-aggregation-flags=bpf.monitorFlags bpf-policy-map-max=bpf.policyMapMax
bpf-lb-external-clusterip=bpf.lbExternalClusterIP preallocate-bpf-maps=bpf.preallocateMaps cluster-name=cluster.name
cluster-id=cluster.id tunnel-source-port-range=tunnelSourcePortRange enable-l7-proxy=l7Proxy
enable-ipv4-masquerade=enableIPv4Masquerade enable-ipv6-masquerade=enableIPv6Masquerade enable-ipv4-big-tcp=enableIPv4BIGTCP
enable-ipv6-big-tcp=enableIPv6BIGTCP datapath-mode=bpf.datapathMode iptables-random-fully=iptablesRandomFully
install-no-conntrack-iptables-rules=installNoConntrackIptablesRules auto-direct-node-routes=autoDirectNodeRoutes
direct-routing-skip-unreachable=directRoutingSkipUnreachable enable-host-firewall=hostFirewall.enabled
kube-proxy-replacement=kubeProxyReplacement bpf-lb-sock=socketLB.enabled bpf-lb-acceleration=loadBalancer.acceleration
cni-exclusive=cni.exclusive enable-endpoint-health-checking=endpointHealthChecking.enabled enable-health-checking=healthChecking
enable-well-known-identities=wellKnownIdentities.enabled enable-node-selector-labels=nodeSelectorLabels ipam=ipam.mode
enable-sctp=sctp.enabled tofqdns-dns-reject-response-code=dnsProxy.dnsRejectResponseCode
tofqdns-enable-dns-compression=dnsProxy.enableDnsCompression tofqdns-endpoint-max-ip-per-hostname=dnsProxy.endpointMaxIpPerHostname
tofqdns-idle-connection-grace-period=dnsProxy.idleConnectionGracePeriod
tofqdns-max-deferred-connection-deletes=dnsProxy.maxDeferredConnectionDeletes
tofqdns-proxy-response-max-delay=dnsProxy.proxyResponseMaxDelay mesh-auth-enabled=authentication.enabled
envoy-base-id=envoy.baseID max-connected-clusters=clustermesh.maxConnectedClusters`;

/** Keys that are written only while a value is on: `key=path`. */
const WHEN_ON = `policy-audit-mode=policyAuditMode enable-endpoint-routes=endpointRoutes.enabled
ipv4-native-routing-cidr=ipv4NativeRoutingCIDR ipv6-native-routing-cidr=ipv6NativeRoutingCIDR enable-bpf-masquerade=bpf.masquerade
enable-egress-gateway=egressGateway.enabled enable-l2-announcements=l2announcements.enabled
enable-local-redirect-policy=localRedirectPolicies.enabled tofqdns-min-ttl=dnsProxy.minTtl tunnel-port=tunnelPort mtu=MTU
enable-bgp-control-plane=bgpControlPlane.enabled hubble-event-buffer-capacity=hubble.eventBufferCapacity
tofqdns-pre-cache=dnsProxy.preCache log-driver=logOptions.driver`;

const WHEN_SET = `dnsproxy-enable-transparent-mode=dnsProxy.enableTransparentMode bpf-lb-mode=loadBalancer.mode
bpf-lb-sock-hostns-only=socketLB.hostNamespaceOnly`;

const pairs = (table: string): readonly (readonly [string, string])[] =>
  table.split(/\s+/).map((word) => {
    const cut = word.indexOf('=');
    return [word.slice(0, cut), word.slice(cut + 1)] as const;
  });

/** The data of ConfigMap cilium-config that the chart writes for values (templates/cilium-configmap.yaml). */
export function ciliumConfig(v: ValueReader): Readonly<Data> {
  const data: Data = Object.create(null) as Data;
  for (const row of CONSTANT.split(/[|\n]/)) {
    const cut = row.indexOf(' ');
    if (cut < 0) data[row] = '';
    else data[row.slice(0, cut)] = row.slice(cut + 1);
  }
  for (const [key, path] of pairs(DIRECT)) data[key] = v.text(path);
  for (const [key, path] of pairs(WHEN_ON)) if (v.isOn(path)) data[key] = v.text(path);
  for (const [key, path] of pairs(WHEN_SET)) if (v.at(path) !== undefined) data[key] = v.text(path);
  if (v.text('operator.unmanagedPodWatcher.restart') === 'false')
    data['unmanaged-pod-watcher-interval'] = '0';
  data['service-no-backend-response'] = 'reject';
  data['routing-mode'] = v.text('routingMode') || 'tunnel';
  data['tunnel-protocol'] = v.text('tunnelProtocol') || 'vxlan';
  data['external-envoy-proxy'] = String(hasEnvoyDaemonSet(v));
  if (!hasEnvoyDaemonSet(v)) data['proxy-prometheus-port'] = '9964';
  if (v.isOn('operator.prometheus.enabled'))
    data['operator-prometheus-serve-addr'] = `:${v.text('operator.prometheus.port')}`;
  if (v.text('kubeProxyReplacement') === 'true')
    data['kube-proxy-replacement-healthz-bind-address'] = v.text('kubeProxyReplacementHealthzBindAddr');
  addressPools(v, data);
  hubble(v, data);
  features(v, data);
  const extra = v.at('extraConfig');
  if (isJsonObject(extra)) for (const [key, value] of Object.entries(extra)) data[key] = String(value ?? '');
  return data;
}

/** True when Envoy runs as a DaemonSet of its own: by default, as long as there is an L7 proxy (envoyDaemonSetEnabled). */
export function hasEnvoyDaemonSet(v: ValueReader): boolean {
  const own = v.at('envoy.enabled');
  return v.isOn('l7Proxy') && (own === undefined || own === null || own === true);
}

function addressPools(v: ValueReader, data: Data): void {
  if (!['cluster-pool', 'multi-pool'].includes(v.text('ipam.mode'))) return;
  if (v.isOn('ipv4.enabled')) {
    data['cluster-pool-ipv4-cidr'] = v.text('ipam.operator.clusterPoolIPv4PodCIDRList');
    data['cluster-pool-ipv4-mask-size'] = v.text('ipam.operator.clusterPoolIPv4MaskSize');
  }
  if (v.isOn('ipv6.enabled')) {
    data['cluster-pool-ipv6-cidr'] = v.text('ipam.operator.clusterPoolIPv6PodCIDRList');
    data['cluster-pool-ipv6-mask-size'] = v.text('ipam.operator.clusterPoolIPv6MaskSize');
  }
}

function hubble(v: ValueReader, data: Data): void {
  const isOn = v.isOn('hubble.enabled');
  data['enable-hubble'] = String(isOn);
  if (!isOn) return;
  data['hubble-socket-path'] = '/var/run/cilium/hubble.sock';
  data['hubble-network-policy-correlation-enabled'] = v.text('hubble.networkPolicyCorrelation.enabled');
  if (v.text('hubble.listenAddress') !== '') data['hubble-listen-address'] = v.text('hubble.listenAddress');
  const hasTls = v.isOn('hubble.tls.enabled');
  data['hubble-disable-tls'] = String(!hasTls);
  if (hasTls) {
    const folder = '/var/lib/cilium/tls/hubble';
    data['hubble-tls-cert-file'] = `${folder}/server.crt`;
    data['hubble-tls-key-file'] = `${folder}/server.key`;
    data['hubble-tls-client-ca-files'] = `${folder}/client-ca.crt`;
  }
  if (hasHubbleMetrics(v)) {
    data['hubble-metrics-server'] = `:${v.text('hubble.metrics.port')}`;
    data['hubble-metrics-server-enable-tls'] = v.text('hubble.metrics.tls.enabled');
    data['enable-hubble-open-metrics'] = v.text('hubble.metrics.enableOpenMetrics');
    data['hubble-metrics'] = v.list('hubble.metrics.enabled').join(' ');
  }
  if (v.isOn('hubble.redact.enabled')) redaction(v, data);
  if (v.isOn('hubble.dropEventEmitter.enabled')) {
    data['hubble-drop-events'] = 'true';
    data['hubble-drop-events-interval'] = v.text('hubble.dropEventEmitter.interval');
    data['hubble-drop-events-reasons'] = v.list('hubble.dropEventEmitter.reasons').join(' ');
  }
}

/** True when Hubble's metrics server is on. */
export function hasHubbleMetrics(v: ValueReader): boolean {
  return v.isOn('hubble.enabled') && v.list('hubble.metrics.enabled').length > 0;
}

function redaction(v: ValueReader, data: Data): void {
  data['hubble-redact-enabled'] = 'true';
  data['hubble-redact-http-urlquery'] = v.text('hubble.redact.http.urlQuery');
  data['hubble-redact-http-userinfo'] = v.text('hubble.redact.http.userInfo');
  for (const list of ['allow', 'deny']) {
    const headers = v.list(`hubble.redact.http.headers.${list}`);
    if (headers.length > 0) data[`hubble-redact-http-headers-${list}`] = headers.join(' ');
  }
}

const INGRESS = `enforce-ingress-https=ingressController.enforceHttps ingress-default-lb-mode=ingressController.loadbalancerMode
enable-ingress-proxy-protocol=ingressController.enableProxyProtocol ingress-shared-lb-service-name=ingressController.service.name`;

function features(v: ValueReader, data: Data): void {
  if (v.isOn('ingressController.enabled')) {
    Object.assign(data, {
      'enable-ingress-controller': 'true',
      'enable-ingress-secrets-sync': 'true',
      'ingress-secrets-namespace': 'cilium-secrets',
      'ingress-lb-annotation-prefixes':
        'lbipam.cilium.io nodeipam.cilium.io service.beta.kubernetes.io service.kubernetes.io cloud.google.com',
      'ingress-default-xff-num-trusted-hops': '0',
      'ingress-use-remote-address': 'true',
      'ingress-hostnetwork-enabled': 'false',
      'ingress-hostnetwork-shared-listener-port': '8080',
      'ingress-hostnetwork-http-listener-port': '0',
      'ingress-hostnetwork-https-listener-port': '0',
      'ingress-hostnetwork-tls-passthrough-listener-port': '0',
      'ingress-hostnetwork-nodelabelselector': '',
    });
    for (const [key, path] of pairs(INGRESS)) data[key] = v.text(path);
  }
  if (v.isOn('gatewayAPI.enabled')) {
    Object.assign(data, {
      'enable-gateway-api': 'true',
      'enable-gateway-api-secrets-sync': 'true',
      'gateway-api-secrets-namespace': 'cilium-secrets',
      'gateway-api-service-externaltrafficpolicy': v.text('gatewayAPI.externalTrafficPolicy'),
      'enable-gateway-api-proxy-protocol': 'false',
      'enable-gateway-api-app-protocol': 'false',
      'enable-gateway-api-alpn': 'false',
      'gateway-api-xff-num-trusted-hops': '0',
      'gateway-api-use-remote-address': 'true',
      'gateway-api-hostnetwork-enabled': 'false',
      'gateway-api-hostnetwork-nodelabelselector': '',
      'bpf-lb-algorithm-annotation': 'true',
      'bpf-lb-sock-hostns-only': 'true',
    });
  }
  if (['ingressController', 'gatewayAPI', 'envoyConfig'].some((one) => v.isOn(`${one}.enabled`))) {
    data['enable-envoy-config'] = 'true';
    data['envoy-config-retry-interval'] = '15s';
  }
  if (v.isOn('bandwidthManager.enabled')) {
    data['enable-bandwidth-manager'] = 'true';
    data['enable-bbr'] = v.text('bandwidthManager.bbr');
    data['enable-bbr-hostns-only'] = v.text('bandwidthManager.bbrHostNamespaceOnly');
  }
  if (v.isOn('prometheus.enabled')) {
    data['prometheus-serve-addr'] = `:${v.text('prometheus.port')}`;
    data['controller-group-metrics'] = 'write-cni-file sync-host-ips sync-lb-maps-with-k8s-services';
  }
  if (!v.isOn('encryption.enabled')) return;
  if (v.text('encryption.type') === 'wireguard') {
    data['enable-wireguard'] = 'true';
    data['wireguard-persistent-keepalive'] = '0s';
  } else if (v.text('encryption.type') === 'ipsec') {
    data['enable-ipsec'] = 'true';
    data['ipsec-key-file'] = '/etc/ipsec/keys';
    data['enable-ipsec-key-watcher'] = 'true';
    data['ipsec-key-rotation-duration'] = '5m';
  }
}
