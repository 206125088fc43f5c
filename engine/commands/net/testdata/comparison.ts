import { masked, screen, unordered } from './masks.ts';
import { askedWords, type RecordedRun, type Replayed } from './replay.ts';

/** What differs between a recorded run and ours; empty when they are equal after masking. */
export function differences(run: RecordedRun, got: Replayed): readonly string[] {
  const found: string[] = [];
  const shape = shapeOf(run);
  const compare = (name: string, want: string, have: string): void => {
    if (shape(want) !== shape(have)) found.push(describe(name, shape(want), shape(have)));
  };
  // Two kinds of records are of a library only: what it hands over and how a tool would print its error.
  const isLibrary = run.tool.startsWith('libcurl');
  const wantErr = /^\(\d+\)/.test(run.stderr) ? `curl: ${run.stderr}\n` : run.stderr;
  const want = run.tool.includes('getaddrinfo') ? askedWords(run.stdout) : run.stdout;
  if (!isLibrary) compare('stdout', want, run.tty ? got.stdout + got.stderr : got.stdout);
  if (!run.tty) compare('stderr', wantErr, got.stderr);
  if (run.exit !== got.exit) found.push(`exit: want ${run.exit}, got ${got.exit}`);
  // A router that is busy answers with ICMP errors up to two seconds late (tools/FACTS.md).
  const mayBeLate = /^icmp|^refused|no-arp/.test(run.situation) && run.note === undefined;
  const slack = 0.25 + run.seconds * 0.02 + (mayBeLate ? 2.2 : 0);
  if (!run.tool.includes('(interactive)') && Math.abs(got.seconds - run.seconds) > slack)
    found.push(`seconds: want ${run.seconds}, got ${got.seconds}`);
  return found;
}

function shapeOf(run: RecordedRun): (text: string) => string {
  if (run.tool.includes('(interactive)')) return screen;
  if (run.run.includes('busybox nslookup') || /^find \./.test(run.run)) return (text) => unordered(masked(text));
  return masked;
}

/** Where two texts part, with what is around. */
function describe(name: string, want: string, got: string): string {
  let at = 0;
  while (at < want.length && want[at] === got[at]) at++;
  const from = Math.max(0, at - 60);
  const cut = (text: string): string => JSON.stringify(text.slice(from, from + 200));
  return `${name} from ${at}:\n  want ${cut(want)}\n  got  ${cut(got)}`;
}
