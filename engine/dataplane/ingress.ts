import type { Json } from '../base/json.ts';
import { hashNumber } from '../base/hash.ts';
import type { ListenerSpec } from '../images/catalog.ts';
import { tcp } from '../images/recipe.ts';
import type { KubeObject } from '../objects/api.ts';
import type { IngressPath } from '../images/servers/ingress.ts';
import type { Topology } from './topology.ts';
import { peerOf, type PolicyView, type StoreView } from './view.ts';
import type { Route } from './route.ts';
import { INGRESS_ENDPOINT } from '../agent/config.ts';

type BackendRef = {
  readonly service?: {
    readonly name?: string;
    readonly port?: { readonly number?: number; readonly name?: string };
  };
};

type Ingress = KubeObject & {
  readonly spec?: {
    readonly defaultBackend?: BackendRef;
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: {
        readonly paths?: readonly {
          readonly path?: string;
          readonly pathType?: string;
          readonly backend?: BackendRef;
        }[];
      };
    }[];
  };
  readonly status?: { readonly loadBalancer?: object };
};

type Name = { readonly namespace: string; readonly name: string };

/** The port of Envoy's listener for a Service of the ingress controller: an even one for HTTP, an odd one for HTTPS. */
export function ingressPort({ namespace, name }: Name, port: number): number {
  return 11_000 + (hashNumber(`${namespace}/${name}`) % 4500) * 2 + (port === 443 ? 1 : 0);
}

/** What Envoy listens with on such a port: the paths of the Ingresses behind that Service; undefined: nothing. */
export function ingressListener(
  store: StoreView,
  topology: Topology,
  port: number,
): ListenerSpec | undefined {
  if (port < 11_000 || port >= 20_000) return undefined;
  const config = (store.get('configmaps', 'kube-system', 'cilium-config')?.['data'] ?? {}) as Readonly<
    Record<string, string>
  >;
  const shared = {
    namespace: 'kube-system',
    name: config['ingress-shared-lb-service-name'] ?? 'cilium-ingress',
  };
  const mine = (store.list('ingresses.networking.k8s.io') as Ingress[]).filter(({ metadata }) => {
    const own = { namespace: metadata.namespace ?? 'default', name: `cilium-ingress-${metadata.name}` };
    const service = topology.services.has(`${own.namespace}/${own.name}`) ? own : shared;
    return ingressPort(service, port % 2 === 1 ? 443 : 80) === port;
  });
  if (mine.length === 0) return undefined;
  const hosts = mine.flatMap((one) => secureHosts(store, one));
  const isSecure = port % 2 === 1 && hosts.length > 0;
  const redirects = port % 2 === 0 && config['enforce-ingress-https'] === 'true';
  const paths = mine.flatMap((one) => pathsOf(topology, one, redirects ? secureHosts(store, one) : []));
  const spec = tcp(port, 'ingress', { paths: paths as unknown as Json });
  return isSecure ? { ...spec, tls: { names: hosts, trusted: false } } : spec;
}

/** The hosts for which an Ingress has a certificate; `*` is any. */
function secureHosts(store: StoreView, ingress: Ingress): readonly string[] {
  const { namespace } = ingress.metadata;
  return (ingress.spec?.tls ?? [])
    .filter(({ secretName = '' }) => store.get('secrets', namespace, secretName) !== undefined)
    .flatMap(({ hosts }) => (hosts === undefined || hosts.length === 0 ? ['*'] : hosts));
}

/** Every path of an Ingress with the backends that are ready now. */
function pathsOf(topology: Topology, ingress: Ingress, secure: readonly string[]): readonly IngressPath[] {
  const found: IngressPath[] = [];
  const namespace = ingress.metadata.namespace ?? 'default';
  const add = (host: string, path: string, isExact: boolean, backend: BackendRef | undefined): void => {
    const { name = '', port } = backend?.service ?? {};
    const place = topology.services.get(`${namespace}/${name}`);
    const frontend = place?.frontends.find(
      (one) => one.port === port?.number || (port?.name !== undefined && one.portName === port.name),
    );
    const backends = (frontend?.backends ?? []).map((one) => ({ address: one.address, port: one.port }));
    const isRedirected = secure.includes('*') || secure.includes(host);
    found.push({ host, path, isExact, backends, isRedirected });
  };
  if (ingress.spec?.defaultBackend !== undefined) add('', '/', false, ingress.spec.defaultBackend);
  for (const rule of ingress.spec?.rules ?? [])
    for (const { path, pathType, backend } of rule.http?.paths ?? [])
      add((rule.host ?? '').toLowerCase(), path ?? '/', pathType === 'Exact', backend);
  return found;
}

/** Whether policy for the ingress itself stops a client on its way in, or the way on to a backend (Envoy's network filter). */
export function isRefusedByIngress(policy: PolicyView | undefined, client: string, route: Route): boolean {
  if (policy === undefined) return false;
  const self = { endpoint: INGRESS_ENDPOINT.key };
  const before = policy.judge({ from: { address: client }, to: self, port: 80, protocol: 'TCP' });
  const after = policy.judge({
    from: self,
    to: peerOf(route.to),
    port: route.target.port,
    protocol: 'TCP',
  });
  return before.ingress.verdict === 'denied' || after.egress.verdict === 'denied';
}
