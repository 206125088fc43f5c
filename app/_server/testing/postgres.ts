import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A PostgreSQL server that a test started for itself. */
export type TestPostgres = {
  readonly url: string;
  /** Ends it at once, as a crash would: it recovers at the next start. */
  crash(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>;
};

/** The user `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** Where this machine has PostgreSQL's programs; undefined without one. */
export function postgresBin(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const folders = [
    process.env['POSTGRES_BIN'] ?? '',
    '/usr/local/bin',
    '/usr/bin',
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return folders.find((folder) =>
    ['postgres', 'initdb'].every((name) => existsSync(path.join(folder, name))),
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += String(chunk);
      if (text.includes('ready to accept connections')) resolve();
    };
    server.stderr?.on('data', take);
    server.on('exit', () => reject(new Error(`PostgreSQL ended: ${text.slice(-2_000)}`)));
  });
}

/** Starts a server with an empty database in a folder and on a port of its own. */
export async function startPostgres(bin: string): Promise<TestPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-postgres-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const data = path.join(folder, 'data');
  execFileSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'ringfence', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: folder, stdio: 'pipe' },
  );
  const port = await freePort();
  const options = ['-c', 'listen_addresses=127.0.0.1', '-c', 'shared_buffers=16MB'];
  let server: ChildProcess | undefined;
  const start = async () => {
    server = spawn(path.join(bin, 'postgres'), ['-D', data, '-k', folder, '-p', String(port), ...options], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(server);
  };
  const crash = () =>
    new Promise<void>((resolve) => {
      server?.removeAllListeners('exit').once('exit', () => resolve());
      server?.kill('SIGQUIT');
    });
  await start();
  const stop = async () => {
    await crash();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `postgres://ringfence@127.0.0.1:${port}/postgres`, crash, start, stop };
}
