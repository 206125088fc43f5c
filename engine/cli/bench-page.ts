import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { BENCH_LAB, type BenchResult, benchLab, quantile, ROOT } from './bench-figures.ts';

/** What the page lets tests see. */
type Exposed = {
  readonly __terminals?: ReadonlyMap<number, { text(): string }>;
  readonly __editor?: {
    getModel(): { getFullModelRange(): unknown };
    executeEdits(source: string, edits: readonly unknown[]): void;
  };
  __promptMs?: number;
  __answerMs?: number;
  __echoes?: Echo[];
  /** Called when the engine's worker was sent keys or has sent output. */
  __look?: () => void;
};

/** Milliseconds since the key was struck: the terminal's text had changed; the frame that shows it was drawn. */
type Echo = { readonly echoMs: number; readonly drawnMs: number };

/** Page open → prompt, cold and with a warm cache, and keystroke → echo while the editor's text changes, in Chromium on a built server. */
export async function benchPage(): Promise<BenchResult> {
  const dist = ['.next', '.next-test'].find((name) => existsSync(join(ROOT, name, 'BUILD_ID')));
  if (dist === undefined)
    return { figures: [], note: 'page: nothing is built (`npm run build`), so the page is not measured' };
  const found = spawnSync(process.execPath, [join(ROOT, 'engine/cli/browser.mjs')], {
    encoding: 'utf8',
  }).stdout.trim();
  const executablePath = found === '' ? undefined : found;
  if (executablePath === undefined)
    return { figures: [], note: 'page: there is no Chromium, so the page is not measured' };
  const data = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  const { server, address } = await startServer(dist, data);
  const { chromium } = await import('@playwright/test');
  const browser = await chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    return await measure(browser, address);
  } finally {
    await browser.close();
    server.kill();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measure(browser: Browser, address: string): Promise<BenchResult> {
  const lab = benchLab();
  const first = `${address}/labs/${BENCH_LAB}/${lab.tasks[0]?.id ?? ''}`;
  const edited = lab.tasks.find((one) => Object.hasOwn(one.start, 'database-policy.yaml'))?.id ?? '';
  // The server's own first rendering is not the page's.
  await (await browser.newContext()).request.get(first);
  const cold: Opened[] = [];
  const warm: Opened[] = [];
  const echoes: Echo[] = [];
  for (let round = 0; round < 3; round++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(watchPrompt);
    await page.addInitScript(hearWorkers);
    cold.push(await openPage(page, first));
    for (let again = 0; again < 3; again++) {
      await forget(page);
      warm.push(await openPage(page, first));
    }
    if (round === 2) {
      await page.goto(`${address}/labs/${BENCH_LAB}/${edited}`);
      echoes.push(...(await echoTimes(page, 160)));
    }
    await context.close();
  }
  const middle = (opened: readonly Opened[], what: keyof Opened): number =>
    quantile(
      opened.map((one) => one[what]),
      0.5,
    );
  return {
    figures: [
      { name: 'page: open → prompt, cold', value: middle(cold, 'promptMs'), unit: 'ms', budget: 1500 },
      { name: 'page: open → prompt, warm cache', value: middle(warm, 'promptMs'), unit: 'ms', budget: 300 },
      {
        name: 'page: open → a command typed at once has answered, cold',
        value: middle(cold, 'answerMs'),
        unit: 'ms',
      },
      {
        name: 'page: open → a command typed at once has answered, warm cache',
        value: middle(warm, 'answerMs'),
        unit: 'ms',
      },
      {
        name: 'page: keystroke → echo p95, editing',
        value: quantile(
          echoes.map((one) => one.echoMs),
          0.95,
        ),
        unit: 'ms',
        budget: 16,
      },
      {
        name: 'page: keystroke → the frame that shows it p95, editing',
        value: quantile(
          echoes.map((one) => one.drawnMs),
          0.95,
        ),
        unit: 'ms',
      },
    ],
  };
}

/** Milliseconds since the navigation began: the prompt stood there; a command typed right then had answered. */
type Opened = { readonly promptMs: number; readonly answerMs: number };

/** Leaves the lab and forgets what was typed, so that the next visit is a first one with a warm cache. */
async function forget(page: Page): Promise<void> {
  await page.goto(new URL('/labs', page.url()).href);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase('ringfence');
        request.onsuccess = resolve;
        request.onerror = resolve;
      }),
  );
  await page.context().clearCookies();
}

async function openPage(page: Page, url: string): Promise<Opened> {
  await page.goto(url);
  await page.waitForFunction(() => (window as unknown as Exposed).__answerMs !== undefined, undefined, {
    timeout: 60_000,
  });
  return page.evaluate(() => {
    const { __promptMs, __answerMs } = window as unknown as Exposed;
    return { promptMs: __promptMs ?? Number.NaN, answerMs: __answerMs ?? Number.NaN };
  });
}

/** In the page: notes when the first terminal shows its prompt, types a command at it, and notes when it has answered. */
function watchPrompt(): void {
  const exposed = window as unknown as Exposed;
  const look = (): void => {
    const text = exposed.__terminals?.get(1)?.text() ?? '';
    if (exposed.__promptMs === undefined && /[$#] ?$/.test(text)) {
      exposed.__promptMs = performance.now();
      const keys = document.querySelector<HTMLTextAreaElement>('.xterm-helper-textarea');
      const data = new DataTransfer();
      data.setData('text/plain', 'echo $((6*7))\r');
      keys?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
      keys?.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', keyCode: 13, bubbles: true }),
      );
    }
    if (/^42$/m.test(text)) exposed.__answerMs = performance.now();
    else setTimeout(look, 5);
  };
  look();
}

/** Strikes keys at the terminal, each right after the draft in the editor changed. */
async function echoTimes(page: Page, keys: number): Promise<readonly Echo[]> {
  await page.waitForFunction(() => (window as unknown as Exposed).__editor !== undefined, undefined, {
    timeout: 30_000,
  });
  await page.getByTestId('terminal-1').click();
  await page.evaluate(watchEchoes);
  for (let key = 0; key < keys; key++) {
    await page.evaluate(editDraft, key);
    await page.keyboard.press('a');
    await page.waitForFunction(
      (count) => ((window as unknown as Exposed).__echoes?.length ?? 0) > count,
      key,
      { timeout: 10_000 },
    );
  }
  return page.evaluate(() => (window as unknown as Exposed).__echoes?.slice(10) ?? []);
}

/** In the page, before its own scripts: tells when a worker is sent keys, and when it has sent output. */
function hearWorkers(): void {
  const exposed = window as unknown as Exposed;
  window.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        if (data?.kind === 'output') exposed.__look?.();
      });
    }
    override postMessage(message: { kind?: string }, ...rest: never[]): void {
      super.postMessage(message, ...rest);
      // Once the handlers of the key have ended.
      if (message.kind === 'keys') queueMicrotask(() => exposed.__look?.());
    }
  };
}

/**
 * In the page: measures from each keydown until the terminal's text has changed, and until the frame that shows it was drawn. It
 * looks only behind a key and behind output: to look all the time would be work that the page must wait for.
 */
function watchEchoes(): void {
  const exposed = window as unknown as Exposed;
  const echoes: Echo[] = [];
  exposed.__echoes = echoes;
  const text = (): string => exposed.__terminals?.get(1)?.text() ?? '';
  const looks = new MessageChannel();
  const frames = new MessageChannel();
  let startMs: number | undefined;
  let echoMs = 0;
  let before = '';
  const look = (): void => {
    if (startMs === undefined || echoMs > 0 || text() === before) return;
    echoMs = performance.now() - startMs;
    requestAnimationFrame(() => frames.port2.postMessage(0));
  };
  frames.port1.onmessage = () => {
    if (startMs !== undefined) echoes.push({ echoMs, drawnMs: performance.now() - startMs });
    startMs = undefined;
  };
  // The terminal may take output a little later than it comes.
  looks.port1.onmessage = () => {
    look();
    if (startMs !== undefined && echoMs === 0) looks.port2.postMessage(0);
  };
  let isSent = false;
  exposed.__look = () => {
    look();
    if (isSent) looks.port2.postMessage(0);
    isSent = true;
  };
  const begin = (): void => {
    before = text();
    startMs = performance.now();
    echoMs = 0;
    isSent = false;
  };
  document.addEventListener('keydown', begin, { capture: true });
}

/** In the page: changes the policy in the editor, so that matrix and checks are computed again. */
function editDraft(edit: number): void {
  const editor = (window as unknown as Exposed).__editor;
  if (editor === undefined) return;
  const text = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: database-policy
spec:
  endpointSelector:
    matchLabels:
      tier: database
  ingress:
    - toPorts:
        - ports:
            - port: "${7000 + edit}"
`;
  editor.executeEdits('bench', [{ range: editor.getModel().getFullModelRange(), text }]);
}

async function startServer(
  dist: string,
  data: string,
): Promise<{ readonly server: ChildProcess; readonly address: string }> {
  const port = await freePort();
  const address = `http://localhost:${port}`;
  const server = spawn(process.execPath, ['app/_server/start.mjs'], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), NEXT_DIST_DIR: dist, RINGFENCE_DATA: data },
    stdio: 'ignore',
  });
  for (let attempt = 0; attempt < 300; attempt++) {
    if (server.exitCode !== null) break;
    const isUp = await fetch(`${address}/labs`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return { server, address };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  server.kill();
  throw new Error('the server for the page benchmark did not start');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
