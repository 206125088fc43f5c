import { formatDate } from '../../base/strftime.ts';
import { hashText } from '../../base/hash.ts';
import type { DnsMessage, DnsType } from '../../net/dns.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import {
  askServers,
  questionLine,
  type Answer,
  dnsType,
  messageSize,
  recordLine,
  reverseName,
  searchNames,
} from './dns-query.ts';
import { resolveHost } from './resolver.ts';
import { parseAddress } from '../../net/address.ts';

/** How dig calls itself on Debian 12 and 13, and on Alpine. */
function versionOf(process: Process): string {
  const { bind = '9.18' } = process.machine.versions;
  if (process.machine.libc === 'musl') return `DiG ${bind}`;
  const isNew = bind.startsWith('9.2');
  return isNew ? 'DiG 9.20.26-1~deb13u1-Debian' : 'DiG 9.18.49-1~deb12u3-Debian';
}

type Flags = {
  cmd: boolean;
  question: boolean;
  answer: boolean;
  authority: boolean;
  comments: boolean;
  stats: boolean;
  short: boolean;
  search: boolean;
  tcp: boolean;
  ignore: boolean;
  trace: boolean;
  recurse: boolean;
  identify: boolean;
  ttlid: boolean;
  class: boolean;
};

/** A question of the command line. */
type Lookup = { readonly name: string | undefined; readonly type: DnsType | undefined };

type Plan = {
  name: string | undefined;
  type: DnsType | undefined;
  /** The questions before the last one. */
  earlier: Lookup[];
  domain: string | undefined;
  port: number;
  server: string | undefined;
  flags: Flags;
  timeoutMs: number;
  tries: number;
  warnings: string;
};

/** dig of bind. Source: recorded dig 9.18; EDNS is always shown, as the servers of the virtual world speak it. */
export function digProgram(ports: Ports): Program {
  return async (process) => {
    const words = process.argv.slice(1);
    if (words.includes('-v')) {
      await process.err(`${versionOf(process)}\n`);
      return 0;
    }
    const plan = readPlan(words);
    if ('code' in plan) {
      await process.out(plan.out ?? '');
      await process.err(plan.err ?? '');
      return plan.code;
    }
    await process.err(plan.warnings);
    const network = ports.network(process.machine);
    let servers = network.resolver.nameservers;
    if (plan.server !== undefined) {
      const resolved = parseAddress(plan.server)
        ? undefined
        : await resolveHost({ sys: process.sys, network, libc: process.machine.libc }, plan.server);
      if (resolved && resolved.kind !== 'found') {
        await process.err(`dig: couldn't get address for '${plan.server}': not found\n`);
        return 1;
      }
      servers = resolved?.addresses ?? [plan.server];
    }
    let code = 0;
    const last = { name: plan.name, type: plan.type };
    for (const [i, lookup] of [...plan.earlier, last].entries())
      code = (await ask(process, ports, { ...plan, ...lookup, hasBanner: i === 0 }, servers)) || code;
    return code;
  };
}

const USAGE =
  'Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n            {global-d-opt} host [@local-server] {local-d-opt}\n' +
  '            [ host [@local-server] {local-d-opt} [...]]\n\nUse "dig -h" (or "dig -h | more") for complete list of options\n';

/** What is wrong with a command line: what is printed, and the exit code. */
type Wrong = { readonly out?: string; readonly err?: string; readonly code: number };

function readPlan(words: readonly string[]): Plan | Wrong {
  const flags: Flags = {
    cmd: true,
    question: true,
    answer: true,
    authority: true,
    comments: true,
    stats: true,
    short: false,
    search: false,
    tcp: false,
    ignore: false,
    trace: false,
    recurse: true,
    identify: false,
    ttlid: true,
    class: true,
  };
  const plan: Plan = {
    name: undefined,
    type: undefined,
    earlier: [],
    domain: undefined,
    port: 53,
    server: undefined,
    flags,
    timeoutMs: 5_000,
    tries: 3,
    warnings: '',
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word.startsWith('@')) plan.server = word.slice(1);
    else if (word.startsWith('+')) {
      if (!applyFlag(plan, word.slice(1))) return invalid(word);
    } else if (word === '-x') {
      setName(plan, reverseName(words[++i] ?? '') ?? `${words[i] ?? ''}.in-addr.arpa.`);
      plan.type = 'PTR';
    } else if (/^-[tqpcby]/.test(word)) {
      const value = word.length > 2 ? word.slice(2) : words[++i];
      if (value === undefined) return invalid(word);
      const wrong = setValue(plan, word[1] ?? '', value);
      if (wrong !== undefined) return wrong;
    } else if (word === '-h') return { out: USAGE, code: 0 };
    else if (/^-[46rm]$/.test(word)) continue;
    else if (word.startsWith('-')) return invalid(word);
    else if (word.toUpperCase() === 'IN' && plan.name !== undefined) continue;
    else if (dnsType(word) !== undefined) setType(plan, word, false);
    else if (word === '' || /(^|.)\.\./.test(word)) {
      const why = word === '' ? 'unexpected end of input' : 'empty label';
      return { err: `dig: '${word}' is not a legal name (${why})\n`, code: 10 };
    } else setName(plan, word);
  }
  return plan;
}

function invalid(word: string): Wrong {
  return { err: `Invalid option: ${word}\n${USAGE}`, code: 1 };
}

/** A second name begins a second question. */
function setName(plan: Plan, name: string): void {
  if (plan.name !== undefined) {
    plan.earlier.push({ name: plan.name, type: plan.type });
    plan.type = undefined;
  }
  plan.name = name;
}

function setValue(plan: Plan, letter: string, value: string): Wrong | undefined {
  if (letter === 't') setType(plan, value, true);
  else if (letter === 'q') setName(plan, value);
  else if (letter === 'p') {
    if (!/^\d+$/.test(value))
      return {
        out: `invalid port number '${value}': not a valid number\n`,
        err: "dig: Couldn't parse port number\n",
        code: 1,
      };
    plan.port = Number(value);
  }
  return undefined;
}

function setType(plan: Plan, text: string, isOption: boolean): void {
  const type = dnsType(text);
  if (type === undefined) plan.warnings += `;; Warning, ignoring invalid type ${text}\n`;
  else {
    if (plan.type !== undefined && !isOption) plan.warnings += ';; Warning, extra type option\n';
    plan.type = type;
  }
}

function isFlag(flags: Flags, name: string): name is keyof Flags {
  return Object.hasOwn(flags, name);
}

function applyFlag(plan: Plan, text: string): boolean {
  const equals = text.indexOf('=');
  const whole = equals < 0 ? text : text.slice(0, equals);
  const isOn = !whole.startsWith('no');
  const name = isOn ? whole : whole.slice(2);
  const value = Number(text.slice(equals + 1));
  const { flags } = plan;
  if (name === 'all')
    Object.assign(flags, {
      question: isOn,
      answer: isOn,
      authority: isOn,
      comments: isOn,
      stats: isOn,
      cmd: isOn,
    });
  else if (name === 'time' || name === 'timeout') plan.timeoutMs = Math.max(1, value) * 1_000;
  else if (name === 'domain') {
    plan.domain = text.slice(equals + 1);
    flags.search = isOn;
  } else if (name === 'tries') plan.tries = Math.max(1, value);
  else if (name === 'retry') plan.tries = value + 1;
  else if (name === 'defname') flags.search = isOn;
  else if (name === 'vc') flags.tcp = isOn;
  else if (isFlag(flags, name)) flags[name] = isOn;
  else
    return [
      'additional',
      'dnssec',
      'edns',
      'cookie',
      'multiline',
      'rec',
      'aaonly',
      'cdflag',
      'adflag',
      'ttlunits',
      'bufsize',
      'qr',
      'ndots',
      'onesoa',
      'yaml',
      'fail',
      'nssearch',
      'idnin',
      'idnout',
      'showsearch',
      'keepopen',
    ].includes(name);
  return true;
}

async function ask(
  process: Process,
  ports: Ports,
  plan: Plan & { readonly hasBanner: boolean },
  servers: readonly string[],
): Promise<number> {
  const network = ports.network(process.machine);
  const isRoot = plan.name === undefined || plan.flags.trace;
  const type = plan.flags.trace ? 'NS' : (plan.type ?? (isRoot ? 'NS' : 'A'));
  const name = isRoot ? '.' : (plan.name ?? '.');
  const names =
    plan.flags.search && !name.endsWith('.')
      ? plan.domain === undefined
        ? searchNames(network, name)
        : [`${name}.${plan.domain.replace(/\.$/, '')}.`, `${name}.`]
      : [name.endsWith('.') ? name : `${name}.`];
  let answer: Answer | undefined;
  for (const candidate of names) {
    if (plan.port !== 53) {
      const line = `;; communications error to ${servers[0]}#${plan.port}: connection refused\n`;
      await process.out(line.repeat(plan.tries));
      break;
    }
    answer = await askServers(process.sys, network, {
      name: candidate,
      type,
      servers,
      timeoutMs: plan.timeoutMs,
      tries: plan.tries,
      isTcp: plan.flags.tcp,
      isIgnoring: plan.flags.ignore,
      onTruncated: () => process.out(';; Truncated, retrying in TCP mode.\n'),
      onFailure: (server, why) => process.out(`;; communications error to ${server}#53: ${why}\n`),
    });
    if (answer === undefined || answer.message.code !== 'NXDOMAIN') break;
  }
  const banner = plan.hasBanner && plan.flags.cmd && !plan.flags.short ? bannerOf(process, plan) : '';
  if (answer === undefined) {
    await process.out(`${banner};; no servers could be reached\n`);
    return 9;
  }
  if (plan.flags.short) {
    const from = ` from server ${answer.server} in ${Math.floor(answer.elapsedMs)} ms.`;
    for (const record of answer.message.answers ?? [])
      await process.out(`${record.data}${plan.flags.identify ? from : ''}\n`);
    return 0;
  }
  if (plan.flags.trace) {
    // A resolver that has no root servers answers the question for them with what it has: dig goes no further.
    await process.out(banner + traced(answer));
    return 0;
  }
  await process.out(banner + full(process, plan, answer));
  return 0;
}

function traced(answer: Answer): string {
  const records = [...(answer.message.answers ?? []), ...(answer.message.authority ?? [])];
  const ms = Math.floor(answer.elapsedMs);
  const from = `${answer.server}#53(${answer.server})`;
  return `${records.map((record) => recordLine(record)).join('')};; Received ${messageSize(answer.message)} bytes from ${from} in ${ms} ms\n\n`;
}

function bannerOf(process: Process, plan: Plan): string {
  const words = process.argv.slice(1).join(' ');
  const server = plan.server === undefined ? '' : '; (1 server found)\n';
  return `\n; <<>> ${versionOf(process)} <<>>${words === '' ? '' : ` ${words}`}\n${server};; global options: +cmd\n`;
}

function full(process: Process, plan: Plan, answer: Answer): string {
  const { message } = answer;
  const { flags } = plan;
  let text = '';
  if (flags.comments) text += comments(process, message, flags.recurse);
  if (flags.question) {
    if (flags.comments) text += ';; QUESTION SECTION:\n';
    text += `${questionLine(message.question.name, message.question.type)}\n${flags.comments ? '\n' : ''}`;
  }
  const section = (title: string, records: DnsMessage['answers'], isOn: boolean): void => {
    if (!isOn || !records || records.length === 0) return;
    text += `${flags.comments ? `;; ${title} SECTION:\n` : ''}${records.map((record) => recordLine(record, { ttl: !flags.ttlid, class: !flags.class })).join('')}${flags.comments ? '\n' : ''}`;
  };
  section('ANSWER', message.answers, flags.answer);
  section('AUTHORITY', message.authority, flags.authority);
  if (flags.stats) text += stats(process, answer);
  return text;
}

function comments(process: Process, message: DnsMessage, isRecursive: boolean): string {
  const isLocal = /(^|\.)local\.$/i.test(message.question.name);
  const hasEdns = message.hasEdns !== false;
  const bits = [
    'qr',
    message.isAuthoritative ? 'aa' : '',
    message.isTruncated ? 'tc' : '',
    isRecursive ? 'rd' : '',
    message.isRecursionAvailable ? 'ra' : '',
  ]
    .filter((bit) => bit !== '')
    .join(' ');
  const counts = `QUERY: 1, ANSWER: ${message.answers?.length ?? 0}, AUTHORITY: ${message.authority?.length ?? 0}, ADDITIONAL: ${hasEdns ? 1 : 0}`;
  const cookie = hashText(`${message.id}/${message.question.name}/${process.sys.pid}`);
  return (
    ';; Got answer:\n' +
    (isLocal
      ? ';; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n'
      : '') +
    `;; ->>HEADER<<- opcode: QUERY, status: ${message.code ?? 'NOERROR'}, id: ${message.id}\n;; flags: ${bits}; ${counts}\n` +
    (message.isRecursionAvailable || !isRecursive
      ? ''
      : ';; WARNING: recursion requested but not available\n') +
    (hasEdns
      ? `\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n; COOKIE: ${cookie} (echoed)\n`
      : '\n')
  );
}

function stats(process: Process, answer: Answer): string {
  const when = formatDate(process.sys.nowMs(), '%a %b %d %T %Z %Y');
  return (
    `;; Query time: ${Math.floor(answer.elapsedMs)} msec\n;; SERVER: ${answer.server}#53(${answer.server}) (${answer.isTcp ? 'TCP' : 'UDP'})\n` +
    `;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${messageSize(answer.message)}\n\n`
  );
}
