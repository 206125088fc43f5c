import { postgresVersion } from '../versions.ts';
import type { Json } from '../../base/json.ts';
import { type Server, type ServerContext, type ServerStep, SILENCE } from '../server.ts';
import { runSql, type SqlState } from './postgres-sql.ts';

// A PostgreSQL server as psql and other clients meet it. Startup packets are the real ones; what follows goes as lines of
// text, one letter and JSON, as nothing in the virtual world but our own psql reads it.

/** PostgreSQL of the official image: passwords for clients from elsewhere, none for its own machine; whatever is no startup packet closes the connection. */
export const postgres: Server = {
  receive: (context, connection, text) => {
    connection.buffer = `${connection.buffer}${text}`.slice(-65_536);
    if (connection.data['isReady'] === true) return statements(context, connection);
    if (connection.data['wanted'] !== undefined) return password(context, connection);
    if (connection.buffer.length < 4) return SILENCE;
    const startup = /user\0([^\0]*)\0database\0([^\0]*)\0/.exec(connection.buffer);
    if (startup) {
      connection.buffer = '';
      return begin(context, connection, { user: startup[1] ?? '', database: startup[2] ?? '' });
    }
    log(context, 'LOG:  invalid length of startup packet');
    return { replies: [], end: 'close' };
  },
};

type Connection = Parameters<NonNullable<Server['receive']>>[1];

function log(context: ServerContext, text: string): void {
  context.log(`${new Date(context.nowMs).toISOString().replace('T', ' ').slice(0, 23)} UTC [68] ${text}`);
}

function settings(context: ServerContext): {
  readonly user: string;
  readonly database: string;
  readonly password: string;
} {
  const user = context.env['POSTGRES_USER'] ?? 'postgres';
  return {
    user,
    database: context.env['POSTGRES_DB'] ?? user,
    password: context.env['POSTGRES_PASSWORD'] ?? '',
  };
}

const line = (letter: string, value: Json): string => `${letter}${JSON.stringify(value)}\n`;

function begin(
  context: ServerContext,
  connection: Connection,
  asked: { readonly user: string; readonly database: string },
): ServerStep {
  connection.data['user'] = asked.user;
  connection.data['database'] = asked.database;
  const isOwn = context.remote.address === '127.0.0.1' || context.remote.address === context.local.address;
  const isTrusting = isOwn || context.env['POSTGRES_HOST_AUTH_METHOD'] === 'trust';
  if (isTrusting) return welcome(context, connection);
  connection.data['wanted'] = 'password';
  return { replies: [{ text: line('R', 'password') }] };
}

function password(context: ServerContext, connection: Connection): ServerStep {
  const end = connection.buffer.indexOf('\n');
  if (end < 0) return SILENCE;
  const given = connection.buffer.slice(0, end);
  connection.buffer = connection.buffer.slice(end + 1);
  const known = settings(context);
  const user = String(connection.data['user']);
  if (user === known.user && given === `p${known.password}`) return welcome(context, connection);
  return fatal(context, `password authentication failed for user "${user}"`);
}

function fatal(context: ServerContext, message: string): ServerStep {
  log(context, `FATAL:  ${message}`);
  return { replies: [{ text: line('E', `FATAL:  ${message}`) }], end: 'close' };
}

function welcome(context: ServerContext, connection: Connection): ServerStep {
  const known = settings(context);
  const user = String(connection.data['user']);
  const database = String(connection.data['database']);
  if (user !== known.user) return fatal(context, `role "${user}" does not exist`);
  if (![known.database, 'postgres', 'template1'].includes(database))
    return fatal(context, `database "${database}" does not exist`);
  connection.data['isReady'] = true;
  return { replies: [{ text: line('Z', versionOf(context)) }] };
}

function versionOf(context: ServerContext): string {
  return postgresVersion(String(context.options['version'] ?? '16'));
}

function statements(context: ServerContext, connection: Connection): ServerStep {
  const replies: { text: string }[] = [];
  for (;;) {
    const end = connection.buffer.indexOf('\n');
    if (end < 0) return { replies };
    const row = connection.buffer.slice(0, end);
    connection.buffer = connection.buffer.slice(end + 1);
    if (row.startsWith('X')) return { replies, end: 'close' };
    if (!row.startsWith('Q')) continue;
    const known = settings(context);
    const database = String(connection.data['database']);
    const state = (context.state[`database ${database}`] ??= { tables: {} }) as unknown as SqlState;
    const results = runSql(state, readText(row.slice(1)), {
      user: String(connection.data['user']),
      database,
      databases: [...new Set([known.database, 'postgres', 'template0', 'template1'])].sort(),
      owner: known.user,
      version: versionOf(context),
      nowMs: context.nowMs,
      serverAddress: context.local.address,
      clientAddress: context.remote.address,
    });
    for (const result of results) replies.push({ text: line('T', result as unknown as Json) });
    replies.push({ text: line('Z', '') });
  }
}

function readText(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return '';
  }
}
