import path from 'node:path';
import { lockDatabase } from '../../prisma/lock.ts';
import { deploy } from '../../prisma/migrate.ts';
import { PrismaClient } from '../../prisma/generated/client.ts';
import { environment } from './env.ts';

/** The database as the server uses it. */
export type Database = PrismaClient;

/** An open database and how to end it. */
export type OpenDatabase = { readonly prisma: Database; close(): Promise<void> };

const MIGRATIONS = path.resolve('prisma/migrations');

/** After a failed attempt to open it, questions are answered at once for this long instead of trying again. */
const RETRY_MS = 3_000;

/** How long a transaction may wait for its turn and may take, ms. The embedded database has a single connection. */
const TRANSACTIONS = { maxWait: 10_000, timeout: 15_000 } as const;

/** Opens a PostgreSQL server's database and brings it up to date. */
export async function openPostgres(url: string): Promise<OpenDatabase> {
  const [{ default: pg }, { PrismaPg }] = await Promise.all([import('pg'), import('@prisma/adapter-pg')]);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection that breaks while idle is no reason to end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await deploy(
      { query: (sql, values) => client.query(sql, values), script: (sql) => client.query(sql) },
      MIGRATIONS,
    );
  } finally {
    await client.end();
  }
  const adapter = new PrismaPg({ connectionString: url, connectionTimeoutMillis: 5_000, max: 10 });
  const prisma = new PrismaClient({ adapter, transactionOptions: TRANSACTIONS });
  return { prisma, close: () => prisma.$disconnect() };
}

/** Opens an embedded database in a folder; without one in memory (for tests). It is brought up to date. */
export async function openEmbedded(folder?: string): Promise<OpenDatabase> {
  const [{ PGlite }, { PrismaPGlite }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('pglite-prisma-adapter'),
  ]);
  const unlock = folder === undefined ? () => {} : lockDatabase(path.join(path.dirname(folder), 'pg.lock'));
  process.once('exit', unlock);
  try {
    const pglite = await PGlite.create(folder);
    await deploy(
      { query: (sql, values) => pglite.query(sql, values), script: (sql) => pglite.exec(sql) },
      MIGRATIONS,
    );
    const prisma = new PrismaClient({
      adapter: new PrismaPGlite(pglite),
      transactionOptions: TRANSACTIONS,
    });
    const close = async () => {
      await prisma.$disconnect();
      if (!pglite.closed) await pglite.close();
      process.off('exit', unlock);
      unlock();
    };
    return { prisma, close };
  } catch (error) {
    process.off('exit', unlock);
    unlock();
    throw error;
  }
}

/** Thrown while the database cannot be had; learners go on without it. */
export class DatabaseAwayError extends Error {
  override readonly name = 'DatabaseAwayError';
}

type Kept = { opening?: Promise<OpenDatabase>; failedMs?: number; failure?: string };

// The route handlers are bundled apart from each other; one process has one database all the same.
const kept: Kept = ((globalThis as { ringfenceDatabase?: Kept }).ringfenceDatabase ??= {});

/** Makes this process use the given database; undefined: the one of its environment, opened when it is next wanted. */
export function useDatabase(database: OpenDatabase | undefined): void {
  delete kept.failedMs;
  if (database === undefined) delete kept.opening;
  else kept.opening = Promise.resolve(database);
}

/**
 * The process's database; opened at the first question.
 * @throws DatabaseAwayError when it cannot be opened; a later question tries again.
 */
export async function database(): Promise<Database> {
  if (kept.failedMs !== undefined && Date.now() - kept.failedMs < RETRY_MS)
    throw new DatabaseAwayError(kept.failure);
  const { databaseUrl, dataDir } = environment();
  kept.opening ??=
    databaseUrl === undefined ? openEmbedded(path.join(dataDir, 'pg')) : openPostgres(databaseUrl);
  try {
    const { prisma } = await kept.opening;
    delete kept.failedMs;
    return prisma;
  } catch (error) {
    delete kept.opening;
    kept.failedMs = Date.now();
    kept.failure = error instanceof Error ? error.message.slice(0, 500) : String(error);
    console.error(`The database is away: ${kept.failure}`);
    throw new DatabaseAwayError(kept.failure);
  }
}

/** True for errors that mean the database is not to be had just now, and not that it was asked for nonsense. */
export function isAway(error: unknown): boolean {
  if (error instanceof DatabaseAwayError) return true;
  if (!(error instanceof Error)) return false;
  const code = String((error as { code?: unknown }).code ?? '');
  // Prisma: cannot reach, timed out, closed, no connection free, no transaction to be had. PostgreSQL: connection and shutdown classes.
  if (
    /^(P100[0128]|P1011|P1017|P2024|P2028|P2037|08\w{3}|57P0\d|53\d{3}|ECONN\w+|ENOTFOUND|EPIPE|ETIMEDOUT)$/.test(
      code,
    )
  )
    return true;
  return /Connection terminated|connection timeout|ECONNREFUSED|ECONNRESET|Can't reach database|terminating connection|the database system is|PGlite is closed/i.test(
    error.message,
  );
}
