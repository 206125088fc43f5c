import type { Process } from '../../shell/program.ts';

const FRAMES = ['⠈⠁', '⠈⠑', '⠈⠱', '⠈⡱', '⢀⡱', '⢄⡱', '⢄⡱', '⢆⡱', '⢎⡱', '⢎⡰', '⢎⡠', '⢎⡀', '⢎⠁', '⠎⠁', '⠊⠁'];
/** The real spinner turns ten times a second; a slower one looks the same and writes less. */
const FRAME_MS = 250;

/** kind's log and its status lines: everything on stderr, with a spinner on a terminal that can (internal/cli). */
export class Progress {
  readonly isSmart: boolean;
  readonly #process: Process;
  readonly #isQuiet: boolean;
  readonly #verbosity: number;
  #status = '';

  constructor(process: Process, isQuiet: boolean, verbosity: number) {
    this.#process = process;
    this.#isQuiet = isQuiet;
    this.#verbosity = verbosity;
    this.isSmart =
      process.tty('stderr') !== undefined &&
      !process.env.has('NO_COLOR') &&
      process.env.get('TERM') !== 'dumb';
  }

  /** Logs a line at a verbosity; a text that ends its line is not ended twice. */
  async log(text: string, level = 0): Promise<void> {
    if (this.#isQuiet || level > this.#verbosity) return;
    await this.#process.err(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Begins a phase, after ending the one before well, and lets `ms` of it pass. */
  async phase(status: string, ms: number): Promise<void> {
    await this.end(true);
    this.#status = status;
    if (!this.isSmart) await this.log(` • ${status}  ...`);
    await this.pass(ms);
  }

  /** Lets time pass in a phase. */
  async pass(ms: number): Promise<void> {
    if (!this.isSmart || this.#isQuiet) return this.#process.sys.sleep(ms);
    let frame = 0;
    for (let leftMs = ms; leftMs > 0; leftMs -= FRAME_MS) {
      await this.#process.err(`\x1b[?7l\r${FRAMES[frame++ % FRAMES.length]} ${this.#status} \x1b[?7h`);
      await this.#process.sys.sleep(Math.min(FRAME_MS, leftMs));
    }
  }

  /** Ends the phase, if one goes on. */
  async end(isGood: boolean): Promise<void> {
    if (this.#status === '') return;
    const status = this.#status;
    this.#status = '';
    const mark = isGood ? '✓' : '✗';
    if (!this.isSmart) await this.log(` ${mark} ${status}`);
    else if (!this.#isQuiet)
      await this.#process.err(`\r \x1b[${isGood ? 32 : 31}m${mark}\x1b[0m ${status}\n`);
  }
}

/** A failure that ends the command: `ERROR: …`, and what a command that it ran had said. */
export class KindError extends Error {
  override readonly name = 'KindError';
  readonly output: string | undefined;

  constructor(message: string, output?: string) {
    super(message);
    this.output = output;
  }
}
