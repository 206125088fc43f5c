// JSONPath and Go templates, as client-go's jsonpath and Go's text/template have them (the parity test has more of each).
import { describe, expect, test } from 'vitest';
import { CommandError, PrintedFault } from './errors.ts';
import { parseGoTemplate, runGoTemplate } from './print/go-template.ts';
import { parseJsonPath, printJsonPath } from './print/jsonpath.ts';

const POD = {
  kind: 'Pod',
  metadata: { labels: { app: 'box', 'a.b/c': 'd' }, name: 'box' },
  spec: { containers: [{ command: ['sleep', '9'], name: 'x' }, { name: 'y' }], nodes: 3, none: null },
};

describe('jsonpath', () => {
  test.each([
    ['{.spec.containers[*].name}', 'x y'],
    ['{.spec.containers[]}{"\\n"}', '{"command":["sleep","9"],"name":"x"}\n'],
    ['{.spec.containers[-1:].name}', 'y'],
    ["{['kind','metadata.name']}", 'Pod box'],
    ["{.metadata.labels['a\\.b/c']}{.metadata.labels.a\\.b/c}", 'dd'],
    ['{range .spec.containers[*]}<{.name}>{end}!', '<x><y>!'],
    ['{range .spec.containers[*]}{.name}', 'xy'],
    ['{range .none[*]}x{end}', ''],
    ['{.spec.containers[?(@.command)].name}', 'x'],
    ['{.spec.none}{.}', 'null'],
  ])('%s', (text, printed) => {
    expect(printJsonPath(parseJsonPath(text), POD)).toBe(printed);
  });

  test.each([
    ['{.a', 'unclosed action'],
    ['{{.a}}', "unrecognized character in action: U+007B '{'"],
    ['{.a[}', 'unterminated array'],
    ['{.a["0"]}', 'invalid array index "0"'],
    ['{.a[?(@.b=="c"]}', 'unterminated filter'],
    ['{"\\x"}', 'unquote string "\\x" error invalid syntax'],
    ['{....a}', 'invalid multiple recursive descent'],
  ])('%s does not parse', (text, why) => {
    expect(() => parseJsonPath(text)).toThrow(new CommandError(`error parsing jsonpath ${text}, ${why}`));
  });

  test.each([
    ['{.metadata.name[0]}', 'string is not array or slice'],
    ['{.spec.containers[2].name}', 'array index out of bounds: index 2, length 2'],
    ['{metadata}', 'unrecognized identifier metadata'],
    ['{.spec.containers[?(@.name==1)]}', 'incompatible types for comparison'],
    ['{end}', 'not in range, nothing to end'],
  ])('%s fails on the object', (text, why) => {
    expect(() => printJsonPath(parseJsonPath(text), POD)).toThrow(new CommandError(why));
  });
});

describe('go-template', () => {
  const run = (text: string): string => runGoTemplate(parseGoTemplate(text), POD);

  test.each([
    ['{{range $i, $c := .spec.containers}}{{if $i}}, {{end}}{{$c.name}}{{end}}', 'x, y'],
    ['{{with $c := index .spec.containers 0}}{{$c.name}}{{end}}', 'x'],
    ['{{$n := 1}}{{if true}}{{$n = 2}}{{end}}{{$n}}', '2'],
    ['{{if .nope}}a{{else if .kind}}b{{else}}c{{end}}', 'b'],
    ['{{.nope}} {{.nope.deeper}} {{index .metadata.labels "x"}}', '<no value> <no value> <no value>'],
    ['{{(index .spec.containers 0).command | len | printf "%03d"}}', '002'],
    ['{{printf "%s" }} {{print 1 2 "a" 3}} {{index .kind 0}}', '%!s(MISSING) 1 2a3 80'],
    ['a {{- /* gone */ -}} b', 'ab'],
  ])('%s', (text, printed) => {
    expect(run(text)).toBe(printed);
  });

  test.each([
    ['{{.kind}', "bad character U+007D '}'"],
    ['{{"a}}', 'unterminated quoted string'],
    ['{{if}}x{{end}}', 'missing value for if'],
    ['{{$y}}', 'undefined variable "$y"'],
    ['{{(.kind}}', 'unclosed left paren'],
    ['{{| .kind}}', 'unexpected "|" in command'],
    ['{{nope 1}}', 'function "nope" not defined'],
    ['{{if .kind}}x', 'unexpected EOF'],
  ])('%s does not parse', (text, why) => {
    expect(() => parseGoTemplate(text)).toThrow(
      new CommandError(`error parsing template ${text}, template: output:1: ${why}`),
    );
  });

  test.each([
    ['x{{.metadata.name.y}}', '1:12', '.metadata.name.y', "can't evaluate field y in type interface {}"],
    ['x{{range .kind}}{{end}}', '1:9', '.kind', "range can't iterate over Pod"],
    ['x{{lt "a" 1}}', '1:3', 'lt "a" 1', 'error calling lt: incompatible types for comparison'],
    ['x{{len .spec.none}}', '1:3', 'len .spec.none', 'error calling len: len of nil pointer'],
  ])('%s fails on the object, which is shown', (text, at, source, why) => {
    try {
      run(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof PrintedFault)) throw error;
      expect(error.message).toContain(`template: output:${at}: executing "output" at <${source}>: ${why}`);
      expect(error.printed).toMatch(/^xError executing template: [\s\S]+raw data was:\n\t\t\{"kind":"Pod"/);
    }
  });

  test('what has no end is given up', () => {
    expect(() => run(`{{${'('.repeat(20_000)}1`)).toThrow('maximum template depth');
    expect(() => run('{{if 1}}'.repeat(20_000))).toThrow('maximum template depth');
    expect(run('{{printf "%999999999s" "x"}}').length).toBe(10_000);
    const wide = `{{range .spec.containers}}${'{{range $.spec.containers}}'.repeat(30)}x${'{{end}}'.repeat(31)}`;
    expect(() => run(wide)).toThrow('maximum template depth');
  });
});

test('a JSONPath without end is given up', () => {
  const print = (text: string) => () => printJsonPath(parseJsonPath(text), POD);
  expect(print('{range}'.repeat(20_000))).toThrow('takes too long');
  expect(print('{range .spec.containers[*]}'.repeat(40))).toThrow('takes too long');
  expect(print(`{${'..[*]'.repeat(60)}}`)).not.toThrow(RangeError);
});
