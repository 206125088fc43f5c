import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readDocument, splitDocuments } from './documents.ts';
import { type Path, valueAt, applyEdit } from './edits.ts';
import { importPolicy } from './import.ts';
import { DEFAULT_POLICY_CONFIG, type FlowSpec } from './model.ts';
import { PolicyRepository } from './repository.ts';

const OPTIONS = { config: { ...DEFAULT_POLICY_CONFIG, hostFirewall: true }, defaultNamespace: 'default' };
/** Mutated objects; many more by `npm run test:fuzz`. */
const RUNS = Number(process.env['RUNS'] ?? 12_000);
const ODD: readonly unknown[] = [
  null,
  [],
  {},
  '',
  'x',
  '*',
  5,
  -1,
  70000,
  true,
  [null],
  [{}],
  { a: null },
  [[]],
  '10.0.0.0/8',
];

function documents(): unknown[] {
  const folder = new URL('./testdata/conformance/', import.meta.url);
  const texts = new Set<string>();
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').slice(1)) {
      const read = readDocument((JSON.parse(line) as { case: string }).case, 'refuse');
      if ('error' in read) continue;
      for (const document of splitDocuments(String((read.value as { policies?: string }).policies ?? '')))
        texts.add(document.text);
    }
  }
  return [...texts].flatMap((text) => {
    const read = readDocument(text, 'refuse');
    return 'error' in read ? [] : [read.value];
  });
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, i) => pathsOf(item, [...path, i]))];
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function worldOf() {
  const repository = new PolicyRepository(OPTIONS.config);
  repository.setNodes([{ name: 'n1', addresses: ['172.18.0.2'], labels: {} }]);
  for (const [i, app] of ['app', 'cli'].entries()) {
    repository.upsertEndpoint({
      key: `default/${app}`,
      namespace: 'default',
      name: app,
      labels: { app },
      serviceAccount: 'default',
      node: 'n1',
      addresses: [`10.0.0.${i + 1}`],
      namedPorts: [{ name: 'http', port: 80, protocol: 'TCP' }],
    });
  }
  return repository;
}

test(
  '[P20] no object makes the import or a verdict throw',
  () => {
    const all = documents();
    expect(all.length).toBeGreaterThan(500);
    let state = 12345;
    const roll = (sides: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * sides);
    };
    const flows: FlowSpec[] = [
      {
        from: { endpoint: 'default/cli' },
        to: { endpoint: 'default/app' },
        port: 80,
        protocol: 'TCP',
        http: { method: 'GET', path: '/' },
      },
      {
        from: { endpoint: 'default/app' },
        to: { address: '192.0.2.1' },
        port: 53,
        protocol: 'UDP',
        dns: { query: 'a.b' },
      },
      { from: { address: '192.0.2.1' }, to: { node: 'n1' }, protocol: 'ICMP', icmpType: 8 },
    ];
    let valid = 0;
    for (let i = 0; i < RUNS; i++) {
      const object = all[roll(all.length)];
      const paths = pathsOf(object).filter(
        (path) => path.length > 0 && path[0] !== 'kind' && path[0] !== 'apiVersion',
      );
      const path = paths[roll(paths.length)];
      if (!path) continue;
      const edit =
        roll(4) === 0
          ? { kind: 'remove' as const, path }
          : { kind: 'set' as const, path, value: ODD[roll(ODD.length)] };
      const mutated = applyEdit(object, edit);
      const what = () =>
        `${JSON.stringify(edit)} (was ${JSON.stringify(valueAt(object, path))}) in ${JSON.stringify(object)}`;
      try {
        const result = importPolicy(mutated, OPTIONS);
        if (!result.valid) {
          expect(result.error, what()).not.toBe('');
          continue;
        }
        valid++;
        const repository = worldOf();
        repository.upsertPolicy('p', result.policy);
        for (const flow of flows) repository.judge(flow);
      } catch (failure) {
        throw new Error(`${failure instanceof Error ? failure.stack : failure}\n${what()}`);
      }
    }
    expect(valid).toBeGreaterThan(RUNS / 12);
  },
  60_000 + RUNS * 5,
);
