import type { Redaction } from './redact.ts';
import type { PolicyConfig } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import { DEFAULT_POLICY_CONFIG } from '../policy/model.ts';

/** The endpoint by which policy is asked about what passes an ingress. */
export const INGRESS_ENDPOINT = {
  key: '/ingress',
  namespace: '',
  name: 'ingress',
  labels: {},
  serviceAccount: '',
  node: '',
  addresses: [],
  namedPorts: [],
  isIngress: true,
} as const;

/** The options of the agents that change verdicts, as ConfigMap kube-system/cilium-config has them now (read when an agent starts). */
export function configOf(store: Store): PolicyConfig {
  const map = store.get('configmaps', 'kube-system', 'cilium-config');
  const data = (map?.['data'] ?? {}) as Readonly<Record<string, string>>;
  const text = (key: string): string => (Object.hasOwn(data, key) ? (data[key] ?? '') : '');
  const mode = text('enable-policy');
  return {
    ...DEFAULT_POLICY_CONFIG,
    enforcement: mode === 'always' || mode === 'never' ? mode : 'default',
    ipv6: text('enable-ipv6') === 'true',
    hostFirewall: text('enable-host-firewall') === 'true',
    nodeSelectorLabels: text('enable-node-selector-labels') === 'true',
    cidrMatchMode: text('policy-cidr-match-mode')
      .split(/[\s,]+/)
      .filter((word) => word !== ''),
    cluster: text('cluster-name') || 'default',
    isAudit: text('policy-audit-mode') === 'true',
    ...(text('enable-l7-proxy') === 'false' ? { hasL7Proxy: false } : {}),
    ...(text('enable-ingress-controller') === 'true' ? { hasIngress: true } : {}),
  };
}

/** What Hubble hides; undefined unless the configuration says `hubble-redact-enabled: true`. */
export function redactionOf(store: Store): Redaction | undefined {
  const map = store.get('configmaps', 'kube-system', 'cilium-config');
  const data = new Map(Object.entries((map?.['data'] ?? {}) as Readonly<Record<string, string>>));
  if (data.get('hubble-redact-enabled') !== 'true') return undefined;
  const list = (name: string): string[] =>
    (data.get(`hubble-redact-http-headers-${name}`) ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
  const hidesQuery = data.get('hubble-redact-http-urlquery') === 'true';
  return { hidesQuery, allow: list('allow'), deny: list('deny') };
}

/** True unless the configuration says `enable-hubble: false`. */
export function isHubbleEnabled(store: Store): boolean {
  const map = store.get('configmaps', 'kube-system', 'cilium-config');
  const data = (map?.['data'] ?? {}) as Readonly<Record<string, string>>;
  return !(Object.hasOwn(data, 'enable-hubble') && data['enable-hubble'] === 'false');
}
