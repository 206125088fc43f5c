import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { decodeEntries, decodeHeader, isFault } from '../session/journal.ts';
import type { JournalEntry, JournalHeader } from '../session/protocol.ts';
import { verify } from '../session/timeline.ts';
import { type BenchResult, benchLab, figureOf, ROOT, type Span, stopwatch } from './bench-figures.ts';

const JOURNAL = 'engine/session/testdata/journals/long-300.json';

type Journal = { readonly header: JournalHeader; readonly entries: readonly JournalEntry[] };

/** The committed journal of 300 commands, of the lab's present version. */
function readJournal(): Journal {
  const value = JSON.parse(readFileSync(join(ROOT, JOURNAL), 'utf8')) as {
    readonly header: unknown;
    readonly entries: unknown;
  };
  const head = decodeHeader(value.header);
  const entries = decodeEntries(value.entries);
  if (isFault(head)) throw new Error(head.error);
  if (isFault(entries)) throw new Error(entries.error);
  const { version } = benchLab(head.header.lab);
  return { header: { ...head.header, labVersion: version }, entries: entries.entries };
}

/** Replay of the committed journal: warm in this thread, in a fresh worker thread with loading, and how the heap grows. */
export async function benchReplay(rounds = 8): Promise<BenchResult> {
  const journal = readJournal();
  const bundle = benchLab(journal.header.lab);
  const samples: Span[] = [];
  for (let round = 0; round < rounds; round++) {
    const watch = stopwatch();
    await verify(bundle, journal.header, journal.entries);
    samples.push(watch());
  }
  const beforeMB = heapMB();
  const kept = await verify(bundle, journal.header, journal.entries);
  const grownMB = heapMB() - beforeMB;
  const lines = journal.entries.filter((entry) => entry.input.kind === 'line').length;
  return {
    figures: [
      figureOf(`replay: ${lines} commands, warm`, samples.slice(2), 0.5, 400),
      figureOf(
        `replay: ${lines} commands, fresh worker as the server starts it`,
        await freshReplays(journal),
        0.5,
        1000,
      ),
      { name: 'replay: heap grows by', value: grownMB, unit: 'MB', budget: 40 },
    ],
    ...(kept.faithful
      ? {}
      : { note: 'replay: the journal was not met faithfully; it is of another version of the engine' }),
  };
}

/** The way that the server takes: a new worker thread loads the bundled engine, compiled before, and verifies. */
async function freshReplays(journal: Journal, rounds = 4): Promise<readonly Span[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'engine/cli/bundle-replay.mjs'), folder]);
    const spans: Span[] = [];
    for (let round = 0; round < rounds; round++) spans.push(await freshReplay(journal, folder));
    // The first one compiles.
    return spans.slice(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freshReplay(journal: Journal, folder: string): Promise<Span> {
  const watch = stopwatch('process');
  const worker = new Worker(join(folder, 'replay.mjs'), {
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  try {
    const answer = await new Promise<{ readonly result: { readonly ok: boolean; readonly error?: string } }>(
      (resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.postMessage({
          id: 1,
          request: { labsFolder: join(ROOT, 'labs'), ...journal, wallMsMax: 60_000 },
        });
      },
    );
    if (!answer.result.ok) throw new Error(`the journal was refused: ${answer.result.error ?? ''}`);
    return watch();
  } finally {
    await worker.terminate();
  }
}

/** Heap in use after a full collection, which Node hides behind a flag that can be set late. */
function heapMB(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed / 1e6;
}
