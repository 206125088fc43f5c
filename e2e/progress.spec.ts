import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

/** Another browser of the same guest. */
async function withCookieOf(browser: Browser, context: BrowserContext): Promise<Page> {
  const other = await browser.newContext();
  await other.addCookies(await context.cookies());
  return other.newPage();
}

async function expectSaved(page: Page): Promise<void> {
  await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 20_000 });
}

test('a visit leaves no trace, a first input makes a guest, and the server verifies what was solved', async ({
  page,
  context,
}) => {
  test.setTimeout(120_000);
  await openTask(page, LAB, '10-baseline');
  await expectPrompt(page);
  expect((await context.cookies()).filter(({ name }) => name === 'ringfence_guest')).toEqual([]);
  await typeLine(page, 'kubectl exec deploy/backend -- curl -s database/PING');
  await expectScreen(page, /PONG/);
  await expectSaved(page);
  const [cookie] = (await context.cookies()).filter(({ name }) => name === 'ringfence_guest');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  await typeLine(page, 'kubectl exec deploy/frontend -- curl -s database/PING');
  await expectScreen(page, /PONG[\s\S]*PONG/);
  await typeLine(page, 'cilium hubble port-forward &');
  await typeLine(page, 'hubble observe --to-label tier=database --last 20');
  await expectScreen(page, /FORWARDED/);
  await expect(page.locator('[data-task="0"]')).toHaveAttribute('data-verified', 'true', { timeout: 30_000 });
});

test('a second browser of the same guest sees the same state, only reads, and takes over', async ({
  page,
  context,
  browser,
}) => {
  test.setTimeout(120_000);
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo written-by-the-first');
  await expectScreen(page, /\nwritten-by-the-first/);
  await expectSaved(page);
  const second = await withCookieOf(browser, context);
  await openTask(second, LAB, '10-baseline');
  await expect.poll(() => screenText(second)).toContain('written-by-the-first');
  const main = (which: Page) => which.locator('[data-read-only]');
  await expect(main(second)).toHaveAttribute('data-read-only', 'true');
  await second.getByRole('button', { name: /take over/i }).click();
  await expect(main(second)).toHaveAttribute('data-read-only', 'false');
  await typeLine(second, 'echo written-by-the-second');
  await expectScreen(second, /\nwritten-by-the-second/);
  await expectSaved(second);
  await expect(main(page)).toHaveAttribute('data-read-only', 'true', { timeout: 20_000 });
  await second.context().close();
});

test('solutions are not in the page, and a later task begins on those before', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const html = await (await page.request.get(`/labs/${LAB}/10-baseline`)).text();
  expect(html).toContain('Deny both');
  expect(html).not.toContain('[exit 0]');
  await openTask(page, LAB, '30-allow-backend');
  expect(asked.some((url) => url.endsWith(`/api/labs/${LAB}/solutions`))).toBe(true);
  await typeLine(page, 'kubectl get cnp -o name');
  await expectScreen(page, /ciliumnetworkpolicy\.cilium\.io\/database-policy/);
});
