import { expect, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

type Exposed = { __editor?: { getValue(): string } };

/** What a finger would have to hit that is smaller than 40 pixels. */
function smallTargets(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, select, label:has(input)')].flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      const isShown = width > 0 && getComputedStyle(element).visibility === 'visible';
      const name = element.getAttribute('aria-label') ?? element.textContent ?? '';
      return isShown && (width < 40 || height < 40) ? [`${name} ${width}x${height}`] : [];
    }),
  );
}

test('on a phone everything can be hit, the checks are told of in the bar, and nothing scrolls sideways', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/labs/${LAB}/50-exit-ticket`);
  const bar = page.getByRole('navigation', { name: 'Regions' });
  await expect(bar.getByRole('button', { name: /^Checks 0\/3/ })).toBeVisible();
  for (const region of ['Text', 'YAML', 'Terminal', 'Matrix']) {
    await bar.getByRole('button', { name: region }).click();
    expect(await smallTargets(page), region).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  }
  await page.getByRole('button', { name: 'Reset' }).click();
  expect(await smallTargets(page)).toEqual([]);
  await page.getByRole('menuitem', { name: 'Light or dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  // Another task begins with its text.
  await page.locator('[data-task="3"]').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Two texts that disagree' })).toBeInViewport();
});

test('what is typed while the editor is still loading goes on in it', async ({ page }) => {
  // The editor's code comes when the test says so.
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/_next/static/chunks/*.js', async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    if (body.includes('monaco-mouse-cursor-text')) await released;
    await route.fulfill({ response, body });
  });
  await page.goto(`/labs/${LAB}/20-deny`);
  await page.getByRole('textbox', { name: /^Text of/ }).click();
  await page.keyboard.press('Control+End');
  const words = Array.from({ length: 24 }, (_, index) => `#${index}`).join(' ');
  const half = words.indexOf('#12');
  await page.keyboard.type(words.slice(0, half));
  await expect(page.locator('.monaco-editor')).toHaveCount(0);
  release();
  await page.keyboard.type(words.slice(half), { delay: 15 });
  await expect(page.locator('.monaco-editor').first()).toBeVisible();
  await page.keyboard.type(' end', { delay: 15 });
  const text = () =>
    page.evaluate(() => (window as unknown as Exposed).__editor?.getValue().split('\n').at(-1));
  await expect.poll(text).toBe(`${words} end`);
});

test('output without an end is still there when the line after it was drawn again', async ({ page }) => {
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'kubectl exec deploy/backend -- curl -s database/PING');
  await expectScreen(page, /\n\{"PING":\[true,"PONG"\]\}learner/);
  await page.keyboard.press('ArrowUp');
  await page.setViewportSize({ width: 1000, height: 700 });
  await page.keyboard.type(' -m 3');
  await expectScreen(
    page,
    /\n\{"PING":\[true,"PONG"\]\}learner\S+ kubectl exec deploy\/backend .*PING -m 3$/,
  );
});

test('the focus goes where the work goes on, and F6 comes around', async ({ page }) => {
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor').first()).toBeVisible();
  const region = () =>
    page.evaluate(() => document.activeElement?.closest('[data-region]')?.getAttribute('data-region'));
  await page.keyboard.press('Alt+1');
  for (const next of ['checks', 'yaml', 'terminal', 'matrix', 'text']) {
    await page.keyboard.press('F6');
    await expect.poll(region).toBe(next);
  }
  await page.getByRole('button', { name: 'New terminal' }).click();
  await expectPrompt(page, 2);
  await page.keyboard.type('echo in the second\n');
  await expectScreen(page, /\nin the second\n/, 2);
  await typeLine(page, 'nano note.txt', 2);
  await expect.poll(region).toBe('yaml');
  await page.getByRole('button', { name: 'New file' }).click();
  const name = page.getByRole('textbox', { name: 'Name of the new file' });
  await page.keyboard.type('../my file\n');
  await expect(name).toBeFocused();
  await name.fill('made.yaml');
  await name.press('Enter');
  await expect(page.getByRole('tab', { name: 'made.yaml' })).toHaveAttribute('aria-selected', 'true');
  await expect.poll(region).toBe('yaml');
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(page.getByRole('menuitem', { name: 'Start this task over' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Start the lab over' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Reset' })).toBeFocused();
});

test('leaving a lab and coming back by the browser’s buttons loses no place', async ({ page }) => {
  await page.goto('/labs');
  await page.getByRole('link', { name: /Lock down/ }).click();
  await expectPrompt(page);
  await page.locator('[data-task="1"]').click();
  await expect(page).toHaveURL(/20-deny$/);
  await typeLine(page, 'echo kept > note');
  await page.goBack();
  await expect(page).toHaveURL(/\/labs$/);
  await page.goForward();
  await expectPrompt(page);
  await expect(page).toHaveURL(/20-deny$/);
  await typeLine(page, 'cat note');
  await expectScreen(page, /\nkept\n/);
});

test('a browser that keeps nothing still runs a lab', async ({ page }) => {
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'indexedDB'])
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
  });
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo still $((40+2))');
  await expectScreen(page, /\nstill 42/);
  await page.getByRole('separator', { name: 'Width of the text' }).press('ArrowRight');
  await page.getByRole('button', { name: /Screen reader/ }).click();
  await expectPrompt(page);
});

test('without scripts the task can be read, and the page says what is missing', async ({
  browser,
  baseURL,
}) => {
  const context = await browser.newContext({ javaScriptEnabled: false, ...(baseURL && { baseURL }) });
  const page = await context.newPage();
  await page.goto(`/labs/${LAB}/20-deny`);
  await expect(page.locator('noscript p')).toBeVisible();
  await expect(page.getByText('default deny in both directions')).toBeVisible();
  await context.close();
});
