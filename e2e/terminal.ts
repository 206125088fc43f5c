import { expect, type Page } from '@playwright/test';

/** The page's terminals as tests may read them. */
type Exposed = { __terminals?: Map<number, { text(): string }> };

/** The whole text of a terminal, wrapped lines joined. */
export function screenText(page: Page, terminal = 1): Promise<string> {
  return page.evaluate(
    (number) => (window as unknown as Exposed).__terminals?.get(number)?.text() ?? '',
    terminal,
  );
}

/** Waits until the terminal shows something. */
export async function expectScreen(page: Page, pattern: RegExp | string, terminal = 1): Promise<void> {
  await expect.poll(() => screenText(page, terminal)).toMatch(pattern);
}

/** Waits until the terminal stands at a prompt. */
export async function expectPrompt(page: Page, terminal = 1): Promise<void> {
  await expectScreen(page, /[$#] ?$/, terminal);
}

/** Types a line into the real terminal, key by key, and presses Enter. */
export async function typeLine(page: Page, line: string, terminal = 1): Promise<void> {
  await page.getByTestId(`terminal-${terminal}`).click();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Opens a task and waits until its sandbox takes commands. */
export async function openTask(page: Page, lab: string, task: string): Promise<void> {
  await page.goto(`/labs/${lab}/${task}`);
  await expect(page.locator('[data-life]')).toHaveAttribute('data-life', /ready|busy/, { timeout: 30_000 });
  await expectPrompt(page);
}

/** Replaces the whole text of the file in the editor, as typing would. */
export async function writeFile(page: Page, text: string): Promise<void> {
  await expect(page.locator('.monaco-editor')).toBeVisible();
  await page.evaluate((content) => {
    const { __editor } = window as unknown as {
      __editor: {
        getModel(): { getFullModelRange(): unknown };
        executeEdits(source: string, edits: unknown[]): void;
        focus(): void;
      };
    };
    __editor.focus();
    __editor.executeEdits('test', [{ range: __editor.getModel().getFullModelRange(), text: content }]);
  }, text);
}
