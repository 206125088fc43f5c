import type { Process } from '../../shell/program.ts';
import type { ExecSession } from '../../objects/api.ts';
import { Signalled } from '../../base/process.ts';

/** How a session's streams are joined to the terminal. */
export type PumpOptions = { readonly stdin: boolean; readonly tty: boolean; readonly isQuiet?: boolean };

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
    if (error instanceof Signalled) session.signal(error.signal === 'INT' ? 'INT' : 'TERM');
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

/** Keys of a raw terminal: Ctrl-C and Ctrl-\ reach the container as signals, as its TTY would make them. */
function typed(session: ExecSession, text: string, isTty: boolean): string {
  if (!isTty) return text;
  if (text.includes('\u0003')) session.signal('INT');
  if (text.includes('\u001c')) session.signal('QUIT');
  // Ctrl-D: what the container reads next finds an end of file.
  const [before = '', ...after] = text.split('\u0004');
  if (after.length > 0) {
    session.stdin.push(before.replace(/[\u0003\u001c]/g, ''));
    session.stdin.pushEndOfFile();
    return after.join('').replace(/[\u0003\u001c]/g, '');
  }
  return text.replace(/[\u0003\u001c]/g, '');
}
