import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { Desk } from './desk.ts';
import { DEFAULT_EPOCH_MS } from './headless.ts';
import { decodeEntries } from './journal.ts';
import type { JournalEntry, JournalHeader, PageCommand, WorkerEvent } from './protocol.ts';
import { REPLAY_VERSION } from './protocol.ts';
import { labNow } from './testdata/labs.ts';
import { resume, verify } from './timeline.ts';

const SESSIONS = Number(process.env['FUZZ_SESSIONS'] ?? 16);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 1);
const ACTIONS = 60;

/** Seeds that once failed: solutions that were played counted as solved; taking back a jump to a task met another history. */
const PINNED: readonly number[] = [4, 20];

const LINES = [
  'kubectl get po',
  'kubectl get pods -w',
  'ls',
  'echo a > b; cat b',
  'kubectl exec deploy/backend -- curl -s database/PING',
  'kubectl exec deploy/frontend -- curl database',
  'kubectl scale deploy/backend --replicas 3',
  'sleep 3 &',
  'jobs',
  'kubectl apply -f database-policy.yaml',
  'kubectl delete cnp --all',
  'kubectl exec -it deploy/frontend -- sh',
  'cat <<END',
  'END',
  'while :; do sleep 1; done',
  'exit',
  'vi database-policy.yaml',
  'cat',
];
const KEYS = [
  '\r',
  '\r',
  '\r',
  '\x03',
  '\x03',
  '\x04',
  '\t',
  '\t\t',
  '\x1b[A',
  '\x1b[B',
  '\x12e',
  '\x15',
  '\x0c',
  '\x1b[D',
  '\x7f',
  '\x1a',
];
const TEXT =
  'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: database-policy}\nspec:\n  endpointSelector: {matchLabels: {tier: database}}\n  ingress: [{fromEndpoints: [{matchLabels: {tier: backend}}]}]\n';

/** Something that a page sends. */
function pageCommand(random: Random, tasks: number): PageCommand {
  const pick = <T>(items: readonly T[]): T => random.pick('pick', items);
  const terminal = random.integer('terminal', 1, 3);
  const path = '/home/learner/database-policy.yaml';
  const content = random.next('cut') < 0.5 ? TEXT : TEXT.slice(0, random.integer('at', 0, TEXT.length));
  const dice = random.next('kind');
  if (dice < 0.35) return { kind: 'keys', terminal, data: `${pick(LINES)}\r` };
  if (dice < 0.6) return { kind: 'keys', terminal, data: pick(KEYS) };
  if (dice < 0.66) return { kind: 'type-line', terminal, text: pick(LINES) };
  if (dice < 0.72) return { kind: 'draft', path, content };
  if (dice < 0.78) return { kind: 'save', path, content };
  if (dice < 0.84) return { kind: pick(['undo', 'undo', 'undo', 'redo', 'redo', 'reset-task'] as const) };
  if (dice < 0.88) return { kind: 'skip-wait' };
  if (dice < 0.92)
    return pick([
      { kind: 'open-terminal' },
      { kind: 'close-terminal', terminal },
      { kind: 'resize', terminal, columns: random.integer('size', 20, 200), rows: 24 },
    ] as const);
  if (dice < 0.94) return { kind: 'go-task', task: random.integer('task', 0, tasks - 1) };
  if (dice < 0.97) return { kind: 'hint', task: random.integer('task', 0, tasks - 1) };
  return { kind: 'visible', isVisible: random.next('visible') < 0.7 };
}

async function live(seed: number): Promise<{
  readonly entries: readonly JournalEntry[];
  readonly header: JournalHeader;
  readonly events: readonly WorkerEvent[];
}> {
  const random = new Random(seed);
  const bundle = labNow(random.pick('lab', ['lock-down-the-database', 'let-the-vpn-in']));
  const header: JournalHeader = {
    replayVersion: REPLAY_VERSION,
    lab: bundle.slug,
    labVersion: bundle.version,
    seed,
    epochMs: DEFAULT_EPOCH_MS,
  };
  const events: WorkerEvent[] = [];
  const desk = new Desk((event) => events.push(event));
  let wallMs = random.next('wall') * 1e6;
  desk.take({ kind: 'open', bundle, header, entries: [], solved: [], task: 0, isReadOnly: false });
  await desk.pump(wallMs);
  for (let i = 0; i < ACTIONS; i++) {
    const command = pageCommand(random, bundle.tasks.length);
    desk.take(command);
    for (let pumps = random.integer('pumps', 1, 4); pumps > 0; pumps--) {
      wallMs += random.next('wall') * (random.next('long') < 0.1 ? 20_000 : 300);
      await desk.pump(wallMs);
    }
  }
  return {
    header,
    events,
    entries: events.flatMap((event) => (event.kind === 'journal' ? event.entries : [])),
  };
}

test(`the journals of ${SESSIONS} pages can be sent, resumed and verified`, {
  timeout: 300_000,
}, async () => {
  for (const seed of new Set([...PINNED, ...Array.from({ length: SESSIONS }, (_, index) => FIRST + index)])) {
    const { header, entries, events } = await live(seed);
    const sent = decodeEntries(JSON.parse(JSON.stringify(entries)));
    expect({ seed, sent }).toEqual({ seed, sent: { entries } });
    const bundle = labNow(header.lab);
    const verified = await verify(bundle, header, entries);
    const resumed = await resume(bundle, header, entries);
    const told = events.filter((event) => event.kind === 'task').at(-1);
    const shown = new Set(
      told?.kind === 'task' ? told.tasks.flatMap((task) => (task.isSolved ? [task.index] : [])) : [],
    );
    expect({
      seed,
      verified: verified.faithful,
      resumed: resumed.faithful,
      isSame: verified.sandbox.hash() === resumed.sandbox.hash(),
      crashes: events.filter((event) => event.kind === 'crashed').length,
    }).toEqual({ seed, verified: true, resumed: true, isSame: true, crashes: 0 });
    // What the replay found solved up to the last input, the page had shown as solved.
    expect({ seed, missing: [...verified.solved].filter((task) => !shown.has(task)) }).toEqual({
      seed,
      missing: [],
    });
  }
});
