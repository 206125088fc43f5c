import type { Flow } from './flow.ts';
import { type CelType, fieldType } from './cel/types.ts';

/** A tree of fields that a mask keeps; `undefined`: the whole field. */
type MaskTree = Map<string, MaskTree | undefined>;

/** A mask over flows, as GetFlows takes it. */
export type FieldMask = { apply(flow: Flow): Flow };

/** What the CLI asks for when it prints for people (hubble/pkg/defaults). */
export const DEFAULT_MASK: readonly string[] =
  'time verdict ethernet IP l4 source.identity source.namespace source.pod_name destination.identity destination.namespace destination.pod_name Type node_name l7 event_type source_service destination_service is_reply Summary ip_trace_id traffic_direction policy_match_type ingress_allowed_by ingress_denied_by egress_allowed_by egress_denied_by'.split(
    ' ',
  );

/** Builds a mask from paths (`time`, `source.pod_name`), or says which path is none, in protobuf's words. */
export function fieldMask(paths: readonly string[]): FieldMask | { readonly error: string } {
  const tree: MaskTree = new Map();
  for (const path of paths) {
    const names = path.split('.');
    if (!isPath(names))
      return { error: `proto:\u00a0invalid path ${JSON.stringify(path)} for message "flow.Flow"` };
    plant(tree, names);
  }
  return { apply: (flow) => pruned(flow as Record<string, unknown>, tree) as Flow };
}

function isPath(names: readonly string[]): boolean {
  let message: string | undefined = 'flow.Flow';
  for (const name of names) {
    const type: CelType | undefined = message === undefined ? undefined : fieldType(message, name);
    if (!type) return false;
    message = type.kind === 'message' ? type.name : undefined;
  }
  return true;
}

function plant(tree: MaskTree, names: readonly string[]): void {
  const [name = '', ...rest] = names;
  if (rest.length === 0) {
    tree.set(name, undefined);
    return;
  }
  if (tree.has(name) && tree.get(name) === undefined) return;
  const branch = tree.get(name) ?? new Map();
  tree.set(name, branch);
  plant(branch, rest);
}

function pruned(value: Readonly<Record<string, unknown>>, tree: MaskTree): Record<string, unknown> {
  const kept = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
    if (!tree.has(name)) return [];
    const branch = tree.get(name);
    if (!branch || typeof item !== 'object' || item === null) return [[name, item]];
    return [[name, pruned(item as Record<string, unknown>, branch)]];
  });
  return Object.fromEntries(kept);
}
