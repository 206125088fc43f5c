import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium, expect, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function serve(port: number, data: string): ChildProcess {
  return spawn('node', ['app/_server/start.mjs'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      PORT: String(port),
      RINGFENCE_DATA: data,
      NEXT_DIST_DIR: process.env['NEXT_DIST_DIR'] ?? '.next-test',
    },
  });
}

test('a server that is killed and comes back has lost nothing, nor has the page', async ({ browser }) => {
  test.setTimeout(150_000);
  const port = await freePort();
  const data = mkdtempSync(path.join(os.tmpdir(), 'ringfence-restart-'));
  const address = `http://localhost:${port}/labs/lock-down-the-database/10-baseline`;
  let server = serve(port, data);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const isUp = () =>
      fetch(address).then(
        (response) => response.ok,
        () => false,
      );
    await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
    await page.goto(address);
    await expectPrompt(page);
    await typeLine(page, 'echo before-the-fall');
    await expectScreen(page, /\nbefore-the-fall/);
    await expect(page.getByText('Saved', { exact: true })).toBeVisible();
    server.kill('SIGKILL');
    await typeLine(page, 'echo while-it-was-away');
    await expectScreen(page, /\nwhile-it-was-away/);
    await expect(page.getByText('Offline', { exact: true })).toBeVisible();
    server = serve(port, data);
    await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 60_000 });
    // What the server has is what another browser of the same guest sees.
    const other = await browser.newContext();
    await other.addCookies(await context.cookies());
    const second = await other.newPage();
    await second.goto(address);
    await expect.poll(() => screenText(second)).toMatch(/\nbefore-the-fall[\s\S]*\nwhile-it-was-away/);
    await other.close();
  } finally {
    await context.close();
    server.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
});

/** A browser with a profile of its own on the disk, and the process to kill. */
async function openBrowser(profile: string, baseURL: string): Promise<BrowserContext> {
  const { executablePath, args = [] } = test.info().project.use.launchOptions ?? {};
  return chromium.launchPersistentContext(profile, {
    baseURL,
    args,
    ...(executablePath === undefined ? {} : { executablePath }),
  });
}

/** Kills every process of the browser that runs on a profile: no tab gets a last word. */
function killBrowser(profile: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--user-data-dir=${profile}`))
        process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

test('a browser that is killed in the middle of a command has lost nothing', async ({ baseURL }) => {
  test.skip(process.platform !== 'linux', 'processes are found in /proc');
  test.setTimeout(120_000);
  const profile = mkdtempSync(path.join(os.tmpdir(), 'ringfence-profile-'));
  try {
    const first = await openBrowser(profile, baseURL ?? '');
    const page = await first.newPage();
    await openTask(page, 'lock-down-the-database', '10-baseline');
    await typeLine(page, 'echo kept > note.txt');
    await typeLine(page, 'cat note.txt; sleep 1000');
    await expectScreen(page, /\nkept/);
    killBrowser(profile);
    await first.close().catch(() => undefined);
    const second = await openBrowser(profile, baseURL ?? '');
    const again = await second.newPage();
    await again.goto('/labs/lock-down-the-database/10-baseline');
    await expectScreen(again, /\nkept/);
    await again.getByTestId('terminal-1').click();
    await again.keyboard.press('Control+c');
    await expectPrompt(again);
    await typeLine(again, 'wc -c note.txt');
    await expectScreen(again, /5 note\.txt/);
    await second.close();
  } finally {
    killBrowser(profile);
    rmSync(profile, { recursive: true, force: true });
  }
});
