import type { Process, Program } from '../../shell/program.ts';
import { resolvePath, statThrough } from '../../shell/path.ts';

/** Opens a file in the editor pane; the path is absolute. `isAwaited`: the process waits until it is saved there. The hook is the session's. */
export type OpenEditor = (process: Process, path: string, isAwaited: boolean) => void;

const NAMES = ['vi', 'vim', 'nano', 'edit', 'code'];

/**
 * `vi`, `vim`, `nano`, `edit` and `code` on the workstation: the file opens in the editor pane beside the terminal. A
 * missing file is not made before it is saved there. A program that started the editor (`kubectl edit`) goes on when the file
 * has been saved; at a prompt nothing waits, nor where there is no editor pane (a dumb terminal).
 */
export function editorPrograms(openEditor: OpenEditor): Map<string, Program> {
  const program: Program = async (process) => {
    const name = process.argv[0]?.split('/').at(-1) ?? 'vi';
    const operands = process.argv.slice(1).filter((word) => !/^[-+]/.test(word));
    if (operands.length === 0) {
      await process.err(`${name}: name a file to open in the editor, e.g. ${name} policy.yaml\n`);
      return 1;
    }
    if (process.machine.id !== 'workstation') {
      await process.err(
        `${name}: the editor opens files of the workstation only; here use cat and sed -i, or kubectl cp.\n`,
      );
      return 1;
    }
    const isAwaited = process.env.get('TERM') !== 'dumb' && isStartedByProgram(process);
    let exit = 0;
    for (const operand of operands) {
      const path = resolvePath(process.cwd, operand);
      if (statThrough(process.machine.files, path)?.kind === 'folder') {
        await process.err(`${name}: ${operand}: Is a directory\n`);
        exit = 1;
        continue;
      }
      openEditor(process, path, isAwaited);
      if (isAwaited) await untilSaved(process, path);
      else await process.out(`${operand} is open in the editor; save it there with Ctrl+S.\n`);
    }
    return exit;
  };
  return new Map(NAMES.map((name) => [name, program]));
}

/** True when some program that is no shell is among the ancestors. */
function isStartedByProgram({ sys, machine }: Process): boolean {
  const all = sys.processes(machine.id);
  let at = all.find(({ pid }) => pid === sys.pid);
  for (;;) {
    at = all.find(({ pid }) => pid === at?.parentPid);
    if (at === undefined) return false;
    if (!/^-?(ba|da|a)?sh$/.test(at.command[0] ?? '')) return true;
  }
}

async function untilSaved(process: Process, path: string): Promise<void> {
  const { files } = process.machine;
  const before = statThrough(files, path);
  await process.err('Waiting for the editor: save the file there to go on, or cancel.\n');
  await process.sys.until(() => statThrough(files, path) !== before);
}
