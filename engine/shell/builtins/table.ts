import type { Dialect } from '../lexer.ts';
import type { Interpreter } from '../interpreter.ts';
import { FLOW_BUILTINS } from './flow.ts';
import { INPUT_BUILTINS } from './input.ts';
import { JOB_BUILTINS } from './jobs.ts';
import { NAME_BUILTINS } from './names.ts';
import { VARIABLE_BUILTINS } from './variables.ts';

/** A command that the shell runs itself. `isSpecial` are POSIX' special builtins, whose failures end a dash or ash script. */
export type Builtin = {
  readonly run: (shell: Interpreter, argv: readonly string[]) => Promise<number>;
  readonly isSpecial?: boolean;
  /** Only bash has it. */
  readonly isBash?: boolean;
};

/** The builtin of a name in a kind of shell, or undefined. */
export function builtinOf(name: string, dialect: Dialect): Builtin | undefined {
  for (const group of [FLOW_BUILTINS, INPUT_BUILTINS, JOB_BUILTINS, NAME_BUILTINS, VARIABLE_BUILTINS]) {
    const builtin = Object.hasOwn(group, name) ? group[name] : undefined;
    if (builtin !== undefined) return builtin.isBash === true && dialect !== 'bash' ? undefined : builtin;
  }
  return undefined;
}

/** Names of all builtins of a kind of shell, sorted. */
export function builtinNames(dialect: Dialect): string[] {
  const names = [FLOW_BUILTINS, INPUT_BUILTINS, JOB_BUILTINS, NAME_BUILTINS, VARIABLE_BUILTINS].flatMap(
    (group) => Object.keys(group),
  );
  return names.filter((name) => builtinOf(name, dialect) !== undefined).sort();
}
