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

/** One attempt for each pair of a source and a target; of pairs that are alike only the first. */
function attemptsOf(view: ClusterView, probe: Probe): readonly Attempt[] {
  const sources: Source[] = fewAlike(podsOf(view, probe.from)).map((pod) => ({
    from: { pod: pod.key },
    likeness: likenessOf(pod),
  }));
  for (const address of addressesOf(view, probe.from)) sources.push({ from: { address }, likeness: address });
  const common = {
    protocol: probe.protocol ?? 'TCP',
    ...(probe.http === undefined ? {} : { http: probe.http }),
    ...(probe.dns === undefined ? {} : { dns: probe.dns }),
    ...(probe.to.startsWith('name:') ? { name: probe.to.slice(5) } : {}),
  };
  const targets = targetsOf(view, probe);
  const seen = new Set<string>();
  const attempts: Attempt[] = [];
  for (const { from, likeness } of sources) {
    for (const { to, port, likeness: other } of targets) {
      const pair = `${likeness}\n${other}\n${port}`;
      if (seen.has(pair) || ('pod' in from && 'pod' in to && from.pod === to.pod)) continue;
      seen.add(pair);
      attempts.push({ ...common, from, to, port });
    }
  }
  return attempts;
}

type Source = { readonly from: Attempt['from']; readonly likeness: string };

function likenessOf(pod: PodView): string {
  return pod.likeness ?? pod.key;
}

/** At most two pods of each likeness: the second stands in where the first would talk to itself. */
function fewAlike(pods: readonly PodView[]): readonly PodView[] {
  const counts = new Map<string, number>();
  return pods.filter((pod) => {
    const count = (counts.get(likenessOf(pod)) ?? 0) + 1;
    counts.set(likenessOf(pod), count);
    return count <= 2;
  });
}

function addressesOf(view: ClusterView, peer: string): readonly string[] {
  if (peer.startsWith('host/')) return view.hostAddresses(peer.slice(5));
  if (peer.startsWith('ip:')) return [peer.slice(3)];
  if (peer.startsWith('name:')) return view.nameAddresses(peer.slice(5));
  return [];
}

type Target = { readonly to: Attempt['to']; readonly port: number; readonly likeness: string };

function targetsOf(view: ClusterView, probe: Probe): readonly Target[] {
  if (probe.to.startsWith('svc/')) return serviceTargets(view, findService(view, probe.to), probe.port);
  const outside = addressesOf(view, probe.to);
  if (outside.length > 0)
    return outside.map((address) => ({ to: { address }, port: probe.port ?? 80, likeness: address }));
  const pods = podsOf(view, probe.to);
  return (probe.port === undefined ? pods : fewAlike(pods)).flatMap((pod) => {
    const port = probe.port ?? servicePortOf(view, pod) ?? pod.ports[0];
    return port === undefined && probe.protocol !== 'ICMP'
      ? []
      : [{ to: { pod: pod.key }, port: port ?? 0, likeness: likenessOf(pod) }];
  });
}

function findService(view: ClusterView, peer: string): ServiceView | undefined {
  const [first, second] = peer.slice(4).split('/');
  const namespace = second === undefined ? DEFAULT_NAMESPACE : first;
  const name = second ?? first;
  return view.services().find((service) => service.namespace === namespace && service.name === name);
}

function serviceTargets(
  view: ClusterView,
  service: ServiceView | undefined,
  port: number | undefined,
): readonly Target[] {
  const entry = service?.ports.find((candidate) => port === undefined || candidate.port === port);
  const backends = entry?.backends ?? [];
  const likeness = new Map(view.pods().map((pod) => [pod.key, likenessOf(pod)]));
  return backends.map((backend) => ({
    to: backend.pod === undefined ? { address: backend.address } : { pod: backend.pod },
    port: backend.port,
    likeness:
      (backend.pod === undefined ? undefined : likeness.get(backend.pod)) ?? backend.pod ?? backend.address,
  }));
}

/** The port on which a Service reaches this pod, when exactly one does. */
function servicePortOf(view: ClusterView, pod: PodView): number | undefined {
  const ports = servicePorts(view.services()).get(pod.key);
  return ports?.size === 1 ? [...ports][0] : undefined;
}

const portsOfServices = new WeakMap<readonly ServiceView[], ReadonlyMap<string, ReadonlySet<number>>>();

/** Ports on which Services reach pods, by pod; kept for as long as the list of Services is. */
function servicePorts(services: readonly ServiceView[]): ReadonlyMap<string, ReadonlySet<number>> {
  const kept = portsOfServices.get(services);
  if (kept !== undefined) return kept;
  const ports = new Map<string, Set<number>>();
  for (const { backends } of services.flatMap((service) => service.ports)) {
    for (const { pod, port } of backends) {
      if (pod === undefined) continue;
      const known = ports.get(pod);
      if (known === undefined) ports.set(pod, new Set([port]));
      else known.add(port);
    }
  }
  portsOfServices.set(services, ports);
  return ports;
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
