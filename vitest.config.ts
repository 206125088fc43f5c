import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{engine,app,prisma,labs}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/.next*/**'],
    setupFiles: ['engine/cli/test-setup.ts'],
    // Two cores: more workers than that only take each other's time.
    maxWorkers: 2,
    // Long suites share two cores, with a browser beside them at times.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
