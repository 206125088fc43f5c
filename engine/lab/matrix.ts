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
  const probes = task.goal;
  const rows = distinct(probes.map((probe) => probe.from)).map((id) => ({ id, label: peerLabel(id) }));
  const targets = distinctTargets(probes);
  const columns = targets.map(({ id, probe }) => ({ id, label: targetLabel(probe) }));
  const cells: MatrixCell[] = [];
  for (const [row, source] of rows.entries()) {
    for (const [column, target] of targets.entries()) {
      const wanted = probes.find((probe) => probe.from === source.id && targetId(probe) === target.id);
      const probe = wanted ?? { ...target.probe, from: source.id, expect: '' };
      const cell = cellOf(probe, wanted?.expect, row, column, views);
      if (cell !== undefined) cells.push(cell);
    }
  }
  return { rows, columns, cells, rejected: views.rejected, hasDrafts: views.drafted !== views.applied };
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

function distinctTargets(
  probes: readonly Probe[],
): readonly { readonly id: string; readonly probe: Probe }[] {
  const found = new Map<string, Probe>();
  for (const probe of probes) if (!found.has(targetId(probe))) found.set(targetId(probe), probe);
  return [...found].map(([id, probe]) => ({ id, probe }));
}
