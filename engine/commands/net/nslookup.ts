import { parseAddress } from '../../net/address.ts';
import type { DnsMessage, DnsRecord, DnsType } from '../../net/dns.ts';
import type { Network } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { busyboxUsage } from './busybox.ts';
import { type Answer, askServers, dnsType, reverseName, searchNames } from './dns-query.ts';
import { queryId, resolveHost } from './resolver.ts';

type Lookup = {
  readonly process: Process;
  readonly network: Network;
  servers: readonly string[];
  types: readonly DnsType[];
  timeoutMs: number;
  tries: number;
  /** -debug: shows each answer whole. */
  isDebug?: boolean;
};

/** nslookup of bind. Source: recorded nslookup 9.18. */
export function nslookupProgram(ports: Ports): Program {
  return async (process) => {
    const network = ports.network(process.machine);
    const lookup: Lookup = {
      process,
      network,
      servers: network.resolver.nameservers,
      types: ['A', 'AAAA'],
      timeoutMs: 5_000,
      tries: 3,
    };
    const words: string[] = [];
    for (const word of process.argv.slice(1)) {
      const option = /^-([a-z0-9]+)(?:=(.*))?$/i.exec(word);
      if (!option) words.push(word);
      else applyOption(lookup, option[1] ?? '', option[2] ?? '');
    }
    const [name, server] = words;
    if (server !== undefined && !(await chooseServer(lookup, server))) return 1;
    if (name === undefined) return interactive(lookup);
    return lookUp(lookup, name);
  };
}

function applyOption(lookup: Lookup, name: string, value: string): void {
  const type = dnsType(value);
  if (/^(type|query|querytype|q|ty)$/.test(name) && type) lookup.types = [type];
  else if (name === 'debug') lookup.isDebug = true;
  else if (name === 'nodebug') lookup.isDebug = false;
  else if (name === 'timeout') lookup.timeoutMs = Number(value) * 1_000;
  else if (name === 'retry') lookup.tries = Math.max(1, Number(value));
}

async function chooseServer(lookup: Lookup, server: string): Promise<boolean> {
  if (parseAddress(server)) {
    lookup.servers = [server];
    return true;
  }
  const { process, network } = lookup;
  const resolved = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, server);
  if (resolved.kind !== 'found') {
    await process.err(`nslookup: couldn't get address for '${server}': not found\n`);
    return false;
  }
  lookup.servers = resolved.addresses;
  return true;
}

async function interactive(lookup: Lookup): Promise<number> {
  const { process } = lookup;
  const prompt = process.tty('stdin') ? '> ' : '';
  let code = 0;
  for (;;) {
    await process.out(prompt);
    const line = await process.stdin.readLine(process.sys);
    const [word = '', value = ''] = (line ?? 'exit').trim().split(/\s+/);
    if (word === 'exit') {
      await process.out('\n');
      return code;
    }
    if (word === 'server') {
      if (value !== '') await chooseServer(lookup, value);
      await process.out(
        `Default server: ${lookup.servers[0] ?? ''}\nAddress: ${lookup.servers[0] ?? ''}#53\n`,
      );
    } else if (word === 'set') applyOption(lookup, value.split('=')[0] ?? '', value.split('=')[1] ?? '');
    else if (word !== '') code = await lookUp(lookup, word, '');
  }
}

async function lookUp(lookup: Lookup, name: string, end = '\n'): Promise<number> {
  const { process, network } = lookup;
  const reverse = reverseName(name);
  const names = reverse === undefined ? searchNames(network, name) : [reverse];
  const types = reverse === undefined ? lookup.types : (['PTR'] as const);
  const [first = 'A', ...others] = types;
  let last: Answer | undefined;
  let failed = 0;
  for (const candidate of names) {
    last = await question(lookup, candidate, first);
    if (last === undefined) {
      await process.out(`;; no servers could be reached\n${end}`);
      return 1;
    }
    if (last.message.code !== 'NXDOMAIN') break;
    if (lookup.isDebug && candidate !== names.at(-1)) {
      const head = `Server:\t\t${last.server}\nAddress:\t${last.server}#53\n\n`;
      const shown = candidate.replace(/\.$/, '');
      await process.out(`${head}${debugText(last.message)}** server can't find ${shown}: NXDOMAIN\n`);
      failed = 1;
    }
  }
  if (last === undefined) return 1;
  const { message, server } = last;
  if (message.code === 'SERVFAIL') await process.out(`;; Got SERVFAIL reply from ${server}\n`);
  if (reverse === undefined) await process.out(`Server:\t\t${server}\nAddress:\t${server}#53\n\n`);
  if (lookup.isDebug) await process.out(debugText(message));
  if (message.code !== 'NOERROR') {
    const shown = message.code === 'NXDOMAIN' ? name : message.question.name;
    await process.out(
      `** server can't find ${(reverse ?? shown).replace(/\.$/, '')}: ${message.code ?? 'NOERROR'}\n${end}`,
    );
    return 1;
  }
  const known = new Set<string>();
  if (!message.isAuthoritative && reverse === undefined) await process.out('Non-authoritative answer:\n');
  let printed = await printAnswers(process, message, known);
  for (const type of others) {
    const more = await question(lookup, message.question.name, type);
    if (more && lookup.isDebug) await process.out(debugText(more.message));
    if (more) printed = (await printAnswers(process, more.message, known)) || printed;
  }
  if (!printed) await process.out(`*** Can't find ${name}: No answer\n`);
  await process.out(end);
  return failed;
}

/** One answer with all its sections, as -debug shows it. */
function debugText(message: DnsMessage): string {
  const record = (one: DnsRecord): string => {
    const words = one.data.split(' ');
    const bare = (text = ''): string => text.replace(/\.$/, '');
    const lines =
      one.type === 'SOA'
        ? ['origin', 'mail addr', 'serial', 'refresh', 'retry', 'expire', 'minimum'].map(
            (name, i) => `\t${name} = ${i < 2 ? bare(words[i]) : (words[i] ?? '')}\n`,
          )
        : one.type === 'A'
          ? [`\tinternet address = ${one.data}\n`]
          : one.type === 'AAAA'
            ? [`\thas AAAA address ${one.data}\n`]
            : [`\t${one.type === 'CNAME' ? 'canonical name' : one.type.toLowerCase()} = ${one.data}\n`];
    return `    ->  ${bare(one.name)}\n${lines.join('')}\tttl = ${one.ttl}\n`;
  };
  const { name, type } = message.question;
  return (
    `------------\n    QUESTIONS:\n\t${name.replace(/\.$/, '')}, type = ${type}, class = IN\n` +
    `    ANSWERS:\n${(message.answers ?? []).map(record).join('')}` +
    `    AUTHORITY RECORDS:\n${(message.authority ?? []).map(record).join('')}    ADDITIONAL RECORDS:\n------------\n`
  );
}

async function question(lookup: Lookup, name: string, type: DnsType): Promise<Answer | undefined> {
  const { process, network, servers, timeoutMs, tries } = lookup;
  const onFailure = (server: string, why: string): Promise<void> =>
    process.out(`;; communications error to ${server}#53: ${why}\n`);
  const answer = await askServers(process.sys, network, {
    name,
    type,
    servers,
    timeoutMs,
    tries,
    onFailure,
    onTruncated: () => process.out(';; Truncated, retrying in TCP mode.\n'),
  });
  if (
    answer &&
    !answer.message.isRecursionAvailable &&
    answer.message.code !== 'REFUSED' &&
    answer.message.code !== 'SERVFAIL'
  ) {
    await process.out(`;; Got recursion not available from ${answer.server}\n`);
  }
  return answer;
}

async function printAnswers(process: Process, message: DnsMessage, known: Set<string>): Promise<boolean> {
  let isAny = false;
  for (const record of message.answers ?? []) {
    const owner = record.name.replace(/\.$/, '');
    isAny = true;
    const key = `${record.type}/${owner}/${record.data}`;
    if (known.has(key)) continue;
    known.add(key);
    if (record.type === 'A' || record.type === 'AAAA')
      await process.out(`Name:\t${owner}\nAddress: ${record.data}\n`);
    else if (record.type === 'CNAME') await process.out(`${owner}\tcanonical name = ${record.data}\n`);
    else if (record.type === 'PTR') await process.out(`${owner}\tname = ${record.data}\n`);
    else if (record.type === 'MX') await process.out(`${owner}\tmail exchanger = ${record.data}\n`);
    else if (record.type === 'NS') await process.out(`${owner}\tnameserver = ${record.data}\n`);
    else if (record.type === 'SRV') await process.out(`${owner}\tservice = ${record.data}\n`);
    else await process.out(`${owner}\ttext = ${record.data}\n`);
  }
  return isAny;
}

const BUSYBOX_USAGE =
  'Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\nQuery DNS about HOST\n\nQUERY_TYPE: soa,ns,a,aaaa,cname,mx,txt,ptr,srv,any\n';

/** nslookup of busybox: the search list only for names without a dot, every query at once. Source: recorded busybox 1.37.0. */
export function busyboxNslookupProgram(ports: Ports): Program {
  return async (process) => {
    const network = ports.network(process.machine);
    let types: readonly DnsType[] = ['A', 'AAAA'];
    let isTyped = false;
    const words: string[] = [];
    for (const word of process.argv.slice(1)) {
      const option = /^-(?:type|query|querytype|q)=(.*)$/.exec(word);
      const type = option ? dnsType(option[1] ?? '') : undefined;
      if (option && type === undefined) {
        await process.err(`nslookup: invalid query type "${option[1]}"\n`);
        return 1;
      }
      if (type) {
        types = [type];
        isTyped = true;
      } else if (!word.startsWith('-')) words.push(word);
      else if (!/^-(debug|port=|timeout=|retry=|querytype|query|type)/.test(word))
        return busyboxUsage(process, 'nslookup', BUSYBOX_USAGE);
    }
    const [name, server] = words;
    if (name === undefined) return busyboxUsage(process, 'nslookup', BUSYBOX_USAGE);
    let servers = network.resolver.nameservers;
    if (server !== undefined) {
      const resolved = await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, server);
      if (resolved.kind !== 'found') {
        await process.err(`nslookup: bad address '${server}'\n`);
        return 1;
      }
      servers = resolved.addresses.slice(0, 1);
    }
    const reverse = isTyped ? undefined : reverseName(name);
    const bare = name.replace(/\.$/, '');
    const names =
      reverse !== undefined
        ? [reverse]
        : bare.includes('.') || server !== undefined
          ? [`${bare}.`]
          : network.resolver.search.map((domain) => `${bare}.${domain}.`);
    const questions = (reverse === undefined ? types : (['PTR'] as const)).flatMap((type) =>
      names.map((one) => ({ name: one, type })),
    );
    return askAll(process, network, servers, questions);
  };
}

async function askAll(
  process: Process,
  network: Network,
  servers: readonly string[],
  questions: readonly { name: string; type: DnsType }[],
): Promise<number> {
  const { sys } = process;
  const endMs = sys.nowMs() + 5_000;
  for (const server of servers) {
    const socket = network.udp();
    const ids = new Map(
      questions.map(
        (question, i) =>
          [queryId(sys, `${question.name}${question.type}${socket.local.port}${i}`), i] as const,
      ),
    );
    const answers = new Map<number, DnsMessage>();
    let isRefused = false;
    const send = (): void => {
      for (const [id, i] of ids) {
        const question = questions[i];
        if (question && !answers.has(i))
          socket.send({ address: server, port: 53 }, { dns: { id, question } });
      }
    };
    send();
    let resendMs = sys.nowMs() + 2_500;
    while (answers.size < questions.length && sys.nowMs() < endMs) {
      const got = await socket.receive(sys, Math.max(0, Math.min(endMs, resendMs) - sys.nowMs()));
      if (got.kind === 'refused') {
        isRefused = true;
        break;
      }
      if (got.kind === 'timeout' && sys.nowMs() >= resendMs && sys.nowMs() < endMs) {
        resendMs = Number.POSITIVE_INFINITY;
        send();
      }
      if (got.kind !== 'datagram' || !('dns' in got.payload)) continue;
      const i = ids.get(got.payload.dns.id);
      if (i !== undefined) answers.set(i, got.payload.dns);
    }
    socket.close();
    if (isRefused) await process.err(`nslookup: write to '${server}': Connection refused\n`);
    if (answers.size === 0) continue;
    await process.out(`Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
    return printBlocks(process, questions, answers);
  }
  await process.out(';; connection timed out; no servers could be reached\n\n');
  return 1;
}

async function printBlocks(
  process: Process,
  questions: readonly { name: string; type: DnsType }[],
  answers: ReadonlyMap<number, DnsMessage>,
): Promise<number> {
  let code = 0;
  for (const [i, question] of questions.entries()) {
    const message = answers.get(i);
    const shown = question.name.replace(/\.$/, '');
    if (message === undefined) {
      await process.out(`*** Can't find ${shown}: No answer\n`);
      code = 1;
    } else if (message.code !== 'NOERROR') {
      await process.out(`** server can't find ${shown}: ${message.code ?? 'SERVFAIL'}\n`);
      code = 1;
    } else {
      for (const record of message.answers ?? []) {
        const owner = record.name.replace(/\.$/, '');
        const data = record.data.replace(/\.$/, '');
        if (record.type === 'A' || record.type === 'AAAA')
          await process.out(`Name:\t${owner}\nAddress: ${data}\n`);
        else if (record.type === 'CNAME') await process.out(`${owner}\tcanonical name = ${data}\n`);
        else if (record.type === 'PTR') await process.out(`${owner}\tname = ${data}\n`);
        else if (record.type === 'SRV') await process.out(`${owner}\tservice = ${data}\n`);
        else if (record.type === 'TXT') await process.out(`${owner}\ttext = ${record.data}\n`);
        else if (record.type === 'MX') await process.out(`${owner}\tmail exchanger = ${data}\n`);
        else await process.out(`${owner}\tnameserver = ${data}\n`);
      }
    }
    await process.out('\n');
  }
  return code;
}
