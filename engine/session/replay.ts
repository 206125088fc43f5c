// The Node edge of a session: reads labs from the disk, and (as a worker thread's entry) replays journals for the server.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort } from 'node:worker_threads';
import { LIMITS } from '../base/limits.ts';
import type { LabBundle } from '../lab/bundle.ts';
import { decodeLab, type LabFiles } from '../lab/decode.ts';
import { decodeEntries, decodeHeader, isFault } from './journal.ts';
import type { Sandbox } from './sandbox.ts';
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
export type VerifyRequest = {
  readonly labsFolder: string;
  readonly header: unknown;
  readonly entries: unknown;
  readonly wallMsMax: number;
};

/** What a replay found: the solved tasks by index, the files of the home folder (path → text), or why it was refused. */
export type VerifyResult =
  | {
      readonly ok: true;
      readonly solved: readonly number[];
      readonly hash: string;
      readonly faithful: boolean;
      readonly task: number;
      readonly files: Readonly<Record<string, string>>;
    }
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
    if (bundle.version !== head.header.labVersion)
      return { ok: false, error: 'this journal is of another version of the lab' };
    const endMs = Date.now() + request.wallMsMax;
    const { sandbox, solved, faithful } = await verify(bundle, head.header, decoded.entries, {
      stepsMax: LIMITS.schedulerStepsMax,
      mayGoOn: () => Date.now() < endMs,
    });
    const hash = sandbox.hash();
    const files = homeFiles(sandbox);
    // The last input's effects come after it, where no entry leads the replay to.
    if (sandbox.taskData !== undefined)
      await sandbox.runWhile(
        () => !sandbox.solved.has(sandbox.task) && Date.now() < endMs,
        sandbox.nowMs + RUN_ON_MS,
      );
    const all = new Set([...solved, ...sandbox.solved]);
    return { ok: true, solved: [...all].sort((a, b) => a - b), hash, faithful, task: sandbox.task, files };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Virtual time after the last input in which it may still solve the task: longer than any connection attempt hangs. */
const RUN_ON_MS = 150_000;

/** What the learner wrote; what begins with a dot was made by the world. */
function homeFiles(sandbox: Sandbox): Readonly<Record<string, string>> {
  const { files, home } = sandbox.workplace.workstation;
  const found = files
    .entries()
    .flatMap(([path, entry]) =>
      entry.kind === 'file' && path.startsWith(`${home}/`) && !path.includes('/.')
        ? [[path, entry.content]]
        : [],
    );
  return Object.fromEntries(found);
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', (message: { readonly id: number; readonly request: VerifyRequest }) => {
    void verifyJournal(message.request).then((result) => port.postMessage({ id: message.id, result }));
  });
}
