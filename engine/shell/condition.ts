import type { Condition } from './ast.ts';
import { ArithmeticFailure, evaluateArithmetic } from './arithmetic.ts';
import { arithmeticScope, ExpansionFailure, expandPattern, expandRegex, expandText } from './expand.ts';
import type { ExpansionHost } from './expand.ts';
import { compilePattern, matchesPattern } from './pattern.ts';
import { resolvePath, statThrough } from './path.ts';
import { traceWord } from './print.ts';
import { fileTest } from './test-expression.ts';

/** Evaluates the inside of `[[ ]]`. @throws ExpansionFailure */
export async function evaluateCondition(
  host: ExpansionHost,
  test: Condition,
  show?: (text: string) => Promise<void>,
): Promise<boolean> {
  const part = (inner: Condition): Promise<boolean> => evaluateCondition(host, inner, show);
  switch (test.kind) {
    case 'not':
      return !(await part(test.inner));
    case 'and':
      return (await part(test.left)) && part(test.right);
    case 'or':
      return (await part(test.left)) || part(test.right);
    case 'word': {
      const text = await expandText(host, test.word);
      await show?.(`-n ${traceWord(text)}`);
      return text !== '';
    }
    case 'unary': {
      const text = await expandText(host, test.operand);
      await show?.(`${test.operator} ${traceWord(text)}`);
      return unary(host, test.operator, text);
    }
    case 'binary':
      if (show !== undefined) await show(await shownBinary(host, test));
      return binary(host, test);
  }
}

/**
 * A comparison as `set -x` shows it: expanded, backslashes before what is quoted in a pattern. Commands in it run once
 * only, so that their words stand as written.
 */
async function shownBinary(
  host: ExpansionHost,
  test: Extract<Condition, { kind: 'binary' }>,
): Promise<string> {
  const { operator, left, right } = test;
  if (/\$\(|`/.test(left.text + right.text)) return `${left.text} ${operator} ${right.text}`;
  const isPattern = /^[=!]=?~?$|^==$/.test(operator);
  let shown = '';
  for (const part of right.parts) {
    const text = await expandText(host, { parts: [part], text: '' });
    const isQuoted = part.kind === 'double' || (part.kind === 'text' && part.isQuoted);
    shown += isPattern && isQuoted ? text.replace(/[\s\S]/g, '\\$&') : text;
  }
  return `${traceWord(await expandText(host, left))} ${operator} ${shown === '' ? "''" : shown}`;
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
  try {
    return compareNumbers(operator, evaluateArithmetic(left, scope), evaluateArithmetic(right, scope));
  } catch (error) {
    if (!(error instanceof ArithmeticFailure)) throw error;
    throw new ExpansionFailure(`[[: ${error.text}: ${error.reason} (error token is "${error.token}")`, 1);
  }
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
    if (error instanceof RegexFailure) throw new ExpansionFailure('', 2);
    throw error;
  }
}
