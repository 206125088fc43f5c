import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const START = path.resolve(import.meta.dirname, 'start.mjs');
const SETUP = path.resolve(import.meta.dirname, '../../engine/cli/setup.mjs');

let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringfence-start-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function run(script: string, words: string[], settings: Record<string, string> = {}) {
  writeFileSync(path.join(folder, 'BUILD_ID'), 'x');
  return spawnSync(process.execPath, [script, ...words], {
    encoding: 'utf8',
    env: { ...process.env, RINGFENCE_DATA: folder, NEXT_DIST_DIR: folder, ...settings },
  });
}

/** A process that looks like a running server to whoever reads its words. */
function otherServer(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'start.mjs']);
  children.push(child);
  return child.pid ?? 0;
}

test.each([
  ['the server', START, [] as string[]],
  ['the setup, before it builds', SETUP, ['--serve']],
])('%s refuses a second start in the same folder and says what to do', (_, script, words) => {
  const pid = otherServer();
  writeFileSync(path.join(folder, 'server.lock'), JSON.stringify({ pid, address: 'http://localhost:4711' }));
  const { status, stderr } = run(script, words);
  expect(status).toBe(1);
  expect(stderr).toContain(`process ${pid}, http://localhost:4711`);
  expect(stderr).toContain(`kill ${pid}`);
});

test('the setup refuses a taken port before it builds', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  // spawnSync holds this process still, but the port stays taken.
  const { status, stderr } = run(SETUP, ['--serve'], { PORT: String(port) });
  server.close();
  expect(status).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken`);
  expect(stderr).toContain(`PORT=${port + 1} npm start`);
});

test.each(['{"pid":999999999,"address":"x"}', 'not json', ''])(
  'a lock that nobody holds (%s) is taken over',
  (text) => {
    writeFileSync(path.join(folder, 'server.lock'), text);
    // The folder holds no real build, so the server ends after it took the lock, and gives it back.
    const { stderr } = run(START, [], { PORT: '0' });
    expect(stderr).toContain('is no port number');
    const later = run(START, [], { PORT: '39871' });
    expect(later.stderr).not.toContain('already runs');
    expect(
      existsSync(path.join(folder, 'server.lock'))
        ? readFileSync(path.join(folder, 'server.lock'), 'utf8')
        : '',
    ).not.toContain('999999999');
  },
);
