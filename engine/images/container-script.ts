import { compileScript, type Script, type ScriptCommand, type ScriptWord } from './script.ts';

const SHELL = /(^|\/)(ba|da|a)?sh$/;

/** Commands whose outcome or output depends on the world: a script with one of them is really run. */
const LIVELY = new Set([
  'curl',
  'wget',
  'nc',
  'nslookup',
  'getent',
  'date',
  'touch',
  'rm',
  'cat',
  'test',
  '[',
  'tee',
]);

const compiled = new Map<string, Script | undefined>();

/** The script that a command of words is: the text after `sh -c`, or the command alone. */
export function commandScript(command: readonly string[]): Script | undefined {
  const key = JSON.stringify(command);
  if (compiled.has(key)) return compiled.get(key);
  const script = compileScript(sourceOf(command));
  if (compiled.size > 500) compiled.clear();
  compiled.set(key, script);
  return script;
}

function sourceOf(command: readonly string[]): string {
  const [program = '', option = '', text = ''] = command;
  if (SHELL.test(program) && /^-[a-z]*c$/.test(option))
    return option.includes('e') ? `set -e\n${text}` : text;
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

/** The script of a container's command when it is one that has to be run: it calls others, uses files or tells the time. */
export function livelyScript(command: readonly string[]): Script | undefined {
  const [program = ''] = command;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const isScript = SHELL.test(program) && /^-[a-z]*c$/.test(command[1] ?? '');
  if (!isScript && !LIVELY.has(name)) return undefined;
  // A server at the end of a script (`exec`, `nc -l`) is a listener of its image.
  if (isScript && /\bnc\b[^;|]*\s-[a-z]*l/.test(command[2] ?? '')) return undefined;
  const script = commandScript(command);
  if (!script) return undefined;
  const isLively = script.some(
    (step, i) =>
      ('run' in step && step.run.some((command) => isLivelyCommand(command))) ||
      ('jump' in step && step.when === 'always' && step.jump <= i && loopSpeaks(script, step.jump, i)),
  );
  return isLively ? script : undefined;
}

function isLivelyCommand({ words, redirects }: ScriptCommand): boolean {
  return (
    words.some((word) => isNamed(word, LIVELY)) ||
    redirects.some((redirect) => redirect.to !== 1 && isFile(redirect.to))
  );
}

function isFile(word: ScriptWord): boolean {
  const [first] = word;
  return !(first && 'text' in first && /^\/(dev|proc)\//.test(first.text));
}

/** True for a word that is one of the names, or takes what a command says. */
function isNamed(word: ScriptWord, names: ReadonlySet<string>): boolean {
  const [first] = word;
  if (word.some((part) => 'output' in part)) return true;
  const text = first && 'text' in first ? first.text : '';
  return names.has(text.slice(text.lastIndexOf('/') + 1));
}

/** True for a loop that prints: its lines come one after the other. */
function loopSpeaks(script: Script, from: number, to: number): boolean {
  return script
    .slice(from, to)
    .some(
      (step) => 'run' in step && step.run.some(({ words }) => words.some((word) => isNamed(word, SPEAKERS))),
    );
}

const SPEAKERS = new Set(['echo', 'printf', 'hostname']);
