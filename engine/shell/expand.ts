import type { Parameter, Script, Word, WordPart } from './ast.ts';
import { ArithmeticFailure, evaluateArithmetic } from './arithmetic.ts';
import type { ArithmeticScope } from './arithmetic.ts';
import { expandBraces } from './braces.ts';
import {
  compilePattern,
  expandGlob,
  isGlob,
  matchesPattern,
  patternOptions,
  removePrefix,
  removeSuffix,
  replacePattern,
} from './pattern.ts';
import { decodePrompt } from './prompt.ts';
import type { FileSystem, Machine } from './program.ts';
import type { Descriptor, Descriptors } from './process.ts';
import { Lexer, unescapeAnsi } from './lexer.ts';
import { Parser } from './parser.ts';
import { declareWord, quoteWord } from './print.ts';
import type { ShellState } from './state.ts';
import { cased, flagsOf, listEntries } from './variables.ts';
import type { Variable } from './variables.ts';
import type { Stream } from '../base/stream.ts';
import { LIMITS } from '../base/limits.ts';
import { SystemFailure } from './control.ts';

/** An expansion that fails: its message without the shell's prefix. The command, or a script, ends. */
export class ExpansionFailure extends Error {
  override readonly name = 'ExpansionFailure';
  /** The status a script ends with; an interactive shell shows 1. */
  readonly status: number;
  /** Ends a script also where other failures only fail the command (`[[ ]]`): unset variables under `set -u`. */
  readonly isFatal: boolean;

  constructor(message: string, status = 1, isFatal = false) {
    super(message);
    this.status = status;
    this.isFatal = isFatal;
  }
}

/** What expansion needs of the shell that runs it. */
export type ExpansionHost = {
  readonly state: ShellState;
  readonly files: FileSystem;
  /** Runs a script in a subshell and returns what it wrote, without the newlines at its end. */
  output(body: Script): Promise<string>;
  /** Runs `(…)` of `< <(…)` beside the shell; what it writes comes through the stream. */
  processStream(body: Script): Promise<Stream>;
  /** Opens a connection for a redirection. @throws RedirectFailure */
  openSocket(protocol: 'tcp' | 'udp', host: string, port: string, target: string): Promise<Descriptor>;
  /** The elements of an array that is no variable (`PIPESTATUS`, `FUNCNAME`…). */
  specialList(name: string): readonly string[] | undefined;
  /** A free descriptor of ten or more. */
  freeFd(open: Descriptors): number;
  /** Sets a variable as an assignment does. @throws ExpansionFailure */
  assign(name: string, value: string): Promise<void>;
  readonly machine: Machine;
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
  #size = 0;

  add(text: string, isQuoted: boolean): void {
    if (text === '' && !isQuoted) return;
    this.#size += text.length;
    if (this.#size > LIMITS.outputCharactersMax)
      throw new SystemFailure(`xrealloc: cannot allocate ${this.#size} bytes`);
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

/** Words of one command: more would be more than `execve` takes. */
const FIELDS_MAX = 300_000;

/** Expands words to fields: braces, tilde, parameters, commands, arithmetic, splitting, globbing. @throws ExpansionFailure */
export async function expandWords(host: ExpansionHost, words: readonly Word[]): Promise<string[]> {
  const fields: string[] = [];
  for (const word of words) {
    if (fields.length > FIELDS_MAX) throw new SystemFailure(`cannot allocate ${fields.length} words`);
    const only = word.parts[0];
    if (
      word.parts.length === 1 &&
      only?.kind === 'text' &&
      (only.isQuoted || !/[~*?[{\\(]/.test(only.text))
    ) {
      fields.push(only.text);
      continue;
    }
    for (const braced of host.state.dialect === 'bash' ? bracesOf(word) : [word])
      for (const field of await expandWord(host, braced)) fields.push(field);
  }
  return fields;
}

function bracesOf(word: Word): readonly Word[] {
  const found = expandBraces(word);
  if ('count' in found)
    throw new ExpansionFailure(`brace expansion: failed to allocate memory for \`${found.count}' elements`);
  return found;
}

async function expandWord(host: ExpansionHost, word: Word): Promise<string[]> {
  const fields = new Fields();
  await addParts(host, fields, tilde(host, word.parts, isAssignmentLike(host, word)), false);
  fields.close();
  return fields.done.flatMap((pieces) => globbed(host, pieces));
}

/** `name=~/x` as an argument: bash expands the tilde there too. */
function isAssignmentLike(host: ExpansionHost, word: Word): boolean {
  return host.state.dialect === 'bash' && /^[A-Za-z_][A-Za-z0-9_]*=~/.test(word.text);
}

function globbed(host: ExpansionHost, pieces: readonly Piece[]): string[] {
  const text = pieces.map((piece) => piece.text).join('');
  const { shopts, variables } = host.state;
  const isExtended = shopts.has('extglob');
  const special = isExtended ? /[*?[(]/ : /[*?[]/;
  if (
    host.state.options.has('noglob') ||
    !pieces.some((piece) => !piece.isQuoted && special.test(piece.text))
  )
    return [text];
  const pattern = patternText(pieces);
  if (!isGlob(pattern, { isExtended })) return [text];
  const ignored = variables.get('GLOBIGNORE') ?? '';
  const hasIgnored = ignored !== '' && host.state.dialect === 'bash';
  const found = expandGlob(host.files, host.state.cwd, pattern, {
    isExtended,
    ignoreCase: shopts.has('nocaseglob'),
    hasHidden: shopts.has('dotglob') || hasIgnored,
    hasStars: shopts.has('globstar'),
  });
  const bans = hasIgnored ? ignored.split(':').map((one) => compilePattern(one, { isExtended })) : [];
  const paths = found.filter((path) => !bans.some((ban) => matchesPattern(ban, path)));
  if (paths.length > 0) return paths;
  if (host.state.shopts.has('failglob')) throw new ExpansionFailure(`no match: ${text}`);
  return host.state.shopts.has('nullglob') ? [] : [text];
}

function patternText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => (piece.isQuoted ? piece.text.replace(/[\\*?[\]()|+@!]/g, '\\$&') : piece.text))
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
  const { folders, cwd } = host.state;
  const expand = (text: string): string => {
    const stacked = /^~([+-]?)([0-9]+)(?=\/|$)/.exec(text);
    if (stacked !== null && host.state.dialect === 'bash') {
      const all = [cwd, ...folders];
      const found = all[stacked[1] === '-' ? all.length - 1 - Number(stacked[2]) : Number(stacked[2])];
      return found === undefined ? text : found + text.slice(stacked[0].length);
    }
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
          .map((piece, at) => {
            const head =
              index === 0 && at === 0 ? (/^[A-Za-z_][A-Za-z0-9_]*=(?=~)/.exec(piece)?.[0] ?? '') : '';
            return index === 0 || at > 0 ? head + expand(piece.slice(head.length)) : piece;
          })
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
    return evaluateArithmetic(text, arithmeticScope(host), 0, host.state.dialect);
  } catch (error) {
    if (!(error instanceof ArithmeticFailure)) throw error;
    throw new ExpansionFailure(arithmeticMessage(host, text, error), host.state.dialect === 'bash' ? 1 : 2);
  }
}

function arithmeticMessage(host: ExpansionHost, text: string, error: ArithmeticFailure): string {
  const isDivision = error.reason === 'division by 0';
  if (host.state.dialect === 'ash') return isDivision ? 'divide by zero' : 'arithmetic syntax error';
  if (host.state.dialect === 'dash') {
    if (error.reason === 'illegal number') return `Illegal number: ${error.token}`;
    return isDivision
      ? `arithmetic expression: division by zero: "${text}"`
      : `arithmetic expression: expecting ${/expression$|operator$/.test(error.reason) ? 'EOF' : error.reason === "missing `)'" ? "')'" : 'primary'}: "${text}"`;
  }
  return `${error.text === '' ? text.trimStart() : error.text}: ${error.reason} (error token is "${error.token}")`;
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
          : element(state.variables.find(name), subscript(name, index));
      if (
        value === undefined &&
        index === undefined &&
        host.special(name) === undefined &&
        state.options.has('nounset')
      )
        throw new ExpansionFailure(unboundMessage(host, name), 127, true);
      return value ?? host.special(name) ?? '';
    },
    set: (name, index, value) => {
      if (index === undefined) {
        if (state.assignDynamic(name, value, host.nowMs())) return;
        if (!state.variables.set(name, value)) throw new ExpansionFailure(`${name}: readonly variable`);
        return;
      }
      const variable = state.variables.declare(name);
      if (variable.isReadonly === true) throw new ExpansionFailure(`${name}: readonly variable`);
      const key = subscript(name, index);
      variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
      variable.list.set(key, cased(variable, value));
    },
  };
}

/** An element of a list; a plain variable is its own element 0. */
function element(variable: Variable | undefined, key: string): string | undefined {
  if (variable?.list !== undefined) return variable.list.get(key);
  return key === '0' ? variable?.value : undefined;
}

function unboundMessage(host: ExpansionHost, name: string): string {
  if (host.state.dialect === 'bash' && /^[0-9]+$/.test(name)) return `$${name}: unbound variable`;
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
      const special = variable === undefined ? host.specialList(name) : undefined;
      return {
        values:
          special?.map((_one, at) => String(at)) ??
          (variable === undefined ? [] : listEntries(variable).map(([key]) => key)),
        shape: 'at',
        isSet: true,
      };
    }
    const own = state.variables.own(name);
    if (own?.isReference === true && index === undefined)
      return { values: [own.value ?? ''], shape: 'one', isSet: own.value !== undefined };
    const target = (await scalar(host, name, index)) ?? '';
    if (target === '')
      throw new ExpansionFailure(
        `${state.variables.find(name) === undefined ? `${parameter.name}: invalid indirect expansion` : ': invalid variable name'}`,
      );
    if (target === '@' || target === '*')
      return {
        values: state.positional,
        shape: target === '@' ? 'at' : 'star',
        isSet: state.positional.length > 0,
      };
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[(.+)\])?$/.exec(target);
    name = match?.[1] ?? target;
    index = match?.[2];
    if (name === '' || (match === null && !/^[0-9@*#?$!-]+$/.test(target)))
      throw new ExpansionFailure(`${parameter.name}: invalid indirect expansion`);
  }
  if (index === '@' || index === '*') {
    const variable = state.variables.find(name) ?? { value: host.special(name) };
    const values = host.specialList(name) ?? listEntries(variable).map(([, value]) => value);
    return { values, shape: index === '@' ? 'at' : 'star', isSet: values.length > 0 };
  }
  const value = await scalar(host, name, index);
  return { values: [value ?? ''], shape: 'one', isSet: value !== undefined };
}

async function scalar(
  host: ExpansionHost,
  name: string,
  index: string | undefined,
): Promise<string | undefined> {
  const { state } = host;
  if (/^[0-9]+$/.test(name)) return name === '0' ? state.name : state.positional[Number(name) - 1];
  if (name === '#' && index === undefined) return String(state.positional.length);
  const variable = state.variables.find(name);
  if (index !== undefined) {
    const list = host.specialList(name);
    if (list !== undefined) return list.at(Number(evaluateArithmetic(index, arithmeticScope(host))));
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
        unboundMessage(
          host,
          parameter.index === undefined
            ? parameter.name
            : `${parameter.name}[${await expandParts(host, parameter.index)}]`,
        ),
        host.state.dialect === 'bash' ? 127 : 2,
        true,
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
      const index = parameter.index === undefined ? '' : `[${await expandParts(host, parameter.index)}]`;
      await host.assign(`${parameter.name}${index}`, text);
      return { values: [text], shape: 'one', isSet: true };
    }
    default: {
      if (!isMissing) return value;
      const text = await expandParts(host, parameter.word ?? []);
      const isNull = operator.startsWith(':');
      const standard = !isNull
        ? 'parameter not set'
        : host.state.dialect === 'bash'
          ? 'parameter null or not set'
          : 'parameter not set or null';
      throw new ExpansionFailure(
        `${parameter.name}: ${text === '' ? standard : text}`,
        host.state.dialect === 'bash' ? (host.state.isSubshell ? 1 : 127) : 2,
        true,
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
  if (operator === '@') return converted(host, parameter, value);
  const pattern = compilePattern(await expandPattern(host, parameter.word ?? []), patternOptions(host.state));
  const replacement = await replacementOf(host, operator.startsWith('/') ? (parameter.word2 ?? []) : []);
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
    !applies(char)
      ? char
      : operator.startsWith('^') || (operator.startsWith('~') && char === char.toLowerCase())
        ? char.toUpperCase()
        : char.toLowerCase();
  const chars = [...text];
  return chars.map((char, index) => (operator.length === 2 || index === 0 ? change(char) : char)).join('');
}

/** What `${x/p/r}` puts in: in bash an unquoted `&` stands for what matched. */
async function replacementOf(
  host: ExpansionHost,
  parts: readonly WordPart[],
): Promise<(match: string) => string> {
  const pieces = await joined(host, parts);
  const isPlain =
    host.state.dialect !== 'bash' || !pieces.some((piece) => !piece.isQuoted && piece.text.includes('&'));
  const text = pieces.map((piece) => piece.text).join('');
  if (isPlain) return () => text;
  return (match) =>
    pieces
      .map((piece) =>
        piece.isQuoted ? piece.text : piece.text.replace(/\\?&/g, (one) => (one === '&' ? match : '&')),
      )
      .join('');
}

/** `${x@Q}` and its kin. */
async function converted(host: ExpansionHost, parameter: Parameter, value: Value): Promise<Value> {
  const kind = parameter.word?.[0]?.kind === 'text' ? parameter.word[0].text : '';
  const variable = host.state.variables.find(parameter.name);
  if (!/^[QULuAEPaKk]$/.test(kind) || host.state.dialect !== 'bash')
    throw new ExpansionFailure(`${parameter.text ?? ''}: bad substitution`, 127);
  const isWhole = value.shape !== 'one' && variable?.list !== undefined;
  if (kind === 'a')
    return isWhole || value.isSet || variable !== undefined
      ? {
          ...value,
          values: (isWhole ? value.values : ['']).map(() =>
            variable === undefined ? '' : flagsOf(variable),
          ),
        }
      : { ...value, values: [''] };
  if (isWhole && variable !== undefined && (kind === 'A' || kind === 'K' || kind === 'k')) {
    const entries = listEntries(variable);
    if (kind === 'A') {
      const list = entries.map(([key, text]) => `[${key}]=${declareWord(text)}`).join(' ');
      const end = variable.isKeyed === true && entries.length > 0 ? ' ' : '';
      return {
        values: [`declare -${flagsOf(variable)} ${parameter.name}=(${list}${end})`],
        shape: 'one',
        isSet: true,
      };
    }
    if (kind === 'k') return { ...value, values: entries.flat() };
    const text = entries.map(([key, one]) => `${key} ${declareWord(one)}`).join(' ');
    return {
      values: [variable.isKeyed === true && text !== '' ? `${text} ` : text],
      shape: 'one',
      isSet: true,
    };
  }
  if (!value.isSet && value.shape === 'one') return value;
  const values: string[] = [];
  for (const text of value.values) values.push(await convertedText(host, kind, parameter, text));
  return { ...value, values };
}

async function convertedText(
  host: ExpansionHost,
  kind: string,
  parameter: Parameter,
  text: string,
): Promise<string> {
  switch (kind) {
    case 'Q':
    case 'K':
    case 'k':
      return quoteAlways(text);
    case 'U':
      return text.toUpperCase();
    case 'u':
      return text.slice(0, 1).toUpperCase() + text.slice(1);
    case 'L':
      return text.toLowerCase();
    case 'E':
      return unescapeAnsi(text);
    case 'P': {
      const decoded = decodePrompt(text, host.state, host.machine, host.nowMs());
      return expandParts(host, promptParts(host, decoded));
    }
    default: {
      const variable = host.state.variables.find(parameter.name);
      const flags = variable === undefined ? '' : flagsOf(variable);
      return `${flags === '' ? '' : `declare -${flags} `}${parameter.name}=${quoteAlways(text)}`;
    }
  }
}

/** The parts of a prompt's text: parameters, commands and arithmetic are still to be expanded in it. */
function promptParts(host: ExpansionHost, text: string): WordPart[] {
  const options = { dialect: host.state.dialect, isFinal: true } as const;
  const lexer = new Lexer(text, host.state.dialect, true, (nested) =>
    new Parser('', options, nested).nestedScript(),
  );
  return lexer.readDouble('', true);
}

/** A text in single quotes, or in `$'…'` when it holds control characters: `${x@Q}`. */
function quoteAlways(text: string): string {
  return /[\x00-\x1f\x7f]/.test(text) ? quoteWord(text) : `'${text.replaceAll("'", "'\\''")}'`;
}

async function slice(host: ExpansionHost, parameter: Parameter, value: Value): Promise<Value> {
  const start = Number(await arithmetic(host, parameter.word ?? []));
  const length = parameter.word2 === undefined ? undefined : Number(await arithmetic(host, parameter.word2));
  if (value.shape !== 'one') {
    const isPositional = parameter.name === '@' || parameter.name === '*';
    const variable = isPositional ? undefined : host.state.variables.find(parameter.name);
    if (variable?.list !== undefined && variable.isKeyed !== true) {
      // The places of an array count, not its elements.
      const keys = listEntries(variable).map(([key]) => Number(key));
      const from = start < 0 ? (keys.at(-1) ?? -1) + 1 + start : start;
      const first = from < 0 ? -1 : keys.findIndex((key) => key >= from);
      const end = length === undefined ? undefined : first + length;
      return { ...value, values: first < 0 ? [] : value.values.slice(first, end) };
    }
    if (variable !== undefined && variable.list === undefined)
      return slice(host, parameter, { ...value, shape: 'one' });
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
    throw new ExpansionFailure(
      `${(await expandParts(host, parameter.word2 ?? [])).trim()}: substring expression < 0`,
    );
  return { ...value, values: [chars.slice(from, to).join('')] };
}
