// Prints the browser that the end-to-end tests use, or nothing. Order: CHROMIUM_PATH, the system's, Playwright's own.
import { existsSync } from 'node:fs';

const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
];

/** The path of a browser that exists, or undefined. */
export async function findBrowser() {
  const named = process.env.CHROMIUM_PATH;
  if (named && existsSync(named)) return named;
  const system = SYSTEM.find((candidate) => existsSync(candidate));
  if (system) return system;
  const { chromium } = await import('@playwright/test');
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
}

if (process.argv[1]?.endsWith('browser.mjs')) console.log((await findBrowser()) ?? '');
