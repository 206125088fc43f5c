type Message = { readonly kind: 'who' | 'mine' | 'take'; readonly lab: string; readonly tab: string };

/** How long the other tabs get to say that they write. */
const ANSWER_MS = 50;

/**
 * One writing tab per lab and browser. It uses a BroadcastChannel, which plain http has too (Web Locks has not).
 * The server's lease does the same between browsers.
 */
export class TabLease {
  readonly #lab: string;
  readonly #tab: string;
  readonly #channel: BroadcastChannel | undefined;
  readonly #onLost: () => void;
  #isMine = false;
  #heard = false;

  constructor(lab: string, tab: string, onLost: () => void) {
    this.#lab = lab;
    this.#tab = tab;
    this.#onLost = onLost;
    this.#channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('ringfence');
    this.#channel?.addEventListener('message', (message: MessageEvent<Message>) => this.#hear(message.data));
  }

  /** Takes the lease when no other tab has it; true when it is ours. */
  async acquire(): Promise<boolean> {
    this.#heard = false;
    this.#say('who');
    if (this.#channel !== undefined) await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    this.#isMine = !this.#heard;
    return this.#isMine;
  }

  /** Takes the lease from whoever has it. */
  take(): void {
    this.#isMine = true;
    this.#say('take');
  }

  /** Gives the lease up because another device took it. */
  drop(): void {
    this.#isMine = false;
  }

  close(): void {
    this.#channel?.close();
  }

  #say(kind: Message['kind']): void {
    this.#channel?.postMessage({ kind, lab: this.#lab, tab: this.#tab } satisfies Message);
  }

  #hear(message: Message): void {
    if (message.lab !== this.#lab || message.tab === this.#tab) return;
    if (message.kind === 'who' && this.#isMine) this.#say('mine');
    if (message.kind === 'mine') this.#heard = true;
    if (message.kind === 'take' && this.#isMine) {
      this.#isMine = false;
      this.#onLost();
    }
  }
}
