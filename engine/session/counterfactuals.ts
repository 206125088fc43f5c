import { type Json, isJsonObject } from '../base/json.ts';
import type { ReachabilityView } from '../cluster/view.ts';
import type { Probe, TaskData } from '../lab/bundle.ts';
import { matrixOf } from '../lab/matrix.ts';
import type { Suggested } from '../lab/matrix-value.ts';
import { tryProbe } from '../lab/peers.ts';
import type { ClusterView } from '../lab/view.ts';
import { fulfils } from '../net/outcome.ts';
import type { KubeObject } from '../objects/api.ts';
import type { FlowSpec, FlowVerdict } from '../policy/model.ts';
import type { PolicySource } from '../policy/positions.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import { type EditablePolicy, placeOfEdit, type Suggestion, suggest } from '../policy/suggestions.ts';
import type { Sandbox } from './sandbox.ts';
import { clusterView } from './view.ts';

/** Edits that policy says are right and that are then tried in the cluster; more would cost a keystroke's time. */
const TRIED_MAX = 4;

/**
 * The smallest edit of one policy with which a connection would end as wanted, tried on a fork of the cluster; undefined
 * when no single edit does it. Of those that do, the one that changes the fewest other cells of the task's matrix.
 * @param drafts Objects of the editor that stand in front of what is applied.
 */
export function counterfactual(
  sandbox: Sandbox,
  probe: Probe,
  drafts: readonly KubeObject[] = [],
): Suggested | undefined {
  const { cluster, world, taskData } = sandbox;
  const wanted = wantedVerdict(probe.expect);
  if (wanted === undefined || taskData === undefined) return undefined;
  const reach = drafts.length === 0 ? cluster.live() : cluster.fork(drafts);
  const view = clusterView(cluster, reach, world);
  const flow = failingFlow(view, probe);
  if (flow === undefined) return undefined;
  const { repository } = reach;
  const options = { config: repository.config, defaultNamespace: 'default' };
  const others = otherFlows(view, taskData, probe);
  const extras = { limit: TRIED_MAX, others };
  const found = suggest(repository, flow, wanted, editables(view, repository), options, extras);
  let best: { readonly suggestion: Suggestion; readonly changes: number } | undefined;
  for (const suggestion of found) {
    const { object } = suggestion;
    if (!isObject(object)) continue;
    const fork = cluster.fork([...drafts, object]);
    const changes = changedCells(view, clusterViewOf(sandbox, fork), taskData, probe);
    if (changes !== undefined && (best === undefined || changes < best.changes))
      best = { suggestion, changes };
  }
  return best && inWords(best.suggestion, best.changes, wanted, repository, sandbox.explanations.sources());
}

/** An edit stays within a policy's spec, so what was an object of the cluster still is one. */
function isObject(value: unknown): value is KubeObject {
  return isJsonObject(value as Json) && isJsonObject((value as { metadata?: Json }).metadata ?? null);
}

function clusterViewOf(sandbox: Sandbox, reach: ReachabilityView): ClusterView {
  return clusterView(sandbox.cluster, reach, sandbox.world);
}

function wantedVerdict(expect: string): FlowVerdict['verdict'] | undefined {
  if (expect.startsWith('ok') || expect === 'icmp-ok') return 'FORWARDED';
  if (expect.startsWith('timeout')) return 'DROPPED';
  return ['403', 'dns-refused', 'tls-reset'].includes(expect) ? 'L7-DENIED' : undefined;
}

function failingFlow(view: ClusterView, probe: Probe): FlowSpec | undefined {
  const { details } = tryProbe(view, probe);
  return details.find((detail) => detail.flow !== undefined && !fulfils(probe.expect, detail.outcome))?.flow;
}

/** The flows of all other connections that the task asks about. */
function otherFlows(view: ClusterView, task: TaskData, probe: Probe): readonly FlowSpec[] {
  return [...task.goal, ...task.hidden]
    .filter((other) => other !== probe)
    .flatMap((other) => tryProbe(view, other).details[0]?.flow ?? []);
}

/** The policies of a view as the repository knows them. */
function editables(view: ClusterView, repository: PolicyRepository): readonly EditablePolicy[] {
  const keys = new Map(
    repository.policyKeys().map((key) => {
      const policy = repository.policy(key);
      return [`${policy?.kind}/${policy?.namespace}/${policy?.name}`, key];
    }),
  );
  return view.policies().flatMap(({ kind, namespace, name, object }) => {
    const key = keys.get(`${kind}/${namespace}/${name}`);
    return key === undefined ? [] : [{ key, object }];
  });
}

/** How many other cells of the matrix an edit changes; undefined when the connection still does not end as wanted. */
function changedCells(
  before: ClusterView,
  after: ClusterView,
  task: TaskData,
  probe: Probe,
): number | undefined {
  const { outcome } = tryProbe(after, probe);
  if (!fulfils(probe.expect, outcome)) return undefined;
  const value = matrixOf(task, { applied: before, drafted: after, rejected: [], explain: () => [] });
  const own = task.goal.includes(probe) && tryProbe(before, probe).outcome !== outcome ? 1 : 0;
  return value.cells.filter((cell) => cell.actual !== cell.applied).length - own;
}

function inWords(
  suggestion: Suggestion,
  changes: number,
  wanted: FlowVerdict['verdict'],
  repository: PolicyRepository,
  sources: readonly PolicySource[],
): Suggested {
  const place = placeOfEdit(repository, suggestion, sources);
  const file = place?.file.slice(place.file.lastIndexOf('/') + 1);
  const where = place === undefined ? '' : `line ${place.line} of ${file}: `;
  const then =
    wanted === 'FORWARDED'
      ? 'it would get through'
      : wanted === 'DROPPED'
        ? 'it would be dropped'
        : 'the proxy would refuse it';
  const cost = changes === 0 ? 'no other cell' : changes === 1 ? '1 other cell' : `${changes} other cells`;
  return {
    text: `${where}${suggestion.phrase} ${then}; that changes ${cost}`,
    ...(place === undefined ? {} : { file: place.file, line: place.line }),
  };
}
