import { complete, type CommandCompleter } from '../shell/completion.ts';
import {
  applyCompletion,
  createEditor,
  echoColumn,
  type Edited,
  type EditorState,
  pressKeys,
  redraw,
  resize,
} from '../shell/line-editor.ts';
import { placeAfter } from '../shell/text-width.ts';
import { PASTE_ON } from './first-screen.ts';
import type { OutputPiece, SandboxTerminal } from './terminal.ts';
import type { Workplace } from './workplace.ts';

/** What an edited terminal does to the world. */
export type EditedListener = {
  /** Takes text for xterm; with `echoColumn`, as in WorkerEvent. */
  show(data: string, echoColumn: number | undefined): void;
  /** A line was submitted. */
  submit(line: string): void;
  /** Keys that mean a signal or an end of file. */
  bytes(data: string): void;
};

/** Ctrl-C, Ctrl-Z, Ctrl-\ : what the terminal's driver turns into signals while a program runs. */
const SIGNAL_KEYS: Readonly<Record<string, string>> = { '\x03': '^C', '\x1a': '^Z', '\x1c': '^\\' };

/**
 * A terminal with its echo, line editing, history and completion: all that happens before a line is submitted and
 * therefore belongs to no journal. At the shell's prompt it edits as readline does; while a program runs it is the
 * terminal driver's own line editing, on the last line that the program left.
 */
export class EditedTerminal {
  readonly #terminal: SandboxTerminal;
  readonly #workplace: Workplace;
  readonly #listener: EditedListener;
  #editor: EditorState;
  #isPrompting = false;
  /** Text of the row that the next output continues. */
  #row = '';
  #typed: string[] = [];
  /** Where shown text goes while the whole screen is being drawn. */
  #drawn: string[] | undefined;

  constructor(terminal: SandboxTerminal, workplace: Workplace, listener: EditedListener) {
    this.#terminal = terminal;
    this.#workplace = workplace;
    this.#listener = listener;
    this.#editor = createEditor('', terminal.columns, []);
    terminal.onOutput = (piece) => this.#output(piece);
  }

  /** Takes keys as xterm gives them. */
  keys(data: string): void {
    this.flush();
    // A program that reads raw keys (a pager) gets them as they are; it draws what it wants to show.
    if (!this.#isPrompting && this.#terminal.edited.isRaw) {
      this.#listener.bytes(data);
      return;
    }
    let plain = '';
    for (const key of data) {
      const name = this.#isPrompting ? undefined : SIGNAL_KEYS[key];
      const isEnd = !this.#isPrompting && key === '\x04';
      if (name === undefined && !isEnd) {
        plain += key;
        continue;
      }
      this.#press(plain);
      plain = '';
      if (name === undefined) {
        this.#endInput();
        continue;
      }
      if (this.#isEchoing) {
        this.#show(name);
        this.#row += name;
      }
      this.#editor = this.#fresh(this.#row);
      this.#listener.bytes(key);
    }
    this.#press(plain);
  }

  /** Shows the shell's prompt once it waits for a line. Call it when the sandbox has run. */
  flush(): void {
    const { shell, isAtPrompt, input } = this.#terminal;
    const isWaiting =
      shell !== undefined && (isAtPrompt || shell.isContinuing) && input.waiting > 0 && input.length === 0;
    if (isWaiting === this.#isPrompting) return;
    this.#isPrompting = isWaiting;
    if (!isWaiting) {
      this.#editor = this.#fresh(this.#row);
      return;
    }
    const ahead = this.#editor.text;
    this.#editor = createEditor(
      this.#terminal.prompt,
      this.#terminal.columns,
      shell.state.history,
      this.#editor.kills,
      this.#lead(),
    );
    this.#show(`${PASTE_ON}${this.#terminal.prompt}`, ahead === '');
    this.#row = '';
    if (ahead !== '') this.#apply(pressKeys(this.#editor, ahead));
  }

  /** The terminal became wider or narrower. */
  resize(columns: number): void {
    if (columns === this.#editor.columns) return;
    const { state, text } = resize(this.#editor, columns);
    this.#editor = state;
    if (this.#isPrompting) this.#show(text);
  }

  /** Everything to redraw the terminal from nothing, with the prompt and what is typed at it. */
  screen(): { readonly data: string; readonly echoColumn: number | undefined } {
    this.#isPrompting = false;
    const kept = this.#terminal.screen();
    this.#row = kept.slice(kept.lastIndexOf('\n') + 1);
    this.#editor = this.#fresh(this.#row);
    this.#drawn = [toTerminal(kept)];
    this.flush();
    const data = this.#drawn.join('');
    this.#drawn = undefined;
    return { data, echoColumn: this.#echoColumn() };
  }

  /** What the last output left on the prompt's row. A row longer than the screen could not be drawn again: the prompt gets its own. */
  #lead(): string {
    const { columns, rows } = this.#terminal;
    // What moved the cursor or cleared the screen must not do so again.
    const text = this.#row.replace(/^.*(?:\r|\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b[^[])/, '');
    if (placeAfter(text, columns).row < rows - 2) return text;
    this.#show('\r\n', false);
    return '';
  }

  #fresh(prompt: string): EditorState {
    return createEditor(
      prompt,
      this.#terminal.columns,
      this.#isPrompting ? (this.#terminal.shell?.state.history ?? []) : this.#typed,
      this.#editor.kills,
    );
  }

  #press(data: string): void {
    if (data !== '') this.#apply(pressKeys(this.#editor, data));
  }

  #apply(edited: Edited): void {
    this.#editor = edited.state;
    for (const [index, effect] of edited.effects.entries()) {
      switch (effect.kind) {
        case 'write':
          if (this.#isEchoing) this.#show(effect.text, index === edited.effects.length - 1);
          break;
        case 'submit':
          this.#submit(effect.line);
          break;
        case 'complete':
          if (this.#isPrompting)
            this.#apply(
              applyCompletion(this.#editor, this.#complete(effect.line, effect.cursor), effect.isRepeated),
            );
          break;
        case 'interrupt':
          // An incomplete command is the shell's; it asks with another prompt from then on.
          if (this.#terminal.shell?.isContinuing === true) this.#listener.bytes('\x03');
          this.#editor = this.#fresh(this.#terminal.prompt);
          this.#show(this.#terminal.prompt);
          break;
        case 'end':
          this.#listener.bytes('\x04');
          break;
      }
    }
  }

  /** Ctrl-D to a program: what is typed goes to it as it is, and nothing is an end of file. */
  #endInput(): void {
    const { text } = this.#editor;
    if (this.#isEchoing) this.#row += text;
    this.#editor = this.#fresh(this.#row);
    this.#listener.bytes(text === '' ? '\x04' : text);
  }

  #submit(line: string): void {
    this.#row = '';
    if (!this.#isPrompting) this.#typed.push(line);
    this.#isPrompting = false;
    this.#editor = this.#fresh('');
    this.#listener.submit(line);
  }

  /** Output comes before the line being typed, which is drawn again behind it. */
  #output(piece: OutputPiece): void {
    const isTyping = this.#editor.text !== '' || this.#isPrompting;
    if (isTyping) {
      const up = this.#editor.row > 0 ? `\x1b[${this.#editor.row}A` : '';
      const { lead } = this.#editor;
      this.#show(`${up}\r\x1b[J${this.#isPrompting ? lead && `${lead}\r\n` : this.#row}`, false);
    }
    this.#show(toTerminal(piece.text), !isTyping);
    const at = piece.text.lastIndexOf('\n');
    this.#row = at < 0 ? this.#row + piece.text : piece.text.slice(at + 1);
    if (this.#row.length > 2000) this.#row = this.#row.slice(-2000);
    if (!isTyping) {
      this.#editor = this.#fresh(this.#row);
      return;
    }
    if (this.#isPrompting && this.#row !== '') this.#show('\r\n', false);
    const { state, text } = redraw({
      ...this.#editor,
      lead: '',
      prompt: this.#isPrompting ? this.#editor.prompt : this.#row,
      row: 0,
    });
    this.#editor = state;
    this.#show(text);
  }

  #complete(line: string, cursor: number) {
    const { shell } = this.#terminal;
    const state = shell?.state;
    const machine = this.#workplace.workstation;
    const variables = new Map<string, string>(
      state === undefined
        ? []
        : state.variables.names().map((name) => [name, state.variables.get(name) ?? '']),
    );
    const completers: ReadonlyMap<string, CommandCompleter> = this.#workplace.completers();
    return complete(line, cursor, {
      machine,
      dialect: 'bash',
      cwd: state?.cwd ?? machine.home,
      variables,
      names: state === undefined ? [] : [...state.functions.keys(), ...state.aliases.keys()],
      completers,
    });
  }

  /** `isSettled`: nothing else follows from the same key. */
  #show(data: string, isSettled = true): void {
    if (this.#drawn !== undefined) this.#drawn.push(data);
    else if (data !== '') this.#listener.show(data, isSettled ? this.#echoColumn() : undefined);
  }

  /** False while a program asks for a secret. */
  get #isEchoing(): boolean {
    return this.#isPrompting || this.#terminal.edited.isEcho;
  }

  // A program may read raw keys at any moment; only at the prompt is it certain that a key is echoed.
  #echoColumn(): number | undefined {
    return this.#isPrompting ? echoColumn(this.#editor) : undefined;
  }
}

/** Text as a terminal wants it: a line feed alone would leave the column. */
function toTerminal(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}
