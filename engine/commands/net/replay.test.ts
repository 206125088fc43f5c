import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { masked, screen, unordered } from './testdata/masks.ts';
import { askedWords, type RecordedRun, replay, type Replayed } from './testdata/replay.ts';

const PATH = process.env['TOOLS_RECORDED'] ?? new URL('./testdata/recorded.jsonl', import.meta.url);
const runs = readFileSync(PATH, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedRun);

function difference(name: string, want: string, got: string): string {
  let at = 0;
  while (at < want.length && want[at] === got[at]) at++;
  const from = Math.max(0, at - 60);
  const cut = Number(process.env['CUT'] ?? 160);
  return `${name}@${at}\n  want ${JSON.stringify(want.slice(from, from + cut))}\n  got  ${JSON.stringify(got.slice(from, from + cut))}`;
}

function problemsOf(run: RecordedRun, got: Replayed): string[] {
  const problems: string[] = [];
  const shape = run.tool.includes('(interactive)')
    ? screen
    : run.run.includes('busybox nslookup')
      ? (text: string) => unordered(masked(text))
      : masked;
  const wantErr = /^\(\d+\)/.test(run.stderr) ? `curl: ${run.stderr}\n` : run.stderr;
  const want = run.tool.includes('getaddrinfo') ? askedWords(run.stdout) : run.stdout;
  const compare = (name: string, a: string, b: string): void => {
    if (shape(a) !== shape(b)) problems.push(difference(name, shape(a), shape(b)));
  };
  const one = run.tty ? got.stdout + got.stderr : got.stdout;
  compare('stdout', want, one);
  if (!run.tty) compare('stderr', wantErr, got.stderr);
  if (run.exit !== got.exit) problems.push(`exit want ${run.exit} got ${got.exit}`);
  const isLimited = /^icmp|^refused|no-arp/.test(run.situation) && run.note === undefined;
  const slack = 0.25 + run.seconds * 0.02 + (isLimited ? 2.2 : 0);
  if (Math.abs(got.seconds - run.seconds) > slack)
    problems.push(`seconds want ${run.seconds} got ${got.seconds}`);
  return problems;
}

test('replay', { timeout: 600_000 }, async () => {
  const only = process.env['ONLY'];
  const match = process.env['MATCH'];
  const counts = new Map<string, [number, number]>();
  for (const run of runs) {
    if (only !== undefined && !run.tool.includes(only)) continue;
    if (match !== undefined && !run.run.includes(match)) continue;
    let problems: string[];
    try {
      problems = problemsOf(run, await replay(run));
    } catch (error) {
      problems = [String((error as Error).stack).slice(0, 400)];
    }
    const count = counts.get(run.tool) ?? [0, 0];
    counts.set(run.tool, [count[0] + (problems.length === 0 ? 1 : 0), count[1] + 1]);
    if (only !== undefined && problems.length > 0)
      console.log(
        `--- ${run.tool} $ ${run.run} [${run.situation}]${run.tty ? ' tty' : ''}\n${problems.join('\n')}`,
      );
  }
  console.log([...counts].map(([tool, [ok, all]]) => `${tool}: ${ok}/${all}`).join('\n'));
});
