import { hashText } from '../../base/hash.ts';
import type { ListeningPort, Network } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { busyboxUsage, isBusybox } from './busybox.ts';

type Facts = {
  readonly address: string;
  readonly bits: number;
  readonly gateway: string;
  readonly mac: string;
  /** The link-local IPv6 address that the kernel makes of the hardware address (EUI-64). */
  readonly linkLocal: string;
  /** What `eth0` is a pair with. */
  readonly peer: string;
};

/** A pod has one address of its own with its node as the next hop; other machines have a network of 256. */
function factsOf(process: Process, network: Network): Facts {
  const address = network.addresses[0] ?? '127.0.0.1';
  const isPod = process.machine.id.startsWith('pod/');
  const digits = hashText(`${process.machine.id}/${address}`);
  const mac = ['3a', ...(digits.slice(0, 10).match(/../g) ?? [])].join(':');
  const bytes = mac.split(':').map((pair) => Number.parseInt(pair, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const word = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const linkLocal = `fe80::${word(a ^ 2, b)}:${word(c, 0xff)}:${word(0xfe, d)}:${word(e, f)}`;
  const gateway = network.gateway ?? address.replace(/\.\d+$/, '.1');
  return { address, bits: isPod ? 32 : 24, gateway, mac, linkLocal, peer: isPod ? 'if9' : 'if2' };
}

/** ip: address, link and route, to look at. Source: recorded iproute2 6.1 and busybox 1.37.0. */
export function ipProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    const flags = words.filter((word) => word.startsWith('-'));
    const [object = '', ...rest] = words.filter((word) => !word.startsWith('-'));
    const facts = factsOf(process, ports.network(process.machine));
    const isSmall = isBusybox(process);
    if (object === '') {
      await process.err('Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n');
      return 255;
    }
    if ('address'.startsWith(object)) return addresses(process, facts, { flags, rest, isSmall });
    if ('link'.startsWith(object)) {
      await process.out(linkLines(facts, isSmall, rest, ' mode DEFAULT').join(''));
      return 0;
    }
    if ('route'.startsWith(object)) return routes(process, facts, rest, isSmall);
    if ('neighbour'.startsWith(object) || object === 'neighbor') return 0;
    await process.err(`Object "${object}" is unknown, try "ip help".\n`);
    return 1;
  };
}

function wanted(rest: readonly string[]): string | undefined {
  const name = rest.filter((word) => !['show', 'list', 'ls', 'dev', 's', 'sh'].includes(word))[0];
  return name;
}

function linkLines(facts: Facts, isSmall: boolean, rest: readonly string[], mode: string): string[] {
  const name = wanted(rest);
  const state = (text: string): string => (isSmall ? '' : ` state ${text}${mode} group default`);
  const lines: string[] = [];
  if (name === undefined || name === 'lo') {
    lines.push(
      `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue${state('UNKNOWN')} qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n`,
    );
  }
  if (name === undefined || name === 'eth0') {
    lines.push(
      `2: eth0@${facts.peer}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue${state('UP')} qlen 1000\n    link/ether ${facts.mac} brd ff:ff:ff:ff:ff:ff link-netnsid 0\n`,
    );
  }
  return lines;
}

async function addresses(
  process: Process,
  facts: Facts,
  asked: { flags: readonly string[]; rest: readonly string[]; isSmall: boolean },
): Promise<number> {
  const { flags, rest, isSmall } = asked;
  const name = wanted(rest);
  if (name !== undefined && name !== 'lo' && name !== 'eth0') {
    await process.err(isSmall ? `ip: can't find device '${name}'\n` : `Device "${name}" does not exist.\n`);
    return 1;
  }
  if (flags.includes('-j') || flags.includes('-json')) {
    const eth0 = {
      ifindex: 2,
      ifname: 'eth0',
      mtu: 1500,
      operstate: 'UP',
      address: facts.mac,
      addr_info: [
        { family: 'inet', local: facts.address, prefixlen: facts.bits, scope: 'global', label: 'eth0' },
      ],
    };
    await process.out(
      `${JSON.stringify(name === undefined ? [{ ifindex: 1, ifname: 'lo', mtu: 65536, operstate: 'UNKNOWN', addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host', label: 'lo' }] }, eth0] : [eth0])}\n`,
    );
    return 0;
  }
  if (flags.some((flag) => /^-br/.test(flag))) {
    await process.out(
      `lo               UNKNOWN        127.0.0.1/8 ::1/128 \neth0@${facts.peer}         UP             ${facts.address}/${facts.bits} ${facts.linkLocal}/64 \n`,
    );
    return 0;
  }
  const inet = [
    '    inet 127.0.0.1/8 scope host lo\n',
    `    inet ${facts.address}/${facts.bits} scope global eth0\n`,
  ];
  const isV4 = flags.includes('-4');
  const links = linkLines(facts, isSmall, rest, '').map((text) =>
    isV4 ? `${text.split('\n')[0] ?? ''}\n` : text,
  );
  const lifetime = '       valid_lft forever preferred_lft forever\n';
  for (const link of links) {
    const isLoopback = link.startsWith('1:');
    const own = isLoopback ? '::1/128 scope host' : `${facts.linkLocal}/64 scope link`;
    const v6 = isV4 ? '' : `    inet6 ${own} \n${lifetime}`;
    await process.out(`${link}${isLoopback ? inet[0] : inet[1]}${lifetime}${v6}`);
  }
  return 0;
}

async function routes(
  process: Process,
  facts: Facts,
  rest: readonly string[],
  isSmall: boolean,
): Promise<number> {
  if (rest[0] === 'get' || rest[0] === 'g') {
    const to = rest[1] ?? '';
    await process.out(
      `${to} via ${facts.gateway} dev eth0 ${isSmall ? ' ' : ''}src ${facts.address}${isSmall ? ' \n' : ' uid 0 \n    cache \n'}`,
    );
    return 0;
  }
  const near =
    facts.bits === 32
      ? `${facts.gateway} dev eth0 scope link \n`
      : `${facts.gateway.replace(/\.1$/, '.0')}/24 dev eth0 ${isSmall ? 'scope link  ' : 'proto kernel scope link '}src ${facts.address} \n`;
  await process.out(`default via ${facts.gateway} dev eth0 \n${near}`);
  return 0;
}

/** ifconfig, as busybox and net-tools print one interface. Source: recorded busybox 1.37.0. */
export function ifconfigProgram(ports: Ports): Program {
  return async (process) => {
    const facts = factsOf(process, ports.network(process.machine));
    const name = process.argv.slice(1).find((word) => !word.startsWith('-'));
    if (name !== undefined && name !== 'eth0' && name !== 'lo') {
      await process.err(`ifconfig: ${name}: error fetching interface information: Device not found\n`);
      return 1;
    }
    const mask = facts.bits === 32 ? '255.255.255.255' : '255.255.255.0';
    const counters = (queue: number): string =>
      '          RX packets:0 errors:0 dropped:0 overruns:0 frame:0\n          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0\n' +
      `          collisions:0 txqueuelen:${queue} \n          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)\n\n`;
    if (name !== 'lo') {
      await process.out(
        `eth0      Link encap:Ethernet  HWaddr ${facts.mac.toUpperCase()}  \n          inet addr:${facts.address}  Bcast:0.0.0.0  Mask:${mask}\n          inet6 addr: ${facts.linkLocal}/64 Scope:Link\n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n${counters(1000)}`,
      );
    }
    if (name !== 'eth0') {
      await process.out(
        `lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n          inet6 addr: ::1/128 Scope:Host\n          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n${counters(1000)}`,
      );
    }
    return 0;
  };
}

/** route: the table, as net-tools and busybox print it. Source: recorded busybox 1.37.0. */
export function routeProgram(ports: Ports): Program {
  return async (process) => {
    const facts = factsOf(process, ports.network(process.machine));
    const isNumeric = process.argv.slice(1).some((word) => /^-[a-z]*n/.test(word));
    const row = (cells: readonly [string, string, string, string]): string => {
      const [to, via, mask, flags] = cells;
      return `${to.padEnd(15)} ${via.padEnd(15)} ${mask.padEnd(15)} ${flags.padEnd(5)} 0      0        0 eth0\n`;
    };
    const near = facts.gateway.replace(/\.\d+$/, '.0');
    const none = isNumeric ? '0.0.0.0' : '*';
    const local: readonly [string, string, string, string] =
      facts.bits === 32 ? [facts.gateway, none, '255.255.255.255', 'UH'] : [near, none, '255.255.255.0', 'U'];
    await process.out(
      `Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n${row([isNumeric ? '0.0.0.0' : 'default', facts.gateway, '0.0.0.0', 'UG'])}${row(local)}`,
    );
    return 0;
  };
}

/** arp: the router is the only neighbour that a machine has talked to. Source: recorded busybox 1.37.0. */
export function arpProgram(ports: Ports): Program {
  return async (process) => {
    const { gateway } = factsOf(process, ports.network(process.machine));
    const mac = ['4e', ...(hashText(`router ${gateway}`).slice(0, 10).match(/../g) ?? [])].join(':');
    const isSmall = isBusybox(process);
    await process.out(
      isSmall
        ? `? (${gateway}) at ${mac} [ether]  on eth0\n`
        : `Address                  HWtype  HWaddress           Flags Mask            Iface\n${gateway.padEnd(24)} ether   ${mac}   C                     eth0\n`,
    );
    return 0;
  };
}

/** The listening ports that flags ask for: -t, -u, both without them; nothing without -l or -a. */
function asked(network: Network, flags: string): readonly ListeningPort[] {
  if (!/[la]/.test(flags)) return [];
  const wanted = ['t', 'u'].filter((letter) => flags.includes(letter)).join('') || 'tu';
  return (network.listening?.() ?? []).filter(({ protocol }) =>
    wanted.includes(protocol === 'TCP' ? 't' : 'u'),
  );
}

/** ss: the ports that are waited on; the virtual machines keep no list of connections. Columns as in iproute2 6.1. */
export function ssProgram(ports: Ports): Program {
  return async (process) => {
    const flags = process.argv.slice(1).join('');
    if (flags.includes('Z')) {
      await process.err('ss: SELinux is not enabled.\n');
      return 1;
    }
    const isMixed = flags.includes('t') === flags.includes('u');
    const rows = asked(ports.network(process.machine), flags).map(({ port, protocol, isLocal }) => {
      const isTcp = protocol === 'TCP';
      const local = `${(isLocal ? '127.0.0.1' : '0.0.0.0').padStart(13)}:${String(port).padEnd(5)}`;
      const queue = isTcp ? 'LISTEN 0      4096  ' : 'UNCONN 0      0     ';
      return `${isMixed ? `${protocol.toLowerCase()}   ` : ''}${queue} ${local}      0.0.0.0:*          \n`;
    });
    const state = rows.length === 0 ? 'State' : 'State ';
    const gap = rows.length === 0 ? '' : ' ';
    const head = `${isMixed ? 'Netid ' : ''}${state} Recv-Q Send-Q Local Address:Port${gap} Peer Address:PortProcess\n`;
    await process.out(head + rows.join(''));
    return 0;
  };
}

/** netstat: the ports that are waited on, and the routing table with -r. */
export function netstatProgram(ports: Ports): Program {
  return async (process) => {
    const flags = process.argv.slice(1).join('');
    if (isBusybox(process) && flags.includes('p') && process.machine.libc === 'glibc') {
      const usage =
        "Usage: netstat [-ral] [-tuwx] [-en]\n\nDisplay networking information\n\n\t-r\tRouting table\n\t-a\tAll sockets\n\t-l\tListening sockets\n\t\tElse: connected sockets\n\t-t\tTCP sockets\n\t-u\tUDP sockets\n\t-w\tRaw sockets\n\t-x\tUnix sockets\n\t\tElse: all socket types\n\t-e\tOther/more information\n\t-n\tDon't resolve names\n";
      return busyboxUsage(process, 'netstat', usage, { kind: 'unknown', option: 'p' });
    }
    if (flags.includes('r')) {
      const facts = factsOf(process, ports.network(process.machine));
      const row = (to: string, via: string, mask: string, mark: string): string =>
        `${to.padEnd(16)}${via.padEnd(16)}${mask.padEnd(16)}${mark.padEnd(6)} 0 0          0 eth0\n`;
      await process.out(
        `Kernel IP routing table\nDestination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n${row('0.0.0.0', facts.gateway, '0.0.0.0', 'UG')}`,
      );
      return 0;
    }
    const kind = flags.includes('l')
      ? 'only servers'
      : flags.includes('a')
        ? 'servers and established'
        : 'w/o servers';
    const rows = asked(ports.network(process.machine), flags).map(({ port, protocol, isLocal }) => {
      const local = `${isLocal ? '127.0.0.1' : '0.0.0.0'}:${port}`.padEnd(23);
      const state = (protocol === 'TCP' ? 'LISTEN' : '').padEnd(12);
      return `${protocol.toLowerCase()}        0      0 ${local} ${'0.0.0.0:*'.padEnd(23)} ${state}\n`;
    });
    await process.out(
      `Active Internet connections (${kind})\nProto Recv-Q Send-Q Local Address           Foreign Address         State       \n${rows.join('')}`,
    );
    return 0;
  };
}
