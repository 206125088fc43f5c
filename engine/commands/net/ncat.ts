import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { pump } from './pump.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText, servicePort } from './words.ts';

/** ncat's own limit of a connection attempt, ms. */
const CONNECT_MS = 10_000;

/** ncat of nmap, connecting and listening over TCP. Source: recorded ncat 7.93. */
export function ncatProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), {
      valued: 'wpsiGgmdeoxqS',
      flags: '46ulvznkCtUT',
      long: {
        wait: true,
        verbose: false,
        listen: false,
        'send-only': false,
        'recv-only': false,
        version: false,
      },
    });
    if (read.kind !== 'ok') {
      await process.err(
        `ncat: ${read.kind === 'missing' ? 'option requires an argument' : 'invalid option'} -- '${read.option}'\nNcat: Try \`--help' or man(1) ncat for more information, usage options and help. QUITTING.\n`,
      );
      return 2;
    }
    const values = new Map(read.options);
    const isVerbose = values.has('v') || values.has('verbose');
    const say = async (text: string): Promise<void> => process.err(`Ncat: ${text}\n`);
    if (isVerbose || values.has('version')) await say('Version 7.93 ( https://nmap.org/ncat )');
    if (values.has('version')) return 0;
    if (values.has('l') || values.has('listen')) return listen(process, ports, read.words, isVerbose);
    const [host, portText = '31337'] = read.words;
    if (host === undefined) {
      await say('You must specify a host to connect to. QUITTING.');
      return 2;
    }
    const port = servicePort(portText);
    if (port === undefined || port === 0) {
      await say(`Invalid port number "${portText}". QUITTING.`);
      return 2;
    }
    const { sys, machine } = process;
    const network = ports.network(machine);
    const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
    if (resolved.kind !== 'found') {
      const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
      await say(`Could not resolve hostname "${host}": ${why}. QUITTING.`);
      return 2;
    }
    const beganMs = sys.nowMs();
    const waitText = values.get('w') ?? values.get('wait');
    const limitMs = waitText === undefined ? CONNECT_MS : Number.parseFloat(waitText) * 1000;
    const address = resolved.addresses[0] ?? '';
    const dialled = await network.connect(sys, { address, port }, limitMs);
    if (dialled.kind !== 'connected') {
      const isLate = dialled.kind === 'timeout';
      if (isVerbose || !isLate)
        await say(isLate ? 'TIMEOUT.' : `${errorText(machine.libc, connectError(dialled))}.`);
      return 1;
    }
    if (isVerbose) await say(`Connected to ${address}:${port}.`);
    if (!values.has('z')) await pump(process, dialled.connection, { atEnd: 'finish', isReading: true });
    dialled.connection.close();
    const seconds = ((sys.nowMs() - beganMs) / 1000).toFixed(2);
    if (isVerbose) await say(`0 bytes sent, 0 bytes received in ${seconds} seconds.`);
    return 0;
  };
}

async function listen(
  process: Process,
  ports: Ports,
  words: readonly string[],
  isVerbose: boolean,
): Promise<number> {
  const port = servicePort(words.at(-1) ?? '31337') ?? 31_337;
  const listener = ports.network(process.machine).listen(port);
  if (listener === undefined) {
    await process.err(`Ncat: bind to 0.0.0.0:${port}: Address already in use. QUITTING.\n`);
    return 2;
  }
  try {
    if (isVerbose) await process.err(`Ncat: Listening on :::${port}\nNcat: Listening on 0.0.0.0:${port}\n`);
    const connection = await listener.accept(process.sys);
    if (connection === undefined) return 1;
    if (isVerbose)
      await process.err(
        `Ncat: Connection from ${connection.remote.address}.\nNcat: Connection from ${connection.remote.address}:${connection.remote.port}.\n`,
      );
    await pump(process, connection, { atEnd: 'finish', isReading: true });
    connection.close();
    return 0;
  } finally {
    listener.close();
  }
}
