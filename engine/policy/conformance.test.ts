import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type PolicyAnswer, runCase } from './case-run.ts';
import type { FlowVerdict, SideVerdict } from './model.ts';

// One file a group, recorded from the policy engine of Cilium 1.20.2: a first line with the different verdicts of one
// end, then one line a case, whose probes name them by number.
const folder = new URL('./testdata/conformance/', import.meta.url);

type Recorded = {
  name: string;
  case: string;
  policies: PolicyAnswer[];
  cidrGroups?: PolicyAnswer[];
  probes: ([number, number, string, string | null, string | null] | { unsupported: string })[];
};

function sideOf(side: SideVerdict) {
  const { verdict, enforced, managed, deniedBy, l7, l7verdict, auth, rulesMatched } = side;
  return { verdict, enforced, managed, deniedBy, l7, l7verdict, auth, rulesMatched };
}

function formOf(answer: FlowVerdict) {
  const { verdict, droppedAt, reason } = answer;
  return { egress: sideOf(answer.egress), ingress: sideOf(answer.ingress), verdict, droppedAt, reason };
}

const counted = { cases: 0, probes: 0, policies: 0, texts: 0 };

describe('[P1] verdicts equal those of the real engine', () => {
  for (const file of readdirSync(folder).sort()) {
    const [head = '', ...lines] = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n');
    const { sides } = JSON.parse(head) as { sides: unknown[] };
    for (const line of lines) {
      const recorded = JSON.parse(line) as Recorded;
      test(`${file.replace('.jsonl', '')}/${recorded.name}`, () => {
        const { answer } = runCase(recorded.case);
        counted.cases++;
        expect(answer.policies.map(validityOf)).toEqual(recorded.policies.map(validityOf));
        for (const [i, want] of [...recorded.policies, ...(recorded.cidrGroups ?? [])].entries()) {
          counted.policies++;
          const got = [...answer.policies, ...(answer.cidrGroups ?? [])][i];
          if (want.valid) continue;
          expect([want.error, ...(want.errorVariants ?? [])]).toContain(got?.error);
          counted.texts++;
        }
        for (const [i, want] of recorded.probes.entries()) {
          if (!Array.isArray(want)) continue;
          counted.probes++;
          const got = answer.probes[i];
          if (!got || 'unsupported' in got) throw new Error(`probe ${i + 1} has no verdict`);
          const [egress, ingress, verdict, droppedAt, reason] = want;
          expect({ probe: i + 1, ...formOf(got) }).toEqual({
            probe: i + 1,
            egress: sides[egress],
            ingress: sides[ingress],
            verdict,
            droppedAt,
            reason,
          });
        }
      });
    }
  }

  test('all were compared', () => {
    expect(counted).toEqual({ cases: 578, probes: 8886, policies: 1070, texts: 111 });
  });
});

function validityOf({ kind, namespace, name, valid, stage, replaced }: PolicyAnswer) {
  return { kind, namespace, name, valid, stage, replaced };
}
