import type { ProcessHandle } from '../base/process.ts';
import { loadTools } from './programs.ts';
import type { WebVisit } from './protocol.ts';
import type { Scheduler } from './scheduler.ts';
import type { Workplace } from './workplace.ts';

/** Where `cilium hubble ui` listens when it is not told. */
const HUBBLE_UI_PORT = 12_000;

/** The browser pane's one tab: a browser that runs on the workstation and shows the last page that was opened. */
export class WebTab {
  /** The address that was opened last, with its answer once that has come. */
  visit: WebVisit | undefined;
  readonly #scheduler: Scheduler;
  readonly #workplace: Workplace;
  #request: ProcessHandle | undefined;

  constructor(scheduler: Scheduler, workplace: Workplace) {
    this.#scheduler = scheduler;
    this.#workplace = workplace;
  }

  /** True while an answer is waited for. */
  get isLoading(): boolean {
    return this.visit !== undefined && this.visit.answer === undefined;
  }

  /** Opens an address; what was under way ends. An empty one only stops. */
  open(url: string): void {
    this.#request?.kill('TERM');
    const visit = { url };
    this.visit = url === '' ? undefined : visit;
    if (url === '') return;
    const { workstation } = this.#workplace;
    this.#request = this.#scheduler.start(
      { command: ['browser', url], machine: workstation.id, group: 'new' },
      async (sys) => {
        const answer = await (await loadTools()).browse(sys, workstation, url);
        if (this.visit === visit) this.visit = { url, answer };
        return 0;
      },
    );
  }

  /** Ports of the workstation on which a program listens that names them: a port-forward, a server of the learner's. */
  ports(): readonly number[] {
    const { workstation } = this.#workplace;
    const words = this.#scheduler
      .living()
      .filter(({ machine }) => machine === workstation.id)
      .flatMap(({ command }) => command.flatMap((word) => word.match(/\b\d{2,5}\b/g) ?? []));
    return [...new Set([HUBBLE_UI_PORT, ...words.map(Number)])]
      .filter((port) => this.#workplace.isListening(port))
      .sort((a, b) => a - b);
  }
}
