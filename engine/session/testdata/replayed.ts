import type { LabBundle } from '../../lab/bundle.ts';
import type { JournalEntry, JournalHeader } from '../protocol.ts';
import { verify } from '../timeline.ts';

/** A moment of a sandbox: virtual time and scheduler step. */
export type Moment = { readonly atMs: number; readonly step: number };

/** A history and the moment at which it is looked at. */
export type History = {
  readonly header: JournalHeader;
  readonly entries: readonly JournalEntry[];
  readonly end: Moment;
};

/** What a replay of a history came to. */
export type Outcome = { readonly hash: string; readonly solved: readonly number[]; readonly faithful: boolean };

/** Replays the whole history, undone branches too, and says what it came to. The same in every realm. */
export async function replayed(bundle: LabBundle, history: History): Promise<Outcome> {
  const { sandbox, solved, faithful } = await verify(bundle, history.header, history.entries);
  const isThere = await sandbox.runTo(history.end.atMs, history.end.step);
  return {
    hash: sandbox.hash(),
    solved: [...new Set([...solved, ...sandbox.solved])].sort((a, b) => a - b),
    faithful: faithful && isThere,
  };
}
