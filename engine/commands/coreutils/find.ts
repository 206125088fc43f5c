import type { FileEntry, Process, Program } from '../../shell/program.ts';
import { baseName, joinPath, statThrough } from '../../shell/path.ts';
import { compilePattern, matchesPattern } from '../../shell/pattern.ts';
import { compileRegex } from '../../shell/posix-regex.ts';
import { formatDate } from '../../base/strftime.ts';
import { complain, pathOf } from './tool.ts';
import { applyMode } from './files.ts';
import { modeText, sizeOf } from './listing.ts';

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
  isDeepFirst = false;
  hasQuit = false;
  /** The folder that `-prune` keeps the walk out of. */
  pruned: string | undefined;
  /** `-exec … +`: the paths collected, run together at the end. */
  readonly batches: { readonly argv: readonly string[]; readonly paths: string[] }[] = [];

  constructor(process: Process, words: readonly string[]) {
    this.#process = process;
    this.#words = words;
  }

  read(): Test {
    const test = this.#words.length === 0 ? async () => true : this.#or();
    if (this.#words[this.#at] === ')') throw new FindFailure("you have too many ')'");
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
      if (this.#at >= this.#words.length) throw new FindFailure(`expected an expression after '${word}'`);
      const inner = this.#not();
      return async (item) => !(await inner(item));
    }
    if (word === '(') {
      const inner = this.#or();
      if (this.#words[this.#at++] !== ')')
        throw new FindFailure(
          "invalid expression; I was expecting to find a ')' somewhere but did not see one.",
        );
      return inner;
    }
    if (/^-(o|or|a|and)$/.test(word ?? ''))
      throw new FindFailure(
        `invalid expression; you have used a binary operator '${word}' with nothing before it.`,
      );
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
      case '-type': {
        const type = this.#value(name);
        if (!/^[fdlbcps](,[fdlbcps])*$/.test(type))
          throw new FindFailure(`Unknown argument to -type: ${type}`);
        return async ({ entry }) => type.includes({ file: 'f', folder: 'd', link: 'l' }[entry.kind]);
      }
      case '-maxdepth':
        this.maxDepth = this.#whole(name);
        return async () => true;
      case '-mindepth':
        this.minDepth = this.#whole(name);
        return async () => true;
      case '-path':
      case '-ipath':
      case '-wholename': {
        const compiled = compilePattern(this.#value(name), { ignoreCase: name === '-ipath' });
        return async ({ shown }) => matchesPattern(compiled, shown);
      }
      case '-regex':
      case '-iregex': {
        const source = this.#value(name);
        const options = { ignoreCase: name === '-iregex' };
        const regex = compileRegex(`^\\(${source}\\)$`, 'basic', options);
        return async ({ shown }) => regex.find(shown) !== undefined;
      }
      case '-true':
      case '-noleaf':
      case '-xdev':
      case '-mount':
        return async () => true;
      case '-false':
        return async () => false;
      case '-depth':
      case '-d':
        this.isDeepFirst = true;
        return async () => true;
      case '-prune':
        return async (item) => {
          this.pruned = item.path;
          return true;
        };
      case '-quit':
        this.hasAction = true;
        return async () => {
          this.hasQuit = true;
          return true;
        };
      case '-user':
      case '-group': {
        const owner = this.#value(name);
        if (!/^\d+$/.test(owner) && owner !== 'root' && owner !== this.#process.machine.user)
          throw new FindFailure(
            name === '-user'
              ? `'${owner}' is not the name of a known user`
              : `'${owner}' is not the name of an existing group`,
          );
        return async () => owner === this.#process.machine.user || owner === '0';
      }
      case '-perm': {
        const value = this.#value(name);
        const bits = applyMode(value.replace(/^[-/]/, ''), 0, false);
        if (bits === undefined) throw new FindFailure(`invalid mode '${value}'`);
        return async ({ entry }) => {
          const mode = entry.kind === 'link' ? 0o777 : entry.mode & 0o7777;
          return value.startsWith('-')
            ? (mode & bits) === bits
            : value.startsWith('/')
              ? (mode & bits) !== 0
              : mode === bits;
        };
      }
      case '-executable':
        return async ({ entry }) =>
          entry.kind === 'folder' || (entry.kind === 'file' && (entry.mode & 0o111) !== 0);
      case '-readable':
      case '-writable':
        return async () => true;
      case '-empty':
        return async ({ entry, path }) =>
          entry.kind === 'folder'
            ? isEmptyFolder(this.#process, path)
            : entry.kind === 'file' && entry.content === '';
      case '-size':
        return this.#size(this.#value(name));
      case '-newer': {
        const value = this.#value(name);
        const other = statThrough(this.#process.machine.files, pathOf(this.#process, value))?.modifiedMs;
        if (other === undefined) throw new FindFailure(`'${value}': No such file or directory`);
        return async ({ entry }) => entry.modifiedMs > other;
      }
      case '-mtime':
      case '-mmin': {
        const value = this.#value(name);
        if (!/^[-+]?\d+(\.\d*)?$/.test(value))
          throw new FindFailure(`invalid argument \`${value}' to \`${name}'`);
        const unit = name === '-mtime' ? 86_400_000 : 60_000;
        return async ({ entry }) =>
          compares(value, Math.floor((this.#process.sys.nowMs() - entry.modifiedMs) / unit));
      }
      default:
        return this.#action(name);
    }
  }

  #whole(name: string): number {
    const value = this.#value(name);
    if (!/^[0-9]+$/.test(value))
      throw new FindFailure(`Expected a positive decimal integer argument to ${name}, but got '${value}'`);
    return Number(value);
  }

  #size(value: string): Test {
    if (!/^[-+]?\d+[ckMGbw]?$/.test(value))
      throw new FindFailure(
        /[a-z]$/i.test(value)
          ? `invalid -size type \`${value.slice(-1)}'`
          : `Invalid argument \`${value}' to -size`,
      );
    const unit = { c: 1, k: 1024, M: 1_048_576 }[value.slice(-1)] ?? 512;
    return async ({ entry }) => compares(value.replace(/[ckMGb]$/, ''), Math.ceil(sizeOf(entry) / unit));
  }

  async #runProgram(argv: readonly string[]): Promise<number> {
    const status = await this.#process.run(argv);
    if (status === 127) await this.#process.err(`find: '${argv[0] ?? ''}': No such file or directory\n`);
    return status;
  }

  #action(name: string): Test {
    const process = this.#process;
    const shows =
      (text: (item: Item) => string): Test =>
      async (item) => {
        await process.out(text(item));
        return true;
      };
    switch (name) {
      case '-print':
        this.hasAction = true;
        return shows(({ shown }) => `${shown}\n`);
      case '-print0':
        this.hasAction = true;
        return shows(({ shown }) => `${shown}\0`);
      case '-delete':
        this.hasAction = true;
        this.isDeepFirst = true;
        return async ({ path }) => process.machine.files.remove(path) === undefined;
      case '-printf': {
        this.hasAction = true;
        const format = this.#value(name);
        return shows((item) => printed(format, item, process));
      }
      case '-exec': {
        this.hasAction = true;
        const argv: string[] = [];
        while (
          this.#at < this.#words.length &&
          this.#words[this.#at] !== ';' &&
          this.#words[this.#at] !== '+'
        )
          argv.push(this.#words[this.#at++] ?? '');
        if (this.#at >= this.#words.length || argv.length === 0)
          throw new FindFailure(`missing argument to \`${name}'`);
        if (this.#words[this.#at++] === '+') {
          const batch = { argv: argv.filter((word) => word !== '{}'), paths: [] as string[] };
          this.batches.push(batch);
          return async ({ shown }) => batch.paths.push(shown) > 0;
        }
        return async ({ shown }) => {
          return (await this.#runProgram(argv.map((word) => word.replaceAll('{}', shown)))) === 0;
        };
      }
      default:
        throw new FindFailure(`unknown predicate \`${name}'`);
    }
  }
}

/** What `-printf` writes for an item. */
function printed(format: string, item: Item, process: Process): string {
  const { entry, shown } = item;
  const folder = shown.includes('/') ? shown.slice(0, shown.lastIndexOf('/')) || '/' : '.';
  return format.replace(
    /\\([abfnrtv0\\])|%([-0-9]*)(T[a-zA-Z@+]|[a-zA-Z%])/g,
    (whole, escaped?: string, width = '', code = '') => {
      if (escaped !== undefined) return { n: '\n', t: '\t', r: '\r', 0: '\0', '\\': '\\' }[escaped] ?? '';
      const forms: Readonly<Record<string, string>> = {
        p: shown,
        f: baseName(shown),
        h: folder,
        s: String(sizeOf(entry)),
        y: modeText(entry).slice(0, 1).replace('-', 'f'),
        m: (entry.kind === 'link' ? 0o777 : entry.mode & 0o7777).toString(8),
        M: modeText(entry),
        u: process.machine.user,
        g: process.machine.user,
        d: String(shown.split('/').length - 1),
        l: entry.kind === 'link' ? entry.target : '',
        '%': '%',
      };
      const value =
        code.length === 2
          ? formatDate(
              entry.modifiedMs,
              code === 'T@' ? '%s.%N0' : code === 'T+' ? '%F+%T.%N0' : `%${code[1] ?? ''}`,
            )
          : Object.hasOwn(forms, code)
            ? (forms[code] ?? '')
            : whole;
      const size = Math.min(200, Math.abs(Number(width || 0)));
      return width.startsWith('-') ? value.padEnd(size) : value.padStart(size);
    },
  );
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
  if (words[0] === '--version' || words[0] === '-version') {
    await process.out('find (GNU findutils) 4.9.0\n');
    return 0;
  }
  const look = words[0] === '-L' ? statThrough : undefined;
  while (/^-[LHP]$/.test(words[0] ?? '')) words.shift();
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
    const entry = look?.(process.machine.files, path) ?? process.machine.files.stat(path);
    if (entry === undefined) return;
    await process.sys.burn(1);
    if (reader.hasQuit) return;
    const names = entry.kind === 'folder' && depth < reader.maxDepth ? process.machine.files.list(path) : [];
    const judge = async (): Promise<void> => {
      if (
        depth >= reader.minDepth &&
        !reader.hasQuit &&
        (await test({ shown, path, entry })) &&
        !reader.hasAction
      )
        await process.out(`${shown}\n`);
    };
    if (!reader.isDeepFirst) await judge();
    if (reader.pruned !== path || reader.isDeepFirst)
      for (const name of 'error' in names ? [] : names) await visit(joinPath(shown, name), depth + 1);
    if (reader.isDeepFirst) await judge();
  };
  for (const root of roots.length > 0 ? roots : ['.']) {
    if (process.machine.files.stat(pathOf(process, root)) === undefined)
      exit = await complain(process, `'${root}': No such file or directory`);
    else await visit(root, 0);
  }
  for (const { argv, paths } of reader.batches)
    if (paths.length > 0 && (await process.run([...argv, ...paths])) !== 0) exit = 1;
  return exit;
};
