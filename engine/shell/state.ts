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
    copy.traps = new Map();
    copy.positional = [...this.positional];
    copy.pipeStatus = [...this.pipeStatus];
    copy.folders = [...this.folders];
    copy.jobs = new JobTable();
    copy.isSubshell = true;
    return copy;
  }

  /** The start of the shell's own messages: `bash: `, `bash: line 3: `, `sh: `, `sh: 1: `. */
  get prefix(): string {
    if (this.dialect === 'dash') return `${this.name}: ${this.line}: `;
    if (this.dialect === 'ash' || this.isInteractive) return `${this.name}: `;
    return `${this.name}: line ${this.line}: `;
  }
}
