import { database } from '../../_server/db.ts';
import { learnerOf } from '../../_server/guest.ts';
import { answer, respond } from '../../_server/http.ts';
import { recordOf } from '../../_server/marks.ts';

/** The learner's record of every task: started, attempts, hints, solved, verified. Empty for a visitor. */
export function GET(request: Request): Promise<Response> {
  return respond(async () => {
    const learner = learnerOf(request);
    return answer({ tasks: learner === undefined ? [] : await recordOf(await database(), learner) });
  });
}
