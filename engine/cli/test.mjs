// `npm test`: everything that proves the project, with one line at the end that counts it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { findBrowser } from './browser.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'ringfence-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];

/** Runs a command with its output shown; resolves to its exit code and what it printed on stdout. */
function run(command, words, extra = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, words, {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...extra },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      text = (text + chunk).slice(-200_000);
    });
    child.on('error', (error) => resolve({ code: 1, text: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, text }));
  });
}

/** Runs one part and adds its counts; a part that fails without counting any failure counts as one. */
async function part(title, body) {
  console.log(`\n━━ ${title}`);
  const beganMs = Date.now();
  const counts = { passed: 0, failed: 0, skipped: 0, ...(await body()) };
  for (const key of Object.keys(total)) total[key] += counts[key];
  rows.push({ title, ...counts, seconds: ((Date.now() - beganMs) / 1000).toFixed(1) });
}

/** One command that either passes or fails. */
const single = (command, words) => async () => {
  const { code } = await run(command, words);
  return code === 0 ? { passed: 1 } : { failed: 1 };
};

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

async function unit() {
  const file = path.join(scratch, 'unit.json');
  const { code } = await run('vitest', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  const report = readJson(file);
  if (report === undefined) return { failed: 1 };
  const failed =
    report.numFailedTests +
    Math.max(
      0,
      (report.testResults ?? []).filter(
        (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
      ).length,
    );
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

async function labs() {
  if (!existsSync(path.join(root, 'engine/cli/ringfence.ts')) || !existsSync(path.join(root, 'labs')))
    return { skipped: 1 };
  const { code, text } = await run('node', ['engine/cli/ringfence.ts', 'labs', 'check']);
  const counted = text.match(/(\d+) passed, (\d+) failed/);
  if (counted === null) return code === 0 ? { passed: 1 } : { failed: 1 };
  const failed = Number(counted[2]);
  return { passed: Number(counted[1]), failed: failed === 0 && code !== 0 ? 1 : failed };
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function endToEnd() {
  const browser = await findBrowser();
  const file = path.join(scratch, 'e2e.json');
  const data = path.join(scratch, 'data');
  mkdirSync(data);
  const settings = {
    CHROMIUM_PATH: browser ?? '',
    E2E_PORT: String(await freePort()),
    RINGFENCE_DATA: data,
    NEXT_DIST_DIR: '.next-test',
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  };
  if (browser === undefined) {
    const { text } = await run('playwright', ['test', '--list'], settings);
    const listed = Number(text.match(/Total: (\d+) test/)?.[1] ?? 1);
    console.log(
      `No browser: ${listed} end-to-end tests skipped. Install Chromium or set CHROMIUM_PATH to run them.`,
    );
    return { skipped: listed };
  }
  const { code } = await run('playwright', ['test', '--reporter=list,json'], settings);
  const stats = readJson(file)?.stats;
  if (stats === undefined) return { failed: 1 };
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected === 0 && code !== 0 ? 1 : stats.unexpected,
    skipped: stats.skipped,
  };
}

await part('types', single('tsc', ['--noEmit']));
await part(
  'types of the engine without a platform',
  single('tsc', ['--noEmit', '-p', 'tsconfig.engine.json']),
);
await part('lint', single('biome', ['check', '--max-diagnostics=30', '.']));
await part('unit (the import law among them)', unit);
await part('labs', labs);
await part('end to end', endToEnd);

rmSync(scratch, { recursive: true, force: true });
console.log('\n━━ summary');
for (const row of rows) {
  console.log(
    `${row.failed > 0 ? '✕' : '✓'} ${row.title}: ${row.passed} passed, ${row.failed} failed, ${row.skipped} skipped, ${row.seconds} s`,
  );
}
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
