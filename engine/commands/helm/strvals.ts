import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { emptyValues } from '../../charts/values.ts';
import { HelmFailure } from './failure.ts';

type Members = { [key: string]: Json | undefined };

/** Deepest nesting and largest index that `--set` takes (pkg/strvals). */
const DEPTH_MAX = 30;
const INDEX_MAX = 65_536;

/** How the text behind `=` becomes a value. */
type Typing = 'typed' | 'string';

/**
 * Sets what a `--set` line says in `into`: `a.b=1,c[0]=x,d={p,q}`, `\` before a comma or dot that means itself.
 * @throws HelmFailure with strvals' words.
 */
export function setValues(into: JsonObject, line: string, typing: Typing): JsonObject {
  const parser = new Parser(line, typing);
  const root = copied(into) as Members;
  parser.pairs(root);
  return root;
}

function copied(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => copied(item as Json) ?? null);
  if (!isJsonObject(value)) return value;
  const out = emptyValues();
  for (const [key, member] of Object.entries(value)) out[key] = copied(member);
  return out;
}

/** The value of a text: true, false, null, whole numbers; everything else stays text (strvals.typedVal). */
export function typedValue(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (text === '0') return 0;
  if (/^-?[1-9]\d{0,17}$/.test(text)) return Number(text);
  return text;
}

class Parser {
  readonly #text: string;
  readonly #typing: Typing;
  #at = 0;

  constructor(text: string, typing: Typing) {
    this.#text = text;
    this.#typing = typing;
  }

  /** All pairs of the line. */
  pairs(root: Members): void {
    while (this.#at < this.#text.length) this.#pair(root, 0);
  }

  #pair(into: Members, depth: number): void {
    if (depth > DEPTH_MAX)
      throw new HelmFailure('value name nested level is greater than maximum supported nested level of 30');
    const [key, stop] = this.#until('=[,.');
    if (stop === '' || stop === ',') {
      if (key === '' && stop === '') return;
      throw new HelmFailure(
        `key ${JSON.stringify(key)} has no value${stop === ',' ? ' (cannot end with ,)' : ''}`,
      );
    }
    if (stop === '=') into[key] = this.#value();
    else if (stop === '.') {
      const own = into[key];
      const inner = isJsonObject(own) ? (own as Members) : emptyValues();
      into[key] = inner;
      this.#pair(inner, depth + 1);
      if (Object.keys(inner).length === 0)
        throw new HelmFailure(`key map ${JSON.stringify(key)} has no value`);
    } else {
      const own = into[key];
      into[key] = this.#item(Array.isArray(own) ? [...(own as Json[])] : [], depth);
    }
  }

  /** What follows `[`: an index and then a value, a member or another index. */
  #item(list: Json[], depth: number): readonly Json[] {
    const [digits, end] = this.#until(']');
    if (end === '') throw new HelmFailure('error parsing index: EOF');
    const index = Number(digits);
    if (!/^-?\d+$/.test(digits))
      throw new HelmFailure(
        `error parsing index: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
      );
    if (index < 0) throw new HelmFailure(`negative ${index} index not allowed`);
    if (index > INDEX_MAX)
      throw new HelmFailure(`index of ${index} is greater than maximum supported index of ${INDEX_MAX}`);
    while (list.length <= index) list.push(null);
    const next = this.#text[this.#at] ?? '';
    this.#at++;
    if (next === '=') list[index] = this.#value();
    else if (next === '.') {
      const own = list[index];
      const inner = isJsonObject(own) ? (own as Members) : emptyValues();
      list[index] = inner as JsonObject;
      this.#pair(inner, depth + 1);
    } else if (next === '[') {
      const own = list[index];
      list[index] = this.#item(Array.isArray(own) ? [...(own as Json[])] : [], depth + 1);
    } else throw new HelmFailure(`unexpected data at end of array index ${next}`.trim());
    return list;
  }

  #value(): Json {
    if (this.#text[this.#at] === '{') {
      this.#at++;
      return this.#list();
    }
    return this.#typed(this.#until(',')[0]);
  }

  #list(): readonly Json[] {
    const list: Json[] = [];
    for (;;) {
      const [text, stop] = this.#until(',}');
      if (stop === '') throw new HelmFailure("list must terminate with '}'");
      if (stop === ',' || text !== '' || list.length > 0) list.push(this.#typed(text));
      if (stop === ',') continue;
      if (this.#text[this.#at] === ',') this.#at++;
      return list;
    }
  }

  #typed(text: string): Json {
    return this.#typing === 'typed' ? typedValue(text) : text;
  }

  /** The text up to one of the characters, and that character ('' at the end). A backslash takes the next character as it is. */
  #until(stops: string): readonly [text: string, stop: string] {
    let out = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at++] ?? '';
      if (character === '\\') out += this.#text[this.#at++] ?? '';
      else if (stops.includes(character)) return [out, character];
      else out += character;
    }
    return [out, ''];
  }
}
