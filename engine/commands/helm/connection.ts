import type { Process } from '../../shell/program.ts';
import { Client } from '../kubectl/client.ts';
import { readConfig, targetOf } from '../kubectl/config.ts';
import { Flags, GLOBAL_FLAGS } from '../kubectl/flags.ts';
import { hostPort } from '../net/words.ts';
import type { Ports } from '../ports.ts';

/** The choices that every Kubernetes client has; '' for what was not said. */
export type ConnectionChoice = {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly as?: string;
  readonly groups?: readonly string[];
};

/** A client of the chosen cluster, with what the kubeconfig says about it. `problem`: why nobody answers. */
export type Connection = {
  readonly client: Client;
  readonly namespace: string;
  readonly server: string;
  /** The name of the context; '' without one. */
  readonly context: string;
  /** The name of the context's cluster. */
  readonly cluster: string;
  readonly user: string;
  readonly problem: string | undefined;
};

/** Reads the kubeconfig and finds the API server, as client-go does. @throws CommandError, PlainError of the kubeconfig's faults */
export function connect(process: Process, ports: Ports, choice: ConnectionChoice = {}): Connection {
  const flags = new Flags(new Map(GLOBAL_FLAGS.map((spec) => [spec.name, spec] as const)));
  const set = (name: string, value: string | undefined): void => {
    const spec = GLOBAL_FLAGS.find((one) => one.name === name);
    if (spec !== undefined && value !== undefined && value !== '') flags.set(spec, value);
  };
  set('kubeconfig', choice.kubeconfig);
  set('context', choice.context);
  set('namespace', choice.namespace);
  set('server', choice.server);
  set('as', choice.as);
  for (const group of choice.groups ?? []) set('as-group', group);
  const target = targetOf(process, flags);
  const config = readConfig(process, flags);
  const context = choice.context || config.currentContext;
  const entry = config.contexts.find((one) => one.name === context)?.value;
  const kube =
    ports.kubeAt?.(target.server) ?? (ports.kubeAt === undefined && target.isKnown ? ports.kube : undefined);
  return {
    client: new Client(kube, target.server, target.headers, () => {}),
    namespace: target.namespace,
    server: target.server,
    context: entry === undefined ? '' : context,
    cluster: typeof entry?.cluster === 'string' ? entry.cluster : '',
    user: typeof entry?.user === 'string' ? entry.user : '',
    problem: kube === undefined ? refusedWords(target.server) : undefined,
  };
}

/** Go's words for a server that nobody listens at. */
function refusedWords(server: string): string {
  const { host, port } =
    /^https?:\/\/(?<host>\[[^\]]+\]|[^:/]+)(?::(?<port>\d+))?/.exec(server)?.groups ?? {};
  const secure = server.startsWith('https');
  const address = host === undefined || host === 'localhost' ? '127.0.0.1' : host;
  const number = Number(port ?? (secure ? 443 : 80));
  return `Get "${server}/version": dial tcp ${hostPort(address, number)}: connect: connection refused`;
}
