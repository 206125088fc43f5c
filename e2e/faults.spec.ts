import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

type Exposed = { __editor?: { getValue(): string }; __deaf?: boolean };

const notices = (page: Page) => page.locator('[role=status], [role=alert]').filter({ hasText: /Taken back/ });

test('undo says what it took back once, until something else is done', async ({ page }) => {
  await openTask(page, LAB, '10-baseline');
  for (const word of ['one', 'two', 'three']) {
    await typeLine(page, `echo ${word}`);
    await expectScreen(page, new RegExp(`\\n${word}\\n`));
  }
  for (const word of ['three', 'two', 'one']) {
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(notices(page)).toHaveCount(1);
    await expect(notices(page)).toContainText(`Taken back: echo ${word}.`);
  }
  await typeLine(page, 'echo four');
  await expectScreen(page, /\nfour\n/);
  await expect(notices(page)).toHaveCount(0);
});

test('a worker that talks and hears nothing is found out, and a restart goes on from the journal', async ({
  page,
}) => {
  test.setTimeout(120_000);
  await page.addInitScript(() => {
    const { Worker: Real } = window;
    window.Worker = class extends Real {
      override postMessage(message: unknown, transfer?: Transferable[] | StructuredSerializeOptions) {
        // The worker gets nothing more, while what it says still comes.
        if ((window as unknown as Exposed).__deaf !== true)
          super.postMessage(message, transfer as StructuredSerializeOptions);
      }
    };
  });
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo kept > note.txt');
  await typeLine(page, 'while sleep 1; do date +%s; done');
  await expectScreen(page, /\n\d{10}\n/);
  await page.evaluate(() => {
    (window as unknown as Exposed).__deaf = true;
  });
  const before = (await screenText(page)).length;
  await expect(page.getByRole('button', { name: 'Restart engine' })).toBeVisible({ timeout: 30_000 });
  expect((await screenText(page)).length).toBeGreaterThan(before);
  await page.evaluate(() => {
    (window as unknown as Exposed).__deaf = false;
  });
  await page.getByRole('button', { name: 'Restart engine' }).click();
  await expect(page.getByRole('button', { name: 'Restart engine' })).toBeHidden();
  await page.getByTestId('terminal-1').click();
  await page.keyboard.press('Control+c');
  await expectPrompt(page);
  await typeLine(page, 'cat note.txt');
  await expectScreen(page, /\nkept\n/);
});

test('five megabytes are refused at once; nearly one is edited without a freeze', async ({ page }) => {
  test.setTimeout(120_000);
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor')).toBeVisible();
  await page.locator('.monaco-editor').click();
  const before = await page.evaluate(() => (window as unknown as Exposed).__editor?.getValue());
  const spentMs = await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'key: value\n'.repeat(500_000));
    const startedMs = performance.now();
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    );
    return performance.now() - startedMs;
  });
  expect(spentMs).toBeLessThan(500);
  await expect(page.getByText(/larger than 1 MB.*Nothing was pasted/)).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as Exposed).__editor?.getValue())).toBe(before);
  await page.getByTestId('bring-in').setInputFiles({
    name: 'big.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('a line of a log that somebody wants to look at\n'.repeat(20_000)),
  });
  await expect(page.getByRole('tab', { name: /big\.txt/ })).toHaveAttribute('aria-selected', 'true');
  await expect
    .poll(() => page.evaluate(() => (window as unknown as Exposed).__editor?.getValue().length))
    .toBe(940_000);
  await page.locator('.monaco-editor').click();
  await page.keyboard.press('Control+Home');
  const typingMs = await page.evaluate(() => performance.now());
  await page.keyboard.type('0123456789');
  await expect
    .poll(() => page.evaluate(() => (window as unknown as Exposed).__editor?.getValue().slice(0, 12)))
    .toBe('0123456789a ');
  expect((await page.evaluate(() => performance.now())) - typingMs).toBeLessThan(5_000);
  await page.keyboard.press('Control+s');
  await typeLine(page, 'wc -c big.txt');
  await expectScreen(page, /940010 big\.txt/);
});

/** Drops a file on the page as a person would. */
async function drop(page: Page, name: string, bytes: readonly number[], target: string): Promise<void> {
  await page
    .locator(target)
    .first()
    .evaluate(
      (element, file) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(file.bytes)], file.name));
        for (const kind of ['dragover', 'drop'])
          element.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      { name, bytes },
    );
}

test('a binary file that is dropped is refused by name, a text becomes a file, and nothing that was there is lost', async ({
  page,
}) => {
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor')).toBeVisible();
  const tabs = () => page.getByRole('tablist', { name: 'Files' }).getByRole('tab').allInnerTexts();
  const before = await tabs();
  await drop(page, 'photo.png', [0x89, 0x50, 0x4e, 0x47, 0, 1], '.monaco-editor');
  await expect(page.getByText(/photo\.png holds no text/)).toBeVisible();
  expect(await tabs()).toEqual(before);
  const text = [...new TextEncoder().encode('note: dropped\n')];
  await drop(page, 'note.yaml', text, '[data-region="terminal"]');
  await expect(page.getByRole('tab', { name: /note\.yaml/ })).toHaveAttribute('aria-selected', 'true');
  await expect
    .poll(() => page.evaluate(() => (window as unknown as Exposed).__editor?.getValue()))
    .toBe('note: dropped\n');
  await drop(page, 'note.yaml', [...text, 35], '.monaco-editor');
  await expect(page.getByRole('tab', { name: /note-2\.yaml/ })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('tab', { name: /note\.yaml/ })).toBeVisible();
  // A binary file that a command made is named, and left to the terminal.
  await typeLine(page, "printf '\\000\\001' > made.bin");
  await page.getByRole('tab', { name: /made\.bin/ }).click();
  await expect(page.getByText(/made\.bin holds no text/)).toBeVisible();
});

test('a database that is away is told where the learner looks, and everything arrives when it is back', async ({
  page,
  context,
}) => {
  test.setTimeout(120_000);
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo first');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 20_000 });
  const away = 'The database is away. Your work is kept in this browser and is sent when it is back.';
  await context.route('**/api/**', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ message: away }) }),
  );
  await typeLine(page, 'echo second');
  await expectScreen(page, /\nsecond\n/);
  await expect(page.getByText(away)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('Offline', { exact: true })).toBeVisible();
  // Also a visit that begins while it is away has everything.
  await page.reload();
  await expectScreen(page, /\nfirst\n[\s\S]*\nsecond\n/);
  await typeLine(page, 'echo third');
  await expectScreen(page, /\nthird\n/);
  await expect(page.getByText(away)).toBeVisible({ timeout: 20_000 });
  await context.unroute('**/api/**');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(away)).toBeHidden();
  const other = await elsewhere(page, context);
  await expect.poll(() => screenText(other)).toMatch(/\nfirst\n[\s\S]*\nsecond\n[\s\S]*\nthird\n/);
  await other.context().close();
});

/** Another browser of the same guest, at the same task. */
async function elsewhere(page: Page, context: BrowserContext): Promise<Page> {
  const browser = context.browser();
  if (browser === null) throw new Error('the context belongs to a browser');
  const other = await browser.newContext();
  await other.addCookies(await context.cookies());
  const second = await other.newPage();
  await second.goto(page.url());
  await expectPrompt(second);
  return second;
}

test('what is typed before the server’s newer copy has come is done again on top of it', async ({
  page,
  context,
}) => {
  test.setTimeout(150_000);
  const saved = (which: Page) =>
    expect(which.getByRole('banner').getByText('Saved', { exact: true })).toBeVisible({ timeout: 30_000 });
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'echo one');
  await expectScreen(page, /\none\n/);
  await saved(page);
  const address = page.url();
  await page.goto('/labs');
  const other = await elsewhere(await visitOf(page, address), context);
  await page.goto('/labs');
  await expect(async () => {
    const take = other.getByRole('button', { name: 'Take over' });
    if (await take.isVisible()) await take.click();
    await expect(take).toBeHidden({ timeout: 2_000 });
  }).toPass();
  const sent = other.waitForResponse((response) => response.url().endsWith('/journal') && response.ok());
  await typeLine(other, 'echo two > two.txt');
  await sent;
  await other.context().close();
  // The server's copy is slow: the learner types on what this browser holds.
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await context.route('**/api/attempts?**', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(address);
  await expectScreen(page, /\none\n[^\n]*\$ ?$/);
  await typeLine(page, 'echo three; cat two.txt');
  await expectScreen(page, /three\ncat: two\.txt: No such file/);
  await page.keyboard.type('echo half');
  await expectScreen(page, /\$ echo half$/);
  release();
  await expectScreen(page, /three\ntwo\n[^\n]*\$ echo half$/);
  await expect(page.getByText(/goes on from there/)).toBeVisible();
  await saved(page);
  await expect(page.getByText(/attempt of its own/)).toBeHidden();
  await page.keyboard.type(' done\n');
  await expectScreen(page, /\nhalf done\n/);
});

/** The page at an address: the other browser is opened at the same. */
async function visitOf(page: Page, address: string): Promise<Page> {
  await page.goto(address);
  await expectPrompt(page);
  return page;
}
