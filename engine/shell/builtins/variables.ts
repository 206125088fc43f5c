import { ExpansionFailure, arithmeticScope } from '../expand.ts';
import { ArithmeticFailure, evaluateArithmetic } from '../arithmetic.ts';
import type { Interpreter } from '../interpreter.ts';
import { printFunction } from '../print.ts';
import { listEntries } from '../variables.ts';
import type { Variable } from '../variables.ts';
import type { Builtin } from './table.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `name=value` or `name`; the name may be no name. */
function splitAssignment(word: string): { name: string; value: string | undefined; isAppend: boolean } {
  const at = word.indexOf('=');
  if (at < 0) return { name: word, value: undefined, isAppend: false };
  const isAppend = word[at - 1] === '+';
  return { name: word.slice(0, isAppend ? at - 1 : at), value: word.slice(at + 1), isAppend };
}

async function invalidName(shell: Interpreter, command: string, word: string): Promise<number> {
  if (shell.state.dialect === 'bash') return shell.complain(`${command}: \`${word}': not a valid identifier`);
  return shell.complain(`${command}: ${word}: bad variable name`, 2);
}

function setValue(
  shell: Interpreter,
  variable: Variable,
  name: string,
  value: string,
  isAppend: boolean,
): void {
  const before = isAppend ? (variable.value ?? '') : '';
  const text =
    variable.isInteger === true
      ? evaluateArithmetic(value, arithmeticScope(shell)).toString()
      : before + value;
  if (variable.list !== undefined) variable.list.set('0', text);
  else variable.value = text;
  if (shell.state.options.has('allexport')) shell.state.variables.declare(name).isExported = true;
}

function declareLine(name: string, variable: Variable, command = 'declare'): string {
  const flags = `${variable.list !== undefined ? (variable.isKeyed === true ? 'A' : 'a') : ''}${variable.isInteger === true ? 'i' : ''}${variable.isReadonly === true ? 'r' : ''}${variable.isExported === true ? 'x' : ''}`;
  const quote = (text: string): string => `"${text.replace(/[\\"$`]/g, '\\$&')}"`;
  const value =
    variable.list !== undefined
      ? `=(${listEntries(variable)
          .map(([key, text]) => `[${key}]=${quote(text)}`)
          .join(' ')})`
      : variable.value === undefined
        ? ''
        : `=${quote(variable.value)}`;
  return `${command} -${flags === '' ? '-' : flags} ${name}${value}\n`;
}

async function mark(
  shell: Interpreter,
  argv: readonly string[],
  flag: 'isExported' | 'isReadonly',
): Promise<number> {
  const command = argv[0] ?? '';
  const { variables, dialect } = shell.state;
  const isUndo = argv.includes('-n');
  const words = argv.slice(1).filter((word) => !/^-[npfa]+$/.test(word) && word !== '--');
  if (words.length === 0) {
    const names = variables.names().filter((name) => variables.find(name)?.[flag] === true);
    const lines = names.map((name) =>
      dialect === 'bash'
        ? declareLine(name, variables.find(name) ?? { value: '' })
        : `${command} ${name}='${(variables.get(name) ?? '').replaceAll("'", "'\\''")}'\n`,
    );
    await shell.out(lines.join(''));
    return 0;
  }
  let status = 0;
  for (const word of words) {
    const { name, value, isAppend } = splitAssignment(word);
    if (!NAME.test(name)) {
      status = await invalidName(shell, command, word);
      continue;
    }
    const variable = variables.declare(name);
    if (value !== undefined) {
      if (variable.isReadonly === true) {
        status = await shell.complain(
          dialect === 'bash' ? `${name}: readonly variable` : `${command}: ${name}: is read only`,
          dialect === 'bash' ? 1 : 2,
        );
        continue;
      }
      setValue(shell, variable, name, value, isAppend);
    }
    variable[flag] = !isUndo;
  }
  return status;
}

async function declare(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const command = argv[0] ?? '';
  const { variables, functions } = shell.state;
  if (command === 'local' && !variables.isLocal)
    return shell.complain(
      shell.state.dialect === 'bash' ? 'local: can only be used in a function' : 'local: not in a function',
      shell.state.dialect === 'bash' ? 1 : 2,
    );
  const flags = argv
    .slice(1)
    .filter((word) => /^-[A-Za-z]+$/.test(word))
    .join('');
  const undone = argv
    .slice(1)
    .filter((word) => /^\+[A-Za-z]+$/.test(word))
    .join('');
  const words = argv.slice(1).filter((word) => !/^[-+][A-Za-z]+$/.test(word) && word !== '--');
  if (/[fF]/.test(flags))
    return declareFunctions(shell, flags, words.length > 0 ? words : [...functions.keys()].sort());
  if (flags.includes('p') || words.length === 0) return printVariables(shell, command, words);
  const isLocal = variables.isLocal && !flags.includes('g');
  let status = 0;
  for (const word of words) {
    const { name, value, isAppend } = splitAssignment(word);
    if (!NAME.test(name)) {
      status = await invalidName(shell, command, word);
      continue;
    }
    const known = variables.find(name);
    if (known?.isReadonly === true && value !== undefined) {
      status = await shell.complain(`${name}: readonly variable`);
      continue;
    }
    const variable =
      isLocal && !(known?.list !== undefined && value === undefined)
        ? variables.makeLocal(name)
        : variables.declare(name);
    applyFlags(variable, flags, undone);
    try {
      if (value !== undefined)
        setValue(
          shell,
          variable,
          name,
          flags.includes('u') ? value.toUpperCase() : flags.includes('l') ? value.toLowerCase() : value,
          isAppend,
        );
    } catch (error) {
      if (!(error instanceof ArithmeticFailure)) throw error;
      throw new ExpansionFailure(`${value ?? ''}: ${error.reason} (error token is "${error.token}")`);
    }
    if (flags.includes('r') || command === 'readonly') variable.isReadonly = true;
  }
  return status;
}

function applyFlags(variable: Variable, flags: string, undone: string): void {
  if (flags.includes('x')) variable.isExported = true;
  if (undone.includes('x')) variable.isExported = false;
  if (flags.includes('i')) variable.isInteger = true;
  if (flags.includes('A')) variable.isKeyed = true;
  if (/[aA]/.test(flags)) variable.list ??= new Map();
}

async function declareFunctions(
  shell: Interpreter,
  flags: string,
  names: readonly string[],
): Promise<number> {
  let status = 0;
  for (const name of names) {
    const body = shell.state.functions.get(name);
    if (body === undefined) status = 1;
    else await shell.out(flags.includes('F') ? `declare -f ${name}\n` : `${printFunction(name, body)}\n`);
  }
  return status;
}

async function printVariables(
  shell: Interpreter,
  command: string,
  words: readonly string[],
): Promise<number> {
  const { variables } = shell.state;
  let status = 0;
  for (const name of words.length > 0 ? words : variables.names()) {
    const variable = variables.find(name);
    if (variable === undefined) status = await shell.complain(`${command}: ${name}: not found`);
    else await shell.out(declareLine(name, variable));
  }
  return status;
}

async function unset(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const onlyFunctions = argv.includes('-f');
  const onlyVariables = argv.includes('-v');
  let status = 0;
  for (const word of argv.slice(1).filter((one) => one !== '-f' && one !== '-v')) {
    const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.+)\]$/.exec(word);
    if (element !== null) {
      state.variables.find(element[1] ?? '')?.list?.delete((element[2] ?? '').replace(/^["']|["']$/g, ''));
      continue;
    }
    if (!onlyFunctions && state.variables.find(word) !== undefined) {
      if (!state.variables.unset(word))
        status = await shell.complain(
          state.dialect === 'bash'
            ? `unset: ${word}: cannot unset: readonly variable`
            : `unset: ${word}: is read only`,
        );
    } else if (!onlyVariables) state.functions.delete(word);
  }
  return status;
}

async function letBuiltin(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv.length === 1) return shell.complain('let: expression expected');
  let value = 0n;
  for (const word of argv.slice(1)) {
    try {
      value = evaluateArithmetic(word, arithmeticScope(shell));
    } catch (error) {
      if (!(error instanceof ArithmeticFailure)) throw error;
      return shell.complain(`let: ${word}: ${error.reason} (error token is "${error.token}")`);
    }
  }
  return value === 0n ? 1 : 0;
}

async function getopts(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const [, spec = '', name = '', ...given] = argv;
  const { variables } = shell.state;
  if (argv.length < 3) {
    await shell.err(
      `${shell.state.dialect === 'bash' ? '' : shell.state.prefix}getopts: usage: getopts optstring name [arg ...]\n`,
    );
    return 2;
  }
  const args = given.length > 0 ? given : shell.state.positional;
  let index = Number(variables.get('OPTIND') ?? '1');
  let place = Number(variables.get('_OPTPLACE') ?? '1');
  if (index === 1 && variables.get('OPTIND') !== variables.get('_OPTSEEN')) place = 1;
  const word = args[index - 1];
  const finish = (option: string, nextIndex: number, nextPlace: number): void => {
    variables.set(name, option);
    variables.set('OPTIND', String(nextIndex));
    variables.set('_OPTPLACE', String(nextPlace));
    variables.set('_OPTSEEN', String(nextIndex));
  };
  if (word === undefined || !/^-./.test(word) || word === '--') {
    finish('?', word === '--' ? index + 1 : index, 1);
    return 1;
  }
  const letter = word[place] ?? '';
  const isLast = place + 1 >= word.length;
  const at = letter === ':' ? -1 : spec.indexOf(letter);
  const isSilent = spec.startsWith(':');
  if (at < 0) {
    finish('?', isLast ? index + 1 : index, isLast ? 1 : place + 1);
    if (isSilent) variables.set('OPTARG', letter);
    else await shell.err(`${shell.state.name}: illegal option -- ${letter}\n`);
    return 0;
  }
  if (spec[at + 1] !== ':') {
    finish(letter, isLast ? index + 1 : index, isLast ? 1 : place + 1);
    variables.unset('OPTARG');
    return 0;
  }
  const value = isLast ? args[index] : word.slice(place + 1);
  index += isLast ? 2 : 1;
  if (value === undefined) {
    finish(isSilent ? ':' : '?', index, 1);
    if (isSilent) variables.set('OPTARG', letter);
    else await shell.err(`${shell.state.name}: option requires an argument -- ${letter}\n`);
    return 0;
  }
  finish(letter, index, 1);
  variables.set('OPTARG', value);
  return 0;
}

async function shopt(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { shopts } = shell.state;
  const flags = argv
    .slice(1)
    .filter((word) => /^-[squpo]+$/.test(word))
    .join('');
  const names = argv.slice(1).filter((word) => !/^-[squpo]+$/.test(word));
  const known = [
    'autocd',
    'cdspell',
    'checkjobs',
    'checkwinsize',
    'cmdhist',
    'dotglob',
    'expand_aliases',
    'extglob',
    'extquote',
    'failglob',
    'globstar',
    'histappend',
    'hostcomplete',
    'huponexit',
    'interactive_comments',
    'lastpipe',
    'nocaseglob',
    'nocasematch',
    'nullglob',
    'progcomp',
    'promptvars',
    'sourcepath',
    'xpg_echo',
  ];
  let status = 0;
  for (const name of names.length > 0 ? names : known) {
    if (!known.includes(name)) status = await shell.complain(`shopt: ${name}: invalid shell option name`);
    else if (flags.includes('s')) shopts.add(name);
    else if (flags.includes('u')) shopts.delete(name);
    else {
      if (!flags.includes('q')) await shell.out(`${name.padEnd(15)}\t${shopts.has(name) ? 'on' : 'off'}\n`);
      if (names.length > 0 && !shopts.has(name)) status = 1;
    }
  }
  return status;
}

async function alias(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { aliases, dialect } = shell.state;
  const words = argv.slice(1).filter((word) => word !== '-p');
  const line = (name: string, text: string): string =>
    `${dialect === 'bash' ? 'alias ' : ''}${name}='${text.replaceAll("'", "'\\''")}'\n`;
  if (words.length === 0)
    await shell.out(
      [...aliases]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, text]) => line(name, text))
        .join(''),
    );
  let status = 0;
  for (const word of words) {
    const { name, value } = splitAssignment(word);
    const text = aliases.get(name);
    if (value !== undefined) aliases.set(name, value);
    else if (text !== undefined) await shell.out(line(name, text));
    else status = await shell.complain(`alias: ${name}${dialect === 'bash' ? ': not found' : ' not found'}`);
  }
  return status;
}

async function unalias(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { aliases } = shell.state;
  if (argv[1] === '-a') aliases.clear();
  let status = 0;
  for (const name of argv.slice(1).filter((word) => word !== '-a')) {
    if (!aliases.delete(name))
      status = await shell.complain(
        `unalias: ${name}${shell.state.dialect === 'bash' ? ': not found' : ' not found'}`,
      );
  }
  return status;
}

/** Builtins of variables, options and aliases. */
export const VARIABLE_BUILTINS: Readonly<Record<string, Builtin>> = {
  export: { run: (shell, argv) => mark(shell, argv, 'isExported'), isSpecial: true },
  readonly: { run: (shell, argv) => mark(shell, argv, 'isReadonly'), isSpecial: true },
  declare: { run: declare, isBash: true },
  typeset: { run: declare, isBash: true },
  local: { run: declare },
  unset: { run: unset, isSpecial: true },
  let: { run: letBuiltin },
  getopts: { run: getopts },
  shopt: { run: shopt, isBash: true },
  alias: { run: alias },
  unalias: { run: unalias },
};
