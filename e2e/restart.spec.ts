import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { expectPrompt, expectScreen, screenText, typeLine } from './terminal.ts';

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
    await expect
      .poll(
        () =>
          page.goto(address).then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
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
