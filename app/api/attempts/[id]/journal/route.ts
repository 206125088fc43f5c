import { APPEND_BYTES_MAX, append, countAppend, decodePiece } from '../../../../_server/attempts.ts';
import { cookieFor, visitorOf } from '../../../../_server/guest.ts';
import { answer, checkOrigin, readJson, respond } from '../../../../_server/http.ts';

type Context = { params: Promise<{ id: string }> };

/** Keeps a piece of journal. It is committed before the answer; the first one makes a visitor a guest. */
export function POST(request: Request, { params }: Context): Promise<Response> {
  return respond(async () => {
    checkOrigin(request);
    const visitor = visitorOf(request);
    countAppend(visitor.learner, visitor.isNew);
    const piece = await decodePiece((await params).id, await readJson(request, APPEND_BYTES_MAX));
    const kept = await append(visitor.learner, piece);
    return answer(kept, 200, visitor.isNew ? cookieFor(visitor.learner, request) : {});
  });
}
