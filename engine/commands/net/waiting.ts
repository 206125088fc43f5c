import type { Sys } from '../../base/process.ts';

/**
 * A `Sys` that does something every full second while a call waits: how a progress meter moves although the program sits
 * in `connect` or `receive`. The first tick is one second after `startMs` (virtual time).
 */
export function tickingSys(sys: Sys, startMs: number, tick: () => Promise<void>): Sys {
  let nextMs = startMs + 1_000;
  const pause = async (untilMs: number, wait: (durationMs: number) => Promise<boolean>): Promise<boolean> => {
    for (;;) {
      const now = sys.nowMs();
      if (await wait(Math.max(0, Math.min(untilMs, nextMs) - now))) return true;
      if (sys.nowMs() >= untilMs) return false;
      if (sys.nowMs() >= nextMs) {
        nextMs += 1_000;
        await tick();
      }
    }
  };
  return delegated(sys, {
    sleep: async (durationMs) => {
      await pause(sys.nowMs() + durationMs, async (slice) => {
        await sys.sleep(slice);
        return false;
      });
    },
    until: (ready, timeoutMs) =>
      pause(timeoutMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + timeoutMs, (slice) =>
        sys.until(ready, slice),
      ),
  });
}

/**
 * A `Sys` whose `until` also serves another source while it waits: when `isDue()` is true, `serve` runs and the wait goes
 * on. So a program waits for the network and its standard input at once without a second process.
 */
export function servingSys(sys: Sys, isDue: () => boolean, serve: () => Promise<void>): Sys {
  return delegated(sys, {
    sleep: (durationMs) => sys.sleep(durationMs),
    until: async (ready, timeoutMs) => {
      const endMs = timeoutMs === undefined ? undefined : sys.nowMs() + timeoutMs;
      for (;;) {
        const left = endMs === undefined ? undefined : Math.max(0, endMs - sys.nowMs());
        const woke = await sys.until(() => ready() || isDue(), left);
        if (ready()) return true;
        if (!woke) return false;
        await serve();
      }
    },
  });
}

function delegated(sys: Sys, own: Pick<Sys, 'sleep' | 'until'>): Sys {
  return {
    pid: sys.pid,
    nowMs: () => sys.nowMs(),
    sleep: own.sleep,
    until: own.until,
    burn: (units) => sys.burn(units),
    spawn: (options, main) => sys.spawn(options, main),
    processes: (machine) => sys.processes(machine),
  };
}
