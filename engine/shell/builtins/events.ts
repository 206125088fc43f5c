import type { Interpreter } from '../interpreter.ts';
import { resolvePath } from '../path.ts';
import { expandHistory } from '../history.ts';
import { badOption } from './flow.ts';

/** `history`: the kept lines with their numbers; `-c`, `-d`, `-w`, `-r`, `-a`, `-p`, `-s`. */
export async function history(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const flag = argv[1] ?? '';
  if (flag === '-c') {
    state.historyBase = 1;
    state.history = [];
    return 0;
  }
  if (flag === '-d') return deleteEvents(shell, argv[2] ?? '');
  if (/^-[wanr]$/.test(flag)) return fileEvents(shell, flag, argv[2]);
  if (flag === '-s') {
    state.history.push(argv.slice(2).join(' '));
    return 0;
  }
  if (flag === '-p') {
    for (const word of argv.slice(2)) {
      const found = expandHistory(word, state.history, state.historyBase);
      if ('error' in found) return shell.complain(`history: ${word}: history expansion failed`);
      await shell.out(`${found.text}\n`);
    }
    return 0;
  }
  if (flag.startsWith('-'))
    return badOption(
      shell,
      argv,
      'history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]',
    );
  if (flag !== '' && !/^[0-9]+$/.test(flag))
    return shell.complain(`history: ${flag}: numeric argument required`);
  const count = flag === '' ? state.history.length : Number(flag);
  const from = Math.max(0, state.history.length - count);
  const lines = state.history.slice(from);
  await shell.out(
    lines.map((line, index) => `${String(state.historyBase + from + index).padStart(5)}  ${line}\n`).join(''),
  );
  return 0;
}

async function deleteEvents(shell: Interpreter, spec: string): Promise<number> {
  const { state } = shell;
  const match = /^(-?[0-9]+)(?:-(-?[0-9]+))?$/.exec(spec);
  const place = (text: string): number =>
    Number(text) < 0 ? state.history.length + Number(text) : Number(text) - state.historyBase;
  const from = match === null ? -1 : place(match[1] ?? '');
  const to = match?.[2] === undefined ? from : place(match[2]);
  if (from < 0 || to < from || to >= state.history.length)
    return shell.complain(`history: ${spec}: history position out of range`);
  state.history.splice(from, to - from + 1);
  return 0;
}

/** `-w` and `-a` write the lines to a file, `-r` and `-n` read them from there. */
async function fileEvents(shell: Interpreter, flag: string, name: string | undefined): Promise<number> {
  const { state } = shell;
  const file =
    name ?? state.variables.get('HISTFILE') ?? `${state.variables.get('HOME') ?? ''}/.bash_history`;
  const path = resolvePath(state.cwd, file);
  if (flag === '-w' || flag === '-a') {
    shell.files.write(path, state.history.map((line) => `${line}\n`).join(''), shell.nowMs(), {
      append: flag === '-a',
    });
    return 0;
  }
  const content = shell.files.read(path);
  if ('error' in content) return shell.complain(`history: ${file}: cannot open: No such file or directory`);
  state.history.push(...content.content.split('\n').filter((line) => line !== ''));
  return 0;
}

const FC_USAGE = 'fc [-e ename] [-lnr] [first] [last] or fc -s [pat=rep] [command]';

/** `fc`: lists lines of the history (`-l`) or runs one again (`-s`); editing needs an editor that waits, which there is none of. */
export async function fixCommand(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const flags = argv
    .slice(1)
    .filter((word) => /^-[elnrs]+$/.test(word))
    .join('');
  const bad = argv.slice(1).find((word) => /^-[^0-9elnrs]/.test(word));
  if (bad !== undefined) return badOption(shell, argv, FC_USAGE, bad);
  const words = argv.slice(1).filter((word) => !/^-[elnrs]+$/.test(word));
  // The line that holds the `fc` itself is the last one at a prompt.
  const events = state.isInteractive ? state.history.slice(0, -1) : [...state.history];
  if (flags.includes('s')) return rerun(shell, events, words);
  if (!flags.includes('l'))
    return shell.complain('fc: no editor that waits is installed; use fc -s or the arrow keys');
  if (events.length === 0) return 0;
  const place = (word: string | undefined, standard: number): number => {
    if (word === undefined) return standard;
    if (/^-?[0-9]+$/.test(word))
      return Number(word) < 0 ? events.length + Number(word) : Number(word) - state.historyBase;
    return events.findLastIndex((event) => event.startsWith(word));
  };
  const clip = (at: number): number => Math.max(0, Math.min(events.length - 1, at));
  let first = clip(place(words[0], events.length - 16));
  let last = clip(place(words[1], events.length - 1));
  const isReversed = flags.includes('r') !== first > last;
  if (first > last) [first, last] = [last, first];
  const lines = events
    .slice(first, last + 1)
    .map((line, index) =>
      flags.includes('n') ? `\t ${line}\n` : `${state.historyBase + first + index}\t ${line}\n`,
    );
  await shell.out((isReversed ? lines.reverse() : lines).join(''));
  return 0;
}

async function rerun(
  shell: Interpreter,
  events: readonly string[],
  words: readonly string[],
): Promise<number> {
  const swaps = words.filter((word) => word.includes('='));
  const [prefix] = words.filter((word) => !word.includes('='));
  let line = events.findLast((event) => prefix === undefined || event.startsWith(prefix));
  if (line === undefined) return shell.complain('fc: no command found');
  for (const swap of swaps)
    line = line.replace(swap.slice(0, swap.indexOf('=')), () => swap.slice(swap.indexOf('=') + 1));
  shell.state.history.pop();
  shell.state.history.push(line);
  await shell.err(`${line}\n`);
  return shell.runText(line);
}
