import { DatabaseAwayError, isAway } from './db.ts';

/** An answer other than 200, thrown from wherever it is found out. `message` is for the learner, in plain words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.facts = facts;
  }
}

/** Seconds after which a page may ask again when the server cannot answer now. */
const RETRY_SECONDS = 5;

/** Answers are each learner's own and never to be kept by anything between. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** A JSON answer. */
export function answer(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers: { ...HEADERS, ...headers } });
}

/** An answer without a body. */
export function nothing(): Response {
  return new Response(null, { status: 204, headers: HEADERS });
}

/** Runs a handler's beats and turns what they throw into an answer with words. Unknown errors are logged, not shown. */
export async function respond(act: () => Promise<Response>): Promise<Response> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Refusal) {
      const headers =
        error.status === 429 || error.status === 503 ? { 'retry-after': String(RETRY_SECONDS) } : {};
      return answer({ message: error.message, ...error.facts }, error.status, headers);
    }
    // That the database cannot be opened was logged when it was tried.
    if (!(error instanceof DatabaseAwayError)) console.error(error);
    if (isAway(error)) {
      return answer(
        { message: 'The database is away. Your work is kept in this browser and is sent when it is back.' },
        503,
        { 'retry-after': String(RETRY_SECONDS) },
      );
    }
    return answer({ message: 'Something in the server went wrong. Your work is kept in this browser.' }, 500);
  }
}

/**
 * Takes writes only from our own pages: a browser names the page's origin, and it has to be the address that was asked.
 * Requests without an origin come from no browser's page and carry no one else's cookie.
 */
export function checkOrigin(request: Request): void {
  const origin = request.headers.get('origin');
  if (origin === null) {
    const site = request.headers.get('sec-fetch-site');
    if (site === null || site === 'same-origin' || site === 'none') return;
  } else if (URL.canParse(origin)) {
    const host = request.headers.get('x-forwarded-host') ?? request.headers.get('host');
    if (new URL(origin).host === (host ?? new URL(request.url).host)) return;
  }
  throw new Refusal(403, 'This request comes from another site and was not taken.');
}

/** Reads a JSON body of at most `bytesMax`, counting what arrives and not what the sender says. */
export async function readJson(request: Request, bytesMax: number): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new Refusal(400, 'The request has to be JSON.');
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) break;
    length += value.byteLength;
    if (length > bytesMax) {
      // Not waited for: a sender that never ends must not hold the answer back.
      void reader?.cancel().catch(() => undefined);
      throw new Refusal(413, `The request is larger than ${Math.floor(bytesMax / 1024)} kB.`);
    }
    chunks.push(value);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Refusal(400, 'The request is no valid JSON.');
  }
}
