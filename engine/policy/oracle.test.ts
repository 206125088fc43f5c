import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCase } from './case-run.ts';
import type { SideVerdict } from './model.ts';

// A first line with the different verdicts of one end; then worlds, whose probes name them by number (none: no policy can
// be computed); then policies that are refused. What the real engine says at random is not among them.
type World = {
  readonly name: string;
  readonly case: object;
  /** 1: valid; else the stage that refuses it. */
  readonly policies: readonly (1 | string)[];
  readonly probes: readonly [from: string, to: string, at: string, egress?: number, ingress?: number][];
};
type Refusal = { readonly refused: object; readonly stage: string; readonly error: string };

const text = readFileSync(new URL('./testdata/oracle.jsonl', import.meta.url), 'utf8');
const [head = '', ...lines] = text.trimEnd().split('\n');
const { sides } = JSON.parse(head) as { sides: unknown[] };
const recorded = lines.map((line) => JSON.parse(line) as World | Refusal);

function probeOf([from, to, at]: World['probes'][number]) {
  const [protocol = '', port] = at.split('/');
  return { from, to, protocol, [protocol.startsWith('ICMP') ? 'icmpType' : 'port']: Number(port) };
}

function sideOf(side: SideVerdict) {
  const { verdict, enforced, managed, deniedBy, l7, auth, rulesMatched } = side;
  return { verdict, enforced, managed, deniedBy, l7, auth, rulesMatched };
}

/** The parts of a list of errors in one order: Go's maps give them in any. */
function partsOf(error: string | undefined): string[] {
  const inner = /^\[(.*)\]$/s.exec(error ?? '')?.[1] ?? error ?? '';
  return inner.split(/, (?=<nil>|spec|metadata)/).sort();
}

describe('[P1] odd policies as the real engine takes them', () => {
  const worlds = recorded.filter((each) => 'probes' in each);
  test.each(worlds)('$name', ({ case: world, policies, probes }) => {
    const { answer } = runCase(JSON.stringify({ ...world, probes: probes.map(probeOf) }));
    expect(answer.policies.map(({ valid, stage }) => (valid ? 1 : stage))).toEqual(policies);
    for (const [i, [, , , egress, ingress]] of probes.entries()) {
      const got = answer.probes[i];
      const sidesOf =
        got && !('unsupported' in got) ? [sideOf(got.egress), sideOf(got.ingress)] : [undefined, undefined];
      const wanted =
        egress === undefined || ingress === undefined ? [undefined, undefined] : [egress, ingress];
      expect({ probe: probes[i], sides: sidesOf }).toEqual({
        probe: probes[i],
        sides: wanted.map((each) => (each === undefined ? undefined : sides[each])),
      });
    }
  });

  const refusals = recorded.filter((each) => 'refused' in each);
  test.each(refusals)('$stage: $error', ({ refused, stage, error }) => {
    const policies = JSON.stringify(refused);
    const { answer } = runCase(JSON.stringify({ policies, probes: [] }));
    const [got] = answer.policies;
    expect(got?.stage).toBe(stage);
    expect([got?.error, ...(got?.errorVariants ?? [])].map(partsOf)).toContainEqual(partsOf(error));
  });

  test('they are many', () => {
    const probes = worlds.reduce((sum, world) => sum + world.probes.length, 0);
    expect([worlds.length > 25, probes > 350, refusals.length > 60]).toEqual([true, true, true]);
  });
});
