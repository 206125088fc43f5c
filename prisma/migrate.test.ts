import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresBin, startPostgres } from '../app/_server/testing/postgres.ts';
import { DatabaseBusyError, lockDatabase } from './lock.ts';
import { deploy, readMigrations, type SqlSession } from './migrate.ts';

const OURS = path.resolve(import.meta.dirname, 'migrations');

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringfence-migrate-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, sql: string): void {
  mkdirSync(path.join(folder, name), { recursive: true });
  writeFileSync(path.join(folder, name, 'migration.sql'), sql);
}

describe('migrations', () => {
  let pglite: PGlite;
  let session: SqlSession;

  beforeAll(async () => {
    pglite = await PGlite.create();
    session = { query: (sql, values) => pglite.query(sql, values), script: (sql) => pglite.exec(sql) };
  }, 60_000);

  beforeEach(() => pglite.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));

  afterAll(() => pglite.close());

  const names = async () => {
    const { rows } = await pglite.query<{ migration_name: string }>(
      'SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL ORDER BY 1',
    );
    return rows.map((row) => row.migration_name);
  };

  test('are applied once, in order, and remembered as Prisma does', async () => {
    const all = readMigrations(OURS).map(({ name }) => name);
    expect(await deploy(session, OURS)).toEqual(all);
    expect(await deploy(session, OURS)).toEqual([]);
    expect(await names()).toEqual(all);
    const { rows } = await pglite.query<{ checksum: string }>('SELECT checksum FROM "_prisma_migrations"');
    expect(rows[0]?.checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  test('make every table and column that the schema names', async () => {
    await deploy(session, OURS);
    const { rows } = await pglite.query<{ name: string }>(
      "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'",
    );
    const made = rows.map(({ name }) => name).filter((name) => !name.startsWith('_'));
    const schema = readFileSync(path.resolve(import.meta.dirname, 'schema.prisma'), 'utf8');
    const models = new Map(
      [...schema.matchAll(/^model (\w+) \{([\s\S]*?)^\}/gm)].map(([, name = '', body = '']) => [name, body]),
    );
    const wanted = [...models.values()].flatMap((body) => {
      const table = body.match(/@@map\("(\w+)"\)/)?.[1];
      const fields = [...body.matchAll(/^ {2}(\w+)\s+(\w+)(\S*)(.*)$/gm)].filter(
        ([, , type = '']) => !models.has(type),
      );
      return fields.map(
        ([, name, , , rest = '']) => `${table}.${rest.match(/@map\("(\w+)"\)/)?.[1] ?? name}`,
      );
    });
    expect(made.sort()).toEqual(wanted.sort());
  });

  test('that fail are taken back whole, told with their name, and may be repaired', async () => {
    write('1_first', 'CREATE TABLE first (id INT)');
    write('2_second', 'CREATE TABLE second (id INT); INSERT INTO nowhere VALUES (1)');
    await expect(deploy(session, folder)).rejects.toThrow(/2_second failed and was taken back: .*nowhere/);
    expect(await names()).toEqual(['1_first']);
    expect((await pglite.query("SELECT to_regclass('second') AS it")).rows).toEqual([{ it: null }]);
    write('2_second', 'CREATE TABLE second (id INT)');
    expect(await deploy(session, folder)).toEqual(['2_second']);
  });

  test('that were changed afterwards, or that only a newer version knows, stop the start', async () => {
    write('1_first', 'CREATE TABLE first (id INT)');
    await deploy(session, folder);
    write('1_first', 'CREATE TABLE first (id TEXT)');
    await expect(deploy(session, folder)).rejects.toThrow(/1_first was changed/);
    rmSync(path.join(folder, '1_first'), { recursive: true });
    await expect(deploy(session, folder)).rejects.toThrow(/made by a newer one/);
  });
});

describe('the lock of the embedded database', () => {
  test('keeps a second process out as long as the first lives, and no longer', async () => {
    const file = path.join(folder, 'pg.lock');
    const lock = JSON.stringify(path.resolve(import.meta.dirname, 'lock.ts'));
    const script = `import { lockDatabase } from ${lock}; lockDatabase(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => lockDatabase(file)).toThrow(DatabaseBusyError);
    expect(() => lockDatabase(file)).toThrow(`process ${child.pid}`);
    const refused = spawnSync(process.execPath, [path.resolve(import.meta.dirname, 'migrate.ts'), 'deploy'], {
      encoding: 'utf8',
      env: { ...process.env, RINGFENCE_DATA: folder, DATABASE_URL: '' },
    });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const unlock = lockDatabase(file);
    unlock();
    expect(existsSync(file)).toBe(false);
  });

  test.each(['', 'not json', '{"pid":999999999,"started":"1"}', `{"pid":${process.ppid},"started":"12"}`])(
    'that nobody holds (%s) is taken over',
    (text) => {
      const file = path.join(folder, 'pg.lock');
      writeFileSync(file, text);
      lockDatabase(file)();
      expect(existsSync(file)).toBe(false);
    },
  );
});

const bin = postgresBin();

test.skipIf(bin === undefined)(
  'several instances that start at once on one PostgreSQL migrate it once',
  { timeout: 120_000 },
  async () => {
    const server = await startPostgres(bin ?? '');
    const run = () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, [path.resolve(import.meta.dirname, 'migrate.ts'), 'deploy'], {
          env: { ...process.env, DATABASE_URL: server.url },
        });
        let said = '';
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk) => (said += String(chunk)));
        child.once('close', (code) => resolve(`${code}${said.replaceAll(/\s+/g, ' ').trimEnd()}`));
      });
    const said = await Promise.all([run(), run(), run()]);
    await server.stop();
    const names = readMigrations(OURS).map(({ name }) => name);
    const done = '0 The database is up to date.';
    expect(said.sort()).toEqual([`0 Applied: ${names.join(', ')}`, done, done]);
  },
);

test('a database that is away ends the command with words', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.resolve(import.meta.dirname, 'migrate.ts'), 'deploy'],
    {
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    },
  );
  expect(status).toBe(1);
  expect(stderr).toContain('DATABASE_URL names the server');
});
