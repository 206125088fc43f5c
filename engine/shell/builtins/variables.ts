import { ExpansionFailure, arithmeticScope } from '../expand.ts';
import { ArithmeticFailure, evaluateArithmetic } from '../arithmetic.ts';
import type { Interpreter } from '../interpreter.ts';
import { ShellExit } from '../control.ts';
import { declareWord, printFunction } from '../print.ts';
import { cased, flagsOf, listEntries } from '../variables.ts';
import type { Variable } from '../variables.ts';
import { badOption } from './flow.ts';
import { builtinOf } from './table.ts';
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
  return shell.raise(`${command}: ${word.split('=')[0] ?? ''}: bad variable name`);
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
      ? evaluateArithmetic(before === '' ? value : `${before}+(${value})`, arithmeticScope(shell)).toString()
      : cased(variable, before + value);
  if (variable.list !== undefined) variable.list.set('0', text);
  else variable.value = text;
  if (shell.state.options.has('allexport')) shell.state.variables.declare(name).isExported = true;
}

function declareLine(name: string, variable: Variable, command = 'declare'): string {
  const flags = flagsOf(variable);
  const entries = variable.list === undefined ? [] : listEntries(variable);
  const end = variable.isKeyed === true && entries.length > 0 ? ' ' : '';
  const value =
    variable.list !== undefined
      ? variable.list.size === 0 && variable.isKeyed !== true && variable.value === 'unset'
        ? ''
        : `=(${entries.map(([key, text]) => `[${subscript(key)}]=${declareWord(text)}`).join(' ')}${end})`
      : variable.value === undefined
        ? ''
        : `=${declareWord(variable.value)}`;
  return `${command} -${flags === '' ? '-' : flags} ${name}${value}\n`;
}

/** A key as `declare -p` writes it: quoted when it is no plain word. */
function subscript(key: string): string {
  return /^[A-Za-z0-9_@%+:,./-]+$/.test(key) ? key : declareWord(key);
}

async function mark(
  shell: Interpreter,
  argv: readonly string[],
  flag: 'isExported' | 'isReadonly',
): Promise<number> {
  const command = argv[0] ?? '';
  const { variables, dialect } = shell.state;
  const isUndo = argv.includes('-n');
  const words = argv.slice(1).filter((word) => !/^-[npfaA]+$/.test(word) && word !== '--');
  const bad = argv.slice(1).find((word) => /^-[^-npfaA]/.test(word));
  if (bad !== undefined && dialect === 'bash')
    return badOption(
      shell,
      argv,
      `${command} [-${flag === 'isExported' ? '' : 'aA'}f${flag === 'isExported' ? 'n' : ''}] [name[=value] ...] or ${command} -p`,
      bad,
    );
  if (argv.some((word) => /^-[a-zA-Z]*f/.test(word)) && dialect === 'bash')
    return markFunctions(shell, argv, words);
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
          dialect === 'bash' ? `${name}: readonly variable` : `${name}: is read only`,
          dialect === 'bash' ? 1 : 2,
        );
        if (dialect !== 'bash' && !shell.state.isInteractive) throw new ShellExit(2);
        continue;
      }
      setValue(shell, variable, name, value, isAppend);
    }
    variable[flag] = !isUndo;
  }
  return status;
}

/** `export -f name`: children that are shells get the function. */
async function markFunctions(
  shell: Interpreter,
  argv: readonly string[],
  words: readonly string[],
): Promise<number> {
  let status = 0;
  for (const name of words) {
    if (!shell.state.functions.has(name))
      status = await shell.complain(`${argv[0] ?? ''}: ${name}: not a function`);
    else if (argv.includes('-n')) shell.state.exportedFunctions.delete(name);
    else shell.state.exportedFunctions.add(name);
  }
  return status;
}

const DECLARE_USAGE = ' [-aAfFgiIlnrtux] [name[=value] ...] or ';

async function declare(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const command = argv[0] ?? '';
  const bad = argv
    .slice(1)
    .find((word) => /^-[A-Za-z]+$/.test(word) && /[^aAfFgiIlnrtuxp]/.test(word.slice(1)));
  if (bad !== undefined && shell.state.dialect === 'bash' && command !== 'local')
    return badOption(
      shell,
      argv,
      `${command}${DECLARE_USAGE}${command} -p [-aAfFilnrtux] [name ...]`,
      `-${/[^aAfFgiIlnrtuxp-]/.exec(bad)?.[0] ?? ''}`,
    );
  const { variables, functions } = shell.state;
  if (command === 'local' && !variables.isLocal)
    return shell.state.dialect === 'bash'
      ? shell.complain('local: can only be used in a function')
      : shell.raise('local: not in a function');
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
    return declareFunctions(
      shell,
      flags,
      words.length > 0 ? words : [...functions.keys()].sort(),
      words.length === 0,
    );
  if (flags.includes('p') || words.length === 0)
    return printVariables(shell, command, words, flags.replace(/[pg]/g, ''));
  const isLocal = variables.isLocal && !flags.includes('g');
  let status = 0;
  for (const word of words) {
    const { name, value, isAppend } = splitAssignment(word);
    const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/s.exec(name);
    if (element !== null) {
      const list = isLocal ? variables.makeLocal(element[1] ?? '') : variables.declare(element[1] ?? '');
      list.list ??= new Map();
      if (value !== undefined) await shell.assign(name, value);
      applyFlags(list, flags, undone);
      continue;
    }
    if (!NAME.test(name)) {
      status = await invalidName(shell, command, word);
      continue;
    }
    if (flags.includes('n')) {
      const reference = isLocal
        ? variables.makeLocal(name)
        : (variables.own(name) ?? variables.declare(name));
      reference.isReference = true;
      if (value !== undefined) reference.value = value;
      if (value === name)
        status = await shell.complain(`${command}: ${name}: nameref variable self references not allowed`);
      continue;
    }
    const known = variables.find(name);
    if (known?.isReadonly === true && value !== undefined) {
      status = await shell.complain(`${name}: readonly variable`);
      continue;
    }
    if (flags.includes('A') && known?.list !== undefined && known.isKeyed !== true && !isLocal) {
      status = await shell.complain(`${command}: ${name}: cannot convert indexed to associative array`);
      continue;
    }
    const variable =
      isLocal && !(known?.list !== undefined && value === undefined)
        ? variables.makeLocal(name)
        : variables.declare(name);
    applyFlags(variable, flags, undone);
    try {
      if (value !== undefined) setValue(shell, variable, name, value, isAppend);
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
  if (undone.includes('i')) variable.isInteger = false;
  if (flags.includes('l')) variable.letterCase = 'lower';
  if (flags.includes('u')) variable.letterCase = 'upper';
  if (/[lu]/.test(undone)) variable.letterCase = undefined;
  if (undone.includes('n')) variable.isReference = false;
  if (flags.includes('A')) variable.isKeyed = true;
  if (/[aA]/.test(flags))
    variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
}

async function declareFunctions(
  shell: Interpreter,
  flags: string,
  names: readonly string[],
  isListed: boolean,
): Promise<number> {
  let status = 0;
  for (const name of names) {
    const body = shell.state.functions.get(name);
    if (body === undefined) status = 1;
    else if (flags.includes('F')) await shell.out(isListed ? `declare -f ${name}\n` : `${name}\n`);
    else await shell.out(`${printFunction(name, body)}\n`);
  }
  return status;
}

async function printVariables(
  shell: Interpreter,
  command: string,
  words: readonly string[],
  flags = '',
): Promise<number> {
  const { variables } = shell.state;
  let status = 0;
  const wanted = (name: string): boolean => {
    const own = variables.own(name);
    return own !== undefined && [...flags].every((flag) => flagsOf(own).includes(flag));
  };
  for (const name of words.length > 0 ? words : variables.names().filter(wanted)) {
    const variable = variables.own(name);
    if (variable === undefined) status = await shell.complain(`${command}: ${name}: not found`);
    else await shell.out(declareLine(name, variable));
  }
  return status;
}

async function unset(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const onlyFunctions = argv.includes('-f');
  const onlyVariables = argv.includes('-v');
  const isReference = argv.includes('-n');
  const bad = argv.slice(1).find((one) => /^-./.test(one) && !/^-[fvn]+$/.test(one) && one !== '--');
  if (bad !== undefined && state.dialect === 'bash')
    return badOption(shell, argv, 'unset [-f] [-v] [-n] [name ...]', bad);
  let status = 0;
  for (const word of argv.slice(1).filter((one) => !/^-[fvn]$|^--$/.test(one))) {
    if (isReference) {
      state.variables.unsetOwn(word);
      continue;
    }
    const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.+)\]$/s.exec(word);
    if (element !== null && !onlyFunctions) {
      unsetElement(shell, element[1] ?? '', (element[2] ?? '').replace(/^["']|["']$/g, ''));
      continue;
    }
    if (!NAME.test(word) && !onlyFunctions && (onlyVariables || state.dialect !== 'bash')) {
      status = await invalidName(shell, 'unset', word);
      continue;
    }
    if (!onlyFunctions && state.variables.find(word) !== undefined) {
      if (!state.variables.unset(word))
        status = await shell.complain(
          state.dialect === 'bash'
            ? `unset: ${word}: cannot unset: readonly variable`
            : `unset: ${word}: is read only`,
        );
      if (status !== 0 && state.dialect !== 'bash' && !state.isInteractive) throw new ShellExit(2);
    } else if (!onlyVariables) state.functions.delete(word);
  }
  return status;
}

function unsetElement(shell: Interpreter, name: string, key: string): void {
  const variable = shell.state.variables.find(name);
  if (variable === undefined) return;
  if (key === '@' || key === '*') {
    if (variable.isKeyed === true) variable.list?.clear();
    else shell.state.variables.unset(name);
    return;
  }
  if (variable.isKeyed === true) variable.list?.delete(key);
  else {
    const at = Number(evaluateArithmetic(key, arithmeticScope(shell)));
    const end = Math.max(-1, ...[...(variable.list?.keys() ?? [])].map(Number)) + 1;
    variable.list?.delete(String(at < 0 ? at + end : at));
  }
}

async function letBuiltin(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv.length === 1)
    return shell.complain('let: expression expected', shell.state.dialect === 'ash' ? 2 : 1);
  let value = 0n;
  for (const word of argv.slice(1)) {
    try {
      value = evaluateArithmetic(word, arithmeticScope(shell));
    } catch (error) {
      if (!(error instanceof ArithmeticFailure)) throw error;
      const text = error.text === '' ? word : error.text;
      return shell.complain(`let: ${text}: ${error.reason} (error token is "${error.token}")`);
    }
  }
  return value === 0n ? 1 : 0;
}

async function getopts(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const [, spec = '', name = '', ...given] = argv;
  const { variables } = shell.state;
  if (argv.length < 3) {
    if (shell.state.dialect === 'dash')
      return shell.complain('getopts: Usage: getopts optstring var [arg...]', 2);
    if (shell.state.dialect === 'ash')
      return shell.complain('getopts: usage: getopts optstring var [arg]', 2);
    await shell.err('getopts: usage: getopts optstring name [arg ...]\n');
    return 2;
  }
  if (shell.state.dialect !== 'bash') variables.set('OPTARG', '');
  else if (!NAME.test(name)) return shell.complain(`getopts: \`${name}': not a valid identifier`);
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
    else {
      variables.unset('OPTARG');
      if (variables.get('OPTERR') !== '0')
        await shell.err(
          shell.state.dialect !== 'bash'
            ? `Illegal option -${letter}\n`
            : `${shell.state.name}: illegal option -- ${letter}\n`,
        );
    }
    return 0;
  }
  if (spec[at + 1] !== ':') {
    finish(letter, isLast ? index + 1 : index, isLast ? 1 : place + 1);
    if (shell.state.dialect === 'bash') variables.unset('OPTARG');
    return 0;
  }
  const value = isLast ? args[index] : word.slice(place + 1);
  index += isLast && value !== undefined ? 2 : 1;
  if (value === undefined) {
    finish(isSilent ? ':' : '?', index, 1);
    if (isSilent) variables.set('OPTARG', letter);
    else {
      variables.unset('OPTARG');
      if (variables.get('OPTERR') !== '0')
        await shell.err(
          shell.state.dialect !== 'bash'
            ? `No arg for -${letter} option\n`
            : `${shell.state.name}: option requires an argument -- ${letter}\n`,
        );
    }
    return 0;
  }
  finish(letter, index, 1);
  variables.set('OPTARG', value);
  return 0;
}

const SHOPTS =
  `autocd assoc_expand_once cdable_vars cdspell checkhash checkjobs checkwinsize cmdhist compat31 compat32 compat40 compat41
  compat42 compat43 compat44 complete_fullquote direxpand dirspell dotglob execfail expand_aliases extdebug extglob extquote
  failglob force_fignore globasciiranges globskipdots globstar gnu_errfmt histappend histreedit histverify hostcomplete huponexit
  inherit_errexit interactive_comments lastpipe lithist localvar_inherit localvar_unset login_shell mailwarn
  no_empty_cmd_completion nocaseglob nocasematch noexpand_translation nullglob patsub_replacement progcomp progcomp_alias
  promptvars restricted_shell shift_verbose sourcepath varredir_close xpg_echo`.split(/\s+/);

async function shopt(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { shopts } = shell.state;
  let at = 1;
  let flags = '';
  for (; /^-./.test(argv[at] ?? ''); at++) {
    const word = argv[at] ?? '';
    if (!/^-[squpo]+$/.test(word)) return badOption(shell, argv, 'shopt [-pqsu] [-o] [optname ...]', word);
    flags += word.slice(1);
  }
  const names = argv.slice(at);
  if (flags.includes('o')) return shoptOptions(shell, flags, names);
  let status = 0;
  const isOne = names.length > 0;
  for (const name of isOne ? names : SHOPTS) {
    const isOn = shopts.has(name);
    if (!SHOPTS.includes(name)) status = await shell.complain(`shopt: ${name}: invalid shell option name`);
    else if (isOne && flags.includes('s')) shopts.add(name);
    else if (isOne && flags.includes('u')) shopts.delete(name);
    else {
      const isWanted = (!flags.includes('s') || isOn) && (!flags.includes('u') || !isOn);
      const line = flags.includes('p')
        ? `shopt ${isOn ? '-s' : '-u'} ${name}\n`
        : `${name.padEnd(15)}\t${isOn ? 'on' : 'off'}\n`;
      if (!flags.includes('q') && isWanted) await shell.out(line);
      if (isOne && !isOn) status = 1;
    }
  }
  return status;
}

/** `shopt -o`: the options of `set -o`. */
async function shoptOptions(shell: Interpreter, flags: string, names: readonly string[]): Promise<number> {
  const set = flags.includes('s') ? '-o' : flags.includes('u') ? '+o' : undefined;
  const run = builtinOf('set', shell.state.dialect);
  if (names.length === 0) return run?.run(shell, ['set', flags.includes('p') ? '+o' : '-o']) ?? 0;
  let status = 0;
  for (const name of names) {
    if (set !== undefined) status = (await run?.run(shell, ['set', set, name])) ?? 0;
    else {
      const isOn = shell.state.options.has(name);
      if (!flags.includes('q'))
        await shell.out(
          flags.includes('p')
            ? `set ${isOn ? '-' : '+'}o ${name}\n`
            : `${name.padEnd(15)}\t${isOn ? 'on' : 'off'}\n`,
        );
      if (!isOn) status = 1;
    }
  }
  return status;
}

async function alias(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { aliases, dialect } = shell.state;
  if (dialect === 'bash' && /^-[^p]/.test(argv[1] ?? ''))
    return badOption(shell, argv, 'alias [-p] [name[=value] ... ]');
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
    if (value !== undefined && dialect === 'bash' && /[\s$`/&|;()<>'"\\]/.test(name))
      status = await shell.complain(`alias: \`${name}': invalid alias name`);
    else if (value !== undefined) aliases.set(name, value);
    else if (text !== undefined) await shell.out(line(name, text));
    else if (dialect !== 'bash') {
      await shell.err(`alias: ${name} not found\n`);
      status = 1;
    } else status = await shell.complain(`alias: ${name}: not found`);
  }
  return status;
}

async function unalias(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { aliases } = shell.state;
  if (argv.length === 1 && shell.state.dialect === 'bash') {
    await shell.err('unalias: usage: unalias [-a] name [name ...]\n');
    return 2;
  }
  if (argv[1] === '-a') aliases.clear();
  let status = 0;
  for (const name of argv.slice(1).filter((word) => word !== '-a')) {
    if (aliases.delete(name)) continue;
    status = 1;
    if (shell.state.dialect === 'bash') await shell.complain(`unalias: ${name}: not found`);
    else await shell.err(`unalias: ${name} not found\n`);
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
