import type { Flow } from '../flow.ts';
import { FilterError } from '../filter-error.ts';
import { provideCel } from '../cel-port.ts';
import { DROP_REASON_NAMES } from '../tables.ts';
import { CelFailure, CelRunner, checkCel } from './program.ts';
import { type CelProblem, parseCel } from './syntax.ts';
import { addEnum, typeText } from './types.ts';

addEnum('DropReason', DROP_REASON_NAMES);

/** Characters that an expression may have (celExpressionMaxSize of Hubble's filter). */
const SIZE_MAX = 4096;
const PREFIX = 'error compiling CEL expression: ';

/**
 * Compiles a filter of the Common Expression Language over `_flow` (pkg/hubble/filters/cel_expression.go). An evaluation
 * that goes wrong does not match and is told to `report`.
 * @throws FilterError in the words of cel-go
 */
export function compileCel(text: string, report?: (fault: string) => void): (flow: Flow) => boolean {
  if (text.length > SIZE_MAX)
    throw new FilterError(
      `${PREFIX}ERROR: <input>:-1:0: expression code point size exceeds limit: size: ${text.length}, limit ${SIZE_MAX}`,
    );
  const parsed = parseCel(text);
  if (parsed.node === undefined) throw new FilterError(PREFIX + shown(text, parsed.problems));
  const problems: CelProblem[] = [];
  const program = checkCel(parsed.node, problems);
  if (problems.length > 0) throw new FilterError(PREFIX + shown(text, problems));
  const isBool = program.type.kind === 'simple' && program.type.name === 'bool';
  if (!isBool) throw new FilterError(`${PREFIX}got "${typeText(program.type)}", wanted "bool" result type`);
  const runner = new CelRunner(program);
  return (flow) => {
    try {
      return runner.run(flow) === true;
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
      report?.(error.message);
      return false;
    }
  };
}

/** Problems as cel-go shows them: place, message, the line and a mark under it. */
function shown(text: string, problems: readonly CelProblem[]): string {
  return [...problems]
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => {
      const start = text.lastIndexOf('\n', at - 1) + 1;
      const line = text.slice(0, start).split('\n').length;
      const end = text.indexOf('\n', start);
      const source = text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ');
      if (text === '') return `ERROR: <input>:1:0: ${message}`;
      const column = at - start;
      return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${source}\n | ${'.'.repeat(column)}^`;
    })
    .join('\n');
}

provideCel(compileCel);
