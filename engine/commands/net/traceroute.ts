import type { EchoResult } from '../../net/socket.ts';
import type { Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { isBusybox } from './busybox.ts';
import { resolveHost, resolverWords } from './resolver.ts';

/** Most probes that traceroute keeps in flight (its -N). */
const IN_FLIGHT = 16;

/** traceroute: the hops between are silent, as the virtual routers send no ICMP of their own. Source: recorded traceroute 2.1. */
export function tracerouteProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), { valued: 'fgimNpqstwzM', flags: 'IT46AdFnrUlveb' });
    const isSmall = isBusybox(process);
    if (read.kind !== 'ok' || read.words.length === 0) {
      await process.err(
        isSmall
          ? 'Usage: traceroute [-46FIlnrv] HOST [BYTES]\n'
          : 'Usage:\n  traceroute [ -46dFITnreAUDV ] host [ packetlen ]\n',
      );
      return isSmall ? 1 : 2;
    }
    const { sys, machine } = process;
    const values = new Map(read.options);
    const host = read.words[0] ?? '';
    const network = ports.network(machine);
    const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
    const address = resolved.kind === 'found' ? resolved.addresses[0] : undefined;
    if (address === undefined) {
      const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
      await process.err(
        isSmall
          ? `traceroute: bad address '${host}'\n`
          : `${host}: ${why}\nCannot handle "host" cmdline arg \`${host}' on position 1 (argc 1)\n`,
      );
      return isSmall ? 1 : 2;
    }
    const hops = Number(values.get('m') ?? 30);
    const probes = Number(values.get('q') ?? 3);
    const waitMs = Number(values.get('w') ?? 5) * 1_000;
    await process.out(
      `traceroute to ${host} (${address}), ${hops} hops max, ${isSmall ? 46 : 60} byte packets\n`,
    );
    const first = await network.ping(sys, { address, sequence: 1, timeoutMs: 0.5 * Math.min(waitMs, 1_000) });
    const line = (hop: number, from: string, result: EchoResult): string => {
      const time = result.kind === 'reply' ? result.elapsedMs.toFixed(3) : '0.084';
      const mark = result.kind === 'unreachable' ? ' !N' : '';
      const shown =
        values.has('n') || host === address
          ? from
          : from === address
            ? `${host} (${from})`
            : `${from} (${from})`;
      return `${String(hop).padStart(2)}  ${shown}${`  ${time} ms${mark}`.repeat(probes).replaceAll(' !N  ', ' !N  ')}\n`;
    };
    if (first.kind === 'reply') {
      const distance = Math.max(1, (first.ttl <= 64 ? 64 : 255) - first.ttl + 1);
      for (let hop = 1; hop < distance && hop < hops; hop++)
        await process.out(
          hop === 1 && isSmall && network.gateway !== undefined
            ? line(1, network.gateway, { kind: 'reply', elapsedMs: 0.084, ttl: 64 })
            : `${String(hop).padStart(2)} ${' *'.repeat(probes)}\n`,
        );
      await process.out(line(Math.min(distance, hops), address, first));
      return 0;
    }
    if (first.kind === 'unreachable') {
      await process.out(line(1, first.from, first));
      return 0;
    }
    const roundMs = isSmall ? probes * waitMs : (probes * waitMs) / IN_FLIGHT;
    const spentMs = 0.5 * Math.min(waitMs, 1_000);
    for (let hop = 1; hop <= hops; hop++) {
      if (hop === 1 && isSmall && network.gateway !== undefined) {
        await process.out(line(1, network.gateway, { kind: 'reply', elapsedMs: 0.084, ttl: 64 }));
        continue;
      }
      const isFirst = hop === 1;
      const pauseMs = isSmall
        ? roundMs
        : hop % Math.max(1, Math.floor(IN_FLIGHT / probes)) === 1 || isFirst
          ? waitMs
          : 0;
      await sys.sleep(Math.max(0, pauseMs - (isFirst ? spentMs : 0)));
      await process.out(`${String(hop).padStart(2)} ${' *'.repeat(probes)}\n`);
    }
    return 0;
  };
}
