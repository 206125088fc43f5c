import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FlowsResponse } from './flow.ts';
import { FlowPrinter, type PrinterOptions } from './printer.ts';
import { timeFormatOf } from './time.ts';

const folder = new URL('./testdata/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const responses = (name: string): FlowsResponse[] =>
  read(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FlowsResponse);

function play(file: string, options: Partial<PrinterOptions>): { out: string; err: string } {
  const printer = new FlowPrinter({
    output: 'compact',
    timeFormat: 'stampmilli',
    withNodeName: false,
    withPolicyNames: false,
    withNames: true,
    withColor: false,
    isDebug: false,
    ...options,
  });
  let out = '';
  let err = '';
  for (const response of responses(file)) {
    const printed = printer.print(response);
    out += printed.out;
    err += printed.err;
  }
  return { out: out + printer.close(), err };
}

function optionsOf(name: string): Partial<PrinterOptions> {
  const [mode = ''] = name.split('-');
  const output = name === 'json-legacy' ? 'json-legacy' : mode === 'tab' ? 'table' : mode;
  const time = /-time-(?:lowercase-)?(.*)$/.exec(name)?.[1];
  return {
    output: output as PrinterOptions['output'],
    withNodeName: /-node/.test(name),
    withPolicyNames: /-policy/.test(name),
    withNames: !/numeric|no-ip-translation/.test(name),
    withColor: /color-always/.test(name),
    ...(time === undefined ? {} : { timeFormat: timeFormatOf(time) }),
  };
}

const goldens = readdirSync(new URL('goldens/', folder)).filter((name) =>
  /^(compact|dict|table|tab|json|jsonpb)\b.*\.txt$/.test(name),
);

describe('goldens of the real printer', () => {
  it('are all there', () => expect(goldens.length).toBe(34));

  it.each(goldens)('%s', (name) => {
    expect(play('flows.jsonl', optionsOf(name.replace('.txt', ''))).out).toBe(read(`goldens/${name}`));
  });

  it.each(readdirSync(new URL('goldens/', folder)).filter((name) => name.startsWith('extras-')))(
    '%s',
    (name) => {
      const bare = name.replace(/^extras-|\.txt$/g, '');
      const [, out, err] = /^--- stdout\n([\s\S]*?)--- stderr\n([\s\S]*)$/.exec(read(`goldens/${name}`)) ?? [
        '',
        '',
        '',
      ];
      const printed = play('extras.jsonl', {
        ...optionsOf(bare.replace('-debug', '')),
        isDebug: bare.includes('debug'),
      });
      expect(printed.out).toBe(out);
      expect(printed.err).toBe(
        (err ?? '')
          .split('\n')
          .filter((line) => !line.startsWith('time='))
          .join('\n'),
      );
    },
  );
});
