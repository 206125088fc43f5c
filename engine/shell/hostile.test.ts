import { describe, expect, it } from 'vitest';
import { coreutilPrograms } from '../commands/coreutils/table.ts';
import { jq } from '../commands/jq/jq.ts';
import { shellProgram } from './main.ts';
import type { Program } from './program.ts';
import { testMachine, TestTerminal } from './testing/world.ts';

const programs = new Map<string, Program>([
  ...coreutilPrograms(),
  ['jq', jq],
  ['bash', shellProgram('bash')],
  ['sh', shellProgram('dash')],
]);

/** Lines that end by themselves, with words that say why they end. */
const refused: [string, string][] = [
  ['echo {1..99999999}', 'brace expansion: failed to allocate memory'],
  ['echo {1..1000}{1..1000}{1..1000}', 'brace expansion: failed to allocate memory'],
  ['x=a; while :; do x=$x$x; done', 'cannot allocate'],
  ['x=$(yes)', 'cannot allocate'],
  ['x=aaaaaaaaaa; for i in 1 2 3 4 5 6 7 8; do x=${x//a/aaaaaaaaaa}; done', 'cannot allocate'],
  ['f() { f; }; f', 'maximum function nesting level exceeded'],
  ['f() { eval f; }; f', 'maximum function nesting level exceeded'],
  ['f() { $(f); }; f', 'maximum function nesting level exceeded'],
  ['eval "$(printf \'eval %.0s\' {1..500})"', 'maximum eval nesting level exceeded'],
  ['echo ". ./s" > s; . ./s', 'maximum source nesting level exceeded'],
  ["trap 'kill $$' TERM; kill $$", 'traps nest too deeply'],
  ['yes > file', 'File too large'],
  ['printf "%999999999s" x', 'cannot allocate'],
  ['printf "%.999999999d" 1', 'cannot allocate'],
  ['printf "%*s" 2147483647 x', 'cannot allocate'],
  ['awk \'BEGIN{x="a"; while(1) x=x x}\'', 'cannot allocate memory'],
  ["awk 'BEGIN{NF=1000000000; print}'", 'cannot allocate memory'],
  ["awk 'function f(){f()} BEGIN{f()}'", 'nested too deeply'],
  ["jq -n 'def f: f; f'", 'nests too deeply'],
  ["jq -n 'def f: [f]; f'", 'nests too deeply'],
  ["jq -n 'last(repeat(1))'", 'too'],
  ["jq -n '[range(1e9)]|length'", 'takes too long'],
  ["grep '\\(a*\\)*\\1b' <<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 'backtracking limit'],
  ["grep -P '(a+)+$' <<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 'backtracking limit'],
  ['eval "$(printf \'{ %.0s\' {1..5000})"', 'syntax error'],
  ['eval "$(printf \'if true; then %.0s\' {1..3000})"', 'syntax error'],
  ['eval "$(printf \'$(%.0s\' {1..3000})"', 'syntax error'],
  ['eval "echo $(printf \'${x:-%.0s\' {1..3000})"', 'syntax error'],
  ['a=b; b=a; echo $((a))', 'recursion level exceeded'],
  ["x=$(printf '(%.0s' {1..2000}); echo $(($x))", 'recursion level exceeded'],
  ['ln -s l l; cat l', 'Too many levels of symbolic links'],
  ['mkdir -p $(printf a/%.0s {1..3000})', 'File name too long'],
  ['cp -r . ./x', 'into itself'],
  ["x=$(printf 'a%.0s' {1..30000}); echo ${x//a*b*c*d/}", 'takes too long'],
];

/** Lines without an end: Ctrl-C ends them. */
const endless = [
  'while :; do :; done',
  'for ((;;)); do :; done',
  "awk 'BEGIN{while(1);}'",
  "awk 'BEGIN{for(;;) print 1}'",
  "awk 'BEGIN{while(1) a[i++]=i}'",
  'yes > /dev/null',
  'yes | sort',
  'yes | wc -l',
  'while read l; do :; done < <(yes)',
  'exec 3<>f; while echo x >&3; do :; done',
  'set -- {1..50000}; for i; do shift; done',
  'join <(yes | head -3000) <(yes | head -3000) | wc -l',
  "sed 's/a*/x/g;:a;s/x/xx/g;ta' <<< aaa",
  'watch -n 0.1 true',
  'tail -f /etc/hosts',
  'grep -f <(seq 1 20000) <(seq 1 20000) | wc -l',
];

/** Lines that must just end well. */
const harmless = [
  'IFS=, read -ra a <<< "a,b,,c,,"; echo ${#a[@]}',
  'IFS=: read -r a b c <<< "::x::"; echo "$a|$b|$c"',
  ':(){ :|:& };:',
  'bomb() { bomb & bomb & }; bomb',
  'yes | head -1',
  '[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab =~ ^(a+)+$ ]]',
  'shopt -s extglob; [[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab == +(+(+(a))) ]]',
  "grep -E '(a+)+$' <<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
  'declare -n a=b; declare -n b=a; echo $a',
  'alias a=b b=a; a',
];

describe('no line hangs the shell for good or takes its memory', () => {
  const run = async (line: string, interruptAfterMs?: number): Promise<string> => {
    const terminal = new TestTerminal(testMachine(programs));
    const output = await terminal.line(line, interruptAfterMs);
    expect(await terminal.line('echo alive', 3000)).toMatch(/alive\n(\[.*\n)*$/);
    return output;
  };
  it.each(refused)('%s', { timeout: 90_000 }, async (line, words) => {
    expect(await run(line, 20_000)).toContain(words);
  });
  it.each(endless)('%s', { timeout: 90_000 }, async (line) => {
    await run(line, 200);
  });
  it.each(harmless)('%s', { timeout: 90_000 }, async (line) => {
    await run(line, 200);
  });
});
