import { Terminal } from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { Desk } from '../../engine/session/desk.ts';
import { DEFAULT_EPOCH_MS } from '../../engine/session/headless.ts';
import { REPLAY_VERSION, type WorkerEvent } from '../../engine/session/protocol.ts';
import { labNow } from '../../engine/session/testdata/labs.ts';
import { EchoAhead } from './echo-ahead.ts';

const COLUMNS = 60;

/** The keys of a learner in a hurry: words, mistakes, history, search, completion, programs that read lines or raw keys. */
const KEYS = [
  ...'echo hello; cat x|y $((1+2)) "quoted" kubectl get po',
  ...[
    '\r',
    '\r',
    '\r',
    '\t',
    '\x7f',
    '\x7f',
    '\x1b[D',
    '\x1b[C',
    '\x1b[A',
    '\x1b[B',
    '\x01',
    '\x05',
    '\x0b',
    '\x15',
  ],
  ...[
    '\x12',
    '\x03',
    '\x0c',
    '\x17',
    'é',
    '日',
    '\x1b[200~pasted text\x1b[201~',
    'cat\r',
    'less /etc/passwd\r',
    'q',
  ],
  ...[
    'sleep 1 &\r',
    'sleep 0.2; echo later &\r',
    'read -s word\r',
    'cat <<E\r',
    'E\r',
    'a line that is long enough to wrap',
  ],
];

type Output = Extract<WorkerEvent, { kind: 'output' | 'screen' }>;

function roomFrom(echoColumn: number | undefined): number {
  return echoColumn === undefined ? 0 : Math.max(0, COLUMNS - 1 - echoColumn);
}

/** A terminal of the page; `isAhead` as it is, else as it would be if every key waited for the worker. */
class Page {
  readonly #terminal = new Terminal({ cols: COLUMNS, rows: 24, allowProposedApi: true });
  readonly #ahead: EchoAhead | undefined;
  #written = Promise.resolve();

  constructor(isAhead: boolean) {
    this.#ahead = isAhead ? new EchoAhead((data) => this.#write(data)) : undefined;
  }

  #write(data: string): void {
    this.#written = new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  type(data: string): void {
    this.#ahead?.keys(data);
  }

  take({ kind, data, echoColumn }: Output): void {
    if (kind === 'screen') this.#terminal.reset();
    const room = roomFrom(echoColumn);
    if (kind === 'output' && this.#ahead !== undefined) this.#ahead.output(data, room);
    else this.#write(data);
    if (kind === 'screen') this.#ahead?.redrawn(room);
  }

  /** Everything that can be seen, with the cursor. */
  async seen(): Promise<string> {
    await this.#written;
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, at) =>
      active.getLine(at)?.translateToString(true),
    );
    return `${lines.join('\n').trimEnd()}\n(${active.cursorX},${active.baseY + active.cursorY})`;
  }
}

async function openDesk(): Promise<{ desk: Desk; sent: Output[] }> {
  const bundle = labNow('lock-down-the-database');
  const sent: Output[] = [];
  const desk = new Desk((event) => {
    if (event.kind === 'output' || event.kind === 'screen') sent.push(event);
  });
  const header = {
    replayVersion: REPLAY_VERSION,
    lab: bundle.slug,
    labVersion: bundle.version,
    seed: 7,
    epochMs: DEFAULT_EPOCH_MS,
  };
  desk.take({ kind: 'open', bundle, header, entries: [], solved: [], task: 0, isReadOnly: false });
  await desk.pump(0);
  desk.take({ kind: 'resize', terminal: 1, columns: COLUMNS, rows: 24 });
  return { desk, sent };
}

describe('keys that the worker would merely echo', () => {
  test('are seen before the worker has heard of them, and once afterwards', async () => {
    const { desk, sent } = await openDesk();
    const page = new Page(true);
    for (const event of sent.splice(0)) page.take(event);
    const before = await page.seen();
    for (const key of 'echo hi') page.type(key);
    const typed = await page.seen();
    expect(typed.split('\n')[0]).toBe(`${before.split('\n')[0]}echo hi`.replace('$echo', '$ echo'));
    for (const key of 'echo hi') desk.take({ kind: 'keys', terminal: 1, data: key });
    await desk.pump(10);
    for (const event of sent.splice(0)) page.take(event);
    expect(await page.seen()).toBe(typed);
  });

  test('are shown neither behind a program nor beyond the row', async () => {
    const { desk, sent } = await openDesk();
    const page = new Page(true);
    desk.take({ kind: 'keys', terminal: 1, data: 'sleep 100\r' });
    await desk.pump(10);
    for (const event of sent.splice(0)) page.take(event);
    const asleep = await page.seen();
    page.type('x');
    expect(await page.seen()).toBe(asleep);
    desk.take({ kind: 'keys', terminal: 1, data: '\x03' });
    await desk.pump(20);
    for (const event of sent.splice(0)) page.take(event);
    for (let key = 0; key < 2 * COLUMNS; key++) page.type('y');
    expect(await page.seen()).toMatch(/y\n\(59,\d+\)$/);
  });

  test('are taken back when nobody will answer them', async () => {
    const { sent } = await openDesk();
    let shown = '';
    const ahead = new EchoAhead((data) => {
      shown += data;
    });
    ahead.redrawn(roomFrom(sent.at(-1)?.echoColumn));
    ahead.keys('ab');
    ahead.takeBack();
    expect(shown).toBe('ab\b\b\x1b[K');
  });

  test('leave the screen that waiting for each of them would leave, whatever comes between', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      const { desk, sent } = await openDesk();
      const pages = [new Page(true), new Page(false)];
      const onTheWay: string[] = [];
      let wallMs = 0;
      const deliver = async (): Promise<void> => {
        for (const data of onTheWay.splice(0, random.integer('keys', 0, onTheWay.length)))
          desk.take({ kind: 'keys', terminal: 1, data });
        wallMs += random.integer('wall', 1, 400);
        await desk.pump(wallMs);
        for (const event of sent.splice(0, random.integer('events', 0, sent.length)))
          for (const page of pages) page.take(event);
      };
      for (let step = 0; step < 150; step++) {
        const data = random.pick('key', KEYS);
        onTheWay.push(data);
        for (const page of pages) page.type(data);
        if (random.next('deliver') < 0.4) await deliver();
      }
      while (onTheWay.length > 0 || sent.length > 0) await deliver();
      const [ahead, waiting] = await Promise.all(pages.map((page) => page.seen()));
      expect(ahead, `seed ${seed}`).toBe(waiting);
    }
  });
});
