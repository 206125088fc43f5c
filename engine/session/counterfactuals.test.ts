import { describe, expect, test } from 'vitest';
import { matrixOf, probeAt } from '../lab/matrix.ts';
import type { CellAdvice } from '../lab/matrix-value.ts';
import { adviseStepwise } from './counterfactuals.ts';
import { Headless } from './headless.ts';
import { Matrix } from './live-matrix.ts';
import type { Sandbox } from './sandbox.ts';
import { goldenBundle } from './testdata/labs.ts';

const FILE = '/home/learner/database-policy.yaml';
const policyOn = (port: string) => `# the database
apiVersion: cilium.io/v2
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
            - port: "${port}" # the Service's?
              protocol: TCP
`;

/** A learner whose file is saved and applied, or only a draft of the editor. */
async function atDesk(content: string, isApplied: boolean) {
  const headless = await Headless.open(goldenBundle('lock-down-the-database'), { seed: 1, task: 2 });
  const matrix = new Matrix(headless.sandbox);
  if (isApplied) {
    headless.input({ kind: 'save', path: FILE, content });
    await headless.submit('kubectl apply -f database-policy.yaml');
    await headless.settle();
  } else matrix.setDraft(FILE, content);
  return { headless, matrix, sandbox: headless.sandbox };
}

function cellsOf(matrix: Matrix) {
  const value = matrix.value();
  expect(value).toBeDefined();
  return value?.cells ?? [];
}

function adviceOn(matrix: Matrix, row: number, column: number): CellAdvice | undefined {
  const steps = matrix.advise(adviseStepwise, row, column);
  for (let i = 0; i < 1_000; i++) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
  throw new Error('no end within a thousand steps');
}

/** The text after the change that an edit names. */
function changedText(text: string, change: NonNullable<CellAdvice['edits'][number]['change']>): string {
  const lines = text.split('\n');
  const offset = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  const start = offset(change.line, change.column);
  return text.slice(0, start) + change.text + text.slice(offset(change.endLine, change.endColumn));
}

function failing(matrix: Matrix) {
  const cell = cellsOf(matrix).find((one) => !one.isFulfilled && one.actual.startsWith('timeout'));
  expect(cell).toBeDefined();
  return cell ?? { row: -1, column: -1 };
}

describe('the advice on a cell', () => {
  for (const isApplied of [true, false])
    test(`every edit, written into the ${isApplied ? 'applied file' : 'draft'}, does what it says`, async () => {
      const { matrix, sandbox } = await atDesk(policyOn('80'), isApplied);
      const before = cellsOf(matrix);
      const hash = sandbox.hash();
      let tried = 0;
      for (const cell of before) {
        const advice = adviceOn(matrix, cell.row, cell.column);
        expect(advice).toMatchObject({ row: cell.row, column: cell.column, actual: cell.actual });
        expect(advice?.reasons).toEqual(cell.reasons);
        for (const edit of advice?.edits ?? []) {
          expect(edit).toMatchObject({ file: FILE, policy: 'CiliumNetworkPolicy default/database-policy' });
          expect(edit.change).toBeDefined();
          if (edit.change === undefined) continue;
          const other = new Matrix(sandbox);
          other.setDraft(FILE, changedText(policyOn('80'), edit.change));
          const turned = cellsOf(other).filter((one, i) => one.actual !== before[i]?.actual);
          const own = turned.find((one) => one.row === cell.row && one.column === cell.column);
          expect(own?.actual, edit.text).toBe(edit.outcome);
          expect(
            turned
              .filter((one) => one !== own)
              .map(({ row, column, actual }) => ({ row, column, to: actual })),
            edit.text,
          ).toEqual(edit.changes.map(({ row, column, to }) => ({ row, column, to })));
          // Explanations know the drafts of the last matrix that was told.
          matrix.setDraft(FILE, isApplied ? undefined : policyOn('80'));
          tried++;
        }
      }
      expect(tried).toBeGreaterThan(3);
      matrix.setDraft(FILE, undefined);
      expect(sandbox.hash(), 'asking changes nothing').toBe(hash);
    });

  test('the best edit of a draft names line, column and the lines that differ', async () => {
    const { matrix } = await atDesk(policyOn('80'), false);
    const { row, column } = failing(matrix);
    const advice = adviceOn(matrix, row, column);
    expect(advice?.aim).toBe('wanted');
    const edit = advice?.edits.find((one) => one.text.startsWith('Set '));
    expect(edit).toMatchObject({
      text: 'Set spec.ingress[0].toPorts[0].ports[0].port: "7379" (it is "80").',
      line: 16,
      change: {
        removed: ['            - port: "80" # the Service\'s?'],
        added: ['            - port: "7379" # the Service\'s?'],
      },
    });
  });

  test('a text that says something else than what is in force is not changed', async () => {
    const { matrix, sandbox } = await atDesk(policyOn('80'), true);
    const { row, column } = failing(matrix);
    const port = () => adviceOn(matrix, row, column)?.edits.find((edit) => edit.text.startsWith('Set '));
    expect(port()?.change).toBeDefined();
    const other = policyOn('80').replace('tier: backend', 'tier: elsewhere');
    sandbox.explanations.setDrafts(new Map([[FILE, other]]));
    expect(port()).toMatchObject({ file: FILE, line: 16 });
    expect(port()?.change).toBeUndefined();
  });

  test('a cell that is as wanted is turned to the contrary', async () => {
    const { matrix } = await atDesk(policyOn('7379'), true);
    const cell = cellsOf(matrix).find((one) => one.actual.startsWith('ok') && one.wanted !== undefined);
    expect(cell).toBeDefined();
    const advice = adviceOn(matrix, cell?.row ?? -1, cell?.column ?? -1);
    expect(advice?.aim).toBe('drop');
    expect(advice?.edits.length).toBeGreaterThan(0);
    for (const edit of advice?.edits ?? []) expect(edit.outcome).toMatch(/^timeout/);
  });

  test('it ends without an answer when the cluster moves on, and outside of the matrix', async () => {
    const { matrix, headless } = await atDesk(policyOn('80'), true);
    const { row, column } = failing(matrix);
    const steps = matrix.advise(adviseStepwise, row, column);
    expect(steps.next().done).toBe(false);
    headless.input({ kind: 'save', path: FILE, content: policyOn('7379') });
    expect(steps.next()).toEqual({ done: true, value: undefined });
    expect(adviceOn(matrix, 99, 0)).toBeUndefined();
  });

  test('a lab takes less than 50 ms, and no step long', async () => {
    const { matrix } = await atDesk(policyOn('80'), true);
    const { row, column } = failing(matrix);
    let bestMs = Number.POSITIVE_INFINITY;
    let bestStepMs = Number.POSITIVE_INFINITY;
    // The best of some runs: a machine that is busy with something else is not what is asked about.
    for (let round = 0; round < 40 && (bestMs >= 50 || bestStepMs >= 16); round++) {
      const steps = matrix.advise(adviseStepwise, row, column);
      const startMs = performance.now();
      let longestMs = 0;
      for (let isDone = false; !isDone; ) {
        const stepMs = performance.now();
        isDone = steps.next().done === true;
        longestMs = Math.max(longestMs, performance.now() - stepMs);
      }
      bestMs = Math.min(bestMs, performance.now() - startMs);
      bestStepMs = Math.min(bestStepMs, longestMs);
    }
    expect(bestMs).toBeLessThan(50);
    expect(bestStepMs).toBeLessThan(16);
  });
});

test('every cell of the matrix is about the connection that it shows', async () => {
  const { sandbox }: { sandbox: Sandbox } = await atDesk(policyOn('80'), true);
  const task = sandbox.taskData;
  expect(task).toBeDefined();
  if (task === undefined) return;
  const view = sandbox.view();
  const value = matrixOf(task, { applied: view, drafted: view, rejected: [], explain: () => [] });
  for (const cell of value.cells) {
    const probe = probeAt(task, cell.row, cell.column);
    expect(probe?.from).toBe(value.rows[cell.row]?.id);
    expect(probe?.expect).toBe(cell.wanted ?? '');
  }
});
