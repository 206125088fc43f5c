import { z } from 'zod';
import { canonicalJson } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import { decodeEntries, decodeHeader, isFault } from '../../engine/session/journal.ts';
import { type JournalEntry, type JournalHeader, REPLAY_VERSION } from '../../engine/session/protocol.ts';
import { type Database, database } from './db.ts';
import { Refusal } from './http.ts';
import { entriesOf } from './journal.ts';
import { readLab } from './labs.ts';
import { mark, marksOf, noteEntries, type Queries } from './marks.ts';
import { RateLimit } from './rate.ts';
import { verifier } from './verify.ts';

/** Bytes of an append's body: the largest journal, with room for escapes. */
export const APPEND_BYTES_MAX = LIMITS.journalCharactersMax + 1_048_576;

/** How long a writer keeps the lease without renewing it, ms. */
export const LEASE_MS = 30_000;

/** Appends of one guest within a minute, and new guests of this process within a minute. */
export const appendRate = new RateLimit(60, 60_000);
export const guestRate = new RateLimit(600, 60_000);

const attemptId = z.string().regex(/^[0-9a-f]{32}$/, 'is no attempt');
const writer = z.string().regex(/^[\w.-]{1,64}$/, 'is no writer');
const indices = z.array(z.int().min(0).max(999)).max(200).default([]);

const appendShape = z.object({
  header: z.unknown(),
  from: z.int().min(1),
  entries: z.unknown(),
  writer,
  takeOver: z.boolean().default(false),
  task: z.int().min(0).max(999).optional(),
  solved: indices,
});

const leaseShape = z.object({
  writer,
  takeOver: z.boolean().default(false),
  isLeaving: z.boolean().default(false),
  solved: indices,
});

/** A piece of journal as a page sends it, proved in its form. `solved` are the tasks that the page believes solved. */
export type Piece = {
  readonly attempt: string;
  readonly header: JournalHeader;
  readonly lab: LabBundle;
  readonly from: number;
  readonly entries: readonly JournalEntry[];
  readonly writer: string;
  readonly takeOver: boolean;
  readonly task: number | undefined;
  readonly solved: readonly number[];
};

/** What an append or a renewed lease is answered with. */
export type Kept = {
  readonly upTo: number;
  readonly verified: readonly number[];
  /** True while a replay is due or under way; ask again soon. `busy`: too many are waiting, ask again later. */
  readonly isVerifying: boolean | 'busy';
  /** True when the lab or the engine has changed since this attempt began: it is kept, but only a reload goes on verified. */
  readonly isOutdated: boolean;
};

function parse<T>(shape: z.ZodType<T>, raw: unknown): T {
  const result = shape.safeParse(raw);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Refusal(
    400,
    `The request is not as it should be: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

async function labOf(slug: string): Promise<LabBundle> {
  const lab = await readLab(slug);
  if (lab === undefined) throw new Refusal(404, 'There is no such lab.');
  return lab;
}

/** Proves the form of a piece of journal. @throws Refusal 400, 404, 413 or 422, with words. */
export async function decodePiece(id: string, raw: unknown): Promise<Piece> {
  const { header: rawHeader, entries: rawEntries, task, ...rest } = parse(appendShape, raw);
  const head = decodeHeader(rawHeader);
  if (isFault(head)) throw new Refusal(422, `The journal was not taken: ${head.error}.`);
  if (!/^[\w.:-]*$/.test(head.header.labVersion))
    throw new Refusal(422, 'The journal names no version of a lab.');
  const lab = await labOf(head.header.lab);
  const decoded = decodeEntries(rawEntries, rest.from);
  if (isFault(decoded)) {
    const isTooLong =
      Array.isArray(rawEntries) && rest.from - 1 + rawEntries.length > LIMITS.journalEntriesMax;
    throw new Refusal(isTooLong ? 413 : 422, `The journal was not taken: ${decoded.error}.`);
  }
  return { attempt: parse(attemptId, id), header: head.header, lab, entries: decoded.entries, task, ...rest };
}

/** Takes one of a learner's appends into account; guests have a limit. @throws Refusal 429. */
export function countAppend(learner: string, isNew: boolean): void {
  if (isNew ? guestRate.take('all') : appendRate.take(learner)) return;
  throw new Refusal(429, 'That is more than the server takes in a minute. It goes on by itself in a moment.');
}

/** What is known of an attempt's state. */
type Known = { readonly upTo: number; readonly checkedUpTo: number; readonly isOutdated: boolean };

/** Appends a piece; when it returns, the piece is committed. The same piece again changes nothing. */
export async function append(learner: string, piece: Piece): Promise<Kept> {
  const db = await database();
  const known = await db.$transaction((tx) => appendIn(tx, learner, piece));
  return keptOf(db, learner, piece.lab, piece.attempt, known, piece.solved);
}

async function appendIn(tx: Queries, learner: string, piece: Piece): Promise<Known> {
  await lockLearner(tx, learner);
  const found = await tx.attempt.findMany({
    where: { OR: [{ id: piece.attempt }, { learnerId: learner, lab: piece.lab.slug, closedAt: null }] },
  });
  const attempt = found.find(({ id }) => id === piece.attempt) ?? null;
  const others = found.filter(({ id }) => id !== piece.attempt);
  const isForeign =
    attempt !== null && (attempt.learnerId !== learner || attempt.header !== canonicalJson(piece.header));
  if (isForeign || (attempt === null && piece.from !== 1)) throw conflict(0);
  for (const other of [attempt, ...others]) checkLease(other, piece.writer, piece.takeOver);
  const fresh = await newEntries(tx, piece, attempt?.upTo ?? 0);
  const text = JSON.stringify(fresh);
  const characters = (attempt?.characters ?? 0) + (fresh.length === 0 ? 0 : text.length);
  if (characters > LIMITS.journalCharactersMax)
    throw new Refusal(
      413,
      'This attempt has reached the length that can be kept. Reset the lab to go on; what is solved stays solved.',
    );
  for (const other of others) await close(tx, other.id);
  if (attempt === null) await addLearner(tx, learner);
  const task = await noteEntries(tx, learner, piece.lab, attempt?.task, fresh);
  const upTo = (attempt?.upTo ?? 0) + fresh.length;
  const state = {
    upTo,
    characters,
    task: piece.task ?? task,
    writer: piece.writer,
    writerUntil: new Date(Date.now() + LEASE_MS),
    changedAt: new Date(),
    closedAt: null,
  };
  if (attempt === null)
    await tx.attempt.create({
      data: { id: piece.attempt, learnerId: learner, ...headOf(piece.header), ...state },
    });
  else await tx.attempt.update({ where: { id: attempt.id }, data: state });
  if (fresh.length > 0)
    await tx.journalPiece.create({
      data: { attemptId: piece.attempt, from: upTo - fresh.length + 1, upTo, entries: text },
    });
  return { upTo, checkedUpTo: attempt?.checkedUpTo ?? 0, isOutdated: isOlder(piece.header, piece.lab) };
}

/** Makes other writes of the same learner wait for this one's end. */
async function lockLearner(tx: Queries, learner: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${learner}, 0))`;
}

/** Makes the guest's row when it is missing. */
async function addLearner(tx: Queries, learner: string): Promise<void> {
  const now = new Date();
  await tx.$executeRaw`INSERT INTO learner (id, created_at) VALUES (${learner}, ${now}) ON CONFLICT (id) DO NOTHING`;
}

function headOf(header: JournalHeader) {
  const { lab, labVersion, replayVersion } = header;
  return { lab, labVersion, replayVersion, header: canonicalJson(header) };
}

function conflict(upTo: number): Refusal {
  return new Refusal(409, 'The server has other entries at this place.', { upTo });
}

type Leased = { readonly writer: string | null; readonly writerUntil: Date | null };

function isLeasedElsewhere(attempt: Leased, writer: string): boolean {
  return (
    attempt.writer !== null && attempt.writer !== writer && (attempt.writerUntil?.getTime() ?? 0) > Date.now()
  );
}

function checkLease(attempt: Leased | null, writer: string, takeOver: boolean): void {
  if (attempt === null || takeOver || !isLeasedElsewhere(attempt, writer)) return;
  throw new Refusal(423, 'This lab is open for writing in another tab or on another device.');
}

async function close(tx: Queries, id: string): Promise<void> {
  await tx.attempt.update({ where: { id }, data: { closedAt: new Date(), writer: null, writerUntil: null } });
}

/** The entries of a piece that are not kept yet. @throws Refusal 409 where kept ones differ, or some are missing between. */
async function newEntries(tx: Queries, piece: Piece, upTo: number): Promise<readonly JournalEntry[]> {
  if (piece.from > upTo + 1) throw conflict(upTo);
  const known = piece.entries.filter((entry) => entry.sequence <= upTo);
  if (known.length === 0) return piece.entries;
  const kept = await entriesOf(tx, piece.attempt, piece.from, piece.from + known.length - 1);
  if (canonicalJson(kept) !== canonicalJson(known)) throw conflict(upTo);
  return piece.entries.slice(known.length);
}

/** Marks what the page believes solved, has it verified when that is due, and says how things stand. */
async function keptOf(
  db: Database,
  learner: string,
  lab: LabBundle,
  id: string,
  { upTo, checkedUpTo, isOutdated }: Known,
  solved: readonly number[],
): Promise<Kept> {
  const before = await marksOf(db, learner, lab);
  const claimed = solved.filter((task) => task < lab.tasks.length);
  const unmarked = claimed.filter((task) => !before.solved.includes(task));
  await mark(db, learner, lab, unmarked, false);
  const isDue = !isOutdated && claimed.some((task) => !before.verified.includes(task)) && checkedUpTo < upTo;
  const isVerifying = isDue ? verifier().ask(id, learner) : verifier().isWaiting(id);
  return { upTo, verified: before.verified, isVerifying, isOutdated };
}

function isOlder(
  attempt: { readonly labVersion: string; readonly replayVersion: number },
  lab: LabBundle,
): boolean {
  return attempt.labVersion !== lab.version || attempt.replayVersion !== REPLAY_VERSION;
}

/** Renews, takes over or gives back the lease of an attempt; says how it stands. @throws Refusal 404, 423. */
export async function lease(learner: string, id: string, raw: unknown): Promise<Kept> {
  const wanted = parse(leaseShape, raw);
  const db = await database();
  const attempt = await db.$transaction(async (tx) => {
    await lockLearner(tx, learner);
    const found = await tx.attempt.findUnique({ where: { id } });
    if (found === null || found.learnerId !== learner) throw new Refusal(404, 'There is no such attempt.');
    if (found.closedAt !== null && !wanted.isLeaving)
      throw new Refusal(423, 'This lab goes on in another attempt, in another tab or on another device.');
    if (wanted.isLeaving && found.writer !== wanted.writer) return found;
    checkLease(found, wanted.writer, wanted.takeOver);
    const writerUntil = new Date(wanted.isLeaving ? 0 : Date.now() + LEASE_MS);
    await tx.attempt.update({ where: { id }, data: { writer: wanted.writer, writerUntil } });
    return found;
  });
  const lab = await labOf(attempt.lab);
  const { upTo, checkedUpTo } = attempt;
  return keptOf(
    db,
    learner,
    lab,
    id,
    { upTo, checkedUpTo, isOutdated: isOlder(attempt, lab) },
    wanted.solved,
  );
}

/** What a page gets of a learner's open attempt. */
export type OpenAttempt = {
  readonly id: string;
  readonly header: JournalHeader;
  readonly entries: readonly JournalEntry[];
  readonly task: number;
  readonly solved: readonly number[];
  readonly verified: readonly number[];
  readonly isWrittenElsewhere: boolean;
  /** True when it cannot be replayed any more: `entries` is empty, and `files` (path → content) is what is left of it. */
  readonly isOutdated: boolean;
  readonly files?: Readonly<Record<string, string>>;
};

/** A learner's open attempt at a lab; undefined without one. @throws Refusal 404 for a lab that does not exist. */
export async function openAttempt(
  learner: string,
  slug: string,
  writer: string,
): Promise<OpenAttempt | undefined> {
  const lab = await labOf(slug);
  const db = await database();
  const attempt = await db.attempt.findFirst({
    where: { learnerId: learner, lab: slug, closedAt: null },
    include: { keyframe: true },
  });
  if (attempt === null) return undefined;
  const entries = await entriesOf(db, attempt.id);
  const isOutdated = isOlder(attempt, lab);
  return {
    id: attempt.id,
    header: JSON.parse(attempt.header) as JournalHeader,
    entries: isOutdated ? [] : entries,
    task: Math.min(attempt.task, lab.tasks.length - 1),
    ...(await marksOf(db, learner, lab)),
    isWrittenElsewhere: isLeasedElsewhere(attempt, writer),
    isOutdated,
    ...(isOutdated && { files: filesOf(attempt.keyframe, entries) }),
  };
}

/** The learner's files: those of the keyframe, and over them what was saved since. */
function filesOf(
  keyframe: { readonly upTo: number; readonly files: string } | null,
  entries: readonly JournalEntry[],
): Readonly<Record<string, string>> {
  const files = new Map<string, string>(
    Object.entries(JSON.parse(keyframe?.files ?? '{}') as Record<string, string>),
  );
  for (const { sequence, input } of entries)
    if (input.kind === 'save' && sequence > (keyframe?.upTo ?? 0)) files.set(input.path, input.content);
  return Object.fromEntries(files);
}
