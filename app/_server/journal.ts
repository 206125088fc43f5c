import { LIMITS } from '../../engine/base/limits.ts';
import type { JournalEntry } from '../../engine/session/protocol.ts';
import type { Queries } from './marks.ts';

/** Kept entries of an attempt in order, `from` to `upTo` included. */
export async function entriesOf(
  queries: Queries,
  attempt: string,
  from = 1,
  upTo: number = LIMITS.journalEntriesMax,
): Promise<readonly JournalEntry[]> {
  const pieces = await queries.journalPiece.findMany({
    where: { attemptId: attempt, upTo: { gte: from }, from: { lte: upTo } },
    orderBy: { from: 'asc' },
  });
  const entries = pieces.flatMap((piece) => JSON.parse(piece.entries) as JournalEntry[]);
  return entries.filter(({ sequence }) => sequence >= from && sequence <= upTo);
}
