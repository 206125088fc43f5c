import type { Connection } from '../../net/socket.ts';
import type { Process } from '../../shell/program.ts';
import { servingSys } from './waiting.ts';

/** How a two-way pump between a connection and the standard streams behaves. */
export type PumpOptions = {
  /** Ends when nothing moved for so long. */
  readonly idleMs?: number | undefined;
  /** What the end of standard input means: tell the peer, nothing, or leave after `quitMs`. */
  readonly atEnd: 'finish' | 'nothing';
  readonly quitMs?: number | undefined;
  /** False: standard input is not read. */
  readonly isReading: boolean;
};

/** Carries text both ways until the peer is done. `idle`: the idle time passed; `quit`: the time after the input's end. */
export async function pump(
  process: Process,
  connection: Connection,
  options: PumpOptions,
): Promise<'end' | 'reset' | 'idle' | 'quit'> {
  const { sys, stdin } = process;
  let isInputOver = !options.isReading;
  let quitAtMs: number | undefined;
  let movedMs = sys.nowMs();
  const isDue = (): boolean => !isInputOver && (stdin.length > 0 || stdin.ended);
  const serve = async (): Promise<void> => {
    if (stdin.length > 0) {
      movedMs = sys.nowMs();
      await connection.send(sys, stdin.take());
      return;
    }
    isInputOver = true;
    if (options.atEnd === 'finish') connection.finish();
    if (options.quitMs !== undefined) quitAtMs = sys.nowMs() + options.quitMs;
  };
  const serving = servingSys(sys, isDue, serve);
  for (;;) {
    while (isDue()) await serve();
    const idleAtMs = options.idleMs === undefined ? Number.POSITIVE_INFINITY : movedMs + options.idleMs;
    // The input's end may come while we wait; with a time to leave by, look again now and then.
    const lookMs =
      options.quitMs !== undefined && !isInputOver ? sys.nowMs() + 250 : Number.POSITIVE_INFINITY;
    const untilMs = Math.min(idleAtMs, quitAtMs ?? Number.POSITIVE_INFINITY, lookMs);
    const got = await connection.receive(
      serving,
      untilMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, untilMs - sys.nowMs()),
    );
    if (got.kind === 'data') {
      movedMs = sys.nowMs();
      await process.out(got.text);
    } else if (got.kind !== 'timeout') return got.kind;
    else if (quitAtMs !== undefined && sys.nowMs() >= quitAtMs) return 'quit';
    else if (options.idleMs !== undefined && sys.nowMs() >= movedMs + options.idleMs) return 'idle';
  }
}
