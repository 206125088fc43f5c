/** Why a text is no script. `incomplete` means that more input could still make it one. */
export type SyntaxProblem =
  | {
      readonly kind: 'unexpected';
      readonly token: string;
      readonly expecting?: string;
      /** It is an ordinary word. */
      readonly isWord?: true;
    }
  | {
      readonly kind: 'end';
      readonly expecting?: string;
      readonly heredoc?: { readonly delimiter: string; readonly stripsTabs: boolean };
    }
  | { readonly kind: 'quote'; readonly quote: string }
  /** dash and ash: no name after `for`; no number after `>&`; no name before `()`. */
  | { readonly kind: 'variable' | 'descriptor' | 'function' }
  /** `for ((…))` has not three parts: too few, or too many. */
  | { readonly kind: 'arithmetic'; readonly text: string; readonly isShort: boolean }
  | {
      readonly kind: 'condition';
      readonly token: string;
      /** What bash says in front: `conditional binary operator expected` and the like; absent for its general words. */
      readonly reason?: string;
    };

/** Raised by the parser; the shell prints it in the words of its kind. `line` counts from 1 within the text parsed. */
export class SyntaxFailure extends Error {
  override readonly name = 'SyntaxFailure';
  readonly problem: SyntaxProblem;
  readonly line: number;
  /** The exit code: 2, but 1 for an array literal that does not end. */
  readonly status: number;

  constructor(problem: SyntaxProblem, line: number, status = 2) {
    super(`syntax error: ${problem.kind}`);
    this.problem = problem;
    this.line = line;
    this.status = status;
  }

  /** True when the text ended too early, so that a prompt for more (PS2) is due. */
  get isIncomplete(): boolean {
    return this.problem.kind === 'end' || this.problem.kind === 'quote';
  }

  /** False when `more` lacks the quote or the delimiter without which the text stays incomplete: it need not be parsed again. */
  mayEndWith(more: string): boolean {
    const { problem } = this;
    if (problem.kind === 'quote') return !/^['"]$/.test(problem.quote) || more.includes(problem.quote);
    if (problem.kind !== 'end' || problem.heredoc === undefined) return true;
    const { delimiter, stripsTabs } = problem.heredoc;
    return more.split('\n').some((line) => (stripsTabs ? line.replace(/^\t+/, '') : line) === delimiter);
  }
}
