import type { PolicyRepository } from './repository.ts';

/** Who reaches whom: one byte for each source, destination and port, in this order; 1 lets the flow pass at L3/L4. */
export type ReachMatrix = {
  readonly pods: readonly string[];
  readonly ports: readonly number[];
  readonly cells: Uint8Array;
};

type Handle = NonNullable<ReturnType<PolicyRepository['handle']>>;

/** Pods that share labels and named ports: one lookup stands for all of them. */
type Group = { readonly handle: Handle; readonly members: number[] };

/**
 * The full matrix of some pods and ports, both directions weighed. Lookups are made once for each pair of identities and
 * spread over their pods. A pod's own cell is what policy would say; such traffic never meets it.
 * @param protocol The protocol's number; TCP unless told.
 */
export function reachMatrix(
  repository: PolicyRepository,
  pods: readonly string[],
  ports: readonly number[],
  protocol = 6,
): ReachMatrix {
  const groups = groupsOf(repository, pods);
  const width = pods.length * ports.length;
  const cells = new Uint8Array(pods.length * width);
  const row = new Uint8Array(width);
  for (const from of groups) {
    row.fill(0);
    for (const to of groups) {
      for (const [i, port] of ports.entries()) {
        if (!passes(from.handle, to.handle, protocol, port)) continue;
        for (const member of to.members) row[member * ports.length + i] = 1;
      }
    }
    for (const member of from.members) cells.set(row, member * width);
  }
  return { pods, ports, cells };
}

function passes(from: Handle, to: Handle, protocol: number, port: number): boolean {
  return (
    from.tables.egress.lookup(to.identity, protocol, port, to.ports).verdict !== 'denied' &&
    to.tables.ingress.lookup(from.identity, protocol, port, from.ports).verdict !== 'denied'
  );
}

/** Unknown pods are in no group: their cells stay 0. */
function groupsOf(repository: PolicyRepository, pods: readonly string[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [i, pod] of pods.entries()) {
    const handle = repository.handle(pod);
    if (!handle) continue;
    const { key } = handle.tables.subject;
    const known = groups.get(key);
    if (known) known.members.push(i);
    else groups.set(key, { handle, members: [i] });
  }
  return [...groups.values()];
}
