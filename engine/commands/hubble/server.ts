import { isTrue } from './flags.ts';
import type { Listener } from '../../net/socket.ts';
import type { KubeObject } from '../../objects/api.ts';
import type { Process } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';

/** A server that answers; `close` ends a port-forward of our own. */
export type ReachedObserver = {
  readonly observer: HubbleObserver;
  readonly target: string;
  readonly isAlive: () => boolean;
  readonly close: () => void;
};

const UNAVAILABLE = 'rpc error: code = Unavailable desc =';

/** gRPC's words for a server that cannot be reached: its address is none, has no host, or refuses. */
export function refusedText(server: string): string {
  const dial = (what: string): string =>
    `${UNAVAILABLE} connection error: desc = "transport: Error while dialing: dial ${what}"`;
  const socket = /^unix:(?:\/\/)?(.*)$/.exec(server);
  if (socket) return dial(`unix ${socket[1]}: connect: no such file or directory`);
  const target = server.replace(/^(tls:\/\/|dns:\/{0,3}|passthrough:\/{0,3})/, '');
  if (target === '') return `${UNAVAILABLE} delegating_resolver: invalid target address "": missing address`;
  const parts = /^(\[.*\]|[^:]*)(?::([^:]*))?$/.exec(target);
  if (!parts)
    return `${UNAVAILABLE} invalid target address ${target}, error info: address ${target}:443: too many colons in address`;
  const [, host = '', port = '443'] = parts;
  const address = host === '' || host === 'localhost' ? '127.0.0.1' : host;
  if (!/^(\[[\da-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+)$/.test(address))
    return `${UNAVAILABLE} name resolver error: produced zero addresses`;
  if (port === '')
    return `${UNAVAILABLE} delegating_resolver: invalid target address ${JSON.stringify(target)}: missing port after port-separator colon`;
  if (!/^[-+]?\d+$/.test(port)) return dial(`tcp: lookup tcp/${port}: unknown port`);
  return Number(port) >= 0 && Number(port) <= 65_535
    ? dial(`tcp ${address}:${port}: connect: connection refused`)
    : dial(`tcp: address ${port}: invalid port`);
}

/** Reaches the Observer: through a port-forward of our own with `-P`, else at the server's address. */
export async function reachObserver(
  process: Process,
  ports: Ports,
  settings: ReadonlyMap<string, string>,
): Promise<ReachedObserver | { readonly error: string }> {
  const setting = (name: string): string => settings.get(name) ?? '';
  const isTls = isTrue(setting('tls')) || setting('server').startsWith('tls://');
  if (setting('basic-auth-username') !== '' && !isTls)
    return {
      error: `failed to create gRPC client to '${setting('server')}': grpc: the credentials require transport level security (use grpc.WithTransportCredentials() to set)`,
    };
  if (!isTrue(setting('port-forward'))) {
    const target = setting('server');
    const observer = ports.observer(process.machine, target.replace(/^tls:\/\//, ''));
    if (!observer) return { error: refusedText(target) };
    // The relay's Service of the chart speaks plain text.
    if (target.startsWith('tls://') || isTrue(setting('tls'))) return { error: HANDSHAKE_FAILED };
    return {
      observer,
      target,
      isAlive: () => ports.observer(process.machine, target) !== undefined,
      close: () => {},
    };
  }
  const kubeconfig = setting('kubeconfig');
  if (kubeconfig !== '' && !process.machine.files.stat(absolutePath(process, kubeconfig)))
    return { error: `failed to create k8s port forwader: stat ${kubeconfig}: no such file or directory` };
  const forward = forwardRelay(process, ports, {
    namespace: setting('kube-namespace'),
    port: Number(setting('port-forward-port')),
  });
  if ('error' in forward) return forward;
  const target = `127.0.0.1:${forward.listener.port}`;
  await process.sys.sleep(30);
  const observer = ports.observer(process.machine, target);
  if (!observer) {
    forward.listener.close();
    return { error: refusedText(target) };
  }
  return { observer, target, isAlive: () => !forward.ended(), close: () => forward.listener.close() };
}

const HANDSHAKE_FAILED =
  'rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: tls: first record does not look like a TLS handshake"';

/** What the CLI says of settings that do not fit together, or of files that are not there, before any command runs. */
export function settingsProblem(process: Process, settings: ReadonlyMap<string, string>): string | undefined {
  const setting = (name: string): string => settings.get(name) ?? '';
  const given = (...names: string[]): string[] => names.map(setting).filter((value) => value !== '');
  const pair = given('tls-client-cert-file', 'tls-client-key-file');
  const isTls = isTrue(setting('tls')) || setting('server').startsWith('tls://');
  if (given('basic-auth-username', 'basic-auth-password').length === 1)
    return 'invalid flag(s): must specify both basic-auth-username and basic-auth-password';
  if (pair.length === 1)
    return 'invalid flag(s): certificate and private key are both required, but only one was provided';
  if (pair.length === 2 && !isTls) return 'invalid flag(s): transport layer security required';
  if (!isTls) return undefined;
  const missing = (path: string): boolean =>
    !('content' in process.machine.files.read(absolutePath(process, path)));
  const authority = given('tls-ca-cert-files')
    .flatMap((paths) => paths.split(','))
    .find(missing);
  if (authority !== undefined)
    return `cannot load cert '${authority}': open ${authority}: no such file or directory`;
  const strange = given('tls-ca-cert-files')
    .flatMap((paths) => paths.split(','))
    .find((path) => !readText(process, path).includes('-----BEGIN CERTIFICATE-----'));
  if (strange !== undefined) return `cannot process cert '${strange}': must be a PEM encoded certificate`;
  const own = pair.find(missing);
  return own === undefined ? undefined : `open ${own}: no such file or directory`;
}

function readText(process: Process, path: string): string {
  const read = process.machine.files.read(absolutePath(process, path));
  return 'content' in read ? read.content : '';
}

/** A path as the machine's files take it. */
export function absolutePath(process: Process, path: string): string {
  return path.startsWith('/') ? path : `${process.cwd.replace(/\/$/, '')}/${path}`;
}

/** A listener of this machine that stands for a port of the relay's pod. */
export type RelayForward = { readonly listener: Listener; readonly ended: () => boolean };

/** Opens a port-forward to hubble-relay through the API server, as `cilium hubble port-forward` and `hubble -P` do. */
export function forwardRelay(
  process: Process,
  ports: Ports,
  options: { readonly namespace: string; readonly port: number },
): RelayForward | { readonly error: string } {
  const { kube } = ports;
  const { namespace } = options;
  if (!kube)
    return {
      error: `failed to port forward: failed to get service "hubble-relay": Get "http://localhost:8080/api/v1/namespaces/${namespace}/services/hubble-relay": dial tcp 127.0.0.1:8080: connect: connection refused`,
    };
  const service = kube({ method: 'GET', path: `/api/v1/namespaces/${namespace}/services/hubble-relay` });
  if (service.kind !== 'json' || service.status !== 200)
    return {
      error: `failed to port forward: failed to get service "hubble-relay": services "hubble-relay" not found`,
    };
  const pods = kube({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/pods`,
    query: { labelSelector: 'k8s-app=hubble-relay' },
  });
  const items =
    pods.kind === 'json'
      ? ((pods.body as unknown as { readonly items?: readonly KubeObject[] }).items ?? [])
      : [];
  const running = items.find(
    (pod) => (pod['status'] as { readonly phase?: string } | undefined)?.phase === 'Running',
  );
  if (!running) return { error: 'failed to port forward: no running pod found for service "hubble-relay"' };
  const path = `/api/v1/namespaces/${namespace}/pods/${running.metadata.name}/portforward`;
  const response = kube({ method: 'POST', path });
  if (response.kind !== 'port-forward')
    return { error: 'failed to port forward: error upgrading connection' };
  const listener = ports.network(process.machine).listen(options.port, '127.0.0.1');
  if (!listener)
    return {
      error: `failed to port forward: unable to listen on any of the requested ports: [{${options.port} 4245}]`,
    };
  return { listener, ended: () => response.portForward.ended() };
}
