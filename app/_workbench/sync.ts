import type { JournalEntry, JournalHeader } from '../../engine/session/protocol.ts';

/** What the server keeps of this learner's attempt at a lab. */
export type ServerAttempt = {
  readonly id: string;
  readonly header: JournalHeader;
  readonly entries: readonly JournalEntry[];
  readonly task: number;
  readonly solved: readonly number[];
  readonly verified: readonly number[];
  /** True while another tab or device holds the lease. */
  readonly isWrittenElsewhere: boolean;
  /** True when the lab has changed since: `entries` is empty, and `files` (path → content) is what is left of it. */
  readonly isOutdated: boolean;
  readonly files?: Readonly<Record<string, string>>;
};

/** Solutions by index of task. */
export type Solutions = Readonly<Record<number, string>>;

/** What became of a piece of journal. `upTo` is the last sequence that the server has. */
export type AppendResult =
  | {
      readonly kind: 'saved';
      readonly upTo: number;
      readonly verified: readonly number[];
      /** A replay is under way: ask again soon. */
      readonly isVerifying: boolean;
      /** The lab has changed since: only a reload goes on verified. */
      readonly isOutdated: boolean;
    }
  /** The server has other entries at that place. */
  | { readonly kind: 'conflict'; readonly upTo: number }
  /** Another tab or device writes. */
  | { readonly kind: 'elsewhere' }
  /** The server will not take it, and says why; sending it again is of no use. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Try again later. `isBusy`: the server is there, and asks for patience. `message`: what it says is away. */
  | { readonly kind: 'away'; readonly isBusy: boolean; readonly message?: string | undefined }
  /** This server keeps no journals at all. */
  | { readonly kind: 'local' };

/** The server's part in keeping a journal; behind an interface so that the page works without it. */
export interface JournalSync {
  load(lab: string): Promise<ServerAttempt | undefined>;
  append(piece: {
    readonly attempt: string;
    readonly header: JournalHeader;
    readonly from: number;
    readonly entries: readonly JournalEntry[];
    readonly takeOver: boolean;
    readonly task: number;
    readonly solved: readonly number[];
  }): Promise<AppendResult>;
  /** Keeps the lease (or takes it from another browser), has what is solved verified, and brings the marks. */
  renew(attempt: string, solved: readonly number[], takeOver?: boolean): Promise<AppendResult>;
  /** Gives the lease back, for whoever opens the lab next. */
  leave(attempt: string): void;
  /** Solutions of the tasks before one, or of one that the learner wants to see; undefined when they cannot be had. */
  solutions(lab: string, which: { before: number } | { task: number }): Promise<Solutions | undefined>;
}

/** Talks to `/api/attempts`. `writer` names this browser for the lease. */
export class HttpSync implements JournalSync {
  readonly #writer: string;

  constructor(writer: string) {
    this.#writer = writer;
  }

  async load(lab: string): Promise<ServerAttempt | undefined> {
    try {
      const response = await fetch(`/api/attempts?lab=${encodeURIComponent(lab)}&writer=${this.#writer}`);
      if (!response.ok || response.status === 204) return undefined;
      const body = (await response.json()) as { attempt?: ServerAttempt };
      return body.attempt;
    } catch {
      return undefined;
    }
  }

  append(piece: Parameters<JournalSync['append']>[0]): Promise<AppendResult> {
    const { attempt, ...body } = piece;
    return this.#post(`/api/attempts/${attempt}/journal`, body);
  }

  renew(attempt: string, solved: readonly number[], takeOver = false): Promise<AppendResult> {
    return this.#post(`/api/attempts/${attempt}/lease`, { solved, takeOver });
  }

  leave(attempt: string): void {
    const body = { writer: this.#writer, isLeaving: true };
    // The page may be gone before the answer comes.
    void send(`/api/attempts/${attempt}/lease`, body, true).catch(() => undefined);
  }

  async solutions(lab: string, which: { before: number } | { task: number }): Promise<Solutions | undefined> {
    try {
      const response = await send(`/api/labs/${encodeURIComponent(lab)}/solutions`, which);
      return response.ok ? ((await response.json()) as { solutions: Solutions }).solutions : undefined;
    } catch {
      return undefined;
    }
  }

  async #post(address: string, body: object): Promise<AppendResult> {
    try {
      const response = await send(address, { ...body, writer: this.#writer });
      if (response.status === 404 && !(response.headers.get('content-type') ?? '').includes('json'))
        return { kind: 'local' };
      const answer = (await response.json().catch(() => ({}))) as {
        upTo?: number;
        verified?: number[];
        isVerifying?: boolean | 'busy';
        isOutdated?: boolean;
        message?: string;
      };
      if (response.ok) {
        const { upTo = 0, verified = [], isVerifying = false, isOutdated = false } = answer;
        return { kind: 'saved', upTo, verified, isVerifying: isVerifying === true, isOutdated };
      }
      if (response.status === 409) return { kind: 'conflict', upTo: answer.upTo ?? 0 };
      if (response.status === 423) return { kind: 'elsewhere' };
      if (response.status === 429 || response.status >= 500)
        return { kind: 'away', isBusy: response.status === 429, message: answer.message };
      return {
        kind: 'refused',
        message: answer.message ?? `The server refused the journal (${response.status}).`,
      };
    } catch {
      return { kind: 'away', isBusy: false };
    }
  }
}

function send(address: string, body: object, keepalive = false): Promise<Response> {
  return fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    keepalive,
  });
}
