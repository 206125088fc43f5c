import { expect, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine, writeFile } from './terminal.ts';

const LAB = 'lock-down-the-database';

type Exposed = { __editor?: { getValue(): string } };

const editorText = (page: Page) =>
  page.evaluate(() => (window as unknown as Exposed).__editor?.getValue() ?? '');

/** Waits until the editor shows a text, and gives it. */
async function expectText(page: Page, pattern: RegExp): Promise<string> {
  await expect.poll(() => editorText(page)).toMatch(pattern);
  return editorText(page);
}

test('kubectl edit opens the object here, again where it is refused, and goes on with what is saved', async ({
  page,
}) => {
  test.setTimeout(120_000);
  await openTask(page, LAB, '10-baseline');
  await expectPrompt(page);
  await typeLine(page, 'kubectl edit deploy backend');
  const text = await expectText(page, /kind: Deployment[\s\S]*replicas: 2/);
  await expect(page.getByText('The terminal waits for this file')).toBeVisible();
  await writeFile(page, text.replace('replicas: 2', 'replicas: -1'));
  await page.keyboard.press('Control+s');
  const again = await expectText(page, /# deployments\.apps "backend" was not valid:\n# \* spec\.replicas/);
  await expectScreen(page, /error: deployments\.apps "backend" is invalid/);
  // A reload comes back to the same question.
  await page.reload();
  await expectText(page, /was not valid/);
  await writeFile(page, again.replace('replicas: -1', 'replicas: 3'));
  await page.getByRole('button', { name: 'Save and close' }).click();
  await expectScreen(page, /deployment\.apps\/backend edited\n[^\n]*\$ ?$/);
  await expect(page.getByRole('button', { name: 'Save and close' })).toBeHidden();
  await expect(page.getByRole('tab', { name: /kubectl-edit/ })).toHaveCount(0);
  await typeLine(page, 'kubectl edit svc database');
  await expectText(page, /kind: Service/);
  await writeFile(page, 'half a thought');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expectScreen(page, /Edit cancelled, no changes made\.\n[^\n]*\$ ?$/);
  await expect(page.getByRole('tab', { name: /kubectl-edit/ })).toHaveCount(0);
  await typeLine(page, 'kubectl edit svc database');
  await expectText(page, /kind: Service/);
  await page.getByTestId('terminal-1').click();
  await page.keyboard.press('Control+c');
  await expectPrompt(page);
  await expect(page.getByRole('button', { name: 'Save and close' })).toBeHidden();
});

test('vi and nano open a file, also one that is not there yet or lies elsewhere', async ({ page }) => {
  await openTask(page, LAB, '20-deny');
  await expect(page.locator('.monaco-editor')).toBeVisible();
  await typeLine(page, 'vi sub/new.yaml');
  await expect(page.getByRole('tab', { name: /sub\/new\.yaml/ })).toHaveAttribute('aria-selected', 'true');
  await expect.poll(() => editorText(page)).toBe('');
  await writeFile(page, 'a: 1\n');
  await page.keyboard.press('Control+s');
  await typeLine(page, 'cat sub/new.yaml');
  await expectScreen(page, /\na: 1\n/);
  await typeLine(page, 'nano ~/.bashrc');
  await expect(page.getByRole('tab', { name: /\.bashrc/ })).toHaveAttribute('aria-selected', 'true');
  await typeLine(page, 'vi /etc/hosts');
  await expectText(page, /127\.0\.0\.1\tlocalhost/);
  await typeLine(page, 'vi /etc');
  await expectScreen(page, /vi: \/etc: Is a directory/);
  expect(await screenText(page)).not.toContain('undefined');
});
