import {
  type Assertion,
  type CharacterSet,
  codeOf,
  ExpressionError,
  type ExpressionNode,
  readExpression,
  UNBOUNDED,
  WORD,
} from './expression-syntax.ts';

const PROGRAM_MAX = 50_000;
/** Places of groups that a search may keep, 4 bytes each. */
const KEPT_MAX = 4_000_000;
const ASCII = 128;

type SetStep = { readonly kind: 'set'; readonly holds: (code: number) => boolean };
/** `first` is tried before `second`. */
type Split = { readonly kind: 'split'; first: number; second: number };
type Step =
  | SetStep
  | Split
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'save'; readonly slot: number };

/** Options of an expression: `isLongest` takes the longest of the leftmost matches, as POSIX wants, instead of the first one tried. */
export type ExpressionOptions = {
  readonly ignoreCase?: boolean;
  readonly dotAll?: boolean;
  readonly isLongest?: boolean;
};

/**
 * A match: where each group begins and ends, in UTF-16 units, the whole first: `[start, end, start of group 1, …]`; -1 for a
 * group that took no part.
 */
export type ExpressionMatch = Int32Array;

/**
 * A regular expression as Go and RE2 read it, matched in time linear in the text: learners write them into policies, filters
 * and pipes, so nothing here may backtrack. All places that are tried go through the text side by side (the Pike machine
 * of Russ Cox's "Regular Expression Matching: the Virtual Machine Approach").
 */
export class Expression {
  readonly groupCount: number;
  /** The groups that have a name, by it. */
  readonly names: ReadonlyMap<string, number>;
  readonly #steps: readonly Step[];
  readonly #isLongest: boolean;
  readonly #beginnings: Uint8Array | undefined;

  /** @throws ExpressionError with Go's text when the expression is none. */
  constructor(source: string, options: ExpressionOptions = {}) {
    const read = readExpression(source, { i: options.ignoreCase === true, s: options.dotAll === true });
    this.groupCount = read.groupCount;
    this.names = read.names;
    this.#isLongest = options.isLongest === true;
    this.#steps = new Compiler().compile(read.node);
    this.#beginnings = beginningsOf(this.#steps);
  }

  /** True when the whole text matches. */
  matches(text: string): boolean {
    return this.#run(text, 0, 0, true) !== undefined;
  }

  /** True when some part of the text matches. */
  finds(text: string): boolean {
    return this.#run(text, 0, 0, false) !== undefined;
  }

  /**
   * The leftmost match that begins at or after `from` (UTF-16 units); undefined when there is none.
   * @throws ExpressionError when it has so many groups that keeping them would take too much memory
   */
  search(text: string, from = 0): ExpressionMatch | undefined {
    const slots = 2 + 2 * this.groupCount;
    if (this.#steps.length * slots > KEPT_MAX)
      throw new ExpressionError('error parsing regexp: expression too large');
    return this.#run(text, from, slots, false);
  }

  /** `slots` is how much of a match is wanted: none for a yes or no. */
  #run(text: string, from: number, slots: number, isWhole: boolean): ExpressionMatch | undefined {
    const end = this.#steps.length;
    let now = new Threads(end + 1, slots);
    let next = new Threads(end + 1, slots);
    const fresh = new Int32Array(slots);
    let found: Int32Array | undefined;
    for (let at = from; ; ) {
      if (now.count === 0) {
        if (found !== undefined || (isWhole && at > from)) break;
        if (!isWhole) at = this.#skip(text, at);
      }
      if (found === undefined && (!isWhole || at === from)) {
        fresh.fill(-1);
        if (slots > 0) fresh[0] = at;
        this.#follow(now, 0, text, at, fresh);
      }
      const code = text.codePointAt(at) ?? -1;
      const after = at + (code > 0xffff ? 2 : 1);
      for (let i = 0; i < now.count; i++) {
        const place = now.places[i] ?? 0;
        if (found !== undefined && slots > 0 && this.#isLongest && now.start(place) > (found[0] ?? 0)) break;
        if (place === end) {
          if (isWhole && code >= 0) continue;
          if (
            found === undefined ||
            !this.#isLongest ||
            now.start(place) < (found[0] ?? 0) ||
            at > (found[1] ?? 0)
          ) {
            found = now.copy(place);
            if (slots > 0) found[1] = at;
          }
          if (slots === 0) return found;
          // What comes later was to be tried only if this had failed.
          if (!this.#isLongest) break;
          continue;
        }
        const step = this.#steps[place];
        if (code < 0 || step?.kind !== 'set' || !step.holds(code)) continue;
        this.#follow(next, place + 1, text, after, now.groups(place, fresh));
      }
      if (code < 0) break;
      at = after;
      [now, next] = [next, now];
      next.clear();
    }
    return found;
  }

  /** The next place at which a match can begin. */
  #skip(text: string, from: number): number {
    if (this.#beginnings === undefined) return from;
    let at = from;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= ASCII || this.#beginnings[unit] === 1) break;
    }
    return at;
  }

  /** Adds what is reached from `start` without reading a character, in the order of preference. */
  #follow(threads: Threads, start: number, text: string, at: number, groups: Int32Array): void {
    const { stack } = threads;
    stack.push(start);
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (place < 0) {
        // What a group's mark was before this way was tried.
        groups[~place] = stack.pop() ?? -1;
        continue;
      }
      if (!threads.mark(place)) continue;
      const step = this.#steps[place];
      if (step === undefined || step.kind === 'set') threads.add(place, groups);
      else if (step.kind === 'jump') stack.push(step.to);
      else if (step.kind === 'split') stack.push(step.second, step.first);
      else if (step.kind === 'assert') {
        if (asserts(step.what, text, at)) stack.push(place + 1);
      } else {
        if (step.slot < groups.length) {
          stack.push(groups[step.slot] ?? -1, ~step.slot);
          groups[step.slot] = at;
        }
        stack.push(place + 1);
      }
    }
  }
}

/** The steps that are alive at one place of the text, most preferred first, each with the groups it has seen. */
class Threads {
  readonly places: Int32Array;
  readonly stack: number[] = [];
  count = 0;
  readonly #marks: Uint32Array;
  readonly #slots: number;
  readonly #groups: Int32Array;
  #age = 1;

  constructor(size: number, slots: number) {
    this.places = new Int32Array(size);
    this.#marks = new Uint32Array(size);
    this.#slots = slots;
    this.#groups = new Int32Array(size * slots);
  }

  clear(): void {
    this.count = 0;
    this.#age++;
  }

  /** False when the place was reached before, in a way that is preferred. */
  mark(place: number): boolean {
    if (this.#marks[place] === this.#age) return false;
    this.#marks[place] = this.#age;
    return true;
  }

  add(place: number, groups: Int32Array): void {
    this.places[this.count++] = place;
    if (this.#slots > 0) this.#groups.set(groups, place * this.#slots);
  }

  start(place: number): number {
    return this.#groups[place * this.#slots] ?? 0;
  }

  /** Writes a place's groups into `into`. */
  groups(place: number, into: Int32Array): Int32Array {
    const from = place * this.#slots;
    for (let slot = 0; slot < this.#slots; slot++) into[slot] = this.#groups[from + slot] ?? -1;
    return into;
  }

  copy(place: number): Int32Array {
    return this.#groups.slice(place * this.#slots, (place + 1) * this.#slots);
  }
}

class Compiler {
  readonly #steps: Step[] = [];
  readonly #sets = new Map<ExpressionNode, SetStep>();

  compile(node: ExpressionNode): readonly Step[] {
    this.#emit(node);
    return this.#steps;
  }

  #push<T extends Step>(step: T): T {
    if (this.#steps.length >= PROGRAM_MAX)
      throw new ExpressionError('error parsing regexp: expression too large');
    this.#steps.push(step);
    return step;
  }

  #emit(node: ExpressionNode): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'set':
        this.#push(this.#setStep(node));
        return;
      case 'assert':
        this.#push(node);
        return;
      case 'group':
        this.#push({ kind: 'save', slot: 2 * node.index });
        this.#emit(node.part);
        this.#push({ kind: 'save', slot: 2 * node.index + 1 });
        return;
      case 'sequence':
        for (const part of node.parts) this.#emit(part);
        return;
      case 'choice':
        this.#emitChoice(node.parts);
        return;
      case 'repeat':
        this.#emitRepeat(node);
    }
  }

  #setStep(node: ExpressionNode & { readonly kind: 'set' }): SetStep {
    const known = this.#sets.get(node);
    if (known !== undefined) return known;
    const ascii = Uint8Array.from({ length: ASCII }, (_, code) =>
      holds(node.set, node.isFolded, code) ? 1 : 0,
    );
    const step: SetStep = {
      kind: 'set',
      holds: (code) => (code < ASCII ? ascii[code] === 1 : holds(node.set, node.isFolded, code)),
    };
    this.#sets.set(node, step);
    return step;
  }

  #emitChoice(parts: readonly ExpressionNode[]): void {
    const jumps: { kind: 'jump'; to: number }[] = [];
    for (const [i, part] of parts.entries()) {
      if (i === parts.length - 1) {
        this.#emit(part);
        break;
      }
      const split = this.#split(false);
      this.#emit(part);
      jumps.push(this.#push({ kind: 'jump', to: 0 }));
      split.second = this.#steps.length;
    }
    for (const jump of jumps) jump.to = this.#steps.length;
  }

  /** A choice between what follows and a place that is told later, as `second`, or as `first` when the repetition is lazy. */
  #split(isLazy: boolean): Split {
    const split = this.#push<Split>({ kind: 'split', first: 0, second: 0 });
    split[isLazy ? 'second' : 'first'] = this.#steps.length;
    return split;
  }

  #emitRepeat(node: ExpressionNode & { readonly kind: 'repeat' }): void {
    const { part, min, max, isLazy } = node;
    const other = isLazy ? 'first' : 'second';
    if (max === UNBOUNDED) {
      // x{n,} is n-1 times x, then x+; x* of what can be empty is (x+)?, so that a group inside is seen once.
      const outer = min === 0 ? this.#split(isLazy) : undefined;
      for (let i = 1; i < min; i++) this.#emit(part);
      const start = this.#steps.length;
      this.#emit(part);
      const again = this.#push<Split>({ kind: 'split', first: start, second: start });
      again[other] = this.#steps.length;
      if (outer !== undefined) outer[other] = this.#steps.length;
      return;
    }
    for (let i = 0; i < min; i++) this.#emit(part);
    const splits: Split[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#split(isLazy));
      this.#emit(part);
    }
    for (const split of splits) split[other] = this.#steps.length;
  }
}

/** The ASCII characters with which a match can begin; undefined when it can be empty. */
function beginningsOf(steps: readonly Step[]): Uint8Array | undefined {
  const beginnings = new Uint8Array(ASCII);
  const seen = new Set<number>();
  const waiting = [0];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const step = steps[place];
    if (step === undefined) return undefined;
    if (step.kind === 'set') {
      for (let code = 0; code < ASCII; code++) if (step.holds(code)) beginnings[code] = 1;
    } else if (step.kind === 'jump') waiting.push(step.to);
    else if (step.kind === 'split') waiting.push(step.first, step.second);
    else waiting.push(place + 1);
  }
  return beginnings;
}

function holds(set: CharacterSet, isFolded: boolean, code: number): boolean {
  const isIn = isFolded ? foldsOf(code).some((each) => contains(set, each)) : contains(set, code);
  return isIn !== set.isNegated;
}

/** The characters that differ from one in case only. */
function foldsOf(code: number): number[] {
  const char = String.fromCodePoint(code);
  const lower = char.toLowerCase();
  const upper = char.toUpperCase();
  return [char, lower, upper, lower.toUpperCase(), upper.toLowerCase()]
    .filter((each) => [...each].length === 1)
    .map(codeOf);
}

function contains(set: CharacterSet, code: number): boolean {
  for (const [low, high] of set.ranges) if (low <= code && code <= high) return true;
  return set.classes.length > 0 && set.classes.some((each) => each.test(String.fromCodePoint(code)));
}

function asserts(what: Assertion, text: string, at: number): boolean {
  switch (what) {
    case 'begin':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'line-begin':
      return at === 0 || text.charCodeAt(at - 1) === 0x0a;
    case 'line-end':
      return at === text.length || text.charCodeAt(at) === 0x0a;
    case 'word':
      return isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
    case 'no-word':
      return isWord(text.charCodeAt(at - 1)) === isWord(text.charCodeAt(at));
  }
}

function isWord(code: number): boolean {
  return WORD.some(([low, high]) => low <= code && code <= high);
}
