import type { ScrapeTarget } from '../images/scrape.ts';
import type { Topology } from './topology.ts';

/** What Go's HTTP client says of a call that failed. */
export function dialError(url: string, target: Pick<ScrapeTarget, 'host' | 'port'>, error: string): string {
  const words: Readonly<Record<string, string>> = {
    dns: `dial tcp: lookup ${target.host}: no such host`,
    refused: `dial tcp ${target.host}:${target.port}: connect: connection refused`,
    timeout: 'context deadline exceeded',
    reset: 'EOF',
    closed: 'EOF',
  };
  return `Get "${url}": ${words[error] ?? error}`;
}

/** What a configuration with discovery in the cluster finds: pods and Services that are annotated to be scraped. */
export function discoveredTargets(topology: Topology, config: string): readonly ScrapeTarget[] {
  if (!config.includes('kubernetes_sd_configs')) return [];
  const isAnnotated = config.includes('prometheus_io_scrape');
  const found: ScrapeTarget[] = [];
  const add = (
    job: string,
    from: Readonly<Record<string, string>> | undefined,
    at: {
      readonly address: string;
      readonly port: number | undefined;
      readonly labels: Readonly<Record<string, string>>;
    },
  ): void => {
    const port = Number(from?.['prometheus.io/port'] ?? at.port ?? Number.NaN);
    if (isAnnotated ? from?.['prometheus.io/scrape'] !== 'true' : at.port === undefined) return;
    if (!Number.isInteger(port)) return;
    const path = from?.['prometheus.io/path'] ?? '/metrics';
    found.push({ job, host: at.address, port, path, labels: at.labels });
  };
  for (const [, pod] of topology.pods) {
    const { annotations } = pod.pod.metadata;
    const ports = pod.pod.spec.containers.flatMap((container) => container.ports ?? []);
    const labels = { namespace: pod.namespace, pod: pod.name };
    add('kubernetes-pods', annotations, { address: pod.address, port: ports[0]?.containerPort, labels });
  }
  if (!isAnnotated || !/role:\s*['"]?(endpoints|endpointslice|service)/.test(config)) return found;
  for (const [, service] of topology.services) {
    const labels = { namespace: service.namespace, service: service.name };
    for (const { address } of service.endpoints)
      add('kubernetes-endpoints', service.annotations, {
        address,
        port: service.frontends[0]?.backends[0]?.port,
        labels,
      });
  }
  return found;
}
