import { LIMITS } from '../base/limits.ts';
import { Stream } from '../base/stream.ts';
import type { Signal } from '../base/process.ts';
import type { Terminal } from '../shell/program.ts';
import type { Shell } from '../shell/shell.ts';

/** A piece of what a terminal shows. */
export type OutputPiece = { readonly stream: 'stdout' | 'stderr'; readonly text: string };

/** Characters of a terminal's text that are kept for redrawing it. */
const KEPT_CHARACTERS = 200_000;

/**
 * A learner's terminal, seen from the sandbox: typed lines and bytes come in by `input`, everything that is shown goes
 * out by `show`. Echo and line editing happen at the edge, which is why they are no part of it.
 */
export class SandboxTerminal implements Terminal {
  readonly id: number;
  readonly input = new Stream();
  columns = 80;
  rows = 24;
  isRaw = false;
  isEcho = true;
  onSignal: ((signal: Signal) => void) | undefined;
  /** The shell that reads this terminal, once it has started: completion and history ask it. */
  shell: Shell | undefined;
  /** True while the shell waits at its prompt. */
  isAtPrompt = false;
  /** Text of the prompt it waits at: the shell's PS1, or PS2 while a command is incomplete. */
  prompt = '';
  /** The line that runs just now, undefined at the prompt. */
  running: string | undefined;
  /** Counts commands that ended; `lastExit` is the last one's status. */
  ended = 0;
  lastExit = 0;
  isClosed = false;
  /** Told of every piece that is shown; the session's edge sets it. */
  onOutput: (piece: OutputPiece) => void = () => {};
  #kept: string[] = [];
  #keptLength = 0;
  #shownOfCommand = 0;
  /** Counts what was shown, so that a watcher can tell cheaply whether anything is new. */
  shown = 0;

  readonly #farEnd: () => Terminal | undefined;

  /** `farEnd` gives the terminal at the far end of an exec or ssh that is typed into here. */
  constructor(id: number, farEnd: () => Terminal | undefined = () => undefined) {
    this.id = id;
    this.#farEnd = farEnd;
  }

  /** The terminal whose line discipline what is typed here meets: the far one's, else this one's. */
  get edited(): Terminal {
    return this.#farEnd() ?? this;
  }

  /** Begins counting the output of a new command. */
  beginCommand(line: string): void {
    this.running = line;
    this.#shownOfCommand = 0;
  }

  /** Shows text. Output beyond the limit of one command is left out, with a line that says so. */
  show(stream: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const room = LIMITS.outputCharactersMax - this.#shownOfCommand;
    this.#shownOfCommand += text.length;
    if (room <= 0) return;
    const shown =
      text.length <= room ? text : `${text.slice(0, room)}\n[output of this command is cut here]\n`;
    this.keep(shown);
    this.shown++;
    this.onOutput({ stream, text: shown });
  }

  /** Adds to the kept text without showing it: the edge's echo. */
  keep(text: string): void {
    this.#kept.push(text);
    this.#keptLength += text.length;
    while (this.#keptLength > KEPT_CHARACTERS && this.#kept.length > 1)
      this.#keptLength -= this.#kept.shift()?.length ?? 0;
  }

  /** Everything kept, for redrawing. */
  screen(): string {
    return this.#kept.join('');
  }

  /** Forgets what was kept (the learner cleared the screen). */
  clear(): void {
    this.#kept = [];
    this.#keptLength = 0;
  }
}
