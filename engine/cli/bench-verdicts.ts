import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CaseError, decodeCaseValue, type PolicyCase, type Probe } from '../policy/case-file.ts';
import { readDocument, splitDocuments } from '../policy/documents.ts';
import { importPolicy } from '../policy/import.ts';
import type { ParsedPolicy } from '../policy/model.ts';
import { reachMatrix } from '../policy/reach-matrix.ts';
import { PolicyRepository } from '../policy/repository.ts';
import type { CommandIo } from './ringfence.ts';

/** The figures that bench/README.md defines. Times in milliseconds. */
export type VerdictFigures = {
  readonly identities: number;
  readonly parseMs: number;
  readonly compileMs: number;
  /** One policy replaced by itself, and all that follows made fresh. */
  readonly incrementalMs: number;
  /** One pod relabelled, so that it gets an identity of its own, or back. */
  readonly relabelMs: number;
  /** One more name learnt by a DNS proxy, that a policy asks for, and its address judged. */
  readonly learnMs: number;
  readonly verdictsPerSecond: number;
  readonly heapMB: number;
  readonly allowedShare: number;
  /** The full matrix of the world's first pods (at most 1,000) on five ports, tables compiled. */
  readonly matrixMs: number;
};

/**
 * What the policy engine of Cilium 1.20.2 itself took for the worlds of seed 1, by pods and policies, on a machine whose
 * calibration loop printed 60.
 */
const REFERENCE: ReadonlyMap<string, Partial<VerdictFigures>> = new Map(
  (
    [
      ['100/50', [25, 55, 2.5, 0.09, 1.7e6, 15, 0.495]],
      ['1000/500', [250, 170, 47, 0.15, 1.4e6, 28, 0.305]],
      ['10000/1000', [2500, 265, 250, 0.39, 1e6, 85, 0.691]],
    ] as const
  ).map(
    ([world, [identities, parseMs, compileMs, incrementalMs, verdictsPerSecond, heapMB, allowedShare]]) => [
      world,
      { identities, parseMs, compileMs, incrementalMs, verdictsPerSecond, heapMB, allowedShare },
    ],
  ),
);

/** `ringfence bench verdicts --file WORLD [--json]`: the policy engine on a synthetic world, beside Cilium's own where that is known. */
export async function benchVerdicts(argv: string[], io: CommandIo): Promise<number> {
  const at = argv.indexOf('--file');
  const file = at < 0 ? undefined : argv[at + 1];
  if (file === undefined) {
    io.error('usage: ringfence bench verdicts --file WORLD [--json]\n');
    return 2;
  }
  const world = readWorld(io.readFile(file));
  const figures = measureVerdicts(world);
  const reference = REFERENCE.get(`${world.endpoints.length}/${splitDocuments(world.policies).length}`);
  if (argv.includes('--json'))
    io.write(`${JSON.stringify({ ...figures, ...(reference && { reference }) })}\n`);
  else io.write(figuresTable(figures, reference ?? {}));
  return 0;
}

function figuresTable(figures: VerdictFigures, reference: Partial<VerdictFigures>): string {
  const line = (name: string, here: string, there: string) =>
    `${name.padEnd(18)} ${here.padStart(12)} ${there.padStart(12)}`.trimEnd();
  const rows = (Object.keys(figures) as (keyof VerdictFigures)[]).map((name) =>
    line(name, String(Number(figures[name].toPrecision(4))), String(reference[name] ?? '')),
  );
  const head = reference.identities === undefined ? [] : [line('', 'here', 'Cilium')];
  return `${[...head, ...rows].join('\n')}\n`;
}

/** Measures a world; a few seconds. */
export function measureVerdicts(world: PolicyCase): VerdictFigures {
  const [parseMs, parsed] = best(3, () => parsePolicies(world));
  for (let i = 0; i < 3; i++) compile(world, parsed);
  const [compileMs] = best(
    5,
    () => undefined,
    () => compile(world, parsed),
  );
  const repository = emptyRepository(world);
  fill(repository, parsed);
  const incrementalMs = measureIncremental(repository, parsed);
  const { verdictsPerSecond, allowedShare } = measureLookups(repository, world.probes);
  const relabelMs = measureRelabel(repository, world);
  const learnMs = measureLearn(repository.fork(), world);
  const pods = repository.endpointKeys().slice(0, MATRIX_PODS);
  const [matrixMs] = best(5, () => reachMatrix(repository, pods, MATRIX_PORTS));
  collectGarbage();
  const heapMB = process.memoryUsage().heapUsed / 1e6;
  const identities = new Set(
    repository.endpointKeys().map((endpoint) => repository.identityKey({ endpoint })),
  ).size;
  return {
    identities,
    parseMs,
    compileMs,
    incrementalMs,
    relabelMs,
    learnMs,
    verdictsPerSecond,
    heapMB,
    allowedShare,
    matrixMs,
  };
}

const MATRIX_PODS = 1_000;
const MATRIX_PORTS: readonly number[] = [80, 443, 5432, 7379, 8080];

type Parsed = readonly { readonly key: string; readonly policy: ParsedPolicy }[];

function parsePolicies(world: PolicyCase): Parsed {
  return splitDocuments(world.policies).map((document) => {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) throw new CaseError(read.error);
    const result = importPolicy(read.value, {
      config: world.config,
      defaultNamespace: world.defaultNamespace,
    });
    if (!result.valid) throw new CaseError(result.error);
    const { kind, namespace, name } = result.policy;
    return { key: `${kind}/${namespace}/${name}`, policy: result.policy };
  });
}

/** The best of some runs and its result; a second function is prepared by the first, outside of the measure. */
function best<T>(rounds: number, run: () => T, timed?: () => number): readonly [number, T] {
  let shortest = Number.POSITIVE_INFINITY;
  let result = run();
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    if (timed) {
      shortest = Math.min(shortest, timed());
      continue;
    }
    result = run();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return [shortest, result];
}

/** Known identities, no policies. */
function emptyRepository(world: PolicyCase): PolicyRepository {
  const repository = new PolicyRepository(world.config);
  repository.setNodes(world.nodes);
  repository.setNamespaces(world.namespaces);
  repository.setServices(world.services);
  for (const endpoint of world.endpoints) repository.upsertEndpoint(endpoint);
  return repository;
}

function fill(repository: PolicyRepository, parsed: Parsed): void {
  for (const { key, policy } of parsed) repository.upsertPolicy(key, policy);
  repository.compileAll();
}

function compile(world: PolicyCase, parsed: Parsed): number {
  const repository = emptyRepository(world);
  const start = performance.now();
  fill(repository, parsed);
  return performance.now() - start;
}

/** Rounds that only let the compiler see the code. */
const WARM_ROUNDS = 40;
/** How many policies, pods or names a round changes. */
const CHANGES = 50;

/** Rounds that are measured: one takes a millisecond or two, so that anything else on the machine would be in it. */
const ROUNDS = 12;

/** The mean over the changes of a round, of the best round, warm. */
function meanOf<T>(items: readonly T[], change: (item: T) => void): number {
  for (let round = 0; round < WARM_ROUNDS; round++) for (const item of items) change(item);
  const [ms] = best(ROUNDS, () => {
    for (const item of items) change(item);
  });
  return ms / Math.max(1, items.length);
}

function measureIncremental(repository: PolicyRepository, parsed: Parsed): number {
  return meanOf(parsed.slice(0, CHANGES), ({ key, policy }) => {
    repository.upsertPolicy(key, policy);
    repository.compileAll();
  });
}

function measureRelabel(repository: PolicyRepository, world: PolicyCase): number {
  const changes = world.endpoints
    .slice(0, CHANGES / 2)
    .flatMap((facts, i) => [{ ...facts, labels: { ...facts.labels, app: `relabelled-${i}` } }, facts]);
  return meanOf(changes, (facts) => {
    repository.upsertEndpoint(facts);
    repository.compileAll();
  });
}

/** Names are learnt one after the other, forgotten at the end of a round. */
function measureLearn(repository: PolicyRepository, world: PolicyCase): number {
  const [first] = world.endpoints;
  if (!first) return 0;
  const result = importPolicy(
    {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'learnt', namespace: first.namespace },
      spec: {
        endpointSelector: { matchLabels: first.labels },
        egress: [{ toFQDNs: [{ matchPattern: '*.example.com' }] }],
      },
    },
    { config: world.config, defaultNamespace: world.defaultNamespace },
  );
  if (!result.valid) throw new CaseError(result.error);
  repository.upsertPolicy('learnt', result.policy);
  repository.compileAll();
  const names = new Map<string, readonly string[]>();
  const from = { endpoint: first.key };
  return meanOf(
    Array.from({ length: CHANGES }, (_, i) => i),
    (i) => {
      if (i === 0) names.clear();
      const address = `198.51.100.${i + 1}`;
      names.set(`name-${i}.example.com`, [address]);
      repository.setDns(names);
      repository.compileAll();
      repository.judge({ from, to: { address }, port: 443, protocol: 'TCP' });
    },
  );
}

/** The best of three rounds of two seconds, as the reference was measured. */
function measureLookups(repository: PolicyRepository, probes: readonly Probe[]) {
  const flows = probes.flatMap(({ flow }) => {
    if (!('endpoint' in flow.from) || !('endpoint' in flow.to)) return [];
    const from = repository.handle(flow.from.endpoint);
    const to = repository.handle(flow.to.endpoint);
    return from && to ? [{ from, to, port: flow.port ?? 0 }] : [];
  });
  let bestPerSecond = 0;
  let allowed = 0;
  for (let round = 0; round < 3 && flows.length > 0; round++) {
    let verdicts = 0;
    let elapsedMs = 0;
    const start = performance.now();
    do {
      allowed = 0;
      for (const { from, to, port } of flows) {
        if (from.tables.egress.lookup(to.identity, 6, port, to.ports).verdict === 'denied') continue;
        if (to.tables.ingress.lookup(from.identity, 6, port, from.ports).verdict !== 'denied') allowed++;
      }
      verdicts += flows.length;
      elapsedMs = performance.now() - start;
    } while (elapsedMs < 2000);
    bestPerSecond = Math.max(bestPerSecond, (verdicts * 1000) / elapsedMs);
  }
  return {
    verdictsPerSecond: Math.round(bestPerSecond),
    allowedShare: allowed / Math.max(1, flows.length),
  };
}

/** A full collection, so that the heap's size means something; Node hides it behind a flag that can be set late. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

/** Reads a world; the generator's one-object-a-line form is read without a YAML parser, which is not what is measured. */
function readWorld(text: string): PolicyCase {
  const quick = readLines(text);
  if (quick) return decodeCaseValue(quick);
  const read = readDocument(text, 'refuse', { isWorld: true });
  if ('error' in read) throw new CaseError(read.error);
  return decodeCaseValue(read.value);
}

function readLines(text: string): Readonly<Record<string, unknown>> | undefined {
  const world = new Map<string, unknown>();
  let items: unknown[] | undefined;
  let block: string[] | undefined;
  for (const line of text.split('\n')) {
    const top = /^([A-Za-z]+):(.*)$/.exec(line);
    if (top) {
      const [, name = '', rest = ''] = top;
      items = rest === '' ? [] : undefined;
      block = rest === ' |' ? [] : undefined;
      world.set(name, items ?? block ?? rest.trim());
    } else if (block) block.push(line.slice(2));
    else if (items && line.startsWith('  - {')) {
      try {
        items.push(JSON.parse(line.slice(4)));
      } catch {
        return undefined;
      }
    } else if (line !== '') return undefined;
  }
  return Object.fromEntries(
    [...world].map(([name, value]) => [
      name,
      name === 'policies' && Array.isArray(value) ? value.join('\n') : value,
    ]),
  );
}
