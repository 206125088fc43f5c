import type { Command } from './ast.ts';
import { JobTable } from './jobs.ts';
import type { Dialect } from './lexer.ts';
import { Variables } from './variables.ts';

/** All that one shell knows. A subshell works on a copy. */
export class ShellState {
  readonly dialect: Dialect;
  variables = new Variables();
  functions = new Map<string, Command>();
  aliases = new Map<string, string>();
  /** Options set with `set`, by their long names. */
  options = new Set<string>();
  /** Options set with `shopt`. */
  shopts = new Set<string>();
  traps = new Map<string, string>();
  positional: string[] = [];
  /** `$0`. */
  name: string;
  cwd = '/';
  folders: string[] = [];
  status = 0;
  pipeStatus: number[] = [0];
  /** `$!`. */
  lastJobPid: number | undefined;
  jobs = new JobTable();
  /** The submitted lines, oldest first. */
  history: string[] = [];
  /** The number of the first line that is still kept in `history`. */
  historyBase = 1;
  isInteractive = false;
  isLogin = false;
  /** Running a script or `-c`: bash then puts the line's number into its messages. */
  line = 1;
  lineOffset = 0;
  depth = 0;
  isSubshell = false;
  pid = 0;
  startedMs = 0;
  /** Where `$RANDOM` stands. */
  randomSeed = 1;
  /** Where functions were defined: their file, `environment` for `-c`. */
  functionSources = new Map<string, string>();
  /** Names of the functions that children see (`export -f`). */
  exportedFunctions = new Set<string>();
  /** The calls under way, innermost last; `source` is the function's file, `line` where it was called from. */
  calls: { readonly name: string; readonly source: string; readonly line: number }[] = [];
  /** The file that is read: the script, a sourced file, '' for `-c` and the prompt. */
  source = '';
  /** Runs the text of `-c`. */
  isCommandText = false;
  /** `umask`. */
  mask = 0o022;
  /** Builtins that `enable -n` turned off. */
  disabled = new Set<string>();
  /** `hash`: programs found, with how often they were used. */
  hashed = new Map<string, { readonly path: string; count: number }>();
  /** The command that runs, for `$BASH_COMMAND`. */
  command = '';
  /** How many subshells deep. */
  subshells = 0;
  /** `$_`. */
  lastWord: string | undefined;
  /** Exit codes of ended jobs that `wait PID` may still ask for. */
  endedPids = new Map<number, number>();
  /** The process group that the terminal's signals go to; shared with subshells. */
  foreground: { group: number | undefined } = { group: undefined };
  /** Words of the interpreter's own invocation that `$-` shows. */
  flags = '';

  constructor(dialect: Dialect, name: string) {
    this.dialect = dialect;
    this.name = name;
  }

  /** A copy for a subshell: no jobs, not interactive, traps forgotten. */
  clone(): ShellState {
    const copy = new ShellState(this.dialect, this.name);
    Object.assign(copy, this);
    copy.variables = this.variables.clone();
    copy.functions = new Map(this.functions);
    copy.aliases = new Map(this.aliases);
    copy.options = new Set(this.options);
    copy.shopts = new Set(this.shopts);
    copy.positional = [...this.positional];
    copy.pipeStatus = [...this.pipeStatus];
    copy.folders = [...this.folders];
    copy.functionSources = new Map(this.functionSources);
    copy.calls = [...this.calls];
    copy.disabled = new Set(this.disabled);
    copy.hashed = new Map(this.hashed);
    copy.endedPids = new Map();
    copy.jobs = new JobTable();
    copy.isSubshell = true;
    copy.subshells = this.subshells + 1;
    copy.dropTraps(this);
    return copy;
  }

  /** The start of the shell's own messages: `bash: `, `bash: line 3: `, `sh: `, `sh: 1: `. */
  get prefix(): string {
    if (this.dialect === 'dash') return `${this.name}: ${this.line}: `;
    if (this.dialect === 'ash' || this.isInteractive) return `${this.name}: `;
    const source = this.calls.at(-1)?.source ?? this.source;
    return `${source === '' ? this.name : source}: line ${this.line}: `;
  }

  /** What a subshell keeps of the traps: ignored signals; ERR, DEBUG and RETURN where they are inherited. */
  dropTraps(from: ShellState): void {
    this.traps = new Map();
    for (const [name, text] of from.traps) {
      const isInherited =
        name === 'ERR'
          ? from.options.has('errtrace')
          : name === 'DEBUG' || name === 'RETURN'
            ? from.options.has('functrace')
            : text === '' && name !== 'EXIT';
      if (isInherited) this.traps.set(name, text);
    }
  }

  /** Takes what is assigned to a variable that is no store: RANDOM, SECONDS, BASH_ARGV0. True when it was one. */
  assignDynamic(name: string, value: string, nowMs: number): boolean {
    if (this.dialect !== 'bash') return false;
    const number = /^-?[0-9]+$/.test(value) ? Number(value) : 0;
    if (name === 'RANDOM') this.randomSeed = Math.abs(number) % 2_147_483_647;
    else if (name === 'SECONDS') this.startedMs = nowMs - number * 1000;
    else if (name === 'BASH_ARGV0') this.name = value;
    else return false;
    return true;
  }

  /** The next of `$RANDOM`: the minimal standard generator, folded to 15 bits. */
  nextRandom(): number {
    const seed = this.randomSeed === 0 ? 123_459_876 : this.randomSeed;
    const next = 16_807 * (seed % 127_773) - 2836 * Math.floor(seed / 127_773);
    this.randomSeed = next < 0 ? next + 2_147_483_647 : next;
    return ((this.randomSeed >>> 16) ^ (this.randomSeed & 65_535)) & 32_767;
  }
}
