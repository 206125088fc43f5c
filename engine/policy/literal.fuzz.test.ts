import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeCase, type PolicyCase } from './case-file.ts';
import { buildCase } from './case-run.ts';
import { splitDocuments } from './documents.ts';
import { explain } from './explain.ts';
import { type FlowSpec, TIER } from './model.ts';
import type { PolicyRepository } from './repository.ts';

/** Mixtures of recorded worlds and policies: some in every run of the tests, many by `npm run test:fuzz`. */
const RUNS = Math.ceil(Number(process.env['RUNS'] ?? 2_000) / 20);

function cases(): PolicyCase[] {
  const folder = new URL('./testdata/conformance/', import.meta.url);
  return readdirSync(folder)
    .sort()
    .flatMap((file) =>
      readFileSync(new URL(file, folder), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => decodeCase((JSON.parse(line) as { case: string }).case)),
    )
    .filter((world) => world.probes.length > 0 && !world.policies.includes('ClusterNetworkPolicy\n'));
}

function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** A case's world with some policies of other cases beside its own, under names of their own. */
function mixture(all: readonly PolicyCase[], roll: (sides: number) => number): PolicyCase {
  const pick = <T>(items: readonly T[]): T => items[roll(items.length)] as T;
  const world = pick(all);
  const more = Array.from({ length: 1 + roll(3) }, (_, i) => {
    const document = pick(splitDocuments(pick(all).policies))?.text ?? '';
    return document.replace(/(metadata:\s*\{?\s*name:\s*)[\w.-]+/, `$1mixed-${i}`);
  });
  return { ...world, policies: [world.policies, ...more].join('\n---\n') };
}

/** What rules say when they are read one by one, each on its own; undefined where that is not enough to know. */
function literally(repository: PolicyRepository, flow: FlowSpec, direction: 'egress' | 'ingress') {
  const { http: _, dns: __, sni: ___, ...plain } = flow;
  const side = repository.sideOf(flow, direction);
  if (!side || repository.conflictAt(side) !== null) return undefined;
  const { subject } = side;
  const rules = repository.rulesFor(subject, direction === 'ingress');
  if (rules.some((rule) => rule.tier !== TIER.normal)) return undefined;
  const { enforcement } = repository.config;
  if (enforcement === 'never') return { isDenied: false };
  const isForced = enforcement === 'always' || subject.identity.labels.has('init');
  const { considered } = explain(repository, plain)[direction];
  if (considered.some((rule) => rule.verdict === 'deny' && rule.matches)) return { isDenied: true };
  const isAllowed = considered.some((rule) => rule.verdict === 'allow' && rule.matches);
  const isOwnHost =
    direction === 'ingress' && rules.length > 0 && !subject.isNode && side.peer.labels.has('host');
  const hasDefaultDeny = isForced || rules.some((rule) => rule.hasDefaultDeny);
  return { isDenied: hasDefaultDeny && !isAllowed && !isOwnHost };
}

test(
  `[P18] ${RUNS} mixtures: the compiled tables say what the rules say, read one by one`,
  () => {
    const all = cases();
    const roll = dice(20_261_122);
    const seen = { denied: 0, allowed: 0 };
    for (let run = 0; run < RUNS; run++) {
      const world = mixture(all, roll);
      const { repository } = buildCase(world, world.policies);
      for (const { flow } of world.probes) {
        if (repository.isSelf(flow)) continue;
        const verdict = repository.judge(flow);
        for (const direction of ['egress', 'ingress'] as const) {
          const expected = literally(repository, flow, direction);
          if (!expected) continue;
          const what = () => `run ${run} ${direction} ${JSON.stringify(flow)}\n${world.policies}`;
          const isDenied = verdict[direction].verdict === 'denied';
          expect(isDenied, isDenied === expected.isDenied ? '' : what()).toBe(expected.isDenied);
          seen[isDenied ? 'denied' : 'allowed']++;
        }
      }
    }
    expect(seen.denied).toBeGreaterThan(RUNS);
    expect(seen.allowed).toBeGreaterThan(RUNS);
  },
  60_000 + RUNS * 200,
);
