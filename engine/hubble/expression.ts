import { invariant } from '../base/assert.ts';
import type { Flow } from './flow.ts';

/** A compiled RE2 expression: whether it is found anywhere in a text. */
export type Expression = { finds(text: string): boolean };

let compiler: ((text: string) => Expression) | undefined;
let celCompiler: ((text: string) => (flow: Flow) => boolean) | undefined;

/** Gives the filters their engine of expressions. It is large, so it comes with whoever lets expressions in (`re2.ts`), not with the observer. */
export function provideExpressions(compile: (text: string) => Expression): void {
  compiler = compile;
}

/** Compiles an expression. @throws what RE2 says of a wrong one */
export function compileExpression(text: string): Expression {
  invariant(compiler !== undefined, 'whoever asks with expressions has loaded hubble/re2.ts');
  return compiler(text);
}

/** Gives the filters their interpreter of the Common Expression Language (`cel/cel.ts`), which likewise comes with whoever lets expressions in. */
export function provideCel(compile: (text: string) => (flow: Flow) => boolean): void {
  celCompiler = compile;
}

/** Compiles a filter of the Common Expression Language. @throws FilterError */
export function compileCelFilter(text: string): (flow: Flow) => boolean {
  invariant(celCompiler !== undefined, 'whoever asks with CEL has loaded hubble/cel/cel.ts');
  return celCompiler(text);
}
