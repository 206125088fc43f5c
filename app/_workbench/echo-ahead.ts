/**
 * Shows a printed key at once where the worker would merely echo it, so that typing never waits for a busy page or worker. The worker
 * says with its output for how many keys that holds; when its own output turns out to be something else, the keys shown ahead are
 * taken back and come as the worker has them.
 */
export class EchoAhead {
  readonly #write: (data: string) => void;
  /** Keys that may be shown ahead, after those in `#ahead`. */
  #room = 0;
  /** Shown, and not yet echoed by the worker. */
  #ahead = '';

  constructor(write: (data: string) => void) {
    this.#write = write;
  }

  /** Keys that are on their way to the worker. */
  keys(data: string): void {
    if (data.length > this.#room || !/^[\x20-\x7e]+$/.test(data)) {
      this.#room = 0;
      return;
    }
    this.#room -= data.length;
    this.#ahead += data;
    this.#write(data);
  }

  /** Output of the worker; after it `room` keys would merely be echoed. */
  output(data: string, room: number): void {
    if (this.#ahead.startsWith(data)) this.#ahead = this.#ahead.slice(data.length);
    else if (data.startsWith(this.#ahead)) {
      const rest = data.slice(this.#ahead.length);
      this.#ahead = '';
      this.#write(rest);
    } else {
      this.takeBack();
      this.#write(data);
    }
    this.#room = Math.max(0, room - this.#ahead.length);
  }

  /** The whole screen was drawn again; keys still on their way are shown behind it. */
  redrawn(room: number): void {
    if (this.#ahead.length > room) this.#ahead = '';
    this.#room = room - this.#ahead.length;
    if (this.#ahead !== '') this.#write(this.#ahead);
  }

  /** Takes back what the worker has not echoed, as when the page may no longer write. */
  takeBack(): void {
    this.#room = 0;
    if (this.#ahead !== '') this.#write(`${'\b'.repeat(this.#ahead.length)}\x1b[K`);
    this.#ahead = '';
  }
}
