import { utf8Length } from '../../base/bytes.ts';
import { type Server, type ServerContext, type ServerStep, SILENCE } from '../server.ts';
import { KEY_COMMANDS, type RedisCommand } from './redis-commands.ts';
import { globMatches } from '../glob.ts';
import { RedisError, type RedisReply, RedisStore } from './redis-store.ts';

/** How long the container's redis keeps lines of a client that never ends one. */
const BUFFER_MAX = 262_144;

/** Runs one redis command on the container's keys; `database` is the selected one. */
export function runRedis(context: ServerContext, words: readonly string[], database = 0): RedisReply {
  const [word = '', ...args] = words;
  const name = word.toLowerCase();
  const command = KEY_COMMANDS.get(name) ?? serverCommands(context).get(name);
  if (command === undefined) {
    const shown = args.map((arg) => `'${arg.slice(0, 128)}' `).join('');
    return { error: `ERR unknown command '${word.slice(0, 128)}', with args beginning with: ${shown}` };
  }
  const isMany = command.arity < 0 ? words.length < -command.arity : words.length !== command.arity;
  if (isMany) return { error: `ERR wrong number of arguments for '${name}' command` };
  try {
    return command.run(new RedisStore(context, database), args);
  } catch (error) {
    if (error instanceof RedisError) return { error: error.message };
    throw error;
  }
}

/** Commands about the server itself. */
function serverCommands(context: ServerContext): ReadonlyMap<string, RedisCommand> {
  const ok: RedisReply = { status: 'OK' };
  const version = String(context.options['version'] ?? '6.2.6');
  const seconds = Math.floor(context.nowMs / 1000);
  const config = new Map([
    ['maxmemory', '0'],
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', 'no'],
    ['bind', '* -::*'],
    ['port', '6379'],
    ['protected-mode', 'no'],
    ['databases', '16'],
    ['dir', '/data'],
  ]);
  return new Map<string, RedisCommand>([
    ['ping', { arity: -1, run: (_, args) => args[0] ?? { status: 'PONG' } }],
    ['echo', { arity: 2, run: (_, [text = '']) => text }],
    ['time', { arity: 1, run: () => [String(seconds), String(Math.floor((context.nowMs % 1000) * 1000))] }],
    ['info', { arity: -1, run: (store) => infoText(store, version) }],
    ['command', { arity: -1, run: (_, args) => (args[0]?.toUpperCase() === 'COUNT' ? 224 : []) }],
    [
      'config',
      {
        arity: -2,
        run: (_, [verb = '', pattern = '']) => {
          if (verb.toUpperCase() === 'GET')
            return [...config].filter(([key]) => globMatches(pattern, key)).flat();
          if (['SET', 'RESETSTAT', 'REWRITE'].includes(verb.toUpperCase())) return ok;
          return {
            error: `ERR Unknown subcommand or wrong number of arguments for '${verb}'. Try CONFIG HELP.`,
          };
        },
      },
    ],
    [
      'client',
      {
        arity: -2,
        run: (_, [verb = '']) => {
          const peer = `${context.remote.address}:${context.remote.port}`;
          const line = `id=5 addr=${peer} laddr=${context.local.address}:${context.local.port} fd=8 name= age=0 idle=0 flags=N db=0 sub=0 psub=0 multi=-1 qbuf=26 qbuf-free=40928 argv-mem=10 obl=0 oll=0 omem=0 tot-mem=61466 events=r cmd=client user=default redir=-1\n`;
          const replies = new Map<string, RedisReply>([
            ['LIST', line],
            ['INFO', line],
            ['ID', 5],
            ['GETNAME', null],
            ['SETNAME', ok],
            ['SETINFO', ok],
          ]);
          return replies.get(verb.toUpperCase()) ?? ok;
        },
      },
    ],
    [
      'auth',
      {
        arity: -2,
        run: () => ({
          error:
            'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
        }),
      },
    ],
    ['role', { arity: 1, run: () => ['master', 0, []] }],
    ['save', { arity: 1, run: () => ok }],
    ['bgsave', { arity: -1, run: () => ({ status: 'Background saving started' }) }],
    ['lastsave', { arity: 1, run: () => seconds }],
    ['publish', { arity: 3, run: () => 0 }],
    ['wait', { arity: 3, run: () => 0 }],
  ]);
}

function infoText(store: RedisStore, version: string): string {
  const count = store.keys().length;
  const expiring = store.keys().filter((key) => store.expiryMs(key) !== undefined).length;
  const sections = [
    [
      '# Server',
      `redis_version:${version}`,
      'redis_mode:standalone',
      'os:Linux 6.8.0 x86_64',
      'arch_bits:64',
      'process_id:1',
      'tcp_port:6379',
      'executable:/data/redis-server',
    ],
    ['# Clients', 'connected_clients:1', 'blocked_clients:0'],
    ['# Memory', 'used_memory:873312', 'used_memory_human:852.84K', 'maxmemory:0'],
    ['# Replication', 'role:master', 'connected_slaves:0'],
    ['# Keyspace', ...(count === 0 ? [] : [`db0:keys=${count},expires=${expiring},avg_ttl=0`])],
  ];
  return sections.map((lines) => `${lines.join('\r\n')}\r\n`).join('\r\n');
}

/** Redis' own protocol on a connection: RESP arrays and inline commands, MULTI/EXEC, SELECT, SUBSCRIBE. */
export const redis: Server = {
  receive: (context, connection, text) => {
    connection.buffer += text;
    if (connection.buffer.length > BUFFER_MAX) return { replies: [], end: 'close' };
    let out = '';
    for (;;) {
      const taken = takeCommand(connection.buffer);
      if (!taken) break;
      connection.buffer = taken.rest;
      if (taken.words.length === 0) continue;
      const step = onConnection(context, connection.data, taken.words);
      out += step.text;
      if (step.isEnd) return { replies: out === '' ? [] : [{ text: out }], end: 'close' };
    }
    return out === '' ? SILENCE : ({ replies: [{ text: out }] } satisfies ServerStep);
  },
};

/** A command with what a connection keeps: the selected database and an open transaction. */
function onConnection(
  context: ServerContext,
  data: Parameters<NonNullable<Server['receive']>>[1]['data'],
  words: readonly string[],
): { readonly text: string; readonly isEnd?: boolean } {
  const name = (words[0] ?? '').toUpperCase();
  const queue = data['queue'] as readonly (readonly string[])[] | undefined;
  if (name === 'QUIT') return { text: '+OK\r\n', isEnd: true };
  // Guards against requests of web browsers: such words end the connection (networking.c).
  if (name === 'POST' || name === 'HOST:') return { text: '', isEnd: true };
  if (name === 'SELECT') {
    const database = Number(words[1]);
    if (!/^\d+$/.test(words[1] ?? '')) return { text: '-ERR invalid DB index\r\n' };
    if (database > 15) return { text: '-ERR DB index is out of range\r\n' };
    data['database'] = database;
    return { text: '+OK\r\n' };
  }
  if (name === 'MULTI') {
    data['queue'] = [];
    return { text: queue ? '-ERR MULTI calls can not be nested\r\n' : '+OK\r\n' };
  }
  if (name === 'EXEC' || name === 'DISCARD') {
    if (!queue) return { text: `-ERR ${name} without MULTI\r\n` };
    delete data['queue'];
    if (name === 'DISCARD') return { text: '+OK\r\n' };
    return { text: resp(queue.map((one) => runRedis(context, one, Number(data['database'] ?? 0)))) };
  }
  if (queue) {
    data['queue'] = [...queue, words].slice(0, 100);
    return { text: '+QUEUED\r\n' };
  }
  if (name === 'SUBSCRIBE' || name === 'PSUBSCRIBE')
    return {
      text: words
        .slice(1)
        .map((channel, i) => resp([name.toLowerCase(), channel, i + 1]))
        .join(''),
    };
  return { text: resp(runRedis(context, words, Number(data['database'] ?? 0))) };
}

function takeCommand(
  buffer: string,
): { readonly words: readonly string[]; readonly rest: string } | undefined {
  const line = /^([^\r\n]*)\r?\n/.exec(buffer);
  if (!line) return undefined;
  let rest = buffer.slice(line[0].length);
  const count = /^\*(\d{1,4})$/.exec(line[1] ?? '');
  if (!count) return { words: (line[1] ?? '').split(/\s+/).filter((word) => word !== ''), rest };
  const words: string[] = [];
  for (let i = 0; i < Number(count[1]); i++) {
    const bulk = /^\$(\d{1,7})\r\n/.exec(rest);
    if (!bulk) return undefined;
    const size = Number(bulk[1]);
    const body = rest.slice(bulk[0].length);
    if (utf8Length(body) < size + 2) return undefined;
    // Sizes count bytes; a text of other letters than ASCII has fewer characters.
    let end = Math.min(size, body.length);
    while (end > 0 && utf8Length(body.slice(0, end)) > size) end--;
    words.push(body.slice(0, end));
    rest = body.slice(end + 2);
  }
  return { words, rest };
}

/** A reply in RESP2. */
export function resp(reply: RedisReply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${utf8Length(reply)}\r\n${reply}\r\n`;
  if (Array.isArray(reply))
    return `*${reply.length}\r\n${(reply as readonly RedisReply[]).map(resp).join('')}`;
  const line = reply as { readonly status?: string; readonly error?: string };
  return line.error === undefined ? `+${line.status ?? ''}\r\n` : `-${line.error}\r\n`;
}
