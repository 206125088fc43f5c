import { utf8Length } from '../../base/bytes.ts';
import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { psqlTarget } from './psql.ts';
import { connectError, errorText } from './words.ts';

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
        `*${words.length}\r\n${words.map((word) => `$${utf8Length(word)}\r\n${word}\r\n`).join('')}`,
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
    if (utf8Length(text.slice(next)) < size + 2) return undefined;
    const stop = text.indexOf('\r\n', next + Math.floor(size / 4));
    let tail = next + size;
    while (tail > next && utf8Length(text.slice(next, tail)) > size) tail--;
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

/** pg_isready. Source: recorded psql 15. */
export function pgIsReadyProgram(ports: Ports): Program {
  return async (process) => {
    const target = psqlTarget(process);
    if (typeof target === 'string') return 3;
    const opened = await resolveHost(
      { sys: process.sys, network: ports.network(process.machine), libc: process.machine.libc },
      target.host.startsWith('/') ? '127.0.0.1' : target.host,
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
