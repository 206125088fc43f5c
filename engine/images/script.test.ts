import { describe, expect, it } from 'vitest';
import { livelyScript } from './container-script.ts';
import { compileScript } from './script.ts';
import { newScript, runScript, type ScriptPorts } from './script-machine.ts';

/** Runs a script to its end or until `maxMs` of its own time; gives what it printed, its code and its files. */
function play(source: string, options: Partial<ScriptPorts> & { readonly maxMs?: number } = {}) {
  const script = compileScript(source);
  if (!script) throw new Error(`not compiled: ${source}`);
  const files = new Map<string, string>();
  const state = newScript();
  let nowMs = Date.UTC(2026, 0, 15, 9, 30);
  let text = '';
  const startMs = nowMs;
  for (;;) {
    const turn = runScript(script, state, {
      nowMs,
      hostname: 'pod-1',
      env: { NAME: 'world' },
      hasProgram: () => true,
      isServer: (name) => name === 'nginx',
      readFile: (path) => files.get(path),
      writeFile: (path, content) =>
        void (content === undefined ? files.delete(path) : files.set(path, content)),
      call: () => ({ error: 'refused' }),
      resolve: () => undefined,
      integer: (min) => min,
      ...options,
    });
    text += turn.text;
    nowMs += turn.waitMs;
    const ms = nowMs - startMs;
    if (turn.next === 'stay') return { text, end: 'stays', files, ms };
    if (turn.next !== 'go-on') return { text, end: turn.next.exitCode, files, ms };
    if (ms > (options.maxMs ?? 60_000)) return { text, end: 'runs', files, ms };
  }
}

describe('scripts of containers', () => {
  it('run the commands, words and control of simple shell scripts', () => {
    const cases: readonly (readonly [string, string, number | string])[] = [
      ['echo hello $NAME; exit 3', 'hello world\n', 3],
      ['for i in 1 2 3; do echo "n $i"; done', 'n 1\nn 2\nn 3\n', 0],
      ['i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done', '0\n1\n2\n', 0],
      ['if false; then echo a; elif true; then echo b; else echo c; fi', 'b\n', 0],
      ['false || echo or; true && echo and; ! false', 'or\nand\n', 0],
      ['set -e; false; echo no', '', 1],
      ['set -e; if false; then :; fi; false || true; echo yes', 'yes\n', 0],
      ['echo $(hostname)-$(date +%H:%M)', 'pod-1-09:30\n', 0],
      ['for i in $(seq 1 9); do [ $i = 3 ] && break; echo $i; done', '1\n2\n', 0],
      [
        'echo one > /f; echo two >> /f; cat /f | head -n 1; wc -l < /f 2>/dev/null || true',
        'one\n',
        'unsupported',
      ],
      ['printf "%s=%s\\n" a b', 'a=b\n', 0],
      ['echo "a b" | grep -q b && echo found', 'found\n', 0],
      ['nosuch', 'sh: nosuch: not found\n', 127],
    ];
    for (const [source, text, end] of cases) {
      if (end === 'unsupported') {
        expect(compileScript(source), source).toBeUndefined();
        continue;
      }
      const hasProgram = (name: string): boolean => name !== 'nosuch';
      expect(play(source, { hasProgram }), source).toMatchObject({ text, end });
    }
  });

  it('keep files, wait in their own time, and stay with a server', () => {
    const probe = play('touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600', { maxMs: 700_000 });
    expect(probe).toMatchObject({ end: 0, ms: 630_000 });
    expect(probe.files.size).toBe(0);
    const page = play("echo v2 > /index.html; exec nginx -g 'daemon off;'");
    expect(page.end).toBe('stays');
    expect(page.files.get('/index.html')).toBe('v2\n');
  });

  it('tell what the network said, with the codes of the tools', () => {
    const answer = { response: { status: 404, reason: 'Not Found', headers: [], body: 'gone\n' } };
    expect(play('curl -s http://web', { call: () => answer })).toMatchObject({ text: 'gone\n', end: 0 });
    expect(play('curl -sf http://web', { call: () => answer }).end).toBe(22);
    expect(play("curl -s -o /dev/null -w '%{http_code}\\n' web", { call: () => answer }).text).toBe('404\n');
    expect(play('curl -sS -m 2 http://web', { call: () => ({ error: 'timeout' }) })).toMatchObject({
      text: 'curl: (28) Connection timed out after 2001 milliseconds\n',
      end: 28,
      ms: 2000,
    });
    expect(play('wget -q -O- http://nosuch/x', { call: () => ({ error: 'dns' }) })).toMatchObject({
      text: "wget: bad address 'nosuch'\n",
      end: 1,
    });
    let tries = 0;
    const resolve = (): string | undefined => (++tries < 3 ? undefined : '10.96.0.7');
    expect(play('until nslookup db >/dev/null; do echo waiting; sleep 2; done', { resolve })).toMatchObject({
      text: 'waiting\nwaiting\n',
      end: 0,
    });
  });

  it('never hang the world: a busy loop pauses, deep nesting and long texts are refused', () => {
    expect(play('while true; do :; done')).toMatchObject({ end: 'runs' });
    expect(compileScript(`${'if true; then '.repeat(50)}:${'; fi'.repeat(50)}`)).toBeUndefined();
    expect(compileScript('#'.repeat(10_000))).toBeUndefined();
    expect(play('x=$__proto__; echo "[$constructor]"').text).toBe('[]\n');
  });

  it('are run when they call, write or tell the time; plain ones are not', () => {
    expect(livelyScript(['sh', '-c', 'sleep 10; exit 1'])).toBeUndefined();
    expect(livelyScript(['sleep', '10'])).toBeUndefined();
    expect(livelyScript(['sh', '-c', 'while true; do date; sleep 5; done'])).toBeDefined();
    expect(livelyScript(['curl', '-f', 'http://web'])).toBeDefined();
    expect(livelyScript(['sh', '-c', 'echo a > /f; nginx'])).toBeDefined();
  });
});
