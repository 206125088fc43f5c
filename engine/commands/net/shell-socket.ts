import type { Sys } from '../../base/process.ts';
import { Stream } from '../../base/stream.ts';
import type { Connection, DatagramSocket } from '../../net/socket.ts';
import type { Machine, OpenSocket } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText, servicePort } from './words.ts';

/** Text that arrives on a connection: it is asked for when somebody reads, so that no process need wait on it. */
class SocketStream extends Stream {
  readonly #receive: (sys: Sys, timeoutMs?: number) => Promise<string | undefined>;

  constructor(receive: (sys: Sys, timeoutMs?: number) => Promise<string | undefined>) {
    super();
    this.#receive = receive;
  }

  override async read(sys: Sys, timeoutMs?: number): Promise<string | undefined> {
    if (this.length > 0 || this.ended) return super.read(sys, timeoutMs);
    return this.#receive(sys, timeoutMs);
  }
}

/**
 * What bash does for `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT`: getaddrinfo, then a connection from the machine's own
 * network. UDP sends each write as one datagram.
 */
export function shellSocket(ports: Ports, machine: Machine): OpenSocket {
  return async (sys, protocol, host, service) => {
    const network = ports.network(machine);
    const port = servicePort(service);
    if (port === undefined) return { error: 'Servname not supported for ai_socktype', isUnknown: true };
    const found = await resolveHost({ sys, network, libc: machine.libc }, host);
    if (found.kind !== 'found')
      return {
        error: resolverWords(machine.libc, found.kind === 'failed' ? found.why : 'again'),
        isUnknown: true,
      };
    if (protocol === 'udp') return datagrams(network.udp(), { address: found.addresses[0] ?? '', port });
    let error = 'Network is unreachable';
    for (const address of found.addresses) {
      const result = await network.connect(sys, { address, port });
      if (result.kind === 'connected') return connected(result.connection);
      error = errorText(machine.libc, connectError(result));
    }
    return { error, isUnknown: false };
  };
}

function connected(connection: Connection) {
  const stream: SocketStream = new SocketStream(async (sys, timeoutMs) => {
    const next = await connection.receive(sys, timeoutMs);
    if (next.kind === 'data') return next.text;
    if (next.kind !== 'timeout') stream.end();
    return undefined;
  });
  return {
    stream,
    write: async (sys: Sys, text: string) => void (await connection.send(sys, text)),
    close: () => connection.close(),
  };
}

function datagrams(socket: DatagramSocket, to: { address: string; port: number }) {
  const stream: SocketStream = new SocketStream(async (sys, timeoutMs) => {
    const next = await socket.receive(sys, timeoutMs);
    if (next.kind === 'datagram') return 'text' in next.payload ? next.payload.text : '';
    if (next.kind === 'refused') stream.end();
    return undefined;
  });
  return {
    stream,
    write: async (_sys: Sys, text: string) => socket.send(to, { text }),
    close: () => socket.close(),
  };
}
