import type { Input, JournalEntry, PageCommand } from '../../engine/session/protocol.ts';
import type { ServerAttempt } from './sync.ts';

/** What the server's copy means for a journal that this page has opened, and perhaps added to, meanwhile. */
export type News =
  /** It has nothing that we have not; it has ours up to `upTo`. */
  | { readonly kind: 'known'; readonly upTo: number }
  /** It went on elsewhere: we go on from there, and do again what was done here since the page was opened. */
  | { readonly kind: 'ahead'; readonly again: readonly Input[] }
  /** Both went on by themselves: each stays as it is. */
  | { readonly kind: 'apart' };

function isSame(a: JournalEntry | undefined, b: JournalEntry | undefined): boolean {
  return a?.step === b?.step && a?.atMs === b?.atMs && a?.input.kind === b?.input.kind;
}

/**
 * Compares this browser's entries with the server's. `openedAt` is how many there were when the page was opened: what came
 * after was done by someone who did not see the server's newer state yet, and means the same on top of it.
 */
export function newsOf(
  own: { readonly id: string; readonly sentTo: number; readonly entries: readonly JournalEntry[] },
  remote: ServerAttempt,
  openedAt: number,
): News {
  const { entries } = own;
  if (remote.isOutdated) return { kind: 'apart' };
  let common = 0;
  while (
    common < Math.min(entries.length, remote.entries.length) &&
    isSame(entries[common], remote.entries[common])
  )
    common++;
  if (remote.id === own.id && remote.entries.length === common) return { kind: 'known', upTo: common };
  const from = remote.id === own.id ? common : openedAt;
  if (from < openedAt || own.sentTo < openedAt) return { kind: 'apart' };
  const again = entries.slice(from).map((entry) => entry.input);
  // What was taken back cannot be done again by itself.
  return again.some(({ kind }) => kind === 'goto' || kind === 'task')
    ? { kind: 'apart' }
    : { kind: 'ahead', again };
}

/** The command that does an input once more; undefined for those that are of no use elsewhere. */
export function commandOf(input: Input): PageCommand | undefined {
  switch (input.kind) {
    case 'line':
      // As a paste, so that the lines of a heredoc stay together.
      return { kind: 'keys', terminal: input.terminal, data: `\x1b[200~${input.text}\x1b[201~\r` };
    case 'bytes':
      return { kind: 'keys', terminal: input.terminal, data: input.data };
    case 'save':
    case 'answer':
    case 'predict':
    case 'browse':
      return input;
    default:
      return undefined;
  }
}
