import { Stream } from '../../base/stream.ts';
import type { Machine, Process, Program } from '../../shell/program.ts';
import type { Ports, StartOn } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { resolveHost, resolverWords } from './resolver.ts';
import { connectError, errorText } from './words.ts';

const SPEC = { valued: 'BbcDEeFIiJLlmOoPpQRSWw', flags: '46AaCfGgKkMNnqsTtVvXxYy', isStrict: true };

const USAGE =
  'usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface]\n           [-b bind_address] [-c cipher_spec] [-D [bind_address:]port]\n' +
  '           [-E log_file] [-e escape_char] [-F configfile] [-I pkcs11]\n           [-i identity_file] [-J [user@]host[:port]] [-L address]\n' +
  '           [-l login_name] [-m mac_spec] [-O ctl_cmd] [-o option] [-p port]\n           [-Q query_option] [-R address] [-S ctl_path] [-W host:port]\n' +
  '           [-w local_tun[:remote_tun]] destination [command [argument ...]]\n';

/** ssh to the outside hosts of the world; whoever else is asked is treated as the network treats them. Source: recorded OpenSSH 9.2p1. */
export function sshProgram(ports: Ports, startOn: StartOn): Program {
  return async (process) => {
    const read = readAll(process.argv.slice(1));
    if ('fault' in read) {
      await process.err(read.fault);
      return 255;
    }
    if (read.options.has('V')) {
      await process.err('OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.16 11 Feb 2025\n');
      return 0;
    }
    const isLogin = read.command.length === 0;
    const hasTerminal = process.tty('stdin') !== undefined;
    if (isLogin && !hasTerminal && !read.options.has('T') && !read.options.has('q')) {
      await process.err('Pseudo-terminal will not be allocated because stdin is not a terminal.\r\n');
    }
    const port = Number(read.options.get('p') ?? 22);
    const host = read.destination.replace(/^ssh:\/\//, '').replace(/^[^@]*@/, '');
    const machine = port === 22 ? ports.host(host) : undefined;
    if (machine === undefined) return stranger(process, ports, { host, port, options: read.settings });
    const isTerminal = hasTerminal && (isLogin || read.options.has('t')) && !read.options.has('T');
    const code = await remote(process, startOn, machine, {
      command: read.command,
      isTerminal,
      isInputOff: read.options.has('n'),
    });
    if (isTerminal && !read.options.has('q')) await process.err(`Connection to ${host} closed.\r\n`);
    return code;
  };
}

type Read =
  | { readonly fault: string }
  | {
      readonly options: ReadonlyMap<string, string>;
      readonly settings: ReadonlyMap<string, string>;
      readonly destination: string;
      readonly command: readonly string[];
    };

/** Options may stand before and after the destination; `--` ends them in either place. */
function readAll(words: readonly string[]): Read {
  const before = readOptions(words, SPEC);
  if (before.kind !== 'ok') return { fault: fault(before) };
  const [destination, ...rest] = before.words;
  const isAsking = before.options.some(([name]) => name === 'V');
  if (destination === undefined && !isAsking) return { fault: USAGE };
  const after = readOptions(rest, SPEC);
  if (after.kind !== 'ok') return { fault: fault(after) };
  const all = [...before.options, ...after.options];
  const settings = new Map<string, string>();
  for (const [name, value] of all) {
    const match = /^([A-Za-z]+)[ =](.*)$/.exec(value);
    if (name === 'o' && match) settings.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  }
  return { options: new Map(all), settings, destination: destination ?? '', command: after.words };
}

function fault(read: { readonly kind: 'unknown' | 'missing'; readonly option: string }): string {
  return read.kind === 'missing'
    ? `option requires an argument -- ${read.option}\n${USAGE}`
    : `unknown option -- ${read.option.replace(/^--/, '')}\n${USAGE}`;
}

/** A host without an account for the learner: the name, the connection or the handshake fails as in life. */
async function stranger(
  process: Process,
  ports: Ports,
  target: { host: string; port: number; options: ReadonlyMap<string, string> },
): Promise<number> {
  const { sys, machine } = process;
  const network = ports.network(machine);
  const { host, port } = target;
  const resolved = await resolveHost({ sys, network, libc: machine.libc }, host);
  if (resolved.kind !== 'found') {
    const words = resolverWords(machine.libc, resolved.kind === 'failed' ? resolved.why : 'again');
    await process.err(`ssh: Could not resolve hostname ${host}: ${words}\r\n`);
    return 255;
  }
  const seconds = Number(target.options.get('connecttimeout') ?? 0);
  let last = 'Connection refused';
  for (const address of resolved.addresses) {
    const result = await network.connect(sys, { address, port }, seconds > 0 ? seconds * 1_000 : undefined);
    if (result.kind !== 'connected') {
      last = errorText(machine.libc, connectError(result));
      continue;
    }
    await result.connection.send(sys, 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6\r\n');
    const got = await result.connection.receive(sys, 120_000);
    result.connection.close();
    if (got.kind === 'reset')
      await process.err(
        `kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by ${address} port ${port}\r\n`,
      );
    else if (got.kind === 'data' && got.text.startsWith('SSH-'))
      await process.err(`${machine.user}@${host}: Permission denied (publickey).\r\n`);
    else
      await process.err(
        `kex_exchange_identification: Connection closed by remote host\r\nConnection closed by ${address} port ${port}\r\n`,
      );
    return 255;
  }
  await process.err(`ssh: connect to host ${host} port ${port}: ${last}\r\n`);
  return 255;
}

type Job = {
  readonly command: readonly string[];
  readonly isTerminal: boolean;
  readonly isInputOff: boolean;
};

/** Runs a login shell, or the words of the command through the shell as sshd does, in a process of its own; forwards what it prints. */
async function remote(process: Process, startOn: StartOn, machine: Machine, job: Job): Promise<number> {
  const { sys } = process;
  const stdout = new Stream();
  const stderr = new Stream();
  const stdin = job.isInputOff ? new Stream() : process.stdin;
  if (job.isInputOff) stdin.end();
  const shell = machine.shell === 'bash' ? 'bash' : 'sh';
  const argv = job.command.length === 0 ? [shell] : [shell, '-c', commandText(job.command)];
  const child = sys.spawn({ command: argv, machine: machine.id }, (own) =>
    startOn(own, machine, argv, { stdin, stdout, stderr, tty: job.isTerminal }),
  );
  for (;;) {
    await sys.until(() => stdout.length > 0 || stderr.length > 0 || child.exitCode() !== undefined);
    const isOver = child.exitCode() !== undefined;
    if (stdout.length > 0) await process.out(stdout.take());
    if (stderr.length > 0) await process.err(stderr.take());
    if (isOver) return child.exitCode() ?? 255;
  }
}

/**
 * The text the far shell gets. Real ssh joins the words and so loses a level of quoting; we keep backslashes of a command
 * of several words, because the lessons type `ssh HOST -- curl -w '%{http_code}\\n' …` and mean the newline.
 */
function commandText(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : words.join(' ').replaceAll('\\', '\\\\');
}
