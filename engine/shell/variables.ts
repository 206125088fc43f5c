/** A shell variable. A list's elements are kept by subscript: numbers in order for `-a`, keys in order for `-A`. */
export type Variable = {
  value: string | undefined;
  list?: Map<string, string>;
  isKeyed?: boolean;
  isExported?: boolean;
  isReadonly?: boolean;
  isInteger?: boolean;
  /** `declare -l` and `-u`: what is assigned changes its case. */
  letterCase?: 'lower' | 'upper' | undefined;
  /** `declare -n`: the value is the name of the variable that is meant. */
  isReference?: boolean;
};

const REFERENCE_HOPS_MAX = 8;

/** The variables of one shell, with the scopes that `local` makes. */
export class Variables {
  #values = new Map<string, Variable>();
  #scopes: Map<string, Variable | undefined>[] = [];

  /** The variable of a name, or undefined; a reference leads to its target. */
  find(name: string): Variable | undefined {
    return this.#values.get(this.target(name));
  }

  /** The variable of a name itself, also when it is a reference. */
  own(name: string): Variable | undefined {
    return this.#values.get(name);
  }

  /** The name that is meant by `name`: itself, or where its reference leads. */
  target(name: string): string {
    let at = name;
    for (let hops = 0; hops < REFERENCE_HOPS_MAX; hops++) {
      const variable = this.#values.get(at);
      if (variable?.isReference !== true || variable.value === undefined || variable.value === '') return at;
      at = variable.value;
    }
    return name;
  }

  /** Removes a reference itself: `unset -n`. */
  unsetOwn(name: string): void {
    this.#values.delete(name);
  }

  /** The value of a name; element 0 of a list; undefined when unset. */
  get(name: string): string | undefined {
    const found = this.find(name);
    return found?.list !== undefined ? found.list.get('0') : found?.value;
  }

  /** Sets a value and returns true, or returns false when the variable is read-only. */
  set(name: string, value: string): boolean {
    const found = this.find(name);
    if (found === undefined) this.#values.set(this.target(name), { value });
    else if (found.isReadonly === true) return false;
    else if (found.list !== undefined) found.list.set('0', cased(found, value));
    else found.value = cased(found, value);
    return true;
  }

  /** Puts a whole variable in place. */
  put(name: string, variable: Variable): void {
    this.#values.set(this.target(name), variable);
  }

  /** Removes a variable; false when it is read-only. */
  unset(name: string): boolean {
    if (this.find(name)?.isReadonly === true) return false;
    this.#values.delete(this.target(name));
    return true;
  }

  /** The variable of a name, made (without a value) when there is none. */
  declare(name: string): Variable {
    let found = this.find(name);
    if (found === undefined) {
      found = { value: undefined };
      this.#values.set(this.target(name), found);
    }
    return found;
  }

  /** Names in code unit order. */
  names(): string[] {
    return [...this.#values.keys()].sort();
  }

  /** What children get: the exported values. */
  exported(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, variable] of this.#values) {
      if (variable.isExported === true && variable.value !== undefined) env.set(name, variable.value);
    }
    return env;
  }

  /** True inside a function. */
  get isLocal(): boolean {
    return this.#scopes.length > 0;
  }

  /** Begins a function's scope. */
  pushScope(): void {
    this.#scopes.push(new Map());
  }

  /** Ends a function's scope: its locals give way to what they hid. */
  popScope(): void {
    for (const [name, hidden] of this.#scopes.pop() ?? []) {
      if (hidden === undefined) this.#values.delete(name);
      else this.#values.set(name, hidden);
    }
  }

  /** Makes `name` local to the running function and returns it, without a value. */
  makeLocal(name: string): Variable {
    const scope = this.#scopes.at(-1);
    if (scope === undefined) return this.declare(name);
    if (scope.has(name)) {
      const known = this.#values.get(name);
      if (known !== undefined) return known;
    } else scope.set(name, this.#values.get(name));
    const variable: Variable = { value: undefined };
    this.#values.set(name, variable);
    return variable;
  }

  /** A copy for a subshell. */
  clone(): Variables {
    const copy = new Variables();
    for (const [name, variable] of this.#values) {
      copy.#values.set(name, { ...variable, ...(variable.list ? { list: new Map(variable.list) } : {}) });
    }
    copy.#scopes = this.#scopes.map((scope) => new Map(scope));
    return copy;
  }
}

/** A text in the letters that the variable keeps. */
export function cased(variable: Variable, text: string): string {
  if (variable.letterCase === undefined) return text;
  return variable.letterCase === 'lower' ? text.toLowerCase() : text.toUpperCase();
}

/** The flags of a variable as `declare -p` and `${x@a}` show them. */
export function flagsOf(variable: Variable): string {
  const flags = [
    variable.list === undefined ? '' : variable.isKeyed === true ? 'A' : 'a',
    variable.isInteger === true ? 'i' : '',
    variable.isReference === true ? 'n' : '',
    variable.isReadonly === true ? 'r' : '',
    variable.isExported === true ? 'x' : '',
    variable.letterCase === undefined ? '' : variable.letterCase === 'lower' ? 'l' : 'u',
  ];
  return flags.join('');
}

/** The elements of a list in the order of their subscripts (numbers) or of their making (keys). */
export function listEntries(variable: Variable): [string, string][] {
  const entries = [
    ...(variable.list ?? (variable.value === undefined ? [] : [['0', variable.value] as [string, string]])),
  ];
  return variable.isKeyed === true ? entries : entries.sort(([a], [b]) => Number(a) - Number(b));
}
