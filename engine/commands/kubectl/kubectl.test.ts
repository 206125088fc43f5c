import type { JsonObject } from '../../base/json.ts';
import { describe, expect, test } from 'vitest';
import { structNamed } from '../../objects/types.ts';
import { smartLabel } from './describe/generic.ts';
import { unifiedHunks } from '../coreutils/changes.ts';
import { CommandError } from './errors.ts';
import { flagTable, parseLine } from './flags.ts';
import { jsonThreeWayPatch, strategicThreeWayPatch } from './merge.ts';
import { runGoTemplate } from './print/go-template.ts';
import { parseGoTemplate } from './print/go-template.ts';
import { parseJsonPath, printJsonPath } from './print/jsonpath.ts';
import { tabWrite } from './print/table.ts';
import { toYaml } from './print/yaml.ts';
import { humanDuration } from '../../objects/time.ts';
import { readDocuments } from './yaml-input.ts';

describe('flags', () => {
  const specs = flagTable('output,o:string watch,w dry-run:string=none?unchanged replicas:int=1');
  const fault = (words: readonly string[]): string => {
    try {
      parseLine(words, specs);
      return '';
    } catch (error) {
      return error instanceof CommandError ? error.message : 'other';
    }
  };

  test('stand anywhere, joined or apart, until --', () => {
    const { flags, args, dashAt } = parseLine(['a', '-woyaml', '--dry-run', 'b', '--', '-x'], specs);
    expect([flags.text('output'), flags.bool('watch'), flags.text('dry-run')]).toEqual([
      'yaml',
      true,
      'unchanged',
    ]);
    expect([args, dashAt]).toEqual([['a', 'b', '-x'], 2]);
  });

  test('that are unknown or lack a value fail in the words of pflag', () => {
    expect(fault(['--nope'])).toBe('unknown flag: --nope');
    expect(fault(['-z'])).toBe("unknown shorthand flag: 'z' in -z");
    expect(fault(['-o'])).toBe("flag needs an argument: 'o' in -o");
    expect(fault(['--replicas=x'])).toBe(
      'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax',
    );
  });
});

describe('printers', () => {
  const pods = {
    items: [
      { metadata: { name: 'a', labels: { 'x.y/z': '1' } }, n: 1 },
      { metadata: { name: 'b' }, n: 2 },
    ],
  };
  const jsonPath = (text: string): string => printJsonPath(parseJsonPath(text), pods);

  test('jsonpath: loops, filters, slices, escapes', () => {
    expect(jsonPath('{range .items[*]}{.metadata.name}{"\\n"}{end}')).toBe('a\nb\n');
    expect(jsonPath('{.items[?(@.n==2)].metadata.name}')).toBe('b');
    expect(jsonPath('{.items[-1:].metadata.name}')).toBe('b');
    expect(jsonPath('{.items[0].metadata.labels.x\\.y/z}')).toBe('1');
    expect(() => parseJsonPath('{.metadata')).toThrow('error parsing jsonpath {.metadata, unclosed action');
  });

  test('go-template: range, variables, conditions', () => {
    const run = (text: string): string => runGoTemplate(parseGoTemplate(text), pods);
    expect(run('{{range $i, $p := .items}}{{$i}}={{$p.metadata.name}};{{end}}')).toBe('0=a;1=b;');
    expect(run('{{if .nope}}x{{else}}y{{end}}{{.nope}}')).toBe('y<no value>');
  });

  test('yaml: quotes what would be read as something else, sorts keys naturally', () => {
    expect(toYaml({ b: 'true', a: '1', l: [{ w: 'a: b', x: null }], t: 'one\ntwo\n', a10: 1, a9: 2 })).toBe(
      'a: "1"\na9: 2\na10: 1\nb: "true"\nl:\n- w: \'a: b\'\n  x: null\nt: |\n  one\n  two\n',
    );
  });

  test('tab writer: columns are blocks of lines', () => {
    expect(tabWrite('Name:\tx\nNamespace:\ty\n\nA\tb\n')).toBe('Name:       x\nNamespace:  y\n\nA  b\n');
  });

  test('ages and field names', () => {
    expect([119e3, 120e3, 125e3, 660e3, 4 * 3600e3, 50 * 3600e3].map(humanDuration)).toEqual([
      '119s',
      '2m',
      '2m5s',
      '11m',
      '4h',
      '2d2h',
    ]);
    expect([smartLabel('externalCIDRs'), smartLabel('apiVersion'), smartLabel('k8s:app')]).toEqual([
      'External CID Rs',
      'API Version',
      'k8s:app',
    ]);
  });
});

describe('apply', () => {
  test('a custom resource gets a JSON merge patch that removes what was dropped', () => {
    expect(
      jsonThreeWayPatch({ spec: { a: 1, b: 2 } }, { spec: { a: 1, c: 3 } }, { spec: { a: 1, b: 2, own: 9 } }),
    ).toEqual({ spec: { b: null, c: 3 } });
  });

  test('containers merge by name', () => {
    const pod = (image: string, extra: JsonObject[] = []) => ({
      containers: [{ name: 'a', image }, ...extra],
    });
    const patch = strategicThreeWayPatch(
      pod('x:1', [{ name: 'b', image: 'y' }]),
      pod('x:2'),
      pod('x:1', [{ name: 'b', image: 'y' }]),
      structNamed('PodSpec'),
    );
    expect(patch).toMatchObject({
      containers: [
        { name: 'a', image: 'x:2' },
        { $patch: 'delete', name: 'b' },
      ],
    });
  });

  test('equal objects need no patch', () => {
    const spec = { containers: [{ name: 'a', image: 'x' }] };
    expect(strategicThreeWayPatch(spec, spec, { ...spec, nodeName: 'n' }, structNamed('PodSpec'))).toEqual(
      {},
    );
  });
});

describe('manifests', () => {
  test('YAML 1.1 words, the last of two keys, merges and JSON', () => {
    expect(readDocuments('a: n\nb: yes\nc: 010\na: "n"\n---\n# nothing\n---\n{"x": 1}')).toEqual([
      { value: { a: 'n', b: true, c: 8 } },
      { value: { x: 1 } },
    ]);
    expect(readDocuments('base: &b {k: v}\nuse:\n  <<: *b\n  z: 1')).toEqual([
      { value: { base: { k: 'v' }, use: { k: 'v', z: 1 } } },
    ]);
  });

  test('a prototype is never reached', () => {
    const [document] = readDocuments('{"__proto__": {"polluted": true}}');
    expect(
      Object.hasOwn(
        document !== undefined && 'value' in document ? (document.value as object) : {},
        '__proto__',
      ),
    ).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('aliases are bounded', () => {
    const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: [*a, *a, *a, *a, *a]`).join('\n')}`;
    expect(readDocuments(bomb)[0]).toHaveProperty('error');
  });

  test('diff -u with three lines of context', () => {
    expect(unifiedHunks(['a', 'b', 'c', 'd'], ['a', 'b', 'x', 'd'], 3)).toBe(
      '@@ -1,4 +1,4 @@\n a\n b\n-c\n+x\n d\n',
    );
  });
});
