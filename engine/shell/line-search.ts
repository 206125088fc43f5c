import { type EditorState, type LineSearch, recall } from './line-state.ts';

/** The lines that are searched: the history as it is shown, and the line being typed behind it. */
function lineAt(state: EditorState, from: LineSearch['from'], at: number): string {
  if (at === from.historyAt) return from.text;
  return state.drafts.get(at) ?? state.history[at] ?? '';
}

/** Begins an incremental search backwards (Ctrl-R). */
export function beginSearch(state: EditorState): EditorState {
  const { text, cursor, historyAt } = state;
  return {
    ...state,
    search: { query: '', line: historyAt, at: cursor, isFailed: false, from: { text, cursor, historyAt } },
  };
}

/** A key of the search; undefined when the key ends it and means what it means elsewhere. */
export function searchKey(state: EditorState, search: LineSearch, key: string): EditorState | undefined {
  if (key === '\x12') {
    if (search.query === '') return state;
    return find(state, { ...search, at: search.at - 1 });
  }
  if (key === '\x7f' || key === '\b')
    return search.query === '' ? state : find(state, { ...search, query: search.query.slice(0, -1) });
  if (key === '\x07') {
    const { from } = search;
    return { ...state, ...from, search: undefined };
  }
  return /^[\x00-\x1f\x7f]/.test(key) ? undefined : find(state, { ...search, query: search.query + key });
}

function find(state: EditorState, search: LineSearch): EditorState {
  const { query, from } = search;
  const shown = state.text;
  let { line, at } = search;
  for (; line >= 0; line--, at = Number.POSITIVE_INFINITY) {
    const text = lineAt(state, from, line);
    // A line that is shown already is not found again under another number.
    if (line !== search.line && text === shown) continue;
    const place = at < 0 ? -1 : text.lastIndexOf(query, at);
    if (place < 0) continue;
    return { ...state, text, cursor: place, search: { ...search, line, at: place, isFailed: false } };
  }
  return { ...state, search: { ...search, at: 0, isFailed: true } };
}

/** Leaves the search at what it found. */
export function endSearch(state: EditorState, { line, isFailed, from }: LineSearch): EditorState {
  const { text, cursor } = state;
  const began = { ...state, ...from, search: undefined };
  const at = recall(began, line) ?? began;
  return { ...at, text, cursor: isFailed ? 0 : cursor };
}
