import { changed, type EditorState, moved, recall, undone } from './line-state.ts';

const KILLS_MAX = 10;

/** Keys of several names. */
const SAME: Readonly<Record<string, string>> = {
  '\x1b[H': '\x01',
  '\x1bOH': '\x01',
  '\x1b[1~': '\x01',
  '\x1b[7~': '\x01',
  '\x1b[F': '\x05',
  '\x1bOF': '\x05',
  '\x1b[4~': '\x05',
  '\x1b[8~': '\x05',
  '\x1b[D': '\x02',
  '\x1bOD': '\x02',
  '\x1b[C': '\x06',
  '\x1bOC': '\x06',
  '\x1b[1;5D': '\x1bb',
  '\x1b[1;3D': '\x1bb',
  '\x1b[1;5C': '\x1bf',
  '\x1b[1;3C': '\x1bf',
  '\b': '\x7f',
  '\x1b\b': '\x1b\x7f',
  '\x1b[A': '\x10',
  '\x1bOA': '\x10',
  '\x1b[B': '\x0e',
  '\x1bOB': '\x0e',
  '\x1b_': '\x1b.',
  '\x18\x15': '\x1f',
  '\x18\x7f': '\x15',
};

/** The keys that move and change the line; undefined for keys that mean nothing here, or nothing at all. */
export function edit(state: EditorState, key: string): EditorState | undefined {
  const { text, cursor } = state;
  switch (SAME[key] ?? key) {
    case '\x01':
      return moved(state, 0);
    case '\x05':
      return moved(state, text.length);
    case '\x02':
      return moved(state, before(text, cursor));
    case '\x06':
      return moved(state, after(text, cursor));
    case '\x1bb':
      return moved(state, wordStart(text, cursor));
    case '\x1bf':
      return moved(state, wordEnd(text, cursor));
    case '\x7f':
      return drop(state, before(text, cursor), cursor);
    case '\x04':
      return drop(state, cursor, after(text, cursor), 'delete');
    case '\x1b[3~':
      return drop(state, cursor, after(text, cursor));
    case '\x1b\\':
      return drop(
        state,
        cursor - blanks(text.slice(0, cursor), /[ \t]*$/),
        cursor + blanks(text.slice(cursor), /^[ \t]*/),
      );
    case '\x0b':
      return cut(state, cursor, text.length);
    case '\x15':
      return cut(state, 0, cursor);
    case '\x17':
      return cut(state, blankWordStart(text, cursor), cursor);
    case '\x1b\x7f':
      return cut(state, wordStart(text, cursor), cursor);
    case '\x1bd':
      return cut(state, cursor, wordEnd(text, cursor));
    case '\x1f':
      return undone(state);
    case '\x1br': {
      const first = state.undo[0];
      return first === undefined ? undefined : { ...moved(state, first.cursor), text: first.text, undo: [] };
    }
    case '\x1b[2~':
      return { ...moved(state, cursor), isOverwriting: !state.isOverwriting };
    default:
      return editWords(state, SAME[key] ?? key);
  }
}

function editWords(state: EditorState, key: string): EditorState | undefined {
  switch (key) {
    case '\x19':
      return putIn(state, state.kills.at(-1) ?? '', state.cursor, 'yank', 0);
    case '\x1by':
      if (state.last.kind !== 'yank' || state.kills.length === 0) return undefined;
      return putIn(
        state,
        state.kills.at(-1 - ((state.last.at + 1) % state.kills.length)) ?? '',
        state.last.start,
        'yank',
        (state.last.at + 1) % state.kills.length,
      );
    case '\x1b.':
      return lastArgument(state);
    case '\x14':
      return transpose(state);
    case '\x1bt':
      return transposeWords(state);
    case '\x1bu':
      return recase(state, (word) => word.toUpperCase());
    case '\x1bl':
      return recase(state, (word) => word.toLowerCase());
    case '\x1bc':
      return recase(state, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase());
    case '\x10':
      return recall(state, state.historyAt - 1);
    case '\x0e':
      return recall(state, state.historyAt + 1);
    case '\x1b<':
      return recall(state, 0);
    case '\x1b>':
      return recall(state, state.history.length);
    default:
      return undefined;
  }
}

/** Ctrl-] and Meta-Ctrl-]: the cursor at the next or the last such character. */
export function seek(state: EditorState, key: string, char: string): EditorState | undefined {
  const { text, cursor } = state;
  const at =
    key === '\x1d' ? text.indexOf(char, cursor + 1) : cursor === 0 ? -1 : text.lastIndexOf(char, cursor - 1);
  return at < 0 ? undefined : moved(state, at);
}

function drop(
  state: EditorState,
  from: number,
  to: number,
  last: 'other' | 'delete' = 'other',
): EditorState | undefined {
  if (from >= to) return undefined;
  return changed(state, state.text.slice(0, from) + state.text.slice(to), from, { kind: last });
}

function cut(state: EditorState, from: number, to: number): EditorState {
  const killed = state.text.slice(from, to);
  if (killed === '') return { ...state, last: { kind: 'other' } };
  const { kills } = state;
  const joined = from < state.cursor ? killed + (kills.at(-1) ?? '') : (kills.at(-1) ?? '') + killed;
  return {
    ...changed(state, state.text.slice(0, from) + state.text.slice(to), from, { kind: 'kill' }),
    kills:
      state.last.kind === 'kill' ? [...kills.slice(0, -1), joined] : [...kills.slice(1 - KILLS_MAX), killed],
  };
}

/** Puts text in from `start` up to the cursor, in place of what a key of the kind put there before. */
function putIn(
  state: EditorState,
  added: string,
  start: number,
  kind: 'yank' | 'argument',
  at: number,
): EditorState {
  const text = state.text.slice(0, start) + added + state.text.slice(state.cursor);
  return changed(state, text, start + added.length, { kind, start, at });
}

/** The last word of the command before; again: of the one before that. */
function lastArgument(state: EditorState): EditorState | undefined {
  const { last, history } = state;
  const at = last.kind === 'argument' ? last.at + 1 : 1;
  const line = history.at(-at);
  if (line === undefined || at > history.length) return undefined;
  const words = line.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return putIn(
    state,
    words.at(-1) ?? '',
    last.kind === 'argument' ? last.start : state.cursor,
    'argument',
    at,
  );
}

function transpose(state: EditorState): EditorState | undefined {
  const { text } = state;
  const at = Math.min(state.cursor, before(text, text.length));
  if (at === 0) return undefined;
  const left = before(text, at);
  const right = after(text, at);
  return changed(
    state,
    text.slice(0, left) + text.slice(at, right) + text.slice(left, at) + text.slice(right),
    right,
  );
}

function transposeWords(state: EditorState): EditorState | undefined {
  const { text } = state;
  const secondEnd = wordEnd(text, state.cursor);
  const second = wordStart(text, secondEnd);
  const first = wordStart(text, second);
  const firstEnd = wordEnd(text, first);
  if (first === second || second < firstEnd) return undefined;
  const swapped =
    text.slice(0, first) +
    text.slice(second, secondEnd) +
    text.slice(firstEnd, second) +
    text.slice(first, firstEnd) +
    text.slice(secondEnd);
  return changed(state, swapped, secondEnd);
}

function recase(state: EditorState, change: (word: string) => string): EditorState {
  const { text, cursor } = state;
  const end = wordEnd(text, cursor);
  const part = text.slice(cursor, end).replace(/[\p{L}\p{N}]+/gu, change);
  return changed(state, text.slice(0, cursor) + part + text.slice(end), end);
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
  return Math.max(0, text.slice(0, at).search(/[\p{L}\p{N}]+[^\p{L}\p{N}]*$/u));
}

function wordEnd(text: string, at: number): number {
  return at + blanks(text.slice(at), /^[^\p{L}\p{N}]*[\p{L}\p{N}]*/u);
}

function blankWordStart(text: string, at: number): number {
  return Math.max(0, text.slice(0, at).search(/\S+\s*$/));
}

function blanks(text: string, pattern: RegExp): number {
  return pattern.exec(text)?.[0].length ?? 0;
}
