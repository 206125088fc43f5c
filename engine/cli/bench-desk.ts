import { Desk } from '../session/desk.ts';
import { headerOf } from '../session/headless.ts';
import type { PageCommand, WorkerEvent } from '../session/protocol.ts';
import { type BenchResult, benchLab, figureOf, type Span, stopwatch } from './bench-figures.ts';

/** The file that is edited. */
const FILE = '/home/learner/database-policy.yaml';

/** Drafts alternate between rules that change the matrix, as someone's typing does. */
const draft = (edit: number): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: database-policy
spec:
  endpointSelector:
    matchLabels:
      tier: database
  ingress:
    - fromEndpoints:
        - matchLabels:
            tier: ${edit % 2 === 0 ? 'backend' : 'frontend'}
      toPorts:
        - ports:
            - port: "${7000 + edit}"
  egress:
    - {}
`;

/** A desk on the lab, driven by hand: the page's end of a session without a page. */
class DrivenDesk {
  readonly #desk: Desk;
  #events: WorkerEvent[] = [];
  #wallMs = 0;

  constructor() {
    this.#desk = new Desk((event) => this.#events.push(event));
  }

  take(command: PageCommand): void {
    this.#desk.take(command);
  }

  /** Pumps until nothing is to be done at once; gives the events since the last call. */
  async settle(): Promise<readonly WorkerEvent[]> {
    while ((await this.#desk.pump(this.#wallMs)) === 0);
    return this.#drain();
  }

  /** Pumps until an event of the kind came. */
  async until(kind: WorkerEvent['kind']): Promise<void> {
    while (!this.#events.some((event) => event.kind === kind)) await this.#desk.pump(this.#wallMs);
    this.#events = [];
  }

  /** Types a line and lets virtual time run until its prompt is back and the cluster rests. */
  async run(line: string): Promise<void> {
    this.take({ kind: 'type-line', terminal: 1, text: line });
    for (let i = 0; i < 60; i++) {
      this.#wallMs += 1000;
      await this.settle();
    }
  }

  #drain(): readonly WorkerEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

async function openDesk(podsPerTier: number): Promise<DrivenDesk> {
  const bundle = benchLab();
  const desk = new DrivenDesk();
  // The task with the most goals; reaching it plays the solutions before it.
  const task = bundle.tasks.findIndex((one) => one.start['database-policy.yaml'] !== undefined);
  desk.take({
    kind: 'open',
    bundle,
    header: headerOf(bundle, 1),
    entries: [],
    solved: [],
    task: Math.max(0, task),
    isReadOnly: false,
  });
  await desk.settle();
  if (podsPerTier > 2)
    await desk.run(`kubectl scale deployment frontend backend database --replicas=${podsPerTier}`);
  return desk;
}

/** Draft edited → checks and matrix fresh, with about 100 pods of the lab's own, and the first edit of a fresh desk. */
export async function benchMatrix(edits = 120): Promise<BenchResult> {
  const { first, warm } = await measureEdits(34, edits);
  return {
    figures: [
      figureOf('matrix: first edit, 100 pods', [first], 0.5, 60),
      figureOf('matrix: edit p95 warm, 100 pods', warm, 0.95, 16),
      figureOf('matrix: edit median warm, 100 pods', warm, 0.5),
    ],
  };
}

async function measureEdits(
  podsPerTier: number,
  edits: number,
): Promise<{ readonly first: Span; readonly warm: readonly Span[] }> {
  const desk = await openDesk(podsPerTier);
  const samples: Span[] = [];
  for (let edit = 0; edit < edits; edit++) {
    desk.take({ kind: 'draft', path: FILE, content: draft(edit) });
    const watch = stopwatch();
    await desk.until('matrix');
    samples.push(watch());
  }
  return { first: samples[0] ?? { wallMs: 0, cpuMs: 0 }, warm: samples.slice(20) };
}

/**
 * Keystroke → echo while the matrix computes: every key is struck right after an edit began to be worked on, so that it
 * waits for the whole of it; the worst that can happen.
 */
export async function benchKeys(keys = 200): Promise<BenchResult> {
  const desk = await openDesk(34);
  const samples: Span[] = [];
  for (let key = 0; key < keys; key++) {
    desk.take({ kind: 'draft', path: FILE, content: draft(key) });
    const watch = stopwatch();
    const busy = desk.settle();
    desk.take({ kind: 'keys', terminal: 1, data: 'a' });
    await busy;
    if (key >= 20) samples.push(watch());
    await desk.settle();
  }
  return {
    figures: [figureOf('keys: keystroke → echo p95, matrix busy', samples, 0.95, 16)],
  };
}
