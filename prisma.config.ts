import { defineConfig } from 'prisma/config';

/** For `prisma generate` and other tools of Prisma; the app itself connects in app/_server/db.ts. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
});
