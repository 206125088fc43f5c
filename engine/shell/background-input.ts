import { Stream } from '../base/stream.ts';
import type { ProcessHandle, Sys } from '../base/process.ts';

/**
 * The terminal as a background job sees it: who reads it is stopped (SIGTTIN) until `fg` puts the job in front.
 * `behind` gives the reading process while its job is in the background.
 */
export class BackgroundInput extends Stream {
  readonly #terminal: Stream;
  readonly #behind: (sys: Sys) => ProcessHandle | undefined;

  constructor(terminal: Stream, behind: (sys: Sys) => ProcessHandle | undefined) {
    super();
    this.#terminal = terminal;
    this.#behind = behind;
  }

  override async read(sys: Sys, timeoutMs?: number): Promise<string | undefined> {
    for (let own = this.#behind(sys); own !== undefined; own = this.#behind(sys)) {
      own.kill('STOP');
      await sys.sleep(0);
    }
    return this.#terminal.read(sys, timeoutMs);
  }
}
