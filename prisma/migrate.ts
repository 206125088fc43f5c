// Brings a database up to date: `node prisma/migrate.ts deploy`, or `status`. Plain SQL files, and rows in the table that
// Prisma's own migrator keeps, so that either of the two can go on where the other stopped.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseBusyError, lockDatabase } from './lock.ts';

/** What a migration needs of a database: PGlite and a dedicated connection of `pg` both give it. */
export type SqlSession = {
  /** One statement, with parameters. */
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Several statements without parameters. */
  script(sql: string): Promise<unknown>;
};

/** Thrown when a database cannot be brought up to date; it was left as it was. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

type Migration = { readonly name: string; readonly sql: string; readonly checksum: string };
type Row = { readonly migration_name: string; readonly checksum: string; readonly finished_at: Date | null };

/** The number under which Prisma's migrator takes its advisory lock. */
const ADVISORY_LOCK = 72_707_369;

const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/** The migrations of a folder in their order: one folder each, with a `migration.sql`. */
export function readMigrations(folder: string): readonly Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/**
 * Applies what is not applied yet, each migration in a transaction of its own, one process at a time.
 * @returns The names of those applied now.
 * @throws MigrationError with the migration's name and the database's words; that migration has changed nothing.
 */
export async function deploy(session: SqlSession, folder: string): Promise<readonly string[]> {
  await session.query(`SELECT pg_advisory_lock(${ADVISORY_LOCK})`);
  try {
    const due = await pending(session, readMigrations(folder));
    for (const migration of due) await apply(session, migration);
    return due.map(({ name }) => name);
  } finally {
    await session.query(`SELECT pg_advisory_unlock(${ADVISORY_LOCK})`);
  }
}

async function pending(session: SqlSession, known: readonly Migration[]): Promise<readonly Migration[]> {
  await session.query(TABLE);
  const { rows } = await session.query(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  const applied = new Map((rows as Row[]).map((row) => [row.migration_name, row]));
  for (const row of applied.values()) {
    const file = known.find(({ name }) => name === row.migration_name);
    if (file === undefined)
      throw new MigrationError(
        `The database has the migration ${row.migration_name}, which this version does not know: it was made by a newer one.`,
      );
    if (row.finished_at === null)
      throw new MigrationError(
        `The migration ${row.migration_name} began and never ended. Look at the database before going on.`,
      );
    if (row.checksum !== file.checksum)
      throw new MigrationError(
        `The migration ${row.migration_name} was changed after it had been applied. Undo that change and write a new migration.`,
      );
  }
  return known.filter(({ name }) => !applied.has(name));
}

async function apply(session: SqlSession, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  await session.query('INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ]);
  try {
    await session.query('BEGIN');
    await session.script(sql);
    await session.query(
      'UPDATE "_prisma_migrations" SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
      [id],
    );
    await session.query('COMMIT');
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    await session.query('ROLLBACK');
    await session.query('UPDATE "_prisma_migrations" SET rolled_back_at = now(), logs = $2 WHERE id = $1', [
      id,
      words,
    ]);
    throw new MigrationError(`The migration ${name} failed and was taken back: ${words}`);
  }
}

/** Opens the database that the environment names, for as long as `act` runs. */
async function withSession<T>(act: (session: SqlSession) => Promise<T>): Promise<T> {
  const url = process.env['DATABASE_URL'];
  if (url !== undefined && url !== '') {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
    await client.connect();
    try {
      return await act({
        query: (sql, values) => client.query(sql, values),
        script: (sql) => client.query(sql),
      });
    } finally {
      await client.end();
    }
  }
  const data = path.resolve(/* turbopackIgnore: true */ process.env['RINGFENCE_DATA'] || '.data');
  mkdirSync(data, { recursive: true });
  const unlock = lockDatabase(path.join(data, 'pg.lock'));
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const pglite = await PGlite.create(path.join(data, 'pg'));
    try {
      return await act({
        query: (sql, values) => pglite.query(sql, values),
        script: (sql) => pglite.exec(sql),
      });
    } finally {
      await pglite.close();
    }
  } finally {
    unlock();
  }
}

async function main(command: string | undefined): Promise<number> {
  const folder = path.join(import.meta.dirname, 'migrations');
  try {
    if (command === 'status') {
      const due = await withSession((session) => pending(session, readMigrations(folder)));
      console.log(
        due.length === 0 ? 'The database is up to date.' : due.map(({ name }) => `due: ${name}`).join('\n'),
      );
      return 0;
    }
    if (command !== 'deploy') {
      console.error('usage: node prisma/migrate.ts deploy|status');
      return 2;
    }
    const applied = await withSession((session) => deploy(session, folder));
    console.log(applied.length === 0 ? '  The database is up to date.' : `  Applied: ${applied.join(', ')}`);
    return 0;
  } catch (error) {
    if (error instanceof MigrationError || error instanceof DatabaseBusyError)
      console.error(`✕ ${error.message}`);
    else {
      const words = error instanceof Error && error.message !== '' ? error.message : String(error);
      console.error(
        `✕ The database cannot be opened: ${words.slice(0, 500)}\n  ${process.env['DATABASE_URL'] ? 'DATABASE_URL names the server; is it running, and may this user log in?' : 'Its files lie in the folder .data/pg (RINGFENCE_DATA).'}`,
      );
    }
    return 1;
  }
}

if (import.meta.main) void main(process.argv[2]).then((code) => process.exit(code));
