import type { JsonObject } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import { listAt, nameIn, textAt } from './client.ts';
import type { Context } from './context.ts';
import type { ExecSession } from '../../objects/api.ts';
import { type Signal, Signalled } from '../../base/process.ts';

/** How a session's streams are joined to the terminal. */
export type PumpOptions = {
  readonly stdin: boolean;
  readonly tty: boolean;
  /** The process is the container's own: it goes on when this one is ended. */
  readonly isAttached?: boolean;
};

/**
 * Carries a container process's output to this one's and, with `stdin`, its input the other way, until it ended.
 * With a TTY the terminal goes raw, so that keys (Ctrl-C among them) are for the container. Resolves to its exit code.
 */
export async function pumpSession(
  process: Process,
  session: ExecSession,
  options: PumpOptions,
): Promise<number> {
  const terminal = options.tty ? process.tty('stdin') : undefined;
  const wasRaw = terminal?.isRaw ?? false;
  if (terminal !== undefined) {
    terminal.isRaw = true;
    session.resize(terminal.columns, terminal.rows);
  }
  const { sys, stdin } = process;
  try {
    let isInputOpen = options.stdin;
    if (!isInputOpen) session.stdin.end();
    for (;;) {
      await sys.until(
        () =>
          session.stdout.length > 0 ||
          session.stderr.length > 0 ||
          session.exitCode() !== undefined ||
          (isInputOpen && (stdin.length > 0 || stdin.ended)),
      );
      await drain(process, session);
      if (session.exitCode() !== undefined && session.stdout.length === 0 && session.stderr.length === 0)
        break;
      if (isInputOpen && stdin.length > 0) session.stdin.push(typed(session, stdin.take(), options.tty));
      else if (isInputOpen && stdin.ended) {
        isInputOpen = false;
        session.stdin.end();
      }
    }
    return session.exitCode() ?? 0;
  } catch (error) {
    if (error instanceof Signalled && options.isAttached !== true)
      session.signal(error.signal === 'INT' ? 'INT' : 'TERM');
    throw error;
  } finally {
    if (terminal !== undefined) terminal.isRaw = wasRaw;
  }
}

async function drain(process: Process, session: ExecSession): Promise<void> {
  const out = session.stdout.take();
  if (out !== '') await process.out(out);
  const err = session.stderr.take();
  if (err !== '') await process.err(err);
}

const SIGNAL_KEYS: readonly (readonly [string, Signal])[] = [
  ['\x03', 'INT'],
  ['\x1c', 'QUIT'],
  ['\x1a', 'TSTP'],
];

/** Keys of a raw terminal: Ctrl-C, Ctrl-\ and Ctrl-Z reach the container as signals, as its TTY would make them. */
function typed(session: ExecSession, text: string, isTty: boolean): string {
  if (!isTty) return text;
  for (const [key, signal] of SIGNAL_KEYS) if (text.includes(key)) session.signal(signal);
  // Ctrl-D: what the container reads next finds an end of file.
  const [before = '', ...after] = text.split('\u0004');
  if (after.length > 0) {
    session.stdin.push(before.replace(/[\x03\x1a\x1c]/g, ''));
    session.stdin.pushEndOfFile();
    return after.join('').replace(/[\x03\x1a\x1c]/g, '');
  }
  return text.replace(/[\x03\x1a\x1c]/g, '');
}

/**
 * Joins a container's own streams, as `attach` does, until the container ends or the client goes. What the container ends
 * with is not told here, as with the real one.
 */
export async function attachTo(
  context: Context,
  path: string,
  container: string,
  isStdin: boolean,
  isTtyAsked: boolean,
): Promise<void> {
  const { process } = context;
  const isQuiet = context.flags.bool('quiet');
  const hasTerminal = process.tty('stdin') !== undefined;
  if (isTtyAsked && !hasTerminal && !isQuiet)
    await context.err('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  if (!isQuiet) await context.err("If you don't see a command prompt, try pressing enter.\n");
  const tty = isTtyAsked && hasTerminal;
  const farewell = tty && isStdin && !isQuiet ? farewellOf(context.client.get(path), container) : '';
  const session = context.client.exec(`${path}/attach`, {
    container,
    stdin: isStdin ? 'true' : undefined,
    stdout: 'true',
    stderr: tty ? undefined : 'true',
    tty: tty ? 'true' : undefined,
  });
  await pumpSession(process, session, { stdin: isStdin, tty, isAttached: true });
  if (farewell !== '') await context.out(farewell);
}

/** What is said at the end of a terminal's session: how to come back (kubectl's attach.go, reattachMessage). */
function farewellOf(pod: JsonObject, container: string): string {
  if (textAt(pod, 'spec', 'restartPolicy') !== 'Always') return '';
  const command = `kubectl attach ${nameIn(pod)} -c ${container} -i -t`;
  const isEphemeral = listAt(pod, 'spec', 'ephemeralContainers').some(
    (one) => textAt(one, 'name') === container,
  );
  return isEphemeral
    ? `Session ended, the ephemeral container will not be restarted but may be reattached using '${command}' if it is still running\n`
    : `Session ended, resume using '${command}' command when the pod is running\n`;
}
