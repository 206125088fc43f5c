import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{engine,app,prisma,labs}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/.next*/**'],
    // Two cores: more workers than that only take each other's time.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
