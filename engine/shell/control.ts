/** `exit`: ends the shell or subshell with a status. */
export class ShellExit extends Error {
  override readonly name = 'ShellExit';
  readonly status: number;

  constructor(status: number) {
    super('exit');
    this.status = status & 255;
  }
}

/** `return`: ends the running function or sourced file. */
export class FunctionReturn extends Error {
  override readonly name = 'FunctionReturn';
  readonly status: number;

  constructor(status: number) {
    super('return');
    this.status = status;
  }
}

/** `break` and `continue`: unwinds `levels` loops. */
export class LoopJump extends Error {
  override readonly name = 'LoopJump';
  readonly kind: 'break' | 'continue';
  levels: number;

  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}

/** Ends the command line of an interactive shell, with a status: Ctrl-C in a foreground job, a failed expansion. */
export class LineAbort extends Error {
  override readonly name = 'LineAbort';
  readonly status: number;

  constructor(status: number) {
    super('line aborted');
    this.status = status;
  }
}

/** The machine refuses something (no room in a file, too many processes): what runs ends with this message, the session goes on. */
export class SystemFailure extends Error {
  override readonly name = 'SystemFailure';
}
