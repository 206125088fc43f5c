import { expect, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

test('the catalogue leads to the first task that is not solved', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/labs$/);
  await page.getByRole('link', { name: /Lock down the database/ }).click();
  await expect(page).toHaveURL(/\/labs\/lock-down-the-database\/[a-z0-9-]+$/);
  await expectPrompt(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What is open now');
});

test('a lab or task that does not exist says so', async ({ page }) => {
  for (const address of ['/labs/no-such-lab', `/labs/${LAB}/no-such-task`, '/labs/..%2f..%2fetc/x']) {
    const response = await page.goto(address);
    expect(response?.status()).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/There is no such/);
    await expect(page.getByRole('link', { name: 'All labs' })).toBeVisible();
  }
});

test('goal, matrix, YAML, prompt and ticks are on the first screen, without a violation of the policy', async ({
  page,
}) => {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.addInitScript(() => {
    (window as unknown as { violations: string[] }).violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      (window as unknown as { violations: string[] }).violations.push(
        `${event.violatedDirective} ${event.blockedURI}`,
      ),
    );
  });
  await page.setViewportSize({ width: 1280, height: 800 });
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor')).toBeVisible();
  for (const target of [
    page.getByRole('heading', { level: 1 }),
    page.getByTestId('matrix'),
    page.locator('.monaco-editor .view-line').first(),
    page.getByTestId('terminal-1'),
    page.getByRole('navigation', { name: 'Tasks' }),
  ]) {
    await expect(target).toBeInViewport();
  }
  expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
  expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
  expect(faults).toEqual([]);
});

test('the theme is the one chosen, from the first byte on', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/labs');
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole('button', { name: /light and dark/ }).click();
  const response = await page.reload();
  expect(await response?.text()).toContain('data-theme="dark"');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(light);
});

test('the keyboard reaches every region and leaves the terminal', async ({ page }) => {
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor')).toBeVisible();
  const region = () =>
    page.evaluate(() => document.activeElement?.closest('[data-region]')?.getAttribute('data-region'));
  for (const [key, name] of [
    ['Alt+3', 'terminal'],
    ['Alt+2', 'yaml'],
    ['Alt+4', 'matrix'],
    ['Alt+1', 'text'],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(region).toBe(name);
  }
  await page.keyboard.press('Alt+3');
  await expect.poll(region).toBe('terminal');
  await page.keyboard.press('Escape');
  await expect.poll(region).toBe('matrix');
  await page.keyboard.press('F6');
  await expect.poll(region).toBe('text');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
});

test('control sequences of a program neither answer in the learner’s name nor become markup', async ({
  page,
}) => {
  await openTask(page, LAB, '10-baseline');
  await typeLine(
    page,
    `printf '\\033]0;owned\\007\\033]52;c;aGk=\\007\\033[6n\\033[c<img src=x onerror=alert(1)>\\n'`,
  );
  await expectScreen(page, /<img src=x onerror=alert\(1\)>/);
  await expectPrompt(page);
  expect(await page.title()).not.toContain('owned');
  expect(await page.locator('[data-testid=terminal-1] img').count()).toBe(0);
  // A report that came back as typed input would stand after the prompt.
  expect(await screenText(page)).not.toMatch(/\[\d+;\d+R|\[\?1;2c/);
});

test('on a phone one region shows at a time, and the key row types', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openTask(page, LAB, '20-deny').catch(() => undefined);
  const bar = page.getByRole('navigation', { name: 'Regions' });
  await bar.getByRole('button', { name: 'Terminal' }).click();
  await expect(page.getByTestId('terminal-1')).toBeInViewport();
  await expectPrompt(page);
  await page.getByRole('toolbar', { name: 'Terminal keys' }).getByRole('button', { name: '$' }).click();
  await expectScreen(page, /\$ ?\$$/);
  await bar.getByRole('button', { name: 'Matrix' }).click();
  await expect(page.getByTestId('matrix')).toBeInViewport();
  await expect(page.getByTestId('terminal-1')).not.toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('a second tab of the same browser is read-only until it takes over', async ({ page, context }) => {
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo first tab');
  await expectScreen(page, /first tab[\s\S]*first tab/);
  const second = await context.newPage();
  await second.goto(`/labs/${LAB}/10-baseline`);
  await expect(second.getByRole('button', { name: 'Take over' })).toBeVisible();
  await second.getByRole('button', { name: 'Take over' }).click();
  await expect(second.getByRole('button', { name: 'Take over' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Take over' })).toBeVisible();
  await expectPrompt(second);
  await typeLine(second, 'echo second tab');
  await expectScreen(second, /second tab[\s\S]*second tab/);
});

test('the page’s first JavaScript stays within 250 kB, compressed', async ({ page }) => {
  const scripts: Promise<{ url: string; bytes: number }>[] = [];
  page.on('response', (response) => {
    if (response.request().resourceType() !== 'script') return;
    scripts.push(
      response
        .request()
        .sizes()
        .then((sizes) => ({ url: response.url(), bytes: sizes.responseBodySize }))
        .catch(() => ({ url: '', bytes: 0 })),
    );
  });
  // What the page itself asks for in its HTML; worker, terminal and editor come after it.
  await page.addInitScript(() => {
    (window as unknown as { Worker: unknown }).Worker = class {
      addEventListener() {}
      postMessage() {}
      terminate() {}
    };
  });
  const response = await page.goto(`/labs/${LAB}/10-baseline`);
  const html = (await response?.text()) ?? '';
  const first = (await Promise.all(scripts)).filter(
    ({ url }) => url !== '' && html.includes(new URL(url).pathname),
  );
  const total = first.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`first JavaScript: ${first.length} files, ${Math.round(total / 1000)} kB compressed`);
  expect(first.length).toBeGreaterThan(2);
  expect(total).toBeLessThan(250_000);
});
