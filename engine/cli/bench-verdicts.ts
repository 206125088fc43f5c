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
  readonly incrementalMs: number;
  readonly verdictsPerSecond: number;
  readonly heapMB: number;
  readonly allowedShare: number;
  /** The full matrix of the world's first pods (at most 1,000) on five ports, tables compiled. */
  readonly matrixMs: number;
};

/** `ringfence bench verdicts --file WORLD [--json]`: the policy engine on a synthetic world. */
export async function benchVerdicts(argv: string[], io: CommandIo): Promise<number> {
  const at = argv.indexOf('--file');
  const file = at < 0 ? undefined : argv[at + 1];
  if (file === undefined) {
    io.error('usage: ringfence bench verdicts --file WORLD [--json]\n');
    return 2;
  }
  const figures = measureVerdicts(readWorld(io.readFile(file)));
  if (argv.includes('--json')) io.write(`${JSON.stringify(figures)}\n`);
  else for (const [name, value] of Object.entries(figures)) io.write(`${name.padEnd(18)} ${value}\n`);
  return 0;
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
  const pods = repository.endpointKeys().slice(0, MATRIX_PODS);
  const [matrixMs] = best(5, () => reachMatrix(repository, pods, MATRIX_PORTS));
  collectGarbage();
  const heapMB = process.memoryUsage().heapUsed / 1e6;
  const identities = new Set(
    repository.endpointKeys().map((endpoint) => repository.identityKey({ endpoint })),
  ).size;
  return { identities, parseMs, compileMs, incrementalMs, verdictsPerSecond, heapMB, allowedShare, matrixMs };
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

function measureIncremental(repository: PolicyRepository, parsed: Parsed): number {
  const change = ({ key, policy }: Parsed[number]) => {
    repository.upsertPolicy(key, policy);
    repository.compileAll();
  };
  const some = parsed.slice(0, 50);
  // Warm: the first rounds only let the compiler see the code.
  for (let round = 0; round < 8; round++) for (const item of some) change(item);
  const start = performance.now();
  for (const item of some) change(item);
  return (performance.now() - start) / Math.max(1, some.length);
}

function measureLookups(repository: PolicyRepository, probes: readonly Probe[]) {
  const flows = probes.flatMap(({ flow }) => {
    if (!('endpoint' in flow.from) || !('endpoint' in flow.to)) return [];
    const from = repository.handle(flow.from.endpoint);
    const to = repository.handle(flow.to.endpoint);
    return from && to ? [{ from, to, port: flow.port ?? 0 }] : [];
  });
  let verdicts = 0;
  let allowed = 0;
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
  } while (elapsedMs < 2000 && flows.length > 0);
  return {
    verdictsPerSecond: Math.round((verdicts * 1000) / elapsedMs),
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
  const read = readDocument(text, 'refuse', { isUnbounded: true });
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
