import { LIMITS } from '../base/limits.ts';
import { ArithmeticFailure, evaluateArithmetic } from './arithmetic.ts';
import type { Assignment, WordPart } from './ast.ts';
import { SystemFailure } from './control.ts';
import { ExpansionFailure, arithmeticScope, expandParts, expandText, expandWords } from './expand.ts';
import type { Interpreter } from './interpreter.ts';
import { traceWord } from './print.ts';
import { trace } from './trace.ts';
import { cased } from './variables.ts';

/** Elements of one array. */
const LIST_MAX = 300_000;

/** Does the assignments of a command without words, and shows them with `set -x`. */
export async function assignAll(shell: Interpreter, assignments: readonly Assignment[]): Promise<void> {
  for (const one of assignments) {
    await assignOne(shell, one);
    if (!shell.state.options.has('xtrace')) continue;
    if (one.list !== undefined)
      await trace(shell, `${one.name}=(${one.list.map((element) => element.value.text).join(' ')})`);
    else
      await trace(
        shell,
        `${one.name}=${traceWord(shell.state.variables.get(one.name) ?? '').replace(/^''$/, '')}`,
      );
  }
}

/** Does one assignment: a value, an element or a whole array. `isKeyed` and `isInteger` are what `declare` says of it. @throws ExpansionFailure */
export async function assignOne(
  shell: Interpreter,
  one: Assignment,
  isKeyed = false,
  isInteger = false,
): Promise<void> {
  const { variables } = shell.state;
  if (variables.find(one.name)?.isReadonly === true)
    throw new ExpansionFailure(
      shell.state.dialect === 'bash' ? `${one.name}: readonly variable` : `${one.name}: is read only`,
      shell.state.dialect === 'bash' ? 1 : 2,
    );
  if (one.list !== undefined) return assignList(shell, one, isKeyed, isInteger);
  const value = await expandText(shell, one.value, true);
  const known = variables.find(one.name);
  const counts = isInteger || known?.isInteger === true;
  if (one.index === undefined) {
    const before = one.isAppend ? (variables.get(one.name) ?? '') : '';
    await assignVariable(
      shell,
      one.name,
      counts ? sum(shell, one.isAppend ? before : '', value) : before + value,
    );
    return;
  }
  const variable = variables.declare(one.name);
  const key = await subscriptKey(shell, one.name, one.index);
  variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
  const before = one.isAppend ? (variable.list.get(key) ?? '') : '';
  variable.list.set(key, cased(variable, bounded(counts ? sum(shell, before, value) : before + value)));
}

/** An integer variable's new value: the expression, added to what was there before. */
function sum(shell: Interpreter, before: string, value: string): string {
  try {
    return evaluateArithmetic(
      before === '' ? value : `${before}+(${value})`,
      arithmeticScope(shell),
    ).toString();
  } catch (error) {
    if (!(error instanceof ArithmeticFailure)) throw error;
    throw new ExpansionFailure(`${value}: ${error.reason} (error token is "${error.token}")`);
  }
}

function bounded(value: string): string {
  if (value.length > LIMITS.outputCharactersMax)
    throw new SystemFailure(`xrealloc: cannot allocate ${value.length} bytes`);
  return value;
}

async function subscriptKey(shell: Interpreter, name: string, index: readonly WordPart[]): Promise<string> {
  const text = await expandParts(shell, index);
  const variable = shell.state.variables.find(name);
  if (variable?.isKeyed === true) return text;
  const at = Number(evaluateArithmetic(text, arithmeticScope(shell)));
  if (at < 0 && -at > Math.max(-1, ...[...(variable?.list?.keys() ?? [])].map(Number)) + 1)
    throw new ExpansionFailure(`${name}[${text}]: bad array subscript`);
  return String(at < 0 ? at + Math.max(-1, ...[...(variable?.list?.keys() ?? [])].map(Number)) + 1 : at);
}

async function assignList(
  shell: Interpreter,
  one: Assignment,
  isKeyed: boolean,
  isInteger: boolean,
): Promise<void> {
  const variable = shell.state.variables.declare(one.name);
  if (isKeyed) variable.isKeyed = true;
  const list = one.isAppend ? (variable.list ?? new Map<string, string>()) : new Map<string, string>();
  let next = 0;
  if (variable.isKeyed !== true) for (const key of list.keys()) next = Math.max(next, Number(key) + 1);
  if (variable.isKeyed === true && one.list?.[0] !== undefined && one.list[0].index === undefined) {
    const words: string[] = [];
    for (const element of one.list) words.push(...(await expandWords(shell, [element.value])));
    for (let at = 0; at < words.length; at += 2) list.set(words[at] ?? '', words[at + 1] ?? '');
    variable.list = list;
    return;
  }
  for (const element of one.list ?? []) {
    if (element.index !== undefined) {
      const key = await subscriptKey(shell, one.name, element.index);
      list.set(key, await expandText(shell, element.value));
      next = Number(key) + 1;
    } else for (const value of await expandWords(shell, [element.value])) list.set(String(next++), value);
  }
  if (list.size > LIST_MAX) throw new SystemFailure(`xrealloc: cannot allocate ${list.size} elements`);
  if (list.size > 256) await shell.interruptible(() => shell.sys.burn(list.size >> 4));
  if (isInteger || variable.isInteger === true)
    for (const [key, value] of list) list.set(key, sum(shell, '', value));
  if (variable.letterCase !== undefined)
    for (const [key, value] of list) list.set(key, cased(variable, value));
  variable.list = list;
}

/** Sets a variable. @throws ExpansionFailure when it is read-only. */
export async function assignVariable(shell: Interpreter, name: string, value: string): Promise<void> {
  const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/s.exec(name);
  if (element !== null) return assignElement(shell, element[1] ?? '', element[2] ?? '', value);
  if (shell.state.assignDynamic(name, value, shell.nowMs())) return;
  const text =
    shell.state.variables.find(name)?.isInteger === true && !/^-?[0-9]+$/.test(value)
      ? sum(shell, '', value)
      : value;
  if (!shell.state.variables.set(name, bounded(text)))
    throw new ExpansionFailure(`${name}: readonly variable`, shell.state.dialect === 'bash' ? 1 : 2);
  if (shell.state.options.has('allexport')) shell.state.variables.declare(name).isExported = true;
}

async function assignElement(
  shell: Interpreter,
  name: string,
  subscript: string,
  value: string,
): Promise<void> {
  const variable = shell.state.variables.declare(name);
  if (variable.isReadonly === true) throw new ExpansionFailure(`${name}: readonly variable`);
  const key = await subscriptKey(shell, name, [{ kind: 'text', text: subscript, isQuoted: true }]);
  variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
  variable.list.set(key, cased(variable, bounded(value)));
}

/** Runs something with assignments that hold only meanwhile: those before a command. */
export async function withAssignments(
  shell: Interpreter,
  assignments: readonly Assignment[],
  run: () => Promise<void>,
): Promise<void> {
  if (assignments.length === 0) return run();
  const { variables } = shell.state;
  const saved = assignments.map((one) => [one.name, variables.find(one.name)] as const);
  try {
    for (const one of assignments) {
      variables.put(one.name, { value: variables.get(one.name), isExported: true });
      await assignOne(shell, one);
    }
    await run();
  } catch (error) {
    if (error instanceof ExpansionFailure) await shell.expansionFailed(error);
    else throw error;
  } finally {
    for (const [name, variable] of saved) {
      if (variable === undefined) variables.unset(name);
      else variables.put(name, variable);
    }
  }
}
