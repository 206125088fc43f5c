import type { Completion } from './completion.ts';
import { placeAfter } from './text-width.ts';

/** The line being edited. Plain data; `cursor` counts UTF-16 units. */
export type EditorState = {
  readonly prompt: string;
  readonly columns: number;
  readonly text: string;
  readonly cursor: number;
  /** Submitted lines, oldest first. */
  readonly history: readonly string[];
  /** The entry shown; `history.length` is the learner's own draft. */
  readonly historyAt: number;
  readonly draft: string;
  /** What Ctrl-Y brings back. */
  readonly killed: string;
  /** The row of the terminal's cursor, from the prompt's first row. */
  readonly row: number;
  /** Incremental search (Ctrl-R): the words so far and the entry found. */
  readonly search: { readonly query: string; readonly at: number; readonly isFailed: boolean } | undefined;
  /** Text of a bracketed paste that has begun. */
  readonly paste: string | undefined;
  /** The start of a key sequence that has not ended. */
  readonly partial: string;
  readonly lastKey: 'tab' | 'kill' | 'other';
};

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
  killed = '',
): EditorState {
  return {
    prompt,
    columns: Math.max(2, columns),
    text: '',
    cursor: 0,
    history,
    historyAt: history.length,
    draft: '',
    killed,
    row: placeAfter(prompt, Math.max(2, columns)).row,
    search: undefined,
    paste: undefined,
    partial: '',
    lastKey: 'other',
  };
}

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
const SEQUENCE = /^\x1b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z]|[^[O])/;
const PARTIAL = /^\x1b(?:\[[0-9;?]*|O)?$/;

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
      now = end < 0 ? { ...now, paste: text } : insert({ ...now, paste: undefined }, pasted(text));
      if (end >= 0) now = draw(now, effects);
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
  const { text, cursor, columns, search, paste, partial } = state;
  if (cursor < text.length || search !== undefined || paste !== undefined || partial !== '') return undefined;
  const end = placeAfter(state.prompt + text, columns);
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
  if (state.search !== undefined) return searchKey(state, key, effects);
  if (key === '\r' || key === '\n') return submit(state, effects);
  if (key === '\x03') {
    effects.push({ kind: 'write', text: `${toEnd(state)}^C\r\n` }, { kind: 'interrupt' });
    return createEditor(state.prompt, state.columns, state.history, state.killed);
  }
  if (key === '\x04' && state.text === '') {
    effects.push({ kind: 'write', text: '\r\n' }, { kind: 'end' });
    return state;
  }
  if (key === '\t') {
    effects.push({
      kind: 'complete',
      line: state.text,
      cursor: state.cursor,
      isRepeated: state.lastKey === 'tab',
    });
    return { ...state, lastKey: 'tab' };
  }
  if (key === '\x0c') {
    effects.push({ kind: 'write', text: '\x1b[H\x1b[2J' });
    return draw({ ...state, row: 0 }, effects);
  }
  if (key === '\x12')
    return drawSearch(
      { ...state, search: { query: '', at: state.history.length, isFailed: false } },
      effects,
    );
  const isPlain = !/^[\x00-\x1f\x7f]/.test(key);
  const next = isPlain ? insert(state, key) : edit(state, key);
  if (next === undefined) return { ...state, lastKey: 'other' };
  const atEnd =
    isPlain && state.cursor === state.text.length && !/[^\x20-\x7e]/.test(key) && state.row === next.row;
  const end = placeAfter(next.prompt + next.text, next.columns);
  // The usual key, a letter at the end of a row that has room, is just echoed.
  if (atEnd && end.row === placeAfter(state.prompt + state.text, state.columns).row && end.column > 0) {
    effects.push({ kind: 'write', text: key });
    return { ...next, lastKey: 'other' };
  }
  return draw(next, effects);
}

function submit(state: EditorState, effects: EditorEffect[]): EditorState {
  effects.push({ kind: 'write', text: `${toEnd(state)}\r\n` }, { kind: 'submit', line: state.text });
  return createEditor(state.prompt, state.columns, state.history, state.killed);
}

/** Moves the terminal's cursor to the row of the text's end. */
function toEnd(state: EditorState): string {
  const end = placeAfter(state.prompt + state.text, state.columns);
  return (
    (end.row > state.row ? `\x1b[${end.row - state.row}B` : '') +
    '\r' +
    (end.column > 0 ? `\x1b[${end.column}C` : '')
  );
}

function insert(state: EditorState, text: string): EditorState {
  return {
    ...state,
    text: state.text.slice(0, state.cursor) + text + state.text.slice(state.cursor),
    cursor: state.cursor + text.length,
    lastKey: 'other',
  };
}

/** The keys that move and change; undefined for keys that mean nothing. */
function edit(state: EditorState, key: string): EditorState | undefined {
  const { text, cursor } = state;
  const move = (to: number): EditorState => ({ ...state, cursor: to, lastKey: 'other' });
  const cut = (from: number, to: number): EditorState => {
    const killed = text.slice(from, to);
    const joined =
      state.lastKey !== 'kill' ? killed : from < cursor ? killed + state.killed : state.killed + killed;
    return {
      ...state,
      text: text.slice(0, from) + text.slice(to),
      cursor: from,
      killed: killed === '' ? state.killed : joined,
      lastKey: 'kill',
    };
  };
  const drop = (from: number, to: number): EditorState => ({
    ...state,
    text: text.slice(0, from) + text.slice(to),
    cursor: from,
    lastKey: 'other',
  });
  switch (key) {
    case '\x01':
    case '\x1b[H':
    case '\x1bOH':
    case '\x1b[1~':
    case '\x1b[7~':
      return move(0);
    case '\x05':
    case '\x1b[F':
    case '\x1bOF':
    case '\x1b[4~':
    case '\x1b[8~':
      return move(text.length);
    case '\x02':
    case '\x1b[D':
    case '\x1bOD':
      return move(before(text, cursor));
    case '\x06':
    case '\x1b[C':
    case '\x1bOC':
      return move(after(text, cursor));
    case '\x1bb':
    case '\x1b[1;5D':
    case '\x1b[1;3D':
      return move(wordStart(text, cursor));
    case '\x1bf':
    case '\x1b[1;5C':
    case '\x1b[1;3C':
      return move(wordEnd(text, cursor));
    case '\x7f':
    case '\b':
      return cursor === 0 ? undefined : drop(before(text, cursor), cursor);
    case '\x04':
    case '\x1b[3~':
      return cursor >= text.length ? undefined : drop(cursor, after(text, cursor));
    case '\x0b':
      return cut(cursor, text.length);
    case '\x15':
      return cut(0, cursor);
    case '\x17':
      return cut(blankWordStart(text, cursor), cursor);
    case '\x1b\x7f':
    case '\x1b\b':
      return cut(wordStart(text, cursor), cursor);
    case '\x1bd':
      return cut(cursor, wordEnd(text, cursor));
    case '\x19':
      return insert(state, state.killed);
    case '\x14':
      return transpose(state);
    case '\x1b.':
    case '\x1b_':
      return insert(state, (state.history.at(-1) ?? '').trim().split(/\s+/).at(-1) ?? '');
    case '\x10':
    case '\x1b[A':
    case '\x1bOA':
      return recall(state, state.historyAt - 1);
    case '\x0e':
    case '\x1b[B':
    case '\x1bOB':
      return recall(state, state.historyAt + 1);
    case '\x1b<':
      return recall(state, 0);
    case '\x1b>':
      return recall(state, state.history.length);
    default:
      return undefined;
  }
}

function recall(state: EditorState, at: number): EditorState | undefined {
  if (at < 0 || at > state.history.length || at === state.historyAt) return undefined;
  const draft = state.historyAt === state.history.length ? state.text : state.draft;
  const text = at === state.history.length ? draft : (state.history[at] ?? '');
  return { ...state, text, cursor: text.length, historyAt: at, draft, lastKey: 'other' };
}

function transpose(state: EditorState): EditorState | undefined {
  const { text } = state;
  const at = Math.min(state.cursor, before(text, text.length));
  if (at === 0) return undefined;
  const left = before(text, at);
  const right = after(text, at);
  return {
    ...state,
    text: text.slice(0, left) + text.slice(at, right) + text.slice(left, at) + text.slice(right),
    cursor: right,
    lastKey: 'other',
  };
}

/** The start of the character before a place: surrogate pairs and combining marks stay whole. */
function before(text: string, at: number): number {
  let place = Math.max(0, at - 1);
  while (
    place > 0 &&
    (/[\udc00-\udfff]/.test(text[place] ?? '') ||
      /^(?:[\u0300-\u036f]|\u200d|\ufe0f)/.test(text.slice(place)) ||
      text[place - 1] === '\u200d')
  )
    place--;
  return place;
}

function after(text: string, at: number): number {
  if (at >= text.length) return text.length;
  let place = at + (/[\ud800-\udbff]/.test(text[at] ?? '') ? 2 : 1);
  while (place < text.length && /^(?:[\u0300-\u036f]|\u200d|\ufe0f)/.test(text.slice(place))) {
    const isJoiner = text[place] === '\u200d';
    place++;
    if (isJoiner && place < text.length) place += /[\ud800-\udbff]/.test(text[place] ?? '') ? 2 : 1;
  }
  return place;
}

function wordStart(text: string, at: number): number {
  return Math.max(0, text.slice(0, at).search(/[\p{L}\p{N}_]+[^\p{L}\p{N}_]*$/u));
}

function wordEnd(text: string, at: number): number {
  return at + (/^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(text.slice(at))?.[0].length ?? 0);
}

function blankWordStart(text: string, at: number): number {
  return Math.max(0, text.slice(0, at).search(/\S+\s*$/));
}

/** Draws the whole line anew from the prompt's first row and puts the cursor in its place. */
export function redraw(state: EditorState): { readonly state: EditorState; readonly text: string } {
  return render(state, state.prompt, state.text, state.cursor);
}

function render(
  state: EditorState,
  prompt: string,
  text: string,
  cursor: number,
): { state: EditorState; text: string } {
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

/** The line on a terminal of another width. The caller clears nothing: the line is drawn anew. */
export function resize(
  state: EditorState,
  columns: number,
): { readonly state: EditorState; readonly text: string } {
  return redraw({
    ...state,
    columns: Math.max(2, columns),
    row: placeAfter(state.prompt + state.text.slice(0, state.cursor), Math.max(2, columns)).row,
  });
}

function searchKey(state: EditorState, key: string, effects: EditorEffect[]): EditorState {
  const { search } = state;
  if (search === undefined) return state;
  if (key === '\x12') return drawSearch(find(state, search.query, search.at - 1), effects);
  if (key === '\x7f' || key === '\b')
    return drawSearch(find(state, search.query.slice(0, -1), state.history.length - 1), effects);
  if (key === '\x07' || key === '\x03') {
    const left = draw({ ...state, search: undefined, text: '', cursor: 0 }, effects);
    return key === '\x03' ? press(left, '\x03', effects) : left;
  }
  if (!/^[\x00-\x1f\x7f]/.test(key))
    return drawSearch(
      find(state, search.query + key, Math.min(search.at, state.history.length - 1)),
      effects,
    );
  const left = draw({ ...state, search: undefined, historyAt: search.at }, effects);
  return key === '\x1b' ? left : press(left, key, effects);
}

function find(state: EditorState, query: string, from: number): EditorState {
  for (let at = Math.min(from, state.history.length - 1); at >= 0; at--) {
    const line = state.history[at] ?? '';
    const place = line.lastIndexOf(query);
    if (place >= 0) return { ...state, text: line, cursor: place, search: { query, at, isFailed: false } };
  }
  return {
    ...state,
    search: { query, at: state.search?.at ?? state.history.length, isFailed: query !== '' },
  };
}

function drawSearch(state: EditorState, effects: EditorEffect[]): EditorState {
  const prompt = `(${state.search?.isFailed === true ? 'failed ' : ''}reverse-i-search)\`${state.search?.query ?? ''}': `;
  const drawn = render(state, prompt, state.text, state.cursor);
  effects.push({ kind: 'write', text: drawn.text });
  return drawn.state;
}

/** Takes what completion found: one candidate is put in, several lengthen the word, and on a second Tab they are listed. */
export function applyCompletion(state: EditorState, found: Completion, isRepeated: boolean): Edited {
  const effects: EditorEffect[] = [];
  const [only] = found.candidates;
  if (only === undefined) return { state, effects: [{ kind: 'write', text: '\x07' }] };
  const put = (text: string): EditorState => {
    const next = {
      ...state,
      text: state.text.slice(0, found.start) + text + state.text.slice(state.cursor),
      cursor: found.start + text.length,
    };
    return draw(next, effects);
  };
  if (found.candidates.length === 1)
    return { state: { ...put(only.insert + only.suffix), lastKey: 'other' }, effects };
  const current = state.text.slice(found.start, state.cursor);
  if (found.prefix.length > current.length) return { state: put(found.prefix), effects };
  if (!isRepeated) return { state, effects: [{ kind: 'write', text: '\x07' }] };
  const names = found.candidates.map((candidate) => candidate.label);
  effects.push({
    kind: 'write',
    text: `${toEnd(state)}\r\n${listColumns(names, state.columns).replace(/\n/g, '\r\n')}`,
  });
  return { state: draw({ ...state, row: 0 }, effects), effects };
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
        .map((name) => name.padEnd(width))
        .join('')
        .trimEnd()}\n`,
  ).join('');
}
