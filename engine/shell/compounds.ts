import { ArithmeticFailure } from './arithmetic.ts';
import { assignVariable } from './assignments.ts';
import type { Compound, Script, Word } from './ast.ts';
import { evaluateCondition } from './condition.ts';
import { LoopJump } from './control.ts';
import { ExpansionFailure, arithmetic, expandPattern, expandText, expandWords } from './expand.ts';
import type { Interpreter } from './interpreter.ts';
import { compilePattern, matchesPattern, patternOptions } from './pattern.ts';
import { runSubshellJob } from './pipelines.ts';
import { trace } from './trace.ts';

/** Runs a compound command, its redirections already made. */
export async function runCompound(shell: Interpreter, command: Compound): Promise<void> {
  switch (command.kind) {
    case 'subshell':
      if (shell.hasJobControl) return runSubshellJob(shell, command);
      shell.state.status = await shell.subshell((shell) => shell.runScript(command.body), shell.descriptors);
      return;
    case 'group':
      await shell.runScript(command.body);
      return;
    case 'if':
      return runIf(shell, command);
    case 'while':
      return runWhile(shell, command);
    case 'for':
      return runFor(shell, command);
    case 'select':
      return runSelect(shell, command);
    case 'count':
      return runCount(shell, command);
    case 'case':
      return runCase(shell, command);
    case 'condition':
      await shell.debug(command);
      return guard(shell, async () => {
        const isTraced = shell.state.options.has('xtrace');
        const show = isTraced ? (text: string): Promise<void> => trace(shell, `[[ ${text} ]]`) : undefined;
        shell.state.status = (await evaluateCondition(shell, command.test, show)) ? 0 : 1;
      });
    case 'arithmetic':
      await shell.debug(command);
      return guard(
        shell,
        async () => {
          if (shell.state.options.has('xtrace'))
            await trace(shell, `((${command.text}))`.replace(/^\(\((\S.*\S|\S)\)\)$/s, '(( $1 ))'));
          shell.state.status = (await arithmetic(shell, command.parts)) !== 0n ? 0 : 1;
        },
        '((: ',
      );
    case 'coproc':
      return;
    case 'function':
      define(shell, command);
  }
}

async function guard(shell: Interpreter, run: () => Promise<void>, label = ''): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ArithmeticFailure) {
      await shell.complain(`${label}${error.text}: ${error.reason} (error token is "${error.token}")`);
      shell.state.status = 1;
      return;
    }
    if (!(error instanceof ExpansionFailure)) throw error;
    if (error.isFatal) return shell.expansionFailed(error);
    if (error.message !== '') await shell.complain(`${label}${error.message}`);
    shell.state.status = label === '' && error.status === 2 ? 2 : 1;
  }
}

async function runIf(shell: Interpreter, command: Extract<Compound, { kind: 'if' }>): Promise<void> {
  for (const { condition, body } of command.branches) {
    if (await holds(shell, condition)) {
      await shell.runScript(body);
      return;
    }
  }
  shell.state.status = 0;
  if (command.otherwise !== undefined) await shell.runScript(command.otherwise);
}

async function holds(shell: Interpreter, condition: Script): Promise<boolean> {
  await shell.inTest(true, async () => {
    await shell.runScript(condition);
  });
  return shell.state.status === 0;
}

/** Runs a loop's body once; false when a `break` ended the loop. */
async function turn(shell: Interpreter, body: Script): Promise<boolean> {
  await shell.step();
  shell.loops++;
  try {
    await shell.runScript(body);
    return true;
  } catch (error) {
    if (!(error instanceof LoopJump)) throw error;
    shell.state.status = 0;
    if (--error.levels > 0) throw error;
    return error.kind === 'continue';
  } finally {
    shell.loops--;
  }
}

async function runWhile(shell: Interpreter, command: Extract<Compound, { kind: 'while' }>): Promise<void> {
  let status = 0;
  while ((await holds(shell, command.condition)) !== command.isUntil) {
    if (!(await turn(shell, command.body))) {
      status = shell.state.status;
      break;
    }
    status = shell.state.status;
  }
  shell.state.status = status;
}

async function loopWords(shell: Interpreter, words: readonly Word[] | undefined): Promise<readonly string[]> {
  if (words === undefined) return [...shell.state.positional];
  try {
    return await expandWords(shell, words);
  } catch (error) {
    await shell.expansionFailed(error);
    return [];
  }
}

async function runFor(shell: Interpreter, command: Extract<Compound, { kind: 'for' }>): Promise<void> {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(command.name)) {
    shell.state.status = await shell.complain(`\`${command.name}': not a valid identifier`);
    return;
  }
  const values = await loopWords(shell, command.words);
  shell.state.status = 0;
  for (const value of values) {
    if (shell.state.options.has('xtrace') && shell.state.dialect === 'bash') {
      await trace(
        shell,
        `for ${command.name} in ${command.words === undefined ? '"$@"' : command.words.map((word) => word.text).join(' ')}`,
      );
    }
    await shell.debug(command);
    await assignVariable(shell, command.name, value);
    if (!(await turn(shell, command.body))) return;
  }
}

async function runSelect(shell: Interpreter, command: Extract<Compound, { kind: 'select' }>): Promise<void> {
  const values = await loopWords(shell, command.words);
  if (values.length === 0) return;
  const menu = selectMenu(values, Number(shell.state.variables.get('COLUMNS') ?? '80'));
  await shell.err(menu);
  for (;;) {
    await shell.err(shell.state.variables.get('PS3') ?? '#? ');
    const line = await shell.descriptors.get(0)?.stream?.readLine(shell.sys);
    if (line === undefined) {
      await shell.out('\n');
      shell.state.status = 1;
      return;
    }
    if (line.trim() === '') {
      await shell.err(menu);
      continue;
    }
    await assignVariable(shell, 'REPLY', line);
    await assignVariable(shell, command.name, values[Number(line) - 1] ?? '');
    if (!(await turn(shell, command.body))) return;
  }
}

async function runCount(shell: Interpreter, command: Extract<Compound, { kind: 'count' }>): Promise<void> {
  await guard(shell, async () => {
    await arithmetic(shell, command.first);
    while (command.test.length === 0 || (await arithmetic(shell, command.test)) !== 0n) {
      if (!(await turn(shell, command.body))) return;
      await arithmetic(shell, command.step);
    }
  });
}

async function runCase(shell: Interpreter, command: Extract<Compound, { kind: 'case' }>): Promise<void> {
  await shell.debug(command);
  const text = await expandText(shell, command.word);
  if (shell.state.options.has('xtrace') && shell.state.dialect === 'bash')
    await trace(shell, `case ${command.word.text} in`);
  shell.state.status = 0;
  let falls = false;
  for (const item of command.items) {
    if (!falls && !(await matches(shell, item.patterns, text))) continue;
    await shell.runScript(item.body);
    if (item.end === ';;') return;
    falls = item.end === ';&';
  }
}

async function matches(shell: Interpreter, patterns: readonly Word[], text: string): Promise<boolean> {
  for (const pattern of patterns) {
    const source = await expandPattern(shell, pattern.parts);
    if (matchesPattern(compilePattern(source, patternOptions(shell.state)), text)) return true;
  }
  return false;
}

/** Keeps a function by its name. */
export function define(shell: Interpreter, command: Extract<Compound, { kind: 'function' }>): void {
  shell.state.functions.set(command.name, command.body);
  shell.state.functionSources.set(
    command.name,
    shell.state.source === ''
      ? shell.state.isInteractive
        ? 'main'
        : shell.state.isCommandText
          ? 'environment'
          : ''
      : shell.state.source,
  );
  shell.state.status = 0;
}

/** The menu of `select`: in columns when the screen is wide enough for two. */
function selectMenu(values: readonly string[], columns: number): string {
  const digits = String(values.length).length;
  const widest = Math.max(...values.map((value) => value.length)) + digits + 2;
  const perRow = Math.max(1, Math.floor(columns / (widest + 2)));
  const rows = Math.ceil(values.length / perRow);
  const lines: string[] = [];
  const isOneColumn = values.length <= 1 || rows === values.length || rows === 1;
  const count = isOneColumn ? values.length : rows;
  for (let row = 0; row < count; row++) {
    let line = '';
    for (let at = row; at < values.length; at += count) {
      const cell = `${String(at + 1).padStart(digits)}) ${values[at] ?? ''}`;
      line += at + count < values.length ? cell.padEnd(widest + 2) : cell;
    }
    lines.push(`${line}\n`);
  }
  return lines.join('');
}
