import type { FileEntry, Process, Program } from '../../shell/program.ts';
import { baseName, joinPath, statThrough } from '../../shell/path.ts';
import { compilePattern, matchesPattern } from '../../shell/pattern.ts';
import { complain, pathOf } from './tool.ts';
import { sizeOf } from './files.ts';

type Item = { readonly shown: string; readonly path: string; readonly entry: FileEntry };
type Test = (item: Item) => Promise<boolean>;

class FindFailure extends Error {
  override readonly name = 'FindFailure';
}

/** Reads find's expression: tests joined by -a (implied), -o, !, parentheses. */
class ExpressionReader {
  readonly #process: Process;
  readonly #words: readonly string[];
  #at = 0;
  hasAction = false;
  maxDepth = Number.POSITIVE_INFINITY;
  minDepth = 0;

  constructor(process: Process, words: readonly string[]) {
    this.#process = process;
    this.#words = words;
  }

  read(): Test {
    const test = this.#words.length === 0 ? async () => true : this.#or();
    if (this.#at < this.#words.length)
      throw new FindFailure(`paths must precede expression: \`${this.#words[this.#at] ?? ''}'`);
    return test;
  }

  #or(): Test {
    let left = this.#and();
    while (this.#words[this.#at] === '-o' || this.#words[this.#at] === '-or') {
      this.#at++;
      const [a, b] = [left, this.#and()];
      left = async (item) => (await a(item)) || (await b(item));
    }
    return left;
  }

  #and(): Test {
    let left = this.#not();
    while (this.#at < this.#words.length && !['-o', '-or', ')'].includes(this.#words[this.#at] ?? '')) {
      if (this.#words[this.#at] === '-a' || this.#words[this.#at] === '-and') this.#at++;
      const [a, b] = [left, this.#not()];
      left = async (item) => (await a(item)) && (await b(item));
    }
    return left;
  }

  #not(): Test {
    const word = this.#words[this.#at++];
    if (word === '!' || word === '-not') {
      const inner = this.#not();
      return async (item) => !(await inner(item));
    }
    if (word === '(') {
      const inner = this.#or();
      this.#at++;
      return inner;
    }
    return this.#test(word ?? '');
  }

  #value(name: string): string {
    const value = this.#words[this.#at++];
    if (value === undefined) throw new FindFailure(`missing argument to \`${name}'`);
    return value;
  }

  #test(name: string): Test {
    switch (name) {
      case '-name':
      case '-iname': {
        const pattern = this.#value(name);
        const isLoose = name === '-iname';
        const compiled = compilePattern(isLoose ? pattern.toLowerCase() : pattern);
        return async ({ shown }) =>
          matchesPattern(compiled, isLoose ? baseName(shown).toLowerCase() : baseName(shown));
      }
      case '-path': {
        const compiled = compilePattern(this.#value(name));
        return async ({ shown }) => matchesPattern(compiled, shown);
      }
      case '-type': {
        const type = this.#value(name);
        if (!/^[fdlbcps]$/.test(type)) throw new FindFailure(`Unknown argument to -type: ${type}`);
        const kind = { f: 'file', d: 'folder', l: 'link' }[type];
        return async ({ entry }) => entry.kind === kind;
      }
      case '-maxdepth':
        this.maxDepth = Number(this.#value(name));
        return async () => true;
      case '-mindepth':
        this.minDepth = Number(this.#value(name));
        return async () => true;
      case '-empty':
        return async ({ entry, path }) =>
          entry.kind === 'folder'
            ? isEmptyFolder(this.#process, path)
            : entry.kind === 'file' && entry.content === '';
      case '-size':
        return this.#size(this.#value(name));
      case '-newer': {
        const other =
          statThrough(this.#process.machine.files, pathOf(this.#process, this.#value(name)))?.modifiedMs ?? 0;
        return async ({ entry }) => entry.modifiedMs > other;
      }
      case '-mtime':
      case '-mmin': {
        const value = this.#value(name);
        const unit = name === '-mtime' ? 86_400_000 : 60_000;
        return async ({ entry }) =>
          compares(value, Math.floor((this.#process.sys.nowMs() - entry.modifiedMs) / unit));
      }
      default:
        return this.#action(name);
    }
  }

  #size(value: string): Test {
    const unit = { c: 1, k: 1024, M: 1_048_576 }[value.slice(-1)] ?? 512;
    return async ({ entry }) => compares(value.replace(/[ckMGb]$/, ''), Math.ceil(sizeOf(entry) / unit));
  }

  #action(name: string): Test {
    const process = this.#process;
    switch (name) {
      case '-print':
        this.hasAction = true;
        return async ({ shown }) => (await process.out(`${shown}\n`), true);
      case '-print0':
        this.hasAction = true;
        return async ({ shown }) => (await process.out(`${shown}\0`), true);
      case '-delete':
        this.hasAction = true;
        return async ({ path }) => process.machine.files.remove(path) === undefined;
      case '-exec': {
        this.hasAction = true;
        const argv: string[] = [];
        while (
          this.#at < this.#words.length &&
          this.#words[this.#at] !== ';' &&
          this.#words[this.#at] !== '+'
        )
          argv.push(this.#words[this.#at++] ?? '');
        if (this.#at >= this.#words.length) throw new FindFailure("missing argument to `-exec'");
        this.#at++;
        return async ({ shown }) =>
          (await process.run(argv.map((word) => word.replaceAll('{}', shown)))) === 0;
      }
      default:
        throw new FindFailure(`unknown predicate \`${name}'`);
    }
  }
}

function compares(spec: string, value: number): boolean {
  const wanted = Number(spec.replace(/^[+-]/, ''));
  return spec.startsWith('+') ? value > wanted : spec.startsWith('-') ? value < wanted : value === wanted;
}

function isEmptyFolder(process: Process, path: string): boolean {
  const names = process.machine.files.list(path);
  return !('error' in names) && names.length === 0;
}

/** find: the common tests and actions. */
export const find: Program = async (process) => {
  const words = process.argv.slice(1);
  const first = words.findIndex((word) => /^[-!(]/.test(word));
  const roots = first < 0 ? words : words.slice(0, first);
  const reader = new ExpressionReader(process, first < 0 ? [] : words.slice(first));
  let test: Test;
  try {
    test = reader.read();
  } catch (error) {
    if (error instanceof FindFailure) return complain(process, error.message);
    throw error;
  }
  let exit = 0;
  const visit = async (shown: string, depth: number): Promise<void> => {
    const path = pathOf(process, shown);
    const entry = process.machine.files.stat(path);
    if (entry === undefined) return;
    await process.sys.burn(1);
    const names = entry.kind === 'folder' && depth < reader.maxDepth ? process.machine.files.list(path) : [];
    if (depth >= reader.minDepth && (await test({ shown, path, entry })) && !reader.hasAction)
      await process.out(`${shown}\n`);
    for (const name of 'error' in names ? [] : names) await visit(joinPath(shown, name), depth + 1);
  };
  for (const root of roots.length > 0 ? roots : ['.']) {
    if (process.machine.files.stat(pathOf(process, root)) === undefined)
      exit = await complain(process, `'${root}': No such file or directory`);
    else await visit(root, 0);
  }
  return exit;
};
