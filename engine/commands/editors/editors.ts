import type { Process, Program } from '../../shell/program.ts';
import { resolvePath, statThrough } from '../../shell/path.ts';

/** Opens a file in the editor pane; the path is absolute. The hook is the session's. */
export type OpenEditor = (process: Process, path: string) => Promise<void> | void;

const NAMES = ['vi', 'vim', 'nano', 'edit', 'code'];

/**
 * `vi`, `vim`, `nano`, `edit` and `code` on the workstation: the file opens in the editor pane beside the terminal. A
 * missing file is not made before it is saved there.
 */
export function editorPrograms(openEditor: OpenEditor): Map<string, Program> {
  const program: Program = async (process) => {
    const name = process.argv[0]?.split('/').at(-1) ?? 'vi';
    const operands = process.argv.slice(1).filter((word) => !/^[-+]/.test(word));
    if (operands.length === 0) {
      await process.err(`${name}: name a file to open in the editor, e.g. ${name} policy.yaml\n`);
      return 1;
    }
    let exit = 0;
    for (const operand of operands) {
      const path = resolvePath(process.cwd, operand);
      if (statThrough(process.machine.files, path)?.kind === 'folder') {
        await process.err(`${name}: ${operand}: Is a directory\n`);
        exit = 1;
        continue;
      }
      await openEditor(process, path);
      await process.out(`${operand} is open in the editor; save it there with Ctrl+S.\n`);
    }
    return exit;
  };
  return new Map(NAMES.map((name) => [name, program]));
}
