import { afterAll, describe, test } from 'vitest';
import { openPostgres } from './db.ts';
import { apiCases } from './testing/api-cases.ts';
import { postgresBin, startPostgres, type TestPostgres } from './testing/postgres.ts';

const bin = postgresBin();

if (bin === undefined)
  test.skip('no PostgreSQL on this machine: set POSTGRES_BIN to the folder of its programs', () => {});
else {
  describe('on PostgreSQL', () => {
    let server: TestPostgres | undefined;
    // Registered first, so that it runs last.
    afterAll(() => server?.stop());
    apiCases(async () => {
      server = await startPostgres(bin);
      return openPostgres(server.url);
    });
  });
}
