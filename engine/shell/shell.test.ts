import { describe, expect, it } from 'vitest';
import { shellProgram } from './main.ts';
import type { Program } from './program.ts';
import { runProgram, testMachine, TestTerminal } from './testing/world.ts';

const programs = new Map<string, Program>([
  ['bash', shellProgram('bash')],
  ['sh', shellProgram('ash')],
  [
    'cat',
    async (process) => {
      const names = process.argv.slice(1);
      if (names.length === 0) await process.out(await process.stdin.readAll(process.sys));
      for (const name of names) {
        const found = process.machine.files.read(name.startsWith('/') ? name : `${process.cwd}/${name}`);
        await process.out('content' in found ? found.content : '');
      }
      return 0;
    },
  ],
  [
    'sleep',
    async (process) => {
      await process.sys.sleep(Number(process.argv[1]) * 1000);
      return 0;
    },
  ],
]);

const bash = async (script: string, ...args: string[]) => {
  const ran = await runProgram(testMachine(programs), ['bash', '-c', script, ...args]);
  return ran.stdout + ran.stderr + (ran.exit === 0 ? '' : `[${ran.exit}]`);
};

const cases: [string, string][] = [
  ['echo a "b  c" \'d\' $((1+2*3))', 'a b  c d 7\n'],
  [
    'x=abc.def; echo ${x%.*} ${x##*.} ${#x} ${x/b/B} ${x:1:2} ${x:-n} ${y:-none} ${y:=set} $y',
    'abc def 7 aBc.def bc abc.def none set set\n',
  ],
  ['echo {a,b}{1..3} x{01..03}', 'a1 a2 a3 b1 b2 b3 x01 x02 x03\n'],
  ['for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done', '1\n3\n'],
  ['i=0; while [ $i -lt 3 ]; do i=$((i+1)); if [ $i -eq 2 ]; then break; fi; done; echo $i', '2\n'],
  ['f() { local x=1; echo $x $1 $#; return 3; }; x=0; f a b; echo $? $x', '1 a 2\n3 0\n'],
  ['case abc in x) echo no;; a*|b) echo yes;; esac', 'yes\n'],
  ['cat <<EOF\n$((1+1)) `echo x`\nEOF', '2 x\n'],
  ["cat <<'EOF' | cat\n$x\nEOF", '$x\n'],
  ['echo a > f; echo b >> f; cat < f; cat f | cat', 'a\nb\na\nb\n'],
  [
    'a=(1 "2 3" 4); echo ${a[1]} ${#a[@]} "${a[@]}" ${a[-1]}; a+=(5); for x in "${a[@]}"; do echo "<$x>"; done',
    '2 3 3 1 2 3 4 4\n<1>\n<2 3>\n<4>\n<5>\n',
  ],
  ['declare -A m=([k]=v [z]=w); echo ${m[k]} ${!m[@]}', 'v k z\n'],
  [
    'set -- a "b c"; for x in "$@"; do echo "<$x>"; done; echo "$*" $#; shift; echo $1',
    '<a>\n<b c>\na b c 2\nb c\n',
  ],
  ['false || echo or; true && echo and; ! true; echo $?', 'or\nand\n1\n'],
  ['(exit 42); echo $?; { echo g; } 2>&1', '42\ng\n'],
  ['[[ abc == a* && 3 -lt 10 && abc =~ ^a(b)c$ ]] && echo ${BASH_REMATCH[1]}', 'b\n'],
  ['echo one two | { read a b; echo "$b $a"; }', 'two one\n'],
  ['printf "%s-%03d|" a 5 b 6; printf "%5.2f\\n" 3.14159', 'a-005|b-006| 3.14\n'],
  ['set -e; false; echo no', '[1]'],
  ['set -u; echo $nope', 'bash: line 1: nope: unbound variable\n[127]'],
  ['trap "echo bye" EXIT; echo hi', 'hi\nbye\n'],
  ['x=$(echo a; echo b); echo "$x" | cat; echo $x', 'a\nb\na b\n'],
  ['cat <(echo p)', 'p\n'],
  ['for ((i=0;i<3;i++)); do echo -n $i; done; echo', '012\n'],
  ['IFS=:; x=a:b::c; for p in $x; do echo "[$p]"; done', '[a]\n[b]\n[]\n[c]\n'],
  ['echo $\'a\\tb\' "$(echo "x y")"', 'a\tb x y\n'],
  ['nosuch; echo $?', '127\nbash: line 1: nosuch: command not found\n'],
  ['false | true; echo $? ${PIPESTATUS[@]}; set -o pipefail; false | true; echo $?', '0 1 0\n1\n'],
  ['while read l; do echo "[$l]"; done <<< "a b"', '[a b]\n'],
  ['if true; then echo t; elif false; then echo e; else echo f; fi', 't\n'],
  ['x=5; (( x > 3 )) && echo big; let x+=2; echo $x; echo $((x++ + ++x))', 'big\n7\n16\n'],
  ['eval "echo \\$((2+2))"; command echo c; type cd', '4\nc\ncd is a shell builtin\n'],
  ['echo ~ ~/x "~"; echo *.none', '/root /root/x ~\n*.none\n'],
  ["bash -c 'echo $0 $1' a b", 'a b\n'],
  ['sleep 1 & wait $!; echo $?', '0\n'],
  ['kill -9 $$', '[137]'],
  ['while getopts "ab:" o; do echo $o $OPTARG; done', ''],
  ['sh -c "echo hi; nosuch"', 'hi\nsh: nosuch: not found\n[127]'],
  ['echo a |& cat; echo b &> g; cat g', 'a\nb\n'],
  ['until false; do echo once; break; done', 'once\n'],
  ['f() { echo "$FUNC"; }; FUNC=x f', 'x\n'],
  ['x="a b"; y=$x; echo "${y// /_}" ${x^^}', 'a_b A B\n'],
];

describe('scripts of bash', () => {
  it.each(cases)('%s', async (script, expected) => {
    expect(await bash(script)).toBe(expected);
  });
});

describe('an interactive bash', () => {
  it('tells of jobs as bash does', async () => {
    const terminal = new TestTerminal(testMachine(programs));
    expect(await terminal.line('sleep 300 &')).toMatch(/^\[1\] \d+\n$/);
    expect(await terminal.line('jobs')).toBe('[1]+  Running                 sleep 300 &\n');
    expect(await terminal.line('kill %1')).toBe('');
    expect(await terminal.line('')).toBe('[1]+  Terminated              sleep 300\n');
    expect(await terminal.line('sleep 1 &')).toMatch(/^\[1\]/);
    await terminal.pass(2000);
    expect(await terminal.line('echo next')).toBe('next\n[1]+  Done                    sleep 1\n');
  });

  it('ends a line at Ctrl-C and stops a job at Ctrl-Z', async () => {
    const terminal = new TestTerminal(testMachine(programs));
    expect(await terminal.line('for i in 1 2 3; do sleep 100; done; echo no', 1000)).toBe('\n');
    expect(await terminal.line('echo $?')).toBe('130\n');
    expect(await terminal.line('while :; do :; done', 1000)).toBe('\n');
    expect(await terminal.line('sleep 300', 1000, 'TSTP')).toBe(
      '\n[1]+  Stopped                 sleep 300\n',
    );
    expect(await terminal.line('echo $?; bg')).toBe('148\n[1]+ sleep 300 &\n');
    expect(await terminal.line('fg', 1000)).toBe('sleep 300\n\n');
  });

  it('asks for more and expands history', async () => {
    const terminal = new TestTerminal(testMachine(programs));
    await terminal.line('cat <<EOF');
    expect(terminal.last?.kind).toBe('more');
    await terminal.line('a');
    expect(await terminal.line('EOF')).toBe('a\n');
    expect(await terminal.line('echo one two')).toBe('one two\n');
    expect(await terminal.line('!!')).toBe('echo one two\none two\n');
    expect(await terminal.line('echo !$')).toBe('echo two\ntwo\n');
    expect(await terminal.line('fi')).toBe("bash: syntax error near unexpected token `fi'\n");
    expect(await terminal.line('nosuch')).toBe('bash: nosuch: command not found\n');
  });
});
