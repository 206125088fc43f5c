import { invariant } from '../../base/assert.ts';
import type { Dialect } from '../lexer.ts';
import type { Interpreter } from '../interpreter.ts';

/** A command that the shell runs itself. `isSpecial` are POSIX' special builtins, whose failures end a dash or ash script. */
export type Builtin = {
  readonly run: (shell: Interpreter, argv: readonly string[]) => Promise<number>;
  readonly isSpecial?: boolean;
  /** Only bash has it. */
  readonly isBash?: boolean;
};

// What the shell must know before it runs one: their names. The code is loaded when first one runs; the process holds the
// baton meanwhile, so that nothing else moves.
const SPECIAL = `: break continue exit return eval . exec set shift trap times export readonly unset`;
const ONLY_BASH = `logout mapfile readarray disown suspend pushd popd dirs builtin caller compgen compopt fc bind
  complete enable help declare typeset shopt`;
const COMMON = `true false source echo printf test [ read jobs fg bg wait kill cd pwd type command history ulimit
  umask hash local let getopts alias unalias`;

const loadAll = () => import('./all.ts');
let loaded: Awaited<ReturnType<typeof loadAll>> | undefined;

/** Loads the code of the builtins ahead. */
export async function loadBuiltins(): Promise<void> {
  loaded ??= await loadAll();
}

function entry(name: string, kind: Omit<Builtin, 'run'>): [string, Builtin] {
  const run: Builtin['run'] = async (shell, argv) => {
    if (loaded === undefined) await loadBuiltins();
    const builtin = loaded?.ALL_BUILTINS.get(name);
    invariant(builtin !== undefined, 'a listed builtin is there');
    return builtin.run(shell, argv);
  };
  return [name, { ...kind, run }];
}

const names = (text: string): string[] => text.split(/\s+/);
const BUILTINS: ReadonlyMap<string, Builtin> = new Map([
  ...names(SPECIAL).map((name) => entry(name, { isSpecial: true })),
  ...names(ONLY_BASH).map((name) => entry(name, { isBash: true })),
  ...names(COMMON).map((name) => entry(name, {})),
]);

/** The builtin of a name in a kind of shell, or undefined. */
export function builtinOf(name: string, dialect: Dialect): Builtin | undefined {
  const builtin = BUILTINS.get(name);
  if (dialect === 'dash' && /^(let|source|history)$/.test(name)) return undefined;
  return builtin?.isBash === true && dialect !== 'bash' ? undefined : builtin;
}

/** Names of all builtins of a kind of shell, sorted. */
export function builtinNames(dialect: Dialect): string[] {
  return [...BUILTINS.keys()].filter((name) => builtinOf(name, dialect) !== undefined).sort();
}
