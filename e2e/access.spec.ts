import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { expectScreen, openTask, typeLine, writeFile } from './terminal.ts';

const LAB = 'lock-down-the-database';

/** Violations that keep people out. Monaco and xterm draw their own text and have their own modes for screen readers. */
async function serious(page: Page): Promise<readonly string[]> {
  // Legacy mode stays in the page itself: no script of the test's, either, runs in the frame of the browser pane.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .exclude('.monaco-editor')
    .exclude('.xterm')
    .analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`),
    );
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no serious fault for assistive technology, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto('/labs');
    expect(await serious(page)).toEqual([]);
    await openTask(page, LAB, '20-deny');
    await writeFile(page, 'kind: CiliumNetworkPolicy\n');
    await expect(page.getByText(/would be refused/)).toBeVisible();
    expect(await serious(page)).toEqual([]);
    await openTask(page, LAB, '40-review');
    await page.getByRole('radio', { name: 'tier=backend' }).check();
    await page.getByRole('radio', { name: '172.27.224.3/32' }).check();
    await expect(page.locator('[data-solved="true"]').first()).toBeVisible();
    expect(await serious(page)).toEqual([]);
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the browser pane and an awaited file have no serious fault either, ${colorScheme}`, async ({
    page,
  }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme });
    await openTask(page, LAB, '20-deny');
    await page.keyboard.press('Alt+5');
    await expect(page.getByRole('textbox', { name: 'Address' })).toBeFocused();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.type('localhost:8080\n');
    await expect(page.getByRole('heading', { name: 'Unable to connect' })).toBeVisible();
    expect(await serious(page)).toEqual([]);
    await typeLine(
      page,
      'kubectl create deployment web --image nginx:alpine && kubectl rollout status deploy/web',
    );
    await expectScreen(page, /successfully rolled out/);
    await typeLine(page, 'kubectl port-forward deploy/web 8080:80 &');
    await expectScreen(page, /Forwarding from 127/);
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(
      page.frameLocator('iframe').getByRole('heading', { name: 'Welcome to nginx!' }),
    ).toBeVisible();
    expect(await serious(page)).toEqual([]);
    await typeLine(page, 'kubectl edit deploy web');
    await expect(page.getByRole('button', { name: 'Save and close' })).toBeVisible();
    expect(await serious(page)).toEqual([]);
  });
}

test('a task is done with the keyboard alone', async ({ page }) => {
  await openTask(page, LAB, '40-review');
  await page.keyboard.press('Alt+1');
  const focused = () => page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.name ?? '');
  for (const question of [0, 1]) {
    for (let step = 0; step < 12 && (await focused()) !== `question-3-${question}`; step++)
      await page.keyboard.press('Tab');
    expect(await focused()).toBe(`question-3-${question}`);
    // The first press of an arrow picks the second choice, which is right in both questions.
    await page.keyboard.press('ArrowDown');
  }
  await expect(page.locator('[data-task="3"]')).toHaveAttribute('data-solved', 'true');
  await page.keyboard.press('Alt+n');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Exit ticket');
});
