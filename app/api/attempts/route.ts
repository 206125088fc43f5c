import { openAttempt } from '../../_server/attempts.ts';
import { learnerOf } from '../../_server/guest.ts';
import { answer, nothing, respond } from '../../_server/http.ts';

/** The learner's open attempt at a lab with its whole journal; 204 without one. A visit leaves no trace. */
export function GET(request: Request): Promise<Response> {
  return respond(async () => {
    const query = new URL(request.url).searchParams;
    const learner = learnerOf(request);
    if (learner === undefined) return nothing();
    const attempt = await openAttempt(learner, query.get('lab') ?? '', query.get('writer') ?? '');
    return attempt === undefined ? nothing() : answer({ attempt });
  });
}
