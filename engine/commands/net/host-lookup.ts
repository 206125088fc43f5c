import { parseAddress } from '../../net/address.ts';
import type { DnsType } from '../../net/dns.ts';
import type { Network } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import {
  type Answer,
  askServers,
  dnsType,
  reverseName,
  searchNames,
  messageSize,
  questionLine,
  recordLine,
} from './dns-query.ts';
import { hostsEntry, literalAddress, resolveHost, type Resolution } from './resolver.ts';

const HOST_USAGE =
  'Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]\n            [-R number] [-m flag] [-p port] hostname [server]\n       -a is equivalent to -v -t ANY\n' +
  '       -A is like -a but omits RRSIG, NSEC, NSEC3\n       -c specifies query class for non-IN data\n       -C compares SOA records on authoritative nameservers\n       -d is equivalent to -v\n' +
  '       -l lists all hosts in a domain, using AXFR\n       -m set memory debugging flag (trace|record|usage)\n       -N changes the number of dots allowed before root lookup is done\n' +
  '       -p specifies the port on the server to query\n       -r disables recursive processing\n       -R specifies number of retries for UDP packets\n       -s a SERVFAIL response should stop query\n' +
  '       -t specifies the query type\n       -T enables TCP/IP mode\n       -U enables UDP mode\n       -v enables verbose output\n       -V print version number and exit\n' +
  '       -w specifies to wait forever for a reply\n       -W specifies how long to wait for a reply\n       -4 use IPv4 query transport only\n       -6 use IPv6 query transport only\n';

const CODES: Readonly<Record<string, number>> = {
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

/** host of bind. Source: recorded host 9.18. */
export function hostProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), { valued: 'cNtWRmp', flags: 'aACdilrsTUvVw46' });
    if (read.kind !== 'ok' || read.words.length === 0) {
      await process.err(
        `${read.kind === 'unknown' ? `host: illegal option -- ${read.option}\n` : ''}${HOST_USAGE}`,
      );
      return 1;
    }
    const values = new Map(read.options);
    const network = ports.network(process.machine);
    const [name = '', server] = read.words;
    const asked = values.get('t');
    if (asked !== undefined && dnsType(asked) === undefined) {
      await process.err(`host: invalid type: ${asked}\n\n`);
      return 2;
    }
    if (server !== undefined && literalAddress(server) === undefined) {
      const found = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, server);
      if (found.kind !== 'found') {
        await process.err(`host: couldn't get address for '${server}': not found\n`);
        return 1;
      }
    }
    const servers = server === undefined ? network.resolver.nameservers : [server];
    const timeoutMs = values.has('W') ? Number(values.get('W')) * 1_000 : 5_000;
    const ask = (asked: string, type: DnsType): Promise<Answer | undefined> =>
      askServers(process.sys, network, {
        name: asked,
        type,
        servers,
        timeoutMs,
        tries: 2,
        onFailure: (from, why) => process.out(`;; communications error to ${from}#53: ${why}\n`),
      });
    const reverse = reverseName(name);
    const type = dnsType(values.get('t') ?? '');
    const types: readonly DnsType[] = reverse !== undefined ? ['PTR'] : type ? [type] : ['A', 'AAAA', 'MX'];
    if (values.has('a') || values.has('v')) {
      const wanted = values.has('a') ? 'ANY' : (types[0] ?? 'A');
      return wholeAnswer(process, {
        names: reverse === undefined ? searchNames(network, name) : [reverse],
        type: wanted,
        ask,
      });
    }
    return answerHost(process, {
      name,
      names: reverse === undefined ? searchNames(network, name) : [reverse],
      types,
      ask,
      reverse,
      server,
    });
  };
}

/** -a and -v: the answer whole, nearly as dig shows it. */
async function wholeAnswer(
  process: Process,
  job: {
    readonly names: readonly string[];
    readonly type: DnsType;
    readonly ask: (name: string, type: DnsType) => Promise<Answer | undefined>;
  },
): Promise<number> {
  let answer: Answer | undefined;
  for (const candidate of job.names) {
    await process.out(`Trying "${candidate.replace(/\.$/, '')}"\n`);
    answer = await job.ask(candidate, job.type);
    if (answer === undefined) {
      await process.out(';; no servers could be reached\n');
      return 1;
    }
    if (answer.message.code !== 'NXDOMAIN') break;
  }
  if (answer === undefined) return 1;
  const { message } = answer;
  const name = message.question.name.replace(/\.$/, '');
  if (message.code !== 'NOERROR') {
    await process.out(`Host ${name} not found: ${CODES[message.code ?? ''] ?? 2}(${message.code ?? ''})\n`);
  } else {
    const bits = ['qr', message.isAuthoritative ? 'aa' : '', 'rd', message.isRecursionAvailable ? 'ra' : '']
      .filter((bit) => bit !== '')
      .join(' ');
    const sections = (
      [
        ['ANSWER', message.answers],
        ['AUTHORITY', message.authority],
      ] as const
    )
      .filter(([, records]) => (records ?? []).length > 0)
      .map(
        ([title, records]) =>
          `;; ${title} SECTION:\n${(records ?? []).map((record) => recordLine(record)).join('')}\n`,
      )
      .join('');
    await process.out(
      `;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ${message.id}\n;; flags: ${bits}; QUERY: 1, ANSWER: ${message.answers?.length ?? 0}, AUTHORITY: ${message.authority?.length ?? 0}, ADDITIONAL: 0\n\n` +
        `;; QUESTION SECTION:\n${questionLine(`${name}.`, message.question.type)}\n\n${sections}`,
    );
  }
  const size = messageSize({ ...message, hasEdns: false });
  await process.out(
    `Received ${size} bytes from ${answer.server}#53 in ${Math.floor(answer.elapsedMs)} ms\n`,
  );
  return message.code === 'NOERROR' ? 0 : 1;
}

type HostJob = {
  readonly name: string;
  readonly names: readonly string[];
  readonly types: readonly DnsType[];
  readonly ask: (name: string, type: DnsType) => Promise<Answer | undefined>;
  readonly reverse: string | undefined;
  readonly server: string | undefined;
};

async function answerHost(process: Process, job: HostJob): Promise<number> {
  let first: Answer | undefined;
  for (const candidate of job.names) {
    first = await job.ask(candidate, job.types[0] ?? 'A');
    if (first === undefined) {
      await process.out(';; no servers could be reached\n');
      return 1;
    }
    if (first.message.code !== 'NXDOMAIN') break;
  }
  if (first === undefined) return 1;
  if (job.server !== undefined)
    await process.out(`Using domain server:\nName: ${job.server}\nAddress: ${job.server}#53\nAliases: \n\n`);
  const { message } = first;
  if (message.code !== 'NOERROR') {
    const plain = message.code === 'NXDOMAIN' ? job.name : message.question.name;
    const shown = job.reverse ?? plain.replace(/\.$/, '');
    await process.out(`Host ${shown} not found: ${CODES[message.code ?? ''] ?? 2}(${message.code ?? ''})\n`);
    return 1;
  }
  let isAny = false;
  for (const [i, type] of job.types.entries()) {
    const answer = i === 0 ? first : await job.ask(message.question.name, type);
    for (const record of answer?.message.answers ?? []) {
      if (i > 0 && record.type !== type) continue;
      isAny = true;
      const words: Readonly<Record<string, string>> = {
        A: 'has address',
        AAAA: 'has IPv6 address',
        CNAME: 'is an alias for',
        PTR: 'domain name pointer',
        MX: 'mail is handled by',
        NS: 'name server',
        SRV: 'has SRV record',
        TXT: 'descriptive text',
      };
      await process.out(
        `${record.name.replace(/\.$/, '')} ${words[record.type] ?? `has ${record.type} record`} ${record.data}\n`,
      );
    }
  }
  if (!isAny && job.types.length === 1)
    await process.out(`${message.question.name.replace(/\.$/, '')} has no ${job.types[0] ?? 'A'} record\n`);
  return 0;
}

/** getent, the databases that names come from: hosts, ahosts, ahostsv4, ahostsv6. Source: recorded glibc 2.36. */
export function getentProgram(ports: Ports): Program {
  return async (process) => {
    const [database, ...keys] = process.argv.slice(1);
    if (database === undefined) {
      await process.err(
        "Usage: getent [OPTION...] database [key ...]\nTry `getent --help' or `getent --usage' for more information.\n",
      );
      return 1;
    }
    const network = ports.network(process.machine);
    if (database === 'hosts' && keys.length === 0) return listHosts(process, network);
    if (!/^a?hosts(v[46])?$/.test(database)) {
      await process.err(
        `Unknown database: ${database}\nTry \`getent --help' or \`getent --usage' for more information.\n`,
      );
      return 1;
    }
    let code = 0;
    for (const key of keys) {
      const isFound =
        database === 'hosts'
          ? await printHost(process, network, key)
          : await printAll(process, network, database, key);
      if (!isFound) code = 2;
    }
    return code;
  };
}

async function listHosts(process: Process, network: Network): Promise<number> {
  await process.out('127.0.0.1       localhost\n127.0.0.1       localhost ip6-localhost ip6-loopback\n');
  for (const [name, address] of network.hosts)
    if (name !== 'localhost') await process.out(`${address.padEnd(15)} ${name}\n`);
  return 0;
}

async function printHost(process: Process, network: Network, key: string): Promise<boolean> {
  const context = { sys: process.sys, network, libc: process.machine.libc };
  if (literalAddress(key) !== undefined) {
    const name = await reverseLookup(process, network, key);
    if (name !== undefined) await process.out(`${key.padEnd(15)} ${name}\n`);
    return name !== undefined;
  }
  const own = hostsEntry(network, key, 6)[0] ?? hostsEntry(network, key, 4)[0];
  let result: Resolution | undefined;
  if (own === undefined) {
    result = await resolveHost(context, key, { types: ['AAAA'] });
    if (result.kind !== 'found') result = await resolveHost(context, key, { types: ['A'] });
    if (result.kind !== 'found') return false;
  }
  const addresses = own !== undefined ? [own] : result?.kind === 'found' ? result.addresses : [];
  const name = result?.kind === 'found' ? result.canonical : key;
  for (const address of addresses) await process.out(`${address.padEnd(15)} ${name}\n`);
  return true;
}

/** The name that /etc/hosts or DNS gives an address; undefined when there is none. */
export async function reverseLookup(
  process: Process,
  network: Network,
  address: string,
): Promise<string | undefined> {
  if (address === '127.0.0.1' || address === '::1') return 'localhost';
  for (const [name, own] of network.hosts) if (own === address) return name;
  const reverse = reverseName(address);
  if (reverse === undefined || network.resolver.nameservers.length === 0) return undefined;
  const answer = await askServers(process.sys, network, {
    name: reverse,
    type: 'PTR',
    servers: network.resolver.nameservers,
    timeoutMs: 5_000,
    tries: 2,
  });
  const record = answer?.message.answers?.find((one) => one.type === 'PTR');
  return record?.data.replace(/\.$/, '');
}

async function printAll(process: Process, network: Network, database: string, key: string): Promise<boolean> {
  const family = database.endsWith('v4') ? 4 : database.endsWith('v6') ? 6 : undefined;
  const result = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, key, {
    family,
  });
  if (result.kind !== 'found') return false;
  let name = parseAddress(key) ? key : result.canonical;
  for (const address of result.addresses) {
    await process.out(
      `${address.padEnd(15)} STREAM ${name}\n${address.padEnd(15)} DGRAM  \n${address.padEnd(15)} RAW    \n`,
    );
    name = '';
  }
  return true;
}
