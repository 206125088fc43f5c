import type { Connection, Network } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { pump } from './pump.ts';
import { literalAddress, resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText, servicePort, serviceName } from './words.ts';
import { servingSys } from './waiting.ts';

const USAGE =
  'usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]\n\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]\n' +
  '\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]\n\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]\n\t  [destination] [port]\n';

type Options = {
  readonly has: (letter: string) => boolean;
  readonly waitMs: number | undefined;
  readonly quitMs: number | undefined;
  readonly family: 4 | 6 | undefined;
  readonly port: string | undefined;
};

/** netcat-openbsd. Source: recorded netcat-openbsd 1.219 of Debian. */
export function netcatProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), {
      valued: 'IiMmOPpqsTVWwXx',
      flags: '46CDdFhklNnrStUuvZzb',
    });
    if (read.kind !== 'ok') {
      const what = read.kind === 'missing' ? 'option requires an argument' : 'invalid option';
      await process.err(`nc: ${what} -- '${read.option}'\n${USAGE}`);
      return 1;
    }
    const values = new Map(read.options);
    const wait = values.get('w');
    if (values.has('h')) {
      await process.err(
        `OpenBSD netcat (Debian patchlevel 1.219-1)\n${USAGE}\tCommand Summary:\n\t\t-4\t\tUse IPv4\n`,
      );
      return 0;
    }
    const options: Options = {
      has: (letter) => values.has(letter),
      waitMs: wait === undefined ? undefined : Number(wait) * 1_000,
      quitMs: values.has('q') ? Number(values.get('q')) * 1_000 : undefined,
      family: read.options.reduce<4 | 6 | undefined>(
        (last, [letter]) => (letter === '4' ? 4 : letter === '6' ? 6 : last),
        undefined,
      ),
      port: values.get('p'),
    };
    const network = ports.network(process.machine);
    const wrong = misuse(values);
    if (wrong !== undefined) return complain(process, wrong);
    if (options.has('l') && read.words.length > 2) {
      await process.err(USAGE);
      return 1;
    }
    if (values.has('U') && read.words.length > 0)
      return complain(process, `${read.words[0]}: No such file or directory`);
    if (options.has('l')) return listen(process, network, options, read.words);
    if (read.words.length === 0) {
      await process.err(USAGE);
      return 1;
    }
    if (read.words.length < 2) return complain(process, 'missing port number');
    return connectAll(process, network, options, read.words);
  };
}

const NUMBERS: Readonly<Record<string, readonly [what: string, least: number, most: number]>> = {
  w: ['timeout', 0, 2_147_483],
  q: ['quit timer', -2_147_483, 2_147_483],
  i: ['interval', 0, 2_147_483],
};

/** What nc says of options that are wrong in themselves or beside each other. */
function misuse(values: ReadonlyMap<string, string>): string | undefined {
  for (const [letter, text] of values) {
    const limits = Object.hasOwn(NUMBERS, letter) ? NUMBERS[letter] : undefined;
    if (limits !== undefined) {
      const [what, least, most] = limits;
      const why = !/^-?\d+$/.test(text)
        ? 'invalid'
        : Number(text) < least
          ? 'too small'
          : Number(text) > most
            ? 'too large'
            : '';
      if (why !== '') return `${what} ${why}: ${text}`;
    }
  }
  if (values.has('l') && values.has('z')) return 'cannot use -z and -l';
  if (values.has('k') && !values.has('l')) return 'must use -l with -k';
  return undefined;
}

async function complain(process: Process, text: string): Promise<number> {
  await process.err(`nc: ${text}\n`);
  return 1;
}

function portList(words: readonly string[]): number[] | string {
  const list: number[] = [];
  for (const word of words) {
    const range = /^(\d+)-(\d*)$/.exec(word);
    if (range?.[2] === '') return 'port number invalid: ';
    if (/^0+$/.test(word)) return `port number too small: ${word}`;
    if (range) {
      const [low, high] = [Number(range[1]), Number(range[2])].sort((a, b) => a - b);
      if (high === undefined || low === undefined || high > 65_535) return `port number too large: ${word}`;
      for (let port = low; port <= high && list.length < 65_536; port++) list.push(port);
      continue;
    }
    const port = servicePort(word);
    if (port === undefined) return `port number ${/^\d+$/.test(word) ? 'too large' : 'invalid'}: ${word}`;
    list.push(port);
  }
  return list;
}

async function connectAll(
  process: Process,
  network: Network,
  options: Options,
  words: readonly string[],
): Promise<number> {
  const [host = '', ...portWords] = words;
  const list = portList(portWords);
  if (typeof list === 'string') return complain(process, list);
  let status = 1;
  for (const port of list) {
    const resolved =
      options.has('n') && literalAddress(host) === undefined
        ? undefined
        : await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, host, {
            family: options.family,
          });
    if (resolved?.kind !== 'found') {
      const words = resolverWords(
        process.machine.libc,
        resolved?.kind === 'failed' ? resolved.why : 'unknown',
      );
      return complain(process, `getaddrinfo for host "${host}" port ${port}: ${words}`);
    }
    const result = options.has('u')
      ? await talkUdp(process, network, options, { host, address: resolved.addresses[0] ?? host, port })
      : await talkTcp(process, network, options, { host, addresses: resolved.addresses, port });
    if (result === 0) status = 0;
    else if (!options.has('z')) return result;
  }
  return status;
}

function placeOf(host: string, address: string): string {
  return host === address || literalAddress(host) !== undefined ? host : `${host} (${address})`;
}

async function succeeded(process: Process, options: Options, place: string, port: number): Promise<void> {
  if (!options.has('v')) return;
  const protocol = options.has('u') ? 'udp' : 'tcp';
  const service = options.has('n') ? '*' : (serviceName(port) ?? '*');
  await process.err(`Connection to ${place} ${port} port [${protocol}/${service}] succeeded!\n`);
}

async function talkTcp(
  process: Process,
  network: Network,
  options: Options,
  target: { host: string; addresses: readonly string[]; port: number },
): Promise<number> {
  const { sys, machine } = process;
  for (const address of target.addresses) {
    const place = placeOf(target.host, address);
    const result = await network.connect(sys, { address, port: target.port }, options.waitMs);
    if (result.kind === 'connected') {
      await succeeded(process, options, place, target.port);
      if (options.has('z')) {
        result.connection.close();
        return 0;
      }
      return carry(process, result.connection, options);
    }
    if (!options.has('v')) continue;
    const isOwnLimit = result.kind === 'timeout' && options.waitMs !== undefined && options.waitMs < 134_000;
    const why = isOwnLimit
      ? 'timed out: Operation now in progress'
      : `failed: ${errorText(machine.libc, connectError(result))}`;
    await process.err(`nc: connect to ${place} port ${target.port} (tcp) ${why}\n`);
  }
  return 1;
}

async function carry(process: Process, connection: Connection, options: Options): Promise<number> {
  await pump(process, connection, {
    idleMs: options.waitMs,
    atEnd: options.has('N') ? 'finish' : 'nothing',
    quitMs: options.quitMs,
    isReading: !options.has('d'),
  });
  connection.close();
  return 0;
}

async function talkUdp(
  process: Process,
  network: Network,
  options: Options,
  target: { host: string; address: string; port: number },
): Promise<number> {
  const { sys, stdin } = process;
  const socket = network.udp();
  const to = { address: target.address, port: target.port };
  const place = placeOf(target.host, target.address);
  try {
    if (options.has('z')) {
      if (!options.has('v')) return 0;
      // With -v nc writes a few times and waits whether an ICMP error comes back.
      socket.send(to, { text: 'X' });
      const got = await socket.receive(sys, options.waitMs ?? 3_000);
      if (got.kind === 'refused') return 1;
      if (got.kind === 'datagram') await sys.sleep(options.waitMs ?? 3_000);
      await succeeded(process, options, place, target.port);
      return 0;
    }
    if (options.has('v')) await succeeded(process, options, place, target.port);
    let isOver = options.has('d');
    const isDue = (): boolean => !isOver && (stdin.length > 0 || stdin.ended);
    const serve = async (): Promise<void> => {
      if (stdin.length > 0) socket.send(to, { text: stdin.take() });
      else isOver = true;
    };
    const serving = servingSys(sys, isDue, serve);
    for (;;) {
      while (isDue()) await serve();
      const got = await socket.receive(serving, options.waitMs);
      if (got.kind !== 'datagram') return 0;
      if ('text' in got.payload) await process.out(got.payload.text);
    }
  } finally {
    socket.close();
  }
}

async function listen(
  process: Process,
  network: Network,
  options: Options,
  words: readonly string[],
): Promise<number> {
  const word = options.port ?? words.at(-1);
  if (word === undefined) return complain(process, 'missing port number');
  const port = servicePort(word);
  if (port === undefined) return complain(process, `port number too large: ${word}`);
  if (options.has('u')) return complain(process, 'UDP listening is not supported here');
  const listener = network.listen(port, words.length > 1 ? words[0] : undefined);
  if (listener === undefined) return complain(process, 'Address already in use');
  try {
    do {
      if (options.has('v'))
        await process.err(`Listening on ${words.length > 1 ? words[0] : '0.0.0.0'} ${port}\n`);
      const connection = await listener.accept(process.sys);
      if (connection === undefined) return 1;
      if (options.has('v')) {
        const { address, port: from } = connection.remote;
        const name = address === '127.0.0.1' ? 'localhost' : address;
        await process.err(`Connection received on ${name} ${from}\n`);
      }
      await carry(process, connection, options);
    } while (options.has('k'));
    return 0;
  } finally {
    listener.close();
  }
}
