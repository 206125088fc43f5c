import type { kubectlCompleter } from '../commands/kubectl/completion.ts';
import type { Ports, StartOn } from '../commands/ports.ts';
import { loadBuiltins } from '../shell/builtins/table.ts';
import type { Machine, OpenSocket, Program } from '../shell/program.ts';

// The tools are half of the engine's code, and a page can show its prompt without them. They are a chunk of its own that is
// loaded when first a program runs; the process holds the baton meanwhile, so nothing else moves and no virtual time passes:
// a replay that loads is the same as one that finds everything there.
/** The tools, and the browser pane's requests. */
export const loadTools = () => import('../commands/tools.ts');
type Tools = Awaited<ReturnType<typeof loadTools>>;
const loadRegex = () => import('../shell/posix-regex.ts');

/** Names of the text, file and process tools; the module's own table is the authority, a test compares. */
export const COREUTIL_NAMES: readonly string[] =
  `cat head tail wc tee nl tac rev less more sort uniq cut tr paste column fold comm join ls cp mv rm mkdir rmdir
  touch ln chmod chown chgrp stat file du df realpath readlink sleep timeout env nohup nice setsid xargs time watch ps top pgrep
  pkill killall kill yes date seq uname id whoami logname hostname uptime free which printenv basename dirname tty stty tput
  clear reset expr test [ printf echo pwd true false sync nproc arch man mktemp md5sum sha256sum base64 xxd od hexdump
  grep egrep fgrep sed find diff awk gawk mawk busybox shuf envsubst cmp groups
  stdbuf tar tree`.split(/\s+/);

/** Names of the network tools; likewise. */
export const NET_NAMES: readonly string[] =
  'curl wget nc netcat dig nslookup host getent ping ping6 telnet traceroute ip ifconfig netstat ss ssh redis-cli psql pg_isready tcpdump openssl ncat grpcurl route arp apk apt apt-get'.split(
    ' ',
  );

/** A program whose code is loaded when it first runs. `load` is asked until it succeeds once. */
export function lazyProgram(load: () => Promise<Program>): Program {
  let loaded: Program | undefined;
  return async (process) => {
    loaded ??= await load();
    return loaded(process);
  };
}

/** The tools of a workplace by name, without the shells and editors. */
export function toolPrograms(ports: Ports, startOn: StartOn): ReadonlyMap<string, Program> {
  const programs = new Map<string, Program>();
  addFamily(programs, COREUTIL_NAMES, async () => (await loadTools()).coreutilPrograms());
  addFamily(programs, NET_NAMES, async () => (await loadTools()).netPrograms(ports, startOn));
  const single: Readonly<Record<string, (tools: Tools) => Program>> = {
    jq: (tools) => tools.jq,
    yq: (tools) => tools.yq,
    kubectl: (tools) => tools.kubectlProgram(ports),
    hubble: (tools) => tools.hubbleProgram(ports),
    helm: (tools) => tools.helmProgram(ports),
    cilium: (tools) => tools.ciliumProgram(ports),
    kind: (tools) => tools.kindProgram(ports),
  };
  for (const [name, make] of Object.entries(single))
    programs.set(
      name,
      lazyProgram(async () => make(await loadTools())),
    );
  return programs;
}

/** bash's `/dev/tcp` on a machine: its code is loaded when first used. */
export function socketOpener(ports: Ports): (machine: Machine) => OpenSocket {
  return (machine) => async (sys, protocol, host, port) =>
    (await loadTools()).shellSocket(ports, machine)(sys, protocol, host, port);
}

/** `cilium-dbg`, the agent's own tool in its container. */
export function agentTool(ports: Ports): Program {
  return lazyProgram(async () => (await loadTools()).ciliumDbgProgram(ports));
}

/** One table of programs behind all of its names. */
function addFamily(
  programs: Map<string, Program>,
  names: readonly string[],
  load: () => Promise<ReadonlyMap<string, Program>>,
): void {
  let table: ReadonlyMap<string, Program> | undefined;
  for (const name of names) {
    const find = async (): Promise<Program> => {
      table ??= await load();
      const program = table.get(name);
      if (program === undefined) throw new Error(`the table of programs has no ${name}`);
      return program;
    };
    programs.set(name, lazyProgram(find));
  }
}

let completer: typeof kubectlCompleter | undefined;

/** kubectl's completion, once `loadCompleter` has ended. Completion is no part of a journal. */
export function loadedCompleter(): typeof kubectlCompleter | undefined {
  return completer;
}

/** Loads the completion of kubectl. */
export async function loadCompleter(): Promise<void> {
  completer ??= (await loadTools()).kubectlCompleter;
}

/** Loads everything ahead, so that no first command waits and a closed connection harms nothing. What fails is tried again when it is used. */
export async function loadAhead(): Promise<void> {
  const loads = [loadTools, loadCompleter, loadBuiltins, loadRegex];
  for (const load of loads) {
    try {
      await load();
    } catch {
      return;
    }
  }
}
