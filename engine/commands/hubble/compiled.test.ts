// What the CLI 1.20.2, compiled from its module, printed for lines over the recorded flows and its own settings. Its pages
// of help are left out: ours are in our own words. Long texts are kept as their SHA-1; times of its log are masked. A group of lines shares one home folder.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OBSERVE_FLAGS } from './flags.ts';
import { helpPage, usagePage } from './help.ts';
import { HubbleBench } from './testing.ts';

type Step = readonly [argv: readonly string[], code: number, stdout: string, stderr: string];

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const groups = JSON.parse(read('./testdata/compiled.json')) as readonly (readonly Step[])[];
const files = new Map(Object.entries(JSON.parse(read('./testdata/files.json')) as Record<string, string>));
for (const name of ['flows.jsonl', 'extras.jsonl']) files.set(name, read(`../../hubble/testdata/${name}`));

const CONFIG = '/home/learner/.config/hubble/config.yaml';

function masked(text: string): string {
  const plain = text.replaceAll('\u00a0', ' ').replace(/time=\S+/g, 'time=T');
  return plain.length <= 200 ? plain : `sha1:${createHash('sha1').update(plain).digest('hex')}`;
}

async function run(bench: HubbleBench, argv: readonly string[]): Promise<Omit<Step, 0>> {
  const [name = '', text = ''] = argv;
  if (name === 'write') {
    bench.files.makeFolder('/home/learner/.config/hubble', 0, { parents: true });
    bench.files.write(CONFIG, text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'), 0);
    return [argv, 0, '', ''];
  }
  if (name === 'cat') {
    const found = bench.files.read(CONFIG);
    return 'content' in found ? [argv, 0, masked(found.content), ''] : [argv, 1, '', ''];
  }
  bench.env.clear();
  const start = argv.findIndex((word) => !/^[A-Z_]+=/.test(word));
  for (const word of argv.slice(0, start))
    bench.env.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
  const ran = await bench.run(argv.slice(start));
  return [argv, ran.code, masked(ran.stdout), masked(ran.stderr)];
}

it('prints what the compiled CLI printed', async () => {
  const wrong: unknown[] = [];
  let count = 0;
  for (const steps of groups) {
    const bench = new HubbleBench();
    bench.files.makeFolder('/home/learner', 0, { parents: true });
    for (const [name, content] of files) bench.files.write(`/home/learner/${name}`, content, 0);
    for (const wanted of steps) {
      const got = await run(bench, wanted[0]);
      count++;
      if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push({ wanted, got });
    }
  }
  expect(count).toBeGreaterThan(1500);
  expect(wrong).toEqual([]);
}, 120_000);

it('helps in the layout of cobra, with every flag that the command reads', () => {
  expect(helpPage('config get', '/home/learner')).toBe(`Show one setting or all

Usage:
  hubble config get [KEY] [flags]

Global Flags:
      --config string   File of settings (default "/home/learner/.config/hubble/config.yaml")
  -D, --debug           Also say what the tool does

Get help:
  -h, --help\tHelp for any command or subcommand
`);
  const page = helpPage('observe', '/home/learner');
  expect(page).toMatch(/^ {2}-4, --ipv4 filter\[=v4\] +IPv4$/m);
  expect(page).toMatch(/^ {6}--to-port filter +Destination: Port$/m);
  for (const spec of OBSERVE_FLAGS)
    expect(page).toMatch(new RegExp(`^ {2}.{4}?--${spec.name}[ \\t[]\\S*`, 'm'));
  expect(usagePage('list', '/home/learner')).toMatch(
    /^Usage:\n {2}hubble list \[command\]\n\nAvailable Commands:\n/,
  );
});
