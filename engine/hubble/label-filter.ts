import { FilterError } from './filter-error.ts';

/** True when a list of labels (`k8s:app=web`) meets the selector. */
export type LabelTest = (labels: readonly string[]) => boolean;

type Label = { readonly source: string; readonly key: string; readonly value: string };
type Requirement = (labels: readonly Label[]) => boolean;

/**
 * Builds a test from Kubernetes' selector grammar (`a=b,c in (d,e),!f,g>1`). A key without a source (`k8s:`) means any
 * source. Errors are those of k8s.io/apimachinery/pkg/labels, in which a source stands before its key with a dot.
 * @throws FilterError
 */
export function labelSelector(text: string): LabelTest {
  const tests = new SelectorParser(translated(text)).requirements();
  return (labels) => {
    const parsed = labels.map(parseLabel);
    return tests.every((test) => test(parsed));
  };
}

function parseLabel(text: string): Label {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const colon = name.indexOf(':');
  return {
    source: colon < 0 ? '' : name.slice(0, colon),
    key: colon < 0 ? name : name.slice(colon + 1),
    value: equals < 0 ? '' : text.slice(equals + 1),
  };
}

/** Writes each key with its source before a dot: `k8s.app`, `any.app` (pkg/hubble/filters, translateSelector). */
function translated(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    while (at < text.length && /[\s!]/.test(text[at] ?? '')) out += text[at++];
    let key = '';
    while (at < text.length && !/[\s=!,]/.test(text[at] ?? '')) key += text[at++];
    out += key.includes(':') ? key.replace(':', '.') : `any.${key}`;
    let depth = 0;
    while (at < text.length) {
      const character = text[at++] ?? '';
      if (character === '(') depth++;
      if (character === ')') depth--;
      out += character;
      if (character === ',' && depth === 0) break;
    }
  }
  return out;
}

type TokenKind = 'identifier' | 'end' | ',' | '(' | ')' | '!' | 'operator';
type Token = { readonly kind: TokenKind; readonly text: string };

const SYMBOLS = ['==', '!=', '=', '!', ',', '(', ')', '>', '<'];
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = text;
  for (;;) {
    rest = rest.trimStart();
    if (rest === '') return tokens;
    const symbol = SYMBOLS.find((item) => rest.startsWith(item));
    const word = symbol ?? /^[^\s=!(),<>]+/.exec(rest)?.[0] ?? rest;
    tokens.push({ kind: symbol === undefined ? 'identifier' : kindOf(symbol), text: word });
    rest = rest.slice(word.length);
  }
}

function kindOf(symbol: string): TokenKind {
  return symbol === ',' || symbol === '(' || symbol === ')' || symbol === '!' ? symbol : 'operator';
}

class SelectorParser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  requirements(): readonly Requirement[] {
    const found: Requirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === 'end') return found;
      if (first.kind !== 'identifier' && first.kind !== '!')
        throw new FilterError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      found.push(this.#requirement());
      const after = this.#take();
      if (after.kind === 'end') return found;
      if (after.kind !== ',')
        throw new FilterError(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.kind !== 'identifier' && next.kind !== '!')
        throw new FilterError(`found '${next.text}', expected: identifier after ','`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #fail(problem: string): never {
    throw new FilterError(`unable to parse requirement: ${problem}`);
  }

  #requirement(): Requirement {
    let token = this.#take();
    const isAbsent = token.kind === '!';
    if (isAbsent) token = this.#take();
    if (token.kind !== 'identifier') this.#fail(`found '${token.text}', expected: identifier`);
    const key = token.text;
    this.#checkKey(key);
    const after = this.#peek();
    if (isAbsent) return (labels) => !labels.some((label) => isKey(label, key));
    if (after.kind === 'end' || after.kind === ',')
      return (labels) => labels.some((label) => isKey(label, key));
    const operator = this.#take();
    if (operator.text === 'in' || operator.text === 'notin')
      return setTest(key, operator.text, this.#values());
    if (operator.kind !== 'operator') this.#fail(`found '${operator.text}', expected: ${OPERATORS}`);
    return this.#comparison(key, operator.text);
  }

  #checkKey(key: string): void {
    const parts = key.split('/');
    const name = parts.at(-1) ?? '';
    if (parts.length <= 2 && /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name) && name.length <= 63)
      return;
    if (parts.length <= 2 && name.length > 63)
      this.#fail(
        `<nil>: Invalid value: ${JSON.stringify(key)}: name part must be no more than 63 characters`,
      );
    const part = parts.length > 2 ? 'a qualified name' : 'name part';
    const tail =
      parts.length > 2 ? " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')" : '';
    this.#fail(
      `<nil>: Invalid value: ${JSON.stringify(key)}: ${part} must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')${tail}`,
    );
  }

  #comparison(key: string, operator: string): Requirement {
    const next = this.#peek();
    let value = '';
    if (next.kind !== 'end' && next.kind !== ',') {
      this.#next++;
      if (next.kind !== 'identifier') this.#fail(`found '${next.text}', expected: identifier`);
      value = next.text;
    }
    if (operator === '>' || operator === '<') {
      if (!/^[+-]?\d+$/.test(value))
        this.#fail(
          `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      const sign = operator === '>' ? 1 : -1;
      return (labels) =>
        labels.some(
          (label) =>
            isKey(label, key) &&
            /^[+-]?\d+$/.test(label.value) &&
            sign * (Number(label.value) - Number(value)) > 0,
        );
    }
    const isEqual = operator !== '!=';
    return (labels) => labels.some((label) => isKey(label, key) && label.value === value) === isEqual;
  }

  #values(): ReadonlySet<string> {
    const open = this.#take();
    if (open.kind !== '(') this.#fail(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    let isValueNext = true;
    for (;;) {
      const token = this.#take();
      if (token.kind === ')') {
        return isValueNext ? values.add('') : values;
      }
      if (token.kind === ',') {
        if (isValueNext) values.add('');
        isValueNext = true;
      } else if (token.kind === 'identifier' && isValueNext) {
        values.add(token.text);
        isValueNext = false;
      } else
        this.#fail(
          values.size === 0
            ? `found '${token.text}', expected: ',', ')' or identifier`
            : `found '${token.text}', expected: ',' or ')'`,
        );
    }
  }
}

function setTest(key: string, operator: string, values: ReadonlySet<string>): Requirement {
  const isIn = operator === 'in';
  return (labels) => labels.some((label) => isKey(label, key) && values.has(label.value)) === isIn;
}

/** Keys are `source.key`; source `any` means every one. */
function isKey(label: Label, key: string): boolean {
  const dot = key.indexOf('.');
  const source = key.slice(0, dot);
  return label.key === key.slice(dot + 1) && (source === 'any' || source === label.source);
}
