/** The line being edited. Plain data; `cursor` counts UTF-16 units. The keys and their names are readline's (bash's default, Emacs-like set). */
export type EditorState = {
  /** What output left on the row before the prompt; it is drawn again with the line, and gone once the screen moves on. */
  readonly lead: string;
  readonly prompt: string;
  readonly columns: number;
  readonly text: string;
  readonly cursor: number;
  /** Submitted lines, oldest first. */
  readonly history: readonly string[];
  /** The entry shown; `history.length` is the learner's own draft. */
  readonly historyAt: number;
  /** What the entries that were looked at have been changed to, the draft among them. */
  readonly drafts: ReadonlyMap<number, string>;
  /** The kill ring, newest last. */
  readonly kills: readonly string[];
  /** What undo goes back to, newest last. */
  readonly undo: readonly Undo[];
  /** True once Insert was pressed: what is typed takes the place of what stands there. */
  readonly isOverwriting: boolean;
  /** The row of the terminal's cursor, from the prompt's first row. */
  readonly row: number;
  readonly search: LineSearch | undefined;
  /** Text of a bracketed paste that has begun. */
  readonly paste: string | undefined;
  /** The start of a key sequence that has not ended. */
  readonly partial: string;
  /** A key that waits for the character it is about: Ctrl-V, Ctrl-], Meta-Ctrl-]. */
  readonly awaiting: string | undefined;
  /** Names to list if the answer is yes. */
  readonly asked: readonly string[] | undefined;
  readonly last: LastKey;
};

/** A text to go back to. `insertedTo`: where the characters typed since then end, `bytes` of them. */
export type Undo = {
  readonly text: string;
  readonly cursor: number;
  readonly insertedTo?: number;
  readonly bytes?: number;
};

/** Incremental search (Ctrl-R): the words so far, the entry and the place in it that were found, and where it began. */
export type LineSearch = {
  readonly query: string;
  readonly line: number;
  readonly at: number;
  readonly isFailed: boolean;
  readonly from: { readonly text: string; readonly cursor: number; readonly historyAt: number };
};

/** What the key before was, where the next one depends on it. */
export type LastKey =
  | { readonly kind: 'other' | 'tab' | 'kill' | 'delete' }
  /** The text that was put in begins at `start`; `at` counts from the kill ring's or the history's newest entry. */
  | { readonly kind: 'yank' | 'argument'; readonly start: number; readonly at: number };

const OTHER: LastKey = { kind: 'other' };

/** Readline puts about so many typed bytes into one step of undo. */
const UNDO_BYTES_MAX = 20;

const UNDO_MAX = 200;

/** The line with another text, which undo can take back. */
export function changed(
  state: EditorState,
  text: string,
  cursor: number,
  last: LastKey = OTHER,
): EditorState {
  const undo =
    text === state.text
      ? state.undo
      : [...state.undo.slice(-UNDO_MAX), { text: state.text, cursor: state.cursor }];
  return { ...state, text, cursor, undo, last };
}

/** The line with the cursor elsewhere. */
export function moved(state: EditorState, cursor: number): EditorState {
  return { ...state, cursor, last: OTHER };
}

/** Puts text in at the cursor, as if typed character by character. */
export function insert(state: EditorState, added: string): EditorState {
  let undo = [...state.undo.slice(-UNDO_MAX)];
  let { text, cursor } = state;
  for (const char of added) {
    const top = undo.at(-1);
    const from = { text, cursor };
    const end = state.isOverwriting ? cursor + char.length : cursor;
    text = text.slice(0, cursor) + char + text.slice(end);
    cursor += char.length;
    // Readline counts bytes, and only a character of one byte joins those before it.
    const joins =
      top?.insertedTo === from.cursor &&
      (top.bytes ?? 0) < UNDO_BYTES_MAX &&
      char < '\x80' &&
      !state.isOverwriting;
    if (joins) undo = undo.slice(0, -1);
    const step = joins ? { ...top, bytes: (top.bytes ?? 0) + 1 } : { ...from, bytes: char < '\x80' ? 1 : 2 };
    undo.push({ ...step, insertedTo: cursor });
  }
  return { ...state, text, cursor, undo, last: OTHER };
}

/** Puts a pasted text in, which undo takes back whole. */
export function paste(state: EditorState, text: string): EditorState {
  const next = changed(
    state,
    state.text.slice(0, state.cursor) + text + state.text.slice(state.cursor),
    state.cursor + text.length,
  );
  const top = next.undo.at(-1);
  if (top === undefined || text === '') return next;
  return {
    ...next,
    undo: [...next.undo.slice(0, -1), { ...top, insertedTo: next.cursor, bytes: text.length }],
  };
}

/** Takes back the last step. Undefined when there is none. */
export function undone(state: EditorState): EditorState | undefined {
  const top = state.undo.at(-1);
  if (top === undefined) return undefined;
  return { ...state, text: top.text, cursor: top.cursor, undo: state.undo.slice(0, -1), last: OTHER };
}

/** Shows an entry of the history, or the draft behind it. Undefined where there is none. */
export function recall(state: EditorState, at: number): EditorState | undefined {
  if (at < 0 || at > state.history.length || at === state.historyAt) return undefined;
  const drafts = new Map(state.drafts).set(state.historyAt, state.text);
  const text = drafts.get(at) ?? state.history[at] ?? '';
  return { ...state, text, cursor: text.length, historyAt: at, drafts, undo: [], last: OTHER };
}
