import type { Parameter, Script, Word, WordPart } from './ast.ts';
import { ArithmeticFailure, evaluateArithmetic } from './arithmetic.ts';
import type { ArithmeticScope } from './arithmetic.ts';
import { expandBraces } from './braces.ts';
import {
  compilePattern,
  expandGlob,
  isGlob,
  matchesPattern,
  removePrefix,
  removeSuffix,
  replacePattern,
} from './pattern.ts';
import type { FileSystem } from './program.ts';
import { quoteWord } from './print.ts';
import type { ShellState } from './state.ts';
import { listEntries } from './variables.ts';

/** An expansion that fails: its message without the shell's prefix. The command, or a script, ends. */
export class ExpansionFailure extends Error {
  override readonly name = 'ExpansionFailure';
  /** The status a script ends with; an interactive shell shows 1. */
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** What expansion needs of the shell that runs it. */
export type ExpansionHost = {
  readonly state: ShellState;
  readonly files: FileSystem;
  /** Runs a script in a subshell and returns what it wrote, without the newlines at its end. */
  output(body: Script): Promise<string>;
  /** Runs `<(…)` and returns the path to read from. */
  processPath(body: Script, direction: '<' | '>'): Promise<string>;
  /** The value of a parameter that is no variable: `$?`, `$$`, `$RANDOM`…; undefined when the name is none of these. */
  special(name: string): string | undefined;
  nowMs(): number;
};

type Piece = { readonly text: string; readonly isQuoted: boolean };
type Value = {
  readonly values: readonly string[];
  readonly shape: 'one' | 'at' | 'star';
  readonly isSet: boolean;
};

/** Collects the fields that one word becomes. */
class Fields {
  readonly done: Piece[][] = [];
  #current: Piece[] | undefined;
  #afterBlank = false;

  add(text: string, isQuoted: boolean): void {
    if (text === '' && !isQuoted) return;
    this.#current ??= [];
    this.#current.push({ text, isQuoted });
    this.#afterBlank = false;
  }

  /** Adds the value of an unquoted expansion: it is split at the characters of IFS. */
  split(text: string, ifs: string): void {
    let run = '';
    for (const char of text) {
      if (!ifs.includes(char)) {
        run += char;
        continue;
      }
      this.add(run, false);
      run = '';
      const isBlank = char === ' ' || char === '\t' || char === '\n';
      if (this.#current !== undefined) {
        this.close();
        this.#afterBlank = isBlank;
      } else if (!isBlank) {
        if (!this.#afterBlank) this.done.push([]);
        this.#afterBlank = false;
      }
    }
    this.add(run, false);
  }

  close(): void {
    if (this.#current !== undefined) this.done.push(this.#current);
    this.#current = undefined;
  }
}

/** Expands words to fields: braces, tilde, parameters, commands, arithmetic, splitting, globbing. @throws ExpansionFailure */
export async function expandWords(host: ExpansionHost, words: readonly Word[]): Promise<string[]> {
  const fields: string[] = [];
  for (const word of words) {
    const only = word.parts[0];
    if (word.parts.length === 1 && only?.kind === 'text' && (only.isQuoted || !/[~*?[{\\]/.test(only.text))) {
      fields.push(only.text);
      continue;
    }
    for (const braced of host.state.dialect === 'bash' ? expandBraces(word) : [word])
      fields.push(...(await expandWord(host, braced)));
  }
  return fields;
}

async function expandWord(host: ExpansionHost, word: Word): Promise<string[]> {
  const fields = new Fields();
  await addParts(host, fields, tilde(host, word.parts), false);
  fields.close();
  return fields.done.flatMap((pieces) => globbed(host, pieces));
}

function globbed(host: ExpansionHost, pieces: readonly Piece[]): string[] {
  const text = pieces.map((piece) => piece.text).join('');
  if (
    host.state.options.has('noglob') ||
    !pieces.some((piece) => !piece.isQuoted && /[*?[]/.test(piece.text))
  )
    return [text];
  const pattern = patternText(pieces);
  if (!isGlob(pattern)) return [text];
  const paths = expandGlob(host.files, host.state.cwd, pattern);
  if (paths.length > 0) return paths;
  if (host.state.shopts.has('failglob')) throw new ExpansionFailure(`no match: ${text}`);
  return host.state.shopts.has('nullglob') ? [] : [text];
}

function patternText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => (piece.isQuoted ? piece.text.replace(/[\\*?[\]]/g, '\\$&') : piece.text))
    .join('');
}

/** Expands a word without splitting or globbing, as the right side of an assignment and `case` words are. */
export async function expandText(host: ExpansionHost, word: Word, isAssignment = false): Promise<string> {
  return (await joined(host, tilde(host, word.parts, isAssignment))).map((piece) => piece.text).join('');
}

/** Expands parts without splitting or globbing. */
export async function expandParts(host: ExpansionHost, parts: readonly WordPart[]): Promise<string> {
  return (await joined(host, parts)).map((piece) => piece.text).join('');
}

/** Expands a word to a pattern: what was quoted stands for itself. */
export async function expandPattern(host: ExpansionHost, parts: readonly WordPart[]): Promise<string> {
  return patternText(await joined(host, tilde(host, parts)));
}

/** Expands a word to a regular expression: what was quoted stands for itself. */
export async function expandRegex(host: ExpansionHost, word: Word): Promise<string> {
  return (await joined(host, word.parts))
    .map((piece) => (piece.isQuoted ? piece.text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&') : piece.text))
    .join('');
}

async function joined(host: ExpansionHost, parts: readonly WordPart[]): Promise<Piece[]> {
  const kept = host.state.variables.get('IFS');
  const fields = new Fields();
  await addParts(host, fields, parts, false, true);
  fields.close();
  const gap = (kept ?? ' ').slice(0, 1);
  return fields.done.flatMap((pieces, index) =>
    index === 0 ? pieces : [{ text: gap, isQuoted: true }, ...pieces],
  );
}

function tilde(host: ExpansionHost, parts: readonly WordPart[], isAssignment = false): readonly WordPart[] {
  const expand = (text: string): string => {
    const match = /^~([A-Za-z0-9_+-]*)(?=\/|$)/.exec(text);
    if (match === null) return text;
    const home = tildeHome(host, match[1] ?? '');
    return home === undefined ? text : home + text.slice(match[0].length);
  };
  return parts.map((part, index) => {
    if (part.kind !== 'text' || part.isQuoted || !part.text.includes('~')) return part;
    if (isAssignment)
      return {
        ...part,
        text: part.text
          .split(':')
          .map((piece, at) => (index === 0 || at > 0 ? expand(piece) : piece))
          .join(':'),
      };
    return index === 0 ? { ...part, text: expand(part.text) } : part;
  });
}

function tildeHome(host: ExpansionHost, user: string): string | undefined {
  const { variables } = host.state;
  if (user === '') return variables.get('HOME') ?? '';
  if (user === '+') return variables.get('PWD');
  if (user === '-') return variables.get('OLDPWD');
  return user === 'root' ? '/root' : user === variables.get('USER') ? variables.get('HOME') : undefined;
}

async function addParts(
  host: ExpansionHost,
  fields: Fields,
  parts: readonly WordPart[],
  isQuoted: boolean,
  isJoined = false,
): Promise<void> {
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        fields.add(part.text, isQuoted || part.isQuoted);
        break;
      case 'double':
        if (part.parts.length === 0) fields.add('', true);
        await addParts(host, fields, part.parts, true, isJoined);
        break;
      case 'parameter':
        await addParameter(host, fields, part.parameter, isQuoted, isJoined);
        break;
      case 'command':
        addValue(host, fields, await host.output(part.body), isQuoted, isJoined);
        break;
      case 'arithmetic':
        addValue(host, fields, (await arithmetic(host, part.parts)).toString(), isQuoted, isJoined);
        break;
      case 'process':
        fields.add(await host.processPath(part.body, part.direction), true);
        break;
    }
  }
}

function addValue(
  host: ExpansionHost,
  fields: Fields,
  text: string,
  isQuoted: boolean,
  isJoined: boolean,
): void {
  if (isQuoted) fields.add(text, true);
  else if (isJoined) fields.add(text, false);
  else fields.split(text, host.state.variables.get('IFS') ?? ' \t\n');
}

/** Evaluates an arithmetic text after its expansions. @throws ExpansionFailure */
export async function arithmetic(host: ExpansionHost, parts: readonly WordPart[]): Promise<bigint> {
  const text = await expandParts(host, parts);
  try {
    return evaluateArithmetic(text, arithmeticScope(host));
  } catch (error) {
    if (!(error instanceof ArithmeticFailure)) throw error;
    throw new ExpansionFailure(arithmeticMessage(host, text, error), host.state.dialect === 'bash' ? 1 : 2);
  }
}

function arithmeticMessage(host: ExpansionHost, text: string, error: ArithmeticFailure): string {
  const isDivision = error.reason === 'division by 0';
  if (host.state.dialect === 'ash') return isDivision ? 'divide by zero' : 'arithmetic syntax error';
  if (host.state.dialect === 'dash')
    return isDivision
      ? `arithmetic expression: division by zero: "${text}"`
      : `arithmetic expression: expecting primary: "${text}"`;
  return `${text}: ${error.reason} (error token is "${error.token}")`;
}

/** The variables as arithmetic sees them. */
export function arithmeticScope(host: ExpansionHost): ArithmeticScope {
  const { state } = host;
  const subscript = (name: string, index: string): string =>
    state.variables.find(name)?.isKeyed === true
      ? index.replace(/^["']|["']$/g, '')
      : evaluateArithmetic(index, arithmeticScope(host)).toString();
  return {
    get: (name, index) => {
      const value =
        index === undefined
          ? state.variables.get(name)
          : state.variables.find(name)?.list?.get(subscript(name, index));
      if (
        value === undefined &&
        index === undefined &&
        host.special(name) === undefined &&
        state.options.has('nounset')
      )
        throw new ExpansionFailure(unboundMessage(host, name), 127);
      return value ?? host.special(name) ?? '';
    },
    set: (name, index, value) => {
      if (index === undefined) {
        if (!state.variables.set(name, value)) throw new ExpansionFailure(`${name}: readonly variable`);
        return;
      }
      const variable = state.variables.declare(name);
      variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
      variable.list.set(subscript(name, index), value);
    },
  };
}

function unboundMessage(host: ExpansionHost, name: string): string {
  return host.state.dialect === 'bash' ? `${name}: unbound variable` : `${name}: parameter not set`;
}

async function addParameter(
  host: ExpansionHost,
  fields: Fields,
  parameter: Parameter,
  isQuoted: boolean,
  isJoined: boolean,
): Promise<void> {
  if (parameter.bad !== undefined)
    throw new ExpansionFailure(badSubstitution(host, parameter.bad), host.state.dialect === 'bash' ? 1 : 2);
  const found = await lookUp(host, parameter);
  const replaced = await withDefault(host, parameter, found);
  if (replaced === 'word') {
    await addParts(
      host,
      fields,
      isQuoted ? (parameter.word ?? []) : tilde(host, parameter.word ?? []),
      isQuoted,
      isJoined,
    );
    if (isQuoted && (parameter.word ?? []).length === 0) fields.add('', true);
    return;
  }
  const value = await transform(host, parameter, replaced);
  emit(host, fields, value, isQuoted, isJoined);
}

function badSubstitution(host: ExpansionHost, text: string): string {
  if (host.state.dialect === 'dash') return 'Bad substitution';
  return host.state.dialect === 'ash' ? 'syntax error: bad substitution' : `${text}: bad substitution`;
}

function emit(host: ExpansionHost, fields: Fields, value: Value, isQuoted: boolean, isJoined: boolean): void {
  if (value.shape === 'one') {
    addValue(host, fields, value.values[0] ?? '', isQuoted, isJoined);
    return;
  }
  const ifs = host.state.variables.get('IFS');
  if (value.shape === 'star' && isQuoted) {
    fields.add(value.values.join((ifs ?? ' ').slice(0, 1)), true);
    return;
  }
  value.values.forEach((text, index) => {
    if (index > 0) fields.close();
    addValue(host, fields, text, isQuoted, isJoined);
  });
}

async function lookUp(host: ExpansionHost, parameter: Parameter): Promise<Value> {
  const { state } = host;
  let { name } = parameter;
  if (parameter.isNames === true) {
    const names = state.variables.names().filter((one) => one.startsWith(name));
    return { values: names, shape: 'at', isSet: true };
  }
  if (name === '@' || name === '*')
    return {
      values: state.positional,
      shape: name === '@' ? 'at' : 'star',
      isSet: state.positional.length > 0,
    };
  let index = parameter.index === undefined ? undefined : await expandParts(host, parameter.index);
  if (parameter.isIndirect === true) {
    if (index === '@' || index === '*') {
      const variable = state.variables.find(name);
      return {
        values: variable === undefined ? [] : listEntries(variable).map(([key]) => key),
        shape: 'at',
        isSet: true,
      };
    }
    const target = (await scalar(host, name, index)) ?? '';
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[(.+)\])?$/.exec(target);
    name = match?.[1] ?? target;
    index = match?.[2];
    if (name === '' || (match === null && !/^[0-9@*#?$!-]+$/.test(target)))
      throw new ExpansionFailure(`${parameter.name}: invalid indirect expansion`);
  }
  if (index === '@' || index === '*') {
    const variable = state.variables.find(name) ?? { value: host.special(name) };
    const values = specialList(host, name) ?? listEntries(variable).map(([, value]) => value);
    return { values, shape: index === '@' ? 'at' : 'star', isSet: values.length > 0 };
  }
  const value = await scalar(host, name, index);
  return { values: [value ?? ''], shape: 'one', isSet: value !== undefined };
}

function specialList(host: ExpansionHost, name: string): string[] | undefined {
  return name === 'PIPESTATUS' ? host.state.pipeStatus.map(String) : undefined;
}

async function scalar(
  host: ExpansionHost,
  name: string,
  index: string | undefined,
): Promise<string | undefined> {
  const { state } = host;
  if (/^[0-9]+$/.test(name)) return name === '0' ? state.name : state.positional[Number(name) - 1];
  const variable = state.variables.find(name);
  if (index !== undefined) {
    const list = specialList(host, name);
    if (list !== undefined) return list[Number(index)];
    if (variable?.isKeyed === true) return variable.list?.get(index);
    let at = Number(evaluateArithmetic(index, arithmeticScope(host)));
    if (at < 0 && variable?.list !== undefined)
      at += Math.max(-1, ...[...variable.list.keys()].map(Number)) + 1;
    return variable?.list === undefined
      ? at === 0
        ? variable?.value
        : undefined
      : variable.list.get(String(at));
  }
  return state.variables.get(name) ?? host.special(name);
}

/** Applies `:-`, `:=`, `:?` and `:+`; `word` means that the operator's word takes the value's place. */
async function withDefault(host: ExpansionHost, parameter: Parameter, value: Value): Promise<Value | 'word'> {
  const operator = parameter.operator ?? '';
  const isDefault = /^:?[-=?+]$/.test(operator);
  if (!isDefault) {
    if (!value.isSet && value.shape === 'one' && host.state.options.has('nounset'))
      throw new ExpansionFailure(
        unboundMessage(host, parameter.name),
        host.state.dialect === 'bash' ? 127 : 2,
      );
    return value;
  }
  const isMissing = !value.isSet || (operator.startsWith(':') && value.values.join('') === '');
  switch (operator.slice(-1)) {
    case '-':
      return isMissing ? 'word' : value;
    case '+':
      return isMissing ? { values: [''], shape: 'one', isSet: true } : 'word';
    case '=': {
      if (!isMissing) return value;
      const text = await expandParts(host, tilde(host, parameter.word ?? []));
      if (!/^[A-Za-z_]/.test(parameter.name))
        throw new ExpansionFailure(`$${parameter.name}: cannot assign in this way`);
      host.state.variables.set(parameter.name, text);
      return { values: [text], shape: 'one', isSet: true };
    }
    default: {
      if (!isMissing) return value;
      const text = await expandParts(host, parameter.word ?? []);
      const standard = operator.startsWith(':') ? 'parameter null or not set' : 'parameter not set';
      throw new ExpansionFailure(
        `${parameter.name}: ${text === '' ? standard : text}`,
        host.state.dialect === 'bash' ? 127 : 2,
      );
    }
  }
}

async function transform(host: ExpansionHost, parameter: Parameter, value: Value): Promise<Value> {
  const operator = parameter.operator ?? '';
  if (parameter.isLength === true) {
    const length = value.shape === 'one' ? [...(value.values[0] ?? '')].length : value.values.length;
    return { values: [String(length)], shape: 'one', isSet: true };
  }
  if (operator === '' || /^:?[-=?+]$/.test(operator)) return value;
  if (operator === ':') return slice(host, parameter, value);
  if (operator === '@') return { ...value, values: value.values.map((text) => converted(parameter, text)) };
  const pattern = compilePattern(await expandPattern(host, parameter.word ?? []));
  const replacement = operator.startsWith('/') ? await expandParts(host, parameter.word2 ?? []) : '';
  const hasPattern = (parameter.word ?? []).length > 0;
  const one = (text: string): string => {
    switch (operator) {
      case '#':
      case '##':
        return removePrefix(text, pattern, operator === '##');
      case '%':
      case '%%':
        return removeSuffix(text, pattern, operator === '%%');
      case '/':
      case '//':
      case '/#':
      case '/%':
        return replacePattern(text, pattern, replacement, operator);
      default:
        return changeCase(text, operator, (char) => !hasPattern || matchesPattern(pattern, char));
    }
  };
  return { ...value, values: value.values.map(one) };
}

function changeCase(text: string, operator: string, applies: (char: string) => boolean): string {
  const change = (char: string): string =>
    !applies(char) ? char : operator.startsWith('^') ? char.toUpperCase() : char.toLowerCase();
  const chars = [...text];
  return chars.map((char, index) => (operator.length === 2 || index === 0 ? change(char) : char)).join('');
}

function converted(parameter: Parameter, text: string): string {
  const kind = parameter.word?.[0]?.kind === 'text' ? parameter.word[0].text : '';
  switch (kind) {
    case 'Q':
      return /^[A-Za-z0-9_]*$/.test(text) && text === '' ? "''" : `'${text.replaceAll("'", "'\\''")}'`;
    case 'U':
      return text.toUpperCase();
    case 'u':
      return text.slice(0, 1).toUpperCase() + text.slice(1);
    case 'L':
      return text.toLowerCase();
    case 'A':
      return `${parameter.name}=${quoteWord(text)}`;
    default:
      return text;
  }
}

async function slice(host: ExpansionHost, parameter: Parameter, value: Value): Promise<Value> {
  const start = Number(await arithmetic(host, parameter.word ?? []));
  const length = parameter.word2 === undefined ? undefined : Number(await arithmetic(host, parameter.word2));
  if (value.shape !== 'one') {
    const isPositional = parameter.name === '@' || parameter.name === '*';
    const all = isPositional ? [host.state.name, ...value.values] : value.values;
    const from = start < 0 ? Math.max(0, all.length + start) : start;
    const values = all.slice(
      isPositional && start === 0 ? 0 : from,
      length === undefined ? undefined : from + length,
    );
    return { ...value, values };
  }
  const chars = [...(value.values[0] ?? '')];
  const from = start < 0 ? chars.length + start : start;
  if (from < 0 || from > chars.length) return { ...value, values: [''] };
  const to = length === undefined ? chars.length : length < 0 ? chars.length + length : from + length;
  if (to < from && length !== undefined && length < 0)
    throw new ExpansionFailure(`${length}: substring expression < 0`);
  return { ...value, values: [chars.slice(from, to).join('')] };
}
