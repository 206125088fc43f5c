import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readDocument, splitDocuments } from './documents.ts';
import { importPolicy } from './import.ts';
import { DEFAULT_POLICY_CONFIG, type FlowSpec } from './model.ts';
import { PolicySource, placeOfRefusal } from './positions.ts';
import { PolicyRepository } from './repository.ts';

/** Mutated documents: a few in every run of the tests, many by `npm run test:fuzz`. */
const RUNS = Number(process.env['RUNS'] ?? 2_000);
/** No document may take longer than this, on a machine that does other things too. */
const HANG_MS = 4_000;
const OPTIONS = { config: { ...DEFAULT_POLICY_CONFIG, hostFirewall: true }, defaultNamespace: 'default' };

function corpus(): string[] {
  const folder = new URL('./testdata/conformance/', import.meta.url);
  const texts = new Set<string>();
  for (const file of readdirSync(folder).sort()) {
    for (const line of readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').slice(1)) {
      const read = readDocument((JSON.parse(line) as { case: string }).case, 'refuse');
      if ('error' in read) continue;
      for (const document of splitDocuments(String((read.value as { policies?: string }).policies ?? ''))) {
        texts.add(document.text);
        const parsed = readDocument(document.text, 'refuse');
        if (texts.size % 3 === 0 && !('error' in parsed)) texts.add(JSON.stringify(parsed.value));
      }
    }
  }
  return [...texts];
}

function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const SNIPPETS = [
  ...[
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    '- ',
    '-',
    '&a ',
    '*a',
    '!',
    '!!binary ',
    '|',
    '>',
    '#',
    '%',
    '@',
  ],
  ...[
    '\t',
    '\n',
    '\r\n',
    '\0',
    '\ufeff',
    '\u2028',
    '😀',
    '\ud800',
    '<<: *a\n',
    '<<: [*a, *a]',
    '? ',
    '---',
    '...\n',
  ],
  ...['~', 'null', '.nan', '.inf', '1e999', '0x1F', '0777', '-0', '9999999999999999999', 'yes', '2001-01-01'],
  ...[
    '__proto__: {a: 1}\n',
    'constructor: 1\n',
    'toString: {}\n',
    '(((((',
    '(a+)+$',
    '[^',
    '\\p{L}',
    '\\1',
    '(?=x)',
  ],
];

/** One to three changes: a piece doubled, moved, cut or replaced, a line's indentation changed. */
function mutated(text: string, all: readonly string[], roll: (sides: number) => number): string {
  let made = text;
  for (let i = Math.max(0, roll(5) - 2); i >= 0; i--) {
    const at = roll(made.length + 1);
    const end = Math.min(made.length, at + roll(40));
    const snippet = SNIPPETS[roll(SNIPPETS.length)] ?? '';
    const lines = made.split('\n');
    const line = roll(lines.length);
    const other = all[roll(all.length)] ?? '';
    const changes = [
      () => made.slice(0, at) + snippet + made.slice(at),
      () => made.slice(0, at) + snippet + made.slice(end),
      () => made.slice(0, at) + made.slice(end),
      () => made.slice(0, at) + made.slice(at, end).repeat(roll(30)) + made.slice(end),
      () => made.slice(0, at) + other.slice(roll(other.length)),
      () => lines.with(line, ' '.repeat(roll(9)) + (lines[line] ?? '').trimStart()).join('\n'),
      () => lines.toSpliced(line, 0, lines[roll(lines.length)] ?? '').join('\n'),
      () => lines.toSpliced(line, 1).join('\n'),
    ];
    made = changes[roll(changes.length)]?.() ?? made;
  }
  return made;
}

function worldOf(): PolicyRepository {
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

const FLOWS: readonly FlowSpec[] = [
  {
    from: { endpoint: 'default/cli' },
    to: { endpoint: 'default/app' },
    port: 80,
    protocol: 'TCP',
    http: { method: 'GET', path: '/', headers: {} },
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

const UNTOUCHED = worldOf();

/** What became of a text; throws where it is refused without a place, or applied in part. */
function take(text: string): { refused: number; applied: number } {
  let source: PolicySource | undefined;
  const counts = { refused: 0, applied: 0 };
  const lines = text.split('\n').length;
  for (const [i, document] of splitDocuments(text).entries()) {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) {
      counts.refused++;
      expect(read.error).not.toBe('');
      expect(read.line).toBeGreaterThan(0);
      expect(read.column).toBeGreaterThan(0);
      expect(document.firstLine + read.line - 1).toBeLessThanOrEqual(lines + 1);
      continue;
    }
    const result = importPolicy(read.value, OPTIONS);
    if (!result.valid) {
      counts.refused++;
      expect(result.error).not.toBe('');
      source ??= new PolicySource(text, 'fuzz.yaml');
      const place = placeOfRefusal(source, i, result.error);
      expect(place.line).toBeGreaterThan(0);
      expect(place.line).toBeLessThanOrEqual(lines);
      expect(place.column).toBeGreaterThan(0);
      continue;
    }
    counts.applied++;
    const repository = worldOf();
    repository.upsertPolicy('p', result.policy);
    for (const flow of FLOWS) repository.judge(flow);
    // Never half applied: what is taken back leaves nothing.
    repository.removePolicy('p');
    for (const flow of FLOWS) expect(repository.judge(flow)).toEqual(UNTOUCHED.judge(flow));
  }
  return counts;
}

describe('[P20] any text at all', () => {
  test(
    `${RUNS} mutated documents: never a crash or a hang, always a message with its place`,
    () => {
      const all = corpus();
      const roll = dice(20_261_121);
      const total = { refused: 0, applied: 0 };
      for (let run = 0; run < RUNS; run++) {
        const text = mutated(all[roll(all.length)] ?? '', all, roll);
        const startMs = performance.now();
        try {
          const { refused, applied } = take(text);
          total.refused += refused;
          total.applied += applied;
        } catch (failure) {
          throw new Error(`run ${run}: ${failure instanceof Error ? failure.stack : failure}\n${text}`);
        }
        expect(performance.now() - startMs, text).toBeLessThan(HANG_MS);
      }
      expect(total.refused).toBeGreaterThan(RUNS / 10);
      expect(total.applied).toBeGreaterThan(RUNS / 20);
    },
    60_000 + RUNS * 20,
  );

  const deep = (open: string, close: string, count: number) =>
    `a: ${open.repeat(count)}${close.repeat(count)}`;
  const bombs: Readonly<Record<string, string>> = {
    'open brackets': '['.repeat(100_000),
    'nested lists': deep('[', ']', 5_000),
    'nested mappings': deep('{a: ', '}', 30_000),
    'nested JSON': `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    dashes: `${'- '.repeat(20_000)}x`,
    'question marks': '? '.repeat(20_000),
    indentation: Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    'a long list': `a: [${'x,'.repeat(300_000)}]`,
    'many keys': Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join('\n'),
    'anchors in a row': '&a '.repeat(100_000),
    aliases: `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f']
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcde'[i]}`).join(',')}]`)
      .join('\n')}`,
    'a long text': `a: "${'x'.repeat(2_000_000)}"`,
  };
  for (const [name, text] of Object.entries(bombs)) {
    test(`too much of ${name} is refused at once, with its place`, () => {
      const startMs = performance.now();
      expect(take(text)).toEqual({ refused: 1, applied: 0 });
      expect(performance.now() - startMs).toBeLessThan(HANG_MS);
    });
  }

  test('a duplicate key among ten thousand is found without comparing each with each', () => {
    const text = `${Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join('\n')}\nk9: 2`;
    const startMs = performance.now();
    const error = 'yaml: unmarshal errors:\n  line 10001: key "k9" already set in map';
    expect(readDocument(text, 'refuse')).toEqual({ error, line: 10_001, column: 1 });
    expect(performance.now() - startMs).toBeLessThan(HANG_MS);
  });

  test('expressions that blow up elsewhere stay linear', () => {
    const rule = { http: [{ method: 'GET', path: '/(a+)+$' }, { path: '(x|x)*y' }, { path: '(.*)*=.*' }] };
    const result = importPolicy(
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        metadata: { name: 'p' },
        spec: {
          endpointSelector: {},
          ingress: [{ toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: rule }] }],
        },
      },
      OPTIONS,
    );
    expect(result.valid).toBe(true);
    if (!result.valid) return;
    const repository = worldOf();
    repository.upsertPolicy('p', result.policy);
    const [flow] = FLOWS;
    if (!flow) return;
    const startMs = performance.now();
    const path = `/${'a'.repeat(5_000)}!`;
    expect(repository.judge({ ...flow, http: { method: 'GET', path, headers: {} } }).verdict).toBe(
      'L7-DENIED',
    );
    const other = 'x'.repeat(5_000);
    expect(repository.judge({ ...flow, http: { method: 'GET', path: other, headers: {} } }).verdict).toBe(
      'L7-DENIED',
    );
    expect(performance.now() - startMs).toBeLessThan(HANG_MS);
  });
});
