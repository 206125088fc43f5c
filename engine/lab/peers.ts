import type { Outcome } from '../net/outcome.ts';
import type { FlowSpec } from '../policy/model.ts';
import type { Probe } from './bundle.ts';
import type { Attempt, ClusterView, PodView, ServiceView } from './view.ts';

/** One concrete attempt behind a probe, with its result; kept for explanations. */
export type ProbeDetail = { readonly attempt: Attempt; readonly outcome: Outcome; readonly flow?: FlowSpec };

/** What a probe came to: `mixed` when its attempts disagree. */
export type ProbeResult = { readonly outcome: Outcome; readonly details: readonly ProbeDetail[] };

/** The namespace that peers without one mean. */
const DEFAULT_NAMESPACE = 'default';

/** Tries every source × every destination of a probe on the view. A peer that means nobody gives `no-backend`. */
export function tryProbe(view: ClusterView, probe: Probe): ProbeResult {
  const details: ProbeDetail[] = [];
  for (const attempt of attemptsOf(view, probe)) {
    const { outcome, flow } = view.attempt(attempt);
    details.push({ attempt, outcome, ...(flow === undefined ? {} : { flow }) });
  }
  const first = details[0]?.outcome;
  if (first === undefined) return { outcome: 'no-backend', details };
  return { outcome: details.every((detail) => detail.outcome === first) ? first : 'mixed', details };
}

/** The pods that a peer means: `label=value[,…]`, `pod/name`, `ns/name`; [] for peers that are no pods. */
export function podsOf(view: ClusterView, peer: string): readonly PodView[] {
  if (/^(svc|host)\/|^(ip|name):/.test(peer)) return [];
  if (peer.includes('=')) {
    const wanted = peer.split(',').map((pair) => pair.split('=') as [string, string]);
    return view.pods().filter((pod) => wanted.every(([key, value]) => pod.labels[key] === value));
  }
  const key = peer.startsWith('pod/') ? `${DEFAULT_NAMESPACE}/${peer.slice(4)}` : peer;
  return view.pods().filter((pod) => pod.key === key);
}

function attemptsOf(view: ClusterView, probe: Probe): readonly Attempt[] {
  const sources: Attempt['from'][] = podsOf(view, probe.from).map((pod) => ({ pod: pod.key }));
  for (const address of addressesOf(view, probe.from)) sources.push({ address });
  const common = {
    protocol: probe.protocol ?? 'TCP',
    ...(probe.http === undefined ? {} : { http: probe.http }),
    ...(probe.dns === undefined ? {} : { dns: probe.dns }),
    ...(probe.to.startsWith('name:') ? { name: probe.to.slice(5) } : {}),
  };
  const targets = targetsOf(view, probe);
  return sources.flatMap((from) =>
    targets
      .filter(({ to }) => !('pod' in from && 'pod' in to && from.pod === to.pod))
      .map(({ to, port }) => ({ ...common, from, to, port })),
  );
}

function addressesOf(view: ClusterView, peer: string): readonly string[] {
  if (peer.startsWith('host/')) return view.hostAddresses(peer.slice(5));
  if (peer.startsWith('ip:')) return [peer.slice(3)];
  if (peer.startsWith('name:')) return view.nameAddresses(peer.slice(5));
  return [];
}

type Target = { readonly to: Attempt['to']; readonly port: number };

function targetsOf(view: ClusterView, probe: Probe): readonly Target[] {
  if (probe.to.startsWith('svc/')) return serviceTargets(findService(view, probe.to), probe.port);
  const outside = addressesOf(view, probe.to);
  if (outside.length > 0) return outside.map((address) => ({ to: { address }, port: probe.port ?? 80 }));
  return podsOf(view, probe.to).flatMap((pod) => {
    const port = probe.port ?? servicePortOf(view, pod) ?? pod.ports[0];
    return port === undefined && probe.protocol !== 'ICMP' ? [] : [{ to: { pod: pod.key }, port: port ?? 0 }];
  });
}

function findService(view: ClusterView, peer: string): ServiceView | undefined {
  const [first, second] = peer.slice(4).split('/');
  const namespace = second === undefined ? DEFAULT_NAMESPACE : first;
  const name = second ?? first;
  return view.services().find((service) => service.namespace === namespace && service.name === name);
}

function serviceTargets(service: ServiceView | undefined, port: number | undefined): readonly Target[] {
  const entry = service?.ports.find((candidate) => port === undefined || candidate.port === port);
  return (entry?.backends ?? []).map((backend) => ({
    to: backend.pod === undefined ? { address: backend.address } : { pod: backend.pod },
    port: backend.port,
  }));
}

/** The port on which a Service reaches this pod, when exactly one does. */
function servicePortOf(view: ClusterView, pod: PodView): number | undefined {
  const ports = view
    .services()
    .flatMap((service) => service.ports.flatMap((port) => port.backends.filter((backend) => backend.pod === pod.key).map((backend) => backend.port)));
  return new Set(ports).size === 1 ? ports[0] : undefined;
}

/** A short name of a peer for headings: `backend` for `tier=backend`, `database` for `svc/database`, `vpn` for `host/vpn`. */
export function peerLabel(peer: string): string {
  if (peer.includes('=')) {
    const values = peer.split(',').map((pair) => pair.slice(pair.indexOf('=') + 1));
    return values.join(',');
  }
  return peer.replace(/^(svc|pod|host)\//, '').replace(/^(ip|name):/, '');
}

/** `database`, or `database:22` when the probe names a port. */
export function targetLabel(probe: Probe): string {
  const port = probe.port === undefined ? '' : `:${probe.port}`;
  const protocol = probe.protocol === undefined || probe.protocol === 'TCP' ? '' : `/${probe.protocol}`;
  return `${peerLabel(probe.to)}${port}${protocol}`;
}
