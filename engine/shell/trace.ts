import type { Command } from './ast.ts';
import { expandParts, expandText } from './expand.ts';
import type { Interpreter } from './interpreter.ts';
import { Lexer } from './lexer.ts';
import { plainTraceWord, traceWord } from './print.ts';

/** Shows a simple command as `set -x` does. */
export async function traceCommand(
  shell: Interpreter,
  command: Extract<Command, { kind: 'simple' }>,
  argv: readonly string[],
): Promise<void> {
  const quote = traceQuote(shell);
  for (const one of command.assignments)
    await trace(shell, `${one.name}=${quote(await expandText(shell, one.value, true)).replace(/^''$/, '')}`);
  await trace(shell, argv.map(quote).join(' '));
}

function traceQuote(shell: Interpreter): (word: string) => string {
  const { dialect } = shell.state;
  return dialect === 'bash' ? traceWord : dialect === 'ash' ? plainTraceWord : (word) => word;
}

/** Writes a line of `set -x` with the prefix of PS4. */
export async function trace(shell: Interpreter, text: string): Promise<void> {
  const source = shell.state.variables.get('PS4') ?? '+ ';
  let prefix = source;
  if (/[$`]/.test(source)) {
    shell.state.options.delete('xtrace');
    try {
      prefix = await expandParts(
        shell,
        new Lexer(source, shell.state.dialect, true, () => ({ items: [] })).arithmeticParts(source),
      );
    } finally {
      shell.state.options.add('xtrace');
    }
  }
  const depth = shell.state.dialect === 'bash' ? shell.indirection : 0;
  await shell.err(`${prefix.slice(0, 1).repeat(depth)}${prefix}${text}\n`);
}
