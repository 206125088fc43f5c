import type { RecordedRun } from './replay.ts';

type Rule = { readonly cause: string; readonly is: (run: RecordedRun) => boolean };

const tool = (pattern: RegExp) => (run: RecordedRun) => pattern.test(run.tool);
const command = (pattern: RegExp) => (run: RecordedRun) => pattern.test(run.run);
const both = (tools: RegExp, pattern: RegExp) => (run: RecordedRun) => tools.test(run.tool) && pattern.test(run.run);

/** Why recorded runs are not replayed: the first rule that fits. What no rule names is counted, whether we print the same or not. */
const RULES: readonly Rule[] = [
  {
    cause: 'no place of the virtual world has this version',
    is: tool(/^(curl (7\.74|8\.23)|libcurl (7\.84|8\.1\.1|8\.11|8\.12|8\.16|8\.23)|jq 1\.6|netcat-openbsd 1\.229)/),
  },
  {
    cause: 'no machine of the virtual world has this program',
    is: (run) =>
      tool(/^(python3|node|iputils arping|yq 3\.1\.0)/)(run) ||
      command(/\bpython3\b|^(numfmt|tar|unzip|vi)\b|busybox arping/)(run),
  },
  { cause: 'no tool, but what the kernel sends', is: tool(/^kernel/) },
  { cause: "Debian 12's busybox crashes on -T and on long options", is: both(/^busybox 1\.35/, /wget .*(-T|--timeout)/) },
  { cause: 'bytes that are no text', is: command(/web\/(bin|gz)\b(?!.*--compressed)|--compressed.*\/bin|\/usr\/bin\/true/) },
  { cause: 'a virtual file holds one megabyte at most', is: command(/-[oO] .*bigslow|wget .*bigslow/) },
  {
    cause: 'facts of the machine it was recorded on',
    is: (run) =>
      tool(/^procps/)(run) ||
      command(/^ss -(s|tan)|uname -a|busybox (ps|top|free|df|env|uptime|dmesg)\b|\/proc\/version|jq -V|-M do/)(run),
  },
  {
    cause: 'facts of the machine it was recorded on',
    is: (run) =>
      (/interactive/.test(run.tool) && /^(history expansion on|globs and words|grep --color)/.test(run.run)) ||
      (/^(busybox ash 1\.37|dash 0\.5\.12-12)/.test(run.tool) && /^command not found/.test(run.run)),
  },
  {
    cause: 'processes of a pipeline in no certain order',
    is: (run) => /interactive/.test(run.tool) && /^(set -x|time)$/.test(run.run),
  },
  {
    cause: 'keys that a line editor or a screen program takes, one by one',
    is: (run) =>
      /^busybox ash.*interactive/.test(run.tool) && (run.chunks ?? []).some(([, keys]) => keys.startsWith('<') && keys.length > 62),
  },
  { cause: 'a race between packets', is: command(/^curl -sS web:5001$|https:\/\/web:8446|http:\/\/web:443\/|web:444\/ -o|nc -l 80 & /) },
  {
    cause: "a busy router's limit on ICMP errors, and neighbours it remembers",
    is: (run) =>
      run.note === undefined &&
      (/^(icmp|no-arp)/.test(run.situation) || /10\.9[58]\.0\.1/.test(run.run)) &&
      /ping -c 2 10\.9|noarp|-v http:\/\/10\.95/.test(run.run),
  },
  { cause: 'a port that an earlier recording had left open', is: command(/--local-port/) },
  { cause: 'a network that answered otherwise', is: command(/cloud\.google\.com.*$/) && both(/wget/, /timeout 1 .*cloud\.google\.com|web:25/) },
  {
    cause: 'keys that a line editor or a screen program takes, one by one',
    is: (run) =>
      (run.chunks ?? []).some(([, keys]) => /\\t|\\x(?!03|04|1a|1c)/.test(keys)) ||
      (run.tty && /^redis-cli -h|^telnet web|less|watch|sudo, su/.test(run.run)) ||
      (run.tty && /\\x1c/.test(JSON.stringify(run.chunks ?? [])) && /^ping/.test(run.run)),
  },
  { cause: 'bars that move while they wait', is: (run) => /^curl .*(-# |-Z )/.test(run.run) || (run.tty && /bigslow/.test(run.run)) },
  { cause: 'another protocol than HTTP', is: command(/dict:\/\//) },
];

/** Why a recorded run is left out; undefined when it counts. */
export function leftOut(run: RecordedRun): string | undefined {
  return RULES.find((rule) => rule.is(run))?.cause;
}
