import type { KubeObject } from '../objects/api.ts';
import type { IngressPath } from '../images/servers/ingress.ts';
import type { Topology } from './topology.ts';
import { peerOf, type PolicyView, type StoreView } from './view.ts';
import type { Route } from './route.ts';
import { INGRESS_ENDPOINT } from '../agent/config.ts';

/** The port of that Envoy's listener. */
export const INGRESS_PORT = 9999;

type BackendRef = {
  readonly service?: {
    readonly name?: string;
    readonly port?: { readonly number?: number; readonly name?: string };
  };
};

type Ingress = KubeObject & {
  readonly spec?: {
    readonly defaultBackend?: BackendRef;
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

/** Every path of every Ingress that the controller took over, with the backends that are ready now. */
export function ingressPaths(store: StoreView, topology: Topology): readonly IngressPath[] {
  const found: IngressPath[] = [];
  for (const ingress of store.list('ingresses.networking.k8s.io') as Ingress[]) {
    const namespace = ingress.metadata.namespace ?? 'default';
    const add = (host: string, path: string, isExact: boolean, backend: BackendRef | undefined): void => {
      const { name = '', port } = backend?.service ?? {};
      const place = topology.services.get(`${namespace}/${name}`);
      const frontend = place?.frontends.find(
        (one) => one.port === port?.number || (port?.name !== undefined && one.portName === port.name),
      );
      const backends = (frontend?.backends ?? []).map((one) => ({ address: one.address, port: one.port }));
      found.push({ host, path, isExact, backends });
    };
    if (ingress.spec?.defaultBackend !== undefined) add('', '/', false, ingress.spec.defaultBackend);
    for (const rule of ingress.spec?.rules ?? [])
      for (const { path, pathType, backend } of rule.http?.paths ?? [])
        add((rule.host ?? '').toLowerCase(), path ?? '/', pathType === 'Exact', backend);
  }
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
