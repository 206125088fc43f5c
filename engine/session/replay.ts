// The Node edge of a session: reads labs from the disk, and (as a worker thread's entry) replays journals for the server.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort } from 'node:worker_threads';
import { LIMITS } from '../base/limits.ts';
import type { LabBundle } from '../lab/bundle.ts';
import { decodeLab, type LabFiles } from '../lab/decode.ts';
import { decodeEntries, decodeHeader, isFault } from './journal.ts';
import { verify } from './timeline.ts';

/** All files below a `labs` folder, path → text. */
export function readLabFiles(folder: string): LabFiles {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
  }
  return files;
}

/** What the server asks of a replay: a journal as it came from a browser. */
export type VerifyRequest = { readonly labsFolder: string; readonly header: unknown; readonly entries: unknown; readonly wallMsMax: number };

/** What a replay found: the solved tasks by index, or why it was refused. */
export type VerifyResult =
  | { readonly ok: true; readonly solved: readonly number[]; readonly hash: string; readonly faithful: boolean; readonly task: number }
  | { readonly ok: false; readonly error: string };

/** Replays a journal with the verifier's limits (DESIGN.md, Security) and says which tasks it solved. Never throws. */
export async function verifyJournal(request: VerifyRequest): Promise<VerifyResult> {
  const head = decodeHeader(request.header);
  if (isFault(head)) return { ok: false, error: head.error };
  const decoded = decodeEntries(request.entries);
  if (isFault(decoded)) return { ok: false, error: decoded.error };
  try {
    const bundle: LabBundle | undefined = decodeLab(readLabFiles(request.labsFolder), head.header.lab);
    if (bundle === undefined) return { ok: false, error: `there is no lab ${head.header.lab}` };
    if (bundle.version !== head.header.labVersion) return { ok: false, error: 'this journal is of another version of the lab' };
    const endMs = Date.now() + request.wallMsMax;
    const { sandbox, solved, faithful } = await verify(bundle, head.header, decoded.entries, {
      stepsMax: LIMITS.schedulerStepsMax,
      mayGoOn: () => Date.now() < endMs,
    });
    return { ok: true, solved: [...solved].sort((a, b) => a - b), hash: sandbox.hash(), faithful, task: sandbox.task };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', (message: { readonly id: number; readonly request: VerifyRequest }) => {
    void verifyJournal(message.request).then((result) => port.postMessage({ id: message.id, result }));
  });
}
