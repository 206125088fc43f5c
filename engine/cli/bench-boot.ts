import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { present } from '../base/assert.ts';
import type { LabBundle } from '../lab/bundle.ts';
import { headerOf } from '../session/headless.ts';
import type { WorkerEvent } from '../session/protocol.ts';
import { Sandbox } from '../session/sandbox.ts';
import { type BenchResult, benchLab, figureOf, type Span, stopwatch } from './bench-figures.ts';
import { bundle as bundleOf } from './bundle.ts';

/** Gives the browser's worker the few globals it takes, in a worker thread of Node. */
const shimOf = (worker: string): string => `import { parentPort } from 'node:worker_threads';
globalThis.postMessage = (event) => parentPort.postMessage(event);
parentPort.on('message', (data) => globalThis.onmessage({ data }));
await import('./${worker}');
`;

/** Sandbox open → it runs commands: warm in this thread, and in a fresh worker thread that loads the browser's bundle first. */
export async function benchBoot(rounds = 15): Promise<BenchResult> {
  const bundle = benchLab();
  const warm: Span[] = [];
  for (let round = 0; round < rounds; round++) {
    const watch = stopwatch();
    await Sandbox.create(bundle, headerOf(bundle, round + 1));
    if (round >= 4) warm.push(watch());
  }
  const fresh = await measureFresh(bundle, 5);
  return {
    figures: [
      figureOf('boot: sandbox, warm', warm, 0.5, 120),
      figureOf('boot: fresh worker thread → sandbox', fresh, 0.5, 400),
    ],
  };
}

async function measureFresh(bundle: LabBundle, rounds: number): Promise<readonly Span[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  try {
    const chunks = await bundleOf('worker', ['engine/session/worker.ts']);
    for (const { name, code } of chunks) writeFileSync(join(folder, name), code);
    const worker = chunks.find(({ name }) => name.startsWith('worker-'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'shim.js'), shimOf(present(worker, 'the worker').name));
    const samples: Span[] = [];
    for (let round = 0; round < rounds; round++)
      samples.push(await freshBoot(join(folder, 'shim.js'), bundle));
    return samples;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freshBoot(file: string, bundle: LabBundle): Promise<Span> {
  const watch = stopwatch('process');
  const worker = new Worker(pathToFileURL(file));
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (event: WorkerEvent) => {
        if (event.kind === 'crashed') reject(new Error(event.message));
        // The prompt is shown before; now the sandbox behind it stands.
        if (event.kind === 'opened') resolve();
      });
      worker.postMessage({
        kind: 'open',
        bundle,
        header: headerOf(bundle, 1),
        entries: [],
        solved: [],
        task: 0,
        isReadOnly: false,
      });
    });
    return watch();
  } finally {
    await worker.terminate();
  }
}
