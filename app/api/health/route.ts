import { database } from '../../_server/db.ts';
import { answer, respond } from '../../_server/http.ts';

/** Whether this server can keep progress: 200, or 503 while the database is away. */
export function GET(): Promise<Response> {
  return respond(async () => {
    await (await database()).$queryRaw`SELECT 1`;
    return answer({ ok: true });
  });
}
