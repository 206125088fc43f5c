import { defineConfig } from '@playwright/test';

const port = Number(process.env['E2E_PORT'] ?? 3105);
const executablePath = process.env['CHROMIUM_PATH'] || '/usr/bin/chromium';

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    baseURL: process.env['BASE_URL'] ?? `http://localhost:${port}`,
    trace: 'retain-on-failure',
    launchOptions: { executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] },
  },
  ...(process.env['BASE_URL'] === undefined && {
    webServer: {
      command: 'node app/_server/start.mjs',
      url: `http://localhost:${port}/labs`,
      env: {
        PORT: String(port),
        NEXT_DIST_DIR: process.env['NEXT_DIST_DIR'] ?? '.next-test',
        RINGFENCE_DATA: process.env['RINGFENCE_DATA'] ?? '.data/e2e',
      },
      timeout: 60_000,
      stdout: 'pipe',
    },
  }),
});
