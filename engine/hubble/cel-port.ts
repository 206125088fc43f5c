import { invariant } from '../base/assert.ts';
import type { Flow } from './flow.ts';

/** Compiles an expression; `report` hears of evaluations that go wrong. */
type CelCompiler = (text: string, report?: (fault: string) => void) => (flow: Flow) => boolean;

let celCompiler: CelCompiler | undefined;

/** Gives the filters their interpreter of the Common Expression Language (`cel/cel.ts`), which is large and comes with whoever lets such filters in, not with the observer. */
export function provideCel(compile: CelCompiler): void {
  celCompiler = compile;
}

/** Compiles a filter of the Common Expression Language. @throws FilterError */
export function compileCelFilter(text: string, report?: (fault: string) => void): (flow: Flow) => boolean {
  invariant(celCompiler !== undefined, 'whoever asks with CEL has loaded hubble/cel/cel.ts');
  return celCompiler(text, report);
}
