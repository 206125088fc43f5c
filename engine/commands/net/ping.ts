import { Signalled } from '../../base/process.ts';
import type { EchoResult, Network } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { busyboxUsage } from './busybox.ts';
import { reverseLookup } from './host-lookup.ts';
import { literalAddress, resolveHost, resolverWords } from './resolver.ts';

/** How a run of pings is paced; times in ms. */
type Pace = {
  readonly address: string;
  readonly count: number;
  readonly intervalMs: number;
  /** How long the last packet is waited for. */
  readonly lingerMs: number;
  readonly deadlineMs: number;
  readonly firstSequence: number;
};

type Tally = {
  sent: number;
  received: number;
  errors: number;
  times: number[];
  startMs: number;
  lastMs: number;
  /** Most packets that were under way when an answer came. */
  pipe: number;
};

/** Sends echo requests at their pace until the count, the deadline or Ctrl-C; `report` prints each outcome. */
async function runPings(
  process: Process,
  network: Network,
  pace: Pace,
  report: (result: EchoResult, sequence: number) => Promise<void>,
): Promise<Tally> {
  const { sys } = process;
  const tally: Tally = {
    sent: 0,
    received: 0,
    errors: 0,
    times: [],
    startMs: sys.nowMs(),
    lastMs: sys.nowMs(),
    pipe: 0,
  };
  const silent: number[] = [];
  try {
    for (let i = 0; i < pace.count && sys.nowMs() < pace.deadlineMs; i++) {
      const sentMs = sys.nowMs();
      tally.sent++;
      tally.lastMs = sentMs;
      const isLast = i + 1 >= pace.count;
      const linger = isLast
        ? tally.received > 0
          ? Math.min(pace.lingerMs, 1_000)
          : pace.lingerMs
        : pace.intervalMs;
      const timeoutMs = Math.min(linger, pace.deadlineMs - sentMs);
      const sequence = pace.firstSequence + i;
      const result = await network.ping(sys, { address: pace.address, sequence, timeoutMs });
      if (result.kind === 'reply') {
        tally.received++;
        tally.times.push(result.elapsedMs);
      } else if (result.kind === 'unreachable') {
        // A router that finds no neighbour answers everything that waited for it at once.
        tally.pipe = Math.max(tally.pipe, silent.length + 1);
        if (result.why === 'host' && silent.length > 0) {
          for (const earlier of silent.splice(0)) {
            tally.errors++;
            await report(result, earlier);
          }
        }
        tally.errors++;
      } else silent.push(sequence);
      await report(result, sequence);
      const restMs = Math.min(sentMs + pace.intervalMs, pace.deadlineMs) - sys.nowMs();
      if (!isLast && restMs > 0) await sys.sleep(restMs);
    }
  } catch (error) {
    // Ctrl-C ends the run, and ping tells what it has; other signals end ping.
    if (!(error instanceof Signalled) || error.signal !== 'INT') throw error;
  }
  return tally;
}

const USAGE =
  '\nUsage\n  ping [options] <destination>\n\nOptions:\n  <destination>      dns name or ip address\n  -a                 use audible ping\n  -A                 use adaptive ping\n  -B                 sticky source address\n  -c <count>         stop after <count> replies\n' +
  '  -C                 call connect() syscall on socket creation\n  -D                 print timestamps\n  -d                 use SO_DEBUG socket option\n  -e <identifier>    define identifier for ping session, default is random for\n                     SOCK_RAW and kernel defined for SOCK_DGRAM\n' +
  '                     Imply using SOCK_RAW (for IPv4 only for identifier 0)\n  -f                 flood ping\n  -h                 print help and exit\n  -I <interface>     either interface name or address\n  -i <interval>      seconds between sending each packet\n' +
  '  -L                 suppress loopback of multicast packets\n  -l <preload>       send <preload> number of packages while waiting replies\n  -m <mark>          tag the packets going out\n  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>\n' +
  '  -n                 no dns name resolution\n  -O                 report outstanding replies\n  -p <pattern>       contents of padding byte\n  -q                 quiet output\n  -Q <tclass>        use quality of service <tclass> bits\n' +
  '  -s <size>          use <size> as number of data bytes to be sent\n  -S <size>          use <size> as SO_SNDBUF socket option value\n  -t <ttl>           define time to live\n  -U                 print user-to-user latency\n  -v                 verbose output\n' +
  '  -V                 print version and exit\n  -w <deadline>      reply wait <deadline> in seconds\n  -W <timeout>       time to wait for response\n\nIPv4 options:\n  -4                 use IPv4\n  -b                 allow pinging broadcast\n' +
  '  -R                 record route\n  -T <timestamp>     define timestamp, can be one of <tsonly|tsandaddr|tsprespec>\n\nIPv6 options:\n  -6                 use IPv6\n  -F <flowlabel>     define flow label, default is random\n  -N <nodeinfo opt>  use icmp6 node info query, try <help> as argument\n\nFor more details see ping(8).\n';

/** ping of iputils. Source: recorded iputils 20221126. */
export function pingProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), {
      valued: 'ceIilmMpQsStwWFNT',
      flags: 'aABCDdfhLnOqUvV46bRr',
    });
    if (read.kind !== 'ok') {
      const what = read.kind === 'missing' ? 'option requires an argument' : 'invalid option';
      await process.err(`ping: ${what} -- '${read.option}'\n${USAGE}`);
      return 2;
    }
    const values = new Map(read.options);
    for (const letter of 'cisWw') {
      const value = values.get(letter);
      const isNumber =
        value === undefined || /^\d+$/.test(value) || (/^\d*\.\d+$/.test(value) && 'iWw'.includes(letter));
      if (!isNumber) return complain(process, `invalid argument: '${value}'`, 1);
      if (letter === 'c' && value === '0')
        return complain(process, "invalid argument: '0': out of range: 1 <= value <= 9223372036854775807", 1);
    }
    const host = read.words.at(-1);
    if (host === undefined) return complain(process, 'usage error: Destination address required', 1);
    const family = values.has('4')
      ? 4
      : values.has('6') || process.argv[0]?.endsWith('ping6')
        ? 6
        : undefined;
    const network = ports.network(process.machine);
    const resolved = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, host, {
      family,
    });
    if (resolved.kind !== 'found') {
      const isOtherFamily =
        family === 6 &&
        resolved.kind === 'failed' &&
        resolved.why !== 'again' &&
        (await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, host)).kind === 'found';
      const why = isOtherFamily
        ? 'Address family for hostname not supported'
        : resolverWords(process.machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
      return complain(process, `${host}: ${why}`, 2);
    }
    const address = resolved.addresses[0] ?? '';
    const isForeignV6 =
      address.includes(':') && address !== '::1' && !network.addresses.some((own) => own.includes(':'));
    if (isForeignV6) return complain(process, 'connect: Network is unreachable', 2);
    return run(process, network, { host, address, canonical: resolved.canonical, values });
  };
}

async function complain(process: Process, text: string, code: number): Promise<number> {
  await process.err(`ping: ${text}\n`);
  return code;
}

type Target = {
  readonly host: string;
  readonly address: string;
  readonly canonical: string;
  readonly values: ReadonlyMap<string, string>;
};

async function run(process: Process, network: Network, target: Target): Promise<number> {
  const { values, address } = target;
  const isLiteral = literalAddress(target.host) !== undefined;
  const size = Number(values.get('s') ?? 56);
  const isV6 = address.includes(':');
  const shownHost = isLiteral ? target.host : target.canonical;
  const bytes = isV6 ? `${size} data bytes` : `${size}(${size + 28}) bytes of data.`;
  await process.out(
    isV6
      ? `PING ${target.host}(${target.host} (${address})) ${bytes}\n`
      : `PING ${shownHost} (${address}) ${bytes}\n`,
  );
  if (values.get('M') === 'do' && size + 28 > 1500 && !address.startsWith('127.'))
    return tooLong(process, { host: shownHost, count: Number(values.get('c') ?? 1) });
  let peer: string | undefined;
  const isNumeric = isLiteral || values.has('n');
  const pace: Pace = {
    address,
    count: values.has('c') ? Number(values.get('c')) : Number.MAX_SAFE_INTEGER,
    intervalMs: values.has('f') ? 10 : Math.max(2, Number(values.get('i') ?? 1) * 1_000),
    lingerMs: values.has('W') ? Number(values.get('W')) * 1_000 : 10_000,
    deadlineMs: values.has('w')
      ? process.sys.nowMs() + Number(values.get('w')) * 1_000
      : Number.POSITIVE_INFINITY,
    firstSequence: 1,
  };
  const tally = await runPings(process, network, pace, async (result, sequence) => {
    if (values.has('f')) return process.out(result.kind === 'reply' ? '.\b \b' : '.');
    if (values.has('q')) return;
    if (result.kind === 'reply') {
      if (!isNumeric && peer === undefined)
        peer = (await reverseLookup(process, network, address)) ?? address;
      const from = isNumeric || peer === undefined ? address : `${peer} (${address})`;
      await process.out(
        `${size + 8} bytes from ${from}: icmp_seq=${sequence} ttl=${result.ttl} time=${milliseconds(result.elapsedMs)} ms${values.has('a') ? '\x07' : ''}\n`,
      );
    } else if (result.kind === 'unreachable') {
      const isOld = !(process.machine.versions['iputils'] ?? '20221126').startsWith('2024');
      const name = isNumeric ? undefined : await reverseLookup(process, network, result.from);
      const from =
        isNumeric || (!isOld && name === undefined) ? result.from : `${name ?? result.from} (${result.from})`;
      const what = result.why ?? (network.addresses.includes(result.from) ? 'host' : 'net');
      await process.out(`From ${from} icmp_seq=${sequence} ${UNREACHABLE[what]}\n`);
    } else if (values.has('O') && sequence < pace.count)
      await process.out(`no answer yet for icmp_seq=${sequence}\n`);
  });
  await process.out(
    statistics(shownHost, tally, values.has('f') && tally.received < tally.sent ? '' : '\n', values.has('f')),
  );
  return tally.received > 0 ? 0 : 1;
}

/** Packets that may not be cut into pieces do not leave the machine. */
async function tooLong(
  process: Process,
  asked: { readonly host: string; readonly count: number },
): Promise<number> {
  const startMs = process.sys.nowMs();
  const tally: Tally = { sent: 0, received: 0, errors: 0, times: [], startMs, lastMs: startMs, pipe: 0 };
  for (let i = 0; i < Math.min(asked.count, 100_000); i++) {
    await process.err('ping: local error: message too long, mtu=1500\n');
    tally.sent++;
    tally.errors++;
    tally.lastMs = process.sys.nowMs();
    await process.sys.sleep(1000);
  }
  await process.out(statistics(asked.host, tally, '\n'));
  return 1;
}

const UNREACHABLE = {
  host: 'Destination Host Unreachable',
  net: 'Destination Net Unreachable',
  port: 'Destination Port Unreachable',
  filtered: 'Packet filtered',
} as const;

function statistics(host: string, tally: Tally, start: string, isFlood = false): string {
  const lost = tally.sent === 0 ? 0 : ((tally.sent - tally.received) * 100) / tally.sent;
  const errors = tally.errors > 0 ? `, +${tally.errors} errors` : '';
  const loss = Number.isInteger(lost) ? String(lost) : lost.toPrecision(6).replace(/\.?0+$/, '');
  const head = `${start}--- ${host} ping statistics ---\n${tally.sent} packets transmitted, ${tally.received} received${errors}, ${loss}% packet loss, time ${Math.round(tally.lastMs - tally.startMs)}ms\n`;
  if (tally.times.length === 0) return `${head}${tally.pipe > 1 ? `pipe ${tally.pipe}` : ''}\n`;
  const sum = tally.times.reduce((a, b) => a + b, 0);
  const mean = sum / tally.times.length;
  const square = tally.times.reduce((a, b) => a + b * b, 0) / tally.times.length;
  const deviation = Math.sqrt(Math.max(0, square - mean * mean));
  return `${head}rtt min/avg/max/mdev = ${[Math.min(...tally.times), mean, Math.max(...tally.times), deviation].map((ms) => ms.toFixed(3)).join('/')} ms${isFlood ? ipg(tally) : ''}\n`;
}

/** What a flood adds: milliseconds between packets, and the moving average of the round trips. */
function ipg(tally: Tally): string {
  const gapMs = tally.sent > 1 ? (tally.lastMs - tally.startMs) / (tally.sent - 1) : 0;
  return `, ipg/ewma ${gapMs.toFixed(3)}/${(tally.times.at(-1) ?? 0).toFixed(3)} ms`;
}

/** Fewer decimals the longer it took. */
function milliseconds(ms: number): string {
  if (ms >= 99.95) return String(Math.round(ms));
  return ms >= 9.995 ? ms.toFixed(1) : ms >= 0.9995 ? ms.toFixed(2) : ms.toFixed(3);
}

const BUSYBOX_USAGE =
  'Usage: ping [OPTIONS] HOST\n\nSend ICMP ECHO_REQUESTs to HOST\n\n\t-4,-6\t\tForce IP or IPv6 name resolution\n\t-c CNT\t\tSend only CNT pings\n\t-s SIZE\t\tSend SIZE data bytes in packets (default 56)\n\t-i SECS\t\tInterval\n' +
  '\t-A\t\tPing as soon as reply is received\n\t-t TTL\t\tSet TTL\n\t-I IFACE/IP\tSource interface or IP address\n\t-W SEC\t\tSeconds to wait for the first response (default 10)\n\t\t\t(after all -c CNT packets are sent)\n' +
  '\t-w SEC\t\tSeconds until ping exits (default:infinite)\n\t\t\t(can exit earlier with -c CNT)\n\t-q\t\tQuiet, only display output at start/finish\n\t-p HEXBYTE\tPayload pattern\n';

/** ping of busybox. Source: recorded busybox 1.37.0. */
export function busyboxPingProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), { valued: 'cstIiWwp', flags: 'qA46nv' });
    if (read.kind !== 'ok') return busyboxUsage(process, 'ping', BUSYBOX_USAGE, read);
    const values = new Map(read.options);
    const host = read.words[0];
    if (host === undefined) return busyboxUsage(process, 'ping', BUSYBOX_USAGE);
    const bad = [...'cstWwi']
      .map((letter) => ({ letter, value: values.get(letter) }))
      .find(
        ({ letter, value }) => value !== undefined && !(letter === 'i' ? /^\d*\.?\d+$/ : /^\d+$/).test(value),
      )?.value;
    if (bad !== undefined) return complain(process, `invalid number '${bad}'`, 1);
    const network = ports.network(process.machine);
    const family = values.has('4')
      ? 4
      : values.has('6') || process.argv[0]?.endsWith('ping6')
        ? 6
        : undefined;
    const resolved = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, host, {
      family,
    });
    const address = resolved.kind === 'found' ? resolved.addresses[0] : undefined;
    if (address === undefined) return complain(process, `bad address '${host}'`, 1);
    const size = Number(values.get('s') ?? 56);
    await process.out(`PING ${host} (${address}): ${size} data bytes\n`);
    const tally = await runPings(
      process,
      network,
      {
        address,
        count: Number(values.get('c') ?? 0) || Number.MAX_SAFE_INTEGER,
        intervalMs: Math.max(10, Number(values.get('i') ?? 1) * 1_000),
        lingerMs: Number(values.get('W') ?? 10) * 1_000,
        deadlineMs: values.has('w')
          ? process.sys.nowMs() + Number(values.get('w')) * 1_000
          : Number.POSITIVE_INFINITY,
        firstSequence: 0,
      },
      async (result, sequence) => {
        if (result.kind !== 'reply' || values.has('q')) return;
        await process.out(
          `${size + 8} bytes from ${address}: seq=${sequence} ttl=${result.ttl} time=${result.elapsedMs.toFixed(3)} ms\n`,
        );
      },
    );
    const lost = tally.sent === 0 ? 0 : Math.floor(((tally.sent - tally.received) * 100) / tally.sent);
    await process.out(
      `\n--- ${host} ping statistics ---\n${tally.sent} packets transmitted, ${tally.received} packets received, ${lost}% packet loss\n`,
    );
    if (tally.times.length > 0) {
      const mean = tally.times.reduce((a, b) => a + b, 0) / tally.times.length;
      await process.out(
        `round-trip min/avg/max = ${[Math.min(...tally.times), mean, Math.max(...tally.times)].map((ms) => ms.toFixed(3)).join('/')} ms\n`,
      );
    }
    return tally.received > 0 ? 0 : 1;
  };
}
