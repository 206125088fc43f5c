import { describe, expect, it } from 'vitest';
import { complete } from './completion.ts';
import type { CompletionSources } from './completion.ts';
import { applyCompletion, createEditor, pressKeys, resize } from './line-editor.ts';
import type { EditorEffect, EditorState } from './line-editor.ts';
import { testMachine } from './testing/world.ts';
import { placeAfter } from './text-width.ts';

const written = (effects: readonly EditorEffect[]): string =>
  effects.map((effect) => (effect.kind === 'write' ? effect.text : '')).join('');
const typed = (keys: string, history: readonly string[] = []): EditorState =>
  pressKeys(createEditor('$ ', 20, history), keys).state;

describe('the line editor', () => {
  it.each([
    ['abc\x01x', 'xabc', 1],
    ['abc def\x17ghi', 'abc ghi', 7],
    ['abc def\x1bbX', 'abc Xdef', 5],
    ['abc\x15\x19\x19', 'abcabc', 6],
    ['one two\x01\x0bx\x19', 'xone two', 8],
    ['ab\x02\x02\x0b\x19', 'ab', 2],
    ['ab\x1b[DX', 'aXb', 2],
    ['abc\x7f\x7f', 'a', 1],
    ['a😀b\x1b[D\x7f', 'ab', 1],
    ['ab\x14', 'ba', 2],
    ['\x1b[200~a\r\nb\x1b[201~', 'a\nb', 3],
  ])('%j', (keys, text, cursor) => {
    const state = typed(keys);
    expect([state.text, state.cursor]).toEqual([text, cursor]);
  });

  it('keeps the draft while history is looked through', () => {
    const history = ['first', 'second'];
    expect(typed('dra\x1b[A\x1b[A', history).text).toBe('first');
    expect(typed('dra\x1b[A\x1b[A\x1b[B\x1b[B', history).text).toBe('dra');
    expect(typed('\x12fi', history).text).toBe('first');
    const found = pressKeys(createEditor('$ ', 20, history), '\x12fi\r');
    expect(found.effects.find((effect) => effect.kind === 'submit')).toEqual({
      kind: 'submit',
      line: 'first',
    });
  });

  it('submits each line, interrupts and ends', () => {
    const { effects } = pressKeys(createEditor('$ ', 20, []), 'a\rb\r\x03\x04');
    expect(effects.filter((effect) => effect.kind !== 'write').map((effect) => effect.kind)).toEqual([
      'submit',
      'submit',
      'interrupt',
      'end',
    ]);
  });

  it('asks before it lists very many names', () => {
    const found = {
      start: 0,
      prefix: '',
      candidates: Array.from({ length: 101 }, (_, at) => ({
        insert: `n${at}`,
        label: `n${at}`,
        suffix: ' ',
      })),
    };
    const asked = applyCompletion(typed(''), found, true);
    expect(written(asked.effects)).toContain('Display all 101 possibilities? (y or n)');
    expect(written(pressKeys(asked.state, 'n').effects)).not.toContain('n100');
    const listed = pressKeys(asked.state, 'yls');
    expect(written(listed.effects)).toContain('n100');
    expect(listed.state.text).toBe('ls');
  });

  it('echoes plainly at the end and redraws over wrapped rows', () => {
    expect(written(pressKeys(createEditor('$ ', 20, []), 'a').effects)).toBe('a');
    const long = typed('x'.repeat(30));
    expect(long.row).toBe(1);
    expect(written(pressKeys(long, '\x01').effects)).toBe(
      `\x1b[1A\r\x1b[J$ ${'x'.repeat(30)}\x1b[1A\r\x1b[2C`,
    );
    expect(resize(long, 10).state.row).toBe(3);
    expect(placeAfter('日本', 3)).toEqual({ row: 1, column: 2 });
  });

  it('draws what output left before the prompt again with the line, and not on a screen that moved on', () => {
    const after = createEditor('$ ', 20, ['old'], [], 'PONG');
    expect(written(pressKeys(after, '\x1b[A').effects)).toBe('\r\x1b[JPONG$ old\r\x1b[9C');
    expect(written(pressKeys(after, '\x12o').effects)).toContain('\x1b[JPONG(reverse-i-search)');
    expect(written(pressKeys(after, '\x0c\x1b[A').effects)).not.toContain('PONG');
    expect(pressKeys(after, '\x03').state.lead).toBe('');
    expect(createEditor('$ ', 20, [], [], 'x'.repeat(30)).row).toBe(1);
  });

  it('is drawn from its first row when the terminal changed its width', () => {
    const long = typed('x'.repeat(50));
    // xterm left the rows of this line alone: three of them, whatever the width is now.
    expect(resize(long, 90).text).toMatch(/^\x1b\[2A\r\x1b\[J\$ x{50}\r/);
    expect(resize(long, 10).text).toMatch(/^\x1b\[2A\r\x1b\[J/);
  });

  it('takes a sequence that comes in pieces', () => {
    const first = pressKeys(typed('ab'), '\x1b[');
    expect(pressKeys(first.state, 'DX').state.text).toBe('aXb');
  });
});

describe('completion', () => {
  const machine = testMachine(
    new Map([
      ['kubectl', async () => 0],
      ['kubeadm', async () => 0],
    ]),
  );
  machine.files.write('/home/learner/database-policy.yaml', '', 0);
  machine.files.write('/home/learner/my file', '', 0);
  machine.files.makeFolder('/home/learner/demo', 0);
  const sources: CompletionSources = {
    machine,
    dialect: 'bash',
    cwd: '/home/learner',
    variables: new Map([
      ['BACKEND', 'x'],
      ['HOME', '/home/learner'],
    ]),
    names: ['myfunc'],
    completers: new Map([
      [
        'kubectl',
        (words, index) =>
          index === 1
            ? ['get', 'apply']
            : words[1] === 'get'
              ? ['pods']
              : words[1] === 'exec'
                ? ['backend-1']
                : [],
      ],
    ]),
  };
  const inserts = (line: string): string[] =>
    complete(line, line.length, sources).candidates.map((one) => one.insert + one.suffix);

  it.each([
    ['kubec', ['kubectl ']],
    ['kube', ['kubeadm ', 'kubectl ']],
    ['kubectl ap', ['apply ']],
    ['kubectl get po', ['pods ']],
    ['kubectl apply -f dat', ['database-policy.yaml ']],
    ['echo a | kubectl g', ['get ']],
    ['cat my', ['my\\ file ']],
    ['cd ', ['demo/']],
    ['kubectl exec ba', ['backend-1 ']],
    ['time kubectl exec ba', ['backend-1 ']],
    ['if true; then exec kubec', ['kubectl ']],
    ['echo $BA', ['$BACKEND ']],
    ['FOO=1 kubec', ['kubectl ']],
    ['cat < dat', ['database-policy.yaml ']],
  ])('%s', (line, expected) => {
    expect(inserts(line)).toEqual(expected);
  });

  it('puts one in, lengthens, lists on the second Tab', () => {
    const at = (line: string, again = false) =>
      applyCompletion(
        pressKeys(createEditor('$ ', 40, []), line).state,
        complete(line, line.length, sources),
        again,
      );
    expect(at('kubec').state.text).toBe('kubectl ');
    expect(at('ku').state.text).toBe('kube');
    expect(written(at('kube').effects)).toBe('\x07');
    expect(written(at('kube', true).effects)).toContain('kubeadm  kubectl  \r\n');
  });
});
