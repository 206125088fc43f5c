import { FLOW_BUILTINS } from './flow.ts';
import { INPUT_BUILTINS } from './input.ts';
import { JOB_BUILTINS } from './jobs.ts';
import { NAME_BUILTINS } from './names.ts';
import type { Builtin } from './table.ts';
import { VARIABLE_BUILTINS } from './variables.ts';

/** Every builtin with its code: a chunk of its own, loaded when first one runs. */
export const ALL_BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  [FLOW_BUILTINS, INPUT_BUILTINS, JOB_BUILTINS, NAME_BUILTINS, VARIABLE_BUILTINS].flatMap((group) =>
    Object.entries(group),
  ),
);
