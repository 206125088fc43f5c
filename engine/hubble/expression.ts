import { invariant } from '../base/assert.ts';

/** A compiled RE2 expression: whether it is found anywhere in a text. */
export type Expression = { finds(text: string): boolean };

let compiler: ((text: string) => Expression) | undefined;

/** Gives the filters their engine of expressions. It is large, so it comes with whoever lets expressions in (`re2.ts`), not with the observer. */
export function provideExpressions(compile: (text: string) => Expression): void {
  compiler = compile;
}

/** Compiles an expression. @throws what RE2 says of a wrong one */
export function compileExpression(text: string): Expression {
  invariant(compiler !== undefined, 'whoever asks with expressions has loaded hubble/re2.ts');
  return compiler(text);
}
