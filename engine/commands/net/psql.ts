import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { absolutePath } from './curl/output.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText } from './words.ts';

/** Where psql goes and as whom. */
export type PsqlTarget = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly timeout: string | undefined;
  readonly values: ReadonlyMap<string, string>;
  /** The texts of -c and the names of -f, in order. */
  readonly scripts: readonly (readonly ['c' | 'f', string])[];
};

type Session = {
  readonly process: Process;
  readonly connection: Connection;
  readonly target: PsqlTarget;
  readonly address: string;
  readonly isBare: boolean;
  readonly isUnaligned: boolean;
  buffer: string;
};

/** What the server says of one statement (images/servers/postgres-sql.ts SqlResult). */
type Shown = {
  readonly columns?: readonly { readonly name: string; readonly isNumber: boolean }[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly tag?: string;
  readonly error?: string;
  readonly text?: string;
  readonly position?: number;
};

/** psql: connects with the words of libpq, runs -c, -f, standard input or lines of a terminal. Source: recorded psql 15; psql's print.c for tables. */
export function psqlProgram(ports: Ports): Program {
  return async (process) => {
    if (process.argv.includes('--version') || process.argv.includes('-V')) {
      await process.out(`psql (PostgreSQL) ${clientVersion(process)}\n`);
      return 0;
    }
    const target = psqlTarget(process);
    if (typeof target === 'string') {
      await process.err(target);
      return 1;
    }
    const session = await connect(process, ports, target);
    if (typeof session === 'string') {
      await process.err(`psql: error: ${session}`);
      return 2;
    }
    try {
      return await work(session);
    } finally {
      session.connection.close();
    }
  };
}

function clientVersion(process: Process): string {
  return process.machine.versions['psql'] ?? '15.14 (Debian 15.14-0+deb12u1)';
}

async function connect(
  process: Process,
  ports: Ports,
  target: PsqlTarget,
): Promise<(Session & { readonly version: string }) | string> {
  const { sys, machine } = process;
  const network = ports.network(machine);
  const isSocket = target.host.startsWith('/');
  const resolved = await resolveHost(
    { sys, network, libc: machine.libc },
    isSocket ? '127.0.0.1' : target.host,
  );
  if (resolved.kind !== 'found') {
    const why = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
    return `could not translate host name "${target.host}" to address: ${why}\n`;
  }
  let texts = '';
  for (const address of resolved.addresses) {
    const place = isSocket
      ? `connection to server on socket "${target.host}/.s.PGSQL.${target.port}" failed: `
      : `connection to server at "${target.host}" (${address}), port ${target.port} failed: `;
    if (target.timeout === '')
      return `${place}invalid integer value "" for connection option "connect_timeout"\n`;
    const seconds = Number(target.timeout ?? 0);
    const limitMs = seconds > 0 ? Math.max(2, seconds) * 1_000 : undefined;
    const result = await network.connect(sys, { address, port: target.port }, limitMs);
    if (result.kind === 'connected') {
      const session: Session = {
        process,
        connection: result.connection,
        target,
        address,
        isBare: target.values.has('t') || target.values.has('tuples-only'),
        isUnaligned: target.values.has('A') || target.values.has('no-align'),
        buffer: '',
      };
      const greeted = await greet(session, limitMs);
      if ('version' in greeted) return { ...session, version: greeted.version };
      result.connection.close();
      return texts + place + greeted.error;
    }
    if (isSocket)
      return `${place}No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n`;
    const isOwn = result.kind === 'timeout' && seconds > 0;
    const words = isOwn ? 'timeout expired' : errorText(machine.libc, connectError(result));
    texts += `${place}${words}\n${isOwn ? '' : '\tIs the server running on that host and accepting TCP/IP connections?\n'}`;
  }
  return texts;
}

const CLOSED =
  'server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n';

async function greet(
  session: Session,
  limitMs: number | undefined,
): Promise<{ readonly version: string } | { readonly error: string }> {
  const { process, connection, target } = session;
  const { user, database } = target;
  await connection.send(process.sys, `\0\0\0\b\x04\xd2\x16/user\0${user}\0database\0${database}\0\0`);
  for (;;) {
    const said = await receive(session, limitMs);
    if (said === undefined) return { error: CLOSED };
    if (said.letter === 'Z') return { version: String(said.value) };
    if (said.letter === 'E') return { error: `${String(said.value)}\n` };
    if (said.letter !== 'R') return { error: CLOSED };
    const password = await askPassword(session);
    if (password === undefined) return { error: 'fe_sendauth: no password supplied\n' };
    await connection.send(process.sys, `p${password}\n`);
  }
}

async function askPassword({ process, target }: Session): Promise<string | undefined> {
  const given = target.password ?? process.env.get('PGPASSWORD');
  if (given !== undefined && given !== '') return given;
  const terminal = process.tty('stdin');
  if (terminal === undefined || target.values.has('w')) return undefined;
  await process.err(`Password for user ${target.user}: `);
  terminal.isEcho = false;
  const typed = await process.stdin.readLine(process.sys);
  terminal.isEcho = true;
  await process.err('\n');
  return typed === undefined || typed === '' ? undefined : typed;
}

/** One line of the server: its letter and value; undefined when the connection is over. */
async function receive(
  session: Session,
  limitMs?: number,
): Promise<{ readonly letter: string; readonly value: unknown } | undefined> {
  for (;;) {
    const end = session.buffer.indexOf('\n');
    if (end >= 0) {
      const row = session.buffer.slice(0, end);
      session.buffer = session.buffer.slice(end + 1);
      try {
        return { letter: row.slice(0, 1), value: JSON.parse(row.slice(1)) };
      } catch {
        return undefined;
      }
    }
    const got = await session.connection.receive(session.process.sys, limitMs);
    if (got.kind !== 'data') return undefined;
    session.buffer += got.text;
  }
}

async function work(session: Session & { readonly version: string }): Promise<number> {
  const { process, target } = session;
  let status = 0;
  if (target.values.has('l') || target.values.has('list')) return query(session, '\\l');
  for (const [kind, text] of target.scripts) {
    if (kind === 'c') status = await oneOrMeta(session, text);
    else {
      const read = process.machine.files.read(absolutePath(process, text));
      if ('error' in read) {
        await process.err(`psql: error: ${text}: No such file or directory\n`);
        return 1;
      }
      status = await script(session, read.content);
    }
    if (status === 2) return 2;
  }
  if (target.scripts.length > 0) return status;
  if (process.tty('stdin') === undefined) return script(session, await process.stdin.readAll(process.sys));
  return talk(session);
}

async function talk(session: Session & { readonly version: string }): Promise<number> {
  const { process, target } = session;
  const own = clientVersion(process);
  const isOther = own.split('.')[0] !== session.version.split('.')[0];
  await process.out(
    isOther
      ? `psql (${own}, server ${session.version})\nWARNING: psql major version ${own.split('.')[0]}, server major version ${session.version.split('.')[0]}.\n         Some psql features might not work.\n`
      : `psql (${own})\n`,
  );
  await process.out('Type "help" for help.\n\n');
  let text = '';
  for (;;) {
    await process.out(`${target.database}${text === '' ? '=' : '-'}# `);
    const line = await process.stdin.readLine(process.sys);
    if (line === undefined) {
      await process.out('\n');
      return 0;
    }
    if (text === '' && /^\s*(\\q|quit|exit)\s*;?\s*$/.test(line)) return 0;
    if (text === '' && line.trim().startsWith('\\')) {
      await oneOrMeta(session, line.trim());
      continue;
    }
    if (text === '' && line.trim() === 'help') {
      await process.out(
        'You are using psql, the command-line interface to PostgreSQL.\nType:  \\copyright for distribution terms\n       \\h for help with SQL commands\n       \\? for help with psql commands\n       \\g or terminate with semicolon to execute query\n       \\q to quit\n',
      );
      continue;
    }
    text = text === '' ? line : `${text}\n${line}`;
    if (!/;\s*$/.test(text)) {
      if (text.trim() === '') text = '';
      continue;
    }
    if ((await query(session, text)) === 2) return 2;
    text = '';
  }
}

/** A file or standard input: statements end at semicolons, backslash commands at their line's end. */
async function script(session: Session, text: string): Promise<number> {
  let status = 0;
  let pending = '';
  for (const line of text.split('\n')) {
    if (pending.trim() === '' && line.trim().startsWith('\\')) {
      if (line.trim() === '\\q') return status;
      status = await oneOrMeta(session, line.trim());
      continue;
    }
    pending += `${line}\n`;
    if (!/;\s*$/.test(pending)) continue;
    status = await query(session, pending);
    if (status === 2) return 2;
    pending = '';
  }
  return pending.trim() === '' ? Math.min(status, 0) : query(session, pending);
}

async function oneOrMeta(session: Session, text: string): Promise<number> {
  const { process, target } = session;
  const [command = '', argument] = text.trim().split(/\s+/);
  if (!command.startsWith('\\')) return query(session, text);
  if (command === '\\conninfo') {
    const host =
      target.host === session.address
        ? `address "${session.address}"`
        : `host "${target.host}" (address "${session.address}")`;
    await process.out(
      `You are connected to database "${target.database}" as user "${target.user}" on ${host} at port "${target.port}".\n`,
    );
    return 0;
  }
  if (['\\l', '\\list', '\\dt', '\\d'].includes(command) && argument === undefined)
    return query(session, command.startsWith('\\l') ? '\\l' : '\\dt');
  if (command === '\\d') {
    await process.err(`Did not find any relation named "${argument ?? ''}".\n`);
    return 1;
  }
  if (command === '\\q') return 0;
  await process.err(`invalid command ${command}\nTry \\? for help.\n`);
  return 1;
}

async function query(session: Session, text: string): Promise<number> {
  const { process, connection } = session;
  await connection.send(process.sys, `Q${JSON.stringify(text)}\n`);
  let status = 0;
  for (;;) {
    const said = await receive(session);
    if (said === undefined) {
      await process.err(`${CLOSED}The connection to the server was lost. Attempting reset: Failed.\n`);
      return 2;
    }
    if (said.letter === 'Z') return status;
    const shown = said.value as Shown;
    if (shown.error !== undefined) {
      await process.err(statementError(shown));
      status = 1;
    } else if (shown.columns) {
      const title = text === '\\l' ? 'List of databases' : text === '\\dt' ? 'List of relations' : undefined;
      await process.out(table(session, { columns: shown.columns, rows: shown.rows ?? [] }, title));
    } else if (!session.target.values.has('q')) await process.out(`${shown.tag ?? ''}\n`);
  }
}

function statementError(shown: Shown): string {
  const head = `ERROR:  ${shown.error ?? ''}\n`;
  if (shown.position === undefined || shown.text === undefined) return head;
  const before = shown.text.slice(0, shown.position - 1);
  const number = before.split('\n').length;
  const line = shown.text.split('\n')[number - 1] ?? '';
  const start = `LINE ${number}: `;
  const column = before.length - (before.lastIndexOf('\n') + 1);
  return `${head}${start}${line}${shown.text.includes('\n') ? '' : ';'}\n${' '.repeat(start.length + column)}^\n`;
}

function table(
  session: Session,
  shown: { readonly columns: NonNullable<Shown['columns']>; readonly rows: NonNullable<Shown['rows']> },
  title: string | undefined,
): string {
  const { columns, rows } = shown;
  const count = `(${rows.length} row${rows.length === 1 ? '' : 's'})\n`;
  if (session.isUnaligned) {
    const lines = rows.map((row) => `${row.map((cell) => cell ?? '').join('|')}\n`).join('');
    return session.isBare ? lines : `${columns.map((column) => column.name).join('|')}\n${lines}${count}`;
  }
  const widths = columns.map((column, at) =>
    Math.max(column.name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const centred = (text: string, width: number): string => {
    const left = Math.floor((width - text.length) / 2);
    return `${' '.repeat(left)}${text}${' '.repeat(width - text.length - left)}`;
  };
  const body = rows
    .map((row) => {
      const cells = columns.map((column, at) => {
        const text = row[at] ?? '';
        if (column.isNumber) return text.padStart(widths[at] ?? 0);
        return at === columns.length - 1 ? text : text.padEnd(widths[at] ?? 0);
      });
      return ` ${cells.join(' | ')}\n`;
    })
    .join('');
  if (session.isBare) return `${body}\n`;
  const head = ` ${columns.map((column, at) => centred(column.name, widths[at] ?? 0)).join(' | ')} \n`;
  const rule = `${widths.map((width) => '-'.repeat(width + 2)).join('+')}\n`;
  const whole =
    title === undefined
      ? ''
      : `${' '.repeat(Math.max(0, Math.floor((rule.length - 1 - title.length) / 2)))}${title}\n`;
  return `${whole}${head}${rule}${body}${count}\n`;
}

/** Reads a command line of psql or pg_isready; a text says what is wrong with it. */
export function psqlTarget(process: Process): PsqlTarget | string {
  const spec = {
    valued: 'cdfLoPRTvFhpU',
    flags: 'aAbeEHlnqsStVwWxXz019',
    long: {
      host: true,
      port: true,
      username: true,
      dbname: true,
      command: true,
      file: true,
      list: false,
      'tuples-only': false,
      'no-align': false,
      'no-password': false,
      password: false,
      quiet: false,
      csv: false,
    },
  };
  const read = readOptions(process.argv.slice(1), spec);
  if (read.kind !== 'ok')
    return `psql: unrecognized option '${read.option}'\nTry "psql --help" for more information.\n`;
  const values = new Map(read.options);
  const settings = new Map<string, string>();
  for (const [, key = '', value = ''] of (read.words[0] ?? '').matchAll(/(\w+)=(\S+)/g))
    settings.set(key, value);
  const url = /^postgres(?:ql)?:\/\/(?:([^:@]*)(?::([^@]*))?@)?([^:/]+)(?::(\d+))?(?:\/(\S*))?$/.exec(
    read.words[0] ?? '',
  );
  return {
    host:
      values.get('h') ??
      values.get('host') ??
      settings.get('host') ??
      url?.[3] ??
      process.env.get('PGHOST') ??
      '/var/run/postgresql',
    port: Number(values.get('p') ?? values.get('port') ?? settings.get('port') ?? url?.[4] ?? 5432),
    user:
      values.get('U') ??
      values.get('username') ??
      settings.get('user') ??
      url?.[1] ??
      process.env.get('PGUSER') ??
      process.machine.user,
    database:
      values.get('d') ??
      values.get('dbname') ??
      settings.get('dbname') ??
      (url ? url[5] : undefined) ??
      (settings.size > 0 || url ? undefined : read.words[0]) ??
      values.get('U') ??
      values.get('username') ??
      settings.get('user') ??
      process.machine.user,
    password: settings.get('password') ?? url?.[2],
    values,
    scripts: read.options
      .filter(([name]) => ['c', 'command', 'f', 'file'].includes(name))
      .map(([name, text]) => [name.startsWith('c') ? 'c' : 'f', text] as const),
    timeout: settings.get('connect_timeout') ?? process.env.get('PGCONNECT_TIMEOUT'),
  };
}
