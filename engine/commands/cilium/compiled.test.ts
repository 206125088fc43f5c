// What the workstation's CLI v0.19.7, compiled from its module, printed where no cluster answers, its pages of help left
// out: ours are in our own words. Long texts are kept as their SHA-1.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadYaml } from '../../base/yaml.ts';
import { MemoryFiles } from '../../shell/files.ts';
import type { Process } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { ciliumProgram } from './cilium.ts';
import { helpPage } from './help.ts';

type Line = readonly [argv: readonly string[], code: number, stdout: string, stderr: string];

const url = new URL('./testdata/compiled.json', import.meta.url);
const lines = JSON.parse(readFileSync(url, 'utf8')) as readonly Line[];

function short(text: string): string {
  return text.length <= 200 ? text : `sha1:${createHash('sha1').update(text).digest('hex')}`;
}

async function run(argv: readonly string[]): Promise<Line> {
  const files = new MemoryFiles();
  files.makeFolder('/home/learner', 0, { parents: true });
  let [stdout, stderr] = ['', ''];
  const process = {
    argv,
    env: new Map(),
    cwd: '/home/learner',
    machine: { id: 'workstation', home: '/home/learner', files },
    sys: { nowMs: () => 0, sleep: async () => {} },
    out: async (text: string) => void (stdout += text),
    err: async (text: string) => void (stderr += text),
    tty: () => undefined,
  } as unknown as Process;
  const ports = { kube: undefined, observer: () => undefined } as unknown as Ports;
  const code = await ciliumProgram(ports)(process);
  return [argv, code, short(stdout), short(stderr)];
}

it('prints what the compiled CLI printed', async () => {
  await loadYaml();
  expect(lines.length).toBeGreaterThan(100);
  const wrong: unknown[] = [];
  for (const wanted of lines) {
    const got = await run(wanted[0]);
    if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push({ wanted, got });
  }
  expect(wrong).toEqual([]);
});

it('helps in the layout of cobra, with the flags that the command reads', () => {
  expect(helpPage('hubble ui')).toBe(`Bring the UI to a local port

Usage:
  cilium hubble ui [flags]

Flags:
  -h, --help               help for ui
      --open-browser       (default true)
      --port-forward int   Local port, 0 for any (default 12000)

Global Flags:
      --as string                  Act as this user
      --as-group stringArray       Act as one of this group
      --context string             Context of the kubeconfig
      --helm-release-name string   Name of Cilium's release (default "cilium")
      --kubeconfig string          Path of the kubeconfig
  -n, --namespace string           Where Cilium runs (default "kube-system")
`);
  expect(helpPage('hubble')).toContain('  cilium hubble [command]\n\nAvailable Commands:\n  disable      ');
  expect(helpPage('', true)).toMatch(/^Usage:\n {2}cilium \[flags\]\n {2}cilium \[command\]\n/);
  expect(helpPage('connectivity test')).toMatch(/^ {6}--sysdump-worker-count int$/m);
});
