import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { verdictsCommand } from './verdicts.ts';

const POLICY = `# who may talk to the store
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: store}
spec:
  endpointSelector: {matchLabels: {app: store}}
  ingress:
    - fromEndpoints:
        - matchLabels: {app: web}
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
`;

const PODS = `pods:
  - {name: web, labels: {app: web}, ip: 10.0.0.1}
  - {name: store, labels: {app: store}, ip: 10.0.0.2}
  - {name: other, labels: {app: other}, ip: 10.0.0.3}
`;

const PROBES = `probes:
  - {id: web-store, from: default/web, to: default/store, port: 7379, expect: FORWARDED}
  - {id: "other & <store>", from: default/other, to: default/store, port: 80, expect: DROPPED}
  - {from: default/web, to: default/store, port: 80}
`;

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdicts-'));
  mkdirSync(at('good'));
  mkdirSync(at('bad/deeper'), { recursive: true });
  writeFileSync(at('world.yaml'), PODS + PROBES);
  writeFileSync(at('whole.yaml'), `${PODS}policies: |\n${POLICY.replace(/^(?=.)/gm, '  ')}${PROBES}`);
  writeFileSync(at('good/store.yaml'), `kind: Deployment\n---\n${POLICY}`);
  writeFileSync(at('bad/a.yaml'), POLICY.replace('"80"', '"7379"'));
  writeFileSync(
    at('bad/deeper/b.yml'),
    `${POLICY.replace('name: store', 'name: wrong').replace('"80"', '"eighty!"')}`,
  );
  writeFileSync(at('bad/deeper/c.json'), '{"apiVersion": "cilium.io/v2",\n "kind": [}\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]) {
  const written = { out: '', err: '' };
  const code = await verdictsCommand(argv, {
    stdin: (async function* () {})(),
    write: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.err += text;
    },
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  return { code, ...written };
}

describe('ringfence verdicts', () => {
  test('ends with 1 and the reason where an expectation does not hold', async () => {
    const { code, out, err } = await run(at('whole.yaml'));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      probes: [{ verdict: 'DROPPED' }, { verdict: 'DROPPED' }, { verdict: 'FORWARDED' }],
    });
    expect(err).toBe(
      `${at('whole.yaml')}: web-store: expected FORWARDED, got DROPPED (default/web → default/store port 7379/TCP; Policy denied at ingress)\n`,
    );
  });

  test('--explain names each rule with its line, and the smallest edits with what else they change', async () => {
    const { code, out } = await run('--explain', at('whole.yaml'));
    expect(code).toBe(1);
    const file = at('whole.yaml');
    expect(out).toContain('  DROPPED at ingress (Policy denied), expected FORWARDED\n');
    expect(out).toContain('egress: Egress is open: no policy selects this pod in this direction.');
    expect(out).toContain(
      `- ${file}:16:13: default/store (allow) does not match: It is about port 80/TCP; the flow goes to port 7379/TCP.`,
    );
    expect(out).toContain(
      `${file}:17:17: Set spec.ingress[0].toPorts[0].ports[0].port: "7379" (it is "80"). Changes 1 other probe: probe 3.`,
    );
    expect(out).toContain('smallest edits that make it FORWARDED:');
    expect(out).toContain('\n         - - port: "80"\n         + - port: "7379"\n');
    const line = readFileSync(file, 'utf8').split('\n')[16] ?? '';
    expect(line.slice(16)).toBe('port: "80"');
  });

  test('--policies takes the policies of a folder, leaves other objects alone and names their own files', async () => {
    const { code, out, err } = await run('--explain', '--policies', at('good'), at('world.yaml'));
    expect(code).toBe(1);
    expect(out).toContain(`${at('good/store.yaml')}:13:11: default/store`);
    expect(err).toContain(`${at('good')}: no policies, left alone: Deployment (1)\n`);
  });

  test('policies of a folder that a cluster would refuse fail the run, with line and column', async () => {
    const { code, err } = await run('--policies', at('bad'), at('world.yaml'));
    expect(code).toBe(1);
    expect(err).toContain(`${at('bad/deeper/b.yml')}:12:15: `);
    expect(err).toMatch(/bad\/deeper\/c\.json:2:\d+: yaml: line 1: did not find/);
    expect(err).not.toContain('web-store');
  });

  test('all as expected: nothing on stderr, exit code 0', async () => {
    expect(await run('--tap', '--policies', at('bad/a.yaml'), at('world.yaml'))).toEqual({
      code: 0,
      err: '',
      out: `TAP version 14
1..4
ok 1 - CiliumNetworkPolicy default/store is valid
ok 2 - web-store: default/web → default/store port 7379/TCP
ok 3 - other & <store>: default/other → default/store port 80/TCP
ok 4 - default/web → default/store port 80/TCP # SKIP no expectation
`,
    });
  });

  test('--tap has a YAML block with the reason and the explanation of what failed', async () => {
    const { out } = await run('--tap', at('whole.yaml'));
    expect(out).toMatch(/^TAP version 14\n1\.\.3\nnot ok 1 - web-store: /);
    const block = /\n {2}---\n([\s\S]*?)\n {2}\.\.\.\n/.exec(out)?.[1] ?? '';
    expect(parse(block)).toMatchObject({
      message: expect.stringContaining('expected FORWARDED, got DROPPED'),
      expected: 'FORWARDED',
      actual: 'DROPPED',
      file: at('whole.yaml'),
      explanation: expect.arrayContaining(['smallest edits that make it FORWARDED:']),
    });
  });

  test('--junit writes well-formed XML that counts', async () => {
    const { code } = await run(
      '--junit',
      at('out.xml'),
      '--policies',
      at('bad'),
      at('world.yaml'),
      at('nowhere.yaml'),
    );
    expect(code).toBe(1);
    const text = readFileSync(at('out.xml'), 'utf8');
    expect(text).toContain(
      '<testsuites name="ringfence verdicts" tests="7" failures="3" errors="0" skipped="1">',
    );
    expect(text).toContain('name="other &amp; &lt;store&gt;: default/other → default/store port 80/TCP"/>');
    const inner = text.replace(/^<\?xml.*\?>\n/, '');
    expect(inner.match(/&(?!amp;|lt;|gt;|quot;|apos;|#\d+;)/)).toBeNull();
    const open: string[] = [];
    for (const [, end, name = '', isEmpty] of inner.matchAll(/<(\/?)(\w+)(?:\s[\w-]+="[^"<]*")*(\/?)>/g)) {
      if (end) expect(open.pop()).toBe(name);
      else if (!isEmpty) open.push(name);
    }
    expect(open).toEqual([]);
    expect(inner.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]/);
  });

  test('a file that is wrong is told, and the next is answered', async () => {
    writeFileSync(at('broken.yaml'), 'pods: [\n');
    const { code, out, err } = await run(at('broken.yaml'), at('whole.yaml'));
    expect(code).toBe(1);
    expect(err).toContain(`${at('broken.yaml')}:2:1: yaml: line `);
    expect(JSON.parse(out).probes).toHaveLength(3);
  });

  describe('what is wrong is told with its place', () => {
    const bad = (name: string, content: string | Uint8Array) => {
      mkdirSync(at('hostile'), { recursive: true });
      writeFileSync(at(`hostile/${name}`), content);
      return at(`hostile/${name}`);
    };
    const refused = async (path: string) => {
      const { code, err } = await run('--policies', path, at('world.yaml'));
      expect(code).toBe(1);
      return err;
    };

    test('a folder that is not there, or holds no policy', async () => {
      mkdirSync(at('empty'));
      expect(await refused(at('nowhere'))).toContain('--policies: ENOENT');
      expect(await refused(at('empty'))).toBe(
        `ringfence verdicts: --policies: no policy in ${at('empty')}\n`,
      );
      expect(await refused(bad('deployment.yaml', 'kind: Deployment\n'))).toContain('no policy in');
      expect(await refused(bad('nothing.yaml', ''))).toContain('no policy in');
    });

    test('a folder whose name ends like a file is gone through', async () => {
      mkdirSync(at('odd/x.yaml'), { recursive: true });
      writeFileSync(at('odd/x.yaml/p.yaml'), POLICY.replace('"80"', '"7379"'));
      expect((await run('--tap', '--policies', at('odd'), at('world.yaml'))).code).toBe(0);
    });

    test('bytes that are no text', async () => {
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256);
      expect(await refused(bad('bytes.yaml', bytes))).toMatch(
        /bytes\.yaml:\d+:\d+: this is no UTF-8 text\n$/,
      );
      expect(await refused(bad('control.yaml', 'kind: \u0001\n'))).toContain(
        'control.yaml:1:7: yaml: control characters are not allowed',
      );
      expect(await refused(bad('scalar.yaml', 'just some words\n'))).toContain('scalar.yaml:1:1: ');
    });

    test('five megabytes', async () => {
      const startMs = performance.now();
      expect(await refused(bad('long.yaml', `${'# '.repeat(2_500_000)}\n${POLICY}`))).toContain(
        'long.yaml:1:1: yaml: line 1: document is too large: it has more than 1048576 characters',
      );
      const nested = bad('nested.yaml', '['.repeat(5_000_000));
      const { code, err } = await run(nested);
      expect(code).toBe(1);
      expect(err).toMatch(/nested\.yaml:1:\d+: yaml: /);
      expect(performance.now() - startMs).toBeLessThan(10_000);
    });

    test('a policy that stands twice', async () => {
      mkdirSync(at('twice'));
      writeFileSync(at('twice/a.yaml'), POLICY);
      writeFileSync(at('twice/b.yaml'), `\n---\n${POLICY}`);
      expect(await refused(at('twice'))).toContain(
        `${at('twice/a.yaml')}:2:1: CiliumNetworkPolicy default/store stands again at ${at('twice/b.yaml')}:4:1, and only one of them can be in force\n`,
      );
    });

    test('a case file: no YAML, an unknown verdict, a folder', async () => {
      const of = async (path: string) => (await run(path)).err;
      expect(await of(bad('broken.yaml', 'pods:\n  - {name: web\nprobes: [\n'))).toMatch(
        /broken\.yaml:3:1: yaml: line 2: did not find expected ',' or '}'\n$/,
      );
      const odd = (PODS + PROBES).replace('expect: FORWARDED', 'expect: forwarded');
      expect(await of(bad('verdict.yaml', odd))).toContain(
        'probes[0].expect: forwarded is none of FORWARDED, DROPPED, L7-DENIED, AUTH-REQUIRED',
      );
      expect(await of(at('good'))).toContain(`${at('good')}: EISDIR`);
      expect(await of(bad('empty.yaml', ''))).toContain('empty.yaml: case is no mapping');
    });

    test('line ends of Windows and a byte order mark are none of it', async () => {
      const policy = bad('crlf.yaml', `\ufeff${POLICY.replace('"80"', '"7379"')}`.replaceAll('\n', '\r\n'));
      const world = bad('world.yaml', `\ufeff${PODS}${PROBES}`.replaceAll('\n', '\r\n'));
      const { code, out } = await run('--explain', '--policies', policy, world);
      expect(code).toBe(0);
      expect(out).toContain(`${policy}:11:11: default/store (allow) matches`);
    });
  });

  test.each([
    [['--policies'], '--policies needs a path'],
    [['--frob', 'x'], 'unknown option --frob'],
    [[], 'no file given'],
    [['--tap', '--explain', 'x'], '--tap and --explain'],
    [['--jsonl', '--tap'], '--jsonl stands alone'],
  ])('bad usage: %j', async (argv, message) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

test('the page about policy tests shows what its files give', async () => {
  const page = readFileSync(new URL('./VERDICTS.md', import.meta.url), 'utf8');
  for (const [, text = '', name = ''] of page.matchAll(/```yaml\n(# (\S+\/\S+)\n[\s\S]*?)```/g)) {
    mkdirSync(at(`page/${name.slice(0, name.indexOf('/'))}`), { recursive: true });
    writeFileSync(at(`page/${name}`), text);
  }
  const { code, out } = await run('--tap', '--policies', at('page/policies'), at('page/tests/shop.yaml'));
  expect(code).toBe(1);
  const shown = /(TAP version 14\n[\s\S]*?)```/.exec(page)?.[1];
  expect(out.replaceAll(`${at('page')}/`, '')).toBe(shown);
});
