import { lease } from '../../../../_server/attempts.ts';
import { learnerOf } from '../../../../_server/guest.ts';
import { answer, checkOrigin, Refusal, readJson, respond } from '../../../../_server/http.ts';

type Context = { params: Promise<{ id: string }> };

/** A page's sign of life: keeps the lease (or takes it over, or gives it back), has claims verified, brings the marks. */
export function POST(request: Request, { params }: Context): Promise<Response> {
  return respond(async () => {
    checkOrigin(request);
    const body = await readJson(request, 16_384);
    const learner = learnerOf(request);
    if (learner === undefined) throw new Refusal(404, 'There is no such attempt.');
    return answer(await lease(learner, (await params).id, body));
  });
}
