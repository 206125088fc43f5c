import { createProcess, descriptorsOf } from '../../shell/process.ts';
import type { Machine, Process, Program } from '../../shell/program.ts';
import { awk } from './awk/awk.ts';
import { BYTE_TOOLS } from './bytes.ts';
import { diff } from './diff.ts';
import { FACT_TOOLS } from './facts.ts';
import { FILE_TOOLS } from './files.ts';
import { find } from './find.ts';
import { grep } from './grep.ts';
import { PIECE_TOOLS } from './pieces.ts';
import { PROCESS_TOOLS } from './processes.ts';
import { sed } from './sed.ts';
import { SHAPE_TOOLS } from './shape.ts';
import { SHOW_TOOLS } from './show.ts';
import { tar } from './tar.ts';
import { tree } from './trees.ts';

/** The text, file and process tools by name; each prints GNU's words, or busybox's on machines that have busybox. */
export function coreutilPrograms(): Map<string, Program> {
  return new Map<string, Program>([
    ...SHOW_TOOLS,
    ...SHAPE_TOOLS,
    ...FILE_TOOLS,
    ...PROCESS_TOOLS,
    ...FACT_TOOLS,
    ...BYTE_TOOLS,
    ...PIECE_TOOLS,
    ['tar', tar],
    ['tree', tree],
    ['grep', grep],
    ['egrep', grep],
    ['fgrep', grep],
    ['sed', sed],
    ['find', find],
    ['diff', diff],
    ['awk', awk],
    ['gawk', awk],
    ['mawk', awk],
    ['busybox', busybox],
  ]);
}

/** The machine as an applet of busybox sees it: busybox's words, and its own shell. */
function busyboxMachine(machine: Machine, version: string): Machine {
  const own = Object.hasOwn(machine.versions, 'busybox');
  return {
    ...machine,
    shell: 'ash',
    versions: own ? machine.versions : { ...machine.versions, busybox: version },
    files: machine.files,
    program: (name) => machine.program(name === 'sh' ? 'ash' : name),
    programNames: () => machine.programNames(),
  };
}

/** Runs a program of `machine` in the place of this process. */
async function runOn(process: Process, machine: Machine, argv: readonly string[]): Promise<number> {
  const found = machine.program(argv[0] ?? '');
  if (found === undefined) return 127;
  const descriptors = descriptorsOf(process);
  const { sys, cwd, env } = process;
  return found(createProcess({ argv, machine, sys, cwd, env, descriptors }));
}

/** The multi-call program: `busybox APPLET …` runs a program of the machine. */
const busybox: Program = async (process) => {
  const [applet, ...rest] = process.argv.slice(1);
  const version = process.machine.versions['busybox'] ?? process.machine.versions['multicall'] ?? '1.36.1';
  if (applet === undefined || applet === '--help') {
    const names = process.machine
      .programNames()
      .filter((name) => name !== 'busybox')
      .join(', ');
    await process.out(
      `BusyBox v${version} multi-call binary.\nBusyBox is copyrighted by many authors between 1998-2015.\n\nUsage: busybox [function [arguments]...]\n   or: busybox --list[-full]\n\nCurrently defined functions:\n\t${names}\n`,
    );
    return 0;
  }
  if (applet === '--list') {
    await process.out(
      process.machine
        .programNames()
        .filter((name) => name !== 'busybox')
        .map((name) => `${name}\n`)
        .join(''),
    );
    return 0;
  }
  const machine = busyboxMachine(process.machine, version);
  if (machine.program(applet) === undefined) {
    await process.err(`${applet}: applet not found\n`);
    return 127;
  }
  return runOn(process, machine, [applet, ...rest]);
};
