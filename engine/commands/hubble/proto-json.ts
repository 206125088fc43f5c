import { enumOf, fieldType } from '../../hubble/cel/types.ts';

/** What a field of a message holds; `names` are an enum's, absent where any will do. */
export type ProtoField = {
  readonly kind: 'string' | 'bool' | 'int32' | 'uint32' | 'uint64' | 'enum' | 'time' | 'message';
  readonly isList?: boolean;
  /** True for a wrapped value: its zero says something. */
  readonly isWrapped?: boolean;
  readonly message?: string;
  readonly names?: ReadonlyMap<string, number> | undefined;
};

/** A field of a message by its name in the .proto; undefined for an unknown one. */
export type ProtoSchema = (message: string, name: string) => ProtoField | undefined;

/** Text that is no message of its kind; in the words of protobuf-go. */
export class ProtoFailure extends Error {
  override readonly name = 'ProtoFailure';
}

type Members = Record<string, unknown>;
type Token = {
  readonly kind: 'mark' | 'text' | 'number' | 'word' | 'end';
  readonly raw: string;
  readonly at: number;
};

/**
 * Reads a message in JSON as protobuf takes it (encoding/protojson): names in either spelling, numbers as texts too, enums
 * by number. The result has the names of the .proto and leaves out what is empty. `ignoresUnknown` steps over fields and
 * enum values that the .proto lacks.
 * @throws ProtoFailure
 */
export function decodeProto(
  text: string,
  message: string,
  options: { readonly schema: ProtoSchema; readonly ignoresUnknown: boolean },
): Members {
  const reader = new Reader(text, options.schema, options.ignoresUnknown);
  const value = reader.message(message);
  const after = reader.take();
  if (after.kind !== 'end') throw reader.unexpected(after);
  return value;
}

/** Fields whose 64 bits JSON holds as text. */
const WIDE = new Set(['latency_ns', 'socket_cookie', 'cgroup_id', 'revision', 'trace_id']);

/** The fields of flow.proto. */
export function flowField(message: string, name: string): ProtoField | undefined {
  const type = fieldType(message, name);
  const item = type?.kind === 'list' ? type.item : type;
  if (!item) return undefined;
  const isList = type?.kind === 'list';
  if (item.kind === 'message') return { kind: 'message', message: item.name, isList };
  if (item.kind === 'wrapper') return { kind: 'bool', isWrapped: true };
  if (item.kind !== 'simple') return undefined;
  if (item.name === 'bool') return { kind: 'bool', isList };
  if (item.name === 'timestamp') return { kind: 'time' };
  if (item.name === 'uint') return { kind: WIDE.has(name) ? 'uint64' : 'uint32', isList };
  if (item.name !== 'int') return { kind: 'string', isList };
  // The .proto's `int` is an enum but for the event's type.
  return message === 'flow.CiliumEventType' ? { kind: 'int32' } : { kind: 'enum', names: enumOf(name) };
}

/** Messages of which one member at a time may be set, and what the .proto calls the choice. */
const CHOICES: ReadonlyMap<string, readonly [choice: string, members: RegExp]> = new Map([
  ['flow.Layer4', ['flow.Layer4.protocol', /./]],
  ['flow.Layer7', ['flow.Layer7.record', /^(dns|http)$/]],
  [
    'observer.GetFlowsResponse',
    ['observer.GetFlowsResponse.response_types', /^(flow|node_status|lost_events)$/],
  ],
]);

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

class Reader {
  readonly #text: string;
  readonly #schema: ProtoSchema;
  readonly #ignoresUnknown: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, schema: ProtoSchema, ignoresUnknown: boolean) {
    this.#text = text;
    this.#schema = schema;
    this.#ignoresUnknown = ignoresUnknown;
  }

  message(message: string): Members {
    const open = this.take();
    if (open.raw !== '{') throw this.unexpected(open);
    if (++this.#depth > 100) throw new ProtoFailure('proto:\u00a0exceeded maximum recursion depth');
    const found = new Map<string, unknown>();
    const seen = new Set<string>();
    for (let token = this.take(); token.raw !== '}'; token = this.take()) {
      if (token.kind !== 'text') throw this.unexpected(token);
      this.#mark(':');
      this.#member(message, token, { found, seen });
      const after = this.take();
      if (after.raw === '}') break;
      if (after.raw !== ',') throw this.unexpected(after);
    }
    this.#depth--;
    return Object.fromEntries(found);
  }

  #member(
    message: string,
    token: Token,
    into: { readonly found: Map<string, unknown>; readonly seen: Set<string> },
  ): void {
    const typed = JSON.parse(token.raw) as string;
    const name = [typed, snake(typed)].find((one) => this.#schema(message, one) !== undefined) ?? typed;
    const field = this.#schema(message, name);
    if (!field) {
      if (!this.#ignoresUnknown) throw this.#fault(token, `unknown field ${token.raw}`);
      this.#skip();
      return;
    }
    if (into.seen.has(name)) throw this.#fault(token, `duplicate field ${token.raw}`);
    const [choice, members] = CHOICES.get(message) ?? [];
    if (members?.test(name) === true && [...into.seen].some((one) => members.test(one)))
      throw this.#fault(token, `error parsing ${token.raw}, oneof ${choice} is already set`);
    into.seen.add(name);
    const value = this.#value(field, name);
    const isEmpty =
      ['', 0, '0', false].includes(value as string) || (Array.isArray(value) && value.length === 0);
    if (value !== undefined && (field.isWrapped === true || !isEmpty)) into.found.set(name, value);
  }

  #value(field: ProtoField, name: string): unknown {
    const from = this.#at;
    const first = this.take();
    if (first.raw === 'null') return undefined;
    if (field.isList !== true) {
      this.#at = from;
      return this.#item(field, name);
    }
    if (first.raw !== '[') throw this.unexpected(first);
    const items: unknown[] = [];
    for (;;) {
      const before = this.#at;
      if (this.take().raw === ']') return items;
      this.#at = before;
      const item = this.#item(field, name);
      if (item !== undefined) items.push(item);
      const after = this.take();
      if (after.raw === ']') return items;
      if (after.raw !== ',') throw this.unexpected(after);
    }
  }

  #item(field: ProtoField, name: string): unknown {
    if (field.kind === 'message') return this.message(field.message ?? '');
    const token = this.take();
    if (token.kind === 'end' || token.kind === 'mark') throw this.unexpected(token);
    const bad = (): ProtoFailure =>
      this.#fault(token, `invalid value for ${field.kind} field ${camel(name)}: ${token.raw}`);
    const text = token.kind === 'text' ? (JSON.parse(token.raw) as string) : token.raw;
    switch (field.kind) {
      case 'string':
        if (token.kind !== 'text') throw bad();
        return text;
      case 'bool':
        if (token.kind !== 'word') throw bad();
        return text === 'true';
      case 'time':
        if (
          token.kind === 'text' &&
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
        )
          return text;
        throw token.kind === 'text'
          ? this.#fault(token, `invalid google.protobuf.Timestamp value ${token.raw}`)
          : this.unexpected(token);
      case 'enum':
        return this.#enumValue(field, token, bad);
      default: {
        const number = numberIn(text, field.kind);
        if (number === undefined) throw bad();
        return number;
      }
    }
  }

  #enumValue(field: ProtoField, token: Token, bad: () => ProtoFailure): unknown {
    if (token.kind === 'number') {
      const number = Number(token.raw);
      const named = [...(field.names ?? [])].find(([, value]) => value === number);
      return number === 0 ? undefined : (named?.[0] ?? number);
    }
    if (token.kind !== 'text') throw bad();
    const text = JSON.parse(token.raw) as string;
    if (field.names === undefined || field.names.has(text)) return text;
    if (this.#ignoresUnknown) return undefined;
    throw bad();
  }

  /** Steps over a value of any kind. */
  #skip(): void {
    let depth = 0;
    do {
      const token = this.take();
      if (token.kind === 'end') throw this.unexpected(token);
      if (token.raw === '{' || token.raw === '[') depth++;
      if (token.raw === '}' || token.raw === ']') depth--;
    } while (depth > 0);
  }

  #mark(wanted: string): void {
    const token = this.take();
    if (token.raw !== wanted) throw this.unexpected(token);
  }

  take(): Token {
    const space = /[ \t\r\n]*/y;
    space.lastIndex = this.#at;
    space.exec(this.#text);
    const at = Math.max(space.lastIndex, this.#at);
    if (at >= this.#text.length) return { kind: 'end', raw: '', at };
    const pattern =
      /([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![-+._a-zA-Z0-9])|(true|false|null)(?![-+._a-zA-Z0-9])/y;
    pattern.lastIndex = at;
    const match = pattern.exec(this.#text);
    if (!match) {
      if (this.#text[at] === '"' && !/^"(?:[^"\\]|\\.)*"/.test(this.#text.slice(at)))
        throw new ProtoFailure('proto:\u00a0unexpected EOF');
      const shown = /^([-+._a-zA-Z0-9]{1,32}|.)/su.exec(this.#text.slice(at))?.[0] ?? '';
      throw new ProtoFailure(`proto:\u00a0syntax error ${this.#place(at)}: invalid value ${shown}`);
    }
    this.#at = at + match[0].length;
    const kinds = ['mark', 'text', 'number', 'word'] as const;
    return { kind: kinds.find((_kind, i) => match[i + 1] !== undefined) ?? 'word', raw: match[0], at };
  }

  unexpected(token: Token): ProtoFailure {
    return token.kind === 'end' && this.#depth > 0
      ? new ProtoFailure('proto:\u00a0unexpected EOF')
      : new ProtoFailure(`proto:\u00a0syntax error ${this.#place(token.at)}: unexpected token ${token.raw}`);
  }

  #fault(token: Token, what: string): ProtoFailure {
    return new ProtoFailure(`proto:\u00a0${this.#place(token.at)}: ${what}`);
  }

  #place(at: number): string {
    const lines = this.#text.slice(0, at).split('\n');
    return `(line ${lines.length}:${[...(lines.at(-1) ?? '')].length + 1})`;
  }
}

/** A whole number within its bits; 64 bits stay text. */
function numberIn(text: string, kind: string): number | string | undefined {
  if (!/^-?\d+(\.0+)?$/.test(text)) return undefined;
  const number = BigInt(text.replace(/\..*$/, ''));
  const [least, most] =
    kind === 'int32'
      ? [-(2n ** 31n), 2n ** 31n - 1n]
      : [0n, kind === 'uint32' ? 2n ** 32n - 1n : 2n ** 64n - 1n];
  if (number < least || number > most) return undefined;
  return kind === 'uint64' ? String(number) : Number(number);
}
