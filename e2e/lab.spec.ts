import { readdirSync, readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText } from './terminal.ts';

const LAB = 'lock-down-the-database';
const LABS = [LAB, 'let-the-vpn-in'];

/** The tasks of a lab, in order. */
function tasksOf(lab: string): readonly string[] {
  return readdirSync(`labs/${lab}`)
    .filter((name) => /^\d+-/.test(name))
    .sort();
}

/** What a solution types, answers and predicts, in order. */
function stepsOf(
  lab: string,
  task: string,
): readonly { kind: 'line' | 'answer' | 'predict'; text: string }[] {
  const steps: { kind: 'line' | 'answer' | 'predict'; text: string }[] = [];
  for (const line of readFileSync(`labs/${lab}/${task}/solution.t`, 'utf8').split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ kind: 'line', text: line.slice(2) });
    else if (line.startsWith('> ') && last !== undefined) last.text += `\n${line.slice(2)}`;
    else if (line.startsWith('answer: ')) steps.push({ kind: 'answer', text: line.slice(8) });
    else if (line.startsWith('predict: ')) steps.push({ kind: 'predict', text: line.slice(9) });
  }
  return steps;
}

/** Types at the prompt and waits for the next one. */
async function typeAndWait(page: Page, text: string): Promise<void> {
  await expectPrompt(page);
  const before = (await screenText(page)).length;
  await page.getByTestId('terminal-1').click();
  for (const line of text.split('\n')) {
    await page.keyboard.type(line);
    await page.keyboard.press('Enter');
  }
  await expect.poll(async () => (await screenText(page)).length > before + text.length).toBe(true);
  await expectPrompt(page);
}

async function answer(page: Page, text: string): Promise<void> {
  const [, number = '1', choice = ''] = /^(\d+) (.+)$/.exec(text) ?? [];
  const question = page.getByRole('group', { name: new RegExp(`^Question ${number}`) });
  await question.getByRole('radio', { name: choice, exact: true }).check();
}

async function predict(page: Page, text: string): Promise<void> {
  const cells = text.split(', ');
  for (const [index, cell] of cells.entries()) await page.getByRole('combobox').nth(index).selectOption(cell);
  await page.getByRole('button', { name: 'Compare with the cluster' }).click();
}

for (const lab of LABS)
  test(`every task of ${lab} is solved by typing its solution, and verified by the server`, async ({
    page,
  }) => {
    const tasks = tasksOf(lab);
    test.setTimeout(240_000);
    await openTask(page, lab, tasks[0] ?? '');
    for (const [index, task] of tasks.entries()) {
      await expect(page).toHaveURL(new RegExp(`${task}$`));
      await expect(page.locator('[data-solved="true"][role]')).toHaveCount(0);
      for (const step of stepsOf(lab, task)) {
        if (step.kind === 'line') await typeAndWait(page, step.text);
        else if (step.kind === 'answer') await answer(page, step.text);
        else await predict(page, step.text);
      }
      await expect(page.locator(`[data-task="${index}"]`)).toHaveAttribute('data-solved', 'true', {
        timeout: 20_000,
      });
      if (index < tasks.length - 1) await page.getByRole('button', { name: /^Next: / }).click();
    }
    for (const index of tasks.keys()) {
      const tick = page.locator(`[data-task="${index}"]`);
      await expect(tick).toHaveAttribute('data-task-life', 'verified', { timeout: 40_000 });
      await expect(tick).toHaveAccessibleName(/solved and verified by the server/);
    }
    await expect(page.getByText(/The lab is done/)).toBeVisible();
    if (lab !== LAB) return;
    await page.getByRole('link', { name: 'Next lab: Let the VPN in' }).click();
    await expect(page).toHaveURL(/let-the-vpn-in\/10-before$/);
    await expectPrompt(page);
  });

test('a journal that was tampered with is told, and the lab goes on', async ({ page }) => {
  await openTask(page, LAB, '10-baseline');
  await typeAndWait(page, 'echo before');
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opened = indexedDB.open('ringfence');
        opened.onerror = () => reject(opened.error);
        opened.onsuccess = () => {
          const transaction = opened.result.transaction('entries', 'readwrite');
          const cursor = transaction.objectStore('entries').openCursor();
          cursor.onsuccess = () => {
            if (cursor.result === null) return;
            cursor.result.update({ ...cursor.result.value, atMs: 'soon', input: { kind: 'no such thing' } });
            cursor.result.continue();
          };
          transaction.oncomplete = () => {
            opened.result.close();
            resolve();
          };
        };
      }),
  );
  await page.reload();
  await expect(page.getByText(/journal/i).first()).toBeVisible();
  await expect(page.locator('[data-life]')).toHaveAttribute('data-life', 'ready', { timeout: 30_000 });
  await typeAndWait(page, 'echo after');
  await expectScreen(page, /\nafter/);
});
