import { learnerOf } from '../../../../_server/guest.ts';
import { answer, checkOrigin, readJson, respond } from '../../../../_server/http.ts';
import { solutionsFor } from '../../../../_server/solutions.ts';

type Context = { params: Promise<{ lab: string }> };

/** Solutions by index of task: of those before a task, which begin it; or of one, shown to the learner and recorded. */
export function POST(request: Request, { params }: Context): Promise<Response> {
  return respond(async () => {
    checkOrigin(request);
    const body = await readJson(request, 1_024);
    return answer({ solutions: await solutionsFor((await params).lab, body, learnerOf(request)) });
  });
}
