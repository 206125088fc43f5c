import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { byteLength, connectError, errorText } from './words.ts';

type Opened = { readonly connection: Connection } | { readonly error: string };

/** redis-cli: one command, or lines of standard input. Source: recorded redis-cli 7.0. */
export function redisCliProgram(ports: Ports): Program {
  return async (process) => {
    const spec = {
      valued: 'hpsaunrid',
      flags: 'xce2346',
      isStrict: true,
      long: { raw: false, 'no-auth-warning': false, user: true, pass: true, csv: false },
    };
    const read = readOptions(process.argv.slice(1), spec);
    if (read.kind !== 'ok') {
      await process.err(
        `Unrecognized option or bad number of args for: '${read.option.startsWith('-') ? read.option : `-${read.option}`}'\n`,
      );
      return 1;
    }
    const values = new Map(read.options);
    const host = values.get('h') ?? '127.0.0.1';
    const port = Number(values.get('p') ?? 6379);
    const opened = await open(process, ports, host, port);
    if ('error' in opened) {
      await process.err(`Could not connect to Redis at ${host}:${port}: ${opened.error}\n`);
      if (process.tty('stdin') && read.words.length === 0) return 1;
      return 1;
    }
    const { connection } = opened;
    const isPlain = process.tty('stdout') === undefined || values.has('raw');
    const run = async (words: readonly string[]): Promise<number> => {
      await connection.send(
        process.sys,
        `*${words.length}\r\n${words.map((word) => `$${byteLength(word)}\r\n${word}\r\n`).join('')}`,
      );
      const reply = await readReply(process, connection);
      if (reply === undefined) {
        await process.err('Error: Connection reset by peer\n');
        return 1;
      }
      await process.out(`${isPlain ? plainReply(reply) : shownReply(reply)}\n`);
      return 0;
    };
    if (read.words.length > 0) {
      const code = await run(read.words);
      connection.close();
      return code;
    }
    const prompt = process.tty('stdin') ? `${host}:${port}> ` : '';
    for (;;) {
      await process.out(prompt);
      const line = await process.stdin.readLine(process.sys);
      const words = (line ?? 'exit')
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '');
      if (words[0] === 'exit' || words[0] === 'quit') break;
      if (words.length > 0 && (await run(words)) !== 0) break;
    }
    connection.close();
    return 0;
  };
}

async function open(process: Process, ports: Ports, host: string, port: number): Promise<Opened> {
  const { sys, machine } = process;
  const network = ports.network(machine);
  let resolved = await resolveHost({ sys, network, libc: machine.libc }, host, { family: 4 });
  // hiredis asks IPv4, then IPv6; redis-cli tries the whole once more.
  for (const family of [6, 4, 6] as const) {
    if (resolved.kind !== 'failed' || resolved.why !== 'again') break;
    resolved = await resolveHost({ sys, network, libc: machine.libc }, host, { family });
  }
  if (resolved.kind !== 'found')
    return { error: resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again') };
  let error = 'Connection refused';
  for (const address of resolved.addresses) {
    const result = await network.connect(sys, { address, port });
    if (result.kind === 'connected') return result;
    error = errorText(machine.libc, connectError(result));
  }
  return { error };
}

type Reply =
  | { readonly kind: 'status' | 'error' | 'number' | 'text'; readonly text: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'list'; readonly items: readonly Reply[] };

async function readReply(process: Process, connection: Connection): Promise<Reply | undefined> {
  let buffer = '';
  for (;;) {
    const parsed = parseReply(buffer, 0);
    if (parsed) return parsed[0];
    const got = await connection.receive(process.sys);
    if (got.kind !== 'data') return undefined;
    buffer += got.text;
  }
}

function parseReply(text: string, at: number): [Reply, number] | undefined {
  const end = text.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const line = text.slice(at + 1, end);
  const next = end + 2;
  const mark = text[at];
  if (mark === '+') return [{ kind: 'status', text: line }, next];
  if (mark === '-') return [{ kind: 'error', text: line }, next];
  if (mark === ':') return [{ kind: 'number', text: line }, next];
  const size = Number(line);
  if (size < 0) return [{ kind: 'nothing' }, next];
  if (mark === '$') {
    if (byteLength(text.slice(next)) < size + 2) return undefined;
    const stop = text.indexOf('\r\n', next + Math.floor(size / 4));
    let tail = next + size;
    while (tail > next && byteLength(text.slice(next, tail)) > size) tail--;
    return stop < 0 ? undefined : [{ kind: 'text', text: text.slice(next, tail) }, tail + 2];
  }
  if (mark !== '*') return [{ kind: 'error', text: 'Protocol error' }, text.length];
  const items: Reply[] = [];
  let here = next;
  for (let i = 0; i < size; i++) {
    const item = parseReply(text, here);
    if (!item) return undefined;
    items.push(item[0]);
    here = item[1];
  }
  return [{ kind: 'list', items }, here];
}

function plainReply(reply: Reply): string {
  if (reply.kind === 'nothing') return '';
  return reply.kind === 'list' ? reply.items.map(plainReply).join('\n') : reply.text;
}

function shownReply(reply: Reply): string {
  if (reply.kind === 'nothing') return '(nil)';
  if (reply.kind === 'list')
    return reply.items.length === 0
      ? '(empty array)'
      : reply.items.map((item, i) => `${i + 1}) ${shownReply(item)}`).join('\n');
  if (reply.kind === 'error') return `(error) ${reply.text}`;
  if (reply.kind === 'number') return `(integer) ${reply.text}`;
  return reply.kind === 'status' ? reply.text : JSON.stringify(reply.text);
}

type PsqlTarget = { host: string; port: number; user: string; database: string; timeout: string | undefined };

/** psql: reaches for the server and says what came of it; what the virtual servers do not speak ends as a closed connection. Source: recorded psql 15. */
export function psqlProgram(ports: Ports): Program {
  return async (process) => {
    const target = psqlTarget(process);
    if (typeof target === 'string') {
      await process.err(target);
      return 1;
    }
    const { sys, machine } = process;
    const network = ports.network(machine);
    const resolved = await resolveHost({ sys, network, libc: machine.libc }, target.host);
    if (resolved.kind !== 'found') {
      const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
      await process.err(`psql: error: could not translate host name "${target.host}" to address: ${why}\n`);
      return 2;
    }
    const texts: string[] = [];
    for (const address of resolved.addresses) {
      const place = `connection to server at "${target.host}" (${address}), port ${target.port} failed: `;
      if (target.timeout === '') {
        texts.push(`${place}invalid integer value "" for connection option "connect_timeout"\n`);
        break;
      }
      const seconds = Number(target.timeout ?? 0);
      const result = await network.connect(
        sys,
        { address, port: target.port },
        seconds > 0 ? Math.max(2, seconds) * 1_000 : undefined,
      );
      if (result.kind === 'connected') {
        await result.connection.send(
          sys,
          `\0\0\0\b\x04\xd2\x16/user\0${target.user}\0database\0${target.database}\0\0`,
        );
        await result.connection.receive(sys, seconds > 0 ? seconds * 1_000 : undefined);
        result.connection.close();
        texts.push(
          `${place}server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n`,
        );
        break;
      }
      const isOwn = result.kind === 'timeout' && seconds > 0;
      const words = isOwn ? 'timeout expired' : errorText(machine.libc, connectError(result));
      texts.push(
        `${place}${words}\n${isOwn ? '' : '\tIs the server running on that host and accepting TCP/IP connections?\n'}`,
      );
    }
    await process.err(`psql: error: ${texts.join('')}`);
    return 2;
  };
}

function psqlTarget(process: Process): PsqlTarget | string {
  const spec = {
    valued: 'cdfLoPRTvFhpU',
    flags: 'aAbeEHlnqsStVwWxXz019',
    long: { host: true, port: true, username: true, dbname: true, command: true },
  };
  const read = readOptions(process.argv.slice(1), spec);
  if (read.kind !== 'ok')
    return `psql: unrecognized option '${read.option}'\nTry "psql --help" for more information.\n`;
  const values = new Map(read.options);
  const settings = new Map<string, string>();
  for (const [, key = '', value = ''] of (read.words[0] ?? '').matchAll(/(\w+)=(\S+)/g))
    settings.set(key, value);
  const url = /^postgres(?:ql)?:\/\/(?:([^:@]*)(?::[^@]*)?@)?([^:/]+)(?::(\d+))?(?:\/(\S*))?$/.exec(
    read.words[0] ?? '',
  );
  return {
    host:
      values.get('h') ??
      values.get('host') ??
      settings.get('host') ??
      url?.[2] ??
      process.env.get('PGHOST') ??
      'localhost',
    port: Number(values.get('p') ?? values.get('port') ?? settings.get('port') ?? url?.[3] ?? 5432),
    user:
      values.get('U') ?? values.get('username') ?? settings.get('user') ?? url?.[1] ?? process.machine.user,
    database:
      values.get('d') ??
      values.get('dbname') ??
      settings.get('dbname') ??
      url?.[4] ??
      read.words[0] ??
      process.machine.user,
    timeout: settings.get('connect_timeout') ?? process.env.get('PGCONNECT_TIMEOUT'),
  };
}

/** pg_isready. Source: recorded psql 15. */
export function pgIsReadyProgram(ports: Ports): Program {
  return async (process) => {
    const target = psqlTarget(process);
    if (typeof target === 'string') return 3;
    const opened = await resolveHost(
      { sys: process.sys, network: ports.network(process.machine), libc: process.machine.libc },
      target.host,
    );
    const address = opened.kind === 'found' ? opened.addresses[0] : undefined;
    const result =
      address === undefined
        ? undefined
        : await ports.network(process.machine).connect(process.sys, { address, port: target.port }, 3_000);
    const isReady = result?.kind === 'connected';
    if (result?.kind === 'connected') result.connection.close();
    await process.out(
      `${target.host}:${target.port} - ${isReady ? 'accepting connections' : 'no response'}\n`,
    );
    return isReady ? 0 : 2;
  };
}
