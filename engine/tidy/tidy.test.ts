import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAYERS } from './layers.ts';
import { findCycle, tidy } from './tidy.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDERS = ['engine', 'app', 'labs', 'prisma', 'e2e'];

/** Every TypeScript file of the project, as paths from the root. */
function sources(): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(path.join(ROOT, folder), { withFileTypes: true })) {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory() && !['node_modules', 'testdata', 'generated'].includes(entry.name)) visit(file);
      else if (entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
        found.push(file);
    }
  };
  for (const folder of FOLDERS) {
    try {
      visit(folder);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error;
    }
  }
  return found.sort();
}

const rules = (file: string, text: string) =>
  tidy(file, text).findings.map((finding) => `${finding.line}:${finding.rule}`);

describe('the project itself', () => {
  test('the table of layers has no cycle', () => {
    expect(findCycle(LAYERS)).toBeUndefined();
  });

  test('every source keeps the rules', () => {
    const files = sources();
    const reports = files.map((file) => tidy(file, readFileSync(path.join(ROOT, file), 'utf8')));
    const sizes = reports.flatMap((report) => report.sizes);
    if (sizes.length > 0) {
      const largest = [...sizes].sort((a, b) => b.lines - a.lines).slice(0, 12);
      console.log(
        `above the aim (${sizes.length}):\n${largest.map((size) => `  ${size.file}:${size.line} ${size.what} of ${size.lines} lines`).join('\n')}`,
      );
    }
    expect(files.length).toBeGreaterThan(10);
    expect(
      reports.flatMap((report) => report.findings).map((f) => `${f.file}:${f.line}: ${f.rule}: ${f.message}`),
    ).toEqual([]);
  });

  test('every folder of the engine stands in the table', () => {
    const folders = readdirSync(path.join(ROOT, 'engine'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map((entry) => `engine/${entry.name}`).filter((folder) => !(folder in LAYERS))).toEqual(
      [],
    );
  });
});

describe('each rule accepts one specimen and refuses another', () => {
  const accepted: [string, string][] = [
    ['engine/policy/a.ts', `import { Cidr } from '../net/cidr.ts';`],
    ['engine/base/a.ts', '/** A. */\nexport const a = 1;'],
    ['engine/base/a.ts', 'const t = new Date(0).getUTCHours();'],
    ['engine/base/a.ts', 'type P = { process: number; fetch(): void }; const p = { process: 1 }; p.process;'],
    ['engine/base/a.ts', 'function run(process: number) { return process; }'],
    ['engine/base/a.ts', 'const f = ({ crypto: c = 1, ...rest }) => rest;'],
    ['engine/base/a.test.ts', `import fs from 'node:fs'; Math.random();`],
    ['engine/cli/a.ts', `import fs from 'node:fs'; const t = Date.now();`],
    ['engine/session/worker.ts', 'setTimeout(() => {}, 1);'],
    ['app/page.tsx', 'export default function Page() { return Date.now(); }'],
    ['app/_workbench/list.tsx', `import { B } from '../_ui/button.tsx';`],
    ['engine/base/a.ts', 'function f() {}'],
  ];
  test.each(accepted)('%s accepts %s', (file, text) => {
    expect(rules(file, text)).toEqual([]);
  });

  const refused: [string, string, string][] = [
    ['engine/policy/a.ts', `import { Store } from '../store/store.ts';`, '1:layers'],
    ['engine/policy/a.ts', `import type { Store } from '../store/store.ts';`, '1:layers'],
    ['engine/policy/a.ts', `export { x } from '../apiserver/handler.ts';`, '1:layers'],
    ['engine/policy/a.ts', `export * from '../apiserver/handler.ts';`, '1:layers'],
    ['engine/policy/a.ts', `const t = () => import('../store/store.ts');`, '1:layers'],
    ['engine/policy/a.ts', `type T = import('../store/store.ts').Store;`, '1:layers'],
    ['engine/commands/kubectl/apply.ts', `import { Store } from '../../store/store.ts';`, '1:layers'],
    ['engine/shell/parse.ts', `import { Pod } from '../objects/pod.ts';`, '1:layers'],
    ['engine/base/a.ts', `import { x } from '../unheard-of/a.ts';`, '1:layers'],
    ['app/labs/page.tsx', `import { x } from '../../engine/store/store.ts';`, '1:layers'],
    ['app/_ui/button.tsx', `import { x } from '../_workbench/state.ts';`, '1:layers'],
    ['labs/a/lab.ts', `import { x } from '../../engine/lab/lab.ts';`, '1:layers'],
    ['engine/base/a.ts', `import { x } from './b';`, '1:ending'],
    ['engine/base/clock.ts', `import fs from 'node:fs';`, '1:platform'],
    ['engine/base/a.ts', 'const t = Date.now();', '1:determinism'],
    ['engine/base/a.ts', `const t = Math['random']();`, '1:determinism'],
    ['engine/base/a.ts', 'const t = globalThis;', '1:determinism'],
    ['engine/base/a.ts', 'const t = new Date();', '1:determinism'],
    ['engine/base/a.ts', '[1].sort(); setTimeout(() => {}, 1);', '1:determinism'],
    ['engine/base/a.ts', `'a'.localeCompare('b');`, '1:determinism'],
    ['engine/base/a.ts', 'const o = { fetch };', '1:determinism'],
    ['engine/base/a.ts', 'new Intl.NumberFormat();', '1:determinism'],
    ['engine/base/a.ts', 'const e = process.env;', '1:determinism'],
    ['engine/base/a.ts', 'export const a = 1;', '1:docs'],
    ['engine/base/a.ts', '/** A. */\nconst b = 1;\nexport const a = 1;', '3:docs'],
    ['engine/base/a.ts', 'export default 1;', '1:exports'],
    ['engine/base/a.ts', 'const t = x as any;', '1:any'],
    ['engine/base/a.ts', 'const t = x!;', '1:non-null'],
    ['engine/base/a.ts', 'const = 1;', '1:syntax'],
  ];
  test.each(refused)('%s refuses %s', (file, text, finding) => {
    expect(rules(file, text)).toEqual([finding]);
  });

  test('a cycle of layers is found', () => {
    expect(findCycle({ a: ['b'], b: ['c'], c: ['a'] })).toEqual(['a', 'b', 'c', 'a']);
  });

  test('long functions and files are mentioned', () => {
    expect(tidy('engine/base/a.ts', `function f() {${'\n'.repeat(70)}}`).sizes).toMatchObject([
      { what: 'function', lines: 71 },
    ]);
    expect(tidy('engine/base/a.ts', '\n'.repeat(400)).sizes).toEqual([]);
    expect(tidy('engine/base/a.ts', '\n'.repeat(401)).sizes).toMatchObject([{ what: 'file' }]);
  });
});
