import type { Command } from './ast.ts';
import { expandText } from './expand.ts';
import { waitForeground } from './foreground.ts';
import type { Interpreter } from './interpreter.ts';
import { resolvePath } from './path.ts';
import { plainChain, printChain } from './print.ts';
import { createProcess, findProgram, spawnProgram } from './process.ts';

/** Runs a simple command that is no function and no builtin. */
export async function invokeProgram(
  shell: Interpreter,
  command: Extract<Command, { kind: 'simple' }>,
  argv: string[],
  isLeaf: boolean,
): Promise<void> {
  const env = shell.exported();
  for (const one of command.assignments) env.set(one.name, await expandText(shell, one.value, true));
  await runExternal(shell, argv, env, isLeaf ? 'here' : 'child', () =>
    (shell.state.dialect === 'bash' ? printChain : plainChain)({
      first: { commands: [command], isNegated: false, timing: 'none' },
      rest: [],
    }),
  );
}

/** Runs a program: as a child, or in this very process (`exec`, the last command of a subshell process). Sets the status. */
export async function runExternal(
  shell: Interpreter,
  argv: readonly string[],
  env: Map<string, string>,
  where: 'here' | 'child',
  text: () => string,
  isExec = false,
): Promise<void> {
  const name = argv[0] ?? '';
  const found = findProgram(
    shell.machine,
    shell.state.cwd,
    env.get('PATH') ?? shell.state.variables.get('PATH') ?? '',
    name,
  );
  const own = found.isPlain === true ? shell.machine.program(shell.state.dialect) : undefined;
  if (found.kind !== 'program') {
    shell.state.status = await notFound(
      shell,
      name,
      found.kind,
      env.get('PATH') ?? shell.state.variables.get('PATH') ?? '',
      isExec,
    );
    return;
  }
  env.set('_', found.path);
  const words =
    found.prefix.length > 0 ? [...found.prefix, found.shown ?? found.path, ...argv.slice(1)] : argv;
  countHash(shell, name, found.path);
  const parts = {
    argv: words,
    env,
    cwd: shell.state.cwd,
    machine: shell.machine,
    descriptors: shell.descriptors,
  };
  const program = own ?? found.program;
  if (where === 'here') {
    shell.state.status = await program(createProcess({ ...parts, sys: shell.sys }));
    return;
  }
  const child = spawnProgram(shell.sys, program, parts, shell.hasJobControl ? 'new' : undefined);
  const statuses = await waitForeground(shell, [child], text());
  if (statuses !== undefined) shell.state.status = statuses[0] ?? 0;
}

function countHash(shell: Interpreter, name: string, path: string): void {
  if (name.includes('/') || shell.state.dialect !== 'bash') return;
  const known = shell.state.hashed.get(name);
  if (known !== undefined) known.count++;
  else if (shell.state.hashed.size < 500) shell.state.hashed.set(name, { path, count: 1 });
}

async function notFound(
  shell: Interpreter,
  name: string,
  kind: 'missing' | 'denied' | 'folder' | 'interpreter',
  path: string,
  isExec: boolean,
): Promise<number> {
  const isBash = shell.state.dialect === 'bash';
  if (kind === 'interpreter')
    return isBash
      ? shell.complain(`${name}: cannot execute: required file not found`, 127)
      : shell.complain(`${name}: not found`, 127);
  if (isExec && kind === 'missing')
    return shell.complain(
      `exec: ${name}: ${isBash && name.includes('/') ? 'cannot execute: No such file or directory' : 'not found'}`,
      127,
    );
  if (kind === 'folder')
    return shell.complain(`${name}: ${isBash ? 'Is a directory' : 'Permission denied'}`, 126);
  if (kind === 'denied' && isBash && isExec) {
    const path = resolvePath(shell.state.cwd, name);
    await shell.complain(`${path}: Permission denied`);
    return shell.complain(`exec: ${path}: cannot execute: Permission denied`, 126);
  }
  if (kind === 'denied') return shell.complain(`${isExec ? 'exec: ' : ''}${name}: Permission denied`, 126);
  if (isBash && (name.includes('/') || path === ''))
    return shell.complain(`${name}: No such file or directory`, 127);
  return shell.complain(isBash ? `${name}: command not found` : `${name}: not found`, 127);
}
