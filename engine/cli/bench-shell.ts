import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Headless } from '../session/headless.ts';
import { type BenchResult, benchLab, figureOf, type Span, stopwatch } from './bench-figures.ts';

/** Command lines as people mix them; `N` becomes the line's number. */
const LINES: readonly string[] = [
  'x=N; echo $((x * 2)) ${x%0} "${x:-none}"',
  'for i in 1 2 3 4 5; do echo "line $i N"; done | grep 3',
  'printf "%s %d\\n" a 3 b 1 c 2 | sort -k2 -n | head -2',
  "seq 200 | awk '{s+=$1} END{print s, NR}'",
  'echo "name: web-N" > web.yaml; sed "s/web/db/" web.yaml | cut -d" " -f2',
  'if [ $((N % 2)) -eq 0 ]; then echo even; else echo odd; fi',
  'echo \'{"items":[{"name":"a","n":N},{"name":"b","n":2}]}\' | jq -r ".items[] | .name"',
  'kubectl get pods -A -o name | wc -l',
  'f() { local a=$1; echo "$a-$#"; }; f N two three',
  'while read -r a b; do echo "$b $a"; done <<< "left right"',
  'case web-N in web-*) echo web;; *) echo other;; esac',
  'find . -maxdepth 1 -type f | xargs -n1 basename | sort | uniq -c | tail -1',
  'cat /etc/hosts | tr a-z A-Z | grep -c LOCALHOST',
  'a=(one two N); a+=(four); echo "${#a[@]} ${a[@]:1:2}"',
  '[[ "pod-N" =~ ^pod-([0-9]+)$ ]] && echo ${BASH_REMATCH[1]}',
  'diff <(seq 5) <(seq 2 6) | grep -c "^[<>]"',
  'date -d "2026-01-15 +N hours" +%F; base64 <<< "secret-N"',
  'true && false || echo recovered; ! true; echo $?',
  'kubectl get ns -o jsonpath="{.items[*].metadata.name}"',
  'echo {a..e}{1..4} | tr " " "\\n" | paste -sd, | cut -c1-20',
];
const COUNT = 1_000;
/** Budgets on two cores: a line stays under a frame, a session of a thousand lines keeps little. */
const LINE_MS = 16;
const HEAP_MB = 40;

/** A thousand mixed command lines in one sandbox: the time of each, of all, and what the heap has grown by. */
export async function benchShell(count = COUNT): Promise<BenchResult> {
  const headless = await Headless.open(benchLab(), { seed: 1 });
  // What is loaded and compiled at first use is no part of the figures.
  for (const line of LINES) await headless.submit(line.replaceAll('N', '1'));
  const before = heapMb();
  const spans: Span[] = [];
  const whole = stopwatch();
  let failed = 0;
  for (let at = 0; at < count; at++) {
    const watch = stopwatch();
    const reply = await headless.submit((LINES[at % LINES.length] ?? '').replaceAll('N', String(at)));
    spans.push(watch());
    if (reply.exit !== 0) failed++;
  }
  const { wallMs, cpuMs } = whole();
  return {
    figures: [
      figureOf('shell: one of the mixed lines, median', spans, 0.5),
      figureOf('shell: one of the mixed lines, p95', spans, 0.95, LINE_MS),
      { name: `shell: ${count} mixed lines`, value: wallMs, unit: 'ms', cpuMs },
      {
        name: `shell: heap grown by ${count} lines`,
        value: Math.max(0, heapMb() - before),
        unit: 'MB',
        budget: HEAP_MB,
      },
    ],
    ...(failed === 0
      ? {}
      : { note: `shell: ${failed} of ${count} lines ended with an exit code other than 0` }),
  };
}

function heapMb(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed / 1e6;
}
