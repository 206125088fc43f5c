import { Signalled } from '../../../base/process.ts';
import type { Signal } from '../../../base/process.ts';
import { Stream } from '../../../base/stream.ts';
import type { OutsideHost, WorldSpec } from '../../../cluster/world.ts';
import type { LabBundle } from '../../../lab/bundle.ts';
import { runOn } from '../../../session/machines.ts';
import { Sandbox } from '../../../session/sandbox.ts';
import { Shell } from '../../../shell/shell.ts';
import type { Descriptor } from '../../../shell/process.ts';
import type { Machine, Program, Terminal } from '../../../shell/program.ts';
import { labNow } from '../../../session/testdata/labs.ts';
import { resolveHost, resolverWords } from '../resolver.ts';

/** One recorded run of a real tool (see the README of the recordings for the meaning of the members). */
export type RecordedRun = {
  readonly tool: string;
  readonly run: string;
  readonly situation: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
  readonly seconds: number;
  readonly tty: boolean;
  readonly resolv?: string | null;
  readonly resolv_conf?: string;
  readonly note?: string;
  readonly chunks?: readonly (readonly [number, string])[];
  readonly ended_by_recorder?: string;
  readonly group: string;
};

/** How our tool ended. */
export type Replayed = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
  readonly seconds: number;
};

const EPOCH_MS = Date.UTC(2026, 10, 21, 9, 0, 0);

/** The host of the world whose DNS server behaves as a recorded one did. */
const DNS_HOSTS: Readonly<Record<string, string>> = {
  log: 'dns-ok',
  normal: 'dns-ok',
  dropped: 'dns-dropped',
  silent: 'dns-dropped',
  refused: 'dns-refusing',
  servfail: 'dns-servfail',
  'icmp-refused': 'dns-closed',
  'aaaa-silent': 'dns-without-ipv6',
  'cluster-only': 'dns-cluster-only',
  slow3: 'dns-slow',
  truncated: 'dns-ok',
};

function worldOf(run: RecordedRun, base: WorldSpec): WorldSpec {
  const { resolver } = base.workstation;
  const search = resolver?.search ?? [];
  const withServers = (nameservers: readonly string[], extra: readonly OutsideHost[] = []): WorldSpec => ({
    ...base,
    outside: [...base.outside, ...extra],
    workstation: { ...base.workstation, resolver: { nameservers, search, ndots: 5 } },
  });
  if (run.resolv === 'drop') return withServers(['10.96.0.12']);
  if (run.resolv === 'core') return withServers(['10.96.0.15']);
  const text = run.resolv_conf;
  if (text === undefined) return base;
  const servers = [...text.matchAll(/nameserver (\S+)/g)].map((match) => match[1] ?? '');
  const kinds = run.situation.replace(/^dns-/, '').split('+');
  const hosts = servers.map((address, i): OutsideHost => {
    const name = DNS_HOSTS[kinds[i] ?? kinds[0] ?? ''] ?? 'dns-ok';
    const host = base.outside.find((item) => item.name === name);
    if (host === undefined) throw new Error(`the world has no ${name}`);
    return { ...host, name: `${name}-${i}`, addresses: [address] };
  });
  const option = (name: string): number | undefined => {
    const value = new RegExp(`${name}:(\\d+)`).exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const timeoutS = option('timeout');
  const attempts = option('attempts');
  const made = withServers(servers, hosts);
  return {
    ...made,
    workstation: {
      ...made.workstation,
      resolver: {
        nameservers: servers,
        search: /^search (.*)$/m.exec(text)?.[1]?.split(' ') ?? [],
        ndots: option('ndots') ?? 1,
        ...(timeoutS === undefined ? {} : { timeoutS }),
        ...(attempts === undefined ? {} : { attempts }),
      },
    },
  };
}

/** Which C library, shell and versions the recorded tool had. */
function factsOf(run: RecordedRun): Pick<Machine, 'libc' | 'shell' | 'versions'> {
  const { tool } = run;
  const version = /(\d+\.\d+(?:\.\d+)?)/.exec(tool)?.[1] ?? '';
  if (tool.startsWith('busybox ash'))
    return { libc: 'glibc', shell: 'ash', versions: { multicall: version } };
  if (tool.startsWith('busybox'))
    return { libc: 'glibc', shell: 'bash', versions: { multicall: version, curl: '7.88.1' } };
  if (tool.startsWith('musl')) return { libc: 'musl', shell: 'bash', versions: {} };
  const versions: Record<string, string> = { jq: '1.7.1' };
  if (tool.includes('curl')) versions['curl'] = version;
  if (tool.startsWith('jq')) versions['jq'] = version;
  if (tool.startsWith('dig') || tool.startsWith('nslookup') || tool.startsWith('host'))
    versions['bind'] = version;
  if (tool.startsWith('netcat')) versions['nc'] = version;
  if (tool.startsWith('GNU wget')) versions['wget'] = version;
  const year = /ping (\d{8})/.exec(tool)?.[1];
  if (year !== undefined) versions['iputils'] = year;
  const shell = tool.startsWith('dash') ? 'dash' : 'bash';
  return { libc: 'glibc', shell, versions };
}

/** A terminal with the keys that were typed on it. */
class ReplayTerminal implements Terminal {
  readonly columns = 80;
  readonly rows = 24;
  isRaw = false;
  isEcho = true;
  onSignal: ((signal: Signal) => void) | undefined;
  readonly stdin = new Stream();
  text = '';
  /** What was typed of a line that is not entered yet. */
  line = '';
  write(text: string): void {
    this.text += text.replaceAll('\n', '\r\n');
  }
}

let bundle: LabBundle | undefined;

/** Plays a recorded command line in the world `netlab`, on a machine of the recorded kind. */
export async function replay(run: RecordedRun): Promise<Replayed> {
  bundle ??= labNow('netlab');
  const base = bundle.world as unknown as WorldSpec;
  const world = worldOf(run, base);
  const sandbox = await Sandbox.create({ ...bundle, world: world as unknown as LabBundle['world'] }, {
    replayVersion: 0,
    lab: 'netlab',
    labVersion: '',
    seed: 1,
    epochMs: EPOCH_MS,
  });
  const machine = machineOf(run, sandbox);
  const terminal = run.tty ? new ReplayTerminal() : undefined;
  const streams = { stdin: terminal?.stdin ?? new Stream(), stdout: new Stream(), stderr: new Stream() };
  if (terminal === undefined) streams.stdin.end();
  const startMs = sandbox.nowMs;
  let endMs: number | undefined;
  let stdout = '';
  let stderr = '';
  const collect = (): void => {
    const out = streams.stdout.take();
    if (terminal) terminal.write(out);
    else stdout += out;
    stderr += streams.stderr.take();
  };
  const handle = sandbox.scheduler.start(
    { command: ['replay'], machine: machine.id, group: 'new' },
    async (sys) => {
      try {
        if (run.tool.includes('getaddrinfo')) return await ask(run, sandbox, sys, streams.stdout);
        if (run.tool.includes('(interactive)') && terminal)
          return await interact(run, machine, sys, terminal);
        const shell = shellOf(run);
        return await runOn(sys, machine, [shell, '-c', run.run.replaceAll('/usr/lib/postgresql/15/bin/', '')], { ...streams, terminal });
      } catch (error) {
        if (error instanceof Signalled) return error.exitCode;
        throw error;
      } finally {
        endMs = sys.nowMs();
      }
    },
  );
  const isDone = (): boolean => {
    collect();
    return handle.exitCode() !== undefined;
  };
  for (const [atS, keys] of typedOf(run)) {
    await sandbox.runWhile(() => !isDone(), startMs + atS * 1000);
    if (isDone()) break;
    if (terminal) type(terminal, keys, handle, sandbox, machine);
    else if (keys === '\x03') signalAll(sandbox, machine, 'INT');
    sandbox.scheduler.wake();
  }
  const limitMs = startMs + run.seconds * 1000 + (isCut(run) ? 0 : 30_000);
  await sandbox.runWhile(() => !isDone(), limitMs);
  collect();
  return {
    stdout: terminal?.text ?? stdout,
    stderr,
    exit: handle.exitCode() ?? 137,
    seconds: ((endMs ?? sandbox.nowMs) - startMs) / 1000,
  };
}

/** True when the recorder stopped the tool, which would have gone on. */
function isCut(run: RecordedRun): boolean {
  return run.exit === 137 && (run.ended_by_recorder !== undefined || /recorder/.test(run.note ?? ''));
}

function shellOf(run: RecordedRun): string {
  if (/^bash 5\.2.*(-c|tcp)$/.test(run.tool)) return '/bin/bash';
  return run.tool.startsWith('dash') ? '/bin/dash' : /^busybox ash/.test(run.tool) ? 'ash' : 'bash';
}

function machineOf(run: RecordedRun, sandbox: Sandbox): Machine {
  const { workstation } = sandbox.workplace;
  // The shells were recorded in a folder with one file.
  for (const name of run.tool.includes('(interactive)') ? ['srv', 'd.txt', 'j.json', 'y.yaml'] : [])
    workstation.files.remove(`/home/learner/${name}`, { recursive: true });
  const facts = factsOf(run);
  const home = '/home/learner';
  const isShell = /^(coreutils|grep|sed|mawk|gawk|jq|yq|bash 5.2.15 -c|dash|busybox ash|less)/.test(run.tool);
  const bash = workstation.program('bash') as Program;
  return {
    ...workstation,
    ...facts,
    user: 'root',
    home,
    files: workstation.files,
    program: (name) =>
      name === 'sh' && (facts.shell === 'dash' || isShell)
        ? workstation.program(facts.shell === 'dash' ? 'dash' : 'bash')
        : name === 'bash'
          ? bash
          : workstation.program(name),
    programNames: () => workstation.programNames(),
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: home,
      PWD: home,
      CACRT: `${home}/srv/ca.crt`,
      ...(run.tty ? { TERM: 'xterm' } : {}),
    },
  };
}

function typedOf(run: RecordedRun): readonly (readonly [number, string])[] {
  const signalled = /(?:Ctrl-C typed|SIGINT) after ([\d.]+) s/.exec(run.note ?? '')?.[1];
  const typed = (run.chunks ?? []).flatMap(([at, text]) => {
    if (!/^<[\s\S]+>$/.test(text)) return [];
    const keys = text
      .slice(1, -1)
      .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
        hex === undefined
          ? ({ n: '\n', t: '\t', r: '\r' }[char] ?? char)
          : String.fromCharCode(Number.parseInt(hex, 16)),
      );
    return [[at, keys] as const];
  });
  if (typed.length === 0 && signalled !== undefined) return [[Number(signalled), '\x03']];
  return typed;
}

const KEY_SIGNALS: Readonly<Record<string, readonly [Signal, string]>> = {
  '\x03': ['INT', '^C'],
  '\x1a': ['TSTP', '^Z'],
  '\x1c': ['QUIT', '^\\'],
};

function type(
  terminal: ReplayTerminal,
  keys: string,
  handle: { kill(signal: Signal): void },
  sandbox: Sandbox,
  machine: Machine,
): void {
  for (const key of keys) {
    const signal = KEY_SIGNALS[key];
    if (signal !== undefined && !terminal.isRaw) {
      terminal.text += signal[1];
      terminal.line = '';
      if (terminal.onSignal) terminal.onSignal(signal[0]);
      else signalAll(sandbox, machine, signal[0]);
      continue;
    }
    if (key === '\x04') terminal.stdin.pushEndOfFile();
    else {
      if (terminal.isEcho && !terminal.isRaw) terminal.write(key);
      terminal.line += key;
      if (key === '\n' || terminal.isRaw) {
        terminal.stdin.push(terminal.line);
        terminal.line = '';
      }
    }
  }
  void handle;
}

/** Ctrl-C reaches every process of the foreground: all that run on the machine but the learner's own terminal. */
function signalAll(sandbox: Sandbox, machine: Machine, signal: Signal): void {
  const own = sandbox.scheduler
    .living()
    .filter((one) => one.machine === machine.id && one.command[0] !== '-bash');
  const children = own.filter((one) => one.command[0] !== 'replay');
  for (const one of children.length > 0 ? children : own) one.kill(signal);
}

async function ask(
  run: RecordedRun,
  sandbox: Sandbox,
  sys: Parameters<Parameters<Sandbox['scheduler']['start']>[1]>[0],
  out: Stream,
): Promise<number> {
  const call = /getaddrinfo\(([^,]+), AF_(UNSPEC|INET6?)\)/.exec(run.run);
  const libc = run.tool.startsWith('musl') ? 'musl' : 'glibc';
  const network = sandbox.workplace.ports.network(sandbox.workplace.workstation);
  const family = call?.[2] === 'INET' ? 4 : call?.[2] === 'INET6' ? 6 : undefined;
  const result = await resolveHost({ sys, network, libc }, call?.[1] ?? '', { family });
  const words =
    result.kind === 'found'
      ? result.addresses.join(' ')
      : resolverWords(libc, result.kind === 'failed' ? result.why : 'again');
  out.push(words);
  return result.kind === 'found' ? 0 : 1;
}

/** The words of a recorded getaddrinfo call, as `ask` gives them. */
export function askedWords(stdout: string): string {
  return (
    /error -?\d+ (.*) \(/.exec(stdout)?.[1] ??
    [...stdout.matchAll(/-> ([^(\n]*\S) \(/g)].map((match) => match[1]).join(' ')
  );
}

async function interact(
  run: RecordedRun,
  machine: Machine,
  sys: Parameters<Parameters<Sandbox['scheduler']['start']>[1]>[0],
  terminal: ReplayTerminal,
): Promise<number> {
  const dialect = run.tool.startsWith('dash') ? 'dash' : run.tool.includes('ash 1') ? 'ash' : 'bash';
  const write = async (_: unknown, text: string): Promise<void> => terminal.write(text);
  const shell = new Shell({
    dialect,
    name: dialect,
    machine,
    sys,
    descriptors: new Map<number, Descriptor>([
      [0, { stream: terminal.stdin, terminal }],
      [1, { write, terminal }],
      [2, { write, terminal }],
    ]),
    env: new Map(Object.entries(machine.env)),
    cwd: machine.home,
    isInteractive: true,
  });
  let isAtPrompt = false;
  terminal.onSignal = (signal) => {
    if (!isAtPrompt) return shell.signal(signal);
    if (signal !== 'INT') return;
    terminal.stdin.take();
    shell.abandon();
    terminal.write(`\n${shell.prompt().replace(/[\x01\x02]/g, '')}`);
  };
  for (;;) {
    terminal.write(shell.prompt().replace(/[\x01\x02]/g, ''));
    isAtPrompt = true;
    const line = await terminal.stdin.readLine(sys);
    isAtPrompt = false;
    // bash's editor ends the line at once, the others' only when they leave.
    if (line === undefined && dialect === 'bash') terminal.write('\n');
    const result = line === undefined ? await shell.endOfInput() : await shell.submit(line);
    if (result.kind === 'more') continue;
    if (line === undefined && dialect !== 'bash' && result.isExited) terminal.write('\n');
    if (result.isExited) return result.exit;
  }
}
