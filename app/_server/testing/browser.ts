import { randomBytes } from 'node:crypto';
import { POST as postJournal } from '../../api/attempts/[id]/journal/route.ts';
import { POST as postLease } from '../../api/attempts/[id]/lease/route.ts';
import { GET as getAttempts } from '../../api/attempts/route.ts';
import { POST as postSolutions } from '../../api/labs/[lab]/solutions/route.ts';
import { GET as getProgress } from '../../api/progress/route.ts';

const ORIGIN = 'http://workshop.lan:3000';

/** What came back: the status, the body (JSON, or undefined) and the headers. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies whose form they check.
export type Reply = { readonly status: number; readonly body: any; readonly headers: Headers };

async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : JSON.parse(text),
    headers: response.headers,
  };
}

/** A name for an attempt, as a page makes it. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}

/** A browser with its cookies that talks to the route handlers, one tab in it. */
export class TestBrowser {
  readonly writer = randomBytes(4).toString('hex');
  cookie: string | undefined;

  /** Another browser; with the same cookie when it is given. */
  constructor(cookie?: string) {
    this.cookie = cookie;
  }

  load(lab: string): Promise<Reply> {
    return this.#send(`/api/attempts?lab=${lab}&writer=${this.writer}`, undefined, getAttempts);
  }

  progress(): Promise<Reply> {
    return this.#send('/api/progress', undefined, getProgress);
  }

  append(id: string, body: object | string, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify({ writer: this.writer, ...body });
    const params = Promise.resolve({ id });
    return this.#send(
      `/api/attempts/${id}/journal`,
      text,
      (request) => postJournal(request, { params }),
      headers,
    );
  }

  lease(id: string, body: object = {}): Promise<Reply> {
    const text = JSON.stringify({ writer: this.writer, ...body });
    const params = Promise.resolve({ id });
    return this.#send(`/api/attempts/${id}/lease`, text, (request) => postLease(request, { params }));
  }

  solutions(lab: string, body: object): Promise<Reply> {
    const params = Promise.resolve({ lab });
    const act = (request: Request) => postSolutions(request, { params });
    return this.#send(`/api/labs/${lab}/solutions`, JSON.stringify(body), act);
  }

  async #send(
    path: string,
    body: string | undefined,
    act: (request: Request) => Promise<Response>,
    extra: Record<string, string> = {},
  ): Promise<Reply> {
    const headers = new Headers({ host: new URL(ORIGIN).host, ...extra });
    if (this.cookie !== undefined) headers.set('cookie', `theme=dark; ${this.cookie}`);
    if (body !== undefined) {
      headers.set('content-type', 'application/json');
      if (!headers.has('origin')) headers.set('origin', ORIGIN);
    }
    const init = {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body }),
    };
    const reply = await replyOf(await act(new Request(ORIGIN + path, init)));
    const set = reply.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';')[0];
    return reply;
  }
}
