import type { Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { busyboxUsage, isBusybox } from './busybox.ts';
import { pump } from './pump.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText, servicePort } from './words.ts';

const BUSYBOX_USAGE =
  'Usage: telnet [-a] [-l USER] HOST [PORT]\n\nConnect to telnet server\n\n\t-a\tAutomatic login with $USER variable\n\t-l USER\tAutomatic login as USER\n';

/** telnet of inetutils, or busybox's where busybox is. Source: recorded inetutils 2.4 and busybox 1.37.0. */
export function telnetProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1).filter((word) => !/^-[a-zA-Z0-9]+$/.test(word));
    const [host, portWord = '23'] = words;
    const isSmall = isBusybox(process);
    if (host === undefined) {
      if (isSmall) return busyboxUsage(process, 'telnet', BUSYBOX_USAGE);
      await process.err('usage: telnet host [port]\n');
      return 1;
    }
    const { sys, machine } = process;
    const network = ports.network(machine);
    const port = servicePort(portWord);
    if (port === undefined) {
      await process.err(`telnet: bad port ${portWord}\n`);
      return 1;
    }
    const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
    if (resolved.kind !== 'found') {
      const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
      await process.err(
        isSmall ? `telnet: bad address '${host}'\n` : `Server lookup failure:  ${host}:${portWord}, ${why}\n`,
      );
      return 1;
    }
    let last = '';
    for (const address of isSmall ? resolved.addresses.slice(0, 1) : resolved.addresses) {
      if (!isSmall) await process.out(`Trying ${address}...\n`);
      const result = await network.connect(sys, { address, port });
      if (result.kind !== 'connected') {
        last = isSmall
          ? `telnet: can't connect to remote host (${address}): `
          : 'telnet: Unable to connect to remote host: ';
        last += errorText(machine.libc, connectError(result));
        continue;
      }
      await process.out(
        isSmall
          ? `Connected to ${host}\n\nEntering character mode\nEscape character is '^]'.\n\n`
          : `Connected to ${host}.\nEscape character is '^]'.\n`,
      );
      await pump(process, result.connection, { atEnd: 'finish', isReading: true });
      result.connection.close();
      await process.out(
        isSmall ? 'Connection closed by foreign host\n' : 'Connection closed by foreign host.\n',
      );
      return 1;
    }
    await process.err(`${last}\n`);
    return 1;
  };
}
