import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type OpenDatabase, openEmbedded, openPostgres, useDatabase } from './db.ts';
import { entriesOf } from './journal.ts';
import { newId, TestBrowser } from './testing/browser.ts';
import { lines, testLab } from './testing/journals.ts';
import { postgresBin, startPostgres } from './testing/postgres.ts';

const APPENDER = path.resolve(import.meta.dirname, 'testing/appender.ts');

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-kill-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lets a server take appends, and kills it in the middle of the work. Gives the last sequence that was acknowledged. */
async function killAfter(count: number, id: string, environment: Record<string, string>): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [APPENDER, id], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  let said = '';
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints += String(chunk)));
  child.stdout?.on('data', (chunk) => {
    said += String(chunk);
    // Between two answers of its own loop: some append is always under way.
    if (said.split('\n').length > count) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  if (!said.includes('\n')) throw new Error(`nothing was appended: ${complaints.slice(0, 2_000)}`);
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1)?.split(' ')[0]);
}

async function expectKept(db: OpenDatabase, id: string, acknowledged: number): Promise<void> {
  cleanups.push(() => db.close());
  expect(acknowledged).toBeGreaterThanOrEqual(20);
  const kept = await entriesOf(db.prisma, id);
  const attempt = await db.prisma.attempt.findUniqueOrThrow({ where: { id } });
  expect(attempt.upTo).toBe(kept.length);
  // One more may have been committed without its answer.
  expect([acknowledged, acknowledged + 1]).toContain(kept.length);
  expect(kept).toEqual(lines(testLab(), kept.length).entries);
}

test('a killed server has lost nothing that it had answered: embedded database', {
  timeout: 120_000,
}, async () => {
  const folder = scratch();
  const id = newId();
  const acknowledged = await killAfter(20, id, { RINGFENCE_DATA: folder, DATABASE_URL: '' });
  // The dead process still holds the lock file; it is taken over.
  await expectKept(await openEmbedded(path.join(folder, 'pg')), id, acknowledged);
});

test.skipIf(postgresBin() === undefined)(
  'a killed server has lost nothing that it had answered: PostgreSQL',
  { timeout: 120_000 },
  async () => {
    const server = await startPostgres(postgresBin() ?? '');
    cleanups.push(() => server.stop());
    const id = newId();
    const acknowledged = await killAfter(20, id, { RINGFENCE_DATA: scratch(), DATABASE_URL: server.url });
    await expectKept(await openPostgres(server.url), id, acknowledged);
  },
);

test.skipIf(postgresBin() === undefined)(
  'a PostgreSQL that crashes is missed with words, found again, and has kept everything',
  { timeout: 120_000 },
  async () => {
    const server = await startPostgres(postgresBin() ?? '');
    cleanups.push(() => server.stop());
    process.env['RINGFENCE_DATA'] = scratch();
    const db = await openPostgres(server.url);
    cleanups.push(
      () => db.close(),
      () => useDatabase(undefined),
    );
    useDatabase(db);
    const browser = new TestBrowser();
    const id = newId();
    const { header, entries } = lines(testLab(), 3);
    const send = (n: number) => browser.append(id, { header, from: n, entries: entries.slice(n - 1, n) });
    expect((await send(1)).status).toBe(200);
    await server.crash();
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    cleanups.push(() => complaints.mockRestore());
    expect((await send(2)).status).toBe(503);
    expect((await browser.load('lock-down-the-database')).status).toBe(503);
    await server.start();
    await vi.waitFor(async () => expect((await send(2)).status).toBe(200), {
      timeout: 20_000,
      interval: 200,
    });
    expect((await send(3)).body).toMatchObject({ upTo: 3 });
    expect((await browser.load('lock-down-the-database')).body.attempt.entries).toEqual(entries);
  },
);
