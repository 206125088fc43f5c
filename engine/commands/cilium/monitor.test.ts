// The monitor's text for the recorded events, byte for byte.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Flow, FlowsResponse } from '../../hubble/flow.ts';
import { eventText, monitorRequest, type MonitorRequest } from './monitor.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../hubble/testdata/${name}`, import.meta.url), 'utf8');

const flows = read('flows.jsonl')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as FlowsResponse).flow as Flow);

/** Hashes of packets are the datapath's: they come from the recording, in order. */
function played(words: readonly string[], golden: string): { ours: string[]; wanted: string[] } {
  const hashes = [...golden.matchAll(/(?:flow |MARK |"mark":")(0x[0-9a-f]+)/g)].map(
    (match) => match[1] ?? '',
  );
  const request = monitorRequest(words);
  if ('error' in request) throw new Error(request.error);
  const seen: string[] = [];
  const asked: MonitorRequest = { ...request, hashOf: () => hashes[seen.push('') - 1] ?? '' };
  // Sock traces were not fed to the recorder; records of proxies only for their own golden.
  const shown = flows.filter((flow) => {
    const type = flow.event_type?.type ?? 0;
    return type !== 7 && (type !== 129 || words.includes('l7'));
  });
  const ours = shown.map((flow) => eventText(flow, asked));
  return { ours, wanted: [golden] };
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.join('').split('\n');
}

/** Lines that a flow cannot tell: an LLDP frame's type, a GRE packet's, a user name that Hubble takes out of a URL. */
const UNTOLD = /0xe6cc24b9|0x4f0dad6c|^000000[0-3]0 .*(88 cc| 3f 2f )|user:secret@/;

const GOLDENS: readonly (readonly [name: string, words: readonly string[], lines: number, untold: number])[] =
  [
    ['monitor-default', [], 82, 1],
    ['monitor-numeric', ['-n'], 82, 1],
    ['monitor-type-drop', ['--type', 'drop'], 13, 1],
    ['monitor-type-policy-verdict', ['--type', 'policy-verdict'], 19, 0],
    ['monitor-type-trace', ['-t', 'trace'], 50, 0],
    ['monitor-json', ['-j'], 82, 2],
    ['monitor-verbose', ['-vv'], 348, 3],
    ['monitor-l7', ['--type', 'l7'], 19, 2],
  ];

describe('monitor, against the real formatter', () => {
  it.each(GOLDENS)('%s', (name, words, count, untold) => {
    const { ours, wanted } = played(words, read(`goldens/${name}.txt`));
    const [mine, real] = [lines(ours), lines(wanted)];
    expect([real.length - 1, mine.length - 1]).toEqual([count, count]);
    const different = real.filter((line, i) => line !== mine[i]);
    expect(different.filter((line) => !UNTOLD.test(line))).toEqual([]);
    expect(different.length).toBe(untold);
  });

  it('refuses unknown types', () => {
    expect(monitorRequest(['--type', 'policy'])).toEqual({
      error: expect.stringContaining('Unknown type (policy). Please use one of the following ones'),
    });
  });
});
