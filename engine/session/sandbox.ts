import { invariant } from '../base/assert.ts';
import { hashText } from '../base/hash.ts';
import { canonicalJson } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { ProcessHandle, Sys } from '../base/process.ts';
import { createSimulation, type Simulation } from '../base/simulation.ts';
import { Stream } from '../base/stream.ts';
import { loadParts } from './parts.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ClusterHost } from '../cluster/host.ts';
import type { ContainerFacts } from '../cluster/containers.ts';
import type { WorldSpec } from '../cluster/world.ts';
import type { LabBundle, Probe, TaskData } from '../lab/bundle.ts';
import { type Check, type Deeds, isSolvedNow, judge, type SeenCommand, type SeenFlow } from '../lab/judge.ts';
import type { Reason } from '../lab/matrix-value.ts';
import type { ClusterView } from '../lab/view.ts';
import type { Flow } from '../hubble/flow.ts';
import type { ExecSession } from '../objects/api.ts';
import { Shell } from '../shell/shell.ts';
import type { Descriptor } from '../shell/process.ts';
import type { Machine, Terminal } from '../shell/program.ts';
import { applyManifests } from './manifests.ts';
import { remoteTerminal, runOn } from './machines.ts';
import { Explanations } from './explanations.ts';
import { Workplace } from './workplace.ts';
import type { Input, JournalHeader } from './protocol.ts';
import { Scheduler } from './scheduler.ts';
import { SandboxTerminal } from './terminal.ts';
import { parseTranscript } from './transcript.ts';
import { clusterView } from './view.ts';
import { WebTab } from './web-tab.ts';

/** A process at the far end of `kubectl exec -t` or `ssh -t`: it reads what is typed at the terminal of process `root`. */
type FarEnd = {
  readonly root: number | undefined;
  readonly stdin: Stream;
  readonly terminal: Terminal;
  isAlive(): boolean;
};

/** Pids of the sandbox begin here, so that they look like those of a machine that has been up for a while. */
const FIRST_PID = 4211;

/** Store resources whose change can turn a check; others (leases, events, replica sets) are not judged again. */
const JUDGED_RESOURCES: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'endpoints',
  'namespaces',
  'nodes',
  'ciliumnetworkpolicies.cilium.io',
  'ciliumclusterwidenetworkpolicies.cilium.io',
  'ciliumcidrgroups.cilium.io',
  'networkpolicies.networking.k8s.io',
]);

/**
 * One learner's virtual world: cluster, machines, terminals, and the task at hand. A pure function of bundle, header and
 * the inputs applied at their moments; everything that happens in it happens in `runTo`, `runUntil` and `runWhile`.
 */
export class Sandbox {
  readonly bundle: LabBundle;
  readonly world: WorldSpec;
  readonly sim: Simulation;
  /** All clusters of the sandbox. */
  readonly host: ClusterHost;
  readonly scheduler: Scheduler;
  readonly workplace: Workplace;
  readonly terminals = new Map<number, SandboxTerminal>();
  readonly explanations: Explanations;
  /** The task at hand, an index into the bundle's tasks. */
  task = 0;
  /** Tasks that were solved while they were at hand: a latch. */
  readonly solved = new Set<number>();
  /** The browser pane. */
  readonly web: WebTab;
  /** Told when a task becomes solved. */
  onSolved: (task: number) => void = () => {};
  /** Asked to open a file in the page's editor. */
  onOpenFile: (path: string, line?: number) => void = () => {};
  /** Files that a program waits for, by its editor's pid. */
  #edits = new Map<number, string>();
  #roots = new Map<number, SandboxTerminal>();
  #farEnds: FarEnd[] = [];
  /** Programs that were started in containers, while they live. */
  #inside: { readonly cluster: Cluster; readonly handle: ProcessHandle }[] = [];
  #commands: SeenCommand[] = [];
  #flows: SeenFlow[] = [];
  #answers = new Map<number, string>();
  #prediction: readonly string[] | undefined;
  #deedsVersion = 0;
  #judged = { revision: -1, flows: -1, deeds: -1 };
  #flowsSeen = 0;

  private constructor(bundle: LabBundle, header: JournalHeader) {
    this.bundle = bundle;
    this.world = bundle.world as unknown as WorldSpec;
    this.sim = createSimulation(header.seed, header.epochMs);
    this.scheduler = new Scheduler(this.sim.clock, {
      firstPid: FIRST_PID,
      afterStep: () => this.#afterStep(),
    });
    this.host = new ClusterHost(this.sim, this.world, (cluster, container, request) =>
      this.#startInContainer(cluster, container, request),
    );
    this.host.onDown = (cluster) => this.#killIn(cluster);
    this.workplace = new Workplace({
      sim: this.sim,
      world: this.world,
      host: this.host,
      isDumb: header.term === 'dumb',
      openFile: (path, waiting) => {
        if (waiting !== undefined) this.#edits.set(waiting, path);
        this.onOpenFile(path);
      },
      farEnd: (stdin, terminal, isAlive) =>
        this.#farEnds.push({ root: this.scheduler.runningRoot(), stdin, terminal, isAlive }),
    });
    this.web = new WebTab(this.scheduler, this.workplace);
    this.explanations = new Explanations(this.workplace.workstation.files, this.workplace.workstation.home);
    this.#openTerminal(1);
  }

  /** A new sandbox at the beginning of its first task, before any input. */
  static async create(bundle: LabBundle, header: JournalHeader): Promise<Sandbox> {
    await loadParts();
    const sandbox = new Sandbox(bundle, header);
    sandbox.beginTask(0);
    await sandbox.runUntil(sandbox.nowMs, 10_000);
    return sandbox;
  }

  /** A new sandbox at the beginning of `task`, on the solutions of the tasks before it. */
  static async createAt(bundle: LabBundle, header: JournalHeader, task: number): Promise<Sandbox> {
    const sandbox = await Sandbox.create(bundle, header);
    await sandbox.leadTo(task);
    return sandbox;
  }

  /** Leads a new sandbox to the beginning of `task`, on the solutions of the tasks before it. */
  async leadTo(task: number): Promise<void> {
    for (let before = 0; before < task; before++) {
      await this.#playSolution(before);
      this.beginTask(before + 1);
    }
    // What was played was not typed by the learner: none of it counts as solved, the terminal begins empty, the shell
    // without a history.
    this.solved.clear();
    for (const terminal of this.terminals.values()) {
      terminal.clear();
      terminal.shell?.state.history.splice(0);
    }
    await this.runUntil(this.nowMs, 10_000);
  }

  /**
   * The cluster that checks and views are about: the world's own (or what was made in its place), and in a world without one
   * that of the kubeconfig's current context. Empty when there is none.
   */
  get cluster(): Cluster {
    const { host } = this;
    if (this.world.hasCluster) return host.cluster('kind') ?? host.home;
    return this.workplace.currentCluster() ?? host.clusters()[1] ?? host.home;
  }

  /** Virtual time, ms since the epoch. */
  get nowMs(): number {
    return this.sim.clock.nowMs;
  }

  /** The task at hand; undefined in a world without tasks. */
  get taskData(): TaskData | undefined {
    return this.bundle.tasks[this.task];
  }

  /** Makes a task the one at hand: its start files are laid out, its given manifests applied, its deeds begin. */
  beginTask(task: number): void {
    this.task = task;
    this.#commands = [];
    this.#flows = [];
    this.#answers.clear();
    this.#prediction = undefined;
    this.#deedsVersion++;
    const data = this.taskData;
    if (data === undefined) return;
    const { files, home } = this.workplace.workstation;
    for (const [path, content] of Object.entries(data.start))
      files.write(`${home}/${path}`, content, this.nowMs);
    for (const given of data.given) applyManifests(this.cluster.handle, data.start[given] ?? '');
    this.cluster.settle();
    this.#flowsSeen = this.cluster.dataplane.flows.count;
  }

  /** Types the task's solution at a terminal of its own and lets it end, with time jumping; for beginning a later task. */
  async #playSolution(task: number): Promise<void> {
    const solution = this.bundle.tasks[task]?.solution;
    if (solution === undefined) return;
    for (const step of parseTranscript(solution).steps) {
      if (step.kind !== 'command') continue;
      await this.runCommand(1, step.input);
    }
  }

  /** Submits a line at a terminal and runs, time jumping, until it has ended or waits for more input. Exit undefined: it waits. */
  async runCommand(terminal: number, line: string): Promise<number | undefined> {
    this.apply({ kind: 'line', terminal, text: line });
    await this.runWhile(() => this.terminals.has(terminal) && !this.isWaitingForInput(terminal));
    const now = this.terminals.get(terminal);
    return now === undefined || now.isAtPrompt ? (now?.lastExit ?? 0) : undefined;
  }

  /** Takes one input now. Its effects happen as the sandbox runs on. */
  apply(input: Input): void {
    switch (input.kind) {
      case 'line':
        this.#line(input.terminal, input.text);
        break;
      case 'bytes':
        this.#bytes(input.terminal, input.data);
        break;
      case 'save': {
        const { files } = this.workplace.workstation;
        files.makeFolder(input.path.slice(0, input.path.lastIndexOf('/')) || '/', this.nowMs, {
          parents: true,
        });
        files.write(input.path, input.content, this.nowMs);
        break;
      }
      case 'terminal':
        if (input.change === 'open' && !this.terminals.has(input.terminal))
          this.#openTerminal(input.terminal);
        if (input.change === 'close') this.#closeTerminal(input.terminal);
        break;
      case 'size': {
        const terminal = this.terminals.get(input.terminal);
        if (terminal !== undefined) Object.assign(terminal, { columns: input.columns, rows: input.rows });
        break;
      }
      case 'task':
        if (input.task < this.bundle.tasks.length) this.beginTask(input.task);
        break;
      case 'answer':
        if (input.task === this.task) this.#answers.set(input.question, input.choice);
        this.#deedsVersion++;
        break;
      case 'predict':
        if (input.task === this.task) this.#prediction = input.cells;
        this.#deedsVersion++;
        break;
      case 'browse':
        this.web.open(input.url);
        break;
      case 'hint':
        break;
      case 'goto':
        invariant(false, 'a goto is resolved by the timeline');
    }
    this.#judge();
    this.scheduler.wake();
  }

  /** Runs to a moment of the journal: exactly `step` scheduler steps, then time stands at `atMs`. False when history differs. */
  async runTo(atMs: number, step: number): Promise<boolean> {
    while (this.scheduler.steps < step) {
      if (await this.scheduler.runNext()) continue;
      if (!this.scheduler.fireTimer(atMs)) return false;
    }
    const dueMs = this.sim.clock.nextDueMs();
    if (this.scheduler.steps !== step || (dueMs !== undefined && dueMs < atMs)) return false;
    this.sim.clock.advanceTo(atMs);
    return true;
  }

  /** Runs everything that is due by `untilMs` of virtual time, in at most `stepsMax` steps. True when it is all done and time stands there. */
  async runUntil(untilMs: number, stepsMax: number): Promise<boolean> {
    for (let steps = 0; steps < stepsMax; steps++) {
      if (await this.scheduler.runNext()) continue;
      if (!this.scheduler.fireTimer(untilMs)) {
        this.sim.clock.advanceTo(Math.max(untilMs, this.nowMs));
        return true;
      }
    }
    return false;
  }

  /** Runs with time jumping while `goesOn()` holds and anything can still happen; ends also at `untilMs`. */
  async runWhile(goesOn: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    const endMs = Math.min(untilMs, this.nowMs + HEADLESS_MAX_MS);
    for (let steps = 0; steps < LIMITS.schedulerStepsMax && goesOn(); steps++) {
      if (await this.scheduler.runNext()) continue;
      if (!this.scheduler.fireTimer(endMs)) {
        if (untilMs !== Number.POSITIVE_INFINITY) this.sim.clock.advanceTo(Math.max(untilMs, this.nowMs));
        return;
      }
    }
  }

  /** Files that a program waits for to be saved in the editor (`kubectl edit`). */
  edits(): readonly string[] {
    if (this.#edits.size === 0) return [];
    const living = new Set(this.scheduler.living().map(({ pid }) => pid));
    for (const pid of this.#edits.keys()) if (!living.has(pid)) this.#edits.delete(pid);
    return [...this.#edits.values()];
  }

  /** The terminal of that number, which is open. */
  terminalOf(id: number): SandboxTerminal {
    const terminal = this.terminals.get(id);
    invariant(terminal !== undefined, `terminal ${id} is open`);
    return terminal;
  }

  /** True when what runs in the terminal's foreground waits for the learner to type, also at the far end of an exec or ssh. */
  isWaitingForInput(id: number): boolean {
    const terminal = this.terminalOf(id);
    if (this.scheduler.hasReady) return false;
    const far = this.#farEndOf(terminal);
    return far !== undefined
      ? far.stdin.waiting > 0 && far.stdin.length === 0
      : terminal.input.waiting > 0 && terminal.input.length === 0;
  }

  #farEndOf(terminal: SandboxTerminal): FarEnd | undefined {
    if (this.#farEnds.length === 0) return undefined;
    this.#farEnds = this.#farEnds.filter((end) => end.isAlive());
    const root = [...this.#roots].find(([, candidate]) => candidate === terminal)?.[0];
    return this.#farEnds.filter((end) => end.root === root).at(-1);
  }

  /** The cluster as checks see it; look at it at once, before anything moves. */
  view(): ClusterView {
    return clusterView(this.cluster, this.cluster.live(), this.world);
  }

  /** Why a probe ends as it does in the cluster as it is. */
  explain(probe: Probe): readonly Reason[] {
    return this.explanations.explain(this.view(), this.cluster.agents.repository, probe);
  }

  /** What was done since the task began. */
  deeds(): Deeds {
    return {
      flows: this.#flows,
      commands: this.#commands,
      answers: this.#answers,
      prediction: this.#prediction,
    };
  }

  /** Changes whenever the checks may have: a stamp to compare. */
  judgedVersion(): string {
    return `${this.task}/${this.#judgedRevision()}/${this.#deedsVersion}/${this.workplace.workstation.files.revision}`;
  }

  /** Judges the task at hand now. */
  checks(): readonly Check[] {
    const task = this.taskData;
    if (task === undefined) return [];
    const view = this.view();
    return judge(view, task, this.deeds(), (probe) => this.explain(probe));
  }

  /**
   * Hash of what the sandbox is: objects, files, the task and its checks; not terminal text. What was solved is no part of
   * it: that is remembered across undo, which the state is not.
   */
  hash(): string {
    const files = this.workplace.workstation.files.entries();
    const state = {
      objects: this.host.projection(),
      files,
      task: this.task,
      checks: this.checks().map(({ id, holds }) => [id, holds]),
    };
    return hashText(canonicalJson(state));
  }

  #openTerminal(id: number): void {
    const terminal = new SandboxTerminal(id, () => this.#farEndOf(terminal)?.terminal);
    this.terminals.set(id, terminal);
    const { workstation } = this.workplace;
    const handle = this.scheduler.start(
      { command: ['-bash'], machine: workstation.id, group: 'new' },
      (sys) => this.#terminalLoop(sys, terminal, workstation),
    );
    this.#roots.set(handle.pid, terminal);
  }

  async #terminalLoop(sys: Sys, terminal: SandboxTerminal, workstation: Machine): Promise<number> {
    const write = (stream: 'stdout' | 'stderr') => async (_: Sys, text: string) =>
      terminal.show(stream, text);
    const shell = new Shell({
      dialect: 'bash',
      name: '-bash',
      machine: workstation,
      sys,
      descriptors: new Map<number, Descriptor>([
        [0, { stream: terminal.input, terminal }],
        // A terminal's descriptors are one device: a pager behind a pipe reads its keys from stderr's.
        [1, { write: write('stdout'), stream: terminal.input, terminal }],
        [2, { write: write('stderr'), stream: terminal.input, terminal }],
      ]),
      env: new Map(Object.entries(workstation.env)),
      cwd: workstation.home,
      isInteractive: true,
    });
    terminal.onSignal = (signal) => {
      if (!terminal.isAtPrompt && !shell.isContinuing) {
        shell.signal(signal);
        return;
      }
      if (signal !== 'INT') return;
      shell.abandon();
      terminal.prompt = shell.prompt();
      terminal.isAtPrompt = true;
      terminal.running = undefined;
    };
    terminal.shell = shell;
    shell.state.isLogin = true;
    shell.state.shopts.add('login_shell');
    await shell.start();
    let text = '';
    for (;;) {
      terminal.prompt = shell.prompt();
      terminal.isAtPrompt = !shell.isContinuing;
      const line = await terminal.input.readLine(sys);
      if (terminal.isClosed) break;
      if (!shell.isContinuing) terminal.beginCommand(line ?? 'exit');
      terminal.isAtPrompt = false;
      text = shell.isContinuing ? `${text}\n${line ?? ''}` : (line ?? 'exit');
      const result = line === undefined ? await shell.endOfInput() : await shell.submit(line);
      if (result.kind === 'more') continue;
      terminal.lastExit = result.exit;
      terminal.ended++;
      this.#commandEnded(text, result.exit);
      terminal.running = undefined;
      if (result.isExited) break;
    }
    this.#closeTerminal(terminal.id);
    return 0;
  }

  #commandEnded(line: string, exit: number): void {
    if (line.trim() === '') return;
    this.#commands.push({ line, exit });
    if (this.#commands.length > 500) this.#commands.shift();
    this.#deedsVersion++;
  }

  #closeTerminal(id: number): void {
    const terminal = this.terminals.get(id);
    if (terminal === undefined) return;
    terminal.isClosed = true;
    terminal.input.end();
    this.terminals.delete(id);
    for (const process of this.#descendants(terminal)) process.kill('HUP');
  }

  #descendants(terminal: SandboxTerminal): readonly ProcessHandle[] {
    const pids = new Set(
      [...this.#roots].filter(([, candidate]) => candidate === terminal).map(([pid]) => pid),
    );
    return this.scheduler.living().filter((process) => {
      if (!pids.has(process.parentPid)) return false;
      pids.add(process.pid);
      return true;
    });
  }

  /** A submitted line; its echo is kept, so that a resumed terminal shows what was typed. */
  #line(id: number, text: string): void {
    const terminal = this.terminals.get(id);
    if (terminal === undefined) return;
    const isPrompting = terminal.isAtPrompt || terminal.shell?.isContinuing === true;
    if (isPrompting || terminal.edited.isEcho)
      terminal.keep(`${isPrompting ? terminal.prompt : ''}${text}\n`);
    terminal.input.push(`${text}\n`);
  }

  #bytes(id: number, data: string): void {
    const terminal = this.terminals.get(id);
    if (terminal === undefined) return;
    for (const byte of data) {
      // A raw terminal passes keys on: the container at its far end makes signals of them.
      if (terminal.isRaw) {
        if (byte === '\x03' && !terminal.edited.isRaw) terminal.keep('^C');
        terminal.input.push(byte);
      } else if (byte === '\x03') this.#interrupt(terminal);
      else if (byte === '\x1a') terminal.onSignal?.('TSTP');
      else if (byte === '\x1c') terminal.onSignal?.('QUIT');
      else if (byte === '\x04') terminal.input.pushEndOfFile();
      else terminal.input.push(byte);
    }
  }

  #interrupt(terminal: SandboxTerminal): void {
    const far = this.#farEndOf(terminal);
    if (far?.terminal.onSignal !== undefined && !terminal.isAtPrompt) {
      terminal.keep('^C');
      far.stdin.take();
      far.terminal.onSignal('INT');
      return;
    }
    const unread = terminal.input.take();
    // A line that the shell had not taken yet never ran; the prompt comes again, on a row of its own.
    const isAsking = terminal.isAtPrompt || terminal.shell?.isContinuing === true;
    const isUnread = isAsking && unread !== '';
    if ((!isAsking && terminal.isEcho) || isUnread) terminal.keep('^C');
    if (isUnread) terminal.show('stdout', '\n');
    terminal.onSignal?.('INT');
  }

  #startInContainer(
    cluster: Cluster,
    container: ContainerFacts,
    request: { readonly command: readonly string[]; readonly tty: boolean; readonly stdin: boolean },
  ): ExecSession {
    const machine = this.workplace.containerMachine(container, cluster);
    const stdin = new Stream();
    const stdout = new Stream();
    const stderr = new Stream();
    if (!request.stdin) stdin.end();
    const root = this.scheduler.runningRoot();
    const near = root === undefined ? undefined : this.#roots.get(root);
    const terminal = request.tty ? remoteTerminal(near?.columns ?? 80, near?.rows ?? 24) : undefined;
    const failure = this.workplace.startFailure(machine, request.command);
    if (failure !== undefined) {
      stdout.end();
      stderr.end();
      return {
        stdin,
        stdout,
        stderr,
        exitCode: () => failure.exit,
        failure: () => failure.text,
        signal: () => {},
        resize: () => {},
      };
    }
    const handle = this.scheduler.start(
      { command: request.command, machine: machine.id, group: 'new' },
      async (sys) => {
        try {
          return await runOn(sys, machine, request.command, { stdin, stdout, stderr, terminal });
        } finally {
          stdout.end();
          stderr.end();
        }
      },
    );
    this.#inside = this.#inside.filter((one) => one.handle.exitCode() === undefined);
    this.#inside.push({ cluster, handle });
    if (terminal !== undefined && request.stdin)
      this.#farEnds.push({ root, stdin, terminal, isAlive: () => handle.exitCode() === undefined });
    return {
      stdin,
      stdout,
      stderr,
      exitCode: () => handle.exitCode(),
      failure: () => undefined,
      signal: (signal) =>
        terminal?.onSignal !== undefined ? terminal.onSignal(signal) : handle.kill(signal),
      resize: (columns, rows) => {
        if (terminal !== undefined) Object.assign(terminal, { columns, rows });
      },
    };
  }

  /** A cluster is taken down: what runs in its containers ends. */
  #killIn(cluster: Cluster): void {
    for (const one of this.#inside) if (one.cluster === cluster) one.handle.kill('KILL');
  }

  #afterStep(): void {
    this.host.settle();
    this.#collectFlows();
    this.#judge();
  }

  #lastCluster: Cluster | undefined;

  /** The cluster that is looked at; when it is another one than before, everything is new. */
  #followed(): Cluster {
    const { cluster } = this;
    if (this.#lastCluster !== cluster) {
      if (this.#lastCluster !== undefined) {
        this.#flowsSeen = cluster.dataplane.flows.count;
        this.#lastSeenRevision = cluster.store.revision;
        this.#deedsVersion++;
      }
      this.#lastCluster = cluster;
    }
    return cluster;
  }

  #collectFlows(): void {
    const cluster = this.#followed();
    const seenFlows = cluster.dataplane.flows.count;
    if (seenFlows === this.#flowsSeen) return;
    const fresh = seenFlows - this.#flowsSeen;
    this.#flowsSeen = seenFlows;
    if (this.taskData === undefined || this.taskData.did.length === 0) return;
    for (const flow of cluster.observer.flows({ number: fresh, whitelist: [], blacklist: [] }))
      this.#flows.push(seenFlow(flow));
    if (this.#flows.length > 2000) this.#flows.splice(0, this.#flows.length - 2000);
    this.#deedsVersion++;
  }

  #judge(): void {
    const task = this.taskData;
    if (task === undefined || this.solved.has(this.task)) return;
    const now = { revision: this.#judgedRevision(), flows: this.#flows.length, deeds: this.#deedsVersion };
    if (now.revision === this.#judged.revision && now.deeds === this.#judged.deeds) return;
    this.#judged = now;
    const view = this.view();
    if (!isSolvedNow(view, task, this.deeds())) return;
    this.solved.add(this.task);
    this.onSolved(this.task);
  }

  #lastJudgedEvent = 0;

  /** Revision of the last event that can turn a check. */
  #judgedRevision(): number {
    const { store } = this.#followed();
    for (const event of store.eventsSince(this.#lastSeenRevision)) {
      if (JUDGED_RESOURCES.has(event.resource)) this.#lastJudgedEvent = event.revision;
    }
    this.#lastSeenRevision = store.revision;
    return this.#lastJudgedEvent;
  }

  #lastSeenRevision = 0;
}

/** How far a headless run jumps for one command before it gives up waiting for it: a day. */
const HEADLESS_MAX_MS = 86_400_000;

/** A flow of Hubble as deeds ask about it. */
function seenFlow(flow: Flow): SeenFlow {
  const end = (address: string | undefined, endpoint: Flow['source']): SeenFlow['source'] => ({
    address: address ?? '',
    ...(endpoint?.pod_name === undefined
      ? {}
      : { pod: `${endpoint.namespace ?? 'default'}/${endpoint.pod_name}` }),
  });
  return {
    source: end(flow.IP?.source, flow.source),
    destination: end(flow.IP?.destination, flow.destination),
    port: (flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP)?.destination_port,
    verdict: flow.verdict ?? '',
  };
}
