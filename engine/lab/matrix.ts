import { fulfils } from '../net/outcome.ts';
import type { Probe, TaskData } from './bundle.ts';
import type { MatrixCell, MatrixValue, Reason } from './matrix-value.ts';
import { peerLabel, targetLabel, tryProbe } from './peers.ts';
import type { ClusterView } from './view.ts';

/** The two pictures a matrix compares: the cluster as it is, and as it would be with the editor's drafts applied. */
export type MatrixViews = {
  readonly applied: ClusterView;
  /** The same object as `applied` when there are no drafts. */
  readonly drafted: ClusterView;
  readonly rejected: MatrixValue['rejected'];
  /** Reasons of a probe on the drafted view. */
  readonly explain: (probe: Probe) => readonly Reason[];
};

/**
 * The task's matrix: every source of its goal and predictions × every destination, wanted beside actual. Pure: no flow
 * is written and no chance drawn. Predictions that are not yet made are left out, or the matrix would tell.
 */
export function matrixOf(task: TaskData, views: MatrixViews): MatrixValue {
  const { sources, targets } = sidesOf(task);
  const rows = sources.map((id) => ({ id, label: peerLabel(id) }));
  const columns = targets.map(({ id, probe }) => ({ id, label: targetLabel(probe) }));
  const cells: MatrixCell[] = [];
  for (const [row, source] of sources.entries()) {
    for (const [column, target] of targets.entries()) {
      const { probe, wanted } = probeBetween(task, source, target);
      const cell = cellOf(probe, wanted, row, column, views);
      if (cell !== undefined) cells.push(cell);
    }
  }
  return { rows, columns, cells, rejected: views.rejected, hasDrafts: views.drafted !== views.applied };
}

/** The connection that a cell of the task's matrix is about; its `expect` is empty where the task says nothing of it. Undefined outside. */
export function probeAt(task: TaskData, row: number, column: number): Probe | undefined {
  const { sources, targets } = sidesOf(task);
  const source = sources[row];
  const target = targets[column];
  return source === undefined || target === undefined ? undefined : probeBetween(task, source, target).probe;
}

/** A destination of the matrix and the first of the goal's connections that lead there. */
type MatrixTarget = { readonly id: string; readonly probe: Probe };

function sidesOf(task: TaskData): {
  readonly sources: readonly string[];
  readonly targets: readonly MatrixTarget[];
} {
  return { sources: distinct(task.goal.map((probe) => probe.from)), targets: distinctTargets(task.goal) };
}

function probeBetween(
  task: TaskData,
  source: string,
  target: MatrixTarget,
): { readonly probe: Probe; readonly wanted: string | undefined } {
  const found = task.goal.find((probe) => probe.from === source && targetId(probe) === target.id);
  return { probe: found ?? { ...target.probe, from: source, expect: '' }, wanted: found?.expect };
}

function cellOf(
  probe: Probe,
  wanted: string | undefined,
  row: number,
  column: number,
  views: MatrixViews,
): MatrixCell | undefined {
  const actual = tryProbe(views.drafted, probe);
  // A pod is no destination of itself; such a cell stays empty.
  if (actual.details.length === 0 && wanted === undefined) return undefined;
  const applied = views.drafted === views.applied ? actual : tryProbe(views.applied, probe);
  return {
    row,
    column,
    ...(wanted === undefined ? {} : { wanted }),
    actual: actual.outcome,
    applied: applied.outcome,
    isFulfilled: wanted === undefined || fulfils(wanted, actual.outcome),
    reasons: views.explain(probe),
  };
}

function distinct(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}

function targetId(probe: Probe): string {
  return `${probe.to}|${probe.port ?? ''}|${probe.protocol ?? 'TCP'}`;
}

function distinctTargets(probes: readonly Probe[]): readonly MatrixTarget[] {
  const found = new Map<string, Probe>();
  for (const probe of probes) if (!found.has(targetId(probe))) found.set(targetId(probe), probe);
  return [...found].map(([id, probe]) => ({ id, probe }));
}
