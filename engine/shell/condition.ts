import type { Condition } from './ast.ts';
import { evaluateArithmetic } from './arithmetic.ts';
import { arithmeticScope, ExpansionFailure, expandPattern, expandRegex, expandText } from './expand.ts';
import type { ExpansionHost } from './expand.ts';
import { compilePattern, matchesPattern } from './pattern.ts';
import { resolvePath, statThrough } from './path.ts';
import { fileTest } from './test-expression.ts';

/** Evaluates the inside of `[[ ]]`. @throws ExpansionFailure */
export async function evaluateCondition(host: ExpansionHost, test: Condition): Promise<boolean> {
  switch (test.kind) {
    case 'not':
      return !(await evaluateCondition(host, test.inner));
    case 'and':
      return (await evaluateCondition(host, test.left)) && (await evaluateCondition(host, test.right));
    case 'or':
      return (await evaluateCondition(host, test.left)) || (await evaluateCondition(host, test.right));
    case 'word':
      return (await expandText(host, test.word)) !== '';
    case 'unary':
      return unary(host, test.operator, await expandText(host, test.operand));
    case 'binary':
      return binary(host, test);
  }
}

function unary(host: ExpansionHost, operator: string, operand: string): boolean {
  if (operator === '-n') return operand !== '';
  if (operator === '-z') return operand === '';
  if (operator === '-v') return isSet(host, operand);
  if (operator === '-R') return host.state.variables.own(operand)?.isReference === true;
  if (operator === '-o') return host.state.options.has(operand);
  return fileTest(host.files, operator, resolvePath(host.state.cwd, operand), operand);
}

/** `-v name` and `-v name[subscript]`. */
export function isSet(host: ExpansionHost, operand: string): boolean {
  const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/s.exec(operand);
  if (element === null)
    return host.state.variables.get(operand) !== undefined || host.special(operand) !== undefined;
  const variable = host.state.variables.find(element[1] ?? '');
  const subscript = (element[2] ?? '').replace(/^["']|["']$/g, '');
  if (subscript === '@' || subscript === '*')
    return (variable?.list?.size ?? 0) > 0 || variable?.value !== undefined;
  if (variable?.isKeyed === true) return variable.list?.has(subscript) === true;
  const at = evaluateArithmetic(subscript, arithmeticScope(host)).toString();
  return variable?.list === undefined ? at === '0' && variable?.value !== undefined : variable.list.has(at);
}

async function binary(host: ExpansionHost, test: Extract<Condition, { kind: 'binary' }>): Promise<boolean> {
  const left = await expandText(host, test.left);
  const { operator } = test;
  if (operator === '=' || operator === '==' || operator === '!=') {
    return (
      matchesPattern(
        compilePattern(await expandPattern(host, test.right.parts), {
          isExtended: true,
          ignoreCase: host.state.shopts.has('nocasematch'),
        }),
        left,
      ) ===
      (operator !== '!=')
    );
  }
  if (operator === '=~') return matchRegex(host, left, await expandRegex(host, test.right));
  const right = await expandText(host, test.right);
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  if (/^-[no]t$|^-ef$/.test(operator)) return compareFiles(host, operator, left, right);
  const scope = arithmeticScope(host);
  return compareNumbers(operator, evaluateArithmetic(left, scope), evaluateArithmetic(right, scope));
}

/** `-eq` and its kin. */
export function compareNumbers(operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '-eq':
      return left === right;
    case '-ne':
      return left !== right;
    case '-lt':
      return left < right;
    case '-le':
      return left <= right;
    case '-gt':
      return left > right;
    default:
      return left >= right;
  }
}

function compareFiles(host: ExpansionHost, operator: string, left: string, right: string): boolean {
  const a = statThrough(host.files, resolvePath(host.state.cwd, left));
  const b = statThrough(host.files, resolvePath(host.state.cwd, right));
  if (operator === '-nt') return a !== undefined && (b === undefined || a.modifiedMs > b.modifiedMs);
  if (operator === '-ot') return b !== undefined && (a === undefined || a.modifiedMs < b.modifiedMs);
  return a !== undefined && a === b;
}

/** Regular expressions are a large part of the code that few lines need: loaded when first one is met. */
async function matchRegex(host: ExpansionHost, text: string, source: string): Promise<boolean> {
  const { compileRegex, RegexFailure } = await import('./posix-regex.ts');
  try {
    const match = compileRegex(source, 'extended', { ignoreCase: host.state.shopts.has('nocasematch') }).find(
      text,
    );
    const groups = (match?.groups ?? []).map((group, index) => [String(index), group ?? ''] as const);
    host.state.variables.put('BASH_REMATCH', { value: undefined, list: new Map(groups) });
    return match !== undefined;
  } catch (error) {
    if (error instanceof RegexFailure)
      throw new ExpansionFailure(`[[: invalid regular expression \`${source}': ${error.message}`, 2);
    throw error;
  }
}
