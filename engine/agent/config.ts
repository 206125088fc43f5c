import type { PolicyConfig } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import { DEFAULT_POLICY_CONFIG } from '../policy/model.ts';

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
  };
}

/** True unless the configuration says `enable-hubble: false`. */
export function isHubbleEnabled(store: Store): boolean {
  const map = store.get('configmaps', 'kube-system', 'cilium-config');
  const data = (map?.['data'] ?? {}) as Readonly<Record<string, string>>;
  return !(Object.hasOwn(data, 'enable-hubble') && data['enable-hubble'] === 'false');
}
