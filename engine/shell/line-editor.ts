import type { Completion } from './completion.ts';
import { edit, seek } from './line-keys.ts';
import { beginSearch, endSearch, searchKey } from './line-search.ts';
import { changed, type EditorState, insert, paste } from './line-state.ts';
import { type Place, placeAfter } from './text-width.ts';

export type { EditorState };

/** What the terminal's edge must do, in order. `write` is text for the terminal, escape sequences included. */
export type EditorEffect =
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'submit'; readonly line: string }
  | {
      readonly kind: 'complete';
      readonly line: string;
      readonly cursor: number;
      readonly isRepeated: boolean;
    }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' };

/** A state with what is to be done about it. */
export type Edited = { readonly state: EditorState; readonly effects: readonly EditorEffect[] };

/** A new line at a prompt. Write the prompt yourself, or take `redraw`. */
export function createEditor(
  prompt: string,
  columns: number,
  history: readonly string[],
  kills: readonly string[] = [],
  lead = '',
): EditorState {
  return {
    lead,
    prompt,
    columns: Math.max(2, columns),
    text: '',
    cursor: 0,
    history,
    historyAt: history.length,
    drafts: new Map(),
    kills,
    undo: [],
    isOverwriting: false,
    row: placeAfter(lead + prompt, Math.max(2, columns)).row,
    search: undefined,
    paste: undefined,
    partial: '',
    awaiting: undefined,
    asked: undefined,
    last: { kind: 'other' },
  };
}

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
const SEQUENCE = /^\x18[^\x12]|^\x1b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z]|[^[O])/;
const PARTIAL = /^(?:\x18|\x1b(?:\[[0-9;?]*|O)?)$/;

/** More names than this are listed only after a question. */
const ASK_ABOVE = 100;

/** Takes keys as a terminal sends them (one or many) and gives the new line and what to do. */
export function pressKeys(state: EditorState, data: string): Edited {
  let now: EditorState = { ...state, partial: '' };
  let rest = state.partial + data;
  const effects: EditorEffect[] = [];
  while (rest !== '') {
    if (now.paste !== undefined) {
      const end = rest.indexOf(PASTE_END);
      const text = now.paste + (end < 0 ? rest : rest.slice(0, end));
      rest = end < 0 ? '' : rest.slice(end + PASTE_END.length);
      now = { ...now, paste: end < 0 ? text : undefined };
      if (end < 0) continue;
      now =
        now.search === undefined
          ? draw(paste(now, pasted(text)), effects)
          : press(now, pasted(text), effects);
      continue;
    }
    if (rest.startsWith(PASTE_START)) {
      now = { ...now, paste: '' };
      rest = rest.slice(PASTE_START.length);
      continue;
    }
    if (PARTIAL.test(rest) && rest !== '\x1b') return { state: { ...now, partial: rest }, effects };
    const key = SEQUENCE.exec(rest)?.[0] ?? plainRun(rest);
    rest = rest.slice(key.length);
    now = press(now, key, effects);
  }
  return { state: now, effects };
}

/** The cursor's column when printed characters (ASCII) typed now would merely be echoed, up to the row's end; else undefined. */
export function echoColumn(state: EditorState): number | undefined {
  const { text, cursor, columns, search, paste, partial, awaiting, asked } = state;
  const isElsewhere = search !== undefined || paste !== undefined || asked !== undefined;
  if (cursor < text.length || isElsewhere || partial !== '' || awaiting !== undefined) return undefined;
  const end = placeAfter(state.lead + state.prompt + text, columns);
  return end.row === state.row ? end.column : undefined;
}

/** A run of printable characters, or one control character. */
function plainRun(rest: string): string {
  return /^[^\x00-\x1f\x7f]+/.exec(rest)?.[0] ?? rest.slice(0, 1);
}

function pasted(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

function press(state: EditorState, key: string, effects: EditorEffect[]): EditorState {
  if (state.asked !== undefined) return answer(state, state.asked, key, effects);
  if (state.awaiting !== undefined) return complement(state, state.awaiting, key, effects);
  if (state.search !== undefined) {
    const found = searchKey(state, state.search, key);
    if (found !== undefined) return draw(found, effects);
    if (key === '\x03') return interrupt(state, effects);
    const left = draw(endSearch(state, state.search), effects);
    return key === '\x1b' ? left : press(left, key, effects);
  }
  switch (key) {
    case '\r':
    case '\n':
      return submit(state, effects);
    case '\x1b#':
      return submit(draw({ ...state, text: `#${state.text}`, cursor: 0 }, effects), effects);
    case '\x03':
      return interrupt(state, effects);
    case '\t':
    case '\x1b?':
      effects.push({
        kind: 'complete',
        line: state.text,
        cursor: state.cursor,
        isRepeated: key !== '\t' || state.last.kind === 'tab',
      });
      return { ...state, last: { kind: 'tab' } };
    case '\x0c':
      effects.push({ kind: 'write', text: '\x1b[H\x1b[2J' });
      return draw({ ...state, lead: '', row: 0 }, effects);
    case '\x12':
      return draw(beginSearch(state), effects);
    case '\x16':
    case '\x1d':
    case '\x1b\x1d':
      return { ...state, awaiting: key };
    default:
      if (key !== '\x04' || state.text !== '' || state.last.kind === 'delete')
        return change(state, key, effects);
      effects.push({ kind: 'write', text: '\r\n' }, { kind: 'end' });
      return state;
  }
}

function change(state: EditorState, key: string, effects: EditorEffect[]): EditorState {
  const isPlain = !/^[\x00-\x1f\x7f]/.test(key);
  const next = isPlain ? insert(state, key) : edit(state, key);
  if (next === undefined) return { ...state, last: { kind: 'other' } };
  const atEnd =
    isPlain && state.cursor === state.text.length && !/[^\x20-\x7e]/.test(key) && state.row === next.row;
  const end = endOf(next);
  // The usual key, a letter at the end of a row that has room, is just echoed.
  if (atEnd && end.row === endOf(state).row && end.column > 0) {
    effects.push({ kind: 'write', text: key });
    return next;
  }
  return draw(next, effects);
}

/** The character that a key waited for. */
function complement(state: EditorState, awaiting: string, key: string, effects: EditorEffect[]): EditorState {
  const free = { ...state, awaiting: undefined };
  const [char = '', ...rest] = key;
  const next =
    awaiting !== '\x16'
      ? seek(free, awaiting, char)
      : /[\x00-\x1f\x7f]/.test(char)
        ? undefined
        : insert(free, char);
  const drawn = next === undefined ? free : draw(next, effects);
  return rest.length === 0 ? drawn : press(drawn, rest.join(''), effects);
}

/** Yes or no to the question whether to list very many names. */
function answer(
  state: EditorState,
  names: readonly string[],
  key: string,
  effects: EditorEffect[],
): EditorState {
  const [char = '', ...rest] = key;
  const isYes = /[yY ]/.test(char);
  if (!isYes && !/[nN\x7f\x07\x03\b]/.test(char)) return state;
  const free = { ...state, lead: '', asked: undefined, row: 0 };
  if (char === '\x03') return interrupt(free, effects);
  effects.push({ kind: 'write', text: `\r\n${isYes ? listColumns(names, state.columns) : ''}` });
  const drawn = draw(free, effects);
  return rest.length === 0 ? drawn : press(drawn, rest.join(''), effects);
}

/** Ctrl-C: said where the cursor is; the line stays on the screen. */
function interrupt(state: EditorState, effects: EditorEffect[]): EditorState {
  const { row } = endOf(state);
  const down = row > state.row ? `\x1b[${row - state.row}B` : '';
  effects.push({ kind: 'write', text: `^C${down}\r\n` }, { kind: 'interrupt' });
  return createEditor(state.prompt, state.columns, state.history, state.kills);
}

function submit(state: EditorState, effects: EditorEffect[]): EditorState {
  // A text that fills its last row has the cursor on a row of its own already.
  const isOnNewRow = state.text !== '' && endOf(state).column === 0;
  const text = `${toEnd(state)}${isOnNewRow ? '' : '\r\n'}`;
  effects.push({ kind: 'write', text }, { kind: 'submit', line: state.text });
  return createEditor(state.prompt, state.columns, state.history, state.kills);
}

function endOf({ lead, prompt, text, columns }: EditorState): Place {
  return placeAfter(lead + prompt + text, columns);
}

/** Moves the terminal's cursor to the row of the text's end. */
function toEnd(state: EditorState): string {
  const end = endOf(state);
  return (
    (end.row > state.row ? `\x1b[${end.row - state.row}B` : '') +
    '\r' +
    (end.column > 0 ? `\x1b[${end.column}C` : '')
  );
}

/** Draws the whole line anew from the prompt's first row and puts the cursor in its place. */
export function redraw(state: EditorState): { readonly state: EditorState; readonly text: string } {
  const { text, cursor, search } = state;
  const prompt =
    state.lead +
    (search === undefined
      ? state.prompt
      : `(${search.isFailed ? 'failed ' : ''}reverse-i-search)\`${search.query}': `);
  const up = state.row > 0 ? `\x1b[${state.row}A` : '';
  const end = placeAfter(prompt + text, state.columns);
  const want = placeAfter(prompt + text.slice(0, cursor), state.columns);
  // At the right edge the terminal waits with the wrap; a newline makes the row that the cursor stands on.
  const wrap = end.column === 0 && text !== '' && !text.endsWith('\n') ? '\r\n' : '';
  const back = `${end.row > want.row ? `\x1b[${end.row - want.row}A` : ''}\r${want.column > 0 ? `\x1b[${want.column}C` : ''}`;
  const shown = (prompt + text).replace(/\n/g, '\r\n');
  return { state: { ...state, row: want.row }, text: `${up}\r\x1b[J${shown}${wrap}${back}` };
}

function draw(state: EditorState, effects: EditorEffect[]): EditorState {
  const drawn = redraw(state);
  effects.push({ kind: 'write', text: drawn.text });
  return drawn.state;
}

/**
 * The line on a terminal of another width. The caller clears nothing: the line is drawn anew. xterm leaves the rows of the
 * line that holds the cursor as they were, so the cursor is still as far below the line's first row as it was.
 */
export function resize(
  state: EditorState,
  columns: number,
): { readonly state: EditorState; readonly text: string } {
  return redraw({ ...state, columns: Math.max(2, columns) });
}

/** Takes what completion found: one candidate is put in, several lengthen the word, and a Tab that can do no more lists them. */
export function applyCompletion(state: EditorState, found: Completion, isRepeated: boolean): Edited {
  const effects: EditorEffect[] = [];
  const bell: Edited = { state, effects: [{ kind: 'write', text: '\x07' }] };
  const [only] = found.candidates;
  if (only === undefined) return bell;
  const current = state.text.slice(found.start, state.cursor);
  const isOne = found.candidates.length === 1;
  if (isOne || found.prefix.length > current.length) {
    const text = isOne ? only.insert : found.prefix;
    const line = state.text.slice(0, found.start) + text + state.text.slice(state.cursor);
    const at = found.start + text.length;
    const put = changed(state, line, at);
    const suffix = isOne ? only.suffix : '';
    const whole = changed(put, line.slice(0, at) + suffix + line.slice(at), at + suffix.length);
    return { state: draw(whole, effects), effects };
  }
  if (!isRepeated) return bell;
  const names = found.candidates.map((candidate) => candidate.label);
  if (names.length > ASK_ABOVE) {
    const text = `${toEnd(state)}\r\nDisplay all ${names.length} possibilities? (y or n)`;
    return { state: { ...state, asked: names }, effects: [{ kind: 'write', text }] };
  }
  effects.push({ kind: 'write', text: `${toEnd(state)}\r\n${listColumns(names, state.columns)}` });
  return { state: draw({ ...state, lead: '', row: 0 }, effects), effects };
}

/** Names in columns of one width, filled from top to bottom, as readline lists them. */
function listColumns(names: readonly string[], columns: number): string {
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const rows = Math.ceil(names.length / across);
  return Array.from(
    { length: rows },
    (_, row) =>
      `${names
        .filter((_name, index) => index % rows === row)
        .map((name, column) => (column === across - 1 ? name : name.padEnd(width)))
        .join('')}\r\n`,
  ).join('');
}
