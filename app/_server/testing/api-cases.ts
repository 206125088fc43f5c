import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JournalEntry } from '../../../engine/session/protocol.ts';
import { appendRate, guestRate, LEASE_MS } from '../attempts.ts';
import { type OpenDatabase, useDatabase } from '../db.ts';
import { type Replay, useVerifier, Verifier, verifier } from '../verify.ts';
import { newId, TestBrowser } from './browser.ts';
import { honestJournal, lines, SLUG, type TestJournal, testLab } from './journals.ts';

const lab = testLab();

/** Sends a whole journal in one piece. */
function sendAll(browser: TestBrowser, id: string, { header, entries }: TestJournal, more: object = {}) {
  return browser.append(id, { header, from: 1, entries, ...more });
}

/** A browser whose guest has an attempt of `count` lines. */
async function started(count = 3) {
  const browser = new TestBrowser();
  const id = newId();
  const journal = lines(lab, count);
  expect((await sendAll(browser, id, journal)).status).toBe(200);
  return { browser, id, journal };
}

/** Everything that the API promises, on one kind of database. */
export function apiCases(open: () => Promise<OpenDatabase>): void {
  let db: OpenDatabase;

  beforeAll(async () => {
    process.env['RINGFENCE_DATA'] = mkdtempSync(path.join(tmpdir(), 'ringfence-api-'));
    db = await open();
    useDatabase(db);
  }, 120_000);

  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    appendRate.clear();
    guestRate.clear();
    useDatabase(db);
    useVerifier(new Verifier());
  });

  afterAll(async () => {
    await db?.close();
    useDatabase(undefined);
  });

  describe('a guest', () => {
    test('is made by the first append and by no visit', async () => {
      const before = await db.prisma.learner.count();
      const browser = new TestBrowser();
      expect((await browser.load(SLUG)).status).toBe(204);
      expect((await browser.progress()).body).toEqual({ tasks: [] });
      expect((await browser.lease(newId())).status).toBe(404);
      expect(browser.cookie).toBeUndefined();
      const reply = await sendAll(browser, newId(), lines(lab, 1));
      expect(reply.status).toBe(200);
      expect(await db.prisma.learner.count()).toBe(before + 1);
      const cookie = reply.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/HttpOnly; SameSite=Lax$/);
      expect((await browser.append(newId(), { header: 1, from: 1, entries: [] })).status).toBe(422);
      expect(await db.prisma.learner.count()).toBe(before + 1);
    });

    test('is no one without a cookie that we signed', async () => {
      const { browser } = await started();
      const [name, value = ''] = (browser.cookie ?? '').split('=');
      const forged = [
        `${name}=${'0'.repeat(32)}${value.slice(32)}`,
        `${name}=${value.slice(0, 33)}`,
        `${name}=x`,
      ];
      for (const cookie of forged) expect((await new TestBrowser(cookie).load(SLUG)).status).toBe(204);
      expect((await new TestBrowser(browser.cookie).load(SLUG)).status).toBe(200);
    });

    test('does not come into being by a refused append', async () => {
      const before = await db.prisma.learner.count();
      const { header, entries } = lines(lab, 3);
      const browser = new TestBrowser();
      expect((await browser.append(newId(), { header, from: 2, entries: entries.slice(1) })).status).toBe(
        409,
      );
      expect(browser.cookie).toBeUndefined();
      expect(await db.prisma.learner.count()).toBe(before);
    });
  });

  describe('a journal', () => {
    test('grows by pieces and comes back as it was', async () => {
      const { browser, id, journal } = await started(2);
      const { header, entries } = lines(lab, 5, 'printf "\\0 ü 😀 \ud800 \u0000" #');
      const all = [...journal.entries, ...entries.slice(2)];
      const reply = await browser.append(id, { header, from: 3, entries: all.slice(2), task: 1 });
      expect(reply).toMatchObject({ status: 200, body: { upTo: 5, verified: [], isOutdated: false } });
      const { body } = await browser.load(SLUG);
      expect(body.attempt).toEqual({
        id,
        header,
        entries: all,
        task: 1,
        solved: [],
        verified: [],
        isWrittenElsewhere: false,
        isOutdated: false,
      });
    });

    test('takes the same piece again, and a piece that overlaps', async () => {
      const { browser, id } = await started(3);
      const { header, entries } = lines(lab, 5);
      expect(await sendAll(browser, id, lines(lab, 3))).toMatchObject({ status: 200, body: { upTo: 3 } });
      const reply = await browser.append(id, { header, from: 2, entries: entries.slice(1) });
      expect(reply).toMatchObject({ status: 200, body: { upTo: 5 } });
      expect((await browser.load(SLUG)).body.attempt.entries).toEqual(entries);
    });

    test('says how far it goes when a piece does not fit', async () => {
      const { browser, id } = await started(3);
      const { header, entries } = lines(lab, 9);
      const gap = await browser.append(id, { header, from: 6, entries: entries.slice(5) });
      expect(gap).toMatchObject({ status: 409, body: { upTo: 3 } });
      const other = lines(lab, 4, 'ls');
      expect(await sendAll(browser, id, other)).toMatchObject({ status: 409, body: { upTo: 3 } });
      const header2 = { ...header, seed: 99 };
      expect(
        (await browser.append(id, { header: header2, from: 4, entries: entries.slice(3, 4) })).status,
      ).toBe(409);
      expect((await browser.load(SLUG)).body.attempt.entries).toEqual(entries.slice(0, 3));
    });

    test('of someone else cannot be read, written or led astray', async () => {
      const { id, journal } = await started();
      const stranger = new TestBrowser();
      expect((await sendAll(stranger, id, journal)).status).toBe(409);
      const own = await started();
      expect((await own.browser.lease(id)).status).toBe(404);
      expect((await sendAll(own.browser, id, journal, { takeOver: true })).status).toBe(409);
    });

    test('that forks goes on as the one open attempt', async () => {
      const { browser, id } = await started(3);
      const fork = newId();
      expect((await sendAll(browser, fork, lines(lab, 4, 'ls'))).status).toBe(200);
      expect((await browser.load(SLUG)).body.attempt).toMatchObject({ id: fork, isWrittenElsewhere: false });
      expect(await db.prisma.attempt.count({ where: { id: { in: [id, fork] }, closedAt: null } })).toBe(1);
      expect((await browser.lease(id)).status).toBe(423);
    });

    test('is kept once when the same piece comes twice at the same time', async () => {
      const browser = new TestBrowser();
      const id = newId();
      await sendAll(browser, id, lines(lab, 1));
      const { header, entries } = lines(lab, 4);
      const piece = { header, from: 2, entries: entries.slice(1) };
      const replies = await Promise.all([
        browser.append(id, piece),
        browser.append(id, piece),
        browser.append(id, piece),
      ]);
      expect(replies.map(({ status, body }) => [status, body.upTo])).toEqual([
        [200, 4],
        [200, 4],
        [200, 4],
      ]);
      expect((await browser.load(SLUG)).body.attempt.entries).toEqual(entries);
    });
  });

  describe('the lease', () => {
    test('is one writer’s until it is taken over, given back or runs out', async () => {
      const { browser: first, id, journal } = await started(3);
      const second = new TestBrowser(first.cookie);
      const { header, entries } = lines(lab, 6);
      const next = (from: number) => ({ header, from, entries: entries.slice(from - 1, from) });
      expect((await second.load(SLUG)).body.attempt).toMatchObject({
        isWrittenElsewhere: true,
        entries: journal.entries,
      });
      expect((await second.append(id, next(4))).status).toBe(423);
      expect((await second.lease(id)).status).toBe(423);
      expect((await sendAll(second, newId(), lines(lab, 1, 'ls'))).status).toBe(423);
      expect((await second.append(id, { ...next(4), takeOver: true })).status).toBe(200);
      const late = await first.append(id, next(5));
      expect(late.status).toBe(423);
      expect(late.body.message).toContain('another tab or on another device');
      expect((await second.lease(id, { isLeaving: true })).status).toBe(200);
      expect((await first.append(id, next(5))).status).toBe(200);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + LEASE_MS + 1 });
      expect((await second.lease(id)).status).toBe(200);
      expect((await first.lease(id)).status).toBe(423);
    });
  });

  describe('bad input', () => {
    const { header, entries } = lines(lab, 3);
    const [one, two, three] = entries as [JournalEntry, JournalEntry, JournalEntry];
    const big = (kind: 'line' | 'save', size: number) =>
      kind === 'line'
        ? { ...one, input: { kind, terminal: 1, text: 'x'.repeat(size) } }
        : { ...one, input: { kind, path: '/home/learner/a', content: 'x'.repeat(size) } };

    test.each<[string, number, object | string]>([
      ['no JSON', 400, '{"header":'],
      ['a list', 400, []],
      ['no writer', 400, { header, from: 1, entries, writer: undefined }],
      ['a writer with strange characters', 400, { header, from: 1, entries, writer: 'a b' }],
      ['a lab that does not exist', 404, { header: { ...header, lab: '../secrets' }, from: 1, entries }],
      ['a lab named like a property', 404, { header: { ...header, lab: '__proto__' }, from: 1, entries }],
      ['another replay version', 422, { header: { ...header, replayVersion: 99 }, from: 1, entries }],
      ['a reordered journal', 422, { header, from: 1, entries: [two, one, three] }],
      ['a journal with a hole', 422, { header, from: 1, entries: [one, three] }],
      ['a truncated entry', 422, { header, from: 1, entries: [one, { sequence: 2, atMs: 1 }] }],
      ['an unknown input', 422, { header, from: 1, entries: [{ ...one, input: { kind: 'solve' } }] }],
      ['an input of 64 kB and more', 422, { header, from: 1, entries: [big('line', 65_537)] }],
      ['a file of more than 1 MB', 422, { header, from: 1, entries: [big('save', 1_048_577)] }],
      [
        'too many inputs',
        413,
        {
          header,
          from: 20_000,
          entries: [
            { ...one, sequence: 20_000 },
            { ...one, sequence: 20_001 },
          ],
        },
      ],
      ['more than 8 MB', 413, `{"header":{},"from":1,"entries":["${'x'.repeat(9_500_000)}"]}`],
    ])('%s is refused with words', async (_, status, body) => {
      const browser = new TestBrowser();
      const reply = await browser.append(newId(), body, { 'content-length': '10' });
      expect(reply.status).toBe(status);
      expect(reply.body.message).toMatch(/^[A-Z].{10,}\.?$/);
      expect(browser.cookie).toBeUndefined();
    });

    test('a journal that grows beyond 8 MB is refused, and what is kept stays', async () => {
      const browser = new TestBrowser();
      const id = newId();
      for (let n = 1; n <= 8; n++) {
        const save = { ...big('save', 1_048_576), sequence: n };
        const { status } = await browser.append(id, { header, from: n, entries: [save] });
        expect(status).toBe(n < 8 ? 200 : 413);
      }
      expect((await browser.load(SLUG)).body.attempt.entries).toHaveLength(7);
    });

    test('another site, a wrong name and a wrong lab get nowhere', async () => {
      const { browser, id } = await started();
      const piece = { header, from: 1, entries };
      expect((await browser.append(id, piece, { origin: 'http://evil.example' })).status).toBe(403);
      expect((await browser.append(id, piece, { origin: 'null' })).status).toBe(403);
      expect((await browser.append('not-an-id', piece)).status).toBe(400);
      expect((await browser.load('no-such-lab')).status).toBe(404);
    });

    test('more than 60 appends a minute are too many', async () => {
      const { browser, id } = await started(1);
      const statuses: number[] = [];
      for (let n = 0; n < 61; n++) statuses.push((await sendAll(browser, id, lines(lab, 1))).status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(60);
      const late = await sendAll(browser, id, lines(lab, 1));
      expect(late.status).toBe(429);
      expect(late.headers.get('retry-after')).toBe('5');
    });
  });

  describe('verified', () => {
    /** Sends a journal whose page says that `solved` is solved, and waits for the replay. */
    async function claim(journal: TestJournal, solved: readonly number[], browser = new TestBrowser()) {
      const id = newId();
      const first = await sendAll(browser, id, journal, { solved });
      await verifier().idle();
      const { body } = await browser.lease(id, { solved });
      await verifier().idle();
      return { id, browser, first: first.body, verified: body.verified as number[] };
    }

    test('is what the server’s own replay solved, and it stays', async () => {
      const journal = await honestJournal(lab, 3);
      const { id, browser, first, verified } = await claim(journal, [0, 1, 2]);
      expect(first).toMatchObject({ verified: [], isVerifying: true });
      expect(verified).toEqual([0, 1, 2]);
      const { tasks } = (await browser.progress()).body;
      expect(tasks.map((task: { task: string }) => task.task)).toEqual(
        lab.tasks.slice(0, 3).map((task) => task.id),
      );
      expect(tasks.every((task: { verifiedAt: string | null }) => task.verifiedAt !== null)).toBe(true);
      expect(tasks[1]).toMatchObject({ attempts: 1, hintsTaken: 0 });
      // A fork that starts over does not take it back.
      await sendAll(browser, newId(), lines(lab, 1));
      expect((await browser.load(SLUG)).body.attempt).toMatchObject({
        verified: [0, 1, 2],
        solved: [0, 1, 2],
      });
      expect(await db.prisma.keyframe.count({ where: { attemptId: id } })).toBe(1);
    });

    test('is not what a page only says', async () => {
      expect((await claim(lines(lab, 2), [0, 1, 2, 3, 4, 77])).verified).toEqual([]);
    });

    test('is not a journal that was tampered with', async () => {
      const { header, entries } = await honestJournal(lab, 2);
      const change = (edit: (entry: JournalEntry) => JournalEntry) => ({
        header,
        entries: entries.map(edit),
      });
      const kubectl = (entry: JournalEntry) =>
        entry.input.kind === 'line' && entry.input.text.includes('kubectl');
      const noKubectl = change((entry) =>
        kubectl(entry) ? { ...entry, input: { kind: 'line', terminal: 1, text: 'true' } } : entry,
      );
      expect((await claim(noKubectl, [0, 1])).verified).toEqual([]);
      const cut = entries.findIndex(({ input }) => input.kind === 'task');
      expect((await claim({ header, entries: entries.slice(0, cut) }, [0, 1])).verified).toEqual([0]);
      const farAway = change((entry) => ({ ...entry, step: entry.step + 10 ** 12 }));
      expect((await claim(farAway, [0, 1])).verified).toEqual([]);
      const foreign = { header: { ...header, labVersion: 'someone-elses' }, entries };
      expect((await claim(foreign, [0, 1])).verified).toEqual([]);
    });

    test('waits in a queue that has an end, one attempt a learner', async () => {
      let release = () => {};
      const seen: number[] = [];
      const held: Replay = async ({ entries }) => {
        seen.push((entries as unknown[]).length);
        await new Promise<void>((resolve) => (release = resolve));
        return { ok: false, error: 'not looked at' };
      };
      vi.spyOn(console, 'warn').mockImplementation(() => {});
      useVerifier(new Verifier(held, { wallMs: 1_000, heapMb: 64, queueMax: 1 }));
      const [a, b, c] = [new TestBrowser(), new TestBrowser(), new TestBrowser()];
      const say = async (browser: TestBrowser, count: number) =>
        (await sendAll(browser, newId(), lines(lab, count), { solved: [0] })).body.isVerifying;
      expect(await say(a, 1)).toBe(true);
      await vi.waitFor(() => expect(seen).toEqual([1]));
      expect(await say(b, 2)).toBe(true);
      expect(await say(b, 3)).toBe(true);
      expect(await say(c, 4)).toBe('busy');
      release();
      await vi.waitFor(() => expect(seen).toEqual([1, 3]));
      release();
      await verifier().idle();
    });
  });

  test('an attempt at a lab that has changed since gives back its files and its marks', async () => {
    const browser = new TestBrowser();
    const id = newId();
    const { header, entries } = await honestJournal(lab, 2);
    await sendAll(browser, id, { header, entries }, { solved: [0, 1] });
    await verifier().idle();
    const last = entries.at(-1) as JournalEntry;
    const save = { kind: 'save', path: '/home/learner/mine.yaml', content: 'a: 1\n' };
    await browser.append(id, {
      header,
      from: last.sequence + 1,
      entries: [{ ...last, sequence: last.sequence + 1, input: save }],
    });
    await db.prisma.attempt.update({ where: { id }, data: { labVersion: 'older' } });
    const { attempt } = (await browser.load(SLUG)).body;
    expect(attempt).toMatchObject({ isOutdated: true, entries: [], verified: [0, 1] });
    expect(attempt.files['/home/learner/mine.yaml']).toBe('a: 1\n');
    expect(attempt.files['/home/learner/database-policy.yaml']).toContain('kind: CiliumNetworkPolicy');
    expect((await sendAll(browser, newId(), lines(lab, 1))).status).toBe(200);
    expect((await browser.load(SLUG)).body.attempt).toMatchObject({ isOutdated: false, verified: [0, 1] });
  });

  test('solutions come when they are asked for, and looking at one is recorded', async () => {
    const { browser } = await started();
    expect(Object.keys((await browser.solutions(SLUG, { before: 2 })).body.solutions)).toEqual(['0', '1']);
    expect((await browser.progress()).body.tasks).toMatchObject([{ hintsTaken: 0 }]);
    const { body } = await browser.solutions(SLUG, { task: 1 });
    expect(body.solutions[1]).toContain('kubectl apply');
    expect((await browser.progress()).body.tasks).toMatchObject([
      {},
      { task: lab.tasks[1]?.id, hintsTaken: 4 },
    ]);
    expect((await browser.solutions(SLUG, { all: true })).status).toBe(400);
    expect((await browser.solutions('nothing', { before: 1 })).status).toBe(404);
  });

  test('while the database is away every answer says so, and solutions come all the same', async () => {
    const { browser, id } = await started();
    const gone = new Error('connect ECONNREFUSED 127.0.0.1:5432');
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const away = new Proxy({}, { get: () => () => Promise.reject(gone) });
    useDatabase({
      prisma: new Proxy(away, {
        get: (_, key) =>
          key === 'then' ? undefined : key === '$transaction' ? () => Promise.reject(gone) : away,
      }) as OpenDatabase['prisma'],
      close: async () => {},
    });
    for (const reply of [
      await browser.load(SLUG),
      await sendAll(browser, id, lines(lab, 3)),
      await browser.lease(id),
      await browser.progress(),
    ]) {
      expect(reply.status).toBe(503);
      expect(reply.headers.get('retry-after')).toBe('5');
      expect(reply.body.message).toContain('kept in this browser');
    }
    expect((await browser.solutions(SLUG, { task: 1 })).status).toBe(200);
  });
}
