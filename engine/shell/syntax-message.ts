import type { ShellState } from './state.ts';
import type { SyntaxFailure } from './syntax-error.ts';

/**
 * A syntax error in the words of the shell's kind, with its newline. `label` is `-c` for a command string of bash; `text`
 * is the whole source, of which bash repeats the line when it is not interactive (tools/FACTS.md §7).
 */
export function syntaxMessage(state: ShellState, failure: SyntaxFailure, text: string, label = ''): string {
  if (state.dialect === 'bash') return bashMessage(state, failure, text, label);
  const { problem } = failure;
  const isEval = label === 'eval';
  if (state.dialect === 'ash')
    return `${state.name}: ${isEval ? `eval: line ${state.line}: ` : ''}syntax error: ${ashReason(problem)}\n`;
  return `${state.name}: ${failure.line}: ${isEval ? 'eval: ' : ''}Syntax error: ${dashReason(problem)}\n`;
}

function bashMessage(state: ShellState, failure: SyntaxFailure, text: string, label: string): string {
  const { problem } = failure;
  const lines = text.split('\n');
  const isAtEnd = problem.kind === 'end';
  const line = isAtEnd && text.endsWith('\n') ? lines.length : isAtEnd ? lines.length + 1 : failure.line;
  const where = label === '' ? '' : `${label}: `;
  const prefix = state.isInteractive
    ? `${state.name}: `
    : `${state.name}: ${where}line ${isAtEnd ? Math.max(line, failure.line) : failure.line}: `;
  switch (problem.kind) {
    case 'quote':
      return `${prefix}unexpected EOF while looking for matching \`${problem.quote}'\n`;
    case 'end':
      return `${prefix}syntax error: unexpected end of file\n`;
    case 'arithmetic': {
      const reason = problem.isShort ? 'arithmetic expression required' : "`;' unexpected";
      return `${prefix}syntax error: ${reason}\n${prefix}syntax error: \`((${problem.text}))'\n`;
    }
    case 'variable':
    case 'function':
    case 'descriptor':
      return `${prefix}syntax error\n`;
    case 'condition':
      if (problem.reason !== undefined) return `${prefix}${problem.reason}\n`;
      return `${prefix}syntax error in conditional expression: unexpected token \`${problem.token}'\n`;
    case 'unexpected': {
      const message = `${prefix}syntax error near unexpected token \`${problem.token}'\n`;
      return state.isInteractive ? message : `${message}${prefix}\`${lines[failure.line - 1] ?? ''}'\n`;
    }
  }
}

function ashReason(problem: SyntaxFailure['problem']): string {
  if (problem.kind === 'variable') return 'bad for loop variable';
  if (problem.kind === 'function') return 'bad function name';
  if (problem.kind === 'quote')
    return problem.quote === '}' || problem.quote === '))'
      ? `missing '${problem.quote}'`
      : problem.quote === ')'
        ? 'unexpected end of file (expecting ")")'
        : problem.quote === '`'
          ? 'EOF in backquote substitution'
          : 'unterminated quoted string';
  const expecting = expectingText(problem);
  if (problem.kind === 'end') return `unexpected end of file${expecting}`;
  return `unexpected ${tokenText(problem)}${expecting}`;
}

function expectingText(problem: SyntaxFailure['problem']): string {
  if (!('expecting' in problem) || problem.expecting === undefined) return '';
  return problem.expecting === 'word' ? ' (expecting word)' : ` (expecting "${problem.expecting}")`;
}

function tokenText(problem: SyntaxFailure['problem']): string {
  if (problem.kind !== 'unexpected' || problem.isWord === true) return 'word';
  if (/^[<>]|^&>/.test(problem.token)) return 'redirection';
  return problem.token === 'newline' ? 'newline' : `"${problem.token}"`;
}

function dashReason(problem: SyntaxFailure['problem']): string {
  if (problem.kind === 'variable') return 'Bad for loop variable';
  if (problem.kind === 'function') return 'Bad function name';
  if (problem.kind === 'descriptor') return 'Bad fd number';
  if (problem.kind === 'quote')
    return problem.quote === '}' || problem.quote === '))'
      ? `Missing '${problem.quote}'`
      : problem.quote === ')'
        ? 'end of file unexpected (expecting ")")'
        : problem.quote === '`'
          ? 'EOF in backquote substitution'
          : 'Unterminated quoted string';
  const expecting = expectingText(problem);
  if (problem.kind === 'end') return `end of file unexpected${expecting}`;
  return `${tokenText(problem)} unexpected${expecting}`;
}
