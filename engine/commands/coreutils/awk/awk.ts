import { LIMITS } from '../../../base/limits.ts';
import type { Process, Program } from '../../../shell/program.ts';
import { failureText } from '../../../shell/path.ts';
import { formatPrintf } from '../../../shell/printf.ts';
import { compileRegex, quoteRegex, RegexFailure } from '../../../shell/posix-regex.ts';
import type { PosixRegex } from '../../../shell/posix-regex.ts';
import { textStream } from '../../../shell/process.ts';
import { byText } from '../../../base/order.ts';
import { formatDate } from '../../../base/strftime.ts';
import { complain, isBusybox, LineReader, nameOf, pathOf } from '../tool.ts';
import type { AwkProgram, Expression, Rule, Statement } from './ast.ts';
import { AwkFailure, parseAwk } from './parser.ts';

/** A value: a number, a text, or a text from input that counts as a number where it looks like one. */
type Value = number | string | { readonly input: string };
type Table = Map<string, Value>;

class Jump extends Error {
  override readonly name = 'Jump';
  readonly to: string;
  readonly value: Value | undefined;

  constructor(to: string, value?: Value) {
    super(to);
    this.to = to;
    this.value = value;
  }
}

const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/;
const DEPTH_MAX = 200;
/** What starting a command costs, in steps. */
const STARTING = 100;
const FIELDS_MAX = 1_000_000;

function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? value : value.input;
  return Number(/^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/.exec(text)?.[0] ?? 0);
}

class Awk {
  readonly #process: Process;
  readonly #program: AwkProgram;
  readonly #globals = new Map<string, Value>([
    ['FS', ' '],
    ['OFS', ' '],
    ['ORS', '\n'],
    ['RS', '\n'],
    ['SUBSEP', '\x1c'],
    ['NR', 0],
    ['FNR', 0],
    ['NF', 0],
    ['FILENAME', ''],
    ['CONVFMT', '%.6g'],
    ['OFMT', '%.6g'],
    ['RSTART', 0],
    ['RLENGTH', -1],
  ]);
  readonly #tables = new Map<string, Table>();
  #locals: { values: Map<string, Value>; tables: Map<string, Table> }[] = [];
  #fields: string[] = [''];
  readonly #open = new Set<number>();
  readonly #regexes = new Map<string, PosixRegex>();
  readonly #written = new Set<string>();
  /** What was printed to commands that have not run yet. */
  #piped = new Map<string, string>();
  readonly #readers = new Map<string, LineReader>();
  #inputs: string[] = [];
  #reader: LineReader | undefined;
  #steps = 0;
  #random = 1;
  /** Records of an input that was split at another separator than the newline. */
  #pendingRecords: string[] = [];
  /** mawk divides by zero and keeps large numbers short. */
  readonly #isMawk: boolean;
  exit = 0;

  constructor(process: Process, program: AwkProgram) {
    this.#process = process;
    this.#program = program;
    this.#isMawk = nameOf(process) === 'mawk';
    this.#tables.set(
      'ENVIRON',
      new Map([...process.env].map(([name, value]) => [name, { input: value }] as const)),
    );
  }

  set(name: string, value: Value): void {
    const scope = this.#locals.at(-1)?.values;
    if (scope?.has(name) === true) scope.set(name, value);
    else this.#globals.set(name, value);
    if (name === 'NF') {
      const count = numberOf(value);
      if (count > FIELDS_MAX) throw new AwkFailure('cmd. line:1: fatal: cannot allocate memory');
      this.#fields = this.#fields.slice(0, count + 1);
      while (this.#fields.length <= count) this.#fields.push('');
      this.#rebuild();
    }
  }

  async run(operands: readonly string[]): Promise<number> {
    this.#inputs = [...operands];
    const words = [nameOf(this.#process), ...operands];
    this.#globals.set('ARGC', words.length);
    this.#tables.set('ARGV', new Map(words.map((word, index) => [String(index), { input: word }] as const)));
    try {
      for (const rule of this.#program.rules) if (rule.kind === 'BEGIN') await this.#action(rule);
      const needsInput = this.#program.rules.some((rule) => rule.kind !== 'BEGIN');
      while (needsInput) {
        const record = await this.#record();
        if (record === undefined) break;
        this.#setRecord(record);
        await this.#rules();
      }
    } catch (error) {
      if (!(error instanceof Jump) || error.to !== 'exit') throw error;
      if (error.value !== undefined) this.exit = numberOf(error.value);
    }
    try {
      for (const rule of this.#program.rules) if (rule.kind === 'END') await this.#action(rule);
    } catch (error) {
      if (!(error instanceof Jump) || error.to !== 'exit') throw error;
      if (error.value !== undefined) this.exit = numberOf(error.value);
    }
    await this.#runPiped();
    return this.exit;
  }

  async #rules(): Promise<void> {
    try {
      for (const [index, rule] of this.#program.rules.entries()) {
        if (rule.kind === 'main' && (await this.#selects(rule, index))) await this.#action(rule);
      }
    } catch (error) {
      if (!(error instanceof Jump) || !error.to.startsWith('next')) throw error;
      if (error.to === 'nextfile') {
        this.#reader = undefined;
        this.#pendingRecords = [];
        if (this.#inputs.length === 0) this.#inputs.push('\0end');
      }
    }
  }

  async #selects(rule: Rule, index: number): Promise<boolean> {
    if (rule.from === undefined) return true;
    if (rule.to === undefined) return this.#truth(await this.#value(rule.from));
    const isOpen = this.#open.has(index) || this.#truth(await this.#value(rule.from));
    if (!isOpen) return false;
    this.#open.add(index);
    if (this.#truth(await this.#value(rule.to))) this.#open.delete(index);
    return true;
  }

  async #action(rule: Rule): Promise<void> {
    if (rule.action === undefined)
      await this.#process.out(`${this.#fields[0] ?? ''}${this.#text(this.#get('ORS'))}`);
    else await this.#run(rule.action);
  }

  async #record(): Promise<string | undefined> {
    for (;;) {
      if (this.#reader === undefined && !(await this.#nextFile())) return undefined;
      const line = await this.#readRecord();
      if (line !== undefined) {
        this.#globals.set('NR', numberOf(this.#get('NR')) + 1);
        this.#globals.set('FNR', numberOf(this.#get('FNR')) + 1);
        return line;
      }
      this.#reader = undefined;
      if (this.#inputs.length === 0) this.#inputs.push('\0end');
    }
  }

  async #readRecord(): Promise<string | undefined> {
    const separator = this.#text(this.#get('RS'));
    const waiting = this.#pendingRecords.shift();
    if (waiting !== undefined) return waiting;
    let line = await this.#reader?.next();
    if (separator === '\n' || line === undefined) return line;
    const lines: string[] = [];
    if (separator === '') while (line === '') line = await this.#reader?.next();
    for (; line !== undefined && (separator !== '' || line !== ''); line = await this.#reader?.next())
      lines.push(line);
    if (separator === '') return lines.length === 0 ? undefined : lines.join('\n');
    // The newline at the end of the input belongs to the last record.
    if (this.#reader?.isWhole === true) lines.push('');
    const records: string[] = [];
    const isRegex = separator.length > 1 && !this.#isMawk;
    const all = lines.join('\n');
    const ends = this.#regex(isRegex ? separator : quoteRegex(separator.slice(0, 1)));
    for (let at = 0; ; ) {
      const match = ends.find(all, at);
      const isEnd = match === undefined || match.end === match.start;
      records.push(all.slice(at, isEnd ? undefined : match.start));
      if (isEnd) break;
      at = match.end;
    }
    if (records.at(-1) === '') records.pop();
    if (isRegex && /^\n$/.test(records.at(-1) ?? '')) records.splice(-1, 1, '\n');
    this.#reader = new LineReader(this.#process, textStream(''));
    const [first, ...rest] = records;
    this.#pendingRecords = rest;
    return first;
  }

  async #nextFile(): Promise<boolean> {
    const isFirst = numberOf(this.#get('NR')) === 0 && !this.#inputs.includes('\0end');
    if (this.#inputs.length === 0 && isFirst) {
      this.#reader = new LineReader(this.#process, this.#process.stdin);
      return true;
    }
    for (let operand = this.#inputs.shift(); operand !== undefined; operand = this.#inputs.shift()) {
      if (operand === '\0end') {
        this.#inputs.push('\0end');
        return false;
      }
      const assigned = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(operand);
      if (assigned !== null) {
        this.set(assigned[1] ?? '', { input: assigned[2] ?? '' });
        if (this.#inputs.length === 0 && isFirst) this.#inputs.push('-');
        continue;
      }
      this.#globals.set('FILENAME', operand === '-' ? '' : operand);
      this.#globals.set('FNR', 0);
      if (operand === '-') {
        this.#reader = new LineReader(this.#process, this.#process.stdin);
        return true;
      }
      const found = this.#process.machine.files.read(pathOf(this.#process, operand));
      if ('error' in found) {
        const name = nameOf(this.#process);
        if (found.error === 'EISDIR') {
          if (name === 'mawk') throw new AwkFailure('read error (Is a directory)');
          await this.#process.err(
            `${name}: warning: command line argument \`${operand}' is a directory: skipped\n`,
          );
          continue;
        }
        await this.#process.err(
          name === 'mawk'
            ? `mawk: cannot open ${operand} (${failureText(found.error)})\n`
            : isBusybox(this.#process)
              ? `awk: ${operand}: ${failureText(found.error)}\n`
              : `${name}: fatal: cannot open file \`${operand}' for reading: ${failureText(found.error)}\n`,
        );
        throw new Jump('exit', isBusybox(this.#process) ? 1 : 2);
      }
      this.#reader = new LineReader(this.#process, textStream(found.content));
      return true;
    }
    return false;
  }

  #setRecord(record: string): void {
    this.#fields = [record, ...this.#split(record, this.#get('FS'))];
    this.#globals.set('NF', this.#fields.length - 1);
  }

  #split(text: string, separator: Value): string[] {
    const by = this.#text(separator);
    if (text === '') return [];
    if (by === ' ') return text.trim() === '' ? [] : text.trim().split(/[ \t\n]+/);
    if (by.length === 1 && by !== '\\') return text.split(by);
    if (by === '') return [...text];
    const parts: string[] = [];
    let at = 0;
    for (
      let match = this.#regex(by).find(text, at);
      match !== undefined && match.end > match.start;
      match = this.#regex(by).find(text, at)
    ) {
      parts.push(text.slice(at, match.start));
      at = match.end;
    }
    return [...parts, text.slice(at)];
  }

  #rebuild(): void {
    this.#fields[0] = this.#fields.slice(1).join(this.#text(this.#get('OFS')));
  }

  #regex(source: string): PosixRegex {
    const ignoreCase = !this.#isMawk && this.#truth(this.#globals.get('IGNORECASE') ?? 0);
    const key = `${ignoreCase ? 'i' : ''}/${source}`;
    let found = this.#regexes.get(key);
    if (found === undefined) {
      try {
        found = compileRegex(source, 'extended', { ignoreCase });
      } catch (error) {
        if (error instanceof RegexFailure && this.#isMawk)
          throw new AwkFailure(
            `line 1: regular expression compile failed (${/Unmatched \(/.test(error.message) ? "missing ')'" : /Unmatched \[/.test(error.message) ? 'class -- [], [^] or [' : 'syntax error ^* or ^+'})\n${source}`,
          );
        if (error instanceof RegexFailure)
          throw new AwkFailure(`cmd. line:1: error: ${error.message}: /${source}/`);
        throw error;
      }
      this.#regexes.set(key, found);
    }
    return found;
  }

  #get(name: string): Value {
    const local = this.#locals.at(-1);
    const found = local?.values.get(name) ?? this.#globals.get(name);
    if (found === undefined && this.#tables.has(name) && local?.tables.has(name) !== true)
      throw new AwkFailure(
        this.#isMawk
          ? `line 1: illegal reference to array ${name}`
          : `cmd. line:1: fatal: attempt to use array \`${name}' in a scalar context`,
      );
    return found ?? { input: '' };
  }

  #table(name: string): Table {
    const local = this.#locals.at(-1);
    if (local?.tables.has(name) === true || local?.values.has(name) === true) {
      const own = local.tables.get(name) ?? new Map<string, Value>();
      local.tables.set(name, own);
      return own;
    }
    let found = this.#tables.get(name);
    if (found === undefined && this.#globals.has(name) && !this.#isMawk)
      throw new AwkFailure(`cmd. line:1: fatal: attempt to use scalar \`${name}' as an array`);
    if (found === undefined) {
      found = new Map();
      this.#tables.set(name, found);
    }
    return found;
  }

  #text(value: Value, given?: string): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'object') return value.input;
    if (Number.isInteger(value) && (!this.#isMawk || Math.abs(value) < 2 ** 31))
      return BigInt(value).toString();
    if (Number.isNaN(value)) return '-nan';
    if (!Number.isFinite(value)) return value < 0 ? '-inf' : this.#isMawk ? 'inf' : '+inf';
    const format = given ?? this.#text(this.#globals.get('CONVFMT') ?? '%.6g', '%.6g');
    return formatPrintf(format, [String(value)]).text;
  }

  #truth(value: Value): boolean {
    if (typeof value === 'number') return value !== 0;
    if (typeof value === 'string') return value !== '';
    return NUMBER.test(value.input) ? Number(value.input) !== 0 : value.input !== '';
  }

  async #run(statement: Statement): Promise<void> {
    if (++this.#steps % 64 === 0) await this.#process.sys.burn(64);
    switch (statement.kind) {
      case 'block':
        for (const one of statement.body) await this.#run(one);
        return;
      case 'expression':
        await this.#value(statement.value);
        return;
      case 'print':
        return this.#print(statement);
      case 'if':
        if (this.#truth(await this.#value(statement.test))) await this.#run(statement.then);
        else if (statement.otherwise !== undefined) await this.#run(statement.otherwise);
        return;
      case 'while':
        if (statement.isAfter && !(await this.#turn(statement.body))) return;
        while (this.#truth(await this.#value(statement.test)))
          if (!(await this.#turn(statement.body))) return;
        return;
      case 'for':
        if (statement.first !== undefined) await this.#run(statement.first);
        while (statement.test === undefined || this.#truth(await this.#value(statement.test))) {
          if (!(await this.#turn(statement.body))) return;
          if (statement.step !== undefined) await this.#run(statement.step);
        }
        return;
      case 'each':
        for (const key of keysInOrder(this.#table(statement.name))) {
          this.set(statement.variable, { input: key });
          if (!(await this.#turn(statement.body))) return;
        }
        return;
      case 'delete':
        if (statement.keys.length === 0) this.#table(statement.name).clear();
        else this.#table(statement.name).delete(await this.#key(statement.keys));
        return;
      case 'jump':
        throw new Jump(
          statement.to,
          statement.value === undefined ? undefined : await this.#value(statement.value),
        );
    }
  }

  async #turn(body: Statement): Promise<boolean> {
    try {
      await this.#run(body);
      return true;
    } catch (error) {
      if (error instanceof Jump && error.to === 'continue') return true;
      if (error instanceof Jump && error.to === 'break') return false;
      throw error;
    }
  }

  async #print(statement: Extract<Statement, { kind: 'print' }>): Promise<void> {
    const values: Value[] = [];
    for (const one of statement.values) values.push(await this.#value(one));
    const texts = values.map((value) => this.#text(value, this.#text(this.#get('OFMT'))));
    const text = statement.isFormatted
      ? this.#format(values)
      : (values.length === 0 ? (this.#fields[0] ?? '') : texts.join(this.#text(this.#get('OFS')))) +
        this.#text(this.#get('ORS'));
    if (statement.target === undefined) return this.#process.out(text);
    const target = this.#text(await this.#value(statement.target));
    if (target === '/dev/stderr') return this.#process.err(text);
    if (target === '/dev/stdout') return this.#process.out(text);
    if (statement.mode === '|') {
      const piped = (this.#piped.get(target) ?? '') + text;
      if (piped.length > LIMITS.outputCharactersMax)
        throw new AwkFailure('cmd. line:1: fatal: cannot allocate memory');
      this.#piped.set(target, piped);
      return;
    }
    const isNew = !this.#written.has(target) && statement.mode === '>';
    this.#written.add(target);
    const { machine, sys } = this.#process;
    const failure = machine.files.write(pathOf(this.#process, target), text, sys.nowMs(), { append: !isNew });
    if (failure !== undefined)
      throw new AwkFailure(
        this.#isMawk
          ? `cannot open "${target}" for output (${failureText(failure)})`
          : `cmd. line:1: fatal: cannot redirect to \`${target}': ${failureText(failure)}`,
      );
  }

  /** Runs a command that was printed to (`print | "sort"`), or all of them at the end. */
  async #runPiped(only?: string): Promise<void> {
    for (const [command, text] of [...this.#piped]) {
      if (only !== undefined && command !== only) continue;
      this.#piped.delete(command);
      await this.#process.run(['sh', '-c', command], { stdin: textStream(text) });
    }
  }

  #format(values: readonly Value[]): string {
    const [first, ...rest] = values;
    const format = this.#text(first ?? '');
    const texts = rest.map((value) => this.#text(value, '%.17g'));
    let at = 0;
    for (const spec of format.matchAll(/%(%|[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?([A-Za-z]))/g)) {
      if (spec[1] === '%') continue;
      at += Number(spec[2] === '*') + Number(spec[3] === '*');
      const value = rest[at++];
      if (spec[4] === 'c' && typeof value === 'number')
        texts[at - 1] = String.fromCodePoint(Math.min(Math.max(0, Math.trunc(value)), 0x10ffff));
      if (at > rest.length && !this.#isMawk)
        throw new AwkFailure(
          `cmd. line:1: fatal: not enough arguments to satisfy format string\n\t\`${format}'\n\t${' '.repeat(spec.index + 1)}^ ran out for this one`,
        );
    }
    return formatPrintf(format.replaceAll('\\', '\\\\'), texts).text;
  }

  async #key(keys: readonly Expression[]): Promise<string> {
    const parts: string[] = [];
    for (const key of keys) parts.push(this.#text(await this.#value(key)));
    return parts.join(this.#text(this.#get('SUBSEP')));
  }

  async #assign(target: Expression, value: Value): Promise<void> {
    if (target.kind === 'variable') this.set(target.name, value);
    else if (target.kind === 'element') this.#table(target.name).set(await this.#key(target.keys), value);
    else if (target.kind === 'field') {
      const index = await this.#fieldIndex(target.index);
      if (index === 0) {
        this.#setRecord(this.#text(value));
        return;
      }
      while (this.#fields.length <= index) this.#fields.push('');
      this.#fields[index] = this.#text(value);
      this.#globals.set('NF', this.#fields.length - 1);
      this.#rebuild();
    }
  }

  async #fieldIndex(node: Expression): Promise<number> {
    const index = Math.trunc(numberOf(await this.#value(node)));
    if (index < 0) {
      const [file, fnr, nr] = ['FILENAME', 'FNR', 'NR'].map((name) => this.#text(this.#get(name)));
      throw new AwkFailure(
        this.#isMawk
          ? `run time error: negative field index $${index}\n\tFILENAME="${file}" FNR=${fnr} NR=${nr}`
          : `cmd. line:1: ${nr === '0' ? '' : `(FILENAME=${file === '' ? '-' : file} FNR=${fnr}) `}fatal: attempt to access field ${index}`,
      );
    }
    return Math.min(index, 10_000);
  }

  async #value(node: Expression): Promise<Value> {
    switch (node.kind) {
      case 'number':
      case 'string':
        return node.value;
      case 'regex':
        return this.#regex(node.source).find(this.#fields[0] ?? '') === undefined ? 0 : 1;
      case 'variable':
        return this.#get(node.name);
      case 'field':
        return { input: this.#fields[await this.#fieldIndex(node.index)] ?? '' };
      case 'element': {
        const table = this.#table(node.name);
        const key = await this.#key(node.keys);
        const found = table.get(key);
        if (found === undefined) table.set(key, { input: '' });
        return found ?? { input: '' };
      }
      case 'assign': {
        const right = await this.#value(node.value);
        const value =
          node.operator === '='
            ? right
            : calculate(
                node.operator.slice(0, -1),
                numberOf(await this.#value(node.target)),
                numberOf(right),
              );
        await this.#assign(node.target, value);
        return value;
      }
      case 'step': {
        const old = numberOf(await this.#value(node.target));
        await this.#assign(node.target, old + node.by);
        return node.isPrefix ? old + node.by : old;
      }
      case 'unary': {
        const value = await this.#value(node.operand);
        return node.operator === '!'
          ? Number(!this.#truth(value))
          : node.operator === '-'
            ? -numberOf(value)
            : numberOf(value);
      }
      case 'choice':
        return this.#value(this.#truth(await this.#value(node.test)) ? node.chosen : node.otherwise);
      case 'in':
        return Number(this.#table(node.name).has(await this.#key(node.keys)));
      case 'binary':
        return this.#binary(node);
      case 'getline':
        return this.#getline(node);
      case 'call':
        return this.#call(node);
    }
  }

  async #binary(node: Extract<Expression, { kind: 'binary' }>): Promise<Value> {
    const { operator } = node;
    const left = await this.#value(node.left);
    if (operator === '&&') return Number(this.#truth(left) && this.#truth(await this.#value(node.right)));
    if (operator === '||') return Number(this.#truth(left) || this.#truth(await this.#value(node.right)));
    if (operator === '~' || operator === '!~') {
      const source = await this.#source(node.right);
      return Number((this.#regex(source).find(this.#text(left)) !== undefined) === (operator === '~'));
    }
    const right = await this.#value(node.right);
    if (operator === ' ') {
      const joined = this.#text(left) + this.#text(right);
      if (joined.length > LIMITS.outputCharactersMax)
        throw new AwkFailure('cmd. line:1: fatal: cannot allocate memory');
      return joined;
    }
    if (['<', '<=', '==', '!=', '>', '>='].includes(operator))
      return Number(this.#compares(operator, left, right));
    const divisor = numberOf(right);
    if ((operator === '/' || operator === '%') && divisor === 0 && !this.#isMawk) {
      const isConstant = node.left.kind === 'number' && node.right.kind === 'number';
      throw new AwkFailure(
        `cmd. line:1: ${isConstant ? 'error' : 'fatal'}: division by zero attempted${operator === '%' ? " in `%'" : ''}`,
      );
    }
    return calculate(operator, numberOf(left), divisor);
  }

  async #source(node: Expression | undefined): Promise<string> {
    if (node === undefined) return '';
    return node.kind === 'regex' ? node.source : this.#text(await this.#value(node));
  }

  #compares(operator: string, a: Value, b: Value): boolean {
    const looksNumeric = (value: Value): boolean =>
      typeof value === 'number' ||
      (typeof value === 'object' && (value.input === '' || NUMBER.test(value.input)));
    const order =
      looksNumeric(a) && looksNumeric(b) && !(isBlank(a) && isBlank(b))
        ? numberOf(a) - numberOf(b)
        : byText(this.#text(a), this.#text(b));
    switch (operator) {
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '==':
        return order === 0;
      case '!=':
        return order !== 0;
      case '>':
        return order > 0;
      default:
        return order >= 0;
    }
  }

  async #getline(node: Extract<Expression, { kind: 'getline' }>): Promise<Value> {
    let line: string | undefined;
    if (node.command !== undefined) {
      const command = this.#text(await this.#value(node.command));
      let reader = this.#readers.get(command);
      if (reader === undefined) {
        let text = '';
        const add = async (part: string): Promise<void> => {
          text += part;
          if (text.length > LIMITS.outputCharactersMax)
            throw new AwkFailure('cmd. line:1: fatal: cannot allocate memory');
        };
        await this.#process.sys.burn(STARTING);
        await this.#process.run(['sh', '-c', command], { out: add });
        reader = new LineReader(this.#process, textStream(text));
        this.#readers.set(command, reader);
      }
      line = await reader.next();
    } else if (node.file === undefined) line = await this.#record();
    else {
      const name = this.#text(await this.#value(node.file));
      let reader = this.#readers.get(name);
      if (reader === undefined) {
        const found = this.#process.machine.files.read(pathOf(this.#process, name));
        if ('error' in found) return -1;
        reader = new LineReader(this.#process, textStream(found.content));
        this.#readers.set(name, reader);
      }
      line = await reader.next();
    }
    if (line === undefined) return 0;
    if (node.target === undefined) this.#setRecord(line);
    else await this.#assign(node.target, { input: line });
    return 1;
  }

  async #call(node: Extract<Expression, { kind: 'call' }>): Promise<Value> {
    const own = this.#program.functions.get(node.name);
    if (own !== undefined) return this.#callOwn(own, node.args);
    const [first, second, third] = node.args;
    const text = async (arg: Expression | undefined): Promise<string> =>
      arg === undefined ? (this.#fields[0] ?? '') : this.#text(await this.#value(arg));
    const number = async (arg: Expression | undefined): Promise<number> =>
      arg === undefined ? 0 : numberOf(await this.#value(arg));
    switch (node.name) {
      case 'length':
        if (
          first?.kind === 'variable' &&
          (this.#tables.has(first.name) || this.#locals.at(-1)?.tables.has(first.name) === true)
        )
          return this.#table(first.name).size;
        return [...(await text(first))].length;
      case 'substr': {
        const chars = [...(await text(first))];
        const from = Math.round(await number(second));
        const count = third === undefined ? Number.POSITIVE_INFINITY : Math.round(await number(third));
        // gawk counts a length from the first character, also when the start lies before it.
        const start = Math.max(1, from);
        const end = start + Math.max(0, count);
        return chars.slice(Math.max(0, start - 1), Math.max(0, end - 1)).join('');
      }
      case 'index':
        return (await text(first)).indexOf(await text(second)) + 1;
      case 'split': {
        const parts = this.#split(
          await text(first),
          third === undefined
            ? this.#get('FS')
            : third.kind === 'regex'
              ? `(${third.source})`
              : await this.#value(third),
        );
        const table = this.#table(second?.kind === 'variable' ? second.name : '');
        table.clear();
        for (const [index, part] of parts.entries()) table.set(String(index + 1), { input: part });
        return parts.length;
      }
      case 'sub':
      case 'gsub':
        return this.#substitute(
          await this.#source(first),
          await text(second),
          third ?? { kind: 'field', index: { kind: 'number', value: 0 } },
          node.name === 'gsub',
        );
      case 'match': {
        const match = this.#regex(await this.#source(second)).find(await text(first));
        this.#globals.set('RSTART', match === undefined ? 0 : match.start + 1);
        this.#globals.set('RLENGTH', match === undefined ? -1 : match.end - match.start);
        if (third?.kind === 'variable') {
          const table = this.#table(third.name);
          table.clear();
          for (const [at, group] of (match?.groups ?? []).entries())
            if (group !== undefined) table.set(String(at), { input: group });
        }
        return match === undefined ? 0 : match.start + 1;
      }
      case 'toupper':
        return (await text(first)).toUpperCase();
      case 'tolower':
        return (await text(first)).toLowerCase();
      case 'sprintf': {
        const values: Value[] = [];
        for (const arg of node.args) values.push(await this.#value(arg));
        return this.#format(values);
      }
      case 'int':
        return Math.trunc(await number(first));
      case 'sqrt':
        return Math.sqrt(await number(first));
      case 'exp':
        return Math.exp(await number(first));
      case 'log':
        return Math.log(await number(first));
      case 'sin':
        return Math.sin(await number(first));
      case 'cos':
        return Math.cos(await number(first));
      case 'atan2':
        return Math.atan2(await number(first), await number(second));
      case 'rand':
        this.#random = (this.#random * 48271) % 2147483647;
        return this.#random / 2147483647;
      case 'srand':
        this.#random = Math.max(1, Math.trunc(await number(first)) % 2147483647);
        return 0;
      case 'systime':
        return Math.floor(this.#process.sys.nowMs() / 1000);
      case 'strftime':
        return formatDate(
          second === undefined ? this.#process.sys.nowMs() : (await number(second)) * 1000,
          await text(first),
        );
      case 'system':
        await this.#process.sys.burn(STARTING);
        return this.#process.run(['sh', '-c', await text(first)]);
      case 'close':
        await this.#runPiped(await text(first));
        this.#readers.delete(await text(first));
        this.#written.delete(await text(first));
        return 0;
      case 'fflush':
        return 0;
      default:
        throw new AwkFailure(
          this.#isMawk
            ? `line 2: function ${node.name} never defined`
            : `cmd. line:1: fatal: function \`${node.name}' not defined`,
        );
    }
  }

  async #substitute(
    source: string,
    template: string,
    target: Expression,
    isGlobal: boolean,
  ): Promise<number> {
    const text = this.#text(await this.#value(target));
    const regex = this.#regex(source);
    let out = '';
    let at = 0;
    let count = 0;
    let from = 0;
    while (from <= text.length) {
      const match = regex.find(text, from);
      if (match === undefined) break;
      const whole = text.slice(match.start, match.end);
      out +=
        text.slice(at, match.start) +
        template.replace(/\\\\|\\&|&/g, (one) => (one === '&' ? whole : one.slice(1)));
      at = match.end;
      count++;
      if (!isGlobal) break;
      if (match.end === match.start) {
        out += text.slice(at, at + 1);
        at++;
      }
      from = at;
    }
    if (count > 0) await this.#assign(target, out + text.slice(at));
    return count;
  }

  async #callOwn(
    own: { readonly parameters: readonly string[]; readonly body: Statement },
    args: readonly Expression[],
  ): Promise<Value> {
    if (this.#locals.length >= DEPTH_MAX) throw new AwkFailure('fatal: function call nested too deeply');
    const values = new Map<string, Value>();
    const tables = new Map<string, Table>();
    for (const [index, name] of own.parameters.entries()) {
      const arg = args[index];
      values.set(name, { input: '' });
      if (
        arg?.kind === 'variable' &&
        (this.#tables.has(arg.name) || this.#locals.at(-1)?.tables.has(arg.name) === true)
      )
        tables.set(name, this.#table(arg.name));
      else if (arg !== undefined) values.set(name, await this.#value(arg));
    }
    this.#locals.push({ values, tables });
    try {
      await this.#run(own.body);
      return { input: '' };
    } catch (error) {
      if (error instanceof Jump && error.to === 'return') return error.value ?? { input: '' };
      throw error;
    } finally {
      this.#locals.pop();
      // A name that was nothing yet and became an array inside is one outside too.
      for (const [index, name] of own.parameters.entries()) {
        const arg = args[index];
        const made = tables.get(name);
        if (arg?.kind !== 'variable' || made === undefined || this.#globals.has(arg.name)) continue;
        const outer = this.#locals.at(-1);
        (outer?.values.has(arg.name) === true ? outer.tables : this.#tables).set(arg.name, made);
      }
    }
  }
}

function isBlank(value: Value): boolean {
  return typeof value === 'object' && value.input === '';
}

/** Keys as `for (k in a)` gives them: numbers in order first, then texts as they came. */
function keysInOrder(table: Table): string[] {
  const keys = [...table.keys()];
  return [
    ...keys.filter((key) => /^\d+$/.test(key)).sort((a, b) => Number(a) - Number(b)),
    ...keys.filter((key) => !/^\d+$/.test(key)),
  ];
}

function calculate(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    default:
      return a ** b;
  }
}

/** awk (also as gawk and mawk). */
export const awk: Program = async (process) => {
  const words = process.argv.slice(1);
  const name = nameOf(process);
  const assigned: [string, string][] = [];
  let separator: string | undefined;
  let text: string | undefined;
  while (/^-./.test(words[0] ?? '')) {
    const word = words.shift() ?? '';
    if (word === '--') break;
    const value = word.length > 2 ? word.slice(2) : (words.shift() ?? '');
    if (name !== 'mawk' && word === '--version') {
      await process.out('GNU Awk 5.2.1, API 3.2, PMA Avon 8-g1, (GNU MPFR 4.2.0, GNU MP 6.2.1)\n');
      return 0;
    }
    if (/^-[Fvf]$/.test(word) && words.length === 0 && value === '') {
      if (name === 'mawk') return complain(process, `option ${word} lacks argument`, 2);
      await process.err(`${name}: option requires an argument -- ${word.slice(1)}\n${usageOf(name)}`);
      return 1;
    }
    if (word.startsWith('-F')) separator = value.replaceAll('\\t', '\t');
    else if (word.startsWith('-v')) {
      const variable = /^([^=]*)=/.exec(value)?.[1];
      if (name === 'mawk' && !/^[A-Za-z_]\w*$/.test(variable ?? ''))
        return complain(process, `improper assignment: -v ${value}`, 2);
      if (variable === undefined) {
        await process.err(
          `${name}: \`${value}' argument to \`-v' not in \`var=value' form\n\n${usageOf(name)}`,
        );
        return 1;
      }
      if (!/^[A-Za-z_]\w*$/.test(variable))
        return complain(process, `fatal: \`${variable}' is not a legal variable name`, 2);
      assigned.push([variable, value.slice(variable.length + 1)]);
    } else if (word.startsWith('-f')) {
      const found = process.machine.files.read(pathOf(process, value));
      if ('error' in found) {
        const reason = failureText(found.error);
        return complain(
          process,
          name === 'mawk'
            ? `cannot open ${value} (${reason})`
            : `fatal: cannot open source file \`${value}' for reading: ${reason}`,
          2,
        );
      }
      text = `${text ?? ''}${found.content}\n`;
    } else if (name === 'mawk') return complain(process, `not an option: ${word}`, 2);
    else {
      words.unshift(...(word.length > 2 ? [] : [value]));
      await process.err(`${name}: unknown option ${word} ignored\n`);
    }
  }
  const source = text ?? words.shift();
  if (source === undefined) {
    await process.err(usageOf(name));
    return name === 'mawk' ? 2 : 1;
  }
  try {
    const program = parseAwk(source, name === 'mawk');
    for (const warning of program.warnings) await process.err(`${name}: cmd. line:1: warning: ${warning}\n`);
    const runner = new Awk(process, program);
    if (separator !== undefined) runner.set('FS', separator);
    for (const [variable, value] of assigned)
      runner.set(variable, { input: value.replaceAll('\\n', '\n').replaceAll('\\t', '\t') });
    return await runner.run(words);
  } catch (error) {
    if (!(error instanceof AwkFailure)) throw error;
    if (isBusybox(process)) return complain(process, busyboxReason(error.message));
    await process.err(`${name}: ${error.message.replaceAll('\nawk:', `\n${name}:`)}\n`);
    return name === 'mawk' || error.message.includes('fatal') ? 2 : 1;
  }
};

/** A mistake in busybox's few words. */
function busyboxReason(message: string): string {
  const reasons: readonly (readonly [RegExp, string])[] = [
    [/division by zero/, 'Division by zero'],
    [/access field/, 'Access to negative field'],
    [/not defined/, 'Call to undefined function'],
    [/\^ (unterminated|unexpected|syntax)/, 'Unexpected token'],
  ];
  const found = reasons.find(([pattern]) => pattern.test(message));
  const regex = /error: (.*): \/(.*)\/$/.exec(message);
  if (regex !== null) return `bad regex '${regex[2]}': ${regex[1]}`;
  return found === undefined ? message : `cmd. line:1: ${found[1]}`;
}

/** How it is called. */
function usageOf(name: string): string {
  return name === 'mawk'
    ? 'Usage: mawk [Options] [Program] [file ...]\n'
    : `Usage: ${name} [POSIX or GNU style options] -f progfile [--] file ...\nUsage: ${name} [POSIX or GNU style options] [--] 'program' file ...\n`;
}
