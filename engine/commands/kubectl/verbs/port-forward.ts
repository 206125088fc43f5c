import type { Sys } from '../../../base/process.ts';
import { Signalled } from '../../../base/process.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Connection, Listener } from '../../../net/socket.ts';
import type { PortForwardSession } from '../../../objects/api.ts';
import { at, listAt, nameIn, namespaceIn, numberAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { attachablePod } from '../pods.ts';
import { quoteGo } from '../text.ts';

/** `kubectl port-forward`. */
export const portForwardCommand: Command = {
  name: 'port-forward',
  about: 'Forward one or more local ports to a pod',
  usage: 'TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  flags: flagTable('address:strings=localhost pod-running-timeout:duration=1m0s'),
  run: portForward,
};

/** A local port, the pod's port behind it. */
type Pair = { readonly local: number; readonly remote: number };

async function portForward(context: Context): Promise<void> {
  const [target, ...words] = context.args;
  if (target === undefined || words.length === 0)
    throw usageError(context.path, 'TYPE/NAME and list of ports are required for port-forward');
  const { pod, owner, resource } = await attachablePod(
    context,
    target,
    context.flags.ms('pod-running-timeout'),
  );
  const name = nameIn(pod);
  const pairs = words.map((word) => pairOf(word, pod, resource.kind === 'Service' ? owner : undefined));
  const phase = textAt(pod, 'status', 'phase');
  if (phase !== 'Running')
    throw new CommandError(`unable to forward port because pod is not running. Current status=${phase}`);
  const session = context.client.portForward(
    pathOf(context.discovery.need('pods'), namespaceIn(pod), name, 'portforward'),
  );
  const listeners: { readonly listener: Listener; readonly pair: Pair }[] = [];
  try {
    for (const pair of pairs) listeners.push(...(await listen(context, pair)));
    await serve(context, session, listeners, name, textAt(pod, 'metadata', 'uid'));
  } finally {
    for (const { listener } of listeners) listener.close();
  }
}

/** Reads `LOCAL:REMOTE`, `:REMOTE` or `PORT`; a service's port becomes its target port. @throws CommandError */
function pairOf(word: string, pod: JsonObject, service: JsonObject | undefined): Pair {
  const parts = word.split(':');
  if (parts.length > 2) throw new CommandError(`invalid port format '${word}'`);
  const [first = '', second] = parts;
  const remoteWord = second ?? first;
  const remote = service === undefined ? podPort(remoteWord, pod) : servicePort(remoteWord, service, pod);
  const localWord = second === undefined ? remoteWord : first;
  const local =
    localWord === ''
      ? 0
      : /^\d+$/.test(localWord)
        ? Number(localWord)
        : second === undefined
          ? remote
          : Number.NaN;
  if (Number.isNaN(local) || local > 65_535)
    throw new CommandError(
      `error parsing local port '${localWord}': strconv.ParseUint: parsing ${quoteGo(localWord)}: ${Number.isNaN(local) ? 'invalid syntax' : 'value out of range'}`,
    );
  if (remote < 1 || remote > 65_535) throw new CommandError(`remote port must be > 0`);
  return { local, remote };
}

function podPort(word: string, pod: JsonObject): number {
  if (/^\d+$/.test(word)) return Number(word);
  for (const container of listAt(pod, 'spec', 'containers')) {
    const found = listAt(container, 'ports').find((port) => textAt(port, 'name') === word);
    if (found !== undefined) return numberAt(found, 'containerPort');
  }
  throw new CommandError(`Pod '${nameIn(pod)}' does not have a named port '${word}'`);
}

function servicePort(word: string, service: JsonObject, pod: JsonObject): number {
  const name = nameIn(service);
  const isNumber = /^\d+$/.test(word);
  const found = listAt(service, 'spec', 'ports').find((port) =>
    isNumber ? numberAt(port, 'port') === Number(word) : textAt(port, 'name') === word,
  );
  if (found === undefined)
    throw new CommandError(
      isNumber
        ? `Service ${name} does not have a service port ${word}`
        : `Service '${name}' does not have a named port '${word}'`,
    );
  if (textAt(service, 'spec', 'clusterIP') === 'None')
    return isNumber ? podTarget(found, pod, Number(word)) : podTarget(found, pod, numberAt(found, 'port'));
  return podTarget(found, pod, numberAt(found, 'port'));
}

function podTarget(port: unknown, pod: JsonObject, otherwise: number): number {
  const target = at(port, 'targetPort');
  if (typeof target === 'number') return target === 0 ? otherwise : target;
  return typeof target === 'string' ? podPort(target, pod) : otherwise;
}

/** Listens at the addresses of `--address`; one socket stands for all of them. */
async function listen(context: Context, pair: Pair): Promise<{ listener: Listener; pair: Pair }[]> {
  const network = context.ports.network(context.process.machine);
  const hosts = context.flags
    .list('address')
    .flatMap((address) => (address === 'localhost' ? ['127.0.0.1', '::1'] : [address]));
  const isLocal = hosts.every((host) => host === '127.0.0.1' || host === '::1');
  const listener = network.listen(pair.local, isLocal || hosts.length === 1 ? hosts[0] : '0.0.0.0');
  if (listener === undefined) {
    await context.err(
      `Unable to listen on port ${pair.local}: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 ${hosts[0]}:${pair.local}: bind: address already in use]\n`,
    );
    throw new CommandError(
      `unable to listen on any of the requested ports: [{${pair.local} ${pair.remote}}]`,
    );
  }
  for (const host of hosts)
    await context.out(
      `Forwarding from ${host.includes(':') ? `[${host}]` : host}:${listener.port} -> ${pair.remote}\n`,
    );
  return [{ listener, pair }];
}

async function serve(
  context: Context,
  session: PortForwardSession,
  listeners: readonly { readonly listener: Listener; readonly pair: Pair }[],
  name: string,
  uid: string,
): Promise<void> {
  const { sys } = context.process;
  const jobs = listeners.map(({ listener, pair }) =>
    sys.spawn({ command: ['kubectl', 'port-forward'] }, async (own) => {
      for (;;) {
        const connection = await listener.accept(own);
        if (connection === undefined) return 0;
        await context.out(`Handling connection for ${pair.local === 0 ? listener.port : pair.local}\n`);
        own.spawn({ command: ['kubectl', 'port-forward'] }, (inner) =>
          carry(context, inner, session, connection, { pair, listener, name, uid }),
        );
      }
    }),
  );
  try {
    await sys.until(() => session.ended() || jobs.every((job) => job.exitCode() !== undefined));
  } finally {
    for (const job of jobs) job.kill('TERM');
  }
  if (session.ended()) throw new CommandError('lost connection to pod');
}

type Forward = {
  readonly pair: Pair;
  readonly listener: Listener;
  readonly name: string;
  readonly uid: string;
};

/** Joins one local connection to the pod's port and carries both directions until both ended. */
async function carry(
  context: Context,
  sys: Sys,
  session: PortForwardSession,
  local: Connection,
  forward: Forward,
): Promise<number> {
  const { pair, uid } = forward;
  const far = await session.connect(sys, pair.remote);
  if ('error' in far) {
    const localPort = pair.local === 0 ? forward.listener.port : pair.local;
    await context.err(
      `E${klogTime(context)}   ${String(sys.pid).padStart(5)} portforward.go:424] "Unhandled Error" err="an error occurred forwarding ${localPort} -> ${pair.remote}: error forwarding port ${pair.remote} to pod ${uid}, uid : ${far.error.replace(/"/g, '\\"')}"\n`,
    );
    local.close();
    await context.err('error: lost connection to pod\n');
    return 1;
  }
  const back = sys.spawn({ command: ['kubectl', 'port-forward'] }, (own) => pump(own, far.connection, local));
  await pump(sys, local, far.connection);
  await sys.until(() => back.exitCode() !== undefined);
  local.close();
  far.connection.close();
  return 0;
}

function klogTime(context: Context): string {
  const iso = new Date(context.nowMs).toISOString();
  return `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000`;
}

async function pump(sys: Sys, from: Connection, to: Connection): Promise<number> {
  try {
    for (;;) {
      const got = await from.receive(sys);
      if (got.kind === 'data') {
        if (!(await to.send(sys, got.text))) return 0;
        continue;
      }
      if (got.kind === 'reset') to.close();
      else to.finish();
      return 0;
    }
  } catch (error) {
    if (error instanceof Signalled) {
      from.close();
      to.close();
    }
    throw error;
  }
}
