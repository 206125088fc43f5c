import { describe, expect, test } from 'vitest';
import { Clock } from '../base/clock.ts';
import { Stream } from '../base/stream.ts';
import type { Sys } from '../base/process.ts';
import { Signalled } from '../base/process.ts';
import { Scheduler } from './scheduler.ts';

function create() {
  const clock = new Clock(0);
  const scheduler = new Scheduler(clock, { firstPid: 100, afterStep: () => {} });
  const start = (name: string, main: (sys: Sys) => Promise<number>) =>
    scheduler.start({ command: [name], machine: 'm' }, main);
  const run = async (untilMs = 1e9) => {
    for (;;) {
      if (await scheduler.runNext()) continue;
      if (!scheduler.fireTimer(untilMs)) return;
    }
  };
  return { clock, scheduler, start, run };
}

/** A platform whose promises take as long as they like: `slow` needs tasks of random length where the fast one needs a microtask. */
async function platformWork(slow: boolean): Promise<void> {
  if (slow) await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
  else await null;
}

async function orders(slow: boolean): Promise<string> {
  const { clock, start, run } = create();
  const log: string[] = [];
  for (let id = 0; id < 3; id++) {
    start(`p${id}`, async (sys) => {
      for (let round = 0; round < 4; round++) {
        await platformWork(slow);
        log.push(`${clock.nowMs}:${id}.${round}`);
        await platformWork(slow);
        if (round % 2 === 1) await sys.sleep(5 * (id + 1));
      }
      return 0;
    });
  }
  await run();
  return log.join(' ');
}

describe('the baton', () => {
  test('slow promises of the platform never change the order of processes', async () => {
    const wanted = await orders(false);
    for (let i = 0; i < 10; i++) expect(await orders(true)).toBe(wanted);
  });

  test('a process that waits without the baton is a bug that is reported', async () => {
    const { start, run } = create();
    start('twice', async (sys) => {
      await Promise.all([sys.sleep(1), sys.sleep(2)]);
      return 0;
    });
    await expect(run()).rejects.toThrow(/holds the baton/);
  });
});

describe('waiting', () => {
  test('until resolves true when its condition holds and false when the time is over first', async () => {
    const { clock, start, run } = create();
    let flag = false;
    const log: string[] = [];
    start('setter', async (sys) => {
      await sys.sleep(10);
      flag = true;
      return 0;
    });
    start('waiter', async (sys) => {
      log.push(`${await sys.until(() => flag, 5)}@${clock.nowMs}`);
      log.push(`${await sys.until(() => flag, 50)}@${clock.nowMs}`);
      return 0;
    });
    await run();
    expect(log).toEqual(['false@5', 'true@10']);
  });

  test('a busy loop costs virtual time', async () => {
    const { clock, start, run } = create();
    start('busy', async (sys) => {
      for (let i = 0; i < 10_000; i++) await sys.burn(1);
      return 0;
    });
    await run();
    expect(clock.nowMs).toBe(100);
  });

  test('a full pipe makes its writer wait, and a closed one raises SIGPIPE', async () => {
    const { start, run } = create();
    const pipe = new Stream();
    const writer = start('yes', async (sys) => {
      for (;;) await pipe.write(sys, 'y\n'.repeat(5000));
    });
    let got = 0;
    start('head', async (sys) => {
      for (let i = 0; i < 3; i++) got += (await pipe.read(sys))?.length ?? 0;
      pipe.close();
      return 0;
    });
    await run();
    expect(writer.exitCode()).toBe(141);
    expect(got).toBeGreaterThan(65_536);
  });
});

describe('signals', () => {
  test('INT ends a sleeping process with 130, and one that has not run yet', async () => {
    const { start, run } = create();
    const sleeper = start('sleep', async (sys) => {
      await sys.sleep(1e6);
      return 0;
    });
    const late = start('late', async () => 0);
    start('killer', async (sys) => {
      await sys.sleep(3);
      sleeper.kill('INT');
      return 0;
    });
    late.kill('TERM');
    await run();
    expect([sleeper.exitCode(), late.exitCode()]).toEqual([130, 143]);
  });

  test('a program may end in its own way', async () => {
    const { start, run } = create();
    const follow = start('observe', async (sys) => {
      try {
        await sys.until(() => false);
      } catch (error) {
        if (error instanceof Signalled && error.signal === 'INT') return 0;
        throw error;
      }
      return 1;
    });
    start('killer', async () => {
      follow.kill('INT');
      return 0;
    });
    await run();
    expect(follow.exitCode()).toBe(0);
  });

  test('a stopped process goes on after CONT', async () => {
    const { start, run, clock } = create();
    const job = start('job', async (sys) => {
      await sys.sleep(1);
      return 7;
    });
    start('fg', async (sys) => {
      job.kill('TSTP');
      await sys.sleep(20);
      expect(job.exitCode()).toBeUndefined();
      job.kill('CONT');
      return 0;
    });
    await run();
    expect([job.exitCode(), clock.nowMs]).toEqual([7, 20]);
  });
});
