import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from '@playwright/test';
import { build, type Plugin } from 'esbuild';
import { findBrowser } from '../../engine/cli/browser.mjs';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { RealmAnswer, RealmJob } from './realm.ts';

/** Why tests in Chromium are skipped. */
export const NO_BROWSER = 'no browser is installed: install Chromium or set CHROMIUM_PATH';

/** Labs by name, for jobs to refer to. */
export type Bundles = Readonly<Record<string, LabBundle>>;

/** The question and answer of a realm. */
export type Realm = {
  /** Replays jobs there. */
  readonly replay: (bundles: Bundles, jobs: readonly RealmJob[]) => Promise<readonly RealmAnswer[]>;
  /** What the use of each poisoned thing comes to there. */
  readonly taste: () => Promise<Readonly<Record<string, string>>>;
  readonly close: () => Promise<void>;
};

/** A change to one source while it is bundled: what a test plants to see it caught. */
export type Plant = { readonly file: RegExp; readonly find: string; readonly put: string };

function planting(plants: readonly Plant[]): Plugin {
  return {
    name: 'plant',
    setup: (bundler) => {
      for (const { file, find, put } of plants) {
        bundler.onLoad({ filter: file }, ({ path }) => {
          const text = readFileSync(path, 'utf8');
          if (!text.includes(find)) throw new Error(`${path} holds no ${find}`);
          return { contents: text.replace(find, put), loader: path.endsWith('.ts') ? 'ts' : 'js' };
        });
      }
    },
  };
}

async function bundled(
  entry: string,
  platform: 'node' | 'browser',
  plants: readonly Plant[] = [],
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, entry)],
    bundle: true,
    write: false,
    platform,
    format: platform === 'node' ? 'cjs' : 'iife',
    target: 'es2023',
    minify: platform === 'browser',
    logLevel: 'error',
    plugins: [planting(plants)],
  });
  return outputFiles[0]?.text ?? '';
}

/** A fresh Node process for each question, far from here: another time zone, another language. */
export async function nodeRealm(plants: readonly Plant[] = []): Promise<Realm> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-realm-'));
  const file = join(folder, 'realm.cjs');
  writeFileSync(file, await bundled('node-entry.ts', 'node', plants));
  const ask = (question: unknown) =>
    JSON.parse(
      execFileSync(process.execPath, [file], {
        input: JSON.stringify(question),
        maxBuffer: 64 * 1024 * 1024,
        encoding: 'utf8',
        timeout: 120_000,
        env: {
          ...process.env,
          TZ: 'America/St_Johns',
          LANG: 'tr_TR.UTF-8',
          LC_ALL: 'tr_TR.UTF-8',
          NODE_OPTIONS: '',
        },
      }),
    );
  return {
    replay: async (bundles, jobs) => ask({ bundles, jobs }).given,
    taste: async () => ask({ bundles: {}, jobs: [] }).tastes,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A worker in Chromium, in yet another time zone and language; undefined when no browser is installed. */
export async function chromiumRealm(): Promise<Realm | undefined> {
  const executablePath = await findBrowser();
  if (executablePath === undefined) return undefined;
  const [source, browser] = await Promise.all([
    bundled('worker-entry.ts', 'browser'),
    launch(executablePath),
  ]);
  const page = await browser.newPage();
  await page.evaluate((text) => {
    const scope = globalThis as unknown as { ask: (question: unknown) => Promise<unknown> };
    const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
    const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
    let next = 1;
    worker.onmessage = ({ data }) => {
      waiting.get(data.id)?.resolve(data);
      waiting.delete(data.id);
    };
    worker.onerror = (event) => {
      for (const { reject } of waiting.values()) reject(new Error(`the worker failed: ${event.message}`));
      waiting.clear();
    };
    scope.ask = (question) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, ...(question as object) });
      });
  }, source);
  const ask = (question: unknown) =>
    page.evaluate(
      (value) => (globalThis as unknown as { ask: (question: unknown) => Promise<never> }).ask(value),
      question,
    );
  return {
    replay: async (bundles, jobs) =>
      ((await ask({ bundles, jobs })) as { given: readonly RealmAnswer[] }).given,
    taste: async () => ((await ask({ bundles: {}, jobs: [] })) as { tastes: Record<string, string> }).tastes,
    close: () => browser.close(),
  };
}

function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--lang=tr-TR', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    env: { ...process.env, TZ: 'Pacific/Chatham' } as Record<string, string>,
  });
}
