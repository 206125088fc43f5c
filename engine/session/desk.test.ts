import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LabBundle } from '../lab/bundle.ts';
import { decodeLab } from '../lab/decode.ts';
import { Desk } from './desk.ts';
import { firstScreen } from './first-screen.ts';
import { headerOf } from './headless.ts';
import type { JournalEntry, PageCommand, WorkerEvent } from './protocol.ts';
import { readLabFiles } from './replay.ts';

let bundle: LabBundle;

beforeAll(() => {
  const found = decodeLab(readLabFiles(join(import.meta.dirname, '../../labs')), 'lock-down-the-database');
  if (found === undefined) throw new Error('the lab is there');
  bundle = found;
});

type Opening = { task?: number; entries?: readonly JournalEntry[]; isReadOnly?: boolean };

function opening({
  task = 0,
  entries = [],
  isReadOnly = false,
}: Opening): Extract<PageCommand, { kind: 'open' }> {
  return { kind: 'open', bundle, header: headerOf(bundle, 3), entries, solved: [], task, isReadOnly };
}

const DENIES_ALL = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: database-policy
spec:
  endpointSelector:
    matchLabels:
      tier: database
  ingress:
    - {}
`;

function entryOf(text: string): JournalEntry {
  return { sequence: 1, atMs: 0, step: 0, input: { kind: 'line', terminal: 1, text } };
}

/** A page without a browser: sends commands, lets wall time pass, remembers what it was told. */
class Page {
  readonly events: WorkerEvent[] = [];
  readonly entries: JournalEntry[] = [];
  screen = '';
  #wallMs = 5_000;
  readonly #desk = new Desk((event) => this.#take(event));

  static async open(options: Opening = {}): Promise<Page> {
    const page = new Page();
    page.entries.push(...(options.entries ?? []));
    page.send(opening(options));
    await page.pass(50);
    return page;
  }

  #take(event: WorkerEvent): void {
    this.events.push(event);
    if (event.kind === 'output' && event.terminal === 1) this.screen += event.data;
    if (event.kind === 'screen' && event.terminal === 1) this.screen = event.data;
    if (event.kind === 'journal') this.entries.push(...event.entries);
  }

  send(command: PageCommand): void {
    this.#desk.take(command);
  }

  /** Lets wall time pass, as a browser's timers would. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#wallMs + ms;
    for (;;) {
      const waitMs = await this.#desk.pump(this.#wallMs);
      if (waitMs === 0) continue;
      if (this.#wallMs >= endMs) return;
      this.#wallMs = Math.min(endMs, this.#wallMs + Math.min(waitMs, 40));
    }
  }

  async type(text: string, ms = 300): Promise<void> {
    for (const key of text) this.send({ kind: 'keys', terminal: 1, data: key === '\n' ? '\r' : key });
    await this.pass(ms);
  }

  last<K extends WorkerEvent['kind']>(kind: K): Extract<WorkerEvent, { kind: K }> {
    const event = this.events.findLast((candidate) => candidate.kind === kind);
    if (event === undefined) throw new Error(`there was no ${kind} event`);
    return event as Extract<WorkerEvent, { kind: K }>;
  }

  /** The screen as text, escape sequences left out. */
  get text(): string {
    return this.screen.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, '').replace(/\r/g, '');
  }
}

describe('a page at its desk', () => {
  test('a prompt is there at once, and what is typed is echoed, run and journalled as one line', async () => {
    const page = await Page.open();
    expect(page.text).toBe('learner@workstation:~$ ');
    await page.type('echo hel\x7flo wor\tld\n');
    expect(page.text).toContain('\nhelo world\nlearner@workstation:~$ ');
    expect(page.entries.map((entry) => entry.input)).toEqual([
      { kind: 'line', terminal: 1, text: 'echo helo world' },
    ]);
  });

  test('what is shown before anything is loaded is what a new sandbox shows', async () => {
    const page = await Page.open();
    const first = page.events.find((event) => event.kind === 'screen');
    expect(first).toBeDefined();
    expect(firstScreen(opening({}))).toEqual(first);
    expect(firstScreen(opening({ entries: page.entries.concat(entryOf('ls')) }))).toBeUndefined();
  });

  test('a page opened at a later task begins on the solutions of those before, and a reload leads to the same place', async () => {
    const page = await Page.open({ task: 2 });
    expect(page.entries.map((entry) => entry.input)).toEqual([{ kind: 'task', task: 2, from: 'solutions' }]);
    await page.type('kubectl get cnp -o name\n');
    const again = await Page.open({ entries: page.entries });
    expect(again.text).toBe(page.text);
    expect(again.last('task')).toEqual(page.last('task'));
  });

  test('a cell that was asked about is explained with edits that turn it, also while a draft is open', async () => {
    const page = await Page.open({ task: 1 });
    await page.pass(100);
    const wrong = page.last('matrix').matrix.cells.find((cell) => !cell.isFulfilled);
    if (wrong === undefined) throw new Error('the task is not solved at its start');
    page.send({ kind: 'draft', path: '/home/learner/database-policy.yaml', content: DENIES_ALL });
    page.send({ kind: 'advise', row: wrong.row, column: wrong.column });
    await page.pass(100);
    const { advice } = page.last('advice');
    expect(advice).toMatchObject({ row: wrong.row, column: wrong.column });
    expect(advice.reasons.length).toBeGreaterThan(0);
    expect(page.entries.filter((entry) => entry.input.kind !== 'task')).toEqual([]);
  });

  test('a busy loop is interrupted by Ctrl-C, and the prompt comes back', async () => {
    const page = await Page.open();
    await page.type('while :; do :; done\n');
    expect(page.last('busy').command).toBe('while :; do :; done');
    await page.type('\x03');
    expect(page.last('busy').command).toBeUndefined();
    await page.type('echo $?\n');
    expect(page.text).toContain('\n130\n');
  });

  test('Ctrl-C right behind a line that the shell has not taken yet drops the line, and the shell lives', async () => {
    const page = await Page.open();
    await page.type('echo never\n\x03');
    await page.type('echo $?\n');
    expect(page.text).toBe(
      'learner@workstation:~$ echo never\n^C\nlearner@workstation:~$ echo $?\n130\nlearner@workstation:~$ ',
    );
  });

  test('a secret is not echoed', async () => {
    const page = await Page.open();
    await page.type('read -sp "Password: " word; echo; echo ${#word}\n');
    await page.type('hidden\n');
    expect(page.text).toContain('\nPassword: \n6\nlearner@workstation:~$ ');
  });

  test('the size of the page is the terminal’s, also for a replay, after undo and in the shell that follows an exit', async () => {
    const page = await Page.open();
    page.send({ kind: 'resize', terminal: 1, columns: 61, rows: 17 });
    await page.type('stty size\n');
    expect(page.entries.map((entry) => entry.input)).toEqual([
      { kind: 'size', terminal: 1, columns: 61, rows: 17 },
      { kind: 'line', terminal: 1, text: 'stty size' },
    ]);
    page.send({ kind: 'undo' });
    await page.pass(300);
    await page.type('stty size | tac\n');
    expect(page.text).toContain('$ stty size | tac\n17 61\n');
    await page.type('exit\n');
    await page.type('stty size\n');
    expect(page.text).toContain('$ stty size\n17 61\n');
  });

  test('a shell in a container is typed into as the one here: echo, Ctrl-C, Ctrl-D, and its exit code comes back', async () => {
    const page = await Page.open();
    await page.type('kubectl exec -it deploy/frontend -- sh\n', 1500);
    await page.type('echo $((6*7))\n');
    await page.type('echo "not this');
    await page.type('\x03');
    await page.type('sleep 100\n');
    await page.type('\x03');
    await page.type('echo $?\n');
    await page.type('cat\n');
    await page.type('line\n');
    await page.type('\x04');
    await page.type('read -s secret\n');
    await page.type('hidden\n');
    await page.type('exit ${#secret}\n', 1500);
    expect(page.text.slice(page.text.indexOf('/ # '))).toBe(
      [
        '/ # echo $((6*7))',
        '42',
        '/ # echo "not this^C',
        '/ # sleep 100',
        '^C',
        '/ # echo $?',
        '130',
        '/ # cat',
        'line',
        'line',
        '/ # read -s secret',
        '/ # exit ${#secret}',
        'command terminated with exit code 6',
        'learner@workstation:~$ ',
      ].join('\n'),
    );
  });

  test('a command that is not complete is dropped by Ctrl-C', async () => {
    const page = await Page.open();
    await page.type('cat <<END\n');
    await page.type('line\n');
    await page.type('\x03');
    await page.type('echo $?\n');
    expect(page.text).toContain('> line\n> ^C\nlearner@workstation:~$ echo $?\n130\n');
  });

  test('Ctrl-C on another machine is that machine’s', async () => {
    const page = await Page.open();
    await page.type('ssh vpn\n', 1000);
    await page.type('\x03');
    await page.type('exit\n', 1000);
    expect(page.text).toContain('vpn:~$ ^C\nlearner@vpn:~$ exit\nexit\nConnection to vpn closed.\n');
  });

  test('a wait can be skipped: virtual time jumps, wall time does not', async () => {
    const page = await Page.open();
    await page.type('sleep 3000; echo awake\n');
    expect(page.last('busy').waitsMs).toBeGreaterThan(2_000_000);
    page.send({ kind: 'skip-wait' });
    await page.pass(100);
    expect(page.text).toContain('\nawake\n');
  });

  test('a denied request can be skipped to its end with one press, retransmissions and all', async () => {
    const page = await Page.open({ task: 2 });
    await page.type('kubectl exec deploy/frontend -- curl -s database/PING\n', 3_000);
    expect(page.last('busy').waitsMs).toBeDefined();
    page.send({ kind: 'skip-wait' });
    await page.pass(100);
    expect(page.text).toContain('command terminated with exit code 28');
    expect(page.last('busy').command).toBeUndefined();
  });

  test('time stands still while the page is hidden', async () => {
    const page = await Page.open();
    await page.type('sleep 5; echo over\n');
    page.send({ kind: 'visible', isVisible: false });
    await page.pass(20_000);
    expect(page.text).not.toContain('\nover');
    page.send({ kind: 'visible', isVisible: true });
    await page.pass(6_000);
    expect(page.text).toContain('\nover');
  });

  test('a reload in the middle of a command goes on at the same state', async () => {
    const page = await Page.open();
    await page.type('X=kept; sleep 2; echo woke $X\n', 500);
    const again = await Page.open({ entries: page.entries });
    await again.pass(3_000);
    expect(again.text).toContain('learner@workstation:~$ X=kept; sleep 2; echo woke $X\nwoke kept\n');
  });

  test('undo takes one command back and redo brings it again; history keeps both', async () => {
    const page = await Page.open();
    await page.type('echo one > note\n');
    await page.type('echo two > note\n');
    page.send({ kind: 'undo' });
    await page.pass(200);
    await page.type('cat note\n');
    expect(page.text).toContain('cat note\none\n');
    page.send({ kind: 'undo' });
    await page.pass(200);
    page.send({ kind: 'undo' });
    await page.pass(200);
    await page.type('ls note\n');
    expect(page.text).toContain("ls: cannot access 'note'");
    expect(page.entries.filter((entry) => entry.input.kind === 'goto')).toHaveLength(3);
    expect(page.entries.map((entry) => entry.sequence)).toEqual(page.entries.map((_, index) => index + 1));
  });

  test('redo follows undo', async () => {
    const page = await Page.open();
    await page.type('echo kept > note\n');
    page.send({ kind: 'undo' });
    await page.pass(200);
    expect(page.last('timeline')).toMatchObject({ canRedo: true });
    page.send({ kind: 'redo' });
    await page.pass(200);
    await page.type('cat note\n');
    expect(page.text).toContain('cat note\nkept\n');
  });

  test('output without an end stays before the prompt, whatever is drawn there', async () => {
    const page = await Page.open();
    // More than the screen holds cannot be drawn again.
    await page.type("printf 'x%.0s' {1..3000}\n");
    expect(page.text).toMatch(/x\nlearner@workstation:~\$ $/);
    await page.type('printf PONG\n');
    page.send({ kind: 'keys', terminal: 1, data: '\x1b[A' });
    await page.pass(100);
    expect(page.text.split('\n').at(-1)).toMatch(/^PONGlearner.*PONGlearner@workstation:~\$ printf PONG$/);
    await page.type('\x15(sleep 1; echo late) & printf PING\n', 2_500);
    expect(page.text).toMatch(/PINGlearner@workstation:~\$ PING\nlate\nlearner@workstation:~\$ $/);
  });

  test('undo after a reset brings back what the reset took, and redo resets again', async () => {
    const page = await Page.open();
    await page.type('echo one > note\n');
    await page.type('echo two > note\n');
    page.send({ kind: 'reset-task' });
    await page.pass(200);
    await page.type('');
    expect(page.last('timeline')).toMatchObject({ canUndo: true });
    page.send({ kind: 'undo' });
    await page.pass(200);
    expect(page.last('notice').text).toContain('the reset');
    expect(page.last('files').files).toMatchObject([{ content: 'two\n' }]);
    page.send({ kind: 'redo' });
    await page.pass(200);
    expect(page.last('files').files).toEqual([]);
  });

  test('a draft that was applied is a draft no more, in whatever order its fields stand', async () => {
    const page = await Page.open({ task: 1 });
    const path = '/home/learner/database-policy.yaml';
    const text = `${DENIES_ALL}  egress:\n    - {}\n`;
    page.send({ kind: 'save', path, content: text });
    page.send({ kind: 'draft', path, content: text });
    await page.pass(200);
    expect(page.last('matrix').matrix.hasDrafts).toBe(true);
    await page.type('kubectl apply -f database-policy.yaml\n', 1_000);
    expect(page.last('matrix').matrix.hasDrafts).toBe(false);
    // The API server fills in policyTypes and protocol.
    const plain = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: plain}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}
`;
    page.send({ kind: 'save', path: '/home/learner/plain.yaml', content: plain });
    page.send({ kind: 'draft', path: '/home/learner/plain.yaml', content: plain });
    await page.type('kubectl apply -f plain.yaml\n', 1_000);
    expect(page.last('matrix').matrix.hasDrafts).toBe(false);
  });

  test('what was answered and predicted comes back with a reload', async () => {
    const page = await Page.open({ task: 3 });
    page.send({ kind: 'answer', task: 3, question: 1, choice: '172.27.224.0/24' });
    await page.pass(200);
    const again = await Page.open({ entries: page.entries });
    expect(again.last('task').checks.map(({ given }) => given)).toEqual([undefined, '172.27.224.0/24']);
    page.send({ kind: 'go-task', task: 4 });
    page.send({ kind: 'predict', task: 4, cells: ['ok', 'refused', 'ok'] });
    await page.pass(200);
    const later = await Page.open({ entries: page.entries });
    expect(later.last('task').checks.map(({ given }) => given)).toEqual(['ok', 'refused', 'ok']);
  });

  test('a read-only page changes nothing and says why', async () => {
    const page = await Page.open({ isReadOnly: true });
    await page.type('echo no\n');
    expect(page.entries).toEqual([]);
    expect(page.last('notice').text).toContain('Take it over');
  });

  test('a line that is too long is refused and nothing of it runs', async () => {
    const page = await Page.open();
    page.send({ kind: 'keys', terminal: 1, data: `\x1b[200~echo ${'x'.repeat(70_000)}\x1b[201~` });
    page.send({ kind: 'keys', terminal: 1, data: '\r' });
    await page.pass(200);
    expect(page.entries).toEqual([]);
    expect(page.last('notice').text).toContain('64 kB');
  });

  test('an end of file ends what reads, and at the prompt the shell; another terminal opens', async () => {
    const page = await Page.open();
    await page.type('cat\nhello\n');
    await page.type('\x04');
    expect(page.text).toContain('hello\nhello\n');
    page.send({ kind: 'open-terminal' });
    await page.pass(100);
    expect(page.last('terminals').open).toEqual([1, 2]);
    await page.type('\x04');
    expect(page.last('terminals').open).toEqual([2]);
  });
});

const POLICY = `apiVersion: cilium.io/v2
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
            tier: backend
      toPorts:
        - ports:
            - port: "80"
  egress:
    - {}
`;
const PATH = '/home/learner/database-policy.yaml';

describe('the live matrix and the checks', () => {
  test('a draft shows what it would do, beside what is, and changes nothing', async () => {
    const page = await Page.open({ task: 2 });
    const before = page.entries.length;
    page.send({ kind: 'draft', path: PATH, content: POLICY.replace('"80"', '"7379"') });
    await page.pass(100);
    const { matrix } = page.last('matrix');
    const row = matrix.rows.findIndex((peer) => peer.label === 'backend');
    const cell = matrix.cells.find(
      (candidate) => candidate.row === row && matrix.columns[candidate.column]?.label === 'database',
    );
    expect(cell).toMatchObject({
      wanted: 'ok',
      actual: 'ok:200',
      applied: 'timeout@ingress',
      isFulfilled: true,
    });
    expect(cell?.reasons.at(-1)).toMatchObject({ file: PATH, line: expect.any(Number) });
    expect(page.entries.length).toBe(before);
  });

  test.each([
    ['broken YAML', 'a: [1,\n b: }', 'line'],
    ['an unknown field', POLICY.replace('fromEndpoints', 'fromEndpoint'), 'fromEndpoint'],
    ['no rule at all', POLICY.replace(/ {2}ingress:[\s\S]*/, ''), 'at least one schema'],
  ])(
    'a draft with %s is rejected with its place, and the old verdicts are not passed off as its own',
    async (_, content, word) => {
      const page = await Page.open({ task: 2 });
      page.send({ kind: 'draft', path: PATH, content });
      await page.pass(100);
      const [rejected] = page.last('matrix').matrix.rejected;
      expect(rejected).toMatchObject({ file: PATH, line: expect.any(Number) });
      if (word !== 'line') expect(rejected?.message).toContain(word);
    },
  );

  test('a wrong answer is recognised with its line, the right one solves the task', async () => {
    const page = await Page.open({ task: 2 });
    page.send({ kind: 'save', path: PATH, content: POLICY });
    await page.type('kubectl apply -f database-policy.yaml\n');
    expect(page.last('task').feedback).toMatchObject({
      id: 'service-port',
      text: expect.stringContaining('See line 14.'),
    });
    page.send({ kind: 'save', path: PATH, content: POLICY.replace('"80"', '"7379"') });
    await page.type('kubectl apply -f database-policy.yaml\n');
    expect(page.last('task').feedback).toBeUndefined();
    await page.type('kubectl exec deploy/backend -- curl -s -m 3 database/PING\n');
    expect(page.last('task').tasks[2]).toMatchObject({ isSolved: true });
  });

  test('hints climb four rungs; the third names the line that decided', async () => {
    const page = await Page.open({ task: 2 });
    page.send({ kind: 'save', path: PATH, content: POLICY });
    await page.type('kubectl apply -f database-policy.yaml\n');
    const texts: string[] = [];
    for (let rung = 1; rung <= 4; rung++) {
      page.send({ kind: 'hint', task: 2 });
      await page.pass(50);
      texts.push(page.last('hint').text);
      if (rung === 3)
        expect(page.last('hint')).toMatchObject({ rung: 3, file: PATH, line: expect.any(Number) });
    }
    expect(new Set(texts).size).toBe(4);
    expect(texts[0]).toContain('Not so yet: backend → database, GET /PING should get through.');
    expect(texts[2]).toContain('should get through. It times out');
    expect(texts[3]).toContain('kubectl apply -f database-policy.yaml');
  });

  test('a prediction is solved in the words of its form, and what is open tells of the end where it should be shut', async () => {
    const page = await Page.open({ task: 4 });
    for (let rung = 1; rung <= 4; rung++) page.send({ kind: 'hint', task: 4 });
    await page.pass(200);
    expect(page.last('hint').text.split('\n')[1]).toBe(
      'tier=backend → tier=database, port 6379: dropped at the destination',
    );
    const other = await Page.open({ task: 1 });
    const leaving = other.last('task').checks.find(({ text }) => text.startsWith('database →'));
    expect(leaving?.reason).toBe(
      'It gets an answer. Egress is open: no policy selects this pod in this direction.',
    );
  });
});
