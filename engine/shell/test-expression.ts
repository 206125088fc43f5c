import { compareNumbers } from './condition.ts';
import { resolvePath, statThrough } from './path.ts';
import type { FileSystem } from './program.ts';

/** What `test` found: true, false, or a message that it fails with (exit 2). */
export type TestResult = boolean | { readonly message: string };

const UNARY = new Set([
  '-n',
  '-z',
  '-e',
  '-f',
  '-d',
  '-r',
  '-w',
  '-x',
  '-s',
  '-h',
  '-L',
  '-p',
  '-S',
  '-b',
  '-c',
  '-g',
  '-u',
  '-k',
  '-t',
  '-O',
  '-G',
  '-N',
  '-a',
  '-v',
  '-o',
]);
const BINARY = new Set([
  '=',
  '==',
  '!=',
  '<',
  '>',
  '-eq',
  '-ne',
  '-lt',
  '-le',
  '-gt',
  '-ge',
  '-nt',
  '-ot',
  '-ef',
  '-a',
  '-o',
]);

/** What an expression is evaluated in. */
export type TestScope = {
  readonly files: FileSystem;
  readonly cwd: string;
  isSet(name: string): boolean;
  isTerminal(fd: number): boolean;
  /** `-o option`. */
  isOption?(name: string): boolean;
  readonly dialect?: 'bash' | 'ash' | 'dash';
  /** The words for an operand that is no number. */
  badNumber(text: string): string;
};

/** The file tests of `test` and `[[ ]]`. `operand` is the word as written: an empty one is no file. */
export function fileTest(files: FileSystem, operator: string, path: string, operand: string): boolean {
  if (operand === '') return false;
  if (operator === '-h' || operator === '-L') return files.stat(path)?.kind === 'link';
  const entry = statThrough(files, path);
  if (entry === undefined) return operator === '-x' && isProgramPath(path);
  switch (operator) {
    case '-f':
      return entry.kind === 'file' && !path.startsWith('/dev/');
    case '-d':
      return entry.kind === 'folder';
    case '-c':
      return path.startsWith('/dev/');
    case '-s':
      return entry.kind === 'folder' || (entry.kind === 'file' && entry.content !== '');
    case '-x':
      return entry.kind === 'folder' || (entry.kind === 'file' && (entry.mode & 0o111) !== 0);
    case '-p':
    case '-S':
    case '-b':
    case '-g':
    case '-u':
    case '-k':
      return false;
    default:
      return true;
  }
}

/** Programs of a machine are no files here, but scripts ask for the shells by their paths. */
function isProgramPath(path: string): boolean {
  return /^\/(usr\/)?bin\/(ba|da|a)?sh$/.test(path);
}

/** Evaluates the words of `test` (without `]`). POSIX' rules by the number of words, then the usual grammar. */
export function evaluateTest(words: readonly string[], scope: TestScope): TestResult {
  if (words.length === 0) return false;
  const reader = new TestReader(words, scope);
  try {
    const value = reader.evaluate();
    return value;
  } catch (error) {
    if (error instanceof TestFailure) return { message: error.message };
    throw error;
  }
}

class TestFailure extends Error {
  override readonly name = 'TestFailure';
}

class TestReader {
  readonly #words: readonly string[];
  readonly #scope: TestScope;
  #at = 0;

  constructor(words: readonly string[], scope: TestScope) {
    this.#words = words;
    this.#scope = scope;
  }

  evaluate(): boolean {
    const [first = '', second = '', third = ''] = this.#words;
    switch (this.#words.length) {
      case 1:
        return first !== '';
      case 2:
        if (first === '!') return second === '';
        if (!UNARY.has(first) || (first === '-v' && this.#scope.dialect !== 'bash'))
          throw new TestFailure(this.#wrongUnary(first, second));
        return this.#unary(first, second);
      case 3:
        if (BINARY.has(second) && !(second === '==' && this.#scope.dialect === 'dash'))
          return this.#binary(first, second, third);
        if (first === '!') return !new TestReader(this.#words.slice(1), this.#scope).evaluate();
        if (first === '(' && third === ')') return second !== '';
        throw new TestFailure(
          this.#scope.dialect === 'ash'
            ? `${UNARY.has(first) ? third : second}: unknown operand`
            : this.#scope.dialect === 'dash'
              ? `${first}: unexpected operator`
              : `${second}: binary operator expected`,
        );
      case 4:
        if (first === '!') return !new TestReader(this.#words.slice(1), this.#scope).evaluate();
    }
    const value = this.#or();
    if (this.#at < this.#words.length)
      throw new TestFailure(
        this.#scope.dialect === 'dash'
          ? `${this.#words[0] ?? ''}: unexpected operator`
          : this.#scope.dialect === 'ash'
            ? `${this.#words[this.#at] ?? ''}: unknown operand`
            : 'too many arguments',
      );
    return value;
  }

  #wrongUnary(first: string, second: string): string {
    if (this.#scope.dialect === 'ash')
      return BINARY.has(second) ? `${second}: argument expected` : `${second}: unknown operand`;
    if (this.#scope.dialect !== 'dash') return `${first}: unary operator expected`;
    return BINARY.has(second) ? `${second}: argument expected` : `${first}: unexpected operator`;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#words[this.#at] === '-o') {
      this.#at++;
      const right = this.#and();
      value = value || right;
    }
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#words[this.#at] === '-a') {
      this.#at++;
      const right = this.#not();
      value = value && right;
    }
    return value;
  }

  #not(): boolean {
    const word = this.#words[this.#at];
    if (word === undefined) throw new TestFailure('argument expected');
    if (word === '!') {
      this.#at++;
      return !this.#not();
    }
    if (word === '(') {
      this.#at++;
      const value = this.#or();
      if (this.#words[this.#at] !== ')') throw new TestFailure("`)' expected");
      this.#at++;
      return value;
    }
    const operator = this.#words[this.#at + 1] ?? '';
    if (
      BINARY.has(operator) &&
      operator !== '-a' &&
      operator !== '-o' &&
      this.#words[this.#at + 2] !== undefined
    ) {
      this.#at += 3;
      return this.#binary(word, operator, this.#words[this.#at - 1] ?? '');
    }
    if (UNARY.has(word) && this.#words[this.#at + 1] !== undefined) {
      this.#at += 2;
      return this.#unary(word, this.#words[this.#at - 1] ?? '');
    }
    this.#at++;
    return word !== '';
  }

  #unary(operator: string, operand: string): boolean {
    if (operator === '-n') return operand !== '';
    if (operator === '-z') return operand === '';
    if (operator === '-v') return this.#scope.isSet(operand);
    if (operator === '-t') return this.#scope.isTerminal(Number(operand));
    return fileTest(this.#scope.files, operator, resolvePath(this.#scope.cwd, operand), operand);
  }

  #binary(left: string, operator: string, right: string): boolean {
    switch (operator) {
      case '=':
      case '==':
        return left === right;
      case '!=':
        return left !== right;
      case '<':
        return left < right;
      case '>':
        return left > right;
      case '-a':
        return left !== '' && right !== '';
      case '-o':
        return left !== '' || right !== '';
      case '-nt':
      case '-ot':
      case '-ef':
        return this.#times(left, operator, right);
      default:
        return compareNumbers(operator, this.#number(left), this.#number(right));
    }
  }

  #times(left: string, operator: string, right: string): boolean {
    const { files, cwd } = this.#scope;
    const a = statThrough(files, resolvePath(cwd, left))?.modifiedMs;
    const b = statThrough(files, resolvePath(cwd, right))?.modifiedMs;
    if (operator === '-ef')
      return (
        statThrough(files, resolvePath(cwd, left)) === statThrough(files, resolvePath(cwd, right)) &&
        a !== undefined
      );
    if (operator === '-nt') return a !== undefined && (b === undefined || a > b);
    return b !== undefined && (a === undefined || a < b);
  }

  #number(text: string): bigint {
    const trimmed = text.trim();
    const value = /^[+-]?[0-9]+$/.test(trimmed) ? BigInt(trimmed.replace('+', '')) : undefined;
    if (value === undefined || BigInt.asIntN(64, value) !== value)
      throw new TestFailure(this.#scope.badNumber(text));
    return value;
  }
}
