import type { Flow, TcpFlags } from '../../hubble/flow.ts';

/** A packet's headers as the monitor dissects them, and its bytes. */
export type Packet = {
  /** Lines of the verbose form by layer: `ethernet`, `ipv4`, `tcp` …, in order. */
  readonly layers: readonly (readonly [name: string, text: string])[];
  readonly bytes: Uint8Array;
};

/** The smallest Ethernet frame without its checksum. */
const FRAME_MIN = 60;

/** Service names of ports that gopacket prints beside the number (IANA), for both transports. */
const PORT_NAMES: ReadonlyMap<number, string> = new Map([
  [20, 'ftp-data'],
  [21, 'ftp'],
  [22, 'ssh'],
  [25, 'smtp'],
  [53, 'domain'],
  [80, 'http'],
  [82, 'xfer'],
  [88, 'kerberos'],
  [110, 'pop3'],
  [123, 'ntp'],
  [143, 'imap'],
  [179, 'bgp'],
  [389, 'ldap'],
  [443, 'https'],
  [853, 'domain-s'],
  [993, 'imaps'],
  [2379, 'etcd-client'],
  [2380, 'etcd-server'],
  [3000, 'hbci'],
  [3306, 'mysql'],
  [3868, 'diameter'],
  [5432, 'postgresql'],
  [5672, 'amqp'],
  [6379, 'redis'],
  [6443, 'sun-sr-https'],
  [7000, 'afs3-fileserver'],
  [7001, 'afs3-callback'],
  [8000, 'irdmi'],
  [8080, 'http-alt'],
  [8443, 'pcsync-https'],
  [8888, 'ddi-tcp-1'],
  [9042, 'cs-auth-svr'],
  [9090, 'websm'],
  [9100, 'hp-pdl-datastr'],
  [9200, 'wap-wsp'],
  [43_210, 'shaperai'],
  [45_678, 'eba'],
]);

function portText(port: number): string {
  const name = PORT_NAMES.get(port);
  return name === undefined ? String(port) : `${port}(${name})`;
}

/** What a layer shows of its bytes: few are listed, more are counted. */
function shownBytes(bytes: readonly number[]): string {
  if (bytes.length === 0) return '[]';
  return bytes.length < 5 ? `[${bytes.join(', ')}]` : `[..${bytes.length}..]`;
}

type Part = {
  readonly name: string;
  readonly text: string;
  readonly bytes: readonly number[];
  readonly number: number;
  readonly title: string;
};

/** Rebuilds the packet that an event is about from what its flow says; what flows do not carry is zero. */
export function packetOf(flow: Flow): Packet {
  const transport = transportOf(flow);
  const network = flow.IP ? networkOf(flow, transport) : undefined;
  const rest = [...(network?.bytes ?? []), ...(transport?.bytes ?? [])];
  const type = !flow.IP ? 'LLC' : flow.IP.ipVersion === 'IPv6' ? 'IPv6' : 'IPv4';
  const [source, destination] = [flow.ethernet?.source ?? '', flow.ethernet?.destination ?? ''];
  const frame = [
    ...macBytes(destination),
    ...macBytes(source),
    ...(type === 'IPv6' ? [0x86, 0xdd] : [0x08, 0x00]),
    ...rest,
  ];
  while (frame.length < FRAME_MIN) frame.push(0);
  const ethernet = `Ethernet\t{Contents=[..14..] Payload=[..${frame.length - 14}..] SrcMAC=${source} DstMAC=${destination} EthernetType=${type} Length=0}`;
  const parts = [network, transport].flatMap((part) => (part ? [[part.name, part.text] as const] : []));
  return { layers: [['ethernet', ethernet], ...parts], bytes: Uint8Array.from(frame) };
}

function macBytes(text: string): readonly number[] {
  const bytes = text.split(':').map((part) => Number.parseInt(part, 16));
  return bytes.length === 6 && bytes.every((byte) => byte >= 0) ? bytes : [0, 0, 0, 0, 0, 0];
}

function word(value: number): readonly number[] {
  return [(value >> 8) & 255, value & 255];
}

function networkOf(flow: Flow, transport: Part | undefined): Part {
  const isSix = flow.IP?.ipVersion === 'IPv6';
  const payload = transport?.bytes ?? [];
  const shown = shownBytes(payload);
  const ends = `SrcIP=${flow.IP?.source ?? ''} DstIP=${flow.IP?.destination ?? ''}`;
  const protocol = transport?.number ?? 0;
  const title = transport?.title ?? '0';
  if (isSix) {
    const bytes = [
      0x60,
      0,
      0,
      0,
      ...word(payload.length),
      protocol,
      63,
      ...sixBytes(flow.IP?.source),
      ...sixBytes(flow.IP?.destination),
    ];
    const text = `IPv6\t{Contents=[..40..] Payload=${shown} Version=6 TrafficClass=0 FlowLabel=0 Length=${payload.length} NextHeader=${title} HopLimit=63 ${ends} HopByHop=nil}`;
    return { name: 'ipv6', text, bytes, number: 0, title: '' };
  }
  const length = 20 + payload.length;
  const bytes = [
    0x45,
    0,
    ...word(length),
    0,
    0,
    0,
    0,
    63,
    protocol,
    0,
    0,
    ...fourBytes(flow.IP?.source),
    ...fourBytes(flow.IP?.destination),
  ];
  const text = `IPv4\t{Contents=[..20..] Payload=${shown} Version=4 IHL=5 TOS=0 Length=${length} Id=0 Flags= FragOffset=0 TTL=63 Protocol=${title} Checksum=0 ${ends} Options=[] Padding=[]}`;
  return { name: 'ipv4', text, bytes, number: 0, title: '' };
}

function fourBytes(address: string | undefined): readonly number[] {
  const bytes = (address ?? '').split('.').map(Number);
  return bytes.length === 4 ? bytes.map((byte) => byte & 255) : [0, 0, 0, 0];
}

function sixBytes(address: string | undefined): readonly number[] {
  const [head = '', tail] = (address ?? '').split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => 0);
  return [...first, ...middle, ...last].slice(0, 8).flatMap((group) => word(group));
}

const FLAG_BITS: readonly (readonly [keyof TcpFlags, number])[] = [
  ['FIN', 1],
  ['SYN', 2],
  ['RST', 4],
  ['PSH', 8],
  ['ACK', 16],
  ['URG', 32],
  ['ECE', 64],
  ['CWR', 128],
  ['NS', 256],
];

function transportOf(flow: Flow): Part | undefined {
  const { l4 } = flow;
  if (l4?.TCP) {
    const { source_port: from = 0, destination_port: to = 0, flags = {} } = l4.TCP;
    const bits = FLAG_BITS.filter(([name]) => flags[name] === true).reduce((sum, [, bit]) => sum + bit, 0);
    const bytes = [
      ...word(from),
      ...word(to),
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x50 | (bits >> 8),
      bits & 255,
      0xfa,
      0xf0,
      0,
      0,
      0,
      0,
    ];
    const shown = FLAG_BITS.map(([name]) => `${name}=${flags[name] === true}`).join(' ');
    const text = `TCP\t{Contents=[..20..] Payload=[] SrcPort=${portText(from)} DstPort=${portText(to)} Seq=0 Ack=0 DataOffset=5 ${shown} Window=64240 Checksum=0 Urgent=0 Options=[] Padding=[] Multipath=false}`;
    return { name: 'tcp', text, bytes, number: 6, title: 'TCP' };
  }
  if (l4?.UDP) {
    const { source_port: from = 0, destination_port: to = 0 } = l4.UDP;
    const text = `UDP\t{Contents=[..8..] Payload=[] SrcPort=${portText(from)} DstPort=${portText(to)} Length=8 Checksum=0}`;
    return { name: 'udp', text, bytes: [...word(from), ...word(to), 0, 8, 0, 0], number: 17, title: 'UDP' };
  }
  if (l4?.SCTP) {
    const { source_port: from = 0, destination_port: to = 0 } = l4.SCTP;
    const chunk = [1, 0, 0, 4];
    const text = `SCTP\t{Contents=[..12..] Payload=${shownBytes(chunk)} SrcPort=${portText(from)} DstPort=${portText(to)} VerificationTag=0 Checksum=0}`;
    const bytes = [...word(from), ...word(to), 0, 0, 0, 0, 0, 0, 0, 0, ...chunk];
    return { name: 'sctp', text, bytes, number: 132, title: 'SCTP' };
  }
  return l4?.ICMPv4 ? icmpFour(flow) : l4?.ICMPv6 ? icmpSix(flow) : undefined;
}

function icmpFour(flow: Flow): Part {
  const { type = 0, code = 0 } = flow.l4?.ICMPv4 ?? {};
  const name = (flow.Summary ?? '').replace('ICMPv4 ', '');
  const text = `ICMPv4\t{Contents=[..8..] Payload=[] TypeCode=${name} Checksum=0 Id=1 Seq=1}`;
  return { name: 'icmpv4', text, bytes: [type, code, 0, 0, 0, 1, 0, 1], number: 1, title: 'ICMPv4' };
}

function icmpSix(flow: Flow): Part {
  const { type = 0, code = 0 } = flow.l4?.ICMPv6 ?? {};
  const bytes = [type, code, 0, 0];
  const name = (flow.Summary ?? '').replace('ICMPv6 ', '');
  const text = `ICMPv6\t{Contents=${shownBytes(bytes)} Payload=[] TypeCode=${name} Checksum=0 TypeBytes=[]}`;
  return { name: 'icmpv6', text, bytes, number: 58, title: 'ICMPv6' };
}

/** Bytes as `hexdump -C` shows them. */
export function hexDump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte, i) => `${byte.toString(16).padStart(2, '0')} ${i === 7 ? ' ' : ''}`).join('');
    const letters = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    text += `${at.toString(16).padStart(8, '0')}  ${hex.padEnd(50)}|${letters}|\n`;
  }
  return text;
}
