import type { LabBundle } from '../../engine/lab/bundle.ts';
import { type JournalEntry, REPLAY_VERSION } from '../../engine/session/protocol.ts';
import type { Attempt } from './journal-store.ts';
import type { ServerAttempt } from './sync.ts';

/** Entries and characters of one piece; the server has a limit for a request and for a journal. */
const PIECE_MAX = 200;
const PIECE_CHARACTERS = 1_000_000;

/** The first entries that fit into one request; at least one. */
export function pieceOf(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  let characters = 0;
  const end = entries.findIndex((entry) => {
    characters += JSON.stringify(entry).length;
    return characters > PIECE_CHARACTERS;
  });
  return entries.slice(0, Math.min(PIECE_MAX, end === -1 ? entries.length : Math.max(end, 1)));
}

/** True for an attempt that the lab, or the engine, has outgrown: it cannot be replayed any more. */
export function isOutdated({ header }: Pick<Attempt, 'header'>, bundle: LabBundle): boolean {
  return header.labVersion !== bundle.version || header.replayVersion !== REPLAY_VERSION;
}

/**
 * A new attempt in place of an outdated one, with its marks; and the files to lay into it: what the server's keyframe
 * holds, over them what this browser knows to have been saved, and over these what it saw in the home folder last.
 */
export function beginAnew(
  fresh: Attempt,
  local: Attempt | undefined,
  localEntries: readonly JournalEntry[],
  remote: ServerAttempt | undefined,
): { readonly attempt: Attempt; readonly files: Readonly<Record<string, string>> } {
  const both = (kind: 'solved' | 'verified') => [
    ...new Set([...(local?.[kind] ?? []), ...(remote?.[kind] ?? [])]),
  ];
  const files = new Map(Object.entries(remote?.files ?? {}));
  for (const { input } of localEntries) if (input.kind === 'save') files.set(input.path, input.content);
  for (const [path, content] of Object.entries(local?.files ?? {})) files.set(path, content);
  return {
    attempt: { ...fresh, solved: both('solved'), verified: both('verified') },
    files: Object.fromEntries(files),
  };
}
