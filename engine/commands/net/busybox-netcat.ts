import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { busyboxUsage } from './busybox.ts';
import { pump } from './pump.ts';
import { resolveHost } from './resolver.ts';
import { connectError, errorText, hostPort, servicePort } from './words.ts';

const SMALL_USAGE =
  'Usage: nc [-iN] [-wN] [-l] [-p PORT] [-f FILE|IPADDR PORT] [-e PROG]\n\nOpen a pipe to IP:PORT or FILE\n\n\t-l\tListen mode, for inbound connects\n' +
  '\t\t(use -ll with -e for persistent server)\n\t-p PORT\tLocal port\n\t-w SEC\tConnect timeout\n\t-i SEC\tDelay interval for lines sent\n' +
  '\t-f FILE\tUse file (ala /dev/ttyS0) instead of network\n\t-e PROG\tRun PROG after connect\n';

const FULL_USAGE =
  'Usage: nc [OPTIONS] HOST PORT  - connect\nnc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen\n\n\t-e PROG\tRun PROG after connect (must be last)\n\t-l\tListen mode, for inbound connects\n' +
  '\t-lk\tWith -e, provides persistent server\n\t-p PORT\tLocal port\n\t-s ADDR\tLocal address\n\t-w SEC\tTimeout for connects and final net reads\n\t-i SEC\tDelay interval for lines sent\n' +
  "\t-n\tDon't do DNS resolution\n\t-u\tUDP mode\n\t-b\tAllow broadcasts\n\t-v\tVerbose\n\t-o FILE\tHex dump traffic\n\t-z\tZero-I/O mode (scanning)\n";

/**
 * nc of busybox. Images of the musl family have the larger one with -z, -v and -u (busybox nc_bloaty.c), Debian's
 * busybox the small one (recorded busybox 1.37.0).
 */
export function busyboxNetcatProgram(ports: Ports): Program {
  return async (process) => {
    const isFull = process.machine.libc === 'musl';
    const spec = isFull ? { valued: 'epswio', flags: 'lknubvz' } : { valued: 'ipwfe', flags: 'l' };
    const usage = isFull ? FULL_USAGE : SMALL_USAGE;
    const read = readOptions(process.argv.slice(1), spec);
    if (read.kind !== 'ok') return busyboxUsage(process, 'nc', usage, read);
    const values = new Map(read.options);
    const verbose = read.options.filter(([name]) => name === 'v').length;
    const wait = values.get('w');
    if (wait !== undefined && !/^\d+$/.test(wait)) return complain(process, `invalid number '${wait}'`);
    const local = values.get('p');
    if (local !== undefined && servicePort(local) === undefined)
      return complain(process, `bad port '${local}'`);
    const waitMs = wait === undefined ? undefined : Number(wait) * 1_000;
    const job: Job = { process, ports, isFull, verbose, waitMs, has: (letter) => values.has(letter) };
    if (values.has('l')) return listen(job, values.get('p') ?? read.words.at(-1));
    if (read.words.length < 2) return busyboxUsage(process, 'nc', usage);
    return talk(job, read.words[0] ?? '', read.words[1] ?? '');
  };
}

type Job = {
  readonly process: Process;
  readonly ports: Ports;
  readonly isFull: boolean;
  readonly verbose: number;
  readonly waitMs: number | undefined;
  readonly has: (letter: string) => boolean;
};

async function complain(process: Process, text: string): Promise<number> {
  await process.err(`nc: ${text}\n`);
  return 1;
}

async function talk(job: Job, host: string, portWord: string): Promise<number> {
  const { process } = job;
  const { sys, machine } = process;
  const port = servicePort(portWord);
  if (port === undefined) return complain(process, `bad port '${portWord}'`);
  const network = job.ports.network(machine);
  const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
  const address = resolved.kind === 'found' ? resolved.addresses[0] : undefined;
  if (address === undefined) return complain(process, `bad address '${host}'`);
  const place = `${host} (${hostPort(address, port)})`;
  if (job.has('u')) return talkUdp(job, { address, port, place });
  const result = await network.connect(sys, { address, port }, job.waitMs);
  if (result.kind !== 'connected') {
    const error = connectError(result);
    const words = errorText(machine.libc, error);
    if (!job.isFull && result.kind === 'timeout' && job.waitMs !== undefined)
      return complain(process, 'timed out');
    if (!job.isFull) return complain(process, `can't connect to remote host (${address}): ${words}`);
    // One -v is silent about refusals; two tell (nc_bloaty.c).
    if (job.verbose > 1 || (job.verbose > 0 && error !== 'ECONNREFUSED'))
      await process.err(`nc: ${place}: ${words}\n`);
    return 1;
  }
  if (job.verbose > 0) await process.err(`${place} open\n`);
  if (!job.has('z'))
    await pump(process, result.connection, {
      atEnd: 'finish',
      isReading: true,
      idleMs: job.isFull ? job.waitMs : undefined,
    });
  result.connection.close();
  return 0;
}

async function talkUdp(job: Job, target: { address: string; port: number; place: string }): Promise<number> {
  const { process } = job;
  const socket = job.ports.network(process.machine).udp();
  const to = { address: target.address, port: target.port };
  try {
    if (job.has('z')) {
      socket.send(to, { text: 'X' });
      const got = await socket.receive(process.sys, job.waitMs ?? 1_000);
      if (got.kind === 'refused') return 1;
      if (job.verbose > 0) await process.err(`${target.place} open\n`);
      return 0;
    }
    if (job.verbose > 0) await process.err(`${target.place} open\n`);
    const text = await process.stdin.read(process.sys);
    if (text !== undefined) socket.send(to, { text });
    for (;;) {
      const got = await socket.receive(process.sys, job.waitMs);
      if (got.kind !== 'datagram') return got.kind === 'refused' ? 1 : 0;
      if ('text' in got.payload) await process.out(got.payload.text);
    }
  } finally {
    socket.close();
  }
}

async function listen(job: Job, word: string | undefined): Promise<number> {
  const { process } = job;
  const network = job.ports.network(process.machine);
  const listener = network.listen(servicePort(word ?? '0') ?? 0);
  if (listener === undefined) return complain(process, 'bind: Address already in use');
  try {
    if (job.verbose > 0) await process.err(`listening on [::]:${listener.port} ...\n`);
    const connection = await listener.accept(process.sys, job.waitMs);
    if (connection === undefined) return complain(process, 'timed out');
    if (job.verbose > 0) {
      const { address, port } = connection.remote;
      await process.err(
        `connect to [::ffff:${connection.local.address}]:${listener.port} from ${address} ([::ffff:${address}]:${port})\n`,
      );
    }
    await pump(process, connection, { atEnd: 'finish', isReading: true });
    connection.close();
    return 0;
  } finally {
    listener.close();
  }
}
