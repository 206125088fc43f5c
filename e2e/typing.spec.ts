import { expect, test } from '@playwright/test';
import { expectPrompt, expectScreen, openTask, screenText, typeLine } from './terminal.ts';

const LAB = 'lock-down-the-database';

test('a shell in a pod is typed into, interrupted and left, key by key', async ({ page }) => {
  await openTask(page, LAB, '10-baseline');
  await typeLine(page, 'kubectl exec -it deploy/frontend -- sh');
  await expectScreen(page, /\n\/ # ?$/);
  await typeLine(page, 'echo $((6*7))');
  await expectScreen(page, /\/ # echo \$\(\(6\*7\)\)\n42\n\/ # ?$/);
  await typeLine(page, 'sleep 1000');
  await expectScreen(page, /sleep 1000\n?$/);
  await page.keyboard.press('Control+c');
  await expectScreen(page, /sleep 1000\n\^C\n\/ # ?$/);
  await typeLine(page, 'exit 5');
  await expectScreen(page, /command terminated with exit code 5\n[^\n]*\$ ?$/);
});

test('keys are seen at the prompt before the worker has answered, and only once', async ({ page }) => {
  await page.addInitScript(() => {
    // Holds back what the engine's worker sends while a test asks for it.
    const held: (() => void)[] = [];
    const exposed = window as unknown as { __hold?: boolean; __release?: () => void };
    exposed.__release = () => {
      exposed.__hold = false;
      for (const pass of held.splice(0)) pass();
    };
    const listen = Worker.prototype.addEventListener;
    Worker.prototype.addEventListener = function (
      this: Worker,
      kind: string,
      listener: unknown,
      ...rest: unknown[]
    ) {
      const heard = (event: Event) => {
        const pass = () => (listener as (event: Event) => void)(event);
        if (exposed.__hold === true) held.push(pass);
        else pass();
      };
      listen.call(this, kind, heard, ...(rest as []));
    };
  });
  await openTask(page, LAB, '10-baseline');
  await expectPrompt(page);
  await page.getByTestId('terminal-1').click();
  await page.evaluate(() => Object.assign(window, { __hold: true }));
  await page.keyboard.type('echo ahead');
  await expectScreen(page, /\$ echo ahead$/);
  await page.evaluate(() => (window as unknown as { __release(): void }).__release());
  await page.keyboard.type(' of time');
  await page.keyboard.press('Enter');
  await expectScreen(page, /\$ echo ahead of time\nahead of time\n[^\n]*\$ ?$/);
  expect((await screenText(page)).match(/ahead of time/g)).toHaveLength(2);
});
