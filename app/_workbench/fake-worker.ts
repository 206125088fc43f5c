import type { MatrixCell } from '../../engine/lab/matrix-value.ts';
import type { LabBundle, Probe } from '../../engine/lab/bundle.ts';
import type { JournalEntry, PageCommand, WorkerEvent } from '../../engine/session/protocol.ts';

/** Stands in for the engine while it is being built: echoes lines, and pretends a matrix. Removed with the real one. */
let bundle: LabBundle | undefined;
let task = 0;
let sequence = 0;
let line = '';
const texts = new Map<string, string>();
let terminals = [1];
let solved: number[] = [];
let hints = 0;
const post = (event: WorkerEvent): void => postMessage(event);
const keep = (input: JournalEntry['input']): void =>
  post({ kind: 'journal', entries: [{ sequence: ++sequence, atMs: 0, step: 0, input }] });

function matrix(draft: string | undefined): void {
  const probes: readonly Probe[] = bundle?.tasks[task]?.goal ?? [];
  const rows = [...new Set(probes.map((probe) => probe.from))];
  const columns = [...new Set(probes.map((probe) => probe.to))];
  const isRight = draft?.includes('7379') ?? false;
  const cells: MatrixCell[] = probes.map((probe, index) => ({
    row: rows.indexOf(probe.from),
    column: columns.indexOf(probe.to),
    wanted: probe.expect,
    actual:
      isRight || index % 2 === 0 ? (probe.expect as 'ok') : index % 3 === 0 ? 'refused' : 'timeout@ingress',
    applied: index % 2 === 0 ? (probe.expect as 'ok') : 'timeout@ingress',
    isFulfilled: isRight || index % 2 === 0,
    reasons: [
      {
        side: 'ingress',
        text: 'The rule allows port 80, and the pod listens on 7379.',
        policy: 'CiliumNetworkPolicy default/database-policy',
        rule: 'spec.ingress[0].toPorts[0]',
        file: '/root/database-policy.yaml',
        line: 8,
        column: 5,
      },
    ],
  }));
  const label = (id: string) => ({ id, label: id.replace(/^.*[=/:]/, '') });
  const isBroken = draft?.includes('\t') ?? false;
  post({
    kind: 'matrix',
    matrix: {
      rows: rows.map(label),
      columns: columns.map(label),
      cells,
      rejected: isBroken
        ? [{ file: '/root/database-policy.yaml', line: 3, message: 'Tabs are not allowed as indentation.' }]
        : [],
      hasDrafts: draft !== undefined,
    },
  });
}

function tellTask(): void {
  const data = bundle?.tasks[task];
  post({
    kind: 'task',
    current: task,
    tasks: (bundle?.tasks ?? []).map((_, index) => ({
      index,
      isSolved: solved.includes(index),
      hintsTaken: 0,
      attempts: 0,
    })),
    checks: (data?.goal ?? []).map((probe, index) => ({
      id: `g${index}`,
      text: `${probe.from} → ${probe.to}: ${probe.expect}`,
      holds: index % 2 === 0,
      reason: 'The packet dies at the destination: no rule of database-policy (line 8) allows port 7379.',
      kind: 'goal',
    })),
    ...(task === 2 && {
      feedback: {
        id: 'service-port',
        text: 'Policy sees the pod’s port, after the Service has translated it, and 80 became 7379.',
        file: '/root/database-policy.yaml',
        line: 8,
      },
    }),
  });
}

function tellFiles(): void {
  post({
    kind: 'files',
    files: [...texts].map(([path, content]) => ({ path, content, size: content.length })),
  });
}

function prompt(terminal: number): void {
  post({ kind: 'output', terminal, data: '\x1b[32mlearner@workstation\x1b[0m:~$ ' });
}

function submit(terminal: number, text: string): void {
  keep({ kind: 'line', terminal, text });
  post({ kind: 'output', terminal, data: `\r\n` });
  if (text === 'hang') {
    post({ kind: 'busy', terminal, command: 'hang', waitsMs: 127_000 });
    return;
  }
  if (text === 'evil')
    post({
      kind: 'output',
      terminal,
      data: '\x1b]0;owned\x07\x1b]52;c;aGk=\x07\x1b[6n\x1b[c<img src=x onerror=alert(1)>\r\n',
    });
  if (text === 'solve') solved = [...solved, task];
  else if (text !== '') post({ kind: 'output', terminal, data: `you typed: ${text}\r\n` });
  if (text === 'wedge') for (;;);
  tellTask();
  prompt(terminal);
}

addEventListener('message', (message: MessageEvent<PageCommand>) => {
  const command = message.data;
  switch (command.kind) {
    case 'open':
      bundle = command.bundle;
      task = command.task;
      solved = [...command.solved];
      sequence = command.entries.length;
      for (const data of bundle.tasks)
        for (const [name, text] of Object.entries(data.start)) texts.set(`/root/${name}`, text);
      post({
        kind: 'opened',
        task,
        tasks: bundle.tasks.map((_, index) => ({
          index,
          isSolved: solved.includes(index),
          hintsTaken: 0,
          attempts: 0,
        })),
        home: '/root',
        bootMs: 1,
      });
      tellFiles();
      tellTask();
      matrix(undefined);
      post({
        kind: 'flows',
        rows: Array.from({ length: 12 }, (_, index) => ({
          id: `${index}`,
          time: `09:31:${10 + index}.120`,
          source: 'default/backend-784c669968-q6w9w',
          destination: 'default/database-6f8d5b7c9-x2x4z:7379',
          type: 'policy-verdict',
          verdict: index % 3 === 0 ? 'DROPPED' : 'FORWARDED',
          summary: 'TCP SYN',
        })),
      });
      post({ kind: 'timeline', canUndo: true, canRedo: false });
      prompt(1);
      return;
    case 'keys':
      for (const key of command.data) {
        if (key === '\r') {
          const text = line;
          line = '';
          submit(command.terminal, text);
        } else if (key === '\x03') {
          line = '';
          post({ kind: 'busy', terminal: command.terminal, command: undefined, waitsMs: undefined });
          post({ kind: 'output', terminal: command.terminal, data: '^C\r\n' });
          prompt(command.terminal);
        } else {
          line += key;
          post({ kind: 'output', terminal: command.terminal, data: key });
        }
      }
      return;
    case 'type-line':
      post({ kind: 'output', terminal: command.terminal, data: command.text });
      return submit(command.terminal, command.text);
    case 'save':
      texts.set(command.path, command.content);
      keep(command);
      return tellFiles();
    case 'draft':
      return matrix(command.content);
    case 'go-task':
      task = command.task;
      keep({ kind: 'task', task, from: 'here' });
      tellTask();
      return matrix(undefined);
    case 'hint':
      hints += 1;
      return post({
        kind: 'hint',
        task,
        rung: Math.min(4, hints) as 1,
        text: bundle?.tasks[task]?.hints[hints - 1] ?? 'The line.',
      });
    case 'open-terminal':
      terminals = [...terminals, Math.max(...terminals) + 1];
      post({ kind: 'terminals', open: terminals });
      return prompt(terminals.at(-1) ?? 1);
    case 'close-terminal':
      terminals = terminals.filter((terminal) => terminal !== command.terminal);
      return post({ kind: 'terminals', open: terminals });
    case 'skip-wait':
      post({ kind: 'busy', terminal: 1, command: undefined, waitsMs: undefined });
      return prompt(1);
    case 'ping':
      return post({ kind: 'pong', id: command.id });
    default:
  }
});
