import type { Flow } from '../../hubble/flow.ts';
import { buildFilters } from '../../hubble/filter.ts';
import { Signalled } from '../../base/process.ts';
import { Stream } from '../../base/stream.ts';
import { MemoryFiles } from '../../shell/files.ts';
import type { Process } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { hubbleProgram } from './hubble.ts';

/** What a command left behind. */
export type Ran = { readonly stdout: string; readonly stderr: string; readonly code: number };

/** A machine with files and settings on which `hubble` runs in tests; `observer` answers at every address. */
export class HubbleBench {
  readonly files = new MemoryFiles();
  readonly env = new Map<string, string>();
  observer: HubbleObserver | undefined;
  nowMs = Date.UTC(2026, 10, 21);

  /** Runs one line of words. A program that waits is interrupted once nothing more comes. */
  async run(argv: readonly string[]): Promise<Ran> {
    let [stdout, stderr] = ['', ''];
    const sys = {
      pid: 1,
      nowMs: () => this.nowMs,
      sleep: async () => {},
      until: async (ready: () => boolean) => {
        if (ready()) return true;
        throw new Signalled('INT');
      },
      burn: async () => {},
    };
    const process = {
      argv,
      env: this.env,
      cwd: '/home/learner',
      machine: { id: 'workstation', home: '/home/learner', files: this.files },
      sys,
      stdin: new Stream(),
      out: async (text: string) => void (stdout += text),
      err: async (text: string) => void (stderr += text),
      tty: () => undefined,
      run: async () => 0,
    } as unknown as Process;
    const ports = {
      kube: undefined,
      network: () => undefined,
      agent: () => undefined,
      observer: () => this.observer,
      host: () => undefined,
    } as unknown as Ports;
    const code = await hubbleProgram(ports)(process);
    return { stdout, stderr, code };
  }
}

/** GetFlows over a list of flows; `fresh` are those that come while following. */
export function flowsOf(
  flows: readonly Flow[],
  fresh: readonly Flow[] = [],
): Pick<HubbleObserver, 'flows' | 'follow'> {
  return {
    flows: (request) => {
      const test = buildFilters(request);
      const found = flows.filter((flow) => {
        const ms = Date.parse((flow.time ?? '').replace(/(\.\d{3})\d*Z/, '$1Z'));
        return (request.sinceMs === undefined || ms >= request.sinceMs) && test(flow);
      });
      if (request.number === undefined) return found;
      return request.first === true ? found.slice(0, request.number) : found.slice(-request.number);
    },
    follow: (request) => {
      const test = buildFilters(request);
      let left = fresh.filter(test);
      return {
        pending: () => left.length > 0,
        take: () => left.splice(0),
        ended: () => false,
        stop: () => void (left = []),
      };
    },
  };
}
